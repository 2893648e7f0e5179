//! What is told of a destination that begins to fail or has recovered, to those destinations that are to get such notices.
//!
//! Made and sent by `flow::notices`. A notice is no delivery: it belongs to no event, and the log and the pages tell the same whether or not it arrives.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::destination::Kind;
use crate::domain::id::DestinationId;

/// Something that somebody should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub change: Change,
    pub destination_id: DestinationId,
    pub name: String,
    pub at: Timestamp,
    /// The destination's page.
    pub url: String,
}

/// What has become of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// With the outcome's sentence.
    Failing(String),
    /// It kept failing, for this reason.
    Held(String),
    /// It said that it is gone.
    Paused(String),
    Recovered,
}

impl Change {
    /// Stable word, for programs.
    pub fn event(&self) -> &'static str {
        match self {
            Change::Failing(_) => "DESTINATION_FAILING",
            Change::Held(_) => "DESTINATION_HELD",
            Change::Paused(_) => "DESTINATION_PAUSED",
            Change::Recovered => "DESTINATION_RECOVERED",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Change::Failing(reason) | Change::Held(reason) | Change::Paused(reason) => Some(reason),
            Change::Recovered => None,
        }
    }
}

impl Notice {
    /// What is sent: a mail's parts, or a JSON object in which Slack and its like find `text`, and Discord `content`.
    pub fn body(&self, kind: Kind) -> Value {
        let text = self.text();
        if kind == Kind::Webhook {
            let text = tame(&text);
            return json!({
                "event": self.change.event(),
                "destination": {"id": self.destination_id, "name": self.name},
                "reason": self.change.reason(),
                "at": self.at.to_string(),
                "url": self.url,
                "text": text,
                "content": text,
                "allowed_mentions": {"parse": []},
            });
        }
        json!({"subject": self.title(), "text": text})
    }

    fn title(&self) -> String {
        let name = &self.name;
        match self.change {
            Change::Failing(_) => format!("Bluebridge: {name} begins to fail"),
            Change::Held(_) => format!("Bluebridge: {name} is held"),
            Change::Paused(_) => format!("Bluebridge: {name} is paused"),
            Change::Recovered => format!("Bluebridge: {name} has recovered"),
        }
    }

    fn text(&self) -> String {
        let then = match self.change {
            Change::Failing(_) => "What became of each delivery stands in the log.",
            Change::Held(_) => {
                "Nothing is lost: what comes meanwhile waits, and goes out when one attempt arrives."
            }
            Change::Paused(_) => "What comes meanwhile waits until somebody resumes it.",
            Change::Recovered => "Everything that waited goes out.",
        };
        let at = self.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        let lines = [
            self.title().as_str(),
            &at,
            self.change.reason().unwrap_or_default(),
            then,
            &self.url,
        ]
        .map(str::to_string);
        let lines = lines.into_iter().filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Longest text for a chat, in characters; Discord takes 2,000.
const CHAT_LIMIT_CHARS: usize = 1_900;

/// A text in which no chat finds a link of somebody's making or a call to everybody: a destination's name is what its owner wrote.
fn tame(text: &str) -> String {
    let text = text.replace('<', "‹").replace('>', "›");
    let text = text.replace('@', "@\u{200b}").replace("](", "] (");
    text.chars().take(CHAT_LIMIT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mail::{Mail, mailbox};
    use crate::domain::mapping::JSON;

    #[test]
    fn a_notice_is_a_mail_or_a_message() {
        let notice = Notice {
            change: Change::Failing("Refused: the destination answered 500.".into()),
            destination_id: DestinationId::new(1, [1; 10]),
            name: "Old CRM".into(),
            at: Timestamp::UNIX_EPOCH,
            url: "https://bridge.example/destinations/1".into(),
        };
        let mail = notice.body(Kind::Email).to_string();
        let to = [mailbox("a@b.example").unwrap()];
        let mail = Mail::read(mail.as_bytes(), JSON, &to).unwrap();
        assert_eq!(mail.subject, "Bluebridge: Old CRM begins to fail");
        let text = mail.text.unwrap();
        for part in [
            "answered 500",
            "in the log",
            "1970-01-01 00:00:00 UTC",
            "https://bridge.example",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let message = notice.body(Kind::Webhook);
        assert_eq!(message["event"], "DESTINATION_FAILING");
        assert_eq!(message["text"], text);
        let recovered = Notice {
            change: Change::Recovered,
            ..notice
        };
        let message = recovered.body(Kind::Webhook);
        assert_eq!(message["reason"], Value::Null);
        assert!(
            message["content"]
                .as_str()
                .unwrap()
                .starts_with("Bluebridge: Old CRM has")
        );
    }

    #[test]
    fn a_name_calls_nobody_and_leads_nowhere_in_a_chat() {
        let notice = Notice {
            change: Change::Recovered,
            destination_id: DestinationId::new(1, [1; 10]),
            name: "<!channel> @everyone [x](https://evil.example) <https://evil.example|y>".into(),
            at: Timestamp::UNIX_EPOCH,
            url: "https://bridge.example/destinations/1".into(),
        };
        let message = notice.body(Kind::Webhook);
        for text in [&message["text"], &message["content"]] {
            let text = text.as_str().unwrap();
            for sign in ["<", ">", "@e", "]("] {
                assert!(!text.contains(sign), "{sign} in {text}");
            }
        }
        let long = Notice {
            change: Change::Failing("x".repeat(5_000)),
            ..notice
        };
        let message = long.body(Kind::Webhook);
        assert_eq!(
            message["content"].as_str().unwrap().chars().count(),
            CHAT_LIMIT_CHARS
        );
    }
}
