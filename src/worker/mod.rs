//! When things happen: loops that call one flow step each, wake, and stop.
//!
//! `app` starts them after the database is open and stops them after the web server. Intervals stand below; each answers one question.
//! No loop decides anything, and none holds a result that a crash would lose: what is not recorded is due again when its lease ends.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::domain::destination::Destination;
use crate::domain::id::DestinationId;
use crate::flow::clock_step::catch_up;
use crate::flow::deliver::deliver;
use crate::flow::health::{end_recovered, note_kept_back};
use crate::flow::lease::{give_back, give_back_stale};
use crate::flow::notices::send_due;
use crate::flow::outbox::Roomy;
use crate::flow::pause::settle_stragglers;
use crate::flow::probe::probe_due;
use crate::flow::record::{RECORD_LIMIT, record};
use crate::flow::replay::{self, Next};
use crate::flow::{Bridge, counts, deletion, nodes, recover, retention};
use crate::store::claims::Wait;
use crate::store::error::StoreError;
use crate::store::results::Finish;

/// How often does a sender that waits for its destination's pace look for leases that do not suffice any more?
const STALE_EVERY: Duration = Duration::from_secs(5);
/// How often is the database asked for due deliveries when nothing else asks?
const CLAIM_EVERY: Duration = Duration::from_millis(500);
/// How often are sightings of the sources written?
const EVIDENCE_EVERY: Duration = Duration::from_secs(1);
/// How often do probes of held destinations come due, and is a recovery noticed?
const PROBES_EVERY: Duration = Duration::from_secs(1);
/// How often are notices sent?
const NOTICES_EVERY: Duration = Duration::from_secs(1);
/// How often does a node tell the others that it lives?
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// How often does a running replay take a step?
const REPLAYS_EVERY: Duration = Duration::from_millis(100);
/// How often are replays noticed that another node began or cancelled?
const REPLAYS_LOOKED_FOR_EVERY: Duration = Duration::from_secs(1);
/// How often are expired leases released, and steps of the clock and changes by commands beside a SQLite server noticed?
const LEASES_EVERY: Duration = Duration::from_secs(5);
/// How often does the live tail look at the log?
const TAIL_EVERY: Duration = Duration::from_secs(1);
/// How often are the overview's counts brought up to date?
const COUNTS_EVERY: Duration = Duration::from_secs(5);
/// Steps of counting that may follow each other at once, while the log's end is not reached.
const COUNTS_AT_ONCE: usize = 10;
/// How often does the retention run?
const RETENTION_EVERY: Duration = Duration::from_secs(60);
/// How often are the metrics' histograms summed up? Until then each sample is kept in memory.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// After counting, the loop rests this many times as long as it took, up to a limit: a busy log would take a core for its counts otherwise.
const COUNTS_REST: u32 = 20;
const COUNTS_REST_LIMIT: Duration = Duration::from_secs(60);
/// How long is a loop left alone after its step failed?
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// How long may the last attempts take when the process stops?
const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// How long may the last step of a loop take when the process stops?
const LAST_STEP_LIMIT: Duration = Duration::from_secs(2);

/// The running loops.
pub struct Workers {
    bridge: Arc<Bridge>,
    stop: watch::Sender<Stage>,
    senders: JoinHandle<()>,
    recorder: JoinHandle<()>,
    timers: JoinSet<()>,
}

/// How far stopping has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    Running,
    /// Nothing new is begun.
    Draining,
    /// Every attempt has ended; what is recorded now is the last.
    Recording,
}

/// Starts every loop. Whoever records the process's metrics is kept up as well.
pub fn start(
    bridge: Arc<Bridge>,
    wishes: mpsc::UnboundedReceiver<DestinationId>,
    results: mpsc::Receiver<Finish>,
    metrics: Option<PrometheusHandle>,
) -> Workers {
    let (stop, stage) = watch::channel(Stage::Running);
    bridge.loops.begin();
    let senders = tokio::spawn(run_senders(bridge.clone(), wishes, stage.clone()));
    let recorder = tokio::spawn(run_recorder(bridge.clone(), results, stage.clone()));
    let mut timers = JoinSet::new();
    timers.spawn(kept_up(bridge.clone(), stage.clone(), run_claims));
    timers.spawn(kept_up(bridge.clone(), stage.clone(), run_replays));
    if bridge.store.is_shared() {
        timers.spawn(kept_up(bridge.clone(), stage.clone(), run_beats));
    }
    timers.spawn(kept_up(bridge.clone(), stage.clone(), run_tail));
    if let Some(metrics) = metrics {
        timers.spawn(run_upkeep(metrics, stage.clone()));
    }
    for step in [
        Step::Evidence,
        Step::Probes,
        Step::Notices,
        Step::Leases,
        Step::Counts,
        Step::Retention,
    ] {
        let run = move |bridge, stage| run_timed(step, bridge, stage);
        timers.spawn(kept_up(bridge.clone(), stage.clone(), run));
    }
    Workers {
        bridge,
        stop,
        senders,
        recorder,
        timers,
    }
}

