//! A running Bluebridge in a folder of its own, set up through its API as a person would: source, destination, connection.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::process::{Process, free_port, wait_for_port};

/// The real binary, built with the benchmark.
const BINARY: &str = env!("CARGO_BIN_EXE_bluebridge");

/// The secret of the pretend Blue.
pub const SECRET: &str = "benchmark";

/// Requests under way at once to the healthy destination, as many as the floor has.
const CONCURRENCY: usize = crate::floor::CONCURRENCY;

/// The key that every node of one database needs.
const MASTER_KEY: &str = "YmVuY2htYXJrYmVuY2htYXJrYmVuY2htYXJrYmVuY2g=";

/// Where a bridge keeps what it remembers; a SQLite file goes with it.
pub struct Home {
    url: String,
    folder: Option<tempfile::TempDir>,
}

impl Home {
    /// A new SQLite file in a temporary folder.
    pub fn sqlite() -> anyhow::Result<Home> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite://{}", file_in(&folder).display());
        Ok(Home {
            url,
            folder: Some(folder),
        })
    }

    /// A PostgreSQL database that is there and empty.
    pub fn postgres(url: String) -> Home {
        Home { url, folder: None }
    }

    /// The SQLite file.
    pub fn file(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(file_in)
    }
}

/// A running bridge.
pub struct Bridge {
    pub process: Process,
    pub port: u16,
    token: String,
    http: reqwest::blocking::Client,
}

impl Bridge {
    /// Starts on this database.
    pub fn start(home: &Home) -> anyhow::Result<Bridge> {
        let port = free_port()?;
        let token = Command::new(BINARY)
            .args(["token", "create", "--name", "benchmark"])
            .envs(environment(home, port))
            .output()?;
        anyhow::ensure!(
            token.status.success(),
            "no token: {}",
            String::from_utf8_lossy(&token.stderr)
        );
        let process = Process::start(
            Command::new(BINARY)
                .envs(environment(home, port))
                .stdout(std::process::Stdio::null()),
        )?;
        wait_for_port(port)?;
        let http = reqwest::blocking::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()?;
        let token = String::from_utf8(token.stdout)?.trim().to_string();
        Ok(Bridge {
            process,
            port,
            token,
            http,
        })
    }

    /// Adds a source; returns its id and inbound address.
    pub fn add_source(&self) -> anyhow::Result<(String, String)> {
        let source = self.create("sources", &json!({"name": "Blue", "secret": SECRET}))?;
        Ok((text(&source, "id")?, text(&source, "url")?))
    }

    /// Adds a connection with four fields and one condition to this address.
    pub fn add_connection(
        &self,
        source_id: &str,
        url: &str,
        timeout_ms: u64,
    ) -> anyhow::Result<String> {
        let destination = self.create(
            "destinations",
            &json!({
                "name": url, "config": {"url": url},
                "limits": {"concurrency": CONCURRENCY, "timeout_ms": timeout_ms},
            }),
        )?;
        let field = |to: &str, path: &str| json!({"to": to, "from": {"path": path}});
        let connection = self.create(
            "connections",
            &json!({
                "name": "benchmark", "source_id": source_id, "destination_id": text(&destination, "id")?,
                "filter": {"path": "$.event", "op": "equals", "value": "TODO_CREATED"},
                "mapping": {"mode": "fields", "fields": [
                    field("id", "$.currentValue.id"),
                    field("task.name", "$.currentValue.title"),
                    field("list", "$.currentValue.todoList.title"),
                    field("project", "$.currentValue.todoList.project.name"),
                ]},
            }),
        )?;
        text(&connection, "id")
    }

    fn create(&self, what: &str, document: &Value) -> anyhow::Result<Value> {
        let answer = self
            .http
            .post(format!("http://127.0.0.1:{}/api/v1/{what}", self.port))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(document.to_string())
            .send()?;
        let status = answer.status();
        let text = answer.text()?;
        anyhow::ensure!(status.is_success(), "{what}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

fn file_in(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("bench.db")
}

fn text(document: &Value, name: &str) -> anyhow::Result<String> {
    let text = document[name]
        .as_str()
        .with_context(|| format!("no {name} in {document}"))?;
    Ok(text.to_string())
}

fn environment(home: &Home, port: u16) -> [(&'static str, String); 5] {
    [
        ("BLUEBRIDGE_DATABASE_URL", home.url.clone()),
        ("BLUEBRIDGE_MASTER_KEY", MASTER_KEY.into()),
        ("BLUEBRIDGE_LISTEN", format!("127.0.0.1:{port}")),
        ("BLUEBRIDGE_ALLOW_NETWORKS", "127.0.0.0/8".into()),
        ("BLUEBRIDGE_LOG", "error".into()),
    ]
}
