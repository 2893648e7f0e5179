//! This node among those that share its database: its heartbeat, its part of every limit, and what others changed.
//!
//! Called by `worker` every second and whenever the database says that something changed. When the database is away, the last known share goes
//! on to hold: what is in memory is still sent. On SQLite a node is alone for ever, and hears only of what commands change beside it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::destination::Destination;
use crate::domain::id::NodeId;
use crate::domain::node::Share;
use crate::flow::Bridge;
use crate::flow::clock::Clock;
use crate::flow::lease::give_back;
use crate::store::claims::Wait;
use crate::store::error::StoreError;
use crate::store::nodes::{Beat, DUTY_MS, Pulse};

/// A heartbeat that takes longer tells nothing of the database's clock, in milliseconds.
const QUICK_MS: i64 = 1_000;

/// Clocks may be apart by so much before somebody is told, in milliseconds.
const CLOCKS_APART_MS: i64 = 5_000;

/// This node, as far as it knows.
#[derive(Debug)]
pub struct Membership {
    pub id: NodeId,
    pub name: String,
    started_ms: i64,
    /// Others may share the database.
    shared: bool,
    /// Which commits of commands beside this server, to its SQLite file, it has heard of.
    commands: AtomicI64,
    known: Mutex<Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    share: Share,
    /// Until when this node does what one does for all.
    duty_until: Option<Instant>,
    /// By how much the database's clock is ahead of this process's steady one, in milliseconds.
    database_ahead_ms: Option<i64>,
    /// The database's clock and this node's are apart, which was told.
    is_apart: bool,
}

/// What this node's clocks show at one moment, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    pub wall_ms: i64,
    pub steady_ms: i64,
}

impl Clocks {
    fn of(bridge: &Bridge) -> Clocks {
        Clocks {
            wall_ms: bridge.clock.now_ms(),
            steady_ms: bridge.clock.steady_ms(),
        }
    }
}

impl Membership {
    /// A node that has not heard of others yet.
    pub fn new(
        id: NodeId,
        name: String,
        started_ms: i64,
        shared: bool,
        commands: i64,
    ) -> Membership {
        let known = Mutex::new(Known {
            share: Share::ALONE,
            duty_until: None,
            database_ahead_ms: None,
            is_apart: false,
        });
        Membership {
            id,
            name,
            started_ms,
            shared,
            commands: AtomicI64::new(commands),
            known,
        }
    }

    /// Its place among the live nodes.
    pub fn share(&self) -> Share {
        self.lock().share
    }

    /// What the database's clock shows when the steady one shows this, by the last heartbeat; `None` when there was none.
    pub fn database_clock_ms(&self, steady_ms: i64) -> Option<i64> {
        let ahead_ms = self.lock().database_ahead_ms?;
        Some(steady_ms.saturating_add(ahead_ms))
    }

    /// Notes what a heartbeat told of the database's clock, in milliseconds since 1970. What took long tells little.
    pub fn note_clocks(&self, asked: Clocks, answered: Clocks, database_ms: i64) {
        let took = |one: fn(&Clocks) -> i64| one(&answered) - one(&asked);
        let (by_wall_ms, by_steady_ms) = (took(|one| one.wall_ms), took(|one| one.steady_ms));
        let is_quick = |ms: i64| (0..=QUICK_MS).contains(&ms);
        if !is_quick(by_wall_ms) || !is_quick(by_steady_ms) {
            return;
        }
        let apart_ms = asked.wall_ms + by_wall_ms / 2 - database_ms;
        let mut known = self.lock();
        known.database_ahead_ms = Some(database_ms - (asked.steady_ms + by_steady_ms / 2));
        let is_apart = apart_ms.abs() > CLOCKS_APART_MS;
        if is_apart && !known.is_apart {
            tracing::warn!(
                apart_ms,
                "this node's clock and the database's are apart: set both right, or events of one record that come to different nodes may be sent in the wrong order"
            );
        }
        known.is_apart = is_apart;
    }

    /// How many deliveries this node may send to the destination at once; none when its limit is spent on other nodes.
    pub fn concurrency(&self, destination: &Destination) -> u32 {
        let limit = destination.settings.limits.concurrency;
        self.share().of_count(limit, destination.id)
    }

