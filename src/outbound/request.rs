//! One signed request in, one [`Exchange`] out; what goes to a mail server is handed to `mail`.
//!
//! Called by `flow`: for deliveries, tests and notices. One total deadline covers name resolution, connecting, TLS, headers and
//! body. Of the answer at most [`RESPONSE_LIMIT_BYTES`] decompressed bytes are read, of one that a success rule is asked about at most
//! [`ANSWER_LIMIT_BYTES`]; then reading stops and the rest is not waited for.
//! Nothing here panics or returns an error: whatever happens is an [`Outcome`].

use std::borrow::Cow;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use url::Url;

use crate::domain::concealed::conceal_tokens;
use crate::domain::destination::grant::Grant;
use crate::domain::destination::success::ANSWER_LIMIT_BYTES;
use crate::domain::destination::{
    Auth, Endpoint, Kind, MailServer, RequestSettings, Settings, SuccessRule,
};
use crate::domain::outcome::Outcome;
use crate::domain::secret::{MASK, Secret};
use crate::domain::signature::sign;
use crate::outbound::access_token::{self, Given};
use crate::outbound::client::Client;
use crate::outbound::exchange::{ATTEMPT_HEADER, Exchange, Message};
use crate::outbound::failure::classify;
use crate::outbound::guard::{Guard, Refusal};
use crate::outbound::mail;
use crate::outbound::token_cache::NotGiven;

/// Decompressed bytes of an answer that are kept.
pub const RESPONSE_LIMIT_BYTES: usize = 16 * 1024;

/// Headers of an answer that are kept, and characters of each value.
const RESPONSE_HEADERS_LIMIT: usize = 50;
const HEADER_VALUE_LIMIT_CHARS: usize = 500;

/// Sends a message to where the settings say.
pub async fn send(
    client: &Client,
    guard: &Guard,
    settings: &Settings,
    message: &Message<'_>,
) -> Exchange {
    send_within(settings.limits.timeout_ms, client, guard, settings, message).await
}

/// The same with another time limit than the one in the settings.
pub async fn send_within(
    timeout_ms: u64,
    client: &Client,
    guard: &Guard,
    settings: &Settings,
    message: &Message<'_>,
) -> Exchange {
    let started = Instant::now();
    let mut exchange = Exchange::begun(request_line(settings, message), timeout_ms);
    let written = match Written::new(settings, message) {
        Ok(written) => written,
        Err(reason) => {
            exchange.outcome = match settings.kind() {
                Kind::Webhook => Outcome::InvalidRequest { reason },
                Kind::Email => Outcome::InvalidMail { reason },
            };
            return exchange;
        }
    };
    exchange.request_headers = written.shown(settings);
    let deadline = Duration::from_millis(timeout_ms);
    let talk = async {
        match written {
            Written::Request(request, headers) => {
                let way = (client, guard, settings, request);
                talk(way, message, headers, &mut exchange).await
            }
            Written::Mail(server, letter) => {
                mail::hand_in(client, guard, server, &letter, &mut exchange).await
            }
        }
    };
    match tokio::time::timeout(deadline, talk).await {
        Ok(outcome) => exchange.outcome = outcome,
        // It begins as timed out, and the status is what counts once it was read.
        Err(_) => {
            let is_cut = settings.kind() == Kind::Webhook && exchange.outcome.status().is_some();
            exchange.response_truncated = is_cut;
        }
    }
    if exchange.response_body.len() > RESPONSE_LIMIT_BYTES {
        exchange.response_body.truncate(RESPONSE_LIMIT_BYTES);
        // Results wait in memory while the database is away.
        exchange.response_body.shrink_to_fit();
        exchange.response_truncated = true;
    }
    exchange.duration = started.elapsed();
    exchange
}

/// The head of the request as it would be sent, for showing: the request line and every header, secrets masked. The sentence says why it cannot be made.
pub fn rehearse(
    settings: &Settings,
    message: &Message<'_>,
) -> Result<(String, Vec<(String, String)>), String> {
    let written = Written::new(settings, message)?;
    Ok((request_line(settings, message), written.shown(settings)))
}

