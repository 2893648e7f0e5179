//! A person's document of a destination, part by part: every problem at its place, with a code.
//!
//! Called by [`super::Settings::parse`]. What is left out of secrets is taken from the settings before; what nobody can mean although it can be read is
//! refused by `Settings::unfit`, and whether an address may be reached by `outbound::guard`.

mod grants;

use grants::{parse_client_credentials, parse_service_account};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::domain::concealed::{is_mask, is_masked, restore};
use crate::domain::destination::request::AUTH_WORDS;
use crate::domain::destination::{
    Auth, CONCURRENCY_LIMIT, Kind, Limits, METHODS, PER_SECOND_LEAST, PER_SECOND_LIMIT,
    RequestSettings, TIMEOUT_RANGE_MS, URL_LIMIT_BYTES,
};
use crate::domain::header::{HEADERS_LIMIT, name_problem, value_too_long};
use crate::domain::problem::{Problem, pointer_part};
use crate::domain::secret::{MASK, Secret};
use crate::domain::signature::{Scheme, is_readable};
use crate::domain::signing::Signing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct ConfigDocument {
    url: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    auth: Option<AuthDocument>,
    #[serde(default)]
    allow_http: bool,
    #[serde(default)]
    final_statuses: Vec<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct AuthDocument {
    #[serde(rename = "type")]
    kind: String,
    username: Option<String>,
    password: Option<String>,
    token: Option<String>,
    name: Option<String>,
    value: Option<String>,
    token_url: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    /// The file as a text, or as the object that it is.
    key: Option<Value>,
    scope: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct SigningDocument {
    scheme: Option<String>,
    secret: Option<String>,
    header: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct LimitsDocument {
    concurrency: Option<u32>,
    per_second: Option<f64>,
    timeout_ms: Option<u64>,
}

/// Reads one part of the document; a wrong shape is one problem.
pub(super) fn section<T: for<'de> Deserialize<'de>>(
    value: Option<&Value>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let Some(value) = value else {
        problems.push(Problem::new(pointer, "missing", "This part is needed."));
        return None;
    };
    match serde_path_to_error::deserialize(value) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            problems.push(Problem::wrong_shape_within(pointer, &error));
            None
        }
    }
}

pub(super) fn parse_request(
    config: ConfigDocument,
    previous: Option<&RequestSettings>,
    problems: &mut Vec<Problem>,
) -> Option<RequestSettings> {
    let url = parse_url(&config.url, "/config/url", problems);
    let method = config
        .method
        .as_deref()
        .unwrap_or("POST")
        .to_ascii_uppercase();
    if !METHODS.contains(&method.as_str()) {
        problems.push(Problem::new(
            "/config/method",
            "unknown_method",
            format!("`{method}` is not one of {}.", METHODS.join(", ")),
        ));
    }
    let moved = previous.zip(url.as_ref());
    let moved = moved.is_some_and(|(previous, url)| previous.url.origin() != url.origin());
    let kept = previous.filter(|_| !moved);
    let url = url.and_then(|url| {
        let restored = match kept {
            Some(kept) => restore(url, &kept.url),
            None if moved && is_masked(&url) => None,
            None => Some(url),
        };
        match &restored {
            None => problems.push(masked("/config/url", moved)),
            Some(url) => problems.extend(too_long(url.as_str(), "/config/url")),
        }
        restored
    });
    let headers = parse_headers(&config.headers, kept, moved, problems);
    let auth = match config.auth {
        None if moved && previous.is_some_and(|p| !matches!(p.auth, Auth::None)) => {
            let message = "The address leads to another host: say what it shall be told, with its secret, or {\"type\":\"none\"}.";
            problems.push(Problem::new("/config/auth", "enter_again", message));
            None
        }
        None => Some(kept.map_or(Auth::None, |kept| kept.auth.clone())),
        Some(auth) => parse_auth(auth, kept.map(|kept| &kept.auth), problems),
    };
    Some(RequestSettings {
        url: url?,
        method,
        headers,
        auth: auth?,
        allow_http: config.allow_http,
        final_statuses: parse_final_statuses(config.final_statuses, problems),
    })
}

/// In their order and each once. Statuses that ask to come again later, or say that nothing is there any more, have a meaning already.
fn parse_final_statuses(mut statuses: Vec<u16>, problems: &mut Vec<Problem>) -> Vec<u16> {
    statuses.sort_unstable();
    statuses.dedup();
    let has_meaning = |status: &u16| [408, 410, 425, 429].contains(status);
    let refused = |status: &&u16| !(400..=499).contains(*status) || has_meaning(status);
    if let Some(status) = statuses.iter().find(refused) {
        let message = format!(
            "{status} cannot be final: statuses from 400 to 499 can, but for 408, 410, 425 and 429."
        );
        problems.push(Problem::new("/config/final_statuses", "not_final", message));
    }
    statuses
}

/// A mask that stands for nothing. Where nothing was saved before, it is read as it is: `Settings::unfit` finds it, and what an import left out stays so.
pub fn masked(pointer: impl Into<String>, moved: bool) -> Problem {
    if moved {
        Problem::new(
            pointer,
            "enter_again",
            "The address leads to another host, so what `***` stood for must be entered again.",
        )
    } else {
        Problem::new(
            pointer,
            "masked_value",
            "`***` stands for a saved value, and there is none of this name; write the value.",
        )
    }
}

fn parse_url(text: &str, pointer: &str, problems: &mut Vec<Problem>) -> Option<Url> {
    if let Some(problem) = too_long(text, pointer) {
        problems.push(problem);
        return None;
    }
    let mut refuse = |code, message: String| {
        problems.push(Problem::new(pointer, code, message));
        None
    };
    let url = match Url::parse(text.trim()) {
        Ok(url) => url,
        Err(_) => {
            return refuse(
                "not_a_url",
                "This is not an address; write it in full, like https://example.com/hook.".into(),
            );
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse(
            "scheme_refused",
            format!("`{}` is not http or https.", url.scheme()),
        );
    }
    if url.host_str().is_none_or(str::is_empty) {
        return refuse("no_host", "The URL names no host.".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(
            "credentials_in_url",
            "Put user name and password under `auth`, where they are kept sealed, not into the URL.".into(),
        );
    }
    Some(url)
}

/// Asked of what was written and of what becomes of it: some letters are written as nine, and a mask stands for more than itself.
fn too_long(url: &str, pointer: &str) -> Option<Problem> {
    (url.len() > URL_LIMIT_BYTES).then(|| {
        let message =
            format!("A URL may have at most {URL_LIMIT_BYTES} bytes, its letters encoded.");
        Problem::new(pointer, "url_too_long", message)
    })
}

fn parse_headers(
    headers: &Map<String, Value>,
    kept: Option<&RequestSettings>,
    moved: bool,
    problems: &mut Vec<Problem>,
) -> Vec<(String, String)> {
    if headers.len() > HEADERS_LIMIT {
        problems.push(Problem::new(
            "/config/headers",
            "too_many_headers",
            format!("At most {HEADERS_LIMIT} headers may be added."),
        ));
    }
    let mut parsed = Vec::new();
    for (name, value) in headers.iter().take(HEADERS_LIMIT) {
        let pointer = header_place(name);
        let Some(value) = value.as_str() else {
            problems.push(Problem::new(
                pointer,
                "wrong_shape",
                "A header's value is a text.",
            ));
            continue;
        };
        let value = match (value, kept) {
            (MASK, _) if moved => None,
            (MASK, Some(kept)) => kept.header(name),
            (value, _) => Some(value),
        };
        let Some(value) = value else {
            problems.push(masked(pointer, moved));
            continue;
        };
        match header_problem(name, value) {
            Some((code, message)) => problems.push(Problem::new(pointer, code, message)),
            None => parsed.push((name.to_ascii_lowercase(), value.to_string())),
        }
    }
    parsed
}

/// Where an added header stands in the document.
pub(super) fn header_place(name: &str) -> String {
    format!("/config/headers/{}", pointer_part(name))
}

/// Why a header cannot be sent; `None` when it can.
fn header_problem(name: &str, value: &str) -> Option<(&'static str, String)> {
    if let Some(problem) = name_problem(name).or_else(|| value_too_long(value)) {
        return Some(problem);
    }
    if !value.chars().all(|c| c == '\t' || (' '..='~').contains(&c)) {
        return Some((
            "header_value",
            "A header's value is printable ASCII without line breaks.".into(),
        ));
    }
    None
}

pub(super) fn parse_auth(
    auth: AuthDocument,
    previous: Option<&Auth>,
    problems: &mut Vec<Problem>,
) -> Option<Auth> {
    let granted = match previous {
        Some(Auth::Granted(grant)) => Some(grant),
        _ => None,
    };
    match (auth.kind.as_str(), previous) {
        ("none", _) => Some(Auth::None),
        ("basic", previous) => {
            let kept = match previous {
                Some(Auth::Basic { password, .. }) => Some(password),
                _ => None,
            };
            let password = needed_secret("password", auth.password, kept, problems);
            let username = needed("username", auth.username, problems);
            Some(Auth::Basic {
                username: username?,
                password: password?,
            })
        }
        ("bearer", previous) => {
            let kept = match previous {
                Some(Auth::Bearer { token }) => Some(token),
                _ => None,
            };
            let token = needed_secret("token", auth.token, kept, problems)?;
            printable(&token, "token", problems).then_some(Auth::Bearer { token })
        }
        ("header", previous) => {
            let kept = match previous {
                Some(Auth::Header { value, .. }) => Some(value),
                _ => None,
            };
            let value = needed_secret("value", auth.value, kept, problems)?;
            let name = auth.name.unwrap_or_default();
            if let Some((code, message)) = header_problem(&name, "") {
                problems.push(Problem::new("/config/auth/name", code, message));
                return None;
            }
            printable(&value, "value", problems).then_some(Auth::Header { name, value })
        }
        ("oauth2_client_credentials", _) => {
            parse_client_credentials(auth, granted, problems).map(Auth::Granted)
        }
        ("google_service_account", _) => {
            parse_service_account(auth, granted, problems).map(Auth::Granted)
        }
        (other, _) => {
            let message = format!("`{other}` is not one of {}.", AUTH_WORDS.join(", "));
            problems.push(Problem::new("/config/auth/type", "unknown_auth", message));
            None
        }
    }
}

/// A part of the credentials without which there are none.
fn needed(field: &str, given: Option<String>, problems: &mut Vec<Problem>) -> Option<String> {
    let given = given.filter(|text| !text.is_empty());
    if given.is_none() {
        problems.push(Problem::new(
            format!("/config/auth/{field}"),
            "missing",
            format!("`{field}` is needed for this kind of auth."),
        ));
    }
    given
}

/// The same of a secret: shown in the place of what is kept, the mask stands for it; elsewhere `unfit` finds it.
fn needed_secret(
    field: &str,
    given: Option<String>,
    kept: Option<&Secret>,
    problems: &mut Vec<Problem>,
) -> Option<Secret> {
    let is_new = |text: &String| !text.is_empty() && text != MASK;
    match kept {
        Some(kept) => Some(
            given
                .filter(is_new)
                .map_or_else(|| kept.clone(), Secret::new),
        ),
        None => needed(field, given, problems).map(Secret::new),
    }
}

/// Whether a secret can stand in a header; says so when not.
fn printable(secret: &Secret, field: &str, problems: &mut Vec<Problem>) -> bool {
    let fine = secret
        .expose()
        .iter()
        .all(|byte| (b' '..=b'~').contains(byte));
    if !fine {
        problems.push(Problem::new(
            format!("/config/auth/{field}"),
            "header_value",
            "This is sent in a header, so it must be printable ASCII without line breaks.",
        ));
    }
    fine
}

pub(super) fn parse_signing(
    signing: SigningDocument,
    kind: Kind,
    previous: Option<&Signing>,
    problems: &mut Vec<Problem>,
) -> Option<Signing> {
    let scheme = match signing.scheme.as_deref() {
        None if kind == Kind::Email => Scheme::None,
        None => previous.map_or(Scheme::StandardWebhooks, |p| p.scheme),
        Some(word) => match Scheme::from_word(word) {
            Some(scheme) => scheme,
            None => {
                problems.push(Problem::new(
                    "/signing/scheme",
                    "unknown_scheme",
                    format!("`{word}` is not one of standard_webhooks, hex, none."),
                ));
                return None;
            }
        },
    };
    if kind == Kind::Email && scheme != Scheme::None {
        let message = "Mails carry no signature of ours; use none.";
        problems.push(Problem::new("/signing/scheme", "not_for_mail", message));
        return None;
    }
    if let Some(header) = &signing.header
        && let Some((code, message)) = header_problem(header, "")
    {
        problems.push(Problem::new("/signing/header", code, message));
        return None;
    }
    // Who names no scheme changes nothing of how it is done.
    let kept_header = previous
        .filter(|_| signing.scheme.is_none())
        .and_then(|previous| previous.header.clone());
    let given = signing
        .secret
        .filter(|text| !text.is_empty())
        .map(Secret::new);
    let has_one = previous.is_some_and(|previous| previous.secret.is_some());
    let given = given.filter(|given| !has_one || !is_mask(given));
    // A secret that a person sets counts at once; replacing one with an overlap is a rotation.
    let kept = previous.filter(|_| given.is_none());
    Some(Signing {
        scheme,
        previous: kept.map_or_else(Vec::new, |p| p.previous.clone()),
        secret: given.or_else(|| previous.and_then(|p| p.secret.clone())),
        header: signing.header.or(kept_header),
    })
}

/// What is wrong with a secret for signing. Cut short when it was copied, it would sign all the same, and every receiver would refuse it.
pub fn signing_secret_problem(scheme: Scheme, secret: &Secret, place: &str) -> Option<Problem> {
    let is_wrong = scheme == Scheme::StandardWebhooks && !is_readable(secret);
    is_wrong.then(|| {
        Problem::new(
            place,
            "not_base64",
            "A secret that begins with `whsec_` goes on in base64; copy it again, whole.",
        )
    })
}

pub(super) fn parse_limits(
    limits: &LimitsDocument,
    kind: Kind,
    problems: &mut Vec<Problem>,
) -> Limits {
    let concurrency = limits
        .concurrency
        .unwrap_or_else(|| kind.default_concurrency());
    if !(1..=CONCURRENCY_LIMIT).contains(&concurrency) {
        problems.push(Problem::new(
            "/limits/concurrency",
            "out_of_range",
            format!("From 1 to {CONCURRENCY_LIMIT} requests at once."),
        ));
    }
    if let Some(rate) = limits.per_second
        && !(PER_SECOND_LEAST..=PER_SECOND_LIMIT).contains(&rate)
    {
        problems.push(Problem::new(
            "/limits/per_second",
            "out_of_range",
            format!("From {PER_SECOND_LEAST} to {PER_SECOND_LIMIT} requests a second."),
        ));
    }
    let timeout_ms = limits.timeout_ms.unwrap_or(kind.default_timeout_ms());
    if !TIMEOUT_RANGE_MS.contains(&timeout_ms) {
        problems.push(Problem::new(
            "/limits/timeout_ms",
            "out_of_range",
            format!(
                "From {} to {} milliseconds.",
                TIMEOUT_RANGE_MS.start(),
                TIMEOUT_RANGE_MS.end()
            ),
        ));
    }
    Limits {
        concurrency,
        per_second: limits.per_second,
        timeout_ms,
    }
}
