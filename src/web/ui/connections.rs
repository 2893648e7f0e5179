//! Connections: the list, and one connection with its versions and latest deliveries. Making and changing them is the builder's.

use std::cmp::Reverse;
use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::Value;

use crate::domain::catalogue::find_by_either_name;
use crate::domain::catalogue::sample::sample;
use crate::domain::connection::{Connection, NotTriggered, Version};
use crate::domain::destination::Destination;
use crate::domain::id::{ConnectionId, DeliveryId, DestinationId, SourceId};
use crate::domain::person::User;
use crate::domain::problem::Problem;
use crate::domain::source::Source;
use crate::domain::warnings;
use crate::flow::Bridge;
use crate::flow::dry_run::{DryRun, DryRunError, Ruling};
use crate::flow::test_event::send_test;
use crate::store::deliveries::{DeliveryFilter, DeliverySummary};
use crate::store::error::if_found;
use crate::store::window::Window;
use crate::web::admission::{actor, signed_in};
use crate::web::api::connections::{ConnectionDocument, copy, remove, warnings_of};
use crate::web::api::id;
use crate::web::phrases::retold;
use crate::web::problem::ApiError;
use crate::web::ui::asking::{Ask, ask_first, told_of_deletion};
use crate::web::ui::connection_form::{EventBox, EventGroup, event_groups};
use crate::web::ui::connection_sample::USUAL_EVENT;
use crate::web::ui::connection_versions::saved_by;
use crate::web::ui::connection_words::{Names, sentence_of, version_changes};
use crate::web::ui::error::PageError;
use crate::web::ui::fields::Field;
use crate::web::ui::form::Form;
use crate::web::ui::health_chip::{health_chip, needs_secret_chip};
use crate::web::ui::labels::{event_label, unheard_of};
use crate::web::ui::listing::{Listing, PER_PAGE, cut};
use crate::web::ui::once::shown_once;
use crate::web::ui::page::{Page, go, render};
use crate::web::ui::pager::{beside, window};
use crate::web::ui::query::{query_text, query_values};
use crate::web::ui::row::{Chip, DeliveryRow, Moment};
use crate::web::ui::rule_places;
use crate::web::ui::tree;
use crate::web::ui::why_not;

/// Deliveries shown on a connection's page.
const LATEST: i64 = 10;

#[derive(Template)]
#[template(path = "connections/list.html")]
struct ListPage {
    page: Page,
    listing: Listing,
    connections: Vec<ConnectionRow>,
    /// After an import: what it made whose secret is still to be entered, each with its page.
    needs: Vec<(String, String)>,
    /// How many more there are than are named.
    further: usize,
}

struct ConnectionRow {
    id: String,
    name: String,
    chip: Chip,
    source: String,
    /// What its source needs before anything comes in.
    source_needs: Option<Chip>,
    destination: String,
    /// What its destination needs before anything is sent.
    destination_needs: Option<Chip>,
    /// How its destination fares, when it does not fare well.
    trouble: Option<Chip>,
    trigger: String,
    enabled: bool,
}

#[derive(Template)]
#[template(path = "connections/show.html")]
struct ShowPage {
    page: Page,
    id: String,
    name: String,
    chip: Chip,
    enabled: bool,
    sentence: String,
    /// Of events that nobody knows, what to look out for.
    unheard_of: Vec<String>,
    warnings: Vec<Warning>,
    groups: Vec<EventGroup>,
    versions: Vec<VersionRow>,
    /// The pages of the versions.
    listing: Listing,
    deliveries: Vec<DeliveryRow>,
    /// The delivery that the form was opened from.
    led_from: Option<String>,
    /// The secret of a destination that was made with the save; shown this once.
    made_secret: Option<String>,
}

struct VersionRow {
    number: i32,
    at: Moment,
    by: Option<String>,
    in_force: bool,
    /// What it changed, in sentences; nothing for the first one.
    changes: Vec<String>,
}

