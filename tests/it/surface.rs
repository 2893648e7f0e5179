//! What whoever calls counts on beside the shapes of documents: methods, lists walked page by page, documents sent back as they came, and events
//! that belong to their source.

use reqwest::Method;
use serde_json::{Value, json};

use crate::database::{Database, on_both};
use crate::harness::{Answer, Receiver, TestBridge, event, todo_created};

on_both! {
    the_same_body_is_an_event_of_each_source,
}

async fn the_same_body_is_an_event_of_each_source(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = || json!({"mapping": {"mode": "passthrough"}});
    let hooks = [
        bridge.connect(&receiver, rules()).await.hook,
        bridge.connect(&receiver, rules()).await.hook,
    ];
    for (round, status) in ["stored", "duplicate"].into_iter().enumerate() {
        for hook in &hooks {
            let (code, answer) = bridge.post(hook, todo_created()).await;
            assert_eq!((code, &answer["status"]), (200, &json!(status)), "{round}");
        }
    }
    bridge.recorded(2).await;
    for _ in &hooks {
        assert_eq!(receiver.next().await.body, todo_created());
    }
    assert!(receiver.next_if_there().await.is_none());
}

#[actix_web::test]
async fn what_an_address_does_not_take_is_said_and_heads_are_told() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}});
    let hook = bridge.connect(&receiver, rules).await.hook;
    let api = |path: &str| bridge.url(&format!("/api/v1{path}"));
    for (method, url, allow) in [
        (Method::PUT, hook.clone(), "POST"),
        (Method::GET, hook.clone(), "POST"),
        (Method::PATCH, api("/sources"), "GET, POST"),
        (Method::POST, api("/sources/nonsense"), "GET, PUT, DELETE"),
        (Method::GET, api("/decide"), "POST"),
    ] {
        let request = bridge.http.request(method.clone(), &url);
        let request = request.bearer_auth(&bridge.token).body(todo_created());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 405, "{method} {url}");
        assert_eq!(answer.headers()["allow"], allow, "{method} {url}");
        let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(problem["code"], "method_not_allowed");
    }
    let source = &bridge.get("/sources").await["data"][0];
    assert_eq!(
        source["signature_problem"],
        Value::Null,
        "{source}: nobody signed"
    );
    for path in ["/healthz", "/readyz", "/setup", "/api/v1/sources"] {
        let request = bridge.http.head(bridge.url(path));
        let answer = request.bearer_auth(&bridge.token).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        assert!(answer.bytes().await.unwrap().is_empty(), "{path}");
    }
    let posted = bridge.http.post(bridge.url("/healthz")).send().await;
    assert_eq!(posted.unwrap().status(), 405);
}

#[actix_web::test]
async fn what_was_read_can_be_sent_back() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    bridge
        .connect(&receiver, json!({"mapping": {"mode": "passthrough"}}))
        .await;
    let secretive = json!({
        "name": "Secretive",
        "config": {"url": receiver.url(), "headers": {"x-key": "hidden"}, "auth": {"type": "basic", "username": "u", "password": "p"}},
        "signing": {"scheme": "hex", "secret": "s"},
    });
    bridge.created("/destinations", secretive).await;
    for list in ["/sources", "/destinations", "/connections"] {
        for before in bridge.get(list).await["data"].as_array().unwrap() {
            let path = format!("{list}/{}", before["id"].as_str().unwrap());
            let (status, mut after) = bridge.api("PUT", &path, Some(before.clone())).await;
            assert_eq!(status, 200, "{before} {after}");
            let mut before = before.clone();
            for changed in ["updated_at", "version", "version_id"] {
                before[changed] = Value::Null;
                after[changed] = Value::Null;
            }
            assert_eq!(after, before);
        }
    }
}

