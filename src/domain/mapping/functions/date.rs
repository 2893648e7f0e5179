//! Functions about dates and times. A value is RFC 3339, a local time with its zone behind it (`2026-01-31T09:30[Asia/Jakarta]`), or a date or local
//! time taken in UTC; a date alone is that day wherever it is told. What is told in a zone of its own stays in it: after `to_zone` a format needs no zone.
//! There is no "now" here, because the same event must give the same body for ever.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _, Unit, ZonedDateTime};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::Value;

use crate::domain::mapping::functions::number::Amount;
use crate::domain::mapping::functions::{
    Args, Function, Kind, Only, Rule, arg, opt, text_in, text_out,
};
use crate::domain::value::{is_bare_date, span_of, time_of, type_of, zone_of};

macro_rules! function {
    ($id:literal, $summary:literal, $args:expr, $example:expr, $run:expr) => {
        Function {
            id: $id,
            group: "Date",
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

const UNIT: Only = Only::Unit(&["second", "minute", "hour", "day", "week", "month", "year"]);
const START: Only = Only::Unit(&["hour", "day", "week", "month", "year"]);
const EPOCH: Only = Only::Word(&["ms", "s", "seconds"]);

pub(super) const FUNCTIONS: &[Function] = &[
    function!(
        "parse_date",
        "a text in a strftime format as a time",
        &[
            arg("format", Kind::Text).only(Only::Format),
            opt("zone", Kind::Zone),
        ],
        (
            r#""31/01/2026 09:30""#,
            r#"["%d/%m/%Y %H:%M", "Asia/Jakarta"]"#,
            r#""2026-01-31T02:30:00Z""#
        ),
        |v, args| {
            let text = text_in(v)?;
            let wrong = |error: jiff::Error| {
                format!(
                    "`{}` does not read as that format ({error})",
                    text.chars().take(40).collect::<String>()
                )
            };
            let format = spelled_out(args.text(0).unwrap_or_default());
            let parsed = jiff::fmt::strtime::parse(&format, text.trim()).map_err(wrong)?;
            if let Ok(zoned) = parsed.to_zoned_datetime() {
                return Ok(Value::from(zoned.timestamp().to_string()));
            }
            let local = parsed
                .to_datetime()
                .or_else(|_| parsed.to_date().map(|date| date.at(0, 0, 0, 0)))
                .map_err(wrong)?;
            // The text itself may say where it is meant.
            let zone = match (parsed.iana_time_zone(), parsed.offset()) {
                (Some(name), _) => TimeZone::get(name).map_err(wrong)?,
                (None, Some(offset)) => TimeZone::fixed(offset),
                (None, None) => zone(args, 1)?,
            };
            Ok(Value::from(in_zone(local, &zone)?.timestamp().to_string()))
        }
    ),
    function!(
        "format_date",
        "a time in a strftime format, in a zone (or in the one that it is told in)",
        &[
            arg("format", Kind::Text).only(Only::Format),
            opt("zone", Kind::Zone),
        ],
        (
            r#""2026-01-31T20:00:00.000Z""#,
            r#"["%d.%m.%Y %H:%M", "Asia/Jakarta"]"#,
            r#""01.02.2026 03:00""#
        ),
        |v, args| {
            let zoned = zoned(v, args, 1)?;
            let format = spelled_out(args.text(0).unwrap_or_default());
            let text = jiff::fmt::strtime::format(&format, &zoned)
                .map_err(|error| format!("the format cannot be used ({error})"))?;
            text_out(text)
        }
    ),
    Function {
        check: Some(lacks_unit),
        ..function!(
            "add_time",
            "a time later (or with a minus earlier) by an amount of units, or by a span like \"3 days\"",
            &[
                arg("amount", Kind::Any).only(Only::Amount),
                opt("unit", Kind::Text).only(UNIT)
            ],
            (
                r#""2026-01-31T00:00:00Z""#,
                r#"[1, "month"]"#,
                r#""2026-02-28T00:00:00Z""#
            ),
            |v, args| {
                let span = match (args.integer(0), args.value(0)) {
                    (Some(amount), _) => span(amount, unit(args.text(1).unwrap_or_default())?)?,
                    (None, Some(text)) => span_of(text)
                        .ok_or("the amount is a whole number, or a span like \"3 days\"")?,
                    (None, None) => return Err("the amount is a whole number".into()),
                };
                let moved = own_zoned(v)?
                    .checked_add(span)
                    .map_err(|_| "the result is out of range".to_string())?;
                Ok(written(&moved))
            }
        )
    },
    function!(
        "diff_time",
        "whole units from another time to this one",
        &[
            arg("other", Kind::Text).only(Only::Date),
            arg("unit", Kind::Text).only(UNIT)
        ],
        (
            r#""2026-01-03T12:00:00Z""#,
            r#"["2026-01-01", "days"]"#,
            "2"
        ),
        |v, args| {
            let other = time(args.value(0).unwrap_or(&Value::Null))?;
            let unit = unit(args.text(1).unwrap_or_default())?;
            let (from, to) = (
                other.to_zoned_datetime(TimeZone::UTC),
                time(v)?.to_zoned_datetime(TimeZone::UTC),
            );
            let span = from.until((unit, &to)).map_err(|error| error.to_string())?;
            let total = span
                .total((unit, &from))
                .map_err(|error| error.to_string())?;
            Ok(Value::from(total.trunc() as i64))
        }
    ),
    function!(
        "to_zone",
        "a time written in a zone",
        &[arg("zone", Kind::Zone)],
        (
            r#""2026-01-31T20:00:00Z""#,
            r#"["Asia/Jakarta"]"#,
            r#""2026-02-01T03:00:00+07:00""#
        ),
        |v, args| {
            let zoned = told_in(v, zone(args, 0)?)?;
            let text = zoned.timestamp().display_with_offset(zoned.offset());
            text_out(text.to_string())
        }
    ),
    function!(
        "to_epoch",
        "seconds (or \"ms\") since 1970",
        &[opt("unit", Kind::Text).only(EPOCH)],
        (r#""1970-01-01T00:01:00Z""#, "[]", "60"),
        |v, args| {
            let time = time(v)?;
            Ok(Value::from(if args.text(0) == Some("ms") {
                time.as_millisecond()
            } else {
                time.as_second()
            }))
        }
    ),
    function!(
        "from_epoch",
        "seconds (or \"ms\") since 1970 as a time",
        &[opt("unit", Kind::Text).only(EPOCH)],
        ("60", "[]", r#""1970-01-01T00:01:00Z""#),
        |v, args| {
            let nanoseconds = match args.text(0) {
                Some("ms") => Decimal::from(1_000_000),
                _ => Decimal::from(1_000_000_000),
            };
            let time = match Amount::of(v)? {
                Amount::Exact(number) => number.checked_mul(nanoseconds),
                Amount::Float(_) => None,
            };
            time.and_then(|time| time.trunc().to_i128())
                .and_then(|time| Timestamp::from_nanosecond(time).ok())
                .map(|time| Value::from(time.to_string()))
                .ok_or_else(|| "the time is out of range".into())
        }
    ),
    function!(
        "start_of",
        "the beginning of the day, week (its Monday), month, year or hour, in a zone (or in the one that it is told in)",
        &[arg("unit", Kind::Text).only(START), opt("zone", Kind::Zone)],
        (
            r#""2026-05-17T10:20:30Z""#,
            r#"["month"]"#,
            r#""2026-05-01T00:00:00Z""#
        ),
        |v, args| {
            let zoned = zoned(v, args, 1)?;
            let date = zoned.date();
            let start = match unit(args.text(0).unwrap_or_default()) {
                // The clock may show an hour twice: of the two it is the one that the time lies in.
                Ok(Unit::Hour) => return start_of_hour(&zoned),
                Ok(Unit::Day) => date,
                Ok(Unit::Week) => {
                    let days = i64::from(date.weekday().to_monday_zero_offset());
                    date.checked_sub(days.days())
                        .map_err(|_| "the time is out of range".to_string())?
                }
                Ok(Unit::Month) => date.first_of_month(),
                Ok(Unit::Year) => date.first_of_year(),
                _ => {
                    let other = args.text(0).unwrap_or_default();
                    return Err(format!(
                        "`{other}` is not one of hour, day, week, month, year"
                    ));
                }
            };
            Ok(written(&in_zone(start.at(0, 0, 0, 0), zoned.time_zone())?))
        }
    ),
];

/// What is wrong with a number that has no unit behind it.
fn lacks_unit(args: &[Value]) -> Option<&'static str> {
    let is_alone = args.get(1).is_none_or(Value::is_null);
    (is_alone && args.first().is_some_and(Value::is_number))
        .then_some("`add_time` takes a unit behind a number, like [3, \"days\"].")
}

/// A strftime format with what differs by country spelled out, as it is where no country is said: `%x` is `%m/%d/%y`. Left to itself jiff writes these in
/// a manner of its own and reads none of them.
pub(super) fn spelled_out(format: &str) -> String {
    const BY_COUNTRY: [(&str, &str); 4] = [
        ("%c", "%a %b %e %H:%M:%S %Y"),
        ("%x", "%m/%d/%y"),
        ("%X", "%H:%M:%S"),
        ("%r", "%I:%M:%S %p"),
    ];
    let spell = |part: &str| {
        let all = BY_COUNTRY.iter();
        all.fold(part.to_string(), |part, (sign, signs)| {
            part.replace(sign, signs)
        })
    };
    let parts: Vec<String> = format.split("%%").map(spell).collect();
    parts.join("%%")
}

fn time(value: &Value) -> Result<Timestamp, String> {
    time_in(value, &TimeZone::UTC)
}

/// The time of a text that does not say in which zone it is, in this one.
fn time_in(value: &Value, zone: &TimeZone) -> Result<Timestamp, String> {
    let time = time_of(value, zone);
    // What stands for ever has no place in the calendar.
    if time == Some(Timestamp::MAX) {
        return Err("the time is out of range".into());
    }
    time.ok_or_else(|| match value {
        Value::String(text) => format!(
            "`{}` is not a date or time",
            text.chars().take(40).collect::<String>()
        ),
        other => format!(
            "it needs a date, and the value is of type {}",
            type_of(other)
        ),
    })
}

/// A time in the zone of an argument, or in the one that it is told in.
fn zoned(value: &Value, args: &Args<'_>, index: usize) -> Result<ZonedDateTime, String> {
    match args.text(index) {
        Some(_) => told_in(value, zone(args, index)?),
        None => own_zoned(value),
    }
}

/// A time as it is in a zone. A date alone begins there: from elsewhere it would often be the day before.
fn told_in(value: &Value, zone: TimeZone) -> Result<ZonedDateTime, String> {
    let time = match value.as_str() {
        Some(text) if is_bare_date(text) => time_in(value, &zone)?,
        _ => time(value)?,
    };
    Ok(time.to_zoned_datetime(zone))
}

/// A time in the zone, or at the distance from UTC, that it is told in.
fn own_zoned(value: &Value) -> Result<ZonedDateTime, String> {
    let time = time(value)?;
    let zone = zone_of(value.as_str().unwrap_or_default());
    Ok(time.to_zoned_datetime(zone.unwrap_or(TimeZone::UTC)))
}

/// A time as a text that keeps its distance from UTC.
fn written(zoned: &ZonedDateTime) -> Value {
    let time = zoned.timestamp();
    Value::from(if zoned.offset().is_zero() {
        time.to_string()
    } else {
        time.display_with_offset(zoned.offset()).to_string()
    })
}

fn zone(args: &Args<'_>, index: usize) -> Result<TimeZone, String> {
    match args.text(index) {
        None => Ok(TimeZone::UTC),
        Some(name) => TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`")),
    }
}

fn in_zone(local: DateTime, zone: &TimeZone) -> Result<ZonedDateTime, String> {
    zone.to_zoned_datetime(local)
        .map_err(|_| "the time is out of range".to_string())
}

fn start_of_hour(zoned: &ZonedDateTime) -> Result<Value, String> {
    let start = zoned.with().minute(0).second(0).subsec_nanosecond(0);
    start
        .build()
        .map(|start| written(&start))
        .map_err(|_| "the time is out of range".into())
}

fn unit(name: &str) -> Result<Unit, String> {
    match name.trim().to_lowercase().trim_end_matches('s') {
        "second" => Ok(Unit::Second),
        "minute" => Ok(Unit::Minute),
        "hour" => Ok(Unit::Hour),
        "day" => Ok(Unit::Day),
        "week" => Ok(Unit::Week),
        "month" => Ok(Unit::Month),
        "year" => Ok(Unit::Year),
        other => Err(format!(
            "`{other}` is not one of seconds, minutes, hours, days, weeks, months, years"
        )),
    }
}

fn span(amount: i64, unit: Unit) -> Result<Span, String> {
    let span = Span::new();
    let made = match unit {
        Unit::Second => span.try_seconds(amount),
        Unit::Minute => span.try_minutes(amount),
        Unit::Hour => span.try_hours(amount),
        Unit::Day => span.try_days(amount),
        Unit::Week => span.try_weeks(amount),
        Unit::Month => span.try_months(amount),
        _ => span.try_years(amount),
    };
    made.map_err(|_| "the amount is out of range".into())
}

#[cfg(test)]
mod tests {
    use crate::domain::mapping::functions::Call;
    use serde_json::json;

    #[test]
    fn an_amount_may_be_a_span() {
        let add = |args: serde_json::Value| {
            let call = Call::parse("add_time", args.as_array().unwrap(), "").unwrap();
            call.apply(&json!("2026-01-31T00:00:00Z"))
        };
        assert_eq!(add(json!(["3 days"])), Ok(json!("2026-02-03T00:00:00Z")));
        assert_eq!(add(json!([-2, "hours"])), Ok(json!("2026-01-30T22:00:00Z")));
    }

    #[test]
    fn an_hour_that_the_clock_shows_twice_begins_where_it_is() {
        for (time, start) in [
            ("2026-11-01T05:30:00Z", "2026-11-01T01:00:00-04:00"),
            ("2026-11-01T06:30:00Z", "2026-11-01T01:00:00-05:00"),
            ("2026-11-01T07:30:00Z", "2026-11-01T02:00:00-05:00"),
        ] {
            let args = [json!("hour"), json!("America/New_York")];
            let call = Call::parse("start_of", &args, "").unwrap();
            assert_eq!(call.apply(&json!(time)), Ok(json!(start)), "{time}");
        }
    }
}
