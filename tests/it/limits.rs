//! What a sender may take of us: bytes, time, requests a second.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::database::{Database, Home};
use crate::harness::{Receiver, TestBridge, event, patiently, signature, todo_created};
use crate::pages::owner;

/// Sends this and nothing more, and waits until the server has had enough. What it answered.
async fn stalled(bridge: &TestBridge, head: String) -> String {
    let mut connection = TcpStream::connect(bridge.address).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = patiently(
        "the end of a stalled request",
        connection.read_to_end(&mut answer),
    )
    .await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[actix_web::test]
async fn senders_that_stall_are_cut() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let path = connected.hook.split_once("/hooks/").unwrap().1;
    let tail = "host: x\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{\"ev";
    let answers = tokio::join!(
        stalled(&bridge, format!("POST /hooks/{path} HTTP/1.1\r\n{tail}")),
        stalled(&bridge, format!("POST /api/v1/sources HTTP/1.1\r\n{tail}")),
        stalled(&bridge, format!("POST /login HTTP/1.1\r\n{tail}")),
        stalled(&bridge, "POST /hooks/x HTTP/1.1\r\nhost: ".into()),
        stalled(&bridge, String::new()),
    );
    for (answer, said) in [
        (&answers.0, "too_slow"),
        (&answers.1, "too_slow"),
        (&answers.2, "<p>The body did not come in time.</p>"),
    ] {
        assert!(
            answer.starts_with("HTTP/1.1 408") && answer.contains(said),
            "{answer}"
        );
    }
    assert!(answers.3.starts_with("HTTP/1.1 408"), "{}", answers.3);
    assert!(!answers.4.contains("200"), "{}", answers.4);
    bridge.stop().await;
}

#[actix_web::test]
async fn bodies_are_neither_decompressed_nor_taken_beyond_their_limit() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    // Ten bytes that would say "a body of many gigabytes" to whoever believes the header.
    let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\x03{}";
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, br"] {
        for (path, said) in [
            ("/api/v1/sources", "encoded_body"),
            ("/login", "<p>Send the body as it is"),
        ] {
            let request = bridge
                .http
                .post(bridge.url(path))
                .bearer_auth(&bridge.token);
            let answer = request
                .header("content-encoding", encoding)
                .body(packed.to_vec())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 415, "{path}");
            assert!(answer.text().await.unwrap().contains(said));
        }
        // At Blue's door the bytes are what is signed, and what is read.
        let request = bridge
            .http
            .post(&connected.hook)
            .header("content-encoding", encoding);
        let answer = request
            .header("X-Signature", signature(packed))
            .body(packed.to_vec())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 400);
        assert!(answer.text().await.unwrap().contains("not_json"));
    }
    let too_large = async |path: &str| {
        let request = bridge
            .http
            .post(bridge.url(path))
            .bearer_auth(&bridge.token)
            .header("accept-language", "id");
        let answer = request.body(vec![b' '; (2 << 20) + 1]).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 413, "{path}");
        answer.text().await.unwrap()
    };
    let problem: Value = serde_json::from_str(&too_large("/api/v1/sources").await).unwrap();
    assert_eq!(problem["code"], "too_large");
    // Whoever sent a form is told by a page, in their language.
    let page = too_large("/login").await;
    assert!(
        page.contains("<p>Body paling besar 2097152 byte.</p>"),
        "{page}"
    );
    bridge.stop().await;
}

