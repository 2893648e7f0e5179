//! The documents of the API as JSON Schema. Operators, functions and limits come from the tables that read them, so that nothing is told that is not so.
//!
//! Called by `openapi`. It describes; what is right or wrong with a document is said by whoever reads it.

use serde_json::{Map, Value, json};

use crate::domain::destination::request::AUTH_WORDS;
use crate::domain::filter::operator::{OPERATORS, Takes};
use crate::domain::header::HEADERS_LIMIT;
use crate::domain::mail::RECIPIENTS_LIMIT;
use crate::domain::mapping::functions::{Function, Kind, functions};
use crate::domain::mapping::request::QUERY_LIMIT;
use crate::domain::replay::{DEFAULT_PER_SECOND, PER_SECOND_LIMIT};
use crate::domain::source::{OVERLAP_LIMIT_S, ROTATION_OVERLAP_S};
use crate::domain::value::TYPE_NAMES;
use crate::flow::past::EVENTS_LIMIT;
use crate::web::api::answers::{ERROR_CODES, answers, codes_told};
use crate::web::api::schema_parts::{nullable, reference, text};

/// Every schema by its name.
pub fn schemas() -> Value {
    let mut all = Map::new();
    let documents = [resources(), questions(), rules(), destination_parts()];
    for part in documents.into_iter().chain(answers()) {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    Value::Object(all)
}

fn texts() -> Value {
    json!({"type": "array", "items": text()})
}

fn resources() -> Value {
    json!({
        "Source": {"type": "object", "required": ["name"], "properties": {
            "name": text(), "secret": {"type": "string", "writeOnly": true},
            "require_signature": {"type": "boolean", "description": "A new source requires one unless told otherwise; left out of a PUT, it stays."},
            "overlap_s": {"type": ["integer", "null"], "minimum": 0, "maximum": OVERLAP_LIMIT_S, "default": ROTATION_OVERLAP_S, "description": "How long the old secret stays accepted when a new one is given, in seconds."},
        }},
        "Destination": {"type": "object", "required": ["name", "config"], "properties": {
            "name": text(), "kind": {"enum": ["webhook", "email"], "default": "webhook", "description": "It stays what it was made as."},
            "config": {"oneOf": [reference("Config"), reference("MailConfig")]},
            "signing": {"$ref": "#/components/schemas/Signing", "description": "Left out of a PUT, it stays whole; without `scheme`, what it does not name stays."},
             "limits": reference("Limits"),
            "success": {"description": "What an answer of 2xx must say to count as delivered, as a filter over its JSON; null counts every 2xx.", "oneOf": [reference("Filter"), {"type": "null"}]},
            "notices": {"type": "boolean", "default": false, "description": "It is told when another destination begins to fail, is held or paused for it, and when it has recovered."},
        }},
        "Connection": {"type": "object", "required": ["name", "source_id", "destination_id"], "properties": {
            "name": text(), "source_id": text(), "destination_id": text(), "trigger": reference("Trigger"), "filter": nullable("Filter"),
            "mapping": nullable("Mapping"), "delivery": reference("Delivery"),
            "enabled": {"type": "boolean", "description": "A new connection is on unless told otherwise; left out of a PUT, it stays."},
            "version": {"type": "integer", "description": "Only in a PUT: the version that was read before. When it is not the present one any more, the change is refused with `changed_meanwhile`."},
        }},
    })
}

fn questions() -> Value {
    json!({
        "Replay": {"type": "object", "properties": {
            "filter": {"type": "object", "description": "The words of GET /deliveries; state may be a list. What is left out does not narrow.", "properties": {
                "state": {"type": ["string", "array"], "items": text()}, "connection_id": text(), "destination_id": text(), "event_id": text(), "event_type": text(),
                "from": {"type": "string", "description": "A time, or a date from whose beginning in UTC on."}, "to": {"type": "string", "description": "A time, or a date until whose end in UTC."}, "text": text(),
                "only_missing": {"type": "boolean", "default": false, "description": "Leave out what has arrived, still waits or is on its way, by whichever delivery of the same event and connection. Left out it narrows nothing, like every word of the filter; the page in the browser begins with it ticked."},
            }},
            "version": {"enum": ["then", "now"], "default": "then", "description": "By the version that each delivery named, or by its connection's version of today."},
            "per_second": {"type": "integer", "minimum": 1, "maximum": PER_SECOND_LIMIT, "default": DEFAULT_PER_SECOND},
            "dry_run": {"type": "boolean", "default": false, "description": "Only count: 200 with count, already_delivered, events, to_send and left_out; nothing is stored."},
        }},
        "Way": {"type": "object", "additionalProperties": false, "required": ["connection_id"], "properties": {"connection_id": text()}},
        "Resend": {"type": "object", "additionalProperties": false, "properties": {
            "version": {"enum": ["then", "now", null], "default": "then", "description": "By the version that the delivery named, or by its connection's version of today."},
        }},
        "Rotation": {"type": "object", "additionalProperties": false, "properties": {
            "secret": {"type": ["string", "null"], "writeOnly": true},
            "overlap_s": {"type": ["integer", "null"], "minimum": 0, "maximum": OVERLAP_LIMIT_S, "description": "Left out: a day, with the scheme `hex` none."},
        }},
        "Question": {"type": "object", "additionalProperties": false, "required": ["event"], "properties": {
            "event": {"type": "object", "description": "A body as Blue sends it."}, "trigger": reference("Trigger"), "filter": nullable("Filter"),
            "mapping": reference("Mapping"),
        }},
        "Trial": {"type": "object", "additionalProperties": false, "properties": {
            "trigger": reference("Trigger"), "filter": nullable("Filter"), "mapping": reference("Mapping"),
            "events": {"type": "integer", "minimum": 1, "maximum": EVENTS_LIMIT},
        }},
        "Problem": {"type": "object", "required": ["status", "code", "detail"], "properties": {
            "type": text(), "title": text(), "status": {"type": "integer"}, "code": {"enum": ERROR_CODES.map(|(code, _)| code), "description": codes_told()}, "detail": text(),
            "problems": {"type": "array", "items": {"type": "object", "properties": {
                "pointer": text(), "code": text(), "message": text(), "position": {"type": "integer"},
            }}},
        }},
    })
}

fn rules() -> Value {
    let operators: Vec<&str> = OPERATORS.iter().map(|operator| operator.id).collect();
    let names: Vec<&str> = functions().map(|function| function.id).collect();
    let group = |word: &str| json!({"type": "object", "required": [word], "properties": {word: {"type": "array", "items": reference("Filter")}}});
    json!({
        "Trigger": {"type": "object", "description": "Which events are asked about; an empty list means any.", "properties": {
            "events": texts(), "project_ids": texts(),
        }},
        "Filter": {"description": "A condition, or a group of filters of which all, any or none must hold. A group without any places no condition: every event matches.", "oneOf": [
            group("all"), group("any"), group("none"), reference("Condition"),
        ]},
        "Condition": {"type": "object", "required": ["path", "op"], "properties": {
            "path": {"type": "string", "description": "JSONPath from the event (`$.currentValue.title`); for the operators of changes from the value itself (`$.title`); inside any_item and all_items from the item, and left out for the item itself."},
            "op": {"enum": operators, "description": operators_told()},
            "value": {"description": "As the operator takes it."},
            "case_sensitive": {"type": "boolean", "default": false},
            "types": {"enum": ["auto", "strict"], "default": "auto", "description": "Whether texts that look like numbers or booleans count as these, and the other way round."},
            "zone": {"type": "string", "description": "IANA time zone that dates without one are read in, and whose days count."},
        }},
        "Mapping": {"type": "object", "required": ["mode"], "properties": {
            "mode": {"enum": ["passthrough", "fields", "template"]},
            "fields": {"type": "array", "items": reference("Field"), "description": "For `fields`."},
            "body": {"type": "string", "description": "For `template`: text with expressions in double braces, `{{ currentValue.title | upper }}`, in the syntax of Jinja; every function is a filter. `~` joins values as they are printed; `<` and `>` compare numbers, also those that are texts, by value, and do not hold where two values have no order. Where the text begins like JSON, values are escaped for the place they stand in."},
            "format": {"enum": ["json", "text"], "description": "For `template`: whether it is JSON; read from the text when left out."},
            "request": {"type": ["object", "null"], "description": "In every mode: what is added to the destination's address and headers, each a template of one line. A value that is missing or null fails the mapping, unless something stands in for it, as by `| default(\"-\")`. A mail has none of this: it is left out there, though a value that is missing fails the mapping all the same.", "properties": {
                "path": {"type": "string", "description": "Behind the destination's own path: `/pages/{{ currentValue.id }}`. Each value is encoded as one part of it; what went through `raw` may bring slashes of its own."},
                "query": {"type": "object", "additionalProperties": text(), "maxProperties": QUERY_LIMIT, "description": "By name, behind the destination's own query."},
                "headers": {"type": "object", "additionalProperties": text(), "maxProperties": HEADERS_LIMIT, "description": "By name, in the place of the destination's own of that name; its credentials and the signature stay. A value with line breaks or other control characters fails the mapping."},
            }},
        }},
        "Field": {"type": "object", "required": ["to", "from"], "properties": {
            "to": {"type": "string", "description": "Where it goes: `task.name`, `items[0].title`, `['a b'].c` or `a\\.b.c`, with or without `$` before it."},
            "from": {"type": "object", "description": "One of path (JSONPath), template (a text), value (anything).", "properties": {"path": text(), "template": text(), "value": {}}},
            "take": {"enum": ["first", "all", "one", "join"], "default": "first"},
            "separator": {"type": "string", "description": "For `join`."},
            "pipe": {"type": "array", "items": {"type": "object", "required": ["fn"], "properties": {
                "fn": {"enum": names, "description": functions_told()}, "args": {"type": "array"},
            }}},
            "when_missing": {"enum": ["null", "omit", "omit_if_empty", "fail"], "default": "null", "description": "What is done with null, and with what is not there; omit_if_empty also leaves out a text, a list or an object in which nothing is."},
        }},
        "Delivery": {"type": "object", "properties": {
            "order": {"enum": ["none", "per_record"], "default": "none"}, "max_attempts": {"type": "integer", "minimum": 1},
        }},
    })
}

fn destination_parts() -> Value {
    let secret = || json!({"type": "string", "writeOnly": true});
    json!({
        "Config": {"type": "object", "required": ["url"], "properties": {
            "url": {"type": "string", "format": "uri"}, "method": {"type": "string", "default": "POST", "description": "A GET carries no body, and what is signed of it is empty."},
            "headers": {"type": "object", "additionalProperties": text(), "description": "Shown masked; a mask that is sent back keeps the value."},
            "auth": {"type": "object", "properties": {
                "type": {"enum": AUTH_WORDS}, "username": text(), "password": secret(), "token": secret(), "name": text(), "value": secret(),
                "token_url": {"type": "string", "format": "uri", "description": "Where access tokens are asked for, by POST with the credentials in the form."},
                "client_id": text(), "client_secret": secret(), "scope": {"type": "string", "description": "Left out: the service's own, or Google's right to write spreadsheets."},
                "key": {"type": ["string", "object"], "writeOnly": true, "description": "The JSON file of a service account's key, as a text or as it is."},
            }},
            "allow_http": {"type": "boolean", "default": false},
            "final_statuses": {"type": "array", "items": {"type": "integer", "minimum": 400, "maximum": 499}, "default": [], "description": "Statuses that tell of what was sent: no other attempt follows, and the destination is not held for them. Not 408, 410, 425 and 429."},
        }},
        "MailConfig": {"type": "object", "required": ["server", "from"], "description": "For the kind `email`; a mapping makes `to`, `subject`, `text`, `html` and `reply_to`, and every other body is the text.", "properties": {
            "server": {"type": "string", "description": "Its name, without a port."}, "port": {"type": "integer", "minimum": 1, "maximum": 65_535, "description": "Left out, the usual one: 587, 465 or 25."},
            "encryption": {"enum": ["starttls", "tls", "none"], "description": "Left out: `tls` with port 465, else `starttls`."},
            "auth": {"type": "object", "properties": {"type": {"enum": ["none", "basic"]}, "username": text(), "password": secret()}},
            "from": text(), "to": {"type": "array", "items": text(), "maxItems": RECIPIENTS_LIMIT, "description": "Whom a mail goes to when the mapping names nobody."},
        }},
        "Signing": {"type": "object", "properties": {
            "scheme": {"enum": ["standard_webhooks", "hex", "none"]}, "secret": secret(), "header": {"type": "string", "description": "For `hex`."},
        }},
        "Limits": {"type": "object", "properties": {
            "concurrency": {"type": "integer", "minimum": 1}, "per_second": {"type": ["number", "null"]}, "timeout_ms": {"type": "integer", "description": "Over a whole attempt."},
        }},
    })
}

/// Each operator with what stands in `value`.
fn operators_told() -> String {
    let told = OPERATORS.iter().map(|operator| {
        let takes = match operator.takes() {
            Takes::Nothing => "no value".to_string(),
            Takes::Scalar => "a text, number or boolean".into(),
            Takes::ScalarOrList => "a text, number or boolean, or a list that has these items in whatever order".into(),
            Takes::Number => "a number".into(),
            Takes::NumberRange => "[low, high]".into(),
            Takes::List => "a list".into(),
            Takes::Regex => "a regular expression".into(),
            Takes::Date if operator.id == "after" => {
                "a date, after whose end it is, or a time".into()
            }
            Takes::Date => "a date or time".into(),
            Takes::DateRange => "[from, to], dates or times".into(),
            Takes::Span => {
                "a span: \"3 days\", \"PT2H\" or {\"amount\": 3, \"unit\": \"days\"}".into()
            }
            Takes::Type => format!("one of {}", TYPE_NAMES.join(", ")),
            Takes::Item => {
                "a filter over one item, whose paths begin at it; without a path it is about the item itself".into()
            }
            Takes::FromTo => "{\"from\": ..., \"to\": ...}".into(),
            Takes::OptionalScalar => "an id or a name, or nothing for any".into(),
        };
        format!("{}: {takes}", operator.id)
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Each function with its arguments and an example.
fn functions_told() -> String {
    let told = functions().map(|function: &Function| {
        let args = function.args.iter().map(|arg| {
            let kind = match arg.kind {
                Kind::Text => "text",
                Kind::Number => "number",
                Kind::Any => "anything",
                Kind::Regex => "regular expression",
                Kind::Zone => "time zone",
                Kind::Object => "object",
            };
            let optional = if arg.optional { "?" } else { "" };
            format!("{}{optional}: {kind}", arg.name)
        });
        let args: Vec<String> = args.collect();
        let (input, given, output) = function.example;
        format!(
            "{}({}): {} For example {input} with {given} gives {output}.",
            function.id,
            args.join(", "),
            function.summary
        )
    });
    told.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_to_a_schema() {
        let all = schemas();
        let text = all.to_string();
        let names = text.split("#/components/schemas/").skip(1);
        let mut count = 0;
        for name in names.filter_map(|rest| rest.split('"').next()) {
            assert!(all[name].is_object(), "{name}");
            count += 1;
        }
        assert!(count > 10);
    }

    #[test]
    fn every_operator_and_function_is_told() {
        let all = schemas();
        let operators = all["Condition"]["properties"]["op"]["description"].to_string();
        let pipe = &all["Field"]["properties"]["pipe"]["items"];
        let told = pipe["properties"]["fn"]["description"].to_string();
        assert!(
            OPERATORS
                .iter()
                .all(|operator| operators.contains(&format!("{}: ", operator.id)))
        );
        assert!(functions().all(|function| told.contains(&format!("{}(", function.id))));
    }
}
