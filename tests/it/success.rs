//! Success rules: an answer of 2xx counts as delivered only when it says what its destination's rule asks for.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::database::{Database, on_both};
use crate::harness::{Answer, Connected, Receiver, TestBridge, event, patiently};
use crate::pages::owner;

on_both! {
    an_answer_that_its_rule_does_not_take_is_tried_again,
    a_rule_goes_with_its_destination_into_another_bridge,
    a_final_status_fails_its_delivery_at_once_and_holds_nothing,
}

fn ok() -> Value {
    json!({"path": "$.ok", "op": "is_true"})
}

/// A connection to this address, whose destination has a rule.
async fn connected(bridge: &TestBridge, url: &str, limits: Value, rule: Value) -> Connected {
    let connected = bridge.connect_to(url, limits.clone(), json!({})).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let ruled =
        json!({"name": "Receiver", "config": {"url": url}, "limits": limits, "success": rule});
    let (status, saved) = bridge.api("PUT", &path, Some(ruled)).await;
    assert_eq!((status, &saved["success"]), (200, &rule));
    connected
}

fn answering(receiver: &Receiver, body: impl Into<Vec<u8>>) {
    receiver.answer_with(Answer {
        status: 200,
        headers: vec![("content-type", "application/json".into())],
        body: body.into(),
    });
}

/// The only delivery, with its attempts.
async fn delivery(bridge: &TestBridge) -> Value {
    let log = bridge.get("/deliveries").await;
    let id = log["data"][0]["id"].as_str().unwrap().to_string();
    bridge.get(&format!("/deliveries/{id}")).await
}

async fn an_answer_that_its_rule_does_not_take_is_tried_again(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = connected(&bridge, &receiver.url(), json!({}), ok()).await;
    answering(&receiver, r#"{"ok": false, "error": "not_in_channel"}"#);
    answering(&receiver, r#"{"ok": true}"#);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let refused = delivery(&bridge).await;
    assert_eq!(refused["state"], "retrying");
    let attempt = &refused["attempts"][0];
    assert_eq!(attempt["outcome"]["code"], "not_accepted", "{attempt}");
    assert_eq!(attempt["response"]["status"], 200, "{attempt}");
    let said = "Not accepted: the destination answered 200, but its answer does not say at $.ok what its success rule asks for.";
    assert_eq!(attempt["outcome"]["sentence"], said);
    bridge.advance(Duration::from_secs(10));
    receiver.next().await;
    bridge.recorded(2).await;
    assert_eq!(delivery(&bridge).await["state"], "delivered");
    bridge.stop().await;
}

#[actix_web::test]
async fn a_long_answer_is_judged_as_a_whole_or_not_at_all() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = connected(&bridge, &receiver.url(), json!({}), ok()).await;
    let padded = |bytes: usize| format!(r#"{{"pad": "{}", "ok": true}}"#, "x".repeat(bytes));
    for (number, bytes, expected) in [(1, 100_000, "delivered"), (2, 300_000, "not_accepted")] {
        answering(&receiver, padded(bytes));
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64).await;
        let attempt = &delivery(&bridge).await["attempts"][0];
        assert_eq!(attempt["outcome"]["code"], expected);
        assert_eq!(attempt["response"]["truncated"], true, "{expected}");
        let kept = attempt["response"]["body"].as_str().unwrap().len();
        assert_eq!(kept, 16 * 1024, "no more of it is kept than of any other");
    }
    bridge.stop().await;
}

/// Begins each answer and never ends it.
async fn stalls(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 64 << 10];
            let _ = stream.read(&mut request).await.unwrap();
            let head = "content-length: 100\r\n\r\n{\"ok\": true}";
            let head = format!("HTTP/1.1 {status}\r\n{head}");
            stream.write_all(head.as_bytes()).await.unwrap();
            open.push(stream);
        }
    });
    format!("http://{address}/")
}

