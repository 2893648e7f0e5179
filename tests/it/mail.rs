//! Destinations that are mail servers: what is handed in, what a refusal means, and what is never said in the clear.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::database::{Database, on_both};
use crate::harness::{SECRET, TestBridge, event, patiently, signature};
use crate::pages::owner;
use crate::process::Site;
use crate::tls::make_certificates;

on_both! {
    a_mail_arrives_as_the_mapping_made_it,
    a_refusal_for_now_is_tried_again_and_one_for_good_is_not,
    a_mail_server_goes_with_its_connection_into_another_bridge,
}

/// What a mail server answers, by the beginning of what it is told; the usual answer otherwise.
type Script = &'static [(&'static str, &'static str)];

/// A mail server that plays a script for each connection, the last one for all that follow, and keeps what it was told.
struct MailServer {
    port: u16,
    told: mpsc::UnboundedReceiver<Vec<String>>,
}

/// How it encrypts.
#[derive(Clone)]
enum Way {
    Clear,
    StartTls(TlsAcceptor),
    Tls(TlsAcceptor),
}

impl MailServer {
    async fn start(scripts: &'static [Script]) -> MailServer {
        MailServer::start_by(Way::Clear, scripts).await
    }

    async fn start_by(way: Way, scripts: &'static [Script]) -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let script = scripts[number.min(scripts.len() - 1)];
                let (way, tell) = (way.clone(), tell.clone());
                tokio::spawn(async move {
                    let mut heard = Vec::new();
                    match way {
                        Way::Clear => _ = converse(stream, script, &mut heard, false).await,
                        Way::Tls(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                _ = converse(stream, script, &mut heard, false).await;
                            }
                        }
                        Way::StartTls(acceptor) => {
                            if let Some(stream) = converse(stream, script, &mut heard, true).await
                                && let Ok(stream) = acceptor.accept(stream).await
                            {
                                _ = converse(stream, script, &mut heard, false).await;
                            }
                        }
                    }
                    let _ = tell.send(heard);
                });
            }
        });
        MailServer { port, told }
    }

    /// All that the next connection said.
    async fn next(&mut self) -> Vec<String> {
        patiently("a mail", self.told.recv()).await.unwrap()
    }

    /// The destination's `config` for it.
    fn config(&self) -> Value {
        json!({
            "server": "127.0.0.1", "port": self.port, "encryption": "none",
            "from": "Blue Bridge <bridge@example.com>", "to": ["Team <team@example.com>"],
        })
    }
}

/// Plays a script to its end; returns the stream when TLS was asked for.
async fn converse<Stream: AsyncRead + AsyncWrite + Unpin>(
    mut stream: Stream,
    script: Script,
    heard: &mut Vec<String>,
    offers_tls: bool,
) -> Option<Stream> {
    let answer_to = |line: &str| {
        let scripted = script.iter().find(|(begin, _)| line.starts_with(begin));
        scripted.map(|(_, answer)| (*answer).to_string())
    };
    // After STARTTLS there is no greeting.
    if !heard.iter().any(|line| line == "STARTTLS") {
        let greeting = answer_to("").unwrap_or("220 ready".into());
        stream
            .write_all(format!("{greeting}\r\n").as_bytes())
            .await
            .ok()?;
    }
    let mut read = String::new();
    loop {
        let ends = if heard.last().is_some_and(|line| line == "DATA") {
            "\r\n.\r\n"
        } else {
            "\r\n"
        };
        let Some((line, rest)) = read.split_once(ends) else {
            let mut bytes = [0; 4096];
            let count = stream
                .read(&mut bytes)
                .await
                .ok()
                .filter(|count| *count > 0)?;
            read.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            continue;
        };
        let (line, rest) = (line.to_string(), rest.to_string());
        read = rest;
        let usual = match line.split(' ').next().unwrap() {
            "EHLO" if offers_tls => "250-local\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN",
            "EHLO" => "250-local\r\n250 AUTH PLAIN LOGIN",
            "STARTTLS" => "220 go on",
            "AUTH" => "235 welcome",
            "DATA" => "354 write",
            "QUIT" => "221 farewell",
            _ if ends == "\r\n.\r\n" => "250 queued as 7",
            _ => "250 fine",
        };
        // What is scripted for the mail itself begins with a dot.
        let scripted = match ends {
            "\r\n" => answer_to(&line),
            _ => answer_to("."),
        };
        let answer = scripted.unwrap_or(usual.into());
        heard.push(line.clone());
        if answer == "..." {
            std::future::pending::<()>().await;
        }
        if answer.starts_with("flood") {
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            return None;
        }
        if answer.is_empty() {
            return None;
        }
        // In Latin-1, as some servers speak.
        let answer: Vec<u8> = answer.chars().map(|sign| sign as u8).collect();
        stream.write_all(&answer).await.ok()?;
        stream.write_all(b"\r\n").await.ok()?;
        match line.as_str() {
            "QUIT" => return None,
            "STARTTLS" => return Some(stream),
            _ => {}
        }
    }
}

