//! A person asks for a delivery again, for one that an event never had, or gives one up.
//!
//! A resend is a new delivery of the same event, by the rules it had then or by the connection's present ones, never a reset of the old one. The
//! filter is not asked again: the person has decided. Each is noted together with its change. Called by the pages and the API.

use crate::domain::audit::Actor;
use crate::domain::connection::{Connection, Rules};
use crate::domain::delivery::{Cause, State};
use crate::domain::id::{ConnectionId, DeliveryId, DestinationId, EventId, VersionId};
use crate::domain::mapping::Output;
use crate::domain::value::cut;
use crate::flow::Bridge;
use crate::flow::dry_run::body_of;
use crate::flow::ingest::Route;
use crate::store::deliveries::{DeliveryFilter, DeliverySummary};
use crate::store::error::StoreError;
use crate::store::ingest::Start;

/// What the audit log is told of a record's title.
const RECORD_LIMIT_CHARS: usize = 80;

/// Sends the event of a delivery once more, by the version it had. Returns the new delivery.
pub async fn resend(
    bridge: &Bridge,
    actor: &Actor,
    id: DeliveryId,
) -> Result<DeliveryId, StoreError> {
    let old = bridge.store.delivery(id).await?;
    let way = Way {
        connection_id: old.connection_id,
        version_id: old.version_id,
        destination_id: old.destination_id,
    };
    let said = said_once_more(&old);
    send(bridge, actor, old.event_id, way, said).await
}

/// Sends the event of a delivery once more, by its connection's present version. Returns the new delivery.
pub async fn resend_by_present_rules(
    bridge: &Bridge,
    actor: &Actor,
    id: DeliveryId,
) -> Result<DeliveryId, StoreError> {
    let old = bridge.store.delivery(id).await?;
    let connection = bridge.store.connection(old.connection_id).await?;
    let said = said_once_more(&old);
    send(bridge, actor, old.event_id, Way::of(&connection), said).await
}

/// Sends an event through a connection that need not have been there when it came in. Returns the delivery.
pub async fn send_event(
    bridge: &Bridge,
    actor: &Actor,
    event_id: EventId,
    connection_id: ConnectionId,
) -> Result<DeliveryId, StoreError> {
    let connection = bridge.store.connection(connection_id).await?;
    let event = bridge.store.event(event_id).await?.summary;
    if !connection.enabled {
        return Err(StoreError::Conflict(
            "The connection is switched off.".into(),
        ));
    }
    if event.source_id != connection.source_id {
        return Err(StoreError::Conflict(
            "The event is of another source than the connection.".into(),
        ));
    }
    let of_event = DeliveryFilter {
        event_id: Some(event_id),
        connection_id: Some(connection_id),
        ..DeliveryFilter::default()
    };
    let made = bridge.store.deliveries(of_event).await?;
    if made.iter().any(|one| one.state != State::Skipped) {
        return Err(StoreError::Conflict(
            "The event went through this connection already; resend that delivery instead.".into(),
        ));
    }
    let record = told_record(
        event.record_title.as_deref(),
        event.record_id.as_deref(),
        &event.event_type,
    );
    let said = format!(
        "Sent the record {record} through the connection {}.",
        connection.name
    );
    send(bridge, actor, event_id, Way::of(&connection), said).await
}

/// Through what an event is sent.
struct Way {
    connection_id: ConnectionId,
    version_id: VersionId,
    destination_id: DestinationId,
}

impl Way {
    fn of(connection: &Connection) -> Way {
        Way {
            connection_id: connection.id,
            version_id: connection.version.id,
            destination_id: connection.version.destination_id,
        }
    }
}

async fn send(
    bridge: &Bridge,
    actor: &Actor,
    event_id: EventId,
    way: Way,
    said: String,
) -> Result<DeliveryId, StoreError> {
    let event = bridge.store.event(event_id).await?;
    let rules = bridge.rules(way.version_id).await?;
    let (start, output) = again(&rules, &event.body);
    let snapshot = bridge.snapshot();
    if snapshot.destination(way.destination_id).is_none() {
        return Err(StoreError::Conflict(
            "The destination of this delivery was deleted; send the event through another connection.".into(),
        ));
    }
    let route = Route {
        event_id,
        connection_id: way.connection_id,
        version_id: way.version_id,
        destination_id: way.destination_id,
        cause: Cause::Resend,
        record_id: None,
    };
    let planned = route.plan(bridge, &snapshot, &rules, start, output, bridge.clock.now());
    let new_id = planned.delivery.id;
    bridge
        .noting(actor, "delivery.resent", new_id, said)
        .create_delivery(planned.delivery)
        .await?;
    if let Some(hand_over) = planned.hand_over {
        hand_over
            .place
            .fill(hand_over.parcel, hand_over.concurrency);
    }
    Ok(new_id)
}

/// How a delivery begins that a person asked for again, and what it carries.
pub(super) fn again(rules: &Rules, event_body: &[u8]) -> (Start, Option<Output>) {
    match body_of(rules, event_body) {
        Ok(output) => (Start::Queued, Some(output)),
        Err(problem) => (Start::MappingFailed(problem), None),
    }
}

/// Gives up a delivery that waits. Who did so is written beside it.
pub async fn discard(bridge: &Bridge, actor: &Actor, id: DeliveryId) -> Result<(), StoreError> {
    let waiting = bridge.store.delivery(id).await?;
    let problem = format!("Given up by {}.", actor.in_words());
    let (record, connection) = (record_of(&waiting), &waiting.connection_name);
    let said = format!("Gave up sending the record {record} through the connection {connection}.");
    bridge
        .noting(actor, "delivery.discarded", id, said)
        .discard(id, problem, bridge.clock.now_ms())
        .await
}

fn said_once_more(delivery: &DeliverySummary) -> String {
    let (record, connection) = (record_of(delivery), &delivery.connection_name);
    format!("Sent the record {record} once more through the connection {connection}.")
}

/// What the audit log calls the record of a delivery.
pub(super) fn record_of(delivery: &DeliverySummary) -> String {
    let (title, id) = (&delivery.record_title, &delivery.record_id);
    told_record(title.as_deref(), id.as_deref(), &delivery.event_type)
}

/// What the audit log calls a record.
fn told_record(title: Option<&str>, id: Option<&str>, event_type: &str) -> String {
    let title = title.map(str::trim).filter(|title| !title.is_empty());
    cut(title.or(id).unwrap_or(event_type), RECORD_LIMIT_CHARS)
}
