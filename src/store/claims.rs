//! Who may send what: claiming due deliveries, giving claims back, and the repairs after a crash.
//!
//! Called by `flow::recover` and on pause, resume and discard. A claim is a guarded update that names its holder; it ends with the
//! guarded update in `results`. Every statement works on a bounded number of rows.

use std::collections::HashMap;

use bytes::Bytes;
use diesel::dsl::{exists, not, sql};
use diesel::expression::SqlLiteral;
use diesel::sql_types::{BigInt, Bool};
use diesel::{
    AsChangeset, BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _,
    NullableExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _,
};

use crate::domain::delivery::State;
use crate::domain::id::{ClaimId, DeliveryId, DestinationId, EventId, VersionId};
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{deliveries, destinations, events};
use crate::store::{postgres, sqlite};

diesel::alias!(deliveries as earlier: Earlier);

/// Bodies of events that one claim reads, in bytes: the one that reaches it is the last.
pub const CLAIM_LIMIT_BYTES: i64 = 8 << 20;

/// Deliveries that are held or resumed in one transaction, so that others may write between.
const MOVE_LIMIT: i64 = 1_000;

/// A delivery that this node may send until its lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub delivery_id: DeliveryId,
    pub event_id: EventId,
    pub version_id: VersionId,
    pub destination_id: DestinationId,
    /// Attempts made before.
    pub attempts: u32,
    /// Those among them that do not count against the connection's limit.
    pub free_attempts: u32,
    pub created_ms: i64,
    /// Others of its record wait behind it.
    pub in_lane: bool,
    /// The event as received; the body to send is computed from it again.
    pub event_body: Bytes,
    pub event_received_ms: i64,
}

/// What a delivery that nobody holds waits for.
#[derive(Debug, Clone, Copy)]
pub enum Wait {
    /// Its turn, from this time on, in milliseconds since 1970.
    Due { at_ms: i64 },
    /// The resumption of its destination.
    Held,
}

/// What to claim.
#[derive(Debug, Clone, Copy)]
pub struct ClaimRequest {
    pub destination_id: DestinationId,
    pub claim_id: ClaimId,
    pub now_ms: i64,
    pub lease_until_ms: i64,
    pub limit: i64,
}

impl Store {
    /// Leases the destination's due deliveries, the longest due first: as many as asked for, or as [`CLAIM_LIMIT_BYTES`] let in.
    pub async fn claim_due(&self, request: ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        let due = self.due_ids(request).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        either!(self.write_freely(move |conn| {
            let due = conn.still_due(due, request)?;
            let due = within_limit(conn, due)?;
            claim(conn, &due, request)
        }))
    }

    /// A cheap look first, so that an idle poll writes nothing.
    async fn due_ids(&self, request: ClaimRequest) -> Result<Vec<Vec<u8>>, StoreError> {
        either!(self.read(move |conn| Ok(due(request).select(deliveries::id).load(conn)?)))
    }

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

    /// Gives claimed deliveries back unsent, to wait for their turn or for their paused destination; no attempt is counted.
    pub async fn release(
        &self,
        claims: Vec<(DeliveryId, ClaimId)>,
        wait: Wait,
    ) -> Result<usize, StoreError> {
        either!(self.write_freely(move |conn| {
            let mut released = 0;
            for (delivery_id, claim_id) in &claims {
                released += diesel::update(
                    deliveries::table
                        .filter(deliveries::id.eq(&delivery_id.as_bytes()[..]))
                        .filter(deliveries::claim_id.eq(&claim_id.as_bytes()[..])),
                )
                .set(Waiting::new(wait))
                .execute(conn)?;
            }
            Ok(released)
        }))
    }

