//! Which mail a body becomes, for destinations that are reached by SMTP.
//!
//! Called by `outbound::mail`. A mapping makes a JSON object of the mail's parts: `to`, `subject`, `text`, `html`, `reply_to`. Every other body is the
//! mail's text as it stands, so that a plain template or an event that passes through arrives too. What nobody can mean is refused with a sentence:
//! a part that a mail does not have, or an address that is none. Nothing is sent here, and no address is looked up.

use lettre::Address;
pub use lettre::message::Mailbox;
use serde_json::{Map, Value};

use crate::domain::lenient;
use crate::domain::mapping::JSON;
use crate::domain::mapping::functions::html::as_lines;
use crate::domain::name::turns_direction;

/// Most people that one mail goes to.
pub const RECIPIENTS_LIMIT: usize = 20;

/// Longest subject, in characters; what is longer is cut, since lists of mails show no more.
pub const SUBJECT_LIMIT_CHARS: usize = 250;

/// Longest address with its name, in bytes.
const MAILBOX_LIMIT_BYTES: usize = 320;

/// The subject of what names none.
const PLAIN_SUBJECT: &str = "Message from Bluebridge";

/// What a mail is made of. One of these makes an object a mail; an event of Blue has none of them.
const PARTS: [&str; 5] = ["to", "subject", "text", "html", "reply_to"];

/// A mail before it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// At least one.
    pub to: Vec<Mailbox>,
    pub reply_to: Option<Mailbox>,
    /// One line.
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
}

impl Mail {
    /// Reads a body; `to` is whom the destination names. The sentence says why it is no mail.
    pub fn read(body: &[u8], content_type: &str, to: &[Mailbox]) -> Result<Mail, String> {
        let document = match content_type {
            JSON => lenient::document(body).ok(),
            _ => None,
        };
        let mail = match document {
            Some(Value::Object(parts)) if PARTS.iter().any(|part| parts.contains_key(*part)) => {
                Mail::of_parts(&parts, to)?
            }
            other => Mail {
                to: to.to_vec(),
                reply_to: None,
                subject: subject_of(other.as_ref()),
                text: Some(tidy(match &other {
                    Some(document) => pretty(document),
                    None => String::from_utf8_lossy(body).into_owned(),
                })),
                html: None,
            },
        };
        match mail.to.len() {
            0 => Err("nobody is named to send it to, neither by the mapping as `to` nor by the destination.".into()),
            1..=RECIPIENTS_LIMIT => Ok(mail),
            _ => Err(format!("a mail goes to at most {RECIPIENTS_LIMIT} people.")),
        }
    }

    fn of_parts(parts: &Map<String, Value>, to: &[Mailbox]) -> Result<Mail, String> {
        if let Some(other) = parts.keys().find(|name| !PARTS.contains(&name.as_str())) {
            let parts = PARTS.join("`, `");
            return Err(format!(
                "`{other}` is no part of a mail; its parts are `{parts}`."
            ));
        }
        let text = |part: &str| match parts.get(part) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Array(_) | Value::Object(_)) => Err(format!(
                "`{part}` of a mail is a text, not a list or an object."
            )),
            Some(other) => Ok(Some(other.to_string())),
        };
        let named = match parts.get("to") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => listed(text)?,
            // Of several assignees one may have no address; the others are told.
            Some(Value::Array(all)) => all
                .iter()
                .filter(|one| {
                    !one.is_null() && one.as_str().is_none_or(|text| !text.trim().is_empty())
                })
                .map(|one| one.as_str().ok_or_else(|| no_address("to")))
                .map(|one| one.and_then(|text| mailbox(text).ok_or_else(|| no_address("to"))))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(no_address("to")),
        };
        let reply_to = text("reply_to")?.filter(|text| !text.trim().is_empty());
        let reply_to = reply_to.map(|text| mailbox(&text).ok_or_else(|| no_address("reply_to")));
        let (plain, html) = (text("text")?.map(tidy), text("html")?.map(tidy));
        Ok(Mail {
            to: if named.is_empty() { to.to_vec() } else { named },
            reply_to: reply_to.transpose()?,
            subject: one_line(&text("subject")?.unwrap_or_default()),
            // A mail without a word of its own still arrives, and one of HTML alone can be read everywhere.
            text: plain.or_else(|| match &html {
                Some(html) => Some(as_lines(html)).filter(|text| !text.is_empty()),
                None => Some(String::new()),
            }),
            html,
        })
    }
}

/// Whether a JSON body says what stands in the mail. Every other one goes out as text as it stands, which hardly anybody wants of JSON.
pub fn is_mail(body: &str) -> bool {
    let document = lenient::document(body.as_bytes()).ok();
    let parts = document.as_ref().and_then(Value::as_object);
    let says = |part: &str| parts.is_some_and(|parts| parts.contains_key(part));
    ["subject", "text", "html"].into_iter().any(says)
}

