//! One delivery from received to delivered: what happened, why, and what can be done; and resending, one or the selected.

use std::slice;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::audit::Actor;
use crate::domain::connection::Connection;
use crate::domain::delivery::State;
use crate::domain::destination::{Health, RequestSettings};
use crate::domain::filter::explanation::Explanation;
use crate::domain::filter::nearest::{Miss, nearest_miss};
use crate::domain::id::DeliveryId;
use crate::domain::mapping::Output;
use crate::domain::outcome::{MendedIn, Outcome, Verdict as Meaning};
use crate::flow::dry_run::{DryRun, Ruling, body_of, dry_run};
use crate::flow::hurry::hurry;
use crate::flow::snapshot::Snapshot;
use crate::flow::turn::{RULES, in_turn};
use crate::flow::{Bridge, resend as resending};
use crate::store::deliveries::{Attempt, DeliverySummary};
use crate::store::error::{StoreError, if_found};
use crate::store::log::Neighbours;
use crate::web::admission::{actor, signed_in};
use crate::web::api::id;
use crate::web::i18n::{as_short, decimal};
use crate::web::phrases::retold;
use crate::web::problem::ApiError;
use crate::web::reader::Reader;
use crate::web::ui::asking::{Ask, ask_first};
use crate::web::ui::connections::Verdict;
use crate::web::ui::curl::curl;
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::labels::{cause_word, operator_called, outcome_word, telling_status};
use crate::web::ui::log_query::{LogQuery, way_back, way_of};
use crate::web::ui::note::Note;
use crate::web::ui::page::{Page, go, render};
use crate::web::ui::query::query_value;
use crate::web::ui::row::{Chip, DeliveryRow, Moment, pretty, state_chip};
use crate::web::ui::rule_places;
use crate::web::ui::tree;
use crate::web::ui::why_not::{self, WhyNot};

/// Deliveries resent at once from the log: all that a page can hold.
pub const SELECTED_LIMIT: usize = 200;

/// A next attempt so near is waited for by whoever looks.
const SOON: SignedDuration = SignedDuration::from_secs(60);

#[derive(Template)]
#[template(path = "deliveries/show.html")]
struct ShowPage {
    page: Page,
    row: DeliveryRow,
    sentence: String,
    /// What a person can do about the last attempt.
    advice: String,
    /// A later delivery brought the same event over the same connection.
    arrived: Option<Arrival>,
    /// What can be done: `resend`, `hurry` while it still goes on by itself, `anyway` although the filter said no, `mend` the mapping,
    /// `resume` the destination, or `elsewhere` when that was deleted. Empty for who may not change anything.
    act: &'static str,
    /// Where the cause is mended, and the words of the link there.
    mend: Option<(String, String)>,
    /// The button that helps most: `mend`, `now` and `then` resend, `hurry`, `resume`; empty when it arrived later.
    primary: &'static str,
    /// That its status can be told to be final, with the status and the destination's form.
    final_hint: Option<(u16, String)>,
    may_discard: bool,
    /// It is on its way, so the page looks again.
    moving: bool,
    was_sent: bool,
    /// Nothing will be sent any more.
    is_over: bool,
    /// Its rules made nothing to send, so why comes first.
    was_kept_back: bool,
    /// Its destination is held, so that it is not resumed but let go on at once.
    is_held: bool,
    /// Its destination was deleted, which is why no button sends it again.
    cannot_be_resent: bool,
    /// What is asked before it is resent; nothing when it is sent at once.
    ask: Option<String>,
    /// An earlier one of its record that goes out first.
    behind: Option<Behind>,
    /// What the connection is changed in with this event, in the words of the link to its form, when that may help.
    change: Option<String>,
    /// The connection's present version, when it is another one.
    present_version: Option<i32>,
    timeline: Vec<TimelineStep>,
    attempts: Vec<AttemptView>,
    body: Option<String>,
    curl: Option<String>,
    event_id: String,
    version: i32,
    /// Why it was made or not, by the rules of its version.
    decision: String,
    tree: Option<String>,
    misses: Vec<MissView>,
    /// The log as it was narrowed.
    log: String,
    before: Option<String>,
    after: Option<String>,
}

