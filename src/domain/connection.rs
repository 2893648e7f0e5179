//! A connection: source, rules and destination; and the product's one pure decision.
//!
//! [`Rules`] is a version compiled once and kept in memory. Ingest, live preview, dry run and the log's "why not" all call
//! [`Rules::decide`], so what a page says is what happened. A version never changes and the decision looks at nothing but its
//! arguments: computed again, it gives the same bytes, and so no body is stored twice.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::domain::audit::ActorKind;
use crate::domain::catalogue;
use crate::domain::event::{EventFacts, fact_needs, shared_name};
use crate::domain::filter::explanation::Explanation;
use crate::domain::filter::folds::Folds;
use crate::domain::filter::{About, Filter, Input};
use crate::domain::id::{ConnectionId, DestinationId, SourceId, VersionId};
use crate::domain::mapping::{Mapping, MappingError, MappingInput, Output};
use crate::domain::needs::Needs;
use crate::domain::problem::Problem;
use crate::domain::retry::{DEFAULT_MAX_ATTEMPTS, MAX_ATTEMPTS_LIMIT};

/// Most event types or projects in one trigger.
pub const TRIGGER_ENTRIES_LIMIT: usize = 100;

/// Source, rules and destination.
#[derive(Debug, Clone)]
pub struct Connection {
    pub id: ConnectionId,
    pub name: String,
    pub source_id: SourceId,
    pub enabled: bool,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An immutable snapshot of a connection's rules; a delivery names its version for ever.
#[derive(Debug, Clone)]
pub struct Version {
    pub id: VersionId,
    pub connection_id: ConnectionId,
    /// Counts from 1 within the connection.
    pub number: i32,
    pub destination_id: DestinationId,
    pub rules: RulesDocument,
    pub created_at: Timestamp,
    /// `None` where nobody wrote it down.
    pub saved_by: Option<SavedBy>,
}

/// Who saved a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedBy {
    pub kind: ActorKind,
    /// What they were called then.
    pub name: String,
}

/// The rules as a person wrote them, in the API's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RulesDocument {
    #[serde(default)]
    pub trigger: Trigger,
    #[serde(default)]
    pub filter: Value,
    pub mapping: Value,
    #[serde(default)]
    pub delivery: DeliverySettings,
}

/// Which events the connection listens to; an empty list means any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Trigger {
    #[serde(default)]
    pub events: Vec<String>,
    #[serde(default)]
    pub project_ids: Vec<String>,
}

/// How its deliveries are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct DeliverySettings {
    #[serde(default)]
    pub order: Order,
    #[serde(default = "default_max_attempts")]
    pub max_attempts: u32,
}

/// Whether deliveries wait for one another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", expecting = "none or per_record")]
pub enum Order {
    /// All in parallel.
    #[default]
    None,
    /// Strictly one after another for each record, records in parallel.
    PerRecord,
}

fn default_max_attempts() -> u32 {
    DEFAULT_MAX_ATTEMPTS
}

impl Default for DeliverySettings {
    fn default() -> DeliverySettings {
        DeliverySettings {
            order: Order::None,
            max_attempts: DEFAULT_MAX_ATTEMPTS,
        }
    }
}

/// What a decision looks at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub facts: &'a EventFacts,
    pub document: &'a Value,
    /// The bytes as received.
    pub body: &'a [u8],
    /// When the event was received; relative dates count from it.
    pub received_at: Timestamp,
}

/// What becomes of one event for one connection.
#[derive(Debug)]
pub enum Decision {
    /// The connection does not listen to this event: no delivery is made.
    NotTriggered(NotTriggered),
    /// The filter said no; [`Rules::explain`] says why.
    Skip,
    /// The mapping could not make a body.
    Fail(MappingError),
    /// Send this.
    Deliver(Output),
}

/// Why a connection does not listen to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTriggered {
    /// To no event of this type.
    Event(String),
    /// To none of this project.
    Project(String),
    /// To those of certain projects, and the event names none.
    NoProject,
}

impl fmt::Display for NotTriggered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotTriggered::Event(event) => {
                write!(f, "This connection does not listen to {event}.")
            }
            NotTriggered::Project(project) => {
                write!(f, "This connection does not listen to project {project}.")
            }
            NotTriggered::NoProject => f.write_str(
                "This connection listens to certain projects, and the event names none.",
            ),
        }
    }
}

/// Its sentence, as the API says it.
impl Serialize for NotTriggered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A trigger, compiled: an event is known by what its two names share.
#[derive(Debug, Clone)]
struct Listening {
    events: HashSet<String>,
    project_ids: HashSet<String>,
}

