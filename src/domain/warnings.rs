//! What a connection is saved with all the same, and what is to be thought of: its ends lack a secret, or a part of its rules does not do what it says.
//!
//! Called by the API and by the pages, each time a connection is shown: its ends change without it. What is never meant is refused instead, where rules
//! and destinations are read.

use serde_json::Value;

use crate::domain::connection::RulesDocument;
use crate::domain::destination::{Endpoint, Settings};
use crate::domain::problem::{Problem, pointer_part};
use crate::domain::source::Source;

/// Where in a connection its source is named.
pub const SOURCE: &str = "/source_id";
/// Where in a connection its destination is named.
pub const DESTINATION: &str = "/destination_id";

/// What its ends lack. Ends that are not known lack nothing.
pub fn of_ends(source: Option<&Source>, settings: Option<&Settings>) -> Vec<Problem> {
    let refuses = source.is_some_and(Source::needs_secret);
    let refuses = refuses.then(|| {
        let message =
            "The source has no secret yet: what Blue sends is refused until it is entered.";
        Problem::new(SOURCE, "source_needs_secret", message)
    });
    let waits = settings.is_some_and(|settings| settings.cannot_send().is_some());
    let waits = waits.then(|| {
        let message =
            "The destination lacks something that an import left out: nothing is sent until it is entered, and what comes waits.";
        Problem::new(DESTINATION, "destination_unfinished", message)
    });
    refuses.into_iter().chain(waits).collect()
}

/// What of its rules comes to something else than it says, at this destination.
pub fn of_rules(rules: &RulesDocument, settings: Option<&Settings>) -> Vec<Problem> {
    let request = &rules.mapping["request"];
    match settings.map(|settings| &settings.endpoint) {
        Some(Endpoint::Mail(_)) if !request.is_null() => {
            let message = "A mail has neither an address of this kind nor such headers: what is added to them is left out. A value that is missing fails the delivery all the same.";
            vec![Problem::new("/mapping/request", "not_for_mail", message)]
        }
        _ => of_headers(&request["headers"], settings),
    }
}

fn of_headers(headers: &Value, settings: Option<&Settings>) -> Vec<Problem> {
    let headers = headers.as_object().into_iter().flatten();
    let told = headers.flat_map(|(name, value)| {
        let place = format!("/mapping/request/headers/{}", pointer_part(name));
        let is_taken = settings.is_some_and(|settings| settings.is_own_header(name));
        let taken = is_taken.then(|| {
            let message = format!(
                "`{name}` carries the destination's credentials or signature, which stay: what stands here is not sent."
            );
            Problem::new(&place, "header_taken", message)
        });
        let is_plain = value.as_str().is_none_or(str::is_ascii);
        let coded = (!is_plain && !is_taken).then(|| {
            let message = format!(
                "`{name}` has letters beyond ASCII. They are sent as UTF-8, which not every receiver reads so."
            );
            Problem::new(&place, "header_not_ascii", message)
        });
        taken.into_iter().chain(coded)
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::connection::{DeliverySettings, Trigger};
    use crate::domain::destination::{Kind, SettingsDocument};

    fn settings(kind: Kind, config: Value, signing: Value) -> Settings {
        let document = SettingsDocument {
            kind,
            config: Some(&config),
            signing: Some(&signing),
            ..SettingsDocument::default()
        };
        Settings::parse(&document, None).unwrap()
    }

    fn told(request: Value, settings: &Settings) -> Vec<(String, &'static str)> {
        let mapping = json!({"mode": "passthrough", "request": request});
        let rules = RulesDocument {
            trigger: Trigger::default(),
            filter: Value::Null,
            mapping,
            delivery: DeliverySettings::default(),
        };
        let problems = of_rules(&rules, Some(settings));
        let problems = problems.into_iter();
        problems.map(|one| (one.pointer, one.code)).collect()
    }

    #[test]
    fn headers_that_are_not_sent_or_not_read_are_told() {
        let auth = json!({"type": "header", "name": "X-Token", "value": "t"});
        let config = json!({"url": "https://example.com", "auth": auth, "headers": {"x-own": "1"}});
        let signed = json!({"scheme": "hex", "secret": "s3cret", "header": "X-Signed"});
        let settings = settings(Kind::Webhook, config, signed);
        let headers = json!({"x-token": "é", "X-SIGNED": "a", "x-own": "b", "x-name": "Zoé", "x/y": "{{ a }}"});
        let place = |name: &str| format!("/mapping/request/headers/{name}");
        let mut found = told(json!({"headers": headers}), &settings);
        found.sort();
        assert_eq!(
            found,
            [
                (place("X-SIGNED"), "header_taken"),
                (place("x-name"), "header_not_ascii"),
                (place("x-token"), "header_taken"),
            ]
        );
        assert!(told(Value::Null, &settings).is_empty());
    }

    #[test]
    fn a_mail_has_no_request() {
        let config =
            json!({"server": "mail.example.com", "from": "a@example.com", "to": ["b@example.com"]});
        let settings = settings(Kind::Email, config, json!({"scheme": "none"}));
        let not_for_mail = ("/mapping/request".to_string(), "not_for_mail");
        assert_eq!(told(json!({"path": "/x"}), &settings), [not_for_mail]);
        assert!(told(Value::Null, &settings).is_empty());
    }

    #[test]
    fn ends_that_are_whole_or_unknown_lack_nothing() {
        let config = json!({"url": "https://example.com/***"});
        let imported = settings(Kind::Webhook, config, json!({"scheme": "none"}));
        let config = json!({"url": "https://example.com/in"});
        let whole = settings(Kind::Webhook, config, json!({"scheme": "none"}));
        let codes = |settings: Option<&Settings>| {
            let told = of_ends(None, settings);
            told.iter().map(|one| one.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(Some(&imported)), ["destination_unfinished"]);
        assert!(codes(Some(&whole)).is_empty() && codes(None).is_empty());
    }
}
