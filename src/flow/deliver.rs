//! Step three: one attempt at one delivery, with no database transaction open.
//!
//! Called by `worker` for every delivery a sender takes out of the outbox. It signs freshly, sends once, classifies what happened and passes the
//! result on to `record`. What cannot be begun before its lease ends, or whose destination was paused meanwhile, is not sent; nor, for a while, is
//! what waits for a destination that just asked for patience.

use jiff::{SignedDuration, Timestamp};

use crate::domain::delivery::{Attempted, Next, State, after_attempt, is_deferral};
use crate::domain::destination::{Destination, Health};
use crate::domain::outcome::Outcome;
use crate::domain::retry::{parse_retry_after, rest_ms};
use crate::flow::Bridge;
use crate::flow::deletion::DELETED;
use crate::flow::health::note;
use crate::flow::lease::{give_back, suffices};
use crate::flow::outbox::Parcel;
use crate::flow::pause::{hold, pause, resume};
use crate::outbound::exchange::{Exchange, Message};
use crate::outbound::request::send;
use crate::store::claims::Wait;
use crate::store::error::StoreError;
use crate::store::results::{Finish, NewAttempt};

/// Makes one attempt and hands its result to `record`.
pub async fn deliver(bridge: &Bridge, parcel: Parcel) -> Result<(), StoreError> {
    let snapshot = bridge.snapshot();
    let Some(destination) = snapshot.destination(parcel.destination_id) else {
        return give_up(bridge, &parcel, DELETED).await;
    };
    let now = bridge.clock.now();
    if !may_be_sent(&parcel, destination) {
        return give_back(bridge, vec![parcel], Wait::Held).await;
    }
    if !suffices(bridge, &parcel, destination) {
        let at_ms = now.as_millisecond();
        return give_back(bridge, vec![parcel], Wait::Due { at_ms }).await;
    }
    if let Some(reason) = destination.settings.cannot_send() {
        // Nothing is lost of what comes before it is whole.
        pause(bridge, parcel.destination_id, reason).await?;
        return give_back(bridge, vec![parcel], Wait::Held).await;
    }
    let exchange = attempt(bridge, &parcel, destination, now).await;
    let ended = bridge.clock.now();
    let ended_ms = ended.as_millisecond();
    observe(&parcel, &exchange, ended);
    let retry_after = exchange
        .retry_after
        .as_deref()
        .and_then(|header| parse_retry_after(header, ended));
    let spent = Spent::of(&parcel, &exchange, retry_after);
    let unsent = match (spent, retry_after) {
        (Spent::Deferral, Some(asked)) => {
            let until_ms = ended_ms + rest_ms(asked);
            bridge.outbox.rest(destination.id, until_ms, ended_ms)
        }
        _ => Vec::new(),
    };
    let next = match next_of(&parcel, &exchange, spent, retry_after, ended) {
        // Another one's schedule goes on: what comes due meanwhile is held then.
        Next::Retry { .. } if parcel.probe && health_now(bridge, &parcel).paused.is_some() => {
            Next::Hold
        }
        next => next,
    };
    let outcome = exchange.outcome.clone();
    let finish = finish(&parcel, exchange, next, spent, now, ended);
    bridge
        .results
        .send(finish)
        .await
        .map_err(|_| StoreError::Closed)?;
    let given_back = give_back(bridge, unsent, Wait::Due { at_ms: ended_ms }).await;
    judge_destination(bridge, &parcel, destination, next, &outcome, ended).await?;
    given_back
}

/// Sends once, signed anew.
async fn attempt(
    bridge: &Bridge,
    parcel: &Parcel,
    destination: &Destination,
    now: Timestamp,
) -> Exchange {
    let id = parcel.delivery_id.to_string();
    let message = Message {
        id: &id,
        attempt: parcel.attempt,
        timestamp_s: now.as_second(),
        body: parcel.body.clone(),
        content_type: &parcel.content_type,
        request: parcel.request.as_deref(),
    };
    failpoint!("deliver:before_send");
    let exchange = send(
        &bridge.client,
        &bridge.guard,
        &destination.settings,
        &message,
    )
    .await;
    failpoint!("deliver:after_send", showing destination, exchange);
    exchange
}

/// Pauses, holds or resumes the destination when this attempt was what decided it.
async fn judge_destination(
    bridge: &Bridge,
    parcel: &Parcel,
    destination: &Destination,
    next: Next,
    outcome: &Outcome,
    ended: Timestamp,
) -> Result<(), StoreError> {
    // As it is marked now, which may have changed while the attempt was under way.
    let snapshot = bridge.snapshot();
    let Some(present) = snapshot.destination(destination.id) else {
        // It was deleted; nothing is told of it any more.
        return Ok(());
    };
    // One record's bad address, or what it holds, must not stop all others.
    if outcome.is_of_the_body_alone() {
        let lives = matches!(outcome, Outcome::RefusedForGood { .. });
        let is_held = lives && health_now(bridge, parcel).probing().is_some();
        if is_held {
            resume(bridge, destination.id).await?;
        }
        return Ok(());
    }
    let must_be_held = note(bridge, present, parcel.delivery_id, outcome, ended).await?;
    let health = health_now(bridge, parcel);
    match next {
        Next::HoldForGone => pause(bridge, destination.id, "It answered 410: gone.").await,
        Next::Delivered if health.probing().is_some() => resume(bridge, destination.id).await,
        _ if must_be_held && health.paused.is_none() => {
            let reason = format!("It kept failing. Last: {}", outcome.sentence());
            hold(bridge, destination.id, &reason).await
        }
        _ => Ok(()),
    }
}

