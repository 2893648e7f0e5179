//! `bluebridge receive`: a destination on this machine that prints and verifies what arrives.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::{Context as _, bail};

use crate::domain::destination::signing_secret_problem;
use crate::domain::secret::Secret;
use crate::domain::signature::{BLUE_HEADER, Scheme, verify, verify_standard};

/// Largest body taken, in bytes.
const BODY_LIMIT_BYTES: usize = 16 << 20;

/// Where to listen, and how to answer.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  bluebridge receive --secret whsec_...\n  bluebridge receive --port 9000 --quiet\n  bluebridge receive --status 500          answer every request with 500\n  bluebridge receive --delay-ms 3000"
)]
pub struct ReceiveArgs {
    /// Port on 127.0.0.1.
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// The destination's signing secret; without it signatures are not checked.
    #[arg(long, env = "BLUEBRIDGE_RECEIVE_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// Header of the bare-hex scheme, when the destination has another.
    #[arg(long, default_value = BLUE_HEADER)]
    header: String,
    /// What to answer: a status from 200 to 599.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599))]
    status: u16,
    /// How long to wait before answering, in milliseconds.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// Print one line for each request: number, signature, webhook-id.
    #[arg(long)]
    quiet: bool,
    /// Stop after so many requests.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// A secret that the bridge would not take either: cut short, it would find every signature wrong. It is not repeated, as a refused argument would be.
fn refuse_unusable(secret: &str) -> anyhow::Result<()> {
    match signing_secret_problem(Scheme::StandardWebhooks, &Secret::new(secret), "") {
        None => Ok(()),
        Some(problem) => bail!(
            "the secret (--secret or BLUEBRIDGE_RECEIVE_SECRET) cannot be used: {}",
            problem.message
        ),
    }
}

struct Receiver {
    args: ReceiveArgs,
    received: AtomicU64,
    done: tokio::sync::Notify,
}

/// Receives until it is stopped, or until `--count` is reached.
pub async fn receive(args: ReceiveArgs) -> anyhow::Result<()> {
    args.secret.as_deref().map_or(Ok(()), refuse_unusable)?;
    let port = args.port;
    let receiver = web::Data::new(Receiver {
        args,
        received: AtomicU64::new(0),
        done: tokio::sync::Notify::new(),
    });
    let shared = receiver.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(BODY_LIMIT_BYTES))
            .default_service(web::to(take))
    })
    .workers(1)
    .bind(("127.0.0.1", port))
    .with_context(|| {
        format!(
            "127.0.0.1:{port} cannot be listened on; does another program? Choose another port with --port, or 0 for any that is free"
        )
    })?;
    let address = server
        .addrs()
        .first()
        .map_or_else(|| format!("127.0.0.1:{port}"), ToString::to_string);
    println!("Receiving on http://{address}/");
    let running = server.run();
    let handle = running.handle();
    tokio::spawn(async move {
        receiver.done.notified().await;
        handle.stop(true).await;
    });
    Ok(running.await?)
}

async fn take(
    request: HttpRequest,
    body: web::Bytes,
    receiver: web::Data<Receiver>,
) -> HttpResponse {
    let number = receiver.received.fetch_add(1, Ordering::SeqCst) + 1;
    let verdict = verdict(&request, &body, &receiver.args);
    print(number, &request, &body, &verdict, receiver.args.quiet);
    if receiver.args.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(receiver.args.delay_ms)).await;
    }
    if receiver.args.count.is_some_and(|count| number >= count) {
        receiver.done.notify_one();
    }
    HttpResponse::build(StatusCode::from_u16(receiver.args.status).unwrap_or(StatusCode::OK))
        .body("received\n")
}

/// What is to be said of the signature.
fn verdict(request: &HttpRequest, body: &[u8], args: &ReceiveArgs) -> String {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let Some(secret) = args.secret.as_deref().map(Secret::new) else {
        return "not checked (no --secret)".into();
    };
    match (header("webhook-signature"), header(&args.header)) {
        (Some(signatures), _) => {
            let id = header("webhook-id").unwrap_or_default();
            let timestamp = header("webhook-timestamp").unwrap_or_default();
            let now_s = jiff::Timestamp::now().as_second();
            match verify_standard(&secret, id, timestamp, signatures, body, now_s) {
                Ok(()) => "valid (Standard Webhooks)".into(),
                Err(problem) => format!("INVALID: {problem}"),
            }
        }
        (None, Some(signature)) => match verify(body, &[signature], &[&secret]) {
            Ok(_) => "valid (bare hex)".into(),
            Err(problem) => format!("INVALID: {problem}"),
        },
        (None, None) => "MISSING".into(),
    }
}

/// One write for each request, so that lines of several do not mix. Control characters of a sender do not reach the terminal.
fn print(number: u64, request: &HttpRequest, body: &[u8], verdict: &str, quiet: bool) {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("-")
    };
    let id = header("webhook-id");
    let text = if quiet {
        format!("{number} {verdict} {id}\n")
    } else {
        let shown = serde_json::from_slice::<serde_json::Value>(body)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_else(|_| {
                String::from_utf8_lossy(body)
                    .chars()
                    .filter(|c| !c.is_control() || *c == '\n')
                    .collect()
            });
        format!(
            "#{number} {} {}\n  webhook-id: {id}\n  attempt: {}\n  content-type: {}\n  signature: {verdict}\n{shown}\n\n",
            request.method(),
            request.path(),
            header("bluebridge-attempt"),
            header("content-type"),
        )
    };
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
