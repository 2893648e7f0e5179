//! Reads Blue's request body: which event it is, and the few facts that columns, triggers and lists need.
//!
//! Called once per request on the hot path and again when a body is recomputed. Generous at this edge: unknown events, missing parts
//! and both documented shapes are fine, as is half a character (`lenient`); refused is only what is not a JSON object with an event name. Duplicate keys: the
//! last one counts. Blue's wobbling vocabulary (todo/record, project/workspace, company/organization) ends here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeSeed as _;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::domain::lenient;
use crate::domain::name::turns_direction;
use crate::domain::needs::Needs;

/// Blue's probe; answered, never stored.
pub const HEALTH_CHECK: &str = "WEBHOOK_HEALTH_CHECK";

/// Longest text kept in a column, in characters.
const FACT_LIMIT_CHARS: usize = 200;

/// What we read from an event besides its body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFacts {
    pub event_type: String,
    pub record_id: Option<String>,
    pub record_title: Option<String>,
    pub list_id: Option<String>,
    pub list_title: Option<String>,
    pub project_id: Option<String>,
    pub project_name: Option<String>,
    pub company_id: Option<String>,
    pub occurred_at: Option<Timestamp>,
    /// Carries the time of its change, so that the same content is the same change.
    pub is_stamped: bool,
    /// The same for two requests that tell the same thing.
    pub dedupe_key: [u8; 32],
}

/// What a body is.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every value is the large one; a box would cost the hot path an allocation"
)]
pub enum Reading {
    Event { facts: EventFacts, document: Value },
    HealthCheck,
}

/// Why a body cannot be an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    #[error("the body is nested deeper than 128 levels")]
    TooDeep,
    #[error("the body is not a JSON object")]
    NotAnObject,
    #[error("the body has no `event` text that names the event")]
    NoEventName,
    /// Where an event is asked for.
    #[error("the body is Blue's health check, which is answered and not delivered")]
    HealthCheck,
}

impl ReadError {
    /// Stable code, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            ReadError::NotJson(_) => "not_json",
            ReadError::TooDeep => "too_deep",
            ReadError::NotAnObject => "not_an_object",
            ReadError::NoEventName => "no_event_name",
            ReadError::HealthCheck => "health_check",
        }
    }
}

/// What Blue calls the same thing, the older name first. It renamed most of its things, not everywhere at once.
type Names = &'static [&'static str];
const RECORD: Names = &["todo", "record"];
const RECORD_ID: Names = &["todoId", "recordId"];
const LIST: Names = &["todoList", "recordList", "list"];
const LIST_ID: Names = &["todoListId", "recordListId", "listId"];
const PROJECT: Names = &["project", "workspace"];
const PROJECT_ID: Names = &["projectId", "workspaceId"];
const PROJECT_IDS: Names = &["projectIds", "workspaceIds"];
const COMPANY: Names = &["company", "organization"];
const COMPANY_ID: Names = &["companyId", "organizationId"];
const ID: Names = &["id"];
const TITLE: Names = &["title"];
const NAME: Names = &["name"];

/// Where the row stands that an event is about, the first that is there.
const ENTITY: Names = &["currentValue", "previousValue", "record"];

/// What the facts are read from. Adding a fact to [`facts`] means adding its place here; a test compares both.
static FACTS: LazyLock<Needs> = LazyLock::new(|| {
    let mut needs = Needs::default();
    add_needs(&[], &[&["event", "timestamp"], PROJECT_ID], &mut needs);
    add_needs(&["webhook", "metadata"], &[PROJECT_IDS], &mut needs);
    add_project_needs(&[], &mut needs);
    for company in COMPANY {
        add_needs(&[company], &[ID], &mut needs);
    }
    for entity in ENTITY {
        add_needs(&[entity], &[&["createdAt", "updatedAt"]], &mut needs);
        add_record_needs(&[entity], &mut needs);
        for place in [&[*entity][..], &[*entity, "checklist"]] {
            add_needs(place, &[RECORD_ID], &mut needs);
            for record in RECORD {
                add_record_needs(&[place, &[record]].concat(), &mut needs);
            }
        }
    }
    needs
});

