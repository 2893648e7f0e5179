//! What a connection does, and what a save changes, in sentences of the reader's language. The rules' own words are [`rule_words`]'s.

use std::iter;

use serde_json::Value;

use crate::domain::change::{Change, RequestPart, changes};
use crate::domain::connection::{Connection, Order, RulesDocument, Version};
use crate::domain::name::NAME_LIMIT_CHARS;
use crate::domain::person::Language;
use crate::flow::Bridge;
use crate::flow::projects::projects;
use crate::web::reader::Reader;
use crate::web::ui::error::PageError;
use crate::web::ui::labels::{event_clause, event_label};
use crate::web::ui::rule_words;

/// Events or projects that are named; more are counted.
const NAMED_LIMIT: usize = 3;

/// What sources, destinations and projects are called.
#[derive(Default)]
pub struct Names {
    pub sources: Vec<(String, String)>,
    pub destinations: Vec<(String, String)>,
    /// Of one source's newest events.
    pub projects: Vec<(String, Option<String>)>,
}

impl Names {
    pub async fn load(bridge: &Bridge) -> Result<Names, PageError> {
        let sources = bridge.store.sources().await?;
        let destinations = bridge.store.destinations().await?;
        Ok(Names {
            sources: sources
                .into_iter()
                .map(|source| (source.id.to_string(), source.name))
                .collect(),
            destinations: destinations
                .into_iter()
                .map(|destination| (destination.id.to_string(), destination.name))
                .collect(),
            projects: Vec::new(),
        })
    }

    /// With the projects that this source's events were in lately.
    pub async fn with_projects_of(
        mut self,
        bridge: &Bridge,
        source_id: &str,
    ) -> Result<Names, PageError> {
        if let Ok(source_id) = source_id.parse() {
            self.projects = projects(bridge, source_id).await?;
        }
        Ok(self)
    }

    pub fn source(&self, id: &str) -> String {
        name_in(&self.sources, id)
    }

    pub fn destination(&self, id: &str) -> String {
        name_in(&self.destinations, id)
    }

    fn project(&self, id: &str) -> String {
        let found = self.projects.iter().find(|(other, _)| other == id);
        found
            .and_then(|(_, name)| name.clone())
            .unwrap_or_else(|| id.to_string())
    }
}

fn name_in(list: &[(String, String)], id: &str) -> String {
    list.iter()
        .find(|(other, _)| other == id)
        .map(|(_, name)| name.clone())
        .unwrap_or_default()
}

/// A connection in one readable sentence: when, which of them, what is sent, where to.
pub fn sentence(rules: &RulesDocument, source: &str, destination: &str, names: &Names) -> String {
    sentence_with(rules, source, destination, names, &sent(rules))
}

/// The same with other words for what is sent.
pub fn sentence_with(
    rules: &RulesDocument,
    source: &str,
    destination: &str,
    names: &Names,
    what: &str,
) -> String {
    let mut when = happens(rules, names);
    if !source.is_empty() {
        when = format!("{when} ({source})");
    }
    if let Some(filter) = rule_words::filter(&rules.filter) {
        when = t!("rules-when-and", when = when, filter = filter);
    }
    let destination = if destination.is_empty() {
        t!("rules-a-destination")
    } else {
        destination.to_string()
    };
    let destination = match added(&rules.mapping["request"]) {
        parts if parts.is_empty() => destination,
        parts => t!(
            "rules-to-request",
            to = destination,
            parts = parts.join(", ")
        ),
    };
    match rules.delivery.order {
        Order::None => t!("rules-sentence", when = when, what = what, to = destination),
        Order::PerRecord => {
            t!(
                "rules-sentence-in-order",
                when = when,
                what = what,
                to = destination
            )
        }
    }
}

/// The same of a connection as it is saved.
pub fn sentence_of(connection: &Connection, names: &Names) -> String {
    sentence(
        &connection.version.rules,
        &names.source(&connection.source_id.to_string()),
        &names.destination(&connection.version.destination_id.to_string()),
        names,
    )
}