#[actix_web::test]
async fn lists_are_walked_page_by_page() {
    let bridge = TestBridge::start().await;
    for number in 0..5 {
        let source = json!({"name": format!("Source {number}")});
        bridge.created("/sources", source).await;
    }
    let all = bridge.get("/sources").await;
    assert_eq!(all["next_cursor"], Value::Null);
    let mut walked = Vec::new();
    let mut path = "/sources?limit=2".to_string();
    let mut pages = 0;
    loop {
        let page = bridge.get(&path).await;
        walked.extend(page["data"].as_array().unwrap().clone());
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/sources?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!((Value::from(walked), pages), (all["data"].clone(), 3));
    for (query, code) in [
        ("limit=0", "bad_limit"),
        ("limit=a", "bad_query"),
        ("cursor=a", "bad_cursor"),
        ("surprise=1", "bad_query"),
    ] {
        for list in ["/sources", "/destinations", "/connections"] {
            let (status, problem) = bridge.api("GET", &format!("{list}?{query}"), None).await;
            assert_eq!((status, &problem["code"]), (400, &json!(code)), "{query}");
        }
    }
}

#[actix_web::test]
async fn a_page_that_holds_the_rest_of_a_list_is_its_last() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    for number in 0..2 {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
        let filter = json!({"filter": {"text": "nothing has this"}});
        bridge.created("/replays", filter).await;
    }
    let connection = bridge.get("/connections").await["data"][0].clone();
    let mut changed = connection.clone();
    changed["trigger"]["project_ids"] = json!(["other"]);
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    assert_eq!(bridge.api("PUT", &path, Some(changed)).await.0, 200);
    for list in [
        "/deliveries",
        "/deliveries?state=delivered,delivered",
        "/events",
        "/events?type=",
        "/replays",
        "/audit?object_kind=replay",
        &format!("{path}/versions"),
    ] {
        let joint = if list.contains('?') { '&' } else { '?' };
        let full = bridge.get(&format!("{list}{joint}limit=2")).await;
        assert_eq!(full["data"].as_array().unwrap().len(), 2, "{list}: {full}");
        assert_eq!(full["next_cursor"], Value::Null, "{list}");
        let first = bridge.get(&format!("{list}{joint}limit=1")).await;
        let cursor = first["next_cursor"].as_str().expect(list);
        let second = format!("{list}{joint}limit=1&cursor={cursor}");
        let second = bridge.get(&second).await;
        assert_eq!(second["data"][0], full["data"][1], "{list}");
        assert_eq!(second["next_cursor"], Value::Null, "{list}");
        let surprise = format!("{list}{joint}surprise=1");
        let (status, problem) = bridge.api("GET", &surprise, None).await;
        assert_eq!((status, &problem["code"]), (400, &json!("bad_query")));
    }
    let told = bridge.get("/openapi.json").await;
    let format = &told["components"]["schemas"]["Mapping"]["properties"]["format"];
    assert_eq!(format["enum"], json!(["json", "text"]));
    let parameters = told["paths"]["/deliveries"]["get"]["parameters"].as_array();
    let limit = parameters
        .unwrap()
        .iter()
        .find(|one| one["name"] == "limit");
    assert_eq!(limit.unwrap()["schema"]["type"], "integer");
    bridge.stop().await;
}