/// What is to be thought of, with the page where it is mended.
struct Warning {
    /// Nothing for who may not change it there.
    href: Option<String>,
    label: String,
    message: String,
}

impl Warning {
    fn new(problem: &Problem, of: &Connection, names: &Names, may_change: bool) -> Warning {
        let place = problem.pointer.trim_start_matches('/');
        let (path, label) = match problem.pointer.as_str() {
            warnings::SOURCE => {
                let id = of.source_id.to_string();
                (Some(format!("/sources/{id}")), names.source(&id))
            }
            warnings::DESTINATION => {
                let id = of.version.destination_id.to_string();
                (Some(format!("/destinations/{id}")), names.destination(&id))
            }
            _ => {
                let label = Field::at(place).map(|field| field.label);
                let path = may_change.then(|| format!("/connections/{}/edit", of.id));
                (path, label.unwrap_or_default())
            }
        };
        Warning {
            href: path,
            label,
            message: retold(&problem.message),
        }
    }
}

/// What rules would do with an event, as pages show it. It tells no history: a delivery's own state does that.
pub struct Verdict {
    pub chip: Chip,
    pub sentence: String,
    pub tree: Option<String>,
    pub body: Option<String>,
    pub content_type: String,
}

impl Verdict {
    pub fn new(run: &DryRun) -> Verdict {
        let (chip, sentence) = match (run.decision, &run.not_triggered, &run.error) {
            (_, Some(reason), _) => (
                Chip::new(t!("builder-verdict-not-listened"), ""),
                not_listened(reason),
            ),
            (Ruling::Deliver, ..) => (
                Chip::new(t!("builder-verdict-sends"), "good"),
                t!("builder-verdict-passes"),
            ),
            (_, _, Some(error)) => (
                Chip::new(t!("builder-verdict-fails"), "bad"),
                rule_places::mapping_sentence(&said_of(error)),
            ),
            (Ruling::Skip | Ruling::Fail, ..) => {
                let (all, failed) = run.explanation.tally();
                let count = if all > 1 {
                    format!(
                        "{} ",
                        t!("builder-verdict-failed", failed = failed, count = all)
                    )
                } else {
                    String::new()
                };
                (
                    Chip::new(t!("builder-verdict-skips"), ""),
                    format!("{count}{}", tree::sentence(&run.explanation)),
                )
            }
        };
        Verdict {
            chip,
            sentence,
            tree: (run.explanation.tally().0 > 0).then(|| tree::html(&run.explanation)),
            body: run.output.as_ref().map(body_shown),
            content_type: run.content_type.clone().unwrap_or_default(),
        }
    }
}

/// Why the event is not listened to; the event is called as the pages call it.
fn not_listened(reason: &NotTriggered) -> String {
    match reason {
        NotTriggered::Event(name) if find_by_either_name(name).is_some() => {
            t!("builder-not-listening", name = event_label(name))
        }
        NotTriggered::Event(_) | NotTriggered::Project(_) | NotTriggered::NoProject => {
            retold(&reason.to_string())
        }
    }
}