impl Workers {
    /// Lets running attempts end, gives everything else back, and writes the last results.
    pub async fn stop(mut self) {
        let drained_by = tokio::time::Instant::now() + DRAIN_LIMIT;
        self.bridge.loops.end();
        let _ = self.stop.send(Stage::Draining);
        let unsent = self.bridge.outbox.close();
        tracing::info!(
            unsent = unsent.len(),
            sending = self.bridge.outbox.senders(),
            "stopping: what is not begun is given back"
        );
        let at_ms = self.bridge.clock.now_ms();
        if let Err(error) = give_back(&self.bridge, unsent, Wait::Due { at_ms }).await {
            tracing::warn!(%error, "leases could not be given back; they run out by themselves");
        }
        if tokio::time::timeout(DRAIN_LIMIT, &mut self.senders)
            .await
            .is_err()
        {
            tracing::warn!("some attempts did not end in time; they will be made again");
            self.senders.abort();
        }
        let _ = self.stop.send(Stage::Recording);
        match tokio::time::timeout(DRAIN_LIMIT, &mut self.recorder).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the recorder ended badly"),
            Err(_) => {
                tracing::error!(
                    "the last results could not be written; their deliveries are due again when their leases end"
                );
                self.recorder.abort();
            }
        }
        if let Err(error) = self.bridge.evidence.write(&self.bridge.store).await {
            tracing::warn!(%error, "what was seen of the sources could not be written");
        }
        if let Err(error) = note_kept_back(&self.bridge, Timestamp::MAX).await {
            tracing::warn!(%error, "what was seen of failing destinations could not be written");
        }
        self.end_timers().await;
        // An event whose sender waits no longer may still be on its way to the disk, leased to this node.
        let settled = tokio::time::timeout_at(drained_by, self.bridge.outbox.settled());
        if settled.await.is_err() {
            tracing::warn!(
                "some events were not committed in time; what is leased of them is due again when the lease ends"
            );
        }
        self.give_back_late().await;
        if let Err(error) = self.bridge.store.leave(self.bridge.nodes.id).await {
            tracing::warn!(%error, "the other nodes could not be told that this one stops; they notice by themselves");
        }
    }

    /// Lets each loop end its step. What it has begun in the database goes on without it: a claim that was cut off leaves its leases to run out, and a
    /// heartbeat brings back the node that has just left.
    async fn end_timers(&mut self) {
        let ended = async { while self.timers.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_STEP_LIMIT, ended).await.is_err() {
            self.timers.shutdown().await;
        }
    }

    /// Gives back what a loop had claimed, or an event had brought, when stopping began and was handed over since.
    async fn give_back_late(&self) {
        let late = self.bridge.outbox.close();
        let at_ms = self.bridge.clock.now_ms();
        if let Err(error) = give_back(&self.bridge, late, Wait::Due { at_ms }).await {
            tracing::warn!(%error, "leases could not be given back; they run out by themselves");
        }
    }
}

/// Runs a loop until stopping begins; one that a panic cuts off begins again, and the bridge is not ready meanwhile.
async fn kept_up<F: Future<Output = ()>>(
    bridge: Arc<Bridge>,
    stage: watch::Receiver<Stage>,
    run: impl Fn(Arc<Bridge>, watch::Receiver<Stage>) -> F,
) {
    while AssertUnwindSafe(run(bridge.clone(), stage.clone()))
        .catch_unwind()
        .await
        .is_err()
    {
        tracing::error!("a loop was cut off by a panic; it begins again");
        bridge.loops.pause();
        tokio::time::sleep(PAUSE_AFTER_ERROR).await;
        bridge.loops.go_on();
    }
}

/// Starts a sender whenever the outbox asks for one.
async fn run_senders(
    bridge: Arc<Bridge>,
    mut wishes: mpsc::UnboundedReceiver<DestinationId>,
    mut stage: watch::Receiver<Stage>,
) {
    let mut senders = JoinSet::new();
    loop {
        tokio::select! {
            _ = stage.changed() => break,
            wish = wishes.recv() => match wish {
                Some(destination_id) => { senders.spawn(run_sender(bridge.clone(), destination_id, stage.clone())); }
                None => break,
            },
            Some(ended) = senders.join_next() => log_end(ended),
        }
    }
    while let Some(ended) = senders.join_next().await {
        log_end(ended);
    }
}

