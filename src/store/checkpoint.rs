//! Moves what SQLite's log holds into the file, beside the writer.
//!
//! SQLite itself would do it within a commit, and whoever waits for that one would wait for megabytes more. Here a thread with a connection of its own does
//! it, while the writer goes on. What is committed meanwhile is left over: the writer moves that rest, because a log is written from its beginning again
//! only when all of it was moved.
//!
//! Started by `sqlite`, told by the writer after each batch. What goes wrong is logged and tried again later: nothing is lost, the log only grows, and
//! from [`LOG_LIMIT_PAGES`] on SQLite does it within a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::store::backend::SqliteConn as Conn;
use crate::store::error::StoreError;
use crate::store::writer::Open;

/// Pages in the log before they are moved, 32 MB: the last pages of the tables and indexes, which nearly every commit writes again, are then moved
/// once and not a dozen times.
const LOG_PAGES: i64 = 8_000;

/// Pages in the log from which on a commit moves them itself, 128 MB.
pub const LOG_LIMIT_PAGES: i64 = 4 * LOG_PAGES;

/// Pages that the writer is left to move.
const REST_PAGES: i64 = LOG_PAGES / 4;

/// How often the thread goes over what was committed meanwhile, before it is left to the writer all the same.
const ROUNDS: usize = 3;

/// Batches after which is looked how long the log is.
const BATCHES: u32 = 16;

/// The thread, as the writer sees it. It ends when this is dropped.
pub struct Checkpoints {
    wishes: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The writer is to move what is left.
    rest_is_due: Arc<AtomicBool>,
    batches: u32,
}

impl Checkpoints {
    /// Starts the thread. It opens its connection when it first looks; that must not write, since the file has one writer.
    pub fn start(open: Open<Conn>) -> Result<Checkpoints, StoreError> {
        // One wish says it all.
        let (wishes, wished) = sync_channel(1);
        let rest_is_due = Arc::new(AtomicBool::new(false));
        let mover = Mover {
            open,
            conn: None,
            rest_is_due: rest_is_due.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("checkpoints".into())
            .spawn(move || mover.run(&wished))
            .map_err(|error| {
                StoreError::Unavailable(format!("no thread for the checkpoints: {error}"))
            })?;
        Ok(Checkpoints {
            wishes: Some(wishes),
            thread: Some(thread),
            rest_is_due,
            batches: 0,
        })
    }

    /// To be called by the writer after each batch, whatever became of it, on its thread and with its connection.
    pub fn after_batch(&mut self, conn: &mut Conn) {
        if self.rest_is_due.swap(false, Ordering::Relaxed) {
            if let Err(error) = Log::moved(conn) {
                warn(&error);
            }
            return;
        }
        self.batches += 1;
        if self.batches >= BATCHES {
            self.batches = 0;
            // Full: it is at work or about to look. Gone: SQLite does it within a commit.
            let _ = self.wishes.as_ref().map(|wishes| wishes.try_send(()));
        }
    }
}

impl Drop for Checkpoints {
    /// Waits until the thread's connection is closed: the last one that is closed moves the whole log, and that is to be done when a server has stopped.
    fn drop(&mut self) {
        self.wishes = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread owns.
struct Mover {
    open: Open<Conn>,
    conn: Option<Conn>,
    rest_is_due: Arc<AtomicBool>,
}

impl Mover {
    /// Until nobody is left to wish.
    fn run(mut self, wished: &Receiver<()>) {
        while wished.recv().is_ok() {
            if let Err(error) = self.move_log() {
                warn(&error);
                self.conn = None;
            }
        }
    }

    fn move_log(&mut self) -> Result<(), StoreError> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            none => none.insert((self.open)()?),
        };
        if Log::as_it_is(conn)?.left() < LOG_PAGES {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            if Log::moved(conn)?.left() < REST_PAGES {
                break;
            }
        }
        self.rest_is_due.store(true, Ordering::Relaxed);
        Ok(())
    }
}

fn warn(error: &StoreError) {
    tracing::warn!(%error, "SQLite's log could not be moved into the file; it grows until it can be");
}

/// Pages in the log.
#[derive(Debug, diesel::QueryableByName)]
struct Log {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    log: i64,
    /// Of these, in the file already.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    checkpointed: i64,
}

impl Log {
    fn as_it_is(conn: &mut Conn) -> Result<Log, StoreError> {
        Log::after("NOOP", conn)
    }

