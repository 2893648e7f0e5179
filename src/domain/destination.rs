//! A destination: where we may send, how we prove who we are there, and how hard we may push.
//!
//! The API and the pages hand in a person's document, [`Settings::parse`] makes it a value or a list of problems; `store` keeps
//! [`Settings::to_sealed_document`] sealed; `outbound` reads the parts. One view goes out, [`Settings::public_view`], without any secret:
//! what it masks may be sent back as it was shown and is kept, but only for the same host, so that nobody who may write an address can have
//! secrets that they cannot read sent to an address of theirs. Whether an address may be reached is not decided here but in
//! `outbound::guard`, at every connection.

mod parse;
pub mod success;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use crate::domain::concealed::{conceal, conceal_tokens, is_mask, is_masked};
use crate::domain::destination::parse::{
    ConfigDocument, LimitsDocument, SigningDocument, header_place, parse_limits, parse_request,
    parse_signing, section,
};
pub use crate::domain::destination::parse::{masked, signing_secret_problem};
pub use crate::domain::destination::success::SuccessRule;
use crate::domain::id::DestinationId;
use crate::domain::outcome::{Outcome, Verdict};
use crate::domain::problem::Problem;
use crate::domain::secret::{MASK, Secret};
use crate::domain::signature::{BLUE_HEADER, Scheme};
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

/// What is kept of the answer to a test request, in bytes.
pub const TRIAL_RESPONSE_LIMIT_BYTES: usize = 4 << 10;

/// Methods a delivery may use.
pub const METHODS: [&str; 5] = ["POST", "PUT", "PATCH", "DELETE", "GET"];

/// Where we may send.
#[derive(Debug, Clone)]
pub struct Destination {
    pub id: DestinationId,
    pub name: String,
    pub kind: Kind,
    pub settings: Settings,
    pub health: Health,
    pub last_test: Option<LastTest>,
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

/// The last request that a person sent only to see whether it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastTest {
    pub at: Timestamp,
    pub trial: Trial,
}

/// What such a request brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    pub outcome: Outcome,
    pub duration_ms: u64,
    /// The beginning of the answer, at most [`TRIAL_RESPONSE_LIMIT_BYTES`].
    pub response: String,
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

