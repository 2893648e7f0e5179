//! An explanation as nested lists, for eyes and screen readers: a mark, the word, what was compared, and why.

use askama::Template;
use serde_json::Value;

use crate::domain::filter::condition::Truth;
use crate::domain::filter::explanation::Explanation;
use crate::domain::filter::operator;

#[derive(Template)]
#[template(path = "parts/node.html")]
struct Node<'a> {
    group: bool,
    result: &'static str,
    mark: &'static str,
    word: &'static str,
    title: &'a str,
    path: &'a str,
    expected: Option<String>,
    reason: &'a str,
    /// Rendered and escaped already.
    children: Vec<String>,
}

/// The tree as HTML; every text in it is escaped by its template.
pub fn html(explanation: &Explanation) -> String {
    let node = match explanation {
        Explanation::Group {
            mode,
            result,
            children,
        } => Node {
            group: true,
            title: match *mode {
                "all" => "All of these",
                "any" => "Any of these",
                _ => "None of these",
            },
            path: "",
            expected: None,
            reason: "",
            children: children.iter().map(html).collect(),
            ..words(*result)
        },
        Explanation::Condition {
            path,
            op,
            value,
            result,
            reason,
            ..
        } => Node {
            group: false,
            title: operator::find(op).map_or(op, |operator| operator.label),
            path,
            expected: (*value != Value::Null).then(|| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_string)
            }),
            reason,
            children: Vec::new(),
            ..words(*result)
        },
    };
    node.render().unwrap_or_default()
}

fn words<'a>(result: Truth) -> Node<'a> {
    let (class, mark, word) = match result {
        Truth::True => ("true", "✓", "true"),
        Truth::False => ("false", "✗", "false"),
        Truth::Unknown => ("unknown", "?", "cannot tell"),
    };
    Node {
        group: false,
        result: class,
        mark,
        word,
        title: "",
        path: "",
        expected: None,
        reason: "",
        children: Vec::new(),
    }
}
