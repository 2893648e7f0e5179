//! Destinations: making and changing one, and its page with its health, a test button and its latest deliveries.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;

use crate::domain::breaker::QUIET_S;
use crate::domain::concealed::conceal;
use crate::domain::destination::grant::Grant;
use crate::domain::destination::{
    Destination, Encryption, Kind, LastTest, METHODS, MailServer, SuccessRule,
};
use crate::domain::id::{DestinationId, SourceId};
use crate::domain::person::User;
use crate::domain::recipes;
use crate::domain::services::{self, Service};
use crate::domain::signature::Scheme;
use crate::flow::hurry::hurry_all;
use crate::flow::vet::try_out;
use crate::flow::{Bridge, pause as pausing};
use crate::store::deliveries::DeliveryFilter;
use crate::store::waiting::Backlog;
use crate::store::window::Window;
use crate::web::admission::{actor, signed_in};
use crate::web::api::destinations::{
    RotationDocument, Saved, problems_of, remove, rotate, save_change, save_new,
};
use crate::web::api::id;
use crate::web::i18n::{Key, as_short};
use crate::web::phrases::retold;
use crate::web::ui::asking::{Ask, Links, ask_first, refuse_used, users_of};
use crate::web::ui::destination_form::{
    AUTHS, DestinationForm, SUCCESS_WAYS, checked, document, listed, seen_ms,
};
use crate::web::ui::error::PageError;
use crate::web::ui::fields::all_called;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::FormProblem;
use crate::web::ui::health_chip::chip;
use crate::web::ui::labels::SCHEMES;
use crate::web::ui::mail_fields::{ENCRYPTIONS, written};
use crate::web::ui::once::{go_and_show, shown_once};
use crate::web::ui::page::{Page, go, render, render_again};
use crate::web::ui::query::query_value;
use crate::web::ui::row::{Chip, DeliveryRow, Moment};
use crate::web::ui::rule_words;
use crate::web::ui::success_field::SuccessField;
use crate::web::ui::why_not;

/// Deliveries shown on a destination's page.
const LATEST: i64 = 10;
/// Empty header rows of a new form.
const EMPTY_HEADERS: usize = 2;

