//! Three nodes as processes of their own on one PostgreSQL, under load: one is killed, one stands still, every connection is cut, and the
//! database restarts. Whatever was answered with a 2xx arrives, is stored once, and is repeated only where a node had it under way.

use std::collections::{HashMap, HashSet};
use std::ops::RangeFrom;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bluebridge::domain::catalogue::sample::sample;
use serde_json::{Value, json};

use crate::database::{ask, execute};
use crate::harness::{Received, Receiver, SECRET, free_port, patiently, signature};
use crate::process::Server;

const NODES: usize = 3;
/// Events of the whole test.
const EVENTS: usize = 1_200;
/// Events of the nodes' start have numbers from this on.
const FIRST_EVENTS: usize = 1_000_000;
/// Posted at once.
const AT_ONCE: usize = 16;
/// Sent at once by all nodes together.
const CONCURRENCY: usize = 9;
/// What may come twice: of each of two nodes its part of what is sent at once, and the results that waited for a commit.
const REPEATED_LIMIT: usize = 2 * CONCURRENCY;
/// The shortest that is allowed: what a killed node held is sent again after so long.
const LEASE_S: &str = "45";
/// A node that stands still is asked no longer than this.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

struct Node {
    port: u16,
    process: Child,
}

impl Node {
    fn start(database: &str, port: u16) -> Node {
        let process = command(database, port)
            .arg("serve")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Node { port, process }
    }

