//! How much of a lease an attempt needs, and giving back what cannot be sent in time or not now.
//!
//! Called by the sender before it takes a delivery, and by whoever pauses, rests or ends. Giving back counts no attempt and loses nothing: what
//! could not even be given back is due again when its lease ends.

use crate::domain::delivery::LEASE_RANGE_S;
use crate::domain::destination::{Destination, TIMEOUT_RANGE_MS};
use crate::flow::Bridge;
use crate::flow::outbox::Parcel;
use crate::store::claims::Wait;
use crate::store::error::StoreError;

/// Kept free between the end of an attempt's deadline and the end of its lease, for recording the result, in milliseconds.
const LEASE_MARGIN_MS: i64 = 10_000;

// The shortest lease that can be set suffices for the longest attempt: otherwise nothing could ever be sent to its destination.
const _: () =
    assert!(*TIMEOUT_RANGE_MS.end() as i64 + LEASE_MARGIN_MS <= *LEASE_RANGE_S.start() * 1_000);

/// The clock that leases are taken and run out by, in milliseconds since 1970: the database's, as far as it is known, so that nodes agree whose own
/// clocks do not.
pub fn clock_ms(bridge: &Bridge) -> i64 {
    match bridge.nodes.database_clock_ms(bridge.clock.steady_ms()) {
        Some(database_ms) => database_ms,
        None => bridge.clock.now_ms(),
    }
}

/// When a lease ends that begins now, by the same clock.
pub fn until_ms(bridge: &Bridge) -> i64 {
    clock_ms(bridge).saturating_add(bridge.lease_ms)
}

/// Whether an attempt that begins now ends within its lease.
pub fn suffices(bridge: &Bridge, parcel: &Parcel, destination: &Destination) -> bool {
    clock_ms(bridge).saturating_add(needed_ms(destination)) <= parcel.lease_until_ms
}

/// How much of a lease must be left for an attempt, in milliseconds.
fn needed_ms(destination: &Destination) -> i64 {
    let deadline_ms = i64::try_from(destination.settings.limits.timeout_ms).unwrap_or(i64::MAX);
    deadline_ms.saturating_add(LEASE_MARGIN_MS)
}

/// Gives unsent deliveries back; no attempt is counted.
pub async fn give_back(
    bridge: &Bridge,
    parcels: Vec<Parcel>,
    wait: Wait,
) -> Result<(), StoreError> {
    if parcels.is_empty() {
        return Ok(());
    }
    let claims = parcels
        .iter()
        .map(|parcel| (parcel.delivery_id, parcel.claim_id))
        .collect();
    bridge.store.release(claims, wait).await?;
    Ok(())
}

/// Gives back what waited in memory so long that its lease does not suffice any more, all at once, to be claimed with a new one.
pub async fn give_back_stale(bridge: &Bridge, destination: &Destination) -> Result<(), StoreError> {
    let now_ms = bridge.clock.now_ms();
    let needed_until_ms = clock_ms(bridge).saturating_add(needed_ms(destination));
    let stale = bridge.outbox.take_stale(destination.id, needed_until_ms);
    if stale.is_empty() {
        return Ok(());
    }
    give_back(bridge, stale, Wait::Due { at_ms: now_ms }).await?;
    bridge.outbox.announce_room_for(destination.id);
    Ok(())
}
