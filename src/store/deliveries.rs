//! Deliveries: one with its attempts, and those made by hand. Pages of the log are in `log`.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::dsl::sql;
use diesel::sql_types::{Binary, Bool};
use diesel::{
    ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _, Selectable, SelectableHelper as _,
};
use jiff::Timestamp;

use crate::domain::delivery::{Cause, State};
use crate::domain::event::shared_name;
use crate::domain::id::{ConnectionId, DeliveryId, DestinationId, EventId, ReplayId, VersionId};
use crate::domain::outcome::Outcome;
use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::ingest::{NewDelivery, insert_deliveries};
use crate::store::row;
use crate::store::schema::{attempts, connections, deliveries, destinations, events};
use crate::store::window::Window;

/// One line of the log.
#[derive(Debug, Clone)]
pub struct DeliverySummary {
    pub id: DeliveryId,
    pub event_id: EventId,
    pub connection_id: ConnectionId,
    pub connection_name: String,
    /// The connection was deleted; its row and name stay.
    pub connection_is_gone: bool,
    pub version_id: VersionId,
    pub destination_id: DestinationId,
    pub destination_name: String,
    pub destination_is_gone: bool,
    pub event_type: String,
    pub record_id: Option<String>,
    pub record_title: Option<String>,
    pub cause: Cause,
    pub state: State,
    pub attempts: u32,
    pub created_at: Timestamp,
    /// When the next attempt is due, while it waits.
    pub due_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// HTTP status of the last attempt.
    pub last_status: Option<u16>,
    /// Code of the last attempt's outcome.
    pub last_outcome: Option<String>,
    /// Why there was no attempt or there will be none, in words.
    pub problem: Option<String>,
}

impl DeliverySummary {
    /// Whether it failed for good, or was given up, with this attempt of it.
    pub fn ended_with(&self, attempt: &Attempt) -> bool {
        let has_ended = matches!(self.state, State::Failed | State::Discarded);
        has_ended && attempt.number == self.attempts
    }
}

/// One try, as it was.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub number: u32,
    pub started_at: Timestamp,
    pub duration_ms: i64,
    pub outcome: Outcome,
    pub request_line: String,
    pub request_headers: Vec<(String, String)>,
    pub response_headers: Vec<(String, String)>,
    pub response_body: Vec<u8>,
    pub response_truncated: bool,
}

/// Most deliveries that are looked at for what became of a page of events.
pub const BECAME_LIMIT: i64 = 4_000;

/// Newest deliveries of a destination among which an attempt is looked for. Behind as many that were only skipped, none is believed.
const TRIED_AMONG: i64 = 100;

/// What became of some events.
#[derive(Debug, Clone, Default)]
pub struct Became {
    /// For each event and each connection that it came to: how that fared.
    pub states: HashMap<EventId, HashMap<ConnectionId, State>>,
    /// The newest event whose deliveries were not all looked at: of it and of older ones nothing is known, while a newer one that is not among
    /// these has none.
    pub unknown_from: Option<EventId>,
}

/// Which deliveries; what is `None` or empty does not narrow.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    pub states: Vec<State>,
    pub connection_id: Option<ConnectionId>,
    pub destination_id: Option<DestinationId>,
    pub event_id: Option<EventId>,
    pub replay_id: Option<ReplayId>,
    /// By either of its names.
    pub event_type: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Part of the record's title, or of the event's body byte for byte.
    pub text: Option<String>,
    pub page: Window<DeliveryId>,
}

/// The ends of what an id may be.
const FIRST_ID: &[u8] = &[];
const LAST_ID: &[u8] = &[0xff; 16];

impl DeliveryFilter {
    /// Whether it takes a delivery, as far as its row tells: neither its state nor the text of its event is looked at.
    pub fn accepts_apart_from_state(&self, one: &DeliverySummary) -> bool {
        let is = |wanted: Option<bool>| wanted.unwrap_or(true);
        let made_ms = one.id.unix_ms();
        is(self.connection_id.map(|id| id == one.connection_id))
            && is(self.destination_id.map(|id| id == one.destination_id))
            && is(self.event_id.map(|id| id == one.event_id))
            && is(self
                .event_type
                .as_ref()
                .map(|kind| shared_name(kind) == shared_name(&one.event_type)))
            && is(self.from.map(|from| made_ms >= from.as_millisecond()))
            && is(self.to.map(|to| made_ms < to.as_millisecond()))
    }

    /// Whether it takes deliveries in this state.
    pub fn accepts_state(&self, state: State) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }
}

/// Destinations that were tried. Each walks the newest of its own index, so that a quiet one costs no more than a busy one. Asked by a range of both
/// columns: for an equality PostgreSQL may walk the whole log by its key, as if every destination was an average one.
macro_rules! tried {
    () => {
        destinations::table
            .filter(sql::<Bool>("EXISTS (SELECT 1 FROM (SELECT newest.attempts FROM deliveries newest WHERE (newest.destination_id, newest.id) >= (destinations.id, ").bind::<Binary, _>(FIRST_ID).sql(") AND (newest.destination_id, newest.id) <= (destinations.id, ").bind::<Binary, _>(LAST_ID).sql(") ORDER BY newest.destination_id DESC, newest.id DESC LIMIT ").sql(&TRIED_AMONG.to_string()).sql(") newest WHERE newest.attempts > 0)"))
            .select(destinations::id)
    };
}

