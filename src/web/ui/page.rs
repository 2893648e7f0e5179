//! What every page has: the visitor, the mark for its forms, the note after something was done, times, state chips, and error pages.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use jiff::{SignedDuration, Timestamp};

use crate::domain::catalogue::{CatalogueEvent, EVENTS, label};
use crate::domain::delivery::{Cause, State};
use crate::domain::person::{Language, Role, User};
use crate::domain::problem::Problem;
use crate::flow::Bridge;
use crate::store::deliveries::DeliverySummary;
use crate::store::error::StoreError;
use crate::web::Site;
use crate::web::auth::{cookie_of, form_mark, full_session};
use crate::web::i18n::Key;
use crate::web::phrases::retold;
use crate::web::problem::ApiError;
use crate::web::reader::Reader;
use crate::web::ui::assets::href;
use crate::web::ui::fields::Field;
use crate::web::ui::labels::outcome_word;
use crate::web::ui::next::own_path;
use crate::web::ui::why_not::Told;

/// How an exact time is written: the zone stands with it.
pub const EXACT: &str = "%Y-%m-%d %H:%M:%S %Z";

/// The word in `?done=` for a form that came after its session had ended.
pub const UNSAVED: &str = "unsaved";

/// What was done, by the word in `?done=`; nothing of the address itself is shown.
const NOTES: [(&str, Key); 22] = [
    ("saved", key!("shared-note-saved")),
    ("added", key!("shared-note-added")),
    ("deleted", key!("shared-note-deleted")),
    ("restored", key!("shared-note-restored")),
    ("imported", key!("shared-note-imported")),
    ("changed_by_import", key!("shared-note-changed-by-import")),
    ("enabled", key!("shared-note-enabled")),
    ("disabled", key!("shared-note-disabled")),
    ("locked_out", key!("shared-note-locked-out")),
    ("let_in", key!("shared-note-let-in")),
    ("duplicated", key!("shared-note-duplicated")),
    ("discarded", key!("shared-note-discarded")),
    ("replay", key!("shared-note-replay")),
    ("cancelled", key!("shared-note-cancelled")),
    ("paused", key!("shared-note-paused")),
    ("resumed", key!("shared-note-resumed")),
    ("revoked", key!("shared-note-revoked")),
    ("password", key!("shared-note-password")),
    ("welcome", key!("shared-note-welcome")),
    ("withdrawn", key!("shared-note-withdrawn")),
    ("session_ended", key!("shared-note-session-ended")),
    ("second_factor_off", key!("shared-note-second-factor-off")),
];

/// The frame of a page.
pub struct Page {
    pub title: String,
    pub section: &'static str,
    pub visitor: Option<Visitor>,
    /// Mark that every form carries.
    pub csrf: String,
    pub note: Option<Note>,
    pub reader: Reader,
    /// The path of this page, for forms that lead back to it.
    pub here: String,
}

/// What a page says first, after something was done.
pub struct Note {
    pub text: String,
    /// good, warn or bad, as for a [`Chip`].
    pub tone: &'static str,
}

impl Note {
    pub fn good(text: String) -> Note {
        Note { text, tone: "good" }
    }

    pub fn warn(text: String) -> Note {
        Note { text, tone: "warn" }
    }

    pub fn bad(text: String) -> Note {
        Note { text, tone: "bad" }
    }
}

/// A main section: an entry of the navigation.
pub struct Section {
    pub href: &'static str,
    pub name: Key,
    /// Its symbol in `static/icons.svg`.
    pub icon: &'static str,
}

/// The main sections in their order.
const SECTIONS: &[Section] = &[
    Section::new("/", key!("shared-section-overview"), "overview"),
    Section::new(
        "/connections",
        key!("shared-section-connections"),
        "connections",
    ),
    Section::new(
        "/deliveries",
        key!("shared-section-deliveries"),
        "deliveries",
    ),
    Section::new("/replays", key!("shared-section-replays"), "replays"),
    Section::new("/events", key!("shared-section-events"), "events"),
    Section::new("/sources", key!("shared-section-sources"), "sources"),
    Section::new(
        "/destinations",
        key!("shared-section-destinations"),
        "destinations",
    ),
    Section::new("/settings", key!("shared-section-settings"), "settings"),
];

