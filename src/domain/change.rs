//! What differs between two versions of a connection's rules, thing by thing.
//!
//! Pages say it in sentences before and after a save; an import says it before it changes anything. Pure; the documents are compared as written,
//! so two spellings of the same rule differ.

use serde_json::Value;

use crate::domain::connection::{Order, RulesDocument};
use crate::domain::words;

/// One difference. Texts are in plain words already (`words`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It listens to any event now.
    AnyEvent,
    EventAdded(String),
    EventRemoved(String),
    AnyProject,
    ProjectAdded(String),
    ProjectRemoved(String),
    ConditionAdded(String),
    ConditionRemoved(String),
    ConditionChanged {
        before: String,
        after: String,
    },
    /// The same conditions are joined in another way.
    Regrouped {
        before: String,
        after: String,
    },
    Mode {
        before: String,
        after: String,
    },
    FieldAdded {
        to: String,
        origin: String,
    },
    FieldRemoved {
        to: String,
    },
    FieldChanged {
        to: String,
        before: String,
        after: String,
    },
    FieldsReordered,
    TemplateChanged,
    Order(Order),
    Attempts {
        before: u32,
        after: u32,
    },
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
                before: words::condition(condition),
                after: words::condition(new.remove(at)),
            },
            None => Change::ConditionRemoved(words::condition(condition)),
        });
    }
    changes.extend(
        new.into_iter()
            .map(|condition| Change::ConditionAdded(words::condition(condition))),
    );
    let said =
        |filter: &Value| words::filter(filter).unwrap_or_else(|| "every event passes".into());
    let (was, is) = (said(before), said(after));
    if !found_any && was != is {
        changes.push(Change::Regrouped {
            before: was,
            after: is,
        });
    }
}

/// All conditions of a filter, without their groups.
fn conditions(filter: &Value) -> Vec<&Value> {
    match words::group(filter) {
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
            None => changes.push(Change::FieldAdded {
                to: to(field),
                origin: words::origin(field),
            }),
            Some(other) if &other != field => changes.push(Change::FieldChanged {
                to: to(field),
                before: words::origin(&other),
                after: words::origin(field),
            }),
            Some(_) => {}
        }
    }
    for field in was_fields
        .iter()
        .filter(|field| twin(field, &is_fields).is_none())
    {
        changes.push(Change::FieldRemoved { to: to(field) });
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
                    before: "a contains “x”".into(),
                    after: "a contains “y”".into()
                },
                Change::ConditionRemoved("b is there".into()),
                Change::ConditionAdded("c is true".into()),
                Change::FieldChanged {
                    to: "b".into(),
                    before: "b".into(),
                    after: "b | trim".into()
                },
                Change::FieldAdded {
                    to: "d".into(),
                    origin: "its duedAt".into()
                },
                Change::FieldRemoved { to: "c".into() },
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
                before: "a is there and b is there".into(),
                after: "a is there or b is there".into()
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
}