#[actix_web::test]
async fn a_wrong_shape_is_told_with_its_place() {
    let bridge = TestBridge::start().await;
    let (status, problem) = bridge
        .api("POST", "/sources", Some(json!({"name": 5})))
        .await;
    assert_eq!(status, 422);
    let told = json!([{"pointer": "/name", "code": "wrong_shape", "message": "This is the number `5`; expected a text."}]);
    assert_eq!(problem["problems"], told);
    let (_, problem) = bridge.api("POST", "/sources", Some(json!({}))).await;
    assert_eq!(problem["detail"], "`name` is missing.");

    let destination = json!({"name": "x", "config": {"url": "https://example.com", "auth": {"typ": "none"}}, "limits": {"concurrency": 1.5}});
    for (path, document, pointer, wanted) in [
        (
            "/replays",
            json!({"per_second": 1.5}),
            "/per_second",
            "expected a whole number",
        ),
        (
            "/replays",
            json!({"filter": {"from": "soon"}}),
            "/filter/from",
            "a date like",
        ),
        ("/replays", json!({"from": "soon"}), "/from", "a date like"),
        (
            "/replays",
            json!({"filter": {"sate": "x"}}),
            "/filter/sate",
            "There is no `",
        ),
        (
            "/replays",
            json!({"state": "lost"}),
            "/state",
            "is not a state",
        ),
        (
            "/replays",
            json!({"filter": null}),
            "/filter",
            "expected an object",
        ),
        (
            "/replays",
            json!({"filter": {"state": 1}}),
            "/filter/state",
            "a list of words",
        ),
        (
            "/destinations",
            destination.clone(),
            "/config/auth/typ",
            "There is no `",
        ),
    ] {
        let (status, problem) = bridge.api("POST", path, Some(document)).await;
        let told = &problem["problems"][0];
        assert_eq!(
            (status, &told["pointer"]),
            (422, &json!(pointer)),
            "{problem}"
        );
        let message = told["message"].as_str().unwrap();
        assert!(message.contains(wanted), "{message}");
    }
    let (_, problem) = bridge.api("POST", "/destinations", Some(destination)).await;
    assert_eq!(problem["problems"][1]["pointer"], "/limits/concurrency");
    for (query, says) in [
        ("/events?from=soon", "`from`: a date like 2026-01-31"),
        ("/deliveries?since=2026-99-01", "`since`: a date like"),
        ("/audit?limit=abc", "`limit`: a whole number is wanted"),
        ("/sources?limit=abc", "`limit`: a whole number is wanted"),
    ] {
        let (status, problem) = bridge.api("GET", query, None).await;
        assert_eq!((status, &problem["code"]), (400, &json!("bad_query")));
        assert!(
            problem["detail"].as_str().unwrap().contains(says),
            "{problem}"
        );
    }
    bridge.get("/events?from=2026-01-01&to=2026-01-31").await;
}

#[actix_web::test]
async fn an_answer_that_is_not_tls_is_called_that() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let url = receiver.url().replace("http://", "https://");
    let rules = json!({"mapping": {"mode": "passthrough"}});
    let hook = bridge.connect_to(&url, json!({}), rules).await.hook;
    assert_eq!(bridge.post(&hook, todo_created()).await.0, 200);
    bridge.recorded(1).await;
    let id = bridge.get("/deliveries").await["data"][0]["id"].clone();
    let delivery = bridge
        .get(&format!("/deliveries/{}", id.as_str().unwrap()))
        .await;
    let outcome = &delivery["attempts"][0]["outcome"];
    assert_eq!(outcome["code"], "tls_failed", "{outcome}");
}

#[actix_web::test]
async fn a_delivery_that_is_held_says_why() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}});
    let connected = bridge.connect(&receiver, rules).await;
    let pause = format!("/destinations/{}/pause", connected.destination_id);
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    assert_eq!(bridge.post(&connected.hook, todo_created()).await.0, 200);
    let id = bridge.get("/deliveries").await["data"][0]["id"].clone();
    let delivery = bridge
        .get(&format!("/deliveries/{}", id.as_str().unwrap()))
        .await;
    let destination = bridge
        .get(&format!("/destinations/{}", connected.destination_id))
        .await;
    let reason = &destination["health"]["paused_reason"];
    assert!(reason.as_str().is_some_and(|reason| !reason.is_empty()));
    assert_eq!(
        delivery["held"],
        json!({"reason": reason, "next_probe_at": null})
    );
}