    /// Whether this node does what one does for all of them: counting, retention and replays.
    pub fn is_housekeeper(&self) -> bool {
        !self.shared
            || self
                .lock()
                .duty_until
                .is_some_and(|until| Instant::now() < until)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the others that this node starts. An error when the master key was replaced since the database was opened.
pub async fn join(bridge: &Bridge) -> Result<(), StoreError> {
    exchange(bridge, bridge.store.join(told(bridge))).await
}

/// Tells the others that this node lives, and takes over what they changed.
pub async fn beat(bridge: &Bridge) -> Result<(), StoreError> {
    exchange(bridge, bridge.store.heartbeat(told(bridge))).await
}

/// Tells the others, when there may be some, and takes over what they answer.
async fn exchange(
    bridge: &Bridge,
    asking: impl Future<Output = Result<Pulse, StoreError>>,
) -> Result<(), StoreError> {
    if !bridge.nodes.shared {
        return Ok(());
    }
    let answer = asked(bridge, asking).await?;
    take_over(bridge, answer).await
}

/// What this node tells of itself.
fn told(bridge: &Bridge) -> Beat {
    let nodes = &bridge.nodes;
    Beat {
        id: nodes.id,
        name: nodes.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        started_ms: nodes.started_ms,
        revision: bridge.revision(),
        waiting: i64::try_from(bridge.outbox.waiting()).unwrap_or(i64::MAX),
    }
}

/// What was learned, and when it was asked for.
async fn asked(
    bridge: &Bridge,
    asking: impl Future<Output = Result<Pulse, StoreError>>,
) -> Result<(Instant, Pulse), StoreError> {
    let (asked, before) = (Instant::now(), Clocks::of(bridge));
    let pulse = asking.await?;
    // One that is set by hand is right by definition.
    if matches!(bridge.clock, Clock::System) {
        let after = Clocks::of(bridge);
        bridge.nodes.note_clocks(before, after, pulse.now_ms);
    }
    Ok((asked, pulse))
}

async fn take_over(bridge: &Bridge, (asked, pulse): (Instant, Pulse)) -> Result<(), StoreError> {
    let nodes = &bridge.nodes;
    let before = nodes.share();
    let duty = Duration::from_millis(DUTY_MS.unsigned_abs());
    {
        let mut known = nodes.lock();
        known.share = pulse.share;
        known.duty_until = pulse.housekeeper.then(|| asked + duty);
    }
    if pulse.share != before {
        tracing::info!(nodes = pulse.share.nodes(), "the number of nodes changed");
    }
    if pulse.revision != bridge.revision() {
        bridge.reload().await?;
        give_back_held(bridge).await?;
    }
    if pulse.share != before {
        give_back_foreign(bridge).await?;
    }
    Ok(())
}

/// Takes over what a command has changed in the SQLite file that this server works on. Of PostgreSQL, every node hears it at its heartbeat.
pub async fn take_over_commands(bridge: &Bridge) -> Result<(), StoreError> {
    // Before it is read again: what is changed meanwhile makes it be read once more.
    let commands = bridge.store.commits_of_others().await?;
    if commands != bridge.nodes.commands.load(Ordering::SeqCst) {
        bridge.reload().await?;
        give_back_held(bridge).await?;
        bridge.nodes.commands.store(commands, Ordering::SeqCst);
    }
    Ok(())
}

/// Gives back what waits in memory for destinations that another node has paused.
async fn give_back_held(bridge: &Bridge) -> Result<(), StoreError> {
    for destination in bridge.snapshot().destinations() {
        if destination.health.paused.is_some() {
            give_back(
                bridge,
                bridge.outbox.drain_but_probe(destination.id),
                Wait::Held,
            )
            .await?;
        }
    }
    Ok(())
}

/// Gives back what waits in memory for destinations that other nodes send to from now on. A held one's probe stays: the others do not know that it
/// was taken, and the next one comes late.
async fn give_back_foreign(bridge: &Bridge) -> Result<(), StoreError> {
    let at_ms = bridge.clock.now_ms();
    for destination in bridge.snapshot().destinations() {
        if bridge.nodes.concurrency(destination) == 0 {
            let foreign = bridge.outbox.drain_but_probe(destination.id);
            give_back(bridge, foreign, Wait::Due { at_ms }).await?;
        }
    }
    Ok(())
}
