//! Events: one, with its bytes; and pages of them for the log, without.
//!
//! Ids order by time, so a page is a walk down the primary key and needs no count and no offset.

use std::collections::HashMap;

use bytes::Bytes;
use diesel::sql_types::Binary;
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
    Selectable, SelectableHelper as _,
};
use jiff::Timestamp;

use crate::domain::id::{EventId, SourceId};
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::events;
use crate::store::search::has_text;
use crate::store::window::{PAGE_LIMIT, Rows, Window};

/// Events that a page looks through for what has no index: a text or a type.
pub const LOOK_LIMIT: i64 = 4_000;

/// Events that are looked through for the projects they are in.
pub const PROJECTS_LOOK_BACK: i64 = 2_000;

diesel::define_sql_function! {
    /// In bytes.
    fn length(body: Binary) -> BigInt;
}

/// What is known of an event without its body.
#[derive(Debug, Clone)]
pub struct EventSummary {
    pub id: EventId,
    pub source_id: SourceId,
    pub event_type: String,
    pub record_id: Option<String>,
    pub record_title: Option<String>,
    pub list_id: Option<String>,
    pub list_title: Option<String>,
    pub project_id: Option<String>,
    pub project_name: Option<String>,
    pub company_id: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub received_at: Timestamp,
    /// A person sent it to try something.
    pub is_test: bool,
}

/// An event with the bytes as received.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    pub summary: EventSummary,
    pub body: Bytes,
}

/// Which events; what is `None` or empty does not narrow.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub source_id: Option<SourceId>,
    /// By either of its names.
    pub event_type: Option<String>,
    /// Part of the title, or of the body byte for byte.
    pub text: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub page: Window<EventId>,
}

/// A page of events.
pub type EventsPage = Rows<EventSummary, EventId>;

/// Narrows a boxed query by what has an index, and puts it in order.
macro_rules! walked {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        if let Some(source_id) = $filter.source_id {
            query = query.filter(events::source_id.eq(source_id.as_bytes().to_vec()));
        }
        // An id begins with the time of receipt, so a time range is a range of ids.
        if let Some(from) = $filter.from {
            query = query.filter(events::id.ge(row::first_id(from.as_millisecond())));
        }
        if let Some(to) = $filter.to {
            query = query.filter(events::id.lt(row::first_id(to.as_millisecond())));
        }
        if let Some(before) = $filter.page.before {
            query = query.filter(events::id.lt(before.as_bytes().to_vec()));
        }
        match $filter.page.after {
            Some(after) => query
                .filter(events::id.gt(after.as_bytes().to_vec()))
                .order(events::id.asc()),
            None => query.order(events::id.desc()),
        }
    }};
}

impl Store {
    /// One page of events, the newest first.
    pub async fn events_page(&self, filter: EventFilter) -> Result<EventsPage, StoreError> {
        either!(self.read(move |conn| page(conn, &filter)))
    }

    /// Only the rows of a page, for filters that have an index: their look never ends early.
    pub async fn events(&self, filter: EventFilter) -> Result<Vec<EventSummary>, StoreError> {
        Ok(self.events_page(filter).await?.rows)
    }

    /// One page of a source's events with their bytes, the newest first, without what people sent to try something.
    pub async fn event_bodies(
        &self,
        source_id: SourceId,
        before: Option<EventId>,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        either!(self.read(move |conn| {
            let mut query = events::table
                .filter(events::source_id.eq(source_id.as_bytes().to_vec()))
                .filter(events::is_test.eq(false))
                .select((EventRow::as_select(), events::body))
                .into_boxed();
            if let Some(before) = before {
                query = query.filter(events::id.lt(before.as_bytes().to_vec()));
            }
            let rows: Vec<(EventRow, Vec<u8>)> = query
                .order(events::id.desc())
                .limit(limit.clamp(1, PAGE_LIMIT))
                .load(conn)?;
            rows.into_iter()
                .map(|(row, body)| {
                    Ok(StoredEvent {
                        summary: row.into_domain()?,
                        body: Bytes::from(body),
                    })
                })
                .collect()
        }))
    }