    /// Makes deliveries whose lease ran out before `expired_before_ms` due again, at `now_ms`. Pass `i64::MAX` at start, when this process is the only one
    /// and every lease is left over from one that died.
    pub async fn release_expired(
        &self,
        expired_before_ms: i64,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        either!(self.in_small_steps(move |conn| {
            let expired = conn.to_release(expired_before_ms)?;
            Ok(
                diesel::update(deliveries::table.filter(deliveries::id.eq_any(&expired)))
                    .set(Waiting::new(Wait::Due { at_ms: now_ms }))
                    .execute(conn)?,
            )
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
                    .set((
                        deliveries::state.eq(State::Held.as_str()),
                        deliveries::due_at.eq(None::<i64>),
                    ))
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
                    .set((
                        deliveries::state.eq(State::Queued.as_str()),
                        deliveries::due_at.eq(Some(now_ms)),
                    ))
                    .execute(conn)?,
            )
        }))
    }

    /// Leases one delivery as a probe: of those held the one tried least often, so that a delivery that can never arrive does not hide that others
    /// could; else the one that a schedule has put off least.
    pub async fn claim_probe(&self, request: ClaimRequest) -> Result<Option<Claimed>, StoreError> {
        either!(self.write_freely(move |conn| {
            let probe: Option<Vec<u8>> = held(request.destination_id)
                .filter(turn_has_come())
                .select(deliveries::id)
                .first(conn)
                .optional()?;
            let probe = match probe {
                Some(held) => Some(held),
                None => put_off(request.destination_id)
                    .filter(turn_has_come())
                    .select(deliveries::id)
                    .first(conn)
                    .optional()?,
            };
            let claimed = claim(conn, &probe.into_iter().collect::<Vec<_>>(), request)?;
            Ok(claimed.into_iter().next())
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

    /// Makes everything that waits for the destination due by so much earlier, in milliseconds. Returns how many.
    pub async fn bring_forward(
        &self,
        destination_id: DestinationId,
        by_ms: i64,
    ) -> Result<usize, StoreError> {
        let mut moved = 0;
        let mut reached = (i64::MIN, Vec::new());
        loop {
            let (due_ms, id) = reached;
            let batch = either!(self.write(move |conn| {
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
            moved += batch.len();
            reached = match batch.into_iter().next_back() {
                Some((Some(due_ms), id)) => (due_ms, id),
                _ => return Ok(moved),
            };
        }
    }

    /// Makes due now what is due later than `latest_ms`, which no schedule can mean: a clock that ran far ahead has set it. Returns how many.
    pub async fn bring_back(
        &self,
        destination_id: DestinationId,
        latest_ms: i64,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        either!(self.in_small_steps(move |conn| {
            let far: Vec<Vec<u8>> = deliveries::table
                .filter(deliveries::destination_id.eq(&destination_id.as_bytes()[..]))
                .filter(deliveries::due_at.gt(latest_ms))
                .limit(MOVE_LIMIT)
                .select(deliveries::id)
                .load(conn)?;
            Ok(diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq_any(&far))
                    .filter(deliveries::due_at.gt(latest_ms)),
            )
            .set(deliveries::due_at.eq(Some(now_ms)))
            .execute(conn)?)
        }))
    }

    /// Ends leases that last longer than until `latest_ms`, which no node can have taken by a right clock. Returns how many.
    pub async fn end_long_leases(&self, latest_ms: i64, now_ms: i64) -> Result<usize, StoreError> {
        either!(self.in_small_steps(move |conn| {
            let is_sending: SqlLiteral<Bool> = in_state("deliveries.state = 'sending'");
            let far: Vec<Vec<u8>> = deliveries::table
                .filter(is_sending)
                .filter(deliveries::lease_until.gt(latest_ms))
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
            let event = event
                .map(|id| row::id(&id, EventId::from_slice))
                .transpose()?;
            let delivery = delivery
                .map(|id| row::id(&id, DeliveryId::from_slice))
                .transpose()?;
            Ok(event
                .map(|id| id.unix_ms())
                .max(delivery.map(|id| id.unix_ms())))
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
            let waiting = [
                State::Queued.as_str(),
                State::Held.as_str(),
                State::Retrying.as_str(),
            ];
            let changed = diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq(&delivery_id.as_bytes()[..]))
                    .filter(deliveries::state.eq_any(waiting)),
            )
            .set((
                deliveries::state.eq(State::Discarded.as_str()),
                deliveries::due_at.eq(None::<i64>),
                deliveries::finished_at.eq(Some(now_ms)),
                deliveries::problem.eq(Some(problem)),
            ))
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
                    .set((
                        deliveries::state.eq(State::Discarded.as_str()),
                        deliveries::due_at.eq(None::<i64>),
                        deliveries::finished_at.eq(Some(now_ms)),
                        deliveries::problem.eq(Some(problem)),
                    ))
                    .execute(conn)?,
            )
        }))
    }

    /// Deleted destinations that something waits for.
    pub async fn deleted_but_waited_for(&self) -> Result<Vec<DestinationId>, StoreError> {
        either!(self.read(|conn| {
            let is_held: SqlLiteral<Bool> = in_state("deliveries.state = 'held'");
            let of_it =
                || deliveries::table.filter(deliveries::destination_id.eq(destinations::id));
            let found: Vec<Vec<u8>> = destinations::table
                .filter(destinations::deleted_at.is_not_null())
                .filter(
                    exists(of_it().filter(deliveries::due_at.is_not_null()))
                        .or(exists(of_it().filter(is_held))),
                )
                .select(destinations::id)
                .load(conn)?;
            found
                .iter()
                .map(|id| row::id(id, DestinationId::from_slice))
                .collect()
        }))
    }

    /// Ends a claimed delivery that cannot be sent at all, with the reason.
    pub async fn fail_claimed(
        &self,
        delivery_id: DeliveryId,
        claim_id: ClaimId,
        problem: String,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write_freely(move |conn| {
            diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq(&delivery_id.as_bytes()[..]))
                    .filter(deliveries::claim_id.eq(&claim_id.as_bytes()[..])),
            )
            .set((
                deliveries::state.eq(State::Failed.as_str()),
                deliveries::claim_id.eq(None::<Vec<u8>>),
                deliveries::lease_until.eq(None::<i64>),
                deliveries::finished_at.eq(Some(now_ms)),
                deliveries::problem.eq(Some(problem)),
            ))
            .execute(conn)?;
            Ok(())
        }))
    }
}

