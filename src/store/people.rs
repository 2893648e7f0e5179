//! Who may come in: users, their sessions, and API tokens. Only hashes of session and API tokens are kept.

use diesel::{
    ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _, Selectable, SelectableHelper as _,
};
use jiff::Timestamp;

use crate::domain::id::{TokenId, UserId};
use crate::domain::person::{Role, User};
use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{api_tokens, sessions, users};

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// An API token as it is listed: never the token.
#[derive(Debug, Clone)]
pub struct ApiToken {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// A user with the hash that only sign-in looks at.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub user: User,
    /// PHC string of argon2id.
    pub password_hash: String,
}

impl Store {
    /// Makes a user. With `only_first`, refuses when there is one already: the first-run page must not make a second owner.
    pub async fn create_user(
        &self,
        user: User,
        password_hash: String,
        only_first: bool,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let present: i64 = users::table.count().get_result(conn)?;
            if only_first && present > 0 {
                return Err(StoreError::Conflict(
                    "There is an account already; sign in with it.".into(),
                ));
            }
            let same_email: i64 = users::table
                .filter(users::email.eq(&user.email))
                .count()
                .get_result(conn)?;
            if same_email > 0 {
                return Err(StoreError::Conflict(format!(
                    "There is an account for {} already.",
                    user.email
                )));
            }
            diesel::insert_into(users::table)
                .values((
                    users::id.eq(&user.id.as_bytes()[..]),
                    users::email.eq(&user.email),
                    users::name.eq(&user.name),
                    users::password_hash.eq(&password_hash),
                    users::role.eq(user.role.as_str()),
                    users::created_at.eq(user.created_at.as_millisecond()),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Every user, the oldest first.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        either!(self.read(|conn| {
            let rows: Vec<UserRow> = users::table
                .order(users::id)
                .select(UserRow::as_select())
                .load(conn)?;
            rows.into_iter().map(UserRow::into_domain).collect()
        }))
    }

    /// Whether anybody has an account yet.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        either!(self.read(|conn| Ok(users::table.count().get_result::<i64>(conn)? > 0)))
    }

    /// The user with this address, and the hash to check a password against.
    pub async fn credentials(&self, email: String) -> Result<Option<Credentials>, StoreError> {
        either!(self.read(move |conn| {
            let row: Option<(UserRow, String)> = users::table
                .filter(users::email.eq(email))
                .select((UserRow::as_select(), users::password_hash))
                .first(conn)
                .optional()?;
            row.map(|(user, password_hash)| {
                Ok(Credentials {
                    user: user.into_domain()?,
                    password_hash,
                })
            })
            .transpose()
        }))
    }

    /// Sets a new password hash and ends every session of the user.
    pub async fn change_password(
        &self,
        email: String,
        password_hash: String,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let id: Vec<u8> = users::table
                .filter(users::email.eq(&email))
                .select(users::id)
                .first(conn)
                .optional()?
                .ok_or(StoreError::NotFound("user"))?;
            diesel::update(users::table.find(&id))
                .set(users::password_hash.eq(password_hash))
                .execute(conn)?;
            diesel::delete(sessions::table.filter(sessions::user_id.eq(&id))).execute(conn)?;
            Ok(())
        }))
    }

    /// Starts a session.
    pub async fn create_session(
        &self,
        hash: TokenHash,
        user_id: UserId,
        now_ms: i64,
        expires_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            diesel::delete(sessions::table.filter(sessions::expires_at.le(now_ms)))
                .execute(conn)?;
            diesel::insert_into(sessions::table)
                .values((
                    sessions::token_hash.eq(&hash[..]),
                    sessions::user_id.eq(&user_id.as_bytes()[..]),
                    sessions::created_at.eq(now_ms),
                    sessions::expires_at.eq(expires_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// The user of a live session.
    pub async fn session_user(
        &self,
        hash: TokenHash,
        now_ms: i64,
    ) -> Result<Option<User>, StoreError> {
        either!(self.read(move |conn| {
            let row: Option<UserRow> = sessions::table
                .inner_join(users::table.on(users::id.eq(sessions::user_id)))
                .filter(sessions::token_hash.eq(&hash[..]))
                .filter(sessions::expires_at.gt(now_ms))
                .select(UserRow::as_select())
                .first(conn)
                .optional()?;
            row.map(UserRow::into_domain).transpose()
        }))
    }

    /// Ends a session.
    pub async fn end_session(&self, hash: TokenHash) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            diesel::delete(sessions::table.find(&hash[..])).execute(conn)?;
            Ok(())
        }))
    }

    /// Keeps a new API token's hash.
    pub async fn create_token(
        &self,
        id: TokenId,
        name: String,
        hash: TokenHash,
        role: Role,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            diesel::insert_into(api_tokens::table)
                .values((
                    api_tokens::id.eq(&id.as_bytes()[..]),
                    api_tokens::name.eq(name),
                    api_tokens::token_hash.eq(&hash[..]),
                    api_tokens::role.eq(role.as_str()),
                    api_tokens::created_at.eq(now_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// The token of this hash, unless it was revoked.
    pub async fn token(&self, hash: TokenHash) -> Result<Option<ApiToken>, StoreError> {
        either!(self.read(move |conn| {
            let row: Option<TokenRow> = api_tokens::table
                .filter(api_tokens::token_hash.eq(&hash[..]))
                .filter(api_tokens::revoked_at.is_null())
                .select(TokenRow::as_select())
                .first(conn)
                .optional()?;
            row.map(TokenRow::into_domain).transpose()
        }))
    }

    /// Tokens that are not revoked, the oldest first.
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
            let changed = diesel::update(api_tokens::table.find(&id.as_bytes()[..]))
                .set(api_tokens::revoked_at.eq(Some(now_ms)))
                .execute(conn)?;
            (changed == 1)
                .then_some(())
                .ok_or(StoreError::NotFound("token"))
        }))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct UserRow {
    id: Vec<u8>,
    email: String,
    name: String,
    role: String,
    created_at: i64,
}

impl UserRow {
    fn into_domain(self) -> Result<User, StoreError> {
        Ok(User {
            id: row::id(&self.id, UserId::from_slice)?,
            email: self.email,
            name: self.name,
            role: row::word(&self.role, Role::from_word)?,
            created_at: row::time(self.created_at)?,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
struct TokenRow {
    id: Vec<u8>,
    name: String,
    role: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

impl TokenRow {
    fn into_domain(self) -> Result<ApiToken, StoreError> {
        Ok(ApiToken {
            id: row::id(&self.id, TokenId::from_slice)?,
            name: self.name,
            role: row::word(&self.role, Role::from_word)?,
            created_at: row::time(self.created_at)?,
            last_used_at: row::maybe_time(self.last_used_at)?,
        })
    }
}
