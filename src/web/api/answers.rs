//! What the API answers, as JSON Schema, and the codes of its errors. `tests/it/answers.rs` compares the schemas with what a running bridge answers,
//! member by member; a member that is in `required` is always there, and may be null where its type says so.

use serde_json::{Map, Value, json};

use crate::domain::delivery::{Cause, State};
use crate::domain::destination::request::AUTH_WORDS;
use crate::domain::replay::ReplayState;
use crate::store::waiting::BACKLOG_LIMIT;
use crate::web::api::schema_parts::{nullable, reference, text};

/// Codes of problem details, which stay the same, and what each means.
pub(super) const ERROR_CODES: [(&str, &str); 30] = [
    (
        "bad_cursor",
        "The cursor is not the `next_cursor` of a page.",
    ),
    (
        "bad_idempotency_key",
        "The Idempotency-Key is empty or too long.",
    ),
    ("bad_limit", "The limit is out of range."),
    (
        "bad_query",
        "A parameter of the query is unknown or cannot be read.",
    ),
    ("body_broke_off", "The request's body broke off."),
    (
        "busy",
        "The store cannot take more now; come again shortly.",
    ),
    (
        "changed_meanwhile",
        "Somebody else changed it at the same time.",
    ),
    ("conflict", "It does not go together with what is there."),
    (
        "encoded_body",
        "Bodies are taken without a content encoding.",
    ),
    ("forbidden", "The token's role is not enough."),
    (
        "health_check",
        "The event to decide over is Blue's health check.",
    ),
    (
        "idempotency_key_in_use",
        "A request with this key is under way.",
    ),
    (
        "idempotency_key_reused",
        "The key was used for another request.",
    ),
    (
        "internal",
        "Something failed on the server; its log says what.",
    ),
    (
        "invalid",
        "The document cannot be accepted; `problems` says where and why.",
    ),
    (
        "method_not_allowed",
        "The address does not take this method.",
    ),
    ("no_event_name", "The event to decide over has no name."),
    ("no_such_route", "There is no such address."),
    (
        "not_an_object",
        "The event to decide over is no JSON object.",
    ),
    ("not_found", "There is no such thing."),
    ("not_json", "The body is not JSON."),
    ("not_stored", "It cannot be stored now; come again shortly."),
    ("not_working", "The server does not work at the moment."),
    ("text_too_long", "The text that is looked for is too long."),
    ("too_deep", "The event to decide over is nested too deeply."),
    ("too_large", "The body is too large."),
    ("too_slow", "The body came too slowly."),
    ("unauthorized", "There is no valid token."),
    (
        "unknown_actor_kind",
        "`actor_kind` is none of the known ones.",
    ),
    ("unknown_state", "`state` is none of the known ones."),
];

/// What an operation answers when it succeeds; `None` when it answers nothing.
pub(super) fn answer(method: &str, path: &str) -> Option<Value> {
    let one = |schema| Some(reference(schema));
    let list = |schema| Some(list_of(schema));
    match (method, path) {
        ("delete", _) => None,
        ("get", "/sources") => list("SourceAnswer"),
        ("get", "/destinations") => list("DestinationAnswer"),
        ("get", "/connections") => list("ConnectionAnswer"),
        ("get", "/connections/{id}/versions") => list("VersionAnswer"),
        ("get", "/events") => list("EventSummary"),
        ("get", "/deliveries") => list("DeliverySummary"),
        ("get", "/replays") => list("ReplayAnswer"),
        ("get", "/audit") => list("AuditEntry"),
        ("get", "/events/{id}") => one("EventAnswer"),
        ("post", "/decide") => one("Decision"),
        ("post", "/connections/{id}/dry-run") => one("Comparison"),
        ("post", "/destinations/{id}/test") => one("TestAnswer"),
        ("post", "/events/{id}/send") => one("DeliveryAnswer"),
        (_, path) if path.starts_with("/sources") => one("SourceAnswer"),
        (_, path) if path.starts_with("/destinations") => one("DestinationAnswer"),
        (_, path) if path.starts_with("/connections") => one("ConnectionAnswer"),
        (_, path) if path.starts_with("/deliveries") => one("DeliveryAnswer"),
        (_, path) if path.starts_with("/replays") => one("ReplayAnswer"),
        _ => None,
    }
}

