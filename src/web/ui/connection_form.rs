//! The builder's form: what is typed, what its buttons do to it, and the document it stands for.
//!
//! Filter and fields have their own files; here they come together with trigger, destination and delivery. Every button of the form works by posting
//! it: [`ConnectionForm::typed`] reads it, [`ConnectionForm::act`] does what the button says. Called by `connection_builder`.

use serde_json::{Map, Value, json};

use crate::domain::catalogue::{EVENTS, RECORD_UPDATED, find, groups};
use crate::domain::connection::{
    Connection, DeliverySettings, Order, RulesDocument, TRIGGER_ENTRIES_LIMIT, Trigger,
};
use crate::domain::filter::CONDITIONS_LIMIT;
use crate::domain::id::{SourceId, VersionId};
use crate::domain::mapping::fields::FIELDS_LIMIT;
use crate::domain::recipes::{self, Recipe};
use crate::domain::retry::DEFAULT_MAX_ATTEMPTS;
use crate::domain::services::Service;
use crate::web::api::connections::ConnectionDocument;
use crate::web::i18n::Key;
use crate::web::phrases::retold;
use crate::web::ui::connection_fields::{self, FieldRow};
use crate::web::ui::connection_filter::{self, FilterRow};
use crate::web::ui::fields::Field;
use crate::web::ui::form::{Form, comma_separated};
use crate::web::ui::form_problem::FormProblem;
use crate::web::ui::labels::{event_label, event_type_called, group_name};
use crate::web::ui::request_lines::{self, HEADER, QUERY};
use crate::web::ui::rule_places::{Places, field_called};
use crate::web::ui::sample_tree::picked_in_template;

/// Events or projects that a folded list names; more are counted. Scripts go on with it.
pub const NAMED_LIMIT: usize = 2;

/// The catalogue's group of events about records.
const RECORDS: &str = "Records";
/// Stands for every change of a record in the form; what is saved are the events themselves.
const ANY_UPDATE: &str = "RECORD_UPDATED";
/// Comes with a form whose box for every change of a record was shown ticked.
const ANY_UPDATE_WAS: &str = "any_update_was";

pub const MAPPINGS: [(&str, Key, Key); 3] = [
    (
        "fields",
        key!("builder-mapping-fields"),
        key!("builder-mapping-fields-hint"),
    ),
    (
        "template",
        key!("builder-mapping-template"),
        key!("builder-mapping-template-hint"),
    ),
    (
        "passthrough",
        key!("builder-mapping-passthrough"),
        key!("builder-mapping-passthrough-hint"),
    ),
];
pub const FORMATS: [(&str, Key); 3] = [
    ("", key!("builder-format-auto")),
    ("json", key!("builder-format-json")),
    ("text", key!("builder-format-text")),
];

/// What the form holds.
#[derive(Default)]
pub struct ConnectionForm {
    /// The connection that is edited.
    pub id: Option<String>,
    pub name: String,
    /// What it was called when the form was opened; `None` when the form does not say.
    pub called: Option<String>,
    /// The version and the source that it was filled in with; `None` when the form does not say.
    pub seen: Option<(VersionId, SourceId)>,
    pub source_id: String,
    pub destination_id: String,
    pub new_destination: NewDestination,
    /// The starting point that it was filled in with.
    pub recipe: Option<&'static Recipe>,
    pub groups: Vec<EventGroup>,
    pub other_events: String,
    pub project_ids: Vec<String>,
    pub filter_mode: String,
    pub conditions: Vec<FilterRow>,
    pub filter_json: String,
    pub mapping_mode: String,
    pub fields: Vec<FieldRow>,
    pub template: String,
    pub template_format: String,
    /// What is added to the address and the headers; of query and headers a line for each.
    pub request_path: String,
    pub request_query: String,
    pub request_headers: String,
    pub per_record: bool,
    pub max_attempts: String,
    pub sample: SampleChoice,
    pub dry_run_events: String,
    /// The delivery whose page led here, by its id; empty when none did.
    pub delivery: String,
}

