//! The log and the overview's counts, without a browser: what is counted, how far is looked, what is exported, resent and told live.

use std::time::Duration;

use bluebridge::domain::event::{Reading, read};
use bluebridge::domain::id::EventId;
use bluebridge::domain::person::Role;
use bluebridge::flow::counts;
use bluebridge::store::counts::{MINUTE_MS, Span};
use bluebridge::store::deliveries::DeliveryFilter;
use bluebridge::store::events::EventFilter;
use bluebridge::store::ingest::{Ingest, NewDelivery, NewEvent, Start};
use bluebridge::store::log::TEXT_LIMIT;
use serde_json::{Value, json};

use crate::database::{Database, Home, execute, on_both};
use crate::harness::{Receiver, TestBridge, event, patiently};
use crate::pages::owner;
use crate::people::act;

on_both! {
    a_delivery_knows_those_before_and_after_it_of_the_same_record_and_connection,
    a_minute_is_counted_once_however_often_and_follows_what_becomes_of_its_deliveries,
    a_minute_in_which_something_waits_long_is_counted_once_and_stays_counted_when_forgotten,
    what_waited_is_counted_beside_what_was_forgotten_of_its_minute,
    minutes_are_forgotten_however_many_are_still_open,
    a_look_for_a_text_is_bounded_and_goes_on_where_it_ended,
    what_is_selected_is_resent_and_what_is_exported_runs_in_no_spreadsheet,
    a_skipped_delivery_says_in_every_list_what_stood_in_its_way,
    whoever_watches_is_told_what_is_new_by_his_filter_and_is_sent_away_at_the_end,
    whoever_is_signed_out_while_watching_is_shown_nothing_more,
    a_page_says_whether_there_are_more,
    an_event_is_found_by_either_of_its_names,
    resending_what_is_selected_tells_what_was_made_when_it_ends_early,
    what_is_selected_and_still_waits_is_tried_now_and_not_doubled,
    what_arrived_later_is_marked_in_the_log_and_needs_no_attention,
    what_is_gone_has_no_link_in_the_log_and_offers_no_resend,
}

const DAY_MS: i64 = 86_400_000;

async fn a_minute_is_counted_once_however_often_and_follows_what_becomes_of_its_deliveries(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    receiver.answer_next(500);
    for number in 0..3 {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
    }
    let from_ms = bridge.bridge.clock.now_ms() - DAY_MS;
    for _ in 0..3 {
        counts::count(&bridge.bridge).await.unwrap();
    }
    for span in [Span::Minute, Span::Hour] {
        let series = bridge.bridge.store.series(span, from_ms).await.unwrap();
        let received: i64 = series.received.iter().map(|(_, count)| count).sum();
        let sum = series.by_destination().into_values().next().unwrap();
        assert_eq!(
            (received, sum.delivered, sum.waiting),
            (3, 2, 1),
            "{span:?}"
        );
        assert!(sum.latencies.quantile_ms(0.5).is_some());
    }
    let waiting = bridge.bridge.store.waiting().await.unwrap();
    assert_eq!(waiting.into_values().collect::<Vec<_>>(), [1]);

    // Ten minutes later the retry arrives; the minute that was settled long ago is counted anew.
    bridge.advance(Duration::from_secs(600));
    receiver.next().await;
    bridge.recorded(4).await;
    counts::count(&bridge.bridge).await.unwrap();
    let series = bridge
        .bridge
        .store
        .series(Span::Hour, from_ms)
        .await
        .unwrap();
    let sum = series.by_destination().into_values().next().unwrap();
    assert_eq!((sum.delivered, sum.waiting), (3, 0));
    assert!(bridge.bridge.store.waiting().await.unwrap().is_empty());

    let mut ada = owner(&bridge).await;
    let overview = ada.get("/?range=1h").await.html;
    assert!(overview.contains("<b class=\"good\">3</b>"), "{overview}");

    // Minutes are forgotten, hours stay, and the sums with them.
    bridge.advance(Duration::from_secs(3 * 3_600));
    counts::forget(&bridge.bridge).await.unwrap();
    let store = &bridge.bridge.store;
    assert!(
        store
            .series(Span::Minute, from_ms)
            .await
            .unwrap()
            .buckets
            .is_empty()
    );
    assert_eq!(
        store
            .series(Span::Hour, from_ms)
            .await
            .unwrap()
            .buckets
            .len(),
        1
    );
    bridge.stop().await;
}

async fn a_minute_in_which_something_waits_long_is_counted_once_and_stays_counted_when_forgotten(
    database: Database,
) {
    let bridge = TestBridge::start_with(Home::new(database), 1_795_507_200_000, |settings| {
        settings.retention_days = 7;
    })
    .await;
    let (receiver, paused) = (Receiver::start(), Receiver::start());
    let arrives = bridge.connect(&receiver, json!({})).await;
    let waits = bridge.connect(&paused, json!({})).await;
    let pause = format!("/destinations/{}/pause", waits.destination_id);
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    for number in 0..3 {
        bridge.post(&arrives.hook, &event(number)).await;
        receiver.next().await;
    }
    bridge.recorded(3).await;
    bridge.post(&waits.hook, &event(3)).await;
    let from_ms = bridge.bridge.clock.now_ms();
    let sums = async || {
        for _ in 0..2 {
            counts::count(&bridge.bridge).await.unwrap();
            counts::forget(&bridge.bridge).await.unwrap();
        }
        let series = bridge.bridge.store.series(Span::Hour, from_ms - DAY_MS);
        let series = series.await.unwrap();
        let received: i64 = series.received.iter().map(|(_, count)| count).sum();
        let sums = series.by_destination();
        let of = |id: &str| sums[&id.parse().unwrap()].clone();
        let (arrived, waiting) = (of(&arrives.destination_id), of(&waits.destination_id));
        (received, arrived.delivered, waiting.waiting)
    };
    assert_eq!(sums().await, (4, 3, 1));
    bridge.advance(Duration::from_secs(3 * 3_600));
    assert_eq!(sums().await, (4, 3, 1), "after the minutes' time");
    bridge.advance(Duration::from_secs(8 * 86_400));
    bluebridge::flow::retention::forget(&bridge.bridge)
        .await
        .unwrap();
    assert_eq!(bridge.look().count("events"), 1, "the others are forgotten");
    assert_eq!(sums().await, (4, 3, 1), "after the events' time");
    bridge.advance(Duration::from_secs(24 * 86_400));
    counts::forget(&bridge.bridge).await.unwrap();
    let waiting = bridge.bridge.store.waiting().await.unwrap();
    assert_eq!(waiting.into_values().collect::<Vec<_>>(), [1]);
    bridge.stop().await;
}

