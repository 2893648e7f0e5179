//! First run, signing in, signing out.

use actix_web::cookie::Cookie;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::id::UserId;
use crate::domain::person::{Role, User, parse_email, password_problem};
use crate::domain::source::NAME_LIMIT_CHARS;
use crate::flow::Bridge;
use crate::new_id;
use crate::store::error::StoreError;
use crate::web::Site;
use crate::web::auth::{
    SESSION_S, check_password, cookie_of, hash_of, hash_password, new_token, session_cookie, user,
};
use crate::web::ui::form::Form;
use crate::web::ui::page::{
    FormProblem, Page, PageError, go, note, render, render_again, visit_cookie,
};

#[derive(Template)]
#[template(path = "session/setup.html")]
struct SetupPage {
    page: Page,
    problems: Vec<FormProblem>,
    name: String,
    email: String,
}

#[derive(Template)]
#[template(path = "session/login.html")]
struct LoginPage {
    page: Page,
    problem: Option<String>,
    email: String,
}

pub async fn setup_page(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    if bridge.store.has_users().await? {
        return Ok(go("/login"));
    }
    let (token, cookie) = visit_cookie(&request, &site);
    let page = Page::for_stranger(&token, "Set up");
    let shown = render(&SetupPage {
        page,
        problems: Vec::new(),
        name: String::new(),
        email: String::new(),
    })?;
    with_cookie(shown, cookie)
}

pub async fn setup(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let (name, email_text, password) = (
        form.text("name"),
        form.text("email"),
        form.value("password").unwrap_or_default(),
    );
    let mut problems = Vec::new();
    if name.is_empty() || name.chars().count() > NAME_LIMIT_CHARS {
        problems.push(FormProblem {
            place: "name".into(),
            message: format!("A name has 1 to {NAME_LIMIT_CHARS} characters."),
        });
    }
    let email = parse_email(email_text).map_err(|message| {
        problems.push(FormProblem {
            place: "email".into(),
            message,
        })
    });
    if let Some(message) = password_problem(password) {
        problems.push(FormProblem {
            place: "password".into(),
            message,
        });
    }
    let (Ok(email), true) = (email, problems.is_empty()) else {
        let page = Page::for_stranger(&cookie_of(&request).unwrap_or_default(), "Set up");
        return render_again(&SetupPage {
            page,
            problems,
            name: name.into(),
            email: email_text.into(),
        });
    };
    let now = bridge.clock.now();
    let owner = User {
        id: new_id!(UserId, bridge, now),
        email,
        name: name.into(),
        role: Role::Owner,
        created_at: now,
    };
    let hash = hash_password(password.to_string()).await?;
    match bridge.store.create_user(owner.clone(), hash, true).await {
        Ok(()) => start_session(&bridge, &site, &owner, "/?done=welcome").await,
        // Somebody was faster: the account exists, and it takes signing in.
        Err(StoreError::Conflict(_)) => Ok(go("/login")),
        Err(error) => Err(error.into()),
    }
}

pub async fn login_page(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    if !bridge.store.has_users().await? {
        return Ok(go("/setup"));
    }
    if user(&request, &bridge).await?.is_some() {
        return Ok(go("/"));
    }
    let (token, cookie) = visit_cookie(&request, &site);
    let mut page = Page::for_stranger(&token, "Sign in");
    page.note = note(&request);
    with_cookie(
        render(&LoginPage {
            page,
            problem: None,
            email: String::new(),
        })?,
        cookie,
    )
}

pub async fn login(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let email = form.text("email").to_lowercase();
    let again = |problem: &str| {
        let page = Page::for_stranger(&cookie_of(&request).unwrap_or_default(), "Sign in");
        render_again(&LoginPage {
            page,
            problem: Some(problem.into()),
            email: form.text("email").into(),
        })
    };
    let now_ms = bridge.clock.now_ms();
    if !site.sign_in.allows(&email, now_ms) {
        return again("Too many failed attempts for this account; try again in five minutes.");
    }
    let found = bridge.store.credentials(email.clone()).await?;
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    let right =
        check_password(form.value("password").unwrap_or_default().to_string(), hash).await?;
    site.sign_in.note(&email, right, now_ms);
    match found {
        Some(found) if right => start_session(&bridge, &site, &found.user, "/").await,
        _ => again("E-mail or password is not right."),
    }
}

pub async fn logout(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    if let Some(token) = cookie_of(&request) {
        bridge.store.end_session(hash_of(&token)).await?;
    }
    Ok(go("/login"))
}

/// A new session under a new token: one that was known before signing in is worth nothing afterwards.
async fn start_session(
    bridge: &Bridge,
    site: &Site,
    user: &User,
    to: &str,
) -> Result<HttpResponse, PageError> {
    let (token, hash) = new_token("");
    let now_ms = bridge.clock.now_ms();
    bridge
        .store
        .create_session(hash, user.id, now_ms, now_ms + SESSION_S * 1_000)
        .await?;
    with_cookie(go(to), Some(session_cookie(&token, site)))
}

fn with_cookie(
    mut response: HttpResponse,
    cookie: Option<Cookie<'static>>,
) -> Result<HttpResponse, PageError> {
    if let Some(cookie) = cookie {
        response
            .add_cookie(&cookie)
            .map_err(|error| crate::web::problem::ApiError::internal(&error))?;
    }
    Ok(response)
}
