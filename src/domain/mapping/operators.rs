//! The operators of a template that minijinja does otherwise than the rest of the bridge: `~` prints null as `None`, and `<` and `==` take a number
//! that is written as a text for a text. Before minijinja reads a template, each such operator is written as a filter of ours.
//!
//! `a ~ b` becomes `(a) | __text ~ (b) | __text`, and `a < b` becomes `(a) | __is("<", (b))`; lines stay where they are. What stands on the sides of an
//! operator is found as minijinja's reader finds it: by brackets and by how closely operators bind. A tag that cannot be understood is left as it is, and
//! refused by minijinja. Called by `template` only.

use std::cmp::Ordering;
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, State, Value as Jinja};
use serde_json::Value;

use crate::domain::mapping::tags::{Kind, Part, Tag, parts};
use crate::domain::value::{Number, Types, time_of};

/// Prints a value as the bridge does.
pub(super) const TEXT: &str = "__text";
/// Compares a value with others, each behind the sign of an operator.
pub(super) const IS: &str = "__is";

/// Operators that compare two values, with the names under which they are tests.
const COMPARES: [(&str, &[&str]); 6] = [
    ("==", &["==", "eq", "equalto"]),
    ("!=", &["!=", "ne"]),
    ("<", &["<", "lt", "lessthan"]),
    ("<=", &["<=", "le"]),
    (">", &[">", "gt", "greaterthan"]),
    (">=", &[">=", "ge"]),
];
/// Words that end an expression, or stand before one. Others do so in statements that are not there: imports and loops that call themselves.
const PARTING: [&str; 4] = ["and", "or", "if", "else"];

/// How many blocks a tag may stand in that is tried by itself. A try takes as long as its blocks, and nobody writes that many.
const BLOCKS_LIMIT: usize = 20;

/// The template with its operators written as filters.
pub(super) fn rewritten(text: &str) -> String {
    let mut edits: Vec<Edit> = Vec::new();
    for part in parts(text) {
        if let Part::Tag(tag) = part {
            edits.extend(Reader::new(&tag).edits());
        }
    }
    edited(text, 0..text.len(), &edits)
}

/// The same, but a tag that cannot be read with its operators written out stays as it is: one that would be nested too deeply. Each is tried once and by
/// itself, as deep in blocks as it stands.
pub(super) fn rewritten_where(text: &str, can_be_read: impl Fn(&str) -> bool) -> String {
    let (mut kept, mut depth) = (Vec::new(), 0_usize);
    for part in parts(text) {
        let Part::Tag(tag) = part else { continue };
        let edits = Reader::new(&tag).edits();
        if !edits.is_empty()
            && depth <= BLOCKS_LIMIT
            && can_be_read(&alone(text, &tag, &edits, depth))
        {
            kept.extend(edits);
        }
        if tag.opens_block() {
            depth += 1;
        } else if tag.statement().starts_with("end") {
            depth = depth.saturating_sub(1);
        }
    }
    edited(text, 0..text.len(), &kept)
}

/// A template of one tag, within as many blocks; the innermost of them is one that `elif` may stand in.
fn alone(text: &str, tag: &Tag<'_>, edits: &[Edit], depth: usize) -> String {
    let written = edited(text, tag.start..tag.end, edits);
    let end = if tag.opens_block() {
        format!("{{%end{}%}}", tag.statement())
    } else {
        String::new()
    };
    let (opening, closing) = ("{%if x%}".repeat(depth), "{%endif%}".repeat(depth));
    format!("{opening}{written}{end}{closing}")
}

/// A stretch of the text with the edits that belong there.
fn edited(text: &str, stretch: Range<usize>, edits: &[Edit]) -> String {
    let (mut written, mut taken) = (String::with_capacity(text.len()), stretch.start);
    for edit in edits {
        written.push_str(text.get(taken..edit.at).unwrap_or_default());
        written.push_str(&edit.put);
        taken = edit.at + edit.removed;
    }
    written.push_str(text.get(taken..stretch.end).unwrap_or_default());
    written
}

