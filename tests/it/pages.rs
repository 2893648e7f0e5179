//! The pages, over plain HTTP as a browser without scripts uses them.

use std::time::Duration;

use bluebridge::domain::person::Role;
use serde_json::json;

use crate::database::{Database, on_both};
use crate::harness::{Answer, Receiver, SECRET, TestBridge, event, todo_created};
use crate::sweep::person;

on_both! {
    a_person_sets_up_signs_in_connects_and_sees_the_delivery,
    signing_in_is_throttled_and_a_new_password_ends_sessions,
    what_cannot_be_seen_is_shown_as_what_it_is,
    what_became_of_an_event_is_told_as_it_happened,
    an_event_goes_through_a_connection_that_came_after_it,
    the_beginning_leads_from_step_to_step,
    a_delivery_offers_only_what_its_connection_still_has,
    a_destination_that_was_saved_meanwhile_is_not_overwritten_unseen,
}

/// A visitor with a cookie jar of one cookie.
pub struct Visitor<'a> {
    pub bridge: &'a TestBridge,
    pub cookie: String,
}

pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub html: String,
}

impl Page {
    pub fn mark(&self) -> String {
        self.hidden("csrf")
    }

    /// What a hidden field holds.
    pub fn hidden(&self, name: &str) -> String {
        let rest = self
            .html
            .split(&format!("name=\"{name}\" value=\""))
            .nth(1)
            .unwrap_or_else(|| panic!("no field {name}"));
        rest.split('"').next().unwrap().to_string()
    }
}

impl Visitor<'_> {
    /// Somebody who has just opened the browser.
    pub fn stranger(bridge: &TestBridge) -> Visitor<'_> {
        Visitor {
            bridge,
            cookie: String::new(),
        }
    }

    pub async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let response = request.header("cookie", &self.cookie).send().await.unwrap();
        let status = response.status().as_u16();
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_string())
        };
        assert!(
            header("content-security-policy")
                .unwrap()
                .contains("default-src 'none'")
        );
        assert_eq!(header("x-frame-options").as_deref(), Some("DENY"));
        if let Some(cookie) = header("set-cookie") {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
            self.cookie = cookie.split(';').next().unwrap().to_string();
        }
        let location = header("location");
        Page {
            status,
            location,
            html: response.text().await.unwrap(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(self.bridge.http.get(self.bridge.url(path))).await
    }

    /// The answer, or the page that it leads to when that shows something once.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let answer = self.answer(path, fields).await;
        match answer.location.as_deref() {
            Some(to) if to.contains("?made=") => self.get(to).await,
            _ => answer,
        }
    }

    pub async fn answer(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self
            .bridge
            .http
            .post(self.bridge.url(path))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.send(request).await
    }
}