/// What goes out, once it is known that it can be written down.
enum Written<'a> {
    Request(&'a RequestSettings, HeaderMap),
    Mail(&'a MailServer, Box<mail::Letter>),
}

impl Written<'_> {
    /// The sentence says why it cannot be written.
    fn new<'a>(settings: &'a Settings, message: &Message<'_>) -> Result<Written<'a>, String> {
        match &settings.endpoint {
            Endpoint::Web(request) => headers(settings, request, message)
                .map(|headers| Written::Request(request, headers)),
            Endpoint::Mail(server) => {
                mail::write(server, message).map(|letter| Written::Mail(server, Box::new(letter)))
            }
        }
    }

    fn shown(&self, settings: &Settings) -> Vec<(String, String)> {
        match self {
            Written::Request(_, headers) => shown(headers, settings),
            Written::Mail(server, letter) => letter.shown(server),
        }
    }
}

/// Method and URL, without what may be a secret of the destination's, or the mail server. What the mapping adds is shown as it is: it comes of the event.
fn request_line(settings: &Settings, message: &Message<'_>) -> String {
    match &settings.endpoint {
        Endpoint::Web(request) => {
            let shown = conceal_tokens(&request.url);
            format!("{} {}", request.method, address(&shown, message))
        }
        Endpoint::Mail(_) => format!("SMTP {}", settings.host()),
    }
}

/// The destination's URL with what the mapping adds.
fn address<'u>(url: &'u Url, message: &Message<'_>) -> Cow<'u, Url> {
    match message.request {
        None => Cow::Borrowed(url),
        Some(parts) => Cow::Owned(parts.added_to(url)),
    }
}

async fn talk(
    (client, guard, settings, request): (&Client, &Guard, &Settings, &RequestSettings),
    message: &Message<'_>,
    mut headers: HeaderMap,
    exchange: &mut Exchange,
) -> Outcome {
    let url = address(&request.url, message);
    if let Err(Refusal { reason, .. }) = guard.vet(&url, request.allow_http) {
        return Outcome::RefusedAddress { reason };
    }
    let Ok(method) = Method::from_bytes(request.method.as_bytes()) else {
        let reason = format!("`{}` is not a method.", request.method);
        return Outcome::InvalidRequest { reason };
    };
    let mut granted = None;
    if let Some(grant) = request.auth.grant() {
        let way = (client, guard);
        match granted_by(grant, message.timestamp_s, way, exchange).await {
            Ok((given, value)) => {
                headers.insert(AUTHORIZATION, value);
                granted = Some((grant, given));
            }
            Err(outcome) => return outcome,
        }
    }
    let mut sent = client
        .to(&url, request.allow_http)
        .request(method, url.into_owned())
        .headers(headers);
    if request.sends_body() {
        sent = sent.body(message.body.clone());
    }
    match sent.send().await {
        Ok(response) => {
            // One that was given just now is not at fault: another would be refused as well.
            if response.status() == StatusCode::UNAUTHORIZED
                && let Some((grant, given)) = granted.filter(|(_, given)| !given.is_new)
            {
                access_token::forget(client, grant, &given.token);
            }
            let received_at = Timestamp::from_second(message.timestamp_s).unwrap_or_default();
            let judge = settings.success.as_ref().map(|rule| (rule, received_at));
            let is_final = request.is_final(response.status().as_u16());
            read(response, is_final, judge, exchange).await
        }
        Err(error) => classify(&error),
    }
}

/// The token for the request, and the header that carries it. Should the deadline pass meanwhile, that is what was waited for.
async fn granted_by(
    grant: &Grant,
    now_s: i64,
    (client, guard): (&Client, &Guard),
    exchange: &mut Exchange,
) -> Result<(Given, HeaderValue), Outcome> {
    let waited_for = NotGiven::because("none was given within the time limit.").outcome;
    let timed_out = std::mem::replace(&mut exchange.outcome, waited_for);
    let given = match access_token::token(client, guard, grant, now_s).await {
        Ok(given) => given,
        Err(refusal) => {
            exchange.retry_after = refusal.retry_after;
            return Err(refusal.outcome);
        }
    };
    exchange.outcome = timed_out;
    let value = format!("Bearer {}", given.token.expose_text().unwrap_or_default());
    let unsendable = |_| NotGiven::because("the one that was given cannot be sent.").outcome;
    let mut value = HeaderValue::from_str(&value).map_err(unsendable)?;
    value.set_sensitive(true);
    Ok((given, value))
}

