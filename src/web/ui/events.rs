//! Events: the list, and one event with what became of it for every connection of its source.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::connection::Connection;
use crate::domain::delivery::State;
use crate::domain::id::EventId;
use crate::flow::Bridge;
use crate::flow::dry_run::{DryRun, Ruling, dry_run};
use crate::flow::resend::send_event;
use crate::flow::turn::{RULES, in_turn};
use crate::store::deliveries::{BECAME_LIMIT, Became, DeliveryFilter, DeliverySummary};
use crate::store::events::{EventFilter, StoredEvent};
use crate::web::admission::{actor, signed_in};
use crate::web::api::id;
use crate::web::ui::choices::{CHOICES_LIMIT, Choices};
use crate::web::ui::connections::Verdict;
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::labels::{event_label, event_labels, event_type_called};
use crate::web::ui::note::Note;
use crate::web::ui::page::{Page, go, render};
use crate::web::ui::pager::{Pager, window};
use crate::web::ui::query::{filled, query_text, query_value};
use crate::web::ui::row::{Chip, DeliveryRow, Fate, Moment, pretty, title_of};
use crate::web::ui::sources::EventRow;
use crate::web::ui::why_not;

/// Events on a page.
const PER_PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "events/list.html")]
struct ListPage {
    page: Page,
    query: Query,
    filtered: bool,
    sources: Choices,
    types: Vec<String>,
    /// The event asked for, as the rows call it.
    called: String,
    events: Vec<EventRow>,
    looked_to: Option<Moment>,
    pager: Pager,
}

struct Query {
    source_id: String,
    event_type: String,
    text: String,
}

#[derive(Template)]
#[template(path = "events/show.html")]
struct ShowPage {
    page: Page,
    event: EventRow,
    event_type: String,
    list: String,
    source_id: String,
    /// What became of it.
    deliveries: Vec<DeliveryRow>,
    /// Something of it is on its way, so the page looks again.
    moving: bool,
    /// What the connections' present rules would do, which need not be what they did.
    verdicts: Vec<ConnectionVerdict>,
    body: String,
}

impl ShowPage {
    /// A connection would send it by its present rules, and has not.
    fn may_be_sent(&self) -> bool {
        self.verdicts.iter().any(|verdict| verdict.may_be_sent)
    }
}

struct ConnectionVerdict {
    connection_id: String,
    connection: String,
    /// It would be sent, and was not.
    may_be_sent: bool,
    chip: Chip,
    sentence: String,
    tree: Option<String>,
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let query = Query {
        source_id: query_text(&request, "source_id"),
        event_type: event_type_called(&query_text(&request, "type")),
        text: query_text(&request, "text"),
    };
    let filter = EventFilter {
        source_id: query.source_id.parse().ok(),
        event_type: filled(&query.event_type),
        text: filled(&query.text),
        page: window(&request, PER_PAGE)?,
        ..EventFilter::default()
    };
    let found = bridge.store.events_page(filter).await?;
    let events = &found.rows;
    let became = bridge
        .store
        .became(events.iter().map(|event| event.id).collect(), BECAME_LIMIT)
        .await?;
    let sources: Vec<(String, String)> = bridge
        .store
        .sources()
        .await?
        .into_iter()
        .map(|source| (source.id.to_string(), source.name))
        .collect();
    let offered = Choices::of(sources.clone(), &query.source_id);
    let names: HashMap<&str, &str> = sources
        .iter()
        .map(|(id, name)| (id.as_str(), name.as_str()))
        .collect();
    let deleted = t!("events-deleted-source");
    render(&ListPage {
        page: Page::new(&request, &user, "/events", t!("events-title")),
        filtered: !query.source_id.is_empty()
            || !query.event_type.is_empty()
            || !query.text.is_empty(),
        called: event_label(&query.event_type),
        query,
        types: event_labels(),
        pager: Pager::of(&request, &found, |event| event.id),
        looked_to: found
            .looked_to
            .and_then(|id| Moment::of_ms(id.unix_ms(), now)),
        events: events
            .iter()
            .map(|event| {
                let name = names.get(event.source_id.to_string().as_str()).copied();
                let row = EventRow::new(event, name.unwrap_or(&deleted), now);
                let fate = fate_of(event.id, &became);
                EventRow { fate, ..row }
            })
            .collect(),
        sources: offered,
    })
}

/// What became of an event; `None` when not all its deliveries were looked at.
fn fate_of(id: EventId, became: &Became) -> Option<Fate> {
    if became.unknown_from.is_some_and(|newest| id <= newest) {
        return None;
    }
    let states = became.states.get(&id).into_iter().flatten();
    let states: Vec<State> = states.map(|(_, state)| *state).collect();
    Some(Fate::new(&states))
}

