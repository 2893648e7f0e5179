//! Destinations: the form, and one destination with its health, a test button and its latest deliveries.

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::concealed::conceal;
use crate::domain::destination::{
    Auth, Destination, Encryption, Endpoint, Kind, LastTest, METHODS, MailServer, RequestSettings,
    SuccessRule,
};
use crate::domain::id::DestinationId;
use crate::domain::person::User;
use crate::domain::recipes;
use crate::domain::secret::MASK;
use crate::domain::services::{self, Service};
use crate::domain::signature::Scheme;
use crate::flow::vet::try_out;
use crate::flow::{Bridge, pause as pausing};
use crate::store::deliveries::DeliveryFilter;
use crate::store::events::Page as Window;
use crate::web::admission::{actor, signed_in};
use crate::web::api::destinations::{
    DestinationDocument, RotationDocument, Saved, remove, rotate, save_change, save_new,
};
use crate::web::api::id;
use crate::web::i18n::Key;
use crate::web::phrases::retold;
use crate::web::problem::ApiError;
use crate::web::ui::asking::{Ask, Links, ask_first, refuse_used, users_of};
use crate::web::ui::error::PageError;
use crate::web::ui::fields::{Field, all_called};
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::{FormProblem, mendable};
use crate::web::ui::labels::SCHEMES;
use crate::web::ui::mail_fields::{ENCRYPTIONS, MailFields, written};
use crate::web::ui::once::{go_and_show, shown_once};
use crate::web::ui::page::{Page, go, query_value, render, render_again};
use crate::web::ui::row::{Chip, DeliveryRow, Moment};
use crate::web::ui::rule_words;
use crate::web::ui::success_field::SuccessField;
use crate::web::ui::why_not;

/// Deliveries shown on a destination's page.
const LATEST: i64 = 10;
/// Empty header rows of a new form.
const EMPTY_HEADERS: usize = 2;

const AUTHS: [(&str, Key); 4] = [
    ("none", key!("destinations-none")),
    ("basic", key!("destinations-auth-basic")),
    ("bearer", key!("destinations-auth-bearer")),
    ("header", key!("destinations-auth-header")),
];

const SUCCESS_WAYS: [(&str, Key); 5] = [
    ("any", key!("destinations-success-any")),
    ("ok", key!("destinations-success-ok")),
    ("no_errors", key!("destinations-success-no-errors")),
    ("own", key!("destinations-success-own")),
    ("json", key!("destinations-success-json")),
];

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
    services: [&'static Service; 8],
    encryptions: [(Encryption, Key); 3],
    /// What is to be done at the service that the form was filled in for.
    service_hint: Option<String>,
}

/// What the form holds; secrets are never filled in.
#[derive(Default)]
struct DestinationForm {
    /// The service that it was filled in for, by its id.
    service: String,
    /// The starting point that leads on from here, by its id.
    then: String,
    kind: Kind,
    mail: MailFields,
    name: String,
    url: String,
    method: String,
    allow_http: bool,
    auth: String,
    auth_name: String,
    scheme: String,
    signing_header: String,
    headers: Vec<(String, String)>,
    concurrency: String,
    per_second: String,
    timeout_ms: String,
    success: SuccessField,
    notices: bool,
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
    next_probe: Option<Moment>,
    failure: Option<String>,
    test: Option<TestResult>,
    /// What an import left out, in the words of the form.
    left_out: String,
    /// The request and what counts as delivered, when it is reached by one.
    request: Option<RequestFacts>,
    mail: Option<MailFacts>,
    auth: Key,
    is_signed: bool,
    /// Bare hex: an old secret cannot sign beside the new one.
    one_signature: bool,
    previous_until: Option<Moment>,
    concurrency: u32,
    timeout_ms: u64,
    gets_notices: bool,
    used_by: Links,
    deliveries: Vec<DeliveryRow>,
}

