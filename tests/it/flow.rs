//! The main story through the real application, and what becomes of failures.

use std::time::Duration;

use serde_json::json;

use crate::database::{Database, execute, on_both};
use crate::harness::{
    Answer, Receiver, SECRET, TestBridge, event, patiently, signature, todo_created,
};

on_both![
    a_signed_webhook_arrives_mapped_and_signed_and_is_in_the_log,
    a_duplicate_is_answered_and_forwarded_once_also_when_fifty_come_at_once,
    a_change_that_is_undone_and_made_again_is_no_duplicate,
    a_change_that_does_not_tell_what_was_before_is_undone_by_an_event_of_the_opposite_kind,
    a_failure_is_tried_again_by_the_schedule_with_the_same_id_until_it_arrives,
    retry_after_lengthens_the_pause,
    a_403_that_asks_to_wait_is_told_as_that,
    a_429_that_says_when_spends_no_attempt,
    a_429_that_says_when_lets_its_whole_destination_rest_for_a_minute_at_most,
    attempts_end_when_they_are_spent_and_a_resend_is_a_new_delivery,
    gone_pauses_the_destination_and_resuming_sends_what_was_held,
    filtered_unmapped_and_unheard_events_are_told_apart,
    a_trigger_takes_an_event_under_both_names_however_it_is_written,
    order_per_record_knows_the_record_of_a_row_that_is_joined_to_it,
    what_waits_survives_a_stop_and_is_sent_by_the_next_start,
    address_and_headers_come_of_the_event_also_after_a_restart,
    a_get_carries_no_body_and_signs_none,
    what_waits_for_a_deleted_destination_is_given_up_and_bars_no_lane,
    saved_rules_that_are_not_accepted_any_more_fail_with_the_reason_and_stop_nothing_else,
    a_large_answer_and_a_redirect_are_handled,
    in_order_per_record_a_failure_parks_only_its_own_record,
    what_waits_for_a_destination_bars_no_lane_to_the_connections_next_one,
    a_limit_per_second_is_kept,
    a_person_may_send_what_the_filter_skipped,
];

fn mapped() -> serde_json::Value {
    json!({
        "trigger": {"events": ["TODO_CREATED"]},
        "filter": {"path": "$.currentValue.title", "op": "contains", "value": "gg"},
        "mapping": {"mode": "fields", "fields": [
            {"to": "task.name", "from": {"path": "$.currentValue.title"}},
            {"to": "project", "from": {"path": "currentValue.todoList.project.name"}, "pipe": [{"fn": "lower"}]},
        ]},
    })
}

async fn a_signed_webhook_arrives_mapped_and_signed_and_is_in_the_log(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, mapped()).await;
    let (status, answer) = bridge.post(&connected.hook, todo_created()).await;
    assert_eq!(
        (status, &answer["status"], &answer["deliveries"]),
        (200, &json!("stored"), &json!(1))
    );

    let request = receiver.next().await;
    assert_eq!(
        request.body,
        br#"{"task":{"name":"GGGG"},"project":"teest"}"#
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("bluebridge-attempt"), Some("1"));

    bridge.recorded(1).await;
    let log = bridge.get("/deliveries").await;
    assert_eq!(log["data"].as_array().unwrap().len(), 1);
    let delivery = &log["data"][0];
    assert_eq!(
        (&delivery["state"], &delivery["last_status"]),
        (&json!("delivered"), &json!(200))
    );
    assert_eq!(request.header("webhook-id"), delivery["id"].as_str());
    let shown = bridge
        .get(&format!("/deliveries/{}", delivery["id"].as_str().unwrap()))
        .await;
    assert_eq!(shown["attempts"][0]["outcome"]["code"], "delivered");
    assert_eq!(
        shown["decision"]["body"],
        r#"{"task":{"name":"GGGG"},"project":"teest"}"#
    );
    assert!(
        !shown.to_string().contains("hidden"),
        "the query of a URL is a secret"
    );
    bridge.stop().await;
}

