//! From a person's document to a filter, with every problem found on the way.

use std::cmp::Ordering;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use regex::Regex;
use serde_json::{Map, Value};

use crate::domain::filter::check::Check;
use crate::domain::filter::condition::{Condition, Scope};
use crate::domain::filter::keys::{Listed, Wanted};
use crate::domain::filter::operator::{self, Reads};
use crate::domain::filter::written::written_list;
use crate::domain::filter::{
    CONDITION_KEYS, CONDITIONS_LIMIT, DEPTH_LIMIT, ITEMS_DEPTH_LIMIT, Mode, Node,
};
use crate::domain::path::Path;
use crate::domain::pattern;
use crate::domain::problem::Problem;
use crate::domain::value::{
    Number, TYPE_NAMES, Types, end_of, folded, shift, span_of, text_of, time_of,
};

/// Entries of a list value.
const LIST_LIMIT: usize = 1_000;

pub(super) fn filter(document: &Value) -> Result<Node, Vec<Problem>> {
    let mut reader = Reader {
        problems: Vec::new(),
        conditions: 0,
        items_open: 0,
    };
    let node = reader.node(document, "", 0);
    match node {
        Some(node) if reader.problems.is_empty() => Ok(node),
        _ => Err(reader.problems),
    }
}

struct Reader {
    problems: Vec<Problem>,
    conditions: usize,
    /// Lists whose items are talked about where the reader stands.
    items_open: usize,
}