#[actix_web::test]
async fn who_is_not_known_may_send_little() {
    let bridge = TestBridge::start().await;
    let sent = async |path: &str, bytes: usize, header: Option<(&str, &str)>| {
        let mut request = bridge.http.post(bridge.url(path));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let answer = request.body(vec![b' '; bytes]).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let bearer = Some(("authorization", "Bearer bbt_unknown"));
    let cookie = Some(("cookie", "bluebridge_session=unknown"));
    for (path, small, said) in [
        ("/api/v1/sources", 401, "at most 65536 bytes"),
        ("/login", 403, "<p>A body may have at most 65536 bytes.</p>"),
    ] {
        assert_eq!(sent(path, 64 << 10, None).await.0, small, "{path}");
        for bytes in [(64 << 10) + 1, 2 << 20] {
            let (status, text) = sent(path, bytes, None).await;
            assert_eq!(status, 413, "{path}");
            assert!(text.contains(said), "{text}");
        }
        for header in [bearer, cookie] {
            assert_eq!(sent(path, 64 << 10, header).await.0, small, "{path}");
            assert_eq!(sent(path, 2 << 20, header).await.0, 413, "{path}");
        }
    }
    let known = format!("Bearer {}", bridge.token);
    let known = Some(("authorization", known.as_str()));
    assert_eq!(sent("/api/v1/sources", 2 << 20, known).await.0, 400);
    let signed_in = owner(&bridge).await.cookie;
    let signed_in = Some(("cookie", signed_in.as_str()));
    assert_eq!(sent("/settings/name", 2 << 20, signed_in).await.0, 403);
    bridge.stop().await;
}

#[actix_web::test]
async fn a_source_beyond_its_limit_is_told_to_come_again_and_strangers_cannot_use_it_up() {
    let home = Home::new(Database::Sqlite);
    let bridge = TestBridge::start_with(home, 1_795_507_200_000, |settings| {
        settings.source_per_second = 3
    })
    .await;
    let receiver = Receiver::start();
    let connected = bridge.connect(&receiver, json!({})).await;
    // Whoever has only the address.
    for _ in 0..20 {
        assert_eq!(
            bridge
                .post_with(&connected.hook, todo_created(), Some(&"0".repeat(64)))
                .await
                .0,
            401
        );
    }
    let (mut stored, mut limited) = (0, 0);
    for number in 0..30 {
        let body = event(number);
        let request = bridge
            .http
            .post(&connected.hook)
            .header("X-Signature", signature(&body));
        let answer = request.body(body).send().await.unwrap();
        match answer.status().as_u16() {
            200 => stored += 1,
            503 => {
                limited += 1;
                assert!(answer.headers().contains_key("retry-after"));
                assert!(answer.text().await.unwrap().contains("source_limited"));
            }
            other => panic!("{other}"),
        }
    }
    assert!(
        stored >= 3 && limited > 0,
        "{stored} stored, {limited} limited"
    );
    let events = bridge.get("/events?limit=100").await;
    assert_eq!(
        events["data"].as_array().unwrap().len(),
        stored,
        "a 2xx is stored, a 503 is not"
    );
    bridge.recorded(stored as u64).await;
    bridge.stop().await;
}

#[actix_web::test]
async fn addresses_that_lead_nowhere_answer_alike() {
    let (bridge, receiver) = (TestBridge::start().await, Receiver::start());
    let connected = bridge.connect(&receiver, json!({})).await;
    let token = connected.hook.rsplit_once('/').unwrap().1.to_string();
    let other = bridge.created("/sources", json!({"name": "Gone"})).await;
    let gone = other["token"].as_str().unwrap().to_string();
    bridge
        .api(
            "DELETE",
            &format!("/sources/{}", other["id"].as_str().unwrap()),
            None,
        )
        .await;
    let mut answers = Vec::new();
    for token in [
        "",
        "x",
        "%00",
        &token[..token.len() - 1],
        &format!("{token}x"),
        &token.to_uppercase(),
        &gone,
        &"a".repeat(4_000),
    ] {
        let url = bridge.url(&format!("/hooks/{token}"));
        let answer = bridge
            .http
            .post(url)
            .header("X-Signature", signature(b"{}"))
            .body("{}")
            .send()
            .await
            .unwrap();
        let mut headers = answer.headers().clone();
        headers.remove("date");
        answers.push((
            answer.status(),
            format!("{headers:?}"),
            answer.text().await.unwrap(),
        ));
    }
    assert_eq!(answers[0].0, 404);
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    bridge.stop().await;
}
