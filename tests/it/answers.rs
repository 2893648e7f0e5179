//! What the API says that it answers (`/openapi.json`) and what it answers: the same members, in every answer of a bridge that has done something of
//! everything.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::database::execute;
use crate::harness::{Receiver, TestBridge, event};

/// Answers compared with their description.
struct Described<'a> {
    bridge: &'a TestBridge,
    openapi: Value,
    seen: BTreeSet<String>,
}

impl Described<'_> {
    /// Asks, and compares the answer with what is said of `template`.
    async fn ask(&mut self, method: &str, template: &str, id: &str, body: Option<Value>) -> Value {
        let (path, _) = template.split_once('?').unwrap_or((template, ""));
        let asked = template.replace("{id}", id);
        let (status, answer) = self.bridge.api(method, &asked, body).await;
        let operation = &self.openapi["paths"][path][method.to_lowercase()];
        assert!(
            StatusCode::from_u16(status).unwrap().is_success(),
            "{asked}: {answer}"
        );
        let response = &operation["responses"][status.to_string()];
        let schema = &response["content"]["application/json"]["schema"];
        assert!(
            schema.is_object(),
            "{method} {template}: {status} is not described"
        );
        self.compare(schema, &answer, &format!("{method} {template}"));
        self.seen.insert(format!("{method} {path}"));
        answer
    }

    fn compare(&self, schema: &Value, value: &Value, place: &str) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            // What people write is described for reading: groups and conditions in one another.
            if !["Filter", "Mapping"].contains(&name) {
                let schema = &self.openapi["components"]["schemas"][name];
                assert!(schema.is_object(), "{name}");
                self.compare(schema, value, place);
            }
            return;
        }
        if let Some(alternatives) = schema["oneOf"].as_array() {
            if !value.is_null() {
                self.compare(&alternatives[0], value, place);
            }
            return;
        }
        if let Some(words) = schema["enum"].as_array() {
            assert!(words.contains(value), "{place}: {value}");
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let has_type = types.iter().any(|kind| match *kind {
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            other => panic!("{other}"),
        });
        assert!(
            types.is_empty() || has_type,
            "{place}: {value} is none of {types:?}"
        );
        for item in value.as_array().into_iter().flatten() {
            self.compare(&schema["items"], item, place);
        }
        let (Some(members), Some(properties)) =
            (value.as_object(), schema["properties"].as_object())
        else {
            return;
        };
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            assert!(members.contains_key(name), "{place} lacks {name}: {value}");
        }
        for (name, member) in members {
            let schema = properties.get(name);
            let schema = schema.unwrap_or_else(|| panic!("{place}: {name} is not described"));
            self.compare(schema, member, &format!("{place} {name}"));
        }
    }
}

