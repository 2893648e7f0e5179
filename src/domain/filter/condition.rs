//! One condition: what it compares, what it finds, and what it says about it.
//!
//! [`Condition::judge`] is the one judgement that matching and explaining share. It never fails: what cannot be judged is
//! [`Truth::Unknown`] with a [`Doubt`].

use std::cmp::Ordering;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use regex::Regex;
use serde::Serialize;
use serde_json::Value;

use crate::domain::filter::explanation::{self, Explanation, Found, Reason, Slip, shortened};
use crate::domain::filter::operator::{self, Operator};
use crate::domain::filter::{Input, Node};
use crate::domain::needs::Needs;
use crate::domain::path::Path;
use crate::domain::pattern;
use crate::domain::problem::Problem;
use crate::domain::value::{
    Number, Types, bool_of, folded, same, same_text, shift, text_of, time_of, type_of,
};

/// True, false, or cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    True,
    False,
    Unknown,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

/// A condition that was understood.
#[derive(Debug, Clone)]
pub struct Condition {
    path: Path,
    /// For change operators: the path below `currentValue` and `previousValue`.
    changed_path: Path,
    operator: &'static Operator,
    test: Test,
    /// As a person wrote it, for explanations.
    value: Value,
    scope: Scope,
}

/// How values are read.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub types: Types,
    pub case_sensitive: bool,
    pub zone: TimeZone,
}

/// The compiled value.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Plain,
    Scalar(Value),
    Number(Number),
    NumberRange(Number, Number),
    List(Vec<Value>),
    Regex(Regex),
    Date(Timestamp),
    DateRange(Timestamp, Timestamp),
    Span(Span),
    Item(Box<Node>),
    FromTo(Value, Value),
}

/// Why something cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Nothing is at the path.
    Missing,
    /// What is there is not of the wanted kind.
    NotA(&'static str),
    /// There is no value from before to compare with.
    NoBefore,
    /// Of what is compared before and after, one side has no value.
    NoSide { before: bool },
    /// A limit of work was passed.
    Limit(String),
}

/// A judgement with what it was made from.
pub(super) struct Judgement<'v> {
    pub truth: Truth,
    doubt: Option<Doubt>,
    found: Vec<&'v Value>,
    before: Vec<&'v Value>,
}

/// Parts of an event that are not of the record, and so have no value from before.
const NOT_OF_THE_RECORD: [&str; 3] = ["event", "timestamp", "webhook"];

type Judged = Result<bool, Doubt>;

impl Condition {
    pub(super) fn new(
        path: Path,
        operator: &'static Operator,
        test: Test,
        value: Value,
        scope: Scope,
    ) -> Condition {
        let changed_path = path
            .below("currentValue")
            .or_else(|| path.below("previousValue"))
            .unwrap_or_else(|| path.clone());
        Condition {
            path,
            changed_path,
            operator,
            test,
            value,
            scope,
        }
    }

    /// Adds why the condition could never hold.
    pub(super) fn add_unfit(&self, pointer: &str, in_items: bool, problems: &mut Vec<Problem>) {
        let is_change = self.operator.group == "Change";
        if is_change && in_items {
            let message = format!(
                "`{}` compares the event before and after, and items have no before; ask the list itself, for example with `item_added`.",
                self.operator.id
            );
            problems.push(Problem::new(format!("{pointer}/op"), "no_before", message));
        }
        let first_name = self.changed_path.first_name().unwrap_or_default();
        if is_change && !in_items && NOT_OF_THE_RECORD.contains(&first_name.as_str()) {
            let message = format!(
                "`{first_name}` is not part of the record, so it has no value from before; write a path like $.title."
            );
            let pointer = format!("{pointer}/path");
            problems.push(Problem::new(pointer, "no_before", message));
        }
        match &self.test {
            Test::Regex(regex) if pattern::is_slashed(regex.as_str()) => {
                let pointer = format!("{pointer}/value");
                problems.push(Problem::new(pointer, "bad_regex", pattern::SLASHED));
            }
            Test::Item(node) => node.add_unfit(&format!("{pointer}/value"), true, problems),
            _ => {}
        }
    }

    /// Adds what the condition looks at.
    pub(super) fn add_needs(&self, needs: &mut Needs) {
        match self.operator.group {
            "Change" => {
                for side in ["previousValue", "currentValue"] {
                    self.changed_path.add_needs(&[side], needs);
                }
            }
            _ => self.path.add_needs(&[], needs),
        }
    }

