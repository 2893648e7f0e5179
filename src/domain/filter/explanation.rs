//! Why an event passed a filter or did not: the whole condition tree with the values found.
//!
//! Made by `Filter::evaluate`, shown by the log, the preview and the API. Long values are cut, so that an explanation stays small.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::domain::filter::Mode;
use crate::domain::filter::condition::Truth;
use crate::domain::value::cut;

/// Longest text of a found value, in characters; lists and objects are cut by their JSON text.
pub const FOUND_LIMIT_CHARS: usize = 200;

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Explanation {
    Group {
        mode: &'static str,
        result: Truth,
        children: Vec<Explanation>,
    },
    Condition {
        path: String,
        op: &'static str,
        value: Value,
        result: Truth,
        found: Value,
        found_type: &'static str,
        /// What was compared and why it held or not; for programs the sentence.
        reason: Box<Reason>,
    },
}

/// Why a condition held or not, in parts, so that it can be told in any language; shows as the English sentence.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Nothing is at the path.
    Missing { path: String },
    /// The event brings no value from before.
    NoBefore,
    /// Of what is compared before and after, one side has no value.
    NoSide { path: String, before: bool },
    /// A limit of work was passed, told by whoever keeps it.
    Limit(String),
    /// What was found is not of the kind that is asked for.
    NotA {
        path: String,
        found: Found,
        kind: &'static str,
        wanted: &'static str,
        /// It would have been converted if types were not strict.
        strict: bool,
    },
    /// A change from one value to another is asked for.
    Change {
        path: String,
        before: Found,
        found: Found,
        test: Test,
        holds: bool,
    },
    Holds {
        path: String,
        found: Found,
        test: Test,
    },
    Fails {
        path: String,
        found: Found,
        test: Test,
        slip: Option<Slip>,
    },
}

/// A found value as JSON, cut; `None` when there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Found(pub Option<String>);

/// The operator with what it compares to.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    pub op: &'static str,
    pub label: &'static str,
    /// As JSON, cut; `None` for an operator without one.
    pub value: Option<String>,
    /// All of it in English.
    pub said: String,
}

/// What a test denies. When such a test fails, what it denies is so, and that is told: two times no are hard to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    Contains,
    Equals,
    IsOneOf,
    StartsWith,
    EndsWith,
    Matches,
}

impl Denied {
    const fn words(self) -> &'static str {
        match self {
            Denied::Contains => "contains",
            Denied::Equals => "equals",
            Denied::IsOneOf => "is one of",
            Denied::StartsWith => "starts with",
            Denied::EndsWith => "ends with",
            Denied::Matches => "matches the pattern",
        }
    }
}

impl Test {
    /// What it denies, and of which value.
    pub fn denied(&self) -> Option<(Denied, &str)> {
        let denied = match self.op {
            "not_contains" => Denied::Contains,
            "not_equals" | "ne" => Denied::Equals,
            "not_in" => Denied::IsOneOf,
            "not_starts_with" => Denied::StartsWith,
            "not_ends_with" => Denied::EndsWith,
            "not_matches" => Denied::Matches,
            _ => return None,
        };
        Some((denied, self.value.as_deref()?))
    }
}

