//! Which deliveries come next: what is due, put off, held or leased too long, each found by its index however long the log is.
//!
//! The questions of `claims`, `waiting` and `clock_step`; nothing is changed here.

use diesel::dsl::{exists, not, sql};
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::id::DestinationId;
use crate::store::backend::{PgConn, SqliteConn};
use crate::store::claims::ClaimRequest;
use crate::store::error::StoreError;
use crate::store::schema::deliveries;

diesel::alias!(deliveries as other: Other);

/// Deliveries that are changed in one transaction, so that others may write between.
pub(super) const MOVE_LIMIT: i64 = 1_000;

/// What is due, the longest first.
#[diesel::dsl::auto_type]
pub(super) fn due(request: ClaimRequest) -> _ {
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
pub(super) fn waiting(destination_id: DestinationId, now_ms: i64) -> _ {
    let destination: Vec<u8> = destination_id.as_bytes().to_vec();
    let limit: i64 = MOVE_LIMIT;
    deliveries::table
        .filter(deliveries::destination_id.eq(destination))
        .filter(deliveries::due_at.le(now_ms))
        .limit(limit)
}

/// What waits for its time, the next first.
#[diesel::dsl::auto_type]
pub(super) fn put_off(destination_id: DestinationId) -> _ {
    let destination: Vec<u8> = destination_id.as_bytes().to_vec();
    deliveries::table
        .filter(deliveries::destination_id.eq(destination))
        .filter(deliveries::due_at.is_not_null())
        .order(deliveries::due_at)
}

/// What is held, the least tried first.
#[diesel::dsl::auto_type]
pub(super) fn held(destination_id: DestinationId) -> _ {
    let destination: Vec<u8> = destination_id.as_bytes().to_vec();
    let is_held: SqlLiteral<Bool> = is_held();
    deliveries::table
        .filter(deliveries::destination_id.eq(destination))
        .filter(is_held)
        .order((deliveries::attempts, deliveries::id))
}

/// What is leased until before a time.
#[diesel::dsl::auto_type]
pub(super) fn expired(before_ms: i64) -> _ {
    let is_sending: SqlLiteral<Bool> = is_sending();
    let limit: i64 = MOVE_LIMIT;
    deliveries::table
        .filter(is_sending)
        .filter(deliveries::lease_until.lt(before_ms))
        .limit(limit)
}

/// What is leased until after a time.
#[diesel::dsl::auto_type]
pub(super) fn leased_beyond(latest_ms: i64) -> _ {
    let is_sending: SqlLiteral<Bool> = is_sending();
    deliveries::table
        .filter(is_sending)
        .filter(deliveries::lease_until.gt(latest_ms))
}

/// Which deliveries to change next. On PostgreSQL they are locked, and those that another transaction has locked are left to it.
pub(super) trait Picks {
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
picks!(SqliteConn, |_: &mut SqliteConn, seen, _| Ok(seen));
picks!(
    PgConn,
    |conn: &mut PgConn, _, request| {
        let due = due(request).select(deliveries::id);
        Ok(due.for_update().skip_locked().load(conn)?)
    },
    for_update,
    skip_locked
);

/// Whether no earlier delivery of its lane is unfinished, and none at all is being sent: one that got its id first may be stored last, by a replay or by a
/// node whose clock is behind.
#[diesel::dsl::auto_type]
pub(super) fn turn_has_come() -> _ {
    let barred = exists(
        other
            .filter(other.field(deliveries::lane).eq(deliveries::lane))
            .filter(other.field(deliveries::id).lt(deliveries::id))
            .filter(other.field(deliveries::finished_at).is_null()),
    );
    let is_sending: SqlLiteral<Bool> = sql("other.state = 'sending'");
    let overtaken = exists(
        other
            .filter(other.field(deliveries::lane).eq(deliveries::lane))
            .filter(other.field(deliveries::finished_at).is_null())
            .filter(is_sending),
    );
    deliveries::lane
        .is_null()
        .or(not(barred).and(not(overtaken)))
}

// Written out instead of bound: a planner must see the word to use the index over such deliveries.

pub(super) fn is_held() -> SqlLiteral<Bool> {
    sql("deliveries.state = 'held'")
}

fn is_sending() -> SqlLiteral<Bool> {
    sql("deliveries.state = 'sending'")
}

#[cfg(test)]
pub(in crate::store) mod tests {
    use diesel::sqlite::Sqlite;

    use super::*;
    use crate::domain::id::ClaimId;
    use crate::store::Store;
    use crate::store::postgres;
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
    pub(in crate::store) const LONG_LOG: &str = "
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
