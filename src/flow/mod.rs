//! What happens: the steps of an event's way, what a person sets off, and what time sets off, each in a file of its own.
//!
//! Called by `web` (who may ask) and `worker` (when it happens). Knows neither actix nor diesel nor askama. [`Bridge`] holds what the steps share.

// The way of an event: ingest -> outbox -> deliver -> record -> recover, and what stands beside it.
pub mod admission;
pub mod deliver;
pub mod health;
pub mod ingest;
pub mod lease;
pub mod outbox;
pub mod pacing;
pub mod record;
pub mod recover;
pub mod tail;

// What a person sets off.
pub mod audit;
pub mod deletion;
pub mod dry_run;
pub mod hurry;
pub mod past;
pub mod pause;
pub mod projects;
pub mod replay;
pub mod resend;
pub mod test_event;
pub mod transfer;
pub mod turn;
pub mod vet;

// What time sets off, and what goes on beside.
pub mod clock;
pub mod clock_step;
pub mod counts;
pub mod evidence;
pub mod loops;
pub mod nodes;
pub mod notices;
pub mod probe;
pub mod retention;
pub mod snapshot;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, mpsc, watch};

use crate::domain::connection::Rules;
use crate::domain::id::{NodeId, VersionId};
use crate::flow::admission::Admission;
use crate::flow::clock::{Clock, Ids};
use crate::flow::clock_step::ClockWatch;
use crate::flow::evidence::Evidence;
use crate::flow::health::HealthWatch;
use crate::flow::loops::Loops;
use crate::flow::nodes::Membership;
use crate::flow::notices::Notices;
use crate::flow::outbox::Outbox;
use crate::flow::pacing::Pacing;
use crate::flow::projects::Projects;
use crate::flow::retention::{Forgetting, Retention};
use crate::flow::snapshot::{Snapshot, compile};
use crate::flow::tail::Tail;
use crate::outbound::client::Client;
use crate::outbound::guard::Guard;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::results::Finish;

/// Results that may wait for their commit before senders wait for them.
pub const RESULTS_LIMIT: usize = 4_096;

/// Past versions whose compiled rules are kept.
const PAST_RULES_LIMIT: usize = 64;

/// What the steps share.
pub struct Bridge {
    pub store: Store,
    pub outbox: Outbox,
    pub client: Client,
    pub guard: Guard,
    pub clock: Clock,
    pub ids: Ids,
    pub clock_watch: ClockWatch,
    /// Held while a delivery that goes in order gets its id and its place in the writer's queue (`ingest`).
    line: std::sync::Mutex<()>,
    pub evidence: Evidence,
    pub health: HealthWatch,
    /// What is to be told of destinations, and where the pages are that tell more.
    pub notices: Notices,
    pub public_url: String,
    pub pacing: Pacing,
    pub loops: Loops,
    pub tail: Arc<Tail>,
    pub projects: Projects,
    pub admission: Admission,
    pub results: mpsc::Sender<Finish>,
    /// What is kept, and how far forgetting has come.
    pub retention: Retention,
    pub forgetting: Forgetting,
    /// How long a node holds a delivery, in milliseconds.
    pub lease_ms: i64,
    /// This node and its part of every limit.
    pub nodes: Membership,
    /// How many results are on disk since the start; whoever waits for one to be recorded watches it.
    pub recorded: watch::Sender<u64>,
    /// Results wait in memory that could not be written so far.
    pub results_wait: AtomicBool,
    /// Runs on what must be carried through although whoever began it has gone away.
    runtime: Handle,
    /// Wakes whoever takes the steps of replays.
    pub replay_begun: Notify,
    snapshot: ArcSwap<Snapshot>,
    /// Rules of past versions that were asked for lately; a version never changes.
    past_rules: std::sync::Mutex<HashMap<VersionId, Arc<Rules>>>,
    /// What the snapshot was read at.
    revision: AtomicI64,
    /// What was saved could not be read again yet.
    is_stale: AtomicBool,
    reloads_asked: AtomicU64,
    /// How many of them are served.
    reloading: Mutex<u64>,
}

/// What the operator decides about the steps.
#[derive(Debug, Clone)]
pub struct Policy {
    pub retention: Retention,
    /// How long a node holds a delivery, in milliseconds.
    pub lease_ms: i64,
    /// What this node is called.
    pub node_name: String,
    /// Verified requests a second that one source may make; 0 sets no limit.
    pub source_per_second: u32,
    /// Where people reach the pages, without a slash at its end.
    pub public_url: String,
}

