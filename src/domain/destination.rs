//! A destination: where we may send, how we prove who we are there, and how hard we may push.
//!
//! The API and the pages hand in a person's document, [`Settings::parse`] makes it a value or a list of problems; `store` keeps
//! [`Settings::to_sealed_document`] sealed; `outbound` reads the parts. One view goes out, [`Settings::public_view`], without any secret:
//! what it masks may be sent back as it was shown and is kept, but only for the same host, so that nobody who may write an address can have
//! secrets that they cannot read sent to an address of theirs. Whether an address may be reached is not decided here but in
//! `outbound::guard`, at every connection.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use crate::domain::concealed::{conceal_query, conceal_tokens, is_mask, restore_query};
use crate::domain::id::DestinationId;
use crate::domain::problem::Problem;
use crate::domain::secret::{MASK, Secret};
use crate::domain::signature::{BLUE_HEADER, Scheme, is_readable};
use crate::domain::signing::Signing;

/// Requests at once to one destination, unless its settings say otherwise.
pub const DEFAULT_CONCURRENCY: u32 = 10;
/// Most requests at once that a destination may be given.
pub const CONCURRENCY_LIMIT: u32 = 100;
/// Total time for one attempt, from name resolution to the last byte, in milliseconds.
pub const DEFAULT_TIMEOUT_MS: u64 = 15_000;
/// Shortest and longest time limit that may be set, in milliseconds.
pub const TIMEOUT_RANGE_MS: std::ops::RangeInclusive<u64> = 100..=30_000;
/// Most requests a second that may be set.
pub const PER_SECOND_LIMIT: f64 = 10_000.0;
/// The slowest pace: one request in some seventeen minutes. Slower ones could not be told from none.
const PER_SECOND_LEAST: f64 = 0.001;
/// Longest URL, in bytes.
pub const URL_LIMIT_BYTES: usize = 2_048;
/// Most headers a destination may add.
pub const HEADERS_LIMIT: usize = 30;
/// Longest header value, in bytes.
pub const HEADER_VALUE_LIMIT_BYTES: usize = 4_096;

/// Methods a delivery may use.
pub const METHODS: [&str; 5] = ["POST", "PUT", "PATCH", "DELETE", "GET"];

/// Headers that belong to the transport or to our signature and cannot be set.
const RESERVED_HEADERS: [&str; 9] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "upgrade",
    "te",
    "trailer",
    "user-agent",
    "expect",
];
const RESERVED_PREFIXES: [&str; 3] = ["webhook-", "proxy-", "bluebridge-"];

/// Where we may send.
#[derive(Debug, Clone)]
pub struct Destination {
    pub id: DestinationId,
    pub name: String,
    pub kind: Kind,
    pub settings: Settings,
    pub health: Health,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How a destination is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Since when no attempt has arrived, although some were made.
    pub failing_since: Option<Timestamp>,
    /// The last failure in words.
    pub last_failure: Option<String>,
    /// Since when nothing is sent, and why.
    pub paused: Option<Paused>,
}

/// Nothing is sent; what waits is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    pub at: Timestamp,
    pub reason: String,
    /// It is held because it kept failing, and resumes by itself when a probe arrives. `None` waits for a person.
    pub probing: Option<Probing>,
}

/// Where the probes of a held destination have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probing {
    /// When the next one is sent.
    pub at: Timestamp,
    /// How many were sent so far; none of them has arrived.
    pub sent: u32,
}

/// What kind of thing is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any HTTP endpoint.
    Webhook,
}

impl Health {
    /// The word for it, as the API and the pages say it.
    pub fn word(&self) -> &'static str {
        match (&self.paused, self.failing_since) {
            (Some(_), _) if self.probing().is_some() => "held",
            (Some(_), _) => "paused",
            (None, Some(_)) => "failing",
            (None, None) => "ok",
        }
    }

    /// Where its probes have come to, when it is held for failing.
    pub fn probing(&self) -> Option<Probing> {
        self.paused.as_ref().and_then(|paused| paused.probing)
    }
}

