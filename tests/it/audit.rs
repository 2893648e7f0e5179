//! The audit log: every route that changes something leaves its note in the change's own transaction, and failed sign-ins are told within bounds.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::http::Method;
use bluebridge::domain::audit::{Actor, ActorKind};
use bluebridge::domain::person::Role;
use bluebridge::store::audit::LOOK_LIMIT;
use bluebridge::web::routes::{API_PREFIX, api, pages};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::audit_accounts;
use crate::database::{Database, execute, on_both};
use crate::harness::{Connected, Receiver, TestBridge, event, patiently};
use crate::pages::{Page, Visitor, owner};
use crate::people::{ADA, act, id_of, sign_in};
use crate::phrases::in_indonesian;
use crate::sweep::person;

on_both!(
    every_route_that_changes_something_is_on_record,
    a_change_whose_note_cannot_be_written_is_not_made,
    failed_sign_ins_are_told_within_bounds,
    a_search_is_bounded_and_goes_on_where_it_ended,
);

/// What an unsafe route leaves in the audit log: a note of this action, which the story below makes, or nothing for this reason.
#[derive(Clone, Copy)]
enum Trace {
    Noted(&'static str),
    Nothing(&'static str),
}
use Trace::{Noted, Nothing};

/// Every unsafe route of the API.
const API: [(&str, Trace); 22] = [
    ("POST /sources", Noted("source.created")),
    ("PUT /sources/{id}", Noted("source.changed")),
    ("DELETE /sources/{id}", Noted("source.deleted")),
    ("POST /destinations", Noted("destination.created")),
    ("PUT /destinations/{id}", Noted("destination.changed")),
    ("DELETE /destinations/{id}", Noted("destination.deleted")),
    ("POST /destinations/{id}/pause", Noted("destination.paused")),
    (
        "POST /destinations/{id}/resume",
        Noted("destination.resumed"),
    ),
    (
        "POST /destinations/{id}/rotate-secret",
        Noted("destination.secret_rotated"),
    ),
    (
        "POST /destinations/{id}/try-now",
        Noted("destination.hurried"),
    ),
    ("POST /destinations/{id}/test", Noted("destination.tested")),
    ("POST /connections", Noted("connection.created")),
    ("PUT /connections/{id}", Noted("connection.changed")),
    ("DELETE /connections/{id}", Noted("connection.deleted")),
    (
        "POST /connections/{id}/dry-run",
        Nothing("it only computes"),
    ),
    ("POST /events/{id}/send", Noted("delivery.resent")),
    ("POST /deliveries/{id}/resend", Noted("delivery.resent")),
    ("POST /deliveries/{id}/try-now", Noted("delivery.hurried")),
    ("POST /deliveries/{id}/discard", Noted("delivery.discarded")),
    ("POST /replays", Noted("replay.begun")),
    ("POST /replays/{id}/cancel", Noted("replay.cancelled")),
    ("POST /decide", Nothing("it only computes")),
];

/// Every form of the pages.
const PAGES: [(&str, Trace); 52] = [
    ("POST /setup", Noted("person.set_up")),
    ("POST /login", Noted("person.signed_in")),
    ("POST /login/code", Noted("person.signed_in")),
    ("POST /logout", Noted("person.signed_out")),
    ("POST /invite/{token}", Noted("person.joined")),
    ("POST /sources", Noted("source.created")),
    ("POST /sources/{id}", Noted("source.changed")),
    ("POST /sources/{id}/delete", Noted("source.deleted")),
    ("POST /destinations", Noted("destination.created")),
    ("POST /destinations/{id}", Noted("destination.changed")),
    ("POST /destinations/{id}/pause", Noted("destination.paused")),
    (
        "POST /destinations/{id}/resume",
        Noted("destination.resumed"),
    ),
    (
        "POST /destinations/{id}/try-now",
        Noted("destination.hurried"),
    ),
    ("POST /destinations/{id}/test", Noted("destination.tested")),
    (
        "POST /destinations/{id}/rotate-secret",
        Noted("destination.secret_rotated"),
    ),
    (
        "POST /destinations/{id}/delete",
        Noted("destination.deleted"),
    ),
    ("POST /connections", Noted("connection.created")),
    ("POST /connections/live", Nothing("it only computes")),
    ("POST /connections/import", Noted("connection.changed")),
    ("POST /connections/{id}", Noted("connection.changed")),
    (
        "POST /connections/{id}/versions/{number}/restore",
        Noted("connection.changed"),
    ),
    ("POST /connections/{id}/enable", Noted("connection.enabled")),
    (
        "POST /connections/{id}/disable",
        Noted("connection.disabled"),
    ),
    (
        "POST /connections/{id}/duplicate",
        Noted("connection.created"),
    ),
    ("POST /connections/{id}/test", Noted("connection.tested")),
    ("POST /connections/{id}/delete", Noted("connection.deleted")),
    ("POST /events/{id}/send", Noted("delivery.resent")),
    ("POST /deliveries/resend", Noted("delivery.resent")),
    ("POST /deliveries/{id}/resend", Noted("delivery.resent")),
    ("POST /deliveries/{id}/try-now", Noted("delivery.hurried")),
    ("POST /deliveries/{id}/discard", Noted("delivery.discarded")),
    ("POST /replays", Noted("replay.begun")),
    ("POST /replays/{id}/cancel", Noted("replay.cancelled")),
    (
        "POST /language",
        Nothing("how one's own browser shows pages"),
    ),
    ("POST /settings/reading", Noted("person.reading_chosen")),
    ("POST /settings/name", Noted("person.renamed")),
    ("POST /settings/password", Noted("person.password_changed")),
    (
        "POST /settings/sessions/end-others",
        Noted("person.sessions_ended"),
    ),
    (
        "POST /settings/sessions/{id}/end",
        Noted("person.session_ended"),
    ),
    (
        "POST /settings/second-factor/begin",
        Nothing("nothing is in force before it is confirmed"),
    ),
    (
        "POST /settings/second-factor/confirm",
        Noted("person.second_factor_on"),
    ),
    (
        "POST /settings/second-factor/codes",
        Noted("person.recovery_codes_made"),
    ),
    (
        "POST /settings/second-factor/off",
        Noted("person.second_factor_off"),
    ),
    ("POST /settings/people/invite", Noted("invite.created")),
    (
        "POST /settings/people/invites/{id}/withdraw",
        Noted("invite.withdrawn"),
    ),
    (
        "POST /settings/people/{id}/role",
        Noted("person.role_changed"),
    ),
    (
        "POST /settings/people/{id}/deactivate",
        Noted("person.deactivated"),
    ),
    (
        "POST /settings/people/{id}/activate",
        Noted("person.activated"),
    ),
    ("POST /settings/people/{id}/remove", Noted("person.removed")),
    (
        "POST /settings/people/{id}/reset-second-factor",
        Noted("person.second_factor_reset"),
    ),
    ("POST /settings/tokens", Noted("token.created")),
    ("POST /settings/tokens/{id}/revoke", Noted("token.revoked")),
];

/// A time that no test comes to.
const FAR_MS: i64 = 4_000_000_000_000;

/// Walks through the routes, and sees what each has left in the audit log.
pub struct Story<'a> {
    pub bridge: &'a TestBridge,
    receiver: &'a Receiver,
    proven: BTreeSet<String>,
    /// Notes that were seen.
    seen: usize,
    /// The note of the route that was used last.
    note: Value,
}

impl Story<'_> {
    /// Everything that was noted, the newest first.
    pub async fn notes(&self) -> Vec<Value> {
        let mut log = self.bridge.get("/audit?limit=100").await;
        let mut notes = log["data"].as_array().unwrap().clone();
        while let Some(next) = log["next_cursor"].as_str() {
            let path = format!("/audit?limit=100&cursor={next}");
            log = self.bridge.get(&path).await;
            notes.extend(log["data"].as_array().unwrap().clone());
        }
        notes
    }

