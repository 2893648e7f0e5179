//! Replays: the planner, which tells what would happen before anything does, all replays, and one with its progress.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;

use crate::domain::delivery::State;
use crate::domain::id::ReplayId;
use crate::domain::person::Role;
use crate::domain::replay::{
    DEFAULT_PER_SECOND, Forecast, LeftOut, PER_SECOND_LIMIT, Reason, ReplayState, Selection,
    VersionChoice, Wish,
};
use crate::flow::snapshot::Snapshot;
use crate::flow::{Bridge, replay as replaying};
use crate::store::deliveries::DeliveryFilter;
use crate::store::replays::Replay;
use crate::store::window::Window;
use crate::web::admission::{actor, signed_in};
use crate::web::api::id;
use crate::web::i18n::grouped;
use crate::web::phrases::retold;
use crate::web::reader::Reader;
use crate::web::ui::asking::{Ask, ask_first};
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::{FormProblem, mendable};
use crate::web::ui::labels::event_label;
use crate::web::ui::log_query::{LogQuery, states_of};
use crate::web::ui::page::{Page, go, render, render_again};
use crate::web::ui::pager::{Pager, window};
use crate::web::ui::query::{filled, query_value};
use crate::web::ui::row::{Chip, DeliveryRow, EXACT, Moment, state_chip};
use crate::web::ui::why_not;

/// Replays on a page.
const PER_PAGE: i64 = 50;

/// Latest deliveries on a replay's page.
const LATEST: i64 = 20;

/// Fields of the log's address that do not narrow it.
const NOT_A_FILTER: [&str; 6] = ["before", "after", "done", "limit", "cursor", "csrf"];

#[derive(Template)]
#[template(path = "replays/new.html")]
struct PlannerPage {
    page: Page,
    facts: Vec<(String, String)>,
    /// The filter, to be carried along.
    carried: Vec<(&'static str, String)>,
    log: String,
    today: bool,
    only_missing: bool,
    per_second: String,
    per_second_limit: u32,
    forecast: Option<ForecastView>,
    on_the_way: Option<OnTheWay>,
    /// Today's rules are chosen because the rules were changed since.
    is_by_change: bool,
    problems: Vec<FormProblem>,
}

/// What is left out because it goes out by itself, and where that can be brought forward.
struct OnTheWay {
    sentence: String,
    /// The destination that the filter names, when what waits for it can be tried now: its id and name.
    try_now: Option<(String, String)>,
    /// Where what waits is seen.
    href: String,
}

struct ForecastView {
    sentence: String,
    /// What becomes of the rest, each with its number.
    parts: Vec<(String, String)>,
    duration: String,
    empty: bool,
    /// What the button does.
    button: String,
}

#[derive(Template)]
#[template(path = "replays/list.html")]
struct ListPage {
    page: Page,
    replays: Vec<ReplayView>,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "replays/show.html")]
struct ShowPage {
    page: Page,
    replay: ReplayView,
    facts: Vec<(String, String)>,
    left_out: Vec<(String, String)>,
    states: Vec<(Chip, String)>,
    states_at_least: bool,
    may_cancel: bool,
    /// The words of the button that cancels, and what it asks.
    cancelling: (String, String),
    deliveries: Vec<DeliveryRow>,
}

struct ReplayView {
    id: String,
    chip: Chip,
    what: String,
    looked_at: i64,
    matching: i64,
    progress: String,
    made: i64,
    repeated: i64,
    per_second: u32,
    version: String,
    by: String,
    at: Moment,
    ended: Option<Moment>,
    cancelled_by: Option<String>,
    running: bool,
}

/// The planner's fields as they were typed, or as the log's address carried them over.
#[derive(Debug, Default)]
struct Fields {
    /// Without its period: what is replayed does not move with the clock.
    log: LogQuery,
    event_id: String,
    version: String,
    only_missing: bool,
    per_second: String,
    /// Names that the planner does not know: a filter that it ignored would replay more than was shown.
    unknown: Vec<String>,
}