pub async fn owner(bridge: &TestBridge) -> Visitor<'_> {
    let mut visitor = Visitor::stranger(bridge);
    let setup = visitor.get("/setup").await;
    let before = visitor.cookie.clone();
    let fields = [
        ("csrf", setup.mark()),
        ("name", "Ada".into()),
        ("email", "Ada@Example.com".into()),
        ("password", "correct horse battery".into()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let page = visitor.post("/setup", &fields).await;
    assert_eq!(
        (page.status, page.location.as_deref()),
        (303, Some("/?done=welcome"))
    );
    assert_ne!(visitor.cookie, before, "a session gets a new token");
    visitor
}

async fn a_person_sets_up_signs_in_connects_and_sees_the_delivery(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let mut stranger = Visitor::stranger(&bridge);
    assert_eq!(
        stranger.get("/deliveries").await.location.as_deref(),
        Some("/setup")
    );
    let mut ada = owner(&bridge).await;
    assert_eq!(
        stranger.get("/deliveries").await.location.as_deref(),
        Some("/login?next=%2Fdeliveries")
    );
    assert_eq!(
        stranger.get("/setup").await.location.as_deref(),
        Some("/login")
    );

    let mark = ada.get("/").await.mark();
    let made = ada
        .post("/sources", &[("csrf", &mark), ("name", "Blue <b>")])
        .await;
    let source = made.location.unwrap();
    let source = source.split('?').next().unwrap().to_string();
    let shown = ada.get(&source).await.html;
    assert!(shown.contains("Blue &#60;b&#62;") && !shown.contains("Blue <b>"));
    let hook = shown
        .split("/hooks/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_string();
    // A wrong secret shows when Blue comes, and can be replaced where it was pasted.
    for (secret, refused) in [("blue's sekret", true), (SECRET, false)] {
        let fields = [
            ("csrf", mark.as_str()),
            ("name", "Blue"),
            ("secret", secret),
            ("require_signature", "yes"),
            ("overlap_s", "0"),
        ];
        ada.post(&source, &fields).await;
        if refused {
            let address = bridge.url(&format!("/hooks/{hook}"));
            assert_eq!(bridge.post(&address, todo_created()).await.0, 401);
            let evidence = &bridge.bridge.evidence;
            evidence.write(&bridge.bridge.store).await.unwrap();
        }
        let shown = ada.get(&source).await.html;
        assert_eq!(shown.contains("Requests are being refused"), refused);
        assert!(shown.contains("Paste another secret") && shown.contains("data-await"));
        assert_eq!(shown.contains("data-refused=\"\""), !refused);
    }

    let lacking = [
        ("csrf", mark.as_str()),
        ("name", "There"),
        ("url", "https://example.com/in"),
        ("method", "POST"),
        ("auth", "bearer"),
        ("scheme", "none"),
    ];
    let refused = ada.post("/destinations", &lacking).await.html;
    assert!(
        refused.contains("href=\"#auth_secret\"") && refused.contains("Enter the token."),
        "{refused}"
    );

    let url = receiver.url();
    let made = ada
        .post(
            "/destinations",
            &[
                ("csrf", &mark),
                ("name", "There"),
                ("url", &url),
                ("method", "POST"),
                ("auth", "none"),
                ("scheme", "standard_webhooks"),
            ],
        )
        .await;
    assert!(
        made.html.contains("whsec_"),
        "the made secret is shown once"
    );
    let destination = bridge.get("/destinations").await["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_string();
    assert!(
        !ada.get(&format!("/destinations/{destination}"))
            .await
            .html
            .contains("whsec_")
    );

    let limited = json!({"name": "There", "config": {"url": url}, "limits": {"per_second": 500.5}});
    bridge
        .api(
            "PUT",
            &format!("/destinations/{destination}"),
            Some(limited),
        )
        .await;
    let edit = ada
        .get(&format!("/destinations/{destination}/edit"))
        .await
        .html;
    assert!(
        edit.contains("value=\"500.5\""),
        "an edit by form keeps the limit"
    );

    let source_id = source.rsplit('/').next().unwrap().to_string();
    let fields = [
        ("csrf", mark.as_str()),
        ("name", "Through"),
        ("source_id", &source_id),
        ("destination_id", &destination),
        ("events", "TODO_CREATED"),
        ("filter_mode", "all"),
        ("c_path", "$.currentValue.title"),
        ("c_op", "contains"),
        ("c_value", "GG"),
        ("c_case", ""),
        ("mapping_mode", "fields"),
        ("f_to", "t"),
        ("f_kind", "path"),
        ("f_source", "$.currentValue.title"),
        ("f_take", "first"),
        ("f_pipe", "lower | prefix(\"> \")"),
        ("f_missing", "null"),
        ("max_attempts", "10"),
    ];
    let sample = String::from_utf8(todo_created().to_vec()).unwrap();
    let mut preview = fields.to_vec();
    preview.extend([("action", "preview"), ("sample", sample.as_str())]);
    let previewed = ada.post("/connections", &preview).await;
    assert!(
        previewed.html.contains("&#34;t&#34;: &#34;&#62; gggg&#34;"),
        "{}",
        previewed.html
    );
    let mut broken = fields.to_vec();
    broken[6].1 = "$.a b";
    let refused = ada.post("/connections", &broken).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused
            .html
            .contains("<a href=\"#c-path-0\">Condition 1</a> (at character 4)")
    );
    assert_eq!(ada.post("/connections", &fields).await.status, 303);

    let mut updates = fields.to_vec();
    updates[1].1 = "Updates";
    updates[4].1 = "RECORD_UPDATED";
    assert_eq!(ada.post("/connections", &updates).await.status, 303);
    let events = bridge.get("/connections").await["data"][1]["trigger"]["events"].clone();
    assert_eq!(
        events.as_array().unwrap().len(),
        11,
        "the box stands for the events themselves"
    );

    bridge
        .post(&bridge.url(&format!("/hooks/{hook}")), todo_created())
        .await;
    assert_eq!(receiver.next().await.json(), json!({"t": "> gggg"}));
    bridge.recorded(1).await;
    let log = ada.get("/deliveries").await.html;
    assert!(log.contains("Delivered") && log.contains("GGGG"));
    let id = bridge.get("/deliveries").await["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_string();
    let one = ada.get(&format!("/deliveries/{id}")).await.html;
    assert!(one.contains("webhook-signature") && one.contains("Attempt 1"));
    let again = ada
        .post(
            &format!("/deliveries/{id}/resend"),
            &[("csrf", &mark), ("confirmed", "yes")],
        )
        .await;
    assert_eq!(again.status, 303);
    receiver.next().await;
    bridge.recorded(2).await;

    let connection = bridge.get("/connections").await["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_string();
    let edit = ada
        .get(&format!("/connections/{connection}/edit"))
        .await
        .html;
    assert!(edit.contains("lower | prefix(&#34;&#62; &#34;)"));
    ada.post(
        &format!("/connections/{connection}/disable"),
        &[("csrf", &mark)],
    )
    .await;
    ada.post(
        &format!("/connections/{connection}/duplicate"),
        &[("csrf", &mark)],
    )
    .await;
    assert_eq!(
        bridge.get("/connections").await["data"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let tested = ada
        .post(
            &format!("/connections/{connection}/test"),
            &[("csrf", &mark), ("event", "TODO_CREATED")],
        )
        .await;
    assert!(
        ada.get(&tested.location.unwrap())
            .await
            .html
            .contains("(test)")
    );
    for path in [
        "/",
        "/sources",
        "/destinations",
        "/connections",
        "/events",
        "/settings",
        "/sources/new",
        "/destinations/new",
        "/connections/new?sample=last",
    ] {
        assert_eq!(ada.get(path).await.status, 200, "{path}");
    }
    assert_eq!(ada.get("/nowhere").await.status, 404);
    assert_eq!(ada.get("/deliveries/nonsense").await.status, 404);
    bridge.stop().await;
}

async fn signing_in_is_throttled_and_a_new_password_ends_sessions(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/settings").await.mark();
    let changed = ada
        .post(
            "/settings/password",
            &[
                ("csrf", &mark),
                ("current", "correct horse battery"),
                ("new", "another long password"),
            ],
        )
        .await;
    assert_eq!(changed.location.as_deref(), Some("/login?done=password"));
    assert_eq!(ada.get("/").await.location.as_deref(), Some("/login"));

    let mut visitor = Visitor::stranger(&bridge);
    let mark = visitor.get("/login").await.mark();
    let wrong = [
        ("csrf", mark.as_str()),
        ("email", "ada@example.com"),
        ("password", "correct horse battery"),
    ];
    for _ in 0..10 {
        assert!(
            visitor
                .post("/login", &wrong)
                .await
                .html
                .contains("not right")
        );
    }
    let right = [
        ("csrf", mark.as_str()),
        ("email", "ada@example.com"),
        ("password", "another long password"),
    ];
    let refused = visitor.post("/login", &right).await;
    assert_eq!(refused.status, 429);
    assert!(refused.html.contains("Too many"));
    bridge.advance(Duration::from_secs(301));
    assert_eq!(
        visitor.post("/login", &right).await.location.as_deref(),
        Some("/")
    );
    let mark = visitor.get("/").await.mark();
    assert_eq!(
        visitor.post("/logout", &[("csrf", &mark)]).await.status,
        303
    );
    assert_eq!(visitor.get("/").await.location.as_deref(), Some("/login"));
    bridge.stop().await;
}

async fn what_cannot_be_seen_is_shown_as_what_it_is(database: Database) {
    let receiver = Receiver::start();
    let bridge = TestBridge::start_on(database).await;
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_with(Answer {
        status: 422,
        headers: Vec::new(),
        body: b"no \x1b[31msuch record\x07".to_vec(),
    });
    let mut body: serde_json::Value = serde_json::from_slice(todo_created()).unwrap();
    body["currentValue"]["title"] = json!("Pay \u{1b}[31mnow\u{202e}");
    bridge
        .post(&connected.hook, body.to_string().as_bytes())
        .await;
    bridge.recorded(1).await;
    let deliveries = bridge.get("/deliveries").await;
    let delivery = deliveries["data"][0]["id"].as_str().unwrap();
    let mut ada = owner(&bridge).await;
    for (path, shown) in [
        (format!("/deliveries/{delivery}"), "no ␛[31msuch record␇"),
        ("/connections/new".into(), "Pay ␛[31mnow\\u{202e}"),
    ] {
        let page = ada.get(&path).await;
        assert!(page.html.contains(shown), "{path}");
        for raw in ['\u{1b}', '\u{7}', '\u{202e}'] {
            assert!(!page.html.contains(raw), "{path} holds {raw:?}");
        }
    }
}

/// The id in a list of the API, the newest first.
async fn id_in(bridge: &TestBridge, path: &str) -> String {
    let list = bridge.get(path).await;
    list["data"][0]["id"].as_str().unwrap().to_string()
}

async fn what_became_of_an_event_is_told_as_it_happened(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let never = json!({"path": "$.currentValue.title", "op": "equals", "value": "never"});
    let connected = bridge.connect(&receiver, json!({"filter": never})).await;
    let mut ada = owner(&bridge).await;
    bridge.post(&connected.hook, todo_created()).await;
    let received = id_in(&bridge, "/events").await;
    let shown = ada.get(&format!("/events/{received}")).await.html;
    assert!(shown.contains("Skipped") && shown.contains("Would be skipped"));
    let skipped = id_in(&bridge, "/deliveries").await;
    let shown = ada.get(&format!("/deliveries/{skipped}")).await.html;
    assert!(shown.contains("Send anyway") && shown.contains("did not let this event through"));
    // Why stands first, and no empty list of attempts.
    let (why, happened) = (shown.find("<h2>Why</h2>"), shown.find("What happened</h2>"));
    assert!(why.is_some() && why < happened, "{shown}");
    assert!(!shown.contains("<h2>Attempts</h2>"), "{shown}");
    let mark = ada.get("/").await.mark();
    let connection = id_in(&bridge, "/connections").await;
    let test = format!("/connections/{connection}/test");
    let tested = ada
        .post(&test, &[("csrf", &mark), ("event", "TODO_CREATED")])
        .await;
    let shown = ada.get(&tested.location.unwrap()).await.html;
    assert!(shown.contains("Skipped: the filter did not let it through."));

    let deaf = json!({"name": "Deaf", "trigger": {"events": ["TODO_DELETED"]}});
    let deaf = bridge
        .connect_from(&connected.source_id, &receiver.url(), json!({}), deaf)
        .await;
    let deaf_id = bridge.get("/connections").await["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "Deaf")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_string();
    let test = format!("/connections/{deaf_id}/test");
    let tested = ada
        .post(&test, &[("csrf", &mark), ("event", "TODO_CREATED")])
        .await;
    let shown = ada.get(&tested.location.unwrap()).await.html;
    assert!(shown.contains("the connection does not listen to this event"));
    let path = format!("/deliveries?destination_id={}", deaf.destination_id);
    let untold = id_in(&bridge, &path).await;
    let shown = ada.get(&format!("/deliveries/{untold}")).await.html;
    assert!(shown.contains("Change what it listens to") && !shown.contains("filter did not"));

    // Without scripts, the answer to a deletion is the question.
    let (delete, fields) = (
        format!("/connections/{deaf_id}/delete"),
        [("csrf", mark.as_str()), ("confirmed", "yes")],
    );
    let asked = ada.post(&delete, &fields[..1]).await;
    assert_eq!(asked.status, 200);
    assert!(
        asked.html.contains("Delete the connection Deaf?"),
        "{}",
        asked.html
    );
    assert!(
        bridge
            .get("/connections")
            .await
            .to_string()
            .contains("Deaf")
    );
    let deleted = ada.post(&delete, &fields).await;
    let list = ada.get(&deleted.location.unwrap()).await.html;
    assert!(list.contains("Deleted the connection Deaf."), "{list}");

    receiver.answer_usually(500);
    let resend = format!("/deliveries/{skipped}/resend");
    let rules = json!({"name": "Once", "delivery": {"max_attempts": 1}});
    let other = bridge
        .connect_from(&connected.source_id, &receiver.url(), json!({}), rules)
        .await;
    bridge.post(&connected.hook, &event(2)).await;
    bridge.recorded(1).await;
    let path = format!("/deliveries?destination_id={}", other.destination_id);
    let failed = id_in(&bridge, &path).await;
    let over = "It is not tried again. Once the cause is mended, resend it.";
    let document = bridge.get(&format!("/deliveries/{failed}")).await;
    assert_eq!(document["attempts"][0]["outcome"]["advice"], over);
    let shown = ada.get(&format!("/deliveries/{failed}")).await.html;
    assert!(shown.contains(over) && !shown.contains("the schedule tries again"));
    assert!(shown.contains("The event passes.") && !shown.contains("this is sent"));

    let asked = ada
        .post(&resend, &[("csrf", &mark), ("version", "then")])
        .await;
    assert!(asked.html.contains("The filter said no to this event."));
    assert!(asked.html.contains(r#"name="version" value="then""#));
    let again = ada
        .post(&resend, &[("csrf", &mark), ("confirmed", "yes")])
        .await;
    bridge.recorded(2).await;
    let shown = ada.get(&again.location.unwrap()).await.html;
    assert!(shown.contains("It was tried and did not arrive."));
    assert!(shown.contains("A resend goes out beside it"));

    // Given up, nothing tries it again.
    let retrying = id_in(&bridge, "/deliveries?state=retrying").await;
    let (discard, fields) = (
        format!("/deliveries/{retrying}/discard"),
        [("csrf", mark.as_str()), ("confirmed", "yes")],
    );
    let asked = ada.post(&discard, &fields[..1]).await;
    assert!(asked.html.contains("Give this delivery up?"));
    let still = bridge.get(&format!("/deliveries/{retrying}")).await;
    assert_eq!(still["state"], "retrying");
    ada.post(&discard, &fields).await;
    let shown = ada.get(&format!("/deliveries/{retrying}")).await.html;
    assert!(shown.contains("Given up") && !shown.contains("the schedule tries again"));

    // What arrived later is red no more.
    receiver.answer_usually(200);
    let again = ada
        .post(&format!("/deliveries/{failed}/resend"), &[("csrf", &mark)])
        .await;
    bridge.recorded(3).await;
    let again = again.location.unwrap();
    let again = again.split('?').next().unwrap();
    let shown = ada.get(&format!("/deliveries/{failed}")).await.html;
    assert!(
        shown.contains("Arrived later, by a") && shown.contains(&format!("href=\"{again}\"")),
        "{shown}"
    );
    assert!(!shown.contains("Once the cause is mended") && !shown.contains("class=\"primary\""));
    bridge.stop().await;
}

async fn an_event_goes_through_a_connection_that_came_after_it(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let mut ada = owner(&bridge).await;
    let source = bridge
        .created("/sources", json!({"name": "Blue", "secret": SECRET}))
        .await;
    let hook = format!("/hooks/{}", source["token"].as_str().unwrap());
    bridge.post(&bridge.url(&hook), todo_created()).await;
    let path = format!("/events/{}", id_in(&bridge, "/events").await);
    assert!(!ada.get(&path).await.html.contains("Send through"));
    let source_id = source["id"].as_str().unwrap();
    let never = json!({"path": "$.currentValue.title", "op": "equals", "value": "never"});
    for rules in [
        json!({"name": "Picky", "filter": never}),
        json!({"name": "Off", "enabled": false}),
        json!({"name": "Late"}),
    ] {
        bridge
            .connect_from(source_id, &receiver.url(), json!({}), rules)
            .await;
    }
    let shown = ada.get(&path).await;
    assert_eq!(
        shown.html.matches("Send through this connection").count(),
        1
    );
    let connections = bridge.get("/connections").await;
    let all = connections["data"].as_array().unwrap();
    let late = all.iter().find(|one| one["name"] == "Late").unwrap();
    let mark = shown.mark();
    let fields = [
        ("csrf", mark.as_str()),
        ("connection_id", late["id"].as_str().unwrap()),
    ];
    let sent = ada.post(&format!("{path}/send"), &fields).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let shown = ada.get(&sent.location.unwrap()).await.html;
    assert!(shown.contains("Delivered"), "{shown}");
    assert!(!ada.get(&path).await.html.contains("Send through"));
    // Once more, by somebody who had the page open; and through one that is switched off.
    let off = all.iter().find(|one| one["name"] == "Off").unwrap();
    for id in [&late["id"], &off["id"]] {
        let fields = [
            ("csrf", mark.as_str()),
            ("connection_id", id.as_str().unwrap()),
        ];
        let refused = ada.post(&format!("{path}/send"), &fields).await;
        assert_eq!(refused.status, 409);
    }

    let other = bridge.created("/sources", json!({"name": "Other"})).await;
    let (other, rules) = (other["id"].as_str().unwrap(), json!({"name": "Foreign"}));
    bridge
        .connect_from(other, &receiver.url(), json!({}), rules)
        .await;
    let connections = bridge.get("/connections").await;
    let all = connections["data"].as_array().unwrap();
    let foreign = all.iter().find(|one| one["name"] == "Foreign").unwrap();
    let foreign = foreign["id"].as_str().unwrap();
    let fields = [("csrf", mark.as_str()), ("connection_id", foreign)];
    assert_eq!(ada.post(&format!("{path}/send"), &fields).await.status, 409);
    bridge.stop().await;
}

async fn the_beginning_leads_from_step_to_step(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/").await.mark();
    ada.post("/sources", &[("csrf", &mark), ("name", "Blue")])
        .await;
    assert!(ada.get("/").await.html.contains("Paste its secret"));
    let connected = bridge.connect(&receiver, json!({})).await;
    let overview = ada.get("/").await.html;
    assert!(!overview.contains("Paste its secret") && overview.contains("Send a test event"));
    assert!(overview.contains("Not tried yet") && !overview.contains("Fine"));
    bridge.post(&connected.hook, todo_created()).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let overview = ada.get("/").await.html;
    assert!(!overview.contains("Send a test event") && overview.contains("Fine"));
    let unused = json!({"name": "Alone", "config": {"url": receiver.url()}});
    let unused = bridge.created("/destinations", unused).await;
    let path = format!("/destinations/{}", unused["id"].as_str().unwrap());
    let shown = ada.get(&path).await.html;
    assert!(shown.contains("Build a connection") && shown.contains("Not tried yet"));
    bridge.stop().await;
}

/// The header rows of a destination's form, in their order.
fn header_rows(page: &Page) -> Vec<(String, String)> {
    let values = |name: &str| -> Vec<String> {
        let begins = format!("name=\"{name}\"");
        let rest = page.html.split(&begins).skip(1);
        rest.map(|rest| {
            let (_, rest) = rest.split_once("value=\"").unwrap();
            rest.split('"').next().unwrap().to_string()
        })
        .collect()
    };
    let rows = values("header_name")
        .into_iter()
        .zip(values("header_value"));
    rows.filter(|(name, value)| !name.is_empty() || !value.is_empty())
        .collect()
}

async fn a_destination_that_was_saved_meanwhile_is_not_overwritten_unseen(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let hook = json!({"name": "Hook", "config": {"url": receiver.url()}});
    let made = bridge.created("/destinations", hook).await;
    let path = format!("/destinations/{}", made["id"].as_str().unwrap());
    let mut ada = owner(&bridge).await;
    let (edit, url) = (format!("{path}/edit"), receiver.url());
    let opened = ada.get(&edit).await;
    let (mark, seen) = (opened.mark(), opened.hidden("seen_ms"));
    let posted = |name: &'static str, seconds: &'static str, seen: &str| {
        let fields = [
            ("csrf", mark.as_str()),
            ("seen_ms", seen),
            ("name", name),
            ("url", url.as_str()),
            ("method", "POST"),
            ("auth", "none"),
            ("scheme", "none"),
            ("timeout_ms", seconds),
        ];
        fields.map(|(name, value)| (name, value.to_string()))
    };
    async fn save(ada: &mut Visitor<'_>, path: &str, posted: [(&str, String); 8]) -> Page {
        let posted = posted
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        ada.post(path, &posted).await
    }
    bridge.advance(Duration::from_secs(1));
    let first = save(&mut ada, &path, posted("Named in one tab", "5000", &seen)).await;
    assert_eq!(first.status, 303);
    bridge.advance(Duration::from_secs(1));
    let second = save(&mut ada, &path, posted("Named in another", "7000", &seen)).await;
    assert_eq!(second.status, 422);
    let told = format!("then save again to put yours in its place. <a href=\"{path}\"");
    assert!(second.html.contains(&told), "{}", second.html);
    let typed = ["value=\"Named in another\"", "value=\"7000\""];
    assert!(typed.iter().all(|kept| second.html.contains(kept)));
    assert_eq!(bridge.get(&path).await["name"], "Named in one tab");

    // Who was told saves over it; a client that says nothing of what it saw is asked nothing.
    let seen = second.hidden("seen_ms");
    let again = save(&mut ada, &path, posted("Named in another", "7000", &seen)).await;
    assert_eq!(again.status, 303);
    assert_eq!(bridge.get(&path).await["name"], "Named in another");
    let unsaid = save(&mut ada, &path, posted("Unsaid", "7000", "")).await;
    assert_eq!(unsaid.status, 303);
    bridge.stop().await;
}

#[actix_web::test]
async fn nothing_that_was_typed_into_a_destination_is_dropped_in_silence() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/destinations/new").await.mark();
    let url = receiver.url();
    let form = |more: &[(&'static str, &'static str)]| {
        let mut fields = vec![
            ("csrf", mark.as_str()),
            ("name", "Hook"),
            ("url", url.as_str()),
            ("method", "POST"),
            ("allow_http", "yes"),
        ];
        fields.extend_from_slice(more);
        fields
    };
    let again = "Enter it again; it is not shown here.";
    let secret_again = format!("<a href=\"#signing_secret\">Signing secret</a>: {again}");
    let auth_again = format!("<a href=\"#auth_secret\">Password, token, value or key</a>: {again}");
    let typed = [
        ("auth", "bearer"),
        ("auth_secret", "typed-token"),
        ("scheme", "standard_webhooks"),
        (
            "signing_secret",
            "whsec_dHlwZWQtc2VjcmV0LXR5cGVkLXNlY3JldA==",
        ),
    ];

    // A limit that is none: the page comes back, and with it the word that secrets do not.
    let wrong = form(&[&typed[..], &[("concurrency", "many")]].concat());
    let page = ada.post("/destinations", &wrong).await;
    assert_eq!(page.status, 422);
    assert!(page.html.contains(&secret_again) && page.html.contains(&auth_again));
    let told = "<a href=\"#concurrency\">Requests at once</a>: Write a whole number.";
    assert!(page.html.contains(told));
    assert!(!page.html.contains("typed-token"));
    let untyped = form(&[
        ("auth", "none"),
        ("auth_secret", "x"),
        ("concurrency", "many"),
    ]);
    let page = ada.post("/destinations", &untyped).await;
    assert_eq!(page.status, 422);
    assert!(!page.html.contains(again), "nothing is kept of it anyway");

    // Headers stay in their order, and a value without a name is asked about.
    let rows = [
        ("header_name", "x-c"),
        ("header_value", "1"),
        ("header_name", ""),
        ("header_value", "nameless"),
        ("header_name", "x-a"),
        ("header_value", "2"),
        ("header_name", "X-C"),
        ("header_value", "3"),
        ("header_name", ""),
        ("header_value", ""),
    ];
    let unnamed = form(&[&[("auth", "none"), ("scheme", "none")], &rows[..]].concat());
    let page = ada.post("/destinations", &unnamed).await;
    assert_eq!(page.status, 422);
    for problem in [
        "<a href=\"#header_name-1\">Header name</a>: Name the header that this value is for",
        "<a href=\"#header_name-3\">Header name</a>: The header X-C stands here twice",
    ] {
        assert!(page.html.contains(problem), "{problem} in {}", page.html);
    }
    let shown = header_rows(&page);
    let names: Vec<&str> = shown.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-c", "", "x-a", "X-C"]);

    // What only the form can tell does not hide what is wrong with the document.
    let many = [
        ("csrf", mark.as_str()),
        ("name", " "),
        ("url", "http://10.0.0.1/"),
        ("method", "POST"),
        ("auth", "bearer"),
        ("scheme", "none"),
        ("concurrency", "many"),
        ("timeout_ms", "1"),
        ("header_name", ""),
        ("header_value", "nameless"),
        ("header_name", "x-a"),
        ("header_value", "é"),
    ];
    let page = ada.post("/destinations", &many).await;
    assert_eq!(page.status, 422);
    for problem in [
        "<a href=\"#name\">",
        "<a href=\"#url\">",
        "<a href=\"#auth_secret\">Password, token, value or key</a>: Enter the token",
        "<a href=\"#concurrency\">Requests at once</a>: Write a whole number.",
        "<a href=\"#timeout_ms\">Time limit in milliseconds</a>: From 100 to 30000 milliseconds.",
        "<a href=\"#header_name-0\">Header name</a>: Name the header that this value is for",
        "<a href=\"#header_value-1\">x-a</a>: A header",
    ] {
        assert_eq!(
            page.html.matches(problem).count(),
            1,
            "{problem} in {}",
            page.html
        );
    }

    let fine = [
        &[("auth", "none"), ("scheme", "none")],
        &rows[..2],
        &rows[4..6],
    ]
    .concat();
    // Without its scheme an address is the encrypted one, also where the form comes back.
    let bare = form(&[&fine[..], &[("concurrency", "many")]].concat());
    let bare: Vec<(&str, &str)> = bare
        .into_iter()
        .map(|(name, value)| {
            if name == "url" {
                (name, "hooks.example/x")
            } else {
                (name, value)
            }
        })
        .collect();
    let page = ada.post("/destinations", &bare).await;
    assert!(page.html.contains("value=\"https://hooks.example/x\""));
    let saved = ada.post("/destinations", &form(&fine)).await;
    let at = saved.location.unwrap();
    let at = at.split('?').next().unwrap();
    // A saved header goes when its name is taken away; its value was never seen.
    let edit = ada.get(&format!("{at}/edit")).await;
    assert_eq!(header_rows(&edit)[0], ("x-c".into(), "***".into()));
    let less = form(&[
        ("auth", "none"),
        ("scheme", "none"),
        ("header_name", ""),
        ("header_value", "***"),
        ("header_name", "x-a"),
        ("header_value", "***"),
    ]);
    assert_eq!(ada.post(at, &less).await.status, 303);
    let edit = ada.get(&format!("{at}/edit")).await;
    assert_eq!(header_rows(&edit), [("x-a".into(), "***".into())]);
    bridge.stop().await;
}

#[actix_web::test]
async fn a_viewer_is_not_told_to_do_what_they_may_not() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let source = json!({"name": "Blue", "secret": SECRET});
    let source = bridge.created("/sources", source).await;
    let (_, token) = source["url"].as_str().unwrap().rsplit_once('/').unwrap();
    bridge
        .post(&bridge.url(&format!("/hooks/{token}")), todo_created())
        .await;
    let events = bridge.get("/events").await;
    let event = format!("/events/{}", events["data"][0]["id"].as_str().unwrap());
    let mut viewer = person(&bridge, Role::Viewer).await;
    for (path, said, offered) in [
        (
            &*event,
            "This source has no connection yet.",
            "<a href=\"/connections/new\">",
        ),
        ("/replays", "No replay yet.", "Narrow the log"),
    ] {
        let (hers, theirs) = (ada.get(path).await.html, viewer.get(path).await.html);
        assert!(hers.contains(said) && hers.contains(offered), "{hers}");
        assert!(
            theirs.contains(said) && !theirs.contains(offered),
            "{theirs}"
        );
    }
    bridge.stop().await;
}

async fn a_delivery_offers_only_what_its_connection_still_has(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let filter = json!({"path": "$.currentValue.title", "op": "equals", "value": "never"});
    let mapping = json!({"mode": "fields", "fields": [{"to": "a", "from": {"path": "$.nowhere"}, "when_missing": "fail"}]});
    for rules in [json!({"filter": filter}), json!({"mapping": mapping})] {
        let source = &connected.source_id;
        bridge
            .connect_from(source, &receiver.url(), json!({}), rules)
            .await;
    }
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let mut ada = owner(&bridge).await;
    let log = bridge.get("/deliveries").await["data"].clone();
    let path = |state: &str| {
        let mut log = log.as_array().unwrap().iter();
        let one = log.find(|one| one["state"] == state).unwrap();
        format!("/deliveries/{}", one["id"].as_str().unwrap())
    };
    let (delivered, skipped, failed) = (path("delivered"), path("skipped"), path("mapping_failed"));

    // There is no filter to change where there is none.
    assert!(!ada.get(&delivered).await.html.contains("/edit?sample="));
    let html = ada.get(&skipped).await.html;
    assert!(
        html.contains("Change this filter with this event"),
        "{html}"
    );
    let html = ada.get(&failed).await.html;
    assert_eq!(html.matches("/edit?sample=").count(), 2, "{html}");
    for connection in bridge.get("/connections").await["data"].as_array().unwrap() {
        let mut changed = connection.clone();
        let path = format!("/connections/{}", connection["id"].as_str().unwrap());
        changed["trigger"]["project_ids"] = json!(["other"]);
        assert_eq!(bridge.api("PUT", &path, Some(changed)).await.0, 200);
    }
    let html = ada.get(&delivered).await.html;
    let with_todays = "Resend with today&#39;s rules (version 2)";
    assert!(html.contains(with_todays), "{html}");

    for connection in bridge.get("/connections").await["data"].as_array().unwrap() {
        let path = format!("/connections/{}", connection["id"].as_str().unwrap());
        assert_eq!(bridge.api("DELETE", &path, None).await.0, 204);
    }
    for page in [&delivered, &skipped, &failed] {
        let html = ada.get(page).await.html;
        for gone in ["today&#39;s rules", "/edit?sample=", "href=\"/connections/"] {
            assert!(!html.contains(gone), "{gone}: {html}");
        }
        let may_resend = html.contains(&format!("action=\"{page}/resend\""));
        assert_eq!(may_resend, *page != failed, "{page}");
    }
    let mark = ada.get(&delivered).await.mark();
    for page in [&delivered, &skipped] {
        let fields = [("csrf", mark.as_str()), ("version", "then")];
        let asked = ada.post(&format!("{page}/resend"), &fields).await;
        assert!(asked.html.contains(">Cancel</a>"), "{}", asked.html);
        let fields = [("csrf", mark.as_str()), ("confirmed", "yes")];
        let resent = ada.post(&format!("{page}/resend"), &fields).await;
        assert_eq!(resent.status, 303);
        receiver.next().await;
    }
    bridge.stop().await;
}