/// A body as pages show it: a document over several lines, a text as it is.
pub fn body_shown(output: &Value) -> String {
    match output {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

/// The sentence of a failed mapping, with its place when it has one.
fn said_of(error: &DryRunError) -> String {
    match error.path.as_str() {
        "" => error.message.clone(),
        path => format!("{path}: {}", error.message),
    }
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let sources = bridge.store.sources().await?.into_iter();
    let sources: HashMap<SourceId, Source> = sources.map(|one| (one.id, one)).collect();
    let destinations = bridge.store.destinations().await?.into_iter();
    let destinations: HashMap<DestinationId, Destination> =
        destinations.map(|one| (one.id, one)).collect();
    let source_of = |one: &Connection| sources.get(&one.source_id);
    let source =
        |one: &Connection| source_of(one).map_or_else(String::new, |source| source.name.clone());
    let destination = |one: &Connection| destinations.get(&one.version.destination_id);
    let destination_name = |one: &Connection| {
        destination(one).map_or_else(String::new, |destination| destination.name.clone())
    };
    let (connections, listing) = Listing::of(
        &request,
        ("/connections", t!("connections-search")),
        bridge.store.connections().await?,
        |one| one.id,
        |one| format!("{}\n{}\n{}", one.name, source(one), destination_name(one)),
    )?;
    let trouble = |one: &Connection| {
        let troubled = destination(one).filter(|destination| !destination.health.is_ok());
        troubled.map(health_chip)
    };
    let title = t!("shared-section-connections");
    let mut page = Page::new(&request, &user, "/connections", title);
    page.note = told_of_deletion(&request, &bridge, "connection").await?;
    render(&ListPage {
        page,
        needs: needs(&request, &sources, &destinations),
        further: query_text(&request, "further").parse().unwrap_or(0),
        listing,
        connections: connections
            .iter()
            .map(|connection| ConnectionRow {
                id: connection.id.to_string(),
                name: connection.name.clone(),
                chip: switch_chip(connection),
                source: source(connection),
                source_needs: source_of(connection)
                    .filter(|source| source.needs_secret())
                    .map(|_| needs_secret_chip()),
                destination: destination_name(connection),
                destination_needs: destination(connection)
                    .filter(|destination| destination.settings.cannot_send().is_some())
                    .map(|_| needs_secret_chip()),
                trouble: trouble(connection),
                trigger: trigger_words(&connection.version.rules.trigger.events),
                enabled: connection.enabled,
            })
            .collect(),
    })
}

/// Of what an import made, where a secret is still to be entered: the address of each page, and the name.
fn needs(
    request: &HttpRequest,
    sources: &HashMap<SourceId, Source>,
    destinations: &HashMap<DestinationId, Destination>,
) -> Vec<(String, String)> {
    let made = query_values(request, "enter");
    let source = |id: &String| {
        let source = sources.get(&id.parse().ok()?);
        let source = source.filter(|source| source.needs_secret())?;
        Some((format!("/sources/{id}"), source.name.clone()))
    };
    let destination = |id: &String| {
        let destination = destinations.get(&id.parse().ok()?);
        let destination = destination.filter(|one| one.settings.cannot_send().is_some())?;
        Some((format!("/destinations/{id}"), destination.name.clone()))
    };
    let needs = made
        .iter()
        .filter_map(|id| source(id).or_else(|| destination(id)));
    needs.collect()
}

pub async fn show(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let mut page = show_page(&request, &user, &bridge, id(&path, "connection")?).await?;
    page.led_from = led_from(&request, &bridge, &page.id).await?;
    // Of a destination that was made together with it.
    page.made_secret = shown_once(&request, &bridge).await?;
    render(&page)
}

/// The delivery whose page led to the form that was just saved, when there is something to be sent again.
async fn led_from(
    request: &HttpRequest,
    bridge: &Bridge,
    connection_id: &str,
) -> Result<Option<String>, PageError> {
    let Ok(id) = query_text(request, "delivery").parse::<DeliveryId>() else {
        return Ok(None);
    };
    let delivery = if_found(bridge.store.delivery(id).await)?;
    let is_of_this = |one: &DeliverySummary| one.connection_id.to_string() == connection_id;
    let delivery = delivery.filter(|one| is_of_this(one) && !one.destination_is_gone);
    Ok(delivery.map(|one| one.id.to_string()))
}

async fn show_page(
    request: &HttpRequest,
    user: &User,
    bridge: &Bridge,
    id: ConnectionId,
) -> Result<ShowPage, PageError> {
    let now = bridge.clock.now();
    let connection = bridge.store.connection(id).await?;
    let versions = bridge.store.versions(connection.id).await?;
    let (shown, listing) = page_of_versions(request, &versions)?;
    let filter = DeliveryFilter {
        connection_id: Some(connection.id),
        page: Window::first(LATEST),
        ..DeliveryFilter::default()
    };
    let deliveries = bridge.store.deliveries(filter).await?;
    let names = Names::load(bridge).await?;
    let source_id = connection.source_id.to_string();
    let names = names.with_projects_of(bridge, &source_id).await?;
    let events = &connection.version.rules.trigger.events;
    let offered = events
        .first()
        .cloned()
        .unwrap_or_else(|| USUAL_EVENT.to_string());
    let warnings = warnings_of(bridge, &connection).await?;
    let warnings = warnings.iter();
    let page = Page::new(request, user, "/connections", connection.name.clone());
    Ok(ShowPage {
        id: connection.id.to_string(),
        warnings: warnings
            .map(|warning| Warning::new(warning, &connection, &names, page.may_change()))
            .collect(),
        page,
        chip: switch_chip(&connection),
        enabled: connection.enabled,
        sentence: sentence_of(&connection, &names),
        unheard_of: unheard_of(events),
        groups: offered_for_test(events, offered),
        versions: shown
            .into_iter()
            .map(|at| (&versions[at], versions.get(at + 1)))
            .map(|(version, before)| VersionRow {
                number: version.number,
                at: Moment::new(version.created_at, now),
                by: saved_by(version),
                in_force: version.id == connection.version.id,
                changes: before
                    .map(|before| version_changes(before, version, &names))
                    .unwrap_or_default(),
            })
            .collect(),
        listing,
        deliveries: why_not::rows(bridge, &deliveries, now).await?,
        name: connection.name,
        led_from: None,
        made_secret: None,
    })
}

/// The catalogue's events that the trigger takes; all when it takes any, or only such as the catalogue does not have.
fn offered_for_test(events: &[String], chosen: String) -> Vec<EventGroup> {
    let is_taken = |one: &EventBox| events.iter().any(|event| event == one.id);
    let mut groups = event_groups(&[chosen]);
    if groups.iter().flat_map(|group| &group.events).any(is_taken) {
        for group in &mut groups {
            group.events.retain(is_taken);
        }
        groups.retain(|group| !group.events.is_empty());
    }
    groups
}

/// Which of the versions, the newest first, the address asks for, and the pages beside them.
fn page_of_versions(
    request: &HttpRequest,
    versions: &[Version],
) -> Result<(Vec<usize>, Listing), ApiError> {
    let asked: Window<i32> = window(request, PER_PAGE as i64)?;
    // An older one stands behind a newer one.
    let asked = Window {
        before: asked.after.map(Reverse),
        after: asked.before.map(Reverse),
        limit: asked.limit,
    };
    let mut shown: Vec<usize> = (0..versions.len()).collect();
    let (has_newer, has_older) = cut(&mut shown, &asked, |at| Reverse(versions[*at].number));
    let address = |way, at: Option<&usize>| {
        let number = versions[*at?].number.to_string();
        let page = beside(request, request.path(), Some((way, &number)));
        Some(format!("{page}#versions"))
    };
    let listing = Listing {
        search: None,
        previous: address("after", shown.first().filter(|_| has_newer)),
        next: address("before", shown.last().filter(|_| has_older)),
    };
    Ok((shown, listing))
}

pub async fn enable(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    switch(&request, &path, &bridge, true).await
}

pub async fn disable(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    switch(&request, &path, &bridge, false).await
}

async fn switch(
    request: &HttpRequest,
    path: &str,
    bridge: &Bridge,
    enabled: bool,
) -> Result<HttpResponse, PageError> {
    let id: ConnectionId = id(path, "connection")?;
    let name = bridge.store.connection(id).await?.name;
    let (action, said) = if enabled {
        (
            "connection.enabled",
            format!("Switched the connection {name} on."),
        )
    } else {
        (
            "connection.disabled",
            format!("Switched the connection {name} off."),
        )
    };
    bridge
        .noting(&actor(request), action, id, said)
        .enable_connection(id, enabled, bridge.clock.now_ms())
        .await?;
    bridge.reload().await?;
    let done = if enabled { "enabled" } else { "disabled" };
    Ok(go(format!("/connections/{id}?done={done}")))
}

pub async fn duplicate(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let connection = bridge.store.connection(id(&path, "connection")?).await?;
    let rules = connection.version.rules.clone();
    let document = ConnectionDocument {
        name: t!(
            "connections-copy-of",
            name = connection.name.chars().take(100).collect::<String>()
        ),
        source_id: connection.source_id.to_string(),
        destination_id: connection.version.destination_id.to_string(),
        trigger: rules.trigger,
        filter: rules.filter,
        mapping: Some(rules.mapping),
        delivery: rules.delivery,
        enabled: Some(false),
    };
    let id = copy(&bridge, &actor(&request), &connection, document)
        .await?
        .id;
    Ok(go(format!("/connections/{id}?done=duplicated")))
}

pub async fn test(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let connection = bridge.store.connection(id(&path, "connection")?).await?;
    let said = format!(
        "Sent a test event through the connection {}.",
        connection.name
    );
    bridge
        .note(&actor(&request), "connection.tested", connection.id, said)
        .await?;
    let event = sample(form.text("event"), u64::from(rand::random::<u32>()));
    let event_id = send_test(&bridge, &connection, event.to_string().into()).await?;
    Ok(go(format!("/events/{event_id}?done=tested")))
}

pub async fn delete(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: ConnectionId = id(&path, "connection")?;
    let name = bridge.store.connection(id).await?.name;
    let ask = Ask {
        section: "/connections",
        question: t!("connections-delete-ask", name = name),
        button: t!("connections-delete"),
        back: format!("/connections/{id}"),
    };
    if let Some(asked) = ask_first(&request, ask)? {
        return Ok(asked);
    }
    remove(&bridge, &actor(&request), id).await?;
    Ok(go(format!("/connections?done=deleted&deleted={id}")))
}

fn switch_chip(connection: &Connection) -> Chip {
    if connection.enabled {
        Chip::new(t!("settings-on"), "good")
    } else {
        Chip::new(t!("settings-off"), "")
    }
}

fn trigger_words(events: &[String]) -> String {
    match events {
        [] => t!("builder-any-event"),
        [one] => event_label(one),
        [one, two] => format!("{}, {}", event_label(one), event_label(two)),
        [one, rest @ ..] => t!(
            "rules-and-more",
            name = event_label(one),
            count = rest.len()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{event_groups, offered_for_test};

    #[test]
    fn a_test_offers_the_events_that_the_connection_takes() {
        let offered = |events: &[&str], chosen: &str| {
            let events: Vec<String> = events.iter().map(ToString::to_string).collect();
            let groups = offered_for_test(&events, chosen.to_string());
            let boxes = groups.iter().flat_map(|group| &group.events);
            let ids: Vec<&str> = boxes.clone().map(|one| one.id).collect();
            let ticked = boxes.filter(|one| one.checked).map(|one| one.id);
            (ids, ticked.collect::<Vec<&str>>())
        };
        let (ids, ticked) = offered(&["TODO_CREATED", "COMMENT_CREATED"], "TODO_CREATED");
        assert_eq!(ids, ["TODO_CREATED", "COMMENT_CREATED"]);
        assert_eq!(ticked, ["TODO_CREATED"]);
        // Any, and only such as nobody knows.
        let all: usize = event_groups(&[]).iter().map(|one| one.events.len()).sum();
        assert_eq!(offered(&[], "TODO_CREATED").0.len(), all);
        assert_eq!(offered(&["UNHEARD_OF"], "UNHEARD_OF").0.len(), all);
    }
}
