//! The dry run over stored events: what it counts and tells, and that nothing leaves.

use serde_json::json;

use crate::database::{Database, on_both};
use crate::harness::{Receiver, TestBridge, event};

on_both! {
    other_rules_are_compared_over_the_stored_events_and_nothing_leaves,
}

async fn other_rules_are_compared_over_the_stored_events_and_nothing_leaves(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let title = "$.currentValue.title";
    let filter = |op: &str| json!({"all": [{"path": title, "op": op, "value": "G00"}]});
    let rules = json!({"filter": filter("contains"), "mapping": {"mode": "fields", "fields": [{"to": "t", "from": {"path": title}}]}});
    let connected = bridge.connect(&receiver, rules).await;
    // Sixty events: more than one page is read. Ten of them have G00 in their title.
    for number in 0..60 {
        assert_eq!(
            bridge.post(&connected.hook, &event(number)).await.0,
            200,
            "{number}"
        );
    }
    bridge.recorded(10).await;
    for _ in 0..10 {
        receiver.next().await;
    }
    let id = bridge.get("/connections").await["data"][0]["id"].clone();
    let path = format!("/connections/{}/dry-run", id.as_str().unwrap());
    let run = async |trial| bridge.api("POST", &path, Some(trial)).await;

    let (status, same) = run(json!({})).await;
    assert_eq!(status, 200, "{same}");
    let numbers = |of: &serde_json::Value| {
        [
            "looked_at",
            "sent_before",
            "sent_now",
            "newly_sent",
            "no_longer_sent",
            "different_body",
        ]
        .map(|name| of[name].as_u64().unwrap())
    };
    assert_eq!(numbers(&same), [60, 10, 10, 0, 0, 0]);
    assert_eq!(same["examples"], json!([]));

    let turned = run(json!({"filter": filter("not_contains")})).await.1;
    assert_eq!(numbers(&turned), [60, 10, 50, 50, 10, 0]);
    let kinds = |turn: &str| {
        let examples = turned["examples"].as_array().unwrap();
        examples.iter().filter(|one| one["turn"] == turn).count()
    };
    assert_eq!((kinds("newly_sent"), kinds("no_longer_sent")), (20, 10));

    let open = run(json!({"filter": null, "events": 20})).await.1;
    assert_eq!(numbers(&open), [20, 0, 20, 20, 0, 0]);

    let mapping = json!({"mode": "fields", "fields": [{"to": "t", "from": {"path": title}, "pipe": [{"fn": "lower"}]}]});
    let lower = run(json!({"mapping": mapping})).await.1;
    assert_eq!(numbers(&lower), [60, 10, 10, 0, 0, 10]);
    assert_eq!(
        lower["examples"][0]["differences"],
        json!([{"place": "t", "before": "\"G009\"", "now": "\"g009\""}])
    );

    for (trial, pointer) in [
        (json!({"events": 0}), "/events"),
        (json!({"events": 5_001}), "/events"),
        (
            json!({"filter": {"all": [{"path": "$.a b", "op": "exists"}]}}),
            "/filter/all/0/path",
        ),
    ] {
        let (status, problem) = run(trial).await;
        assert_eq!(
            (status, &problem["problems"][0]["pointer"]),
            (422, &json!(pointer))
        );
    }
    assert!(receiver.is_idle().await, "nothing was sent");
    assert_eq!(
        bridge.get("/connections").await["data"][0]["version"],
        json!(1)
    );
    bridge.stop().await;
}
