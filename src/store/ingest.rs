//! An event and all its deliveries, in one transaction; duplicates are settled by a unique index.
//!
//! Called by the writer with everything that waits, so each table takes one multi-row statement per batch. An event whose key was
//! taken inside the window is a duplicate: nothing of it is stored, and the answer names the first one.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use diesel::upsert::excluded;
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, RunQueryDsl as _};

use crate::domain::delivery::{Cause, State};
use crate::domain::event::EventFacts;
use crate::domain::id::{
    ClaimId, ConnectionId, DeliveryId, DestinationId, EventId, SourceId, VersionId,
};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{deliveries, event_keys, events};
use crate::store::sqlite::Conn;

/// Rows in one statement; SQLite takes at most 32,766 values a statement, and a delivery has sixteen.
const ROWS_PER_STATEMENT: usize = 500;

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
    /// Until when the same content is a duplicate, in milliseconds since 1970; `None` takes it however often it comes.
    pub unique_until_ms: Option<i64>,
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

/// Writes a batch; the answers are in its order. Runs inside the caller's transaction.
pub fn insert_events(conn: &mut Conn, batch: &[Ingest]) -> Result<Vec<Ingested>, StoreError> {
    let duplicates = take_keys(conn, batch)?;
    let fresh = || {
        batch
            .iter()
            .filter(|ingest| !duplicates.contains_key(&ingest.event.id))
    };
    let event_rows: Vec<EventRow<'_>> =
        fresh().map(|ingest| EventRow::new(&ingest.event)).collect();
    for rows in event_rows.chunks(ROWS_PER_STATEMENT) {
        diesel::insert_into(events::table)
            .values(rows)
            .execute(conn)?;
    }
    let delivery_rows: Vec<DeliveryRow<'_>> = fresh()
        .flat_map(|ingest| &ingest.deliveries)
        .map(DeliveryRow::new)
        .collect();
    insert_delivery_rows(conn, &delivery_rows)?;
    Ok(batch
        .iter()
        .map(|ingest| match duplicates.get(&ingest.event.id) {
            Some(first) => Ingested::Duplicate { of: *first },
            None => Ingested::Stored,
        })
        .collect())
}

/// Writes deliveries of an event that is already stored: a resend or a replay.
pub fn insert_deliveries(conn: &mut Conn, deliveries: &[NewDelivery]) -> Result<(), StoreError> {
    let rows: Vec<DeliveryRow<'_>> = deliveries.iter().map(DeliveryRow::new).collect();
    insert_delivery_rows(conn, &rows)
}

fn insert_delivery_rows(conn: &mut Conn, rows: &[DeliveryRow<'_>]) -> Result<(), StoreError> {
    for rows in rows.chunks(ROWS_PER_STATEMENT) {
        diesel::insert_into(deliveries::table)
            .values(rows)
            .execute(conn)?;
    }
    Ok(())
}

/// Takes each event's key for its window. Returns the events whose key was already taken, with the event that has it.
fn take_keys(conn: &mut Conn, batch: &[Ingest]) -> Result<HashMap<EventId, EventId>, StoreError> {
    let mut duplicates = HashMap::new();
    let mut taken: HashMap<[u8; 32], EventId> = HashMap::with_capacity(batch.len());
    let mut rows = Vec::with_capacity(batch.len());
    for NewEvent {
        id,
        facts,
        received_ms,
        unique_until_ms,
        ..
    } in batch.iter().map(|ingest| &ingest.event)
    {
        let Some(expires_ms) = unique_until_ms else {
            continue;
        };
        // A batch may hold the same content twice; PostgreSQL refuses to touch one row twice in a statement.
        if let Some(first) = taken.get(&facts.dedupe_key) {
            duplicates.insert(*id, *first);
            continue;
        }
        taken.insert(facts.dedupe_key, *id);
        rows.push(KeyRow {
            key: &facts.dedupe_key,
            event_id: id.as_bytes(),
            expires_at: *expires_ms,
            received_ms: *received_ms,
        });
    }
    let mut stored = 0;
    for rows in rows.chunks(ROWS_PER_STATEMENT) {
        let values: Vec<_> = rows.iter().map(KeyRow::values).collect();
        stored += diesel::insert_into(event_keys::table)
            .values(values)
            .on_conflict(event_keys::key)
            .do_nothing()
            .execute(conn)?;
    }
    if stored < rows.len() {
        settle_taken_keys(conn, &rows, &mut duplicates)?;
        redirect_followers(&mut duplicates);
    }
    Ok(duplicates)
}

/// Some keys exist already: those past their window are taken over, the others make their event a duplicate.
fn settle_taken_keys(
    conn: &mut Conn,
    rows: &[KeyRow<'_>],
    duplicates: &mut HashMap<EventId, EventId>,
) -> Result<(), StoreError> {
    for row in rows {
        let (holder, expires_at): (Vec<u8>, i64) = event_keys::table
            .find(&row.key[..])
            .select((event_keys::event_id, event_keys::expires_at))
            .first(conn)?;
        if holder == row.event_id {
            continue;
        }
        if expires_at <= row.received_ms {
            diesel::insert_into(event_keys::table)
                .values(row.values())
                .on_conflict(event_keys::key)
                .do_update()
                .set((
                    event_keys::event_id.eq(excluded(event_keys::event_id)),
                    event_keys::expires_at.eq(excluded(event_keys::expires_at)),
                ))
                .execute(conn)?;
        } else {
            duplicates.insert(
                row::id(row.event_id, EventId::from_slice)?,
                row::id(&holder, EventId::from_slice)?,
            );
        }
    }
    Ok(())
}

/// A duplicate of a duplicate names the first one.
fn redirect_followers(duplicates: &mut HashMap<EventId, EventId>) {
    let first_of = duplicates.clone();
    let known: HashSet<EventId> = first_of.keys().copied().collect();
    for first in duplicates.values_mut() {
        if known.contains(first)
            && let Some(earlier) = first_of.get(first)
        {
            *first = *earlier;
        }
    }
}

struct KeyRow<'a> {
    key: &'a [u8; 32],
    event_id: &'a [u8; 16],
    expires_at: i64,
    received_ms: i64,
}

type KeyValues<'a> = (
    diesel::dsl::Eq<event_keys::key, &'a [u8]>,
    diesel::dsl::Eq<event_keys::event_id, &'a [u8]>,
    diesel::dsl::Eq<event_keys::expires_at, i64>,
);

