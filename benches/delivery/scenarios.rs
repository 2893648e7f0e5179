//! What is measured, and how it is told.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use crate::SCENARIOS;
use crate::bridge::{Bridge, SECRET, database};
use crate::generator::{Plan, Sent};
use crate::process::{Process, free_port, wait_for_port};
use crate::receiver::Report;

/// Connections of the generator.
const CONNECTIONS: u64 = 64;
/// The fixed rate, in events per second.
const RATE: f64 = 200.0;
/// How long nothing may arrive before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much of everything.
#[derive(Clone, Copy)]
struct Size {
    rounds: usize,
    saturation: u64,
    at_rate: u64,
    backlog: u64,
    old: u64,
    hanging: u64,
}

const FULL: Size = Size {
    rounds: 3,
    saturation: 40_000,
    at_rate: 2_000,
    backlog: 500_000,
    old: 2_000_000,
    hanging: 5_000,
};

const SMOKE: Size = Size {
    rounds: 1,
    saturation: 2_000,
    at_rate: 200,
    backlog: 5_000,
    old: 10_000,
    hanging: 500,
};

/// Runs one of [`SCENARIOS`].
pub fn run(name: &str) -> anyhow::Result<()> {
    match name {
        "pairs" => pairs(FULL),
        "backlog" => backlog(FULL),
        "old" => old(FULL),
        "isolation" => isolation(FULL),
        "smoke" => [pairs, backlog, old, isolation]
            .iter()
            .try_for_each(|scenario| scenario(SMOKE)),
        _ => {
            let known: Vec<String> = SCENARIOS
                .iter()
                .map(|(name, words)| format!("  {name:10} {words}"))
                .collect();
            anyhow::bail!(
                "no scenario is called `{name}`; there are:\n{}",
                known.join("\n")
            )
        }
    }
}

/// Bridge and floor in turns.
fn pairs(size: Size) -> anyhow::Result<()> {
    println!(
        "pairs: {} events over {CONNECTIONS} connections, then {} at {RATE}/s",
        size.saturation, size.at_rate
    );
    let mut results = Vec::new();
    for _ in 0..size.rounds {
        let floor = Subject::floor()?.measure(size)?;
        let bridge = Subject::bridge()?.measure(size)?;
        floor.tell("floor");
        bridge.tell("bridge");
        results.push((floor, bridge));
    }
    let median = |of: &dyn Fn(&Measured) -> f64| {
        let mut ratios: Vec<f64> = results
            .iter()
            .map(|(floor, bridge)| of(bridge) / of(floor))
            .collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    };
    println!("bridge / floor, median of {} rounds:", size.rounds);
    println!(
        "  delivered/s at saturation   {:.2}",
        median(&|one| one.delivered_per_s)
    );
    println!(
        "  CPU-s per 1,000 events      {:.2}",
        median(&|one| one.cpu_s_per_1000)
    );
    println!(
        "  p50 end to end at {RATE}/s    {:.2}",
        median(&|one| one.at_rate.p50_us.into())
    );
    println!(
        "  p99 end to end at {RATE}/s    {:.2}",
        median(&|one| one.at_rate.p99_us.into())
    );
    Ok(())
}

/// Memory with a large backlog.
fn backlog(size: Size) -> anyhow::Result<()> {
    println!(
        "backlog: {} events for a destination that does not answer",
        size.backlog
    );
    let receiver = Receiver::start()?;
    let folder = tempfile::tempdir()?;
    let bridge = Bridge::start(folder.path())?;
    let (source, url) = bridge.add_source()?;
    bridge.add_connection(&source, &receiver.address("hang"), 30_000)?;
    let sent = send(&url, 0, size.backlog, None)?;
    println!(
        "  acknowledged {}, refused {}, peak RSS {:.0} MiB",
        sent.acknowledged,
        sent.refused,
        bridge.process.peak_mib()?
    );
    Ok(())
}

/// Throughput with many old deliveries in the database.
fn old(size: Size) -> anyhow::Result<()> {
    println!(
        "old: {} events with {} old deliveries in the database, and with none",
        size.saturation, size.old
    );
    let mut empty = Subject::bridge()?;
    let mut full = Subject::bridge()?;
    full.saturate(1)?;
    full.restart_after(|file| grow(file, size.old))?;
    let mut ratios = Vec::new();
    for _ in 0..size.rounds {
        let without = empty.saturate(size.saturation)?.delivered_per_s();
        let with = full.saturate(size.saturation)?.delivered_per_s();
        println!("  delivered/s: {without:.0} empty, {with:.0} full");
        ratios.push(with / without);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "  full / empty, median of {} rounds: {:.2}",
        size.rounds,
        ratios[ratios.len() / 2]
    );
    Ok(())
}

