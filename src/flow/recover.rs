//! Step five: what waits in the database finds its way back: due retries, overflow, leases of workers that died.
//!
//! Called by `worker` at start, on a timer, and when the outbox has room again. Each pass works on a bounded number of rows per destination, so
//! that one destination's backlog never delays another's.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use crate::domain::destination::Destination;
use crate::domain::id::{ClaimId, DestinationId};
use crate::flow::clock_step::look;
use crate::flow::dry_run::body_of;
use crate::flow::outbox::Parcel;
use crate::flow::{Bridge, lease};
use crate::new_id;
use crate::store::claims::{CLAIM_LIMIT_BYTES, ClaimRequest, Claimed, Wait};
use crate::store::error::StoreError;

/// Deliveries claimed at once for one destination.
const CLAIM_LIMIT: usize = 200;

/// Makes every lease due again. Only at start, and only when this process is the only one on its database.
pub async fn release_all(bridge: &Bridge) -> Result<usize, StoreError> {
    let released = bridge
        .store
        .release_expired(i64::MAX, bridge.clock.now_ms())
        .await?;
    if released > 0 {
        tracing::info!(
            deliveries = released,
            "took up again what the last run had not finished"
        );
    }
    Ok(released)
}

/// Makes deliveries due again whose lease has ended; not while results of this node wait for the database to take them (it may just be back, and
/// what was sent would be sent again), nor when only the clock has leapt.
pub async fn release_expired(bridge: &Bridge) -> Result<usize, StoreError> {
    if look(bridge).spares_leases || bridge.results_wait.load(Ordering::SeqCst) {
        return Ok(0);
    }
    let now_ms = bridge.clock.now_ms();
    let expired_before_ms = lease::clock_ms(bridge);
    let released = bridge.store.release_expired(expired_before_ms, now_ms);
    let released = released.await?;
    if released > 0 {
        tracing::warn!(
            deliveries = released,
            "leases ran out; their deliveries are due again"
        );
    }
    Ok(released)
}

/// Claims what is due for every destination that is not paused, as far as the outbox has room. Returns how many were claimed.
pub async fn claim_due(bridge: &Bridge) -> Result<usize, StoreError> {
    let now_ms = bridge.clock.now_ms();
    let snapshot = bridge.snapshot();
    let roomy: Vec<DestinationId> = snapshot
        .destinations()
        .filter(|one| may_claim(bridge, one) && bridge.outbox.room(one.id, now_ms) > 0)
        .map(|destination| destination.id)
        .collect();
    let due = bridge.store.with_due(roomy.clone(), now_ms).await?;
    for id in roomy.iter().filter(|id| !due.contains(id)) {
        bridge.outbox.set_backlog(*id, false);
    }
    claim_due_at(bridge, due).await
}

/// The same for these destinations. Trouble with one's deliveries does not keep the next one waiting; it is told at the end.
pub async fn claim_due_at(
    bridge: &Bridge,
    ids: HashSet<DestinationId>,
) -> Result<usize, StoreError> {
    let (mut claimed, mut trouble) = (0, None);
    let snapshot = bridge.snapshot();
    let destinations = ids.iter().filter_map(|id| snapshot.destination(*id));
    for destination in destinations.filter(|one| may_claim(bridge, one)) {
        let concurrency = bridge.nodes.concurrency(destination);
        match claim_for(bridge, destination.id, concurrency).await {
            Ok(count) => claimed += count,
            Err(error) => trouble = Some(error),
        }
    }
    trouble.map_or(Ok(claimed), Err)
}

fn may_claim(bridge: &Bridge, destination: &Destination) -> bool {
    destination.health.paused.is_none() && bridge.nodes.concurrency(destination) > 0
}