/// Makes an id of type `$id` at a moment of the bridge.
#[macro_export]
macro_rules! new_id {
    ($id:ident, $bridge:expr, $now:expr) => {{
        let (unix_ms, bits) = $bridge.ids.parts($now);
        $id::new(unix_ms, bits)
    }};
}

impl Bridge {
    /// Puts the parts together and reads the first snapshot.
    pub async fn new(
        store: Store,
        outbox: Outbox,
        client: Client,
        guard: Guard,
        clock: Clock,
        results: mpsc::Sender<Finish>,
        policy: Policy,
    ) -> Result<Bridge, StoreError> {
        let revision = store.revision().await?;
        let commands = store.commits_of_others().await?;
        let snapshot = Snapshot::load(&store, &Snapshot::default()).await?;
        let newest_ms = store.newest_id_ms().await?.unwrap_or(0);
        let ids = Ids::after(newest_ms);
        let (now_ms, bits) = ids.parts(clock.now());
        let nodes = Membership::new(
            NodeId::new(now_ms, bits),
            policy.node_name,
            clock.now_ms(),
            store.is_shared(),
            commands,
        );
        Ok(Bridge {
            store,
            outbox,
            client,
            guard,
            clock,
            ids,
            clock_watch: ClockWatch::default(),
            line: std::sync::Mutex::default(),
            evidence: Evidence::default(),
            health: HealthWatch::default(),
            notices: Notices::default(),
            public_url: policy.public_url,
            pacing: Pacing::default(),
            loops: Loops::default(),
            tail: Arc::default(),
            projects: Projects::default(),
            admission: Admission::new(policy.source_per_second),
            results,
            retention: policy.retention,
            forgetting: Forgetting::default(),
            lease_ms: policy.lease_ms,
            nodes,
            recorded: watch::Sender::new(0),
            results_wait: AtomicBool::new(false),
            runtime: Handle::current(),
            replay_begun: Notify::new(),
            snapshot: ArcSwap::from_pointee(snapshot),
            past_rules: std::sync::Mutex::default(),
            revision: AtomicI64::new(revision),
            is_stale: AtomicBool::new(false),
            reloads_asked: AtomicU64::new(0),
            reloading: Mutex::new(0),
        })
    }

    /// The present snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Reads sources, destinations and connections again, after one was saved. The saver waits, so that what it saved is in force when it answers.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let asked = self.reloads_asked.fetch_add(1, Ordering::SeqCst);
        // One at a time: an older reading must not replace a newer one.
        let mut served = self.reloading.lock().await;
        // One that began after this was asked for has read what was saved: when many destinations begin to fail at once, few read for all.
        if *served > asked {
            return Ok(());
        }
        let serves = self.reloads_asked.load(Ordering::SeqCst);
        // Before the rest: what is saved while it is read makes it be read again.
        self.is_stale.store(true, Ordering::SeqCst);
        let revision = self.store.revision().await?;
        let before = self.snapshot();
        let loaded = Snapshot::load(&self.store, &before).await?;
        // Whoever resumed it, on whichever node: its failures so far count no more.
        for resumed in loaded.resumed_since(&before) {
            self.health.judge_anew(resumed);
        }
        self.snapshot.store(Arc::new(loaded));
        self.revision.store(revision, Ordering::SeqCst);
        self.is_stale.store(false, Ordering::SeqCst);
        *served = serves;
        Ok(())
    }

    /// Reads them again when that failed the last time: what was saved is not in force yet.
    pub async fn reload_if_stale(&self) -> Result<(), StoreError> {
        if self.is_stale.load(Ordering::SeqCst) {
            self.reload().await
        } else {
            Ok(())
        }
    }

    /// The revision of the configuration that the snapshot was read at.
    pub fn revision(&self) -> i64 {
        self.revision.load(Ordering::SeqCst)
    }

    /// Waits for one's turn among those whose order counts; held for a moment only.
    fn stand_in_line(&self) -> std::sync::MutexGuard<'_, ()> {
        self.line
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The compiled rules of any version, present or past.
    pub async fn rules(&self, version_id: VersionId) -> Result<Arc<Rules>, StoreError> {
        if let Some(rules) = self.snapshot().rules(version_id) {
            return Ok(rules.clone());
        }
        if let Some(rules) = self.past_rules().get(&version_id) {
            return Ok(rules.clone());
        }
        let version = self.store.version(version_id).await?;
        let rules = Arc::new(compile(&version.rules, version_id));
        let mut past = self.past_rules();
        if past.len() >= PAST_RULES_LIMIT {
            past.clear();
        }
        past.insert(version_id, rules.clone());
        Ok(rules)
    }

    fn past_rules(&self) -> std::sync::MutexGuard<'_, HashMap<VersionId, Arc<Rules>>> {
        self.past_rules
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
