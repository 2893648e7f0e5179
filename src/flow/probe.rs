//! Probes: a destination that is held for failing gets one delivery now and then, to see whether it takes anything again.
//!
//! Called by `worker` on a timer. A probe is a held delivery that is sent out of turn and spends nothing of its retry budget; `deliver` resumes the
//! destination when it arrives and holds it again when not. A destination that a person paused is never probed.

use crate::domain::breaker::next_probe_at;
use crate::domain::destination::{Destination, Probing};
use crate::domain::id::{ClaimId, DestinationId};
use crate::flow::Bridge;
use crate::flow::ingest::LEASE_MS;
use crate::flow::pause::resume;
use crate::flow::recover;
use crate::new_id;
use crate::store::claims::ClaimRequest;
use crate::store::error::StoreError;

/// Probes every held destination whose time has come. Returns how many probes were sent.
pub async fn probe_due(bridge: &Bridge) -> Result<usize, StoreError> {
    let now = bridge.clock.now();
    let mut sent = 0;
    for destination in bridge.snapshot().destinations() {
        let paused = destination.health.paused.as_ref();
        if let Some(probing) = paused.and_then(|paused| paused.probing)
            && probing.at <= now
        {
            sent += usize::from(probe(bridge, destination, probing).await?);
        }
    }
    Ok(sent)
}

async fn probe(
    bridge: &Bridge,
    destination: &Destination,
    due: Probing,
) -> Result<bool, StoreError> {
    // The next one is set before this one is sent: should the process die meanwhile, it comes all the same.
    let failed = due.failed.saturating_add(1);
    let at = next_probe_at(failed, bridge.clock.now());
    let next = Probing { at, failed };
    if !bridge.store.take_probe(destination.id, due, next).await? {
        return Ok(false);
    }
    bridge.reload().await?;
    let request = claim_request(bridge, destination.id);
    let Some(claimed) = bridge.store.claim_probe(request).await? else {
        if !bridge.store.holds_anything(destination.id).await? {
            // Nothing waits that a probe could be made of; the next event will show how the destination is.
            resume(bridge, destination.id).await?;
        }
        return Ok(false);
    };
    tracing::info!(destination = %destination.id, delivery = %claimed.delivery_id, probe = failed, "probing a held destination");
    let concurrency = destination.settings.limits.concurrency;
    recover::queue_probe(bridge, claimed, request, concurrency).await?;
    Ok(true)
}

fn claim_request(bridge: &Bridge, destination_id: DestinationId) -> ClaimRequest {
    let now = bridge.clock.now();
    ClaimRequest {
        destination_id,
        claim_id: new_id!(ClaimId, bridge, now),
        now_ms: now.as_millisecond(),
        lease_until_ms: now.as_millisecond() + LEASE_MS,
        limit: 1,
    }
}