/// A healthy destination beside one that hangs.
fn isolation(size: Size) -> anyhow::Result<()> {
    println!(
        "isolation: {} events at {RATE}/s to a healthy destination, alone and beside one that hangs with {} queued",
        size.at_rate, size.hanging
    );
    let receiver = Receiver::start()?;
    let folder = tempfile::tempdir()?;
    let bridge = Bridge::start(folder.path())?;
    let (healthy, url) = bridge.add_source()?;
    bridge.add_connection(&healthy, &receiver.address("in"), 10_000)?;
    let (hanging, hanging_url) = bridge.add_source()?;
    bridge.add_connection(&hanging, &receiver.address("hang"), 30_000)?;
    let mut first = 0;
    let mut at_rate = || -> anyhow::Result<Report> {
        receiver.reset()?;
        send(&url, first, size.at_rate, Some(RATE))?;
        let report = receiver.wait_for(size.at_rate as usize)?;
        first += size.at_rate;
        Ok(report)
    };
    at_rate()?;
    let alone = at_rate()?;
    send(&hanging_url, 0, size.hanging, None)?;
    let beside = at_rate()?;
    println!("  alone  p50 {} us, p99 {} us", alone.p50_us, alone.p99_us);
    println!(
        "  beside p50 {} us, p99 {} us",
        beside.p50_us, beside.p99_us
    );
    println!(
        "  p99 beside / alone {:.2}",
        f64::from(beside.p99_us) / f64::from(alone.p99_us)
    );
    Ok(())
}

/// What is measured: a floor or a bridge, with a receiver of its own.
struct Subject {
    receiver: Receiver,
    process: Option<Process>,
    folder: Option<tempfile::TempDir>,
    url: String,
    next: u64,
}

/// One run to the end.
struct Run {
    sent: Sent,
    report: Report,
}

/// What is told of a subject.
struct Measured {
    acknowledged_per_s: f64,
    delivered_per_s: f64,
    cpu_s_per_1000: f64,
    peak_mib: f64,
    at_saturation: Report,
    at_rate: Report,
    lost: u64,
}

impl Subject {
    fn floor() -> anyhow::Result<Subject> {
        let receiver = Receiver::start()?;
        let port = free_port()?;
        let process = Process::role(&["floor", &port.to_string(), &receiver.address("in")])?;
        wait_for_port(port)?;
        let url = format!("http://127.0.0.1:{port}/hooks/floor");
        Ok(Subject {
            receiver,
            process: Some(process),
            folder: None,
            url,
            next: 0,
        })
    }

    fn bridge() -> anyhow::Result<Subject> {
        let receiver = Receiver::start()?;
        let folder = tempfile::tempdir()?;
        let bridge = Bridge::start(folder.path())?;
        let (source, url) = bridge.add_source()?;
        bridge.add_connection(&source, &receiver.address("in"), 10_000)?;
        Ok(Subject {
            receiver,
            process: Some(bridge.process),
            folder: Some(folder),
            url,
            next: 0,
        })
    }

    /// Changes the database while nothing runs on it.
    fn restart_after(
        &mut self,
        change: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        // Its last result may still be on its way to the disk.
        std::thread::sleep(Duration::from_millis(500));
        self.process = None;
        change(&database(folder.path()))?;
        let bridge = Bridge::start(folder.path())?;
        if let Some((_, path)) = self.url.split_once("/hooks/") {
            self.url = format!("http://127.0.0.1:{}/hooks/{path}", bridge.port);
        }
        self.process = Some(bridge.process);
        Ok(())
    }

    fn measure(mut self, size: Size) -> anyhow::Result<Measured> {
        // Connections are opened and caches filled before anything counts.
        self.saturate(size.saturation / 10)?;
        let process = self
            .process
            .take()
            .ok_or_else(|| anyhow::anyhow!("nothing runs"))?;
        let cpu_before = process.cpu_s()?;
        let saturated = self.saturate(size.saturation)?;
        // Results are recorded shortly after they arrived, and belong to the price.
        std::thread::sleep(Duration::from_millis(200));
        let cpu_s = process.cpu_s()? - cpu_before;
        let at_rate = self.run(size.at_rate, Some(RATE))?;
        Ok(Measured {
            acknowledged_per_s: saturated.acknowledged_per_s(),
            delivered_per_s: saturated.delivered_per_s(),
            cpu_s_per_1000: cpu_s * 1_000.0 / size.saturation as f64,
            peak_mib: process.peak_mib()?,
            lost: saturated.lost() + at_rate.lost(),
            at_saturation: saturated.report,
            at_rate: at_rate.report,
        })
    }

    fn saturate(&mut self, count: u64) -> anyhow::Result<Run> {
        self.run(count, None)
    }

    fn run(&mut self, count: u64, rate: Option<f64>) -> anyhow::Result<Run> {
        self.receiver.reset()?;
        let sent = send(&self.url, self.next, count, rate)?;
        self.next += count;
        let report = self.receiver.wait_for(sent.acknowledged as usize)?;
        Ok(Run { sent, report })
    }
}

