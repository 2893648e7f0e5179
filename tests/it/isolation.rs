//! One destination's trouble is its own: a hanging one with a long queue holds no other, and waiting for a limit spends no attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bluebridge::domain::delivery::State;
use bluebridge::flow::outbox::PER_DESTINATION_LIMIT;
use bluebridge::flow::pause::settle_stragglers;
use bluebridge::store::destinations::Initiative;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;

use crate::database::{Database, on_both};
use crate::harness::{Receiver, TestBridge, patiently, todo_created};
use crate::hostile::whole_log;

on_both! {
    a_hanging_destination_with_a_long_queue_holds_no_other,
    waiting_for_a_limit_spends_no_attempt,
    what_came_to_be_held_in_the_moment_of_a_resumption_goes_out_all_the_same,
}

/// More than there is room for in memory.
const QUEUED: usize = PER_DESTINATION_LIMIT + 100;
const CONCURRENCY: usize = 5;
const DEADLINE_S: u64 = 30;

/// Takes connections, counts them, and says nothing until it is let go.
async fn hang(let_go: watch::Receiver<bool>) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let taken: Arc<AtomicUsize> = Arc::default();
    let counted = taken.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut let_go = let_go.clone();
            tokio::spawn(async move {
                let _ = stream.read_u8().await;
                let _ = let_go.wait_for(|gone| *gone).await;
            });
        }
    });
    (url, taken)
}

async fn a_hanging_destination_with_a_long_queue_holds_no_other(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let (let_go, held) = watch::channel(false);
    let (url, taken) = hang(held).await;
    let limits = json!({"concurrency": CONCURRENCY, "timeout_ms": DEADLINE_S * 1_000});
    let hanging = bridge.connect_to(&url, limits, json!({})).await;
    let healthy = bridge
        .connect_from(&hanging.source_id, &receiver.url(), json!({}), json!({}))
        .await;
    let began = Instant::now();
    for number in 0..QUEUED {
        let event = json!({"event": "E", "currentValue": {"id": number.to_string()}}).to_string();
        assert_eq!(bridge.post(&hanging.hook, event.as_bytes()).await.0, 200);
        // Each comes through while the other queue grows.
        receiver.next().await;
    }
    let deadlines = 1 + began.elapsed().as_secs() / DEADLINE_S;
    let tried = taken.load(Ordering::SeqCst);
    assert!(
        tried <= CONCURRENCY * deadlines as usize,
        "{tried} tries at the one that hangs"
    );
    patiently("the healthy one's results", async {
        while bridge.count_in(&healthy.destination_id, "delivered") < QUEUED {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(bridge.count_in(&hanging.destination_id, "delivered"), 0);
    assert!(
        bridge.bridge.outbox.waiting() <= PER_DESTINATION_LIMIT,
        "memory is bounded"
    );
    let_go.send(true).unwrap();
    bridge.stop().await;
}

async fn waiting_for_a_limit_spends_no_attempt(database: Database) {
    const PER_SECOND: usize = 25;
    const COUNT: usize = 60;
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let limits = json!({"per_second": PER_SECOND});
    let connected = bridge.connect_to(&receiver.url(), limits, json!({})).await;
    let began = Instant::now();
    for number in 0..COUNT {
        let event = json!({"event": "E", "currentValue": {"id": number.to_string()}}).to_string();
        bridge.post(&connected.hook, event.as_bytes()).await;
    }
    for _ in 0..COUNT {
        assert_eq!(
            receiver.next().await.header("bluebridge-attempt"),
            Some("1")
        );
    }
    // A lower bound only: however slow the machine is, it cannot be faster than the limit.
    let least = Duration::from_secs_f64((COUNT - 1) as f64 / PER_SECOND as f64);
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    bridge.recorded(COUNT as u64).await;
    let log = whole_log(&bridge).await;
    assert!(
        log.values()
            .all(|one| one.state == State::Delivered && one.attempts == 1)
    );
    bridge.stop().await;
}

async fn what_came_to_be_held_in_the_moment_of_a_resumption_goes_out_all_the_same(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/destinations/{}/pause", connected.destination_id);
    assert_eq!(bridge.api("POST", &path, None).await.0, 200);
    bridge.post(&connected.hook, todo_created()).await;
    assert_eq!(bridge.count_in(&connected.destination_id, "held"), 1);
    // The destination is resumed, and this one was not yet seen as held then.
    let id = connected.destination_id.parse().unwrap();
    bridge
        .bridge
        .store
        .pause_destination(id, None, Initiative::Person)
        .await
        .unwrap();
    bridge.bridge.reload().await.unwrap();
    settle_stragglers(&bridge.bridge).await.unwrap();
    assert_eq!(receiver.next().await.body, todo_created());
    bridge.recorded(1).await;
    bridge.stop().await;
}
