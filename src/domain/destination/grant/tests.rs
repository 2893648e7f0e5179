use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{DecodingKey, Validation};

use super::*;
use crate::domain::destination::{Auth, Settings, SettingsDocument};
use crate::domain::secret::MASK;

const TOKEN_URL: &str = "https://oauth2.example.com/token";

/// A key made for this, and the file that says it as Google's do.
fn key() -> (KeyPair, Value) {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der = pair.as_der().unwrap();
    let lines = STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n");
    let file = json!({"type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": pem, "client_email": "bridge@p.iam.example.com", "token_uri": TOKEN_URL});
    (pair, file)
}

/// The file alone.
pub(crate) fn key_file() -> Value {
    key().1
}

fn settings(auth: Value, previous: Option<&Settings>) -> Result<Settings, Vec<Problem>> {
    let config = json!({"url": "https://sheets.example.com/append", "auth": auth});
    let document = SettingsDocument {
        config: Some(&config),
        ..SettingsDocument::default()
    };
    Settings::parse(&document, previous)
}

fn grant(auth: Value) -> Grant {
    let settings = settings(auth, None).unwrap();
    assert_eq!(settings.unfit(), []);
    settings.endpoint.auth().grant().unwrap().clone()
}

fn client(more: Value) -> Value {
    let mut auth = json!({"type": "oauth2_client_credentials", "token_url": TOKEN_URL, "client_id": "bridge", "client_secret": "s~ecret/1"});
    for (key, value) in more.as_object().unwrap() {
        auth[key] = value.clone();
    }
    auth
}

