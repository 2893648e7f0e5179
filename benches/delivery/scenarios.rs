//! What is measured, and how it is told.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use crate::SCENARIOS;
use crate::bridge::{Bridge, Home, SECRET};
use crate::generator::{Plan, Sent};
use crate::postgres::Postgres;
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
        "postgres" => postgres(FULL),
        "isolation" => isolation(FULL),
        "smoke" => [pairs, backlog, old, isolation, postgres]
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
        let bridge = Subject::bridge(Home::sqlite()?)?.measure(size)?;
        floor.tell("floor");
        bridge.tell("bridge");
        results.push((floor, bridge));
    }
    let ratio = |of: &dyn Fn(&Measured) -> f64| {
        median(results.iter().map(|(floor, bridge)| of(bridge) / of(floor)))
    };
    println!("bridge / floor, median of {} rounds:", size.rounds);
    println!(
        "  delivered/s at saturation   {:.2}",
        ratio(&|one| one.delivered_per_s)
    );
    println!(
        "  CPU-s per 1,000 events      {:.2}",
        ratio(&|one| one.cpu_s_per_1000)
    );
    println!(
        "  p50 end to end at {RATE}/s    {:.2}",
        ratio(&|one| one.at_rate.p50_us.into())
    );
    println!(
        "  p99 end to end at {RATE}/s    {:.2}",
        ratio(&|one| one.at_rate.p99_us.into())
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
    let home = Home::sqlite()?;
    let bridge = Bridge::start(&home)?;
    let (source, url) = bridge.add_source()?;
    bridge.add_connection(&source, &receiver.address("hang"), 30_000)?;
    let sent = send(std::slice::from_ref(&url), 0, size.backlog, None)?;
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
    let mut empty = Subject::bridge(Home::sqlite()?)?;
    let mut full = Subject::bridge(Home::sqlite()?)?;
    full.saturate(1)?;
    full.restart_after(|file| grow(file, size.old))?;
    let mut ratios = Vec::new();
    for _ in 0..size.rounds {
        let without = empty.saturate(size.saturation)?.delivered_per_s();
        let with = full.saturate(size.saturation)?.delivered_per_s();
        println!("  delivered/s: {without:.0} empty, {with:.0} full");
        ratios.push(with / without);
    }
    println!(
        "  full / empty, median of {} rounds: {:.2}",
        size.rounds,
        median(ratios.into_iter())
    );
    Ok(())
}

/// One node on SQLite, one on PostgreSQL and two on PostgreSQL in turns, on new databases.
fn postgres(size: Size) -> anyhow::Result<()> {
    println!(
        "postgres: {} events over {CONNECTIONS} connections to one node on SQLite, one on PostgreSQL, two on PostgreSQL",
        size.saturation
    );
    let mut server = Postgres::start()?;
    let mut ratios = Vec::new();
    for _ in 0..size.rounds {
        let sqlite = Subject::bridge(Home::sqlite()?)?.measure(size)?;
        let one = Subject::bridge(server.database()?)?.measure(size)?;
        let mut two = Subject::bridge(server.database()?)?;
        two.add_node()?;
        let two = two.measure(size)?;
        sqlite.tell("SQLite");
        one.tell("one");
        two.tell("two");
        ratios.push([
            one.delivered_per_s / sqlite.delivered_per_s,
            two.delivered_per_s / one.delivered_per_s,
        ]);
    }
    println!("delivered/s, median of {} rounds:", size.rounds);
    for (what, index) in [
        ("one node on PostgreSQL / SQLite", 0),
        ("two nodes / one", 1),
    ] {
        println!(
            "  {what:32} {:.2}",
            median(ratios.iter().map(|pair| pair[index]))
        );
    }
    Ok(())
}

/// A healthy destination beside one that hangs.
fn isolation(size: Size) -> anyhow::Result<()> {
    println!(
        "isolation: {} events at {RATE}/s to a healthy destination, alone and beside one that hangs with {} queued",
        size.at_rate, size.hanging
    );
    let receiver = Receiver::start()?;
    let home = Home::sqlite()?;
    let bridge = Bridge::start(&home)?;
    let (healthy, url) = bridge.add_source()?;
    bridge.add_connection(&healthy, &receiver.address("in"), 10_000)?;
    let (hanging, hanging_url) = bridge.add_source()?;
    bridge.add_connection(&hanging, &receiver.address("hang"), 30_000)?;
    let mut first = 0;
    let mut at_rate = |name: &str| -> anyhow::Result<f64> {
        let mut p99s = Vec::new();
        for _ in 0..size.rounds {
            receiver.reset()?;
            send(std::slice::from_ref(&url), first, size.at_rate, Some(RATE))?;
            let report = receiver.wait_for(size.at_rate as usize)?;
            first += size.at_rate;
            println!(
                "  {name:6} p50 {} us, p99 {} us",
                report.p50_us, report.p99_us
            );
            p99s.push(f64::from(report.p99_us));
        }
        Ok(median(p99s.into_iter()))
    };
    at_rate("warm")?;
    let alone = at_rate("alone")?;
    send(&[hanging_url], 0, size.hanging, None)?;
    let beside = at_rate("beside")?;
    println!(
        "  p99 beside / alone, medians of {} rounds: {:.2}",
        size.rounds,
        beside / alone
    );
    Ok(())
}