impl Store {
    /// One delivery.
    pub async fn delivery(&self, id: DeliveryId) -> Result<DeliverySummary, StoreError> {
        either!(self.read(move |conn| {
            deliveries::table
                .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
                .inner_join(connections::table.on(connections::id.eq(deliveries::connection_id)))
                .inner_join(destinations::table.on(destinations::id.eq(deliveries::destination_id)))
                .filter(deliveries::id.eq(&id.as_bytes()[..]))
                .select(DeliveryRow::as_select())
                .first(conn)
                .optional()?
                .ok_or(StoreError::NotFound("delivery"))?
                .into_domain()
        }))
    }

    /// What became of these events, the newest first, by at most `limit` of their deliveries. The look ends between two events: half of an event's
    /// deliveries would tell something else than all of them.
    pub async fn became(&self, ids: Vec<EventId>, limit: i64) -> Result<Became, StoreError> {
        either!(self.read(move |conn| {
            let mut rows: Vec<(Vec<u8>, Vec<u8>, String)> = deliveries::table
                .filter(deliveries::event_id.eq_any(ids.iter().map(|id| &id.as_bytes()[..])))
                .order((deliveries::event_id.desc(), deliveries::id.desc()))
                .limit(limit + 1)
                .select((
                    deliveries::event_id,
                    deliveries::connection_id,
                    deliveries::state,
                ))
                .load(conn)?;
            let mut became = Became::default();
            if rows.len() as i64 > limit
                && let Some((cut, ..)) = rows.pop()
            {
                rows.retain(|(event, ..)| *event != cut);
                became.unknown_from = Some(row::id(&cut, EventId::from_slice)?);
            }
            for (event, connection, state) in rows {
                let states = became.states.entry(row::id(&event, EventId::from_slice)?);
                let connection = row::id(&connection, ConnectionId::from_slice)?;
                let state = row::word(&state, State::from_word)?;
                states
                    .or_default()
                    .entry(connection)
                    .and_modify(|newest| *newest = newest.after(state))
                    .or_insert(state);
            }
            Ok(became)
        }))
    }

    /// Which of these arrived after all, and by which delivery: the first later one of the same event through the same connection.
    pub async fn arrived_later(
        &self,
        of: Vec<(DeliveryId, EventId, ConnectionId)>,
    ) -> Result<HashMap<DeliveryId, DeliveryId>, StoreError> {
        if of.is_empty() {
            return Ok(HashMap::new());
        }
        either!(self.read(move |conn| {
            let events = of.iter().map(|(_, event, _)| &event.as_bytes()[..]);
            let arrived: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = deliveries::table
                .filter(deliveries::event_id.eq_any(events))
                .filter(deliveries::state.eq(State::Delivered.as_str()))
                .select((
                    deliveries::event_id,
                    deliveries::connection_id,
                    deliveries::id,
                ))
                .load(conn)?;
            let mut of_pair: HashMap<_, BTreeSet<DeliveryId>> = HashMap::new();
            for (event, connection, id) in &arrived {
                let id = row::id(id, DeliveryId::from_slice)?;
                of_pair
                    .entry((&event[..], &connection[..]))
                    .or_default()
                    .insert(id);
            }
            let later = |(id, event, connection): &(DeliveryId, EventId, ConnectionId)| {
                let pair = (&event.as_bytes()[..], &connection.as_bytes()[..]);
                let first = of_pair
                    .get(&pair)?
                    .range(*id..)
                    .find(|other| *other != id)?;
                Some((*id, *first))
            };
            Ok(of.iter().filter_map(later).collect())
        }))
    }

    /// At which of these destinations an attempt was made, by the newest deliveries of each.
    pub async fn tried(
        &self,
        ids: Vec<DestinationId>,
    ) -> Result<HashSet<DestinationId>, StoreError> {
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        either!(self.read(move |conn| {
            let ids = ids.iter().map(|id| &id.as_bytes()[..]);
            let tried: Vec<Vec<u8>> = tried!().filter(destinations::id.eq_any(ids)).load(conn)?;
            tried
                .iter()
                .map(|id| row::id(id, DestinationId::from_slice))
                .collect()
        }))
    }

