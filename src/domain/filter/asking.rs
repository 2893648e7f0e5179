//! What a filter is asked with besides the document: texts that were folded already, and how much may still be looked at.
//!
//! Conditions about the items of a list multiply: each inner one is asked of each item. What they cost is counted where it grows, per list that the filter
//! asks about itself: each has an equal share of [`ITEM_TESTS_LIMIT`], by their number and not by what was asked before it, so that matching, explaining
//! and asking again agree. Who passes its share cannot tell.

use std::cell::Cell;

use serde_json::Value;

use crate::domain::filter::folds::Folds;

/// Tests on items that one filter may take on one document: an inner condition on one item is one test, and more when much is found there.
pub const ITEM_TESTS_LIMIT: usize = 1_000_000;

/// What is said of a list that is too long for what is asked of its items.
pub(super) const TOO_MANY_TESTS: &str =
    "This asks too much of the items of so long a list; ask for less of each.";

/// Bytes of a text that cost as much as one more test.
const BYTES_PER_TEST: usize = 256;

/// How the conditions of one filter are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'f, 'v> {
    pub folds: &'f Folds<'v>,
    /// Within a list: what is left for all its items.
    pub tests: Option<&'f ItemTests>,
}

impl<'f, 'v> Asking<'f, 'v> {
    /// Of the document as a whole.
    pub fn new(folds: &'f Folds<'v>) -> Asking<'f, 'v> {
        Asking { folds, tests: None }
    }

    /// Whether so much may be looked at; anything that does not multiply may.
    pub fn affords(self, tests: impl FnOnce() -> usize) -> bool {
        // Once they are spent, not even the price is reckoned.
        self.tests
            .is_none_or(|left| !left.are_passed() && left.take(tests()))
    }
}

/// Tests that are left.
#[derive(Debug)]
pub(super) struct ItemTests(Cell<Option<usize>>);

impl ItemTests {
    pub fn new(limit: usize) -> ItemTests {
        ItemTests(Cell::new(Some(limit)))
    }

    fn take(&self, count: usize) -> bool {
        let left = self.0.get().and_then(|left| left.checked_sub(count));
        self.0.set(left);
        left.is_some()
    }

    /// Whether more was asked than there were.
    pub fn are_passed(&self) -> bool {
        self.0.get().is_none()
    }
}

/// What found values cost beyond one test.
pub(super) fn weight(found: &[&Value]) -> usize {
    let of_value = |value: &&Value| match value {
        Value::String(text) => text.len() / BYTES_PER_TEST,
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len() / 8,
        _ => 0,
    };
    found.len().saturating_sub(1) + found.iter().map(of_value).sum::<usize>()
}
