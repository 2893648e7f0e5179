//! Every operation of the API, asked with nonsense of every kind: a clear error with a stable code, and nothing of the inside in it.

use serde_json::{Value, json};

use crate::harness::{Receiver, TestBridge};

/// Words that only our inside knows.
const INSIDE: [&str; 14] = [
    "diesel",
    "sqlite",
    "panicked",
    "src/",
    ".rs:",
    "serde",
    "struct ",
    "enum ",
    "rusqlite",
    "SELECT",
    "UNIQUE constraint",
    "RUST_BACKTRACE",
    "unwrap",
    "/target/",
];

fn nonsense() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "{",
        "null",
        "[]",
        "1",
        "\"text\"",
        "{}",
        "{\"name\":null}",
        "{\"name\":1}",
        "{\"name\":[\"a\"]}",
        "{\"surprise\":true}",
        "<xml/>",
        "a=b&c=d",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"\\u0000\"}",
        "{\"name\":\"a\"}trailing",
        "\u{feff}{}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    bodies.push(b"\xff\xfe\0".to_vec());
    bodies.push("[".repeat(100_000).into_bytes());
    bodies.push(format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20)).into_bytes());
    bodies.push(format!("{{\"{}\":1}}", "x".repeat(1 << 20)).into_bytes());
    let wrong = [
        json!(null),
        json!(1e308),
        json!(-1),
        json!("x".repeat(5_000)),
        json!([]),
        json!({}),
        json!({"a": [[[[]]]]}),
        json!(true),
    ];
    for member in [
        "name",
        "kind",
        "config",
        "signing",
        "limits",
        "secret",
        "require_signature",
        "overlap_s",
        "source_id",
        "destination_id",
        "trigger",
        "filter",
        "mapping",
        "delivery",
        "enabled",
        "event",
    ] {
        for value in &wrong {
            let mut document = json!({"name": "n", "source_id": "s", "destination_id": "d", "config": {"url": "https://example.com/"}});
            document[member] = value.clone();
            bodies.push(document.to_string().into_bytes());
        }
    }
    bodies
}

