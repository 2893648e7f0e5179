//! Notices when a destination begins to fail, when it has failed long enough to be held, and when it recovers: one line in the log, one mark in the
//! database and one notice (`notices`) each, not one per attempt.
//!
//! It begins with the first failure. It has recovered when something has arrived and nothing failed for two minutes (`domain::breaker`), so that one
//! that takes only half of what it is sent goes on failing instead of telling both by turns; whatever arrives while it is held ends that at once, and
//! after it was resumed what failed before counts no more.
//!
//! Called by `deliver` after every attempt, and by `worker` on a timer. While a destination is marked as failing, each node notes in its row when
//! an attempt failed and when one arrived, at most every half a minute; by that it is judged, whichever node looks. Whoever changes the mark tells
//! it. What arrives at a destination without a mark asks and writes nothing. The streak of failures is kept in memory only: after a restart a
//! failing destination is judged anew, which costs some attempts and loses nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::breaker::{Sightings, Streak};
use crate::domain::destination::{Destination, Health};
use crate::domain::id::{DeliveryId, DestinationId};
use crate::domain::notice::Change;
use crate::domain::outcome::{Outcome, Verdict};
use crate::flow::snapshot::Snapshot;
use crate::flow::{Bridge, notices};
use crate::store::error::StoreError;

/// How the destinations do that have failed since the start, as far as this node has seen.
#[derive(Debug, Default)]
pub struct HealthWatch(Mutex<HashMap<DestinationId, Watched>>);

#[derive(Debug, Default)]
struct Watched {
    /// The mark under which all this was seen: since when it fails.
    mark: Option<Timestamp>,
    streak: Streak,
    failures: Sightings,
    arrivals: Sightings,
}

impl Watched {
    /// Keeps to the present mark. What was seen under one that is gone counts no more.
    fn under(&mut self, mark: Option<Timestamp>) -> &mut Watched {
        if self.mark.is_some() && self.mark != mark {
            *self = Watched::default();
        }
        self.mark = mark;
        self
    }
}

/// What one attempt changes about a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Fails,
    MustBeHeld,
    Arrives,
    Recovers,
}

/// What is to be noted of a marked destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Notes {
    id: DestinationId,
    failed: Option<Timestamp>,
    arrived: Option<Timestamp>,
}

/// Looks at one attempt's outcome; tells and notes a change. `true` when the destination is to be held.
pub async fn note(
    bridge: &Bridge,
    destination: &Destination,
    delivery: DeliveryId,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (id, health) = (destination.id, &destination.health);
    let noted = match bridge
        .health
        .see(id, health, delivery, outcome.verdict(), now)
    {
        Seen::Nothing => Ok(()),
        Seen::MustBeHeld => return Ok(true),
        Seen::Fails => fails(bridge, destination, outcome.sentence(), now).await,
        Seen::Arrives => {
            let noted = bridge.store.note_arrived(id, now.as_millisecond()).await;
            noted.map(|_| ())
        }
        Seen::Recovers => recovers(bridge, id).await,
    };
    noted.inspect_err(|_| bridge.health.forget_notes(id))?;
    Ok(false)
}

/// Marks the destination, or notes that it failed once more under the mark that it has.
async fn fails(
    bridge: &Bridge,
    destination: &Destination,
    failure: String,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (id, now_ms, store) = (destination.id, now.as_millisecond(), &bridge.store);
    let told = Some(failure.clone());
    if destination.health.failing_since.is_some() && store.note_failed(id, now_ms, told).await? {
        return Ok(());
    }
    // It has no mark, or it had one until a moment ago.
    if !store.begin_failing(id, now_ms, failure.clone()).await? {
        return Ok(());
    }
    tracing::warn!(destination = %id, name = destination.name, failure, "destination begins to fail");
    notices::tell(bridge, id, Change::Failing(failure));
    // What is judged next is judged by this mark.
    bridge.reload().await
}

/// Ends the mark, whatever is noted.
async fn recovers(bridge: &Bridge, id: DestinationId) -> Result<(), StoreError> {
    if !bridge.store.end_failing(id).await? {
        return Ok(());
    }
    tell_recovered(bridge, id);
    bridge.reload().await
}

fn tell_recovered(bridge: &Bridge, id: DestinationId) {
    let snapshot = bridge.snapshot();
    let name = snapshot.destination(id).map(|found| found.name.as_str());
    tracing::info!(destination = %id, name, "destination has recovered");
    notices::tell(bridge, id, Change::Recovered);
}

