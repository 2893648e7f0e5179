//! One condition: what it compares, what it finds, and what it says about it.
//!
//! [`Condition::judge`] is the one judgement that matching and explaining share. It never fails: what cannot be judged is
//! [`Truth::Unknown`] with a [`Doubt`].

use std::cmp::Ordering;
use std::collections::HashSet;

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use crate::domain::filter::asking::{Asking, ITEM_TESTS_LIMIT, ItemTests, TOO_MANY_TESTS, weight};
use crate::domain::filter::check::{
    AnyCheck, ChangeCheck, Check, ListCheck, ScalarCheck, TextCheck,
};
use crate::domain::filter::explanation::{self, Explanation, Found, Reason, Slip, shortened};
use crate::domain::filter::keys::{Keys, names_of};
use crate::domain::filter::operator::{self, Operator, Reads};
use crate::domain::filter::sets::{names_a_set, same_but_for_order, same_lists};
use crate::domain::filter::{About, Input, Node, parse};
use crate::domain::needs::Needs;
use crate::domain::path::{Path, as_list};
use crate::domain::pattern;
use crate::domain::problem::Problem;
use crate::domain::value::{Number, Types, folded, is_empty, same, same_text, time_of, type_of};

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
    check: Check,
    /// As a person wrote it, for explanations.
    value: Value,
    scope: Scope,
    /// Tests that it may take on the items of its list, when it asks about them.
    item_tests: usize,
    /// Whether it asks about a list that Blue keeps without an order.
    is_of_a_set: bool,
}

/// How values are read.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub types: Types,
    pub case_sensitive: bool,
    pub zone: TimeZone,
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

pub(super) type Judged = Result<bool, Doubt>;

impl Condition {
    pub(super) fn new(
        path: Path,
        operator: &'static Operator,
        check: Check,
        value: Value,
        scope: Scope,
    ) -> Condition {
        let changed_path = path
            .below("currentValue")
            .or_else(|| path.below("previousValue"))
            .unwrap_or_else(|| path.clone());
        let is_of_a_set = matches!(check, Check::Change(_)) && names_a_set(&path.names());
        Condition {
            is_of_a_set,
            path,
            changed_path,
            operator,
            check,
            value,
            scope,
            item_tests: ITEM_TESTS_LIMIT,
        }
    }

