//! The functions of a field's pipe: what they are called, what they take, and the one rule they share.
//!
//! The rule: null (or a missing value) in gives null out, and a list in is treated item by item; functions about lists, lengths or missing
//! values say otherwise in their entry. A value of the wrong type is an error in words. Functions are pure: no clock, no chance.
//! `mapping::fields` and `mapping::template` call them; pages read the catalogue.

mod date;
pub(in crate::domain) mod html;
pub(super) mod list;
mod logic;
mod number;
mod text;

use std::collections::HashMap;

use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::Value;

use crate::domain::path::Path;
use crate::domain::pattern;
use crate::domain::problem::{self, Problem};
use crate::domain::value::{folded, span_of, time_of, type_of};

/// Longest text that a function may make, in bytes.
pub(super) const TEXT_LIMIT_BYTES: usize = 1 << 20;
/// Longest texts that a function may make of a list's items, together, in bytes.
const LIST_LIMIT_BYTES: usize = 8 << 20;

/// One function.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub id: &'static str,
    pub group: &'static str,
    pub summary: &'static str,
    pub args: &'static [Arg],
    /// Input, arguments and output as JSON; a test computes each.
    pub example: (&'static str, &'static str, &'static str),
    rule: Rule,
    /// Takes any number of arguments like the last one.
    variadic: bool,
    check: Option<Check>,
    run: Run,
}

/// Says why arguments that are each fine do not go together.
type Check = fn(&[Value]) -> Option<&'static str>;

type Run = fn(&Value, &Args<'_>) -> Result<Value, String>;

/// How null and lists are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Null gives null, a list goes item by item.
    Each,
    /// Null goes in like any other value, a list goes item by item.
    EachOrMissing,
    /// Null gives null, a list goes in whole.
    Whole,
    /// Everything goes in.
    Anything,
}

/// One argument.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    pub name: &'static str,
    pub kind: Kind,
    pub optional: bool,
    only: Only,
}

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Any,
    Regex,
    Zone,
    Object,
}

/// Which of its kind an argument may be.
#[derive(Debug, Clone, Copy)]
enum Only {
    Any,
    /// A whole number within a range.
    Whole(i64, i64),
    /// The number of a group of the pattern; 0 is all of it.
    Group,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A unit of time, singly or in the plural.
    Unit(&'static [&'static str]),
    Path,
    Date,
    /// A strftime format that can be written.
    Format,
    /// A whole number, or a span.
    Amount,
}

const fn arg(name: &'static str, kind: Kind) -> Arg {
    Arg {
        name,
        kind,
        optional: false,
        only: Only::Any,
    }
}

const fn opt(name: &'static str, kind: Kind) -> Arg {
    Arg {
        optional: true,
        ..arg(name, kind)
    }
}

impl Arg {
    const fn only(self, only: Only) -> Arg {
        Arg { only, ..self }
    }
}

/// A whole number of any size.
const WHOLE: Only = Only::Whole(i64::MIN, i64::MAX);
/// Something counted.
const COUNT: Only = Only::Whole(0, i64::MAX);

impl Function {
    /// Fewest arguments.
    pub(super) fn least(&self) -> usize {
        self.args.iter().filter(|arg| !arg.optional).count()
    }

    /// Most arguments.
    pub(super) fn most(&self) -> usize {
        if self.variadic {
            usize::MAX
        } else {
            self.args.len()
        }
    }

    /// What it takes, for who gave it something else.
    pub(super) fn takes(&self) -> String {
        let name = |arg: &Arg| {
            if arg.optional {
                format!("[{}]", arg.name)
            } else {
                arg.name.to_string()
            }
        };
        let names: Vec<String> = self.args.iter().map(name).collect();
        let takes = if names.is_empty() {
            "no arguments".to_string()
        } else {
            format!("({})", names.join(", "))
        };
        format!("`{}` takes {takes}.", self.id)
    }
}

