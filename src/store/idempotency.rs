//! Answers to creates that carried an `Idempotency-Key`, kept for a day, so that a repeated request makes nothing twice.
//!
//! The answer may hold a secret that is shown once, so it is sealed.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};

use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::schema::idempotency_keys;

/// How long an answer is kept, in milliseconds: one day.
pub const KEPT_MS: i64 = 86_400_000;

/// A kept answer.
#[derive(Debug, Clone)]
pub struct KeptAnswer {
    /// SHA-256 of the request it answered.
    pub request_hash: [u8; 32],
    pub status: u16,
    pub body: Vec<u8>,
}

impl Store {
    /// The answer that was kept for this key, unless it is too old.
    pub async fn kept_answer(
        &self,
        key_hash: [u8; 32],
        now_ms: i64,
    ) -> Result<Option<KeptAnswer>, StoreError> {
        let key = self.key.clone();
        either!(self.read(move |conn| {
            let row: Option<(Vec<u8>, i32, Vec<u8>)> = idempotency_keys::table
                .find(&key_hash[..])
                .filter(idempotency_keys::created_at.gt(now_ms - KEPT_MS))
                .select((
                    idempotency_keys::request_hash,
                    idempotency_keys::status,
                    idempotency_keys::answer_sealed,
                ))
                .first(conn)
                .optional()?;
            row.map(|(request_hash, status, sealed)| {
                let corrupt = || StoreError::Corrupt("a kept answer".into());
                Ok(KeptAnswer {
                    request_hash: request_hash.try_into().map_err(|_| corrupt())?,
                    status: u16::try_from(status).map_err(|_| corrupt())?,
                    body: key.open(&key_hash, &sealed)?.to_vec(),
                })
            })
            .transpose()
        }))
    }

    /// Keeps an answer and forgets those that are too old.
    pub async fn keep_answer(
        &self,
        key_hash: [u8; 32],
        answer: KeptAnswer,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let sealed = self.key.seal(&key_hash, &answer.body, rand::random())?;
        either!(self.write(move |conn| {
            diesel::delete(
                idempotency_keys::table.filter(idempotency_keys::created_at.le(now_ms - KEPT_MS)),
            )
            .execute(conn)?;
            diesel::insert_into(idempotency_keys::table)
                .values((
                    idempotency_keys::key_hash.eq(&key_hash[..]),
                    idempotency_keys::request_hash.eq(&answer.request_hash[..]),
                    idempotency_keys::status.eq(i32::from(answer.status)),
                    idempotency_keys::answer_sealed.eq(sealed),
                    idempotency_keys::created_at.eq(now_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }
}
