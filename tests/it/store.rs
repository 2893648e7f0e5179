//! The store's behaviour catalogue, on both databases: fencing, claims, holding, and a wrong key.

use std::sync::Arc;

use bluebridge::domain::connection::{DeliverySettings, RulesDocument, Trigger};
use bluebridge::domain::delivery::{Cause, State};
use bluebridge::domain::destination::{Paused, Probing, Settings, SettingsDocument};
use bluebridge::domain::event::{EventFacts, Reading, read};
use bluebridge::domain::id::{
    ClaimId, ConnectionId, DeliveryId, DestinationId, EventId, ReplayId, SourceId, VersionId,
};
use bluebridge::domain::outcome::Outcome;
use bluebridge::domain::replay::{LeftOut, Selection, VersionChoice, Wish};
use bluebridge::domain::seal::MasterKey;
use bluebridge::domain::secret::Secret;
use bluebridge::store::Store;
use bluebridge::store::claims::{ClaimRequest, Wait};
use bluebridge::store::connections::ConnectionDraft;
use bluebridge::store::deliveries::DeliveryFilter;
use bluebridge::store::destinations::{DestinationDraft, Initiative};
use bluebridge::store::error::StoreError;
use bluebridge::store::events::EventFilter;
use bluebridge::store::ingest::{Ingest, Ingested, NewDelivery, NewEvent, Start};
use bluebridge::store::replays::{NewReplay, Step};
use bluebridge::store::results::{Finish, NewAttempt};
use bluebridge::store::retention::BatchLimits;
use bluebridge::store::sources::NewSource;
use serde_json::{Value, json};

use crate::database::{Database, Home, execute, on_both};

on_both![
    a_zero_character_in_a_title_does_not_keep_an_event_out,
    a_schema_from_a_newer_version_is_refused_with_a_sentence,
    a_search_finds_titles_in_any_case_and_bytes_as_they_are,
    the_same_key_is_a_duplicate_inside_its_window_and_news_after_it,
    one_refused_event_does_not_take_its_neighbours_with_it,
    a_claim_is_exclusive_and_a_stale_holder_cannot_write,
    waiting_deliveries_are_held_resumed_and_given_up,
    what_a_schedule_has_put_off_is_not_held_and_may_be_a_probe,
    what_a_person_paused_only_a_person_changes,
    in_a_lane_only_the_first_unfinished_delivery_is_claimed,
    only_old_and_finished_events_are_forgotten,
    a_claim_reads_no_more_bodies_than_fit,
    a_connection_that_is_switched_off_while_it_is_saved_stays_off,
    a_step_of_a_replay_that_another_has_taken_writes_nothing,
    what_became_of_events_is_told_of_whole_ones_alone,
    a_destination_was_tried_when_one_of_its_newest_deliveries_was,
];

struct Bench {
    store: Store,
    home: Arc<Home>,
    source: SourceId,
    destination: DestinationId,
    connection: ConnectionId,
    version: VersionId,
}

fn bits(number: u8) -> [u8; 10] {
    [0, number, 0, 0, 0, 0, 0, 0, 0, number]
}

impl Bench {
    async fn new(database: Database) -> Bench {
        let home = Home::new(database);
        let store = open(&home, 1).unwrap();
        let (source, destination) = (SourceId::new(1, bits(1)), DestinationId::new(1, bits(1)));
        let (connection, version) = (ConnectionId::new(1, bits(1)), VersionId::new(1, bits(1)));
        let secret = Some(Secret::new("canary-source"));
        let new = NewSource {
            id: source,
            name: "s".into(),
            token: "t".into(),
            require_signature: true,
            secret,
            now_ms: 1,
        };
        store.create_source(new).await.unwrap();
        let config = json!({"url": "https://example.com/canary-url", "auth": {"type": "bearer", "token": "canary-token"}});
        let settings = Settings::parse(
            &SettingsDocument {
                config: Some(&config),
                ..SettingsDocument::default()
            },
            None,
        )
        .unwrap();
        let draft = DestinationDraft {
            id: destination,
            name: "d".into(),
            settings,
            now_ms: 1,
        };
        store.create_destination(draft).await.unwrap();
        let rules = RulesDocument {
            trigger: Trigger::default(),
            filter: Value::Null,
            mapping: json!({"mode": "passthrough"}),
            delivery: DeliverySettings::default(),
        };
        let draft = ConnectionDraft {
            id: connection,
            version_id: version,
            name: "c".into(),
            source_id: source,
            destination_id: destination,
            rules,
            enabled: None,
            now_ms: 1,
        };
        store.create_connection(draft).await.unwrap();
        Bench {
            store,
            home,
            source,
            destination,
            connection,
            version,
        }
    }

