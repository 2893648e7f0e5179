//! Connections: the list, the builder with its preview, and one connection with its versions and latest deliveries.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::Value;

use crate::domain::catalogue::label;
use crate::domain::catalogue::sample::sample;
use crate::domain::connection::{Connection, Rules, RulesDocument};
use crate::domain::id::ConnectionId;
use crate::domain::person::User;
use crate::flow::Bridge;
use crate::flow::dry_run::{DryRun, dry_run};
use crate::flow::test_event::send_test;
use crate::store::deliveries::DeliveryFilter;
use crate::store::events::{EventFilter, Page as Window};
use crate::web::admission::signed_in;
use crate::web::api::connections::{ConnectionDocument, save as save_document};
use crate::web::api::id;
use crate::web::ui::connection_form::{
    ConnectionForm, EventGroup, KINDS, MAPPINGS, MISSINGS, MODES, OperatorGroup, TAKES, document,
    event_groups, operator_groups,
};
use crate::web::ui::form::Form;
use crate::web::ui::page::{
    Chip, DeliveryRow, FormProblem, Moment, Page, PageError, go, mendable, query_value, render,
    render_again,
};
use crate::web::ui::tree;

/// Deliveries shown on a connection's page.
const LATEST: i64 = 10;
/// Event whose sample is offered when none is chosen.
const USUAL_EVENT: &str = "TODO_CREATED";

#[derive(Template)]
#[template(path = "connections/list.html")]
struct ListPage {
    page: Page,
    connections: Vec<ConnectionRow>,
}

struct ConnectionRow {
    id: String,
    name: String,
    chip: Chip,
    source: String,
    destination: String,
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
    groups: Vec<EventGroup>,
    versions: Vec<VersionRow>,
    deliveries: Vec<DeliveryRow>,
}

struct VersionRow {
    number: i32,
    at: Moment,
    rules: String,
}

#[derive(Template)]
#[template(path = "connections/form.html")]
struct FormPage {
    page: Page,
    problems: Vec<FormProblem>,
    action: String,
    cancel: String,
    form: ConnectionForm,
    sources: Vec<(String, String)>,
    destinations: Vec<(String, String)>,
    operators: Vec<OperatorGroup>,
    modes: [(&'static str, &'static str); 3],
    mappings: [(&'static str, &'static str); 3],
    kinds: [(&'static str, &'static str); 3],
    takes: [(&'static str, &'static str); 4],
    missings: [(&'static str, &'static str); 3],
    preview: Option<Verdict>,
}

/// A decision as pages show it.
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
            (_, Some(reason), _) => (Chip::new("Not listened to", ""), reason.clone()),
            ("deliver", ..) => (
                Chip::new("Sent", "good"),
                "The event passes and this is sent.".to_string(),
            ),
            (_, _, Some(error)) => (
                Chip::new("Mapping fails", "bad"),
                format!("{}: {}", error.path, error.message),
            ),
            _ => {
                let (all, failed) = run.explanation.tally();
                let count = if all > 1 {
                    format!("{failed} of {all} conditions do not hold. ")
                } else {
                    String::new()
                };
                (
                    Chip::new("Skipped", "warn"),
                    format!("{count}{}", run.explanation.sentence()),
                )
            }
        };
        Verdict {
            chip,
            sentence,
            tree: (run.explanation.tally().0 > 0).then(|| tree::html(&run.explanation)),
            body: run.output.as_ref().map(|output| match output {
                Value::String(text) => text.clone(),
                other => serde_json::to_string_pretty(other).unwrap_or_default(),
            }),
            content_type: run.content_type.clone().unwrap_or_default(),
        }
    }
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let names = Names::load(&bridge).await?;
    let connections = bridge.store.connections().await?;
    render(&ListPage {
        page: Page::new(&request, &user, "/connections", "Connections"),
        connections: connections
            .iter()
            .map(|connection| ConnectionRow {
                id: connection.id.to_string(),
                name: connection.name.clone(),
                chip: switch_chip(connection),
                source: names.source(connection),
                destination: names.destination(connection),
                trigger: trigger_words(&connection.version.rules.trigger.events),
                enabled: connection.enabled,
            })
            .collect(),
    })
}

pub async fn new(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let form = ConnectionForm::empty();
    render(&form_page(&request, &user, &bridge, None, form, Vec::new(), None).await?)
}

pub async fn edit(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let connection = bridge.store.connection(id(&path, "connection")?).await?;
    let form = ConnectionForm::of(&connection);
    render(
        &form_page(
            &request,
            &user,
            &bridge,
            Some(connection.id),
            form,
            Vec::new(),
            None,
        )
        .await?,
    )
}

pub async fn create(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    submit(&request, &bridge, None).await
}

pub async fn save(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let existing: ConnectionId = id(&path, "connection")?;
    submit(&request, &bridge, Some(existing)).await
}