impl Fields {
    fn read(pairs: impl IntoIterator<Item = (String, String)>) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            let value = value.trim().to_string();
            if !value.is_empty() {
                fields.take(name, value);
            }
        }
        fields
    }

    fn take(&mut self, name: String, value: String) {
        match name.as_str() {
            "state" if !self.log.state.is_empty() => self.log.state += &format!(",{value}"),
            "event_id" => self.event_id = value,
            "version" => self.version = value,
            "per_second" => self.per_second = value,
            "only_missing" => self.only_missing = true,
            "period" => self.unknown.push(name),
            other if NOT_A_FILTER.contains(&other) => {}
            other => match self.log.field(other) {
                Some(field) => *field = value,
                None => self.unknown.push(name),
            },
        }
    }

    fn wish(&self) -> Result<Wish, Vec<FormProblem>> {
        let log = &self.log;
        let mut problems: Vec<FormProblem> = self
            .unknown
            .iter()
            .map(|name| problem(name, t!("replays-unknown-field")))
            .collect();
        let states = states_of(&log.state).unwrap_or_else(|_| {
            problems.push(problem("state", t!("replays-unknown-state")));
            Vec::new()
        });
        let wish = Wish {
            selection: Selection {
                states,
                connection_id: read_as(&log.connection_id, "connection_id", &mut problems),
                destination_id: read_as(&log.destination_id, "destination_id", &mut problems),
                event_id: read_as(&self.event_id, "event_id", &mut problems),
                event_type: filled(&log.event_type),
                from: time_of(&log.from, "from", &mut problems),
                to: time_of(&log.to, "to", &mut problems),
                text: filled(&log.text),
                only_missing: self.only_missing,
            },
            version: VersionChoice::from_word(&self.version).unwrap_or_default(),
            per_second: match self.per_second.as_str() {
                "" => DEFAULT_PER_SECOND,
                text => text.parse().unwrap_or(0),
            },
        };
        problems.extend(wish.problems().iter().map(FormProblem::from));
        if problems.is_empty() {
            Ok(wish)
        } else {
            Err(problems)
        }
    }

    /// The filter without the choices that the planner itself offers.
    fn carried(&self) -> Vec<(&'static str, String)> {
        let mut carried = self.log.filled();
        if !self.event_id.is_empty() {
            carried.push(("event_id", &self.event_id));
        }
        carried
            .into_iter()
            .map(|(name, value)| (name, value.to_string()))
            .collect()
    }
}

fn problem(place: &str, message: String) -> FormProblem {
    FormProblem::at(place, message)
}

fn read_as<Id: std::str::FromStr>(
    text: &str,
    name: &str,
    problems: &mut Vec<FormProblem>,
) -> Option<Id> {
    if text.is_empty() {
        return None;
    }
    let read = text.parse().ok();
    if read.is_none() {
        problems.push(problem(name, t!("replays-unknown-id")));
    }
    read
}

/// A time with its zone, or one without, which is meant by the reader's clock, as the pages show times.
fn time_of(text: &str, name: &str, problems: &mut Vec<FormProblem>) -> Option<Timestamp> {
    if text.is_empty() {
        return None;
    }
    let reader = Reader::present();
    let read = reader.instant(text);
    if read.is_none() {
        let zone = reader.zone_name();
        problems.push(problem(name, t!("replays-unknown-time", zone = zone)));
    }
    read
}

pub async fn new(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let query = url::form_urlencoded::parse(request.query_string().as_bytes());
    let mut fields = Fields::read(query.into_owned());
    // What arrived already is not sent again by a slip; whoever takes the tick away sends the version along.
    fields.only_missing |= fields.version.is_empty();
    // Of what a filter kept back, the filter that was mended is asked; the one of then would be passed over.
    // What could not be mapped had no body that could be sent again.
    let asks_today = [State::Skipped, State::MappingFailed];
    if fields.version.is_empty()
        && asks_today
            .iter()
            .any(|state| fields.log.state == state.as_str())
    {
        fields.version = VersionChoice::Now.as_str().into();
    }
    let page = Page::new(&request, &user, "/replays", t!("replays-plan"));
    let wish = match fields.wish() {
        Ok(wish) => wish,
        Err(problems) => {
            return render_again(&planner(&bridge, page, &fields, Err(problems)).await?);
        }
    };
    let forecast = replaying::forecast(&bridge, &wish).await?;
    if !fields.version.is_empty() || !failed_by_old_rules(&wish, &forecast) {
        return render(&planner(&bridge, page, &fields, Ok((&wish, &forecast))).await?);
    }
    fields.version = VersionChoice::Now.as_str().into();
    let wish = Wish {
        version: VersionChoice::Now,
        ..wish
    };
    let forecast = replaying::forecast(&bridge, &wish).await?;
    render(&PlannerPage {
        is_by_change: true,
        ..planner(&bridge, page, &fields, Ok((&wish, &forecast))).await?
    })
}

