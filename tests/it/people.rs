//! People: invitations, roles, sessions, the second factor, throttling, and what the audit log says of it all.

use std::time::Duration;

use bluebridge::domain::person::Role;
use serde_json::json;
use totp_rs::{Builder, Secret as TotpSecret};

use crate::database::{Database, Home, on_both};
use crate::harness::TestBridge;
use crate::pages::{Page, Visitor, owner};
use crate::sweep::{PASSWORD, person};

on_both!(
    an_invitation_makes_one_account_and_is_shown_once,
    roles_change_at_once_and_an_owner_always_stays,
    sessions_are_listed_and_ended_one_by_one_and_a_new_password_ends_all,
    signing_in_leads_back_to_pages_of_ours_only,
    invitations_do_not_outlive_the_rights_of_who_made_them,
    the_second_factor_is_asked_for_and_no_code_is_taken_twice,
    whoever_knows_only_the_password_signs_nobody_out,
    the_eleventh_wrong_password_is_refused_from_whatever_address,
    an_address_is_limited_and_a_made_up_header_does_not_help,
    new_accounts_are_limited_as_signing_in_is_and_the_first_is_made_once,
    whoever_guesses_at_the_door_does_not_stop_who_is_signed_in,
    every_change_is_on_record_with_who_did_it_and_without_secrets,
    a_token_runs_out_and_its_use_is_shown,
    what_is_not_easily_undone_is_asked_first_without_scripts,
);

pub const ADA: &str = "ada@example.com";
pub const ADAS_PASSWORD: &str = "correct horse battery";

pub async fn sign_in(visitor: &mut Visitor<'_>, email: &str, password: &str) -> Page {
    let mark = visitor.get("/login").await.mark();
    let fields = [
        ("csrf", mark.as_str()),
        ("email", email),
        ("password", password),
    ];
    visitor.post("/login", &fields).await
}

/// Posts a form with the visitor's mark, and says yes when asked.
pub async fn act(visitor: &mut Visitor<'_>, path: &str, fields: &[(&str, &str)]) -> Page {
    let mark = visitor.get("/settings").await.mark();
    let mut all = vec![("csrf", mark.as_str())];
    all.extend_from_slice(fields);
    let answer = visitor.post(path, &all).await;
    if !answer.html.contains(r#"name="confirmed" value="yes""#) {
        return answer;
    }
    all.push(("confirmed", "yes"));
    visitor.post(path, &all).await
}

pub fn between<'a>(html: &'a str, before: &str, after: &str) -> &'a str {
    let rest = html
        .split(before)
        .nth(1)
        .unwrap_or_else(|| panic!("no {before} in {html}"));
    rest.split(after).next().unwrap()
}

pub async fn id_of(bridge: &TestBridge, email: &str) -> String {
    let users = bridge.bridge.store.users().await.unwrap();
    users
        .iter()
        .find(|user| user.email == email)
        .unwrap()
        .id
        .to_string()
}

