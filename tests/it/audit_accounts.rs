//! The audit log of accounts: each form of one's own account and of other people leaves its note, word by word, and no secret in it.
//!
//! Parts of the story in `audit`, which walks through every route. Each gives back the secrets that came up, to be looked for in the log.

use std::time::Duration;

use crate::audit::Story;
use crate::pages::Visitor;
use crate::people::{ADA, ADAS_PASSWORD, between, code_of, id_of, sign_in};

const NEW_PASSWORD: &str = "another long password";

pub async fn own_account(story: &mut Story<'_>, ada: &mut Visitor<'_>) -> Vec<String> {
    let bridge = story.bridge;
    let id = id_of(bridge, ADA).await;
    let chosen = [("language", "en"), ("time_zone", "Asia/Jakarta")];
    story.page(ada, "/settings/reading", "", &chosen).await;
    story.says(
        "Ada",
        &id,
        "Chose the language and the time zone of the pages.",
    );
    let mut stranger = Visitor::stranger(bridge);
    let mark = stranger.get("/login").await.mark();
    let fields = [("csrf", mark.as_str()), ("language", "id")];
    assert_eq!(stranger.post("/language", &fields).await.status, 303);
    story.form_used("POST /language").await;
    story
        .page(ada, "/settings/name", "", &[("name", "Ada L")])
        .await;
    story.says("Ada", &id, "Is called Ada L now, and was Ada before.");

    let mut other = Visitor::stranger(bridge);
    assert_eq!(sign_in(&mut other, ADA, ADAS_PASSWORD).await.status, 303);
    story.form_used("POST /login").await;
    story.says("Ada L", &id, "Signed in.");
    let listed = ada.get("/settings").await.html;
    let mut forms = listed.split("action=\"/settings/sessions/");
    let session = forms.find_map(|form| form.split_once("/end\"").filter(|(id, _)| id.len() == 36));
    let (session, _) = session.unwrap();
    story
        .page(ada, "/settings/sessions/{id}/end", session, &[])
        .await;
    story.says("Ada L", &id, "Ended a session.");
    story
        .page(ada, "/settings/sessions/end-others", "", &[])
        .await;
    story.says("Ada L", &id, "Ended all other sessions.");
    let mut secrets = second_factor(story, ada, &mut other, &id).await;

    assert_eq!(sign_in(&mut other, ADA, ADAS_PASSWORD).await.status, 303);
    story.news().await;
    story.page(&mut other, "/logout", "", &[]).await;
    story.says("Ada L", &id, "Signed out.");
    let passwords = [("current", ADAS_PASSWORD), ("new", NEW_PASSWORD)];
    story.page(ada, "/settings/password", "", &passwords).await;
    let said = "Changed the own password; all sessions are ended.";
    story.says("Ada L", &id, said);
    assert_eq!(sign_in(ada, ADA, NEW_PASSWORD).await.status, 303);
    story.news().await;
    secrets.extend([ADAS_PASSWORD.to_string(), NEW_PASSWORD.to_string()]);
    secrets.push(ada.cookie.split_once('=').unwrap().1.to_string());
    secrets
}

