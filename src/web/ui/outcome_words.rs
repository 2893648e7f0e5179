//! How an attempt ended, what to do about it, and why a destination is paused, in the reader's language.
//!
//! The domain's sentences are the English ones and what is stored; other languages have theirs by the outcome's code. What a remote side or a
//! library said stays as it was said.

use crate::domain::outcome::Outcome;

/// What happened, in one sentence.
pub fn sentence(outcome: &Outcome) -> String {
    let english = outcome.sentence();
    match outcome {
        Outcome::Answered { status: 410 } => told!("outcome-", "gone", english),
        Outcome::Answered { status } => {
            told!(
                "outcome-",
                outcome.code(),
                english,
                status = status.to_string()
            )
        }
        Outcome::TimedOut { after_ms } => {
            told!("outcome-", outcome.code(), english, after = *after_ms)
        }
        Outcome::RefusedAddress { reason }
        | Outcome::DnsFailed { reason }
        | Outcome::CouldNotConnect { reason }
        | Outcome::TlsFailed { reason }
        | Outcome::ConnectionBroke { reason }
        | Outcome::ResponseTooLarge { reason }
        | Outcome::InvalidRequest { reason } => {
            told!("outcome-", outcome.code(), english, reason = reason)
        }
    }
}

/// What a person can do about it; empty when there is nothing to do.
pub fn advice(outcome: &Outcome) -> String {
    let english = outcome.advice();
    let code = match outcome {
        _ if english.is_empty() => return String::new(),
        Outcome::Answered { status: 401 | 403 } => "credentials",
        Outcome::Answered { status: 404 } => "url",
        Outcome::Answered { status: 410 } => "gone",
        Outcome::Answered { status: 400 | 422 } => "body",
        Outcome::Answered {
            status: 408 | 425 | 429 | 500..=599,
        }
        | Outcome::ConnectionBroke { .. } => "passes",
        Outcome::Answered { status: 300..=399 } => "redirected",
        Outcome::Answered { .. } => "answer",
        other => other.code(),
    };
    told!("outcome-advice-", code, english)
}

/// One or two words for a code.
pub fn word(code: &str) -> String {
    told!("outcome-word-", code, code.replace('_', " "))
}

/// A stored sentence about an outcome, a pause or a giving up; any other text as it is.
pub fn retold(stored: &str) -> String {
    let named = |before: &str| stored.strip_prefix(before)?.strip_suffix('.');
    if let Some(outcome) = Outcome::from_sentence(stored) {
        sentence(&outcome)
    } else if let Some(last) = stored.strip_prefix("It kept failing. Last: ") {
        told!("outcome-", "kept_failing", stored, last = retold(last))
    } else if stored == "It answered 410: gone." {
        told!("outcome-", "paused_gone", stored)
    } else if let Some(name) = named("Paused by ") {
        told!("outcome-", "paused_by", stored, name = name)
    } else if let Some(name) = named("Given up by ") {
        told!("outcome-", "given_up_by", stored, name = name)
    } else {
        stored.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Language;
    use crate::web::reader::Reader;

    #[test]
    fn every_outcome_is_told_in_the_readers_language_and_stored_ones_too() {
        let indonesian = Reader {
            language: Language::Indonesian,
            ..Reader::default()
        };
        let reason = || "no such host".to_string();
        for outcome in [
            Outcome::Answered { status: 200 },
            Outcome::Answered { status: 302 },
            Outcome::Answered { status: 401 },
            Outcome::Answered { status: 404 },
            Outcome::Answered { status: 410 },
            Outcome::Answered { status: 418 },
            Outcome::Answered { status: 422 },
            Outcome::Answered { status: 503 },
            Outcome::RefusedAddress { reason: reason() },
            Outcome::DnsFailed { reason: reason() },
            Outcome::CouldNotConnect { reason: reason() },
            Outcome::TlsFailed { reason: reason() },
            Outcome::TimedOut { after_ms: 10_000 },
            Outcome::ConnectionBroke { reason: reason() },
            Outcome::ResponseTooLarge { reason: reason() },
            Outcome::InvalidRequest { reason: reason() },
        ] {
            let english = outcome.sentence();
            assert_eq!(sentence(&outcome), english);
            assert_eq!(retold(&english), english);
            assert_eq!(advice(&outcome), outcome.advice());
            indonesian.reads(|| {
                assert_ne!(sentence(&outcome), english);
                assert_eq!(retold(&english), sentence(&outcome));
                assert!(outcome.advice().is_empty() || advice(&outcome) != outcome.advice());
                assert_ne!(word(outcome.code()), outcome.code().replace('_', " "));
            });
        }
        indonesian.reads(|| {
            assert_eq!(
                retold("Paused by Ada Lovelace."),
                "Dijeda oleh Ada Lovelace."
            );
            let held = "It kept failing. Last: Refused: the destination answered 503.";
            assert!(retold(held).ends_with("Ditolak: tujuan menjawab 503."));
            assert_eq!(retold("Something else."), "Something else.");
        });
    }
}
