//! A person does not want to wait for the schedule: one delivery, or all that wait for a destination, are tried now.
//!
//! Called by the pages and the API. What is tried is the delivery itself, not a copy beside it, and the attempt counts like any other. A destination that is paused
//! is resumed instead (`pause`).

use crate::domain::audit::Actor;
use crate::domain::destination::Destination;
use crate::domain::id::{DeliveryId, DestinationId};
use crate::flow::Bridge;
use crate::flow::resend::record_of;
use crate::store::error::StoreError;

/// Makes the next attempt at a delivery now. A conflict when it waits for none.
pub async fn hurry(bridge: &Bridge, actor: &Actor, id: DeliveryId) -> Result<(), StoreError> {
    let waiting = bridge.store.delivery(id).await?;
    let destination = bridge.store.destination(waiting.destination_id).await?;
    refuse_paused(&destination)?;
    let (record, connection) = (record_of(&waiting), &waiting.connection_name);
    let said = format!(
        "Tried to send the record {record} through the connection {connection} before its time."
    );
    bridge
        .noting(actor, "delivery.hurried", id, said)
        .make_due(id, bridge.clock.now_ms())
        .await?;
    bridge.outbox.announce_room_for(destination.id);
    Ok(())
}

/// Makes the next attempt at everything that waits for the destination now.
pub async fn hurry_all(
    bridge: &Bridge,
    actor: &Actor,
    id: DestinationId,
) -> Result<(), StoreError> {
    let destination = bridge.store.destination(id).await?;
    refuse_paused(&destination)?;
    let said = format!(
        "Tried what waits for the destination {} before its time.",
        destination.name
    );
    bridge.note(actor, "destination.hurried", id, said).await?;
    let now_ms = bridge.clock.now_ms();
    bridge.store.make_all_due(id, now_ms, None, now_ms).await?;
    bridge.outbox.announce_room_for(id);
    Ok(())
}

/// Nothing would go out, and what waits for its time would be held.
fn refuse_paused(destination: &Destination) -> Result<(), StoreError> {
    if destination.health.paused.is_none() {
        return Ok(());
    }
    let message = "The destination is paused; resume it instead.";
    Err(StoreError::Conflict(message.into()))
}
