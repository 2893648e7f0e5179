//! Two things at once, each in the order that hurts: one is stopped between two of its steps, and the other happens there.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use actix_web::dev::Service as _;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, web};
use bluebridge::domain::destination::{LastTest, Trial};
use bluebridge::domain::id::{
    ClaimId, DeliveryId, DestinationId, NodeId, SessionId, SourceId, UserId,
};
use bluebridge::domain::outcome::Outcome;
use bluebridge::domain::person::{Role, User};
use bluebridge::domain::secret::Secret;
use bluebridge::domain::signature::accept_unsigned;
use bluebridge::flow::Bridge;
use bluebridge::flow::deliver::deliver;
use bluebridge::flow::health::note;
use bluebridge::flow::ingest::{IngestError, Receipt, ingest};
use bluebridge::flow::nodes::beat;
use bluebridge::flow::pause::hold;
use bluebridge::flow::recover::{queue_probe, release_expired};
use bluebridge::store::claims::{ClaimRequest, Claimed};
use bluebridge::store::destinations::Initiative;
use bluebridge::store::error::StoreError;
use bluebridge::store::nodes::Beat;
use bluebridge::store::sessions::{Grounds, NewSession};
use bluebridge::store::sources::NewSource;
use bluebridge::web::Site;
use bluebridge::web::routes::routes;
use serde_json::{Value, json};

use crate::database::{Database, Held, execute, on_both};
use crate::harness::{Connected, Receiver, TestBridge, event, patiently, settings};
use crate::process::Look;

