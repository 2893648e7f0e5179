//! The sample event as a tree of buttons: each gives its value's path to the field that is being filled, or becomes a new field.
//!
//! Rendered on the server, so that it works without scripts as a form's submit buttons. Bounded: of long lists and large documents the rest is counted.

use askama::Template;
use serde_json::Value;

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

#[derive(Template)]
#[template(path = "connections/tree_node.html")]
struct Node<'a> {
    name: &'a str,
    path: &'a str,
    value: String,
    kind: &'static str,
    is_open: bool,
    /// Rendered and escaped already.
    children: Vec<String>,
    /// Entries that are not shown.
    left_out: usize,
}

/// The tree as HTML; every text in it is escaped by its template.
pub fn html(document: &Value) -> String {
    let mut budget = NODES_LIMIT;
    let Some(members) = document.as_object() else {
        return String::new();
    };
    members
        .iter()
        .map(|(name, value)| node(name, &step("$", name), value, 0, &mut budget))
        .collect()
}

fn node(name: &str, path: &str, value: &Value, depth: usize, budget: &mut usize) -> String {
    if *budget == 0 {
        return String::new();
    }
    *budget -= 1;
    let inner: Vec<(String, String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), step(path, key), value))
            .collect(),
        Value::Array(entries) => entries
            .iter()
            .enumerate()
            .take(ENTRIES_LIMIT)
            .map(|(index, value)| (format!("[{index}]"), format!("{path}[{index}]"), value))
            .collect(),
        _ => Vec::new(),
    };
    let all = value.as_array().map_or(inner.len(), Vec::len);
    let children: Vec<String> = inner
        .iter()
        .map(|(name, path, value)| node(name, path, value, depth + 1, budget))
        .filter(|html| !html.is_empty())
        .collect();
    Node {
        name,
        path,
        value: shown(value),
        kind: kind(value),
        // What Blue says of its own webhook is seldom mapped.
        is_open: depth < OPEN_DEPTH && name != "webhook" && name != "project",
        left_out: all - children.len(),
        children,
    }
    .render()
    .unwrap_or_default()
}

/// Every path to a plain value, with the value, for completion.
pub fn paths(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect("$", document, &mut found);
    found
}

fn collect(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    if found.len() >= PATHS_LIMIT {
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                collect(&step(path, key), value, found);
            }
        }
        Value::Array(entries) => {
            found.push((format!("{path}[*]"), shown(value)));
            if let Some(first) = entries.first() {
                collect(&format!("{path}[0]"), first, found);
            }
        }
        _ => found.push((path.to_string(), shown(value))),
    }
}

/// The path one name further: `.name` where that is allowed, else `['a name']`.
fn step(path: &str, name: &str) -> String {
    let is_plain = name.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_')
        && name
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || sign == '_');
    if is_plain {
        format!("{path}.{name}")
    } else {
        let quoted = name.replace('\\', "\\\\").replace('\'', "\\'");
        format!("{path}['{quoted}']")
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(entries) => t!("builder-entries", count = entries.len()),
        Value::Object(_) => String::new(),
        other => other.to_string(),
    };
    match text.char_indices().nth(VALUE_LIMIT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::path::Path;
    use serde_json::json;

    #[test]
    fn every_offered_path_finds_its_value() {
        let document = json!({"a": {"b c": 1, "it's": [true, {"x": null}]}, "0": "<b>", "ü": 2, "back\\slash": 3});
        let offered = paths(&document);
        assert!(offered.len() >= 6, "{offered:?}");
        for (path, _) in &offered {
            let parsed = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(!parsed.find(&document).unwrap().is_empty(), "{path}");
        }
        let html = html(&document);
        assert!(html.contains("&#60;b&#62;") && !html.contains("<b>"));
        for (path, _) in offered.iter().filter(|(path, _)| !path.ends_with("[*]")) {
            let escaped = path.replace('\'', "&#39;");
            assert!(
                html.contains(&format!("pick:{escaped}\"")),
                "{path} in {html}"
            );
        }
    }

    #[test]
    fn a_large_document_is_cut_and_says_so() {
        let large = json!({"list": (0..5_000).collect::<Vec<u32>>(), "deep": {"x": (0..50).map(|n| json!({"n": n})).collect::<Vec<_>>()}});
        let html = html(&large);
        assert!(html.contains("4\u{202f}990 more"));
        assert!(html.len() < 20_000, "{}", html.len());
    }
}