/// A source with a connection to the mail server; returns the address of the hook and the destination's id.
async fn connect(bridge: &TestBridge, config: Value, mapping: Value) -> (String, String) {
    let source = json!({"name": "Blue", "secret": SECRET});
    let source = bridge.created("/sources", source).await;
    let destination =
        json!({"name": "Mail", "kind": "email", "config": config, "limits": {"timeout_ms": 2000}});
    let destination = bridge.created("/destinations", destination).await;
    let connection = json!({
        "name": "Through", "source_id": source["id"], "destination_id": destination["id"], "mapping": mapping,
    });
    bridge.created("/connections", connection).await;
    let url = source["url"].as_str().unwrap();
    let (_, token) = url.rsplit_once("/hooks/").unwrap();
    let id = destination["id"].as_str().unwrap().to_string();
    (bridge.url(&format!("/hooks/{token}")), id)
}

fn by_title() -> Value {
    json!({"mode": "fields", "fields": [
        {"to": "subject", "from": {"template": "New: {{ currentValue.id }}"}},
        {"to": "text", "from": {"value": "Grüße,\n.a line with a dot"}},
        {"to": "html", "from": {"value": "<p>Grüße</p>"}},
    ]})
}

/// The only delivery, with its attempts.
async fn delivery(bridge: &TestBridge) -> Value {
    let log = bridge.get("/deliveries").await;
    let id = log["data"][0]["id"].as_str().unwrap().to_string();
    bridge.get(&format!("/deliveries/{id}")).await
}

async fn a_mail_arrives_as_the_mapping_made_it(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut server = MailServer::start(&[&[]]).await;
    let (hook, _) = connect(&bridge, server.config(), by_title()).await;
    bridge.post(&hook, &event(1)).await;
    let heard = server.next().await;
    bridge.recorded(1).await;
    let delivery = delivery(&bridge).await;
    let envelope = [
        "EHLO example.com",
        "MAIL FROM:<bridge@example.com>",
        "RCPT TO:<team@example.com>",
        "DATA",
    ];
    assert_eq!(heard[..4], envelope);
    assert_eq!(heard.last().unwrap(), "QUIT");
    let mail = &heard[4];
    let id = delivery["id"].as_str().unwrap();
    let message_id = format!("<{id}@example.com>");
    for part in [
        "From: \"Blue Bridge\" <bridge@example.com>",
        "To: Team <team@example.com>",
        "Subject: New: ",
        &format!("Message-ID: {message_id}"),
        "Auto-Submitted: auto-generated",
        "bluebridge-attempt: 1",
        "Date: Tue, 24 Nov 2026 ",
        "Content-Type: multipart/alternative;",
        "Gr=C3=BC=C3=9Fe,\r\n..a line with a dot",
        "<p>Gr=C3=BC=C3=9Fe</p>",
    ] {
        assert!(mail.contains(part), "{part} in {mail}");
    }
    assert_eq!(delivery["state"], "delivered");
    let attempt = &delivery["attempts"][0];
    let line = format!("SMTP 127.0.0.1:{}", server.port);
    assert_eq!(attempt["request"]["line"], line, "{attempt}");
    let headers = attempt["request"]["headers"].to_string();
    assert!(headers.contains(&message_id), "{headers}");
    assert_eq!(attempt["response"]["status"], 250);
    assert_eq!(attempt["response"]["body"], "queued as 7");
    bridge.stop().await;
}

