//! What a condition checks: its operator together with its value, compiled. The table of operators (`operator`) makes it, `condition` asks it.
//!
//! There is one variant for each thing that can be asked, so no operator ever meets a value that it does not take. Where values are found, and
//! what is said about them, is the condition's.

use std::borrow::Cow;

use jiff::{Span, Timestamp};
use regex::Regex;
use serde_json::Value;

use crate::domain::filter::Node;
use crate::domain::filter::condition::{Doubt, Judged, Scope};
use crate::domain::filter::folds::Folds;
use crate::domain::filter::keys::{Listed, Wanted, names_of};
use crate::domain::value::{
    Number, Types, bool_of, folded, same, same_text, shift, text_of, time_of, type_of,
};

/// What is checked.
#[derive(Debug, Clone)]
pub(super) enum Check {
    Any(AnyCheck),
    Scalar(ScalarCheck),
    /// Holds when the check holds for none of the values.
    NotScalar(ScalarCheck),
    List(ListCheck),
    Change(ChangeCheck),
}

/// Of values of any type.
#[derive(Debug, Clone)]
pub(super) enum AnyCheck {
    Exists,
    Missing,
    IsNull,
    IsEmpty,
    IsNotEmpty,
    IsType(String),
}

/// Of one value.
#[derive(Debug, Clone)]
pub(super) enum ScalarCheck {
    Text(TextCheck),
    Number(NumberCheck),
    Date(DateCheck),
    IsTrue(bool),
}

#[derive(Debug, Clone)]
pub(super) enum TextCheck {
    Equals(Box<Wanted>),
    In(Box<Listed>),
    /// The texts of these three are folded already when case is ignored.
    Contains(String),
    StartsWith(String),
    EndsWith(String),
    Matches(Regex),
    Length(Order, Number),
}

#[derive(Debug, Clone)]
pub(super) enum NumberCheck {
    Is(Order, Number),
    Between(Number, Number),
}

#[derive(Debug, Clone)]
pub(super) enum DateCheck {
    Before(Timestamp),
    After(Timestamp),
    On(Timestamp),
    Between(Timestamp, Timestamp),
    InLast(Span),
    InNext(Span),
    IsPast,
    IsFuture,
}

/// Of the items of a list.
#[derive(Debug, Clone)]
pub(super) enum ListCheck {
    Has(Value),
    HasAny(Box<Listed>),
    HasAll(Box<Listed>),
    HasNone(Box<Listed>),
    AnyItem(Box<Node>),
    AllItems(Box<Node>),
}

/// Of the values before and after.
#[derive(Debug, Clone)]
pub(super) enum ChangeCheck {
    Changed,
    NotChanged,
    To(Value),
    From(Value),
    FromTo(Value, Value),
    Increased,
    Decreased,
    ItemAdded(Option<Value>),
    ItemRemoved(Option<Value>),
}

/// How two numbers stand to each other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Equal,
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Order {
    fn holds(self, found: Number, expected: Number) -> Judged {
        let ordering = found.compare(expected).ok_or(Doubt::NotA("number"))?;
        Ok(match self {
            Order::Equal => ordering.is_eq(),
            Order::Above => ordering.is_gt(),
            Order::AtLeast => ordering.is_ge(),
            Order::Below => ordering.is_lt(),
            Order::AtMost => ordering.is_le(),
        })
    }
}

impl ScalarCheck {
    /// Whether it holds for a value; `now` is what relative dates count from.
    pub fn holds<'v>(
        &self,
        value: &'v Value,
        scope: &Scope,
        now: Timestamp,
        folds: &Folds<'v>,
    ) -> Judged {
        match self {
            ScalarCheck::Text(check) => check.holds(value, scope, folds),
            ScalarCheck::Number(check) => {
                let number = Number::of(value, scope.types).ok_or(Doubt::NotA("number"))?;
                check.holds(number)
            }
            ScalarCheck::Date(check) => {
                let time = time_of(value, &scope.zone).ok_or(Doubt::NotA("date"))?;
                check.holds(time, scope, now)
            }
            ScalarCheck::IsTrue(expected) => {
                let flag = bool_of(value, scope.types).ok_or(Doubt::NotA("yes or no"))?;
                Ok(flag == *expected)
            }
        }
    }
}

