//! What is shown once after a form, like a secret that was made: the form leads to a page that shows it, so that loading that page again neither
//! sends the form again nor shows it again.
//!
//! Between the two requests it is kept sealed (`store::shown_once`), under a key that stands in the address alone and is good for one account.
//! What cannot be kept is shown by the answer to the form itself: it was made, and nobody could get at it again.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::flow::Bridge;
use crate::store::tokens::TokenHash;
use crate::web::admission::signed_in;
use crate::web::auth::{hash_of, new_token};
use crate::web::ui::error::PageError;
use crate::web::ui::page::{Page, go, render};
use crate::web::ui::query::query_value;

/// What could not be kept for the page at `path`.
#[derive(Template)]
#[template(path = "once.html")]
struct OncePage<'a> {
    page: Page,
    path: &'a str,
    lines: Vec<&'a str>,
}

/// Leads to the page at `path`, which shows `text`. Each of its lines is something by itself.
pub async fn go_and_show(
    request: &HttpRequest,
    bridge: &Bridge,
    path: &str,
    text: &str,
) -> Result<HttpResponse, PageError> {
    let (key, _) = new_token("");
    let (hash, now_ms) = (hash_for(request, &key)?, bridge.clock.now_ms());
    let kept = bridge
        .store
        .keep_to_show(hash, text.as_bytes(), now_ms)
        .await;
    match kept {
        Ok(()) => {
            let (page, query) = path.split_once('?').unwrap_or((path, ""));
            Ok(go(format!("{page}?made={key}&{query}")))
        }
        Err(error) => {
            tracing::warn!(%error, "what is shown once could not be kept and is shown at once");
            let user = signed_in(request)?;
            render(&OncePage {
                page: Page::new(request, &user, "", t!("shared-once")),
                path,
                lines: text.lines().collect(),
            })
        }
    }
}

/// What this page is to show, which nobody is shown again.
pub async fn shown_once(
    request: &HttpRequest,
    bridge: &Bridge,
) -> Result<Option<String>, PageError> {
    let Some(key) = query_value(request, "made") else {
        return Ok(None);
    };
    let (hash, now_ms) = (hash_for(request, &key)?, bridge.clock.now_ms());
    let kept = bridge.store.take_to_show(hash, now_ms).await?;
    Ok(kept.and_then(|text| String::from_utf8(text).ok()))
}

fn hash_for(request: &HttpRequest, key: &str) -> Result<TokenHash, PageError> {
    Ok(hash_of(&format!("{} {key}", signed_in(request)?.id)))
}
