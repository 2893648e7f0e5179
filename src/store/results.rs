//! Attempts that ended: the attempt's row and the delivery's next state together, guarded by the claim.
//!
//! Called by the writer. When the claim no longer holds (the lease ran out and another worker took over), nothing is written
//! and the answer says so: a stale worker cannot overwrite a newer result.

use std::collections::HashMap;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryResult, RunQueryDsl};

use crate::domain::delivery::State;
use crate::domain::id::{ClaimId, DeliveryId, DestinationId};
use crate::domain::outcome::Outcome;
use crate::store::backend::{PgConn, SqliteConn};
use crate::store::both::both;
use crate::store::columns::columns;
use crate::store::error::StoreError;
use crate::store::ingest::insert_rows;
use crate::store::schema::{attempts, deliveries};

/// An attempt that ended and what it makes of its delivery.
#[derive(Debug, Clone)]
pub struct Finish {
    pub delivery_id: DeliveryId,
    pub destination_id: DestinationId,
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
    /// Writes the results whose claim still holds; the answers are in order. Runs inside the caller's transaction.
    pub fn write_results(conn: &mut Conn, finishes: &[Finish]) -> Result<Vec<bool>, StoreError> {
        let applied = conn.settle(finishes)?;
        failpoint!("record:between_delivery_and_attempt");
        let rows: Vec<AttemptRow> = finishes
            .iter()
            .zip(&applied)
            .filter(|(_, applied)| **applied)
            .map(|(finish, _)| AttemptRow::new(finish))
            .collect::<Result<_, _>>()?;
        conn.insert_attempts(&rows)?;
        Ok(applied)
    }
}

/// The claims of these deliveries, which stay as they are until the transaction ends.
macro_rules! claims_locked {
    ($ids:expr) => {
        deliveries::table
            .filter(deliveries::id.eq_any($ids))
            .order(deliveries::id)
            .select((deliveries::id, deliveries::claim_id))
            .for_update()
    };
}

/// What each database does in its way.
trait Settle {
    /// Gives deliveries their next state and ends their claims, where these still hold. Each answer says whether it did.
    fn settle(&mut self, finishes: &[Finish]) -> Result<Vec<bool>, StoreError>;

    /// Writes down what was tried.
    fn insert_attempts(&mut self, rows: &[AttemptRow]) -> Result<(), StoreError>;
}

impl Settle for SqliteConn {
    /// One small statement each, prepared once.
    fn settle(&mut self, finishes: &[Finish]) -> Result<Vec<bool>, StoreError> {
        finishes
            .iter()
            .map(|finish| Ok(SettleOne::of(finish)?.execute(self)? == 1))
            .collect()
    }

    fn insert_attempts(&mut self, all: &[AttemptRow]) -> Result<(), StoreError> {
        insert_rows!(self, all, |rows| diesel::insert_into(attempts::table)
            .values(rows));
        Ok(())
    }
}

impl Settle for PgConn {
    /// Every statement is a way to the server and back, so there are two. Locked first, in an order that all nodes share.
    fn settle(&mut self, finishes: &[Finish]) -> Result<Vec<bool>, StoreError> {
        let ids: Vec<[u8; 16]> = finishes
            .iter()
            .map(|one| *one.delivery_id.as_bytes())
            .collect();
        let claims: HashMap<Vec<u8>, Option<Vec<u8>>> =
            claims_locked!(&ids).load(self)?.into_iter().collect();
        let mut change = SettleMany::default();
        let mut applied = Vec::with_capacity(finishes.len());
        for finish in finishes {
            let claim = claims.get(&finish.delivery_id.as_bytes()[..]);
            let claim = claim.and_then(Option::as_deref);
            let holds = claim == Some(&finish.claim_id.as_bytes()[..]);
            if holds {
                change.push(finish)?;
            }
            applied.push(holds);
        }
        if !change.ids.is_empty() {
            change.execute(self)?;
        }
        Ok(applied)
    }

    fn insert_attempts(&mut self, rows: &[AttemptRow]) -> Result<(), StoreError> {
        AttemptColumns::<false>::insert(rows, self).map(|_| ())
    }
}

/// What a result makes of its delivery.
struct Change {
    state: &'static str,
    attempts: i32,
    free_attempts: i32,
    due_at: Option<i64>,
    finished_at: Option<i64>,
    last_status: Option<i32>,
    last_outcome: Option<&'static str>,
}

/// The update of one delivery, if its claim still holds. Put together by hand, because diesel prepares an update of its own anew each time.
struct SettleOne {
    delivery_id: [u8; 16],
    claim_id: [u8; 16],
    change: Change,
}

impl SettleOne {
    fn of(finish: &Finish) -> Result<SettleOne, StoreError> {
        Ok(SettleOne {
            delivery_id: *finish.delivery_id.as_bytes(),
            claim_id: *finish.claim_id.as_bytes(),
            change: Change::of(finish)?,
        })
    }
}