impl Kind {
    /// The word used in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Webhook => "webhook",
        }
    }

    /// Reads the word; `None` for a kind that this version does not know.
    pub fn from_word(text: &str) -> Option<Kind> {
        (text == "webhook").then_some(Kind::Webhook)
    }
}

/// Everything that a person may set on a destination.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub request: RequestSettings,
    pub signing: Signing,
    pub limits: Limits,
}

/// The request that carries a body.
#[derive(Clone, PartialEq)]
pub struct RequestSettings {
    pub url: Url,
    pub method: String,
    pub headers: Vec<(String, String)>,
    pub auth: Auth,
    /// Plain http is accepted although the network is not listed as allowed.
    pub allow_http: bool,
}

/// Without what may be a secret.
impl std::fmt::Debug for RequestSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.headers.iter().map(|(name, _)| name);
        f.debug_struct("RequestSettings")
            .field("url", &conceal_tokens(&self.url))
            .field("method", &self.method)
            .field("headers", &names.collect::<Vec<_>>())
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

impl RequestSettings {
    /// The value of an added header.
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(kept, _)| kept.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// How we prove who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    None,
    Basic { username: String, password: Secret },
    Bearer { token: Secret },
    Header { name: String, value: Secret },
}

/// How hard we may push.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    pub concurrency: u32,
    pub per_second: Option<f64>,
    pub timeout_ms: u64,
}

