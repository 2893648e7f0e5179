//! Every bad input gets a clear error with a stable code; nothing panics and nothing is lost.

use serde_json::{Value, json};

use crate::harness::{Receiver, SECRET, TestBridge, signature, todo_created};

#[actix_web::test]
async fn wrong_signatures_are_refused_and_shown_at_the_source() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let good = signature(todo_created());
    let compact = serde_json::from_slice::<Value>(todo_created())
        .unwrap()
        .to_string();
    for (body, given, code) in [
        (todo_created(), None, "signature_missing"),
        (todo_created(), Some("0".repeat(64)), "signature_mismatch"),
        (
            todo_created(),
            Some(good[..40].to_string()),
            "signature_malformed",
        ),
        (todo_created(), Some(String::new()), "signature_malformed"),
        (compact.as_bytes(), Some(good.clone()), "signature_mismatch"),
    ] {
        let (status, problem) = bridge
            .post_with(&connected.hook, body, given.as_deref())
            .await;
        assert_eq!((status, problem["code"].as_str()), (401, Some(code)));
        assert_eq!(problem["status"], 401);
    }
    bridge
        .bridge
        .evidence
        .write(&bridge.bridge.store)
        .await
        .unwrap();
    let source = bridge
        .get(&format!("/sources/{}", connected.source_id))
        .await;
    assert_eq!(source["signature_problem"]["current"], true);
    assert_eq!(source["signature_problem"]["count"], 5);
    assert!(!source.to_string().contains(SECRET));
    assert!(
        bridge.get("/events").await["data"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    for tolerated in [good.to_uppercase(), format!("sha256={good}")] {
        let (status, _) = bridge
            .post_with(&connected.hook, todo_created(), Some(&tolerated))
            .await;
        assert_eq!(status, 200);
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn odd_bodies_get_their_status_and_good_ones_are_stored() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let deep = format!(
        "{{\"event\":\"E\",\"a\":{}1{}}}",
        "[".repeat(3_000),
        "]".repeat(3_000)
    );
    let large = format!("{{\"event\":\"E\",\"a\":\"{}\"}}", "x".repeat(1 << 20));
    for (body, status, code) in [
        (&b"{"[..], 400, "not_json"),
        (b"", 400, "not_json"),
        (b"\xff\xfe", 400, "not_json"),
        (b"{\"event\":\"\xff\"}", 400, "not_json"),
        (b"[]", 400, "not_an_object"),
        (b"{}", 400, "no_event_name"),
        (deep.as_bytes(), 400, "too_deep"),
        (large.as_bytes(), 413, "too_large"),
    ] {
        let (found, problem) = bridge.post(&connected.hook, body).await;
        assert_eq!((found, problem["code"].as_str()), (status, Some(code)));
    }
    for body in [
        &br#"{"event":"E","event":"F","currentValue":{"id":"1","title":"a\u0000b"}}"#[..],
        br#"{"event":"UNKNOWN_TO_ALL","currentValue":null,"previousValue":null}"#,
        include_bytes!("../data/blue/RECORD_CREATED.json"),
    ] {
        let (status, answer) = bridge.post(&connected.hook, body).await;
        assert_eq!((status, &answer["status"]), (200, &json!("stored")));
        assert_eq!(receiver.next().await.body, body);
    }
    let question =
        json!({"event": {"event": "WEBHOOK_HEALTH_CHECK"}, "mapping": {"mode": "passthrough"}});
    let (status, answer) = bridge.api("POST", "/decide", Some(question)).await;
    assert_eq!((status, &answer["code"]), (400, &json!("health_check")));
    let probe = br#"{"event":"WEBHOOK_HEALTH_CHECK","webhook":{"secret":""}}"#;
    for given in [Some(signature(probe)), None, Some("0".repeat(64))] {
        let (status, answer) = bridge
            .post_with(&connected.hook, probe, given.as_deref())
            .await;
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("healthy")),
            "answered and nothing else done"
        );
    }
    assert_eq!(
        bridge.get("/events").await["data"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let (status, problem) = bridge.post(&bridge.url("/hooks/nobody"), b"{}").await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (404, Some("unknown_source"))
    );
    bridge.recorded(3).await;
    bridge.stop().await;
}

#[actix_web::test]
async fn documents_that_cannot_be_accepted_are_refused_with_their_places() {
    let bridge = TestBridge::start().await;
    let pointers = |document: &Value| -> Vec<String> {
        document["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|problem| problem["pointer"].as_str().unwrap().to_string())
            .collect()
    };
    let (status, problem) = bridge
        .api("POST", "/sources", Some(json!({"name": ""})))
        .await;
    assert_eq!(
        (status, pointers(&problem)),
        (422, vec!["/name".to_string()])
    );
    let (status, problem) = bridge
        .api(
            "POST",
            "/destinations",
            Some(json!({"name": "x", "kind": "fax", "config": {"url": "http://169.254.169.254/"}})),
        )
        .await;
    assert_eq!(
        (status, pointers(&problem)),
        (422, vec!["/kind".to_string(), "/config/url".to_string()])
    );
    let config = json!({"url": "https://example.com/", "headers": {"X-A": "1", "x-a": "2"}});
    let (status, problem) = bridge
        .api(
            "POST",
            "/destinations",
            Some(json!({"name": "x", "config": config})),
        )
        .await;
    assert_eq!(
        (status, pointers(&problem)),
        (422, vec!["/config/headers".to_string()])
    );
    assert_eq!(problem["problems"][0]["code"], "header_twice");
    for url in [
        "https://example.com/{{ a }}",
        "https://example.com/?a={{ a }}",
    ] {
        let config = json!({"url": url, "headers": {"X-A": "{{ a }}", "X-B": "{ a }"}});
        let document = json!({"name": "x", "config": config});
        let (status, problem) = bridge.api("POST", "/destinations", Some(document)).await;
        let places = vec!["/config/url".to_string(), "/config/headers/x-a".to_string()];
        assert_eq!((status, pointers(&problem)), (422, places));
        assert_eq!(problem["problems"][0]["code"], "template_misplaced");
    }
    for unseen in ["\u{202e}\u{202e}", "\u{200b}\u{feff}"] {
        let (status, problem) = bridge
            .api("POST", "/sources", Some(json!({"name": unseen})))
            .await;
        assert_eq!(
            (status, pointers(&problem)),
            (422, vec!["/name".to_string()])
        );
    }
    let (status, problem) = bridge
        .api(
            "POST",
            "/connections",
            Some(json!({
                "name": "x", "source_id": "no", "destination_id": "no", "delivery": {"max_attempts": 0},
                "filter": {"path": "$.a b", "op": "contains", "value": "x"}, "mapping": {"mode": "template", "body": "{{"},
            })),
        )
        .await;
    assert_eq!(status, 422);
    assert_eq!(
        pointers(&problem),
        [
            "/source_id",
            "/destination_id",
            "/delivery/max_attempts",
            "/filter/path",
            "/mapping/body"
        ]
    );
    assert_eq!(problem["problems"][3]["position"], 3);
    for (method, path, body, status, code) in [
        ("POST", "/sources", Some("{"), 400, "not_json"),
        (
            "POST",
            "/sources",
            Some("{\"name\":\"a\",\"surprise\":1}"),
            422,
            "invalid",
        ),
        ("GET", "/sources/nonsense", None, 404, "not_found"),
        ("GET", "/deliveries?state=lost", None, 400, "unknown_state"),
        ("GET", "/deliveries?limit=0", None, 400, "bad_limit"),
        ("GET", "/deliveries?surprise=1", None, 400, "bad_query"),
        ("GET", "/events?cursor=x", None, 400, "bad_cursor"),
        ("PATCH", "/sources", None, 405, "method_not_allowed"),
        ("GET", "/nonsense", None, 404, "no_such_route"),
        (
            "POST",
            "/decide",
            Some("{\"event\":[]}"),
            400,
            "not_an_object",
        ),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = bridge
            .http
            .request(method, bridge.url(&format!("/api/v1{path}")))
            .bearer_auth(&bridge.token);
        let response = request.body(body.unwrap_or_default()).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let problem: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(problem["code"], code, "{path}");
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn the_api_asks_for_a_token_with_the_role_and_creates_once_per_key() {
    let bridge = TestBridge::start().await;
    let anonymous = bridge
        .http
        .get(bridge.url("/api/v1/sources"))
        .send()
        .await
        .unwrap();
    assert_eq!(anonymous.status(), 401);
    let wrong = bridge
        .http
        .get(bridge.url("/api/v1/sources"))
        .bearer_auth("bbt_wrong")
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 401);
    let (viewer, hash) = bluebridge::web::auth::new_token("bbt_");
    let id = bluebridge::new_id!(TokenId, bridge.bridge, bridge.bridge.clock.now());
    bridge
        .bridge
        .store
        .create_token(bluebridge::store::tokens::NewToken {
            id,
            name: "viewer".into(),
            hash,
            role: bluebridge::domain::person::Role::Viewer,
            created_by: "test".into(),
            now_ms: 0,
            expires_ms: None,
        })
        .await
        .unwrap();
    let post = |token: &str, key: &str, name: &str| {
        let body = json!({"name": name}).to_string();
        bridge
            .http
            .post(bridge.url("/api/v1/sources"))
            .bearer_auth(token)
            .header("idempotency-key", key)
            .body(body)
            .send()
    };
    assert_eq!(post(&viewer, "k", "a").await.unwrap().status(), 403);
    let first = post(&bridge.token, "k", "a")
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let second = post(&bridge.token, "k", "a").await.unwrap();
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    assert_eq!(second.text().await.unwrap(), first);
    assert_eq!(post(&bridge.token, "k", "b").await.unwrap().status(), 422);
    assert_eq!(
        bridge.get("/sources").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    bridge.stop().await;
}
use crate::harness::TokenId;

#[actix_web::test]
async fn decide_answers_without_storing_or_sending() {
    let bridge = TestBridge::start().await;
    let event = json!({"event": "TODO_CREATED", "currentValue": {"title": "Hi", "n": 9_007_199_254_740_993_u64}});
    let ask = async |rest: Value| {
        let mut question = json!({"event": event});
        question
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        bridge.api("POST", "/decide", Some(question)).await
    };
    let (status, answer) = ask(json!({})).await;
    assert_eq!(
        (status, &answer["decision"], &answer["output"]),
        (200, &json!("deliver"), &event)
    );
    assert_eq!(answer["body"], event.to_string());
    let (_, answer) =
        ask(json!({"filter": {"path": "currentValue.title", "op": "equals", "value": "ho"}})).await;
    assert_eq!(
        (&answer["decision"], &answer["output"], &answer["body"]),
        (&json!("skip"), &Value::Null, &Value::Null)
    );
    assert_eq!(answer["explanation"]["found"], "Hi");
    let (_, answer) = ask(json!({"trigger": {"events": ["COMMENT_CREATED"]}})).await;
    assert_eq!(answer["decision"], "skip");
    let fail = json!({"mapping": {"mode": "fields", "fields": [{"to": "x", "from": {"path": "$.no"}, "when_missing": "fail"}]}});
    let (_, answer) = ask(fail).await;
    assert_eq!(
        (
            &answer["decision"],
            &answer["error"]["code"],
            &answer["error"]["path"]
        ),
        (&json!("fail"), &json!("value_missing"), &json!("x"))
    );
    let (_, answer) = ask(json!({"mapping": {"mode": "fields", "fields": [{"to": "n", "from": {"path": "$.currentValue.n"}}]}})).await;
    assert_eq!(answer["body"], r#"{"n":9007199254740993}"#);
    let (status, answer) = ask(json!({"filter": {"op": "nope"}})).await;
    assert_eq!((status, &answer["code"]), (422, &json!("invalid")));
    assert!(
        bridge.get("/events").await["data"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    bridge.stop().await;
}

#[actix_web::test]
async fn a_request_that_is_not_sent_as_it_says_is_warned_of() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let auth = json!({"type": "header", "name": "X-Token", "value": "t"});
    let config = json!({"url": receiver.url(), "auth": auth});
    let path = format!("/destinations/{}", connected.destination_id);
    let document = json!({"name": "Receiver", "config": config, "signing": {"scheme": "none"}});
    assert_eq!(bridge.api("PUT", &path, Some(document)).await.0, 200);
    let mut connection = bridge.get("/connections").await["data"][0].clone();
    assert_eq!(connection["warnings"], json!([]));
    let headers = json!({"X-Token": "other", "X-Name": "Zoé"});
    connection["mapping"] = json!({"mode": "passthrough", "request": {"headers": headers}});
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let (status, saved) = bridge.api("PUT", &path, Some(connection)).await;
    assert_eq!(status, 200, "{saved}");
    let told: Vec<(&Value, &Value)> = saved["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["pointer"], &one["code"]))
        .collect();
    let place = |name: &str| json!(format!("/mapping/request/headers/{name}"));
    assert_eq!(
        told,
        [
            (&place("X-Token"), &json!("header_taken")),
            (&place("X-Name"), &json!("header_not_ascii")),
        ]
    );
    // What is shown may be sent back.
    assert_eq!(bridge.api("PUT", &path, Some(saved)).await.0, 200);
    bridge.stop().await;
}
