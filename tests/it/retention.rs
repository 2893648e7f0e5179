//! What is forgotten and what is not: by age, by size, and everything else that has had its time.

use std::time::{Duration, Instant};

use bluebridge::domain::seal::MasterKey;
use bluebridge::flow::retention::forget;
use bluebridge::store::Store;
use bluebridge::store::retention::BatchLimits;
use serde_json::{Value, json};

use crate::database::{Database, Home, ask, execute, on_both};
use crate::harness::{Connected, Receiver, SECRET, TestBridge, patiently};

on_both![
    the_oldest_finished_events_go_until_the_database_fits,
    a_long_log_is_walked_once_past_what_waits,
    what_ran_out_and_old_replays_go,
    forgetting_reads_no_table_as_a_whole_however_long_the_log_is,
];

const NOW_MS: i64 = 1_795_507_200_000;
/// A batch as the server takes it.
const BATCH: BatchLimits = BatchLimits {
    events: 200,
    bytes: 8 << 20,
};
const DAY: Duration = Duration::from_secs(86_400);

/// An event of this size that cannot be made smaller.
fn event(number: usize, bytes: usize) -> Vec<u8> {
    let padding: String = (0..bytes / 16)
        .map(|_| format!("{:016x}", rand::random::<u64>()))
        .collect();
    json!({"event": "TODO_CREATED", "webhook": {"id": "w"}, "currentValue": {"id": format!("record-{number:03}"), "title": padding}})
        .to_string()
        .into_bytes()
}

async fn records(bridge: &TestBridge) -> Vec<String> {
    let events = bridge.get("/events?limit=200").await;
    let mut records: Vec<String> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["record_id"].as_str().unwrap().to_string())
        .collect();
    records.sort();
    records
}

/// A source that no connection listens to: its events are finished as they are stored.
async fn unused_hook(bridge: &TestBridge) -> String {
    let source = json!({"name": "Unused", "secret": SECRET});
    let source = bridge.created("/sources", source).await;
    let url = source["url"].as_str().unwrap();
    bridge.url(&url[url.find("/hooks/").unwrap()..])
}

async fn turn(bridge: &TestBridge, connected: &Connected, verb: &str) {
    let path = format!("/destinations/{}/{verb}", connected.destination_id);
    assert_eq!(bridge.api("POST", &path, None).await.0, 200);
}

async fn the_oldest_finished_events_go_until_the_database_fits(database: Database) {
    // An empty PostgreSQL database is larger than an empty file.
    let limit_mb = match database {
        Database::Sqlite => 2,
        Database::Postgres => 12,
    };
    let bridge = TestBridge::start_with(Home::new(database), NOW_MS, |settings| {
        settings.retention_max_mb = limit_mb;
    })
    .await;
    let limit_bytes = limit_mb * 1_000_000;
    let receiver = Receiver::start();
    let connected = bridge.connect(&receiver, json!({})).await;
    turn(&bridge, &connected, "pause").await;
    // The oldest two wait for their paused destination.
    for number in 0..2 {
        let body = event(number, 100_000);
        assert_eq!(bridge.post(&connected.hook, &body).await.0, 200);
    }
    let unused = unused_hook(&bridge).await;
    assert_eq!(forget(&bridge.bridge).await.unwrap().by_size, 0, "it fits");
    let mut posted = 2;
    while bridge.bridge.store.size().await.unwrap().used_bytes <= limit_bytes {
        for number in posted..posted + 20 {
            assert_eq!(bridge.post(&unused, &event(number, 100_000)).await.0, 200);
        }
        posted += 20;
        assert!(posted < 1_000, "{:?}", bridge.bridge.store.size().await);
    }

    bridge.advance(Duration::from_secs(1));
    let mut by_size = 0;
    patiently("a database that fits", async {
        loop {
            let forgotten = forget(&bridge.bridge).await.unwrap();
            assert!(forgotten.by_age == 0 && !forgotten.there_is_more);
            by_size += forgotten.by_size;
            let size = bridge.bridge.store.size().await.unwrap();
            // A SQLite file is as small as that at once; PostgreSQL counts its rows a little later.
            if size.file_bytes <= limit_bytes
                || forgotten.by_size == 0 && size.used_bytes <= limit_bytes
            {
                break;
            }
            assert_eq!(database, Database::Postgres, "{size:?}");
        }
    })
    .await;
    assert!(by_size > 0);
    let left = records(&bridge).await;
    // The oldest went, and none of those that wait.
    assert_eq!(left.len(), posted - by_size);
    let oldest_finished = format!("record-{:03}", 2 + by_size);
    assert_eq!(
        left[..3],
        ["record-000", "record-001", oldest_finished.as_str()]
    );
    if database == Database::Sqlite {
        assert!(by_size < 20, "no more than needed went: {by_size}");
        assert_eq!(forget(&bridge.bridge).await.unwrap().by_size, 0);
    }
    // What waited is sent as if nothing had been.
    turn(&bridge, &connected, "resume").await;
    for _ in 0..2 {
        let sent: Value = receiver.next().await.json();
        assert_eq!(sent["event"], "TODO_CREATED");
    }
    bridge.stop().await;
}

