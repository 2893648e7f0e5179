//! The access tokens that are known, one for each grant, in memory alone: a restart asks again.
//!
//! Held by `client`, filled by `access_token`. It asks nobody and looks at no clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::destination::grant::Grant;
use crate::domain::secret::Secret;

/// Tokens that are kept at once; beyond, all that nobody is asking for are forgotten.
const KEPT_LIMIT: usize = 1_000;

/// A token, and until when it is used, in seconds since 1970.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) token: Secret,
    pub(super) until_s: i64,
}

/// The place of one grant's token; whoever asks for one holds it meanwhile.
pub(super) type Slot = Arc<tokio::sync::Mutex<Option<Kept>>>;

#[derive(Debug, Clone, Default)]
pub(super) struct TokenCache(Arc<Mutex<HashMap<[u8; 32], Slot>>>);

impl TokenCache {
    pub(super) fn slot(&self, grant: &Grant) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= KEPT_LIMIT {
            slots.retain(|_, slot| slot.try_lock().is_err());
        }
        slots.entry(grant.fingerprint()).or_default().clone()
    }
}
