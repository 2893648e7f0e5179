//! Secrets: replaced without a lost request, sealed under a key that can be replaced, and seen nowhere but where they are shown once.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bluebridge::domain::secret::Secret;
use bluebridge::domain::signature::{Scheme, sign, verify_standard};
use bluebridge::domain::source::SecretUsed;
use bluebridge::store::destinations::DestinationDraft;
use bluebridge::store::error::StoreError;
use serde_json::{Value, json};

use crate::database::{Database, Home, dump, on_both};
use crate::harness::{
    Received, Receiver, SECRET, TestBridge, event, free_port, patiently, todo_created,
};
use crate::people::between;

on_both!(
    a_signing_secret_is_replaced_under_load_without_a_lost_delivery,
    a_sources_secret_is_replaced_under_load_without_a_refused_request,
    a_change_beside_a_rotation_does_not_undo_it,
    no_secret_of_the_whole_story_is_seen_anywhere,
    a_mask_that_is_saved_keeps_what_it_stands_for_and_is_no_secret_itself,
);

/// The master key where it is given.
const GIVEN_KEY: [u8; 32] = [5; 32];

pub fn signed_with(secret: &str, body: &[u8]) -> String {
    let secret = Secret::new(secret);
    sign(Scheme::Hex, &[&secret], None, "", 0, body)
        .pop()
        .unwrap()
        .1
}

/// Whether a receiver that holds this secret takes the request.
fn takes(secret: &str, request: &Received) -> bool {
    let header = |name: &str| request.header(name).unwrap();
    let timestamp = header("webhook-timestamp");
    let now_s = timestamp.parse().unwrap();
    let secret = Secret::new(secret);
    verify_standard(
        &secret,
        header("webhook-id"),
        timestamp,
        header("webhook-signature"),
        &request.body,
        now_s,
    )
    .is_ok()
}

async fn a_signing_secret_is_replaced_under_load_without_a_lost_delivery(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/destinations/{}/rotate-secret", connected.destination_id);
    let (status, first) = bridge
        .api("POST", &path, Some(json!({"overlap_s": 0})))
        .await;
    assert_eq!(status, 200, "{first}");
    let old = first["signing"]["secret"].as_str().unwrap().to_string();
    assert!(first["signing"]["previous_secret_until"].is_null());

    let posts = async {
        for number in 0..40 {
            assert_eq!(bridge.post(&connected.hook, &event(number)).await.0, 200);
        }
    };
    let rotation = bridge.api("POST", &path, Some(json!({"overlap_s": 3_600})));
    let ((), (status, second)) = tokio::join!(posts, rotation);
    assert_eq!(status, 200, "{second}");
    let new = second["signing"]["secret"].as_str().unwrap().to_string();
    assert!(second["signing"]["previous_secret_until"].is_string() && new != old);
    let mut by_new = 0;
    for _ in 0..40 {
        let request = receiver.next().await;
        assert!(
            takes(&old, &request),
            "a receiver with the old secret lost one"
        );
        by_new += usize::from(takes(&new, &request));
    }
    assert!(by_new > 0);
    let shown = bridge
        .get(&format!("/destinations/{}", connected.destination_id))
        .await;
    assert!(!shown.to_string().contains(&new) && !shown.to_string().contains(&old));

    bridge.advance(Duration::from_secs(3_601));
    bridge.post(&connected.hook, &event(100)).await;
    let request = receiver.next().await;
    assert!(takes(&new, &request) && !takes(&old, &request));

    for (body, code) in [
        (json!({"overlap_s": -1}), "invalid"),
        (json!({"overlap": 1}), "invalid"),
        (json!({"secret": "x".repeat(2_000)}), "invalid"),
    ] {
        let (status, problem) = bridge.api("POST", &path, Some(body)).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some(code)));
    }
    bridge.recorded(41).await;
    bridge.stop().await;
}

