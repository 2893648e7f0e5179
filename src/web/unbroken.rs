//! A request that changes something is carried through once it has begun, whatever its client does.
//!
//! A client that breaks off takes its handler with it: in the middle between a commit and what has to follow it, as keeping the answer of an
//! `Idempotency-Key` or putting what was saved in force. `route` puts this around whatever changes something; what only looks may end anywhere. The end of the process ends it too.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt;

use crate::web::problem::ApiError;
use crate::web::reader::Reader;

/// Handles a request in a task of its own, for the same reader.
pub async fn unbroken<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let handled = Reader::present().around(next.call(request));
    let ended = rt::spawn(handled).await;
    ended.map_err(|error| ApiError::internal(&error))?
}
