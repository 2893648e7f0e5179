//! The commands that people type: what they refuse, what they say of it, and what they leave behind.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::harness::free_port;

/// A command in a folder of its own, with a password on its input.
fn run(folder: &Path, words: &[&str]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_bluebridge"))
        .args(words)
        .env_clear()
        .env("BLUEBRIDGE_DATABASE_URL", "sqlite://./b.db")
        .env("BLUEBRIDGE_LISTEN", "127.0.0.1:0")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    let _ = input.write_all(b"a quite long password\n");
    drop(input);
    process.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let of = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", of(&output.stdout), of(&output.stderr))
}

#[test]
fn the_first_account_is_an_owner_and_names_are_names() {
    let folder = TempDir::new().unwrap();
    let add = |email: &str, more: &[&str]| {
        let words = [&["user", "add", "--email", email], more].concat();
        run(folder.path(), &words)
    };
    for name in ["Ada\nmallory@example.com\towner\tM", &"x".repeat(5_000)] {
        let refused = add("ada@example.com", &["--name", name]);
        assert!(!refused.status.success());
        assert!(
            said(&refused).contains("A name has 1 to"),
            "{}",
            said(&refused)
        );
    }
    let first = add("first@example.com", &[]);
    assert!(said(&first).contains("as owner"), "{}", said(&first));
    let second = add("second@example.com", &["--name", "Second"]);
    assert!(said(&second).contains("as editor"), "{}", said(&second));
    let list = said(&run(folder.path(), &["user", "list"]));
    assert_eq!(list.lines().count(), 2, "{list}");

    let folder = TempDir::new().unwrap();
    let words = [
        "user",
        "add",
        "--email",
        "v@example.com",
        "--role",
        "viewer",
    ];
    let alone = said(&run(folder.path(), &words));
    assert!(alone.contains("Nobody is an owner yet"), "{alone}");
}