/// A destination that is made from within the builder.
#[derive(Default)]
pub struct NewDestination {
    pub name: String,
    pub url: String,
    pub scheme: String,
    /// How an address of the place that is meant looks; empty when none is.
    pub url_hint: &'static str,
    /// The starting point whose destination needs more than an address.
    pub needs_more: Option<&'static Recipe>,
}

impl NewDestination {
    /// What a starting point asks of its destination; nothing is typed yet.
    pub fn of(recipe: &'static Recipe) -> NewDestination {
        NewDestination {
            url_hint: recipe.url_hint,
            needs_more: recipe.service.is_some().then_some(recipe),
            ..NewDestination::default()
        }
    }

    /// What is to be added on a page of its own first, while no destination is chosen: the starting point, and its service.
    pub fn to_add_first(&self, chosen: &str) -> Option<(&'static Recipe, &'static Service)> {
        let recipe = self.needs_more.filter(|_| chosen.is_empty())?;
        Some((recipe, recipe.service?))
    }

    /// Whether its fields are shown before somebody asks for them.
    pub fn is_open(&self, chosen: &str, is_first: bool) -> bool {
        let is_meant = !self.url_hint.is_empty() && chosen.is_empty();
        !self.url.is_empty() || self.needs_more.is_none() && (is_first || is_meant)
    }
}

/// Which event the builder tries everything on.
#[derive(Default, Clone)]
pub struct SampleChoice {
    /// Empty for the last one received; `catalogue:TYPE`, `event:ID` or `paste`.
    pub from: String,
    pub pasted: String,
    pub search: String,
    /// It waits for the next event.
    pub listening: bool,
    /// The newest event when it began to wait; empty when there was none.
    pub listen_after: String,
}

/// Events of the catalogue with a box each.
pub struct EventGroup {
    pub id: &'static str,
    pub name: String,
    pub events: Vec<EventBox>,
}

impl EventGroup {
    /// Whether one of its boxes is ticked.
    pub fn is_ticked(&self) -> bool {
        self.events.iter().any(|event| event.checked)
    }

    /// Whether its box for every change of a record is ticked.
    pub fn has_any_update(&self) -> bool {
        let mut events = self.events.iter();
        events.any(|event| event.checked && event.id == ANY_UPDATE)
    }
}

pub struct EventBox {
    pub id: &'static str,
    pub label: String,
    pub checked: bool,
    /// One of those that "every change of a record" stands for.
    pub is_update: bool,
}

/// What a button of the form asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Save,
    Preview,
    DryRun,
    MakeDestination,
    Listen,
    StopListening,
    AddCondition(Option<usize>),
    AddGroup(Option<usize>),
    RemoveCondition(usize),
    AddField,
    RemoveField(usize),
    MoveFieldUp(usize),
    /// A value of the sample was chosen.
    Pick(String),
    /// A value of the sample was chosen for this field, which has no name yet.
    PickInto(usize, String),
    /// A value of the sample was chosen for the filter.
    PickCondition(String),
}

impl Action {
    /// Reads the button's value; whatever is unknown only shows the form again.
    pub fn of(form: &Form) -> Action {
        let text = form.text("action");
        let (word, rest) = text.split_once(':').unwrap_or((text, ""));
        let index = rest.parse::<usize>();
        match (word, index) {
            ("" | "save", _) => Action::Save,
            ("dry-run", _) => Action::DryRun,
            ("make-destination", _) => Action::MakeDestination,
            ("listen", _) => Action::Listen,
            ("stop-listening", _) => Action::StopListening,
            ("add-condition", index) => Action::AddCondition(index.ok()),
            ("add-group", index) => Action::AddGroup(index.ok()),
            ("remove-condition", Ok(index)) => Action::RemoveCondition(index),
            ("add-field", _) => Action::AddField,
            ("remove-field", Ok(index)) => Action::RemoveField(index),
            ("field-up", Ok(index)) => Action::MoveFieldUp(index),
            ("pick-condition", _) if !rest.is_empty() => Action::PickCondition(rest.into()),
            ("pick-into", _) => match rest.split_once(':').map(|(at, path)| (at.parse(), path)) {
                Some((Ok(index), path)) if !path.is_empty() => Action::PickInto(index, path.into()),
                _ => Action::Preview,
            },
            ("pick", _) if !rest.is_empty() => Action::Pick(rest.into()),
            _ => Action::Preview,
        }
    }
}

