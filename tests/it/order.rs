//! Order per record, with a receiver that fails at random and with requests that race.

use std::collections::HashMap;
use std::time::Duration;

use bluebridge::flow::recover::claim_due;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::database::{Database, on_both};
use crate::harness::{Receiver, TestBridge, patiently};
use crate::pages::owner;

on_both![
    one_that_was_stored_late_does_not_overtake_what_is_being_sent,
    each_record_keeps_its_order_although_a_third_of_the_attempts_fail,
    requests_that_race_are_sent_in_the_order_of_the_log,
    one_that_waits_behind_another_of_its_record_says_so,
];

const RECORDS: usize = 6;
const EVENTS: usize = 8;

fn event(record: usize, number: usize) -> Vec<u8> {
    json!({"event": "E", "currentValue": {"id": format!("r{record}"), "record": record, "n": number}})
        .to_string()
        .into_bytes()
}

async fn is_none_in(bridge: &TestBridge, states: &str) -> bool {
    bridge
        .get(&format!("/deliveries?state={states}&limit=1"))
        .await["data"]
        == json!([])
}

/// Waits until nothing can happen any more without time passing.
async fn until_still(bridge: &TestBridge) {
    patiently("stillness", async {
        loop {
            let none_claimed = claim_due(&bridge.bridge).await.unwrap() == 0;
            if is_none_in(bridge, "sending").await
                && none_claimed
                && is_none_in(bridge, "sending").await
            {
                return;
            }
        }
    })
    .await;
}

async fn each_record_keeps_its_order_although_a_third_of_the_attempts_fail(database: Database) {
    let seed = std::env::var("BLUEBRIDGE_TEST_SEED")
        .map_or_else(|_| rand::random(), |text| text.parse().unwrap());
    println!("again with BLUEBRIDGE_TEST_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"delivery": {"order": "per_record", "max_attempts": 50}});
    let connected = bridge.connect(&receiver, rules).await;
    for _ in 0..RECORDS * EVENTS {
        receiver.answer_next(if chance.random_bool(0.34) { 500 } else { 200 });
    }
    for number in 0..EVENTS {
        for record in 0..RECORDS {
            assert_eq!(
                bridge.post(&connected.hook, &event(record, number)).await.0,
                200
            );
        }
    }
    // One look for all states: from one to the next, a delivery may change its own.
    while bridge.look().count("deliveries WHERE finished_at IS NULL") > 0 {
        until_still(&bridge).await;
        bridge.advance(Duration::from_secs(100_000));
    }
    let mut sequences: HashMap<u64, Vec<u64>> = HashMap::new();
    while let Some(request) = receiver.next_if_there().await {
        let event = &request.json()["currentValue"];
        let sequence = sequences
            .entry(event["record"].as_u64().unwrap())
            .or_default();
        sequence.push(event["n"].as_u64().unwrap());
    }
    assert_eq!(sequences.len(), RECORDS);
    for (record, mut sequence) in sequences {
        // A failed one comes again before the next one comes for the first time.
        assert!(sequence.is_sorted(), "record {record}: {sequence:?}");
        sequence.dedup();
        assert_eq!(
            sequence,
            (0..EVENTS as u64).collect::<Vec<_>>(),
            "record {record}"
        );
    }
    bridge.stop().await;
}

async fn requests_that_race_are_sent_in_the_order_of_the_log(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"delivery": {"order": "per_record"}});
    let connected = bridge.connect(&receiver, rules).await;
    const COUNT: usize = 120;
    let posts = (0..COUNT).map(|number| {
        let (bridge, hook) = (&bridge, &connected.hook);
        async move { bridge.post(hook, &event(0, number)).await.0 }
    });
    let answers = futures_util::future::join_all(posts).await;
    assert!(answers.iter().all(|status| *status == 200));
    let mut ids = Vec::new();
    for _ in 0..COUNT {
        ids.push(
            receiver
                .next()
                .await
                .header("webhook-id")
                .unwrap()
                .to_string(),
        );
    }
    assert!(ids.is_sorted(), "{ids:?}");
    bridge.recorded(COUNT as u64).await;
    bridge.stop().await;
}

/// A replay, or a node whose clock is behind, gave it an earlier id; when it was stored, a later one was under way.
async fn one_that_was_stored_late_does_not_overtake_what_is_being_sent(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"delivery": {"order": "per_record"}});
    let connected = bridge.connect(&receiver, rules).await;
    receiver.hold(true);
    let post = async |n: usize| {
        let event = json!({"event": "E", "currentValue": {"id": "a", "n": n}}).to_string();
        assert_eq!(bridge.post(&connected.hook, event.as_bytes()).await.0, 200);
    };
    post(1).await;
    receiver.next().await;
    post(2).await;
    let first = bridge.look().bytes(&format!("{:032x}", 1));
    crate::database::execute(
        &bridge.home.database_url,
        &format!("UPDATE deliveries SET id = {first} WHERE state = 'queued'"),
    );
    let inner = &bridge.bridge;
    assert_eq!(claim_due(inner).await.unwrap(), 0);
    receiver.hold(false);
    bridge.recorded(1).await;
    assert_eq!(receiver.next().await.json()["currentValue"]["n"], 2);
    bridge.recorded(2).await;
    bridge.stop().await;
}

async fn one_that_waits_behind_another_of_its_record_says_so(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"delivery": {"order": "per_record"}});
    let connected = bridge.connect(&receiver, rules).await;
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(1, 0)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    bridge.post(&connected.hook, &event(1, 1)).await;
    let log = bridge.get("/deliveries").await;
    let id = |place: usize| log["data"][place]["id"].as_str().unwrap().to_string();
    let (behind, first) = (id(0), id(1));
    let mut ada = owner(&bridge).await;
    let shown = ada.get(&format!("/deliveries/{behind}")).await.html;
    for said in [
        "It waits for an earlier one of this record.",
        &format!(
            "<a href=\"/deliveries/{first}\">The earlier one of this record</a> goes out first; its next attempt: <time"
        ),
        "<div>Waits for an earlier one of this record</div>",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(!shown.contains("Next attempt: due now"), "{shown}");
    let shown = ada.get(&format!("/deliveries/{first}")).await.html;
    assert!(!shown.contains("earlier one of this record"), "{shown}");
    bridge.stop().await;
}
