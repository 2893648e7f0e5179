//! Step one: a verified body becomes an event and its deliveries, on disk, before anybody is told "yes".
//!
//! Called by `web::hooks` for Blue and by `test_event` for people. Decides for every enabled connection of the source, stores the event with
//! all deliveries in one shared commit, and hands over in memory what found a place in the outbox. A destination's trouble never
//! shows here. When the commit fails nothing is handed over, and the caller must not answer with a 2xx.

use std::pin::Pin;
use std::task::{Context, Poll};

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use crate::domain::connection::{Decision, Order, Rules, Subject};
use crate::domain::delivery::Cause;
use crate::domain::event::{EventFacts, ReadError, Reading, key_across_webhooks, read_for};
use crate::domain::filter::folds::Folds;
use crate::domain::id::{
    ClaimId, ConnectionId, DeliveryId, DestinationId, EventId, SourceId, VersionId,
};
use crate::domain::mapping::Output;
use crate::domain::signature::Verified;
use crate::flow::outbox::{Parcel, Place};
use crate::flow::snapshot::{LiveConnection, Snapshot};
use crate::flow::{Bridge, lease};
use crate::new_id;
use crate::store::error::StoreError;
use crate::store::ingest::{Ingest, Ingested, NewDelivery, NewEvent, Start};

/// How long the same content counts as the same event, in seconds: Blue sends at least once, without an id.
pub const DUPLICATE_WINDOW_S: i64 = 86_400;

/// How long an event's sender waits for its commit. Blue itself gives up after 7 seconds; whatever is committed later is known when it comes again.
const INGEST_LIMIT: Duration = Duration::from_secs(6);

/// What was done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// Blue's probe: answered, not stored.
    HealthCheck,
    /// On disk.
    Stored {
        event_id: EventId,
        deliveries: usize,
    },
    /// The same content is on disk already.
    Duplicate { of: EventId },
}

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a verified request from Blue. While the source's secret is rotated, the old webhook and the new one may both send it.
pub async fn ingest(
    bridge: &Bridge,
    source_id: SourceId,
    verified: &Verified<'_>,
    body: &Bytes,
    is_rotating: bool,
) -> Result<Receipt, IngestError> {
    // The very bytes that were verified, without copying them.
    let body = body.slice_ref(verified.bytes());
    let snapshot = bridge.snapshot();
    let (mut facts, document) = match read_for(&body, snapshot.needs_of(source_id))? {
        Reading::HealthCheck => return Ok(Receipt::HealthCheck),
        Reading::Event { facts, document } => (facts, document),
    };
    if is_rotating {
        facts.dedupe_key = key_across_webhooks(&facts, &body);
    }
    let now = bridge.clock.now();
    let arrival = Arrival {
        event_id: new_id!(EventId, bridge, now),
        source_id,
        facts,
        document,
        body,
        now,
        cause: Cause::Event,
    };
    let connections = snapshot.connections_of(source_id);
    store_and_hand_over(bridge, &snapshot, arrival, connections).await
}

/// An event on its way in.
pub(super) struct Arrival {
    pub event_id: EventId,
    pub source_id: SourceId,
    pub facts: EventFacts,
    /// As far as the connections need it.
    pub document: Value,
    pub body: Bytes,
    pub now: Timestamp,
    /// `Event` for Blue's, `Test` for a person's.
    pub cause: Cause,
}