impl<'a> KeyRow<'a> {
    fn values(&self) -> KeyValues<'a> {
        (
            event_keys::key.eq(&self.key[..]),
            event_keys::event_id.eq(&self.event_id[..]),
            event_keys::expires_at.eq(self.expires_at),
        )
    }
}

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct EventRow<'a> {
    id: &'a [u8],
    source_id: &'a [u8],
    event_type: &'a str,
    record_id: Option<&'a str>,
    record_title: Option<&'a str>,
    list_id: Option<&'a str>,
    list_title: Option<&'a str>,
    project_id: Option<&'a str>,
    project_name: Option<&'a str>,
    company_id: Option<&'a str>,
    occurred_at: Option<i64>,
    received_at: i64,
    is_test: bool,
    body: &'a [u8],
}

impl<'a> EventRow<'a> {
    fn new(event: &'a NewEvent) -> EventRow<'a> {
        let facts = &event.facts;
        EventRow {
            id: event.id.as_bytes(),
            source_id: event.source_id.as_bytes(),
            event_type: &facts.event_type,
            record_id: facts.record_id.as_deref(),
            record_title: facts.record_title.as_deref(),
            list_id: facts.list_id.as_deref(),
            list_title: facts.list_title.as_deref(),
            project_id: facts.project_id.as_deref(),
            project_name: facts.project_name.as_deref(),
            company_id: facts.company_id.as_deref(),
            occurred_at: facts.occurred_at.map(|time| time.as_millisecond()),
            received_at: event.received_ms,
            is_test: event.is_test,
            body: &event.body,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
struct DeliveryRow<'a> {
    id: &'a [u8],
    event_id: &'a [u8],
    connection_id: &'a [u8],
    version_id: &'a [u8],
    destination_id: &'a [u8],
    cause: &'static str,
    state: &'static str,
    attempts: i32,
    created_at: i64,
    lane: Option<&'a [u8]>,
    due_at: Option<i64>,
    claim_id: Option<&'a [u8]>,
    lease_until: Option<i64>,
    finished_at: Option<i64>,
    problem: Option<&'a str>,
}

impl<'a> DeliveryRow<'a> {
    fn new(delivery: &'a NewDelivery) -> DeliveryRow<'a> {
        let state = match delivery.start {
            Start::Skipped => State::Skipped,
            Start::MappingFailed(_) => State::MappingFailed,
            Start::Queued => State::Queued,
            Start::Held => State::Held,
            Start::Leased { .. } => State::Sending,
        };
        let (claim_id, lease_until) = match &delivery.start {
            Start::Leased { claim_id, until_ms } => {
                (Some(&claim_id.as_bytes()[..]), Some(*until_ms))
            }
            _ => (None, None),
        };
        DeliveryRow {
            id: delivery.id.as_bytes(),
            event_id: delivery.event_id.as_bytes(),
            connection_id: delivery.connection_id.as_bytes(),
            version_id: delivery.version_id.as_bytes(),
            destination_id: delivery.destination_id.as_bytes(),
            cause: delivery.cause.as_str(),
            state: state.as_str(),
            attempts: 0,
            created_at: delivery.created_ms,
            lane: delivery.lane.as_ref().map(|lane| &lane[..]),
            due_at: (state == State::Queued).then_some(delivery.created_ms),
            claim_id,
            lease_until,
            finished_at: state.is_final().then_some(delivery.created_ms),
            problem: match &delivery.start {
                Start::MappingFailed(sentence) => Some(sentence),
                _ => None,
            },
        }
    }
}