/// The catalogue with the given events ticked.
pub fn event_groups(ticked: &[String]) -> Vec<EventGroup> {
    let boxes = |name| {
        EVENTS
            .iter()
            .filter(move |event| event.group == name)
            .map(|event| EventBox {
                id: event.id,
                label: event_label(event.id),
                checked: ticked.iter().any(|id| id == event.id),
                is_update: is_update(event.id),
            })
            .collect()
    };
    groups()
        .into_iter()
        .map(|id| EventGroup {
            id,
            name: group_name(id),
            events: boxes(id),
        })
        .collect()
}

/// The catalogue for choosing, with one more box for every change of a record.
fn trigger_groups(ticked: &[String]) -> Vec<EventGroup> {
    let mut groups = event_groups(ticked);
    for group in groups.iter_mut().filter(|group| group.id == RECORDS) {
        let any_update = EventBox {
            id: ANY_UPDATE,
            label: t!("builder-any-update"),
            checked: RECORD_UPDATED
                .iter()
                .all(|id| ticked.iter().any(|ticked| ticked == id)),
            is_update: false,
        };
        group.events.insert(0, any_update);
    }
    groups
}

/// The ticked events. The box for every change of a record speaks for all of them when it was turned, and only then: left as it was shown, it
/// must not take back what was done to one of theirs.
fn ticked_events(form: &Form) -> Vec<String> {
    let mut ticked: Vec<String> = form.all("events").into_iter().map(str::to_string).collect();
    let other = form.comma_list("other_events").into_iter();
    let other: Vec<String> = other.map(|name| event_type_called(&name)).collect();
    let is_ticked = |event: &str| ticked.iter().any(|ticked| ticked == event);
    let all_are = RECORD_UPDATED.iter().all(|event| is_ticked(event));
    match (form.is_ticked(ANY_UPDATE_WAS), is_ticked(ANY_UPDATE)) {
        (true, false) if all_are => ticked.retain(|event| !is_update(event)),
        (true, true) => ticked.retain(|event| event != ANY_UPDATE),
        _ => {}
    }
    let mut events: Vec<String> = Vec::new();
    for event in ticked.into_iter().chain(other) {
        let meant: Vec<String> = match event.as_str() {
            ANY_UPDATE => RECORD_UPDATED.iter().map(ToString::to_string).collect(),
            _ => vec![event],
        };
        for event in meant {
            if !events.contains(&event) {
                events.push(event);
            }
        }
    }
    events
}

fn is_update(event: &str) -> bool {
    RECORD_UPDATED.contains(&event)
}

/// What a form says that it was filled in with.
fn seen(form: &Form) -> Option<(VersionId, SourceId)> {
    let version = form.text("seen_version").parse().ok()?;
    Some((version, form.text("seen_source").parse().ok()?))
}

/// The first of these, and how many more there are.
pub fn in_short(names: &[String]) -> String {
    let (named, rest) = names.split_at(names.len().min(NAMED_LIMIT));
    let named = named.join(", ");
    match rest.len() {
        0 => named,
        more => t!("builder-and-more", names = named, count = more),
    }
}

/// One of a field's controls, for a problem to lead to.
fn field_control(row: &FieldRow, index: usize, part: &str) -> Field {
    Field {
        id: format!("f-{part}-{index}"),
        label: field_called(&row.to, index),
    }
}