    fn ingest(&self, number: u8, start: Start) -> Ingest {
        let body = json!({"event": "E", "currentValue": {"id": number}}).to_string();
        let event_id = EventId::new(1_000, bits(number));
        Ingest {
            event: NewEvent {
                id: event_id,
                source_id: self.source,
                facts: facts(&body),
                received_ms: 1_000,
                is_test: false,
                body: body.into(),
                unique_since_ms: Some(0),
            },
            deliveries: vec![NewDelivery {
                id: DeliveryId::new(1_000, bits(number)),
                event_id,
                connection_id: self.connection,
                version_id: self.version,
                destination_id: self.destination,
                cause: Cause::Event,
                start,
                created_ms: 1_000,
                lane: None,
                replay_id: None,
            }],
        }
    }

    fn claim(&self, number: u8, now_ms: i64) -> ClaimRequest {
        ClaimRequest {
            destination_id: self.destination,
            claim_id: ClaimId::new(1, bits(number)),
            now_ms,
            lease_until_ms: now_ms + 100,
            limit: 10,
        }
    }

    fn finish(&self, delivery: u8, claim: ClaimId, state: State) -> Finish {
        Finish {
            delivery_id: DeliveryId::new(1_000, bits(delivery)),
            destination_id: DestinationId::new(1, bits(1)),
            claim_id: claim,
            state,
            due_ms: (state == State::Retrying).then_some(5_000),
            now_ms: 1_500,
            in_lane: false,
            free_attempts: 0,
            attempt: NewAttempt {
                number: 1,
                started_ms: 1_400,
                duration_ms: 5,
                outcome: Outcome::answered(200),
                request_line: "POST https://example.com/".into(),
                request_headers: "[]".into(),
                response_headers: "[]".into(),
                response_body: Vec::new(),
                response_truncated: false,
            },
        }
    }

    async fn states(&self) -> Vec<State> {
        let deliveries = self
            .store
            .deliveries(DeliveryFilter::default())
            .await
            .unwrap();
        deliveries
            .iter()
            .rev()
            .map(|delivery| delivery.state)
            .collect()
    }
}

fn facts(body: &str) -> EventFacts {
    match read(body.as_bytes()).unwrap() {
        Reading::Event { facts, .. } => facts,
        Reading::HealthCheck => panic!("a health check"),
    }
}

fn open(home: &Home, key: u8) -> Result<Store, StoreError> {
    Store::open(&home.database_url, MasterKey::new([key; 32]))
}