/// A mail address, perhaps with a name before it; `None` for what a server would not take, or what could end a line. What is written down of it is
/// read as the same again.
pub fn mailbox(text: &str) -> Option<Mailbox> {
    let text = text.trim();
    if text.len() > MAILBOX_LIMIT_BYTES || text.chars().any(char::is_control) {
        return None;
    }
    let found: Mailbox = text.parse().ok()?;
    let (address, written): (&Address, String) = (&found.email, found.to_string());
    let is_plain = address
        .user()
        .chars()
        .all(|sign| sign.is_ascii() && sign != '"')
        && address.domain().is_ascii();
    let is_itself = written.len() <= MAILBOX_LIMIT_BYTES && written.parse() == Ok(found.clone());
    (is_plain && is_itself).then_some(found)
}

/// Addresses in one text, as a field of a record may hold them.
fn listed(text: &str) -> Result<Vec<Mailbox>, String> {
    parted(text)
        .map(|part| mailbox(part).ok_or_else(|| no_address("to")))
        .collect()
}

/// What stands between commas or semicolons. A comma may stand in a name: in quotes it parts nothing.
pub fn parted(text: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(move |sign| {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        !is_quoted && matches!(sign, ',' | ';')
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// Without the address: this goes into the server's log and the destination's health, where a person's address has no place.
fn no_address(part: &str) -> String {
    format!("what the mapping made for `{part}` is not a mail address.")
}

/// For an event that passes through: its type.
fn subject_of(document: Option<&Value>) -> String {
    let event_type = document.and_then(|document| document.get("event")?.as_str());
    one_line(&event_type.map_or_else(String::new, |name| format!("Blue: {name}")))
}

/// Lines end as text has it, and nothing is in it that a server takes for the end of a mail or refuses: lone carriage returns, zero bytes.
fn tidy(text: String) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let is_fine = |sign: &char| !sign.is_control() || matches!(sign, '\n' | '\t');
    text.chars().filter(is_fine).collect()
}

/// Without line breaks, which would end the header, nor what readers would decode or would turn around, and not longer than the limit; the usual subject for nothing.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ").replace("=?", "= ?");
    let line: String = line
        .chars()
        .filter(|sign| !sign.is_control() && !turns_direction(*sign))
        .collect();
    match line.chars().count() {
        0 => PLAIN_SUBJECT.into(),
        1..=SUBJECT_LIMIT_CHARS => line,
        _ => line
            .chars()
            .take(SUBJECT_LIMIT_CHARS - 1)
            .chain(['…'])
            .collect(),
    }
}

/// JSON as people read it; a text is itself.
fn pretty(document: &Value) -> String {
    match document {
        Value::String(text) => text.clone(),
        // A document always serialises.
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<Mail, String> {
        let to = [mailbox("Team <team@example.com>").unwrap()];
        Mail::read(body.to_string().as_bytes(), JSON, &to)
    }

    fn addresses(mail: &Mail) -> Vec<String> {
        mail.to.iter().map(|to| to.email.to_string()).collect()
    }

    #[test]
    fn an_object_of_parts_is_a_mail_of_these_parts() {
        let mail = read(
            &json!({"subject": "New:\r\n comment", "text": "a", "html": "<b>a</b>", "reply_to": "a@b.example"}),
        );
        let mail = mail.unwrap();
        assert_eq!(mail.subject, "New: comment");
        assert_eq!(
            (mail.text.as_deref(), mail.html.as_deref()),
            (Some("a"), Some("<b>a</b>"))
        );
        assert_eq!(
            mail.reply_to.as_ref().unwrap().email.to_string(),
            "a@b.example"
        );
        assert_eq!(addresses(&mail), ["team@example.com"]);
        assert_eq!(
            read(&json!({"text": 3, "subject": null}))
                .unwrap()
                .text
                .unwrap(),
            "3"
        );
        let lines = read(&json!({"html": "<p>a &amp; b</p><p>c</p>"})).unwrap();
        assert_eq!(lines.text.as_deref(), Some("a & b\nc"));
        let only_html = read(&json!({"html": "<p>"})).unwrap();
        assert_eq!(
            (only_html.text, only_html.subject.as_str()),
            (None, PLAIN_SUBJECT)
        );
        assert_eq!(read(&json!({"subject": "s"})).unwrap().text.unwrap(), "");
    }

    #[test]
    fn a_mapping_may_name_the_recipients() {
        for (to, expected) in [
            (json!("a@b.example"), vec!["a@b.example"]),
            (
                json!("a@b.example, C <c@d.example>;"),
                vec!["a@b.example", "c@d.example"],
            ),
            (
                json!("\"Doe, Jane\" <jane@d.example>"),
                vec!["jane@d.example"],
            ),
            (
                json!("\"Doe, Jane\" <jane@d.example>, bob@b.example"),
                vec!["jane@d.example", "bob@b.example"],
            ),
            (
                json!("bob@b.example;\n\"Doe; \\\"J, J\\\"\" <jane@d.example>,"),
                vec!["bob@b.example", "jane@d.example"],
            ),
            (
                json!(["a@b.example", "C <c@d.example>"]),
                vec!["a@b.example", "c@d.example"],
            ),
            (
                json!(["a@b.example", null, " ", "c@d.example"]),
                vec!["a@b.example", "c@d.example"],
            ),
            (json!([]), vec!["team@example.com"]),
            (json!([null, ""]), vec!["team@example.com"]),
            (json!(null), vec!["team@example.com"]),
            (json!(" "), vec!["team@example.com"]),
        ] {
            let mail = read(&json!({"to": to, "text": "t"})).unwrap();
            assert_eq!(addresses(&mail), expected, "{to}");
        }
    }

    #[test]
    fn what_nobody_can_mean_is_refused() {
        for (body, said) in [
            (
                json!({"subject": "s", "txt": "t"}),
                "`txt` is no part of a mail",
            ),
            (json!({"subject": ["s"]}), "`subject` of a mail is a text"),
            (json!({"text": "t", "to": "nobody"}), "for `to` is not"),
            (json!({"text": "t", "to": [3]}), "for `to` is not"),
            (json!({"text": "t", "to": {"a": 1}}), "for `to` is not"),
            (
                json!({"text": "t", "to": "a@b.example\r\nBcc: c@d.example"}),
                "for `to` is not",
            ),
            (
                json!({"text": "t", "to": "\"a@b.example, c@d.example"}),
                "for `to` is not",
            ),
            (
                json!({"text": "t", "to": "\"J\r\n J\" <a@b.example>, c@d.example"}),
                "for `to` is not",
            ),
            (json!({"text": "t", "to": "é@b.example"}), "for `to` is not"),
            (
                json!({"text": "t", "reply_to": "x"}),
                "for `reply_to` is not",
            ),
            (
                json!({"text": "t", "to": vec!["a@b.example"; 21]}),
                "at most 20 people",
            ),
        ] {
            let refused = read(&body).unwrap_err();
            assert!(refused.contains(said), "{body}: {refused}");
        }
        for body in [
            json!({"text": "t"}),
            json!({"text": "t", "to": [null, " "]}),
        ] {
            let nobody = Mail::read(body.to_string().as_bytes(), JSON, &[]).unwrap_err();
            assert!(nobody.contains("nobody is named"), "{nobody}");
        }
    }

    #[test]
    fn every_other_body_is_the_text() {
        let event =
            read(&json!({"event": "TODO_CREATED", "currentValue": {"title": "a"}})).unwrap();
        assert_eq!(event.subject, "Blue: TODO_CREATED");
        assert!(event.text.unwrap().contains("\n    \"title\": \"a\"\n"));
        let to = [mailbox("team@example.com").unwrap()];
        let plain =
            Mail::read("Hé {not json".as_bytes(), "text/plain; charset=utf-8", &to).unwrap();
        assert_eq!(plain.text.as_deref(), Some("Hé {not json"));
        assert_eq!(plain.subject, PLAIN_SUBJECT);
        assert_eq!(read(&json!([1])).unwrap().text.unwrap(), "[\n  1\n]");
    }

    #[test]
    fn a_long_subject_is_cut_at_a_character() {
        let mail = read(&json!({"subject": "é".repeat(300), "text": ""})).unwrap();
        assert_eq!(mail.subject.chars().count(), SUBJECT_LIMIT_CHARS);
        assert!(mail.subject.ends_with("é…"));
    }

    #[test]
    fn a_mailbox_that_is_written_down_is_read_as_itself() {
        for text in [
            "a@b.example",
            "Team <a@b.example>",
            "\"Doe, \\\"J\\\"\" <a@b.example>",
            "Ünï <a@b.example>",
        ] {
            let found = mailbox(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(mailbox(&found.to_string()), Some(found), "{text}");
        }
        for text in [
            "",
            "a",
            "a@",
            "<a@b.example",
            "a@b.example, c@d.example",
            "a b@c.example",
            "\"\\\"a b\\\"\"@example.com",
            "\"a b\"@example.com",
            &format!("{}. <a@b.example>", "x".repeat(304)),
        ] {
            assert_eq!(mailbox(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_in_a_mail_ends_it_or_looks_like_another() {
        let mail = read(&json!({
            "subject": "\u{202e}=?utf-8?b?aGk=?=\u{0}", "text": "a\r.\r\nb\u{0}c\r.\rd\te", "html": "x\ry",
        }));
        let mail = mail.unwrap();
        assert_eq!(mail.subject, "= ?utf-8?b?aGk= ?=");
        assert_eq!(mail.text.as_deref(), Some("a\n.\nbc\n.\nd\te"));
        assert_eq!(mail.html.as_deref(), Some("x\ny"));
    }

    #[test]
    fn recipients_alone_make_a_mail_too() {
        let mail = read(&json!({"to": "boss@other.example"})).unwrap();
        assert_eq!(addresses(&mail), ["boss@other.example"]);
        assert_eq!(mail.text.as_deref(), Some(""));
    }
}
