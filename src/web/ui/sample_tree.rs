//! The sample event as a tree of buttons: each gives its value's path to the field that is being filled, or becomes a new field.
//!
//! Rendered on the server, so that it works without scripts as a form's submit buttons. Bounded: of long lists and large documents the rest is counted.
//! Values of custom fields go by the names of their fields: where one stands among them differs from record to record.

use std::collections::HashMap;

use askama::Template;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::domain::path::{Path, as_list};
use crate::domain::problem::nearest;
use crate::domain::value::{cut, time_of, type_of};
use crate::web::visible::is_unseen;

/// Values in the tree.
const NODES_LIMIT: usize = 800;
/// Entries of one list.
const ENTRIES_LIMIT: usize = 10;
/// Entries of a list in which each is told by a name.
const NAMED_LIMIT: usize = 20;
/// Characters of a value.
const VALUE_LIMIT_CHARS: usize = 80;
/// Levels that are open at first.
const OPEN_DEPTH: usize = 2;
/// Longest text whose paths are offered for completion.
const PATHS_LIMIT: usize = 250;

/// A path that is as long stands in its field as a whole.
const SHORT_PATH_BYTES: usize = 20;

/// How alike a path is to one with a slip of the pen in it.
const SLIP: f64 = 0.9;

/// Names that a template takes for something else where an expression begins with them.
const RESERVED: [&str; 7] = ["true", "True", "false", "False", "none", "None", "not"];

/// Members that are folded at first, wherever they are: what Blue says of its own webhook is seldom mapped.
const FOLDED: [&str; 2] = ["webhook", "project"];

/// How the path to one custom field's value begins to tell which; the field's `name` or `id` follows, and what it is.
const OF_FIELD: &str = "[?@.customField.";

/// What a custom field's value says of its field and of its own row, which is not offered for completion.
const OF_ROW: [&str; 5] = ["customField", "id", "uid", "createdAt", "updatedAt"];

#[derive(Template)]
#[template(path = "connections/tree_node.html")]
struct Node<'a> {
    name: &'a str,
    path: &'a str,
    found: &'a Value,
    /// As it is shown.
    value: String,
    kind: &'static str,
    is_open: bool,
    /// Whether its entries go by names, which are looked for before what every one of them has.
    is_named: bool,
    /// What a list's entries have inside, by the first of them. Rendered and escaped already.
    of_every: Vec<String>,
    /// Rendered and escaped already.
    children: Vec<String>,
    /// Entries that are not shown.
    left_out: usize,
}

impl Node<'_> {
    /// What it is called; a name that nobody could see is written as a text.
    fn called(&self) -> String {
        match self.name.trim() {
            "" => format!("\"{}\"", self.name),
            _ => self.name.to_string(),
        }
    }

    /// Whether a path may be as long as the one to it.
    fn is_offered(&self) -> bool {
        is_offered(self.path)
    }

    fn is_every_offered(&self) -> bool {
        is_offered(&self.every())
    }

    /// The path to every entry.
    fn every(&self) -> String {
        format!("{}[*]", self.path)
    }

    /// How a template prints it, when it is not as the path says.
    fn text_for_template(&self) -> Option<String> {
        otherwise_in_template(self.path)
    }

    /// How a condition about it begins.
    fn operator(&self) -> &'static str {
        usual_operator(self.path, Some(self.found))
    }

    /// How every entry is taken.
    fn take(&self) -> &'static str {
        take_of(entries(self.found))
    }

    /// How a template prints every entry.
    fn every_in_template(&self) -> String {
        every_in_template(&self.every(), entries(self.found))
    }
}

/// A value within another: what it is called, its path, and it.
type Inner<'v> = (String, String, &'v Value);

/// A path that is offered for completion.
pub struct Suggestion {
    pub path: String,
    pub value: String,
}

impl Suggestion {
    /// How a template prints it, when it is not as the path says.
    pub fn in_template(&self) -> Option<String> {
        otherwise_in_template(&self.path)
    }
}

/// The tree as HTML; every text in it is escaped by its template.
pub fn html(document: &Value) -> String {
    // Of a change, what it led to is used more often than what was before.
    let is_change = document["currentValue"].is_object();
    let mut tree = Tree {
        folds_before: is_change,
        budget: NODES_LIMIT,
    };
    match document {
        Value::Object(_) => tree.nodes("$", document, 0).concat(),
        _ => String::new(),
    }
}

/// A tree that is being made.
struct Tree {
    /// Whether what was before a change is folded.
    folds_before: bool,
    /// Values that it may still take.
    budget: usize,
}

impl Tree {
    /// Everything within a value.
    fn nodes(&mut self, path: &str, value: &Value, depth: usize) -> Vec<String> {
        let mut nodes = Vec::new();
        for (name, path, inner) in inner(path, value) {
            let is_before = self.folds_before && depth == 0 && name == "previousValue";
            // A list's entries are told once, by what every one of them has.
            let is_folded = value.is_array() || is_before || FOLDED.contains(&name.as_str());
            let is_open = depth < OPEN_DEPTH && !is_folded;
            nodes.extend(self.node(&name, &path, inner, depth, is_open));
        }
        nodes
    }

