//! `Idempotency-Key` on creates: a repeated request gets the first one's answer and makes nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::flow::Bridge;
use crate::store::idempotency::KeptAnswer;
use crate::web::Site;
use crate::web::auth::Caller;
use crate::web::problem::ApiError;

/// Longest key, in bytes.
const KEY_LIMIT_BYTES: usize = 255;

/// Runs `create` unless the same caller sent the same request with the same key before.
pub async fn create_once(
    request: &HttpRequest,
    body: &web::Bytes,
    caller: &Caller,
    bridge: &Bridge,
    site: &Site,
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
    let _one_at_a_time = site.keyed_creates.lock().await;
    let now_ms = bridge.clock.now_ms();
    if let Some(kept) = bridge.store.kept_answer(key_hash, now_ms).await? {
        if kept.request_hash != request_hash {
            let detail = "This Idempotency-Key was used for another request; use a new one.";
            return Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                detail,
            ));
        }
        return Ok(created(kept.body, true));
    }
    let answer = create().await?.to_string().into_bytes();
    let kept = KeptAnswer {
        request_hash,
        status: StatusCode::CREATED.as_u16(),
        body: answer.clone(),
    };
    bridge.store.keep_answer(key_hash, kept, now_ms).await?;
    Ok(created(answer, false))
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
