//! Forgetting what has had its time, so that nothing grows for ever; one node does it for all.
//!
//! Called by `worker` on a timer. What is unfinished is never touched, however old or large. Batches are small, and between two of them is
//! rested as long as the last one took, so that events come in meanwhile; where the walk stands is kept in memory, and a walk that is begun again
//! forgets the same. A batch costs the same however long the log is: with a million events, half of them gone and not yet cleared away,
//! PostgreSQL took 11 ms for one (median of 60, the slowest 47 ms) and read no table as a whole; `tests/it/retention.rs` holds it to that.
//! What keeps each table within bounds:
//!
//! | table | bound |
//! |---|---|
//! | `events`, with `deliveries` and `attempts` | age (`BLUEBRIDGE_RETENTION_DAYS`) and size (`BLUEBRIDGE_RETENTION_MAX_MB`), here; keys against duplicates are columns of `events` |
//! | `replays` | ended before the retention, and none of its deliveries is left, here; ten may run at once |
//! | `audit_log` | the retention, a year at least, here |
//! | `delivery_counts`, `event_counts` | single minutes two hours, hours 31 days (`counts`), here |
//! | `sessions`, `invites`, `idempotency_keys` | until they run out, here; fifty sessions to a person, a hundred open invitations |
//! | `nodes`, `duties` | an hour after the last heartbeat, at every heartbeat; one row for each duty |
//! | `recovery_codes` | ten to a person |
//! | `key_check`, `count_progress`, `revision` | one row |
//! | `users`, `api_tokens`, `sources`, `destinations`, `connections`, `connection_versions` | what people make; deleted ones and old versions stay, because the log names them |
//!
//! Without a retention (0 days and no size) the log, the replays and the audit log are kept, as was asked for.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::domain::id::EventId;
use crate::flow::clock_step::look;
use crate::flow::{Bridge, counts};
use crate::store::error::StoreError;
use crate::store::retention::BatchLimits;

const DAY_MS: i64 = 86_400_000;

/// Shortest time that the audit log is kept, in days: it outlives the events.
const AUDIT_DAYS_MIN: u32 = 365;

/// How long a replay that ended is told of when only the size limits the log, in days.
const REPLAY_DAYS: u32 = 90;

/// Rows forgotten in one batch.
const BATCH_LIMIT: i64 = 200;

/// Bodies of the events of one batch, in bytes.
const BATCH_LIMIT_BYTES: u64 = 8 << 20;

/// Batches of one pass, of each kind.
const BATCHES_LIMIT: usize = 500;

/// Free room that a SQLite file keeps for what comes, as a part of what it holds.
const ROOM_KEPT_SHARE: u64 = 10;

/// What is kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention {
    /// After how many days finished events are forgotten; `None` keeps them.
    pub days: Option<u32>,
    /// How large the database may be before the oldest finished events are forgotten, in bytes; `None` sets no limit.
    pub max_bytes: Option<u64>,
}

/// How far the walks through the log have come.
#[derive(Debug, Default)]
pub struct Forgetting {
    by_age: Walk,
    by_size: Walk,
}

/// The last event that was looked at; `None` begins at the oldest.
#[derive(Debug, Default)]
struct Walk(Mutex<Option<EventId>>);

/// What a pass forgot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Events older than the retention.
    pub by_age: usize,
    /// Events that had to go because the database was too large.
    pub by_size: usize,
    pub replays: usize,
    /// The pass was long enough, and the next one finds more to do.
    pub there_is_more: bool,
}

/// One pass.
pub async fn forget(bridge: &Bridge) -> Result<Forgotten, StoreError> {
    let mut forgotten = Forgotten::default();
    if look(bridge).spares_history || !bridge.nodes.is_housekeeper() {
        return Ok(forgotten);
    }
    let now_ms = bridge.clock.now_ms();
    counts::forget(bridge).await?;
    bridge.store.forget_expired(now_ms).await?;
    if let Some(days) = bridge.retention.days {
        let before_ms = now_ms - i64::from(days) * DAY_MS;
        by_age(bridge, before_ms, &mut forgotten).await?;
    }
    if let Some(limit_bytes) = bridge.retention.max_bytes {
        by_size(bridge, limit_bytes, now_ms, &mut forgotten).await?;
    }
    if bridge.retention.days.is_some() || bridge.retention.max_bytes.is_some() {
        let before_ms = |days: u32| now_ms - i64::from(days) * DAY_MS;
        let replays_before_ms = before_ms(bridge.retention.days.unwrap_or(REPLAY_DAYS));
        let replays = bridge.store.forget_replays(replays_before_ms, BATCH_LIMIT);
        forgotten.replays = replays.await?;
        let days = bridge.retention.days.unwrap_or(AUDIT_DAYS_MIN);
        notes(bridge, before_ms(days.max(AUDIT_DAYS_MIN))).await?;
    }
    give_back_room(bridge).await?;
    Ok(forgotten)
}

