//! Texts of an event as they compare without regard to case, each folded once for all who ask.
//!
//! A long text is asked about by many conditions of many connections, and folding it takes longer than searching it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ptr;
use std::rc::Rc;

use crate::domain::value::folded;

/// Texts shorter than this are folded sooner than found.
const KEPT_BYTES: usize = 1_024;

/// The long texts of one document that were folded so far, by where they lie; the document is borrowed for as long.
#[derive(Debug, Default)]
pub struct Folds<'v> {
    kept: RefCell<HashMap<*const str, Rc<Cow<'v, str>>>>,
}

impl<'v> Folds<'v> {
    /// Looks at a text in its folded form.
    pub(super) fn with<T>(&self, text: &'v str, look: impl FnOnce(&str) -> T) -> T {
        if text.len() < KEPT_BYTES {
            return look(&folded(text));
        }
        let mut kept = self.kept.borrow_mut();
        let entry = kept.entry(ptr::from_ref(text));
        let folded = Rc::clone(entry.or_insert_with(|| Rc::new(folded(text))));
        drop(kept);
        look(&folded)
    }
}
