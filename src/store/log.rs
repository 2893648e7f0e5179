//! Pages of the delivery log: walks down (or up) an index in the order of ids, which is the order of time; names are joined, nothing is counted.
//!
//! Called by the log's page, its live tail, its export and the API. What has no index (a text in the body, an event's type) is looked for in a
//! bounded stretch of the log, and the answer says how far it looked, so that a page is quick however long the log is.

use std::collections::HashSet;

use diesel::dsl::sql;
use diesel::sql_types::Bool;
use diesel::{
    ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _, SelectableHelper as _,
};
use jiff::Timestamp;

use crate::domain::delivery::State;
use crate::domain::id::DeliveryId;
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::deliveries::{DeliveryFilter, DeliveryRow, DeliverySummary};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{connections, deliveries, destinations, events};
use crate::store::search::has_text;
use crate::store::window::Rows;

/// Deliveries that a page looks through for a text in their events.
pub const TEXT_LIMIT: i64 = 4_000;

/// Deliveries that a page looks through for an event's type, for a state that has no index, and where two things with an index each meet.
pub const TYPE_LIMIT: i64 = 10_000;

/// Deliveries that are looked through first: mostly they fill a page, and the end of the whole stretch need not be found.
const NEAR_LIMIT: i64 = 500;

/// Events of the same record, before and after, that a delivery's neighbours are looked for among.
const AROUND_LIMIT: i64 = 50;

/// Rows that the live tail takes at once.
pub const NEWS_LIMIT: i64 = 500;

/// Hardly any are being sent, and no index has these in order: asked for directly, the whole log would be looked through for them.
const IS_SENDING: &str =
    "deliveries.id IN (SELECT sending.id FROM deliveries sending WHERE sending.state = 'sending')";

/// A page of the log.
pub type LogPage = Rows<DeliverySummary, DeliveryId>;

/// The older and the newer neighbour of a delivery.
#[derive(Debug, Clone, Copy, Default)]
pub struct Neighbours {
    pub before: Option<DeliveryId>,
    pub after: Option<DeliveryId>,
}

/// The columns of a page, joined.
macro_rules! joined {
    () => {
        deliveries::table
            .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
            .inner_join(connections::table.on(connections::id.eq(deliveries::connection_id)))
            .inner_join(destinations::table.on(destinations::id.eq(deliveries::destination_id)))
            .select(DeliveryRow::as_select())
    };
}

/// Narrows a boxed query by what has an index, and puts it in order; the filter's state is given apart.
macro_rules! walked {
    ($query:expr, $filter:expr, $state:expr) => {{
        let mut query = $query;
        query = match $state {
            None => query,
            // Rare states have an index of their own; the column that it covers is empty for the common ones.
            Some(State::Sending) => query.filter(sql::<Bool>(IS_SENDING)),
            Some(State::Delivered) => query.filter(deliveries::state.eq(State::Delivered.as_str())),
            Some(state) => query.filter(deliveries::noteworthy.eq(state.as_str())),
        };
        if let Some(id) = $filter.connection_id {
            query = query.filter(deliveries::connection_id.eq(id.as_bytes().to_vec()));
        }
        if let Some(id) = $filter.destination_id {
            query = query.filter(deliveries::destination_id.eq(id.as_bytes().to_vec()));
        }
        if let Some(id) = $filter.event_id {
            query = query.filter(deliveries::event_id.eq(id.as_bytes().to_vec()));
        }
        if let Some(id) = $filter.replay_id {
            query = query.filter(deliveries::replay_id.eq(id.as_bytes().to_vec()));
        }
        // An id begins with its time, so a time range is a range of ids.
        if let Some(from) = $filter.from {
            query = query.filter(deliveries::id.ge(row::first_id(from.as_millisecond())));
        }
        if let Some(to) = $filter.to {
            query = query.filter(deliveries::id.lt(row::first_id(to.as_millisecond())));
        }
        if let Some(before) = $filter.page.before {
            query = query.filter(deliveries::id.lt(before.as_bytes().to_vec()));
        }
        match $filter.page.after {
            Some(after) => query
                .filter(deliveries::id.gt(after.as_bytes().to_vec()))
                .order(deliveries::id.asc()),
            None => query.order(deliveries::id.desc()),
        }
    }};
}

impl Store {
    /// One page of the log, the newest first.
    pub async fn log_page(&self, filter: DeliveryFilter) -> Result<LogPage, StoreError> {
        either!(self.read(move |conn| page(conn, &filter)))
    }

    /// Only the rows of a page, for filters that have an index: their look never ends early.
    pub async fn deliveries(
        &self,
        filter: DeliveryFilter,
    ) -> Result<Vec<DeliverySummary>, StoreError> {
        Ok(self.log_page(filter).await?.rows)
    }

