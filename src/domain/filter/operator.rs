//! The operators by name: what the API accepts, what the pages offer, what value each one takes, and the check that it makes of it.

use jiff::{Span, Timestamp};
use regex::Regex;
use serde_json::Value;

use crate::domain::filter::Node;
use crate::domain::filter::check::{
    AnyCheck, ChangeCheck, Check, DateCheck, ListCheck, NumberCheck, Order, ScalarCheck, TextCheck,
};
use crate::domain::filter::keys::{Listed, Wanted};
use crate::domain::problem;
use crate::domain::value::Number;

/// One operator.
#[derive(Debug, Clone, Copy)]
pub struct Operator {
    pub id: &'static str,
    pub group: &'static str,
    /// Reads between the field and the value: "title *contains* urgent".
    pub label: &'static str,
    pub(super) reads: Reads,
}

impl Operator {
    /// What stands in its `value`.
    pub fn takes(&self) -> Takes {
        match self.reads {
            Reads::Nothing(_) => Takes::Nothing,
            Reads::Scalar(_) | Reads::ScalarOrNull(_) | Reads::Text(_) => Takes::Scalar,
            Reads::ScalarOrList(_) => Takes::ScalarOrList,
            Reads::Number(_) => Takes::Number,
            Reads::NumberRange(_) => Takes::NumberRange,
            Reads::List(_) => Takes::List,
            Reads::Regex(_) => Takes::Regex,
            Reads::Date(_) | Reads::EndOfDate(_) => Takes::Date,
            Reads::DateRange(_) => Takes::DateRange,
            Reads::Span(_) => Takes::Span,
            Reads::Type(_) => Takes::Type,
            Reads::Item(_) => Takes::Item,
            Reads::FromTo(_) => Takes::FromTo,
            Reads::OptionalScalar(_) => Takes::OptionalScalar,
        }
    }
}

/// How a value is read, and the check that it makes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reads {
    Nothing(fn() -> Check),
    Scalar(fn(Value) -> Check),
    /// A list is what a list is compared with.
    ScalarOrList(fn(Box<Wanted>) -> Check),
    /// Null is a value too: nothing was there, or is there now.
    ScalarOrNull(fn(Value) -> Check),
    /// A scalar as a text, folded when case is ignored.
    Text(fn(String) -> Check),
    Number(fn(Number) -> Check),
    NumberRange(fn(Number, Number) -> Check),
    List(fn(Box<Listed>) -> Check),
    Regex(fn(Regex) -> Check),
    /// A date alone is its beginning.
    Date(fn(Timestamp) -> Check),
    /// A date alone is its end.
    EndOfDate(fn(Timestamp) -> Check),
    DateRange(fn(Timestamp, Timestamp) -> Check),
    Span(fn(Span) -> Check),
    Type(fn(String) -> Check),
    Item(fn(Box<Node>) -> Check),
    FromTo(fn(Value, Value) -> Check),
    OptionalScalar(fn(Option<Value>) -> Check),
}

/// What stands in `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    /// A text, a number or a boolean.
    Scalar,
    /// The same, or a list of them.
    ScalarOrList,
    Number,
    /// `[low, high]`.
    NumberRange,
    /// Scalars.
    List,
    Regex,
    Date,
    DateRange,
    /// `"3 days"`, `"PT2H"` or `{"amount": 3, "unit": "days"}`.
    Span,
    /// A name of a type.
    Type,
    /// A condition or a group about one item.
    Item,
    /// `{"from": ..., "to": ...}`.
    FromTo,
    /// An id or a name, or nothing for any item.
    OptionalScalar,
}

const fn op(group: &'static str, id: &'static str, label: &'static str, reads: Reads) -> Operator {
    Operator {
        id,
        group,
        label,
        reads,
    }
}

fn text(check: TextCheck) -> Check {
    Check::Scalar(ScalarCheck::Text(check))
}

fn not_text(check: TextCheck) -> Check {
    Check::NotScalar(ScalarCheck::Text(check))
}

fn number(check: NumberCheck) -> Check {
    Check::Scalar(ScalarCheck::Number(check))
}

fn date(check: DateCheck) -> Check {
    Check::Scalar(ScalarCheck::Date(check))
}

