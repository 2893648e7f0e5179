//! `/replays`: many deliveries again. A dry run counts, a replay runs by itself, and can be cancelled.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::delivery::State;
use crate::domain::id::ReplayId;
use crate::domain::problem::Problem;
use crate::domain::replay::{
    DEFAULT_PER_SECOND, Forecast, LeftOut, Selection, VersionChoice, Wish,
};
use crate::flow::{Bridge, replay as replaying};
use crate::store::replays::Replay;
use crate::web::admission::{actor, caller};
use crate::web::api::idempotency::create_once;
use crate::web::api::query::{Query, filled, time_from, time_to, unknown_state};
use crate::web::api::{Paging, id, maybe_time, page_of, parse, read_from, time};
use crate::web::problem::ApiError;

/// What a replay is asked for with. The filter's words may also stand beside the others, as in the query of `/deliveries`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Question {
    #[serde(default)]
    filter: FilterDocument,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    per_second: Option<u32>,
    #[serde(default)]
    dry_run: bool,
    /// The filter's words stand beside the others.
    #[serde(skip)]
    is_flat: bool,
}

/// The words of the log's filter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
struct FilterDocument {
    #[serde(alias = "states")]
    state: Words,
    #[serde(alias = "connection")]
    connection_id: Option<String>,
    #[serde(alias = "destination")]
    destination_id: Option<String>,
    #[serde(alias = "event")]
    event_id: Option<String>,
    #[serde(alias = "type")]
    event_type: Option<String>,
    #[serde(alias = "since", deserialize_with = "time_from")]
    from: Option<Timestamp>,
    #[serde(alias = "until", deserialize_with = "time_to")]
    to: Option<Timestamp>,
    #[serde(alias = "q")]
    text: Option<String>,
    only_missing: bool,
}

/// One word, several with commas, or a list of words.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "states are one word, several with commas, or a list of words"
)]
enum Words {
    Text(String),
    List(Vec<String>),
}

impl Default for Words {
    fn default() -> Words {
        Words::List(Vec::new())
    }
}

impl Question {
    fn read(body: &web::Bytes) -> Result<Question, ApiError> {
        let mut document: Map<String, Value> = parse(body)?;
        let is_flat = !document.contains_key("filter");
        if is_flat {
            let options = ["version", "per_second", "dry_run"];
            let (own, filter): (Map<_, _>, Map<_, _>) = document
                .into_iter()
                .partition(|(name, _)| options.contains(&name.as_str()));
            document = own;
            document.insert("filter".into(), Value::Object(filter));
        }
        match read_from::<Question>(Value::Object(document)) {
            Ok(question) => Ok(Question {
                is_flat,
                ..question
            }),
            Err(refused) => Err(placed(refused.problems, is_flat)),
        }
    }

    /// The wish, or everything that is wrong with it.
    fn wish(self) -> Result<Wish, ApiError> {
        let mut problems = Vec::new();
        let version = version(self.version.as_deref()).unwrap_or_else(|problem| {
            problems.push(problem);
            VersionChoice::default()
        });
        let wish = Wish {
            selection: self.filter.selection(&mut problems),
            version,
            per_second: self.per_second.unwrap_or(DEFAULT_PER_SECOND),
        };
        problems.extend(wish.problems());
        if problems.is_empty() {
            Ok(wish)
        } else {
            Err(placed(problems, self.is_flat))
        }
    }
}

/// By which version is sent again; `deliveries` asks for one as well.
pub(super) fn version(word: Option<&str>) -> Result<VersionChoice, Problem> {
    let Some(word) = word else {
        return Ok(VersionChoice::default());
    };
    VersionChoice::from_word(word).ok_or_else(|| {
        let message =
            "`then` (the version of each delivery) or `now` (its connection's version of today).";
        Problem::new("/version", "unknown_version", message)
    })
}

/// The problems at the places where the words stand in what was sent.
fn placed(mut problems: Vec<Problem>, is_flat: bool) -> ApiError {
    for problem in problems.iter_mut().filter(|_| is_flat) {
        if let Some(place) = problem.pointer.strip_prefix("/filter/") {
            problem.pointer = format!("/{place}");
        }
    }
    ApiError::invalid(problems)
}