/// What is due, the longest first.
#[diesel::dsl::auto_type]
fn due(request: ClaimRequest) -> _ {
    let destination: Vec<u8> = request.destination_id.as_bytes().to_vec();
    let now_ms: i64 = request.now_ms;
    let limit: i64 = request.limit;
    deliveries::table
        .filter(deliveries::destination_id.eq(destination))
        .filter(deliveries::due_at.le(now_ms))
        .filter(turn_has_come())
        .order(deliveries::due_at)
        .limit(limit)
}

/// What is due, whether its turn has come or not.
#[diesel::dsl::auto_type]
fn waiting(destination_id: DestinationId, now_ms: i64) -> _ {
    let destination: Vec<u8> = destination_id.as_bytes().to_vec();
    let limit: i64 = MOVE_LIMIT;
    deliveries::table
        .filter(deliveries::destination_id.eq(destination))
        .filter(deliveries::due_at.le(now_ms))
        .limit(limit)
}

/// What waits for its time, the next first.
#[diesel::dsl::auto_type]
fn put_off(destination_id: DestinationId) -> _ {
    let destination: Vec<u8> = destination_id.as_bytes().to_vec();
    deliveries::table
        .filter(deliveries::destination_id.eq(destination))
        .filter(deliveries::due_at.is_not_null())
        .order(deliveries::due_at)
}

/// What is held, the least tried first.
#[diesel::dsl::auto_type]
fn held(destination_id: DestinationId) -> _ {
    let destination: Vec<u8> = destination_id.as_bytes().to_vec();
    let is_held: SqlLiteral<Bool> = in_state("deliveries.state = 'held'");
    deliveries::table
        .filter(deliveries::destination_id.eq(destination))
        .filter(is_held)
        .order((deliveries::attempts, deliveries::id))
}

