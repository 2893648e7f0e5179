//! Notices: who wants them is told once of a destination that begins to fail, is held or says that it is gone, and once that it has recovered.

use std::time::Duration;

use serde_json::{Value, json};

use crate::database::{Database, on_both};
use crate::harness::{Connected, Received, Receiver, TestBridge, event, patiently};
use crate::pages::owner;

on_both! {
    who_wants_it_is_told_once_that_a_destination_fails_and_once_that_it_has_recovered,
    a_notice_that_did_not_arrive_is_tried_again_a_few_times,
    what_passes_by_itself_is_not_told,
}

/// A destination that gets notices.
async fn told_at(bridge: &TestBridge, receiver: &Receiver) -> Value {
    let wanted = json!({"name": "On call", "config": {"url": receiver.url()}, "notices": true});
    let made = bridge.created("/destinations", wanted).await;
    assert_eq!(made["notices"], true);
    made
}

/// A connection to a receiver of its own, which is no destination that gets notices.
async fn connected(bridge: &TestBridge, receiver: &Receiver) -> Connected {
    let rules = json!({"delivery": {"max_attempts": 1}});
    let connected = bridge.connect(receiver, rules).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let mut named = bridge.get(&path).await;
    assert_eq!(named["notices"], false);
    named["name"] = "Old CRM".into();
    assert_eq!(bridge.api("PUT", &path, Some(named)).await.0, 200);
    connected
}

fn event_of(notice: &Received) -> (Value, Value) {
    let body = notice.json();
    (body["event"].clone(), body["destination"]["name"].clone())
}

async fn who_wants_it_is_told_once_that_a_destination_fails_and_once_that_it_has_recovered(
    database: Database,
) {
    let bridge = TestBridge::start_on(database).await;
    let (receiver, on_call) = (Receiver::start(), Receiver::start());
    told_at(&bridge, &on_call).await;
    let crm = connected(&bridge, &receiver).await;
    receiver.answer_usually(500);
    for number in 1..=2 {
        bridge.post(&crm.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64).await;
    }
    bridge.advance(Duration::from_secs(151));
    let notice = on_call.next().await;
    assert_eq!(
        event_of(&notice),
        ("DESTINATION_FAILING".into(), "Old CRM".into())
    );
    let body = notice.json();
    assert_eq!(body["reason"], "Refused: the destination answered 500.");
    let page = format!("/destinations/{}", crm.destination_id);
    assert!(body["url"].as_str().unwrap().ends_with(&page), "{body}");
    assert!(
        body["text"]
            .as_str()
            .unwrap()
            .contains("Old CRM begins to fail")
    );
    assert!(notice.header("webhook-signature").is_some());
    receiver.answer_usually(200);
    bridge.advance(Duration::from_secs(300));
    bridge.post(&crm.hook, &event(3)).await;
    receiver.next().await;
    bridge.advance(Duration::from_secs(300));
    // Whatever else had been told would have come before.
    let notice = on_call.next().await;
    assert_eq!(event_of(&notice).0, "DESTINATION_RECOVERED");
    let log = bridge.get("/deliveries").await;
    assert_eq!(
        log["data"].as_array().unwrap().len(),
        3,
        "notices are no deliveries"
    );
    bridge.stop().await;
}

async fn a_notice_that_did_not_arrive_is_tried_again_a_few_times(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let (receiver, on_call) = (Receiver::start(), Receiver::start());
    told_at(&bridge, &on_call).await;
    let crm = connected(&bridge, &receiver).await;
    receiver.answer_usually(410);
    on_call.answer_usually(503);
    bridge.post(&crm.hook, &event(1)).await;
    let mut ids = Vec::new();
    for wait_s in [5, 300, 1_800, 0] {
        // That it begins to fail is not told besides: it is gone.
        let notice = on_call.next().await;
        assert_eq!(event_of(&notice).0, "DESTINATION_PAUSED");
        ids.push(notice.header("webhook-id").unwrap().to_string());
        bridge.advance(Duration::from_secs(wait_s + 1));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "the same id on every attempt");
    // Given up: what comes next is another one.
    on_call.answer_usually(200);
    bridge.advance(Duration::from_secs(86_400));
    receiver.answer_usually(200);
    let resume = format!("/destinations/{}/resume", crm.destination_id);
    assert_eq!(bridge.api("POST", &resume, None).await.0, 200);
    assert_eq!(event_of(&on_call.next().await).0, "DESTINATION_RECOVERED");
    bridge.stop().await;
}

