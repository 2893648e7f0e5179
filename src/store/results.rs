//! Attempts that ended: the attempt's row and the delivery's next state together, guarded by the claim.
//!
//! Called by the writer. When the claim no longer holds (the lease ran out and another worker took over), nothing is written
//! and the answer says so: a stale worker cannot overwrite a newer result.

use std::collections::HashMap;

use diesel::{AsChangeset, ExpressionMethods as _, Insertable, QueryDsl as _, RunQueryDsl as _};

use crate::domain::delivery::State;
use crate::domain::id::{ClaimId, DeliveryId};
use crate::domain::outcome::Outcome;
use crate::store::both::both;
use crate::store::error::StoreError;
use crate::store::ingest::insert_rows;
use crate::store::schema::{attempts, deliveries};
use crate::store::{postgres, sqlite};

/// An attempt that ended and what it makes of its delivery.
#[derive(Debug, Clone)]
pub struct Finish {
    pub delivery_id: DeliveryId,
    pub claim_id: ClaimId,
    pub attempt: NewAttempt,
    /// `delivered`, `failed`, `retrying` or `held`.
    pub state: State,
    /// When the next attempt is due, for `retrying`; in milliseconds since 1970.
    pub due_ms: Option<i64>,
    pub now_ms: i64,
    /// Others of its record wait behind it.
    pub in_lane: bool,
    /// How many of its attempts, with this one, do not count against the connection's limit.
    pub free_attempts: u32,
}

/// One try, as it is remembered.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    pub number: u32,
    pub started_ms: i64,
    pub duration_ms: i64,
    pub outcome: Outcome,
    pub request_line: String,
    /// JSON list of name and value, without secrets.
    pub request_headers: String,
    pub response_headers: String,
    pub response_body: Vec<u8>,
    pub response_truncated: bool,
}

both! {
    /// Writes the results whose claim still holds; the answers are in order. Runs inside the caller's transaction; what is read here cannot
    /// change before it is updated.
    pub fn write_results(conn: &mut Conn, finishes: &[Finish]) -> Result<Vec<bool>, StoreError> {
        let ids: Vec<&[u8]> = finishes.iter().map(|one| &one.delivery_id.as_bytes()[..]).collect();
        let claims: HashMap<Vec<u8>, Option<Vec<u8>>> =
            conn.claims_on(&ids)?.into_iter().collect();
        let applied: Vec<bool> = finishes
            .iter()
            .map(|finish| {
                let claim = claims.get(&finish.delivery_id.as_bytes()[..]);
                claim.is_some_and(|claim| claim.as_deref() == Some(&finish.claim_id.as_bytes()[..]))
            })
            .collect();
        let held = || {
            finishes
                .iter()
                .zip(&applied)
                .filter(|(_, held)| **held)
                .map(|(finish, _)| finish)
        };
        let mut alike: HashMap<Change, Vec<&[u8]>> = HashMap::new();
        for finish in held() {
            let ids = alike.entry(Change::of(finish)?).or_default();
            ids.push(finish.delivery_id.as_bytes());
        }
        for (change, ids) in alike {
            diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids)))
                .set((
                    change,
                    deliveries::claim_id.eq(None::<Vec<u8>>),
                    deliveries::lease_until.eq(None::<i64>),
                ))
                .execute(conn)?;
        }
        failpoint!("record:between_delivery_and_attempt");
        let rows: Vec<AttemptRow<'_>> = held().map(AttemptRow::new).collect::<Result<_, _>>()?;
        let stored = insert_rows!(conn, attempts::table, &rows);
        match stored == rows.len() {
            true => Ok(applied),
            false => Err(StoreError::Corrupt(
                "an attempt with this number is on record already".into(),
            )),
        }
    }
}

/// Reads who holds which delivery, such that it stays true until the transaction ends.
trait Claims {
    fn claims_on(&mut self, ids: &[&[u8]]) -> Result<Vec<ClaimOn>, StoreError>;
}

/// A delivery and its claim.
type ClaimOn = (Vec<u8>, Option<Vec<u8>>);

impl Claims for sqlite::Conn {
    /// The transaction holds the only right to write.
    fn claims_on(&mut self, ids: &[&[u8]]) -> Result<Vec<ClaimOn>, StoreError> {
        Ok(deliveries::table
            .filter(deliveries::id.eq_any(ids))
            .select((deliveries::id, deliveries::claim_id))
            .load(self)?)
    }
}

impl Claims for postgres::Conn {
    /// Locked, in an order that all nodes share.
    fn claims_on(&mut self, ids: &[&[u8]]) -> Result<Vec<ClaimOn>, StoreError> {
        Ok(deliveries::table
            .filter(deliveries::id.eq_any(ids))
            .order(deliveries::id)
            .select((deliveries::id, deliveries::claim_id))
            .for_update()
            .load(self)?)
    }
}

/// What a result makes of its delivery. Results that came in together are mostly alike and share a statement.
#[derive(AsChangeset, Clone, PartialEq, Eq, Hash)]
#[diesel(table_name = deliveries, treat_none_as_null = true)]
struct Change {
    state: &'static str,
    attempts: i32,
    free_attempts: i32,
    due_at: Option<i64>,
    finished_at: Option<i64>,
    last_status: Option<i32>,
    last_outcome: Option<&'static str>,
}

impl Change {
    fn of(finish: &Finish) -> Result<Change, StoreError> {
        Ok(Change {
            state: finish.state.as_str(),
            attempts: number(finish.attempt.number)?,
            free_attempts: number(finish.free_attempts)?,
            due_at: finish.due_ms,
            finished_at: finish.state.is_final().then_some(finish.now_ms),
            last_status: finish.attempt.outcome.status().map(i32::from),
            last_outcome: Some(finish.attempt.outcome.code()),
        })
    }
}

fn number(attempt: u32) -> Result<i32, StoreError> {
    i32::try_from(attempt).map_err(|_| StoreError::Corrupt("an attempt number out of range".into()))
}

#[derive(Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
struct AttemptRow<'a> {
    delivery_id: &'a [u8],
    number: i32,
    started_at: i64,
    duration_ms: i64,
    outcome: String,
    request_line: &'a str,
    request_headers: &'a str,
    response_headers: &'a str,
    response_body: &'a [u8],
    response_truncated: bool,
}

impl<'a> AttemptRow<'a> {
    fn new(finish: &'a Finish) -> Result<AttemptRow<'a>, StoreError> {
        let attempt = &finish.attempt;
        Ok(AttemptRow {
            delivery_id: finish.delivery_id.as_bytes(),
            number: number(attempt.number)?,
            started_at: attempt.started_ms,
            duration_ms: attempt.duration_ms,
            outcome: serde_json::to_string(&attempt.outcome)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
            request_line: &attempt.request_line,
            request_headers: &attempt.request_headers,
            response_headers: &attempt.response_headers,
            response_body: &attempt.response_body,
            response_truncated: attempt.response_truncated,
        })
    }
}