async fn a_change_that_is_undone_and_made_again_is_no_duplicate(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let toggled = |record: &str, done: bool, updated: Option<&str>| {
        let at = if done { "10:00" } else { "10:01" };
        let side = |done: bool| json!({"id": record, "title": "Ship", "done": done});
        let mut current = side(done);
        if let Some(updated) = updated {
            current["updatedAt"] = json!(updated);
        }
        json!({"event": "TODO_DONE_STATUS_UPDATED", "previousValue": side(!done), "currentValue": current,
               "timestamp": format!("2026-01-31T{at}:00.000Z")}).to_string()
    };
    let (done, undone) = (toggled("r1", true, None), toggled("r1", false, None));
    let of_another = toggled("r2", true, None);
    for (body, status) in [
        (&done, "stored"),
        // Blue's retry.
        (&done, "duplicate"),
        // Other records say nothing about this one.
        (&of_another, "stored"),
        (&done, "duplicate"),
        (&undone, "stored"),
        (&done, "stored"),
        (&done, "duplicate"),
    ] {
        let (_, answer) = bridge.post(&connected.hook, body.as_bytes()).await;
        assert_eq!(answer["status"], status, "{body}");
    }
    // Where the time of the change is told, the same content is the same change, whatever came between.
    let first = toggled("r3", true, Some("2026-01-31T10:00:00.000Z"));
    let second = toggled("r3", false, Some("2026-01-31T10:00:01.000Z"));
    // But for a time that does not move with the change, which its undoing proves when it carries the same one.
    let unmoved = Some("2026-01-31T10:00:00.000Z");
    let (there, back) = (toggled("r4", true, unmoved), toggled("r4", false, unmoved));
    let renamed = json!({"event": "TODO_NAME_UPDATED", "previousValue": {"id": "r4", "title": "Sip"},
                         "currentValue": {"id": "r4", "title": "Ship", "done": true, "updatedAt": unmoved}});
    let renamed = renamed.to_string();
    // By way of a third state as well.
    let list = [("A", "B"), ("B", "C"), ("C", "A")].map(|(from, to)| {
        let side = |list: &str| json!({"id": "r5", "todoListId": list, "updatedAt": unmoved});
        json!({"event": "TODO_MOVED", "previousValue": side(from), "currentValue": side(to)})
            .to_string()
    });
    for (body, status) in [
        (&first, "stored"),
        (&second, "stored"),
        (&first, "duplicate"),
        (&there, "stored"),
        // Made by the same change, it undoes nothing.
        (&renamed, "stored"),
        (&there, "duplicate"),
        (&back, "stored"),
        (&there, "stored"),
        (&there, "duplicate"),
        (&back, "stored"),
        (&list[0], "stored"),
        (&list[1], "stored"),
        (&list[0], "duplicate"),
        (&list[2], "stored"),
        (&list[0], "stored"),
    ] {
        let (_, answer) = bridge.post(&connected.hook, body.as_bytes()).await;
        assert_eq!(answer["status"], status, "{body}");
    }
    // Also when others of the same time came after the one that undid it.
    for number in 0..10 {
        let other = json!({"event": "TODO_NAME_UPDATED", "previousValue": {"id": "r4", "title": "x"},
                           "currentValue": {"id": "r4", "title": number.to_string(), "updatedAt": unmoved}});
        let other = other.to_string();
        bridge.post(&connected.hook, other.as_bytes()).await;
    }
    let (_, answer) = bridge.post(&connected.hook, there.as_bytes()).await;
    assert_eq!(answer["status"], "stored");
    bridge.stop().await;
}

async fn a_change_that_does_not_tell_what_was_before_is_undone_by_an_event_of_the_opposite_kind(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let at = "2026-01-31T10:00:00.000Z";
    let told = |event: &str, row: serde_json::Value| {
        json!({"event": event, "currentValue": row}).to_string()
    };
    let tag = |event: &str, tag: &str| {
        told(
            event,
            json!({"todoId": "r1", "tagId": tag, "updatedAt": at}),
        )
    };
    let (added, removed) = (tag("TODO_TAG_ADDED", "a"), tag("TODO_TAG_REMOVED", "a"));
    let on_record = |event: &str, people: serde_json::Value| {
        told(
            event,
            json!({"id": "r2", "todoUsers": people, "updatedAt": at}),
        )
    };
    let (joined, left) = (
        on_record("TODO_ASSIGNEE_ADDED", json!([{"userId": "ada"}])),
        on_record("RECORD_ASSIGNEE_REMOVED", json!([])),
    );
    let moved = |list: &str| {
        told(
            "TODO_MOVED",
            json!({"id": "r3", "todoListId": list, "updatedAt": at}),
        )
    };
    let renamed = told(
        "TODO_NAME_CHANGED",
        json!({"id": "r3", "todoListId": "A", "title": "x", "updatedAt": at}),
    );
    let deleted = json!({"event": "TODO_DELETED", "previousValue": {"id": "r4", "updatedAt": at}, "currentValue": null}).to_string();
    let restored = told("TODO_CREATED", json!({"id": "r4", "updatedAt": at}));
    for (body, status) in [
        (&added, "stored"),
        (&added, "duplicate"),
        // Made by the same change, another tag undoes nothing, whether it comes or goes.
        (&tag("TODO_TAG_ADDED", "b"), "stored"),
        (&tag("TODO_TAG_REMOVED", "c"), "stored"),
        (&added, "duplicate"),
        (&removed, "stored"),
        (&removed, "duplicate"),
        (&added, "stored"),
        (&added, "duplicate"),
        (&removed, "stored"),
        (&joined, "stored"),
        (&left, "stored"),
        (&joined, "stored"),
        (&joined, "duplicate"),
        // Kinds without an opposite lead away from what the first one told.
        (&moved("A"), "stored"),
        (&renamed, "stored"),
        (&moved("A"), "duplicate"),
        (&moved("B"), "stored"),
        (&moved("A"), "stored"),
        (&moved("A"), "duplicate"),
        (&deleted, "stored"),
        (&deleted, "duplicate"),
        (&restored, "stored"),
        (&deleted, "stored"),
        (&deleted, "duplicate"),
    ] {
        let (_, answer) = bridge.post(&connected.hook, body.as_bytes()).await;
        assert_eq!(answer["status"], status, "{body}");
    }
    bridge.stop().await;
}