#[actix_web::test]
async fn every_answer_has_the_members_that_are_described() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({
        "filter": {"any": [{"path": "$.currentValue.title", "op": "contains", "value": "G"}]}, "mapping": {"mode": "passthrough"},
    });
    let connected = bridge.connect(&receiver, rules).await;
    bridge.post_with(&connected.hook, &event(9), None).await;
    receiver.answer_next(410);
    bridge.post(&connected.hook, &event(1)).await;
    bridge.recorded(1).await;
    bridge.post(&connected.hook, &event(2)).await;
    let openapi = bridge.get("/openapi.json").await;
    let mut described = Described {
        bridge: &bridge,
        openapi,
        seen: BTreeSet::new(),
    };

    let (source, destination) = (&*connected.source_id, &*connected.destination_id);
    let list = described.ask("GET", "/connections", "", None).await;
    let connection = list["data"][0]["id"].as_str().unwrap().to_string();
    let list = described.ask("GET", "/deliveries", "", None).await;
    let id_of = |state: &str| {
        let mut all = list["data"].as_array().unwrap().iter();
        let found = all.find(|delivery| delivery["state"] == state);
        found.unwrap_or_else(|| panic!("{state} in {list}"))["id"]
            .as_str()
            .unwrap()
            .to_string()
    };
    let held = id_of("held");
    let list = described.ask("GET", "/events", "", None).await;
    let event_id = list["data"][0]["id"].as_str().unwrap().to_string();

    for auth in [
        json!({"type": "basic", "username": "u", "password": "p"}),
        json!({"type": "bearer", "token": "t"}),
        json!({"type": "header", "name": "x-key", "value": "v"}),
    ] {
        let config = json!({"url": receiver.url(), "headers": {"x-a": "1"}, "auth": auth});
        let signing = json!({"scheme": "hex", "header": "x-sign"});
        let limits = json!({"per_second": 5});
        let document =
            json!({"name": "More", "config": config, "signing": signing, "limits": limits});
        described
            .ask("POST", "/destinations", "", Some(document))
            .await;
    }
    let new_source = json!({"name": "More", "secret": "s"});
    described
        .ask("POST", "/sources", "", Some(new_source))
        .await;
    let new_connection =
        json!({"name": "More", "source_id": source, "destination_id": destination});
    described
        .ask("POST", "/connections", "", Some(new_connection))
        .await;
    for template in [
        "/sources",
        "/destinations",
        "/connections",
        "/audit",
        "/replays",
        "/events?limit=1",
    ] {
        described.ask("GET", template, "", None).await;
    }
    for (template, id) in [
        ("/sources/{id}", source),
        ("/destinations/{id}", destination),
        ("/connections/{id}", &connection),
    ] {
        let shown = described.ask("GET", template, id, None).await;
        described.ask("PUT", template, id, Some(shown)).await;
    }
    described
        .ask("GET", "/connections/{id}/versions", &connection, None)
        .await;
    let changed = json!({"mapping": {"mode": "template", "body": "x"}});
    described
        .ask(
            "POST",
            "/connections/{id}/dry-run",
            &connection,
            Some(changed),
        )
        .await;
    described.ask("GET", "/events/{id}", &event_id, None).await;
    described.ask("GET", "/deliveries/{id}", &held, None).await;
    described
        .ask("POST", "/deliveries/{id}/discard", &held, None)
        .await;
    described
        .ask("POST", "/deliveries/{id}/resend", &held, None)
        .await;
    described
        .ask(
            "POST",
            "/destinations/{id}/rotate-secret",
            destination,
            None,
        )
        .await;
    described
        .ask("POST", "/destinations/{id}/resume", destination, None)
        .await;
    for (template, id) in [
        ("/destinations/{id}/test", destination),
        ("/destinations/{id}/try-now", destination),
    ] {
        described.ask("POST", template, id, None).await;
    }
    execute(
        &bridge.home.database_url,
        "UPDATE deliveries SET state = 'retrying', due_at = 4000000000000, finished_at = NULL WHERE state = 'discarded'",
    );
    described
        .ask("POST", "/deliveries/{id}/try-now", &held, None)
        .await;
    let later = json!({"name": "Later", "source_id": source, "destination_id": destination});
    let later = described.ask("POST", "/connections", "", Some(later)).await;
    let way = json!({"connection_id": later["id"]});
    described
        .ask("POST", "/events/{id}/send", &event_id, Some(way))
        .await;
    described
        .ask("POST", "/destinations/{id}/pause", destination, None)
        .await;
    described
        .ask(
            "POST",
            "/replays",
            "",
            Some(json!({"filter": {}, "dry_run": true})),
        )
        .await;
    let replay = described
        .ask("POST", "/replays", "", Some(json!({"filter": {}})))
        .await;
    let replay = replay["id"].as_str().unwrap();
    described.ask("GET", "/replays/{id}", replay, None).await;
    described
        .ask("POST", "/replays/{id}/cancel", replay, None)
        .await;
    let text = String::from_utf8(event(3)).unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();
    for more in [
        json!({"filter": {"path": "$.nothing", "op": "exists"}}),
        json!({"trigger": {"events": ["OTHER"]}}),
        json!({"mapping": {"mode": "template", "body": "{{ currentValue.none.such }}"}}),
        json!({"mapping": {"mode": "fields", "fields": [{"to": "a", "from": {"path": "$.no"}, "when_missing": "fail"}]}}),
    ] {
        let mut question = json!({"event": event});
        question
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        described.ask("POST", "/decide", "", Some(question)).await;
    }

    let mut all = BTreeSet::new();
    for (path, methods) in described.openapi["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap().keys();
        all.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let unseen: Vec<&String> = all.difference(&described.seen).collect();
    assert!(
        unseen.iter().all(|one| one.starts_with("DELETE")),
        "{unseen:?}"
    );

    // A problem, too.
    let (_, problem) = bridge
        .api("POST", "/sources", Some(json!({"name": ""})))
        .await;
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    described.compare(&schema, &problem, "problem");
    bridge.stop().await;
}
