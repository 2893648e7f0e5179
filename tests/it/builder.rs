//! The builder as a browser without scripts uses it, the parts it fetches with them, versions, the gallery, import and export.

use std::process::Command;
use std::sync::atomic::Ordering;

use bluebridge::domain::catalogue::RECORD_UPDATED;
use bluebridge::domain::person::Role;
use bluebridge::domain::seal::MasterKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::database::{Database, execute, on_both};
use crate::harness::{Connected, Receiver, SECRET, TestBridge, event, todo_created};
use crate::pages::{Page, Visitor, owner};

on_both! {
    every_button_of_the_builder_works_without_scripts,
    nothing_is_saved_before_it_is_chosen,
    a_save_makes_the_destination_that_was_typed_too,
    what_is_unfinished_is_not_wrong_yet,
    nothing_would_be_sent_before_it_is_said_from_where_and_to_where,
    a_starting_point_keeps_its_note_and_its_source_over_the_detour,
    a_viewer_is_offered_nothing_to_change,
    projects_are_offered_by_the_names_that_were_told_last,
    an_edit_that_a_delivery_leads_to_is_tried_on_its_event,
    an_edit_shows_its_changes_and_any_version_can_be_restored,
    a_connection_that_was_saved_meanwhile_is_not_overwritten_unseen,
    live_parts_answer_to_half_finished_rules_and_hide_secrets,
    path_query_and_headers_are_made_in_the_builder,
    an_import_says_what_it_does_and_does_that,
    rules_of_an_earlier_version_stay_and_are_imported_switched_off,
    an_import_reaches_no_address_that_a_save_would_refuse,
    every_starting_point_opens_in_the_builder_and_pages_stay_light,
}

/// A page may weigh this much on the wire, in bytes.
const PAGE_LIMIT_BYTES: usize = 60_000;

/// Two readable fields and one condition, as the form posts them.
fn fields<'a>(
    mark: &'a str,
    source_id: &'a str,
    destination_id: &'a str,
) -> Vec<(&'a str, &'a str)> {
    vec![
        ("csrf", mark),
        ("source_id", source_id),
        ("destination_id", destination_id),
        ("events", "TODO_CREATED"),
        ("filter_mode", "all"),
        ("c_depth", "0"),
        ("c_path", "$.currentValue.title"),
        ("c_op", "contains"),
        ("c_value", "GG"),
        ("c_case", ""),
        ("c_types", ""),
        ("c_zone", ""),
        ("mapping_mode", "fields"),
        ("f_to", "task.name"),
        ("f_kind", "path"),
        ("f_source", "$.currentValue.title"),
        ("f_take", "first"),
        ("f_sep", ""),
        ("f_pipe", "trim | lower"),
        ("f_missing", "null"),
        ("max_attempts", "10"),
    ]
}

fn part(page: &Page, name: &str) -> String {
    let start = page
        .html
        .find(&format!("data-part=\"{name}\""))
        .unwrap_or_else(|| panic!("no part {name} in {}", page.html));
    let rest = &page.html[start..];
    let end = rest[10..]
        .find("data-part=")
        .map_or(rest.len(), |end| end + 10);
    rest[..end].to_string()
}

async fn every_button_of_the_builder_works_without_scripts(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(
            &receiver,
            json!({"mapping": {"mode": "passthrough"}, "enabled": false}),
        )
        .await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let with = |action: &'static str, more: &[(&'static str, &'static str)]| {
        let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
        posted.extend(more.iter().copied());
        posted.push(("action", action));
        posted
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect::<Vec<_>>()
    };
    async fn press(ada: &mut Visitor<'_>, posted: Vec<(String, String)>) -> Page {
        let posted: Vec<(&str, &str)> = posted
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        ada.post("/connections", &posted).await
    }

    // Nothing received yet: the catalogue's sample is used, and the condition is told on it.
    let page = press(&mut ada, with("preview", &[])).await;
    assert_eq!(page.status, 200);
    assert!(
        part(&page, "c-0").contains("does not hold"),
        "{}",
        part(&page, "c-0")
    );
    assert!(
        part(&page, "f-0").contains("lower</span> <code>&#34;call ada about the contract&#34;"),
        "{}",
        part(&page, "f-0")
    );
    assert!(
        page.html
            .contains("value=\"pick:$.currentValue.todoList.title\"")
    );

    let added = press(&mut ada, with("add-condition", &[])).await;
    assert_eq!(added.html.matches("name=\"c_path\"").count(), 2);
    assert!(added.html.contains("autofocus"));
    let grouped = press(&mut ada, with("add-group", &[])).await;
    assert_eq!(
        grouped.html.matches("name=\"c_depth\"").count(),
        3,
        "a group comes with a condition"
    );
    let removed = press(&mut ada, with("remove-condition:0", &[])).await;
    assert!(removed.html.contains("Every event passes"));
    let picked = press(&mut ada, with("pick:$.currentValue.todoList.title", &[])).await;
    assert!(
        picked.html.contains("value=\"title\"")
            && picked
                .html
                .contains("value=\"$.currentValue.todoList.title\"")
    );
    assert!(
        !press(&mut ada, with("remove-field:0", &[]))
            .await
            .html
            .contains("task.name\" spellcheck")
    );

    // The next event is waited for and becomes the sample.
    let waiting = press(&mut ada, with("listen", &[])).await;
    assert!(waiting.html.contains("Waiting for the next event"));
    let newest = format!("/connections/newest?source_id={}", connected.source_id);
    assert!(ada.get(&newest).await.html.contains("null"));
    bridge.post(&connected.hook, todo_created()).await;
    assert!(!ada.get(&newest).await.html.contains("null"));
    let come = press(
        &mut ada,
        with("listen", &[("listening", "yes"), ("listen_after", "")]),
    )
    .await;
    assert!(!come.html.contains("Waiting for the next event"));
    assert!(
        part(&come, "result").contains("&#34;name&#34;: &#34;gggg&#34;"),
        "{}",
        part(&come, "result")
    );
    // Its project is known by name now.
    assert!(come.html.contains("name=\"project\""));

    // A destination is made right there; its secret is shown this once.
    let url = receiver.url();
    let mut posted = with(
        "make-destination",
        &[("d_name", "Made here"), ("d_scheme", "standard_webhooks")],
    );
    posted.push(("d_url".into(), url.clone()));
    let made = press(&mut ada, posted).await;
    assert!(made.html.contains("whsec_") && made.html.contains("Made here"));
    let mut refused = with("make-destination", &[("d_scheme", "none")]);
    refused.push(("d_url".into(), "http://10.0.0.1/".into()));
    let refused = press(&mut ada, refused).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        bridge.get("/destinations").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    // Without a name it is called by what it does.
    let dry = press(&mut ada, with("dry-run", &[("dry_run_events", "100")])).await;
    assert!(
        dry.html
            .contains("Looked at 1 event. These rules would send 1."),
        "{}",
        dry.html
    );
    let saved = press(&mut ada, with("save", &[])).await;
    let at = saved.location.unwrap();
    assert_eq!(saved.status, 303);
    let connections = bridge.get("/connections").await;
    let connection = &connections["data"][1];
    assert_eq!(
        connection["name"],
        "Record created if its title contains “GG” → Receiver"
    );
    assert_eq!(
        connection["filter"],
        json!({"all": [{"path": "$.currentValue.title", "op": "contains", "value": "GG"}]})
    );
    let shown = ada.get(&at).await.html;
    assert!(
        shown.contains("When a record is created (Blue) and its title contains “GG”, send task.name to Receiver."),
        "{shown}"
    );
    assert!(receiver.is_idle().await, "nothing was sent on the way");
    bridge.stop().await;
}

async fn nothing_is_saved_before_it_is_chosen(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let chosen = format!("<option value=\"{}\" selected>", connected.destination_id);
    let alone = ada.get("/connections/new").await;
    assert!(alone.html.contains(&chosen), "the only one needs no choice");
    assert!(!alone.html.contains("data-unsaved"));

    let second = json!({"name": "Second", "config": {"url": receiver.url()}});
    bridge.created("/destinations", second).await;
    let both = ada.get("/connections/new").await;
    assert!(
        both.html
            .contains("<option value=\"\">Choose a destination</option>")
    );
    assert!(!both.html.contains(&chosen));

    let mark = both.mark();
    let without = |names: &[&str]| {
        let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
        for (name, value) in &mut posted {
            if names.contains(name) {
                *value = "";
            }
        }
        posted
    };
    let nowhere = without(&["destination_id"]);
    let nowhere = ada.post("/connections", &nowhere).await;
    assert_eq!(nowhere.status, 422);
    for part in [
        "<a href=\"#destination_id\">Destination</a>: Choose a destination, or make a new one.",
        "name=\"name\" maxlength=\"120\" value=\"\"",
        "data-unsaved",
    ] {
        assert!(nowhere.html.contains(part), "{part} in {}", nowhere.html);
    }
    let nothing = without(&["f_to", "f_source", "f_pipe", "source_id"]);
    let nothing = ada.post("/connections", &nothing).await;
    assert_eq!(nothing.status, 422);
    for sentence in ["Choose a source.", "Choose at least one field"] {
        assert!(nothing.html.contains(sentence), "{sentence}");
    }
    let made = bridge.get("/connections").await;
    assert_eq!(made["data"].as_array().unwrap().len(), 1);
    assert_eq!(ada.post("/connections", &without(&[])).await.status, 303);
    bridge.stop().await;
}

