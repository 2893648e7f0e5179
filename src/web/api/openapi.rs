//! The description of the API for programs: OpenAPI 3.1, made from one table that a test compares with the route table.

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};

use crate::store::window::PAGE_LIMIT;
use crate::web::api::USUAL_LIMIT;
use crate::web::api::answers::answer;
use crate::web::api::schema_parts::reference;
use crate::web::api::schemas::schemas;

/// Method, path, summary, role, status of success.
const OPERATIONS: [(&str, &str, &str, &str, &str); 36] = [
    ("get", "/sources", "List sources", "viewer", "200"),
    ("post", "/sources", "Make a source", "editor", "201"),
    ("get", "/sources/{id}", "Show a source", "viewer", "200"),
    (
        "put",
        "/sources/{id}",
        "Change a source; what is left out stays, and a new secret keeps the old one accepted for `overlap_s` seconds",
        "editor",
        "200",
    ),
    (
        "delete",
        "/sources/{id}",
        "Delete a source that no connection uses",
        "editor",
        "204",
    ),
    ("get", "/destinations", "List destinations", "viewer", "200"),
    (
        "post",
        "/destinations",
        "Make a destination; a signing secret that is made here is shown once",
        "editor",
        "201",
    ),
    (
        "get",
        "/destinations/{id}",
        "Show a destination without its secrets",
        "viewer",
        "200",
    ),
    (
        "put",
        "/destinations/{id}",
        "Change a destination; what is left out is reset, but for secrets, `config.auth`, `signing` and `kind`",
        "editor",
        "200",
    ),
    (
        "delete",
        "/destinations/{id}",
        "Delete a destination that no connection uses",
        "editor",
        "204",
    ),
    (
        "post",
        "/destinations/{id}/pause",
        "Send nothing until resumed; what waits is held",
        "editor",
        "200",
    ),
    (
        "post",
        "/destinations/{id}/resume",
        "Send again, beginning with what was held",
        "editor",
        "200",
    ),
    (
        "post",
        "/destinations/{id}/try-now",
        "Try now what waits for its next attempt there",
        "editor",
        "200",
    ),
    (
        "post",
        "/destinations/{id}/test",
        "Send a test request, and answer what it brought",
        "editor",
        "200",
    ),
    (
        "post",
        "/destinations/{id}/rotate-secret",
        "Replace the signing secret; the old one signs beside it for a while",
        "editor",
        "200",
    ),
    ("get", "/connections", "List connections", "viewer", "200"),
    ("post", "/connections", "Make a connection", "editor", "201"),
    (
        "get",
        "/connections/{id}",
        "Show a connection with its present version",
        "viewer",
        "200",
    ),
    (
        "put",
        "/connections/{id}",
        "Change a connection; changed rules make a new version, what is left out but for `enabled` is reset, and a `version` that is not the present one is refused with 409",
        "editor",
        "200",
    ),
    (
        "delete",
        "/connections/{id}",
        "Delete a connection; its deliveries stay in the log",
        "editor",
        "204",
    ),
    (
        "get",
        "/connections/{id}/versions",
        "List all versions, the newest first",
        "viewer",
        "200",
    ),
    (
        "post",
        "/connections/{id}/dry-run",
        "Compare the saved rules with others over the newest stored events; nothing is sent or stored",
        "viewer",
        "200",
    ),
    (
        "get",
        "/events",
        "List events, the newest first",
        "viewer",
        "200",
    ),
    (
        "get",
        "/events/{id}",
        "Show an event with its body",
        "viewer",
        "200",
    ),
    (
        "post",
        "/events/{id}/send",
        "Send an event through a connection that it did not go through",
        "editor",
        "201",
    ),
    (
        "get",
        "/deliveries",
        "List deliveries, the newest first",
        "viewer",
        "200",
    ),
    (
        "get",
        "/deliveries/{id}",
        "Show a delivery with its attempts and the decision",
        "viewer",
        "200",
    ),
    (
        "post",
        "/deliveries/{id}/resend",
        "Send the event of a delivery once more",
        "editor",
        "201",
    ),
    (
        "post",
        "/deliveries/{id}/try-now",
        "Make the next attempt now, when a delivery waits for one",
        "editor",
        "200",
    ),
    (
        "post",
        "/deliveries/{id}/discard",
        "Give up a delivery that waits",
        "editor",
        "200",
    ),
    (
        "get",
        "/replays",
        "List replays, the newest first",
        "viewer",
        "200",
    ),
    (
        "post",
        "/replays",
        "Make many deliveries again, at a pace; with `dry_run` only count (200)",
        "editor",
        "201",
    ),
    (
        "get",
        "/replays/{id}",
        "Show a replay with its progress and what became of its deliveries",
        "viewer",
        "200",
    ),
    (
        "post",
        "/replays/{id}/cancel",
        "Stop a replay; what waits of it is given up",
        "editor",
        "200",
    ),
    (
        "post",
        "/decide",
        "Decide over an event without sending or storing anything",
        "viewer",
        "200",
    ),
    (
        "get",
        "/audit",
        "List who changed what, the newest first",
        "owner",
        "200",
    ),
];