impl ConnectionForm {
    /// An empty form.
    pub fn empty() -> ConnectionForm {
        ConnectionForm {
            groups: trigger_groups(&[]),
            filter_mode: "all".into(),
            mapping_mode: "fields".into(),
            max_attempts: DEFAULT_MAX_ATTEMPTS.to_string(),
            ..ConnectionForm::default()
        }
    }

    /// A form with these rules filled in.
    pub fn with_rules(rules: &RulesDocument) -> ConnectionForm {
        let events = &rules.trigger.events;
        let unknown: Vec<&str> = events
            .iter()
            .map(String::as_str)
            .filter(|id| find(id).is_none())
            .collect();
        let mapping = &rules.mapping;
        let text = |key: &str| mapping[key].as_str().unwrap_or_default().to_string();
        let mut form = ConnectionForm {
            groups: trigger_groups(events),
            other_events: unknown.join(", "),
            project_ids: rules.trigger.project_ids.clone(),
            mapping_mode: mapping["mode"].as_str().unwrap_or("passthrough").into(),
            fields: mapping["fields"]
                .as_array()
                .into_iter()
                .flatten()
                .map(FieldRow::of)
                .collect(),
            template: text("body"),
            template_format: text("format"),
            request_path: mapping["request"]["path"]
                .as_str()
                .unwrap_or_default()
                .into(),
            request_query: request_lines::lines_of(&mapping["request"]["query"], QUERY),
            request_headers: request_lines::lines_of(&mapping["request"]["headers"], HEADER),
            per_record: rules.delivery.order == Order::PerRecord,
            max_attempts: rules.delivery.max_attempts.to_string(),
            ..ConnectionForm::default()
        };
        match connection_filter::rows_of(&rules.filter) {
            Some((mode, conditions)) => {
                form.filter_mode = mode.into();
                form.conditions = conditions;
            }
            None => {
                form.filter_mode = "all".into();
                form.filter_json = serde_json::to_string_pretty(&rules.filter).unwrap_or_default();
            }
        }
        form
    }

    /// The form of a saved connection.
    pub fn of(connection: &Connection) -> ConnectionForm {
        ConnectionForm {
            id: Some(connection.id.to_string()),
            name: connection.name.clone(),
            called: Some(connection.name.clone()),
            seen: Some((connection.version.id, connection.source_id)),
            source_id: connection.source_id.to_string(),
            destination_id: connection.version.destination_id.to_string(),
            ..ConnectionForm::with_rules(&connection.version.rules)
        }
    }

    /// What was typed.
    pub fn typed(form: &Form, id: Option<String>) -> ConnectionForm {
        let value = |name: &str| form.value(name).unwrap_or_default().to_string();
        let mut project_ids: Vec<String> = form
            .all("project")
            .into_iter()
            .map(str::to_string)
            .collect();
        for id in form.comma_list("project_ids") {
            if !project_ids.contains(&id) {
                project_ids.push(id);
            }
        }
        let pasted = value("sample");
        let recipe = recipes::find(form.text("recipe"));
        let from = match form.value("sample_from") {
            // A client that knows no choice but has pasted an event means that one.
            None if !pasted.is_empty() => "paste".into(),
            from => from.unwrap_or_default().trim().to_string(),
        };
        ConnectionForm {
            id,
            name: form.text("name").into(),
            called: form.value("called").map(str::to_string),
            seen: seen(form),
            source_id: form.text("source_id").into(),
            destination_id: form.text("destination_id").into(),
            new_destination: NewDestination {
                name: form.text("d_name").into(),
                url: form.text("d_url").into(),
                scheme: form.text("d_scheme").into(),
                ..recipe.map(NewDestination::of).unwrap_or_default()
            },
            recipe,
            groups: trigger_groups(&ticked_events(form)),
            other_events: form.text("other_events").into(),
            project_ids,
            filter_mode: form.text("filter_mode").into(),
            conditions: connection_filter::typed(form),
            filter_json: value("filter_json"),
            mapping_mode: form.text("mapping_mode").into(),
            fields: connection_fields::typed(form),
            // Browsers write line breaks as CR LF.
            template: value("template").replace("\r\n", "\n"),
            template_format: form.text("template_format").into(),
            request_path: form.text("request_path").into(),
            request_query: value("request_query").replace("\r\n", "\n"),
            request_headers: value("request_headers").replace("\r\n", "\n"),
            per_record: form.text("order") == "per_record",
            max_attempts: form.text("max_attempts").into(),
            sample: SampleChoice {
                from,
                pasted,
                search: form.text("sample_search").into(),
                listening: form.is_ticked("listening"),
                listen_after: form.text("listen_after").into(),
            },
            dry_run_events: form.text("dry_run_events").into(),
            delivery: form.text("delivery").into(),
        }
    }