/// Every operator, in the order in which pages offer them.
#[rustfmt::skip]
pub const OPERATORS: &[Operator] = &[
    op("Any type", "exists", "is there", Reads::Nothing(|| Check::Any(AnyCheck::Exists))),
    op("Any type", "missing", "is not there", Reads::Nothing(|| Check::Any(AnyCheck::Missing))),
    op("Any type", "is_null", "is null", Reads::Nothing(|| Check::Any(AnyCheck::IsNull))),
    op("Any type", "is_empty", "is empty", Reads::Nothing(|| Check::Any(AnyCheck::IsEmpty))),
    op("Any type", "is_not_empty", "is not empty", Reads::Nothing(|| Check::Any(AnyCheck::IsNotEmpty))),
    op("Any type", "is_type", "is of type", Reads::Type(|name| Check::Any(AnyCheck::IsType(name)))),
    op("Text", "equals", "equals", Reads::ScalarOrList(|to| text(TextCheck::Equals(to)))),
    op("Text", "not_equals", "does not equal", Reads::ScalarOrList(|to| not_text(TextCheck::Equals(to)))),
    op("Text", "contains", "contains", Reads::Text(|part| text(TextCheck::Contains(part)))),
    op("Text", "not_contains", "does not contain", Reads::Text(|part| not_text(TextCheck::Contains(part)))),
    op("Text", "starts_with", "starts with", Reads::Text(|part| text(TextCheck::StartsWith(part)))),
    op("Text", "ends_with", "ends with", Reads::Text(|part| text(TextCheck::EndsWith(part)))),
    op("Text", "not_starts_with", "does not start with", Reads::Text(|part| not_text(TextCheck::StartsWith(part)))),
    op("Text", "not_ends_with", "does not end with", Reads::Text(|part| not_text(TextCheck::EndsWith(part)))),
    op("Text", "in", "is one of", Reads::List(|list| text(TextCheck::In(list)))),
    op("Text", "not_in", "is none of", Reads::List(|list| not_text(TextCheck::In(list)))),
    op("Text", "matches", "matches the pattern", Reads::Regex(|regex| text(TextCheck::Matches(regex)))),
    op("Text", "not_matches", "does not match the pattern", Reads::Regex(|regex| not_text(TextCheck::Matches(regex)))),
    op("Text", "length_eq", "has exactly this length", Reads::Number(|chars| text(TextCheck::Length(Order::Equal, chars)))),
    op("Text", "length_gt", "is longer than", Reads::Number(|chars| text(TextCheck::Length(Order::Above, chars)))),
    op("Text", "length_lt", "is shorter than", Reads::Number(|chars| text(TextCheck::Length(Order::Below, chars)))),
    op("Number", "eq", "=", Reads::Number(|to| number(NumberCheck::Is(Order::Equal, to)))),
    op("Number", "ne", "≠", Reads::Number(|to| Check::NotScalar(ScalarCheck::Number(NumberCheck::Is(Order::Equal, to))))),
    op("Number", "gt", ">", Reads::Number(|to| number(NumberCheck::Is(Order::Above, to)))),
    op("Number", "gte", "≥", Reads::Number(|to| number(NumberCheck::Is(Order::AtLeast, to)))),
    op("Number", "lt", "<", Reads::Number(|to| number(NumberCheck::Is(Order::Below, to)))),
    op("Number", "lte", "≤", Reads::Number(|to| number(NumberCheck::Is(Order::AtMost, to)))),
    op("Number", "between", "is between", Reads::NumberRange(|low, high| number(NumberCheck::Between(low, high)))),
    op("Date", "before", "is before", Reads::Date(|at| date(DateCheck::Before(at)))),
    op("Date", "after", "is after", Reads::EndOfDate(|at| date(DateCheck::After(at)))),
    op("Date", "on", "is on the day", Reads::Date(|at| date(DateCheck::On(at)))),
    op("Date", "between_dates", "is between the dates", Reads::DateRange(|from, to| date(DateCheck::Between(from, to)))),
    op("Date", "in_last", "is within the last", Reads::Span(|span| date(DateCheck::InLast(span)))),
    op("Date", "in_next", "is within the next", Reads::Span(|span| date(DateCheck::InNext(span)))),
    op("Date", "is_past", "is in the past", Reads::Nothing(|| date(DateCheck::IsPast))),
    op("Date", "is_future", "is in the future", Reads::Nothing(|| date(DateCheck::IsFuture))),
    op("Yes or no", "is_true", "is yes", Reads::Nothing(|| Check::Scalar(ScalarCheck::IsTrue(true)))),
    op("Yes or no", "is_false", "is no", Reads::Nothing(|| Check::Scalar(ScalarCheck::IsTrue(false)))),
    op("List", "has", "has", Reads::Scalar(|one| Check::List(ListCheck::Has(one)))),
    op("List", "has_any", "has any of", Reads::List(|list| Check::List(ListCheck::HasAny(list)))),
    op("List", "has_all", "has all of", Reads::List(|list| Check::List(ListCheck::HasAll(list)))),
    op("List", "has_none", "has none of", Reads::List(|list| Check::List(ListCheck::HasNone(list)))),
    op("List", "any_item", "has an item where", Reads::Item(|node| Check::List(ListCheck::AnyItem(node)))),
    op("List", "all_items", "has only items where", Reads::Item(|node| Check::List(ListCheck::AllItems(node)))),
    op("Change", "changed", "has changed", Reads::Nothing(|| Check::Change(ChangeCheck::Changed))),
    op("Change", "not_changed", "has not changed", Reads::Nothing(|| Check::Change(ChangeCheck::NotChanged))),
    op("Change", "changed_to", "has changed to", Reads::ScalarOrNull(|to| Check::Change(ChangeCheck::To(to)))),
    op("Change", "changed_from", "has changed from", Reads::ScalarOrNull(|from| Check::Change(ChangeCheck::From(from)))),
    op("Change", "changed_from_to", "has changed from … to", Reads::FromTo(|from, to| Check::Change(ChangeCheck::FromTo(from, to)))),
    op("Change", "increased", "has increased", Reads::Nothing(|| Check::Change(ChangeCheck::Increased))),
    op("Change", "decreased", "has decreased", Reads::Nothing(|| Check::Change(ChangeCheck::Decreased))),
    op("Change", "item_added", "got the item", Reads::OptionalScalar(|item| Check::Change(ChangeCheck::ItemAdded(item)))),
    op("Change", "item_removed", "lost the item", Reads::OptionalScalar(|item| Check::Change(ChangeCheck::ItemRemoved(item)))),
];

/// What a change from one value to another is called, each side told or not: `has changed from “Inbox” to “Done”`.
pub fn from_to(from: Option<String>, to: Option<String>) -> String {
    let side = |word: &str, side: Option<String>| {
        side.map(|side| format!(" {word} {side}"))
            .unwrap_or_default()
    };
    format!("has changed{}{}", side("from", from), side("to", to))
}

/// The operator of this id.
pub fn find(id: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.id == id)
}

/// The id that a wrong one was most likely meant to be.
pub fn nearest(wrong: &str) -> Option<&'static str> {
    problem::nearest(wrong, OPERATORS.iter().map(|operator| operator.id))
}