/// What is told of a destination that is reached by a request.
struct RequestFacts {
    url: String,
    method: String,
    scheme: Key,
    /// What counts as delivered, in words.
    success: String,
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
    match checked(&form, save_new(&bridge, &by, document(&form))).await? {
        Ok(saved) => match recipes::find(form.text("then")) {
            // A secret that was made is shown first.
            Some(recipe) if saved.made_secret.is_none() => Ok(go(format!(
                "/connections/new?template={}&destination_id={}",
                recipe.id, saved.id
            ))),
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
    match checked(&form, save_change(&bridge, &by, id, document(&form))).await? {
        Ok(saved) => led_to(&request, &bridge, saved, "saved").await,
        Err(problems) => render_again(&form_page(
            &request,
            &user,
            Some(id),
            DestinationForm::typed(&form),
            problems,
        )),
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
    pausing::resume_by(&bridge, &actor(&request), id).await?;
    Ok(go(format!("/destinations/{id}?done=resumed")))
}

pub async fn test(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let destination = bridge.store.destination(id(&path, "destination")?).await?;
    let said = format!(
        "Sent a test request to the destination {}.",
        destination.name
    );
    bridge
        .note(&actor(&request), "destination.tested", destination.id, said)
        .await?;
    try_out(&bridge, &destination).await?;
    Ok(go(format!("/destinations/{}", destination.id)))
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
    let path = format!("/destinations/{}", saved.id);
    match saved.made_secret {
        Some(secret) => go_and_show(request, bridge, &path, &secret).await,
        None => Ok(go(format!("{path}?done={done}"))),
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
        question: t!("destinations-delete-ask", name = name),
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

pub fn health_chip(destination: &Destination) -> Chip {
    match destination.health.word() {
        "held" => Chip::new(t!("shared-state-held"), "bad"),
        "paused" => Chip::new(t!("destinations-chip-paused"), "warn"),
        "failing" => Chip::new(t!("destinations-chip-failing"), "bad"),
        _ => Chip::new(t!("destinations-chip-fine"), "good"),
    }
}

/// For one that fares well only because no delivery was ever sent to it: whether a test arrived with these settings is all that is known.
fn untried_chip(destination: &Destination) -> Chip {
    match destination
        .last_test
        .as_ref()
        .filter(|last| destination.updated_at <= last.at)
        .map(|last| last.trial.arrived())
    {
        None => Chip::new(t!("destinations-chip-untried"), ""),
        Some(true) => Chip::new(t!("destinations-chip-test-arrived"), "good"),
        Some(false) => Chip::new(t!("destinations-chip-test-failed"), "bad"),
    }
}

/// Whether a destination with this chip may only seem to fare well; `ended` deliveries to it arrived or failed lately.
pub fn is_idle(chip: &Chip, ended: i64) -> bool {
    chip.tone == "good" && ended == 0
}

/// How a destination fares, told apart from one that was never tried.
pub fn chip_of(destination: &Destination, ended: i64, tried: &HashSet<DestinationId>) -> Chip {
    let chip = health_chip(destination);
    if is_idle(&chip, ended) && !tried.contains(&destination.id) {
        untried_chip(destination)
    } else {
        chip
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
        page: Window {
            limit: LATEST,
            ..Window::default()
        },
        ..DeliveryFilter::default()
    };
    let deliveries = bridge.store.deliveries(filter).await?;
    let used_by = users_of(bridge, |one| one.version.destination_id == destination.id).await?;
    let word_of = |list: &[(&'static str, Key)], word: &str| {
        list.iter()
            .find(|(id, _)| *id == word)
            .map_or(key!("destinations-none"), |(_, label)| *label)
    };
    let tried = bridge.store.tried(vec![destination.id]).await?;
    let settings = &destination.settings;
    Ok(ShowPage {
        page: Page::new(request, user, "/destinations", destination.name.clone()),
        id: destination.id.to_string(),
        chip: chip_of(&destination, 0, &tried),
        made_secret: None,
        paused: destination
            .health
            .paused
            .as_ref()
            .map(|paused| retold(&paused.reason)),
        next_probe: destination
            .health
            .probing()
            .map(|probing| Moment::new(probing.at, now)),
        failure: destination.health.last_failure.as_deref().map(retold),
        test: destination
            .last_test
            .as_ref()
            .map(|last| TestResult::new(last, destination.updated_at, now)),
        left_out: all_called(&settings.left_out()),
        request: settings.endpoint.request().map(|request| RequestFacts {
            url: conceal(&request.url),
            method: request.method.clone(),
            scheme: word_of(&SCHEMES, settings.signing.scheme.as_str()),
            success: success_words(settings.success.as_ref()),
        }),
        mail: settings
            .endpoint
            .mail()
            .map(|server| MailFacts::new(server, settings.host())),
        auth: word_of(&AUTHS, settings.endpoint.auth().word()),
        is_signed: settings.signing.scheme != Scheme::None,
        one_signature: settings.signing.scheme == Scheme::Hex,
        previous_until: settings
            .signing
            .previous_until_s(now.as_second())
            .and_then(|until_s| Timestamp::from_second(until_s).ok())
            .map(|until| Moment::new(until, now)),
        concurrency: settings.limits.concurrency,
        timeout_ms: settings.limits.timeout_ms,
        gets_notices: settings.notices,
        used_by,
        deliveries: why_not::rows(bridge, &deliveries, now).await?,
        name: destination.name,
    })
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

/// The limits that the form has a field for.
const LIMITS: [&str; 3] = ["concurrency", "per_second", "timeout_ms"];

/// What was saved, or everything that must be mended first. Headers are looked at here: the document has no place for one without a name.
async fn checked(
    form: &Form,
    saving: impl Future<Output = Result<Saved, ApiError>>,
) -> Result<Result<Saved, Vec<FormProblem>>, PageError> {
    let mut problems = header_problems(&header_rows(form));
    problems.extend(
        LIMITS
            .into_iter()
            .filter_map(|name| limit_problem(name, form.text(name))),
    );
    let problems = if problems.is_empty() {
        match saving.await {
            Ok(saved) => return Ok(Ok(saved)),
            Err(error) => at_shown_fields(missing_told(mendable(error)?, form), form),
        }
    } else {
        problems
    };
    let mut problems = with_secrets_again(problems, form);
    if kind_of(form) == Kind::Email {
        called_as_mail_has_it(&mut problems);
    }
    Ok(Err(problems))
}

/// A secret is not shown again. Whoever typed one must be told: left empty, the field would keep the old one, or have one made.
fn with_secrets_again(mut problems: Vec<FormProblem>, form: &Form) -> Vec<FormProblem> {
    let fields = [
        ("auth", "auth_secret", "config/auth/token"),
        ("scheme", "signing_secret", "signing/secret"),
    ];
    for (kind, id, place) in fields {
        let was_typed = form.text(kind) != "none" && !form.text(id).is_empty();
        let is_told = |problem: &FormProblem| {
            let field = problem.field.as_ref();
            field.is_some_and(|field| field.id == id)
        };
        if was_typed && !problems.iter().any(is_told) {
            problems.push(FormProblem::at(place, t!("destinations-enter-again")));
        }
    }
    problems
}

/// That a limit is no number; whether it is too large or too small is said with the document.
fn limit_problem(name: &str, text: &str) -> Option<FormProblem> {
    let (is_fine, wanted) = match name {
        "per_second" => (text.parse::<f64>().is_ok(), t!("destinations-no-number")),
        _ => (text.parse::<u32>().is_ok(), t!("destinations-not-whole")),
    };
    let place = format!("limits/{name}");
    (!is_fine && !text.is_empty()).then(|| FormProblem::at(&place, wanted))
}

/// What is wrong with the rows as such; what they say is looked at with the document.
fn header_problems(rows: &[(String, String)]) -> Vec<FormProblem> {
    let is_twice = |index: usize, name: &str| {
        let mut earlier = rows[..index].iter();
        earlier.any(|(other, _)| other.eq_ignore_ascii_case(name))
    };
    rows.iter()
        .enumerate()
        .filter_map(|(index, (name, _))| {
            let message = match name.is_empty() {
                true => t!("destinations-header-unnamed"),
                false if is_twice(index, name) => t!("destinations-header-twice", name = name),
                false => return None,
            };
            Some(FormProblem {
                field: Some(Field {
                    id: format!("header_name-{index}"),
                    label: t!("destinations-header-name"),
                }),
                ..FormProblem::plain(message)
            })
        })
        .collect()
}

/// What is missing of the credentials, in the words of the form, which has one field for all kinds.
fn missing_told(mut problems: Vec<FormProblem>, form: &Form) -> Vec<FormProblem> {
    for problem in &mut problems {
        let missing = match problem.place.as_str() {
            "config/auth/username" => ("auth_name", t!("destinations-enter-username")),
            "config/auth/password" => ("auth_secret", t!("destinations-enter-password")),
            "config/auth/token" => ("auth_secret", t!("destinations-enter-token")),
            "config/auth/value" => ("auth_secret", t!("destinations-enter-value")),
            _ => continue,
        };
        if form.text(missing.0).is_empty() {
            problem.message = missing.1;
        }
    }
    problems
}

/// A rule that was typed as JSON is mended there, whatever of it is wrong.
fn at_shown_fields(mut problems: Vec<FormProblem>, form: &Form) -> Vec<FormProblem> {
    let is_json = form.text("success") == "json";
    for problem in problems.iter_mut().filter(|_| is_json) {
        if problem.place.starts_with("success") {
            problem.field = Some(Field {
                id: "success_json".into(),
                label: t!("destinations-success-rule"),
            });
        }
    }
    problems
}

/// User and password have no other meaning there.
fn called_as_mail_has_it(problems: &mut [FormProblem]) {
    for field in problems.iter_mut().filter_map(|one| one.field.as_mut()) {
        match field.id.as_str() {
            "auth_name" => field.label = t!("destinations-mail-user"),
            "auth_secret" => field.label = t!("session-password"),
            _ => {}
        }
    }
}

impl DestinationForm {
    /// A new one.
    fn empty() -> DestinationForm {
        DestinationForm {
            method: "POST".into(),
            auth: "none".into(),
            scheme: "standard_webhooks".into(),
            concurrency: Kind::default().default_concurrency().to_string(),
            timeout_ms: Kind::default().default_timeout_ms().to_string(),
            ..DestinationForm::default()
        }
    }

    /// A new one for a service, which does not check our signature.
    fn for_service(service: &Service) -> DestinationForm {
        let headers = service.headers.iter();
        DestinationForm {
            service: service.id.into(),
            kind: service.kind,
            concurrency: service.kind.default_concurrency().to_string(),
            timeout_ms: service.kind.default_timeout_ms().to_string(),
            name: service.name.into(),
            url: service.url.into(),
            auth: service.auth.into(),
            auth_name: service.auth_header.into(),
            scheme: "none".into(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            per_second: service
                .per_second
                .map(|rate| rate.to_string())
                .unwrap_or_default(),
            success: SuccessField::in_way(service.success),
            ..DestinationForm::empty()
        }
    }

    fn of(destination: &Destination) -> DestinationForm {
        let settings = &destination.settings;
        let auth = settings.endpoint.auth();
        let form = match &settings.endpoint {
            Endpoint::Web(request) => DestinationForm::of_request(request),
            Endpoint::Mail(server) => DestinationForm {
                mail: MailFields::of(server),
                ..DestinationForm::default()
            },
        };
        DestinationForm {
            kind: settings.kind(),
            name: destination.name.clone(),
            auth: auth.word().into(),
            auth_name: match auth {
                Auth::Basic { username, .. } => username.clone(),
                Auth::Header { name, .. } => name.clone(),
                _ => String::new(),
            },
            scheme: settings.signing.scheme.as_str().into(),
            signing_header: settings.signing.header.clone().unwrap_or_default(),
            concurrency: settings.limits.concurrency.to_string(),
            per_second: settings
                .limits
                .per_second
                .map(|rate| rate.to_string())
                .unwrap_or_default(),
            timeout_ms: settings.limits.timeout_ms.to_string(),
            success: SuccessField::of(settings.success.as_ref()),
            notices: settings.notices,
            ..form
        }
    }

    fn of_request(request: &RequestSettings) -> DestinationForm {
        let headers = request.headers.iter();
        DestinationForm {
            url: conceal(&request.url),
            method: request.method.clone(),
            allow_http: request.allow_http,
            headers: headers
                .map(|(name, _)| (name.clone(), MASK.to_string()))
                .collect(),
            ..DestinationForm::default()
        }
    }

    /// What was typed, for showing it again.
    fn typed(form: &Form) -> DestinationForm {
        DestinationForm {
            service: form.text("service").into(),
            then: form.text("then").into(),
            kind: kind_of(form),
            mail: MailFields::typed(form),
            name: form.text("name").into(),
            url: form.text("url").into(),
            method: form.text("method").into(),
            allow_http: form.is_ticked("allow_http"),
            auth: form.text("auth").into(),
            auth_name: form.text("auth_name").into(),
            scheme: form.text("scheme").into(),
            signing_header: form.text("signing_header").into(),
            headers: header_rows(form),
            concurrency: form.text("concurrency").into(),
            per_second: form.text("per_second").into(),
            timeout_ms: form.text("timeout_ms").into(),
            success: SuccessField::typed(form),
            notices: form.is_ticked("notices"),
        }
    }
}

/// The rows in their order. One whose name was taken away and whose value is the mask of what is saved is one that was taken out.
fn header_rows(form: &Form) -> Vec<(String, String)> {
    form.all("header_name")
        .into_iter()
        .zip(form.all("header_value"))
        .map(|(name, value)| (name.trim().to_string(), value.to_string()))
        .filter(|(name, value)| !name.is_empty() || !["", MASK].contains(&value.trim()))
        .collect()
}

/// The kind that the form was made for.
fn kind_of(form: &Form) -> Kind {
    Kind::from_word(form.text("kind")).unwrap_or_default()
}

/// The form as the document that the API takes.
fn document(form: &Form) -> DestinationDocument {
    let filled = |name: &str| Some(form.text(name)).filter(|text| !text.is_empty());
    let number = |name: &str| {
        filled(name).map(|text| {
            serde_json::from_str::<Value>(text)
                .ok()
                .filter(Value::is_number)
                .unwrap_or_else(|| Value::from(text))
        })
    };
    let mut auth = json!({"type": form.text("auth")});
    let (name_key, secret_key) = match form.text("auth") {
        "basic" => ("username", "password"),
        "header" => ("name", "value"),
        _ => ("", "token"),
    };
    if form.text("auth") != "none" {
        if let Some(name) = filled("auth_name").filter(|_| !name_key.is_empty()) {
            auth[name_key] = Value::from(name);
        }
        if let Some(secret) = filled("auth_secret") {
            auth[secret_key] = Value::from(secret);
        }
    }
    let mut limits = Map::new();
    for name in LIMITS {
        limits.extend(number(name).map(|value| (name.to_string(), value)));
    }
    let (name, kind) = (form.text("name").to_string(), kind_of(form));
    let notices = Some(Value::from(form.is_ticked("notices")));
    if kind == Kind::Email {
        return DestinationDocument {
            name,
            kind: Some(kind.as_str().into()),
            config: Some(MailFields::typed(form).document(auth)),
            signing: None,
            limits: Some(Value::Object(limits)),
            success: None,
            notices,
        };
    }
    let mut signing = json!({"scheme": form.text("scheme")});
    if let Some(secret) = filled("signing_secret") {
        signing["secret"] = Value::from(secret);
    }
    if let Some(header) = filled("signing_header") {
        signing["header"] = Value::from(header);
    }
    let headers = header_rows(form).into_iter();
    let headers: Map<String, Value> = headers
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    DestinationDocument {
        name,
        kind: Some(kind.as_str().into()),
        config: Some(json!({
            "url": form.text("url"), "method": form.text("method"), "headers": headers, "auth": auth, "allow_http": form.is_ticked("allow_http"),
        })),
        signing: Some(signing),
        limits: Some(Value::Object(limits)),
        success: Some(SuccessField::typed(form).document()),
        notices,
    }
}