async fn a_long_log_is_walked_once_past_what_waits(database: Database) {
    let bridge = TestBridge::start_in(Home::new(database), NOW_MS).await;
    let receiver = Receiver::start();
    let connected = bridge.connect(&receiver, json!({})).await;
    turn(&bridge, &connected, "pause").await;
    let unused = unused_hook(&bridge).await;
    // More than one batch, and those that wait lie between.
    for number in 0..450 {
        let hook = match number % 3 {
            0 => &connected.hook,
            _ => &unused,
        };
        assert_eq!(bridge.post(hook, &event(number, 16)).await.0, 200);
    }
    bridge.advance(DAY * 89);
    let forgotten = forget(&bridge.bridge).await.unwrap();
    assert_eq!(forgotten.by_age, 0, "not old enough");
    bridge.advance(DAY * 2);
    let forgotten = forget(&bridge.bridge).await.unwrap();
    assert_eq!((forgotten.by_age, forgotten.there_is_more), (300, false));
    assert_eq!(forget(&bridge.bridge).await.unwrap().by_age, 0);
    let left = records(&bridge).await;
    assert_eq!(left.len(), 150, "whatever waits, however old");
    // Given up, they are finished, and go.
    let path = "/deliveries?state=held&limit=1";
    let first = bridge.get(path).await["data"][0]["id"].clone();
    let discard = format!("/deliveries/{}/discard", first.as_str().unwrap());
    assert_eq!(bridge.api("POST", &discard, None).await.0, 200);
    assert_eq!(forget(&bridge.bridge).await.unwrap().by_age, 1);
    bridge.stop().await;
}