async fn what_waited_is_counted_beside_what_was_forgotten_of_its_minute(database: Database) {
    let bridge = TestBridge::start_with(Home::new(database), 1_795_507_200_000, |settings| {
        settings.retention_days = 7;
    })
    .await;
    let receiver = Receiver::start();
    let connected = bridge.connect(&receiver, json!({})).await;
    let from_ms = bridge.bridge.clock.now_ms() - DAY_MS;
    let path = |verb: &str| format!("/destinations/{}/{verb}", connected.destination_id);
    for number in 0..5 {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
    }
    bridge.recorded(5).await;
    assert_eq!(bridge.api("POST", &path("pause"), None).await.0, 200);
    for number in 5..8 {
        bridge.post(&connected.hook, &event(number)).await;
    }
    let sums = async || {
        counts::count(&bridge.bridge).await.unwrap();
        let series = bridge.bridge.store.series(Span::Hour, from_ms);
        let sums = series.await.unwrap().by_destination();
        let sum = &sums[&connected.destination_id.parse().unwrap()];
        (sum.delivered, sum.waiting)
    };
    assert_eq!(sums().await, (5, 3));
    bridge.advance(Duration::from_secs(8 * 86_400));
    bluebridge::flow::retention::forget(&bridge.bridge)
        .await
        .unwrap();
    assert_eq!(bridge.look().count("events"), 3, "the others are forgotten");
    assert_eq!(sums().await, (5, 3));
    assert_eq!(bridge.api("POST", &path("resume"), None).await.0, 200);
    for _ in 5..8 {
        receiver.next().await;
    }
    bridge.recorded(8).await;
    assert_eq!(sums().await, (8, 0));
    bridge.stop().await;
}

/// More than a statement of SQLite takes values.
async fn minutes_are_forgotten_however_many_are_still_open(database: Database) {
    const OPEN: i64 = 33_000;
    const VALUES_LIMIT: i64 = 32_766;
    let bridge = TestBridge::start_on(database).await;
    let now_ms = bridge.bridge.clock.now_ms();
    let present = now_ms - now_ms.rem_euclid(MINUTE_MS);
    let id = bridge.look().bytes(&"1".repeat(32));
    execute(
        &bridge.home.database_url,
        &format!(
            "INSERT INTO delivery_counts WITH RECURSIVE ago (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM ago WHERE n < {OPEN}) \
             SELECT 'minute', {present} - n * {MINUTE_MS}, {id}, 0, 0, 0, 0, 0, 1, '[]', {now_ms} FROM ago"
        ),
    );
    counts::forget(&bridge.bridge).await.unwrap();
    assert!(bridge.look().count("delivery_counts") as i64 > VALUES_LIMIT);
    bridge.stop().await;
}

