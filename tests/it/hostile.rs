//! Receivers that misbehave: each attempt ends by its deadline with a plain word, in bounded memory, and nothing is lost.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bluebridge::domain::delivery::State;
use bluebridge::store::deliveries::{DeliveryFilter, DeliverySummary};
use bluebridge::store::window::{PAGE_LIMIT, Window};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::database::{Database, on_both};
use crate::harness::{TestBridge, patiently};
use crate::process::{Ledger, Served, Site};

on_both! {
    whatever_a_receiver_does_the_attempt_ends_in_time_with_its_word_and_in_bounded_memory,
    every_status_means_what_is_documented,
    a_kept_connection_that_is_closed_between_requests_loses_nothing,
}

/// Deadline of the attempts, in milliseconds.
const DEADLINE_MS: i64 = 1_500;
/// How much more the server may grow while it is mistreated in all these ways, one after another, than with receivers that behave, in kilobytes.
const GROWTH_LIMIT_KB: u64 = 16 * 1024;
/// Receivers that behave, before the measurement begins.
const WARMING_UP: usize = 20;

/// A server that does to each request what its path says, and counts them.
pub struct Hostile {
    port: u16,
    seen: Arc<Mutex<HashMap<String, usize>>>,
    listening: tokio::task::JoinHandle<()>,
}

/// What is sent to blow up: 256 MB of zeros, compressed.
struct Bombs {
    gzip: Vec<u8>,
    brotli: Vec<u8>,
}

impl Bombs {
    /// Made by node, which compresses fast also in a debug build of the tests.
    fn make() -> Bombs {
        let compress = |how: &str| {
            let script = format!(
                "const z = require('zlib'); process.stdout.write(z.{how}(Buffer.alloc(1 << 28), {{params: {{[z.constants.BROTLI_PARAM_QUALITY]: 5, [z.constants.BROTLI_PARAM_LGWIN]: 24}}}}))"
            );
            let made = Command::new("node")
                .args(["-e", &script])
                .stderr(Stdio::inherit())
                .output()
                .unwrap();
            assert!(made.status.success() && made.stdout.len() < 1 << 20);
            made.stdout
        };
        Bombs {
            gzip: compress("gzipSync"),
            brotli: compress("brotliCompressSync"),
        }
    }
}

impl Hostile {
    async fn start(bombs: Bombs) -> Hostile {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let counted = seen.clone();
        let bombs = Arc::new(bombs);
        let listening = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, bombs) = (counted.clone(), bombs.clone());
                connections.spawn(async move {
                    if let Some((path, _)) = request(&mut stream).await {
                        *seen.lock().unwrap().entry(path.clone()).or_default() += 1;
                        // The bridge hangs up on most of this; that is no failure of the test.
                        let _ = mistreat(&mut stream, &path, &bombs).await;
                    }
                });
            }
        });
        Hostile {
            port,
            seen,
            listening,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn requests(&self, path: &str) -> usize {
        self.seen.lock().unwrap().get(path).copied().unwrap_or(0)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Reads a request to its end: its path and its body.
async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head.split(' ').nth(1)?.to_string(), body))
}

async fn mistreat(stream: &mut TcpStream, path: &str, bombs: &Bombs) -> std::io::Result<()> {
    match path {
        "/behaves" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
        }
        "/reset" => stream.set_zero_linger(),
        "/hangs-up" => Ok(()),
        "/hangs" => std::future::pending().await,
        "/drips-its-head" => drip(stream, b"HTTP/1.1 200 OK\r\nx-long: ").await,
        "/drips-its-body" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                .await?;
            drip(stream, b"").await
        }
        "/ten-gigabytes" => {
            stream
                .write_all(b"HTTP/1.1 500 No\r\ncontent-length: 10737418240\r\n\r\n")
                .await?;
            for_ever(stream, &[b'x'; 65_536]).await
        }
        "/no-end" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await?;
            for_ever(
                stream,
                format!("8000\r\n{}\r\n", "x".repeat(0x8000)).as_bytes(),
            )
            .await
        }
        "/gzip-bomb" => bomb(stream, "gzip", &bombs.gzip).await,
        "/brotli-bomb" => bomb(stream, "br", &bombs.brotli).await,
        "/large-head" => {
            let value = "v".repeat(1 << 20);
            let head = format!("HTTP/1.1 200 OK\r\nx-large: {value}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await
        }
        "/many-headers" => {
            let many: String = (0..20_000).map(|n| format!("x-{n}: {n}\r\n")).collect();
            let head = format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await
        }
        "/endless-head" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            for_ever(stream, "x-more: and more\r\n".repeat(1_000).as_bytes()).await
        }
        "/rubbish" => stream.write_all(b"SPDY/9 yes please\r\n\r\n").await,
        "/half-a-body" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
                .await
        }
        "/half-an-error" => {
            stream
                .write_all(b"HTTP/1.1 500 No\r\ncontent-length: 100\r\n\r\nhalf")
                .await
        }
        "/redirects" => {
            stream
                .write_all(b"HTTP/1.1 307 There\r\nlocation: /target\r\ncontent-length: 0\r\n\r\n")
                .await
        }
        other => panic!("nothing is known of {other}"),
    }
}

