//! Notices when a destination begins to fail, when it has failed long enough to be held, and when it recovers: one line in the log and one mark in the
//! database each, not one per attempt.
//!
//! Called by `deliver` after every attempt; writes only on a change. The streak of failures is kept in memory only: after a restart a failing
//! destination is judged anew, which costs some attempts and loses nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::breaker::Streak;
use crate::domain::destination::Destination;
use crate::domain::id::{DeliveryId, DestinationId};
use crate::domain::outcome::{Outcome, Verdict};
use crate::store::Store;
use crate::store::error::StoreError;

/// Which destinations are failing, as far as this node has seen.
#[derive(Debug, Default)]
pub struct HealthWatch(Mutex<Watched>);

#[derive(Debug, Default)]
struct Watched {
    failing: HashMap<DestinationId, Streak>,
    /// Failures that other nodes noted and this one saw the end of, by when they began. The snapshot still tells of them for a while.
    over: HashMap<DestinationId, Timestamp>,
}

impl HealthWatch {
    /// Begins with what the database remembers.
    pub fn new<'a>(destinations: impl Iterator<Item = &'a Destination>) -> HealthWatch {
        let failing = destinations
            .filter_map(|destination| {
                destination
                    .health
                    .failing_since
                    .map(|_| (destination.id, Streak::default()))
            })
            .collect();
        HealthWatch(Mutex::new(Watched {
            failing,
            over: HashMap::new(),
        }))
    }

    /// Looks at one attempt's outcome; tells and remembers a change. `true` when the destination is to be held.
    pub async fn note(
        &self,
        store: &Store,
        destination: &Destination,
        delivery: DeliveryId,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let arrived = outcome.verdict() == Verdict::Delivered;
        let noted = destination.health.failing_since;
        let id = destination.id;
        let seen = self.see(id, arrived, noted, delivery, now);
        match seen {
            Seen::Begins => {
                let failure = outcome.sentence();
                tracing::warn!(destination = %id, name = destination.name, failure, "destination begins to fail");
                let mark = Some((now.as_millisecond(), failure));
                let written = store.note_health(id, mark).await;
                written.inspect_err(|_| self.unsee(id, seen))?;
            }
            Seen::Recovers => {
                tracing::info!(destination = %id, name = destination.name, "destination has recovered");
                let written = store.note_health(id, None).await;
                written.inspect_err(|_| self.unsee(id, seen))?;
            }
            Seen::MustBeHeld | Seen::Nothing => {}
        }
        Ok(seen == Seen::MustBeHeld)
    }

    /// What could not be written down is seen again with the next attempt.
    fn unsee(&self, id: DestinationId, seen: Seen) {
        let mut watched = self.lock();
        match seen {
            Seen::Begins => drop(watched.failing.remove(&id)),
            Seen::Recovers => {
                watched.over.remove(&id);
                watched.failing.insert(id, Streak::default());
            }
            Seen::MustBeHeld | Seen::Nothing => {}
        }
    }

    /// Forgets the failures so far, when sending begins again.
    pub fn judge_anew(&self, id: DestinationId) {
        if let Some(streak) = self.lock().failing.get_mut(&id) {
            *streak = Streak::default();
        }
    }

    fn see(
        &self,
        id: DestinationId,
        arrived: bool,
        noted: Option<Timestamp>,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Seen {
        let mut watched = self.lock();
        if arrived {
            let here = watched.failing.remove(&id).is_some();
            let elsewhere = noted.is_some_and(|since| watched.over.insert(id, since) != noted);
            return if here || elsewhere {
                Seen::Recovers
            } else {
                Seen::Nothing
            };
        }
        let begins = !watched.failing.contains_key(&id);
        let must_be_held = watched.failing.entry(id).or_default().failed(delivery, now);
        match (begins, must_be_held) {
            (_, true) => Seen::MustBeHeld,
            (true, false) => Seen::Begins,
            (false, false) => Seen::Nothing,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one attempt changes about a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Begins,
    MustBeHeld,
    Recovers,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_another_node_noted_is_over_once_something_arrives_here() {
        let watch = HealthWatch::default();
        let (id, delivery) = (DestinationId::new(1, [1; 10]), DeliveryId::new(1, [1; 10]));
        let (now, first) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(10).unwrap());
        let later = Timestamp::from_second(20).unwrap();
        let arrives = |noted| watch.see(id, true, noted, delivery, now);
        assert_eq!(arrives(None), Seen::Nothing);
        assert_eq!(arrives(Some(first)), Seen::Recovers);
        assert_eq!(arrives(Some(first)), Seen::Nothing, "told once");
        assert_eq!(arrives(Some(later)), Seen::Recovers, "of the next one too");
        assert_eq!(watch.see(id, false, None, delivery, now), Seen::Begins);
        assert_eq!(arrives(None), Seen::Recovers);
    }

    #[test]
    fn what_could_not_be_written_down_is_seen_again() {
        let watch = HealthWatch::default();
        let (id, delivery) = (DestinationId::new(1, [1; 10]), DeliveryId::new(1, [1; 10]));
        let now = Timestamp::UNIX_EPOCH;
        for (arrived, seen) in [(false, Seen::Begins), (true, Seen::Recovers)] {
            let see = || watch.see(id, arrived, None, delivery, now);
            assert_eq!(see(), seen);
            watch.unsee(id, seen);
            assert_eq!(see(), seen);
            assert_eq!(see(), Seen::Nothing);
        }
    }
}
