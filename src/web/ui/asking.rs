//! What is not easily undone is asked first, and a deletion is told of afterwards.
//!
//! With scripts a dialog asks and says so with the form (`static/app.js`); without, the answer to the form is a page that asks the same.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::connection::Connection;
use crate::flow::Bridge;
use crate::store::audit::AuditFilter;
use crate::store::error::StoreError;
use crate::store::window::Window;
use crate::web::admission::signed_in;
use crate::web::phrases::retold;
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::note::{Note, note};
use crate::web::ui::page::{Page, render, render_with};
use crate::web::ui::query::query_value;

/// How the address of a form ends that sends something again: saying no to it keeps nothing. The dialog goes by it as well.
pub const SENDS_AGAIN: &str = "/resend";

/// How the page asks.
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
    /// Saying no keeps something; what would be sent again is not sent.
    keeps: bool,
    /// What the form said besides.
    fields: Vec<(String, String)>,
}

/// The page that asks, for a visitor who was not asked yet.
pub fn ask_first(request: &HttpRequest, ask: Ask) -> Result<Option<HttpResponse>, PageError> {
    let form = Form::of(request)?;
    if form.text("confirmed") == "yes" {
        return Ok(None);
    }
    let page = AskPage {
        page: Page::new(
            request,
            &signed_in(request)?,
            ask.section,
            ask.button.clone(),
        ),
        ask,
        action: request.path().to_string(),
        keeps: !request.path().ends_with(SENDS_AGAIN),
        fields: form
            .into_pairs()
            .into_iter()
            .filter(|(name, _)| name != "csrf")
            .collect(),
    };
    render(&page).map(Some)
}

/// Connections that a page links to, by id and name.
pub type Links = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "parts/in_use.html")]
struct InUsePage {
    page: Page,
    told: String,
    used_by: Links,
    back: String,
}

/// The connections that stand in the way of a deletion.
pub async fn users_of(
    bridge: &Bridge,
    uses: impl Fn(&Connection) -> bool,
) -> Result<Links, StoreError> {
    let connections = bridge.store.connections().await?.into_iter();
    Ok(connections
        .filter(uses)
        .map(|one| (one.id.to_string(), one.name))
        .collect())
}

/// The page that says what uses a thing, before anything is asked: for whoever wants to delete it from a page that did not know yet.
pub fn refuse_used(
    request: &HttpRequest,
    ask: Ask,
    told: String,
    used_by: Links,
) -> Result<HttpResponse, PageError> {
    let page = InUsePage {
        page: Page::new(request, &signed_in(request)?, ask.section, ask.button),
        told,
        used_by,
        back: ask.back,
    };
    render_with(StatusCode::CONFLICT, &page)
}

/// What a list says first: after a deletion, what of its `kind` was deleted, as it was noted; the address names it by its id alone. Nothing is told of
/// other kinds: not everybody who sees the list sees theirs.
pub async fn told_of_deletion(
    request: &HttpRequest,
    bridge: &Bridge,
    kind: &str,
) -> Result<Option<Note>, PageError> {
    let Some(id) = query_value(request, "deleted") else {
        return Ok(note(request));
    };
    let newest = AuditFilter {
        object_id: Some(id),
        page: Window::first(1),
        ..AuditFilter::default()
    };
    let found = bridge.store.audit_log(newest).await?.rows.pop();
    let told = found
        .filter(|found| found.action == format!("{kind}.deleted"))
        .map(|found| Note::good(retold(&found.sentence)));
    Ok(told.or_else(|| note(request)))
}
