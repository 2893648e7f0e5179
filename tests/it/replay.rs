//! Replay of many: counted before, paced, once each however often begun again, and stopped when a person says so.

use std::collections::HashSet;
use std::time::Duration;

use bluebridge::domain::connection::{DeliverySettings, RulesDocument, Trigger};
use bluebridge::domain::delivery::Cause;
use bluebridge::domain::destination::{Settings, SettingsDocument};
use bluebridge::domain::event::{Reading, read};
use bluebridge::domain::id::{
    ConnectionId, DeliveryId, DestinationId, EventId, SourceId, VersionId,
};
use bluebridge::domain::replay::{DEFAULT_PER_SECOND, Selection, VersionChoice, Wish};
use bluebridge::flow::replay::{advance, forecast_within};
use bluebridge::store::Store;
use bluebridge::store::connections::ConnectionDraft;
use bluebridge::store::deliveries::DeliveryFilter;
use bluebridge::store::destinations::DestinationDraft;
use bluebridge::store::ingest::{Ingest, NewDelivery, NewEvent, Start};
use bluebridge::store::sources::NewSource;
use bluebridge::store::window::Window;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::database::{Database, Home, on_both};
use crate::harness::{Connected, Receiver, TestBridge, event, patiently, settings};
use crate::process::Site;

on_both![
    a_dry_run_counts_and_stores_nothing,
    what_is_on_its_way_is_not_sent_twice,
    what_cannot_be_meant_is_refused_place_by_place,
    a_replay_keeps_its_pace_sends_each_once_and_never_its_own,
    an_event_goes_out_once_for_each_connection_however_many_of_its_deliveries_match,
    then_is_the_version_of_then_and_now_is_todays_with_its_filter,
    a_repeated_request_with_the_same_key_begins_one_replay,
    cancelling_stops_at_once_and_gives_up_what_waits_in_memory_and_on_disk,
    what_was_under_way_when_its_replay_was_cancelled_is_not_tried_again,
    what_a_dead_process_had_taken_of_a_cancelled_replay_is_not_sent_by_the_next,
    a_count_over_a_long_log_says_at_least,
    a_replay_that_is_killed_goes_on_where_it_stood_and_makes_each_delivery_once,
];

/// Posts events of which each is answered with its status, at the only attempt.
async fn post(bridge: &TestBridge, receiver: &Receiver, statuses: &[u16]) -> Connected {
    let rules = json!({"delivery": {"max_attempts": 1}});
    let connected = bridge.connect(receiver, rules).await;
    for (number, status) in statuses.iter().enumerate() {
        receiver.answer_next(*status);
        let (taken, _) = bridge.post(&connected.hook, &event(number)).await;
        assert_eq!(taken, 200);
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
    }
    connected
}

