//! Between a mapping's fields and the rows of its form, with pipes as people write them: `trim | truncate(80) | default("-")`.
//!
//! Called by `connection_form`; what a row means is decided by the parser in `domain`.

use serde_json::{Map, Value, json};

use crate::domain::mapping::fields::FIELDS_LIMIT;
use crate::domain::mapping::functions::{Function, find};
use crate::web::i18n::Key;
use crate::web::ui::form::Form;
use crate::web::ui::rule_words;
use crate::web::ui::sample_tree::{custom_field_in, usual_take};

/// Rows that are read: more than there may be fields, so that too many are refused and none is lost.
const ROWS_LIMIT: usize = 2 * FIELDS_LIMIT;
/// What joins several values unless something else is typed.
const SEPARATOR: &str = ", ";

/// Where a value comes from, with an example of what is typed then.
pub const KINDS: [(&str, Key, &str); 3] = [
    ("path", key!("builder-kind-path"), "$.currentValue.title"),
    (
        "template",
        key!("builder-kind-text"),
        "{{ currentValue.title }}",
    ),
    ("value", key!("builder-kind-constant"), ""),
];
pub const TAKES: [(&str, Key); 4] = [
    ("first", key!("builder-take-first")),
    ("all", key!("builder-take-all")),
    ("join", key!("builder-take-join")),
    ("one", key!("builder-take-one")),
];
pub const MISSINGS: [(&str, Key); 4] = [
    ("null", key!("builder-missing-null")),
    ("omit", key!("builder-missing-omit")),
    ("omit_if_empty", key!("builder-missing-omit-empty")),
    ("fail", key!("builder-missing-fail")),
];

/// One target field.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct FieldRow {
    pub to: String,
    pub kind: String,
    pub source: String,
    pub take: String,
    pub separator: String,
    pub pipe: String,
    pub when_missing: String,
    /// The keyboard goes here after the page was made again.
    pub focus: bool,
}

/// The rows as they were typed.
pub fn typed(form: &Form) -> Vec<FieldRow> {
    let columns = [
        "f_to",
        "f_kind",
        "f_source",
        "f_take",
        "f_sep",
        "f_pipe",
        "f_missing",
    ]
    .map(|name| form.all(name));
    let at = |column: usize, index: usize| {
        columns[column]
            .get(index)
            .copied()
            .unwrap_or_default()
            .to_string()
    };
    (0..columns[0].len().min(ROWS_LIMIT))
        .map(|index| FieldRow {
            to: at(0, index).trim().into(),
            kind: at(1, index),
            source: at(2, index),
            take: at(3, index),
            separator: at(4, index),
            pipe: at(5, index).trim().into(),
            when_missing: at(6, index),
            focus: false,
        })
        .collect()
}