async fn a_duplicate_is_answered_and_forwarded_once_also_when_fifty_come_at_once(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let posts = (0..50).map(|_| bridge.post(&connected.hook, todo_created()));
    let answers = futures_util::future::join_all(posts).await;
    assert!(answers.iter().all(|(status, _)| *status == 200));
    let stored = answers
        .iter()
        .filter(|(_, answer)| answer["status"] == "stored")
        .count();
    assert_eq!(stored, 1);
    let ids: std::collections::HashSet<String> = answers
        .iter()
        .map(|(_, answer)| answer["event_id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1, "every duplicate names the first");
    receiver.next().await;
    bridge.recorded(1).await;
    assert!(receiver.is_idle().await);

    // The window ends after a day; then the same content is news again.
    bridge.advance(Duration::from_secs(86_401));
    let (_, answer) = bridge.post(&connected.hook, todo_created()).await;
    assert_eq!(answer["status"], "stored");
    receiver.next().await;
    bridge.stop().await;
}

async fn a_failure_is_tried_again_by_the_schedule_with_the_same_id_until_it_arrives(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, mapped()).await;
    receiver.answer_next(500);
    receiver.answer_next(503);
    bridge.post(&connected.hook, todo_created()).await;
    let first = receiver.next().await;
    bridge.recorded(1).await;
    let delivery = bridge.get("/deliveries?state=retrying").await["data"][0].clone();
    assert_eq!(delivery["attempt_count"], 1);
    // It is judged after its result was written.
    let destination = format!("/destinations/{}", connected.destination_id);
    patiently("the destination to be failing", async {
        while bridge.get(&destination).await["health"]["state"] != "failing" {
            tokio::task::yield_now().await;
        }
    })
    .await;

    bridge.advance(Duration::from_millis(5_501));
    let second = receiver.next().await;
    bridge.recorded(2).await;
    bridge.advance(Duration::from_secs(331));
    let third = receiver.next().await;
    bridge.recorded(3).await;
    for (request, attempt) in [(&first, "1"), (&second, "2"), (&third, "3")] {
        assert_eq!(request.header("webhook-id"), delivery["id"].as_str());
        assert_eq!(request.header("bluebridge-attempt"), Some(attempt));
        assert_eq!(
            request.body, first.body,
            "computed again, byte for byte the same"
        );
    }
    assert!(
        third.header("webhook-timestamp") > first.header("webhook-timestamp"),
        "signed freshly"
    );
    let shown = bridge
        .get(&format!("/deliveries/{}", delivery["id"].as_str().unwrap()))
        .await;
    assert_eq!(
        (&shown["state"], shown["attempts"].as_array().unwrap().len()),
        (&json!("delivered"), 3)
    );
    patiently("the destination to have recovered", async {
        while bridge.get(&destination).await["health"]["state"] != "ok" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bridge.stop().await;
}

async fn retry_after_lengthens_the_pause(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_with(Answer {
        status: 429,
        headers: vec![("retry-after", "60".into())],
        body: Vec::new(),
    });
    let (_, _) = bridge.post(&connected.hook, todo_created()).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let delivery = bridge.get("/deliveries").await["data"][0].clone();
    let time = |key: &str| {
        delivery[key]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    assert!(
        time("next_attempt_at")
            .duration_since(time("created_at"))
            .as_secs()
            >= 60
    );
    bridge.stop().await;
}

async fn a_403_that_asks_to_wait_is_told_as_that(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    for (number, headers, advice) in [
        (1, vec![("retry-after", "60".into())], "fewer requests"),
        (
            2,
            vec![("x-ratelimit-remaining", "0".into())],
            "fewer requests",
        ),
        (
            3,
            vec![("x-ratelimit-remaining", "9".into())],
            "credentials",
        ),
    ] {
        receiver.answer_with(Answer {
            status: 403,
            headers,
            body: Vec::new(),
        });
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64).await;
        let newest = bridge.get("/deliveries").await["data"][0].clone();
        let path = format!("/deliveries/{}", newest["id"].as_str().unwrap());
        let said = bridge.get(&path).await["attempts"][0]["outcome"]["advice"].clone();
        assert!(said.as_str().unwrap().contains(advice), "{said}");
    }
    bridge.stop().await;
}

async fn a_429_that_says_when_spends_no_attempt(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let two = json!({"delivery": {"max_attempts": 2}});
    let connected = bridge.connect(&receiver, two).await;
    let busy = |says_when| Answer {
        status: 429,
        headers: if says_when {
            vec![("retry-after", "20".into())]
        } else {
            Vec::new()
        },
        body: Vec::new(),
    };
    // Three that say when, a failure, one more that says when; then the second attempt that counts, which does not say when.
    for (status, says_when) in [
        (429, true),
        (429, true),
        (429, true),
        (500, false),
        (429, true),
        (429, false),
    ] {
        match status {
            429 => receiver.answer_with(busy(says_when)),
            status => receiver.answer_next(status),
        }
    }
    bridge.post(&connected.hook, todo_created()).await;
    for number in 1..=6_u64 {
        let attempt = receiver.next().await;
        let number_told = number.to_string();
        assert_eq!(
            attempt.header("bluebridge-attempt"),
            Some(number_told.as_str())
        );
        bridge.recorded(number).await;
        let waits = bridge.get("/deliveries?state=retrying").await["data"] != json!([]);
        assert_eq!(waits, number < 6, "after attempt {number}");
        // Twenty seconds and the added chance; five seconds after the failure.
        bridge.advance(Duration::from_millis(20_501));
    }
    let log = bridge.get("/deliveries").await["data"][0].clone();
    assert_eq!(
        (&log["state"], &log["attempt_count"]),
        (&json!("failed"), &json!(6)),
        "two attempts that count were spent"
    );
    bridge.stop().await;
}

async fn a_429_that_says_when_lets_its_whole_destination_rest_for_a_minute_at_most(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let one_at_a_time = json!({"concurrency": 1});
    let connected = bridge
        .connect_to(&receiver.url(), one_at_a_time, json!({}))
        .await;
    let other = Receiver::start();
    let beside = bridge.connect(&other, json!({})).await;
    for seconds in ["30", "3600"] {
        receiver.answer_with(Answer {
            status: 429,
            headers: vec![("retry-after", seconds.into())],
            body: Vec::new(),
        });
    }
    let mut number = 0;
    let mut post = async |hook: &str| {
        number += 1;
        assert_eq!(bridge.post(hook, &event(number)).await.0, 200);
    };
    let waits = || bridge.count_in(&connected.destination_id, "queued");
    post(&connected.hook).await;
    receiver.next().await;
    bridge.recorded(1).await;
    for _ in 0..3 {
        post(&connected.hook).await;
    }
    assert_eq!(waits(), 3, "they wait for the destination to come round");
    post(&beside.hook).await;
    other.next().await;
    assert!(receiver.is_idle().await, "and nobody else does");

    // The next one is told to come again in an hour, which the others are not believed to need.
    bridge.advance(Duration::from_secs(31));
    receiver.next().await;
    bridge.recorded(3).await;
    bridge.advance(Duration::from_secs(61));
    bridge.recorded(6).await;
    let in_state = |state| bridge.count_in(&connected.destination_id, state);
    assert_eq!(
        (in_state("delivered"), in_state("retrying")),
        (3, 1),
        "only the one that was told so waits its hour"
    );
    bridge.stop().await;
}

async fn attempts_end_when_they_are_spent_and_a_resend_is_a_new_delivery(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"max_attempts": 1}}))
        .await;
    receiver.answer_next(404);
    bridge.post(&connected.hook, todo_created()).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let failed = bridge.get("/deliveries?state=failed").await["data"][0].clone();
    let again = bridge
        .created(
            &format!("/deliveries/{}/resend", failed["id"].as_str().unwrap()),
            json!({}),
        )
        .await;
    assert_eq!(again["trigger"], "resend");
    assert_ne!(again["id"], failed["id"]);
    let request = receiver.next().await;
    assert_eq!(request.header("webhook-id"), again["id"].as_str());
    assert_eq!(
        request.body,
        todo_created(),
        "passthrough sends the received bytes"
    );
    bridge.recorded(2).await;
    assert_eq!(
        bridge.get("/deliveries?state=delivered").await["data"][0]["id"],
        again["id"]
    );
    assert_eq!(
        bridge.get("/deliveries?state=failed").await["data"][0]["id"],
        failed["id"]
    );
    bridge.stop().await;
}

