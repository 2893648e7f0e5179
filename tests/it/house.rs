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

/// What a file names of the program: each path, also those that stand together in braces.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices("crate::") {
        let rest = &text[start + 7..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        let (path, rest) = rest.split_at(end.unwrap_or(rest.len()));
        match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((together, _)) if path.ends_with("::") => {
                assert!(!together.contains('{'), "braces within braces at {path}");
                let names = together.split(',').map(str::trim);
                let names = names.filter(|name| !name.is_empty());
                found.extend(names.map(|name| format!("{path}{name}")));
            }
            _ => found.push(path.trim_end_matches(':').to_string()),
        }
    }
    found
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

/// Who imports upwards all the same, whom, and why.
const UPWARDS: [(&str, &str, &str); 2] = [
    (
        "store::picks",
        "store::claims",
        "which rows a claim takes follows from what was asked for",
    ),
    (
        "web::ui::page",
        "web::ui::error",
        "what cannot be rendered is an error, and an error is shown on a page",
    ),
];

/// The families of a room. A module is a file; a parent and its children count as one, since a child may look at what its parent declares. Only in
/// the folders of pages and of the API each file is one: they are rooms themselves.
fn family(module: &str) -> String {
    let parts: Vec<&str> = module.split("::").collect();
    let deep = matches!(parts[..], ["web", "ui" | "api", ..]);
    parts[..parts.len().min(if deep { 3 } else { 2 })].join("::")
}

/// Whom each family imports.
fn edges() -> HashMap<String, HashSet<String>> {
    let files: Vec<(String, String)> = sources()
        .into_iter()
        .map(|(path, text)| {
            let inside = path
                .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
                .unwrap();
            let parts: Vec<&str> = inside
                .iter()
                .map(|part| part.to_str().unwrap().trim_end_matches(".rs"))
                .filter(|part| *part != "mod")
                .collect();
            // Neither what tests import nor what comments name.
            let (program, _) = text
                .split_once("#[cfg(test)]\nmod tests {")
                .unwrap_or((&text, ""));
            let lines = program.lines();
            let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
            (parts.join("::"), lines.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    let modules: HashSet<&str> = files.iter().map(|(module, _)| module.as_str()).collect();
    let mut edges: HashMap<String, HashSet<String>> = HashMap::new();
    for (module, text) in &files {
        let here = family(module);
        for import in imports(text) {
            let mut to = family(&import);
            if !modules.contains(to.as_str()) {
                // A function or a type of the module above.
                to = to
                    .rsplit_once("::")
                    .map_or(to.clone(), |(above, _)| above.to_string());
            }
            if to != here && to.contains("::") {
                edges.entry(here.clone()).or_default().insert(to);
            }
        }
    }
    edges
}

#[test]
fn no_files_import_each_other_in_a_circle_across_families() {
    let mut edges = edges();
    for (from, to, why) in UPWARDS {
        let there = edges.get_mut(from).is_some_and(|of| of.remove(to));
        assert!(there, "{from} does not import {to} any more ({why})");
    }
    for start in edges.keys() {
        let mut open: Vec<(&String, String)> = edges[start]
            .iter()
            .map(|next| (next, format!("{start} -> {next}")))
            .collect();
        let mut seen: HashSet<&String> = HashSet::new();
        while let Some((next, way)) = open.pop() {
            assert_ne!(next, start, "a circle: {way}");
            if seen.insert(next) {
                let further = edges.get(next).into_iter().flatten();
                open.extend(further.map(|next| (next, format!("{way} -> {next}"))));
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
