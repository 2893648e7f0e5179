//! Long lists: pages hold a part of them and are searched, forms offer the first names, and the API answers them page by page.

use bluebridge::domain::id::{ConnectionId, DestinationId, SourceId, UserId, VersionId};
use bluebridge::domain::person::{Role, User};
use bluebridge::new_id;
use bluebridge::store::connections::ConnectionDraft;
use bluebridge::store::destinations::DestinationDraft;
use bluebridge::store::sources::NewSource;
use bluebridge::web::auth::new_token;
use serde_json::{Value, json};

use crate::harness::TestBridge;
use crate::pages::{Visitor, owner};

/// Makes something with a name of each number: the first through the API, the others as it is.
async fn made(bridge: &TestBridge, path: &str, count: usize, mut document: Value) -> Vec<String> {
    let name = document["name"].as_str().unwrap().to_string();
    document["name"] = json!(format!("{name} 001"));
    let first = bridge.created(path, document).await;
    let first = first["id"].as_str().unwrap().to_string();
    let mut ids = vec![first.clone()];
    let (store, now_ms) = (&bridge.bridge.store, bridge.bridge.clock.now_ms());
    for number in 2..=count {
        let name = format!("{name} {number:03}");
        let now = bridge.bridge.clock.now();
        match path {
            "/sources" => {
                let id = new_id!(SourceId, bridge.bridge, now);
                ids.push(id.to_string());
                let source = NewSource {
                    id,
                    name,
                    token: new_token("").0,
                    require_signature: true,
                    secret: None,
                    now_ms,
                };
                store.create_source(source).await.unwrap();
            }
            "/destinations" => {
                let like = store.destination(first.parse().unwrap()).await.unwrap();
                let id = new_id!(DestinationId, bridge.bridge, now);
                ids.push(id.to_string());
                let draft = DestinationDraft {
                    id,
                    name,
                    settings: like.settings,
                    now_ms,
                };
                store.create_destination(draft).await.unwrap();
            }
            _ => {
                let like = store.connection(first.parse().unwrap()).await.unwrap();
                let id = new_id!(ConnectionId, bridge.bridge, now);
                ids.push(id.to_string());
                let draft = ConnectionDraft {
                    id,
                    version_id: new_id!(VersionId, bridge.bridge, now),
                    name,
                    source_id: like.source_id,
                    destination_id: like.version.destination_id,
                    rules: like.version.rules,
                    enabled: Some(false),
                    now_ms,
                };
                store.create_connection(draft).await.unwrap();
            }
        }
    }
    bridge.bridge.reload().await.unwrap();
    ids
}

/// Which numbered rows of a list a page shows: the first, the last, and how many.
async fn shown(visitor: &mut Visitor<'_>, path: &str, name: &str) -> (String, String, usize) {
    let page = visitor.get(path).await;
    assert_eq!(page.status, 200, "{path}");
    let rows: Vec<&str> = page
        .html
        .match_indices(name)
        .map(|(at, _)| &page.html[at + name.len()..at + name.len() + 3])
        .collect();
    let end = |row: Option<&&str>| row.copied().unwrap_or_default().to_string();
    (end(rows.first()), end(rows.last()), rows.len())
}

/// Where a link with this relation leads.
async fn beside(visitor: &mut Visitor<'_>, path: &str, rel: &str) -> Option<String> {
    let html = visitor.get(path).await.html;
    let before = html.split(&format!("\" rel=\"{rel}\"")).next()?;
    let href = before.rsplit("href=\"").next()?;
    (before.len() < html.len()).then(|| href.replace("&amp;", "&").replace("&#38;", "&"))
}

fn expected(first: usize, last: usize) -> (String, String, usize) {
    let count = last + 1 - first;
    (format!("{first:03}"), format!("{last:03}"), count)
}

const SEARCH: &str = "role=\"search\"";

