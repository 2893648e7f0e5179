use super::*;
use crate::domain::secret::Secret;

fn parse(config: Value, signing: Value, limits: Value) -> Result<Settings, Vec<Problem>> {
    let document = SettingsDocument {
        config: Some(&config),
        signing: Some(&signing),
        limits: Some(&limits),
        ..SettingsDocument::default()
    };
    Settings::parse(&document, None)
}

fn codes(config: Value) -> Vec<&'static str> {
    let problems = parse(config, json!({}), json!({}))
        .err()
        .unwrap_or_default();
    problems.into_iter().map(|problem| problem.code).collect()
}

#[test]
fn a_url_alone_is_enough_and_the_rest_has_defaults() {
    let settings = parse(
        json!({"url": "https://example.com/a?b=c"}),
        json!({}),
        json!({}),
    )
    .unwrap();
    assert_eq!(settings.endpoint.request().unwrap().method, "POST");
    assert_eq!(settings.limits.concurrency, DEFAULT_CONCURRENCY);
    assert_eq!(settings.limits.timeout_ms, DEFAULT_TIMEOUT_MS);
    assert_eq!(settings.signing.scheme, Scheme::StandardWebhooks);
    assert_eq!(settings.host(), "example.com");
}

#[test]
fn a_secret_that_receivers_would_read_otherwise_is_refused_when_it_is_saved() {
    let url = json!({"url": "https://example.com"});
    let problems = |scheme: &str, secret: &str| {
        let signing = json!({"scheme": scheme, "secret": secret});
        let settings = parse(url.clone(), signing, json!({})).unwrap();
        // What was saved before goes on as it is.
        let opened = Settings::open(&settings.to_sealed_document()).unwrap();
        assert_eq!(opened.signing.secret, Some(Secret::new(secret)));
        settings.unfit()
    };
    for secret in ["whsec_MfKQ9r8GKYqrTwjU", "whsec_c2VjcmV0", "any text"] {
        assert!(problems("standard_webhooks", secret).is_empty(), "{secret}");
    }
    for secret in [
        "whsec_",
        "whsec_MfKQ9r8GKYqrTwj",
        "whsec_a-b_",
        "whsec_c2VjcmV0 ",
    ] {
        let refused = problems("standard_webhooks", secret);
        let found = (refused[0].code, refused[0].pointer.as_str());
        assert_eq!(found, ("not_base64", "/signing/secret"), "{secret}");
        assert!(problems("hex", secret).is_empty(), "hex takes any text");
    }
}

#[test]
fn wrong_addresses_methods_and_headers_are_refused_with_a_code() {
    for (config, code) in [
        (json!({"url": "example.com"}), "not_a_url"),
        (json!({"url": "ftp://example.com"}), "scheme_refused"),
        (
            json!({"url": "https://a:b@example.com"}),
            "credentials_in_url",
        ),
        (
            json!({"url": "https://e.com", "method": "TRACE"}),
            "unknown_method",
        ),
        (
            json!({"url": "https://e.com", "surprise": 1}),
            "wrong_shape",
        ),
        (
            json!({"url": "https://e.com", "headers": {"Host": "x"}}),
            "reserved_header",
        ),
        (
            json!({"url": "https://e.com", "headers": {"webhook-id": "x"}}),
            "reserved_header",
        ),
        (
            json!({"url": "https://e.com", "headers": {"a b": "x"}}),
            "header_name",
        ),
        (
            json!({"url": "https://e.com", "headers": {"a": "x\r\ny: z"}}),
            "header_value",
        ),
        (
            json!({"url": "https://e.com", "auth": {"type": "digest"}}),
            "unknown_auth",
        ),
        (
            json!({"url": "https://e.com", "auth": {"type": "bearer"}}),
            "missing",
        ),
        (
            json!({"url": "https://e.com", "auth": {"type": "bearer", "token": "a\nb"}}),
            "header_value",
        ),
    ] {
        assert_eq!(codes(config.clone()), [code], "{config}");
    }
}

#[test]
fn several_problems_come_at_once() {
    for too_slow in [1e-300, 0.000_1, 0.0, -1.0] {
        let limits = json!({"per_second": too_slow});
        let refused = parse(json!({"url": "https://e.com"}), json!({}), limits).unwrap_err();
        assert_eq!(refused[0].pointer, "/limits/per_second", "{too_slow}");
    }
    let limits = json!({"concurrency": 0, "per_second": -1, "timeout_ms": 1});
    let problems = parse(json!({"url": "x"}), json!({"scheme": "rot13"}), limits).unwrap_err();
    let pointers: Vec<&str> = problems.iter().map(|p| p.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/config/url",
            "/signing/scheme",
            "/limits/concurrency",
            "/limits/per_second",
            "/limits/timeout_ms"
        ]
    );
}

