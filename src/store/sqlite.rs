//! A SQLite file: opening it, the settings of each connection and why, and what only SQLite does.
//!
//! One thread writes everything, a few connections read; another thread moves what was written from the log into the file (`checkpoint`).
//! WAL lets readers go on while the one writer commits. `synchronous=FULL` syncs the log at every commit, because a 2xx to Blue
//! means "on disk" and NORMAL may lose the last commits on power loss; group commit pays for it.

use std::path::{Path, PathBuf};

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::domain::seal::MasterKey;
use crate::store::backend::{Backend, Size, SqliteConn as Conn};
use crate::store::checkpoint::{Checkpoints, LOG_LIMIT_PAGES};
use crate::store::error::StoreError;
use crate::store::row::check_key;
use crate::store::schema_version::{self, Upkeep};
use crate::store::search;
use crate::store::writer::{Writer, Writes};

/// Connections that read; one more writes.
const READERS: u32 = 4;

/// How long a statement waits for another process (a backup, a command) to let go of the file, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5_000;

/// Size of a database page in bytes. Every commit writes whole pages to the log, and at a few dozen events a commit most of what larger
/// pages would write was there before. Only effective when the file is made.
const PAGE_SIZE_BYTES: u32 = 4_096;

pub(super) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// A SQLite file that is open. Cheap to clone.
#[derive(Clone)]
pub struct Sqlite {
    readers: Pool<ConnectionManager<Conn>>,
    writer: Writer<Conn>,
}

impl Sqlite {
    /// Opens the file, brings it up to date and checks the key.
    pub fn open(path: &Path, key: &MasterKey, upkeep: Upkeep) -> Result<Sqlite, StoreError> {
        take_place(path, upkeep)?;
        let mut conn = open_writer(path)?;
        migrate(&mut conn, upkeep)?;
        check_key(&mut conn, key)?;
        let readers = open_readers(path)?;
        let (again, beside) = (path.to_owned(), path.to_owned());
        let mut checkpoints = Checkpoints::start(Box::new(move || open_beside(&beside)))?;
        let writer = Writer::start(
            "writer",
            conn,
            Box::new(move || open_writer(&again)),
            Box::new(move |conn| checkpoints.after_batch(conn)),
        )?;
        Ok(Sqlite { readers, writer })
    }

    /// The queue before the writing thread.
    pub fn writer(&self) -> &Writer<Conn> {
        &self.writer
    }

    /// Runs a question on a reading connection, off the async threads.
    pub async fn read<T: Send + 'static>(
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

    /// Runs a change in its own transaction on the writing thread and waits for its commit.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(|conn| conn.in_transaction(change)).await
    }

    /// The same as `write`: a file has one writer.
    pub async fn write_freely<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write(change).await
    }

    /// Repeats a bounded change, each time in a transaction of its own, until it finds nothing more to do. Returns the sum.
    pub async fn in_small_steps(
        &self,
        step: impl Fn(&mut Conn) -> Result<usize, StoreError> + Clone + Send + 'static,
    ) -> Result<usize, StoreError> {
        let mut moved = 0;
        loop {
            match self.write(step.clone()).await? {
                0 => return Ok(moved),
                count => moved += count,
            }
        }
    }

    /// Commits a page. A transaction that changes nothing, or writes what stands there already, ends well on a full disk too, so a number in the
    /// file's head counts on; nobody reads it.
    pub async fn probe(&self) -> Result<(), StoreError> {
        use diesel::RunQueryDsl as _;
        #[derive(diesel::QueryableByName)]
        struct Head {
            #[diesel(sql_type = diesel::sql_types::Integer)]
            user_version: i32,
        }
        self.write(|conn| {
            let head: Head = diesel::sql_query("PRAGMA user_version").get_result(conn)?;
            let next = head.user_version.wrapping_add(1);
            Ok(conn.batch_execute(&format!("PRAGMA user_version = {next}"))?)
        })
        .await
    }

    /// A number that changes when another process has committed or emptied the log of writes. On the writing connection, whose own commits do not change it: all that this process
    /// writes goes through it.
    pub async fn commits_of_others(&self) -> Result<i64, StoreError> {
        use diesel::RunQueryDsl as _;
        #[derive(diesel::QueryableByName)]
        struct Seen {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            data_version: i64,
        }
        self.writer
            .run(|conn| {
                let seen: Seen = diesel::sql_query("PRAGMA data_version").get_result(conn)?;
                Ok(seen.data_version)
            })
            .await
    }

    /// Gives freed pages back to the file system, at most so many.
    pub async fn give_back_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.writer
            .run(move |conn| {
                Ok(conn.batch_execute(&format!("PRAGMA incremental_vacuum({pages});"))?)
            })
            .await
    }

    /// Waits until everything queued is written.
    pub async fn close(self) {
        self.writer.close().await;
    }
}