async fn a_look_for_a_text_is_bounded_and_goes_on_where_it_ended(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let filter = json!({"filter": {"all": [{"path": "$.nowhere", "op": "exists"}]}});
    let connected = bridge.connect(&receiver, filter).await;
    let mut needle: Value = serde_json::from_slice(&event(0)).unwrap();
    needle["currentValue"]["title"] = json!("the needle");
    bridge
        .post(&connected.hook, needle.to_string().as_bytes())
        .await;
    let first = bridge
        .bridge
        .store
        .deliveries(DeliveryFilter::default())
        .await
        .unwrap();
    let first = first.into_iter().next().unwrap();
    let source_id = connected.source_id.parse().unwrap();
    let now_ms = bridge.bridge.clock.now_ms();
    let hay: Vec<_> = (1..=TEXT_LIMIT as u64 + 50)
        .map(|number| {
            let mut bits = [0_u8; 10];
            bits[2..].copy_from_slice(&number.to_be_bytes());
            let body = event(number as usize);
            let Reading::Event { facts, .. } = read(&body).unwrap() else {
                panic!("no event");
            };
            let made_ms = u64::try_from(now_ms).unwrap() + number;
            let event_id = EventId::new(made_ms, bits);
            bridge.bridge.store.ingest(Ingest {
                event: NewEvent {
                    id: event_id,
                    source_id,
                    facts,
                    received_ms: now_ms,
                    is_test: false,
                    body: body.into(),
                    unique_since_ms: None,
                },
                deliveries: vec![NewDelivery {
                    id: bluebridge::domain::id::DeliveryId::new(made_ms, bits),
                    event_id,
                    connection_id: first.connection_id,
                    version_id: first.version_id,
                    destination_id: first.destination_id,
                    cause: bluebridge::domain::delivery::Cause::Event,
                    start: Start::Skipped,
                    created_ms: now_ms,
                    lane: None,
                    replay_id: None,
                }],
            })
        })
        .collect();
    for stored in futures_util::future::join_all(hay).await {
        stored.unwrap();
    }
    // All of them in one minute, more than are held in memory at once.
    counts::count(&bridge.bridge).await.unwrap();
    let series = bridge.bridge.store.series(Span::Minute, 0).await.unwrap();
    let counted: Vec<i64> = series
        .buckets
        .iter()
        .map(|bucket| bucket.counts.skipped)
        .collect();
    assert_eq!(counted, [TEXT_LIMIT + 51]);

    let mut filter = DeliveryFilter {
        text: Some("the needle".into()),
        ..DeliveryFilter::default()
    };
    let page = bridge.bridge.store.log_page(filter.clone()).await.unwrap();
    assert!(page.rows.is_empty());
    filter.page.before = Some(page.looked_to.expect("the look ended early"));
    let page = bridge.bridge.store.log_page(filter).await.unwrap();
    assert_eq!((page.rows.len(), page.looked_to), (1, None));
    assert_eq!(page.rows[0].id, first.id);
    let events = EventFilter {
        text: Some("the needle".into()),
        ..EventFilter::default()
    };
    let page = bridge.bridge.store.events_page(events).await.unwrap();
    assert!(page.rows.is_empty() && page.looked_to.is_some());

    // The page says so and leads on; the API's cursor goes on; an export looks at everything.
    let mut ada = owner(&bridge).await;
    let html = ada.get("/deliveries?text=the+needle").await.html;
    assert!(html.contains("Nothing found so far") && html.contains("Look further"));
    // Whoever went down so far comes up again, also where nothing is found on the way.
    let found = ada.get(&link(&html, "next")).await.html;
    assert!(found.contains("title=\"the needle\""), "{found}");
    let above = ada.get(&link(&found, "prev")).await.html;
    assert!(above.contains("Nothing found so far"), "{above}");
    let found = ada.get(&link(&above, "next")).await.html;
    assert!(found.contains("title=\"the needle\""), "{found}");
    let top = ada.get(&link(&above, "prev")).await.html;
    assert_eq!(link(&top, "next"), "/deliveries?text=the+needle");
    let html = ada.get("/events?text=the+needle").await.html;
    let found = ada.get(&link(&html, "next")).await.html;
    let above = ada.get(&link(&found, "prev")).await.html;
    assert!(link(&above, "prev").starts_with("/events?text=the+needle&after="));
    let answer = bridge.get("/deliveries?text=the%20needle").await;
    assert_eq!(answer["data"], json!([]));
    let cursor = answer["next_cursor"].as_str().unwrap();
    let answer = bridge
        .get(&format!("/deliveries?text=the%20needle&cursor={cursor}"))
        .await;
    assert_eq!(answer["data"][0]["record_title"], "the needle");
    let file = ada
        .get("/deliveries/export?format=json&text=the+needle")
        .await
        .html;
    let file: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(file.as_array().unwrap().len(), 1);
    bridge.stop().await;
}

/// Where a page's link to the newer (`prev`) or older (`next`) part of a list leads.
fn link(html: &str, rel: &str) -> String {
    let before = html.split(&format!("\" rel=\"{rel}\"")).next().unwrap();
    assert_ne!(before, html, "no {rel} in {html}");
    let href = before.rsplit("href=\"").next().unwrap();
    href.replace("&#38;", "&")
}

