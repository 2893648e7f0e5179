//! A connection's rules in the reader's words: one condition, a whole filter, where a field comes from.
//!
//! The builder's sentence and the difference of two versions are made of these. They look at documents as people wrote them, also at ones that
//! would be refused; they decide nothing. Quotation marks stand around whatever a person typed.

use serde_json::Value;

use crate::domain::filter::{group, operator};
use crate::domain::value::cut;
use crate::web::i18n::Key;
use crate::web::ui::labels::operator_called;
use crate::web::ui::sample_tree::custom_field;

/// Longest typed value that is quoted, in characters.
const QUOTED_LIMIT_CHARS: usize = 60;
/// Longest filter within a name, in characters.
const SHORT_LIMIT_CHARS: usize = 40;
/// Conditions of one group that are spelled out; more are counted.
const SPELLED_OUT_LIMIT: usize = 4;

/// Values of Blue's events that have words of their own.
const CALLED: [(&str, Key); 17] = [
    ("title", key!("rules-name-title")),
    ("done", key!("rules-name-done")),
    ("text", key!("rules-name-text")),
    ("archived", key!("rules-name-archived")),
    ("todoList.title", key!("rules-name-list")),
    ("todoList.project.name", key!("rules-name-project")),
    ("project.name", key!("rules-name-project")),
    ("todo.title", key!("rules-name-record")),
    ("todoTags[*].tag.title", key!("rules-name-tags")),
    ("todoUsers[*].user.fullName", key!("rules-name-assignees")),
    (
        "todoUsers[*].user.email",
        key!("rules-name-assignees-email"),
    ),
    ("user.fullName", key!("rules-name-author")),
    ("user.email", key!("rules-name-author-email")),
    ("duedAt", key!("rules-name-due")),
    ("startedAt", key!("rules-name-start")),
    ("createdAt", key!("rules-name-created")),
    ("updatedAt", key!("rules-name-updated")),
];

/// The words for a value, or its path where there are none.
fn called(path: &str) -> String {
    let known = CALLED.iter().find(|(known, _)| *known == path);
    let plain = || match custom_field(path) {
        Some((name, value)) => t!("rules-name-field", name = quoted(&name), value = value),
        None => path.to_string(),
    };
    known.map_or_else(plain, |(_, name)| name.to_string())
}

/// What the event is about comes first: `$.currentValue.title` is "its title".
pub fn place(path: &str) -> String {
    let path = path.trim();
    let inner = path.strip_prefix("$.").unwrap_or(path);
    if let Some(name) = inner.strip_prefix("currentValue.") {
        return t!("rules-its", name = called(name));
    }
    if let Some(name) = inner.strip_prefix("previousValue.") {
        return t!("rules-its-previous", name = called(name));
    }
    if inner.is_empty() {
        t!("rules-a-value")
    } else {
        inner.to_string()
    }
}

/// `its title contains “urgent”`.
pub fn condition(document: &Value) -> String {
    let path = document["path"].as_str().unwrap_or_default();
    let op = document["op"].as_str().unwrap_or_default();
    // A change is told by a path inside both values.
    let is_change = operator::find(op).is_some_and(|operator| operator.group == "Change");
    let place = if is_change && !path.contains("Value.") {
        t!("rules-its", name = called(path.trim_start_matches("$.")))
    } else {
        place(path)
    };
    if op == "changed_from_to" {
        return format!("{place} {}", from_to(&document["value"]));
    }
    let label = operator_called(op);
    let case = match document["case_sensitive"].as_bool() {
        Some(true) => format!(" {}", t!("rules-exact-case")),
        _ => String::new(),
    };
    // To these, null is a value like any other.
    let said = match document.get("value") {
        Some(Value::Null) if matches!(op, "changed_to" | "changed_from") => Some("null".into()),
        other => other.map(value).filter(|text| !text.is_empty()),
    };
    match said {
        Some(value) => format!("{place} {label} {value}{case}"),
        None => format!("{place} {label}{case}"),
    }
}