fn add_record_needs(record: &[&str], needs: &mut Needs) {
    add_needs(record, &[ID, TITLE, LIST_ID, PROJECT_ID], needs);
    add_project_needs(record, needs);
    for list in LIST {
        let list = [record, &[list]].concat();
        add_needs(&list, &[ID, TITLE, PROJECT_ID], needs);
        add_project_needs(&list, needs);
    }
}

fn add_project_needs(place: &[&str], needs: &mut Needs) {
    for project in PROJECT {
        let project = [place, &[project]].concat();
        add_needs(&project, &[ID, NAME, COMPANY_ID], needs);
        for company in COMPANY {
            add_needs(&[&project[..], &[company]].concat(), &[ID], needs);
        }
    }
}

fn add_needs(place: &[&str], members: &[Names], needs: &mut Needs) {
    for name in members.iter().copied().flatten() {
        needs.add([place, &[name]].concat());
    }
}

/// Reads a body, with its whole document.
pub fn read(body: &[u8]) -> Result<Reading, ReadError> {
    read_for(body, &Needs::Everything)
}

/// What the facts are read from, to be added to what rules look at.
pub fn fact_needs() -> &'static Needs {
    &FACTS
}

/// Reads a body; of its document only what is needed is kept, which must hold [`fact_needs`].
pub fn read_for(body: &[u8], needs: &Needs) -> Result<Reading, ReadError> {
    let document = lenient::read(body, |body| document_for(body, needs)).map_err(|error| {
        let text = error.to_string();
        if text.starts_with("recursion limit exceeded") {
            ReadError::TooDeep
        } else {
            ReadError::NotJson(text)
        }
    })?;
    if !document.is_object() {
        return Err(ReadError::NotAnObject);
    }
    let event_type = document
        .get("event")
        .and_then(Value::as_str)
        .map(clean)
        .filter(|name| !name.is_empty())
        .ok_or(ReadError::NoEventName)?;
    if event_type == HEALTH_CHECK {
        return Ok(Reading::HealthCheck);
    }
    let dedupe_key = dedupe_key(&event_type, body);
    let facts = facts(event_type, &document, dedupe_key);
    Ok(Reading::Event { facts, document })
}

/// How another event shows that the change was undone which one tells of.
pub enum Undoing {
    /// It leads back to what the record was before.
    BackTo(Map<String, Value>),
    /// Nothing tells what was before: an event that undoes such a change tells of the same row.
    Of {
        row: Map<String, Value>,
        kind: String,
        opposite: Option<String>,
    },
}

/// How the names of events end that undo each other.
const OPPOSITES: [(&str, &str); 2] = [("_ADDED", "_REMOVED"), ("_CREATED", "_DELETED")];

impl Undoing {
    /// Of the change that an event tells of; `None` where it tells of no row.
    pub fn of(body: &[u8]) -> Option<Undoing> {
        let mut event = lenient::document(body).ok()?;
        if let Some(Value::Object(before)) = event.get("previousValue")
            && let Some(Value::Object(after)) = event.get("currentValue")
            && !holds(after, before)
        {
            return match event["previousValue"].take() {
                Value::Object(before) => Some(Undoing::BackTo(before)),
                _ => None,
            };
        }
        let kind = shared_name(event.get("event")?.as_str()?.trim()).to_string();
        let row = row_of(&mut event)?;
        let opposite = opposite(&kind);
        Some(Undoing::Of {
            row,
            kind,
            opposite,
        })
    }

    /// Whether another event shows so.
    pub fn is_shown_by(&self, body: &[u8]) -> bool {
        let Ok(mut event) = lenient::document(body) else {
            return false;
        };
        match self {
            Undoing::BackTo(before) => {
                let after = event.get("currentValue").and_then(Value::as_object);
                after.is_some_and(|after| holds(after, before))
            }
            Undoing::Of {
                row,
                kind,
                opposite,
            } => {
                let name = event.get("event").and_then(Value::as_str);
                let other_kind = name.map(|name| shared_name(name.trim()).to_string());
                let Some(other) = row_of(&mut event).filter(|other| is_same_row(row, other)) else {
                    return false;
                };
                match opposite {
                    Some(_) => other_kind == *opposite,
                    None => other_kind.as_ref() == Some(kind) && !holds(&other, row),
                }
            }
        }
    }
}

