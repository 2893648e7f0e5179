//! Between a connection's document and the rows of its form: conditions, fields and pipes as people write them.
//!
//! A filter that does not fit into rows (nested groups, unusual keys) is shown as JSON instead, so that nothing is lost by editing.
//! Called by `connections` only; what a row means is decided by the parsers in `domain`.

use serde_json::{Map, Value, json};

use crate::domain::catalogue::{EVENTS, RECORD_UPDATED, find, groups};
use crate::domain::connection::{Connection, DeliverySettings, Order, Trigger};
use crate::domain::filter::operator::{self, OPERATORS, Takes};
use crate::domain::retry::DEFAULT_MAX_ATTEMPTS;
use crate::web::api::connections::ConnectionDocument;
use crate::web::ui::form::Form;
use crate::web::ui::page::FormProblem;

/// Empty rows below the filled ones, so that rows can be added without scripts.
const EMPTY_ROWS: usize = 2;

/// The catalogue's group of events about records.
const RECORDS: &str = "Records";

/// What the form holds.
#[derive(Default)]
pub struct ConnectionForm {
    pub name: String,
    pub source_id: String,
    pub destination_id: String,
    pub groups: Vec<EventGroup>,
    pub other_events: String,
    pub project_ids: String,
    pub filter_mode: String,
    pub conditions: Vec<ConditionRow>,
    pub filter_json: String,
    pub mapping_mode: String,
    pub fields: Vec<FieldRow>,
    pub template: String,
    pub per_record: bool,
    pub max_attempts: String,
    pub enabled: bool,
    pub sample: String,
}

/// Events of the catalogue with a box each.
pub struct EventGroup {
    pub name: &'static str,
    pub events: Vec<EventBox>,
}

pub struct EventBox {
    pub id: &'static str,
    pub label: &'static str,
    pub checked: bool,
}

/// Operators under one heading.
pub struct OperatorGroup {
    pub name: &'static str,
    pub operators: Vec<(&'static str, &'static str)>,
}

#[derive(Default)]
pub struct ConditionRow {
    pub path: String,
    pub op: String,
    pub value: String,
    pub case_sensitive: bool,
}

#[derive(Default)]
pub struct FieldRow {
    pub to: String,
    pub kind: String,
    pub source: String,
    pub take: String,
    pub pipe: String,
    pub when_missing: String,
}

pub const MODES: [(&str, &str); 3] = [
    ("all", "all of these hold"),
    ("any", "any of these holds"),
    ("none", "none of these holds"),
];
pub const MAPPINGS: [(&str, &str); 3] = [
    ("passthrough", "The event as Blue sent it"),
    ("fields", "Fields that I choose"),
    ("template", "A text from a template"),
];
pub const KINDS: [(&str, &str); 3] = [
    ("path", "value at"),
    ("template", "text"),
    ("value", "constant"),
];
pub const TAKES: [(&str, &str); 4] = [
    ("first", "first"),
    ("all", "all, as a list"),
    ("join", "joined"),
    ("one", "exactly one"),
];
pub const MISSINGS: [(&str, &str); 3] = [
    ("null", "if missing: null"),
    ("omit", "if missing: leave out"),
    ("fail", "if missing: fail"),
];

/// Stands for every change of a record in the form; what is saved are the events themselves.
const ANY_UPDATE: &str = "RECORD_UPDATED";

/// The catalogue with the given events ticked.
pub fn event_groups(ticked: &[String]) -> Vec<EventGroup> {
    let boxes = |name| {
        EVENTS
            .iter()
            .filter(move |event| event.group == name)
            .map(|event| EventBox {
                id: event.id,
                label: event.label,
                checked: ticked.iter().any(|id| id == event.id),
            })
            .collect()
    };
    groups()
        .into_iter()
        .map(|name| EventGroup {
            name,
            events: boxes(name),
        })
        .collect()
}

/// The catalogue for choosing, with one more box for every change of a record.
fn trigger_groups(ticked: &[String]) -> Vec<EventGroup> {
    let mut groups = event_groups(ticked);
    for group in groups.iter_mut().filter(|group| group.name == RECORDS) {
        let any_update = EventBox {
            id: ANY_UPDATE,
            label: "Record updated (any change)",
            checked: RECORD_UPDATED
                .iter()
                .all(|id| ticked.iter().any(|ticked| ticked == id)),
        };
        group.events.insert(0, any_update);
    }
    groups
}

