//! The HTTP request of a destination: its address, its headers and its credentials, and how they are written down with and without secrets.
//!
//! Read by `parse`, sent by `outbound::request`. What the words mean together is looked at by [`super::Settings::unfit`].

use serde_json::{Map, Value, json};
use url::Url;

use crate::domain::concealed::{conceal, conceal_tokens, is_mask, is_masked};
use crate::domain::destination::grant::Grant;
use crate::domain::destination::parse::header_place;
use crate::domain::problem::Problem;
use crate::domain::secret::{MASK, Secret};

/// The request that carries a body.
#[derive(Clone, PartialEq)]
pub struct RequestSettings {
    pub url: Url,
    pub method: String,
    pub headers: Vec<(String, String)>,
    pub auth: Auth,
    /// Plain http is accepted although the network is not listed as allowed.
    pub allow_http: bool,
    /// Statuses that tell of what was sent and not of the destination: no other attempt follows, and it is not held for them. In their order.
    pub final_statuses: Vec<u16>,
}

/// Without what may be a secret.
impl std::fmt::Debug for RequestSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.headers.iter().map(|(name, _)| name);
        f.debug_struct("RequestSettings")
            .field("url", &conceal_tokens(&self.url).as_str())
            .field("method", &self.method)
            .field("headers", &names.collect::<Vec<_>>())
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

/// For whom a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Showing {
    /// With every secret, for sealing only.
    Sealed,
    /// For the API and the pages: whether a secret is set, never which.
    Public,
    /// For an export: a mask wherever an import must ask for a secret.
    Exported,
}

impl RequestSettings {
    /// Whether an answer of this status lets no other attempt follow.
    pub fn is_final(&self, status: u16) -> bool {
        self.final_statuses.contains(&status)
    }

    /// Whether a body goes along: receivers look at none of a GET, and proxies refuse it.
    pub fn sends_body(&self) -> bool {
        self.method != "GET"
    }

    /// The value of an added header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(kept, _)| kept.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Of names that differ only in their case one alone is kept, and nobody could tell which.
    pub(super) fn headers_given_twice(&self) -> Option<Problem> {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let mut twice = names.iter().enumerate();
        let (_, name) = twice.find(|(index, name)| names[..*index].contains(name))?;
        let message =
            format!("`{name}` is given twice; large and small letters make no difference.");
        Some(Problem::new("/config/headers", "header_twice", message))
    }

    /// Braces of a template, which would be sent as they stand: a destination's request is the same for every event.
    pub(super) fn templates_misplaced(&self) -> Vec<Problem> {
        let is_template = |text: &str| text.contains("{{");
        // In a path they are encoded by now.
        let url = self.url.as_str().replace("%7B", "{").replace("%7b", "{");
        let in_url = is_template(&url).then(|| "/config/url".to_string());
        let headers = self.headers.iter();
        let headers = headers.filter(|(_, value)| is_template(value));
        let places = in_url
            .into_iter()
            .chain(headers.map(|(name, _)| header_place(name)));
        let message = "`{{` is sent here as it stands, whatever the event. What changes with the event belongs into the connection, under “Address and headers from the event”.";
        places
            .map(|place| Problem::new(place, "template_misplaced", message))
            .collect()
    }

    /// Where only a mask stands.
    pub(super) fn left_out(&self) -> Vec<String> {
        let mut places = Vec::new();
        if is_masked(&self.url) {
            places.push("/config/url".to_string());
        }
        let masked = self.headers.iter().filter(|(_, value)| value == MASK);
        places.extend(masked.map(|(name, _)| header_place(name)));
        places.extend(self.auth.left_out());
        places
    }

    /// The host of the address, with its port when that is not the usual one.
    pub(super) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        }
    }

    /// The document's `config`; but for sealing, queries, tokens in the path and header values are masked.
    pub(super) fn document(&self, showing: Showing) -> Value {
        let is_sealed = showing == Showing::Sealed;
        let value_of = |value: &String| {
            if is_sealed {
                Value::from(value.as_str())
            } else {
                Value::from(MASK)
            }
        };
        let headers = self.headers.iter();
        let headers: Map<String, Value> = headers
            .map(|(name, value)| (name.clone(), value_of(value)))
            .collect();
        let url = if is_sealed {
            self.url.to_string()
        } else {
            conceal(&self.url)
        };
        json!({
            "url": url,
            "method": self.method,
            "headers": headers,
            "auth": self.auth.document(showing),
            "allow_http": self.allow_http,
            "final_statuses": self.final_statuses,
        })
    }
}

/// How we prove who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    None,
    Basic {
        username: String,
        password: Secret,
    },
    Bearer {
        token: Secret,
    },
    Header {
        name: String,
        value: Secret,
    },
    /// With an access token that is asked for somewhere else and lasts for a while.
    Granted(Grant),
}

/// The words for them, as the API says them.
pub const AUTH_WORDS: [&str; 6] = [
    "none",
    "basic",
    "bearer",
    "header",
    "oauth2_client_credentials",
    "google_service_account",
];

impl Auth {
    /// The word for it, as the API says it.
    pub fn word(&self) -> &'static str {
        match self {
            Auth::None => "none",
            Auth::Basic { .. } => "basic",
            Auth::Bearer { .. } => "bearer",
            Auth::Header { .. } => "header",
            Auth::Granted(grant) => grant.word(),
        }
    }

    /// What an access token is asked for with.
    pub fn grant(&self) -> Option<&Grant> {
        match self {
            Auth::Granted(grant) => Some(grant),
            _ => None,
        }
    }

    /// The header in which it is sent.
    pub(super) fn header(&self) -> Option<&str> {
        match self {
            Auth::None => None,
            Auth::Basic { .. } | Auth::Bearer { .. } | Auth::Granted(_) => Some("authorization"),
            Auth::Header { name, .. } => Some(name),
        }
    }

    /// What is secret of it, and its name in the document.
    fn secret(&self) -> Option<(&'static str, &Secret)> {
        match self {
            Auth::None => None,
            Auth::Basic { password, .. } => Some(("password", password)),
            Auth::Bearer { token } => Some(("token", token)),
            Auth::Header { value, .. } => Some(("value", value)),
            Auth::Granted(grant) => Some((grant.secret_field(), grant.secret())),
        }
    }

    /// Its place in the document when only a mask stands there.
    pub(super) fn left_out(&self) -> Option<String> {
        let (field, secret) = self.secret()?;
        is_mask(secret).then(|| format!("/config/auth/{field}"))
    }

    pub(super) fn document(&self, showing: Showing) -> Value {
        let mut document = json!({"type": self.word()});
        match self {
            Auth::None | Auth::Bearer { .. } => {}
            Auth::Basic { username, .. } => document["username"] = Value::from(username.as_str()),
            Auth::Header { name, .. } => document["name"] = Value::from(name.as_str()),
            Auth::Granted(grant) => document = grant.document(),
        }
        if let Some((field, secret)) = self.secret() {
            match showing {
                Showing::Sealed => {
                    document[field] = Value::from(secret.expose_text().unwrap_or_default());
                }
                Showing::Public => {
                    document[format!("{field}_set")] = Value::from(!is_mask(secret));
                    // It stands in the key, which is not shown; files must be shared with it.
                    if let Some(email) = self.grant().and_then(Grant::service_account) {
                        document["client_email"] = Value::from(email);
                    }
                }
                Showing::Exported => document[field] = Value::from(MASK),
            }
        }
        document
    }
}
