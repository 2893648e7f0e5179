//! The real binary as a process of its own: started, signalled, killed; and what its database must look like afterwards.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use bluebridge::domain::catalogue::sample::sample;
use bluebridge::domain::seal::MasterKey;
use bluebridge::store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::database::{Database, Home, ask, execute};
use crate::harness::{Receiver, SECRET, patiently, signature};

/// Requests that the pretend Blue has open at once.
const POSTERS: usize = 16;

/// A database with a source, served by one process after another.
pub struct Site {
    database_url: String,
    log: PathBuf,
    /// Kept as long as the site.
    _home: Option<Arc<Home>>,
    token: String,
    pub source_id: String,
    hook_path: String,
    pub http: reqwest::Client,
}

fn key() -> MasterKey {
    MasterKey::new([7; 32])
}

/// A process that serves a site. Killed when it is dropped.
pub struct Served {
    process: Child,
    pub url: String,
    hook: String,
    log: PathBuf,
}

impl Site {
    /// A SQLite file in this folder.
    pub async fn new(folder: &Path) -> Site {
        let database_url = format!("sqlite://{}", folder.join("site.db").display());
        Site::with(database_url, folder.join("site.log"), None).await
    }

    /// A new database of this kind.
    pub async fn on(database: Database) -> Site {
        let home = Home::new(database);
        let log = home.folder.path().join("site.log");
        Site::with(home.database_url.clone(), log, Some(home)).await
    }

    /// Makes the database, a token and a source, with a process that is stopped again.
    async fn with(database_url: String, log: PathBuf, home: Option<Arc<Home>>) -> Site {
        let mut site = Site {
            database_url,
            log,
            _home: home,
            token: String::new(),
            source_id: String::new(),
            hook_path: String::new(),
            http: reqwest::Client::builder()
                .no_proxy()
                .pool_max_idle_per_host(0)
                .build()
                .unwrap(),
        };
        let made = site
            .command("token")
            .args(["create", "--name", "test"])
            .output()
            .unwrap();
        site.token = String::from_utf8(made.stdout).unwrap().trim().to_string();
        let served = site.serve().await;
        let source = json!({"name": "Blue", "secret": SECRET});
        let source = site.created(&served, "/sources", source).await;
        site.source_id = source["id"].as_str().unwrap().to_string();
        let url = source["url"].as_str().unwrap();
        site.hook_path = url[url.find("/hooks/").unwrap()..].to_string();
        served.kill();
        site.time_passes().await;
        site
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bluebridge"));
        command
            .arg(verb)
            .env_clear()
            .env("BLUEBRIDGE_DATABASE_URL", &self.database_url)
            .env("BLUEBRIDGE_LISTEN", "127.0.0.1:0")
            .env("BLUEBRIDGE_ALLOW_NETWORKS", "127.0.0.0/8")
            .env("BLUEBRIDGE_MASTER_KEY", key().to_base64().as_str())
            .env("BLUEBRIDGE_LOG", "warn");
        command
    }

    /// Opens the database beside or between the processes that serve it.
    pub fn open(&self) -> Store {
        Store::open(&self.database_url, key()).unwrap()
    }

    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    fn is_shared(&self) -> bool {
        self.database_url.starts_with("postgres")
    }

