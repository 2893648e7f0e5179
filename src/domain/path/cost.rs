//! What a query may cost, told from its text before it runs: jsonpath-rust has no limits of its own.
//!
//! Called by `path` when a query is read ([`Cost::of`], which may refuse it) and before each run ([`Cost::allows`]). The crate selects a node as
//! often as selectors beside each other name it, follows what stands inside a filter for every node that the filter looks at, writes each node's
//! whole path down as text, and compiles a regular expression anew at every node. All of that is bounded from above: a query that would be quick may
//! be refused for a very large event, a slow one is never let through.

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector,
    SingularQuery, Test, TestFunction,
};
use serde_json::Value;

use super::{
    PATHS_LIMIT_BYTES, PathError, REGEX_LIMIT_BYTES, REGEX_LIMIT_NODES, SHARED_REGEX_NODES,
    SHARED_WORK_NODES, WORK_LIMIT_NODES,
};
use crate::domain::pattern;

/// What makes a query dear. Each node of the document is visited at most `nodes^whole * depth^deep * times` times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// Steps that visit the whole document for each node that they begin at.
    whole: u32,
    /// Steps that visit everything below each node that they begin at: a node lies below as many others as it is deep.
    deep: u32,
    /// Selectors and conditions beside each other.
    times: usize,
    /// Regular expressions.
    patterns: usize,
}

/// What a query may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    work_nodes: usize,
    regex_nodes: usize,
    path_bytes: usize,
}

impl Limits {
    /// Of a query alone.
    pub(super) fn of_one() -> Limits {
        Limits {
            work_nodes: WORK_LIMIT_NODES,
            regex_nodes: REGEX_LIMIT_NODES,
            path_bytes: PATHS_LIMIT_BYTES,
        }
    }

    /// Of each of several.
    pub(super) fn shared(queries: impl Iterator<Item = Cost>) -> Limits {
        let (mut all, mut with_patterns) = (0, 0);
        for query in queries {
            all += 1;
            with_patterns += usize::from(query.patterns > 0);
        }
        let work_nodes = WORK_LIMIT_NODES.min(SHARED_WORK_NODES / all.max(1));
        Limits {
            work_nodes,
            regex_nodes: REGEX_LIMIT_NODES.min(SHARED_REGEX_NODES / with_patterns.max(1)),
            // As much less as there is less work.
            path_bytes: PATHS_LIMIT_BYTES / WORK_LIMIT_NODES * work_nodes,
        }
    }
}

/// Looks at each node once.
const PLAIN: Cost = Cost {
    whole: 0,
    deep: 0,
    times: 1,
    patterns: 0,
};
/// Looks at the whole document for each node.
const WHOLE: Cost = Cost { whole: 1, ..PLAIN };
/// Looks at everything below each node.
const DEEP: Cost = Cost { deep: 1, ..PLAIN };
/// Nothing yet, to which others are set beside.
const NOTHING: Cost = Cost { times: 0, ..PLAIN };

/// A document as far as it matters here.
struct Size {
    nodes: usize,
    depth: usize,
    /// Bytes of the paths of all nodes.
    path_bytes: usize,
}

impl Cost {
    /// What the query costs. Refuses patterns that are not written in it, or that are too large.
    pub(super) fn of(query: &JpQuery) -> Result<Cost, PathError> {
        of_absolute(query)
    }

    /// Whether it may run on this document.
    pub(super) fn allows(self, root: &Value, limits: Limits) -> Result<(), PathError> {
        let size = Size::of(root, limits.work_nodes);
        let visits = self.visits(&size);
        let work = size.nodes.saturating_mul(visits);
        if work.saturating_mul(self.patterns) > limits.regex_nodes {
            let count = limits.regex_nodes;
            return Err(PathError::new(format!(
                "match() and search() are limited to {count} values of a document; use the filter operator `matches` instead."
            )));
        }
        if work > limits.work_nodes || size.path_bytes.saturating_mul(visits) > limits.path_bytes {
            return Err(PathError::new(
                "This path would search too much of so large an event; name the way to the value more closely.",
            ));
        }
        Ok(())
    }

    /// What it may cost on this document, in nodes.
    pub(super) fn work(self, root: &Value) -> usize {
        let size = Size::of(root, WORK_LIMIT_NODES);
        size.nodes.saturating_mul(self.visits(&size))
    }

    /// How often each node may be visited.
    fn visits(self, size: &Size) -> usize {
        let power = |base: usize, times: u32| base.checked_pow(times).unwrap_or(usize::MAX);
        power(size.nodes, self.whole)
            .saturating_mul(power(size.depth, self.deep))
            .saturating_mul(self.times)
    }

    /// For each node that the first gives.
    fn then(self, next: Cost) -> Cost {
        Cost {
            whole: self.whole.saturating_add(next.whole),
            deep: self.deep.saturating_add(next.deep),
            times: self.times.saturating_mul(next.times),
            patterns: self.patterns.saturating_add(next.patterns),
        }
    }

    /// On the same node.
    fn beside(self, other: Cost) -> Cost {
        Cost {
            whole: self.whole.max(other.whole),
            deep: self.deep.max(other.deep),
            times: self.times.saturating_add(other.times),
            patterns: self.patterns.saturating_add(other.patterns),
        }
    }
}

