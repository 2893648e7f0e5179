//! The pages' benchmark: the time of each page with a million deliveries in the database, beside the same page with ten thousand and with one.
//!
//! `cargo bench --bench pages`, or `-- 100000` for another size, or `-- smoke` to see whether the benchmark itself works (no time is judged). The three
//! bridges run at once and are asked in turns, so that what counts is the ratio. With one delivery most pages have nothing to show, no rows and no
//! charts; with ten thousand they show as much as with a million, and a look for what has no index goes through as long a stretch of the log. So that
//! ratio is judged: it may be at most [`RATIO_LIMIT`], or the difference so small that nobody could see it. The old deliveries are put in by SQL,
//! spread over a month. Traffic goes only to loopback, and every process that is started here ends here.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

/// Old deliveries of the long log.
const LONG: u64 = 1_000_000;
const LONG_SMOKE: u64 = 1_000;
/// And of the short one, as a part of these.
const SHORT_PART: u64 = 100;
/// Most that a page may take with a long log, beside a short one.
const RATIO_LIMIT: f64 = 1.5;
/// A difference that is not counted against a page, in milliseconds: the noise of a machine that does other things as well.
const NOISE_MS: f64 = 1.0;
/// Most that a page may take, in milliseconds.
const PAGE_LIMIT_MS: f64 = 50.0;
/// How often each page is asked for.
const ROUNDS: usize = 21;
const SECRET: &str = "benchmark";
/// How long counting a million old deliveries may take.
const PATIENCE: Duration = Duration::from_secs(900);

/// A running bridge with a signed-in owner.
struct Bridge {
    process: Child,
    url: String,
    cookie: String,
    http: Client,
    /// Ids of a delivery and an event, for the pages of one.
    delivery: String,
    event: String,
    connection: String,
}

fn main() -> anyhow::Result<()> {
    let smoke = std::env::args().any(|argument| argument == "smoke");
    let size = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(if smoke { LONG_SMOKE } else { LONG });
    let folders = [
        tempfile::tempdir()?,
        tempfile::tempdir()?,
        tempfile::tempdir()?,
    ];
    let bridges = [
        Bridge::start(folders[0].path())?,
        Bridge::start(folders[1].path())?,
        Bridge::start(folders[2].path())?,
    ];
    let begun = Instant::now();
    for (folder, count) in folders[1..].iter().zip([size / SHORT_PART, size]) {
        fill(&database(folder.path()), count)?;
    }
    println!(
        "{size} deliveries, and {}, put in within {:.0} s",
        size / SHORT_PART,
        begun.elapsed().as_secs_f64()
    );
    for folder in &folders[1..] {
        wait_until_counted(&database(folder.path()))?;
    }
    println!("counted after {:.0} s\n", begun.elapsed().as_secs_f64());
    println!(
        "{:<54} {:>9} {:>9} {:>9} {:>10}",
        "page", "empty", "short", "long", "long/short"
    );
    let mut slow = Vec::new();
    for page in pages() {
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            for (times, bridge) in times.iter_mut().zip(&bridges) {
                times.push(bridge.time(page)?);
            }
        }
        let [empty, short, long] = times.map(median);
        let ratio = long / short;
        println!("{page:<54} {empty:>6.1} ms {short:>6.1} ms {long:>6.1} ms {ratio:>10.2}");
        let grows = ratio > RATIO_LIMIT && long - short > NOISE_MS;
        if grows || long > PAGE_LIMIT_MS {
            slow.push(page);
        }
    }
    anyhow::ensure!(
        smoke || slow.is_empty(),
        "too slow with a long log: {slow:?}"
    );
    Ok(())
}

/// Addresses; a word in capitals stands for an id.
fn pages() -> [&'static str; 19] {
    [
        "/",
        "/?range=1h",
        "/?range=30d",
        "/deliveries",
        "/deliveries?state=delivered",
        "/deliveries?state=waiting",
        "/deliveries?state=problem",
        "/deliveries?state=skipped",
        "/deliveries?state=failed&period=24h",
        "/deliveries?state=failed&connection_id=CONNECTION",
        "/deliveries?connection_id=CONNECTION",
        "/deliveries?event_type=COMMENT_DELETED",
        "/deliveries?text=nothing-has-this",
        "/deliveries?from=2020-01-01T00:00&to=2020-01-02T00:00",
        "/deliveries/DELIVERY",
        "/events",
        "/events/EVENT",
        "/destinations",
        "/connections/CONNECTION",
    ]
}

