//! Access tokens (OAuth 2): asked for where the destination's settings say, and kept by the client until shortly before they run out.
//!
//! Called by `request` under its total deadline. Whoever needs the same token meanwhile waits for the one request that is under way, and shares what it
//! brings, a refusal too. Whatever goes wrong is told in words; of what the other side says only a bounded part is told, and never a secret.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::domain::destination::grant::{Grant, TokenRequest};
use crate::domain::secret::{MASK, Secret};
use crate::outbound::client::Client;
use crate::outbound::failure::classify;
use crate::outbound::guard::{Guard, Refusal};
use crate::outbound::token_cache::{Kept, NotGiven};

/// Bytes that are read of the answer that holds the token.
const ANSWER_LIMIT_BYTES: usize = 64 << 10;
/// Longest token that is sent in a header, in bytes.
const TOKEN_LIMIT_BYTES: usize = 16 << 10;
/// Characters that are told of why a token was refused, and of one word, which longer may be a token itself.
const REASON_LIMIT_CHARS: usize = 300;
const WORD_LIMIT_CHARS: usize = 100;
/// How long a token is kept whose answer does not say how long it lasts, in seconds.
const DEFAULT_LIFE_S: f64 = 300.0;
/// Longest that one is kept, in seconds: a day.
const LIFE_LIMIT_S: f64 = 86_400.0;
/// A token is asked for anew this long before it runs out, in seconds.
const SPARE_S: f64 = 60.0;

/// A token that can be sent.
pub(super) struct Given {
    pub(super) token: Secret,
    /// It was asked for just now.
    pub(super) is_new: bool,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    /// Some say it as a text.
    #[serde(default)]
    expires_in: Value,
}

/// The token that is kept, or a new one. The time is in seconds since 1970.
pub(super) async fn token(
    client: &Client,
    guard: &Guard,
    grant: &Grant,
    now_s: i64,
) -> Result<Given, NotGiven> {
    let began = Instant::now();
    let slot = client.tokens().slot(grant);
    let mut slot = slot.lock().await;
    if let Some(kept) = slot.kept.as_ref().filter(|kept| now_s < kept.until_s) {
        let token = kept.token.clone();
        let is_new = false;
        return Ok(Given { token, is_new });
    }
    if let Some((at, refusal)) = &slot.refused
        && *at > began
    {
        return Err(refusal.clone());
    }
    slot.kept = None;
    match ask(client, guard, grant, now_s).await {
        Ok(kept) => {
            let token = kept.token.clone();
            slot.kept = Some(kept);
            Ok(Given {
                token,
                is_new: true,
            })
        }
        Err(refusal) => {
            slot.refused = Some((Instant::now(), refusal.clone()));
            Err(refusal)
        }
    }
}

/// Forgets a token that was not taken, so that the next attempt asks for another; one that came meanwhile stays, or that is being asked for.
pub(super) fn forget(client: &Client, grant: &Grant, token: &Secret) {
    if let Ok(mut slot) = client.tokens().slot(grant).try_lock() {
        slot.kept.take_if(|kept| kept.token == *token);
    }
}

async fn ask(client: &Client, guard: &Guard, grant: &Grant, now_s: i64) -> Result<Kept, NotGiven> {
    let url = grant
        .token_url()
        .ok_or_else(|| NotGiven::because("the key has not been entered yet."))?;
    let host = url.host_str().unwrap_or_default();
    if let Err(Refusal { reason, .. }) = guard.vet(url, false) {
        return Err(NotGiven::because(format!(
            "asking {host} is refused: {reason}"
        )));
    }
    let mut first = None;
    for way in grant.requests(now_s).map_err(NotGiven::because)? {
        let response = post(client, url, way).await?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let body = read(response).await;
        if status.is_success() {
            return kept(&body, host, now_s);
        }
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        let refusal = refused(host, status, &told(&answer, grant), retry_after);
        // Where the credentials are looked for in the other place, that is what is said.
        let may_look_elsewhere =
            status == StatusCode::UNAUTHORIZED || answer["error"] == "invalid_client";
        let refusal = first.get_or_insert(refusal);
        if !may_look_elsewhere {
            return Err(refusal.clone());
        }
    }
    Err(first.unwrap_or_else(|| NotGiven::because(format!("the answer of {host} holds none."))))
}

