//! A look at the next part of the log: which of its deliveries a replay's selection means.
//!
//! Called by `flow::replay`, for the dry run and for each step. The log is walked upwards in bounded looks, each along one index: what the index
//! does not tell is compared here, so that no question runs through a long log. Nothing is written.

use std::collections::HashSet;

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, Queryable, RunQueryDsl as _,
    Selectable, SelectableHelper as _,
};

use crate::domain::delivery::State;
use crate::domain::id::{ConnectionId, DeliveryId, DestinationId, EventId, ReplayId, VersionId};
use crate::domain::replay::{Candidate, Selection};
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{deliveries, events};
use crate::store::search::has_text;

/// Which part of the log to look at.
#[derive(Debug, Clone)]
pub struct Ask {
    pub selection: Selection,
    /// Only what was made before this replay, and nothing that it made itself.
    pub replay_id: ReplayId,
    /// Only what comes after this delivery.
    pub after: Option<DeliveryId>,
    /// Deliveries to look at, matching or not.
    pub limit: i64,
}

/// What a look found.
#[derive(Debug, Clone)]
pub struct Look {
    /// The matching deliveries, the oldest first.
    pub matching: Vec<Candidate>,
    /// How many were looked at, matching or not.
    pub looked_at: i64,
    /// The last one that was looked at.
    pub up_to: Option<DeliveryId>,
    /// Nothing comes behind it.
    pub is_last: bool,
}

impl Store {
    /// Looks at the next part of the log.
    pub async fn look(&self, ask: Ask) -> Result<Look, StoreError> {
        either!(self.read(move |conn| {
            let rows = walk(conn, &ask)?;
            let looked_at = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let up_to = rows
                .last()
                .map(|row| row::id(&row.id, DeliveryId::from_slice))
                .transpose()?;
            let fitting: Vec<CandidateRow> =
                rows.into_iter().filter(|row| row.fits(&ask)).collect();
            let fitting = with_fitting_events(conn, fitting, &ask.selection)?;
            let others = others(conn, &fitting, ask.replay_id)?;
            Ok(Look {
                matching: fitting
                    .into_iter()
                    .map(|row| row.into_domain(&others))
                    .collect::<Result<_, _>>()?,
                looked_at,
                up_to,
                is_last: looked_at < ask.limit,
            })
        }))
    }
}

/// The selection's stretch of time behind the position, the oldest first.
macro_rules! stretch {
    ($ask:expr) => {{
        let mut query = deliveries::table
            .filter(deliveries::id.lt($ask.replay_id.as_bytes().to_vec()))
            .order(deliveries::id)
            .limit($ask.limit)
            .into_boxed();
        if let Some(from) = $ask.selection.from {
            query = query.filter(deliveries::id.ge(row::first_id(from.as_millisecond())));
        }
        if let Some(to) = $ask.selection.to {
            query = query.filter(deliveries::id.lt(row::first_id(to.as_millisecond())));
        }
        if let Some(after) = $ask.after {
            query = query.filter(deliveries::id.gt(after.as_bytes().to_vec()));
        }
        query
    }};
}

both! {
    /// The next rows of the log along one index, the oldest first.
    fn walk(conn: &mut Conn, ask: &Ask) -> Result<Vec<CandidateRow>, StoreError> {
        let selection = &ask.selection;
        if is_rare(&selection.states) {
            // Each state is a stretch of the index; the next rows of all are the first of their union.
            let mut rows: Vec<CandidateRow> = Vec::new();
            for state in &selection.states {
                let of_state = stretch!(ask)
                    .filter(deliveries::noteworthy.eq(state.as_str()))
                    .select(CandidateRow::as_select());
                rows.extend(of_state.load::<CandidateRow>(conn)?);
            }
            rows.sort_by(|one, other| one.id.cmp(&other.id));
            rows.dedup_by(|one, other| one.id == other.id);
            rows.truncate(usize::try_from(ask.limit).unwrap_or(usize::MAX));
            return Ok(rows);
        }
        let mut query = stretch!(ask);
        if let Some(id) = selection.event_id {
            query = query.filter(deliveries::event_id.eq(id.as_bytes().to_vec()));
        } else if let Some(id) = selection.connection_id {
            query = query.filter(deliveries::connection_id.eq(id.as_bytes().to_vec()));
        } else if let Some(id) = selection.destination_id {
            query = query.filter(deliveries::destination_id.eq(id.as_bytes().to_vec()));
        }
        Ok(query.select(CandidateRow::as_select()).load(conn)?)
    }
}

/// States that few deliveries are in for long, so that their index is the shortest way.
fn is_rare(states: &[State]) -> bool {
    !states.is_empty()
        && states
            .iter()
            .all(|state| !matches!(state, State::Delivered | State::Sending | State::Skipped))
}

both! {
    /// Those whose event is of the selection's type and holds its text.
    fn with_fitting_events(
        conn: &mut Conn,
        rows: Vec<CandidateRow>,
        selection: &Selection,
    ) -> Result<Vec<CandidateRow>, StoreError> {
        if selection.event_type.is_none() && selection.text.is_none() {
            return Ok(rows);
        }
        let mut query = events::table
            .filter(events::id.eq_any(rows.iter().map(|row| row.event_id.clone())))
            .select(events::id)
            .into_boxed();
        if let Some(event_type) = &selection.event_type {
            query = query.filter(events::event_type.eq_any(row::event_names(event_type)));
        }
        if let Some(text) = &selection.text {
            query = query.filter(has_text!(text));
        }
        let fitting: HashSet<Vec<u8>> = query.load(conn)?.into_iter().collect();
        Ok(rows
            .into_iter()
            .filter(|row| fitting.contains(&row.event_id))
            .collect())
    }
}

