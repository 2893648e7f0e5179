//! The fields of a destination that is a mail server.
//!
//! Called by `destinations`. Credentials have the fields that every destination has; what the words mean is decided by the parser in `domain`.

use serde_json::{Value, json};

use crate::domain::destination::{Encryption, MailServer};
use crate::domain::mail::Mailbox;
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
    /// A line each.
    pub to: String,
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
        let lines = self.to.lines().map(str::trim);
        let to: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        json!({
            "server": self.server, "port": port, "encryption": self.encryption, "auth": auth,
            "from": self.from, "to": to,
        })
    }
}

/// Addresses one after another.
pub fn written(mailboxes: &[Mailbox], between: &str) -> String {
    let written: Vec<String> = mailboxes.iter().map(Mailbox::to_string).collect();
    written.join(between)
}