    /// Whether the condition holds for the input.
    pub(super) fn judge<'v>(&self, input: &Input<'v>) -> Judgement<'v> {
        if self.operator.group == "Change" {
            return self.judge_change(input);
        }
        let found = match self.path.find(input.document) {
            Ok(found) => found,
            Err(error) => {
                return Judgement::of(Err(Doubt::Limit(error.reason)), Vec::new(), Vec::new());
            }
        };
        let judged = match self.operator.group {
            "Any type" => self.judge_any(&found),
            "List" => self.judge_list(&found, input),
            _ => self.judge_scalars(&found, input),
        };
        Judgement::of(judged, found, Vec::new())
    }

    fn judge_any(&self, found: &[&Value]) -> Judged {
        let empty = |value: &Value| match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        match self.operator.id {
            "exists" => Ok(!found.is_empty()),
            "missing" => Ok(found.is_empty()),
            _ if found.is_empty() => Err(Doubt::Missing),
            "is_null" => Ok(found.iter().any(|value| value.is_null())),
            "is_empty" => Ok(found.iter().all(|value| empty(value))),
            "is_not_empty" => Ok(found.iter().any(|value| !empty(value))),
            _ => match &self.test {
                Test::Scalar(name) => Ok(found
                    .iter()
                    .any(|value| Some(type_of(value)) == name.as_str())),
                _ => Err(Doubt::NotA("type")),
            },
        }
    }

    /// Positive operators hold when any value does, negative ones when all do.
    fn judge_scalars(&self, found: &[&Value], input: &Input<'_>) -> Judged {
        let negative = matches!(
            self.operator.id,
            "not_equals" | "not_contains" | "not_in" | "ne"
        );
        let mut seen = None;
        let mut doubt = Doubt::Missing;
        for value in found {
            match self.judge_scalar(value, input) {
                Ok(holds) if holds != negative => return Ok(holds),
                Ok(holds) => seen = Some(holds),
                Err(found) => doubt = found,
            }
        }
        seen.ok_or(doubt)
    }

    fn judge_scalar(&self, value: &Value, input: &Input<'_>) -> Judged {
        match self.operator.group {
            "Text" => self.judge_text(value),
            "Number" => self.judge_number(value),
            "Date" => self.judge_date(value, input.reference_time),
            _ => {
                let flag = bool_of(value, self.scope.types).ok_or(Doubt::NotA("yes or no"))?;
                Ok(flag == (self.operator.id == "is_true"))
            }
        }
    }

    fn judge_text(&self, value: &Value) -> Judged {
        let not_text = Doubt::NotA("text");
        let scope = &self.scope;
        match (self.operator.id, &self.test) {
            ("equals", Test::Scalar(expected)) => {
                same(value, expected, scope.types, scope.case_sensitive)
                    .ok_or_else(|| self.not_like(expected))
            }
            ("not_equals", Test::Scalar(expected)) => {
                same(value, expected, scope.types, scope.case_sensitive)
                    .map(|is| !is)
                    .ok_or_else(|| self.not_like(expected))
            }
            (id @ ("in" | "not_in"), Test::List(list)) => {
                let judged: Vec<bool> = list
                    .iter()
                    .filter_map(|entry| same(value, entry, scope.types, scope.case_sensitive))
                    .collect();
                match judged.is_empty() {
                    true => Err(list.first().map_or(not_text, |first| self.not_like(first))),
                    false => Ok(judged.contains(&true) == (id == "in")),
                }
            }
            (id, test) => {
                let text = text_of(value, scope.types).ok_or(Doubt::NotA("text"))?;
                match test {
                    Test::Regex(regex) => Ok(regex.is_match(&text)),
                    Test::Number(length) => {
                        let count = Number::Integer(text.chars().count() as i128);
                        compare(id.trim_start_matches("length_"), count, *length)
                    }
                    Test::Scalar(expected) => {
                        let expected = text_of(expected, Types::Auto).ok_or(Doubt::NotA("text"))?;
                        Ok(match scope.case_sensitive {
                            true => part_of(id, &text, &expected),
                            false => part_of(id, &folded(&text), &folded(&expected)),
                        })
                    }
                    _ => Err(Doubt::NotA("text")),
                }
            }
        }
    }

    /// What a value is not that cannot be compared with this one.
    fn not_like(&self, expected: &Value) -> Doubt {
        Doubt::NotA(match self.scope.types {
            Types::Auto => "text",
            Types::Strict => type_of(expected),
        })
    }

    fn judge_number(&self, value: &Value) -> Judged {
        let number = Number::of(value, self.scope.types).ok_or(Doubt::NotA("number"))?;
        match self.test {
            Test::NumberRange(low, high) => {
                Ok(compare("gte", number, low)? && compare("lte", number, high)?)
            }
            Test::Number(expected) => compare(self.operator.id, number, expected),
            _ => Err(Doubt::NotA("number")),
        }
    }

    fn judge_date(&self, value: &Value, now: Timestamp) -> Judged {
        let time = time_of(value, &self.scope.zone).ok_or(Doubt::NotA("date"))?;
        let day = |time: Timestamp| time.to_zoned_datetime(self.scope.zone.clone()).date();
        match (self.operator.id, &self.test) {
            ("is_past", _) => Ok(time < now),
            ("is_future", _) => Ok(time > now),
            ("before", Test::Date(expected)) => Ok(time < *expected),
            ("after", Test::Date(expected)) => Ok(time > *expected),
            ("on", Test::Date(expected)) => Ok(day(time) == day(*expected)),
            ("between_dates", Test::DateRange(from, to)) => Ok(*from <= time && time <= *to),
            (id, Test::Span(span)) => {
                let backwards = id == "in_last";
                let edge = shift(now, *span, backwards).ok_or(Doubt::NotA("date in range"))?;
                Ok(match backwards {
                    true => edge <= time && time <= now,
                    false => now <= time && time <= edge,
                })
            }
            _ => Err(Doubt::NotA("date")),
        }
    }

    fn judge_list(&self, found: &[&Value], input: &Input<'_>) -> Judged {
        let items = self.items(found)?;
        // Blue's tags and assignees are rows with a name.
        let has = |expected: &Value| items.iter().any(|item| self.names(item, expected));
        match (self.operator.id, &self.test) {
            (_, Test::Scalar(expected)) => Ok(has(expected)),
            ("has_any", Test::List(list)) => Ok(list.iter().any(has)),
            ("has_all", Test::List(list)) => Ok(list.iter().all(has)),
            ("has_none", Test::List(list)) => Ok(!list.iter().any(has)),
            (id, Test::Item(node)) => {
                let holds = |item: &&Value| {
                    let about = Input {
                        document: item,
                        reference_time: input.reference_time,
                    };
                    node.holds(&about)
                };
                Ok(match id {
                    "any_item" => items.iter().any(holds),
                    _ => items.iter().all(holds),
                })
            }
            _ => Err(Doubt::NotA("list")),
        }
    }

    /// A path to one place must find a list there; a path to many finds the items themselves.
    fn items<'v>(&self, found: &[&'v Value]) -> Result<Vec<&'v Value>, Doubt> {
        if !self.path.is_singular() {
            return Ok(found.to_vec());
        }
        match found {
            [] => Err(Doubt::Missing),
            [Value::Array(items)] => Ok(items.iter().collect()),
            [scalar]
                if self.scope.types == Types::Auto && !scalar.is_null() && !scalar.is_object() =>
            {
                Ok(vec![scalar])
            }
            _ => Err(Doubt::NotA("list")),
        }
    }

    fn judge_change<'v>(&self, input: &Input<'v>) -> Judgement<'v> {
        let side = |key: &str| input.document.get(key).filter(|value| !value.is_null());
        let look = |value: Option<&'v Value>| match value {
            Some(value) => self.changed_path.find(value),
            None => Ok(Vec::new()),
        };
        let (before, after) = match (look(side("previousValue")), look(side("currentValue"))) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(error), _) | (_, Err(error)) => {
                return Judgement::of(Err(Doubt::Limit(error.reason)), Vec::new(), Vec::new());
            }
        };
        let judged = match (side("previousValue"), before.is_empty() && after.is_empty()) {
            (None, _) => Err(Doubt::NoBefore),
            (Some(_), true) => Err(Doubt::Missing),
            (Some(_), false) => self.compare_sides(&before, &after),
        };
        Judgement::of(judged, after, before)
    }

    fn compare_sides(&self, before: &[&Value], after: &[&Value]) -> Judged {
        let null = Value::Null;
        let (old, new) = (
            before.first().copied().unwrap_or(&null),
            after.first().copied().unwrap_or(&null),
        );
        let changed = match self.changed_path.is_singular() {
            true => old != new,
            false => before != after,
        };
        let is = |value: &Value, expected: &Value| {
            same(value, expected, self.scope.types, self.scope.case_sensitive) == Some(true)
        };
        // Of several values, one has come that none was before.
        let several = before.len().max(after.len()) > 1;
        let came = |from: &[&Value], to: &[&Value], expected: &Value| match several {
            true => {
                to.iter().any(|one| is(one, expected)) && !from.iter().any(|one| is(one, expected))
            }
            false => changed && is(to.first().copied().unwrap_or(&null), expected),
        };
        match (self.operator.id, &self.test) {
            ("changed", _) => Ok(changed),
            ("not_changed", _) => Ok(!changed),
            ("changed_to", Test::Scalar(to)) => Ok(came(before, after, to)),
            ("changed_from", Test::Scalar(from)) => Ok(came(after, before, from)),
            ("changed_from_to", Test::FromTo(from, to)) => {
                Ok(came(after, before, from) && came(before, after, to))
            }
            ("increased" | "decreased", _) if several => Err(Doubt::NotA("single value")),
            (id @ ("increased" | "decreased"), _) => {
                let ordering = self.order(old, new)?;
                Ok(ordering
                    == if id == "increased" {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    })
            }
            ("item_added", test) => Ok(self.gained(before, after, test)),
            ("item_removed", test) => Ok(self.gained(after, before, test)),
            _ => Err(Doubt::NotA("change")),
        }
    }

    fn order(&self, old: &Value, new: &Value) -> Result<Ordering, Doubt> {
        if old.is_null() || new.is_null() {
            let before = old.is_null();
            return Err(Doubt::NoSide { before });
        }
        if let (Some(old), Some(new)) = (
            Number::of(old, self.scope.types),
            Number::of(new, self.scope.types),
        ) {
            return old.compare(new).ok_or(Doubt::NotA("number"));
        }
        match (
            time_of(old, &self.scope.zone),
            time_of(new, &self.scope.zone),
        ) {
            (Some(old), Some(new)) => Ok(old.cmp(&new)),
            _ => Err(Doubt::NotA("number or date on both sides")),
        }
    }

    /// Whether the second side has an item, and that one if the test names one, which the first has not.
    fn gained(&self, from: &[&Value], to: &[&Value], test: &Test) -> bool {
        let (from, to) = (flat(from), flat(to));
        to.into_iter()
            .filter(|item| !from.iter().any(|old| key_of(old) == key_of(item)))
            .any(|item| match test {
                Test::Scalar(expected) => self.names(item, expected),
                _ => true,
            })
    }

    /// Whether an item is the one that a person named by id, title or name, also one level down (`todoTags` hold a `tag`).
    fn names(&self, item: &Value, expected: &Value) -> bool {
        const NAMES: [&str; 6] = ["id", "title", "name", "email", "fullName", "text"];
        let is = |value: &Value| {
            same(value, expected, self.scope.types, self.scope.case_sensitive) == Some(true)
        };
        let direct = |value: &Value| NAMES.iter().filter_map(|name| value.get(name)).any(is);
        is(item)
            || direct(item)
            || item.as_object().is_some_and(|members| {
                members.iter().any(|(key, inner)| {
                    (inner.is_object() && direct(inner)) || (key.ends_with("Id") && is(inner))
                })
            })
    }

    /// The condition with what it found, for people.
    pub(super) fn explain(&self, input: &Input<'_>) -> Explanation {
        let judgement = self.judge(input);
        let found = match judgement.found.as_slice() {
            [] => None,
            [one] => Some((*one).clone()),
            several => Some(several.iter().map(|value| (*value).clone()).collect()),
        };
        Explanation::Condition {
            path: self.path.to_string(),
            op: self.operator.id,
            value: self.value.clone(),
            result: judgement.truth,
            found_type: found.as_ref().map_or("missing", type_of),
            reason: Box::new(self.reason(&judgement, found.as_ref())),
            found: found.as_ref().map_or(Value::Null, shortened),
        }
    }

    fn reason(&self, judgement: &Judgement<'_>, found: Option<&Value>) -> Reason {
        let path = self.path.to_string();
        match (&judgement.doubt, judgement.truth) {
            (Some(Doubt::Missing), _) => Reason::Missing { path },
            (Some(Doubt::NoBefore), _) => Reason::NoBefore,
            (Some(Doubt::NoSide { before }), _) => Reason::NoSide {
                path,
                before: *before,
            },
            (Some(Doubt::Limit(reason)), _) => Reason::Limit(reason.clone()),
            (Some(Doubt::NotA(wanted)), _) => Reason::NotA {
                path,
                found: brief(found),
                kind: found.map_or("nothing", type_of),
                wanted,
                strict: self.scope.types == Types::Strict && self.operator.group != "Date",
            },
            (None, truth) if self.operator.group == "Change" => Reason::Change {
                path,
                before: brief(judgement.before.first().copied()),
                found: brief(found),
                test: self.test(),
                holds: truth == Truth::True,
            },
            (None, Truth::True) => Reason::Holds {
                path,
                found: brief(found),
                test: self.test(),
            },
            (None, _) => Reason::Fails {
                path,
                found: brief(found),
                test: self.test(),
                slip: self.slip(found),
            },
        }
    }

    fn test(&self) -> explanation::Test {
        explanation::Test {
            op: self.operator.id,
            label: self.operator.label,
            value: match (&self.test, &self.value) {
                (Test::FromTo(from, to), _) => {
                    Some(format!("{} → {}", shortened(from), shortened(to)))
                }
                (_, Value::Null) => None,
                (_, value) => Some(shortened(value).to_string()),
            },
            said: self.said(),
        }
    }

    /// The operator with its value: `contains "urgent"`.
    fn said(&self) -> String {
        match (&self.test, &self.value) {
            (Test::FromTo(from, to), _) => operator::from_to(
                Some(shortened(from).to_string()),
                Some(shortened(to).to_string()),
            ),
            (_, Value::Null) => self.operator.label.to_string(),
            (_, value) => format!("{} {}", self.operator.label, shortened(value)),
        }
    }

    /// The slip that people overlook: case or blanks.
    fn slip(&self, found: Option<&Value>) -> Option<Slip> {
        let texts = found.and_then(Value::as_str).zip(self.value.as_str());
        match (self.operator.id, texts) {
            ("equals", Some((found, wanted))) if found.trim() == wanted.trim() => {
                Some(Slip::BlankAtEdge)
            }
            ("equals", Some((found, wanted))) if same_text(found, wanted) => Some(Slip::Case),
            _ => None,
        }
    }
}