fn form(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    let wanted = wanted.iter();
    wanted
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

#[test]
fn a_client_asks_with_its_credentials_in_the_form_and_then_in_the_header() {
    let asked = grant(client(json!({"scope": "a b"}))).requests(0).unwrap();
    let in_form = [
        ("grant_type", "client_credentials"),
        ("scope", "a b"),
        ("client_id", "bridge"),
        ("client_secret", "s~ecret/1"),
    ];
    assert_eq!(form(&asked[0].form), pairs(&in_form));
    assert_eq!(asked[0].basic, None);
    assert_eq!(form(&asked[1].form), pairs(&in_form[..2]));
    let basic = asked[1].basic.as_ref().unwrap().strip_prefix("Basic ");
    let basic = STANDARD.decode(basic.unwrap()).unwrap();
    assert_eq!(basic, b"bridge:s%7Eecret%2F1");
    let asked = grant(client(json!({}))).requests(0).unwrap();
    assert_eq!(form(&asked[1].form), pairs(&in_form[..1]));
}

#[test]
fn a_service_account_asks_with_its_word_signed_by_its_key() {
    let (pair, file) = key();
    for key in [file.clone(), Value::from(file.to_string())] {
        let grant = grant(json!({"type": "google_service_account", "key": key}));
        assert_eq!(grant.service_account(), Some("bridge@p.iam.example.com"));
        let asked = form(&grant.requests(1_700_000_000).unwrap()[0].form);
        assert_eq!(asked[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let public: PublicKeyX509Der = pair.public_key().as_der().unwrap();
        let lines = STANDARD.encode(public.as_ref());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.set_audience(&[TOKEN_URL]);
        let public = DecodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        let said = jsonwebtoken::decode::<Value>(&asked[1].1, &public, &validation).unwrap();
        let wanted = json!({"iss": "bridge@p.iam.example.com", "scope": DEFAULT_GOOGLE_SCOPE, "aud": TOKEN_URL, "iat": 1_700_000_000, "exp": 1_700_000_600});
        assert_eq!(said.claims, wanted);
    }
}

#[test]
fn nothing_secret_is_shown_and_all_of_it_is_sealed() {
    let file = key_file();
    let lines = file["private_key"].as_str().unwrap()[100..160].to_string();
    for auth in [
        client(json!({})),
        json!({"type": "google_service_account", "key": file}),
    ] {
        let whole = settings(auth, None).unwrap();
        let views = [whole.public_view(), whole.export_view()].map(|view| view.to_string());
        for shown in views.into_iter().chain([format!("{whole:?}")]) {
            let is_told = ["PRIVATE", "s~ecret", &lines]
                .iter()
                .any(|part| shown.contains(part));
            assert!(!is_told, "{shown}");
        }
        assert_eq!(Settings::open(&whole.to_sealed_document()).unwrap(), whole);
        // As an import leaves it.
        let exported = whole.export_view()["config"]["auth"].clone();
        let imported = settings(exported, None).unwrap();
        let place = format!(
            "/config/auth/{}",
            imported.endpoint.auth().grant().unwrap().secret_field()
        );
        assert_eq!(imported.left_out(), [place.as_str()]);
        assert_eq!(imported.unfit()[0].pointer, place);
        assert!(imported.cannot_send().is_some());
    }
}

#[test]
fn a_secret_is_kept_for_the_place_that_it_was_entered_for() {
    let saved = settings(client(json!({})), None).unwrap();
    for (token_url, is_kept) in [
        ("https://oauth2.example.com/v2/token", true),
        ("https://elsewhere.example.com/token", false),
        ("https://oauth2.example.com:8443/token", false),
        ("http://oauth2.example.com/token", false),
    ] {
        for typed in [Value::Null, Value::from(MASK)] {
            let auth = client(json!({"token_url": token_url, "client_secret": typed}));
            let now = settings(auth, Some(&saved));
            let was_kept = now.as_ref().is_ok_and(|now| {
                let Auth::Granted(Grant::ClientCredentials(client)) = now.endpoint.auth() else {
                    panic!("{now:?}");
                };
                client.client_secret.expose() == b"s~ecret/1"
            });
            assert_eq!(was_kept, is_kept, "{token_url} {typed}");
            let is_refused = now.map_or(true, |now| !now.unfit().is_empty());
            assert_eq!(is_refused, !is_kept, "{token_url} {typed}");
        }
    }
}

#[test]
fn what_cannot_ask_for_a_token_is_refused() {
    let with = |key: &str, value: Value| {
        let mut file = key_file();
        file[key] = value;
        json!({"type": "google_service_account", "key": file})
    };
    let mut no_email = key_file();
    no_email.as_object_mut().unwrap().remove("client_email");
    for (auth, pointer, code) in [
        (json!({"type": "google_service_account"}), "key", "missing"),
        (
            json!({"type": "google_service_account", "key": "AIza"}),
            "key",
            "not_a_key",
        ),
        (
            json!({"type": "google_service_account", "key": no_email}),
            "key",
            "not_a_key",
        ),
        (
            json!({"type": "google_service_account", "key": "x".repeat(KEY_LIMIT_BYTES + 1)}),
            "key",
            "key_too_long",
        ),
        (with("private_key", json!("no pem")), "key", "not_a_key"),
        (with("token_uri", json!("nowhere")), "key", "not_a_url"),
        (client(json!({"client_id": ""})), "client_id", "missing"),
        (
            client(json!({"client_secret": ""})),
            "client_secret",
            "missing",
        ),
        (client(json!({"token_url": ""})), "token_url", "missing"),
        (
            client(json!({"token_url": "https://e.com/t?key=s"})),
            "token_url",
            "query_refused",
        ),
        (
            client(json!({"token_url": "https://e.com/t#s"})),
            "token_url",
            "query_refused",
        ),
        (
            client(json!({"token_url": "https://u:p@e.com/t"})),
            "token_url",
            "credentials_in_url",
        ),
        (
            client(json!({"scope": "s".repeat(2_000)})),
            "scope",
            "scope_too_long",
        ),
    ] {
        let found = settings(auth, None).map_or_else(|found| found, |read| read.unfit());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            found[0].pointer,
            format!("/config/auth/{pointer}"),
            "{found:?}"
        );
        assert_eq!(found[0].code, code, "{found:?}");
    }
}

#[test]
fn each_grant_has_a_token_of_its_own() {
    let prints = [
        client(json!({})),
        client(json!({"scope": "a"})),
        client(json!({"client_id": "other"})),
        client(json!({"client_secret": "other"})),
        client(json!({"token_url": "https://oauth2.example.com/other"})),
        json!({"type": "google_service_account", "key": key_file()}),
    ]
    .map(|auth| grant(auth).fingerprint());
    let mut distinct = prints.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), prints.len());
    assert_eq!(grant(client(json!({}))).fingerprint(), prints[0]);
}