/// A version's rules, compiled once.
#[derive(Debug, Clone)]
pub struct Rules {
    trigger: Listening,
    filter: Option<Filter>,
    mapping: Mapping,
    pub delivery: DeliverySettings,
}

impl Rules {
    /// Compiles rules that somebody saves or tries; all problems come at once, with pointers into the whole connection document. What could never
    /// work is refused as well.
    pub fn compile(document: &RulesDocument) -> Result<Rules, Vec<Problem>> {
        let document = &document.clone().tidied();
        let rules = Rules::accepted(document)?;
        let problems = rules.unfit(&document.trigger);
        if problems.is_empty() {
            Ok(rules)
        } else {
            Err(problems)
        }
    }

    /// What nobody can mean in rules that are brought from elsewhere; an error when they cannot be read at all.
    pub fn unfit_in(document: &RulesDocument) -> Result<Vec<Problem>, Vec<Problem>> {
        Rules::accepted(document).map(|rules| rules.unfit(&document.trigger))
    }

    /// What nobody can mean although it can be read. Asked when somebody saves rules, not when saved ones are read.
    fn unfit(&self, trigger: &Trigger) -> Vec<Problem> {
        let filter = self.filter.as_ref();
        let filter = filter.map_or_else(Vec::new, |filter| filter.unfit(About::Event));
        let mapping = self.mapping.unfit();
        let mut problems = impossible_entries(trigger);
        keep::<()>(Err(filter), "/filter", &mut problems);
        keep::<()>(Err(mapping), "/mapping", &mut problems);
        problems
    }

    fn accepted(document: &RulesDocument) -> Result<Rules, Vec<Problem>> {
        let mut problems = trigger_problems(&document.trigger);
        let attempts = document.delivery.max_attempts;
        if !(1..=MAX_ATTEMPTS_LIMIT).contains(&attempts) {
            problems.push(Problem::new(
                "/delivery/max_attempts",
                "out_of_range",
                format!("From 1 to {MAX_ATTEMPTS_LIMIT} attempts."),
            ));
        }
        let filter = match &document.filter {
            Value::Null => Some(None),
            filter => keep(Filter::parse(filter), "/filter", &mut problems).map(Some),
        };
        let mapping = keep(Mapping::parse(&document.mapping), "/mapping", &mut problems);
        match (filter, mapping) {
            (Some(filter), Some(mapping)) if problems.is_empty() => Ok(Rules {
                trigger: Listening::of(&document.trigger),
                filter,
                mapping,
                delivery: document.delivery.clone(),
            }),
            _ => Err(problems),
        }
    }

    /// Reads rules that were saved once. What is not accepted any more decides nothing: every event that the trigger takes fails with the reason, where
    /// it is seen and can be sent again, and all other connections go on.
    pub fn read(document: &RulesDocument) -> Rules {
        Rules::accepted(document).unwrap_or_else(|problems| Rules {
            trigger: Listening::of(&document.trigger),
            filter: None,
            mapping: Mapping::refused(problems.into_iter().next()),
            delivery: document.delivery.clone(),
        })
    }

    /// Why the rules are not accepted any more; `None` when they are.
    pub fn refusal(&self) -> Option<&MappingError> {
        self.mapping.refusal()
    }

    /// What the rules and the facts of an event are read from: a document that holds this much is decided on as the whole one is.
    pub fn needs(&self) -> Needs {
        let mut needs = fact_needs().clone();
        self.add_needs(&mut needs);
        needs
    }

    /// Adds what the rules look at beside the facts.
    pub fn add_needs(&self, needs: &mut Needs) {
        if let Some(filter) = &self.filter {
            filter.add_needs(needs);
        }
        self.mapping.add_needs(needs);
    }

    /// What becomes of this event: the one decision that ingest, preview, dry run and the log share.
    pub fn decide(&self, subject: &Subject<'_>) -> Decision {
        self.decide_with(subject, &Folds::default())
    }

    /// The same for who decides for several connections about one event.
    pub fn decide_with<'a>(&self, subject: &Subject<'a>, folds: &Folds<'a>) -> Decision {
        if let Some(reason) = self.trigger.refusal(subject.facts) {
            return Decision::NotTriggered(reason);
        }
        if let Some(filter) = &self.filter
            && !filter.matches_with(&input(subject), folds)
        {
            return Decision::Skip;
        }
        let mapping_input = MappingInput {
            document: subject.document,
            body: subject.body,
        };
        match self.mapping.apply(&mapping_input) {
            Ok(output) => Decision::Deliver(output),
            Err(error) => Decision::Fail(error),
        }
    }

    /// The whole condition tree with the values found; `None` when there is no filter.
    pub fn explain(&self, subject: &Subject<'_>) -> Option<Explanation> {
        self.filter
            .as_ref()
            .map(|filter| filter.evaluate(&input(subject)))
    }

    /// The compiled mapping, for previews of single fields.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }
}