impl Run {
    fn acknowledged_per_s(&self) -> f64 {
        per_second(
            self.sent.acknowledged,
            self.sent.started_us,
            self.sent.ended_us,
        )
    }

    fn delivered_per_s(&self) -> f64 {
        per_second(
            self.report.distinct as u64,
            self.sent.started_us,
            self.report.last_new_us,
        )
    }

    fn lost(&self) -> u64 {
        self.sent
            .acknowledged
            .saturating_sub(self.report.distinct as u64)
    }
}

impl Measured {
    fn tell(&self, name: &str) {
        println!(
            "  {name:6} acknowledged {:.0}/s, delivered {:.0}/s, CPU {:.3} s per 1,000, peak RSS {:.0} MiB, lost {}, repeated {}",
            self.acknowledged_per_s,
            self.delivered_per_s,
            self.cpu_s_per_1000,
            self.peak_mib,
            self.lost,
            self.at_saturation.repeated + self.at_rate.repeated,
        );
        println!(
            "         end to end: at saturation p50 {} p99 {}, at {RATE}/s p50 {} p99 {} us",
            self.at_saturation.p50_us,
            self.at_saturation.p99_us,
            self.at_rate.p50_us,
            self.at_rate.p99_us
        );
    }
}

fn per_second(count: u64, from_us: u64, to_us: u64) -> f64 {
    count as f64 * 1e6 / to_us.saturating_sub(from_us).max(1) as f64
}

/// Runs a generator to its end.
fn send(url: &str, first: u64, count: u64, rate: Option<f64>) -> anyhow::Result<Sent> {
    let plan = Plan {
        url: url.to_string(),
        secret: SECRET.to_string(),
        first,
        count,
        connections: CONNECTIONS,
        rate,
    };
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["role", "generator", &serde_json::to_string(&plan)?])
        .stdout(Stdio::piped());
    Ok(serde_json::from_str(
        &Process::start(&mut command)?.output()?,
    )?)
}

/// A receiver and how to ask it.
struct Receiver {
    port: u16,
    http: reqwest::blocking::Client,
    _process: Process,
}

impl Receiver {
    fn start() -> anyhow::Result<Receiver> {
        let port = free_port()?;
        let process = Process::role(&["receiver", &port.to_string()])?;
        wait_for_port(port)?;
        let http = reqwest::blocking::Client::builder().no_proxy().build()?;
        Ok(Receiver {
            port,
            http,
            _process: process,
        })
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    fn reset(&self) -> anyhow::Result<()> {
        self.http
            .post(self.address("reset"))
            .send()?
            .error_for_status()?;
        Ok(())
    }

    /// Waits until so many different events have arrived, or none any more.
    fn wait_for(&self, count: usize) -> anyhow::Result<Report> {
        let mut seen = (0, Instant::now());
        loop {
            let report: Report =
                serde_json::from_str(&self.http.get(self.address("report")).send()?.text()?)?;
            if report.distinct > seen.0 {
                seen = (report.distinct, Instant::now());
            }
            if report.distinct >= count || seen.1.elapsed() > PATIENCE {
                return Ok(report);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Multiplies the one delivery in the database into many old ones, one every millisecond up to an hour ago.
fn grow(file: &Path, count: u64) -> anyhow::Result<()> {
    let mut conn = SqliteConnection::establish(&file.to_string_lossy())?;
    // Ids of version 7, a millisecond apart; the letter keeps those of events and deliveries different.
    let id = |letter: char| format!("unhex(printf('%012x7{letter}008000%012x', first_ms + n, n))");
    conn.batch_execute(&format!(
        "CREATE TEMP TABLE one AS SELECT (SELECT id FROM deliveries LIMIT 1) AS delivery_id;
         CREATE TEMP TABLE many AS
             WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})
             SELECT n, (SELECT received_at FROM events LIMIT 1) - 3600000 - {count} AS first_ms FROM series;
         BEGIN;
         INSERT INTO events SELECT {event}, source_id, event_type, record_id || n, record_title, list_id, list_title, project_id, project_name,
                company_id, occurred_at, first_ms + n, is_test, body
             FROM many, (SELECT * FROM events LIMIT 1);
         INSERT INTO deliveries (id, event_id, connection_id, version_id, destination_id, cause, state, attempts, created_at, finished_at, last_status, last_outcome)
             SELECT {delivery}, {event}, connection_id, version_id, destination_id, cause, state, attempts, first_ms + n, first_ms + n, last_status, last_outcome
             FROM many, (SELECT * FROM deliveries LIMIT 1);
         INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, request_line, request_headers, response_headers, response_body, response_truncated)
             SELECT {delivery}, 1, first_ms + n, duration_ms, outcome, request_line, request_headers, response_headers, response_body, response_truncated
             FROM many, (SELECT * FROM attempts LIMIT 1);
         COMMIT;
         PRAGMA wal_checkpoint(TRUNCATE);",
        event = id('e'),
        delivery = id('d'),
    ))?;
    Ok(())
}
