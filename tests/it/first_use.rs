//! What somebody looks for who uses the pages for the first time: whether the test arrived, what uses a thing, what became of an event, and where
//! a change stands in the audit log in one's own language.

use std::time::Duration;

use bluebridge::domain::person::Role;
use serde_json::json;

use crate::database::{Database, execute, on_both};
use crate::harness::{Receiver, TestBridge, event, patiently, todo_created};
use crate::pages::{Visitor, owner};
use crate::sweep::person;

on_both! {
    the_last_test_request_is_told_on_every_load,
    what_is_used_says_by_what_and_offers_no_deletion,
    the_list_of_events_tells_what_became_of_each,
    the_audit_log_is_searched_as_it_is_shown,
    what_is_shown_once_is_shown_by_the_page_that_a_form_leads_to,
    what_cannot_be_kept_for_the_next_page_is_shown_at_once,
    whoever_mended_a_destination_is_led_on,
}

async fn the_last_test_request_is_told_on_every_load(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let made = json!({"name": "Hook", "config": {"url": receiver.url()}});
    let made = bridge.created("/destinations", made).await;
    let path = format!("/destinations/{}", made["id"].as_str().unwrap());
    let mut ada = owner(&bridge).await;
    let page = ada.get(&path).await;
    assert!(page.html.contains("Not tried yet") && !page.html.contains("Last test</h2>"));
    let mark = page.mark();
    let test = format!("{path}/test");
    let tested = ada.post(&test, &[("csrf", &mark)]).await;
    assert_eq!(
        (tested.status, tested.location.as_deref()),
        (303, Some(&*path))
    );
    for shown in [ada.get(&path).await.html, ada.get(&path).await.html] {
        assert!(shown.contains("Last test</h2>") && shown.contains("answered 200"));
        assert!(shown.contains("Test arrived") && !shown.contains("Not tried yet"));
    }
    for list in ["/destinations", "/"] {
        let list = ada.get(list).await.html;
        assert!(list.contains("Test arrived") && !list.contains("Not tried yet"));
    }
    receiver.answer_usually(404);
    ada.post(&test, &[("csrf", &mark)]).await;
    let shown = ada.get(&path).await.html;
    assert!(
        shown.contains("Test failed") && shown.contains("Answered 404"),
        "{shown}"
    );
    assert!(!shown.contains("The settings were changed after"));
    bridge.advance(Duration::from_secs(5));
    let changed = json!({"name": "Hook", "config": {"url": receiver.url()}});
    let (status, _) = bridge.api("PUT", &path, Some(changed)).await;
    assert_eq!(status, 200);
    let shown = ada.get(&path).await.html;
    assert!(shown.contains("The settings were changed after"));
    bridge.stop().await;
}

async fn what_is_used_says_by_what_and_offers_no_deletion(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({"name": "Ida & Co"})).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/").await.mark();
    let connections = bridge.get("/connections").await;
    let connection = connections["data"][0]["id"].as_str().unwrap();
    let link = format!("<a href=\"/connections/{connection}\">Ida &#38; Co</a>");
    let things = [
        format!("/destinations/{}", connected.destination_id),
        format!("/sources/{}", connected.source_id),
    ];
    for path in &things {
        let delete = format!("{path}/delete");
        let shown = ada.get(path).await.html;
        assert!(!shown.contains(&delete) && shown.contains(&link), "{shown}");
        // A page that was opened before: with scripts it has asked already, without it would ask now.
        for fields in [
            &[("csrf", &*mark)][..],
            &[("csrf", &*mark), ("confirmed", "yes")],
        ] {
            let refused = ada.post(&delete, fields).await;
            assert_eq!(refused.status, 409);
            assert!(refused.html.contains(&link) && refused.html.contains("class=\"side\""));
            assert!(
                refused.html.contains(&format!("href=\"{path}\"")),
                "a way back"
            );
            assert!(
                !refused.html.contains("class=\"danger\""),
                "nothing to press"
            );
        }
    }
    let gone = format!("/connections/{connection}");
    assert_eq!(bridge.api("DELETE", &gone, None).await.0, 204);
    for path in &things {
        let delete = format!("{path}/delete");
        assert!(ada.get(path).await.html.contains(&delete));
        let fields = [("csrf", &*mark), ("confirmed", "yes")];
        assert_eq!(ada.post(&delete, &fields).await.status, 303);
    }
    bridge.stop().await;
}

