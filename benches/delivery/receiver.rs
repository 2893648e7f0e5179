//! The receiver: answers 200, and keeps for every event how often and how late it came. `/hang` takes a request and never answers.
//!
//! An event carries its number and the moment of its sending in its title, which the mapping keeps: `bench 12 at 1763980000000000 `.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::process::now_us;

/// What has arrived since the last reset.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Different events.
    pub distinct: usize,
    /// Arrivals beyond the first of each event.
    pub repeated: usize,
    pub unreadable: usize,
    /// When the last new event arrived, in microseconds since 1970.
    pub last_new_us: u64,
    pub p50_us: u32,
    pub p99_us: u32,
}

#[derive(Default)]
struct Arrivals {
    times: Vec<u8>,
    latencies_us: Vec<u32>,
    repeated: usize,
    unreadable: usize,
    last_new_us: u64,
}

pub fn run(port: u16) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let arrivals = web::Data::new(Mutex::new(Arrivals::default()));
        HttpServer::new(move || {
            App::new()
                .app_data(arrivals.clone())
                .route("/in", web::post().to(take))
                .route("/hang", web::post().to(hang))
                .route("/report", web::get().to(report))
                .route("/reset", web::post().to(reset))
        })
        .workers(1)
        .bind(("127.0.0.1", port))?
        .run()
        .await?;
        Ok(())
    })
}

/// The mark that the generator puts into an event's title.
pub fn mark(number: u64, sent_us: u64) -> String {
    format!("bench {number} at {sent_us} ")
}

async fn take(body: Bytes, arrivals: web::Data<Mutex<Arrivals>>) -> HttpResponse {
    let now = now_us();
    let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    match read_mark(&body) {
        Some((number, sent_us)) => arrivals.note(number, sent_us, now),
        None => arrivals.unreadable += 1,
    }
    HttpResponse::Ok().finish()
}

async fn hang() -> HttpResponse {
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    HttpResponse::Ok().finish()
}

async fn reset(arrivals: web::Data<Mutex<Arrivals>>) -> HttpResponse {
    *arrivals.lock().unwrap_or_else(PoisonError::into_inner) = Arrivals::default();
    HttpResponse::Ok().finish()
}

async fn report(arrivals: web::Data<Mutex<Arrivals>>) -> HttpResponse {
    let arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    HttpResponse::Ok().json(arrivals.report())
}

fn read_mark(body: &[u8]) -> Option<(usize, u64)> {
    let text = std::str::from_utf8(body).ok()?;
    let mut words = text.split_once("bench ")?.1.split(' ');
    let number = words.next()?.parse().ok()?;
    let sent_us = words.nth(1)?.parse().ok()?;
    Some((number, sent_us))
}

impl Arrivals {
    fn note(&mut self, number: usize, sent_us: u64, now: u64) {
        if self.times.len() <= number {
            self.times.resize(number + 1, 0);
        }
        let times = &mut self.times[number];
        *times = times.saturating_add(1);
        if *times > 1 {
            self.repeated += 1;
            return;
        }
        self.last_new_us = now;
        self.latencies_us
            .push(now.saturating_sub(sent_us).try_into().unwrap_or(u32::MAX));
    }

    fn report(&self) -> Report {
        let mut sorted = self.latencies_us.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            let index = (sorted.len() as f64 * share) as usize;
            sorted
                .get(index.min(sorted.len().saturating_sub(1)))
                .copied()
                .unwrap_or_default()
        };
        Report {
            distinct: self.latencies_us.len(),
            repeated: self.repeated,
            unreadable: self.unreadable,
            last_new_us: self.last_new_us,
            p50_us: at(0.5),
            p99_us: at(0.99),
        }
    }
}
