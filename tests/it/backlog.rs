//! When more comes than can be written: a clear "come back" at once, in bounded memory, and never a lost acknowledged event.

use bluebridge::domain::delivery::State;
use bluebridge::domain::id::{ClaimId, DestinationId};
use bluebridge::domain::outcome::Outcome;
use bluebridge::domain::signature::accept_unsigned;
use bluebridge::flow::ingest::{IngestError, Receipt, ingest};
use bluebridge::store::claims::ClaimRequest;
use bluebridge::store::error::StoreError;
use bluebridge::store::results::{Finish, NewAttempt};
use bytes::Bytes;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use serde_json::json;

use crate::database::{Database, on_both};
use crate::harness::{Receiver, SECRET, TestBridge, patiently, todo_created};

on_both! {
    a_result_that_the_database_refuses_does_not_stop_the_others,
}

/// Somebody else who holds the right to write: a backup tool, a shell that was left open.
struct Intruder(SqliteConnection);

impl Intruder {
    fn lock(bridge: &TestBridge) -> Intruder {
        let path = bridge.home.folder.path().join("test.db");
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 30000; BEGIN IMMEDIATE;")
            .unwrap();
        Intruder(conn)
    }

    fn unlock(mut self) {
        self.0.batch_execute("ROLLBACK").unwrap();
    }
}

async fn source(bridge: &TestBridge) -> (String, String) {
    let source = bridge
        .created("/sources", json!({"name": "Blue", "secret": SECRET}))
        .await;
    let url = source["url"].as_str().unwrap();
    let hook = bridge.url(&url[url.find("/hooks/").unwrap()..]);
    (source["id"].as_str().unwrap().to_string(), hook)
}

/// Takes events past the web server, which would not open so many connections.
async fn take(
    bridge: &TestBridge,
    source_id: &str,
    numbers: std::ops::Range<usize>,
) -> Vec<Result<Receipt, IngestError>> {
    let source_id = source_id.parse().unwrap();
    let taken = numbers.map(|number| async move {
        let body = Bytes::from(json!({"event": "E", "currentValue": {"id": number}}).to_string());
        ingest(
            &bridge.bridge,
            source_id,
            &accept_unsigned(&body),
            &body,
            false,
        )
        .await
    });
    futures_util::future::join_all(taken).await
}

fn stored(taken: &[Result<Receipt, IngestError>]) -> usize {
    taken
        .iter()
        .filter(|one| matches!(one, Ok(Receipt::Stored { .. })))
        .count()
}

#[actix_web::test]
async fn when_the_writers_queue_is_full_blue_is_told_to_come_back() {
    let bridge = TestBridge::start().await;
    let (source_id, hook) = source(&bridge).await;
    let intruder = Intruder::lock(&bridge);
    let knock = async {
        // As soon as the queue is full, the door says so without waiting.
        let answer = patiently("a full queue", async {
            loop {
                let signature = crate::harness::signature(todo_created());
                let request = bridge.http.post(&hook).header("X-Signature", signature);
                let answer = request.body(todo_created()).send().await.unwrap();
                if answer.status() == 503 {
                    break answer;
                }
            }
        })
        .await;
        let retry_after = answer.headers()["retry-after"]
            .to_str()
            .unwrap()
            .to_string();
        intruder.unlock();
        retry_after
    };
    let (taken, retry_after) =
        futures_util::future::join(take(&bridge, &source_id, 0..10_000), knock).await;
    assert!(retry_after.parse::<u32>().unwrap() > 0);
    let busy = |one: &&Result<Receipt, IngestError>| {
        matches!(one, Err(IngestError::Store(StoreError::Busy)))
    };
    assert!(taken.iter().filter(busy).count() > 0);
    let events = bridge.look().count("events") as usize;
    assert_eq!(
        stored(&taken),
        events,
        "what is stored is what was acknowledged"
    );
    let (status, _) = bridge.post(&hook, todo_created()).await;
    assert_eq!(status, 200, "afterwards all is well");
    bridge.stop().await;
}

#[actix_web::test]
async fn a_database_that_somebody_holds_fails_a_batch_at_once_and_not_one_by_one() {
    let bridge = TestBridge::start().await;
    let (source_id, _) = source(&bridge).await;
    let intruder = Intruder::lock(&bridge);
    // Each of these would wait for the lock in its turn, for a quarter of an hour together.
    let taken = patiently("two hundred refusals", take(&bridge, &source_id, 0..200)).await;
    assert_eq!(stored(&taken), 0);
    intruder.unlock();
    let taken = take(&bridge, &source_id, 0..200).await;
    assert_eq!(
        stored(&taken),
        200,
        "what was refused is news when it comes again"
    );
    assert_eq!(bridge.look().count("events"), 200);
    bridge.stop().await;
}

async fn a_result_that_the_database_refuses_does_not_stop_the_others(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_next(500);
    bridge.post(&connected.hook, todo_created()).await;
    receiver.next().await;
    bridge.recorded(1).await;
    // Its first attempt is on record; a result that claims to be the first once more cannot be written.
    let claim_id = ClaimId::new(1, [9; 10]);
    let now_ms = bridge.bridge.clock.now_ms() + 10_000;
    let destination_id: DestinationId = connected.destination_id.parse().unwrap();
    let request = ClaimRequest {
        destination_id,
        claim_id,
        now_ms,
        lease_until_ms: now_ms + 100,
        limit: 1,
    };
    let claimed = bridge.bridge.store.claim_due(request).await.unwrap();
    let refused = Finish {
        delivery_id: claimed[0].delivery_id,
        destination_id,
        claim_id,
        state: State::Delivered,
        due_ms: None,
        now_ms,
        in_lane: false,
        free_attempts: 0,
        attempt: NewAttempt {
            number: 1,
            started_ms: now_ms,
            duration_ms: 1,
            outcome: Outcome::answered(200),
            request_line: String::new(),
            request_headers: "[]".into(),
            response_headers: "[]".into(),
            response_body: Vec::new(),
            response_truncated: false,
        },
    };
    bridge.bridge.results.send(refused).await.unwrap();
    for number in 0..20 {
        bridge
            .post(&connected.hook, &crate::harness::event(number))
            .await;
        receiver.next().await;
    }
    patiently("the others' results", async {
        while bridge.count_in(&connected.destination_id, "delivered") < 20 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The refused one's lease ends, and it is sent again.
    bridge.advance(std::time::Duration::from_secs(200));
    bluebridge::flow::recover::release_expired(&bridge.bridge)
        .await
        .unwrap();
    assert_eq!(
        receiver.next().await.header("bluebridge-attempt"),
        Some("2")
    );
    bridge.stop().await;
}
