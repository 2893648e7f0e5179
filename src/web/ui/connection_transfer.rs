//! Connections as JSON, out and in. An import is shown before it is done, and what is shown is planned anew from the same text when it is done:
//! a text that was changed since is shown first.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sha2::{Digest as _, Sha256};

use crate::domain::connection::Connection;
use crate::domain::id::DestinationId;
use crate::domain::person::User;
use crate::domain::problem::Problem;
use crate::flow::Bridge;
use crate::flow::transfer::{self, Deed, ImportError, Plan, Refusal, Step, listed};
use crate::store::connections::ConnectionDraft;
use crate::web::admission::{actor, signed_in};
use crate::web::api::id;
use crate::web::auth::new_token;
use crate::web::i18n::Key;
use crate::web::phrases::retold;
use crate::web::problem::ApiError;
use crate::web::ui::connection_words::{Names, change_sentences};
use crate::web::ui::error::PageError;
use crate::web::ui::fields::all_called;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::FormProblem;
use crate::web::ui::page::{Page, go, render, render_again};
use crate::web::ui::rule_places::Places;
use crate::web::visible::as_typed;

/// Things whose secret is to be entered that are named after an import.
const NAMED_LIMIT: usize = 50;

#[derive(Template)]
#[template(path = "connections/import.html")]
struct ImportPage {
    page: Page,
    problems: Vec<FormProblem>,
    text: String,
    plan: Option<PlanView>,
}

/// What the import would do, in words.
struct PlanView {
    sources: Vec<StepView>,
    destinations: Vec<StepView>,
    connections: Vec<StepView>,
    made: usize,
    changed: usize,
    /// Which text it is the plan of.
    digest: String,
    /// It is not the plan that was shown before.
    differs: bool,
}

struct StepView {
    name: String,
    deed: String,
    tone: &'static str,
    changes: Vec<String>,
}

pub async fn export_all(bridge: web::Data<Bridge>) -> Result<HttpResponse, PageError> {
    let bundle = transfer::export(&bridge.store, None).await?;
    download("bluebridge-connections.json", &bundle)
}

pub async fn export_one(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let bundle = transfer::export(&bridge.store, Some(id(&path, "connection")?)).await?;
    download("bluebridge-connection.json", &bundle)
}

fn download(name: &str, bundle: &transfer::Bundle) -> Result<HttpResponse, PageError> {
    let text = serde_json::to_string_pretty(bundle).map_err(|error| ApiError::internal(&error))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .body(text))
}

pub async fn import_page(request: HttpRequest) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    render(&page(&request, &user, String::new()))
}

pub async fn import(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let user = signed_in(&request)?;
    let text = form.value("bundle").unwrap_or_default().to_string();
    let mut page = page(&request, &user, text);
    let planned = match transfer::read(&page.text) {
        Ok(bundle) => {
            let (store, guard) = (&bridge.store, &bridge.guard);
            transfer::plan(store, guard, &bridge.clock, &bridge.ids, &bundle, || {
                new_token("").0
            })
            .await
        }
        Err(error) => Err(error),
    };
    let (is_order, digest) = (form.text("action") == "import", digest(&page.text));
    let was_shown = form.text("planned") == digest;
    match planned {
        Ok(plan) if is_order && was_shown => do_import(&request, &bridge, plan).await,
        Ok(plan) => {
            let differs = is_order && !was_shown;
            page.plan = Some(PlanView::new(&plan, &bridge, digest, differs).await?);
            render(&page)
        }
        Err(ImportError::Refused(refusals)) => {
            page.problems = refusals
                .iter()
                .map(|refusal| FormProblem::plain(refused(refusal)))
                .collect();
            render_again(&page)
        }
        Err(ImportError::Store(error)) => Err(error.into()),
    }
}

/// Why a document is refused; a place in it is told by the name that pages have for it.
fn refused(refusal: &Refusal) -> String {
    let places = match refusal {
        Refusal::Entry {
            rules: Some(rules), ..
        } => Places::of(&rules.filter, &rules.mapping),
        _ => Places::default(),
    };
    refusal.sentence(|problem| called(&places, problem))
}

fn called(places: &Places, problem: &Problem) -> String {
    let place = problem.pointer.trim_start_matches('/');
    places
        .called(place)
        .unwrap_or_else(|| problem.pointer.clone())
}

/// Why a connection is taken and switched off.
fn switched_off(draft: &ConnectionDraft, unfit: &[Problem]) -> Option<String> {
    let places = Places::of(&draft.rules.filter, &draft.rules.mapping);
    let problems = || retold(&listed(unfit, |problem| called(&places, problem)));
    (!unfit.is_empty()).then(|| t!("connections-import-unfit", problems = problems()))
}

/// Which text was planned, for the form that orders it.
fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