async fn what_is_selected_is_resent_and_what_is_exported_runs_in_no_spreadsheet(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    for (number, title) in ["=1+1", "plain, \"quoted\""].into_iter().enumerate() {
        let mut body: Value = serde_json::from_slice(&event(number)).unwrap();
        body["currentValue"]["title"] = json!(title);
        bridge
            .post(&connected.hook, body.to_string().as_bytes())
            .await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
    }
    let mut ada = owner(&bridge).await;
    let csv = ada.get("/deliveries/export?format=csv").await.html;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(
        lines[0].starts_with("\u{feff}id,state,trigger,") && csv.contains(",'=1+1,"),
        "{csv}"
    );
    assert!(csv.contains(",\"plain, \"\"quoted\"\"\","), "{csv}");
    let page = ada
        .get("/deliveries/export?format=json&scope=page&state=failed")
        .await
        .html;
    assert_eq!(serde_json::from_str::<Value>(&page).unwrap(), json!([]));
    assert_eq!(ada.get("/deliveries/export?format=xml").await.status, 400);
    for wrong in [
        "state=lost",
        "connection_id=x",
        "period=1y",
        "from=yesterday",
        "before=x",
    ] {
        assert_eq!(
            ada.get(&format!("/deliveries?{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }

    let log = bridge.get("/deliveries").await;
    let ids: Vec<&str> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    // The way back from a delivery leads to the log as it was narrowed.
    let narrowed = ada.get("/deliveries?state=delivered").await.html;
    let link = format!("/deliveries/{}?log=state%3Ddelivered", ids[0]);
    assert!(narrowed.contains(&link), "{narrowed}");
    let shown = ada.get(&link).await.html;
    assert!(shown.contains("href=\"/deliveries?state=delivered\""));
    let odd = format!("/deliveries/{}?log=%5C%0A", ids[0]);
    assert!(ada.get(&odd).await.html.contains("href=\"/deliveries\">"));
    let mark = ada.get("/deliveries").await.mark();
    let gone = "01a20cec-a467-7000-9857-0cd1f79677cf";
    let fields = [
        ("csrf", mark.as_str()),
        ("id", ids[0]),
        ("id", ids[1]),
        ("id", gone),
        ("log", "state=delivered&done=x"),
    ];
    let resent = ada.post("/deliveries/resend", &fields).await;
    assert_eq!(
        resent.location.as_deref(),
        Some(
            "/deliveries?state=delivered&done=resent_many&count=2&held=0&hurried=0&left=0&refused=1&unsent=0"
        )
    );
    for _ in 0..2 {
        receiver.next().await;
    }
    bridge.recorded(4).await;
    let html = ada.get(&resent.location.unwrap()).await.html;
    assert!(html.contains("2 new deliveries were made. One was refused"));
    let many: Vec<(&str, &str)> = std::iter::once(("csrf", mark.as_str()))
        .chain(std::iter::repeat_n(("id", gone), 201))
        .collect();
    assert_eq!(ada.post("/deliveries/resend", &many).await.status, 422);
    bridge.stop().await;
}

async fn a_skipped_delivery_says_in_every_list_what_stood_in_its_way(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let wants = json!({"path": "$.currentValue.title", "op": "equals", "value": "urgent"});
    let connected = bridge.connect(&receiver, json!({"filter": wants})).await;
    let mut ada = owner(&bridge).await;
    bridge
        .post(&connected.hook, &with_title("<b>calm</b>"))
        .await;
    // The rules of then are asked, not those of now.
    let mut connection = bridge.get("/connections").await["data"][0].clone();
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    connection["filter"]["value"] = json!("later");
    let changed = bridge.api("PUT", &path, Some(connection)).await;
    assert_eq!(changed.0, 200, "{}", changed.1);
    let whole = "title=\"$.currentValue.title is &#34;&#60;b&#62;calm&#60;/b&#62;&#34;; “equals &#34;urgent&#34;” does not hold.\"";
    let why = format!("{whole}>Not met: its title equals “urgent”</span>");
    for format in ["csv", "json"] {
        let file = format!("/deliveries/export?state=skipped&format={format}");
        let file = ada.get(&file).await.html;
        assert!(file.contains("$.currentValue.title is "), "{file}");
    }
    let destination = format!("/destinations/{}", connected.destination_id);
    for page in [
        "/deliveries",
        "/deliveries?state=skipped",
        "/",
        &path,
        &destination,
    ] {
        let html = ada.get(page).await.html;
        assert!(html.contains(&why), "{page}: {html}");
    }
    let stream = bridge.http.get(bridge.url("/deliveries/tail"));
    let stream = stream.header("cookie", &ada.cookie);
    let stream = stream.header("accept", "text/event-stream");
    let mut stream = stream.send().await.unwrap();
    let page = patiently("the page's rows", stream.chunk()).await.unwrap();
    let page = String::from_utf8(page.unwrap().to_vec()).unwrap();
    assert!(page.contains(&why), "{page}");

    // A body too long to be read again for a list only says that it was skipped.
    bridge
        .post(&connected.hook, &with_title(&"x".repeat(70_000)))
        .await;
    let html = ada.get("/deliveries?state=skipped").await.html;
    assert_eq!(html.matches("class=\"why-not\"").count(), 1, "{html}");
    assert_eq!(html.matches("<tr id=\"d-").count(), 2, "{html}");
    bridge.stop().await;
}

/// An event about a record of this title.
fn with_title(title: &str) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(&event(1)).unwrap();
    body["currentValue"]["title"] = json!(title);
    body.to_string().into_bytes()
}

async fn whoever_watches_is_told_what_is_new_by_his_filter_and_is_sent_away_at_the_end(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let mut ada = owner(&bridge).await;
    let url = bridge.url("/deliveries/tail?text=needle");
    assert_eq!(bridge.http.get(&url).send().await.unwrap().status(), 303);
    assert_eq!(ada.get("/deliveries/tail").await.status, 406);
    let stream = bridge.http.get(&url).header("cookie", &ada.cookie);
    let stream = stream.header("accept", "text/event-stream");
    let mut stream = stream.header("accept-encoding", "br").send().await.unwrap();
    assert_eq!(
        stream.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    assert_eq!(stream.headers()["x-accel-buffering"], "no");
    let greeting = patiently("the greeting", stream.chunk())
        .await
        .unwrap()
        .unwrap();
    assert!(greeting.starts_with(b"retry: "));
    for title in ["hay", "a <b>needle</b>"] {
        bridge.post(&connected.hook, &with_title(title)).await;
    }
    let mut told = String::new();
    while !told.contains("</tr>") {
        let chunk = patiently("news", stream.chunk()).await.unwrap().unwrap();
        told.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(told.starts_with("event: row\ndata: "), "{told}");
    assert!(
        told.contains("a &#60;b&#62;needle&#60;/b&#62;") && !told.contains("hay"),
        "{told}"
    );
    bridge.bridge.tail.close();
    while patiently("the end", stream.chunk())
        .await
        .unwrap()
        .is_some()
    {}
    bridge.stop().await;
}

async fn whoever_is_signed_out_while_watching_is_shown_nothing_more(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    owner(&bridge).await;
    let mut viewer = crate::sweep::person(&bridge, Role::Viewer).await;
    let stream = bridge.http.get(bridge.url("/deliveries/tail"));
    let stream = stream.header("cookie", &viewer.cookie);
    let stream = stream.header("accept", "text/event-stream");
    let mut stream = stream.send().await.unwrap();
    patiently("the greeting", stream.chunk()).await.unwrap();
    assert_eq!(act(&mut viewer, "/logout", &[]).await.status, 303);
    bridge.post(&connected.hook, &event(1)).await;
    while let Some(chunk) = patiently("the end", stream.chunk()).await.unwrap() {
        let told = String::from_utf8(chunk.to_vec()).unwrap();
        assert!(!told.contains("event: row"), "{told}");
    }
    bridge.stop().await;
}

async fn a_delivery_knows_those_before_and_after_it_of_the_same_record_and_connection(
    database: Database,
) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge
        .connect_from(&connected.source_id, &receiver.url(), json!({}), json!({}))
        .await;
    for (number, record) in ["one", "two", "one", "one"].into_iter().enumerate() {
        let mut body: Value = serde_json::from_slice(&event(number)).unwrap();
        body["currentValue"]["id"] = json!(record);
        bridge
            .post(&connected.hook, body.to_string().as_bytes())
            .await;
        bridge.recorded(2 * (number as u64 + 1)).await;
        bridge.advance(Duration::from_secs(1));
    }
    let store = &bridge.bridge.store;
    let mut log = store.deliveries(DeliveryFilter::default()).await.unwrap();
    log.retain(|one| one.destination_id.to_string() == connected.destination_id);
    log.reverse();
    let records: Vec<_> = log
        .iter()
        .map(|one| one.record_id.as_deref().unwrap())
        .collect();
    assert_eq!(records, ["one", "two", "one", "one"]);
    for (here, before, after) in [
        (0, None, Some(2)),
        (1, None, None),
        (2, Some(0), Some(3)),
        (3, Some(2), None),
    ] {
        let found = store.neighbours(&log[here]).await.unwrap();
        let id = |index: Option<usize>| index.map(|index| log[index].id);
        assert_eq!(
            (found.before, found.after),
            (id(before), id(after)),
            "{here}"
        );
    }
    bridge.stop().await;
}

async fn a_page_says_whether_there_are_more(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"filter": {"all": [{"path": "$.currentValue.title", "op": "not_equals", "value": "no"}]},
        "delivery": {"max_attempts": 1}});
    let connected = bridge.connect(&receiver, rules).await;
    receiver.answer_usually(500);
    for (number, title) in ["one", "no", "two"].into_iter().enumerate() {
        bridge.post(&connected.hook, &with_title(title)).await;
        if title != "no" {
            receiver.next().await;
        }
        bridge.recorded([1, 1, 2][number]).await;
        bridge.advance(Duration::from_secs(1));
    }
    let store = &bridge.bridge.store;
    let all = store.deliveries(DeliveryFilter::default()).await.unwrap();
    let ids: Vec<_> = all.iter().map(|one| one.id).collect();
    use bluebridge::domain::delivery::State::{Delivered, Failed, Skipped};
    for states in [
        vec![],
        vec![Skipped, Failed],
        vec![Skipped, Failed, Skipped, Failed],
        vec![Delivered, Failed, Skipped],
    ] {
        for (before, after, limit, rows, has_more) in [
            (None, None, 3, &ids[..], false),
            (None, None, 2, &ids[..2], true),
            (Some(ids[0]), None, 2, &ids[1..], false),
            (Some(ids[0]), None, 1, &ids[1..2], true),
            (None, Some(ids[2]), 2, &ids[..2], false),
            (None, Some(ids[2]), 1, &ids[1..2], true),
        ] {
            let mut filter = DeliveryFilter {
                states: states.clone(),
                ..DeliveryFilter::default()
            };
            filter.page.before = before;
            filter.page.after = after;
            filter.page.limit = limit;
            let page = store.log_page(filter).await.unwrap();
            let found: Vec<_> = page.rows.iter().map(|one| one.id).collect();
            let asked = format!("{states:?} {before:?} {after:?} {limit}");
            assert_eq!((&found[..], page.has_more), (rows, has_more), "{asked}");
        }
    }
    bridge.stop().await;
}

async fn an_event_is_found_by_either_of_its_names(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let named = |name: &str| json!({"event": name, "currentValue": {"id": "7"}}).to_string();
    for name in [
        "TODO_CREATED",
        "RECORD_CREATED",
        "TODO_MOVED",
        "RECORD_NEWS",
    ] {
        bridge.post(&connected.hook, named(name).as_bytes()).await;
        receiver.next().await;
    }
    bridge.recorded(4).await;
    let mut ada = owner(&bridge).await;
    for (name, count) in [
        ("TODO_CREATED", 2),
        ("RECORD_CREATED", 2),
        ("RECORD_MOVED", 1),
        ("TODO_NEWS", 1),
        ("TODO_DELETED", 0),
    ] {
        for list in ["/deliveries?event_type=", "/events?type="] {
            let found = bridge.get(&format!("{list}{name}")).await;
            assert_eq!(
                found["data"].as_array().unwrap().len(),
                count,
                "{list}{name}"
            );
        }
        let replay = json!({"filter": {"event_type": name}, "dry_run": true});
        let (_, counted) = bridge.api("POST", "/replays", Some(replay)).await;
        assert_eq!(counted["count"], count, "{name}");
        let html = ada
            .get(&format!("/deliveries?event_type={name}"))
            .await
            .html;
        assert_eq!(html.matches("<tr id=\"d-").count(), count, "{name}");
        let html = ada.get(&format!("/events?type={name}")).await.html;
        assert_eq!(html.matches("<td class=\"event\"").count(), count, "{name}");
        let export = format!("/deliveries/export?format=csv&event_type={name}");
        assert_eq!(
            ada.get(&export).await.html.lines().count(),
            count + 1,
            "{name}"
        );
        let filter = DeliveryFilter {
            event_type: Some(name.into()),
            ..DeliveryFilter::default()
        };
        let all = bridge.bridge.store.deliveries(DeliveryFilter::default());
        let all = all.await.unwrap();
        let told = all
            .iter()
            .filter(|one| filter.accepts_apart_from_state(one));
        assert_eq!(told.count(), count, "live: {name}");
    }
    // The rows call both the same, and the list to choose from has it once.
    let html = ada.get("/deliveries?event_type=record_created").await.html;
    assert!(!html.contains("RECORD_CREATED</"), "{html}");
    assert_eq!(html.matches("<option value=\"Record created\">").count(), 1);
    assert_eq!(html.matches("<tr id=\"d-").count(), 2);
    assert!(html.contains("name=\"event_type\" value=\"Record created\""));
    bridge.stop().await;
}

async fn resending_what_is_selected_tells_what_was_made_when_it_ends_early(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    for number in 0..3 {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
        bridge.advance(Duration::from_secs(1));
    }
    let store = &bridge.bridge.store;
    let log = store.deliveries(DeliveryFilter::default()).await.unwrap();
    let broken = log[1].event_id.to_string().replace('-', "");
    let broken = bridge.look().bytes(&broken);
    execute(
        &bridge.home.database_url,
        &format!("UPDATE events SET occurred_at = 9000000000000000000 WHERE id = {broken}"),
    );
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/deliveries").await.mark();
    let ids: Vec<String> = log.iter().map(|one| one.id.to_string()).collect();
    let mut fields = vec![("csrf", mark.as_str())];
    fields.extend(ids.iter().map(|id| ("id", id.as_str())));
    let resent = ada.post("/deliveries/resend", &fields).await;
    let told = "/deliveries?done=resent_many&count=1&held=0&hurried=0&left=0&refused=0&unsent=2";
    assert_eq!(resent.location.as_deref(), Some(told));
    let html = ada.get(told).await.html;
    assert!(
        html.contains("One new delivery was made. The newest 2 were not sent"),
        "{html}"
    );
    bridge.stop().await;
}

async fn what_is_selected_and_still_waits_is_tried_now_and_not_doubled(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    for (number, status) in [200, 500].into_iter().enumerate() {
        receiver.answer_next(status);
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
    }
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/deliveries").await.mark();
    let log = bridge.get("/deliveries").await;
    let rows = log["data"].as_array().unwrap();
    let mut fields = vec![("csrf", mark.as_str())];
    fields.extend(rows.iter().map(|one| ("id", one["id"].as_str().unwrap())));
    let resent = ada.post("/deliveries/resend", &fields).await;
    let told = "/deliveries?done=resent_many&count=1&held=0&hurried=1&left=0&refused=0&unsent=0";
    assert_eq!(resent.location.as_deref(), Some(told));
    for _ in 0..2 {
        receiver.next().await;
    }
    bridge.recorded(4).await;
    let html = ada.get(told).await.html;
    let said =
        "One new delivery was made. One that waited is tried now; no second one was made of it.";
    assert!(html.contains(said), "{html}");
    let log = bridge.get("/deliveries").await;
    let causes: Vec<&str> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["trigger"].as_str().unwrap())
        .collect();
    assert_eq!(causes, ["resend", "event", "event"]);

    // What waits for a paused destination goes out when that is resumed, once.
    let pause = format!("/destinations/{}/pause", connected.destination_id);
    ada.post(&pause, &[("csrf", &mark)]).await;
    bridge.post(&connected.hook, &event(2)).await;
    let held = bridge.get("/deliveries?state=held").await["data"][0]["id"].clone();
    let fields = [("csrf", mark.as_str()), ("id", held.as_str().unwrap())];
    let left = ada
        .post("/deliveries/resend", &fields)
        .await
        .location
        .unwrap();
    assert!(left.contains("count=0&held=0&hurried=0&left=1&"), "{left}");
    let html = ada.get(&left).await.html;
    assert!(
        html.contains("One still waits, for a destination that is held or paused"),
        "{html}"
    );
    assert!(!html.contains("Nothing was sent again"), "{html}");
    bridge.stop().await;
}

async fn what_arrived_later_is_marked_in_the_log_and_needs_no_attention(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"max_attempts": 1}}))
        .await;
    for number in 0..2 {
        receiver.answer_next(500);
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
    }
    counts::count(&bridge.bridge).await.unwrap();
    let mut ada = owner(&bridge).await;
    let needs = |html: &str, said: &str| html.contains(said);
    let overview = ada.get("/").await.html;
    assert!(needs(&overview, "2 deliveries to"), "{overview}");
    assert!(needs(&overview, "and are not tried again."), "{overview}");
    let log = bridge.get("/deliveries?state=failed").await;
    for (number, one) in log["data"].as_array().unwrap().iter().enumerate() {
        let path = format!("/deliveries/{}/resend", one["id"].as_str().unwrap());
        assert!(bridge.api("POST", &path, None).await.0 < 300);
        receiver.next().await;
        bridge.recorded(number as u64 + 3).await;
        counts::count(&bridge.bridge).await.unwrap();
        let overview = ada.get("/").await.html;
        let failed = needs(&overview, "1 delivery to");
        assert_eq!(failed, number == 0, "{overview}");
        let rows = ada.get("/deliveries?state=failed").await.html;
        assert_eq!(
            rows.matches(">Arrived later<").count(),
            number + 1,
            "{rows}"
        );
    }
    assert!(!needs(&ada.get("/").await.html, "not tried again."));
    bridge.stop().await;
}

