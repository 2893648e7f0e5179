//! Invitations: a one-time link that makes an account. Of the link only a hash is kept. It is worth no longer what whoever made it may give: `people`
//! withdraws somebody's invitations together with their rights.

use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
    Selectable, SelectableHelper as _,
};
use jiff::Timestamp;

use crate::domain::id::{InviteId, UserId};
use crate::domain::person::{Role, User};
use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::people::{insert_user, refuse_known_address, refuse_unless_owner};
use crate::store::row;
use crate::store::schema::invites;
use crate::store::tokens::TokenHash;

/// Invitations that may be open at once.
const INVITES_LIMIT: i64 = 100;

/// An invitation that is open.
#[derive(Debug, Clone)]
pub struct Invite {
    pub id: InviteId,
    pub email: String,
    pub role: Role,
    pub invited_by: String,
    /// Unknown of those that an earlier version made.
    pub invited_by_id: Option<UserId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Store {
    /// Keeps an invitation. One for the same address that has not been taken is replaced.
    pub async fn create_invite(&self, invite: Invite, hash: TokenHash) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            refuse_known_address(conn, &invite.email)?;
            if let Some(inviter) = invite.invited_by_id {
                refuse_unless_owner(conn, inviter)?;
            }
            let now_ms = invite.created_at.as_millisecond();
            diesel::delete(invites::table.filter(invites::expires_at.le(now_ms))).execute(conn)?;
            diesel::delete(invites::table.filter(invites::email.eq(&invite.email)))
                .execute(conn)?;
            let open: i64 = invites::table.count().get_result(conn)?;
            if open >= INVITES_LIMIT {
                return Err(StoreError::Conflict(format!(
                    "{INVITES_LIMIT} invitations are open; withdraw some first."
                )));
            }
            diesel::insert_into(invites::table)
                .values((
                    invites::id.eq(&invite.id.as_bytes()[..]),
                    invites::token_hash.eq(&hash[..]),
                    invites::email.eq(&invite.email),
                    invites::role.eq(invite.role.as_str()),
                    invites::invited_by.eq(&invite.invited_by),
                    invites::invited_by_id
                        .eq(invite.invited_by_id.map(|id| id.as_bytes().to_vec())),
                    invites::created_at.eq(now_ms),
                    invites::expires_at.eq(invite.expires_at.as_millisecond()),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Open invitations, the oldest first.
    pub async fn invites(&self, now_ms: i64) -> Result<Vec<Invite>, StoreError> {
        either!(self.read(move |conn| {
            let rows: Vec<InviteRow> = invites::table
                .filter(invites::expires_at.gt(now_ms))
                .order(invites::id)
                .select(InviteRow::as_select())
                .load(conn)?;
            rows.into_iter().map(InviteRow::into_domain).collect()
        }))
    }

    /// The open invitation behind a link.
    pub async fn invite(&self, hash: TokenHash, now_ms: i64) -> Result<Option<Invite>, StoreError> {
        either!(self.read(move |conn| {
            let row: Option<InviteRow> = invites::table
                .filter(invites::token_hash.eq(&hash[..]))
                .filter(invites::expires_at.gt(now_ms))
                .select(InviteRow::as_select())
                .first(conn)
                .optional()?;
            row.map(InviteRow::into_domain).transpose()
        }))
    }

    /// Withdraws an invitation.
    pub async fn withdraw_invite(&self, id: InviteId) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let gone = diesel::delete(invites::table.find(&id.as_bytes()[..])).execute(conn)?;
            (gone == 1)
                .then_some(())
                .ok_or(StoreError::NotFound("invitation"))
        }))
    }

    /// Makes the invited person's account and spends the invitation, once: of two that come together, one finds it gone.
    pub async fn accept_invite(
        &self,
        id: InviteId,
        user: User,
        password_hash: String,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let spent = diesel::delete(
                invites::table
                    .find(&id.as_bytes()[..])
                    .filter(invites::expires_at.gt(user.created_at.as_millisecond())),
            )
            .execute(conn)?;
            if spent != 1 {
                return Err(StoreError::NotFound("invitation"));
            }
            refuse_known_address(conn, &user.email)?;
            insert_user(conn, &user, &password_hash)
        }))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = invites)]
struct InviteRow {
    id: Vec<u8>,
    email: String,
    role: String,
    invited_by: String,
    invited_by_id: Option<Vec<u8>>,
    created_at: i64,
    expires_at: i64,
}

impl InviteRow {
    fn into_domain(self) -> Result<Invite, StoreError> {
        Ok(Invite {
            id: row::id(&self.id, InviteId::from_slice)?,
            email: self.email,
            role: row::word(&self.role, Role::from_word)?,
            invited_by: self.invited_by,
            invited_by_id: self
                .invited_by_id
                .map(|id| row::id(&id, UserId::from_slice))
                .transpose()?,
            created_at: row::time(self.created_at)?,
            expires_at: row::time(self.expires_at)?,
        })
    }
}