impl Trial {
    /// Whether it arrived.
    pub fn arrived(&self) -> bool {
        self.outcome.verdict() == Verdict::Delivered
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
    /// Which answers of 2xx count as delivered; all of them when there is none.
    pub success: Option<SuccessRule>,
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

    /// Of names that differ only in their case one alone is kept, and nobody could tell which.
    fn headers_given_twice(&self) -> Option<Problem> {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let mut twice = names.iter().enumerate();
        let (_, name) = twice.find(|(index, name)| names[..*index].contains(name))?;
        let message =
            format!("`{name}` is given twice; large and small letters make no difference.");
        Some(Problem::new("/config/headers", "header_twice", message))
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

impl Auth {
    /// What is secret of it, and its name in the document.
    fn secret(&self) -> Option<(&'static str, &Secret)> {
        match self {
            Auth::None => None,
            Auth::Basic { password, .. } => Some(("password", password)),
            Auth::Bearer { token } => Some(("token", token)),
            Auth::Header { value, .. } => Some(("value", value)),
        }
    }
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
    pub success: Option<&'a Value>,
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
        let success = SuccessRule::parse(document.success.unwrap_or(&Value::Null))
            .map_err(|found| problems.extend(found));
        match (request, signing, limits, success) {
            (Some(request), Some(signing), Some(limits), Ok(success)) if problems.is_empty() => {
                Ok(Settings {
                    request,
                    signing,
                    limits,
                    success,
                })
            }
            _ => Err(problems),
        }
    }

    /// Reads what [`Settings::to_sealed_document`] made.
    pub fn open(sealed: &Value) -> Result<Settings, Vec<Problem>> {
        let document = SettingsDocument {
            config: sealed.get("config"),
            signing: sealed.get("signing"),
            limits: sealed.get("limits"),
            success: sealed.get("success"),
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

    /// What nobody can mean although it can be read: a mask that stands for nothing, a header given twice, a signature in a header that something else needs, credentials
    /// that cannot be told apart. Asked when somebody saves settings, not when saved ones are opened.
    pub fn unfit(&self) -> Vec<Problem> {
        let left_out = self.left_out().into_iter();
        let mut problems: Vec<Problem> = left_out.map(|place| masked(place, false)).collect();
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
        problems.extend(self.request.headers_given_twice());
        problems.extend(self.success.iter().flat_map(SuccessRule::unfit));
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

    /// Where only a mask stands, as an import leaves it: nobody has entered yet what it stands for.
    pub fn left_out(&self) -> Vec<String> {
        let mut places = Vec::new();
        if is_masked(&self.request.url) {
            places.push("/config/url".to_string());
        }
        let masked = self.request.headers.iter().filter(|(_, v)| v == MASK);
        places.extend(masked.map(|(name, _)| header_place(name)));
        if let Some((field, secret)) = self.request.auth.secret()
            && is_mask(secret)
        {
            places.push(format!("/config/auth/{field}"));
        }
        if self.signing.secret.as_ref().is_some_and(is_mask) {
            places.push("/signing/secret".into());
        }
        places
    }

    /// Why nothing can be sent yet: what a receiver expects signed is never sent unsigned, and nobody is sent a mask for a secret.
    pub fn cannot_send(&self) -> Option<&'static str> {
        if !self.signing.can_sign() {
            return Some("There is no secret to sign it with; make one on the destination's page.");
        }
        let is_whole = self.left_out().is_empty();
        (!is_whole).then_some(
            "An import left a part of the destination out; enter what is `***` on the destination's page.",
        )
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
        json!({"config": config, "signing": signing, "limits": self.limits_view(), "success": self.success_view(), "previous_secrets": self.signing.sealed_previous()})
    }

    /// The document as the API and the pages show it: no secret, only whether one is set; queries, tokens in the path and header values masked.
    pub fn public_view(&self) -> Value {
        let mut config = self.config_view();
        config["auth"] = match &self.request.auth {
            Auth::None => json!({"type": "none"}),
            Auth::Basic { username, password } => {
                json!({"type": "basic", "username": username, "password_set": !is_mask(password)})
            }
            Auth::Bearer { token } => json!({"type": "bearer", "token_set": !is_mask(token)}),
            Auth::Header { name, value } => {
                json!({"type": "header", "name": name, "value_set": !is_mask(value)})
            }
        };
        let mut signing = self.signing_view();
        if self.signing.scheme != Scheme::None {
            signing["secret_set"] = Value::from(self.signing.secret.is_some());
        }
        json!({"config": config, "signing": signing, "limits": self.limits_view(), "success": self.success_view()})
    }

    /// The document as an export holds it: [`MASK`] in place of every secret, so that an import says what must be entered.
    pub fn export_view(&self) -> Value {
        let mut config = self.config_view();
        config["auth"] = match &self.request.auth {
            Auth::None => json!({"type": "none"}),
            Auth::Basic { username, .. } => {
                json!({"type": "basic", "username": username, "password": MASK})
            }
            Auth::Bearer { .. } => json!({"type": "bearer", "token": MASK}),
            Auth::Header { name, .. } => json!({"type": "header", "name": name, "value": MASK}),
        };
        json!({"config": config, "signing": self.signing_view(), "limits": self.limits_view(), "success": self.success_view()})
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
            "url": conceal(&request.url),
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

    /// The rule, or null.
    fn success_view(&self) -> &Value {
        self.success
            .as_ref()
            .map_or(&Value::Null, SuccessRule::document)
    }

    fn limits_view(&self) -> Value {
        json!({
            "concurrency": self.limits.concurrency,
            "per_second": self.limits.per_second,
            "timeout_ms": self.limits.timeout_ms,
        })
    }
}

#[cfg(test)]
mod tests;
