//! Forgetting: old events with their deliveries and attempts, and whatever else has had its time. Which table is kept within bounds by what
//! stands in `flow::retention`.
//!
//! Called by `flow::retention`. An event is forgotten when all its deliveries are finished, never before. Each batch looks at the next few
//! events in the order of their ids and is one short transaction, so that writers hardly notice; every statement finds its rows by an index,
//! however long the log is.

use std::collections::HashSet;

use diesel::dsl::{exists, not, sql};
use diesel::sql_types::BigInt;
use diesel::{
    ExpressionMethods as _, NullableExpressionMethods as _, QueryDsl as _, RunQueryDsl as _,
};

use crate::domain::id::EventId;
use crate::store::backend::{PgConn, Size, SqliteConn};
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::idempotency::KEPT_MS;
use crate::store::schema::{
    attempts, deliveries, events, idempotency_keys, invites, replays, sessions,
};
use crate::store::{Database, Store, postgres, row, sqlite};

/// Deliveries deleted by one statement.
const PART: usize = 1_000;

/// Pages of a SQLite file given back in one go, 800 KB.
const PAGES_PER_STEP: u32 = 200;

/// How much one batch looks at.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    pub events: i64,
    /// Their bodies: large ones make a batch of few, of one at least.
    pub bytes: i64,
}

/// What a batch did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Batch {
    /// Events forgotten.
    pub events: usize,
    /// The last event that was looked at; `None` when there was none.
    pub up_to: Option<EventId>,
}

impl Store {
    /// Looks at the next events behind `after` that were received before `before_ms`, and forgets those whose deliveries are all finished.
    pub async fn forget_events(
        &self,
        after: Option<EventId>,
        before_ms: i64,
        limits: BatchLimits,
    ) -> Result<Batch, StoreError> {
        let rows = limits.events;
        let looked_at = either!(self.read(move |conn| next(conn, after, before_ms, rows)))?;
        let ids = within(limits.bytes, looked_at);
        let Some(last) = ids.last() else {
            return Ok(Batch::default());
        };
        let up_to = row::id(last, EventId::from_slice)?;
        let events = either!(self.write_freely(move |conn| forget(conn, &ids)))?;
        Ok(Batch {
            events,
            up_to: Some(up_to),
        })
    }

    /// Forgets replays that ended before `before_ms` and whose deliveries are all forgotten, at most `limit`. Returns how many.
    pub async fn forget_replays(&self, before_ms: i64, limit: i64) -> Result<usize, StoreError> {
        let old: Vec<Vec<u8>> = either!(self.read(move |conn| {
            let has_deliveries =
                exists(deliveries::table.filter(deliveries::replay_id.eq(replays::id.nullable())));
            Ok(replays::table
                .filter(replays::finished_at.lt(before_ms))
                .filter(not(has_deliveries))
                .order(replays::id)
                .limit(limit)
                .select(replays::id)
                .load(conn)?)
        }))?;
        if old.is_empty() {
            return Ok(0);
        }
        either!(self.write_freely(move |conn| {
            Ok(diesel::delete(replays::table.filter(replays::id.eq_any(&old))).execute(conn)?)
        }))
    }

    /// Forgets what has run out by itself: sessions, invitations, and answers kept for a repeated request. Returns how many rows.
    pub async fn forget_expired(&self, now_ms: i64) -> Result<usize, StoreError> {
        either!(self.write_freely(move |conn| {
            let sessions = diesel::delete(sessions::table.filter(sessions::expires_at.le(now_ms)))
                .execute(conn)?;
            let invites = diesel::delete(invites::table.filter(invites::expires_at.le(now_ms)))
                .execute(conn)?;
            let too_old = idempotency_keys::created_at.le(now_ms - KEPT_MS);
            let answers = diesel::delete(idempotency_keys::table.filter(too_old)).execute(conn)?;
            Ok(sessions + invites + answers)
        }))
    }

    /// How large the database is now.
    pub async fn size(&self) -> Result<Size, StoreError> {
        match &self.database {
            Database::Sqlite(database) => database.read(sqlite::size).await,
            Database::Postgres(database) => database.read(postgres::size).await,
        }
    }