/// Query parameters of the lists.
const LIST_PARAMETERS: [(&str, &[&str]); 8] = [
    ("/sources", &["limit", "cursor"]),
    ("/destinations", &["limit", "cursor"]),
    ("/connections", &["limit", "cursor"]),
    ("/connections/{id}/versions", &["limit", "cursor"]),
    ("/replays", &["limit", "cursor"]),
    (
        "/audit",
        &[
            "object_kind",
            "object_id",
            "actor_kind",
            "actor_id",
            "text",
            "from",
            "to",
            "limit",
            "cursor",
        ],
    ),
    (
        "/events",
        &["source_id", "type", "text", "from", "to", "limit", "cursor"],
    ),
    (
        "/deliveries",
        &[
            "state",
            "connection_id",
            "destination_id",
            "event_id",
            "replay_id",
            "event_type",
            "from",
            "to",
            "text",
            "limit",
            "cursor",
        ],
    ),
];

pub async fn show() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

fn document() -> Value {
    let mut paths = Map::new();
    for (method, path, summary, role, success) in OPERATIONS {
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[method] = operation(method, path, summary, role, success);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bluebridge",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Errors are problem details (RFC 9457) with a stable `code`, which the schema Problem lists. Lists answer {data, next_cursor}, with as many entries as `limit` says at most; pass next_cursor as cursor until it is null. A look for a text or an event type is bounded: a page may be short, or empty, and still not the last.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas(),
            "responses": {"Problem": {
                "description": "What went wrong and what to do",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
        },
    })
}

