//! What differs between two versions of a connection's rules, thing by thing.
//!
//! Pages say it in sentences before and after a save; an import says it before it changes anything. What differs comes as the documents themselves:
//! the words are chosen by whoever says it. Pure; documents are compared as written, so two spellings of the same rule differ.

use serde_json::Value;

use crate::domain::connection::{Order, RulesDocument};
use crate::domain::filter::group;

/// One difference: ids of events and projects, documents of conditions, filters and fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It listens to any event now.
    AnyEvent,
    EventAdded(String),
    EventRemoved(String),
    AnyProject,
    ProjectAdded(String),
    ProjectRemoved(String),
    ConditionAdded(Value),
    ConditionRemoved(Value),
    ConditionChanged {
        before: Value,
        after: Value,
    },
    /// The same conditions are joined in another way.
    Regrouped {
        before: Value,
        after: Value,
    },
    Mode {
        before: String,
        after: String,
    },
    FieldAdded(Value),
    FieldRemoved(Value),
    /// Of the same target.
    FieldChanged {
        before: Value,
        after: Value,
    },
    FieldsReordered,
    TemplateChanged,
    /// What a part of the request is made by; nothing stands where it is not added.
    Request {
        part: RequestPart,
        before: Option<String>,
        after: Option<String>,
    },
    QueryReordered,
    HeadersReordered,
    Order(Order),
    Attempts {
        before: u32,
        after: u32,
    },
}

/// What a mapping adds to a request, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestPart {
    Path,
    Query(String),
    Header(String),
}

/// Everything that became different, in the order in which the data flows.
pub fn changes(before: &RulesDocument, after: &RulesDocument) -> Vec<Change> {
    let mut changes = Vec::new();
    let (was, is) = (&before.trigger, &after.trigger);
    list_changes(
        &was.events,
        &is.events,
        Change::AnyEvent,
        Change::EventAdded,
        Change::EventRemoved,
        &mut changes,
    );
    list_changes(
        &was.project_ids,
        &is.project_ids,
        Change::AnyProject,
        Change::ProjectAdded,
        Change::ProjectRemoved,
        &mut changes,
    );
    filter_changes(&before.filter, &after.filter, &mut changes);
    mapping_changes(&before.mapping, &after.mapping, &mut changes);
    if before.delivery.order != after.delivery.order {
        changes.push(Change::Order(after.delivery.order));
    }
    let (was, is) = (before.delivery.max_attempts, after.delivery.max_attempts);
    if was != is {
        changes.push(Change::Attempts {
            before: was,
            after: is,
        });
    }
    changes
}

fn list_changes(
    before: &[String],
    after: &[String],
    any: Change,
    added: fn(String) -> Change,
    removed: fn(String) -> Change,
    changes: &mut Vec<Change>,
) {
    if after.is_empty() && !before.is_empty() {
        changes.push(any);
        return;
    }
    changes.extend(
        after
            .iter()
            .filter(|entry| !before.contains(entry))
            .cloned()
            .map(added),
    );
    changes.extend(
        before
            .iter()
            .filter(|entry| !after.contains(entry))
            .cloned()
            .map(removed),
    );
}

fn filter_changes(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    if before == after {
        return;
    }
    let (mut gone, mut new) = (conditions(before), conditions(after));
    // What is on both sides, however often, is no change.
    gone.retain(
        |condition| match new.iter().position(|other| other == condition) {
            Some(at) => {
                new.remove(at);
                false
            }
            None => true,
        },
    );
    let found_any = !gone.is_empty() || !new.is_empty();
    for condition in gone {
        let twin = new
            .iter()
            .position(|other| other["path"] == condition["path"]);
        changes.push(match twin {
            Some(at) => Change::ConditionChanged {
                before: condition.clone(),
                after: new.remove(at).clone(),
            },
            None => Change::ConditionRemoved(condition.clone()),
        });
    }
    changes.extend(
        new.into_iter()
            .map(|condition| Change::ConditionAdded(condition.clone())),
    );
    if !found_any && shape(before) != shape(after) {
        changes.push(Change::Regrouped {
            before: before.clone(),
            after: after.clone(),
        });
    }
}

/// The filter without groups that join nothing: empty ones, and those around one thing that must hold.
fn shape(filter: &Value) -> Option<Value> {
    let Some((mode, children)) = group(filter) else {
        return Some(filter.clone()).filter(|filter| !filter.is_null());
    };
    let mut inner: Vec<Value> = children.iter().filter_map(shape).collect();
    match inner.len() {
        0 => None,
        1 if mode != "none" => inner.pop(),
        _ => Some(Value::from_iter([(mode, inner)])),
    }
}

