//! The check before every route of the table: whose request it is, whether it comes from our own page, and whether the role suffices.
//!
//! Handlers find what was checked in the request: [`signed_in`] and [`Form::of`](crate::web::ui::form::Form::of) on pages, [`caller`] in the
//! API. They check nothing themselves, so none can forget to. A refusal is an answer, not an error, so that it carries the headers too.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web};

use crate::domain::audit::{Actor, ActorKind};
use crate::domain::id::SessionId;
use crate::domain::person::{Role, User};
use crate::flow::Bridge;
use crate::web::Site;
use crate::web::auth::{self, Caller};
use crate::web::client::address;
use crate::web::origin::check_origin;
use crate::web::problem::ApiError;
use crate::web::reader::{Reader, of_account};
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::labels::role_word;
use crate::web::ui::next::sign_in;
use crate::web::ui::note::UNSAVED;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, signed in or not; a form still needs its mark.
    Anybody,
    /// A person or a token with at least this role.
    AtLeast(Role),
}

impl From<Role> for Access {
    fn from(role: Role) -> Access {
        Access::AtLeast(role)
    }
}

/// Lets a browser's request through to a page, or answers in its place.
pub async fn admit_page(
    access: Access,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match check_page(access, &mut request).await {
        Ok(()) => {
            let response = of_account(request, next).await?.map_into_boxed_body();
            Ok(in_the_house(response))
        }
        Err(refusal) => {
            let refused = answer(&refusal, request.request());
            Ok(request.into_response(refused))
        }
    }
}

/// A page's error as whoever is signed in sees it; every other response as it is.
fn in_the_house(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let error = response.response().error();
    let shown = error
        .and_then(|error| error.as_error::<PageError>())
        .map(|error| answer(error, response.request()));
    match shown {
        Some(shown) => response.into_response(shown),
        None => response,
    }
}

fn answer(error: &PageError, request: &HttpRequest) -> HttpResponse {
    let user = request.extensions().get::<User>().cloned();
    match user {
        Some(user) => error.shown_to(request, &user),
        None => error.error_response(),
    }
}

/// Lets a program's request through to the API, or answers in its place.
pub async fn admit_program(
    access: Access,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match check_program(access, request.request()).await {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(refusal) => Ok(request.into_response(refusal.error_response())),
    }
}

async fn check_page(access: Access, request: &mut ServiceRequest) -> Result<(), PageError> {
    if !request.method().is_safe() {
        check_origin(request.headers(), &site(request.request())?.public_url)?;
        let body = request.extract::<web::Bytes>().await.map_err(|error| {
            ApiError::new(
                error.error_response().status(),
                "form_unreadable",
                t!("shared-error-form-unreadable"),
            )
        })?;
        let form = match Form::read(request.request(), &body) {
            Ok(form) => form,
            Err(refusal) => return Err(without_mark(access, request, refusal).await?),
        };
        request.extensions_mut().insert(form);
    }
    let Access::AtLeast(needed) = access else {
        return Ok(());
    };
    let bridge = bridge(request.request())?;
    match auth::full_session(request.request(), &bridge).await? {
        Some((session, user)) => {
            let (may, reader) = (user.role >= needed, Reader::present().signed_in(&user));
            let mut checked = request.extensions_mut();
            checked.insert(session.id);
            // Who is refused is known too: the refusal is a page of theirs.
            checked.insert(user);
            let refusal = || {
                let role = role_word(needed.as_str());
                forbidden(t!("shared-error-role", role = role)).into()
            };
            if may {
                Ok(())
            } else {
                Err(reader.reads(refusal))
            }
        }
        None => Err(way_in(request, &bridge).await?),
    }
}

