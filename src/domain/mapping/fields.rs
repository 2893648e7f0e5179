//! The `fields` mode: a JSON object built field by field.
//!
//! Each field takes values from a path, a template or a constant, picks among several, passes them through a pipe of functions and goes to its
//! target. Who takes all gets one list: where lists are found, of their items. A value that is missing (no node, or null) at the end of the pipe is written as null, left out, or fails the mapping, as
//! `when_missing` says; so `omit` also leaves out what Blue sends as null, and `omit_if_empty` a text, a list and an object in which nothing is as well. Fields appear in the order in which they are written.

use serde_json::{Map, Value};

use crate::domain::mapping::functions::list::joined;
use crate::domain::mapping::functions::{Call, least_bytes};
use crate::domain::mapping::gaps::stands_in;
use crate::domain::mapping::target::Target;
use crate::domain::mapping::template::{Shared, TextTemplate};
use crate::domain::mapping::{MappingError, OUTPUT_LIMIT_BYTES};
use crate::domain::needs::Needs;
use crate::domain::path::{Path, as_list};
use crate::domain::problem::Problem;
use crate::domain::value::is_empty;

/// Fields of one mapping.
pub const FIELDS_LIMIT: usize = 200;
/// Functions of one pipe.
pub const PIPE_LIMIT: usize = 20;

const FIELD_KEYS: [&str; 6] = ["to", "from", "take", "separator", "pipe", "when_missing"];

/// All fields.
#[derive(Debug, Clone)]
pub struct Fields(Vec<Field>);

#[derive(Debug, Clone)]
struct Field {
    to: Target,
    from: From,
    take: Take,
    pipe: Vec<Call>,
    when_missing: WhenMissing,
}

#[derive(Debug, Clone)]
enum From {
    Path(Path),
    Template(TextTemplate),
    Constant(Value),
}

#[derive(Debug, Clone, PartialEq)]
enum Take {
    First,
    All,
    One,
    Join(String),
}

impl Take {
    fn separator(&self) -> Option<&str> {
        match self {
            Take::Join(separator) => Some(separator),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum WhenMissing {
    Null,
    Omit,
    /// As it leaves out what is missing, also what is empty.
    OmitIfEmpty,
    Fail,
}

/// A field with what it made.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldPreview {
    pub to: String,
    /// The value taken, then the value after each function with its name.
    pub steps: Vec<(String, Value)>,
    pub error: Option<String>,
    /// Paths that find nothing, for which it stays empty.
    pub missing: Vec<String>,
}

impl Fields {
    pub(super) fn add_needs(&self, needs: &mut Needs) {
        for field in &self.0 {
            match &field.from {
                From::Path(path) => path.add_needs(&[], needs),
                From::Template(_) => needs.add([]),
                From::Constant(_) => {}
            }
        }
    }

    pub(super) fn parse(document: Option<&Value>, problems: &mut Vec<Problem>) -> Option<Fields> {
        let entries = match document.and_then(Value::as_array) {
            Some(entries) if entries.len() <= FIELDS_LIMIT => entries,
            Some(_) => {
                problems.push(Problem::new(
                    "/fields",
                    "too_many",
                    format!("At most {FIELDS_LIMIT} fields."),
                ));
                return None;
            }
            None => {
                problems.push(Problem::new(
                    "/fields",
                    "missing",
                    "`fields` is a list of fields with `to` and `from`.",
                ));
                return None;
            }
        };
        let mut fields: Vec<Field> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let pointer = format!("/fields/{index}");
            let Some(field) = parse_field(entry, &pointer, problems) else {
                continue;
            };
            match fields.iter().find(|other| other.to.clashes(&field.to)) {
                Some(other) => problems.push(Problem::new(
                    format!("{pointer}/to"),
                    "target_taken",
                    format!(
                        "`{}` and `{}` write the same place.",
                        field.to.text, other.to.text
                    ),
                )),
                None => fields.push(field),
            }
        }
        let mut fields = Fields(fields);
        fields.share_work();
        Some(fields)
    }

    /// Gives each query and each template its share of what they may cost together.
    fn share_work(&mut self) {
        let is_template = |field: &&Field| matches!(field.from, From::Template(_));
        let templates = self.0.iter().filter(is_template).count();
        let mut paths = Vec::new();
        for field in &mut self.0 {
            match &mut field.from {
                From::Path(path) => paths.push(path),
                From::Template(template) => template.share_fuel(templates),
                From::Constant(_) => {}
            }
        }
        Path::share(&mut paths);
    }

    pub(super) fn unfit(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, field) in self.0.iter().enumerate() {
            let pointer = format!("/fields/{index}");
            if let From::Template(template) = &field.from {
                problems.extend(template.unfit(&format!("{pointer}/from/template")));
            }
            for (place, call) in field.pipe.iter().enumerate() {
                problems.extend(call.unfit(&format!("{pointer}/pipe/{place}")));
            }
        }
        problems
    }