impl Section {
    const fn new(href: &'static str, name: Key, icon: &'static str) -> Section {
        Section { href, name, icon }
    }
}

/// Who is signed in.
pub struct Visitor {
    pub name: String,
    pub email: String,
    pub role: Role,
}

impl Page {
    /// The frame for a signed-in user.
    pub fn new(
        request: &HttpRequest,
        user: &User,
        section: &'static str,
        title: impl Into<String>,
    ) -> Page {
        let cookie = cookie_of(request).unwrap_or_default();
        let mut page = Page::for_stranger(request, &cookie, title);
        page.section = section;
        page.note = note(request);
        page.visitor = Some(Visitor {
            name: user.name.clone(),
            email: user.email.clone(),
            role: user.role,
        });
        page
    }

    /// The frame for somebody who has not signed in.
    pub fn for_stranger(request: &HttpRequest, cookie: &str, title: impl Into<String>) -> Page {
        let here = request.uri().path_and_query();
        Page {
            csrf: form_mark(cookie),
            here: here.map_or("/", |here| own_path(here.as_str())).to_string(),
            ..Page::bare(title)
        }
    }

    /// The frame when nothing is known of who asks for what: it has no form.
    fn bare(title: impl Into<String>) -> Page {
        Page {
            title: title.into(),
            section: "",
            visitor: None,
            csrf: String::new(),
            note: None,
            reader: Reader::present(),
            here: String::new(),
        }
    }

    /// Languages to choose from, by whoever may: an account chooses in its settings.
    pub fn languages(&self) -> Vec<Language> {
        match self.visitor.is_none() && !self.csrf.is_empty() {
            true => Language::ALL.into(),
            false => Vec::new(),
        }
    }

    /// Whether the visitor may change what the page shows; others are not offered what would be refused.
    pub fn may_change(&self) -> bool {
        let visitor = self.visitor.as_ref();
        visitor.is_some_and(|visitor| visitor.role >= Role::Editor)
    }

    /// The name of the time zone that times are in.
    pub fn zone(&self) -> &str {
        self.reader.zone_name()
    }

    /// The main sections in their order.
    pub fn sections(&self) -> &'static [Section] {
        SECTIONS
    }

    /// Whether the page belongs to the section.
    pub fn is_in(&self, section: &Section) -> bool {
        self.section == section.href
    }

    /// The address of a static file.
    pub fn asset(&self, name: &str) -> String {
        href(name)
    }
}

/// What is said for the word in `?done=`.
pub fn note(request: &HttpRequest) -> Option<Note> {
    let done = query_value(request, "done")?;
    if done == "resent_many" {
        let number = |name: &str| query_value(request, name).and_then(|text| text.parse().ok());
        return Some(resent_many(
            number("count")?,
            number("held").unwrap_or(0),
            number("refused").unwrap_or(0),
            number("unsent").unwrap_or(0),
        ));
    }
    if done == UNSAVED {
        return Some(Note::warn(t!("shared-note-unsaved")));
    }
    let found = NOTES.iter().find(|(word, _)| *word == done);
    found.map(|(_, sentence)| Note::good(sentence.to_string()))
}

fn resent_many(count: u32, held: u32, refused: u32, unsent: u32) -> Note {
    if count + refused + unsent == 0 {
        return Note::warn(t!("shared-note-none-ticked"));
    }
    let mut told = vec![t!("shared-note-resent-many", count = count)];
    if held > 0 {
        told.push(t!("shared-note-resent-held", count = held));
    }
    if refused > 0 {
        told.push(t!("shared-note-refused", count = refused));
    }
    if unsent > 0 {
        told.push(t!("shared-note-unsent", count = unsent));
    }
    let told = told.join(" ");
    match (unsent, held + refused) {
        (0, 0) => Note::good(told),
        (0, _) => Note::warn(told),
        _ => Note::bad(told),
    }
}

/// Which page of a list the address asks for.
pub fn window<Id: std::str::FromStr>(
    request: &HttpRequest,
    limit: i64,
) -> Result<crate::store::events::Page<Id>, ApiError> {
    let read = |name: &str| match query_value(request, name) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_query",
                t!("shared-error-bad-page"),
            )
        }),
    };
    Ok(crate::store::events::Page {
        before: read("before")?,
        after: read("after")?,
        limit,
    })
}