async fn gone_pauses_the_destination_and_resuming_sends_what_was_held(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_next(410);
    bridge.post(&connected.hook, todo_created()).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let id = connected.destination_id.parse().unwrap();
    let is_paused = || {
        let snapshot = bridge.bridge.snapshot();
        snapshot.destination(id).unwrap().health.paused.is_some()
    };
    patiently("the pause", async {
        while !is_paused() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let paused = bridge
        .get(&format!("/destinations/{}", connected.destination_id))
        .await;
    assert!(
        paused["health"]["paused_reason"]
            .as_str()
            .unwrap()
            .contains("410")
    );
    let other = String::from_utf8(todo_created().to_vec())
        .unwrap()
        .replace("GGGG", "HHHH");
    bridge.post(&connected.hook, other.as_bytes()).await;
    assert_eq!(
        bridge.get("/deliveries?state=held").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert!(receiver.is_idle().await);

    let (status, _) = bridge
        .api(
            "POST",
            &format!("/destinations/{}/resume", connected.destination_id),
            None,
        )
        .await;
    assert_eq!(status, 200);
    let bodies = [receiver.next().await.body, receiver.next().await.body];
    assert!(bodies.contains(&todo_created().to_vec()) && bodies.contains(&other.into_bytes()));
    bridge.recorded(3).await;
    assert_eq!(
        bridge.get("/deliveries?state=delivered").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    bridge.stop().await;
}

async fn a_trigger_takes_an_event_under_both_names_however_it_is_written(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let trigger = json!({"events": [" todo_created"], "project_ids": [" W1"]});
    let connected = bridge.connect(&receiver, json!({"trigger": trigger})).await;
    let saved = bridge.get("/connections").await["data"][0].clone();
    let tidy = json!({"events": ["TODO_CREATED"], "project_ids": ["W1"]});
    assert_eq!(saved["trigger"], tidy);
    let newer = json!({"event": "RECORD_CREATED", "currentValue": {"id": "1", "workspaceId": "W1", "recordList": {"id": "L", "workspace": {"id": "W1", "organization": {"id": "O"}}}}});
    bridge
        .post(&connected.hook, newer.to_string().as_bytes())
        .await;
    assert_eq!(receiver.next().await.json()["event"], "RECORD_CREATED");
    bridge.recorded(1).await;
    let event = bridge.get("/events").await["data"][0].clone();
    assert_eq!(event["type"], "RECORD_CREATED");
    let places = ["list_id", "project_id", "company_id"].map(|place| event[place].clone());
    assert_eq!(json!(places), json!(["L", "W1", "O"]), "{event}");
    let mut refused = saved.clone();
    refused["trigger"]["events"] = json!(["TODO_CREATED", ""]);
    let path = format!("/connections/{}", saved["id"].as_str().unwrap());
    let (status, problem) = bridge.api("PUT", &path, Some(refused)).await;
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["problems"][0]["pointer"], "/trigger/events/1");
    bridge.stop().await;
}

async fn order_per_record_knows_the_record_of_a_row_that_is_joined_to_it(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"order": "per_record"}}))
        .await;
    receiver.answer_next(500);
    let created = json!({"event": "TODO_CREATED", "currentValue": {"id": "REC"}});
    bridge
        .post(&connected.hook, created.to_string().as_bytes())
        .await;
    assert_eq!(receiver.next().await.json()["event"], "TODO_CREATED");
    bridge.recorded(1).await;
    let tagged = json!({"event": "TODO_TAG_ADDED", "currentValue": {"id": "tagging1", "todoId": "REC", "tagId": "t1"}});
    bridge
        .post(&connected.hook, tagged.to_string().as_bytes())
        .await;
    assert!(receiver.is_idle().await, "it waits for its record");
    bridge.advance(Duration::from_millis(5_501));
    assert_eq!(receiver.next().await.json()["event"], "TODO_CREATED");
    assert_eq!(receiver.next().await.json()["event"], "TODO_TAG_ADDED");
    bridge.recorded(3).await;
    bridge.stop().await;
}