/// The ticked events; the box for every change of a record stands for all of them.
fn ticked_events(form: &Form) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    let ticked = form.all("events").into_iter().map(str::to_string);
    for event in ticked.chain(form.comma_list("other_events")) {
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

/// Every operator by heading.
pub fn operator_groups() -> Vec<OperatorGroup> {
    let mut names: Vec<&str> = OPERATORS.iter().map(|operator| operator.group).collect();
    names.dedup();
    let of_group = |name| {
        OPERATORS
            .iter()
            .filter(move |operator| operator.group == name)
            .map(|operator| (operator.id, operator.label))
            .collect()
    };
    names
        .into_iter()
        .map(|name| OperatorGroup {
            name,
            operators: of_group(name),
        })
        .collect()
}

impl ConnectionForm {
    /// An empty form.
    pub fn empty() -> ConnectionForm {
        let mut form = ConnectionForm {
            groups: trigger_groups(&[]),
            filter_mode: "all".into(),
            mapping_mode: "passthrough".into(),
            max_attempts: DEFAULT_MAX_ATTEMPTS.to_string(),
            enabled: true,
            ..ConnectionForm::default()
        };
        form.pad();
        form
    }

    /// The form of a saved connection.
    pub fn of(connection: &Connection) -> ConnectionForm {
        let rules = &connection.version.rules;
        let events = &rules.trigger.events;
        let unknown: Vec<&str> = events
            .iter()
            .map(String::as_str)
            .filter(|id| find(id).is_none())
            .collect();
        let mut form = ConnectionForm {
            name: connection.name.clone(),
            source_id: connection.source_id.to_string(),
            destination_id: connection.version.destination_id.to_string(),
            groups: trigger_groups(events),
            other_events: unknown.join(", "),
            project_ids: rules.trigger.project_ids.join(", "),
            mapping_mode: rules.mapping["mode"]
                .as_str()
                .unwrap_or("passthrough")
                .into(),
            fields: rules.mapping["fields"]
                .as_array()
                .into_iter()
                .flatten()
                .map(FieldRow::of)
                .collect(),
            template: rules.mapping["body"].as_str().unwrap_or_default().into(),
            per_record: rules.delivery.order == Order::PerRecord,
            max_attempts: rules.delivery.max_attempts.to_string(),
            enabled: connection.enabled,
            ..ConnectionForm::default()
        };
        match rows_of(&rules.filter) {
            Some((mode, conditions)) => {
                form.filter_mode = mode.into();
                form.conditions = conditions;
            }
            None => {
                form.filter_mode = "all".into();
                form.filter_json = serde_json::to_string_pretty(&rules.filter).unwrap_or_default();
            }
        }
        form.pad();
        form
    }

    /// What was typed, for showing it again.
    pub fn typed(form: &Form) -> ConnectionForm {
        let ticked = ticked_events(form);
        let mut typed = ConnectionForm {
            name: form.text("name").into(),
            source_id: form.text("source_id").into(),
            destination_id: form.text("destination_id").into(),
            groups: trigger_groups(&ticked),
            other_events: form.text("other_events").into(),
            project_ids: form.text("project_ids").into(),
            filter_mode: form.text("filter_mode").into(),
            conditions: condition_rows(form),
            filter_json: form.text("filter_json").into(),
            mapping_mode: form.text("mapping_mode").into(),
            fields: field_rows(form),
            template: form.value("template").unwrap_or_default().into(),
            per_record: form.text("order") == "per_record",
            max_attempts: form.text("max_attempts").into(),
            enabled: true,
            sample: form.value("sample").unwrap_or_default().into(),
        };
        typed.pad();
        typed
    }

    /// Whether any event is chosen.
    pub fn has_events(&self) -> bool {
        !self.other_events.is_empty()
            || self
                .groups
                .iter()
                .any(|group| group.events.iter().any(|event| event.checked))
    }

    fn pad(&mut self) {
        self.conditions
            .extend(std::iter::repeat_with(ConditionRow::default).take(EMPTY_ROWS));
        self.fields
            .extend(std::iter::repeat_with(FieldRow::default).take(EMPTY_ROWS));
    }
}

/// The form as the document that the API takes, or what cannot be read.
pub fn document(
    form: &Form,
    enabled: Option<bool>,
) -> Result<ConnectionDocument, Vec<FormProblem>> {
    let mut problems = Vec::new();
    let filter = filter_of(form)
        .map_err(|problem| problems.push(problem))
        .unwrap_or_default();
    let mapping = mapping_of(form, &mut problems);
    let max_attempts = form.text("max_attempts").parse().map_err(|_| {
        problems.push(FormProblem {
            place: "delivery/max_attempts".into(),
            message: "Attempts are a whole number.".into(),
        });
    });
    match max_attempts {
        Ok(max_attempts) if problems.is_empty() => Ok(ConnectionDocument {
            name: form.text("name").into(),
            source_id: form.text("source_id").into(),
            destination_id: form.text("destination_id").into(),
            trigger: Trigger {
                events: ticked_events(form),
                project_ids: form.comma_list("project_ids"),
            },
            filter,
            mapping: Some(mapping),
            delivery: DeliverySettings {
                order: if form.text("order") == "per_record" {
                    Order::PerRecord
                } else {
                    Order::None
                },
                max_attempts,
            },
            enabled,
        }),
        _ => Err(problems),
    }
}

fn filter_of(form: &Form) -> Result<Value, FormProblem> {
    let text = form.text("filter_json");
    if !text.is_empty() {
        return serde_json::from_str(text).map_err(|error| FormProblem {
            place: "filter".into(),
            message: format!("This is not JSON: {error}."),
        });
    }
    let conditions: Vec<Value> = condition_rows(form)
        .iter()
        .map(ConditionRow::document)
        .collect();
    let mode = Some(form.text("filter_mode"))
        .filter(|mode| !mode.is_empty())
        .unwrap_or("all");
    Ok(if conditions.is_empty() {
        Value::Null
    } else {
        json!({mode: conditions})
    })
}

fn mapping_of(form: &Form, problems: &mut Vec<FormProblem>) -> Value {
    match form.text("mapping_mode") {
        "fields" => {
            let mut fields = Vec::new();
            for (index, row) in field_rows(form).iter().enumerate() {
                match row.document() {
                    Ok(field) => fields.push(field),
                    Err(message) => problems.push(FormProblem {
                        place: format!("mapping/fields/{index}/pipe"),
                        message,
                    }),
                }
            }
            json!({"mode": "fields", "fields": fields})
        }
        // Browsers write line breaks as CR LF.
        "template" => {
            json!({"mode": "template", "body": form.value("template").unwrap_or_default().replace("\r\n", "\n")})
        }
        other => json!({"mode": other}),
    }
}

fn condition_rows(form: &Form) -> Vec<ConditionRow> {
    let (paths, ops, values, cases) = (
        form.all("c_path"),
        form.all("c_op"),
        form.all("c_value"),
        form.all("c_case"),
    );
    let at = |list: &[&str], index: usize| list.get(index).copied().unwrap_or_default().to_string();
    (0..paths.len())
        .map(|index| ConditionRow {
            path: at(&paths, index).trim().to_string(),
            op: at(&ops, index),
            value: at(&values, index),
            case_sensitive: at(&cases, index) == "yes",
        })
        .filter(|row| !row.path.is_empty())
        .collect()
}

fn field_rows(form: &Form) -> Vec<FieldRow> {
    let columns = [
        "f_to",
        "f_kind",
        "f_source",
        "f_take",
        "f_pipe",
        "f_missing",
    ]
    .map(|name| form.all(name));
    let at = |column: usize, index: usize| {
        columns[column]
            .get(index)
            .copied()
            .unwrap_or_default()
            .trim()
            .to_string()
    };
    (0..columns[0].len())
        .map(|index| FieldRow {
            to: at(0, index),
            kind: at(1, index),
            source: at(2, index),
            take: at(3, index),
            pipe: at(4, index),
            when_missing: at(5, index),
        })
        .filter(|row| !row.to.is_empty() || !row.source.is_empty())
        .collect()
}

/// The rows of a filter that fits into rows.
fn rows_of(filter: &Value) -> Option<(&'static str, Vec<ConditionRow>)> {
    if filter.is_null() {
        return Some(("all", Vec::new()));
    }
    if filter.get("op").is_some() {
        return Some(("all", vec![ConditionRow::of(filter)?]));
    }
    let (mode, children) = MODES
        .iter()
        .find_map(|(mode, _)| Some((*mode, filter.get(mode)?.as_array()?)))?;
    let rows = children
        .iter()
        .map(ConditionRow::of)
        .collect::<Option<Vec<_>>>()?;
    Some((mode, rows))
}

impl ConditionRow {
    fn of(document: &Value) -> Option<ConditionRow> {
        let members = document.as_object()?;
        if members
            .keys()
            .any(|key| !["path", "op", "value", "case_sensitive"].contains(&key.as_str()))
        {
            return None;
        }
        let op = members.get("op")?.as_str()?;
        let row = ConditionRow {
            path: members.get("path")?.as_str()?.into(),
            op: op.into(),
            value: members.get("value").map(shown).unwrap_or_default(),
            case_sensitive: members
                .get("case_sensitive")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        };
        // Only what comes out of the row again as it went in may be shown as a row.
        let again = row.document();
        let same = |key: &str| {
            members.get(key).unwrap_or(&Value::Null) == again.get(key).unwrap_or(&Value::Null)
        };
        (same("value")).then_some(row)
    }

    fn document(&self) -> Value {
        let mut condition = json!({"path": self.path, "op": self.op});
        let takes = operator::find(&self.op).map_or(Takes::Scalar, |operator| operator.takes);
        let text = self.value.trim();
        let parsed = || serde_json::from_str::<Value>(text).ok();
        let numbers = || {
            text.split(',')
                .map(|part| {
                    serde_json::from_str(part.trim()).unwrap_or_else(|_| Value::from(part.trim()))
                })
                .collect::<Value>()
        };
        let value = match takes {
            Takes::Nothing => None,
            Takes::OptionalScalar if text.is_empty() => None,
            Takes::Number => Some(
                parsed()
                    .filter(Value::is_number)
                    .unwrap_or_else(|| Value::from(text)),
            ),
            Takes::NumberRange => Some(numbers()),
            Takes::List | Takes::DateRange => Some(
                text.split(',')
                    .map(|part| Value::from(part.trim()))
                    .collect(),
            ),
            Takes::Item | Takes::FromTo => Some(parsed().unwrap_or_else(|| Value::from(text))),
            _ => Some(Value::from(self.value.as_str())),
        };
        if let Some(value) = value {
            condition["value"] = value;
        }
        if self.case_sensitive {
            condition["case_sensitive"] = Value::from(true);
        }
        condition
    }
}

impl FieldRow {
    fn of(document: &Value) -> FieldRow {
        let from = document["from"]
            .as_object()
            .and_then(|from| from.iter().next());
        let (kind, source) = from.map_or(("path", String::new()), |(kind, value)| {
            (
                kind.as_str(),
                match kind.as_str() {
                    // A constant text that reads as JSON keeps its quotes.
                    "value" => match value.as_str() {
                        Some(text) if serde_json::from_str::<Value>(text).is_err() => {
                            text.to_string()
                        }
                        _ => value.to_string(),
                    },
                    _ => shown(value),
                },
            )
        });
        FieldRow {
            to: document["to"].as_str().unwrap_or_default().into(),
            kind: kind.into(),
            source,
            take: document["take"].as_str().unwrap_or("first").into(),
            pipe: pipe_text(&document["pipe"]),
            when_missing: document["when_missing"].as_str().unwrap_or("null").into(),
        }
    }

    fn document(&self) -> Result<Value, String> {
        let source = match self.kind.as_str() {
            "value" => serde_json::from_str(&self.source)
                .unwrap_or_else(|_| Value::from(self.source.as_str())),
            _ => Value::from(self.source.as_str()),
        };
        let kind = Some(self.kind.as_str())
            .filter(|kind| !kind.is_empty())
            .unwrap_or("path");
        let mut field = Map::new();
        field.insert("to".into(), Value::from(self.to.as_str()));
        field.insert("from".into(), json!({kind: source}));
        for (key, value, usual) in [
            ("take", &self.take, "first"),
            ("when_missing", &self.when_missing, "null"),
        ] {
            if !value.is_empty() && value != usual {
                field.insert(key.into(), Value::from(value.as_str()));
            }
        }
        let pipe = parse_pipe(&self.pipe)?;
        if !pipe.is_empty() {
            field.insert("pipe".into(), Value::from(pipe));
        }
        Ok(Value::Object(field))
    }
}

/// A value as it is typed into a row.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(entries)
            if entries
                .iter()
                .all(|entry| !entry.is_object() && !entry.is_array()) =>
        {
            entries.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// `trim | truncate(80) | default("-")` as the document's list; arguments are JSON.
fn parse_pipe(text: &str) -> Result<Vec<Value>, String> {
    let mut calls = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(['(', '|']).unwrap_or(rest.len());
        let name = rest[..end].trim();
        let mut call = json!({"fn": name});
        rest = &rest[end..];
        if let Some(inside) = rest.strip_prefix('(') {
            let (args, after) = arguments(inside).ok_or_else(|| {
                format!("The arguments of `{name}` are written like {name}(\"a\", 2).")
            })?;
            call["args"] = args;
            rest = after.trim_start();
        }
        calls.push(call);
        rest = match rest.strip_prefix('|') {
            Some(next) if !next.trim().is_empty() => next,
            None if rest.is_empty() => "",
            _ => return Err("Functions are separated by |, like trim | upper.".into()),
        };
    }
    Ok(calls)
}

/// The arguments up to the bracket that closes them: the shortest beginning that reads as a JSON list.
fn arguments(inside: &str) -> Option<(Value, &str)> {
    inside.match_indices(')').find_map(|(end, _)| {
        let args = serde_json::from_str(&format!("[{}]", &inside[..end])).ok()?;
        Some((args, &inside[end + 1..]))
    })
}

fn pipe_text(pipe: &Value) -> String {
    let call = |call: &Value| {
        let name = call["fn"].as_str().unwrap_or_default();
        let args: Vec<String> = call["args"]
            .as_array()
            .into_iter()
            .flatten()
            .map(Value::to_string)
            .collect();
        if args.is_empty() {
            name.to_string()
        } else {
            format!("{name}({})", args.join(", "))
        }
    };
    pipe.as_array()
        .into_iter()
        .flatten()
        .map(call)
        .collect::<Vec<_>>()
        .join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_are_written_and_read_back() {
        let document = json!([{"fn": "trim"}, {"fn": "replace", "args": ["a) | b", "\"c\""]}, {"fn": "default", "args": [{"x": [1]}]}]);
        let text = pipe_text(&document);
        assert_eq!(
            text,
            r#"trim | replace("a) | b", "\"c\"") | default({"x":[1]})"#
        );
        assert_eq!(Value::from(parse_pipe(&text).unwrap()), document);
        assert_eq!(parse_pipe("  ").unwrap(), Vec::<Value>::new());
        for wrong in ["trim upper(", "trim |", "round(a)", "trim() upper"] {
            assert!(parse_pipe(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_that_fit_come_back_from_rows_as_they_were() {
        for filter in [
            json!({"all": [{"path": "$.a", "op": "contains", "value": "x"}, {"path": "b", "op": "exists"}]}),
            json!({"any": [{"path": "a", "op": "gt", "value": 5}, {"path": "a", "op": "in", "value": ["x", "y"]}, {"path": "a", "op": "between", "value": [1, 2.5]}]}),
            json!({"none": [{"path": "a", "op": "equals", "value": "12", "case_sensitive": true}, {"path": "t", "op": "any_item", "value": {"path": "$.x", "op": "is_true"}}]}),
        ] {
            let (mode, rows) = rows_of(&filter).unwrap();
            let again = json!({mode: rows.iter().map(ConditionRow::document).collect::<Vec<_>>()});
            assert_eq!(again, filter);
        }
        for nested in [
            json!({"all": [{"any": []}]}),
            json!({"path": "a", "op": "on", "value": "2026-01-01", "zone": "Asia/Jakarta"}),
            json!({"all": [{"path": "a", "op": "equals", "value": 12}]}),
            json!({"all": [{"path": "a", "op": "in", "value": ["x, y"]}]}),
        ] {
            assert!(rows_of(&nested).is_none(), "{nested}");
        }
    }

    #[test]
    fn fields_come_back_from_rows_as_they_were() {
        for field in [
            json!({"to": "a.b", "from": {"path": "$.x"}, "take": "all", "when_missing": "omit", "pipe": [{"fn": "count"}]}),
            json!({"to": "a", "from": {"template": "{{ event }}"}}),
            json!({"to": "a", "from": {"value": "12"}}),
            json!({"to": "a", "from": {"value": {"k": [1, null]}}}),
            json!({"to": "a", "from": {"value": "plain text"}}),
        ] {
            assert_eq!(FieldRow::of(&field).document().unwrap(), field);
        }
    }
}