    /// Does to the rows what a button says. Buttons that need more than the form are not for here.
    /// What is picked is a value of the sample.
    pub fn act(&mut self, action: &Action, sample: &Value) {
        match action {
            Action::AddCondition(head) => {
                connection_filter::add(&mut self.conditions, *head, false)
            }
            Action::AddGroup(head) => connection_filter::add(&mut self.conditions, *head, true),
            Action::RemoveCondition(index) => {
                connection_filter::remove(&mut self.conditions, *index)
            }
            Action::AddField if self.may_have_another_field() => self.fields.push(FieldRow {
                kind: "path".into(),
                focus: true,
                ..FieldRow::default()
            }),
            Action::RemoveField(index) if *index < self.fields.len() => {
                self.fields.remove(*index);
            }
            Action::MoveFieldUp(index) if (1..self.fields.len()).contains(index) => {
                self.fields.swap(*index, *index - 1);
            }
            Action::Pick(path) => self.pick(path, sample),
            Action::PickInto(index, path) => self.pick_into(*index, path, sample),
            Action::PickCondition(path) => {
                connection_filter::pick(&mut self.conditions, path, sample)
            }
            _ => {}
        }
    }

    /// What a button brought in, for those who do not see it appear.
    pub fn added(&self, action: &Action) -> Option<String> {
        match action {
            Action::Pick(_) | Action::PickInto(..) if self.mapping_mode == "fields" => {
                let filled = self.fields.iter().find(|row| row.focus);
                filled.map(|row| row.to.clone())
            }
            Action::Pick(path) | Action::PickCondition(path) => Some(path.clone()),
            _ => None,
        }
    }

    /// A value chosen without a field having been chosen first goes where a named field still lacks one. Otherwise it becomes a new field, or
    /// stands at the end of the template.
    fn pick(&mut self, path: &str, sample: &Value) {
        if self.mapping_mode == "template" {
            self.template
                .push_str(&picked_in_template(path, sample).unwrap_or_default());
            return;
        }
        self.mapping_mode = "fields".into();
        self.fields.retain(|row| !row.is_blank());
        if let Some(row) = self.fields.iter_mut().find(|row| row.is_unfinished()) {
            row.fill(path, sample);
            return;
        }
        if self.may_have_another_field() {
            let row = FieldRow::picked(path, &self.fields, sample);
            self.fields.push(row);
        }
    }

    /// The value goes into this field, which is named after it as long as nobody has named it.
    fn pick_into(&mut self, index: usize, path: &str, sample: &Value) {
        let name = connection_fields::name_for(path, &self.fields, sample);
        if let Some(row) = self.fields.get_mut(index) {
            if row.to.is_empty() {
                row.to = name;
            }
            row.fill(path, sample);
        }
    }

    /// Whether a mapping may have one more.
    pub fn may_have_another_field(&self) -> bool {
        self.fields.len() < FIELDS_LIMIT
    }

    /// Whether a filter may have one more.
    pub fn may_have_another_condition(&self) -> bool {
        connection_filter::may_have_another(&self.conditions)
    }