/// Saves the form, or previews it, or shows it again with what must be mended.
async fn submit(
    request: &HttpRequest,
    bridge: &Bridge,
    existing: Option<ConnectionId>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(request)?;
    let user = signed_in(request)?;
    let again = async |problems, preview| {
        form_page(
            request,
            &user,
            bridge,
            existing,
            ConnectionForm::typed(&form),
            problems,
            preview,
        )
        .await
    };
    let parsed = match document(&form, None) {
        Ok(parsed) => parsed,
        Err(problems) => return render_again(&again(problems, None).await?),
    };
    if form.text("action") == "preview" {
        return match preview(bridge, &parsed, form.text("sample")) {
            Ok(verdict) => render(&again(Vec::new(), Some(verdict)).await?),
            Err(problems) => render_again(&again(problems, None).await?),
        };
    }
    match save_document(bridge, existing, parsed).await {
        Ok(id) => Ok(go(format!("/connections/{id}?done=saved"))),
        Err(error) => render_again(&again(mendable(error)?, None).await?),
    }
}

fn preview(
    bridge: &Bridge,
    parsed: &ConnectionDocument,
    sample: &str,
) -> Result<Verdict, Vec<FormProblem>> {
    let rules = RulesDocument {
        trigger: parsed.trigger.clone(),
        filter: parsed.filter.clone(),
        mapping: parsed.mapping.clone().unwrap_or_default(),
        delivery: parsed.delivery.clone(),
    };
    let rules = Rules::compile(&rules)
        .map_err(|problems| problems.iter().map(FormProblem::from).collect::<Vec<_>>())?;
    let run = dry_run(&rules, sample.as_bytes(), bridge.clock.now()).map_err(|error| {
        vec![FormProblem {
            place: "sample".into(),
            message: format!("The sample is no event: {error}."),
        }]
    })?;
    Ok(Verdict::new(&run))
}

pub async fn show(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let connection = bridge.store.connection(id(&path, "connection")?).await?;
    let versions = bridge.store.versions(connection.id).await?;
    let filter = DeliveryFilter {
        connection_id: Some(connection.id),
        page: Window {
            limit: LATEST,
            ..Window::default()
        },
        ..DeliveryFilter::default()
    };
    let deliveries = bridge.store.deliveries(filter).await?;
    let names = Names::load(&bridge).await?;
    let events = &connection.version.rules.trigger.events;
    let offered = events
        .first()
        .cloned()
        .unwrap_or_else(|| USUAL_EVENT.to_string());
    render(&ShowPage {
        page: Page::new(&request, &user, "/connections", connection.name.clone()),
        id: connection.id.to_string(),
        chip: switch_chip(&connection),
        enabled: connection.enabled,
        sentence: sentence(&connection, &names),
        groups: event_groups(&[offered]),
        versions: versions
            .iter()
            .map(|version| VersionRow {
                number: version.number,
                at: Moment::new(version.created_at, now),
                rules: serde_json::to_string_pretty(&version.rules).unwrap_or_default(),
            })
            .collect(),
        deliveries: deliveries
            .iter()
            .map(|delivery| DeliveryRow::new(delivery, now))
            .collect(),
        name: connection.name,
    })
}

pub async fn enable(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    switch(&path, &bridge, true).await
}

pub async fn disable(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    switch(&path, &bridge, false).await
}

async fn switch(path: &str, bridge: &Bridge, enabled: bool) -> Result<HttpResponse, PageError> {
    let id: ConnectionId = id(path, "connection")?;
    bridge
        .store
        .enable_connection(id, enabled, bridge.clock.now_ms())
        .await?;
    bridge.reload().await?;
    let done = if enabled { "enabled" } else { "disabled" };
    Ok(go(format!("/connections/{id}?done={done}")))
}

pub async fn duplicate(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let connection = bridge.store.connection(id(&path, "connection")?).await?;
    let rules = connection.version.rules;
    let copy = ConnectionDocument {
        name: format!(
            "Copy of {}",
            connection.name.chars().take(100).collect::<String>()
        ),
        source_id: connection.source_id.to_string(),
        destination_id: connection.version.destination_id.to_string(),
        trigger: rules.trigger,
        filter: rules.filter,
        mapping: Some(rules.mapping),
        delivery: rules.delivery,
        enabled: Some(false),
    };
    let id = save_document(&bridge, None, copy).await?;
    Ok(go(format!("/connections/{id}?done=duplicated")))
}

pub async fn test(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let connection = bridge.store.connection(id(&path, "connection")?).await?;
    let event = sample(form.text("event"), u64::from(rand::random::<u32>()));
    let event_id = send_test(&bridge, &connection, event.to_string().into())
        .await
        .map_err(crate::web::problem::ApiError::from)?;
    Ok(go(format!("/events/{event_id}?done=tested")))
}

pub async fn delete(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    bridge
        .store
        .delete_connection(id(&path, "connection")?, bridge.clock.now_ms())
        .await?;
    bridge.reload().await?;
    Ok(go("/connections?done=deleted"))
}