/// A person's document, in the API's shape.
#[derive(Debug, Clone, Default)]
pub struct SettingsDocument<'a> {
    pub config: Option<&'a Value>,
    pub signing: Option<&'a Value>,
    pub limits: Option<&'a Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct ConfigDocument {
    url: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    auth: Option<AuthDocument>,
    #[serde(default)]
    allow_http: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct AuthDocument {
    #[serde(rename = "type")]
    kind: String,
    username: Option<String>,
    password: Option<String>,
    token: Option<String>,
    name: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct SigningDocument {
    scheme: Option<String>,
    secret: Option<String>,
    header: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct LimitsDocument {
    concurrency: Option<u32>,
    per_second: Option<f64>,
    timeout_ms: Option<u64>,
}

impl Settings {
    /// Reads a person's document. A secret that is left out is taken from `previous`, because secrets are never shown to be sent back.
    ///
    /// A missing signing secret stays missing: the caller makes one, since that needs chance.
    pub fn parse(
        document: &SettingsDocument<'_>,
        previous: Option<&Settings>,
    ) -> Result<Settings, Vec<Problem>> {
        let mut problems = Vec::new();
        let request = section::<ConfigDocument>(document.config, "/config", &mut problems)
            .and_then(|config| parse_request(config, previous.map(|p| &p.request), &mut problems));
        let signing = section::<SigningDocument>(
            document.signing.or(Some(&Value::Object(Map::new()))),
            "/signing",
            &mut problems,
        )
        .and_then(|signing| parse_signing(signing, previous.map(|p| &p.signing), &mut problems));
        let limits = section::<LimitsDocument>(
            document.limits.or(Some(&Value::Object(Map::new()))),
            "/limits",
            &mut problems,
        )
        .map(|limits| parse_limits(&limits, &mut problems));
        match (request, signing, limits) {
            (Some(request), Some(signing), Some(limits)) if problems.is_empty() => Ok(Settings {
                request,
                signing,
                limits,
            }),
            _ => Err(problems),
        }
    }

    /// Reads what [`Settings::to_sealed_document`] made.
    pub fn open(sealed: &Value) -> Result<Settings, Vec<Problem>> {
        let document = SettingsDocument {
            config: sealed.get("config"),
            signing: sealed.get("signing"),
            limits: sealed.get("limits"),
        };
        let mut settings = Settings::parse(&document, None)?;
        if let Some(previous) = sealed.get("previous_secrets") {
            settings.signing.previous = Signing::open_previous(previous).ok_or_else(|| {
                let message = "The old secrets cannot be read.";
                vec![Problem::new("/previous_secrets", "wrong_shape", message)]
            })?;
        }
        Ok(settings)
    }

    /// What nobody can mean although it can be read: a mask that stands for nothing, a signature in a header that something else needs, credentials
    /// that cannot be told apart. Asked when somebody saves settings, not when saved ones are opened.
    pub fn unfit(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let (field, secret) = match &self.request.auth {
            Auth::None => ("", None),
            Auth::Basic { password, .. } => ("password", Some(password)),
            Auth::Bearer { token } => ("token", Some(token)),
            Auth::Header { value, .. } => ("value", Some(value)),
        };
        if secret.is_some_and(is_mask) {
            problems.push(masked(format!("/config/auth/{field}"), false));
        }
        if self.signing.secret.as_ref().is_some_and(is_mask) {
            problems.push(masked("/signing/secret", false));
        }
        let signing = &self.signing;
        let secret = signing.secret.as_ref();
        problems.extend(
            secret.and_then(|one| signing_secret_problem(signing.scheme, one, "/signing/secret")),
        );
        if let Auth::Basic { username, .. } = &self.request.auth
            && username.contains(':')
        {
            let message =
                "A user name cannot have a `:`; what follows it would be taken for the password.";
            let pointer = "/config/auth/username";
            problems.push(Problem::new(pointer, "header_value", message));
        }
        let signature = self.signing.header.as_deref().unwrap_or(BLUE_HEADER);
        let of_auth = match &self.request.auth {
            Auth::None => None,
            Auth::Basic { .. } | Auth::Bearer { .. } => Some("authorization"),
            Auth::Header { name, .. } => Some(name.as_str()),
        };
        let is_taken = ["content-type"]
            .into_iter()
            .chain(of_auth)
            .chain(self.request.headers.iter().map(|(name, _)| name.as_str()))
            .any(|name| name.eq_ignore_ascii_case(signature));
        if self.signing.scheme == Scheme::Hex && is_taken {
            let message = format!(
                "`{signature}` is sent with another value already; name another header for the signature."
            );
            problems.push(Problem::new("/signing/header", "header_taken", message));
        }
        problems
    }

    /// The document with every secret in it, for sealing only.
    pub fn to_sealed_document(&self) -> Value {
        let text = |secret: &Secret| Value::from(secret.expose_text().unwrap_or_default());
        let request = &self.request;
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let mut config = self.config_view();
        config["url"] = Value::from(request.url.as_str());
        config["headers"] = Value::Object(headers.collect());
        config["auth"] = match &self.request.auth {
            Auth::None => json!({"type": "none"}),
            Auth::Basic { username, password } => {
                json!({"type": "basic", "username": username, "password": text(password)})
            }
            Auth::Bearer { token } => json!({"type": "bearer", "token": text(token)}),
            Auth::Header { name, value } => {
                json!({"type": "header", "name": name, "value": text(value)})
            }
        };
        let mut signing = self.signing_view();
        if let Some(secret) = &self.signing.secret {
            signing["secret"] = text(secret);
        }
        json!({"config": config, "signing": signing, "limits": self.limits_view(), "previous_secrets": self.signing.sealed_previous()})
    }

    /// The document as the API and the pages show it: no secret, only whether one is set; queries and header values masked.
    pub fn public_view(&self) -> Value {
        let mut config = self.config_view();
        config["auth"] = match &self.request.auth {
            Auth::None => json!({"type": "none"}),
            Auth::Basic { username, .. } => {
                json!({"type": "basic", "username": username, "password_set": true})
            }
            Auth::Bearer { .. } => json!({"type": "bearer", "token_set": true}),
            Auth::Header { name, .. } => {
                json!({"type": "header", "name": name, "value_set": true})
            }
        };
        let mut signing = self.signing_view();
        if self.signing.scheme != Scheme::None {
            signing["secret_set"] = Value::from(self.signing.secret.is_some());
        }
        json!({"config": config, "signing": signing, "limits": self.limits_view()})
    }

    /// The host of the address, with its port when that is not the usual one, for lists and logs.
    pub fn host(&self) -> String {
        let url = &self.request.url;
        let host = url.host_str().unwrap_or_default();
        match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        }
    }

    fn config_view(&self) -> Value {
        let request = &self.request;
        let headers: Map<String, Value> = request
            .headers
            .iter()
            .map(|(name, _)| (name.clone(), Value::from(MASK)))
            .collect();
        json!({
            "url": conceal_query(&request.url),
            "method": request.method,
            "headers": headers,
            "auth": null,
            "allow_http": request.allow_http,
        })
    }

    fn signing_view(&self) -> Value {
        let mut view = json!({"scheme": self.signing.scheme.as_str()});
        if let Some(header) = &self.signing.header {
            view["header"] = Value::from(header.as_str());
        }
        view
    }

    fn limits_view(&self) -> Value {
        json!({
            "concurrency": self.limits.concurrency,
            "per_second": self.limits.per_second,
            "timeout_ms": self.limits.timeout_ms,
        })
    }
}

/// Reads one part of the document; a wrong shape is one problem.
fn section<T: for<'de> Deserialize<'de>>(
    value: Option<&Value>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let Some(value) = value else {
        problems.push(Problem::new(pointer, "missing", "This part is needed."));
        return None;
    };
    match T::deserialize(value) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            problems.push(Problem::wrong_shape(pointer, &error));
            None
        }
    }
}

