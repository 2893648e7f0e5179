//! The delivery log: a table that the address narrows, with live tail, selection and export beside it.
//!
//! The address is read by `log_query`. Nothing is counted: a page is a walk that ends after so many rows, and says so when it looked through only a
//! part.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::delivery::State;
use crate::domain::id::DeliveryId;
use crate::domain::person::Role;
use crate::flow::Bridge;
use crate::store::window::Window;
use crate::web::admission::signed_in;
use crate::web::i18n::Key;
use crate::web::reader::Reader;
use crate::web::ui::chart::RANGES;
use crate::web::ui::choices::{CHOICES_LIMIT, Choices};
use crate::web::ui::error::PageError;
use crate::web::ui::form::comma_separated;
use crate::web::ui::labels::{event_label, event_labels};
use crate::web::ui::log_query::{DAYS, GROUPS, LogQuery, way_of};
use crate::web::ui::page::{Page, render};
use crate::web::ui::pager::{Pager, window};
use crate::web::ui::row::{DeliveryRow, EXACT, Moment, state_chip};
use crate::web::ui::why_not;

/// Deliveries on a page.
pub const PER_PAGE: i64 = 50;

/// Rows of an exported file at most.
pub const EXPORT_LIMIT: usize = 50_000;

/// One of the things that narrow the log, with the address of the log without it.
struct Narrowing {
    name: String,
    value: String,
    without: String,
}

/// A group of states, as a tab.
struct Tab {
    name: String,
    href: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "deliveries/list.html")]