/// All conditions of a filter, without their groups.
fn conditions(filter: &Value) -> Vec<&Value> {
    match group(filter) {
        Some((_, children)) => children.iter().flat_map(conditions).collect(),
        None if filter.get("op").is_some() => vec![filter],
        None => Vec::new(),
    }
}

fn mapping_changes(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let mode = |mapping: &Value| mapping["mode"].as_str().unwrap_or_default().to_string();
    let (was, is) = (mode(before), mode(after));
    if was != is {
        changes.push(Change::Mode {
            before: was.clone(),
            after: is,
        });
    }
    let empty = Vec::new();
    let fields = |mapping: &'_ Value| mapping["fields"].as_array().cloned().unwrap_or_default();
    let (was_fields, is_fields) = if mode(after) == "fields" && was == "fields" {
        (fields(before), fields(after))
    } else if mode(after) == "fields" {
        (empty, fields(after))
    } else {
        (empty.clone(), empty)
    };
    let to = |field: &Value| field["to"].as_str().unwrap_or_default().to_string();
    let twin = |field: &Value, others: &[Value]| {
        others.iter().find(|other| to(other) == to(field)).cloned()
    };
    for field in &is_fields {
        match twin(field, &was_fields) {
            None => changes.push(Change::FieldAdded(field.clone())),
            Some(other) if &other != field => changes.push(Change::FieldChanged {
                before: other,
                after: field.clone(),
            }),
            Some(_) => {}
        }
    }
    for field in was_fields
        .iter()
        .filter(|field| twin(field, &is_fields).is_none())
    {
        changes.push(Change::FieldRemoved(field.clone()));
    }
    let order = |fields: &[Value], others: &[Value]| -> Vec<String> {
        fields
            .iter()
            .filter(|field| twin(field, others).is_some())
            .map(to)
            .collect()
    };
    if order(&was_fields, &is_fields) != order(&is_fields, &was_fields) {
        changes.push(Change::FieldsReordered);
    }
    if mode(after) == "template"
        && was == "template"
        && (before["body"] != after["body"] || before["format"] != after["format"])
    {
        changes.push(Change::TemplateChanged);
    }
    request_changes(&before["request"], &after["request"], changes);
}

fn request_changes(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let mut tell = |part: RequestPart, was: &Value, is: &Value| {
        let text = |value: &Value| value.as_str().map(str::to_string);
        let (before, after) = (text(was), text(is));
        if before != after {
            changes.push(Change::Request {
                part,
                before,
                after,
            });
        }
    };
    tell(RequestPart::Path, &before["path"], &after["path"]);
    for (kind, part) in [
        ("query", RequestPart::Query as fn(String) -> RequestPart),
        ("headers", RequestPart::Header),
    ] {
        let (was, is) = (&before[kind], &after[kind]);
        let names = |document: &Value| -> Vec<String> {
            let members = document.as_object().into_iter();
            members
                .flat_map(|members| members.keys().cloned())
                .collect()
        };
        let new = names(is).into_iter().filter(|name| was.get(name).is_none());
        for name in names(was).into_iter().chain(new) {
            tell(part(name.clone()), &was[&name], &is[&name]);
        }
    }
    let kinds = [
        ("query", Change::QueryReordered),
        ("headers", Change::HeadersReordered),
    ];
    let reordered = kinds.into_iter();
    let reordered = reordered.filter(|(kind, _)| is_reordered(&before[kind], &after[kind]));
    changes.extend(reordered.map(|(_, change)| change));
}

