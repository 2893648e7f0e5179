//! The operators by name: what the API accepts, what the pages offer, and what value each one takes.

use crate::domain::problem;

/// One operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    pub id: &'static str,
    pub group: &'static str,
    /// Reads between the field and the value: "title *contains* urgent".
    pub label: &'static str,
    pub takes: Takes,
}

/// What stands in `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    /// A text, a number or a boolean.
    Scalar,
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

const fn op(group: &'static str, id: &'static str, label: &'static str, takes: Takes) -> Operator {
    Operator {
        id,
        group,
        label,
        takes,
    }
}

/// Every operator, in the order in which pages offer them.
pub const OPERATORS: &[Operator] = &[
    op("Any type", "exists", "is there", Takes::Nothing),
    op("Any type", "missing", "is not there", Takes::Nothing),
    op("Any type", "is_null", "is null", Takes::Nothing),
    op("Any type", "is_empty", "is empty", Takes::Nothing),
    op("Any type", "is_not_empty", "is not empty", Takes::Nothing),
    op("Any type", "is_type", "is of type", Takes::Type),
    op("Text", "equals", "equals", Takes::Scalar),
    op("Text", "not_equals", "does not equal", Takes::Scalar),
    op("Text", "contains", "contains", Takes::Scalar),
    op("Text", "not_contains", "does not contain", Takes::Scalar),
    op("Text", "starts_with", "starts with", Takes::Scalar),
    op("Text", "ends_with", "ends with", Takes::Scalar),
    op("Text", "in", "is one of", Takes::List),
    op("Text", "not_in", "is none of", Takes::List),
    op("Text", "matches", "matches the pattern", Takes::Regex),
    op(
        "Text",
        "length_eq",
        "has exactly this length",
        Takes::Number,
    ),
    op("Text", "length_gt", "is longer than", Takes::Number),
    op("Text", "length_lt", "is shorter than", Takes::Number),
    op("Number", "eq", "=", Takes::Number),
    op("Number", "ne", "≠", Takes::Number),
    op("Number", "gt", ">", Takes::Number),
    op("Number", "gte", "≥", Takes::Number),
    op("Number", "lt", "<", Takes::Number),
    op("Number", "lte", "≤", Takes::Number),
    op("Number", "between", "is between", Takes::NumberRange),
    op("Date", "before", "is before", Takes::Date),
    op("Date", "after", "is after", Takes::Date),
    op("Date", "on", "is on the day", Takes::Date),
    op(
        "Date",
        "between_dates",
        "is between the dates",
        Takes::DateRange,
    ),
    op("Date", "in_last", "is within the last", Takes::Span),
    op("Date", "in_next", "is within the next", Takes::Span),
    op("Date", "is_past", "is in the past", Takes::Nothing),
    op("Date", "is_future", "is in the future", Takes::Nothing),
    op("Yes or no", "is_true", "is true", Takes::Nothing),
    op("Yes or no", "is_false", "is false", Takes::Nothing),
    op("List", "has", "has", Takes::Scalar),
    op("List", "has_any", "has any of", Takes::List),
    op("List", "has_all", "has all of", Takes::List),
    op("List", "has_none", "has none of", Takes::List),
    op("List", "any_item", "has an item where", Takes::Item),
    op("List", "all_items", "has only items where", Takes::Item),
    op("Change", "changed", "has changed", Takes::Nothing),
    op("Change", "not_changed", "has not changed", Takes::Nothing),
    op("Change", "changed_to", "has changed to", Takes::Scalar),
    op("Change", "changed_from", "has changed from", Takes::Scalar),
    op(
        "Change",
        "changed_from_to",
        "has changed from … to",
        Takes::FromTo,
    ),
    op("Change", "increased", "has increased", Takes::Nothing),
    op("Change", "decreased", "has decreased", Takes::Nothing),
    op(
        "Change",
        "item_added",
        "got the item",
        Takes::OptionalScalar,
    ),
    op(
        "Change",
        "item_removed",
        "lost the item",
        Takes::OptionalScalar,
    ),
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
