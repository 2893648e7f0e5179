//! Answers to creates that carried an `Idempotency-Key`, kept for a day, so that a repeated request makes nothing twice.
//!
//! The key is taken before anything is made, so that of two nodes that are asked at once only one makes it; the answer comes to it afterwards. When
//! the process dies in between, the key is free again after a minute. The answer may hold a secret that is shown once, so it is sealed.
//!
//! Its table holds what a page shows once as well (`shown_once`), which is kept in the same way; a row's status tells what it is.

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::schema::idempotency_keys;

/// How long an answer is kept, in milliseconds: one day.
pub const KEPT_MS: i64 = 86_400_000;

/// How long a key is taken without an answer, in milliseconds: whoever took it has died meanwhile.
const TAKEN_MS: i64 = 60_000;

/// The status of a row whose answer is still to come; every other one is the HTTP status of an answer, or that of `shown_once`.
const NONE_YET: i32 = 0;

/// What is known of a key.
#[derive(Debug, Clone)]
pub enum Taken {
    /// Nothing was: it is the caller's now, to be answered or freed.
    Now,
    /// Somebody else is making what was asked for with it.
    Before { request_hash: [u8; 32] },
    /// It was answered.
    Answered(KeptAnswer),
}

/// A kept answer.
#[derive(Debug, Clone)]
pub struct KeptAnswer {
    /// SHA-256 of the request it answered.
    pub request_hash: [u8; 32],
    pub status: u16,
    pub body: Vec<u8>,
}

impl Store {
    /// Takes a key, or tells what became of it. What is too old is forgotten.
    pub async fn take_key(
        &self,
        key_hash: [u8; 32],
        request_hash: [u8; 32],
        now_ms: i64,
    ) -> Result<Taken, StoreError> {
        let key = self.key.clone();
        let sealed = self.key.seal(&key_hash, b"", rand::random())?;
        either!(self.write(move |conn| {
            let is_old = idempotency_keys::created_at.le(now_ms - KEPT_MS);
            let is_left_over = idempotency_keys::status
                .eq(NONE_YET)
                .and(idempotency_keys::created_at.le(now_ms - TAKEN_MS));
            diesel::delete(idempotency_keys::table.filter(is_old.or(is_left_over)))
                .execute(conn)?;
            let made = diesel::insert_into(idempotency_keys::table)
                .values((
                    idempotency_keys::key_hash.eq(&key_hash[..]),
                    idempotency_keys::request_hash.eq(&request_hash[..]),
                    idempotency_keys::status.eq(NONE_YET),
                    idempotency_keys::answer_sealed.eq(sealed),
                    idempotency_keys::created_at.eq(now_ms),
                ))
                .on_conflict_do_nothing()
                .execute(conn)?;
            if made == 1 {
                return Ok(Taken::Now);
            }
            let (request_hash, status, sealed): (Vec<u8>, i32, Vec<u8>) = idempotency_keys::table
                .find(&key_hash[..])
                .select((
                    idempotency_keys::request_hash,
                    idempotency_keys::status,
                    idempotency_keys::answer_sealed,
                ))
                .first(conn)?;
            let corrupt = || StoreError::Corrupt("a kept answer".into());
            let request_hash = request_hash.try_into().map_err(|_| corrupt())?;
            if status == NONE_YET {
                return Ok(Taken::Before { request_hash });
            }
            Ok(Taken::Answered(KeptAnswer {
                request_hash,
                status: u16::try_from(status).map_err(|_| corrupt())?,
                body: key.open(&key_hash, &sealed)?.to_vec(),
            }))
        }))
    }

    /// Keeps the answer of a key that was taken.
    pub async fn keep_answer(
        &self,
        key_hash: [u8; 32],
        status: u16,
        body: &[u8],
    ) -> Result<(), StoreError> {
        let sealed = self.key.seal(&key_hash, body, rand::random())?;
        either!(self.write(move |conn| {
            diesel::update(idempotency_keys::table.find(&key_hash[..]))
                .set((
                    idempotency_keys::status.eq(i32::from(status)),
                    idempotency_keys::answer_sealed.eq(sealed),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Frees a key that was taken, because nothing was made.
    pub async fn free_key(&self, key_hash: [u8; 32]) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            diesel::delete(
                idempotency_keys::table
                    .find(&key_hash[..])
                    .filter(idempotency_keys::status.eq(NONE_YET)),
            )
            .execute(conn)?;
            Ok(())
        }))
    }
}