async fn what_is_gone_has_no_link_in_the_log_and_offers_no_resend(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.post(&connected.hook, &event(0)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let connection = bridge.get("/connections").await["data"][0]["id"].clone();
    let connection = format!("/connections/{}", connection.as_str().unwrap());
    let destination = format!("/destinations/{}", connected.destination_id);
    for gone in [&connection, &destination] {
        assert!(bridge.api("DELETE", gone, None).await.0 < 300);
    }
    let mut ada = owner(&bridge).await;
    let log = ada.get("/deliveries").await.html;
    let id = bridge.get("/deliveries").await["data"][0]["id"].clone();
    let shown = ada
        .get(&format!("/deliveries/{}", id.as_str().unwrap()))
        .await
        .html;
    for html in [&log, &ada.get("/").await.html, &shown] {
        for gone in [&connection, &destination] {
            assert!(
                !html.contains(&format!("href=\"{gone}\"")),
                "{gone}: {html}"
            );
        }
        assert!(html.contains("(deleted)"), "{html}");
    }
    let resend = format!("{}/resend", id.as_str().unwrap());
    assert!(!shown.contains(&resend), "{shown}");
    assert!(!shown.contains(">Resend</button>"), "{shown}");
    assert!(shown.contains("Its destination was deleted"), "{shown}");
    bridge.stop().await;
}

#[actix_web::test]
async fn what_narrows_the_log_is_what_the_form_shows() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let mut ada = owner(&bridge).await;
    // Rows that come in while somebody watches can be selected.
    let empty = ada.get("/deliveries").await.html;
    assert!(empty.contains("<div class=\"bulk\" hidden>"), "{empty}");
    let mut viewer = crate::sweep::person(&bridge, Role::Viewer).await;
    let empty = viewer.get("/deliveries").await.html;
    assert!(!empty.contains("class=\"bulk\""), "{empty}");

    // Several states, as the overview asks for them, stay chosen and have their names.
    let html = ada
        .get("/deliveries?state=failed,mapping_failed")
        .await
        .html;
    let chosen = "<option value=\"failed,mapping_failed\" selected>Failed, Mapping failed</option>";
    assert!(html.contains(chosen), "{html}");
    let chip = "<span class=\"clip\">Failed, Mapping failed</span>";
    assert!(html.contains(chip), "{html}");
    assert_eq!(html.matches(" selected>").count(), 1, "{html}");
    for state in ["problem", "failed", ""] {
        let html = ada.get(&format!("/deliveries?state={state}")).await.html;
        let expected = usize::from(!state.is_empty());
        assert_eq!(html.matches(" selected>").count(), expected, "{state}");
    }
    // A group is still one after the way through the planner.
    let html = ada.get("/deliveries?state=problem").await.html;
    assert!(html.contains("/replays/new?state=problem\""), "{html}");
    let planner = ada.get("/replays/new?state=problem").await.html;
    assert!(
        planner.contains("href=\"/deliveries?state=problem\""),
        "{planner}"
    );

    // A stretch of time and a beginning both narrow.
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    for (from, rows) in [(-60, 1), (60, 0), (-7_200, 1)] {
        let from = bridge.bridge.clock.now() + jiff::SignedDuration::from_secs(from);
        let query = format!("/deliveries?period=1h&from={from}");
        let html = ada.get(&query).await.html;
        assert_eq!(html.matches("<tr id=\"d-").count(), rows, "{query}");
    }
    bridge.advance(Duration::from_secs(5_400));
    let from = bridge.bridge.clock.now() - jiff::SignedDuration::from_secs(7_200);
    let html = ada.get(&format!("/deliveries?period=1h&from={from}")).await;
    assert_eq!(
        html.html.matches("<tr id=\"d-").count(),
        0,
        "an hour is one"
    );
    bridge.stop().await;
}

