//! What a connection does, and what a save changes, as parts that the templates `connections/sentence.txt` and `connections/change.txt` make
//! sentences of. The words themselves stand in the templates; here only names and counts are put together.

use askama::Template;

use crate::domain::catalogue::{clause, label};
use crate::domain::change::{Change, changes};
use crate::domain::connection::{Connection, Order, RulesDocument, Version};
use crate::domain::words;
use crate::flow::Bridge;
use crate::web::ui::page::PageError;

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
            self.projects = bridge.store.projects_seen(source_id).await?;
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

/// A connection in one readable sentence.
#[derive(Template)]
#[template(path = "connections/sentence.txt")]
pub struct Sentence {
    /// Empty means anything.
    events: Vec<String>,
    more_events: usize,
    projects: Vec<String>,
    more_projects: usize,
    source: String,
    filter: Option<String>,
    mode: String,
    first_field: Option<String>,
    more_fields: usize,
    destination: String,
    per_record: bool,
}

impl Sentence {
    pub fn new(
        rules: &RulesDocument,
        source: String,
        destination: String,
        names: &Names,
    ) -> Sentence {
        let events = &rules.trigger.events;
        let projects = &rules.trigger.project_ids;
        let fields = rules.mapping["fields"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        Sentence {
            events: events
                .iter()
                .take(NAMED_LIMIT)
                .map(|id| clause(id))
                .collect(),
            more_events: events.len().saturating_sub(NAMED_LIMIT),
            projects: projects
                .iter()
                .take(NAMED_LIMIT)
                .map(|id| names.project(id))
                .collect(),
            more_projects: projects.len().saturating_sub(NAMED_LIMIT),
            source,
            filter: words::filter(&rules.filter),
            mode: rules.mapping["mode"].as_str().unwrap_or_default().into(),
            first_field: fields
                .first()
                .and_then(|field| field["to"].as_str())
                .map(str::to_string),
            more_fields: fields.len().saturating_sub(1),
            destination,
            per_record: rules.delivery.order == Order::PerRecord,
        }
    }

    pub fn of(connection: &Connection, names: &Names) -> Sentence {
        Sentence::new(
            &connection.version.rules,
            names.source(&connection.source_id.to_string()),
            names.destination(&connection.version.destination_id.to_string()),
            names,
        )
    }
}

/// A name for a connection that was given none: what sets it off and where it goes.
pub fn suggested_name(rules: &RulesDocument, destination: &str) -> String {
    let what = match rules.trigger.events.as_slice() {
        [] => "Everything".to_string(),
        [one] => label(one).to_string(),
        [one, rest @ ..] => format!("{} and {} more", label(one), rest.len()),
    };
    format!("{what} → {destination}")
        .chars()
        .take(100)
        .collect()
}

/// One difference, as a sentence.
#[derive(Template)]
#[template(path = "connections/change.txt")]
pub struct ChangeSentence {
    change: Change,
}

/// What became different from one version to the next, destination included, each as a sentence.
pub fn change_sentences(
    before: &RulesDocument,
    after: &RulesDocument,
    destinations: Option<(String, String)>,
    names: &Names,
) -> Vec<String> {
    let told = changes(before, after).into_iter().map(|change| {
        let change = match change {
            Change::EventAdded(id) => Change::EventAdded(label(&id).to_string()),
            Change::EventRemoved(id) => Change::EventRemoved(label(&id).to_string()),
            Change::ProjectAdded(id) => Change::ProjectAdded(names.project(&id)),
            Change::ProjectRemoved(id) => Change::ProjectRemoved(names.project(&id)),
            other => other,
        };
        ChangeSentence { change }.render().unwrap_or_default()
    });
    let moved = destinations
        .filter(|(was, is)| was != is)
        .map(|(was, is)| format!("Destination: “{was}” became “{is}”."));
    told.chain(moved).collect()
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
