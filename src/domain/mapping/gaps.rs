//! Where a mapping takes a value from a path at which an event has nothing: what comes out there is empty, and often the path is mistyped.
//!
//! Told by the builder, over its sample; nothing is refused for it. A place whose value comes from elsewhere then, as by `default`, is no gap, and
//! neither is one that a statement asks about or that stands in a block, which may be left out. A template is only looked at, never run for this.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::domain::mapping::functions::find;
use crate::domain::mapping::operators::TEXT;
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
/// Words of an expression that looks at a value, or prints another one in its place.
const CHOOSING: [&str; 7] = ["and", "else", "if", "in", "is", "not", "or"];
/// Stands between the steps of a path: it sorts before every other sign, and no template holds it.
const BETWEEN: char = '\u{0}';

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
        .flat_map(printed)
        .filter(|path| seen.insert(path.written.clone()))
        .take(LOOKED_LIMIT)
        .filter(|path| !statements.name(&path.steps) && !is_there(&path.steps, document))
        .take(GAPS_LIMIT)
        .map(|path| path.written)
        .collect()
}

/// A path that is printed.
struct Printed<'t> {
    written: String,
    steps: Vec<Step<'t>>,
}

/// One step from a value to what is inside it.
#[derive(Clone, Copy)]
enum Step<'t> {
    Name(&'t str),
    At(usize),
}

/// The steps that tokens begin with, like `a.b[0]['c d']`, and how many tokens they take.
fn steps<'t>(tokens: &[Token<'t>]) -> Option<(Vec<Step<'t>>, usize)> {
    let first = tokens.first().filter(|token| token.kind == Kind::Word)?;
    let (mut steps, mut taken) = (vec![Step::Name(first.text)], 1);
    loop {
        let found = match tokens.get(taken..).unwrap_or_default() {
            [dot, name, ..] if dot.text == "." && name.kind == Kind::Word => {
                Some((Step::Name(name.text), 2))
            }
            [open, inside, close, ..] if open.text == "[" && close.text == "]" => {
                bracketed(inside).map(|step| (step, 3))
            }
            _ => None,
        };
        let Some((step, more)) = found else {
            return Some((steps, taken));
        };
        steps.push(step);
        taken += more;
    }
}

/// What stands alone in brackets, when it is the same for every event.
fn bracketed<'t>(token: &Token<'t>) -> Option<Step<'t>> {
    match token.kind {
        Kind::Number => token.text.parse().ok().map(Step::At),
        Kind::Text => {
            let name = token.text.get(1..token.text.len().checked_sub(1)?)?;
            (!name.contains('\\')).then_some(Step::Name(name))
        }
        Kind::Word | Kind::Sign => None,
    }
}

/// The steps as one text, which is the same however they are written.
fn key(steps: &[Step<'_>]) -> String {
    let mut key = String::new();
    for step in steps {
        match step {
            Step::Name(name) => key.push_str(name),
            Step::At(index) => key.push_str(&index.to_string()),
        }
        key.push(BETWEEN);
    }
    key
}

/// What the statements of a template are about.
#[derive(Default)]
struct Statements<'t> {
    /// The keys of their paths.
    paths: BTreeSet<String>,
    /// Variables that the template makes, which are no paths of the event, and those that are gone into in ways that only an event tells.
    unclear: HashSet<&'t str>,
}

impl<'t> Statements<'t> {
    fn add(&mut self, tag: &Tag<'t>) {
        if tag.statement() == "set" {
            let signs = tag.tokens.iter().skip(1);
            let made = signs.take_while(|token| !matches!(token.text, "=" | "|"));
            self.unclear.extend(made.map(|token| token.text));
        }
        // `(a or b).c` goes into both.
        let mut pairs = tag.tokens.windows(2);
        let goes_on = pairs.any(|pair| pair[0].text == ")" && matches!(pair[1].text, "." | "["));
        let mut at = 1;
        while let Some(rest) = tag.tokens.get(at..).filter(|rest| !rest.is_empty()) {
            let Some((steps, taken)) = steps(rest).filter(|_| tag.before(at) != ".") else {
                at += 1;
                continue;
            };
            at += taken;
            self.paths.insert(key(&steps));
            if goes_on || matches!(tag.at(at), "." | "[") {
                self.unclear.extend(first(&steps));
            }
        }
    }

