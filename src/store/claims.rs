//! Who may send what: claiming due deliveries and giving claims back.
//!
//! Called by `flow::recover`, `flow::probe`, and by whoever holds a claim and cannot use it. A claim is a guarded update that names its holder; it
//! ends with the guarded update in `results`. Which deliveries come next is said in `picks`; what nobody holds is moved in `waiting`. Every
//! statement works on a bounded number of rows.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use diesel::{
    AsChangeset, ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _,
    Queryable, RunQueryDsl as _,
};

use crate::domain::delivery::State;
use crate::domain::id::{ClaimId, DeliveryId, DestinationId, VersionId};
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::picks::{Picks as _, due, held, put_off, turn_has_come, waiting};
use crate::store::row;
use crate::store::schema::{deliveries, events};

/// Bodies of events that one claim reads, in bytes: the one that reaches it is the last.
pub const CLAIM_LIMIT_BYTES: i64 = 8 << 20;

/// A delivery that this node may send until its lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub delivery_id: DeliveryId,
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

    /// At which of these destinations something is due.
    pub async fn with_due(
        &self,
        ids: Vec<DestinationId>,
        now_ms: i64,
    ) -> Result<HashSet<DestinationId>, StoreError> {
        either!(self.read(move |conn| {
            let mut found = HashSet::new();
            for id in ids {
                // One look into the index for each: there is none over all of them.
                let due: Option<Vec<u8>> = waiting(id, now_ms)
                    .select(deliveries::id)
                    .limit(1)
                    .first(conn)
                    .optional()?;
                found.extend(due.map(|_| id));
            }
            Ok(found)
        }))
    }

    /// A cheap look first, so that nothing is written for nothing.
    async fn due_ids(&self, request: ClaimRequest) -> Result<Vec<Vec<u8>>, StoreError> {
        either!(self.read(move |conn| Ok(due(request).select(deliveries::id).load(conn)?)))
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
            .set(Ended::new(State::Failed, &problem, now_ms))
            .execute(conn)?;
            Ok(())
        }))
    }
}

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
                deliveries::version_id,
                deliveries::destination_id,
                deliveries::attempts,
                deliveries::free_attempts,
                deliveries::created_at,
                deliveries::lane.is_not_null(),
                events::body,
            ))
            .load(conn)?;
        rows.into_iter().map(ClaimedRow::into_domain).collect()
    }
}

/// Claimed by nobody; the attempts made so far stay counted.
#[derive(AsChangeset)]
#[diesel(table_name = deliveries, treat_none_as_null = true)]
pub(super) struct Waiting {
    state: &'static str,
    due_at: Option<i64>,
    claim_id: Option<Vec<u8>>,
    lease_until: Option<i64>,
}

impl Waiting {
    pub(super) fn new(wait: Wait) -> Waiting {
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

/// Over without another attempt, and why.
#[derive(AsChangeset)]
#[diesel(table_name = deliveries, treat_none_as_null = true)]
pub(super) struct Ended {
    state: &'static str,
    due_at: Option<i64>,
    claim_id: Option<Vec<u8>>,
    lease_until: Option<i64>,
    finished_at: Option<i64>,
    problem: Option<String>,
}

impl Ended {
    pub(super) fn new(state: State, problem: &str, now_ms: i64) -> Ended {
        Ended {
            state: state.as_str(),
            due_at: None,
            claim_id: None,
            lease_until: None,
            finished_at: Some(now_ms),
            problem: Some(row::text(problem)),
        }
    }
}

#[derive(Queryable)]
struct ClaimedRow {
    id: Vec<u8>,
    version_id: Vec<u8>,
    destination_id: Vec<u8>,
    attempts: i32,
    free_attempts: i32,
    created_at: i64,
    in_lane: bool,
    event_body: Vec<u8>,
}

impl ClaimedRow {
    fn into_domain(self) -> Result<Claimed, StoreError> {
        Ok(Claimed {
            delivery_id: row::id(&self.id, DeliveryId::from_slice)?,
            version_id: row::id(&self.version_id, VersionId::from_slice)?,
            destination_id: row::id(&self.destination_id, DestinationId::from_slice)?,
            attempts: row::count(self.attempts)?,
            free_attempts: row::count(self.free_attempts)?,
            created_ms: self.created_at,
            in_lane: self.in_lane,
            event_body: Bytes::from(self.event_body),
        })
    }
}