/// Something put into the text, in the place of `removed` bytes.
struct Edit {
    at: usize,
    /// Of several at one place: what ends there comes before what begins there.
    rank: u8,
    removed: usize,
    put: String,
}

/// An expression that is being read: the whole of a tag, or what stands in a pair of brackets.
#[derive(Default)]
struct Open {
    /// Where the present comparison begins, and where its operators are.
    chain: usize,
    signs: Vec<usize>,
    /// `in` is among the operators.
    has_in: bool,
    /// Where the present side of `~` begins, and whether it has an operator before it.
    side: usize,
    sides: Vec<(usize, usize)>,
}

struct Reader<'t> {
    tag: &'t Tag<'t>,
    /// Where the `in` of a loop is.
    loops_over: Option<usize>,
    open: Vec<Open>,
    edits: Vec<Edit>,
}

impl<'t> Reader<'t> {
    fn new(tag: &'t Tag<'t>) -> Reader<'t> {
        Reader {
            tag,
            loops_over: tag.loops_over(),
            open: Vec::new(),
            edits: Vec::new(),
        }
    }

    fn edits(mut self) -> Vec<Edit> {
        let is_statement = usize::from(!self.tag.prints);
        self.begin(is_statement);
        for index in is_statement..self.tag.tokens.len() {
            self.pass(index);
        }
        while !self.open.is_empty() {
            self.end(self.tag.tokens.len());
        }
        self.edits.sort_by_key(|edit| (edit.at, edit.rank));
        self.edits
    }

    fn pass(&mut self, index: usize) {
        let Some(token) = self.tag.tokens.get(index) else {
            return;
        };
        match (token.kind, token.text) {
            (Kind::Sign, "(" | "[" | "{") => self.begin(index + 1),
            (Kind::Sign, ")" | "]" | "}") => self.end(index),
            (Kind::Sign, "," | ":" | "=") => self.part(index),
            (Kind::Sign, "<" | "<=" | ">" | ">=" | "==" | "!=") => self.compare(index, false),
            (Kind::Sign, "~") => self.join(index),
            (Kind::Sign, "+" | "-") if self.is_binary(index) => self.part_side(index),
            (Kind::Word, word) if !matches!(self.tag.before(index), "." | "|") => {
                self.word(index, word);
            }
            _ => {}
        }
    }

    fn word(&mut self, index: usize, word: &str) {
        let is_first_in = self.open.len() == 1 && self.loops_over == Some(index);
        match word {
            _ if self.is_test(index) => {}
            "in" if is_first_in => self.part(index),
            "in" if self.tag.before(index) == "not" => {
                if let Some(open) = self.open.last_mut() {
                    (open.has_in, open.side) = (true, index + 1);
                }
            }
            "in" => self.compare(index, true),
            "not" if self.tag.at(index + 1) == "in" => self.compare(index, true),
            "not" => self.part(index),
            word if PARTING.contains(&word) => self.part(index),
            _ => {}
        }
    }

    /// Whether a word names a test.
    fn is_test(&self, index: usize) -> bool {
        match self.tag.before(index) {
            "is" => true,
            "not" => index
                .checked_sub(2)
                .is_some_and(|two| self.tag.at(two) == "is"),
            _ => false,
        }
    }

    /// Whether a sign has something to its left that it belongs to; behind a test it begins what the test is given.
    fn is_binary(&self, index: usize) -> bool {
        let begins = self.open.last().is_some_and(|open| open.side == index)
            || index.checked_sub(1).is_some_and(|last| self.is_test(last));
        const OPERATORS: [&str; 14] = [
            "*", "/", "//", "%", "**", "+", "-", "~", "<", "<=", ">", ">=", "==", "!=",
        ];
        !begins && !OPERATORS.contains(&self.tag.before(index))
    }

    fn begin(&mut self, index: usize) {
        self.open.push(Open {
            chain: index,
            side: index,
            ..Open::default()
        });
    }

    fn end(&mut self, index: usize) {
        self.part(index);
        self.open.pop();
    }

    /// A side of `~` ends, and another one follows.
    fn join(&mut self, index: usize) {
        if let Some(open) = self.open.last_mut() {
            open.sides.push((open.side, index));
            open.side = index + 1;
        }
    }

    /// All sides of one `~` or several have been seen.
    fn part_side(&mut self, index: usize) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let mut sides = std::mem::take(&mut open.sides);
        if !sides.is_empty() {
            sides.push((open.side, index));
        }
        open.side = index + 1;
        if sides.iter().any(|(start, end)| start >= end) {
            return;
        }
        for (start, end) in sides {
            self.put(self.starts(start), 4, 0, "(".into());
            self.put(self.ends(end), 0, 0, format!(") | {TEXT}"));
        }
    }

    /// An operator that compares.
    fn compare(&mut self, index: usize, is_in: bool) {
        self.part_side(index);
        if let Some(open) = self.open.last_mut() {
            open.signs.push(index);
            open.has_in |= is_in;
        }
    }

    /// A whole expression has been seen.
    fn part(&mut self, index: usize) {
        self.part_side(index);
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let (chain, signs) = (open.chain, std::mem::take(&mut open.signs));
        let has_in = std::mem::take(&mut open.has_in);
        open.chain = index + 1;
        if has_in || signs.is_empty() {
            return;
        }
        let begins = std::iter::once(chain).chain(signs.iter().map(|sign| sign + 1));
        let ends = signs.iter().copied().chain([index]);
        if begins.zip(ends).any(|(start, end)| start >= end) {
            return;
        }
        self.put(self.starts(chain), 3, 0, "(".into());
        for (place, sign) in signs.iter().enumerate() {
            let written = self.tag.at(*sign);
            let put = match place {
                0 => format!(") | {IS}(\"{written}\", ("),
                _ => format!("), \"{written}\", ("),
            };
            self.put(self.starts(*sign), 2, written.len(), put);
        }
        self.put(self.ends(index), 1, 0, "))".into());
    }

    /// Where a token begins, in bytes of the template.
    fn starts(&self, index: usize) -> usize {
        self.tag.tokens.get(index).map_or(0, |token| token.start)
    }

    /// Where the token before one ends.
    fn ends(&self, index: usize) -> usize {
        let last = index
            .checked_sub(1)
            .and_then(|last| self.tag.tokens.get(last));
        last.map_or(0, |token| token.start + token.text.len())
    }

    fn put(&mut self, at: usize, rank: u8, removed: usize, put: String) {
        self.edits.push(Edit {
            at,
            rank,
            removed,
            put,
        });
    }
}