/// Decides for these connections, commits, and hands over what found a place.
pub(super) async fn store_and_hand_over(
    bridge: &Bridge,
    snapshot: &Snapshot,
    arrival: Arrival,
    connections: &[std::sync::Arc<LiveConnection>],
) -> Result<Receipt, IngestError> {
    let mut deliveries = Vec::new();
    let mut handed_over = Vec::new();
    for planned in decide(bridge, snapshot, &arrival, connections) {
        deliveries.push(planned.delivery);
        handed_over.extend(planned.hand_over);
    }
    let count = deliveries.len();
    let waits: Vec<DestinationId> = waiting_for(&deliveries).collect();
    let event = NewEvent {
        id: arrival.event_id,
        source_id: arrival.source_id,
        received_ms: arrival.now.as_millisecond(),
        is_test: arrival.cause == Cause::Test,
        unique_since_ms: (arrival.cause == Cause::Event)
            .then(|| arrival.now.as_millisecond() - DUPLICATE_WINDOW_S * 1_000),
        facts: arrival.facts,
        body: arrival.body,
    };
    let ingest = Ingest { event, deliveries };
    let (commit, outbox) = (queue(bridge, ingest, arrival.now), bridge.outbox.clone());
    // To its end: whether or not the caller waits for it, what is committed is leased to this node and goes out.
    let taking = ToItsEnd::new(&bridge.runtime, async move {
        let ingested = commit.await?;
        if ingested == Ingested::Stored {
            failpoint!("ingest:before_hand_over");
            for destination_id in waits {
                outbox.announce_room_for(destination_id);
            }
            for hand_over in handed_over {
                hand_over
                    .place
                    .fill(hand_over.parcel, hand_over.concurrency);
            }
        }
        Ok::<Ingested, StoreError>(ingested)
    });
    let ingested = tokio::select! {
        biased;
        ingested = taking => ingested?,
        () = bridge.clock.pass(INGEST_LIMIT) => return Err(StoreError::Busy.into()),
    };
    match ingested {
        Ingested::Duplicate { of } => Ok(Receipt::Duplicate { of }),
        Ingested::Stored => {
            failpoint!("ingest:before_answer");
            Ok(Receipt::Stored {
                event_id: arrival.event_id,
                deliveries: count,
            })
        }
    }
}

/// Something that is carried through: when whoever waits for it goes away, or the web server's thread that it runs on ends, the runtime goes on with it.
struct ToItsEnd<F: Future<Output: Send> + Send + 'static> {
    rest: Option<Pin<Box<F>>>,
    runtime: Handle,
}

impl<F: Future<Output: Send> + Send + 'static> ToItsEnd<F> {
    fn new(runtime: &Handle, future: F) -> ToItsEnd<F> {
        ToItsEnd {
            rest: Some(Box::pin(future)),
            runtime: runtime.clone(),
        }
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for ToItsEnd<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out meanwhile: what has panicked does not go on.
        let Some(mut rest) = self.rest.take() else {
            return Poll::Pending;
        };
        let polled = rest.as_mut().poll(context);
        if polled.is_pending() {
            self.rest = Some(rest);
        }
        polled
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for ToItsEnd<F> {
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take() {
            self.runtime.spawn(rest);
        }
    }
}

/// What each of the connections makes of the event.
fn decide(
    bridge: &Bridge,
    snapshot: &Snapshot,
    arrival: &Arrival,
    connections: &[std::sync::Arc<LiveConnection>],
) -> Vec<Planned> {
    let subject = Subject {
        facts: &arrival.facts,
        document: &arrival.document,
        body: &arrival.body,
        received_at: arrival.now,
    };
    let folds = Folds::default();
    connections
        .iter()
        .filter_map(|connection| {
            let decided = connection.rules.decide_with(&subject, &folds);
            plan(bridge, snapshot, connection, decided, arrival)
        })
        .collect()
}

/// Queues an event for the next commit. Deliveries of a record go in the order of their ids, so these are given in the order in which the
/// writer takes them: of two requests that race, the one that is stored first is sent first.
fn queue(
    bridge: &Bridge,
    mut ingest: Ingest,
    now: Timestamp,
) -> impl Future<Output = Result<Ingested, StoreError>> + use<> {
    let mut in_order = ingest
        .deliveries
        .iter_mut()
        .filter(|delivery| delivery.lane.is_some())
        .peekable();
    let _in_line = in_order.peek().is_some().then(|| bridge.stand_in_line());
    for delivery in in_order {
        delivery.id = new_id!(DeliveryId, bridge, now);
    }
    bridge.store.ingest(ingest)
}

/// A delivery to be stored, and what goes to the outbox after the commit.
pub(super) struct Planned {
    pub delivery: NewDelivery,
    pub hand_over: Option<HandOver>,
}

/// A parcel with its promised place.
pub(super) struct HandOver {
    pub place: Place,
    pub parcel: Parcel,
    pub concurrency: u32,
}

