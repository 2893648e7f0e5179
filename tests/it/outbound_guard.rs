//! Nothing inside may be reached: names that change their answer, redirects, ambient proxies, at saving, testing and sending.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bluebridge::domain::destination::{Kind, Settings, SettingsDocument};
use bluebridge::domain::outcome::Outcome;
use bluebridge::outbound::client::Client;
use bluebridge::outbound::exchange::{Exchange, Message};
use bluebridge::outbound::guard::{Guard, Vetoed};
use bluebridge::outbound::lookup::{Answer, Lookup};
use bluebridge::outbound::request::send;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::{self, Receiver, TestBridge, patiently, signature, todo_created};

/// A listener on loopback that counts who comes. Even a connection without a byte counts.
struct Sink {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Sink {
    async fn start() -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                drop(connection);
            }
        });
        Sink { port, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A resolver whose answer changes from question to question; the last one stays.
struct Rebinding {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    questions: AtomicUsize,
}

impl Rebinding {
    fn new(answers: &[&[&str]]) -> Arc<Rebinding> {
        let answers = answers
            .iter()
            .map(|answer| answer.iter().map(|text| text.parse().unwrap()).collect());
        Arc::new(Rebinding {
            answers: Mutex::new(answers.collect()),
            questions: AtomicUsize::new(0),
        })
    }
}

impl Lookup for Rebinding {
    fn addresses(&self, _: String) -> Answer {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        };
        Box::pin(async move { Ok(answer) })
    }
}

fn settings(url: &str, allow_http: bool) -> Settings {
    let config = json!({"url": url, "allow_http": allow_http});
    let document = SettingsDocument {
        config: Some(&config),
        ..SettingsDocument::default()
    };
    Settings::parse(&document, None).unwrap()
}

async fn sent(guard: &Guard, settings: &Settings) -> Exchange {
    let message = Message {
        id: "id",
        attempt: 1,
        timestamp_s: 0,
        body: "{}".into(),
        content_type: "application/json",
        request: None,
    };
    send(&Client::build(guard).unwrap(), guard, settings, &message).await
}

fn provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[actix_web::test]
async fn a_name_that_changes_its_answer_reaches_nothing_inside() {
    provider();
    let sink = Sink::start().await;
    for scheme in ["http", "https"] {
        let names = Rebinding::new(&[&["93.184.216.34"], &["127.0.0.1"]]);
        let guard = Guard::with_lookup(Vec::new(), names.clone());
        let settings = settings(&format!("{scheme}://rebind.example:{}/", sink.port), true);
        let url = &settings.endpoint.request().unwrap().url;
        assert!(guard.vet(url, true).is_ok(), "what saving asks");
        assert!(
            guard
                .for_url(url, true)
                .resolve("rebind.example")
                .await
                .is_ok()
        );

        let exchange = sent(&guard, &settings).await;
        assert_eq!(names.questions.load(Ordering::SeqCst), 2);
        let Outcome::RefusedAddress { reason } = &exchange.outcome else {
            panic!("{:?}", exchange.outcome);
        };
        assert!(
            reason.contains("loopback") && !reason.contains("127.0.0.1"),
            "{reason}"
        );
        assert_eq!(sink.connections(), 0);
    }
    // The same name with the same answers does reach the sink once loopback is listed: the check above can fail.
    let names = Rebinding::new(&[&["127.0.0.1"]]);
    let guard = Guard::with_lookup(vec!["127.0.0.0/8".parse().unwrap()], names);
    let settings = settings(&format!("http://rebind.example:{}/", sink.port), false);
    let exchange = sent(&guard, &settings).await;
    assert!(!matches!(exchange.outcome, Outcome::RefusedAddress { .. }));
    assert!(sink.connections() > 0);
}

#[actix_web::test]
async fn a_mail_servers_name_that_leads_inside_reaches_nothing_there() {
    provider();
    let sink = Sink::start().await;
    let config = json!({
        "server": "mail.example", "port": sink.port, "from": "a@b.example", "to": ["c@d.example"],
    });
    let document = SettingsDocument {
        kind: Kind::Email,
        config: Some(&config),
        ..SettingsDocument::default()
    };
    let settings = Settings::parse(&document, None).unwrap();
    for (listed, is_reached) in [("10.0.0.0/8", false), ("127.0.0.0/8", true)] {
        let names = Rebinding::new(&[&["127.0.0.1"]]);
        let guard = Guard::with_lookup(vec![listed.parse().unwrap()], names);
        let exchange = sent(&guard, &settings).await;
        let is_refused = matches!(exchange.outcome, Outcome::RefusedAddress { .. });
        assert_eq!(is_refused, !is_reached, "{:?}", exchange.outcome);
        assert_eq!(sink.connections() > 0, is_reached, "{listed}");
    }
}

#[actix_web::test]
async fn an_answer_with_inner_addresses_among_public_ones_leads_to_the_public_ones_only() {
    provider();
    let sink = Sink::start().await;
    // 0.0.0.0 and the mapped form reach loopback on Linux; the public one is unroutable here, so the attempt ends by its deadline or an error.
    let names = Rebinding::new(&[&["127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1"]]);
    let guard = Guard::with_lookup(Vec::new(), names);
    let settings = settings(&format!("http://mixed.example:{}/", sink.port), true);
    assert!(matches!(
        guard.resolve("mixed.example").await,
        Err(Vetoed::Refused(_))
    ));
    let exchange = sent(&guard, &settings).await;
    assert!(matches!(exchange.outcome, Outcome::RefusedAddress { .. }));
    assert_eq!(sink.connections(), 0);
}