async fn the_same_key_is_a_duplicate_inside_its_window_and_news_after_it(database: Database) {
    let bench = Bench::new(database).await;
    assert_eq!(
        bench
            .store
            .ingest(bench.ingest(1, Start::Queued))
            .await
            .unwrap(),
        Ingested::Stored
    );
    let mut again = bench.ingest(1, Start::Queued);
    again.event.id = EventId::new(1_001, bits(2));
    assert_eq!(
        bench.store.ingest(again.clone()).await.unwrap(),
        Ingested::Duplicate {
            of: EventId::new(1_000, bits(1))
        }
    );
    again.event.received_ms = 2_000;
    again.event.unique_since_ms = Some(1_000);
    again.deliveries.clear();
    assert!(matches!(
        bench.store.ingest(again.clone()).await.unwrap(),
        Ingested::Duplicate { .. }
    ));
    again.event.unique_since_ms = Some(1_001);
    assert_eq!(
        bench.store.ingest(again).await.unwrap(),
        Ingested::Stored,
        "the window of the first has ended"
    );
    let mut third = bench.ingest(1, Start::Queued);
    third.event.id = EventId::new(2_001, bits(3));
    third.event.unique_since_ms = Some(1_001);
    assert_eq!(
        bench.store.ingest(third).await.unwrap(),
        Ingested::Duplicate {
            of: EventId::new(1_001, bits(2))
        },
        "the key now belongs to the second"
    );
}

async fn one_refused_event_does_not_take_its_neighbours_with_it(database: Database) {
    let bench = Bench::new(database).await;
    let mut orphan = bench.ingest(9, Start::Queued);
    orphan.deliveries[0].event_id = EventId::new(9, bits(9));
    let all = futures_util::future::join_all((1..=20).map(|number| {
        bench.store.ingest(match number {
            9 => orphan.clone(),
            _ => bench.ingest(number, Start::Queued),
        })
    }))
    .await;
    for (index, result) in all.iter().enumerate() {
        assert_eq!(result.is_ok(), index != 8, "{index}: {result:?}");
    }
    assert_eq!(bench.states().await.len(), 19);
}

async fn a_claim_is_exclusive_and_a_stale_holder_cannot_write(database: Database) {
    let bench = Bench::new(database).await;
    for number in 1..=3 {
        bench
            .store
            .ingest(bench.ingest(number, Start::Queued))
            .await
            .unwrap();
    }
    assert!(
        bench
            .store
            .claim_due(bench.claim(1, 999))
            .await
            .unwrap()
            .is_empty(),
        "not due yet"
    );
    let (first, second) = futures_util::future::join(
        bench.store.claim_due(bench.claim(1, 1_000)),
        bench.store.claim_due(bench.claim(2, 1_000)),
    )
    .await;
    assert_eq!(
        first.unwrap().len() + second.unwrap().len(),
        3,
        "each is claimed once"
    );
    assert_eq!(bench.states().await, [State::Sending; 3]);

    // The lease of everyone ends; another takes over; the first one's result comes late.
    assert_eq!(bench.store.release_expired(1_200, 1_200).await.unwrap(), 3);
    let taken = bench.store.claim_due(bench.claim(3, 1_200)).await.unwrap();
    assert_eq!(taken.len(), 3);
    let stale = [1, 2].map(|claim| bench.finish(1, ClaimId::new(1, bits(claim)), State::Delivered));
    assert_eq!(
        bench.store.record(stale.to_vec()).await.unwrap(),
        [false, false]
    );
    let holder = ClaimId::new(1, bits(3));
    let applied = bench
        .store
        .record(vec![
            bench.finish(1, holder, State::Delivered),
            bench.finish(2, holder, State::Retrying),
        ])
        .await
        .unwrap();
    assert_eq!(applied, [true, true]);
    assert_eq!(
        bench.states().await,
        [State::Delivered, State::Retrying, State::Sending]
    );
    assert_eq!(
        bench
            .store
            .attempts(DeliveryId::new(1_000, bits(1)))
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        bench.store.oldest_due(bench.destination).await.unwrap(),
        Some(5_000)
    );
    let released = bench
        .store
        .release(
            vec![(DeliveryId::new(1_000, bits(3)), holder)],
            Wait::Due { at_ms: 1_300 },
        )
        .await
        .unwrap();
    assert_eq!(released, 1);
}

