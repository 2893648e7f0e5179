//! Settings: API tokens, the own password, and the nodes that share the database.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::id::TokenId;
use crate::domain::node::Node;
use crate::domain::person::{Role, User, password_problem};
use crate::flow::Bridge;
use crate::new_id;
use crate::store::nodes::LIVE_MS;
use crate::web::Site;
use crate::web::admission::signed_in;
use crate::web::api::{id, name};
use crate::web::auth::{TOKEN_PREFIX, check_password, hash_password, new_token};
use crate::web::ui::form::Form;
use crate::web::ui::page::{Chip, FormProblem, Moment, Page, PageError, go, render, render_again};

#[derive(Template)]
#[template(path = "settings/show.html")]
struct SettingsPage {
    page: Page,
    problems: Vec<FormProblem>,
    token: Option<String>,
    tokens: Vec<TokenRow>,
    nodes: Vec<NodeRow>,
    may_manage: bool,
    email: String,
}

struct NodeRow {
    name: String,
    is_this: bool,
    state: Chip,
    silent_s: i64,
    waiting: i64,
    version: String,
    started: Moment,
}

struct TokenRow {
    id: String,
    name: String,
    role: &'static str,
    made: Moment,
    used: Option<Moment>,
}

pub async fn show(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    render(&settings_page(&request, &user, &bridge, Vec::new(), None).await?)
}

pub async fn create_token(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let user = signed_in(&request)?;
    let (Ok(name), Some(role)) = (name(form.text("name")), Role::from_word(form.text("role")))
    else {
        let problems = vec![FormProblem::plain("A token needs a name and a role.")];
        return render_again(&settings_page(&request, &user, &bridge, problems, None).await?);
    };
    let now = bridge.clock.now();
    let (token, hash) = new_token(TOKEN_PREFIX);
    let id = new_id!(TokenId, bridge, now);
    bridge
        .store
        .create_token(id, name, hash, role, now.as_millisecond())
        .await?;
    render(&settings_page(&request, &user, &bridge, Vec::new(), Some(token)).await?)
}

pub async fn revoke_token(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    bridge
        .store
        .revoke_token(id(&path, "token")?, bridge.clock.now_ms())
        .await?;
    Ok(go("/settings?done=revoked"))
}

pub async fn change_password(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
    site: web::Data<Site>,
) -> Result<HttpResponse, PageError> {
    let form = Form::of(&request)?;
    let user = signed_in(&request)?;
    let now_ms = bridge.clock.now_ms();
    let again = async |message: String| {
        let problems = vec![FormProblem::plain(message)];
        render_again(&settings_page(&request, &user, &bridge, problems, None).await?)
    };
    if !site.sign_in.allows(&user.email, now_ms) {
        return again("Too many failed attempts; try again in five minutes.".into()).await;
    }
    let found = bridge.store.credentials(user.email.clone()).await?;
    let present = form.value("current").unwrap_or_default().to_string();
    let right = check_password(present, found.map(|found| found.password_hash)).await?;
    site.sign_in.note(&user.email, right, now_ms);
    if !right {
        return again("The present password is not right.".into()).await;
    }
    let new = form.value("new").unwrap_or_default();
    if let Some(problem) = password_problem(new) {
        return again(problem).await;
    }
    let hash = hash_password(new.to_string()).await?;
    bridge
        .store
        .change_password(user.email.clone(), hash)
        .await?;
    Ok(go("/login?done=password"))
}

async fn settings_page(
    request: &HttpRequest,
    user: &User,
    bridge: &Bridge,
    problems: Vec<FormProblem>,
    token: Option<String>,
) -> Result<SettingsPage, PageError> {
    let now = bridge.clock.now();
    let tokens = bridge.store.tokens().await?;
    Ok(SettingsPage {
        page: Page::new(request, user, "/settings", "Settings"),
        problems,
        token,
        tokens: tokens
            .into_iter()
            .map(|token| TokenRow {
                id: token.id.to_string(),
                name: token.name,
                role: token.role.as_str(),
                made: Moment::new(token.created_at, now),
                used: token.last_used_at.map(|at| Moment::new(at, now)),
            })
            .collect(),
        nodes: node_rows(bridge).await?,
        may_manage: user.role == Role::Owner,
        email: user.email.clone(),
    })
}

async fn node_rows(bridge: &Bridge) -> Result<Vec<NodeRow>, PageError> {
    let now = bridge.clock.now();
    let nodes = bridge.store.nodes().await?;
    let row = |node: Node| NodeRow {
        is_this: node.id == bridge.nodes.id,
        state: match (node.silent_ms > LIVE_MS, node.is_behind) {
            (true, _) => Chip::new("silent", "bad"),
            (false, true) => Chip::new("catching up", "busy"),
            (false, false) => Chip::new("live", "good"),
        },
        silent_s: node.silent_ms / 1_000,
        waiting: node.waiting,
        version: node.version,
        started: Moment::new(node.started_at, now),
        name: node.name,
    };
    Ok(nodes.into_iter().map(row).collect())
}
