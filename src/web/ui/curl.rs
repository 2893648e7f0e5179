//! An attempt as a command line that a person can run again: what was masked in the log stays masked.
//!
//! The text is for a POSIX shell; everything that came from outside stands in single quotes.

use crate::store::deliveries::Attempt;

/// Largest body that is put on the command line, in bytes.
const BODY_LIMIT_BYTES: usize = 100_000;

/// Headers that curl makes itself.
const MADE_BY_CURL: [&str; 3] = ["host", "content-length", "accept-encoding"];

/// The command; `None` when no HTTP request was made, or the body is no text or too large.
pub fn curl(attempt: &Attempt, body: &[u8]) -> Option<String> {
    let (method, url) = attempt.request_line.split_once(' ')?;
    if method == "SMTP" {
        return None;
    }
    let body = std::str::from_utf8(body)
        .ok()
        .filter(|body| body.len() <= BODY_LIMIT_BYTES && !body.contains('\0'))?;
    let mut command = format!("curl -X {} {}", quoted(method), quoted(url));
    for (name, value) in &attempt.request_headers {
        if !MADE_BY_CURL.contains(&name.as_str()) {
            command.push_str(" \\\n  -H ");
            command.push_str(&quoted(&format!("{name}: {value}")));
        }
    }
    if !body.is_empty() && method != "GET" {
        command.push_str(" \\\n  --data-raw ");
        command.push_str(&quoted(body));
    }
    Some(command)
}

/// In single quotes nothing has a meaning but the quote itself.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_string()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::outcome::Outcome;

    #[test]
    fn what_came_from_outside_cannot_leave_its_quotes() {
        let attempt = Attempt {
            number: 1,
            started_at: Timestamp::UNIX_EPOCH,
            duration_ms: 1,
            outcome: Outcome::answered(200),
            request_line: "POST https://example.com/in?***".into(),
            request_headers: vec![
                ("host".into(), "example.com".into()),
                ("x-note".into(), "it's".into()),
            ],
            response_headers: Vec::new(),
            response_body: Vec::new(),
            response_truncated: false,
        };
        let body = br#"{"t":"'; rm -rf / #"}"#;
        assert_eq!(
            curl(&attempt, body).unwrap(),
            "curl -X POST 'https://example.com/in?***' \\\n  -H 'x-note: it'\\''s' \\\n  --data-raw '{\"t\":\"'\\''; rm -rf / #\"}'"
        );
        let mailed = Attempt {
            request_line: "SMTP smtp.example.com:587".into(),
            ..attempt
        };
        assert_eq!(curl(&mailed, body), None);
    }
}
