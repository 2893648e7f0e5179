//! Blue's door: `POST /hooks/{token}`.
//!
//! A 2xx means "on disk". Verification is the only way to a body; a destination's trouble never shows here. The work runs in a task
//! of its own, so that a client that hangs up early cannot cut the hand-over off from its commit.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::domain::event::{Reading, read};
use crate::domain::signature::{
    BLUE_HEADER, SignatureProblem, accept_unsigned, likely_reason, verify,
};
use crate::domain::source::{SecretUsed, Source};
use crate::flow::Bridge;
use crate::flow::ingest::{Receipt, ingest};
use crate::web::Site;
use crate::web::body::{Taken, whole};
use crate::web::problem::ApiError;

/// Largest body taken, in bytes.
pub const BODY_LIMIT_BYTES: usize = 1 << 20;

/// How long a body may take. Blue itself gives up after 7 seconds.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(7);

/// Takes one webhook request.
pub async fn receive(
    request: HttpRequest,
    payload: web::Payload,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, ApiError> {
    if request.method() != Method::POST {
        return Err(ApiError::method_not_allowed(&[Method::POST]));
    }
    let snapshot = bridge.snapshot();
    let token = request.match_info().unprocessed().trim_start_matches('/');
    let source = snapshot.source(token).cloned().ok_or_else(|| {
        count("unknown_source");
        ApiError::new(
            StatusCode::NOT_FOUND,
            "unknown_source",
            "No source has this address; copy it again from the source's page.",
        )
    })?;
    let taken = whole(
        payload,
        BODY_LIMIT_BYTES,
        BODY_TIME_LIMIT,
        &site.room_of_hooks,
    );
    let Taken { bytes: body, room } = taken.await.inspect_err(|_| count("refused"))?;
    let signatures: Vec<String> = request
        .headers()
        .get_all(BLUE_HEADER)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let bridge = bridge.into_inner();
    // Detached: once begun, it ends, whatever the client does.
    let taken = tokio::spawn(async move {
        let _room = room;
        let signatures: Vec<&str> = signatures.iter().map(String::as_str).collect();
        let now = bridge.clock.now();
        let secrets = source.accepted_secrets(now);
        // Two webhooks of Blue may tell of the same change then.
        let is_rotating = secrets.len() > 1;
        let (verified, used) = match verify(&body, &signatures, &secrets) {
            // Asked once more only while there are two.
            Ok(verified) if is_rotating && verify(&body, &signatures, &secrets[..1]).is_err() => {
                (verified, Some(SecretUsed::Previous))
            }
            Ok(verified) => (verified, Some(SecretUsed::Present)),
            Err(_) if !source.require_signature => (accept_unsigned(&body), None),
            // Blue probes a webhook when it is switched on, maybe before its secret was pasted here; answering does nothing else.
            Err(_) if matches!(read(&body), Ok(Reading::HealthCheck)) => {
                return Ok(Receipt::HealthCheck);
            }
            Err(problem) => {
                let reason = likely_reason(&body, &signatures, &secrets, problem);
                return Err(refused(&bridge, &source, problem, reason));
            }
        };
        if !bridge.admission.admits(source.id) {
            return Err(ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "source_limited",
                "This source sends more in a second than it may (BLUEBRIDGE_SOURCE_PER_SECOND); come again shortly.",
            ));
        }
        let receipt = ingest(&bridge, source.id, &verified, &body, is_rotating).await?;
        bridge.evidence.heard(&source, used, now);
        Ok::<Receipt, ApiError>(receipt)
    });
    let receipt = taken.await.map_err(|error| ApiError::internal(&error))?;
    match receipt {
        Ok(receipt) => Ok(answer(receipt)),
        Err(error) => {
            count(if error.status == StatusCode::UNAUTHORIZED {
                "bad_signature"
            } else {
                "refused"
            });
            Err(error)
        }
    }
}

/// Notes what is wrong with a signature, for the source's page.
fn refused(bridge: &Bridge, source: &Source, problem: SignatureProblem, reason: &str) -> ApiError {
    let message = format!("{}. {reason}", sentence_case(&problem.to_string()));
    let now = bridge.clock.now();
    bridge
        .evidence
        .refused(source.id, problem.code(), message, now);
    tracing::warn!(source = %source.id, code = problem.code(), "a request was refused for its signature");
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        problem.code(),
        format!("Refused: {problem}."),
    )
}

/// With a capital first letter.
fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn answer(receipt: Receipt) -> HttpResponse {
    match receipt {
        Receipt::HealthCheck => {
            count("health_check");
            HttpResponse::Ok().json(json!({"status": "healthy"}))
        }
        Receipt::Stored {
            event_id,
            deliveries,
        } => {
            count("stored");
            HttpResponse::Ok()
                .json(json!({"status": "stored", "event_id": event_id, "deliveries": deliveries}))
        }
        Receipt::Duplicate { of } => {
            count("duplicate");
            HttpResponse::Ok().json(json!({"status": "duplicate", "event_id": of}))
        }
    }
}

fn count(result: &'static str) {
    metrics::counter!("bluebridge_events_received_total", "result" => result).increment(1);
}
