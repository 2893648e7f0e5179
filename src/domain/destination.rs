//! A destination: where we may send, how we prove who we are there, and how hard we may push.
//!
//! The API and the pages hand in a person's document, [`Settings::parse`] makes it a value or a list of problems; `store` keeps
//! [`Settings::to_sealed_document`] sealed; `outbound` reads the parts. One view goes out, [`Settings::public_view`], without any secret:
//! what it masks may be sent back as it was shown and is kept, but only for the same host, so that nobody who may write an address can have
//! secrets that they cannot read sent to an address of theirs. Whether an address may be reached is not decided here but in
//! `outbound::guard`, at every connection.

pub mod grant;
pub mod mail;
mod parse;
pub mod request;
pub mod success;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::domain::concealed::is_mask;
use crate::domain::destination::grant::Grant;
pub use crate::domain::destination::mail::{Encryption, MailServer};
use crate::domain::destination::mail::{MailDocument, parse_mail};
use crate::domain::destination::parse::{
    ConfigDocument, LimitsDocument, SigningDocument, parse_limits, parse_request, parse_signing,
    section,
};
pub use crate::domain::destination::parse::{masked, signing_secret_problem};
use crate::domain::destination::request::Showing;
pub use crate::domain::destination::request::{Auth, RequestSettings};
pub use crate::domain::destination::success::SuccessRule;
use crate::domain::id::DestinationId;
use crate::domain::outcome::{Outcome, Verdict};
use crate::domain::problem::Problem;
use crate::domain::signature::{BLUE_HEADER, Scheme};
use crate::domain::signing::Signing;

/// Requests at once to one destination, unless its settings say otherwise.
pub const DEFAULT_CONCURRENCY: u32 = 10;
/// Mails at once to one server, unless its settings say otherwise: the large providers take no more of one sender.
pub const DEFAULT_MAIL_CONCURRENCY: u32 = 3;
/// Most requests at once that a destination may be given.
pub const CONCURRENCY_LIMIT: u32 = 100;
/// Total time for one attempt, from name resolution to the last byte, in milliseconds.
pub const DEFAULT_TIMEOUT_MS: u64 = 15_000;
/// The same for a mail: a server may look at it before it takes it, and whom it took it for gets it twice when nobody waited for that.
pub const DEFAULT_MAIL_TIMEOUT_MS: u64 = 30_000;
/// Shortest and longest time limit that may be set, in milliseconds.
pub const TIMEOUT_RANGE_MS: std::ops::RangeInclusive<u64> = 100..=30_000;
/// Most requests a second that may be set.
pub const PER_SECOND_LIMIT: f64 = 10_000.0;
/// The slowest pace: one request in some seventeen minutes. Slower ones could not be told from none.
const PER_SECOND_LEAST: f64 = 0.001;
/// Longest URL, in bytes.
pub const URL_LIMIT_BYTES: usize = 2_048;

/// What is kept of the answer to a test request, in bytes.
pub const TRIAL_RESPONSE_LIMIT_BYTES: usize = 4 << 10;

/// Why nothing is sent: what a receiver expects signed is never sent unsigned.
const UNSIGNED: &str = "There is no secret to sign it with; make one on the destination's page.";
/// Why nothing is sent: nobody is sent a mask for a secret.
const LEFT_OUT: &str =
    "An import left a part of the destination out; enter what is `***` on the destination's page.";
/// The reasons in the row of a destination that is paused until somebody enters what it lacks.
pub const UNFINISHED: [&str; 2] = [UNSIGNED, LEFT_OUT];

/// Methods a delivery may use.
pub const METHODS: [&str; 5] = ["POST", "PUT", "PATCH", "DELETE", "GET"];