    pub(super) fn build(&self, document: &Value) -> Result<Value, MappingError> {
        let mut built = match self.0.first() {
            Some(field) if field.to.starts_with_index() => Value::Array(Vec::new()),
            _ => Value::Object(Map::new()),
        };
        let mut bytes_left = OUTPUT_LIMIT_BYTES;
        let event = Shared::new(document);
        for field in &self.0 {
            let (mut value, _) = field.taken(&event)?;
            for call in &field.pipe {
                value = call.apply(&value).map_err(|reason| {
                    MappingError::new("function_failed", &field.to.text, reason)
                })?;
            }
            match field.when_missing {
                WhenMissing::Omit if value.is_null() => {}
                WhenMissing::OmitIfEmpty if is_empty(&value) => {}
                WhenMissing::Fail if value.is_null() => {
                    let message = format!(
                        "There is no value{}, and the field must have one.",
                        field.origin()
                    );
                    return Err(MappingError::new("value_missing", &field.to.text, message));
                }
                _ => {
                    // Before all of them are put together.
                    bytes_left = bytes_left
                        .checked_sub(least_bytes(&value))
                        .ok_or_else(|| MappingError::too_large(""))?;
                    field.to.put(&mut built, value);
                }
            }
        }
        Ok(built)
    }

    pub(super) fn preview(&self, document: &Value) -> Vec<FieldPreview> {
        let event = Shared::new(document);
        self.0.iter().map(|field| field.preview(&event)).collect()
    }
}

impl Field {
    /// The value, and whether its path finds anything.
    fn taken(&self, event: &Shared<'_>) -> Result<(Value, bool), MappingError> {
        let path = match &self.from {
            From::Constant(value) => return Ok((value.clone(), true)),
            From::Template(template) => {
                return template
                    .render(event)
                    .map(|text| (Value::from(text), true))
                    .map_err(|error| MappingError {
                        path: self.to.text.clone(),
                        ..error
                    });
            }
            From::Path(path) => path,
        };
        let fail = |code, message: String| Err(MappingError::new(code, &self.to.text, message));
        let found = match path.find(event.document) {
            Ok(found) => found,
            Err(error) => return fail("path_failed", error.reason),
        };
        let is_there = !found.is_empty();
        let value = match &self.take {
            Take::First => found.first().map_or(Value::Null, |value| (*value).clone()),
            Take::Join(_) if found.is_empty() => Value::Null,
            Take::All | Take::Join(_) => {
                let items: Vec<Value> = match as_list(&found) {
                    Ok(items) => items.into_iter().cloned().collect(),
                    Err(error) => return fail("path_failed", error.reason),
                };
                match self.take.separator().map(|with| joined(&items, with)) {
                    None => Value::Array(items),
                    Some(Ok(text)) => Value::from(text),
                    Some(Err(reason)) => {
                        return fail("too_large", format!("It cannot be joined: {reason}."));
                    }
                }
            }
            Take::One => match found.as_slice() {
                [] => Value::Null,
                [one] => (*one).clone(),
                several => {
                    return fail(
                        "not_one",
                        format!(
                            "{path} selects {} values, and exactly one is wanted.",
                            several.len()
                        ),
                    );
                }
            },
        };
        Ok((value, is_there))
    }

    fn origin(&self) -> String {
        match &self.from {
            From::Path(path) => format!(" at {path}"),
            _ => String::new(),
        }
    }

    /// The paths that find nothing, when what was made of them is empty and nobody said that it may be.
    fn missing(&self, document: &Value, is_there: bool, steps: &[(String, Value)]) -> Vec<String> {
        let is_meant = self.pipe.iter().any(|call| stands_in(call.function.id));
        let is_empty =
            |step: Option<&(String, Value)>| step.is_some_and(|(_, value)| is_empty(value));
        match &self.from {
            From::Template(_) if is_meant && is_empty(steps.first()) => Vec::new(),
            From::Template(template) => template.missing(document),
            From::Path(path)
                if !is_there
                    && !is_meant
                    && self.when_missing == WhenMissing::Null
                    && is_empty(steps.last()) =>
            {
                vec![path.to_string()]
            }
            _ => Vec::new(),
        }
    }

    fn preview(&self, event: &Shared<'_>) -> FieldPreview {
        let mut preview = FieldPreview {
            to: self.to.text.clone(),
            steps: Vec::new(),
            error: None,
            missing: Vec::new(),
        };
        let (mut value, is_there) = match self.taken(event) {
            Ok(taken) => taken,
            Err(error) => {
                preview.error = Some(error.message);
                return preview;
            }
        };
        preview.steps.push(("value".into(), value.clone()));
        for call in &self.pipe {
            match call.apply(&value) {
                Ok(next) => value = next,
                Err(reason) => {
                    preview.error = Some(reason);
                    return preview;
                }
            }
            preview.steps.push((call.function.id.into(), value.clone()));
        }
        if value.is_null() && self.when_missing == WhenMissing::Fail {
            preview.error = Some("There is no value, and the field must have one.".into());
        }
        preview.missing = self.missing(event.document, is_there, &preview.steps);
        preview
    }
}