fn parse_request(
    config: ConfigDocument,
    previous: Option<&RequestSettings>,
    problems: &mut Vec<Problem>,
) -> Option<RequestSettings> {
    let url = parse_url(&config.url, problems);
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
        let restored = restore_query(url, kept.map(|kept| &kept.url));
        match &restored {
            None => problems.push(masked("/config/url", moved)),
            Some(url) => problems.extend(too_long(url.as_str())),
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
    })
}

/// A mask that stands for nothing.
pub fn masked(pointer: impl Into<String>, moved: bool) -> Problem {
    match moved {
        true => Problem::new(
            pointer,
            "enter_again",
            "The address leads to another host, so what `***` stood for must be entered again.",
        ),
        false => Problem::new(
            pointer,
            "masked_value",
            "`***` stands for a saved value, and there is none of this name; write the value.",
        ),
    }
}

fn parse_url(text: &str, problems: &mut Vec<Problem>) -> Option<Url> {
    if let Some(problem) = too_long(text) {
        problems.push(problem);
        return None;
    }
    let mut refuse = |code, message: String| {
        problems.push(Problem::new("/config/url", code, message));
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
fn too_long(url: &str) -> Option<Problem> {
    (url.len() > URL_LIMIT_BYTES).then(|| {
        let message =
            format!("A URL may have at most {URL_LIMIT_BYTES} bytes, its letters encoded.");
        Problem::new("/config/url", "url_too_long", message)
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
        let pointer = format!(
            "/config/headers/{}",
            name.replace('~', "~0").replace('/', "~1")
        );
        let Some(value) = value.as_str() else {
            problems.push(Problem::new(
                pointer,
                "wrong_shape",
                "A header's value is a text.",
            ));
            continue;
        };
        let value = match value {
            MASK => kept.and_then(|kept| kept.header(name)),
            value => Some(value),
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

/// Why a header cannot be sent; `None` when it can.
fn header_problem(name: &str, value: &str) -> Option<(&'static str, String)> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || !name.chars().all(token) {
        return Some(("header_name", format!("`{name}` is not a header name.")));
    }
    if RESERVED_HEADERS.contains(&lower.as_str())
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| lower.starts_with(prefix))
    {
        return Some((
            "reserved_header",
            format!("`{name}` belongs to the transport or to the signature and cannot be set."),
        ));
    }
    if value.len() > HEADER_VALUE_LIMIT_BYTES {
        return Some((
            "header_too_long",
            format!("A header's value may have at most {HEADER_VALUE_LIMIT_BYTES} bytes."),
        ));
    }
    if !value.chars().all(|c| c == '\t' || (' '..='~').contains(&c)) {
        return Some((
            "header_value",
            "A header's value is printable ASCII without line breaks.".into(),
        ));
    }
    None
}

fn parse_auth(
    auth: AuthDocument,
    previous: Option<&Auth>,
    problems: &mut Vec<Problem>,
) -> Option<Auth> {
    let mut need = |field: &str, value: Option<String>, kept: Option<Secret>| {
        let given = value.filter(|text| !text.is_empty()).map(Secret::new);
        // Shown in the place of what is kept, the mask stands for it; elsewhere `unfit` finds it.
        let given = given.filter(|given| kept.is_none() || !is_mask(given));
        if given.is_none() && kept.is_none() {
            let pointer = format!("/config/auth/{field}");
            problems.push(Problem::new(
                pointer,
                "missing",
                format!("`{field}` is needed for this kind of auth."),
            ));
        }
        given.or(kept)
    };
    match (auth.kind.as_str(), previous) {
        ("none", _) => Some(Auth::None),
        ("basic", previous) => {
            let kept = match previous {
                Some(Auth::Basic { password, .. }) => Some(password.clone()),
                _ => None,
            };
            let password = need("password", auth.password, kept);
            let username = need("username", auth.username, None);
            Some(Auth::Basic {
                username: username?.expose_text()?.to_string(),
                password: password?,
            })
        }
        ("bearer", previous) => {
            let kept = match previous {
                Some(Auth::Bearer { token }) => Some(token.clone()),
                _ => None,
            };
            let token = need("token", auth.token, kept)?;
            printable(&token, "token", problems).then_some(Auth::Bearer { token })
        }
        ("header", previous) => {
            let kept = match previous {
                Some(Auth::Header { value, .. }) => Some(value.clone()),
                _ => None,
            };
            let value = need("value", auth.value, kept)?;
            let name = auth.name.unwrap_or_default();
            if let Some((code, message)) = header_problem(&name, "") {
                problems.push(Problem::new("/config/auth/name", code, message));
                return None;
            }
            printable(&value, "value", problems).then_some(Auth::Header { name, value })
        }
        (other, _) => {
            problems.push(Problem::new(
                "/config/auth/type",
                "unknown_auth",
                format!("`{other}` is not one of none, basic, bearer, header."),
            ));
            None
        }
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

fn parse_signing(
    signing: SigningDocument,
    previous: Option<&Signing>,
    problems: &mut Vec<Problem>,
) -> Option<Signing> {
    let scheme = match signing.scheme.as_deref() {
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
    if let Some(header) = &signing.header
        && let Some((code, message)) = header_problem(header, "")
    {
        problems.push(Problem::new("/signing/header", code, message));
        return None;
    }
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
        header: signing.header,
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

fn parse_limits(limits: &LimitsDocument, problems: &mut Vec<Problem>) -> Limits {
    let concurrency = limits.concurrency.unwrap_or(DEFAULT_CONCURRENCY);
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
    let timeout_ms = limits.timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(config: Value, signing: Value, limits: Value) -> Result<Settings, Vec<Problem>> {
        let document = SettingsDocument {
            config: Some(&config),
            signing: Some(&signing),
            limits: Some(&limits),
        };
        Settings::parse(&document, None)
    }

    fn codes(config: Value) -> Vec<&'static str> {
        let problems = parse(config, json!({}), json!({}))
            .err()
            .unwrap_or_default();
        problems.into_iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn a_url_alone_is_enough_and_the_rest_has_defaults() {
        let settings = parse(
            json!({"url": "https://example.com/a?b=c"}),
            json!({}),
            json!({}),
        )
        .unwrap();
        assert_eq!(settings.request.method, "POST");
        assert_eq!(settings.limits.concurrency, DEFAULT_CONCURRENCY);
        assert_eq!(settings.limits.timeout_ms, DEFAULT_TIMEOUT_MS);
        assert_eq!(settings.signing.scheme, Scheme::StandardWebhooks);
        assert_eq!(settings.host(), "example.com");
    }

    #[test]
    fn a_secret_that_receivers_would_read_otherwise_is_refused_when_it_is_saved() {
        let url = json!({"url": "https://example.com"});
        let problems = |scheme: &str, secret: &str| {
            let signing = json!({"scheme": scheme, "secret": secret});
            let settings = parse(url.clone(), signing, json!({})).unwrap();
            // What was saved before goes on as it is.
            let opened = Settings::open(&settings.to_sealed_document()).unwrap();
            assert_eq!(opened.signing.secret, Some(Secret::new(secret)));
            settings.unfit()
        };
        for secret in ["whsec_MfKQ9r8GKYqrTwjU", "whsec_c2VjcmV0", "any text"] {
            assert!(problems("standard_webhooks", secret).is_empty(), "{secret}");
        }
        for secret in [
            "whsec_",
            "whsec_MfKQ9r8GKYqrTwj",
            "whsec_a-b_",
            "whsec_c2VjcmV0 ",
        ] {
            let refused = problems("standard_webhooks", secret);
            let found = (refused[0].code, refused[0].pointer.as_str());
            assert_eq!(found, ("not_base64", "/signing/secret"), "{secret}");
            assert!(problems("hex", secret).is_empty(), "hex takes any text");
        }
    }

    #[test]
    fn wrong_addresses_methods_and_headers_are_refused_with_a_code() {
        for (config, code) in [
            (json!({"url": "example.com"}), "not_a_url"),
            (json!({"url": "ftp://example.com"}), "scheme_refused"),
            (
                json!({"url": "https://a:b@example.com"}),
                "credentials_in_url",
            ),
            (
                json!({"url": "https://e.com", "method": "TRACE"}),
                "unknown_method",
            ),
            (
                json!({"url": "https://e.com", "surprise": 1}),
                "wrong_shape",
            ),
            (
                json!({"url": "https://e.com", "headers": {"Host": "x"}}),
                "reserved_header",
            ),
            (
                json!({"url": "https://e.com", "headers": {"webhook-id": "x"}}),
                "reserved_header",
            ),
            (
                json!({"url": "https://e.com", "headers": {"a b": "x"}}),
                "header_name",
            ),
            (
                json!({"url": "https://e.com", "headers": {"a": "x\r\ny: z"}}),
                "header_value",
            ),
            (
                json!({"url": "https://e.com", "auth": {"type": "digest"}}),
                "unknown_auth",
            ),
            (
                json!({"url": "https://e.com", "auth": {"type": "bearer"}}),
                "missing",
            ),
            (
                json!({"url": "https://e.com", "auth": {"type": "bearer", "token": "a\nb"}}),
                "header_value",
            ),
        ] {
            assert_eq!(codes(config.clone()), [code], "{config}");
        }
    }

    #[test]
    fn several_problems_come_at_once() {
        for too_slow in [1e-300, 0.000_1, 0.0, -1.0] {
            let limits = json!({"per_second": too_slow});
            let refused = parse(json!({"url": "https://e.com"}), json!({}), limits).unwrap_err();
            assert_eq!(refused[0].pointer, "/limits/per_second", "{too_slow}");
        }
        let limits = json!({"concurrency": 0, "per_second": -1, "timeout_ms": 1});
        let problems = parse(json!({"url": "x"}), json!({"scheme": "rot13"}), limits).unwrap_err();
        let pointers: Vec<&str> = problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/config/url",
                "/signing/scheme",
                "/limits/concurrency",
                "/limits/per_second",
                "/limits/timeout_ms"
            ]
        );
    }

    #[test]
    fn secrets_are_kept_when_left_out_sealed_whole_and_never_shown() {
        let config =
            json!({"url": "https://e.com", "auth": {"type": "bearer", "token": "canary-token"}});
        let first = parse(
            config,
            json!({"scheme": "hex", "secret": "canary-signing"}),
            json!({}),
        )
        .unwrap();
        let shown = first.public_view().to_string();
        assert!(!shown.contains("canary"), "{shown}");
        assert!(!format!("{first:?}").contains("canary"));

        let without = json!({"url": "https://e.com/new", "auth": {"type": "bearer"}});
        let document = SettingsDocument {
            config: Some(&without),
            ..SettingsDocument::default()
        };
        let second = Settings::parse(&document, Some(&first)).unwrap();
        let sealed = second.to_sealed_document();
        assert_eq!(sealed["config"]["auth"]["token"], "canary-token");
        assert_eq!(sealed["signing"]["secret"], "canary-signing");

        assert_eq!(
            Settings::open(&sealed).unwrap().to_sealed_document(),
            sealed
        );
    }

    #[test]
    fn what_was_accepted_can_be_opened_again() {
        let long = "é".repeat(1_000);
        let key = "k".repeat(2_000);
        for (before, after) in [
            (
                "https://e.com/".to_string(),
                format!("https://e.com/{long}"),
            ),
            ("https://e.com/".into(), "https://e.com/?q=x***y".into()),
            (
                format!("https://e.com/?key={key}"),
                format!(
                    "https://e.com/a-longer-path/of-its-own/?key=***&more={}",
                    "m".repeat(100)
                ),
            ),
        ] {
            let before = parse(json!({"url": before}), json!({}), json!({})).unwrap();
            let config = json!({"url": after});
            let document = SettingsDocument {
                config: Some(&config),
                ..SettingsDocument::default()
            };
            match Settings::parse(&document, Some(&before)) {
                Ok(settings) => {
                    Settings::open(&settings.to_sealed_document()).unwrap();
                }
                Err(problems) => assert_eq!(problems[0].code, "url_too_long"),
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_accepted_can_be_opened_again(
            rest in "[a-z/?&=*#%é🦀 .]{0,60}", times in 1_usize..80, name in "[!-~é]{1,12}", value in ".{0,20}",
        ) {
            let config = json!({"url": format!("https://e.com/{}", rest.repeat(times)), "headers": {name: value}});
            if let Ok(settings) = parse(config, json!({}), json!({})) {
                let opened = Settings::open(&settings.to_sealed_document());
                proptest::prop_assert_eq!(opened.ok(), Some(settings));
            }
        }
    }

    fn saved() -> Settings {
        let config = json!({
            "url": "https://e.com/a?key=canary-query", "headers": {"x-key": "canary-header"},
            "auth": {"type": "basic", "username": "u", "password": "canary-password"},
        });
        parse(config, json!({}), json!({})).unwrap()
    }

    fn change(config: &Value) -> Result<Settings, Vec<Problem>> {
        let document = SettingsDocument {
            config: Some(config),
            ..SettingsDocument::default()
        };
        Settings::parse(&document, Some(&saved()))
    }

    #[test]
    fn what_is_shown_can_be_saved_as_it_is() {
        let shown = saved().public_view();
        assert!(!shown.to_string().contains("canary"), "{shown}");
        assert!(!format!("{:?}", saved()).contains("canary"));
        let mut config = shown["config"].clone();
        config["auth"] = json!({"type": "basic", "username": "u"});
        config["url"] = Value::from("https://e.com/b?key=***&more=1");
        let settings = change(&config).unwrap();
        assert_eq!(
            settings.request.url.as_str(),
            "https://e.com/b?key=canary-query&more=1"
        );
        assert_eq!(settings.request.header("X-Key"), Some("canary-header"));
        let sealed = settings.to_sealed_document();
        assert_eq!(sealed["config"]["auth"]["password"], "canary-password");
    }

    #[test]
    fn no_secret_follows_an_address_to_another_host() {
        for url in [
            "https://evil.example/?key=***",
            "http://e.com/?key=***",
            "https://e.com:8443/?key=***",
        ] {
            let config = json!({
                "url": url, "headers": {"x-key": "***"}, "auth": {"type": "basic", "username": "u"},
            });
            let problems = change(&config).unwrap_err();
            let found: Vec<(&str, &str)> = problems
                .iter()
                .map(|p| (p.pointer.as_str(), p.code))
                .collect();
            assert_eq!(
                found,
                [
                    ("/config/url", "enter_again"),
                    ("/config/headers/x-key", "enter_again"),
                    ("/config/auth/password", "missing")
                ]
            );
            let silent = change(&json!({"url": "https://evil.example/"})).unwrap_err();
            assert_eq!(silent[0].code, "enter_again");
        }
        let unknown = change(&json!({"url": "https://e.com/", "headers": {"x-other": "***"}}));
        assert_eq!(unknown.unwrap_err()[0].code, "masked_value");
        assert_eq!(
            codes(json!({"url": "https://e.com/?a=***"})),
            ["masked_value"]
        );
    }
}