    /// That a button brings in no more, since there are as many as there may be.
    pub fn is_full(&self, action: &Action) -> Option<FormProblem> {
        let adds_a_field = match action {
            Action::AddField => true,
            Action::Pick(_) => self.picks_a_new_field(),
            _ => false,
        };
        if adds_a_field && !self.may_have_another_field() {
            let message = t!("builder-fields-limit", count = FIELDS_LIMIT);
            return Some(FormProblem::at("mapping/fields", message));
        }
        let adds_a_condition = matches!(
            action,
            Action::AddCondition(_) | Action::AddGroup(_) | Action::PickCondition(_)
        );
        (adds_a_condition && !self.may_have_another_condition()).then(|| {
            let message = t!("builder-conditions-limit", count = CONDITIONS_LIMIT);
            FormProblem::at("filter", message)
        })
    }

    /// Whether a value that is picked becomes a field of its own, and does not go into the template or a row that waits for one.
    fn picks_a_new_field(&self) -> bool {
        let has_place = |row: &FieldRow| row.is_blank() || row.is_unfinished();
        self.mapping_mode != "template" && !self.fields.iter().any(has_place)
    }

    /// What the starting point says about itself: what is to be put in place, for one.
    pub fn advice(&self) -> Option<(String, String)> {
        let recipe = self.recipe?;
        Some((
            told!("recipe-title-", recipe.id, recipe.title),
            told!("recipe-summary-", recipe.id, recipe.summary),
        ))
    }

    /// Whether order or attempts are other than usual, or cannot be read.
    pub fn has_delivery_options(&self) -> bool {
        self.per_record || self.max_attempts != DEFAULT_MAX_ATTEMPTS.to_string()
    }

    /// The attempts, as far as they can be read.
    pub fn attempts(&self) -> Option<u32> {
        self.max_attempts.parse().ok()
    }

    /// Whether it would send a document of fields that has none.
    pub fn lacks_fields(&self) -> bool {
        self.mapping_mode == "fields" && self.fields.iter().all(FieldRow::is_unfinished)
    }

    /// Choices that nothing can be saved without, and that nobody has made. The API has them made by its callers: a mapping without fields is one.
    pub fn open_choices(&self) -> Vec<FormProblem> {
        let has_destination =
            !(self.destination_id.is_empty() && self.new_destination.url.is_empty());
        let open = [
            (
                !self.source_id.is_empty(),
                "source_id",
                key!("builder-needs-source-choice"),
            ),
            (
                !self.lacks_fields(),
                "mapping/fields",
                key!("builder-needs-field"),
            ),
            (
                has_destination,
                "destination_id",
                key!("builder-needs-destination"),
            ),
        ];
        open.into_iter()
            .filter(|(made, ..)| !made)
            .map(|(_, place, message)| FormProblem::at(place, message.to_string()))
            .chain(self.unfinished_fields())
            .collect()
    }

    /// Fields that were named and say nothing of where their value comes from.
    fn unfinished_fields(&self) -> Vec<FormProblem> {
        let rows = self.fields.iter().enumerate();
        rows.filter(|_| self.mapping_mode == "fields")
            .filter(|(_, row)| row.is_unfinished() && !row.is_blank())
            .map(|(index, row)| FormProblem {
                field: Some(field_control(row, index, "source")),
                ..FormProblem::plain(t!("builder-needs-origin"))
            })
            .collect()
    }

    /// The events it listens to; none means any.
    pub fn events(&self) -> Vec<String> {
        // One more than may be, so that too many are refused.
        let other = comma_separated(&self.other_events)
            .take(TRIGGER_ENTRIES_LIMIT + 1)
            .map(event_type_called);
        let ticked = self.groups.iter().flat_map(|group| &group.events);
        let mut events: Vec<String> = ticked
            .filter(|event| event.checked && event.id != ANY_UPDATE)
            .map(|event| event.id.to_string())
            .collect();
        for event in other {
            if event != ANY_UPDATE && !events.contains(&event) {
                events.push(event);
            }
        }
        events
    }