/// Every schema of an answer by its name.
pub(super) fn answers() -> Vec<Value> {
    vec![made(), came_in(), went_out(), replayed(), decided()]
}

fn list_of(schema: &str) -> Value {
    let data = json!({"type": "array", "items": reference(schema)});
    object(
        json!({"data": data, "next_cursor": maybe_text()}),
        json!({}),
    )
}

/// Members that are always there, and members that may be.
fn object(required: Value, optional: Value) -> Value {
    let mut properties = Map::new();
    let mut names = Vec::new();
    if let Value::Object(members) = required {
        names.extend(members.keys().cloned());
        properties.extend(members);
    }
    if let Value::Object(members) = optional {
        properties.extend(members);
    }
    json!({"type": "object", "required": names, "properties": properties})
}

fn with(mut base: Value, more: Value, optional: Value) -> Value {
    let more = object(more, optional);
    if let (Some(names), Some(added)) =
        (base["required"].as_array_mut(), more["required"].as_array())
    {
        names.extend(added.iter().cloned());
    }
    if let (Some(all), Some(added)) = (
        base["properties"].as_object_mut(),
        more["properties"].as_object(),
    ) {
        all.extend(added.clone());
    }
    base
}

fn maybe_text() -> Value {
    json!({"type": ["string", "null"]})
}