    /// After a process was killed: what others wait for when a node of theirs has died is over, so that no test waits for it. A file has one
    /// server, which waits for nothing.
    pub async fn time_passes(&self) {
        if !self.is_shared() {
            return;
        }
        let of_the_dead = "SELECT '' AS word, count(*) AS number FROM pg_stat_activity \
                           WHERE datname = current_database() AND application_name = 'bluebridge'";
        patiently("the database to notice", async {
            while ask(&self.database_url, of_the_dead)[0].1 > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        execute(
            &self.database_url,
            "UPDATE deliveries SET lease_until = 0 WHERE state = 'sending'; DELETE FROM nodes; DELETE FROM duties",
        );
    }

    pub async fn serve(&self) -> Served {
        self.serve_by(self.command("serve")).await
    }

    /// Serves with a failpoint armed: see `src/failpoint.rs`.
    pub async fn serve_until(&self, point: &str, action: &str) -> Served {
        let mut command = self.command("serve");
        command.env("BLUEBRIDGE_FAILPOINT", format!("{point}={action}"));
        self.serve_by(command).await
    }

    /// Serves as a child of a shell that first does something to itself.
    pub async fn serve_after(&self, preparation: &str) -> Served {
        let mut shell = Command::new("sh");
        let plain = self.command("serve");
        let program = plain.get_program().to_str().unwrap();
        shell
            .args(["-c", &format!("{preparation}; exec {program} serve")])
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .envs(
                plain
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        self.serve_by(shell).await
    }

    /// Starts a process and waits until it says where it listens.
    async fn serve_by(&self, mut command: Command) -> Served {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let said = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            lines.read_line(&mut line).map(|_| line)
        });
        let said = patiently("the start", said).await.unwrap().unwrap();
        let url = said.trim().rsplit(' ').next().unwrap().to_string();
        let mut served = Served {
            process,
            hook: format!("{url}{}", self.hook_path),
            url,
            log: self.log.clone(),
        };
        if !served.url.starts_with("http://") {
            let ended = served.process.wait();
            panic!("it did not start ({ended:?}): {}", served.log());
        }
        served
    }

    /// Calls the API and returns status and document.
    pub async fn api(
        &self,
        served: &Served,
        method: &str,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self
            .http
            .request(method, format!("{}/api/v1{path}", served.url))
            .bearer_auth(&self.token)
            .body(match body {
                Value::Null => String::new(),
                body => body.to_string(),
            });
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn get(&self, served: &Served, path: &str) -> Value {
        let (status, document) = self.api(served, "GET", path, Value::Null).await;
        assert_eq!(status, 200, "{document}");
        document
    }

    pub async fn created(&self, served: &Served, path: &str, body: Value) -> Value {
        let (status, document) = self.api(served, "POST", path, body).await;
        assert_eq!(status, 201, "{document}");
        document
    }

    /// A destination at `url` and a connection to it that sends every event on as its record's id. Returns the destination.
    pub async fn connect(
        &self,
        served: &Served,
        url: &str,
        limits: Value,
        delivery: Value,
    ) -> String {
        let destination = json!({"name": url, "config": {"url": url}, "limits": limits});
        let destination = self.created(served, "/destinations", destination).await;
        let id = destination["id"].as_str().unwrap().to_string();
        let mapping = json!({"mode": "fields", "fields": [{"to": "id", "from": {"path": "$.currentValue.id"}}]});
        let connection = json!({
            "name": url, "source_id": self.source_id, "destination_id": id, "mapping": mapping, "delivery": delivery,
        });
        self.created(served, "/connections", connection).await;
        id
    }

    /// Makes everything due that waits for a destination, whatever its schedule says.
    pub async fn send_now(&self, served: &Served, destination_id: &str) {
        for verb in ["pause", "resume"] {
            let path = format!("/destinations/{destination_id}/{verb}");
            assert_eq!(self.api(served, "POST", &path, Value::Null).await.0, 200);
        }
    }

    /// Waits until no delivery is unfinished.
    pub async fn all_finished(&self, served: &Served) {
        patiently("every delivery to end", async {
            let path = "/deliveries?state=queued,held,sending,retrying&limit=1";
            while self.get(served, path).await["data"] != json!([]) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Looks into the database, also while it is served.
    pub fn look(&self) -> Look {
        Look::into(&self.database_url)
    }
}

impl Served {
    /// Where Blue posts to.
    pub fn hook(&self) -> &str {
        &self.hook
    }

    /// SIGKILL: nothing is tidied up.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.process.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits for its end by itself: its exit code, or the negative number of the signal that ended it.
    pub async fn ended(mut self) -> i32 {
        let status = patiently("the end", async {
            loop {
                match self.process.try_wait().unwrap() {
                    Some(status) => break status,
                    None => tokio::task::yield_now().await,
                }
            }
        })
        .await;
        status
            .code()
            .or(status.signal().map(|signal| -signal))
            .unwrap()
    }

    /// What this and earlier processes of the site wrote to their log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// A number of `/proc/PID/status` in kilobytes: `VmRSS` now, `VmHWM` at its highest.
    pub fn memory_kb(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        let number = line.split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A database that is looked into.
pub struct Look(String);

impl Look {
    pub fn into(database_url: &str) -> Look {
        Look(database_url.to_string())
    }

    pub fn count(&self, from: &str) -> i64 {
        let query = format!("SELECT '' AS word, count(*) AS number FROM {from}");
        ask(&self.0, &query)[0].1
    }

    /// Bytes, as this database writes them.
    pub fn bytes(&self, hex: &str) -> String {
        if self.0.starts_with("sqlite") {
            format!("x'{hex}'")
        } else {
            format!("'\\x{hex}'::bytea")
        }
    }

    /// What must hold at every moment, whatever died: the file is sound, an event has one first delivery for each of the connections,
    /// no delivery is without its event, and the attempts of a delivery are numbered without a gap and counted in it.
    pub fn holds(&self, connections: usize) {
        let is_sqlite = self.0.starts_with("sqlite");
        if is_sqlite {
            let checked = "SELECT integrity_check AS word, 0 AS number FROM pragma_integrity_check";
            assert_eq!(ask(&self.0, checked), [("ok".to_string(), 0)]);
        }
        let status = if is_sqlite {
            "json_extract(outcome, '$.status')"
        } else {
            "(outcome::json ->> 'status')::int"
        };
        let mut never = vec![
            (
                "an event whose first deliveries are not one for each connection",
                format!("events WHERE {connections} <> (SELECT count(DISTINCT connection_id) FROM deliveries WHERE event_id = events.id AND cause = 'event')
                     OR {connections} <> (SELECT count(*) FROM deliveries WHERE event_id = events.id AND cause = 'event')"),
            ),
            (
                "a delivery without its event",
                "deliveries WHERE event_id NOT IN (SELECT id FROM events)".into(),
            ),
            (
                "an attempt without its delivery",
                "attempts WHERE delivery_id NOT IN (SELECT id FROM deliveries)".into(),
            ),
            (
                "a gap in the attempts, or an attempt that is not counted",
                "deliveries WHERE attempts <> (SELECT count(*) FROM attempts WHERE delivery_id = deliveries.id)
                     OR attempts <> (SELECT coalesce(max(number), 0) FROM attempts WHERE delivery_id = deliveries.id)".into(),
            ),
            (
                "a delivered one without the attempt that delivered it",
                format!("deliveries WHERE state = 'delivered' AND NOT EXISTS (SELECT 1 FROM attempts WHERE delivery_id = deliveries.id
                     AND number = deliveries.attempts AND {status} BETWEEN 200 AND 299)"),
            ),
        ];
        if is_sqlite {
            never.push(("a broken reference", "pragma_foreign_key_check()".into()));
        }
        // One question, so that all is seen at one moment.
        let questions: Vec<String> = never
            .iter()
            .map(|(what, from)| format!("SELECT '{what}' AS word, count(*) AS number FROM {from}"))
            .collect();
        for (what, count) in ask(&self.0, &questions.join(" UNION ALL ")) {
            assert_eq!(count, 0, "{what}");
        }
    }
}

/// The records of every event that was answered with a 2xx. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<HashSet<String>>>);

impl Ledger {
    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub fn records(&self) -> HashSet<String> {
        self.0.lock().unwrap().clone()
    }

    /// Waits until it has so many.
    pub async fn grows_to(&self, count: usize) {
        patiently("answers", async {
            while self.len() < count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Posts the events with these numbers, several at once. Ends when all were answered or failed.
    pub fn post(&self, served: &Served, numbers: std::ops::Range<usize>) -> JoinHandle<()> {
        use futures_util::StreamExt as _;
        let (hook, ledger) = (served.hook().to_string(), self.clone());
        tokio::spawn(async move {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let posts = numbers.map(|number| post_one(&client, &hook, number, &ledger));
            futures_util::stream::iter(posts)
                .buffer_unordered(POSTERS)
                .collect::<Vec<()>>()
                .await;
        })
    }
}

async fn post_one(client: &reqwest::Client, hook: &str, number: usize, ledger: &Ledger) {
    let event = sample("TODO_CREATED", number as u64);
    let record = event["currentValue"]["id"].as_str().unwrap().to_string();
    let body = event.to_string();
    let request = client
        .post(hook)
        .header("X-Signature", signature(body.as_bytes()))
        .body(body);
    if let Ok(response) = request.send().await
        && response.status().is_success()
    {
        ledger.0.lock().unwrap().insert(record);
    }
}

/// A receiver and everything that reached it.
pub struct Sink {
    pub receiver: Receiver,
    /// For each record, the `webhook-id` of each request.
    seen: HashMap<String, Vec<String>>,
}

impl Sink {
    pub fn start() -> Sink {
        Sink {
            receiver: Receiver::start(),
            seen: HashMap::new(),
        }
    }

    pub async fn next(&mut self) {
        let request = self.receiver.next().await;
        let record = request.json()["id"].as_str().unwrap().to_string();
        let id = request.header("webhook-id").unwrap().to_string();
        self.seen.entry(record).or_default().push(id);
    }

    /// Waits until every record of the ledger has arrived, and takes what else is there. A record's deliveries all had the same id.
    pub async fn gets_all_of(&mut self, ledger: &Ledger) {
        let records = ledger.records();
        while !records.iter().all(|record| self.seen.contains_key(record)) {
            self.next().await;
        }
        self.take_what_came().await;
        for (record, ids) in &self.seen {
            let different: HashSet<&String> = ids.iter().collect();
            assert_eq!(different.len(), 1, "{record} came under several ids");
        }
    }

    /// Takes what has arrived already.
    pub async fn take_what_came(&mut self) {
        while let Some(request) = self.receiver.next_if_there().await {
            let record = request.json()["id"].as_str().unwrap().to_string();
            let id = request.header("webhook-id").unwrap().to_string();
            self.seen.entry(record).or_default().push(id);
        }
    }

    /// Records that arrived more than once.
    pub fn repeated(&self) -> usize {
        self.seen.values().filter(|ids| ids.len() > 1).count()
    }

    pub fn records(&self) -> usize {
        self.seen.len()
    }
}

/// A PostgreSQL of a test's own, with a database, which it may change and restart.
pub struct Server {
    state: TempDir,
    users: std::fs::File,
    pub url: String,
}

impl Server {
    pub fn start() -> Server {
        let state = tempfile::tempdir().unwrap();
        let users = std::fs::File::create(state.path().join("users")).unwrap();
        users.lock_shared().unwrap();
        let url = postgres(state.path(), &[]);
        execute(&format!("{url}/postgres"), "CREATE DATABASE cluster");
        Server { state, users, url }
    }

    pub fn database(&self) -> String {
        format!("{}/cluster", self.url)
    }

    pub fn restart(&self) {
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