#[actix_web::test]
async fn nobody_is_told_of_himself_nor_while_he_is_paused() {
    let bridge = TestBridge::start().await;
    let (receiver, on_call, paused) = (Receiver::start(), Receiver::start(), Receiver::start());
    let resting = told_at(&bridge, &paused).await;
    let pause = format!("/destinations/{}/pause", resting["id"].as_str().unwrap());
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    let wanting = told_at(&bridge, &on_call).await;
    let crm = connected(&bridge, &receiver).await;
    // The one that gets notices fails itself.
    let connection = json!({
        "name": "Itself", "source_id": crm.source_id, "destination_id": wanting["id"],
    });
    bridge.created("/connections", connection).await;
    on_call.answer_usually(500);
    bridge.post(&crm.hook, &event(1)).await;
    receiver.next().await;
    assert!(on_call.next().await.json()["event"] != "DESTINATION_FAILING");
    bridge.recorded(2).await;
    on_call.answer_usually(200);
    receiver.answer_usually(500);
    bridge.post(&crm.hook, &event(2)).await;
    bridge.recorded(4).await;
    bridge.advance(Duration::from_secs(151));
    let (mut notices, mut deliveries) = (Vec::new(), 0);
    while notices.is_empty() || deliveries == 0 {
        let received = on_call.next().await;
        match received.json().get("destination") {
            Some(_) => notices.push(event_of(&received)),
            None => deliveries += 1,
        }
    }
    assert_eq!(notices, [("DESTINATION_FAILING".into(), "Old CRM".into())]);
    assert!(paused.is_idle().await);
    bridge.stop().await;
}

async fn what_passes_by_itself_is_not_told(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let (receiver, on_call) = (Receiver::start(), Receiver::start());
    told_at(&bridge, &on_call).await;
    let crm = connected(&bridge, &receiver).await;
    for (number, status) in [(1, 500), (2, 200), (3, 410)] {
        receiver.answer_usually(status);
        bridge.post(&crm.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64).await;
        if status == 200 {
            bridge.advance(Duration::from_secs(125));
            let path = format!("/destinations/{}", crm.destination_id);
            patiently("the recovery", async {
                while bridge.get(&path).await["health"]["state"] != "ok" {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            bridge.advance(Duration::from_secs(125));
        }
    }
    // Whatever had been told would have come before.
    assert_eq!(event_of(&on_call.next().await).0, "DESTINATION_PAUSED");
    bridge.stop().await;
}

/// Fails often enough to be held, is seen to take something again by a probe, and is told of by mail.
#[actix_web::test]
async fn a_destination_that_is_held_is_told_of_and_that_it_takes_something_again() {
    let bridge = TestBridge::start().await;
    let (receiver, on_call) = (Receiver::start(), Receiver::start());
    told_at(&bridge, &on_call).await;
    let crm = connected(&bridge, &receiver).await;
    receiver.answer_usually(500);
    for number in 1..=12 {
        bridge.post(&crm.hook, &event(number)).await;
        bridge.advance(Duration::from_secs(5));
    }
    let notice = on_call.next().await;
    assert_eq!(event_of(&notice).0, "DESTINATION_HELD");
    assert!(
        notice.json()["reason"]
            .as_str()
            .unwrap()
            .contains("kept failing")
    );
    bridge.post(&crm.hook, &event(13)).await;
    receiver.answer_usually(200);
    bridge.advance(Duration::from_secs(3_600));
    assert_eq!(event_of(&on_call.next().await).0, "DESTINATION_RECOVERED");
    bridge.stop().await;
}

#[actix_web::test]
async fn the_form_asks_whether_notices_are_wanted() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/destinations/new").await.mark();
    let mut form = vec![
        ("csrf", mark.as_str()),
        ("name", "On call"),
        ("url", "https://1.1.1.1/"),
        ("method", "POST"),
        ("auth", "none"),
        ("scheme", "none"),
        ("success", "any"),
        ("notices", "yes"),
    ];
    let at = ada.post("/destinations", &form).await.location.unwrap();
    let at = at.split('?').next().unwrap().to_string();
    assert_eq!(
        bridge.get("/destinations").await["data"][0]["notices"],
        true
    );
    assert!(
        ada.get(&at)
            .await
            .html
            .contains("of other destinations that fail")
    );
    let edit = ada.get(&format!("{at}/edit")).await.html;
    assert!(
        edit.contains("name=\"notices\" value=\"yes\" checked"),
        "{edit}"
    );
    form.pop();
    ada.post(&at, &form).await;
    assert_eq!(
        bridge.get("/destinations").await["data"][0]["notices"],
        false
    );
    bridge.stop().await;
}
