//! What is wrong with a document that a person wrote, and where.
//!
//! Filters, mappings and destination settings are parsed into compiled forms; every parser returns all of its
//! problems at once, so that a form can mark each field and the API can list them. It does not decide what to do about them.

use serde::Serialize;
use serde_path_to_error::{Path, Segment};

/// One thing wrong with a document: where, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// JSON pointer into the document, for example `/all/0/path`; empty for the document itself.
    pub pointer: String,
    /// Stable snake_case code, for programs.
    pub code: &'static str,
    /// What happened and what to do, for people.
    pub message: String,
    /// Where in the text at `pointer`, in characters from 0, when the text was read that far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
}

impl Problem {
    /// A problem with the whole value at `pointer`.
    pub fn new(
        pointer: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Problem {
        Problem {
            pointer: pointer.into(),
            code,
            message: message.into(),
            position: None,
        }
    }

    /// A value of another form than is needed there, in the reader's words.
    pub fn wrong_shape(pointer: impl Into<String>, error: &serde_json::Error) -> Problem {
        let words = error.to_string();
        // Where the value stands is told by the pointer.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let words = in_peoples_words(words.strip_suffix(&place).unwrap_or(&words));
        Problem::new(pointer, "wrong_shape", words)
    }

    /// The same of a value somewhere in the one at `pointer`.
    pub fn wrong_shape_within(
        pointer: &str,
        error: &serde_path_to_error::Error<serde_json::Error>,
    ) -> Problem {
        let place = format!("{pointer}{}", pointer_to(error.path()));
        Problem::wrong_shape(place, error.inner())
    }

    /// The same problem of a document that this one is a part of.
    pub fn within(mut self, pointer: &str) -> Problem {
        self.pointer.insert_str(0, pointer);
        self
    }

    /// The same problem, narrowed to a character position inside the text.
    pub fn at(mut self, position: Option<usize>) -> Problem {
        self.position = position;
        self
    }
}

/// What the reader says, without the names of types.
fn in_peoples_words(words: &str) -> String {
    let of_value = words
        .strip_prefix("invalid type: ")
        .or_else(|| words.strip_prefix("invalid value: "));
    // Read member by member, a list has too few for an object.
    let is_short = words.starts_with("invalid length ") && words.contains(", expected an object");
    let of_value = of_value.or(is_short.then_some("sequence, expected map"));
    let member = |before: &str| words.strip_prefix(before)?.split_once('`');
    if let Some((found, wanted)) = of_value.and_then(|rest| rest.rsplit_once(", expected ")) {
        let (found, wanted) = (what_is(found), what_is(wanted));
        format!("This is {found}; expected {wanted}.")
    } else if let Some((name, _)) = member("missing field `") {
        format!("`{name}` is missing.")
    } else if let Some((name, known)) = member("unknown field `") {
        let known = known.trim_start_matches(", expected ");
        let known = known.trim_start_matches("one of ");
        format!("There is no `{name}` here; known are {known}.")
    } else {
        format!("{words}.")
    }
}

/// A type, or a value that was found, as people call it.
fn what_is(words: &str) -> String {
    let called = match words {
        "map" | "a map" => "an object",
        "sequence" | "a sequence" => "a list",
        "a string" | "string" => "a text",
        "a boolean" => "true or false",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0",
        "i32" | "i64" => "a whole number",
        "f64" => "a number",
        _ => {
            let kinds = [
                ("integer ", "the number "),
                ("floating point ", "the number "),
                ("boolean ", ""),
                ("string ", "the text "),
            ];
            let of_kind = |(kind, called)| Some(format!("{called}{}", words.strip_prefix(kind)?));
            let found = kinds.into_iter().find_map(of_kind);
            return found.unwrap_or_else(|| words.to_string());
        }
    };
    called.to_string()
}

/// A member's name as a part of a JSON pointer.
pub fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name that a part of a JSON pointer stands for.
pub fn pointer_name(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Where reading stopped, as a JSON pointer.
pub fn pointer_to(path: &Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", pointer_part(key))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Of these, the one that a wrong word was most likely meant to be: it is written nearly so, or one of both begins with the other.
pub fn nearest<'i>(wrong: &str, ids: impl Iterator<Item = &'i str>) -> Option<&'i str> {
    let is_near = |id: &&str| {
        strsim::normalized_damerau_levenshtein(wrong, id) >= 0.6
            || (wrong.len() > 2 && id.starts_with(wrong))
            || (id.len() > 2 && wrong.starts_with(id))
    };
    ids.filter(is_near)
        .map(|id| (strsim::jaro_winkler(wrong, id), id))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, expecting = "an object")]
    #[expect(dead_code)]
    struct Document {
        #[serde(default)]
        statuses: Vec<u16>,
        count: Option<u32>,
        share: Option<f64>,
        name: String,
        flag: Option<bool>,
    }

    fn told(document: Value) -> (String, String) {
        let error = serde_path_to_error::deserialize::<_, Document>(document).unwrap_err();
        let problem = Problem::wrong_shape_within("", &error);
        (problem.pointer, problem.message)
    }

    #[test]
    fn a_wrong_shape_is_told_without_the_names_of_types() {
        for (document, pointer, message) in [
            (
                json!({"statuses": [70_000]}),
                "/statuses/0",
                "This is the number `70000`; expected a whole number from 0 to 65535.",
            ),
            (
                json!({"statuses": {}}),
                "/statuses",
                "This is an object; expected a list.",
            ),
            (
                json!({"statuses": null}),
                "/statuses",
                "This is null; expected a list.",
            ),
            (
                json!({"count": -1}),
                "/count",
                "This is the number `-1`; expected a whole number from 0 to 4294967295.",
            ),
            (
                json!({"share": [1]}),
                "/share",
                "This is a list; expected a number.",
            ),
            (
                json!({"name": 1.5}),
                "/name",
                "This is the number `1.5`; expected a text.",
            ),
            (
                json!({"name": true}),
                "/name",
                "This is `true`; expected a text.",
            ),
            (
                json!({"flag": "a, expected b"}),
                "/flag",
                "This is the text \"a, expected b\"; expected true or false.",
            ),
            (json!([]), "", "This is a list; expected an object."),
            (json!({}), "", "`name` is missing."),
            (
                json!({"nam": 1}),
                "/nam",
                "There is no `nam` here; known are `statuses`, `count`, `share`, `name`, `flag`.",
            ),
        ] {
            assert_eq!(told(document), (pointer.into(), message.into()));
        }
    }
}