impl Bridge {
    fn start(folder: &Path) -> anyhow::Result<Bridge> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let environment = [
            (
                "BLUEBRIDGE_DATABASE_URL",
                format!("sqlite://{}", database(folder).display()),
            ),
            ("BLUEBRIDGE_LISTEN", format!("127.0.0.1:{port}")),
            ("BLUEBRIDGE_ALLOW_NETWORKS", "127.0.0.0/8".into()),
            ("BLUEBRIDGE_LOG", "error".into()),
        ];
        let program = env!("CARGO_BIN_EXE_bluebridge");
        let token = Command::new(program)
            .args(["token", "create", "--name", "benchmark", "--role", "owner"])
            .envs(environment.clone())
            .output()?;
        let token = String::from_utf8(token.stdout)?.trim().to_string();
        let process = Command::new(program)
            .envs(environment)
            .stdout(Stdio::null())
            .spawn()?;
        let http = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let mut bridge = Bridge {
            process,
            url: format!("http://127.0.0.1:{port}"),
            cookie: String::new(),
            http,
            delivery: String::new(),
            event: String::new(),
            connection: String::new(),
        };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            anyhow::ensure!(
                begun.elapsed() < Duration::from_secs(60),
                "it does not start"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        bridge.sign_in()?;
        bridge.connect(&token)?;
        Ok(bridge)
    }

