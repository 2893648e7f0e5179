//! The wall clock was set, while the process ran or while it did not: what waits must neither wait for a time that has been already, nor be taken from
//! whoever is at it.
//!
//! Called by `worker` on a timer, and at start. A clock that was set back moves every due time with it, once; on a shared database, where other nodes set
//! due times too, only what no right clock can have set is put right. Leases stay as they are: they guard against others, and those of this process end
//! with their attempts. One that leapt ahead ends no lease for a while: attempts under way are not made twice for it, and after a
//! long leap nothing is forgotten for a while ([`Look`]).
//! At start, the newest row tells what the clock showed last; ids go on where they were (`clock::Ids`).

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::delivery::{LEASE_RANGE_S, State};
use crate::domain::id::DestinationId;
use crate::domain::retry::{LONGEST_PAUSE_MS, REST_CAP_MS};
use crate::flow::Bridge;
use crate::flow::lease::{self, give_back};
use crate::store::claims::Wait;
use crate::store::clock_step::Reached;
use crate::store::error::StoreError;

/// Steps of less than this are left alone: an hour of retries is not reckoned in seconds. In milliseconds.
const TOLERANCE_MS: i64 = 60_000;

/// After a leap of so much, nothing is forgotten for an hour, which somebody may use to set the clock right: what is forgotten does not come back. In
/// milliseconds.
const LONG_LEAP_MS: i64 = 6 * 3_600_000;
const HISTORY_SPARED_MS: i64 = 3_600_000;

/// Longest lease that can be set, in milliseconds.
const LEASE_LIMIT_MS: i64 = *LEASE_RANGE_S.end() * 1_000;

/// What the clock has done so far.
#[derive(Debug, Default)]
pub struct ClockWatch(Mutex<Seen>);

/// What the clocks show at one moment, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub wall_ms: i64,
    /// What leases are taken by.
    pub lease_ms: i64,
    /// What nobody sets.
    pub steady_ms: i64,
}

#[derive(Debug, Default)]
struct Seen {
    /// The latest time that was seen, in milliseconds since 1970.
    latest_ms: i64,
    /// What the clocks showed at the last look.
    last: Option<Shown>,
    /// Until when on the steady clock no lease is ended, in milliseconds.
    leases_spared_until_ms: Option<i64>,
    /// Until when on the steady clock nothing is forgotten, in milliseconds.
    history_spared_until_ms: Option<i64>,
    /// Since when on the steady clock leases are there that no right clock can have set, in milliseconds.
    long_leases_since_ms: Option<i64>,
    /// What is still to be done about steps back.
    to_do: ToDo,
}

#[derive(Debug, Default)]
struct ToDo {
    moves: Vec<Move>,
    /// First attempts wait for hours that the clock had run ahead.
    first_waits: bool,
    /// What is in memory is leased for as long.
    long_leased: bool,
}

/// Due times of one destination that are to be moved.
#[derive(Debug)]
struct Move {
    id: DestinationId,
    back_ms: i64,
    reached: Option<Reached>,
}

impl Seen {
    /// By how much the clock was set back since the last call, in milliseconds, when that matters.
    fn set_back_ms(&mut self, now_ms: i64) -> Option<i64> {
        let back_ms = self.latest_ms - now_ms;
        if back_ms <= 0 || back_ms >= TOLERANCE_MS {
            self.latest_ms = now_ms;
        }
        (back_ms >= TOLERANCE_MS).then_some(back_ms)
    }

    /// Notes how the clocks have gone since the last look.
    fn note_pace(&mut self, shown: Shown, lease_ms: i64) {
        let Some(last) = self.last.replace(shown) else {
            return;
        };
        let passed_ms = shown.steady_ms - last.steady_ms;
        let leap_ms = shown.lease_ms - last.lease_ms - passed_ms;
        if leap_ms >= TOLERANCE_MS {
            tracing::warn!(
                leap_ms,
                "the clock leapt ahead; leases are left alone for a while"
            );
            self.leases_spared_until_ms = Some(shown.steady_ms.saturating_add(lease_ms));
        }
        if shown.wall_ms - last.wall_ms - passed_ms >= LONG_LEAP_MS {
            let until_ms = shown.steady_ms.saturating_add(HISTORY_SPARED_MS);
            self.history_spared_until_ms = Some(until_ms);
        }
    }
}