#[actix_web::test]
async fn whoever_watches_what_never_comes_is_kept_connected() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let ada = owner(&bridge).await;
    bridge.bridge.tail.set_beat_every_ms(500);
    let stream = bridge.http.get(bridge.url("/deliveries/tail?text=needle"));
    let stream = stream.header("cookie", &ada.cookie);
    let stream = stream.header("accept", "text/event-stream");
    let mut stream = stream.send().await.unwrap();
    patiently("the greeting", stream.chunk()).await.unwrap();
    let came = async {
        for number in 0.. {
            bridge.post(&connected.hook, &event(number)).await;
            bridge.bridge.tail.tick(&bridge.bridge).await.unwrap();
        }
    };
    let beat = patiently("a sign of life", async {
        tokio::select! {
            () = came => None,
            chunk = stream.chunk() => chunk.unwrap(),
        }
    });
    assert_eq!(beat.await.unwrap(), &b": still here\n\n"[..]);
    bridge.stop().await;
}

#[actix_web::test]
async fn an_event_is_asked_for_by_what_its_rows_call_it() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let mut ada = owner(&bridge).await;
    let connected = bridge.connect(&receiver, json!({})).await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    for (name, rows) in [
        ("TODO_CREATED", 1),
        ("todo_created", 1),
        ("Record+created", 1),
        ("+RECORD+Created", 1),
        ("Record+dibuat", 1),
        ("Record+deleted", 0),
        ("SOMETHING_NEW", 0),
    ] {
        let html = ada
            .get(&format!("/deliveries?event_type={name}"))
            .await
            .html;
        assert_eq!(html.matches("<tr id=\"d-").count(), rows, "{name}");
        let html = ada.get(&format!("/events?type={name}")).await.html;
        assert_eq!(html.matches("<td class=\"event\"").count(), rows, "{name}");
    }
    // The field shows it as the rows do, and what nobody here knows as it was written.
    let html = ada.get("/deliveries?event_type=TODO_CREATED").await.html;
    assert!(html.contains("name=\"event_type\" value=\"Record created\""));
    assert!(html.contains("/replays/new?event_type=TODO_CREATED"));
    let html = ada.get("/events?type=SOMETHING_NEW").await.html;
    assert!(html.contains("name=\"type\" value=\"SOMETHING_NEW\""));

    // A beginning after the end is told.
    let html = ada
        .get("/deliveries?from=2026-02-01T10:00&to=2026-01-01T10:00")
        .await
        .html;
    assert!(html.contains("so nothing can match"), "{html}");
    bridge.stop().await;
}

