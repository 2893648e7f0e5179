//! Our outbound signatures, checked by the receivers' own tools: node's crypto, and the official Standard Webhooks library.
//! `tests/run` installs that library under `target/node`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use bluebridge::domain::secret::Secret;
use bluebridge::domain::signature::{Scheme, sign, standard_secret};
use serde_json::{Value, json};

#[test]
fn node_and_the_official_library_accept_what_we_sign() {
    let mut lines = Vec::new();
    let now_s = jiff::Timestamp::now().as_second();
    for number in 0..200_u32 {
        let body =
            json!({"n": number, "text": "é\"\n\u{1F600}".repeat(number as usize % 7)}).to_string();
        let (scheme, word, secret) = match number % 2 {
            0 => (Scheme::Hex, "hex", Secret::new("it's a secret")),
            _ => (
                Scheme::StandardWebhooks,
                "standard_webhooks",
                standard_secret([number as u8; 32]),
            ),
        };
        let headers: serde_json::Map<String, Value> = sign(
            scheme,
            &[&secret],
            None,
            &format!("id-{number}"),
            now_s,
            body.as_bytes(),
        )
        .into_iter()
        .map(|(name, value)| (name.to_lowercase(), Value::from(value)))
        .collect();
        let body = base64::engine::general_purpose::STANDARD.encode(body);
        lines.push(json!({"scheme": word, "secret": secret.expose_text(), "headers": headers, "body": body}).to_string());
    }
    assert_eq!(verify(&lines), Ok(200));

    // The check itself can fail: one changed body is noticed.
    let mut bent: Value = serde_json::from_str(&lines[1]).unwrap();
    bent["body"] = Value::from("e30=");
    assert!(verify(&[bent.to_string()]).is_err());
}

fn verify(lines: &[String]) -> Result<usize, String> {
    let root = env!("CARGO_MANIFEST_DIR");
    let modules = std::env::var("BLUEBRIDGE_TEST_NODE_MODULES")
        .unwrap_or_else(|_| format!("{root}/target/node/node_modules"));
    let mut node = Command::new("node")
        .arg(format!("{root}/tests/node/verify.js"))
        .env("NODE_PATH", modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node is needed; run the tests with `bash tests/run`");
    node.stdin
        .take()
        .unwrap()
        .write_all(lines.join("\n").as_bytes())
        .unwrap();
    let output = node.wait_with_output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().lines().count())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}