async fn filtered_unmapped_and_unheard_events_are_told_apart(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(
            &receiver,
            json!({
                "trigger": {"events": ["TODO_CREATED", "TODO_DELETED"]},
                "filter": {"path": "$.event", "op": "equals", "value": "TODO_CREATED"},
                "mapping": {"mode": "fields", "fields": [{"to": "a", "from": {"path": "$.nowhere"}, "when_missing": "fail"}]},
            }),
        )
        .await;
    bridge.post(&connected.hook, todo_created()).await;
    bridge
        .post(
            &connected.hook,
            br#"{"event":"TODO_DELETED","previousValue":{"id":"1"}}"#,
        )
        .await;
    bridge
        .post(
            &connected.hook,
            br#"{"event":"COMMENT_CREATED","currentValue":{"id":"1"}}"#,
        )
        .await;
    let log = bridge.get("/deliveries").await;
    let states: Vec<&str> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        states,
        ["skipped", "mapping_failed"],
        "the newest first; what is not listened to makes no delivery"
    );
    assert!(
        log["data"][1]["problem"]
            .as_str()
            .unwrap()
            .contains("$.nowhere")
    );
    let skipped = bridge
        .get(&format!(
            "/deliveries/{}",
            log["data"][0]["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(skipped["decision"]["explanation"]["result"], "false");
    assert_eq!(skipped["decision"]["explanation"]["found"], "TODO_DELETED");
    assert_eq!(
        bridge.get("/events").await["data"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert!(receiver.is_idle().await);
    bridge.stop().await;
}

async fn what_waits_survives_a_stop_and_is_sent_by_the_next_start(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_next(500);
    bridge.post(&connected.hook, todo_created()).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let home = bridge.stop().await;
    let bridge = TestBridge::start_in(home, 1_795_507_300_000).await;
    let again = receiver.next().await;
    assert_eq!(again.header("bluebridge-attempt"), Some("2"));
    assert_eq!(again.body, todo_created());
    bridge.recorded(1).await;
    assert_eq!(
        bridge.get("/deliveries?state=delivered").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    bridge.stop().await;
}

#[actix_web::test]
async fn a_second_server_on_the_same_file_is_refused() {
    let bridge = TestBridge::start().await;
    let settings = bluebridge::config::Settings {
        database_url: format!(
            "sqlite://{}",
            bridge.home.folder.path().join("test.db").display()
        ),
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        master_key: Some(bluebridge::domain::seal::MasterKey::new([7; 32])),
        master_key_file: None,
        allow_networks: Vec::new(),
        trusted_proxies: Vec::new(),
        retention_days: 90,
        retention_max_mb: 0,
        lease_s: 120,
        node_name: None,
        source_per_second: 10_000,
        log: "error".into(),
    };
    let refused = bluebridge::app::Application::start(&settings, Default::default()).await;
    assert!(
        refused
            .err()
            .unwrap()
            .to_string()
            .contains("Another bluebridge")
    );
    bridge.stop().await;
}

async fn a_large_answer_and_a_redirect_are_handled(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"max_attempts": 1}}))
        .await;
    receiver.answer_with(Answer {
        status: 200,
        headers: Vec::new(),
        body: vec![b'x'; 1 << 20],
    });
    receiver.answer_with(Answer {
        status: 302,
        headers: vec![("location", receiver.url())],
        body: Vec::new(),
    });
    bridge.post(&connected.hook, todo_created()).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let first = bridge.get("/deliveries").await["data"][0].clone();
    let shown = bridge
        .get(&format!("/deliveries/{}", first["id"].as_str().unwrap()))
        .await;
    assert_eq!(shown["state"], "delivered");
    assert_eq!(shown["attempts"][0]["response"]["truncated"], true);
    assert!(
        shown["attempts"][0]["response"]["body"]
            .as_str()
            .unwrap()
            .len()
            <= 16 * 1024
    );

    bridge
        .post(
            &connected.hook,
            br#"{"event":"E","currentValue":{"id":"2"}}"#,
        )
        .await;
    receiver.next().await;
    bridge.recorded(2).await;
    assert!(receiver.is_idle().await, "a redirect is never followed");
    assert_eq!(
        bridge.get("/deliveries?state=failed").await["data"][0]["last_outcome"],
        "redirected"
    );
    bridge.stop().await;
}

async fn in_order_per_record_a_failure_parks_only_its_own_record(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"order": "per_record"}}))
        .await;
    let event = |record: &str, number: u32| {
        json!({"event": "E", "currentValue": {"id": record, "n": number}}).to_string()
    };
    receiver.answer_next(500);
    bridge.post(&connected.hook, event("a", 1).as_bytes()).await;
    assert_eq!(receiver.next().await.json()["currentValue"]["n"], 1);
    bridge.recorded(1).await;
    bridge.post(&connected.hook, event("a", 2).as_bytes()).await;
    bridge.post(&connected.hook, event("b", 3).as_bytes()).await;
    assert_eq!(
        receiver.next().await.json()["currentValue"]["n"],
        3,
        "another record overtakes"
    );
    bridge.recorded(2).await;
    assert!(receiver.is_idle().await);
    bridge.advance(Duration::from_millis(5_501));
    assert_eq!(receiver.next().await.json()["currentValue"]["n"], 1);
    assert_eq!(receiver.next().await.json()["currentValue"]["n"], 2);
    bridge.recorded(4).await;
    bridge.stop().await;
}

