//! What the tests stand on. Nothing here sleeps: a test awaits the receiver's next request or the count of recorded results.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bluebridge::app::Application;
use bluebridge::config::Settings;
use bluebridge::domain::seal::MasterKey;
use bluebridge::domain::secret::Secret;
use bluebridge::domain::signature::{Scheme, sign};
use bluebridge::flow::Bridge;
use bluebridge::flow::clock::Clock;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::database::{Database, Home};

/// The secret that the pretend Blue signs with.
pub const SECRET: &str = "blue's secret";
/// A guard against a test that would wait for ever; never reached by a passing one.
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The real application with a clock set by hand.
pub struct TestBridge {
    pub address: SocketAddr,
    pub bridge: Arc<Bridge>,
    pub token: String,
    pub http: reqwest::Client,
    pub clock: Arc<AtomicI64>,
    handle: ServerHandle,
    running: tokio::task::JoinHandle<anyhow::Result<()>>,
    pub home: Arc<Home>,
}

/// The settings that tests start with.
pub fn settings(home: &Home) -> Settings {
    Settings {
        database_url: home.database_url.clone(),
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        master_key: Some(MasterKey::new([7; 32])),
        master_key_file: None,
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        trusted_proxies: Vec::new(),
        retention_days: 90,
        retention_max_mb: 0,
        lease_s: 120,
        node_name: None,
        source_per_second: 10_000,
        log: "error".into(),
    }
}

impl TestBridge {
    pub async fn start() -> TestBridge {
        TestBridge::start_on(Database::Sqlite).await
    }

    pub async fn start_on(database: Database) -> TestBridge {
        TestBridge::start_in(Home::new(database), 1_795_507_200_000).await
    }

    /// With everybody from this network trusted to say where requests come from.
    pub async fn start_behind_proxy(database: Database, network: &str) -> TestBridge {
        let trusted = vec![network.parse().unwrap()];
        TestBridge::start_with(Home::new(database), 1_795_507_200_000, |settings| {
            settings.trusted_proxies = trusted;
        })
        .await
    }

    pub async fn start_in(home: Arc<Home>, now_ms: i64) -> TestBridge {
        TestBridge::start_with(home, now_ms, |_| {}).await
    }

    /// With other settings than usual.
    pub async fn start_with(
        home: Arc<Home>,
        now_ms: i64,
        adjust: impl FnOnce(&mut Settings),
    ) -> TestBridge {
        let clock = Arc::new(AtomicI64::new(now_ms));
        let mut settings = settings(&home);
        adjust(&mut settings);
        let application = Application::start(&settings, Clock::Manual(clock.clone()))
            .await
            .unwrap();
        let (address, bridge, handle) = (
            application.address,
            application.bridge.clone(),
            application.handle(),
        );
        let running = tokio::spawn(application.run());
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let (token, hash) = bluebridge::web::auth::new_token("bbt_");
        let id = bluebridge::new_id!(TokenId, bridge, bridge.clock.now());
        bridge
            .store
            .create_token(bluebridge::store::tokens::NewToken {
                id,
                name: "test".into(),
                hash,
                role: bluebridge::domain::person::Role::Owner,
                created_by: "test".into(),
                now_ms,
                expires_ms: None,
            })
            .await
            .unwrap();
        TestBridge {
            address,
            bridge,
            token,
            http,
            clock,
            handle,
            running,
            home,
        }
    }

    /// Stops as SIGTERM does, and returns the home for the next start.
    pub async fn stop(self) -> Arc<Home> {
        let TestBridge {
            bridge,
            handle,
            running,
            home,
            ..
        } = self;
        drop(bridge);
        handle.stop(true).await;
        patiently("the end", running).await.unwrap().unwrap();
        home
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn advance(&self, by: Duration) {
        self.clock
            .fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
        self.bridge.outbox.announce_room();
    }

    /// Looks into the database, which is in use.
    pub fn look(&self) -> crate::process::Look {
        crate::process::Look::into(&self.home.database_url)
    }

    /// How many of a destination's deliveries are in this state.
    pub fn count_in(&self, destination_id: &str, state: &str) -> usize {
        let look = self.look();
        let id = look.bytes(&destination_id.replace('-', ""));
        let from = format!("deliveries WHERE destination_id = {id} AND state = '{state}'");
        look.count(&from) as usize
    }

    /// Sets the clock back.
    pub fn set_back(&self, by: Duration) {
        self.clock
            .fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
        self.bridge.outbox.announce_room();
    }

    /// Calls the API and returns status and document.
    pub async fn api(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .http
            .request(method, self.url(&format!("/api/v1{path}")))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn created(&self, path: &str, body: Value) -> Value {
        let (status, document) = self.api("POST", path, Some(body)).await;
        assert_eq!(status, 201, "{document}");
        document
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, document) = self.api("GET", path, None).await;
        assert_eq!(status, 200, "{document}");
        document
    }

    /// A source, a destination at the receiver, and a connection with these rules.
    pub async fn connect(&self, receiver: &Receiver, rules: Value) -> Connected {
        self.connect_to(&receiver.url(), json!({}), rules).await
    }

    /// The same to any address, with limits.
    pub async fn connect_to(&self, url: &str, limits: Value, rules: Value) -> Connected {
        let source = self
            .created("/sources", json!({"name": "Blue", "secret": SECRET}))
            .await;
        self.connect_from(source["id"].as_str().unwrap(), url, limits, rules)
            .await
    }

    /// One more destination and connection of a source.
    pub async fn connect_from(
        &self,
        source_id: &str,
        url: &str,
        limits: Value,
        rules: Value,
    ) -> Connected {
        let source = self.get(&format!("/sources/{source_id}")).await;
        let destination = json!({"name": "Receiver", "config": {"url": url}, "limits": limits});
        let destination = self.created("/destinations", destination).await;
        let mut connection = json!({"name": "Through", "source_id": source["id"], "destination_id": destination["id"]});
        connection
            .as_object_mut()
            .unwrap()
            .extend(rules.as_object().unwrap().clone());
        self.created("/connections", connection).await;
        Connected {
            hook: source["url"]
                .as_str()
                .unwrap()
                .rsplit_once("/hooks/")
                .map(|(_, token)| self.url(&format!("/hooks/{token}")))
                .unwrap(),
            source_id: source["id"].as_str().unwrap().into(),
            destination_id: destination["id"].as_str().unwrap().into(),
        }
    }

    /// Posts as Blue does.
    pub async fn post(&self, hook: &str, body: &[u8]) -> (u16, Value) {
        self.post_with(hook, body, Some(&signature(body))).await
    }

    pub async fn post_with(
        &self,
        hook: &str,
        body: &[u8],
        signature: Option<&str>,
    ) -> (u16, Value) {
        let mut request = self
            .http
            .post(hook)
            .header("content-type", "application/json")
            .body(body.to_vec());
        if let Some(signature) = signature {
            request = request.header("X-Signature", signature);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null),
        )
    }