async fn post(client: &Client, url: &Url, way: TokenRequest) -> Result<Response, NotGiven> {
    let mut asked = client.to(url, false).post(url.clone()).body(way.form);
    asked = asked.header("accept", "application/json");
    asked = asked.header("content-type", "application/x-www-form-urlencoded");
    if let Some(basic) = way.basic {
        asked = asked.header("authorization", basic);
    }
    asked.send().await.map_err(|error| {
        let host = url.host_str().unwrap_or_default();
        let said = classify(&error).sentence();
        NotGiven::because(format!("asking {host} failed: {said}"))
    })
}

fn retry_after(response: &Response) -> Option<String> {
    let said = response.headers().get("retry-after")?;
    said.to_str().ok().map(str::to_string)
}

fn refused(host: &str, status: StatusCode, said: &str, retry_after: Option<String>) -> NotGiven {
    let status = status.as_u16();
    let reason = if said.is_empty() {
        format!("asked for one, {host} answered {status}.")
    } else {
        format!("asked for one, {host} answered {status} ({said}).")
    };
    NotGiven {
        retry_after,
        ..NotGiven::because(reason)
    }
}

/// The token of an answer, and until when it is used.
fn kept(body: &[u8], host: &str, now_s: i64) -> Result<Kept, NotGiven> {
    let answer: Option<Answer> = serde_json::from_slice(body).ok();
    let answer = answer.filter(|answer| is_sendable(&answer.access_token));
    let Some(answer) = answer.filter(Answer::is_bearer) else {
        return Err(NotGiven::because(format!(
            "the answer of {host} holds none that can be sent."
        )));
    };
    let life_s = answer.life_s();
    let used_s = (life_s - SPARE_S).max(life_s / 2.0);
    Ok(Kept {
        token: Secret::new(answer.access_token),
        until_s: now_s.saturating_add(used_s as i64),
    })
}

impl Answer {
    /// Another type of token would have to be sent in another way (RFC 6749, 7.1).
    fn is_bearer(&self) -> bool {
        let word = self.token_type.as_deref();
        word.is_none_or(|word| word.eq_ignore_ascii_case("bearer"))
    }

    fn life_s(&self) -> f64 {
        let text = || self.expires_in.as_str()?.trim().parse().ok();
        let said = self.expires_in.as_f64().or_else(text);
        said.unwrap_or(DEFAULT_LIFE_S).clamp(0.0, LIFE_LIMIT_S)
    }
}

/// As much of the answer as is read; what breaks off or is larger is no answer that can be understood.
async fn read(response: Response) -> Vec<u8> {
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

/// Why it was refused, in the other side's words, on one line and without what it was told.
fn told(answer: &Value, grant: &Grant) -> String {
    let error = &answer["error"];
    let parts = [
        error,
        &error["status"],
        &error["message"],
        &answer["error_description"],
    ];
    let parts = parts.into_iter().filter_map(Value::as_str);
    let said = parts.collect::<Vec<_>>().join(" ");
    let blank = |sign: char| if sign.is_whitespace() { ' ' } else { sign };
    let said = said.chars().map(blank).filter(|sign| !sign.is_control());
    let said = without(said.collect(), grant.secret());
    let words = said.split_whitespace().map(|word| {
        let is_long = word.chars().count() > WORD_LIMIT_CHARS;
        if is_long { MASK } else { word }
    });
    let said = words.collect::<Vec<_>>().join(" ");
    let shown: String = said.chars().take(REASON_LIMIT_CHARS).collect();
    shown.trim_end_matches('.').to_string()
}

/// Without the secret, however it was sent.
fn without(text: String, secret: &Secret) -> String {
    let plain = secret.expose_text().unwrap_or_default();
    let encoded: String = form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    let percent = encoded.replace('+', "%20");
    let in_base64 = STANDARD.encode(plain);
    let forms = [plain, &encoded, &percent, &in_base64].into_iter();
    forms
        .filter(|form| !form.is_empty())
        .fold(text, |text, form| text.replace(form, MASK))
}
