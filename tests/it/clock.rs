//! The wall clock jumps by hours, forward and backward: nothing is lost, nothing storms, nothing stands still, and ids keep their order.

use std::time::Duration;

use bluebridge::domain::delivery::State;
use bluebridge::flow::clock_step::{Shown, catch_up};
use bluebridge::flow::recover::release_expired;
use bluebridge::flow::retention::forget;
use serde_json::{Value, json};

use crate::database::{Database, Home, execute, on_both};
use crate::harness::{Receiver, TestBridge, event, patiently};
use crate::hostile::whole_log;

on_both![
    times_that_no_schedule_can_mean_hold_nothing_up,
    after_a_leap_leases_are_left_alone_and_nothing_is_forgotten,
    what_a_clock_set_while_it_ran_ahead_is_put_right_once_it_is_right_again,
];

const NOW_MS: i64 = 1_795_507_200_000;
const HOURS: Duration = Duration::from_secs(5 * 3_600);

async fn post_record(bridge: &TestBridge, hook: &str, record: &str, number: usize) {
    let event = json!({"event": "E", "currentValue": {"id": record, "n": number}}).to_string();
    assert_eq!(bridge.post(hook, event.as_bytes()).await.0, 200);
}

async fn all_delivered(bridge: &TestBridge) {
    patiently("every arrival", async {
        let path = "/deliveries?state=queued,held,sending,retrying&limit=1";
        while bridge.get(path).await["data"] != json!([]) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[actix_web::test]
async fn a_jump_forward_makes_what_waits_due_once_and_starts_no_storm() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_usually(500);
    for number in 0..20 {
        post_record(&bridge, &connected.hook, &number.to_string(), 0).await;
    }
    bridge.recorded(20).await;
    bridge.advance(HOURS);
    // The destination has failed for five hours now, so it is held after a few more; what it had not tried yet stays untried.
    let is_quiet = async || {
        let log = whole_log(&bridge).await;
        let still = |state| matches!(state, State::Retrying | State::Held);
        log.len() == 20
            && log.values().all(|one| still(one.state))
            && log.values().any(|one| one.attempts == 2)
    };
    let path = format!("/destinations/{}", connected.destination_id);
    patiently("quiet", async {
        while bridge.get(&path).await["health"]["state"] != "held" || !is_quiet().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let log = whole_log(&bridge).await;
    assert!(
        log.values().all(|one| one.attempts <= 2),
        "one attempt for one jump"
    );
    receiver.answer_usually(200);
    bridge.advance(Duration::from_secs(331));
    let (status, _) = bridge.api("POST", &format!("{path}/resume"), None).await;
    assert_eq!(status, 200);
    all_delivered(&bridge).await;
    let log = whole_log(&bridge).await;
    assert!(
        log.values()
            .all(|one| one.state == State::Delivered && one.attempts <= 3)
    );
    bridge.stop().await;
}

#[actix_web::test]
async fn a_jump_backward_keeps_nothing_waiting_for_the_old_time_to_come_again() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let rules = json!({"delivery": {"order": "per_record"}});
    let connected = bridge.connect(&receiver, rules).await;
    catch_up(&bridge.bridge).await.unwrap();
    receiver.answer_next(500);
    post_record(&bridge, &connected.hook, "a", 1).await;
    receiver.next().await;
    bridge.recorded(1).await;
    // Waits behind the first.
    post_record(&bridge, &connected.hook, "a", 2).await;
    bridge.set_back(HOURS);
    catch_up(&bridge.bridge).await.unwrap();
    post_record(&bridge, &connected.hook, "b", 3).await;
    bridge.advance(Duration::from_millis(5_501));
    // A claim that was under way when the clock was set still has the old time, and may take the retry early; so only each
    // record's order is certain, and that all three come.
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(receiver.next().await.json()["currentValue"]["n"].clone());
    }
    numbers.retain(|number| *number != 3);
    assert_eq!(
        numbers,
        [1, 2],
        "the retry after its pause, then what waited behind it"
    );
    all_delivered(&bridge).await;
    bridge.stop().await;
}

async fn newest_first(bridge: &TestBridge) -> Vec<Value> {
    let events = bridge.get("/events?limit=100").await;
    let events = events["data"].as_array().unwrap();
    events.iter().map(|one| one["id"].clone()).collect()
}

#[actix_web::test]
async fn ids_stay_unique_and_in_order_over_jumps_and_restarts() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let mut posted = Vec::new();
    let mut bridge = bridge;
    let hook_path = connected.hook[connected.hook.find("/hooks/").unwrap()..].to_string();
    for round in 0..4 {
        for number in 0..5 {
            let hook = bridge.url(&hook_path);
            let (status, answer) = bridge.post(&hook, &event(round * 5 + number)).await;
            assert_eq!(status, 200);
            posted.insert(0, answer["event_id"].clone());
            receiver.next().await;
        }
        match round {
            0 => bridge.set_back(HOURS),
            1 => bridge.advance(HOURS),
            _ => {
                bridge.set_back(HOURS);
                let now_ms = bridge.clock.load(std::sync::atomic::Ordering::SeqCst);
                bridge = TestBridge::start_in(bridge.stop().await, now_ms).await;
            }
        }
    }
    assert_eq!(newest_first(&bridge).await, posted);
    bridge.stop().await;
}

#[actix_web::test]
async fn a_clock_that_was_set_back_while_the_server_was_stopped_keeps_nothing_waiting() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    bridge.set_back(HOURS);
    let now_ms = bridge.clock.load(std::sync::atomic::Ordering::SeqCst);
    let bridge = TestBridge::start_in(bridge.stop().await, now_ms).await;
    bridge.advance(Duration::from_millis(5_501));
    receiver.next().await;
    all_delivered(&bridge).await;
    // Not once more at each start, although ids go on ahead of the clock.
    receiver.answer_next(500);
    let path = connected.hook[connected.hook.find("/hooks/").unwrap()..].to_string();
    bridge.post(&bridge.url(&path), &event(2)).await;
    receiver.next().await;
    bridge.recorded(2).await;
    let due = async |bridge: &TestBridge| {
        let waiting = bridge.get("/deliveries?state=retrying").await;
        waiting["data"][0]["next_attempt_at"].clone()
    };
    let before = due(&bridge).await;
    assert!(before.is_string());
    let now_ms = bridge.clock.load(std::sync::atomic::Ordering::SeqCst);
    let bridge = TestBridge::start_in(bridge.stop().await, now_ms).await;
    assert_eq!(due(&bridge).await, before);
    bridge.stop().await;
}

