//! What the program is made of: licences that may be shipped, nothing that was banned, and a fuzzing workspace that keeps step. Reads `deny.toml`,
//! so that cargo-deny and this test cannot disagree. Advisories newer than that file need a database from outside and are cargo-deny's matter.

use std::path::Path;
use std::process::Command;

use semver::{Version, VersionReq};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The packages that a build for this machine takes in: name, version and licence.
fn packages() -> Vec<(String, String, String)> {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--no-dedupe",
            "--format",
            "{p}|{l}",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let lines = String::from_utf8(tree.stdout).unwrap();
    let mut packages: Vec<(String, String, String)> = lines
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (package, licence) = line.rsplit_once('|').unwrap();
            let mut words = package.split(' ');
            let mut word = || words.next().unwrap_or_default().to_string();
            (
                word(),
                word().trim_start_matches('v').to_string(),
                licence.to_string(),
            )
        })
        .collect();
    packages.sort();
    packages.dedup();
    assert!(
        packages.len() > 100,
        "the list of packages was not understood"
    );
    packages
}

/// The quoted texts of a list in `deny.toml`.
fn allowed() -> Vec<String> {
    let text = read("deny.toml");
    let list = text
        .split_once("\nallow = [")
        .unwrap()
        .1
        .split_once(']')
        .unwrap()
        .0;
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(String::from)
        .collect()
}

/// Whether the licence expression can be met. AND binds closer than OR; old manifests write a slash for OR.
fn may_be_shipped(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.replace('/', " OR ");
    // Every group in brackets, the innermost first, becomes a word that is allowed or not.
    let mut text = format!("({expression})");
    while let Some(end) = text.find(')') {
        let start = text[..end].rfind('(').unwrap();
        let met = text[start + 1..end].split(" OR ").any(|all| {
            all.split(" AND ")
                .map(str::trim)
                .all(|one| one == "@yes" || allowed.iter().any(|licence| licence == one))
        });
        text.replace_range(start..=end, if met { "@yes" } else { "@no" });
    }
    text.trim() == "@yes"
}

#[test]
fn every_licence_may_be_shipped() {
    let allowed = allowed();
    assert!(
        may_be_shipped("MIT", &allowed) && may_be_shipped("GPL-3.0 OR (MIT AND ISC)", &allowed)
    );
    assert!(
        !may_be_shipped("GPL-3.0", &allowed)
            && !may_be_shipped("MIT AND GPL-3.0", &allowed)
            && !may_be_shipped("", &allowed)
    );
    for (name, version, licence) in packages() {
        assert!(
            may_be_shipped(&licence, &allowed),
            "{name} {version} is under `{licence}`"
        );
    }
}

/// What `deny.toml` bans: a crate, or some versions of it.
fn banned() -> Vec<(String, VersionReq)> {
    let text = read("deny.toml");
    let bans = text.split_once("\ndeny = [").unwrap().1;
    let entries = bans.split("crate = \"").skip(1);
    let entries = entries.map(|entry| entry.split('"').next().unwrap());
    let banned: Vec<(String, VersionReq)> = entries
        .map(|entry| match entry.split_once('@') {
            Some((name, versions)) => (name.to_string(), versions.parse().unwrap()),
            None => (entry.to_string(), VersionReq::STAR),
        })
        .collect();
    assert!(banned.len() > 20, "the bans were not understood");
    banned
}

#[test]
fn nothing_banned_is_built_in() {
    let banned = banned();
    let is_banned = |name: &str, version: &str| {
        let version: Version = version.parse().unwrap();
        banned
            .iter()
            .any(|(other, versions)| other == name && versions.matches(&version))
    };
    for (name, version) in [
        ("openssl", "1.2.3"),
        ("h2", "0.3.27"),
        ("rand", "0.8.5"),
        ("diesel", "2.3.9"),
        ("rustls", "0.23.44"),
    ] {
        assert!(
            is_banned(name, version),
            "deny.toml does not ban {name} {version}"
        );
    }
    for (name, version, _) in packages() {
        assert!(!is_banned(&name, &version), "{name} {version} is built in");
    }
}

/// `fuzz/` compiles `src/domain` with its own list of crates.
#[test]
fn the_fuzzing_workspace_names_what_the_domain_needs() {
    let (main, fuzz) = (read("Cargo.toml"), read("fuzz/Cargo.toml"));
    let list = main
        .split_once("[dependencies]")
        .unwrap()
        .1
        .split_once("[dev-dependencies]")
        .unwrap()
        .0;
    let mut domain = String::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain"),
        &mut domain,
    );
    let mut found = 0;
    for line in list.lines().filter(|line| line.contains(" = ")) {
        let line = line.split(" #").next().unwrap().trim();
        let name = line.split(' ').next().unwrap();
        let word = format!("{}::", name.replace('-', "_"));
        let is_used = domain.match_indices(&word).any(|(at, _)| {
            !domain[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
        });
        if is_used {
            found += 1;
            assert!(
                fuzz.lines().any(|other| other == line),
                "fuzz/Cargo.toml lacks `{line}`"
            );
        }
    }
    assert!(found > 10);
}

fn collect(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into)
        } else {
            into.push_str(&std::fs::read_to_string(&path).unwrap())
        }
    }
}
