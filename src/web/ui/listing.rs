//! The page of a list that is read whole, because people made each of its entries, and the form that searches it.
//!
//! What is looked for may stand in sealed settings or come from elsewhere, so it is compared here. As in `pager`, a page is named by the row it
//! begins behind or ends before: what is made or deleted meanwhile moves nothing.

use std::str::FromStr;

use actix_web::HttpRequest;

use crate::store::window::Window;
use crate::web::problem::ApiError;
use crate::web::ui::pager::{beside, window};
use crate::web::ui::query::query_value;

/// Rows of a page.
pub const PER_PAGE: usize = 100;
/// Most words that are looked for.
const WORDS_LIMIT: usize = 8;

/// What stands around the rows.
#[derive(Debug, Default)]
pub struct Listing {
    /// The form that searches; a list that a page holds has none.
    pub search: Option<Search>,
    /// The addresses of the pages beside this one.
    pub previous: Option<String>,
    pub next: Option<String>,
}

/// The form that searches a list.
#[derive(Debug)]
pub struct Search {
    pub path: &'static str,
    /// What is looked at, in words.
    pub label: String,
    /// What was typed.
    pub text: String,
}

impl Listing {
    /// The rows that the address asks for, of the list at this path, which is ordered by id. `text_of` is what a row is found by.
    pub fn of<Row, Id: FromStr + ToString + Ord>(
        request: &HttpRequest,
        (path, label): (&'static str, String),
        mut rows: Vec<Row>,
        id_of: impl Fn(&Row) -> Id,
        text_of: impl Fn(&Row) -> String,
    ) -> Result<(Vec<Row>, Listing), ApiError> {
        let text = query_value(request, "text").unwrap_or_default();
        let text = text.trim().to_string();
        let is_searched = rows.len() > PER_PAGE || !text.is_empty();
        let words = words(&text);
        rows.retain(|row| words.is_empty() || holds(&text_of(row), &words));
        let (has_before, has_behind) = cut(&mut rows, &window(request, PER_PAGE as i64)?, &id_of);
        let address = |way, row: Option<&Row>| {
            let row = row?;
            Some(beside(request, path, Some((way, &id_of(row).to_string()))))
        };
        let listing = Listing {
            search: is_searched.then_some(Search { path, label, text }),
            previous: address("before", rows.first().filter(|_| has_before)),
            next: address("after", rows.last().filter(|_| has_behind)),
        };
        Ok((rows, listing))
    }
}

/// Leaves the rows of one page, and tells whether others stand before and behind them. The rows are in the order of their keys.
pub fn cut<Row, Key: Ord>(
    rows: &mut Vec<Row>,
    asked: &Window<Key>,
    key_of: impl Fn(&Row) -> Key,
) -> (bool, bool) {
    let begin = match (&asked.after, &asked.before) {
        (Some(key), _) => rows.partition_point(|row| key_of(row) <= *key),
        (None, Some(key)) => rows
            .partition_point(|row| key_of(row) < *key)
            .saturating_sub(PER_PAGE),
        (None, None) => 0,
    };
    // Everything behind the row was deleted meanwhile: the last page is what there is.
    let begin = match begin {
        begin if begin < rows.len() => begin,
        _ => rows.len().saturating_sub(PER_PAGE),
    };
    let end = rows.len().min(begin + PER_PAGE);
    let around = (begin > 0, end < rows.len());
    rows.truncate(end);
    rows.drain(..begin);
    around
}

fn words(text: &str) -> Vec<String> {
    let words = text.split_whitespace().take(WORDS_LIMIT);
    words.map(str::to_lowercase).collect()
}

/// Whether every word is somewhere in the text.
fn holds(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_named_by_the_row_beside_it() {
        let page = |before: Option<usize>, after: Option<usize>| {
            let mut rows: Vec<usize> = (0..250).map(|number| number * 2).collect();
            let asked = Window {
                before,
                after,
                limit: 0,
            };
            let around = cut(&mut rows, &asked, |row| *row);
            (rows[0], rows[rows.len() - 1], around)
        };
        assert_eq!(page(None, None), (0, 198, (false, true)));
        assert_eq!(page(None, Some(198)), (200, 398, (true, true)));
        assert_eq!(page(None, Some(398)), (400, 498, (true, false)));
        assert_eq!(page(Some(400), None), (200, 398, (true, true)));
        assert_eq!(page(Some(200), None), (0, 198, (false, true)));
        // Rows that are there no more.
        assert_eq!(page(None, Some(199)), (200, 398, (true, true)));
        assert_eq!(page(Some(51), None), (0, 198, (false, true)));
        assert_eq!(page(None, Some(999)), (300, 498, (true, false)));
        let mut none: Vec<usize> = Vec::new();
        let asked = Window::default();
        assert_eq!(cut(&mut none, &asked, |row| *row), (false, false));
    }

    #[test]
    fn every_word_is_found_somewhere_whatever_its_case() {
        let finds = |text: &str| holds("Neue Änderungen\nMarketing\nSlack", &words(text));
        assert!(finds("slack änd") && finds("MARK") && finds("  "));
        assert!(!finds("slack sales"));
    }
}