    /// What was noted since this was last asked; each is also told in the other language.
    pub async fn news(&mut self) -> Vec<Value> {
        let mut notes = self.notes().await;
        let new = notes.len() - self.seen;
        self.seen = notes.len();
        notes.truncate(new);
        for note in &notes {
            in_indonesian(note["sentence"].as_str().unwrap());
        }
        notes
    }

    /// The route was used: it has left what the table says.
    async fn used(&mut self, route: &str, table: &[(&str, Trace)]) {
        let news = self.news().await;
        let (_, trace) = table.iter().find(|(name, _)| *name == route).unwrap();
        match trace {
            Noted(action) => {
                let noted = news.iter().find(|new| new["action"] == *action);
                self.note = noted.unwrap_or_else(|| panic!("{route}: {news:?}")).clone();
            }
            Nothing(reason) => assert!(news.is_empty(), "{route}: {news:?}, although {reason}"),
        }
        let prefix = if table.len() == API.len() { "api " } else { "" };
        self.proven.insert(format!("{prefix}{route}"));
    }

    /// A form of the pages was used.
    pub async fn form_used(&mut self, route: &str) {
        self.used(route, &PAGES).await;
    }

    /// The last note says who did what to whom, in these words and no others.
    pub fn says(&self, person: &str, object_id: &str, sentence: &str) {
        let note = &self.note;
        let actor = &note["actor"];
        assert_eq!(
            (&actor["kind"], &actor["name"], &actor["address"]),
            (&json!("person"), &json!(person), &json!("127.0.0.1")),
            "{note}"
        );
        let (kind, _) = note["action"].as_str().unwrap().split_once('.').unwrap();
        assert_eq!(note["object"], json!({"kind": kind, "id": object_id}));
        assert_eq!(note["sentence"], sentence);
    }

