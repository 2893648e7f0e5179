//! An event and all its deliveries, in one transaction; duplicates are settled by a unique index.
//!
//! Called by the writer with everything that waits, so each table takes one or a few multi-row statements per batch. An event whose key was
//! taken inside the window is a duplicate: nothing of it is stored, and the answer names the first one. Where that may as well be a change of a record that
//! was made, undone and made again, it is taken: what arrives twice can be told apart by its receiver, what is lost cannot. So Blue's own repeat of an
//! event is taken twice when it comes after one that undid it at the same time: nothing in it tells it from the change made again. Lists, tags and custom
//! fields have no such way: their events tell of no record.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use diesel::backend::Backend;
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Binary;
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use sha2::{Digest as _, Sha256};

use crate::domain::delivery::{Cause, State};
use crate::domain::event::{EventFacts, Undoing};
use crate::domain::id::{
    ClaimId, ConnectionId, DeliveryId, DestinationId, EventId, ReplayId, SourceId, VersionId,
};
use crate::store::backend::{Backend as _, PgConn, SqliteConn};
use crate::store::both::both;
use crate::store::columns::columns;
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{deliveries, events};

/// Inserts rows in as few statements of 64, 32, 16, 8, 4, 2 and 1 of them as it takes, and counts those that were stored. The statements are
/// few and fixed: each is put together and prepared once for a connection, which costs more than running it.
macro_rules! insert_rows {
    ($conn:expr, $all:expr, |$rows:ident| $insert:expr) => {
        insert_rows!(in [64 32 16 8 4 2], $conn, $all, |$rows| $insert)
    };
    (in [$($size:literal)+], $conn:expr, $all:expr, |$rows:ident| $insert:expr) => {{
        let mut stored = 0;
        let rest = &$all[..];
        $(
            let (full, rest) = rest.as_chunks::<$size>();
            for $rows in full {
                stored += $insert.execute($conn)?;
            }
        )+
        for $rows in rest {
            stored += $insert.execute($conn)?;
        }
        stored
    }};
}
pub(super) use insert_rows;

/// Events of one record, the newest, among which one is looked for that undid another.
const LATER_LIMIT: i64 = 64;
/// Of these, bodies in memory at once.
const BODIES_AT_ONCE: usize = 8;

/// One event with the deliveries that the connections decided on.
#[derive(Debug, Clone)]
pub struct Ingest {
    pub event: NewEvent,
    pub deliveries: Vec<NewDelivery>,
}

/// An event to be stored.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub id: EventId,
    pub source_id: SourceId,
    pub facts: EventFacts,
    pub received_ms: i64,
    pub is_test: bool,
    pub body: Bytes,
    /// Since when the same content makes this a duplicate, in milliseconds since 1970; `None` takes it however often it comes.
    pub unique_since_ms: Option<i64>,
}

/// A delivery to be stored.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub event_id: EventId,
    pub connection_id: ConnectionId,
    pub version_id: VersionId,
    pub destination_id: DestinationId,
    pub cause: Cause,
    pub start: Start,
    pub created_ms: i64,
    /// The same for deliveries that go strictly one after another; they are never leased at once.
    pub lane: Option<[u8; 16]>,
    /// The replay that makes it; one makes at most one delivery of an event for a connection.
    pub replay_id: Option<ReplayId>,
}

/// How a delivery begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The filter said no.
    Skipped,
    /// The mapping failed, with this sentence.
    MappingFailed(String),
    /// Waits in the database and is claimed later.
    Queued,
    /// Waits for its paused destination.
    Held,
    /// Goes straight to the sender of this node.
    Leased { claim_id: ClaimId, until_ms: i64 },
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    Stored,
    /// The same content came before, inside the window, as this event.
    Duplicate {
        of: EventId,
    },
}

both! {
    /// Writes a batch; the answers are in its order. Runs inside the caller's transaction.
    pub fn insert_events(conn: &mut Conn, batch: &[Ingest]) -> Result<Vec<Ingested>, StoreError> {
        let mut rows: Vec<EventRow> = batch.iter().map(|one| EventRow::new(&one.event)).collect();
        if Self::SHARED {
            // Nodes that take the same events at the same time wait for each other in the same order, and never in a circle. Those of one key stay in
            // theirs: the first is stored, and the others are looked at in turn.
            rows.sort_by_key(|row| row.dedupe_key);
        }
        let stored = conn.insert_fresh(&rows)?;
        let duplicates = if stored == rows.len() { HashMap::new() } else { settle_taken_keys(conn, batch)? };
        failpoint!("ingest:between_event_and_deliveries");
        let fresh: Vec<DeliveryRow> = batch
            .iter()
            .filter(|ingest| !duplicates.contains_key(&ingest.event.id))
            .flat_map(|ingest| &ingest.deliveries)
            .map(DeliveryRow::new)
            .collect();
        conn.insert_all(&fresh)?;
        Ok(batch
            .iter()
            .map(|ingest| match duplicates.get(&ingest.event.id) {
                Some(first) => Ingested::Duplicate { of: *first },
                None => Ingested::Stored,
            })
            .collect())
    }
}