#[actix_web::test]
async fn a_long_list_is_shown_page_by_page_and_searched() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let sources = made(&bridge, "/sources", 100, json!({"name": "Board"})).await;
    let destination = json!({"name": "Sink", "config": {"url": "https://hooks.example.com/secret-path", "headers": {"x-key": "abc"}}});
    let destinations = made(&bridge, "/destinations", 100, destination).await;
    let connection = json!({"name": "Flow", "source_id": sources[6], "destination_id": destinations[4], "enabled": false});
    made(&bridge, "/connections", 100, connection).await;
    let lists = [
        ("/sources", ">Board "),
        ("/destinations", ">Sink "),
        ("/connections", ">Flow "),
    ];
    // What a page holds looks as ever.
    for (path, name) in lists {
        assert_eq!(shown(&mut ada, path, name).await, expected(1, 100));
        let html = ada.get(path).await.html;
        assert!(!html.contains(SEARCH) && !html.contains("class=\"pager\""));
    }

    for (path, document) in [
        ("/sources", json!({"name": "Board 101"})),
        (
            "/destinations",
            json!({"name": "Sink 101", "config": {"url": "https://elsewhere.example.net/"}}),
        ),
        (
            "/connections",
            json!({"name": "Flow 101", "source_id": sources[99], "destination_id": destinations[98], "enabled": false}),
        ),
    ] {
        bridge.created(path, document).await;
    }
    for (path, name) in lists {
        assert_eq!(shown(&mut ada, path, name).await, expected(1, 100));
        assert!(ada.get(path).await.html.contains(SEARCH));
        let next = beside(&mut ada, path, "next").await.unwrap();
        assert_eq!(shown(&mut ada, &next, name).await, expected(101, 101));
        assert_eq!(beside(&mut ada, &next, "next").await, None);
        let previous = beside(&mut ada, &next, "prev").await.unwrap();
        assert_eq!(shown(&mut ada, &previous, name).await, expected(1, 100));
        // What was searched for stays in the form and in the links, and what was told once is not told again.
        let asked = format!("{path}?done=deleted&text={}", &name[1..]);
        let next = beside(&mut ada, &asked, "next").await.unwrap();
        assert!(next.contains("text=") && !next.contains("done"), "{next}");
        let html = ada.get(&next).await.html;
        let typed = format!("value=\"{}\"", name[1..].trim());
        assert!(html.contains(&typed), "{html}");
        let html = ada.get(&format!("{path}?text=nowhere")).await.html;
        assert!(html.contains("Nothing found") && html.contains(&format!("href=\"{path}\"")));
        assert_eq!(ada.get(&format!("{path}?after=x")).await.status, 400);
    }
    for (asked, name, numbers) in [
        ("/sources?text=BOARD+042", ">Board ", (42, 42)),
        ("/destinations?text=elsewhere", ">Sink ", (101, 101)),
        ("/connections?text=sink+099+101", ">Flow ", (101, 101)),
        ("/connections?text=board+100+101", ">Flow ", (101, 101)),
        ("/connections?text=board+007+flow+003", ">Flow ", (3, 3)),
    ] {
        let (first, last) = numbers;
        assert_eq!(shown(&mut ada, asked, name).await, expected(first, last));
    }
    // What is secret about an address is not looked for.
    for secret in ["secret-path", "abc", "x-key"] {
        let found = format!("/destinations?text={secret}");
        assert_eq!(shown(&mut ada, &found, ">Sink ").await.2, 0, "{secret}");
    }
    // Of a list that has little, and of nothing, too.
    let html = ada.get("/settings/people?text=nobody").await.html;
    assert!(html.contains("Nothing found") && html.contains(SEARCH));
    bridge.stop().await;
}

#[actix_web::test]
async fn many_people_are_shown_page_by_page() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    for number in 1..=100 {
        let now = bridge.bridge.clock.now();
        let user = User {
            id: new_id!(UserId, bridge.bridge, now),
            email: format!("p{number:03}@example.com"),
            name: format!("Person {number:03}"),
            role: Role::Viewer,
            created_at: now,
            deactivated_at: None,
            has_second_factor: false,
            language: None,
            time_zone: None,
        };
        let store = &bridge.bridge.store;
        store.create_user(user, "x".into(), false).await.unwrap();
    }
    let (path, name) = ("/settings/people", "<strong>Person ");
    // Ada is the first of them.
    assert_eq!(shown(&mut ada, path, name).await, expected(1, 99));
    let next = beside(&mut ada, path, "next").await.unwrap();
    assert_eq!(shown(&mut ada, &next, name).await, expected(100, 100));
    let found = format!("{path}?text=P007%40example");
    assert_eq!(shown(&mut ada, &found, name).await, expected(7, 7));
    // Where something is wrong with a form, the links lead to the list.
    let mark = ada.get(path).await.mark();
    let fields = [
        ("csrf", &*mark),
        ("email", "no address"),
        ("role", "editor"),
    ];
    let again = ada.post(&format!("{path}/invite"), &fields).await;
    assert_eq!(again.status, 422);
    let next = format!("href=\"{path}?after=");
    assert!(again.html.contains(&next), "{}", again.html);
    bridge.stop().await;
}

