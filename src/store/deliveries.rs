//! The delivery log: pages of it, one delivery with its attempts, and deliveries made by hand.
//!
//! A page walks down the primary key (ids order by time) and joins names; nothing is counted over the log.

use diesel::{
    BoolExpressionMethods as _, EscapeExpressionMethods as _, ExpressionMethods as _,
    JoinOnDsl as _, NullableExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    Queryable, RunQueryDsl as _, Selectable, SelectableHelper as _, TextExpressionMethods as _,
};
use jiff::Timestamp;

use crate::domain::delivery::{Cause, State};
use crate::domain::id::{ConnectionId, DeliveryId, DestinationId, EventId, VersionId};
use crate::domain::outcome::Outcome;
use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::events::{PAGE_LIMIT, Page, like_pattern, lower, position_in};
use crate::store::ingest::{NewDelivery, insert_deliveries};
use crate::store::row;
use crate::store::schema::{attempts, connections, deliveries, destinations, events};

/// One line of the log.
#[derive(Debug, Clone)]
pub struct DeliverySummary {
    pub id: DeliveryId,
    pub event_id: EventId,
    pub connection_id: ConnectionId,
    pub connection_name: String,
    pub version_id: VersionId,
    pub destination_id: DestinationId,
    pub destination_name: String,
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

/// Which deliveries; what is `None` or empty does not narrow.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    pub states: Vec<State>,
    pub connection_id: Option<ConnectionId>,
    pub destination_id: Option<DestinationId>,
    pub event_id: Option<EventId>,
    pub event_type: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Part of the record's title, or of the event's body byte for byte.
    pub text: Option<String>,
    pub page: Page<DeliveryId>,
}

impl Store {
    /// One page of the log, the newest first.
    pub async fn deliveries(
        &self,
        filter: DeliveryFilter,
    ) -> Result<Vec<DeliverySummary>, StoreError> {
        either!(self.read(move |conn| {
            let mut query = deliveries::table
                .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
                .inner_join(connections::table.on(connections::id.eq(deliveries::connection_id)))
                .inner_join(destinations::table.on(destinations::id.eq(deliveries::destination_id)))
                .select(DeliveryRow::as_select())
                .into_boxed();
            query = match filter.states.as_slice() {
                [] => query,
                // Rare states have an index of their own; in the column that it covers the common ones are missing.
                [state] if !matches!(state, State::Sending | State::Delivered) => {
                    query.filter(deliveries::noteworthy.eq(state.as_str()))
                }
                states => query
                    .filter(deliveries::state.eq_any(states.iter().map(|state| state.as_str()))),
            };
            if let Some(id) = filter.connection_id {
                query = query.filter(deliveries::connection_id.eq(id.as_bytes().to_vec()));
            }
            if let Some(id) = filter.destination_id {
                query = query.filter(deliveries::destination_id.eq(id.as_bytes().to_vec()));
            }
            if let Some(id) = filter.event_id {
                query = query.filter(deliveries::event_id.eq(id.as_bytes().to_vec()));
            }
            if let Some(event_type) = filter.event_type {
                query = query.filter(events::event_type.eq(event_type));
            }
            if let Some(text) = filter.text {
                query = query.filter(
                    lower(events::record_title)
                        .like(lower(Some(like_pattern(&text))))
                        .escape('\\')
                        .assume_not_null()
                        .or(position_in(events::body, text.into_bytes()).gt(0)),
                );
            }
            // An id begins with its time, so a time range is a range of the primary key.
            if let Some(from) = filter.from {
                query = query.filter(deliveries::id.ge(first_id_of(from)));
            }
            if let Some(to) = filter.to {
                query = query.filter(deliveries::id.lt(first_id_of(to)));
            }
            if let Some(before) = filter.page.before {
                query = query.filter(deliveries::id.lt(before.as_bytes().to_vec()));
            }
            let upwards = filter.page.after.is_some();
            if let Some(after) = filter.page.after {
                query = query.filter(deliveries::id.gt(after.as_bytes().to_vec()));
            }
            query = match upwards {
                true => query.order(deliveries::id.asc()),
                false => query.order(deliveries::id.desc()),
            };
            let mut rows: Vec<DeliveryRow> = query
                .limit(filter.page.limit.clamp(1, PAGE_LIMIT))
                .load(conn)?;
            if upwards {
                rows.reverse();
            }
            rows.into_iter().map(DeliveryRow::into_domain).collect()
        }))
    }

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
            match insert_deliveries(conn, std::slice::from_ref(&delivery))? {
                1 => Ok(()),
                _ => Err(StoreError::Conflict(
                    "This delivery is there already.".into(),
                )),
            }
        },))
    }
}

/// The smallest delivery id of a time.
fn first_id_of(time: Timestamp) -> Vec<u8> {
    let unix_ms = u64::try_from(time.as_millisecond()).unwrap_or(0);
    DeliveryId::new(unix_ms, [0; 10]).as_bytes()[..8].to_vec()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct DeliveryRow {
    id: Vec<u8>,
    event_id: Vec<u8>,
    connection_id: Vec<u8>,
    #[diesel(select_expression = connections::name)]
    connection_name: String,
    version_id: Vec<u8>,
    destination_id: Vec<u8>,
    #[diesel(select_expression = destinations::name)]
    destination_name: String,
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
    fn into_domain(self) -> Result<DeliverySummary, StoreError> {
        Ok(DeliverySummary {
            id: row::id(&self.id, DeliveryId::from_slice)?,
            event_id: row::id(&self.event_id, EventId::from_slice)?,
            connection_id: row::id(&self.connection_id, ConnectionId::from_slice)?,
            connection_name: self.connection_name,
            version_id: row::id(&self.version_id, VersionId::from_slice)?,
            destination_id: row::id(&self.destination_id, DestinationId::from_slice)?,
            destination_name: self.destination_name,
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