async fn a_save_makes_the_destination_that_was_typed_too(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let url = receiver.url();
    let to = |url| {
        let mut posted = fields(&mark, &connected.source_id, "");
        posted.extend([("d_name", "Typed"), ("d_scheme", "standard_webhooks")]);
        posted.extend([("d_url", url), ("action", "save")]);
        posted
    };
    let count = async || {
        bridge.get("/connections").await["data"]
            .as_array()
            .unwrap()
            .len()
    };

    // A bad address is told where it is typed, and nothing is made.
    let refused = ada.post("/connections", &to("http://10.0.0.1/")).await;
    assert_eq!((refused.status, count().await), (422, 1));
    let (_, at_url) = refused.html.split_once("id=\"d_url\"").unwrap();
    let (at_url, _) = at_url.split_once("</div>").unwrap();
    assert!(at_url.contains("class=\"wrong\"") && at_url.contains("not a public address"));
    // What is wrong besides is told with it, and before anything is made.
    let long = "n".repeat(300);
    let mut many = to("http://10.0.0.1/");
    many.retain(|(name, _)| !["name", "source_id"].contains(name));
    many.push(("name", &long));
    let refused = ada.post("/connections", &many).await;
    for problem in ["#name", "#source_id", "#d_url"] {
        let link = format!("<a href=\"{problem}\">");
        assert!(
            refused.html.contains(&link),
            "{problem} in {}",
            refused.html
        );
    }
    let mut misnamed = to(&url);
    misnamed.retain(|(name, _)| *name != "name");
    misnamed.push(("name", &long));
    assert_eq!(ada.post("/connections", &misnamed).await.status, 422);
    let made = bridge.get("/destinations").await["data"].clone();
    assert_eq!(made.as_array().unwrap().len(), 1, "{made}");

    let saved = ada.post("/connections", &to(&url)).await;
    assert_eq!((saved.status, count().await), (200, 2), "{}", saved.html);
    let id = bridge.get("/connections").await["data"][1]["id"].clone();
    let here = format!("data-here=\"/connections/{}\"", id.as_str().unwrap());
    for part in [&*here, "whsec_", "send task.name to Typed."] {
        assert!(saved.html.contains(part), "{part} in {}", saved.html);
    }
    let again = ada
        .get(&format!("/connections/{}", id.as_str().unwrap()))
        .await;
    assert!(!again.html.contains("whsec_"), "it is shown once");
    bridge.stop().await;
}

async fn what_is_unfinished_is_not_wrong_yet(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let with = |changes: &[(&'static str, &'static str)]| {
        let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
        for (name, value) in &mut posted {
            if let Some((_, other)) = changes.iter().find(|(changed, _)| changed == name) {
                *value = other;
            }
        }
        posted
    };

    let named_later = ["first".to_string(), "second".to_string()];
    // A field that has only its name so far: nothing is told of it, and a save asks for the rest.
    let named = with(&[("f_source", ""), ("f_pipe", "")]);
    let live = ada.post("/connections/live", &named).await;
    assert!(!live.html.contains("class=\"wrong\"") && !live.html.contains("class=\"mend\""));
    let review = part(&live, "review");
    assert!(review.contains("send some of its fields to Receiver. No field is chosen yet."));
    // So is a condition whose value is still to be typed.
    let untyped = with(&[("c_value", "")]);
    let live = ada.post("/connections/live", &untyped).await;
    let asks = "<span class=\"quiet\">Enter the text to look for.</span>";
    assert!(part(&live, "c-0").contains(asks), "{}", part(&live, "c-0"));
    let mistyped = with(&[("c_op", "gt"), ("c_value", "2,000")]);
    let live = ada.post("/connections/live", &mistyped).await;
    let asks = "<span class=\"wrong\">Enter a number, like 2000.</span>";
    assert!(part(&live, "c-0").contains(asks), "{}", part(&live, "c-0"));

    let mut second = named.clone();
    second.extend([
        ("f_to", "more"),
        ("f_kind", "path"),
        ("f_source", "$.event"),
    ]);
    let refused = ada.post("/connections", &second).await;
    assert_eq!(refused.status, 422);
    let asks = "<a href=\"#f-source-0\">Field “task.name”</a>: Say where its value comes from.";
    assert!(refused.html.contains(asks), "{}", refused.html);

    // In the sentence only what has a name is spoken of.
    let mut unnamed = with(&[("f_to", "")]);
    unnamed.extend(many_fields(&named_later));
    let live = ada.post("/connections/live", &unnamed).await;
    let review = part(&live, "review");
    assert!(
        review.contains("send first and 1 more field to Receiver"),
        "{review}"
    );

    // What has no name is spoken of by its number; one attempt is one; nothing was received yet.
    let mut nameless = with(&[("f_to", ""), ("max_attempts", "1")]);
    nameless.push(("action", "add-field"));
    let page = ada.post("/connections", &nameless).await.html;
    for part in [
        "Remove the field 1\"",
        "Move 2 up",
        "1 attempt at most",
        "<option value=\"\">Last event received (none yet)</option>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    bridge.post(&connected.hook, todo_created()).await;
    let page = ada.get("/connections/new").await.html;
    assert!(page.contains("<option value=\"\">Last event received</option>"));
    bridge.stop().await;
}

async fn a_viewer_is_offered_nothing_to_change(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    bridge.connect(&receiver, rules).await;
    owner(&bridge).await;
    let mut viewer = crate::sweep::person(&bridge, Role::Viewer).await;
    let id = bridge.get("/connections").await["data"][0]["id"].clone();
    let one = format!("/connections/{}", id.as_str().unwrap());
    for path in ["/connections", &one, &format!("{one}/versions/1")] {
        let page = viewer.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let main = page.html.split("<main").nth(1).unwrap();
        assert!(!main.contains("<form"), "{path}: {main}");
        assert!(
            !main.contains("/edit") && !main.contains("/export") && !main.contains("/import"),
            "{path}: {main}"
        );
    }
    bridge.stop().await;
}

async fn projects_are_offered_by_the_names_that_were_told_last(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let id = bridge.get("/connections").await["data"][0]["id"].clone();
    let page = format!("/connections/{}/edit", id.as_str().unwrap());
    let told = |name: &str, project: &str| {
        let text = std::str::from_utf8(todo_created()).unwrap();
        let text = text.replace("TEEST", name);
        text.replace("clakt90vu000bvt64hhffqleq", project)
    };
    let first = "clakt90vu000bvt64hhffqleq";
    let steps = [
        (told("Alpha", first), vec!["Alpha"]),
        (told("Alpha & Co", first), vec!["Alpha &#38; Co"]),
        (told("Beta", "other"), vec!["Alpha &#38; Co", "Beta"]),
    ];
    assert!(!ada.get(&page).await.html.contains("name=\"project\""));
    for (event, names) in steps {
        // So late that only the new event is looked at.
        bridge.clock.fetch_add(3_600_000, Ordering::SeqCst);
        assert_eq!(bridge.post(&connected.hook, event.as_bytes()).await.0, 200);
        let html = ada.get(&page).await.html;
        let offered: Vec<&str> = html.split("name=\"project\"").skip(1).collect();
        assert_eq!(offered.len(), names.len());
        for (offer, name) in offered.iter().zip(names) {
            let label = offer.split("</label>").next().unwrap();
            assert!(label.contains(name), "{label}");
        }
    }
}

async fn an_edit_that_a_delivery_leads_to_is_tried_on_its_event(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let none = json!({"all": [{"path": "$.currentValue.title", "op": "equals", "value": "none"}]});
    let rules = json!({"filter": none, "mapping": {"mode": "passthrough"}});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    for number in [1, 2] {
        assert_eq!(bridge.post(&connected.hook, &event(number)).await.0, 200);
    }
    for delivery in bridge.get("/deliveries").await["data"].as_array().unwrap() {
        let page = format!("/deliveries/{}", delivery["id"].as_str().unwrap());
        let html = ada.get(&page).await.html;
        let (_, rest) = html.split_once("/edit?sample=").unwrap();
        let (event_id, rest) = rest.split_once("&amp;delivery=").unwrap();
        assert_eq!(event_id, delivery["event_id"]);
        let (id, _) = rest.split_once('"').unwrap();
        assert_eq!(id, delivery["id"]);
        let (before, _) = html.split_once("/edit?sample=").unwrap();
        let edit = &before[before.rfind("/connections/").unwrap()..];
        let connection = edit;
        let edit = format!("{connection}/edit?sample={event_id}&delivery={id}");
        let edit = ada.get(&edit).await;
        assert_eq!(edit.hidden("delivery"), id);
        let title = delivery["record_title"].as_str().unwrap();
        assert!(
            part(&edit, "c-0").contains(title),
            "{title}: {}",
            part(&edit, "c-0")
        );
    }
    // From what was saved there is a way back, to send it again.
    let deliveries = bridge.get("/deliveries").await;
    let (id, connection) = (
        &deliveries["data"][0]["id"],
        &deliveries["data"][0]["connection_id"],
    );
    let (id, connection) = (id.as_str().unwrap(), connection.as_str().unwrap());
    let path = format!("/connections/{connection}");
    let mark = ada.get(&format!("{path}/edit")).await.mark();
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    posted.extend([("action", "save"), ("delivery", id)]);
    let saved = ada.post(&path, &posted).await;
    let led = saved.location.unwrap_or(saved.html);
    assert_eq!(led, format!("{path}?done=saved&delivery={id}"));
    let back = format!("href=\"/deliveries/{id}\">Open the delivery<");
    assert!(ada.get(&led).await.html.contains(&back));
    assert!(!ada.get(&path).await.html.contains(&back));
}

async fn an_edit_shows_its_changes_and_any_version_can_be_restored(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"trigger": {"events": ["TODO_CREATED"]}, "filter": {"all": [{"path": "$.currentValue.title", "op": "contains", "value": "G"}]},
        "mapping": {"mode": "fields", "fields": [{"to": "t", "from": {"path": "$.currentValue.title"}}]}});
    let connected = bridge.connect(&receiver, rules.clone()).await;
    let mut ada = owner(&bridge).await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    let id = bridge.get("/connections").await["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_string();
    let edit = format!("/connections/{id}/edit");
    let mark = ada.get(&edit).await.mark();
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    posted.push(("connection_id", &id));

    let live = ada.post("/connections/live", &posted).await;
    let review = part(&live, "review");
    for sentence in [
        "Filter: its title contains “G” became its title contains “GG”.",
        "Mapping: added the field “task.name” from its title | trim | lower.",
        "Mapping: removed the field “t”.",
    ] {
        assert!(review.contains(sentence), "{sentence} in {review}");
    }
    let mut dry = posted.clone();
    dry.extend([("action", "dry-run"), ("dry_run_events", "10")]);
    let dry = ada.post(&format!("/connections/{id}"), &dry).await;
    assert!(
        dry.html
            .contains("The saved rules would send 1; these would send 0."),
        "{}",
        dry.html
    );
    assert!(dry.html.contains("class=\"turn\">no longer sent<"));

    assert_eq!(
        ada.post(&format!("/connections/{id}"), &posted)
            .await
            .status,
        303
    );
    let shown = ada.get(&format!("/connections/{id}")).await.html;
    assert!(shown.contains("Mapping: removed the field “t”.") && shown.contains("/versions/2"));
    assert!(shown.contains("by Ada") && shown.contains("by the token test"));
    let second = ada.get(&format!("/connections/{id}/versions/2")).await.html;
    assert!(second.contains("by Ada"), "{second}");
    let versions = bridge.get(&format!("/connections/{id}/versions")).await;
    let saved_by = |number: usize| versions["data"][number]["saved_by"].clone();
    assert_eq!(saved_by(0), json!({"kind": "person", "name": "Ada"}));
    assert_eq!(saved_by(1), json!({"kind": "token", "name": "test"}));
    let first = ada.get(&format!("/connections/{id}/versions/1")).await.html;
    assert!(
        first.contains("This makes version 3")
            && first.contains("Mapping: added the field “t” from its title.")
    );
    let restored = ada
        .post(
            &format!("/connections/{id}/versions/1/restore"),
            &[("csrf", &mark)],
        )
        .await;
    assert_eq!(restored.status, 303);
    // A name that was made of the rules follows them.
    let name = |connection: &Value| connection["name"].as_str().unwrap().to_string();
    let follows = name(&bridge.get(&format!("/connections/{id}")).await);
    assert_eq!(
        follows,
        "Record created if its title contains “G” → Receiver"
    );
    let noted = bridge.get("/audit?limit=1").await.to_string();
    assert!(
        noted.contains("Restored version 1 of the connection "),
        "{noted}"
    );
    let connection = bridge.get(&format!("/connections/{id}")).await;
    assert_eq!(connection["version"], 3);
    assert_eq!(
        (&connection["filter"], &connection["mapping"]),
        (&rules["filter"], &rules["mapping"])
    );
    // One that a person gave it stays.
    let mut called = connection.clone();
    called["name"] = json!("Ada's own");
    bridge
        .api("PUT", &format!("/connections/{id}"), Some(called))
        .await;
    let restore = format!("/connections/{id}/versions/2/restore");
    assert_eq!(ada.post(&restore, &[("csrf", &mark)]).await.status, 303);
    let kept = name(&bridge.get(&format!("/connections/{id}")).await);
    assert_eq!(kept, "Ada's own");
    assert_eq!(
        ada.get(&format!("/connections/{id}/versions/9"))
            .await
            .status,
        404
    );
    bridge.stop().await;
}

