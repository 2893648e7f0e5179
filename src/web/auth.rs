//! Who is asking: API tokens, sessions, passwords, and the mark against forged forms.
//!
//! Tokens are random and only their SHA-256 is kept. A session cookie is a random token too; the form mark is derived from it, so that no
//! state is needed for visitors who have not signed in. Passwords are argon2id.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieDuration};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::domain::id::TokenId;
use crate::domain::person::{Role, User};
use crate::flow::Bridge;
use crate::store::people::TokenHash;
use crate::web::Site;
use crate::web::problem::ApiError;

/// How API tokens begin, so that leaked ones can be found.
pub const TOKEN_PREFIX: &str = "bbt_";
/// Name of the session cookie.
pub const COOKIE: &str = "bluebridge_session";
/// How long a session lasts, in seconds: two weeks.
pub const SESSION_S: i64 = 14 * 86_400;
/// How rarely a token's use is written, in milliseconds.
const TOKEN_USE_EVERY_MS: i64 = 60_000;
/// Failed sign-ins that an account is allowed within the window.
const SIGN_IN_LIMIT: u32 = 10;
/// Length of that window, in milliseconds.
const SIGN_IN_WINDOW_MS: i64 = 300_000;
/// Accounts that are watched at once.
const SIGN_IN_ACCOUNTS_LIMIT: usize = 10_000;

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

/// Finds out which program asks.
pub async fn program(request: &HttpRequest, bridge: &Bridge) -> Result<Caller, ApiError> {
    let refused = |detail: &str| ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
    let token = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")))
        .ok_or_else(|| refused("Send an API token as `Authorization: Bearer ...`; make one in the settings or with `bluebridge token create`."))?;
    let found = bridge
        .store
        .token(hash_of(token.trim()))
        .await?
        .ok_or_else(|| refused("This API token is not known or was revoked."))?;
    let now_ms = bridge.clock.now_ms();
    if found
        .last_used_at
        .is_none_or(|used| now_ms - used.as_millisecond() > TOKEN_USE_EVERY_MS)
    {
        bridge.store.token_used(found.id, now_ms).await?;
    }
    Ok(Caller {
        token_id: found.id,
        token_name: found.name,
        role: found.role,
    })
}

/// The visitor's cookie, if any.
pub fn cookie_of(request: &HttpRequest) -> Option<String> {
    request
        .cookie(COOKIE)
        .map(|cookie| cookie.value().to_string())
}

/// The signed-in user behind a request.
pub async fn user(request: &HttpRequest, bridge: &Bridge) -> Result<Option<User>, ApiError> {
    match cookie_of(request) {
        Some(token) => Ok(bridge
            .store
            .session_user(hash_of(&token), bridge.clock.now_ms())
            .await?),
        None => Ok(None),
    }
}

/// A cookie that holds a session's token, or a visitor's before signing in.
pub fn session_cookie(token: &str, site: &Site) -> Cookie<'static> {
    Cookie::build(COOKIE, token.to_string())
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
    match same {
        true => Ok(()),
        false => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "form_expired",
            "This form was not made for you or is too old; open the page again and repeat it.",
        )),
    }
}

/// Hashes a password, off the async threads.
pub async fn hash_password(password: String) -> Result<String, ApiError> {
    web::block(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
    })
    .await
    .map_err(|error| ApiError::internal(&error))?
    .map_err(|error| ApiError::internal(&error))
}

/// Whether the password is the one behind the hash. Without a hash the same work is done, so that time does not tell which accounts exist.
pub async fn check_password(password: String, hash: Option<String>) -> Result<bool, ApiError> {
    web::block(move || match hash {
        Some(hash) => argon2::password_hash::phc::PasswordHash::new(&hash).is_ok_and(|parsed| {
            Argon2::default()
                .verify_password(password.as_bytes(), &parsed)
                .is_ok()
        }),
        None => {
            let _ = Argon2::default().hash_password(password.as_bytes());
            false
        }
    })
    .await
    .map_err(|error| ApiError::internal(&error))
}

/// Counts failed sign-ins for each account.
#[derive(Debug, Default)]
pub struct SignInLimit(Mutex<HashMap<String, (i64, u32)>>);

impl SignInLimit {
    /// Whether the account may try now.
    pub fn allows(&self, email: &str, now_ms: i64) -> bool {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(email).is_none_or(|(since_ms, count)| {
            now_ms - since_ms > SIGN_IN_WINDOW_MS || *count < SIGN_IN_LIMIT
        })
    }

    /// Notes a failure, or with `true` a success, which forgives the failures before.
    pub fn note(&self, email: &str, succeeded: bool, now_ms: i64) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if succeeded {
            failures.remove(email);
            return;
        }
        if failures.len() >= SIGN_IN_ACCOUNTS_LIMIT {
            failures.retain(|_, (since_ms, _)| now_ms - *since_ms <= SIGN_IN_WINDOW_MS);
        }
        let entry = failures.entry(email.to_string()).or_insert((now_ms, 0));
        if now_ms - entry.0 > SIGN_IN_WINDOW_MS {
            *entry = (now_ms, 0);
        }
        entry.1 += 1;
    }
}