    fn node(
        &mut self,
        name: &str,
        path: &str,
        value: &Value,
        depth: usize,
        is_open: bool,
    ) -> Option<String> {
        self.budget = self.budget.checked_sub(1)?;
        let entries = entries(value);
        let is_named = selectors(entries).any(|one| one.is_some());
        let every = |tree: &mut Tree| {
            let first = entries.first();
            first.map_or_else(Vec::new, |first| {
                tree.nodes(&format!("{path}[*]"), first, depth + 1)
            })
        };
        let (children, of_every) = if is_named {
            (self.nodes(path, value, depth + 1), every(self))
        } else {
            let of_every = every(self);
            (self.nodes(path, value, depth + 1), of_every)
        };
        let all = match value {
            Value::Array(entries) => entries.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        let node = Node {
            name,
            path,
            found: value,
            value: shown(value),
            kind: type_of(value),
            is_open,
            is_named,
            of_every,
            left_out: all - children.len(),
            children,
        };
        node.render().ok()
    }
}

/// What is within a value. What there is now stands before what there was.
fn inner<'v>(path: &str, value: &'v Value) -> Vec<Inner<'v>> {
    match value {
        Value::Object(members) => {
            let members = members.iter();
            let mut inner: Vec<Inner<'v>> = members
                .map(|(key, value)| (key.clone(), step(path, key), value))
                .collect();
            let at = |name: &str| inner.iter().position(|(key, ..)| key == name);
            if let (Some(before), Some(now)) = (at("previousValue"), at("currentValue"))
                && before < now
            {
                inner[before..=now].rotate_left(1);
            }
            inner
        }
        Value::Array(entries) => {
            let mut places_left = ENTRIES_LIMIT;
            let mut names_left = NAMED_LIMIT;
            let selectors = entries.iter().zip(selectors(entries)).enumerate();
            let told = selectors.filter_map(|(index, (value, selector))| {
                let left = match selector {
                    Some(_) => &mut names_left,
                    None => &mut places_left,
                };
                *left = left.checked_sub(1)?;
                let (name, path) = match selector {
                    Some((name, selector)) => (name.to_string(), format!("{path}{selector}")),
                    None => (format!("[{index}]"), format!("{path}[{index}]")),
                };
                Some((name, path, value))
            });
            told.collect()
        }
        _ => Vec::new(),
    }
}

/// What tells each entry from the others when it is a custom field's value: the name of the field, or its id where several have the name. With the name
/// that it is shown by.
fn selectors(entries: &[Value]) -> impl Iterator<Item = Option<(&str, String)>> {
    fn said<'v>(entry: &'v Value, key: &str) -> Option<&'v str> {
        let said = entry.get("customField")?.get(key)?.as_str();
        said.filter(|text| !text.is_empty())
    }
    let mut times: HashMap<(&str, &str), usize> = HashMap::new();
    for (entry, key) in entries.iter().flat_map(|one| [(one, "name"), (one, "id")]) {
        if let Some(text) = said(entry, key) {
            *times.entry((key, text)).or_default() += 1;
        }
    }
    entries.iter().map(move |entry| {
        let name = said(entry, "name")?;
        let (key, text) = ["name", "id"].into_iter().find_map(|key| {
            Some((key, said(entry, key)?)).filter(|one| times.get(one) == Some(&1))
        })?;
        Some((name, format!("{OF_FIELD}{key}=={}]", literal(text))))
    })
}

/// Every path to a plain value, with the value, for completion.
pub fn paths(document: &Value) -> Vec<Suggestion> {
    let mut found = Vec::new();
    collect("$", document, &mut found);
    found
}

fn collect(path: &str, value: &Value, found: &mut Vec<Suggestion>) {
    if found.len() >= PATHS_LIMIT || !is_offered(path) {
        return;
    }
    let suggest = |path: String, value: &Value| Suggestion {
        path,
        value: shown(value),
    };
    match value {
        Value::Object(_) => {
            for (_, path, value) in inner(path, value) {
                collect(&path, value, found);
            }
        }
        Value::Array(entries) => {
            let (named, by_place): (Vec<_>, Vec<_>) = inner(path, value)
                .into_iter()
                .partition(|(_, path, _)| path.ends_with("']"));
            // Completion finds what is filled in; the rest stands in the tree.
            for (_, path, row) in named {
                let members = inner(&path, row);
                let is_told = |(key, _, value): &Inner<'_>| {
                    !value.is_null() && !key.ends_with("Id") && !OF_ROW.contains(&key.as_str())
                };
                for (_, path, value) in members.into_iter().filter(is_told) {
                    collect(&path, value, found);
                }
            }
            let every = format!("{path}[*]");
            found.push(suggest(every.clone(), value));
            if let Some(first) = entries.first()
                && (first.is_object() || first.is_array())
            {
                collect(&every, first, found);
            }
            if let Some((_, path, first)) = by_place.first() {
                collect(path, first, found);
            }
        }
        _ => found.push(suggest(path.to_string(), value)),
    }
}

