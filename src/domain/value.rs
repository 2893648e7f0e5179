//! How values are read as texts, numbers, dates and lists, and how they compare.
//!
//! With automatic types the text "12" is the number 12 and the number 12 the text "12"; with strict types nothing is converted. `None` means "not
//! of that type", which a condition reports as "cannot tell".

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp, ZonedDateTime};
use serde_json::Value;

/// Whether values are converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Types {
    Auto,
    Strict,
}

/// A number that keeps integers exact.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    /// Reads a JSON number, or with automatic types a text that is one.
    pub fn of(value: &Value, types: Types) -> Option<Number> {
        match value {
            Value::Number(number) => Number::read(&number.to_string()),
            Value::String(text) if types == Types::Auto => Number::read(text.trim()),
            _ => None,
        }
    }

    /// Reads a text that is a number.
    pub fn read(text: &str) -> Option<Number> {
        if let Ok(integer) = text.parse::<i128>() {
            return Some(Number::Integer(integer));
        }
        let looks_numeric = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        let float: f64 = text.parse().ok().filter(|_| looks_numeric)?;
        float.is_finite().then_some(Number::Float(float))
    }

    /// Orders two numbers, integers exactly.
    pub fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }

    /// The nearest floating number.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Integer(integer) => integer as f64,
            Number::Float(float) => float,
        }
    }
}

/// The name of a JSON type, as explanations say it.
pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// A text of so many characters at most; what was longer ends with an ellipsis.
pub fn cut(text: &str, limit_chars: usize) -> String {
    match text.char_indices().nth(limit_chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// Whether a value is as good as none: null, or a text, a list or an object in which nothing is.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Names that `is_type` takes.
pub const TYPE_NAMES: [&str; 6] = ["null", "boolean", "number", "text", "list", "object"];

/// Reads a text, or with automatic types the text of a number or a boolean.
pub fn text_of(value: &Value, types: Types) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(_) | Value::Bool(_) if types == Types::Auto => {
            Some(Cow::Owned(value.to_string()))
        }
        _ => None,
    }
}

/// Texts that are yes, and those that are no.
const YES: [&str; 5] = ["true", "yes", "y", "1", "on"];
const NO: [&str; 6] = ["false", "no", "n", "0", "off", ""];

/// Reads a boolean, or with automatic types a number (0 is no) or a word for yes or no.
pub fn bool_of(value: &Value, types: Types) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) if types == Types::Auto => Some(number.as_f64() != Some(0.0)),
        Value::String(text) if types == Types::Auto => {
            let is = |word: &&str| text.trim().eq_ignore_ascii_case(word);
            let (yes, no) = (YES.iter().any(is), NO.iter().any(is));
            (yes || no).then_some(yes)
        }
        _ => None,
    }
}

/// Reads a point in time: RFC 3339, a local time with its zone behind it (`2026-01-31T09:30[Asia/Jakarta]`), or a date or local time in `zone`.
pub fn time_of(value: &Value, zone: &TimeZone) -> Option<Timestamp> {
    let text = value.as_str()?.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if text.ends_with(']')
        && let Ok(zoned) = text.parse::<ZonedDateTime>()
    {
        return Some(zoned.timestamp());
    }
    let local = text
        .parse::<DateTime>()
        .or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)));
    local
        .and_then(|local| zone.to_zoned_datetime(local))
        .map(|zoned| zoned.timestamp())
        .ok()
        .or_else(|| without_end(text))
}

/// The last day of the calendar lies beyond the last time that can be told; it is how people and programs write "for ever".
fn without_end(text: &str) -> Option<Timestamp> {
    (text.starts_with("9999-12-3") && Pieces::parse(text).is_ok()).then_some(Timestamp::MAX)
}

/// The same for the end of a stretch: of a date without a time, its last moment, in the zone that it names itself if it does.
pub fn end_of(value: &Value, zone: &TimeZone) -> Option<Timestamp> {
    let time = time_of(value, zone)?;
    let date = Pieces::parse(value.as_str()?.trim()).ok();
    let Some(date) = date.filter(|pieces| pieces.time().is_none()) else {
        return Some(time);
    };
    let zone = zone_in(&date).unwrap_or_else(|| zone.clone());
    let last = time.to_zoned_datetime(zone).end_of_day();
    Some(last.map_or(Timestamp::MAX, |last| last.timestamp()))
}

/// Whether a text is a date with neither a time nor a zone.
pub fn is_bare_date(text: &str) -> bool {
    let pieces = Pieces::parse(text.trim());
    pieces.is_ok_and(|pieces| pieces.time().is_none() && zone_in(&pieces).is_none())
}

/// The zone, or the distance from UTC, that a time is told in.
pub fn zone_of(text: &str) -> Option<TimeZone> {
    zone_in(&Pieces::parse(text.trim()).ok()?)
}

fn zone_in(pieces: &Pieces<'_>) -> Option<TimeZone> {
    match pieces.to_time_zone() {
        Ok(Some(zone)) => Some(zone),
        _ => pieces.to_numeric_offset().map(TimeZone::fixed),
    }
}

/// Reads a span: `"3 days"`, `"PT2H"` or `{"amount": 3, "unit": "days"}`.
pub fn span_of(value: &Value) -> Option<Span> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(parts) => {
            let amount = parts.get("amount")?.as_i64()?;
            format!("{amount} {}", parts.get("unit")?.as_str()?)
        }
        _ => return None,
    };
    text.trim().parse::<Span>().ok()
}

