//! Opening a SQLite file: the settings of each connection, and why.
//!
//! WAL lets readers go on while the one writer commits. `synchronous=FULL` syncs the log at every commit, because a 2xx to Blue
//! means "on disk" and NORMAL may lose the last commits on power loss; group commit pays for it.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::{Connection as _, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use crate::store::error::StoreError;

/// The one kind of database connection.
pub type Conn = SqliteConnection;

/// Connections that read; one more writes.
const READERS: u32 = 4;

/// How long a statement waits for another process (a backup, a command) to let go of the file, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5_000;

/// Size of a database page in bytes. Every commit writes whole pages to the log, and at a few dozen events a commit most of what larger
/// pages would write was there before. Only effective when the file is made.
const PAGE_SIZE_BYTES: u32 = 4_096;

/// Pages in the log before they are moved into the file, 32 MB: the last pages of the tables and indexes, which nearly every commit writes
/// again, are then moved once and not a dozen times.
const CHECKPOINT_PAGES: u32 = 8_000;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Turns `sqlite://./bluebridge.db` into a path.
pub fn path_of(url: &str) -> Option<PathBuf> {
    url.strip_prefix("sqlite://")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// Opens the writing connection.
pub fn open_writer(path: &Path) -> Result<Conn, StoreError> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    // The page size must be set before WAL, and both before the first table.
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA page_size = {PAGE_SIZE_BYTES}; \
         PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
    ))?;
    settings(&mut conn)?;
    Ok(conn)
}

/// Brings the schema up to date. Returns how many migrations were run.
pub fn migrate(conn: &mut Conn) -> Result<usize, StoreError> {
    conn.run_pending_migrations(MIGRATIONS)
        .map(|versions| versions.len())
        .map_err(|error| StoreError::Unavailable(format!("the migration failed: {error}")))
}

/// Whether migrations are waiting.
pub fn pending(conn: &mut Conn) -> Result<bool, StoreError> {
    conn.has_pending_migration(MIGRATIONS)
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// Opens the pool of reading connections.
pub fn open_readers(path: &Path) -> Result<Pool<ConnectionManager<Conn>>, StoreError> {
    Pool::builder()
        .max_size(READERS)
        .min_idle(Some(1))
        .connection_customizer(Box::new(Reader))
        .build(ConnectionManager::new(path.to_string_lossy()))
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// Gives freed pages back to the file system, at most so many.
pub fn give_back_pages(conn: &mut Conn, pages: u32) -> Result<(), StoreError> {
    Ok(conn.batch_execute(&format!("PRAGMA incremental_vacuum({pages});"))?)
}

/// Writes a consistent copy of the whole database; writers go on meanwhile.
pub fn copy_into(conn: &mut Conn, path: &Path) -> Result<(), StoreError> {
    use diesel::RunQueryDsl as _;
    let target = path.to_string_lossy().into_owned();
    conn.batch_execute("PRAGMA query_only = OFF;")?;
    let copied = diesel::sql_query("VACUUM INTO ?")
        .bind::<diesel::sql_types::Text, _>(target)
        .execute(conn);
    conn.batch_execute("PRAGMA query_only = ON;")?;
    copied?;
    Ok(())
}

fn settings(conn: &mut Conn) -> Result<(), diesel::result::Error> {
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
    ))
}

#[derive(Debug)]
struct Reader;

impl CustomizeConnection<Conn, diesel::r2d2::Error> for Reader {
    fn on_acquire(&self, conn: &mut Conn) -> Result<(), diesel::r2d2::Error> {
        settings(conn)
            .and_then(|()| conn.batch_execute("PRAGMA query_only = ON;"))
            .map_err(diesel::r2d2::Error::QueryError)
    }
}