/// A name that stands for one member of what is sent, whatever signs it has.
fn as_target(name: &str) -> String {
    let apart = |sign: char| ".[]".contains(sign) || sign.is_whitespace() || sign.is_control();
    let words = name.split(apart).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

/// The name that a value at this path is given when it is picked: its last name, with the one before it when that is taken. A custom field's value is
/// called as the field is.
pub fn name_for(path: &str, taken: &[FieldRow], sample: &Value) -> String {
    let field = custom_field_in(path, sample).map(|(name, rest)| (as_target(&name), rest));
    let (field, of_field) = match field {
        Some((name, rest)) => (Some(name), path.strip_suffix(rest)),
        None => (None, None),
    };
    // Another value of a field that was picked already is told from it by what it is, and another field of the same name by a number.
    let has_field = |row: &FieldRow| of_field.is_some_and(|place| row.source.starts_with(place));
    let is_further = taken.iter().any(has_field);
    let path = of_field.map_or(path, |place| &path[place.len()..]);
    let names: Vec<&str> = path
        .split(['.', '[', ']', '\'', '"'])
        .filter(|name| {
            let is_index = name.chars().all(|sign| sign.is_ascii_digit());
            !name.is_empty() && !["$", "*"].contains(name) && !is_index
        })
        .collect();
    // Neither may stand within the other: `title.short` makes an object of `title`.
    let is_within = |one: &str, other: &str| {
        let rest = one.strip_prefix(other);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is_free = |name: &str| {
        let mut taken = taken.iter().map(|row| row.to.as_str());
        !taken.any(|other| !other.is_empty() && (is_within(other, name) || is_within(name, other)))
    };
    // What holds the whole record says nothing of where in it a value is.
    let names = match names.as_slice() {
        ["currentValue", rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    let last = names.last().copied().unwrap_or("event").to_string();
    let (short, longer) = match field.filter(|name| !name.is_empty()) {
        Some(name) if is_further => (name.clone(), format!("{name}_{last}")),
        Some(name) => (name.clone(), name.clone()),
        None => (last, names[names.len().saturating_sub(2)..].join("_")),
    };
    if is_free(&short) {
        return short;
    }
    let numbered = (2..=ROWS_LIMIT + 2).map(|number| format!("{longer}_{number}"));
    std::iter::once(longer.clone())
        .chain(numbered)
        .find(|name| is_free(name))
        .unwrap_or(longer)
}

impl FieldRow {
    /// A row for the value at a path.
    pub fn picked(path: &str, taken: &[FieldRow], sample: &Value) -> FieldRow {
        let mut row = FieldRow {
            to: name_for(path, taken, sample),
            ..FieldRow::default()
        };
        row.fill(path, sample);
        row
    }

    /// Takes the value at a path that was picked. Of every entry of a list all are joined, or where they are rows listed, unless something else than the
    /// usual is chosen.
    pub fn fill(&mut self, path: &str, sample: &Value) {
        self.kind = "path".into();
        self.source = path.into();
        self.focus = true;
        if path.contains("[*]") && ["", "first"].contains(&self.take.as_str()) {
            self.take = usual_take(path, sample).into();
        }
    }

    /// An example of what is typed for a value of its kind.
    pub fn example(&self) -> &'static str {
        let mut kinds = KINDS.iter();
        let known = kinds.find(|(kind, ..)| *kind == self.kind);
        known.unwrap_or(&KINDS[0]).2
    }

    /// Nothing was typed into it.
    pub fn is_blank(&self) -> bool {
        self.to.is_empty() && self.source.trim().is_empty()
    }

    /// It has no value to send yet. Nothing is tried or told of it until it has one; only a save asks for it.
    pub fn is_unfinished(&self) -> bool {
        let is_path = !["template", "value"].contains(&self.kind.as_str());
        self.source.trim().is_empty() && (is_path || self.to.is_empty())
    }

    /// What it is called where it is spoken of: by its number as long as it has no name.
    pub fn called(&self, index: &usize) -> String {
        match self.to.as_str() {
            "" => (index + 1).to_string(),
            name => name.to_string(),
        }
    }

    /// Whether anything beyond target, source and pipe is set.
    pub fn has_options(&self) -> bool {
        !["", "first"].contains(&self.take.as_str())
            || !["", "null"].contains(&self.when_missing.as_str())
    }

    pub fn of(document: &Value) -> FieldRow {
        let from = document["from"]
            .as_object()
            .and_then(|from| from.iter().next());
        let (kind, source) = from.map_or(("path", String::new()), |(kind, value)| {
            let text = match (kind.as_str(), value) {
                // A constant text that reads as JSON keeps its quotes.
                ("value", Value::String(text)) if serde_json::from_str::<Value>(text).is_err() => {
                    text.clone()
                }
                ("value", value) => value.to_string(),
                (_, Value::String(text)) => text.clone(),
                (_, other) => other.to_string(),
            };
            (kind.as_str(), text)
        });
        let word = |key: &str, usual: &str| document[key].as_str().unwrap_or(usual).to_string();
        FieldRow {
            to: word("to", ""),
            kind: kind.into(),
            source,
            take: word("take", "first"),
            separator: word("separator", ""),
            pipe: pipe_text(&document["pipe"]),
            when_missing: word("when_missing", "null"),
            focus: false,
        }
    }

    /// The field's document, or what is wrong with its pipe.
    pub fn document(&self) -> Result<Value, String> {
        let source = match self.kind.as_str() {
            "value" => serde_json::from_str(&self.source)
                .unwrap_or_else(|_| Value::from(self.source.as_str())),
            "template" => Value::from(self.source.as_str()),
            _ => Value::from(self.source.trim()),
        };
        let kind = KINDS
            .iter()
            .find(|(kind, ..)| *kind == self.kind)
            .map_or("path", |(kind, ..)| kind);
        let mut field = Map::new();
        field.insert("to".into(), Value::from(self.to.as_str()));
        field.insert("from".into(), json!({kind: source}));
        for (key, value, usual) in [
            ("take", &self.take, "first"),
            ("when_missing", &self.when_missing, "null"),
        ] {
            if !value.is_empty() && value != usual {
                field.insert(key.into(), Value::from(value.as_str()));
            }
        }
        if self.take == "join" && !self.separator.is_empty() && self.separator != SEPARATOR {
            field.insert("separator".into(), Value::from(self.separator.as_str()));
        }
        let pipe = parse_pipe(&self.pipe)?;
        if !pipe.is_empty() {
            field.insert("pipe".into(), Value::from(pipe));
        }
        Ok(Value::Object(field))
    }
}

/// A function as it is typed, with the arguments of its example: `truncate(8)`.
pub fn example_call(function: &Function) -> String {
    let (_, args, _) = function.example;
    let args = args
        .strip_prefix('[')
        .and_then(|args| args.strip_suffix(']'))
        .unwrap_or(args);
    if args.is_empty() {
        function.id.to_string()
    } else {
        format!("{}({args})", function.id)
    }
}

/// That arguments cannot be read, with the function's own example.
fn bad_arguments(name: &str) -> String {
    let example = find(name).map_or_else(|| format!("{name}(\"a\", 2)"), example_call);
    t!("builder-bad-arguments", name = name, example = example)
}

/// `trim | truncate(80) | default("-")` as the document's list; arguments are JSON, with texts in either kind of quotes.
fn parse_pipe(text: &str) -> Result<Vec<Value>, String> {
    let mut calls = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(['(', '|']).unwrap_or(rest.len());
        let name = rest[..end].trim();
        let mut call = json!({"fn": name});
        rest = &rest[end..];
        if let Some(inside) = rest.strip_prefix('(') {
            let (args, after) = arguments(inside).ok_or_else(|| bad_arguments(name))?;
            call["args"] = args;
            rest = after.trim_start();
        }
        calls.push(call);
        rest = match rest.strip_prefix('|') {
            Some(next) if !next.trim().is_empty() => next,
            None if rest.is_empty() => "",
            _ => return Err(t!("builder-bad-pipe")),
        };
    }
    Ok(calls)
}

/// The arguments up to the bracket that closes them, and what follows it.
fn arguments(inside: &str) -> Option<(Value, &str)> {
    let (mut list, mut rest) = (String::from("["), inside);
    loop {
        let sign = rest.chars().next()?;
        let after = &rest[sign.len_utf8()..];
        match sign {
            ')' => {
                list.push(']');
                return Some((serde_json::from_str(&list).ok()?, after));
            }
            '"' | '\'' => {
                let (text, after) = quoted(after, sign)?;
                list.push_str(&text);
                rest = after;
            }
            sign => {
                list.push(sign);
                rest = after;
            }
        }
    }
}

/// A text up to its closing quote as JSON writes it, and what follows.
fn quoted(inside: &str, quote: char) -> Option<(String, &str)> {
    let mut text = String::from('"');
    let mut signs = inside.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => match signs.next()?.1 {
                '\'' => text.push('\''),
                other => text.extend(['\\', other]),
            },
            sign if sign == quote => {
                text.push('"');
                return Some((text, &inside[at + 1..]));
            }
            '"' => text.push_str("\\\""),
            sign => text.push(sign),
        }
    }
    None
}

