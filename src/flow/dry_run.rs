//! What would happen: the decision over any event and any rules, with its explanation. Nothing is sent or stored.
//!
//! Called by `POST /decide`, by the builder's preview, and by the log's "why not"; it asks the very function that ingest asks.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::domain::connection::{Decision, NotTriggered, Rules, Subject};
use crate::domain::destination::Settings;
use crate::domain::event::{ReadError, Reading, read};
use crate::domain::filter::explanation::Explanation;
use crate::domain::lenient;
use crate::domain::mapping::request::RequestParts;
use crate::domain::mapping::{MappingInput, Output};
use crate::outbound::exchange::Message;
use crate::outbound::request;

/// Stands for the id of a delivery that is not made.
const REHEARSED_ID: &str = "00000000-0000-7000-8000-000000000000";

/// What was decided, without what comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    Deliver,
    Skip,
    Fail,
}

/// What a dry run answers, in the API's shape.
#[derive(Debug, Clone, Serialize)]
pub struct DryRun {
    pub decision: Ruling,
    pub explanation: Explanation,
    /// Why the trigger did not even ask the filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_triggered: Option<NotTriggered>,
    /// What would be sent, read as JSON, or as a text when it is none.
    pub output: Option<Value>,
    /// The exact text that would be sent.
    pub body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What would be added to the destination's address and headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Box<RequestParts>>,
    pub error: Option<DryRunError>,
}

/// Why the mapping failed.
#[derive(Debug, Clone, Serialize)]
pub struct DryRunError {
    pub code: &'static str,
    pub message: String,
    pub path: String,
}

/// Decides over `body` as if it had been received at `received_at`.
pub fn dry_run(rules: &Rules, body: &[u8], received_at: Timestamp) -> Result<DryRun, ReadError> {
    let (facts, document) = match read(body)? {
        Reading::Event { facts, document } => (facts, document),
        Reading::HealthCheck => return Err(ReadError::HealthCheck),
    };
    let subject = Subject {
        facts: &facts,
        document: &document,
        body,
        received_at,
    };
    let mut run = DryRun {
        decision: Ruling::Deliver,
        explanation: rules
            .explain(&subject)
            .unwrap_or_else(Explanation::no_filter),
        not_triggered: None,
        output: None,
        body: None,
        content_type: None,
        request: None,
        error: None,
    };
    match rules.decide(&subject) {
        Decision::NotTriggered(reason) => {
            run.decision = Ruling::Skip;
            run.not_triggered = Some(reason);
        }
        Decision::Skip => run.decision = Ruling::Skip,
        Decision::Fail(error) => {
            run.decision = Ruling::Fail;
            run.error = Some(DryRunError {
                code: error.code,
                message: error.message,
                path: error.path,
            });
        }
        Decision::Deliver(output) => {
            run.output = Some(read_back(&output));
            run.body = Some(String::from_utf8_lossy(&output.body).into_owned());
            run.content_type = Some(output.content_type.into_owned());
            run.request = output.request;
        }
    }
    Ok(run)
}

/// A body read as JSON, or as a text when it is none.
pub fn read_back(output: &Output) -> Value {
    lenient::document(&output.body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&output.body)))
}

/// The head of the request that a delivery with this body would make, secrets masked: its first line and its headers. Id and time, which are made anew
/// for each delivery, stand for ones to come. The sentence says why it cannot be made.
pub fn rehearse(
    settings: &Settings,
    body: &str,
    content_type: &str,
    parts: Option<&RequestParts>,
    now: Timestamp,
) -> Result<(String, Vec<(String, String)>), String> {
    let message = Message {
        id: REHEARSED_ID,
        attempt: 1,
        timestamp_s: now.as_second(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        content_type,
        request: parts,
    };
    request::rehearse(settings, &message)
}

/// The body that a delivery of this event carries, whatever the filter says: a person may have resent it. The mapping's sentence when it fails.
pub fn body_of(rules: &Rules, body: &[u8]) -> Result<Output, String> {
    match read(body) {
        Ok(Reading::Event { document, .. }) => rules
            .mapping()
            .apply(&MappingInput {
                document: &document,
                body,
            })
            .map_err(|error| error.to_string()),
        Ok(Reading::HealthCheck) => Err("The event is a health check.".into()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_with_half_a_character_is_shown_as_the_document_it_is() {
        let document = json!({"mapping": {"mode": "passthrough"}});
        let rules = Rules::compile(&serde_json::from_value(document).unwrap()).unwrap();
        let body = br#"{"event": "E", "currentValue": {"title": "a\ud83d"}}"#;
        let run = dry_run(&rules, body, Timestamp::UNIX_EPOCH).unwrap();
        let output = run.output.unwrap();
        assert_eq!(output["currentValue"]["title"], "a\u{fffd}");
        assert_eq!(run.body.unwrap().as_bytes(), body);
    }
}