#[derive(Template)]
#[template(path = "destinations/form.html")]
struct FormPage {
    page: Page,
    problems: Vec<FormProblem>,
    action: String,
    cancel: String,
    editing: bool,
    form: DestinationForm,
    methods: [&'static str; 5],
    auths: Vec<(&'static str, Key)>,
    schemes: [(&'static str, Key); 3],
    success_ways: [(&'static str, Key); 5],
    services: [&'static Service; 9],
    encryptions: [(Encryption, Key); 3],
    /// What is to be done at the service that the form was filled in for.
    service_hint: Option<String>,
}

#[derive(Template)]
#[template(path = "destinations/show.html")]
struct ShowPage {
    page: Page,
    id: String,
    name: String,
    chip: Chip,
    made_secret: Option<String>,
    paused: Option<String>,
    /// Resuming it is of no use until what it lacks is entered, and needless then.
    is_unfinished: bool,
    next_probe: Option<Moment>,
    /// Why it fails, while it is not paused; empty when that is not at hand.
    failure: Option<String>,
    /// How it recovers: since when nothing has failed.
    recovering: Option<String>,
    /// How many wait, since when, and when the next is tried.
    waits: Option<String>,
    /// Some of them were tried already, so that they may wait long.
    has_tried: bool,
    /// It was resumed, and nothing has shown yet whether it works.
    is_resumed: bool,
    /// How many wait, when its settings were changed after the last failure.
    changed_since: Option<usize>,
    test: Option<TestResult>,
    /// What an import left out, in the words of the form.
    left_out: String,
    /// The request and what counts as delivered, when it is reached by one.
    request: Option<RequestFacts>,
    mail: Option<MailFacts>,
    auth: Key,
    /// With whom a service account's files must be shared.
    service_account: Option<String>,
    is_signed: bool,
    /// Bare hex: an old secret cannot sign beside the new one.
    one_signature: bool,
    previous_until: Option<Moment>,
    concurrency: u32,
    /// Requests a second, when they are limited.
    per_second: Option<String>,
    timeout_ms: u64,
    gets_notices: bool,
    used_by: Links,
    /// The question before it is deleted.
    delete_ask: String,
    deliveries: Vec<DeliveryRow>,
}

/// What is told of a destination that is reached by a request.
struct RequestFacts {
    url: String,
    method: String,
    scheme: Key,
    /// What counts as delivered, in words.
    success: String,
    /// With commas between.
    final_statuses: String,
}

/// What is told of a mail server.
struct MailFacts {
    host: String,
    encryption: Key,
    from: String,
    to: String,
}

impl MailFacts {
    fn new(server: &MailServer, host: String) -> MailFacts {
        let encryption = ENCRYPTIONS
            .iter()
            .find(|(encryption, _)| *encryption == server.encryption);
        MailFacts {
            host,
            encryption: encryption.map_or(key!("destinations-none"), |(_, label)| *label),
            from: server.from.to_string(),
            to: written(&server.to, ", "),
        }
    }
}

/// The last test request, as the page tells of it.
struct TestResult {
    chip: Chip,
    at: Moment,
    /// The settings were changed since.
    is_outdated: bool,
    sentence: String,
    advice: String,
    duration_ms: u64,
    response: String,
}

impl TestResult {
    fn new(last: &LastTest, changed_at: Timestamp, now: Timestamp) -> TestResult {
        let outcome = &last.trial.outcome;
        let chip = match (last.trial.arrived(), outcome.status()) {
            (true, _) => Chip::new(t!("destinations-arrived"), "good"),
            (false, Some(status)) => {
                let status = status.to_string();
                Chip::new(t!("destinations-answered", status = status), "bad")
            }
            (false, None) => Chip::new(t!("destinations-not-arrived"), "bad"),
        };
        // No schedule repeats a test.
        let advice = if outcome.passes_by_itself() {
            ""
        } else {
            outcome.advice()
        };
        TestResult {
            chip,
            at: Moment::new(last.at, now),
            is_outdated: changed_at > last.at,
            sentence: retold(&outcome.sentence()),
            advice: retold(advice),
            duration_ms: last.trial.duration_ms,
            response: last.trial.response.clone(),
        }
    }
}

pub async fn new(request: HttpRequest) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let service = query_value(&request, "service").and_then(|id| services::find(&id));
    let form = DestinationForm {
        then: query_value(&request, "then").unwrap_or_default(),
        source_id: query_value(&request, "source_id").unwrap_or_default(),
        ..service.map_or_else(DestinationForm::empty, DestinationForm::for_service)
    };
    render(&form_page(&request, &user, None, form, Vec::new()))
}

pub async fn create(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let user = signed_in(&request)?;
    let by = actor(&request);
    let vetting = problems_of(&bridge, None, document(&form));
    let saving = save_new(&bridge, &by, document(&form));
    match checked(&form, "/destinations", vetting, saving).await? {
        Ok(saved) => match recipes::find(form.text("then")) {
            // A secret that was made is shown first.
            Some(recipe) if saved.made_secret.is_none() => {
                let source = form.text("source_id").parse::<SourceId>();
                let source = source.map_or_else(|_| String::new(), |id| format!("&source_id={id}"));
                Ok(go(format!(
                    "/connections/new?template={}&destination_id={}{source}",
                    recipe.id, saved.destination.id
                )))
            }
            _ => led_to(&request, &bridge, saved, "added").await,
        },
        Err(problems) => render_again(&form_page(
            &request,
            &user,
            None,
            DestinationForm::typed(&form),
            problems,
        )),
    }
}

pub async fn show(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let destination = bridge.store.destination(id(&path, "destination")?).await?;
    let mut page = show_page(&request, &user, &bridge, destination).await?;
    page.made_secret = shown_once(&request, &bridge).await?;
    render(&page)
}

pub async fn edit(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let destination = bridge.store.destination(id(&path, "destination")?).await?;
    let form = DestinationForm::of(&destination);
    render(&form_page(
        &request,
        &user,
        Some(destination.id),
        form,
        Vec::new(),
    ))
}

pub async fn save(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let user = signed_in(&request)?;
    let id: DestinationId = id(&path, "destination")?;
    let by = actor(&request);
    let vetting = problems_of(&bridge, Some(id), document(&form));
    let saving = save_change(&bridge, &by, id, document(&form), seen_ms(&form));
    match checked(&form, &format!("/destinations/{id}"), vetting, saving).await? {
        Ok(saved) => led_to(&request, &bridge, saved, "saved").await,
        Err(problems) => {
            let mut typed = DestinationForm::typed(&form);
            if problems.iter().any(|one| one.saved_at.is_some()) {
                // Who has been told of it may save over it.
                let saved = bridge.store.destination(id).await?;
                typed.seen_ms = Some(saved.updated_at.as_millisecond());
            }
            render_again(&form_page(&request, &user, Some(id), typed, problems))
        }
    }
}

pub async fn pause(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: DestinationId = id(&path, "destination")?;
    pausing::pause_by(&bridge, &actor(&request), id).await?;
    Ok(go(format!("/destinations/{id}?done=paused")))
}

pub async fn resume(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: DestinationId = id(&path, "destination")?;
    let is_resumed = pausing::resume_by(&bridge, &actor(&request), id).await?;
    let done = if is_resumed { "resumed" } else { "not_paused" };
    Ok(go(format!("/destinations/{id}?done={done}")))
}

pub async fn try_now(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: DestinationId = id(&path, "destination")?;
    hurry_all(&bridge, &actor(&request), id).await?;
    Ok(go(format!("/destinations/{id}?done=resumed")))
}

pub async fn test(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: DestinationId = id(&path, "destination")?;
    try_out(&bridge, &actor(&request), id).await?;
    Ok(go(format!("/destinations/{id}")))
}

pub async fn rotate_secret(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let id: DestinationId = id(&path, "destination")?;
    let name = bridge.store.destination(id).await?.name;
    let ask = Ask {
        section: "/destinations",
        question: t!("destinations-rotate-ask", name = name),
        button: t!("destinations-rotate"),
        back: format!("/destinations/{id}"),
    };
    if let Some(asked) = ask_first(&request, ask)? {
        return Ok(asked);
    }
    let document = RotationDocument {
        secret: None,
        overlap_s: form.text("overlap_s").parse().ok(),
    };
    let saved = rotate(&bridge, &actor(&request), id, document).await?;
    led_to(&request, &bridge, saved, "saved").await
}

/// To the page of what was saved, which shows a secret that was made, or says what was done.
async fn led_to(
    request: &HttpRequest,
    bridge: &Bridge,
    saved: Saved,
    done: &str,
) -> Result<HttpResponse, PageError> {
    let done = if saved.is_resumed {
        "saved_resumed"
    } else {
        done
    };
    let path = format!("/destinations/{}?done={done}", saved.destination.id);
    match saved.made_secret {
        Some(secret) => go_and_show(request, bridge, &path, &secret).await,
        None => Ok(go(path)),
    }
}

pub async fn delete(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: DestinationId = id(&path, "destination")?;
    let name = bridge.store.destination(id).await?.name;
    let ask = Ask {
        section: "/destinations",
        question: deletion_asked(&name, &bridge.store.backlog(id).await?),
        button: t!("destinations-delete"),
        back: format!("/destinations/{id}"),
    };
    let used_by = users_of(&bridge, |one| one.version.destination_id == id).await?;
    if !used_by.is_empty() {
        return refuse_used(&request, ask, t!("destinations-in-use"), used_by);
    }
    if let Some(asked) = ask_first(&request, ask)? {
        return Ok(asked);
    }
    remove(&bridge, &actor(&request), id).await?;
    Ok(go(format!("/destinations?done=deleted&deleted={id}")))
}

/// The question before a destination is deleted: what still waits for it is given up.
fn deletion_asked(name: &str, backlog: &Backlog) -> String {
    match (backlog.waits, backlog.is_cut) {
        (0, _) => t!("destinations-delete-ask", name = name),
        (count, false) => t!("destinations-delete-ask-waits", name = name, count = count),
        (count, true) => {
            t!(
                "destinations-delete-ask-at-least",
                name = name,
                count = count
            )
        }
    }
}

fn form_page(
    request: &HttpRequest,
    user: &User,
    editing: Option<DestinationId>,
    mut form: DestinationForm,
    problems: Vec<FormProblem>,
) -> FormPage {
    let service_hint = services::find(&form.service)
        .map(|service| told!("service-hint-", service.id, service.hint));
    form.headers
        .extend(std::iter::repeat_n(Default::default(), EMPTY_HEADERS));
    let (title, action) = match editing {
        Some(id) => (t!("destinations-edit-title"), format!("/destinations/{id}")),
        None => (t!("destinations-add"), "/destinations".to_string()),
    };
    FormPage {
        page: Page::new(request, user, "/destinations", title),
        problems,
        cancel: action.clone(),
        action,
        editing: editing.is_some(),
        methods: METHODS,
        auths: match form.kind {
            Kind::Webhook => AUTHS.to_vec(),
            Kind::Email => AUTHS[..2].to_vec(),
        },
        encryptions: ENCRYPTIONS,
        form,
        schemes: SCHEMES,
        success_ways: SUCCESS_WAYS,
        services: services::SERVICES,
        service_hint,
    }
}

async fn show_page(
    request: &HttpRequest,
    user: &User,
    bridge: &Bridge,
    destination: Destination,
) -> Result<ShowPage, PageError> {
    let now = bridge.clock.now();
    let filter = DeliveryFilter {
        destination_id: Some(destination.id),
        page: Window::first(LATEST),
        ..DeliveryFilter::default()
    };
    let deliveries = bridge.store.deliveries(filter).await?;
    let used_by = users_of(bridge, |one| one.version.destination_id == destination.id).await?;
    let word_of = |list: &[(&'static str, Key)], word: &str| {
        list.iter()
            .find(|(id, _)| *id == word)
            .map_or(key!("destinations-none"), |(_, label)| *label)
    };
    let health = &destination.health;
    let fails = health.is_failing() && !health.is_resumed() && !health.is_recovering();
    let backlog = bridge.store.backlog(destination.id).await?;
    let settings = &destination.settings;
    // Where something has arrived since, or nothing waits, there is nothing to be done about it; what is paused must be resumed in any case.
    let is_open = !health.is_recovering() && !health.is_resumed() && backlog.waits > 0;
    let is_open = is_open || health.paused.is_some();
    let is_unfinished = destination.is_unfinished();
    let changed_since =
        (is_open && !is_unfinished && was_changed_since(&destination)).then_some(backlog.waits);
    Ok(ShowPage {
        page: Page::new(request, user, "/destinations", destination.name.clone()),
        id: destination.id.to_string(),
        chip: chip(bridge, &destination).await?,
        made_secret: None,
        paused: destination
            .health
            .paused
            .as_ref()
            .map(|paused| retold(&paused.reason)),
        is_unfinished,
        next_probe: destination
            .health
            .probing()
            .map(|probing| Moment::new(probing.at, now)),
        recovering: health
            .is_recovering()
            .then(|| t!("destinations-recovering", count = QUIET_S / 60)),
        waits: told_of(&backlog, health.paused.is_some(), now),
        has_tried: backlog.tried > 0,
        failure: fails.then(|| retold(health.last_failure.as_deref().unwrap_or_default())),
        is_resumed: health.is_resumed(),
        changed_since,
        test: destination
            .last_test
            .as_ref()
            .map(|last| TestResult::new(last, destination.updated_at, now)),
        left_out: all_called(&settings.missing()),
        request: settings.endpoint.request().map(|request| RequestFacts {
            url: conceal(&request.url),
            method: request.method.clone(),
            scheme: word_of(&SCHEMES, settings.signing.scheme.as_str()),
            success: success_words(settings.success.as_ref()),
            final_statuses: listed(&request.final_statuses),
        }),
        mail: settings
            .endpoint
            .mail()
            .map(|server| MailFacts::new(server, settings.host())),
        auth: word_of(&AUTHS, settings.endpoint.auth().word()),
        service_account: settings
            .endpoint
            .auth()
            .grant()
            .and_then(Grant::service_account)
            .map(str::to_string),
        is_signed: settings.signing.scheme != Scheme::None,
        one_signature: settings.signing.scheme == Scheme::Hex,
        previous_until: settings
            .signing
            .previous_until_s(now.as_second())
            .and_then(|until_s| Timestamp::from_second(until_s).ok())
            .map(|until| Moment::new(until, now)),
        concurrency: settings.limits.concurrency,
        per_second: settings.limits.per_second.map(as_short),
        timeout_ms: settings.limits.timeout_ms,
        gets_notices: settings.notices,
        used_by,
        delete_ask: deletion_asked(&destination.name, &backlog),
        deliveries: why_not::rows(bridge, &deliveries, now).await?,
        name: destination.name,
    })
}

/// How much waits, since when, and when it goes on, which it does not while it is paused.
fn told_of(backlog: &Backlog, is_paused: bool, now: Timestamp) -> Option<String> {
    let moment = |ms: Option<i64>| Moment::of_ms(ms?, now);
    let since = moment(backlog.since_ms)?.relative;
    let count = backlog.waits;
    let mut told = if backlog.is_cut {
        t!("destinations-waits-at-least", count = count, since = since)
    } else {
        t!("destinations-waits", count = count, since = since)
    };
    let next = backlog.next_ms.filter(|_| !is_paused);
    if let Some(at) = next.and_then(|ms| Timestamp::from_millisecond(ms).ok()) {
        let next = Moment::due(at, now).relative;
        told = format!("{told} {}", t!("destinations-next-try", time = next));
    }
    Some(told)
}

/// Whether what failed last failed with other settings.
fn was_changed_since(destination: &Destination) -> bool {
    let failed = destination.health.last_failed;
    failed.is_some_and(|failed| destination.updated_at > failed)
}

/// What counts as delivered: in the words of the form, or the condition itself.
fn success_words(rule: Option<&SuccessRule>) -> String {
    let way = SuccessField::of(rule).way;
    let said = rule.and_then(|rule| rule_words::filter(rule.document()));
    match said.filter(|_| ["own", "json"].contains(&way.as_str())) {
        Some(said) => t!("destinations-success-when", rule = said),
        None => {
            let mut ways = SUCCESS_WAYS.iter();
            let label = ways.find(|(word, _)| *word == way);
            label.map_or_else(String::new, |(_, label)| label.to_string())
        }
    }
}
