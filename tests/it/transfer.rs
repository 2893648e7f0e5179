//! Export and import: the same document twice, names that several have, what stands in the place of secrets, and what differs.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bluebridge::domain::audit::Actor;
use bluebridge::domain::destination::UNFINISHED;
use bluebridge::domain::seal::MasterKey;
use bluebridge::flow::nodes::take_over_commands;
use bluebridge::flow::pause;
use bluebridge::store::Store;
use bluebridge::store::schema_version::Upkeep;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::database::{Database, on_both};
use crate::harness::{Receiver, SECRET, TestBridge, event, patiently};
use crate::pages::{Page, Visitor, owner};

on_both! {
    the_same_document_again_changes_nothing,
    a_name_that_several_have_is_not_guessed_at,
    nothing_is_sent_until_what_an_import_left_out_is_entered,
    what_a_person_paused_stays_so_when_its_secrets_are_entered,
    what_an_import_made_without_its_secret_is_named_until_it_is_entered,
    what_differs_from_what_is_here_is_told,
    a_connection_is_switched_off_that_is_led_to_an_unfinished_destination,
}

/// Orders the import, or only its plan.
async fn import(visitor: &mut Visitor<'_>, text: &str, action: &str) -> Page {
    let mark = visitor.get("/connections/import").await.mark();
    let planned = hex::encode(Sha256::digest(text));
    let fields = [
        ("csrf", &*mark),
        ("bundle", text),
        ("planned", &planned),
        ("action", action),
    ];
    visitor.post("/connections/import", &fields).await
}

async fn export(visitor: &mut Visitor<'_>) -> String {
    visitor.get("/connections/export").await.html
}

/// Two destinations of one name, and two connections of one name that lead to one each.
async fn twins(bridge: &TestBridge, receiver: &Receiver) {
    let source = json!({"name": "Blue", "secret": SECRET});
    let source = bridge.created("/sources", source).await;
    for (path, trigger) in [("one", "TODO_CREATED"), ("two", "COMMENT_CREATED")] {
        let url = format!("http://{}/{path}", receiver.address);
        let destination = json!({"name": "Chat", "config": {"url": url}});
        let destination = bridge.created("/destinations", destination).await;
        let connection = json!({
            "name": "Notify", "source_id": source["id"], "destination_id": destination["id"],
            "trigger": {"events": [trigger]}, "enabled": true, "mapping": {"mode": "passthrough", "request": {"path": "/{{ event }}"}},
        });
        bridge.created("/connections", connection).await;
    }
}

async fn the_same_document_again_changes_nothing(database: Database) {
    let (first, receiver) = (TestBridge::start().await, Receiver::start());
    twins(&first, &receiver).await;
    let exported = export(&mut owner(&first).await).await;
    first.stop().await;

    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let done = import(&mut ada, &exported, "import").await;
    assert_eq!(done.status, 303, "{}", done.html);
    let connections = bridge.get("/connections").await["data"].clone();
    for connection in connections.as_array().unwrap() {
        assert_eq!(connection["mapping"]["request"]["path"], "/{{ event }}");
        let mut connection = connection.clone();
        connection["enabled"] = json!(true);
        let path = format!("/connections/{}", connection["id"].as_str().unwrap());
        assert_eq!(bridge.api("PUT", &path, Some(connection)).await.0, 200);
    }
    let before = async || {
        let lists = ["/sources", "/destinations", "/connections"];
        let mut found = Vec::new();
        for list in lists {
            found.push(bridge.get(list).await);
        }
        found
    };
    let was = before().await;
    let shown = import(&mut ada, &exported, "plan").await;
    assert!(
        shown.html.contains("there is nothing to do"),
        "{}",
        shown.html
    );
    import(&mut ada, &exported, "import").await;
    assert_eq!(before().await, was);

    // What was deleted here is made anew, and found again.
    let connection = was[2]["data"][0]["id"].as_str().unwrap();
    let destination = was[2]["data"][0]["destination_id"].as_str().unwrap();
    for path in [
        format!("/connections/{connection}"),
        format!("/destinations/{destination}"),
    ] {
        assert_eq!(bridge.api("DELETE", &path, None).await.0, 204);
    }
    let done = import(&mut ada, &exported, "import").await;
    assert_eq!(done.status, 303, "{}", done.html);
    let again = before().await;
    assert_eq!(again[1]["data"].as_array().unwrap().len(), 2);
    assert!(
        again[2]["data"]
            .as_array()
            .unwrap()
            .contains(&was[2]["data"][1])
    );
    let shown = import(&mut ada, &exported, "plan").await;
    assert!(
        shown.html.contains("there is nothing to do"),
        "{}",
        shown.html
    );
    bridge.stop().await;
}

