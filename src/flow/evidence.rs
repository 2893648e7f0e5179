//! What a source's requests tell about it: when it was last heard from, and whether its signatures fail.
//!
//! Called by `web::hooks` at every request. It gathers in memory and writes at most once a second per source, so that
//! neither a busy source nor somebody knocking with wrong signatures costs a write per request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::domain::id::SourceId;
use crate::domain::source::SignatureEvidence;
use crate::store::Store;
use crate::store::error::StoreError;

/// What was seen since the last write.
#[derive(Debug, Default)]
pub struct Evidence(Mutex<HashMap<SourceId, Seen>>);

#[derive(Debug, Default)]
struct Seen {
    heard_at: Option<Timestamp>,
    problem: Option<SignatureEvidence>,
}

impl Evidence {
    /// A verified request came.
    pub fn heard(&self, id: SourceId, at: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(id).or_default().heard_at = Some(at);
    }

    /// A request failed verification.
    pub fn refused(&self, id: SourceId, code: &'static str, message: String, at: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(id).or_default();
        let before = seen.problem.as_ref().map_or(0, |problem| problem.count);
        seen.problem = Some(SignatureEvidence {
            code: code.to_string(),
            message,
            last_at: at,
            count: before + 1,
        });
    }

    /// Writes what was seen. Called on a timer.
    pub async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let seen = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (id, seen) in seen {
            if let Some(at) = seen.heard_at {
                store.heard_from(id, at.as_millisecond()).await?;
            }
            if let Some(problem) = seen.problem {
                store.signature_failed(id, problem).await?;
            }
        }
        Ok(())
    }
}
