//! What an access token is asked for with, where a service takes no standing secret (OAuth 2): the credentials of a client (RFC 6749, 4.4), or the key of
//! a service account of Google (RFC 7523).
//!
//! Read by `parse`, asked by `outbound::access_token`, which sends what [`Grant::requests`] writes and keeps the token. Nothing here looks at a clock, and no
//! token is kept here. A key that cannot sign is refused when it is saved.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::domain::concealed::is_mask;
use crate::domain::problem::Problem;
use crate::domain::secret::Secret;

/// Longest file of a key, in bytes; Google's have some 2,400.
pub const KEY_LIMIT_BYTES: usize = 16 << 10;
/// Longest list of rights that may be asked for, in bytes.
pub(super) const SCOPE_LIMIT_BYTES: usize = 1_024;
/// What a service account asks for unless its destination says otherwise: to write tables.
pub const DEFAULT_GOOGLE_SCOPE: &str = "https://www.googleapis.com/auth/spreadsheets";
/// How long an assertion is good for, in seconds; Google takes an hour at most.
const ASSERTION_S: i64 = 600;

/// What a token is asked for with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    ClientCredentials(ClientCredentials),
    ServiceAccount(ServiceAccount),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    pub token_url: Url,
    pub client_id: String,
    pub client_secret: Secret,
    /// Left out of the request when it is empty.
    pub scope: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// The file as it is downloaded.
    pub key: Secret,
    /// What the file says of itself; `None` while only a mask stands in its place.
    pub account: Option<Account>,
    pub scope: String,
}

/// One way to ask: what is posted, and the header that it is posted with.
pub struct TokenRequest {
    pub form: String,
    /// The value of `Authorization`, for services that take the credentials there alone.
    pub basic: Option<String>,
}

/// Who the key belongs to, and where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub email: String,
    pub token_url: Url,
}

/// The members of the file that are needed.
#[derive(Deserialize)]
pub(super) struct KeyFile {
    pub(super) client_email: String,
    pub(super) token_uri: String,
    private_key: String,
    #[serde(default)]
    private_key_id: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl Grant {
    /// The word for it, as the API says it.
    pub fn word(&self) -> &'static str {
        match self {
            Grant::ClientCredentials(_) => "oauth2_client_credentials",
            Grant::ServiceAccount(_) => "google_service_account",
        }
    }

    /// The e-mail address by which a service account is known, with which files are shared.
    pub fn service_account(&self) -> Option<&str> {
        match self {
            Grant::ClientCredentials(_) => None,
            Grant::ServiceAccount(service) => Some(&service.account.as_ref()?.email),
        }
    }

    /// Where the token is asked for; `None` when that stands in a file that is not there yet.
    pub fn token_url(&self) -> Option<&Url> {
        match self {
            Grant::ClientCredentials(client) => Some(&client.token_url),
            Grant::ServiceAccount(service) => Some(&service.account.as_ref()?.token_url),
        }
    }

    /// The ways to ask for a token, with the time in seconds since 1970: the next one is tried where the one before is not understood. The sentence says why
    /// there is none.
    pub fn requests(&self, now_s: i64) -> Result<Vec<TokenRequest>, String> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match self {
            Grant::ClientCredentials(client) => {
                form.append_pair("grant_type", "client_credentials");
                if !client.scope.is_empty() {
                    form.append_pair("scope", &client.scope);
                }
                let bare = form.finish();
                let secret = client.client_secret.expose_text().unwrap_or_default();
                let mut with_credentials = form_urlencoded::Serializer::new(bare.clone());
                with_credentials
                    .append_pair("client_id", &client.client_id)
                    .append_pair("client_secret", secret);
                // RFC 6749, 2.3.1: both are encoded before they are joined.
                let encoded = [&client.client_id, secret].map(|text| {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                });
                Ok(vec![
                    TokenRequest {
                        form: with_credentials.finish(),
                        basic: None,
                    },
                    TokenRequest {
                        form: bare,
                        basic: Some(format!("Basic {}", STANDARD.encode(encoded.join(":")))),
                    },
                ])
            }
            Grant::ServiceAccount(service) => {
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
                    .append_pair("assertion", &service.assertion(now_s)?);
                Ok(vec![TokenRequest {
                    form: form.finish(),
                    basic: None,
                }])
            }
        }
    }

    /// What tells one grant from another, so that each keeps a token of its own; it gives nothing of the secret away.
    pub fn fingerprint(&self) -> [u8; 32] {
        let (id, scope) = match self {
            Grant::ClientCredentials(client) => (client.client_id.as_str(), &client.scope),
            Grant::ServiceAccount(service) => ("", &service.scope),
        };
        let url = self.token_url().map_or("", Url::as_str);
        let said = [self.word(), url, id, scope].map(str::as_bytes);
        let mut digest = Sha256::new();
        for part in said.into_iter().chain([self.secret().expose()]) {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }

    /// What is secret of it.
    pub fn secret(&self) -> &Secret {
        match self {
            Grant::ClientCredentials(client) => &client.client_secret,
            Grant::ServiceAccount(service) => &service.key,
        }
    }

    /// The name of the secret in the document.
    pub(super) fn secret_field(&self) -> &'static str {
        match self {
            Grant::ClientCredentials(_) => "client_secret",
            Grant::ServiceAccount(_) => "key",
        }
    }

    /// What of it is written down in clear.
    pub(super) fn document(&self) -> Value {
        match self {
            Grant::ClientCredentials(client) => json!({
                "type": self.word(),
                "token_url": client.token_url.as_str(),
                "client_id": client.client_id,
                "scope": client.scope,
            }),
            Grant::ServiceAccount(service) => {
                json!({"type": self.word(), "scope": service.scope})
            }
        }
    }

    /// A key that cannot sign, told when it is saved and not when the first event goes out.
    pub(super) fn unfit(&self) -> Option<Problem> {
        let Grant::ServiceAccount(service) = self else {
            return None;
        };
        if is_mask(&service.key) {
            return None;
        }
        let message = service.assertion(0).err()?;
        Some(Problem::new("/config/auth/key", "not_a_key", message))
    }
}

impl ServiceAccount {
    /// The account's word for itself, signed with its key. The sentence says why it cannot be.
    fn assertion(&self, now_s: i64) -> Result<String, String> {
        let unreadable =
            |_| "The private key in this file cannot be used; download a new key.".to_string();
        let file = read_key(&self.key).ok_or_else(|| NO_KEY_FILE.to_string())?;
        let key = EncodingKey::from_rsa_pem(file.private_key.as_bytes()).map_err(unreadable)?;
        let claims = Claims {
            iss: &file.client_email,
            scope: &self.scope,
            aud: &file.token_uri,
            iat: now_s,
            exp: now_s.saturating_add(ASSERTION_S),
        };
        let header = Header {
            kid: file.private_key_id,
            ..Header::new(Algorithm::RS256)
        };
        jsonwebtoken::encode(&header, &claims, &key).map_err(unreadable)
    }
}

pub(super) const NO_KEY_FILE: &str = "This is not the key of a service account: paste the whole JSON file that Google Cloud lets you download, from { to }.";

pub(super) fn read_key(key: &Secret) -> Option<KeyFile> {
    serde_json::from_slice(key.expose()).ok()
}

#[cfg(test)]
pub(crate) mod tests;