    fn name(&self, path: &[Step<'_>]) -> bool {
        let path_key = key(path);
        // What goes on behind the path comes next to it.
        let next = self.paths.range(path_key.clone()..).next();
        first(path).is_some_and(|first| self.unclear.contains(first))
            || next.is_some_and(|next| next.starts_with(&path_key))
    }
}

fn first<'t>(steps: &[Step<'t>]) -> Option<&'t str> {
    match steps.first() {
        Some(Step::Name(name)) => Some(name),
        _ => None,
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

/// The paths of a tag that prints them and nothing in their place: one, perhaps through functions, or several joined by `~`.
fn printed<'t>(tag: &Tag<'t>) -> Vec<Printed<'t>> {
    let sides = sides(tag).unwrap_or_default();
    sides.into_iter().filter_map(path_of).collect()
}

/// What a tag joins by `~`; nothing for one that looks at values to choose what it prints.
fn sides<'a, 't>(tag: &'a Tag<'t>) -> Option<Vec<&'a [Token<'t>]>> {
    let (mut depth, mut start, mut sides) = (0_usize, 0, Vec::new());
    for (index, token) in tag.tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            "~" => {
                sides.push(tag.tokens.get(start..index)?);
                start = index + 1;
            }
            "==" | "!=" | "<" | "<=" | ">" | ">=" => return None,
            word if CHOOSING.contains(&word) && !matches!(tag.before(index), "." | "|") => {
                return None;
            }
            _ => {}
        }
    }
    sides.push(tag.tokens.get(start..)?);
    Some(sides)
}

/// The path on one side of `~`, which `operators` has put into brackets, or of a tag without one.
fn path_of<'t>(side: &[Token<'t>]) -> Option<Printed<'t>> {
    let side = match side {
        [open, inner @ .., close, _, name]
            if open.text == "(" && close.text == ")" && name.text == TEXT =>
        {
            inner
        }
        side => side,
    };
    let (steps, taken) = steps(side)?;
    let (path, pipe) = side.split_at(taken);
    let is_constant = first(&steps).is_some_and(|name| CONSTANTS.contains(&name));
    let goes_on = pipe.first().is_some_and(|token| token.text != "|");
    (!is_constant && !goes_on && hands_on(pipe)).then(|| Printed {
        written: path.iter().map(|token| token.text).collect(),
        steps,
    })
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

fn is_there(steps: &[Step<'_>], document: &Value) -> bool {
    let found = steps.iter().try_fold(document, |value, step| match step {
        Step::Name(name) => value.get(name),
        // A text has its signs.
        Step::At(_) if value.is_string() => Some(value),
        Step::At(index) => value.get(index),
    });
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
                "{{ titel or title }} {{ titel | upper or title }} {{ titel ~ title if note else a }} {{ titel ~ title == note }}",
                vec![],
            ),
            (
                "{{ titel | upper ~ title }} {{ 'x' ~ a.b ~ 1 ~ a.c | d('-') ~ (a.d or note) ~ (a.e | d(1)) }} {{ (a.f ~ a.g) | d('-') }} {{ f.if ~ 1 }}",
                vec!["titel", "a.b", "f.if"],
            ),
            (
                "{{ items[0].name }} {{ items[0].nam }} {{ items[1] | upper }} {{ items[0]['name'] }} {{ a['b c'].d }} {{ title[0] }}",
                vec!["items[0].nam", "items[1]", "a['b c'].d"],
            ),
            (
                "{{ items[a].nam }} {{ items[-1] }} {{ items[0:1] }} {{ a[\"\\n\"] }} {{ items[1] | d('-') }} {{ range(3) }}",
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
            (
                "{% if items[1].a and b['c'] %}{% endif %}{{ items[1].a }}{{ items[1] ~ b.c }}{{ items[1].b }}",
                vec!["items[1].b"],
            ),
            (
                "{% if items[a].b and (b or c).d %}{% endif %}{{ items[1].b }}{{ b.d ~ c.d }}",
                vec![],
            ),
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
            (format!("{{{{{}}}}}", vec!["a[0]"; 12_000].join("~")), 1),
            (format!("{{{{a{}}}}}", "[0]".repeat(20_000)), 1),
            (format!("{{{{{}a}}}}", "(".repeat(60_000)), 0),
        ] {
            assert_eq!(of_template(&body, &sample()).len(), told);
        }
    }
}
