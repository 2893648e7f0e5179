//! Three nodes as processes of their own on one PostgreSQL, under load: one is killed, one stands still, every connection is cut, and the
//! database restarts. Whatever was answered with a 2xx arrives, is stored once, and is repeated only where a lease was lost.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bluebridge::domain::catalogue::sample::sample;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database::execute;
use crate::harness::{Receiver, SECRET, free_port, patiently, signature};

const NODES: usize = 3;
/// Events of the whole test.
const EVENTS: usize = 1_200;
/// Posted at once.
const AT_ONCE: usize = 16;
/// The shortest that is allowed: what a killed node held is sent again after so long.
const LEASE_S: &str = "45";
/// A node that stands still is asked no longer than this.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A PostgreSQL of this test's own, which it may restart.
struct Server {
    state: TempDir,
    users: std::fs::File,
    url: String,
}

impl Server {
    fn start() -> Server {
        let state = tempfile::tempdir().unwrap();
        let users = std::fs::File::create(state.path().join("users")).unwrap();
        users.lock_shared().unwrap();
        let url = postgres(state.path(), &[]);
        execute(&format!("{url}/postgres"), "CREATE DATABASE cluster");
        Server { state, users, url }
    }

    fn database(&self) -> String {
        format!("{}/cluster", self.url)
    }

    fn restart(&self) {
        postgres(self.state.path(), &["restart"]);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.users.unlock();
        postgres(self.state.path(), &["stop"]);
    }
}

fn postgres(state: &Path, verb: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres");
    let done = Command::new(script).arg(state).args(verb).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).unwrap().trim().to_string()
}

struct Node {
    port: u16,
    process: Child,
}

impl Node {
    fn start(database: &str, port: u16) -> Node {
        let process = command(database, port)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Node { port, process }
    }

    async fn ready(&self) {
        let url = format!("http://127.0.0.1:{}/readyz", self.port);
        patiently("a node", async {
            while !reqwest::get(&url)
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
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
                        // Nothing else may come than "not now", or no answer at all.
                        Ok(answer) => assert_eq!(answer.status(), 503),
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

#[actix_web::test]
async fn three_nodes_lose_nothing_whatever_happens_to_them_and_their_database() {
    let (server, receiver) = (Server::start(), Receiver::start());
    let database = server.database();
    let ports: Vec<u16> = (0..NODES).map(|_| free_port()).collect();
    let token = command(&database, ports[0])
        .args(["token", "create", "--name", "t"])
        .output()
        .unwrap();
    let token = String::from_utf8(token.stdout).unwrap().trim().to_string();
    let mut nodes: Vec<Node> = ports
        .iter()
        .map(|port| Node::start(&database, *port))
        .collect();
    for node in &nodes {
        node.ready().await;
    }
    let secret = json!({"name": "Blue", "secret": SECRET});
    let source = create(ports[0], &token, "/sources", secret).await;
    let to = json!({"name": "Receiver", "config": {"url": receiver.url()}, "limits": {"concurrency": 9}});
    let destination = create(ports[1], &token, "/destinations", to).await;
    let mapping =
        json!({"mode": "fields", "fields": [{"to": "id", "from": {"path": "$.currentValue.id"}}]});
    let connection = json!({"name": "Through", "source_id": source["id"], "destination_id": destination["id"], "mapping": mapping});
    create(ports[2], &token, "/connections", connection).await;
    let path = source["url"]
        .as_str()
        .unwrap()
        .rsplit_once("/hooks/")
        .unwrap()
        .1;
    let hooks: Vec<String> = ports
        .iter()
        .map(|port| format!("http://127.0.0.1:{port}/hooks/{path}"))
        .collect();
    // Every node knows the connection: each takes a first event and makes a delivery of it.
    let health = reqwest::Client::new();
    for (number, hook) in hooks.iter().enumerate() {
        patiently("the connection on every node", async {
            loop {
                let body = sample("TODO_CREATED", (1_000_000 + number) as u64).to_string();
                let answer = health
                    .post(hook)
                    .header("X-Signature", signature(body.as_bytes()))
                    .body(body)
                    .send()
                    .await
                    .unwrap();
                match answer.status().as_u16() {
                    200 => break,
                    status => assert_eq!(status, 404, "not known there yet"),
                }
            }
        })
        .await;
    }

    let acknowledged = Arc::new(AtomicUsize::new(0));
    let posting = post_all(hooks, acknowledged.clone());
    let after = async |share: usize| {
        patiently("acknowledgements", async {
            while acknowledged.load(Ordering::SeqCst) < EVENTS * share / 10 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    after(2).await;
    nodes[0].kill();
    after(3).await;
    nodes[0] = Node::start(&database, ports[0]);
    nodes[1].signal("-STOP");
    after(5).await;
    nodes[1].signal("-CONT");
    execute(
        &format!("{}/postgres", server.url),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'cluster'",
    );
    after(7).await;
    server.restart();
    let ledger: HashSet<String> = patiently("every acknowledgement", posting)
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(ledger.len(), EVENTS);
    for node in &nodes {
        node.ready().await;
    }

    let mut missing = ledger.clone();
    let mut deliveries: HashMap<String, HashSet<String>> = HashMap::new();
    let mut arrived = 0;
    while !missing.is_empty() {
        let request = receiver.next().await;
        let id = request.json()["id"].as_str().unwrap().to_string();
        let delivery = request.header("webhook-id").unwrap().to_string();
        missing.remove(&id);
        arrived += 1;
        deliveries.entry(id).or_default().insert(delivery);
    }
    // Every repetition has the id of the first one, so that a receiver can drop it.
    assert!(deliveries.values().all(|ids| ids.len() == 1));
    // Only what was in the air when a node died, stood still or lost its database may come twice.
    let repeated = arrived - deliveries.len();
    assert!(repeated <= EVENTS / 4, "{repeated} of {arrived}");
    execute(
        &database,
        &format!(
            "DO $$ BEGIN ASSERT (SELECT count(*) FROM events) >= {EVENTS}; \
             ASSERT (SELECT count(*) FROM events) = (SELECT count(DISTINCT record_id) FROM events); \
             ASSERT (SELECT count(*) FROM deliveries) = (SELECT count(DISTINCT event_id) FROM deliveries); END $$"
        ),
    );
}
