//! The sample event as a tree of buttons: each gives its value's path to the field that is being filled, or becomes a new field.
//!
//! Rendered on the server, so that it works without scripts as a form's submit buttons. Bounded: of long lists and large documents the rest is counted.

use askama::Template;
use serde_json::Value;

use crate::domain::path::Path;
use crate::domain::problem::nearest;
use crate::domain::value::{cut, type_of};
use crate::web::visible::is_unseen;

/// Values in the tree.
const NODES_LIMIT: usize = 600;
/// Entries of one list.
const ENTRIES_LIMIT: usize = 10;
/// Characters of a value.
const VALUE_LIMIT_CHARS: usize = 80;
/// Levels that are open at first.
const OPEN_DEPTH: usize = 2;
/// Longest text whose paths are offered for completion.
const PATHS_LIMIT: usize = 250;

/// How alike a path is to one with a slip of the pen in it.
const SLIP: f64 = 0.9;

/// Names that a template takes for something else where an expression begins with them.
const RESERVED: [&str; 7] = ["true", "True", "false", "False", "none", "None", "not"];

/// Members that are folded at first, wherever they are: what Blue says of its own webhook is seldom mapped.
const FOLDED: [&str; 2] = ["webhook", "project"];

#[derive(Template)]
#[template(path = "connections/tree_node.html")]
struct Node<'a> {
    name: &'a str,
    path: &'a str,
    value: String,
    kind: &'static str,
    is_open: bool,
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

    /// How a template prints every entry.
    fn every_in_template(&self) -> String {
        in_template(&self.every()).unwrap_or_default()
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
        let first = value.as_array().and_then(|entries| entries.first());
        let of_every = first.map_or_else(Vec::new, |first| {
            self.nodes(&format!("{path}[*]"), first, depth + 1)
        });
        let children = self.nodes(path, value, depth + 1);
        let all = match value {
            Value::Array(entries) => entries.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        let node = Node {
            name,
            path,
            value: shown(value),
            kind: type_of(value),
            is_open,
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
            let entries = entries.iter().enumerate().take(ENTRIES_LIMIT);
            entries
                .map(|(index, value)| (format!("[{index}]"), format!("{path}[{index}]"), value))
                .collect()
        }
        _ => Vec::new(),
    }
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
            let every = format!("{path}[*]");
            found.push(suggest(every.clone(), value));
            if let Some(first) = entries.first() {
                if first.is_object() || first.is_array() {
                    collect(&every, first, found);
                }
                collect(&format!("{path}[0]"), first, found);
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
    let typed = typed.to_lowercase();
    let is_number = |sign: char| sign.is_ascii_digit() || sign == '*';
    let without_digits = |text: &str| text.replace(is_number, "");
    let alike = |one: &Suggestion| {
        let path = one.path.to_lowercase();
        let near = strsim::normalized_damerau_levenshtein(&typed, &path);
        let is_other_number = path != typed && without_digits(&path) == without_digits(&typed);
        (near >= SLIP && !is_other_number).then(|| (near, one.path.clone()))
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

/// The same of a path that begins with a name.
fn printed(path: &str) -> String {
    match path.split_once("[*]") {
        None => format!("{{{{ {path} }}}}"),
        Some((list, "")) => format!("{{{{ {list} | join(', ') }}}}"),
        // A list within each entry: no function goes through both.
        Some((list, rest)) if rest.contains("[*]") => format!(
            "{{% for entry in {list} %}}{}{{% if not loop.last %}}, {{% endif %}}{{% endfor %}}",
            printed(&format!("entry{rest}"))
        ),
        Some((list, rest)) => {
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
    let mut quoted = String::new();
    for sign in name.chars() {
        match sign {
            '\\' | '\'' => quoted.extend(['\\', sign]),
            // Only what is meant for every entry of a list says so, wherever a path is looked at.
            '*' => quoted += "\\u002a",
            // A page would show it as something else, or a form send it as something else.
            sign if sign.is_control() || is_unseen(sign) => {
                quoted += &format!("\\u{:04x}", u32::from(sign));
            }
            sign => quoted.push(sign),
        }
    }
    format!("{path}['{quoted}']")
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
