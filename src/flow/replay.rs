//! A replay: a person asks for many deliveries again, chosen by a filter.
//!
//! The wish is a row; `worker` calls [`advance`] again and again, and each step makes a few deliveries and moves the row's position in one
//! transaction. So a process that dies goes on where it stood, and however often a replay is begun again, each event goes out once
//! for each connection. The new deliveries are made as a resend makes them. The log is looked at in bounded parts, and nothing is kept in memory
//! between two steps. A delivery is judged as it is when the replay comes to it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::domain::audit::Actor;
use crate::domain::connection::{Decision, Order, Rules, Subject};
use crate::domain::delivery::Cause;
use crate::domain::event::{Reading, read};
use crate::domain::id::{DeliveryId, DestinationId, EventId, ReplayId, VersionId};
use crate::domain::mapping::Output;
use crate::domain::replay::{
    Candidate, Forecast, Reason, ReplayState, VersionChoice, Wish, allowance, own_reason,
    paced_until,
};
use crate::flow::Bridge;
use crate::flow::ingest::{HandOver, Planned, Route, start_of, waiting_for};
use crate::flow::resend::again;
use crate::flow::snapshot::Snapshot;
use crate::new_id;
use crate::store::error::StoreError;
use crate::store::events::StoredEvent;
use crate::store::ingest::Start;
use crate::store::look::{Ask, Look};
use crate::store::replays::{NewReplay, Replay, Step};

/// Deliveries of the log looked at in one go.
const LOOK_LIMIT: i64 = 1_000;

/// Deliveries of the log that a forecast looks at; behind them, it says "at least".
const FORECAST_LIMIT: i64 = 50_000;

/// Deliveries made in one step.
const STEP_LIMIT: usize = 50;

/// Replays that were cancelled longer ago are not looked at once more at start, in milliseconds: thirty days.
const AT_START_MS: i64 = 30 * 86_400_000;

/// Events of a step whose bodies are in memory at once.
const BODIES_LIMIT: usize = 10;

/// Replays that may run at once.
const RUNNING_LIMIT: usize = 10;

/// When to take the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Next {
    /// When a replay is begun.
    WhenBegun,
    /// When its pace allows more.
    Later,
    /// At once.
    Now,
}

/// What a replay would do; nothing is stored.
pub async fn forecast(bridge: &Bridge, wish: &Wish) -> Result<Forecast, StoreError> {
    forecast_within(bridge, wish, FORECAST_LIMIT).await
}

/// What a replay would do, as far as so many deliveries of the log tell.
pub async fn forecast_within(
    bridge: &Bridge,
    wish: &Wish,
    limit: i64,
) -> Result<Forecast, StoreError> {
    let before = new_id!(ReplayId, bridge, bridge.clock.now());
    count(bridge, wish, before, limit).await
}

/// Begins a replay of everything that matches now. Who did so is written beside it.
pub async fn begin(bridge: &Bridge, actor: &Actor, wish: Wish) -> Result<Replay, StoreError> {
    let (now, who) = (bridge.clock.now(), actor.in_words());
    let id = new_id!(ReplayId, bridge, now);
    let forecast = count(bridge, &wish, id, FORECAST_LIMIT).await?;
    let now_ms = now.as_millisecond();
    let new = NewReplay {
        id,
        // The first one may go at once.
        paced_until_ms: now_ms - paced_until(0, 0, wish.per_second, 1),
        wish,
        matching: forecast.matching,
        at_least: forecast.at_least,
        created_by: who.clone(),
        now_ms,
    };
    let matching = new.matching;
    let said = if new.at_least {
        format!("Began a replay of at least {matching} matching deliveries.")
    } else {
        format!("Began a replay of {matching} matching deliveries.")
    };
    bridge
        .noting(actor, "replay.begun", id, said)
        .create_replay(new, RUNNING_LIMIT)
        .await?;
    tracing::info!(replay = %id, matching = forecast.matching, at_least = forecast.at_least, who, "a replay begins");
    bridge.replay_begun.notify_one();
    bridge.store.replay(id).await
}