impl TextCheck {
    /// Whether it looks for a part that every text has.
    pub fn is_of_nothing(&self) -> bool {
        match self {
            TextCheck::Contains(part) | TextCheck::StartsWith(part) | TextCheck::EndsWith(part) => {
                part.is_empty()
            }
            _ => false,
        }
    }

    fn holds<'v>(&self, value: &'v Value, scope: &Scope, folds: &Folds<'v>) -> Judged {
        let text = || text_of(value, scope.types).ok_or(Doubt::NotA("text"));
        let looks = |part: &str, has: fn(&str, &str) -> bool| {
            Ok(match text()? {
                text if scope.case_sensitive => has(&text, part),
                Cow::Borrowed(text) => folds.with(text, |folded| has(folded, part)),
                Cow::Owned(text) => has(&folded(&text), part),
            })
        };
        if let Value::Array(items) = value
            && let Some(holds) = self.holds_of_list(items, scope)
        {
            return holds;
        }
        match self {
            TextCheck::Equals(wanted) if wanted.value.is_array() => match value {
                Value::Null | Value::Object(_) => Err(Doubt::NotA("list")),
                _ => Ok(false),
            },
            TextCheck::Equals(wanted) => {
                let is = same(value, &wanted.value, scope.types, scope.case_sensitive);
                is.ok_or_else(|| not_like(&wanted.value, scope))
            }
            TextCheck::In(list) => match (list.keys.has(value), list.entries.first()) {
                (None, Some(first)) => Err(not_like(first, scope)),
                (has, _) => Ok(has == Some(true)),
            },
            TextCheck::Contains(part) => looks(part, |text, part| text.contains(part)),
            TextCheck::StartsWith(part) => looks(part, |text, part| text.starts_with(part)),
            TextCheck::EndsWith(part) => looks(part, |text, part| text.ends_with(part)),
            TextCheck::Matches(regex) => Ok(regex.is_match(&text()?)),
            TextCheck::Length(order, length) => {
                let chars = Number::Integer(text()?.chars().count() as i128);
                order.holds(chars, *length)
            }
        }
    }
}

impl TextCheck {
    /// The same for a list, as people ask about one: `contains` and `in` ask for its items, which go by their names, and its length is how many it has.
    /// Nothing where only a text can be asked so.
    fn holds_of_list(&self, items: &[Value], scope: &Scope) -> Option<Judged> {
        let mut names = items.iter().flat_map(names_of);
        Some(match self {
            TextCheck::Equals(wanted) => Ok(wanted.is_list_of(items, scope)),
            TextCheck::In(list) => Ok(names.any(|name| list.keys.has(name) == Some(true))),
            TextCheck::Contains(part) => Ok(names.any(|name| {
                text_of(name, scope.types).is_some_and(|text| {
                    if scope.case_sensitive {
                        text == *part
                    } else {
                        same_text(&text, part)
                    }
                })
            })),
            TextCheck::Length(order, length) => {
                order.holds(Number::Integer(items.len() as i128), *length)
            }
            _ => return None,
        })
    }
}

impl NumberCheck {
    fn holds(&self, number: Number) -> Judged {
        match *self {
            NumberCheck::Is(order, expected) => order.holds(number, expected),
            NumberCheck::Between(low, high) => {
                Ok(Order::AtLeast.holds(number, low)? && Order::AtMost.holds(number, high)?)
            }
        }
    }
}

impl DateCheck {
    fn holds(&self, time: Timestamp, scope: &Scope, now: Timestamp) -> Judged {
        let day = |time: Timestamp| time.to_zoned_datetime(scope.zone.clone()).date();
        let edge = |span: Span, backwards: bool| {
            shift(now, span, backwards).ok_or(Doubt::NotA("date in range"))
        };
        Ok(match *self {
            DateCheck::Before(expected) => time < expected,
            DateCheck::After(expected) => time > expected,
            DateCheck::On(expected) => day(time) == day(expected),
            DateCheck::Between(from, to) => from <= time && time <= to,
            DateCheck::InLast(span) => edge(span, true)? <= time && time <= now,
            DateCheck::InNext(span) => now <= time && time <= edge(span, false)?,
            DateCheck::IsPast => time < now,
            DateCheck::IsFuture => time > now,
        })
    }
}

/// What a value is not that cannot be compared with this one.
fn not_like(expected: &Value, scope: &Scope) -> Doubt {
    Doubt::NotA(match scope.types {
        Types::Auto => "text",
        Types::Strict => type_of(expected),
    })
}
