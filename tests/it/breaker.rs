//! A destination that keeps failing is held, nothing is dropped, and a probe lets everything go out again.

use std::time::Duration;

use bluebridge::domain::destination::Probing;
use bluebridge::domain::id::{ClaimId, DeliveryId};
use bluebridge::domain::outcome::Outcome;
use bluebridge::flow::health::{end_recovered, note};
use bluebridge::flow::nodes::beat;
use bluebridge::flow::notices::send_due;
use bluebridge::flow::pause::{hold, resume, settle_stragglers};
use bluebridge::flow::probe::probe_due;
use bluebridge::flow::recover::queue_probe;
use bluebridge::store::claims::ClaimRequest;
use bluebridge::store::destinations::Initiative;
use serde_json::{Value, json};

use crate::database::{Database, Home, on_both};
use crate::harness::{Connected, Receiver, TestBridge, event, patiently};
use crate::pages::owner;

on_both![
    five_days_of_failure_drop_nothing_spend_no_attempts_and_end_with_a_probe,
    a_probe_that_is_refused_for_what_it_holds_ends_the_hold,
    a_hold_outlives_a_restart_and_a_person_may_end_it,
    a_destination_that_a_person_paused_is_not_probed,
    resuming_what_is_not_paused_leaves_its_schedule_alone,
    what_is_put_off_is_not_tried_at_a_paused_destination,
    a_probe_in_memory_outlives_the_news_of_its_own_taking,
    a_destination_that_another_node_resumed_is_judged_anew,
    holding_and_resuming_leaves_the_schedule_of_what_failed_as_it_is,
    one_that_fails_by_halves_begins_once_and_recovers_once,
    one_that_was_quiet_while_the_bridge_started_again_recovers,
    a_failure_that_is_judged_by_a_mark_that_has_just_gone_marks_anew,
    the_times_of_a_clock_that_ran_fast_keep_no_mark,
    two_nodes_that_hold_at_the_same_time_leave_the_probes_where_they_are,
];

const DAY: Duration = Duration::from_secs(86_400);

/// Events that fail before the destination is held, each at its only attempt.
const FAILED: usize = 10;

