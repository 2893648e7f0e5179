//! Why an event passed a filter or did not: the whole condition tree with the values found.
//!
//! Made by `Filter::evaluate`, shown by the log, the preview and the API. Long values are cut, so that an explanation stays small.

use serde::Serialize;
use serde_json::Value;

use crate::domain::filter::Mode;
use crate::domain::filter::condition::Truth;

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
        /// What was compared and why it held or not.
        reason: String,
    },
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
        let mut reasons = Vec::new();
        self.collect(self.passed(), &mut reasons);
        match reasons.is_empty() {
            true => "There is no condition to meet.".into(),
            false => reasons.join(" "),
        }
    }

    /// How many conditions there are and how many of them did not hold.
    pub fn tally(&self) -> (usize, usize) {
        match self {
            Explanation::Condition { result, .. } => (1, usize::from(*result != Truth::True)),
            Explanation::Group { children, .. } => children
                .iter()
                .map(Explanation::tally)
                .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)),
        }
    }

    /// The reasons of those conditions below that explain why this node is as it is.
    fn collect<'a>(&'a self, wanted: bool, reasons: &mut Vec<&'a str>) {
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
    let cut = |text: &str| -> String {
        match text.char_indices().nth(FOUND_LIMIT_CHARS) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_string(),
        }
    };
    match value {
        Value::String(text) => Value::from(cut(text)),
        Value::Array(_) | Value::Object(_) => {
            let text = value.to_string();
            match text.chars().count() > FOUND_LIMIT_CHARS {
                true => Value::from(cut(&text)),
                false => value.clone(),
            }
        }
        _ => value.clone(),
    }
}
