//! Sources: the list, making one, and its page with the way to set it up in Blue.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::id::SourceId;
use crate::domain::person::User;
use crate::domain::secret::Secret;
use crate::domain::source::Source;
use crate::flow::Bridge;
use crate::store::events::{EventFilter, EventSummary};
use crate::store::window::Window;
use crate::web::Site;
use crate::web::admission::{actor, signed_in};
use crate::web::api::id;
use crate::web::api::sources::{SourceDocument, remove, save_change, save_new};
use crate::web::phrases::retold;
use crate::web::ui::asking::{Ask, Links, ask_first, refuse_used, told_of_deletion, users_of};
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::{FormProblem, mendable};
use crate::web::ui::health_chip::needs_secret_chip;
use crate::web::ui::labels::event_label;
use crate::web::ui::listing::Listing;
use crate::web::ui::note::Note;
use crate::web::ui::page::{Page, go, render, render_again};
use crate::web::ui::query::query_value;
use crate::web::ui::row::{Chip, Fate, Moment, title_of};

/// Events shown on a source's page.
const LATEST: i64 = 10;

#[derive(Template)]
#[template(path = "sources/list.html")]
struct ListPage {
    page: Page,
    listing: Listing,
    sources: Vec<SourceRow>,
}

#[derive(Template)]
#[template(path = "sources/new.html")]
struct NewPage {
    page: Page,
    problems: Vec<FormProblem>,
    name: String,
}

#[derive(Template)]
#[template(path = "sources/show.html")]
struct ShowPage {
    page: Page,
    problems: Vec<FormProblem>,
    source: SourceRow,
    url: String,
    secure: bool,
    secret_set: bool,
    require_signature: bool,
    previous_until: Option<Moment>,
    /// When the present secret and the one before it were used last.
    secret_used: Option<Moment>,
    previous_used: Option<Moment>,
    evidence: Option<Evidence>,
    /// Nothing valid came yet, or the last was refused, so the secret may be a wrong one.
    may_mend: bool,
    /// It was heard from, has its secret and refuses nothing now, so its set-up is folded.
    is_set_up: bool,
    /// When the last request was refused, as the waiting page is told it; empty when none was.
    refused_at: String,
    events: Vec<EventRow>,
    used_by: Links,
}

struct SourceRow {
    id: String,
    name: String,
    chip: Chip,
    heard: Option<Moment>,
}

struct Evidence {
    current: bool,
    message: String,
    /// What to do about it.
    advice: String,
    /// Another secret may mend it; one that came without a signature, or with none that can be read, is mended elsewhere.
    is_of_secret: bool,
    last: Moment,
    count: i64,
}

/// One line of a list of events.
pub struct EventRow {
    pub id: String,
    pub label: String,
    pub record: String,
    pub project: String,
    pub source: String,
    pub at: Moment,
    pub is_test: bool,
    /// What became of it, where that is told.
    pub fate: Option<Fate>,
}

impl EventRow {
    pub fn new(event: &EventSummary, source: &str, now: jiff::Timestamp) -> EventRow {
        EventRow {
            id: event.id.to_string(),
            label: event_label(&event.event_type),
            record: title_of(event.record_title.as_deref(), event.record_id.as_deref()),
            project: title_of(event.project_name.as_deref(), event.project_id.as_deref()),
            source: source.to_string(),
            at: Moment::new(event.received_at, now),
            is_test: event.is_test,
            fate: None,
        }
    }
}

impl SourceRow {
    fn new(source: &Source, now: jiff::Timestamp) -> SourceRow {
        let chip = match source {
            source if source.is_refusing() => Chip::new(t!("sources-chip-signature"), "bad"),
            source if source.needs_secret() => needs_secret_chip(),
            source if !source.require_signature => Chip::new(t!("sources-chip-unsigned"), "warn"),
            source if source.last_heard_at.is_none() => {
                Chip::new(t!("sources-chip-waiting"), "busy")
            }
            _ => Chip::new(t!("sources-chip-receiving"), "good"),
        };
        SourceRow {
            id: source.id.to_string(),
            name: source.name.clone(),
            chip,
            heard: source.last_heard_at.map(|at| Moment::new(at, now)),
        }
    }
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let (sources, listing) = Listing::of(
        &request,
        ("/sources", t!("sources-name")),
        bridge.store.sources().await?,
        |one| one.id,
        |one| one.name.clone(),
    )?;
    let mut page = Page::new(&request, &user, "/sources", t!("shared-section-sources"));
    page.note = told_of_deletion(&request, &bridge, "source").await?;
    render(&ListPage {
        page,
        listing,
        sources: sources
            .iter()
            .map(|source| SourceRow::new(source, now))
            .collect(),
    })
}

pub async fn new(request: HttpRequest) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let page = Page::new(&request, &user, "/sources", t!("sources-add"));
    render(&NewPage {
        page,
        problems: Vec::new(),
        name: String::new(),
    })
}

pub async fn create(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let user = signed_in(&request)?;
    let document = SourceDocument {
        name: form.text("name").into(),
        secret: None,
        require_signature: None,
        overlap_s: None,
        corrects: false,
    };
    match save_new(&bridge, &actor(&request), document).await {
        Ok(id) => Ok(go(format!("/sources/{id}?done=added"))),
        Err(error) => {
            let page = Page::new(&request, &user, "/sources", t!("sources-add"));
            render_again(&NewPage {
                page,
                problems: mendable(error)?,
                name: form.text("name").into(),
            })
        }
    }
}

