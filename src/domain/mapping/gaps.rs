//! Where a mapping takes a value from a path at which an event has nothing: what comes out there is empty, and often the path is mistyped.
//!
//! Told by the builder, over its sample; nothing is refused for it. A place whose value comes from elsewhere then, as by `default`, is no gap, and
//! neither is one that a statement asks about or that stands in a block, which may be left out. A template is only looked at, never run for this.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::domain::mapping::functions::find;
use crate::domain::mapping::tags::{Kind, Part, Tag, Token, parts};

/// Paths told of one template.
const GAPS_LIMIT: usize = 20;
/// Different paths of one template that are looked for.
const LOOKED_LIMIT: usize = 1_000;

/// Functions that make something of a missing value; all others hand it on.
const STANDING_IN: [&str; 7] = [
    "coalesce",
    "count",
    "default",
    "default_if_empty",
    "if_equals",
    "json_encode",
    "lookup",
];
/// What prints nothing of a missing value, and is no function of a pipe.
const PRINTING: [&str; 3] = ["raw", "safe", "string"];
/// A function that counts a missing value as 0 in a template.
const COUNTING: &str = "length";
/// Words that look like a path.
const CONSTANTS: [&str; 6] = ["true", "True", "false", "False", "none", "None"];

/// A value that is as good as none.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether a function says what stands in the place of a missing value, be it null again.
pub(super) fn stands_in(function: &str) -> bool {
    STANDING_IN.contains(&function)
}

/// The paths that a template prints, whatever the event, and that find nothing.
pub(super) fn of_template(source: &str, document: &Value) -> Vec<String> {
    let parts = parts(source);
    let tags = || {
        parts.iter().filter_map(|part| match part {
            Part::Tag(tag) => Some(tag),
            Part::Text(_) => None,
        })
    };
    let mut statements = Statements::default();
    for tag in tags().filter(|tag| !tag.prints) {
        statements.add(tag);
    }
    let (mut open, mut seen) = (0, HashSet::new());
    tags()
        .filter(|tag| is_printed(tag, &mut open))
        .filter_map(path_of)
        .filter(|path| seen.insert(path.clone()))
        .take(LOOKED_LIMIT)
        .filter(|path| !statements.names(path) && !is_there(path, document))
        .take(GAPS_LIMIT)
        .collect()
}

/// What the statements of a template are about.
#[derive(Default)]
struct Statements {
    paths: BTreeSet<String>,
    /// Variables that the template makes; they are no paths of the event.
    made: HashSet<String>,
}

impl Statements {
    fn add(&mut self, tag: &Tag<'_>) {
        if tag.statement() == "set" {
            let signs = tag.tokens.iter().skip(1);
            let made = signs.take_while(|token| !matches!(token.text, "=" | "|"));
            self.made.extend(made.map(|token| token.text.to_string()));
        }
        let mut path = String::new();
        for (index, name) in tag.words().skip(1) {
            if tag.before(index) != "." {
                self.paths.insert(std::mem::take(&mut path));
            } else {
                path.push('.');
            }
            path.push_str(name);
        }
        self.paths.insert(path);
    }

