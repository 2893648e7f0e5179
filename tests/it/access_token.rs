//! Access tokens: asked for once, sent with every delivery until they run out or are refused, and shown to nobody.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::database::{Database, on_both};
use crate::harness::{Answer, Connected, Receiver, TestBridge, event, patiently};
use crate::pages::owner;

on_both! {
    a_token_is_asked_for_once_and_again_when_it_runs_out,
    a_token_that_is_refused_is_asked_for_anew,
    why_there_is_no_token_is_told_and_the_delivery_is_tried_again,
}

const SECRET: &str = "canary client/secret+1";

fn token_url(tokens: &Receiver) -> String {
    format!("http://{}/token", tokens.address)
}

fn client(tokens: &Receiver) -> Value {
    json!({"type": "oauth2_client_credentials", "token_url": token_url(tokens), "client_id": "bridge", "client_secret": SECRET, "scope": "write"})
}

/// A connection whose destination is given tokens.
async fn connected(bridge: &TestBridge, receiver: &Receiver, auth: Value) -> Connected {
    let connected = bridge.connect(receiver, json!({})).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let config = json!({"url": receiver.url(), "auth": auth});
    let limits = json!({"timeout_ms": 1_000});
    let changed = json!({"name": "Receiver", "config": config, "limits": limits});
    let (status, saved) = bridge.api("PUT", &path, Some(changed)).await;
    assert_eq!(status, 200, "{saved}");
    connected
}

fn giving(tokens: &Receiver, token: &str, expires_in: Value) {
    let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": expires_in});
    answering(tokens, 200, &body);
}

fn answering(tokens: &Receiver, status: u16, body: &Value) {
    tokens.answer_with(Answer {
        status,
        headers: vec![("content-type", "application/json".into())],
        body: body.to_string().into_bytes(),
    });
}

/// The newest delivery, with its attempts; nothing secret stands in it.
async fn newest(bridge: &TestBridge) -> Value {
    let log = bridge.get("/deliveries").await;
    let id = log["data"][0]["id"].as_str().unwrap().to_string();
    let delivery = bridge.get(&format!("/deliveries/{id}")).await;
    assert!(!delivery.to_string().contains("canary"), "{delivery}");
    delivery
}

async fn a_token_is_asked_for_once_and_again_when_it_runs_out(database: Database) {
    let (receiver, tokens) = (Receiver::start(), Receiver::start());
    let bridge = TestBridge::start_on(database).await;
    let connected = connected(&bridge, &receiver, client(&tokens)).await;
    giving(&tokens, "canary-token-1", json!(3_600));
    // Some say how long it lasts as a text.
    giving(&tokens, "canary-token-2", json!("3600"));
    for (number, token) in [
        (1, "canary-token-1"),
        (2, "canary-token-1"),
        (3, "canary-token-2"),
    ] {
        bridge.post(&connected.hook, &event(number)).await;
        let received = receiver.next().await;
        let sent = format!("Bearer {token}");
        assert_eq!(received.header("authorization"), Some(sent.as_str()));
        bridge.recorded(number as u64).await;
        let attempt = &newest(&bridge).await["attempts"][0];
        let sent = attempt["request"]["headers"].as_array().unwrap();
        assert!(sent.contains(&json!(["authorization", "***"])), "{attempt}");
        if number == 2 {
            // A minute before it runs out another one is asked for.
            bridge.advance(Duration::from_secs(3_545));
        }
    }
    let asked = tokens.next().await;
    let form = "grant_type=client_credentials&scope=write&client_id=bridge&client_secret=canary+client%2Fsecret%2B1";
    assert_eq!(asked.body, form.as_bytes());
    let kind = asked.header("content-type");
    assert_eq!(kind, Some("application/x-www-form-urlencoded"));
    assert_eq!(tokens.next().await.body, form.as_bytes());
    assert!(tokens.is_idle().await);
    bridge.stop().await;
}

async fn a_token_that_is_refused_is_asked_for_anew(database: Database) {
    let (receiver, tokens) = (Receiver::start(), Receiver::start());
    let bridge = TestBridge::start_on(database).await;
    let connected = connected(&bridge, &receiver, client(&tokens)).await;
    giving(&tokens, "canary-token-1", json!(3_600));
    giving(&tokens, "canary-token-2", json!(3_600));
    // One that was given just now is kept: another would be refused as well.
    receiver.answer_next(401);
    receiver.answer_next(401);
    bridge.post(&connected.hook, &event(1)).await;
    for (attempt, token, wait_s) in [(1, 1, 10), (2, 1, 400), (3, 2, 0)] {
        let received = receiver.next().await;
        let sent = format!("Bearer canary-token-{token}");
        assert_eq!(received.header("authorization"), Some(sent.as_str()));
        bridge.recorded(attempt).await;
        bridge.advance(Duration::from_secs(wait_s));
    }
    assert_eq!(newest(&bridge).await["state"], "delivered");
    bridge.stop().await;
}