    /// The object of the last note.
    pub fn object_id(&self) -> String {
        self.note["object"]["id"].as_str().unwrap().to_string()
    }

    async fn api(&mut self, route: &str, id: &str, body: Value) -> Value {
        let (method, path) = route.split_once(' ').unwrap();
        let (status, answer) = self
            .bridge
            .api(method, &path.replace("{id}", id), Some(body))
            .await;
        assert!((200..300).contains(&status), "{route}: {status} {answer}");
        self.used(route, &API).await;
        answer
    }

    pub async fn page(
        &mut self,
        visitor: &mut Visitor<'_>,
        path: &str,
        id: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let page = act(visitor, &path.replace("{id}", id), fields).await;
        assert!(page.status < 400, "{path}: {} {}", page.status, page.html);
        self.used(&format!("POST {path}"), &PAGES).await;
        page
    }

    /// A failed delivery, and one that waits.
    async fn deliveries(&self, connected: &Connected, number: usize) -> (String, String) {
        let bridge = self.bridge;
        self.receiver.answer_next(500);
        let path = format!("/destinations/{}", connected.destination_id);
        let (_, failed) = bridge.post(&connected.hook, &event(number)).await;
        self.receiver.next().await;
        bridge.recorded(bridge_count(bridge).await).await;
        assert_eq!(
            bridge.api("POST", &format!("{path}/pause"), None).await.0,
            200
        );
        let (_, held) = bridge.post(&connected.hook, &event(number + 1)).await;
        let of = async |event: &Value| {
            let path = format!("/deliveries?event={}", event["event_id"].as_str().unwrap());
            let log = bridge.get(&path).await;
            log["data"][0]["id"].as_str().unwrap().to_string()
        };
        let found = (of(&failed).await, of(&held).await);
        assert_eq!(
            bridge.get(&format!("/deliveries/{}", found.1)).await["state"],
            "held"
        );
        found
    }
}

fn id_in(value: &Value) -> String {
    value["id"].as_str().unwrap().to_string()
}

/// The id in the address that a form leads to.
fn led_to(page: &Page) -> String {
    let location = page.location.as_deref().unwrap();
    let path = location.split('?').next().unwrap();
    path.rsplit('/').next().unwrap().to_string()
}

async fn every_route_that_changes_something_is_on_record(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let mut story = Story {
        bridge: &bridge,
        receiver: &receiver,
        proven: BTreeSet::new(),
        seen: 0,
        note: Value::Null,
    };
    let mut ada = owner(&bridge).await;
    story.form_used("POST /setup").await;
    story.says("Ada", &id_of(&bridge, ADA).await, "Made the first account.");
    programs(&mut story).await;
    forms(&mut story, &mut ada).await;
    let mut secrets = audit_accounts::own_account(&mut story, &mut ada).await;
    secrets.extend(audit_accounts::other_people(&mut story, &mut ada).await);
    let log = json!(story.notes().await).to_string();
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }

    let mut routes: BTreeSet<String> = BTreeSet::new();
    let unsafe_ones = |entries: Vec<bluebridge::web::route::Entry>, prefix: &str| {
        let entries = entries
            .into_iter()
            .filter(|entry| entry.method != Method::GET);
        let names = entries.map(|entry| format!("{prefix}{} {}", entry.method, entry.path));
        names.collect::<Vec<_>>()
    };
    routes.extend(unsafe_ones(api(), "api "));
    routes.extend(unsafe_ones(pages(), ""));
    let named = |table: &[(&str, Trace)], prefix: &str| {
        let names = table.iter().map(|(route, _)| format!("{prefix}{route}"));
        names.collect::<Vec<_>>()
    };
    let mut tables: BTreeSet<String> = named(&API, "api ").into_iter().collect();
    tables.extend(named(&PAGES, ""));
    assert_eq!(tables, routes, "below {API_PREFIX} and in the pages");
    let unused: Vec<&String> = routes.difference(&story.proven).collect();
    assert!(unused.is_empty(), "{unused:?}");
    bridge.stop().await;
}

