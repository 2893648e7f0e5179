//! Which page of a list an address asks for, and the links to the pages beside it.
//!
//! A page is named by the row it ends at, so that what arrives meanwhile moves nothing. The links keep how the list was narrowed.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use crate::store::window::{Rows, Window};
use crate::web::problem::ApiError;
use crate::web::ui::query::query_value;

/// Which page of a list the address asks for.
pub fn window<Id: std::str::FromStr>(
    request: &HttpRequest,
    limit: i64,
) -> Result<Window<Id>, ApiError> {
    let read = |name: &str| match query_value(request, name) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_query",
                t!("shared-error-bad-page"),
            )
        }),
    };
    Ok(Window {
        before: read("before")?,
        after: read("after")?,
        limit,
    })
}

/// What the address of a list says of one visit alone.
const PASSING: [&str; 8] = [
    "before", "after", "done", "deleted", "count", "held", "refused", "unsent",
];

/// Links to the pages beside this one.
#[derive(Debug, Default)]
pub struct Pager {
    pub newer: Option<String>,
    pub older: Option<String>,
    /// Where a look that ended early goes on.
    pub further: Option<String>,
}

impl Pager {
    /// Links beside a page of a list that is walked through, the newest first.
    pub fn of<Row, Id: Copy + ToString>(
        request: &HttpRequest,
        found: &Rows<Row, Id>,
        id_of: impl Fn(&Row) -> Id,
    ) -> Pager {
        let end = |row: Option<&Row>| row.map(|row| id_of(row).to_string());
        let (first, last) = (end(found.rows.first()), end(found.rows.last()));
        let looked_to = found.looked_to.map(|id| id.to_string());
        Pager::new(request, first, last, found.has_more).looking_on(request, looked_to)
    }

    /// Links for a page that shows the rows from `first` to `last`, keeping the rest of the query; `has_more` when the list goes on in the
    /// direction of the walk.
    fn new(
        request: &HttpRequest,
        first: Option<String>,
        last: Option<String>,
        has_more: bool,
    ) -> Pager {
        let walked = query_value(request, "before").is_some();
        let came_up = query_value(request, "after").is_some();
        Pager {
            newer: first
                .filter(|_| walked || (came_up && has_more))
                .map(|id| beside(request, request.path(), Some(("after", &id)))),
            older: last
                .filter(|_| has_more || came_up)
                .map(|id| beside(request, request.path(), Some(("before", &id)))),
            further: None,
        }
    }

    /// Adds the links of a look that ended early, at `looked_to`: it goes on from there in its direction, and back also when it found nothing.
    fn looking_on(mut self, request: &HttpRequest, looked_to: Option<String>) -> Pager {
        let asks = |name: &str| query_value(request, name).is_some();
        let Some(id) = looked_to else {
            if asks("after") {
                self.older = self.older.or(Some(beside(request, request.path(), None)));
            }
            return self;
        };
        let up = beside(request, request.path(), Some(("after", &id)));
        let down = beside(request, request.path(), Some(("before", &id)));
        if asks("after") {
            self.newer = Some(up);
            self.older = self.older.or(Some(down));
        } else {
            self.newer = self.newer.or(Some(up).filter(|_| asks("before")));
            self.further = Some(down);
        }
        self
    }
}

/// The address of another page of the list at `path`, narrowed as in the request: before or after a row, or the first.
pub fn beside(request: &HttpRequest, path: &str, place: Option<(&str, &str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        if !PASSING.contains(&name.as_ref()) && !value.is_empty() {
            query.append_pair(&name, &value);
        }
    }
    query.extend_pairs(place);
    match query.finish() {
        query if query.is_empty() => path.to_string(),
        query => format!("{path}?{query}"),
    }
}
