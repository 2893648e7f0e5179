//! Where a mapping takes a value from a path at which an event has nothing: what comes out there is empty, and often the path is mistyped.
//!
//! Told by the builder, over its sample; nothing is refused for it. A place whose value comes from elsewhere then, as by `default`, is no gap, and
//! neither is one in a template that a statement asks about first.

use minijinja::Template;
use serde_json::Value;

use crate::domain::mapping::tags::{Kind, Part, Tag, parts};
use crate::domain::mapping::template::TextTemplate;

/// Paths told of one template.
const GAPS_LIMIT: usize = 20;

/// Paths that find nothing, and the field that stays empty for them; of a template that is the whole body, no field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub to: Option<String>,
    pub paths: Vec<String>,
}

/// A value that is as good as none.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The paths that a template prints and that find nothing.
pub(super) fn of_template(template: &Template<'_, '_>, document: &Value) -> Vec<String> {
    // Names that the template makes itself are no paths of the event.
    let outer = template.undeclared_variables(true);
    let parts = parts(template.source());
    let tags = || {
        parts.iter().filter_map(|part| match part {
            Part::Tag(tag) => Some(tag),
            Part::Text(_) => None,
        })
    };
    let asked: Vec<String> = tags()
        .filter(|tag| !tag.prints)
        .map(|tag| written(tag, ""))
        .collect();
    let mut gaps: Vec<String> = Vec::new();
    for tag in tags().filter(|tag| tag.prints) {
        let Some(path) = path_of(tag) else { continue };
        let is_told = gaps.len() == GAPS_LIMIT || gaps.contains(&path);
        let is_asked = asked.iter().any(|statement| statement.contains(&path));
        if !is_told
            && !is_asked
            && outer.contains(&path)
            && !is_there(&path, document)
            && prints_nothing(tag, document)
        {
            gaps.push(path);
        }
    }
    gaps
}

/// The path of a tag that prints one, perhaps through functions.
fn path_of(tag: &Tag<'_>) -> Option<String> {
    let end = tag.tokens.iter().position(|token| token.text == "|");
    let path = &tag.tokens[..end.unwrap_or(tag.tokens.len())];
    let is_path = path.len() % 2 == 1
        && path
            .iter()
            .enumerate()
            .all(|(index, token)| match index % 2 {
                0 => token.kind == Kind::Word,
                _ => token.text == ".",
            });
    is_path.then(|| path.iter().map(|token| token.text).collect())
}

fn is_there(path: &str, document: &Value) -> bool {
    let found = path
        .split('.')
        .try_fold(document, |value, name| value.get(name));
    found.is_some()
}

fn prints_nothing(tag: &Tag<'_>, document: &Value) -> bool {
    let alone = TextTemplate::parse(&format!("{{{{ {} }}}}", written(tag, " ")));
    alone.is_ok_and(|alone| alone.render(document).is_ok_and(|text| text.is_empty()))
}

fn written(tag: &Tag<'_>, between: &str) -> String {
    let tokens: Vec<&str> = tag.tokens.iter().map(|token| token.text).collect();
    tokens.join(between)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::mapping::Mapping;

    fn gaps(mapping: &Value) -> Vec<Gap> {
        let document =
            json!({"title": "Call Ada", "note": null, "tags": [], "items": [{"name": "a"}]});
        Mapping::parse(mapping).unwrap().gaps(&document)
    }

    #[test]
    fn a_field_whose_path_finds_nothing_is_told_unless_something_else_comes_in() {
        let field =
            |to: &str, from: Value, pipe: Value| json!({"to": to, "from": from, "pipe": pipe});
        let path = |path: &str| json!({"path": path});
        let fields = [
            field("fine", path("$.title"), json!([])),
            field("null", path("$.note"), json!([])),
            field("gone", path("$.titel"), json!([])),
            field("upper", path("$.titel"), json!([{"fn": "upper"}])),
            field(
                "saved",
                path("$.titel"),
                json!([{"fn": "default", "args": ["-"]}]),
            ),
            field(
                "text",
                json!({"template": "Hi {{ titel }}, {{ title }}"}),
                json!([]),
            ),
            field("constant", json!({"value": null}), json!([])),
        ];
        let found = gaps(&json!({"mode": "fields", "fields": fields}));
        let told: Vec<(&str, &str)> = found
            .iter()
            .map(|gap| (gap.to.as_deref().unwrap(), gap.paths[0].as_str()))
            .collect();
        assert_eq!(
            told,
            [("gone", "$.titel"), ("upper", "$.titel"), ("text", "titel")]
        );
    }

    #[test]
    fn a_template_tells_of_what_it_prints_and_does_not_find() {
        for (body, expected) in [
            ("{{ title }} {{ note }} {{ tags }}", vec![]),
            (
                "{{ titel }} {{- a.b | upper -}} {{ titel }}",
                vec!["titel", "a.b"],
            ),
            ("{{ titel | default('-') }} {{ titel or title }}", vec![]),
            ("{% if titel %}{{ titel }}{% endif %}", vec![]),
            (
                "{% for item in items %}{{ item.name }}{{ item.nam }}{% endfor %}",
                vec![],
            ),
            ("{% set x = title %}{{ x }}", vec![]),
            (
                "{\"a\": {{ titel }}, \"b\": \"{{ titel.x }}\"}",
                vec!["titel", "titel.x"],
            ),
        ] {
            let found = gaps(&json!({"mode": "template", "body": body}));
            let told: Vec<&str> = found
                .iter()
                .flat_map(|gap| gap.paths.iter().map(String::as_str))
                .collect();
            assert_eq!(told, expected, "{body}");
        }
    }
}
