//! Pausing and resuming a destination. Nothing is dropped: what waits is held, and resumes where it stopped.
//!
//! Called by people through `web`, by `deliver` when a destination says that it is gone or keeps failing, and by `probe`. What a person asks for
//! is noted together with the change.

use crate::domain::audit::Actor;
use crate::domain::breaker::next_probe_at;
use crate::domain::destination::{Destination, Paused, Probing};
use crate::domain::id::DestinationId;
use crate::domain::notice::Change;
use crate::flow::lease::give_back;
use crate::flow::{Bridge, notices};
use crate::store::Store;
use crate::store::claims::Wait;
use crate::store::destinations::Initiative;
use crate::store::error::StoreError;

/// Stops sending to the destination until a person resumes it. Attempts that are under way end by themselves.
pub async fn pause(bridge: &Bridge, id: DestinationId, reason: &str) -> Result<(), StoreError> {
    stop_sending(bridge, &bridge.store, id, reason, None, Initiative::Bridge).await
}

/// The same at somebody's wish.
pub async fn pause_by(bridge: &Bridge, actor: &Actor, id: DestinationId) -> Result<(), StoreError> {
    let said = format!(
        "Paused the destination {}.",
        bridge.store.destination(id).await?.name
    );
    let noting = bridge.noting(actor, "destination.paused", id, said);
    let reason = format!("Paused by {}.", actor.in_words());
    stop_sending(bridge, &noting, id, &reason, None, Initiative::Person).await
}

/// Stops sending to a destination that keeps failing, until a probe arrives or a person resumes it.
pub async fn hold(bridge: &Bridge, id: DestinationId, reason: &str) -> Result<(), StoreError> {
    let first = Probing {
        at: next_probe_at(0, bridge.clock.now()),
        sent: 0,
    };
    // It has been judged. Should it be resumed before this node has seen it held, nothing else would begin anew.
    bridge.health.judge_anew(id);
    stop_sending(
        bridge,
        &bridge.store,
        id,
        reason,
        Some(first),
        Initiative::Bridge,
    )
    .await
}

async fn stop_sending(
    bridge: &Bridge,
    store: &Store,
    id: DestinationId,
    reason: &str,
    probing: Option<Probing>,
    initiative: Initiative,
) -> Result<(), StoreError> {
    let change = match (initiative, probing) {
        (Initiative::Person | Initiative::Finished, _) => None,
        (Initiative::Bridge, Some(_)) => Some(Change::Held(reason.to_string())),
        (Initiative::Bridge, None) => Some(Change::Paused(reason.to_string())),
    };
    let paused = Paused {
        at: bridge.clock.now(),
        reason: reason.to_string(),
        probing,
    };
    let stopped = store
        .pause_destination(id, Some(paused), initiative)
        .await?;
    if stopped && let Some(change) = change {
        notices::tell(bridge, id, change);
    }
    // First the snapshot, so that nothing new is queued; then what is in memory; then everything that waits.
    bridge.reload().await?;
    give_back(bridge, bridge.outbox.drain_but_probe(id), Wait::Held).await?;
    let held = bridge.store.hold_due(id, bridge.clock.now_ms()).await?;
    if stopped {
        tracing::warn!(destination = %id, reason, held, "destination paused");
    }
    Ok(())
}

/// Sets right what began to wait in the moment of a change: as due for a paused destination, or as held for one that was just resumed. Called on
/// a timer.
pub async fn settle_stragglers(bridge: &Bridge) -> Result<(), StoreError> {
    let now_ms = bridge.clock.now_ms();
    for destination in bridge.snapshot().destinations() {
        if destination.is_finished() {
            // Something that was on its way paused it after what it lacked had been entered.
            send_again(bridge, &bridge.store, destination.id, Initiative::Finished).await?;
        } else if destination.health.paused.is_some() {
            bridge.store.hold_due(destination.id, now_ms).await?;
        } else if bridge.store.holds_anything(destination.id).await? {
            bridge.store.resume_held(destination.id, now_ms).await?;
            bridge.outbox.announce_room_for(destination.id);
        }
    }
    Ok(())
}

/// Sends again, beginning with what was held.
pub async fn resume(bridge: &Bridge, id: DestinationId) -> Result<(), StoreError> {
    send_again(bridge, &bridge.store, id, Initiative::Bridge).await?;
    Ok(())
}

/// The same at somebody's wish. `false` when it was not paused.
pub async fn resume_by(
    bridge: &Bridge,
    actor: &Actor,
    id: DestinationId,
) -> Result<bool, StoreError> {
    let destination = bridge.store.destination(id).await?;
    if destination.health.paused.is_none() {
        // A second click must neither be noted nor throw the schedule of what has failed since away.
        return Ok(false);
    }
    let said = format!("Resumed the destination {}.", destination.name);
    let noting = bridge.noting(actor, "destination.resumed", id, said);
    send_again(bridge, &noting, id, Initiative::Person).await
}

/// Sends again to a destination that was paused for what it lacked, once somebody has entered all of it; a person's pause stays. `None` when it was not
/// paused for that, or still lacks something; otherwise as it is then.
pub async fn resume_finished(
    bridge: &Bridge,
    actor: &Actor,
    destination: &Destination,
) -> Result<Option<Destination>, StoreError> {
    if !destination.is_finished() {
        return Ok(None);
    }
    let (id, name) = (destination.id, &destination.name);
    let said = format!("Entered what the destination {name} lacked, which resumed it.");
    let noting = bridge.noting(actor, "destination.resumed", id, said);
    send_again(bridge, &noting, id, Initiative::Finished).await?;
    bridge.store.destination(id).await.map(Some)
}

async fn send_again(
    bridge: &Bridge,
    store: &Store,
    id: DestinationId,
    initiative: Initiative,
) -> Result<bool, StoreError> {
    let resumed = store.pause_destination(id, None, initiative).await?;
    bridge.reload().await?;
    if !resumed {
        return Ok(false);
    }
    let now_ms = bridge.clock.now_ms();
    if initiative == Initiative::Person {
        // Whoever resumes it wants everything now, whatever the schedule says.
        bridge.store.make_all_due(id, now_ms, None, now_ms).await?;
    }
    let resumed = bridge.store.resume_held(id, now_ms).await?;
    bridge.outbox.set_backlog(id, resumed > 0);
    bridge.outbox.announce_room_for(id);
    tracing::info!(destination = %id, resumed, "destination resumed");
    Ok(true)
}