async fn claim_for(
    bridge: &Bridge,
    destination_id: DestinationId,
    concurrency: u32,
) -> Result<usize, StoreError> {
    let now_ms = bridge.clock.now_ms();
    let room = bridge.outbox.room(destination_id, now_ms).min(CLAIM_LIMIT);
    if room == 0 {
        return Ok(0);
    }
    let request = claim_request(bridge, destination_id, i64::try_from(room).unwrap_or(0));
    let claimed = bridge.store.claim_due(request).await?;
    // As long as a claim fills one of its limits, more may wait, and newcomers queue up behind it.
    let bytes: usize = claimed.iter().map(|one| one.event_body.len()).sum();
    let more = claimed.len() == room || bytes as i64 >= CLAIM_LIMIT_BYTES;
    bridge.outbox.set_backlog(destination_id, more);
    let count = claimed.len();
    let mut rest = claimed.into_iter();
    while let Some(one) = rest.next() {
        failpoint!("recover:after_claim");
        let delivery_id = one.delivery_id;
        match parcel(bridge, one, request).await {
            Ok(Some(parcel)) => bridge.outbox.push_claimed(parcel, concurrency),
            Ok(None) => {}
            Err(error) => {
                let unsent = rest.map(|one| one.delivery_id).chain([delivery_id]);
                let claims = unsent.map(|id| (id, request.claim_id)).collect();
                let at_ms = bridge.clock.now_ms();
                bridge.store.release(claims, Wait::Due { at_ms }).await?;
                return Err(error);
            }
        }
        // Templates may take their time, and others work on this thread.
        tokio::task::consume_budget().await;
    }
    Ok(count)
}

/// A claim on at most `limit` deliveries, with a lease that begins now.
pub(super) fn claim_request(
    bridge: &Bridge,
    destination_id: DestinationId,
    limit: i64,
) -> ClaimRequest {
    let now = bridge.clock.now();
    ClaimRequest {
        destination_id,
        claim_id: new_id!(ClaimId, bridge, now),
        now_ms: now.as_millisecond(),
        lease_until_ms: lease::until_ms(bridge),
        limit,
    }
}

/// Queues a delivery that was claimed to probe its held destination. `false` when there is nothing to send any more.
pub async fn queue_probe(
    bridge: &Bridge,
    claimed: Claimed,
    request: ClaimRequest,
    concurrency: u32,
) -> Result<bool, StoreError> {
    let delivery_id = claimed.delivery_id;
    let parcel = match parcel(bridge, claimed, request).await {
        Ok(Some(parcel)) => parcel,
        Ok(None) => return Ok(false),
        Err(error) => {
            let claims = vec![(delivery_id, request.claim_id)];
            bridge.store.release(claims, Wait::Held).await?;
            return Err(error);
        }
    };
    let probe = Parcel {
        probe: true,
        ..parcel
    };
    bridge.outbox.push_claimed(probe, concurrency);
    Ok(true)
}

/// Computes the body again. `None` when that is not possible any more, and the delivery has failed.
async fn parcel(
    bridge: &Bridge,
    claimed: Claimed,
    request: ClaimRequest,
) -> Result<Option<Parcel>, StoreError> {
    let computed = match bridge.rules(claimed.version_id).await {
        Ok(rules) => {
            body_of(&rules, &claimed.event_body).map(|output| (output, rules.delivery.max_attempts))
        }
        Err(StoreError::Corrupt(problem)) => Err(problem),
        Err(error) => return Err(error),
    };
    let (output, max_attempts) = match computed {
        Ok(computed) => computed,
        Err(problem) => {
            tracing::error!(delivery = %claimed.delivery_id, problem, "a stored delivery's body cannot be computed any more");
            bridge
                .store
                .fail_claimed(
                    claimed.delivery_id,
                    request.claim_id,
                    problem,
                    request.now_ms,
                )
                .await?;
            return Ok(None);
        }
    };
    Ok(Some(Parcel {
        delivery_id: claimed.delivery_id,
        destination_id: claimed.destination_id,
        claim_id: request.claim_id,
        lease_until_ms: request.lease_until_ms,
        attempt: claimed.attempts + 1,
        max_attempts,
        free_attempts: claimed.free_attempts,
        probe: false,
        created_ms: claimed.created_ms,
        in_lane: claimed.in_lane,
        body: output.body.into(),
        content_type: output.content_type.to_string(),
        request: output.request,
    }))
}

/// Age of the oldest due delivery, in seconds; 0 when nothing is due.
pub async fn due_lag_s(bridge: &Bridge, now: Timestamp) -> Result<f64, StoreError> {
    let mut oldest: Option<i64> = None;
    for destination in bridge.snapshot().destinations() {
        if destination.health.paused.is_none() {
            let due = bridge.store.oldest_due(destination.id).await?;
            oldest = [oldest, due].into_iter().flatten().min();
        }
    }
    let lag_ms = oldest.map_or(0, |due_ms| (now.as_millisecond() - due_ms).max(0));
    Ok(lag_ms as f64 / 1_000.0)
}
