//! Step four: results are written in batches, guarded by the claim.
//!
//! One loop in `worker` feeds it. A result that cannot be written now (the disk is full, the database is away) is kept and tried again: its
//! senders wait behind the bounded queue, and when the process dies first, the lease runs out and the delivery is sent again with
//! the same id.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::flow::Bridge;
use crate::store::error::StoreError;
use crate::store::results::Finish;

/// First and longest pause between tries to write results, in milliseconds.
const PAUSE_RANGE_MS: (u64, u64) = (50, 5_000);

/// Results written in one commit at most.
pub const RECORD_LIMIT: usize = 256;

/// Writes a batch, however long it takes.
pub async fn record(bridge: &Bridge, batch: Vec<Finish>) {
    let batch = Arc::new(batch);
    let mut had_to_wait = false;
    match write(bridge, &batch).await {
        Ok(waited) => had_to_wait = waited,
        // One of them will never be written; the others must not wait for it.
        Err(_) => {
            for finish in batch.iter() {
                match write(bridge, &Arc::new(vec![finish.clone()])).await {
                    Ok(waited) => had_to_wait |= waited,
                    Err(error) => {
                        tracing::error!(%error, delivery = %finish.delivery_id, "a result was refused for good; its delivery is due again when its lease ends");
                        metrics::counter!("bluebridge_refused_results_total").increment(1);
                    }
                }
            }
        }
    }
    // A batch with room to spare took all that waited when it was taken. Under load something always has come since.
    let took_all = !had_to_wait && batch.len() < RECORD_LIMIT;
    if took_all || bridge.results.capacity() == bridge.results.max_capacity() {
        bridge.results_wait.store(false, Ordering::SeqCst);
    }
    failpoint!("record:after_commit");
    for finish in batch.iter().filter(|finish| finish.in_lane) {
        // The next one of its record may go now.
        bridge.outbox.announce_room_for(finish.destination_id);
    }
    bridge
        .recorded
        .send_modify(|recorded| *recorded += batch.len() as u64);
}

/// Writes results, again and again while nothing can be written, and says whether it had to wait for that. An error when one of them is refused itself,
/// which waiting does not change.
async fn write(bridge: &Bridge, batch: &Arc<Vec<Finish>>) -> Result<bool, StoreError> {
    let mut pause_ms = PAUSE_RANGE_MS.0;
    let mut had_to_wait = false;
    let applied = loop {
        match bridge.store.record(batch.clone()).await {
            Ok(applied) => break applied,
            Err(error) if error.is_about_a_row() => return Err(error),
            Err(error) => {
                had_to_wait = true;
                bridge.results_wait.store(true, Ordering::SeqCst);
                tracing::error!(%error, results = batch.len(), pause_ms, "results could not be written; they are kept and tried again");
                metrics::counter!("bluebridge_result_write_failures_total").increment(1);
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                pause_ms = (pause_ms * 2).min(PAUSE_RANGE_MS.1);
            }
        }
    };
    for (finish, applied) in batch.iter().zip(applied) {
        if !applied {
            metrics::counter!("bluebridge_stale_results_total").increment(1);
            tracing::warn!(delivery = %finish.delivery_id, "a result came after its lease had ended and was not written; another worker has the delivery");
        }
    }
    Ok(had_to_wait)
}