/// Reads an answer, and judges one of 2xx by the rule, for which relative dates count from the time beside it.
async fn read(
    response: reqwest::Response,
    is_final: bool,
    rule: Option<(&SuccessRule, Timestamp)>,
    exchange: &mut Exchange,
) -> Outcome {
    let status = response.status().as_u16();
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    exchange.retry_after = header("retry-after").map(str::to_string);
    let asks_to_wait =
        exchange.retry_after.is_some() || header("x-ratelimit-remaining") == Some("0");
    // Too many requests are told by other statuses too.
    exchange.outcome = if is_final && !asks_to_wait {
        Outcome::RefusedForGood { status }
    } else {
        Outcome::Answered {
            status,
            asks_to_wait,
        }
    };
    exchange.response_headers = response
        .headers()
        .iter()
        .take(RESPONSE_HEADERS_LIMIT)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (
                name.to_string(),
                value.chars().take(HEADER_VALUE_LIMIT_CHARS).collect(),
            )
        })
        .collect();
    let rule = rule.filter(|_| response.status().is_success());
    let judged = |answer: &[u8], is_whole, otherwise: Outcome| {
        let objection =
            rule.and_then(|(rule, received_at)| rule.objection(answer, is_whole, received_at));
        objection.map_or(otherwise, |reason| Outcome::NotAccepted { status, reason })
    };
    let answered = exchange.outcome.clone();
    // Should the deadline cut the answer off, nobody will have asked the rule.
    exchange.outcome = judged(&[], false, answered.clone());
    let limit = rule.map_or(RESPONSE_LIMIT_BYTES, |_| ANSWER_LIMIT_BYTES);
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(bytes) => {
                let room = limit - exchange.response_body.len();
                exchange
                    .response_body
                    .extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                if bytes.len() > room {
                    exchange.response_truncated = true;
                    break;
                }
            }
            // The status is what counts; an answer that breaks off after it is kept as far as it came.
            Err(_) => {
                exchange.response_truncated = true;
                break;
            }
        }
    }
    let is_whole = !exchange.response_truncated;
    judged(&exchange.response_body, is_whole, answered)
}

/// Everything that goes in the head of the request.
fn headers(
    settings: &Settings,
    request: &RequestSettings,
    message: &Message<'_>,
) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: &str, secret: bool| -> Result<(), String> {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{name}` is not a header name."))?;
        let mut value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| format!("the value of `{name}` cannot be sent in a header."))?;
        value.set_sensitive(secret);
        headers.insert(name, value);
        Ok(())
    };
    let body: &[u8] = if request.sends_body() {
        put("content-type", message.content_type, false)?;
        &message.body
    } else {
        &[]
    };
    put(ATTEMPT_HEADER, &message.attempt.to_string(), false)?;
    for (name, value) in &request.headers {
        put(name, value, true)?;
    }
    // In the place of the destination's own; its credentials and the signature stay.
    for (name, value) in message.request.iter().flat_map(|parts| &parts.headers) {
        put(name, value, false)?;
    }
    let text = |secret: &Secret| secret.expose_text().unwrap_or_default().to_string();
    match &request.auth {
        Auth::None => {}
        Auth::Basic { username, password } => {
            let pair = STANDARD.encode(format!("{username}:{}", text(password)));
            put("authorization", &format!("Basic {pair}"), true)?;
        }
        Auth::Bearer { token } => put("authorization", &format!("Bearer {}", text(token)), true)?,
        Auth::Header { name, value } => put(name, &text(value), true)?,
        // What is shown until `talk` puts the token in its place.
        Auth::Granted(_) => put("authorization", MASK, true)?,
    }
    let secrets = settings.signing.secrets(message.timestamp_s);
    let signed = sign(
        settings.signing.scheme,
        &secrets,
        settings.signing.header.as_deref(),
        message.id,
        message.timestamp_s,
        body,
    );
    for (name, value) in signed {
        put(&name, &value, false)?;
    }
    Ok(headers)
}

/// The headers for the log: what a person set may hold a secret and is masked, our own are shown.
fn shown(headers: &HeaderMap, settings: &Settings) -> Vec<(String, String)> {
    let host = ("host".to_string(), settings.host());
    let user_agent = (
        "user-agent".to_string(),
        crate::outbound::client::USER_AGENT.to_string(),
    );
    let set = headers.iter().map(|(name, value)| {
        let value = if value.is_sensitive() {
            MASK.to_string()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        (name.to_string(), value)
    });
    [host, user_agent].into_iter().chain(set).collect()
}
