//! From what failed to where it is mended: which button a delivery's page offers first, what the planner chooses after a mend, and a source that refuses.

use serde_json::{Value, json};

use crate::database::{Database, on_both};
use crate::harness::{Receiver, SECRET, TestBridge, event};
use crate::pages::{Visitor, owner};
use crate::secrets::signed_with;

on_both! {
    a_failed_delivery_leads_to_its_mending_and_then_to_todays_rules,
    the_planner_takes_todays_rules_once_those_that_failed_were_changed,
    a_source_that_refuses_says_why_and_where_it_is_mended,
    a_secret_that_never_worked_is_replaced_outright,
}

/// The words of the buttons and links that are marked as the first choice.
fn primary(html: &str) -> Vec<String> {
    let main = html.split_once("<main").unwrap().1;
    let marked = main.split("primary\"").skip(1);
    let words = marked.map(|rest| rest.split_once('>').unwrap().1.split('<').next().unwrap());
    words.map(str::to_string).collect()
}

/// The newest delivery in this state, by its page.
async fn newest(bridge: &TestBridge, state: &str) -> String {
    let log = bridge.get(&format!("/deliveries?state={state}")).await;
    format!("/deliveries/{}", log["data"][0]["id"].as_str().unwrap())
}

/// Changes the only connection, so that another version of it is in force.
async fn change(bridge: &TestBridge, part: &str, value: Value) {
    let mut connection = bridge.get("/connections").await["data"][0].clone();
    connection[part] = value;
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let (status, answer) = bridge.api("PUT", &path, Some(connection)).await;
    assert_eq!(status, 200, "{answer}");
}

async fn a_failed_delivery_leads_to_its_mending_and_then_to_todays_rules(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"max_attempts": 1}}))
        .await;
    let mut ada = owner(&bridge).await;
    let mut pages = Vec::new();
    for (number, status) in [(1, 422), (2, 404), (3, 500)] {
        receiver.answer_next(status);
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64).await;
        pages.push(newest(&bridge, "failed").await);
    }
    for (page, first, link) in [
        (
            &pages[0],
            "Fix the mapping with this event",
            "/edit?sample=",
        ),
        (&pages[1], "Edit the destination", "/edit\">Edit the"),
        (&pages[2], "Resend", "/resend\""),
    ] {
        let html = ada.get(page).await.html;
        assert_eq!(primary(&html), [first], "{html}");
        assert!(html.contains(link), "{html}");
    }

    // One record's refusal can be told to be final.
    let form = format!(
        "/destinations/{}/edit#final_statuses",
        connected.destination_id
    );
    for (page, is_told) in [(&pages[0], true), (&pages[1], false), (&pages[2], false)] {
        let html = ada.get(page).await.html;
        assert_eq!(html.contains(&form), is_told, "{html}");
    }

    // What still goes on by itself: its mend is first as well, and else the next attempt.
    change(&bridge, "delivery", json!({"max_attempts": 5})).await;
    for (number, status, first) in [
        (4, 422, "Fix the mapping with this event"),
        (5, 503, "Try this one now"),
    ] {
        receiver.answer_next(status);
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64).await;
        pages.push(newest(&bridge, "retrying").await);
        let html = ada.get(pages.last().unwrap()).await.html;
        assert_eq!(primary(&html), [first], "{html}");
    }

    // Once the rules are others, those are what helps; what fails for another reason still goes on.
    let fails = json!({"mode": "fields", "fields": [{"to": "a", "from": {"path": "$.nowhere"}, "when_missing": "fail"}]});
    change(&bridge, "mapping", fails).await;
    let todays = |number: i32| format!("Resend with today&#39;s rules (version {number})");
    for (page, first) in [
        (&pages[0], todays(3)),
        (&pages[2], todays(3)),
        (&pages[3], todays(3)),
        (&pages[4], "Try this one now".into()),
    ] {
        let html = ada.get(page).await.html;
        assert_eq!(primary(&html), [first], "{html}");
        assert!(html.contains("Resend with the old rules (version "));
    }
    bridge.post(&connected.hook, &event(6)).await;
    let unmapped = newest(&bridge, "mapping_failed").await;
    let html = ada.get(&unmapped).await.html;
    assert_eq!(primary(&html), ["Fix the mapping"], "{html}");
    change(&bridge, "mapping", json!({"mode": "passthrough"})).await;
    let html = ada.get(&unmapped).await;
    assert_eq!(primary(&html.html), [todays(4)], "{}", html.html);

    // What arrived by it needs nothing any more.
    let now = [("csrf", &*html.mark()), ("version", "now")];
    ada.post(&format!("{unmapped}/resend"), &now).await;
    receiver.next().await;
    bridge.recorded(6).await;
    let html = ada.get(&unmapped).await.html;
    assert!(html.contains("Arrived later"), "{html}");
    assert!(primary(&html).is_empty(), "{html}");
    bridge.stop().await;
}