/// What is leased until before a time.
#[diesel::dsl::auto_type]
fn expired(before_ms: i64) -> _ {
    let is_sending: SqlLiteral<Bool> = in_state("deliveries.state = 'sending'");
    let limit: i64 = MOVE_LIMIT;
    deliveries::table
        .filter(is_sending)
        .filter(deliveries::lease_until.lt(before_ms))
        .limit(limit)
}

/// Which deliveries to change next. On PostgreSQL they are locked, and those that another transaction has locked are left to it.
trait Picks {
    /// What is due; `seen` was due a moment ago.
    fn still_due(
        &mut self,
        seen: Vec<Vec<u8>>,
        request: ClaimRequest,
    ) -> Result<Vec<Vec<u8>>, StoreError>;
    fn due_until(
        &mut self,
        destination_id: DestinationId,
        now_ms: i64,
    ) -> Result<Vec<Vec<u8>>, StoreError>;
    fn to_resume(&mut self, destination_id: DestinationId) -> Result<Vec<Vec<u8>>, StoreError>;
    fn to_release(&mut self, expired_before_ms: i64) -> Result<Vec<Vec<u8>>, StoreError>;
}

macro_rules! picks {
    ($conn:ty, $still_due:expr $(, $lock:ident)*) => {
        impl Picks for $conn {
            fn still_due(
                &mut self,
                seen: Vec<Vec<u8>>,
                request: ClaimRequest,
            ) -> Result<Vec<Vec<u8>>, StoreError> {
                $still_due(self, seen, request)
            }

            fn due_until(
                &mut self,
                id: DestinationId,
                now_ms: i64,
            ) -> Result<Vec<Vec<u8>>, StoreError> {
                Ok(waiting(id, now_ms).select(deliveries::id)$(.$lock())*.load(self)?)
            }

            fn to_resume(&mut self, id: DestinationId) -> Result<Vec<Vec<u8>>, StoreError> {
                let held = held(id).limit(MOVE_LIMIT).select(deliveries::id);
                Ok(held$(.$lock())*.load(self)?)
            }

            fn to_release(&mut self, before_ms: i64) -> Result<Vec<Vec<u8>>, StoreError> {
                Ok(expired(before_ms).select(deliveries::id)$(.$lock())*.load(self)?)
            }
        }
    };
}
picks!(sqlite::Conn, |_: &mut sqlite::Conn, seen, _| Ok(seen));
picks!(
    postgres::Conn,
    |conn: &mut postgres::Conn, _, request| {
        let due = due(request).select(deliveries::id);
        Ok(due.for_update().skip_locked().load(conn)?)
    },
    for_update,
    skip_locked
);

