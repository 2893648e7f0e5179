//! The command line and the environment: what is wrong is told by its name before anything is made, and nothing is made by a command that only looks.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

/// Runs the program in a folder with this environment and nothing else.
fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bluebridge"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

/// All that it said, after it failed.
fn refused(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(folder, arguments, environment);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!output.status.success(), "{arguments:?}: {said}");
    said
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_only_looks_or_copies_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("connections.json");
    std::fs::write(
        &file,
        r#"{"bluebridge_export":1,"sources":[],"destinations":[],"connections":[]}"#,
    )
    .unwrap();
    let (file, copy) = (file.to_str().unwrap(), elsewhere.path().join("copy.db"));
    for arguments in [
        &["backup", copy.to_str().unwrap()][..],
        &["export"],
        &["user", "list"],
        &["user", "reset-second-factor", "--email", "ada@example.com"],
        &["import", "--dry-run", file],
    ] {
        let said = refused(folder.path(), arguments, &[]);
        assert!(
            said.contains("There is no database at ./bluebridge.db"),
            "{arguments:?}: {said}"
        );
        assert!(said.contains("BLUEBRIDGE_DATABASE_URL"), "{said}");
    }
    assert_eq!(names(folder.path()), [] as [&str; 0]);
    assert!(!copy.exists());
}

#[test]
fn the_database_and_its_copies_are_their_owners_only() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["token", "create", "--name", "ci"], &[]);
    assert!(made.status.success(), "{made:?}");
    let copied = run(folder.path(), &["backup", "copy.db"], &[]);
    assert!(copied.status.success(), "{copied:?}");
    for name in ["bluebridge.db", "bluebridge.key", "copy.db"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }
    let again = refused(folder.path(), &["backup", "nowhere/copy.db"], &[]);
    assert!(again.contains("nowhere/copy.db cannot be made"), "{again}");
    assert!(!again.contains("no database connection"), "{again}");
}

#[test]
fn a_database_has_one_server_by_whichever_name_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    std::fs::write(folder.path().join("b.db"), "").unwrap();
    std::os::unix::fs::symlink(folder.path().join("b.db"), folder.path().join("link.db")).unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    let held = bluebridge::app::lock(&at("b.db")).unwrap();
    for name in ["b.db", "link.db", "in/../b.db"] {
        let refused = bluebridge::app::lock(&at(name)).unwrap_err().to_string();
        assert!(refused.contains("Another bluebridge"), "{name}: {refused}");
    }
    drop(held);
    bluebridge::app::lock(&at("link.db")).unwrap();
    std::fs::hard_link(folder.path().join("b.db"), folder.path().join("hard.db")).unwrap();
    let refused = bluebridge::app::lock(&at("hard.db"))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("hard links"), "{refused}");
}

#[test]
fn another_programs_file_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bluebridge.db");
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute("CREATE TABLE events (name TEXT); INSERT INTO events VALUES ('theirs');")
        .unwrap();
    drop(conn);
    let key = [(
        "BLUEBRIDGE_MASTER_KEY",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    )];
    let before = std::fs::read(&path).unwrap();
    for arguments in [
        &["serve"][..],
        &["check"],
        &["token", "create", "--name", "ci"],
    ] {
        let said = refused(folder.path(), arguments, &key);
        assert!(
            said.contains("holds the tables of another program"),
            "{said}"
        );
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::write(
        &path,
        "no database at all, but a text that is long enough to be one",
    )
    .unwrap();
    let said = refused(folder.path(), &["check"], &key);
    assert!(
        said.contains("bluebridge.db: file is not a database"),
        "{said}"
    );
}