async fn a_refusal_for_now_is_tried_again_and_one_for_good_is_not(database: Database) {
    let bridge = TestBridge::start_on(database).await;
    let mut server = MailServer::start(&[
        &[("RCPT", "451 4.7.1 greylisted")],
        &[],
        &[("RCPT", "550 5.1.1 unknown")],
        &[(".", "554 spam")],
        &[("MAIL", "553 not yours")],
    ])
    .await;
    let (hook, _) = connect(&bridge, server.config(), by_title()).await;
    bridge.post(&hook, &event(1)).await;
    let refused = server.next().await;
    assert_eq!(refused.last().unwrap(), "QUIT", "it takes its leave");
    bridge.recorded(1).await;
    let waiting = delivery(&bridge).await;
    assert_eq!(waiting["state"], "retrying");
    let attempt = &waiting["attempts"][0];
    assert_eq!(attempt["outcome"]["code"], "mail_refused", "{attempt}");
    assert_eq!(attempt["response"]["status"], 451);
    assert_eq!(attempt["response"]["body"], "4.7.1 greylisted");
    let said = "Refused: the mail server answered 451 to a recipient's address.";
    assert_eq!(attempt["outcome"]["sentence"], said);
    bridge.advance(Duration::from_secs(10));
    let again = server.next().await;
    assert!(again[4].contains("bluebridge-attempt: 2"), "{}", again[4]);
    bridge.recorded(2).await;
    assert_eq!(delivery(&bridge).await["state"], "delivered");
    for (number, state, status) in [(2, "failed", 550), (3, "failed", 554), (4, "retrying", 553)] {
        bridge.post(&hook, &event(number)).await;
        server.next().await;
        bridge.recorded(number as u64 + 1).await;
        let delivery = delivery(&bridge).await;
        assert_eq!(delivery["state"], state, "{status}");
        assert_eq!(delivery["attempts"][0]["response"]["status"], status);
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn a_server_that_speaks_no_sense_ends_in_a_word() {
    let flood = MailServer::start(&[&[("EHLO", "flood")]]).await;
    let hangs = MailServer::start(&[&[("MAIL", "...")]]).await;
    let breaks = MailServer::start(&[&[("DATA", "")]]).await;
    let web = MailServer::start(&[&[("", "HTTP/1.1 400 Bad Request")]]).await;
    let busy = MailServer::start(&[&[("", "421 too many")]]).await;
    let farewell = MailServer::start(&[&[("QUIT", "...")]]).await;
    let silent = MailServer::start(&[&[(".", "...")]]).await;
    let eager = MailServer::start(&[&[("DATA", "250 fine")]]).await;
    let odd = MailServer::start(&[&[(".", "354 go on")]]).await;
    let gone = MailServer::start(&[&[(".", "")]]).await;
    let latin =
        MailServer::start(&[&[("EHLO", "250 ready"), (".", "250 2.0.0 Accept\u{e9}")]]).await;
    for (server, code) in [
        (flood, "response_too_large"),
        (hangs, "timed_out"),
        (breaks, "connection_broke"),
        (web, "connection_broke"),
        (busy, "mail_refused"),
        (farewell, "delivered"),
        (silent, "mail_unanswered"),
        (eager, "connection_broke"),
        (odd, "mail_unanswered"),
        (gone, "mail_unanswered"),
        (latin, "delivered"),
    ] {
        let bridge = TestBridge::start().await;
        let (hook, _) = connect(&bridge, server.config(), by_title()).await;
        bridge.post(&hook, &event(1)).await;
        bridge.recorded(1).await;
        let attempt = &delivery(&bridge).await["attempts"][0];
        assert_eq!(attempt["outcome"]["code"], code, "{attempt}");
        assert_eq!(attempt["response"]["truncated"], false, "{attempt}");
        bridge.stop().await;
    }
}

#[actix_web::test]
async fn a_line_that_breaks_before_the_answer_leaves_open_whether_the_mail_arrived() {
    let bridge = TestBridge::start().await;
    let server = MailServer::start(&[&[(".", "")], &[(".", "250 2.0.0 Accept\u{e9}")]]).await;
    let (hook, _) = connect(&bridge, server.config(), by_title()).await;
    bridge.post(&hook, &event(1)).await;
    bridge.recorded(1).await;
    let attempt = &delivery(&bridge).await["attempts"][0];
    let said = "Perhaps delivered: the mail server had the whole mail and did not say that it took it: the mail server hung up.";
    assert_eq!(attempt["outcome"]["sentence"], said);
    bridge.advance(Duration::from_secs(10));
    bridge.recorded(2).await;
    let delivery = delivery(&bridge).await;
    assert_eq!(delivery["state"], "delivered");
    let said = &delivery["attempts"][1]["response"]["body"];
    assert_eq!(said, "2.0.0 Accept?");
    bridge.stop().await;
}

#[actix_web::test]
async fn where_one_recipient_is_refused_nobody_gets_the_mail() {
    let bridge = TestBridge::start().await;
    let mut server = MailServer::start(&[&[("RCPT TO:<b@", "550 unknown")]]).await;
    let mut config = server.config();
    config["to"] = json!(["a@b.example", "b@b.example", "c@b.example"]);
    let (hook, _) = connect(&bridge, config, by_title()).await;
    bridge.post(&hook, &event(1)).await;
    let heard = server.next().await;
    assert_eq!(
        heard[2..],
        ["RCPT TO:<a@b.example>", "RCPT TO:<b@b.example>", "QUIT"]
    );
    bridge.recorded(1).await;
    assert_eq!(delivery(&bridge).await["state"], "failed");
    bridge.stop().await;
}

#[actix_web::test]
async fn one_records_bad_address_stops_no_other_mail() {
    let bridge = TestBridge::start().await;
    let mut server = MailServer::start(&[&[]]).await;
    let mapping = json!({"mode": "fields", "fields": [
        {"to": "to", "from": {"path": "$.currentValue.to"}}, {"to": "text", "from": {"value": "t"}},
    ]});
    let (hook, id) = connect(&bridge, server.config(), mapping).await;
    let to = |number: usize, address: &str| {
        let mut body: Value = serde_json::from_slice(&event(number)).unwrap();
        body["currentValue"]["to"] = address.into();
        body.to_string().into_bytes()
    };
    for number in 1..=15 {
        bridge.post(&hook, &to(number, "n/a")).await;
        bridge.recorded(number as u64).await;
        bridge.advance(Duration::from_secs(5));
    }
    assert_eq!(bridge.count_in(&id, "failed"), 15);
    let health = &bridge.get(&format!("/destinations/{id}")).await["health"];
    assert_eq!(health["state"], "ok", "{health}");
    bridge.post(&hook, &to(16, "a@b.example")).await;
    assert_eq!(server.next().await[2], "RCPT TO:<a@b.example>");
    bridge.recorded(16).await;
    bridge.stop().await;
}

#[actix_web::test]
async fn what_is_said_before_tls_is_no_answer_under_it() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let way = Way::StartTls(acceptor(folder.path()));
    const INJECTING: &[Script] =
        &[&[("STARTTLS", "220 go on\r\n250-x\r\n250 AUTH PLAIN\r\n235 ok")]];
    let server = MailServer::start_by(way, INJECTING).await;
    let bridge = TestBridge::start().await;
    let mut config = server.config();
    config["encryption"] = "starttls".into();
    let (hook, _) = connect(&bridge, config, by_title()).await;
    bridge.post(&hook, &event(1)).await;
    bridge.recorded(1).await;
    let attempt = &delivery(&bridge).await["attempts"][0];
    let said = "TLS failed: the mail server said more before TLS than it was asked.";
    assert_eq!(attempt["outcome"]["sentence"], said);
    bridge.stop().await;
}

#[actix_web::test]
async fn nothing_of_a_mail_is_said_before_the_way_is_secret() {
    let bridge = TestBridge::start().await;
    let mut server = MailServer::start(&[&[]]).await;
    let mut config = server.config();
    config["encryption"] = "starttls".into();
    config["auth"] = json!({"type": "basic", "username": "bridge", "password": "canary-password"});
    let (hook, _) = connect(&bridge, config, by_title()).await;
    bridge.post(&hook, &event(1)).await;
    assert_eq!(server.next().await, ["EHLO example.com", "QUIT"]);
    bridge.recorded(1).await;
    let attempt = &delivery(&bridge).await["attempts"][0];
    assert_eq!(attempt["outcome"]["code"], "tls_failed");
    let said = "TLS failed: the mail server offers no STARTTLS.";
    assert_eq!(attempt["outcome"]["sentence"], said);
    bridge.stop().await;
}

#[actix_web::test]
async fn a_login_that_is_refused_is_tried_again_and_shows_no_password() {
    let bridge = TestBridge::start().await;
    let mut server = MailServer::start(&[
        &[("AUTH", "535 no such user")],
        &[("EHLO", "250 local")],
        &[],
    ])
    .await;
    let mut config = server.config();
    config["auth"] = json!({"type": "basic", "username": "bridge", "password": "canary-password"});
    let (hook, _) = connect(&bridge, config, by_title()).await;
    bridge.post(&hook, &event(1)).await;
    for (number, code) in [
        (1, "mail_refused"),
        (2, "could_not_connect"),
        (3, "delivered"),
    ] {
        server.next().await;
        bridge.recorded(number).await;
        let delivery = delivery(&bridge).await;
        let attempt = &delivery["attempts"][number as usize - 1];
        assert_eq!(attempt["outcome"]["code"], code, "{attempt}");
        assert!(!delivery.to_string().contains("canary"), "{delivery}");
        bridge.advance(Duration::from_secs(3_600));
    }
    bridge.stop().await;
}

#[actix_web::test]
async fn what_is_no_mail_fails_with_the_reason_and_may_be_resent() {
    let bridge = TestBridge::start().await;
    let server = MailServer::start(&[&[]]).await;
    let mapping = json!({"mode": "fields", "fields": [
        {"to": "subject", "from": {"value": "s"}}, {"to": "body", "from": {"value": "t"}},
    ]});
    let (hook, _) = connect(&bridge, server.config(), mapping).await;
    bridge.post(&hook, &event(1)).await;
    bridge.recorded(1).await;
    let delivery = delivery(&bridge).await;
    assert_eq!(delivery["state"], "failed");
    let said = delivery["attempts"][0]["outcome"]["sentence"]
        .as_str()
        .unwrap();
    assert!(
        said.contains("This is no mail: `body` is no part of"),
        "{said}"
    );
    bridge.stop().await;
}

async fn a_mail_server_goes_with_its_connection_into_another_bridge(database: Database) {
    let first = TestBridge::start_on(database).await;
    let server = MailServer::start(&[&[]]).await;
    let mut config = server.config();
    config["auth"] = json!({"type": "basic", "username": "bridge", "password": "canary-password"});
    let (_, id) = connect(&first, config, by_title()).await;
    let path = format!("/destinations/{id}");
    let mut shown = first.get(&path).await;
    assert_eq!(shown["kind"], "email");
    shown["notices"] = true.into();
    // As it is shown it may be sent back, and a kind stays what it is.
    shown["name"] = "Mails".into();
    shown["kind"] = Value::Null;
    let (status, saved) = first.api("PUT", &path, Some(shown.clone())).await;
    assert_eq!((status, &saved["kind"]), (200, &json!("email")), "{saved}");
    shown["kind"] = "webhook".into();
    shown["config"] = json!({"url": "https://example.com"});
    let (status, refused) = first.api("PUT", &path, Some(shown)).await;
    let code = &refused["problems"][0]["code"];
    assert_eq!((status, code), (422, &json!("kind_fixed")), "{refused}");

    let exported = owner(&first).await.get("/connections/export").await.html;
    assert!(!exported.contains("canary"));
    let document: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(document["destinations"][0]["kind"], "email");
    let second = TestBridge::start_on(database).await;
    let mut ada = owner(&second).await;
    let planned = hex::encode(Sha256::digest(&exported));
    let mark = ada.get("/connections/import").await.mark();
    let fields = [
        ("csrf", &*mark),
        ("bundle", &*exported),
        ("planned", &*planned),
        ("action", "import"),
    ];
    ada.post("/connections/import", &fields).await;
    let here = &second.get("/destinations").await["data"][0];
    assert_eq!(here["kind"], "email", "{here}");
    assert_eq!(here["left_out"], json!(["/config/auth/password"]));
    assert_eq!(here["notices"], true, "{here}");
    let page = ada
        .get(&format!("/destinations/{}", here["id"].as_str().unwrap()))
        .await;
    assert!(
        page.html.contains("An import left a part out"),
        "{}",
        page.html
    );
    first.stop().await;
    second.stop().await;
}

#[actix_web::test]
async fn the_form_makes_a_mail_server_tries_it_and_keeps_its_password() {
    let bridge = TestBridge::start().await;
    let mut server = MailServer::start(&[&[]]).await;
    let mut ada = owner(&bridge).await;
    let form = ada
        .get("/destinations/new?service=email&then=email-comment")
        .await;
    assert!(form.html.contains("name=\"server\""), "{}", form.html);
    for other in [
        "name=\"url\"",
        "name=\"scheme\"",
        "name=\"success\"",
        "value=\"bearer\"",
    ] {
        assert!(!form.html.contains(other), "{other}");
    }
    let (mark, port) = (form.mark(), server.port.to_string());
    let typed = |from: &'static str, to: &'static str, secret: &'static str| {
        [
            ("csrf", mark.clone()),
            ("kind", "email".into()),
            ("service", "email".into()),
            ("then", "email-comment".into()),
            ("name", "Mails".into()),
            ("server", "127.0.0.1".into()),
            ("port", port.clone()),
            ("encryption", "none".into()),
            ("from", from.into()),
            ("to", to.into()),
            ("auth", "basic".into()),
            ("auth_name", "bridge".into()),
            ("auth_secret", secret.into()),
        ]
    };
    fn pairs<'a>(typed: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
        typed
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect()
    }
    let wrong = typed(
        "bridge",
        "a@b.example\nc@d.example, team",
        "canary-password",
    );
    let page = ada.post("/destinations", &pairs(&wrong)).await;
    assert_eq!(page.status, 422);
    for said in [
        "href=\"#from\"",
        "href=\"#to\"",
        "a@b.example\nc@d.example, team",
        "Line 2, “team”: This is not a mail address",
        "value=\"bridge\"",
    ] {
        assert!(page.html.contains(said), "{said} in {}", page.html);
    }
    assert!(!page.html.contains("canary"));
    let right = typed(
        "bridge@example.com",
        "a@b.example, C <c@d.example>",
        "canary-password",
    );
    let saved = ada.answer("/destinations", &pairs(&right)).await;
    let id = bridge.get("/destinations").await["data"][0]["id"].clone();
    let id = id.as_str().unwrap();
    let back = format!("/connections/new?template=email-comment&destination_id={id}");
    assert_eq!(saved.location.as_deref(), Some(&*back), "{}", saved.html);

    let at = format!("/destinations/{id}");
    ada.post(&format!("{at}/test"), &[("csrf", &*mark)]).await;
    let heard = server.next().await;
    assert!(heard[1].starts_with("AUTH PLAIN "), "{heard:?}");
    assert_eq!(
        heard[3..5],
        ["RCPT TO:<a@b.example>", "RCPT TO:<c@d.example>"]
    );
    assert!(heard[6].contains("Subject: A test mail from Bluebridge"));
    let page = ada.get(&at).await.html;
    for told in [
        "Arrived",
        "queued as 7",
        "C &#60;c@d.example&#62;",
        "Send a test mail",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
    // Left empty, the password stays.
    let edited = typed("other@example.com", "", "");
    ada.post(&at, &pairs(&edited)).await;
    ada.post(&format!("{at}/test"), &[("csrf", &*mark)]).await;
    let heard = server.next().await;
    assert!(heard[1].starts_with("AUTH PLAIN "), "{heard:?}");
    // Mappings name the recipients there, so the sender gets the test.
    assert_eq!(heard[3], "RCPT TO:<other@example.com>");
    bridge.stop().await;
}