async fn drip(stream: &mut TcpStream, first: &[u8]) -> std::io::Result<()> {
    stream.write_all(first).await?;
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        stream.write_all(b"x").await?;
    }
}

async fn for_ever(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(bytes).await?;
    }
}

async fn bomb(stream: &mut TcpStream, encoding: &str, bytes: &[u8]) -> std::io::Result<()> {
    let length = bytes.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(bytes).await
}

/// What each of them is called in the log. Everything but a 2xx is tried again.
const MISTREATMENTS: [(&str, &str); 17] = [
    ("/reset", "connection_broke"),
    ("/hangs-up", "connection_broke"),
    ("/hangs", "timed_out"),
    ("/drips-its-head", "timed_out"),
    ("/drips-its-body", "delivered"),
    ("/ten-gigabytes", "status"),
    ("/no-end", "delivered"),
    ("/gzip-bomb", "delivered"),
    ("/brotli-bomb", "delivered"),
    ("/large-head", "response_too_large"),
    ("/many-headers", "response_too_large"),
    ("/endless-head", "response_too_large"),
    ("/rubbish", "connection_broke"),
    ("/half-a-body", "delivered"),
    ("/half-an-error", "status"),
    ("/redirects", "redirected"),
    ("refuses", "could_not_connect"),
];

async fn whatever_a_receiver_does_the_attempt_ends_in_time_with_its_word_and_in_bounded_memory(
    database: Database,
) {
    let hostile = Hostile::start(Bombs::make()).await;
    let site = Site::on(database).await;
    let served = site.serve().await;
    let (ledger, mut posted) = (Ledger::default(), 0..);
    let mut attempt = async |url: &str| {
        let limits = json!({"timeout_ms": DEADLINE_MS});
        let id = site.connect(&served, url, limits, json!({})).await;
        let number = posted.next().unwrap();
        ledger.post(&served, number..number + 1).await.unwrap();
        let attempt = first_attempt(&site, &served, &id).await;
        // One at a time: it is not asked again while the next one is measured.
        let pause = format!("/destinations/{id}/pause");
        assert_eq!(site.api(&served, "POST", &pause, Value::Null).await.0, 200);
        attempt
    };
    // The same with receivers that behave: what so many more destinations and requests cost a debug build is not their fault.
    for _ in 0..WARMING_UP {
        attempt(&hostile.url("/behaves")).await;
    }
    let settled_kb = served.memory_kb("VmHWM");
    for _ in MISTREATMENTS {
        attempt(&hostile.url("/behaves")).await;
    }
    let before_kb = served.memory_kb("VmHWM");
    let usual_kb = before_kb - settled_kb;

    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://{}/", refusing.local_addr().unwrap());
    drop(refusing);
    for (path, code) in MISTREATMENTS {
        let url = match path {
            "refuses" => refused.clone(),
            path => hostile.url(path),
        };
        let attempt = attempt(&url).await;
        println!("{path}: {} kB", served.memory_kb("VmHWM"));
        assert_eq!(attempt["outcome"]["code"], code, "{path}: {attempt}");
        let took_ms = attempt["duration_ms"].as_i64().unwrap();
        assert!(took_ms <= DEADLINE_MS + 1_000, "{path} took {took_ms} ms");
        let sentence = attempt["outcome"]["sentence"].as_str().unwrap();
        assert!(!sentence.is_empty(), "{attempt}");
    }
    let grown_kb = served.memory_kb("VmHWM") - before_kb;
    assert_eq!(ledger.len(), WARMING_UP + 2 * MISTREATMENTS.len());
    assert_eq!(
        hostile.requests("/target"),
        0,
        "a redirect is never followed"
    );
    let tried_again = MISTREATMENTS
        .iter()
        .filter(|(_, code)| *code != "delivered")
        .count();
    let waiting = site.look().count(
        "deliveries WHERE state IN ('retrying', 'sending', 'queued', 'held') AND attempts >= 1",
    );
    assert_eq!(waiting as usize, tried_again, "nothing is lost");
    let too_early = "deliveries JOIN attempts ON delivery_id = id AND number = attempts WHERE state = 'retrying' AND due_at < started_at + duration_ms + 5000";
    assert_eq!(site.look().count(too_early), 0);
    println!("grew by {grown_kb} kB from {before_kb} kB, where behaving ones took {usual_kb} kB");
    assert!(
        grown_kb < GROWTH_LIMIT_KB + usual_kb,
        "grew by {grown_kb} kB, and by {usual_kb} kB with receivers that behave"
    );
}

