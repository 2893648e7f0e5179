//! `bluebridge send`: acts as Blue. Posts signed sample events to an inbound address and counts the answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use crate::domain::catalogue::sample::sample;
use crate::domain::catalogue::{EVENTS, find_by_either_name};
use crate::domain::problem::nearest;
use crate::domain::secret::Secret;
use crate::domain::signature::{BLUE_HEADER, Scheme, sign};

/// How long Blue waits for an answer, in seconds.
const BLUE_WAITS_S: u64 = 7;

/// How much of an answer is repeated when it says why something was not taken, in characters.
const WHY_LIMIT_CHARS: usize = 400;

const EXAMPLES: &str = "Examples:\n  bluebridge send --url http://127.0.0.1:8080/hooks/TOKEN --secret S\n  bluebridge send --url ... --secret S --event COMMENT_CREATED\n  bluebridge send --url ... --secret S --count 2000 --rate 200\n  bluebridge send --url ... --secret S --file tests/data/blue/TODO_CREATED.json";

/// What to send, and how fast.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = known_events(),
    after_help = EXAMPLES
)]
pub struct SendArgs {
    /// The source's inbound address.
    #[arg(long, value_parser = address)]
    url: Url,
    /// The source's secret; without it nothing is signed.
    #[arg(long, env = "BLUEBRIDGE_SEND_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// Which event to send a sample of; `--help` lists those that Blue is known to send.
    #[arg(long, default_value = "TODO_CREATED")]
    event: String,
    /// Send this file's bytes instead of a sample.
    #[arg(long)]
    file: Option<PathBuf>,
    /// How many.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// How many a second; as fast as answers come unless given.
    #[arg(long)]
    rate: Option<f64>,
    /// How many at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    concurrency: u32,
    /// Number of the first sample; other numbers make other records.
    #[arg(long)]
    seed: Option<u64>,
    /// Print the answer to each request: status and body, one line each.
    #[arg(long)]
    verbose: bool,
}

/// Sends, and fails when any request was not answered with a 2xx.
pub async fn send(args: SendArgs) -> anyhow::Result<()> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(BLUE_WAITS_S))
        .build()?;
    let file = match &args.file {
        Some(path) => Some(
            std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?,
        ),
        None => None,
    };
    let first = args
        .seed
        .unwrap_or_else(|| u64::from(rand::random::<u32>()));
    if args.file.is_none() {
        warn_of_unknown(&args.event);
    }
    let places = Arc::new(Semaphore::new(args.concurrency as usize));
    let started = Instant::now();
    // What can never be sent is refused before anything is.
    due(started, args.count - 1, args.rate)?;
    let mut requests = JoinSet::new();
    let mut answers: BTreeMap<String, Counted> = BTreeMap::new();
    for number in 0..args.count {
        tokio::time::sleep_until(due(started, number, args.rate)?.into()).await;
        let place = places.clone().acquire_owned().await?;
        let body = file.clone().unwrap_or_else(|| {
            sample(&args.event, first.wrapping_add(number))
                .to_string()
                .into_bytes()
        });
        let request = signed(&client, &args, body);
        let verbose = args.verbose;
        requests.spawn(async move {
            let answer = answer(request).await;
            if verbose {
                println!("{} {}", answer.word, answer.text);
            }
            drop(place);
            answer
        });
        while let Some(answer) = requests.try_join_next() {
            count(&mut answers, answer?);
        }
    }
    while let Some(answer) = requests.join_next().await {
        count(&mut answers, answer?);
    }
    report(&answers, started.elapsed())
}

fn known_events() -> String {
    let known: Vec<&str> = EVENTS.iter().map(|event| event.id).collect();
    format!("{EXAMPLES}\nEvents: {}", known.join(", "))
}

/// Blue may send more than is known here, so what is unknown is sent all the same.
fn warn_of_unknown(event: &str) {
    if find_by_either_name(event).is_some() {
        return;
    }
    let near = nearest(event, EVENTS.iter().map(|event| event.id));
    let near = near.map_or_else(String::new, |id| format!(" Did you mean {id}?"));
    eprintln!(
        "{event} is no event that Blue is known to send; it is sent all the same.{near} `bluebridge send --help` lists all."
    );
}

