//! First run, signing in with one or two factors, taking an invitation, signing out.
//!
//! Every way in ends in [`start_session`]: a new token each time, so that one known before is worth nothing afterwards.

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::id::{SessionId, UserId};
use crate::domain::name;
use crate::domain::password::password_problem;
use crate::domain::person::{Role, User, parse_email};
use crate::domain::second_factor::{recovery_hash, step_of};
use crate::domain::value::cut;
use crate::flow::Bridge;
use crate::new_id;
use crate::store::error::StoreError;
use crate::store::invites::Invite;
use crate::store::sessions::{Grounds, NewSession};
use crate::web::Site;
use crate::web::admission::{actor, as_person};
use crate::web::auth::{
    CODE_S, SESSION_S, cookie_of, full_session, hash_of, new_token, session, session_cookie,
};
use crate::web::client::{address, user_agent};
use crate::web::password::{check_password, hash_password};
use crate::web::problem::ApiError;
use crate::web::throttle::Attempt;
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::FormProblem;
use crate::web::ui::labels::role_word;
use crate::web::ui::next::{code_page_for, own_path};
use crate::web::ui::note::note;
use crate::web::ui::page::{Page, go, render, render_with, visit_cookie};
use crate::web::ui::query::query_value;

/// The note of a failed sign-in.
const SIGN_IN_FAILED: &str = "person.sign_in_failed";
/// Stands for all accounts that do not exist. No e-mail address looks like it.
const NO_ACCOUNT: &str = "unknown";
/// What attempts to make the first account count under.
const FIRST_ACCOUNT: &str = "the first account";
/// What is told of an address that was typed for an account that does not exist.
const TOLD_LIMIT_CHARS: usize = 100;

#[derive(Template)]
#[template(path = "session/setup.html")]
struct SetupPage {
    page: Page,
    problems: Vec<FormProblem>,
    name: String,
    email: String,
}

#[derive(Template)]
#[template(path = "session/invite_over.html")]
struct InviteOverPage {
    page: Page,
}

#[derive(Template)]
#[template(path = "session/login.html")]
struct LoginPage {
    page: Page,
    problem: Option<String>,
    email: String,
    next: String,
}

#[derive(Template)]
#[template(path = "session/code.html")]
struct CodePage {
    page: Page,
    problem: Option<String>,
    next: String,
}

