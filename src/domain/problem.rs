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
        let words = words.strip_suffix(&place).unwrap_or(&words);
        let kinds = [
            ("expected u32", "expected a whole number"),
            ("expected u64", "expected a whole number"),
            ("expected i64", "expected a whole number"),
            ("expected f64", "expected a number"),
        ];
        let told = kinds.iter().find_map(|(kind, told)| {
            let before = words.strip_suffix(kind)?;
            Some(format!("{before}{told}."))
        });
        let words = told.unwrap_or_else(|| format!("{words}."));
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
