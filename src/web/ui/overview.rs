//! The first page: what needs attention, what the last day brought, and how to begin.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::delivery::State;
use crate::flow::Bridge;
use crate::store::deliveries::DeliveryFilter;
use crate::store::events::Page as Window;
use crate::store::stats::Activity;
use crate::web::admission::signed_in;
use crate::web::ui::page::{DeliveryRow, Page, PageError, render};

/// Deliveries shown.
const LATEST: i64 = 10;
const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "overview/show.html")]
struct OverviewPage {
    page: Page,
    attention: Vec<Attention>,
    start: Option<Start>,
    numbers: Vec<Number>,
    deliveries: Vec<DeliveryRow>,
}

/// Something to be done.
struct Attention {
    tone: &'static str,
    text: String,
    href: String,
    action: &'static str,
}

/// What of the beginning is done.
struct Start {
    source: bool,
    destination: bool,
    connection: bool,
}

struct Number {
    label: &'static str,
    value: String,
    href: &'static str,
}

pub async fn show(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let sources = bridge.store.sources().await?;
    let destinations = bridge.store.destinations().await?;
    let connections = bridge.store.connections().await?;
    let activity = bridge.store.activity(now.as_millisecond() - DAY_MS).await?;
    let latest = DeliveryFilter {
        page: Window {
            limit: LATEST,
            ..Window::default()
        },
        ..DeliveryFilter::default()
    };
    let deliveries = bridge.store.deliveries(latest).await?;
    let mut attention = Vec::new();
    for source in sources.iter().filter(|source| source.is_refusing()) {
        attention.push(Attention {
            tone: "bad",
            text: format!(
                "Requests to {} are refused: the signature does not check out.",
                source.name
            ),
            href: format!("/sources/{}", source.id),
            action: "See why",
        });
    }
    for destination in &destinations {
        let (tone, text) = match (
            &destination.health.paused,
            &destination.health.failing_since,
        ) {
            (Some(paused), _) => (
                match destination.health.probing() {
                    Some(_) => "bad",
                    None => "warn",
                },
                format!(
                    "{} is {}. {}",
                    destination.name,
                    destination.health.word(),
                    paused.reason
                ),
            ),
            (None, Some(_)) => {
                let failure = destination
                    .health
                    .last_failure
                    .as_deref()
                    .unwrap_or_default();
                ("bad", format!("{} is failing. {failure}", destination.name))
            }
            (None, None) => continue,
        };
        attention.push(Attention {
            tone,
            text,
            href: format!("/destinations/{}", destination.id),
            action: "Look",
        });
    }
    let start = Start {
        source: !sources.is_empty(),
        destination: !destinations.is_empty(),
        connection: !connections.is_empty(),
    };
    let complete = start.source && start.destination && start.connection;
    render(&OverviewPage {
        page: Page::new(&request, &user, "/", "Overview"),
        attention,
        start: (!complete).then_some(start),
        numbers: numbers(&activity),
        deliveries: deliveries
            .iter()
            .map(|delivery| DeliveryRow::new(delivery, now))
            .collect(),
    })
}

fn numbers(activity: &Activity) -> Vec<Number> {
    let more = if activity.at_least { "+" } else { "" };
    let number = |label, count: i64, href| Number {
        label,
        value: format!("{count}{more}"),
        href,
    };
    let waiting = [State::Queued, State::Held, State::Sending, State::Retrying];
    vec![
        number("Events received", activity.events, "/events"),
        number(
            "Delivered",
            activity.in_state(State::Delivered),
            "/deliveries?state=delivered",
        ),
        number(
            "Waiting",
            waiting.iter().map(|state| activity.in_state(*state)).sum(),
            "/deliveries?state=waiting",
        ),
        number(
            "Failed",
            activity.in_state(State::Failed) + activity.in_state(State::MappingFailed),
            "/deliveries?state=problem",
        ),
        number(
            "Skipped",
            activity.in_state(State::Skipped),
            "/deliveries?state=skipped",
        ),
    ]
}
