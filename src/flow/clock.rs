//! Where time and ids come from. `app` makes one clock and hands it to the loops and the pages, which pass `now` down as an
//! argument; tests set theirs by hand.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// How often is looked whether a clock that is set by hand has come so far?
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What [`Clock::steady_ms`] counts from.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Tells the time.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// Set by hand, in milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Manual(unix_ms) => Timestamp::from_millisecond(unix_ms.load(Ordering::SeqCst))
                .unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// Now, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// Time that has passed in this process, in milliseconds, whatever the wall clock is set to meanwhile. One that is set by hand is its own measure.
    pub fn steady_ms(&self) -> i64 {
        match self {
            Clock::System => i64::try_from(STARTED.elapsed().as_millis()).unwrap_or(i64::MAX),
            Clock::Manual(unix_ms) => unix_ms.load(Ordering::SeqCst),
        }
    }

    /// Waits until so much time has passed.
    pub async fn pass(&self, time: Duration) {
        let Clock::Manual(unix_ms) = self else {
            return tokio::time::sleep(time).await;
        };
        let now = || Duration::from_millis(unix_ms.load(Ordering::SeqCst).unsigned_abs());
        let until = now() + time;
        while now() < until {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Makes the parts of an id such that ids made later by this process sort later, also within one millisecond
/// and when the clock steps back.
#[derive(Debug, Default)]
pub struct Ids(AtomicU64);

/// Ids that one millisecond has room for before the next one is borrowed from.
const PER_MS_BITS: u32 = 12;

/// How far ahead of the clock ids go on, in milliseconds: one that was set back by hours keeps their order, one that had run in another year for a
/// while does not.
const AHEAD_LIMIT_MS: u64 = 86_400_000;

impl Ids {
    /// Ids that sort after every id made at this time, in milliseconds since 1970: the clock may have been set back since the last run.
    pub fn after(unix_ms: i64) -> Ids {
        let unix_ms = u64::try_from(unix_ms).unwrap_or(0);
        Ids(AtomicU64::new(unix_ms.saturating_add(1) << PER_MS_BITS))
    }

    /// Milliseconds and ten bytes for an id's `new`.
    pub fn parts(&self, now: Timestamp) -> (u64, [u8; 10]) {
        let floor = u64::try_from(now.as_millisecond()).unwrap_or(0) << PER_MS_BITS;
        let ceiling = floor.saturating_add(AHEAD_LIMIT_MS << PER_MS_BITS);
        let after = |last: u64| match last.saturating_add(1) {
            next if next > ceiling => floor,
            next => floor.max(next),
        };
        let previous = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(after(last)));
        let ticket = previous.map_or(floor, after);
        let counter = (ticket & ((1 << PER_MS_BITS) - 1)) as u16;
        let mut bits: [u8; 10] = rand::random();
        bits[..2].copy_from_slice(&counter.to_be_bytes());
        (ticket >> PER_MS_BITS, bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::EventId;

    #[test]
    fn ids_do_not_stay_in_a_year_that_the_clock_had_run_in_for_a_while() {
        let ids = Ids::default();
        let at = |unix_ms| Timestamp::from_millisecond(unix_ms).unwrap();
        let (now_ms, year_ms) = (1_700_000_000_000, 365 * 86_400_000);
        ids.parts(at(now_ms + year_ms));
        assert_eq!(ids.parts(at(now_ms)).0, now_ms.unsigned_abs());
        let hours_ms = 5 * 3_600_000;
        ids.parts(at(now_ms + hours_ms));
        assert_eq!(ids.parts(at(now_ms)).0, (now_ms + hours_ms).unsigned_abs());
    }

    #[test]
    fn ids_grow_within_a_millisecond_and_over_a_clock_that_steps_back() {
        let ids = Ids::default();
        let mut last = None;
        for step in 0..10_000_i64 {
            let now = Timestamp::from_millisecond(1_700_000_000_000 - step / 5_000).unwrap();
            let (unix_ms, bits) = ids.parts(now);
            let id = EventId::new(unix_ms, bits);
            assert!(Some(id) > last);
            last = Some(id);
        }
    }
}