/// One value of the query.
pub fn query_value(request: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Renders a page.
pub fn render(page: &impl Template) -> Result<HttpResponse, PageError> {
    render_with(StatusCode::OK, page)
}

/// Renders a page that is shown again because something must be mended.
pub fn render_again(page: &impl Template) -> Result<HttpResponse, PageError> {
    render_with(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// Renders a page with a status of its own.
pub fn render_with(status: StatusCode, page: &impl Template) -> Result<HttpResponse, PageError> {
    let html = page.render().map_err(|error| ApiError::internal(&error))?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// Goes to another page after something was done. `to` is always an address of ours.
pub fn go(to: impl AsRef<str>) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, to.as_ref()))
        .finish()
}

/// What a page shows instead of itself.
#[derive(Debug)]
pub enum PageError {
    Shown(ApiError),
    /// Go there first.
    Elsewhere(String),
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> PageError {
        PageError::Shown(error)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> PageError {
        PageError::Shown(error.into())
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PageError::Shown(error) => error.fmt(f),
            PageError::Elsewhere(to) => write!(f, "see {to}"),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: Page,
    detail: &'a str,
}

impl PageError {
    /// The error for somebody who is signed in: it keeps the navigation, and their language.
    pub fn shown_to(&self, request: &HttpRequest, user: &User) -> HttpResponse {
        match self {
            PageError::Elsewhere(to) => go(to),
            PageError::Shown(error) => Reader::present().signed_in(user).reads(|| {
                let page = Page::new(request, user, "", error_title(error.status));
                error_page(error, page)
            }),
        }
    }
}

fn error_title(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("Error");
    told!("error-title-", status.as_str(), reason)
}

fn error_page(error: &ApiError, page: Page) -> HttpResponse {
    let detail = retold(&error.detail);
    let shown = ErrorPage {
        page,
        detail: &detail,
    };
    let html = shown.render().unwrap_or_else(|_| detail.clone());
    HttpResponse::build(error.status)
        .content_type("text/html; charset=utf-8")
        .body(html)
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            PageError::Shown(error) => error.status,
            PageError::Elsewhere(_) => StatusCode::SEE_OTHER,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            PageError::Elsewhere(to) => go(to),
            PageError::Shown(error) => error_page(error, Page::bare(error_title(error.status))),
        }
    }
}

/// The page for an address that nothing has.
pub async fn not_found(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let missing = || {
        let detail = t!("shared-error-no-page");
        PageError::from(ApiError::new(StatusCode::NOT_FOUND, "no_page", detail))
    };
    // Whoever cannot be looked up is not taken for a stranger.
    match full_session(&request, &bridge).await? {
        None => Err(missing()),
        Some((_, user)) => {
            let reader = Reader::present().signed_in(&user);
            Ok(reader.reads(missing).shown_to(&request, &user))
        }
    }
}

/// A point in time, ready to be shown.
#[derive(Debug, Clone)]
pub struct Moment {
    pub rfc3339: String,
    pub relative: String,
    pub exact: String,
}

impl Moment {
    /// `at`, as seen from `now`, by the reader's clock.
    pub fn new(at: Timestamp, now: Timestamp) -> Moment {
        Moment {
            rfc3339: at.to_string(),
            relative: relative(at.duration_since(now)),
            exact: Reader::present().clock(at, EXACT),
        }
    }
}

/// Worded as `Intl.RelativeTimeFormat` does it in `static/app.js`, which goes on with it.
fn relative(from_now: SignedDuration) -> String {
    let seconds = from_now.as_secs();
    let (is_past, distance_s) = (seconds < 0, seconds.unsigned_abs());
    match (distance_s, is_past) {
        (0..=4, _) => t!("shared-time-now"),
        (s @ 5..=59, true) => t!("shared-time-ago-second", count = s),
        (s @ 60..=3_599, true) => t!("shared-time-ago-minute", count = s / 60),
        (s @ 3_600..=86_399, true) => t!("shared-time-ago-hour", count = s / 3_600),
        (s, true) => t!("shared-time-ago-day", count = s / 86_400),
        (s @ 5..=59, false) => t!("shared-time-in-second", count = s),
        (s @ 60..=3_599, false) => t!("shared-time-in-minute", count = s / 60),
        (s @ 3_600..=86_399, false) => t!("shared-time-in-hour", count = s / 3_600),
        (s, false) => t!("shared-time-in-day", count = s / 86_400),
    }
}

/// A state: a word with a colour.
#[derive(Debug, Clone)]
pub struct Chip {
    pub word: String,
    pub tone: &'static str,
}

impl Chip {
    /// A word in a tone: good, bad, warn, busy, or none.
    pub fn new(word: impl Into<String>, tone: &'static str) -> Chip {
        Chip {
            word: word.into(),
            tone,
        }
    }
}

/// The word and tone of a delivery's state.
pub fn state_chip(state: State) -> Chip {
    let (word, tone) = match state {
        State::Skipped => (t!("shared-state-skipped"), ""),
        State::MappingFailed => (t!("shared-state-mapping-failed"), "bad"),
        State::Queued => (t!("shared-state-queued"), "busy"),
        State::Held => (t!("shared-state-held"), "warn"),
        State::Sending => (t!("shared-state-sending"), "busy"),
        State::Retrying => (t!("shared-state-retrying"), "warn"),
        State::Delivered => (t!("shared-state-delivered"), "good"),
        State::Failed => (t!("shared-state-failed"), "bad"),
        State::Discarded => (t!("shared-state-discarded"), ""),
    };
    Chip::new(word, tone)
}

/// One line of a list of deliveries.
pub struct DeliveryRow {
    pub id: String,
    /// What its link carries, so that the way back leads to the log as it was narrowed.
    pub way: String,
    pub chip: Chip,
    pub detail: Option<String>,
    /// Why it was skipped, or could not be mapped.
    pub why_not: Option<Told>,
    pub record: String,
    pub event: String,
    pub cause: Option<String>,
    pub connection_id: String,
    pub connection: String,
    pub destination_id: String,
    pub destination: String,
    pub attempts: u32,
    pub at: Moment,
    pub next: Option<Moment>,
}

impl DeliveryRow {
    pub fn new(delivery: &DeliverySummary, now: Timestamp) -> DeliveryRow {
        DeliveryRow {
            id: delivery.id.to_string(),
            way: String::new(),
            chip: state_chip(delivery.state),
            detail: match (delivery.last_status, &delivery.last_outcome) {
                (Some(status), _) => Some(status.to_string()),
                (None, Some(code)) => Some(outcome_word(code)),
                (None, None) => None,
            },
            why_not: None,
            record: title_of(
                delivery.record_title.as_deref(),
                delivery.record_id.as_deref(),
            ),
            event: event_label(&delivery.event_type),
            cause: cause_word(delivery.cause),
            connection_id: delivery.connection_id.to_string(),
            connection: delivery.connection_name.clone(),
            destination_id: delivery.destination_id.to_string(),
            destination: delivery.destination_name.clone(),
            attempts: delivery.attempts,
            at: Moment::new(delivery.created_at, now),
            next: delivery
                .due_at
                .filter(|_| delivery.state == State::Retrying)
                .map(|due| Moment::new(due, now)),
        }
    }
}

/// What an event is called.
pub fn event_label(event_type: &str) -> String {
    told!("catalogue-", event_type, label(event_type))
}

/// The event that somebody calls so: by Blue's name or by ours, in the reader's language or in English, in any case. Other names are as they are.
pub fn event_type_called(name: &str) -> String {
    let called = name.trim().to_lowercase();
    let is_meant = |event: &&CatalogueEvent| {
        let names = [event.id.into(), event.label.into(), event_label(event.id)];
        names
            .iter()
            .any(|name: &String| name.to_lowercase() == called)
    };
    let meant = EVENTS.iter().find(is_meant);
    meant.map_or_else(|| name.trim().to_string(), |event| event.id.to_string())
}

/// Why a delivery was made, when it is not for its event alone.
pub fn cause_word(cause: Cause) -> Option<String> {
    match cause {
        Cause::Event => None,
        Cause::Resend => Some(t!("shared-cause-resend")),
        Cause::Replay => Some(t!("shared-cause-replay")),
        Cause::Test => Some(t!("shared-cause-test")),
    }
}

/// What a record is called.
pub fn title_of(title: Option<&str>, id: Option<&str>) -> String {
    title
        .filter(|title| !title.trim().is_empty())
        .or(id)
        .unwrap_or("–")
        .to_string()
}

/// A problem of a form: where, and what to do.
#[derive(Debug, Clone)]
pub struct FormProblem {
    /// Where in the document, as the API says it.
    pub place: String,
    /// Where in what stands there.
    pub position: String,
    /// The same place as the form shows it.
    pub field: Option<Field>,
    pub message: String,
}

impl FormProblem {
    /// A problem with one field.
    pub fn at(place: &str, message: impl AsRef<str>) -> FormProblem {
        FormProblem {
            place: place.into(),
            position: String::new(),
            field: Field::at(place),
            message: retold(message.as_ref()),
        }
    }

    /// A problem with the form as a whole.
    pub fn plain(message: impl AsRef<str>) -> FormProblem {
        FormProblem::at("", message)
    }
}

impl From<&Problem> for FormProblem {
    fn from(problem: &Problem) -> FormProblem {
        let at = problem
            .position
            .map(|position| format!(" {}", t!("shared-at-character", position = position + 1)))
            .unwrap_or_default();
        FormProblem {
            position: at,
            ..FormProblem::at(problem.pointer.trim_start_matches('/'), &problem.message)
        }
    }
}

/// What a form must show of an error, or the error when it is not about the form.
pub fn mendable(error: ApiError) -> Result<Vec<FormProblem>, PageError> {
    match error.status {
        StatusCode::UNPROCESSABLE_ENTITY if !error.problems.is_empty() => {
            Ok(error.problems.iter().map(FormProblem::from).collect())
        }
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT | StatusCode::BAD_REQUEST => {
            Ok(vec![FormProblem::plain(error.detail)])
        }
        _ => Err(error.into()),
    }
}

/// The visitor's cookie, and the one to set when there was none.
pub fn visit_cookie(
    request: &HttpRequest,
    site: &Site,
) -> (String, Option<actix_web::cookie::Cookie<'static>>) {
    match cookie_of(request) {
        Some(cookie) => (cookie, None),
        None => {
            let (token, _) = crate::web::auth::new_token("");
            let cookie = crate::web::auth::session_cookie(&token, site);
            (token, Some(cookie))
        }
    }
}

/// What the address of a list says of one visit alone.
const PASSING: [&str; 7] = [
    "before", "after", "done", "count", "held", "refused", "unsent",
];

/// Links to the pages beside this one.
#[derive(Debug, Default)]
pub struct Pager {
    pub newer: Option<String>,
    pub older: Option<String>,
    /// Where a look that ended early goes on.
    pub further: Option<String>,
}

impl Pager {
    /// Links for a page that shows the rows from `first` to `last`, keeping the rest of the query; `has_more` when the list goes on in the
    /// direction of the walk.
    pub fn new(
        request: &HttpRequest,
        first: Option<String>,
        last: Option<String>,
        has_more: bool,
    ) -> Pager {
        let walked = query_value(request, "before").is_some();
        let came_up = query_value(request, "after").is_some();
        Pager {
            newer: first
                .filter(|_| walked || (came_up && has_more))
                .map(|id| beside(request, Some(("after", &id)))),
            older: last
                .filter(|_| has_more || came_up)
                .map(|id| beside(request, Some(("before", &id)))),
            further: None,
        }
    }

    /// Adds the links of a look that ended early, at `looked_to`: it goes on from there in its direction, and back also when it found nothing.
    pub fn looking_on(mut self, request: &HttpRequest, looked_to: Option<String>) -> Pager {
        let asks = |name: &str| query_value(request, name).is_some();
        let Some(id) = looked_to else {
            if asks("after") {
                self.older = self.older.or(Some(beside(request, None)));
            }
            return self;
        };
        let up = beside(request, Some(("after", &id)));
        let down = beside(request, Some(("before", &id)));
        if asks("after") {
            self.newer = Some(up);
            self.older = self.older.or(Some(down));
        } else {
            self.newer = self.newer.or(Some(up).filter(|_| asks("before")));
            self.further = Some(down);
        }
        self
    }
}

/// The address of another page of the same list: before or after a row, or the first.
fn beside(request: &HttpRequest, place: Option<(&str, &str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        if !PASSING.contains(&name.as_ref()) && !value.is_empty() {
            query.append_pair(&name, &value);
        }
    }
    query.extend_pairs(place);
    match query.finish() {
        query if query.is_empty() => request.path().to_string(),
        query => format!("{}?{query}", request.path()),
    }
}