/// The kind of event that undoes one of this kind, where that is another one.
fn opposite(kind: &str) -> Option<String> {
    let pairs = OPPOSITES
        .iter()
        .flat_map(|&(one, other)| [(one, other), (other, one)]);
    let mut undone = pairs.filter_map(|(does, undoes)| {
        kind.strip_suffix(does)
            .map(|about| format!("{about}{undoes}"))
    });
    undone.next()
}

fn row_of(event: &mut Value) -> Option<Map<String, Value>> {
    ENTITY
        .iter()
        .find_map(|name| match event.get_mut(*name)?.take() {
            Value::Object(row) => Some(row),
            _ => None,
        })
}

/// By their ids; rows without one, which join a thing to a record, by all the ids that both tell.
fn is_same_row(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    if let (Some(one), Some(other)) = (one.get("id"), other.get("id")) {
        return one == other;
    }
    let mut ids = one.iter().filter(|(name, _)| name.ends_with("Id"));
    ids.all(|(name, id)| other.get(name).is_none_or(|other| other == id))
}

/// Whether a row is so as another one tells, maybe in part; when it was written is no part of what it is.
fn holds(whole: &Map<String, Value>, told: &Map<String, Value>) -> bool {
    let mut members = told.iter().filter(|(name, _)| *name != "updatedAt");
    members.all(|(name, value)| whole.get(name) == Some(value))
}

fn document_for(body: &[u8], needs: &Needs) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let document = needs.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(document)
}

fn facts(event_type: String, document: &Value, dedupe_key: [u8; 32]) -> EventFacts {
    let entity = part(document, ENTITY);
    let about = About::of(&event_type);
    let record = about.record(entity);
    let list = about.list(entity, record);
    let places = [list, record, entity, document];
    let projects = places.map(|place| part(place, PROJECT));
    let project = projects.into_iter().find(|project| project.is_object());
    let project = project.unwrap_or(&Value::Null);
    EventFacts {
        record_id: about.record_id(entity, record),
        record_title: fact(record, TITLE),
        list_id: fact(list, ID).or_else(|| fact(record, LIST_ID)),
        list_title: fact(list, TITLE),
        project_id: fact(project, ID)
            .or_else(|| places.iter().find_map(|place| fact(place, PROJECT_ID)))
            .or_else(|| only_project_of_webhook(document)),
        project_name: fact(project, NAME),
        company_id: fact(part(project, COMPANY), ID)
            .or_else(|| fact(project, COMPANY_ID))
            .or_else(|| fact(part(document, COMPANY), ID)),
        occurred_at: [
            entity.get("updatedAt"),
            entity.get("createdAt"),
            document.get("timestamp"),
        ]
        .into_iter()
        .find_map(time),
        // When a row was made stays the same, however often it changes to and fro.
        // Only what makes two requests the same tells them apart: a time beside the row does not.
        is_stamped: time(entity.get("updatedAt")).is_some(),
        dedupe_key,
        event_type,
    }
}

/// The member of one of these names that is an object.
fn part(place: &Value, names: Names) -> &Value {
    let mut members = names.iter().filter_map(|name| place.get(name));
    let found = members.find(|member| member.is_object());
    found.unwrap_or(&Value::Null)
}

/// The member of one of these names that is a text or a number, as it fits a column.
fn fact(place: &Value, names: Names) -> Option<String> {
    names.iter().find_map(|name| text(place.get(name)))
}

/// What kind of row an event carries, told from its name.
enum About {
    /// The record, or a row that joins something to it.
    Record,
    /// Names its record in `todo` or `todoId`.
    ChildOfRecord,
    /// Names its record through `checklist`, or itself.
    ChecklistItem,
    List,
    /// Neither a record nor a list: tags and custom fields.
    Definition,
}