both! {
    /// The first of these deliveries, as far as the bodies of their events may be read at once. The bodies are not read for it.
    fn within_limit(conn: &mut Conn, ids: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, StoreError> {
        let lengths: HashMap<Vec<u8>, i64> = deliveries::table
            .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
            .filter(deliveries::id.eq_any(&ids))
            .select((deliveries::id, sql::<BigInt>("CAST(length(events.body) AS BIGINT)")))
            .load(conn)?
            .into_iter()
            .collect();
        let mut bytes = 0;
        let fitting = ids
            .iter()
            .take_while(|id| {
                let has_room = bytes < CLAIM_LIMIT_BYTES;
                bytes += lengths.get(*id).copied().unwrap_or(0);
                has_room
            })
            .count();
        Ok(ids.into_iter().take(fitting).collect())
    }
}

both! {
    /// Leases these deliveries, as far as they still wait.
    fn claim(
        conn: &mut Conn,
        ids: &[Vec<u8>],
        request: ClaimRequest,
    ) -> Result<Vec<Claimed>, StoreError> {
        diesel::update(
            deliveries::table
                .filter(deliveries::id.eq_any(ids))
                .filter(deliveries::finished_at.is_null())
                .filter(deliveries::claim_id.is_null()),
        )
        .set((
            deliveries::state.eq(State::Sending.as_str()),
            deliveries::due_at.eq(None::<i64>),
            deliveries::claim_id.eq(Some(&request.claim_id.as_bytes()[..])),
            deliveries::lease_until.eq(Some(request.lease_until_ms)),
        ))
        .execute(conn)?;
        let rows: Vec<ClaimedRow> = deliveries::table
            .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
            .filter(deliveries::id.eq_any(ids))
            .filter(deliveries::claim_id.eq(&request.claim_id.as_bytes()[..]))
            .order(deliveries::id)
            .select((
                deliveries::id,
                deliveries::event_id,
                deliveries::version_id,
                deliveries::destination_id,
                deliveries::attempts,
                deliveries::free_attempts,
                deliveries::created_at,
                deliveries::lane.is_not_null(),
                events::received_at,
                events::body,
            ))
            .load(conn)?;
        rows.into_iter().map(ClaimedRow::into_domain).collect()
    }
}

/// Whether no earlier delivery of its lane is unfinished.
#[diesel::dsl::auto_type]
fn turn_has_come() -> _ {
    let barred = exists(
        earlier
            .filter(earlier.field(deliveries::lane).eq(deliveries::lane))
            .filter(earlier.field(deliveries::id).lt(deliveries::id))
            .filter(earlier.field(deliveries::finished_at).is_null()),
    );
    deliveries::lane.is_null().or(not(barred))
}

/// Written out instead of bound: a planner must see the word to use the index over such deliveries.
fn in_state(condition: &'static str) -> SqlLiteral<Bool> {
    sql(condition)
}

/// Claimed by nobody; the attempts made so far stay counted.
#[derive(AsChangeset)]
#[diesel(table_name = deliveries, treat_none_as_null = true)]
struct Waiting {
    state: &'static str,
    due_at: Option<i64>,
    claim_id: Option<Vec<u8>>,
    lease_until: Option<i64>,
}

impl Waiting {
    fn new(wait: Wait) -> Waiting {
        let (state, due_at) = match wait {
            Wait::Due { at_ms } => (State::Queued, Some(at_ms)),
            Wait::Held => (State::Held, None),
        };
        Waiting {
            state: state.as_str(),
            due_at,
            claim_id: None,
            lease_until: None,
        }
    }
}

#[derive(Queryable)]
struct ClaimedRow {
    id: Vec<u8>,
    event_id: Vec<u8>,
    version_id: Vec<u8>,
    destination_id: Vec<u8>,
    attempts: i32,
    free_attempts: i32,
    created_at: i64,
    in_lane: bool,
    event_received_at: i64,
    event_body: Vec<u8>,
}

impl ClaimedRow {
    fn into_domain(self) -> Result<Claimed, StoreError> {
        Ok(Claimed {
            delivery_id: row::id(&self.id, DeliveryId::from_slice)?,
            event_id: row::id(&self.event_id, EventId::from_slice)?,
            version_id: row::id(&self.version_id, VersionId::from_slice)?,
            destination_id: row::id(&self.destination_id, DestinationId::from_slice)?,
            attempts: row::count(self.attempts)?,
            free_attempts: row::count(self.free_attempts)?,
            created_ms: self.created_at,
            in_lane: self.in_lane,
            event_received_ms: self.event_received_at,
            event_body: Bytes::from(self.event_body),
        })
    }
}

#[cfg(test)]
mod tests {
    use diesel::sqlite::Sqlite;

    use super::*;
    use crate::store::sqlite::plan;

    #[test]
    fn what_waits_is_found_by_its_index_however_long_the_log_is() {
        let request = ClaimRequest {
            destination_id: DestinationId::new(1, [0; 10]),
            claim_id: ClaimId::new(1, [0; 10]),
            now_ms: 1,
            lease_until_ms: 2,
            limit: 3,
        };
        let due = due(request).select(deliveries::id);
        let due = plan(&diesel::debug_query::<Sqlite, _>(&due));
        assert!(
            due.contains("deliveries_due (destination_id=? AND due_at<?)"),
            "{due}"
        );
        assert!(
            due.contains("deliveries_in_lane (lane=? AND id<?)"),
            "{due}"
        );
        assert!(
            !due.contains("TEMP B-TREE") && !due.contains("SCAN"),
            "{due}"
        );
        let held = held(request.destination_id).select(deliveries::id);
        let held = plan(&diesel::debug_query::<Sqlite, _>(&held));
        assert!(
            held.contains("deliveries_held (destination_id=?)"),
            "{held}"
        );
        assert!(!held.contains("TEMP B-TREE"), "{held}");
        let leased = expired(1).select(deliveries::id);
        let leased = plan(&diesel::debug_query::<Sqlite, _>(&leased));
        assert!(
            leased.contains("deliveries_leased (lease_until<?)"),
            "{leased}"
        );
    }

    /// The same on PostgreSQL, over a log in which nearly everything is long delivered.
    #[test]
    fn what_waits_is_found_by_its_index_on_postgres_too() {
        use crate::store::test_database::{Database, Home};
        use diesel::connection::SimpleConnection as _;
        use diesel::pg::Pg;
        let home = Home::new(Database::Postgres);
        Store::open(
            &home.database_url,
            crate::domain::seal::MasterKey::new([1; 32]),
        )
        .unwrap();
        postgres::with_connection(&home.database_url, false, |conn| {
            conn.batch_execute(LONG_LOG).unwrap();
            let destination = DestinationId::new(1, [0; 10]);
            let request = ClaimRequest {
                destination_id: destination,
                claim_id: ClaimId::new(1, [0; 10]),
                now_ms: 1,
                lease_until_ms: 2,
                limit: 3,
            };
            let due = due(request).select(deliveries::id);
            let due = due.for_update().skip_locked();
            let due = postgres::plan(conn, &diesel::debug_query::<Pg, _>(&due), "");
            let held = held(destination).limit(3).select(deliveries::id);
            let held = postgres::plan(conn, &diesel::debug_query::<Pg, _>(&held), "");
            let leased = expired(1).select(deliveries::id);
            let leased = postgres::plan(conn, &diesel::debug_query::<Pg, _>(&leased), "");
            for (plan, index) in [
                (&due, "deliveries_due"),
                (&due, "deliveries_in_lane"),
                (&held, "deliveries_held"),
                (&leased, "deliveries_leased"),
            ] {
                assert!(plan.contains(index), "{plan}");
                assert!(!plan.contains("Seq Scan"), "{plan}");
            }
        });
    }

    /// Twenty thousand deliveries, of which two hundred wait, a hundred are held and a hundred are being sent.
    const LONG_LOG: &str = "
        SET session_replication_role = replica;
        INSERT INTO deliveries (id, event_id, connection_id, version_id, destination_id, cause, state, created_at,
                                lane, due_at, claim_id, lease_until, finished_at)
        SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), decode(lpad(to_hex(n), 32, '0'), 'hex'),
               decode(lpad(to_hex(n % 7), 32, '0'), 'hex'), decode(lpad(to_hex(n % 7), 32, '0'), 'hex'),
               decode(lpad(to_hex(n % 5), 32, '0'), 'hex'), 'event', state, n,
               CASE WHEN n % 2 = 0 THEN decode(lpad(to_hex(n % 500), 32, '0'), 'hex') END,
               CASE WHEN state = 'queued' THEN n END,
               CASE WHEN state = 'sending' THEN decode(lpad(to_hex(n), 32, '0'), 'hex') END,
               CASE WHEN state = 'sending' THEN n END,
               CASE WHEN state = 'delivered' THEN n END
        FROM (SELECT n, CASE WHEN n % 100 = 1 THEN 'queued' WHEN n % 200 = 2 THEN 'held'
                             WHEN n % 200 = 3 THEN 'sending' ELSE 'delivered' END AS state
              FROM generate_series(1, 20000) n) made;
        SET session_replication_role = origin;
        ANALYZE deliveries;";
}
