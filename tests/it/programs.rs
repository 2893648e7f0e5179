//! What programs do through the API: a change that is answered with itself, a document that was read before somebody else's change, and what the pages'
//! buttons do.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::database::{Database, execute, on_both};
use crate::harness::{Receiver, TestBridge, event};

on_both! {
    a_change_is_answered_with_what_it_stored,
    a_document_read_before_a_change_is_refused,
    what_a_put_leaves_out_is_reset_or_stays_by_one_rule,
    what_waits_for_a_destination_is_told_and_can_be_tried_now,
    an_event_goes_through_a_connection_that_came_later,
    a_delivery_is_sent_again_by_the_rules_of_today,
    a_test_request_answers_what_it_brought,
}

/// A time that no test comes to.
const FAR_MS: i64 = 4_000_000_000_000;

/// How many programs change the same thing at once.
const AT_ONCE: usize = 8;

async fn id_of_connection(bridge: &TestBridge) -> String {
    let list = bridge.get("/connections").await;
    list["data"][0]["id"].as_str().unwrap().to_string()
}

async fn newest_delivery(bridge: &TestBridge) -> Value {
    bridge.get("/deliveries").await["data"][0].clone()
}

async fn a_change_is_answered_with_what_it_stored(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let connection_id = id_of_connection(&bridge).await;
    let (source, destination) = (
        format!("/sources/{}", connected.source_id),
        format!("/destinations/{}", connected.destination_id),
    );
    let connection = format!("/connections/{connection_id}");
    let mut versions = BTreeSet::new();
    let names: Vec<String> = (0..AT_ONCE).map(|n| format!("By program {n}")).collect();
    let asked = names.iter().flat_map(|name| {
        let filter = json!({"path": "$.currentValue.title", "op": "equals", "value": name});
        [
            (&source, json!({"name": name})),
            (
                &destination,
                json!({"name": name, "config": {"url": receiver.url()}}),
            ),
            (
                &connection,
                json!({"name": name, "source_id": connected.source_id, "destination_id": connected.destination_id, "filter": filter}),
            ),
        ]
    });
    let answers = join_all(asked.map(async |(path, document)| {
        let (status, answer) = bridge.api("PUT", path, Some(document.clone())).await;
        (path, document, status, answer)
    }))
    .await;
    for (path, document, status, answer) in answers {
        assert_eq!(status, 200, "{path}: {answer}");
        assert_eq!(answer["name"], document["name"], "{path}");
        if path == &connection {
            assert_eq!(answer["filter"], document["filter"]);
            versions.insert(answer["version"].as_i64().unwrap());
        }
    }
    assert_eq!(versions.len(), AT_ONCE, "{versions:?}");
    bridge.stop().await;
}

async fn a_document_read_before_a_change_is_refused(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    bridge.connect(&receiver, json!({})).await;
    let path = format!("/connections/{}", id_of_connection(&bridge).await);
    let read = bridge.get(&path).await;
    let changed = |document: &Value, value: &str| {
        let mut document = document.clone();
        document["filter"] =
            json!({"path": "$.currentValue.title", "op": "equals", "value": value});
        document
    };
    let (status, first) = bridge
        .api("PUT", &path, Some(changed(&read, "first")))
        .await;
    assert_eq!((status, &first["version"]), (200, &json!(2)), "{first}");
    let stale = changed(&read, "second");
    let (status, refused) = bridge.api("PUT", &path, Some(stale.clone())).await;
    assert_eq!(
        (status, &refused["code"]),
        (409, &json!("changed_meanwhile")),
        "{refused}"
    );
    assert_eq!(bridge.get(&path).await, first);
    // Who names no version asks for nothing.
    let mut unnamed = stale;
    unnamed.as_object_mut().unwrap().remove("version");
    let (status, second) = bridge.api("PUT", &path, Some(unnamed)).await;
    assert_eq!((status, &second["version"]), (200, &json!(3)), "{second}");
    // The rules of now with the version of then: what would be switched was not seen either.
    let mut switched = second.clone();
    switched["version"] = json!(1);
    switched["enabled"] = json!(false);
    let (status, refused) = bridge.api("PUT", &path, Some(switched)).await;
    assert_eq!(status, 409, "{refused}");
    let (status, refused) = bridge
        .api(
            "PUT",
            &path,
            Some(json!({"name": "n", "version": "latest"})),
        )
        .await;
    assert_eq!((status, &refused["code"]), (422, &json!("invalid")));
    assert_eq!(refused["problems"][0]["pointer"], "/version", "{refused}");
    bridge.stop().await;
}

