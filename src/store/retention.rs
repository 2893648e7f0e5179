//! Forgetting old events with their deliveries and attempts, in small batches that never touch what is unfinished.
//!
//! Called by `flow::recover` on a timer. Each batch is one short transaction, so that writers hardly notice; the file's freed pages are
//! given back bit by bit.

use diesel::dsl::{exists, not};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::id::EventId;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::schema::{attempts, deliveries, events};
use crate::store::{Database, Store};

/// Pages of the file given back after a batch.
const PAGES_PER_BATCH: u32 = 200;

impl Store {
    /// Forgets at most `limit` events received before `before_ms` whose deliveries are all finished. Returns how many.
    pub async fn forget_events(&self, before_ms: i64, limit: i64) -> Result<usize, StoreError> {
        let old: Vec<Vec<u8>> = either!(self.read(move |conn| {
            let unfinished = exists(
                deliveries::table
                    .filter(deliveries::event_id.eq(events::id))
                    .filter(deliveries::finished_at.is_null()),
            );
            let first_kept = EventId::new(u64::try_from(before_ms).unwrap_or(0), [0; 10]);
            Ok(events::table
                .filter(events::id.lt(first_kept.as_bytes().to_vec()))
                .filter(not(unfinished))
                .order(events::id)
                .limit(limit)
                .select(events::id)
                .load(conn)?)
        }))?;
        if old.is_empty() {
            return Ok(0);
        }
        let forgotten = either!(self.write_freely(move |conn| {
            let of_old: Vec<Vec<u8>> = deliveries::table
                .filter(deliveries::event_id.eq_any(&old))
                .select(deliveries::id)
                .load(conn)?;
            diesel::delete(attempts::table.filter(attempts::delivery_id.eq_any(&of_old)))
                .execute(conn)?;
            // When a resend was asked for meanwhile, its foreign key refuses the batch, which is tried again later.
            diesel::delete(
                deliveries::table
                    .filter(deliveries::id.eq_any(&of_old))
                    .filter(deliveries::finished_at.is_not_null()),
            )
            .execute(conn)?;
            Ok(diesel::delete(events::table.filter(events::id.eq_any(&old))).execute(conn)?)
        }))?;
        if let Database::Sqlite(database) = &self.database {
            database.give_back_pages(PAGES_PER_BATCH).await?;
        }
        Ok(forgotten)
    }
}
