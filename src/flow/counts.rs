//! Keeps the overview's counts up: minute by minute behind the log's end, apart from the hot path.
//!
//! Called by the worker on a timer; one node does it for all, and another that takes over goes on where it stopped. A step counts the minutes since
//! the last one, the last two again (a commit may come out of the order of its id), and a few of those in which something still waited. It looks
//! at a bounded number of rows, so a log that was never counted is caught up with bit by bit. What was counted and then forgotten by the
//! retention stays counted.

use crate::flow::Bridge;
use crate::store::counts::{HOUR_MS, MINUTE_MS, Minute};
use crate::store::error::StoreError;

/// How far back is counted, in milliseconds: the longest stretch of the overview and a day.
pub const REACH_MS: i64 = 31 * 24 * HOUR_MS;

/// How long single minutes are kept, in milliseconds.
const MINUTES_KEPT_MS: i64 = 2 * HOUR_MS;

/// Minutes before the present one that are counted again at every step.
const UNSETTLED_MINUTES: i64 = 2;

/// Minutes counted in one step at most, and of those in which something waited.
const MINUTES_LIMIT: usize = 120;
const OPEN_LIMIT: i64 = 20;

/// Rows after which a step ends.
const ROWS_LIMIT: usize = 20_000;

/// Counts on. Returns whether the end of the log was reached, or another node counts.
pub async fn count(bridge: &Bridge) -> Result<bool, StoreError> {
    if !bridge.nodes.is_housekeeper() {
        return Ok(true);
    }
    let now_ms = bridge.clock.now_ms();
    let present = now_ms - now_ms.rem_euclid(MINUTE_MS);
    let settled = present - UNSETTLED_MINUTES * MINUTE_MS;
    let earliest = now_ms - REACH_MS;
    let mut position = bridge
        .store
        .counted_to()
        .await?
        .unwrap_or(earliest)
        .max(earliest);
    position = position.min(settled);
    position -= position.rem_euclid(MINUTE_MS);
    let mut minutes: Vec<Minute> = Vec::new();
    let mut rows = 0;
    let mut reached_end = false;
    while minutes.len() < MINUTES_LIMIT && rows < ROWS_LIMIT {
        match bridge.store.next_minute_with_something(position).await? {
            Some(minute) if minute <= present => {
                let counted = bridge.store.count_minute(minute).await?;
                rows += counted.rows;
                minutes.push(counted);
                position = minute + MINUTE_MS;
            }
            _ => {
                reached_end = true;
                break;
            }
        }
    }
    if reached_end {
        position = settled;
        for minute in bridge.store.open_minutes(OPEN_LIMIT).await? {
            if rows >= ROWS_LIMIT {
                break;
            }
            if minutes.iter().all(|counted| counted.starts_ms != minute) {
                let counted = bridge.store.count_minute(minute).await?;
                rows += counted.rows;
                minutes.push(counted);
            }
        }
    }
    if minutes.is_empty() {
        return Ok(true);
    }
    let counted_to = position.min(settled);
    bridge.store.put_counts(minutes, counted_to, now_ms).await?;
    Ok(reached_end)
}

/// Forgets counts that no page shows any more.
pub async fn forget(bridge: &Bridge) -> Result<(), StoreError> {
    let now_ms = bridge.clock.now_ms();
    bridge
        .store
        .forget_counts(now_ms - MINUTES_KEPT_MS, now_ms - REACH_MS)
        .await
}