#[actix_web::test]
async fn what_arrived_is_resent_only_after_it_was_asked_and_what_failed_at_once() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let mut ada = owner(&bridge).await;
    let connected = bridge
        .connect(&receiver, json!({"delivery": {"max_attempts": 1}}))
        .await;
    bridge.post(&connected.hook, &event(1)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let delivered = newest(&bridge).await;
    let page = ada.get(&delivered).await;
    assert!(
        page.html
            .contains("data-confirm=\"This was delivered already.")
    );
    let mark = page.mark();
    let resend = format!("{delivered}/resend");
    let asked = ada
        .post(&resend, &[("csrf", &mark), ("version", "then")])
        .await;
    assert_eq!(asked.status, 200);
    assert!(asked.html.contains("Send it again?"), "{}", asked.html);
    assert!(receiver.is_idle().await);
    let fields = [("csrf", &*mark), ("version", "then"), ("confirmed", "yes")];
    receiver.answer_next(500);
    assert_eq!(ada.post(&resend, &fields).await.status, 303);
    receiver.next().await;
    bridge.recorded(2).await;

    let failed = newest(&bridge).await;
    let html = ada.get(&failed).await.html;
    assert!(!html.contains("/resend\" data-confirm"), "{html}");
    let fields = [("csrf", &*mark), ("version", "then")];
    let sent = ada.post(&format!("{failed}/resend"), &fields).await;
    assert_eq!(sent.status, 303);
    receiver.next().await;

    // Without scripts, nothing need be ticked.
    let none = ada.post("/deliveries/resend", &[("csrf", &mark)]).await;
    let told = ada.get(&none.location.unwrap()).await.html;
    assert!(told.contains("no delivery was ticked"), "{told}");
    bridge.stop().await;
}