/// Inserts many rows, each database in its way, and counts them.
trait Insert {
    /// Events except those whose key is taken.
    fn insert_fresh(&mut self, events: &[EventRow]) -> Result<usize, StoreError>;

    /// All of these deliveries.
    fn insert_all(&mut self, deliveries: &[DeliveryRow]) -> Result<usize, StoreError>;

    /// Deliveries except those that were made before.
    fn insert_missing(&mut self, deliveries: &[DeliveryRow]) -> Result<usize, StoreError>;
}

impl Insert for SqliteConn {
    /// Written so that diesel keeps the prepared statement.
    fn insert_fresh(&mut self, all: &[EventRow]) -> Result<usize, StoreError> {
        Ok(insert_rows!(self, all, |rows| {
            diesel::insert_or_ignore_into(events::table).values(rows)
        }))
    }

    fn insert_all(&mut self, all: &[DeliveryRow]) -> Result<usize, StoreError> {
        Ok(insert_rows!(self, all, |rows| {
            diesel::insert_into(deliveries::table).values(rows)
        }))
    }

    fn insert_missing(&mut self, all: &[DeliveryRow]) -> Result<usize, StoreError> {
        Ok(insert_rows!(self, all, |rows| {
            diesel::insert_into(deliveries::table)
                .values(rows)
                .on_conflict_do_nothing()
        }))
    }
}

impl Insert for PgConn {
    fn insert_fresh(&mut self, events: &[EventRow]) -> Result<usize, StoreError> {
        EventColumns::<true>::insert(events, self)
    }

    fn insert_all(&mut self, deliveries: &[DeliveryRow]) -> Result<usize, StoreError> {
        DeliveryColumns::<false>::insert(deliveries, self)
    }

    fn insert_missing(&mut self, deliveries: &[DeliveryRow]) -> Result<usize, StoreError> {
        DeliveryColumns::<true>::insert(deliveries, self)
    }
}

both! {
    /// Writes deliveries of events that are already stored: a resend or a replay. Those that their replay made before are left out.
    pub fn insert_deliveries(conn: &mut Conn, deliveries: &[NewDelivery]) -> Result<usize, StoreError> {
        let rows: Vec<DeliveryRow> = deliveries.iter().map(DeliveryRow::new).collect();
        conn.insert_missing(&rows)
    }
}

both! {
    /// Some events were not stored because their key is taken. Where the key's event is past its window, or the record may have changed to and fro
    /// meanwhile, the key is taken over; the others are duplicates. Returns those with the event that came first.
    fn settle_taken_keys(
        conn: &mut Conn,
        batch: &[Ingest],
    ) -> Result<HashMap<EventId, EventId>, StoreError> {
        let stored: HashSet<Vec<u8>> = events::table
            .filter(events::id.eq_any(batch.iter().map(|one| &one.event.id.as_bytes()[..])))
            .select(events::id)
            .load(conn)?
            .into_iter()
            .collect();
        let mut duplicates = HashMap::new();
        let events = batch.iter().map(|one| &one.event);
        let mut taken: Vec<&NewEvent> =
            events.filter(|event| !stored.contains(&event.id.as_bytes()[..])).collect();
        // As above: nodes wait for each other in the same order.
        taken.sort_by_cached_key(|event| stored_key(&event.source_id, &event.facts));
        for event in taken {
            let NewEvent { id, source_id, facts, unique_since_ms, .. } = event;
            let (holder, received_ms): (Vec<u8>, i64) = events::table
                .filter(events::dedupe_key.eq(stored_key(source_id, facts)))
                .select((events::id, events::received_at))
                .first(conn)?;
            let past_its_window = unique_since_ms.is_some_and(|since_ms| received_ms < since_ms);
            let mut first = holder;
            if past_its_window || may_have_changed_back(conn, event, &first)? {
                diesel::update(events::table.filter(events::id.eq(&first)))
                    .set(events::dedupe_key.eq(None::<Vec<u8>>))
                    .execute(conn)?;
                if conn.insert_fresh(&[EventRow::new(event)])? == 1 {
                    continue;
                }
                // Another node has taken the key over meanwhile.
                first = events::table
                    .filter(events::dedupe_key.eq(stored_key(source_id, facts)))
                    .select(events::id)
                    .first(conn)?;
            }
            duplicates.insert(*id, row::id(&first, EventId::from_slice)?);
        }
        Ok(duplicates)
    }
}

