//! Who is signed in where. Of a session's token only the hash is kept.

use diesel::{
    ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _, Selectable, SelectableHelper as _,
};
use jiff::Timestamp;

use crate::domain::id::{SessionId, UserId};
use crate::domain::person::User;
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::people::UserRow;
use crate::store::row;
use crate::store::schema::{sessions, users};
use crate::store::tokens::TokenHash;

/// Sessions that one person may have, and as many that wait for the second factor; signing in once more ends the one that was not used for longest.
const SESSIONS_LIMIT: i64 = 50;

/// A session to be started.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub id: SessionId,
    pub token_hash: TokenHash,
    pub user_id: UserId,
    /// The password was right and the second factor is still asked for.
    pub awaits_code: bool,
    pub now_ms: i64,
    pub expires_ms: i64,
    pub user_agent: String,
    pub address: Option<String>,
}

/// Why a session may be started. It is looked at once more in the moment it is: what changes how a person signs in ends their sessions, and one
/// that is being started must not outlive that.
#[derive(Debug, Clone)]
pub enum Grounds {
    /// The password was right whose hash this is.
    Password(String),
    /// The code was right that the session behind this token waited for.
    Code(TokenHash),
}

/// A live session.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub awaits_code: bool,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub user_agent: String,
    pub address: Option<String>,
}

impl Store {
    /// Starts a session, and ends those that have run out. [`StoreError::Outdated`] when its grounds hold no longer.
    pub async fn create_session(
        &self,
        new: NewSession,
        grounds: Grounds,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            if !holds(conn, &new, &grounds)? {
                return Err(StoreError::Outdated);
            }
            let user_id = &new.user_id.as_bytes()[..];
            diesel::delete(sessions::table.filter(sessions::expires_at.le(new.now_ms)))
                .execute(conn)?;
            let surplus: Vec<Vec<u8>> = sessions::table
                .filter(sessions::user_id.eq(user_id))
                // Whoever knows no more than the password signs nobody out.
                .filter(sessions::awaits_code.eq(new.awaits_code))
                .order(sessions::last_used_at.desc())
                .offset(SESSIONS_LIMIT - 1)
                .limit(SESSIONS_LIMIT)
                .select(sessions::id)
                .load(conn)?;
            diesel::delete(sessions::table.filter(sessions::id.eq_any(surplus))).execute(conn)?;
            diesel::insert_into(sessions::table)
                .values((
                    sessions::id.eq(&new.id.as_bytes()[..]),
                    sessions::token_hash.eq(&new.token_hash[..]),
                    sessions::user_id.eq(user_id),
                    sessions::awaits_code.eq(new.awaits_code),
                    sessions::created_at.eq(new.now_ms),
                    sessions::expires_at.eq(new.expires_ms),
                    sessions::last_used_at.eq(new.now_ms),
                    sessions::user_agent.eq(&new.user_agent),
                    sessions::address.eq(new.address.as_deref()),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// The live session behind a token, with its user, unless the account is switched off.
    pub async fn session(
        &self,
        hash: TokenHash,
        now_ms: i64,
    ) -> Result<Option<(Session, User)>, StoreError> {
        either!(self.read(move |conn| {
            let row: Option<(SessionRow, UserRow)> = sessions::table
                .inner_join(users::table.on(users::id.eq(sessions::user_id)))
                .filter(sessions::token_hash.eq(&hash[..]))
                .filter(sessions::expires_at.gt(now_ms))
                .filter(users::deactivated_at.is_null())
                .select((SessionRow::as_select(), UserRow::as_select()))
                .first(conn)
                .optional()?;
            row.map(|(session, user)| Ok((session.into_domain()?, user.into_domain()?)))
                .transpose()
        }))
    }

    /// The live sessions of a person, the latest used first.
    pub async fn sessions(&self, user_id: UserId, now_ms: i64) -> Result<Vec<Session>, StoreError> {
        either!(self.read(move |conn| {
            let rows: Vec<SessionRow> = sessions::table
                .filter(sessions::user_id.eq(&user_id.as_bytes()[..]))
                .filter(sessions::expires_at.gt(now_ms))
                .filter(sessions::awaits_code.eq(false))
                .order((sessions::last_used_at.desc(), sessions::id.desc()))
                .limit(SESSIONS_LIMIT)
                .select(SessionRow::as_select())
                .load(conn)?;
            rows.into_iter().map(SessionRow::into_domain).collect()
        }))
    }

    /// Notes that a session was used.
    pub async fn session_used(
        &self,
        id: SessionId,
        address: Option<String>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            diesel::update(sessions::table.find(&id.as_bytes()[..]))
                .set((
                    sessions::last_used_at.eq(now_ms),
                    sessions::address.eq(address),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Ends the session behind a token.
    pub async fn end_session(&self, hash: TokenHash) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            diesel::delete(sessions::table.filter(sessions::token_hash.eq(&hash[..])))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Ends one session of a person.
    pub async fn end_session_of(&self, user_id: UserId, id: SessionId) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let ended = diesel::delete(
                sessions::table
                    .find(&id.as_bytes()[..])
                    .filter(sessions::user_id.eq(&user_id.as_bytes()[..])),
            )
            .execute(conn)?;
            (ended == 1)
                .then_some(())
                .ok_or(StoreError::NotFound("session"))
        }))
    }

    /// Ends every session of a person but this one.
    pub async fn end_other_sessions(
        &self,
        user_id: UserId,
        kept: SessionId,
    ) -> Result<usize, StoreError> {
        either!(self.write(move |conn| {
            Ok(diesel::delete(
                sessions::table
                    .filter(sessions::user_id.eq(&user_id.as_bytes()[..]))
                    .filter(sessions::id.ne(&kept.as_bytes()[..])),
            )
            .execute(conn)?)
        }))
    }
}

both! {
    /// Whether the session may be started still.
    fn holds(conn: &mut Conn, new: &NewSession, grounds: &Grounds) -> Result<bool, StoreError> {
        let user_id = &new.user_id.as_bytes()[..];
        match grounds {
            Grounds::Password(hash) => {
                let row: Option<(String, bool)> = users::table
                    .find(user_id)
                    .filter(users::deactivated_at.is_null())
                    .select((users::password_hash, users::totp_sealed.is_not_null()))
                    .first(conn)
                    .optional()?;
                Ok(row.is_some_and(|(present, has_second_factor)| {
                    present == *hash && has_second_factor == new.awaits_code
                }))
            }
            Grounds::Code(token_hash) => {
                let waiting: i64 = sessions::table
                    .filter(sessions::token_hash.eq(&token_hash[..]))
                    .filter(sessions::user_id.eq(user_id))
                    .filter(sessions::awaits_code.eq(true))
                    .count()
                    .get_result(conn)?;
                Ok(waiting == 1)
            }
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: Vec<u8>,
    awaits_code: bool,
    created_at: i64,
    last_used_at: i64,
    user_agent: String,
    address: Option<String>,
}

impl SessionRow {
    fn into_domain(self) -> Result<Session, StoreError> {
        Ok(Session {
            id: row::id(&self.id, SessionId::from_slice)?,
            awaits_code: self.awaits_code,
            created_at: row::time(self.created_at)?,
            last_used_at: row::time(self.last_used_at)?,
            user_agent: self.user_agent,
            address: self.address,
        })
    }
}
