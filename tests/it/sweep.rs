//! Walks the route table: every page has its headers, every form needs its mark, and every route keeps out whoever has too small a role.

use actix_web::http::Method;
use bluebridge::domain::id::{TokenId, UserId};
use bluebridge::domain::person::{Role, User};
use bluebridge::new_id;
use bluebridge::web::admission::Access;
use bluebridge::web::auth::new_token;
use bluebridge::web::password::hash_password;
use bluebridge::web::route::Entry;
use bluebridge::web::routes::{API_PREFIX, api, pages};
use reqwest::StatusCode;

use crate::harness::TestBridge;
use crate::pages::{Visitor, owner};

pub const PASSWORD: &str = "a long pass phrase";

/// The address of a route, with something that no row has in the place of each parameter.
fn address(entry: &Entry) -> String {
    entry
        .path
        .replace("{id}", "01a20cec-a467-7000-9857-0cd1f79677cf")
        .replace("{token}", "unknown")
        .replace("{number}", "1")
        .replace("{hash}", "0")
        .replace("{name}", "app.css")
}

pub async fn person(bridge: &TestBridge, role: Role) -> Visitor<'_> {
    let user = User {
        id: new_id!(UserId, bridge.bridge, bridge.bridge.clock.now()),
        email: format!("{}@example.com", role.as_str()),
        name: role.as_str().into(),
        role,
        created_at: bridge.bridge.clock.now(),
        deactivated_at: None,
        has_second_factor: false,
        language: None,
        time_zone: None,
    };
    let email = user.email.clone();
    let hash = hash_password(PASSWORD.into()).await.unwrap();
    bridge
        .bridge
        .store
        .create_user(user, hash, false)
        .await
        .unwrap();
    let mut visitor = Visitor::stranger(bridge);
    let mark = visitor.get("/login").await.mark();
    let fields = [
        ("csrf", mark.as_str()),
        ("email", &email),
        ("password", PASSWORD),
    ];
    assert_eq!(
        visitor.post("/login", &fields).await.location.as_deref(),
        Some("/")
    );
    visitor
}

async fn token(bridge: &TestBridge, role: Role) -> String {
    let (token, hash) = new_token("bbt_");
    let now = bridge.bridge.clock.now();
    let id = new_id!(TokenId, bridge.bridge, now);
    let store = &bridge.bridge.store;
    store
        .create_token(bluebridge::store::tokens::NewToken {
            id,
            name: "sweep".into(),
            hash,
            role,
            created_by: "test".into(),
            now_ms: now.as_millisecond(),
            expires_ms: None,
        })
        .await
        .unwrap();
    token
}

#[actix_web::test]
async fn every_page_has_its_headers_and_lets_in_whom_its_role_says() {
    let bridge = TestBridge::start().await;
    owner(&bridge).await;
    let mut stranger = Visitor::stranger(&bridge);
    let mut people = [
        (Role::Viewer, person(&bridge, Role::Viewer).await),
        (Role::Editor, person(&bridge, Role::Editor).await),
        (Role::Owner, person(&bridge, Role::Owner).await),
    ];
    let entries = pages();
    assert!(entries.len() > 40, "the table was not walked");
    for entry in entries.iter().filter(|entry| entry.method == Method::GET) {
        let path = address(entry);
        let answer = bridge.http.get(bridge.url(&path)).send().await.unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        let csp = header("content-security-policy").unwrap();
        assert!(
            csp.starts_with("default-src 'none';") && !csp.contains("unsafe"),
            "{path}"
        );
        assert!(
            csp.contains("frame-ancestors 'none'") && csp.contains("form-action 'self'"),
            "{path}"
        );
        assert_eq!(header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header("referrer-policy"), Some("no-referrer"), "{path}");
        assert!(header("permissions-policy").is_some(), "{path}");
        assert_eq!(header("strict-transport-security"), None, "http has none");
        let kept = path
            .starts_with("/static/")
            .then_some("public, max-age=31536000, immutable");
        assert_eq!(
            header("cache-control"),
            Some(kept.unwrap_or("no-store")),
            "{path}"
        );

        let Access::AtLeast(needed) = entry.access else {
            continue;
        };
        let sent_to = stranger.get(&path).await.location.unwrap();
        assert!(sent_to.starts_with("/login"), "{path}");
        for (role, visitor) in &mut people {
            let status = visitor.get(&path).await.status;
            assert_eq!(
                status == 403,
                *role < needed,
                "{path} as {} was {status}",
                role.as_str()
            );
        }
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn every_form_refuses_a_missing_mark_a_foreign_page_and_too_small_a_role() {
    let bridge = TestBridge::start().await;
    owner(&bridge).await;
    let mut people = [
        (Role::Viewer, person(&bridge, Role::Viewer).await),
        (Role::Editor, person(&bridge, Role::Editor).await),
    ];
    let mut ada = person(&bridge, Role::Owner).await;
    let mark = ada.get("/").await.mark();
    let forms: Vec<Entry> = pages()
        .into_iter()
        .filter(|entry| entry.method != Method::GET)
        .collect();
    assert!(forms.len() > 15, "the table was not walked");
    for entry in &forms {
        let path = address(entry);
        let method = reqwest::Method::from_bytes(entry.method.as_str().as_bytes()).unwrap();
        for (fields, site) in [
            ("", "same-origin"),
            ("csrf=wrong", "same-origin"),
            (&format!("csrf={mark}")[..], "cross-site"),
        ] {
            let request = bridge
                .http
                .request(method.clone(), bridge.url(&path))
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", site)
                .body(fields.to_string());
            assert_eq!(
                ada.send(request).await.status,
                403,
                "{path} with {fields:?} from {site}"
            );
        }
        let Access::AtLeast(needed) = entry.access else {
            continue;
        };
        for (role, visitor) in &mut people {
            if *role >= needed {
                continue;
            }
            let mark = visitor.get("/").await.mark();
            let status = visitor.post(&path, &[("csrf", &mark)]).await.status;
            assert_eq!(status, 403, "{path} as {}", role.as_str());
        }
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn the_api_asks_for_a_token_and_keeps_its_roles_apart() {
    let bridge = TestBridge::start().await;
    let tokens = [
        (Role::Viewer, token(&bridge, Role::Viewer).await),
        (Role::Editor, token(&bridge, Role::Editor).await),
        (Role::Owner, token(&bridge, Role::Owner).await),
    ];
    let entries = api();
    assert!(entries.len() > 20, "the table was not walked");
    for entry in &entries {
        let path = format!("{API_PREFIX}{}", address(entry));
        let method = reqwest::Method::from_bytes(entry.method.as_str().as_bytes()).unwrap();
        let ask = |token: Option<&str>| {
            let request = bridge.http.request(method.clone(), bridge.url(&path));
            match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            }
            .send()
        };
        let answer = ask(None).await.unwrap();
        assert_eq!(
            answer.headers()["x-content-type-options"],
            "nosniff",
            "{path}"
        );
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        let Access::AtLeast(needed) = entry.access else {
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            continue;
        };
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(
            ask(Some("bbt_unknown")).await.unwrap().status(),
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
        for (role, token) in &tokens {
            let status = ask(Some(token)).await.unwrap().status();
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(
                status == StatusCode::FORBIDDEN,
                *role < needed,
                "{path} as {} was {status}",
                role.as_str()
            );
        }
    }
    bridge.stop().await;
}