/// The words of the first column of the list of events, the newest first.
async fn outcomes(visitor: &mut Visitor<'_>) -> Vec<String> {
    let html = visitor.get("/events").await.html;
    let cells = html.split("<td class=\"how\"").skip(1);
    cells
        .map(|cell| {
            let cell = cell.split("</td>").next().unwrap();
            let texts = cell.split('<').filter_map(|part| part.split_once('>'));
            let words: Vec<&str> = texts
                .map(|(_, text)| text.trim())
                .filter(|text| !text.is_empty())
                .collect();
            words.join(" ")
        })
        .collect()
}

async fn the_list_of_events_tells_what_became_of_each(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let source = json!({"name": "Blue", "secret": crate::harness::SECRET});
    let source = bridge.created("/sources", source).await;
    let source = source["id"].as_str().unwrap();
    let once = |name: &str| json!({"name": name, "delivery": {"max_attempts": 1}});
    let hook = bridge
        .connect_from(source, &receiver.url(), json!({}), once("One"))
        .await
        .hook;
    bridge.post(&hook, &event(1)).await;
    bridge.recorded(1).await;
    let mut never = once("Never");
    never["filter"] = json!({"path": "$.currentValue.title", "op": "equals", "value": "never"});
    bridge
        .connect_from(source, &receiver.url(), json!({}), never)
        .await;
    receiver.answer_usually(500);
    bridge.post(&hook, &event(2)).await;
    bridge.recorded(2).await;
    let mut ada = owner(&bridge).await;
    assert_eq!(outcomes(&mut ada).await, ["Failed 1 of 2", "Delivered"]);

    // What arrives later has arrived; what nobody takes says so.
    receiver.answer_usually(200);
    let failed = bridge.get("/deliveries?state=failed").await;
    let failed = failed["data"][0]["id"].as_str().unwrap().to_string();
    let (status, _) = bridge
        .api("POST", &format!("/deliveries/{failed}/resend"), None)
        .await;
    assert!(status < 300);
    bridge.recorded(3).await;
    for connection in bridge.get("/connections").await["data"].as_array().unwrap() {
        let path = format!("/connections/{}", connection["id"].as_str().unwrap());
        bridge.api("DELETE", &path, None).await;
    }
    bridge.post(&hook, &event(3)).await;
    assert_eq!(
        outcomes(&mut ada).await,
        ["No connection", "Delivered 1 of 2", "Delivered"]
    );
    bridge.stop().await;
}

async fn the_audit_log_is_searched_as_it_is_shown(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"max_attempts": 1}}))
        .await;
    bridge.post(&connected.hook, todo_created()).await;
    bridge.recorded(1).await;
    let delivery = bridge.get("/deliveries").await;
    let delivery = delivery["data"][0]["id"].as_str().unwrap().to_string();
    bridge
        .api("POST", &format!("/deliveries/{delivery}/resend"), None)
        .await;
    let mut ada = owner(&bridge).await;
    let found = async |ada: &mut Visitor<'_>, text: &str| {
        let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let html = ada.get(&format!("/settings/audit?text={query}")).await.html;
        html.matches("<code class=\"quiet\">").count()
    };
    assert_eq!(found(&mut ada, "source blue").await, 1);
    assert_eq!(found(&mut ada, "delivery.resent").await, 1);
    assert_eq!(found(&mut ada, "membuat").await, 0, "shown in English");
    let mark = ada.get("/").await.mark();
    let reading = [("csrf", &*mark), ("language", "id"), ("time_zone", "")];
    ada.post("/settings/reading", &reading).await;
    assert_eq!(found(&mut ada, "membuat sumber").await, 1);
    assert_eq!(found(&mut ada, "Membuat sumber BLUE").await, 1);
    assert_eq!(
        found(&mut ada, "membuat").await,
        4,
        "source, destination, connection, account"
    );
    assert_eq!(found(&mut ada, "sekali Through").await, 1);
    assert_eq!(
        found(&mut ada, "made the source").await,
        1,
        "as it is stored"
    );
    assert_eq!(found(&mut ada, "membuat 100%").await, 0);
    let html = ada.get("/settings/audit?text=sekali").await.html;
    assert!(html.contains("sekali lagi melalui koneksi Through"));
    assert!(html.contains("href=\"/deliveries/"), "{html}");
    bridge.stop().await;
}

