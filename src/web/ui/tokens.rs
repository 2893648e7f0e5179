//! API tokens: the list, making one (shown once), revoking.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::SignedDuration;

use crate::domain::id::TokenId;
use crate::domain::person::Role;
use crate::flow::Bridge;
use crate::new_id;
use crate::store::tokens::NewToken;
use crate::web::admission::{actor, signed_in};
use crate::web::api::{id, name};
use crate::web::auth::{TOKEN_PREFIX, new_token};
use crate::web::ui::account::Tabs;
use crate::web::ui::asking::{Ask, ask_first};
use crate::web::ui::error::PageError;
use crate::web::ui::form::Form;
use crate::web::ui::form_problem::FormProblem;
use crate::web::ui::labels::role_word;
use crate::web::ui::once::{go_and_show, shown_once};
use crate::web::ui::page::{Page, go, render, render_again};
use crate::web::ui::row::Moment;

/// Days that a token may last; none of them is "for ever".
const LIFETIMES_D: [i64; 3] = [30, 90, 365];

#[derive(Template)]
#[template(path = "settings/tokens.html")]
struct TokensPage {
    page: Page,
    problems: Vec<FormProblem>,
    tabs: Tabs,
    token: Option<String>,
    tokens: Vec<TokenRow>,
    lifetimes_d: [i64; 3],
    typed: Typed,
}

/// A new token as it was typed, for showing it again.
#[derive(Default)]
struct Typed {
    name: String,
    role: String,
    days: String,
}

impl Typed {
    fn lasts(&self, days: &i64) -> bool {
        self.days == days.to_string()
    }
}

struct TokenRow {
    id: String,
    name: String,
    role: &'static str,
    made_by: String,
    made: Moment,
    used: Option<Moment>,
    expires: Option<Moment>,
    is_over: bool,
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let mut page = tokens_page(&request, &bridge, Vec::new(), Typed::default()).await?;
    // Last: what is shown once must not be taken for a page that fails.
    page.token = shown_once(&request, &bridge).await?;
    render(&page)
}

pub async fn create(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let (form, user) = (Form::of(&request)?, signed_in(&request)?);
    let again = async |message: String| {
        let typed = Typed {
            name: form.text("name").into(),
            role: form.text("role").into(),
            days: form.text("days").into(),
        };
        let problems = vec![FormProblem::plain(message)];
        render_again(&tokens_page(&request, &bridge, problems, typed).await?)
    };
    let (Ok(name), Some(role)) = (name(form.text("name")), Role::from_word(form.text("role")))
    else {
        return again(t!("settings-token-needs")).await;
    };
    let now = bridge.clock.now();
    let expires = match form.text("days") {
        "" => None,
        days => {
            let days = days.parse().ok().filter(|days| LIFETIMES_D.contains(days));
            let expires =
                days.and_then(|days| now.checked_add(SignedDuration::from_hours(24 * days)).ok());
            if expires.is_none() {
                return again(t!("settings-token-lifetime")).await;
            }
            expires
        }
    };
    let (token, hash) = new_token(TOKEN_PREFIX);
    let new = NewToken {
        id: new_id!(TokenId, bridge, now),
        hash,
        role,
        created_by: user.name,
        now_ms: now.as_millisecond(),
        expires_ms: expires.map(|at| at.as_millisecond()),
        name,
    };
    let said = format!(
        "Made the API token {} with the role {}.",
        new.name,
        role.as_str()
    );
    bridge
        .noting(&actor(&request), "token.created", new.id, said)
        .create_token(new)
        .await?;
    go_and_show(&request, &bridge, "/settings/tokens", &token).await
}

pub async fn revoke(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let id: TokenId = id(&path, "token")?;
    let known = bridge.store.tokens().await?;
    let name = known
        .iter()
        .find(|token| token.id == id)
        .map_or("", |token| token.name.as_str());
    let ask = Ask {
        section: "/settings",
        question: t!("settings-revoke-ask", name = name),
        button: t!("settings-revoke"),
        back: "/settings/tokens".into(),
    };
    if let Some(asked) = ask_first(&request, ask)? {
        return Ok(asked);
    }
    bridge
        .noting(
            &actor(&request),
            "token.revoked",
            id,
            format!("Revoked the API token {name}."),
        )
        .revoke_token(id, bridge.clock.now_ms())
        .await?;
    Ok(go("/settings/tokens?done=revoked"))
}

async fn tokens_page(
    request: &HttpRequest,
    bridge: &Bridge,
    problems: Vec<FormProblem>,
    typed: Typed,
) -> Result<TokensPage, PageError> {
    let user = signed_in(request)?;
    let now = bridge.clock.now();
    let tokens = bridge.store.tokens().await?;
    Ok(TokensPage {
        page: Page::new(request, &user, "/settings", t!("settings-tokens")),
        problems,
        tabs: Tabs::new(user.role, "/settings/tokens"),
        token: None,
        tokens: tokens
            .into_iter()
            .map(|token| TokenRow {
                id: token.id.to_string(),
                role: token.role.as_str(),
                made: Moment::new(token.created_at, now),
                used: token.last_used_at.map(|at| Moment::new(at, now)),
                expires: token.expires_at.map(|at| Moment::new(at, now)),
                is_over: token.expires_at.is_some_and(|at| at <= now),
                name: token.name,
                made_by: token.created_by.unwrap_or_default(),
            })
            .collect(),
        lifetimes_d: LIFETIMES_D,
        typed,
    })
}
