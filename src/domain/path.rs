//! A path into a document: RFC 9535 JSONPath as far as jsonpath-rust goes, parsed once and kept.
//!
//! Filters and mappings hold these. Nearly every path a person writes is a chain of names and indexes; those are walked directly on the
//! value. Anything else runs in jsonpath-rust, inside limits: parsing refuses long texts, and a query is refused when what it could cost on the
//! document passes a limit (`cost`). What the crate gets wrong is listed as `known_gap` tests below.

mod cost;

use cost::{Cost, Limits};
use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

use crate::domain::needs::Needs;

/// Work that one evaluation may cost: nodes of the document, as often as each is visited.
pub const WORK_LIMIT_NODES: usize = 200_000;
/// Work that all queries of one filter, or of one mapping, may cost together; each has an equal share of it, at most [`WORK_LIMIT_NODES`].
pub const SHARED_WORK_NODES: usize = 2_000_000;
/// Nodes that one evaluation may give.
pub const RESULT_LIMIT_NODES: usize = 10_000;
/// Nodes that regular expressions may be tried on, which the crate compiles anew at each.
pub const REGEX_LIMIT_NODES: usize = 500;
/// Nodes that the regular expressions of all queries of one filter, or of one mapping, may be tried on together; shared like the work.
pub const SHARED_REGEX_NODES: usize = 2_000;
/// Largest compiled regular expression, in bytes.
pub const REGEX_LIMIT_BYTES: usize = 256 * 1024;
/// Bytes of the paths that the crate writes down, one for each node that it visits.
pub const PATHS_LIMIT_BYTES: usize = 64 << 20;

/// Calls of functions that may stand inside each other. The crate reads what is wrong in one several times, and so in each of them.
pub const CALLS_DEEP_LIMIT: usize = 4;

/// A path that was understood.
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    plan: Plan,
}

#[derive(Debug, Clone)]
enum Plan {
    /// Names and indexes: at most one node.
    Walk(Vec<Step>),
    Query {
        query: JpQuery,
        cost: Cost,
        limits: Limits,
    },
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Name(String),
    Index(i64),
}

/// Why a path was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PathError {
    /// In characters from 0, when it is known.
    pub position: Option<usize>,
    pub reason: String,
}

