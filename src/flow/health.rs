//! Notices when a destination begins to fail, when it has failed long enough to be held, and when it recovers: one line in the log, one mark in the
//! database and one notice (`notices`) each, not one per attempt.
//!
//! It begins with the first failure. It has recovered when something has arrived and nothing failed for two minutes (`domain::breaker`), so that one
//! that takes only half of what it is sent goes on failing instead of telling both by turns; whatever arrives while it is held ends that at once.
//! Called by `deliver` after every attempt, and by `worker` on a timer for those that get little. The mark is written only where it says something
//! else, whichever node wrote it, and only then the log tells. The streak of failures is kept in memory only: after a restart a failing
//! destination is judged anew, which costs some attempts and loses nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::breaker::Streak;
use crate::domain::destination::Destination;
use crate::domain::id::{DeliveryId, DestinationId};
use crate::domain::notice::Change;
use crate::domain::outcome::{Outcome, Verdict};
use crate::flow::{Bridge, notices};
use crate::store::error::StoreError;

/// Which destinations are failing, as far as this node has seen.
#[derive(Debug, Default)]
pub struct HealthWatch {
    failing: Mutex<HashMap<DestinationId, Streak>>,
    /// Held while a mark is written.
    marking: tokio::sync::Mutex<()>,
}

/// Looks at one attempt's outcome; tells and remembers a change. `true` when the destination is to be held.
pub async fn note(
    bridge: &Bridge,
    destination: &Destination,
    delivery: DeliveryId,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let seen = bridge
        .health
        .see(destination, delivery, outcome.verdict(), now);
    let failing = match seen {
        Seen::Begins => Some((now.as_millisecond(), outcome.sentence())),
        Seen::Recovers => None,
        Seen::MustBeHeld | Seen::Nothing => return Ok(seen == Seen::MustBeHeld),
    };
    mark(bridge, destination, failing).await?;
    Ok(false)
}

/// Tells of those that have recovered and got nothing since that would show it. Called on a timer.
pub async fn note_quiet(bridge: &Bridge) -> Result<(), StoreError> {
    let mut marked = Ok(());
    for id in bridge.health.take_recovered(bridge.clock.now()) {
        if let Some(destination) = bridge.snapshot().destination(id) {
            marked = mark(bridge, destination, None).await.and(marked);
        }
    }
    marked
}

/// Writes the mark and tells of it, where it says something else so far.
async fn mark(
    bridge: &Bridge,
    destination: &Destination,
    failing: Option<(i64, String)>,
) -> Result<(), StoreError> {
    let (health, id) = (&bridge.health, destination.id);
    let failure = failing.as_ref().map(|(_, failure)| failure.clone());
    let write = || bridge.store.note_health(id, failing);
    if !health.in_turn(id, failure.is_some(), write).await? {
        return Ok(());
    }
    match failure {
        Some(failure) => {
            tracing::warn!(destination = %id, name = destination.name, failure, "destination begins to fail");
            notices::tell(bridge, id, Change::Failing(failure));
        }
        None => {
            tracing::info!(destination = %id, name = destination.name, "destination has recovered");
            notices::tell(bridge, id, Change::Recovered);
        }
    }
    // What is judged next is judged by this mark.
    bridge.reload().await
}

