//! Probes: a destination that is held for failing gets one delivery now and then, to see whether it takes anything again.
//!
//! Called by `worker` on a timer. A probe is a held delivery, or one that waits for its next attempt, that is sent out of turn and spends nothing of its retry budget; `deliver` resumes the
//! destination when it arrives and holds it again when not. A destination that a person paused is never probed.

use crate::domain::breaker::{next_probe_at, probe_is_due};
use crate::domain::destination::{Destination, Probing};
use crate::flow::Bridge;
use crate::flow::pause::resume;
use crate::flow::recover;
use crate::store::error::StoreError;

/// Probes every held destination whose time has come. Returns how many probes were sent; trouble with one is told when all had their turn.
pub async fn probe_due(bridge: &Bridge) -> Result<usize, StoreError> {
    let now = bridge.clock.now();
    let (mut sent, mut trouble) = (0, None);
    for destination in bridge.snapshot().destinations() {
        if let Some(probing) = destination.health.probing()
            && probe_is_due(probing.at, now)
        {
            match probe(bridge, destination, probing).await {
                Ok(was_sent) => sent += usize::from(was_sent),
                Err(error) => trouble = Some(error),
            }
        }
    }
    trouble.map_or(Ok(sent), Err)
}

async fn probe(
    bridge: &Bridge,
    destination: &Destination,
    due: Probing,
) -> Result<bool, StoreError> {
    // The next one is set before this one is sent: should the process die meanwhile, it comes all the same.
    let sent = due.sent.saturating_add(1);
    let at = next_probe_at(sent, bridge.clock.now());
    let next = Probing { at, sent };
    if !bridge.store.take_probe(destination.id, due, next).await? {
        return Ok(false);
    }
    bridge.reload().await?;
    let request = recover::claim_request(bridge, destination.id, 1);
    let Some(claimed) = bridge.store.claim_probe(request).await? else {
        let (store, id) = (&bridge.store, destination.id);
        if !store.holds_anything(id).await? && store.oldest_due(id).await?.is_none() {
            // Nothing waits that a probe could be made of; the next event will show how the destination is.
            resume(bridge, id).await?;
        }
        return Ok(false);
    };
    tracing::info!(destination = %destination.id, delivery = %claimed.delivery_id, probe = sent, "probing a held destination");
    let concurrency = destination.settings.limits.concurrency;
    recover::queue_probe(bridge, claimed, request, concurrency).await
}
