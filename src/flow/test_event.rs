//! A person sends a test event through a connection: stored as a test, decided and delivered like a real one.
//!
//! It goes through this one connection only, whether it is enabled or not, and is never a duplicate.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::connection::Connection;
use crate::domain::delivery::Cause;
use crate::domain::event::{ReadError, Reading, read};
use crate::domain::id::EventId;
use crate::flow::Bridge;
use crate::flow::ingest::{Arrival, IngestError, Receipt, store_and_hand_over};
use crate::flow::snapshot::LiveConnection;
use crate::new_id;

/// Sends `body` through the connection. Returns the event that was made.
pub async fn send_test(
    bridge: &Bridge,
    connection: &Connection,
    body: Bytes,
) -> Result<EventId, IngestError> {
    let (facts, document) = match read(&body)? {
        Reading::Event { facts, document } => (facts, document),
        Reading::HealthCheck => return Err(ReadError::HealthCheck.into()),
    };
    let now = bridge.clock.now();
    let event_id = new_id!(EventId, bridge, now);
    let live = LiveConnection {
        id: connection.id,
        version_id: connection.version.id,
        destination_id: connection.version.destination_id,
        rules: bridge.rules(connection.version.id).await?,
    };
    let arrival = Arrival {
        event_id,
        source_id: connection.source_id,
        facts,
        document,
        body,
        now,
        cause: Cause::Test,
    };
    let receipt =
        store_and_hand_over(bridge, &bridge.snapshot(), arrival, &[Arc::new(live)]).await?;
    debug_assert!(
        matches!(receipt, Receipt::Stored { .. }),
        "a test is never a duplicate"
    );
    Ok(event_id)
}