    /// Adds the paths that it is asked with, also those within it.
    pub(super) fn add_paths<'n>(&'n mut self, paths: &mut Vec<&'n mut Path>) {
        paths.push(match &self.check {
            Check::Change(_) => &mut self.changed_path,
            _ => &mut self.path,
        });
        if let Check::List(ListCheck::AnyItem(node) | ListCheck::AllItems(node)) = &mut self.check {
            node.add_paths(paths);
        }
    }

    /// Its share of the tests on items, when it asks about items.
    pub(super) fn item_tests(&mut self) -> Option<&mut usize> {
        match &self.check {
            Check::List(ListCheck::AnyItem(_) | ListCheck::AllItems(_)) => {
                Some(&mut self.item_tests)
            }
            _ => None,
        }
    }

    /// Adds why the condition could never hold.
    pub(super) fn add_unfit(&self, pointer: &str, about: About, problems: &mut Vec<Problem>) {
        let is_change = self.is_change();
        let no_before = match about {
            About::Event => None,
            About::Item => Some(format!(
                "`{}` compares the event before and after, and items have no before; ask the list itself, for example with `item_added`.",
                self.operator.id
            )),
            About::Answer => Some(format!(
                "`{}` compares before and after, and an answer has no before; ask what it says.",
                self.operator.id
            )),
        };
        if let Some(message) = no_before.filter(|_| is_change) {
            problems.push(Problem::new(format!("{pointer}/op"), "no_before", message));
        }
        // As it is written: $.currentValue.event may well be a field of the record.
        let first_name = self.path.first_name().unwrap_or_default();
        if is_change && about == About::Event && NOT_OF_THE_RECORD.contains(&first_name.as_str()) {
            let message = format!(
                "`{first_name}` is not part of the record, so it has no value from before; write a path like $.title."
            );
            let pointer = format!("{pointer}/path");
            problems.push(Problem::new(pointer, "no_before", message));
        }
        match &self.check {
            Check::Scalar(ScalarCheck::Text(TextCheck::Matches(regex)))
            | Check::NotScalar(ScalarCheck::Text(TextCheck::Matches(regex)))
                if pattern::is_slashed(regex.as_str()) =>
            {
                let pointer = format!("{pointer}/value");
                problems.push(Problem::new(pointer, "bad_regex", pattern::SLASHED));
            }
            Check::Scalar(ScalarCheck::Text(check))
            | Check::NotScalar(ScalarCheck::Text(check))
                if check.is_of_nothing() =>
            {
                let message = "Enter the text to look for.";
                let pointer = format!("{pointer}/value");
                problems.push(Problem::new(pointer, "wrong_value", message));
            }
            _ if self.names_nothing() => {
                let message =
                    "The list has no entry; write what is looked for, or ask with `is_empty`.";
                let pointer = format!("{pointer}/value");
                problems.push(Problem::new(pointer, "wrong_value", message));
            }
            Check::List(ListCheck::AnyItem(node) | ListCheck::AllItems(node)) => {
                let about = match about {
                    About::Event | About::Item => About::Item,
                    About::Answer => About::Answer,
                };
                node.add_unfit(&format!("{pointer}/value"), about, problems)
            }
            _ => {}
        }
    }

    /// Whether its list is written as a text in which no entry stands.
    fn names_nothing(&self) -> bool {
        matches!(self.operator.reads, Reads::List(_))
            && self.value.as_str().is_some_and(parse::names_nothing)
    }

    fn is_change(&self) -> bool {
        matches!(self.check, Check::Change(_))
    }

    /// Adds what the condition looks at.
    pub(super) fn add_needs(&self, needs: &mut Needs) {
        if !self.is_change() {
            return self.path.add_needs(&[], needs);
        }
        for side in ["previousValue", "currentValue"] {
            self.changed_path.add_needs(&[side], needs);
        }
    }

    /// Whether the condition holds for the input.
    pub(super) fn judge<'v>(&self, input: &Input<'v>, asking: Asking<'_, 'v>) -> Judgement<'v> {
        if !asking.affords(|| self.path.work(input.document).saturating_add(1)) {
            return Judgement::of(too_many_tests(), Vec::new(), Vec::new());
        }
        let scalars = |check, found: &[&'v Value]| self.judge_scalars(check, found, input, asking);
        match &self.check {
            Check::Any(check) => self.judge_found(input, asking, |found| judge_any(check, found)),
            Check::Scalar(check) => self.judge_found(input, asking, |found| scalars(check, found)),
            Check::NotScalar(check) => {
                self.judge_found(input, asking, |found| scalars(check, found).map(|any| !any))
            }
            Check::List(check) => self.judge_found(input, asking, |found| {
                self.judge_list(check, found, input, asking)
            }),
            Check::Change(check) => self.judge_change(check, input),
        }
    }

    fn judge_found<'v>(
        &self,
        input: &Input<'v>,
        asking: Asking<'_, 'v>,
        judge: impl FnOnce(&[&'v Value]) -> Judged,
    ) -> Judgement<'v> {
        match self.path.find(input.document) {
            Ok(found) if !asking.affords(|| weight(&found)) => {
                Judgement::of(too_many_tests(), found, Vec::new())
            }
            Ok(found) => Judgement::of(judge(&found), found, Vec::new()),
            Err(error) => Judgement::of(Err(Doubt::Limit(error.reason)), Vec::new(), Vec::new()),
        }
    }

    /// Whether the check holds for any of the values.
    fn judge_scalars<'v>(
        &self,
        check: &ScalarCheck,
        found: &[&'v Value],
        input: &Input<'v>,
        asking: Asking<'_, 'v>,
    ) -> Judged {
        let mut judged = Err(Doubt::Missing);
        for value in found {
            match check.holds(value, &self.scope, input.reference_time, asking.folds) {
                Ok(true) => return Ok(true),
                Ok(false) => judged = Ok(false),
                Err(doubt) if judged.is_err() => judged = Err(doubt),
                Err(_) => {}
            }
        }
        judged
    }

    fn judge_list<'v>(
        &self,
        check: &ListCheck,
        found: &[&'v Value],
        input: &Input<'v>,
        asking: Asking<'_, 'v>,
    ) -> Judged {
        let items = self.items(found)?;
        // Blue's tags and assignees are rows with a name.
        let names = || items.iter().copied().flat_map(names_of);
        let is_in = |keys: &Keys, value: &Value| keys.has(value) == Some(true);
        Ok(match check {
            ListCheck::Has(expected) => names().any(|name| self.is(name, expected)),
            ListCheck::HasAny(list) => names().any(|name| is_in(&list.keys, name)),
            ListCheck::HasNone(list) => !names().any(|name| is_in(&list.keys, name)),
            ListCheck::HasAll(list) => {
                let mut had = Keys::new(&self.scope);
                names()
                    .filter(|name| is_in(&list.keys, name))
                    .for_each(|name| had.add(name));
                list.entries.iter().all(|entry| is_in(&had, entry))
            }
            ListCheck::AnyItem(node) => self.finds_item(true, node, &items, input, asking)?,
            ListCheck::AllItems(node) => !self.finds_item(false, node, &items, input, asking)?,
        })
    }

    /// Whether an item is there of which the node says this.
    fn finds_item<'v>(
        &self,
        wanted: bool,
        node: &Node,
        items: &[&'v Value],
        input: &Input<'v>,
        asking: Asking<'_, 'v>,
    ) -> Judged {
        let own = ItemTests::new(self.item_tests);
        let tests = asking.tests.unwrap_or(&own);
        let asking = Asking {
            tests: Some(tests),
            ..asking
        };
        for item in items {
            let input = Input {
                document: item,
                reference_time: input.reference_time,
            };
            let is_wanted = node.holds(&input, asking) == wanted;
            if tests.are_passed() {
                return too_many_tests();
            }
            if is_wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A path to one place must find a list there; a path to many finds the items themselves, or lists of them.
    fn items<'v>(&self, found: &[&'v Value]) -> Result<Vec<&'v Value>, Doubt> {
        if !self.path.is_singular() {
            return listed(found);
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

    fn judge_change<'v>(&self, check: &ChangeCheck, input: &Input<'v>) -> Judgement<'v> {
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
            (Some(_), false) => self.compare_sides(check, &before, &after),
        };
        Judgement::of(judged, after, before)
    }

    fn compare_sides(&self, check: &ChangeCheck, before: &[&Value], after: &[&Value]) -> Judged {
        let null = Value::Null;
        let (old, new) = (
            before.first().copied().unwrap_or(&null),
            after.first().copied().unwrap_or(&null),
        );
        let changed = if self.changed_path.is_singular() {
            !same_but_for_order(old, new, self.is_of_a_set)
        } else {
            !same_lists(before, after, self.is_of_a_set)
        };
        // Of several values, one has come that none was before.
        let several = before.len().max(after.len()) > 1;
        let came = |from: &[&Value], to: &[&Value], expected: &Value| {
            if several {
                to.iter().any(|one| self.is(one, expected))
                    && !from.iter().any(|one| self.is(one, expected))
            } else {
                changed && self.is(to.first().copied().unwrap_or(&null), expected)
            }
        };
        let goes = |direction: Ordering| {
            if several {
                Err(Doubt::NotA("single value"))
            } else {
                Ok(self.order(old, new)? == direction)
            }
        };
        match check {
            ChangeCheck::Changed => Ok(changed),
            ChangeCheck::NotChanged => Ok(!changed),
            ChangeCheck::To(to) => Ok(came(before, after, to)),
            ChangeCheck::From(from) => Ok(came(after, before, from)),
            ChangeCheck::FromTo(from, to) => {
                Ok(came(after, before, from) && came(before, after, to))
            }
            ChangeCheck::Increased => goes(Ordering::Less),
            ChangeCheck::Decreased => goes(Ordering::Greater),
            ChangeCheck::ItemAdded(item) => self.gained(before, after, item.as_ref()),
            ChangeCheck::ItemRemoved(item) => self.gained(after, before, item.as_ref()),
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

    /// Whether the second side has an item, and that one if one is named, which the first has not.
    fn gained(&self, from: &[&Value], to: &[&Value], named: Option<&Value>) -> Judged {
        let before: HashSet<&Value> = filled(from)?.into_iter().map(key_of).collect();
        let mut new = filled(to)?.into_iter();
        Ok(new.any(|item| {
            !before.contains(key_of(item))
                && named.is_none_or(|expected| names_of(item).any(|name| self.is(name, expected)))
        }))
    }

    fn is(&self, value: &Value, expected: &Value) -> bool {
        same(value, expected, self.scope.types, self.scope.case_sensitive) == Some(true)
    }

    /// The condition with what it found, for people.
    pub(super) fn explain<'v>(&self, input: &Input<'v>, asking: Asking<'_, 'v>) -> Explanation {
        let judgement = self.judge(input, asking);
        let found = self.told(&judgement.found);
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

    /// What was found as one value; for who asks about a list, several are told as the list that was asked.
    fn told(&self, found: &[&Value]) -> Option<Value> {
        let asks_a_list = matches!(
            self.check,
            Check::List(_) | Check::Change(ChangeCheck::ItemAdded(_) | ChangeCheck::ItemRemoved(_))
        );
        match found {
            [] => None,
            [one] => Some((*one).clone()),
            several => {
                let list = asks_a_list.then(|| as_list(several).ok()).flatten();
                let list = list.unwrap_or_else(|| several.to_vec());
                Some(list.into_iter().cloned().collect())
            }
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
                strict: self.scope.types == Types::Strict
                    && found.is_some_and(|found| {
                        found.is_string() || found.is_number() || found.is_boolean()
                    })
                    && !matches!(self.check, Check::Scalar(ScalarCheck::Date(_))),
            },
            (None, truth) if self.is_change() => Reason::Change {
                path,
                before: brief(self.told(&judgement.before).as_ref()),
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
            value: match (&self.check, &self.value) {
                (Check::Change(ChangeCheck::FromTo(from, to)), _) => {
                    Some(format!("{} → {}", shortened(from), shortened(to)))
                }
                (_, value) => self.names(value).then(|| shortened(value).to_string()),
            },
            said: self.said(),
        }
    }

    /// The operator with its value: `contains "urgent"`.
    fn said(&self) -> String {
        match (&self.check, &self.value) {
            (Check::Change(ChangeCheck::FromTo(from, to)), _) => operator::from_to(
                Some(shortened(from).to_string()),
                Some(shortened(to).to_string()),
            ),
            (_, value) if self.names(value) => {
                format!("{} {}", self.operator.label, shortened(value))
            }
            _ => self.operator.label.to_string(),
        }
    }

    /// Whether something is named to compare with: null is only where a change may lead to it.
    fn names(&self, value: &Value) -> bool {
        !value.is_null() || matches!(self.operator.reads, Reads::ScalarOrNull(_))
    }

    /// The slip that people overlook: case, blanks, or that a list is asked for its items.
    fn slip(&self, found: Option<&Value>) -> Option<Slip> {
        let wanted = match &self.check {
            Check::Scalar(ScalarCheck::Text(TextCheck::Equals(wanted))) => wanted,
            Check::Scalar(ScalarCheck::Text(TextCheck::Contains(part))) => {
                let mut names = found?.as_array()?.iter().flat_map(names_of);
                let has_part = |name: &Value| {
                    let text = name.as_str();
                    text.is_some_and(|text| folded(text).contains(&*folded(part)))
                };
                return names.any(has_part).then_some(Slip::PartOfAnItem);
            }
            _ => return None,
        };
        if let Value::Array(items) = found? {
            let has_it = || {
                items
                    .iter()
                    .flat_map(names_of)
                    .any(|name| self.is(name, &wanted.value))
            };
            return (self.path.is_singular() && has_it()).then_some(Slip::AmongOthers);
        }
        match (found?.as_str()?, wanted.value.as_str()?) {
            (found, wanted) if found.trim() == wanted.trim() => Some(Slip::BlankAtEdge),
            (found, wanted) if same_text(found, wanted) => Some(Slip::Case),
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

fn too_many_tests() -> Judged {
    Err(Doubt::Limit(TOO_MANY_TESTS.into()))
}

fn judge_any(check: &AnyCheck, found: &[&Value]) -> Judged {
    match check {
        AnyCheck::Exists => Ok(!found.is_empty()),
        AnyCheck::Missing => Ok(found.is_empty()),
        _ if found.is_empty() => Err(Doubt::Missing),
        AnyCheck::IsNull => Ok(found.iter().any(|value| value.is_null())),
        AnyCheck::IsEmpty => Ok(found.iter().all(|value| is_empty(value))),
        AnyCheck::IsNotEmpty => Ok(found.iter().any(|value| !is_empty(value))),
        AnyCheck::IsType(name) => Ok(found.iter().any(|value| type_of(value) == name)),
    }
}

fn listed<'v>(found: &[&'v Value]) -> Result<Vec<&'v Value>, Doubt> {
    as_list(found).map_err(|error| Doubt::Limit(error.reason))
}

/// The items of what is filled in: a null is no item, it stands where a list could.
fn filled<'v>(found: &[&'v Value]) -> Result<Vec<&'v Value>, Doubt> {
    let found: Vec<&Value> = found.iter().copied().filter(|one| !one.is_null()).collect();
    listed(&found)
}

/// What tells two items apart: their id, or all of them.
fn key_of(item: &Value) -> &Value {
    item.get("id").filter(|id| !id.is_null()).unwrap_or(item)
}

fn brief(value: Option<&Value>) -> Found {
    Found(value.map(|value| match shortened(value) {
        // What was cut is no list any more, and is not a text either.
        Value::String(cut) if !value.is_string() => cut,
        shown => shown.to_string(),
    }))
}
