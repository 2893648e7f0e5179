//! What the hot path looks at instead of the database: sources, compiled connections and destinations, swapped whole on change.
//!
//! Read at every request and every attempt; rebuilt by [`Snapshot::load`] after a save. Stored rules that no longer compile make
//! every delivery of their connection fail with the reason: it does not fall silent, and the others go on.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::domain::connection::{Rules, RulesDocument};
use crate::domain::destination::Destination;
use crate::domain::event::fact_needs;
use crate::domain::id::{ConnectionId, DestinationId, SourceId, VersionId};
use crate::domain::needs::Needs;
use crate::domain::source::Source;
use crate::store::Store;
use crate::store::error::StoreError;

/// Everything that may be needed to decide and to send, at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// By the hash of the token, so that the time of a search tells nothing of how much of a token was right.
    sources: HashMap<[u8; 32], Arc<Source>>,
    routes: HashMap<SourceId, Routes>,
    destinations: HashMap<DestinationId, Arc<Destination>>,
    rules: HashMap<VersionId, Arc<Rules>>,
    present: HashMap<ConnectionId, Present>,
}

/// What a connection that is not deleted does today, enabled or not.
#[derive(Debug, Clone, Copy)]
pub struct Present {
    pub version_id: VersionId,
    pub destination_id: DestinationId,
}

/// Where a source's events may go.
#[derive(Debug)]
struct Routes {
    connections: Vec<Arc<LiveConnection>>,
    /// What all of them together look at.
    needs: Needs,
}

/// An enabled connection, compiled.
#[derive(Debug)]
pub struct LiveConnection {
    pub id: ConnectionId,
    pub version_id: VersionId,
    pub destination_id: DestinationId,
    pub rules: Arc<Rules>,
}

impl Snapshot {
    /// Destinations that were paused before and are not now.
    pub fn resumed_since(&self, before: &Snapshot) -> impl Iterator<Item = DestinationId> {
        self.destinations
            .values()
            .filter(|destination| destination.health.paused.is_none())
            .map(|destination| destination.id)
            .filter(|id| {
                let earlier = before.destinations.get(id);
                earlier.is_some_and(|destination| destination.health.paused.is_some())
            })
    }

    /// Reads everything. Rules that `before` has compiled already are taken over, since a version never changes.
    pub async fn load(store: &Store, before: &Snapshot) -> Result<Snapshot, StoreError> {
        let mut snapshot = Snapshot::default();
        for source in store.sources().await? {
            snapshot
                .sources
                .insert(hash_of(&source.token), Arc::new(source));
        }
        for destination in store.destinations().await? {
            snapshot
                .destinations
                .insert(destination.id, Arc::new(destination));
        }
        for connection in store.connections().await? {
            let version = connection.version;
            let rules = match before.rules.get(&version.id) {
                Some(rules) => rules.clone(),
                None => Arc::new(compile(&version.rules, version.id)),
            };
            snapshot.rules.insert(version.id, rules.clone());
            let present = Present {
                version_id: version.id,
                destination_id: version.destination_id,
            };
            snapshot.present.insert(connection.id, present);
            if connection.enabled {
                let live = LiveConnection {
                    id: connection.id,
                    version_id: version.id,
                    destination_id: version.destination_id,
                    rules,
                };
                let routes = snapshot
                    .routes
                    .entry(connection.source_id)
                    .or_insert_with(|| Routes {
                        connections: Vec::new(),
                        needs: fact_needs().clone(),
                    });
                live.rules.add_needs(&mut routes.needs);
                routes.connections.push(Arc::new(live));
            }
        }
        Ok(snapshot)
    }

    /// The source behind an inbound address.
    pub fn source(&self, token: &str) -> Option<&Arc<Source>> {
        self.sources.get(&hash_of(token))
    }

    /// The enabled connections of a source.
    pub fn connections_of(&self, source_id: SourceId) -> &[Arc<LiveConnection>] {
        self.routes
            .get(&source_id)
            .map_or(&[], |routes| routes.connections.as_slice())
    }

    /// What must be read of a source's events to decide for all its connections.
    pub fn needs_of(&self, source_id: SourceId) -> &Needs {
        self.routes
            .get(&source_id)
            .map_or(fact_needs(), |routes| &routes.needs)
    }

    /// What a connection does today; `None` when it was deleted.
    pub fn present(&self, id: ConnectionId) -> Option<Present> {
        self.present.get(&id).copied()
    }

    /// A destination that is not deleted.
    pub fn destination(&self, id: DestinationId) -> Option<&Arc<Destination>> {
        self.destinations.get(&id)
    }

    /// All destinations that are not deleted.
    pub fn destinations(&self) -> impl Iterator<Item = &Arc<Destination>> {
        self.destinations.values()
    }

    /// The rules of a present version.
    pub fn rules(&self, version_id: VersionId) -> Option<&Arc<Rules>> {
        self.rules.get(&version_id)
    }
}

fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Reads rules that were accepted once.
pub fn compile(document: &RulesDocument, version_id: VersionId) -> Rules {
    let rules = Rules::read(document);
    if let Some(refusal) = rules.refusal() {
        tracing::error!(version = %version_id, %refusal, "saved rules are not accepted any more; their deliveries fail until the connection is saved anew");
    }
    rules
}