async fn dry_run(bridge: &TestBridge, mut question: Value) -> Value {
    question["dry_run"] = json!(true);
    let (status, answer) = bridge.api("POST", "/replays", Some(question)).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn replay(bridge: &TestBridge, id: &Value) -> Value {
    bridge
        .get(&format!("/replays/{}", id.as_str().unwrap()))
        .await
}

/// Waits until the replay's field has this value.
async fn becomes(bridge: &TestBridge, id: &Value, field: &str, value: Value) -> Value {
    patiently(field, async {
        loop {
            let shown = replay(bridge, id).await;
            if shown[field] == value {
                return shown;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// By whichever replay, and although its state is named.
async fn what_is_on_its_way_is_not_sent_twice(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = post(&bridge, &receiver, &[500, 500]).await;
    let pause = format!("/destinations/{}/pause", connected.destination_id);
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    let failed = json!({"filter": {"state": "failed", "only_missing": true}});
    assert_eq!(dry_run(&bridge, failed.clone()).await["to_send"], 2);
    let (status, begun) = bridge.api("POST", "/replays", Some(failed.clone())).await;
    assert_eq!(status, 201, "{begun}");
    becomes(&bridge, &begun["id"], "made", json!(1)).await;
    bridge.advance(Duration::from_secs(1));
    becomes(&bridge, &begun["id"], "state", json!("finished")).await;
    let waiting =
        json!({"filter": {"state": "queued,held,retrying,sending", "only_missing": true}});
    for question in [failed, waiting] {
        let again = dry_run(&bridge, question.clone()).await;
        assert_eq!(again["to_send"], 0, "{question}: {again}");
        let left_out = again["left_out"].to_string();
        assert!(left_out.contains("on_its_way"), "{again}");
        assert_eq!(again["left_out"]["count"], 2, "{again}");
    }
    let all = dry_run(&bridge, json!({"filter": {"state": "failed"}})).await;
    assert_eq!((&all["to_send"], &all["repeated"]), (&json!(2), &json!(0)));
    let today = json!({"filter": {"state": "failed"}, "version": "now"});
    let said = "2 deliveries match. Today's rules decide on 2; what they let through is sent.";
    assert_eq!(dry_run(&bridge, today).await["sentence"], said);
    bridge.stop().await;
}

async fn a_dry_run_counts_and_stores_nothing(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = post(&bridge, &receiver, &[200, 500, 200, 500, 200]).await;
    let all = dry_run(&bridge, json!({"filter": {}})).await;
    assert_eq!(all["count"], 5);
    assert_eq!(all["already_delivered"], 3);
    assert_eq!(all["events"], 5);
    assert_eq!(all["to_send"], 5);
    assert_eq!(all["at_least"], false);
    assert_eq!(all["left_out"], json!({"count": 0, "reasons": []}));
    assert_eq!(
        all["sentence"],
        "5 deliveries match, 3 of which arrived already. 5 are sent again."
    );
    for (question, count) in [
        (json!({"filter": {"state": "failed"}}), 2),
        (json!({"state": "failed"}), 2),
        (
            json!({"filter": {"state": ["failed", "mapping_failed"]}}),
            2,
        ),
        (json!({"filter": {"state": "failed,delivered"}}), 5),
        (json!({"filter": {"event_type": "TODO_CREATED"}}), 5),
        (json!({"filter": {"event_type": "TODO_DELETED"}}), 0),
        (
            json!({"filter": {"destination_id": connected.destination_id}}),
            5,
        ),
        (
            json!({"filter": {"destination_id": connected.source_id}}),
            0,
        ),
        (json!({"filter": {"text": "G003"}}), 1),
        (json!({"filter": {"text": "G003", "state": "delivered"}}), 0),
        (json!({"filter": {"from": "2026-11-25T00:00:00Z"}}), 0),
        (json!({"filter": {"to": "2026-11-25T00:00:00Z"}}), 5),
    ] {
        assert_eq!(
            dry_run(&bridge, question.clone()).await["count"],
            count,
            "{question}"
        );
    }
    let missing = dry_run(&bridge, json!({"filter": {"only_missing": true}})).await;
    assert_eq!(
        (&missing["count"], &missing["to_send"]),
        (&json!(5), &json!(2))
    );
    assert_eq!(missing["left_out"]["reasons"][0]["code"], "arrived");

    let connection = bridge.get("/connections").await["data"][0]["id"].clone();
    let path = format!("/connections/{}", connection.as_str().unwrap());
    assert_eq!(bridge.api("DELETE", &path, None).await.0, 204);
    let deleted = dry_run(&bridge, json!({"filter": {"state": "failed"}})).await;
    assert_eq!(
        (&deleted["count"], &deleted["to_send"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(
        deleted["left_out"],
        json!({"count": 2, "reasons": [{"code": "connection_deleted", "count": 2, "because": "their connection was deleted"}]})
    );
    assert_eq!(bridge.get("/replays").await["data"], json!([]));
    assert_eq!(
        bridge.get("/deliveries").await["data"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    bridge.stop().await;
}

async fn what_cannot_be_meant_is_refused_place_by_place(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    for (question, pointer) in [
        (json!({"filter": {"state": "lost"}}), "/filter/state"),
        (json!({"per_second": 0}), "/per_second"),
        (json!({"per_second": 1_001}), "/per_second"),
        (json!({"version": "tomorrow"}), "/version"),
        (
            json!({"filter": {"connection_id": "x"}}),
            "/filter/connection_id",
        ),
        (
            json!({"filter": {"from": "2026-11-25T00:00:00Z", "to": "2026-11-24T00:00:00Z"}}),
            "/filter/to",
        ),
        (json!({"filter": {"colour": "red"}}), "/filter/colour"),
        (json!({"colour": "red"}), "/colour"),
    ] {
        let (status, answer) = bridge.api("POST", "/replays", Some(question.clone())).await;
        assert_eq!(status, 422, "{question}: {answer}");
        assert_eq!(answer["problems"][0]["pointer"], pointer, "{answer}");
    }
    bridge.stop().await;
}

async fn a_replay_keeps_its_pace_sends_each_once_and_never_its_own(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    post(&bridge, &receiver, &[200, 500, 200, 500, 200]).await;
    let begun = bridge
        .created("/replays", json!({"filter": {}, "per_second": 2}))
        .await;
    assert_eq!(
        (&begun["state"], &begun["count"]),
        (&json!("running"), &json!(5))
    );
    for made in [1, 3, 5] {
        becomes(&bridge, &begun["id"], "made", json!(made)).await;
        advance(&bridge.bridge).await.unwrap();
        assert_eq!(
            replay(&bridge, &begun["id"]).await["made"],
            made,
            "the clock allows no more"
        );
        bridge.advance(Duration::from_secs(1));
    }
    let ended = becomes(&bridge, &begun["id"], "state", json!("finished")).await;
    assert_eq!(
        (&ended["looked_at"], &ended["repeated"]),
        (&json!(5), &json!(0))
    );
    assert!(ended["finished_at"].is_string());
    let mut bodies = HashSet::new();
    for _ in 0..5 {
        bodies.insert(receiver.next().await.body);
    }
    assert_eq!(bodies.len(), 5, "each event once");
    bridge.recorded(10).await;
    let log = bridge
        .get(&format!(
            "/deliveries?replay_id={}",
            begun["id"].as_str().unwrap()
        ))
        .await;
    let log = log["data"].as_array().unwrap();
    assert_eq!(log.len(), 5);
    assert!(
        log.iter()
            .all(|one| one["trigger"] == "replay" && one["state"] == "delivered")
    );
    let shown = replay(&bridge, &begun["id"]).await;
    assert_eq!(
        shown["deliveries"],
        json!({"by_state": {"delivered": 5}, "at_least": false})
    );
    assert!(receiver.is_idle().await);
    bridge.stop().await;
}

async fn an_event_goes_out_once_for_each_connection_however_many_of_its_deliveries_match(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    post(&bridge, &receiver, &[500]).await;
    let first = bridge.get("/deliveries").await["data"][0]["id"].clone();
    receiver.answer_next(500);
    bridge
        .created(
            &format!("/deliveries/{}/resend", first.as_str().unwrap()),
            json!({}),
        )
        .await;
    receiver.next().await;
    bridge.recorded(2).await;
    let question = json!({"filter": {"state": "failed"}});
    let counted = dry_run(&bridge, question.clone()).await;
    assert_eq!(
        (&counted["count"], &counted["events"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(counted["to_send"], 1);
    let begun = bridge.created("/replays", question).await;
    // The second one of a pace of ten a second.
    becomes(&bridge, &begun["id"], "made", json!(1)).await;
    bridge.advance(Duration::from_secs(1));
    let ended = becomes(&bridge, &begun["id"], "state", json!("finished")).await;
    assert_eq!((&ended["made"], &ended["repeated"]), (&json!(1), &json!(1)));
    receiver.next().await;
    assert!(receiver.is_idle().await);
    bridge.stop().await;
}

async fn then_is_the_version_of_then_and_now_is_todays_with_its_filter(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let field = |to: &str| json!({"mode": "fields", "fields": [{"to": to, "from": {"path": "$.currentValue.title"}}]});
    let connected = bridge
        .connect(&receiver, json!({"mapping": field("old")}))
        .await;
    for number in 0..2 {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
    }
    bridge.recorded(2).await;
    let connection = bridge.get("/connections").await["data"][0].clone();
    let mut changed = json!({"mapping": field("new")});
    for name in ["name", "source_id", "destination_id"] {
        changed[name] = connection[name].clone();
    }
    changed["filter"] = json!({"path": "$.currentValue.title", "op": "contains", "value": "G001"});
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let (status, answer) = bridge.api("PUT", &path, Some(changed)).await;
    assert_eq!(status, 200, "{answer}");

    bridge.advance(Duration::from_secs(1));
    let then = bridge
        .created("/replays", json!({"filter": {}, "version": "then"}))
        .await;
    bridge.advance(Duration::from_secs(1));
    becomes(&bridge, &then["id"], "state", json!("finished")).await;
    for _ in 0..2 {
        assert!(receiver.next().await.json()["old"].is_string());
    }
    bridge.recorded(4).await;
    let until = then["created_at"].clone();
    let now = json!({"filter": {"to": until}, "version": "now"});
    let now = bridge.created("/replays", now).await;
    bridge.advance(Duration::from_secs(1));
    becomes(&bridge, &now["id"], "state", json!("finished")).await;
    let sent = receiver.next().await.json();
    assert!(sent["new"].as_str().unwrap().contains("G001"), "{sent}");
    bridge.recorded(5).await;
    let shown = replay(&bridge, &now["id"]).await;
    assert_eq!(
        shown["deliveries"]["by_state"],
        json!({"delivered": 1, "skipped": 1}),
        "the filter of today said no to the other"
    );
    assert!(receiver.is_idle().await);
    bridge.stop().await;
}

async fn a_repeated_request_with_the_same_key_begins_one_replay(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let ask = async || {
        let request = bridge.http.post(bridge.url("/api/v1/replays"));
        let request = request
            .bearer_auth(&bridge.token)
            .header("idempotency-key", "k");
        let response = request.body(r#"{"filter": {}}"#).send().await.unwrap();
        serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap()["id"].clone()
    };
    assert_eq!(ask().await, ask().await);
    assert_eq!(
        bridge.get("/replays").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    bridge.stop().await;
}

async fn cancelling_stops_at_once_and_gives_up_what_waits_in_memory_and_on_disk(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    post(&bridge, &receiver, &[200; 8]).await;
    let destination = bridge.get("/destinations").await["data"][0].clone();
    let path = format!("/destinations/{}", destination["id"].as_str().unwrap());
    let slow = json!({
        "name": "Receiver", "config": {"url": receiver.url()},
        "limits": {"concurrency": 1, "per_second": 0.001},
    });
    let (status, answer) = bridge.api("PUT", &path, Some(slow)).await;
    assert_eq!(status, 200, "{answer}");
    let begun = bridge
        .created("/replays", json!({"filter": {}, "per_second": 4}))
        .await;
    becomes(&bridge, &begun["id"], "made", json!(1)).await;
    bridge.advance(Duration::from_secs(1));
    becomes(&bridge, &begun["id"], "made", json!(5)).await;
    receiver.next().await;
    bridge.recorded(9).await;
    patiently("four that wait for the destination's pace", async {
        while bridge.bridge.outbox.waiting() != 4 {
            tokio::task::yield_now().await;
        }
    })
    .await;

    let path = format!("/replays/{}/cancel", begun["id"].as_str().unwrap());
    let (status, cancelled) = bridge.api("POST", &path, None).await;
    assert_eq!((status, &cancelled["state"]), (200, &json!("cancelled")));
    assert_eq!(cancelled["cancelled_by"], "the token test");
    assert_eq!(
        cancelled["deliveries"]["by_state"],
        json!({"delivered": 1, "discarded": 4})
    );
    assert_eq!(bridge.bridge.outbox.waiting(), 0);
    bridge.advance(Duration::from_secs(60));
    advance(&bridge.bridge).await.unwrap();
    assert_eq!(replay(&bridge, &begun["id"]).await["made"], 5);
    assert!(receiver.is_idle().await);
    let (status, again) = bridge.api("POST", &path, None).await;
    assert_eq!((status, &again["code"]), (409, &json!("conflict")));
}

/// Adds this many events whose mapping failed: finished deliveries without an attempt.
async fn what_was_under_way_when_its_replay_was_cancelled_is_not_tried_again(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    receiver.hold(true);
    receiver.answer_usually(500);
    let begun = bridge.created("/replays", json!({"filter": {}})).await;
    receiver.next().await;
    let path = format!("/replays/{}/cancel", begun["id"].as_str().unwrap());
    let (status, cancelled) = bridge.api("POST", &path, None).await;
    assert_eq!(status, 200);
    assert_eq!(cancelled["deliveries"]["by_state"], json!({"sending": 1}));
    receiver.hold(false);
    bridge.recorded(2).await;
    advance(&bridge.bridge).await.unwrap();
    let states = &replay(&bridge, &begun["id"]).await["deliveries"]["by_state"];
    assert_eq!(*states, json!({"discarded": 1}));
    bridge.stop().await;
}

/// It died before it had given anything up, and was started again long after.
async fn what_a_dead_process_had_taken_of_a_cancelled_replay_is_not_sent_by_the_next(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let begun = bridge.created("/replays", json!({"filter": {}})).await;
    receiver.next().await;
    bridge.recorded(2).await;
    becomes(&bridge, &begun["id"], "state", json!("finished")).await;
    let later_ms = bridge.bridge.clock.now_ms() + 86_400_000;
    let home = bridge.stop().await;
    let claim = crate::process::Look::into(&home.database_url).bytes(&"9".repeat(32));
    crate::database::execute(
        &home.database_url,
        &format!(
            "UPDATE replays SET state = 'cancelled', cancelled_by = 'Ada';
             DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE replay_id IS NOT NULL);
             UPDATE deliveries SET state = 'sending', finished_at = NULL, attempts = 0, claim_id = {claim}, lease_until = 1
             WHERE replay_id IS NOT NULL"
        ),
    );
    let bridge = TestBridge::start_in(home, later_ms).await;
    let states = &replay(&bridge, &begun["id"]).await["deliveries"]["by_state"];
    assert_eq!(*states, json!({"discarded": 1}));
    assert!(receiver.is_idle().await);
    bridge.stop().await;
}

async fn fill(store: &Store, receiver: &Receiver, count: usize) {
    let bits = [1; 10];
    let (source, destination) = (SourceId::new(1, bits), DestinationId::new(1, bits));
    let (connection, version) = (ConnectionId::new(1, bits), VersionId::new(1, bits));
    let new = NewSource {
        id: source,
        name: "Blue".into(),
        token: "t".into(),
        require_signature: false,
        secret: None,
        now_ms: 1,
    };
    store.create_source(new).await.unwrap();
    let config = json!({"url": receiver.url()});
    let signing = json!({"scheme": "none"});
    let document = SettingsDocument {
        config: Some(&config),
        signing: Some(&signing),
        ..SettingsDocument::default()
    };
    let draft = DestinationDraft {
        id: destination,
        name: "Receiver".into(),
        settings: Settings::parse(&document, None).unwrap(),
        now_ms: 1,
    };
    store.create_destination(draft).await.unwrap();
    let draft = ConnectionDraft {
        id: connection,
        version_id: version,
        name: "Through".into(),
        source_id: source,
        destination_id: destination,
        rules: RulesDocument {
            trigger: Trigger::default(),
            filter: Value::Null,
            mapping: json!({"mode": "passthrough"}),
            delivery: DeliverySettings::default(),
        },
        enabled: Some(true),
        now_ms: 1,
    };
    store.create_connection(draft).await.unwrap();
    let stored = (0..count).map(|number| {
        let body = json!({"event": "E", "currentValue": {"id": number}}).to_string();
        let Reading::Event { facts, .. } = read(body.as_bytes()).unwrap() else {
            panic!("a health check");
        };
        let unix_ms = 1_795_000_000_000 + number as u64;
        let event_id = EventId::new(unix_ms, bits);
        store.ingest(Ingest {
            event: NewEvent {
                id: event_id,
                source_id: source,
                facts,
                received_ms: unix_ms as i64,
                is_test: false,
                body: body.into(),
                unique_since_ms: None,
            },
            deliveries: vec![NewDelivery {
                id: DeliveryId::new(unix_ms, bits),
                event_id,
                connection_id: connection,
                version_id: version,
                destination_id: destination,
                cause: Cause::Event,
                start: Start::MappingFailed("once".into()),
                created_ms: unix_ms as i64,
                lane: None,
                replay_id: None,
            }],
        })
    });
    // As many at once as share a commit: on PostgreSQL, whoever waits for long is told to come back.
    let mut stored = futures_util::stream::iter(stored).buffer_unordered(256);
    while let Some(one) = stored.next().await {
        one.unwrap();
    }
}

/// Deliveries of the long replay: more than one look and many steps.
const MANY: usize = 3_000;

async fn a_count_over_a_long_log_says_at_least(database: Database) {
    let (home, receiver) = (Home::new(database), Receiver::start());
    let opened = settings(&home);
    let store = Store::open(&opened.database_url, opened.master_key().unwrap()).unwrap();
    fill(&store, &receiver, MANY).await;
    store.close().await;
    let bridge = TestBridge::start_in(home, 1_795_507_200_000).await;
    let wish = Wish {
        selection: Selection::default(),
        version: VersionChoice::Then,
        per_second: DEFAULT_PER_SECOND,
    };
    let partly = forecast_within(&bridge.bridge, &wish, 2_000).await.unwrap();
    assert_eq!((partly.matching, partly.at_least), (2_000, true));
    assert!(
        partly
            .sentence()
            .starts_with("At least 2,000 deliveries match.")
    );
    let whole = forecast_within(&bridge.bridge, &wish, 4_000).await.unwrap();
    assert_eq!((whole.matching, whole.at_least), (3_000, false));
    bridge.stop().await;
}

async fn a_replay_that_is_killed_goes_on_where_it_stood_and_makes_each_delivery_once(
    database: Database,
) {
    let (site, receiver) = (Site::on(database).await, Receiver::start());
    let store = site.open();
    fill(&store, &receiver, MANY).await;
    store.close().await;

    let mut served = site.serve().await;
    let wish = json!({"filter": {"state": "mapping_failed"}, "per_second": 1_000});
    let begun = site.created(&served, "/replays", wish).await;
    assert_eq!(begun["count"], MANY, "{begun}");
    let path = format!("/replays/{}", begun["id"].as_str().unwrap());
    let mut arrived = HashSet::new();
    for part in [MANY / 4, MANY / 2] {
        while arrived.len() < part {
            arrived.insert(receiver.next().await.body);
        }
        let before = site.get(&served, &path).await["looked_at"]
            .as_u64()
            .unwrap();
        served.kill();
        site.time_passes().await;
        served = site.serve().await;
        let after = site.get(&served, &path).await["looked_at"]
            .as_u64()
            .unwrap();
        assert!(after >= before, "progress goes on, it does not begin again");
    }
    patiently("the end of the replay", async {
        while site.get(&served, &path).await["state"] != "finished" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    while arrived.len() < MANY {
        arrived.insert(receiver.next().await.body);
    }
    let ended = site.get(&served, &path).await;
    assert_eq!(
        (&ended["made"], &ended["repeated"]),
        (&json!(MANY), &json!(0))
    );
    served.kill();

    let store = site.open();
    let (mut events, mut before) = (Vec::new(), None);
    loop {
        let filter = DeliveryFilter {
            replay_id: Some(begun["id"].as_str().unwrap().parse().unwrap()),
            page: Window {
                before,
                after: None,
                limit: 200,
            },
            ..DeliveryFilter::default()
        };
        let page = store.deliveries(filter).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        events.extend(page.iter().map(|delivery| delivery.event_id));
    }
    assert_eq!(events.len(), MANY);
    assert_eq!(
        events.iter().collect::<HashSet<_>>().len(),
        MANY,
        "each exactly once"
    );
    store.close().await;
}
