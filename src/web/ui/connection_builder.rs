//! The builder: one page in the order of the data, from the source to the sentence that says what will happen.
//!
//! Every button posts the form and gets the page again, so it works without scripts. With `builder.js` the same page is fetched and put in place, and
//! while one types `POST /connections/live` answers with those parts of it that show what comes out. Neither stores anything but on "Save" and
//! "Make the destination".

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::{Value, json};

use crate::domain::audit::Actor;
use crate::domain::connection::{Connection, Rules, RulesDocument};
use crate::domain::filter::CONDITIONS_LIMIT;
use crate::domain::id::{ConnectionId, DeliveryId, DestinationId};
use crate::domain::mapping::fields::FIELDS_LIMIT;
use crate::domain::mapping::functions::{Function, functions};
use crate::domain::person::{Language, User};
use crate::flow::Bridge;
use crate::store::connections::Seen;
use crate::web::admission::{actor, signed_in};
use crate::web::api::connections::save_seen;
use crate::web::api::{id, name};
use crate::web::ui::connection_fields::{KINDS, MISSINGS, TAKES, example_call};
use crate::web::ui::connection_filter::MODES;
use crate::web::ui::connection_form::{Action, ConnectionForm, FORMATS, MAPPINGS, in_short};
use crate::web::ui::connection_live::{Live, Target, live};
use crate::web::ui::connection_past::{Past, past};
use crate::web::ui::connection_sample::{Offers, Sample, choose, listen, next, offers};
use crate::web::ui::connection_words::{
    Names, change_sentences, named_by_itself, suggested_name, suggested_name_in,
};
use crate::web::ui::error::PageError;
use crate::web::ui::form::{Form, comma_separated};
use crate::web::ui::form_problem::{FormProblem, mendable_of};
use crate::web::ui::gallery;
use crate::web::ui::labels::{SCHEMES, group_name};
use crate::web::ui::new_destination;
use crate::web::ui::once::go_and_show;
use crate::web::ui::page::{Page, go, render, render_again};
use crate::web::ui::placeholders;
use crate::web::ui::query::query_value;
use crate::web::ui::sample_tree::{self, Suggestion};
use crate::web::visible::as_typed;

#[derive(Template)]
#[template(path = "connections/form.html")]
struct FormPage {
    page: Page,
    problems: Vec<FormProblem>,
    /// It holds what was typed, and leaving the page would lose that.
    unsaved: bool,
    /// Where it is posted to, and where whoever gives up goes.
    saved_at: String,
    form: ConnectionForm,
    live: Live,
    tree: String,
    paths: Vec<Suggestion>,
    offers: Offers,
    sample_stands_in: bool,
    sources: Vec<(String, String)>,
    destinations: Vec<(String, String)>,
    projects: Vec<ProjectBox>,
    other_projects: String,
    /// The chosen projects, in a few words.
    chosen_projects: String,
    functions: Vec<FunctionGroup>,
    /// The secret of a destination that was made just now; shown this once.
    made_secret: Option<String>,
    /// What the pressed button brought in, perhaps out of sight.
    added: Option<String>,
    past: Option<Past>,
    /// Why a dry run was not made.
    not_tried: Option<FormProblem>,
}

#[derive(Template)]
#[template(path = "connections/live.html")]
struct LiveParts {
    form: ConnectionForm,
    live: Live,
}

struct ProjectBox {
    id: String,
    name: String,
    checked: bool,
}

/// Functions under one heading.
struct FunctionGroup {
    id: &'static str,
    name: String,
    functions: Vec<FunctionEntry>,
}

struct FunctionEntry {
    id: &'static str,
    /// As it is typed, with the example's arguments.
    call: String,
    summary: String,
    input: &'static str,
    output: &'static str,
}

pub async fn new(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let mut form = match query_value(&request, "template").and_then(|id| gallery::form_of(&id)) {
        Some(form) => form,
        None => ConnectionForm::empty(),
    };
    if let Some(source_id) = query_value(&request, "source_id") {
        form.source_id = source_id;
    }
    let builder = Builder::load(actor(&request), &bridge, None).await?;
    form.destination_id = match query_value(&request, "destination_id") {
        Some(asked) => asked,
        // What is shaped for Slack is not for whatever destination happens to be there.
        None if !form.new_destination.url_hint.is_empty() => String::new(),
        None => the_only(&builder.names.destinations),
    };
    render(
        &builder
            .page(&request, &user, form, Extras::default())
            .await?,
    )
}

