//! The one thread that writes, and group commit.
//!
//! Requests and results arrive on one bounded queue; whatever waits there when the last commit is through goes into the next
//! one, so that a sync of the disk is shared by everyone who came meanwhile. A caller is answered only after its commit.
//! When a batch is refused, each of its parts is tried alone: one bad row never takes its neighbours with it.

use std::sync::Arc;

use diesel::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use crate::store::error::StoreError;
use crate::store::ingest::{Ingest, Ingested, insert_events};
use crate::store::results::{Finish, write_results};
use crate::store::sqlite::Conn;

/// Jobs that may wait for the writer before callers are told to come back.
pub const QUEUE_LIMIT: usize = 8_192;

/// Jobs that share one commit at most.
const BATCH_LIMIT: usize = 256;

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Something to be written.
pub enum Job {
    /// An event with its deliveries.
    Ingest(Box<Ingest>, Reply<Ingested>),
    /// Attempts that ended; each answer says whether the claim still held.
    Record(Arc<Vec<Finish>>, Reply<Vec<bool>>),
    /// Anything else; it opens its own transaction and answers its caller itself.
    Run(Box<dyn FnOnce(&mut Conn) + Send>),
}

/// Writes until every sender is gone.
pub fn run(mut conn: Conn, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH_LIMIT);
    while jobs.blocking_recv_many(&mut batch, BATCH_LIMIT) > 0 {
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
                Job::Run(run) => run(&mut conn),
            }
        }
        shared.settle(&mut conn);
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
    fn settle(self, conn: &mut Conn) {
        if self.ingests.is_empty() && self.records.is_empty() {
            return;
        }
        let started = std::time::Instant::now();
        let committed = conn.immediate_transaction(|conn| {
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
            Err(error) => {
                tracing::warn!(%error, jobs = self.ingests.len() + self.records.len(), "a shared commit failed; each part is tried alone");
                self.settle_one_by_one(conn);
            }
        }
    }

    fn settle_one_by_one(self, conn: &mut Conn) {
        let ingested: Vec<_> = self
            .ingests
            .iter()
            .map(|ingest| {
                let one = alone(conn, |conn| {
                    insert_events(conn, std::slice::from_ref(ingest))
                })?;
                one.into_iter()
                    .next()
                    .ok_or_else(|| StoreError::Corrupt("an insert gave no answer".into()))
            })
            .collect();
        answer(self.ingest_replies, ingested);
        let recorded: Vec<_> = self
            .records
            .iter()
            .map(|finishes| alone(conn, |conn| write_results(conn, finishes)))
            .collect();
        answer(self.record_replies, recorded);
    }
}

fn alone<T>(
    conn: &mut SqliteConnection,
    work: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    conn.immediate_transaction(work)
}

fn answer<T>(replies: Vec<Reply<T>>, answers: impl IntoIterator<Item = Result<T, StoreError>>) {
    for (reply, answer) in replies.into_iter().zip(answers) {
        // A caller that went away has no use for the answer; what was committed stays committed.
        let _ = reply.send(answer);
    }
}