    /// Waits until so many results are on disk.
    pub async fn recorded(&self, count: u64) {
        let mut recorded = self.bridge.recorded.subscribe();
        patiently("results on disk", recorded.wait_for(|seen| *seen >= count))
            .await
            .unwrap();
    }
}

pub struct Connected {
    pub hook: String,
    pub source_id: String,
    pub destination_id: String,
}

pub fn signature(body: &[u8]) -> String {
    let secret = Secret::new(SECRET);
    sign(Scheme::Hex, &[&secret], None, "", 0, body)
        .pop()
        .unwrap()
        .1
}

/// A request as the receiver got it.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the receiver answers next.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// A destination whose answers the test scripts; it keeps every byte. Without a script it answers its usual status, which is 200.
pub struct Receiver {
    pub address: SocketAddr,
    script: Arc<Mutex<VecDeque<Answer>>>,
    usual_status: Arc<AtomicU16>,
    held: watch::Sender<bool>,
    arrived: tokio::sync::Mutex<mpsc::UnboundedReceiver<Received>>,
}

impl Receiver {
    pub fn start() -> Receiver {
        let (sender, arrived) = mpsc::unbounded_channel();
        let script: Arc<Mutex<VecDeque<Answer>>> = Arc::default();
        let usual_status = Arc::new(AtomicU16::new(200));
        let held = watch::Sender::new(false);
        let shared = (script.clone(), usual_status.clone(), held.clone());
        let server = HttpServer::new(move || {
            let (sender, (script, usual, held)) = (sender.clone(), shared.clone());
            App::new()
                .app_data(web::PayloadConfig::new(8 << 20))
                .default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                    let headers = request
                        .headers()
                        .iter()
                        .map(|(name, value)| {
                            let value = std::str::from_utf8(value.as_bytes()).unwrap();
                            (name.to_string(), value.to_string())
                        })
                        .collect();
                    let answer = script.lock().unwrap().pop_front();
                    let usual = usual.load(Ordering::SeqCst);
                    let _ = sender.send(Received {
                        method: request.method().to_string(),
                        target: request.uri().to_string(),
                        headers,
                        body: body.to_vec(),
                    });
                    let mut held = held.subscribe();
                    async move {
                        held.wait_for(|held| !held).await.unwrap();
                        let answer = answer.unwrap_or(Answer {
                            status: usual,
                            headers: Vec::new(),
                            body: b"ok".to_vec(),
                        });
                        let mut response =
                            HttpResponse::build(StatusCode::from_u16(answer.status).unwrap());
                        for header in answer.headers {
                            response.append_header(header);
                        }
                        response.body(answer.body)
                    }
                }))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let address = server.addrs()[0];
        tokio::spawn(server.run());
        Receiver {
            address,
            script,
            usual_status,
            held,
            arrived: tokio::sync::Mutex::new(arrived),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/in?key=hidden", self.address)
    }

    /// From now on, whatever is not scripted is answered with this status.
    pub fn answer_usually(&self, status: u16) {
        self.usual_status.store(status, Ordering::SeqCst);
    }

    /// Lets every request wait for its answer, or answers all of them.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    pub fn answer_next(&self, status: u16) {
        self.script.lock().unwrap().push_back(Answer {
            status,
            headers: Vec::new(),
            body: b"scripted".to_vec(),
        });
    }

    pub fn answer_with(&self, answer: Answer) {
        self.script.lock().unwrap().push_back(answer);
    }

    pub async fn next(&self) -> Received {
        patiently("a request", async {
            self.arrived.lock().await.recv().await
        })
        .await
        .unwrap()
    }

    /// A request that has arrived already.
    pub async fn next_if_there(&self) -> Option<Received> {
        self.arrived.lock().await.try_recv().ok()
    }

    /// Whether nothing more has arrived.
    pub async fn is_idle(&self) -> bool {
        self.arrived.lock().await.try_recv().is_err()
    }
}

/// A port that nobody listens at now, for a process that must be told its port.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// As many different events as one wants.
pub fn event(number: usize) -> Vec<u8> {
    let text = std::str::from_utf8(todo_created()).unwrap();
    text.replace("GGGG", &format!("G{number:03}")).into_bytes()
}

pub fn todo_created() -> &'static [u8] {
    include_bytes!("../data/blue/TODO_CREATED.json")
}

pub use bluebridge::domain::id::TokenId;