fn id() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn maybe_id() -> Value {
    json!({"type": ["string", "null"], "format": "uuid"})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn maybe_time() -> Value {
    json!({"type": ["string", "null"], "format": "date-time"})
}

fn number() -> Value {
    json!({"type": "integer"})
}

fn truth() -> Value {
    json!({"type": "boolean"})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn maybe(schema: Value) -> Value {
    json!({"oneOf": [schema, {"type": "null"}]})
}

fn state() -> Value {
    let states: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    json!({"enum": states})
}

fn outcome() -> Value {
    object(
        json!({"code": text(), "status": {"type": ["integer", "null"]}, "sentence": text(), "advice": text()}),
        json!({}),
    )
}

fn rules() -> Value {
    json!({
        "trigger": reference("Trigger"), "filter": nullable("Filter"), "mapping": reference("Mapping"), "delivery": reference("Delivery"),
    })
}

/// What people make: sources, destinations, connections and their versions, and the notes of who did.
fn made() -> Value {
    let signature_problem = object(
        json!({"code": text(), "message": text(), "last_at": time(), "count": number(), "current": truth()}),
        json!({}),
    );
    let auth = object(
        json!({"type": {"enum": AUTH_WORDS}}),
        json!({
            "username": text(), "password_set": truth(), "token_set": truth(), "name": text(), "value_set": truth(), "scope": text(),
            "token_url": text(), "client_id": text(), "client_secret_set": truth(), "client_email": text(), "key_set": truth(),
        }),
    );
    let config = object(
        json!({
            "url": {"type": "string", "description": "Values of the query and parts of the path that may be secrets are masked."}, "method": text(),
            "headers": {"type": "object", "additionalProperties": {"const": "***"}}, "auth": auth, "allow_http": truth(), "final_statuses": {"type": "array", "items": number()},
        }),
        json!({}),
    );
    let mail_config = object(
        json!({
            "server": text(), "port": number(), "encryption": {"enum": ["starttls", "tls", "none"]}, "auth": auth, "from": text(),
            "to": {"type": "array", "items": text()},
        }),
        json!({}),
    );
    let config = json!({"oneOf": [config, mail_config]});
    let signing = object(
        json!({"scheme": {"enum": ["standard_webhooks", "hex", "none"]}}),
        json!({
            "header": text(), "secret_set": truth(), "previous_secret_until": time(),
            "secret": {"type": "string", "description": "Once, in the answer to what made it."},
        }),
    );
    let limits = object(
        json!({"concurrency": number(), "per_second": {"type": ["number", "null"]}, "timeout_ms": number()}),
        json!({}),
    );
    let health = object(
        json!({
            "state": {"enum": ["ok", "failing", "held", "paused"]}, "failing_since": maybe_time(), "last_failure": maybe_text(),
            "paused_at": maybe_time(), "paused_reason": maybe_text(), "next_probe_at": maybe_time(),
        }),
        json!({}),
    );
    let mut waiting = object(
        json!({"count": number(), "at_least": truth(), "oldest_at": maybe_time()}),
        json!({}),
    );
    waiting["description"] = json!(format!(
        "What waits by now, in the answer for one destination; counting ends at {BACKLOG_LIMIT} that wait for their time and as many that are held, and `oldest_at` is of those counted."
    ));
    let actor = object(
        json!({
            "kind": {"enum": ["person", "token", "command_line", "nobody"]}, "id": maybe_text(), "name": maybe_text(), "address": maybe_text(),
        }),
        json!({}),
    );
    let saved_by = object(
        json!({"kind": {"enum": ["person", "token", "command_line", "nobody"]}, "name": text()}),
        json!({}),
    );
    let noted = object(json!({"kind": text(), "id": maybe_text()}), json!({}));
    let warning = object(
        json!({"pointer": text(), "code": text(), "message": text()}),
        json!({}),
    );
    let warnings = json!({
        "type": "array", "items": warning,
        "description": "What is to be thought of, as things are now: `source_needs_secret`, `destination_unfinished`, `not_for_mail` (a request that a mail has not), `header_taken` (by credentials or the signature), `header_not_ascii`. Nothing of it refuses a save.",
    });
    json!({
        "SourceAnswer": object(json!({
            "id": id(), "name": text(), "token": text(), "url": text(), "require_signature": truth(), "secret_set": truth(),
            "previous_secret_until": maybe_time(), "last_heard_at": maybe_time(), "secret_used_at": maybe_time(), "previous_secret_used_at": maybe_time(), "signature_problem": maybe(signature_problem),
            "created_at": time(), "updated_at": time(),
        }), json!({})),
        "DestinationAnswer": object(json!({
            "id": id(), "name": text(), "kind": {"enum": ["webhook", "email"]}, "config": config, "signing": signing, "limits": limits, "success": nullable("Filter"),
            "notices": truth(), "left_out": {"type": "array", "items": text(), "description": "Pointers to what an import left out; nothing is sent until it is entered."},
            "health": health, "created_at": time(), "updated_at": time(),
        }), json!({"waiting": waiting})),
        "TestAnswer": object(json!({
            "at": time(), "arrived": truth(), "duration_ms": number(), "outcome": outcome(), "response_body": text(),
        }), json!({})),
        "ConnectionAnswer": with(object(json!({
            "id": id(), "name": text(), "source_id": id(), "destination_id": id(), "enabled": truth(), "version": number(), "version_id": id(), "warnings": warnings,
            "created_at": time(), "updated_at": time(),
        }), json!({})), rules(), json!({})),
        "VersionAnswer": with(object(json!({
            "id": id(), "number": number(), "destination_id": id(), "created_at": time(), "saved_by": maybe(saved_by),
        }), json!({})), rules(), json!({})),
        "AuditEntry": object(json!({
            "id": id(), "at": time(), "actor": actor, "action": text(), "object": noted, "sentence": text(),
        }), json!({})),
    })
}

fn came_in() -> Value {
    let summary = object(
        json!({
            "id": id(), "source_id": id(), "type": text(), "record_id": maybe_text(), "record_title": maybe_text(), "list_id": maybe_text(),
            "list_title": maybe_text(), "project_id": maybe_text(), "project_name": maybe_text(), "company_id": maybe_text(),
            "occurred_at": maybe_time(), "received_at": time(), "test": truth(),
        }),
        json!({}),
    );
    let body = json!({
        "body": {"description": "As JSON; null when it cannot be read as such."}, "body_text": {"type": "string", "description": "As it came."},
    });
    json!({"EventAnswer": with(summary.clone(), body, json!({})), "EventSummary": summary})
}

fn went_out() -> Value {
    let causes: Vec<&str> = Cause::ALL.iter().map(|cause| cause.as_str()).collect();
    let pairs = || list(json!({"type": "array", "items": text(), "minItems": 2, "maxItems": 2}));
    let request = object(json!({"line": text(), "headers": pairs()}), json!({}));
    let response = object(
        json!({"status": {"type": ["integer", "null"]}, "headers": pairs(), "body": text(), "truncated": truth()}),
        json!({}),
    );
    let attempt = object(
        json!({
            "number": number(), "started_at": time(), "duration_ms": number(), "outcome": outcome(), "request": request, "response": response,
        }),
        json!({}),
    );
    let summary = object(
        json!({
            "id": id(), "event_id": id(), "event_type": text(), "record_id": maybe_text(), "record_title": maybe_text(), "connection_id": id(),
            "connection_name": text(), "version_id": id(), "destination_id": id(), "destination_name": text(), "trigger": {"enum": causes}, "state": state(),
            "attempt_count": number(), "last_status": {"type": ["integer", "null"]}, "last_outcome": maybe_text(), "problem": maybe_text(),
            "created_at": time(), "next_attempt_at": maybe_time(), "finished_at": maybe_time(),
        }),
        json!({}),
    );
    let held = object(
        json!({"reason": maybe_text(), "next_probe_at": maybe_time()}),
        json!({}),
    );
    let more = json!({
        "attempts": list(reference("Attempt")), "decision": reference("Decision"), "request_body": maybe_text(),
    });
    json!({
        "Attempt": attempt, "DeliveryAnswer": with(summary.clone(), more, json!({"held": held})), "DeliverySummary": summary,
    })
}

fn replayed() -> Value {
    let filter = object(
        json!({
            "state": list(state()), "connection_id": maybe_id(), "destination_id": maybe_id(), "event_id": maybe_id(), "event_type": maybe_text(),
            "from": maybe_time(), "to": maybe_time(), "text": maybe_text(), "only_missing": truth(),
        }),
        json!({}),
    );
    let reason = object(
        json!({"code": text(), "count": number(), "because": text()}),
        json!({}),
    );
    let left_out = || {
        object(
            json!({"count": number(), "reasons": list(reason.clone())}),
            json!({}),
        )
    };
    let deliveries = object(
        json!({"by_state": {"type": "object", "additionalProperties": number()}, "at_least": truth()}),
        json!({}),
    );
    json!({
        "ReplayAnswer": object(json!({
            "id": id(), "state": {"enum": ReplayState::ALL.map(ReplayState::as_str)}, "filter": filter, "version": {"enum": ["then", "now"]}, "per_second": number(),
            "count": {"type": ["integer", "null"]}, "at_least": truth(), "looked_at": number(), "made": number(), "repeated": number(),
            "left_out": left_out(), "created_at": time(), "created_by": maybe_text(), "finished_at": maybe_time(), "cancelled_by": maybe_text(),
        }), json!({"deliveries": deliveries})),
        "Forecast": object(json!({
            "dry_run": {"const": true}, "count": number(), "at_least": truth(), "already_delivered": number(), "events": number(), "to_send": number(), "repeated": number(),
            "left_out": left_out(), "sentence": text(),
        }), json!({})),
    })
}

fn decided() -> Value {
    let error = object(
        json!({"code": text(), "message": text(), "path": text()}),
        json!({}),
    );
    let difference = object(
        json!({"place": text(), "before": maybe_text(), "now": maybe_text()}),
        json!({}),
    );
    let example = object(
        json!({
            "event_id": id(), "event_type": text(), "record_title": maybe_text(), "received_at": text(), "turn": text(), "reason": maybe_text(),
            "differences": list(difference),
        }),
        json!({}),
    );
    let texts = || json!({"type": "object", "additionalProperties": text()});
    let request = object(
        json!({"query": texts(), "headers": texts()}),
        json!({"path": {"type": "string", "description": "Encoded, and without the slash before it."}}),
    );
    json!({
        "Decision": object(json!({
            "decision": {"enum": ["deliver", "skip", "fail"]}, "explanation": reference("Explanation"),
            "output": {"description": "What would be sent, read as JSON, or as a text when it is none."}, "body": maybe_text(), "error": maybe(error),
        }), json!({"not_triggered": text(), "content_type": text(), "request": request})),
        "Explanation": object(json!({"kind": {"enum": ["group", "condition"]}, "result": {"enum": ["true", "false", "unknown"]}}), json!({
            "mode": {"enum": ["all", "any", "none"]}, "children": list(reference("Explanation")),
            "path": text(), "op": text(), "value": {}, "found": {}, "found_type": text(), "reason": text(),
        })),
        "Comparison": object(json!({
            "looked_at": number(), "sent_before": number(), "sent_now": number(), "newly_sent": number(), "no_longer_sent": number(),
            "different_body": number(), "failing_before": number(), "failing_now": number(), "examples": list(example),
        }), json!({})),
    })
}

/// The codes with what they mean, in one text.
pub(super) fn codes_told() -> String {
    let told = ERROR_CODES.map(|(code, meaning)| format!("`{code}`: {meaning}"));
    told.join(" ")
}
