//! What an access token is asked for with, where a service takes no standing secret (OAuth 2): the credentials of a client (RFC 6749, 4.4), or the key of
//! a service account of Google (RFC 7523).
//!
//! Read by `parse`, asked by `outbound::access_token`, which sends what [`Grant::request`] writes and keeps the token. Nothing here looks at a clock, and no
//! token is kept here. A key that cannot sign is refused when it is saved.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::domain::concealed::is_mask;
use crate::domain::destination::parse::{AuthDocument, needed, needed_secret, parse_url};
use crate::domain::problem::Problem;
use crate::domain::secret::Secret;

/// Longest file of a key, in bytes; Google's have some 2,400.
pub const KEY_LIMIT_BYTES: usize = 16 << 10;
/// Longest list of rights that may be asked for, in bytes.
const SCOPE_LIMIT_BYTES: usize = 1_024;
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

/// Who the key belongs to, and where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub email: String,
    pub token_url: Url,
}

/// The members of the file that are needed.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    token_uri: String,
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

    /// The form that asks for a token, as it is sent, with the time in seconds since 1970. The sentence says why there is none.
    pub fn request(&self, now_s: i64) -> Result<String, String> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match self {
            Grant::ClientCredentials(client) => {
                let secret = client.client_secret.expose_text().unwrap_or_default();
                form.append_pair("grant_type", "client_credentials")
                    .append_pair("client_id", &client.client_id)
                    .append_pair("client_secret", secret);
                if !client.scope.is_empty() {
                    form.append_pair("scope", &client.scope);
                }
            }
            Grant::ServiceAccount(service) => {
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
                    .append_pair("assertion", &service.assertion(now_s)?);
            }
        }
        Ok(form.finish())
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
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).map_err(unreadable)
    }
}

const NO_KEY_FILE: &str = "This is not the key of a service account: paste the whole JSON file that Google Cloud lets you download, from { to }.";

fn read_key(key: &Secret) -> Option<KeyFile> {
    serde_json::from_slice(key.expose()).ok()
}

/// Reads the credentials of a client. Its secret is kept only while the token is asked for at the same place.
pub(super) fn parse_client_credentials(
    document: AuthDocument,
    previous: Option<&Grant>,
    problems: &mut Vec<Problem>,
) -> Option<Grant> {
    let token_url = needed("token_url", document.token_url, problems)
        .and_then(|text| parse_token_url(&text, "/config/auth/token_url", problems));
    let client_id = needed("client_id", document.client_id, problems);
    let kept = match (previous, &token_url) {
        (Some(Grant::ClientCredentials(kept)), Some(url)) => {
            (kept.token_url.origin() == url.origin()).then_some(&kept.client_secret)
        }
        _ => None,
    };
    let client_secret = needed_secret("client_secret", document.client_secret, kept, problems);
    let scope = parse_scope(document.scope, "", problems);
    Some(Grant::ClientCredentials(ClientCredentials {
        token_url: token_url?,
        client_id: client_id?,
        client_secret: client_secret?,
        scope: scope?,
    }))
}

/// Reads the key of a service account: a text, or the file's object as it is.
pub(super) fn parse_service_account(
    document: AuthDocument,
    previous: Option<&Grant>,
    problems: &mut Vec<Problem>,
) -> Option<Grant> {
    let kept = match previous {
        Some(Grant::ServiceAccount(kept)) => Some(&kept.key),
        _ => None,
    };
    let given = document.key.map(|key| match key {
        Value::String(text) => text,
        file => file.to_string(),
    });
    let scope = parse_scope(document.scope, DEFAULT_GOOGLE_SCOPE, problems);
    let key = needed_secret("key", given, kept, problems)?;
    let account = if is_mask(&key) {
        None
    } else {
        Some(parse_account(&key, problems)?)
    };
    Some(Grant::ServiceAccount(ServiceAccount {
        key,
        account,
        scope: scope?,
    }))
}

fn parse_account(key: &Secret, problems: &mut Vec<Problem>) -> Option<Account> {
    let place = "/config/auth/key";
    if key.expose().len() > KEY_LIMIT_BYTES {
        let message = format!("The file of a key may have at most {KEY_LIMIT_BYTES} bytes.");
        problems.push(Problem::new(place, "key_too_long", message));
        return None;
    }
    let Some(file) = read_key(key) else {
        problems.push(Problem::new(place, "not_a_key", NO_KEY_FILE));
        return None;
    };
    Some(Account {
        token_url: parse_token_url(&file.token_uri, place, problems)?,
        email: file.client_email,
    })
}

/// It is shown as it is, so nothing secret may stand in it.
fn parse_token_url(text: &str, place: &str, problems: &mut Vec<Problem>) -> Option<Url> {
    let url = parse_url(text, place, problems)?;
    if url.query().is_some() {
        let message = "The address where tokens are asked for has no `?` and nothing after it; it is shown to everybody who may see the destination.";
        problems.push(Problem::new(place, "query_refused", message));
        return None;
    }
    Some(url)
}

fn parse_scope(
    given: Option<String>,
    otherwise: &str,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let given = given.unwrap_or_default();
    let given = given.trim();
    if given.len() > SCOPE_LIMIT_BYTES {
        let message =
            format!("The rights that are asked for may have at most {SCOPE_LIMIT_BYTES} bytes.");
        problems.push(Problem::new(
            "/config/auth/scope",
            "scope_too_long",
            message,
        ));
        return None;
    }
    let scope = if given.is_empty() { otherwise } else { given };
    Some(scope.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