impl FilterDocument {
    fn selection(self, problems: &mut Vec<Problem>) -> Selection {
        let words = match self.state {
            Words::Text(text) => text.split(',').map(str::to_string).collect(),
            Words::List(words) => words,
        };
        let mut states = Vec::new();
        for word in words
            .iter()
            .map(|word| word.trim())
            .filter(|word| !word.is_empty())
        {
            match State::from_word(word) {
                Some(state) => states.push(state),
                None => {
                    let message = unknown_state(word);
                    problems.push(Problem::new("/filter/state", "unknown_state", message));
                }
            }
        }
        Selection {
            states,
            connection_id: read_id(self.connection_id, "connection_id", problems),
            destination_id: read_id(self.destination_id, "destination_id", problems),
            event_id: read_id(self.event_id, "event_id", problems),
            event_type: filled(self.event_type),
            from: self.from,
            to: self.to,
            text: filled(self.text),
            only_missing: self.only_missing,
        }
    }
}

fn read_id<Id: std::str::FromStr<Err: std::fmt::Display>>(
    text: Option<String>,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Option<Id> {
    match text?.parse() {
        Ok(id) => Some(id),
        Err(error) => {
            let pointer = format!("/filter/{name}");
            problems.push(Problem::new(&pointer, "bad_id", format!("{error}.")));
            None
        }
    }
}

pub async fn index(
    query: Query<Paging>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let page = query.0.page()?;
    let found = bridge.store.replays(page).await?;
    Ok(page_of(&found, |replay| replay.id, summary))
}

pub async fn create(
    request: HttpRequest,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let caller = caller(&request)?;
    let question = Question::read(&body)?;
    if question.dry_run {
        let forecast = replaying::forecast(&bridge, &question.wish()?).await?;
        return Ok(HttpResponse::Ok().json(foretold(&forecast)));
    }
    create_once(&request, &body, &caller, &bridge, async || {
        let replay = replaying::begin(&bridge, &actor(&request), question.wish()?).await?;
        Ok(summary(&replay))
    })
    .await
}

pub async fn show(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(detail(&bridge, id(&path, "replay")?).await?))
}

pub async fn cancel(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, "replay")?;
    replaying::cancel(&bridge, &actor(&request), id).await?;
    Ok(HttpResponse::Ok().json(detail(&bridge, id).await?))
}

/// A replay with what has become of its deliveries.
async fn detail(bridge: &Bridge, id: ReplayId) -> Result<Value, ApiError> {
    let replay = bridge.store.replay(id).await?;
    let (states, at_least) = bridge.store.replay_states(id).await?;
    let states: HashMap<&str, i64> = states
        .into_iter()
        .map(|(state, count)| (state.as_str(), count))
        .collect();
    let mut shown = summary(&replay);
    shown["deliveries"] = json!({"by_state": states, "at_least": at_least});
    Ok(shown)
}

fn foretold(forecast: &Forecast) -> Value {
    json!({
        "dry_run": true,
        "count": forecast.matching,
        "at_least": forecast.at_least,
        "already_delivered": forecast.arrived,
        "events": forecast.events,
        "to_send": forecast.to_make,
        "repeated": forecast.repeated(),
        "left_out": left_out(&forecast.left_out),
        "sentence": forecast.sentence(),
    })
}

fn summary(replay: &Replay) -> Value {
    json!({
        "id": replay.id,
        "state": replay.state.as_str(),
        "filter": filter(&replay.wish.selection),
        "version": replay.wish.version.as_str(),
        "per_second": replay.wish.per_second,
        "count": replay.matching,
        "at_least": replay.at_least,
        "looked_at": replay.looked_at,
        "made": replay.made,
        "repeated": replay.repeated,
        "left_out": left_out(&replay.left_out),
        "created_at": time(replay.created_at),
        "created_by": replay.created_by,
        "finished_at": maybe_time(replay.finished_at),
        "cancelled_by": replay.cancelled_by,
    })
}

fn filter(selection: &Selection) -> Value {
    json!({
        "state": selection.states.iter().map(|state| state.as_str()).collect::<Vec<_>>(),
        "connection_id": selection.connection_id,
        "destination_id": selection.destination_id,
        "event_id": selection.event_id,
        "event_type": selection.event_type,
        "from": maybe_time(selection.from),
        "to": maybe_time(selection.to),
        "text": selection.text,
        "only_missing": selection.only_missing,
    })
}

fn left_out(left_out: &LeftOut) -> Value {
    let reasons: Vec<Value> = left_out
        .reasons()
        .map(|(reason, count)| {
            json!({"code": reason.as_str(), "count": count, "because": reason.because()})
        })
        .collect();
    json!({"count": left_out.count(), "reasons": reasons})
}