/// Posts events that fail until the destination is held.
async fn until_held(bridge: &TestBridge, receiver: &Receiver) -> Connected {
    // One attempt: a probe that spent it would end its delivery.
    let rules = json!({"delivery": {"max_attempts": 1}});
    let connected = bridge.connect(receiver, rules).await;
    receiver.answer_usually(500);
    fail(bridge, receiver, &connected, 0..FAILED).await;
    becomes(bridge, &connected, "held").await;
    // The answer comes from the database; what is posted next is decided by the snapshot, which is read again a moment later.
    patiently("the hold to be in force", async {
        while bridge
            .bridge
            .snapshot()
            .destinations()
            .all(|destination| destination.health.paused.is_none())
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    connected
}

/// Posts events that fail, one every four seconds.
async fn fail(
    bridge: &TestBridge,
    receiver: &Receiver,
    connected: &Connected,
    numbers: std::ops::Range<usize>,
) {
    for number in numbers {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
        bridge.advance(Duration::from_secs(4));
    }
}

/// Events that come while the destination is held: fewer than the probes below, so that each is probed more than once.
const MORE: usize = 3;

async fn post_more(bridge: &TestBridge, connected: &Connected) {
    for number in FAILED..FAILED + MORE {
        let (status, _) = bridge.post(&connected.hook, &event(number)).await;
        assert_eq!(status, 200);
    }
    everything_is(bridge, "held", MORE).await;
}

async fn health(bridge: &TestBridge, connected: &Connected) -> Value {
    let path = format!("/destinations/{}", connected.destination_id);
    bridge.get(&path).await["health"].clone()
}

async fn becomes(bridge: &TestBridge, connected: &Connected, state: &str) {
    patiently(state, async {
        while health(bridge, connected).await["state"] != state {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn in_state(bridge: &TestBridge, state: &str) -> Vec<Value> {
    let found = bridge
        .get(&format!("/deliveries?state={state}&limit=100"))
        .await;
    found["data"].as_array().unwrap().clone()
}

async fn everything_is(bridge: &TestBridge, state: &str, count: usize) {
    patiently(state, async {
        while in_state(bridge, state).await.len() < count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn five_days_of_failure_drop_nothing_spend_no_attempts_and_end_with_a_probe(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = until_held(&bridge, &receiver).await;
    let shown = health(&bridge, &connected).await;
    assert!(
        shown["paused_reason"]
            .as_str()
            .unwrap()
            .contains("answered 500")
    );
    assert!(shown["next_probe_at"].is_string());
    // What comes meanwhile is taken and waits.
    post_more(&bridge, &connected).await;
    for wait in [30, 60, 120, 300, 600, 900, 900].map(Duration::from_secs) {
        assert!(receiver.is_idle().await, "between probes nothing is sent");
        bridge.advance(wait);
        probe_due(&bridge.bridge).await.unwrap();
        receiver.next().await;
        everything_is(&bridge, "held", MORE).await;
    }
    bridge.advance(DAY * 5);
    receiver.answer_usually(200);
    probe_due(&bridge.bridge).await.unwrap();
    everything_is(&bridge, "delivered", MORE).await;
    let shown = health(&bridge, &connected).await;
    assert_eq!(
        (&shown["state"], &shown["next_probe_at"]),
        (&json!("ok"), &Value::Null)
    );
    bridge.stop().await;
}

async fn a_probe_that_is_refused_for_what_it_holds_ends_the_hold(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = until_held(&bridge, &receiver).await;
    post_more(&bridge, &connected).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let config = json!({"url": receiver.url(), "final_statuses": [422]});
    let ruled = json!({"name": "Receiver", "config": config});
    assert_eq!(bridge.api("PUT", &path, Some(ruled)).await.0, 200);
    receiver.answer_usually(200);
    receiver.answer_next(422);
    bridge.advance(Duration::from_secs(30));
    probe_due(&bridge.bridge).await.unwrap();
    everything_is(&bridge, "delivered", MORE - 1).await;
    becomes(&bridge, &connected, "ok").await;
    bridge.stop().await;
}

async fn a_hold_outlives_a_restart_and_a_person_may_end_it(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = until_held(&bridge, &receiver).await;
    post_more(&bridge, &connected).await;
    let now_ms = bridge.clock.load(std::sync::atomic::Ordering::SeqCst);
    let token = bridge.token.clone();
    let bridge = TestBridge::start_in(bridge.stop().await, now_ms).await;
    assert_ne!(bridge.token, token);
    assert_eq!(health(&bridge, &connected).await["state"], "held");
    receiver.answer_usually(200);
    let path = format!("/destinations/{}/resume", connected.destination_id);
    assert_eq!(bridge.api("POST", &path, None).await.0, 200);
    everything_is(&bridge, "delivered", MORE).await;
    becomes(&bridge, &connected, "ok").await;
    bridge.stop().await;
}

/// A second click on the button, or a program that makes sure.
async fn resuming_what_is_not_paused_leaves_its_schedule_alone(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let due = async || {
        let waiting = bridge.get("/deliveries?state=retrying").await;
        waiting["data"][0]["next_attempt_at"].clone()
    };
    let before = due().await;
    let path = format!("/destinations/{}/resume", connected.destination_id);
    assert_eq!(bridge.api("POST", &path, None).await.0, 200);
    assert!(before.is_string());
    assert_eq!(due().await, before);
    let noted = "audit_log WHERE action = 'destination.resumed'";
    assert_eq!(bridge.look().count(noted), 0);

    // Whoever does not want to wait says so, of all or of this one.
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/").await.mark();
    let delivery = bridge.get("/deliveries").await["data"][0]["id"].clone();
    let paths = [
        format!("/destinations/{}/try-now", connected.destination_id),
        format!("/deliveries/{}/try-now", delivery.as_str().unwrap()),
    ];
    receiver.answer_next(500);
    for (attempt, path) in (2..).zip(&paths) {
        assert_eq!(ada.post(path, &[("csrf", &mark)]).await.status, 303);
        receiver.next().await;
        bridge.recorded(attempt).await;
    }
    everything_is(&bridge, "delivered", 1).await;
    let waits_no_more = ada.post(&paths[1], &[("csrf", &mark)]).await;
    assert_eq!(waits_no_more.status, 409);
    let pause = format!("/destinations/{}/pause", connected.destination_id);
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    assert_eq!(ada.post(&paths[0], &[("csrf", &mark)]).await.status, 409);
    bridge.stop().await;
}

/// It would be held, and its place in the schedule would be lost.
async fn what_is_put_off_is_not_tried_at_a_paused_destination(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let pause = format!("/destinations/{}/pause", connected.destination_id);
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    let mut ada = owner(&bridge).await;
    let delivery = bridge.get("/deliveries?state=retrying").await["data"][0]["id"].clone();
    let path = format!("/deliveries/{}", delivery.as_str().unwrap());
    let shown = ada.get(&path).await;
    let resume = format!("/destinations/{}/resume", connected.destination_id);
    assert!(shown.html.contains(&resume) && !shown.html.contains("try-now"));
    let fields = [("csrf", &*shown.mark())];
    let refused = ada.post(&format!("{path}/try-now"), &fields).await;
    assert_eq!(refused.status, 409);
    assert_eq!(bridge.get(&path).await["state"], "retrying");
    assert!(
        ada.post(&resume, &fields)
            .await
            .location
            .unwrap()
            .ends_with("done=resumed")
    );
    receiver.next().await;
    bridge.recorded(2).await;
    // Somebody else was first.
    assert!(
        ada.post(&resume, &fields)
            .await
            .location
            .unwrap()
            .ends_with("done=not_paused")
    );
    bridge.stop().await;
}

async fn a_destination_that_a_person_paused_is_not_probed(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = until_held(&bridge, &receiver).await;
    let path = format!("/destinations/{}/pause", connected.destination_id);
    assert_eq!(bridge.api("POST", &path, None).await.0, 200);
    assert_eq!(health(&bridge, &connected).await["state"], "paused");
    post_more(&bridge, &connected).await;
    bridge.advance(DAY);
    assert_eq!(probe_due(&bridge.bridge).await.unwrap(), 0);
    assert!(receiver.is_idle().await);
    bridge.stop().await;
}

/// Taking a probe changes the destination, and this node hears of that change like of any other node's.
async fn a_probe_in_memory_outlives_the_news_of_its_own_taking(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = until_held(&bridge, &receiver).await;
    post_more(&bridge, &connected).await;
    let id = connected.destination_id.parse().unwrap();
    let snapshot = bridge.bridge.snapshot();
    let due = snapshot.destination(id).unwrap().health.probing().unwrap();
    let next = Probing { sent: 1, ..due };
    let store = &bridge.bridge.store;
    assert!(store.take_probe(id, due, next).await.unwrap());
    let now_ms = bridge.bridge.clock.now_ms();
    let request = ClaimRequest {
        destination_id: id,
        claim_id: ClaimId::new(now_ms.try_into().unwrap(), [1; 10]),
        now_ms,
        lease_until_ms: now_ms + bridge.bridge.lease_ms,
        limit: 1,
    };
    let claimed = store.claim_probe(request).await.unwrap().unwrap();
    // No sender comes for it yet.
    queue_probe(&bridge.bridge, claimed, request, 0)
        .await
        .unwrap();
    beat(&bridge.bridge).await.unwrap();
    assert_eq!(bridge.bridge.outbox.waiting(), 1);
    // As an attempt does that failed in the same moment.
    hold(&bridge.bridge, id, "It kept failing.").await.unwrap();
    assert_eq!(bridge.bridge.outbox.waiting(), 1);
    bridge.stop().await;
}

async fn a_destination_that_another_node_resumed_is_judged_anew(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = until_held(&bridge, &receiver).await;
    let id = connected.destination_id.parse().unwrap();
    let resumed = bridge
        .bridge
        .store
        .pause_destination(id, None, Initiative::Person);
    assert!(resumed.await.unwrap());
    bridge.bridge.reload().await.unwrap();
    fail(&bridge, &receiver, &connected, FAILED..2 * FAILED - 1).await;
    let state = health(&bridge, &connected).await["state"].clone();
    assert_ne!(state, "held", "what failed before counts no more");
    fail(&bridge, &receiver, &connected, 2 * FAILED - 1..2 * FAILED).await;
    becomes(&bridge, &connected, "held").await;
    bridge.stop().await;
}

async fn holding_and_resuming_leaves_the_schedule_of_what_failed_as_it_is(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_next(500);
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let id = connected.destination_id.parse().unwrap();
    for _ in 0..3 {
        hold(&bridge.bridge, id, "It kept failing.").await.unwrap();
        assert_eq!(in_state(&bridge, "retrying").await.len(), 1);
        resume(&bridge.bridge, id).await.unwrap();
        assert!(receiver.is_idle().await, "it is not due yet");
    }
    // What comes due while nothing may be sent is held, and goes out when it may.
    hold(&bridge.bridge, id, "It kept failing.").await.unwrap();
    bridge.advance(Duration::from_secs(10));
    settle_stragglers(&bridge.bridge).await.unwrap();
    assert_eq!(in_state(&bridge, "held").await.len(), 1);
    resume(&bridge.bridge, id).await.unwrap();
    receiver.next().await;
    bridge.recorded(2).await;
    // A person does not wait for the schedule.
    for verb in ["pause", "resume"] {
        let path = format!("/destinations/{}/{verb}", connected.destination_id);
        assert_eq!(bridge.api("POST", &path, None).await.0, 200);
    }
    receiver.next().await;
    bridge.recorded(3).await;
    everything_is(&bridge, "delivered", 1).await;
    bridge.stop().await;
}

/// Every other attempt arrives. It is told once, and the end of it when nothing has failed for a while, although nothing more comes.
async fn one_that_fails_by_halves_begins_once_and_recovers_once(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"delivery": {"max_attempts": 1}});
    let connected = bridge.connect(&receiver, rules).await;
    let began = json!(bridge.bridge.clock.now().to_string());
    for number in 0..10 {
        receiver.answer_next(if number % 2 == 0 { 500 } else { 200 });
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
        patiently("the end of judging", async {
            while bridge.bridge.outbox.senders() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let shown = health(&bridge, &connected).await;
        assert_eq!(
            (&shown["state"], &shown["failing_since"]),
            (&json!("failing"), &began)
        );
        bridge.advance(Duration::from_secs(50));
    }
    // By now the last failure is two minutes old, and what came after it arrived.
    bridge.advance(Duration::from_secs(20));
    end_recovered(&bridge.bridge).await.unwrap();
    becomes(&bridge, &connected, "ok").await;
    bridge.stop().await;
}

/// Two that judge it at the same time, one of which has sent probes meanwhile.
async fn two_nodes_that_hold_at_the_same_time_leave_the_probes_where_they_are(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let (id, inner) = (connected.destination_id.parse().unwrap(), &bridge.bridge);
    hold(inner, id, "It kept failing.").await.unwrap();
    let probing = async || {
        let found = inner.store.destination(id).await.unwrap();
        found.health.probing().unwrap()
    };
    let due = probing().await;
    let at = due.at + jiff::SignedDuration::from_secs(900);
    let next = Probing { at, sent: 6 };
    assert!(inner.store.take_probe(id, due, next).await.unwrap());
    hold(inner, id, "It kept failing too.").await.unwrap();
    assert_eq!(probing().await, next);
    bridge.stop().await;
}

/// An attempt at the destination that ends so now. The same delivery every time, so that nothing is held.
async fn ends(bridge: &TestBridge, connected: &Connected, status: u16) {
    let id = connected.destination_id.parse().unwrap();
    let (snapshot, now) = (bridge.bridge.snapshot(), bridge.bridge.clock.now());
    let destination = snapshot.destination(id).unwrap();
    let (delivery, outcome) = (DeliveryId::new(1, [1; 10]), Outcome::answered(status));
    let noting = note(&bridge.bridge, destination, delivery, &outcome, now);
    assert!(!noting.await.unwrap());
}

async fn one_that_was_quiet_while_the_bridge_started_again_recovers(database: Database) {
    let (mut bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    // The second arrival is seen too soon after the first one to be noted at once.
    for statuses in [&[500, 200][..], &[500, 200, 500, 200]] {
        for status in statuses {
            bridge.advance(Duration::from_secs(1));
            ends(&bridge, &connected, *status).await;
        }
        let now_ms = bridge.clock.load(std::sync::atomic::Ordering::SeqCst);
        bridge = TestBridge::start_in(bridge.stop().await, now_ms).await;
        bridge.advance(Duration::from_secs(118));
        end_recovered(&bridge.bridge).await.unwrap();
        assert_eq!(health(&bridge, &connected).await["state"], "failing");
        bridge.advance(Duration::from_secs(1));
        end_recovered(&bridge.bridge).await.unwrap();
        becomes(&bridge, &connected, "ok").await;
    }
    bridge.stop().await;
}

/// The attempt ended while the recovery was being written, before anybody read it.
async fn a_failure_that_is_judged_by_a_mark_that_has_just_gone_marks_anew(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let (id, inner) = (connected.destination_id.parse().unwrap(), &bridge.bridge);
    for status in [500, 200] {
        ends(&bridge, &connected, status).await;
        bridge.advance(Duration::from_secs(1));
    }
    let began = health(&bridge, &connected).await["failing_since"].clone();
    assert!(inner.store.end_failing(id).await.unwrap());
    assert!(!inner.store.end_failing(id).await.unwrap(), "it has none");
    bridge.advance(Duration::from_secs(1));
    ends(&bridge, &connected, 500).await;
    let shown = health(&bridge, &connected).await;
    assert_eq!(shown["state"], "failing");
    assert_ne!(shown["failing_since"], began);
    bridge.stop().await;
}

async fn the_times_of_a_clock_that_ran_fast_keep_no_mark(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.advance(DAY);
    ends(&bridge, &connected, 500).await;
    bridge.set_back(DAY);
    end_recovered(&bridge.bridge).await.unwrap();
    let state = health(&bridge, &connected).await["state"].clone();
    assert_eq!(state, "failing", "nothing has arrived");
    ends(&bridge, &connected, 200).await;
    end_recovered(&bridge.bridge).await.unwrap();
    becomes(&bridge, &connected, "ok").await;
    bridge.stop().await;
}

/// One node sees only failures, the other only arrivals. Each change is told once, by whichever node makes it.
#[actix_web::test]
async fn what_two_nodes_see_of_a_destination_is_judged_together() {
    let home = Home::new(Database::Postgres);
    let start = || TestBridge::start_in(home.clone(), 1_795_507_200_000);
    let (nodes, receiver, on_call) = (
        [start().await, start().await],
        Receiver::start(),
        Receiver::start(),
    );
    let wanted = json!({"name": "On call", "config": {"url": on_call.url()}, "notices": true});
    nodes[0].created("/destinations", wanted).await;
    let connected = nodes[0].connect(&receiver, json!({})).await;
    let everybody_knows = async || {
        for node in &nodes {
            beat(&node.bridge).await.unwrap();
        }
    };
    let seconds_pass = async |seconds: u64| {
        for node in &nodes {
            node.advance(Duration::from_secs(seconds));
        }
        for node in &nodes {
            end_recovered(&node.bridge).await.unwrap();
            send_due(&node.bridge).await;
        }
        everybody_knows().await;
    };
    everybody_knows().await;
    ends(&nodes[0], &connected, 500).await;
    everybody_knows().await;
    let revision = nodes[0].bridge.revision();
    for _ in 0..120 {
        ends(&nodes[0], &connected, 500).await;
        ends(&nodes[1], &connected, 200).await;
        seconds_pass(5).await;
    }
    assert_eq!(on_call.next().await.json()["event"], "DESTINATION_FAILING");
    assert!(on_call.is_idle().await, "it goes on failing");
    let read = nodes.iter().map(|node| node.bridge.revision());
    assert!(
        read.into_iter().all(|at| at == revision),
        "nothing is read again for what is noted"
    );
    // The last failure is five seconds old.
    for _ in 0..30 {
        ends(&nodes[1], &connected, 200).await;
        seconds_pass(5).await;
    }
    assert_eq!(
        on_call.next().await.json()["event"],
        "DESTINATION_RECOVERED"
    );
    seconds_pass(600).await;
    assert!(on_call.is_idle().await, "each is told once");
    assert_eq!(health(&nodes[1], &connected).await["state"], "ok");
    for node in nodes {
        node.stop().await;
    }
}