async fn what_waits_for_a_destination_bars_no_lane_to_the_connections_next_one(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"order": "per_record"}}))
        .await;
    let event =
        |number: u32| json!({"event": "E", "currentValue": {"id": "a", "n": number}}).to_string();
    let pause = format!("/destinations/{}/pause", connected.destination_id);
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    bridge.post(&connected.hook, event(1).as_bytes()).await;
    let next = json!({"name": "Next", "config": {"url": receiver.url()}});
    let next = bridge.created("/destinations", next).await;
    let mut connection = bridge.get("/connections").await["data"][0].clone();
    connection["destination_id"] = next["id"].clone();
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let (status, answer) = bridge.api("PUT", &path, Some(connection)).await;
    assert_eq!(status, 200, "{answer}");
    for number in 2..4 {
        bridge.post(&connected.hook, event(number).as_bytes()).await;
        assert_eq!(receiver.next().await.json()["currentValue"]["n"], number);
    }
    bridge.recorded(2).await;
    assert_eq!(bridge.count_in(&connected.destination_id, "held"), 1);
    bridge.stop().await;
}

async fn a_limit_per_second_is_kept(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let slow = json!({"name": "Receiver", "config": {"url": receiver.url()}, "limits": {"per_second": 20}});
    let (status, _) = bridge
        .api(
            "PUT",
            &format!("/destinations/{}", connected.destination_id),
            Some(slow),
        )
        .await;
    assert_eq!(status, 200);
    let started = std::time::Instant::now();
    for number in 0..6 {
        let event = json!({"event": "E", "currentValue": {"id": number}}).to_string();
        bridge.post(&connected.hook, event.as_bytes()).await;
    }
    for _ in 0..6 {
        receiver.next().await;
    }
    // A lower bound only: however slow the machine is, it cannot be faster than the limit.
    assert!(
        started.elapsed() >= Duration::from_millis(240),
        "{:?}",
        started.elapsed()
    );
    bridge.recorded(6).await;
    bridge.stop().await;
}

