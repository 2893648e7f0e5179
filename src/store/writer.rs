//! A thread that writes, and group commit.
//!
//! SQLite has one of these, as a file has one writer. PostgreSQL has two, for events and for results: while one waits for its commit to be on disk,
//! the other one's statements run. Requests and results arrive on one bounded queue; whatever waits there when the last commit is through goes into the next
//! one, so that a commit is shared by everyone who came meanwhile. A caller is answered only after its commit.
//! When a row of a batch is refused, each part is tried alone: one bad row never takes its neighbours with it. When nothing can be written at
//! all, everybody is told so at once; when the connection is lost, the next batch connects again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::store::error::StoreError;
use crate::store::ingest::{Ingest, Ingested, insert_events};
use crate::store::results::{Finish, write_results};

/// Jobs that may wait for the writer before callers are told to come back.
const QUEUE_LIMIT: usize = 8_192;

/// Jobs that share one commit at most.
const BATCH_LIMIT: usize = 256;

/// After a commit of at least `CROWD` jobs more are about to come: the next one waits `GATHERING` for them. Fewer and larger commits cost less, and a
/// caller of a busy store hardly notices.
const CROWD: usize = 16;
const GATHERING: Duration = Duration::from_micros(500);

/// First and longest pause between tries to connect again, in milliseconds.
const PAUSE_RANGE_MS: (u64, u64) = (50, 2_000);

/// How long is waited for the last commits when the store is closed?
const CLOSING_LIMIT: Duration = Duration::from_secs(5);

/// A connection that can write a batch.
pub trait Writes: insert_events + write_results + Send + 'static {
    /// Runs `change` in a transaction that may write from its beginning.
    fn in_transaction<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Whether the connection is known to have ended; costs nothing.
    fn has_ended(&mut self) -> bool;

    /// Whether nothing can be asked of this connection any more.
    fn is_lost(&mut self) -> bool;
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What a caller waits for.
pub type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;
/// Makes a connection that can write.
pub type Open<C> = Box<dyn Fn() -> Result<C, StoreError> + Send>;
type AfterBatch<C> = Box<dyn FnMut(&mut C) + Send>;
type Change<C> = Box<dyn FnOnce(Result<&mut C, StoreError>) + Send>;

/// Something to be written.
enum Job<C> {
    /// An event with its deliveries.
    Ingest(Box<Ingest>, Reply<Ingested>),
    /// Attempts that ended; each answer says whether the claim still held.
    Record(Arc<Vec<Finish>>, Reply<Vec<bool>>),
    /// Anything else; it opens its own transaction and answers its caller itself.
    Run(Change<C>),
}

/// The queue before a writing thread. Cheap to clone; all clones are one.
pub struct Writer<C> {
    jobs: mpsc::Sender<Job<C>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl<C> Clone for Writer<C> {
    fn clone(&self) -> Writer<C> {
        Writer {
            jobs: self.jobs.clone(),
            thread: self.thread.clone(),
        }
    }
}

impl<C: Writes> Writer<C> {
    /// Starts the thread of this name with its connection; `open` is asked for another one when that is lost. `after_batch` is called after each batch,
    /// whatever became of it.
    pub fn start(
        name: &str,
        conn: C,
        open: Open<C>,
        after_batch: AfterBatch<C>,
    ) -> Result<Writer<C>, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE_LIMIT);
        let line = Line {
            after_batch,
            conn: Some(conn),
            open,
            failure: None,
        };
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || run(line, queue))
            .map_err(|error| {
                StoreError::Unavailable(format!("no thread for the {name}: {error}"))
            })?;
        Ok(Writer {
            jobs,
            thread: Arc::new(Mutex::new(Some(thread))),
        })
    }

    /// Queues an event with its deliveries; the answer comes with the commit. [`StoreError::Busy`] when too much waits already.
    pub fn ingest(&self, ingest: Ingest) -> Result<Answer<Ingested>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs
            .try_send(Job::Ingest(Box::new(ingest), reply))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Busy,
                mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
            })?;
        Ok(answer)
    }

    /// Writes attempts that ended.
    pub async fn record(&self, finishes: Arc<Vec<Finish>>) -> Result<Vec<bool>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Record(finishes, reply)).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs something on the thread; it opens its own transaction.
    pub async fn run<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut C) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let change = Box::new(move |conn: Result<&mut C, StoreError>| {
            let _ = reply.send(conn.and_then(change));
        });
        self.send(Job::Run(change)).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    async fn send(&self, job: Job<C>) -> Result<(), StoreError> {
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)
    }

    /// Waits until everything queued is written.
    pub async fn close(self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(self);
        if let Some(thread) = thread {
            // Ends when the last clone is dropped; a clone that is still held somewhere must not keep the process alive.
            let joined = tokio::task::spawn_blocking(move || thread.join());
            let _ = tokio::time::timeout(CLOSING_LIMIT, joined).await;
        }
    }
}