pub async fn edit(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let builder = Builder::load(actor(&request), &bridge, Some(id(&path, "connection")?)).await?;
    let mut form = builder
        .saved
        .as_ref()
        .map_or_else(ConnectionForm::empty, ConnectionForm::of);
    // A name that was made of the rules goes on to follow them.
    if builder.named_in.is_some() {
        form.name.clear();
    }
    // A delivery's page leads here with its event.
    if let Some(event_id) = query_value(&request, "sample") {
        form.sample.from = format!("event:{event_id}");
    }
    form.delivery = query_value(&request, "delivery").unwrap_or_default();
    render(
        &builder
            .page(&request, &user, form, Extras::default())
            .await?,
    )
}

pub async fn create(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    submit(&request, &bridge, None).await
}

pub async fn save(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    submit(&request, &bridge, Some(path.into_inner())).await
}

/// Those parts of the page that change while one types.
pub async fn live_parts(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let posted = Form::of(&request)?;
    let existing = Some(posted.text("connection_id").to_string()).filter(|id| !id.is_empty());
    let existing_id = existing
        .as_deref()
        .map(|text| id(text, "connection"))
        .transpose()?;
    let mut builder = Builder::load(actor(&request), &bridge, existing_id).await?;
    let form = ConnectionForm::typed(&posted, existing);
    if !form.project_ids.is_empty() {
        builder.names = builder
            .names
            .with_projects_of(&bridge, &form.source_id)
            .await?;
    }
    let sample = choose(&bridge, &form).await?;
    let live = builder.live(&form, &sample).await?;
    render(&LiveParts { form, live })
}

/// Whether the event that a page waits for has come, or something else was heard from its source.
pub async fn newest(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let source_id = id(
        &query_value(&request, "source_id").unwrap_or_default(),
        "source",
    )?;
    let after = query_value(&request, "after").unwrap_or_default();
    let found = next(&bridge, source_id, &after).await?;
    let source = bridge.store.source(source_id).await?;
    let told = |at: Option<jiff::Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    Ok(HttpResponse::Ok().json(json!({
        "event_id": found,
        "heard_at": told(source.last_heard_at),
        "refused_at": told(source.signature_problem.map(|problem| problem.last_at)),
    })))
}

/// Does what the pressed button says, and shows the form again unless it was saved.
async fn submit(
    request: &HttpRequest,
    bridge: &Bridge,
    existing: Option<String>,
) -> Result<HttpResponse, PageError> {
    let posted = Form::of(request)?;
    let user = signed_in(request)?;
    let existing_id: Option<ConnectionId> = existing
        .as_deref()
        .map(|text| id(text, "connection"))
        .transpose()?;
    let mut builder = Builder::load(actor(request), bridge, existing_id).await?;
    let mut form = ConnectionForm::typed(&posted, existing);
    let mut extras = Extras {
        unsaved: true,
        ..Extras::default()
    };
    match Action::of(&posted) {
        Action::Save => {
            if let Some(id) = save_form(&mut builder, &mut form, &mut extras).await? {
                // A secret that was made on the way is shown this once, on the page of what was saved.
                let path = format!("/connections/{id}?done=saved{}", led_from(&form));
                return match extras.made_secret {
                    Some(secret) => go_and_show(request, bridge, &path, &secret).await,
                    None => Ok(go(path)),
                };
            }
        }
        Action::MakeDestination => {
            make_destination(&mut builder, &mut form, &mut extras).await?;
        }
        Action::Listen => listen(bridge, &mut form).await?,
        Action::StopListening => form.sample.listening = false,
        Action::DryRun => match past(bridge, builder.saved.as_ref(), &mut form).await? {
            Ok(past) => extras.past = Some(past),
            Err(problem) => extras.not_tried = Some(problem),
        },
        action => {
            extras.problems.extend(form.is_full(&action));
            if extras.problems.is_empty() {
                let sample = match &action {
                    Action::Pick(_) | Action::PickInto(..) | Action::PickCondition(_) => {
                        choose(bridge, &form).await?.document
                    }
                    _ => None,
                };
                form.act(&action, &sample.unwrap_or_default());
                extras.added = form.added(&action);
            }
        }
    }
    if extras.problems.is_empty() {
        render(&builder.page(request, &user, form, extras).await?)
    } else {
        render_again(&builder.page(request, &user, form, extras).await?)
    }
}