fn log_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a sender ended badly; its delivery is due again when the lease ends");
    }
}

/// Works off one destination's queue until it is empty.
async fn run_sender(
    bridge: Arc<Bridge>,
    destination_id: DestinationId,
    mut stage: watch::Receiver<Stage>,
) {
    loop {
        let destination = bridge.snapshot().destination(destination_id).cloned();
        let share = bridge.nodes.share();
        // What is left of a deleted destination, or of one that fell to other nodes, is worked off by one sender.
        let concurrency = destination.as_ref().map_or(1, |destination| {
            bridge.nodes.concurrency(destination).max(1)
        });
        let limits = destination
            .as_ref()
            .map(|destination| &destination.settings.limits);
        let per_second = limits.and_then(|limits| {
            let per_second = limits.per_second?;
            Some(share.of_rate(per_second, limits.concurrency, destination_id))
        });
        // The pace is not spent on finding out that nothing waits: what comes next would wait for it once more.
        if per_second.is_some() && bridge.outbox.leave_if_idle(destination_id) {
            return;
        }
        let may_send = tokio::select! {
            biased;
            () = bridge.pacing.wait(destination_id, per_second) => true,
            // Nothing is handed out any more, so nobody waits for the pace of a slow destination.
            _ = stage.wait_for(|stage| *stage != Stage::Running) => true,
            () = tokio::time::sleep(STALE_EVERY) => false,
        };
        drop_stale(&bridge, destination.as_deref()).await;
        if !may_send {
            continue;
        }
        let Some(parcel) = bridge.outbox.next(destination_id, concurrency) else {
            return;
        };
        let delivery_id = parcel.delivery_id;
        // A sender that went down in a panic would keep its seat for ever, and a destination has only so many.
        match AssertUnwindSafe(deliver(&bridge, parcel))
            .catch_unwind()
            .await
        {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, delivery = %delivery_id, "the delivery's result could not be passed on");
            }
            Err(_) => {
                tracing::error!(delivery = %delivery_id, "a delivery was cut off by a panic; it is due again when its lease ends");
            }
        }
    }
}

/// Gives back what has waited too long. The pace is not spent on it: at a slow one, nothing else would ever go out.
async fn drop_stale(bridge: &Bridge, destination: Option<&Destination>) {
    let Some(destination) = destination else {
        return;
    };
    if let Err(error) = give_back_stale(bridge, destination).await {
        tracing::warn!(%error, destination = %destination.id, "leases could not be given back; they run out by themselves");
    }
}

/// Writes results as they come, as many at once as wait.
async fn run_recorder(
    bridge: Arc<Bridge>,
    mut results: mpsc::Receiver<Finish>,
    mut stage: watch::Receiver<Stage>,
) {
    let mut batch = Vec::with_capacity(RECORD_LIMIT);
    loop {
        tokio::select! {
            biased;
            count = results.recv_many(&mut batch, RECORD_LIMIT) => {
                if count == 0 {
                    return;
                }
                let batch = std::mem::take(&mut batch);
                if AssertUnwindSafe(record(&bridge, batch)).catch_unwind().await.is_err() {
                    tracing::error!("results were cut off by a panic; their deliveries are due again when their leases end");
                }
            }
            () = recording(&mut stage) => return,
        }
    }
}

/// Waits until every attempt has ended.
async fn recording(stage: &mut watch::Receiver<Stage>) {
    // An error means that the workers were dropped, which ends the loop as well.
    let _ = stage.wait_for(|stage| *stage == Stage::Recording).await;
}

/// Claims what is due: on a timer, when a queue has room again, and again at once while there is more.
async fn run_claims(bridge: Arc<Bridge>, mut stage: watch::Receiver<Stage>) {
    let mut roomy = Roomy::All;
    loop {
        let claimed = match roomy {
            Roomy::All => recover::claim_due(&bridge).await,
            Roomy::These(ids) => recover::claim_due_at(&bridge, ids).await,
        };
        let pause = match claimed {
            Ok(_) => CLAIM_EVERY,
            Err(error) => {
                tracing::error!(%error, "due deliveries could not be claimed");
                PAUSE_AFTER_ERROR
            }
        };
        roomy = tokio::select! {
            _ = stage.changed() => return,
            roomy = bridge.outbox.room_made() => roomy,
            _ = tokio::time::sleep(pause) => Roomy::All,
        };
    }
}

