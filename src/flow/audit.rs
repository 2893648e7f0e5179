//! Notes of who changed what, with the bridge's clock and ids.
//!
//! `bridge.noting(...)` is the store as one that writes the note together with its next change; `bridge.note(...)` writes one alone, for
//! steps that save by themselves. Called by `web` for every change that somebody asks for.

use crate::domain::audit::{Actor, Note};
use crate::domain::id::AuditId;
use crate::flow::Bridge;
use crate::new_id;
use crate::store::Store;
use crate::store::error::StoreError;

impl Bridge {
    /// The store, noting its next change: `action` like `source.created`, and a sentence without the actor.
    pub fn noting(
        &self,
        actor: &Actor,
        action: &str,
        object_id: impl std::fmt::Display,
        sentence: impl Into<String>,
    ) -> Store {
        let now = self.clock.now();
        let id = new_id!(AuditId, self, now);
        self.store.noting(Note::new(
            id,
            now,
            actor.clone(),
            action,
            object_id,
            sentence,
        ))
    }

    /// Writes a note alone.
    pub async fn note(
        &self,
        actor: &Actor,
        action: &str,
        object_id: impl std::fmt::Display,
        sentence: impl Into<String>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let id = new_id!(AuditId, self, now);
        self.store
            .note(Note::new(
                id,
                now,
                actor.clone(),
                action,
                object_id,
                sentence,
            ))
            .await
    }
}