/// That there is no such function, and which one may be meant.
pub(super) fn none_such(id: &str) -> String {
    if find(id).is_some() {
        return format!(
            "Put `{id}` behind its value, after a bar, as `trim` in `currentValue.title | trim`."
        );
    }
    let near = problem::nearest(id, functions().map(|function| function.id));
    let hint = near
        .map(|id| format!(" Did you mean `{id}`?"))
        .unwrap_or_default();
    format!("There is no function `{id}`.{hint}")
}

/// A function with its arguments, checked and compiled.
#[derive(Debug, Clone)]
pub struct Call {
    pub function: &'static Function,
    args: Vec<Value>,
    regex: Option<Regex>,
    /// The entries of a table by their names without regard to case, the first of a name.
    entries: HashMap<String, Value>,
}

/// What a function's body sees of its call.
struct Args<'a> {
    values: &'a [Value],
    regex: Option<&'a Regex>,
    entries: &'a HashMap<String, Value>,
}

impl Args<'_> {
    fn value(&self, index: usize) -> Option<&Value> {
        self.values.get(index).filter(|value| !value.is_null())
    }

    fn text(&self, index: usize) -> Option<&str> {
        self.value(index).and_then(Value::as_str)
    }

    fn integer(&self, index: usize) -> Option<i64> {
        self.value(index).and_then(Value::as_i64)
    }

    fn regex(&self) -> Result<&Regex, String> {
        self.regex.ok_or_else(|| "it needs a pattern".into())
    }
}

/// Every function, in the order in which pages offer them.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    [
        text::FUNCTIONS,
        number::FUNCTIONS,
        date::FUNCTIONS,
        list::FUNCTIONS,
        logic::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// The function of this id.
pub fn find(id: &str) -> Option<&'static Function> {
    functions().find(|function| function.id == id)
}

/// Whether a call has a pattern that is not at hand.
pub fn must_compile(id: &str, args: &[Value]) -> bool {
    let expected = find(id).map_or(&[][..], |function| function.args);
    args.iter()
        .zip(expected)
        .filter(|(_, expected)| expected.kind == Kind::Regex)
        .filter_map(|(value, _)| value.as_str())
        .any(|text| pattern::at_hand(text, true, pattern::SIZE_LIMIT_BYTES).is_none())
}

impl Call {
    /// Checks name and arguments.
    pub fn parse(id: &str, args: &[Value], pointer: &str) -> Result<Call, Problem> {
        let function = find(id).ok_or_else(|| {
            Problem::new(format!("{pointer}/fn"), "unknown_function", none_such(id))
        })?;
        if !(function.least()..=function.most()).contains(&args.len()) {
            let at = format!("{pointer}/args");
            return Err(Problem::new(at, "wrong_arguments", function.takes()));
        }
        let mut regex = None;
        let mut entries = HashMap::new();
        for (index, (value, arg)) in args.iter().zip(function.args).enumerate() {
            let at = format!("{pointer}/args/{index}");
            check(arg, value, id, &at)?;
            if arg.kind == Kind::Regex {
                regex = Some(compile(value.as_str().unwrap_or_default(), &at)?);
            }
            for (name, entry) in value
                .as_object()
                .filter(|_| arg.kind == Kind::Object)
                .into_iter()
                .flatten()
            {
                entries
                    .entry(folded(name).into_owned())
                    .or_insert_with(|| entry.clone());
            }
        }
        if let Some(message) = function.check.and_then(|check| check(args)) {
            let at = format!("{pointer}/args");
            return Err(Problem::new(at, "wrong_arguments", message));
        }
        Ok(Call {
            function,
            args: args.to_vec(),
            regex,
            entries,
        })
    }