/// Where we may send.
#[derive(Debug, Clone)]
pub struct Destination {
    pub id: DestinationId,
    pub name: String,
    pub settings: Settings,
    pub health: Health,
    pub last_test: Option<LastTest>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Destination {
    /// Whether it is paused for nothing but what it still lacks: it goes on by itself once all of it is entered.
    pub fn is_unfinished(&self) -> bool {
        self.is_paused_for_a_lack() && self.settings.cannot_send().is_some()
    }

    /// Whether it is paused for nothing but what it lacked, and lacks nothing any more.
    pub fn is_finished(&self) -> bool {
        self.is_paused_for_a_lack() && self.settings.cannot_send().is_none()
    }

    fn is_paused_for_a_lack(&self) -> bool {
        let paused = self.health.paused.as_ref();
        paused.is_some_and(|paused| UNFINISHED.contains(&paused.reason.as_str()))
    }
}

/// How a destination is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Since when attempts fail, until it has recovered (`domain::breaker`).
    pub failing_since: Option<Timestamp>,
    /// The last failure in words; none since it was resumed.
    pub last_failure: Option<String>,
    /// When an attempt failed last, as far as that is noted; none since it was resumed.
    pub last_failed: Option<Timestamp>,
    /// When an attempt arrived last since it began to fail, as far as that is noted.
    pub last_arrived: Option<Timestamp>,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// Any HTTP endpoint.
    #[default]
    Webhook,
    /// People, through a mail server.
    Email,
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

    /// Whether it fails and is not paused for it.
    pub fn is_failing(&self) -> bool {
        self.paused.is_none() && self.failing_since.is_some()
    }

    /// Whether it failed until it was paused and resumed, and nothing has failed since: what it does now is not known yet.
    pub fn is_resumed(&self) -> bool {
        self.is_failing() && self.last_failed.is_none()
    }

    /// Whether something has arrived since it last failed: it is about to count as fine.
    pub fn is_recovering(&self) -> bool {
        self.is_failing() && self.last_failed.is_some() && self.last_arrived > self.last_failed
    }

    /// Whether nothing is known against it.
    pub fn is_ok(&self) -> bool {
        self.paused.is_none() && self.failing_since.is_none()
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
    /// Every kind that this version knows.
    pub const ALL: [Kind; 2] = [Kind::Webhook, Kind::Email];

    /// The word used in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Webhook => "webhook",
            Kind::Email => "email",
        }
    }

    /// Requests at once, unless the settings say otherwise.
    pub fn default_concurrency(self) -> u32 {
        match self {
            Kind::Webhook => DEFAULT_CONCURRENCY,
            Kind::Email => DEFAULT_MAIL_CONCURRENCY,
        }
    }

    /// Total time for one attempt, unless the settings say otherwise, in milliseconds.
    pub fn default_timeout_ms(self) -> u64 {
        match self {
            Kind::Webhook => DEFAULT_TIMEOUT_MS,
            Kind::Email => DEFAULT_MAIL_TIMEOUT_MS,
        }
    }

    /// Reads the word; `None` for a kind that this version does not know.
    pub fn from_word(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Everything that a person may set on a destination.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub endpoint: Endpoint,
    pub signing: Signing,
    pub limits: Limits,
    /// Which answers of 2xx count as delivered; all of them when there is none.
    pub success: Option<SuccessRule>,
    /// Whether it is told of other destinations that begin to fail or have recovered.
    pub notices: bool,
}

/// What is reached, by its kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Endpoint {
    Web(RequestSettings),
    Mail(MailServer),
}

impl Endpoint {
    /// The request, when it is reached by one.
    pub fn request(&self) -> Option<&RequestSettings> {
        match self {
            Endpoint::Web(request) => Some(request),
            Endpoint::Mail(_) => None,
        }
    }

    /// The mail server, when it is reached through one.
    pub fn mail(&self) -> Option<&MailServer> {
        match self {
            Endpoint::Web(_) => None,
            Endpoint::Mail(server) => Some(server),
        }
    }

    /// What it proves itself with.
    pub fn auth(&self) -> &Auth {
        match self {
            Endpoint::Web(request) => &request.auth,
            Endpoint::Mail(server) => &server.auth,
        }
    }