impl Backend for Conn {
    const SHARED: bool = false;
}

impl Writes for Conn {
    fn in_transaction<T>(
        &mut self,
        change: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.immediate_transaction(change)
    }

    fn has_ended(&mut self) -> bool {
        false
    }

    /// A file is not lost; what fails is tried again on the same connection.
    fn is_lost(&mut self) -> bool {
        false
    }
}

/// Turns `sqlite://./bluebridge.db` into a path.
pub fn path_of(url: &str) -> Option<PathBuf> {
    url.strip_prefix("sqlite://")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// Sees that there is a file to open, readable by its owner only where it is made here, and that no other program keeps its tables in it.
fn take_place(path: &Path, upkeep: Upkeep) -> Result<(), StoreError> {
    // A link to a file that is not there yet is followed by SQLite.
    if path.exists() || path.is_symlink() {
        return refuse_foreign(path);
    }
    if upkeep == Upkeep::LeaveAlone {
        return Err(StoreError::Unavailable(format!(
            "there is no database at {}",
            path.display()
        )));
    }
    make_private(path).map_err(|error| {
        StoreError::Unavailable(format!(
            "the file {} cannot be made: {error}",
            path.display()
        ))
    })
}

/// An empty file, which SQLite takes for a new one; what it keeps beside it has the same rights. Bodies of events are nobody else's business.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// Nothing is changed in a file that holds tables and none of our marks.
fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    use diesel::RunQueryDsl as _;
    #[derive(diesel::QueryableByName)]
    struct Tables {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        all_tables: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        marks: i64,
    }
    let mut conn = establish(path)?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {BUSY_TIMEOUT_MS};"))?;
    let found: Tables = diesel::sql_query(
        "SELECT count(*) AS all_tables, count(*) FILTER (WHERE name = '__diesel_schema_migrations') AS marks \
         FROM sqlite_schema WHERE type = 'table'",
    )
    .get_result(&mut conn)
    .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    match found {
        Tables {
            all_tables: 1..,
            marks: 0,
        } => Err(StoreError::Conflict(format!(
            "{} holds the tables of another program; name another file in BLUEBRIDGE_DATABASE_URL.",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn establish(path: &Path) -> Result<Conn, StoreError> {
    Conn::establish(&path.to_string_lossy())
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))
}

/// Opens the writing connection.
pub fn open_writer(path: &Path) -> Result<Conn, StoreError> {
    let mut conn = establish(path)?;
    // The page size must be set before WAL, and both before the first table.
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA page_size = {PAGE_SIZE_BYTES}; \
         PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
    ))?;
    settings(&mut conn)?;
    Ok(conn)
}

/// Opens a connection beside the writing one. What a new file is told by `open_writer` would be a write.
fn open_beside(path: &Path) -> Result<Conn, StoreError> {
    let mut conn = establish(path)?;
    settings(&mut conn)?;
    Ok(conn)
}

/// Brings the schema up to date, as far as that is wanted.
pub fn migrate(conn: &mut Conn, upkeep: Upkeep) -> Result<(), StoreError> {
    schema_version::bring_up_to_date(conn, MIGRATIONS, upkeep)
}

/// Opens the pool of reading connections.
fn open_readers(path: &Path) -> Result<Pool<ConnectionManager<Conn>>, StoreError> {
    Pool::builder()
        .max_size(READERS)
        .min_idle(Some(1))
        .connection_customizer(Box::new(Reader))
        .build(ConnectionManager::new(path.to_string_lossy()))
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// Writes a consistent copy of the whole database; writers go on meanwhile.
pub fn copy_into(conn: &mut Conn, path: &Path) -> Result<(), StoreError> {
    use diesel::RunQueryDsl as _;
    make_private(path).map_err(|error| {
        StoreError::Conflict(format!(
            "the file {} cannot be made: {error}; name a new one in a folder that is there and may be written into",
            path.display()
        ))
    })?;
    let target = path.to_string_lossy().into_owned();
    conn.batch_execute("PRAGMA query_only = OFF;")?;
    let copied = diesel::sql_query("VACUUM INTO ?")
        .bind::<diesel::sql_types::Text, _>(target)
        .execute(conn);
    conn.batch_execute("PRAGMA query_only = ON;")?;
    if copied.is_err() {
        // Half a copy is none.
        let _ = std::fs::remove_file(path);
    }
    copied?;
    Ok(())
}

/// How large the file is, by its pages.
pub fn size(conn: &mut Conn) -> Result<Size, StoreError> {
    use diesel::RunQueryDsl as _;
    #[derive(diesel::QueryableByName)]
    struct Pages {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        file_bytes: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        free_bytes: i64,
    }
    let pages: Pages = diesel::sql_query(
        "SELECT page_count * page_size AS file_bytes, freelist_count * page_size AS free_bytes \
         FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
    )
    .get_result(conn)?;
    let bytes = |count: i64| u64::try_from(count).unwrap_or(0);
    Ok(Size {
        file_bytes: bytes(pages.file_bytes),
        used_bytes: bytes(pages.file_bytes - pages.free_bytes),
    })
}

fn settings(conn: &mut Conn) -> Result<(), diesel::result::Error> {
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = {LOG_LIMIT_PAGES};"
    ))?;
    search::teach(conn)
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

/// How SQLite would go about a query, in its own words; for tests of which index is taken.
#[cfg(test)]
pub fn plan(query: &dyn std::fmt::Display) -> String {
    use diesel::RunQueryDsl as _;
    #[derive(diesel::QueryableByName)]
    struct Step {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }
    let folder = tempfile::tempdir().unwrap();
    let mut conn = open_writer(&folder.path().join("plan.db")).unwrap();
    migrate(&mut conn, Upkeep::BringUpToDate).unwrap();
    let text = query.to_string();
    let (text, _binds) = text.split_once(" -- binds").unwrap_or((&text, ""));
    diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}"))
        .load::<Step>(&mut conn)
        .unwrap()
        .into_iter()
        .map(|step| step.detail + "\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Or each of our servers would take itself for another.
    #[tokio::test]
    async fn a_connection_that_is_opened_beside_the_writer_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.db");
        let key = MasterKey::new([1; 32]);
        let database = Sqlite::open(&path, &key, Upkeep::BringUpToDate).unwrap();
        let seen = database.commits_of_others().await.unwrap();
        let mut beside = open_beside(&path).unwrap();
        beside
            .batch_execute("PRAGMA wal_checkpoint(PASSIVE);")
            .unwrap();
        assert_eq!(database.commits_of_others().await.unwrap(), seen);
        beside.batch_execute("PRAGMA user_version = 7;").unwrap();
        assert_ne!(database.commits_of_others().await.unwrap(), seen);
    }
}