/// Of the sample's paths the one that was meant by one that finds nothing; `None` when it is rather the sample that lacks something.
pub fn meant(typed: &str, document: &Value) -> Option<String> {
    let names = names(typed);
    let (first, last) = (names.first()?, names.last()?);
    let all = paths(document);
    if document.get(first).is_some() {
        return misspelt(typed, &all);
    }
    // It does not begin as paths do: its last name tells what it is about, and the fewest names lead to what is meant most often.
    let last_of = |one: &Suggestion| self::names(&one.path).pop();
    let ends = |wanted: &str| {
        let found = all
            .iter()
            .filter(|one| last_of(one).is_some_and(|name| name.eq_ignore_ascii_case(wanted)));
        let found = found.min_by_key(|one| self::names(&one.path).len());
        found.map(|one| one.path.clone())
    };
    ends(last).or_else(|| {
        let known: Vec<String> = all.iter().filter_map(last_of).collect();
        ends(nearest(last, known.iter().map(String::as_str))?)
    })
}

/// The path that this one is but for a slip. An entry or a field of another number is no slip.
fn misspelt(typed: &str, all: &[Suggestion]) -> Option<String> {
    // A custom field of another name is another one, however much the rest of its path is alike.
    let field = |path: &str| Chosen::first_in(path).map(|chosen| chosen.literal.to_lowercase());
    let typed_field = field(typed);
    let typed = typed.to_lowercase();
    let is_number = |sign: char| sign.is_ascii_digit() || sign == '*';
    let without_digits = |text: &str| text.replace(is_number, "");
    let alike = |one: &Suggestion| {
        let path = one.path.to_lowercase();
        let near = strsim::normalized_damerau_levenshtein(&typed, &path);
        let is_other_number = path != typed && without_digits(&path) == without_digits(&typed);
        let is_other = is_other_number || field(&one.path) != typed_field;
        (near >= SLIP && !is_other).then(|| (near, one.path.clone()))
    };
    let found = all.iter().filter_map(alike);
    found
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, path)| path)
}

/// The names in a path, as far as they are written plainly.
fn names(path: &str) -> Vec<String> {
    let names = path.split(['.', '[', ']', '\'', '"', '$', '*']);
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    names
        .filter(|name| !name.chars().all(|sign| sign.is_ascii_digit()))
        .map(str::to_string)
        .collect()
}

fn is_offered(path: &str) -> bool {
    path.len() <= Path::TEXT_LIMIT_BYTES
}

/// How a template prints what is at a path, when it is not as the path says: of several values, or empty when it has no way to.
fn otherwise_in_template(path: &str) -> Option<String> {
    let printed = in_template(path).unwrap_or_default();
    let plainly = format!("{{{{ {} }}}}", path.strip_prefix("$.").unwrap_or(path));
    (printed != plainly).then_some(printed)
}

/// How a template prints what is at a path; of every entry of a list, all joined. Nothing where an event has a member at its top that a template
/// cannot name: there it knows no brackets.
pub fn in_template(path: &str) -> Option<String> {
    let path = path.strip_prefix("$.").unwrap_or(path);
    let first = path.split(['.', '[']).next().unwrap_or_default();
    let is_named = is_plain(first) && !RESERVED.contains(&first);
    is_named.then(|| printed(path))
}

/// What a value of the sample is printed by, when it is picked: rows by what they are called, since a row makes no text.
pub fn picked_in_template(path: &str, sample: &Value) -> Option<String> {
    let list = path
        .strip_suffix("[*]")
        .and_then(|list| Path::parse(list).ok());
    let entries = list.and_then(|list| list.find_one(sample).ok()??.as_array());
    match entries {
        Some(entries) => Some(every_in_template(path, entries)).filter(|text| !text.is_empty()),
        None => in_template(path),
    }
}

/// How a template prints every entry of a list.
fn every_in_template(every: &str, entries: &[Value]) -> String {
    let called = entries.first().and_then(naming_part);
    // Custom fields are picked by their names; what all of them are called is nothing.
    let called = called.filter(|_| selectors(entries).all(|one| one.is_none()));
    let path = called.map_or_else(|| every.to_string(), |part| format!("{every}.{part}"));
    in_template(&path).unwrap_or_default()
}

/// The part of a row that names it: one of its own, or of what it joins to a record.
fn naming_part(row: &Value) -> Option<String> {
    const NAMES: [&str; 5] = ["title", "name", "fullName", "email", "text"];
    let named = |row: &Value| NAMES.into_iter().find(|name| row[*name].is_string());
    let members = || row.as_object().into_iter().flatten();
    let joined = || members().find_map(|(key, row)| Some(format!("{key}.{}", named(row)?)));
    named(row).map(str::to_string).or_else(joined)
}

/// A custom field's value that a path chooses, in its parts.
struct Chosen<'p> {
    list: &'p str,
    key: &'p str,
    /// With its quotes.
    literal: &'p str,
    rest: &'p str,
}