async fn a_name_that_several_have_is_not_guessed_at(database: Database) {
    let (first, receiver) = (TestBridge::start().await, Receiver::start());
    twins(&first, &receiver).await;
    let exported = export(&mut owner(&first).await).await;
    first.stop().await;

    // It has twins of its own.
    let bridge = TestBridge::start_on(database).await;
    twins(&bridge, &receiver).await;
    let mut ada = owner(&bridge).await;
    let was = bridge.get("/connections").await;
    let refused = import(&mut ada, &exported, "import").await;
    assert_eq!(refused.status, 422);
    let says = "More than one destination is called Chat";
    assert!(refused.html.contains(says), "{}", refused.html);
    assert_eq!(bridge.get("/connections").await, was);

    let mut bundle: Value = serde_json::from_str(&exported).unwrap();
    bundle["destinations"][1]["id"] = bundle["destinations"][0]["id"].clone();
    let refused = import(&mut ada, &bundle.to_string(), "import").await;
    assert!(
        refused.html.contains("two of the same id"),
        "{}",
        refused.html
    );
    // However it is written.
    let id = bundle["destinations"][0]["id"]
        .as_str()
        .unwrap()
        .replace('-', "");
    bundle["destinations"][1]["id"] = json!(id);
    let refused = import(&mut ada, &bundle.to_string(), "import").await;
    assert!(
        refused.html.contains("two of the same id"),
        "{}",
        refused.html
    );

    // What nobody could save is not imported either.
    let mut bundle: Value = serde_json::from_str(&exported).unwrap();
    bundle["destinations"][0]["name"] = json!("Other");
    bundle["destinations"][0]["config"]["headers"] = json!({"X-A": "1", "x-a": "2"});
    let refused = import(&mut ada, &bundle.to_string(), "import").await;
    assert_eq!(refused.status, 422);
    assert_eq!(bridge.get("/connections").await, was);
    bridge.stop().await;
}

