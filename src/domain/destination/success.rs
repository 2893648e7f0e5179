//! A success rule: what an answer of 2xx must say to count as delivered.
//!
//! Services that answer 200 whatever happened (GraphQL, chat APIs with `"ok": false`) are judged by what they write. The rule is a filter over the answer's
//! JSON, read with the destination's settings; `outbound` asks [`SuccessRule::objection`] once an answer of 2xx was read. It never makes a success of
//! another status, and an answer that it cannot read is none: rather sent twice than taken for delivered.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::filter::explanation::Explanation;
use crate::domain::filter::nearest::nearest_miss;
use crate::domain::filter::{About, Filter, Input};
use crate::domain::lenient;
use crate::domain::problem::Problem;

/// Decompressed bytes of an answer that a rule is asked about.
pub const ANSWER_LIMIT_BYTES: usize = 256 * 1024;

/// Conditions in one rule: it is asked within the attempt's time.
const CONDITIONS_LIMIT: usize = 20;

/// What some servers put before their JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What an answer must say.
#[derive(Debug, Clone)]
pub struct SuccessRule {
    /// As a person wrote it.
    document: Value,
    filter: Filter,
}

impl PartialEq for SuccessRule {
    fn eq(&self, other: &SuccessRule) -> bool {
        self.document == other.document
    }
}

impl SuccessRule {
    /// Reads the filter; `None` when it asks for nothing, so that every 2xx counts.
    pub(super) fn parse(document: &Value) -> Result<Option<SuccessRule>, Vec<Problem>> {
        if document.is_null() {
            return Ok(None);
        }
        let filter = Filter::parse(document).map_err(at_success)?;
        let conditions = filter.conditions();
        if conditions > CONDITIONS_LIMIT {
            let message = format!("A success rule may have {CONDITIONS_LIMIT} conditions.");
            return Err(vec![Problem::new("/success", "too_many", message)]);
        }
        Ok((conditions > 0).then(|| SuccessRule {
            document: document.clone(),
            filter,
        }))
    }

    /// The rule as it was written.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// What nobody can mean although it can be read.
    pub(super) fn unfit(&self) -> Vec<Problem> {
        at_success(self.filter.unfit(About::Answer))
    }

    /// Why this answer is no success, as the end of a sentence; `None` for one that is. Relative dates count from `received_at`.
    pub fn objection(
        &self,
        answer: &[u8],
        is_whole: bool,
        received_at: Timestamp,
    ) -> Option<String> {
        if !is_whole {
            return Some(format!(
                "its answer broke off or is longer than {ANSWER_LIMIT_BYTES} bytes, so its success rule could not be asked."
            ));
        }
        let answer = answer.strip_prefix(BYTE_ORDER_MARK).unwrap_or(answer);
        let Ok(document) = lenient::document(answer) else {
            return Some("its answer is not JSON, which its success rule asks about.".into());
        };
        let input = Input {
            document: &document,
            reference_time: received_at,
        };
        let holds = self.filter.matches(&input);
        (!holds).then(|| told(&self.filter.evaluate(&input)))
    }
}

/// Names the place that stood in the way; of several, the first. What stands there is not repeated: the sentence goes into the log and the
/// destination's health, and the answer into the attempt alone.
fn told(explanation: &Explanation) -> String {
    match nearest_miss(explanation).first() {
        Some(miss) => format!(
            "its answer does not say at {} what its success rule asks for.",
            miss.path
        ),
        None => "its answer is no success by its success rule.".into(),
    }
}

fn at_success(problems: Vec<Problem>) -> Vec<Problem> {
    problems
        .into_iter()
        .map(|problem| problem.within("/success"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn objection(rule: Value, answer: &str) -> Option<String> {
        let rule = SuccessRule::parse(&rule).unwrap().unwrap();
        assert_eq!(rule.unfit(), []);
        rule.objection(answer.as_bytes(), true, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_answer_is_a_success_when_the_rule_holds_and_says_where_it_does_not() {
        let ok = || json!({"path": "$.ok", "op": "is_true"});
        assert_eq!(objection(ok(), r#"{"ok": true}"#), None);
        let said = |rule, answer| objection(rule, answer).unwrap();
        let at_ok = "its answer does not say at $.ok what";
        assert!(said(ok(), r#"{"ok": false}"#).starts_with(at_ok));
        assert!(said(ok(), r#"{"error": "x"}"#).starts_with(at_ok));
        assert!(said(ok(), "ok").contains("not JSON"));
        assert!(said(ok(), "").contains("not JSON"));
        let no_errors = json!({"all": [{"path": "$.data", "op": "exists"}, {"path": "$.errors", "op": "missing"}]});
        assert_eq!(objection(no_errors.clone(), r#"{"data": {}}"#), None);
        let answer = r#"{"data": null, "errors": [{"message": "no"}]}"#;
        assert!(said(no_errors, answer).contains(" at $.errors "));
        // Half a character and the mark of an encoding are read past, as in events.
        assert_eq!(objection(ok(), r#"{"ok": true, "title": "a\ud83d"}"#), None);
        assert_eq!(objection(ok(), "\u{feff}{\"ok\": true}"), None);
    }

    #[test]
    fn an_answer_that_was_not_read_to_its_end_is_no_success() {
        let rule = SuccessRule::parse(&json!({"path": "$.ok", "op": "is_true"}));
        let rule = rule.unwrap().unwrap();
        let objection = rule.objection(br#"{"ok": true}"#, false, Timestamp::UNIX_EPOCH);
        assert!(objection.unwrap().contains("could not be asked"));
    }

    #[test]
    fn what_cannot_be_asked_of_an_answer_is_refused_at_its_place() {
        for nothing in [
            Value::Null,
            json!({"all": []}),
            json!({"all": [{"none": []}]}),
        ] {
            assert_eq!(SuccessRule::parse(&nothing), Ok(None));
        }
        let mixed = json!({"all": [], "any": [{"path": "$.ok", "op": "is_true"}]});
        assert_eq!(
            SuccessRule::parse(&mixed).unwrap_err()[0].code,
            "mixed_group"
        );
        let many = json!({"all": vec![json!({"path": "$.ok", "op": "is_true"}); 21]});
        assert_eq!(SuccessRule::parse(&many).unwrap_err()[0].code, "too_many");
        let refused = SuccessRule::parse(&json!({"all": [{"path": "$.ok", "op": "is_ture"}]}));
        assert_eq!(refused.unwrap_err()[0].pointer, "/success/all/0/op");
        let rule = SuccessRule::parse(&json!({"any": [{"path": "$.ok", "op": "changed"}]}));
        let unfit = rule.unwrap().unwrap().unfit();
        assert_eq!(
            (unfit[0].pointer.as_str(), unfit[0].code),
            ("/success/any/0/op", "no_before")
        );
    }
}
