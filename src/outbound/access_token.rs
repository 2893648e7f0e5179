//! Access tokens (OAuth 2): asked for where the destination's settings say, and kept by the client until shortly before they run out.
//!
//! Called by `request` under its total deadline. Whoever needs the same token meanwhile waits for the one request that is under way. Whatever goes wrong is an [`Outcome`]; of what the other side says only a bounded part is told, and never a secret.

use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::destination::grant::Grant;
use crate::domain::outcome::Outcome;
use crate::domain::secret::{MASK, Secret};
use crate::outbound::client::Client;
use crate::outbound::failure::classify;
use crate::outbound::guard::{Guard, Refusal};
use crate::outbound::token_cache::Kept;

/// Bytes that are read of the answer that holds the token.
const ANSWER_LIMIT_BYTES: usize = 64 << 10;
/// Longest token that is sent in a header, in bytes.
const TOKEN_LIMIT_BYTES: usize = 16 << 10;
/// Characters that are told of why a token was refused, and of one word, which longer may be a token itself.
const REASON_LIMIT_CHARS: usize = 300;
const WORD_LIMIT_CHARS: usize = 100;
/// How long a token is kept whose answer does not say how long it lasts, in seconds.
const DEFAULT_LIFE_S: i64 = 300;
/// A token is asked for anew this long before it runs out, in seconds.
const SPARE_S: i64 = 60;
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    /// Some say it as a text.
    #[serde(default)]
    expires_in: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Refused {
    error: String,
    error_description: String,
}

/// The token that is kept, or a new one. The time is in seconds since 1970.
pub(super) async fn token(
    client: &Client,
    guard: &Guard,
    grant: &Grant,
    now_s: i64,
) -> Result<Secret, Outcome> {
    let slot = client.tokens().slot(grant);
    let mut kept = slot.lock().await;
    if let Some(kept) = kept.as_ref().filter(|kept| now_s < kept.until_s) {
        return Ok(kept.token.clone());
    }
    *kept = None;
    let got = ask(grant, now_s, client, guard).await?;
    let token = got.token.clone();
    *kept = Some(got);
    Ok(token)
}

/// Forgets a token that was not taken, so that the next attempt asks for another; one that came meanwhile stays, or that is being asked for.
pub(super) fn forget(client: &Client, grant: &Grant, token: &Secret) {
    if let Ok(mut kept) = client.tokens().slot(grant).try_lock() {
        kept.take_if(|kept| kept.token == *token);
    }
}

async fn ask(grant: &Grant, now_s: i64, client: &Client, guard: &Guard) -> Result<Kept, Outcome> {
    let no_token = |reason: String| Outcome::NoAccessToken { reason };
    let Some(url) = grant.token_url() else {
        return Err(no_token("the key has not been entered yet.".into()));
    };
    let host = url.host_str().unwrap_or_default();
    let form = grant.request(now_s).map_err(no_token)?;
    if let Err(Refusal { reason, .. }) = guard.vet(url, false) {
        return Err(no_token(format!("asking {host} is refused: {reason}")));
    }
    let asked = client.to(url, false).post(url.clone()).body(form);
    let asked = asked.header("accept", "application/json");
    let asked = asked.header("content-type", "application/x-www-form-urlencoded");
    let response = asked.send().await.map_err(|error| {
        let said = classify(&error).sentence();
        no_token(format!("asking {host} failed: {said}"))
    })?;
    let status = response.status();
    let body = read(response).await;
    if !status.is_success() {
        let (status, said) = (status.as_u16(), told(&body, grant));
        return Err(no_token(if said.is_empty() {
            format!("asked for one, {host} answered {status}.")
        } else {
            format!("asked for one, {host} answered {status} ({said}).")
        }));
    }
    let answer: Option<Answer> = serde_json::from_slice(&body).ok();
    let Some(answer) = answer.filter(|answer| is_sendable(&answer.access_token)) else {
        return Err(no_token(format!("the answer of {host} holds none.")));
    };
    let life_s = life_s(&answer.expires_in);
    Ok(Kept {
        token: Secret::new(answer.access_token),
        until_s: now_s.saturating_add((life_s - SPARE_S).max(life_s / 2)),
    })
}

/// As much of the answer as is read; what breaks off or is larger is no answer that can be understood.
async fn read(response: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        if body.len() + chunk.len() > ANSWER_LIMIT_BYTES {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    body
}

/// Whether it can stand in a header.
fn is_sendable(token: &str) -> bool {
    let is_plain = |byte: u8| (b'!'..=b'~').contains(&byte);
    !token.is_empty() && token.len() <= TOKEN_LIMIT_BYTES && token.bytes().all(is_plain)
}

fn life_s(said: &Value) -> i64 {
    let text = || said.as_str().and_then(|text| text.trim().parse().ok());
    let said = said.as_i64().or_else(text);
    said.filter(|life_s| *life_s > 0).unwrap_or(DEFAULT_LIFE_S)
}

/// Why it was refused, in the other side's words, on one line and without what it was told.
fn told(body: &[u8], grant: &Grant) -> String {
    let refused: Refused = serde_json::from_slice(body).unwrap_or_default();
    let said = [refused.error, refused.error_description].join(" ");
    let secret = grant.secret().expose_text().unwrap_or_default();
    let words = said.split_whitespace().map(|word| {
        let is_long = word.chars().count() > WORD_LIMIT_CHARS;
        if is_long || word.contains(secret) {
            MASK
        } else {
            word
        }
    });
    let said = words.collect::<Vec<_>>().join(" ");
    let shown = said.chars().filter(|sign| !sign.is_control());
    let shown: String = shown.take(REASON_LIMIT_CHARS).collect();
    shown.trim_end_matches('.').to_string()
}