impl HealthWatch {
    /// Begins with what the database remembers.
    pub fn new<'a>(destinations: impl Iterator<Item = &'a Destination>) -> HealthWatch {
        let failing = destinations
            .filter_map(|destination| {
                let since = destination.health.failing_since?;
                Some((destination.id, Streak::noted(since)))
            })
            .collect();
        HealthWatch {
            failing: Mutex::new(failing),
            marking: tokio::sync::Mutex::default(),
        }
    }

    /// Writes one mark after the other. One that was judged otherwise meanwhile is left out: whoever judged it so writes next, and two that were
    /// judged in one order are never written in the other.
    async fn in_turn<F: Future<Output = Result<bool, StoreError>>>(
        &self,
        id: DestinationId,
        failing: bool,
        write: impl FnOnce() -> F,
    ) -> Result<bool, StoreError> {
        let _one_at_a_time = self.marking.lock().await;
        if self.lock().contains_key(&id) != failing {
            return Ok(false);
        }
        // What could not be written down is seen again: a beginning with the next failure, as it is not noted, and a recovery by this.
        write().await.inspect_err(|_| {
            if !failing {
                self.lock().entry(id).or_default().arrived();
            }
        })
    }

    /// Forgets the failures so far, when sending begins again.
    pub fn judge_anew(&self, id: DestinationId) {
        if let Some(streak) = self.lock().get_mut(&id) {
            *streak = Streak::default();
        }
    }

    fn see(
        &self,
        destination: &Destination,
        delivery: DeliveryId,
        verdict: Verdict,
        now: Timestamp,
    ) -> Seen {
        let (id, health) = (destination.id, &destination.health);
        let mut failing = self.lock();
        if verdict == Verdict::Delivered {
            if let Some(since) = health.failing_since {
                failing.entry(id).or_insert_with(|| Streak::noted(since));
            }
            let Some(streak) = failing.get_mut(&id) else {
                return Seen::Nothing;
            };
            streak.arrived();
            if health.probing().is_some() || streak.has_recovered(now) {
                failing.remove(&id);
                return Seen::Recovers;
            }
            return Seen::Nothing;
        }
        let begins = health.failing_since.is_none();
        let must_be_held = failing.entry(id).or_default().failed(delivery, now);
        match (begins, must_be_held) {
            (_, true) => Seen::MustBeHeld,
            (true, false) => Seen::Begins,
            (false, false) => Seen::Nothing,
        }
    }

    /// Those that have recovered by now; they count as failing no more.
    fn take_recovered(&self, now: Timestamp) -> Vec<DestinationId> {
        let mut failing = self.lock();
        failing
            .extract_if(|_, streak| streak.has_recovered(now))
            .map(|(id, _)| id)
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DestinationId, Streak>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
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
    use std::future::poll_fn;
    use std::task::Poll;

    use futures_util::future::join;
    use tokio::sync::oneshot;

    use super::*;

    /// Of two senders, one sees a failure and the other the end of it; the first one's write takes longer.
    #[tokio::test]
    async fn marks_are_written_in_the_order_in_which_they_were_judged() {
        let watch = HealthWatch::default();
        let id = DestinationId::new(1, [1; 10]);
        let written = Mutex::new(Vec::new());
        let write = async |failing: bool| {
            written.lock().unwrap().push(failing);
            Ok(true)
        };
        let (go_on, may_go_on) = oneshot::channel::<()>();
        watch.lock().entry(id).or_default();
        let begins = watch.in_turn(id, true, async || {
            may_go_on.await.unwrap();
            write(true).await
        });
        let recovers = async {
            watch.lock().remove(&id);
            let mut recovers = Box::pin(watch.in_turn(id, false, || write(false)));
            let at_once =
                poll_fn(|context| Poll::Ready(recovers.as_mut().poll(context).is_pending()));
            assert!(at_once.await, "the first is still being written");
            go_on.send(()).unwrap();
            recovers.await
        };
        let (begun, recovered) = join(begins, recovers).await;
        assert!(begun.unwrap() && recovered.unwrap());
        assert_eq!(*written.lock().unwrap(), [true, false]);
        // Judged again before its turn came.
        watch.lock().entry(id).or_default();
        assert!(!watch.in_turn(id, false, || write(false)).await.unwrap());
    }

    #[tokio::test]
    async fn a_recovery_that_could_not_be_written_down_is_seen_again() {
        let watch = HealthWatch::default();
        let id = DestinationId::new(1, [1; 10]);
        let lost = async || Err(StoreError::Closed);
        assert!(watch.in_turn(id, false, lost).await.is_err());
        assert_eq!(watch.take_recovered(Timestamp::UNIX_EPOCH), [id]);
        assert!(watch.take_recovered(Timestamp::UNIX_EPOCH).is_empty());
    }
}
