//! What is remembered: the only SQL, behind one concrete [`Store`].
//!
//! `flow` writes through it, `web` reads and saves plain things. One file per entity, a method per question, in the domain's words.
//! Rows of diesel types stop at this door. Every method is async and never blocks the caller's thread: questions run on a small pool,
//! events and results on writing threads (`writer`). Each query is written once for SQLite and PostgreSQL (`both`); what differs is in
//! `sqlite` and `postgres`. It does not decide anything and knows neither HTTP nor the clock.

pub mod audit;
pub mod backend;
mod both;
mod checkpoint;
pub mod claims;
pub mod clock_step;
mod columns;
pub mod connections;
pub mod copy;
pub mod counts;
pub mod deliveries;
pub mod destinations;
pub mod error;
pub mod events;
mod gone;
pub mod idempotency;
pub mod ingest;
pub mod invites;
pub mod log;
pub mod look;
pub mod nodes;
pub mod people;
mod picks;
mod postgres;
pub mod replays;
pub mod results;
pub mod retention;
pub mod rotation;
mod row;
mod schema;
pub mod schema_version;
pub mod search;
pub mod second_factor;
pub mod sessions;
pub mod shown_once;
pub mod sources;
mod sqlite;
#[cfg(test)]
#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../../tests/it/database.rs"]
mod test_database;
pub mod tokens;
pub mod waiting;
pub mod window;
mod writer;

use std::sync::Arc;

use crate::domain::seal::MasterKey;
use crate::store::error::StoreError;
use crate::store::ingest::{Ingest, Ingested};
use crate::store::postgres::Postgres;
use crate::store::results::Finish;
use crate::store::schema_version::Upkeep;
use crate::store::sqlite::Sqlite;

/// The remembered world. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct Store {
    database: Database,
    key: MasterKey,
    /// The note that the next change writes.
    pending: Option<audit::Pending>,
}

/// Which database is open.
#[derive(Clone)]
enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the database named by `url`, migrates it, and checks that `key` is the one its secrets were sealed with.
    pub fn open(url: &str, key: MasterKey) -> Result<Store, StoreError> {
        Store::open_with(url, key, Upkeep::BringUpToDate)
    }

    /// The same, doing no more to its schema than `upkeep` says.
    pub fn open_with(url: &str, key: MasterKey, upkeep: Upkeep) -> Result<Store, StoreError> {
        let database = if let Some(path) = sqlite::path_of(url) {
            Database::Sqlite(Sqlite::open(&path, &key, upkeep)?)
        } else if postgres::is_address(url) {
            Database::Postgres(Postgres::open(url, &key, upkeep)?)
        } else {
            return Err(StoreError::Unavailable(
                "set BLUEBRIDGE_DATABASE_URL to `sqlite://path/to/file.db` or to `postgres://user:password@host/database`".into(),
            ));
        };
        Ok(Store {
            database,
            key,
            pending: None,
        })
    }

    /// Whether other processes may work on the same database.
    pub fn is_shared(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// Proves that a write can be committed now; for the readiness probe.
    pub async fn probe(&self) -> Result<(), StoreError> {
        match &self.database {
            Database::Sqlite(database) => database.probe().await,
            Database::Postgres(database) => database.probe().await,
        }
    }

    /// Copies the database into a new file while it is in use. PostgreSQL has tools of its own for that.
    pub async fn backup(&self, path: std::path::PathBuf) -> Result<(), StoreError> {
        match &self.database {
            Database::Sqlite(database) => {
                database
                    .read(move |conn| sqlite::copy_into(conn, &path))
                    .await
            }
            Database::Postgres(_) => Err(StoreError::Conflict(
                "A PostgreSQL database is backed up with its own tools: `pg_dump --format=custom --file=bluebridge.dump ADDRESS`, or your provider's snapshots. Keep the master key apart from it.".into(),
            )),
        }
    }

    /// Waits until everything queued is written. No method may be called afterwards on any clone.
    pub async fn close(self) {
        match self.database {
            Database::Sqlite(database) => database.close().await,
            Database::Postgres(database) => database.close().await,
        }
    }

    /// Stores an event with its deliveries and waits for the commit. [`StoreError::Busy`] at once when too much waits already. It is queued by the
    /// call, not by the first poll: events are stored in the order of the calls.
    pub fn ingest(
        &self,
        ingest: Ingest,
    ) -> impl Future<Output = Result<Ingested, StoreError>> + use<> {
        let queued = match &self.database {
            Database::Sqlite(database) => database.writer().ingest(ingest),
            Database::Postgres(database) => database.writer().ingest(ingest),
        };
        async move { queued?.await.map_err(|_| StoreError::Closed)? }
    }

    /// Writes attempts that ended; each answer says whether the claim still held.
    pub async fn record(
        &self,
        finishes: impl Into<Arc<Vec<Finish>>>,
    ) -> Result<Vec<bool>, StoreError> {
        match &self.database {
            Database::Sqlite(database) => database.writer().record(finishes.into()).await,
            Database::Postgres(database) => database.recorder().record(finishes.into()).await,
        }
    }
}
