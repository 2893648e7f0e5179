//! What a person writes of access tokens: the credentials of a client, or the key of a service account.
//!
//! Called by `parse_auth`. Whether a key can sign is looked at when it is saved ([`Grant::unfit`]).

use serde_json::Value;
use url::Url;

use super::{AuthDocument, needed, needed_secret, parse_url};
use crate::domain::concealed::is_mask;
use crate::domain::destination::grant::{
    Account, ClientCredentials, DEFAULT_GOOGLE_SCOPE, Grant, KEY_LIMIT_BYTES, NO_KEY_FILE,
    SCOPE_LIMIT_BYTES, ServiceAccount, read_key,
};
use crate::domain::problem::Problem;
use crate::domain::secret::Secret;

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
    if url.query().is_some() || url.fragment().is_some() {
        let message = "The address where tokens are asked for has no `?` or `#` and nothing after it; it is shown to everybody who may see the destination.";
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