async fn waiting_deliveries_are_held_resumed_and_given_up(database: Database) {
    let bench = Bench::new(database).await;
    for number in 1..=2 {
        bench
            .store
            .ingest(bench.ingest(number, Start::Queued))
            .await
            .unwrap();
    }
    assert_eq!(
        bench
            .store
            .hold_due(bench.destination, 1_000)
            .await
            .unwrap(),
        2
    );
    assert!(
        bench
            .store
            .claim_due(bench.claim(1, 9_000))
            .await
            .unwrap()
            .is_empty()
    );
    bench
        .store
        .discard(DeliveryId::new(1_000, bits(1)), "why".into(), 1_100)
        .await
        .unwrap();
    let again = bench
        .store
        .discard(DeliveryId::new(1_000, bits(1)), "why".into(), 1_100)
        .await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    assert_eq!(
        bench
            .store
            .resume_held(bench.destination, 1_200)
            .await
            .unwrap(),
        1
    );
    assert_eq!(bench.states().await, [State::Discarded, State::Queued]);
}

async fn what_a_schedule_has_put_off_is_not_held_and_may_be_a_probe(database: Database) {
    let bench = Bench::new(database).await;
    let claim_id = ClaimId::new(1, bits(9));
    let leased = Start::Leased {
        claim_id,
        until_ms: 9_000,
    };
    bench.store.ingest(bench.ingest(1, leased)).await.unwrap();
    let failed = bench.finish(1, claim_id, State::Retrying);
    bench.store.record(vec![failed]).await.unwrap();
    let hold = async |now_ms| {
        bench
            .store
            .hold_due(bench.destination, now_ms)
            .await
            .unwrap()
    };
    assert_eq!(hold(4_999).await, 0, "due at 5 000");
    let resumed = bench.store.resume_held(bench.destination, 2_000).await;
    assert_eq!(resumed.unwrap(), 0);
    assert_eq!(bench.states().await, [State::Retrying]);
    let probe = bench
        .store
        .claim_probe(bench.claim(2, 3_000))
        .await
        .unwrap();
    assert_eq!(probe.unwrap().delivery_id, DeliveryId::new(1_000, bits(1)));
    let mut failed = bench.finish(1, ClaimId::new(1, bits(2)), State::Retrying);
    failed.attempt.number = 2;
    bench.store.record(vec![failed]).await.unwrap();
    assert_eq!(hold(5_000).await, 1);
    assert_eq!(bench.states().await, [State::Held]);
}

async fn what_a_person_paused_only_a_person_changes(database: Database) {
    let bench = Bench::new(database).await;
    let at = jiff::Timestamp::UNIX_EPOCH;
    let paused = |reason: &str, probing| {
        let reason = reason.to_string();
        Some(Paused {
            at,
            reason,
            probing,
        })
    };
    let probing = Some(Probing { at, sent: 0 });
    let change = async |paused, initiative| {
        let changed = bench
            .store
            .pause_destination(bench.destination, paused, initiative);
        changed.await.unwrap()
    };
    let reason = async || {
        let found = bench.store.destination(bench.destination).await.unwrap();
        found.health.paused.map(|paused| paused.reason)
    };
    assert!(change(paused("fails", probing), Initiative::Bridge).await);
    assert!(change(paused("by Ada", None), Initiative::Person).await);
    bench
        .store
        .ingest(bench.ingest(1, Start::Held))
        .await
        .unwrap();
    assert!(!change(None, Initiative::Bridge).await, "a probe arrived");
    assert!(!change(paused("fails", probing), Initiative::Bridge).await);
    assert!(!change(paused("gone", None), Initiative::Bridge).await);
    assert_eq!(reason().await.as_deref(), Some("by Ada"));
    let resumed = bench.store.resume_held(bench.destination, 1_000).await;
    assert_eq!(resumed.unwrap(), 0, "it is paused");
    assert!(change(None, Initiative::Person).await);
    let resumed = bench.store.resume_held(bench.destination, 1_000).await;
    assert_eq!(resumed.unwrap(), 1);
    assert!(change(paused("fails", probing), Initiative::Bridge).await);
    assert!(change(None, Initiative::Bridge).await);
    assert_eq!(reason().await, None);
}