/// For a while it ran a year ahead: what came in then is due in a year, and what was taken then is leased for a year.
async fn what_a_clock_set_while_it_ran_ahead_is_put_right_once_it_is_right_again(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_usually(500);
    for number in 1..=2 {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
    }
    bridge.recorded(2).await;
    let year_ms = bridge.bridge.clock.now_ms() + 365 * 86_400_000;
    let claim = bridge.look().bytes(&"9".repeat(32));
    execute(
        &bridge.home.database_url,
        &format!(
            "UPDATE deliveries SET due_at = {year_ms};
             UPDATE deliveries SET state = 'sending', due_at = NULL, claim_id = {claim}, lease_until = {year_ms}
             WHERE id = (SELECT id FROM deliveries ORDER BY id LIMIT 1)"
        ),
    );
    receiver.answer_usually(200);
    assert_eq!(catch_up(&bridge.bridge).await.unwrap(), 1);
    receiver.next().await;
    // Whoever has the lease may be alive, and is left it for as long as one lasts.
    bridge.advance(Duration::from_secs(120));
    assert_eq!(catch_up(&bridge.bridge).await.unwrap(), 1);
    receiver.next().await;
    all_delivered(&bridge).await;
    bridge.stop().await;
}

/// On a shared database retries stay where they are when this node's clock steps back; what was never tried cannot be meant to wait for hours.
#[actix_web::test]
async fn a_first_attempt_does_not_wait_for_hours_that_a_nodes_clock_had_run_ahead() {
    let (bridge, receiver) = (
        TestBridge::start_on(Database::Postgres).await,
        Receiver::start(),
    );
    bridge.advance(HOURS);
    catch_up(&bridge.bridge).await.unwrap();
    receiver.hold(true);
    let rules = json!({"delivery": {"order": "per_record"}});
    let lane = bridge.connect(&receiver, rules).await;
    post_record(&bridge, &lane.hook, "a", 1).await;
    receiver.next().await;
    // Waits behind the first, due by the clock that runs ahead.
    post_record(&bridge, &lane.hook, "a", 2).await;
    bridge.set_back(HOURS);
    assert_eq!(catch_up(&bridge.bridge).await.unwrap(), 1);
    receiver.hold(false);
    assert_eq!(receiver.next().await.json()["currentValue"]["n"], 2);
    all_delivered(&bridge).await;
    bridge.stop().await;
}