async fn a_connection_that_was_saved_meanwhile_is_not_overwritten_unseen(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let path = format!("/connections/{}", only_connection(&bridge).await);
    let opened = ada.get(&format!("{path}/edit")).await;
    let hidden = ["csrf", "called", "seen_version", "seen_source"];
    let loaded = |page: &Page| hidden.map(|name| page.hidden(name));
    async fn save(
        ada: &mut Visitor<'_>,
        (path, connected): (&str, &Connected),
        [mark, called, version, source]: &[String; 4],
        (name, value): (&str, &str),
    ) -> Page {
        let mut posted = fields(mark, &connected.source_id, &connected.destination_id);
        posted.extend([("called", &**called), ("name", name)]);
        posted.extend([("seen_version", &**version), ("seen_source", source)]);
        ada.post(path, &changed(posted, &[("c_value", value)]))
            .await
    }
    let to = (path.as_str(), &connected);
    let is_refused = |page: &Page, typed: &str| {
        let told = format!("then save again to put yours in its place. <a href=\"{path}\"");
        let typed = format!("value=\"{typed}\"");
        page.status == 422 && page.html.contains(&told) && page.html.contains(&typed)
    };
    let seen = loaded(&opened);
    let first = save(&mut ada, to, &seen, ("Through", "one tab")).await;
    assert_eq!(first.status, 303);
    let second = save(&mut ada, to, &seen, ("Through", "another tab")).await;
    assert!(is_refused(&second, "another tab"), "{}", second.html);
    let saved = bridge.get(&path).await;
    assert_eq!(saved["filter"]["all"][0]["value"], "one tab");

    // Who was told saves over it.
    let seen = loaded(&second);
    let again = save(&mut ada, to, &seen, ("Through", "another tab")).await;
    assert_eq!(again.status, 303);
    let saved = bridge.get(&path).await;
    assert_eq!(saved["filter"]["all"][0]["value"], "another tab");

    // A name has no version, and is lost no less; switching it off is none of the form's.
    let seen = loaded(&ada.get(&format!("{path}/edit")).await);
    assert_eq!(
        ada.post(&format!("{path}/enable"), &[("csrf", &seen[0])])
            .await
            .status,
        303
    );
    let renamed = save(&mut ada, to, &seen, ("Renamed", "another tab")).await;
    assert_eq!(renamed.status, 303);
    let stale = save(&mut ada, to, &seen, ("Through", "a third")).await;
    assert!(is_refused(&stale, "a third"));
    let again = save(&mut ada, to, &loaded(&stale), ("Through", "a third")).await;
    assert_eq!(again.status, 303);
    assert_eq!(bridge.get(&path).await["name"], "Through");
    bridge.stop().await;
}

async fn live_parts_answer_to_half_finished_rules_and_hide_secrets(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"mapping": {"mode": "passthrough"}}))
        .await;
    let token = json!({"name": "There", "config": {"url": receiver.url(), "headers": {"x-key": "sesame"}, "auth": {"type": "bearer", "token": "open-sesame"}}});
    let destination = bridge.created("/destinations", token).await["id"]
        .as_str()
        .unwrap()
        .to_string();
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let mut posted = fields(&mark, &connected.source_id, &destination);
    let hostile =
        r#"{"event": "TODO_CREATED", "currentValue": {"title": "GG<script>alert(1)</script>"}}"#;
    posted.extend([("sample_from", "paste"), ("sample", hostile)]);
    let live = ada.post("/connections/live", &posted).await;
    let result = part(&live, "result");
    assert!(
        result.contains("webhook-signature: v1,")
            && result.contains("authorization: ***")
            && result.contains("x-key: ***"),
        "{result}"
    );
    for secret in ["sesame", "key=hidden", "<script>"] {
        assert!(!live.html.contains(secret), "{secret} in {}", live.html);
    }
    assert!(result.contains("gg&#60;script&#62;"));

    // One broken row does not hide what the others come to.
    for (name, value) in posted.iter_mut() {
        if *name == "c_path" {
            *value = "$.a b";
        }
    }
    let broken = ada.post("/connections/live", &posted).await;
    assert_eq!(broken.status, 200);
    assert!(part(&broken, "c-0").contains("in brackets"));
    assert!(part(&broken, "result").contains("Not ready"));
    assert!(part(&broken, "f-0").contains("gg&#60;script"));
    for (name, value) in posted.iter_mut() {
        if *name == "sample" {
            *value = "{not json";
        }
    }
    assert_eq!(ada.post("/connections/live", &posted).await.status, 200);
    assert!(receiver.is_idle().await);
    assert_eq!(
        bridge.get("/connections").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    bridge.stop().await;
}