/// The first attempt at the only delivery to this destination, when it is on record.
async fn first_attempt(site: &Site, served: &Served, destination_id: &str) -> Value {
    let log = format!("/deliveries?destination={destination_id}");
    patiently("the first attempt", async {
        loop {
            let log = site.get(served, &log).await;
            if let Some(id) = log["data"][0]["id"].as_str() {
                let shown = site.get(served, &format!("/deliveries/{id}")).await;
                if shown["attempts"][0].is_object() {
                    return shown["attempts"][0].clone();
                }
            }
        }
    })
    .await
}

/// Answers every request with the status that its body names, and closes.
async fn answer_by_body(redirected: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let redirected = redirected.clone();
            tokio::spawn(async move {
                let (path, body) = request(&mut stream).await?;
                if path != "/in" {
                    redirected.fetch_add(1, Ordering::SeqCst);
                }
                let event: Value = serde_json::from_slice(&body).unwrap();
                let status = event["currentValue"]["id"].as_str().unwrap().to_string();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nlocation: /target\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await.ok()
            });
        }
    });
    format!("http://{address}/in")
}

async fn post_record(bridge: &TestBridge, hook: &str, record: &str) {
    let event = json!({"event": "E", "currentValue": {"id": record}}).to_string();
    assert_eq!(bridge.post(hook, event.as_bytes()).await.0, 200);
}

/// Every delivery in the log, by its record.
pub async fn whole_log(bridge: &TestBridge) -> HashMap<String, DeliverySummary> {
    let mut found = HashMap::new();
    let mut before = None;
    loop {
        let page = Window {
            before,
            after: None,
            limit: PAGE_LIMIT,
        };
        let filter = DeliveryFilter {
            page,
            ..DeliveryFilter::default()
        };
        let rows = bridge.bridge.store.deliveries(filter).await.unwrap();
        let Some(last) = rows.last() else {
            return found;
        };
        before = Some(last.id);
        for row in rows {
            found.insert(row.record_id.clone().unwrap(), row);
        }
    }
}

async fn every_status_means_what_is_documented(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let redirected = Arc::new(AtomicUsize::new(0));
    let url = answer_by_body(redirected.clone()).await;
    let connected = bridge.connect_to(&url, json!({}), json!({})).await;
    let usual = (100..=599).filter(|status| *status != 410);
    for status in usual.clone() {
        post_record(&bridge, &connected.hook, &status.to_string()).await;
    }
    bridge.recorded(499).await;
    let log = whole_log(&bridge).await;
    let now_ms = bridge.clock.load(Ordering::SeqCst);
    for status in usual {
        let delivery = &log[&status.to_string()];
        let outcome = delivery.last_outcome.as_deref().unwrap();
        let expected = match status {
            // An interim answer is none, and the connection closes after it; 101 is an answer.
            100 | 102..=199 => (State::Retrying, "connection_broke"),
            200..=299 => (State::Delivered, "delivered"),
            300..=399 => (State::Retrying, "redirected"),
            _ => (State::Retrying, "status"),
        };
        assert_eq!((delivery.state, outcome), expected, "{status}");
        assert_eq!(delivery.attempts, 1, "{status}");
        if delivery.state == State::Retrying {
            let wait_ms = delivery.due_at.unwrap().as_millisecond() - now_ms;
            assert!((5_000..=5_500).contains(&wait_ms), "{status}: {wait_ms}");
        }
    }
    // 410 pauses the destination, so it comes last.
    post_record(&bridge, &connected.hook, "410").await;
    bridge.recorded(500).await;
    assert_eq!(whole_log(&bridge).await["410"].state, State::Held);
    let path = format!("/destinations/{}", connected.destination_id);
    patiently("the pause", async {
        while bridge.get(&path).await["health"]["state"] != "paused" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(
        redirected.load(Ordering::SeqCst),
        0,
        "a redirect is never followed"
    );
    bridge.stop().await;
}

/// Promises to keep each connection and closes it after its first answer.
async fn break_its_word() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                request(&mut stream).await?;
                let answer =
                    b"HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok";
                stream.write_all(answer).await.ok()
            });
        }
    });
    format!("http://{address}/")
}

async fn a_kept_connection_that_is_closed_between_requests_loses_nothing(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let url = break_its_word().await;
    let connected = bridge.connect_to(&url, json!({}), json!({})).await;
    for number in 0..40 {
        post_record(&bridge, &connected.hook, &number.to_string()).await;
        bridge.recorded(number + 1).await;
    }
    // What hit a connection in the moment of its closing is tried again.
    bridge.advance(Duration::from_secs(6));
    patiently("every arrival", async {
        while whole_log(&bridge)
            .await
            .values()
            .any(|one| one.state != State::Delivered)
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bridge.stop().await;
}