/// Ends the marks of those that have recovered, whichever node saw it, and tells of them. Called on a timer.
pub async fn end_recovered(bridge: &Bridge) -> Result<(), StoreError> {
    let now = bridge.clock.now();
    note_kept_back(bridge, now).await?;
    let may_recover = |health: &Health| health.failing_since.is_some() && health.paused.is_none();
    let snapshot = bridge.snapshot();
    if !snapshot.destinations().any(|one| may_recover(&one.health)) {
        return Ok(());
    }
    let ended = bridge.store.end_recovered(now.as_millisecond()).await?;
    for id in &ended {
        tell_recovered(bridge, *id);
    }
    if ended.is_empty() {
        return Ok(());
    }
    bridge.reload().await
}

/// Notes what was seen since the last notes, where these are old enough at this time. [`Timestamp::MAX`] notes all of it.
pub async fn note_kept_back(bridge: &Bridge, now: Timestamp) -> Result<(), StoreError> {
    for notes in bridge.health.take_kept_back(&bridge.snapshot(), now) {
        let noted = note_both(bridge, notes).await;
        noted.inspect_err(|_| bridge.health.forget_notes(notes.id))?;
    }
    Ok(())
}

async fn note_both(bridge: &Bridge, notes: Notes) -> Result<(), StoreError> {
    if let Some(at) = notes.failed {
        bridge
            .store
            .note_failed(notes.id, at.as_millisecond(), None)
            .await?;
    }
    if let Some(at) = notes.arrived {
        bridge
            .store
            .note_arrived(notes.id, at.as_millisecond())
            .await?;
    }
    Ok(())
}

impl HealthWatch {
    /// Forgets what was seen so far, when sending begins again.
    pub fn judge_anew(&self, id: DestinationId) {
        if let Some(watched) = self.lock().get_mut(&id) {
            *watched = Watched {
                mark: watched.mark,
                ..Watched::default()
            };
        }
    }

    fn see(
        &self,
        id: DestinationId,
        health: &Health,
        delivery: DeliveryId,
        verdict: Verdict,
        now: Timestamp,
    ) -> Seen {
        let mut all = self.lock();
        if verdict == Verdict::Delivered {
            if health.failing_since.is_some() {
                let watched = all.entry(id).or_default();
                return watched.under(health.failing_since).arrives(health, now);
            }
            // Its mark may be on its way into the database.
            if let Some(watched) = all.get_mut(&id) {
                watched.streak = Streak::default();
                watched.arrivals.see(now);
            }
            return Seen::Nothing;
        }
        let watched = all.entry(id).or_default().under(health.failing_since);
        watched.fails(health, delivery, now)
    }

    /// What was seen of the marked destinations and not noted so far.
    fn take_kept_back(&self, snapshot: &Snapshot, now: Timestamp) -> Vec<Notes> {
        let mut all = self.lock();
        let marked = snapshot
            .destinations()
            .filter(|destination| destination.health.failing_since.is_some());
        marked
            .filter_map(|destination| {
                let watched = all.get_mut(&destination.id)?;
                let watched = watched.under(destination.health.failing_since);
                Some(Notes {
                    id: destination.id,
                    failed: watched.failures.take_due(now),
                    arrived: watched.arrivals.take_due(now),
                })
            })
            .filter(|notes| notes.failed.is_some() || notes.arrived.is_some())
            .collect()
    }

    /// What could not be noted is noted with the next attempt, or on the timer.
    fn forget_notes(&self, id: DestinationId) {
        if let Some(watched) = self.lock().get_mut(&id) {
            watched.failures.forget_notes();
            watched.arrivals.forget_notes();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DestinationId, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn arrives(&mut self, health: &Health, now: Timestamp) -> Seen {
        self.streak = Streak::default();
        self.arrivals.see(now);
        if health.probing().is_some() {
            return Seen::Recovers;
        }
        match self.arrivals.take_due(now) {
            Some(_) => Seen::Arrives,
            None => Seen::Nothing,
        }
    }

    fn fails(&mut self, health: &Health, delivery: DeliveryId, now: Timestamp) -> Seen {
        let must_be_held = self.streak.failed(delivery, now);
        self.failures.see(now);
        if must_be_held {
            return Seen::MustBeHeld;
        }
        let is_due = self.failures.take_due_after(self.arrivals, now).is_some();
        // Without a mark it begins. While it is held, an arrival elsewhere may end the mark at any moment.
        let must_be_told = health.failing_since.is_none() || health.probing().is_some();
        if is_due || must_be_told {
            Seen::Fails
        } else {
            Seen::Nothing
        }
    }
}