impl<'p> Chosen<'p> {
    /// The first that is chosen as the sample offers it.
    fn first_in(path: &'p str) -> Option<Chosen<'p>> {
        let (list, chosen) = path.split_once(OF_FIELD)?;
        let (key, chosen) = chosen.split_once("==")?;
        let mut is_escaped = false;
        let ends = |(_, sign): &(usize, char)| {
            let ends = *sign == '\'' && !is_escaped;
            is_escaped = *sign == '\\' && !is_escaped;
            ends
        };
        let end = chosen.strip_prefix('\'')?.char_indices().find(ends)?.0 + 2;
        let (literal, rest) = chosen.split_at_checked(end)?;
        let rest = rest.strip_prefix(']')?;
        is_plain(key).then_some(Chosen {
            list,
            key,
            literal,
            rest,
        })
    }
}

/// The custom field that a path chooses by its name, and where in its value the path goes on.
pub fn custom_field(path: &str) -> Option<(String, &str)> {
    let chosen = Chosen::first_in(path).filter(|chosen| chosen.key == "name")?;
    // What JSON escapes in double quotes is what a path escapes in single ones, but for these.
    let text = chosen.literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let text = text.replace("\\'", "'").replace('"', "\\\"");
    let name: String = serde_json::from_str(&format!("\"{text}\"")).ok()?;
    Some((name, chosen.rest.trim_start_matches('.')))
}

/// The same, also of a field that is chosen by its id and has its name in the sample.
pub fn custom_field_in<'p>(path: &'p str, sample: &Value) -> Option<(String, &'p str)> {
    custom_field(path).or_else(|| {
        let chosen = Chosen::first_in(path)?;
        let rest = chosen.rest.trim_start_matches('.');
        let row = path.strip_suffix(chosen.rest)?;
        let name = Path::parse(&format!("{row}.customField.name")).ok()?;
        let name = name.find_one(sample).ok()??.as_str()?.to_string();
        Some((name, rest))
    })
}

/// What a path is called where it has no room: `Countries · countryCodes`, `company · name`. Nothing for one that is short.
pub fn short_name(path: &str, sample: &Value) -> Option<String> {
    let last_of = |path: &str| names(path).pop();
    if let Some((field, rest)) = custom_field_in(path, sample) {
        return Some(match last_of(rest) {
            Some(last) => format!("{field} · {last}"),
            None => field,
        });
    }
    if path.len() <= SHORT_PATH_BYTES {
        return None;
    }
    let mut names = names(path).into_iter().rev();
    let last = names.next()?;
    // What holds the whole record says nothing of where in it a value is.
    Some(
        match names.next().filter(|before| before != "currentValue") {
            Some(before) => format!("{before} · {last}"),
            None => last,
        },
    )
}

/// How several values at a path are taken: joined as one text, and rows, which make no text, as a list.
pub fn usual_take(path: &str, sample: &Value) -> &'static str {
    let found = Path::parse(path)
        .ok()
        .and_then(|path| as_list(&path.find(sample).ok()?).ok());
    take_of(found.unwrap_or_default())
}

fn take_of<'v>(items: impl IntoIterator<Item = &'v Value>) -> &'static str {
    if items.into_iter().any(Value::is_object) {
        "all"
    } else {
        "join"
    }
}

/// What is in a list.
fn entries(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// How a condition begins about this value; what a path to every entry finds is a list.
pub fn usual_operator(path: &str, value: Option<&Value>) -> &'static str {
    match value {
        _ if path.contains("[*]") => "has_any",
        Some(Value::Array(_)) => "has_any",
        Some(Value::Number(_)) => "eq",
        Some(Value::Bool(_)) => "is_true",
        Some(text) if time_of(text, &TimeZone::UTC).is_some() => "after",
        _ => "contains",
    }
}

/// A path as an expression of a template, which chooses among custom fields in its own words.
fn expression(path: &str) -> String {
    let (mut made, mut rest) = (String::new(), path);
    while let Some(chosen) = Chosen::first_in(rest) {
        let Chosen {
            list, key, literal, ..
        } = chosen;
        made = format!("({made}{list} | selectattr('customField.{key}', 'eq', {literal}) | first)");
        rest = chosen.rest;
    }
    made + rest
}

/// The same of a path that begins with a name.
fn printed(path: &str) -> String {
    let (list, rest) = match path.split_once("[*]") {
        None => return format!("{{{{ {} }}}}", expression(path)),
        Some((list, rest)) => (expression(list), rest),
    };
    match rest {
        "" => format!("{{{{ {list} | join(', ') }}}}"),
        // A list within each entry: no function goes through both.
        rest if rest.contains("[*]") => format!(
            "{{% for entry in {list} %}}{}{{% if not loop.last %}}, {{% endif %}}{{% endfor %}}",
            printed(&format!("entry{rest}"))
        ),
        rest => {
            let rest = match rest.strip_prefix('.') {
                Some(name) => name.to_string(),
                None => format!("${rest}"),
            };
            format!("{{{{ {list} | pluck({}) | join(', ') }}}}", quoted(&rest))
        }
    }
}

/// A text as templates write it.
fn quoted(text: &str) -> String {
    if text.contains(['\'', '\\']) {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{text}\"")
    } else {
        format!("'{text}'")
    }
}