/// The time that lies `span` after `from`, or before it. Days and longer are counted in UTC.
pub fn shift(from: Timestamp, span: Span, backwards: bool) -> Option<Timestamp> {
    let span = if backwards { span.negate() } else { span };
    let zoned = from.to_zoned_datetime(TimeZone::UTC);
    span.to_duration(SpanRelativeTo::from(&zoned)).ok()?;
    Some(zoned.checked_add(span).ok()?.timestamp())
}

/// Signs below this one have what they fold to looked up: Latin, Greek, Cyrillic and all others down to the punctuation.
const LOOKED_UP: u32 = 0x2100;

/// What each of them folds to; nothing for those that fold to several.
static FOLDS: LazyLock<Vec<Option<char>>> = LazyLock::new(|| {
    let only = |sign: char| {
        let mut signs = spelled(sign);
        signs.next().filter(|_| signs.next().is_none())
    };
    (0..LOOKED_UP)
        .map(|code| char::from_u32(code).and_then(only))
        .collect()
});

/// A sign in large letters and then in small ones.
fn spelled(sign: char) -> impl Iterator<Item = char> {
    sign.to_uppercase().flat_map(char::to_lowercase)
}

/// The one sign that a sign folds to, when that is told quickly.
fn fold(sign: char, folds: &[Option<char>]) -> Option<char> {
    match sign {
        '\0'..='\x7f' => Some(sign.to_ascii_lowercase()),
        // Chinese, Japanese, Korean and emoji have no case.
        '\u{2e80}'..='\u{a63f}' | '\u{ac00}'..='\u{d7ff}' | '\u{1f000}'.. => Some(sign),
        _ => folds.get(sign as usize).copied().flatten(),
    }
}

/// Whether a sign is the dot that a large dotted I leaves behind.
fn is_dot_of_i(sign: char, before: Option<char>) -> bool {
    sign == '\u{307}' && before == Some('i')
}

/// A text as it compares without regard to case, of both cases the same: also of the Greek sigma that ends a word, of ß, and of the two kinds of i
/// that Turkish has.
pub fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let has_large = text.bytes().any(|byte| byte.is_ascii_uppercase());
        return if has_large {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let folds = FOLDS.as_slice();
    let mut folded = String::with_capacity(text.len());
    for sign in text.chars() {
        match fold(sign, folds) {
            Some(one) if one != '\u{307}' => folded.push(one),
            _ => {
                for one in spelled(sign) {
                    if !is_dot_of_i(one, folded.chars().next_back()) {
                        folded.push(one);
                    }
                }
            }
        }
    }
    Cow::Owned(folded)
}

/// The signs of the folded text one after the other, for who may not need them all.
pub fn folding(text: &str) -> impl Iterator<Item = char> {
    let folds = FOLDS.as_slice();
    let mut before = None;
    let signs = text.chars().flat_map(move |sign| {
        let one = fold(sign, folds);
        let several = one.is_none().then(|| spelled(sign));
        one.into_iter().chain(several.into_iter().flatten())
    });
    signs.filter(move |sign| {
        let stays = !is_dot_of_i(*sign, before);
        if stays {
            before = Some(*sign);
        }
        stays
    })
}

/// Whether two texts are the same without regard to case.
pub fn same_text(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        one.eq_ignore_ascii_case(other)
    } else {
        one == other || folding(one).eq(folding(other))
    }
}

/// Whether two scalars are the same, as people see it: numbers by value, also when one of them is written as a text; texts with or without regard to
/// case.
pub fn same(found: &Value, expected: &Value, types: Types, case_sensitive: bool) -> Option<bool> {
    if types == Types::Strict && type_of(found) != type_of(expected) {
        return None;
    }
    if (found.is_number() || expected.is_number())
        && let (Some(found), Some(expected)) =
            (Number::of(found, types), Number::of(expected, types))
    {
        return Some(found.compare(expected)? == Ordering::Equal);
    }
    if found.is_null() && expected.is_null() {
        return Some(true);
    }
    let (found, expected) = (
        text_of(found, Types::Auto)?,
        text_of(expected, Types::Auto)?,
    );
    Some(if case_sensitive {
        found == expected
    } else {
        same_text(&found, &expected)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_folds_to_its_small_letters() {
        let folds = FOLDS.as_slice();
        for sign in '\0'..=char::MAX {
            if let Some(one) = fold(sign, folds) {
                assert!(spelled(sign).eq([one]), "{sign:?}");
            }
        }
    }

    #[test]
    fn a_text_folds_the_same_at_once_and_sign_by_sign() {
        for (text, expected) in [
            ("", ""),
            ("Straße ΟΔΟΣ", "strasse οδοσ"),
            ("İI\u{307}\u{307}i\u{307}ıe\u{307}", "iiiie\u{307}"),
            ("\u{307}Ǆǅ ﬁ", "\u{307}ǆǆ fi"),
            ("Ｄａｔｅ 漢字 ÄÖ", "ｄａｔｅ 漢字 äö"),
        ] {
            assert_eq!(folded(text), expected);
            assert!(folding(text).eq(expected.chars()), "{text}");
        }
    }
}