fn acceptor(folder: &Path) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[actix_web::test]
async fn a_server_is_spoken_to_only_when_its_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let acceptor = acceptor(folder.path());
    for (root, is_trusted) in [("right", true), ("wrong", false)] {
        let site = Site::on(Database::Sqlite).await;
        let root = folder.path().join(format!("{root}.pem"));
        let trusting = format!("export SSL_CERT_FILE={}", root.display());
        let served = site.serve_after(&trusting).await;
        for (encryption, way) in [
            ("tls", Way::Tls(acceptor.clone())),
            ("starttls", Way::StartTls(acceptor.clone())),
        ] {
            let mut server = MailServer::start_by(way, &[&[(".", "250 Accept\u{e9}")]]).await;
            let mut config = server.config();
            config["server"] = "localhost".into();
            config["encryption"] = encryption.into();
            config["auth"] = json!({"type": "basic", "username": "u", "password": "p"});
            let destination = json!({"name": encryption, "kind": "email", "config": config});
            let destination = site.created(&served, "/destinations", destination).await;
            let connection = json!({"name": encryption, "source_id": site.source_id, "destination_id": destination["id"]});
            let connection = site.created(&served, "/connections", connection).await;
            let body = event(usize::from(is_trusted) * 2 + usize::from(encryption == "tls"));
            let posted = site
                .http
                .post(served.hook())
                .header("x-signature", signature(&body))
                .body(body)
                .send();
            assert_eq!(posted.await.unwrap().status(), 200);
            let heard = server.next().await;
            let was_told = heard.iter().any(|line| line.starts_with("RCPT"));
            assert_eq!(was_told, is_trusted, "{encryption}: {heard:?}");
            let state = if is_trusted { "delivered" } else { "retrying" };
            let log = format!(
                "/deliveries?connection_id={}",
                connection["id"].as_str().unwrap()
            );
            let ended = patiently("the attempt", async {
                loop {
                    let found = site.get(&served, &log).await["data"][0].clone();
                    if found["state"] == state {
                        break found;
                    }
                    tokio::task::yield_now().await;
                }
            });
            let id = ended.await["id"].as_str().unwrap().to_string();
            let delivery = site.get(&served, &format!("/deliveries/{id}")).await;
            let code = &delivery["attempts"][0]["outcome"]["code"];
            let expected = if is_trusted {
                "delivered"
            } else {
                "tls_failed"
            };
            assert_eq!(code, expected, "{encryption}: {delivery}");
            let path = format!("/connections/{}", connection["id"].as_str().unwrap());
            site.api(&served, "DELETE", &path, Value::Null).await;
        }
    }
}