#[actix_web::test]
async fn a_resend_takes_no_wishes_that_it_does_not_know() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}});
    let connected = bridge.connect(&receiver, rules).await;
    assert_eq!(bridge.post(&connected.hook, todo_created()).await.0, 200);
    receiver.next().await;
    let id = bridge.get("/deliveries").await["data"][0]["id"].clone();
    let resend = format!("/deliveries/{}/resend", id.as_str().unwrap());
    for (wish, status) in [
        (Some(json!({"version": "newest"})), 422),
        (Some(json!({"versions": "now"})), 422),
        (Some(json!({})), 201),
        (None, 201),
    ] {
        let (answered, document) = bridge.api("POST", &resend, wish).await;
        assert_eq!(answered, status, "{document}");
    }
    for _ in 0..2 {
        receiver.next().await;
    }
    assert!(receiver.next_if_there().await.is_none());
}

#[test]
fn an_address_of_no_database_is_called_that_and_not_repeated() {
    for url in [
        "mysql://u:hidden@h/d",
        "bridge.db",
        "sqlite://",
        "sqlite://:memory:",
    ] {
        let refused = std::process::Command::new(env!("CARGO_BIN_EXE_bluebridge"))
            .arg("migrate")
            .env_clear()
            .env("BLUEBRIDGE_DATABASE_URL", url)
            .output()
            .unwrap();
        assert!(!refused.status.success());
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("Set BLUEBRIDGE_DATABASE_URL to"), "{said}");
        assert!(!said.contains("hidden"), "{said}");
    }
}

#[actix_web::test]
async fn a_signature_takes_the_place_of_no_other_header() {
    let bridge = TestBridge::start().await;
    for (config, signing, pointer) in [
        (
            json!({}),
            json!({"scheme": "hex", "header": "Content-Type"}),
            "/signing/header",
        ),
        (
            json!({"auth": {"type": "header", "name": "X-Signature", "value": "v"}}),
            json!({"scheme": "hex"}),
            "/signing/header",
        ),
        (
            json!({"auth": {"type": "basic", "username": "us:er", "password": "p"}}),
            json!({}),
            "/config/auth/username",
        ),
    ] {
        let mut config = config;
        config["url"] = json!("http://127.0.0.1:8099/");
        let document = json!({"name": "Receiver", "config": config, "signing": signing});
        let (status, answer) = bridge.api("POST", "/destinations", Some(document)).await;
        assert_eq!(
            (status, &answer["problems"][0]["pointer"]),
            (422, &json!(pointer)),
            "{answer}"
        );
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn what_no_column_can_hold_is_looked_for_and_not_found() {
    for database in [Database::Sqlite, Database::Postgres] {
        let bridge = TestBridge::start_on(database).await;
        for path in [
            "/deliveries?q=%00",
            "/deliveries?type=%00",
            "/events?type=%00",
        ] {
            let (status, answer) = bridge.api("GET", path, None).await;
            assert_eq!(
                (status, &answer["data"]),
                (200, &json!([])),
                "{path}: {answer}"
            );
        }
        let replay = json!({"filter": {"text": "\u{0}", "event_type": "\u{0}"}, "dry_run": true});
        assert_eq!(bridge.api("POST", "/replays", Some(replay)).await.0, 200);
        bridge.stop().await;
    }
}

#[actix_web::test]
async fn an_answer_of_many_headers_has_arrived() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}});
    let connected = bridge.connect(&receiver, rules).await;
    const NAMES: [&str; 3] = ["x-one", "x-two", "x-three"];
    let headers = (0..150).map(|n| (NAMES[n % 3], n.to_string())).collect();
    receiver.answer_with(Answer {
        status: 200,
        headers,
        body: b"ok".to_vec(),
    });
    bridge.post(&connected.hook, &event(1)).await;
    bridge.recorded(1).await;
    let delivery = bridge.get("/deliveries").await["data"][0].clone();
    assert_eq!(delivery["state"], "delivered", "{delivery}");
    bridge.stop().await;
}