async fn second_factor(
    story: &mut Story<'_>,
    ada: &mut Visitor<'_>,
    other: &mut Visitor<'_>,
    id: &str,
) -> Vec<String> {
    let bridge = story.bridge;
    let current = [("current", ADAS_PASSWORD)];
    let path = |verb: &str| format!("/settings/second-factor/{verb}");
    story.page(ada, &path("begin"), "", &current).await;
    let shown = ada.get("/settings/second-factor").await.html;
    let secret = between(&shown, "<code class=\"whole\">", "<").to_string();
    let code = [("code", &*code_of(&secret, bridge))];
    let shown = story.page(ada, &path("confirm"), "", &code).await;
    let said = "Switched the second factor on; other sessions are ended.";
    story.says("Ada L", id, said);
    let mut secrets = vec![secret.clone(), secret.replace(' ', ""), code[0].1.into()];
    secrets.push(between(&shown.html, "<li><code>", "<").to_string());
    let shown = story.page(ada, &path("codes"), "", &current).await;
    let said = "Made new recovery codes; the old ones are worth nothing.";
    story.says("Ada L", id, said);
    secrets.push(between(&shown.html, "<li><code>", "<").to_string());

    bridge.advance(Duration::from_secs(30));
    sign_in(other, ADA, ADAS_PASSWORD).await;
    assert!(story.news().await.is_empty(), "half is not in");
    let mark = other.get("/login/code").await.mark();
    let code = code_of(&secret, bridge);
    let fields = [("csrf", mark.as_str()), ("code", &code)];
    assert_eq!(other.post("/login/code", &fields).await.status, 303);
    story.form_used("POST /login/code").await;
    story.says("Ada L", id, "Signed in with the second factor.");
    secrets.push(code);
    story.page(ada, &path("off"), "", &current).await;
    let said = "Switched the second factor off; other sessions are ended.";
    story.says("Ada L", id, said);
    secrets
}

pub async fn other_people(story: &mut Story<'_>, ada: &mut Visitor<'_>) -> Vec<String> {
    let fields = [("name", "ci"), ("role", "viewer"), ("days", "30")];
    let shown = story.page(ada, "/settings/tokens", "", &fields).await.html;
    let token = between(&shown, "aria-label=\"API token\" value=\"", "\"").to_string();
    let id = story.object_id();
    let said = "Made the API token ci with the role viewer.";
    story.says("Ada L", &id, said);
    story
        .page(ada, "/settings/tokens/{id}/revoke", &id, &[])
        .await;
    story.says("Ada L", &id, "Revoked the API token ci.");

    let invite = "/settings/people/invite";
    let fields = [("email", "carol@example.com"), ("role", "viewer")];
    let shown = story.page(ada, invite, "", &fields).await.html;
    let carols = between(&shown, "/invite/", "\"").to_string();
    let id = story.object_id();
    story.says("Ada L", &id, "Invited carol@example.com as viewer.");
    story
        .page(ada, "/settings/people/invites/{id}/withdraw", &id, &[])
        .await;
    story.says("Ada L", &id, "Withdrew an invitation.");

    let fields = [("email", "bob@example.com"), ("role", "editor")];
    let shown = story.page(ada, invite, "", &fields).await.html;
    let bobs = between(&shown, "/invite/", "\"").to_string();
    let password = "quiet river stones";
    let mut bob = Visitor::stranger(story.bridge);
    let path = format!("/invite/{bobs}");
    let mark = bob.get(&path).await.mark();
    let fields = [("csrf", &*mark), ("name", "Bob"), ("password", password)];
    story.news().await;
    assert_eq!(bob.post(&path, &fields).await.status, 303);
    story.form_used("POST /invite/{token}").await;
    let id = id_of(story.bridge, "bob@example.com").await;
    let said = "Took the invitation of Ada L and has the role editor.";
    story.says("Bob", &id, said);
    for (verb, fields, sentence) in [
        (
            "role",
            &[("role", "viewer")][..],
            "Made bob@example.com viewer, who was editor before.",
        ),
        ("deactivate", &[], "Locked out: bob@example.com."),
        ("activate", &[], "Let in again: bob@example.com."),
        (
            "reset-second-factor",
            &[],
            "Took the second factor of bob@example.com away.",
        ),
        ("remove", &[], "Removed the account of bob@example.com."),
    ] {
        let path = format!("/settings/people/{{id}}/{verb}");
        story.page(ada, &path, &id, fields).await;
        story.says("Ada L", &id, sentence);
    }
    let out = bob.get("/settings").await.location.unwrap();
    assert!(out.starts_with("/login"), "removed: {out}");
    vec![token, carols, bobs, password.to_string()]
}
