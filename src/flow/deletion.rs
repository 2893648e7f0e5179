//! Deleting a destination: no connection may use it any more, and what still waits for it is given up.
//!
//! Called by people through `web`, and on a timer for what came late: a retry, a lease that ran out. Nothing would ever send these, and in a lane
//! they would bar every later delivery of their record. They stay in the log, and can be sent through another connection.

use crate::domain::audit::Actor;
use crate::domain::id::DestinationId;
use crate::flow::Bridge;
use crate::flow::lease::give_back;
use crate::store::claims::Wait;
use crate::store::error::StoreError;

/// Why a delivery of a deleted destination is not sent.
pub const DELETED: &str = "The destination was deleted.";

/// Deletes the destination at somebody's wish; a conflict when a connection uses it.
pub async fn delete_destination(
    bridge: &Bridge,
    actor: &Actor,
    id: DestinationId,
) -> Result<(), StoreError> {
    let name = bridge.store.destination(id).await?.name;
    let said = format!("Deleted the destination {name}.");
    bridge
        .noting(actor, "destination.deleted", id, said)
        .delete_destination(id, bridge.clock.now_ms())
        .await?;
    bridge.reload().await?;
    let at_ms = bridge.clock.now_ms();
    give_back(bridge, bridge.outbox.drain(id), Wait::Due { at_ms }).await?;
    give_up_waiting(bridge, id).await
}

/// Gives up what waits for destinations that were deleted before.
pub async fn settle_stragglers(bridge: &Bridge) -> Result<(), StoreError> {
    for id in bridge.store.deleted_but_waited_for().await? {
        give_up_waiting(bridge, id).await?;
    }
    Ok(())
}

async fn give_up_waiting(bridge: &Bridge, id: DestinationId) -> Result<(), StoreError> {
    let now_ms = bridge.clock.now_ms();
    let given_up = bridge.store.discard_waiting(id, DELETED, now_ms).await?;
    if given_up > 0 {
        tracing::info!(destination = %id, given_up, "what waited for a deleted destination was given up");
        // What waited behind them in their lanes may go now.
        bridge.outbox.announce_room();
    }
    Ok(())
}