#[actix_web::test]
async fn secrets_are_not_in_the_file_and_a_wrong_key_is_refused() {
    let bench = Bench::new(Database::Sqlite).await;
    assert_eq!(
        bench.store.source(bench.source).await.unwrap().secret,
        Some(Secret::new("canary-source"))
    );
    assert!(
        open(&bench.home, 2)
            .err()
            .unwrap()
            .to_string()
            .contains("another master key")
    );
    let copy = bench.home.folder.path().join("copy.db");
    bench.store.backup(copy.clone()).await.unwrap();
    for entry in std::fs::read_dir(bench.home.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"));
    }
    assert!(std::fs::metadata(copy).unwrap().len() > 0);
}

async fn in_a_lane_only_the_first_unfinished_delivery_is_claimed(database: Database) {
    let bench = Bench::new(database).await;
    for (number, lane) in [(1, 1), (2, 1), (3, 2)] {
        let mut ingest = bench.ingest(number, Start::Queued);
        ingest.deliveries[0].lane = Some([lane; 16]);
        bench.store.ingest(ingest).await.unwrap();
    }
    let claimed = async |number: u8, now_ms: i64| -> Vec<DeliveryId> {
        let claimed = bench.store.claim_due(bench.claim(number, now_ms)).await;
        claimed.unwrap().iter().map(|one| one.delivery_id).collect()
    };
    let id = |number: u8| DeliveryId::new(1_000, bits(number));
    assert_eq!(claimed(1, 1_000).await, [id(1), id(3)]);
    assert!(
        claimed(2, 1_000).await.is_empty(),
        "the first of the lane is being sent"
    );
    let retrying = bench.finish(1, ClaimId::new(1, bits(1)), State::Retrying);
    bench.store.record(vec![retrying]).await.unwrap();
    assert!(
        claimed(3, 4_000).await.is_empty(),
        "it waits for its retry, and the lane with it"
    );
    assert_eq!(claimed(4, 5_000).await, [id(1)]);
    let mut failed = bench.finish(1, ClaimId::new(1, bits(4)), State::Failed);
    failed.attempt.number = 2;
    bench.store.record(vec![failed]).await.unwrap();
    assert_eq!(claimed(5, 5_000).await, [id(2)], "a failure ends the wait");
}

async fn a_claim_reads_no_more_bodies_than_fit(database: Database) {
    let bench = Bench::new(database).await;
    let three_mib = vec![b'x'; 3 << 20];
    for number in 1..=5 {
        let mut ingest = bench.ingest(number, Start::Queued);
        ingest.event.body = three_mib.clone().into();
        bench.store.ingest(ingest).await.unwrap();
    }
    let claimed = async |number, limit| {
        let request = ClaimRequest {
            limit,
            ..bench.claim(number, 1_000)
        };
        bench.store.claim_due(request).await.unwrap().len()
    };
    assert_eq!(claimed(1, 10).await, 3, "the third reaches the limit");
    let states = bench.states().await;
    let sending = states.iter().filter(|state| **state == State::Sending);
    assert_eq!(sending.count(), 3, "and the others stay for the next claim");
    assert_eq!(claimed(2, 1).await, 1);
    assert_eq!(claimed(3, 10).await, 1);
}