/// Adds the tests that compare values; `pay` pays for looking at one.
pub(super) fn add_tests(
    environment: &mut Environment<'static>,
    pay: fn(&State<'_, '_>, &Jinja) -> Result<Value, Error>,
) {
    for (sign, names) in COMPARES {
        for name in names {
            environment.add_test(
                *name,
                move |state: &State<'_, '_>, one: Jinja, other: Jinja| {
                    holds(state, &one, sign, &other, pay)
                },
            );
        }
    }
}

/// Whether a comparison holds. Where two values cannot be put in an order it does not, as in filters.
pub(super) fn holds(
    state: &State<'_, '_>,
    one: &Jinja,
    sign: &str,
    other: &Jinja,
    pay: fn(&State<'_, '_>, &Jinja) -> Result<Value, Error>,
) -> Result<bool, Error> {
    for side in [one, other] {
        if matches!(
            side.kind(),
            ValueKind::Seq | ValueKind::Iterable | ValueKind::Map
        ) {
            pay(state, side)?;
        }
    }
    let order = order(one, other);
    Ok(match sign {
        "==" => equal(one, other),
        "!=" => !equal(one, other),
        "<" => order == Some(Ordering::Less),
        ">" => order == Some(Ordering::Greater),
        "<=" => order.is_some_and(Ordering::is_le),
        _ => order.is_some_and(Ordering::is_ge),
    })
}

