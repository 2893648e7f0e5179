//! What the domain calls things, in the reader's language: roles, signing schemes, operators, groups, functions, events, causes, outcomes.
//!
//! The domain has the English under a stable code; here only the language is chosen. Pages of every kind call these.

use crate::domain::catalogue::{
    CatalogueEvent, EVENTS, clause, find_by_either_name, label, tidied,
};
use crate::domain::delivery::Cause;
use crate::domain::filter::operator::{self, Operator};
use crate::domain::person::Language;
use crate::domain::problem::nearest;
use crate::web::i18n::Key;
use crate::web::reader::Reader;

/// How a destination's requests may be signed, the usual way first.
pub const SCHEMES: [(&str, Key); 3] = [
    ("standard_webhooks", key!("destinations-scheme-standard")),
    ("hex", key!("destinations-scheme-hex")),
    ("none", key!("destinations-none")),
];

/// A role, by its word.
pub fn role_word(word: &str) -> String {
    match word {
        "owner" => t!("settings-role-owner"),
        "editor" => t!("settings-role-editor"),
        _ => t!("settings-role-viewer"),
    }
}

/// An operator, to stand between a field and its value.
pub fn operator_label(operator: &Operator) -> String {
    told!("operator-", operator.id, operator.label)
}

/// The same by its id; the id itself when there is no such operator.
pub fn operator_called(id: &str) -> String {
    operator::find(id).map_or_else(|| id.to_string(), operator_label)
}

/// The heading of a group of events, operators, functions or starting points.
pub fn group_name(name: &str) -> String {
    let code: String = name
        .chars()
        .map(|sign| {
            if sign.is_ascii_alphanumeric() {
                sign.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    told!("group-", &code, name)
}

/// What happened, to stand after "when".
pub fn event_clause(event_type: &str) -> String {
    told!("clause-", known_name(event_type), clause(event_type))
}

/// How an attempt ended, in one or two words, by the outcome's code.
pub fn outcome_word(code: &str) -> String {
    told!("outcome-word-", code, code.replace('_', " "))
}

/// The status, where it tells how an attempt ended: an answer of 2xx that was not accepted, and a mail server's, are told by their words.
pub fn telling_status<Status>(code: &str, status: Option<Status>) -> Option<Status> {
    status.filter(|_| !["not_accepted", "mail_refused"].contains(&code))
}

/// What an event is called, whichever of its names it came by.
pub fn event_label(event_type: &str) -> String {
    told!("catalogue-", known_name(event_type), label(event_type))
}

/// What the events of the catalogue are called, in its order.
pub fn event_labels() -> Vec<String> {
    EVENTS.iter().map(|event| event_label(event.id)).collect()
}

/// The name that the catalogue has the event under.
fn known_name(event_type: &str) -> &str {
    find_by_either_name(event_type).map_or(event_type, |event| event.id)
}

/// The event that somebody calls so: by Blue's name or by ours, in any language, for an address may come from somebody who reads another, and in any
/// case. Other names are as they are.
pub fn event_type_called(name: &str) -> String {
    let called = name.trim().to_lowercase();
    let is_meant = |event: &&CatalogueEvent| {
        let mut labels = Language::ALL.iter().map(|language| {
            let reader = Reader {
                language: *language,
                ..Reader::default()
            };
            reader.reads(|| event_label(event.id))
        });
        event.id.to_lowercase() == called || labels.any(|label| label.to_lowercase() == called)
    };
    let meant = EVENTS.iter().find(is_meant);
    meant.map_or_else(|| tidied(name).into_owned(), |event| event.id.to_string())
}

/// Of events that the catalogue does not have, what to look out for, each as a sentence. Blue may send them, or somebody mistyped a name.
pub fn unheard_of(events: &[String]) -> Vec<String> {
    let unknown = events.iter().filter(|id| find_by_either_name(id).is_none());
    let sentence = |id: &String| match event_nearest(id) {
        Some(near) => t!("builder-unknown-event-near", name = id, near = near),
        None => t!("builder-unknown-event", name = id),
    };
    unknown.map(sentence).collect()
}

/// The event of the catalogue whose name, or for words whose label, is written nearly so.
fn event_nearest(name: &str) -> Option<String> {
    let labels = event_labels();
    let near = if name.contains(' ') {
        nearest(name, labels.iter().map(String::as_str))
    } else {
        nearest(&name.to_uppercase(), EVENTS.iter().map(|event| event.id))
    };
    near.map(str::to_string)
}

/// Why a delivery was made, when it is not for its event alone.
pub fn cause_word(cause: Cause) -> Option<String> {
    match cause {
        Cause::Event => None,
        Cause::Resend => Some(t!("shared-cause-resend")),
        Cause::Replay => Some(t!("shared-cause-replay")),
        Cause::Test => Some(t!("shared-cause-test")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::Outcome;
    use crate::domain::outcome::tests::failures;

    #[test]
    fn events_that_nobody_knows_are_told_with_the_nearest_one() {
        let near = |name: &str| {
            let said = unheard_of(&[name.to_string()]).pop()?;
            Some(said.split_once("mean ")?.1.split_once('?')?.0.to_string())
        };
        assert_eq!(near("TODO_CREATD").as_deref(), Some("TODO_CREATED"));
        assert_eq!(near("todo_moved_").as_deref(), Some("TODO_MOVED"));
        assert_eq!(near("Coment edited").as_deref(), Some("Comment edited"));
        assert_eq!(near("XYZZY"), None);
        assert!(unheard_of(&["RECORD_CREATED".to_string()]).is_empty());
        let events = ["TODO_CREATED", "XYZZY"].map(str::to_string);
        assert_eq!(unheard_of(&events).len(), 1);
    }

    #[test]
    fn every_outcome_has_a_word_in_the_readers_language() {
        let indonesian = Reader {
            language: Language::Indonesian,
            ..Reader::default()
        };
        let answered = [200, 302, 401, 404, 410, 418, 422, 503];
        let answered = answered.map(Outcome::answered);
        for outcome in answered.iter().chain(&failures()) {
            let code = outcome.code();
            let english = code.replace('_', " ");
            assert_eq!(outcome_word(code), english);
            indonesian.reads(|| assert_ne!(outcome_word(code), english));
        }
    }
}