async fn do_import(
    request: &HttpRequest,
    bridge: &Bridge,
    plan: Plan,
) -> Result<HttpResponse, PageError> {
    let (actor, (made, ..)) = (actor(request), plan.tally());
    let to_enter = to_enter(&plan);
    let noting = |action: &str, id: String, said| bridge.noting(&actor, action, id, said);
    let done = transfer::carry_out(noting, plan).await;
    // What was done before it failed is stored, and holds as well.
    bridge.reload().await?;
    done?;
    if made == 0 {
        return Ok(go("/connections?done=changed_by_import"));
    }
    let mut address = "/connections?done=imported".to_string();
    for id in to_enter.iter().take(NAMED_LIMIT) {
        address += &format!("&enter={id}");
    }
    if let Some(further @ 1..) = to_enter.len().checked_sub(NAMED_LIMIT) {
        address += &format!("&further={further}");
    }
    Ok(go(address))
}

/// The ids of what is made without the secret that it needs.
fn to_enter(plan: &Plan) -> Vec<String> {
    let sources = plan.sources.iter().filter_map(|step| match &step.deed {
        Deed::Make(new) if !step.to_enter.is_empty() => Some(new.id.to_string()),
        _ => None,
    });
    let destinations = plan.destinations.iter();
    let destinations = destinations.filter_map(|step| match &step.deed {
        Deed::Make(draft) if !step.to_enter.is_empty() => Some(draft.id.to_string()),
        _ => None,
    });
    sources.chain(destinations).collect()
}

fn page(request: &HttpRequest, user: &User, text: String) -> ImportPage {
    ImportPage {
        page: Page::new(
            request,
            user,
            "/connections",
            t!("connections-import-title"),
        ),
        problems: Vec::new(),
        text,
        plan: None,
    }
}

/// What an import changes of a connection that is here: its name, where it goes, and its rules.
fn changes_of(draft: &ConnectionDraft, before: &Connection, names: &Names) -> Vec<String> {
    let was = before.version.destination_id;
    let called = |id: DestinationId| names.destination(&id.to_string());
    let moved = (was != draft.destination_id).then(|| (called(was), called(draft.destination_id)));
    let renamed = (before.name != draft.name).then(|| {
        t!(
            "rules-change-name",
            before = before.name,
            after = draft.name
        )
    });
    let rules = change_sentences(&before.version.rules, &draft.rules, moved, names);
    renamed.into_iter().chain(rules).collect()
}

impl PlanView {
    async fn new(
        plan: &Plan,
        bridge: &Bridge,
        digest: String,
        differs: bool,
    ) -> Result<PlanView, PageError> {
        let mut names = Names::load(bridge).await?;
        let made = plan
            .destinations
            .iter()
            .filter_map(|step| match &step.deed {
                Deed::Make(draft) => Some((draft.id.to_string(), step.name.clone())),
                _ => None,
            });
        names.destinations.extend(made);
        let (made, changed, _) = plan.tally();
        let connections = plan.connections.iter();
        let connections = connections.map(|step| StepView::of_connection(step, &names));
        let sources = plan.sources.iter().map(|step| {
            StepView::of_end(step, key!("connections-step-secret"), |parts| {
                t!("connections-import-enter-in", parts = parts)
            })
        });
        let destinations = plan.destinations.iter().map(|step| {
            StepView::of_end(step, key!("connections-step-secrets"), |parts| {
                t!("connections-import-enter", parts = parts)
            })
        });
        Ok(PlanView {
            sources: sources.collect(),
            destinations: destinations.collect(),
            connections: connections.collect(),
            made,
            changed,
            digest,
            differs,
        })
    }
}

impl StepView {
    fn of_connection(step: &Step<ConnectionDraft>, names: &Names) -> StepView {
        let mut view = StepView::new(
            step,
            key!("connections-step-stays"),
            key!("connections-step-made"),
        );
        if let Deed::Change { draft, before } = &step.deed {
            view.changes = changes_of(draft, before, names);
            if before.enabled && draft.enabled == Some(false) && step.unfit.is_empty() {
                view.changes.push(t!("connections-import-unfinished"));
            }
        }
        if let Deed::Make(draft) | Deed::Change { draft, .. } = &step.deed {
            view.changes.extend(switched_off(draft, &step.unfit));
        }
        view
    }

    /// A source or a destination; `unfinished` is what it is when it is made and lacks something, and `lacks` says what.
    fn of_end<Draft>(step: &Step<Draft>, unfinished: Key, lacks: fn(String) -> String) -> StepView {
        if step.to_enter.is_empty() {
            let made = key!("connections-step-whole");
            return StepView::new(step, key!("connections-step-used"), made);
        }
        let mut view = StepView::new(step, key!("connections-step-used"), unfinished);
        view.changes.push(lacks(all_called(&step.to_enter)));
        view
    }

    fn new<Draft>(step: &Step<Draft>, kept: Key, made: Key) -> StepView {
        let (deed, tone) = match step.deed {
            Deed::Make(_) => (made, "good"),
            Deed::Change { .. } => (key!("connections-step-changed"), "warn"),
            Deed::Keep => (kept, ""),
        };
        let mut changes = Vec::new();
        if !step.differs.is_empty() {
            let parts = all_called(&step.differs);
            changes.push(t!("connections-import-stays", parts = parts));
        }
        StepView {
            name: step.name.clone(),
            deed: deed.to_string(),
            tone,
            changes,
        }
    }
}
