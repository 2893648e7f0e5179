//! Bodies of requests: bounded in size and time, each and all together, read whole, never decompressed.
//!
//! Called by `hooks` for Blue's and as a wrapper around API and pages, before anything else looks at the request, so that a sender that drips
//! holds no handler. A compressed body is refused: its size would not say what it becomes.
//!
//! Nobody has been admitted yet, and thousands may send at once, so what is in memory of all bodies is bounded by a [`Room`], and who sends much is asked
//! first whether they are known here. It is taken as
//! the bytes come, not by what a request announces: else a few that announce much and send nothing would keep everybody out.

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse, ResponseError as _, web};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::flow::Bridge;
use crate::web::Site;
use crate::web::api::BODY_LIMIT_BYTES;
use crate::web::auth::is_from_known;
use crate::web::problem::ApiError;
use crate::web::ui::error::PageError;

/// How long the body of an API request or a form may take.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(20);

/// Largest body of a request whose sender is not known, in bytes: what strangers send is a form to sign in.
const STRANGERS_LIMIT_BYTES: usize = 64 << 10;

/// Bytes of bodies at Blue's door in memory at once, and of those of API and pages. Apart, so that nobody who knows no source keeps an event out.
pub const HOOKS_ROOM_BYTES: usize = 256 << 20;
pub const SITE_ROOM_BYTES: usize = 128 << 20;

/// Room for so many bytes of bodies.
pub struct Room(Arc<Semaphore>);

/// A body, and the room that it takes until this is dropped.
#[derive(Debug)]
pub struct Taken {
    pub bytes: web::Bytes,
    pub room: Option<OwnedSemaphorePermit>,
}

impl Room {
    pub fn new(bytes: usize) -> Room {
        Room(Arc::new(Semaphore::new(bytes)))
    }

    /// So much of it, as soon as it is free.
    async fn take(&self, bytes: usize, until: Instant) -> Result<OwnedSemaphorePermit, ApiError> {
        let count = u32::try_from(bytes).unwrap_or(u32::MAX);
        if let Ok(taken) = self.0.clone().try_acquire_many_owned(count) {
            return Ok(taken);
        }
        let waiting = self.0.clone().acquire_many_owned(count);
        match timeout_at(until, waiting).await {
            Ok(Ok(taken)) => Ok(taken),
            Ok(Err(_)) | Err(_) => Err(ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "More is being read than there is room for; try again shortly.",
            )),
        }
    }
}

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
            let payload = Box::pin(futures_util::stream::iter([Ok(body.bytes)]));
            request.set_payload(Payload::Stream { payload });
            if let Some(room) = body.room {
                // Kept as long as the request, which holds what was read.
                request.extensions_mut().insert(room);
            }
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(request.into_response(refused(problem))),
    }
}

async fn taken(request: &mut ServiceRequest) -> Result<Taken, ApiError> {
    let encoding = request.headers().get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "encoded_body",
            "Send the body as it is, without Content-Encoding.",
        ));
    }
    let limit_bytes = limit_bytes(request).await?;
    let payload = request
        .extract::<web::Payload>()
        .await
        .map_err(|error| ApiError::internal(&error))?;
    let site = request
        .app_data::<web::Data<Site>>()
        .ok_or_else(|| ApiError::internal(&"a body was read at no site"))?;
    whole(payload, limit_bytes, BODY_TIME_LIMIT, &site.room).await
}

/// How long the body may be. The sender is looked up only for one that is not announced to be short.
async fn limit_bytes(request: &ServiceRequest) -> Result<usize, ApiError> {
    let announced = request.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    // Neither length nor encoding: there is none.
    let has_none = announced.is_none() && !request.headers().contains_key(TRANSFER_ENCODING);
    if has_none || announced.is_some_and(|bytes| bytes <= STRANGERS_LIMIT_BYTES) {
        return Ok(STRANGERS_LIMIT_BYTES);
    }
    let bridge = request
        .app_data::<web::Data<Bridge>>()
        .ok_or_else(|| ApiError::internal(&"a body was read at no bridge"))?;
    Ok(if is_from_known(request.request(), bridge).await? {
        BODY_LIMIT_BYTES
    } else {
        STRANGERS_LIMIT_BYTES
    })
}

/// The whole body, or why it was not taken.
pub async fn whole(
    mut payload: web::Payload,
    limit_bytes: usize,
    time_limit: Duration,
    room: &Room,
) -> Result<Taken, ApiError> {
    let until = Instant::now() + time_limit;
    let mut body = web::BytesMut::new();
    let mut taken: Option<OwnedSemaphorePermit> = None;
    while let Some(part) = timeout_at(until, payload.next())
        .await
        .map_err(|_| too_slow())?
    {
        let part = part.map_err(|_| broke_off())?;
        if body.len() + part.len() > limit_bytes {
            return Err(too_large(limit_bytes));
        }
        let more = room.take(part.len(), until).await?;
        match &mut taken {
            Some(taken) => taken.merge(more),
            None => taken = Some(more),
        }
        body.extend_from_slice(&part);
    }
    Ok(Taken {
        bytes: body.freeze(),
        room: taken,
    })
}

fn broke_off() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "body_broke_off",
        "The body ended before it was complete.",
    )
}

fn too_large(limit_bytes: usize) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("A body may have at most {limit_bytes} bytes."),
    )
}

fn too_slow() -> ApiError {
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        "too_slow",
        "The body did not come in time.",
    )
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest as _;
    use actix_web::test::TestRequest;

    use super::*;

    async fn read(bytes: &'static [u8], limit: Duration, room: &Room) -> Result<Taken, ApiError> {
        let request = TestRequest::default().set_payload(bytes);
        let (request, mut payload) = request.to_http_parts();
        let payload = web::Payload::from_request(&request, &mut payload);
        whole(payload.await.unwrap(), 80, limit, room).await
    }

    #[actix_web::test]
    async fn bodies_wait_for_room_and_are_refused_when_there_is_none_in_time() {
        let (room, long) = (Room::new(100), Duration::from_secs(60));
        let first = read(&[b' '; 60], long, &room).await.unwrap();
        let small = read(&[b' '; 40], long, &room).await.unwrap();
        assert_eq!((first.bytes.len(), small.bytes.len()), (60, 40));
        let refused = read(&[b' '; 1], Duration::ZERO, &room).await.unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.code), (503, "busy"));
        // Nobody is refused who gets room in time.
        let (second, ()) = tokio::join!(read(&[b' '; 60], long, &room), async {
            tokio::task::yield_now().await;
            drop(first);
        });
        assert_eq!(second.unwrap().bytes.len(), 60);
        // What is too large keeps nothing.
        drop(small);
        let large = read(&[b' '; 81], long, &room).await.unwrap_err();
        assert_eq!(large.code, "too_large");
        assert_eq!(room.0.available_permits(), 100);
    }
}