#[actix_web::test]
async fn an_answer_that_does_not_end_in_time_is_no_success_by_any_rule() {
    let bridge = TestBridge::start().await;
    let limits = json!({"timeout_ms": 300});
    let connected = connected(&bridge, &stalls("200 OK").await, limits, ok()).await;
    bridge.post(&connected.hook, &event(1)).await;
    bridge.recorded(1).await;
    let attempt = &delivery(&bridge).await["attempts"][0];
    assert_eq!(attempt["outcome"]["code"], "not_accepted");
    assert!(
        attempt["outcome"]["sentence"]
            .as_str()
            .unwrap()
            .contains("broke off")
    );
    bridge.stop().await;
}

async fn a_rule_goes_with_its_destination_into_another_bridge(database: Database) {
    let (first, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    connected(&first, &receiver.url(), json!({}), ok()).await;
    let exported = owner(&first).await.get("/connections/export").await.html;
    let document: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(document["destinations"][0]["success"], ok());
    first.stop().await;
    let second = TestBridge::start_on(database).await;
    let mut ada = owner(&second).await;
    let mark = ada.get("/connections/import").await.mark();
    let fields = [("csrf", &*mark), ("bundle", &*exported), ("action", "plan")];
    let plan = ada.post("/connections/import", &fields).await.html;
    let planned = plan.split("name=\"planned\" value=\"").nth(1).unwrap();
    let planned = planned.split('"').next().unwrap();
    let fields = [
        ("csrf", &*mark),
        ("bundle", &*exported),
        ("planned", planned),
        ("action", "import"),
    ];
    ada.post("/connections/import", &fields).await;
    let made = second.get("/destinations").await;
    assert_eq!(made["data"][0]["success"], ok());
    second.stop().await;
}

#[actix_web::test]
async fn the_form_takes_a_rule_in_plain_ways_and_shows_any_other_as_json() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/destinations/new").await.mark();
    let url = receiver.url();
    let form = |more: &[(&'static str, &'static str)]| {
        let mut fields = vec![
            ("csrf", mark.as_str()),
            ("name", "Chat"),
            ("url", url.as_str()),
            ("method", "POST"),
            ("auth", "none"),
            ("scheme", "none"),
        ];
        fields.extend_from_slice(more);
        fields
    };
    let saved = ada.post("/destinations", &form(&[("success", "ok")])).await;
    let at = saved.location.unwrap();
    let at = at.split('?').next().unwrap().to_string();
    let api = at.clone();
    let own = [
        ("success", "own"),
        ("success_path", "$.status"),
        ("success_op", "in"),
        ("success_value", "ok, accepted"),
    ];
    let as_json = [
        ("success", "json"),
        (
            "success_json",
            r#"{"all": [{"path": "$.data", "op": "exists"}]}"#,
        ),
    ];
    let ways = [
        (&[("success", "ok")][..], ok(), "says &#34;ok&#34;: true"),
        (
            &[("success", "no_errors")],
            json!({"all": [{"path": "$.data", "op": "exists"}, {"path": "$.errors", "op": "is_empty"}]}),
            "without &#34;errors&#34;",
        ),
        (
            &own,
            json!({"path": "$.status", "op": "in", "value": ["ok", "accepted"]}),
            "2xx whose answer meets: status is one of",
        ),
        (
            &as_json,
            json!({"all": [{"path": "$.data", "op": "exists"}]}),
            "2xx whose answer meets: data is there",
        ),
        (
            &[("success", "any")],
            Value::Null,
            "Any success answer (2xx)",
        ),
    ];
    for (typed, expected, shown) in ways {
        assert_eq!(ada.post(&at, &form(typed)).await.status, 303);
        let rule = &bridge.get(&api).await["success"];
        assert_eq!(rule, &expected);
        let page = ada.get(&at).await.html;
        assert!(page.contains(shown), "{shown} in {page}");
        // The form holds what was saved, so that saving it again changes nothing.
        let edit = ada.get(&format!("{at}/edit")).await.html;
        let (_, way) = typed[0];
        assert!(edit.contains(&format!("<option value=\"{way}\" selected>")));
        for (_, value) in typed
            .iter()
            .skip(1)
            .filter(|(name, _)| *name != "success_json")
        {
            let held = edit.contains(&format!("value=\"{value}\""));
            assert!(held, "{value} in {edit}");
        }
    }
    let wrong = [
        ("success", "own"),
        ("success_path", ""),
        ("success_op", "equals"),
    ];
    let page = ada.post(&at, &form(&wrong)).await;
    assert_eq!(page.status, 422);
    assert!(
        page.html.contains("href=\"#success_path\""),
        "{}",
        page.html
    );
    bridge.stop().await;
}