    /// Moves what nobody reads as it was before; neither readers nor the writer wait for it.
    fn moved(conn: &mut Conn) -> Result<Log, StoreError> {
        Log::after("PASSIVE", conn)
    }

    fn after(mode: &str, conn: &mut Conn) -> Result<Log, StoreError> {
        use diesel::RunQueryDsl as _;
        Ok(diesel::sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(conn)?)
    }

    fn left(&self) -> i64 {
        self.log - self.checkpointed
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, QueryableByName, RunQueryDsl as _};

    use super::*;

    /// A file whose log nobody else moves.
    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Place {
            Place(tempfile::tempdir().unwrap())
        }

        fn opener(&self) -> Open<Conn> {
            let path = self.0.path().join("log.db");
            Box::new(move || {
                let mut conn = Conn::establish(&path.to_string_lossy()).unwrap();
                conn.batch_execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;")?;
                Ok(conn)
            })
        }

        fn open(&self) -> Conn {
            self.opener()().unwrap()
        }

        /// A connection, and about so many pages in the log.
        fn with_pages(&self, pages: i64) -> Conn {
            let mut conn = self.open();
            conn.batch_execute("CREATE TABLE filling (bytes BLOB);")
                .unwrap();
            write_pages(&mut conn, pages);
            conn
        }

        fn mover(&self) -> Mover {
            Mover {
                open: self.opener(),
                conn: None,
                rest_is_due: Arc::default(),
            }
        }
    }

    fn write_pages(conn: &mut Conn, pages: i64) {
        conn.batch_execute(&format!(
            "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {pages}) \
             INSERT INTO filling SELECT zeroblob(4000) FROM counted;"
        ))
        .unwrap();
    }

    fn commit_one(conn: &mut Conn, checkpoints: &mut Checkpoints) {
        write_pages(conn, 1);
        checkpoints.after_batch(conn);
    }

    #[test]
    fn a_long_log_is_moved_beside_the_writer_and_then_begun_anew() {
        let place = Place::new();
        let mut conn = place.with_pages(LOG_PAGES);
        let mut checkpoints = Checkpoints::start(place.opener()).unwrap();
        for _ in 0..BATCHES {
            commit_one(&mut conn, &mut checkpoints);
        }
        // What was wished is done before the thread ends.
        checkpoints.wishes = None;
        checkpoints.thread.take().unwrap().join().unwrap();
        assert!(checkpoints.rest_is_due.load(Ordering::Relaxed));
        let beside = Log::as_it_is(&mut conn).unwrap();
        assert!(beside.checkpointed >= LOG_PAGES, "{beside:?}");
        commit_one(&mut conn, &mut checkpoints);
        assert_eq!(Log::as_it_is(&mut conn).unwrap().left(), 0);
        commit_one(&mut conn, &mut checkpoints);
        let anew = Log::as_it_is(&mut conn).unwrap();
        assert!((1..100).contains(&anew.log), "{anew:?}");
    }

    #[test]
    fn a_short_log_is_left_alone() {
        let place = Place::new();
        let mut conn = place.with_pages(LOG_PAGES / 2);
        let mut mover = place.mover();
        mover.move_log().unwrap();
        assert!(!mover.rest_is_due.load(Ordering::Relaxed));
        assert_eq!(Log::as_it_is(&mut conn).unwrap().checkpointed, 0);
    }

    #[test]
    fn what_somebody_still_reads_stays_and_nobody_waits() {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let count = |conn: &mut Conn| {
            let rows = diesel::sql_query("SELECT count(*) AS count FROM filling");
            rows.get_result::<Count>(conn).unwrap().count
        };
        let place = Place::new();
        let mut conn = place.with_pages(10);
        let mut reader = place.open();
        reader.batch_execute("BEGIN;").unwrap();
        assert_eq!(count(&mut reader), 10);
        write_pages(&mut conn, LOG_PAGES);
        let mut mover = place.mover();
        mover.move_log().unwrap();
        assert!(Log::as_it_is(&mut conn).unwrap().left() >= LOG_PAGES);
        assert_eq!(count(&mut reader), 10);
        reader.batch_execute("COMMIT;").unwrap();
        mover.move_log().unwrap();
        assert_eq!(Log::as_it_is(&mut conn).unwrap().left(), 0);
        assert_eq!(count(&mut reader), 10 + LOG_PAGES);
    }
}
