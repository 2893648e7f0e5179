//! Deliveries in memory between their commit and their attempt: one bounded queue for each destination.
//!
//! Ingest reserves a place before it commits, so that a delivery is stored as leased only when there is room for it; what finds no
//! room stays in the database and is claimed later. A destination's queue is worked off by as many senders as its settings allow;
//! a hanging destination therefore holds only its own queue. One that asked for patience gets none until its time is over. `worker` starts a sender whenever this file asks for one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use crate::domain::id::{ClaimId, DeliveryId, DestinationId};
use crate::domain::retry::REST_CAP_MS;

/// Deliveries of one destination in memory.
pub const PER_DESTINATION_LIMIT: usize = 1_000;

/// Bodies of all destinations in memory, in bytes.
pub const BODIES_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// A delivery that this node holds the lease of.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub delivery_id: DeliveryId,
    pub destination_id: DestinationId,
    pub claim_id: ClaimId,
    pub lease_until_ms: i64,
    /// Number of the attempt to be made, from 1.
    pub attempt: u32,
    pub max_attempts: u32,
    /// Attempts made before that do not count against `max_attempts`.
    pub free_attempts: u32,
    /// It tries whether its destination, which is held, takes anything again.
    pub probe: bool,
    /// When the delivery was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// Others of its record wait behind it.
    pub in_lane: bool,
    pub body: Bytes,
    pub content_type: String,
}

/// The queues. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    lanes: Mutex<Lanes>,
    senders_wanted: mpsc::UnboundedSender<DestinationId>,
    room_made: Notify,
}

#[derive(Debug, Default)]
struct Lanes {
    by_destination: HashMap<DestinationId, Lane>,
    bytes: usize,
    closed: bool,
}

#[derive(Debug, Default)]
struct Lane {
    queue: VecDeque<Parcel>,
    /// Places promised and not yet filled.
    reserved: usize,
    /// Senders at work.
    senders: u32,
    /// More waits in the database than fitted.
    backlog: bool,
    /// Until when the destination asked to be left alone, in milliseconds since 1970.
    rests_until_ms: i64,
}

impl Lane {
    /// A clock that was set back ends the rest: what is left of one is never longer than its limit.
    fn rests(&self, now_ms: i64) -> bool {
        (1..=REST_CAP_MS).contains(&(self.rests_until_ms - now_ms))
    }
}

/// A promised place. Given back when it is dropped unfilled.
#[derive(Debug)]
pub struct Place {
    outbox: Outbox,
    destination_id: DestinationId,
    bytes: usize,
    filled: bool,
}

impl Outbox {
    /// Empty queues, and the wishes for senders that `worker` fulfils.
    pub fn new() -> (Outbox, mpsc::UnboundedReceiver<DestinationId>) {
        let (senders_wanted, wishes) = mpsc::unbounded_channel();
        let shared = Shared {
            lanes: Mutex::default(),
            senders_wanted,
            room_made: Notify::new(),
        };
        (Outbox(Arc::new(shared)), wishes)
    }

    /// Promises a place for a body of this size, unless the queue or the memory for bodies is full, or the destination rests.
    pub fn reserve(
        &self,
        destination_id: DestinationId,
        bytes: usize,
        now_ms: i64,
    ) -> Option<Place> {
        let mut lanes = self.lock();
        let fits = !lanes.closed && lanes.bytes + bytes <= BODIES_LIMIT_BYTES;
        let lane = lanes.by_destination.entry(destination_id).or_default();
        let is_full = lane.queue.len() + lane.reserved >= PER_DESTINATION_LIMIT;
        // Behind a backlog, newcomers queue up in the database too: the oldest goes first.
        if !fits || is_full || lane.backlog || lane.rests(now_ms) {
            lane.backlog = true;
            return None;
        }
        lane.reserved += 1;
        lanes.bytes += bytes;
        Some(Place {
            outbox: self.clone(),
            destination_id,
            bytes,
            filled: false,
        })
    }

    /// How many more deliveries the destination's queue takes.
    pub fn room(&self, destination_id: DestinationId, now_ms: i64) -> usize {
        let lanes = self.lock();
        if lanes.closed || lanes.bytes >= BODIES_LIMIT_BYTES {
            return 0;
        }
        match lanes.by_destination.get(&destination_id) {
            Some(lane) if lane.rests(now_ms) => 0,
            Some(lane) => PER_DESTINATION_LIMIT.saturating_sub(lane.queue.len() + lane.reserved),
            None => PER_DESTINATION_LIMIT,
        }
    }

    /// Takes nothing for the destination until then, and hands out what waits for it, so that its leases can be given back.
    pub fn rest(&self, destination_id: DestinationId, until_ms: i64) -> Vec<Parcel> {
        let mut lanes = self.lock();
        let lane = lanes.by_destination.entry(destination_id).or_default();
        lane.rests_until_ms = until_ms;
        lane.backlog = true;
        drop(lanes);
        self.drain(destination_id)
    }

    /// Queues a claimed delivery; the claim was made for the room there was.
    pub fn push_claimed(&self, parcel: Parcel, concurrency: u32) {
        let mut lanes = self.lock();
        lanes.bytes += parcel.body.len();
        self.enqueue(&mut lanes, parcel, concurrency);
    }