#[actix_web::test]
async fn a_starting_point_leads_over_its_service_and_back() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let gallery = ada.get("/connections/gallery").await.html;
    assert!(
        gallery.contains("/connections/new?template=telegram-record-done"),
        "{gallery}"
    );
    let builder = "/connections/new?template=telegram-record-done";
    let add = "/destinations/new?service=telegram&amp;then=telegram-record-done";
    let begun = ada.get(builder).await.html;
    assert!(begun.contains(&format!("href=\"{add}\"")), "{begun}");
    let form = ada.get(&add.replace("&amp;", "&")).await;
    for filled in [
        "value=\"https://api.telegram.org/botTOKEN/sendMessage\"",
        "<option value=\"ok\" selected>",
        "put its token in place of TOKEN",
        "name=\"then\" value=\"telegram-record-done\"",
    ] {
        assert!(form.html.contains(filled), "{filled} in {}", form.html);
    }
    let mark = form.mark();
    let typed = |name: &'static str| {
        [
            ("csrf", mark.as_str()),
            ("service", "telegram"),
            ("then", "telegram-record-done"),
            ("name", name),
            ("url", "https://203.0.113.9/bot1:abc/sendMessage"),
            ("method", "POST"),
            ("auth", "none"),
            ("scheme", "none"),
            ("success", "ok"),
        ]
    };
    // Refused, it still knows where it leads.
    let refused = ada.post("/destinations", &typed("")).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused
            .html
            .contains("name=\"then\" value=\"telegram-record-done\"")
    );
    let mut fine = typed("Team chat");
    fine[4].1 = "https://1.1.1.1/bot1:abc/sendMessage";
    let saved = ada.answer("/destinations", &fine).await;
    let id = bridge.get("/destinations").await["data"][0]["id"].clone();
    let id = id.as_str().unwrap();
    let back = format!("{builder}&destination_id={id}");
    assert_eq!(saved.location.as_deref(), Some(&*back), "{}", saved.html);
    let filled = ada.get(&back).await.html;
    assert!(filled.contains(&format!("<option value=\"{id}\" selected>")));
    assert!(!filled.contains(add), "it was added");
    bridge.stop().await;
}

#[actix_web::test]
async fn a_test_request_is_judged_by_the_rule_too() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = connected(&bridge, &receiver.url(), json!({}), ok()).await;
    let mut ada = owner(&bridge).await;
    let at = format!("/destinations/{}", connected.destination_id);
    let mark = ada.get(&at).await.mark();
    answering(&receiver, "<html>Sign in</html>");
    ada.post(&format!("{at}/test"), &[("csrf", &mark)]).await;
    let page = patiently("the test's result", async { ada.get(&at).await.html }).await;
    assert!(page.contains("but its answer is not JSON"), "{page}");
    bridge.stop().await;
}