async fn what_is_shown_once_is_shown_by_the_page_that_a_form_leads_to(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let mut ada = owner(&bridge).await;
    let mut bob = person(&bridge, Role::Owner).await;
    let mark = ada.get("/").await.mark();
    let url = receiver.url();
    let destination = [
        ("csrf", &*mark),
        ("name", "Hook"),
        ("url", &*url),
        ("method", "POST"),
        ("auth", "none"),
        ("scheme", "standard_webhooks"),
    ];
    let token = [("csrf", &*mark), ("name", "ci"), ("role", "viewer")];
    let invite = [
        ("csrf", &*mark),
        ("email", "carol@example.com"),
        ("role", "viewer"),
    ];
    for (path, fields, sign) in [
        ("/destinations", &destination[..], "whsec_"),
        ("/settings/tokens", &token[..], "value=\"bbt_"),
        ("/settings/people/invite", &invite[..], "/invite/"),
    ] {
        let led = ada.answer(path, fields).await;
        assert_eq!(led.status, 303, "{path}");
        let to = led.location.unwrap();
        assert!(
            !bob.get(&to).await.html.contains(sign),
            "{path}: not theirs"
        );
        let shown = ada.get(&to).await;
        assert_eq!(shown.status, 200, "{path}");
        assert!(shown.html.contains(sign), "{path}");
        // Loaded again, it makes nothing and shows nothing.
        let again = ada.get(&to).await;
        assert_eq!(again.status, 200, "{path}");
        assert!(!again.html.contains(sign), "{path}");
        let late = ada.answer(path, fields).await.location.unwrap();
        bridge.advance(Duration::from_secs(601));
        assert!(
            !ada.get(&late).await.html.contains(sign),
            "{path}: too late"
        );
    }
    assert_eq!(
        bridge.get("/destinations").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    bridge.stop().await;
}

async fn what_cannot_be_kept_for_the_next_page_is_shown_at_once(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/").await.mark();
    let token = [("csrf", &*mark), ("name", "ci"), ("role", "viewer")];
    let invite = [
        ("csrf", &*mark),
        ("email", "carol@example.com"),
        ("role", "viewer"),
    ];
    execute(
        &bridge.home.database_url,
        "ALTER TABLE idempotency_keys RENAME TO hidden",
    );
    let made = ada.answer("/settings/tokens", &token).await;
    let invited = ada.answer("/settings/people/invite", &invite).await;
    execute(
        &bridge.home.database_url,
        "ALTER TABLE hidden RENAME TO idempotency_keys",
    );
    assert_eq!(made.status, 200, "it was made");
    assert!(made.html.contains(">bbt_"), "{}", made.html);
    assert!(made.html.contains("data-here=\"/settings/tokens\""));
    assert!(ada.get("/settings/tokens").await.html.contains(">ci<"));
    assert_eq!(invited.status, 200);
    for line in [">carol@example.com<", "/invite/"] {
        assert!(invited.html.contains(line), "{}", invited.html);
    }
    bridge.stop().await;
}

/// From a destination that said that it is gone, over its correction and its resumption, to the first that arrives.
async fn whoever_mended_a_destination_is_led_on(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let (gone, failing) = (Receiver::start(), Receiver::start());
    let connected = bridge.connect(&failing, json!({})).await;
    failing.answer_usually(500);
    bridge.post(&connected.hook, &event(1)).await;
    failing.next().await;
    bridge.recorded(1).await;
    let second = bridge
        .connect_from(&connected.source_id, &gone.url(), json!({}), json!({}))
        .await;
    gone.answer_usually(410);
    bridge.post(&connected.hook, &event(2)).await;
    gone.next().await;
    let path = format!("/destinations/{}", second.destination_id);
    patiently("paused", async {
        while bridge.get(&path).await["health"]["state"] != "paused" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut ada = owner(&bridge).await;

    // What waits for a person stands before what goes on by itself.
    let overview = ada.get("/").await.html;
    let (at_paused, at_failing) = (overview.find("gets nothing."), overview.find("is failing."));
    assert!(at_paused.is_some() && at_paused < at_failing, "{overview}");
    assert!(overview.contains("id=\"as-of\""));

    let shown = ada.get(&path).await.html;
    assert!(shown.contains("answered 410") && !shown.contains("Changed since the last failure"));
    bridge.advance(Duration::from_secs(5));
    let mended = json!({"name": "Receiver", "config": {"url": format!("{}/new", gone.url())}});
    assert_eq!(bridge.api("PUT", &path, Some(mended)).await.0, 200);
    let page = ada.get(&path).await;
    // How many wait is told once they are counted.
    let told = page.html.contains("Changed since the last failure.");
    assert!(told, "{}", page.html);

    // What it was paused for is not what it does now.
    let mark = page.mark();
    gone.answer_usually(200);
    let resumed = ada
        .post(&format!("{path}/resume"), &[("csrf", &mark)])
        .await;
    assert_eq!(resumed.status, 303);
    let shown = ada.get(&path).await.html;
    assert!(!shown.contains("answered 410, so it was paused"), "{shown}");
    gone.next().await;

    // A failing one is tried at once, when somebody asks for it.
    let path = format!("/destinations/{}", connected.destination_id);
    let page = ada.get(&path).await.html;
    let try_now = format!("{path}/try-now");
    assert!(page.contains("Try everything waiting now") && page.contains(&try_now));
    failing.answer_usually(200);
    ada.post(&try_now, &[("csrf", &*mark)]).await;
    let noted = bridge.get("/audit?limit=1").await.to_string();
    assert!(
        noted.contains("Tried what waits for the destination"),
        "{noted}"
    );
    failing.next().await;
    bridge.stop().await;
}

#[actix_web::test]
async fn a_destination_that_recovers_says_so_and_offers_what_still_waits() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge
        .connect_to(&receiver.url(), json!({"per_second": 50}), json!({}))
        .await;
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(0)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let mut ada = owner(&bridge).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let try_now = format!("action=\"{path}/try-now\"");
    let shown = ada.get(&path).await.html;
    for said in [
        "Failing.",
        "1 delivery waits, made ",
        "The next attempt: ",
        &try_now,
        "<dt>Requests a second</dt><dd>50</dd>",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    // Who plans to send all again is told what need not be, and may bring it forward.
    let planner = format!("/replays/new?destination_id={}", connected.destination_id);
    let planner = ada.get(&planner).await.html;
    let said = "1 waits or is on its way, so it is not doubled.";
    assert!(
        planner.contains(said) && planner.contains(&try_now),
        "{planner}"
    );
    let planner = ada.get("/replays/new?text=G0").await.html;
    let waiting = "href=\"/deliveries?state=waiting&#38;text=G0\"";
    assert!(
        planner.contains(said) && planner.contains(waiting),
        "{planner}"
    );
    bridge.advance(Duration::from_secs(1));
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(2).await;
    let said = "Recovering: what was sent last arrived.";
    patiently("the arrival to be noted", async {
        while !ada.get(&path).await.html.contains(said) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let shown = ada.get(&path).await.html;
    assert!(!shown.contains("Failing."), "{shown}");
    assert!(shown.contains(&try_now), "{shown}");
    assert!(!ada.get("/").await.html.contains("is failing"));
    // One that is fine again offers what waits from before as well.
    let id = connected.destination_id.parse().unwrap();
    assert!(bridge.bridge.store.end_failing(id).await.unwrap());
    let shown = ada.get(&path).await.html;
    let said = "What failed before waits for its next attempt. 1 delivery waits";
    assert!(shown.contains(said) && shown.contains(&try_now), "{shown}");
    // Who deletes it is told what is given up.
    let connection = bridge.get("/connections").await["data"][0]["id"].clone();
    let connection = format!("/connections/{}", connection.as_str().unwrap());
    bridge.api("DELETE", &connection, None).await;
    let shown = ada.get(&path).await.html;
    assert!(
        shown.contains("1 delivery still waits for it and is given up."),
        "{shown}"
    );
    bridge.stop().await;
}