pub async fn show(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let source = bridge.store.source(id(&path, "source")?).await?;
    let mut shown = show_page(&request, &user, &bridge, &site, source, Vec::new()).await?;
    let is_rotated = query_value(&request, "done").as_deref() == Some("rotated");
    if let Some(until) = shown.previous_until.as_ref().filter(|_| is_rotated) {
        shown.page.note = Some(Note::good(t!("sources-rotated", when = until.exact)));
    }
    render(&shown)
}

pub async fn save(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let user = signed_in(&request)?;
    let id: SourceId = id(&path, "source")?;
    let before = bridge.store.source(id).await?;
    let corrects = form.is_ticked("corrects");
    let is_the_same = |typed: &str| before.secret == Some(Secret::new(typed));
    let secret = Some(form.text("secret")).filter(|typed| !typed.is_empty());
    let document = SourceDocument {
        name: form.text("name").into(),
        // The one that is there corrects nothing.
        secret: secret
            .filter(|typed| !(corrects && is_the_same(typed)))
            .map(str::to_string),
        require_signature: Some(form.is_ticked("require_signature")),
        overlap_s: form.text("overlap_s").parse().ok(),
        corrects,
    };
    match save_change(&bridge, &actor(&request), id, document).await {
        Ok(source) => {
            let done = told_of_secrets(&before, &source);
            Ok(go(format!("/sources/{id}?done={done}")))
        }
        Err(error) => {
            let problems = mendable(error)?;
            let source = bridge.store.source(id).await?;
            render_again(&show_page(&request, &user, &bridge, &site, source, problems).await?)
        }
    }
}

/// The word for what became of the secret that was there.
fn told_of_secrets(before: &Source, after: &Source) -> &'static str {
    let previous = after.previous_secret.as_ref();
    match &before.secret {
        Some(old) if previous.is_some_and(|previous| previous.secret == *old) => "rotated",
        Some(old) if after.secret.as_ref() != Some(old) => "secret_replaced",
        _ => "saved",
    }
}

pub async fn delete(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let id: SourceId = id(&path, "source")?;
    let name = bridge.store.source(id).await?.name;
    let ask = Ask {
        section: "/sources",
        question: t!("sources-delete-ask", name = name),
        button: t!("sources-delete"),
        back: format!("/sources/{id}"),
    };
    let used_by = users_of(&bridge, |one| one.source_id == id).await?;
    if !used_by.is_empty() {
        return refuse_used(&request, ask, t!("sources-in-use"), used_by);
    }
    if let Some(asked) = ask_first(&request, ask)? {
        return Ok(asked);
    }
    if let Err(error) = remove(&bridge, &actor(&request), id).await {
        let problems = mendable(error)?;
        let source = bridge.store.source(id).await?;
        return render_again(&show_page(&request, &user, &bridge, &site, source, problems).await?);
    }
    Ok(go(format!("/sources?done=deleted&deleted={id}")))
}

/// Codes of signatures that no other secret makes right.
const NOT_OF_SECRET: [&str; 3] = [
    "signature_missing",
    "signature_several",
    "signature_malformed",
];

/// What to do about a signature that fails, by its code.
fn advice(code: &str) -> &'static str {
    match code {
        "signature_missing" => {
            "Look whether a proxy before this server drops the header X-Signature, and whether the address is used by Blue alone."
        }
        "signature_several" => "Let the proxy before this server pass headers on once.",
        "signature_malformed" => {
            "Check that Blue itself sends to this address, not a tool in between."
        }
        "no_secret" => {
            "Enter the secret in step 4. If it is lost, delete the webhook in Blue and create it anew."
        }
        _ => {
            "Paste the secret anew, without blanks. If Blue no longer shows it, create the webhook there anew with this address and enter its secret."
        }
    }
}

async fn show_page(
    request: &HttpRequest,
    user: &User,
    bridge: &Bridge,
    site: &Site,
    source: Source,
    problems: Vec<FormProblem>,
) -> Result<ShowPage, PageError> {
    let now = bridge.clock.now();
    let filter = EventFilter {
        source_id: Some(source.id),
        page: Window::first(LATEST),
        ..EventFilter::default()
    };
    let events = bridge.store.events(filter).await?;
    let used_by = users_of(bridge, |one| one.source_id == source.id).await?;
    let page = Page::new(request, user, "/sources", source.name.clone());
    Ok(ShowPage {
        may_mend: page.may_change() && (source.last_heard_at.is_none() || source.is_refusing()),
        is_set_up: source.last_heard_at.is_some()
            && !source.is_refusing()
            && !source.needs_secret(),
        refused_at: source
            .signature_problem
            .as_ref()
            .map_or_else(String::new, |problem| problem.last_at.to_string()),
        page,
        problems,
        url: site.hook_url(&source.token),
        secure: site.is_secure(),
        secret_set: source.secret.is_some(),
        require_signature: source.require_signature,
        secret_used: source.secret_used_at.map(|at| Moment::new(at, now)),
        previous_used: source
            .previous_secret
            .as_ref()
            .and_then(|previous| previous.used_at)
            .map(|at| Moment::new(at, now)),
        previous_until: source
            .previous_secret
            .as_ref()
            .filter(|previous| previous.accepted_until > now)
            .map(|previous| Moment::new(previous.accepted_until, now)),
        evidence: source.signature_problem.as_ref().map(|problem| Evidence {
            current: source.is_refusing(),
            message: retold(&problem.message),
            advice: told!("evidence-advice-", &problem.code, advice(&problem.code)),
            is_of_secret: !NOT_OF_SECRET.contains(&&*problem.code),
            last: Moment::new(problem.last_at, now),
            count: problem.count,
        }),
        events: events
            .iter()
            .map(|event| EventRow::new(event, &source.name, now))
            .collect(),
        used_by,
        source: SourceRow::new(&source, now),
    })
}