/// The writer's connection, and how to get another one.
struct Line<C> {
    /// Ends before the connection, which then is the last one that was written on.
    after_batch: AfterBatch<C>,
    conn: Option<C>,
    open: Open<C>,
    /// The last failure to connect: when, how long to pause after it, and why.
    failure: Option<(Instant, Duration, String)>,
}

impl<C: Writes> Line<C> {
    /// The connection, made anew when it is lost and the pause after the last failure is over.
    fn connection(&mut self) -> Result<&mut C, StoreError> {
        if self.conn.as_mut().is_some_and(Writes::has_ended) {
            tracing::warn!("the connection to the database has ended");
            self.conn = None;
        }
        if self.conn.is_none() {
            let opened = self.reconnect()?;
            return Ok(self.conn.insert(opened));
        }
        self.conn
            .as_mut()
            .ok_or_else(|| StoreError::Unavailable("the connection is lost".into()))
    }

    fn reconnect(&mut self) -> Result<C, StoreError> {
        let (first_ms, longest_ms) = PAUSE_RANGE_MS;
        let pause = match &self.failure {
            Some((at, pause, why)) if at.elapsed() < *pause => {
                return Err(StoreError::Unavailable(why.clone()));
            }
            Some((_, pause, _)) => (*pause * 2).min(Duration::from_millis(longest_ms)),
            None => Duration::from_millis(first_ms),
        };
        match (self.open)() {
            Ok(opened) => {
                tracing::info!("connected to the database again");
                self.failure = None;
                Ok(opened)
            }
            Err(error) => {
                tracing::warn!(%error, "the database cannot be reached; trying again");
                self.failure = Some((Instant::now(), pause, error.to_string()));
                Err(error)
            }
        }
    }

    /// Does one thing on the thread, which outlives a panic in it: nothing else would ever be written. Whoever waits for an answer
    /// is told that there is none; the connection may be in the middle of something and is made anew.
    fn unbroken(&mut self, act: impl FnOnce(&mut Line<C>)) {
        if catch_unwind(AssertUnwindSafe(|| act(self))).is_err() {
            tracing::error!("what the writing thread did was cut off by a panic");
            self.conn = None;
        }
    }

    fn tell_of_batch(&mut self) {
        if let Some(conn) = &mut self.conn {
            (self.after_batch)(conn);
        }
    }

    /// Lets go of the connection when it is lost. Returns whether it was.
    fn drop_if_lost(&mut self) -> bool {
        let lost = self.conn.as_mut().is_some_and(Writes::is_lost);
        if lost {
            tracing::warn!("the connection to the database is lost");
            self.conn = None;
        }
        lost
    }
}

/// Writes until every sender is gone.
fn run<C: Writes>(mut line: Line<C>, mut jobs: mpsc::Receiver<Job<C>>) {
    let mut batch = Vec::with_capacity(BATCH_LIMIT);
    let mut crowded = false;
    while jobs.blocking_recv_many(&mut batch, BATCH_LIMIT) > 0 {
        if crowded && batch.len() < BATCH_LIMIT {
            std::thread::sleep(GATHERING);
            while batch.len() < BATCH_LIMIT
                && let Ok(job) = jobs.try_recv()
            {
                batch.push(job);
            }
        }
        crowded = batch.len() >= CROWD;
        let mut shared = Batch::default();
        for job in batch.drain(..) {
            match job {
                Job::Ingest(ingest, reply) => {
                    shared.ingests.push(*ingest);
                    shared.ingest_replies.push(reply);
                }
                Job::Record(finishes, reply) => {
                    shared.records.push(finishes);
                    shared.record_replies.push(reply);
                }
                Job::Run(run) => line.unbroken(|line| run(line.connection())),
            }
        }
        line.unbroken(|line| shared.settle(line));
        line.unbroken(Line::tell_of_batch);
    }
}