/// Whether only what failed is chosen, and some of it by rules that were changed since: sent as it was, it would fail alike.
fn failed_by_old_rules(wish: &Wish, forecast: &Forecast) -> bool {
    let failed = [State::Failed, State::MappingFailed];
    let states = &wish.selection.states;
    let is_of_failed = !states.is_empty() && states.iter().all(|state| failed.contains(state));
    is_of_failed && forecast.outdated > 0
}

async fn planner(
    bridge: &Bridge,
    page: Page,
    fields: &Fields,
    planned: Result<(&Wish, &Forecast), Vec<FormProblem>>,
) -> Result<PlannerPage, PageError> {
    let carried = fields.carried();
    let mut log = url::form_urlencoded::Serializer::new(String::new());
    log.extend_pairs(&carried);
    let (forecast, on_the_way, facts, problems) = match planned {
        Ok((wish, forecast)) => (
            Some(ForecastView::new(forecast, wish.per_second)),
            OnTheWay::of(&bridge.snapshot(), forecast, wish, &fields.log),
            NamesById::load(bridge).await?.facts(&wish.selection),
            Vec::new(),
        ),
        Err(problems) => (None, None, Vec::new(), problems),
    };
    Ok(PlannerPage {
        page,
        facts,
        log: format!("/deliveries?{}", log.finish()),
        carried,
        today: fields.version == VersionChoice::Now.as_str(),
        only_missing: fields.only_missing,
        per_second: match fields.per_second.as_str() {
            "" => DEFAULT_PER_SECOND.to_string(),
            typed => typed.to_string(),
        },
        per_second_limit: PER_SECOND_LIMIT,
        forecast,
        on_the_way,
        is_by_change: false,
        problems,
    })
}

impl OnTheWay {
    fn of(
        snapshot: &Snapshot,
        forecast: &Forecast,
        wish: &Wish,
        log: &LogQuery,
    ) -> Option<OnTheWay> {
        let count = forecast.left_out.of(Reason::OnItsWay);
        let destination = wish.selection.destination_id;
        let destination = destination.and_then(|id| snapshot.destination(id));
        // What a paused one gets is its page's matter.
        let open = destination.filter(|one| one.health.paused.is_none());
        (count > 0).then(|| OnTheWay {
            sentence: match destination.filter(|_| open.is_none()) {
                Some(paused) => {
                    let name = &paused.name;
                    t!("replays-wait-for", count = count, name = name)
                }
                None => t!("replays-on-the-way", count = count),
            },
            try_now: open.map(|one| (one.id.to_string(), one.name.clone())),
            href: match destination {
                Some(paused) if open.is_none() => format!("/destinations/{}", paused.id),
                _ => log.href_with("state", "waiting"),
            },
        })
    }
}

impl ForecastView {
    fn new(forecast: &Forecast, per_second: u32) -> ForecastView {
        let seconds = forecast.to_make / i64::from(per_second.max(1));
        let duration = match seconds {
            0..=59 => t!("replays-less-than-minute"),
            60..=7_199 => t!("replays-about-min", count = (seconds + 30) / 60),
            _ => t!("replays-about-h", count = (seconds + 1_800) / 3_600),
        };
        ForecastView {
            sentence: foretold(forecast),
            parts: parts(forecast),
            duration,
            empty: forecast.to_make == 0 && !forecast.at_least,
            button: if forecast.at_least {
                t!("replays-start-at-least", count = forecast.to_make)
            } else {
                t!("replays-start", count = forecast.to_make)
            },
        }
    }
}

/// The forecast for a person: the API has it as numbers.
fn foretold(forecast: &Forecast) -> String {
    if forecast.matching == 0 {
        return if forecast.at_least {
            t!("replays-none-match-so-far")
        } else {
            t!("replays-none-match")
        };
    }
    let mut told = vec![if forecast.at_least {
        t!("replays-match-at-least", count = forecast.matching)
    } else {
        t!("replays-match", count = forecast.matching)
    }];
    told.push(match forecast.version {
        VersionChoice::Then => t!("replays-to-make", count = forecast.to_make),
        VersionChoice::Now => t!("replays-to-decide", count = forecast.to_make),
    });
    if forecast.at_least {
        told.push(t!("replays-log-goes-on"));
    }
    told.join(" ")
}

/// What of the matching ones is told besides, each with its number.
fn parts(forecast: &Forecast) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let mut part = |label: String, count: i64| {
        if count > 0 {
            parts.push((label, grouped(&count.to_string())));
        }
    };
    // Where these are left out, that says it.
    if forecast.left_out.of(Reason::Arrived) == 0 {
        part(t!("replays-arrived"), forecast.arrived);
    }
    part(t!("replays-repetitions"), forecast.repeated());
    parts.extend(without(&forecast.left_out));
    parts
}