impl RulesDocument {
    /// As it is saved: what is listened to without blanks around it, and events by their names.
    pub fn tidied(mut self) -> RulesDocument {
        for event in &mut self.trigger.events {
            *event = catalogue::tidied(event).into_owned();
        }
        for project in &mut self.trigger.project_ids {
            *project = project.trim().to_string();
        }
        self
    }
}

impl Listening {
    fn of(trigger: &Trigger) -> Listening {
        let shared = |event: &String| shared_name(event).to_string();
        Listening {
            events: trigger.events.iter().map(shared).collect(),
            project_ids: trigger.project_ids.iter().cloned().collect(),
        }
    }

    /// Why the connection does not listen to this event; `None` when it does.
    fn refusal(&self, facts: &EventFacts) -> Option<NotTriggered> {
        let name = shared_name(&facts.event_type);
        if !self.events.is_empty() && !self.events.contains(name) {
            return Some(NotTriggered::Event(facts.event_type.clone()));
        }
        if self.project_ids.is_empty() {
            return None;
        }
        match &facts.project_id {
            Some(project) if self.project_ids.contains(project) => None,
            Some(project) => Some(NotTriggered::Project(project.clone())),
            None => Some(NotTriggered::NoProject),
        }
    }
}

fn input<'a>(subject: &Subject<'a>) -> Input<'a> {
    Input {
        document: subject.document,
        reference_time: subject.received_at,
    }
}

fn trigger_problems(trigger: &Trigger) -> Vec<Problem> {
    [
        ("/trigger/events", &trigger.events),
        ("/trigger/project_ids", &trigger.project_ids),
    ]
    .into_iter()
    .filter(|(_, entries)| entries.len() > TRIGGER_ENTRIES_LIMIT)
    .map(|(pointer, _)| {
        let message = format!("At most {TRIGGER_ENTRIES_LIMIT} entries; leave it empty for any.");
        Problem::new(pointer, "too_many", message)
    })
    .collect()
}

/// An entry that no event can have.
fn impossible_entries(trigger: &Trigger) -> Vec<Problem> {
    let impossible = |place: &str, entries: &[String]| {
        let problems = entries.iter().enumerate().filter_map(|(index, entry)| {
            let (code, message) = why_impossible(entry)?;
            Some(Problem::new(
                format!("/trigger/{place}/{index}"),
                code,
                message,
            ))
        });
        problems.collect::<Vec<Problem>>()
    };
    let mut problems = impossible("events", &trigger.events);
    problems.extend(impossible("project_ids", &trigger.project_ids));
    problems
}

fn why_impossible(entry: &str) -> Option<(&'static str, &'static str)> {
    if entry.trim().is_empty() {
        let message = "This entry is empty; write what is listened to, or take it away.";
        return Some(("empty", message));
    }
    let message = "`*` stands for nothing here: leave the list empty for any, or name each.";
    entry.contains('*').then_some(("wildcard", message))
}

