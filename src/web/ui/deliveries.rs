//! The delivery log, and one delivery from received to delivered.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;

use crate::domain::delivery::State;
use crate::domain::destination::Health;
use crate::domain::id::DeliveryId;
use crate::domain::outcome::Verdict as Meaning;
use crate::flow::dry_run::{body_of, dry_run};
use crate::flow::snapshot::Snapshot;
use crate::flow::{Bridge, resend as resending};
use crate::store::deliveries::{Attempt, DeliveryFilter, DeliverySummary};
use crate::store::events::Page as Window;
use crate::web::admission::signed_in;
use crate::web::api::id;
use crate::web::problem::ApiError;
use crate::web::ui::connections::Verdict;
use crate::web::ui::page::{
    Chip, DeliveryRow, Moment, Page, PageError, Pager, go, query_value, render, state_chip,
};

/// Deliveries on a page.
const PER_PAGE: i64 = 50;

/// States that belong together for people.
const GROUPS: [(&str, &str, &[State]); 2] = [
    (
        "waiting",
        "Waiting (any)",
        &[State::Queued, State::Held, State::Sending, State::Retrying],
    ),
    (
        "problem",
        "With a problem (any)",
        &[
            State::Failed,
            State::MappingFailed,
            State::Retrying,
            State::Held,
        ],
    ),
];

#[derive(Template)]
#[template(path = "deliveries/list.html")]
struct ListPage {
    page: Page,
    query: Query,
    filtered: bool,
    states: Vec<(&'static str, String)>,
    connections: Vec<(String, String)>,
    destinations: Vec<(String, String)>,
    deliveries: Vec<DeliveryRow>,
    pager: Pager,
}

struct Query {
    state: String,
    connection_id: String,
    destination_id: String,
    event_type: String,
    text: String,
}

#[derive(Template)]
#[template(path = "deliveries/show.html")]
struct ShowPage {
    page: Page,
    row: DeliveryRow,
    sentence: String,
    may_discard: bool,
    timeline: Vec<TimelineStep>,
    attempts: Vec<AttemptView>,
    body: Option<String>,
    event_id: String,
    version: i32,
    decision: Verdict,
}

struct TimelineStep {
    text: String,
    at: Moment,
}

struct AttemptView {
    number: u32,
    chip: Chip,
    sentence: String,
    advice: &'static str,
    duration_ms: i64,
    at: Moment,
    request_line: String,
    request_headers: Vec<(String, String)>,
    status: Option<u16>,
    response_headers: Vec<(String, String)>,
    response_body: String,
    truncated: bool,
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let text = |name: &str| {
        query_value(&request, name)
            .unwrap_or_default()
            .trim()
            .to_string()
    };
    let query = Query {
        state: text("state"),
        connection_id: text("connection_id"),
        destination_id: text("destination_id"),
        event_type: text("event_type"),
        text: text("text"),
    };
    let filled = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
    let filter = DeliveryFilter {
        states: states_of(&query.state),
        connection_id: query.connection_id.parse().ok(),
        destination_id: query.destination_id.parse().ok(),
        event_type: filled(&query.event_type),
        text: filled(&query.text),
        page: Window {
            before: text("before").parse().ok(),
            after: text("after").parse().ok(),
            limit: PER_PAGE,
        },
        ..DeliveryFilter::default()
    };
    let deliveries = bridge.store.deliveries(filter).await?;
    let mut states: Vec<(&str, String)> = GROUPS
        .iter()
        .map(|(word, label, _)| (*word, (*label).to_string()))
        .collect();
    states.extend(
        State::ALL
            .iter()
            .map(|state| (state.as_str(), state_chip(*state).word)),
    );
    let end = |delivery: Option<&DeliverySummary>| delivery.map(|delivery| delivery.id.to_string());
    let connections = bridge.store.connections().await?;
    let destinations = bridge.store.destinations().await?;
    render(&ListPage {
        page: Page::new(&request, &user, "/deliveries", "Deliveries"),
        filtered: [
            &query.state,
            &query.connection_id,
            &query.destination_id,
            &query.event_type,
            &query.text,
        ]
        .iter()
        .any(|part| !part.is_empty()),
        query,
        states,
        connections: connections
            .into_iter()
            .map(|connection| (connection.id.to_string(), connection.name))
            .collect(),
        destinations: destinations
            .into_iter()
            .map(|destination| (destination.id.to_string(), destination.name))
            .collect(),
        pager: Pager::new(
            &request,
            end(deliveries.first()),
            end(deliveries.last()),
            deliveries.len() as i64 == PER_PAGE,
        ),
        deliveries: deliveries
            .iter()
            .map(|delivery| DeliveryRow::new(delivery, now))
            .collect(),
    })
}

fn states_of(word: &str) -> Vec<State> {
    match GROUPS.iter().find(|(group, ..)| *group == word) {
        Some((.., states)) => states.to_vec(),
        None => State::from_word(word).into_iter().collect(),
    }
}

pub async fn show(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let delivery = bridge.store.delivery(id(&path, "delivery")?).await?;
    let attempts = bridge.store.attempts(delivery.id).await?;
    let event = bridge.store.event(delivery.event_id).await?;
    let version = bridge.store.version(delivery.version_id).await?;
    let rules = bridge.rules(delivery.version_id).await?;
    let run = dry_run(&rules, &event.body, event.summary.received_at).map_err(ApiError::from)?;
    let decision = Verdict::new(&run);
    let body = body_of(&rules, &event.body)
        .ok()
        .filter(|_| delivery.state != State::Skipped)
        .map(|output| pretty(&output.body));
    let row = DeliveryRow::new(&delivery, now);
    render(&ShowPage {
        page: Page::new(
            &request,
            &user,
            "/deliveries",
            format!("{} {}", row.chip.word, row.record),
        ),
        sentence: sentence(&bridge.snapshot(), &delivery, &attempts),
        may_discard: delivery.state.may_be_discarded(),
        timeline: timeline(&delivery, &attempts, event.summary.received_at, now),
        attempts: attempts
            .into_iter()
            .map(|attempt| AttemptView::new(attempt, now))
            .collect(),
        body,
        event_id: delivery.event_id.to_string(),
        version: version.number,
        decision,
        row,
    })
}

pub async fn resend(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let new = resending::resend(&bridge, id(&path, "delivery")?).await?;
    Ok(go(format!("/deliveries/{new}?done=resent")))
}

pub async fn discard(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let id: DeliveryId = id(&path, "delivery")?;
    resending::discard(&bridge, id, &user.name).await?;
    Ok(go(format!("/deliveries/{id}?done=discarded")))
}

/// JSON with line breaks, or the text as it is.
fn pretty(body: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(body)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned())
}