    /// What nobody can mean although it can be read: a pattern that finds nothing, a group that it does not have. Asked when somebody saves a mapping.
    pub fn unfit(&self, pointer: &str) -> Option<Problem> {
        let regex = self.regex.as_ref()?;
        if pattern::is_slashed(regex.as_str()) {
            let at = format!("{pointer}/args/0");
            return Some(Problem::new(at, "bad_regex", pattern::SLASHED));
        }
        let is_group = |arg: &Arg| matches!(arg.only, Only::Group);
        let index = self.function.args.iter().position(is_group)?;
        let group = self.args.get(index).and_then(Value::as_u64)?;
        let groups = regex.captures_len() - 1;
        (group > groups as u64).then(|| {
            let message = format!(
                "The pattern has {groups} groups in brackets, and group {group} is not among them."
            );
            let at = format!("{pointer}/args/{index}");
            Problem::new(at, "wrong_arguments", message)
        })
    }

    /// Applies the function by the rule.
    pub fn apply(&self, value: &Value) -> Result<Value, String> {
        let args = Args {
            values: &self.args,
            regex: self.regex.as_ref(),
            entries: &self.entries,
        };
        match (self.function.rule, value) {
            (Rule::Each | Rule::Whole, Value::Null) => Ok(Value::Null),
            (Rule::Each | Rule::EachOrMissing, Value::Array(items)) => self.each(items, &args),
            _ => (self.function.run)(value, &args),
        }
        .map_err(|reason| format!("`{}` cannot be applied: {reason}.", self.function.id))
    }

    fn each(&self, items: &[Value], args: &Args<'_>) -> Result<Value, String> {
        let mut made = Vec::with_capacity(items.len());
        let mut bytes = 0;
        for item in items {
            let one = match item {
                Value::Null if self.function.rule == Rule::Each => Value::Null,
                item => (self.function.run)(item, args)?,
            };
            bytes += least_bytes(&one);
            if bytes > LIST_LIMIT_BYTES {
                return Err(format!(
                    "its items would be longer than {LIST_LIMIT_BYTES} bytes together"
                ));
            }
            made.push(one);
        }
        Ok(Value::Array(made))
    }
}

/// Fewest bytes that a value takes when it is written down: its texts, and two for each value, as of a digit and the comma behind it. A long list
/// of numbers takes far more than that in memory.
pub(super) fn least_bytes(value: &Value) -> usize {
    2 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(least_bytes).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| name.len() + least_bytes(value))
            .sum(),
        _ => 0,
    }
}

fn check(arg: &Arg, value: &Value, id: &str, pointer: &str) -> Result<(), Problem> {
    let fine = match arg.kind {
        _ if arg.optional && value.is_null() => return Ok(()),
        Kind::Any => true,
        Kind::Text | Kind::Regex => value.is_string(),
        Kind::Number => value.is_number(),
        Kind::Object => value.is_object(),
        Kind::Zone => value
            .as_str()
            .is_some_and(|name| TimeZone::get(name).is_ok()),
    };
    let wanted = match arg.kind {
        Kind::Zone => "a time zone like \"Asia/Jakarta\"",
        Kind::Number => "a number",
        Kind::Object => "a table like {\"from\": \"to\"}",
        _ => "a text",
    };
    let wrong = if fine {
        narrowed(arg.only, value)
    } else {
        Some(wanted.to_string())
    };
    match wrong {
        None => Ok(()),
        Some(wanted) => Err(Problem::new(
            pointer,
            "wrong_arguments",
            format!("`{}` of `{id}` is {wanted}.", arg.name),
        )),
    }
}