/// What is left out, with the number for each reason.
fn without(left_out: &LeftOut) -> Vec<(String, String)> {
    let told = left_out.reasons().map(|(reason, count)| {
        let label = told!("left-out-", reason.as_str(), reason.label());
        (label, grouped(&count.to_string()))
    });
    told.collect()
}

pub async fn create(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let fields = Fields::read(Form::of(&request)?.into_pairs());
    let begun = match fields.wish() {
        Ok(wish) => match replaying::begin(&bridge, &actor(&request), wish).await {
            Ok(replay) => Ok(replay),
            Err(error) => Err(mendable(error.into())?),
        },
        Err(problems) => Err(problems),
    };
    match begun {
        Ok(replay) => Ok(go(format!("/replays/{}?done=replay", replay.id))),
        Err(problems) => {
            let page = Page::new(&request, &user, "/replays", t!("replays-plan"));
            render_again(&planner(&bridge, page, &fields, Err(problems)).await?)
        }
    }
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let window: Window<ReplayId> = window(&request, PER_PAGE)?;
    let found = bridge.store.replays(window).await?;
    let names = NamesById::load(&bridge).await?;
    render(&ListPage {
        page: Page::new(&request, &user, "/replays", t!("replays-title")),
        pager: Pager::of(&request, &found, |replay| replay.id),
        replays: found
            .rows
            .iter()
            .map(|replay| ReplayView::new(replay, &names, now))
            .collect(),
    })
}

pub async fn show(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let replay = bridge.store.replay(id(&path, "replay")?).await?;
    let (states, states_at_least) = bridge.store.replay_states(replay.id).await?;
    let unfinished = states.keys().any(|state| !state.is_final());
    let filter = DeliveryFilter {
        replay_id: Some(replay.id),
        page: Window::first(LATEST),
        ..DeliveryFilter::default()
    };
    let deliveries = bridge.store.deliveries(filter).await?;
    let names = NamesById::load(&bridge).await?;
    let mut page = Page::new(&request, &user, "/replays", t!("replays-one"));
    // That it has begun is no news of one that has ended.
    if query_value(&request, "done").as_deref() == Some("replay")
        && replay.state != ReplayState::Running
    {
        page.note = None;
    }
    render(&ShowPage {
        page,
        facts: names.facts(&replay.wish.selection),
        left_out: without(&replay.left_out),
        states: State::ALL
            .iter()
            .filter_map(|state| {
                Some((state_chip(*state), grouped(&states.get(state)?.to_string())))
            })
            .collect(),
        states_at_least,
        may_cancel: user.role >= Role::Editor
            && (replay.state == ReplayState::Running || unfinished),
        cancelling: cancelling(replay.state),
        replay: ReplayView::new(&replay, &names, now),
        deliveries: why_not::rows(&bridge, &deliveries, now).await?,
    })
}

/// One that has ended makes nothing more: only what still waits of it can be given up.
fn cancelling(state: ReplayState) -> (String, String) {
    match state {
        ReplayState::Running => (t!("replays-cancel"), t!("replays-cancel-ask")),
        ReplayState::Finished | ReplayState::Cancelled => {
            (t!("replays-give-up"), t!("replays-give-up-ask"))
        }
    }
}

pub async fn cancel(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: ReplayId = id(&path, "replay")?;
    let (button, question) = cancelling(bridge.store.replay(id).await?.state);
    let ask = Ask {
        section: "/replays",
        question,
        button,
        back: format!("/replays/{id}"),
    };
    if let Some(asked) = ask_first(&request, ask)? {
        return Ok(asked);
    }
    replaying::cancel(&bridge, &actor(&request), id).await?;
    Ok(go(format!("/replays/{id}?done=cancelled")))
}

/// What connections and destinations are called; deleted ones by their ids.
struct NamesById(HashMap<String, String>);

impl NamesById {
    async fn load(bridge: &Bridge) -> Result<NamesById, PageError> {
        let connections = bridge.store.connections().await?;
        let destinations = bridge.store.destinations().await?;
        let connections = connections
            .into_iter()
            .map(|connection| (connection.id.to_string(), connection.name));
        let destinations = destinations
            .into_iter()
            .map(|destination| (destination.id.to_string(), destination.name));
        Ok(NamesById(connections.chain(destinations).collect()))
    }

    fn name(&self, id: &impl ToString) -> String {
        let id = id.to_string();
        self.0.get(&id).cloned().unwrap_or(id)
    }