async fn path_query_and_headers_are_made_in_the_builder(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let with = |path, query, headers| {
        let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
        posted.extend([
            ("name", "To pages"),
            ("request_path", path),
            ("request_query", query),
            ("request_headers", headers),
        ]);
        posted
    };
    let title = "{{ currentValue.title }}";
    let (query, headers) = (
        format!("name={title}\nat=1"),
        format!("Title: New: {title}"),
    );
    let whole = with("/pages/{{ currentValue.id }}", &query, &headers);

    let mut sampled = whole.clone();
    let sample = r#"{"event": "TODO_CREATED", "currentValue": {"title": "GG & co", "id": "a/7"}}"#;
    sampled.extend([("sample_from", "paste"), ("sample", sample)]);
    let live = ada.post("/connections/live", &sampled).await;
    let result = part(&live, "result");
    for line in [
        "/in/pages/a%2F7?***&#38;name=GG+%26+co&#38;at=1",
        "title: New: GG &#38; co",
    ] {
        assert!(result.contains(line), "{line} in {result}");
    }

    for (wrong, id, sentence) in [
        (
            with("/a?b", "", ""),
            "request_path",
            "have no place in a path",
        ),
        (with("", "name", ""), "request_query", "Line 1"),
        (
            with("", "", "a: b\nc: {{ b"),
            "request_headers",
            "<code>c</code>: The template",
        ),
        (
            with("", "", "Cookie: a"),
            "request_headers",
            "carries credentials",
        ),
    ] {
        let refused = ada.post("/connections", &wrong).await;
        assert_eq!(refused.status, 422);
        let at = refused.html.find(&format!("id=\"{id}\"")).unwrap();
        let end = refused.html[at..].find("</div>").unwrap();
        let told = &refused.html[at..at + end];
        assert!(told.contains(sentence), "{sentence} in {told}");
    }

    assert_eq!(ada.post("/connections", &whole).await.status, 303);
    let saved = bridge.get("/connections").await["data"].clone();
    let saved = saved.as_array().unwrap();
    let saved = saved.iter().find(|one| one["name"] == "To pages").unwrap();
    assert_eq!(
        saved["mapping"]["request"],
        json!({"path": "/pages/{{ currentValue.id }}", "query": {"name": title, "at": "1"}, "headers": {"Title": format!("New: {title}")}})
    );
    let swapped = format!("at=1\nname={title}");
    let again = with("/pages/{{ currentValue.id }}", &swapped, &headers);
    let at = format!("/connections/{}", saved["id"].as_str().unwrap());
    assert_eq!(ada.post(&at, &again).await.status, 303);
    let reordered = bridge.get(&at).await;
    assert_eq!(reordered["version"], 2);
    let names: Vec<&String> = reordered["mapping"]["request"]["query"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(names, ["at", "name"]);
    let (edit, query) = (ada.get(&format!("{at}/edit")).await, swapped);
    for typed in [
        query.as_str(),
        &headers,
        "<details class=\"adds\" id=\"request-parts\" open>",
    ] {
        assert!(edit.html.contains(typed), "{typed} in {}", edit.html);
    }
    bridge.stop().await;
}

async fn an_import_says_what_it_does_and_does_that(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    bridge
        .connect(&receiver, json!({"mapping": {"mode": "passthrough"}}))
        .await;
    let mut ada = owner(&bridge).await;
    let exported = ada.get("/connections/export").await.html;
    assert!(!exported.contains("whsec_") && !exported.contains(SECRET));
    let mark = ada.get("/connections/import").await.mark();
    let plan = async |ada: &mut Visitor<'_>, bundle: &str, action| {
        let planned = hex::encode(Sha256::digest(bundle));
        let fields = [
            ("csrf", &*mark),
            ("bundle", bundle),
            ("planned", &planned),
            ("action", action),
        ];
        ada.post("/connections/import", &fields).await
    };
    assert!(
        plan(&mut ada, &exported, "plan")
            .await
            .html
            .contains("there is nothing to do")
    );

    // A changed connection gets a new version, an unknown source and connection are made, switched off.
    let mut bundle: Value = serde_json::from_str(&exported).unwrap();
    bundle["connections"][0]["mapping"] = json!({"mode": "template", "body": "x"});
    let mut other = bundle["connections"][0].clone();
    other["id"] = Value::Null;
    other["name"] = json!("Another");
    other["source_id"] = json!("elsewhere");
    bundle["connections"].as_array_mut().unwrap().push(other);
    bundle["sources"]
        .as_array_mut()
        .unwrap()
        .push(json!({"id": "elsewhere", "name": "Second", "require_signature": true}));
    let text = bundle.to_string();
    let shown = plan(&mut ada, &text, "plan").await;
    assert!(
        shown.html.contains("Import: make 2, change 1"),
        "{}",
        shown.html
    );
    assert!(
        shown
            .html
            .contains("Mapping: the event as Blue sent it became a template.")
    );
    assert_eq!(
        bridge.get("/sources").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "looking makes nothing"
    );
    // A text that was changed since is shown first.
    let other_text = text.replace("\"Another\"", "\"Quite another\"");
    let digest = hex::encode(Sha256::digest(&text));
    let fields = [
        ("csrf", &*mark),
        ("bundle", &*other_text),
        ("planned", &*digest),
        ("action", "import"),
    ];
    let stopped = ada.post("/connections/import", &fields).await;
    assert_eq!(stopped.status, 200);
    assert!(
        stopped.html.contains("Nothing is done yet") && stopped.html.contains("Quite another"),
        "{}",
        stopped.html
    );
    let imported = plan(&mut ada, &text, "import").await;
    // The source that it made is to be given its secret.
    let sources = bridge.get("/sources").await["data"].clone();
    let made = sources.as_array().unwrap().last().unwrap()["id"].clone();
    let led = format!(
        "/connections?done=imported&enter={}",
        made.as_str().unwrap()
    );
    assert_eq!(imported.location, Some(led));
    let connections = bridge.get("/connections").await["data"].clone();
    assert_eq!(
        (&connections[0]["version"], &connections[0]["enabled"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        (&connections[1]["name"], &connections[1]["enabled"]),
        (&json!("Another"), &json!(false))
    );
    // The same again changes nothing: what was made is found by its name.
    assert!(
        plan(&mut ada, &text, "plan")
            .await
            .html
            .contains("there is nothing to do")
    );

    for (wrong, says) in [
        ("nonsense", "This is not JSON"),
        ("[]", "not what Bluebridge exports"),
        (r#"{"connections": []}"#, "not what Bluebridge exports"),
        (r#"{"bluebridge_export": 1}"#, "not an export"),
        (
            r#"{"bluebridge_export": 2, "sources": [], "destinations": [], "connections": []}"#,
            "newer shape",
        ),
    ] {
        let refused = plan(&mut ada, wrong, "import").await;
        assert_eq!(refused.status, 422);
        assert!(refused.html.contains(says));
    }
    bundle["connections"][1]["filter"] = json!({"path": "$.x", "op": "nonsense"});
    let refused = plan(&mut ada, &bundle.to_string(), "import").await;
    let says = "Another cannot be accepted: Condition 1: There is no operator";
    assert!(
        refused.status == 422 && refused.html.contains(says),
        "{}",
        refused.html
    );
    bridge.stop().await;
}

async fn rules_of_an_earlier_version_stay_and_are_imported_switched_off(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let filter = json!({"all": [{"path": "$.event", "op": "exists"}]});
    bridge.connect(&receiver, json!({"filter": filter})).await;
    let now_ms = bridge.bridge.clock.now_ms();
    let home = bridge.stop().await;
    // Nothing of it is from before, so it is refused today.
    let statement = "UPDATE connection_versions SET rules = replace(rules, 'exists', 'changed')";
    execute(&home.database_url, statement);

    let bridge = TestBridge::start_in(home, now_ms).await;
    let id = only_connection(&bridge).await;
    let path = format!("/connections/{id}");
    let mut connection = bridge.get(&path).await;
    connection["name"] = json!("Renamed");
    let (status, answer) = bridge.api("PUT", &path, Some(connection.clone())).await;
    assert_eq!((status, &answer["name"]), (200, &json!("Renamed")));
    assert_eq!(
        (&answer["version"], &answer["enabled"]),
        (&json!(1), &json!(true))
    );
    connection["trigger"]["events"] = json!(["TODO_CREATED"]);
    let (status, answer) = bridge.api("PUT", &path, Some(connection)).await;
    let pointer = &answer["problems"][0]["pointer"];
    assert_eq!((status, pointer), (422, &json!("/filter/all/0/path")));

    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/import").await.mark();
    let duplicate = format!("/connections/{id}/duplicate");
    let copied = ada.post(&duplicate, &[("csrf", &*mark)]).await;
    assert_eq!(copied.status, 303, "{}", copied.html);
    let of_copy = copied
        .location
        .unwrap()
        .split('?')
        .next()
        .unwrap()
        .to_string();
    bridge.api("DELETE", &of_copy, None).await;
    let import = async |ada: &mut Visitor<'_>, bundle: &Value, action| {
        let text = bundle.to_string();
        let planned = hex::encode(Sha256::digest(&text));
        let fields = [
            ("csrf", &*mark),
            ("bundle", &*text),
            ("planned", &planned),
            ("action", action),
        ];
        ada.post("/connections/import", &fields).await
    };
    let exported = ada.get("/connections/export").await.html;
    let mut bundle: Value = serde_json::from_str(&exported).unwrap();
    // The same rules are asked nothing, also under another name.
    bundle["connections"][0]["name"] = json!("Renamed again");
    let shown = import(&mut ada, &bundle, "plan").await;
    assert!(shown.html.contains("change 1") && !shown.html.contains("Switched off:"));
    bundle["connections"][0]["mapping"] = json!({"mode": "template", "body": "x"});
    let mut other = bundle["connections"][0].clone();
    (other["id"], other["name"]) = (Value::Null, json!("Another"));
    bundle["connections"].as_array_mut().unwrap().push(other);
    let shown = import(&mut ada, &bundle, "plan").await;
    let says = "Switched off: Condition 1: `event` is not part of the record";
    assert_eq!(shown.html.matches(says).count(), 2, "{}", shown.html);
    let done = import(&mut ada, &bundle, "import").await;
    assert_eq!(done.status, 303, "{}", done.html);
    let connections = bridge.get("/connections").await["data"].clone();
    let told = |at: usize| {
        let one = &connections[at];
        ["name", "version", "enabled"].map(|name| one[name].clone())
    };
    assert_eq!(told(0), [json!("Renamed again"), json!(2), json!(false)]);
    assert_eq!(told(1), [json!("Another"), json!(1), json!(false)]);
    bridge.stop().await;
}

async fn an_import_reaches_no_address_that_a_save_would_refuse(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/import").await.mark();
    let destination = |name: &str, url: &str| json!({"id": name, "name": name, "kind": "webhook", "config": {"url": url}, "signing": {}, "limits": {}});
    let bundle = json!({"bluebridge_export": 1, "sources": [], "connections": [], "destinations": [
        destination("Listed", "http://127.0.0.1:9000/in"),
        destination("Router", "https://10.0.0.1/admin"),
        destination("Metadata", "https://[::ffff:a9fe:a9fe]/latest"),
        destination("Plain", "http://93.184.216.34/in"),
        destination("Not there yet", "https://nowhere.invalid/in"),
    ]})
    .to_string();
    for action in ["plan", "import"] {
        let fields = [("csrf", &*mark), ("bundle", &*bundle), ("action", action)];
        let refused = ada.post("/connections/import", &fields).await;
        assert_eq!(refused.status, 422, "{action}: {}", refused.html);
        for (name, reason) in [
            ("Router", "not a public address (private"),
            ("Metadata", "not a public address (link-local"),
            ("Plain", "plain http"),
        ] {
            let says = format!("The destination {name} cannot be accepted: URL");
            let told = refused.html.split(&says).nth(1);
            let told = told.unwrap_or_else(|| panic!("{name}: {}", refused.html));
            let told = told.split("The destination").next().unwrap();
            assert!(told.contains(reason), "{name}: {told}");
        }
        assert!(refused.html.contains("BLUEBRIDGE_ALLOW_NETWORKS"));
        for fine in ["Listed", "Not there yet"] {
            assert!(!refused.html.contains(&format!("The destination {fine} ")));
        }
    }
    assert_eq!(bridge.get("/destinations").await["data"], json!([]));

    // The same file at the command line, which asks the same guard.
    let home = bridge.stop().await;
    let file = home.folder.path().join("bundle.json");
    std::fs::write(&file, &bundle).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bluebridge"))
        .arg("import")
        .arg(&file)
        .env("BLUEBRIDGE_DATABASE_URL", &home.database_url)
        .env(
            "BLUEBRIDGE_MASTER_KEY",
            MasterKey::new([7; 32]).to_base64().as_str(),
        )
        .env("BLUEBRIDGE_ALLOW_NETWORKS", "127.0.0.0/8")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("The destination Router cannot be accepted") && said.contains("private"));
}

async fn every_starting_point_opens_in_the_builder_and_pages_stay_light(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"mapping": {"mode": "passthrough"}}))
        .await;
    bridge.post(&connected.hook, todo_created()).await;
    receiver.next().await;
    let mut ada = owner(&bridge).await;
    let gallery = ada.get("/connections/gallery").await.html;
    let links: Vec<&str> = gallery
        .split("/connections/new?template=")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(links.len() > 15);
    for link in &links {
        let page = ada.get(&format!("/connections/new?template={link}")).await;
        assert_eq!(page.status, 200);
        assert!(
            !page.html.contains("class=\"mend\""),
            "{link} has something to mend"
        );
    }
    let plain = reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .build()
        .unwrap();
    let id = bridge.get("/connections").await["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_string();
    for path in [
        format!("/connections/new?template={}", links[0]),
        format!("/connections/{id}"),
        format!("/connections/{id}/edit"),
        format!("/sources/{}", connected.source_id),
        "/connections".into(),
        "/connections/gallery".into(),
        "/connections/import".into(),
    ] {
        let request = plain
            .get(bridge.url(&path))
            .header("cookie", &ada.cookie)
            .header("accept-encoding", "gzip");
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        let html = response.bytes().await.unwrap().len();
        let page = ada.get(&path).await.html;
        let mut total = html;
        for file in page
            .split("\"/static/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            let request = plain
                .get(bridge.url(&format!("/static/{file}")))
                .header("accept-encoding", "gzip");
            total += request.send().await.unwrap().bytes().await.unwrap().len();
        }
        assert!(
            total > 3_000 && total < PAGE_LIMIT_BYTES,
            "{path} weighs {total} bytes"
        );
    }
    bridge.stop().await;
}

