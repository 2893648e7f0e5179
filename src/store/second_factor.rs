//! The second factor of a person: its sealed secret, the last code that was taken, and the hashes of recovery codes.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::id::{SessionId, UserId};
use crate::domain::secret::Secret;
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{recovery_codes, sessions, users};
use crate::store::tokens::TokenHash;

/// The secrets of a person's second factor.
#[derive(Debug, Clone, Default)]
pub struct SecondFactor {
    /// In force: asked for at every sign-in.
    pub secret: Option<Secret>,
    /// Made, and not yet proven with a code.
    pub pending: Option<Secret>,
    pub recovery_codes_left: i64,
}

/// A sealed secret, if there is one.
type Sealed = Option<Vec<u8>>;

impl Store {
    /// What is kept of a person's second factor.
    pub async fn second_factor(&self, user_id: UserId) -> Result<SecondFactor, StoreError> {
        let key = self.key.clone();
        either!(self.read(move |conn| {
            let row: Option<(Sealed, Sealed)> = users::table
                .find(&user_id.as_bytes()[..])
                .select((users::totp_sealed, users::totp_pending_sealed))
                .first(conn)
                .optional()?;
            let (secret, pending) = row.ok_or(StoreError::NotFound("person"))?;
            let open = |sealed: Sealed| {
                sealed
                    .map(|sealed| row::open(&key, &row_name(user_id), &sealed))
                    .transpose()
            };
            let recovery_codes_left = recovery_codes::table
                .filter(recovery_codes::user_id.eq(&user_id.as_bytes()[..]))
                .count()
                .get_result(conn)?;
            Ok(SecondFactor {
                secret: open(secret)?,
                pending: open(pending)?,
                recovery_codes_left,
            })
        }))
    }

    /// Keeps a secret that is still to be proven. An earlier unproven one is replaced; one in force stays.
    pub async fn begin_second_factor(
        &self,
        user_id: UserId,
        secret: Secret,
    ) -> Result<(), StoreError> {
        let sealed = row::seal(&self.key, &row_name(user_id), &secret)?;
        either!(self.write(move |conn| {
            diesel::update(users::table.find(&user_id.as_bytes()[..]))
                .set(users::totp_pending_sealed.eq(Some(sealed)))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Puts the proven secret in force, with its recovery codes, and ends the person's other sessions. A conflict when it is not the one that was made
    /// last: nobody has shown that they can tell that one's codes.
    pub async fn confirm_second_factor(
        &self,
        user_id: UserId,
        proven: Secret,
        step: i64,
        codes: Vec<TokenHash>,
        kept: SessionId,
    ) -> Result<(), StoreError> {
        let key = self.key.clone();
        either!(self.write(move |conn| {
            let id = &user_id.as_bytes()[..];
            let pending: Sealed = users::table
                .find(id)
                .select(users::totp_pending_sealed)
                .first(conn)?;
            let secret = pending
                .as_ref()
                .map(|sealed| row::open(&key, &row_name(user_id), sealed))
                .transpose()?;
            if secret.is_none_or(|secret| secret.expose() != proven.expose()) {
                return Err(StoreError::Conflict(
                    "The second factor was set up meanwhile; begin again.".into(),
                ));
            }
            diesel::update(users::table.find(id))
                .set((
                    users::totp_sealed.eq(pending),
                    users::totp_pending_sealed.eq(None::<Vec<u8>>),
                    users::totp_last_step.eq(step),
                ))
                .execute(conn)?;
            replace_codes(conn, user_id, &codes)?;
            diesel::delete(
                sessions::table
                    .filter(sessions::user_id.eq(id))
                    .filter(sessions::id.ne(&kept.as_bytes()[..])),
            )
            .execute(conn)?;
            Ok(())
        }))
    }

    /// New recovery codes; the old ones are worth nothing from then on.
    pub async fn replace_recovery_codes(
        &self,
        user_id: UserId,
        codes: Vec<TokenHash>,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| replace_codes(conn, user_id, &codes)))
    }

    /// Takes a code's step, unless it or a later one was taken before.
    pub async fn take_step(&self, user_id: UserId, step: i64) -> Result<bool, StoreError> {
        either!(self.write(move |conn| {
            let taken = diesel::update(
                users::table
                    .find(&user_id.as_bytes()[..])
                    .filter(users::totp_last_step.lt(step)),
            )
            .set(users::totp_last_step.eq(step))
            .execute(conn)?;
            Ok(taken == 1)
        }))
    }

    /// Spends a recovery code; `false` when there is no such one.
    pub async fn spend_recovery_code(
        &self,
        user_id: UserId,
        hash: TokenHash,
    ) -> Result<bool, StoreError> {
        either!(self.write(move |conn| {
            let key = (&user_id.as_bytes()[..], &hash[..]);
            Ok(diesel::delete(recovery_codes::table.find(key)).execute(conn)? == 1)
        }))
    }

    /// Takes the second factor away, with its recovery codes, and ends the person's sessions, except `kept`.
    pub async fn remove_second_factor(
        &self,
        user_id: UserId,
        kept: Option<SessionId>,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let id = &user_id.as_bytes()[..];
            let found = diesel::update(users::table.find(id))
                .set((
                    users::totp_sealed.eq(None::<Vec<u8>>),
                    users::totp_pending_sealed.eq(None::<Vec<u8>>),
                ))
                .execute(conn)?;
            if found != 1 {
                return Err(StoreError::NotFound("person"));
            }
            replace_codes(conn, user_id, &[])?;
            let kept = kept
                .map(|kept| kept.as_bytes().to_vec())
                .unwrap_or_default();
            diesel::delete(
                sessions::table
                    .filter(sessions::user_id.eq(id))
                    .filter(sessions::id.ne(kept)),
            )
            .execute(conn)?;
            Ok(())
        }))
    }
}

both! {
    fn replace_codes(conn: &mut Conn, user_id: UserId, codes: &[TokenHash]) -> Result<(), StoreError> {
        let id = &user_id.as_bytes()[..];
        diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(id))).execute(conn)?;
        for code in codes {
            diesel::insert_into(recovery_codes::table)
                .values((
                    recovery_codes::user_id.eq(id),
                    recovery_codes::code_hash.eq(&code[..]),
                ))
                .execute(conn)?;
        }
        Ok(())
    }
}

pub(super) fn row_name(id: UserId) -> String {
    format!("users/{id}/totp")
}