both! {
    /// Whether the same change may have been made once more. Where its time is not told, any other event of the record after the first tells so; where it
    /// is, only one that undid the first at that very time, so that the time says nothing.
    fn may_have_changed_back(
        conn: &mut Conn,
        event: &NewEvent,
        first: &[u8],
    ) -> Result<bool, StoreError> {
        let facts = &event.facts;
        let Some(record_id) = facts.record_id.as_deref() else {
            return Ok(false);
        };
        let later = events::table
            .filter(events::record_id.eq(row::text(record_id)))
            .filter(events::id.gt(first))
            .filter(events::source_id.eq(&event.source_id.as_bytes()[..]))
            .filter(events::is_test.eq(false));
        if !facts.is_stamped {
            let later: Option<Vec<u8>> = later.select(events::id).first(conn).optional()?;
            return Ok(later.is_some());
        }
        let Some(undoing) = Undoing::of(&event.body) else {
            return Ok(false);
        };
        let at_ms = facts.occurred_at.map(|time| time.as_millisecond());
        let newest: Vec<(Vec<u8>, Option<i64>)> = later
            .order(events::id.desc())
            .limit(LATER_LIMIT)
            .select((events::id, events::occurred_at))
            .load(conn)?;
        let of_that_time = newest.iter().filter(|(_, at)| *at == at_ms);
        let ids: Vec<&[u8]> = of_that_time.map(|(id, _)| &id[..]).collect();
        for ids in ids.chunks(BODIES_AT_ONCE) {
            let bodies: Vec<Vec<u8>> = events::table
                .filter(events::id.eq_any(ids.iter().copied()))
                .select(events::body)
                .load(conn)?;
            if bodies.iter().any(|body| undoing.is_shown_by(body)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The same content is another event when another source sent it. The second of the change stands first, where the event is stamped with it: what changed
/// lately then stands side by side in the index, and a commit does not write a page of it for every event. What follows is the beginning of a digest: 96 bits
/// are enough to tell events apart.
fn stored_key(source_id: &SourceId, facts: &EventFacts) -> [u8; 16] {
    let changed_at = facts.occurred_at.filter(|_| facts.is_stamped);
    let second = changed_at.and_then(|at| u32::try_from(at.as_second()).ok());
    let digest = Sha256::new()
        .chain_update(source_id.as_bytes())
        .chain_update(facts.dedupe_key)
        .finalize();
    let mut key = [0; 16];
    key[..4].copy_from_slice(&second.unwrap_or_default().to_be_bytes());
    key[4..].copy_from_slice(&digest[..12]);
    key
}

columns! {
    /// Rows own what they hold: diesel remembers a statement by its type only when nothing in it is borrowed.
    struct EventRow, EventColumns of events {
        id: [u8; 16],
        source_id: [u8; 16],
        event_type: String,
        record_id: Option<String>,
        record_title: Option<String>,
        list_id: Option<String>,
        list_title: Option<String>,
        project_id: Option<String>,
        project_name: Option<String>,
        company_id: Option<String>,
        occurred_at: Option<i64>,
        received_at: i64,
        is_test: bool,
        body: Body,
        dedupe_key: Option<[u8; 16]>,
    }
}

/// A body as it came, shared and not copied.
#[derive(Debug, AsExpression)]
#[diesel(sql_type = Binary)]
struct Body(Bytes);

impl<DB: Backend> ToSql<Binary, DB> for Body
where
    [u8]: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0[..].to_sql(out)
    }
}

impl EventRow {
    fn new(event: &NewEvent) -> EventRow {
        let facts = &event.facts;
        EventRow {
            id: *event.id.as_bytes(),
            source_id: *event.source_id.as_bytes(),
            event_type: row::text(&facts.event_type),
            record_id: facts.record_id.as_deref().map(row::text),
            record_title: facts.record_title.as_deref().map(row::text),
            list_id: facts.list_id.as_deref().map(row::text),
            list_title: facts.list_title.as_deref().map(row::text),
            project_id: facts.project_id.as_deref().map(row::text),
            project_name: facts.project_name.as_deref().map(row::text),
            company_id: facts.company_id.as_deref().map(row::text),
            occurred_at: facts.occurred_at.map(|time| time.as_millisecond()),
            received_at: event.received_ms,
            is_test: event.is_test,
            body: Body(event.body.clone()),
            dedupe_key: event
                .unique_since_ms
                .map(|_| stored_key(&event.source_id, facts)),
        }
    }
}

columns! {
    struct DeliveryRow, DeliveryColumns of deliveries {
        id: [u8; 16],
        event_id: [u8; 16],
        connection_id: [u8; 16],
        version_id: [u8; 16],
        destination_id: [u8; 16],
        cause: &'static str,
        state: &'static str,
        attempts: i32,
        created_at: i64,
        lane: Option<[u8; 16]>,
        due_at: Option<i64>,
        claim_id: Option<[u8; 16]>,
        lease_until: Option<i64>,
        finished_at: Option<i64>,
        problem: Option<String>,
        replay_id: Option<[u8; 16]>,
    }
}

impl DeliveryRow {
    fn new(delivery: &NewDelivery) -> DeliveryRow {
        let state = match delivery.start {
            Start::Skipped => State::Skipped,
            Start::MappingFailed(_) => State::MappingFailed,
            Start::Queued => State::Queued,
            Start::Held => State::Held,
            Start::Leased { .. } => State::Sending,
        };
        let (claim_id, lease_until) = match &delivery.start {
            Start::Leased { claim_id, until_ms } => (Some(*claim_id.as_bytes()), Some(*until_ms)),
            _ => (None, None),
        };
        DeliveryRow {
            id: *delivery.id.as_bytes(),
            event_id: *delivery.event_id.as_bytes(),
            connection_id: *delivery.connection_id.as_bytes(),
            version_id: *delivery.version_id.as_bytes(),
            destination_id: *delivery.destination_id.as_bytes(),
            cause: delivery.cause.as_str(),
            state: state.as_str(),
            attempts: 0,
            created_at: delivery.created_ms,
            lane: delivery.lane,
            due_at: (state == State::Queued).then_some(delivery.created_ms),
            claim_id,
            lease_until,
            finished_at: state.is_final().then_some(delivery.created_ms),
            problem: match &delivery.start {
                Start::MappingFailed(sentence) => Some(row::text(sentence)),
                _ => None,
            },
            replay_id: delivery.replay_id.map(|id| *id.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    use serde_json::json;

    use super::*;
    use crate::domain::event::{Reading, read};
    use crate::store::Store;
    use crate::store::postgres;
    use crate::store::test_database::{Database, Home};

    /// Also where its digest says otherwise, and before 1970 or without a time, when the digest alone tells events apart.
    #[test]
    fn keys_stand_in_the_order_of_the_changes() {
        let key = |title: &str, updated_at: &str| {
            let event = json!({"event": "E", "timestamp": "2026-01-01T00:00:00Z",
                               "currentValue": {"id": "1", "title": title, "updatedAt": updated_at}});
            let Ok(Reading::Event { facts, .. }) = read(event.to_string().as_bytes()) else {
                panic!("{event}");
            };
            stored_key(&SourceId::new(1, [1; 10]), &facts)
        };
        let times = (10..60).map(|second| format!("2026-01-01T00:00:{second}.5Z"));
        let keys: Vec<[u8; 16]> = times.map(|time| key("there", &time)).collect();
        assert!(keys.is_sorted());
        let at_once = ["there", "back"].map(|title| key(title, "2026-01-01T00:00:10.5Z"));
        assert_eq!(at_once[0], keys[0]);
        assert_eq!(at_once[1][..4], keys[0][..4]);
        assert_ne!(at_once[1], keys[0]);
        for time in ["", "1969-01-01T00:00:00Z", "9999-01-01T00:00:00Z"] {
            assert_eq!(key("there", time)[..4], [0; 4]);
            assert_ne!(key("there", time), key("back", time));
        }
    }

    /// Many records at once, so that their keys mingle when they are put in order.
    #[test]
    fn a_change_there_back_and_there_again_in_one_batch_is_stored_three_times_on_postgres() {
        let event = |number: u8, record: u8, title: &str| {
            let body =
                json!({"event": "E", "currentValue": {"id": record.to_string(), "title": title}});
            let body = body.to_string();
            let Ok(Reading::Event { facts, .. }) = read(body.as_bytes()) else {
                panic!("{body}");
            };
            let event = NewEvent {
                id: EventId::new(1, [number; 10]),
                source_id: SourceId::new(1, [1; 10]),
                facts,
                received_ms: 1,
                is_test: false,
                body: body.into(),
                unique_since_ms: Some(0),
            };
            Ingest {
                event,
                deliveries: Vec::new(),
            }
        };
        let batch: Vec<Ingest> = (0..240)
            .map(|number| match number / 80 {
                1 => event(number, number % 80, "back"),
                _ => event(number, number % 80, "there"),
            })
            .collect();
        let home = Home::new(Database::Postgres);
        let key = crate::domain::seal::MasterKey::new([1; 32]);
        Store::open(&home.database_url, key).unwrap();
        postgres::with_connection(&home.database_url, true, |conn| {
            // There is no source to refer to.
            conn.batch_execute("SET session_replication_role = replica")
                .unwrap();
            let stored = conn
                .transaction(|conn| insert_events(conn, &batch))
                .unwrap();
            let lost = stored.iter().filter(|one| **one != Ingested::Stored);
            assert_eq!(lost.count(), 0);
        });
    }
}
