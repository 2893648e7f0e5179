//! Notices of destinations that begin to fail, are held or paused for it, or have recovered, sent to the destinations that are to get them.
//!
//! Noted by `health` and `pause`, once for each change whichever node saw it; sent by `worker` on a timer, through the same guard and client as
//! deliveries. They wait in memory only: a notice that does not arrive is tried a few times and then given up, since the log and the pages tell the same.
//! None goes to the destination that it is about, nor to one that is paused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::domain::destination::Destination;
use crate::domain::id::{DeliveryId, DestinationId};
use crate::domain::mapping::JSON;
use crate::domain::notice::{Change, Notice};
use crate::domain::outcome::Verdict;
use crate::flow::Bridge;
use crate::new_id;
use crate::outbound::exchange::Message;
use crate::outbound::request::send;

/// Notices that wait at most; the oldest are given up first.
const WAITING_LIMIT: usize = 200;

/// Notices that are sent at once.
const AT_ONCE: usize = 10;

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

impl Notices {
    fn put(&self, waiting: Waiting) {
        let mut all = self.lock();
        if all.len() >= WAITING_LIMIT {
            all.pop_front();
        }
        all.push_back(waiting);
    }

    /// Takes the first of those whose time has come.
    fn take_due(&self, now: Timestamp) -> Vec<Waiting> {
        let mut all = self.lock();
        let (mut due, mut later) = (Vec::new(), VecDeque::new());
        for waiting in all.drain(..) {
            if waiting.due <= now && due.len() < AT_ONCE {
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
    let notice = Arc::new(Notice {
        change,
        destination_id: id,
        name: about.name.clone(),
        at: now,
        url: format!("{}/destinations/{id}", bridge.public_url),
    });
    for to in snapshot.destinations().filter(|to| gets(to, &notice)) {
        bridge.notices.put(Waiting {
            notice: notice.clone(),
            to: to.id,
            id: new_id!(DeliveryId, bridge, now),
            due: now,
            attempts: 0,
        });
    }
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
    waiting.attempts += 1;
    let now = bridge.clock.now();
    let message = Message {
        id: &waiting.id.to_string(),
        attempt: u32::try_from(waiting.attempts).unwrap_or(u32::MAX),
        timestamp_s: now.as_second(),
        body: waiting.notice.body(to.settings.kind()).to_string().into(),
        content_type: JSON,
    };
    let exchange = send(&bridge.client, &bridge.guard, &to.settings, &message).await;
    if exchange.outcome.verdict() == Verdict::Delivered {
        return;
    }
    let why = exchange.outcome.sentence();
    match WAITS_S.get(waiting.attempts - 1) {
        Some(wait_s) if exchange.outcome.verdict() == Verdict::Retry => {
            waiting.due = now + SignedDuration::from_secs(*wait_s);
            bridge.notices.put(waiting);
        }
        _ => tracing::warn!(destination = %to.id, name = to.name, why, "a notice did not arrive"),
    }
}