async fn a_mask_that_is_saved_keeps_what_it_stands_for_and_is_no_secret_itself(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let source = format!("/sources/{}", connected.source_id);
    let destination = format!("/destinations/{}", connected.destination_id);
    let with = |token: &str, secret: &str| {
        json!({
            "name": "Receiver",
            "config": {"url": receiver.url(), "auth": {"type": "bearer", "token": token}},
            "signing": {"scheme": "hex", "secret": secret},
        })
    };
    let put = async |path: &str, document: Value| bridge.api("PUT", path, Some(document)).await;
    assert_eq!(put(&destination, with("the token", "the key")).await.0, 200);
    assert_eq!(put(&destination, with("***", "***")).await.0, 200);
    let masked = json!({"name": "Blue", "secret": "***", "overlap_s": 0});
    assert_eq!(put(&source, masked.clone()).await.0, 200);

    let body = todo_created();
    let forged = signed_with("***", body);
    let refused = bridge.post_with(&connected.hook, body, Some(&forged));
    assert_eq!(refused.await.0, 401);
    assert_eq!(bridge.post(&connected.hook, body).await.0, 200);
    let request = receiver.next().await;
    assert_eq!(request.header("authorization"), Some("Bearer the token"));
    let signature = signed_with("the key", &request.body);
    assert_eq!(request.header("x-signature"), Some(signature.as_str()));

    let codes = |answer: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let problems = answer["problems"].as_array().unwrap().iter();
        problems
            .map(|problem| (text(&problem["pointer"]), text(&problem["code"])))
            .collect()
    };
    let masked_at = |pointer: &str| (pointer.to_string(), "masked_value".to_string());
    let (status, answer) = bridge.api("POST", "/sources", Some(masked)).await;
    assert_eq!((status, codes(&answer)), (422, vec![masked_at("/secret")]));
    let (status, answer) = bridge
        .api("POST", "/destinations", Some(with("***", "***")))
        .await;
    let both = ["/config/auth/token", "/signing/secret"].map(masked_at);
    assert_eq!((status, codes(&answer)), (422, both.to_vec()));
    let rotate = format!("{destination}/rotate-secret");
    let rotation = json!({"secret": "***"});
    assert_eq!(bridge.api("POST", &rotate, Some(rotation)).await.0, 422);
    let rotation = json!({"overlap_s": 60});
    assert_eq!(
        bridge.api("POST", &rotate, Some(rotation)).await.0,
        409,
        "a request carries one signature in this scheme"
    );
    bridge.stop().await;
}

async fn a_sources_secret_is_replaced_under_load_without_a_refused_request(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/sources/{}", connected.source_id);
    let change =
        |overlap_s: i64| json!({"name": "Blue", "secret": "the new one", "overlap_s": overlap_s});
    let posts = async {
        for number in 0..40 {
            let body = event(number);
            let (status, answer) = bridge
                .post_with(&connected.hook, &body, Some(&signed_with(SECRET, &body)))
                .await;
            assert_eq!(status, 200, "{answer}");
        }
    };
    let ((), (status, _)) = tokio::join!(posts, bridge.api("PUT", &path, Some(change(600))));
    assert_eq!(status, 200);
    let with = async |secret: &str, number: usize| {
        let body = event(number);
        bridge
            .post_with(&connected.hook, &body, Some(&signed_with(secret, &body)))
            .await
            .0
    };
    assert_eq!(
        (with("the new one", 50).await, with(SECRET, 51).await),
        (200, 200)
    );
    // Both webhooks tell of one change until the old one is deleted.
    let told_by = async |webhook: &str, secret: &str, number: usize| {
        let body = String::from_utf8(event(number)).unwrap();
        let body = body.replace("clb4qaopy0000vt24mlp28v03", webhook);
        let signature = signed_with(secret, body.as_bytes());
        let told = bridge.post_with(&connected.hook, body.as_bytes(), Some(&signature));
        told.await.1["status"].clone()
    };
    assert_eq!(told_by("old", SECRET, 60).await, "stored");
    let used = async || {
        let evidence = &bridge.bridge.evidence;
        evidence.write(&bridge.bridge.store).await.unwrap();
        let source = bridge.get(&path).await;
        let present = source["secret_used_at"].clone();
        (present, source["previous_secret_used_at"].clone())
    };
    let (_, before) = used().await;
    bridge.advance(Duration::from_secs(10));
    assert_eq!(told_by("new", "the new one", 60).await, "duplicate");
    let (present, previous) = used().await;
    assert!(present.is_string() && previous == before && present != previous);
    bridge.advance(Duration::from_secs(601));
    assert_eq!(told_by("old", "the new one", 61).await, "stored");
    assert_eq!(told_by("new", "the new one", 61).await, "stored");
    assert_eq!(
        (with("the new one", 52).await, with(SECRET, 53).await),
        (200, 401)
    );
    // Who began before a rotation knows nothing of the secret that came with it.
    let id = connected.source_id.parse().unwrap();
    let before = bridge.bridge.store.source(id).await.unwrap();
    let again = json!({"name": "Blue", "secret": "the third", "overlap_s": 600});
    assert_eq!(bridge.api("PUT", &path, Some(again)).await.0, 200);
    let now = bridge.bridge.clock.now();
    let evidence = &bridge.bridge.evidence;
    evidence.heard(&before, Some(SecretUsed::Present), now);
    let (present, previous) = used().await;
    assert!(
        present.is_null() && previous.is_string(),
        "{present} {previous}"
    );
    bridge.recorded(46).await;
    bridge.stop().await;
}

