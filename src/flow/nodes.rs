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
    /// By how much this node's clock is behind the database's, in milliseconds.
    behind_ms: AtomicI64,
    known: Mutex<Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    share: Share,
    /// Until when this node does what one does for all.
    duty_until: Option<Instant>,
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
        });
        Membership {
            id,
            name,
            started_ms,
            shared,
            commands: AtomicI64::new(commands),
            behind_ms: AtomicI64::new(0),
            known,
        }
    }

    /// Its place among the live nodes.
    pub fn share(&self) -> Share {
        self.lock().share
    }

    /// By how much this node's clock was behind the database's at the last heartbeat, in milliseconds; negative when it is ahead.
    pub fn behind_ms(&self) -> i64 {
        self.behind_ms.load(Ordering::SeqCst)
    }

    /// Notes what the clocks showed at a heartbeat, in milliseconds since 1970.
    pub fn note_clocks(&self, asked_ms: i64, answered_ms: i64, database_ms: i64) {
        let behind_ms = database_ms - (asked_ms + answered_ms) / 2;
        let before_ms = self.behind_ms.swap(behind_ms, Ordering::SeqCst);
        let is_off = |ms: i64| ms.abs() > CLOCKS_APART_MS;
        if is_off(behind_ms) && !is_off(before_ms) {
            tracing::warn!(
                behind_ms,
                "this node's clock and the database's are apart: set both right, or events of one record that come to different nodes may be sent in the wrong order"
            );
        }
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
    if bridge.nodes.shared {
        take_over(
            bridge,
            asked(bridge, bridge.store.join(told(bridge))).await?,
        )
        .await
    } else {
        Ok(())
    }
}

/// Tells the others that this node lives, and takes over what they changed.
pub async fn beat(bridge: &Bridge) -> Result<(), StoreError> {
    if bridge.nodes.shared {
        take_over(
            bridge,
            asked(bridge, bridge.store.heartbeat(told(bridge))).await?,
        )
        .await
    } else {
        Ok(())
    }
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
    let (asked, asked_ms) = (Instant::now(), bridge.clock.now_ms());
    let pulse = asking.await?;
    // One that is set by hand is right by definition.
    if matches!(bridge.clock, Clock::System) {
        let answered_ms = bridge.clock.now_ms();
        bridge
            .nodes
            .note_clocks(asked_ms, answered_ms, pulse.now_ms);
    }
    Ok((asked, pulse))
}

async fn take_over(bridge: &Bridge, (asked, pulse): (Instant, Pulse)) -> Result<(), StoreError> {
    let nodes = &bridge.nodes;
    let before = nodes.share();
    *nodes.lock() = Known {
        share: pulse.share,
        duty_until: pulse
            .housekeeper
            .then(|| asked + Duration::from_millis(DUTY_MS.unsigned_abs())),
    };
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