fn pipe_text(pipe: &Value) -> String {
    pipe.as_array()
        .into_iter()
        .flatten()
        .map(rule_words::call)
        .collect::<Vec<_>>()
        .join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mapping::functions::functions;

    #[test]
    fn pipes_are_written_and_read_back() {
        let document = json!([{"fn": "trim"}, {"fn": "replace", "args": ["a) | b", "\"c\""]}, {"fn": "default", "args": [{"x": [1]}]}]);
        let text = pipe_text(&document);
        assert_eq!(
            text,
            r#"trim | replace("a) | b", "\"c\"") | default({"x":[1]})"#
        );
        assert_eq!(Value::from(parse_pipe(&text).unwrap()), document);
        assert_eq!(parse_pipe("  ").unwrap(), Vec::<Value>::new());
        for wrong in [
            "trim upper(",
            "trim |",
            "round(a)",
            "trim() upper",
            "default('-)",
            "default('a' 'b')",
        ] {
            assert!(parse_pipe(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_custom_fields_value_is_called_as_its_field_is() {
        let path = |name: &str, member: &str| {
            format!("$.currentValue.todoCustomFields[?@.customField.name=='{name}'].{member}")
        };
        let mut taken = Vec::new();
        for (path, name) in [
            (path("Budget", "number"), "Budget"),
            (path("Budget", "text"), "Budget_text"),
            (path("Cost [net]. EUR", "number"), "Cost_net_EUR"),
            (path("...", "number"), "number"),
            (
                path("c", "todoCustomFieldOptions[*].customFieldOption.title"),
                "c",
            ),
            ("$.currentValue.todoList.title".to_string(), "title"),
        ] {
            let row = FieldRow::picked(&path, &taken, &Value::Null);
            assert_eq!(row.to, name, "{path}");
            taken.push(row);
        }
    }

    #[test]
    fn custom_fields_that_share_a_name_are_told_apart_by_numbers() {
        let field = |id: &str| json!({"text": "x", "customField": {"id": id, "name": "Owner"}});
        let sample = json!({"currentValue": {"todoCustomFields": [field("cf1"), field("cf7"), field("cf9")]}});
        let mut taken = Vec::new();
        for (id, member, name) in [
            ("cf1", "text", "Owner"),
            ("cf7", "text", "Owner_2"),
            ("cf9", "text", "Owner_3"),
            ("cf7", "number", "Owner_number"),
            // The sample does not tell its name.
            ("cf8", "text", "text"),
        ] {
            let path =
                format!("$.currentValue.todoCustomFields[?@.customField.id=='{id}'].{member}");
            let row = FieldRow::picked(&path, &taken, &sample);
            assert_eq!(row.to, name, "{path}");
            taken.push(row);
        }
    }

    #[test]
    fn texts_stand_in_either_kind_of_quotes() {
        for (typed, args) in [
            ("replace('a) | b', \"c\")", json!(["a) | b", "c"])),
            (
                r#"replace('say "hi"', 'it\'s')"#,
                json!(["say \"hi\"", "it's"]),
            ),
            (r#"replace("it's", 'ä\n')"#, json!(["it's", "ä\n"])),
            ("lookup({'low': ['x', 1]})", json!([{"low": ["x", 1]}])),
        ] {
            assert_eq!(parse_pipe(typed).unwrap()[0]["args"], args, "{typed}");
        }
    }

    #[test]
    fn arguments_that_cannot_be_read_are_told_by_an_example_that_can() {
        for function in functions() {
            let example = example_call(function);
            assert_eq!(parse_pipe(&example).unwrap().len(), 1, "{example}");
        }
        let said = parse_pipe("truncate(a)").unwrap_err();
        let example = example_call(find("truncate").unwrap());
        assert!(said.contains(&example), "{said}");
    }

    #[test]
    fn fields_come_back_from_rows_as_they_were() {
        for field in [
            json!({"to": "a.b", "from": {"path": "$.x"}, "take": "all", "when_missing": "omit", "pipe": [{"fn": "count"}]}),
            json!({"to": "a", "from": {"template": "{{ event }}"}}),
            json!({"to": "a", "from": {"path": "$.x"}, "when_missing": "omit_if_empty"}),
            json!({"to": "a", "from": {"value": "12"}}),
            json!({"to": "a", "from": {"value": {"k": [1, null]}}}),
            json!({"to": "a", "from": {"value": "plain text"}}),
            json!({"to": "a", "from": {"path": "$.x[*]"}, "take": "join", "separator": " / "}),
        ] {
            assert_eq!(FieldRow::of(&field).document().unwrap(), field);
        }
    }

    #[test]
    fn a_picked_value_gets_a_free_name() {
        let mut rows = vec![FieldRow {
            to: "note.short".into(),
            ..FieldRow::default()
        }];
        for (path, name) in [
            ("$.currentValue.title", "title"),
            ("$.currentValue.todoList.title", "todoList_title"),
            ("$.currentValue.todoList.title", "todoList_title_2"),
            ("$.currentValue.todoTags[0].tag['a b']", "a b"),
            ("$.currentValue.todoUsers[*]", "todoUsers"),
            ("$.currentValue.todoUsers[*].user.fullName", "fullName"),
            ("$", "event"),
            ("$.currentValue.todoTags[*].tag.title", "tag_title"),
            ("$.currentValue.list.note", "list_note"),
            ("$.currentValue.title", "title_2"),
            ("$.previousValue.title", "previousValue_title"),
        ] {
            let sample = json!({"currentValue": {"todoUsers": [{"user": {"fullName": "Ada"}}]}});
            let row = FieldRow::picked(path, &rows, &sample);
            assert_eq!(row.to, name);
            let take = match path {
                "$.currentValue.todoUsers[*]" => "all",
                path if path.contains('*') => "join",
                _ => "",
            };
            assert_eq!(row.take, take, "{path}");
            rows.push(row);
        }
    }
}
