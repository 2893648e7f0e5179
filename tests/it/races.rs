//! Two things at once, each in the order that hurts: one is stopped between two of its steps, and the other happens there.

use bluebridge::domain::id::{ClaimId, DestinationId, NodeId};
use bluebridge::flow::Bridge;
use bluebridge::flow::nodes::beat;
use bluebridge::flow::pause::hold;
use bluebridge::flow::recover::queue_probe;
use bluebridge::store::claims::{ClaimRequest, Claimed};
use bluebridge::store::nodes::Beat;
use serde_json::json;

use crate::database::Database;
use crate::harness::{Connected, Receiver, TestBridge, event};

fn destination_of(connected: &Connected) -> DestinationId {
    connected.destination_id.parse().unwrap()
}

fn request(bridge: &Bridge, destination_id: DestinationId) -> ClaimRequest {
    let now_ms = bridge.clock.now_ms();
    ClaimRequest {
        destination_id,
        claim_id: ClaimId::new(now_ms.try_into().unwrap(), [1; 10]),
        now_ms,
        lease_until_ms: now_ms + bridge.lease_ms,
        limit: 1,
    }
}

/// Takes a delivery into memory, where no sender comes for it.
async fn take_into_memory(bridge: &Bridge, claimed: Claimed, request: ClaimRequest) {
    queue_probe(bridge, claimed, request, 0).await.unwrap();
}

/// A node joins, and the only place at a held destination falls to it while the probe waits in this one's memory.
#[actix_web::test]
async fn a_probe_in_memory_outlives_a_node_that_joins() {
    let bridge = TestBridge::start_on(Database::Postgres).await;
    let receiver = Receiver::start();
    let limits = json!({"concurrency": 1});
    let connected = bridge.connect_to(&receiver.url(), limits, json!({})).await;
    let id = destination_of(&connected);
    let inner = &bridge.bridge;
    hold(inner, id, "It kept failing.").await.unwrap();
    bridge.post(&connected.hook, &event(1)).await;
    let request = request(inner, id);
    let claimed = inner.store.claim_probe(request).await.unwrap().unwrap();
    take_into_memory(inner, claimed, request).await;
    // Of two nodes, the first or the second sends to a destination, as its id says.
    let other = match id.as_bytes()[15] % 2 {
        0 => NodeId::new(1, [0; 10]),
        _ => NodeId::new(u64::MAX >> 16, [0; 10]),
    };
    let told = Beat {
        id: other,
        name: "other".into(),
        version: "0",
        started_ms: 1,
        revision: inner.revision(),
        waiting: 0,
    };
    inner.store.join(told).await.unwrap();
    beat(inner).await.unwrap();
    let snapshot = inner.snapshot();
    assert_eq!(
        inner.nodes.concurrency(snapshot.destination(id).unwrap()),
        0
    );
    assert_eq!(inner.outbox.waiting(), 1);
    bridge.stop().await;
}