fn sentence(snapshot: &Snapshot, delivery: &DeliverySummary, attempts: &[Attempt]) -> String {
    let last = attempts
        .last()
        .map(|attempt| attempt.outcome.sentence())
        .unwrap_or_default();
    let problem = delivery.problem.clone().unwrap_or_default();
    match delivery.state {
        State::Skipped => "The filter did not let this event through; see why below.".into(),
        State::MappingFailed => format!("No body could be made. {problem}"),
        State::Queued => "It is due and waits for its turn.".into(),
        State::Held => why_held(snapshot, delivery),
        State::Sending => "It is being sent.".into(),
        State::Retrying => format!("{last} It is tried again."),
        State::Delivered => last,
        State::Failed => format!(
            "{last}{problem} No further attempt is made; resend it when the cause is mended."
        ),
        State::Discarded => problem,
    }
}

/// Why it waits, and until when.
fn why_held(snapshot: &Snapshot, delivery: &DeliverySummary) -> String {
    let health = snapshot
        .destination(delivery.destination_id)
        .map(|destination| &destination.health);
    let reason = health
        .and_then(|health| health.paused.as_ref())
        .map_or("", |paused| paused.reason.as_str());
    match health.and_then(Health::probing) {
        Some(probing) => format!(
            "It waits because its destination is held. {reason} The next try is at {}; when it arrives, everything goes out.",
            probing.at.strftime("%H:%M:%S UTC")
        ),
        None => format!(
            "It waits because its destination is paused. {reason} It goes out when that is resumed."
        ),
    }
}

fn timeline(
    delivery: &DeliverySummary,
    attempts: &[Attempt],
    received: Timestamp,
    now: Timestamp,
) -> Vec<TimelineStep> {
    let step = |text: String, at| TimelineStep {
        text,
        at: Moment::new(at, now),
    };
    let mut steps = vec![step("Event received".into(), received)];
    if delivery.created_at != received {
        steps.push(step(
            format!("Delivery made ({})", delivery.cause.as_str()),
            delivery.created_at,
        ));
    }
    for attempt in attempts {
        steps.push(step(
            format!("Attempt {}: {}", attempt.number, attempt.outcome.sentence()),
            attempt.started_at,
        ));
    }
    match (delivery.due_at, delivery.finished_at) {
        (Some(due), _) => steps.push(step("Next attempt".into(), due)),
        (None, Some(finished)) => steps.push(step(state_chip(delivery.state).word, finished)),
        (None, None) => {}
    }
    steps
}

impl AttemptView {
    fn new(attempt: Attempt, now: Timestamp) -> AttemptView {
        let status = attempt.outcome.status();
        let tone = if attempt.outcome.verdict() == Meaning::Delivered {
            "good"
        } else {
            "bad"
        };
        let word = status.map_or_else(
            || attempt.outcome.code().replace('_', " "),
            |status| format!("status {status}"),
        );
        AttemptView {
            number: attempt.number,
            chip: Chip::new(word, tone),
            sentence: attempt.outcome.sentence(),
            advice: attempt.outcome.advice(),
            duration_ms: attempt.duration_ms,
            at: Moment::new(attempt.started_at, now),
            request_line: attempt.request_line,
            request_headers: attempt.request_headers,
            status,
            response_headers: attempt.response_headers,
            response_body: String::from_utf8_lossy(&attempt.response_body).into_owned(),
            truncated: attempt.response_truncated,
        }
    }
}