/// The delivery whose page led here, as the address of the connection's page has it.
fn led_from(form: &ConnectionForm) -> String {
    let delivery = form.delivery.parse::<DeliveryId>();
    delivery.map_or_else(|_| String::new(), |id| format!("&delivery={id}"))
}

/// Saves; a destination that was typed is made first. Without an id, the problems are in `extras`.
async fn save_form(
    builder: &mut Builder<'_>,
    form: &mut ConnectionForm,
    extras: &mut Extras,
) -> Result<Option<ConnectionId>, PageError> {
    extras.problems = builder.problems_before_saving(form);
    let makes_destination = !form.new_destination.url.is_empty();
    if !extras.problems.is_empty() {
        if makes_destination {
            let typed = &form.new_destination;
            let problems = new_destination::problems(builder.bridge, typed, &builder.names);
            extras.problems.extend(problems.await?);
        }
        return Ok(None);
    }
    if makes_destination {
        make_destination(builder, form, extras).await?;
        if !extras.problems.is_empty() {
            return Ok(None);
        }
    }
    let mut document = match form.document() {
        Ok(document) => document,
        Err(problems) => {
            extras.problems = problems;
            return Ok(None);
        }
    };
    // The form keeps what was typed: were it shown again, a name made now would stay when what it tells has changed.
    if document.name.is_empty() {
        let destination = builder.destination_name(form);
        document.name = match builder.named_meanwhile(form) {
            Some(name) => name,
            None => builder.suggested(&form.rules().0, &destination),
        };
    }
    let existing = builder.saved.as_ref().map(|saved| saved.id);
    let seen = builder.seen(form);
    match save_seen(builder.bridge, &builder.actor, existing, document, seen).await {
        Ok(saved) => Ok(Some(saved.id)),
        Err(error) => {
            extras.problems = mendable_of(error, &builder.saved_at())?;
            if extras.problems.iter().any(|one| one.saved_at.is_some()) {
                builder.look_again(form).await?;
            }
            Ok(None)
        }
    }
}

async fn make_destination(
    builder: &mut Builder<'_>,
    form: &mut ConnectionForm,
    extras: &mut Extras,
) -> Result<(), PageError> {
    let typed = &form.new_destination;
    match new_destination::make(builder.bridge, &builder.actor, typed, &builder.names).await? {
        Ok(saved) => {
            form.destination_id = saved.destination.id.to_string();
            form.new_destination = Default::default();
            extras.made_secret = saved.made_secret;
            builder.names = Names::load(builder.bridge).await?;
        }
        Err(problems) => extras.problems = problems,
    }
    Ok(())
}

/// What a page shows besides the form.
#[derive(Default)]
struct Extras {
    problems: Vec<FormProblem>,
    unsaved: bool,
    made_secret: Option<String>,
    added: Option<String>,
    past: Option<Past>,
    not_tried: Option<FormProblem>,
}

/// What every answer of the builder needs.
struct Builder<'b> {
    /// Who builds.
    actor: Actor,
    bridge: &'b Bridge,
    names: Names,
    /// The connection as it is saved.
    saved: Option<Connection>,
    /// The language of its name, when that was made of its rules.
    named_in: Option<Language>,
}

