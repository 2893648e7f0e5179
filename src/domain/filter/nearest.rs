//! The nearest miss: the fewest conditions that would have had to turn out otherwise for an event to pass.
//!
//! Read from an [`Explanation`], so it can say nothing that the decision did not look at. Shown by the log beside a skipped delivery.
//! It does not guess which value would have been right; it names the conditions.

use serde_json::Value;

use crate::domain::filter::explanation::{Explanation, Reason};

/// A condition that stood in the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Miss<'a> {
    pub path: &'a str,
    pub op: &'a str,
    pub value: &'a Value,
    /// Whether it should have held; `false` when it held inside a group that wants none to.
    pub should_hold: bool,
    /// What was found instead.
    pub reason: &'a Reason,
}

/// The conditions whose change would have let the event pass, as few as possible; empty when it passed, or when nothing could.
pub fn nearest_miss(explanation: &Explanation) -> Vec<Miss<'_>> {
    to_become(explanation, true).unwrap_or_default()
}

/// What must change for a node to become `wanted`; `None` when no change of a condition can do that.
fn to_become(node: &Explanation, wanted: bool) -> Option<Vec<Miss<'_>>> {
    if node.passed() == wanted {
        return Some(Vec::new());
    }
    match node {
        Explanation::Condition {
            path,
            op,
            value,
            reason,
            ..
        } => Some(vec![Miss {
            path,
            op,
            value,
            should_hold: wanted,
            reason,
        }]),
        Explanation::Group { mode, children, .. } => {
            let (each_must_become, all_of_them) = match (*mode, wanted) {
                ("all", true) => (true, true),
                ("all", false) => (false, false),
                ("none", true) => (false, true),
                ("none", false) => (true, false),
                (_, true) => (true, false),
                (_, false) => (false, true),
            };
            let ways = children
                .iter()
                .map(|child| to_become(child, each_must_become));
            if all_of_them {
                ways.collect::<Option<Vec<_>>>()
                    .map(|ways| ways.into_iter().flatten().collect())
            } else {
                ways.flatten().min_by_key(Vec::len)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::filter::condition::Truth;

    fn condition(path: &str, result: Truth) -> Explanation {
        Explanation::Condition {
            path: path.into(),
            op: "equals",
            value: json!("x"),
            result,
            found: json!("y"),
            found_type: "text",
            reason: Box::new(Reason::NoBefore),
        }
    }

    fn group(mode: &'static str, result: Truth, children: Vec<Explanation>) -> Explanation {
        Explanation::Group {
            mode,
            result,
            children,
        }
    }

    fn paths(explanation: &Explanation) -> Vec<(&str, bool)> {
        nearest_miss(explanation)
            .iter()
            .map(|miss| (miss.path, miss.should_hold))
            .collect()
    }

    #[test]
    fn every_failed_condition_of_all_stood_in_the_way() {
        let tree = group(
            "all",
            Truth::False,
            vec![
                condition("a", Truth::True),
                condition("b", Truth::False),
                condition("c", Truth::Unknown),
            ],
        );
        assert_eq!(paths(&tree), [("b", true), ("c", true)]);
    }

    #[test]
    fn of_any_the_cheapest_way_is_named() {
        let dear = group(
            "all",
            Truth::False,
            vec![condition("a", Truth::False), condition("b", Truth::False)],
        );
        let tree = group(
            "any",
            Truth::False,
            vec![dear, condition("c", Truth::False)],
        );
        assert_eq!(paths(&tree), [("c", true)]);
    }

    #[test]
    fn a_condition_that_held_inside_none_should_not_have() {
        let inner = group(
            "all",
            Truth::True,
            vec![condition("a", Truth::True), condition("b", Truth::True)],
        );
        let tree = group(
            "none",
            Truth::False,
            vec![inner, condition("c", Truth::False)],
        );
        assert_eq!(paths(&tree), [("a", false)]);
    }

    #[test]
    fn what_passed_has_no_miss_and_an_empty_any_has_no_way() {
        assert_eq!(paths(&condition("a", Truth::True)), []);
        assert_eq!(paths(&group("any", Truth::False, Vec::new())), []);
    }
}