/// The parsed part, or nothing and its problems under `prefix`.
fn keep<T>(
    parsed: Result<T, Vec<Problem>>,
    prefix: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match parsed {
        Ok(value) => Some(value),
        Err(found) => {
            problems.extend(found.into_iter().map(|problem| problem.within(prefix)));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::EVENTS;
    use crate::domain::catalogue::sample::sample;
    use crate::domain::event::{Reading, read_for};
    use serde_json::json;

    fn rules(filter: Value, mapping: Value) -> Rules {
        let document = RulesDocument {
            trigger: Trigger::default(),
            filter,
            mapping,
            delivery: DeliverySettings::default(),
        };
        let rules = Rules::read(&document);
        assert_eq!(rules.refusal(), None);
        rules
    }

    fn decided(rules: &Rules, body: &[u8], needs: &Needs) -> String {
        let Reading::Event { facts, document } = read_for(body, needs).unwrap() else {
            panic!("a health check");
        };
        let subject = Subject {
            facts: &facts,
            document: &document,
            body,
            received_at: "2026-11-24T08:00:00Z".parse().unwrap(),
        };
        format!("{facts:?} {:?}", rules.decide(&subject))
    }

    /// Paths to members, into lists, to whole objects, and queries.
    const PATHS: [&str; 9] = [
        "$.event",
        "$.currentValue",
        "$.currentValue.title",
        "$.currentValue.users[0].email",
        "$.currentValue.todoList.project.name",
        "$.previousValue.title",
        "$.currentValue.customFields[?@.name == 'Price'].value",
        "$..title",
        "$",
    ];

    #[test]
    fn a_decision_is_the_same_over_what_is_needed_and_over_the_whole_event() {
        let fields = |path: &str| json!({"mode": "fields", "fields": [{"to": "x", "from": {"path": path}, "take": "all"}]});
        let mut all = vec![
            rules(Value::Null, json!({"mode": "passthrough"})),
            rules(
                Value::Null,
                json!({"mode": "template", "body": "{{ currentValue.title }} {{ event }}"}),
            ),
            rules(
                Value::Null,
                json!({"mode": "fields", "fields": [{"to": "x", "from": {"template": "{{ currentValue.id }}"}}]}),
            ),
        ];
        for path in PATHS {
            all.push(rules(Value::Null, fields(path)));
            for operator in ["exists", "is_not_empty", "changed", "item_added"] {
                let condition = json!({"any": [{"path": path, "op": operator}, {"none": [{"path": "$.event", "op": "exists"}]}]});
                all.push(rules(condition, fields("$.currentValue.id")));
            }
        }
        for event in EVENTS {
            let body = sample(event.id, 1).to_string();
            for rules in &all {
                let few = decided(rules, body.as_bytes(), &rules.needs());
                assert_eq!(few, decided(rules, body.as_bytes(), &Needs::Everything));
            }
        }
    }

    #[test]
    fn an_event_is_listened_to_under_both_of_its_names() {
        let listens = |events: &[&str], body: Value| {
            let document = RulesDocument {
                trigger: Trigger {
                    events: events.iter().map(|id| id.to_string()).collect(),
                    project_ids: vec!["W1".into()],
                },
                filter: Value::Null,
                mapping: json!({"mode": "passthrough"}),
                delivery: DeliverySettings::default(),
            };
            let rules = Rules::compile(&document).unwrap();
            decided(&rules, body.to_string().as_bytes(), &rules.needs()).contains("Deliver")
        };
        let of =
            |event: &str| json!({"event": event, "currentValue": {"id": "1", "workspaceId": "W1"}});
        assert!(listens(&["TODO_CREATED"], of("RECORD_CREATED")));
        assert!(listens(&["RECORD_CREATED"], of("TODO_CREATED")));
        assert!(listens(&[" record_list_created"], of("TODO_LIST_CREATED")));
        assert!(listens(&["NEW_KIND"], of("NEW_KIND")));
        assert!(!listens(&["TODO_CREATED"], of("COMMENT_CREATED")));
        assert!(!listens(
            &["TODO_CUSTOM_FIELD_UPDATED"],
            of("CUSTOM_FIELD_UPDATED")
        ));
    }

    #[test]
    fn a_trigger_that_never_matches_is_refused_when_saved_and_read_when_it_is_saved() {
        let document = RulesDocument {
            trigger: Trigger {
                events: vec!["TODO_CREATED".into(), " ".into(), "TODO_*".into()],
                project_ids: vec![String::new()],
            },
            filter: Value::Null,
            mapping: json!({"mode": "passthrough"}),
            delivery: DeliverySettings::default(),
        };
        let problems = Rules::compile(&document).unwrap_err();
        let places: Vec<&str> = problems.iter().map(|one| one.pointer.as_str()).collect();
        assert_eq!(
            places,
            [
                "/trigger/events/1",
                "/trigger/events/2",
                "/trigger/project_ids/0"
            ]
        );
        assert_eq!(problems[1].code, "wildcard");
        assert_eq!(Rules::read(&document).refusal(), None);
    }

    #[test]
    fn what_could_never_work_is_refused_when_saved_and_read_when_it_is_saved() {
        let document = RulesDocument {
            trigger: Trigger::default(),
            filter: json!({"all": [{"path": "$.event", "op": "changed"}]}),
            mapping: json!({"mode": "fields", "fields": [{"to": "a", "from": {"path": "$.event"}, "pipe": [{"fn": "extract", "args": ["a", 1]}]}]}),
            delivery: DeliverySettings::default(),
        };
        let problems = Rules::compile(&document).unwrap_err();
        let places: Vec<&str> = problems.iter().map(|one| one.pointer.as_str()).collect();
        let expected = ["/filter/all/0/path", "/mapping/fields/0/pipe/0/args/1"];
        assert_eq!(places, expected);
        assert_eq!(Rules::read(&document).refusal(), None);
    }
}