/// The file is held by somebody when the step is seen.
#[actix_web::test]
async fn what_could_not_be_moved_with_the_clock_is_moved_at_the_next_look() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    catch_up(&bridge.bridge).await.unwrap();
    receiver.answer_next(500);
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    bridge.set_back(HOURS);
    let rename = |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        execute(&bridge.home.database_url, &sql);
    };
    rename("deliveries", "away");
    assert!(catch_up(&bridge.bridge).await.is_err());
    rename("away", "deliveries");
    assert_eq!(catch_up(&bridge.bridge).await.unwrap(), 1);
    bridge.advance(Duration::from_millis(5_501));
    receiver.next().await;
    all_delivered(&bridge).await;
    bridge.stop().await;
}

/// What a clock that ran years ahead has written, whoever wrote it.
async fn times_that_no_schedule_can_mean_hold_nothing_up(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_usually(500);
    for number in 0..2 {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
    }
    bridge.recorded(2).await;
    let now_ms = bridge.clock.load(std::sync::atomic::Ordering::SeqCst);
    let home = bridge.stop().await;
    let years_ms = now_ms + 3 * 365 * 86_400_000;
    let claim = crate::process::Look::into(&home.database_url).bytes(&"9".repeat(32));
    execute(
        &home.database_url,
        &format!(
            "UPDATE deliveries SET due_at = {years_ms};
             UPDATE deliveries SET state = 'sending', due_at = NULL, claim_id = {claim}, lease_until = {years_ms}
             WHERE id = (SELECT id FROM deliveries ORDER BY id LIMIT 1)"
        ),
    );
    receiver.answer_usually(200);
    let bridge = TestBridge::start_in(home, now_ms).await;
    // Of nodes that share a database one may still be at it.
    bridge.advance(Duration::from_secs(120));
    catch_up(&bridge.bridge).await.unwrap();
    for _ in 0..2 {
        receiver.next().await;
    }
    all_delivered(&bridge).await;
    bridge.stop().await;
}

/// The clocks of a process that slept, or of a machine that was set wrong: what they show now is hours after what they showed a moment ago.
fn leap(bridge: &TestBridge, hours: i64) {
    let inner = &bridge.bridge;
    let now_ms = inner.clock.now_ms();
    let shown = |ahead_ms: i64| Shown {
        wall_ms: now_ms + ahead_ms,
        lease_ms: now_ms + ahead_ms,
        steady_ms: now_ms,
    };
    for ahead_ms in [0, hours * 3_600_000] {
        inner.clock_watch.look(shown(ahead_ms), inner.lease_ms);
    }
}

async fn after_a_leap_leases_are_left_alone_and_nothing_is_forgotten(database: Database) {
    let home = Home::new(database);
    let bridge = TestBridge::start_with(home, NOW_MS, |settings| {
        settings.retention_days = 1;
    })
    .await;
    let receiver = Receiver::start();
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let claim = bridge.look().bytes(&"9".repeat(32));
    execute(
        &bridge.home.database_url,
        &format!(
            "UPDATE deliveries SET state = 'sending', finished_at = NULL, due_at = NULL, claim_id = {claim}, lease_until = 1"
        ),
    );
    leap(&bridge, 24);
    assert_eq!(release_expired(&bridge.bridge).await.unwrap(), 0);
    bridge.advance(Duration::from_secs(120));
    assert_eq!(release_expired(&bridge.bridge).await.unwrap(), 1);
    receiver.next().await;
    all_delivered(&bridge).await;

    bridge.advance(Duration::from_secs(2 * 86_400));
    leap(&bridge, 24);
    assert_eq!(forget(&bridge.bridge).await.unwrap().by_age, 0);
    bridge.advance(Duration::from_secs(3_600));
    assert_eq!(forget(&bridge.bridge).await.unwrap().by_age, 1);
    bridge.stop().await;
}