/// The form of `posted` with these values in the place of what it holds.
fn changed<'a>(
    mut posted: Vec<(&'a str, &'a str)>,
    changes: &[(&str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    for (name, value) in &mut posted {
        if let Some((_, other)) = changes.iter().find(|(changed, _)| changed == name) {
            *value = other;
        }
    }
    posted
}

/// The id of the only connection.
async fn only_connection(bridge: &TestBridge) -> String {
    let connections = bridge.get("/connections").await;
    connections["data"][0]["id"].as_str().unwrap().to_string()
}

#[actix_web::test]
async fn each_change_of_a_record_is_unticked_alone_and_all_of_them_together() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"trigger": {"events": RECORD_UPDATED}, "mapping": {"mode": "passthrough"}});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let id = only_connection(&bridge).await;
    let page = ada.get(&format!("/connections/{id}/edit")).await;
    let was = "<input type=\"hidden\" name=\"any_update_was\" value=\"yes\">";
    assert!(page.html.contains(was), "it is shown ticked");
    let mark = page.mark();
    let left = |events: &[&'static str], was: bool| {
        let all = fields(&mark, &connected.source_id, &connected.destination_id);
        let mut posted: Vec<(&str, &str)> = all
            .into_iter()
            .filter(|(name, _)| *name != "events")
            .collect();
        posted.extend(events.iter().map(|event| ("events", *event)));
        posted.extend(was.then_some(("any_update_was", "yes")));
        posted
    };
    let saved = async |ada: &mut Visitor<'_>, posted: Vec<(&str, &str)>| {
        let answer = ada.post(&format!("/connections/{id}"), &posted).await;
        assert_eq!(answer.status, 303, "{}", answer.html);
        bridge.get(&format!("/connections/{id}")).await["trigger"]["events"]
            .as_array()
            .map_or(0, Vec::len)
    };
    let with_any = |events: &[&'static str]| [&["RECORD_UPDATED"], events].concat();

    // One was unticked, and the box for all of them stands as it was shown.
    let posted = left(&with_any(&RECORD_UPDATED[1..]), true);
    assert_eq!(saved(&mut ada, posted).await, 10);
    let page = ada.get(&format!("/connections/{id}/edit")).await;
    assert!(!page.html.contains(was) && page.html.contains(" and 8 more</span>"));
    // The box for all of them was ticked, with or without a script that ticks theirs.
    let posted = left(&with_any(&RECORD_UPDATED[1..]), false);
    assert_eq!(saved(&mut ada, posted).await, 11);
    // It was unticked: theirs still are, where no script unticked them.
    let posted = left(&[&["TODO_CREATED"], &RECORD_UPDATED[..]].concat(), true);
    assert_eq!(saved(&mut ada, posted).await, 1);
    // Folded, the list still says which.
    let shown = |page: &Page| {
        let rest = page.html.split("data-count=\"events\"").nth(1).unwrap();
        let rest = rest.split('>').nth(1).unwrap();
        rest.split('<').next().unwrap().to_string()
    };
    let page = ada.get(&format!("/connections/{id}/edit")).await;
    assert_eq!(shown(&page), "Record created");
    let posted = left(&with_any(&["TODO_CREATED", "TODO_DELETED"]), false);
    assert_eq!(saved(&mut ada, posted).await, 13);
    let page = ada.get(&format!("/connections/{id}/edit")).await;
    assert_eq!(
        shown(&page),
        "Record updated (any change), Record created and 1 more"
    );
    bridge.stop().await;
}

#[actix_web::test]
async fn the_rows_of_a_filter_wait_while_it_is_written_as_json() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    posted.extend([("filter_json", "{"), ("action", "preview")]);
    let page = ada.post("/connections", &posted).await;
    let held: Vec<(&str, &str)> = page
        .html
        .split("<input type=\"hidden\" name=\"")
        .filter_map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"")?;
            Some((name, rest.split_once('"')?.0))
        })
        .filter(|(name, _)| name.starts_with("c_") || *name == "filter_mode")
        .collect();
    assert_eq!(
        held,
        [
            ("filter_mode", "all"),
            ("c_depth", "0"),
            ("c_op", "contains"),
            ("c_path", "$.currentValue.title"),
            ("c_value", "GG"),
            ("c_case", ""),
            ("c_types", ""),
            ("c_zone", ""),
        ]
    );
    bridge.stop().await;
}