    /// What was made since `since`, and how those `watched` stand now, the newest first.
    pub async fn log_news(
        &self,
        since: Timestamp,
        watched: Vec<DeliveryId>,
    ) -> Result<Vec<DeliverySummary>, StoreError> {
        either!(self.read(move |conn| {
            let mut rows: Vec<DeliveryRow> = joined!()
                .filter(deliveries::id.ge(row::first_id(since.as_millisecond())))
                .order(deliveries::id.desc())
                .limit(NEWS_LIMIT)
                .load(conn)?;
            if !watched.is_empty() {
                let ids: Vec<Vec<u8>> = watched.iter().map(|id| id.as_bytes().to_vec()).collect();
                rows.extend(
                    joined!()
                        .filter(deliveries::id.eq_any(ids))
                        .order(deliveries::id.desc())
                        .load::<DeliveryRow>(conn)?,
                );
            }
            rows.into_iter().map(DeliveryRow::into_domain).collect()
        }))
    }

    /// Which of these deliveries have the text in their event.
    pub async fn with_text(
        &self,
        ids: Vec<DeliveryId>,
        text: String,
    ) -> Result<HashSet<DeliveryId>, StoreError> {
        either!(self.read(move |conn| {
            let ids: Vec<Vec<u8>> = ids.iter().map(|id| id.as_bytes().to_vec()).collect();
            let found: Vec<Vec<u8>> = deliveries::table
                .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
                .filter(deliveries::id.eq_any(ids))
                .filter(has_text!(text))
                .select(deliveries::id)
                .load(conn)?;
            found
                .iter()
                .map(|id| row::id(id, DeliveryId::from_slice))
                .collect()
        }))
    }

    /// The deliveries before and after this one that its connection made for the same record, among those of the events around it.
    pub async fn neighbours(&self, of: &DeliverySummary) -> Result<Neighbours, StoreError> {
        let Some(record_id) = of.record_id.clone() else {
            return Ok(Neighbours::default());
        };
        let (id, event_id) = (of.id, of.event_id.as_bytes().to_vec());
        let connection_id = of.connection_id.as_bytes().to_vec();
        either!(self.read(move |conn| {
            let of_record = || {
                events::table
                    .filter(events::record_id.eq(record_id.clone()))
                    .select(events::id)
                    .limit(AROUND_LIMIT)
            };
            let mut around: Vec<Vec<u8>> = of_record()
                .filter(events::id.le(event_id.clone()))
                .order(events::id.desc())
                .load(conn)?;
            around.extend(
                of_record()
                    .filter(events::id.gt(event_id))
                    .order(events::id.asc())
                    .load::<Vec<u8>>(conn)?,
            );
            let found: Vec<Vec<u8>> = deliveries::table
                .filter(deliveries::event_id.eq_any(around))
                .filter(deliveries::connection_id.eq(connection_id))
                .select(deliveries::id)
                .load(conn)?;
            let found: Vec<DeliveryId> = found
                .iter()
                .map(|id| row::id(id, DeliveryId::from_slice))
                .collect::<Result<_, _>>()?;
            Ok(Neighbours {
                before: found.iter().copied().filter(|other| *other < id).max(),
                after: found.iter().copied().filter(|other| *other > id).min(),
            })
        }))
    }
}

both! {
/// A page: of the one index that fits, or of one for each of several states, put together.
fn page(conn: &mut Conn, filter: &DeliveryFilter) -> Result<LogPage, StoreError> {
    let asked = filter.page.asked();
    // Whoever names a state twice means it once.
    let states: Vec<State> = State::ALL
        .iter()
        .copied()
        .filter(|state| filter.states.contains(state))
        .collect();
    let apart = states.len() > 1 && !states.contains(&State::Delivered);
    let mut rows = Vec::new();
    let mut looked_to: Option<Vec<u8>> = None;
    let upwards = filter.page.after.is_some();
    let walks: Vec<Option<State>> = match states.as_slice() {
        [] => vec![None],
        [one] => vec![Some(*one)],
        several if apart => several.iter().copied().map(Some).collect(),
        _ => vec![None],
    };
    for state in walks {
        let (mut found, mut edge, mut is_full) = (Vec::new(), None, false);
        for stretch in stretches(filter, state) {
            edge = match stretch {
                Some(steps) => edge_after(conn, filter, state, *steps)?,
                None => None,
            };
            found = walk(conn, filter, state, edge.as_deref(), asked)?;
            is_full = found.len() as i64 == asked;
            if is_full || edge.is_none() {
                break;
            }
        }
        rows.append(&mut found);
        // What lies beyond the nearest edge is not known for every state, so the page ends there.
        if let Some(edge) = edge.filter(|_| !is_full) {
            looked_to = match looked_to {
                Some(other) if (other > edge) != upwards => Some(other),
                _ => Some(edge),
            };
        }
    }
    let mut rows: Vec<DeliverySummary> = rows
        .into_iter()
        .map(DeliveryRow::into_domain)
        .collect::<Result<_, _>>()?;
    let looked_to = looked_to
        .map(|edge| row::id(&edge, DeliveryId::from_slice))
        .transpose()?;
    if let Some(edge) = looked_to {
        rows.retain(|row| if upwards { row.id <= edge } else { row.id >= edge });
    }
    // The nearest to where the walk began come first.
    rows.sort_by_key(|row| row.id);
    if !upwards {
        rows.reverse();
    }
    rows.truncate(asked as usize);
    Ok(filter.page.cut(rows, looked_to))
}
}