/// The delivery that arrived instead of one that failed.
struct Arrival {
    id: String,
    cause: String,
    at: Moment,
}

/// The delivery of the same record that goes out before this one.
struct Behind {
    id: String,
    /// Its next attempt, while it waits for its time.
    next: Option<Moment>,
}

impl Behind {
    fn new(first: &DeliverySummary, now: Timestamp) -> Behind {
        Behind {
            id: first.id.to_string(),
            next: first.due_at.map(|due| Moment::due(due, now)),
        }
    }
}

struct TimelineStep {
    text: String,
    at: Moment,
    tone: &'static str,
    /// How long after the step before.
    gap: Option<String>,
}

/// A condition that stood in the way.
struct MissView {
    path: String,
    operator: String,
    value: Option<String>,
    should_hold: bool,
    reason: String,
}

struct AttemptView {
    number: u32,
    chip: Chip,
    sentence: String,
    advice: String,
    duration_ms: i64,
    at: Moment,
    request_line: String,
    request_headers: Vec<(String, String)>,
    status: Option<u16>,
    response_headers: Vec<(String, String)>,
    response_body: String,
    truncated: bool,
}

/// A delivery with all that its page is made from.
struct Story {
    delivery: DeliverySummary,
    attempts: Vec<Attempt>,
    /// When its event was.
    received_at: Timestamp,
    /// The number of the version that it was made by.
    version: i32,
    /// The decision by that version's rules, and what they make of the event.
    run: DryRun,
    output: Option<Output>,
    neighbours: Neighbours,
    /// Nothing when it was deleted.
    connection: Option<Connection>,
    arrived: Option<Arrival>,
    /// What goes out before it.
    behind: Option<DeliverySummary>,
}

pub async fn show(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let story = Story::load(&bridge, id(&path, "delivery")?, now).await?;
    let row = DeliveryRow::new(&story.delivery, now);
    let title = format!("{} {}", row.chip.word, row.record);
    let mut page = Page::new(&request, &user, "/deliveries", title);
    if query_value(&request, "done").as_deref() == Some("resent") {
        page.note = Some(told_of_resend(story.delivery.state));
    }
    let log = query_value(&request, "log").unwrap_or_default();
    render(&story.into_page(page, row, &log, &bridge.snapshot(), now))
}

impl Story {
    async fn load(bridge: &Bridge, id: DeliveryId, now: Timestamp) -> Result<Story, PageError> {
        let delivery = bridge.store.delivery(id).await?;
        let attempts = bridge.store.attempts(delivery.id).await?;
        let event = bridge.store.event(delivery.event_id).await?;
        let version = bridge.store.version(delivery.version_id).await?;
        let rules = bridge.rules(delivery.version_id).await?;
        let received_at = event.summary.received_at;
        let (run, output) = in_turn(&RULES, move || {
            let run = dry_run(&rules, &event.body, received_at);
            (run, body_of(&rules, &event.body).ok())
        })
        .await?;
        let run = run?;
        let neighbours = bridge.store.neighbours(&delivery).await?;
        let connection = if_found(bridge.store.connection(delivery.connection_id).await)?;
        let waits = State::TIMED.contains(&delivery.state);
        let first = if waits {
            bridge.store.waits_behind(delivery.id).await?
        } else {
            None
        };
        let behind = match first {
            // What is forgotten in this moment bars nothing any more.
            Some(first) => if_found(bridge.store.delivery(first).await)?,
            None => None,
        };
        Ok(Story {
            behind,
            arrived: arrived_later(bridge, &delivery, now).await?,
            // What the filter kept back has no body, whatever its mapping would make.
            output: output.filter(|_| delivery.state != State::Skipped),
            version: version.number,
            delivery,
            attempts,
            received_at,
            run,
            neighbours,
            connection,
        })
    }

