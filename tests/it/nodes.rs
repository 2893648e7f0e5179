//! Several nodes on one PostgreSQL: what one is told holds for all, limits are shared, and nothing is taken twice.

use std::time::Duration;

use bluebridge::flow::counts::count;
use bluebridge::flow::nodes::Clocks;
use bluebridge::flow::recover::release_expired;
use bluebridge::flow::replay::advance;
use bluebridge::store::counts::Span;
use serde_json::json;

use crate::database::{Database, Home, execute};
use crate::harness::{Connected, Receiver, TestBridge, event, patiently, todo_created};

const NOW_MS: i64 = 1_795_507_200_000;

/// Two nodes that know of each other.
async fn two() -> [TestBridge; 2] {
    let home = Home::new(Database::Postgres);
    let nodes = [
        TestBridge::start_in(home.clone(), NOW_MS).await,
        TestBridge::start_in(home, NOW_MS).await,
    ];
    for node in &nodes {
        patiently("both nodes", async {
            while node.bridge.nodes.share().nodes() != 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    nodes
}

/// Waits until the second node has what the first one was told.
async fn seen_by_both(nodes: &[TestBridge; 2], hook: &str) -> [String; 2] {
    let token = hook.rsplit('/').next().unwrap();
    patiently("the other node's snapshot", async {
        while nodes.iter().any(|node| {
            let snapshot = node.bridge.snapshot();
            snapshot
                .source(token)
                .is_none_or(|source| snapshot.connections_of(source.id).is_empty())
        }) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    [0, 1].map(|at| nodes[at].url(&format!("/hooks/{token}")))
}

async fn connected(
    nodes: &[TestBridge; 2],
    receiver: &Receiver,
    rules: serde_json::Value,
) -> (Connected, [String; 2]) {
    let connected = nodes[0].connect(receiver, rules).await;
    let hooks = seen_by_both(nodes, &connected.hook).await;
    (connected, hooks)
}

async fn stop(nodes: [TestBridge; 2]) {
    for node in nodes {
        node.stop().await;
    }
}

#[actix_web::test]
async fn what_one_node_saves_the_other_works_by_and_both_are_listed() {
    let (nodes, receiver) = (two().await, Receiver::start());
    let (connected, hooks) = connected(&nodes, &receiver, json!({})).await;
    let (status, answer) = nodes[1].post(&hooks[1], todo_created()).await;
    assert_eq!((status, &answer["deliveries"]), (200, &json!(1)));
    receiver.next().await;
    nodes[1].recorded(1).await;
    // The first node's token is known to the second, and the second's log to the first.
    let log = nodes[0].get("/deliveries?state=delivered").await;
    assert_eq!(log["data"].as_array().unwrap().len(), 1);

    let listed = nodes[0].bridge.store.nodes().await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|node| node.silent_ms < 60_000));
    let destination = nodes[0]
        .bridge
        .snapshot()
        .destination(connected.destination_id.parse().unwrap())
        .cloned()
        .unwrap();
    let parts: u32 = nodes
        .iter()
        .map(|node| node.bridge.nodes.concurrency(&destination))
        .sum();
    assert_eq!(parts, destination.settings.limits.concurrency);
    let housekeepers = nodes
        .iter()
        .filter(|node| node.bridge.nodes.is_housekeeper())
        .count();
    assert_eq!(housekeepers, 1);

    // One that stops leaves its part to the other.
    let [first, second] = nodes;
    first.stop().await;
    patiently("the whole limit", async {
        while second.bridge.nodes.share().nodes() != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    second.stop().await;
}

#[actix_web::test]
async fn the_same_event_at_two_nodes_at_once_is_stored_once() {
    let (nodes, receiver) = (two().await, Receiver::start());
    let (_, hooks) = connected(&nodes, &receiver, json!({})).await;
    let events: Vec<Vec<u8>> = (0..40).map(event).collect();
    // The second node gets them the other way round: neither waits for the other for ever.
    let posts = events
        .iter()
        .map(|body| nodes[0].post(&hooks[0], body))
        .chain(
            events
                .iter()
                .rev()
                .map(|body| nodes[1].post(&hooks[1], body)),
        );
    let answers = futures_util::future::join_all(posts).await;
    let in_state = |state: &str| {
        answers
            .iter()
            .filter(|(status, answer)| *status == 200 && answer["status"] == state)
            .count()
    };
    assert_eq!(
        (in_state("stored"), in_state("duplicate")),
        (40, 40),
        "{answers:?}"
    );
    for _ in 0..40 {
        receiver.next().await;
    }
    patiently("every result", async {
        while nodes[0].get("/deliveries?state=delivered&limit=100").await["data"]
            .as_array()
            .unwrap()
            .len()
            < 40
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(receiver.is_idle().await);
    stop(nodes).await;
}

#[actix_web::test]
async fn a_record_keeps_its_order_over_two_nodes() {
    let (nodes, receiver) = (two().await, Receiver::start());
    let rules = json!({
        "delivery": {"order": "per_record"},
        "mapping": {"mode": "fields", "fields": [{"to": "title", "from": {"path": "$.currentValue.title"}}]},
    });
    let (_, hooks) = connected(&nodes, &receiver, rules).await;
    for number in 0..12 {
        for node in &nodes {
            node.advance(Duration::from_millis(1));
        }
        let (status, _) = nodes[number % 2]
            .post(&hooks[number % 2], &event(number))
            .await;
        assert_eq!(status, 200);
    }
    for number in 0..12 {
        for node in &nodes {
            node.bridge.outbox.announce_room();
        }
        let title = receiver.next().await.json()["title"].to_string();
        assert_eq!(title, format!("\"G{number:03}\""));
    }
    stop(nodes).await;
}

#[actix_web::test]
async fn a_destination_paused_on_one_node_gets_nothing_from_the_other() {
    let (nodes, receiver) = (two().await, Receiver::start());
    let (connected, hooks) = connected(&nodes, &receiver, json!({})).await;
    let path = |verb: &str| format!("/destinations/{}/{verb}", connected.destination_id);
    assert_eq!(nodes[0].api("POST", &path("pause"), None).await.0, 200);
    let id = connected.destination_id.parse().unwrap();
    let is_paused = |node: &TestBridge| {
        let snapshot = node.bridge.snapshot();
        let destination = snapshot.destination(id).unwrap();
        destination.health.paused.is_some()
    };
    patiently("the pause", async {
        while !is_paused(&nodes[1]) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    nodes[1].post(&hooks[1], todo_created()).await;
    let log = nodes[0].get("/deliveries?state=held").await;
    assert_eq!(log["data"].as_array().unwrap().len(), 1);
    assert!(receiver.is_idle().await);
    assert_eq!(nodes[0].api("POST", &path("resume"), None).await.0, 200);
    receiver.next().await;
    stop(nodes).await;
}

/// The two nodes, the one that does what one does for all first.
fn housekeeper_first(nodes: &[TestBridge; 2]) -> [&TestBridge; 2] {
    if nodes[0].bridge.nodes.is_housekeeper() {
        [&nodes[0], &nodes[1]]
    } else {
        [&nodes[1], &nodes[0]]
    }
}

#[actix_web::test]
async fn one_node_counts_and_the_next_one_goes_on_where_it_stopped() {
    let (nodes, receiver) = (two().await, Receiver::start());
    let (_, hooks) = connected(&nodes, &receiver, json!({})).await;
    nodes[0].post(&hooks[0], todo_created()).await;
    receiver.next().await;
    let [first, second] = nodes;
    let (runs, other) = if first.bridge.nodes.is_housekeeper() {
        (first, second)
    } else {
        (second, first)
    };
    // What has been counted to tells by whose clock.
    let day = Duration::from_secs(86_400);
    other.advance(day);
    let tomorrow_ms = NOW_MS + day.as_millis() as i64 / 2;
    let is_of_tomorrow = async |node: &TestBridge| {
        let counted_to = node.bridge.store.counted_to().await.unwrap();
        counted_to.map(|ms| ms > tomorrow_ms)
    };
    count(&other.bridge).await.unwrap();
    assert_ne!(is_of_tomorrow(&other).await, Some(true));
    count(&runs.bridge).await.unwrap();
    assert_eq!(is_of_tomorrow(&other).await, Some(false));
    runs.stop().await;
    patiently("the other to take it over", async {
        while !other.bridge.nodes.is_housekeeper() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let hook = other.url(&format!("/hooks/{}", hooks[0].rsplit('/').next().unwrap()));
    other.post(&hook, &event(1)).await;
    receiver.next().await;
    count(&other.bridge).await.unwrap();
    assert_eq!(is_of_tomorrow(&other).await, Some(true));
    let series = other.bridge.store.series(Span::Hour, 0).await.unwrap();
    let received: i64 = series.received.iter().map(|(_, count)| count).sum();
    assert_eq!(received, 2, "each once");
    other.stop().await;
}

async fn becomes(node: &TestBridge, path: &str, field: &str, value: serde_json::Value) {
    patiently(field, async {
        while node.get(path).await[field] != value {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[actix_web::test]
async fn a_replay_is_run_by_one_node_wherever_it_was_asked_for() {
    let (nodes, receiver) = (two().await, Receiver::start());
    let (_, hooks) = connected(&nodes, &receiver, json!({})).await;
    for number in 0..20 {
        nodes[number % 2]
            .post(&hooks[number % 2], &event(number))
            .await;
        receiver.next().await;
    }
    patiently("every result", async {
        while nodes[0]
            .look()
            .count("deliveries WHERE state = 'delivered'")
            < 20
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // A replay takes what is older than itself by its node's clock.
    for node in &nodes {
        node.advance(Duration::from_secs(1));
    }
    let [runs, other] = housekeeper_first(&nodes);
    let begun = other
        .created("/replays", json!({"filter": {}, "per_second": 10}))
        .await;
    let path = format!("/replays/{}", begun["id"].as_str().unwrap());
    becomes(other, &path, "made", json!(1)).await;
    // The one that does not run it may be called as often as one likes, and however late it is.
    other.advance(Duration::from_secs(60));
    advance(&other.bridge).await.unwrap();
    assert_eq!(other.get(&path).await["made"], 1);
    for _ in 0..2 {
        runs.advance(Duration::from_secs(1));
        advance(&runs.bridge).await.unwrap();
    }
    patiently("the end of the replay", async {
        while runs.get(&path).await["state"] != "finished" {
            runs.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    })
    .await;
    let ended = other.get(&path).await;
    assert_eq!(
        (&ended["made"], &ended["repeated"]),
        (&json!(20), &json!(0))
    );
    let mut ids = std::collections::HashSet::new();
    for _ in 0..20 {
        ids.insert(receiver.next().await.body);
    }
    assert_eq!(ids.len(), 20, "each event once");
    assert!(receiver.is_idle().await);
    stop(nodes).await;
}

#[actix_web::test]
async fn a_replay_that_is_cancelled_on_one_node_leaves_nothing_in_the_memory_of_the_other() {
    let (nodes, receiver) = (two().await, Receiver::start());
    let limits = json!({"concurrency": 2, "per_second": 0.001});
    let made = nodes[0]
        .connect_to(&receiver.url(), limits, json!({}))
        .await;
    let hooks = seen_by_both(&nodes, &made.hook).await;
    // Filtered out when they came, so that nothing was sent and the pace is unspent.
    let path = format!("/destinations/{}/pause", made.destination_id);
    assert_eq!(nodes[0].api("POST", &path, None).await.0, 200);
    for number in 0..8 {
        nodes[0].post(&hooks[0], &event(number)).await;
    }
    // A replay takes what is older than itself by its node's clock.
    for node in &nodes {
        node.advance(Duration::from_secs(1));
    }
    let [runs, other] = housekeeper_first(&nodes);
    for delivery in nodes[0].get("/deliveries?state=held").await["data"]
        .as_array()
        .unwrap()
    {
        let path = format!("/deliveries/{}/discard", delivery["id"].as_str().unwrap());
        assert_eq!(nodes[0].api("POST", &path, None).await.0, 200);
    }
    let path = format!("/destinations/{}/resume", made.destination_id);
    assert_eq!(runs.api("POST", &path, None).await.0, 200);
    let begun = other
        .created("/replays", json!({"filter": {}, "per_second": 8}))
        .await;
    let path = format!("/replays/{}", begun["id"].as_str().unwrap());
    becomes(other, &path, "made", json!(1)).await;
    runs.advance(Duration::from_secs(1));
    becomes(other, &path, "made", json!(8)).await;
    patiently("the replay in memory", async {
        while runs.bridge.outbox.waiting() < 5 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let cancel = format!("{path}/cancel");
    assert_eq!(other.api("POST", &cancel, None).await.0, 200);
    patiently("the other's memory", async {
        while runs.bridge.outbox.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    patiently("everything given up", async {
        while runs.look().count("deliveries WHERE finished_at IS NULL") > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let sent = nodes[0]
        .look()
        .count("deliveries WHERE state = 'delivered'");
    assert!(sent <= 2, "only what was under way: {sent}");
    stop(nodes).await;
}

#[actix_web::test]
async fn an_idle_node_whose_connections_were_cut_is_ready_again() {
    let node = TestBridge::start_on(Database::Postgres).await;
    let (server, name) = node.home.database_url.rsplit_once('/').unwrap();
    execute(
        &format!("{server}/postgres"),
        &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
    );
    patiently("a commit", async {
        while node.bridge.store.probe().await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    node.stop().await;
}

#[actix_web::test]
async fn a_repeated_request_makes_nothing_twice_whichever_node_it_comes_to() {
    let nodes = two().await;
    let ask = |node: &TestBridge, path: &str, body: &str| {
        node.http
            .post(node.url(&format!("/api/v1{path}")))
            .bearer_auth(&nodes[0].token)
            .header("idempotency-key", "k")
            .body(body.to_string())
            .send()
    };
    let asked = (0..12).map(|number| ask(&nodes[number % 2], "/sources", r#"{"name": "Blue"}"#));
    let mut ids = Vec::new();
    for answer in futures_util::future::join_all(asked).await {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 201);
        let source: serde_json::Value =
            serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        ids.push(source["id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(nodes[0].look().count("sources"), 1);
    let other = ask(&nodes[1], "/sources", r#"{"name": "Other"}"#).await;
    assert_eq!(other.unwrap().status(), 422);

    // What was refused leaves the key free.
    let wrong = nodes[1].http.post(nodes[1].url("/api/v1/sources"));
    let wrong = wrong
        .bearer_auth(&nodes[0].token)
        .header("idempotency-key", "free");
    let refused = wrong.body("{}").send().await.unwrap();
    assert_eq!(refused.status(), 422);
    assert_eq!(nodes[0].look().count("idempotency_keys"), 1);
    stop(nodes).await;
}

/// An hour ahead of the database. Were its leases taken by its own clock, what it held when it died would wait for an hour; and those of others would
/// seem to it to have run out long ago.
#[actix_web::test]
async fn leases_are_taken_and_run_out_by_the_databases_clock() {
    let (bridge, receiver) = (
        TestBridge::start_on(Database::Postgres).await,
        Receiver::start(),
    );
    let connected = bridge.connect(&receiver, json!({})).await;
    let inner = &bridge.bridge;
    let (now_ms, hour_ms) = (inner.clock.now_ms(), 3_600_000);
    let at = |unix_ms: i64| Clocks {
        wall_ms: unix_ms,
        steady_ms: unix_ms,
    };
    let nodes = &inner.nodes;
    nodes.note_clocks(at(now_ms - 10), at(now_ms + 10), now_ms - hour_ms);
    // The answer came so late that nobody knows when it was given.
    nodes.note_clocks(at(now_ms - 5_000), at(now_ms), now_ms);
    assert_eq!(nodes.database_clock_ms(now_ms), Some(now_ms - hour_ms));
    receiver.hold(true);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    let until_ms = now_ms - hour_ms + inner.lease_ms;
    let leased = format!("deliveries WHERE lease_until = {until_ms}");
    assert_eq!(bridge.look().count(&leased), 1);
    assert_eq!(release_expired(inner).await.unwrap(), 0);
    receiver.hold(false);
    bridge.recorded(1).await;
    bridge.stop().await;
}