    /// Which events it listens to, in a few words; every change of a record is one of them.
    pub fn events_in_short(&self) -> String {
        let ticked = self.groups.iter().flat_map(|group| {
            let events = group.events.iter().filter(|event| event.checked);
            let has_any = group.has_any_update();
            events.filter(move |event| !(has_any && event.is_update))
        });
        let known = ticked.map(|event| event.label.clone());
        let other = comma_separated(&self.other_events).map(str::to_string);
        in_short(&known.chain(other).collect::<Vec<_>>())
    }

    /// The problems at the rows and controls that they are about.
    pub fn placed(
        &self,
        problems: Vec<FormProblem>,
        pointers: &[(usize, String)],
    ) -> Vec<FormProblem> {
        let written = self.places_in_json();
        let in_json = |place: &str| {
            Some(Field {
                id: "filter_json".into(),
                label: written.as_ref()?.called(place)?,
            })
            .filter(|_| place.starts_with("filter/"))
        };
        let placed = |problem: FormProblem| FormProblem {
            field: self
                .row_at(&problem.place, pointers)
                .or_else(|| in_json(&problem.place))
                .or(problem.field),
            ..problem
        };
        problems.into_iter().map(placed).collect()
    }

    /// Whether a problem is that a condition's value is still to be typed.
    pub fn is_asked_for(&self, problem: &FormProblem) -> bool {
        let index = problem.field.as_ref();
        let index = index.and_then(|field| field.id.strip_prefix("c-value-")?.parse().ok());
        let row = index.and_then(|index: usize| self.conditions.get(index));
        row.is_some_and(FilterRow::lacks_value)
    }

    /// The parts of a filter that is written as JSON and has no rows.
    fn places_in_json(&self) -> Option<Places> {
        let filter: Value = serde_json::from_str(self.filter_json.trim()).ok()?;
        Some(Places::of(&filter, &Value::Null))
    }

    /// How many groups of conditions end with a row.
    pub fn groups_ending(&self, index: &usize) -> usize {
        connection_filter::groups_ending(&self.conditions, *index)
    }

    /// What a condition or a group is called.
    pub fn row_called(&self, index: &usize) -> String {
        connection_filter::called(&self.conditions, *index)
    }

    /// The control of a condition or of a field; `None` for other places.
    fn row_at(&self, place: &str, pointers: &[(usize, String)]) -> Option<Field> {
        if let Some(rest) = place.strip_prefix("mapping/fields/") {
            let (number, rest) = rest.split_once('/').unwrap_or((rest, ""));
            let rows = self.fields.iter().enumerate();
            let (index, row) = rows
                .filter(|(_, row)| !row.is_unfinished())
                .nth(number.parse().ok()?)?;
            let part = ["to", "pipe"]
                .into_iter()
                .find(|part| rest.starts_with(part));
            return Some(field_control(row, index, part.unwrap_or("source")));
        }
        for (kind, label) in [
            ("query", key!("rules-request-query")),
            ("headers", key!("rules-request-header")),
        ] {
            let rest = place.strip_prefix("mapping/request/");
            let name = rest.and_then(|rest| rest.strip_prefix(kind)?.strip_prefix('/'));
            if let Some(name) = name {
                return Some(Field {
                    id: format!("request_{kind}"),
                    label: format!("{label} {name}"),
                });
            }
        }
        let place = format!("/{place}");
        let within = |pointer: &String| place.starts_with(pointer.as_str());
        let found = pointers.iter().filter(|(_, pointer)| within(pointer));
        let (index, pointer) = found.max_by_key(|(_, pointer)| pointer.len())?;
        let part = if place[pointer.len()..].starts_with("/value") {
            "value"
        } else {
            "path"
        };
        Some(Field {
            id: format!("c-{part}-{index}"),
            label: self.row_called(index),
        })
    }