    /// Waits until it serves. One that has ended never will; why stands in its log, which is the test's own.
    async fn ready(&mut self) {
        let url = format!("http://127.0.0.1:{}/readyz", self.port);
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_LIMIT)
            .build()
            .unwrap();
        patiently("a node", async {
            while !client
                .get(&url)
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                let ended = self.process.try_wait().unwrap();
                assert!(ended.is_none(), "the node has ended: {ended:?}");
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    fn kill(&mut self) {
        // On Unix this is SIGKILL.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(database: &str, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bluebridge"));
    command
        .env_clear()
        .env("BLUEBRIDGE_DATABASE_URL", database)
        .env(
            "BLUEBRIDGE_MASTER_KEY",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        )
        .env("BLUEBRIDGE_LISTEN", format!("127.0.0.1:{port}"))
        .env("BLUEBRIDGE_LEASE_S", LEASE_S)
        .env("BLUEBRIDGE_ALLOW_NETWORKS", "127.0.0.0/8")
        .env("BLUEBRIDGE_LOG", "error");
    command
}

/// The API of a node.
async fn create(port: u16, token: &str, path: &str, body: Value) -> Value {
    let answer = reqwest::Client::new()
        .post(format!("http://127.0.0.1:{port}/api/v1{path}"))
        .bearer_auth(token)
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// Posts every event as Blue would, to one node after another until one says yes.
fn post_all(
    hooks: Vec<String>,
    acknowledged: Arc<AtomicUsize>,
) -> tokio::task::JoinHandle<Vec<String>> {
    let ids = Arc::new(Mutex::new(Vec::new()));
    tokio::spawn(async move {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_LIMIT)
            .build()
            .unwrap();
        let posts = (0..EVENTS).map(|number| {
            let event = sample("TODO_CREATED", number as u64);
            let id = event["currentValue"]["id"].as_str().unwrap().to_string();
            let body = event.to_string();
            let (client, hooks, ids, acknowledged) =
                (&client, &hooks, ids.clone(), acknowledged.clone());
            async move {
                for attempt in number.. {
                    let answer = client
                        .post(&hooks[attempt % NODES])
                        .header("X-Signature", signature(body.as_bytes()))
                        .body(body.clone())
                        .send()
                        .await;
                    match answer {
                        Ok(answer) if answer.status().is_success() => break,
                        // Nothing else may come than "not now", "too slow" of a node that stood still in the middle of a body, or no answer.
                        Ok(answer) => assert!(matches!(answer.status().as_u16(), 503 | 408)),
                        Err(_) => {}
                    }
                    tokio::task::yield_now().await;
                }
                ids.lock().unwrap().push(id);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        });
        let posts = futures_util::stream::iter(posts);
        let posts = futures_util::StreamExt::buffer_unordered(posts, AT_ONCE);
        futures_util::StreamExt::collect::<Vec<()>>(posts).await;
        ids.lock().unwrap().clone()
    })
}

/// Nodes on one database, with a connection to the receiver that all of them know.
struct Cluster {
    server: Server,
    database: String,
    token: String,
    nodes: Vec<Node>,
    hooks: Vec<String>,
    http: reqwest::Client,
}

impl Cluster {
    async fn start(count: usize, receiver: &Receiver) -> Cluster {
        let server = Server::start();
        let database = server.database();
        let ports: Vec<u16> = (0..count).map(|_| free_port()).collect();
        let token = command(&database, ports[0])
            .args(["token", "create", "--name", "t"])
            .output()
            .unwrap();
        let token = String::from_utf8(token.stdout).unwrap().trim().to_string();
        let mut nodes: Vec<Node> = ports
            .iter()
            .map(|port| Node::start(&database, *port))
            .collect();
        for node in &mut nodes {
            node.ready().await;
        }
        // Each saved on another node.
        let port = |number: usize| ports[number % count];
        let secret = json!({"name": "Blue", "secret": SECRET});
        let source = create(port(0), &token, "/sources", secret).await;
        let to = json!({"name": "Receiver", "config": {"url": receiver.url()}, "limits": {"concurrency": CONCURRENCY}});
        let destination = create(port(1), &token, "/destinations", to).await;
        let mapping = json!({"mode": "fields", "fields": [{"to": "id", "from": {"path": "$.currentValue.id"}}]});
        let connection = json!({"name": "Through", "source_id": source["id"], "destination_id": destination["id"], "mapping": mapping});
        create(port(2), &token, "/connections", connection).await;
        let url = source["url"].as_str().unwrap();
        let path = &url[url.find("/hooks/").unwrap()..];
        let hooks: Vec<String> = ports
            .iter()
            .map(|port| format!("http://127.0.0.1:{port}{path}"))
            .collect();
        let cluster = Cluster {
            server,
            database,
            token,
            nodes,
            hooks,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        // Every node knows the connection: each makes a delivery of an event. One that knows only the source yet makes none, so another event is tried.
        let mut first_events = FIRST_EVENTS..;
        for node in 0..count {
            patiently("the connection on every node", async {
                while cluster.deliveries_of(node, &mut first_events).await != 1 {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            receiver.next().await;
        }
        cluster
    }

    /// How many deliveries a node makes of the next event.
    async fn deliveries_of(&self, node: usize, events: &mut RangeFrom<usize>) -> u64 {
        let answer = self.answer(node, events.next().unwrap()).await;
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        answer["deliveries"].as_u64().unwrap_or(0)
    }

    /// Posts the event of this number to a node and returns the status.
    async fn post(&self, node: usize, number: usize) -> u16 {
        self.answer(node, number).await.status().as_u16()
    }

    async fn answer(&self, node: usize, number: usize) -> reqwest::Response {
        let body = sample("TODO_CREATED", number as u64).to_string();
        let request = self.http.post(&self.hooks[node]);
        let request = request.header("X-Signature", signature(body.as_bytes()));
        request.body(body).send().await.unwrap()
    }

    /// Deliveries that some node is sending or about to send.
    fn under_way(&self) -> HashSet<String> {
        let query = "SELECT encode(id, 'hex') AS word, 0::bigint AS number FROM deliveries WHERE state = 'sending'";
        ask(&self.database, query)
            .into_iter()
            .map(|(id, _)| id)
            .collect()
    }

    fn count(&self, from: &str) -> i64 {
        let query = format!("SELECT '' AS word, count(*) AS number FROM {from}");
        ask(&self.database, &query)[0].1
    }

    /// Which node does what one does for all.
    fn housekeeper(&self) -> Option<usize> {
        let query = "SELECT nodes.name AS word, 0::bigint AS number FROM duties JOIN nodes ON nodes.id = node_id";
        let name = ask(&self.database, query).pop()?.0;
        self.nodes
            .iter()
            .position(|node| name.ends_with(&format!(":{}", node.port)))
    }
}

#[actix_web::test]
async fn three_nodes_lose_nothing_whatever_happens_to_them_and_their_database() {
    let receiver = Receiver::start();
    let mut cluster = Cluster::start(NODES, &receiver).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let posting = post_all(cluster.hooks.clone(), acknowledged.clone());
    let after = async |share: usize| {
        patiently("acknowledgements", async {
            while acknowledged.load(Ordering::SeqCst) < EVENTS * share / 10 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    after(2).await;
    cluster.nodes[0].kill();
    let mut may_come_again = cluster.under_way();
    after(3).await;
    let port = cluster.nodes[0].port;
    cluster.nodes[0] = Node::start(&cluster.database, port);
    // One whose connections are cut while it starts says so and ends; whatever starts it would start it again.
    cluster.nodes[0].ready().await;
    cluster.nodes[1].signal("-STOP");
    may_come_again.extend(cluster.under_way());
    after(5).await;
    cluster.nodes[1].signal("-CONT");
    execute(
        &format!("{}/postgres", cluster.server.url),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'cluster'",
    );
    after(7).await;
    cluster.server.restart();
    let ledger: HashSet<String> = patiently("every acknowledgement", posting)
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(ledger.len(), EVENTS);
    for node in &mut cluster.nodes {
        node.ready().await;
    }

    let mut deliveries: HashMap<String, Vec<String>> = HashMap::new();
    let mut missing = ledger.clone();
    let mut take = |request: Received| {
        let id = request.json()["id"].as_str().unwrap().to_string();
        let delivery = request.header("webhook-id").unwrap().replace('-', "");
        deliveries.entry(id.clone()).or_default().push(delivery);
        id
    };
    while !missing.is_empty() {
        missing.remove(&take(receiver.next().await));
    }
    patiently("every delivery to end", async {
        while cluster.count("deliveries WHERE finished_at IS NULL") > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    while let Some(request) = receiver.next_if_there().await {
        take(request);
    }
    // Every repetition has the id of the first one, so that a receiver can drop it.
    let mut repeated = HashSet::new();
    for ids in deliveries.values() {
        let different: HashSet<&String> = ids.iter().collect();
        assert_eq!(different.len(), 1, "{ids:?}");
        if ids.len() > 1 {
            repeated.insert(ids[0].clone());
        }
    }
    // Only what was under way when a node died or stood still may come twice: neither cut connections nor a restart of the database
    // repeat anything. Of that, only what had been sent already: what the node was sending at once, and the results of its last commits.
    println!("{} of {} came twice", repeated.len(), deliveries.len());
    let without_reason: Vec<&String> = repeated.difference(&may_come_again).collect();
    assert!(without_reason.is_empty(), "{without_reason:?}");
    assert!(repeated.len() <= REPEATED_LIMIT, "{}", repeated.len());
    assert!(cluster.count("events") >= EVENTS as i64);
    for (what, from) in [
        (
            "an event that was stored twice",
            "(SELECT record_id FROM events GROUP BY record_id HAVING count(*) > 1) AS twice",
        ),
        (
            "an event that was delivered twice",
            "(SELECT event_id FROM deliveries GROUP BY event_id HAVING count(*) > 1) AS twice",
        ),
        (
            "a delivery that did not arrive",
            "deliveries WHERE state <> 'delivered'",
        ),
    ] {
        assert_eq!(cluster.count(from), 0, "{what}");
    }
}

/// Deliveries of the replay.
const REPLAYED: usize = 300;

#[actix_web::test]
async fn a_replay_goes_on_elsewhere_when_its_node_stands_still_and_makes_nothing_twice_when_that_wakes()
 {
    let receiver = Receiver::start();
    let mut cluster = Cluster::start(2, &receiver).await;
    for number in 0..REPLAYED {
        assert_eq!(cluster.post(number % 2, number).await, 200);
        receiver.next().await;
    }
    let all = REPLAYED as i64 + 2;
    patiently("every result", async {
        while cluster.count("deliveries WHERE state = 'delivered'") < all {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let runs = patiently("a housekeeper", async {
        loop {
            match cluster.housekeeper() {
                Some(node) => break node,
                None => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    let other = 1 - runs;
    // Asked for at the one that does not run it.
    let wish = json!({"filter": {}, "per_second": 100});
    create(cluster.nodes[other].port, &cluster.token, "/replays", wish).await;
    let made = "deliveries WHERE cause = 'replay'";
    patiently("a part of the replay", async {
        while cluster.count(made) < 50 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    cluster.nodes[runs].signal("-STOP");
    let stopped_at = cluster.count(made);
    assert!(stopped_at < all, "it stands still in the middle");
    patiently("the other one to finish it", async {
        while cluster.count("replays WHERE state = 'finished'") == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(cluster.housekeeper(), Some(other));
    cluster.nodes[runs].signal("-CONT");
    cluster.nodes[runs].ready().await;
    patiently("every delivery to end", async {
        while cluster.count("deliveries WHERE finished_at IS NULL") > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(cluster.count(made), all);
    assert_eq!(
        cluster.count(&format!(
            "replays WHERE queued = {all} AND looked_at = {all} AND repeated = 0"
        )),
        1
    );
    assert_eq!(
        cluster
            .count("(SELECT DISTINCT event_id FROM deliveries WHERE cause = 'replay') AS events"),
        all,
        "each event once"
    );
}
