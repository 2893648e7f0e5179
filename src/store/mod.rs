//! What is remembered: the only SQL, behind one concrete [`Store`].
//!
//! `flow` writes through it, `web` reads and saves plain things. One file per entity, a method per question, in the domain's words.
//! Rows of diesel types stop at this door. Every method is async and never blocks the caller's thread: reads run on a small pool,
//! writes on the one writer thread (`writer`). It does not decide anything and knows neither HTTP nor the clock.

pub mod claims;
pub mod connections;
pub mod deliveries;
pub mod destinations;
pub mod error;
pub mod events;
pub mod idempotency;
pub mod ingest;
pub mod people;
pub mod results;
pub mod retention;
mod row;
mod schema;
pub mod sources;
mod sqlite;
pub mod stats;
mod writer;

use std::path::Path;
use std::sync::Arc;

use diesel::r2d2::{ConnectionManager, Pool};
use tokio::sync::{mpsc, oneshot};

use crate::domain::seal::MasterKey;
use crate::store::error::StoreError;
use crate::store::ingest::{Ingest, Ingested};
use crate::store::results::Finish;
use crate::store::sqlite::Conn;
use crate::store::writer::Job;

/// The remembered world. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct Store {
    readers: Pool<ConnectionManager<Conn>>,
    writer: mpsc::Sender<Job>,
    key: MasterKey,
    writer_thread: Arc<std::sync::Mutex<Option<std::thread::JoinHandle<()>>>>,
}

impl Store {
    /// Opens the database named by `url`, migrates it, and checks that `key` is the one its secrets were sealed with.
    pub fn open(url: &str, key: MasterKey) -> Result<Store, StoreError> {
        let path = sqlite::path_of(url).ok_or_else(|| {
            StoreError::Unavailable(
                "only `sqlite://path/to/file.db` is served by this version; set BLUEBRIDGE_DATABASE_URL to such an address".into(),
            )
        })?;
        Store::open_file(&path, key)
    }

    fn open_file(path: &Path, key: MasterKey) -> Result<Store, StoreError> {
        let mut conn = sqlite::open_writer(path)?;
        let migrated = sqlite::migrate(&mut conn)?;
        if migrated > 0 {
            tracing::info!(migrations = migrated, "brought the database up to date");
        }
        row::check_key(&mut conn, &key)?;
        let readers = sqlite::open_readers(path)?;
        let (writer, jobs) = mpsc::channel(writer::QUEUE_LIMIT);
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer::run(conn, jobs))
            .map_err(|error| {
                StoreError::Unavailable(format!("no thread for the writer: {error}"))
            })?;
        Ok(Store {
            readers,
            writer,
            key,
            writer_thread: Arc::new(std::sync::Mutex::new(Some(thread))),
        })
    }

    /// Whether the database at `url` exists and which migrations wait; for `check`.
    pub fn pending_migrations(url: &str) -> Result<bool, StoreError> {
        let path = sqlite::path_of(url)
            .ok_or_else(|| StoreError::Unavailable("not a sqlite:// address".into()))?;
        sqlite::pending(&mut sqlite::open_writer(&path)?)
    }

    /// Proves that a write can be committed now; for the readiness probe.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.write(|_| Ok(())).await
    }

    /// Copies the database into a new file while it is in use.
    pub async fn backup(&self, path: std::path::PathBuf) -> Result<(), StoreError> {
        self.read(move |conn| sqlite::copy_into(conn, &path)).await
    }

    /// Waits until everything queued is written. No method may be called afterwards on any clone.
    pub async fn close(self) {
        let thread = self
            .writer_thread
            .lock()
            .ok()
            .and_then(|mut slot| slot.take());
        drop(self);
        if let Some(thread) = thread {
            // Ends when the last clone is dropped; a clone that is still held somewhere must not keep the process alive.
            let joined = tokio::task::spawn_blocking(move || thread.join());
            let _ = tokio::time::timeout(std::time::Duration::from_secs(5), joined).await;
        }
    }

    /// Stores an event with its deliveries and waits for the commit. [`StoreError::Busy`] at once when too much waits already.
    pub async fn ingest(&self, ingest: Ingest) -> Result<Ingested, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writer
            .try_send(Job::Ingest(Box::new(ingest), reply))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Busy,
                mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
            })?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Writes attempts that ended; each answer says whether the claim still held.
    pub async fn record(
        &self,
        finishes: impl Into<Arc<Vec<Finish>>>,
    ) -> Result<Vec<bool>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writer
            .send(Job::Record(finishes.into(), reply))
            .await
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs a question on a reading connection, off the async threads.
    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = self.readers.clone();
        tokio::task::spawn_blocking(move || {
            let mut conn = readers
                .get()
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
            question(&mut conn)
        })
        .await
        .map_err(|error| StoreError::Unavailable(format!("the question was cut off: {error}")))?
    }

    /// Runs something on the writer thread that cannot stand in a transaction.
    async fn write_outside_transaction<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Run(Box::new(move |conn: &mut Conn| {
            let _ = reply.send(change(conn));
        }));
        self.writer
            .send(job)
            .await
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs a change in its own transaction on the writer thread and waits for its commit.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_outside_transaction(|conn| conn.immediate_transaction(change))
            .await
    }
}
