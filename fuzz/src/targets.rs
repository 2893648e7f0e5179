//! What must hold for any bytes at all: nothing panics, overflows or hangs, limits are kept, and what was accepted once is accepted again.
//!
//! Run by cargo-fuzz over `fuzz/seeds`, and by `tests/it/fuzz.rs` on every change.

use bluebridge::domain::event::{Reading, read};
use bluebridge::domain::filter::{Filter, Input};
use bluebridge::domain::mapping::{Mapping, MappingInput, OUTPUT_LIMIT_BYTES};
use bluebridge::domain::path::{Path, RESULT_LIMIT_NODES};
use bluebridge::domain::retry::parse_retry_after;
use bluebridge::domain::secret::Secret;
use bluebridge::domain::signature::{Scheme, likely_reason, sign, verify, verify_standard};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A document to search and to map.
fn document() -> Value {
    json!({
        "event": "TODO_UPDATED",
        "currentValue": {"id": "1", "title": "Größe \u{1f600} \"x\"\n", "done": true, "n": 9_007_199_254_740_993_u64, "f": -1.5e-7,
            "tags": [{"id": "t1", "title": "a"}, {"id": "t2", "title": "b"}], "empty": [], "nothing": null, "at": "2026-11-24T08:00:00Z"},
        "previousValue": {"title": "old", "tags": [{"id": "t1", "title": "a"}], "n": 2},
    })
}

/// The event reader: any body.
pub fn event(data: &[u8]) {
    match read(data) {
        Ok(Reading::Event { facts, document }) => {
            assert!(document.is_object() && !facts.event_type.is_empty());
            let Ok(Reading::Event { facts: again, .. }) = read(data) else {
                panic!("read differently the second time");
            };
            assert_eq!(facts, again);
        }
        Ok(Reading::HealthCheck) => {}
        Err(error) => assert!(!error.code().is_empty() && !error.to_string().contains('\n')),
    }
}

/// The signature header: the first line is the header, the rest the body. Nothing but the right signature is taken.
pub fn signature(data: &[u8]) {
    let cut = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    let (header, body) = data.split_at(cut);
    let header = String::from_utf8_lossy(header);
    let secret = Secret::new("a secret");
    let right = sign(Scheme::Hex, &[&secret], None, "", 0, body).pop();
    let right = right.map(|(_, value)| value).unwrap_or_default();
    let bare = header
        .trim()
        .strip_prefix("sha256=")
        .unwrap_or(header.trim());
    let accepted = verify(body, &[&header], &[&secret]);
    assert_eq!(accepted.is_ok(), bare.eq_ignore_ascii_case(&right));
    if let Err(problem) = accepted {
        let _ = likely_reason(body, &[&header], &[&secret], problem);
    }
    assert!(verify(body, &[&right], &[&secret]).is_ok());
    assert!(verify(body, &[&header], &[]).is_err());
    assert!(verify_standard(&secret, "id", &header, &header, body, 0).is_err());
}

/// A filter document.
pub fn filter(data: &[u8]) {
    let Ok(written) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let Ok(filter) = Filter::parse(&written) else {
        return;
    };
    let document = document();
    let input = Input {
        document: &document,
        reference_time: Timestamp::UNIX_EPOCH,
    };
    let explanation = filter.evaluate(&input);
    assert_eq!(filter.matches(&input), explanation.passed());
    let _ = (explanation.sentence(), explanation.tally());
}

/// A mapping document.
pub fn mapping(data: &[u8]) {
    let Ok(written) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let Ok(mapping) = Mapping::parse(&written) else {
        return;
    };
    let document = document();
    let body = document.to_string();
    let input = MappingInput {
        document: &document,
        body: body.as_bytes(),
    };
    let once = mapping.apply(&input);
    if let Ok(output) = &once {
        assert!(output.body.len() <= OUTPUT_LIMIT_BYTES);
        let again = mapping.apply(&input).map(|output| output.body);
        assert_eq!(
            again.as_ref().ok(),
            Some(&output.body),
            "a retry must send the same"
        );
    }
    let _ = mapping.preview(&document);
}

/// A JSONPath.
pub fn path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(path) = Path::parse(text) else {
        return;
    };
    let document = document();
    if let Ok(found) = path.find(&document) {
        assert!(found.len() <= RESULT_LIMIT_NODES);
        assert!(!path.is_singular() || found.len() <= 1);
    }
    assert!(
        Path::parse(&path.to_string()).is_ok(),
        "{path} was accepted once"
    );
}

/// A Retry-After header.
pub fn retry_after(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(wait) = parse_retry_after(&text, Timestamp::UNIX_EPOCH) {
        assert!(wait >= SignedDuration::ZERO && wait <= SignedDuration::from_hours(24));
    }
}

/// The text of a template: as JSON it gives JSON or an error, whatever the event holds.
pub fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for format in ["json", "text"] {
        let written = json!({"mode": "template", "body": text, "format": format});
        let Ok(mapping) = Mapping::parse(&written) else {
            continue;
        };
        let document = document();
        let input = MappingInput {
            document: &document,
            body: b"{}",
        };
        if let Ok(output) = mapping.apply(&input) {
            assert!(output.body.len() <= OUTPUT_LIMIT_BYTES);
            assert!(
                format == "text"
                    || serde_json::from_slice::<serde::de::IgnoredAny>(&output.body).is_ok()
            );
        }
    }
}