/// By which rules the planner would go, and whether it says that they were changed.
async fn planned(ada: &mut Visitor<'_>, query: &str) -> (bool, bool) {
    let html = ada.get(&format!("/replays/new?{query}")).await.html;
    let ticked = |word: &str| html.contains(&format!("name=\"version\" value=\"{word}\" checked"));
    assert_ne!(ticked("then"), ticked("now"), "{query}: {html}");
    let told = "The rules were changed since some of these were made";
    (ticked("now"), html.contains(told))
}

async fn the_planner_takes_todays_rules_once_those_that_failed_were_changed(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"max_attempts": 1}}))
        .await;
    let mut ada = owner(&bridge).await;
    receiver.answer_usually(422);
    let fail = async |number: u64| {
        bridge.post(&connected.hook, &event(number as usize)).await;
        receiver.next().await;
        bridge.recorded(number).await;
    };
    fail(1).await;
    assert_eq!(planned(&mut ada, "state=failed").await, (false, false));
    change(
        &bridge,
        "mapping",
        json!({"mode": "template", "body": "{}"}),
    )
    .await;
    assert_eq!(planned(&mut ada, "state=failed").await, (true, true));
    assert_eq!(
        planned(&mut ada, "state=failed,mapping_failed").await,
        (true, true)
    );
    // Whoever chose is not overruled, and what goes on by itself is another matter.
    let chosen = planned(&mut ada, "state=failed&version=then").await;
    assert_eq!(chosen, (false, false));
    assert_eq!(planned(&mut ada, "state=problem").await, (false, false));
    assert_eq!(planned(&mut ada, "").await, (false, false));

    // Of which event is asked as well: this one failed by the rules that are in force.
    fail(2).await;
    let log = bridge.get("/deliveries?state=failed").await;
    for (one, expected) in [(0, (false, false)), (1, (true, true))] {
        let event = log["data"][one]["event_id"].as_str().unwrap();
        let query = format!("state=failed&event_id={event}");
        assert_eq!(planned(&mut ada, &query).await, expected, "{query}");
    }
    // What arrived meanwhile is left out, and is no reason.
    receiver.answer_usually(200);
    let old = log["data"][1]["id"].as_str().unwrap();
    let resend = format!("/deliveries/{old}/resend");
    assert!(bridge.api("POST", &resend, None).await.0 < 300);
    receiver.next().await;
    bridge.recorded(3).await;
    assert_eq!(planned(&mut ada, "state=failed").await, (false, false));
    bridge.stop().await;
}

/// What the page says of the signature: in the note at its top, and among the facts.
fn told(html: &str) -> (String, String) {
    let between = |from: &str, to: &str| {
        let rest = html.split_once(from).map_or("", |(_, rest)| rest);
        rest.split(to).next().unwrap().to_string()
    };
    let note = between("class=\"note bad\" role=\"alert\"", "</div>");
    (note, between("id=\"evidence\"", "</section>"))
}

