//! A person asks for a delivery again, or gives one up.
//!
//! A resend is a new delivery of the same event, by the rules it had then or by the connection's present ones, never a reset of the old one. The
//! filter is not asked again: the person has decided. Each is noted together with its change. Called by the pages and the API.

use crate::domain::audit::Actor;
use crate::domain::connection::Rules;
use crate::domain::delivery::Cause;
use crate::domain::id::{DeliveryId, DestinationId, VersionId};
use crate::domain::mapping::Output;
use crate::flow::Bridge;
use crate::flow::dry_run::body_of;
use crate::flow::ingest::Route;
use crate::store::deliveries::DeliverySummary;
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
    let (version_id, destination_id) = (old.version_id, old.destination_id);
    send_again(bridge, actor, &old, version_id, destination_id).await
}

/// Sends the event of a delivery once more, by its connection's present version. Returns the new delivery.
pub async fn resend_by_present_rules(
    bridge: &Bridge,
    actor: &Actor,
    id: DeliveryId,
) -> Result<DeliveryId, StoreError> {
    let old = bridge.store.delivery(id).await?;
    let present = bridge.store.connection(old.connection_id).await?.version;
    send_again(bridge, actor, &old, present.id, present.destination_id).await
}

async fn send_again(
    bridge: &Bridge,
    actor: &Actor,
    old: &DeliverySummary,
    version_id: VersionId,
    destination_id: DestinationId,
) -> Result<DeliveryId, StoreError> {
    let event = bridge.store.event(old.event_id).await?;
    let rules = bridge.rules(version_id).await?;
    let (start, output) = again(&rules, &event.body);
    let snapshot = bridge.snapshot();
    if snapshot.destination(destination_id).is_none() {
        return Err(StoreError::Conflict(
            "The destination of this delivery was deleted; send the event through another connection.".into(),
        ));
    }
    let route = Route {
        event_id: old.event_id,
        connection_id: old.connection_id,
        version_id,
        destination_id,
        cause: Cause::Resend,
        record_id: None,
    };
    let planned = route.plan(bridge, &snapshot, &rules, start, output, bridge.clock.now());
    let new_id = planned.delivery.id;
    let (record, connection) = (told_record(old), &old.connection_name);
    let said = format!("Sent the record {record} once more through the connection {connection}.");
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
    let (record, connection) = (told_record(&waiting), &waiting.connection_name);
    let said = format!("Gave up sending the record {record} through the connection {connection}.");
    bridge
        .noting(actor, "delivery.discarded", id, said)
        .discard(id, problem, bridge.clock.now_ms())
        .await
}

/// What the audit log calls the record of a delivery.
fn told_record(delivery: &DeliverySummary) -> String {
    let title = delivery.record_title.as_deref().map(str::trim);
    let name = title
        .filter(|title| !title.is_empty())
        .or(delivery.record_id.as_deref())
        .unwrap_or(&delivery.event_type);
    let is_cut = name.chars().count() > RECORD_LIMIT_CHARS;
    let begins: String = name.chars().take(RECORD_LIMIT_CHARS).collect();
    if is_cut { begins + "…" } else { begins }
}