    /// Notes whether more waits in the database.
    pub fn set_backlog(&self, destination_id: DestinationId, backlog: bool) {
        let mut lanes = self.lock();
        lanes
            .by_destination
            .entry(destination_id)
            .or_default()
            .backlog = backlog;
    }

    /// The next delivery for a sender; `None` ends the sender.
    pub fn next(&self, destination_id: DestinationId, concurrency: u32) -> Option<Parcel> {
        let mut lanes = self.lock();
        let closed = lanes.closed;
        let lane = lanes.by_destination.get_mut(&destination_id)?;
        let too_many = lane.senders > concurrency;
        let parcel = match closed || too_many {
            true => None,
            false => lane.queue.pop_front(),
        };
        match &parcel {
            Some(parcel) => {
                let refill = lane.backlog && lane.queue.len() < PER_DESTINATION_LIMIT / 2;
                lanes.bytes = lanes.bytes.saturating_sub(parcel.body.len());
                if refill {
                    self.0.room_made.notify_one();
                }
            }
            None => lane.senders = lane.senders.saturating_sub(1),
        }
        parcel
    }

    /// Waits until a queue with a backlog has room again.
    pub async fn room_made(&self) {
        self.0.room_made.notified().await;
    }

    /// Wakes whoever waits for room: something new waits in the database.
    pub fn announce_room(&self) {
        self.0.room_made.notify_one();
    }

    /// Takes every waiting delivery of a destination back out, because it is paused or rests.
    pub fn drain(&self, destination_id: DestinationId) -> Vec<Parcel> {
        let mut lanes = self.lock();
        let drained: Vec<Parcel> = match lanes.by_destination.get_mut(&destination_id) {
            Some(lane) => lane.queue.drain(..).collect(),
            None => Vec::new(),
        };
        let bytes: usize = drained.iter().map(|parcel| parcel.body.len()).sum();
        lanes.bytes = lanes.bytes.saturating_sub(bytes);
        drained
    }

    /// Takes these deliveries back out, as far as no sender has taken them.
    pub fn take_out(&self, ids: &HashSet<DeliveryId>) -> Vec<Parcel> {
        let mut lanes = self.lock();
        let mut taken = Vec::new();
        for lane in lanes.by_destination.values_mut() {
            let (out, rest) = lane
                .queue
                .drain(..)
                .partition(|parcel| ids.contains(&parcel.delivery_id));
            lane.queue = rest;
            taken.extend::<VecDeque<Parcel>>(out);
        }
        let bytes: usize = taken.iter().map(|parcel| parcel.body.len()).sum();
        lanes.bytes = lanes.bytes.saturating_sub(bytes);
        taken
    }

    /// Lets no sender take anything any more and hands out what waits, so that its leases can be given back.
    pub fn close(&self) -> Vec<Parcel> {
        let mut lanes = self.lock();
        lanes.closed = true;
        lanes.bytes = 0;
        lanes
            .by_destination
            .values_mut()
            .flat_map(|lane| lane.queue.drain(..))
            .collect()
    }

    /// Deliveries in memory that no sender has taken.
    pub fn waiting(&self) -> usize {
        self.lock()
            .by_destination
            .values()
            .map(|lane| lane.queue.len())
            .sum()
    }

    /// Senders at work.
    pub fn senders(&self) -> usize {
        self.lock()
            .by_destination
            .values()
            .map(|lane| lane.senders as usize)
            .sum()
    }

    fn enqueue(&self, lanes: &mut Lanes, parcel: Parcel, concurrency: u32) {
        let destination_id = parcel.destination_id;
        let lane = lanes.by_destination.entry(destination_id).or_default();
        lane.queue.push_back(parcel);
        // Senders end when they find nothing, so those at work are all busy.
        if lane.senders < concurrency {
            lane.senders += 1;
            if self.0.senders_wanted.send(destination_id).is_err() {
                // Nobody starts senders any more: the process is stopping, and the lease will be given back.
                lane.senders -= 1;
            }
        }
    }

    /// A panic while the lock is held cannot leave the queues half changed: each method changes them in one go.
    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Fills the place.
    pub fn fill(mut self, parcel: Parcel, concurrency: u32) {
        let outbox = self.outbox.clone();
        let mut lanes = outbox.lock();
        lanes.bytes = lanes.bytes.saturating_sub(self.bytes) + parcel.body.len();
        if let Some(lane) = lanes.by_destination.get_mut(&self.destination_id) {
            lane.reserved = lane.reserved.saturating_sub(1);
        }
        self.filled = true;
        outbox.enqueue(&mut lanes, parcel, concurrency);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The lock is taken only here: filling holds it already.
        if self.filled {
            return;
        }
        let mut lanes = self.outbox.lock();
        lanes.bytes = lanes.bytes.saturating_sub(self.bytes);
        if let Some(lane) = lanes.by_destination.get_mut(&self.destination_id) {
            lane.reserved = lane.reserved.saturating_sub(1);
        }
    }
}