/// What people overlook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    BlankAtEdge,
    Case,
    /// It is one of several items of a list.
    AmongOthers,
    /// It is only a part of an item's name.
    PartOfAnItem,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Missing { path } => write!(f, "Cannot tell: there is nothing at {path}."),
            Reason::NoBefore => {
                f.write_str("Cannot tell: the event has no previous value to compare with.")
            }
            Reason::NoSide { path, before: true } => {
                write!(f, "Cannot tell: there was nothing at {path} before.")
            }
            Reason::NoSide { path, .. } => {
                write!(f, "Cannot tell: there is nothing at {path} any more.")
            }
            Reason::Limit(reason) => write!(f, "Cannot tell: {reason}"),
            Reason::NotA {
                path,
                found,
                kind,
                wanted,
                strict: false,
            } => write!(
                f,
                "Cannot tell: {path} is {found} ({kind}), which does not read as a {wanted}."
            ),
            Reason::NotA {
                path,
                found,
                kind,
                wanted,
                ..
            } => write!(
                f,
                "Cannot tell: {path} is {found} ({kind}), which is not a {wanted}; with strict types nothing is converted."
            ),
            Reason::Change {
                path,
                before,
                found,
                test,
                holds,
            } => {
                let holds = if *holds { "holds" } else { "does not hold" };
                write!(f, "{path} was {before} and is {found}: “{test}” {holds}.")
            }
            Reason::Holds {
                path,
                found: Found(None),
                test,
            } => write!(f, "There is nothing at {path}: “{test}” holds."),
            Reason::Fails {
                path,
                found: Found(None),
                test,
                ..
            } => write!(f, "There is nothing at {path}: “{test}” does not hold."),
            Reason::Holds { path, found, test } => write!(f, "{path} is {found}, which {test}."),
            Reason::Fails {
                path,
                found,
                test,
                slip,
            } => {
                if let Some((denied, value)) = test.denied() {
                    return write!(f, "{path} is {found}, which {} {value}.", denied.words());
                }
                let slip = match slip {
                    None => "",
                    Some(Slip::BlankAtEdge) => " (a blank at the edge differs)",
                    Some(Slip::Case) => " (only upper and lower case differ)",
                    Some(Slip::AmongOthers) => " (it is one of several items; ask with `has`)",
                    Some(Slip::PartOfAnItem) => {
                        " (an item has it as a part; a list is asked for whole items)"
                    }
                };
                write!(f, "{path} is {found}; “{test}” does not hold{slip}.")
            }
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("not there"))
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Explanation {
    pub(super) fn group(mode: Mode, holds: bool, children: Vec<Explanation>) -> Explanation {
        let result = if holds { Truth::True } else { Truth::False };
        Explanation::Group {
            mode: mode.as_str(),
            result,
            children,
        }
    }

    /// What a connection without a filter says: every event passes.
    pub fn no_filter() -> Explanation {
        Explanation::group(Mode::All, true, Vec::new())
    }

    /// Whether the event passed.
    pub fn passed(&self) -> bool {
        match self {
            Explanation::Group { result, .. } | Explanation::Condition { result, .. } => {
                *result == Truth::True
            }
        }
    }

    /// The conditions that decided, in one line.
    pub fn sentence(&self) -> String {
        match self.reasons().as_slice() {
            [] => "There is no condition to meet.".into(),
            reasons => reasons
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    /// The reasons of the conditions that decided.
    pub fn reasons(&self) -> Vec<&Reason> {
        let mut reasons = Vec::new();
        self.collect(self.passed(), &mut reasons);
        reasons
    }

    /// How many conditions there are and how many of them keep the event back: those that do not hold, and within `none` those that do.
    pub fn tally(&self) -> (usize, usize) {
        self.count(true)
    }

    fn count(&self, wanted: bool) -> (usize, usize) {
        let is_as_wanted = self.passed() == wanted;
        match self {
            Explanation::Condition { .. } => (1, usize::from(!is_as_wanted)),
            Explanation::Group { mode, children, .. } => {
                let wanted = if *mode == "none" { !wanted } else { wanted };
                let (all, against) = children
                    .iter()
                    .map(|child| child.count(wanted))
                    .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                (all, if is_as_wanted { 0 } else { against })
            }
        }
    }

    /// The reasons of those conditions below that explain why this node is as it is.
    fn collect<'a>(&'a self, wanted: bool, reasons: &mut Vec<&'a Reason>) {
        match self {
            Explanation::Condition { reason, .. } => {
                if self.passed() == wanted {
                    reasons.push(reason);
                }
            }
            Explanation::Group { mode, children, .. } => {
                let wanted = if *mode == "none" { !wanted } else { wanted };
                for child in children.iter().filter(|child| child.passed() == wanted) {
                    child.collect(wanted, reasons);
                }
            }
        }
    }
}

/// A found value, cut to what an explanation shows.
pub(super) fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(cut(text, FOUND_LIMIT_CHARS)),
        Value::Array(_) | Value::Object(_) => {
            let text = value.to_string();
            if text.chars().count() > FOUND_LIMIT_CHARS {
                Value::from(cut(&text, FOUND_LIMIT_CHARS))
            } else {
                value.clone()
            }
        }
        _ => value.clone(),
    }
}
