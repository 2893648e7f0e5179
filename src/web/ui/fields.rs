//! The controls of forms, by the places of the documents that forms stand for, so that a problem is told in the words of the page.
//!
//! Called by `page`; the builder has rows of conditions and fields besides, and finds those itself.

use crate::web::i18n::Key;

/// Place, label, and the control's id. What a place begins with is enough; of several, the first that fits.
const FIELDS: [(&str, Key, &str); 54] = [
    ("name", key!("builder-name"), "name"),
    ("email", key!("session-email"), "email"),
    ("password", key!("session-password"), "password"),
    ("source_id", key!("builder-source"), "source_id"),
    (
        "destination_id",
        key!("builder-destination"),
        "destination_id",
    ),
    ("trigger/events", key!("builder-events"), "events"),
    ("trigger/project_ids", key!("builder-projects"), "projects"),
    ("filter", key!("builder-if"), "step-if"),
    ("mapping/body", key!("builder-template"), "template"),
    (
        "mapping/request/path",
        key!("builder-request-path"),
        "request_path",
    ),
    (
        "mapping/request/query",
        key!("builder-request-query"),
        "request_query",
    ),
    (
        "mapping/request/headers",
        key!("builder-request-headers"),
        "request_headers",
    ),
    ("mapping", key!("builder-send"), "step-send"),
    (
        "delivery/max_attempts",
        key!("builder-attempts"),
        "max_attempts",
    ),
    ("config/url", key!("shared-url"), "url"),
    (
        "config/headers",
        key!("destinations-headers"),
        "header_name-0",
    ),
    ("config/server", key!("destinations-mail-server"), "server"),
    ("config/port", key!("destinations-mail-port"), "port"),
    (
        "config/encryption",
        key!("destinations-encryption"),
        "encryption",
    ),
    ("config/from", key!("destinations-mail-from"), "from"),
    ("config/to", key!("destinations-mail-to"), "to"),
    ("config/method", key!("destinations-method"), "method"),
    (
        "config/auth/username",
        key!("destinations-auth-name"),
        "auth_name",
    ),
    (
        "config/auth/name",
        key!("destinations-auth-name"),
        "auth_name",
    ),
    (
        "config/auth/password",
        key!("destinations-auth-secret"),
        "auth_secret",
    ),
    (
        "config/auth/token",
        key!("destinations-auth-secret"),
        "auth_secret",
    ),
    (
        "config/auth/value",
        key!("destinations-auth-secret"),
        "auth_secret",
    ),
    (
        "config/auth/client_id",
        key!("destinations-auth-name"),
        "auth_name",
    ),
    (
        "config/auth/client_secret",
        key!("destinations-auth-secret"),
        "auth_secret",
    ),
    (
        "config/auth/key",
        key!("destinations-auth-secret"),
        "auth_secret",
    ),
    (
        "config/auth/token_url",
        key!("destinations-token-url"),
        "token_url",
    ),
    ("config/auth/scope", key!("destinations-scope"), "scope"),
    ("config/auth", key!("destinations-auth"), "auth"),
    (
        "signing/secret",
        key!("destinations-signing-secret"),
        "signing_secret",
    ),
    (
        "signing/header",
        key!("destinations-signing-header"),
        "signing_header",
    ),
    ("signing", key!("destinations-signature"), "scheme"),
    (
        "limits/concurrency",
        key!("destinations-concurrency"),
        "concurrency",
    ),
    (
        "limits/per_second",
        key!("destinations-per-second"),
        "per_second",
    ),
    (
        "limits/timeout_ms",
        key!("destinations-timeout"),
        "timeout_ms",
    ),
    (
        "config/final_statuses",
        key!("destinations-final"),
        "final_statuses",
    ),
    (
        "success/path",
        key!("destinations-success-path"),
        "success_path",
    ),
    (
        "success/op",
        key!("destinations-success-operator"),
        "success_op",
    ),
    ("success/value", key!("destinations-value"), "success_value"),
    ("success", key!("destinations-success"), "success"),
    ("secret", key!("sources-new-secret"), "secret"),
    (
        "require_signature",
        key!("sources-require"),
        "require_signature",
    ),
    ("code", key!("settings-factor-digits"), "code"),
    ("role", key!("settings-role"), "role"),
    ("current", key!("settings-current"), "current"),
    ("new", key!("settings-new-password"), "new"),
    ("time_zone", key!("language-zone"), "time_zone"),
    // Each form about the second factor asks for the password.
    (
        "begin_current",
        key!("settings-your-password"),
        "begin_current",
    ),
    (
        "codes_current",
        key!("settings-your-password"),
        "codes_current",
    ),
    ("off_current", key!("settings-your-password"), "off_current"),
];

/// A control of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub id: String,
    pub label: String,
}

impl Field {
    /// The control for a place of a document, without a slash before it; `None` when no form has one.
    pub fn at(place: &str) -> Option<Field> {
        let is_within = |whole: &str| {
            place
                .strip_prefix(whole)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let (_, label, id) = FIELDS.iter().find(|(whole, ..)| is_within(whole))?;
        Some(Field {
            id: (*id).into(),
            label: label.to_string(),
        })
    }
}

/// The labels of several places, each once; a place without a control is told as it is.
pub fn all_called(places: &[String]) -> String {
    let mut labels: Vec<String> = Vec::new();
    for place in places {
        let place = place.trim_start_matches('/');
        let label = Field::at(place).map_or_else(|| place.to_string(), |field| field.label);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_control_that_holds_it() {
        let id = |place| Field::at(place).map(|field| field.id);
        assert_eq!(id("config/url").as_deref(), Some("url"));
        assert_eq!(id("mapping/body").as_deref(), Some("template"));
        assert_eq!(id("mapping/fields/0/to").as_deref(), Some("step-send"));
        for other in ["", "names", "filters"] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
