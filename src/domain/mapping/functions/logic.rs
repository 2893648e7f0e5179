//! Functions that choose: what to take when a value is missing, and what to make of a known one. Texts are compared without regard to case, as filters
//! do.

use serde_json::Value;

use crate::domain::mapping::functions::{Function, Kind, Rule, arg, opt};
use crate::domain::value::{Types, folded, is_empty, same};

macro_rules! function {
    ($id:literal, $rule:expr, $summary:literal, $args:expr, $example:expr, $run:expr) => {
        Function {
            id: $id,
            group: "Choice",
            summary: $summary,
            args: $args,
            example: $example,
            rule: $rule,
            variadic: false,
            check: None,
            run: $run,
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    function!(
        "default",
        Rule::Anything,
        "another value when it is missing or null",
        &[arg("value", Kind::Any)],
        ("null", r#"["-"]"#, r#""-""#),
        |v, args| {
            Ok(if v.is_null() {
                args.values.first().cloned().unwrap_or(Value::Null)
            } else {
                v.clone()
            })
        }
    ),
    function!(
        "default_if_empty",
        Rule::Anything,
        "another value when it is missing, null, or an empty text, list or object",
        &[arg("value", Kind::Any)],
        (r#""""#, r#"["-"]"#, r#""-""#),
        |v, args| {
            Ok(if is_empty(v) {
                args.values.first().cloned().unwrap_or(Value::Null)
            } else {
                v.clone()
            })
        }
    ),
    Function {
        variadic: true,
        ..function!(
            "coalesce",
            Rule::Anything,
            "the first that is not null: the value, then the arguments",
            &[arg("value", Kind::Any), opt("another", Kind::Any)],
            ("null", r#"[null, "b"]"#, r#""b""#),
            |v, args| {
                Ok(std::iter::once(v)
                    .chain(args.values)
                    .find(|value| !value.is_null())
                    .cloned()
                    .unwrap_or(Value::Null))
            }
        )
    },
    function!(
        "if_equals",
        Rule::EachOrMissing,
        "one value when it equals something (null: when it is missing), else another (or itself)",
        &[
            arg("equals", Kind::Any),
            arg("then", Kind::Any),
            opt("else", Kind::Any)
        ],
        ("true", r#"[true, "done", "open"]"#, r#""done""#),
        |v, args| {
            let equal = args
                .values
                .first()
                .is_some_and(|expected| same(v, expected, Types::Auto, false) == Some(true));
            Ok(if equal {
                args.values.get(1).cloned().unwrap_or(Value::Null)
            } else {
                args.values.get(2).unwrap_or(v).clone()
            })
        }
    ),
    function!(
        "lookup",
        Rule::EachOrMissing,
        "the entry of a table, in whichever case it is written, or a fallback (or null); a missing value has the entry `null`",
        &[arg("table", Kind::Object), opt("fallback", Kind::Any)],
        (r#""hi""#, r#"[{"hi": "high", "lo": "low"}]"#, r#""high""#),
        |v, args| {
            let key = v.as_str().map_or_else(|| v.to_string(), str::to_string);
            let table = args.values.first().and_then(Value::as_object);
            let entry = table.and_then(|table| {
                table
                    .get(&key)
                    .or_else(|| args.entries.get(folded(&key).as_ref()))
            });
            Ok(entry
                .or_else(|| args.values.get(1))
                .cloned()
                .unwrap_or(Value::Null))
        }
    ),
];