    /// Makes the owner's account through the form.
    fn sign_in(&mut self) -> anyhow::Result<()> {
        let setup = self.get("/setup")?;
        self.keep_cookie(&setup);
        let html = setup.text()?;
        let mark = html
            .split("name=\"csrf\" value=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .context("no form")?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("csrf", mark),
                ("name", "Ada"),
                ("email", "ada@example.com"),
                ("password", "correct horse battery"),
            ])
            .finish();
        let made = self
            .http
            .post(format!("{}/setup", self.url))
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()?;
        anyhow::ensure!(
            made.status().as_u16() == 303,
            "no account: {}",
            made.status()
        );
        self.keep_cookie(&made);
        Ok(())
    }

    /// Source, destination, connection, and one delivery, which fails at once because nobody listens there.
    fn connect(&mut self, token: &str) -> anyhow::Result<()> {
        let source = self.call(
            token,
            "sources",
            Some(json!({"name": "Blue", "secret": SECRET})),
        )?;
        let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let destination = json!({"name": "Nobody", "config": {"url": format!("http://{closed}/")}});
        let destination = self.call(token, "destinations", Some(destination))?;
        let connection = json!({
            "name": "Through", "source_id": source["id"], "destination_id": destination["id"],
            "filter": {"all": [{"path": "$.currentValue.title", "op": "exists"}]}, "mapping": {"mode": "passthrough"},
        });
        self.connection = text(&self.call(token, "connections", Some(connection))?["id"]);
        let body = include_bytes!("../../tests/data/blue/TODO_CREATED.json");
        let secret = bluebridge::domain::secret::Secret::new(SECRET);
        let scheme = bluebridge::domain::signature::Scheme::Hex;
        let signature = bluebridge::domain::signature::sign(scheme, &[&secret], None, "", 0, body)
            .pop()
            .context("no signature")?
            .1;
        let hook = text(&source["url"]);
        let answer = self
            .http
            .post(hook)
            .header("x-signature", signature)
            .body(body.to_vec())
            .send()?;
        anyhow::ensure!(
            answer.status().is_success(),
            "the hook answered {}",
            answer.status()
        );
        let begun = Instant::now();
        loop {
            let log = self.call(token, "deliveries", None)?;
            let one = &log["data"][0];
            if one["attempt_count"].as_i64() > Some(0) {
                (self.delivery, self.event) = (text(&one["id"]), text(&one["event_id"]));
                return Ok(());
            }
            anyhow::ensure!(
                begun.elapsed() < Duration::from_secs(60),
                "no attempt was made"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn call(&self, token: &str, what: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let url = format!("{}/api/v1/{what}", self.url);
        let request = match body {
            Some(body) => self.http.post(url).body(body.to_string()),
            None => self.http.get(url),
        };
        let answer = request.bearer_auth(token).send()?;
        let status = answer.status();
        let text = answer.text()?;
        anyhow::ensure!(status.is_success(), "{what}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }

    fn get(&self, path: &str) -> anyhow::Result<Response> {
        let request = self.http.get(format!("{}{path}", self.url));
        Ok(request.header("cookie", &self.cookie).send()?)
    }

    fn keep_cookie(&mut self, response: &Response) {
        if let Some(cookie) = response
            .headers()
            .get("set-cookie")
            .and_then(|value| value.to_str().ok())
        {
            self.cookie = cookie.split(';').next().unwrap_or_default().to_string();
        }
    }

    /// Milliseconds from the request to the last byte of the page.
    fn time(&self, page: &str) -> anyhow::Result<f64> {
        let path = page
            .replace("DELIVERY", &self.delivery)
            .replace("CONNECTION", &self.connection)
            .replace("/EVENT", &format!("/{}", self.event));
        let begun = Instant::now();
        let answer = self.get(&path)?;
        anyhow::ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes()?;
        Ok(begun.elapsed().as_secs_f64() * 1_000.0)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn database(folder: &Path) -> std::path::PathBuf {
    folder.join("pages.db")
}

/// Copies the one delivery, spread over the last month: of a hundred, two failed and three were skipped.
fn fill(path: &Path, count: u64) -> anyhow::Result<()> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
    let id = |bits: char| {
        format!("unhex(printf('%012x', at) || '7{bits}00' || '8000' || printf('%012x', n))")
    };
    let (event, delivery) = (id('e'), id('d'));
    let state =
        "CASE WHEN n % 100 < 2 THEN 'failed' WHEN n % 100 < 5 THEN 'skipped' ELSE 'delivered' END";
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = 60000;
         CREATE TEMP TABLE many AS
             WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})
             SELECT n, (SELECT received_at FROM events LIMIT 1) - 600000 - CAST((1.0 - n * 1.0 / {count}) * 2592000000 AS INTEGER) AS at FROM series;
         CREATE TEMP TABLE one_event AS SELECT * FROM events LIMIT 1;
         CREATE TEMP TABLE one_delivery AS SELECT * FROM deliveries LIMIT 1;
         CREATE TEMP TABLE one_attempt AS SELECT * FROM attempts LIMIT 1;
         BEGIN IMMEDIATE;
         INSERT INTO events (id, source_id, event_type, record_id, record_title, list_id, list_title, project_id, project_name, company_id,
                             occurred_at, received_at, is_test, body)
             SELECT {event}, source_id, CASE n % 50 WHEN 0 THEN 'COMMENT_CREATED' ELSE event_type END, 'record-' || (n % 5000), record_title || ' ' || n, list_id,
                    list_title, project_id, project_name, company_id, occurred_at, at, is_test, body FROM many, one_event;
         INSERT INTO deliveries (id, event_id, connection_id, version_id, destination_id, cause, state, attempts, created_at, finished_at, last_status, last_outcome)
             SELECT {delivery}, {event}, connection_id, version_id, destination_id, 'event', {state}, n % 100 >= 2, at, at + n % 900,
                    CASE WHEN n % 100 >= 5 THEN 200 END, CASE WHEN n % 100 >= 5 THEN 'delivered' END FROM many, one_delivery;
         INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, request_line, request_headers, response_headers, response_body, response_truncated)
             SELECT {delivery}, 1, at, duration_ms, outcome, request_line, request_headers, response_headers, response_body, response_truncated
             FROM many, one_attempt WHERE n % 100 >= 5;
         -- As if they had always been there: counting begins at the beginning.
         DELETE FROM count_progress;
         COMMIT;
         PRAGMA wal_checkpoint(TRUNCATE);"
    ))?;
    Ok(())
}

#[derive(diesel::QueryableByName)]
struct Progress {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    counted_to: i64,
}

/// Waits until the overview's counts have caught up with what was put in.
fn wait_until_counted(path: &Path) -> anyhow::Result<()> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
    conn.batch_execute("PRAGMA busy_timeout = 60000;")?;
    let begun = Instant::now();
    loop {
        let now_ms = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)?
            .as_millis() as i64;
        let progress: Vec<Progress> =
            diesel::sql_query("SELECT counted_to FROM count_progress").load(&mut conn)?;
        if progress.iter().any(|one| now_ms - one.counted_to < 240_000) {
            return Ok(());
        }
        anyhow::ensure!(
            begun.elapsed() < PATIENCE,
            "counting does not come to an end"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}