/// `has changed from “Inbox” to “Done”`; a side that is empty or not typed yet is passed over.
fn from_to(sides: &Value) -> String {
    let said = |side: &str| {
        Some(&sides[side])
            .filter(|side| !side.is_null() && *side != "")
            .map(value)
    };
    match (said("from"), said("to")) {
        (Some(from), Some(to)) => t!("rules-changed-from-to", from = from, to = to),
        (Some(from), None) => t!("rules-changed-from", from = from),
        (None, Some(to)) => t!("rules-changed-to", to = to),
        (None, None) => t!("rules-changed"),
    }
}

/// The whole filter, or nothing when every event passes.
pub fn filter(document: &Value) -> Option<String> {
    if document.get("op").is_some() {
        return Some(condition(document));
    }
    let (mode, children) = group(document)?;
    let mut said: Vec<String> = children.iter().filter_map(nested).collect();
    if said.is_empty() {
        return None;
    }
    if said.len() > SPELLED_OUT_LIMIT {
        let count = said.len();
        return Some(match mode {
            "all" => t!("rules-all-of", count = count),
            "any" => t!("rules-any-of", count = count),
            _ => t!("rules-none-of", count = count),
        });
    }
    if mode == "none" {
        return Some(match said.len() {
            1 => t!("rules-not-so", said = said.remove(0)),
            _ => t!("rules-neither", said = said.join(&spaced(&t!("rules-nor")))),
        });
    }
    let joint = match mode {
        "all" => t!("rules-and"),
        _ => t!("rules-or"),
    };
    Some(said.join(&spaced(&joint)))
}

/// The same, cut to stand within a name.
pub fn in_short(document: &Value) -> Option<String> {
    filter(document).map(|said| cut(&said, SHORT_LIMIT_CHARS))
}

fn spaced(word: &str) -> String {
    format!(" {word} ")
}

fn nested(document: &Value) -> Option<String> {
    let said = filter(document)?;
    let is_plain = document.get("op").is_some()
        || group(document).is_some_and(|(mode, children)| mode != "none" && children.len() == 1);
    Some(if is_plain { said } else { format!("({said})") })
}

/// Where a field's value comes from and what is done with it: `its title | trim`.
pub fn origin(field: &Value) -> String {
    let from = &field["from"];
    let start = match (from.get("path"), from.get("template"), from.get("value")) {
        (Some(path), ..) => {
            let place = place(path.as_str().unwrap_or_default());
            match field["take"].as_str() {
                Some("all") => t!("rules-take-all", place = place),
                Some("join") => t!("rules-take-join", place = place),
                Some("one") => t!("rules-take-one", place = place),
                _ => place,
            }
        }
        (_, Some(template), _) => t!("rules-the-text", text = value(template)),
        (_, _, Some(constant)) => t!("rules-always", value = value(constant)),
        _ => t!("rules-nothing"),
    };
    let pipe = field["pipe"].as_array().into_iter().flatten();
    let calls: String = pipe.map(|one| format!(" | {}", call(one))).collect();
    let missing = match field["when_missing"].as_str() {
        Some("omit") => format!(", {}", t!("rules-left-out")),
        Some("omit_if_empty") => format!(", {}", t!("rules-left-out-empty")),
        Some("fail") => format!(", {}", t!("rules-required")),
        _ => String::new(),
    };
    format!("{start}{calls}{missing}")
}

/// One function as it is typed: `default("-")`.
pub fn call(document: &Value) -> String {
    let name = document["fn"].as_str().unwrap_or_default();
    let args: Vec<String> = document["args"]
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
}

/// A typed value, quoted and cut.
pub fn value(document: &Value) -> String {
    match document {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        Value::Array(entries) => entries.iter().map(value).collect::<Vec<_>>().join(", "),
        Value::Object(members) if members.contains_key("op") => {
            let mut inner = document.clone();
            if !members.contains_key("path") {
                inner["path"] = Value::from(t!("rules-it"));
            }
            format!("({})", condition(&inner))
        }
        other => cut(&other.to_string(), QUOTED_LIMIT_CHARS),
    }
}