/// Two nodes that both believe they run the replay: one that stood still past its duty, and the one that took it over.
async fn a_step_of_a_replay_that_another_has_taken_writes_nothing(database: Database) {
    let bench = Bench::new(database).await;
    let failed = Start::MappingFailed("once".into());
    for number in 1..=4 {
        let ingest = bench.ingest(number, failed.clone());
        bench.store.ingest(ingest).await.unwrap();
    }
    let replay_id = ReplayId::new(2_000, bits(1));
    let new = NewReplay {
        id: replay_id,
        wish: Wish {
            selection: Selection::default(),
            version: VersionChoice::Then,
            per_second: 10,
        },
        matching: 4,
        at_least: false,
        paced_until_ms: 0,
        created_by: "test".into(),
        now_ms: 2_000,
    };
    bench.store.create_replay(new, 1).await.unwrap();
    let step = |node: u8, from: Option<u8>, to: u8| {
        let id = |number| DeliveryId::new(1_000, bits(number));
        let made = (from.unwrap_or(0) + 1..=to).map(|number| NewDelivery {
            id: DeliveryId::new(3_000 + u64::from(node), bits(number)),
            cause: Cause::Replay,
            replay_id: Some(replay_id),
            ..bench.ingest(number, Start::Queued).deliveries[0].clone()
        });
        Step {
            replay_id,
            from: from.map(id),
            to: Some(id(to)),
            made: made.collect(),
            looked_at: i64::from(to - from.unwrap_or(0)),
            left_out: LeftOut::default(),
            paced_until_ms: 0,
            finished_ms: None,
        }
    };
    // At the same time, from the same position, each on a connection of its own.
    let other = open(&bench.home, 1).unwrap();
    let (one, two) = tokio::join!(
        bench.store.advance_replay(step(1, None, 2)),
        other.advance_replay(step(2, None, 2)),
    );
    let stored = [one.unwrap(), two.unwrap()];
    assert_eq!(stored.iter().flatten().count(), 1, "{stored:?}");
    // One goes on; the other wakes and comes with what it had planned.
    let went_on = bench.store.advance_replay(step(1, Some(2), 4)).await;
    assert_eq!(went_on.unwrap().unwrap().len(), 2);
    for late in [step(2, None, 2), step(2, Some(2), 3)] {
        assert_eq!(other.advance_replay(late).await.unwrap(), None);
    }
    let replay = bench.store.replay(replay_id).await.unwrap();
    assert_eq!((replay.looked_at, replay.made, replay.repeated), (4, 4, 0));
    let made = bench
        .store
        .deliveries(DeliveryFilter {
            replay_id: Some(replay_id),
            ..DeliveryFilter::default()
        })
        .await
        .unwrap();
    assert_eq!(made.len(), 4, "one for each event");
    // From its end on, and when it was cancelled, nobody moves it.
    let cancelled = bench.store.cancel_replay(replay_id, "test".into(), 4_000);
    cancelled.await.unwrap();
    let late = step(1, Some(4), 4);
    assert_eq!(bench.store.advance_replay(late).await.unwrap(), None);
}

/// Whoever saves it says nothing of the switch, and had read it before.
async fn a_connection_that_is_switched_off_while_it_is_saved_stays_off(database: Database) {
    let bench = Bench::new(database).await;
    let (store, id) = (&bench.store, bench.connection);
    let before = store.connection(id).await.unwrap();
    assert!(before.enabled, "a new one is on");
    store.enable_connection(id, false, 2).await.unwrap();
    let draft = ConnectionDraft {
        id,
        version_id: VersionId::new(1, bits(2)),
        name: "renamed".into(),
        source_id: before.source_id,
        destination_id: before.version.destination_id,
        rules: before.version.rules,
        enabled: None,
        now_ms: 3,
    };
    store.change_connection(draft, None).await.unwrap();
    let after = store.connection(id).await.unwrap();
    assert_eq!((after.name.as_str(), after.enabled), ("renamed", false));
}