async fn a_person_may_send_what_the_filter_skipped(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let never = json!({"filter": {"path": "$.event", "op": "missing"}});
    let connected = bridge.connect(&receiver, never).await;
    bridge.post(&connected.hook, todo_created()).await;
    let skipped = bridge.get("/deliveries?state=skipped").await["data"][0].clone();
    let path = format!("/deliveries/{}/resend", skipped["id"].as_str().unwrap());
    let again = bridge.created(&path, json!({})).await;
    assert_eq!(receiver.next().await.body, todo_created());
    let body = String::from_utf8(todo_created().to_vec()).unwrap();
    assert_eq!(again["request_body"], body);
    assert_eq!(again["decision"]["decision"], "skip");
    bridge.recorded(1).await;
    bridge.stop().await;
}

async fn what_waits_for_a_deleted_destination_is_given_up_and_bars_no_lane(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let (before, after) = (Receiver::start(), Receiver::start());
    let rules = json!({"delivery": {"order": "per_record"}});
    let connected = bridge.connect(&before, rules).await;
    let gone = format!("/destinations/{}", connected.destination_id);
    before.answer_next(500);
    bridge.post(&connected.hook, &event(0)).await;
    before.next().await;
    bridge.recorded(1).await;
    bridge.post(&connected.hook, &event(1)).await;
    let pause = format!("{gone}/pause");
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    bridge.post(&connected.hook, &event(2)).await;

    let document = json!({"name": "After", "config": {"url": after.url()}});
    let destination = bridge.created("/destinations", document).await;
    let mut connection = bridge.get("/connections").await["data"][0].clone();
    connection["destination_id"] = destination["id"].clone();
    let put = format!("/connections/{}", connection["id"].as_str().unwrap());
    let (status, answer) = bridge.api("PUT", &put, Some(connection)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(bridge.api("DELETE", &gone, None).await.0, 204);

    let given_up = bridge.get("/deliveries?state=discarded").await;
    let given_up = given_up["data"].as_array().unwrap();
    assert_eq!(given_up.len(), 3, "{given_up:?}");
    for delivery in given_up {
        let id = delivery["id"].as_str().unwrap();
        let shown = bridge.get(&format!("/deliveries/{id}")).await;
        assert_eq!(shown["problem"], "The destination was deleted.");
    }
    bridge.post(&connected.hook, &event(3)).await;
    after.next().await;
    assert!(before.is_idle().await);
    bridge.stop().await;
}

async fn saved_rules_that_are_not_accepted_any_more_fail_with_the_reason_and_stop_nothing_else(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let old = json!({"mapping": {"mode": "template", "body": "accepted once"}});
    let broken = bridge.connect(&receiver, old).await;
    let whole = bridge.connect(&receiver, json!({})).await;
    let now_ms = bridge.bridge.clock.now_ms();
    let home = bridge.stop().await;
    execute(
        &home.database_url,
        "UPDATE connection_versions SET rules = replace(rules, 'accepted once', '{{ x | nosuch }}')",
    );

    let bridge = TestBridge::start_in(home, now_ms).await;
    let at = |hook: &str| bridge.url(&hook[hook.find("/hooks/").unwrap()..]);
    let (status, answer) = bridge.post(&at(&broken.hook), todo_created()).await;
    assert_eq!((status, &answer["deliveries"]), (200, &json!(1)));
    bridge.post(&at(&whole.hook), todo_created()).await;
    receiver.next().await;
    let failed = bridge.get("/deliveries?state=mapping_failed").await["data"][0].clone();
    let problem = failed["problem"].as_str().unwrap();
    assert!(
        problem.starts_with(
            "/mapping/body: These rules are not accepted any more, save the connection anew: "
        ),
        "{problem}"
    );

    let path = format!("/connections/{}", failed["connection_id"].as_str().unwrap());
    let mut connection = bridge.get(&path).await;
    connection["mapping"] = json!({"mode": "passthrough"});
    assert_eq!(bridge.api("PUT", &path, Some(connection)).await.0, 200);
    let again = json!({"filter": {"state": "mapping_failed"}, "version": "now"});
    bridge.created("/replays", again).await;
    assert_eq!(receiver.next().await.body, todo_created());
    bridge.stop().await;
}

async fn address_and_headers_come_of_the_event_also_after_a_restart(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let request = json!({
        "path": "/pages/{{ currentValue.title | lower }}é/{{ event ~ \"/..\" }}",
        "query": {"name": "{{ currentValue.title }} & more"},
        "headers": {"Title": "{{ currentValue.title }} é"},
    });
    let rules = json!({"mapping": {"mode": "passthrough", "request": request}});
    let connected = bridge.connect(&receiver, rules).await;
    let connection = bridge.get("/connections").await["data"][0].clone();
    assert_eq!(
        connection["mapping"]["request"], request,
        "it comes back as it was sent"
    );

    receiver.answer_next(500);
    bridge.post(&connected.hook, todo_created()).await;
    let first = receiver.next().await;
    bridge.recorded(1).await;
    let target = "/in/pages/gggg%C3%A9/TODO_CREATED%2F..?key=hidden&name=GGGG+%26+more";
    let home = bridge.stop().await;
    let bridge = TestBridge::start_in(home, 1_795_507_300_000).await;
    let second = receiver.next().await;
    bridge.recorded(1).await;
    for (received, attempt) in [(&first, "1"), (&second, "2")] {
        assert_eq!(received.target, target);
        assert_eq!(received.header("title"), Some("GGGG é"));
        assert_eq!(received.header("bluebridge-attempt"), Some(attempt));
        assert_eq!(received.body, todo_created());
    }

    let id = bridge.get("/deliveries").await["data"][0]["id"].clone();
    let shown = bridge
        .get(&format!("/deliveries/{}", id.as_str().unwrap()))
        .await;
    let told = format!(
        "POST http://{}/in/pages/gggg%C3%A9/TODO_CREATED%2F..?***&name=GGGG+%26+more",
        receiver.address
    );
    for attempt in shown["attempts"].as_array().unwrap() {
        assert_eq!(attempt["request"]["line"], told);
        let headers = attempt["request"]["headers"].to_string();
        assert!(headers.contains("GGGG é"), "{headers}");
    }
    assert_eq!(
        shown["decision"]["request"],
        json!({"path": "pages/gggg%C3%A9/TODO_CREATED%2F..", "query": {"name": "GGGG & more"}, "headers": {"title": "GGGG é"}})
    );

    let resent = bridge
        .api(
            "POST",
            &format!("/deliveries/{}/resend", id.as_str().unwrap()),
            Some(json!({})),
        )
        .await;
    assert_eq!(resent.0, 201, "{}", resent.1);
    let third = receiver.next().await;
    assert_eq!(
        (third.target.as_str(), third.header("title")),
        (target, Some("GGGG é"))
    );
    bridge.stop().await;
}

async fn a_get_carries_no_body_and_signs_none(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = format!("/destinations/{}", connected.destination_id);
    let to = json!({"name": "Receiver", "config": {"url": receiver.url(), "method": "GET"}, "signing": {"scheme": "hex", "secret": SECRET}});
    let (status, answer) = bridge.api("PUT", &path, Some(to)).await;
    assert_eq!(status, 200, "{answer}");
    bridge.post(&connected.hook, todo_created()).await;
    let received = receiver.next().await;
    assert_eq!(
        (received.method.as_str(), received.body.as_slice()),
        ("GET", &b""[..])
    );
    for name in ["content-type", "content-length", "transfer-encoding"] {
        assert_eq!(received.header(name), None, "{name}");
    }
    assert_eq!(
        received.header("x-signature"),
        Some(signature(b"").as_str())
    );
    bridge.stop().await;
}