async fn nothing_is_sent_until_what_an_import_left_out_is_entered(database: Database) {
    let (first, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}});
    let connected = first.connect(&receiver, rules).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let token = "T0KENcanary1234567890";
    let address = format!("http://{}/services/{token}/in", receiver.address);
    let config = json!({
        "url": format!("{address}?key=K1canary&wait=true"),
        "headers": {"X-Tenant": "canary-tenant"},
        "auth": {"type": "bearer", "token": "canary-bearer"},
    });
    let written = json!({"name": "Receiver", "config": config, "signing": {"scheme": "none"}});
    let (status, shown) = first.api("PUT", &path, Some(written)).await;
    assert_eq!(status, 200, "{shown}");
    let masked = format!(
        "http://{}/services/***/in?key=***&wait=***",
        receiver.address
    );
    assert_eq!(shown["config"]["url"], json!(masked));
    assert_eq!(shown["left_out"], json!([]));
    // Saved as it is shown, everything stays.
    assert_eq!(first.api("PUT", &path, Some(shown)).await.0, 200);
    first.post(&connected.hook, &event(1)).await;
    let sent = receiver.next().await;
    assert_eq!(sent.header("authorization"), Some("Bearer canary-bearer"));
    let exported = export(&mut owner(&first).await).await;
    assert!(!exported.contains("canary"), "{exported}");
    let bundle: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(
        bundle["destinations"][0]["config"],
        json!({
            "url": masked, "method": "POST", "headers": {"x-tenant": "***"},
            "auth": {"type": "bearer", "token": "***"}, "allow_http": false, "final_statuses": [],
        })
    );
    first.stop().await;

    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let shown = import(&mut ada, &exported, "plan").await;
    for says in [
        "Enter before anything comes in: New secret",
        "Enter before anything is sent: URL, More headers, ",
    ] {
        assert!(shown.html.contains(says), "{says} in {}", shown.html);
    }
    let done = import(&mut ada, &exported, "import").await;
    assert_eq!(done.status, 303, "{}", done.html);
    let mut destination = bridge.get("/destinations").await["data"][0].clone();
    let places = json!([
        "/config/url",
        "/config/headers/x-tenant",
        "/config/auth/token"
    ]);
    assert_eq!(destination["left_out"], places);
    assert_eq!(destination["config"]["auth"]["token_set"], json!(false));
    let id = destination["id"].as_str().unwrap().to_string();
    let page = ada.get(&format!("/destinations/{id}")).await;
    assert!(
        page.html.contains("An import left a part out: URL"),
        "{}",
        page.html
    );

    // Switched on all the same, it sends nothing: neither a delivery nor a test.
    let source = bridge.get("/sources").await["data"][0].clone();
    let source_path = format!("/sources/{}", source["id"].as_str().unwrap());
    let mut connection = bridge.get("/connections").await["data"][0].clone();
    connection["enabled"] = json!(true);
    let connection_path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let (_, on) = bridge.api("PUT", &connection_path, Some(connection)).await;
    let warned = |connection: &Value| {
        let warnings = connection["warnings"].as_array().unwrap().iter();
        let told = warnings.map(|one| one["code"].as_str().unwrap().to_string());
        told.collect::<Vec<_>>()
    };
    let both = ["source_needs_secret", "destination_unfinished"];
    assert_eq!(warned(&on), both, "{on}");
    assert_eq!(warned(&bridge.get("/connections").await["data"][0]), both);
    let html = ada.get(&connection_path).await.html;
    for says in [
        format!("<a href=\"{source_path}\">Blue</a>: The source has no secret yet"),
        format!(
            "<a href=\"/destinations/{id}\">Receiver</a>: The destination lacks something that an import left out"
        ),
    ] {
        assert!(html.contains(&says), "{says} in {html}");
    }
    let secret = json!({"name": "Blue", "secret": SECRET});
    assert_eq!(bridge.api("PUT", &source_path, Some(secret)).await.0, 200);
    assert_eq!(warned(&bridge.get(&connection_path).await), both[1..]);
    let hook = source["url"].as_str().unwrap();
    let hook = bridge.url(&hook[hook.find("/hooks/").unwrap()..]);
    assert_eq!(bridge.post(&hook, &event(2)).await.0, 200);
    patiently("what comes meanwhile to wait", async {
        while bridge.get("/deliveries?state=held").await["data"] == json!([]) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let held = bridge.get("/deliveries").await["data"][0].clone();
    assert_eq!(held["attempt_count"], 0, "{held}");
    let health = bridge.get(&format!("/destinations/{id}")).await["health"].clone();
    let reason = health["paused_reason"].as_str().unwrap();
    assert!(reason.contains("An import left a part"), "{health}");
    let mark = page.mark();
    ada.post(&format!("/destinations/{id}/test"), &[("csrf", &*mark)])
        .await;
    let tested = ada.get(&format!("/destinations/{id}")).await;
    let says = "An import left a part of the destination out";
    assert!(tested.html.contains(says), "{}", tested.html);
    assert!(receiver.is_idle().await);

    // What is masked must be entered, and then goes out.
    let path = format!("/destinations/{id}");
    let (status, refused) = bridge.api("PUT", &path, Some(destination.clone())).await;
    assert_eq!(status, 422);
    let pointers: Vec<&Value> = refused["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| &problem["pointer"])
        .collect();
    assert_eq!(json!(pointers), places);
    destination["config"]["url"] = json!(address);
    destination["config"]["headers"]["x-tenant"] = json!("t");
    destination["config"]["auth"]["token"] = json!("entered");
    let (status, saved) = bridge.api("PUT", &path, Some(destination)).await;
    assert_eq!((status, &saved["left_out"]), (200, &json!([])), "{saved}");
    assert!(warned(&bridge.get(&connection_path).await).is_empty());
    // It was paused for that alone, and goes on by itself.
    assert_eq!(saved["health"]["state"], "ok", "{saved}");
    let noted = bridge.get("/audit").await["data"].clone();
    let resumed = json!("Entered what the destination Receiver lacked, which resumed it.");
    let is_resumed = |note: &&Value| note["action"] == "destination.resumed";
    let noted: Vec<&Value> = noted
        .as_array()
        .unwrap()
        .iter()
        .filter(is_resumed)
        .collect();
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert_eq!(noted[0]["sentence"], resumed);
    bridge.post(&hook, &event(3)).await;
    for _ in 2..=3 {
        let sent = receiver.next().await;
        assert_eq!(sent.header("authorization"), Some("Bearer entered"));
    }
    bridge.stop().await;
}

async fn what_a_person_paused_stays_so_when_its_secrets_are_entered(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let destination = |number: u32| {
        json!({
            "id": format!("01890a5d-ac96-774b-bcce-b302099a{number:04}"), "name": format!("D{number}"), "kind": "webhook",
            "config": {"url": "https://example.com/***"}, "signing": {"scheme": "none"}, "limits": {},
        })
    };
    let bundle = json!({
        "bluebridge_export": 1, "sources": [], "connections": [], "destinations": [destination(1), destination(2)],
    });
    import(&mut ada, &bundle.to_string(), "import").await;
    let found = bridge.get("/destinations").await["data"].clone();
    let path = |index: usize| format!("/destinations/{}", found[index]["id"].as_str().unwrap());
    for index in [0, 1] {
        let id = found[index]["id"].as_str().unwrap().parse().unwrap();
        let destination = bridge.bridge.store.destination(id).await.unwrap();
        let reason = destination.settings.cannot_send().unwrap();
        pause::pause(&bridge.bridge, id, reason).await.unwrap();
    }
    let pause = format!("{}/pause", path(1));
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    // Nothing is gained by resuming what still lacks something.
    let shown = ada.get(&path(0)).await.html;
    assert!(
        shown.contains("goes out by itself") && !shown.contains("/resume\""),
        "{shown}"
    );
    for (index, done, state) in [(0, "saved_resumed", "ok"), (1, "saved", "paused")] {
        let mark = ada.get(&format!("{}/edit", path(index))).await.mark();
        let name = format!("D{}", index + 1);
        let fields = [
            ("csrf", &*mark),
            ("name", &name),
            ("url", "https://example.com/in"),
            ("method", "POST"),
            ("auth", "none"),
            ("scheme", "none"),
        ];
        let saved = ada.post(&path(index), &fields).await;
        let led = saved.location.unwrap_or(saved.html);
        assert!(led.ends_with(&format!("?done={done}")), "{led}");
        assert_eq!(bridge.get(&path(index)).await["health"]["state"], state);
        let says = "what waited for it goes out now";
        assert_eq!(ada.get(&led).await.html.contains(says), index == 0);
    }
    // What was on its way by the old settings may pause it once more; the timer sets that right, and leaves alone what a person did.
    let id = found[0]["id"].as_str().unwrap().parse().unwrap();
    pause::pause(&bridge.bridge, id, UNFINISHED[1])
        .await
        .unwrap();
    assert_eq!(bridge.get(&path(0)).await["health"]["state"], "paused");
    pause::settle_stragglers(&bridge.bridge).await.unwrap();
    for (index, state) in [(0, "ok"), (1, "paused")] {
        assert_eq!(bridge.get(&path(index)).await["health"]["state"], state);
    }
    // Somebody who saw it unfinished and comes too late does nothing, and nothing is noted.
    pause::pause(&bridge.bridge, id, UNFINISHED[1])
        .await
        .unwrap();
    let seen = bridge.bridge.store.destination(id).await.unwrap();
    let noted = async || {
        let notes = bridge.get("/audit?limit=200").await["data"].clone();
        let notes = notes.as_array().unwrap().clone();
        let resumed = notes.iter();
        resumed
            .filter(|note| note["action"] == "destination.resumed")
            .count()
    };
    assert_eq!(noted().await, 1);
    let actor = Actor::command_line();
    for (notes, what) in [(2, "in time"), (2, "too late")] {
        let now = pause::resume_finished(&bridge.bridge, &actor, &seen).await;
        assert!(now.unwrap().unwrap().health.paused.is_none(), "{what}");
        assert_eq!(noted().await, notes, "{what}");
    }
    bridge.stop().await;
}

async fn a_connection_is_switched_off_that_is_led_to_an_unfinished_destination(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let first = format!("/destinations/{}", connected.destination_id);
    let url = format!("http://{}/", receiver.address);
    let config = json!({"url": url, "auth": {"type": "bearer", "token": "t"}});
    let settings = json!({"name": "First", "config": config, "signing": {"scheme": "none"}});
    assert_eq!(bridge.api("PUT", &first, Some(settings)).await.0, 200);
    let mut ada = owner(&bridge).await;
    let exported = export(&mut ada).await;

    let other = json!({"name": "Second", "config": {"url": url}});
    let other = bridge.created("/destinations", other).await;
    let mut connection = bridge.get("/connections").await["data"][0].clone();
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    connection["destination_id"] = other["id"].clone();
    assert_eq!(bridge.api("PUT", &path, Some(connection)).await.0, 200);
    assert_eq!(bridge.api("DELETE", &first, None).await.0, 204);

    let shown = import(&mut ada, &exported, "plan").await;
    let says = "Switched off until what its destination lacks is entered";
    assert!(shown.html.contains(says), "{}", shown.html);
    let done = import(&mut ada, &exported, "import").await;
    assert_eq!(done.status, 303, "{}", done.html);
    let connection = bridge.get(&path).await;
    assert_ne!(connection["destination_id"], other["id"]);
    assert_eq!(connection["enabled"], json!(false));
    bridge.stop().await;
}

async fn what_differs_from_what_is_here_is_told(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let exported = export(&mut ada).await;
    let same = import(&mut ada, &exported, "plan").await;
    assert!(!same.html.contains("What is here stays"), "{}", same.html);

    // As versions before wrote it, without what may hold a secret.
    let mut bundle: Value = serde_json::from_str(&exported).unwrap();
    let config = &mut bundle["destinations"][0]["config"];
    config["url"] = json!(format!("http://{}/in", receiver.address));
    for key in ["auth", "headers"] {
        config.as_object_mut().unwrap().remove(key);
    }
    let old = import(&mut ada, &bundle.to_string(), "plan").await;
    assert!(!old.html.contains("What is here stays"), "{}", old.html);

    let mut bundle: Value = serde_json::from_str(&exported).unwrap();
    let destination = &mut bundle["destinations"][0];
    destination["kind"] = json!("slack");
    destination["config"]["url"] = json!("https://example.com/elsewhere");
    destination["config"]["auth"] = json!({"type": "bearer", "token": "***"});
    destination["limits"]["concurrency"] = json!(3);
    bundle["sources"][0]["require_signature"] = json!(false);
    let other = json!({"id": "01890a5d-ac96-774b-bcce-b302099a0001", "name": "Other", "require_signature": true});
    bundle["sources"].as_array_mut().unwrap().push(other);
    let text = bundle.to_string();
    let shown = import(&mut ada, &text, "plan").await;
    for says in [
        "The document has another value here: kind, URL, Authentication, ",
        "The document has another value here: Refuse requests without a valid signature.",
    ] {
        assert!(shown.html.contains(says), "{says} in {}", shown.html);
    }
    let path = format!("/destinations/{}", connected.destination_id);
    let was = bridge.get(&path).await;
    import(&mut ada, &text, "import").await;
    assert_eq!(bridge.get(&path).await, was);

    // The same at the command line, from its input.
    let home = bridge.stop().await;
    let mut process = Command::new(env!("CARGO_BIN_EXE_bluebridge"))
        .args(["import", "--dry-run", "-"])
        .env("BLUEBRIDGE_DATABASE_URL", &home.database_url)
        .env(
            "BLUEBRIDGE_MASTER_KEY",
            MasterKey::new([7; 32]).to_base64().as_str(),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let says =
        "differs in /kind, /config/url, /config/auth, /limits/concurrency: what is here stays";
    assert!(output.status.success() && said.contains(says), "{said}");
    let says = "  keep source Other\n       enter before anything comes in: /secret";
    assert!(said.contains(says), "{said}");
}

/// A server that runs meanwhile hears of it; its own saves are no news to it.
#[actix_web::test]
async fn what_a_command_changes_in_a_file_is_in_force_in_the_server_beside_it() {
    let bridge = TestBridge::start().await;
    let inner = &bridge.bridge;
    let source = bridge.created("/sources", json!({"name": "Blue"})).await;
    let before = inner.snapshot();
    take_over_commands(inner).await.unwrap();
    assert!(Arc::ptr_eq(&before, &inner.snapshot()));
    let key = MasterKey::new([7; 32]);
    let url = &bridge.home.database_url;
    let command = Store::open_with(url, key, Upkeep::OnlyMake).unwrap();
    let id = source["id"].as_str().unwrap().parse().unwrap();
    command.delete_source(id, 1).await.unwrap();
    command.close().await;
    let token = source["url"].as_str().unwrap().rsplit('/').next().unwrap();
    assert!(before.source(token).is_some());
    take_over_commands(inner).await.unwrap();
    assert!(inner.snapshot().source(token).is_none());
    bridge.stop().await;
}

async fn what_an_import_made_without_its_secret_is_named_until_it_is_entered(database: Database) {
    let (first, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = first.connect(&receiver, json!({})).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let config = json!({"url": receiver.url(), "auth": {"type": "bearer", "token": "t"}});
    let written = json!({"name": "Chat", "config": config, "signing": {"scheme": "none"}});
    assert_eq!(first.api("PUT", &path, Some(written)).await.0, 200);
    let exported = export(&mut owner(&first).await).await;
    first.stop().await;

    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    // This one lacks its secret as well, and no import made it.
    let other = bridge.created("/sources", json!({"name": "Other"})).await;
    let other = format!("href=\"/sources/{}\"", other["id"].as_str().unwrap());
    let led = import(&mut ada, &exported, "import")
        .await
        .location
        .unwrap();
    let needs = "Enter the secret of:";
    let html = ada.get(&led).await.html;
    let (source, destination) = (
        format!("/sources/{}", connected.source_id),
        format!("/destinations/{}", connected.destination_id),
    );
    let link = |path: &str| format!("href=\"{path}\"");
    assert!(html.contains(needs) && !html.contains(&other), "{html}");
    assert!(html.contains(&link(&source)) && html.contains(&link(&destination)));
    assert_eq!(html.matches(">Needs its secret<").count(), 2, "{html}");
    // The list says so whenever it is looked at; what is to be done, once.
    let html = ada.get("/connections").await.html;
    assert!(!html.contains(needs), "{html}");
    assert_eq!(html.matches(">Needs its secret<").count(), 2, "{html}");

    let secret = json!({"name": "Blue", "secret": SECRET});
    assert_eq!(bridge.api("PUT", &source, Some(secret)).await.0, 200);
    let html = ada.get(&led).await.html;
    assert!(!html.contains(&link(&source)) && html.contains(&link(&destination)));
    assert_eq!(html.matches(">Needs its secret<").count(), 1, "{html}");
    let config = json!({"url": receiver.url(), "auth": {"type": "bearer", "token": "t"}});
    let whole = json!({"name": "Chat", "config": config, "signing": {"scheme": "none"}});
    assert_eq!(bridge.api("PUT", &destination, Some(whole)).await.0, 200);
    let html = ada.get(&led).await.html;
    assert!(!html.contains(needs) && !html.contains(">Needs its secret<"));
    // Again, it makes nothing and asks for nothing.
    let led = import(&mut ada, &exported, "import")
        .await
        .location
        .unwrap();
    assert!(!led.contains("enter="), "{led}");
    bridge.stop().await;
}

#[actix_web::test]
async fn an_import_of_many_names_the_first_and_counts_the_others() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let sources = (0..53).map(|number| {
        let id = format!("01890a5d-ac96-774b-bcce-b302099a{number:04}");
        json!({"id": id, "name": format!("S{number}"), "require_signature": true})
    });
    let bundle = json!({
        "bluebridge_export": 1, "sources": sources.collect::<Vec<_>>(), "destinations": [], "connections": [],
    });
    let led = import(&mut ada, &bundle.to_string(), "import").await;
    let html = ada.get(&led.location.unwrap()).await.html;
    assert_eq!(html.matches("href=\"/sources/").count(), 50, "{html}");
    assert!(html.contains("And of 3 more"), "{html}");
    bridge.stop().await;
}
