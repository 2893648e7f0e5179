//! The generator: acts as Blue. Posts signed record events over kept connections, as fast as they are answered or at a fixed rate.
//!
//! At a fixed rate an event's age counts from when it was due, so that a stalled server cannot hide behind a stalled generator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bluebridge::domain::secret::Secret;
use bluebridge::domain::signature::{BLUE_HEADER, Scheme, sign};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::process::now_us;
use crate::receiver::mark;

/// Blue's documented example, 2.3 KB.
const EVENT: &str = include_str!("../../tests/data/blue/TODO_CREATED.json");

/// What to send.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    pub url: String,
    pub secret: String,
    /// Number of the first event.
    pub first: u64,
    pub count: u64,
    pub connections: u64,
    /// Events per second; as fast as they are answered when absent.
    pub rate: Option<f64>,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sent {
    pub acknowledged: u64,
    pub refused: u64,
    pub started_us: u64,
    /// When the last 2xx came, in microseconds since 1970.
    pub ended_us: u64,
}

impl Sent {
    /// Both together.
    pub fn and(&self, other: &Sent) -> Sent {
        Sent {
            acknowledged: self.acknowledged + other.acknowledged,
            refused: self.refused + other.refused,
            started_us: self.started_us.min(other.started_us),
            ended_us: self.ended_us.max(other.ended_us),
        }
    }
}

pub fn run(plan: &str) -> anyhow::Result<()> {
    let plan: Plan = serde_json::from_str(plan)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let sent = runtime.block_on(send(plan))?;
    println!("{}", serde_json::to_string(&sent)?);
    Ok(())
}

async fn send(plan: Plan) -> anyhow::Result<Sent> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tcp_nodelay(true)
        .build()?;
    let plan = Arc::new(plan);
    let template = Arc::new(Template::read()?);
    let next = Arc::new(AtomicU64::new(0));
    let acknowledged = Arc::new(AtomicU64::new(0));
    let started_us = now_us();
    let started = Instant::now();
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..plan.connections {
        let (plan, template, client) = (plan.clone(), template.clone(), client.clone());
        let (next, acknowledged) = (next.clone(), acknowledged.clone());
        connections.spawn(async move {
            let secret = Secret::new(plan.secret.as_str());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= plan.count {
                    return;
                }
                let mut due_us = now_us();
                if let Some(rate) = plan.rate {
                    let due = Duration::from_secs_f64(number as f64 / rate);
                    tokio::time::sleep_until((started + due).into()).await;
                    due_us = started_us + due.as_micros() as u64;
                }
                let body = template.event(plan.first + number, due_us);
                let mut request = client
                    .post(&plan.url)
                    .header("content-type", "application/json");
                for (name, value) in sign(
                    Scheme::Hex,
                    &[&secret],
                    Some(BLUE_HEADER),
                    "",
                    0,
                    body.as_bytes(),
                ) {
                    request = request.header(name, value);
                }
                if let Ok(answer) = request.body(body).send().await
                    && answer.status().is_success()
                    && answer.bytes().await.is_ok()
                {
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    connections.join_all().await;
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    Ok(Sent {
        acknowledged,
        refused: plan.count - acknowledged,
        started_us,
        ended_us: now_us(),
    })
}

/// The example cut open where the record's id, its title and the time of its change stand.
struct Template([String; 4]);

impl Template {
    fn read() -> anyhow::Result<Template> {
        let mut event: serde_json::Value = serde_json::from_str(EVENT)?;
        event["currentValue"]["id"] = "(cut)".into();
        event["currentValue"]["title"] = "(cut)".into();
        event["currentValue"]["updatedAt"] = "(cut)".into();
        let text = event.to_string();
        let parts: Vec<&str> = text.split("(cut)").collect();
        match parts.as_slice() {
            [head, id, title, tail] => Ok(Template(
                [head, id, title, tail].map(|part| part.to_string()),
            )),
            _ => anyhow::bail!("the example has no id, title and time in this order"),
        }
    }

    /// An event of now, as Blue's are.
    fn event(&self, number: u64, sent_us: u64) -> String {
        let [head, id, title, tail] = &self.0;
        let changed_at = Timestamp::from_microsecond(sent_us.cast_signed()).unwrap_or_default();
        format!(
            "{head}record-{number}{id}{}{title}{changed_at:.3}{tail}",
            mark(number, sent_us)
        )
    }
}
