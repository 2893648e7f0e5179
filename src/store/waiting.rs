//! What waits and is held by nobody: how long it has waited, letting it wait for a paused destination, resuming it, making it due before its time,
//! giving it up; and how much waits, for pages.
//!
//! Called by the API, the pages, `flow::pause`, `flow::hurry`, `flow::clock_step`, `flow::probe`, `flow::deletion` and `flow::resend`. Every statement works on a bounded
//! number of rows, so that others may write between. Claiming is not done here (`claims`).

use std::slice;

use diesel::dsl::exists;
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};

use crate::domain::delivery::State;
use crate::domain::id::{DeliveryId, DestinationId};
use crate::store::Store;
use crate::store::both::either;
use crate::store::claims::{Ended, Wait, Waiting};
use crate::store::error::StoreError;
use crate::store::picks::{MOVE_LIMIT, Picks as _, held, is_held, put_off, turn_has_come};
use crate::store::row;
use crate::store::schema::{deliveries, destinations};

/// Deliveries that are looked at for how much waits at a destination, of those with a time and of those that are held.
pub const BACKLOG_LIMIT: i64 = 1_000;

/// Deliveries of a record that are looked at for the one that goes out first.
const LANE_LIMIT: i64 = 100;

/// What waits for a destination and is not being sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    pub waits: usize,
    /// Those of them with an attempt behind them.
    pub tried: usize,
    /// When the oldest was made.
    pub since_ms: Option<i64>,
    /// When the next attempt is due, as far as what was looked at tells.
    pub next_ms: Option<i64>,
    /// More may wait than were looked at.
    pub is_cut: bool,
}

impl Store {
    /// When the destination's longest-waiting delivery became or becomes due, in milliseconds since 1970. What waits behind another of its lane is
    /// not late and does not count.
    pub async fn oldest_due(
        &self,
        destination_id: DestinationId,
    ) -> Result<Option<i64>, StoreError> {
        either!(self.read(move |conn| {
            let due: Option<Option<i64>> = deliveries::table
                .filter(deliveries::destination_id.eq(&destination_id.as_bytes()[..]))
                .filter(deliveries::due_at.is_not_null())
                .filter(turn_has_come())
                .order(deliveries::due_at)
                .select(deliveries::due_at)
                .first(conn)
                .optional()?;
            Ok(due.flatten())
        }))
    }

    /// What goes out before a delivery that waits, because it is of the same record: that which is being sent, or the first.
    pub async fn waits_behind(&self, id: DeliveryId) -> Result<Option<DeliveryId>, StoreError> {
        either!(self.read(move |conn| {
            let lane: Option<Option<Vec<u8>>> = deliveries::table
                .find(&id.as_bytes()[..])
                .select(deliveries::lane)
                .first(conn)
                .optional()?;
            let Some(lane) = lane.flatten() else {
                return Ok(None);
            };
            // The first ones tell: one that came later is being sent only where a clock was behind.
            let lane: Vec<(Vec<u8>, String)> = deliveries::table
                .filter(deliveries::lane.eq(lane))
                .filter(deliveries::finished_at.is_null())
                .order(deliveries::id)
                .limit(LANE_LIMIT)
                .select((deliveries::id, deliveries::state))
                .load(conn)?;
            let own = &id.as_bytes()[..];
            let mut others = lane.iter().filter(|(other, _)| other != own);
            let first = others
                .find(|(other, state)| other.as_slice() < own || state == State::Sending.as_str());
            first
                .map(|(first, _)| row::id(first, DeliveryId::from_slice))
                .transpose()
        }))
    }

    /// What waits for a destination, by a bounded look.
    pub async fn backlog(&self, id: DestinationId) -> Result<Backlog, StoreError> {
        either!(self.read(move |conn| {
            let columns = (deliveries::id, deliveries::attempts);
            let timed = put_off(id).limit(BACKLOG_LIMIT + 1).select(columns);
            let held = held(id).limit(BACKLOG_LIMIT + 1).select(columns);
            let [mut timed, mut held]: [Vec<(Vec<u8>, i32)>; 2] =
                [timed.load(conn)?, held.load(conn)?];
            let limit = usize::try_from(BACKLOG_LIMIT).unwrap_or(usize::MAX);
            let is_cut = timed.len() > limit || held.len() > limit;
            timed.truncate(limit);
            held.truncate(limit);
            let of_those: Vec<Vec<u8>> = timed.iter().map(|(id, _)| id.clone()).collect();
            let rows = [timed, held].concat();
            // What waits behind another of its lane is due long before its turn.
            let next: Option<Option<i64>> = deliveries::table
                .filter(deliveries::id.eq_any(of_those))
                .filter(turn_has_come())
                .order(deliveries::due_at)
                .select(deliveries::due_at)
                .first(conn)
                .optional()?;
            let ids = rows.iter().map(|(id, ..)| id.as_slice());
            let oldest = ids.min().map(|id| row::id(id, DeliveryId::from_slice));
            Ok(Backlog {
                waits: rows.len(),
                tried: rows.iter().filter(|(_, attempts)| *attempts > 0).count(),
                since_ms: oldest.transpose()?.map(|oldest| oldest.unix_ms()),
                next_ms: next.flatten(),
                is_cut,
            })
        }))
    }

    /// Whether anything is held for the destination.
    pub async fn holds_anything(&self, destination_id: DestinationId) -> Result<bool, StoreError> {
        either!(self.read(move |conn| {
            let first: Option<Vec<u8>> = held(destination_id)
                .select(deliveries::id)
                .first(conn)
                .optional()?;
            Ok(first.is_some())
        }))
    }

