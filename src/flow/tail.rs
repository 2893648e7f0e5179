//! The log's live tail: one question to the database a second for everybody who watches, and none while nobody does.
//!
//! Called by the worker (the tick) and by the pages (who watch). The database is asked and not the sender, so that a viewer at one node
//! sees what another does. A tick tells what is new and what changed among the unfinished that it told before; viewers narrow it by their
//! own filter. It keeps nothing: whoever comes late reads the log's page.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{Notify, broadcast};

use crate::domain::delivery::State;
use crate::domain::id::DeliveryId;
use crate::flow::Bridge;
use crate::store::deliveries::DeliverySummary;
use crate::store::error::StoreError;
use crate::store::tokens::TokenHash;

/// Who may watch at the same time.
pub const VIEWERS_LIMIT: usize = 64;

/// How often one session may watch at the same time, so that it keeps nobody else out: as many connections as a browser holds.
pub const VIEWERS_OF_SESSION_LIMIT: usize = 6;

/// Unfinished deliveries whose changes are told.
pub const WATCHED_LIMIT: usize = 200;

/// How far back a tick looks, in seconds: commits may come out of the order of their ids.
const OVERLAP_S: i64 = 5;

/// Ticks that a slow viewer may fall behind before it misses some.
const BEHIND_LIMIT: usize = 16;

/// After how much silence a viewer is sent a sign of life, so that proxies keep the connection, in milliseconds.
const BEAT_EVERY_MS: u64 = 15_000;

/// What one tick found, the oldest first.
pub type News = Arc<Vec<DeliverySummary>>;

/// Who watches, and what they were told.
#[derive(Debug)]
pub struct Tail {
    news: broadcast::Sender<News>,
    /// How often each session watches.
    viewers: Mutex<HashMap<TokenHash, usize>>,
    came: Notify,
    told: Mutex<HashMap<DeliveryId, Told>>,
    closing: tokio::sync::watch::Sender<bool>,
    beat_every_ms: AtomicU64,
}

/// How a delivery stood when it was told.
type Told = (State, u32);

/// One who watches; leaves when dropped.
#[derive(Debug)]
pub struct Viewer {
    tail: Arc<Tail>,
    session: TokenHash,
    pub news: broadcast::Receiver<News>,
    pub closing: tokio::sync::watch::Receiver<bool>,
}

impl Default for Tail {
    fn default() -> Tail {
        Tail {
            news: broadcast::Sender::new(BEHIND_LIMIT),
            viewers: Mutex::default(),
            came: Notify::new(),
            told: Mutex::default(),
            closing: tokio::sync::watch::Sender::new(false),
            beat_every_ms: AtomicU64::new(BEAT_EVERY_MS),
        }
    }
}

impl Tail {
    /// After how much silence a viewer is sent a sign of life.
    pub fn beat_every(&self) -> Duration {
        Duration::from_millis(self.beat_every_ms.load(Ordering::Relaxed))
    }

    /// Another silence than the usual one.
    pub fn set_beat_every_ms(&self, every_ms: u64) {
        self.beat_every_ms.store(every_ms, Ordering::Relaxed);
    }

    /// Begins to watch; `None` when too many do, or this session too often.
    pub fn watch(self: &Arc<Tail>, session: TokenHash) -> Option<Viewer> {
        let mut viewers = lock(&self.viewers);
        let own = viewers.get(&session).copied().unwrap_or(0);
        if own >= VIEWERS_OF_SESSION_LIMIT || viewers.values().sum::<usize>() >= VIEWERS_LIMIT {
            return None;
        }
        viewers.insert(session, own + 1);
        drop(viewers);
        let viewer = Viewer {
            tail: self.clone(),
            session,
            news: self.news.subscribe(),
            closing: self.closing.subscribe(),
        };
        self.came.notify_one();
        Some(viewer)
    }

    /// Waits until somebody watches.
    pub async fn watched(&self) {
        while lock(&self.viewers).is_empty() {
            self.came.notified().await;
        }
    }

    /// Sends everybody away, because the process stops.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Looks once and tells everybody.
    pub async fn tick(&self, bridge: &Bridge) -> Result<(), StoreError> {
        let since = bridge.clock.now() - SignedDuration::from_secs(OVERLAP_S);
        let found = bridge.store.log_news(since, self.unfinished()).await?;
        let news = self.select(found, since.as_millisecond());
        if !news.is_empty() {
            // Nobody listening any more is no error.
            let _ = self.news.send(Arc::new(news));
        }
        Ok(())
    }

    /// The newest unfinished deliveries that somebody was told of.
    fn unfinished(&self) -> Vec<DeliveryId> {
        let told = lock(&self.told);
        let mut ids: Vec<DeliveryId> = told
            .iter()
            .filter(|(_, (state, _))| !state.is_final())
            .map(|(id, _)| *id)
            .collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.truncate(WATCHED_LIMIT);
        ids
    }

    /// What is new or changed; remembers it, and forgets what no tick will find again.
    fn select(&self, found: Vec<DeliverySummary>, since_ms: i64) -> Vec<DeliverySummary> {
        let mut told = lock(&self.told);
        let mut news: Vec<DeliverySummary> = found
            .into_iter()
            .filter(|one| {
                let stands = (one.state, one.attempts);
                told.insert(one.id, stands) != Some(stands)
            })
            .collect();
        news.sort_by_key(|one| one.id);
        told.retain(|id, (state, _)| !state.is_final() || id.unix_ms() >= since_ms);
        if told.len() > WATCHED_LIMIT * 4 {
            let mut ids: Vec<DeliveryId> = told.keys().copied().collect();
            ids.sort_unstable();
            for id in ids.iter().take(told.len() - WATCHED_LIMIT * 4) {
                if id.unix_ms() < since_ms {
                    told.remove(id);
                }
            }
        }
        news
    }
}

impl Viewer {
    /// Tells changes of these deliveries as well, as far as they are unfinished. They must have been read after the watch began: what changes between
    /// would be told to nobody.
    pub fn also_tell(&self, shown: &[DeliverySummary]) {
        let mut told = lock(&self.tail.told);
        for delivery in shown.iter().filter(|one| !one.state.is_final()) {
            told.entry(delivery.id)
                .or_insert((delivery.state, delivery.attempts));
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut viewers = lock(&self.tail.viewers);
        if let Entry::Occupied(mut own) = viewers.entry(self.session) {
            *own.get_mut() -= 1;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_session_keeps_nobody_else_out() {
        let tail = Arc::new(Tail::default());
        let watch = |session: usize| tail.watch([session as u8; 32]);
        let mut own: Vec<Viewer> = (0..VIEWERS_OF_SESSION_LIMIT)
            .filter_map(|_| watch(0))
            .collect();
        assert_eq!(own.len(), VIEWERS_OF_SESSION_LIMIT);
        assert!(watch(0).is_none());
        let others: Vec<Viewer> = (1..100).filter_map(watch).collect();
        assert_eq!(own.len() + others.len(), VIEWERS_LIMIT);
        assert!(watch(200).is_none());
        own.pop();
        assert!(watch(0).is_some());
        drop((own, others));
        assert!(lock(&tail.viewers).is_empty());
    }
}