async fn an_invitation_makes_one_account_and_is_shown_once(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let fields = [("email", "Bob@Example.com"), ("role", "editor")];
    let shown = act(&mut ada, "/settings/people/invite", &fields).await;
    let path = format!("/invite/{}", between(&shown.html, "/invite/", "\""));
    let again = ada.get("/settings/people").await.html;
    assert!(again.contains("bob@example.com") && !again.contains("/invite/"));
    assert!(
        act(
            &mut ada,
            "/settings/people/invite",
            &[("email", ADA), ("role", "viewer")]
        )
        .await
        .html
        .contains("already")
    );

    let mut bob = Visitor::stranger(&bridge);
    let mark = bob.get(&path).await.mark();
    for weak in ["short", "password123456", "bob@example.com"] {
        let fields = [("csrf", mark.as_str()), ("name", "Bob"), ("password", weak)];
        assert_eq!(bob.post(&path, &fields).await.status, 422, "{weak}");
    }
    let fields = [
        ("csrf", mark.as_str()),
        ("name", "Bob <i>"),
        ("password", "quiet river stones"),
    ];
    assert_eq!(
        bob.post(&path, &fields).await.location.as_deref(),
        Some("/?done=welcome")
    );
    assert!(bob.get("/").await.html.contains("Bob &#60;i&#62;"));
    assert_eq!(bob.get("/sources/new").await.status, 200, "an editor");
    assert_eq!(bob.get("/settings/people").await.status, 403, "no owner");

    let mut late = Visitor::stranger(&bridge);
    let over = late.get(&path).await;
    assert_eq!(over.status, 404, "it works once");
    assert!(over.html.contains("This invitation is over") && over.html.contains("/login"));
    assert!(!over.html.contains("Not Found"), "{}", over.html);
    let fields = [
        ("csrf", over.mark()),
        ("name", "Eve".into()),
        ("password", "quiet river stones".into()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let refused = late.post(&path, &fields).await;
    assert_eq!(refused.status, 404);
    assert!(refused.html.contains("Ask whoever invited you"));
    let fields = [("email", "carol@example.com"), ("role", "viewer")];
    let shown = act(&mut ada, "/settings/people/invite", &fields).await;
    let path = format!("/invite/{}", between(&shown.html, "/invite/", "\""));
    assert_eq!(late.get(&path).await.status, 200);
    bridge.advance(Duration::from_secs(73 * 3_600));
    assert_eq!(late.get(&path).await.status, 404, "it runs out");
    let shown = act(&mut ada, "/settings/people/invite", &fields).await;
    let path = format!("/invite/{}", between(&shown.html, "/invite/", "\""));
    let withdraw = format!(
        "/settings/people/invites/{}/withdraw",
        between(&shown.html, "/settings/people/invites/", "/withdraw")
    );
    assert_eq!(act(&mut ada, &withdraw, &[]).await.status, 303);
    assert_eq!(late.get(&path).await.status, 404, "it was withdrawn");
    bridge.stop().await;
}

async fn roles_change_at_once_and_an_owner_always_stays(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let mut bob = person(&bridge, Role::Viewer).await;
    let (adas, bobs) = (
        id_of(&bridge, ADA).await,
        id_of(&bridge, "viewer@example.com").await,
    );
    let at = |id: &str, verb: &str| format!("/settings/people/{id}/{verb}");

    for (verb, fields) in [
        ("role", &[("role", "editor")][..]),
        ("deactivate", &[]),
        ("remove", &[]),
    ] {
        let refused = act(&mut ada, &at(&adas, verb), fields).await;
        assert_eq!(refused.status, 422, "{verb}");
        assert!(refused.html.contains("last owner"), "{verb}");
    }
    let refused = bob.get("/sources/new").await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.html.contains("<header class=\"side\">"),
        "{}",
        refused.html
    );
    for path in ["/nowhere", "/deliveries/nonsense"] {
        let missing = bob.get(path).await;
        assert_eq!(missing.status, 404, "{path}");
        assert!(missing.html.contains("<header class=\"side\">"), "{path}");
    }
    let looked = bob.get("/sources").await.html;
    assert!(looked.contains("You can look but not change") && !looked.contains("/sources/new"));
    assert_eq!(
        act(&mut ada, &at(&bobs, "role"), &[("role", "editor")])
            .await
            .status,
        303
    );
    assert_eq!(bob.get("/sources/new").await.status, 200);
    assert_eq!(
        act(&mut ada, &at(&bobs, "role"), &[("role", "king")])
            .await
            .status,
        422
    );

    assert_eq!(
        act(&mut ada, &at(&bobs, "deactivate"), &[]).await.status,
        303
    );
    assert!(bob.get("/").await.location.unwrap().starts_with("/login"));
    let mut again = Visitor::stranger(&bridge);
    assert_eq!(
        sign_in(&mut again, "viewer@example.com", PASSWORD)
            .await
            .status,
        422
    );
    assert_eq!(act(&mut ada, &at(&bobs, "activate"), &[]).await.status, 303);
    assert_eq!(
        sign_in(&mut again, "viewer@example.com", PASSWORD)
            .await
            .status,
        303
    );

    assert_eq!(
        act(&mut ada, &at(&bobs, "role"), &[("role", "owner")])
            .await
            .status,
        303
    );
    assert_eq!(act(&mut again, &at(&adas, "remove"), &[]).await.status, 303);
    assert!(ada.get("/").await.location.unwrap().starts_with("/login"));
    assert!(
        again
            .get("/settings/people")
            .await
            .html
            .contains("viewer@example.com")
    );
    bridge.stop().await;
}

async fn sessions_are_listed_and_ended_one_by_one_and_a_new_password_ends_all(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let mut phone = Visitor::stranger(&bridge);
    let mut laptop = Visitor::stranger(&bridge);
    for visitor in [&mut phone, &mut laptop] {
        assert_eq!(sign_in(visitor, ADA, ADAS_PASSWORD).await.status, 303);
    }
    let listed = ada.get("/settings").await.html;
    assert_eq!(
        listed.matches("/end\"").count(),
        2,
        "the other two can be ended"
    );
    bridge.advance(Duration::from_secs(120));
    phone.get("/").await;
    let listed = ada.get("/settings").await.html;
    let ids: Vec<&str> = listed
        .match_indices("/settings/sessions/")
        .filter_map(|(at, _)| listed[at + 19..].split("/end\"").next())
        .filter(|id| id.len() == 36)
        .collect();
    assert_eq!(ids.len(), 2);
    // The phone was used last, so it stands first.
    assert_eq!(
        act(&mut ada, &format!("/settings/sessions/{}/end", ids[0]), &[])
            .await
            .status,
        303
    );
    assert!(phone.get("/").await.location.is_some());
    assert_eq!(laptop.get("/").await.status, 200);

    let mut bob = person(&bridge, Role::Owner).await;
    assert_eq!(
        act(&mut bob, &format!("/settings/sessions/{}/end", ids[1]), &[])
            .await
            .status,
        404,
        "somebody else's"
    );
    assert_eq!(
        act(&mut ada, "/settings/sessions/end-others", &[])
            .await
            .status,
        303
    );
    assert!(laptop.get("/").await.location.is_some());
    assert_eq!(ada.get("/").await.status, 200);

    assert_eq!(sign_in(&mut laptop, ADA, ADAS_PASSWORD).await.status, 303);
    let old_cookie = ada.cookie.clone();
    let fields = [("current", ADAS_PASSWORD), ("new", "another long password")];
    assert_eq!(
        act(&mut ada, "/settings/password", &fields)
            .await
            .location
            .as_deref(),
        Some("/login?done=password")
    );
    for cookie in [old_cookie, laptop.cookie.clone()] {
        laptop.cookie = cookie;
        assert!(
            laptop
                .get("/")
                .await
                .location
                .unwrap()
                .starts_with("/login"),
            "the old cookie is dead"
        );
    }
    bridge.stop().await;
}

async fn signing_in_leads_back_to_pages_of_ours_only(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    owner(&bridge).await;
    let mut visitor = Visitor::stranger(&bridge);
    let way = visitor
        .get("/deliveries?state=failed")
        .await
        .location
        .unwrap();
    assert_eq!(way, "/login?next=%2Fdeliveries%3Fstate%3Dfailed");
    assert!(
        visitor
            .get(&way)
            .await
            .html
            .contains("value=\"/deliveries?state=failed\"")
    );
    for (next, to) in [
        ("/deliveries?state=failed", "/deliveries?state=failed"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
    ] {
        let mut visitor = Visitor::stranger(&bridge);
        let mark = visitor.get("/login").await.mark();
        let fields = [
            ("csrf", mark.as_str()),
            ("email", ADA),
            ("password", ADAS_PASSWORD),
            ("next", next),
        ];
        assert_eq!(
            visitor.post("/login", &fields).await.location.as_deref(),
            Some(to)
        );
    }
    bridge.stop().await;
}

pub fn code_of(secret: &str, bridge: &TestBridge) -> String {
    let secret = TotpSecret::try_from_base32(secret.replace(' ', "")).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    let now_s = u64::try_from(bridge.bridge.clock.now_ms() / 1_000).unwrap();
    totp.generate(now_s).to_string()
}

async fn the_second_factor_is_asked_for_and_no_code_is_taken_twice(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let mut elsewhere = Visitor::stranger(&bridge);
    sign_in(&mut elsewhere, ADA, ADAS_PASSWORD).await;

    let begin = "/settings/second-factor/begin";
    assert_eq!(
        act(&mut ada, begin, &[("current", "wrong")]).await.status,
        422
    );
    let begun = act(&mut ada, begin, &[("current", ADAS_PASSWORD)]).await;
    assert_eq!(begun.location.as_deref(), Some("/settings/second-factor"));
    let shown = ada.get("/settings/second-factor").await.html;
    assert!(shown.contains("<svg"));
    let secret = between(&shown, "<code class=\"whole\">", "<").to_string();
    let confirm = "/settings/second-factor/confirm";
    assert_eq!(
        act(&mut ada, confirm, &[("code", "000000")]).await.status,
        422
    );
    let used = code_of(&secret, &bridge);
    let mark = ada.get("/settings").await.mark();
    let fields = [("csrf", &*mark), ("code", &*used)];
    let led = ada.answer(confirm, &fields).await;
    assert_eq!(led.status, 303, "loading what comes sends no form again");
    let made = led.location.unwrap();
    let codes = ada.get(&made).await.html;
    assert_eq!(
        ada.get(&made).await.location.as_deref(),
        Some("/settings"),
        "shown once"
    );
    let recovery: Vec<String> = codes
        .split("<li><code>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_string())
        .collect();
    assert_eq!(recovery.len(), 10);
    assert!(
        elsewhere.get("/").await.location.is_some(),
        "other sessions end"
    );
    assert_eq!(
        ada.get("/settings/second-factor").await.location.as_deref(),
        Some("/settings")
    );

    let half = sign_in(&mut elsewhere, ADA, ADAS_PASSWORD).await;
    assert!(half.location.unwrap().starts_with("/login/code"));
    assert!(
        elsewhere
            .get("/")
            .await
            .location
            .unwrap()
            .starts_with("/login"),
        "half is not in"
    );
    let mark = elsewhere.get("/login/code").await.mark();
    let try_code = async |visitor: &mut Visitor<'_>, code: &str| {
        visitor
            .post("/login/code", &[("csrf", &mark), ("code", code)])
            .await
    };
    assert_eq!(
        try_code(&mut elsewhere, &used).await.status,
        422,
        "used at enrolment"
    );
    bridge.advance(Duration::from_secs(30));
    let fresh = code_of(&secret, &bridge);
    let half_cookie = elsewhere.cookie.clone();
    assert_eq!(
        try_code(&mut elsewhere, &fresh).await.location.as_deref(),
        Some("/")
    );
    assert_ne!(elsewhere.cookie, half_cookie, "a new token again");
    assert_eq!(elsewhere.get("/").await.status, 200);

    let mut third = Visitor::stranger(&bridge);
    sign_in(&mut third, ADA, ADAS_PASSWORD).await;
    let mark = third.get("/login/code").await.mark();
    let fields = |code: &str| {
        vec![
            ("csrf".to_string(), mark.clone()),
            ("code".to_string(), code.to_string()),
        ]
    };
    let mut post = async |code: &str| {
        let fields = fields(code);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        third.post("/login/code", &fields).await.status
    };
    assert_eq!(post(&fresh).await, 422, "a code works once");
    for _ in 0..9 {
        assert_eq!(post("123456").await, 422);
    }
    assert_eq!(
        post(&recovery[0].to_uppercase()).await,
        429,
        "codes cannot be guessed"
    );
    bridge.advance(Duration::from_secs(301));
    assert_eq!(post(&recovery[0].to_uppercase()).await, 303);
    let mut fourth = Visitor::stranger(&bridge);
    sign_in(&mut fourth, ADA, ADAS_PASSWORD).await;
    let mark = fourth.get("/login/code").await.mark();
    assert_eq!(
        fourth
            .post("/login/code", &[("csrf", &mark), ("code", &recovery[0])])
            .await
            .status,
        422,
        "a recovery code works once"
    );
    assert!(
        elsewhere
            .get("/settings")
            .await
            .html
            .contains("Recovery codes left: 9")
    );

    let mut bob = person(&bridge, Role::Owner).await;
    let reset = format!(
        "/settings/people/{}/reset-second-factor",
        id_of(&bridge, ADA).await
    );
    assert_eq!(act(&mut bob, &reset, &[]).await.status, 303);
    assert_eq!(
        sign_in(&mut fourth, ADA, ADAS_PASSWORD)
            .await
            .location
            .as_deref(),
        Some("/")
    );
    bridge.stop().await;
}

async fn whoever_knows_only_the_password_signs_nobody_out(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let current = [("current", ADAS_PASSWORD)];
    act(&mut ada, "/settings/second-factor/begin", &current).await;
    let shown = ada.get("/settings/second-factor").await.html;
    let secret = between(&shown, "<code class=\"whole\">", "<").to_string();
    let code = code_of(&secret, &bridge);
    let confirm = "/settings/second-factor/confirm";
    let confirmed = act(&mut ada, confirm, &[("code", &code)]).await;
    assert_eq!(confirmed.status, 200);
    bridge.advance(Duration::from_secs(1));
    let mut thief = Visitor::stranger(&bridge);
    for _ in 0..51 {
        let half = sign_in(&mut thief, ADA, ADAS_PASSWORD).await;
        assert!(half.location.unwrap().starts_with("/login/code"));
    }
    assert_eq!(ada.get("/settings").await.status, 200);
    bridge.stop().await;
}

async fn failed_login(bridge: &TestBridge, email: &str, forwarded: &str) -> u16 {
    let mut visitor = Visitor::stranger(bridge);
    let mark = visitor.get("/login").await.mark();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("csrf", mark.as_str()),
            ("email", email),
            ("password", "wrong and long enough"),
        ])
        .finish();
    let request = bridge
        .http
        .post(bridge.url("/login"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", forwarded)
        .body(body);
    visitor.send(request).await.status
}

async fn the_eleventh_wrong_password_is_refused_from_whatever_address(database: Database) {
    let bridge = TestBridge::start_behind_proxy(database, "127.0.0.0/8").await;
    owner(&bridge).await;
    for host in 1..=10 {
        assert_eq!(
            failed_login(&bridge, ADA, &format!("192.0.2.{host}")).await,
            422
        );
    }
    assert_eq!(failed_login(&bridge, ADA, "192.0.2.11").await, 429);
    assert_eq!(
        failed_login(&bridge, "bob@example.com", "192.0.2.11").await,
        422
    );
    bridge.stop().await;
}

async fn an_address_is_limited_and_a_made_up_header_does_not_help(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    owner(&bridge).await;
    for number in 0..50 {
        let (email, made_up) = (
            format!("p{number}@example.com"),
            format!("192.0.2.{number}"),
        );
        assert_eq!(failed_login(&bridge, &email, &made_up).await, 422);
    }
    assert_eq!(
        failed_login(&bridge, "one-more@example.com", "198.51.100.1").await,
        429
    );
    bridge.stop().await;
}

async fn new_accounts_are_limited_as_signing_in_is_and_the_first_is_made_once(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let exhausted = async || {
        let mut guesser = Visitor::stranger(&bridge);
        let mark = guesser.get("/setup").await;
        let mark = match mark.location {
            Some(login) => guesser.get(&login).await.mark(),
            None => mark.mark(),
        };
        for number in 0..50 {
            let email = format!("p{number}@example.com");
            let fields = [("csrf", &*mark), ("email", &email), ("password", "wrong")];
            guesser.post("/login", &fields).await;
        }
    };
    exhausted().await;
    let mut ada = Visitor::stranger(&bridge);
    let mark = ada.get("/setup").await.mark();
    let mut account = [
        ("csrf", &*mark),
        ("name", "Ada"),
        ("email", ADA),
        ("password", ADAS_PASSWORD),
    ];
    let refused = ada.post("/setup", &account).await;
    assert_eq!(refused.status, 429);
    assert!(refused.html.contains("Too many"), "{}", refused.html);
    bridge.advance(Duration::from_secs(301));
    assert_eq!(ada.post("/setup", &account).await.status, 303);

    // No password is hashed any more, nor even looked at.
    let mut late = Visitor::stranger(&bridge);
    let mark = late.get("/login").await.mark();
    account[0].1 = &mark;
    account[3].1 = "short";
    let answer = late.post("/setup", &account).await;
    assert_eq!(
        (answer.status, answer.location.as_deref()),
        (303, Some("/login"))
    );

    let fields = [("email", "bob@example.com"), ("role", "editor")];
    let shown = act(&mut ada, "/settings/people/invite", &fields).await;
    let path = format!("/invite/{}", between(&shown.html, "/invite/", "\""));
    exhausted().await;
    let mark = late.get(&path).await.mark();
    let fields = [
        ("csrf", &*mark),
        ("name", "Bob"),
        ("password", "quiet river stones"),
    ];
    assert_eq!(late.post(&path, &fields).await.status, 429);
    bridge.advance(Duration::from_secs(301));
    assert_eq!(late.post(&path, &fields).await.status, 303);
    bridge.stop().await;
}

async fn whoever_guesses_at_the_door_does_not_stop_who_is_signed_in(database: Database) {
    let bridge = TestBridge::start_behind_proxy(database, "127.0.0.0/8").await;
    let mut ada = owner(&bridge).await;
    for host in 1..=11 {
        failed_login(&bridge, ADA, &format!("192.0.2.{host}")).await;
    }
    let path = "/settings/password";
    let fields = |current| [("current", current), ("new", "quiet river stones")];
    for _ in 0..9 {
        assert_eq!(act(&mut ada, path, &fields("wrong")).await.status, 422);
    }
    let changed = act(&mut ada, path, &fields(ADAS_PASSWORD)).await;
    assert_eq!(changed.location.as_deref(), Some("/login?done=password"));
    bridge.stop().await;
}

async fn invitations_do_not_outlive_the_rights_of_who_made_them(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let mut bob = person(&bridge, Role::Owner).await;
    let (email, id) = (
        "owner@example.com",
        id_of(&bridge, "owner@example.com").await,
    );
    let invited = async |owner: &mut Visitor<'_>, email: &str| {
        let fields = [("email", email), ("role", "owner")];
        let shown = act(owner, "/settings/people/invite", &fields).await;
        format!("/invite/{}", between(&shown.html, "/invite/", "\""))
    };
    let kept = invited(&mut ada, "eve@example.com").await;
    let of_bob = format!("/settings/people/{id}");
    let mut guest = Visitor::stranger(&bridge);
    for change in ["role", "deactivate", "password", "remove"] {
        let link = invited(&mut bob, "carol@example.com").await;
        assert_eq!(guest.get(&link).await.status, 200, "{change}");
        let path = format!("{of_bob}/{change}");
        let changed = match change {
            "password" => {
                let fields = [("current", PASSWORD), ("new", "quiet river stones")];
                act(&mut bob, "/settings/password", &fields).await
            }
            "role" => act(&mut ada, &path, &[("role", "editor")]).await,
            _ => act(&mut ada, &path, &[]).await,
        };
        assert_eq!(changed.status, 303, "{change}: {}", changed.html);
        assert_eq!(guest.get(&link).await.status, 404, "{change}");
        let back = [("role", "owner")];
        match change {
            "role" => act(&mut ada, &path, &back).await,
            "deactivate" => {
                act(&mut ada, &format!("{of_bob}/activate"), &[]).await;
                sign_in(&mut bob, email, PASSWORD).await
            }
            _ => sign_in(&mut bob, email, "quiet river stones").await,
        };
    }
    assert_eq!(guest.get(&kept).await.status, 200);
    let notes = bridge.get("/audit?object_kind=invite").await;
    let withdrawn: Vec<&str> = notes["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|note| note["action"] == "invite.withdrawn")
        .map(|note| note["actor"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(withdrawn, ["Ada", "owner", "Ada", "Ada"]);
    assert!(
        notes
            .to_string()
            .contains("Withdrew the invitation of carol@example.com with the rights of owner.")
    );
    bridge.stop().await;
}

async fn every_change_is_on_record_with_who_did_it_and_without_secrets(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let source = bridge
        .created(
            "/sources",
            json!({"name": "Blue", "secret": "canary-in-source"}),
        )
        .await;
    let id = source["id"].as_str().unwrap();
    let changed = json!({"name": "Blue two", "secret": "canary-again"});
    assert_eq!(
        bridge
            .api("PUT", &format!("/sources/{id}"), Some(changed))
            .await
            .0,
        200
    );
    let made = act(
        &mut ada,
        "/settings/tokens",
        &[("name", "ci"), ("role", "viewer"), ("days", "30")],
    )
    .await
    .html;
    let token = between(&made, "aria-label=\"API token\" value=\"", "\"").to_string();
    act(&mut ada, "/settings/name", &[("name", "Ada L")]).await;

    let log = bridge.get("/audit").await;
    let notes = log["data"].as_array().unwrap();
    let actions: Vec<&str> = notes
        .iter()
        .map(|note| note["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "person.renamed",
            "token.created",
            "source.changed",
            "source.created",
            "person.set_up"
        ]
    );
    assert_eq!(notes[3]["actor"]["kind"], "token");
    assert_eq!(notes[3]["actor"]["name"], "test");
    assert_eq!(notes[3]["actor"]["address"], "127.0.0.1");
    assert_eq!(notes[3]["object"], json!({"kind": "source", "id": id}));
    assert_eq!(notes[0]["actor"]["name"], "Ada");
    assert_eq!(
        notes[2]["sentence"],
        "Changed the source Blue two and gave it a new secret."
    );
    let text = log.to_string();
    assert!(!text.contains("canary") && !text.contains(&token) && !text.contains("horse"));

    let narrowed = bridge.get("/audit?object_kind=source&limit=1").await;
    assert_eq!(narrowed["data"][0]["action"], "source.changed");
    let next = narrowed["next_cursor"].as_str().unwrap();
    let rest = bridge
        .get(&format!("/audit?object_kind=source&limit=1&cursor={next}"))
        .await;
    assert_eq!(rest["data"][0]["action"], "source.created");
    assert_eq!(
        bridge.get("/audit?text=blue%20TWO").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        bridge.get("/audit?text=100%25").await["data"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    assert_eq!(
        bridge.get("/audit?actor_kind=person").await["data"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        bridge.api("GET", "/audit?actor_kind=king", None).await.0,
        400
    );
    let page = ada.get("/settings/audit?kind=source").await.html;
    assert!(page.contains("Made the source Blue.") && !page.contains("person.renamed"));

    // A change that is refused leaves no note.
    let before = bridge.get("/audit").await["data"].as_array().unwrap().len();
    assert_eq!(
        bridge
            .api("PUT", &format!("/sources/{id}"), Some(json!({"name": ""})))
            .await
            .0,
        422
    );
    act(
        &mut ada,
        "/settings/people/invite",
        &[("email", ADA), ("role", "viewer")],
    )
    .await;
    assert_eq!(
        bridge.get("/audit").await["data"].as_array().unwrap().len(),
        before
    );

    // Notes outlive the events, and end after a year.
    bridge.advance(Duration::from_secs(200 * 86_400));
    bluebridge::flow::retention::forget(&bridge.bridge)
        .await
        .unwrap();
    assert_eq!(
        bridge.get("/audit").await["data"].as_array().unwrap().len(),
        before
    );
    bridge.advance(Duration::from_secs(166 * 86_400));
    bluebridge::flow::retention::forget(&bridge.bridge)
        .await
        .unwrap();
    assert_eq!(
        bridge.get("/audit").await["data"].as_array().unwrap().len(),
        0
    );
    bridge.stop().await;
}

async fn a_token_runs_out_and_its_use_is_shown(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let fields = [("name", "ci"), ("role", "viewer"), ("days", "30")];
    let made = act(&mut ada, "/settings/tokens", &fields).await.html;
    let token = between(&made, "aria-label=\"API token\" value=\"", "\"").to_string();
    assert!(!ada.get("/settings/tokens").await.html.contains(&token));
    let ask = async || {
        let request = bridge
            .http
            .get(bridge.url("/api/v1/sources"))
            .bearer_auth(&token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask().await, 200);
    let used = async || {
        let tokens = bridge.bridge.store.tokens().await.unwrap();
        tokens
            .iter()
            .find(|token| token.name == "ci")
            .unwrap()
            .last_used_at
            .unwrap()
    };
    let first = used().await;
    bridge.advance(Duration::from_secs(59));
    assert_eq!(ask().await, 200);
    assert_eq!(used().await, first, "written at most once a minute");
    bridge.advance(Duration::from_secs(2));
    assert_eq!(ask().await, 200);
    assert!(used().await > first);
    bridge.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(ask().await, 401);
    bridge.stop().await;
}

async fn what_is_not_easily_undone_is_asked_first_without_scripts(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut ada = owner(&bridge).await;
    let mut bob = person(&bridge, Role::Viewer).await;
    let fields = [("name", "ci"), ("role", "viewer"), ("days", "30")];
    act(&mut ada, "/settings/tokens", &fields).await;
    let bobs = id_of(&bridge, "viewer@example.com").await;
    let tokens = bridge.bridge.store.tokens().await.unwrap();
    let ci = tokens.iter().find(|token| token.name == "ci").unwrap();
    let mark = ada.get("/settings").await.mark();
    for (path, question) in [
        (
            format!("/settings/people/{bobs}/deactivate"),
            "Lock viewer out?",
        ),
        (
            format!("/settings/people/{bobs}/remove"),
            "Remove the account of viewer?",
        ),
        (
            format!("/settings/people/{bobs}/reset-second-factor"),
            "Take the second factor of viewer away?",
        ),
        (
            format!("/settings/tokens/{}/revoke", ci.id),
            "Revoke the token ci?",
        ),
        (
            "/settings/sessions/end-others".into(),
            "Sign out everywhere else?",
        ),
    ] {
        let asked = ada
            .post(&path, &[("csrf", &mark), ("kept", "<as it was>")])
            .await;
        assert_eq!(asked.status, 200, "{path}");
        assert!(asked.html.contains(question), "{path}: {}", asked.html);
        assert!(asked.html.contains(r#"name="confirmed" value="yes""#));
        let kept = r#"name="kept" value="&#60;as it was&#62;""#;
        assert!(asked.html.contains(kept), "{path}: {}", asked.html);
        let refused = ada.post(&path, &[("confirmed", "yes")]).await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(bob.get("/settings").await.status, 200, "{path}");
    }
    let tokens = bridge.bridge.store.tokens().await.unwrap();
    assert!(tokens.iter().any(|token| token.name == "ci"), "not revoked");
    bridge.stop().await;
}

#[actix_web::test]
async fn what_was_typed_comes_back_and_problems_lead_to_their_fields() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let long = "a".repeat(200);
    for (path, fields, parts) in [
        (
            "/settings/people/invite",
            vec![("email", ADA), ("role", "viewer")],
            vec!["<option value=\"viewer\" selected>"],
        ),
        (
            "/settings/tokens",
            vec![("name", ""), ("role", "owner"), ("days", "90")],
            vec![
                "<option value=\"owner\" selected>",
                "<option value=\"90\" selected>",
            ],
        ),
        (
            "/settings/tokens",
            vec![("name", "ci"), ("role", "viewer"), ("days", "7")],
            vec!["<option value=\"viewer\" selected>", "value=\"ci\""],
        ),
        (
            "/settings/name",
            vec![("name", &*long)],
            vec!["<a href=\"#name\">Name</a>", &*long],
        ),
        (
            "/settings/reading",
            vec![("language", "id"), ("time_zone", "Moon/Base")],
            vec![
                "<a href=\"#time_zone\">Time zone</a>",
                "value=\"Moon/Base\"",
                "<option value=\"id\" lang=\"id\" selected>",
            ],
        ),
        (
            "/settings/password",
            vec![("current", "wrong"), ("new", "quiet river stones")],
            vec!["<a href=\"#current\">Present password</a>"],
        ),
        (
            "/settings/password",
            vec![("current", ADAS_PASSWORD), ("new", "short")],
            vec!["<a href=\"#new\">New password</a>"],
        ),
        (
            "/settings/second-factor/begin",
            vec![("current", "wrong")],
            vec!["<a href=\"#begin_current\">Your password</a>"],
        ),
    ] {
        let page = act(&mut ada, path, &fields).await;
        assert_eq!(page.status, 422, "{path}");
        for part in parts {
            assert!(page.html.contains(part), "{part} in {}", page.html);
        }
    }
    let adas = id_of(&bridge, ADA).await;
    let path = format!("/settings/people/{adas}/role");
    let page = act(&mut ada, &path, &[("role", "king")]).await;
    let link = format!("<a href=\"#role-{adas}\">Role of Ada</a>");
    assert!(page.html.contains(&link), "{}", page.html);
    bridge.stop().await;
}

#[actix_web::test]
async fn a_form_sent_after_its_session_ended_is_said_to_be_lost() {
    let bridge = TestBridge::start().await;
    let mut ada = owner(&bridge).await;
    let mark = ada.get("/sources/new").await.mark();
    let mut elsewhere = Visitor::stranger(&bridge);
    sign_in(&mut elsewhere, ADA, ADAS_PASSWORD).await;
    act(&mut elsewhere, "/settings/sessions/end-others", &[]).await;

    let fields = [("csrf", mark.as_str()), ("name", "Lost")];
    let unsaved = "/login?done=unsaved";
    let sent = ada.post("/sources", &fields).await;
    assert_eq!(sent.location.as_deref(), Some(unsaved));
    let told = ada.get(unsaved).await.html;
    assert!(told.contains("nothing of it was saved. Sign in and repeat it."));
    // Its cookie has run out, or another sign-in page has put one of its own in its place.
    let sent = Visitor::stranger(&bridge).post("/sources", &fields).await;
    assert_eq!(sent.location.as_deref(), Some(unsaved));
    let mut new_visit = Visitor::stranger(&bridge);
    new_visit.get("/login").await;
    let sent = new_visit.post("/sources", &fields).await;
    assert_eq!(sent.location.as_deref(), Some(unsaved));
    let sources = bridge.get("/sources").await;
    assert!(sources["data"].as_array().unwrap().is_empty());
    bridge.stop().await;
}

#[actix_web::test]
async fn a_browser_without_cookies_is_told_instead_of_asked_to_sign_in_again_and_again() {
    let home = Home::new(Database::Sqlite);
    let bridge = TestBridge::start_with(home, 1_795_507_200_000, |settings| {
        settings.public_url = Some("https://bridge.example.com".parse().unwrap());
    })
    .await;
    owner(&bridge).await;
    // Over plain http, a browser does not keep what is for https alone.
    let mark = Visitor::stranger(&bridge).get("/login").await.mark();
    let fields = [
        ("csrf", mark.as_str()),
        ("email", ADA),
        ("password", ADAS_PASSWORD),
    ];
    let refused = Visitor::stranger(&bridge).post("/login", &fields).await;
    assert_eq!(refused.status, 403);
    for part in [
        "sent no cookie",
        "Open Bluebridge at https://bridge.example.com,",
    ] {
        assert!(refused.html.contains(part), "{part} in {}", refused.html);
    }
    bridge.stop().await;
}
