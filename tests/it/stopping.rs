//! Stopping: by SIGTERM under load, where nothing may be sent twice, and by SIGSTOP past a lease, where a stale result must not count.

use std::time::{Duration, Instant};

use bluebridge::flow::recover;
use serde_json::json;

use crate::database::{Database, on_both};
use crate::harness::{Receiver, TestBridge, event, patiently, todo_created};
use crate::process::{Ledger, Look, Sink, Site};

on_both![
    sigterm_under_load_repeats_no_attempt_and_loses_nothing,
    sigterm_does_not_wait_for_a_receiver_that_hangs,
    stopping_does_not_wait_for_a_slow_pace,
    the_result_of_a_sender_that_slept_past_its_lease_does_not_count,
    a_process_that_is_stopped_and_continued_sends_nothing_twice,
];

async fn sigterm_under_load_repeats_no_attempt_and_loses_nothing(database: Database) {
    let site = Site::on(database).await;
    let mut served = site.serve().await;
    let mut sink = Sink::start();
    let few = json!({"concurrency": 3});
    site.connect(&served, &sink.receiver.url(), few, json!({}))
        .await;
    let ledger = Ledger::default();
    for round in 0..3 {
        let posting = ledger.post(&served, round * 1_000..(round + 1) * 1_000);
        ledger.grows_to(ledger.len() + 150).await;
        served.signal("TERM");
        let asked = Instant::now();
        assert_eq!(served.ended().await, 0, "it ends well");
        assert!(
            asked.elapsed() < Duration::from_secs(30),
            "{:?}",
            asked.elapsed()
        );
        posting.await.unwrap();
        site.look().holds(1);
        served = site.serve().await;
    }
    sink.gets_all_of(&ledger).await;
    site.all_finished(&served).await;
    sink.take_what_came().await;
    assert_eq!(sink.repeated(), 0);
    assert_eq!(sink.records() as i64, site.look().count("events"));
    assert_eq!(site.look().count("deliveries WHERE attempts <> 1"), 0);
}

async fn sigterm_does_not_wait_for_a_receiver_that_hangs(database: Database) {
    let site = Site::on(database).await;
    let served = site.serve().await;
    let mut sink = Sink::start();
    sink.receiver.hold(true);
    let patient = json!({"timeout_ms": 30_000});
    site.connect(&served, &sink.receiver.url(), patient, json!({}))
        .await;
    let ledger = Ledger::default();
    ledger.post(&served, 0..1).await.unwrap();
    sink.next().await;
    served.signal("TERM");
    let asked = Instant::now();
    assert_eq!(served.ended().await, 0);
    assert!(
        asked.elapsed() < Duration::from_secs(30),
        "{:?}",
        asked.elapsed()
    );
    sink.receiver.hold(false);
    site.time_passes().await;
    let served = site.serve().await;
    site.all_finished(&served).await;
    sink.gets_all_of(&ledger).await;
    site.look().holds(1);
}

async fn stopping_does_not_wait_for_a_slow_pace(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let slow = json!({"per_second": 0.001});
    let connected = bridge.connect_to(&receiver.url(), slow, json!({})).await;
    for number in 0..3 {
        bridge.post(&connected.hook, &event(number)).await;
    }
    receiver.next().await;
    bridge.recorded(1).await;
    let asked = Instant::now();
    let home = bridge.stop().await;
    assert!(
        asked.elapsed() < Duration::from_secs(15),
        "{:?}",
        asked.elapsed()
    );
    let waiting = "deliveries WHERE state = 'queued'";
    assert_eq!(Look::into(&home.database_url).count(waiting), 2);
}

async fn the_result_of_a_sender_that_slept_past_its_lease_does_not_count(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let patient = json!({"timeout_ms": 30_000});
    let connected = bridge.connect_to(&receiver.url(), patient, json!({})).await;
    receiver.hold(true);
    bridge.post(&connected.hook, todo_created()).await;
    let first = receiver.next().await;
    bridge.advance(Duration::from_secs(121));
    recover::release_expired(&bridge.bridge).await.unwrap();
    bridge.bridge.outbox.announce_room();
    let second = receiver.next().await;
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(
        second.header("bluebridge-attempt"),
        Some("1"),
        "the first is not on record"
    );
    receiver.hold(false);
    bridge.recorded(2).await;
    let delivery = bridge.get("/deliveries").await["data"][0].clone();
    assert_eq!(
        (&delivery["state"], &delivery["attempt_count"]),
        (&json!("delivered"), &json!(1))
    );
    let path = format!("/deliveries/{}", delivery["id"].as_str().unwrap());
    assert_eq!(
        bridge.get(&path).await["attempts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    bridge.stop().await;
}

async fn a_process_that_is_stopped_and_continued_sends_nothing_twice(database: Database) {
    let site = Site::on(database).await;
    let served = site.serve().await;
    let mut sink = Sink::start();
    site.connect(&served, &sink.receiver.url(), json!({}), json!({}))
        .await;
    sink.receiver.hold(true);
    let ledger = Ledger::default();
    let posting = ledger.post(&served, 0..200);
    ledger.grows_to(50).await;
    served.signal("STOP");
    sink.receiver.hold(false);
    patiently("stopping", async {
        while !std::fs::read_to_string(format!("/proc/{}/stat", served.pid()))
            .unwrap()
            .contains(" T ")
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    served.signal("CONT");
    posting.await.unwrap();
    assert_eq!(ledger.len(), 200);
    sink.gets_all_of(&ledger).await;
    site.all_finished(&served).await;
    sink.take_what_came().await;
    assert_eq!(sink.repeated(), 0);
}