async fn why_there_is_no_token_is_told_and_the_delivery_is_tried_again(database: Database) {
    let (receiver, tokens) = (Receiver::start(), Receiver::start());
    let bridge = TestBridge::start_on(database).await;
    let connected = connected(&bridge, &receiver, client(&tokens)).await;
    let echoed = "canary client/secret+1 canary%20client%2Fsecret%2B1 can\u{1}ary client/secret+1";
    let echoed = format!("No such secret:\r\n {echoed} {}.", "x".repeat(200));
    let refused = json!({"error": "invalid_client", "error_description": echoed});
    let of_google = json!({"error": {"code": 403, "message": "No.", "status": "DENIED"}, "error_description": null});
    let of_another_type = json!({"access_token": "canary", "token_type": "DPoP"});
    // The first is asked in both ways.
    for (status, answer) in [
        (401, refused),
        (400, json!({"error": "invalid_request"})),
        (200, of_another_type),
        (403, of_google),
        (200, json!({"access_token": "two\nlines"})),
    ] {
        answering(&tokens, status, &answer);
    }
    giving(&tokens, "canary-token", Value::Null);
    bridge.post(&connected.hook, &event(1)).await;
    let asked = [
        (
            10,
            "asked for one, 127.0.0.1 answered 401 (invalid_client No such secret: *** *** *** ***).",
        ),
        (400, "the answer of 127.0.0.1 holds none that can be sent."),
        (3_000, "asked for one, 127.0.0.1 answered 403 (DENIED No)."),
        (
            9_000,
            "the answer of 127.0.0.1 holds none that can be sent.",
        ),
    ];
    for (attempt, (wait_s, said)) in (1..).zip(asked) {
        bridge.recorded(attempt).await;
        let delivery = newest(&bridge).await;
        assert_eq!(delivery["state"], "retrying");
        let attempts = delivery["attempts"].as_array().unwrap();
        let outcome = &attempts.last().unwrap()["outcome"];
        assert_eq!(outcome["code"], "no_access_token", "{outcome}");
        assert_eq!(outcome["sentence"], format!("No access token: {said}"));
        bridge.advance(Duration::from_secs(wait_s));
    }
    let asked = 4;
    assert_eq!(
        receiver.next().await.header("authorization"),
        Some("Bearer canary-token")
    );
    bridge.recorded(asked + 1).await;
    assert_eq!(newest(&bridge).await["state"], "delivered");
    bridge.stop().await;
}

#[actix_web::test]
async fn many_deliveries_wait_for_one_token() {
    let (receiver, tokens) = (Receiver::start(), Receiver::start());
    let bridge = TestBridge::start().await;
    let connected = connected(&bridge, &receiver, client(&tokens)).await;
    tokens.hold(true);
    giving(&tokens, "canary-token", json!(3_600));
    for number in 1..=8 {
        bridge.post(&connected.hook, &event(number)).await;
    }
    tokens.next().await;
    tokens.hold(false);
    bridge.recorded(8).await;
    for _ in 1..=8 {
        let received = receiver.next().await;
        assert_eq!(
            received.header("authorization"),
            Some("Bearer canary-token")
        );
    }
    assert!(tokens.is_idle().await);
    bridge.stop().await;
}

