//! Functions about lists. A single value counts as a list of one.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::domain::mapping::functions::number::Amount;
use crate::domain::mapping::functions::{
    Args, COUNT, Function, Kind, Only, Rule, TEXT_LIMIT_BYTES, WHOLE, arg, opt, too_long,
};
use crate::domain::path::Path;
use crate::domain::value::{Number, Types, folded, time_of};

macro_rules! function {
    ($id:literal, $summary:literal, $args:expr, $example:expr, $run:expr) => {
        Function {
            id: $id,
            group: "List",
            summary: $summary,
            args: $args,
            example: $example,
            rule: Rule::Whole,
            variadic: false,
            check: None,
            run: $run,
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    function!(
        "first",
        "its first item",
        &[],
        ("[1, 2]", "[]", "1"),
        |v, _| Ok(items(v).first().cloned().unwrap_or(Value::Null))
    ),
    function!(
        "last",
        "its last item",
        &[],
        ("[1, 2]", "[]", "2"),
        |v, _| Ok(items(v).last().cloned().unwrap_or(Value::Null))
    ),
    function!(
        "at",
        "the item at a position (from 0, negative from the end)",
        &[arg("position", Kind::Number).only(WHOLE)],
        ("[1, 2, 3]", "[-1]", "3"),
        |v, args| {
            let position = args.integer(0).ok_or("the position is a whole number")?;
            Ok(nth(items(v), position).cloned().unwrap_or(Value::Null))
        }
    ),
    Function {
        rule: Rule::Anything,
        ..function!(
            "count",
            "how many items; 0 for a missing value",
            &[],
            ("[1, 2]", "[]", "2"),
            |v, _| { Ok(Value::from(if v.is_null() { 0 } else { items(v).len() })) }
        )
    },
    function!(
        "pluck",
        "one value of each item, by a path",
        &[arg("path", Kind::Text).only(Only::Path)],
        (
            r#"[{"tag": {"title": "a"}}, {"tag": {"title": "b"}}]"#,
            r#"["tag.title"]"#,
            r#"["a", "b"]"#
        ),
        |v, args| {
            let path =
                Path::parse(args.text(0).unwrap_or_default()).map_err(|error| error.reason)?;
            items(v)
                .iter()
                .map(|item| {
                    Ok(path
                        .find_one(item)
                        .map_err(|error| error.reason)?
                        .cloned()
                        .unwrap_or(Value::Null))
                })
                .collect()
        }
    ),
    function!(
        "join",
        "its items as one text",
        &[opt("separator", Kind::Text)],
        (r#"["a", 1]"#, r#"[" / "]"#, r#""a / 1""#),
        |v, args| joined(items(v), args.text(0).unwrap_or(", ")).map(Value::from)
    ),
    function!(
        "unique",
        "without repeated items",
        &[],
        ("[1, 2, 1]", "[]", "[1, 2]"),
        |v, _| {
            let mut seen = std::collections::HashSet::new();
            Ok(items(v)
                .iter()
                .filter(|item| seen.insert(told_apart(item)))
                .cloned()
                .collect())
        }
    ),
    function!(
        "sort",
        "in order (or \"desc\"), by a path into each item; numbers, also as texts, come before dates, and dates before other texts",
        &[
            opt("order", Kind::Text).only(Only::Word(&["asc", "desc"])),
            opt("path", Kind::Text).only(Only::Path)
        ],
        ("[10, 9, 2]", "[]", "[2, 9, 10]"),
        sort
    ),
    function!(
        "flatten",
        "the items of lists within it instead of these lists",
        &[],
        (r#"["a", ["b", "c"]]"#, "[]", r#"["a", "b", "c"]"#),
        |v, _| Ok(items(v).iter().flat_map(items).cloned().collect())
    ),
    function!(
        "reverse",
        "in the opposite order",
        &[],
        ("[1, 2]", "[]", "[2, 1]"),
        |v, _| Ok(items(v).iter().rev().cloned().collect())
    ),
    function!(
        "slice",
        "some items from a position",
        &[
            arg("start", Kind::Number).only(COUNT),
            opt("length", Kind::Number).only(COUNT)
        ],
        ("[1, 2, 3, 4]", "[1, 2]", "[2, 3]"),
        |v, args| {
            let whole = |index: usize| {
                args.integer(index)
                    .and_then(|number| usize::try_from(number).ok())
            };
            let start = whole(0).ok_or("the start is a whole number from 0")?;
            Ok(items(v)
                .iter()
                .skip(start)
                .take(whole(1).unwrap_or(usize::MAX))
                .cloned()
                .collect())
        }
    ),
    function!(
        "sum",
        "its numbers added up",
        &[],
        (r#"[0.1, "0.2"]"#, "[]", "0.3"),
        |v, _| {
            let mut sum = Amount::Exact(Decimal::ZERO);
            for item in items(v).iter().filter(|item| !item.is_null()) {
                sum = sum.with(Amount::of(item)?, Decimal::checked_add, |a, b| a + b);
            }
            sum.out().map_err(|_| "the sum is out of range".into())
        }
    ),
    function!(
        "min",
        "its smallest number",
        &[],
        ("[3, 1, 2]", "[]", "1"),
        |v, _| extreme(v, Ordering::Less)
    ),
    function!(
        "max",
        "its largest number",
        &[],
        ("[3, 1, 2]", "[]", "3"),
        |v, _| extreme(v, Ordering::Greater)
    ),
];

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        single => std::slice::from_ref(single),
    }
}

/// The item at a position, from the end when it is negative.
pub(super) fn nth(items: &[Value], position: i64) -> Option<&Value> {
    let from_end = usize::try_from(position.unsigned_abs()).ok()?;
    if position < 0 {
        items
            .len()
            .checked_sub(from_end)
            .and_then(|index| items.get(index))
    } else {
        items.get(from_end)
    }
}

/// Items as one text; what is missing is left out.
pub(in crate::domain::mapping) fn joined(
    items: &[Value],
    separator: &str,
) -> Result<String, String> {
    let mut joined = String::new();
    for (place, item) in items.iter().filter(|item| !item.is_null()).enumerate() {
        if place > 0 {
            joined.push_str(separator);
        }
        match item.as_str() {
            Some(text) => joined.push_str(text),
            None => joined.push_str(&item.to_string()),
        }
        // Before it grows on: a long text between many items would fill the memory.
        if joined.len() > TEXT_LIMIT_BYTES {
            return Err(too_long());
        }
    }
    Ok(joined)
}

fn sort(value: &Value, args: &Args<'_>) -> Result<Value, String> {
    let path = args
        .text(1)
        .map(Path::parse)
        .transpose()
        .map_err(|error| error.reason)?;
    let mut keyed: Vec<(Key, &Value)> = Vec::new();
    for item in items(value) {
        let key = match &path {
            Some(path) => path.find_one(item).map_err(|error| error.reason)?,
            None => Some(item),
        };
        keyed.push((Key::of(key.unwrap_or(&Value::Null)), item));
    }
    let is_falling = args.text(0) == Some("desc");
    // What is missing comes last either way, and equal ones stay as they came.
    keyed.sort_by(|(a, _), (b, _)| {
        let is_missing = |key: &Key| matches!(key, Key::Missing);
        is_missing(a)
            .cmp(&is_missing(b))
            .then_with(|| if is_falling { b.order(a) } else { a.order(b) })
    });
    Ok(keyed.into_iter().map(|(_, item)| item.clone()).collect())
}

/// What an item is sorted by: numbers before dates before other texts; numbers by value, also when they are written as texts, dates and times by the
/// moment that they tell, wherever they are told from, other texts without regard to case.
enum Key {
    Number(Number),
    Time(Timestamp),
    Text(String),
    Missing,
}

impl Key {
    fn of(value: &Value) -> Key {
        match (Number::of(value, Types::Auto), value) {
            (Some(number), _) => Key::Number(number),
            (None, Value::Null) => Key::Missing,
            (None, Value::String(text)) => match time_of(value, &TimeZone::UTC) {
                Some(time) => Key::Time(time),
                None => Key::Text(folded(text).into_owned()),
            },
            (None, other) => Key::Text(other.to_string()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Key::Number(_) => 0,
            Key::Time(_) => 1,
            Key::Text(_) => 2,
            Key::Missing => 3,
        }
    }

    fn order(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::Number(a), Key::Number(b)) => a.compare(*b).unwrap_or(Ordering::Equal),
            (Key::Time(a), Key::Time(b)) => a.cmp(b),
            (Key::Text(a), Key::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// A text that two items share when they are the same; 1 and 1.0 are.
fn told_apart(item: &Value) -> String {
    match item.as_f64().filter(|_| item.is_f64()) {
        Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => (number as i64).to_string(),
        _ => item.to_string(),
    }
}

fn extreme(value: &Value, wanted: Ordering) -> Result<Value, String> {
    let mut best: Option<Amount> = None;
    for item in items(value).iter().filter(|item| !item.is_null()) {
        let number = Amount::of(item)?;
        if best.is_none_or(|best| number.compare(best) == wanted) {
            best = Some(number);
        }
    }
    best.map_or(Ok(Value::Null), Amount::out)
}