    /// Gives a little of a SQLite file's free room back to the file system, unless no more than `keep_bytes` are free. Returns whether there may be
    /// more to give. PostgreSQL looks after its files by itself.
    pub async fn give_back_room(&self, keep_bytes: u64) -> Result<bool, StoreError> {
        let Database::Sqlite(database) = &self.database else {
            return Ok(false);
        };
        let before = self.size().await?;
        if before.file_bytes.saturating_sub(before.used_bytes) <= keep_bytes {
            return Ok(false);
        }
        database.give_back_pages(PAGES_PER_STEP).await?;
        // A file that was made without this ability keeps its free pages and fills them again.
        Ok(self.size().await?.file_bytes < before.file_bytes)
    }
}

/// An event and the length of its body.
type Looked = (Vec<u8>, i64);

/// The next events in the order of their ids.
#[diesel::dsl::auto_type]
fn stretch(after: Option<EventId>, before_ms: i64, limit: i64) -> _ {
    let after: Vec<u8> = after.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let first_kept: Vec<u8> = row::first_id(before_ms);
    let length: diesel::expression::SqlLiteral<BigInt> = body_length();
    events::table
        .filter(events::id.gt(after))
        .filter(events::id.lt(first_kept))
        .order(events::id)
        .limit(limit)
        .select((events::id, length))
}

/// Both databases know it without reading the body.
fn body_length() -> diesel::expression::SqlLiteral<BigInt> {
    sql("CAST(length(body) AS BIGINT)")
}

both! {
    fn next(conn: &mut Conn, after: Option<EventId>, before_ms: i64, limit: i64) -> Result<Vec<Looked>, StoreError> {
        Ok(stretch(after, before_ms, limit).load(conn)?)
    }
}

/// As many as have so many bytes together, one at least.
fn within(limit_bytes: i64, looked_at: Vec<Looked>) -> Vec<Vec<u8>> {
    let mut bytes = 0;
    looked_at
        .into_iter()
        .take_while(|(_, length)| {
            let fits = bytes == 0 || bytes + length <= limit_bytes;
            bytes += length.max(&1);
            fits
        })
        .map(|(id, _)| id)
        .collect()
}

both! {
    /// Deletes those of the events of which nothing is unfinished, with all that belongs to them. Returns how many.
    fn forget(conn: &mut Conn, ids: &[Vec<u8>]) -> Result<usize, StoreError> {
        let mut old = conn.alone_with(ids)?;
        let unfinished: HashSet<Vec<u8>> = deliveries::table
            .filter(deliveries::event_id.eq_any(&old))
            .filter(deliveries::finished_at.is_null())
            .select(deliveries::event_id)
            .load(conn)?
            .into_iter()
            .collect();
        old.retain(|id| !unfinished.contains(id));
        let of_old: Vec<Vec<u8>> = deliveries::table
            .filter(deliveries::event_id.eq_any(&old))
            .select(deliveries::id)
            .load(conn)?;
        for part in of_old.chunks(PART) {
            diesel::delete(attempts::table.filter(attempts::delivery_id.eq_any(part))).execute(conn)?;
            diesel::delete(deliveries::table.filter(deliveries::id.eq_any(part))).execute(conn)?;
        }
        let forgotten = diesel::delete(events::table.filter(events::id.eq_any(&old))).execute(conn)?;
        conn.tell_what_is_left()?;
        Ok(forgotten)
    }
}

/// What differs while events are forgotten.
trait Forgets {
    /// The events that nobody adds a delivery to until the transaction ends.
    fn alone_with(&mut self, ids: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Lets the next question for the size know what was forgotten.
    fn tell_what_is_left(&mut self) -> Result<(), StoreError>;
}

impl Forgets for SqliteConn {
    /// The transaction holds the only right to write.
    fn alone_with(&mut self, ids: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(ids.to_vec())
    }

    fn tell_what_is_left(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Forgets for PgConn {
    /// Locked against a resend or a replay, which refer to the event. Those that somebody refers to just now are left for the next time.
    fn alone_with(&mut self, ids: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(events::table
            .filter(events::id.eq_any(ids))
            .order(events::id)
            .select(events::id)
            .for_update()
            .skip_locked()
            .load(self)?)
    }

    /// The server counts its live rows with a delay otherwise.
    fn tell_what_is_left(&mut self) -> Result<(), StoreError> {
        diesel::sql_query("SELECT pg_stat_force_next_flush()").execute(self)?;
        Ok(())
    }
}