/// They had waited for the same answer.
#[actix_web::test]
async fn a_refusal_is_shared_by_all_who_waited_for_it() {
    let (receiver, tokens) = (Receiver::start(), Receiver::start());
    let bridge = TestBridge::start().await;
    let connected = connected(&bridge, &receiver, client(&tokens)).await;
    tokens.hold(true);
    tokens.answer_usually(503);
    for number in 1..=8 {
        bridge.post(&connected.hook, &event(number)).await;
    }
    tokens.next().await;
    patiently("all of them wait", async {
        while bridge.count_in(&connected.destination_id, "sending") < 8 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    tokens.hold(false);
    bridge.recorded(8).await;
    let mut asked = 1;
    while tokens.next_if_there().await.is_some() {
        asked += 1;
    }
    // Who was handed over only after the answer asks for itself.
    assert!(asked < 8, "{asked}");
    bridge.stop().await;
}

#[actix_web::test]
async fn a_service_that_takes_the_credentials_in_the_header_is_asked_so() {
    let (receiver, tokens) = (Receiver::start(), Receiver::start());
    let bridge = TestBridge::start().await;
    let connected = connected(&bridge, &receiver, client(&tokens)).await;
    answering(&tokens, 400, &json!({"error": "invalid_client"}));
    giving(&tokens, "canary-token", json!(3_600));
    bridge.post(&connected.hook, &event(1)).await;
    let received = receiver.next().await;
    assert_eq!(
        received.header("authorization"),
        Some("Bearer canary-token")
    );
    assert_eq!(tokens.next().await.header("authorization"), None);
    let asked = tokens.next().await;
    let basic = format!(
        "Basic {}",
        STANDARD.encode("bridge:canary+client%2Fsecret%2B1")
    );
    assert_eq!(asked.header("authorization"), Some(basic.as_str()));
    assert_eq!(asked.body, b"grant_type=client_credentials&scope=write");
    bridge.stop().await;
}

#[actix_web::test]
async fn who_gives_no_token_in_time_is_named() {
    let (receiver, tokens) = (Receiver::start(), Receiver::start());
    let bridge = TestBridge::start().await;
    let connected = connected(&bridge, &receiver, client(&tokens)).await;
    tokens.hold(true);
    bridge.post(&connected.hook, &event(1)).await;
    bridge.recorded(1).await;
    let outcome = &newest(&bridge).await["attempts"][0]["outcome"];
    let said = "No access token: none was given within the time limit.";
    assert_eq!(outcome["sentence"], said);
    tokens.hold(false);
    bridge.stop().await;
}

#[actix_web::test]
async fn an_address_that_may_not_be_reached_is_told_where_it_is_typed() {
    let (receiver, bridge) = (Receiver::start(), TestBridge::start().await);
    let auth = json!({"type": "oauth2_client_credentials", "token_url": "https://10.0.0.1/token", "client_id": "bridge", "client_secret": SECRET});
    let config = json!({"url": receiver.url(), "auth": auth});
    let destination = json!({"name": "Receiver", "config": config});
    let (status, answer) = bridge.api("POST", "/destinations", Some(destination)).await;
    let problem = &answer["problems"][0];
    assert_eq!(
        (status, &problem["code"]),
        (422, &json!("address_refused")),
        "{answer}"
    );
    assert_eq!(problem["pointer"], "/config/auth/token_url");
    bridge.stop().await;
}

/// A file as Google gives it out, for a service that is asked here.
fn key_file(tokens: &Receiver) -> Value {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der = pair.as_der().unwrap();
    let lines = STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n");
    json!({"type": "service_account", "private_key": pem, "client_email": "bridge@p.iam.example.com", "token_uri": token_url(tokens)})
}

#[actix_web::test]
async fn a_row_is_written_as_a_service_account_that_the_form_takes_and_names() {
    let (receiver, tokens) = (Receiver::start(), Receiver::start());
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let filled_in = ada.get("/destinations/new?service=google_sheets").await;
    assert!(
        filled_in.html.contains("Share the spreadsheet"),
        "{}",
        filled_in.html
    );
    let (mark, file) = (filled_in.mark(), key_file(&tokens).to_string());
    let url = format!(
        "http://{}/v4/spreadsheets/1a/values/A1:append?valueInputOption=RAW",
        receiver.address
    );
    let refused = ada
        .post("/destinations", &fields(&mark, &url, ""))
        .await
        .html;
    assert!(
        refused.contains("Paste the whole JSON file of the key."),
        "{refused}"
    );
    let refused = ada
        .post("/destinations", &fields(&mark, &url, "AIza"))
        .await
        .html;
    assert!(
        refused.contains("This is not the key of a service account"),
        "{refused}"
    );
    let saved = ada.post("/destinations", &fields(&mark, &url, &file)).await;
    let at = saved.location.unwrap();
    let at = at.split('?').next().unwrap().to_string();
    let shown = ada.get(&at).await.html;
    assert!(
        shown.contains("bridge@p.iam.example.com") && !shown.contains("PRIVATE"),
        "{shown}"
    );
    let view = bridge.get(&at).await;
    let auth = json!({"type": "google_service_account", "scope": "https://www.googleapis.com/auth/spreadsheets", "client_email": "bridge@p.iam.example.com", "key_set": true});
    assert_eq!(view["config"]["auth"], auth);
    // Sent back as it was shown, it stays as it was.
    let (status, _) = bridge.api("PUT", &at, Some(view.clone())).await;
    assert_eq!(status, 200);

    giving(&tokens, "canary-token", json!(3_599));
    let test = ada.post(&format!("{at}/test"), &[("csrf", &*mark)]).await;
    assert_eq!(test.status, 303);
    let asked = String::from_utf8(tokens.next().await.body).unwrap();
    let begins = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey";
    assert!(asked.starts_with(begins), "{asked}");
    let received = receiver.next().await;
    assert_eq!(
        received.header("authorization"),
        Some("Bearer canary-token")
    );
    bridge.stop().await;
}

fn fields<'a>(mark: &'a str, url: &'a str, key: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("csrf", mark),
        ("name", "Table"),
        ("url", url),
        ("method", "POST"),
        ("auth", "google_service_account"),
        ("auth_secret", key),
        ("scheme", "none"),
    ]
}