async fn a_change_beside_a_rotation_does_not_undo_it(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let store = &bridge.bridge.store;
    let id = connected.destination_id.parse().unwrap();

    // What was read before a secret was replaced is not written after it.
    let before = store.destination(id).await.unwrap();
    let rotate = format!("{path}/rotate-secret");
    let rotation = json!({"secret": "the new one", "overlap_s": 0});
    assert_eq!(bridge.api("POST", &rotate, Some(rotation)).await.0, 200);
    let draft = DestinationDraft {
        id,
        name: "Renamed".into(),
        settings: before.settings.clone(),
        now_ms: 0,
    };
    let late = store.change_destination(draft, before.settings, None).await;
    assert!(matches!(late, Err(StoreError::Outdated)), "{late:?}");
    let kept = store.destination(id).await.unwrap();
    assert_eq!(
        kept.settings.signing.secret,
        Some(Secret::new("the new one"))
    );

    // Whoever comes first, the change succeeds and the new secret stays.
    for number in 0..20 {
        let name = format!("Name {number}");
        let change = json!({"name": name, "config": {"url": receiver.url()}});
        let secret = format!("secret number {number}");
        let rotation = json!({"secret": secret, "overlap_s": 0});
        let ((changed, answer), (rotated, _)) = tokio::join!(
            bridge.api("PUT", &path, Some(change)),
            bridge.api("POST", &rotate, Some(rotation))
        );
        assert_eq!((changed, rotated), (200, 200), "{answer}");
        let kept = store.destination(id).await.unwrap();
        assert_eq!(kept.name, name);
        assert_eq!(kept.settings.signing.secret, Some(Secret::new(secret)));
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn on_postgres_the_master_key_is_replaced_when_every_server_has_stopped() {
    let place = Place::on(Database::Postgres, "error");
    let token = place.token();
    let source = json!({"name": "Blue", "secret": SECRET});
    let served = place.serve().await;
    let made = place.api(&token, "POST", "/api/v1/sources", source).await;
    assert_eq!(made.0, 201, "{}", made.1);
    let rotate = ["rotate-key", "--new-key-file", "next.key"];
    let refused = place.run(&rotate);
    assert!(!refused.status.success());
    assert!(
        words(&refused).contains("Stop every server first"),
        "{}",
        words(&refused)
    );
    served.stop().await;
    let done = place.run(&rotate);
    assert!(done.status.success(), "{}", words(&done));
    assert!(words(&done).contains("secrets are sealed under the new key"));
    let halted = place.run(&["serve"]);
    assert!(
        words(&halted).contains("another master key"),
        "{}",
        words(&halted)
    );

    // A server that died tells nobody; it may still be working as far as anybody knows.
    let next = std::fs::read_to_string(place.file("next.key")).unwrap();
    let mut served = place
        .serve_with(&[("BLUEBRIDGE_MASTER_KEY", next.trim())])
        .await;
    served.process.kill().unwrap();
    served.process.wait().unwrap();
    let again = |environment: &str| {
        place
            .command(&["rotate-key", "--new-key-file", "third.key"])
            .env("BLUEBRIDGE_MASTER_KEY", environment)
            .output()
            .unwrap()
    };
    assert!(!again(next.trim()).status.success());
    let an_hour_ago = "UPDATE nodes SET seen_at = seen_at - 3600000";
    crate::database::execute(&place.home.database_url, an_hour_ago);
    let done = again(next.trim());
    assert!(done.status.success(), "{}", words(&done));
}

/// A node that was away while the key was replaced learns it from its next heartbeat, before it seals anything.
#[actix_web::test]
async fn a_node_that_slept_through_a_rotation_is_told() {
    use bluebridge::domain::seal::{MasterKey, SealError};
    let bridge = TestBridge::start_on(Database::Postgres).await;
    let asleep = "UPDATE nodes SET seen_at = seen_at - 3600000";
    // Its own heartbeats go on; what counts is who comes first.
    let resealed = async {
        loop {
            crate::database::execute(&bridge.home.database_url, asleep);
            if bridge
                .bridge
                .store
                .reseal(MasterKey::new([9; 32]))
                .await
                .is_ok()
            {
                break;
            }
        }
    };
    patiently("a moment between two heartbeats", resealed).await;
    let told = bluebridge::flow::nodes::beat(&bridge.bridge).await;
    assert!(
        matches!(told, Err(StoreError::Seal(SealError::OtherKey))),
        "{told:?}"
    );
    bridge.stop().await;
}

/// The program in a folder of its own. With SQLite its key is in a file beside the database, with PostgreSQL it is given.
struct Place {
    home: Arc<Home>,
    database: Database,
    port: u16,
    log: &'static str,
}

impl Place {
    fn new(log: &'static str) -> Place {
        Place::on(Database::Sqlite, log)
    }

    fn on(database: Database, log: &'static str) -> Place {
        Place {
            home: Home::new(database),
            database,
            port: free_port(),
            log,
        }
    }

    fn folder(&self) -> &Path {
        self.home.folder.path()
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder().join(name)
    }

    fn command(&self, verb: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bluebridge"));
        command
            .args(verb)
            .env_clear()
            .current_dir(self.folder())
            .env("BLUEBRIDGE_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("BLUEBRIDGE_ALLOW_NETWORKS", "127.0.0.0/8")
            .env("BLUEBRIDGE_LOG", self.log);
        match self.database {
            Database::Sqlite => command.env("BLUEBRIDGE_DATABASE_URL", "sqlite://./b.db"),
            Database::Postgres => command
                .env("BLUEBRIDGE_DATABASE_URL", &self.home.database_url)
                .env("BLUEBRIDGE_MASTER_KEY", base64_of(GIVEN_KEY)),
        };
        command
    }

    fn run(&self, verb: &[&str]) -> Output {
        self.command(verb).output().unwrap()
    }

    fn token(&self) -> String {
        let made = self.run(&["token", "create", "--name", "t"]);
        String::from_utf8(made.stdout).unwrap().trim().to_string()
    }

    async fn serve(&self) -> Served {
        self.serve_with(&[]).await
    }

    /// With more in its environment.
    async fn serve_with(&self, environment: &[(&str, &str)]) -> Served {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.file("log"))
            .unwrap();
        let process = self
            .command(&["serve"])
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let served = Served { process };
        let ready = format!("http://127.0.0.1:{}/readyz", self.port);
        patiently("the start", async {
            while reqwest::get(&ready).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        served
    }

    async fn api(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, String) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let request = reqwest::Client::new()
            .request(method, url)
            .bearer_auth(token);
        let answer = request
            .header("idempotency-key", path)
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

struct Served {
    process: Child,
}

impl Served {
    /// SIGTERM, and its end.
    async fn stop(mut self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        let process = &mut self.process;
        patiently("the end", async {
            while process.try_wait().unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn checking_makes_nothing_and_a_database_without_its_key_gets_no_other() {
    let place = Place::new("error");
    let there = || {
        let entries = std::fs::read_dir(place.folder()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let before = there();
    let checked = place.run(&["check"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(
        checked.status.success() && said.contains("is not there yet"),
        "{said}"
    );
    assert_eq!(there(), before);

    place.token();
    std::fs::remove_file(place.file("b.key")).unwrap();
    for verb in ["check", "serve"] {
        let refused = place.run(&[verb]);
        let said = words(&refused);
        assert!(!refused.status.success(), "{verb}");
        assert!(
            said.contains("b.key is not: put the key file back"),
            "{verb}: {said}"
        );
        assert!(!place.file("b.key").exists(), "{verb}");
    }
}

#[actix_web::test]
async fn the_master_key_is_replaced_and_a_rotation_that_was_cut_off_goes_on() {
    let (place, receiver) = (Place::new("error"), Receiver::start());
    let token = place.token();
    let served = place.serve().await;
    let (_, source) = place
        .api(
            &token,
            "POST",
            "/api/v1/sources",
            json!({"name": "Blue", "secret": SECRET}),
        )
        .await;
    let source: Value = serde_json::from_str(&source).unwrap();
    let config = json!({"url": receiver.url(), "auth": {"type": "bearer", "token": "hush"}});
    let (_, destination) = place
        .api(
            &token,
            "POST",
            "/api/v1/destinations",
            json!({"name": "R", "config": config}),
        )
        .await;
    let destination: Value = serde_json::from_str(&destination).unwrap();
    let connection =
        json!({"name": "c", "source_id": source["id"], "destination_id": destination["id"]});
    assert_eq!(
        place
            .api(&token, "POST", "/api/v1/connections", connection)
            .await
            .0,
        201
    );

    let refused = place.run(&["rotate-key"]);
    assert!(
        !refused.status.success() && words(&refused).contains("serving this database already"),
        "{}",
        words(&refused)
    );
    served.stop().await;
    let key = || std::fs::read_to_string(place.file("b.key")).unwrap();
    let first = key();

    // Cut off before the first secret was sealed anew: the new key is there, nothing else happened.
    std::fs::write(place.file("b.key.new"), base64_of([9; 32])).unwrap();
    let halted = place.run(&["serve"]);
    assert!(
        !halted.status.success() && words(&halted).contains("Run `bluebridge rotate-key` again"),
        "{}",
        words(&halted)
    );
    let done = place.run(&["rotate-key"]);
    assert!(done.status.success(), "{}", words(&done));
    assert!(
        words(&done).contains("5 secrets are sealed under the new key"),
        "{}",
        words(&done)
    );
    assert_eq!(key().trim(), base64_of([9; 32]));
    assert!(!place.file("b.key.new").exists());
    let kept = |text: &str| {
        let entries = std::fs::read_dir(place.folder())
            .unwrap()
            .map(|entry| entry.unwrap());
        entries
            .filter(|entry| entry.file_name().to_string_lossy().contains(".key.old-"))
            .any(|entry| std::fs::read_to_string(entry.path()).unwrap() == text)
    };
    assert!(kept(&first), "the old key is kept aside");

    // Cut off after everything was sealed, before the files changed places.
    let second = key();
    assert!(place.run(&["rotate-key"]).status.success());
    let third = key();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.file("b.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "a key that we make is its owner's alone");
    }
    std::fs::write(place.file("b.key.new"), &third).unwrap();
    std::fs::write(place.file("b.key"), &second).unwrap();
    let done = place.run(&["rotate-key"]);
    assert!(done.status.success(), "{}", words(&done));
    assert_eq!(key(), third);
    let _served = place.serve().await;
    let hook = source["url"].as_str().unwrap();
    let signature = signed_with(SECRET, todo_created());
    let stored = reqwest::Client::new()
        .post(hook)
        .header("X-Signature", signature)
        .body(todo_created())
        .send()
        .await
        .unwrap();
    assert_eq!(stored.status(), 200);
    assert_eq!(
        receiver.next().await.header("authorization"),
        Some("Bearer hush")
    );
}

fn base64_of(bytes: [u8; 32]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn a_wrong_master_key_refuses_to_start_in_one_line() {
    let place = Place::new("info");
    place.token();
    for (key, reason) in [
        (base64_of([1; 32]), "another master key"),
        ("c2hvcnQ=".to_string(), "exactly 32 bytes"),
    ] {
        for verb in ["serve", "check", "token create --name x"] {
            let verb: Vec<&str> = verb.split(' ').collect();
            let refused = place
                .command(&verb)
                .env("BLUEBRIDGE_MASTER_KEY", &key)
                .output()
                .unwrap();
            assert!(!refused.status.success());
            let text = String::from_utf8(refused.stderr).unwrap();
            assert_eq!(text.trim().lines().count(), 1, "{text}");
            assert!(text.contains(reason) && !text.contains(&key), "{text}");
        }
    }
}

#[test]
fn every_sealed_column_is_sealed_anew() {
    let read = |path: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    };
    let (schema, rotation) = (read("src/store/schema.rs"), read("src/store/rotation.rs"));
    let (mut table, mut found) = (String::new(), 0);
    for line in schema.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with('{')) {
            table = name.to_string();
        }
        let column = line.split_once(" -> ").map_or("", |(column, _)| column);
        if column.ends_with("sealed") {
            found += 1;
            let named = format!("{table}::{column}.eq(");
            assert!(
                rotation.contains(&named),
                "src/store/rotation.rs does not seal {table}.{column} anew"
            );
        }
    }
    assert!(found >= 5, "the schema was not understood");
}

/// Every secret of the story, recognisable. None may be seen anywhere; `shown` are those whose making answers with them once.
const CANARIES: [&str; 12] = [
    "canary-source-secret",
    "canary-source-next",
    "canary-signing-secret",
    "canary-signing-next",
    "canary-basic-password",
    "canary-bearer-token",
    "canary-header-auth",
    "canary-header-value",
    "canary-query-value",
    "canary-bare-query",
    "canary-person-password",
    "canary-wrong-password",
];

/// What a secret may look like: itself, in base64, escaped for an address, byte by byte.
fn disguises(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let inner = base64(secret);
    let basic = base64(&format!("someone:{secret}"));
    vec![
        secret.to_string(),
        inner.trim_end_matches('=').to_string(),
        basic.trim_end_matches('=').to_string(),
        secret.replace('-', "%2D"),
        hex::encode(secret),
        // As a debugger's list of bytes.
        format!("{:?}", secret.as_bytes())
            .trim_matches(['[', ']'])
            .to_string(),
    ]
}

async fn no_secret_of_the_whole_story_is_seen_anywhere(database: Database) {
    for log in ["debug", "json:debug"] {
        whole_story(database, log).await;
    }
}

async fn whole_story(database: Database, log: &'static str) {
    let (place, receiver) = (Place::on(database, log), Receiver::start());
    let token = place.token();
    // A panic at the worst place, in the most talkative way.
    let served = place
        .serve_with(&[
            ("BLUEBRIDGE_FAILPOINT", "deliver:after_send=panic"),
            ("RUST_BACKTRACE", "full"),
        ])
        .await;
    // Everything that the program answers, except where a secret is shown once on purpose.
    let mut seen: Vec<(String, String)> = Vec::new();
    let create = async |path: &str, body: Value| -> Value {
        let (status, text) = place
            .api(&token, "POST", &format!("/api/v1{path}"), body)
            .await;
        assert!(status < 300, "{text}");
        serde_json::from_str(&text).unwrap()
    };
    let source = create(
        "/sources",
        json!({"name": "Blue", "secret": "canary-source-secret"}),
    )
    .await;
    let base = format!("http://{}", receiver.address);
    let destinations = [
        json!({"name": "Basic", "config": {"url": format!("{base}/a?key=canary-query-value"), "headers": {"x-own": "canary-header-value"},
            "auth": {"type": "basic", "username": "someone", "password": "canary-basic-password"}}, "signing": {"secret": "canary-signing-secret"}}),
        json!({"name": "Bearer", "config": {"url": format!("{base}/b?canary-bare-query"), "auth": {"type": "bearer", "token": "canary-bearer-token"}},
            "signing": {"scheme": "hex", "secret": "canary-signing-secret"}}),
        json!({"name": "Header", "config": {"url": base, "auth": {"type": "header", "name": "x-auth", "value": "canary-header-auth"}}, "signing": {"scheme": "none"}}),
        // Nobody listens here: the failure's words must not tell either.
        json!({"name": "Nobody", "config": {"url": format!("http://127.0.0.1:{}/?key=canary-query-value", free_port())}, "signing": {"secret": "canary-signing-secret"}}),
    ];
    let mut ids = Vec::new();
    for (number, document) in destinations.into_iter().enumerate() {
        let path = format!("/destinations?{number}");
        let made = create(&path, document).await;
        seen.push((path, made.to_string()));
        let id = made["id"].as_str().unwrap().to_string();
        let connection = json!({"name": "c", "source_id": source["id"], "destination_id": id, "delivery": {"max_attempts": 1}});
        create(&format!("/connections?{number}"), connection).await;
        ids.push(id);
    }
    let rotate = json!({"secret": "canary-signing-next", "overlap_s": 600});
    seen.push((
        "rotate".into(),
        create(&format!("/destinations/{}/rotate-secret", ids[0]), rotate)
            .await
            .to_string(),
    ));
    let source_path = format!("/api/v1/sources/{}", source["id"].as_str().unwrap());
    let change = json!({"name": "Blue", "secret": "canary-source-next", "overlap_s": 600});
    let changed = place.api(&token, "PUT", &source_path, change).await;
    seen.push((source_path, changed.1));
    for (number, secret) in [
        "canary-source-secret",
        "canary-source-next",
        "canary-wrong-password",
    ]
    .into_iter()
    .enumerate()
    {
        let body = event(number);
        let request = reqwest::Client::new().post(source["url"].as_str().unwrap());
        let answer = request
            .header("X-Signature", signed_with(secret, &body))
            .body(body)
            .send()
            .await
            .unwrap();
        seen.push((format!("hook {number}"), answer.text().await.unwrap()));
    }
    for _ in 0..6 {
        receiver.next().await;
    }
    // Refused documents echo nothing of what they held.
    for (number, document) in [
        json!({"name": "x", "config": {"url": "https://e.com", "auth": {"type": "bearer", "token": ["canary-bearer-token"]}}}),
        json!({"name": "x", "config": {"url": "https://e.com", "auth": {"type": "basic", "username": "", "password": "canary-basic-password"}}}),
        json!({"name": "x", "config": {"url": "https://someone:canary-basic-password@e.com/?canary-query-value"}}),
        json!({"name": "x", "config": {"url": "https://e.com", "headers": {"x": "canary-header-value\n"}}}),
    ].into_iter().enumerate() {
        let (status, text) = place.api(&token, "POST", &format!("/api/v1/destinations?r{number}"), document).await;
        assert_eq!(status, 422);
        seen.push((format!("refused {number}"), text));
    }
    let shown_once = pages(&place, &ids, &mut seen).await;
    for path in [
        "/sources",
        "/destinations",
        "/connections",
        "/events",
        "/deliveries",
        "/openapi.json",
    ] {
        let (status, text) = place
            .api(&token, "GET", &format!("/api/v1{path}"), Value::Null)
            .await;
        assert_eq!(status, 200);
        if path == "/deliveries" {
            let deliveries: Value = serde_json::from_str(&text).unwrap();
            for delivery in deliveries["data"].as_array().unwrap() {
                let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
                seen.push((
                    path.clone(),
                    place.api(&token, "GET", &path, Value::Null).await.1,
                ));
            }
        }
        seen.push((path.into(), text));
    }
    let metrics = reqwest::get(format!("http://127.0.0.1:{}/metrics", place.port))
        .await
        .unwrap();
    seen.push(("/metrics".into(), metrics.text().await.unwrap()));
    for verb in [
        &["export"][..],
        &["check"],
        &["backup", "copy.db"],
        &["user", "list"],
    ] {
        seen.push((verb.join(" "), words(&place.run(verb))));
    }
    // While it runs, so that what is not in the file yet is in its WAL.
    let files = |secrets: &[String]| {
        for entry in std::fs::read_dir(place.folder()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name != "b.key" {
                assert_nothing(log, &name, &std::fs::read(&path).unwrap(), secrets);
            }
        }
    };
    let key = match database {
        Database::Sqlite => std::fs::read_to_string(place.file("b.key")).unwrap(),
        Database::Postgres => base64_of(GIVEN_KEY),
    };
    let mut secrets: Vec<String> = CANARIES.iter().map(|canary| canary.to_string()).collect();
    secrets.extend([token.clone(), key.trim().to_string()]);
    secrets.extend(shown_once);
    if database == Database::Sqlite {
        assert!(place.file("b.db-wal").metadata().unwrap().len() > 0);
    }
    files(&secrets);
    served.stop().await;
    files(&secrets);
    let rows = dump(&place.home.database_url, place.file("b.db"));
    assert!(rows.contains("audit_log") && rows.len() > 10_000, "{rows}");
    assert_nothing(log, "the database's rows", rows.as_bytes(), &secrets);
    for (place, text) in &seen {
        assert_nothing(log, place, text.as_bytes(), &secrets);
    }
    let lines = std::fs::read_to_string(place.file("log")).unwrap();
    assert!(
        lines.lines().count() > 10,
        "the log says something: {lines}"
    );
    let told = lines.contains("failpoint deliver:after_send") && lines.contains("RequestSettings");
    assert!(told, "the panic shows what was at hand: {lines}");
}

fn assert_nothing(log: &str, place: &str, bytes: &[u8], secrets: &[String]) {
    // What is no text is replaced, and no needle holds any of that; the standard library searches fast also in a debug build.
    let text = String::from_utf8_lossy(bytes);
    for secret in secrets {
        for disguise in disguises(secret) {
            assert!(
                !text.contains(&disguise),
                "{log}: {place} holds {secret} as {disguise}"
            );
        }
    }
}

/// Sets up a person, signs in, opens every page, saves forms. Returns what is a secret of ours and shown once at most: tokens of sessions, of the API,
/// of invitations, the second factor's secret and its recovery codes.
async fn pages(
    place: &Place,
    destinations: &[String],
    seen: &mut Vec<(String, String)>,
) -> Vec<String> {
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let (mut cookie, mut cookies, mut shown_once) = (String::new(), Vec::new(), Vec::new());
    let base = format!("http://127.0.0.1:{}", place.port);
    // Pages that show a secret once are not kept among those that may show none.
    let shows_once = [
        "/settings/tokens",
        "/settings/people/invite",
        "/settings/second-factor",
        "/settings/second-factor/confirm",
        "/settings/second-factor/codes",
    ];
    let mut send = async |path: &str, fields: Option<&[(&str, &str)]>| -> String {
        let url = format!("{base}{path}");
        let request = match fields {
            None => http.get(url),
            Some(fields) => http
                .post(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(
                    url::form_urlencoded::Serializer::new(String::new())
                        .extend_pairs(fields)
                        .finish(),
                ),
        };
        let answer = request.header("cookie", &cookie).send().await.unwrap();
        if let Some(set) = answer.headers().get("set-cookie") {
            cookie = set.to_str().unwrap().split(';').next().unwrap().to_string();
            cookies.push(cookie.split_once('=').unwrap().1.to_string());
        }
        let location = answer
            .headers()
            .get("location")
            .map(|value| value.to_str().unwrap().to_string());
        // A form leads to the page that shows its secret, once.
        let shows = location.as_ref().filter(|to| to.contains("?made="));
        let answer = match shows {
            None => answer,
            Some(to) => {
                let next = http.get(format!("{base}{to}"));
                next.header("cookie", &cookie).send().await.unwrap()
            }
        };
        let html = answer.text().await.unwrap();
        let is_post_or_enrolment = fields.is_some() || path == "/settings/second-factor";
        if !(is_post_or_enrolment && shows_once.contains(&path)) {
            seen.push((path.to_string(), format!("{location:?}\n{html}")));
        }
        html
    };
    let mark_of = |html: &str| {
        let rest = html.split("name=\"csrf\" value=\"").nth(1).expect("a form");
        rest.split('"').next().unwrap().to_string()
    };
    let setup = send("/setup", None).await;
    let mark = mark_of(&setup);
    let person = [
        ("csrf", mark.as_str()),
        ("name", "Ada"),
        ("email", "ada@example.com"),
        ("password", "canary-person-password"),
    ];
    send("/setup", Some(&person)).await;
    let mark = mark_of(&send("/", None).await);
    let made = [
        ("csrf", mark.as_str()),
        ("name", "ci"),
        ("role", "viewer"),
        ("days", "30"),
    ];
    let made = send("/settings/tokens", Some(&made)).await;
    shown_once.push(between(&made, "aria-label=\"API token\" value=\"", "\"").to_string());
    let invite = [
        ("csrf", mark.as_str()),
        ("email", "bob@example.com"),
        ("role", "viewer"),
    ];
    let invite = send("/settings/people/invite", Some(&invite)).await;
    shown_once.push(between(&invite, "/invite/", "\"").to_string());
    let current = ("current", "canary-person-password");
    send(
        "/settings/second-factor/begin",
        Some(&[("csrf", &mark), current]),
    )
    .await;
    let enrolment = send("/settings/second-factor", None).await;
    let secret = between(&enrolment, "<code class=\"whole\">", "<").replace(' ', "");
    let codes_in = |html: &str| -> Vec<String> {
        let codes = html.split("<li><code>").skip(1);
        codes
            .map(|rest| rest.split('<').next().unwrap().to_string())
            .collect()
    };
    let code = code_now(&secret);
    let confirm = [("csrf", mark.as_str()), ("code", code.as_str())];
    let old_codes = codes_in(&send("/settings/second-factor/confirm", Some(&confirm)).await);
    let codes = send(
        "/settings/second-factor/codes",
        Some(&[("csrf", &mark), current]),
    )
    .await;
    let codes = codes_in(&codes);
    assert_eq!((old_codes.len(), codes.len()), (10, 10));
    send("/logout", Some(&[("csrf", &mark)])).await;
    let login = mark_of(&send("/login", None).await);
    let fields = [
        ("csrf", login.as_str()),
        ("email", "ada@example.com"),
        ("password", current.1),
    ];
    send("/login", Some(&fields)).await;
    let half = mark_of(&send("/login/code", None).await);
    send(
        "/login/code",
        Some(&[("csrf", &half), ("code", &old_codes[0])]),
    )
    .await;
    send("/login/code", Some(&[("csrf", &half), ("code", &codes[0])])).await;
    let mark = mark_of(&send("/", None).await);
    shown_once.push(hex::encode(
        totp_rs::Secret::try_from_base32(&secret)
            .unwrap()
            .as_bytes(),
    ));
    shown_once.push(secret);
    shown_once.extend(old_codes.into_iter().chain(codes));
    for path in [
        "/sources",
        "/destinations",
        "/connections",
        "/connections/export",
        "/events",
        "/deliveries",
        "/deliveries/export",
        "/replays",
        "/settings",
        "/settings/people",
        "/settings/tokens",
        "/settings/audit",
        "/settings/nodes",
        "/sources/new",
        "/destinations/new",
        "/connections/new",
    ] {
        let html = send(path, None).await;
        assert!(
            path.ends_with("/export") || html.contains("<h1"),
            "{path}: {html}"
        );
        let links: Vec<String> = html
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|link| link.starts_with('/') && !link.starts_with("/static"))
            .map(|link| link.replace("&#38;", "&").replace("&amp;", "&"))
            .collect();
        for link in links {
            send(&link, None).await;
        }
    }
    for id in destinations {
        send(&format!("/destinations/{id}/edit"), None).await;
        send(
            &format!("/destinations/{id}/test"),
            Some(&[("csrf", &mark)]),
        )
        .await;
    }
    send(
        "/settings/password",
        Some(&[
            ("csrf", &mark),
            ("current", "canary-wrong-password"),
            ("password", "canary-wrong-password"),
        ]),
    )
    .await;
    send(
        "/login",
        Some(&[
            ("csrf", &mark),
            ("email", "ada@example.com"),
            ("password", "canary-wrong-password"),
        ]),
    )
    .await;
    shown_once.extend(cookies);
    shown_once
}

fn code_now(secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    totp.generate(since.as_secs()).to_string()
}