#[test]
fn a_mistake_in_the_environment_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, value, told) in [
        ("BLUEBRIDGE_LISTEN", "localhost:8080", "like 127.0.0.1:8080"),
        (
            "BLUEBRIDGE_RETENTION_DAYS",
            "ten",
            "a whole number of days is needed",
        ),
        (
            "BLUEBRIDGE_RETENTION_MAX_MB",
            "1GB",
            "a whole number of megabytes",
        ),
        (
            "BLUEBRIDGE_SOURCE_PER_SECOND",
            "-1",
            "a whole number of requests a second",
        ),
        ("BLUEBRIDGE_LEASE_S", "3", "45"),
        ("BLUEBRIDGE_ALLOW_NETWORKS", "localhost", "like 10.0.0.0/8"),
        (
            "BLUEBRIDGE_PUBLIC_URL",
            "https://x.example.com/sub",
            "without user name, path",
        ),
        ("BLUEBRIDGE_LOG", "warning", "`warning` is no level"),
        ("BLUEBRIDGE_LOG", "json:loud", "`loud` is no level"),
        ("BLUEBRIDGE_MASTER_KEY", "abc", "openssl rand -base64 32"),
        (
            "BLUEBRIDGE_MASTER_KEY_FILE",
            "/nonexistent/k",
            "/nonexistent/k",
        ),
        (
            "BLUEBRIDGE_DATABASE_URL",
            "sqlite:///nonexistent/dir/a.db",
            "/nonexistent/dir",
        ),
        ("BLUEBRIDGE_DATABASE_URL", "sqlite://", "sqlite://PATH"),
        ("BLUEBRIDGE_DATABASE_URL", "sqlite:///tmp", "is a folder"),
        (
            "BLUEBRIDGE_DATABASE_URL",
            "sqlite://./b.db?mode=ro",
            "takes no parameters",
        ),
    ] {
        for verb in ["check", "serve"] {
            let said = refused(folder.path(), &[verb], &[(variable, value)]);
            let named = said.contains(variable) || variable == "BLUEBRIDGE_MASTER_KEY_FILE";
            assert!(
                named && said.contains(told),
                "{verb} {variable}={value}: {said}"
            );
        }
        assert_eq!(names(folder.path()), [] as [&str; 0], "{variable}={value}");
    }
    for good in [
        "warn",
        "json:info",
        "bluebridge=debug",
        "warn,bluebridge::flow=debug",
    ] {
        let checked = run(folder.path(), &["check"], &[("BLUEBRIDGE_LOG", good)]);
        assert!(checked.status.success(), "{good}: {checked:?}");
    }
    let unknown = [("BLUEBRIDGE_ALLOWED_NETWORKS", "127.0.0.0/8")];
    let checked = run(folder.path(), &["check"], &unknown);
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(
        said.contains("BLUEBRIDGE_ALLOWED_NETWORKS is no setting"),
        "{said}"
    );
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "BLUEBRIDGE_DATABASE_URL",
        "BLUEBRIDGE_LISTEN",
        "BLUEBRIDGE_PUBLIC_URL",
        "BLUEBRIDGE_MASTER_KEY",
        "BLUEBRIDGE_MASTER_KEY_FILE",
        "BLUEBRIDGE_ALLOW_NETWORKS",
        "BLUEBRIDGE_TRUSTED_PROXIES",
        "BLUEBRIDGE_RETENTION_DAYS",
        "BLUEBRIDGE_RETENTION_MAX_MB",
        "BLUEBRIDGE_LEASE_S",
        "BLUEBRIDGE_NODE_NAME",
        "BLUEBRIDGE_SOURCE_PER_SECOND",
        "BLUEBRIDGE_LOG",
    ];
    let empty = names.map(|name| (name, ""));
    let unset = run(folder.path(), &["check"], &[]);
    let set = run(folder.path(), &["check"], &empty);
    assert!(set.status.success(), "{set:?}");
    assert_eq!(set.stdout, unset.stdout);
    let made = run(folder.path(), &["token", "create", "--name", "x"], &empty);
    assert!(made.status.success(), "{made:?}");
    assert!(folder.path().join("bluebridge.db").exists());
}

#[test]
fn a_server_that_cannot_be_reached_is_told_with_its_host_and_without_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let port = crate::harness::free_port();
    let url = format!("postgres://u:not-to-be-told@127.0.0.1:{port}/d");
    let environment = [
        ("BLUEBRIDGE_DATABASE_URL", url.as_str()),
        (
            "BLUEBRIDGE_MASTER_KEY",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        ),
    ];
    let said = refused(folder.path(), &["check"], &environment);
    for part in ["127.0.0.1", &port.to_string(), "BLUEBRIDGE_DATABASE_URL"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("not-to-be-told"), "{said}");
}

#[test]
fn help_shows_the_settings_that_a_verb_uses() {
    let folder = tempfile::tempdir().unwrap();
    let help = |arguments: &[&str]| {
        let output = run(folder.path(), &[arguments, &["--help"]].concat(), &[]);
        String::from_utf8(output.stdout).unwrap()
    };
    for arguments in [
        &["backup"][..],
        &["token", "create"],
        &["user", "add"],
        &["migrate"],
        &["migrate-data"],
    ] {
        let told = help(arguments);
        assert!(told.contains("--master-key-file"), "{arguments:?}: {told}");
        for other in ["--listen", "--retention-days", "--lease-s"] {
            assert!(!told.contains(other), "{arguments:?}: {told}");
        }
    }
    assert!(help(&["import"]).contains("--allow-networks"));
    for arguments in [&[][..], &["serve"], &["check"]] {
        assert!(help(arguments).contains("--lease-s"), "{arguments:?}");
    }
    assert!(help(&["send"]).contains("CUSTOM_FIELD_CREATED"));
}

#[test]
fn a_key_that_does_not_fit_is_told_with_where_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["token", "create", "--name", "ci"], &[]);
    assert!(made.status.success(), "{made:?}");
    let other = [(
        "BLUEBRIDGE_MASTER_KEY",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    )];
    for arguments in [
        &["serve"][..],
        &["check"],
        &["export"],
        &["user", "list"],
        &["token", "create", "--name", "x"],
    ] {
        let said = refused(folder.path(), arguments, &other);
        assert!(
            said.contains("The master key is from BLUEBRIDGE_MASTER_KEY"),
            "{arguments:?}: {said}"
        );
        assert!(said.contains("another master key"), "{said}");
    }
}

#[test]
fn settings_before_a_verb_are_refused_and_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    for verb in [&["migrate"][..], &["user", "list"], &["backup", "copy.db"]] {
        let arguments = [&["--database-url", "sqlite://./given.db"], verb].concat();
        let said = refused(folder.path(), &arguments, &[]);
        assert!(said.contains("--database-url"), "{said}");
        assert!(said.contains(verb[0]), "{said}");
    }
    assert!(names(folder.path()).is_empty());
    let behind = ["migrate", "--database-url", "sqlite://./given.db"];
    assert!(run(folder.path(), &behind, &[]).status.success());
    // What the environment sets is no word before the verb.
    let set = [("BLUEBRIDGE_DATABASE_URL", "sqlite://./set.db")];
    assert!(run(folder.path(), &["migrate"], &set).status.success());
    let made = names(folder.path());
    assert!(
        made.contains(&"given.db".into()) && made.contains(&"set.db".into()),
        "{made:?}"
    );
}
