//! Where a field goes: `task.name`, `items[0].title`, `['a.b'].c` or `a\.b.c`, each with or without a `$` before it. Objects and lists on the way are made.

use serde_json::{Map, Value};

/// Steps of one target.
pub const DEPTH_LIMIT: usize = 16;
/// Highest index that a target may name.
pub const INDEX_LIMIT: usize = 999;

/// A target that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Target {
    /// Reads a target; the error is the character position and a sentence.
    pub fn parse(text: &str) -> Result<Target, (usize, String)> {
        let trimmed = text.trim();
        let mut rest = match trimmed.strip_prefix('$') {
            Some(path) if path.starts_with('[') => path,
            _ => trimmed.strip_prefix("$.").unwrap_or(trimmed),
        };
        let mut steps = Vec::new();
        let fail = |rest: &str, reason: &str| {
            Err((
                trimmed.chars().count() - rest.chars().count(),
                reason.to_string(),
            ))
        };
        if rest.is_empty() {
            return fail(rest, "Say where the value goes, for example task.name.");
        }
        while !rest.is_empty() {
            if steps.len() == DEPTH_LIMIT {
                return fail(rest, "A target has at most 16 steps.");
            }
            let (step, after) = match rest.strip_prefix('[') {
                Some(inside) => match bracket(inside) {
                    Some(found) => found,
                    None => {
                        return fail(
                            rest,
                            "Write a position like [0] or a name like ['a b'] in the brackets.",
                        );
                    }
                },
                None => {
                    let (name, after) = name(rest);
                    if name.is_empty() {
                        return fail(rest, "A name is missing between two dots.");
                    }
                    (Step::Key(name), after)
                }
            };
            steps.push(step);
            rest = match after.strip_prefix('.') {
                Some("") => return fail("", "A name is missing after the last dot."),
                Some(next) => next,
                None if after.is_empty() || after.starts_with('[') => after,
                None => return fail(after, "A dot or a bracket is expected here."),
            };
        }
        Ok(Target {
            text: trimmed.to_string(),
            steps,
        })
    }

    /// Whether both would write the same place, or one below the other's value.
    pub fn clashes(&self, other: &Target) -> bool {
        let shared = self.steps.len().min(other.steps.len());
        self.steps[..shared] == other.steps[..shared]
            || self
                .steps
                .iter()
                .zip(&other.steps)
                .find(|(a, b)| a != b)
                .is_some_and(|(a, b)| {
                    matches!(
                        (a, b),
                        (Step::Key(_), Step::Index(_)) | (Step::Index(_), Step::Key(_))
                    )
                })
    }

    /// Whether the outermost container is a list.
    pub fn starts_with_index(&self) -> bool {
        matches!(self.steps.first(), Some(Step::Index(_)))
    }

    /// Puts a value into place.
    pub fn put(&self, root: &mut Value, value: Value) {
        let mut place = root;
        for step in &self.steps {
            place = match step {
                Step::Key(key) => {
                    if !place.is_object() {
                        *place = Value::Object(Map::new());
                    }
                    match place {
                        Value::Object(members) => {
                            members.entry(key.as_str()).or_insert(Value::Null)
                        }
                        other => other,
                    }
                }
                Step::Index(index) => {
                    if !place.is_array() {
                        *place = Value::Array(Vec::new());
                    }
                    match place {
                        Value::Array(items) => {
                            if items.len() <= *index {
                                items.resize(index + 1, Value::Null);
                            }
                            &mut items[*index]
                        }
                        other => other,
                    }
                }
            };
        }
        *place = value;
    }
}

/// The name up to the next dot or bracket; one behind a backslash belongs to it.
fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut rest = text;
    while let Some(sign) = rest
        .chars()
        .next()
        .filter(|sign| !['.', '['].contains(sign))
    {
        let literal = rest
            .strip_prefix('\\')
            .and_then(|after| after.chars().next())
            .filter(|next| ['.', '['].contains(next));
        name.push(literal.unwrap_or(sign));
        rest = &rest[sign.len_utf8() + usize::from(literal.is_some())..];
    }
    (name, rest)
}

fn bracket(inside: &str) -> Option<(Step, &str)> {
    for quote in ['\'', '"'] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let (name, after) = quoted.split_once(quote)?;
            return Some((Step::Key(name.to_string()), after.strip_prefix(']')?));
        }
    }
    let (digits, after) = inside.split_once(']')?;
    let index: usize = digits.parse().ok().filter(|index| *index <= INDEX_LIMIT)?;
    Some((Step::Index(index), after))
}