fn operation(method: &str, path: &str, summary: &str, role: &str, success: &str) -> Value {
    let mut parameters: Vec<Value> = Vec::new();
    if path.contains("{id}") {
        parameters.push(json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}));
    }
    if success == "201" {
        parameters.push(json!({"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255}}));
    }
    let listed = LIST_PARAMETERS
        .iter()
        .find(|(list, _)| *list == path && method == "get");
    for name in listed.map_or(&[][..], |(_, names)| names) {
        let schema = match *name {
            "limit" => {
                json!({"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT, "default": USUAL_LIMIT})
            }
            "from" => {
                json!({"type": "string", "description": "A time, or a date from whose beginning in UTC on."})
            }
            "to" => {
                json!({"type": "string", "description": "A time, or a date until whose end in UTC."})
            }
            "text" if path == "/audit" => {
                json!({"type": "string", "description": "A part of the sentence, or of who did it."})
            }
            "text" => {
                json!({"type": "string", "description": "A part of the record's title, in whichever case, or of the event's body as it stands there."})
            }
            name if name.ends_with("_id") && path != "/audit" => {
                json!({"type": "string", "format": "uuid"})
            }
            _ => json!({"type": "string"}),
        };
        parameters.push(json!({"name": name, "in": "query", "schema": schema}));
    }
    let mut operation = json!({
        "operationId": operation_id(method, path),
        "summary": summary,
        "description": format!("Needs the role {role}."),
        "parameters": parameters,
        "responses": {"default": {"$ref": "#/components/responses/Problem"}},
    });
    let responses = &mut operation["responses"];
    responses[success] = answered(answer(method, path));
    if (method, path) == ("post", "/replays") {
        responses["200"] = answered(Some(reference("Forecast")));
    }
    let schema = match (method, path) {
        ("post", "/sources") | ("put", "/sources/{id}") => Some("Source"),
        ("post", "/destinations") | ("put", "/destinations/{id}") => Some("Destination"),
        ("post", "/connections") | ("put", "/connections/{id}") => Some("Connection"),
        ("post", "/replays") => Some("Replay"),
        ("post", "/destinations/{id}/rotate-secret") => Some("Rotation"),
        ("post", "/events/{id}/send") => Some("Way"),
        ("post", "/deliveries/{id}/resend") => Some("Resend"),
        ("post", "/decide") => Some("Question"),
        ("post", "/connections/{id}/dry-run") => Some("Trial"),
        _ => None,
    };
    if let Some(schema) = schema {
        operation["requestBody"] = json!({
            "required": !["Rotation", "Resend"].contains(&schema),
            "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}},
        });
    }
    operation
}

/// A name for generated clients: `get_sources_id` for `GET /sources/{id}`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(['/', '-']).filter(|word| !word.is_empty());
    let words = words.map(|word| word.trim_matches(['{', '}']));
    let words: Vec<&str> = std::iter::once(method).chain(words).collect();
    words.join("_")
}

/// A response of success.
fn answered(schema: Option<Value>) -> Value {
    match schema {
        Some(schema) => {
            json!({"description": "Done", "content": {"application/json": {"schema": schema}}})
        }
        None => json!({"description": "Done"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::admission::Access;
    use crate::web::api::answers::ERROR_CODES;

    /// Files whose errors programs get.
    const FILES: [&str; 12] = [
        include_str!("audit.rs"),
        include_str!("connections.rs"),
        include_str!("decide.rs"),
        include_str!("deliveries.rs"),
        include_str!("destinations.rs"),
        include_str!("events.rs"),
        include_str!("idempotency.rs"),
        include_str!("mod.rs"),
        include_str!("query.rs"),
        include_str!("../body.rs"),
        include_str!("../problem.rs"),
        include_str!("../routes.rs"),
    ];

    #[test]
    fn every_code_of_an_error_is_told() {
        let pattern = r#"ApiError::new\(\s*[\w:]*StatusCode::\w+,\s*"(\w+)""#;
        let made = regex::Regex::new(pattern).unwrap();
        let mut found = 0;
        for code in FILES.iter().flat_map(|file| made.captures_iter(file)) {
            let is_told = ERROR_CODES.iter().any(|(told, _)| *told == &code[1]);
            assert!(is_told, "{} is not told", &code[1]);
            found += 1;
        }
        assert!(found > 15, "{found}");
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let ids = OPERATIONS.map(|(method, path, ..)| operation_id(method, path));
        let different: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
        let is_word = |id: &String| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(ids.iter().all(is_word), "{ids:?}");
    }

    #[test]
    fn every_success_but_a_deletion_has_an_answer() {
        for (method, path, ..) in OPERATIONS {
            let is_told = answer(method, path).is_some();
            assert_eq!(is_told, method != "delete", "{method} {path}");
        }
    }

    #[test]
    fn every_route_is_described_with_its_role_and_every_description_has_its_route() {
        let mut registered: Vec<(String, String)> = crate::web::routes::api()
            .into_iter()
            .filter(|entry| entry.path != "/openapi.json")
            .map(|entry| {
                let Access::AtLeast(role) = entry.access else {
                    panic!("{} lets anybody in", entry.path);
                };
                let method = entry.method.as_str().to_lowercase();
                (format!("{method} {}", entry.path), role.as_str().into())
            })
            .collect();
        let mut described: Vec<(String, String)> = OPERATIONS
            .iter()
            .map(|(method, path, _, role, _)| (format!("{method} {path}"), (*role).into()))
            .collect();
        registered.sort();
        described.sort();
        assert_eq!(registered, described);
    }
}