impl Size {
    /// Counted no further than paths may be long, and little further than so many nodes.
    fn of(root: &Value, limit_nodes: usize) -> Size {
        let mut size = Size {
            nodes: 0,
            depth: 0,
            path_bytes: 0,
        };
        let mut open = vec![(root, 1_usize, 1_usize)];
        while let Some((node, depth, length)) = open.pop() {
            size.nodes += 1;
            size.depth = size.depth.max(depth);
            size.path_bytes += length;
            if size.path_bytes > PATHS_LIMIT_BYTES || size.nodes > limit_nodes {
                break;
            }
            match node {
                // Brackets and the digits of an index.
                Value::Array(items) => {
                    open.extend(items.iter().map(|item| (item, depth + 1, length + 8)));
                }
                // Brackets and quotes around the name.
                Value::Object(members) => open.extend(
                    members
                        .iter()
                        .map(|(name, value)| (value, depth + 1, length + name.len() + 4)),
                ),
                _ => {}
            }
        }
        size
    }
}

/// From the root, which is one node: the first step down visits each node once.
fn of_absolute(query: &JpQuery) -> Result<Cost, PathError> {
    let is_down = |segment: &Segment| matches!(segment, Segment::Descendant(_));
    let first_down = query.segments.iter().position(is_down);
    let one_place = first_down.is_some_and(|down| query.segments[..down].iter().all(is_one_place));
    let cost = of_segments(&query.segments)?;
    Ok(Cost {
        deep: cost.deep - u32::from(one_place),
        ..cost
    })
}

fn is_one_place(segment: &Segment) -> bool {
    matches!(
        segment,
        Segment::Selector(Selector::Name(_) | Selector::Index(_))
    )
}

fn of_segments(segments: &[Segment]) -> Result<Cost, PathError> {
    segments
        .iter()
        .try_fold(PLAIN, |cost, segment| Ok(cost.then(of_segment(segment)?)))
}

fn of_segment(segment: &Segment) -> Result<Cost, PathError> {
    match segment {
        Segment::Descendant(inner) => Ok(DEEP.then(of_segment(inner)?)),
        Segment::Selector(selector) => of_selector(selector),
        Segment::Selectors(selectors) => selectors
            .iter()
            .try_fold(NOTHING, |cost, one| Ok(cost.beside(of_selector(one)?))),
    }
}

fn of_selector(selector: &Selector) -> Result<Cost, PathError> {
    match selector {
        Selector::Filter(filter) => of_filter(filter),
        _ => Ok(PLAIN),
    }
}

fn of_filter(filter: &Filter) -> Result<Cost, PathError> {
    match filter {
        Filter::Or(all) | Filter::And(all) => all
            .iter()
            .try_fold(NOTHING, |cost, one| Ok(cost.beside(of_filter(one)?))),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => of_filter(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => of_test(expr),
        Filter::Atom(FilterAtom::Comparison(comparison)) => of_comparison(comparison),
    }
}

fn of_test(test: &Test) -> Result<Cost, PathError> {
    match test {
        Test::RelQuery(segments) => of_segments(segments),
        Test::AbsQuery(query) if query.segments.iter().all(is_one_place) => Ok(PLAIN),
        Test::AbsQuery(query) => Ok(WHOLE.then(of_absolute(query)?)),
        Test::Function(function) => of_function(function),
    }
}

fn of_comparison(comparison: &Comparison) -> Result<Cost, PathError> {
    let (left, right) = comparison.vals();
    let is_fixed =
        |side: &Comparable| matches!(side, Comparable::SingularQuery(SingularQuery::Root(_)));
    let is_literal = |side: &Comparable| matches!(side, Comparable::Literal(_));
    // Two values are compared in their whole depth, at each node anew.
    let compared = match (
        is_fixed(left) && is_fixed(right),
        is_literal(left) || is_literal(right),
    ) {
        (true, _) => WHOLE,
        (_, true) => PLAIN,
        _ => DEEP,
    };
    let of_side = |side: &Comparable| match side {
        Comparable::Function(function) => of_function(function),
        Comparable::Literal(_) | Comparable::SingularQuery(_) => Ok(NOTHING),
    };
    Ok(compared.beside(of_side(left)?).beside(of_side(right)?))
}

fn of_function(function: &TestFunction) -> Result<Cost, PathError> {
    match function {
        TestFunction::Length(arg) => of_arg(arg),
        TestFunction::Value(arg) | TestFunction::Count(arg) => of_arg(arg),
        TestFunction::Search(text, pattern) | TestFunction::Match(text, pattern) => {
            check_pattern(pattern)?;
            let cost = of_arg(text)?;
            Ok(Cost {
                patterns: cost.patterns.saturating_add(1),
                ..cost
            })
        }
        // `any_of` and its like: the items of one list are looked for in another.
        TestFunction::Custom(_, args) => {
            let of_args = args
                .iter()
                .try_fold(WHOLE, |cost, arg| Ok(cost.beside(of_arg(arg)?)))?;
            Ok(of_args.then(if args.iter().all(is_absolute) {
                WHOLE
            } else {
                PLAIN
            }))
        }
    }
}

fn of_arg(arg: &FnArg) -> Result<Cost, PathError> {
    match arg {
        FnArg::Literal(_) => Ok(PLAIN),
        // Read from end to end at each node, also when it is one long text.
        FnArg::Test(test) if is_absolute(arg) => Ok(WHOLE.beside(of_test(test)?)),
        FnArg::Test(test) => of_test(test),
        FnArg::Filter(filter) => of_filter(filter),
    }
}

fn is_absolute(arg: &FnArg) -> bool {
    matches!(arg, FnArg::Test(test) if matches!(**test, Test::AbsQuery(_)))
}

fn check_pattern(arg: &FnArg) -> Result<(), PathError> {
    let FnArg::Literal(Literal::String(text)) = arg else {
        return Err(PathError::new(
            "The pattern of match() and search() is written as a text in the path.",
        ));
    };
    match pattern::compile(text, true, REGEX_LIMIT_BYTES) {
        Ok(_) => Ok(()),
        Err(_) => Err(PathError::new(format!(
            "`{text}` is not a regular expression, or too large a one."
        ))),
    }
}
