//! From a SQLite file to PostgreSQL with the program's own command, begun twice, and a bridge that goes on from there.

use std::process::{Command, Output};

use serde_json::json;

use crate::database::{Database, Home, ask, execute};
use crate::harness::{Receiver, TestBridge, event};

fn migrate(from: &Home, to: &Home) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bluebridge"))
        .env_clear()
        .env(
            "BLUEBRIDGE_MASTER_KEY",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        )
        .args(["migrate-data", "--from", &from.database_url])
        .args(["--to", &to.database_url])
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn another_programs_database_is_left_as_it_is() {
    let (from, to) = (Home::new(Database::Sqlite), Home::new(Database::Postgres));
    let made = Command::new(env!("CARGO_BIN_EXE_bluebridge"))
        .env_clear()
        .env(
            "BLUEBRIDGE_MASTER_KEY",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        )
        .env("BLUEBRIDGE_DATABASE_URL", &from.database_url)
        .args(["token", "create", "--name", "x"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    // It may have been made by diesel as well.
    execute(
        &to.database_url,
        "CREATE TABLE theirs (name TEXT); CREATE TABLE __diesel_schema_migrations (version TEXT PRIMARY KEY)",
    );
    let refused = migrate(&from, &to);
    assert!(!refused.status.success());
    let said = text(&refused.stderr);
    assert!(
        said.contains("holds the tables of another program") && said.contains("search_path"),
        "{said}"
    );
    let tables = "SELECT relname AS word, 1::bigint AS number FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
        WHERE nspname = current_schema() AND relkind = 'r' ORDER BY relname DESC";
    let left = ["theirs", "__diesel_schema_migrations"].map(|name| (name.to_string(), 1));
    assert_eq!(ask(&to.database_url, tables), left);
}

#[actix_web::test]
async fn everything_goes_over_is_compared_and_goes_on_in_the_new_place() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    for number in 0..3 {
        bridge.post(&connected.hook, &event(number)).await;
        receiver.next().await;
        bridge.recorded(number as u64 + 1).await;
    }
    let path = format!("/destinations/{}/pause", connected.destination_id);
    assert_eq!(bridge.api("POST", &path, None).await.0, 200);
    bridge.post(&connected.hook, &event(3)).await;
    let before = bridge.get("/deliveries").await;
    let token = connected.hook.rsplit('/').next().unwrap().to_string();
    let from = bridge.stop().await;

    let to = Home::new(Database::Postgres);
    let first = migrate(&from, &to);
    let said = text(&first.stdout);
    assert!(first.status.success(), "{said}{}", text(&first.stderr));
    assert!(said.contains("events: 4 rows copied"), "{said}");
    let again = text(&migrate(&from, &to).stdout);
    assert!(
        again.contains("events: 0 rows copied") && again.contains("Everything is there"),
        "{again}"
    );

    let bridge = TestBridge::start_in(to.clone(), 1_795_507_300_000).await;
    assert_eq!(bridge.get("/deliveries").await, before);
    let hook = bridge.url(&format!("/hooks/{token}"));
    let (_, answer) = bridge.post(&hook, &event(0)).await;
    assert_eq!(answer["status"], "duplicate");
    let path = format!("/destinations/{}/resume", connected.destination_id);
    assert_eq!(bridge.api("POST", &path, None).await.0, 200);
    let held = receiver.next().await;
    assert_eq!(held.body, event(3));
    bridge.recorded(1).await;
    bridge.stop().await;

    // What differs is told, and nothing is called done.
    let refused = migrate(&from, &to);
    assert!(!refused.status.success());
    assert!(
        text(&refused.stderr).contains("These tables differ")
            && text(&refused.stdout).contains("FAIL  deliveries"),
        "{}{}",
        text(&refused.stdout),
        text(&refused.stderr)
    );
}
