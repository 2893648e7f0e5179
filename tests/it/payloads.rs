//! Payloads that want to be more than text: in every field that a page shows they stay text, and their facts stay on one line.

use bluebridge::domain::destination::DEFAULT_TIMEOUT_MS;
use serde_json::{Value, json};

use crate::harness::{Answer, Receiver, TestBridge};

/// Each begins with a mark of its own, so that it can be found in a page.
const HOSTILE: [&str; 10] = [
    "m0<script>alert(1)</script>",
    "m1\"><img src=x onerror=alert(1)>",
    "m2' onmouseover='alert(1)",
    "m3javascript:/*--></title></style></textarea></script><svg/onload='+/\"/+/onmouseover=1/+/[*/[]/+alert(1)//'>",
    "m4\u{1b}[31mred\u{1b}[2J\u{7}",
    "m5\u{202e}gnp.exe\u{2066}\u{200f}",
    "m6\0nul\0",
    "m7\r\nX-Injected: yes\r\n\r\n<b>",
    "m8{{7*7}}{% raw %}${7*7}<%= 7 %>",
    "m9]]><!--",
];

/// What must never stand in a page as it is.
const ALIVE: [&str; 9] = [
    "<script>alert",
    "<img src=x",
    "onerror=alert(1)>",
    "<svg/onload",
    "</textarea></script>",
    "<b>xxx",
    "X-Injected: yes\r\n\r\n<b>",
    "m2' onmouse",
    "]]><!--",
];

async fn open(bridge: &TestBridge, cookie: &str, path: &str) -> String {
    let answer = bridge
        .http
        .get(bridge.url(path))
        .header("cookie", cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

/// A signed-in owner's cookie.
async fn owner(bridge: &TestBridge) -> String {
    let cookie_of = |answer: &reqwest::Response| {
        let set = answer.headers()["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_string()
    };
    let setup = bridge.http.get(bridge.url("/setup")).send().await.unwrap();
    let cookie = cookie_of(&setup);
    let html = setup.text().await.unwrap();
    let mark = html
        .split("name=\"csrf\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let fields = [
        ("csrf", mark),
        ("name", "Ada"),
        ("email", "ada@example.com"),
        ("password", "correct horse battery"),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = bridge
        .http
        .post(bridge.url("/setup"))
        .header("cookie", cookie);
    let signed_in = request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap();
    cookie_of(&signed_in)
}

#[actix_web::test]
async fn hostile_texts_stay_texts_in_every_page() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let printable = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    let source = bridge
        .created(
            "/sources",
            json!({"name": printable(HOSTILE[0]), "secret": crate::harness::SECRET}),
        )
        .await;
    let config = json!({"url": receiver.url(), "headers": {"x-hostile": printable(HOSTILE[1])}, "auth": {"type": "basic", "username": HOSTILE[3].replace(':', ""), "password": "p"}});
    let limits = json!({"timeout_ms": DEFAULT_TIMEOUT_MS});
    let destination = bridge
        .created(
            "/destinations",
            json!({"name": printable(HOSTILE[1]), "config": config, "limits": limits}),
        )
        .await;
    let filter = json!({"path": "$.currentValue.title", "op": "contains", "value": HOSTILE[3]});
    let mut hooks = Vec::new();
    for (name, filter) in [(HOSTILE[2], Value::Null), (HOSTILE[3], filter)] {
        let mapping = json!({"mode": "fields", "fields": [{"to": "t", "from": {"path": "$.currentValue.title"}}, {"to": "v", "from": {"value": HOSTILE[0]}}]});
        let connection = json!({"name": printable(name), "source_id": source["id"], "destination_id": destination["id"], "filter": filter, "mapping": mapping});
        hooks.push(
            bridge.created("/connections", connection).await["id"]
                .as_str()
                .unwrap()
                .to_string(),
        );
    }
    let hook = bridge.url(&format!("/hooks/{}", source["token"].as_str().unwrap()));
    let mut sent = 0;
    for text in HOSTILE.iter().chain([&"m\u{0}".repeat(100).as_str()]) {
        receiver.answer_with(Answer {
            status: 500,
            headers: vec![
                ("x-hostile", printable(HOSTILE[1])),
                ("content-type", "text/html".into()),
            ],
            body: text.as_bytes().to_vec(),
        });
        let event = json!({
            "event": text, "currentValue": {"id": text, "title": text, "todoList": {"id": text, "title": text, "project": {"id": text, "name": text}}, (*text): text},
            "previousValue": {"title": HOSTILE[9]},
        });
        let (status, _) = bridge.post(&hook, event.to_string().as_bytes()).await;
        assert_eq!(status, 200, "{text:?}");
        sent += 1;
    }
    // One line of a megabyte, less than the limit of a body.
    let long = json!({"event": "LONG", "currentValue": {"id": "1", "title": format!("<b>{}", "x".repeat(900_000))}});
    assert_eq!(bridge.post(&hook, long.to_string().as_bytes()).await.0, 200);
    bridge.recorded(sent + 1).await;

    let cookie = owner(&bridge).await;
    let mut opened = 0;
    let mut marks_seen = std::collections::HashSet::new();
    let mut paths: Vec<String> = [
        "/",
        "/sources",
        "/destinations",
        "/connections",
        "/events",
        "/deliveries",
        "/connections/new",
    ]
    .map(String::from)
    .to_vec();
    let id = |document: &Value| document["id"].as_str().unwrap().to_string();
    paths.push(format!("/sources/{}", id(&source)));
    for tail in ["", "/edit"] {
        paths.push(format!("/destinations/{}{tail}", id(&destination)));
        paths.extend(
            hooks
                .iter()
                .map(|hook| format!("/connections/{hook}{tail}")),
        );
    }
    for list in ["events", "deliveries"] {
        let listed = bridge.get(&format!("/{list}?limit=100")).await;
        paths.extend(
            listed["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| format!("/{list}/{}", id(it))),
        );
    }
    let echo: String = url::form_urlencoded::byte_serialize(HOSTILE[3].as_bytes()).collect();
    paths.extend([
        format!("/deliveries?text={echo}"),
        format!("/events?text={echo}"),
        format!("/events?type={echo}"),
    ]);
    for path in paths {
        let html = open(&bridge, &cookie, &path).await;
        opened += 1;
        for alive in ALIVE {
            assert!(!html.contains(alive), "{path} holds {alive:?}");
        }
        assert!(html.len() < 4 << 20, "{path} has {} bytes", html.len());
        marks_seen.extend((0..10).filter(|number| html.contains(&format!("m{number}"))));
    }
    assert!(
        opened > 25 && marks_seen.len() == 10,
        "{opened} pages, marks {marks_seen:?}"
    );

    // Lists show facts: on one line, short, without marks that turn the text around.
    let events = bridge.get("/events?limit=100").await;
    for event in events["data"].as_array().unwrap() {
        for member in [
            "type",
            "record_title",
            "record_id",
            "list_title",
            "project_name",
        ] {
            let text = event[member].as_str().unwrap_or_default();
            assert!(
                text.chars().count() <= 200
                    && !text
                        .chars()
                        .any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)),
                "{member}: {text:?}"
            );
        }
    }
    bridge.stop().await;
}