pub async fn show(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let id: EventId = id(&path, "event")?;
    let event = bridge.store.event(id).await?;
    let source = bridge
        .store
        .sources()
        .await?
        .into_iter()
        .find(|source| source.id == event.summary.source_id);
    let deliveries = bridge
        .store
        .deliveries(DeliveryFilter {
            event_id: Some(id),
            ..DeliveryFilter::default()
        })
        .await?;
    let (verdicts, listens) = verdicts_of(&bridge, &event, &deliveries).await?;
    let name = source.map_or_else(|| t!("events-deleted-source"), |source| source.name);
    let row = EventRow::new(&event.summary, &name, now);
    let mut page = Page::new(&request, &user, "/events", row.label.clone());
    if query_value(&request, "done").as_deref() == Some("tested") {
        page.note = Some(told_of_test(
            deliveries.first().map(|one| one.state),
            listens,
        ));
    }
    render(&ShowPage {
        page,
        event: row,
        event_type: event.summary.event_type.clone(),
        list: title_of(
            event.summary.list_title.as_deref(),
            event.summary.list_id.as_deref(),
        ),
        source_id: event.summary.source_id.to_string(),
        verdicts,
        moving: deliveries.iter().any(|one| one.state.is_moving()),
        deliveries: why_not::rows(&bridge, &deliveries, now).await?,
        body: pretty(&event.body),
    })
}

/// What the present rules of the source's connections would do with the event, and whether all of them listen to it.
async fn verdicts_of(
    bridge: &Bridge,
    event: &StoredEvent,
    deliveries: &[DeliverySummary],
) -> Result<(Vec<ConnectionVerdict>, bool), PageError> {
    let (source_id, is_test) = (event.summary.source_id, event.summary.is_test);
    let connections = bridge.store.connections().await?.into_iter();
    let concerned = connections
        .filter(|one| one.source_id == source_id)
        // A test concerns its own connection alone.
        .filter(|one| !is_test || deliveries.iter().any(|d| d.connection_id == one.id));
    let (mut verdicts, mut listens) = (Vec::new(), true);
    for connection in concerned {
        let rules = bridge.rules(connection.version.id).await?;
        let (body, received_at) = (event.body.clone(), event.summary.received_at);
        let run = in_turn(&RULES, move || dry_run(&rules, &body, received_at)).await??;
        let went_through = |one: &DeliverySummary| {
            one.connection_id == connection.id && one.state != State::Skipped
        };
        let was_sent = is_test || deliveries.iter().any(went_through);
        listens &= run.not_triggered.is_none();
        verdicts.push(ConnectionVerdict::new(connection, &run, was_sent));
    }
    Ok((verdicts, listens))
}

impl ConnectionVerdict {
    fn new(connection: Connection, run: &DryRun, was_sent: bool) -> ConnectionVerdict {
        let verdict = Verdict::new(run);
        ConnectionVerdict {
            may_be_sent: run.decision == Ruling::Deliver && connection.enabled && !was_sent,
            sentence: if connection.enabled {
                verdict.sentence
            } else {
                format!("{} {}", verdict.sentence, t!("events-switched-off"))
            },
            connection_id: connection.id.to_string(),
            connection: connection.name,
            chip: verdict.chip,
            tree: verdict.tree,
        }
    }
}

/// Sends the event through a connection that it did not go through when it came in.
pub async fn send(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let event_id: EventId = id(&path, "event")?;
    let connection_id = id(form.text("connection_id"), "connection")?;
    let new = send_event(&bridge, &actor(&request), event_id, connection_id).await?;
    Ok(go(format!("/deliveries/{new}?done=resent")))
}

/// What became of a test event, or that it is on its way; whether its connection listens to such an event tells the trigger from the filter.
fn told_of_test(state: Option<State>, listens: bool) -> Note {
    match state {
        Some(State::Skipped) if !listens => Note::warn(t!("events-tested-not-listened")),
        None => Note::warn(t!("events-tested-not-listened")),
        Some(State::Skipped) => Note::warn(t!("events-tested-skipped")),
        Some(State::MappingFailed) => Note::bad(t!("events-tested-mapping-failed")),
        Some(State::Held) => Note::warn(t!("events-tested-held")),
        Some(State::Delivered) => Note::good(t!("events-tested-delivered")),
        Some(State::Failed | State::Retrying) => Note::bad(t!("events-tested-failed")),
        Some(State::Discarded) => Note::warn(t!("shared-note-discarded")),
        Some(State::Queued | State::Sending) => Note::good(t!("events-tested")),
    }
}