    /// All attempts of a delivery, the first first.
    pub async fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        either!(self.read(move |conn| {
            let rows: Vec<AttemptRow> = attempts::table
                .filter(attempts::delivery_id.eq(&id.as_bytes()[..]))
                .order(attempts::number)
                .select(AttemptRow::as_select())
                .load(conn)?;
            rows.into_iter().map(AttemptRow::into_domain).collect()
        }))
    }

    /// Stores a delivery made by hand, of an event that is already there.
    pub async fn create_delivery(&self, delivery: NewDelivery) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            match insert_deliveries(conn, std::slice::from_ref(&delivery)) {
                Ok(1) => Ok(()),
                Ok(_) => Err(StoreError::Conflict(
                    "This delivery is there already.".into(),
                )),
                // Of what it refers to, only events are ever deleted: this one was forgotten meanwhile.
                Err(error) if error.is_constraint() => Err(StoreError::NotFound("event")),
                Err(error) => Err(error),
            }
        },))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub(super) struct DeliveryRow {
    id: Vec<u8>,
    event_id: Vec<u8>,
    connection_id: Vec<u8>,
    #[diesel(select_expression = connections::name)]
    connection_name: String,
    #[diesel(select_expression = connections::deleted_at)]
    connection_deleted: Option<i64>,
    version_id: Vec<u8>,
    destination_id: Vec<u8>,
    #[diesel(select_expression = destinations::name)]
    destination_name: String,
    #[diesel(select_expression = destinations::deleted_at)]
    destination_deleted: Option<i64>,
    #[diesel(select_expression = events::event_type)]
    event_type: String,
    #[diesel(select_expression = events::record_id)]
    record_id: Option<String>,
    #[diesel(select_expression = events::record_title)]
    record_title: Option<String>,
    cause: String,
    state: String,
    attempts: i32,
    created_at: i64,
    due_at: Option<i64>,
    finished_at: Option<i64>,
    last_status: Option<i32>,
    last_outcome: Option<String>,
    problem: Option<String>,
}

impl DeliveryRow {
    pub(super) fn into_domain(self) -> Result<DeliverySummary, StoreError> {
        Ok(DeliverySummary {
            id: row::id(&self.id, DeliveryId::from_slice)?,
            event_id: row::id(&self.event_id, EventId::from_slice)?,
            connection_id: row::id(&self.connection_id, ConnectionId::from_slice)?,
            connection_name: self.connection_name,
            connection_is_gone: self.connection_deleted.is_some(),
            version_id: row::id(&self.version_id, VersionId::from_slice)?,
            destination_id: row::id(&self.destination_id, DestinationId::from_slice)?,
            destination_name: self.destination_name,
            destination_is_gone: self.destination_deleted.is_some(),
            event_type: self.event_type,
            record_id: self.record_id,
            record_title: self.record_title,
            cause: row::word(&self.cause, Cause::from_word)?,
            state: row::word(&self.state, State::from_word)?,
            attempts: row::count(self.attempts)?,
            created_at: row::time(self.created_at)?,
            due_at: row::maybe_time(self.due_at)?,
            finished_at: row::maybe_time(self.finished_at)?,
            last_status: self
                .last_status
                .and_then(|status| u16::try_from(status).ok()),
            last_outcome: self.last_outcome,
            problem: self.problem,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = attempts)]
struct AttemptRow {
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

impl AttemptRow {
    fn into_domain(self) -> Result<Attempt, StoreError> {
        Ok(Attempt {
            number: row::count(self.number)?,
            started_at: row::time(self.started_at)?,
            duration_ms: self.duration_ms,
            outcome: json(&self.outcome)?,
            request_line: self.request_line,
            request_headers: json(&self.request_headers)?,
            response_headers: json(&self.response_headers)?,
            response_body: self.response_body,
            response_truncated: self.response_truncated,
        })
    }
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use diesel::sqlite::Sqlite;

    use super::*;
    use crate::store::postgres;
    use crate::store::sqlite::plan;

    #[test]
    fn whether_destinations_were_tried_is_told_by_the_newest_of_each() {
        let ids = [vec![1_u8; 16], vec![2; 16]];
        let query = tried!().filter(destinations::id.eq_any(ids));
        let plan = plan(&diesel::debug_query::<Sqlite, _>(&query));
        assert!(plan.contains("deliveries_by_destination"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        assert!(!plan.contains("SCAN newest USING"), "{plan}");
    }

    /// The same on PostgreSQL, over a log whose destinations have much more than the one that is asked about.
    #[test]
    fn quiet_destinations_cost_no_look_through_the_log_on_postgres() {
        use crate::store::test_database::{Database, Home};
        use diesel::connection::SimpleConnection as _;
        use diesel::pg::Pg;
        let home = Home::new(Database::Postgres);
        let key = crate::domain::seal::MasterKey::new([1; 32]);
        Store::open(&home.database_url, key).unwrap();
        postgres::with_connection(&home.database_url, false, |conn| {
            conn.batch_execute(crate::store::picks::tests::LONG_LOG)
                .unwrap();
            let ids = [vec![1_u8; 16], vec![2; 16]];
            let query = tried!().filter(destinations::id.eq_any(ids));
            let query = diesel::debug_query::<Pg, _>(&query);
            let plan = postgres::plan(conn, &query, "");
            assert!(plan.contains("deliveries_by_destination"), "{plan}");
            assert!(!plan.contains("deliveries_pkey"), "{plan}");
        });
    }
}
