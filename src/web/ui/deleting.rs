//! Deleting, for the pages of whatever can be deleted: it is asked first, and afterwards told what is gone.
//!
//! With scripts a dialog asks and says so with the form (`static/app.js`); without, the answer to the form is a page that asks the same.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::person::User;
use crate::flow::Bridge;
use crate::store::audit::AuditFilter;
use crate::store::events::Page as Window;
use crate::web::phrases::retold;
use crate::web::ui::form::Form;
use crate::web::ui::page::{Note, Page, PageError, note, query_value, render};

/// What is deleted, and how its page asks.
pub struct Ask {
    pub section: &'static str,
    /// The same question as in the page's `data-confirm`.
    pub question: String,
    pub button: String,
    /// Where whoever says no goes.
    pub back: String,
}

#[derive(Template)]
#[template(path = "parts/ask.html")]
struct AskPage {
    page: Page,
    ask: Ask,
    /// Where the answer goes: where the question came from.
    action: String,
}

/// Whether the visitor was asked already.
pub fn is_confirmed(request: &HttpRequest) -> Result<bool, PageError> {
    Ok(Form::of(request)?.text("confirmed") == "yes")
}

/// The page that asks.
pub fn asked(request: &HttpRequest, user: &User, ask: Ask) -> Result<HttpResponse, PageError> {
    let page = Page::new(request, user, ask.section, ask.button.clone());
    let action = request.path().to_string();
    render(&AskPage { page, ask, action })
}

/// What a list says first: after a deletion, what was deleted, as it was noted; the address names it by its id alone.
pub async fn told_of_deletion(
    request: &HttpRequest,
    bridge: &Bridge,
) -> Result<Option<Note>, PageError> {
    let Some(id) = query_value(request, "deleted") else {
        return Ok(note(request));
    };
    let newest = AuditFilter {
        object_id: Some(id),
        page: Window {
            limit: 1,
            ..Window::default()
        },
        ..AuditFilter::default()
    };
    let found = bridge.store.audit_log(newest).await?.pop();
    let told = found
        .filter(|found| found.action.ends_with(".deleted"))
        .map(|found| Note::good(retold(&found.sentence)));
    Ok(told.or_else(|| note(request)))
}