async fn programs(story: &mut Story<'_>) {
    let receiver = story.receiver.url();
    let source = json!({"name": "Blue", "secret": crate::harness::SECRET});
    let source = story.api("POST /sources", "", source).await;
    let change = json!({"name": "Blue again"});
    story
        .api("PUT /sources/{id}", &id_in(&source), change)
        .await;
    let document = json!({"name": "R", "config": {"url": receiver}});
    let destination = story.api("POST /destinations", "", document.clone()).await;
    let destination_id = id_in(&destination);
    story
        .api("PUT /destinations/{id}", &destination_id, document)
        .await;
    story
        .api(
            "POST /destinations/{id}/rotate-secret",
            &destination_id,
            json!({}),
        )
        .await;
    let document = json!({"name": "c", "source_id": source["id"], "destination_id": destination["id"], "delivery": {"max_attempts": 1}});
    let connection = story.api("POST /connections", "", document.clone()).await;
    let connection_id = id_in(&connection);
    story
        .api("PUT /connections/{id}", &connection_id, document)
        .await;
    story
        .api("POST /connections/{id}/dry-run", &connection_id, json!({}))
        .await;
    let question = json!({"event": {"event": "TODO_CREATED"}});
    story.api("POST /decide", "", question).await;

    let token = source["token"].as_str().unwrap();
    let connected = Connected {
        hook: story.bridge.url(&format!("/hooks/{token}")),
        source_id: id_in(&source),
        destination_id: destination_id.clone(),
    };
    let (failed, held) = story.deliveries(&connected, 0).await;
    story.news().await;
    let event_id = story.bridge.get(&format!("/deliveries/{failed}")).await["event_id"].clone();
    let later = json!({"name": "later", "source_id": source["id"], "destination_id": destination["id"], "delivery": {"max_attempts": 1}});
    let later = story.api("POST /connections", "", later).await;
    let way = json!({"connection_id": later["id"]});
    story
        .api("POST /events/{id}/send", event_id.as_str().unwrap(), way)
        .await;
    story
        .api("DELETE /connections/{id}", &id_in(&later), json!({}))
        .await;
    story
        .api("POST /deliveries/{id}/discard", &held, json!({}))
        .await;
    story
        .api("POST /destinations/{id}/resume", &destination_id, json!({}))
        .await;
    execute(
        &story.bridge.home.database_url,
        &format!(
            "UPDATE deliveries SET state = 'retrying', due_at = {FAR_MS}, finished_at = NULL WHERE state = 'failed'"
        ),
    );
    for (route, id) in [
        ("POST /deliveries/{id}/try-now", &failed),
        ("POST /destinations/{id}/try-now", &destination_id),
        ("POST /destinations/{id}/test", &destination_id),
    ] {
        story.api(route, id, json!({})).await;
    }
    // What was held, what was hurried, and the test.
    for _ in 0..3 {
        story.receiver.next().await;
    }
    story
        .api("POST /destinations/{id}/pause", &destination_id, json!({}))
        .await;
    story
        .api("POST /deliveries/{id}/resend", &failed, json!({}))
        .await;
    let replay = story.api("POST /replays", "", json!({"filter": {}})).await;
    story
        .api("POST /replays/{id}/cancel", &id_in(&replay), json!({}))
        .await;
    story
        .api("DELETE /connections/{id}", &connection_id, json!({}))
        .await;
    story
        .api("DELETE /destinations/{id}", &destination_id, json!({}))
        .await;
    story
        .api("DELETE /sources/{id}", &connected.source_id, json!({}))
        .await;
}