/// Signing in leads back to the page that was asked for. A form is not repeated; that it is lost is said.
async fn way_in(request: &ServiceRequest, bridge: &Bridge) -> Result<PageError, PageError> {
    let asked = request.uri().path_and_query();
    let to = match (request.method().is_safe(), asked) {
        _ if !bridge.store.has_users().await? => "/setup".into(),
        (true, Some(asked)) => sign_in(asked.as_str()),
        (true, None) => sign_in("/"),
        (false, _) => format!("/login?done={UNSAVED}"),
    };
    Ok(PageError::Elsewhere(to))
}

/// Why a form without its mark is not taken: its sender is signed out, the browser keeps no cookie (blocked, or one for https alone was made over
/// plain http), or the form is of another session. Where signing in comes next, the sign-in form finds out the second.
async fn without_mark(
    access: Access,
    request: &ServiceRequest,
    refusal: ApiError,
) -> Result<PageError, PageError> {
    let here = request.request();
    let bridge = bridge(here)?;
    if access != Access::Anybody && auth::full_session(here, &bridge).await?.is_none() {
        return way_in(request, &bridge).await;
    }
    if auth::cookie_of(here).is_some() {
        return Ok(refusal.into());
    }
    let address = &site(here)?.public_url;
    let detail = t!("shared-error-no-cookie", address = address);
    Ok(ApiError::new(StatusCode::FORBIDDEN, "no_cookie", detail).into())
}

async fn check_program(access: Access, request: &HttpRequest) -> Result<(), ApiError> {
    let Access::AtLeast(needed) = access else {
        return Ok(());
    };
    let caller = auth::program(request, &*bridge(request)?).await?;
    if caller.role < needed {
        return Err(forbidden(format!(
            "This needs the role {}, and the token has {}.",
            needed.as_str(),
            caller.role.as_str()
        )));
    }
    request.extensions_mut().insert(caller);
    Ok(())
}

/// Who is signed in. An error on a route that lets anybody in.
pub fn signed_in(request: &HttpRequest) -> Result<User, ApiError> {
    let user = request.extensions().get::<User>().cloned();
    user.ok_or_else(|| ApiError::internal(&"a page for signed-in people was reached without one"))
}

/// The session of whoever is signed in. An error on a route that lets anybody in.
pub fn own_session(request: &HttpRequest) -> Result<SessionId, ApiError> {
    let session = request.extensions().get::<SessionId>().copied();
    session.ok_or_else(|| ApiError::internal(&"a session was asked for where none is needed"))
}

/// Who asks, for the audit log.
pub fn actor(request: &HttpRequest) -> Actor {
    let extensions = request.extensions();
    if let Some(user) = extensions.get::<User>() {
        return as_person(request, user);
    }
    let from = address(request).map(|address| address.to_string());
    match extensions.get::<Caller>() {
        Some(caller) => Actor {
            kind: ActorKind::Token,
            id: Some(caller.token_id.to_string()),
            name: caller.token_name.clone(),
            address: from,
        },
        None => Actor {
            kind: ActorKind::Nobody,
            id: None,
            name: "not signed in".into(),
            address: from,
        },
    }
}

/// Somebody who is just coming in.
pub fn as_person(request: &HttpRequest, user: &User) -> Actor {
    Actor {
        kind: ActorKind::Person,
        id: Some(user.id.to_string()),
        name: user.name.clone(),
        address: address(request).map(|address| address.to_string()),
    }
}

/// The program that asks. An error on a route that lets anybody in.
pub fn caller(request: &HttpRequest) -> Result<Caller, ApiError> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| ApiError::internal(&"an API route for callers was reached without one"))
}

fn forbidden(detail: String) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

fn bridge(request: &HttpRequest) -> Result<web::Data<Bridge>, ApiError> {
    let bridge = request.app_data::<web::Data<Bridge>>().cloned();
    bridge.ok_or_else(|| ApiError::internal(&"the application has no bridge"))
}

fn site(request: &HttpRequest) -> Result<web::Data<Site>, ApiError> {
    let site = request.app_data::<web::Data<Site>>().cloned();
    site.ok_or_else(|| ApiError::internal(&"the application has no site"))
}
