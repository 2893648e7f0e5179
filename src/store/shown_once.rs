//! What a page shows once, like a secret that was made, from the form that made it to the page that it leads to.
//!
//! Called by `web::ui::once`. It is sealed, and taken by whoever is shown it: nobody is shown it again. It lies in the table of `idempotency`, whose
//! rows are sealed texts under a hash as well and are forgotten with time.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};

use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::schema::idempotency_keys;

/// How long it waits for its page, in milliseconds: ten minutes.
const TO_SHOW_MS: i64 = 600_000;

/// The status of its rows, which is no HTTP status and not that of a key without an answer.
const TO_SHOW: i32 = 1;

impl Store {
    /// Keeps what the next page is to show. What nobody looked at in time is forgotten.
    pub async fn keep_to_show(
        &self,
        key_hash: [u8; 32],
        text: &[u8],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let sealed = self.key.seal(&key_hash, text, rand::random())?;
        either!(self.write(move |conn| {
            let is_over = idempotency_keys::status
                .eq(TO_SHOW)
                .and(idempotency_keys::created_at.le(now_ms - TO_SHOW_MS));
            diesel::delete(idempotency_keys::table.filter(is_over)).execute(conn)?;
            diesel::insert_into(idempotency_keys::table)
                .values((
                    idempotency_keys::key_hash.eq(&key_hash[..]),
                    idempotency_keys::request_hash.eq(&key_hash[..]),
                    idempotency_keys::status.eq(TO_SHOW),
                    idempotency_keys::answer_sealed.eq(sealed),
                    idempotency_keys::created_at.eq(now_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Takes what a page is to show: nobody is shown it again.
    pub async fn take_to_show(
        &self,
        key_hash: [u8; 32],
        now_ms: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let key = self.key.clone();
        either!(self.write(move |conn| {
            let kept: Option<Vec<u8>> = idempotency_keys::table
                .find(&key_hash[..])
                .filter(idempotency_keys::status.eq(TO_SHOW))
                .filter(idempotency_keys::created_at.gt(now_ms - TO_SHOW_MS))
                .select(idempotency_keys::answer_sealed)
                .first(conn)
                .optional()?;
            let Some(sealed) = kept else {
                return Ok(None);
            };
            let taken =
                diesel::delete(idempotency_keys::table.find(&key_hash[..])).execute(conn)?;
            match taken {
                1 => Ok(Some(key.open(&key_hash, &sealed)?.to_vec())),
                _ => Ok(None),
            }
        }))
    }
}