impl ClockWatch {
    /// Looks at the clocks; a lease lasts for `lease_ms`.
    pub fn look(&self, shown: Shown, lease_ms: i64) {
        self.lock().note_pace(shown, lease_ms);
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a look at the clocks tells.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    now_ms: i64,
    /// Leases that seem to have run out may only seem so.
    pub spares_leases: bool,
    /// What seems to have had its time may only seem so.
    pub spares_history: bool,
}

/// Looks at the clocks, and notes how they have gone since the last look.
pub fn look(bridge: &Bridge) -> Look {
    let shown = Shown {
        wall_ms: bridge.clock.now_ms(),
        lease_ms: lease::clock_ms(bridge),
        steady_ms: bridge.clock.steady_ms(),
    };
    bridge.clock_watch.look(shown, bridge.lease_ms);
    let seen = bridge.clock_watch.lock();
    let lasts = |until_ms: Option<i64>| until_ms.is_some_and(|until_ms| shown.steady_ms < until_ms);
    Look {
        now_ms: shown.wall_ms,
        spares_leases: lasts(seen.leases_spared_until_ms),
        spares_history: lasts(seen.history_spared_until_ms),
    }
}

/// Looks at the clock and puts right what it has done. Returns how many deliveries were moved.
pub async fn catch_up(bridge: &Bridge) -> Result<usize, StoreError> {
    let now_ms = look(bridge).now_ms;
    let back_ms = note_step_back(bridge, now_ms);
    give_back_long_leased(bridge, now_ms).await?;
    let moved = move_with_clock(bridge).await?
        + end_waits_for_a_first_attempt(bridge, now_ms).await?
        + end_long_waits(bridge, now_ms).await?
        + end_long_leases(bridge, now_ms).await?;
    if moved > 0 || back_ms.is_some() {
        tracing::warn!(
            back_ms,
            deliveries = moved,
            "the clock was set; what waits was moved with it"
        );
        bridge.outbox.announce_room();
    }
    Ok(moved)
}

/// Notes what is to be done about a step back. What cannot be done now is done at the next look.
fn note_step_back(bridge: &Bridge, now_ms: i64) -> Option<i64> {
    let mut seen = bridge.clock_watch.lock();
    let back_ms = seen.set_back_ms(now_ms)?;
    seen.to_do.long_leased = true;
    if bridge.store.is_shared() {
        // Other nodes set due times too, by clocks of their own.
        seen.to_do.first_waits = true;
    } else {
        let snapshot = bridge.snapshot();
        let moves = snapshot.destinations().map(|one| Move {
            id: one.id,
            back_ms,
            reached: None,
        });
        seen.to_do.moves.extend(moves);
    }
    Some(back_ms)
}

/// Moves what waits with the clock.
async fn move_with_clock(bridge: &Bridge) -> Result<usize, StoreError> {
    let mut moves = std::mem::take(&mut bridge.clock_watch.lock().to_do.moves);
    let mut moved = 0;
    while let Some(mut one) = moves.pop() {
        let (id, back_ms) = (one.id, one.back_ms);
        match bridge
            .store
            .make_due_earlier(id, back_ms, one.reached.clone())
            .await
        {
            Ok((count, reached)) => {
                moved += count;
                if reached.is_some() {
                    one.reached = reached;
                    moves.push(one);
                }
            }
            Err(error) => {
                moves.push(one);
                bridge.clock_watch.lock().to_do.moves.append(&mut moves);
                return Err(error);
            }
        }
    }
    Ok(moved)
}

/// What is queued waits at most for a rest; anything longer was set by a clock that ran ahead.
async fn end_waits_for_a_first_attempt(bridge: &Bridge, now_ms: i64) -> Result<usize, StoreError> {
    if !bridge.clock_watch.lock().to_do.first_waits {
        return Ok(0);
    }
    let latest_ms = lease::clock_ms(bridge) + REST_CAP_MS + TOLERANCE_MS;
    let mut moved = 0;
    for destination in bridge.snapshot().destinations() {
        let (store, id) = (&bridge.store, destination.id);
        moved += store
            .make_all_due(id, latest_ms, Some(State::Queued), now_ms)
            .await?;
    }
    bridge.clock_watch.lock().to_do.first_waits = false;
    Ok(moved)
}

/// Puts right what no right clock of any node can have set: afterwards nothing waits longer than its schedule can mean.
async fn end_long_waits(bridge: &Bridge, now_ms: i64) -> Result<usize, StoreError> {
    // By the clock that all nodes share: one that is behind must not take what others have put off for too far away.
    let latest_ms = lease::clock_ms(bridge) + LONGEST_PAUSE_MS + TOLERANCE_MS;
    let ids = bridge.snapshot().destinations().map(|one| one.id).collect();
    let mut moved = 0;
    for id in bridge.store.waiting_beyond(ids, latest_ms).await? {
        moved += bridge
            .store
            .make_all_due(id, latest_ms, None, now_ms)
            .await?;
    }
    Ok(moved)
}

/// What waits in memory under a lease that is too long now would never count as stale.
async fn give_back_long_leased(bridge: &Bridge, now_ms: i64) -> Result<(), StoreError> {
    if !bridge.clock_watch.lock().to_do.long_leased {
        return Ok(());
    }
    let latest_ms = lease::until_ms(bridge) + TOLERANCE_MS;
    let long_leased = bridge.outbox.take_leased_beyond(latest_ms);
    // What cannot be given back is due again when its lease is ended.
    bridge.clock_watch.lock().to_do.long_leased = false;
    give_back(bridge, long_leased, Wait::Due { at_ms: now_ms }).await
}

/// Ends leases that no right clock can have set, when they have been there for as long as one lasts: whoever took them may be alive.
async fn end_long_leases(bridge: &Bridge, now_ms: i64) -> Result<usize, StoreError> {
    // When the longest one ends that can be set.
    let latest_ms = lease::clock_ms(bridge) + LEASE_LIMIT_MS + TOLERANCE_MS;
    let are_there = bridge.store.are_leased_beyond(latest_ms).await?;
    let steady_ms = bridge.clock.steady_ms();
    let have_been_long = {
        let mut seen = bridge.clock_watch.lock();
        let since_ms = seen.long_leases_since_ms.unwrap_or(steady_ms);
        seen.long_leases_since_ms = are_there.then_some(since_ms);
        are_there && steady_ms - since_ms >= bridge.lease_ms
    };
    if have_been_long {
        bridge.store.end_long_leases(latest_ms, now_ms).await
    } else {
        Ok(0)
    }
}

/// Puts right what the clock has done while no process ran.
pub async fn at_start(bridge: &Bridge) -> Result<(), StoreError> {
    let newest_ms = bridge.store.newest_ms().await?;
    if let Some(newest_ms) = newest_ms {
        let mut seen = bridge.clock_watch.lock();
        seen.latest_ms = seen.latest_ms.max(newest_ms);
    }
    catch_up(bridge).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_is_noticed_once_and_small_ones_are_left_alone() {
        let mut seen = Seen::default();
        let times = [
            1_000_000, 999_000, 1_000_500, 900_500, 900_600, 2_000_000, 1_000_000, 939_999,
        ];
        let back = times.map(|now_ms| seen.set_back_ms(now_ms));
        assert_eq!(
            back,
            [
                None,
                None,
                None,
                Some(100_000),
                None,
                None,
                Some(1_000_000),
                Some(60_001)
            ]
        );
    }

    #[test]
    fn after_a_leap_ahead_no_lease_is_ended_for_as_long_as_one_lasts() {
        let (start_ms, lease_ms) = (1_700_000_000_000, 120_000);
        let mut seen = Seen::default();
        let mut look = |ran_ms: i64, steady_ms: i64| {
            let now_ms = start_ms + ran_ms;
            let shown = Shown {
                wall_ms: now_ms,
                lease_ms: now_ms,
                steady_ms,
            };
            seen.note_pace(shown, lease_ms);
            (seen.leases_spared_until_ms, seen.history_spared_until_ms)
        };
        assert_eq!(look(0, 0), (None, None));
        assert_eq!(look(5_000, 5_000), (None, None), "it goes as it should");
        assert_eq!(
            look(69_000, 10_000),
            (None, None),
            "a small step is left alone"
        );
        assert_eq!(look(269_000, 15_000), (Some(135_000), None), "it leapt");
        assert_eq!(look(1_000, 140_000), (Some(135_000), None), "set back");
        let hours_ms = 6 * 3_600_000;
        let until_ms = 145_000 + HISTORY_SPARED_MS;
        let spared = (Some(265_000), Some(until_ms));
        assert_eq!(look(hours_ms + 10_000, 145_000), spared);
    }
}