    fn names(&self, path: &str) -> bool {
        let first = path.split('.').next().unwrap_or_default();
        // A dot sorts before every sign of a name, so what goes on behind the path comes next to it.
        let next = self.paths.range(path.to_string()..).next();
        let rest = next.and_then(|next| next.strip_prefix(path));
        self.made.contains(first)
            || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// Whether a tag prints whatever the event is; `open` counts the blocks that it stands in.
fn is_printed(tag: &Tag<'_>, open: &mut usize) -> bool {
    if tag.opens_block() {
        *open += 1;
    } else if tag.statement().starts_with("end") {
        *open = open.saturating_sub(1);
    }
    tag.prints && *open == 0
}

/// The path of a tag that prints one, perhaps through functions, and nothing in its place.
fn path_of(tag: &Tag<'_>) -> Option<String> {
    let end = tag.tokens.iter().position(|token| token.text == "|");
    let (path, pipe) = tag.tokens.split_at(end.unwrap_or(tag.tokens.len()));
    let is_path = path.len() % 2 == 1
        && path
            .iter()
            .enumerate()
            .all(|(index, token)| match index % 2 {
                0 => token.kind == Kind::Word,
                _ => token.text == ".",
            });
    (is_path && !CONSTANTS.contains(&tag.at(0)) && hands_on(pipe))
        .then(|| path.iter().map(|token| token.text).collect())
}

/// Whether what stands behind a path is functions and nothing else, of which none makes something of a missing value.
fn hands_on(pipe: &[Token<'_>]) -> bool {
    let (mut depth, mut before) = (0_usize, "");
    pipe.iter().all(|token| {
        let before = std::mem::replace(&mut before, token.text);
        match token.text {
            "(" | "[" | "{" => {
                depth += 1;
                depth > 1 || token.text == "("
            }
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                true
            }
            "|" => true,
            _ if depth > 0 => true,
            name => before == "|" && prints_nothing(name),
        }
    })
}

/// Whether a function makes nothing of a missing value in a template.
fn prints_nothing(function: &str) -> bool {
    let is_ours = find(function).is_some() && function != COUNTING;
    PRINTING.contains(&function) || (is_ours && !stands_in(function))
}

fn is_there(path: &str, document: &Value) -> bool {
    let found = path
        .split('.')
        .try_fold(document, |value, name| value.get(name));
    found.is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::mapping::Mapping;
    use crate::domain::mapping::functions::{Call, functions};

    fn sample() -> Value {
        json!({"title": "Call Ada", "note": null, "tags": [], "items": [{"name": "a"}]})
    }

    /// What a template prints and does not find.
    fn missing(body: &str) -> Vec<String> {
        let mapping = json!({"mode": "template", "body": body});
        Mapping::parse(&mapping).unwrap().missing(&sample())
    }

    #[test]
    fn a_field_whose_path_finds_nothing_is_told_unless_something_else_comes_in() {
        let field =
            |to: &str, from: Value, pipe: Value| json!({"to": to, "from": from, "pipe": pipe});
        let path = |path: &str| json!({"path": path});
        let template = |text: &str| json!({"template": text});
        let calls = |id: &str, args: Value| json!([{"fn": id, "args": args}]);
        let all =
            json!({"to": "sum", "from": path("$.titel"), "take": "all", "pipe": [{"fn": "sum"}]});
        let fields = [
            field("fine", path("$.title"), json!([])),
            field("null", path("$.note"), json!([])),
            field("gone", path("$.titel"), json!([])),
            field("upper", path("$.titel"), json!([{"fn": "upper"}])),
            field("saved", path("$.titel"), calls("default", json!(["-"]))),
            field("meant", path("$.titel"), calls("default", json!([null]))),
            field("text", template("Hi {{ titel }}, {{ title }}"), json!([])),
            field(
                "text_meant",
                template("{{ titel }}"),
                calls("default_if_empty", json!(["-"])),
            ),
            field("constant", json!({"value": null}), json!([])),
            json!({"to": "omitted", "from": path("$.titel"), "when_missing": "omit"}),
            json!({"to": "failing", "from": path("$.titel"), "when_missing": "fail"}),
            json!({"to": "all", "from": path("$.titel"), "take": "all"}),
            all,
        ];
        let mapping = json!({"mode": "fields", "fields": fields});
        let previews = Mapping::parse(&mapping).unwrap().preview(&sample());
        let told: Vec<(&str, &str)> = previews
            .iter()
            .flat_map(|field| field.missing.iter().map(|path| (&*field.to, &**path)))
            .collect();
        assert_eq!(
            told,
            [
                ("gone", "$.titel"),
                ("upper", "$.titel"),
                ("text", "titel"),
                ("all", "$.titel")
            ]
        );
    }

    #[test]
    fn a_template_tells_of_what_it_prints_and_does_not_find() {
        for (body, expected) in [
            ("{{ title }} {{ note }} {{ tags }} {{ none }}", vec![]),
            (
                "{{ titel }} {{- a.b | upper -}} {{ titel }}",
                vec!["titel", "a.b"],
            ),
            (
                "{{ titel | replace('(', title | default(')')) | raw }}",
                vec!["titel"],
            ),
            (
                "{{ titel | upper | default('-') }} {{ titel | d }} {{ titel | length }} {{ titel | list }}",
                vec![],
            ),
            (
                "{{ titel or title }} {{ titel | upper or title }} {{ titel | upper ~ title }}",
                vec![],
            ),
            (
                "{\"a\": {{ titel }}, \"b\": \"{{ titel.x }}\"}",
                vec!["titel", "titel.x"],
            ),
        ] {
            assert_eq!(missing(body), expected, "{body}");
        }
    }

    #[test]
    fn what_a_statement_names_or_holds_is_not_told() {
        for (body, expected) in [
            ("{% if titel %}{{ titel }}{% endif %}", vec![]),
            (
                "{% if title %}{{ titel }}{% elif a %}{{ b }}{% else %}{{ c }}{% endif %}{{ e }}",
                vec!["e"],
            ),
            (
                "{% for item in items %}{{ item.nam }}{{ titel }}{% else %}{{ b }}{% endfor %}",
                vec![],
            ),
            (
                "{% set b %}{{ titel }}{% endset %}{% filter upper %}{{ c }}{% endfilter %}{{ b }}{{ e }}",
                vec!["e"],
            ),
            (
                "{% set x = title %}{{ x }} {{ x.y }} {{ title.y }}",
                vec!["title.y"],
            ),
            (
                "{% set x = a.b.c or a.bc %}{{ a }} {{ a.b }} {{ a.b.c }} {{ a.b.c.e }} {{ b }}",
                vec!["a.b.c.e", "b"],
            ),
            ("{% raw %}{{ a }}{% endraw %}{{ b }}", vec!["b"]),
        ] {
            assert_eq!(missing(body), expected, "{body}");
        }
    }

    #[test]
    fn functions_that_make_something_of_nothing_are_known() {
        for function in functions() {
            let args: Value = serde_json::from_str(function.example.1).unwrap();
            let call = Call::parse(function.id, args.as_array().unwrap(), "").unwrap();
            if call.apply(&Value::Null) != Ok(Value::Null) {
                assert!(stands_in(function.id), "{}", function.id);
            }
        }
        assert!(STANDING_IN.iter().all(|id| find(id).is_some()));
    }

    #[test]
    fn a_long_template_is_told_of_up_to_the_limit() {
        let asked = "{% if a %}{% endif %}".repeat(1_000);
        let paths: String = (0..3_000).map(|at| format!("{{{{zz{at}}}}}")).collect();
        for (body, told) in [
            ("{{zz|d(1)}}".repeat(5_000), 0),
            (format!("{asked}{paths}"), GAPS_LIMIT),
            (
                format!("{{% set x = {} %}}{{{{a.a}}}}", vec!["a"; 30_000].join(".")),
                0,
            ),
        ] {
            assert_eq!(of_template(&body, &sample()).len(), told);
        }
    }
}
