//! The access tokens that are known, one for each grant, in memory alone: a restart asks again.
//!
//! Held by `client`, filled by `access_token`. It asks nobody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::domain::destination::grant::Grant;
use crate::domain::outcome::Outcome;
use crate::domain::secret::Secret;

/// Tokens that are kept at once; beyond, all that nobody needs right now are forgotten.
const KEPT_LIMIT: usize = 1_000;

/// A token, and until when it is used, in seconds since 1970.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) token: Secret,
    pub(super) until_s: i64,
}

/// Why there is no token.
#[derive(Debug, Clone)]
pub(super) struct NotGiven {
    pub(super) outcome: Outcome,
    /// The `Retry-After` header as it came.
    pub(super) retry_after: Option<String>,
}

/// What is known of one grant's token; whoever asks for one holds it meanwhile.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) kept: Option<Kept>,
    /// When it was refused last, for those who waited for the same answer.
    pub(super) refused: Option<(Instant, NotGiven)>,
}

type Held = Arc<tokio::sync::Mutex<Slot>>;

#[derive(Debug, Clone, Default)]
pub(super) struct TokenCache(Arc<Mutex<HashMap<[u8; 32], Held>>>);

impl NotGiven {
    pub(super) fn because(reason: impl Into<String>) -> NotGiven {
        let reason = reason.into();
        NotGiven {
            outcome: Outcome::NoAccessToken { reason },
            retry_after: None,
        }
    }
}

impl TokenCache {
    pub(super) fn slot(&self, grant: &Grant) -> Held {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fingerprint = grant.fingerprint();
        if slots.len() >= KEPT_LIMIT && !slots.contains_key(&fingerprint) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(fingerprint).or_default().clone()
    }
}
