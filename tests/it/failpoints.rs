//! The process dies between two steps, at each named point (`src/failpoint.rs`), and is started again: what was promised holds all the same.
//!
//! The points exist in debug builds only, which tests are.

use serde_json::json;

use crate::database::{Database, on_both};
use crate::harness::patiently;
use crate::process::{Ledger, Sink, Site};

const POSTS: usize = 120;

/// A point is reached for the first time with few at work, and later with many.
fn passes(database: Database) -> &'static [&'static str] {
    match database {
        Database::Sqlite => &["1", "4", "11"],
        Database::Postgres => &["4"],
    }
}

async fn dies_and_keeps_its_promises(database: Database, point: &str) {
    let site = Site::on(database).await;
    let (mut handed_over, mut claimed) = (Sink::start(), Sink::start());
    let served = site.serve().await;
    site.connect(&served, &handed_over.receiver.url(), json!({}), json!({}))
        .await;
    // What goes in order is never handed over in memory, always claimed.
    let per_record = json!({"order": "per_record"});
    site.connect(&served, &claimed.receiver.url(), json!({}), per_record)
        .await;
    served.kill();
    site.time_passes().await;

    let ledger = Ledger::default();
    for (round, pass) in passes(database).iter().enumerate() {
        let served = site.serve_until(point, pass).await;
        let posting = ledger.post(&served, round * POSTS..(round + 1) * POSTS);
        assert_eq!(served.ended().await, -6, "it aborts at {point}");
        posting.await.unwrap();
        site.time_passes().await;
        let served = site.serve().await;
        assert!(served.log().contains(&format!("failpoint {point}")));
        site.look().holds(2);
        handed_over.gets_all_of(&ledger).await;
        claimed.gets_all_of(&ledger).await;
        site.all_finished(&served).await;
        site.look().holds(2);
        served.kill();
        site.time_passes().await;
    }
    let events = site.look().count("events") as usize;
    handed_over.take_what_came().await;
    assert_eq!(
        handed_over.records(),
        events,
        "also what was stored and not answered arrives"
    );
}

macro_rules! points {
    ($($name:ident $point:literal)+) => {
        $(async fn $name(database: Database) {
            dies_and_keeps_its_promises(database, $point).await;
        })+
        on_both![$($name),+];
    };
}

points! {
    dies_between_an_event_and_its_deliveries "ingest:between_event_and_deliveries"
    dies_before_a_commit "writer:before_commit"
    dies_between_a_commit_and_its_answers "writer:after_commit"
    dies_between_a_commit_and_the_hand_over "ingest:before_hand_over"
    dies_between_the_hand_over_and_the_answer "ingest:before_answer"
    dies_after_a_claim "recover:after_claim"
    dies_before_a_request_is_sent "deliver:before_send"
    dies_between_a_request_and_its_record "deliver:after_send"
    dies_between_a_delivery_and_its_attempt "record:between_delivery_and_attempt"
    dies_after_a_record "record:after_commit"
}

on_both![
    what_was_sent_and_not_recorded_is_sent_again_under_the_same_id,
    a_sender_that_panics_leaves_its_place_to_others,
];

async fn what_was_sent_and_not_recorded_is_sent_again_under_the_same_id(database: Database) {
    let site = Site::on(database).await;
    let served = site.serve().await;
    let mut sink = Sink::start();
    site.connect(&served, &sink.receiver.url(), json!({}), json!({}))
        .await;
    served.kill();
    site.time_passes().await;
    let served = site.serve_until("deliver:after_send", "1").await;
    let ledger = Ledger::default();
    let posting = ledger.post(&served, 0..1);
    assert_eq!(served.ended().await, -6);
    posting.await.unwrap();
    sink.next().await;
    assert_eq!(site.look().count("attempts"), 0);
    site.time_passes().await;
    let served = site.serve().await;
    sink.next().await;
    assert_eq!((sink.records(), sink.repeated()), (1, 1));
    site.all_finished(&served).await;
    sink.gets_all_of(&ledger).await;
}

async fn a_sender_that_panics_leaves_its_place_to_others(database: Database) {
    let site = Site::on(database).await;
    let mut sink = Sink::start();
    let served = site.serve().await;
    let alone = json!({"concurrency": 1});
    site.connect(&served, &sink.receiver.url(), alone, json!({}))
        .await;
    served.kill();
    site.time_passes().await;
    let served = site.serve_until("deliver:before_send", "panic").await;
    let ledger = Ledger::default();
    ledger.post(&served, 0..5).await.unwrap();
    assert_eq!(ledger.len(), 5);
    for _ in 0..4 {
        sink.next().await;
    }
    patiently("four results", async {
        while site.look().count("deliveries WHERE state = 'delivered'") < 4 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    served.kill();
    site.time_passes().await;
    let served = site.serve().await;
    sink.gets_all_of(&ledger).await;
    site.all_finished(&served).await;
    assert_eq!(sink.repeated(), 0);
}