    fn document(&self, showing: Showing) -> Value {
        match self {
            Endpoint::Web(request) => request.document(showing),
            Endpoint::Mail(server) => server.document(showing),
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
    pub kind: Kind,
    pub config: Option<&'a Value>,
    pub signing: Option<&'a Value>,
    pub limits: Option<&'a Value>,
    pub success: Option<&'a Value>,
    pub notices: Option<&'a Value>,
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
        let endpoint = parse_endpoint(document, previous.map(|p| &p.endpoint), &mut problems);
        let signing = section::<SigningDocument>(
            document.signing.or(Some(&Value::Object(Map::new()))),
            "/signing",
            &mut problems,
        )
        .and_then(|signing| {
            let (kind, previous) = (document.kind, previous.map(|p| &p.signing));
            parse_signing(signing, kind, previous, &mut problems)
        });
        let limits = section::<LimitsDocument>(
            document.limits.or(Some(&Value::Object(Map::new()))),
            "/limits",
            &mut problems,
        )
        .map(|limits| parse_limits(&limits, document.kind, &mut problems));
        let success = SuccessRule::parse(document.success.unwrap_or(&Value::Null))
            .map_err(|found| problems.extend(found));
        if document.kind == Kind::Email && matches!(success, Ok(Some(_))) {
            let message = "A mail server's word is what counts; this is for answers in JSON.";
            problems.push(Problem::new("/success", "not_for_mail", message));
        }
        let notices = parse_notices(document.notices, &mut problems);
        match (endpoint, signing, limits, success) {
            (Some(endpoint), Some(signing), Some(limits), Ok(success)) if problems.is_empty() => {
                Ok(Settings {
                    endpoint,
                    signing,
                    limits,
                    success,
                    notices,
                })
            }
            _ => Err(problems),
        }
    }

    /// Reads what [`Settings::to_sealed_document`] made.
    pub fn open(sealed: &Value) -> Result<Settings, Vec<Problem>> {
        let kind = sealed.get("kind").and_then(Value::as_str);
        let document = SettingsDocument {
            // What was sealed before there were kinds is a webhook.
            kind: kind.and_then(Kind::from_word).unwrap_or_default(),
            config: sealed.get("config"),
            signing: sealed.get("signing"),
            limits: sealed.get("limits"),
            success: sealed.get("success"),
            notices: sealed.get("notices"),
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
        let nobody = self
            .endpoint
            .mail()
            .is_some_and(|server| server.to.is_empty());
        if self.notices && nobody {
            let message = "Notices go to whom stands here, as no mapping names them.";
            problems.push(Problem::new("/config/to", "nobody_to_notify", message));
        }
        let signing = &self.signing;
        let secret = signing.secret.as_ref();
        problems.extend(
            secret.and_then(|one| signing_secret_problem(signing.scheme, one, "/signing/secret")),
        );
        problems.extend(self.success.iter().flat_map(SuccessRule::unfit));
        problems.extend(
            self.endpoint
                .request()
                .into_iter()
                .flat_map(|request| self.unfit_request(request)),
        );
        problems
    }

    /// Whether a header of this name carries the credentials or the signature, in the place of any other.
    pub fn is_own_header(&self, name: &str) -> bool {
        let auth = self.endpoint.auth().header();
        let signature = (self.signing.scheme == Scheme::Hex).then(|| self.signature_header());
        let mut own = auth.into_iter().chain(signature);
        own.any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Where the signature stands, when it is one in hex.
    fn signature_header(&self) -> &str {
        self.signing.header.as_deref().unwrap_or(BLUE_HEADER)
    }

    fn unfit_request(&self, request: &RequestSettings) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Auth::Basic { username, .. } = &request.auth
            && username.contains(':')
        {
            let message =
                "A user name cannot have a `:`; what follows it would be taken for the password.";
            let pointer = "/config/auth/username";
            problems.push(Problem::new(pointer, "header_value", message));
        }
        problems.extend(request.headers_given_twice());
        problems.extend(request.templates_misplaced());
        let signature = self.signature_header();
        problems.extend(request.auth.grant().and_then(Grant::unfit));
        let is_taken = ["content-type"]
            .into_iter()
            .chain(request.auth.header())
            .chain(request.headers.iter().map(|(name, _)| name.as_str()))
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
        let mut places = match &self.endpoint {
            Endpoint::Web(request) => request.left_out(),
            Endpoint::Mail(server) => server.auth.left_out().into_iter().collect(),
        };
        if self.signing.secret.as_ref().is_some_and(is_mask) {
            places.push("/signing/secret".into());
        }
        places
    }

    /// What must be entered before anything is sent: what an import left out, and the secret to sign with.
    pub fn missing(&self) -> Vec<String> {
        let mut places = self.left_out();
        let place = "/signing/secret".to_string();
        if !self.signing.can_sign() && !places.contains(&place) {
            places.push(place);
        }
        places
    }

    /// Why nothing can be sent yet.
    pub fn cannot_send(&self) -> Option<&'static str> {
        if !self.left_out().is_empty() {
            return Some(LEFT_OUT);
        }
        (!self.signing.can_sign()).then_some(UNSIGNED)
    }

    /// The document with every secret in it, for sealing only.
    pub fn to_sealed_document(&self) -> Value {
        let mut signing = self.signing_view();
        if let Some(secret) = &self.signing.secret {
            signing["secret"] = Value::from(secret.expose_text().unwrap_or_default());
        }
        let mut document = self.document(Showing::Sealed, signing);
        document["kind"] = Value::from(self.kind().as_str());
        document["previous_secrets"] = self.signing.sealed_previous();
        document
    }

    /// The document as the API and the pages show it: no secret, only whether one is set; queries, tokens in the path and header values masked.
    pub fn public_view(&self) -> Value {
        let mut signing = self.signing_view();
        if self.signing.scheme != Scheme::None {
            signing["secret_set"] = Value::from(self.signing.secret.is_some());
        }
        self.document(Showing::Public, signing)
    }

    /// The document as an export holds it: a mask in place of every secret, so that an import says what must be entered.
    pub fn export_view(&self) -> Value {
        self.document(Showing::Exported, self.signing_view())
    }

    fn document(&self, showing: Showing, signing: Value) -> Value {
        json!({
            "config": self.endpoint.document(showing),
            "signing": signing,
            "limits": self.limits_view(),
            "success": self.success_view(),
            "notices": self.notices,
        })
    }

    /// What kind of thing is reached.
    pub fn kind(&self) -> Kind {
        match self.endpoint {
            Endpoint::Web(_) => Kind::Webhook,
            Endpoint::Mail(_) => Kind::Email,
        }
    }

    /// The host of the address, with its port when that is not the usual one, for lists and logs.
    pub fn host(&self) -> String {
        match &self.endpoint {
            Endpoint::Web(request) => request.host(),
            Endpoint::Mail(server) => server.host(),
        }
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

fn parse_notices(value: Option<&Value>, problems: &mut Vec<Problem>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(notices)) => *notices,
        Some(_) => {
            // As the phrase book has it for other flags.
            let key = "notices";
            let message = format!("`{key}` is true or false.");
            problems.push(Problem::new("/notices", "wrong_shape", message));
            false
        }
    }
}

fn parse_endpoint(
    document: &SettingsDocument<'_>,
    previous: Option<&Endpoint>,
    problems: &mut Vec<Problem>,
) -> Option<Endpoint> {
    match document.kind {
        Kind::Webhook => {
            let config = section::<ConfigDocument>(document.config, "/config", problems)?;
            let previous = previous.and_then(Endpoint::request);
            parse_request(config, previous, problems).map(Endpoint::Web)
        }
        Kind::Email => {
            let config = section::<MailDocument>(document.config, "/config", problems)?;
            let previous = previous.and_then(Endpoint::mail);
            parse_mail(config, previous, problems).map(Endpoint::Mail)
        }
    }
}

#[cfg(test)]
mod tests;