#[actix_web::test]
async fn a_review_tells_of_the_name_the_source_and_a_new_destination() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"trigger": {"events": ["TODO_CREATED"]}, "mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let other = json!({"name": "Second", "secret": "s"});
    let other = bridge.created("/sources", other).await;
    let mut ada = owner(&bridge).await;
    let id = only_connection(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let mut posted: Vec<(&str, &str)> =
        fields(&mark, &connected.source_id, &connected.destination_id)
            .into_iter()
            .filter(|(name, _)| !name.starts_with("c_"))
            .collect();
    posted.extend([("connection_id", &*id), ("name", "Through"), ("d_url", "")]);
    let posted = changed(posted, &[("mapping_mode", "passthrough")]);
    let url = receiver.url();
    for (changes, sentence) in [
        (vec![], "Nothing changed yet."),
        (
            vec![("name", "Another")],
            "Name: “Through” became “Another”.",
        ),
        (
            vec![("name", "")],
            "Name: “Through” became “Record created → Receiver”.",
        ),
        (
            vec![("source_id", other["id"].as_str().unwrap())],
            "Source: “Blue” became “Second”.",
        ),
        (
            vec![("d_url", &*url)],
            "Destination: “Receiver” became “127.0.0.1”, a new destination that is made with this save.",
        ),
    ] {
        let live = ada
            .post("/connections/live", &changed(posted.clone(), &changes))
            .await;
        let review = part(&live, "review");
        assert!(review.contains(sentence), "{sentence} in {review}");
    }
    // The name that is suggested is the one that a save would give it.
    let unnamed = changed(posted, &[("name", ""), ("d_url", &*url)]);
    let live = ada.post("/connections/live", &unnamed).await;
    let suggested = "data-name=\"Record created → 127.0.0.1\"";
    assert!(part(&live, "review").contains(suggested), "{}", live.html);
    bridge.stop().await;
}

#[actix_web::test]
async fn what_stays_empty_with_the_sample_is_told_beside_a_good_verdict() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let posted = fields(&mark, &connected.source_id, &connected.destination_id);
    let sample = r#"{"event": "TODO_CREATED", "currentValue": {"title": "GG"}}"#;
    let mut posted = changed(
        posted,
        &[("f_source", "$.currentValue.titel"), ("f_pipe", "")],
    );
    posted.extend([("sample_from", "paste"), ("sample", sample)]);
    let live = ada.post("/connections/live", &posted).await;
    let result = part(&live, "result");
    let said = "The sample has nothing at $.currentValue.titel.";
    assert!(
        result.contains("Would be sent") && result.contains(said),
        "{result}"
    );
    assert!(result.contains("href=\"#f-source-0\""), "{result}");
    assert!(part(&live, "bar").contains("something empty"));
    assert!(part(&live, "f-0").contains(said));
    assert!(part(&live, "f-0").contains("Did you mean $.currentValue.title?"));
    // A condition whose path is a name alone is told where that is.
    let typed = [("c_path", "title"), ("c_op", "contains")];
    let live = ada
        .post("/connections/live", &changed(posted.clone(), &typed))
        .await;
    let told = "there is nothing at title. Did you mean $.currentValue.title?";
    assert!(part(&live, "c-0").contains(told), "{}", part(&live, "c-0"));
    // What is meant to be left out or null is no slip.
    for change in [("f_missing", "omit"), ("f_pipe", "default(null)")] {
        let live = ada
            .post("/connections/live", &changed(posted.clone(), &[change]))
            .await;
        let result = part(&live, "result");
        assert!(
            result.contains("Would be sent") && !result.contains(said),
            "{result}"
        );
        assert!(!part(&live, "f-0").contains(said));
        assert!(!part(&live, "bar").contains("something empty"));
    }

    let template = [
        ("mapping_mode", "template"),
        (
            "template",
            "New: {{ currentValue.titel }} {{ currentValue.title }}",
        ),
    ];
    posted.retain(|(name, _)| !["mapping_mode", "template"].contains(name));
    posted.extend(template);
    let live = ada.post("/connections/live", &posted).await;
    let result = part(&live, "result");
    assert!(result.contains("href=\"#template\""), "{result}");
    assert!(
        result.contains("nothing at currentValue.titel."),
        "{result}"
    );
    bridge.stop().await;
}

/// This many fields, as the form posts them.
fn many_fields(names: &[String]) -> Vec<(&str, &str)> {
    let row = |name| {
        [
            ("f_to", name),
            ("f_kind", "path"),
            ("f_source", "$.event"),
            ("f_take", "first"),
            ("f_sep", ""),
            ("f_pipe", ""),
            ("f_missing", "null"),
        ]
    };
    names.iter().flat_map(|name| row(name.as_str())).collect()
}

#[actix_web::test]
async fn no_more_fields_and_conditions_are_added_than_there_may_be() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let posted = fields(&mark, &connected.source_id, &connected.destination_id);
    let names: Vec<String> = (1..=200).map(|number| format!("field{number}")).collect();
    let mut full = posted.clone();
    full.extend(many_fields(&names[..199]));
    let count = |page: &Page, name: &str| page.html.matches(&format!("name=\"{name}\"")).count();

    // With one of the form's own that is all, and the button says so.
    full.push(("action", "preview"));
    let page = ada.post("/connections", &full).await;
    assert_eq!(count(&page, "f_to"), 200);
    assert!(page.html.contains("value=\"add-field\" disabled"));
    assert!(page.html.contains("200 fields at most"));
    for action in ["add-field", "pick:$.event"] {
        let page = ada
            .post(
                "/connections",
                &changed(full.clone(), &[("action", action)]),
            )
            .await;
        assert_eq!((page.status, count(&page, "f_to")), (422, 200), "{action}");
    }
    // What a form brings beyond is refused, and still there.
    full.retain(|(name, _)| *name != "action");
    full.extend(many_fields(&names[199..]));
    let page = ada.post("/connections", &full).await;
    assert_eq!((page.status, count(&page, "f_to")), (422, 201));
    assert!(page.html.contains("At most 200 fields."));
    assert!(page.html.contains("value=\"field200\""));

    let mut full = posted;
    for _ in 0..199 {
        full.extend([
            ("c_depth", "0"),
            ("c_path", "$.event"),
            ("c_op", "exists"),
            ("c_value", ""),
            ("c_case", ""),
            ("c_types", ""),
            ("c_zone", ""),
        ]);
    }
    full.push(("action", "preview"));
    let page = ada.post("/connections", &full).await;
    assert!(page.html.contains("value=\"add-condition\" disabled"));
    assert!(page.html.contains("200 conditions at most"));
    let full = changed(full, &[("action", "add-condition")]);
    let page = ada.post("/connections", &full).await;
    assert_eq!((page.status, count(&page, "c_path")), (422, 200));
    bridge.stop().await;
}

#[actix_web::test]
async fn a_dry_run_that_cannot_be_made_says_why() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let second = json!({"name": "Second", "secret": "s"});
    bridge.created("/sources", second).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    posted.push(("action", "dry-run"));
    for (name, value, said) in [
        (
            "source_id",
            "",
            "<a href=\"#source_id\">Source</a>: Choose a source.",
        ),
        (
            "f_pipe",
            "nonsense",
            "Something must be corrected before this can be tried.",
        ),
    ] {
        let posted = changed(posted.clone(), &[(name, value)]);
        let page = ada.post("/connections", &posted).await;
        assert_eq!(page.status, 200);
        let (_, past) = page.html.split_once("<details id=\"past\" open>").unwrap();
        let (past, _) = past.split_once("</details>").unwrap();
        assert!(past.contains(said), "{said} in {past}");
    }

    // A number that is none is told, and of a new connection there is nothing to compare.
    posted.push(("dry_run_events", "many"));
    let page = ada.post("/connections", &posted).await.html;
    assert!(page.contains("“many” is no number from 1 to"), "{page}");
    assert!(!page.contains("class=\"tallies\""), "{page}");
    bridge.stop().await;
}

#[actix_web::test]
async fn a_value_goes_where_a_named_field_lacks_one() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    posted.push(("action", "pick:$.currentValue.todoList.title"));
    let posted = changed(posted, &[("f_source", "")]);
    let page = ada.post("/connections", &posted).await;
    assert_eq!(page.html.matches("name=\"f_to\"").count(), 1);
    for part in [
        "value=\"task.name\"",
        "value=\"$.currentValue.todoList.title\" spellcheck",
        "Added task.name",
    ] {
        assert!(page.html.contains(part), "{part} in {}", page.html);
    }
    // One that has no name yet is named after what it takes, and stays where it is.
    let mut posted = changed(posted, &[("f_to", ""), ("action", "pick-into:0:$.event")]);
    let taken = ["event".to_string()];
    posted.extend(many_fields(&taken));
    let page = ada.post("/connections", &posted).await;
    let rest = page.html.split("id=\"f-to-0\"").nth(1).unwrap();
    assert!(
        rest.split('>')
            .next()
            .unwrap()
            .contains("value=\"event_2\""),
        "{rest}"
    );
    assert!(page.html.contains("Added event_2"));
    bridge.stop().await;
}