#[actix_web::test]
async fn many_versions_are_shown_page_by_page() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let source = bridge.created("/sources", json!({"name": "Blue"})).await;
    let destination = json!({"name": "Sink", "config": {"url": "https://hooks.example.com/"}});
    let destination = bridge.created("/destinations", destination).await;
    let mut document =
        json!({"name": "Flow", "source_id": source["id"], "destination_id": destination["id"]});
    let made = bridge.created("/connections", document.clone()).await;
    let path = format!("/connections/{}", made["id"].as_str().unwrap());
    for number in 2..=101 {
        document["trigger"] = json!({"project_ids": [format!("p{number}")]});
        let (status, answer) = bridge.api("PUT", &path, Some(document.clone())).await;
        assert_eq!(status, 200, "{answer}");
    }
    let numbers = |html: &str| -> Vec<String> {
        let link = format!("href=\"{path}/versions/");
        let links = html.split(&link).skip(1);
        links
            .map(|rest| rest.split('"').next().unwrap().to_string())
            .collect()
    };
    let first = ada.get(&path).await.html;
    let shown = numbers(&first);
    assert_eq!((&*shown[0], &*shown[99], shown.len()), ("101", "2", 100));
    assert_eq!(first.matches("(in force)").count(), 1);
    // Each says what it changed, the last one of the page too.
    assert_eq!(first.matches("class=\"changes small\"").count(), 100);
    let older = beside(&mut ada, &path, "next").await.unwrap();
    assert_eq!(older, format!("{path}?before=2#versions"));
    let html = ada.get(&older).await.html;
    assert_eq!(numbers(&html), ["1"]);
    assert!(!html.contains("(in force)"));
    let newer = beside(&mut ada, &older, "prev").await.unwrap();
    assert_eq!(numbers(&ada.get(&newer).await.html), shown);
    bridge.stop().await;
}

#[actix_web::test]
async fn a_form_offers_the_first_names_and_the_chosen_one() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let sources = made(&bridge, "/sources", 202, json!({"name": "Board"})).await;
    let destination = json!({"name": "Sink", "config": {"url": "https://hooks.example.com/"}});
    let destinations = made(&bridge, "/destinations", 202, destination).await;
    let connection = json!({"name": "Flow", "source_id": sources[0], "destination_id": destinations[0], "enabled": false});
    let connections = made(&bridge, "/connections", 202, connection).await;
    for (asked, name, section, ids) in [
        (
            "/deliveries?connection_id=",
            ">Flow ",
            "/connections",
            &connections,
        ),
        (
            "/deliveries?destination_id=",
            ">Sink ",
            "/destinations",
            &destinations,
        ),
        ("/events?source_id=", ">Board ", "/sources", &sources),
    ] {
        let count = |html: &str| html.matches(name).count();
        let html = ada.get(asked).await.html;
        assert_eq!(count(&html), 200, "{asked}");
        let hint = format!("open <a href=\"{section}\">its page</a>");
        assert!(html.contains(&hint), "{html}");
        let chosen = format!("<option value=\"{}\" selected>{}202<", ids[201], &name[1..]);
        let html = ada.get(&format!("{asked}{}", ids[201])).await.html;
        assert!(html.contains(&chosen));
        // The page of each leads there.
        let page = ada.get(&format!("{section}/{}", ids[201])).await.html;
        assert!(page.contains(&format!("href=\"{asked}{}\"", ids[201])));
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn a_list_of_the_api_is_answered_page_by_page_without_being_asked() {
    let bridge = TestBridge::start().await;
    let ids = made(&bridge, "/sources", 51, json!({"name": "Board"})).await;
    let first = bridge.get("/sources").await;
    assert_eq!(first["data"].as_array().unwrap().len(), 50);
    assert_eq!(first["next_cursor"], ids[49]);
    let next = format!("/sources?cursor={}", ids[49]);
    let rest = bridge.get(&next).await;
    assert_eq!(rest["data"][0]["id"], ids[50]);
    assert_eq!(rest["next_cursor"], Value::Null);
    // Whoever deletes what was answered goes on behind it.
    let path = format!("/sources/{}", ids[49]);
    assert_eq!(bridge.api("DELETE", &path, None).await.0, 204);
    assert_eq!(bridge.get(&next).await, rest);

    let told = bridge.get("/openapi.json").await;
    for list in ["/sources", "/connections/{id}/versions", "/deliveries"] {
        let parameters = told["paths"][list]["get"]["parameters"].as_array();
        let mut parameters = parameters.unwrap().iter();
        let limit = parameters.find(|one| one["name"] == "limit").unwrap();
        assert_eq!(limit["schema"]["default"], 50, "{list}");
    }
    bridge.stop().await;
}