impl About {
    fn of(event_type: &str) -> About {
        match shared_name(event_type) {
            name if name.starts_with("_CHECKLIST_ITEM_") => About::ChecklistItem,
            name if name.starts_with("_CHECKLIST_") || name.starts_with("COMMENT_") => {
                About::ChildOfRecord
            }
            name if name.starts_with("_LIST_") => About::List,
            name if name.starts_with("TAG_") || name.starts_with("CUSTOM_FIELD_") => {
                About::Definition
            }
            _ => About::Record,
        }
    }

    fn record<'v>(&self, entity: &'v Value) -> &'v Value {
        let named = part(entity, RECORD);
        match self {
            About::List | About::Definition => &Value::Null,
            About::ChecklistItem => match part(part(entity, &["checklist"]), RECORD) {
                Value::Null => named,
                record => record,
            },
            About::ChildOfRecord => named,
            // A row that names a record is not the record, but what joins a tag, a person or a value to it.
            About::Record if named.is_object() || fact(entity, RECORD_ID).is_some() => named,
            About::Record => entity,
        }
    }

    fn record_id(&self, entity: &Value, record: &Value) -> Option<String> {
        let of_checklist = || fact(part(entity, &["checklist"]), RECORD_ID);
        fact(record, ID).or_else(|| match self {
            About::List | About::Definition => None,
            About::ChecklistItem => of_checklist().or_else(|| fact(entity, RECORD_ID)),
            About::Record | About::ChildOfRecord => fact(entity, RECORD_ID),
        })
    }

    fn list<'v>(&self, entity: &'v Value, record: &'v Value) -> &'v Value {
        match self {
            About::List => entity,
            _ => part(record, LIST),
        }
    }
}

/// What both names of an event share: `_CREATED` of `TODO_CREATED` and of `RECORD_CREATED`. Any other name is its own.
pub fn shared_name(id: &str) -> &str {
    let rest = id
        .strip_prefix("TODO")
        .or_else(|| id.strip_prefix("RECORD"));
    rest.filter(|rest| rest.starts_with('_')).unwrap_or(id)
}

/// Both names of an event; a name that has no other stands alone.
pub fn both_names(id: &str) -> Vec<String> {
    match shared_name(id) {
        own if own == id => vec![id.to_string()],
        shared => ["TODO", "RECORD"]
            .map(|thing| format!("{thing}{shared}"))
            .into(),
    }
}

fn only_project_of_webhook(document: &Value) -> Option<String> {
    let metadata = document.pointer("/webhook/metadata")?;
    let projects = PROJECT_IDS.iter().find_map(|name| metadata.get(name))?;
    match projects.as_array()?.as_slice() {
        [only] => text(Some(only)),
        _ => None,
    }
}

fn time(value: Option<&Value>) -> Option<Timestamp> {
    value?.as_str()?.parse().ok()
}

/// A text or a number as a text that fits a column.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(clean(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn clean(text: &str) -> String {
    if text.len() <= FACT_LIMIT_CHARS && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.to_string();
    }
    // Lines are parted by one blank: without it two words would become one.
    let lines = text.split(['\n', '\r', '\t']);
    let lines = lines.map(|line| line.trim_matches(' '));
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines
        .join(" ")
        .chars()
        .filter(|c| !c.is_control() && !turns_direction(*c))
        .take(FACT_LIMIT_CHARS)
        .collect()
}

/// What makes two requests the same, as it came: nothing of it has to be written out again to be hashed.
#[derive(Deserialize)]
struct Sameness<'a> {
    #[serde(borrow, default)]
    webhook: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "previousValue")]
    previous: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "currentValue")]
    current: Option<&'a RawValue>,
}

/// Only the id of the webhook counts: Blue reads the rest of it again for each of its tries.
#[derive(Deserialize)]
struct Webhook {
    id: Option<Value>,
}

