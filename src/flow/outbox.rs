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
use crate::domain::mapping::request::RequestParts;
use crate::domain::retry::REST_CAP_MS;

/// Deliveries of one destination in memory.
pub const PER_DESTINATION_LIMIT: usize = 1_000;

/// Bodies of all destinations in memory, in bytes.
pub const BODIES_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// Bodies of one destination in memory, in bytes: four slow ones are needed to fill it.
pub const BODIES_PER_DESTINATION_LIMIT_BYTES: usize = BODIES_LIMIT_BYTES / 4;

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
    /// What is added to the destination's address and headers.
    pub request: Option<Box<RequestParts>>,
}

impl Parcel {
    /// What it takes in memory, in bytes.
    fn bytes(&self) -> usize {
        self.body.len() + self.request.as_ref().map_or(0, |request| request.bytes())
    }
}

/// The queues. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queues: Mutex<Queues>,
    senders_wanted: mpsc::UnboundedSender<DestinationId>,
    room_made: Notify,
    /// A promised place was filled or given up after closing.
    place_settled: Notify,
}

#[derive(Debug, Default)]
struct Queues {
    by_destination: HashMap<DestinationId, Queue>,
    bytes: usize,
    closed: bool,
    /// Which have room again since somebody last looked.
    roomy: Roomy,
}

/// Which queues have room for more of what waits in the database, or may have.
#[derive(Debug)]
pub enum Roomy {
    All,
    These(HashSet<DestinationId>),
}

impl Default for Roomy {
    fn default() -> Roomy {
        Roomy::These(HashSet::new())
    }
}

#[derive(Debug, Default)]
struct Queue {
    parcels: VecDeque<Parcel>,
    /// Places promised and not yet filled.
    reserved: usize,
    /// Bodies in the queue and promised, in bytes.
    bytes: usize,
    /// Senders at work.
    senders: u32,
    /// More waits in the database than fitted.
    backlog: bool,
    /// Until when the destination asked to be left alone, in milliseconds since 1970.
    rests_until_ms: i64,
}

impl Queues {
    /// Takes out of a destination's queue what `is_wanted`.
    fn take_from(
        &mut self,
        destination_id: DestinationId,
        is_wanted: impl Fn(&Parcel) -> bool,
    ) -> Vec<Parcel> {
        let Some(queue) = self.by_destination.get_mut(&destination_id) else {
            return Vec::new();
        };
        let (taken, rest): (VecDeque<Parcel>, VecDeque<Parcel>) =
            queue.parcels.drain(..).partition(is_wanted);
        queue.parcels = rest;
        let bytes: usize = taken.iter().map(|parcel| parcel.bytes()).sum();
        queue.bytes = queue.bytes.saturating_sub(bytes);
        self.bytes = self.bytes.saturating_sub(bytes);
        taken.into()
    }

    fn give_up_place(&mut self, destination_id: DestinationId, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(queue) = self.by_destination.get_mut(&destination_id) {
            queue.reserved = queue.reserved.saturating_sub(1);
            queue.bytes = queue.bytes.saturating_sub(bytes);
        }
    }
}

