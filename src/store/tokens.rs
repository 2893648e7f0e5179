//! The keys of programs to the API. Only hashes are kept.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _,
    OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _, Selectable,
    SelectableHelper as _,
};
use jiff::Timestamp;

use crate::domain::id::TokenId;
use crate::domain::person::Role;
use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::api_tokens;

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// A token to be kept.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub id: TokenId,
    pub name: String,
    pub hash: TokenHash,
    pub role: Role,
    pub created_by: String,
    pub now_ms: i64,
    /// `None` never expires.
    pub expires_ms: Option<i64>,
}

/// An API token as it is listed: never the token.
#[derive(Debug, Clone)]
pub struct ApiToken {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    pub created_by: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

impl Store {
    /// Keeps a new API token's hash.
    pub async fn create_token(&self, new: NewToken) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            diesel::insert_into(api_tokens::table)
                .values((
                    api_tokens::id.eq(&new.id.as_bytes()[..]),
                    api_tokens::name.eq(&new.name),
                    api_tokens::token_hash.eq(&new.hash[..]),
                    api_tokens::role.eq(new.role.as_str()),
                    api_tokens::created_by.eq(Some(&new.created_by)),
                    api_tokens::created_at.eq(new.now_ms),
                    api_tokens::expires_at.eq(new.expires_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// The token of this hash, unless it was revoked or has run out.
    pub async fn token(
        &self,
        hash: TokenHash,
        now_ms: i64,
    ) -> Result<Option<ApiToken>, StoreError> {
        either!(self.read(move |conn| {
            let row: Option<TokenRow> = api_tokens::table
                .filter(api_tokens::token_hash.eq(&hash[..]))
                .filter(api_tokens::revoked_at.is_null())
                .filter(
                    api_tokens::expires_at
                        .is_null()
                        .or(api_tokens::expires_at.assume_not_null().gt(now_ms)),
                )
                .select(TokenRow::as_select())
                .first(conn)
                .optional()?;
            row.map(TokenRow::into_domain).transpose()
        }))
    }

    /// Tokens that are not revoked, the oldest first; those that have run out too.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        either!(self.read(|conn| {
            let rows: Vec<TokenRow> = api_tokens::table
                .filter(api_tokens::revoked_at.is_null())
                .order(api_tokens::id)
                .select(TokenRow::as_select())
                .load(conn)?;
            rows.into_iter().map(TokenRow::into_domain).collect()
        }))
    }

    /// Notes that a token was used.
    pub async fn token_used(&self, id: TokenId, now_ms: i64) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            diesel::update(api_tokens::table.find(&id.as_bytes()[..]))
                .set(api_tokens::last_used_at.eq(Some(now_ms)))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Ends a token.
    pub async fn revoke_token(&self, id: TokenId, now_ms: i64) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let changed = diesel::update(
                api_tokens::table
                    .find(&id.as_bytes()[..])
                    .filter(api_tokens::revoked_at.is_null()),
            )
            .set(api_tokens::revoked_at.eq(Some(now_ms)))
            .execute(conn)?;
            (changed == 1)
                .then_some(())
                .ok_or(StoreError::NotFound("token"))
        }))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
struct TokenRow {
    id: Vec<u8>,
    name: String,
    role: String,
    created_by: Option<String>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl TokenRow {
    fn into_domain(self) -> Result<ApiToken, StoreError> {
        Ok(ApiToken {
            id: row::id(&self.id, TokenId::from_slice)?,
            name: self.name,
            role: row::word(&self.role, Role::from_word)?,
            created_by: self.created_by,
            created_at: row::time(self.created_at)?,
            expires_at: row::maybe_time(self.expires_at)?,
            last_used_at: row::maybe_time(self.last_used_at)?,
        })
    }
}