impl PathError {
    fn new(reason: impl Into<String>) -> PathError {
        PathError {
            position: None,
            reason: reason.into(),
        }
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Path {
    /// Longest path, in bytes.
    pub const TEXT_LIMIT_BYTES: usize = 512;

    /// Reads `$.a.b[0]`, any RFC 9535 query, or the shorthand `a.b[0]`.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        if text.len() > Path::TEXT_LIMIT_BYTES {
            return Err(PathError::new(format!(
                "A path may have at most {} bytes.",
                Path::TEXT_LIMIT_BYTES
            )));
        }
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(PathError {
                position: Some(0),
                reason: "The path is empty; `$` is the whole document.".into(),
            });
        }
        let (query_text, shift) = match trimmed.as_bytes().first() {
            Some(b'$') => (trimmed.to_string(), 0),
            Some(b'[') => (format!("${trimmed}"), 1),
            Some(b'@') => (format!("${}", &trimmed[1..]), 0),
            _ => (format!("$.{trimmed}"), 2),
        };
        if let Some(position) = blank_in_name(&query_text) {
            return Err(PathError {
                position: Some(position.saturating_sub(shift)),
                reason: "A name with a blank is written in brackets, like $['two words'].".into(),
            });
        }
        if let Some(position) = too_many_calls(&query_text) {
            return Err(PathError {
                position: Some(position.saturating_sub(shift)),
                reason: format!(
                    "At most {CALLS_DEEP_LIMIT} functions may stand inside each other in a path."
                ),
            });
        }
        let query =
            parse_json_path(&query_text).map_err(|error| describe(&error.to_string(), shift))?;
        let plan = match steps(&query) {
            Some(steps) => Plan::Walk(steps),
            None => Plan::Query {
                cost: Cost::of(&query)?,
                query,
                limits: Limits::of_one(),
            },
        };
        Ok(Path {
            text: trimmed.to_string(),
            plan,
        })
    }

    /// Made of names and indexes only: gives at most one node.
    pub fn is_singular(&self) -> bool {
        matches!(self.plan, Plan::Walk(_))
    }

    /// The nodes it selects, in document order as far as the crate keeps it. Fails only when a limit of work is passed.
    pub fn find<'v>(&self, root: &'v Value) -> Result<Vec<&'v Value>, PathError> {
        match &self.plan {
            Plan::Walk(steps) => Ok(walk(steps, root).into_iter().collect()),
            Plan::Query {
                query,
                cost,
                limits,
            } => {
                cost.allows(root, *limits)?;
                run(query, root)
            }
        }
    }

    /// What a query may cost on this document, in nodes; a walk costs next to nothing.
    pub fn work(&self, root: &Value) -> usize {
        match &self.plan {
            Plan::Walk(_) => 0,
            Plan::Query { cost, .. } => cost.work(root),
        }
    }

    /// Gives each query among the paths of a filter or mapping its share of what they may cost together. Fixed by how many there are, not spent as they
    /// run: else one that is asked later would find less, and it depends on the others what is asked at all.
    pub fn share(paths: &mut [&mut Path]) {
        let limits = Limits::shared(paths.iter().filter_map(|path| match &path.plan {
            Plan::Query { cost, .. } => Some(*cost),
            Plan::Walk(_) => None,
        }));
        for path in paths {
            if let Plan::Query { limits: own, .. } = &mut path.plan {
                *own = limits;
            }
        }
    }

    /// The one node of a singular path, without making a list.
    pub fn find_one<'v>(&self, root: &'v Value) -> Result<Option<&'v Value>, PathError> {
        match &self.plan {
            Plan::Walk(steps) => Ok(walk(steps, root)),
            Plan::Query { .. } => Ok(self.find(root)?.into_iter().next()),
        }
    }

    /// The names that lead to what it finds, in their order, without those that stand in a filter.
    pub fn names(&self) -> Vec<&str> {
        match &self.plan {
            Plan::Walk(steps) => {
                let names = steps.iter().filter_map(|step| match step {
                    Step::Name(name) => Some(name.as_str()),
                    Step::Index(_) => None,
                });
                names.collect()
            }
            Plan::Query { query, .. } => query.segments.iter().flat_map(names_in).collect(),
        }
    }

    /// The name that it begins with, when it begins with one.
    pub fn first_name(&self) -> Option<String> {
        match &self.plan {
            Plan::Walk(steps) => match steps.first()? {
                Step::Name(name) => Some(name.clone()),
                Step::Index(_) => None,
            },
            Plan::Query { query, .. } => match query.segments.first()? {
                Segment::Selector(Selector::Name(name)) => Some(name.clone()),
                _ => None,
            },
        }
    }

    /// Adds what the path looks at below the place that `prefix` names.
    pub fn add_needs(&self, prefix: &[&str], needs: &mut Needs) {
        let Plan::Walk(steps) = &self.plan else {
            needs.add([]);
            return;
        };
        // Behind an index nothing is chosen: the list is kept as a whole.
        let names = steps.iter().map_while(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) => None,
        });
        needs.add(prefix.iter().copied().chain(names));
    }

    /// The same path below a leading name, when it begins with it: `$.currentValue.title` below `currentValue` is `$.title`.
    pub fn below(&self, name: &str) -> Option<Path> {
        let plan = match &self.plan {
            Plan::Walk(steps) => match steps.split_first()? {
                (Step::Name(first), rest) if first == name => Plan::Walk(rest.to_vec()),
                _ => return None,
            },
            Plan::Query { query, limits, .. } => {
                let (first, rest) = query.segments.split_first()?;
                let begins =
                    matches!(first, Segment::Selector(Selector::Name(first)) if first == name);
                let query = JpQuery::new(rest.to_vec());
                let cost = Cost::of(&query).ok().filter(|_| begins)?;
                Plan::Query {
                    query,
                    cost,
                    limits: *limits,
                }
            }
        };
        Some(Path {
            text: self.text.clone(),
            plan,
        })
    }
}

/// What is found as one list: of lists among it their items, of anything else itself. So a list that lies behind a query is asked like one that lies behind
/// names, and those of several entries are one. Of several, no more than a path may select.
pub fn as_list<'v>(found: &[&'v Value]) -> Result<Vec<&'v Value>, PathError> {
    let items_of = |value: &&'v Value| match *value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let length: usize = found.iter().map(|value| items_of(value).len()).sum();
    if found.len() > 1 && length > RESULT_LIMIT_NODES {
        return Err(too_many_results());
    }
    Ok(found.iter().flat_map(items_of).collect())
}

