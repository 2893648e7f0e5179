//! The delivery log: a table that the address narrows, with live tail, selection and export beside it.
//!
//! [`LogQuery`] is the one reading of the address; the page, `tail`, `export` and the replay planner's link all use it. Nothing is counted: a page is a
//! walk that ends after so many rows, and says so when it looked through only a part.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::{SignedDuration, Timestamp};

use crate::domain::catalogue::EVENTS;
use crate::domain::delivery::State;
use crate::domain::id::DeliveryId;
use crate::domain::person::Role;
use crate::flow::Bridge;
use crate::store::deliveries::DeliveryFilter;
use crate::store::window::Window;
use crate::web::admission::signed_in;
use crate::web::i18n::Key;
use crate::web::problem::ApiError;
use crate::web::reader::Reader;
use crate::web::ui::choices::{CHOICES_LIMIT, Choices};
use crate::web::ui::error::PageError;
use crate::web::ui::labels::{event_label, event_type_called};
use crate::web::ui::next::own_path;
use crate::web::ui::page::{Page, render};
use crate::web::ui::pager::{Pager, window};
use crate::web::ui::row::{DeliveryRow, EXACT, Moment, state_chip};
use crate::web::ui::why_not;

/// Deliveries on a page.
pub const PER_PAGE: i64 = 50;

/// Rows of an exported file at most.
pub const EXPORT_LIMIT: usize = 50_000;

/// States that belong together for people: the word in the address, its name, the states.
const GROUPS: [(&str, Key, &[State]); 4] = [
    (
        "delivered",
        key!("shared-state-delivered"),
        &[State::Delivered],
    ),
    (
        "waiting",
        key!("deliveries-waiting"),
        &[State::Queued, State::Held, State::Sending, State::Retrying],
    ),
    (
        "problem",
        key!("deliveries-problem"),
        &[
            State::Failed,
            State::MappingFailed,
            State::Retrying,
            State::Held,
        ],
    ),
    ("skipped", key!("shared-state-skipped"), &[State::Skipped]),
];

/// Stretches of time that people ask for: the word in the address, its name, its length in hours.
const PERIODS: [(&str, Key, i64); 4] = [
    ("1h", key!("overview-range-1h"), 1),
    ("24h", key!("overview-range-24h"), 24),
    ("7d", key!("overview-range-7d"), 7 * 24),
    ("30d", key!("overview-range-30d"), 30 * 24),
];

/// The fields of the address that narrow the log, as they were written.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    pub state: String,
    pub connection_id: String,
    pub destination_id: String,
    pub event_type: String,
    pub text: String,
    pub period: String,
    pub from: String,
    pub to: String,
}

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

impl LogQuery {
    /// Reads the address.
    pub fn read(request: &HttpRequest) -> LogQuery {
        LogQuery::parse(request.query_string())
    }

    /// Reads the query of an address of the log; what the log does not know falls away.
    pub fn parse(query_string: &str) -> LogQuery {
        let mut query = LogQuery::default();
        for (name, value) in url::form_urlencoded::parse(query_string.as_bytes()) {
            if let Some(field) = query.field(&name) {
                *field = value.trim().to_string();
            }
        }
        query.event_type = event_type_called(&query.event_type);
        query
    }

