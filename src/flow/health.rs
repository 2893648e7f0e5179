//! Notices when a destination begins to fail and when it recovers: one line in the log and one mark in the database each, not one per attempt.
//!
//! Called by `deliver` after every attempt; writes only on a change.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::domain::destination::Destination;
use crate::domain::id::DestinationId;
use crate::domain::outcome::{Outcome, Verdict};
use crate::store::Store;
use crate::store::error::StoreError;

/// Which destinations are failing, as far as this node has seen.
#[derive(Debug, Default)]
pub struct HealthWatch(Mutex<HashMap<DestinationId, Timestamp>>);

impl HealthWatch {
    /// Begins with what the database remembers.
    pub fn new<'a>(destinations: impl Iterator<Item = &'a Destination>) -> HealthWatch {
        let failing = destinations
            .filter_map(|destination| Some((destination.id, destination.health.failing_since?)))
            .collect();
        HealthWatch(Mutex::new(failing))
    }

    /// Looks at one attempt's outcome; tells and remembers a change.
    pub async fn note(
        &self,
        store: &Store,
        destination: &Destination,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let arrived = outcome.verdict() == Verdict::Delivered;
        if !self.changes(destination.id, arrived, now) {
            return Ok(());
        }
        if arrived {
            tracing::info!(destination = %destination.id, name = destination.name, "destination has recovered");
            store.note_health(destination.id, None).await
        } else {
            let failure = outcome.sentence();
            tracing::warn!(destination = %destination.id, name = destination.name, failure, "destination begins to fail");
            store
                .note_health(destination.id, Some((now.as_millisecond(), failure)))
                .await
        }
    }

    fn changes(&self, id: DestinationId, arrived: bool, now: Timestamp) -> bool {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (arrived, failing.contains_key(&id)) {
            (true, true) => failing.remove(&id).is_some(),
            (false, false) => failing.insert(id, now).is_none(),
            _ => false,
        }
    }
}
