//! From what failed to where it is mended: which button a delivery's page offers first, and what the planner chooses after a mend.

use serde_json::{Value, json};

use crate::database::{Database, on_both};
use crate::harness::{Receiver, TestBridge, event};
use crate::pages::{Visitor, owner};

on_both! {
    a_failed_delivery_leads_to_its_mending_and_then_to_todays_rules,
    the_planner_takes_todays_rules_once_those_that_failed_were_changed,
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