/// What is wanted instead of a value that is of the right kind, and still cannot be meant.
fn narrowed(only: Only, value: &Value) -> Option<String> {
    let text = value.as_str().unwrap_or_default();
    let (fine, wanted) = match only {
        Only::Any => return None,
        Only::Group => return narrowed(COUNT, value),
        Only::Whole(least, most) => (
            value
                .as_i64()
                .is_some_and(|number| (least..=most).contains(&number)),
            match (least, most) {
                (i64::MIN, _) => "a whole number".to_string(),
                (_, i64::MAX) => format!("a whole number from {least}"),
                _ => format!("a whole number from {least} to {most}"),
            },
        ),
        Only::Word(words) => (
            words.contains(&text),
            format!("one of {}", words.join(", ")),
        ),
        Only::Unit(units) => (
            units.contains(&text.trim().to_lowercase().trim_end_matches('s')),
            format!("one of {}", units.join(", ")),
        ),
        Only::Path => (
            Path::parse(text).is_ok(),
            "a path like tag.title".to_string(),
        ),
        Only::Date => (
            time_of(value, &TimeZone::UTC).is_some_and(|time| time != jiff::Timestamp::MAX),
            "a date like 2026-01-31 or a time like 2026-01-31T09:00:00Z".to_string(),
        ),
        Only::Format => (
            text.contains('%')
                && jiff::fmt::strtime::format(
                    date::spelled_out(text),
                    &jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::UTC),
                )
                .is_ok(),
            "a strftime format like %Y-%m-%d %H:%M".to_string(),
        ),
        Only::Amount => (
            value.is_i64() || span_of(value).is_some(),
            "a whole number, or a span like \"3 days\"".to_string(),
        ),
    };
    (!fine).then_some(wanted)
}

fn compile(pattern: &str, pointer: &str) -> Result<Regex, Problem> {
    pattern::compile(pattern, true, pattern::SIZE_LIMIT_BYTES)
        .map_err(|sentence| Problem::new(pointer, "bad_regex", sentence))
}

/// The text of a scalar, or what is wrong.
fn text_in(value: &Value) -> Result<std::borrow::Cow<'_, str>, String> {
    crate::domain::value::text_of(value, crate::domain::value::Types::Auto).ok_or_else(|| {
        format!(
            "it needs a text, and the value is of type {}",
            type_of(value)
        )
    })
}

/// A text out, unless it grew beyond the limit.
fn text_out(text: String) -> Result<Value, String> {
    if text.len() <= TEXT_LIMIT_BYTES {
        Ok(Value::from(text))
    } else {
        Err(too_long())
    }
}

