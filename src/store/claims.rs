//! Who may send what: claiming due deliveries, giving claims back, and the repairs after a crash.
//!
//! Called by `flow::recover` and on pause, resume and discard. A claim is a guarded update that names its holder; it ends with the
//! guarded update in `results`. Every statement works on a bounded number of rows.

use bytes::Bytes;
use diesel::dsl::{exists, not};
use diesel::{
    AsChangeset, BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _,
    NullableExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _,
};

use crate::domain::delivery::State;
use crate::domain::id::{ClaimId, DeliveryId, DestinationId, EventId, VersionId};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{deliveries, event_keys, events};

diesel::alias!(deliveries as earlier: Earlier);

/// States in which a delivery bars its lane.
const UNFINISHED: [&str; 4] = [
    State::Queued.as_str(),
    State::Held.as_str(),
    State::Sending.as_str(),
    State::Retrying.as_str(),
];

/// A delivery that this node may send until its lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub delivery_id: DeliveryId,
    pub event_id: EventId,
    pub version_id: VersionId,
    pub destination_id: DestinationId,
    /// Attempts made before.
    pub attempts: u32,
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
    /// Leases the destination's due deliveries, the longest due first.
    pub async fn claim_due(&self, request: ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        let due = self.due_ids(request).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |conn| {
            diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq_any(&due))
                    .filter(
                        deliveries::state
                            .eq_any([State::Queued.as_str(), State::Retrying.as_str()]),
                    ),
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
                .filter(deliveries::id.eq_any(&due))
                .filter(deliveries::claim_id.eq(&request.claim_id.as_bytes()[..]))
                .order(deliveries::id)
                .select((
                    deliveries::id,
                    deliveries::event_id,
                    deliveries::version_id,
                    deliveries::destination_id,
                    deliveries::attempts,
                    deliveries::created_at,
                    deliveries::lane.is_not_null(),
                    events::received_at,
                    events::body,
                ))
                .load(conn)?;
            rows.into_iter().map(ClaimedRow::into_domain).collect()
        })
        .await
    }

    /// A cheap look with a reading connection first, so that an idle poll never takes the writer.
    async fn due_ids(&self, request: ClaimRequest) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(move |conn| {
            let due = |state: State| {
                // The first unfinished delivery of a lane bars the ones behind it.
                let barred = exists(
                    earlier
                        .filter(earlier.field(deliveries::lane).eq(deliveries::lane))
                        .filter(earlier.field(deliveries::id).lt(deliveries::id))
                        .filter(earlier.field(deliveries::state).eq_any(UNFINISHED)),
                );
                deliveries::table
                    .filter(
                        deliveries::destination_id.eq(request.destination_id.as_bytes().to_vec()),
                    )
                    .filter(deliveries::state.eq(state.as_str()))
                    .filter(deliveries::due_at.le(request.now_ms))
                    .filter(deliveries::lane.is_null().or(not(barred)).assume_not_null())
                    .order(deliveries::due_at)
                    .limit(request.limit)
                    .select((deliveries::due_at.assume_not_null(), deliveries::id))
            };
            let mut found: Vec<(i64, Vec<u8>)> = due(State::Queued).load(conn)?;
            found.extend(due(State::Retrying).load::<(i64, Vec<u8>)>(conn)?);
            found.sort();
            found.truncate(usize::try_from(request.limit).unwrap_or(0));
            Ok(found.into_iter().map(|(_, id)| id).collect())
        })
        .await
    }

    /// When the destination's oldest waiting delivery is or was due, in milliseconds since 1970.
    pub async fn oldest_due(
        &self,
        destination_id: DestinationId,
    ) -> Result<Option<i64>, StoreError> {
        self.read(move |conn| {
            let mut oldest: Option<i64> = None;
            for state in [State::Queued, State::Retrying] {
                let due: Option<Option<i64>> = deliveries::table
                    .filter(deliveries::destination_id.eq(&destination_id.as_bytes()[..]))
                    .filter(deliveries::state.eq(state.as_str()))
                    .order(deliveries::due_at)
                    .select(deliveries::due_at)
                    .first(conn)
                    .optional()?;
                oldest = [oldest, due.flatten()].into_iter().flatten().min();
            }
            Ok(oldest)
        })
        .await
    }

    /// Gives claimed deliveries back unsent, to wait for their turn or for their paused destination; no attempt is counted.
    pub async fn release(
        &self,
        claims: Vec<(DeliveryId, ClaimId)>,
        wait: Wait,
    ) -> Result<usize, StoreError> {
        self.write(move |conn| {
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
        })
        .await
    }

    /// Makes deliveries whose lease ran out before `now_ms` due again. Pass `i64::MAX` at start, when this process is the only one
    /// and every lease is left over from one that died.
    pub async fn release_expired(
        &self,
        expired_before_ms: i64,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        self.write(move |conn| {
            Ok(diesel::update(
                deliveries::table
                    .filter(deliveries::state.eq(State::Sending.as_str()))
                    .filter(deliveries::lease_until.lt(expired_before_ms)),
            )
            .set(Waiting::new(Wait::Due { at_ms: now_ms }))
            .execute(conn)?)
        })
        .await
    }

    /// Lets everything that waits for the destination wait for its resumption.
    pub async fn hold_waiting(&self, destination_id: DestinationId) -> Result<usize, StoreError> {
        self.write(move |conn| {
            Ok(diesel::update(
                deliveries::table
                    .filter(deliveries::destination_id.eq(&destination_id.as_bytes()[..]))
                    .filter(
                        deliveries::state
                            .eq_any([State::Queued.as_str(), State::Retrying.as_str()]),
                    ),
            )
            .set((
                deliveries::state.eq(State::Held.as_str()),
                deliveries::due_at.eq(None::<i64>),
            ))
            .execute(conn)?)
        })
        .await
    }

    /// Makes everything that was held for the destination due now.
    pub async fn resume_held(
        &self,
        destination_id: DestinationId,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        self.write(move |conn| {
            Ok(diesel::update(
                deliveries::table
                    .filter(deliveries::destination_id.eq(&destination_id.as_bytes()[..]))
                    .filter(deliveries::state.eq(State::Held.as_str())),
            )
            .set((
                deliveries::state.eq(State::Queued.as_str()),
                deliveries::due_at.eq(Some(now_ms)),
            ))
            .execute(conn)?)
        })
        .await
    }

    /// Gives up a waiting delivery. `false` when it does not wait any more.
    pub async fn discard(
        &self,
        delivery_id: DeliveryId,
        problem: String,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        self.write(move |conn| {
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
            Ok(changed == 1)
        })
        .await
    }

    /// Ends a claimed delivery that cannot be sent at all, with the reason.
    pub async fn fail_claimed(
        &self,
        delivery_id: DeliveryId,
        claim_id: ClaimId,
        problem: String,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
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
        })
        .await
    }

    /// Forgets duplicate keys whose window has ended; at most `limit` of them.
    pub async fn forget_expired_keys(&self, now_ms: i64, limit: i64) -> Result<usize, StoreError> {
        let expired: Vec<Vec<u8>> = self
            .read(move |conn| {
                Ok(event_keys::table
                    .filter(event_keys::expires_at.le(now_ms))
                    .order(event_keys::expires_at)
                    .limit(limit)
                    .select(event_keys::key)
                    .load(conn)?)
            })
            .await?;
        if expired.is_empty() {
            return Ok(0);
        }
        self.write(move |conn| {
            Ok(diesel::delete(
                event_keys::table
                    .filter(event_keys::key.eq_any(expired))
                    .filter(event_keys::expires_at.le(now_ms)),
            )
            .execute(conn)?)
        })
        .await
    }
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
            attempts: u32::try_from(self.attempts)
                .map_err(|_| StoreError::Corrupt("a negative number of attempts".into()))?,
            created_ms: self.created_at,
            in_lane: self.in_lane,
            event_received_ms: self.event_received_at,
            event_body: Bytes::from(self.event_body),
        })
    }
}