    fn into_page(
        self,
        page: Page,
        row: DeliveryRow,
        log: &str,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> ShowPage {
        let (delivery, listens) = (&self.delivery, self.listens());
        let may_change = page.may_change();
        let act = if may_change {
            let destination = snapshot.destination(delivery.destination_id);
            let is_paused = destination.is_some_and(|to| to.health.paused.is_some());
            match act(delivery.state, self.connection.is_some(), is_paused) {
                // It would be refused.
                "resend" | "anyway" if delivery.destination_is_gone => "elsewhere",
                // It goes out by itself once what is missing is entered, and not before.
                "resume" if destination.is_some_and(|to| to.settings.cannot_send().is_some()) => {
                    "finish"
                }
                act => act,
            }
        } else {
            ""
        };
        let verdict = Verdict::new(&self.run);
        let way = way_of(log);
        let address = |id: Option<DeliveryId>| id.map(|id| format!("/deliveries/{id}{way}"));
        let connection = self.connection.as_ref();
        let mend = self.mend(act);
        ShowPage {
            primary: self.primary(act, mend.is_some()),
            mend,
            page,
            row,
            sentence: self.state_sentence(snapshot, listens),
            advice: self.advice(),
            act,
            final_hint: self.may_be_final(snapshot).filter(|_| may_change),
            may_discard: may_change && delivery.state.may_be_discarded(),
            moving: is_moving(delivery, now),
            was_sent: !self.attempts.is_empty(),
            is_over: delivery.state.is_final(),
            was_kept_back: [State::Skipped, State::MappingFailed].contains(&delivery.state),
            is_held: snapshot
                .destination(delivery.destination_id)
                .is_some_and(|to| to.health.probing().is_some()),
            cannot_be_resent: delivery.destination_is_gone
                && self.arrived.is_none()
                && matches!(
                    delivery.state,
                    State::Failed | State::Discarded | State::Delivered
                ),
            ask: self.ask(),
            behind: self.behind.as_ref().map(|first| Behind::new(first, now)),
            change: connection
                .filter(|_| may_change)
                .and_then(|connection| change(act, listens, connection)),
            present_version: self.present_version(),
            timeline: self.timeline(now),
            body: self
                .output
                .as_ref()
                .filter(|_| self.sends_body(snapshot))
                .map(|output| pretty(&output.body)),
            curl: self.curl(),
            event_id: delivery.event_id.to_string(),
            version: self.version,
            decision: self.decision(verdict.sentence),
            tree: verdict.tree,
            misses: self.misses(),
            log: way_back(log),
            before: address(self.neighbours.before),
            after: address(self.neighbours.after),
            attempts: self
                .attempts
                .into_iter()
                .map(|attempt| {
                    let is_over = delivery.ended_with(&attempt);
                    let mut view = AttemptView::new(attempt, is_over, now);
                    if is_over && self.arrived.is_some() {
                        view.advice.clear();
                    }
                    view
                })
                .collect(),
            arrived: self.arrived,
        }
    }

    /// Whether a body goes along, or went along with the last attempt.
    fn sends_body(&self, snapshot: &Snapshot) -> bool {
        if let Some(last) = self.attempts.last() {
            return !last.request_line.starts_with("GET ");
        }
        let destination = snapshot.destination(self.delivery.destination_id);
        let request = destination.and_then(|to| to.settings.endpoint.request());
        request.is_none_or(RequestSettings::sends_body)
    }

    /// The version's trigger asks for events like this one.
    fn listens(&self) -> bool {
        self.run.not_triggered.is_none()
    }

    /// What to do about the last attempt. No schedule moves what is held, and what arrived later needs no mending.
    fn advice(&self) -> String {
        let delivery = &self.delivery;
        self.attempts
            .last()
            .filter(|_| self.arrived.is_none())
            .filter(|last| delivery.state != State::Held || !last.outcome.passes_by_itself())
            .map_or_else(String::new, |last| {
                advice(&last.outcome, delivery.ended_with(last))
            })
    }

    /// What the last attempt failed of, as far as a place of its own mends it.
    fn mended_in(&self) -> Option<MendedIn> {
        let failed = [State::Failed, State::Retrying, State::Held].contains(&self.delivery.state);
        let last = self.attempts.last().filter(|_| failed)?;
        last.outcome.mended_in()
    }

    /// The status with which a destination refuses what a record holds, when it is tried again all the same, and the form that ends that.
    fn may_be_final(&self, snapshot: &Snapshot) -> Option<(u16, String)> {
        let is_of_the_record = self.mended_in() == Some(MendedIn::Mapping);
        let last = self.attempts.last().filter(|_| is_of_the_record)?;
        let Outcome::Answered { status, .. } = last.outcome else {
            return None;
        };
        let destination = snapshot.destination(self.delivery.destination_id)?;
        let request = destination.settings.endpoint.request()?;
        let form = format!("/destinations/{}/edit#final_statuses", destination.id);
        (self.arrived.is_none() && !request.is_final(status)).then_some((status, form))
    }

    /// Where the cause is mended; nothing of what arrived later.
    fn mend(&self, act: &str) -> Option<(String, String)> {
        let delivery = &self.delivery;
        let builder = || {
            let (connection, event) = (delivery.connection_id, delivery.event_id);
            format!(
                "/connections/{connection}/edit?sample={event}&delivery={}",
                delivery.id
            )
        };
        let edit = || format!("/destinations/{}/edit", delivery.destination_id);
        match (act, self.mended_in()) {
            ("mend", _) => Some((builder(), t!("deliveries-mend"))),
            ("finish", _) => Some((edit(), t!("destinations-edit-title"))),
            ("" | "elsewhere", _) => None,
            _ if self.arrived.is_some() => None,
            (_, Some(MendedIn::Mapping)) if self.connection.is_some() => {
                Some((builder(), t!("deliveries-mend-with")))
            }
            (_, Some(MendedIn::Destination)) if !delivery.destination_is_gone => {
                Some((edit(), t!("destinations-edit-title")))
            }
            _ => None,
        }
    }

    /// Once the rules were changed, those of then repeat the mistake; before that, its mending comes first.
    fn primary(&self, act: &'static str, is_mendable: bool) -> &'static str {
        let is_of_the_rules = match self.delivery.state {
            State::Failed | State::MappingFailed => true,
            State::Retrying => self.mended_in() == Some(MendedIn::Mapping),
            _ => false,
        };
        match act {
            "resume" => "resume",
            "finish" => "mend",
            "mend" | "resend" | "hurry" if self.arrived.is_some() => "",
            "mend" | "resend" | "hurry" if is_of_the_rules && self.present_version().is_some() => {
                "now"
            }
            "mend" | "resend" | "hurry" if is_mendable => "mend",
            "resend" => "then",
            "hurry" => "hurry",
            _ => "",
        }
    }

    /// What its state means, and what to know of it.
    fn state_sentence(&self, snapshot: &Snapshot, listens: bool) -> String {
        let (delivery, attempts) = (&self.delivery, &self.attempts);
        let last = attempts
            .last()
            .map(|attempt| retold(&attempt.outcome.sentence()))
            .unwrap_or_default();
        let problem =
            rule_places::mapping_sentence(delivery.problem.as_deref().unwrap_or_default());
        match delivery.state {
            State::Skipped if !listens => t!("deliveries-is-not-listened"),
            State::Skipped => t!("deliveries-is-skipped"),
            State::MappingFailed => format!("{} {problem}", t!("deliveries-is-mapping-failed")),
            State::Queued if self.behind.is_some() => t!("deliveries-is-behind"),
            State::Retrying if self.behind.is_some() => {
                format!("{last} {}", t!("deliveries-is-behind"))
            }
            State::Queued => t!("deliveries-is-queued"),
            State::Held => why_held(snapshot, delivery),
            State::Sending => leased(snapshot, delivery),
            State::Retrying => format!("{last} {}", t!("deliveries-is-retrying")),
            State::Delivered => last,
            // The advice on its last attempt goes on.
            State::Failed if !attempts.is_empty() => format!("{last}{problem}"),
            State::Failed => format!("{problem} {}", t!("deliveries-is-failed")),
            State::Discarded => problem,
        }
    }

    fn timeline(&self, now: Timestamp) -> Vec<TimelineStep> {
        let (delivery, received) = (&self.delivery, self.received_at);
        let mut steps: Vec<(String, Timestamp, &'static str)> =
            vec![(t!("deliveries-received"), received, "")];
        if delivery.created_at != received {
            let made = match cause_word(delivery.cause) {
                None => t!("deliveries-made"),
                Some(cause) => t!("deliveries-made-as", cause = cause),
            };
            steps.push((made, delivery.created_at, ""));
        }
        for attempt in &self.attempts {
            let tone = tone_of(attempt);
            let text = t!(
                "deliveries-attempt-was",
                number = attempt.number,
                outcome = retold(&attempt.outcome.sentence()),
                ms = attempt.duration_ms
            );
            steps.push((text, attempt.started_at, tone));
        }
        let chip = state_chip(delivery.state);
        match (delivery.due_at, delivery.finished_at) {
            (Some(due), _) if due <= now && self.behind.is_some() => {
                steps.push((t!("deliveries-next-behind"), now, "busy"));
            }
            (Some(due), _) if due <= now => steps.push((t!("deliveries-next-due"), now, "busy")),
            (Some(due), _) => steps.push((t!("deliveries-next-attempt"), due, "busy")),
            (None, Some(finished)) => steps.push((chip.word, finished, chip.tone)),
            (None, None) => {}
        }
        let times: Vec<Timestamp> = steps.iter().map(|(_, at, _)| *at).collect();
        steps
            .into_iter()
            .enumerate()
            .map(|(number, (text, at, tone))| TimelineStep {
                text,
                at: Moment::new(at, now),
                tone,
                gap: number
                    .checked_sub(1)
                    .and_then(|before| times.get(before))
                    .and_then(|before| length(at.duration_since(*before).as_millis() as i64)),
            })
            .collect()
    }

    fn ask(&self) -> Option<String> {
        match self.delivery.state {
            State::Skipped if self.listens() => Some(t!("deliveries-anyway-ask")),
            State::Skipped => Some(t!("deliveries-not-listened-ask")),
            State::Delivered => Some(t!("deliveries-delivered-ask")),
            _ => None,
        }
    }

    fn present_version(&self) -> Option<i32> {
        self.connection
            .as_ref()
            .map(|connection| &connection.version)
            .filter(|present| present.id != self.delivery.version_id)
            .map(|present| present.number)
    }

    /// The last attempt as a command.
    fn curl(&self) -> Option<String> {
        let (attempt, output) = self.attempts.last().zip(self.output.as_ref())?;
        curl(attempt, &output.body)
    }

    /// Why it was made or not; `verdict` tells it of what was not.
    fn decision(&self, verdict: String) -> String {
        match self.run.decision {
            Ruling::Deliver => passed(&self.run.explanation),
            // Why no body could be made is said first of all.
            Ruling::Fail if self.delivery.state == State::MappingFailed => {
                passed(&self.run.explanation)
            }
            Ruling::Skip | Ruling::Fail => verdict,
        }
    }

    fn misses(&self) -> Vec<MissView> {
        if !self.listens() {
            return Vec::new();
        }
        let misses = nearest_miss(&self.run.explanation);
        misses.iter().map(MissView::new).collect()
    }
}

pub async fn resend(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let (id, actor) = (id(&path, "delivery")?, actor(&request));
    if let Some(asked) = ask_whether(&request, &bridge, id).await? {
        return Ok(asked);
    }
    let new = match form.text("version") {
        "now" => resending::resend_by_present_rules(&bridge, &actor, id).await?,
        _ => resending::resend(&bridge, &actor, id).await?,
    };
    Ok(go(format!("/deliveries/{new}?done=resent")))
}

/// Whoever sends what the filter kept back, or what arrived already, is asked first.
async fn ask_whether(
    request: &HttpRequest,
    bridge: &Bridge,
    id: DeliveryId,
) -> Result<Option<HttpResponse>, PageError> {
    let delivery = bridge.store.delivery(id).await?;
    let ask = |question: String, button: String| Ask {
        section: "/deliveries",
        question,
        button,
        back: format!("/deliveries/{id}"),
    };
    match delivery.state {
        State::Skipped => {}
        State::Delivered => {
            let ask = ask(t!("deliveries-delivered-ask"), t!("deliveries-resend"));
            return ask_first(request, ask);
        }
        _ => return Ok(None),
    }
    let reasons = why_not::reasons(bridge, slice::from_ref(&delivery)).await?;
    let question = match reasons.get(&id) {
        Some(WhyNot::NotTriggered) => t!("deliveries-not-listened-ask"),
        Some(WhyNot::Filter(_)) | None => t!("deliveries-anyway-ask"),
    };
    ask_first(request, ask(question, t!("deliveries-anyway")))
}

/// Makes the next attempt now.
pub async fn try_now(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: DeliveryId = id(&path, "delivery")?;
    hurry(&bridge, &actor(&request), id).await?;
    Ok(go(format!("/deliveries/{id}?done=hurried")))
}

/// Resends what was selected in the log, each by the version it had; what still waits is tried now instead, or it would arrive twice.
pub async fn resend_selected(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let ids: Vec<DeliveryId> = form
        .all("id")
        .into_iter()
        .map(|text| id(text, "delivery"))
        .collect::<Result<_, _>>()?;
    if ids.len() > SELECTED_LIMIT {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "too_many",
            t!(
                "deliveries-too-many",
                count = ids.len(),
                limit = SELECTED_LIMIT
            ),
        )
        .into());
    }
    let (mut sent, actor) = (Selected::default(), actor(&request));
    // The oldest first, as they came in.
    for id in ids.iter().rev() {
        if let Err(error) = sent.take(&bridge, &actor, *id).await {
            // What was made must be told, or it is made twice.
            tracing::warn!(%error, "resending what was selected ended early");
            break;
        }
    }
    let unsent = ids.len() - sent.all();
    let Selected {
        made,
        hurried,
        left,
        refused,
    } = sent;
    let (count, held) = (made.len(), held_among(&bridge, made).await);
    let log = LogQuery::parse(form.text("log")).href();
    let joint = if log.contains('?') { '&' } else { '?' };
    Ok(go(format!(
        "{log}{joint}done=resent_many&count={count}&held={held}&hurried={hurried}&left={left}&refused={refused}&unsent={unsent}"
    )))
}

/// What became of the deliveries that were selected.
#[derive(Default)]
struct Selected {
    /// The new ones, of those that were finished.
    made: Vec<DeliveryId>,
    /// Waited, and are tried now.
    hurried: usize,
    /// Are being sent, or wait for a destination that gets nothing now or behind another one of their record.
    left: usize,
    refused: usize,
}

impl Selected {
    fn all(&self) -> usize {
        self.made.len() + self.hurried + self.left + self.refused
    }

