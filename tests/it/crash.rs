//! kill -9 in the middle of posts: whatever was answered with a 2xx reaches the receiver after a restart.

use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use bluebridge::domain::catalogue::sample::sample;
use serde_json::{Value, json};

use crate::harness::{Receiver, SECRET, free_port, patiently, signature};

/// Posts of one round; the process is killed after about half of them are answered.
const POSTS: usize = 600;
const ROUNDS: usize = 3;

struct Served {
    process: Child,
    url: String,
}

impl Served {
    async fn start(database: &str, port: u16) -> Served {
        let process = command(database, port)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let served = Served {
            process,
            url: format!("http://127.0.0.1:{port}"),
        };
        patiently("the start", async {
            while reqwest::get(format!("{}/readyz", served.url))
                .await
                .is_err()
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
        served
    }

    fn kill(mut self) {
        // On Unix this is SIGKILL.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn command(database: &str, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bluebridge"));
    command
        .env_clear()
        .env("BLUEBRIDGE_DATABASE_URL", database)
        .env("BLUEBRIDGE_LISTEN", format!("127.0.0.1:{port}"))
        .env("BLUEBRIDGE_ALLOW_NETWORKS", "127.0.0.0/8")
        .env("BLUEBRIDGE_LOG", "error");
    command
}

#[actix_web::test]
async fn everything_acknowledged_arrives_although_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("crash.db").display());
    let (receiver, port) = (Receiver::start(), free_port());
    let token = command(&database, port)
        .args(["token", "create", "--name", "t"])
        .output()
        .unwrap();
    let token = String::from_utf8(token.stdout).unwrap().trim().to_string();
    let mut served = Served::start(&database, port).await;
    let api = |path: &str, body: Value| {
        let request = reqwest::Client::new().post(format!(
            "{}/api/v1{path}",
            format_args!("http://127.0.0.1:{port}")
        ));
        let request = request.bearer_auth(&token).body(body.to_string());
        async move {
            serde_json::from_str::<Value>(&request.send().await.unwrap().text().await.unwrap())
                .unwrap()
        }
    };
    let source = api("/sources", json!({"name": "Blue", "secret": SECRET})).await;
    let destination = api(
        "/destinations",
        json!({"name": "Receiver", "config": {"url": receiver.url()}}),
    )
    .await;
    let mapping =
        json!({"mode": "fields", "fields": [{"to": "id", "from": {"path": "$.currentValue.id"}}]});
    let connection = json!({"name": "Through", "source_id": source["id"], "destination_id": destination["id"], "mapping": mapping});
    assert!(api("/connections", connection).await["id"].is_string());
    let hook = source["url"].as_str().unwrap().to_string();

    let ledger: Arc<Mutex<HashSet<String>>> = Arc::default();
    for round in 0..ROUNDS {
        let goal = ledger.lock().unwrap().len() + POSTS / 2;
        let posting = post_many(&hook, round, ledger.clone());
        patiently("half of the answers", async {
            while ledger.lock().unwrap().len() < goal {
                tokio::task::yield_now().await;
            }
        })
        .await;
        served.kill();
        posting.await.unwrap();
        served = Served::start(&database, port).await;
    }
    let ledger = ledger.lock().unwrap().clone();
    assert!(ledger.len() >= ROUNDS * POSTS / 2);
    let mut missing = ledger.clone();
    while !missing.is_empty() {
        let request = receiver.next().await;
        missing.remove(request.json()["id"].as_str().unwrap());
    }
    served.kill();
}

/// Posts from several tasks; every id that was answered with a 2xx goes into the ledger.
fn post_many(
    hook: &str,
    round: usize,
    ledger: Arc<Mutex<HashSet<String>>>,
) -> tokio::task::JoinHandle<()> {
    let hook = hook.to_string();
    tokio::spawn(async move {
        let client = reqwest::Client::new();
        let posts = (0..POSTS).map(|number| {
            let event = sample("TODO_CREATED", (round * POSTS + number) as u64);
            let id = event["currentValue"]["id"].as_str().unwrap().to_string();
            let body = event.to_string();
            let request = client
                .post(&hook)
                .header("X-Signature", signature(body.as_bytes()))
                .body(body);
            let ledger = ledger.clone();
            async move {
                if request
                    .send()
                    .await
                    .is_ok_and(|response| response.status().is_success())
                {
                    ledger.lock().unwrap().insert(id);
                }
            }
        });
        futures_util::StreamExt::collect::<Vec<()>>(futures_util::StreamExt::buffer_unordered(
            futures_util::stream::iter(posts),
            16,
        ))
        .await;
    })
}
