//! What a template asks for that there is not, told before it runs: functions, tests, and functions with too few or too many arguments.
//!
//! minijinja looks names up only when it comes to them, which may be at the first event, or at the first one that takes a branch. Called by
//! `template` only, with the environment that the template will run in.

use minijinja::{Environment, ErrorKind, State};

use crate::domain::mapping::functions::{find, none_such};
use crate::domain::mapping::tags::{Kind, Part, Tag, parts};

/// Words before a bracket that call nothing.
const WORDS: [&str; 12] = [
    "and", "do", "elif", "else", "for", "if", "in", "is", "not", "or", "set", "with",
];
/// Functions that a loop has of its own.
const METHODS: [&str; 2] = ["changed", "cycle"];
/// What the names of filters begin with that only `operators` writes.
const OWN: &str = "__";
/// The function that is given the name of another one.
const BY_NAME: &str = "map";
/// The function that takes more in a template than in a pipe, as Jinja has it.
const WIDENED: &str = "default";

/// What there is not, and where, in bytes from 0.
pub(super) fn unknown(text: &str, environment: &Environment<'_>) -> Option<(usize, String)> {
    let mut state = environment.empty_state();
    let parts = parts(text);
    let mut tags = parts.iter().filter_map(|part| match part {
        Part::Tag(tag) => Some(tag),
        Part::Text(_) => None,
    });
    let known: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
    tags.find_map(|tag| {
        let wrong = unknown_filter(tag, &mut state)
            .or_else(|| unknown_test(tag, &mut state))
            .or_else(|| unknown_call(tag, &known))?;
        Some((tag.start, wrong))
    })
}

/// A filter that only `operators` writes, named in a text: `map('__text')`. It is asked of a template that somebody saves, not of a saved one.
pub(super) fn named_in_text(text: &str) -> Option<String> {
    let parts = parts(text);
    let mut tags = parts.iter().filter_map(|part| match part {
        Part::Tag(tag) => Some(tag),
        Part::Text(_) => None,
    });
    tags.find_map(|tag| {
        let mut by_name = tag.filters().filter(|(_, name)| *name == BY_NAME);
        by_name.find_map(|(index, _)| {
            let named = tag.tokens.get(index + 2)?;
            let name = named.text.trim_matches(['"', '\'']);
            let is_text = tag.at(index + 1) == "(" && named.kind == Kind::Text;
            (is_text && name.starts_with(OWN)).then(|| none_such(name))
        })
    })
}

fn unknown_filter(tag: &Tag<'_>, state: &mut State<'_, '_>) -> Option<String> {
    tag.filters().find_map(|(index, name)| {
        let is_unknown = state
            .apply_filter(name, &[])
            .is_err_and(|error| error.kind() == ErrorKind::UnknownFilter);
        if is_unknown || name.starts_with(OWN) {
            Some(none_such(name))
        } else {
            miscounted(tag, index, name)
        }
    })
}

/// One of our functions that is given more or fewer arguments than it takes, or one with a name.
fn miscounted(tag: &Tag<'_>, index: usize, name: &str) -> Option<String> {
    let function = find(name).filter(|function| function.id != WIDENED)?;
    let takes = function.least()..=function.most();
    let fits = match arguments(tag, index + 1) {
        Arguments::Given(given) => takes.contains(&given),
        Arguments::Named => false,
        Arguments::Spread => true,
    };
    (!fits).then(|| function.takes())
}

/// What stands in the brackets behind a function.
enum Arguments {
    Given(usize),
    /// One is told by its name.
    Named,
    /// A list stands for them, however long it is.
    Spread,
}

fn arguments(tag: &Tag<'_>, opening: usize) -> Arguments {
    if tag.at(opening) != "(" {
        return Arguments::Given(0);
    }
    let (mut depth, mut given) = (0_usize, 0);
    for index in opening..tag.tokens.len() {
        let begins = match tag.at(index) {
            "(" | "[" | "{" => {
                depth += 1;
                index == opening
            }
            ")" | "]" | "}" if depth == 1 => break,
            ")" | "]" | "}" => {
                depth -= 1;
                false
            }
            sign => sign == "," && depth == 1,
        };
        match (tag.at(index + 1), tag.at(index + 2)) {
            _ if !begins => {}
            (")" | "", _) => {}
            ("*" | "**", _) => return Arguments::Spread,
            (_, "=") => return Arguments::Named,
            _ => given += 1,
        }
    }
    Arguments::Given(given)
}

fn unknown_test(tag: &Tag<'_>, state: &mut State<'_, '_>) -> Option<String> {
    tag.tests().find_map(|(_, name)| {
        let is_unknown = state
            .perform_test(name, &[])
            .is_err_and(|error| error.kind() == ErrorKind::UnknownTest);
        is_unknown.then(|| format!("A template knows no test `{name}`."))
    })
}

fn unknown_call(tag: &Tag<'_>, known: &[&str]) -> Option<String> {
    let is_other = |place: usize| {
        let mut named = tag.filters().chain(tag.tests());
        named.any(|(index, _)| index == place)
    };
    let mut calls = tag.words().filter(|(index, _)| tag.at(index + 1) == "(");
    calls.find_map(|(index, name)| {
        if WORDS.contains(&name) || is_other(index) {
            return None;
        }
        if tag.before(index) != "." {
            return (!known.contains(&name)).then(|| none_such(name));
        }
        (!METHODS.contains(&name)).then(|| {
            format!("A value has no function `{name}` of its own; a function is put behind a bar, like `| trim`.")
        })
    })
}