/// Whether the names that both have stand in another order.
fn is_reordered(before: &Value, after: &Value) -> bool {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else {
        return false;
    };
    let kept = before.keys().filter(|name| after.contains_key(*name));
    let still = after.keys().filter(|name| before.contains_key(*name));
    kept.ne(still)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules(document: Value) -> RulesDocument {
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn every_kind_of_change_is_told_once() {
        let before = rules(json!({
            "trigger": {"events": ["A", "B"], "project_ids": ["p"]},
            "filter": {"all": [{"path": "$.a", "op": "contains", "value": "x"}, {"path": "$.b", "op": "exists"}]},
            "mapping": {"mode": "fields", "fields": [{"to": "a", "from": {"path": "$.a"}}, {"to": "b", "from": {"path": "$.b"}}, {"to": "c", "from": {"value": 1}}]},
        }));
        let after = rules(json!({
            "trigger": {"events": ["A", "C"]},
            "filter": {"all": [{"path": "$.a", "op": "contains", "value": "y"}, {"path": "$.c", "op": "is_true"}]},
            "mapping": {"mode": "fields", "fields": [{"to": "b", "from": {"path": "$.b"}, "pipe": [{"fn": "trim"}]}, {"to": "a", "from": {"path": "$.a"}}, {"to": "d", "from": {"path": "$.currentValue.duedAt"}}]},
            "delivery": {"order": "per_record", "max_attempts": 3},
        }));
        assert_eq!(
            changes(&before, &after),
            [
                Change::EventAdded("C".into()),
                Change::EventRemoved("B".into()),
                Change::AnyProject,
                Change::ConditionChanged {
                    before: json!({"path": "$.a", "op": "contains", "value": "x"}),
                    after: json!({"path": "$.a", "op": "contains", "value": "y"})
                },
                Change::ConditionRemoved(json!({"path": "$.b", "op": "exists"})),
                Change::ConditionAdded(json!({"path": "$.c", "op": "is_true"})),
                Change::FieldChanged {
                    before: json!({"to": "b", "from": {"path": "$.b"}}),
                    after: json!({"to": "b", "from": {"path": "$.b"}, "pipe": [{"fn": "trim"}]})
                },
                Change::FieldAdded(json!({"to": "d", "from": {"path": "$.currentValue.duedAt"}})),
                Change::FieldRemoved(json!({"to": "c", "from": {"value": 1}})),
                Change::FieldsReordered,
                Change::Order(Order::PerRecord),
                Change::Attempts {
                    before: 10,
                    after: 3
                },
            ]
        );
        assert_eq!(changes(&before, &before), []);
    }

    #[test]
    fn regrouping_and_another_mode_are_changes() {
        let one = json!({"path": "$.a", "op": "exists"});
        let two = json!({"path": "$.b", "op": "exists"});
        let with =
            |filter: Value, mapping: Value| rules(json!({"filter": filter, "mapping": mapping}));
        let passthrough = json!({"mode": "passthrough"});
        assert_eq!(
            changes(
                &with(json!({"all": [one, two]}), passthrough.clone()),
                &with(json!({"any": [one, two]}), passthrough.clone())
            ),
            [Change::Regrouped {
                before: json!({"all": [one, two]}),
                after: json!({"any": [one, two]})
            }]
        );
        let template = |body: &str| with(Value::Null, json!({"mode": "template", "body": body}));
        assert_eq!(
            changes(&template("a"), &template("b")),
            [Change::TemplateChanged]
        );
        assert_eq!(
            changes(&template("a"), &with(Value::Null, passthrough)),
            [Change::Mode {
                before: "template".into(),
                after: "passthrough".into()
            }]
        );
    }

    #[test]
    fn each_part_of_the_request_changes_by_its_name() {
        let with =
            |request: Value| rules(json!({"mapping": {"mode": "passthrough", "request": request}}));
        let before = with(json!({"path": "/a", "query": {"q": "1", "same": "1"}}));
        let after = with(json!({"path": "/b", "query": {"same": "1"}, "headers": {"T": "2"}}));
        let change = |part, before: Option<&str>, after: Option<&str>| Change::Request {
            part,
            before: before.map(str::to_string),
            after: after.map(str::to_string),
        };
        assert_eq!(
            changes(&before, &after),
            [
                change(RequestPart::Path, Some("/a"), Some("/b")),
                change(RequestPart::Query("q".into()), Some("1"), None),
                change(RequestPart::Header("T".into()), None, Some("2")),
            ]
        );
        let before = with(json!({"query": {"a": "1", "b": "2"}, "headers": {"X": "1", "Y": "2"}}));
        let after = with(
            json!({"query": {"b": "2", "c": "3", "a": "1"}, "headers": {"Z": "0", "X": "1", "Y": "2"}}),
        );
        assert_eq!(
            changes(&before, &after),
            [
                change(RequestPart::Query("c".into()), None, Some("3")),
                change(RequestPart::Header("Z".into()), None, Some("0")),
                Change::QueryReordered,
            ]
        );
        let after = with(json!({"query": {"a": "1", "b": "2"}, "headers": {"Y": "2", "X": "1"}}));
        assert_eq!(changes(&before, &after), [Change::HeadersReordered]);
    }
}
