//! What a page shows instead of itself: an error in the reader's language, or the way to where one has to go first.
//!
//! Handlers return it; `admission` shows it to whoever is signed in, with the navigation. What can be mended in a form is no error page, see
//! `form_problem`.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

use crate::domain::person::User;
use crate::flow::Bridge;
use crate::web::auth::full_session;
use crate::web::phrases::retold;
use crate::web::problem::ApiError;
use crate::web::reader::Reader;
use crate::web::ui::page::{Page, go};

/// What a page shows instead of itself.
#[derive(Debug)]
pub enum PageError {
    Shown(ApiError),
    /// Go there first.
    Elsewhere(String),
}

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> PageError {
        PageError::Shown(error.into())
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PageError::Shown(error) => error.fmt(f),
            PageError::Elsewhere(to) => write!(f, "see {to}"),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: Page,
    detail: &'a str,
}

impl PageError {
    /// The error for somebody who is signed in: it keeps the navigation, and their language.
    pub fn shown_to(&self, request: &HttpRequest, user: &User) -> HttpResponse {
        match self {
            PageError::Elsewhere(to) => go(to),
            PageError::Shown(error) => Reader::present().signed_in(user).reads(|| {
                let page = Page::new(request, user, "", error_title(error.status));
                error_page(error, page)
            }),
        }
    }
}

fn error_title(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("Error");
    told!("error-title-", status.as_str(), reason)
}

fn error_page(error: &ApiError, page: Page) -> HttpResponse {
    let detail = retold(&error.detail);
    let shown = ErrorPage {
        page,
        detail: &detail,
    };
    let html = shown.render().unwrap_or_else(|_| detail.clone());
    let mut response = HttpResponse::build(error.status);
    if let Some(wait_s) = error.retry_after_s() {
        response.insert_header((RETRY_AFTER, wait_s.to_string()));
    }
    response.content_type("text/html; charset=utf-8").body(html)
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            PageError::Shown(error) => error.status,
            PageError::Elsewhere(_) => StatusCode::SEE_OTHER,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            PageError::Elsewhere(to) => go(to),
            PageError::Shown(error) => error_page(error, Page::bare(error_title(error.status))),
        }
    }
}

/// The page for an address that nothing has.
pub async fn not_found(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let missing = || {
        let detail = t!("shared-error-no-page");
        PageError::from(ApiError::new(StatusCode::NOT_FOUND, "no_page", detail))
    };
    // Whoever cannot be looked up is not taken for a stranger.
    match full_session(&request, &bridge).await? {
        None => Err(missing()),
        Some((_, user)) => {
            let reader = Reader::present().signed_in(&user);
            Ok(reader.reads(missing).shown_to(&request, &user))
        }
    }
}