impl QueryId for SettleOne {
    type QueryId = SettleOne;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConn> for SettleOne {}

impl QueryFragment<Sqlite> for SettleOne {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let change = &self.change;
        out.push_sql("UPDATE deliveries SET claim_id = NULL, lease_until = NULL, state = ");
        out.push_bind_param::<Text, _>(&change.state)?;
        out.push_sql(", attempts = ");
        out.push_bind_param::<Integer, _>(&change.attempts)?;
        out.push_sql(", free_attempts = ");
        out.push_bind_param::<Integer, _>(&change.free_attempts)?;
        out.push_sql(", due_at = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&change.due_at)?;
        out.push_sql(", finished_at = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&change.finished_at)?;
        out.push_sql(", last_status = ");
        out.push_bind_param::<Nullable<Integer>, _>(&change.last_status)?;
        out.push_sql(", last_outcome = ");
        out.push_bind_param::<Nullable<Text>, _>(&change.last_outcome)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<Binary, _>(&self.delivery_id)?;
        out.push_sql(" AND claim_id = ");
        out.push_bind_param::<Binary, _>(&self.claim_id)
    }
}

/// The update of many deliveries whose claims hold, column by column.
#[derive(Default)]
struct SettleMany {
    ids: Vec<[u8; 16]>,
    states: Vec<&'static str>,
    attempts: Vec<i32>,
    free_attempts: Vec<i32>,
    due_at: Vec<Option<i64>>,
    finished_at: Vec<Option<i64>>,
    last_status: Vec<Option<i32>>,
    last_outcome: Vec<Option<&'static str>>,
}

impl SettleMany {
    fn push(&mut self, finish: &Finish) -> Result<(), StoreError> {
        let change = Change::of(finish)?;
        self.ids.push(*finish.delivery_id.as_bytes());
        self.states.push(change.state);
        self.attempts.push(change.attempts);
        self.free_attempts.push(change.free_attempts);
        self.due_at.push(change.due_at);
        self.finished_at.push(change.finished_at);
        self.last_status.push(change.last_status);
        self.last_outcome.push(change.last_outcome);
        Ok(())
    }
}

impl QueryId for SettleMany {
    type QueryId = SettleMany;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConn> for SettleMany {}

impl QueryFragment<Pg> for SettleMany {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE deliveries SET claim_id = NULL, lease_until = NULL, state = new.state, attempts = new.attempts, \
             free_attempts = new.free_attempts, due_at = new.due_at, finished_at = new.finished_at, \
             last_status = new.last_status, last_outcome = new.last_outcome FROM unnest(",
        );
        out.push_bind_param::<Array<Binary>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.states)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.attempts)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.free_attempts)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.due_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.finished_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Integer>>, _>(&self.last_status)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.last_outcome)?;
        out.push_sql(
            ") AS new (id, state, attempts, free_attempts, due_at, finished_at, last_status, last_outcome) \
             WHERE deliveries.id = new.id",
        );
        Ok(())
    }
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

columns! {
    struct AttemptRow, AttemptColumns of attempts {
        delivery_id: [u8; 16],
        number: i32,
        started_at: i64,
        duration_ms: i64,
        outcome: String,
        request_line: String,
        request_headers: String,
        response_headers: String,
        response_body: Vec<u8>,
        response_truncated: bool,
    }
}

impl AttemptRow {
    fn new(finish: &Finish) -> Result<AttemptRow, StoreError> {
        let attempt = &finish.attempt;
        Ok(AttemptRow {
            delivery_id: *finish.delivery_id.as_bytes(),
            number: number(attempt.number)?,
            started_at: attempt.started_ms,
            duration_ms: attempt.duration_ms,
            outcome: serde_json::to_string(&attempt.outcome)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
            request_line: attempt.request_line.clone(),
            request_headers: attempt.request_headers.clone(),
            response_headers: attempt.response_headers.clone(),
            response_body: attempt.response_body.clone(),
            response_truncated: attempt.response_truncated,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::store::postgres;
    use crate::store::test_database::{Database, Home};

    /// On tables that are empty yet: the plan is kept while they grow.
    #[test]
    fn postgres_finds_what_ended_by_its_key_from_the_first_event_on() {
        let home = Home::new(Database::Postgres);
        let key = crate::domain::seal::MasterKey::new([1; 32]);
        Store::open(&home.database_url, key).unwrap();
        let ids = [[1_u8; 16]];
        let claims = claims_locked!(&ids);
        let claims: &dyn std::fmt::Display = &diesel::debug_query::<Pg, _>(&claims);
        let types = "(bytea[], text[], int[], int[], bigint[], bigint[], int[], text[])";
        let change = SettleMany::default();
        let change: &dyn std::fmt::Display = &diesel::debug_query::<Pg, _>(&change);
        postgres::with_connection(&home.database_url, true, |conn| {
            for (query, types) in [(claims, ""), (change, types)] {
                let plan = postgres::plan(conn, query, types);
                assert!(plan.contains("deliveries_pkey"), "{plan}");
                assert!(!plan.contains("Seq Scan"), "{plan}");
                assert!(plan.contains("Index Cond: (id = "), "{plan}");
            }
        });
    }
}