#[derive(Template)]
#[template(path = "session/invite.html")]
struct InvitePage {
    page: Page,
    problems: Vec<FormProblem>,
    token: String,
    email: String,
    role: &'static str,
    invited_by: String,
    name: String,
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
    let page = Page::for_stranger(&request, &token, t!("session-setup-title"));
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
    if bridge.store.has_users().await? {
        return Ok(go("/login"));
    }
    let form = Form::of(&request)?;
    let email = parse_email(form.text("email"));
    let checked = new_account(&form, email.as_deref().unwrap_or_default());
    let mut problems = checked.as_ref().err().cloned().unwrap_or_default();
    if let Err(message) = &email {
        problems.insert(0, FormProblem::at("email", message));
    }
    let again = |status: StatusCode, problems: Vec<FormProblem>| {
        let shown = SetupPage {
            page: Page::for_visitor(&request, t!("session-setup-title")),
            problems,
            name: form.text("name").into(),
            email: form.text("email").into(),
        };
        render_with(status, &shown)
    };
    let (Ok(email), Ok((name, password))) = (email, checked) else {
        return again(StatusCode::UNPROCESSABLE_ENTITY, problems);
    };
    let from = address(&request);
    if let Err(wait_s) = site
        .throttle
        .begin(FIRST_ACCOUNT, from, bridge.clock.now_ms())
    {
        let again = |status, message| again(status, vec![FormProblem::plain(message)]);
        return too_often(wait_s, again);
    }
    let owner = new_user(&bridge, email, name, Role::Owner);
    let hash = hash_password(password).await?;
    let store = bridge.noting(
        &as_person(&request, &owner),
        "person.set_up",
        owner.id,
        "Made the first account.",
    );
    match store.create_user(owner.clone(), hash.clone(), true).await {
        Ok(()) => {
            site.throttle.succeeded(FIRST_ACCOUNT, from);
            let entry = Entry {
                user: &owner,
                grounds: Grounds::Password(hash),
                said: None,
            };
            start_session(&request, &bridge, &site, entry, "/?done=welcome").await
        }
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
    let next = query_value(&request, "next").unwrap_or_default();
    if full_session(&request, &bridge).await?.is_some() {
        return Ok(go(own_path(&next)));
    }
    let (token, cookie) = visit_cookie(&request, &site);
    let mut page = Page::for_stranger(&request, &token, t!("session-sign-in"));
    page.note = note(&request);
    with_cookie(
        render(&LoginPage {
            page,
            problem: None,
            email: String::new(),
            next: own_path(&next).into(),
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
    let next = own_path(form.text("next"));
    let again = |status: StatusCode, problem: String| {
        let shown = LoginPage {
            page: Page::for_visitor(&request, t!("session-sign-in")),
            problem: Some(problem),
            email: form.text("email").into(),
            next: next.into(),
        };
        render_with(status, &shown)
    };
    let wrong = || {
        let problem = t!("session-wrong");
        again(StatusCode::UNPROCESSABLE_ENTITY, problem)
    };
    let Ok(email) = parse_email(form.text("email")) else {
        return wrong();
    };
    let from = address(&request);
    let attempt = match site.throttle.begin(&email, from, bridge.clock.now_ms()) {
        Ok(attempt) => attempt,
        Err(wait_s) => return too_often(wait_s, again),
    };
    let found = bridge.store.credentials(email.clone()).await?;
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    let password = form.value("password").unwrap_or_default().to_string();
    let right = check_password(password, hash).await?;
    let found = match found {
        Some(found) if right && found.user.deactivated_at.is_none() => found,
        found => {
            let user = found.as_ref().map(|found| &found.user);
            note_failure(&request, &bridge, &site, email, user, attempt);
            return wrong();
        }
    };
    site.throttle.succeeded(&email, from);
    let (user, grounds) = (found.user, Grounds::Password(found.password_hash));
    if user.has_second_factor {
        return ask_for_code(&request, &bridge, &site, &user, grounds, next).await;
    }
    let entry = Entry {
        user: &user,
        grounds,
        said: Some("Signed in.".into()),
    };
    start_session(&request, &bridge, &site, entry, next).await
}

pub async fn code_page(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    match session(&request, &bridge).await? {
        Some((session, _)) if session.awaits_code => render(&CodePage {
            page: Page::for_visitor(&request, t!("settings-factor")),
            problem: None,
            next: own_path(&query_value(&request, "next").unwrap_or_default()).into(),
        }),
        _ => Ok(go("/login")),
    }
}

pub async fn code(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let (user, grounds) = match (session(&request, &bridge).await?, cookie_of(&request)) {
        (Some((session, user)), Some(token)) if session.awaits_code => {
            (user, Grounds::Code(hash_of(&token)))
        }
        _ => return Ok(go("/login")),
    };
    let next = own_path(form.text("next"));
    let again = |status: StatusCode, problem: String| {
        let shown = CodePage {
            page: Page::for_visitor(&request, t!("settings-factor")),
            problem: Some(problem),
            next: next.into(),
        };
        render_with(status, &shown)
    };
    // A count of its own: a right password does not forgive wrong codes.
    let key = format!("code {}", user.id);
    let from = address(&request);
    let attempt = match site.throttle.begin(&key, from, bridge.clock.now_ms()) {
        Ok(attempt) => attempt,
        Err(wait_s) => return too_often(wait_s, again),
    };
    match take_code(&bridge, &user, form.text("code")).await? {
        Some(said) => {
            site.throttle.succeeded(&key, from);
            let entry = Entry {
                user: &user,
                grounds,
                said: Some(said),
            };
            start_session(&request, &bridge, &site, entry, next).await
        }
        None => {
            if attempt.is_noted() {
                let said = format!(
                    "The password was right, and the second factor was not. {}",
                    attempt.in_words()
                );
                bridge
                    .note(&actor(&request), SIGN_IN_FAILED, user.id, said)
                    .await?;
            }
            again(StatusCode::UNPROCESSABLE_ENTITY, t!("session-wrong-code"))
        }
    }
}

pub async fn invite_page(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let Some(invite) = open_invite(&bridge, &path).await? else {
        return invite_over(&request, &site);
    };
    let (token, cookie) = visit_cookie(&request, &site);
    let page = Page::for_stranger(&request, &token, t!("session-invitation-title"));
    let shown = InvitePage::new(page, &path, &invite, Vec::new(), "");
    with_cookie(render(&shown)?, cookie)
}

pub async fn accept_invite(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let Some(invite) = open_invite(&bridge, &path).await? else {
        return invite_over(&request, &site);
    };
    let again = |status: StatusCode, problems: Vec<FormProblem>| {
        let page = Page::for_visitor(&request, t!("session-invitation-title"));
        let name = form.text("name");
        render_with(
            status,
            &InvitePage::new(page, &path, &invite, problems, name),
        )
    };
    let (name, password) = match new_account(&form, &invite.email) {
        Ok(checked) => checked,
        Err(problems) => return again(StatusCode::UNPROCESSABLE_ENTITY, problems),
    };
    let (key, from) = (format!("invitation {}", invite.id), address(&request));
    if let Err(wait_s) = site.throttle.begin(&key, from, bridge.clock.now_ms()) {
        let again = |status, message| again(status, vec![FormProblem::plain(message)]);
        return too_often(wait_s, again);
    }
    let user = new_user(&bridge, invite.email.clone(), name, invite.role);
    let hash = hash_password(password).await?;
    let said = format!(
        "Took the invitation of {} and has the role {}.",
        invite.invited_by,
        invite.role.as_str()
    );
    let joined = bridge
        .noting(&as_person(&request, &user), "person.joined", user.id, said)
        .accept_invite(invite.id, user.clone(), hash.clone())
        .await;
    match joined {
        // Taken or withdrawn while the form was filled in.
        Err(StoreError::NotFound(_)) => return invite_over(&request, &site),
        joined => joined?,
    }
    site.throttle.succeeded(&key, from);
    let entry = Entry {
        user: &user,
        grounds: Grounds::Password(hash),
        said: None,
    };
    start_session(&request, &bridge, &site, entry, "/?done=welcome").await
}

pub async fn logout(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let Some(token) = cookie_of(&request) else {
        return Ok(go("/login"));
    };
    let store = match session(&request, &bridge).await? {
        Some((session, user)) if !session.awaits_code => bridge.noting(
            &as_person(&request, &user),
            "person.signed_out",
            user.id,
            "Signed out.",
        ),
        _ => bridge.store.clone(),
    };
    store.end_session(hash_of(&token)).await?;
    Ok(go("/login"))
}

impl InvitePage {
    fn new(
        page: Page,
        token: &str,
        invite: &Invite,
        problems: Vec<FormProblem>,
        name: &str,
    ) -> InvitePage {
        InvitePage {
            page,
            problems,
            token: token.into(),
            email: invite.email.clone(),
            role: invite.role.as_str(),
            invited_by: invite.invited_by.clone(),
            name: name.into(),
        }
    }
}

async fn open_invite(bridge: &Bridge, token: &str) -> Result<Option<Invite>, StoreError> {
    bridge
        .store
        .invite(hash_of(token), bridge.clock.now_ms())
        .await
}

/// Says of a link that leads nowhere any more what may have become of it, and what to do.
fn invite_over(request: &HttpRequest, site: &Site) -> Result<HttpResponse, PageError> {
    let (token, cookie) = visit_cookie(request, site);
    let page = Page::for_stranger(request, &token, t!("session-invitation-over"));
    let shown = render_with(StatusCode::NOT_FOUND, &InviteOverPage { page })?;
    with_cookie(shown, cookie)
}

/// Name and password of a new account, or what is wrong with them.
fn new_account(form: &Form, email: &str) -> Result<(String, String), Vec<FormProblem>> {
    let name = name::checked(form.text("name"));
    let password = form.value("password").unwrap_or_default();
    let mut problems = Vec::new();
    if let Err(message) = &name {
        problems.push(FormProblem::at("name", message));
    }
    if let Some(message) = password_problem(password, email) {
        problems.push(FormProblem::at("password", message));
    }
    match name {
        Ok(name) if problems.is_empty() => Ok((name, password.to_string())),
        _ => Err(problems),
    }
}

fn new_user(bridge: &Bridge, email: String, name: String, role: Role) -> User {
    let now = bridge.clock.now();
    User {
        id: new_id!(UserId, bridge, now),
        email,
        name,
        role,
        created_at: now,
        deactivated_at: None,
        has_second_factor: false,
        language: None,
        time_zone: None,
    }
}

/// Tells the audit log of a wrong password, within bounds: of each account twice in a window at most, and of all that do not exist as if they were one.
/// Never the password. The answer does not wait for it, so that its time does not tell which accounts exist.
fn note_failure(
    request: &HttpRequest,
    bridge: &web::Data<Bridge>,
    site: &Site,
    email: String,
    user: Option<&User>,
    attempt: Attempt,
) {
    let attempt = match user {
        Some(_) => attempt,
        None => match site.throttle.begin(NO_ACCOUNT, None, bridge.clock.now_ms()) {
            Ok(attempt) => attempt,
            Err(_) => return,
        },
    };
    if !attempt.is_noted() {
        return;
    }
    let (bridge, actor, user) = (bridge.clone(), actor(request), user.cloned());
    tokio::spawn(async move {
        let noted = async {
            let said = match &user {
                Some(user) if user.deactivated_at.is_some() => {
                    format!("Tried to sign in as {email}, an account that is locked out.")
                }
                Some(_) => format!("Gave a wrong password for {email}."),
                None => match told_address(&email, &bridge.store.users().await?) {
                    Some(email) => {
                        format!("Tried to sign in as {email}, an account that does not exist.")
                    }
                    None => "Tried to sign in to an account that does not exist.".into(),
                },
            };
            let id = user.map_or_else(|| NO_ACCOUNT.to_string(), |user| user.id.to_string());
            let said = format!("{said} {}", attempt.in_words());
            bridge.note(&actor, SIGN_IN_FAILED, id, said).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a failed sign-in could not be noted");
        }
    });
}

/// The address that was typed for an account that does not exist, cut to its limit. Told are only those of hosts that an account has: anything else may be
/// a password in the wrong field, or one that was typed on behind an address.
fn told_address(typed: &str, users: &[User]) -> Option<String> {
    let (_, domain) = typed.split_once('@')?;
    let is_of_house = |user: &User| {
        let host = user.email.rsplit_once('@');
        host.is_some_and(|(_, host)| host.eq_ignore_ascii_case(domain))
    };
    let is_told = users.iter().any(is_of_house);
    is_told.then(|| cut(typed, TOLD_LIMIT_CHARS))
}

/// A code of the app, or a recovery code; taken once. Tells how it went for the audit log.
async fn take_code(bridge: &Bridge, user: &User, code: &str) -> Result<Option<String>, PageError> {
    let factor = bridge.store.second_factor(user.id).await?;
    let now_s = u64::try_from(bridge.clock.now_ms() / 1_000).unwrap_or(0);
    let step = factor
        .secret
        .as_ref()
        .and_then(|secret| step_of(secret.expose(), code, now_s));
    if let Some(step) = step {
        let taken = bridge.store.take_step(user.id, step).await?;
        return Ok(taken.then(|| "Signed in with the second factor.".into()));
    }
    let spent = bridge
        .store
        .spend_recovery_code(user.id, recovery_hash(code))
        .await?;
    let left = factor.recovery_codes_left - 1;
    Ok(spent.then(|| format!("Signed in with a recovery code; {left} are left.")))
}

/// The password was right: what stands in the cookie now is good for nothing but the code's page.
async fn ask_for_code(
    request: &HttpRequest,
    bridge: &Bridge,
    site: &Site,
    user: &User,
    grounds: Grounds,
    next: &str,
) -> Result<HttpResponse, PageError> {
    let (token, mut new) = new_session(request, bridge, user, CODE_S);
    new.awaits_code = true;
    match bridge.store.create_session(new, grounds).await {
        Err(StoreError::Outdated) => return Ok(go("/login")),
        created => created?,
    }
    with_cookie(go(code_page_for(next)), Some(session_cookie(&token, site)))
}

/// Whoever comes in.
struct Entry<'a> {
    user: &'a User,
    grounds: Grounds,
    /// What the audit log is told of it.
    said: Option<String>,
}

async fn start_session(
    request: &HttpRequest,
    bridge: &Bridge,
    site: &Site,
    entry: Entry<'_>,
    to: &str,
) -> Result<HttpResponse, PageError> {
    let user = entry.user;
    let (token, new) = new_session(request, bridge, user, SESSION_S);
    let store = match entry.said {
        Some(said) => bridge.noting(&as_person(request, user), "person.signed_in", user.id, said),
        None => bridge.store.clone(),
    };
    match store.create_session(new, entry.grounds).await {
        // The password or the second factor was changed while it was checked.
        Err(StoreError::Outdated) => return Ok(go("/login")),
        created => created?,
    }
    if let Some(earlier) = cookie_of(request) {
        bridge.store.end_session(hash_of(&earlier)).await?;
    }
    with_cookie(go(to), Some(session_cookie(&token, site)))
}

fn new_session(
    request: &HttpRequest,
    bridge: &Bridge,
    user: &User,
    lasts_s: i64,
) -> (String, NewSession) {
    let (token, token_hash) = new_token("");
    let now = bridge.clock.now();
    let new = NewSession {
        id: new_id!(SessionId, bridge, now),
        token_hash,
        user_id: user.id,
        awaits_code: false,
        now_ms: now.as_millisecond(),
        expires_ms: now.as_millisecond() + lasts_s * 1_000,
        user_agent: user_agent(request),
        address: actor(request).address,
    };
    (token, new)
}

/// What is said when too much was tried.
pub fn too_many(wait_s: i64) -> String {
    t!("session-too-many", count = wait_s.div_euclid(60) + 1)
}

/// The form `again`, which says that too much was tried; the header says how long to wait.
fn too_often(
    wait_s: i64,
    again: impl Fn(StatusCode, String) -> Result<HttpResponse, PageError>,
) -> Result<HttpResponse, PageError> {
    let mut shown = again(StatusCode::TOO_MANY_REQUESTS, too_many(wait_s))?;
    shown.headers_mut().insert(RETRY_AFTER, wait_s.into());
    Ok(shown)
}

fn with_cookie(
    mut response: HttpResponse,
    cookie: Option<Cookie<'static>>,
) -> Result<HttpResponse, PageError> {
    if let Some(cookie) = cookie {
        response
            .add_cookie(&cookie)
            .map_err(|error| ApiError::internal(&error))?;
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_address_is_told_and_what_may_be_a_password_is_not() {
        let ada = User {
            id: UserId::from_slice(&[1; 16]).unwrap(),
            email: "ada@example.com".into(),
            name: "Ada".into(),
            role: Role::Owner,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            deactivated_at: None,
            has_second_factor: false,
            language: None,
            time_zone: None,
        };
        let told = |typed: &str| told_address(typed, std::slice::from_ref(&ada));
        assert_eq!(told("bob@example.com").as_deref(), Some("bob@example.com"));
        for typed in [
            "p@ssword",
            "s3cret@w.ord!",
            "ada@example.comcorrecthorse",
            "nothing",
        ] {
            assert_eq!(told(typed), None, "{typed}");
        }
        let long = format!("{}@example.com", "b".repeat(300));
        assert_eq!(told(&long).unwrap().chars().count(), TOLD_LIMIT_CHARS + 1);
    }
}
