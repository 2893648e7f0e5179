//! Who is asking: API tokens, sessions, and the mark against forged forms.
//!
//! Tokens are random and only their SHA-256 is kept. A session cookie is a random token too; the form mark is derived from it, so that no
//! state is needed for visitors who have not signed in.

use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieDuration};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::domain::id::TokenId;
use crate::domain::person::{Role, User};
use crate::flow::Bridge;
use crate::store::error::StoreError;
use crate::store::sessions::Session;
use crate::store::tokens::TokenHash;
use crate::web::Site;
use crate::web::client::address;
use crate::web::problem::ApiError;

/// How API tokens begin, so that leaked ones can be found.
pub const TOKEN_PREFIX: &str = "bbt_";
/// Name of the session cookie.
const COOKIE: &str = "bluebridge_session";
/// Its name behind https: with this prefix no other host, not even a sibling, can set it.
const SECURE_COOKIE: &str = "__Host-bluebridge_session";
/// How long a session lasts, in seconds: two weeks.
pub const SESSION_S: i64 = 14 * 86_400;
/// How long the second factor may take, in seconds.
pub const CODE_S: i64 = 600;
/// How rarely the use of a token or session is written, in milliseconds.
const USE_EVERY_MS: i64 = 60_000;

/// A program that may use the API.
#[derive(Debug, Clone)]
pub struct Caller {
    pub token_id: TokenId,
    pub token_name: String,
    pub role: Role,
}

/// A new random token and the hash that is kept of it.
pub fn new_token(prefix: &str) -> (String, TokenHash) {
    let token = format!(
        "{prefix}{}",
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    );
    let hash = hash_of(&token);
    (token, hash)
}

/// What is kept of a token.
pub fn hash_of(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// The API token that a request brings, right or wrong.
fn bearer_of(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get("authorization")?.to_str().ok()?;
    value
        .strip_prefix("Bearer ")
        .or_else(|| value.strip_prefix("bearer "))
}

/// Whether a request comes from a program or from somebody who is signed in.
pub async fn is_from_known(request: &HttpRequest, bridge: &Bridge) -> Result<bool, ApiError> {
    let now_ms = bridge.clock.now_ms();
    let by_token = match bearer_of(request) {
        Some(token) => bridge
            .store
            .token(hash_of(token.trim()), now_ms)
            .await?
            .is_some(),
        None => false,
    };
    Ok(by_token || full_session(request, bridge).await?.is_some())
}

/// Finds out which program asks.
pub async fn program(request: &HttpRequest, bridge: &Bridge) -> Result<Caller, ApiError> {
    let now_ms = bridge.clock.now_ms();
    let refused = |detail: &str| ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
    let token = bearer_of(request)
        .ok_or_else(|| refused("Send an API token as `Authorization: Bearer ...`; make one in the settings or with `bluebridge token create`."))?;
    let found = bridge
        .store
        .token(hash_of(token.trim()), now_ms)
        .await?
        .ok_or_else(|| refused("This API token is not known, was revoked or has run out."))?;
    if found
        .last_used_at
        .is_none_or(|used| now_ms - used.as_millisecond() > USE_EVERY_MS)
    {
        noted(bridge.store.token_used(found.id, now_ms).await);
    }
    Ok(Caller {
        token_id: found.id,
        token_name: found.name,
        role: found.role,
    })
}

/// The visitor's cookie, if any.
pub fn cookie_of(request: &HttpRequest) -> Option<String> {
    let site = request.app_data::<web::Data<Site>>()?;
    request
        .cookie(cookie_name(site))
        .map(|cookie| cookie.value().to_string())
}

fn cookie_name(site: &Site) -> &'static str {
    if site.is_secure() {
        SECURE_COOKIE
    } else {
        COOKIE
    }
}

/// The live session behind a request, with its user; it may still wait for the second factor.
pub async fn session(
    request: &HttpRequest,
    bridge: &Bridge,
) -> Result<Option<(Session, User)>, ApiError> {
    let Some(token) = cookie_of(request) else {
        return Ok(None);
    };
    let now_ms = bridge.clock.now_ms();
    let found = bridge.store.session(hash_of(&token), now_ms).await?;
    if let Some((session, _)) = &found
        && now_ms - session.last_used_at.as_millisecond() > USE_EVERY_MS
    {
        let from = address(request).map(|address| address.to_string());
        noted(bridge.store.session_used(session.id, from, now_ms).await);
    }
    Ok(found)
}

/// A use that cannot be noted refuses nobody: with a full disk, reading is what an operator needs most.
fn noted(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::warn!(%error, "the use of a token or session could not be noted");
    }
}

/// The same, when it waits for nothing any more: who is signed in.
pub async fn full_session(
    request: &HttpRequest,
    bridge: &Bridge,
) -> Result<Option<(Session, User)>, ApiError> {
    let found = session(request, bridge).await?;
    Ok(found.filter(|(session, _)| !session.awaits_code))
}

/// A cookie that holds a session's token, or a visitor's before signing in.
pub fn session_cookie(token: &str, site: &Site) -> Cookie<'static> {
    Cookie::build(cookie_name(site), token.to_string())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(site.is_secure())
        .max_age(CookieDuration::seconds(SESSION_S))
        .finish()
}

/// The mark that every form of a visitor carries.
pub fn form_mark(cookie: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(cookie.as_bytes());
    mac.map(|mac| URL_SAFE_NO_PAD.encode(mac.chain_update(b"form").finalize().into_bytes()))
        .unwrap_or_default()
}

/// Refuses a form that was not made for this visitor.
pub fn check_mark(request: &HttpRequest, mark: Option<&str>) -> Result<(), ApiError> {
    let expected = cookie_of(request).map(|cookie| form_mark(&cookie));
    let same = match (expected, mark) {
        (Some(expected), Some(given)) => {
            subtle::ConstantTimeEq::ct_eq(expected.as_bytes(), given.as_bytes()).into()
        }
        _ => false,
    };
    if same {
        Ok(())
    } else {
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "form_expired",
            "This form was not made for you or is too old; open the page again and repeat it.",
        ))
    }
}
