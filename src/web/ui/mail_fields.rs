//! The fields of a destination that is a mail server.
//!
//! Called by `destinations`. Credentials have the fields that every destination has; what the words mean is decided by the parser in `domain`.

use serde_json::{Value, json};

use crate::domain::destination::{Encryption, MailServer};
use crate::domain::mail::{Mailbox, parted};
use crate::web::i18n::Key;
use crate::web::ui::form::Form;

pub const ENCRYPTIONS: [(Encryption, Key); 3] = [
    (Encryption::StartTls, key!("destinations-mail-starttls")),
    (Encryption::Tls, key!("destinations-mail-tls")),
    (Encryption::None, key!("destinations-mail-clear")),
];

/// What the form holds of the server.
pub struct MailFields {
    pub server: String,
    /// Empty for the usual one.
    pub port: String,
    pub encryption: String,
    pub from: String,
    /// A line each, or with commas between them.
    pub to: String,
}

/// Somebody a mail goes to, as typed.
pub struct Recipient<'t> {
    /// From 1.
    pub line: usize,
    pub text: &'t str,
}

impl Default for MailFields {
    fn default() -> MailFields {
        MailFields {
            server: String::new(),
            port: String::new(),
            encryption: Encryption::StartTls.as_str().into(),
            from: String::new(),
            to: String::new(),
        }
    }
}

impl MailFields {
    pub fn of(server: &MailServer) -> MailFields {
        let is_usual = server.port == server.encryption.usual_port();
        MailFields {
            server: server.host.clone(),
            // Empty it follows when the encryption is changed.
            port: if is_usual {
                String::new()
            } else {
                server.port.to_string()
            },
            encryption: server.encryption.as_str().into(),
            from: server.from.to_string(),
            to: written(&server.to, "\n"),
        }
    }

    /// What was typed, for showing it again.
    pub fn typed(form: &Form) -> MailFields {
        MailFields {
            server: form.text("server").into(),
            port: form.text("port").into(),
            encryption: form.text("encryption").into(),
            from: form.text("from").into(),
            to: form.text("to").into(),
        }
    }

    /// The document's `config`.
    pub fn document(self, auth: Value) -> Value {
        let port = self.port.trim();
        let port = match port {
            "" => Value::Null,
            // What is no number is no port either.
            typed => Value::from(typed.parse::<i64>().unwrap_or(0)),
        };
        let recipients = recipients(&self.to).into_iter();
        let to: Vec<&str> = recipients.map(|one| one.text).collect();
        json!({
            "server": self.server, "port": port, "encryption": self.encryption, "auth": auth,
            "from": self.from, "to": to,
        })
    }
}

/// Everybody who is named.
pub fn recipients(text: &str) -> Vec<Recipient<'_>> {
    let lines = (1..).zip(text.lines());
    lines
        .flat_map(|(line, text)| parted(text).map(move |text| Recipient { line, text }))
        .collect()
}

/// Addresses one after another.
pub fn written(mailboxes: &[Mailbox], between: &str) -> String {
    let written: Vec<String> = mailboxes.iter().map(Mailbox::to_string).collect();
    written.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_stand_on_lines_or_between_commas() {
        let text =
            "a@b.example, C <c@d.example>,\n\n\"Doe, \\\"J\\\", x\" <j@d.example>, team\n , ";
        let found: Vec<(usize, &str)> = recipients(text)
            .into_iter()
            .map(|one| (one.line, one.text))
            .collect();
        let expected = [
            (1, "a@b.example"),
            (1, "C <c@d.example>"),
            (3, "\"Doe, \\\"J\\\", x\" <j@d.example>"),
            (3, "team"),
        ];
        assert_eq!(found, expected);
    }
}
