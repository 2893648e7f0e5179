//! Work that takes a core for a while: off the async threads, so that their other requests go on meanwhile, and only a few pieces at once.
//!
//! Called where a password is hashed and where somebody's rules are tried on an event. What a reader's language needs stays outside: it is known only
//! to the request's own task.

use actix_web::web;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::web::problem::ApiError;

/// Turns of rules that are tried on an event. They may take all the steps that a template is allowed; Blue's requests must find a core even then.
pub static RULES: Semaphore = Semaphore::const_new(2);

/// Waits for a turn; it ends when it is dropped. For work that goes off the async threads by itself.
pub async fn turn(turns: &Semaphore) -> Result<SemaphorePermit<'_>, ApiError> {
    turns
        .acquire()
        .await
        .map_err(|error| ApiError::internal(&error))
}

/// Does the work when it is its turn.
pub async fn in_turn<T: Send + 'static>(
    turns: &Semaphore,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let _turn = turn(turns).await?;
    web::block(work)
        .await
        .map_err(|error| ApiError::internal(&error))
}