/// What sets it off, and in which projects.
fn happens(rules: &RulesDocument, names: &Names) -> String {
    let events: Vec<String> = rules
        .trigger
        .events
        .iter()
        .map(|id| event_clause(id))
        .collect();
    let projects = &rules.trigger.project_ids;
    let projects: Vec<String> = projects.iter().map(|id| names.project(id)).collect();
    let what = if events.is_empty() {
        t!("rules-anything")
    } else {
        either(&events)
    };
    if projects.is_empty() {
        what
    } else {
        t!(
            "rules-in-projects",
            what = what,
            projects = either(&projects)
        )
    }
}

/// `a, b or c`; beyond the first few they are counted.
fn either(names: &[String]) -> String {
    let (named, rest) = names.split_at(names.len().min(NAMED_LIMIT));
    match (named, rest) {
        ([one], _) => one.clone(),
        ([first @ .., last], []) => t!("rules-either", first = first.join(", "), last = last),
        _ => t!(
            "rules-either-more",
            first = named.join(", "),
            count = rest.len()
        ),
    }
}

/// What is sent, in a few words.
fn sent(rules: &RulesDocument) -> String {
    let mapping = &rules.mapping;
    let fields = mapping["fields"].as_array().map_or(&[][..], Vec::as_slice);
    // One that is being typed may have no name yet.
    let named: Vec<&str> = fields.iter().map(to).filter(|to| !to.is_empty()).collect();
    match (mapping["mode"].as_str(), named.as_slice()) {
        (Some("fields"), []) if fields.is_empty() => t!("rules-send-nothing"),
        (Some("fields"), []) => t!("builder-some-fields"),
        (Some("fields"), [name]) => name.to_string(),
        (Some("fields"), [name, rest @ ..]) => {
            t!("rules-send-fields", name = name, count = rest.len())
        }
        (Some("template"), _) => t!("rules-send-text"),
        _ => t!("rules-send-event"),
    }
}

/// What is added to the address and the headers, in a few words each.
fn added(request: &Value) -> Vec<String> {
    let path = request["path"].as_str().map(str::to_string);
    let names = |kind: &str| {
        let members = request[kind].as_object().filter(|all| !all.is_empty())?;
        let names: Vec<&str> = members.keys().map(String::as_str).collect();
        Some(names.join(", "))
    };
    let query = names("query").map(|names| t!("rules-to-query", names = names));
    let headers = names("headers").map(|names| t!("rules-to-headers", names = names));
    path.into_iter().chain(query).chain(headers).collect()
}

/// A name for a connection that was given none: what sets it off, if what, and where it goes.
pub fn suggested_name(rules: &RulesDocument, destination: &str) -> String {
    let what = match rules.trigger.events.as_slice() {
        [] => t!("rules-everything"),
        [one] => event_label(one),
        [one, rest @ ..] => t!(
            "rules-and-more",
            name = event_label(one),
            count = rest.len()
        ),
    };
    let what = match rule_words::in_short(&rules.filter) {
        Some(filter) => t!("rules-name-if", what = what, filter = filter),
        None => what,
    };
    format!("{what} → {destination}")
        .chars()
        .take(NAME_LIMIT_CHARS)
        .collect()
}

/// In which language a connection is called what [`suggested_name`] makes of it; `None` when a person named it. A destination that was renamed since is
/// no longer in the name that was made, which then stays like a typed one.
pub fn named_by_itself(connection: &Connection, names: &Names) -> Option<Language> {
    let version = &connection.version;
    let destination = names.destination(&version.destination_id.to_string());
    // The reader's own language first: some names are the same in all.
    iter::once(Reader::present().language)
        .chain(Language::ALL)
        .find(|language| {
            let name = suggested_name_in(*language, &version.rules, &destination);
            name == connection.name
        })
}

/// A suggested name in this language, whatever the reader's is.
pub fn suggested_name_in(language: Language, rules: &RulesDocument, destination: &str) -> String {
    let reader = Reader {
        language,
        ..Reader::present()
    };
    reader.reads(|| suggested_name(rules, destination))
}