async fn only_old_and_finished_events_are_forgotten(database: Database) {
    let bench = Bench::new(database).await;
    for number in 1..=3 {
        bench
            .store
            .ingest(bench.ingest(number, Start::Queued))
            .await
            .unwrap();
    }
    bench.store.claim_due(bench.claim(1, 1_000)).await.unwrap();
    let holder = ClaimId::new(1, bits(1));
    let finishes = vec![
        bench.finish(1, holder, State::Delivered),
        bench.finish(2, holder, State::Retrying),
    ];
    bench.store.record(finishes).await.unwrap();
    let limits = BatchLimits {
        events: 10,
        bytes: 1_000,
    };
    let forget = |before_ms| bench.store.forget_events(None, before_ms, limits);
    let batch = forget(1_000).await.unwrap();
    assert_eq!((batch.events, batch.up_to), (0, None), "not old enough");
    let batch = forget(9_000).await.unwrap();
    let last = EventId::new(1_000, bits(3));
    assert_eq!((batch.events, batch.up_to), (1, Some(last)));
    assert_eq!(bench.states().await, [State::Retrying, State::Sending]);
    // Somebody asks for the event again that is forgotten in the same moment.
    let again = NewDelivery {
        cause: Cause::Resend,
        ..bench.ingest(1, Start::Queued).deliveries.remove(0)
    };
    let again = bench.store.create_delivery(again).await;
    assert!(
        matches!(again, Err(StoreError::NotFound("event"))),
        "{again:?}"
    );
    assert!(
        bench
            .store
            .attempts(DeliveryId::new(1_000, bits(1)))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        bench
            .store
            .event(EventId::new(1_000, bits(1)))
            .await
            .is_err()
    );
    assert!(
        bench
            .store
            .event(EventId::new(1_000, bits(2)))
            .await
            .is_ok()
    );
}

async fn a_schema_from_a_newer_version_is_refused_with_a_sentence(database: Database) {
    let home = Home::new(database);
    open(&home, 1).unwrap().close().await;
    execute(
        &home.database_url,
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')",
    );
    let refused = open(&home, 1).err().unwrap().to_string();
    assert!(
        refused.contains("schema 9999") && refused.contains("newer version"),
        "{refused}"
    );
}

async fn a_search_finds_titles_in_any_case_and_bytes_as_they_are(database: Database) {
    let bench = Bench::new(database).await;
    let mut ingest = bench.ingest(1, Start::Queued);
    ingest.event.facts.record_title = Some("Straße ÖL МОСКВА ΟΔΌΣ 50%_off".into());
    bench.store.ingest(ingest).await.unwrap();
    for (text, found) in [
        ("STRA", 1),
        ("STRASSE", 1),
        ("straße öl", 1),
        ("москва", 1),
        ("Οδός", 1),
        ("50%_OFF", 1),
        ("50x_off", 0),
        ("currentValue", 1),
        ("CURRENTVALUE", 0),
    ] {
        let text = Some(text.to_string());
        let events = bench.store.events(EventFilter {
            text: text.clone(),
            ..EventFilter::default()
        });
        let deliveries = bench.store.deliveries(DeliveryFilter {
            text: text.clone(),
            ..DeliveryFilter::default()
        });
        assert_eq!(events.await.unwrap().len(), found, "{text:?}");
        assert_eq!(deliveries.await.unwrap().len(), found, "{text:?}");
    }
}

async fn a_zero_character_in_a_title_does_not_keep_an_event_out(database: Database) {
    let bench = Bench::new(database).await;
    let mut ingest = bench.ingest(1, Start::MappingFailed("not \0 this".into()));
    ingest.event.facts.record_title = Some("a\0b".into());
    bench.store.ingest(ingest).await.unwrap();
    let stored = bench.store.event(EventId::new(1_000, bits(1))).await;
    assert_eq!(
        stored.unwrap().summary.record_title.as_deref(),
        Some("a\u{fffd}b")
    );
}

