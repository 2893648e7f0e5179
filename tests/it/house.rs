//! The rooms of the house: who may import whom. Reads `src/` and fails with a sentence.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

const ROOMS: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("outbound", &["domain"]),
    ("flow", &["domain", "store", "outbound"]),
    ("worker", &["domain", "flow", "store"]),
    ("web", &["domain", "flow", "store"]),
    ("config", &["domain"]),
    (
        "app",
        &[
            "config", "domain", "flow", "outbound", "store", "web", "worker",
        ],
    ),
    ("cli", &["app", "config", "domain", "flow", "store", "web"]),
];

/// Crates that one room alone may speak to, or that a room must not.
const KEPT_OUT: [(&str, &[&str]); 4] = [
    (
        "domain",
        &["actix_web", "diesel", "askama", "tokio", "reqwest", "rand"],
    ),
    ("store", &["actix_web", "askama", "reqwest"]),
    ("outbound", &["actix_web", "askama", "diesel"]),
    ("flow", &["actix_web", "askama", "diesel"]),
];

/// Every file of the program with its text.
pub fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    assert!(found.len() > 60, "the walk found too little");
    found
}

fn room_of(path: &Path) -> String {
    let inside = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap()
        .trim_end_matches(".rs")
        .to_string()
}

fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("crate::").filter_map(|(start, _)| {
        let rest = &text[start + 7..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))?;
        Some(rest[..end].trim_end_matches(':'))
    })
}

#[test]
fn no_room_imports_what_it_may_not() {
    let may: HashMap<&str, &[&str]> = ROOMS.into_iter().collect();
    for (path, text) in sources() {
        let room = room_of(&path);
        let Some(allowed) = may.get(room.as_str()) else {
            assert!(
                ["lib", "main", "failpoint"].contains(&room.as_str()),
                "{} is in no room; add it to ROOMS",
                path.display()
            );
            continue;
        };
        for import in imports(&text) {
            let to = import.split("::").next().unwrap();
            let known = may.contains_key(to);
            assert!(
                !known || to == room || allowed.contains(&to),
                "{} imports crate::{import}, but {room} may not know {to}",
                path.display()
            );
        }
        for (_, crates) in KEPT_OUT.iter().filter(|(kept, _)| *kept == room) {
            for name in *crates {
                assert!(
                    !text.contains(&format!("{name}::")),
                    "{} uses {name}, which is kept out of {room}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_store_speaks_diesel() {
    for (path, text) in sources() {
        assert!(
            room_of(&path) == "store" || !text.contains("diesel::"),
            "{} speaks diesel",
            path.display()
        );
    }
}

/// A module is a file; a parent and its children count as one, since a child may look at what its parent declares.
#[test]
fn no_files_import_each_other_in_a_circle_across_families() {
    let mut edges: HashMap<String, HashSet<String>> = HashMap::new();
    for (path, text) in sources() {
        let inside = path
            .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
            .unwrap();
        let family = |module: &str| module.split("::").take(2).collect::<Vec<_>>().join("::");
        let here: Vec<&str> = inside
            .iter()
            .map(|part| part.to_str().unwrap().trim_end_matches(".rs"))
            .filter(|part| *part != "mod")
            .collect();
        let here = family(&here.join("::"));
        // A page and what admits to it know of each other, as do a database and what is written once for both.
        if here.starts_with("web") || here.starts_with("store") {
            continue;
        }
        for import in imports(&text) {
            let to = family(import);
            if to != here && to.contains("::") {
                edges.entry(here.clone()).or_default().insert(to);
            }
        }
    }
    for start in edges.keys() {
        let mut open: Vec<&String> = edges[start].iter().collect();
        let mut seen: HashSet<&String> = HashSet::new();
        while let Some(next) = open.pop() {
            assert_ne!(next, start, "{start} imports itself through others");
            if seen.insert(next) {
                open.extend(edges.get(next).into_iter().flatten());
            }
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for (path, text) in sources() {
        let first = text
            .lines()
            .find(|line| !line.starts_with("#!["))
            .unwrap_or_default();
        assert!(
            first.starts_with("//!") || path.ends_with("tests.rs"),
            "{} does not open with what it is",
            path.display()
        );
    }
}

#[test]
fn migrations_have_the_same_names_for_both_databases() {
    let names = |database: &str| -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(database);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}