    /// Lets what is due at the destination by then wait for its resumption instead; at most [`MOVE_LIMIT`] at once. What a schedule has put off stays put off:
    /// being held and resumed, however often, spends no attempts. Returns how many.
    pub async fn hold_due(
        &self,
        destination_id: DestinationId,
        until_ms: i64,
    ) -> Result<usize, StoreError> {
        either!(self.in_small_steps(move |conn| {
            let waiting = conn.due_until(destination_id, until_ms)?;
            Ok(
                diesel::update(deliveries::table.filter(deliveries::id.eq_any(&waiting)))
                    .set(Waiting::new(Wait::Held))
                    .execute(conn)?,
            )
        }))
    }

    /// Makes everything that was held for the destination due now, the least tried first, unless it was paused again meanwhile.
    pub async fn resume_held(
        &self,
        destination_id: DestinationId,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        either!(self.in_small_steps(move |conn| {
            let open: i64 = destinations::table
                .find(&destination_id.as_bytes()[..])
                .filter(destinations::paused_at.is_null())
                .count()
                .get_result(conn)?;
            if open == 0 {
                return Ok(0);
            }
            let held = conn.to_resume(destination_id)?;
            Ok(
                diesel::update(deliveries::table.filter(deliveries::id.eq_any(&held)))
                    .set(Waiting::new(Wait::Due { at_ms: now_ms }))
                    .execute(conn)?,
            )
        }))
    }

    /// Makes a delivery due now that waits for its time; a conflict when it does not.
    pub async fn make_due(&self, delivery_id: DeliveryId, now_ms: i64) -> Result<(), StoreError> {
        either!(self.write_freely(move |conn| {
            let timed = State::TIMED.iter().map(|state| state.as_str());
            let changed = diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq(&delivery_id.as_bytes()[..]))
                    .filter(deliveries::state.eq_any(timed)),
            )
            .set(deliveries::due_at.eq(Some(now_ms)))
            .execute(conn)?;
            match changed {
                1 => Ok(()),
                _ => Err(StoreError::Conflict(
                    "Only a delivery that waits for its next attempt can be tried now.".into(),
                )),
            }
        }))
    }

    /// Makes due now what waits for the destination until later than `later_than_ms`; only what is in this state, when one is given. Returns how many.
    pub async fn make_all_due(
        &self,
        destination_id: DestinationId,
        later_than_ms: i64,
        only: Option<State>,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        either!(self.in_small_steps(move |conn| {
            let states = || {
                let states = only.as_ref().map_or(&State::TIMED[..], slice::from_ref);
                states.iter().map(|state| state.as_str())
            };
            let later: Vec<Vec<u8>> = deliveries::table
                .filter(deliveries::destination_id.eq(&destination_id.as_bytes()[..]))
                .filter(deliveries::due_at.gt(later_than_ms))
                .filter(deliveries::state.eq_any(states()))
                .limit(MOVE_LIMIT)
                .select(deliveries::id)
                .load(conn)?;
            Ok(diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq_any(&later))
                    .filter(deliveries::due_at.gt(later_than_ms))
                    .filter(deliveries::state.eq_any(states())),
            )
            .set(deliveries::due_at.eq(Some(now_ms)))
            .execute(conn)?)
        }))
    }

    /// Gives up a waiting delivery; a conflict when it does not wait any more.
    pub async fn discard(
        &self,
        delivery_id: DeliveryId,
        problem: String,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write_freely(move |conn| {
            let waiting = State::DISCARDABLE.iter().map(|state| state.as_str());
            let changed = diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq(&delivery_id.as_bytes()[..]))
                    .filter(deliveries::state.eq_any(waiting)),
            )
            .set(Ended::new(State::Discarded, &problem, now_ms))
            .execute(conn)?;
            match changed {
                1 => Ok(()),
                _ => Err(StoreError::Conflict(
                    "Only a delivery that is queued, held or waiting for a retry can be given up."
                        .into(),
                )),
            }
        }))
    }

    /// Gives up everything that waits for the destination, with this reason. Returns how many.
    pub async fn discard_waiting(
        &self,
        destination_id: DestinationId,
        problem: &'static str,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        either!(self.in_small_steps(move |conn| {
            let mut waiting = conn.due_until(destination_id, i64::MAX)?;
            waiting.extend(conn.to_resume(destination_id)?);
            Ok(
                diesel::update(deliveries::table.filter(deliveries::id.eq_any(&waiting)))
                    .set(Ended::new(State::Discarded, problem, now_ms))
                    .execute(conn)?,
            )
        }))
    }

    /// Deleted destinations that something waits for.
    pub async fn deleted_but_waited_for(&self) -> Result<Vec<DestinationId>, StoreError> {
        either!(self.read(|conn| {
            let of_it =
                || deliveries::table.filter(deliveries::destination_id.eq(destinations::id));
            let found: Vec<Vec<u8>> = destinations::table
                .filter(destinations::deleted_at.is_not_null())
                .filter(
                    exists(of_it().filter(deliveries::due_at.is_not_null()))
                        .or(exists(of_it().filter(is_held()))),
                )
                .select(destinations::id)
                .load(conn)?;
            found
                .iter()
                .map(|id| row::id(id, DestinationId::from_slice))
                .collect()
        }))
    }
}