on_both![
    what_a_loop_hands_over_while_the_process_stops_is_given_back,
    leases_do_not_run_out_while_results_wait_for_the_database,
    an_event_whose_sender_waits_no_longer_goes_out_all_the_same,
    nobody_waits_for_a_commit_longer_than_blue_does,
    an_event_that_is_committed_while_the_process_stops_is_given_back,
    a_create_whose_client_breaks_off_is_carried_through_and_answers_its_repetition,
    a_probe_that_meets_a_pause_goes_out_when_a_person_resumes,
    a_destination_that_was_resumed_before_anybody_saw_it_held_is_judged_anew,
    a_session_does_not_outlive_the_password_or_the_second_factor_it_began_with,
    a_second_factor_that_nobody_has_proven_does_not_come_into_force,
    what_was_refused_before_a_new_secret_is_not_told_after_it,
    a_test_that_ends_after_its_destination_was_deleted_leaves_nothing,
    an_attempt_that_fails_after_its_destination_was_deleted_leaves_no_mark,
];

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// Works a future off until something is so, and no further.
async fn work_off_until<F: Future>(mut future: Pin<&mut F>, is_so: impl AsyncFn() -> bool) {
    patiently("the middle", async {
        while !is_so().await {
            assert!(poll_once(future.as_mut()).await.is_pending());
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn destination_of(connected: &Connected) -> DestinationId {
    connected.destination_id.parse().unwrap()
}

fn request(bridge: &Bridge, destination_id: DestinationId) -> ClaimRequest {
    let now_ms = bridge.clock.now_ms();
    ClaimRequest {
        destination_id,
        claim_id: ClaimId::new(now_ms.try_into().unwrap(), [1; 10]),
        now_ms,
        lease_until_ms: now_ms + bridge.lease_ms,
        limit: 1,
    }
}

/// Waits until nothing more is begun because the process stops.
async fn all_given_back(bridge: &Bridge, destination_id: DestinationId) {
    let now_ms = bridge.clock.now_ms();
    patiently("the end of what is begun", async {
        while bridge.outbox.room(destination_id, now_ms) > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Takes a delivery into memory, where no sender comes for it.
async fn take_into_memory(bridge: &Bridge, claimed: Claimed, request: ClaimRequest) {
    queue_probe(bridge, claimed, request, 0).await.unwrap();
}

/// A node joins, and the only place at a held destination falls to it while the probe waits in this one's memory.
#[actix_web::test]
async fn a_probe_in_memory_outlives_a_node_that_joins() {
    let bridge = TestBridge::start_on(Database::Postgres).await;
    let receiver = Receiver::start();
    let limits = json!({"concurrency": 1});
    let connected = bridge.connect_to(&receiver.url(), limits, json!({})).await;
    let id = destination_of(&connected);
    let inner = &bridge.bridge;
    hold(inner, id, "It kept failing.").await.unwrap();
    bridge.post(&connected.hook, &event(1)).await;
    let request = request(inner, id);
    let claimed = inner.store.claim_probe(request).await.unwrap().unwrap();
    take_into_memory(inner, claimed, request).await;
    // Of two nodes, the first or the second sends to a destination, as its id says.
    let other = match id.as_bytes()[15] % 2 {
        0 => NodeId::new(1, [0; 10]),
        _ => NodeId::new(u64::MAX >> 16, [0; 10]),
    };
    let told = Beat {
        id: other,
        name: "other".into(),
        version: "0",
        started_ms: 1,
        revision: inner.revision(),
        waiting: 0,
    };
    inner.store.join(told).await.unwrap();
    beat(inner).await.unwrap();
    let snapshot = inner.snapshot();
    assert_eq!(
        inner.nodes.concurrency(snapshot.destination(id).unwrap()),
        0
    );
    assert_eq!(inner.outbox.waiting(), 1);
    bridge.stop().await;
}

/// The loop had its claim when stopping began, and hands over after everything in memory was given back.
async fn what_a_loop_hands_over_while_the_process_stops_is_given_back(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let id = destination_of(&connected);
    let source: SourceId = connected.source_id.parse().unwrap();
    receiver.hold(true);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    let inner = bridge.bridge.clone();
    let late = async {
        all_given_back(&inner, id).await;
        let body = web::Bytes::from(event(2));
        ingest(&inner, source, &accept_unsigned(&body), &body, false)
            .await
            .unwrap();
        let request = request(&inner, id);
        let claimed = inner.store.claim_due(request).await.unwrap();
        for one in claimed {
            take_into_memory(&inner, one, request).await;
        }
        receiver.hold(false);
    };
    let (home, ()) = futures_util::future::join(bridge.stop(), late).await;
    let look = Look::into(&home.database_url);
    assert_eq!(look.count("deliveries WHERE state = 'delivered'"), 1);
    assert_eq!(look.count("deliveries WHERE state = 'queued'"), 1);
}

/// The database was away for longer than a lease. When it is back, what was sent is recorded before what was not is sent again.
async fn leases_do_not_run_out_while_results_wait_for_the_database(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let inner = &bridge.bridge;
    receiver.hold(true);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    let rename = |from: &str, to: &str| {
        execute(
            &bridge.home.database_url,
            &format!("ALTER TABLE {from} RENAME TO {to}"),
        )
    };
    rename("attempts", "away");
    receiver.hold(false);
    patiently("a result that waits", async {
        while !inner.results_wait.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bridge.advance(Duration::from_secs(121));
    assert_eq!(release_expired(inner).await.unwrap(), 0);
    assert_eq!(bridge.count_in(&connected.destination_id, "sending"), 1);
    rename("away", "attempts");
    bridge.recorded(1).await;
    assert_eq!(bridge.count_in(&connected.destination_id, "delivered"), 1);
    assert!(receiver.is_idle().await);
    patiently("the end of waiting", async {
        while inner.results_wait.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bridge.stop().await;
}

/// The commit takes longer than anybody waits for it. The event is stored, and leased to this node.
async fn an_event_whose_sender_waits_no_longer_goes_out_all_the_same(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let source = connected.source_id.parse().unwrap();
    let body = web::Bytes::from(event(1));
    let verified = accept_unsigned(&body);
    let mut taking = Box::pin(ingest(&bridge.bridge, source, &verified, &body, false));
    assert!(poll_once(taking.as_mut()).await.is_pending());
    drop(taking);
    receiver.next().await;
    bridge.recorded(1).await;
    assert_eq!(bridge.count_in(&connected.destination_id, "delivered"), 1);
    bridge.stop().await;
}

/// The database is held up. Blue is told to come again before it hangs up; what is committed after that goes out all the same.
async fn nobody_waits_for_a_commit_longer_than_blue_does(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let source = connected.source_id.parse().unwrap();
    let body = web::Bytes::from(event(1));
    let verified = accept_unsigned(&body);
    let held = Held::lock(&bridge.home.database_url, "events");
    let mut taking = Box::pin(ingest(&bridge.bridge, source, &verified, &body, false));
    assert!(poll_once(taking.as_mut()).await.is_pending());
    bridge.advance(Duration::from_secs(6));
    let taken = patiently("the end of waiting", taking).await;
    assert!(matches!(taken, Err(IngestError::Store(StoreError::Busy))));
    held.let_go();
    receiver.next().await;
    bridge.recorded(1).await;
    let again = ingest(&bridge.bridge, source, &verified, &body, false).await;
    assert!(matches!(again, Ok(Receipt::Duplicate { .. })));
    assert_eq!(bridge.count_in(&connected.destination_id, "delivered"), 1);
    bridge.stop().await;
}

/// Its sender is gone, the commit takes its time, and nothing is sent any more.
async fn an_event_that_is_committed_while_the_process_stops_is_given_back(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let id = destination_of(&connected);
    let source = connected.source_id.parse().unwrap();
    let body = web::Bytes::from(event(1));
    let verified = accept_unsigned(&body);
    let held = Held::lock(&bridge.home.database_url, "events");
    let inner = bridge.bridge.clone();
    let mut taking = Box::pin(ingest(&inner, source, &verified, &body, false));
    assert!(poll_once(taking.as_mut()).await.is_pending());
    drop(taking);
    let late = async {
        all_given_back(&inner, id).await;
        held.let_go();
    };
    let (home, ()) = futures_util::future::join(bridge.stop(), late).await;
    let look = Look::into(&home.database_url);
    assert_eq!(look.count("deliveries WHERE state = 'queued'"), 1);
    assert!(receiver.is_idle().await);
}

/// Between the commit and the answer. The repetition gets the answer and makes nothing.
async fn a_create_whose_client_breaks_off_is_carried_through_and_answers_its_repetition(
    database: Database,
) {
    let bridge = TestBridge::start_on(database).await;
    let site = Site::new(settings(&bridge.home).public_url(), None, Vec::new());
    let app = App::new()
        .app_data(web::Data::from(bridge.bridge.clone()))
        .app_data(web::Data::new(site))
        .configure(routes);
    let app = init_service(app).await;
    let (path, body) = ("/api/v1/sources", r#"{"name": "Blue"}"#);
    let request = TestRequest::post()
        .uri(path)
        .insert_header(("authorization", format!("Bearer {}", bridge.token)))
        .insert_header(("idempotency-key", "k"))
        .set_payload(body)
        .to_request();
    let mut creating = Box::pin(app.call(request));
    let is_made = async || bridge.look().count("sources") == 1;
    work_off_until(creating.as_mut(), is_made).await;
    drop(creating);
    let repeated = bridge
        .http
        .post(bridge.url(path))
        .bearer_auth(&bridge.token);
    let repeated = repeated.header("idempotency-key", "k").body(body).send();
    let repeated = repeated.await.unwrap();
    assert_eq!(repeated.status(), 201);
    assert!(repeated.headers().contains_key("idempotency-replayed"));
    assert!(is_made().await);
    bridge.stop().await;
}

/// It was put off, taken as a probe, and a person paused its destination in that moment.
async fn a_probe_that_meets_a_pause_goes_out_when_a_person_resumes(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let (id, inner) = (destination_of(&connected), &bridge.bridge);
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    assert_eq!(bridge.count_in(&connected.destination_id, "retrying"), 1);
    hold(inner, id, "It kept failing.").await.unwrap();
    let request = request(inner, id);
    let claimed = inner.store.claim_probe(request).await.unwrap().unwrap();
    take_into_memory(inner, claimed, request).await;
    let ask = async |verb: &str| {
        let path = format!("/destinations/{}/{verb}", connected.destination_id);
        assert_eq!(bridge.api("POST", &path, None).await.0, 200);
    };
    ask("pause").await;
    let parcel = inner.outbox.next(id, 1).unwrap();
    deliver(inner, parcel).await.unwrap();
    assert_eq!(bridge.count_in(&connected.destination_id, "held"), 1);
    assert!(receiver.is_idle().await);
    // Only a person resumes it, and then everything goes out, whatever its schedule says.
    ask("resume").await;
    assert_eq!(
        receiver.next().await.header("bluebridge-attempt"),
        Some("2")
    );
    bridge.recorded(2).await;
    bridge.stop().await;
}

/// On another node, in the moment between the hold and its reading here.
async fn a_destination_that_was_resumed_before_anybody_saw_it_held_is_judged_anew(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let (id, inner) = (destination_of(&connected), &bridge.bridge);
    let is_to_be_held = async || {
        let mut must_be_held = false;
        for number in 0..10 {
            let snapshot = inner.snapshot();
            let destination = snapshot.destination(id).unwrap();
            let delivery = DeliveryId::new(1, [number; 10]);
            let (outcome, now) = (Outcome::answered(500), inner.clock.now());
            must_be_held = note(inner, destination, delivery, &outcome, now)
                .await
                .unwrap();
            bridge.advance(Duration::from_secs(4));
        }
        must_be_held
    };
    assert!(is_to_be_held().await);
    let mut holding = Box::pin(hold(inner, id, "It kept failing."));
    work_off_until(holding.as_mut(), async || {
        let found = inner.store.destination(id).await.unwrap();
        found.health.paused.is_some()
    })
    .await;
    let resumed = inner
        .store
        .pause_destination(id, None, Initiative::Person)
        .await;
    assert!(resumed.unwrap());
    holding.await.unwrap();
    assert!(is_to_be_held().await, "it fails as before");
    bridge.stop().await;
}

fn ada() -> User {
    User {
        id: UserId::new(1, [1; 10]),
        email: "ada@example.com".into(),
        name: "Ada".into(),
        role: Role::Owner,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        deactivated_at: None,
        has_second_factor: false,
        language: None,
        time_zone: None,
    }
}

/// Checking a password takes a while. What ends all sessions meanwhile must not miss the one that is begun then.
async fn a_session_does_not_outlive_the_password_or_the_second_factor_it_began_with(
    database: Database,
) {
    let bridge = TestBridge::start_on(database).await;
    let (store, ada) = (&bridge.bridge.store, ada());
    store
        .create_user(ada.clone(), "first".into(), false)
        .await
        .unwrap();
    let start = async |number: u8, awaits_code: bool, grounds: Grounds| {
        let new = NewSession {
            id: SessionId::new(1, [number; 10]),
            token_hash: [number; 32],
            user_id: ada.id,
            awaits_code,
            now_ms: 1,
            expires_ms: 1_000,
            user_agent: String::new(),
            address: None,
        };
        match store.create_session(new, grounds).await {
            Ok(()) => true,
            Err(StoreError::Outdated) => false,
            Err(error) => panic!("{error}"),
        }
    };
    let password = |hash: &str| Grounds::Password(hash.into());
    assert!(start(1, false, password("first")).await);
    store
        .change_password(ada.email.clone(), "second".into())
        .await
        .unwrap();
    assert!(!start(2, false, password("first")).await);
    assert!(start(3, false, password("second")).await);
    // With the second factor in force, a password alone is no longer enough.
    let secret = Secret::new("one");
    store
        .begin_second_factor(ada.id, secret.clone())
        .await
        .unwrap();
    let kept = SessionId::new(1, [3; 10]);
    store
        .confirm_second_factor(ada.id, secret, 1, Vec::new(), kept)
        .await
        .unwrap();
    assert!(!start(4, false, password("second")).await);
    // The right code, of somebody who was signed out while it was looked at.
    assert!(start(5, true, password("second")).await);
    assert!(start(6, false, Grounds::Code([5; 32])).await);
    store
        .change_password(ada.email.clone(), "third".into())
        .await
        .unwrap();
    assert!(!start(7, false, Grounds::Code([5; 32])).await);
    bridge.stop().await;
}

/// Begun again, in another tab, between the look at the code and the switch.
async fn a_second_factor_that_nobody_has_proven_does_not_come_into_force(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let (store, ada) = (&bridge.bridge.store, ada());
    store
        .create_user(ada.clone(), "hash".into(), false)
        .await
        .unwrap();
    let begin = async |secret: &str| {
        let begun = store.begin_second_factor(ada.id, Secret::new(secret));
        begun.await.unwrap();
    };
    begin("one").await;
    let proven = store.second_factor(ada.id).await.unwrap().pending.unwrap();
    begin("another").await;
    let kept = SessionId::new(1, [1; 10]);
    let confirmed = store
        .confirm_second_factor(ada.id, proven, 1, Vec::new(), kept)
        .await;
    assert!(matches!(confirmed, Err(StoreError::Conflict(_))));
    assert!(store.second_factor(ada.id).await.unwrap().secret.is_none());
    bridge.stop().await;
}

/// What is seen of a source is gathered for a second before it is written.
async fn what_was_refused_before_a_new_secret_is_not_told_after_it(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let source = bridge
        .created("/sources", json!({"name": "Blue", "secret": "old"}))
        .await;
    let path = format!("/sources/{}", source["id"].as_str().unwrap());
    let id = source["id"].as_str().unwrap().parse().unwrap();
    let evidence = &bridge.bridge.evidence;
    evidence.refused(id, "bad", "Bad.".into(), bridge.bridge.clock.now());
    let change = json!({"name": "Blue", "secret": "new"});
    assert_eq!(bridge.api("PUT", &path, Some(change)).await.0, 200);
    evidence.write(&bridge.bridge.store).await.unwrap();
    let found = bridge.bridge.store.source(id).await.unwrap();
    assert_eq!(found.signature_problem, None);
    bridge.stop().await;
}

async fn a_test_that_ends_after_its_destination_was_deleted_leaves_nothing(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let config = json!({"url": "https://example.com/"});
    let destination = json!({"name": "Receiver", "config": config});
    let destination: Value = bridge.created("/destinations", destination).await;
    let id = destination["id"].as_str().unwrap();
    let path = format!("/destinations/{id}");
    assert_eq!(bridge.api("DELETE", &path, None).await.0, 204);
    let last = LastTest {
        at: bridge.bridge.clock.now(),
        trial: Trial {
            outcome: Outcome::answered(200),
            duration_ms: 1,
            response: "what was sent".into(),
        },
    };
    bridge
        .bridge
        .store
        .note_test(id.parse().unwrap(), last)
        .await
        .unwrap();
    let kept = "destinations WHERE last_test IS NOT NULL";
    assert_eq!(bridge.look().count(kept), 0);
    bridge.stop().await;
}

async fn an_attempt_that_fails_after_its_destination_was_deleted_leaves_no_mark(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let (id, inner) = (destination_of(&connected), &bridge.bridge);
    receiver.hold(true);
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    let before = inner.snapshot();
    let connections = bridge.get("/connections").await;
    let connection = connections["data"][0]["id"].as_str().unwrap();
    for path in [
        format!("/connections/{connection}"),
        format!("/destinations/{}", connected.destination_id),
    ] {
        assert_eq!(bridge.api("DELETE", &path, None).await.0, 204);
    }
    receiver.hold(false);
    bridge.recorded(1).await;
    patiently("the end of judging", async {
        while inner.outbox.senders() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let marked = "destinations WHERE failing_since IS NOT NULL";
    assert_eq!(bridge.look().count(marked), 0);
    // One that looked before it was deleted and writes after it.
    let destination = before.destination(id).unwrap();
    let (delivery, outcome) = (DeliveryId::new(1, [1; 10]), Outcome::answered(500));
    note(inner, destination, delivery, &outcome, inner.clock.now())
        .await
        .unwrap();
    assert_eq!(bridge.look().count(marked), 0);
    bridge.stop().await;
}

/// Says when what was waited for is there.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

async fn save_source(bridge: &Bridge, token: &str) {
    let new = NewSource {
        id: bluebridge::new_id!(SourceId, bridge, bridge.clock.now()),
        name: "Blue".into(),
        token: token.into(),
        require_signature: false,
        secret: None,
        now_ms: bridge.clock.now_ms(),
    };
    bridge.store.create_source(new).await.unwrap();
}

/// Saved when the reading had read the sources and not yet the rest.
#[actix_web::test]
async fn what_is_saved_while_the_configuration_is_read_is_read_before_its_saver_goes_on() {
    let bridge = TestBridge::start().await;
    let inner = &bridge.bridge;
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut context = Context::from_waker(&waker);
    let reading = loop {
        bell.0.store(false, Ordering::SeqCst);
        let mut reading = Box::pin(inner.reload());
        // On a busy machine one may be through at once.
        if reading.as_mut().poll(&mut context).is_pending() {
            break reading;
        }
    };
    patiently("the sources", async {
        while !bell.0.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    save_source(inner, "late").await;
    let mut saver = Box::pin(inner.reload());
    assert!(poll_once(saver.as_mut()).await.is_pending());
    reading.await.unwrap();
    assert!(inner.snapshot().source("late").is_none());
    saver.await.unwrap();
    assert!(inner.snapshot().source("late").is_some());
    bridge.stop().await;
}

#[actix_web::test]
async fn a_reading_of_the_configuration_that_failed_serves_nobody() {
    let bridge = TestBridge::start().await;
    let inner = &bridge.bridge;
    let first = loop {
        let mut first = Box::pin(inner.reload());
        // On a busy machine one may be through at once.
        if poll_once(first.as_mut()).await.is_pending() {
            break first;
        }
    };
    // Two ask while it reads; of these the first would read for both.
    let [mut fails, mut last] = [inner.reload(), inner.reload()].map(Box::pin);
    for reading in [&mut fails, &mut last] {
        assert!(poll_once(reading.as_mut()).await.is_pending());
    }
    first.await.unwrap();
    save_source(inner, "late").await;
    let rename = |from: &str, to: &str| {
        execute(
            &bridge.home.database_url,
            &format!("ALTER TABLE {from} RENAME TO {to}"),
        )
    };
    rename("sources", "away");
    assert!(fails.await.is_err());
    rename("away", "sources");
    last.await.unwrap();
    assert!(inner.snapshot().source("late").is_some());
    bridge.stop().await;
}