async fn what_became_of_events_is_told_of_whole_ones_alone(database: Database) {
    let bench = Bench::new(database).await;
    let id = |number: u8| EventId::new(1_000, bits(number));
    // The first has arrived and was then made again to no effect, after the others had come.
    for number in 1..=4 {
        let start = if number == 1 {
            Start::Queued
        } else {
            Start::Skipped
        };
        let mut one = bench.ingest(number, start);
        if number == 3 {
            one.deliveries.clear();
        }
        bench.store.ingest(one).await.unwrap();
    }
    bench.store.claim_due(bench.claim(1, 1_000)).await.unwrap();
    let arrived = bench.finish(1, ClaimId::new(1, bits(1)), State::Delivered);
    assert_eq!(bench.store.record(vec![arrived]).await.unwrap(), [true]);
    let again = |event: u8, number: u8| {
        let mut one = bench.ingest(event, Start::Skipped).deliveries.remove(0);
        (one.id, one.cause) = (DeliveryId::new(2_000, bits(number)), Cause::Resend);
        one
    };
    for (event, number) in [(1, 1), (2, 2), (1, 3)] {
        bench
            .store
            .create_delivery(again(event, number))
            .await
            .unwrap();
    }
    let ids: Vec<EventId> = (1..=4).map(id).collect();
    let became = async |limit| bench.store.became(ids.clone(), limit).await.unwrap();
    let whole = became(6).await;
    assert_eq!(whole.unknown_from, None);
    assert_eq!(whole.states[&id(1)][&bench.connection], State::Delivered);
    assert_eq!(whole.states[&id(2)][&bench.connection], State::Skipped);
    assert!(!whole.states.contains_key(&id(3)));
    // By fewer than all six, nothing is told of the event that would be cut.
    for (limit, unknown, known) in [
        (5, 1, vec![2, 4]),
        (3, 1, vec![2, 4]),
        (2, 2, vec![4]),
        (1, 2, vec![4]),
    ] {
        let cut = became(limit).await;
        assert_eq!(cut.unknown_from, Some(id(unknown)), "{limit}");
        let mut told: Vec<EventId> = cut.states.into_keys().collect();
        told.sort();
        assert_eq!(
            told,
            known.into_iter().map(id).collect::<Vec<_>>(),
            "{limit}"
        );
    }
}

async fn a_destination_was_tried_when_one_of_its_newest_deliveries_was(database: Database) {
    let bench = Bench::new(database).await;
    let others: Vec<DestinationId> = (2..=4)
        .map(|number| DestinationId::new(1, bits(number)))
        .collect();
    let settings = bench
        .store
        .destination(bench.destination)
        .await
        .unwrap()
        .settings;
    for id in &others {
        let draft = DestinationDraft {
            id: *id,
            name: "other".into(),
            settings: settings.clone(),
            now_ms: 1,
        };
        bench.store.create_destination(draft).await.unwrap();
    }
    bench
        .store
        .ingest(bench.ingest(1, Start::Skipped))
        .await
        .unwrap();
    let skipped = |made_ms: u64, to: DestinationId| {
        let mut one = bench.ingest(1, Start::Skipped).deliveries.remove(0);
        one.id = DeliveryId::new(made_ms, bits(1));
        (one.cause, one.destination_id) = (Cause::Resend, to);
        bench.store.create_delivery(one)
    };
    // The first was tried; of the second only the hundred newest count; the third was never tried; the fourth has no deliveries.
    for made_ms in 2_000..2_100 {
        skipped(made_ms, others[0]).await.unwrap();
    }
    skipped(1_500, others[0]).await.unwrap();
    skipped(3_000, others[1]).await.unwrap();
    let tried = |rows: &str| {
        let set = format!("UPDATE deliveries SET attempts = {rows}");
        execute(&bench.home.database_url, &set);
    };
    tried("1 WHERE created_at = 1000 AND cause = 'event'");
    let all: Vec<DestinationId> = [&[bench.destination], &others[..]].concat();
    let asked = async || bench.store.tried(all.clone()).await.unwrap();
    assert_eq!(asked().await, [bench.destination].into());
    tried("1");
    assert_eq!(
        asked().await,
        [bench.destination, others[0], others[1]].into()
    );
    tried("0");
    assert!(asked().await.is_empty());
    assert!(bench.store.tried(Vec::new()).await.unwrap().is_empty());
}