fn names_in(segment: &Segment) -> Vec<&str> {
    fn named(selector: &Selector) -> Option<&str> {
        match selector {
            Selector::Name(name) => Some(name),
            _ => None,
        }
    }
    match segment {
        Segment::Descendant(segment) => names_in(segment),
        Segment::Selector(selector) => named(selector).into_iter().collect(),
        Segment::Selectors(selectors) => selectors.iter().filter_map(named).collect(),
    }
}

fn walk<'v>(steps: &[Step], root: &'v Value) -> Option<&'v Value> {
    steps
        .iter()
        .try_fold(root, |node, step| match (step, node) {
            (Step::Name(name), Value::Object(members)) => members.get(name),
            (Step::Index(index), Value::Array(items)) => {
                let index = if *index < 0 {
                    index + items.len() as i64
                } else {
                    *index
                };
                usize::try_from(index)
                    .ok()
                    .and_then(|index| items.get(index))
            }
            _ => None,
        })
}

fn run<'v>(query: &JpQuery, root: &'v Value) -> Result<Vec<&'v Value>, PathError> {
    let found = js_path_process(query, root)
        .map_err(|error| PathError::new(format!("The path cannot be followed: {error}")))?;
    if found.len() > RESULT_LIMIT_NODES {
        return Err(too_many_results());
    }
    Ok(found.into_iter().map(|node| node.val()).collect())
}

fn too_many_results() -> PathError {
    PathError::new(format!(
        "The path selects more than {RESULT_LIMIT_NODES} values."
    ))
}

/// The steps of a singular query.
fn steps(query: &JpQuery) -> Option<Vec<Step>> {
    query
        .segments
        .iter()
        .map(|segment| match segment {
            Segment::Selector(Selector::Name(name)) => Some(Step::Name(name.clone())),
            Segment::Selector(Selector::Index(index)) => Some(Step::Index(*index)),
            _ => None,
        })
        .collect()
}

/// Where a dotted name holds a blank, which the crate lets pass and RFC 9535 does not. In characters.
fn blank_in_name(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut blank, mut in_name) = (0_usize, None, None, false);
    let mut escaped = false;
    for (position, sign) in text.chars().enumerate() {
        match (quote, sign) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) => quote = (sign != open).then_some(open),
            (None, '\'' | '"') => quote = Some(sign),
            (None, '[' | '(') => (depth, in_name, blank) = (depth + 1, false, None),
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, '.') if depth == 0 => (in_name, blank) = (true, None),
            (None, _) if sign.is_whitespace() && depth == 0 && in_name => {
                blank = blank.or(Some(position))
            }
            (None, _) if depth == 0 && in_name && blank.is_some() => return blank,
            _ => {}
        }
    }
    None
}

/// Where one call too many is inside others. In characters.
fn too_many_calls(text: &str) -> Option<usize> {
    let (mut open, mut quote, mut escaped, mut last) = (Vec::new(), None, false, ' ');
    for (position, sign) in text.chars().enumerate() {
        match (quote, sign) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(mark), _) => quote = (sign != mark).then_some(mark),
            (None, '\'' | '"') => quote = Some(sign),
            (None, '(') => {
                open.push(last.is_alphanumeric() || last == '_');
                if open.iter().filter(|is_call| **is_call).count() > CALLS_DEEP_LIMIT {
                    return Some(position);
                }
            }
            (None, ')') => {
                open.pop();
            }
            _ => {}
        }
        if !sign.is_whitespace() {
            last = sign;
        }
    }
    None
}

/// Takes line and column out of the crate's message and leaves a sentence.
fn describe(message: &str, shift: usize) -> PathError {
    let column = message
        .split("-->")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|place| place.split(':').nth(1))
        .and_then(|column| column.parse::<usize>().ok());
    let expected = message
        .lines()
        .find_map(|line| line.trim().strip_prefix("= "));
    let position = column.map(|column| column.saturating_sub(1).saturating_sub(shift));
    let reason = match (position, expected) {
        (Some(position), _) => format!(
            "This is not a path: it cannot be understood from character {} on.",
            position + 1
        ),
        (None, Some(expected)) => format!("This is not a path: {expected}."),
        (None, None) => "This is not a path; write it like $.currentValue.title.".to_string(),
    };
    PathError { position, reason }
}

#[cfg(test)]
mod tests;