/// What became different from one version to the next, destination included, each as a sentence.
pub fn change_sentences(
    before: &RulesDocument,
    after: &RulesDocument,
    destinations: Option<(String, String)>,
    names: &Names,
) -> Vec<String> {
    let told = changes(before, after)
        .into_iter()
        .map(|change| change_sentence(change, names));
    let moved = destinations
        .filter(|(was, is)| was != is)
        .map(|(was, is)| t!("rules-change-destination", before = was, after = is));
    told.chain(moved).collect()
}

/// One difference, as a sentence.
fn change_sentence(change: Change, names: &Names) -> String {
    let condition = rule_words::condition;
    let filter = |document: &_| {
        rule_words::filter(document).unwrap_or_else(|| t!("rules-every-event-passes"))
    };
    match change {
        Change::AnyEvent => t!("rules-change-any-event"),
        Change::EventAdded(id) => t!("rules-change-event-added", name = event_label(&id)),
        Change::EventRemoved(id) => t!("rules-change-event-removed", name = event_label(&id)),
        Change::AnyProject => t!("rules-change-any-project"),
        Change::ProjectAdded(id) => t!("rules-change-project-added", name = names.project(&id)),
        Change::ProjectRemoved(id) => {
            t!("rules-change-project-removed", name = names.project(&id))
        }
        Change::ConditionAdded(is) => t!("rules-change-condition-added", said = condition(&is)),
        Change::ConditionRemoved(was) => {
            t!("rules-change-condition-removed", said = condition(&was))
        }
        Change::ConditionChanged { before, after } => t!(
            "rules-change-filter",
            before = condition(&before),
            after = condition(&after)
        ),
        Change::Regrouped { before, after } => t!(
            "rules-change-filter",
            before = filter(&before),
            after = filter(&after)
        ),
        Change::Mode { before, after } => t!(
            "rules-change-mode",
            before = mode(&before),
            after = mode(&after)
        ),
        Change::FieldAdded(field) => t!(
            "rules-change-field-added",
            name = to(&field),
            origin = rule_words::origin(&field)
        ),
        Change::FieldRemoved(field) => t!("rules-change-field-removed", name = to(&field)),
        Change::FieldChanged { before, after } => t!(
            "rules-change-field",
            name = to(&after),
            before = rule_words::origin(&before),
            after = rule_words::origin(&after)
        ),
        Change::FieldsReordered => t!("rules-change-fields-order"),
        Change::TemplateChanged => t!("rules-change-template"),
        Change::Request {
            part,
            before,
            after,
        } => request_change(&part, before, after),
        Change::QueryReordered => t!("rules-change-query-order"),
        Change::HeadersReordered => t!("rules-change-headers-order"),
        Change::Order(Order::PerRecord) => t!("rules-change-order-record"),
        Change::Order(Order::None) => t!("rules-change-order-none"),
        Change::Attempts { before, after } => {
            t!("rules-change-attempts", before = before, after = after)
        }
    }
}

fn request_change(part: &RequestPart, before: Option<String>, after: Option<String>) -> String {
    let part = match part {
        RequestPart::Path => t!("rules-request-path"),
        RequestPart::Query(name) => format!("{} {name}", t!("rules-request-query")),
        RequestPart::Header(name) => format!("{} {name}", t!("rules-request-header")),
    };
    match (before, after) {
        (Some(before), Some(after)) => t!(
            "rules-change-request",
            part = part,
            before = before,
            after = after
        ),
        (None, Some(after)) => t!("rules-change-request-added", part = part, after = after),
        (_, None) => t!("rules-change-request-removed", part = part),
    }
}

fn to(field: &Value) -> &str {
    field["to"].as_str().unwrap_or_default()
}

fn mode(word: &str) -> String {
    match word {
        "fields" => t!("rules-mode-fields"),
        "template" => t!("rules-mode-template"),
        _ => t!("rules-mode-event"),
    }
}

/// What a version changed from the one before it.
pub fn version_changes(before: &Version, after: &Version, names: &Names) -> Vec<String> {
    let ends = (
        names.destination(&before.destination_id.to_string()),
        names.destination(&after.destination_id.to_string()),
    );
    let moved = (before.destination_id != after.destination_id).then_some(ends);
    change_sentences(&before.rules, &after.rules, moved, names)
}