fn quoted(text: &str) -> String {
    format!("“{}”", cut(text, QUOTED_LIMIT_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Language;
    use crate::web::reader::Reader;
    use serde_json::json;

    #[test]
    fn conditions_and_filters_read_as_sentences() {
        let title = json!({"path": "$.currentValue.title", "op": "contains", "value": "urgent"});
        let done = json!({"path": "$.previousValue.done", "op": "is_false"});
        let moved = json!({"path": "todoList.title", "op": "changed_from_to", "value": {"from": "Inbox", "to": "Done"}});
        let tagged = json!({"path": "$.currentValue.todoTags[*]", "op": "any_item", "value": {"path": "tag.title", "op": "equals", "value": "Urgent"}});
        for (filter_document, said) in [
            (json!(null), None),
            (json!({"all": []}), None),
            (title.clone(), Some("its title contains “urgent”")),
            (
                json!({"all": [title, done]}),
                Some("its title contains “urgent” and its previous done status is no"),
            ),
            (
                json!({"any": [done, {"all": [title, done]}]}),
                Some(
                    "its previous done status is no or (its title contains “urgent” and its previous done status is no)",
                ),
            ),
            (
                json!({"none": [title]}),
                Some("it is not so that its title contains “urgent”"),
            ),
            (
                json!({"none": [title, done]}),
                Some("neither its title contains “urgent” nor its previous done status is no"),
            ),
            (
                json!({"all": [moved]}),
                Some("its list's title has changed from “Inbox” to “Done”"),
            ),
            (
                json!({"path": "done", "op": "changed_from_to", "value": {"from": "", "to": true}}),
                Some("its done status has changed to true"),
            ),
            (
                json!({"path": "done", "op": "changed_from_to", "value": {"from": "", "to": ""}}),
                Some("its done status has changed"),
            ),
            (
                json!({"path": "done", "op": "changed_from_to"}),
                Some("its done status has changed"),
            ),
            (
                json!({"path": "duedAt", "op": "changed_from", "value": null}),
                Some("its due date has changed from null"),
            ),
            (
                json!({"path": "duedAt", "op": "changed", "value": null}),
                Some("its due date has changed"),
            ),
            (
                tagged,
                Some("its todoTags[*] has an item where (tag.title equals “Urgent”)"),
            ),
            (
                json!({"any": [done, done, done, done, done]}),
                Some("any of 5 conditions holds"),
            ),
        ] {
            assert_eq!(
                filter(&filter_document).as_deref(),
                said,
                "{filter_document}"
            );
        }
    }

    #[test]
    fn fields_say_where_they_come_from() {
        for (field, said) in [
            (
                json!({"from": {"path": "$.currentValue.title"}, "pipe": [{"fn": "trim"}, {"fn": "default", "args": ["-"]}]}),
                "its title | trim | default(\"-\")",
            ),
            (
                json!({"from": {"path": "$.event"}, "when_missing": "omit"}),
                "event, left out if missing",
            ),
            (
                json!({"from": {"path": "$.event"}, "when_missing": "omit_if_empty"}),
                "event, left out if missing or empty",
            ),
            (
                json!({"from": {"path": "$.currentValue.todoTags[*].tag.title"}, "take": "all"}),
                "all of its tags' titles",
            ),
            (
                json!({"from": {"path": "$.currentValue.todoCustomFields[?@.customField.name=='Ada\\'s \"B\"'].number"}}),
                "its field “Ada's \"B\"” (number)",
            ),
            (
                json!({"from": {"template": "Hi {{ event }}"}}),
                "the text “Hi {{ event }}”",
            ),
            (json!({"from": {"value": 3}}), "always 3"),
        ] {
            assert_eq!(origin(&field), said);
        }
    }

    #[test]
    fn rules_are_said_in_the_readers_language() {
        let reader = Reader {
            language: Language::Indonesian,
            ..Reader::default()
        };
        let title = json!({"path": "$.currentValue.title", "op": "contains", "value": "urgent"});
        let done = json!({"path": "$.previousValue.done", "op": "is_false"});
        let said = reader.reads(|| filter(&json!({"any": [title, done]})));
        assert_eq!(
            said.as_deref(),
            Some("judul memuat “urgent” atau status selesai sebelumnya adalah tidak")
        );
    }
}
