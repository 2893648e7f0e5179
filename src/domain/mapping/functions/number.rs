//! Functions about numbers. Arithmetic is decimal, so that 0.1 + 0.2 is 0.3; integers stay integers.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::Value;

use crate::domain::mapping::functions::{Args, Function, Kind, Rule, arg, opt, text_out};
use crate::domain::value::{Types, bool_of, type_of};

macro_rules! function {
    ($id:literal, $summary:literal, $args:expr, $example:expr, $run:expr) => {
        Function {
            id: $id,
            group: "Number",
            summary: $summary,
            args: $args,
            example: $example,
            rule: Rule::Each,
            run: $run,
        }
    };
}

/// Decimal places that may be asked for.
const DIGITS_LIMIT: i64 = 20;

pub(super) const FUNCTIONS: &[Function] = &[
    function!(
        "to_number",
        "a text as a number",
        &[],
        (r#"" 32767.5 ""#, "[]", "32767.5"),
        |v, _| match v {
            Value::Number(_) => Ok(v.clone()),
            Value::Bool(flag) => Ok(Value::from(i64::from(*flag))),
            _ => number_out(decimal(v)?),
        }
    ),
    function!(
        "to_text",
        "a number or yes/no as a text",
        &[],
        ("12", "[]", r#""12""#),
        |v, _| text_out(match v {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    ),
    function!(
        "to_boolean",
        "yes or no",
        &[],
        (r#""true""#, "[]", "true"),
        |v, _| match (bool_of(v, Types::Auto), v) {
            (Some(flag), _) => Ok(Value::from(flag)),
            (None, Value::Number(number)) => Ok(Value::from(number.as_f64() != Some(0.0))),
            (None, Value::String(text)) => match text.trim().to_lowercase().as_str() {
                "yes" | "y" | "1" | "on" => Ok(Value::from(true)),
                "no" | "n" | "0" | "off" | "" => Ok(Value::from(false)),
                _ => Err(format!(
                    "`{}` reads neither as yes nor as no",
                    text.chars().take(40).collect::<String>()
                )),
            },
            _ => Err(format!("the value is of type {}", type_of(v))),
        }
    ),
    function!(
        "round",
        "to decimal places, halves away from zero",
        &[opt("places", Kind::Number)],
        ("2.345", "[2]", "2.35"),
        |v, args| {
            let rounded = decimal(v)?.round_dp_with_strategy(
                digits(args, 0)?,
                rust_decimal::RoundingStrategy::MidpointAwayFromZero,
            );
            number_out(rounded)
        }
    ),
    function!(
        "add",
        "plus a number",
        &[arg("number", Kind::Number)],
        ("0.1", "[0.2]", "0.3"),
        |v, args| calculate(v, args, Decimal::checked_add)
    ),
    function!(
        "subtract",
        "minus a number",
        &[arg("number", Kind::Number)],
        ("5", "[2]", "3"),
        |v, args| calculate(v, args, Decimal::checked_sub)
    ),
    function!(
        "multiply",
        "times a number",
        &[arg("number", Kind::Number)],
        (r#""1.5""#, "[2]", "3"),
        |v, args| calculate(v, args, Decimal::checked_mul)
    ),
    function!(
        "divide",
        "divided by a number",
        &[arg("number", Kind::Number)],
        ("1", "[4]", "0.25"),
        |v, args| calculate(v, args, Decimal::checked_div)
    ),
    function!(
        "absolute",
        "without its sign",
        &[],
        ("-3", "[]", "3"),
        |v, _| number_out(decimal(v)?.abs())
    ),
    function!(
        "format_number",
        "with thousands separators, in the manner of en, id, de or fr",
        &[opt("places", Kind::Number), opt("manner", Kind::Text)],
        ("1234567.5", r#"[2, "id"]"#, r#""1.234.567,50""#),
        |v, args| {
            let manner = args.text(1).unwrap_or("en");
            let places = args.value(0).map(|_| digits(args, 0)).transpose()?;
            text_out(grouped(decimal(v)?, places, manner)?)
        }
    ),
    function!(
        "format_currency",
        "as an amount of a currency",
        &[arg("currency", Kind::Text), opt("manner", Kind::Text)],
        ("1234.5", r#"["USD"]"#, r#""USD 1,234.50""#),
        |v, args| {
            let currency = args.text(0).unwrap_or_default();
            let places = if ["JPY", "KRW", "VND", "IDR", "CLP"].contains(&currency) {
                0
            } else {
                2
            };
            let amount = grouped(decimal(v)?, Some(places), args.text(1).unwrap_or("en"))?;
            text_out(format!("{currency} {amount}"))
        }
    ),
];

/// Reads a number from a text.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    number_out(decimal(&Value::from(text))?)
}

/// The decimal of a number, or of a text that is one.
pub(super) fn decimal(value: &Value) -> Result<Decimal, String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_string(),
        _ => {
            return Err(format!(
                "it needs a number, and the value is of type {}",
                type_of(value)
            ));
        }
    };
    text.parse::<Decimal>()
        .or_else(|_| Decimal::from_scientific(&text))
        .map_err(|_| {
            format!(
                "`{}` is not a number",
                text.chars().take(40).collect::<String>()
            )
        })
}

/// A decimal as JSON: an integer when it is one.
pub(super) fn number_out(number: Decimal) -> Result<Value, String> {
    let number = number.normalize();
    let whole = number.is_integer();
    if let Some(integer) = number.to_i64().filter(|_| whole) {
        return Ok(Value::from(integer));
    }
    if let Some(integer) = number.to_u64().filter(|_| whole) {
        return Ok(Value::from(integer));
    }
    number
        .to_string()
        .parse::<f64>()
        .ok()
        .and_then(serde_json::Number::from_f64)
        .map(Value::Number)
        .ok_or_else(|| "the number is out of range".into())
}

fn calculate(
    value: &Value,
    args: &Args<'_>,
    with: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Result<Value, String> {
    let other = decimal(args.value(0).unwrap_or(&Value::Null))?;
    number_out(
        with(decimal(value)?, other).ok_or("the result is out of range, or it divides by zero")?,
    )
}

fn digits(args: &Args<'_>, index: usize) -> Result<u32, String> {
    match args.value(index) {
        None => Ok(0),
        Some(_) => args
            .integer(index)
            .filter(|places| (0..=DIGITS_LIMIT).contains(places))
            .and_then(|places| u32::try_from(places).ok())
            .ok_or_else(|| format!("decimal places are a whole number from 0 to {DIGITS_LIMIT}")),
    }
}

fn grouped(number: Decimal, places: Option<u32>, manner: &str) -> Result<String, String> {
    let (thousands, point) = match manner {
        "en" => (",", "."),
        "id" | "de" => (".", ","),
        "fr" => ("\u{202f}", ","),
        _ => return Err(format!("`{manner}` is not one of en, id, de, fr")),
    };
    let text = match places {
        Some(places) => {
            let places = places as usize;
            let rounded = number.round_dp_with_strategy(
                places as u32,
                rust_decimal::RoundingStrategy::MidpointAwayFromZero,
            );
            format!("{rounded:.places$}")
        }
        None => number.normalize().to_string(),
    };
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let first = whole.len() % 3;
    let mut groups: Vec<&str> = Vec::new();
    if first > 0 {
        groups.extend(whole.get(..first));
    }
    groups.extend(
        (first..whole.len())
            .step_by(3)
            .filter_map(|start| whole.get(start..start + 3)),
    );
    let fraction = fraction
        .map(|fraction| format!("{point}{fraction}"))
        .unwrap_or_default();
    Ok(format!("{sign}{}{fraction}", groups.join(thousands)))
}