async fn forms(story: &mut Story<'_>, ada: &mut Visitor<'_>) {
    let receiver = story.receiver.url();
    let source = story.page(ada, "/sources", "", &[("name", "Blue")]).await;
    let source_id = led_to(&source);
    let fields = [
        ("name", "Blue"),
        ("secret", crate::harness::SECRET),
        ("require_signature", "on"),
    ];
    story.page(ada, "/sources/{id}", &source_id, &fields).await;
    let fields = [
        ("name", "R"),
        ("url", receiver.as_str()),
        ("method", "POST"),
        ("auth", "none"),
        ("scheme", "none"),
    ];
    let destination = story.page(ada, "/destinations", "", &fields).await;
    let destination_id = led_to(&destination);
    let mut signed = fields;
    signed[4].1 = "standard_webhooks";
    for (path, fields) in [
        ("/destinations/{id}", &signed[..]),
        ("/destinations/{id}/rotate-secret", &[]),
        ("/destinations/{id}/test", &[]),
    ] {
        story.page(ada, path, &destination_id, fields).await;
    }
    story.receiver.next().await;
    let fields = [
        ("name", "Through"),
        ("source_id", source_id.as_str()),
        ("destination_id", &destination_id),
        ("filter_mode", "none"),
        ("mapping_mode", "passthrough"),
        ("max_attempts", "1"),
    ];
    let connection = story.page(ada, "/connections", "", &fields).await;
    let id = led_to(&connection);
    story.page(ada, "/connections/live", "", &fields).await;
    let mut changed = fields;
    changed[5].1 = "2";
    story.page(ada, "/connections/{id}", &id, &changed).await;
    let restore = "/connections/{id}/versions/{number}/restore";
    let path = restore.replace("{id}", &id).replace("{number}", "1");
    assert_eq!(act(ada, &path, &[]).await.status, 303);
    story.used(&format!("POST {restore}"), &PAGES).await;
    for verb in ["disable", "enable", "duplicate"] {
        story
            .page(ada, &format!("/connections/{{id}}/{verb}"), &id, &[])
            .await;
    }
    let fields = [("event", "TODO_CREATED")];
    story
        .page(ada, "/connections/{id}/test", &id, &fields)
        .await;
    story.receiver.next().await;
    let bundle = ada
        .get("/connections/export")
        .await
        .html
        .replace("Through", "Imported");
    let planned = hex::encode(Sha256::digest(&bundle));
    let fields = [
        ("bundle", bundle.as_str()),
        ("planned", &planned),
        ("action", "import"),
    ];
    story.page(ada, "/connections/import", "", &fields).await;

    let token = story.bridge.get(&format!("/sources/{source_id}")).await["token"].clone();
    let connected = Connected {
        hook: story
            .bridge
            .url(&format!("/hooks/{}", token.as_str().unwrap())),
        source_id: source_id.clone(),
        destination_id: destination_id.clone(),
    };
    let delivered = id_in(&story.bridge.get("/deliveries?limit=1").await["data"][0]);
    execute(
        &story.bridge.home.database_url,
        &format!(
            "UPDATE deliveries SET state = 'retrying', due_at = {FAR_MS}, finished_at = NULL WHERE state = 'delivered'"
        ),
    );
    for (route, id) in [
        ("/deliveries/{id}/try-now", &delivered),
        ("/destinations/{id}/try-now", &destination_id),
    ] {
        story.page(ada, route, id, &[]).await;
    }
    story.receiver.next().await;
    let (failed, held) = story.deliveries(&connected, 10).await;
    story.news().await;
    story
        .page(ada, "/deliveries/{id}/discard", &held, &[])
        .await;
    story
        .page(ada, "/destinations/{id}/resume", &destination_id, &[])
        .await;
    story
        .page(ada, "/destinations/{id}/pause", &destination_id, &[])
        .await;
    story
        .page(ada, "/deliveries/{id}/resend", &failed, &[])
        .await;
    story
        .page(ada, "/deliveries/resend", "", &[("id", &failed)])
        .await;
    let delivery = story.bridge.get(&format!("/deliveries/{failed}")).await;
    let event_id = delivery["event_id"].as_str().unwrap();
    let connections = story.bridge.get("/connections").await;
    let all = connections["data"].as_array().unwrap();
    let copy = all.iter().find(|one| one["enabled"] == false);
    let copy = id_in(copy.unwrap());
    let enable = format!("/connections/{copy}/enable");
    assert_eq!(act(ada, &enable, &[]).await.status, 303);
    let fields = [("connection_id", copy.as_str())];
    story
        .page(ada, "/events/{id}/send", event_id, &fields)
        .await;
    let fields = [("version", "then"), ("per_second", "1")];
    let replay = story.page(ada, "/replays", "", &fields).await;
    story
        .page(ada, "/replays/{id}/cancel", &led_to(&replay), &[])
        .await;

    let connections = story.bridge.get("/connections?limit=100").await;
    for connection in connections["data"].as_array().unwrap() {
        story
            .page(ada, "/connections/{id}/delete", &id_in(connection), &[])
            .await;
    }
    story
        .page(ada, "/destinations/{id}/delete", &destination_id, &[])
        .await;
    story
        .page(ada, "/sources/{id}/delete", &source_id, &[])
        .await;
}

