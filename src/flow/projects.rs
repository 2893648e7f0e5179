//! The projects that a source's events were in, with their latest names: what people choose from, and what sentences call them.
//!
//! Asked by the builder at every change of its form, and by the pages of connections. What was found is kept, so that each question looks only at the
//! events since the last one; the first one looks at the newest few thousand. A project whose events were forgotten since stays on offer.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::id::SourceId;
use crate::flow::Bridge;
use crate::store::error::StoreError;

/// Projects of a source that are remembered.
const PROJECTS_LIMIT: usize = 1_000;

/// Events of the last question are looked at again for so long: one that was being stored then, here or on another node, was not seen.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);

/// What is known of every source that was asked for.
#[derive(Debug, Default)]
pub struct Projects(Mutex<HashMap<SourceId, Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// By id; the name that the newest event told.
    names: BTreeMap<String, Option<String>>,
    looked_at: Option<Timestamp>,
}

/// The source's projects by id, with their names as far as they were told.
pub async fn projects(
    bridge: &Bridge,
    source_id: SourceId,
) -> Result<Vec<(String, Option<String>)>, StoreError> {
    let now = bridge.clock.now();
    let since = bridge.projects.looked_at(source_id);
    let since = since.and_then(|time| time.checked_sub(OVERLAP).ok());
    let found = bridge.store.projects_seen(source_id, since).await?;
    Ok(bridge.projects.remember(source_id, found, now))
}

impl Projects {
    fn looked_at(&self, source_id: SourceId) -> Option<Timestamp> {
        self.lock().get(&source_id)?.looked_at
    }

    fn remember(
        &self,
        source_id: SourceId,
        found: Vec<(String, Option<String>)>,
        now: Timestamp,
    ) -> Vec<(String, Option<String>)> {
        let mut sources = self.lock();
        let seen = sources.entry(source_id).or_default();
        seen.looked_at = Some(now);
        for (id, name) in found {
            if seen.names.len() >= PROJECTS_LIMIT && !seen.names.contains_key(&id) {
                continue;
            }
            let known = seen.names.entry(id).or_default();
            *known = name.or(known.take());
        }
        let names = seen.names.iter();
        names.map(|(id, name)| (id.clone(), name.clone())).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SourceId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