impl<'b> Builder<'b> {
    async fn load(
        actor: Actor,
        bridge: &'b Bridge,
        existing: Option<ConnectionId>,
    ) -> Result<Builder<'b>, PageError> {
        let names = Names::load(bridge).await?;
        let saved = match existing {
            Some(id) => Some(bridge.store.connection(id).await?),
            None => None,
        };
        Ok(Builder {
            actor,
            bridge,
            named_in: saved
                .as_ref()
                .and_then(|saved| named_by_itself(saved, &names)),
            names,
            saved,
        })
    }

    /// What must be mended before anything is made or saved.
    fn problems_before_saving(&self, form: &ConnectionForm) -> Vec<FormProblem> {
        let (rules, pointers, problems) = form.rules();
        let saved = self.saved.as_ref().map(|saved| &saved.version.rules);
        let refused = if saved == Some(&rules) {
            // Who changes the name alone need not mend the rules.
            Vec::new()
        } else {
            Rules::compile(&rules).err().unwrap_or_default()
        };
        let left = form
            .recipe
            .map(|recipe| placeholders::of_recipe(recipe, &rules.mapping));
        let named = Some(&form.name).filter(|name| !name.is_empty());
        let misnamed = named.and_then(|typed| name(typed).err());
        let problems = form
            .open_choices()
            .into_iter()
            .chain(misnamed.as_ref().map(FormProblem::from))
            .chain(problems)
            .chain(refused.iter().map(FormProblem::from))
            .chain(left.into_iter().flatten());
        form.placed(problems.collect(), &pointers)
    }

    /// The name that somebody gave it since the form was opened, which the form does not know.
    fn named_meanwhile(&self, form: &ConnectionForm) -> Option<String> {
        let (saved, called) = (self.saved.as_ref()?, form.called.as_ref()?);
        (saved.name != *called).then(|| saved.name.clone())
    }

    /// What the form was filled in with. A name that it leaves to the bridge replaces none that somebody gave.
    fn seen(&self, form: &ConnectionForm) -> Option<Seen> {
        let (saved, (version_id, source_id)) = (self.saved.as_ref()?, form.seen?);
        let called = form.called.as_ref().filter(|_| !form.name.is_empty());
        Some(Seen::Whole {
            version_id,
            source_id,
            name: called.unwrap_or(&saved.name).clone(),
        })
    }

    /// Takes what is saved by now as seen, so that the next save goes through.
    async fn look_again(&mut self, form: &mut ConnectionForm) -> Result<(), PageError> {
        let Some(saved) = &self.saved else {
            return Ok(());
        };
        let saved = self.bridge.store.connection(saved.id).await?;
        form.seen = Some((saved.version.id, saved.source_id));
        if !form.name.is_empty() {
            form.called = Some(saved.name.clone());
        }
        self.saved = Some(saved);
        Ok(())
    }

    /// The page of what is saved, or of all of them.
    fn saved_at(&self) -> String {
        match &self.saved {
            Some(saved) => format!("/connections/{}", saved.id),
            None => "/connections".into(),
        }
    }

    /// What the chosen destination is called, or the typed one will be; empty when there is neither.
    fn destination_name(&self, form: &ConnectionForm) -> String {
        let typed = &form.new_destination;
        if typed.url.is_empty() {
            self.names.destination(&form.destination_id)
        } else {
            new_destination::name_of(typed, &self.names)
        }
    }

    /// What it is called when it is given no name. One that was named so keeps its language: who saves it may read another.
    fn suggested(&self, rules: &RulesDocument, destination: &str) -> String {
        match self.named_in {
            Some(language) => suggested_name_in(language, rules, destination),
            None => suggested_name(rules, destination),
        }
    }

    async fn page(
        mut self,
        request: &HttpRequest,
        user: &User,
        mut form: ConnectionForm,
        extras: Extras,
    ) -> Result<FormPage, PageError> {
        if form.source_id.is_empty() {
            form.source_id = the_only(&self.names.sources);
        }
        self.names = self
            .names
            .with_projects_of(self.bridge, &form.source_id)
            .await?;
        let sample = choose(self.bridge, &form).await?;
        let live = self.live(&form, &sample).await?;
        let title = match &self.saved {
            Some(saved) => t!("builder-edit", name = saved.name),
            None => t!("builder-title"),
        };
        let empty = Value::Null;
        let document = sample.document.as_ref().unwrap_or(&empty);
        let (projects, other_projects) = project_boxes(&form, &self.names);
        let chosen: Vec<String> = projects
            .iter()
            .filter(|project| project.checked)
            .map(|project| project.name.clone())
            .chain(comma_separated(&other_projects).map(str::to_string))
            .collect();
        Ok(FormPage {
            chosen_projects: in_short(&chosen),
            page: Page::new(request, user, "/connections", title),
            problems: extras.problems,
            unsaved: extras.unsaved,
            saved_at: self.saved_at(),
            live,
            tree: sample_tree::html(document),
            paths: sample_tree::paths(document),
            offers: offers(self.bridge, &form).await?,
            sample_stands_in: sample.stands_in,
            sources: self.names.sources,
            destinations: self.names.destinations,
            projects,
            other_projects,
            functions: function_groups(),
            made_secret: extras.made_secret,
            added: extras.added,
            past: extras.past,
            not_tried: extras.not_tried,
            form,
        })
    }

    async fn live(&self, form: &ConnectionForm, sample: &Sample) -> Result<Live, PageError> {
        let typed = &form.new_destination;
        let chosen = match form.destination_id.parse::<DestinationId>() {
            Ok(id) if typed.url.is_empty() => self.bridge.snapshot().destination(id).cloned(),
            _ => None,
        };
        let name = self.destination_name(form);
        let target = match &chosen {
            Some(destination) => Target::Saved(&destination.settings),
            None => new_destination::target(typed),
        };
        let now = self.bridge.clock.now();
        let is_named = !form.source_id.is_empty() && !name.is_empty();
        let suggested = is_named.then(|| self.suggested(&form.rules().0, &name));
        let mut live = live(form, sample, &target, name, &self.names, now).await?;
        live.name = suggested.unwrap_or(live.name);
        if let Some(saved) = &self.saved {
            live.changes = Some(self.changes(saved, form));
        }
        Ok(live)
    }

    /// What a save changes, each as a sentence: the name, the source, the rules, and where it goes.
    fn changes(&self, saved: &Connection, form: &ConnectionForm) -> Vec<String> {
        let (rules, ..) = form.rules();
        let (names, typed) = (&self.names, &form.new_destination);
        let (was, is_new) = (&saved.version.destination_id, !typed.url.is_empty());
        let before = names.destination(&was.to_string());
        let after = self.destination_name(form);
        let name = if form.name.is_empty() {
            self.suggested(&rules, &after)
        } else {
            form.name.clone()
        };
        let mut told = Vec::new();
        // As long as its ends are not chosen, nobody knows what it would be called.
        let is_named = !form.name.is_empty() || !form.source_id.is_empty() && !after.is_empty();
        if is_named && saved.name != name {
            told.push(t!("rules-change-name", before = saved.name, after = name));
        }
        let source = saved.source_id.to_string();
        if !form.source_id.is_empty() && source != form.source_id {
            told.push(t!(
                "rules-change-source",
                before = names.source(&source),
                after = names.source(&form.source_id)
            ));
        }
        let moved = (!is_new && was.to_string() != form.destination_id)
            .then(|| (before.clone(), after.clone()));
        let rules = change_sentences(&saved.version.rules, &rules, moved, names);
        told.extend(rules);
        if is_new {
            told.push(t!(
                "rules-change-destination-new",
                before = before,
                after = after
            ));
        }
        told
    }
}