/// How many results are on disk when nothing is under way.
async fn bridge_count(bridge: &TestBridge) -> u64 {
    let log = bridge.get("/deliveries?limit=100").await;
    let deliveries = log["data"].as_array().unwrap();
    let finished = deliveries
        .iter()
        .map(|one| one["attempt_count"].as_u64().unwrap());
    finished.sum::<u64>().max(1)
}

async fn a_change_whose_note_cannot_be_written_is_not_made(database: Database) {
    let (bridge, receiver) = (TestBridge::start_on(database).await, Receiver::start());
    let rules = json!({"delivery": {"max_attempts": 1}});
    let connected = bridge.connect(&receiver, rules).await;
    receiver.answer_next(500);
    let (_, failed) = bridge.post(&connected.hook, &event(0)).await;
    receiver.next().await;
    bridge.recorded(1).await;
    let destination = format!("/destinations/{}", connected.destination_id);
    let event_id = failed["event_id"].as_str().unwrap();
    let log = bridge.get(&format!("/deliveries?event={event_id}")).await;
    let failed = id_in(&log["data"][0]);

    let hide = "ALTER TABLE audit_log RENAME TO hidden";
    let show = "ALTER TABLE hidden RENAME TO audit_log";
    let refused = async |path: String| {
        execute(&bridge.home.database_url, hide);
        let (status, answer) = bridge.api("POST", &path, Some(json!({}))).await;
        execute(&bridge.home.database_url, show);
        assert!(status >= 500, "{path}: {status} {answer}");
    };
    refused(format!("{destination}/pause")).await;
    assert_eq!(
        bridge.get(&destination).await["health"]["paused_at"],
        Value::Null
    );
    refused(format!("/deliveries/{failed}/resend")).await;
    refused("/replays".into()).await;
    let all = bridge.get("/deliveries").await["data"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(all, 1);
    assert_eq!(bridge.get("/replays").await["data"], json!([]));

    let pause = format!("{destination}/pause");
    assert_eq!(bridge.api("POST", &pause, None).await.0, 200);
    refused(format!("{destination}/resume")).await;
    assert_ne!(
        bridge.get(&destination).await["health"]["paused_at"],
        Value::Null
    );
    let (_, held) = bridge.post(&connected.hook, &event(1)).await;
    let event_id = held["event_id"].as_str().unwrap();
    let log = bridge.get(&format!("/deliveries?event={event_id}")).await;
    let held = id_in(&log["data"][0]);
    refused(format!("/deliveries/{held}/discard")).await;
    let path = format!("/deliveries/{held}");
    assert_eq!(bridge.get(&path).await["state"], "held");
    let (_, replay) = bridge.api("POST", "/replays", Some(json!({}))).await;
    let replay = id_in(&replay);
    refused(format!("/replays/{replay}/cancel")).await;
    let replay = bridge.get(&format!("/replays/{replay}")).await;
    assert_eq!(replay["cancelled_by"], Value::Null, "{replay}");
    bridge.stop().await;
}

async fn failed_sign_ins_are_told_within_bounds(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    owner(&bridge).await;
    person(&bridge, Role::Viewer).await;
    let mut visitor = Visitor::stranger(&bridge);
    for _ in 0..12 {
        sign_in(&mut visitor, ADA, "canary-wrong").await;
    }
    for number in 0..12 {
        // What may be a password in the wrong field is not told, other than an address.
        let nobody = match number {
            0 => "canary@pass".to_string(),
            number => format!("nobody-{number}@example.com"),
        };
        sign_in(&mut visitor, &nobody, "canary-wrong").await;
    }
    sign_in(&mut visitor, "viewer@example.com", "canary-wrong").await;
    // The answer does not wait for the note.
    let failures = async || {
        let log = bridge.get("/audit?actor_kind=nobody&limit=100").await;
        let notes = log["data"].as_array().unwrap().clone();
        let failed = |note: &Value| note["action"] == "person.sign_in_failed";
        notes.into_iter().filter(failed).collect::<Vec<_>>()
    };
    patiently("the notes", async {
        while failures().await.len() < 5 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let notes = failures().await;
    let about = |id: &str| -> Vec<String> {
        let of = notes.iter().filter(|note| note["object"]["id"] == *id);
        of.map(|note| note["sentence"].as_str().unwrap().to_string())
            .collect()
    };
    let adas = about(&id_of(&bridge, ADA).await);
    assert_eq!(adas.len(), 2, "{adas:?}");
    assert!(
        adas.iter().any(|said| said.contains("The 10th attempt")),
        "{adas:?}"
    );
    let unknown = about("unknown");
    assert_eq!(unknown.len(), 2, "all that do not exist count as one");
    let told = "Tried to sign in as nobody-9@example.com, an account that does not exist.";
    assert!(
        unknown.iter().any(|said| said.starts_with(told)),
        "{unknown:?}"
    );
    assert!(adas.iter().all(|said| said.contains(ADA)), "{adas:?}");
    let viewers = about(&id_of(&bridge, "viewer@example.com").await);
    assert_eq!(viewers.len(), 1);
    assert!(
        viewers[0].starts_with("Gave a wrong password for viewer@example.com."),
        "{viewers:?}"
    );
    let text = json!(notes).to_string();
    assert!(!text.contains("canary"), "a password is not kept: {text}");
    assert_eq!(notes[0]["actor"]["address"], "127.0.0.1");

    bridge.advance(Duration::from_secs(301));
    sign_in(&mut visitor, ADA, "wrong once more").await;
    patiently("the next window's note", async {
        while failures().await.len() < 6 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bridge.stop().await;
}

async fn a_search_is_bounded_and_goes_on_where_it_ended(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/").await.mark();
    let reading = [("csrf", &*mark), ("language", "id"), ("time_zone", "")];
    ada.post("/settings/reading", &reading).await;
    let actor = Actor {
        kind: ActorKind::CommandLine,
        id: None,
        name: "hay".into(),
        address: None,
    };
    let note = |action, number| {
        bridge
            .bridge
            .note(&actor, action, number, "Ended a session.")
    };
    note("source.created", -1).await.unwrap();
    let hay = (0..=LOOK_LIMIT).map(|number| note("person.session_ended", number));
    let hay: Vec<_> = stream::iter(hay).buffered(8).collect().await;
    for noted in hay {
        noted.unwrap();
    }
    // Nothing matches within the bound: the page says how far it looked, and leads on.
    let html = ada.get("/settings/audit?text=nobody-knows").await.html;
    assert!(
        html.contains("Sejauh ini belum ada yang ditemukan"),
        "{html}"
    );
    assert!(html.contains("Sudah ditelusuri sampai"), "{html}");
    let rest = html
        .split("href=\"/settings/audit?text=nobody-knows&#38;before=")
        .nth(1);
    let before = rest.unwrap().split('"').next().unwrap();
    let further = format!("/settings/audit?text=nobody-knows&before={before}");
    let html = ada.get(&further).await.html;
    assert!(html.contains("Tidak ada yang cocok."), "{html}");
    assert!(!html.contains("Sudah ditelusuri sampai"), "{html}");
    // What matches beyond the bound is found by going on, also by the API's cursor.
    for query in [
        "text=ada",
        "actor_kind=person",
        "object_kind=person&actor_kind=person",
    ] {
        let first = bridge.get(&format!("/audit?{query}")).await;
        assert_eq!(first["data"], json!([]), "{query}");
        let cursor = first["next_cursor"].as_str().unwrap();
        let next = bridge.get(&format!("/audit?{query}&cursor={cursor}")).await;
        assert_ne!(next["data"], json!([]), "{query}");
        assert_eq!(next["next_cursor"], Value::Null, "{query}");
    }
    // What has an index is found however far away it is.
    for query in ["object_kind=source", "object_id=-1"] {
        let found = bridge.get(&format!("/audit?{query}")).await;
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{query}");
    }
    bridge.stop().await;
}