struct ListPage {
    page: Page,
    query: LogQuery,
    /// The event as the rows call it.
    event: String,
    /// The exact times as the fields show them: by the reader's clock.
    from: String,
    to: String,
    query_string: String,
    /// The same with the place in the log, for what concerns the page alone.
    page_query: String,
    /// What the replay planner is told.
    replay_query: String,
    export_limit: usize,
    more_open: bool,
    tabs: Vec<Tab>,
    narrowings: Vec<Narrowing>,
    states: Vec<(&'static str, String)>,
    /// The name of several states, when the address names them.
    several_states: Option<String>,
    periods: Vec<(&'static str, Key)>,
    types: Vec<String>,
    connections: Choices,
    destinations: Choices,
    rows: Vec<DeliveryRow>,
    may_select: bool,
    /// On the first page only: what comes in belongs on top of it.
    tail: Option<String>,
    looked_to: Option<Moment>,
    /// It begins after it ends, so nothing can match.
    is_backward: bool,
    pager: Pager,
}

/// What narrows the log, in words.
fn narrowings(
    query: &LogQuery,
    connections: &[(String, String)],
    destinations: &[(String, String)],
) -> Vec<Narrowing> {
    let named = |list: &[(String, String)], id: &str| {
        list.iter()
            .find(|(found, _)| found == id)
            .map_or_else(|| t!("deliveries-gone"), |(_, name)| name.clone())
    };
    query
        .filled()
        .into_iter()
        .map(|(field, value)| {
            let (name, value) = match field {
                "state" => (t!("shared-state"), state_name(value)),
                "connection_id" => (t!("shared-connection"), named(connections, value)),
                "destination_id" => (t!("shared-destination"), named(destinations, value)),
                "event_type" => (t!("shared-event"), event_label(value)),
                "text" => (t!("deliveries-narrowed-text"), value.to_string()),
                "period" => (t!("deliveries-time"), period_name(value)),
                "from" => (t!("deliveries-from"), exact(value)),
                _ => (t!("deliveries-until"), exact(value)),
            };
            Narrowing {
                name,
                value,
                without: query.href_with(field, ""),
            }
        })
        .collect()
}

/// The states of the address as people call them.
fn state_name(text: &str) -> String {
    let names = comma_separated(text).map(|word| {
        GROUPS
            .iter()
            .find(|(group, ..)| *group == word)
            .map(|(_, name, _)| name.to_string())
            .or_else(|| State::from_word(word).map(|state| state_chip(state).word))
            .unwrap_or_else(|| word.to_string())
    });
    names.collect::<Vec<_>>().join(", ")
}

/// What the list of states must offer besides, so that what the address says is chosen in it.
fn several_states(text: &str) -> Option<String> {
    let is_one =
        State::from_word(text).is_some() || GROUPS.iter().any(|(group, ..)| *group == text);
    (!text.is_empty() && !is_one).then(|| state_name(text))
}

/// What can be chosen as the time: so long until now, or a day.
fn periods() -> Vec<(&'static str, Key)> {
    let ranges = RANGES.iter().map(|range| (range.word, range.name));
    ranges.chain(DAYS).collect()
}

fn period_name(word: &str) -> String {
    let found = periods().into_iter().find(|(known, _)| *known == word);
    found.map_or_else(|| word.to_string(), |(_, name)| name.to_string())
}

/// A time of the address as it is told.
fn exact(text: &str) -> String {
    let reader = Reader::present();
    let at = reader.instant(text);
    at.map_or_else(|| text.to_string(), |at| reader.clock(at, EXACT))
}

/// A time of the address as a field of the form takes it.
fn field(text: &str) -> String {
    let reader = Reader::present();
    let at = reader.instant(text);
    at.map_or_else(String::new, |at| reader.clock(at, "%Y-%m-%dT%H:%M"))
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let query = LogQuery::read(&request);
    let window: Window<DeliveryId> = window(&request, PER_PAGE)?;
    let found = bridge.store.log_page(query.filter(now, window)?).await?;
    let connections: Vec<(String, String)> = bridge
        .store
        .connections()
        .await?
        .into_iter()
        .map(|connection| (connection.id.to_string(), connection.name))
        .collect();
    let destinations: Vec<(String, String)> = bridge
        .snapshot()
        .destinations()
        .map(|destination| (destination.id.to_string(), destination.name.clone()))
        .collect();
    let states = State::ALL
        .iter()
        .map(|state| (state.as_str(), state_chip(*state).word))
        .collect();
    let is_first = window.before.is_none() && window.after.is_none();
    let query_string = query.to_query_string();
    let place = window
        .before
        .map(|id| format!("&before={id}"))
        .or(window.after.map(|id| format!("&after={id}")))
        .unwrap_or_default();
    let page_query = format!("{query_string}{place}");
    render(&ListPage {
        page: Page::new(&request, &user, "/deliveries", t!("deliveries-title")),
        more_open: !(query.connection_id.is_empty()
            && query.destination_id.is_empty()
            && query.event_type.is_empty()
            && query.from.is_empty()
            && query.to.is_empty()),
        tabs: tabs(&query),
        narrowings: narrowings(&query, &connections, &destinations),
        states,
        several_states: several_states(&query.state),
        periods: periods(),
        types: event_labels(),
        connections: Choices::of(connections, &query.connection_id),
        destinations: Choices::of(destinations, &query.destination_id),
        may_select: user.role >= Role::Editor,
        tail: is_first.then(|| format!("/deliveries/tail?{query_string}")),
        is_backward: matches!(query.times(now)?, (Some(from), Some(to)) if from > to),
        replay_query: query.for_replay(now)?,
        export_limit: EXPORT_LIMIT,
        event: event_label(&query.event_type),
        from: field(&query.from),
        to: field(&query.to),
        query_string,
        looked_to: found
            .looked_to
            .and_then(|id| Moment::of_ms(id.unix_ms(), now)),
        rows: why_not::rows(&bridge, &found.rows, now)
            .await?
            .into_iter()
            .map(|row| DeliveryRow {
                way: way_of(page_query.trim_start_matches('&')),
                ..row
            })
            .collect(),
        query,
        page_query,
        pager: Pager::of(&request, &found, |row| row.id),
    })
}

fn tabs(query: &LogQuery) -> Vec<Tab> {
    let tab = |name: String, word: &str| Tab {
        name,
        href: query.href_with("state", word),
        current: query.state == word,
    };
    let mut tabs = vec![tab(t!("deliveries-all"), "")];
    tabs.extend(
        GROUPS
            .iter()
            .map(|(word, name, _)| tab(name.to_string(), word)),
    );
    tabs
}
