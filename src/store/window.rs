//! A window onto a list: which part of it a page shows, and the rows that were found for it.
//!
//! The lists of the store take and answer it; `web` makes one from an address. It reads nothing itself, and counts nothing: ids order by time, so
//! a page is a walk from an id on.

/// Most rows of a page.
pub const PAGE_LIMIT: i64 = 200;

/// A walk down (or up) a list that is ordered by id, the newest first.
#[derive(Debug, Clone, Copy)]
pub struct Window<Id> {
    /// Only rows older than this one.
    pub before: Option<Id>,
    /// Only rows newer than this one; the page then ends just above it.
    pub after: Option<Id>,
    /// Rows wanted; at most [`PAGE_LIMIT`].
    pub limit: i64,
}

impl<Id> Window<Id> {
    /// The first page, of so many rows.
    pub fn first(limit: i64) -> Window<Id> {
        Window {
            before: None,
            after: None,
            limit,
        }
    }

    /// What the database is asked for: one row more than the page holds tells whether there are more.
    pub(super) fn asked(&self) -> i64 {
        self.limit.clamp(1, PAGE_LIMIT) + 1
    }

    /// Takes away what was read beyond the page, and puts the newest first. `rows` come in the order of the walk, `edge` is where it ended early.
    pub(super) fn cut<Row>(&self, mut rows: Vec<Row>, edge: Option<Id>) -> Rows<Row, Id> {
        let has_more = rows.len() as i64 == self.asked();
        if has_more {
            rows.pop();
        }
        if self.after.is_some() {
            rows.reverse();
        }
        Rows {
            rows,
            has_more,
            looked_to: edge.filter(|_| !has_more),
        }
    }
}

impl<Id> Default for Window<Id> {
    fn default() -> Window<Id> {
        Window::first(50)
    }
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Rows<Row, Id> {
    /// The newest first.
    pub rows: Vec<Row>,
    /// More were found than the page holds, in the direction of the walk.
    pub has_more: bool,
    /// Where the look ended although the list goes on, when something without an index was looked for.
    pub looked_to: Option<Id>,
}

impl<Row, Id: Copy> Rows<Row, Id> {
    /// From where the next page goes on, if there is one.
    pub fn next(&self, id_of: impl Fn(&Row) -> Id) -> Option<Id> {
        if self.has_more {
            self.rows.last().map(id_of)
        } else {
            self.looked_to
        }
    }
}