both! {
fn walk(
    conn: &mut Conn,
    filter: &DeliveryFilter,
    state: Option<State>,
    edge: Option<&[u8]>,
    limit: i64,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut query = walked!(joined!().into_boxed(), filter, state);
    if state.is_none() && !filter.states.is_empty() {
        query = query
            .filter(deliveries::state.eq_any(filter.states.iter().map(|state| state.as_str())));
    }
    if let Some(event_type) = &filter.event_type {
        query = query.filter(events::event_type.eq_any(row::event_names(event_type)));
    }
    if let Some(text) = &filter.text {
        query = query.filter(has_text!(text));
    }
    if let Some(edge) = edge {
        query = match filter.page.after {
            Some(_) => query.filter(deliveries::id.le(edge.to_vec())),
            None => query.filter(deliveries::id.ge(edge.to_vec())),
        };
    }
    Ok(query.limit(limit).load(conn)?)
}
}

/// How far is looked, stretch by stretch; to the end where there is an index.
fn stretches(filter: &DeliveryFilter, state: Option<State>) -> &'static [Option<i64>] {
    let has_index = match state {
        Some(state) => state != State::Delivered,
        None => filter.states.is_empty(),
    };
    let walked = [
        state.is_some_and(|state| state != State::Delivered),
        filter.connection_id.is_some(),
        filter.destination_id.is_some(),
        filter.replay_id.is_some(),
    ];
    let meets_nothing = walked.into_iter().filter(|is_walked| *is_walked).count() < 2;
    match (&filter.text, &filter.event_type) {
        _ if filter.event_id.is_some() => &[None],
        (Some(_), _) => &[Some(NEAR_LIMIT), Some(TEXT_LIMIT)],
        (None, None) if has_index && meets_nothing => &[None],
        (None, _) => &[Some(NEAR_LIMIT), Some(TYPE_LIMIT)],
    }
}

both! {
/// The id so many deliveries on, as far as there is an index; `None` when the walk ends before.
fn edge_after(
    conn: &mut Conn,
    filter: &DeliveryFilter,
    state: Option<State>,
    steps: i64,
) -> Result<Option<Vec<u8>>, StoreError> {
    // What is looked for must not shorten the way, and of several indexes one is walked.
    let indexed = state.filter(|state| *state != State::Delivered);
    let mut way = DeliveryFilter {
        from: filter.from,
        to: filter.to,
        page: filter.page,
        ..DeliveryFilter::default()
    };
    match (filter.replay_id, indexed, filter.connection_id) {
        (Some(_), ..) => way.replay_id = filter.replay_id,
        (None, Some(_), _) => {}
        (None, None, Some(_)) => way.connection_id = filter.connection_id,
        (None, None, None) => way.destination_id = filter.destination_id,
    }
    let indexed = indexed.filter(|_| way.replay_id.is_none());
    let ids = deliveries::table.select(deliveries::id).into_boxed();
    Ok(walked!(ids, way, indexed)
        .offset(steps)
        .first(conn)
        .optional()?)
}
}

#[cfg(test)]
mod tests {
    use diesel::sqlite::Sqlite;

    use super::*;
    use crate::store::sqlite::plan;

    #[test]
    fn where_two_things_meet_the_look_is_bounded() {
        let connection = DeliveryFilter {
            connection_id: Some(crate::domain::id::ConnectionId::new(1, [0; 10])),
            ..DeliveryFilter::default()
        };
        let is_bounded = |filter: &DeliveryFilter, state| *stretches(filter, state) != [None];
        for state in [State::Skipped, State::Held, State::Failed, State::Delivered] {
            let bounded_alone = state == State::Delivered;
            let alone = is_bounded(&DeliveryFilter::default(), Some(state));
            assert_eq!(alone, bounded_alone, "{state:?}");
            assert!(is_bounded(&connection, Some(state)), "{state:?}");
        }
        assert!(!is_bounded(&connection, None));
        let both = DeliveryFilter {
            destination_id: Some(crate::domain::id::DestinationId::new(1, [0; 10])),
            ..connection
        };
        assert!(is_bounded(&both, None));
    }

    #[test]
    fn no_rare_state_is_looked_for_in_the_whole_log() {
        let edge = Some(DeliveryId::new(1, [0; 10]));
        for (before, after) in [(None, None), (edge, None), (None, edge)] {
            for (state, index) in [
                (State::Queued, "deliveries_noteworthy (noteworthy=?"),
                (State::Failed, "deliveries_noteworthy (noteworthy=?"),
                (State::Sending, "INDEX deliveries_leased"),
            ] {
                let mut filter = DeliveryFilter::default();
                (filter.page.before, filter.page.after) = (before, after);
                let query = walked!(joined!().into_boxed::<Sqlite>(), filter, Some(state));
                let plan = plan(&diesel::debug_query::<Sqlite, _>(&query.limit(51)));
                assert!(plan.contains(index), "{state:?}: {plan}");
                assert!(!plan.contains("SCAN deliveries"), "{state:?}: {plan}");
            }
        }
    }
}