/// When a request is to be sent: at once unless there is a rate.
fn due(started: Instant, number: u64, rate: Option<f64>) -> anyhow::Result<Instant> {
    let Some(rate) = rate.filter(|rate| *rate > 0.0) else {
        return Ok(started);
    };
    let wait = Duration::try_from_secs_f64(number as f64 / rate).ok();
    let due = wait.and_then(|wait| started.checked_add(wait));
    due.with_context(|| format!("--rate {rate} is too slow: the last one would never be sent"))
}

fn count(answers: &mut BTreeMap<String, Counted>, answer: Answer) {
    let counted = answers.entry(answer.word).or_insert(Counted {
        count: 0,
        first: answer.text,
    });
    counted.count += 1;
}

fn signed(client: &reqwest::Client, args: &SendArgs, body: Vec<u8>) -> reqwest::RequestBuilder {
    let mut request = client
        .post(args.url.clone())
        .header("content-type", "application/json");
    if let Some(secret) = &args.secret {
        let secret = Secret::new(secret.as_str());
        let signature = sign(Scheme::Hex, &[&secret], Some(BLUE_HEADER), "", 0, &body)
            .into_iter()
            .find(|(name, _)| name == BLUE_HEADER);
        if let Some((name, value)) = signature {
            request = request.header(name, value);
        }
    }
    request.body(body)
}

/// What came of one request: the status, or what went wrong in a word or two, and the whole of it.
struct Answer {
    word: String,
    text: String,
}

/// How often there was an answer, and the first one's text.
struct Counted {
    count: u64,
    first: String,
}

/// The address of an inbound address, in full.
fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| {
        "write the source's inbound address in full, like http://127.0.0.1:8080/hooks/TOKEN".into()
    })
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    match request.send().await {
        Ok(response) => Answer {
            word: response.status().as_u16().to_string(),
            text: response.text().await.unwrap_or_default(),
        },
        Err(error) => failure(error),
    }
}

/// Why there is no answer, and what to do.
fn failure(error: reqwest::Error) -> Answer {
    let (is_timeout, is_connect) = (error.is_timeout(), error.is_connect());
    let error = anyhow::Error::new(error);
    let cause = error.root_cause();
    let (word, text) = if is_timeout {
        let text = format!(
            "No answer within {BLUE_WAITS_S} s. Blue would give up then too: look at the server's log."
        );
        ("timeout", text)
    } else if is_connect {
        let text = format!(
            "Could not connect: {cause}. Look whether the server runs, and whether --url names its host and port."
        );
        ("not connected", text)
    } else {
        let text = format!("The connection broke: {cause}. Look at the server's log.");
        ("broken off", text)
    };
    Answer {
        word: word.into(),
        text,
    }
}

fn report(answers: &BTreeMap<String, Counted>, took: Duration) -> anyhow::Result<()> {
    let total: u64 = answers.values().map(|counted| counted.count).sum();
    let words: Vec<String> = answers
        .iter()
        .map(|(answer, counted)| format!("{} x {answer}", counted.count))
        .collect();
    println!(
        "Sent {total} in {:.2} s: {}",
        took.as_secs_f64(),
        words.join(", ")
    );
    let refused = answers
        .iter()
        .filter(|(answer, _)| !answer.starts_with('2'));
    let mut count = 0;
    for (answer, counted) in refused {
        println!("{answer}: {}", why(&counted.first));
        count += counted.count;
    }
    anyhow::ensure!(count == 0, "{count} of {total} were not taken");
    Ok(())
}

/// What an answer says of why: the sentence of problem details, or its beginning.
fn why(text: &str) -> String {
    let document: Option<Value> = serde_json::from_str(text).ok();
    let detail = document.as_ref().and_then(|it| it["detail"].as_str());
    let printable = |sign: &char| !sign.is_control();
    detail
        .unwrap_or(text)
        .chars()
        .filter(printable)
        .take(WHY_LIMIT_CHARS)
        .collect()
}