impl<'v> Judgement<'v> {
    fn of(judged: Judged, found: Vec<&'v Value>, before: Vec<&'v Value>) -> Judgement<'v> {
        let (truth, doubt) = match judged {
            Ok(holds) => (Truth::from(holds), None),
            Err(doubt) => (Truth::Unknown, Some(doubt)),
        };
        Judgement {
            truth,
            doubt,
            found,
            before,
        }
    }
}

fn compare(id: &str, found: Number, expected: Number) -> Judged {
    let ordering = found.compare(expected).ok_or(Doubt::NotA("number"))?;
    Ok(match id {
        "eq" => ordering.is_eq(),
        "ne" => ordering.is_ne(),
        "gt" => ordering.is_gt(),
        "gte" => ordering.is_ge(),
        "lt" => ordering.is_lt(),
        _ => ordering.is_le(),
    })
}

fn part_of(id: &str, text: &str, part: &str) -> bool {
    match id {
        "contains" => text.contains(part),
        "not_contains" => !text.contains(part),
        "starts_with" => text.starts_with(part),
        _ => text.ends_with(part),
    }
}

fn flat<'v>(found: &[&'v Value]) -> Vec<&'v Value> {
    match found {
        [Value::Array(items)] => items.iter().collect(),
        [Value::Null] => Vec::new(),
        several => several.to_vec(),
    }
}

/// What tells two items apart: their id, or all of them.
fn key_of(item: &Value) -> &Value {
    item.get("id").filter(|id| !id.is_null()).unwrap_or(item)
}

fn brief(value: Option<&Value>) -> Found {
    Found(value.map(|value| shortened(value).to_string()))
}
