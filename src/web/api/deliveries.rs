//! `/deliveries`: the log, one delivery with its attempts, resending it, and trying it before its time.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::delivery::State;
use crate::domain::id::{ConnectionId, DeliveryId, DestinationId, EventId, ReplayId};
use crate::domain::replay::VersionChoice;
use crate::flow::dry_run::{body_of, dry_run};
use crate::flow::hurry::hurry;
use crate::flow::turn::{RULES, in_turn};
use crate::flow::{Bridge, resend};
use crate::store::deliveries::{Attempt, DeliveryFilter, DeliverySummary};
use crate::web::admission::{actor, caller};
use crate::web::api::idempotency::create_once;
use crate::web::api::query::{Query, an_id, filled, time_from, time_to, unknown_state};
use crate::web::api::replays::version;
use crate::web::api::{Paging, id, maybe_time, page_of, parse, time};
use crate::web::problem::ApiError;

/// How the log is narrowed. `state` may name several, separated by commas.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Wanted {
    state: Option<String>,
    #[serde(default, alias = "connection", deserialize_with = "an_id")]
    connection_id: Option<ConnectionId>,
    #[serde(default, alias = "destination", deserialize_with = "an_id")]
    destination_id: Option<DestinationId>,
    #[serde(default, alias = "event", deserialize_with = "an_id")]
    event_id: Option<EventId>,
    #[serde(default, alias = "replay", deserialize_with = "an_id")]
    replay_id: Option<ReplayId>,
    #[serde(alias = "type")]
    event_type: Option<String>,
    #[serde(default, alias = "since", deserialize_with = "time_from")]
    from: Option<Timestamp>,
    #[serde(default, alias = "until", deserialize_with = "time_to")]
    to: Option<Timestamp>,
    #[serde(alias = "q")]
    text: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

impl Wanted {
    fn filter(self) -> Result<DeliveryFilter, ApiError> {
        let page = Paging {
            limit: self.limit,
            cursor: self.cursor,
        }
        .page()?;
        Ok(DeliveryFilter {
            states: states(self.state.as_deref().unwrap_or_default())?,
            connection_id: self.connection_id,
            destination_id: self.destination_id,
            event_id: self.event_id,
            replay_id: self.replay_id,
            event_type: filled(self.event_type),
            from: self.from,
            to: self.to,
            text: filled(self.text),
            page,
        })
    }
}

fn states(text: &str) -> Result<Vec<State>, ApiError> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| {
            State::from_word(word).ok_or_else(|| {
                let detail = unknown_state(word);
                ApiError::new(StatusCode::BAD_REQUEST, "unknown_state", detail)
            })
        })
        .collect()
}

pub async fn index(
    query: Query<Wanted>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let filter = query.0.filter()?;
    let page = bridge.store.log_page(filter).await?;
    Ok(page_of(&page, |row| row.id, summary))
}

pub async fn show(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(detail(&bridge, id(&path, "delivery")?).await?))
}

/// How a delivery is sent again; without a body by the version it had.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Resend {
    version: Option<String>,
}

pub async fn resend(
    request: HttpRequest,
    path: web::Path<String>,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let caller = caller(&request)?;
    let wish = if body.is_empty() {
        Resend::default()
    } else {
        parse(&body)?
    };
    let version = version(wish.version.as_deref());
    let version = version.map_err(|problem| ApiError::invalid(vec![problem]))?;
    let old = id(&path, "delivery")?;
    // What is left out and what is said in full is the same request.
    let asked = web::Bytes::from_static(version.as_str().as_bytes());
    create_once(&request, &asked, &caller, &bridge, async || {
        let actor = actor(&request);
        let new = match version {
            VersionChoice::Then => resend::resend(&bridge, &actor, old).await?,
            VersionChoice::Now => resend::resend_by_present_rules(&bridge, &actor, old).await?,
        };
        detail(&bridge, new).await
    })
    .await
}

pub async fn try_now(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, "delivery")?;
    hurry(&bridge, &actor(&request), id).await?;
    Ok(HttpResponse::Ok().json(detail(&bridge, id).await?))
}

pub async fn discard(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, "delivery")?;
    resend::discard(&bridge, &actor(&request), id).await?;
    Ok(HttpResponse::Ok().json(detail(&bridge, id).await?))
}

/// A delivery with its attempts, the body computed again, and why it is as it is.
pub(super) async fn detail(bridge: &Bridge, id: DeliveryId) -> Result<Value, ApiError> {
    let delivery = bridge.store.delivery(id).await?;
    let attempts = bridge.store.attempts(id).await?;
    let event = bridge.store.event(delivery.event_id).await?;
    let rules = bridge.rules(delivery.version_id).await?;
    let received_at = event.summary.received_at;
    let (run, body) = in_turn(&RULES, move || {
        let run = dry_run(&rules, &event.body, received_at);
        (run, body_of(&rules, &event.body).ok())
    })
    .await?;
    let mut shown = summary(&delivery);
    shown["attempts"] = attempts
        .iter()
        .map(|one| attempt(one, delivery.ended_with(one)))
        .collect();
    shown["decision"] = json!(run?);
    if delivery.state == State::Held {
        shown["held"] = held(bridge, &delivery);
    }
    shown["request_body"] =
        json!(body.map(|output| String::from_utf8_lossy(&output.body).into_owned()));
    Ok(shown)
}

/// Why a delivery is held, and when its destination is tried next; nothing is tried while a person has paused it.
fn held(bridge: &Bridge, delivery: &DeliverySummary) -> Value {
    let snapshot = bridge.snapshot();
    let health = snapshot
        .destination(delivery.destination_id)
        .map(|destination| &destination.health);
    let paused = health.and_then(|health| health.paused.as_ref());
    json!({
        "reason": paused.map(|paused| paused.reason.as_str()),
        "next_probe_at": maybe_time(health.and_then(|health| health.probing()).map(|probing| probing.at)),
    })
}

/// A delivery as lists show it.
pub fn summary(delivery: &DeliverySummary) -> Value {
    json!({
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "record_id": delivery.record_id,
        "record_title": delivery.record_title,
        "connection_id": delivery.connection_id,
        "connection_name": delivery.connection_name,
        "version_id": delivery.version_id,
        "destination_id": delivery.destination_id,
        "destination_name": delivery.destination_name,
        "trigger": delivery.cause.as_str(),
        "state": delivery.state.as_str(),
        "attempt_count": delivery.attempts,
        "last_status": delivery.last_status,
        "last_outcome": delivery.last_outcome,
        "problem": delivery.problem,
        "created_at": time(delivery.created_at),
        "next_attempt_at": maybe_time(delivery.due_at),
        "finished_at": maybe_time(delivery.finished_at),
    })
}

/// An attempt; `is_over` when none follows although it failed.
fn attempt(attempt: &Attempt, is_over: bool) -> Value {
    json!({
        "number": attempt.number,
        "started_at": time(attempt.started_at),
        "duration_ms": attempt.duration_ms,
        "outcome": {
            "code": attempt.outcome.code(),
            "status": attempt.outcome.status(),
            "sentence": attempt.outcome.sentence(),
            "advice": attempt.outcome.advice_on(is_over).join(" "),
        },
        "request": {"line": attempt.request_line, "headers": attempt.request_headers},
        "response": {
            "status": attempt.outcome.status(),
            "headers": attempt.response_headers,
            "body": String::from_utf8_lossy(&attempt.response_body),
            "truncated": attempt.response_truncated,
        },
    })
}
