//! kill -9 at random moments: whatever was answered with a 2xx reaches every destination, and the database is sound after each restart.
//!
//! `BLUEBRIDGE_TEST_CRASH_ROUNDS=200` makes the long run; `BLUEBRIDGE_TEST_SEED` repeats the moments of a run that failed.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::database::{Database, on_both};
use crate::harness::patiently;
use crate::process::{Ledger, Served, Sink, Site};

/// Rounds on SQLite, unless the environment asks for more.
const ROUNDS: usize = 10;
/// Posts of one round; the process is killed somewhere among them or while their deliveries go out.
const POSTS: usize = 200;

/// When the process is killed.
#[derive(Debug)]
enum Moment {
    /// After so many answers to Blue.
    Answered(usize),
    /// After so many requests at the destination that works.
    Delivered(usize),
    /// After so many at the one that fails, first attempts or later ones.
    Failed(usize),
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn draw(chance: &mut StdRng) -> Moment {
    let count = chance.random_range(1..POSTS / 2);
    match chance.random_range(0..4) {
        0 | 1 => Moment::Answered(count),
        2 => Moment::Delivered(count),
        _ => Moment::Failed(count),
    }
}

on_both![everything_acknowledged_arrives_although_the_process_is_killed_again_and_again];

async fn everything_acknowledged_arrives_although_the_process_is_killed_again_and_again(
    database: Database,
) {
    let usual = match database {
        Database::Sqlite => ROUNDS,
        Database::Postgres => ROUNDS / 2,
    };
    let rounds = setting("BLUEBRIDGE_TEST_CRASH_ROUNDS").map_or(usual, |count| count as usize);
    let seed = setting("BLUEBRIDGE_TEST_SEED").unwrap_or_else(rand::random);
    println!("{rounds} rounds; again with BLUEBRIDGE_TEST_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);

    let site = Site::on(database).await;
    let mut served = site.serve().await;
    let (mut works, mut in_order, mut fails) = (Sink::start(), Sink::start(), Sink::start());
    fails.receiver.answer_usually(500);
    let plain = json!({"order": "none"});
    site.connect(&served, &works.receiver.url(), json!({}), plain.clone())
        .await;
    let per_record = json!({"order": "per_record"});
    site.connect(&served, &in_order.receiver.url(), json!({}), per_record)
        .await;
    let failing = site
        .connect(
            &served,
            &fails.receiver.url(),
            json!({"concurrency": 4}),
            plain,
        )
        .await;

    let ledger = Ledger::default();
    for round in 0..rounds {
        let answered = ledger.len();
        let posting = ledger.post(&served, round * POSTS..(round + 1) * POSTS);
        let moment = draw(&mut chance);
        println!("round {round}: {moment:?}");
        match moment {
            Moment::Answered(count) => ledger.grows_to(answered + count).await,
            Moment::Delivered(count) => take(&mut works, count).await,
            Moment::Failed(count) => take(&mut fails, count).await,
        }
        for _ in 0..chance.random_range(0..500) {
            tokio::task::yield_now().await;
        }
        served.kill();
        posting.await.unwrap();
        site.time_passes().await;
        served = site.serve().await;
        site.look().holds(3);
    }
    println!("{} events acknowledged", ledger.len());
    assert!(ledger.len() >= rounds, "{}", ledger.len());
    in_order.gets_all_of(&ledger).await;
    works.gets_all_of(&ledger).await;
    recovers(&site, &served, &mut fails, &failing, &ledger).await;
    served.signal("TERM");
    assert_eq!(served.ended().await, 0);
    site.look().holds(3);
}

async fn take(sink: &mut Sink, count: usize) {
    for _ in 0..count {
        sink.next().await;
    }
}

/// The failing destination works again: what waits for it goes out. An attempt that was under way may still have failed, and then waits for longer
/// than a test does.
async fn recovers(site: &Site, served: &Served, fails: &mut Sink, id: &str, ledger: &Ledger) {
    fails.receiver.answer_usually(200);
    let is_none_in = async |states: &str| {
        let path = format!("/deliveries?state={states}&limit=1");
        site.get(served, &path).await["data"] == json!([])
    };
    patiently("every delivery to end", async {
        while !is_none_in("queued,held,sending,retrying").await {
            if is_none_in("sending").await && !is_none_in("retrying").await {
                site.send_now(served, id).await;
            }
        }
    })
    .await;
    fails.gets_all_of(ledger).await;
    let unfinished = site.look().count("deliveries WHERE state <> 'delivered'");
    assert_eq!(unfinished, 0);
}
