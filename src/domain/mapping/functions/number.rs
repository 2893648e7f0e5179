//! Functions about numbers. Arithmetic is decimal, so that 0.1 + 0.2 is 0.3; integers stay integers. Beyond what a decimal holds it is floating.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::Value;

use crate::domain::mapping::functions::{Args, Function, Kind, Only, Rule, arg, opt, text_out};
use crate::domain::value::{Number, Types, bool_of, type_of};

macro_rules! function {
    ($id:literal, $summary:literal, $args:expr, $example:expr, $run:expr) => {
        Function {
            id: $id,
            group: "Number",
            summary: $summary,
            args: $args,
            example: $example,
            rule: Rule::Each,
            variadic: false,
            check: None,
            run: $run,
        }
    };
}

/// Decimal places that may be asked for.
const DIGITS_LIMIT: i64 = 20;
/// Decimal places that a decimal can have.
const MOST_PLACES: u32 = 28;
const PLACES: Only = Only::Whole(0, DIGITS_LIMIT);
const MANNER: Only = Only::Word(&["en", "id", "de", "fr"]);

pub(super) const FUNCTIONS: &[Function] = &[
    function!(
        "to_number",
        "a text as a number",
        &[],
        (r#"" 32767.5 ""#, "[]", "32767.5"),
        |v, _| match v {
            Value::Number(_) => Ok(v.clone()),
            Value::Bool(flag) => Ok(Value::from(i64::from(*flag))),
            _ => Amount::of(v)?.out(),
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
            (None, Value::String(text)) => Err(format!(
                "`{}` reads neither as yes nor as no",
                text.chars().take(40).collect::<String>()
            )),
            _ => Err(format!("the value is of type {}", type_of(v))),
        }
    ),
    function!(
        "round",
        "to decimal places, halves away from zero",
        &[opt("places", Kind::Number).only(PLACES)],
        ("2.345", "[2]", "2.35"),
        |v, args| Amount::of(v)?.rounded(digits(args, 0)?).out()
    ),
    function!(
        "floor",
        "the whole number at or below it",
        &[],
        ("2.9", "[]", "2"),
        |v, _| Amount::of(v)?.whole(|n| n.floor(), f64::floor).out()
    ),
    function!(
        "ceil",
        "the whole number at or above it",
        &[],
        ("2.1", "[]", "3"),
        |v, _| Amount::of(v)?.whole(|n| n.ceil(), f64::ceil).out()
    ),
    function!(
        "add",
        "plus a number",
        &[arg("number", Kind::Number)],
        ("0.1", "[0.2]", "0.3"),
        |v, args| calculate(v, args, Decimal::checked_add, |a, b| a + b)
    ),
    function!(
        "subtract",
        "minus a number",
        &[arg("number", Kind::Number)],
        ("5", "[2]", "3"),
        |v, args| calculate(v, args, Decimal::checked_sub, |a, b| a - b)
    ),
    function!(
        "multiply",
        "times a number",
        &[arg("number", Kind::Number)],
        (r#""1.5""#, "[2]", "3"),
        |v, args| calculate(v, args, Decimal::checked_mul, |a, b| a * b)
    ),
    function!(
        "divide",
        "divided by a number",
        &[arg("number", Kind::Number)],
        ("1", "[4]", "0.25"),
        |v, args| calculate(v, args, Decimal::checked_div, |a, b| a / b)
    ),
    function!(
        "absolute",
        "without its sign",
        &[],
        ("-3", "[]", "3"),
        |v, _| match Amount::of(v)? {
            Amount::Exact(number) => number_out(number.abs()),
            Amount::Float(number) => Amount::Float(number.abs()).out(),
        }
    ),
    function!(
        "format_number",
        "with thousands separators, in the manner of en, id, de or fr",
        &[
            opt("places", Kind::Number).only(PLACES),
            opt("manner", Kind::Text).only(MANNER)
        ],
        ("1234567.5", r#"[2, "id"]"#, r#""1.234.567,50""#),
        |v, args| {
            let manner = args.text(1).unwrap_or("en");
            let places = args.value(0).map(|_| digits(args, 0)).transpose()?;
            text_out(grouped(Amount::of(v)?, places, manner)?)
        }
    ),
    function!(
        "format_currency",
        "as an amount of a currency",
        &[
            arg("currency", Kind::Text),
            opt("manner", Kind::Text).only(MANNER)
        ],
        ("1234.5", r#"["USD"]"#, r#""USD 1,234.50""#),
        |v, args| {
            let currency = args.text(0).unwrap_or_default().trim();
            let is_code = currency.len() == 3 && currency.is_ascii();
            let currency = if is_code {
                currency.to_ascii_uppercase()
            } else {
                currency.to_string()
            };
            let places = places_of(&currency);
            let amount = grouped(Amount::of(v)?, Some(places), args.text(1).unwrap_or("en"))?;
            text_out(format!("{currency} {amount}"))
        }
    ),
];

/// Decimal places in which amounts of a currency are written: as ISO 4217 has them, but of the rupiah none, which nobody writes.
fn places_of(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "IDR" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
        | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// A number to reckon with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amount {
    Exact(Decimal),
    /// Too large or too small for a decimal.
    Float(f64),
}

impl Amount {
    /// The number, or that of a text that is one.
    pub(super) fn of(value: &Value) -> Result<Amount, String> {
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
        match (exact(&text), Number::of(value, Types::Auto)) {
            (Some(number), _) => Ok(Amount::Exact(number)),
            (None, Some(number)) => Ok(Amount::Float(number.as_f64())),
            (None, None) => Err(format!(
                "`{}` is not a number",
                text.chars().take(40).collect::<String>()
            )),
        }
    }

    fn as_f64(self) -> f64 {
        match self {
            Amount::Exact(number) => number.to_f64().unwrap_or_default(),
            Amount::Float(number) => number,
        }
    }

    /// Of two, decimal as long as that holds the result.
    pub(super) fn with(
        self,
        other: Amount,
        exactly: fn(Decimal, Decimal) -> Option<Decimal>,
        floating: fn(f64, f64) -> f64,
    ) -> Amount {
        let exact = match (self, other) {
            (Amount::Exact(one), Amount::Exact(other)) => exactly(one, other),
            _ => None,
        };
        exact.map_or_else(
            || Amount::Float(floating(self.as_f64(), other.as_f64())),
            Amount::Exact,
        )
    }

    pub(super) fn compare(self, other: Amount) -> Ordering {
        match (self, other) {
            (Amount::Exact(one), Amount::Exact(other)) => one.cmp(&other),
            _ => self.as_f64().total_cmp(&other.as_f64()),
        }
    }

    fn rounded(self, places: u32) -> Amount {
        match self {
            Amount::Exact(number) => Amount::Exact(number.round_dp_with_strategy(
                places,
                rust_decimal::RoundingStrategy::MidpointAwayFromZero,
            )),
            // So large that it has no places, or so small that it has nothing else.
            Amount::Float(number) if number.abs() < 1.0 => Amount::Exact(Decimal::ZERO),
            large => large,
        }
    }

    fn whole(self, exact: fn(Decimal) -> Decimal, floating: fn(f64) -> f64) -> Amount {
        match self {
            Amount::Exact(number) => Amount::Exact(exact(number)),
            // Too small for a decimal: what it becomes is none, or one.
            Amount::Float(number) if number.abs() < 1.0 => {
                Amount::Exact(Decimal::from(floating(number) as i64))
            }
            large => large,
        }
    }

    /// As JSON.
    pub(super) fn out(self) -> Result<Value, String> {
        match self {
            Amount::Exact(number) => number_out(number),
            Amount::Float(number) => serde_json::Number::from_f64(number)
                .map(Value::Number)
                .ok_or_else(|| "the number is out of range".into()),
        }
    }
}

/// Reads a number from a text; `None` unless it can be told exactly.
pub(super) fn parse(text: &str) -> Option<Value> {
    number_out(exact(text)?).ok()
}

fn exact(text: &str) -> Option<Decimal> {
    // A decimal may be written `1_000`, which is a number for nobody else.
    if text.contains('_') {
        return None;
    }
    let number = text.parse::<Decimal>();
    number.or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A decimal as JSON: an integer when it is one.
fn number_out(number: Decimal) -> Result<Value, String> {
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
    exactly: fn(Decimal, Decimal) -> Option<Decimal>,
    floating: fn(f64, f64) -> f64,
) -> Result<Value, String> {
    let other = Amount::of(args.value(0).unwrap_or(&Value::Null))?;
    let result = Amount::of(value)?.with(other, exactly, floating);
    result
        .out()
        .map_err(|_| "the result is out of range, or it divides by zero".into())
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

fn grouped(number: Amount, places: Option<u32>, manner: &str) -> Result<String, String> {
    let (thousands, point) = match manner {
        "en" => (",", "."),
        "id" | "de" => (".", ","),
        "fr" => ("\u{202f}", ","),
        _ => return Err(format!("`{manner}` is not one of en, id, de, fr")),
    };
    let text = match (number.rounded(places.unwrap_or(MOST_PLACES)), places) {
        (Amount::Exact(number), Some(places)) => {
            // A decimal that is told its places panics when they and all its digits are longer than its own buffer.
            let zeros = "0".repeat(places.saturating_sub(number.scale()) as usize);
            let point = if number.scale() == 0 && !zeros.is_empty() {
                "."
            } else {
                ""
            };
            format!("{number}{point}{zeros}")
        }
        (Amount::Exact(number), None) => number.normalize().to_string(),
        (Amount::Float(number), places) => {
            format!("{number:.places$}", places = places.unwrap_or(0) as usize)
        }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::domain::mapping::functions::Call;

    fn applied(id: &str, args: Value, value: Value) -> Result<Value, String> {
        let call = Call::parse(id, args.as_array().unwrap(), "").unwrap();
        call.apply(&value)
    }

    #[test]
    fn what_filters_take_as_a_number_functions_take_too() {
        let large = json!(1e30);
        for (id, args, expected) in [
            ("round", json!([2]), json!(1e30)),
            ("to_number", json!([]), json!(1e30)),
            ("absolute", json!([]), json!(1e30)),
            ("add", json!([1]), json!(1e30)),
            ("subtract", json!([1e30]), json!(0.0)),
            ("multiply", json!([10]), json!(1e31)),
            ("divide", json!([1e10]), json!(1e20)),
            ("sum", json!([]), json!(1e30)),
            ("max", json!([]), json!(1e30)),
            (
                "format_number",
                json!([0]),
                json!("1,000,000,000,000,000,019,884,624,838,656"),
            ),
        ] {
            assert_eq!(applied(id, args, large.clone()), Ok(expected), "{id}");
        }
        let longest = json!("-79228162514264337593543950335");
        for (id, args, places) in [
            ("format_number", json!([20]), 20),
            ("format_currency", json!(["-"]), 2),
        ] {
            let written = applied(id, args, longest.clone()).unwrap();
            let expected = format!(
                "-79,228,162,514,264,337,593,543,950,335.{}",
                "0".repeat(places)
            );
            assert!(written.as_str().unwrap().ends_with(&expected), "{written}");
        }
        for (number, expected) in [
            ("0.5", "0.50"),
            ("-0.001", "0.00"),
            ("7", "7.00"),
            ("1.239", "1.24"),
        ] {
            let written = applied("format_number", json!([2]), json!(number));
            assert_eq!(written, Ok(json!(expected)));
        }
        assert_eq!(
            applied("sum", json!([]), json!([1e30, "1e30"])),
            Ok(json!(2e30))
        );
        assert_eq!(applied("min", json!([]), json!([1e30, 2])), Ok(json!(2)));
        assert_eq!(applied("round", json!([]), json!(1e-40)), Ok(json!(0)));
        assert!(applied("divide", json!([0]), json!(1)).is_err());
        assert!(applied("multiply", json!([1e300]), json!(1e300)).is_err());
        assert!(applied("add", json!([1]), json!("inf")).is_err());
    }

    #[test]
    fn digits_that_are_no_number_give_none() {
        for text in [
            "tracking 123456789012345678901234567890123",
            "رقم ٣٤",
            "none",
        ] {
            assert_eq!(
                applied("extract_number", json!([]), json!(text)),
                Ok(Value::Null),
                "{text}"
            );
        }
        let both = json!("٣ of 12");
        assert_eq!(applied("extract_number", json!([]), both), Ok(json!(12)));
    }
}