    async fn take(
        &mut self,
        bridge: &Bridge,
        actor: &Actor,
        id: DeliveryId,
    ) -> Result<(), StoreError> {
        let state = match bridge.store.delivery(id).await {
            Ok(delivery) => delivery.state,
            Err(StoreError::NotFound(_)) => {
                self.refused += 1;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let is_timed = State::TIMED.contains(&state);
        if is_timed && bridge.store.waits_behind(id).await?.is_some() {
            // It goes out after the one before it, whenever it is due.
            self.left += 1;
        } else if is_timed {
            match hurry(bridge, actor, id).await {
                Ok(()) => self.hurried += 1,
                // Its destination is paused, or it is being sent by now.
                Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => self.left += 1,
                Err(error) => return Err(error),
            }
        } else if state.is_final() {
            match resending::resend(bridge, actor, id).await {
                Ok(new) => self.made.push(new),
                Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => self.refused += 1,
                Err(error) => return Err(error),
            }
        } else {
            self.left += 1;
        }
        Ok(())
    }
}

/// How many wait because their destination is held. One that cannot be read is not counted: that it was made must be told, or it is made twice.
async fn held_among(bridge: &Bridge, made: Vec<DeliveryId>) -> usize {
    let mut held = 0;
    for id in made {
        let new = bridge.store.delivery(id).await;
        held += usize::from(new.is_ok_and(|new| new.state == State::Held));
    }
    held
}

pub async fn discard(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: DeliveryId = id(&path, "delivery")?;
    let ask = Ask {
        section: "/deliveries",
        question: t!("deliveries-give-up-ask"),
        button: t!("deliveries-give-up"),
        back: format!("/deliveries/{id}"),
    };
    if let Some(asked) = ask_first(&request, ask)? {
        return Ok(asked);
    }
    resending::discard(&bridge, &actor(&request), id).await?;
    Ok(go(format!("/deliveries/{id}?done=discarded")))
}

/// The first later delivery by which the event of a failed one arrived after all.
async fn arrived_later(
    bridge: &Bridge,
    failed: &DeliverySummary,
    now: Timestamp,
) -> Result<Option<Arrival>, StoreError> {
    let arrived = why_not::arrived(bridge, slice::from_ref(failed)).await?;
    let Some(later) = arrived.get(&failed.id) else {
        return Ok(None);
    };
    let arrived = if_found(bridge.store.delivery(*later).await)?;
    Ok(arrived.map(|arrived| Arrival {
        id: arrived.id.to_string(),
        cause: cause_word(arrived.cause).unwrap_or_else(|| t!("shared-cause-resend")),
        at: Moment::new(arrived.finished_at.unwrap_or(arrived.created_at), now),
    }))
}

/// Whether something happens while one looks.
fn is_moving(delivery: &DeliverySummary, now: Timestamp) -> bool {
    let is_due = |due: Timestamp| due.duration_since(now) < SOON;
    let is_soon = delivery.state == State::Retrying && delivery.due_at.is_some_and(is_due);
    delivery.state.is_moving() || is_soon
}

fn act(state: State, has_connection: bool, is_paused: bool) -> &'static str {
    match state {
        // By the rules that it had, it fails again.
        State::MappingFailed if !has_connection => "",
        State::Skipped => "anyway",
        State::MappingFailed => "mend",
        State::Held => "resume",
        // What is put off waits longer than that for a paused destination.
        State::Queued | State::Retrying if is_paused => "resume",
        State::Queued | State::Sending | State::Retrying => "hurry",
        State::Delivered | State::Failed | State::Discarded => "resend",
    }
}

/// The words of the link to the connection's form; none where it has nothing to change.
fn change(act: &str, listens: bool, connection: &Connection) -> Option<String> {
    match act {
        "mend" => Some(t!("deliveries-mend-with")),
        _ if !listens => Some(t!("deliveries-change-trigger")),
        _ if !connection.version.rules.filter.is_null() => Some(t!("deliveries-change-filter")),
        _ => None,
    }
}

/// Where the new delivery stands.
fn told_of_resend(state: State) -> Note {
    match state {
        State::Delivered => Note::good(t!("deliveries-resent-delivered")),
        State::MappingFailed => Note::bad(t!("deliveries-resent-mapping-failed")),
        State::Held => Note::warn(t!("deliveries-resent-held")),
        State::Failed | State::Retrying => Note::bad(t!("deliveries-resent-failed")),
        State::Queued | State::Sending => Note::good(t!("deliveries-resent")),
        State::Skipped | State::Discarded => Note::warn(t!("deliveries-resent-not")),
    }
}

/// What a person can do about an attempt; `is_over` when none follows although it failed.
fn advice(outcome: &Outcome, is_over: bool) -> String {
    let told: Vec<String> = outcome.advice_on(is_over).into_iter().map(retold).collect();
    told.join(" ")
}

/// Why the filter let an event through.
fn passed(explanation: &Explanation) -> String {
    match explanation.tally().0 {
        0 => t!("deliveries-passes"),
        _ => t!("deliveries-matched", reasons = tree::sentence(explanation)),
    }
}

/// It is claimed, and may yet wait here until the destination takes it.
fn leased(snapshot: &Snapshot, delivery: &DeliverySummary) -> String {
    let Some(destination) = snapshot.destination(delivery.destination_id) else {
        return t!("deliveries-is-sending");
    };
    let limits = &destination.settings.limits;
    match limits.per_second {
        Some(rate) => t!(
            "deliveries-is-sending-at-rate",
            rate = as_short(rate),
            count = limits.concurrency
        ),
        None => t!("deliveries-is-sending-at-once", count = limits.concurrency),
    }
}

/// Why it waits, and until when.
fn why_held(snapshot: &Snapshot, delivery: &DeliverySummary) -> String {
    let destination = snapshot.destination(delivery.destination_id);
    let health = destination.map(|destination| &destination.health);
    let is_unfinished = destination.is_some_and(|to| to.is_unfinished());
    let reason = health
        .and_then(|health| health.paused.as_ref())
        .map_or_else(String::new, |paused| retold(&paused.reason));
    match health.and_then(Health::probing) {
        Some(probing) => {
            let time = Reader::present().clock(probing.at, "%H:%M:%S %Z");
            t!("deliveries-is-held", reason = reason, time = time)
        }
        None if is_unfinished => t!("deliveries-is-unfinished", reason = reason),
        None => t!("deliveries-is-paused", reason = reason),
    }
}

/// A length of time in words that fit a line; `None` when it is nothing worth telling.
fn length(ms: i64) -> Option<String> {
    Some(match ms {
        ..=0 => return None,
        1..1_000 => t!("deliveries-length-ms", number = ms),
        1_000..60_000 => {
            t!(
                "deliveries-length-s",
                number = decimal(ms as f64 / 1_000.0, 1)
            )
        }
        60_000..3_600_000 => t!("deliveries-length-min", number = ms / 60_000),
        3_600_000..172_800_000 => t!("deliveries-length-h", number = ms / 3_600_000),
        _ => t!("deliveries-length-days", number = ms / 86_400_000),
    })
}

fn tone_of(attempt: &Attempt) -> &'static str {
    match attempt.outcome.verdict() {
        Meaning::Delivered => "good",
        _ => "bad",
    }
}

impl MissView {
    fn new(miss: &Miss<'_>) -> MissView {
        MissView {
            path: miss.path.to_string(),
            operator: operator_called(miss.op),
            value: match miss.value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
            should_hold: miss.should_hold,
            reason: tree::reason(miss.reason),
        }
    }
}

impl AttemptView {
    fn new(attempt: Attempt, is_over: bool, now: Timestamp) -> AttemptView {
        let (code, status) = (attempt.outcome.code(), attempt.outcome.status());
        let tone = tone_of(&attempt);
        let said = telling_status(code, status).map_or_else(
            || outcome_word(code),
            |status| t!("shared-status", status = status.to_string()),
        );
        AttemptView {
            number: attempt.number,
            chip: Chip::new(said, tone),
            sentence: retold(&attempt.outcome.sentence()),
            advice: advice(&attempt.outcome, is_over),
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