async fn a_source_that_refuses_says_why_and_where_it_is_mended(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/sources/{}", connected.source_id);
    let mut ada = owner(&bridge).await;
    let evidence = &bridge.bridge.evidence;
    let written = async || evidence.write(&bridge.bridge.store).await.unwrap();
    let (body, folded) = (event(1), "<details class=\"card\" id=\"setup\"");
    let html = ada.get(&path).await.html;
    assert!(!html.contains(folded) && html.contains("Set it up in Blue"));

    let wrong = signed_with("another", &body);
    let (link, likely) = ("href=\"#other_secret\"", "Likely reason");
    bridge.post_with(&connected.hook, &body, Some(&wrong)).await;
    written().await;
    let html = ada.get(&path).await.html;
    let (note, facts) = told(&html);
    assert!(note.contains("One request was refused,"), "{note}");
    assert!(note.contains("Paste the secret anew"), "{note}");
    assert!(note.contains(link) && html.contains("id=\"other_secret\""));
    assert!(!facts.contains(likely), "it is said once: {facts}");
    // No other secret mends what came without a signature.
    bridge.post_with(&connected.hook, &body, None).await;
    written().await;
    let (note, _) = told(&ada.get(&path).await.html);
    assert!(note.contains("2 in a row, the last "), "{note}");
    assert!(
        note.contains("X-Signature") && !note.contains(link),
        "{note}"
    );

    // Once it is mended, what it was stands among the facts, and what was done is folded.
    bridge.advance(std::time::Duration::from_secs(5));
    bridge.post(&connected.hook, &body).await;
    written().await;
    let html = ada.get(&path).await.html;
    let (note, facts) = told(&html);
    assert!(note.is_empty() && facts.contains(likely), "{html}");
    assert!(html.contains(folded) && !html.contains("id=\"other_secret\""));
    // Without its secret it takes nothing, however often it was heard from before.
    let source = json!({"name": "Open", "require_signature": false});
    let open = bridge.created("/sources", source).await;
    let token = open["token"].as_str().unwrap();
    let hook = bridge.url(&format!("/hooks/{token}"));
    assert_eq!(bridge.post_with(&hook, &event(2), None).await.0, 200);
    written().await;
    let path = format!("/sources/{}", open["id"].as_str().unwrap());
    assert!(ada.get(&path).await.html.contains(folded));
    let closed = json!({"name": "Open", "require_signature": true});
    assert_eq!(bridge.api("PUT", &path, Some(closed)).await.0, 200);
    let html = ada.get(&path).await.html;
    assert!(!html.contains(folded) && html.contains("id=\"first_secret\""));
    bridge.stop().await;
}

async fn a_secret_that_never_worked_is_replaced_outright(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/sources/{}", connected.source_id);
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/").await.mark();
    let evidence = &bridge.bridge.evidence;
    let mut number = 0;
    let mut with = async |secret: &str| {
        number += 1;
        let body = event(number);
        let signature = signed_with(secret, &body);
        let answer = bridge.post_with(&connected.hook, &body, Some(&signature));
        let (status, _) = answer.await;
        evidence.write(&bridge.bridge.store).await.unwrap();
        status
    };
    let paste = async |ada: &mut Visitor<'_>, secret: &str| {
        let fields = [
            ("csrf", &*mark),
            ("name", "Blue"),
            ("require_signature", "yes"),
            ("corrects", "yes"),
            ("secret", secret),
        ];
        let led = ada.post(&path, &fields).await.location.unwrap();
        ada.get(&led).await.html
    };
    let (rotated, replaced) = (
        "Secret rotated. The old one is accepted until",
        "Secret replaced. The old one is not accepted any more.",
    );

    // A slip of the first paste: nothing was ever signed with it.
    let html = paste(&mut ada, "second").await;
    assert!(html.contains(replaced) && !html.contains(rotated), "{html}");
    assert!(
        !html.contains("An earlier secret is accepted until"),
        "{html}"
    );
    assert_eq!((with(SECRET).await, with("second").await), (401, 200));
    // One that worked goes on for a day.
    let html = paste(&mut ada, "a slip").await;
    assert!(html.contains(rotated) && !html.contains(replaced), "{html}");
    assert_eq!((with("second").await, with("third").await), (200, 401));
    // The slip goes at once, and what worked before it stays.
    let html = paste(&mut ada, "third").await;
    assert!(html.contains(replaced), "{html}");
    assert!(
        html.contains("An earlier secret is accepted until"),
        "{html}"
    );
    assert_eq!((with("a slip").await, with("third").await), (401, 200));
    assert_eq!(with("second").await, 200);
    // The same once more changes nothing of note.
    let before = bridge.get(&path).await["previous_secret_until"].clone();
    assert!(before.is_string());
    let html = paste(&mut ada, "third").await;
    assert!(
        !html.contains(replaced) && !html.contains(rotated),
        "{html}"
    );
    assert_eq!(bridge.get(&path).await["previous_secret_until"], before);
    // Only the pages say so.
    let said = json!({"name": "Blue", "secret": "x", "corrects": true});
    assert_eq!(bridge.api("PUT", &path, Some(said)).await.0, 422);
    bridge.stop().await;
}