#[actix_web::test]
async fn plain_http_that_was_not_allowed_does_not_follow_a_name_out_of_the_listed_networks() {
    provider();
    let names = Rebinding::new(&[&["127.0.0.1"], &["93.184.216.34"]]);
    let guard = Guard::with_lookup(vec!["127.0.0.0/8".parse().unwrap()], names);
    let settings = settings("http://rebind.example/", false);
    let url = &settings.endpoint.request().unwrap().url;
    assert!(
        guard
            .for_url(url, false)
            .resolve("rebind.example")
            .await
            .is_ok()
    );
    let exchange = sent(&guard, &settings).await;
    let Outcome::RefusedAddress { reason } = exchange.outcome else {
        panic!("{:?}", exchange.outcome);
    };
    assert!(reason.contains("plain http"), "{reason}");
}

#[actix_web::test]
async fn saving_testing_and_sending_refuse_the_same() {
    let bridge = TestBridge::start().await;
    for url in [
        "https://10.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/",
        "http://93.184.216.34/",
        "http://127.0.0.1:25/",
        "https://93.184.216.34:6379/",
    ] {
        let document = json!({"name": "Inside", "config": {"url": url}});
        let (status, problem) = bridge.api("POST", "/destinations", Some(document)).await;
        assert_eq!(status, 422, "{url}");
        assert_eq!(problem["problems"][0]["code"], "address_refused", "{url}");

        let exchange = sent(&bridge.bridge.guard, &settings(url, false)).await;
        assert!(
            matches!(exchange.outcome, Outcome::RefusedAddress { .. }),
            "{url}: {:?}",
            exchange.outcome
        );
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn a_redirect_into_the_inside_is_not_followed() {
    let (bridge, receiver, sink) = (
        TestBridge::start().await,
        Receiver::start(),
        Sink::start().await,
    );
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"max_attempts": 1}}))
        .await;
    receiver.answer_with(harness::Answer {
        status: 307,
        headers: vec![("location", format!("http://127.0.0.1:{}/", sink.port))],
        body: Vec::new(),
    });
    bridge.post(&connected.hook, todo_created()).await;
    bridge.recorded(1).await;
    assert_eq!(sink.connections(), 0);
    let deliveries = bridge.get("/deliveries").await;
    assert_eq!(deliveries["data"][0]["state"], "failed");
    bridge.stop().await;
}

/// A served process that ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[actix_web::test]
async fn a_proxy_in_the_environment_has_no_effect() {
    let (receiver, sink) = (Receiver::start(), Sink::start().await);
    let folder = tempfile::tempdir().unwrap();
    let port = harness::free_port();
    let command = |verb: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bluebridge"));
        command
            .args(verb)
            .env_clear()
            .env(
                "BLUEBRIDGE_DATABASE_URL",
                format!("sqlite://{}", folder.path().join("p.db").display()),
            )
            .env("BLUEBRIDGE_LISTEN", format!("127.0.0.1:{port}"))
            .env("BLUEBRIDGE_ALLOW_NETWORKS", "127.0.0.0/8")
            .env("BLUEBRIDGE_LOG", "error");
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            command.env(name, format!("http://127.0.0.1:{}", sink.port));
        }
        command
    };
    let token = command(&["token", "create", "--name", "t"])
        .output()
        .unwrap();
    let token = String::from_utf8(token.stdout).unwrap();
    let quiet = || Stdio::null();
    let _served = Served(
        command(&["serve"])
            .stdout(quiet())
            .stderr(quiet())
            .spawn()
            .unwrap(),
    );
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = format!("http://127.0.0.1:{port}");
    patiently("the start", async {
        while http.get(format!("{base}/readyz")).send().await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let create = async |path: &str, body: Value| -> Value {
        let request = http.post(format!("{base}/api/v1{path}"));
        let answer = request
            .bearer_auth(token.trim())
            .body(body.to_string())
            .send();
        serde_json::from_str(&answer.await.unwrap().text().await.unwrap()).unwrap()
    };
    let source = create(
        "/sources",
        json!({"name": "Blue", "secret": harness::SECRET}),
    )
    .await;
    // A name, so that a proxy for names would be asked too.
    let url = format!("http://localhost:{}/in", receiver.address.port());
    let destination = create(
        "/destinations",
        json!({"name": "R", "config": {"url": url}}),
    )
    .await;
    create(
        "/connections",
        json!({"name": "c", "source_id": source["id"], "destination_id": destination["id"]}),
    )
    .await;
    let stored = http
        .post(source["url"].as_str().unwrap())
        .header("X-Signature", signature(todo_created()))
        .body(todo_created())
        .send()
        .await
        .unwrap();
    assert_eq!(stored.status(), 200);
    assert_eq!(receiver.next().await.body, todo_created());
    assert_eq!(sink.connections(), 0);
}
