//! What the domain calls things, in the reader's language: roles, signing schemes, operators, groups, functions, events as clauses, outcomes.
//!
//! The domain has the English under a stable code; here only the language is chosen. Pages of every kind call these.

use crate::domain::catalogue::clause;
use crate::domain::filter::operator::{self, Operator};
use crate::web::i18n::Key;

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
        .map(|sign| match sign.is_ascii_alphanumeric() {
            true => sign.to_ascii_lowercase(),
            false => '-',
        })
        .collect();
    told!("group-", &code, name)
}

/// What happened, to stand after "when".
pub fn event_clause(event_type: &str) -> String {
    told!("clause-", event_type, clause(event_type))
}

/// How an attempt ended, in one or two words, by the outcome's code.
pub fn outcome_word(code: &str) -> String {
    told!("outcome-word-", code, code.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::Outcome;
    use crate::domain::outcome::tests::failures;
    use crate::domain::person::Language;
    use crate::web::reader::Reader;

    #[test]
    fn every_outcome_has_a_word_in_the_readers_language() {
        let indonesian = Reader {
            language: Language::Indonesian,
            ..Reader::default()
        };
        let answered = [200, 302, 401, 404, 410, 418, 422, 503];
        let answered = answered.map(|status| Outcome::Answered { status });
        for outcome in answered.iter().chain(&failures()) {
            let code = outcome.code();
            let english = code.replace('_', " ");
            assert_eq!(outcome_word(code), english);
            indonesian.reads(|| assert_ne!(outcome_word(code), english));
        }
    }
}