/// What is measured: a floor or a bridge, with a receiver of its own.
struct Subject {
    receiver: Receiver,
    processes: Vec<Process>,
    home: Option<Home>,
    /// The inbound address at each node.
    urls: Vec<String>,
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
            processes: vec![process],
            home: None,
            urls: vec![url],
            next: 0,
        })
    }

    fn bridge(home: Home) -> anyhow::Result<Subject> {
        let receiver = Receiver::start()?;
        let bridge = Bridge::start(&home)?;
        let (source, url) = bridge.add_source()?;
        bridge.add_connection(&source, &receiver.address("in"), 10_000)?;
        Ok(Subject {
            receiver,
            processes: vec![bridge.process],
            home: Some(home),
            urls: vec![url],
            next: 0,
        })
    }

    /// One more node on the same database.
    fn add_node(&mut self) -> anyhow::Result<()> {
        let home = self.home.as_ref().context("a floor has no database")?;
        let node = Bridge::start(home)?;
        self.urls.push(at_port(&self.urls[0], node.port)?);
        self.processes.push(node.process);
        Ok(())
    }

    /// Changes the database while nothing runs on it.
    fn restart_after(
        &mut self,
        change: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let home = self.home.as_ref().context("a floor has no database")?;
        let file = home.file().context("only a SQLite file is changed")?;
        // Its last result may still be on its way to the disk.
        std::thread::sleep(Duration::from_millis(500));
        self.processes.clear();
        change(&file)?;
        let bridge = Bridge::start(home)?;
        self.urls = vec![at_port(&self.urls[0], bridge.port)?];
        self.processes.push(bridge.process);
        Ok(())
    }

    fn measure(mut self, size: Size) -> anyhow::Result<Measured> {
        // Connections are opened and caches filled before anything counts.
        self.saturate(size.saturation / 10)?;
        let cpu_before = self.cpu_s()?;
        let saturated = self.saturate(size.saturation)?;
        // Results are recorded shortly after they arrived, and belong to the price.
        std::thread::sleep(Duration::from_millis(200));
        let cpu_s = self.cpu_s()? - cpu_before;
        let at_rate = self.run(size.at_rate, Some(RATE))?;
        Ok(Measured {
            acknowledged_per_s: saturated.acknowledged_per_s(),
            delivered_per_s: saturated.delivered_per_s(),
            cpu_s_per_1000: cpu_s * 1_000.0 / size.saturation as f64,
            peak_mib: self.peak_mib()?,
            lost: saturated.lost() + at_rate.lost(),
            at_saturation: saturated.report,
            at_rate: at_rate.report,
        })
    }

    /// CPU time of all nodes, in seconds.
    fn cpu_s(&self) -> anyhow::Result<f64> {
        self.processes.iter().map(Process::cpu_s).sum()
    }

    /// Memory of the largest node, in MiB.
    fn peak_mib(&self) -> anyhow::Result<f64> {
        let peaks: anyhow::Result<Vec<f64>> =
            self.processes.iter().map(Process::peak_mib).collect();
        Ok(peaks?.into_iter().fold(0.0, f64::max))
    }

    fn saturate(&mut self, count: u64) -> anyhow::Result<Run> {
        self.run(count, None)
    }

    fn run(&mut self, count: u64, rate: Option<f64>) -> anyhow::Result<Run> {
        self.receiver.reset()?;
        let sent = send(&self.urls, self.next, count, rate)?;
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

/// The median; of an even number, the upper of the two in the middle.
fn median(ratios: impl Iterator<Item = f64>) -> f64 {
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

fn per_second(count: u64, from_us: u64, to_us: u64) -> f64 {
    count as f64 * 1e6 / to_us.saturating_sub(from_us).max(1) as f64
}

/// Runs a generator for each node to its end; they share the events and the connections.
fn send(urls: &[String], first: u64, count: u64, rate: Option<f64>) -> anyhow::Result<Sent> {
    let nodes = urls.len() as u64;
    let mut generators = Vec::new();
    for (url, node) in urls.iter().zip(0..) {
        let from = first + count * node / nodes;
        let plan = Plan {
            url: url.clone(),
            secret: SECRET.to_string(),
            first: from,
            count: first + count * (node + 1) / nodes - from,
            connections: CONNECTIONS / nodes,
            rate: rate.map(|rate| rate / nodes as f64),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["role", "generator", &serde_json::to_string(&plan)?])
            .stdout(Stdio::piped());
        generators.push(Process::start(&mut command)?);
    }
    let mut all: Option<Sent> = None;
    for generator in generators {
        let sent: Sent = serde_json::from_str(&generator.output()?)?;
        all = Some(match all {
            Some(before) => before.and(&sent),
            None => sent,
        });
    }
    all.context("nobody to send to")
}

/// The same address at another port.
fn at_port(url: &str, port: u16) -> anyhow::Result<String> {
    let (_, path) = url
        .split_once("/hooks/")
        .context("not an inbound address")?;
    Ok(format!("http://127.0.0.1:{port}/hooks/{path}"))
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
         INSERT INTO events (id, source_id, event_type, record_id, record_title, list_id, list_title, project_id, project_name, company_id,
                             occurred_at, received_at, is_test, body)
             SELECT {event}, source_id, event_type, record_id || n, record_title, list_id, list_title, project_id, project_name, company_id,
                    occurred_at, first_ms + n, is_test, body
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
