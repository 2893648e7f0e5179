//! Notices of destinations that begin to fail, are held or paused for it, or have recovered, sent to the destinations that are to get them.
//!
//! Noted by `health` and `pause`, once for each change whichever node saw it; sent by `worker` on a timer, through the same guard and client as
//! deliveries, one at a time to each of those who get them. That a destination begins to fail is told a little later, so that what passes by itself troubles
//! nobody; what is newer of a destination takes the place of what still waits of it. They wait in memory only: a notice that does not arrive is tried a
//! few times and then given up, since the log and the pages tell the same. None goes to the destination that it is about, nor to one that is paused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::domain::destination::Destination;
use crate::domain::id::{DeliveryId, DestinationId};
use crate::domain::mapping::JSON;
use crate::domain::notice::{Change, Notice};
use crate::domain::outcome::Verdict;
use crate::domain::retry::parse_retry_after;
use crate::flow::Bridge;
use crate::new_id;
use crate::outbound::exchange::Message;
use crate::outbound::request::send_within;

/// Notices that wait at most; the oldest are given up first.
const WAITING_LIMIT: usize = 200;

/// How long a destination must have been failing before it is told, in seconds: longer than it takes to have recovered (`domain::breaker`).
const PATIENCE_S: i64 = 150;

/// How long a notice may take, in milliseconds: the next ones wait for the slowest.
const ATTEMPT_LIMIT_MS: u64 = 10_000;

/// How long is waited after each attempt that did not arrive, in seconds; after the last of them it is given up.
const WAITS_S: [i64; 3] = [5, 300, 1_800];

/// What waits to be told.
#[derive(Debug, Default)]
pub struct Notices(Mutex<VecDeque<Waiting>>);

#[derive(Debug)]
struct Waiting {
    notice: Arc<Notice>,
    to: DestinationId,
    /// The same on every attempt.
    id: DeliveryId,
    due: Timestamp,
    attempts: usize,
}

impl Waiting {
    /// Whether both are of the same destination, for the same reader.
    fn is_of(&self, other: &Waiting) -> bool {
        self.to == other.to && self.notice.destination_id == other.notice.destination_id
    }
}

impl Notices {
    /// Takes the place of what still waits of the same destination: told later, it would not be true any more.
    fn put_news(&self, news: Waiting) {
        self.lock().retain(|other| !other.is_of(&news));
        self.put(news);
    }

    fn put(&self, waiting: Waiting) {
        let mut all = self.lock();
        if all.len() >= WAITING_LIMIT
            && let Some(given_up) = all.pop_front()
        {
            let event = given_up.notice.change.event();
            tracing::warn!(
                event,
                name = given_up.notice.name,
                "too many notices wait: one is given up"
            );
        }
        all.push_back(waiting);
    }

    /// Puts a notice back that did not arrive, unless there is something newer to tell.
    fn put_back(&self, waiting: Waiting) {
        let is_outdated = self.lock().iter().any(|newer| newer.is_of(&waiting));
        if !is_outdated {
            self.put(waiting);
        }
    }

    /// Takes the first whose time has come for each of those who get some.
    fn take_due(&self, now: Timestamp) -> Vec<Waiting> {
        let mut all = self.lock();
        let (mut due, mut later) = (Vec::<Waiting>::new(), VecDeque::new());
        for waiting in all.drain(..) {
            let is_next = waiting.due <= now && due.iter().all(|other| other.to != waiting.to);
            if is_next {
                due.push(waiting);
            } else {
                later.push_back(waiting);
            }
        }
        *all = later;
        due
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes what is to be told of a destination.
pub fn tell(bridge: &Bridge, id: DestinationId, change: Change) {
    let (snapshot, now) = (bridge.snapshot(), bridge.clock.now());
    let Some(about) = snapshot.destination(id) else {
        return;
    };
    if change == Change::Recovered && !was_told(about, now) {
        return;
    }
    let wait_s = match change {
        Change::Failing(_) => PATIENCE_S,
        Change::Held(_) | Change::Paused(_) | Change::Recovered => 0,
    };
    let notice = Arc::new(Notice {
        change,
        destination_id: id,
        name: about.name.clone(),
        at: now,
        url: format!("{}/destinations/{id}", bridge.public_url),
    });
    for to in snapshot.destinations().filter(|to| gets(to, &notice)) {
        bridge.notices.put_news(Waiting {
            notice: notice.clone(),
            to: to.id,
            id: new_id!(DeliveryId, bridge, now),
            due: now + SignedDuration::from_secs(wait_s),
            attempts: 0,
        });
    }
}

/// Whether it has failed so long that it was told, whichever node did it.
fn was_told(about: &Destination, now: Timestamp) -> bool {
    let (health, patience) = (&about.health, SignedDuration::from_secs(PATIENCE_S));
    let is_long = |since| now.duration_since(since) >= patience;
    health.paused.is_some() || health.failing_since.is_none_or(is_long)
}

fn gets(destination: &Destination, notice: &Notice) -> bool {
    let settings = &destination.settings;
    settings.notices
        && destination.id != notice.destination_id
        && destination.health.paused.is_none()
        && settings.cannot_send().is_none()
}

/// Sends what is due.
pub async fn send_due(bridge: &Bridge) {
    let due = bridge.notices.take_due(bridge.clock.now());
    join_all(due.into_iter().map(|waiting| attempt(bridge, waiting))).await;
}

async fn attempt(bridge: &Bridge, mut waiting: Waiting) {
    let snapshot = bridge.snapshot();
    // Since it was noted the destination may have been deleted, paused or changed.
    let to = snapshot.destination(waiting.to);
    let Some(to) = to.filter(|to| gets(to, &waiting.notice)) else {
        return;
    };
    let about = snapshot.destination(waiting.notice.destination_id);
    let is_over = about.is_none_or(|about| about.health.failing_since.is_none());
    if is_over && matches!(waiting.notice.change, Change::Failing(_)) {
        return;
    }
    waiting.attempts += 1;
    let now = bridge.clock.now();
    let message = Message {
        id: &waiting.id.to_string(),
        attempt: u32::try_from(waiting.attempts).unwrap_or(u32::MAX),
        timestamp_s: now.as_second(),
        body: waiting.notice.body(to.settings.kind()).to_string().into(),
        content_type: JSON,
        request: None,
    };
    let timeout_ms = to.settings.limits.timeout_ms.min(ATTEMPT_LIMIT_MS);
    let (client, guard) = (&bridge.client, &bridge.guard);
    let exchange = send_within(timeout_ms, client, guard, &to.settings, &message).await;
    if exchange.outcome.verdict() == Verdict::Delivered {
        return;
    }
    let why = exchange.outcome.sentence();
    let asked = exchange.retry_after.as_deref();
    let asked = asked.and_then(|header| parse_retry_after(header, now));
    match WAITS_S.get(waiting.attempts - 1) {
        Some(wait_s) if exchange.outcome.verdict() == Verdict::Retry => {
            let wait = SignedDuration::from_secs(*wait_s);
            waiting.due = now + asked.map_or(wait, |asked| asked.max(wait));
            bridge.notices.put_back(waiting);
        }
        _ => tracing::warn!(destination = %to.id, name = to.name, why, "a notice did not arrive"),
    }
}
