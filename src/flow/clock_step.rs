//! The wall clock was set back: what waits would otherwise wait until the old time has come again.
//!
//! Called by `worker` on a timer. It moves every due time by as much as the clock was moved, once. Leases stay as they are: they guard
//! against others, and those of this process end with their attempts. At start, the newest row tells what the clock showed last, and what no right
//! clock can have set is put right; ids go on where they were (`clock::Ids`).

use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::delivery::LEASE_RANGE_S;
use crate::domain::retry::LONGEST_PAUSE_MS;
use crate::flow::Bridge;
use crate::store::error::StoreError;

/// Steps back of less than this are left alone: an hour of retries is not reckoned in seconds. In milliseconds.
const TOLERANCE_MS: i64 = 60_000;

/// Longest lease that can be set, in milliseconds.
const LEASE_LIMIT_MS: i64 = *LEASE_RANGE_S.end() * 1_000;

/// The latest time that was seen.
#[derive(Debug, Default)]
pub struct LatestTime(AtomicI64);

impl LatestTime {
    /// By how much the clock was set back since the last call, in milliseconds, when that matters.
    fn set_back_ms(&self, now_ms: i64) -> Option<i64> {
        // In one go: of two who ask at once, only one may see the step, or what waits would be moved twice.
        let latest_ms = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |latest_ms| {
                let back_ms = latest_ms - now_ms;
                (back_ms <= 0 || back_ms >= TOLERANCE_MS).then_some(now_ms)
            })
            .ok()?;
        let back_ms = latest_ms - now_ms;
        (back_ms >= TOLERANCE_MS).then_some(back_ms)
    }
}

/// Moves what waits when the clock was set back. Returns how many deliveries were moved.
pub async fn catch_up(bridge: &Bridge) -> Result<usize, StoreError> {
    let Some(back_ms) = bridge.latest_time.set_back_ms(bridge.clock.now_ms()) else {
        return Ok(0);
    };
    if bridge.store.is_shared() {
        // Other nodes set due times too, by clocks of their own.
        return Ok(0);
    }
    let mut moved = 0;
    for destination in bridge.snapshot().destinations() {
        moved += bridge.store.bring_forward(destination.id, back_ms).await?;
    }
    tracing::warn!(
        back_ms,
        deliveries = moved,
        "the clock was set back; what waits was moved with it"
    );
    bridge.outbox.announce_room();
    Ok(moved)
}

/// Puts right what the clock has done while no process ran. Afterwards nothing waits longer than its schedule can mean, whatever the clock was.
pub async fn at_start(bridge: &Bridge) -> Result<(), StoreError> {
    let now_ms = bridge.clock.now_ms();
    let newest_ms = bridge.store.newest_ms().await?.unwrap_or(now_ms);
    bridge.latest_time.0.fetch_max(newest_ms, Ordering::SeqCst);
    catch_up(bridge).await?;
    // What another node has set by its clock may be off by as much as the clocks differ.
    let mut moved = 0;
    for destination in bridge.snapshot().destinations() {
        let latest_ms = now_ms + LONGEST_PAUSE_MS + TOLERANCE_MS;
        moved += bridge
            .store
            .bring_back(destination.id, latest_ms, now_ms)
            .await?;
    }
    let latest_ms = now_ms + LEASE_LIMIT_MS + TOLERANCE_MS;
    moved += bridge.store.end_long_leases(latest_ms, now_ms).await?;
    if moved > 0 {
        tracing::warn!(
            deliveries = moved,
            "a clock had run far ahead; what it set is due now"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_is_noticed_once_and_small_ones_are_left_alone() {
        let latest = LatestTime::default();
        let seen = [
            1_000_000, 999_000, 1_000_500, 900_500, 900_600, 2_000_000, 1_000_000, 939_999,
        ];
        let back = seen.map(|now_ms| latest.set_back_ms(now_ms));
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
}
