//! Counts for the overview, over a bounded part of the log: pages stay fast however long the log is.

use std::collections::HashMap;

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::delivery::State;
use crate::domain::id::{DeliveryId, DestinationId, EventId};
use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{deliveries, events};

/// Rows that a count looks at; beyond, it says "at least".
pub const COUNT_LIMIT: i64 = 10_000;

/// What happened since a time, as far as the newest [`COUNT_LIMIT`] rows tell.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    pub events: i64,
    /// Deliveries by destination and state.
    pub deliveries: HashMap<(DestinationId, State), i64>,
    /// There were more rows than were counted.
    pub at_least: bool,
}

impl Activity {
    /// Deliveries of all destinations in a state.
    pub fn in_state(&self, state: State) -> i64 {
        self.deliveries
            .iter()
            .filter(|((_, found), _)| *found == state)
            .map(|(_, count)| count)
            .sum()
    }
}

impl Store {
    /// Counts what was received and what became of it since `since_ms`.
    pub async fn activity(&self, since_ms: i64) -> Result<Activity, StoreError> {
        either!(self.read(move |conn| {
            let since = u64::try_from(since_ms).unwrap_or(0);
            let event_ids: Vec<Vec<u8>> = events::table
                .filter(events::id.ge(EventId::new(since, [0; 10]).as_bytes().to_vec()))
                .order(events::id.desc())
                .limit(COUNT_LIMIT)
                .select(events::id)
                .load(conn)?;
            let rows: Vec<(Vec<u8>, String)> = deliveries::table
                .filter(deliveries::id.ge(DeliveryId::new(since, [0; 10]).as_bytes().to_vec()))
                .order(deliveries::id.desc())
                .limit(COUNT_LIMIT)
                .select((deliveries::destination_id, deliveries::state))
                .load(conn)?;
            let mut activity = Activity {
                events: event_ids.len() as i64,
                at_least: event_ids.len() as i64 == COUNT_LIMIT || rows.len() as i64 == COUNT_LIMIT,
                deliveries: HashMap::new(),
            };
            for (destination, state) in rows {
                let key = (
                    row::id(&destination, DestinationId::from_slice)?,
                    row::word(&state, State::from_word)?,
                );
                *activity.deliveries.entry(key).or_default() += 1;
            }
            Ok(activity)
        }))
    }
}