/// A name that stands in paths and templates without quotes.
fn is_plain(name: &str) -> bool {
    name.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_')
        && name
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
}

/// The path one name further: `.name` where that is allowed, else `['a name']`, written as paths and templates both read it.
fn step(path: &str, name: &str) -> String {
    if is_plain(name) {
        return format!("{path}.{name}");
    }
    format!("{path}[{}]", literal(name))
}

/// A text in single quotes, as paths and templates both read it.
fn literal(text: &str) -> String {
    let mut quoted = String::new();
    for sign in text.chars() {
        match sign {
            '\\' | '\'' => quoted.extend(['\\', sign]),
            // Only what is meant for every entry of a list says so, wherever a path is looked at.
            '*' => quoted += "\\u002a",
            // The same of what chooses a custom field.
            '?' if quoted.ends_with('[') => quoted += "\\u003f",
            // A page would show it as something else, or a form send it as something else.
            sign if sign.is_control() || is_unseen(sign) => {
                quoted += &format!("\\u{:04x}", u32::from(sign));
            }
            sign => quoted.push(sign),
        }
    }
    format!("'{quoted}'")
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(entries) => t!("builder-entries", count = entries.len()),
        Value::Object(_) => String::new(),
        other => other.to_string(),
    };
    cut(&text, VALUE_LIMIT_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mapping::template::{Shared, TextTemplate};
    use serde_json::json;

    #[test]
    fn every_offered_path_finds_its_value() {
        let document = json!({"a": {"b c": 1, "it's": [true, {"x": null}]}, "0": "<b>", "ü": 2, "back\\slash": 3, "users": [{"user": {"name": "Ada"}}, {}]});
        let offered = paths(&document);
        assert!(offered.len() >= 8, "{}", offered.len());
        for Suggestion { path, .. } in &offered {
            let parsed = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(!parsed.find(&document).unwrap().is_empty(), "{path}");
        }
        let html = html(&document);
        assert!(html.contains("&#60;b&#62;") && !html.contains("<b>"));
        for Suggestion { path, .. } in &offered {
            let escaped = path.replace('\'', "&#39;");
            assert!(
                html.contains(&format!("pick:{escaped}\"")),
                "{path} in {html}"
            );
        }
        let every = "$.users[*].user.name";
        assert!(offered.iter().any(|offered| offered.path == every));
    }

    #[test]
    fn every_entry_is_told_in_a_template_by_what_a_template_takes() {
        let document = json!({"tags": ["a", "b"], "users": [{"user": {"name": "Ada", "it's \"so\"": 1}, "ids": [1, 2]}, {"user": {"name": "Grace", "it's \"so\"": 2}, "ids": [3]}], "grid": [[1, 2], [3, 4]]});
        for (path, text, printed) in [
            ("$.tags[0]", "{{ tags[0] }}", "a"),
            ("$.tags[*]", "{{ tags | join(', ') }}", "a, b"),
            (
                "$.users[*].user.name",
                "{{ users | pluck('user.name') | join(', ') }}",
                "Ada, Grace",
            ),
            (
                r#"$.users[*].user['it\'s "so"']"#,
                r#"{{ users | pluck("user['it\\'s \"so\"']") | join(', ') }}"#,
                "1, 2",
            ),
            (
                "$.grid[*][0]",
                "{{ grid | pluck('$[0]') | join(', ') }}",
                "1, 3",
            ),
            (
                "$.users[*].ids[*]",
                "{% for entry in users %}{{ entry.ids | join(', ') }}{% if not loop.last %}, {% endif %}{% endfor %}",
                "1, 2, 3",
            ),
        ] {
            assert_eq!(in_template(path).unwrap(), text);
            let template = TextTemplate::parse(text).unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(
                template.render(&Shared::new(&document)).unwrap(),
                printed,
                "{text}"
            );
        }
        assert!(html(&document).contains("data-text=\"{{ tags | join(&#39;, &#39;) }}\""));
    }

    #[test]
    fn a_path_that_finds_nothing_is_told_what_was_meant() {
        let document = json!({"event": "TODO_CREATED", "currentValue": {"todoList": {"title": "Inbox"}, "title": "Call", "tags": [{"title": "a"}], "field12": 1}, "previousValue": null});
        for (typed, path) in [
            ("title", Some("$.currentValue.title")),
            ("$.Title", Some("$.currentValue.title")),
            ("$.todo.titel", Some("$.currentValue.title")),
            ("$.currentvalue.title", Some("$.currentValue.title")),
            ("$.currentValue.titel", Some("$.currentValue.title")),
            ("Event", Some("$.event")),
            // The sample lacks these; another one may have them.
            ("$.previousValue.title", None),
            ("$.currentValue.tags[3].title", None),
            ("$.currentValue.field13", None),
            ("$.currentValue.dueDate", None),
            ("nonsense", None),
            ("$", None),
        ] {
            assert_eq!(meant(typed, &document).as_deref(), path, "{typed}");
        }
    }

    /// Names that stand in no path or template as they are.
    const NASTY: [&str; 40] = [
        "",
        " ",
        "two words",
        " around ",
        "it's",
        "it's] .a b",
        "say \"so\"",
        "'\"'",
        "a.b",
        ".",
        "$",
        "@",
        "0",
        "-1",
        "a-b",
        "a[0]",
        "x[*]y",
        "[*]",
        "*",
        "['a']",
        "back\\slash",
        "ends\\",
        "\\'",
        "\\n",
        "line\nbreak",
        "line\r\nbreak",
        "tab\t",
        "\u{1b}\u{7f}\u{9b}\u{0}",
        "\u{202e}gpj",
        "ü",
        "名前",
        "🙂",
        "{{ a }}",
        "}}",
        "%}",
        "{# a",
        "a(b(c(d(e(f",
        "a | upper",
        "a ~ b < c",
        "a\u{2028}b",
    ];
    /// Names that look like others and mean something in a template.
    const WORDS: [&str; 22] = [
        "true", "True", "false", "none", "None", "not", "and", "or", "in", "is", "if", "else",
        "loop", "self", "super", "range", "entry", "for", "set", "raw", "items", "__text",
    ];

    /// Every path in the tree, with what is put into a template.
    fn picks(document: &Value) -> Vec<(String, Option<String>)> {
        let read = |text: &str| {
            let text = text.replace("&#39;", "'").replace("&#34;", "\"");
            let text = text.replace("&#60;", "<").replace("&#62;", ">");
            text.replace("&#38;", "&")
        };
        let html = html(document);
        let buttons = html.split("value=\"pick:").skip(1);
        let attribute = |button: &str, name: &str| {
            let begin = button.find(&format!(" {name}=\""))? + name.len() + 3;
            Some(read(button[begin..].split('"').next()?))
        };
        buttons
            .map(|rest| {
                let button = rest.split('>').next().unwrap();
                let path = read(button.split('"').next().unwrap());
                assert_eq!(attribute(button, "title").as_ref(), Some(&path));
                (path, attribute(button, "data-text"))
            })
            .collect()
    }

    #[test]
    fn whatever_a_name_is_paths_and_templates_take_what_is_offered() {
        let mut unnamed = Vec::new();
        for name in NASTY.into_iter().chain(WORDS) {
            let found = json!({name: "v"});
            let within = json!([{name: "v"}, {name: "v"}]);
            for document in [
                found.clone(),
                json!({"a": found}),
                json!({name: {name: "v"}}),
                json!({"a": {name: ["v", "v"]}}),
                json!({name: within}),
                json!({"a": within}),
                json!({"a": [{name: within}]}),
                json!({"a": [{name: [["v"]]}]}),
            ] {
                let offered = picks(&document);
                let paths = paths(&document);
                assert!(!paths.is_empty() && !offered.is_empty(), "{name:?}");
                let suggested = paths
                    .iter()
                    .map(|one| (one.path.clone(), one.in_template()));
                for (path, text) in offered.into_iter().chain(suggested) {
                    let parsed =
                        Path::parse(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
                    let found = parsed.find(&document).unwrap();
                    let is_several = path.contains("[*]");
                    assert_eq!(parsed.is_singular(), !is_several, "{path}");
                    let is_plain = found.iter().all(|one| one.is_string());
                    assert!(!found.is_empty(), "{path}");
                    assert!(is_several || found.len() == 1, "{path}");
                    assert!(!is_plain || found.iter().all(|one| *one == "v"), "{path}");
                    let plainly = path.strip_prefix("$.").unwrap_or(&path);
                    let text = text.unwrap_or_else(|| format!("{{{{ {plainly} }}}}"));
                    if text.is_empty() {
                        unnamed.push(name);
                        continue;
                    }
                    let template = TextTemplate::parse(&text);
                    let template = template.unwrap_or_else(|error| panic!("{text}: {error:?}"));
                    let printed = template.render(&Shared::new(&document)).unwrap();
                    let expected = vec!["v"; found.len()].join(", ");
                    assert!(!is_plain || printed == expected, "{text}: {printed}");
                    assert!(printed.contains('v'), "{text}: {printed}");
                }
            }
        }
        unnamed.dedup();
        let expected = NASTY.into_iter().chain(RESERVED_HERE);
        assert_eq!(unnamed, expected.collect::<Vec<_>>());
    }

    /// Of the words, those that a template cannot begin an expression with.
    const RESERVED_HERE: [&str; 6] = ["true", "True", "false", "none", "None", "not"];

    /// A record's values of custom fields with these names.
    fn with_custom_fields(names: &[&str]) -> Value {
        let named = names.iter().enumerate();
        let rows = named.map(|(at, name)| {
            json!({"number": at, "customFieldOption": null, "todoCustomFieldOptions": [{"customFieldOption": {"title": format!("option {at}")}}],
                "customField": {"id": format!("f{at}"), "name": name, "type": "NUMBER"}})
        });
        json!({"currentValue": {"todoCustomFields": rows.collect::<Vec<_>>()}})
    }

    #[test]
    fn a_custom_field_is_offered_by_its_name_and_not_by_its_position() {
        let document = with_custom_fields(&["Budget", "Margin"]);
        let path = "$.currentValue.todoCustomFields[?@.customField.name=='Margin'].number";
        let offered = paths(&document);
        assert!(
            offered[0]
                .path
                .starts_with("$.currentValue.todoCustomFields[?")
        );
        let margin = offered.iter().find(|one| one.path == path).unwrap();
        assert_eq!(margin.value, "1");
        assert!(offered.iter().all(|one| !one.path.contains("Fields[0]")));
        let every = "$.currentValue.todoCustomFields[*].number";
        assert!(offered.iter().any(|one| one.path == every));
        let found = Path::parse(path).unwrap();
        assert_eq!(found.find(&document).unwrap(), [&json!(1)]);
        let text = "{{ (currentValue.todoCustomFields | selectattr('customField.name', 'eq', 'Margin') | first).number }}";
        assert_eq!(margin.in_template().as_deref(), Some(text));
        let html = html(&document);
        let (named, every) = (
            html.find(">Budget<").unwrap(),
            html.find("Fields[*]\"").unwrap(),
        );
        assert!(named < every && !html.contains("Fields[0]"), "{html}");
        // Where there is no such field, nothing is found and nothing is printed.
        for document in [
            json!({"currentValue": {"todoCustomFields": []}}),
            json!({"currentValue": {"todoCustomFields": null}}),
            json!({}),
        ] {
            assert!(found.find(&document).unwrap().is_empty());
            let template = TextTemplate::parse(text).unwrap();
            assert_eq!(template.render(&Shared::new(&document)).unwrap(), "");
        }
    }

    #[test]
    fn custom_fields_that_share_a_name_are_offered_by_their_ids() {
        let document = with_custom_fields(&["Budget", "Cost", "Budget"]);
        let offered = paths(&document);
        for path in [
            "id=='f0'].number",
            "name=='Cost'].number",
            "id=='f2'].number",
        ] {
            let path = format!("$.currentValue.todoCustomFields[?@.customField.{path}");
            assert!(offered.iter().any(|one| one.path == path), "{path}");
        }
        // One without a name that could be told is still offered by its place.
        let unnamed = json!({"list": [{"customField": {"name": null}, "number": 1}]});
        assert!(
            paths(&unnamed)
                .iter()
                .any(|one| one.path == "$.list[0].number")
        );
    }

    #[test]
    fn of_many_custom_fields_more_are_shown_than_of_other_entries_and_the_rest_is_counted() {
        let names: Vec<String> = (0..30).map(|number| format!("Field {number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let html = html(&with_custom_fields(&names));
        assert!(html.contains(">Field 19<") && !html.contains(">Field 20<"));
        assert!(html.contains("10 more"));
    }

    #[test]
    fn a_custom_field_of_another_name_is_not_what_was_meant() {
        let document = with_custom_fields(&["Cost A", "Margin"]);
        let path = |name: &str, member: &str| {
            format!("$.currentValue.todoCustomFields[?@.customField.name=='{name}'].{member}")
        };
        let slip = meant(&path("Cost A", "nubmer"), &document);
        assert_eq!(slip, Some(path("Cost A", "number")));
        assert_eq!(meant(&path("Cost B", "number"), &document), None);
    }

    #[test]
    fn whatever_a_custom_field_is_called_its_value_is_found_and_printed() {
        let is_called = |name: &&str| !name.is_empty();
        for name in NASTY.into_iter().chain(WORDS).filter(is_called) {
            let document = with_custom_fields(&["Other", name]);
            let offered = picks(&document);
            let own: Vec<_> = offered
                .iter()
                .filter(|(path, _)| path.contains("[?") && path.ends_with(".number"))
                .collect();
            assert_eq!(own.len(), 2, "{name:?}: {offered:?}");
            let (path, text) = own[1];
            let parsed = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(parsed.find(&document).unwrap(), [&json!(1)], "{path}");
            let print = |text: &Option<String>| {
                let text = text.as_deref().unwrap();
                let template =
                    TextTemplate::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
                template.render(&Shared::new(&document)).unwrap()
            };
            assert_eq!(print(text), "1", "{text:?}");
            let field = custom_field(path);
            assert_eq!(field, Some((name.to_string(), "number")), "{path}");
            let options = offered.iter().filter(|(path, _)| {
                path.contains("[?") && path.ends_with("Options[*].customFieldOption.title")
            });
            let printed: Vec<String> = options.map(|(_, text)| print(text)).collect();
            assert_eq!(printed, ["option 0", "option 1"], "{name:?}");
        }
    }

    #[test]
    fn a_long_path_has_a_short_name_and_a_custom_field_its_own() {
        let document = with_custom_fields(&["Owner", "Cost", "Owner"]);
        let field = |which: &str, rest: &str| {
            format!("$.currentValue.todoCustomFields[?@.customField.{which}]{rest}")
        };
        for (path, name) in [
            (
                field("name=='Cost'", ".countryCodes"),
                Some("Cost · countryCodes"),
            ),
            (field("name=='Gone'", ".number"), Some("Gone · number")),
            (
                field(
                    "id=='f2'",
                    ".todoCustomFieldOptions[*].customFieldOption.title",
                ),
                Some("Owner · title"),
            ),
            (field("id=='f2'", ""), Some("Owner")),
            (field("id=='gone'", ".number"), Some("gone · number")),
            (
                "$.currentValue.todoList.project.company.name".into(),
                Some("company · name"),
            ),
            ("$.currentValue.createdAt".into(), Some("createdAt")),
            (
                "$.previousValue.createdAt".into(),
                Some("previousValue · createdAt"),
            ),
            ("$.currentValue.title".into(), None),
            ("$".into(), None),
        ] {
            assert_eq!(short_name(&path, &document).as_deref(), name, "{path}");
        }
    }

    #[test]
    fn what_is_picked_starts_as_its_type_is_used() {
        let document = json!({"tags": ["a"], "rows": [{"n": 1, "inner": [{"x": 1}]}], "grid": [[1]], "none": []});
        for (path, take) in [
            ("$.tags[*]", "join"),
            ("$.rows[*]", "all"),
            ("$.rows[*].n", "join"),
            ("$.rows[*].inner[*]", "all"),
            ("$.rows[*].inner[*].x", "join"),
            ("$.grid[*]", "join"),
            ("$.none[*]", "join"),
            ("$.nowhere[*]", "join"),
        ] {
            assert_eq!(usual_take(path, &document), take, "{path}");
        }
        let html = html(&document);
        let attributes = |path: &str| {
            let button = html
                .split(&format!("value=\"pick:{path}\""))
                .nth(1)
                .unwrap();
            button.split('>').next().unwrap().to_string()
        };
        assert!(attributes("$.rows[*]").contains("data-take=\"all\" data-op=\"has_any\""));
        assert!(attributes("$.tags[*]").contains("data-take=\"join\" data-op=\"has_any\""));
        assert!(attributes("$.rows[0].n").contains("data-op=\"eq\""));
        assert!(attributes("$.tags[0]").contains("data-op=\"contains\""));
    }

    #[test]
    fn rows_are_printed_by_what_they_are_called() {
        let field = json!({"number": 5, "customField": {"id": "f", "name": "F"}});
        let document = json!({
            "todoTags": [{"todoId": "1", "tag": {"id": "2", "title": "urgent"}}],
            "users": [{"email": "a@example.com", "fullName": "Ada"}],
            "texts": ["a"], "rows": [{"n": 1}], "empty": [], "fields": [field],
        });
        for (path, printed) in [
            (
                "$.todoTags[*]",
                "{{ todoTags | pluck('tag.title') | join(', ') }}",
            ),
            ("$.users[*]", "{{ users | pluck('fullName') | join(', ') }}"),
            ("$.texts[*]", "{{ texts | join(', ') }}"),
            ("$.rows[*]", "{{ rows | join(', ') }}"),
            ("$.fields[*]", "{{ fields | join(', ') }}"),
            ("$.empty[*]", "{{ empty | join(', ') }}"),
            (
                "$.users[*].email",
                "{{ users | pluck('email') | join(', ') }}",
            ),
        ] {
            let picked = picked_in_template(path, &document);
            assert_eq!(picked.as_deref(), Some(printed), "{path}");
        }
        assert!(html(&document).contains("pluck(&#39;tag.title&#39;)"));
    }

    #[test]
    fn a_path_longer_than_paths_may_be_is_not_offered() {
        let long = "x".repeat(Path::TEXT_LIMIT_BYTES);
        let document = json!({"a": 1, long.as_str(): 2, "list": {long.as_str(): [1]}});
        let offered = paths(&document);
        assert_eq!(offered.len(), 1, "{}", offered.len());
        let html = html(&document);
        assert!(html.contains(&long) && html.matches("class=\"pick\"").count() == 1);
    }

    #[test]
    fn what_is_now_stands_open_before_what_was() {
        let changed = json!({"event": "E", "previousValue": {"a": {"x": 1}}, "currentValue": {"a": {"x": 2}, "list": [{"b": {"c": 1}}]}});
        let html_of = |document: &Value| html(document);
        let html = html_of(&changed);
        let at = |text: &str| {
            html.find(text)
                .unwrap_or_else(|| panic!("{text} in {html}"))
        };
        let now = at("<details open id=\"tree-$.currentValue\">");
        assert!(now < at("<details id=\"tree-$.previousValue\">"));
        // The members of every entry, and each entry folded.
        at("pick:$.currentValue.list[*].b.c\"");
        at("<details id=\"tree-$.currentValue.list[0]\">");
        assert_eq!(paths(&changed)[1].path, "$.currentValue.a.x");
        // Of what was deleted, there is nothing else.
        let deleted = json!({"previousValue": {"a": 1}, "currentValue": null});
        assert!(html_of(&deleted).contains("<details open id=\"tree-$.previousValue\">"));
    }

    #[test]
    fn a_large_document_is_cut_and_says_so() {
        let large = json!({"list": (0..5_000).collect::<Vec<u32>>(), "deep": {"x": (0..50).map(|n| json!({"n": n})).collect::<Vec<_>>()}});
        let html = html(&large);
        assert!(html.contains("4\u{202f}990 more"));
        assert!(html.len() < 20_000, "{}", html.len());
    }
}