#[test]
fn a_command_that_is_refused_says_what_is_needed_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let wrong = said(&run(folder.path(), &["user", "add"]));
    assert!(
        wrong.contains("--email <EMAIL>") && !wrong.contains("--listen"),
        "{wrong}"
    );
    let help = said(&run(folder.path(), &["user", "add", "--help"]));
    assert!(help.contains("The address to sign in with"), "{help}");
    for status in ["99", "199", "600", "1000"] {
        let refused = run(
            folder.path(),
            &["receive", "--port", "0", "--status", status],
        );
        assert!(!refused.status.success(), "{status}");
    }
    for wrong in [&["--secret", "whsec_!!"][..], &["--count", "0"]] {
        let words = [&["receive", "--port", "0"], wrong].concat();
        let refused = run(folder.path(), &words);
        assert!(!refused.status.success(), "{wrong:?}");
        assert!(!said(&refused).contains("whsec_!!"), "{wrong:?}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = said(&run(folder.path(), &["receive", "--port", &port]));
    assert!(
        refused.contains(&format!("127.0.0.1:{port}")) && refused.contains("--port"),
        "{refused}"
    );

    let made = run(folder.path(), &["token", "create", "--name", "x"]);
    assert!(made.status.success(), "{}", said(&made));
    let to = format!("sqlite://{}", folder.path().join("t.db").display());
    let words = ["migrate-data", "--from", "sqlite://./b.db", "--to", &to];
    let refused = said(&run(folder.path(), &words));
    assert!(refused.contains("to PostgreSQL only"), "{refused}");
    let left = std::fs::read_dir(folder.path()).unwrap();
    let names = left.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| name.starts_with("t.db")).collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn a_token_may_end() {
    let folder = TempDir::new().unwrap();
    let create = |days| {
        let words = ["token", "create", "--name", "trial", "--days", days];
        run(folder.path(), &words)
    };
    assert!(create("30").status.success());
    for days in ["0", "3651", "soon"] {
        assert!(!create(days).status.success(), "{days}");
    }
    let url = format!("sqlite://{}", folder.path().join("b.db").display());
    let query =
        "SELECT name AS word, (expires_at - created_at) / 86400000 AS number FROM api_tokens";
    assert_eq!(crate::database::ask(&url, query), [("trial".into(), 30)]);
}

#[test]
fn tokens_are_listed_and_revoked_by_id_or_by_a_name_that_only_one_has() {
    let folder = TempDir::new().unwrap();
    let token = |words: &[&str]| run(folder.path(), &[&["token"], words].concat());
    for name in ["ci", "twice", "twice"] {
        let words = ["create", "--name", name, "--role", "viewer"];
        assert!(token(&words).status.success(), "{name}");
    }
    let listed = said(&token(&["list"]));
    let rows: Vec<Vec<&str>> = listed
        .lines()
        .map(|row| row.split('\t').collect())
        .collect();
    let named: Vec<(&str, &str)> = rows.iter().map(|row| (row[1], row[2])).collect();
    assert_eq!(
        named,
        [("ci", "viewer"), ("twice", "viewer"), ("twice", "viewer")],
        "{listed}"
    );
    let refused = token(&["revoke", "twice"]);
    assert!(!refused.status.success());
    assert!(said(&refused).contains("2 tokens"), "{}", said(&refused));
    let refused = said(&token(&["revoke", "nobody"]));
    assert!(refused.contains("bluebridge token list"), "{refused}");
    for which in ["ci", rows[1][0], "twice"] {
        let revoked = token(&["revoke", which]);
        assert!(revoked.status.success(), "{which}: {}", said(&revoked));
    }
    assert_eq!(said(&token(&["list"])), "");
    let url = format!("sqlite://{}", folder.path().join("b.db").display());
    let query = "SELECT sentence AS word, 1 AS number FROM audit_log WHERE action = 'token.revoked' ORDER BY id";
    let noted = ["ci", "twice", "twice"].map(|name| (format!("Revoked the API token {name}."), 1));
    assert_eq!(crate::database::ask(&url, query), noted);
}

#[test]
fn send_warns_of_an_event_that_blue_is_not_known_to_send() {
    let folder = TempDir::new().unwrap();
    let url = format!("http://127.0.0.1:{}/hooks/x", free_port());
    let send = |event| {
        said(&run(
            folder.path(),
            &["send", "--url", &url, "--event", event],
        ))
    };
    let warned = send("TODO_CREATD");
    assert!(warned.contains("Did you mean TODO_CREATED?"), "{warned}");
    assert!(warned.contains("1 x not connected"), "{warned}");
    assert!(!send("TODO_CREATED").contains("known"));
}

#[test]
fn send_says_why_something_was_not_taken() {
    let folder = TempDir::new().unwrap();
    let send = |url: &str| said(&run(folder.path(), &["send", "--url", url]));
    let refused = send("nope");
    assert!(refused.contains("inbound address in full"), "{refused}");
    let refused = send(&format!("http://127.0.0.1:{}/hooks/x", free_port()));
    for says in [
        "1 x not connected",
        "Connection refused",
        "whether the server runs",
    ] {
        assert!(refused.contains(says), "{says} in {refused}");
    }
}

#[test]
fn send_knows_no_number_that_is_too_large_for_it() {
    let folder = TempDir::new().unwrap();
    let url = format!("http://127.0.0.1:{}/hooks/x", free_port());
    let send = |words: &[&str]| {
        let words = [&["send", "--url", &url, "--count", "2"], words].concat();
        said(&run(folder.path(), &words))
    };
    for rate in ["1e-20", "1e-300"] {
        let refused = send(&["--rate", rate]);
        assert!(refused.contains("is too slow"), "{refused}");
        assert!(!refused.contains("Sent"), "{refused}");
    }
    let seeded = send(&["--seed", "18446744073709551615"]);
    assert!(seeded.contains("2 x not connected"), "{seeded}");
}
