//! Every text that pages use exists in every language, takes the same arguments everywhere, and is used. Reads sources, templates and locales.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{
    CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement,
};
use fluent_syntax::parser;

const LANGUAGES: [&str; 2] = ["en", "id"];

/// A message: its file without the ending, and the arguments it takes.
type Messages = BTreeMap<String, (String, BTreeSet<String>)>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if ending.is_some_and(|ending| endings.contains(&ending)) {
            found.push(path);
        }
    }
    found
}

fn messages(language: &str) -> Messages {
    let mut found = Messages::new();
    for path in files(&root().join("locales").join(language), &["ftl"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        let resource = parser::parse(text.as_str())
            .unwrap_or_else(|(_, errors)| panic!("{} has mistakes: {errors:?}", path.display()));
        for entry in resource.body {
            let Entry::Message(message) = entry else {
                continue;
            };
            let key = message.id.name.to_string();
            let mut taken = BTreeSet::new();
            let pattern = message.value.expect("a message without a text");
            in_pattern(&pattern, &mut taken);
            let before = found.insert(key.clone(), (name.clone(), taken));
            assert!(before.is_none(), "{key} is given twice in {language}");
        }
    }
    assert!(found.len() > 50, "hardly any text in {language}");
    found
}

fn in_pattern(pattern: &Pattern<&str>, taken: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            in_expression(expression, taken);
        }
    }
}

fn in_expression(expression: &Expression<&str>, taken: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => in_inline(inline, taken),
        Expression::Select { selector, variants } => {
            in_inline(selector, taken);
            for variant in variants {
                in_pattern(&variant.value, taken);
            }
        }
    }
}

fn in_inline(inline: &InlineExpression<&str>, taken: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            taken.insert(id.name.to_string());
        }
        InlineExpression::FunctionReference { arguments, .. } => in_call(arguments, taken),
        InlineExpression::Placeable { expression } => in_expression(expression, taken),
        _ => {}
    }
}

fn in_call(arguments: &CallArguments<&str>, taken: &mut BTreeSet<String>) {
    for argument in &arguments.positional {
        in_inline(argument, taken);
    }
}

/// One use of a text: where, by which macro, its key and the arguments it gives.
struct Use {
    place: String,
    call: &'static str,
    key: String,
    given: BTreeSet<String>,
}

fn uses() -> Vec<Use> {
    let mut found = Vec::new();
    let mut read = files(&root().join("src"), &["rs"]);
    read.extend(files(&root().join("templates"), &["html", "txt"]));
    for path in read {
        // There the macros are made and explained.
        if path.ends_with("web/i18n.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for call in ["t!", "markup!", "key!", "told!"] {
            for (start, _) in text.match_indices(&format!("{call}(")) {
                let is_word = text[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                if !is_word {
                    let inside = inside(&text[start + call.len()..]);
                    let (key, given) = read_call(inside);
                    let place = path.strip_prefix(root()).unwrap().display().to_string();
                    found.push(Use {
                        place,
                        call,
                        key,
                        given,
                    });
                }
            }
        }
    }
    assert!(found.len() > 50, "hardly any use of a text was found");
    found
}

/// What stands between the first parenthesis and its end.
fn inside(text: &str) -> &str {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (place, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return &text[1..place];
                }
            }
            _ => {}
        }
    }
    panic!("a call without an end: {}", &text[..text.len().min(80)]);
}

/// The literal key and the names of the arguments.
fn read_call(inside: &str) -> (String, BTreeSet<String>) {
    let parts = parts(inside);
    let key = parts[0].trim();
    let key = key
        .strip_prefix('"')
        .and_then(|key| key.strip_suffix('"'))
        .unwrap_or_else(|| panic!("a key must be a literal: {inside}"));
    let named = |part: &String| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim();
        let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        (is_name && !value.starts_with('=')).then(|| name.to_string())
    };
    (
        key.to_string(),
        parts[1..].iter().filter_map(named).collect(),
    )
}

/// The arguments of a call, split at the commas that stand outside of everything.
fn parts(inside: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut parts = vec![String::new()];
    for c in inside.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    parts
}

/// Families of codes: their English stands in the domain, so only other languages have messages.
fn families(uses: &[Use]) -> BTreeSet<&str> {
    let told = uses.iter().filter(|one| one.call == "told!");
    told.map(|one| one.key.as_str()).collect()
}

#[test]
fn every_text_exists_in_every_language_with_the_same_arguments() {
    let uses = uses();
    let families = families(&uses);
    let is_told = |key: &str| families.iter().any(|family| key.starts_with(family));
    let all: Vec<(&str, Messages)> = LANGUAGES.map(|one| (one, messages(one))).into();
    for (language, here) in &all {
        for (key, (file, taken)) in here {
            assert!(
                key.starts_with(&format!("{file}-")),
                "{key} stands in {language}/{file}.ftl and does not begin with {file}-"
            );
            if is_told(key) {
                assert_ne!(*language, "en", "the English of {key} stands in the domain");
                continue;
            }
            for (other, there) in &all {
                let Some((_, also_taken)) = there.get(key) else {
                    panic!("{key} exists in {language} and is missing in {other}");
                };
                assert_eq!(
                    taken, also_taken,
                    "arguments of {key} in {language} and {other}"
                );
            }
        }
    }
}

#[test]
fn every_text_that_is_used_exists_and_gets_its_arguments() {
    let english = messages("en");
    for Use {
        place,
        call,
        key,
        given,
    } in uses()
    {
        if call == "told!" {
            assert!(
                key.ends_with('-'),
                "{place}: the family {key} must end with -"
            );
            continue;
        }
        let Some((_, taken)) = english.get(&key) else {
            panic!("{place}: there is no text {key}");
        };
        assert_eq!(
            &given, taken,
            "{place}: arguments given to {key}, and those it takes"
        );
    }
}

#[test]
fn no_text_is_left_over() {
    let uses = uses();
    let families = families(&uses);
    let used: BTreeSet<&str> = uses.iter().map(|one| one.key.as_str()).collect();
    for language in LANGUAGES {
        for key in messages(language).keys() {
            let is_told = families.iter().any(|family| key.starts_with(family));
            // Whether the code still says them is seen by `phrases`.
            let is_said = key.starts_with("said-");
            assert!(
                is_told || is_said || used.contains(key.as_str()),
                "nobody uses {key} of {language}"
            );
        }
    }
}

/// From so many words on a text is a sentence; names and terms may be the same in both languages.
const SENTENCE_WORDS: usize = 6;

#[test]
fn a_translation_differs_from_its_original() {
    let text = |language: &str| -> BTreeMap<String, String> {
        let folder = root().join("locales").join(language);
        let lines = files(&folder, &["ftl"]).into_iter().flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().map(str::to_string).collect::<Vec<_>>()
        });
        lines
            .filter_map(|line| {
                let (key, text) = line.split_once(" = ")?;
                Some((key.to_string(), text.to_string()))
            })
            .collect()
    };
    let (english, indonesian) = (text("en"), text("id"));
    for (key, said) in &indonesian {
        let words = said.split_whitespace();
        let words = words.filter(|word| word.starts_with(char::is_alphabetic));
        let is_sentence = words.count() >= SENTENCE_WORDS;
        assert!(
            !is_sentence || english.get(key) != Some(said),
            "{key} is not translated"
        );
    }
}