/// Stops a replay: it makes nothing more, and what waits of what it made is given up. Attempts that are under way end by themselves.
pub async fn cancel(bridge: &Bridge, actor: &Actor, id: ReplayId) -> Result<Replay, StoreError> {
    let before = bridge.store.replay(id).await?;
    let waits = !bridge
        .store
        .unfinished_of_replay(id, None)
        .await?
        .is_empty();
    if before.state != ReplayState::Running && !waits {
        return Err(StoreError::Conflict(
            "This replay has ended, and nothing of it waits any more.".into(),
        ));
    }
    let (now_ms, who) = (bridge.clock.now_ms(), actor.in_words());
    bridge
        .noting(actor, "replay.cancelled", id, "Cancelled a replay.")
        .cancel_replay(id, who.clone(), now_ms)
        .await?;
    let given_up = give_up_waiting(bridge, id, &who).await?;
    tracing::info!(replay = %id, given_up, who, "a replay was cancelled");
    bridge.store.replay(id).await
}

/// Takes a step of each running replay, when this node does it for all. One that fails does not keep the others from theirs.
///
/// That two nodes take a step is prevented twice: by the duty, which saves work, and by the position, which is what counts. A node that stood still
/// past its duty may wake in the middle of a step; that step writes nothing if another node has moved the position meanwhile.
pub async fn advance(bridge: &Bridge) -> Result<Next, StoreError> {
    give_up_cancelled(bridge).await?;
    if !bridge.nodes.is_housekeeper() {
        return Ok(Next::WhenBegun);
    }
    let mut next = Next::WhenBegun;
    let mut failed = None;
    for replay in bridge.store.running_replays().await? {
        match take_step(bridge, &replay).await {
            Ok(then) => next = next.max(then),
            Err(error) => {
                tracing::error!(%error, replay = %replay.id, "a step of a replay failed; it is tried again");
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(next), Err)
}

/// What was cancelled lately: what waits of it in this node's memory is given up, and what was under way then and has failed since.
async fn give_up_cancelled(bridge: &Bridge) -> Result<(), StoreError> {
    // After as long as two leases nothing of it is left: one that was taken in the moment before may have to run out first, and be released.
    give_up_cancelled_since(bridge, bridge.clock.now_ms() - 2 * bridge.lease_ms).await
}

/// Gives up what a process that died had still leased of a cancelled replay, before it is sent after all.
pub async fn give_up_at_start(bridge: &Bridge) -> Result<(), StoreError> {
    give_up_cancelled_since(bridge, bridge.clock.now_ms() - AT_START_MS).await
}

async fn give_up_cancelled_since(bridge: &Bridge, since_ms: i64) -> Result<(), StoreError> {
    for (id, who) in bridge.store.lately_cancelled(since_ms).await? {
        give_up_waiting(bridge, id, &who).await?;
    }
    Ok(())
}

async fn count(
    bridge: &Bridge,
    wish: &Wish,
    replay_id: ReplayId,
    limit: i64,
) -> Result<Forecast, StoreError> {
    let snapshot = bridge.snapshot();
    let mut forecast = Forecast {
        version: wish.version,
        ..Forecast::default()
    };
    let (mut events, mut made) = (HashSet::new(), HashSet::new());
    let (mut after, mut looked_at) = (None, 0);
    loop {
        let look = look(bridge, wish, replay_id, after).await?;
        for candidate in &look.matching {
            forecast.matching += 1;
            forecast.arrived += i64::from(candidate.arrived);
            events.insert(candidate.event_id);
            match way(&snapshot, wish, candidate) {
                Ok(_) => {
                    made.insert((candidate.event_id, candidate.connection_id));
                    let today = snapshot.present(candidate.connection_id);
                    let is_outdated =
                        today.is_some_and(|now| now.version_id != candidate.version_id);
                    forecast.outdated += i64::from(is_outdated);
                }
                Err(reason) => forecast.left_out.note(reason),
            }
        }
        looked_at += look.looked_at;
        forecast.at_least = !look.is_last && looked_at >= limit;
        if look.is_last || forecast.at_least {
            break;
        }
        after = look.up_to;
    }
    forecast.events = i64::try_from(events.len()).unwrap_or(i64::MAX);
    forecast.to_make = i64::try_from(made.len()).unwrap_or(i64::MAX);
    Ok(forecast)
}

async fn look(
    bridge: &Bridge,
    wish: &Wish,
    replay_id: ReplayId,
    after: Option<DeliveryId>,
) -> Result<Look, StoreError> {
    let ask = Ask {
        selection: wish.selection.clone(),
        replay_id,
        after,
        limit: LOOK_LIMIT,
    };
    bridge.store.look(ask).await
}

/// By which rules and where to a delivery is made again.
#[derive(Debug, Clone, Copy)]
struct Way {
    version_id: VersionId,
    destination_id: DestinationId,
}

fn way(snapshot: &Snapshot, wish: &Wish, candidate: &Candidate) -> Result<Way, Reason> {
    let today = snapshot
        .present(candidate.connection_id)
        .ok_or(Reason::ConnectionDeleted)?;
    let way = match wish.version {
        VersionChoice::Then => Way {
            version_id: candidate.version_id,
            destination_id: candidate.destination_id,
        },
        VersionChoice::Now => Way {
            version_id: today.version_id,
            destination_id: today.destination_id,
        },
    };
    if snapshot.destination(way.destination_id).is_none() {
        return Err(Reason::DestinationDeleted);
    }
    own_reason(candidate, &wish.selection, wish.version).map_or(Ok(way), Err)
}

async fn take_step(bridge: &Bridge, replay: &Replay) -> Result<Next, StoreError> {
    let now = bridge.clock.now();
    let (now_ms, per_second) = (now.as_millisecond(), replay.wish.per_second);
    let allowed = allowance(replay.paced_until_ms, now_ms, per_second) as usize;
    if allowed == 0 {
        return Ok(Next::Later);
    }
    let look = look(bridge, &replay.wish, replay.id, replay.position).await?;
    let snapshot = bridge.snapshot();
    let mut step = Step {
        replay_id: replay.id,
        from: replay.position,
        to: replay.position,
        made: Vec::new(),
        looked_at: 0,
        left_out: replay.left_out.clone(),
        paced_until_ms: replay.paced_until_ms,
        finished_ms: None,
    };
    let mut chosen = Vec::new();
    let mut candidates = look.matching.iter();
    while chosen.len() < allowed.min(STEP_LIMIT)
        && let Some(candidate) = candidates.next()
    {
        step.looked_at += 1;
        step.to = Some(candidate.id);
        match way(&snapshot, &replay.wish, candidate) {
            Ok(way) => chosen.push((candidate, way)),
            Err(reason) => step.left_out.note(reason),
        }
    }
    let looked_through = candidates.len() == 0;
    if looked_through {
        step.to = look.up_to.or(step.to);
        step.finished_ms = look.is_last.then_some(now_ms);
    }
    let spends_the_pace = chosen.len() == allowed;
    let planned = plan(bridge, &snapshot, replay, chosen, &mut step, now).await?;
    step.paced_until_ms = paced_until(replay.paced_until_ms, now_ms, per_second, planned.len());
    store_and_hand_over(bridge, step, planned).await?;
    Ok(if spends_the_pace {
        Next::Later
    } else {
        Next::Now
    })
}

/// Makes the deliveries of a step, as a resend makes one.
async fn plan(
    bridge: &Bridge,
    snapshot: &Snapshot,
    replay: &Replay,
    chosen: Vec<(&Candidate, Way)>,
    step: &mut Step,
    now: Timestamp,
) -> Result<Vec<Planned>, StoreError> {
    let mut planned = Vec::with_capacity(chosen.len());
    for part in chosen.chunks(BODIES_LIMIT) {
        let ids = part.iter().map(|(candidate, _)| candidate.event_id);
        let events: HashMap<EventId, StoredEvent> =
            bridge.store.events_by_id(ids.collect(), i64::MAX).await?;
        for (candidate, way) in part {
            match events.get(&candidate.event_id) {
                Some(event) => {
                    let one = plan_one(bridge, snapshot, replay, (candidate, *way), event, now);
                    planned.push(one.await?);
                    // Templates may take their time, and others work on this thread.
                    tokio::task::consume_budget().await;
                }
                None => step.left_out.note(Reason::Forgotten),
            }
        }
    }
    Ok(planned)
}

/// Makes one delivery of an event.
async fn plan_one(
    bridge: &Bridge,
    snapshot: &Snapshot,
    replay: &Replay,
    (candidate, way): (&Candidate, Way),
    event: &StoredEvent,
    now: Timestamp,
) -> Result<Planned, StoreError> {
    let rules = bridge.rules(way.version_id).await?;
    let (start, output) = match replay.wish.version {
        VersionChoice::Then => again(&rules, &event.body),
        VersionChoice::Now => decided_today(&rules, event),
    };
    let route = Route {
        event_id: candidate.event_id,
        connection_id: candidate.connection_id,
        version_id: way.version_id,
        destination_id: way.destination_id,
        cause: Cause::Replay,
        record_id: match rules.delivery.order {
            Order::PerRecord => event.summary.record_id.clone(),
            Order::None => None,
        },
    };
    let mut one = route.plan(bridge, snapshot, &rules, start, output, now);
    one.delivery.replay_id = Some(replay.id);
    Ok(one)
}

/// What today's rules make of an event that was received then.
fn decided_today(rules: &Rules, event: &StoredEvent) -> (Start, Option<Output>) {
    match read(&event.body) {
        Ok(Reading::Event { facts, document }) => start_of(rules.decide(&Subject {
            facts: &facts,
            document: &document,
            body: &event.body,
            received_at: event.summary.received_at,
        })),
        Ok(Reading::HealthCheck) => start_of(Decision::Skip),
        Err(error) => (Start::MappingFailed(error.to_string()), None),
    }
}

/// Commits a step, and hands over what was stored and found a place. What was not stored gives its place back.
async fn store_and_hand_over(
    bridge: &Bridge,
    mut step: Step,
    planned: Vec<Planned>,
) -> Result<(), StoreError> {
    let mut handed_over: Vec<(DeliveryId, HandOver)> = Vec::new();
    for one in planned {
        if let Some(hand_over) = one.hand_over {
            handed_over.push((one.delivery.id, hand_over));
        }
        step.made.push(one.delivery);
    }
    let waits: Vec<DestinationId> = waiting_for(&step.made).collect();
    let Some(stored) = bridge.store.advance_replay(step).await? else {
        return Ok(());
    };
    for destination_id in waits {
        bridge.outbox.announce_room_for(destination_id);
    }
    for (id, hand_over) in handed_over {
        if stored.contains(&id) {
            hand_over
                .place
                .fill(hand_over.parcel, hand_over.concurrency);
        }
    }
    Ok(())
}

/// Gives up what the replay made and nobody has begun: what waits in memory is taken out, so that the claim is ours to end.
async fn give_up_waiting(bridge: &Bridge, id: ReplayId, who: &str) -> Result<usize, StoreError> {
    let problem = format!("Given up: {who} cancelled its replay.");
    let (mut given_up, mut after) = (0, None);
    loop {
        let waiting = bridge.store.unfinished_of_replay(id, after).await?;
        let Some(last) = waiting.last() else {
            break;
        };
        after = Some(*last);
        let taken_out = bridge.outbox.take_out(&waiting.iter().copied().collect());
        let claims = taken_out
            .iter()
            .map(|parcel| (parcel.delivery_id, parcel.claim_id))
            .collect();
        let now_ms = bridge.clock.now_ms();
        given_up += bridge
            .store
            .give_up(waiting, claims, problem.clone(), now_ms)
            .await?;
    }
    if given_up > 0 {
        // Others of their records may go now, and there is room.
        bridge.outbox.announce_room();
    }
    Ok(given_up)
}