/// A paused destination gets nothing; one that is held for failing gets probes.
fn may_be_sent(parcel: &Parcel, destination: &Destination) -> bool {
    let health = &destination.health;
    health.paused.is_none() || parcel.probe && health.probing().is_some()
}

/// The destination's health, which may have changed while an attempt was under way.
fn health_now(bridge: &Bridge, parcel: &Parcel) -> Health {
    bridge
        .snapshot()
        .destination(parcel.destination_id)
        .map(|destination| destination.health.clone())
        .unwrap_or_default()
}

/// What an attempt spends of the delivery's retry budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spent {
    /// One attempt.
    One,
    /// Nothing: it was a probe.
    Probe,
    /// Nothing: the destination's own rate limit asked to come again later.
    Deferral,
}

impl Spent {
    fn of(parcel: &Parcel, exchange: &Exchange, retry_after: Option<SignedDuration>) -> Spent {
        match is_deferral(parcel.attempt, &exchange.outcome, retry_after) {
            true => Spent::Deferral,
            false if parcel.probe => Spent::Probe,
            false => Spent::One,
        }
    }

    fn is_free(self) -> bool {
        self != Spent::One
    }
}

fn next_of(
    parcel: &Parcel,
    exchange: &Exchange,
    spent: Spent,
    retry_after: Option<SignedDuration>,
    now: Timestamp,
) -> Next {
    let attempted = Attempted {
        number: (parcel.attempt - u32::from(spent.is_free())).saturating_sub(parcel.free_attempts),
        is_deferral: spent == Spent::Deferral,
        max_attempts: parcel.max_attempts,
        outcome: &exchange.outcome,
        retry_after,
    };
    after_attempt(&attempted, now, rand::random())
}

fn finish(
    parcel: &Parcel,
    exchange: Exchange,
    next: Next,
    spent: Spent,
    started: Timestamp,
    ended: Timestamp,
) -> Finish {
    let (state, due_ms) = match next {
        Next::Delivered => (State::Delivered, None),
        Next::Failed => (State::Failed, None),
        Next::Hold | Next::HoldForGone => (State::Held, None),
        Next::Retry { due_at } => (State::Retrying, Some(due_at.as_millisecond())),
    };
    Finish {
        delivery_id: parcel.delivery_id,
        destination_id: parcel.destination_id,
        claim_id: parcel.claim_id,
        state,
        due_ms,
        now_ms: ended.as_millisecond(),
        in_lane: parcel.in_lane,
        free_attempts: parcel.free_attempts + u32::from(spent.is_free()),
        attempt: NewAttempt {
            number: parcel.attempt,
            started_ms: started.as_millisecond(),
            duration_ms: i64::try_from(exchange.duration.as_millis()).unwrap_or(i64::MAX),
            outcome: exchange.outcome,
            request_line: exchange.request_line,
            request_headers: json_list(&exchange.request_headers),
            response_headers: json_list(&exchange.response_headers),
            response_body: exchange.response_body,
            response_truncated: exchange.response_truncated,
        },
    }
}

fn json_list(headers: &[(String, String)]) -> String {
    // A list of pairs of strings always serialises.
    serde_json::to_string(headers).unwrap_or_else(|_| "[]".into())
}

fn observe(parcel: &Parcel, exchange: &Exchange, now: Timestamp) {
    let code = exchange.outcome.code();
    metrics::counter!("bluebridge_deliveries_total", "outcome" => code).increment(1);
    metrics::histogram!("bluebridge_attempt_seconds").record(exchange.duration);
    if code == "delivered" && parcel.attempt == 1 {
        let passed_ms = (now.as_millisecond() - parcel.created_ms).max(0);
        metrics::histogram!("bluebridge_end_to_end_seconds").record(passed_ms as f64 / 1_000.0);
    }
    tracing::debug!(
        delivery = %parcel.delivery_id, attempt = parcel.attempt, outcome = code,
        status = exchange.outcome.status(), duration_ms = exchange.duration.as_millis() as u64, "attempt ended"
    );
}

/// Ends a delivery that cannot be sent, with the reason on record as its attempt.
async fn give_up(bridge: &Bridge, parcel: &Parcel, reason: &str) -> Result<(), StoreError> {
    let now = bridge.clock.now();
    let exchange = Exchange {
        outcome: Outcome::InvalidRequest {
            reason: reason.to_string(),
        },
        duration: std::time::Duration::ZERO,
        request_line: String::new(),
        request_headers: Vec::new(),
        response_headers: Vec::new(),
        response_body: Vec::new(),
        response_truncated: false,
        retry_after: None,
    };
    let finish = finish(parcel, exchange, Next::Failed, Spent::One, now, now);
    bridge
        .results
        .send(finish)
        .await
        .map_err(|_| StoreError::Closed)
}