    /// The selection, part by part.
    fn facts(&self, selection: &Selection) -> Vec<(String, String)> {
        let states: Vec<String> = selection
            .states
            .iter()
            .map(|state| state_chip(*state).word)
            .collect();
        let time = |at: &Timestamp| Reader::present().clock(*at, EXACT);
        [
            (
                t!("shared-state"),
                (!states.is_empty()).then(|| states.join(", ")),
            ),
            (
                t!("shared-connection"),
                selection.connection_id.as_ref().map(|id| self.name(id)),
            ),
            (
                t!("shared-destination"),
                selection.destination_id.as_ref().map(|id| self.name(id)),
            ),
            (
                t!("shared-event"),
                selection.event_type.as_deref().map(event_label),
            ),
            (
                t!("replays-event-id"),
                selection.event_id.as_ref().map(ToString::to_string),
            ),
            (t!("deliveries-from"), selection.from.as_ref().map(time)),
            (t!("deliveries-until"), selection.to.as_ref().map(time)),
            (t!("deliveries-narrowed-text"), selection.text.clone()),
            (
                t!("replays-only"),
                selection.only_missing.then(|| t!("replays-only-what")),
            ),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

impl ReplayView {
    fn new(replay: &Replay, names: &NamesById, now: Timestamp) -> ReplayView {
        let facts = names.facts(&replay.wish.selection);
        let what: Vec<String> = facts.into_iter().map(|(_, value)| value).collect();
        // What matched may have grown since it was counted, or may not have been counted to its end.
        let matching = replay.matching.max(replay.looked_at);
        let (word, tone) = match replay.state {
            ReplayState::Running => (t!("replays-running"), "busy"),
            ReplayState::Finished => (t!("replays-finished"), "good"),
            ReplayState::Cancelled => (t!("replays-cancelled"), ""),
        };
        ReplayView {
            id: replay.id.to_string(),
            chip: Chip::new(word, tone),
            what: if what.is_empty() {
                t!("replays-everything")
            } else {
                what.join(" · ")
            },
            looked_at: replay.looked_at,
            matching,
            progress: if replay.at_least {
                t!(
                    "replays-progress-of-at-least",
                    done = replay.looked_at,
                    all = matching
                )
            } else {
                t!(
                    "replays-progress-of",
                    done = replay.looked_at,
                    all = matching
                )
            },
            made: replay.made,
            repeated: replay.repeated,
            per_second: replay.wish.per_second,
            version: match replay.wish.version {
                VersionChoice::Then => t!("replays-version-then"),
                VersionChoice::Now => t!("replays-version-now"),
            },
            by: retold(&replay.created_by),
            at: Moment::new(replay.created_at, now),
            ended: replay.finished_at.map(|at| Moment::new(at, now)),
            cancelled_by: replay.cancelled_by.as_deref().map(retold),
            running: replay.state == ReplayState::Running,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Language;

    #[test]
    fn the_forecast_is_a_sentence_and_a_number_for_each_part() {
        let mut left_out = LeftOut::default();
        left_out.note(Reason::OnItsWay);
        left_out.note(Reason::OnItsWay);
        let mut forecast = Forecast {
            matching: 1_312,
            arrived: 1,
            to_make: 1_309,
            left_out,
            ..Forecast::default()
        };
        assert_eq!(
            foretold(&forecast),
            "1\u{202f}312 deliveries match. 1\u{202f}309 are sent again."
        );
        let told = |parts: Vec<(String, String)>| -> Vec<String> {
            let told = parts.into_iter();
            told.map(|(label, count)| format!("{count}: {label}"))
                .collect()
        };
        assert_eq!(
            told(parts(&forecast)),
            [
                "1: Arrived already",
                "1: Left out: repeats of the same event",
                "2: Left out: still waiting or on the way",
            ]
        );
        // Nothing is told twice.
        forecast.left_out.note(Reason::Arrived);
        assert_eq!(
            told(parts(&forecast)),
            [
                "2: Left out: still waiting or on the way",
                "1: Left out: arrived already",
            ]
        );
        forecast.at_least = true;
        assert!(foretold(&forecast).starts_with("At least 1\u{202f}312 deliveries match."));
        let indonesian = Reader {
            language: Language::Indonesian,
            ..Reader::default()
        };
        let told = indonesian.reads(|| told(parts(&forecast)));
        assert_eq!(told[1], "1: Diabaikan: sudah sampai");
        assert_eq!(foretold(&Forecast::default()), "No delivery matches.");
    }
}