    /// The projects that the newest events of a source were in, by id with their latest name; from a time on, when one is given. Looks at no more
    /// than [`PROJECTS_LOOK_BACK`] events.
    pub async fn projects_seen(
        &self,
        source_id: SourceId,
        since: Option<Timestamp>,
    ) -> Result<Vec<(String, Option<String>)>, StoreError> {
        either!(self.read(move |conn| {
            let rows: Vec<(Option<String>, Option<String>)> = events::table
                .filter(events::source_id.eq(source_id.as_bytes().to_vec()))
                .filter(events::id.ge(row::first_id(since.map_or(0, Timestamp::as_millisecond))))
                .order(events::id.desc())
                .limit(PROJECTS_LOOK_BACK)
                .select((events::project_id, events::project_name))
                .load(conn)?;
            let mut seen: Vec<(String, Option<String>)> = Vec::new();
            for (id, name) in rows {
                let Some(id) = id else { continue };
                match seen.iter_mut().find(|(other, _)| *other == id) {
                    None => seen.push((id, name)),
                    Some((_, known)) if known.is_none() => *known = name,
                    Some(_) => {}
                }
            }
            Ok(seen)
        }))
    }

    /// These events with their bytes; those that are not there any more are left out, and so are bodies longer than this.
    pub async fn events_by_id(
        &self,
        ids: Vec<EventId>,
        longest_bytes: i64,
    ) -> Result<HashMap<EventId, StoredEvent>, StoreError> {
        either!(self.read(move |conn| {
            let rows: Vec<(EventRow, Vec<u8>)> = events::table
                .filter(events::id.eq_any(ids.iter().map(|id| &id.as_bytes()[..])))
                .filter(length(events::body).le(longest_bytes))
                .select((EventRow::as_select(), events::body))
                .load(conn)?;
            rows.into_iter()
                .map(|(row, body)| {
                    let summary = row.into_domain()?;
                    let body = Bytes::from(body);
                    Ok((summary.id, StoredEvent { summary, body }))
                })
                .collect()
        }))
    }

    /// One event with its bytes.
    pub async fn event(&self, id: EventId) -> Result<StoredEvent, StoreError> {
        either!(self.read(move |conn| {
            let (row, body): (EventRow, Vec<u8>) = events::table
                .find(&id.as_bytes()[..])
                .select((EventRow::as_select(), events::body))
                .first(conn)
                .optional()?
                .ok_or(StoreError::NotFound("event"))?;
            Ok(StoredEvent {
                summary: row.into_domain()?,
                body: Bytes::from(body),
            })
        }))
    }
}

both! {
fn page(conn: &mut Conn, filter: &EventFilter) -> Result<EventsPage, StoreError> {
    let edge: Option<Vec<u8>> = if filter.event_type.is_some() || filter.text.is_some() { walked!(events::table.select(events::id).into_boxed(), filter)
            .offset(LOOK_LIMIT)
            .first(conn)
            .optional()? } else { None };
    let upwards = filter.page.after.is_some();
    let mut query = walked!(
        events::table.select(EventRow::as_select()).into_boxed(),
        filter
    );
    if let Some(event_type) = &filter.event_type {
        query = query.filter(events::event_type.eq_any(row::event_names(event_type)));
    }
    if let Some(text) = &filter.text {
        query = query.filter(has_text!(text));
    }
    if let Some(edge) = edge.clone() {
        query = if upwards { query.filter(events::id.le(edge)) } else { query.filter(events::id.ge(edge)) };
    }
    let found: Vec<EventRow> = query.limit(filter.page.asked()).load(conn)?;
    let found: Vec<EventSummary> = found
        .into_iter()
        .map(EventRow::into_domain)
        .collect::<Result<_, _>>()?;
    let edge = edge.map(|id| row::id(&id, EventId::from_slice)).transpose()?;
    Ok(filter.page.cut(found, edge))
}
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
pub(super) struct EventRow {
    id: Vec<u8>,
    source_id: Vec<u8>,
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
}

impl EventRow {
    pub(super) fn into_domain(self) -> Result<EventSummary, StoreError> {
        Ok(EventSummary {
            id: row::id(&self.id, EventId::from_slice)?,
            source_id: row::id(&self.source_id, SourceId::from_slice)?,
            event_type: self.event_type,
            record_id: self.record_id,
            record_title: self.record_title,
            list_id: self.list_id,
            list_title: self.list_title,
            project_id: self.project_id,
            project_name: self.project_name,
            company_id: self.company_id,
            occurred_at: row::maybe_time(self.occurred_at)?,
            received_at: row::time(self.received_at)?,
            is_test: self.is_test,
        })
    }
}
