//! What is sent and what came of it, whichever way it goes.
//!
//! Made by `flow` and by `request` and `mail`, which fill it in; it does nothing by itself.

use std::time::Duration;

use bytes::Bytes;

use crate::domain::mapping::request::RequestParts;
use crate::domain::outcome::Outcome;

/// Header that counts the attempts, from 1.
pub const ATTEMPT_HEADER: &str = "bluebridge-attempt";

/// What is to be sent.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// The same on every attempt of a delivery.
    pub id: &'a str,
    pub attempt: u32,
    /// Seconds since 1970 of this attempt; it is signed.
    pub timestamp_s: i64,
    pub body: Bytes,
    pub content_type: &'a str,
    /// What the mapping adds to the destination's address and headers; a mail has neither.
    pub request: Option<&'a RequestParts>,
}

/// What happened.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub outcome: Outcome,
    pub duration: Duration,
    /// Method and URL, without what may be a secret of it, or the mail server.
    pub request_line: String,
    /// What was sent, secrets masked.
    pub request_headers: Vec<(String, String)>,
    pub response_headers: Vec<(String, String)>,
    pub response_body: Vec<u8>,
    pub response_truncated: bool,
    /// The `Retry-After` header as it came.
    pub retry_after: Option<String>,
}

impl Exchange {
    /// One that has brought nothing so far, which is how it ends when its deadline passes.
    pub(super) fn begun(request_line: String, deadline_ms: u64) -> Exchange {
        Exchange {
            outcome: Outcome::TimedOut {
                after_ms: deadline_ms,
            },
            duration: Duration::ZERO,
            request_line,
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            response_body: Vec::new(),
            response_truncated: false,
            retry_after: None,
        }
    }
}

/// What rustls says. It reaches us inside io::Errors, also one inside the other, whose source() skips the wrapped error itself.
pub(super) fn tls_error<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> Option<&'e rustls::Error> {
    let wrapped = || error.downcast_ref::<std::io::Error>()?.get_ref();
    error
        .downcast_ref()
        .or_else(|| wrapped().and_then(|inner| tls_error(inner)))
}
