//! `Idempotency-Key` on creates: a repeated request gets the first one's answer and makes nothing, whichever node it comes to. One that comes while
//! the first is being carried out waits for it.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::flow::Bridge;
use crate::store::idempotency::{KeptAnswer, Taken};
use crate::web::auth::Caller;
use crate::web::problem::ApiError;

/// Longest key, in bytes.
const KEY_LIMIT_BYTES: usize = 255;

/// How often, and how many times, is looked whether the first request was answered meanwhile: five seconds.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const LOOKS_LIMIT: usize = 50;

/// Runs `create` unless the same caller sent the same request with the same key before.
pub async fn create_once(
    request: &HttpRequest,
    body: &web::Bytes,
    caller: &Caller,
    bridge: &Bridge,
    create: impl AsyncFnOnce() -> Result<Value, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let Some(key) = request.headers().get("idempotency-key") else {
        return Ok(created(create().await?.to_string().into_bytes(), false));
    };
    if key.as_bytes().is_empty() || key.as_bytes().len() > KEY_LIMIT_BYTES {
        let detail = format!("Idempotency-Key has 1 to {KEY_LIMIT_BYTES} bytes.");
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_idempotency_key",
            detail,
        ));
    }
    let key_hash = hash(&[caller.token_id.as_bytes(), key.as_bytes()]);
    let request_hash = hash(&[request.path().as_bytes(), body]);
    if let Some(kept) = take(bridge, key_hash, request_hash).await? {
        return Ok(created(kept.body, true));
    }
    let answer = match create().await {
        Ok(made) => made.to_string().into_bytes(),
        Err(error) => {
            bridge.store.free_key(key_hash).await?;
            return Err(error);
        }
    };
    let status = StatusCode::CREATED.as_u16();
    bridge.store.keep_answer(key_hash, status, &answer).await?;
    Ok(created(answer, false))
}

/// Takes the key, or returns what it was answered. Waits a while for whoever is making what was asked for with it.
async fn take(
    bridge: &Bridge,
    key_hash: [u8; 32],
    request_hash: [u8; 32],
) -> Result<Option<KeptAnswer>, ApiError> {
    for _ in 0..LOOKS_LIMIT {
        let now_ms = bridge.clock.now_ms();
        let taken = bridge.store.take_key(key_hash, request_hash, now_ms);
        let (asked, kept) = match taken.await? {
            Taken::Now => return Ok(None),
            Taken::Before { request_hash } => (request_hash, None),
            Taken::Answered(kept) => (kept.request_hash, Some(kept)),
        };
        if asked != request_hash {
            let detail = "This Idempotency-Key was used for another request; use a new one.";
            return Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                detail,
            ));
        }
        if kept.is_some() {
            return Ok(kept);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let detail = "Another request with this Idempotency-Key is still being carried out; send it again in a minute.";
    Err(ApiError::new(
        StatusCode::CONFLICT,
        "idempotency_key_in_use",
        detail,
    ))
}

fn created(body: Vec<u8>, replayed: bool) -> HttpResponse {
    let mut response = HttpResponse::Created();
    if replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    response.content_type("application/json").body(body)
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