/// Of another delivery: its event, its connection, when it ended, and its replay.
type OtherRow = (Vec<u8>, Vec<u8>, Option<i64>, Option<Vec<u8>>);

/// Ids of an event and of a connection.
type Pair = (Vec<u8>, Vec<u8>);

/// Which events arrived through which connections, and which are on their way.
#[derive(Default)]
struct Others {
    arrived: HashSet<Pair>,
    on_their_way: HashSet<Pair>,
}

both! {
    /// What is known of all deliveries of these rows' events, but for those that the replay made itself.
    fn others(
        conn: &mut Conn,
        rows: &[CandidateRow],
        replay_id: ReplayId,
    ) -> Result<Others, StoreError> {
        let has_arrived = deliveries::state.eq(State::Delivered.as_str());
        let known: Vec<OtherRow> = deliveries::table
            .filter(deliveries::event_id.eq_any(rows.iter().map(|row| &row.event_id)))
            .filter(has_arrived.or(deliveries::finished_at.is_null()))
            .select((
                deliveries::event_id,
                deliveries::connection_id,
                deliveries::finished_at,
                deliveries::replay_id,
            ))
            .load(conn)?;
        let mut others = Others::default();
        for (event_id, connection_id, finished_at, of_replay) in known {
            let pair = (event_id, connection_id);
            if finished_at.is_some() {
                others.arrived.insert(pair);
            } else if of_replay.as_deref() != Some(&replay_id.as_bytes()[..]) {
                others.on_their_way.insert(pair);
            }
        }
        Ok(others)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct CandidateRow {
    id: Vec<u8>,
    event_id: Vec<u8>,
    connection_id: Vec<u8>,
    version_id: Vec<u8>,
    destination_id: Vec<u8>,
    state: String,
    replay_id: Option<Vec<u8>>,
}

impl CandidateRow {
    /// Whether it is selected, as far as the delivery itself tells.
    fn fits(&self, ask: &Ask) -> bool {
        let selection = &ask.selection;
        let is = |wanted: Option<&[u8; 16]>, found: &[u8]| {
            wanted.is_none_or(|wanted| found == &wanted[..])
        };
        let states = &selection.states;
        (states.is_empty() || states.iter().any(|state| state.as_str() == self.state))
            && is(
                selection.event_id.as_ref().map(|id| id.as_bytes()),
                &self.event_id,
            )
            && is(
                selection.connection_id.as_ref().map(|id| id.as_bytes()),
                &self.connection_id,
            )
            && is(
                selection.destination_id.as_ref().map(|id| id.as_bytes()),
                &self.destination_id,
            )
            // After a clock that stepped back, what it made itself may seem to be older than it is.
            && self.replay_id.as_deref() != Some(&ask.replay_id.as_bytes()[..])
    }

    fn into_domain(self, others: &Others) -> Result<Candidate, StoreError> {
        let pair = (self.event_id, self.connection_id);
        Ok(Candidate {
            id: row::id(&self.id, DeliveryId::from_slice)?,
            event_id: row::id(&pair.0, EventId::from_slice)?,
            connection_id: row::id(&pair.1, ConnectionId::from_slice)?,
            version_id: row::id(&self.version_id, VersionId::from_slice)?,
            destination_id: row::id(&self.destination_id, DestinationId::from_slice)?,
            state: row::word(&self.state, State::from_word)?,
            arrived: others.arrived.contains(&pair),
            on_its_way: others.on_their_way.contains(&pair),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::plan;
    use diesel::sqlite::Sqlite;
    use jiff::Timestamp;

    #[test]
    fn every_look_is_a_stretch_of_one_index() {
        let ask = Ask {
            selection: Selection {
                from: Some(Timestamp::UNIX_EPOCH),
                ..Selection::default()
            },
            replay_id: ReplayId::new(2, [0; 10]),
            after: Some(DeliveryId::new(1, [0; 10])),
            limit: 10,
        };
        let connection = ConnectionId::new(1, [0; 10]).as_bytes().to_vec();
        let destination = DestinationId::new(1, [0; 10]).as_bytes().to_vec();
        let event = EventId::new(1, [0; 10]).as_bytes().to_vec();
        for (query, index) in [
            (stretch!(&ask), "USING PRIMARY KEY (id>? AND id<?)"),
            (
                stretch!(&ask).filter(deliveries::connection_id.eq(connection)),
                "deliveries_by_connection (connection_id=? AND id>? AND id<?)",
            ),
            (
                stretch!(&ask).filter(deliveries::destination_id.eq(destination)),
                "deliveries_by_destination (destination_id=? AND id>? AND id<?)",
            ),
            (
                stretch!(&ask).filter(deliveries::noteworthy.eq(State::Failed.as_str())),
                "deliveries_noteworthy (noteworthy=? AND id>? AND id<?)",
            ),
            (
                stretch!(&ask).filter(deliveries::event_id.eq(event)),
                "deliveries_first (event_id=?)",
            ),
        ] {
            let query = query.select(CandidateRow::as_select());
            let plan = plan(&diesel::debug_query::<Sqlite, _>(&query));
            assert!(plan.contains(index), "{index}: {plan}");
            let sorts = plan.contains("TEMP B-TREE");
            assert!(!sorts || index.contains("event_id"), "{index}: {plan}");
        }
    }
}