/// Tells the other nodes that this one lives, and takes over what they changed: on a timer, and when the database says so.
async fn run_beats(bridge: Arc<Bridge>, mut stage: watch::Receiver<Stage>) {
    loop {
        if let Err(error) = nodes::beat(&bridge).await {
            tracing::warn!(%error, "the other nodes could not be heard; what is known goes on to hold");
        }
        tokio::select! {
            _ = stage.changed() => return,
            () = bridge.store.news() => {}
            () = tokio::time::sleep(BEAT_EVERY) => {}
        }
    }
}

/// Tells those who watch the log what is new, as long as there are any.
async fn run_tail(bridge: Arc<Bridge>, mut stage: watch::Receiver<Stage>) {
    loop {
        tokio::select! {
            _ = stage.changed() => return,
            () = bridge.tail.watched() => {}
        }
        if let Err(error) = bridge.tail.tick(&bridge).await {
            tracing::warn!(%error, "the log could not be looked at for those who watch it");
        }
        tokio::select! {
            _ = stage.changed() => return,
            _ = tokio::time::sleep(TAIL_EVERY) => {}
        }
    }
}

/// Takes the steps of running replays, at once while there is more to look at than to make.
async fn run_replays(bridge: Arc<Bridge>, mut stage: watch::Receiver<Stage>) {
    loop {
        let pause = match replay::advance(&bridge).await {
            Ok(Next::Now) => Duration::ZERO,
            Ok(Next::Later) => REPLAYS_EVERY,
            Ok(Next::WhenBegun) => REPLAYS_LOOKED_FOR_EVERY,
            Err(_) => PAUSE_AFTER_ERROR,
        };
        tokio::select! {
            biased;
            _ = stage.changed() => return,
            () = bridge.replay_begun.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Work that only time sets off.
#[derive(Debug, Clone, Copy)]
enum Step {
    Evidence,
    Probes,
    Notices,
    Leases,
    Counts,
    Retention,
}

impl Step {
    fn interval(self) -> Duration {
        match self {
            Step::Evidence => EVIDENCE_EVERY,
            Step::Probes => PROBES_EVERY,
            Step::Notices => NOTICES_EVERY,
            Step::Leases => LEASES_EVERY,
            Step::Counts => COUNTS_EVERY,
            Step::Retention => RETENTION_EVERY,
        }
    }

    /// How long to wait after a step that took so long.
    fn pause(self, took: Duration) -> Duration {
        let rest = match self {
            Step::Counts => (took * COUNTS_REST).min(COUNTS_REST_LIMIT),
            _ => Duration::ZERO,
        };
        self.interval().max(rest)
    }

    async fn run(self, bridge: &Bridge) -> Result<(), StoreError> {
        match self {
            Step::Evidence => bridge.evidence.write(&bridge.store).await,
            Step::Probes => all_done([
                probe_due(bridge).await.map(|_| ()),
                end_recovered(bridge).await,
            ]),
            Step::Notices => {
                send_due(bridge).await;
                Ok(())
            }
            Step::Leases => all_done([
                bridge.reload_if_stale().await,
                nodes::take_over_commands(bridge).await,
                catch_up(bridge).await.map(|_| ()),
                recover::release_expired(bridge).await.map(|_| ()),
                settle_stragglers(bridge).await,
                deletion::settle_stragglers(bridge).await,
            ]),
            Step::Counts => {
                for _ in 0..COUNTS_AT_ONCE {
                    if counts::count(bridge).await? {
                        break;
                    }
                }
                Ok(())
            }
            Step::Retention => {
                while retention::forget(bridge).await?.there_is_more {}
                Ok(())
            }
        }
    }
}

/// The first trouble of several duties, none of which waits for another's success.
fn all_done<const COUNT: usize>(done: [Result<(), StoreError>; COUNT]) -> Result<(), StoreError> {
    done.into_iter().collect()
}

/// Sums up the metrics' samples, which nobody else does when `/metrics` is not asked for.
async fn run_upkeep(metrics: PrometheusHandle, mut stage: watch::Receiver<Stage>) {
    loop {
        tokio::select! {
            _ = stage.changed() => return,
            _ = tokio::time::sleep(UPKEEP_EVERY) => metrics.run_upkeep(),
        }
    }
}

/// Runs a step on its timer until stopping begins.
async fn run_timed(step: Step, bridge: Arc<Bridge>, mut stage: watch::Receiver<Stage>) {
    let mut took = Duration::ZERO;
    loop {
        tokio::select! {
            _ = stage.changed() => return,
            _ = tokio::time::sleep(step.pause(took)) => {}
        }
        let begun = Instant::now();
        if let Err(error) = step.run(&bridge).await {
            tracing::error!(%error, ?step, "a timed step failed; it is tried again");
        }
        took = begun.elapsed();
    }
}