fn parse_field(entry: &Value, pointer: &str, problems: &mut Vec<Problem>) -> Option<Field> {
    let Some(members) = entry.as_object() else {
        problems.push(Problem::new(
            pointer,
            "wrong_shape",
            "A field is an object with `to` and `from`.",
        ));
        return None;
    };
    for key in members
        .keys()
        .filter(|key| !FIELD_KEYS.contains(&key.as_str()))
    {
        let message = format!(
            "`{key}` is not known here; a field has {}.",
            FIELD_KEYS.join(", ")
        );
        problems.push(Problem::new(
            format!("{pointer}/{key}"),
            "unknown_key",
            message,
        ));
    }
    let to = parse_to(members.get("to"), &format!("{pointer}/to"), problems);
    let from = parse_from(members.get("from"), &format!("{pointer}/from"), problems);
    let mut refuse = |key: &str, message: &str| {
        problems.push(Problem::new(
            format!("{pointer}/{key}"),
            "wrong_value",
            message,
        ));
    };
    let separator = match members.get("separator") {
        None | Some(Value::Null) => ", ",
        Some(Value::String(text)) => text,
        Some(_) => {
            refuse("separator", "`separator` is a text.");
            ", "
        }
    };
    let word = |key: &str| members.get(key).map(|word| word.as_str().unwrap_or("?"));
    let take = match word("take") {
        None | Some("first") => Some(Take::First),
        Some("all") => Some(Take::All),
        Some("one") => Some(Take::One),
        Some("join") => Some(Take::Join(separator.to_string())),
        Some(_) => {
            refuse("take", "`take` is first, all, one or join.");
            None
        }
    };
    let when_missing = match word("when_missing") {
        None | Some("null") => Some(WhenMissing::Null),
        Some("omit") => Some(WhenMissing::Omit),
        Some("omit_if_empty") => Some(WhenMissing::OmitIfEmpty),
        Some("fail") => Some(WhenMissing::Fail),
        Some(_) => {
            refuse(
                "when_missing",
                "`when_missing` is null, omit, omit_if_empty or fail.",
            );
            None
        }
    };
    let pipe = parse_pipe(members.get("pipe"), &format!("{pointer}/pipe"), problems);
    Some(Field {
        to: to?,
        from: from?,
        take: take?,
        pipe: pipe?,
        when_missing: when_missing?,
    })
}

fn parse_to(
    document: Option<&Value>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) -> Option<Target> {
    let text = document.and_then(Value::as_str).unwrap_or_default();
    Target::parse(text)
        .map_err(|(position, reason)| {
            problems.push(Problem::new(pointer, "bad_target", reason).at(Some(position)));
        })
        .ok()
}

fn parse_from(
    document: Option<&Value>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) -> Option<From> {
    let entry = document
        .and_then(Value::as_object)
        .filter(|members| members.len() == 1)
        .and_then(|members| members.iter().next());
    match entry.map(|(key, value)| (key.as_str(), value)) {
        Some(("path", Value::String(text))) => match Path::parse(text) {
            Ok(path) => Some(From::Path(path)),
            Err(error) => {
                problems.push(
                    Problem::new(format!("{pointer}/path"), "bad_path", error.reason)
                        .at(error.position),
                );
                None
            }
        },
        Some(("template", Value::String(text))) => match TextTemplate::parse(text) {
            Ok(template) => Some(From::Template(template)),
            Err(error) => {
                problems.push(
                    Problem::new(format!("{pointer}/template"), "bad_template", error.reason)
                        .at(error.position),
                );
                None
            }
        },
        Some(("value", value)) => Some(From::Constant(value.clone())),
        _ => {
            let message =
                "`from` is one of {\"path\": ...}, {\"template\": ...}, {\"value\": ...}.";
            problems.push(Problem::new(pointer, "wrong_shape", message));
            None
        }
    }
}

fn parse_pipe(
    document: Option<&Value>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Call>> {
    let calls = match document {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(Value::Array(calls)) if calls.len() <= PIPE_LIMIT => calls,
        _ => {
            let message = format!(
                "`pipe` is a list of at most {PIPE_LIMIT} functions like {{\"fn\": \"trim\"}}."
            );
            problems.push(Problem::new(pointer, "wrong_shape", message));
            return None;
        }
    };
    let mut pipe = Vec::with_capacity(calls.len());
    for (index, call) in calls.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        let id = call.get("fn").and_then(Value::as_str);
        let args = match call.get("args") {
            None | Some(Value::Null) => Some(&[][..]),
            Some(Value::Array(args)) => Some(args.as_slice()),
            Some(_) => None,
        };
        let extra = call
            .as_object()
            .is_some_and(|members| members.keys().any(|key| key != "fn" && key != "args"));
        match (id, args) {
            (Some(id), Some(args)) if !extra => match Call::parse(id, args, &pointer) {
                Ok(call) => pipe.push(call),
                Err(problem) => problems.push(problem),
            },
            _ => problems.push(Problem::new(
                pointer,
                "wrong_shape",
                "A function is written {\"fn\": \"round\", \"args\": [2]}.",
            )),
        }
    }
    (pipe.len() == calls.len()).then_some(pipe)
}