/// By which a change that two webhooks tell of is one event.
pub fn key_across_webhooks(facts: &EventFacts, body: &[u8]) -> [u8; 32] {
    key_of(&facts.event_type, body, false)
}

/// Over event, webhook id and both values, byte for byte. An event that has neither value is compared by everything but its webhook.
fn dedupe_key(event_type: &str, body: &[u8]) -> [u8; 32] {
    key_of(event_type, body, true)
}

fn key_of(event_type: &str, body: &[u8], tells_webhooks: bool) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    // A key that stands twice is no reason to refuse an event; it is then compared as a whole.
    let Ok(same) = serde_json::from_slice::<Sameness<'_>>(body) else {
        hash.update(body);
        return hash.finalize().into();
    };
    let webhook_id = same
        .webhook
        .filter(|_| tells_webhooks)
        .and_then(|webhook| serde_json::from_str::<Webhook>(webhook.get()).ok())
        .and_then(|webhook| webhook.id);
    part(event_type);
    part(&webhook_id.map(|id| id.to_string()).unwrap_or_default());
    match (same.previous, same.current) {
        (None, None) => {
            let Ok(rest) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(body) else {
                hash.update(body);
                return hash.finalize().into();
            };
            for (key, value) in rest.iter().filter(|(key, _)| *key != "webhook") {
                part(key);
                part(value.get());
            }
        }
        (previous, current) => {
            // A missing value and null tell the same.
            part(previous.map(RawValue::get).unwrap_or_default());
            part(current.map(RawValue::get).unwrap_or_default());
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const TODO_CREATED: &str = include_str!("../../tests/data/blue/TODO_CREATED.json");
    const RECORD_CREATED: &str = include_str!("../../tests/data/blue/RECORD_CREATED.json");

    fn facts_of(document: &Value) -> EventFacts {
        match read(document.to_string().as_bytes()).unwrap() {
            Reading::Event { facts, .. } => facts,
            Reading::HealthCheck => panic!("a health check"),
        }
    }

    #[test]
    fn both_documented_shapes_are_read() {
        let facts = facts_of(&serde_json::from_str(TODO_CREATED).unwrap());
        assert_eq!(facts.event_type, "TODO_CREATED");
        assert_eq!(
            facts.record_id.as_deref(),
            Some("clb4zna6x0000vt1swuwso25f")
        );
        assert_eq!(facts.record_title.as_deref(), Some("GGGG"));
        assert_eq!(facts.list_title.as_deref(), Some("ETEST"));
        assert_eq!(
            facts.project_id.as_deref(),
            Some("clakt90vu000bvt64hhffqleq")
        );
        assert_eq!(facts.project_name.as_deref(), Some("TEEST"));
        assert_eq!(
            facts.company_id.as_deref(),
            Some("clakt8jud0002vt64205yyj10")
        );
        assert_eq!(
            facts.occurred_at,
            Some("2022-12-01T11:23:09.241Z".parse().unwrap())
        );
        assert!(facts.is_stamped);

        let facts = facts_of(&serde_json::from_str(RECORD_CREATED).unwrap());
        assert!(!facts.is_stamped);
        assert_eq!(facts.record_id.as_deref(), Some("1234"));
        assert_eq!(facts.project_id.as_deref(), Some("91011"));
        assert_eq!(facts.company_id.as_deref(), Some("5678"));
    }

    #[test]
    fn nulls_ids_in_other_places_and_unknown_events_are_read() {
        let deleted = json!({"event": "TODO_DELETED", "previousValue": {"id": 7, "title": "gone"}, "currentValue": null});
        assert_eq!(facts_of(&deleted).record_id.as_deref(), Some("7"));
        let comment =
            json!({"event": "COMMENT_CREATED", "currentValue": {"id": "c", "todoId": "r"}});
        assert_eq!(facts_of(&comment).record_id.as_deref(), Some("r"));
        let item = json!({"event": "TODO_CHECKLIST_ITEM_CREATED", "currentValue": {"id": "i", "checklist": {"todo": {"id": "r", "title": "t"}}}});
        assert_eq!(facts_of(&item).record_title.as_deref(), Some("t"));
        let list = json!({"event": "TODO_LIST_CREATED", "currentValue": {"id": "l", "title": "Doing", "projectId": "p"}});
        let list = facts_of(&list);
        assert_eq!(
            (
                list.record_id,
                list.list_id.as_deref(),
                list.project_id.as_deref()
            ),
            (None, Some("l"), Some("p"))
        );
        let tag = json!({"event": "TAG_CREATED", "currentValue": {"id": "t"}, "webhook": {"metadata": {"projectIds": ["only"]}}});
        let tag = facts_of(&tag);
        assert_eq!(
            (tag.record_id, tag.project_id.as_deref()),
            (None, Some("only"))
        );
        assert_eq!(
            facts_of(&json!({"event": "NOBODY_KNOWS"})).event_type,
            "NOBODY_KNOWS"
        );
    }

    #[test]
    fn a_row_that_joins_something_to_a_record_tells_of_the_record() {
        let record = |event: &str, entity: Value| {
            let facts = facts_of(&json!({"event": event, "currentValue": entity}));
            (
                facts.record_id,
                facts.record_title.or(facts.list_id).unwrap_or_default(),
            )
        };
        let is = |id: &str, text: &str| (Some(id.to_string()), text.to_string());
        let list = json!({"id": "L"});
        for (event, entity, expected) in [
            (
                "TODO_TAG_ADDED",
                json!({"id": "tagging1", "todoId": "REC", "tagId": "t1"}),
                is("REC", ""),
            ),
            (
                "TODO_TAG_REMOVED",
                json!({"id": "tagging1", "todo": {"id": "REC", "title": "T"}}),
                is("REC", "T"),
            ),
            (
                "TODO_ASSIGNEE_ADDED",
                json!({"id": "a", "todoId": "REC", "userId": "u", "todo": {"todoList": list}}),
                is("REC", "L"),
            ),
            (
                "TODO_CUSTOM_FIELD_UPDATED",
                json!({"id": "v", "recordId": 7, "customFieldId": "f"}),
                is("7", ""),
            ),
            (
                "TODO_CHECKLIST_ITEM_CREATED",
                json!({"id": "i", "todoId": "REC", "title": "item"}),
                is("REC", ""),
            ),
            (
                "TODO_CHECKLIST_ITEM_CREATED",
                json!({"id": "i", "todo": {"id": "REC", "title": "T"}}),
                is("REC", "T"),
            ),
            (
                "TODO_MOVED",
                json!({"id": "REC", "title": "T", "todoId": null}),
                is("REC", "T"),
            ),
        ] {
            assert_eq!(record(event, entity.clone()), expected, "{event} {entity}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused_with_a_code() {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        for (body, code) in [
            (&b"{"[..], "not_json"),
            (b"", "not_json"),
            (b"\xff\xfe{}", "not_json"),
            (b"{\"event\":\"\xff\"}", "not_json"),
            (deep.as_bytes(), "too_deep"),
            (b"[]", "not_an_object"),
            (b"{}", "no_event_name"),
            (b"{\"event\":7}", "no_event_name"),
            (b"{\"event\":\"\"}", "no_event_name"),
        ] {
            assert_eq!(read(body).unwrap_err().code(), code);
        }
    }

    #[test]
    fn the_probe_is_not_an_event_and_the_last_of_duplicate_keys_counts() {
        assert!(matches!(
            read(br#"{"event":"WEBHOOK_HEALTH_CHECK","webhook":{}}"#),
            Ok(Reading::HealthCheck)
        ));
        let Ok(Reading::Event { facts, .. }) = read(br#"{"event":"A","event":"B"}"#) else {
            panic!("not read");
        };
        assert_eq!(facts.event_type, "B");
    }

    #[test]
    fn control_characters_and_length_do_not_reach_columns() {
        let title = format!("a\u{0}b\n{}", "x".repeat(5_000));
        let facts = facts_of(
            &json!({"event": "TODO_CREATED", "currentValue": {"id": "1", "title": title}}),
        );
        let title = facts.record_title.unwrap();
        assert!(title.starts_with("ab x") && title.chars().count() == FACT_LIMIT_CHARS);
    }

    #[test]
    fn lines_of_a_title_are_parted_by_one_blank() {
        for (title, kept) in [
            ("a\nb", "a b"),
            ("a\r\nb\tc", "a b c"),
            ("a \n\n b", "a b"),
            ("\na  b\n", "a  b"),
        ] {
            let facts = facts_of(&json!({"event": "E", "currentValue": {"title": title}}));
            assert_eq!(facts.record_title.as_deref(), Some(kept), "{title:?}");
        }
    }

    #[test]
    fn the_same_news_has_the_same_key_although_the_webhook_row_changed() {
        let key = |document: Value| facts_of(&document).dedupe_key;
        let base = json!({"event": "E", "webhook": {"id": "w", "updatedAt": "1"}, "currentValue": {"id": 1}});
        let retried = json!({"event": "E", "webhook": {"id": "w", "updatedAt": "2"}, "previousValue": null, "currentValue": {"id": 1}});
        assert_eq!(key(base.clone()), key(retried));
        for other in [
            json!({"event": "F", "webhook": {"id": "w"}, "currentValue": {"id": 1}}),
            json!({"event": "E", "webhook": {"id": "v"}, "currentValue": {"id": 1}}),
            json!({"event": "E", "webhook": {"id": "w"}, "currentValue": {"id": 2}}),
            json!({"event": "E", "webhook": {"id": "w"}, "previousValue": {"id": 1}}),
            json!({"event": "E", "webhook": {"id": "w"}, "record": {"id": 1}}),
        ] {
            assert_ne!(key(base.clone()), key(other));
        }
        let short = |id| key(json!({"event": "RECORD_CREATED", "record": {"id": id}}));
        assert_ne!(short(1), short(2));
    }

    /// Documents made of the words that Blue uses, in places where it does and does not use them.
    fn any_event() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec![
            "id",
            "title",
            "name",
            "project",
            "projectId",
            "company",
            "companyId",
            "todo",
            "todoId",
            "todoList",
            "todoListId",
            "checklist",
            "createdAt",
            "updatedAt",
            "webhook",
            "metadata",
            "projectIds",
            "workspace",
            "workspaceId",
            "organization",
            "recordList",
            "recordId",
            "record",
            "currentValue",
            "previousValue",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<u8>().prop_map(Value::from),
            Just(json!("2022-12-01T11:23:09.241Z")),
            Just(json!(["p1"])),
        ];
        let value = leaf.prop_recursive(5, 60, 8, move |inner| {
            prop::collection::hash_map(word.clone(), inner, 0..8).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(key, value)| (key.into(), value))
                        .collect(),
                )
            })
        });
        let name = prop::sample::select(vec![
            "TODO_CREATED",
            "TODO_LIST_CREATED",
            "COMMENT_CREATED",
            "TODO_CHECKLIST_ITEM_CREATED",
            "TAG_CREATED",
            "RECORD_TAG_ADDED",
            "NEW_KIND",
        ]);
        (value, name).prop_map(|(value, name)| {
            let mut document = match value {
                Value::Object(members) => members,
                other => [("currentValue".to_string(), other)].into_iter().collect(),
            };
            document.insert("event".into(), name.into());
            Value::Object(document)
        })
    }

    fn facts_for(body: &[u8], needs: &Needs) -> EventFacts {
        match read_for(body, needs).unwrap() {
            Reading::Event { facts, .. } => facts,
            Reading::HealthCheck => panic!("a health check"),
        }
    }

    proptest! {
        #[test]
        fn facts_are_the_same_whatever_else_is_read(document in any_event()) {
            let body = document.to_string();
            let few = facts_for(body.as_bytes(), fact_needs());
            prop_assert_eq!(few, facts_for(body.as_bytes(), &Needs::Everything));
        }

        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
        }
    }
}