async fn what_a_put_leaves_out_is_reset_or_stays_by_one_rule(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let config = json!({"url": receiver.url(), "headers": {"x-a": "1"}, "auth": {"type": "bearer", "token": "t"}});
    let document = json!({
        "name": "R", "config": config, "signing": {"scheme": "hex", "header": "X-S", "secret": "s"}, "limits": {"concurrency": 3}, "notices": true,
    });
    let made = bridge.created("/destinations", document).await;
    let path = format!("/destinations/{}", made["id"].as_str().unwrap());
    let short = json!({"name": "R", "config": {"url": receiver.url()}});
    let (_, saved) = bridge.api("PUT", &path, Some(short.clone())).await;
    assert_eq!(
        saved["signing"],
        json!({"scheme": "hex", "header": "X-S", "secret_set": true})
    );
    assert_eq!(
        saved["config"]["auth"],
        json!({"type": "bearer", "token_set": true})
    );
    assert_eq!(saved["config"]["headers"], json!({}));
    assert_ne!(saved["limits"]["concurrency"], 3);
    assert_eq!(saved["notices"], false);
    let mut secret = short.clone();
    secret["signing"] = json!({"secret": "another"});
    let (_, saved) = bridge.api("PUT", &path, Some(secret)).await;
    assert_eq!(saved["signing"]["header"], "X-S");
    let mut named = short;
    named["signing"] = json!({"scheme": "hex"});
    let (_, saved) = bridge.api("PUT", &path, Some(named)).await;
    assert_ne!(saved["signing"]["header"], "X-S");

    let source = bridge
        .created("/sources", json!({"name": "S", "require_signature": false}))
        .await;
    let path = format!("/sources/{}", source["id"].as_str().unwrap());
    let (_, saved) = bridge.api("PUT", &path, Some(json!({"name": "S"}))).await;
    assert_eq!(saved["require_signature"], false);
    let document = json!({"name": "c", "source_id": source["id"], "destination_id": made["id"], "enabled": false, "trigger": {"events": ["TODO_CREATED"]}});
    let connection = bridge.created("/connections", document).await;
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let short = json!({"name": "c", "source_id": source["id"], "destination_id": made["id"]});
    let (_, saved) = bridge.api("PUT", &path, Some(short)).await;
    assert_eq!(
        (&saved["enabled"], &saved["trigger"]["events"]),
        (&json!(false), &json!([]))
    );
    bridge.stop().await;
}

async fn what_waits_for_a_destination_is_told_and_can_be_tried_now(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let nothing = json!({"count": 0, "at_least": false, "oldest_at": null});
    assert_eq!(bridge.get(&path).await["waiting"], nothing);
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let retrying = newest_delivery(&bridge).await;
    let one = json!({"count": 1, "at_least": false, "oldest_at": retrying["created_at"].clone()});
    assert_eq!(bridge.get(&path).await["waiting"], one);

    let delivery = format!("/deliveries/{}", retrying["id"].as_str().unwrap());
    let (status, hurried) = bridge
        .api("POST", &format!("{delivery}/try-now"), None)
        .await;
    assert_eq!(
        (status, &hurried["id"]),
        (200, &retrying["id"]),
        "{hurried}"
    );
    receiver.next().await;
    bridge.recorded(2).await;
    assert_eq!(bridge.get(&delivery).await["state"], "delivered");
    let (status, refused) = bridge
        .api("POST", &format!("{delivery}/try-now"), None)
        .await;
    assert_eq!((status, &refused["code"]), (409, &json!("conflict")));

    execute(
        &bridge.home.database_url,
        &format!(
            "UPDATE deliveries SET state = 'retrying', due_at = {FAR_MS}, finished_at = NULL WHERE state = 'delivered'"
        ),
    );
    let (status, shown) = bridge.api("POST", &format!("{path}/try-now"), None).await;
    assert_eq!(
        (status, &shown["id"]),
        (200, &json!(connected.destination_id))
    );
    receiver.next().await;
    bridge.recorded(3).await;
    assert_eq!(bridge.get(&delivery).await["state"], "delivered");

    assert_eq!(
        bridge.api("POST", &format!("{path}/pause"), None).await.0,
        200
    );
    bridge.post(&connected.hook, &event(2)).await;
    assert_eq!(bridge.get(&path).await["waiting"]["count"], 1);
    let (status, refused) = bridge.api("POST", &format!("{path}/try-now"), None).await;
    assert_eq!((status, &refused["code"]), (409, &json!("conflict")));
    bridge.stop().await;
}