fn plan(
    bridge: &Bridge,
    snapshot: &Snapshot,
    connection: &LiveConnection,
    decided: Decision,
    arrival: &Arrival,
) -> Option<Planned> {
    let route = Route {
        event_id: arrival.event_id,
        connection_id: connection.id,
        version_id: connection.version_id,
        destination_id: connection.destination_id,
        cause: arrival.cause,
        record_id: match connection.rules.delivery.order {
            Order::PerRecord => arrival.facts.record_id.clone(),
            Order::None => None,
        },
    };
    // A test names its connection, so its log must say something even then.
    if matches!(decided, Decision::NotTriggered(_)) && arrival.cause == Cause::Event {
        return None;
    }
    let (start, body) = start_of(decided);
    Some(route.plan(
        bridge,
        snapshot,
        &connection.rules,
        start,
        body,
        arrival.now,
    ))
}

/// The destinations for which something of this waits in the database.
pub(super) fn waiting_for(made: &[NewDelivery]) -> impl Iterator<Item = DestinationId> + '_ {
    made.iter()
        .filter(|delivery| delivery.start == Start::Queued)
        .map(|delivery| delivery.destination_id)
}

/// How a delivery begins that was decided on, and what it carries.
pub(super) fn start_of(decided: Decision) -> (Start, Option<Output>) {
    match decided {
        Decision::NotTriggered(_) | Decision::Skip => (Start::Skipped, None),
        Decision::Fail(error) => (
            Start::MappingFailed(format!("{}: {}", error.path, error.message)),
            None,
        ),
        Decision::Deliver(output) => (Start::Queued, Some(output)),
    }
}

/// Which way a delivery goes.
pub(super) struct Route {
    pub event_id: EventId,
    pub connection_id: ConnectionId,
    pub version_id: VersionId,
    pub destination_id: DestinationId,
    pub cause: Cause,
    /// The record, when the connection keeps the order of each record's deliveries.
    pub record_id: Option<String>,
}

impl Route {
    /// Makes the delivery. One that is to be sent gets a lease and a place in the outbox, or waits in the database when there is none.
    pub(super) fn plan(
        self,
        bridge: &Bridge,
        snapshot: &Snapshot,
        rules: &Rules,
        start: Start,
        output: Option<Output>,
        now: Timestamp,
    ) -> Planned {
        let mut delivery = NewDelivery {
            id: new_id!(DeliveryId, bridge, now),
            event_id: self.event_id,
            connection_id: self.connection_id,
            version_id: self.version_id,
            destination_id: self.destination_id,
            cause: self.cause,
            start,
            created_ms: now.as_millisecond(),
            lane: self
                .record_id
                .map(|record| lane(self.connection_id, self.destination_id, &record)),
            replay_id: None,
        };
        let destination = snapshot.destination(self.destination_id);
        if delivery.start == Start::Queued
            && destination.is_some_and(|to| to.health.paused.is_some())
        {
            delivery.start = Start::Held;
        }
        // In a lane, the claim looks whether it is a delivery's turn.
        let concurrency = destination.map_or(0, |to| bridge.nodes.concurrency(to));
        let may_be_leased =
            delivery.start == Start::Queued && delivery.lane.is_none() && concurrency > 0;
        let hand_over = match (destination, output) {
            (Some(_), Some(output)) if may_be_leased => bridge
                .outbox
                .reserve(self.destination_id, output.bytes(), now.as_millisecond())
                .map(|place| {
                    let claim_id = new_id!(ClaimId, bridge, now);
                    let until_ms = lease::until_ms(bridge);
                    delivery.start = Start::Leased { claim_id, until_ms };
                    HandOver {
                        place,
                        concurrency,
                        parcel: Parcel {
                            delivery_id: delivery.id,
                            destination_id: self.destination_id,
                            claim_id,
                            lease_until_ms: until_ms,
                            attempt: 1,
                            max_attempts: rules.delivery.max_attempts,
                            created_ms: delivery.created_ms,
                            in_lane: false,
                            free_attempts: 0,
                            probe: false,
                            body: Bytes::from(output.body),
                            content_type: output.content_type.to_string(),
                            request: output.request,
                        },
                    }
                }),
            _ => None,
        };
        Planned {
            delivery,
            hand_over,
        }
    }
}

/// Names the lane of a record within a connection. What still waits for a destination that the connection has left bars nobody's way to the next.
fn lane(connection_id: ConnectionId, destination_id: DestinationId, record_id: &str) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update(connection_id.as_bytes())
        .chain_update(destination_id.as_bytes())
        .chain_update(record_id)
        .finalize();
    let mut lane = [0; 16];
    lane.copy_from_slice(&digest[..16]);
    lane
}
