//! Filters: which events a connection lets through.
//!
//! A person's document becomes a [`Filter`] once (`parse`); ingest asks [`Filter::matches`], pages ask [`Filter::evaluate`] for the whole tree
//! with the values found. Both walk the same judgements (`condition`), so they cannot disagree. A missing path or a wrong type is never an
//! error: the condition "cannot tell", with its reason, and counts as not true. An empty group places no condition and is true.

pub mod asking;
mod check;
pub mod condition;
pub mod explanation;
pub mod folds;
mod keys;
pub mod nearest;
pub mod operator;
mod parse;
mod sets;
#[cfg(test)]
mod tests;
pub mod written;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::filter::asking::{Asking, ITEM_TESTS_LIMIT};
use crate::domain::filter::condition::{Condition, Truth};
use crate::domain::filter::explanation::Explanation;
use crate::domain::filter::folds::Folds;
use crate::domain::needs::Needs;
use crate::domain::path::Path;
use crate::domain::problem::Problem;

/// Groups within groups.
pub const DEPTH_LIMIT: usize = 8;
/// Conditions in one filter.
pub const CONDITIONS_LIMIT: usize = 200;

/// What a condition may say.
pub const CONDITION_KEYS: [&str; 6] = ["path", "op", "value", "case_sensitive", "types", "zone"];

/// Lists in lists whose items a filter asks for: each multiplies the work by the length of its list.
pub const ITEMS_DEPTH_LIMIT: usize = 3;

/// What a filter looks at.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    pub document: &'a Value,
    /// Relative dates count from here: when the event was received, never from the clock.
    pub reference_time: Timestamp,
}

/// What a filter is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// An event, which may bring the record from before its change.
    Event,
    /// What a destination answered.
    Answer,
    /// One item of a list of an event.
    Item,
}

/// A filter that was understood.
#[derive(Debug, Clone)]
pub struct Filter {
    root: Node,
}

/// A group or a condition.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Group { mode: Mode, children: Vec<Node> },
    Condition(Box<Condition>),
}

/// How a group joins its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    All,
    Any,
    None,
}

impl Mode {
    /// The key in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::All => "all",
            Mode::Any => "any",
            Mode::None => "none",
        }
    }
}

/// The mode and members of a group's document; nothing for any other.
pub fn group(document: &Value) -> Option<(&'static str, &Vec<Value>)> {
    [Mode::All, Mode::Any, Mode::None]
        .into_iter()
        .find_map(|mode| Some((mode.as_str(), document.get(mode.as_str())?.as_array()?)))
}

impl Filter {
    /// Reads a filter document; all problems come at once.
    pub fn parse(document: &Value) -> Result<Filter, Vec<Problem>> {
        parse::filter(document).map(|mut root| {
            root.share_work();
            Filter { root }
        })
    }

    /// What nobody can mean of such a document although it can be read: conditions that could never hold. Asked when somebody saves a filter, not when a saved
    /// one is read.
    pub fn unfit(&self, about: About) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.root.add_unfit("", about, &mut problems);
        problems
    }

    /// How many conditions there are.
    pub fn conditions(&self) -> usize {
        self.root.conditions()
    }

    /// Adds what its conditions look at.
    pub fn add_needs(&self, needs: &mut Needs) {
        self.root.add_needs(needs);
    }

    /// Whether the event passes.
    pub fn matches(&self, input: &Input<'_>) -> bool {
        self.matches_with(input, &Folds::default())
    }

    /// The same for who asks several filters about one document.
    pub fn matches_with<'v>(&self, input: &Input<'v>, folds: &Folds<'v>) -> bool {
        self.root.holds(input, Asking::new(folds))
    }

    /// Whether it passes and why, with every value found.
    pub fn evaluate(&self, input: &Input<'_>) -> Explanation {
        self.root.explain(input, Asking::new(&Folds::default()))
    }
}

impl Node {
    fn holds<'v>(&self, input: &Input<'v>, asking: Asking<'_, 'v>) -> bool {
        match self {
            Node::Condition(condition) => condition.judge(input, asking).truth == Truth::True,
            Node::Group { children, .. } if children.is_empty() => true,
            Node::Group { mode, children } => match mode {
                Mode::All => children.iter().all(|child| child.holds(input, asking)),
                Mode::Any => children.iter().any(|child| child.holds(input, asking)),
                Mode::None => !children.iter().any(|child| child.holds(input, asking)),
            },
        }
    }

    /// Gives each query and each list its share of what they may cost together.
    fn share_work(&mut self) {
        let mut paths = Vec::new();
        self.add_paths(&mut paths);
        Path::share(&mut paths);
        let mut lists = Vec::new();
        self.add_lists(&mut lists);
        let tests = ITEM_TESTS_LIMIT / lists.len().max(1);
        lists.into_iter().for_each(|share| *share = tests);
    }

    /// Adds the paths of all conditions, also of those about items.
    fn add_paths<'n>(&'n mut self, paths: &mut Vec<&'n mut Path>) {
        match self {
            Node::Condition(condition) => condition.add_paths(paths),
            Node::Group { children, .. } => {
                children.iter_mut().for_each(|child| child.add_paths(paths));
            }
        }
    }

    /// Adds the shares of those that ask about the items of a list, and not of those within them.
    fn add_lists<'n>(&'n mut self, lists: &mut Vec<&'n mut usize>) {
        match self {
            Node::Condition(condition) => lists.extend(condition.item_tests()),
            Node::Group { children, .. } => {
                children.iter_mut().for_each(|child| child.add_lists(lists));
            }
        }
    }

    fn conditions(&self) -> usize {
        match self {
            Node::Condition(_) => 1,
            Node::Group { children, .. } => children.iter().map(Node::conditions).sum(),
        }
    }

    pub(super) fn add_unfit(&self, pointer: &str, about: About, problems: &mut Vec<Problem>) {
        match self {
            Node::Condition(condition) => condition.add_unfit(pointer, about, problems),
            Node::Group { mode, children } => {
                for (index, child) in children.iter().enumerate() {
                    let pointer = format!("{pointer}/{}/{index}", mode.as_str());
                    child.add_unfit(&pointer, about, problems);
                }
            }
        }
    }

    fn add_needs(&self, needs: &mut Needs) {
        match self {
            Node::Condition(condition) => condition.add_needs(needs),
            Node::Group { children, .. } => {
                children.iter().for_each(|child| child.add_needs(needs));
            }
        }
    }

    fn explain<'v>(&self, input: &Input<'v>, asking: Asking<'_, 'v>) -> Explanation {
        match self {
            Node::Condition(condition) => condition.explain(input, asking),
            Node::Group { mode, children } => Explanation::group(
                *mode,
                self.holds(input, asking),
                children
                    .iter()
                    .map(|child| child.explain(input, asking))
                    .collect(),
            ),
        }
    }
}
