//! Who may send what: claiming due deliveries, giving claims back, and the repairs after a crash.
//!
//! Called by `flow::recover` and on pause, resume and discard. A claim is a guarded update that names its holder; it ends with the
//! guarded update in `results`. Every statement works on a bounded number of rows.

use bytes::Bytes;
use diesel::dsl::{exists, not, sql};
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;
use diesel::{
    AsChangeset, BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _,
    OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
};

use crate::domain::delivery::State;
use crate::domain::id::{ClaimId, DeliveryId, DestinationId, EventId, VersionId};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{deliveries, events};
use crate::store::sqlite::Conn;

diesel::alias!(deliveries as earlier: Earlier);

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
    /// Leases the destination's due deliveries, the longest due first.
    pub async fn claim_due(&self, request: ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        let due = self.due_ids(request).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |conn| claim(conn, &due, request)).await
    }

    /// A cheap look with a reading connection first, so that an idle poll never takes the writer.
    async fn due_ids(&self, request: ClaimRequest) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(move |conn| Ok(due(request).select(deliveries::id).load(conn)?))
            .await
    }

    /// When the destination's oldest waiting delivery is or was due, in milliseconds since 1970.
    pub async fn oldest_due(
        &self,
        destination_id: DestinationId,
    ) -> Result<Option<i64>, StoreError> {
        self.read(move |conn| {
            let due: Option<Option<i64>> = deliveries::table
                .filter(deliveries::destination_id.eq(&destination_id.as_bytes()[..]))
                .filter(deliveries::due_at.is_not_null())
                .order(deliveries::due_at)
                .select(deliveries::due_at)
                .first(conn)
                .optional()?;
            Ok(due.flatten())
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
                    .filter(is_sending())
                    .filter(deliveries::lease_until.lt(expired_before_ms)),
            )
            .set(Waiting::new(Wait::Due { at_ms: now_ms }))
            .execute(conn)?)
        })
        .await
    }

    /// Lets what waits for the destination wait for its resumption instead; at most [`MOVE_LIMIT`] at once. Returns how many.
    pub async fn hold_waiting(&self, destination_id: DestinationId) -> Result<usize, StoreError> {
        self.in_small_steps(move |conn| {
            let waiting: Vec<Vec<u8>> = deliveries::table
                .filter(deliveries::destination_id.eq(&destination_id.as_bytes()[..]))
                .filter(deliveries::due_at.is_not_null())
                .limit(MOVE_LIMIT)
                .select(deliveries::id)
                .load(conn)?;
            Ok(
                diesel::update(deliveries::table.filter(deliveries::id.eq_any(&waiting)))
                    .set((
                        deliveries::state.eq(State::Held.as_str()),
                        deliveries::due_at.eq(None::<i64>),
                    ))
                    .execute(conn)?,
            )
        })
        .await
    }

    /// Makes everything that was held for the destination due now, the oldest first.
    pub async fn resume_held(
        &self,
        destination_id: DestinationId,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        self.in_small_steps(move |conn| {
            let held: Vec<Vec<u8>> = held(destination_id)
                .limit(MOVE_LIMIT)
                .select(deliveries::id)
                .load(conn)?;
            Ok(
                diesel::update(deliveries::table.filter(deliveries::id.eq_any(&held)))
                    .set((
                        deliveries::state.eq(State::Queued.as_str()),
                        deliveries::due_at.eq(Some(now_ms)),
                    ))
                    .execute(conn)?,
            )
        })
        .await
    }

    /// Leases one held delivery as a probe: the one tried least often, so that a delivery that can never arrive does not hide that others could.
    pub async fn claim_probe(&self, request: ClaimRequest) -> Result<Option<Claimed>, StoreError> {
        self.write(move |conn| {
            let probe: Option<Vec<u8>> = held(request.destination_id)
                .filter(turn_has_come())
                .select(deliveries::id)
                .first(conn)
                .optional()?;
            let claimed = claim(conn, &probe.into_iter().collect::<Vec<_>>(), request)?;
            Ok(claimed.into_iter().next())
        })
        .await
    }

    /// Whether anything is held for the destination.
    pub async fn holds_anything(&self, destination_id: DestinationId) -> Result<bool, StoreError> {
        self.read(move |conn| {
            let first: Option<Vec<u8>> = held(destination_id)
                .select(deliveries::id)
                .first(conn)
                .optional()?;
            Ok(first.is_some())
        })
        .await
    }

    /// Repeats a bounded change, each time in a transaction of its own, until it finds nothing more to do.
    async fn in_small_steps(
        &self,
        step: impl Fn(&mut Conn) -> Result<usize, StoreError> + Clone + Send + 'static,
    ) -> Result<usize, StoreError> {
        let mut moved = 0;
        loop {
            match self.write(step.clone()).await? {
                0 => return Ok(moved),
                count => moved += count,
            }
        }
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
}

/// What is due, the longest first.
fn due(request: ClaimRequest) -> deliveries::BoxedQuery<'static, Sqlite> {
    deliveries::table
        .filter(deliveries::destination_id.eq(request.destination_id.as_bytes().to_vec()))
        .filter(deliveries::due_at.le(request.now_ms))
        .filter(turn_has_come())
        .order(deliveries::due_at)
        .limit(request.limit)
        .into_boxed()
}

/// What is held, the least tried first.
fn held(destination_id: DestinationId) -> deliveries::BoxedQuery<'static, Sqlite> {
    deliveries::table
        .filter(deliveries::destination_id.eq(destination_id.as_bytes().to_vec()))
        .filter(is_held())
        .order((deliveries::attempts, deliveries::id))
        .into_boxed()
}

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
fn is_held() -> SqlLiteral<Bool> {
    sql("deliveries.state = 'held'")
}

/// As [`is_held`].
fn is_sending() -> SqlLiteral<Bool> {
    sql("deliveries.state = 'sending'")
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
    use super::*;
    use crate::store::sqlite;

    /// How SQLite would go about a query, in its own words.
    fn plan(query: &str) -> String {
        #[derive(diesel::QueryableByName)]
        struct Step {
            #[diesel(sql_type = diesel::sql_types::Text)]
            detail: String,
        }
        let folder = tempfile::tempdir().unwrap();
        let mut conn = sqlite::open_writer(&folder.path().join("plan.db")).unwrap();
        sqlite::migrate(&mut conn).unwrap();
        let (text, _binds) = query.split_once(" -- binds").unwrap_or((query, ""));
        diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}"))
            .load::<Step>(&mut conn)
            .unwrap()
            .into_iter()
            .map(|step| step.detail + "\n")
            .collect()
    }

    #[test]
    fn what_waits_is_found_by_its_index_however_long_the_log_is() {
        let request = ClaimRequest {
            destination_id: DestinationId::new(1, [0; 10]),
            claim_id: ClaimId::new(1, [0; 10]),
            now_ms: 1,
            lease_until_ms: 2,
            limit: 3,
        };
        let due = plan(&diesel::debug_query(&due(request).select(deliveries::id)).to_string());
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
        let held = plan(&diesel::debug_query::<Sqlite, _>(&held).to_string());
        assert!(
            held.contains("deliveries_held (destination_id=?)"),
            "{held}"
        );
        assert!(!held.contains("TEMP B-TREE"), "{held}");
        let leased = deliveries::table
            .filter(is_sending())
            .filter(deliveries::lease_until.lt(1_i64))
            .select(deliveries::id);
        let leased = plan(&diesel::debug_query::<Sqlite, _>(&leased).to_string());
        assert!(
            leased.contains("deliveries_leased (lease_until<?)"),
            "{leased}"
        );
    }
}
