//! The frame that every page has: the visitor, the navigation, the mark for its forms, the note after something was done.
//!
//! Called by every handler of a page, which puts its own template into it. What goes wrong instead is in `error`.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::person::{Language, Role, User};
use crate::web::Site;
use crate::web::auth::{cookie_of, form_mark};
use crate::web::i18n::Key;
use crate::web::problem::ApiError;
use crate::web::reader::Reader;
use crate::web::ui::assets::href;
use crate::web::ui::error::PageError;
use crate::web::ui::next::own_path;
use crate::web::ui::note::{Note, note};

/// The frame of a page.
pub struct Page {
    pub title: String,
    pub section: &'static str,
    pub visitor: Option<Visitor>,
    /// Mark that every form carries.
    pub csrf: String,
    pub note: Option<Note>,
    pub reader: Reader,
    /// The path of this page, for forms that lead back to it.
    pub here: String,
}

/// A main section: an entry of the navigation.
pub struct Section {
    pub href: &'static str,
    pub name: Key,
    /// Its symbol in `static/icons.svg`.
    pub icon: &'static str,
}

/// The main sections in their order.
const SECTIONS: &[Section] = &[
    Section::new("/", key!("shared-section-overview"), "overview"),
    Section::new(
        "/connections",
        key!("shared-section-connections"),
        "connections",
    ),
    Section::new(
        "/deliveries",
        key!("shared-section-deliveries"),
        "deliveries",
    ),
    Section::new("/replays", key!("shared-section-replays"), "replays"),
    Section::new("/events", key!("shared-section-events"), "events"),
    Section::new("/sources", key!("shared-section-sources"), "sources"),
    Section::new(
        "/destinations",
        key!("shared-section-destinations"),
        "destinations",
    ),
    Section::new("/settings", key!("shared-section-settings"), "settings"),
];

impl Section {
    const fn new(href: &'static str, name: Key, icon: &'static str) -> Section {
        Section { href, name, icon }
    }
}

/// Who is signed in.
pub struct Visitor {
    pub name: String,
    pub email: String,
    pub role: Role,
}

impl Page {
    /// The frame for a signed-in user.
    pub fn new(
        request: &HttpRequest,
        user: &User,
        section: &'static str,
        title: impl Into<String>,
    ) -> Page {
        let mut page = Page::for_visitor(request, title);
        page.section = section;
        page.note = note(request);
        page.visitor = Some(Visitor {
            name: user.name.clone(),
            email: user.email.clone(),
            role: user.role,
        });
        page
    }

    /// The frame for whoever has the request's cookie, signed in or not.
    pub fn for_visitor(request: &HttpRequest, title: impl Into<String>) -> Page {
        Page::for_stranger(request, &cookie_of(request).unwrap_or_default(), title)
    }

    /// The frame for somebody who has not signed in.
    pub fn for_stranger(request: &HttpRequest, cookie: &str, title: impl Into<String>) -> Page {
        let here = request.uri().path_and_query();
        Page {
            csrf: form_mark(cookie),
            here: here.map_or("/", |here| own_path(here.as_str())).to_string(),
            ..Page::bare(title)
        }
    }

    /// The frame when nothing is known of who asks for what: it has no form.
    pub fn bare(title: impl Into<String>) -> Page {
        Page {
            title: title.into(),
            section: "",
            visitor: None,
            csrf: String::new(),
            note: None,
            reader: Reader::present(),
            here: String::new(),
        }
    }

    /// Languages to choose from, by whoever may: an account chooses in its settings.
    pub fn languages(&self) -> Vec<Language> {
        if self.visitor.is_none() && !self.csrf.is_empty() {
            Language::ALL.into()
        } else {
            Vec::new()
        }
    }

    /// Whether the visitor may change what the page shows; others are not offered what would be refused.
    pub fn may_change(&self) -> bool {
        let visitor = self.visitor.as_ref();
        visitor.is_some_and(|visitor| visitor.role >= Role::Editor)
    }

    /// The name of the time zone that times are in.
    pub fn zone(&self) -> &str {
        self.reader.zone_name()
    }

    /// The main sections in their order.
    pub fn sections(&self) -> &'static [Section] {
        SECTIONS
    }

    /// Whether the page belongs to the section.
    pub fn is_in(&self, section: &Section) -> bool {
        self.section == section.href
    }

    /// The address of a static file.
    pub fn asset(&self, name: &str) -> String {
        href(name)
    }
}

/// Renders a page.
pub fn render(page: &impl Template) -> Result<HttpResponse, PageError> {
    render_with(StatusCode::OK, page)
}

/// Renders a page that is shown again because something must be mended.
pub fn render_again(page: &impl Template) -> Result<HttpResponse, PageError> {
    render_with(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// Renders a page with a status of its own.
pub fn render_with(status: StatusCode, page: &impl Template) -> Result<HttpResponse, PageError> {
    let html = page.render().map_err(|error| ApiError::internal(&error))?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// Goes to another page after something was done. `to` is always an address of ours.
pub fn go(to: impl AsRef<str>) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, to.as_ref()))
        .finish()
}

/// The visitor's cookie, and the one to set when there was none.
pub fn visit_cookie(
    request: &HttpRequest,
    site: &Site,
) -> (String, Option<actix_web::cookie::Cookie<'static>>) {
    match cookie_of(request) {
        Some(cookie) => (cookie, None),
        None => {
            let (token, _) = crate::web::auth::new_token("");
            let cookie = crate::web::auth::session_cookie(&token, site);
            (token, Some(cookie))
        }
    }
}