fn assert_clear(what: &str, status: u16, content_type: &str, text: &str) {
    assert!(status < 500, "{what}: {status} {text}");
    assert!(
        text.len() < 20_000,
        "{what}: an answer of {} bytes",
        text.len()
    );
    for word in INSIDE {
        assert!(!text.contains(word), "{what}: `{word}` in {text}");
    }
    if status >= 400 {
        assert_eq!(content_type, "application/problem+json", "{what}: {text}");
        let problem: Value =
            serde_json::from_str(text).unwrap_or_else(|_| panic!("{what}: {text}"));
        assert_eq!(problem["status"], status, "{what}");
        for member in ["code", "detail", "title", "type"] {
            assert!(
                problem[member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{what}: {member} in {text}"
            );
        }
        for problem in problem["problems"].as_array().unwrap_or(&Vec::new()) {
            assert!(
                problem["code"].is_string()
                    && problem["message"].is_string()
                    && problem["pointer"].is_string(),
                "{what}: {text}"
            );
        }
    }
}

#[actix_web::test]
async fn nonsense_gets_a_clear_error_that_tells_nothing_of_the_inside() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let openapi = bridge.get("/openapi.json").await;
    let mut operations = Vec::new();
    for (path, methods) in openapi["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            operations.push((method.to_uppercase(), path.clone()));
        }
    }
    assert!(operations.len() > 20);
    let ids = [
        "0193a5b2-7c1e-7d3f-8a4b-5c6d7e8f9a0b",
        "nonsense",
        "%00",
        "..%2f..",
        "'%20OR%201=1--",
        &"9".repeat(3_000),
    ];
    for (method, path) in &operations {
        let writes = method == "POST" || method == "PUT";
        let paths: Vec<String> = if path.contains("{id}") {
            ids.iter().map(|id| path.replace("{id}", id)).collect()
        } else {
            vec![path.clone()]
        };
        for path in paths {
            let bodies = if writes
                && (path.contains(ids[0])
                    || !path.contains('%') && !path.contains("9999") && !path.contains("nonsense"))
            {
                nonsense()
            } else {
                vec![b"{}".to_vec()]
            };
            for body in bodies {
                let what = format!(
                    "{method} {path} {}",
                    String::from_utf8_lossy(&body[..body.len().min(120)])
                );
                let (status, content_type, text) = ask(&bridge, method, &path, &[], body).await;
                assert_clear(&what, status, &content_type, &text);
            }
        }
    }
    let source = format!("/sources/{}", connected.source_id);
    let destination = format!("/destinations/{}", connected.destination_id);
    for body in nonsense() {
        for (method, path) in [
            ("PUT", &source),
            ("PUT", &destination),
            ("POST", &format!("{destination}/rotate-secret")),
        ] {
            let what = format!(
                "{method} {path} {}",
                String::from_utf8_lossy(&body[..body.len().min(120)])
            );
            let (status, content_type, text) = ask(&bridge, method, path, &[], body.clone()).await;
            assert_clear(&what, status, &content_type, &text);
        }
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn odd_queries_methods_and_headers_get_a_clear_error() {
    let bridge = TestBridge::start().await;
    for query in [
        "limit=x",
        "limit=-1",
        "limit=99999999999999999999",
        "limit=1e3",
        "cursor=%00",
        "cursor=' OR 1",
        "state=a,b,c",
        "from=yesterday",
        "to=99999-01-01T00:00:00Z",
        "from=2026-13-45T00:00:00Z",
        "surprise=1",
        "limit=1&limit=2",
        "%ff=%fe",
        "text=%00",
        "text=%25%5f%27",
        "event_id=x",
        "=&=&=",
    ] {
        for list in ["/deliveries", "/events"] {
            let what = format!("{list}?{query}");
            let (status, content_type, text) = ask(&bridge, "GET", &what, &[], Vec::new()).await;
            assert_clear(&what, status, &content_type, &text);
        }
    }
    // Databases give up on a long pattern, which is no trouble of theirs that passes.
    for (list, characters, status) in [
        ("/deliveries", 500, 200),
        ("/deliveries", 501, 400),
        ("/events", 501, 400),
        ("/audit", 501, 400),
        ("/deliveries", 60_000, 400),
    ] {
        let what = format!("{list}?text={}", "a".repeat(characters));
        let (found, _, text) = ask(&bridge, "GET", &what, &[], Vec::new()).await;
        assert_eq!(found, status, "{list} {characters}: {text}");
        assert_eq!(text.contains("text_too_long"), status == 400, "{text}");
    }
    for (method, path) in [
        ("PATCH", "/sources"),
        ("DELETE", "/sources"),
        ("TRACE", "/sources"),
        ("OPTIONS", "/sources"),
        ("BREW", "/sources"),
        ("GET", "/"),
        ("GET", "/nowhere"),
    ] {
        let (status, content_type, text) = ask(&bridge, method, path, &[], Vec::new()).await;
        assert!(status >= 400, "{method} {path}: {status}");
        assert_clear(&format!("{method} {path}"), status, &content_type, &text);
    }
    let long = "k".repeat(300);
    for headers in [
        [("idempotency-key", "")],
        [("idempotency-key", long.as_str())],
        [("content-type", "text/html")],
        [("content-type", "multipart/form-data; boundary=x")],
        [("content-type", "application/json; charset=utf-16")],
        [("accept", "text/html")],
        [("authorization", "Basic YTpi")],
        [("authorization", "Bearer ")],
        [("authorization", "Bearer bbt_'--")],
        [("x-http-method-override", "DELETE")],
        [("content-encoding", "gzip")],
    ] {
        let (status, content_type, text) = ask(
            &bridge,
            "POST",
            "/sources",
            &headers,
            b"{\"name\":1}".to_vec(),
        )
        .await;
        let what = format!("{headers:?}");
        assert!(status >= 400, "{what}");
        assert_clear(&what, status, &content_type, &text);
    }
    // What is no HTTP is refused before any of our words, and its connection with it: on one of its own, answered or cut.
    let alone = reqwest::Client::builder().no_proxy().build().unwrap();
    let odd = alone
        .post(bridge.url("/api/v1/sources"))
        .header("transfer-encoding", "gzip");
    if let Ok(answer) = odd.body("{}").send().await {
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
    bridge.stop().await;
}

async fn ask(
    bridge: &TestBridge,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (u16, String, String) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = bridge
        .http
        .request(method, bridge.url(&format!("/api/v1{path}")))
        .body(body);
    if !headers.iter().any(|(name, _)| *name == "authorization") {
        request = request.bearer_auth(&bridge.token);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let content_type = answer
        .headers()
        .get("content-type")
        .map_or(String::new(), |value| value.to_str().unwrap().to_string());
    (status, content_type, answer.text().await.unwrap())
}