    /// The rules that the form stands for, where each row is in them, and what cannot be read.
    pub fn rules(&self) -> (RulesDocument, Vec<(usize, String)>, Vec<FormProblem>) {
        let mut problems = Vec::new();
        let mut problem = |place: &str, message: String| {
            problems.push(FormProblem::at(place, message));
        };
        let (filter, pointers) = match self.filter_json.trim() {
            "" => connection_filter::document(&self.filter_mode, &self.conditions),
            text => {
                let read = serde_json::from_str(text);
                let filter = read.map_err(|error| {
                    let error = retold(&error.to_string());
                    problem("filter", t!("builder-no-json", error = error))
                });
                (filter.unwrap_or_default(), Vec::new())
            }
        };
        let mapping = self.mapping(&mut problem);
        let max_attempts = self.max_attempts.parse().unwrap_or_else(|_| {
            problem("delivery/max_attempts", t!("builder-bad-attempts"));
            DEFAULT_MAX_ATTEMPTS
        });
        let rules = RulesDocument {
            trigger: Trigger {
                events: self.events(),
                project_ids: self.project_ids.clone(),
            },
            filter,
            mapping,
            delivery: DeliverySettings {
                order: if self.per_record {
                    Order::PerRecord
                } else {
                    Order::None
                },
                max_attempts,
            },
        };
        (rules, pointers, problems)
    }

    /// Whether anything is added to the address or the headers.
    pub fn has_request(&self) -> bool {
        let parts = [
            &self.request_path,
            &self.request_query,
            &self.request_headers,
        ];
        parts.iter().any(|part| !part.trim().is_empty())
    }

    /// What is added to the request, as the mapping has it.
    fn request(&self, problem: &mut impl FnMut(&str, String)) -> Value {
        let mut request = Map::new();
        if !self.request_path.is_empty() {
            request.insert("path".into(), Value::from(self.request_path.as_str()));
        }
        for (name, lines, between) in [
            ("query", &self.request_query, QUERY),
            ("headers", &self.request_headers, HEADER),
        ] {
            match request_lines::document_of(lines, between) {
                Ok(members) if members.is_empty() => {}
                Ok(members) => {
                    request.insert(name.into(), Value::from(members));
                }
                Err(message) => problem(&format!("mapping/request/{name}"), message),
            }
        }
        Value::from(request)
    }

    fn mapping(&self, problem: &mut impl FnMut(&str, String)) -> Value {
        let mut mapping = self.body_mapping(problem);
        if self.has_request() {
            mapping["request"] = self.request(problem);
        }
        mapping
    }

    fn body_mapping(&self, problem: &mut impl FnMut(&str, String)) -> Value {
        match self.mapping_mode.as_str() {
            "fields" => {
                let mut fields = Vec::new();
                for row in self.fields.iter().filter(|row| !row.is_unfinished()) {
                    match row.document() {
                        Ok(field) => fields.push(field),
                        Err(message) => {
                            problem(&format!("mapping/fields/{}/pipe", fields.len()), message)
                        }
                    }
                }
                json!({"mode": "fields", "fields": fields})
            }
            "template" if self.template_format.is_empty() => {
                json!({"mode": "template", "body": self.template})
            }
            "template" => {
                json!({"mode": "template", "body": self.template, "format": self.template_format})
            }
            other => json!({"mode": other}),
        }
    }

    /// The document that the API takes, or what cannot be read.
    pub fn document(&self) -> Result<ConnectionDocument, Vec<FormProblem>> {
        let (rules, _, problems) = self.rules();
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(ConnectionDocument {
            name: self.name.clone(),
            source_id: self.source_id.clone(),
            destination_id: self.destination_id.clone(),
            trigger: rules.trigger,
            filter: rules.filter,
            mapping: Some(rules.mapping),
            delivery: rules.delivery,
            enabled: None,
        })
    }
}