async fn a_final_status_fails_its_delivery_at_once_and_holds_nothing(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let with = |statuses: Value| json!({"name": "Receiver", "config": {"url": receiver.url(), "final_statuses": statuses}});
    for status in [200, 399, 408, 410, 425, 429, 500] {
        let (refused, problem) = bridge
            .api("PUT", &path, Some(with(json!([422, status]))))
            .await;
        let problem = &problem["problems"][0];
        assert_eq!((refused, &problem["code"]), (422, &json!("not_final")));
        assert_eq!(problem["pointer"], "/config/final_statuses");
    }
    let (status, saved) = bridge
        .api("PUT", &path, Some(with(json!([422, 400, 422]))))
        .await;
    assert_eq!(
        (status, &saved["config"]["final_statuses"]),
        (200, &json!([400, 422]))
    );

    // Far more than the failures in a row for which a destination is held.
    for number in 1..=30 {
        receiver.answer_next(422);
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64).await;
        bridge.advance(Duration::from_secs(4));
    }
    let refused = delivery(&bridge).await;
    assert_eq!(refused["state"], "failed");
    assert_eq!(refused["attempts"].as_array().unwrap().len(), 1);
    let outcome = &refused["attempts"][0]["outcome"];
    assert_eq!(outcome["code"], "refused_for_good");
    assert_eq!(bridge.get(&path).await["health"]["state"], "ok");
    bridge.post(&connected.hook, &event(31)).await;
    receiver.next().await;
    bridge.recorded(31).await;
    assert_eq!(delivery(&bridge).await["state"], "delivered");

    // One that asks to come again later is no matter of the record, and neither is any other status.
    receiver.answer_with(Answer {
        status: 400,
        headers: vec![("retry-after", "60".into())],
        body: Vec::new(),
    });
    receiver.answer_next(404);
    for number in [32, 33] {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64).await;
        assert_eq!(delivery(&bridge).await["state"], "retrying");
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn a_final_status_counts_whatever_becomes_of_its_body() {
    let bridge = TestBridge::start().await;
    let url = stalls("422 No").await;
    let limits = json!({"timeout_ms": 300});
    let connected = bridge.connect_to(&url, limits.clone(), json!({})).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let config = json!({"url": url, "final_statuses": [422]});
    let ruled = json!({"name": "Receiver", "config": config, "limits": limits});
    assert_eq!(bridge.api("PUT", &path, Some(ruled)).await.0, 200);
    bridge.post(&connected.hook, &event(1)).await;
    bridge.recorded(1).await;
    let failed = delivery(&bridge).await;
    assert_eq!(failed["state"], "failed");
    let code = &failed["attempts"][0]["outcome"]["code"];
    assert_eq!(code, "refused_for_good");
    bridge.stop().await;
}

#[actix_web::test]
async fn the_form_takes_final_statuses_and_says_what_is_none() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let mut ada = owner(&bridge).await;
    let page = format!("/destinations/{}", connected.destination_id);
    let edit = ada.get(&format!("{page}/edit")).await;
    let mark = edit.mark();
    let url = receiver.url();
    let with = |statuses: &'static str| {
        vec![
            ("csrf", mark.as_str()),
            ("name", "Receiver"),
            ("kind", "webhook"),
            ("url", &url),
            ("method", "POST"),
            ("auth", "none"),
            ("scheme", "none"),
            ("success", "any"),
            ("final_statuses", statuses),
        ]
    };
    for (typed, told) in [
        ("400; 422", "Write statuses with commas between"),
        ("400, 500", "500 cannot be final"),
    ] {
        let refused = ada.post(&page, &with(typed)).await;
        assert_eq!(refused.status, 422);
        let named = "<a href=\"#final_statuses\">Final statuses</a>";
        assert!(refused.html.contains(named), "{}", refused.html);
        assert!(refused.html.contains(told), "{told}");
        assert!(refused.html.contains(&format!("value=\"{typed}\"")));
    }
    assert_eq!(ada.post(&page, &with("422 400,")).await.status, 303);
    assert!(ada.get(&page).await.html.contains("<dd>400, 422</dd>"));
    let edit = ada.get(&format!("{page}/edit")).await;
    assert!(edit.html.contains("value=\"400, 422\""));
    bridge.stop().await;
}