/// Numbers by value, also when one of them is written as a text, as in filters; anything else as Jinja has it.
fn equal(one: &Jinja, other: &Jinja) -> bool {
    let is_number = |value: &Jinja| value.kind() == ValueKind::Number;
    if (is_number(one) || is_number(other))
        && let (Some(one), Some(other)) = (number(one), number(other))
    {
        return one.compare(other) == Some(Ordering::Equal);
    }
    one == other
}

/// A number, also when it is written as a text.
fn number(value: &Jinja) -> Option<Number> {
    match value.kind() {
        ValueKind::Number => Number::of(&serde_json::to_value(value).ok()?, Types::Strict),
        ValueKind::String => Number::read(value.as_str()?.trim()),
        _ => None,
    }
}

/// Numbers by value, also when they are written as texts; dates and times by their moment; others among their kind.
fn order(one: &Jinja, other: &Jinja) -> Option<Ordering> {
    if let (Some(one), Some(other)) = (number(one), number(other)) {
        return one.compare(other);
    }
    // The same moment may be told from two zones.
    if let (Some(one), Some(other)) = (time(one), time(other)) {
        return Some(one.cmp(&other));
    }
    let is_there = !one.is_none() && !one.is_undefined();
    let are_alike = match (one.kind(), other.kind()) {
        (ValueKind::Number | ValueKind::Bool, ValueKind::Number | ValueKind::Bool) => true,
        (one, other) => one == other,
    };
    (is_there && are_alike).then(|| one.cmp(other))
}

