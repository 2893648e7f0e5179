//! Mending times in the log after the clock was set: what is due or leased by a clock that was wrong, and what the clock showed last.
//!
//! Called by `flow::clock_step`, which decides what a step is, and at start. Nothing here looks at a clock.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _,
    OptionalExtension as _, QueryDsl as _, RunQueryDsl as _,
};

use crate::domain::id::DestinationId;
use crate::store::Store;
use crate::store::both::either;
use crate::store::claims::{Wait, Waiting};
use crate::store::error::StoreError;
use crate::store::picks::{MOVE_LIMIT, leased_beyond};
use crate::store::row;
use crate::store::schema::{deliveries, events};

/// How far moving due times has come: the due time and the id of the last one, as they were.
pub type Reached = (i64, Vec<u8>);

impl Store {
    /// Makes some of what waits for the destination due by so much earlier, in milliseconds: what is due after `reached`. Returns how many, and how
    /// far it came; nothing at the end.
    pub async fn make_due_earlier(
        &self,
        destination_id: DestinationId,
        by_ms: i64,
        reached: Option<Reached>,
    ) -> Result<(usize, Option<Reached>), StoreError> {
        let (due_ms, id) = reached.unwrap_or((i64::MIN, Vec::new()));
        let batch: Vec<(Option<i64>, Vec<u8>)> = either!(self.write(move |conn| {
            // In the order of due times, and what is moved lands behind: none is moved twice.
            let batch: Vec<(Option<i64>, Vec<u8>)> = deliveries::table
                .filter(deliveries::destination_id.eq(&destination_id.as_bytes()[..]))
                .filter(deliveries::due_at.ge(due_ms))
                .filter(
                    deliveries::due_at
                        .gt(due_ms)
                        .or(deliveries::id.nullable().gt(id)),
                )
                .order((deliveries::due_at, deliveries::id))
                .limit(MOVE_LIMIT)
                .select((deliveries::due_at, deliveries::id))
                .load(conn)?;
            let ids: Vec<&[u8]> = batch.iter().map(|(_, id)| id.as_slice()).collect();
            diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids)))
                .set(deliveries::due_at.eq(deliveries::due_at - by_ms))
                .execute(conn)?;
            Ok(batch)
        }))?;
        let moved = batch.len();
        let last = batch.into_iter().next_back();
        Ok((moved, last.and_then(|(due_ms, id)| Some((due_ms?, id)))))
    }

    /// At which of these destinations something waits longer than until `latest_ms`.
    pub async fn waiting_beyond(
        &self,
        ids: Vec<DestinationId>,
        latest_ms: i64,
    ) -> Result<Vec<DestinationId>, StoreError> {
        either!(self.read(move |conn| {
            let mut found = Vec::new();
            for id in ids {
                // One look into the index for each: there is none over all of them.
                let far: Option<Vec<u8>> = deliveries::table
                    .filter(deliveries::destination_id.eq(&id.as_bytes()[..]))
                    .filter(deliveries::due_at.gt(latest_ms))
                    .select(deliveries::id)
                    .first(conn)
                    .optional()?;
                found.extend(far.map(|_| id));
            }
            Ok(found)
        }))
    }

    /// Whether anything is leased until after `latest_ms`.
    pub async fn are_leased_beyond(&self, latest_ms: i64) -> Result<bool, StoreError> {
        either!(self.read(move |conn| {
            let far: Option<Vec<u8>> = leased_beyond(latest_ms)
                .select(deliveries::id)
                .first(conn)
                .optional()?;
            Ok(far.is_some())
        }))
    }

    /// Ends leases that last longer than until `latest_ms`, which no node can have taken by a right clock. Returns how many.
    pub async fn end_long_leases(&self, latest_ms: i64, now_ms: i64) -> Result<usize, StoreError> {
        either!(self.in_small_steps(move |conn| {
            let far: Vec<Vec<u8>> = leased_beyond(latest_ms)
                .limit(MOVE_LIMIT)
                .select(deliveries::id)
                .load(conn)?;
            Ok(diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq_any(&far))
                    .filter(deliveries::lease_until.gt(latest_ms)),
            )
            .set(Waiting::new(Wait::Due { at_ms: now_ms }))
            .execute(conn)?)
        }))
    }

    /// When the newest event came in and the newest delivery was made, by the clock of then, in milliseconds since 1970: what the clock
    /// showed last.
    pub async fn newest_ms(&self) -> Result<Option<i64>, StoreError> {
        either!(self.read(move |conn| {
            let event: Option<i64> = events::table
                .order(events::id.desc())
                .select(events::received_at)
                .first(conn)
                .optional()?;
            let delivery: Option<i64> = deliveries::table
                .order(deliveries::id.desc())
                .select(deliveries::created_at)
                .first(conn)
                .optional()?;
            Ok(event.max(delivery))
        }))
    }

    /// When the newest event or delivery was made, by its id, in milliseconds since 1970.
    pub async fn newest_id_ms(&self) -> Result<Option<i64>, StoreError> {
        either!(self.read(move |conn| {
            let event: Option<Vec<u8>> = events::table
                .order(events::id.desc())
                .select(events::id)
                .first(conn)
                .optional()?;
            let delivery: Option<Vec<u8>> = deliveries::table
                .order(deliveries::id.desc())
                .select(deliveries::id)
                .first(conn)
                .optional()?;
            let event = event.map(|id| row::id_ms(&id)).transpose()?;
            let delivery = delivery.map(|id| row::id_ms(&id)).transpose()?;
            Ok(event.max(delivery))
        }))
    }
}
