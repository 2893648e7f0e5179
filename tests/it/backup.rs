//! A backup that is taken while events pour in: what was acknowledged before it began is in it, whole, and a bridge starts on it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use bluebridge::domain::catalogue::sample::sample;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection};
use futures_util::StreamExt as _;
use serde_json::json;

use crate::database::{Database, Home};
use crate::harness::{Receiver, TestBridge, patiently};

/// Events posted in all; the backup begins after the first quarter is acknowledged.
const POSTS: usize = 600;

/// What breaks the rules in a database with two connections, as far as a query can tell; each counts the offenders.
const HALF_WRITTEN: [(&str, &str); 4] = [
    (
        "an event without all its deliveries",
        "SELECT count(*) AS n FROM events WHERE (SELECT count(*) FROM deliveries WHERE event_id = events.id) <> 2",
    ),
    (
        "a delivery without all its attempts",
        "SELECT count(*) AS n FROM deliveries WHERE attempts <> (SELECT count(*) FROM attempts WHERE delivery_id = deliveries.id)",
    ),
    (
        "an attempt without its delivery",
        "SELECT count(*) AS n FROM attempts WHERE delivery_id NOT IN (SELECT id FROM deliveries)",
    ),
    (
        "a row that refers to nothing",
        "SELECT count(*) AS n FROM pragma_foreign_key_check",
    ),
];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[actix_web::test]
async fn a_backup_under_load_restores_all_that_was_acknowledged_before_it_began() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let second = json!({"name": "Second", "source_id": connected.source_id, "destination_id": connected.destination_id});
    bridge.created("/connections", second).await;
    let acknowledged: Arc<Mutex<HashSet<String>>> = Arc::default();
    let posts = futures_util::stream::iter(0..POSTS).map(|number| {
        let event = sample("TODO_CREATED", number as u64);
        let id = event["currentValue"]["id"].as_str().unwrap().to_string();
        let (bridge, hook, acknowledged) = (&bridge, &connected.hook, acknowledged.clone());
        async move {
            let (status, answer) = bridge.post(hook, event.to_string().as_bytes()).await;
            assert_eq!(status, 200, "{answer}");
            acknowledged.lock().unwrap().insert(id);
        }
    });
    let copy = Home::new(Database::Sqlite);
    let copied = copy.folder.path().join("test.db");
    let backup = async {
        patiently("a quarter of the answers", async {
            while acknowledged.lock().unwrap().len() < POSTS / 4 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let before = acknowledged.lock().unwrap().clone();
        bridge.bridge.store.backup(copied.clone()).await.unwrap();
        let during = acknowledged.lock().unwrap().len();
        (before, during)
    };
    let (_, (before, during)) =
        tokio::join!(posts.buffer_unordered(16).collect::<Vec<()>>(), backup);
    assert!(during < POSTS, "it was taken while events poured in");
    let now_ms = bridge.clock.load(std::sync::atomic::Ordering::SeqCst);
    bridge.stop().await;

    let mut conn = SqliteConnection::establish(copied.to_str().unwrap()).unwrap();
    let check = diesel::sql_query("SELECT integrity_check AS word FROM pragma_integrity_check");
    assert_eq!(check.load::<Word>(&mut conn).unwrap()[0].word, "ok");
    for (what, query) in HALF_WRITTEN {
        let found: Vec<Count> = diesel::sql_query(query).load(&mut conn).unwrap();
        assert_eq!(found[0].n, 0, "{what}");
    }
    drop(conn);

    let restored = TestBridge::start_in(copy, now_ms).await;
    let (mut found, mut cursor) = (HashSet::new(), String::new());
    loop {
        let page = restored.get(&format!("/events?limit=200{cursor}")).await;
        for event in page["data"].as_array().unwrap() {
            found.insert(event["record_id"].as_str().unwrap().to_string());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let missing: Vec<_> = before.difference(&found).collect();
    assert!(
        missing.is_empty(),
        "acknowledged and not in the backup: {missing:?}"
    );
    // Whatever had not arrived when the backup was taken arrives now.
    patiently("the rest of the deliveries", async {
        for state in ["queued", "sending", "retrying", "held"] {
            let path = format!("/deliveries?state={state}");
            while restored.get(&path).await["data"] != json!([]) {
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
    restored.stop().await;
}
