//! Bodies of requests: bounded in size and time, read whole, never decompressed.
//!
//! Called by `hooks` for Blue's and as a wrapper around API and pages, before anything else looks at the request, so that a sender that drips
//! holds no handler. A compressed body is refused: its size would not say what it becomes.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError as _, web};

use crate::web::api::BODY_LIMIT_BYTES;
use crate::web::problem::ApiError;
use crate::web::ui::error::PageError;

/// How long the body of an API request or a form may take.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(20);

/// Reads the body before the handler is asked, and refuses one as a program reads it.
pub async fn bounded(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    read(request, next, |problem| problem.error_response()).await
}

/// The same for forms, whose refusal is a page.
pub async fn bounded_form(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let as_page = |problem| PageError::Shown(problem).error_response();
    read(request, next, as_page).await
}

async fn read(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    refused: impl FnOnce(ApiError) -> HttpResponse,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match taken(&mut request).await {
        Ok(body) => {
            let payload = Box::pin(futures_util::stream::iter([Ok(body)]));
            request.set_payload(Payload::Stream { payload });
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(request.into_response(refused(problem))),
    }
}

async fn taken(request: &mut ServiceRequest) -> Result<web::Bytes, ApiError> {
    let encoding = request.headers().get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "encoded_body",
            "Send the body as it is, without Content-Encoding.",
        ));
    }
    let payload = request
        .extract::<web::Payload>()
        .await
        .map_err(|error| ApiError::internal(&error))?;
    whole(payload, BODY_LIMIT_BYTES, BODY_TIME_LIMIT).await
}

/// The whole body, or why it was not taken.
pub async fn whole(
    payload: web::Payload,
    limit_bytes: usize,
    time_limit: Duration,
) -> Result<web::Bytes, ApiError> {
    let reading = payload.to_bytes_limited(limit_bytes);
    match tokio::time::timeout(time_limit, reading).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_))) => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "body_broke_off",
            "The body ended before it was complete.",
        )),
        Ok(Err(_)) => Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("A body may have at most {limit_bytes} bytes."),
        )),
        Err(_) => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "The body did not come in time.",
        )),
    }
}