async fn an_event_goes_through_a_connection_that_came_later(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    let event_id = bridge.get("/events").await["data"][0]["id"].clone();
    let path = format!("/events/{}/send", event_id.as_str().unwrap());
    let later = json!({"name": "later", "source_id": connected.source_id, "destination_id": connected.destination_id});
    let later = bridge.created("/connections", later).await;
    let way = json!({"connection_id": later["id"]});
    let sent = bridge.created(&path, way.clone()).await;
    assert_eq!(
        (&sent["event_id"], &sent["connection_id"]),
        (&event_id, &later["id"])
    );
    assert_eq!(sent["trigger"], "resend");
    receiver.next().await;
    let (status, again) = bridge.api("POST", &path, Some(way)).await;
    assert_eq!((status, &again["code"]), (409, &json!("conflict")));
    for wrong in ["nonsense", connected.source_id.as_str()] {
        let way = json!({"connection_id": wrong});
        let (status, refused) = bridge.api("POST", &path, Some(way)).await;
        assert_eq!(status, 422, "{refused}");
        assert_eq!(refused["problems"][0]["pointer"], "/connection_id");
    }
    bridge.stop().await;
}

async fn a_delivery_is_sent_again_by_the_rules_of_today(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let old = json!({"mapping": {"mode": "template", "body": "old"}});
    let connected = bridge.connect(&receiver, old).await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    let delivery = newest_delivery(&bridge).await;
    let path = format!("/connections/{}", id_of_connection(&bridge).await);
    let mut changed = bridge.get(&path).await;
    changed["mapping"]["body"] = json!("new");
    let (status, changed) = bridge.api("PUT", &path, Some(changed)).await;
    assert_eq!(status, 200, "{changed}");
    let path = format!("/deliveries/{}/resend", delivery["id"].as_str().unwrap());
    for (body, sent, version) in [
        (json!({}), "old", &delivery["version_id"]),
        (json!({"version": "then"}), "old", &delivery["version_id"]),
        (json!({"version": "now"}), "new", &changed["version_id"]),
    ] {
        let made = bridge.created(&path, body).await;
        assert_eq!(&made["version_id"], version, "{made}");
        assert_eq!(receiver.next().await.body, sent.as_bytes());
    }
    let wrong = json!({"version": "2"});
    let (status, refused) = bridge.api("POST", &path, Some(wrong)).await;
    assert_eq!(
        (status, &refused["problems"][0]["pointer"]),
        (422, &json!("/version"))
    );
    bridge.stop().await;
}

async fn a_test_request_answers_what_it_brought(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/destinations/{}/test", connected.destination_id);
    let (status, arrived) = bridge.api("POST", &path, None).await;
    assert_eq!(status, 200, "{arrived}");
    assert_eq!(arrived["arrived"], true);
    let sent = receiver.next().await;
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(sent["event"], "BLUEBRIDGE_TEST");
    receiver.answer_next(404);
    let (_, refused) = bridge.api("POST", &path, None).await;
    assert_eq!(
        (&refused["arrived"], &refused["outcome"]["status"]),
        (&json!(false), &json!(404)),
        "{refused}"
    );
    assert_eq!(bridge.get("/deliveries").await["data"], json!([]));
    bridge.stop().await;
}
