//! What a source's requests tell about it: when it was last heard from, and whether its signatures fail.
//!
//! Called by `web::hooks` at every request. It gathers in memory and writes at most once a second per source, so that
//! neither a busy source nor somebody knocking with wrong signatures costs a write per request.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::id::SourceId;
use crate::domain::source::{SecretUsed, SignatureEvidence, Source};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::sources::SecretUse;

/// What was seen since the last write.
#[derive(Debug, Default)]
pub struct Evidence(Mutex<HashMap<SourceId, Seen>>);

#[derive(Debug, Default)]
struct Seen {
    heard_at: Option<Timestamp>,
    used: Option<Used>,
    problem: Option<SignatureEvidence>,
}

/// When the secrets were used that a source had when it was changed last: what a rotation made of them is not known to who began before it.
#[derive(Debug)]
struct Used {
    as_of: Timestamp,
    present_at: Option<Timestamp>,
    previous_at: Option<Timestamp>,
}

impl Used {
    fn of(source: &Source) -> Used {
        Used {
            as_of: source.updated_at,
            present_at: None,
            previous_at: None,
        }
    }
}

impl Evidence {
    /// A verified request came, signed with this secret of the source as it was known then; one that was let in unsigned, with none.
    pub fn heard(&self, source: &Source, signed_with: Option<SecretUsed>, at: Timestamp) {
        let mut seen = self.lock();
        let seen = seen.entry(source.id).or_default();
        seen.heard_at = Some(at);
        let Some(signed_with) = signed_with else {
            return;
        };
        let used = seen.used.get_or_insert_with(|| Used::of(source));
        if used.as_of < source.updated_at {
            *used = Used::of(source);
        }
        if used.as_of == source.updated_at {
            match signed_with {
                SecretUsed::Present => used.present_at = Some(at),
                SecretUsed::Previous => used.previous_at = Some(at),
            }
        }
    }

    /// A request failed verification.
    pub fn refused(&self, id: SourceId, code: &'static str, message: String, at: Timestamp) {
        let mut seen = self.lock();
        let seen = seen.entry(id).or_default();
        let before = seen.problem.as_ref().map_or(0, |problem| problem.count);
        seen.problem = Some(SignatureEvidence {
            code: code.to_string(),
            message,
            last_at: at,
            count: before + 1,
        });
    }

    /// Forgets what was refused and is not written yet: it says nothing about the secret that the source has now.
    pub fn forget_refusals(&self, id: SourceId) {
        if let Some(seen) = self.lock().get_mut(&id) {
            seen.problem = None;
        }
    }

    /// Writes what was seen, and keeps for the next time what could not be written. Called on a timer.
    pub async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let seen = std::mem::take(&mut *self.lock());
        let mut trouble = None;
        for (id, seen) in seen {
            match seen.write(id, store).await {
                // Of a source that was deleted meanwhile nobody asks any more.
                Ok(()) | Err(StoreError::NotFound(_)) => {}
                Err(error) => {
                    self.lock().entry(id).or_default().add_earlier(seen);
                    trouble = Some(error);
                }
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SourceId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    async fn write(&self, id: SourceId, store: &Store) -> Result<(), StoreError> {
        if let Some(at) = self.heard_at {
            let ms = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
            let used = self.used.as_ref().map(|used| SecretUse {
                as_of_ms: used.as_of.as_millisecond(),
                present_ms: ms(used.present_at),
                previous_ms: ms(used.previous_at),
            });
            store.heard_from(id, at.as_millisecond(), used).await?;
        }
        match &self.problem {
            Some(problem) => store.signature_failed(id, problem.clone()).await,
            None => Ok(()),
        }
    }

    fn add_earlier(&mut self, earlier: Seen) {
        self.heard_at = self.heard_at.max(earlier.heard_at);
        self.used = self.used.take().or(earlier.used);
        match (&mut self.problem, earlier.problem) {
            (Some(problem), Some(earlier)) => problem.count += earlier.count,
            (none @ None, earlier) => *none = earlier,
            (Some(_), None) => {}
        }
    }
}