#[actix_web::test]
async fn an_event_that_nobody_knows_is_told_and_taken() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let before = only_connection(&bridge).await;
    bridge
        .api("DELETE", &format!("/connections/{before}"), None)
        .await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let said = "Bluebridge knows no event “TODO_DELETD”. Did you mean TODO_DELETED?";
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    posted.push(("other_events", "TODO_DELETD, tag created"));
    let live = ada.post("/connections/live", &posted).await;
    let told = part(&live, "unheard-of");
    assert!(told.contains(said), "{told}");
    assert_eq!(told.matches("knows no event").count(), 1, "{told}");

    posted.push(("action", "save"));
    let saved = ada.post("/connections", &posted).await;
    assert_eq!(saved.status, 303, "{}", saved.html);
    let id = only_connection(&bridge).await;
    let page = ada.get(&format!("/connections/{id}")).await;
    assert!(page.html.contains(said), "{}", page.html);
    let edit = ada.get(&format!("/connections/{id}/edit")).await;
    assert!(part(&edit, "unheard-of").contains(said));
    let connection = bridge.get(&format!("/connections/{id}")).await;
    assert_eq!(
        connection["trigger"]["events"],
        json!(["TODO_CREATED", "TAG_CREATED", "TODO_DELETD"])
    );
    bridge.stop().await;
}

#[actix_web::test]
async fn a_dry_run_says_how_many_there_are_of_what_it_shows() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    for number in 0..23 {
        bridge.post(&connected.hook, &event(number)).await;
    }
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    posted.push(("action", "dry-run"));
    let posted = changed(posted, &[("c_value", "G")]);
    for (count, told) in [("23", true), ("20", false)] {
        let mut posted = posted.clone();
        posted.push(("dry_run_events", count));
        let page = ada.post("/connections", &posted).await.html;
        assert!(page.contains("class=\"turn\">would be sent"), "{page}");
        let said = "“would be sent”: the newest 20 of 23 are shown.";
        assert_eq!(page.contains(said), told, "{page}");
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn conditions_and_groups_are_told_by_their_numbers() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    for (depth, path, op, value) in [
        ("0", "", "any", ""),
        ("1", "$.event", "exists", ""),
        ("1", "$.a b", "exists", ""),
        ("1", "", "none", ""),
        ("2", "$.list", "any_item", "nonsense"),
        ("0", "$.event", "exists", ""),
    ] {
        posted.extend([
            ("c_depth", depth),
            ("c_path", path),
            ("c_op", op),
            ("c_value", value),
            ("c_case", ""),
            ("c_types", ""),
            ("c_zone", ""),
        ]);
    }
    posted.push(("action", "save"));
    let page = ada.post("/connections", &posted).await;
    assert_eq!(page.status, 422);
    for said in [
        "<a href=\"#c-path-3\">Condition 2 of group 1</a>",
        "<a href=\"#c-value-5\">Condition 1 of group 2</a>: Write what an item must be",
        "<strong>Group 2</strong>",
        "aria-label=\"Condition 2\"",
    ] {
        assert!(page.html.contains(said), "{said} in {}", page.html);
    }
    // A group stands around what is in it, and ends before what is not.
    let rows = page.html.split("<ul class=\"rows\">").skip(1).take(3);
    let ends = rows.map(|row| row.matches("</ul></li>").count());
    assert_eq!(ends.collect::<Vec<_>>(), [0, 0, 2]);

    let filter = json!({"all": [{"any": [{"path": "$.a", "op": "containss", "value": "x"}]}]});
    let text = filter.to_string();
    posted.push(("filter_json", &text));
    let page = ada.post("/connections", &posted).await;
    let said = "<a href=\"#filter_json\">Condition 1 of group 1</a>: There is no operator";
    assert!(page.html.contains(said), "{}", page.html);
    bridge.stop().await;
}

#[actix_web::test]
async fn every_entry_of_a_list_is_picked_with_all_of_them_joined() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let page = ada.get("/connections/new").await;
    let (mark, path) = (page.mark(), "$.currentValue.todoUsers[*].user.fullName");
    let text = "{{ currentValue.todoUsers | pluck(&#39;user.fullName&#39;) | join(&#39;, &#39;) }}";
    for part in [
        format!("value=\"pick:{path}\""),
        format!(
            "title=\"{path}\" data-text=\"{text}\"><span class=\"key\">fullName</span> <span class=\"v text\">Ada Lovelace</span></button>"
        ),
        format!("<option value=\"{path}\" data-text=\"{text}\">Ada Lovelace</option>"),
    ] {
        assert!(page.html.contains(&part), "{part} in {}", page.html);
    }

    let pick = format!("pick:{path}");
    let posted = fields(&mark, &connected.source_id, &connected.destination_id);
    let mut unpicked = changed(posted, &[("f_source", ""), ("f_pipe", "")]);
    unpicked.push(("action", &pick));
    let picked = ada.post("/connections", &unpicked).await;
    let told = part(&picked, "f-0");
    assert!(
        told.contains("Ada Lovelace, Grace Hopper") && told.contains("value=\"join\" selected"),
        "{told}"
    );
    // Rows make no text.
    let rows = [("action", "pick:$.currentValue.todoUsers[*]")];
    let listed = ada
        .post("/connections", &changed(unpicked.clone(), &rows))
        .await;
    let told = part(&listed, "f-0");
    assert!(told.contains("value=\"all\" selected"), "{told}");
    // What a person chose stays.
    let all = changed(unpicked.clone(), &[("f_take", "all")]);
    let picked = ada.post("/connections", &all).await;
    assert!(part(&picked, "f-0").contains("value=\"all\" selected"));

    let template = [("mapping_mode", "template"), ("f_to", "")];
    let mut template = changed(unpicked, &template);
    template.push(("template", "On it: "));
    let picked = ada.post("/connections", &template).await;
    assert!(picked.html.contains(&format!("On it: {text}")));
    bridge.stop().await;
}

#[actix_web::test]
async fn a_name_that_was_made_of_the_rules_follows_them_and_a_typed_one_stays() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"trigger": {"events": ["TODO_CREATED"]}, "mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let id = only_connection(&bridge).await;
    let (edit, saved) = (
        format!("/connections/{id}/edit"),
        format!("/connections/{id}"),
    );
    let page = ada.get(&edit).await;
    let (mark, destination_id) = (page.mark(), connected.destination_id.clone());
    assert!(page.html.contains("maxlength=\"120\" value=\"Through\""));

    let mut posted = fields(&mark, &connected.source_id, &destination_id);
    posted.extend([("connection_id", &*id), ("name", "")]);
    assert_eq!(ada.post(&saved, &posted).await.status, 303);
    let named = |value: &str| format!("Record created if its title contains “{value}” → Receiver");
    let page = ada.get(&edit).await;
    let (unnamed, placeholder) = (
        "maxlength=\"120\" value=\"\"",
        format!("placeholder=\"{}\"", named("GG")),
    );
    assert!(page.html.contains(unnamed) && page.html.contains(&placeholder));
    assert!(part(&page, "review").contains("Nothing changed yet."));

    // It keeps the language that it was made in, whoever saves it.
    ada.cookie.push_str("; bluebridge_language=id");
    let page = ada.get(&edit).await;
    assert!(page.html.contains("<html lang=\"id\""));
    assert!(page.html.contains(unnamed) && page.html.contains(&placeholder));
    let other = changed(posted.clone(), &[("c_value", "HH")]);
    assert_eq!(ada.post(&saved, &other).await.status, 303);
    assert_eq!(bridge.get(&saved).await["name"], *named("HH"));

    // What somebody else called it while a form was open stays.
    let stored = bridge.get(&saved).await;
    let mut typed = json!({"name": "Typed elsewhere"});
    for part in [
        "source_id",
        "destination_id",
        "trigger",
        "filter",
        "mapping",
        "delivery",
        "enabled",
    ] {
        typed[part] = stored[part].clone();
    }
    assert_eq!(bridge.api("PUT", &saved, Some(typed.clone())).await.0, 200);
    let made = named("HH");
    let mut stale = other.clone();
    stale.push(("called", &made));
    assert_eq!(ada.post(&saved, &stale).await.status, 303);
    assert_eq!(bridge.get(&saved).await["name"], "Typed elsewhere");
    typed["name"] = Value::from(made.as_str());
    assert_eq!(bridge.api("PUT", &saved, Some(typed)).await.0, 200);

    // Of a destination that was renamed since nobody can tell whether a person wrote its old name.
    let path = format!("/destinations/{destination_id}");
    let renamed = json!({"name": "Renamed", "config": {"url": receiver.url()}});
    assert_eq!(bridge.api("PUT", &path, Some(renamed)).await.0, 200);
    let page = ada.get(&edit).await;
    let kept = format!("maxlength=\"120\" value=\"{}\"", named("HH"));
    assert!(page.html.contains(&kept), "{}", page.html);
    bridge.stop().await;
}

