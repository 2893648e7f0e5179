//! The planner, the list and the page of a replay, as a browser without scripts uses them.

use serde_json::json;

use crate::database::{Database, on_both};
use crate::harness::{Receiver, TestBridge, event};
use crate::pages::owner;

on_both! {
    a_person_plans_starts_watches_and_cancels_a_replay,
}

async fn a_person_plans_starts_watches_and_cancels_a_replay(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"max_attempts": 1}}))
        .await;
    for (number, status) in [200, 500, 500].into_iter().enumerate() {
        receiver.answer_next(status);
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
    }
    let mut ada = owner(&bridge).await;
    assert!(ada.get("/replays").await.html.contains("No replay yet"));
    let log = ada.get("/deliveries?state=problem&text=G00").await.html;
    let link = log.split("href=\"/replays/new?").nth(1).unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&");

    let planner = ada.get(&format!("/replays/new?{link}")).await;
    assert_eq!(planner.status, 200);
    assert!(
        planner
            .html
            .contains("2 deliveries match. 2 are sent again."),
        "{}",
        planner.html
    );
    assert!(
        planner
            .html
            .contains("Failed, Mapping failed, Will retry, Held")
    );
    // One form holds every choice, so that what is sent is what is ticked.
    let form = planner.html.split("action=\"/replays\"").nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    for part in [
        "name=\"version\" value=\"then\" checked",
        "name=\"only_missing\" value=\"yes\" checked",
        "name=\"per_second\"",
        "formaction=\"/replays/new\"",
    ] {
        assert_eq!(planner.html.matches(part).count(), 1, "{part}");
        assert!(form.contains(part), "{part}");
    }
    let unticked = ada.get(&format!("/replays/new?{link}&version=now")).await;
    assert!(!unticked.html.contains("value=\"yes\" checked"));
    for (query, wrong) in [
        ("state=lost", "There is no such state."),
        ("colour=red", "A replay cannot be narrowed by this."),
        ("from=yesterday", "Write a time like"),
        ("connection_id=x", "There is nothing with this id."),
    ] {
        let refused = ada.get(&format!("/replays/new?{query}")).await;
        assert_eq!(refused.status, 422, "{query}");
        assert!(refused.html.contains(wrong), "{query}");
        assert!(!refused.html.contains("class=\"primary\""), "{query}");
    }
    // What a filter kept back is tried with the filter of today.
    let skipped = ada.get("/replays/new?state=skipped").await.html;
    assert!(skipped.contains("name=\"version\" value=\"now\" checked"));
    assert!(skipped.contains("name=\"only_missing\" value=\"yes\" checked"));
    let nothing = ada.get("/replays/new?state=discarded").await.html;
    assert!(nothing.contains("No delivery matches.") && !nothing.contains("class=\"primary\""));

    let mark = planner.mark();
    let fields = [
        ("csrf", mark.as_str()),
        ("state", "failed"),
        ("text", "G00"),
        ("version", "then"),
        ("per_second", "1"),
    ];
    let mut broken = fields;
    broken[4].1 = "0";
    let refused = ada.post("/replays", &broken).await;
    assert_eq!(refused.status, 422);
    assert!(refused.html.contains("From 1 to 1000 deliveries a second."));
    assert_eq!(ada.post("/replays", &fields[1..]).await.status, 403);
    let started = ada.post("/replays", &fields).await.location.unwrap();
    receiver.next().await;
    bridge.recorded(4).await;
    let page = ada.get(&started).await;
    assert!(
        page.html.contains("1 of 2 matching deliveries looked at"),
        "{}",
        page.html
    );
    assert!(page.html.contains("Running") && page.html.contains("by Ada"));
    assert!(ada.get("/replays").await.html.contains("1 of 2"));

    let cancel = format!("{}/cancel", started.split('?').next().unwrap());
    let fields = [("csrf", mark.as_str()), ("confirmed", "yes")];
    let asked = ada.post(&cancel, &fields[..1]).await.html;
    assert!(asked.contains("Cancel this replay?"), "{asked}");
    assert!(ada.get(&started).await.html.contains("Running"));
    assert_eq!(ada.post(&cancel, &fields).await.status, 303);
    let page = ada.get(&started).await.html;
    assert!(page.contains("Cancelled") && !page.contains("Cancel the replay"));
    assert_eq!(ada.post(&cancel, &fields).await.status, 409);
    assert_eq!(ada.get("/replays?before=nonsense").await.status, 400);
    bridge.stop().await;
}