    fn field(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "state" => &mut self.state,
            "connection_id" => &mut self.connection_id,
            "destination_id" => &mut self.destination_id,
            "event_type" => &mut self.event_type,
            "text" => &mut self.text,
            "period" => &mut self.period,
            "from" => &mut self.from,
            "to" => &mut self.to,
            _ => return None,
        })
    }

    /// What is filled, in a fixed order.
    fn filled(&self) -> Vec<(&'static str, &str)> {
        [
            ("state", &self.state),
            ("connection_id", &self.connection_id),
            ("destination_id", &self.destination_id),
            ("event_type", &self.event_type),
            ("text", &self.text),
            ("period", &self.period),
            ("from", &self.from),
            ("to", &self.to),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.as_str()))
        .collect()
    }

    /// The query of an address that narrows the same way.
    pub fn to_query_string(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.filled())
            .finish()
    }

    /// The address of the log with one field changed.
    fn href_with(&self, name: &str, value: &str) -> String {
        let mut other = self.clone();
        if let Some(field) = other.field(name) {
            *field = value.to_string();
        }
        other.href()
    }

    /// The address of the log that is narrowed this way.
    pub fn href(&self) -> String {
        match self.to_query_string() {
            query if query.is_empty() => "/deliveries".into(),
            query => format!("/deliveries?{query}"),
        }
    }

    /// Which deliveries are meant. What cannot be understood is refused: a filter that silently fell away would show, or send, too much.
    pub fn filter(
        &self,
        now: Timestamp,
        page: Window<DeliveryId>,
    ) -> Result<DeliveryFilter, ApiError> {
        let text = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
        let (from, to) = self.times(now)?;
        Ok(DeliveryFilter {
            states: self.states()?,
            connection_id: id_in(&self.connection_id)
                .map_err(|text| not_understood(t!("deliveries-connection-unread", text = text)))?,
            destination_id: id_in(&self.destination_id)
                .map_err(|text| not_understood(t!("deliveries-destination-unread", text = text)))?,
            event_id: None,
            replay_id: None,
            event_type: text(&self.event_type),
            from,
            to,
            text: text(&self.text),
            page,
        })
    }

    fn states(&self) -> Result<Vec<State>, ApiError> {
        states_of(&self.state)
            .map_err(|word| not_understood(t!("deliveries-state-unread", text = shortened(word))))
    }

    fn times(&self, now: Timestamp) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
        let written = |text: &str| match text {
            "" => Ok(None),
            text => Reader::present().instant(text).map(Some).ok_or_else(|| {
                not_understood(t!("deliveries-time-unread", text = shortened(text)))
            }),
        };
        let (from, to) = (written(&self.from)?, written(&self.to)?);
        match PERIODS.iter().find(|(word, ..)| *word == self.period) {
            // Both narrow, so the later of them is where it begins.
            Some((.., hours)) => Ok((from.max(Some(now - SignedDuration::from_hours(*hours))), to)),
            None if self.period.is_empty() => Ok((from, to)),
            None => Err(not_understood(t!(
                "deliveries-time-unread",
                text = shortened(&self.period)
            ))),
        }
    }

    /// The query for the replay planner, whose times do not move with the clock.
    pub fn for_replay(&self, now: Timestamp) -> Result<String, ApiError> {
        let (from, to) = self.times(now)?;
        let fixed = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        let query = LogQuery {
            period: String::new(),
            from: fixed(from),
            to: fixed(to),
            ..self.clone()
        };
        Ok(query.to_query_string())
    }

    /// What narrows the log, in words.
    fn narrowings(
        &self,
        connections: &[(String, String)],
        destinations: &[(String, String)],
    ) -> Vec<Narrowing> {
        let named = |list: &[(String, String)], id: &str| {
            list.iter()
                .find(|(found, _)| found == id)
                .map_or_else(|| t!("deliveries-gone"), |(_, name)| name.clone())
        };
        self.filled()
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
                    without: self.href_with(field, ""),
                }
            })
            .collect()
    }
}

/// What the link of a row carries, so that the way back leads to this part of the log.
pub fn way_of(query: &str) -> String {
    match query {
        "" => String::new(),
        query => {
            let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
            format!("?log={query}")
        }
    }
}

/// The part of the log that a row's link came from.
pub fn way_back(query: &str) -> String {
    let address = format!("/deliveries?{query}");
    match own_path(&address) {
        own if !query.is_empty() && own == address => address,
        _ => "/deliveries".into(),
    }
}

/// The words of the address's `state`: of states and of groups, separated by commas.
fn state_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// The states that the address's `state` names, or the word that is none.
pub fn states_of(text: &str) -> Result<Vec<State>, &str> {
    let mut states = Vec::new();
    for word in state_words(text) {
        match GROUPS.iter().find(|(group, ..)| *group == word) {
            Some((.., group)) => states.extend_from_slice(group),
            None => states.push(State::from_word(word).ok_or(word)?),
        }
    }
    Ok(states)
}

/// The same as people call them.
fn state_name(text: &str) -> String {
    let names = state_words(text).map(|word| {
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

fn period_name(word: &str) -> String {
    PERIODS
        .iter()
        .find(|(period, ..)| *period == word)
        .map_or_else(|| word.to_string(), |(_, name, _)| name.to_string())
}

fn id_in<T: std::str::FromStr>(text: &str) -> Result<Option<T>, String> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| shortened(text)),
    }
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

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

fn not_understood(sentence: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_query", sentence)
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
        narrowings: query.narrowings(&connections, &destinations),
        states,
        several_states: several_states(&query.state),
        periods: PERIODS
            .iter()
            .map(|(word, name, _)| (*word, *name))
            .collect(),
        types: EVENTS.iter().map(|event| event_label(event.id)).collect(),
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
            .and_then(|id| Timestamp::from_millisecond(id.unix_ms()).ok())
            .map(|at| Moment::new(at, now)),
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