/// What needs no choice; of several, the person chooses.
fn the_only(list: &[(String, String)]) -> String {
    match list {
        [(id, _)] => id.clone(),
        _ => String::new(),
    }
}

/// The projects seen so far with a box each, and the chosen ones that were not seen.
fn project_boxes(form: &ConnectionForm, names: &Names) -> (Vec<ProjectBox>, String) {
    let boxes: Vec<ProjectBox> = names
        .projects
        .iter()
        .map(|(id, name)| ProjectBox {
            id: id.clone(),
            name: name.clone().unwrap_or_else(|| id.clone()),
            checked: form.project_ids.contains(id),
        })
        .collect();
    let others: Vec<&str> = form
        .project_ids
        .iter()
        .filter(|id| !boxes.iter().any(|one| one.id == **id))
        .map(String::as_str)
        .collect();
    let others = others.join(", ");
    (boxes, others)
}

fn function_groups() -> Vec<FunctionGroup> {
    let mut groups: Vec<FunctionGroup> = Vec::new();
    for function in functions() {
        let entry = FunctionEntry::new(function);
        match groups.last_mut().filter(|group| group.id == function.group) {
            Some(group) => group.functions.push(entry),
            None => groups.push(FunctionGroup {
                id: function.group,
                name: group_name(function.group),
                functions: vec![entry],
            }),
        }
    }
    groups
}

impl FunctionEntry {
    fn new(function: &'static Function) -> FunctionEntry {
        let (input, _, output) = function.example;
        FunctionEntry {
            id: function.id,
            call: example_call(function),
            summary: told!("function-", function.id, function.summary),
            input,
            output,
        }
    }
}