async fn by_age(
    bridge: &Bridge,
    before_ms: i64,
    forgotten: &mut Forgotten,
) -> Result<(), StoreError> {
    let mut reached_end = false;
    for _ in 0..BATCHES_LIMIT {
        let walk = &bridge.forgetting.by_age;
        let Some(events) = walk.go_on(bridge, before_ms, BATCH_LIMIT_BYTES).await? else {
            reached_end = true;
            break;
        };
        forgotten.by_age += events;
    }
    forgotten.there_is_more |= !reached_end;
    if forgotten.by_age > 0 {
        tracing::info!(
            events = forgotten.by_age,
            "forgot events older than the retention"
        );
    }
    Ok(())
}

async fn by_size(
    bridge: &Bridge,
    limit_bytes: u64,
    now_ms: i64,
    forgotten: &mut Forgotten,
) -> Result<(), StoreError> {
    let before = bridge.store.size().await?;
    if before.file_bytes <= limit_bytes {
        return Ok(());
    }
    let walk = &bridge.forgetting.by_size;
    let from_the_oldest = walk.stands_at().is_none();
    let mut fits = false;
    let mut reached_end = false;
    for _ in 0..BATCHES_LIMIT {
        let used_bytes = bridge.store.size().await?.used_bytes;
        fits = used_bytes <= limit_bytes;
        if fits {
            // The next one that must go is the oldest again.
            walk.set(None);
            break;
        }
        let surplus_bytes = used_bytes - limit_bytes;
        let Some(events) = walk.go_on(bridge, now_ms, surplus_bytes).await? else {
            reached_end = true;
            break;
        };
        forgotten.by_size += events;
    }
    forgotten.there_is_more |= !fits && !reached_end;
    if forgotten.by_size > 0 {
        tracing::warn!(
            events = forgotten.by_size,
            before_bytes = before.file_bytes,
            limit_bytes,
            "forgot the oldest finished events, because the database was larger than BLUEBRIDGE_RETENTION_MAX_MB"
        );
    }
    if reached_end && from_the_oldest && forgotten.by_size == 0 {
        tracing::warn!(
            file_bytes = before.file_bytes,
            limit_bytes,
            "the database is larger than BLUEBRIDGE_RETENTION_MAX_MB, and all that is left is unfinished or settings; nothing of that is forgotten"
        );
    }
    Ok(())
}

impl Walk {
    /// Looks at the next events and forgets what may be forgotten of them. Returns how many; `None` at the end, where the walk begins anew.
    async fn go_on(
        &self,
        bridge: &Bridge,
        before_ms: i64,
        limit_bytes: u64,
    ) -> Result<Option<usize>, StoreError> {
        if !bridge.nodes.is_housekeeper() {
            // Another node has taken it over meanwhile.
            return Ok(None);
        }
        let limits = BatchLimits {
            events: BATCH_LIMIT,
            bytes: i64::try_from(limit_bytes.min(BATCH_LIMIT_BYTES)).unwrap_or(i64::MAX),
        };
        let begun = Instant::now();
        let batch = bridge
            .store
            .forget_events(self.stands_at(), before_ms, limits)
            .await?;
        self.set(batch.up_to);
        tokio::time::sleep(begun.elapsed()).await;
        Ok(batch.up_to.map(|_| batch.events))
    }

    fn stands_at(&self) -> Option<EventId> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, at: Option<EventId>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

/// Forgets notes of the audit log.
async fn notes(bridge: &Bridge, before_ms: i64) -> Result<(), StoreError> {
    for _ in 0..BATCHES_LIMIT {
        if bridge.store.forget_notes(before_ms, BATCH_LIMIT).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Gives back what a SQLite file has free beyond what it will soon need again.
async fn give_back_room(bridge: &Bridge) -> Result<(), StoreError> {
    let used_bytes = bridge.store.size().await?.used_bytes;
    let mut keep_bytes = used_bytes / ROOM_KEPT_SHARE;
    if let Some(limit_bytes) = bridge.retention.max_bytes {
        keep_bytes = keep_bytes.min(limit_bytes.saturating_sub(used_bytes));
    }
    for _ in 0..BATCHES_LIMIT {
        let begun = Instant::now();
        if !bridge.store.give_back_room(keep_bytes).await? {
            break;
        }
        tokio::time::sleep(begun.elapsed()).await;
    }
    Ok(())
}