/// What sources and destinations are called.
struct Names {
    sources: HashMap<String, String>,
    destinations: HashMap<String, String>,
}

impl Names {
    async fn load(bridge: &Bridge) -> Result<Names, PageError> {
        let sources = bridge.store.sources().await?;
        let destinations = bridge.store.destinations().await?;
        Ok(Names {
            sources: sources
                .into_iter()
                .map(|source| (source.id.to_string(), source.name))
                .collect(),
            destinations: destinations
                .into_iter()
                .map(|destination| (destination.id.to_string(), destination.name))
                .collect(),
        })
    }

    fn source(&self, connection: &Connection) -> String {
        self.sources
            .get(&connection.source_id.to_string())
            .cloned()
            .unwrap_or_default()
    }

    fn destination(&self, connection: &Connection) -> String {
        self.destinations
            .get(&connection.version.destination_id.to_string())
            .cloned()
            .unwrap_or_default()
    }
}

fn switch_chip(connection: &Connection) -> Chip {
    match connection.enabled {
        true => Chip::new("On", "good"),
        false => Chip::new("Off", ""),
    }
}

fn trigger_words(events: &[String]) -> String {
    match events {
        [] => "any event".into(),
        [one] => label(one).into(),
        [one, two] => format!("{}, {}", label(one), label(two)),
        [one, rest @ ..] => format!("{} and {} more", label(one), rest.len()),
    }
}

/// The connection in one readable sentence.
fn sentence(connection: &Connection, names: &Names) -> String {
    let rules = &connection.version.rules;
    let what = match rules.trigger.events.as_slice() {
        [] => "anything happens".to_string(),
        events => format!("“{}” happens", trigger_words(events)),
    };
    let condition = match &rules.filter {
        Value::Null => String::new(),
        filter if filter.get("op").is_some() => ", if one condition holds".to_string(),
        filter => {
            let word = ["all", "any", "none"]
                .into_iter()
                .find_map(|mode| Some((mode, filter.get(mode)?.as_array()?.len())));
            word.map(|(mode, count)| format!(", if {mode} of {count} conditions hold"))
                .unwrap_or_default()
        }
    };
    let send = match rules.mapping["mode"].as_str() {
        Some("fields") => format!(
            "{} fields",
            rules.mapping["fields"].as_array().map_or(0, Vec::len)
        ),
        Some("template") => "a text from a template".into(),
        _ => "the whole event".into(),
    };
    format!(
        "When {what} in {}{condition}, send {send} to {}.",
        names.source(connection),
        names.destination(connection)
    )
}

async fn form_page(
    request: &HttpRequest,
    user: &User,
    bridge: &Bridge,
    existing: Option<ConnectionId>,
    mut form: ConnectionForm,
    problems: Vec<FormProblem>,
    preview: Option<Verdict>,
) -> Result<FormPage, PageError> {
    if form.sample.is_empty() {
        form.sample = sample_for(request, bridge, &form).await?;
    }
    let (title, action, cancel) = match existing {
        Some(id) => (
            "Edit the connection",
            format!("/connections/{id}"),
            format!("/connections/{id}"),
        ),
        None => (
            "Add a connection",
            "/connections".to_string(),
            "/connections".to_string(),
        ),
    };
    let sources = bridge.store.sources().await?;
    let destinations = bridge.store.destinations().await?;
    Ok(FormPage {
        page: Page::new(request, user, "/connections", title),
        problems,
        action,
        cancel,
        form,
        sources: sources
            .into_iter()
            .map(|source| (source.id.to_string(), source.name))
            .collect(),
        destinations: destinations
            .into_iter()
            .map(|destination| (destination.id.to_string(), destination.name))
            .collect(),
        operators: operator_groups(),
        modes: MODES,
        mappings: MAPPINGS,
        kinds: KINDS,
        takes: TAKES,
        missings: MISSINGS,
        preview,
    })
}

/// The last event received when that is asked for, else the catalogue's sample of the first chosen event.
async fn sample_for(
    request: &HttpRequest,
    bridge: &Bridge,
    form: &ConnectionForm,
) -> Result<String, PageError> {
    if query_value(request, "sample").as_deref() == Some("last") {
        let newest = EventFilter {
            source_id: form.source_id.parse().ok(),
            page: Window {
                limit: 1,
                ..Window::default()
            },
            ..EventFilter::default()
        };
        if let Some(event) = bridge.store.events(newest).await?.first() {
            let body = bridge.store.event(event.id).await?.body;
            let pretty = serde_json::from_slice::<Value>(&body)
                .and_then(|value| serde_json::to_string_pretty(&value));
            return Ok(pretty.unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned()));
        }
    }
    let chosen = form
        .groups
        .iter()
        .flat_map(|group| &group.events)
        .find(|event| event.checked);
    let event = sample(chosen.map_or(USUAL_EVENT, |event| event.id), 1);
    Ok(serde_json::to_string_pretty(&event).unwrap_or_default())
}