pub(super) fn too_long() -> String {
    format!("the text would be longer than {TEXT_LIMIT_BYTES} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn json_of(text: &str) -> Value {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_example_is_what_the_function_does() {
        for function in functions() {
            let (input, args, output) = function.example;
            let args = json_of(args);
            let call = Call::parse(function.id, args.as_array().unwrap(), "")
                .unwrap_or_else(|p| panic!("{}: {p:?}", function.id));
            assert_eq!(
                call.apply(&json_of(input)),
                Ok(json_of(output)),
                "{}",
                function.id
            );
        }
    }

    #[test]
    fn ids_are_unique_and_the_documented_ones_are_there() {
        let ids: Vec<&str> = functions().map(|function| function.id).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len());
        for id in [
            "lower",
            "upper",
            "trim",
            "replace",
            "regex_replace",
            "extract_email",
            "split",
            "join",
            "truncate",
            "to_number",
            "round",
            "format_number",
            "format_date",
            "add_time",
            "to_zone",
            "first",
            "last",
            "at",
            "count",
            "pluck",
            "unique",
            "sort",
            "sum",
            "default",
            "coalesce",
            "lookup",
            "json_encode",
            "base64",
            "sha256",
        ] {
            assert!(ids.contains(&id), "{id}");
        }
    }

    #[test]
    fn null_gives_null_and_lists_go_item_by_item() {
        let upper = Call::parse("upper", &[], "").unwrap();
        assert_eq!(upper.apply(&Value::Null), Ok(Value::Null));
        assert_eq!(
            upper.apply(&json!(["a", null, 1])),
            Ok(json!(["A", null, "1"]))
        );
        assert!(
            upper
                .apply(&json!({"a": 1}))
                .unwrap_err()
                .contains("object")
        );
    }

    #[test]
    fn wrong_calls_are_refused_with_a_code() {
        for (id, args, code) in [
            ("uper", json!([]), "unknown_function"),
            ("upper", json!([1]), "wrong_arguments"),
            ("replace", json!(["a"]), "wrong_arguments"),
            ("round", json!(["x"]), "wrong_arguments"),
            ("to_zone", json!(["Mars"]), "wrong_arguments"),
            ("regex_replace", json!(["(", ""]), "bad_regex"),
            ("lookup", json!([1]), "wrong_arguments"),
            ("start_of", json!(["second"]), "wrong_arguments"),
            ("add_time", json!([1, "fortnight"]), "wrong_arguments"),
            ("add_time", json!([1]), "wrong_arguments"),
            ("add_time", json!(["soon"]), "wrong_arguments"),
            ("add_time", json!([1.5, "days"]), "wrong_arguments"),
            ("pluck", json!(["$.["]), "wrong_arguments"),
            ("truncate", json!([-1]), "wrong_arguments"),
            ("round", json!([99]), "wrong_arguments"),
            ("format_number", json!([2, "xx"]), "wrong_arguments"),
            ("diff_time", json!(["notadate", "days"]), "wrong_arguments"),
            ("sort", json!(["DESC"]), "wrong_arguments"),
            ("sort", json!(["desc", "$.["]), "wrong_arguments"),
            ("to_epoch", json!(["milliseconds"]), "wrong_arguments"),
            ("split", json!([",", 1.5]), "wrong_arguments"),
            ("extract", json!(["a", 1.5]), "wrong_arguments"),
            ("slice", json!([0, -1]), "wrong_arguments"),
        ] {
            assert_eq!(
                Call::parse(id, args.as_array().unwrap(), "")
                    .unwrap_err()
                    .code,
                code,
                "{id}"
            );
        }
        for (id, args) in [
            ("start_of", json!(["days", null])),
            ("start_of", json!(["Week"])),
            ("add_time", json!(["3 days", null])),
            ("add_time", json!([-1, "weeks"])),
            ("to_epoch", json!(["seconds"])),
            ("sort", json!([null, "tag.title"])),
            ("split", json!([",", -1])),
        ] {
            let call = Call::parse(id, args.as_array().unwrap(), "");
            assert!(call.is_ok(), "{id}: {call:?}");
        }
        assert!(
            Call::parse("uper", &[], "")
                .unwrap_err()
                .message
                .contains("upper")
        );
    }

    #[test]
    fn no_function_makes_more_than_its_limit_of_what_it_is_given() {
        let long = json!("a".repeat(300_000));
        let many = Value::from(vec!["a"; 60_000]);
        let apply = |id: &str, args: Value, value: &Value| {
            let call = Call::parse(id, args.as_array().unwrap(), "").unwrap();
            call.apply(value)
        };
        for (id, args, value) in [
            ("replace", json!(["a", "b".repeat(100_000)]), &long),
            ("regex_replace", json!(["a", "b".repeat(100_000)]), &long),
            ("regex_replace", json!(["", "b".repeat(100_000)]), &long),
            (
                "regex_replace",
                json!(["a+", "$0".repeat(1_000_000)]),
                &long,
            ),
            ("join", json!(["b".repeat(100_000)]), &many),
            ("pad_left", json!([1_000_000]), &many),
            ("lookup", json!([{}, "b".repeat(100_000)]), &many),
        ] {
            let refused = apply(id, args, value).unwrap_err();
            assert!(refused.contains("would be longer than"), "{id}: {refused}");
        }
        let swapped = apply(
            "regex_replace",
            json!(["(a)(b)?", "${2}$1-"]),
            &json!("xabay"),
        );
        assert_eq!(swapped, Ok(json!("xba-a-y")));
    }

    const EARLIEST: &str = "-009999-01-02T01:59:59Z";
    const LATEST: &str = "9999-12-30T22:00:00.999999999Z";

    /// What an argument may be given: of its kind, fine or not.
    fn candidates(arg: &Arg) -> Vec<Value> {
        let some = match (arg.only, arg.kind) {
            (Only::Word(words) | Only::Unit(words), _) => json!(words),
            (Only::Path, _) => json!(["$", "$..*", "a[-1].é", "a[9223372036854775807]"]),
            (Only::Date, _) => json!(["2026-01-31[Asia/Jakarta]", EARLIEST, LATEST]),
            (Only::Format, _) => json!(["%Y-%m-%d", "%c %Q %:z %s %f", "%255d%_255H", "é%%%"]),
            (Only::Amount, _) => {
                json!([
                    "19999 years",
                    "-P9999Y",
                    "PT631107417600S",
                    "1 day ago",
                    3,
                    i64::MIN,
                    i64::MAX
                ])
            }
            (_, Kind::Regex) => json!(["", "(a)(b)?", "^|$", "\\b", "[^", "(?i)é+"]),
            (_, Kind::Zone) => json!(["UTC", "Pacific/Apia", "Mars"]),
            (_, Kind::Object) => json!([{}, {"": null, "A": 1, "a": [2]}]),
            (_, Kind::Any) => {
                json!([true, "", "a", i64::MIN, 0.5, [], {}, [null, "a", 1], {"a": {"b": 1}}])
            }
            (_, Kind::Text) => json!([
                "",
                " ",
                "a",
                "é\u{301}ﬁİ\u{0}",
                "-9223372036854775808",
                "x".repeat(5_000)
            ]),
            (_, Kind::Number) => json!([
                0,
                1,
                -1,
                2.5,
                20,
                21,
                i64::MIN,
                i64::MAX,
                u64::MAX,
                1e308,
                5e-324
            ]),
        };
        let mut all = some.as_array().unwrap().clone();
        all.push(Value::Null);
        all
    }

    /// Every combination of arguments, and each without its last ones.
    fn combinations(args: &[Arg]) -> Vec<Vec<Value>> {
        let mut all = vec![Vec::new()];
        let mut longest = all.clone();
        for arg in args {
            let of_this = candidates(arg);
            longest = longest
                .iter()
                .flat_map(|before: &Vec<Value>| {
                    of_this
                        .iter()
                        .map(move |one| [before.as_slice(), std::slice::from_ref(one)].concat())
                })
                .collect();
            all.extend(longest.iter().cloned());
        }
        all
    }

    #[test]
    fn no_arguments_panic() {
        let inputs = json!([
            null, true, "", "a", "éﬁ\u{301}İ ab", "<p>a</p>", "1e30", "79228162514264337593543950335", "-79228162514264337593543950335", "2026-01-31T00:00:00Z",
            "2026-01-31[Pacific/Apia]", EARLIEST, LATEST, 0, -1, 2.5, i64::MIN, i64::MAX, u64::MAX, 1e308, -1e308, 5e-324,
            [], ["a", null, 1], [3, "2", 1.5, i64::MAX], [[1, [2]], {"a": 1}], {}, {"a": "b", "": null},
        ]);
        let mut panicked = Vec::new();
        for function in functions() {
            for args in combinations(function.args) {
                let Ok(call) = Call::parse(function.id, &args, "") else {
                    continue;
                };
                for input in inputs.as_array().unwrap() {
                    let applied = std::panic::catch_unwind(|| call.apply(input));
                    if applied.is_err() {
                        panicked.push(format!("{input} | {}({args:?})", function.id));
                    }
                }
            }
        }
        assert!(panicked.is_empty(), "{}", panicked.join("\n"));
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "\\PC{0,12}", number in any::<f64>()) {
            for function in functions() {
                let args = json_of(function.example.1);
                let call = Call::parse(function.id, args.as_array().unwrap(), "").unwrap();
                for input in [json!(text), json!(number), json!([text, number]), json!({"a": text}), json!(true), json!([])] {
                    let _ = call.apply(&input);
                }
            }
        }
    }
}
