//! Attempts that ended: the attempt's row and the delivery's next state together, guarded by the claim.
//!
//! Called by the writer. When the claim no longer holds (the lease ran out and another worker took over), nothing is written
//! and the answer says so: a stale worker cannot overwrite a newer result.

use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, RunQueryDsl as _};

use crate::domain::delivery::State;
use crate::domain::id::{ClaimId, DeliveryId};
use crate::domain::outcome::Outcome;
use crate::store::error::StoreError;
use crate::store::schema::{attempts, deliveries};
use crate::store::sqlite::Conn;

/// Rows in one statement.
const ROWS_PER_STATEMENT: usize = 500;

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

/// Writes the results whose claim still holds; the answers are in order. Runs inside the caller's transaction.
pub fn write_results(conn: &mut Conn, finishes: &[Finish]) -> Result<Vec<bool>, StoreError> {
    let mut applied = Vec::with_capacity(finishes.len());
    let mut rows = Vec::with_capacity(finishes.len());
    for finish in finishes {
        let held = settle(conn, finish)?;
        if held {
            rows.push(AttemptRow::new(finish)?);
        }
        applied.push(held);
    }
    for rows in rows.chunks(ROWS_PER_STATEMENT) {
        diesel::insert_into(attempts::table)
            .values(rows)
            .execute(conn)?;
    }
    Ok(applied)
}

/// Moves the delivery on, if the claim still holds.
fn settle(conn: &mut Conn, finish: &Finish) -> Result<bool, StoreError> {
    let target = deliveries::table
        .filter(deliveries::id.eq(&finish.delivery_id.as_bytes()[..]))
        .filter(deliveries::claim_id.eq(&finish.claim_id.as_bytes()[..]));
    let changed = diesel::update(target)
        .set((
            deliveries::state.eq(finish.state.as_str()),
            deliveries::attempts.eq(number(finish.attempt.number)?),
            deliveries::due_at.eq(finish.due_ms),
            deliveries::claim_id.eq(None::<Vec<u8>>),
            deliveries::lease_until.eq(None::<i64>),
            deliveries::finished_at.eq(finish.state.is_final().then_some(finish.now_ms)),
            deliveries::last_status.eq(finish.attempt.outcome.status().map(i32::from)),
            deliveries::last_outcome.eq(finish.attempt.outcome.code()),
        ))
        .execute(conn)?;
    Ok(changed == 1)
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