#[actix_web::test]
async fn a_connection_whose_destination_fails_does_not_look_fine_in_the_list() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let mut ada = owner(&bridge).await;
    receiver.answer_usually(500);
    bridge.post(&connected.hook, &event(1)).await;
    let failing = r#"<span class="chip bad">Failing</span>"#;
    patiently("the list tells of it", async {
        while !ada.get("/connections").await.html.contains(failing) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bridge.stop().await;
}

/// The page of the newest delivery.
async fn newest(bridge: &TestBridge) -> String {
    let log = bridge.get("/deliveries?limit=1").await;
    format!("/deliveries/{}", log["data"][0]["id"].as_str().unwrap())
}

#[actix_web::test]
async fn what_waits_for_its_destination_is_let_go_from_its_own_page() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let destination = format!("/destinations/{}", connected.destination_id);
    let paused = bridge
        .api("POST", &format!("{destination}/pause"), Some(json!({})))
        .await;
    assert_eq!(paused.0, 200, "{}", paused.1);
    bridge.post(&connected.hook, &event(1)).await;
    let held = newest(&bridge).await;
    let action = format!("action=\"{destination}/resume\"");
    let mut ada = owner(&bridge).await;
    let mut viewer = crate::sweep::person(&bridge, Role::Viewer).await;
    assert!(!viewer.get(&held).await.html.contains(&action));
    let listed = ada.get("/connections").await.html;
    assert!(listed.contains(r#"<span class="chip warn">Paused</span>"#));
    let page = ada.get(&held).await;
    assert!(page.html.contains(&action), "{}", page.html);
    let mark = page.mark();
    let resumed = ada
        .post(&format!("{destination}/resume"), &[("csrf", &mark)])
        .await;
    assert_eq!(resumed.status, 303);
    receiver.next().await;
    bridge.stop().await;
}

#[actix_web::test]
async fn what_could_not_be_mapped_says_why_in_its_row_and_counts_alike_on_the_overview() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let mapping = json!({"mode": "fields", "fields": [{"to": "a", "from": {"path": "$.nowhere"}, "when_missing": "fail"}]});
    let connected = bridge.connect(&receiver, json!({"mapping": mapping})).await;
    bridge.post(&connected.hook, &event(1)).await;
    let mut ada = owner(&bridge).await;
    let html = ada.get("/deliveries").await.html;
    assert!(
        html.contains("a: There is no value at $.nowhere, and the field must have one.</span>"),
        "{html}"
    );
    bridge.advance(Duration::from_secs(180));
    counts::count(&bridge.bridge).await.unwrap();
    let html = ada.get("/").await.html;
    assert!(html.contains("<b class=\"bad\">1</b>"), "{html}");
    assert!(
        html.contains("data-label=\"Failed\" class=\"right\">1<"),
        "{html}"
    );
    assert!(
        html.contains("Failed counts 1 delivery whose mapping failed"),
        "{html}"
    );
    bridge.stop().await;
}