#[derive(Default)]
struct Batch {
    ingests: Vec<Ingest>,
    ingest_replies: Vec<Reply<Ingested>>,
    records: Vec<Arc<Vec<Finish>>>,
    record_replies: Vec<Reply<Vec<bool>>>,
}

impl Batch {
    fn settle<C: Writes>(self, line: &mut Line<C>) {
        if self.ingests.is_empty() && self.records.is_empty() {
            return;
        }
        let conn = match line.connection() {
            Ok(conn) => conn,
            Err(error) => return self.refuse(&error),
        };
        let started = Instant::now();
        let committed = conn.in_transaction(|conn| {
            let ingested = insert_events(conn, &self.ingests)?;
            let recorded = self
                .records
                .iter()
                .map(|finishes| write_results(conn, finishes))
                .collect::<Result<Vec<_>, StoreError>>()?;
            failpoint!("writer:before_commit");
            Ok::<_, StoreError>((ingested, recorded))
        });
        failpoint!("writer:after_commit");
        metrics::histogram!("bluebridge_commit_seconds").record(started.elapsed());
        match committed {
            Ok((ingested, recorded)) => {
                answer(self.ingest_replies, ingested.into_iter().map(Ok));
                answer(self.record_replies, recorded.into_iter().map(Ok));
            }
            // Whether the commit went through is not known. Told "no", Blue and the recorder come again, and find what is there.
            Err(error) if line.drop_if_lost() || !error.is_about_a_row() => self.refuse(&error),
            Err(error) => {
                tracing::warn!(%error, jobs = self.ingests.len() + self.records.len(), "a shared commit failed; each part is tried alone");
                self.settle_one_by_one(line);
            }
        }
    }

    fn settle_one_by_one<C: Writes>(self, line: &mut Line<C>) {
        let mut alone = Alone { line };
        let ingested: Vec<_> = self
            .ingests
            .iter()
            .map(|ingest| {
                let one = alone.change(|conn| insert_events(conn, std::slice::from_ref(ingest)))?;
                one.into_iter()
                    .next()
                    .ok_or_else(|| StoreError::Corrupt("an insert gave no answer".into()))
            })
            .collect();
        answer(self.ingest_replies, ingested);
        let recorded: Vec<_> = self
            .records
            .iter()
            .map(|finishes| alone.change(|conn| write_results(conn, finishes)))
            .collect();
        answer(self.record_replies, recorded);
    }

    fn refuse(self, error: &StoreError) {
        tracing::warn!(%error, jobs = self.ingests.len() + self.records.len(), "nothing can be committed now");
        let no = || StoreError::Unavailable(error.to_string());
        answer(self.ingest_replies, std::iter::repeat_with(|| Err(no())));
        answer(self.record_replies, std::iter::repeat_with(|| Err(no())));
    }
}

/// Each part in a transaction of its own.
struct Alone<'a, C> {
    line: &'a mut Line<C>,
}

impl<C: Writes> Alone<'_, C> {
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut C) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let changed = self.line.connection()?.in_transaction(change);
        if changed.is_err() {
            self.line.drop_if_lost();
        }
        changed
    }
}

fn answer<T>(replies: Vec<Reply<T>>, answers: impl IntoIterator<Item = Result<T, StoreError>>) {
    for (reply, answer) in replies.into_iter().zip(answers) {
        // A caller that went away has no use for the answer; what was committed stays committed.
        let _ = reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection as _;

    use super::*;
    use crate::domain::seal::MasterKey;
    use crate::store::test_database::{Database, Home};
    use crate::store::{self, Store};

    #[tokio::test]
    async fn the_thread_outlives_a_panic_in_what_it_does() {
        let home = Home::new(Database::Sqlite);
        let store = Store::open(&home.database_url, MasterKey::new([1; 32])).unwrap();
        let store::Database::Sqlite(database) = &store.database else {
            panic!("a SQLite file was asked for");
        };
        let cut_off = database.write(|conn| -> Result<(), StoreError> {
            conn.batch_execute("DELETE FROM key_check")?;
            panic!("in the middle of a transaction")
        });
        assert!(matches!(cut_off.await, Err(StoreError::Closed)));
        let kept = database.write(|conn| {
            use diesel::{QueryDsl as _, RunQueryDsl as _};
            Ok(store::schema::key_check::table
                .count()
                .get_result::<i64>(conn)?)
        });
        assert_eq!(kept.await.unwrap(), 1);
    }
}