impl Reader {
    fn refuse<T>(
        &mut self,
        pointer: &str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Option<T> {
        self.problems.push(Problem::new(pointer, code, message));
        None
    }

    fn node(&mut self, document: &Value, pointer: &str, depth: usize) -> Option<Node> {
        let Some(members) = document.as_object() else {
            if self.items_open > 0 {
                let message = "Write what an item must be, like tag.title equals Urgent.";
                return self.refuse(pointer, "wrong_shape", message);
            }
            return self.refuse(pointer, "wrong_shape", "A filter is a group like {\"all\": [...]} or a condition like {\"path\": ..., \"op\": ...}.");
        };
        if depth > DEPTH_LIMIT {
            return self.refuse(
                pointer,
                "too_deep",
                format!("Groups may be nested {DEPTH_LIMIT} deep."),
            );
        }
        let modes = [Mode::All, Mode::Any, Mode::None];
        match modes
            .into_iter()
            .find(|mode| members.contains_key(mode.as_str()))
        {
            Some(mode) => self.group(mode, members, pointer, depth),
            None => self.condition(members, pointer, depth),
        }
    }

    fn group(
        &mut self,
        mode: Mode,
        members: &Map<String, Value>,
        pointer: &str,
        depth: usize,
    ) -> Option<Node> {
        let key = mode.as_str();
        if members.len() > 1 {
            self.refuse::<()>(
                pointer,
                "mixed_group",
                format!("A group has one key, here `{key}`; put other groups inside its list."),
            );
        }
        let Some(children) = members.get(key).and_then(Value::as_array) else {
            return self.refuse(
                &format!("{pointer}/{key}"),
                "wrong_shape",
                "A group holds a list of conditions and groups.",
            );
        };
        let parsed: Vec<Option<Node>> = children
            .iter()
            .enumerate()
            .map(|(index, child)| self.node(child, &format!("{pointer}/{key}/{index}"), depth + 1))
            .collect();
        let children = parsed.into_iter().collect::<Option<Vec<Node>>>()?;
        Some(Node::Group { mode, children })
    }

    fn condition(
        &mut self,
        members: &Map<String, Value>,
        pointer: &str,
        depth: usize,
    ) -> Option<Node> {
        self.conditions += 1;
        if self.conditions > CONDITIONS_LIMIT {
            return self.refuse(
                pointer,
                "too_many",
                format!("A filter may have {CONDITIONS_LIMIT} conditions."),
            );
        }
        for key in members
            .keys()
            .filter(|key| !CONDITION_KEYS.contains(&key.as_str()))
        {
            let message = format!(
                "`{key}` is not known here; a condition has {}.",
                CONDITION_KEYS.join(", ")
            );
            self.refuse::<()>(&format!("{pointer}/{key}"), "unknown_key", message);
        }
        let path = self.path(members, pointer);
        let types = self.types(members, pointer);
        let case_sensitive = self.flag(members, pointer, "case_sensitive");
        let zone = self.zone(members, pointer);
        let Some(id) = members.get("op").and_then(Value::as_str) else {
            return self.refuse(
                &format!("{pointer}/op"),
                "missing",
                "Say in `op` how to compare, for example \"contains\".",
            );
        };
        let Some(operator) = operator::find(id) else {
            let hint = operator::nearest(id)
                .map(|near| format!(" Did you mean `{near}`?"))
                .unwrap_or_default();
            return self.refuse(
                &format!("{pointer}/op"),
                "unknown_operator",
                format!("There is no operator `{id}`.{hint}"),
            );
        };
        let scope = Scope {
            types: types?,
            case_sensitive: case_sensitive?,
            zone: zone?,
        };
        let value = members.get("value").unwrap_or(&Value::Null);
        let pointer = format!("{pointer}/value");
        let check = self.check(operator.reads, value, &scope, &pointer, depth)?;
        Some(Node::Condition(Box::new(Condition::new(
            path?,
            operator,
            check,
            value.clone(),
            scope,
        ))))
    }

    fn path(&mut self, members: &Map<String, Value>, pointer: &str) -> Option<Path> {
        // A condition about an item itself needs no path.
        if self.items_open > 0 && !members.contains_key("path") {
            return Path::parse("$").ok();
        }
        let pointer = format!("{pointer}/path");
        let Some(text) = members.get("path").and_then(Value::as_str) else {
            return self.refuse(
                &pointer,
                "missing",
                "Say in `path` which value to look at, for example \"$.currentValue.title\".",
            );
        };
        Path::parse(text)
            .map_err(|error| {
                self.problems
                    .push(Problem::new(pointer, "bad_path", error.reason).at(error.position))
            })
            .ok()
    }

    fn types(&mut self, members: &Map<String, Value>, pointer: &str) -> Option<Types> {
        match members
            .get("types")
            .map(|types| types.as_str().unwrap_or_default())
        {
            None | Some("auto") => Some(Types::Auto),
            Some("strict") => Some(Types::Strict),
            _ => self.refuse(
                &format!("{pointer}/types"),
                "wrong_value",
                "`types` is \"auto\" or \"strict\".",
            ),
        }
    }

    fn flag(&mut self, members: &Map<String, Value>, pointer: &str, key: &str) -> Option<bool> {
        match members.get(key) {
            None => Some(false),
            Some(Value::Bool(flag)) => Some(*flag),
            _ => self.refuse(
                &format!("{pointer}/{key}"),
                "wrong_value",
                format!("`{key}` is true or false."),
            ),
        }
    }

    fn zone(&mut self, members: &Map<String, Value>, pointer: &str) -> Option<TimeZone> {
        let Some(zone) = members.get("zone") else {
            return Some(TimeZone::UTC);
        };
        match zone.as_str().and_then(|name| TimeZone::get(name).ok()) {
            Some(zone) => Some(zone),
            None => self.refuse(
                &format!("{pointer}/zone"),
                "unknown_zone",
                "A time zone is written like \"Asia/Jakarta\".",
            ),
        }
    }

    /// What an operator makes of the value beside it.
    fn check(
        &mut self,
        reads: Reads,
        value: &Value,
        scope: &Scope,
        pointer: &str,
        depth: usize,
    ) -> Option<Check> {
        match reads {
            Reads::Nothing(check) => Some(check()),
            Reads::Scalar(check) => self.scalar(value, pointer).map(check),
            Reads::ScalarOrList(check) => self
                .scalar_or_list(value, pointer)
                .map(|wanted| check(Box::new(Wanted::new(wanted, scope)))),
            Reads::ScalarOrNull(check) if value.is_null() => Some(check(Value::Null)),
            Reads::ScalarOrNull(check) => self.scalar(value, pointer).map(check),
            Reads::OptionalScalar(check) if value.is_null() => Some(check(None)),
            Reads::OptionalScalar(check) => {
                self.scalar(value, pointer).map(|value| check(Some(value)))
            }
            Reads::Text(check) => self.text(value, scope, pointer).map(check),
            Reads::Number(check) => match Number::of(value, Types::Auto) {
                Some(number) => Some(check(number)),
                None => self.refuse(pointer, "not_a_number", "Enter a number, like 2000."),
            },
            Reads::NumberRange(check) => self
                .number_range(value, pointer)
                .map(|(low, high)| check(low, high)),
            Reads::List(check) => self
                .list(value, pointer)
                .map(|entries| check(Box::new(Listed::new(entries, scope)))),
            Reads::Regex(check) => self.regex(value, scope, pointer).map(check),
            Reads::Date(check) => self.date(time_of(value, &scope.zone), pointer).map(check),
            Reads::EndOfDate(check) => self.date(end_of(value, &scope.zone), pointer).map(check),
            Reads::DateRange(check) => self
                .date_range(value, scope, pointer)
                .map(|(from, to)| check(from, to)),
            Reads::Span(check) => self.span(value, pointer).map(check),
            Reads::Type(check) => match value.as_str().filter(|name| TYPE_NAMES.contains(name)) {
                Some(name) => Some(check(name.into())),
                None => {
                    let message = format!("The value is one of {}.", TYPE_NAMES.join(", "));
                    self.refuse(pointer, "wrong_value", message)
                }
            },
            Reads::Item(check) => self.item(value, pointer, depth).map(check),
            Reads::FromTo(check) => match (value.get("from"), value.get("to")) {
                (Some(from), Some(to)) => Some(check(from.clone(), to.clone())),
                _ => {
                    let message = "The value is what it was and what it is now: Inbox -> Done, or {\"from\": \"Inbox\", \"to\": \"Done\"}.";
                    self.refuse(pointer, "wrong_value", message)
                }
            },
        }
    }

    fn scalar(&mut self, value: &Value, pointer: &str) -> Option<Value> {
        match value {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(value.clone()),
            _ => {
                let message = "The value is a text, a number or true/false.";
                self.refuse(pointer, "wrong_value", message)
            }
        }
    }

    fn scalar_or_list(&mut self, value: &Value, pointer: &str) -> Option<Value> {
        match value {
            Value::Array(entries) if !entries.is_empty() => {
                self.list(value, pointer).map(Value::from)
            }
            _ => self.scalar(value, pointer),
        }
    }

    fn text(&mut self, value: &Value, scope: &Scope, pointer: &str) -> Option<String> {
        let scalar = self.scalar(value, pointer)?;
        let text = text_of(&scalar, Types::Auto)?;
        Some(if scope.case_sensitive {
            text.into_owned()
        } else {
            folded(&text).into_owned()
        })
    }

    fn date(&mut self, time: Option<Timestamp>, pointer: &str) -> Option<Timestamp> {
        let message = "The value is a date like 2026-01-31 or a time like 2026-01-31T09:00:00Z.";
        time.or_else(|| self.refuse(pointer, "not_a_date", message))
    }

    fn number_range(&mut self, value: &Value, pointer: &str) -> Option<(Number, Number)> {
        let message = "The value is two numbers, the lowest and the highest: 5, 10, or [5, 10].";
        let Some([low, high]) = value.as_array().map(Vec::as_slice) else {
            return self.refuse(pointer, "wrong_value", message);
        };
        match (Number::of(low, Types::Auto), Number::of(high, Types::Auto)) {
            (Some(low), Some(high)) if low.compare(high).is_some_and(Ordering::is_gt) => {
                let message = "The first number is above the second: nothing could match.";
                self.refuse(pointer, "reversed_range", message)
            }
            (Some(low), Some(high)) => Some((low, high)),
            _ => self.refuse(pointer, "not_a_number", message),
        }
    }

    fn date_range(
        &mut self,
        value: &Value,
        scope: &Scope,
        pointer: &str,
    ) -> Option<(Timestamp, Timestamp)> {
        let message = "The value is two dates, the first and the last: 2026-01-01, 2026-01-31, or [\"2026-01-01\", \"2026-01-31\"].";
        let Some([from, to]) = value.as_array().map(Vec::as_slice) else {
            return self.refuse(pointer, "wrong_value", message);
        };
        match (time_of(from, &scope.zone), end_of(to, &scope.zone)) {
            (Some(from), Some(to)) if from > to => {
                let message = "The first date is after the second: nothing could match.";
                self.refuse(pointer, "reversed_range", message)
            }
            (Some(from), Some(to)) => Some((from, to)),
            _ => self.refuse(pointer, "not_a_date", message),
        }
    }

    fn span(&mut self, value: &Value, pointer: &str) -> Option<Span> {
        let epoch = Timestamp::UNIX_EPOCH;
        let span = span_of(value).map(|span| (span, shift(epoch, span, false)));
        match span.and_then(|(span, end)| Some((span, end?))) {
            Some((_, end)) if end < epoch => {
                let message = "The span is counted backwards; write it without a minus or `ago`.";
                self.refuse(pointer, "reversed_range", message)
            }
            Some((span, _)) => Some(span),
            None => {
                let message = "The value is a span like \"3 days\", \"2 hours\" or \"PT30M\".";
                self.refuse(pointer, "not_a_span", message)
            }
        }
    }

    fn list(&mut self, value: &Value, pointer: &str) -> Option<Vec<Value>> {
        let entries: Vec<Value> = match value {
            Value::Array(entries) => entries.clone(),
            // Without any entry it is the empty text, as filters are saved that meant it.
            Value::String(text) if names_nothing(text) => vec![Value::from("")],
            Value::String(text) => written_list(text).into_iter().map(Value::from).collect(),
            Value::Number(_) | Value::Bool(_) => vec![value.clone()],
            _ => Vec::new(),
        };
        let fine = !entries.is_empty()
            && entries.len() <= LIST_LIMIT
            && entries
                .iter()
                .all(|entry| !entry.is_object() && !entry.is_array());
        if fine {
            Some(entries)
        } else {
            self.refuse(
                pointer,
                "wrong_value",
                format!("The value is a list of 1 to {LIST_LIMIT} texts, numbers or true/false."),
            )
        }
    }

    fn regex(&mut self, value: &Value, scope: &Scope, pointer: &str) -> Option<Regex> {
        let Some(pattern) = value.as_str() else {
            return self.refuse(pointer, "wrong_value", "The value is a regular expression.");
        };
        match pattern::compile(pattern, scope.case_sensitive, pattern::SIZE_LIMIT_BYTES) {
            Ok(regex) => Some(regex),
            Err(sentence) => self.refuse(pointer, "bad_regex", sentence),
        }
    }

    fn item(&mut self, value: &Value, pointer: &str, depth: usize) -> Option<Box<Node>> {
        if self.items_open == ITEMS_DEPTH_LIMIT {
            let message = format!("Items of items may be asked for {ITEMS_DEPTH_LIMIT} deep.");
            return self.refuse(pointer, "too_deep", message);
        }
        self.items_open += 1;
        let node = self.node(value, pointer, depth + 1);
        self.items_open -= 1;
        node.map(Box::new)
    }
}

/// Whether no entry stands in a list that is written as a text.
pub(super) fn names_nothing(text: &str) -> bool {
    written_list(text).is_empty()
}