impl Queue {
    /// How many more deliveries of at least so many bytes it takes. When the memory for everybody `is_full`, whoever has nothing in it still gets
    /// one at a time: what others take up holds nobody up.
    fn room(&self, bytes: usize, is_full: bool) -> usize {
        let used = self.parcels.len() + self.reserved;
        match used {
            0 if is_full => 1,
            _ if is_full || self.bytes + bytes > BODIES_PER_DESTINATION_LIMIT_BYTES && used > 0 => {
                0
            }
            _ => PER_DESTINATION_LIMIT.saturating_sub(used),
        }
    }

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
            queues: Mutex::default(),
            senders_wanted,
            room_made: Notify::new(),
            place_settled: Notify::new(),
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
        let mut queues = self.lock();
        let (closed, is_full) = (queues.closed, queues.bytes + bytes > BODIES_LIMIT_BYTES);
        let queue = queues.by_destination.entry(destination_id).or_default();
        // Behind a backlog, newcomers queue up in the database too: the oldest goes first.
        if closed || queue.backlog || queue.rests(now_ms) || queue.room(bytes, is_full) == 0 {
            queue.backlog = true;
            return None;
        }
        queue.reserved += 1;
        queue.bytes += bytes;
        queues.bytes += bytes;
        Some(Place {
            outbox: self.clone(),
            destination_id,
            bytes,
            filled: false,
        })
    }

    /// How many more deliveries the destination's queue takes.
    pub fn room(&self, destination_id: DestinationId, now_ms: i64) -> usize {
        let mut queues = self.lock();
        let (closed, is_full) = (queues.closed, queues.bytes >= BODIES_LIMIT_BYTES);
        let queue = queues.by_destination.entry(destination_id).or_default();
        if closed || queue.rests(now_ms) {
            0
        } else {
            queue.room(1, is_full)
        }
    }

    /// Takes nothing for the destination until then, and hands out what waits for it, so that its leases can be given back.
    pub fn rest(&self, destination_id: DestinationId, until_ms: i64, now_ms: i64) -> Vec<Parcel> {
        let mut queues = self.lock();
        let queue = queues.by_destination.entry(destination_id).or_default();
        // Of several answers to what was under way at once, the one that asks for the most counts.
        queue.rests_until_ms = if queue.rests(now_ms) {
            queue.rests_until_ms.max(until_ms)
        } else {
            until_ms
        };
        queue.backlog = true;
        drop(queues);
        self.drain(destination_id)
    }

    /// Queues a claimed delivery; the claim was made for the room there was.
    pub fn push_claimed(&self, parcel: Parcel, concurrency: u32) {
        let mut queues = self.lock();
        queues.bytes += parcel.bytes();
        let queue = queues
            .by_destination
            .entry(parcel.destination_id)
            .or_default();
        queue.bytes += parcel.bytes();
        self.enqueue(&mut queues, parcel, concurrency);
    }

    /// Notes whether more waits in the database.
    pub fn set_backlog(&self, destination_id: DestinationId, backlog: bool) {
        let mut queues = self.lock();
        queues
            .by_destination
            .entry(destination_id)
            .or_default()
            .backlog = backlog;
    }

    /// The next delivery for a sender; `None` ends the sender.
    pub fn next(&self, destination_id: DestinationId, concurrency: u32) -> Option<Parcel> {
        let mut queues = self.lock();
        let closed = queues.closed;
        let queue = queues.by_destination.get_mut(&destination_id)?;
        let too_many = queue.senders > concurrency;
        let parcel = if closed || too_many {
            None
        } else {
            queue.parcels.pop_front()
        };
        match &parcel {
            Some(parcel) => {
                queue.bytes = queue.bytes.saturating_sub(parcel.bytes());
                let few = queue.parcels.len() < PER_DESTINATION_LIMIT / 2
                    && queue.bytes < BODIES_PER_DESTINATION_LIMIT_BYTES / 2;
                let refill = queue.backlog && few;
                queues.bytes = queues.bytes.saturating_sub(parcel.bytes());
                if refill {
                    self.note_room(&mut queues, destination_id);
                }
            }
            None => queue.senders = queue.senders.saturating_sub(1),
        }
        parcel
    }

    /// Ends a sender that finds nothing to do, before it waits for anything. `false` when something is there.
    pub fn leave_if_idle(&self, destination_id: DestinationId) -> bool {
        let mut queues = self.lock();
        let queue = queues.by_destination.get_mut(&destination_id);
        let idle = queue.filter(|queue| queue.parcels.is_empty());
        let is_idle = idle.is_some();
        if let Some(queue) = idle {
            queue.senders = queue.senders.saturating_sub(1);
        }
        is_idle
    }

    /// Waits until something that waits in the database may be taken, and says for whom.
    pub async fn room_made(&self) -> Roomy {
        self.0.room_made.notified().await;
        std::mem::take(&mut self.lock().roomy)
    }

    /// Something new waits in the database, for whomever.
    pub fn announce_room(&self) {
        self.lock().roomy = Roomy::All;
        self.0.room_made.notify_one();
    }

    /// Something new waits in the database for this destination.
    pub fn announce_room_for(&self, destination_id: DestinationId) {
        self.note_room(&mut self.lock(), destination_id);
    }

    fn note_room(&self, queues: &mut Queues, destination_id: DestinationId) {
        if let Roomy::These(these) = &mut queues.roomy {
            these.insert(destination_id);
        }
        self.0.room_made.notify_one();
    }

    /// Takes every waiting delivery of a destination back out.
    pub fn drain(&self, destination_id: DestinationId) -> Vec<Parcel> {
        let mut queues = self.lock();
        queues.take_from(destination_id, |_| true)
    }

    /// Takes back out what waits for a destination that was paused, or fell to other nodes, but for its probe: that one is meant for a held destination,
    /// and whoever sends it looks whether it still is.
    pub fn drain_but_probe(&self, destination_id: DestinationId) -> Vec<Parcel> {
        let mut queues = self.lock();
        queues.take_from(destination_id, |parcel| !parcel.probe)
    }

    /// Takes those back out whose leases end before `until_ms`, because no attempt can be made in time.
    pub fn take_stale(&self, destination_id: DestinationId, until_ms: i64) -> Vec<Parcel> {
        let mut queues = self.lock();
        // Leases are taken in the order of the queue, so mostly one look is enough.
        let is_stale = |parcel: &Parcel| parcel.lease_until_ms < until_ms;
        let queue = queues.by_destination.get(&destination_id);
        match queue.and_then(|queue| queue.parcels.front()) {
            Some(first) if is_stale(first) => queues.take_from(destination_id, is_stale),
            _ => Vec::new(),
        }
    }

    /// Takes those back out whose leases end after `latest_ms`, of every destination.
    pub fn take_leased_beyond(&self, latest_ms: i64) -> Vec<Parcel> {
        self.take_from_all(|parcel| parcel.lease_until_ms > latest_ms)
    }

    /// Takes these deliveries back out, as far as no sender has taken them.
    pub fn take_out(&self, ids: &HashSet<DeliveryId>) -> Vec<Parcel> {
        self.take_from_all(|parcel| ids.contains(&parcel.delivery_id))
    }

    fn take_from_all(&self, is_wanted: impl Fn(&Parcel) -> bool) -> Vec<Parcel> {
        let mut queues = self.lock();
        let destinations: Vec<DestinationId> = queues.by_destination.keys().copied().collect();
        destinations
            .into_iter()
            .flat_map(|id| queues.take_from(id, &is_wanted))
            .collect()
    }

    /// Lets no sender take anything any more and hands out what waits, so that its leases can be given back.
    pub fn close(&self) -> Vec<Parcel> {
        let mut queues = self.lock();
        queues.closed = true;
        queues.bytes = 0;
        queues
            .by_destination
            .values_mut()
            .flat_map(|queue| queue.parcels.drain(..))
            .collect()
    }

    /// Waits until every place that was promised before closing is filled or given up.
    pub async fn settled(&self) {
        loop {
            let settled = self.0.place_settled.notified();
            if self.promised() == 0 {
                return;
            }
            settled.await;
        }
    }

    fn promised(&self) -> usize {
        let queues = self.lock();
        let promised = queues.by_destination.values().map(|queue| queue.reserved);
        promised.sum()
    }

    /// Deliveries in memory that no sender has taken.
    pub fn waiting(&self) -> usize {
        self.lock()
            .by_destination
            .values()
            .map(|queue| queue.parcels.len())
            .sum()
    }

    /// Senders at work.
    pub fn senders(&self) -> usize {
        self.lock()
            .by_destination
            .values()
            .map(|queue| queue.senders as usize)
            .sum()
    }

    fn enqueue(&self, queues: &mut Queues, parcel: Parcel, concurrency: u32) {
        let destination_id = parcel.destination_id;
        let queue = queues.by_destination.entry(destination_id).or_default();
        queue.parcels.push_back(parcel);
        // Senders end when they find nothing, so those at work are all busy.
        if queue.senders < concurrency {
            queue.senders += 1;
            if self.0.senders_wanted.send(destination_id).is_err() {
                // Nobody starts senders any more: the process is stopping, and the lease will be given back.
                queue.senders -= 1;
            }
        }
    }

    /// A panic while the lock is held cannot leave the queues half changed: each method changes them in one go.
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Fills the place.
    pub fn fill(mut self, parcel: Parcel, concurrency: u32) {
        let outbox = self.outbox.clone();
        let mut queues = outbox.lock();
        queues.give_up_place(self.destination_id, self.bytes);
        queues.bytes += parcel.bytes();
        if let Some(queue) = queues.by_destination.get_mut(&self.destination_id) {
            queue.bytes += parcel.bytes();
        }
        self.filled = true;
        outbox.enqueue(&mut queues, parcel, concurrency);
        if queues.closed {
            outbox.0.place_settled.notify_waiters();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The lock is taken only here: filling holds it already.
        if self.filled {
            return;
        }
        let mut queues = self.outbox.lock();
        queues.give_up_place(self.destination_id, self.bytes);
        if queues.closed {
            self.outbox.0.place_settled.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_000_000;

    fn outbox() -> Outbox {
        Outbox::new().0
    }

    fn destination(number: u8) -> DestinationId {
        DestinationId::new(1, [number; 10])
    }

    fn parcel(destination_id: DestinationId, lease_until_ms: i64, bytes: usize) -> Parcel {
        Parcel {
            delivery_id: DeliveryId::new(1, [0; 10]),
            destination_id,
            claim_id: ClaimId::new(1, [0; 10]),
            lease_until_ms,
            attempt: 1,
            max_attempts: 1,
            free_attempts: 0,
            probe: false,
            created_ms: NOW_MS,
            in_lane: false,
            body: vec![0; bytes].into(),
            content_type: "application/json".into(),
            request: None,
        }
    }

    #[test]
    fn a_sender_with_nothing_to_do_leaves_and_is_asked_for_again() {
        let (outbox, mut wishes) = Outbox::new();
        let id = destination(1);
        assert!(!outbox.leave_if_idle(id), "nothing is known of it");
        outbox.push_claimed(parcel(id, NOW_MS, 1), 1);
        assert!(wishes.try_recv().is_ok());
        assert!(!outbox.leave_if_idle(id), "something waits");
        assert!(outbox.next(id, 1).is_some());
        assert!(outbox.leave_if_idle(id));
        assert_eq!(outbox.senders(), 0);
        outbox.push_claimed(parcel(id, NOW_MS, 1), 1);
        assert!(wishes.try_recv().is_ok());
    }

    #[test]
    fn large_bodies_of_one_destination_leave_room_for_those_of_others() {
        let outbox = outbox();
        let large = 1024 * 1024;
        let mut places = 0;
        for number in 0..5 {
            while let Some(place) = outbox.reserve(destination(number), large, NOW_MS) {
                place.fill(parcel(destination(number), NOW_MS, large), 1);
                places += 1;
            }
        }
        let most = BODIES_LIMIT_BYTES / large;
        assert_eq!(
            places,
            most + 1,
            "four destinations fill it, the fifth has one all the same"
        );
        assert_eq!(outbox.room(destination(9), NOW_MS), 1);
        assert_eq!(outbox.room(destination(0), NOW_MS), 0);
        let drained = outbox.drain(destination(0)).len();
        assert_eq!(drained, most / 4);
        assert_eq!(outbox.room(destination(9), NOW_MS), PER_DESTINATION_LIMIT);
        assert_eq!(outbox.room(destination(0), NOW_MS), PER_DESTINATION_LIMIT);
    }

    #[test]
    fn what_waited_too_long_is_taken_out_and_nothing_else() {
        let outbox = outbox();
        let to = destination(1);
        for lease_until_ms in [10, 20, 30] {
            outbox.push_claimed(parcel(to, lease_until_ms, 1), 1);
        }
        assert!(outbox.take_stale(to, 10).is_empty());
        let stale = outbox.take_stale(to, 21);
        let stale: Vec<i64> = stale.iter().map(|one| one.lease_until_ms).collect();
        assert_eq!(stale, [10, 20]);
        assert_eq!(outbox.next(to, 1).map(|one| one.lease_until_ms), Some(30));
        assert_eq!(outbox.lock().bytes, 0);
    }

    #[test]
    fn whoever_rests_gets_nothing_until_then_and_a_clock_set_back_ends_it() {
        let outbox = outbox();
        let to = destination(1);
        outbox.push_claimed(parcel(to, NOW_MS, 1), 1);
        let until_ms = NOW_MS + REST_CAP_MS;
        assert_eq!(outbox.rest(to, until_ms, NOW_MS).len(), 1);
        assert_eq!(outbox.room(to, until_ms - 1), 0);
        assert!(outbox.reserve(to, 1, until_ms - 1).is_none());
        assert_eq!(outbox.room(destination(2), NOW_MS), PER_DESTINATION_LIMIT);
        assert_eq!(outbox.room(to, until_ms), PER_DESTINATION_LIMIT);
        assert_eq!(outbox.room(to, NOW_MS - 1), PER_DESTINATION_LIMIT);
        // Another answer to what was under way at the same time shortens nothing.
        assert!(outbox.rest(to, NOW_MS + 1, NOW_MS).is_empty());
        assert_eq!(outbox.room(to, until_ms - 1), 0);
        // A clock set back did end it, and the next rest is as long as it is asked for.
        assert!(outbox.rest(to, NOW_MS, NOW_MS - 1).is_empty());
        assert_eq!(outbox.room(to, NOW_MS), PER_DESTINATION_LIMIT);
    }
}