#[test]
fn secrets_are_kept_when_left_out_sealed_whole_and_never_shown() {
    let config =
        json!({"url": "https://e.com", "auth": {"type": "bearer", "token": "canary-token"}});
    let first = parse(
        config,
        json!({"scheme": "hex", "secret": "canary-signing"}),
        json!({}),
    )
    .unwrap();
    let shown = first.public_view().to_string();
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!format!("{first:?}").contains("canary"));

    let without = json!({"url": "https://e.com/new", "auth": {"type": "bearer"}});
    let document = SettingsDocument {
        config: Some(&without),
        ..SettingsDocument::default()
    };
    let second = Settings::parse(&document, Some(&first)).unwrap();
    let sealed = second.to_sealed_document();
    assert_eq!(sealed["config"]["auth"]["token"], "canary-token");
    assert_eq!(sealed["signing"]["secret"], "canary-signing");

    assert_eq!(
        Settings::open(&sealed).unwrap().to_sealed_document(),
        sealed
    );
}

#[test]
fn what_was_accepted_can_be_opened_again() {
    let long = "é".repeat(1_000);
    let key = "k".repeat(2_000);
    for (before, after) in [
        (
            "https://e.com/".to_string(),
            format!("https://e.com/{long}"),
        ),
        ("https://e.com/".into(), "https://e.com/?q=x***y".into()),
        (
            format!("https://e.com/?key={key}"),
            format!(
                "https://e.com/a-longer-path/of-its-own/?key=***&more={}",
                "m".repeat(100)
            ),
        ),
    ] {
        let before = parse(json!({"url": before}), json!({}), json!({})).unwrap();
        let config = json!({"url": after});
        let document = SettingsDocument {
            config: Some(&config),
            ..SettingsDocument::default()
        };
        match Settings::parse(&document, Some(&before)) {
            Ok(settings) => {
                Settings::open(&settings.to_sealed_document()).unwrap();
            }
            Err(problems) => assert_eq!(problems[0].code, "url_too_long"),
        }
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_accepted_can_be_opened_again(
        rest in "[a-z/?&=*#%é🦀 .]{0,60}", times in 1_usize..80, name in "[!-~é]{1,12}", value in ".{0,20}",
    ) {
        let config = json!({"url": format!("https://e.com/{}", rest.repeat(times)), "headers": {name: value}});
        if let Ok(settings) = parse(config, json!({}), json!({})) {
            let opened = Settings::open(&settings.to_sealed_document());
            proptest::prop_assert_eq!(opened.ok(), Some(settings));
        }
    }
}

fn saved() -> Settings {
    let config = json!({
        "url": "https://e.com/a?key=canary-query", "headers": {"x-key": "canary-header"},
        "auth": {"type": "basic", "username": "u", "password": "canary-password"},
    });
    parse(config, json!({}), json!({})).unwrap()
}

fn change(config: &Value) -> Result<Settings, Vec<Problem>> {
    let document = SettingsDocument {
        config: Some(config),
        ..SettingsDocument::default()
    };
    Settings::parse(&document, Some(&saved()))
}

#[test]
fn what_is_shown_can_be_saved_as_it_is() {
    let shown = saved().public_view();
    assert!(!shown.to_string().contains("canary"), "{shown}");
    assert!(!format!("{:?}", saved()).contains("canary"));
    let mut config = shown["config"].clone();
    config["auth"] = json!({"type": "basic", "username": "u"});
    config["url"] = Value::from("https://e.com/b?key=***&more=1");
    let settings = change(&config).unwrap();
    assert_eq!(
        settings.endpoint.request().unwrap().url.as_str(),
        "https://e.com/b?key=canary-query&more=1"
    );
    assert_eq!(
        settings.endpoint.request().unwrap().header("X-Key"),
        Some("canary-header")
    );
    let sealed = settings.to_sealed_document();
    assert_eq!(sealed["config"]["auth"]["password"], "canary-password");
}

#[test]
fn no_secret_follows_an_address_to_another_host() {
    for url in [
        "https://evil.example/?key=***",
        "http://e.com/?key=***",
        "https://e.com:8443/?key=***",
    ] {
        let config = json!({
            "url": url, "headers": {"x-key": "***"}, "auth": {"type": "basic", "username": "u"},
        });
        let problems = change(&config).unwrap_err();
        let found: Vec<(&str, &str)> = problems
            .iter()
            .map(|p| (p.pointer.as_str(), p.code))
            .collect();
        assert_eq!(
            found,
            [
                ("/config/url", "enter_again"),
                ("/config/headers/x-key", "enter_again"),
                ("/config/auth/password", "missing")
            ]
        );
        let silent = change(&json!({"url": "https://evil.example/"})).unwrap_err();
        assert_eq!(silent[0].code, "enter_again");
    }
    let unknown = change(&json!({"url": "https://e.com/", "headers": {"x-other": "***"}}));
    assert_eq!(unknown.unwrap_err()[0].code, "masked_value");
    // Nothing was saved before: it can be read, as an import does, and is refused when somebody saves it.
    let config = json!({
        "url": "https://e.com/***?a=***", "headers": {"x-key": "***"}, "auth": {"type": "bearer", "token": "***"},
    });
    let signing = json!({"scheme": "none"});
    let imported = parse(config, signing, json!({})).unwrap();
    let places = ["/config/url", "/config/headers/x-key", "/config/auth/token"];
    assert_eq!(imported.left_out(), places);
    assert!(imported.cannot_send().is_some());
    let opened = Settings::open(&imported.to_sealed_document()).unwrap();
    assert_eq!(opened, imported);
    let refused = imported.unfit();
    let found: Vec<(&str, &str)> = refused.iter().map(|p| (&*p.pointer, p.code)).collect();
    assert_eq!(found, places.map(|place| (place, "masked_value")));
    assert_eq!(imported.public_view()["config"]["auth"]["token_set"], false);
}

#[test]
fn a_success_rule_is_kept_shown_and_exported_as_it_was_written() {
    let rule =
        json!({"any": [{"path": "$.ok", "op": "is_true"}, {"path": "$.id", "op": "exists"}]});
    let config = json!({"url": "https://example.com/hook"});
    let with = |rule: &Value| {
        let document = SettingsDocument {
            config: Some(&config),
            success: Some(rule),
            ..SettingsDocument::default()
        };
        Settings::parse(&document, None)
    };
    let settings = with(&rule).unwrap();
    assert_eq!(settings.public_view()["success"], rule);
    assert_eq!(settings.export_view()["success"], rule);
    assert_eq!(
        Settings::open(&settings.to_sealed_document()).unwrap(),
        settings
    );
    let without = with(&Value::Null).unwrap();
    assert_eq!((&without.success, without == settings), (&None, false));
    assert!(without.public_view()["success"].is_null());
    // As it was sealed before there were rules.
    let mut sealed = without.to_sealed_document();
    sealed.as_object_mut().unwrap().remove("success");
    assert_eq!(Settings::open(&sealed).unwrap(), without);
    let refused = with(&json!({"path": "$.ok", "op": "is_ture"})).unwrap_err();
    assert_eq!(refused[0].pointer, "/success/op");
    let changed = with(&json!({"path": "$.ok", "op": "changed"})).unwrap();
    assert_eq!(changed.unfit()[0].code, "no_before");
}

fn mail(config: Value, previous: Option<&Settings>) -> Result<Settings, Vec<Problem>> {
    let document = SettingsDocument {
        kind: Kind::Email,
        config: Some(&config),
        ..SettingsDocument::default()
    };
    Settings::parse(&document, previous)
}

fn mail_server(change: Value) -> Value {
    let mut config = json!({
        "server": "SMTP.example.com", "from": "Bridge <bridge@example.com>", "to": ["Team <team@example.com>"],
        "auth": {"type": "basic", "username": "bridge", "password": "canary-password"},
    });
    let changes = change.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(changes);
    config
}

#[test]
fn a_mail_server_is_opened_as_it_was_sealed_and_shows_no_password() {
    let settings = mail(mail_server(json!({})), None).unwrap();
    assert_eq!(settings.kind(), Kind::Email);
    assert_eq!(settings.signing.scheme, Scheme::None);
    assert_eq!(settings.host(), "smtp.example.com:587");
    assert_eq!(
        Settings::open(&settings.to_sealed_document()).unwrap(),
        settings
    );
    let (shown, exported) = (settings.public_view(), settings.export_view());
    let auth = json!({"type": "basic", "username": "bridge", "password_set": true});
    assert_eq!(shown["config"]["auth"], auth);
    assert_eq!(shown["config"]["to"], json!(["Team <team@example.com>"]));
    for told in [
        shown.to_string(),
        exported.to_string(),
        format!("{settings:?}"),
    ] {
        assert!(!told.contains("canary"), "{told}");
    }
    let imported = mail(exported["config"].clone(), None).unwrap();
    assert_eq!(imported.left_out(), ["/config/auth/password"]);
    assert!(imported.cannot_send().is_some());
}

#[test]
fn encryption_and_port_follow_from_each_other() {
    let told = |change: Value| {
        let settings = mail(mail_server(change), None).unwrap();
        let server = settings.endpoint.mail().unwrap();
        (server.encryption.as_str(), server.port)
    };
    assert_eq!(told(json!({})), ("starttls", 587));
    assert_eq!(told(json!({"port": 465})), ("tls", 465));
    assert_eq!(told(json!({"port": 2525})), ("starttls", 2525));
    assert_eq!(told(json!({"encryption": "tls"})), ("tls", 465));
    assert_eq!(told(json!({"encryption": "none"})), ("none", 25));
}

#[test]
fn a_password_is_kept_for_its_server_only() {
    let saved = mail(mail_server(json!({})), None).unwrap();
    let user = json!({"auth": {"type": "basic", "username": "bridge"}});
    let again = mail(mail_server(user.clone()), Some(&saved)).unwrap();
    assert_eq!(again.endpoint.auth(), saved.endpoint.auth());
    for moved in [
        json!({"server": "evil.example.com"}),
        json!({"port": 2525}),
        json!({"encryption": "none", "port": 587}),
    ] {
        let mut change = user.clone();
        change
            .as_object_mut()
            .unwrap()
            .extend(moved.as_object().unwrap().clone());
        let refused = mail(mail_server(change), Some(&saved)).unwrap_err();
        assert_eq!(refused[0].pointer, "/config/auth/password", "{moved}");
        let mut without = mail_server(moved);
        without.as_object_mut().unwrap().remove("auth");
        let refused = mail(without, Some(&saved)).unwrap_err();
        assert_eq!(refused[0].code, "enter_again");
    }
    let masked = json!({"auth": {"type": "basic", "username": "bridge", "password": "***"}});
    let again = mail(mail_server(masked), Some(&saved)).unwrap();
    assert_eq!(again.endpoint.auth(), saved.endpoint.auth());
}

#[test]
fn what_no_mail_server_can_be_is_told_at_its_place() {
    for (change, pointer, code) in [
        (json!({"server": ""}), "/config/server", "not_a_server"),
        (
            json!({"server": "smtp.example.com:25"}),
            "/config/server",
            "not_a_server",
        ),
        (
            json!({"server": "https://a.example"}),
            "/config/server",
            "not_a_server",
        ),
        (json!({"port": 0}), "/config/port", "out_of_range"),
        (json!({"port": 70_000}), "/config/port", "out_of_range"),
        (json!({"port": "x"}), "/config/port", "wrong_shape"),
        (
            json!({"encryption": "ssl"}),
            "/config/encryption",
            "unknown_encryption",
        ),
        (json!({"from": "bridge"}), "/config/from", "not_an_address"),
        (
            json!({"from": "a@b.example\r\nBcc: c@d.example"}),
            "/config/from",
            "not_an_address",
        ),
        (
            json!({"to": ["a@b.example", "c"]}),
            "/config/to/1",
            "not_an_address",
        ),
        (
            json!({"to": vec!["a@b.example"; 21]}),
            "/config/to",
            "too_many_recipients",
        ),
        (
            json!({"auth": {"type": "bearer", "token": "t"}}),
            "/config/auth/type",
            "unknown_auth",
        ),
        (
            json!({"url": "https://a.example"}),
            "/config/url",
            "wrong_shape",
        ),
    ] {
        let refused = mail(mail_server(change.clone()), None).unwrap_err();
        let found: Vec<(&str, &str)> = refused
            .iter()
            .map(|problem| (problem.pointer.as_str(), problem.code))
            .collect();
        assert_eq!(found, [(pointer, code)], "{change}");
    }
    let config = mail_server(json!({}));
    let document = SettingsDocument {
        kind: Kind::Email,
        config: Some(&config),
        signing: Some(&json!({"scheme": "hex"})),
        success: Some(&json!({"path": "$.ok", "op": "is_true"})),
        ..SettingsDocument::default()
    };
    let refused = Settings::parse(&document, None).unwrap_err();
    let found: Vec<&str> = refused.iter().map(|problem| problem.code).collect();
    assert_eq!(found, ["not_for_mail", "not_for_mail"]);
}

#[test]
fn a_server_is_kept_in_the_spelling_that_is_dialled() {
    for (written, kept) in [
        ("SMTP.Example.com.", "smtp.example.com"),
        ("m\u{fc}nchen.example", "xn--mnchen-3ya.example"),
        ("%6cocalhost", "localhost"),
        ("127.1", "127.0.0.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
    ] {
        let settings = mail(mail_server(json!({"server": written})), None).unwrap();
        assert_eq!(settings.endpoint.mail().unwrap().host, kept, "{written}");
    }
}

#[test]
fn notices_by_mail_need_somebody_who_gets_them() {
    let config = mail_server(json!({"to": []}));
    let document = SettingsDocument {
        kind: Kind::Email,
        config: Some(&config),
        notices: Some(&json!(true)),
        ..SettingsDocument::default()
    };
    let unfit = Settings::parse(&document, None).unwrap().unfit();
    assert_eq!(
        (unfit[0].pointer.as_str(), unfit[0].code),
        ("/config/to", "nobody_to_notify")
    );
}
