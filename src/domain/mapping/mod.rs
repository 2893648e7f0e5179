//! Mappings: what a connection sends.
//!
//! A person's document becomes a [`Mapping`] once; ingest, preview and retries call [`Mapping::apply`], which is pure: the same event gives the
//! same bytes for ever. Three modes: the body as received, fields built one by one (`fields`), or a text template (`template`). In each of them it may
//! add to the address and the headers of the request (`request`).

mod captured;
pub mod fields;
pub mod functions;
mod gaps;
mod involved;
mod json_like;
mod operators;
pub mod request;
mod tags;
pub mod target;
pub mod template;
#[cfg(test)]
mod tests;
mod unknown;

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::mapping::fields::{FieldPreview, Fields};
use crate::domain::mapping::request::{RequestParts, RequestTemplate};
use crate::domain::mapping::template::BodyTemplate;
use crate::domain::needs::Needs;
use crate::domain::problem::Problem;

/// Largest body that a mapping may make, in bytes.
pub const OUTPUT_LIMIT_BYTES: usize = 1 << 20;

/// Type of a JSON body.
pub const JSON: &str = "application/json";

/// What a mapping looks at.
#[derive(Debug, Clone, Copy)]
pub struct MappingInput<'a> {
    pub document: &'a Value,
    /// The bytes as received.
    pub body: &'a [u8],
}

/// What a mapping made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub body: Vec<u8>,
    pub content_type: Cow<'static, str>,
    /// What is added to the destination's address and headers.
    pub request: Option<Box<RequestParts>>,
}

impl Output {
    /// What it takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.request.as_ref().map_or(0, |request| request.bytes())
    }
}

/// Why a mapping could not make a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct MappingError {
    pub code: &'static str,
    pub message: String,
    /// The target field, the place in the template, or the part of the request.
    pub path: String,
}

impl MappingError {
    pub(super) fn new(
        code: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> MappingError {
        MappingError {
            code,
            path: path.into(),
            message: message.into(),
        }
    }

    fn too_large(path: impl Into<String>) -> MappingError {
        let message = format!("The body would be larger than {OUTPUT_LIMIT_BYTES} bytes.");
        MappingError::new("too_large", path, message)
    }
}

/// A mapping that was understood.
#[derive(Debug, Clone)]
pub struct Mapping {
    mode: Mode,
    request: Option<Box<RequestTemplate>>,
}

#[derive(Debug, Clone)]
enum Mode {
    Passthrough,
    Fields(Fields),
    Template(BodyTemplate),
    /// Saved once and not accepted any more.
    Refused(MappingError),
}

impl Mapping {
    /// A mapping that makes nothing, in the place of saved rules that are not accepted any more.
    pub(super) fn refused(problem: Option<Problem>) -> Mapping {
        let (path, message) =
            problem.map_or_else(Default::default, |one| (one.pointer, one.message));
        let message =
            format!("These rules are not accepted any more, save the connection anew: {message}");
        let refused = MappingError::new("rules_refused", path, message);
        Mapping {
            mode: Mode::Refused(refused),
            request: None,
        }
    }

    /// Why it makes nothing; `None` when it does.
    pub(super) fn refusal(&self) -> Option<&MappingError> {
        match &self.mode {
            Mode::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// Reads a mapping document; all problems come at once.
    pub fn parse(document: &Value) -> Result<Mapping, Vec<Problem>> {
        let wrong =
            |pointer: &str, code, message: &str| Err(vec![Problem::new(pointer, code, message)]);
        let Some(members) = document.as_object() else {
            return wrong(
                "",
                "wrong_shape",
                "A mapping is an object with a `mode`: passthrough, fields or template.",
            );
        };
        let known: &[&str] = match members.get("mode").and_then(Value::as_str) {
            Some("passthrough") => &["mode", "request"],
            Some("fields") => &["mode", "request", "fields"],
            Some("template") => &["mode", "request", "body", "format"],
            _ => {
                return wrong(
                    "/mode",
                    "unknown_mode",
                    "`mode` is passthrough, fields or template.",
                );
            }
        };
        let mut problems: Vec<Problem> = members
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
            .map(|key| {
                Problem::new(
                    format!("/{key}"),
                    "unknown_key",
                    format!("`{key}` is not known in this mode."),
                )
            })
            .collect();
        let mode = match known.get(2) {
            None => Some(Mode::Passthrough),
            Some(&"fields") => {
                Fields::parse(members.get("fields"), &mut problems).map(Mode::Fields)
            }
            Some(_) => {
                BodyTemplate::parse(members.get("body"), members.get("format"), &mut problems)
                    .map(Mode::Template)
            }
        };
        let request = members.get("request");
        let request = request.and_then(|request| RequestTemplate::parse(request, &mut problems));
        match mode {
            Some(mode) if problems.is_empty() => Ok(Mapping {
                mode,
                request: request.map(Box::new),
            }),
            _ => Err(problems),
        }
    }

    /// What nobody can mean although it can be read. Asked when somebody saves a mapping, not when a saved one is read.
    pub fn unfit(&self) -> Vec<Problem> {
        let mut problems = match &self.mode {
            Mode::Fields(fields) => fields.unfit(),
            Mode::Template(template) => template.unfit("/body").into_iter().collect(),
            Mode::Passthrough | Mode::Refused(_) => Vec::new(),
        };
        let request = self.request.iter();
        problems.extend(request.flat_map(|request| request.unfit()));
        problems
    }

    /// Adds what it looks at in the document.
    pub fn add_needs(&self, needs: &mut Needs) {
        match &self.mode {
            Mode::Passthrough | Mode::Refused(_) => {}
            Mode::Fields(fields) => fields.add_needs(needs),
            Mode::Template(_) => needs.add([]),
        }
        if self.request.is_some() {
            needs.add([]);
        }
    }

    /// Makes the body, and what is added to the request.
    pub fn apply(&self, input: &MappingInput<'_>) -> Result<Output, MappingError> {
        let mut output = match &self.mode {
            Mode::Refused(error) => return Err(error.clone()),
            Mode::Passthrough => Output {
                body: input.body.to_vec(),
                content_type: JSON.into(),
                request: None,
            },
            Mode::Fields(fields) => {
                let built = fields.build(input.document)?;
                let body = serde_json::to_vec(&built).map_err(|error| {
                    MappingError::new("not_serialisable", "", error.to_string())
                })?;
                Output {
                    body,
                    content_type: JSON.into(),
                    request: None,
                }
            }
            Mode::Template(template) => template.render(input.document)?,
        };
        if output.body.len() > OUTPUT_LIMIT_BYTES {
            return Err(MappingError::too_large(""));
        }
        if let Some(request) = &self.request {
            output.request = Some(Box::new(request.render(input.document)?));
        }
        Ok(output)
    }

    /// Each field with its value after every step; empty in the other modes.
    pub fn preview(&self, document: &Value) -> Vec<FieldPreview> {
        match &self.mode {
            Mode::Fields(fields) => fields.preview(document),
            _ => Vec::new(),
        }
    }

    /// The paths that a template prints and that find nothing; what a field lacks stands in its preview.
    pub fn missing(&self, document: &Value) -> Vec<String> {
        match &self.mode {
            Mode::Template(template) => template.missing(document),
            _ => Vec::new(),
        }
    }
}