async fn what_ran_out_and_old_replays_go(database: Database) {
    let bridge = TestBridge::start_in(Home::new(database), NOW_MS).await;
    let receiver = Receiver::start();
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.post(&connected.hook, &event(1, 16)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let request = bridge.http.post(bridge.url("/api/v1/replays"));
    let request = request
        .bearer_auth(&bridge.token)
        .header("idempotency-key", "k");
    let answer = request.body(r#"{"filter": {}}"#).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201);
    bridge.advance(Duration::from_secs(1));
    receiver.next().await;
    bridge.recorded(2).await;
    patiently("the replay's end", async {
        while bridge.get("/replays").await["data"][0]["state"] != "finished" {
            bridge.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    })
    .await;
    let expired = async |after| {
        let now_ms = NOW_MS + i64::try_from(after).unwrap();
        bridge.bridge.store.forget_expired(now_ms).await.unwrap()
    };
    assert_eq!(expired(DAY.as_millis() - 1).await, 0, "the answer is kept");
    assert_eq!(expired(2 * DAY.as_millis()).await, 1, "for a day");

    bridge.advance(DAY * 89);
    let forgotten = forget(&bridge.bridge).await.unwrap();
    assert_eq!((forgotten.by_age, forgotten.replays), (0, 0));
    bridge.advance(DAY * 2);
    let forgotten = forget(&bridge.bridge).await.unwrap();
    assert_eq!(
        (forgotten.by_age, forgotten.replays),
        (1, 1),
        "with both its deliveries, and the replay with them"
    );
    assert_eq!(bridge.get("/replays").await["data"], json!([]));
    bridge.stop().await;
}

/// Events of the long log, each with a delivery and an attempt; `BLUEBRIDGE_TEST_LOG_EVENTS` makes it longer for a measurement.
const LOG_EVENTS: i64 = 20_000;

/// Fills the log with events of 1970. Every hundredth delivery waits.
fn fill(database_url: &str, count: i64) {
    let is_sqlite = database_url.starts_with("sqlite");
    let (before, id, body) = if is_sqlite {
        (
            "PRAGMA foreign_keys = OFF;",
            "unhex(printf('%032x', n))",
            "randomblob(512)",
        )
    } else {
        (
            "SET session_replication_role = replica;",
            "decode(lpad(to_hex(n), 32, '0'), 'hex')",
            "convert_to(repeat(md5(n::text), 16), 'utf8')",
        )
    };
    let numbers = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
    );
    let headers = "x".repeat(300);
    execute(
        database_url,
        &format!(
            "{before}
             INSERT INTO events (id, source_id, event_type, record_id, received_at, is_test, body, dedupe_key)
             {numbers} SELECT {id}, {id}, 'E', 'r' || n, 0, FALSE, {body}, {id} FROM numbers;
             INSERT INTO deliveries (id, event_id, connection_id, version_id, destination_id, cause, state, attempts, created_at, due_at, finished_at)
             {numbers} SELECT {id}, {id}, {id}, {id}, {id}, 'event', CASE WHEN n % 100 = 0 THEN 'queued' ELSE 'delivered' END, 1, 0,
                 CASE WHEN n % 100 = 0 THEN 1 END, CASE WHEN n % 100 <> 0 THEN 1 END FROM numbers;
             INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, request_line, request_headers, response_headers, response_body, response_truncated)
             {numbers} SELECT {id}, 1, 0, 1, '{{}}', 'POST https://example.com/', '{headers}', '[]', {body}, FALSE FROM numbers;"
        ),
    );
    if !is_sqlite {
        execute(database_url, "VACUUM ANALYZE");
    }
}

/// How often PostgreSQL has read a whole table of the log.
fn scans(database_url: &str) -> Vec<(String, i64)> {
    ask(
        database_url,
        "SELECT relname::text AS word, seq_scan AS number FROM pg_stat_user_tables
         WHERE relname IN ('events', 'deliveries', 'attempts') ORDER BY relname",
    )
}

async fn forgetting_reads_no_table_as_a_whole_however_long_the_log_is(database: Database) {
    let count = std::env::var("BLUEBRIDGE_TEST_LOG_EVENTS")
        .map_or(LOG_EVENTS, |text| text.parse().unwrap());
    let home = Home::new(database);
    let store = Store::open(&home.database_url, MasterKey::new([1; 32])).unwrap();
    fill(&home.database_url, count);
    let shared = database == Database::Postgres;
    if shared {
        // With nothing deleted yet, what the live rows take is what the tables take.
        let reckoned = store.size().await.unwrap().used_bytes as f64;
        let tables = "SELECT '' AS word, sum(pg_total_relation_size(relid))::bigint AS number FROM pg_stat_user_tables
                      WHERE relname IN ('events', 'deliveries', 'attempts')";
        let measured = ask(&home.database_url, tables)[0].1 as f64;
        println!("reckoned {reckoned}, measured {measured}");
        assert!((0.75..1.25).contains(&(reckoned / measured)));
    }
    let before = shared.then(|| scans(&home.database_url));
    let (mut after, mut forgotten, mut slowest) = (None, 0, Duration::ZERO);
    let begun = Instant::now();
    let mut batches = 0;
    loop {
        let asked = Instant::now();
        let batch = store.forget_events(after, NOW_MS, BATCH).await.unwrap();
        slowest = slowest.max(asked.elapsed());
        forgotten += batch.events;
        batches += 1;
        match batch.up_to {
            Some(up_to) => after = Some(up_to),
            None => break,
        }
    }
    println!(
        "{database:?}: {forgotten} of {count} events in {batches} batches, {:?} each, the slowest {slowest:?}",
        begun.elapsed() / batches
    );
    // The beginning of the log is full of what is gone; the next walk begins there all the same.
    let asked = Instant::now();
    let batch = store.forget_events(None, NOW_MS, BATCH).await.unwrap();
    println!("the first batch of the next walk {:?}", asked.elapsed());
    assert_eq!(batch.events, 0);
    assert_eq!(forgotten as i64, count - count / 100);
    let left = ask(
        &home.database_url,
        "SELECT 'events' AS word, count(*) AS number FROM events UNION ALL SELECT 'deliveries', count(*) FROM deliveries
         UNION ALL SELECT 'attempts', count(*) FROM attempts",
    );
    assert!(
        left.iter().all(|(_, left)| *left == count / 100),
        "{left:?}"
    );
    store.close().await;
    if let Some(before) = before {
        // Counting what is left has read each once.
        let after = scans(&home.database_url);
        for ((table, before), (_, after)) in before.iter().zip(&after) {
            assert!(after - before <= 1, "{table}: {}", after - before);
        }
    }
}