fn time(value: &Jinja) -> Option<Timestamp> {
    time_of(&value.as_str()?.into(), &TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use minijinja::ErrorKind;
    use minijinja::value::Rest;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn operators_are_written_as_filters_between_what_binds_more_closely() {
        for (text, expected) in [
            ("{{ a ~ b }}", "{{ (a) | __text ~ (b) | __text }}"),
            ("{{a~b.c|upper}}", "{{(a) | __text~(b.c|upper) | __text}}"),
            (
                "{{ a ~ -b * 2 ~ 'x' + c }}",
                "{{ (a) | __text ~ (-b * 2) | __text ~ ('x') | __text + c }}",
            ),
            (
                "{{ f(a ~ b, c)[d ~ e] ~ g }}",
                "{{ (f((a) | __text ~ (b) | __text, c)[(d) | __text ~ (e) | __text]) | __text ~ (g) | __text }}",
            ),
            (
                "{% if not a > b and c is not none %}",
                "{% if not (a ) | __is(\">\", ( b)) and c is not none %}",
            ),
            (
                "{% set x = a ~ b < c ~ d if e else f %}",
                "{% set x = ((a) | __text ~ (b) | __text ) | __is(\"<\", ( (c) | __text ~ (d) | __text)) if e else f %}",
            ),
            (
                "{% for x in a if x.n >= 2 == y %}",
                "{% for x in a if (x.n ) | __is(\">=\", ( 2 ), \"==\", ( y)) %}",
            ),
            ("{{ a is lt(b) }}", "{{ a is lt(b) }}"),
            (
                "{{ a < b in c }}{{ a == b }}{{ f(k=not a != b) }}",
                "{{ a < b in c }}{{ (a ) | __is(\"==\", ( b)) }}{{ f(k=not (a ) | __is(\"!=\", ( b))) }}",
            ),
            (
                "{{ a not in b and c < d }}",
                "{{ a not in b and (c ) | __is(\"<\", ( d)) }}",
            ),
            (
                "{{ a ~ }}{{ < b }}{{ ) ~ a }}",
                "{{ a ~ }}{{ < b }}{{ ) ~ a }}",
            ),
            (
                "{{ as ~ 1e-5 ~ import }}{{ recursive ~ a is eq -1 }}",
                "{{ (as) | __text ~ (1e-5) | __text ~ (import) | __text }}{{ (recursive) | __text ~ (a is eq -1) | __text }}",
            ),
            (
                "{# a ~ b #}{% raw %}{{ a ~ b }}{% endraw %} a ~ b",
                "{# a ~ b #}{% raw %}{{ a ~ b }}{% endraw %} a ~ b",
            ),
        ] {
            assert_eq!(rewritten(text), expected, "{text}");
        }
    }

    /// An environment in which our filters do what minijinja's operators do.
    fn plain() -> Environment<'static> {
        let mut environment = Environment::new();
        environment.add_filter(TEXT, |value: Jinja| value);
        environment.add_filter(IS, |value: Jinja, others: Rest<Jinja>| {
            let mut left = value;
            others.chunks_exact(2).all(|pair| {
                let holds = match pair[0].as_str().unwrap() {
                    "<" => left < pair[1],
                    "<=" => left <= pair[1],
                    ">" => left > pair[1],
                    ">=" => left >= pair[1],
                    "==" => left == pair[1],
                    _ => left != pair[1],
                };
                left = pair[1].clone();
                holds
            })
        });
        environment
    }

    fn any_expression() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "1",
            "2.5",
            "1e-5",
            "1.e+2",
            "0x1e-5",
            "((((((((((((x))))))))))))",
            "[[[['c']]]][0][0][0][0]",
            "(x is eq -2)",
            "'a<b'",
            "x",
            "x.y",
            "-3",
            "none",
            "[1, 2][0]",
            "(x is none)",
            "'c'|upper",
        ]);
        let leaf = leaf.prop_map(str::to_string);
        leaf.prop_recursive(4, 30, 3, |inner| {
            let operator = prop::sample::select(vec![
                " ~ ", "~", " < ", "<=", " > ", ">=", " == ", "!=", " in ", " not in ", " and ",
                " or ", " + ", "-", "*", " if ",
            ]);
            prop_oneof![
                (inner.clone(), operator, inner.clone())
                    .prop_map(|(a, sign, b)| format!("{a}{sign}{b}")),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(a, b, c)| format!("{a} if {b} else {c}")),
                inner.clone().prop_map(|a| format!("({a})")),
                inner.clone().prop_map(|a| format!("(not {a})")),
                inner
                    .clone()
                    .prop_map(|a| format!("[{a}, {{'k': {a}}}]|length")),
                (inner.clone(), inner).prop_map(|(a, b)| format!("({a})|default({b})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_template_says_the_same_with_its_operators_written_out(expression in any_expression()) {
            let environment = plain();
            let context = minijinja::context!(x => 2);
            for text in [format!("{{{{ not {expression} }}}}{{{{ {expression} }}}}"), format!("{{%if {expression}%}}y{{%- endif -%}}"), format!("{{% for i in [{expression}] if i ~ ({expression}) %}}{{{{ i }}}}{{% endfor %}}")] {
                let as_it_is = environment.render_str(&text, context.clone());
                let written_out = environment.render_str(&rewritten(&text), context.clone());
                match (as_it_is, written_out) {
                    (Ok(one), Ok(other)) => prop_assert_eq!(one, other, "{}", text),
                    // All sides of `a < b < c` are looked at, also where the first two decide.
                    (Ok(_), Err(other)) if other.kind() == ErrorKind::InvalidOperation => {}
                    // What cannot be read is refused as it is.
                    (Err(one), _) if one.kind() == ErrorKind::SyntaxError => {}
                    (Err(one), Err(other)) => prop_assert_eq!(one.kind(), other.kind(), "{}", text),
                    (one, other) => prop_assert!(false, "{}: {:?} {:?}", text, one, other),
                }
            }
        }
    }
}
