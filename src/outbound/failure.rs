//! What the HTTP client reports when there is no answer, in people's words.
//!
//! Called by `request` and `access_token`. The outermost errors repeat the URL, which may hold a secret, so only their causes are told.

use std::error::Error as _;

use crate::domain::outcome::Outcome;
use crate::outbound::exchange::tls_error;
use crate::outbound::guard::{Refusal, Vetoed};
use crate::outbound::lookup::Unresolved;

/// Finds the plain word for what reqwest reports, by walking down to the cause.
pub(super) fn classify(error: &reqwest::Error) -> Outcome {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(vetoed) = inner.downcast_ref::<Vetoed>() {
            return match vetoed {
                Vetoed::Refused(Refusal { reason, .. }) => Outcome::RefusedAddress {
                    reason: reason.clone(),
                },
                Vetoed::Unresolved(Unresolved(reason)) => Outcome::DnsFailed {
                    reason: reason.clone(),
                },
            };
        }
        if let Some(tls) = tls_error(inner) {
            return Outcome::TlsFailed {
                reason: format!("{tls}."),
            };
        }
        cause = inner.source();
    }
    let reason = root_cause(error);
    if reason.contains("message head is too large") {
        let reason = "the answer's headers are larger than is read.".to_string();
        Outcome::ResponseTooLarge { reason }
    } else if error.is_builder() {
        Outcome::InvalidRequest { reason }
    } else if error.is_connect() {
        Outcome::CouldNotConnect { reason }
    } else {
        Outcome::ConnectionBroke { reason }
    }
}

/// The innermost error's words; outer ones repeat the URL, which may hold a secret.
fn root_cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    match innermost.downcast_ref::<reqwest::Error>() {
        Some(_) => "the exchange failed.".into(),
        None => format!("{innermost}."),
    }
}