#[actix_web::test]
async fn a_filter_that_holds_the_sample_back_shows_what_would_be_sent() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    posted.push(("sample_from", "catalogue:TODO_CREATED"));
    let (body, said) = (
        "&#34;name&#34;: &#34;call ada about the contract&#34;",
        "The filter does not let the sample pass; if it did, this would be sent.",
    );
    for (changes, is_told) in [
        (vec![], true),
        // It is sent, or the event is another, or there is nothing to be sent.
        (vec![("c_value", "Ada")], false),
        (vec![("events", "TODO_DELETED")], false),
        (vec![("f_source", ""), ("f_to", "")], false),
    ] {
        let live = ada
            .post("/connections/live", &changed(posted.clone(), &changes))
            .await;
        let result = part(&live, "result");
        assert_eq!(result.contains(said), is_told, "{changes:?}: {result}");
        assert!(!is_told || result.contains(body), "{result}");
        assert!(!is_told || result.contains("Would be skipped"), "{result}");
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn a_field_shows_an_example_of_its_kind() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
    posted.push(("action", "preview"));
    for (kind, example) in [
        ("path", "$.currentValue.title"),
        ("template", "{{ currentValue.title }}"),
    ] {
        let page = ada
            .post(
                "/connections",
                &changed(posted.clone(), &[("f_kind", kind)]),
            )
            .await;
        let shown =
            format!("list=\"paths\" placeholder=\"{example}\" value=\"$.currentValue.title\"");
        let offered = format!("<option value=\"{kind}\" data-example=\"{example}\" selected>");
        assert!(
            page.html.contains(&shown) && page.html.contains(&offered),
            "{kind}: {}",
            page.html
        );
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn what_only_shows_what_goes_there_is_not_saved() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let opened = ada
        .get("/connections/new?template=notion-record-created")
        .await;
    let (_, advice) = opened.html.split_once("id=\"advice\"").unwrap();
    assert!(advice.contains("in place of DATABASE_ID"), "{advice}");
    let mark = opened.mark();
    let with = |text: &'static str| {
        let mut posted = fields(&mark, &connected.source_id, &connected.destination_id);
        posted = changed(posted, &[("mapping_mode", "template")]);
        posted.extend([
            ("template", text),
            ("recipe", "notion-record-created"),
            ("action", "save"),
        ]);
        posted
    };
    let left = with(r#"{"parent": {"database_id": "DATABASE_ID"}}"#);
    let refused = ada.post("/connections", &left).await;
    let told = "Put your own in place of DATABASE_ID";
    assert_eq!(refused.status, 422);
    assert!(refused.html.contains("href=\"#template\"") && refused.html.contains(told));
    assert!(refused.html.contains("id=\"advice\""), "it stays");
    let live = ada.post("/connections/live", &left).await;
    assert!(part(&live, "result").contains(told));
    let mended = with(r#"{"parent": {"database_id": "d1"}}"#);
    assert_eq!(ada.post("/connections", &mended).await.status, 303);

    // Addresses and headers of services likewise.
    let destination = |url: &'static str, header: &'static str| {
        vec![
            ("csrf", mark.clone()),
            ("kind", "webhook".into()),
            ("name", "Service".into()),
            ("url", url.into()),
            ("method", "POST".into()),
            ("auth", "none".into()),
            ("scheme", "none".into()),
            ("header_name", "x-bloo-company-id".into()),
            ("header_value", header.to_string()),
        ]
    };
    for (url, header, word) in [
        (
            "https://api.telegram.org/botTOKEN/sendMessage",
            "acme",
            "botTOKEN",
        ),
        ("api.telegram.org/botTOKEN/sendMessage", "acme", "botTOKEN"),
        (
            "https://api.github.com/repos/ada/REPOSITORY/issues",
            "acme",
            "REPOSITORY",
        ),
        ("https://api.blue.app/graphql", "COMPANY_ID", "COMPANY_ID"),
    ] {
        let posted = destination(url, header);
        let posted: Vec<(&str, &str)> = posted.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let refused = ada.post("/destinations", &posted).await;
        assert_eq!(refused.status, 422, "{word}");
        let told = format!("Put your own in place of {word}:");
        assert!(refused.html.contains(&told), "{}", refused.html);
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn a_mapping_that_makes_no_mail_is_told() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let server = json!({"name": "Mail", "kind": "email", "config": {"server": "smtp.acme.example",
        "from": "a@acme.example", "to": ["b@acme.example"]}});
    let server = bridge.created("/destinations", server).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let told = "This makes neither a subject";
    for (to, is_told) in [("task.name", true), ("subject", false)] {
        let posted = fields(&mark, &connected.source_id, server["id"].as_str().unwrap());
        let mut posted = changed(posted, &[("f_to", to), ("c_op", "exists"), ("c_value", "")]);
        posted.push(("sample_from", "catalogue:TODO_CREATED"));
        let live = ada.post("/connections/live", &posted).await;
        let result = part(&live, "result");
        assert!(result.contains("Would be sent"), "{result}");
        assert_eq!(result.contains(told), is_told, "{result}");
    }
    bridge.stop().await;
}

async fn nothing_would_be_sent_before_it_is_said_from_where_and_to_where(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"mapping": {"mode": "passthrough"}, "enabled": false});
    let connected = bridge.connect(&receiver, rules).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/connections/new").await.mark();
    let (url, passes) = (receiver.url(), "The sample passes; ");
    let (here, there) = (&*connected.source_id, &*connected.destination_id);
    let unreadable = "mend the address";
    for (source, destination, typed, said) in [
        (here, there, "", "Would be sent"),
        (here, "", &*url, "Would be sent"),
        ("", there, "", "choose a source"),
        ("", "", &*url, "choose a source"),
        (here, "", "", "choose a destination"),
        ("", "", "", "choose a destination"),
        (here, "", "http://", unreadable),
        (here, there, "https://a b/", unreadable),
    ] {
        let mut posted = fields(&mark, source, destination);
        posted.push(("sample_from", "catalogue:TODO_CREATED"));
        posted = changed(posted, &[("c_op", "exists"), ("c_value", "")]);
        posted.extend([("d_url", typed), ("d_scheme", "none")]);
        let live = ada.post("/connections/live", &posted).await;
        let result = part(&live, "result");
        let case = format!("{source} {destination} {typed}: {result}");
        assert!(result.contains(said), "{said}: {case}");
        assert_eq!(result.contains(passes), said != "Would be sent", "{case}");
        assert_eq!(result.contains("Would be sent"), said == "Would be sent");
        // What is wrong with an address is said, and not that none was given.
        let is_told = result.contains("This is not an address");
        assert_eq!(is_told, said == unreadable, "{case}");
        let asks = result.contains("Choose a destination");
        assert_eq!(asks, said == "choose a destination", "{case}");
        // What it would be is shown all the same.
        assert!(result.contains("&#34;name&#34;"), "{case}");
    }
    bridge.stop().await;
}

/// From a starting point whose service needs a token, over the page where that is entered, back with all that was chosen.
async fn a_starting_point_keeps_its_note_and_its_source_over_the_detour(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let source = json!({"name": "Blue", "secret": SECRET});
    let source = bridge.created("/sources", source).await;
    let source = source["id"].as_str().unwrap();
    let mut ada = owner(&bridge).await;
    let recipe = "telegram-record-done";
    let opened = format!("/connections/new?template={recipe}&source_id={source}");
    let opened = ada.get(&opened).await;
    let detour = format!("/destinations/new?service=telegram&then={recipe}&source_id={source}");
    let link = format!("href=\"{}\"", detour.replace('&', "&amp;"));
    assert!(opened.html.contains(&link), "{}", opened.html);
    // Every button of the builder keeps the note.
    let mark = opened.mark();
    let mut posted = fields(&mark, source, "");
    posted.extend([("recipe", recipe), ("action", "add-field")]);
    let pressed = ada.post("/connections", &posted).await;
    assert!(pressed.html.contains(&link), "{}", pressed.html);

    let form = ada.get(&detour).await;
    let held = [form.hidden("then"), form.hidden("source_id")];
    assert_eq!(held, [recipe, source]);
    let url = receiver.url();
    let mut entered = vec![
        ("csrf", &*mark),
        ("then", recipe),
        ("source_id", source),
        ("kind", "webhook"),
        ("url", &url),
        ("method", "POST"),
        ("auth", "none"),
        ("scheme", "none"),
        ("name", ""),
    ];
    let refused = ada.post("/destinations", &entered).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.hidden("source_id"), source, "it stays");
    entered.last_mut().unwrap().1 = "Chat";
    let led = ada.post("/destinations", &entered).await.location.unwrap();
    let made = bridge.get("/destinations").await["data"][0]["id"].clone();
    let made = made.as_str().unwrap();
    let back =
        format!("/connections/new?template={recipe}&destination_id={made}&source_id={source}");
    assert_eq!(led, back);
    let html = ada.get(&led).await.html;
    for chosen in [source, made] {
        let option = format!("<option value=\"{chosen}\" selected>");
        assert!(html.contains(&option), "{html}");
    }
    assert!(!html.contains("needs more than an address"), "{html}");
    // Nothing but an id is taken along.
    let entered = changed(entered, &[("name", "Other"), ("source_id", "x&template=y")]);
    let led = ada.post("/destinations", &entered).await.location.unwrap();
    assert!(!led.contains("source_id"), "{led}");
    bridge.stop().await;
}

#[actix_web::test]
async fn a_test_event_is_no_sample_before_those_of_blue() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    let mut ada = owner(&bridge).await;
    let page = format!("/connections/{}", only_connection(&bridge).await);
    let mark = ada.get(&page).await.mark();
    let test = [("csrf", &*mark), ("event", "TODO_CREATED")];
    let sent = ada.post(&format!("{page}/test"), &test).await;
    assert_eq!(sent.status, 303, "{}", sent.html);
    receiver.next().await;
    let posted = fields(&mark, &connected.source_id, &connected.destination_id);
    let live = ada.post("/connections/live", &posted).await;
    assert!(part(&live, "f-0").contains("g001"), "{}", live.html);
    bridge.stop().await;
}
