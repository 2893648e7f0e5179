//! The mail server of a destination: where mails are handed in, from whom they come, and to whom they go unless a mapping says otherwise.
//!
//! Read by [`super::Settings::parse`], used by `outbound::mail`; what of a body becomes which mail is `domain::mail`'s matter. Addresses are plain ASCII,
//! as every server takes them. Whether the server may be reached is decided by `outbound::guard`, at every connection.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::destination::parse::{AuthDocument, parse_auth};
use crate::domain::destination::request::{Auth, Showing};
use crate::domain::mail::{Mailbox, RECIPIENTS_LIMIT, mailbox};
use crate::domain::problem::Problem;

/// Longest name of a server, in bytes (RFC 1035).
const HOST_LIMIT_BYTES: usize = 253;

/// A server that takes mails by SMTP.
#[derive(Debug, Clone, PartialEq)]
pub struct MailServer {
    /// A name or an address, without a port.
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    /// `None` or `Basic`.
    pub auth: Auth,
    pub from: Mailbox,
    /// To whom a mail goes when the mapping names nobody; may be empty.
    pub to: Vec<Mailbox>,
}

/// How the way to a mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// From the first byte on.
    Tls,
    /// Asked for in the clear, before anything of the mail or the password is said; a server that offers none gets nothing.
    StartTls,
    /// Not at all, which only networks that the operator lists may be spoken to with.
    None,
}

impl Encryption {
    pub const ALL: [Encryption; 3] = [Encryption::StartTls, Encryption::Tls, Encryption::None];

    /// The word used in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Encryption::Tls => "tls",
            Encryption::StartTls => "starttls",
            Encryption::None => "none",
        }
    }

    fn from_word(word: &str) -> Option<Encryption> {
        let mut all = Encryption::ALL.into_iter();
        all.find(|encryption| encryption.as_str() == word)
    }

    /// The port that is usual with it (RFC 8314).
    pub fn usual_port(self) -> u16 {
        match self {
            Encryption::Tls => 465,
            Encryption::StartTls => 587,
            Encryption::None => 25,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct MailDocument {
    server: String,
    #[serde(default)]
    port: Option<i64>,
    #[serde(default)]
    encryption: Option<String>,
    #[serde(default)]
    auth: Option<AuthDocument>,
    from: String,
    #[serde(default)]
    to: Vec<String>,
}

pub(super) fn parse_mail(
    document: MailDocument,
    previous: Option<&MailServer>,
    problems: &mut Vec<Problem>,
) -> Option<MailServer> {
    let host = parse_host(&document.server, problems);
    let encryption = parse_encryption(&document, problems);
    let port = parse_port(document.port, encryption, problems);
    // Without encryption whoever stands on the way is told the password too.
    let moved = previous.is_some_and(|previous| {
        host.as_ref().is_some_and(|host| *host != previous.host)
            || port.is_some_and(|port| port != previous.port)
            || encryption == Some(Encryption::None) && previous.encryption != Encryption::None
    });
    let kept = previous.filter(|_| !moved);
    let auth = match document.auth {
        None if moved && previous.is_some_and(|p| p.auth != Auth::None) => {
            let message = "This is another server: say what it shall be told, with its secret, or {\"type\":\"none\"}.";
            problems.push(Problem::new("/config/auth", "enter_again", message));
            None
        }
        None => Some(kept.map_or(Auth::None, |kept| kept.auth.clone())),
        Some(auth) => parse_auth(auth, kept.map(|kept| &kept.auth), problems),
    };
    if let Some(auth) = auth
        .as_ref()
        .filter(|auth| !matches!(auth, Auth::None | Auth::Basic { .. }))
    {
        let message = format!(
            "`{}` is not spoken to mail servers; use basic or none.",
            auth.word()
        );
        problems.push(Problem::new("/config/auth/type", "unknown_auth", message));
    }
    let from = parse_mailbox(&document.from, "/config/from", problems);
    if document.to.len() > RECIPIENTS_LIMIT {
        let message = format!("A mail goes to at most {RECIPIENTS_LIMIT} people.");
        problems.push(Problem::new("/config/to", "too_many_recipients", message));
    }
    let to = document.to.iter().take(RECIPIENTS_LIMIT).enumerate();
    let to = to
        .filter_map(|(index, text)| parse_mailbox(text, &format!("/config/to/{index}"), problems))
        .collect();
    Some(MailServer {
        host: host?,
        port: port?,
        encryption: encryption?,
        auth: auth?,
        from: from?,
        to,
    })
}

fn parse_port(
    given: Option<i64>,
    encryption: Option<Encryption>,
    problems: &mut Vec<Problem>,
) -> Option<u16> {
    let Some(given) = given else {
        return encryption.map(Encryption::usual_port);
    };
    let port = u16::try_from(given).ok().filter(|port| *port != 0);
    if port.is_none() {
        let message = "A port is a number from 1 to 65535.";
        problems.push(Problem::new("/config/port", "out_of_range", message));
    }
    port
}

/// In the one spelling in which it is looked up, dialled and looked for in the certificate.
fn parse_host(text: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let text = text.trim().trim_matches(['[', ']']);
    let host = host_of(text).map(|host| match host {
        url::Host::Domain(name) => name.trim_end_matches('.').to_string(),
        url::Host::Ipv4(address) => address.to_string(),
        url::Host::Ipv6(address) => address.to_string(),
    });
    let host = host.filter(|host| (1..=HOST_LIMIT_BYTES).contains(&host.len()));
    if host.is_none() {
        let message =
            "This is not the name of a server; write it without port, like smtp.example.com.";
        problems.push(Problem::new("/config/server", "not_a_server", message));
    }
    host
}

/// A name or an address.
fn host_of(text: &str) -> Option<url::Host> {
    match text.parse::<std::net::Ipv6Addr>() {
        Ok(address) => Some(url::Host::Ipv6(address)),
        Err(_) => url::Host::parse(text).ok(),
    }
}

fn parse_encryption(document: &MailDocument, problems: &mut Vec<Problem>) -> Option<Encryption> {
    let Some(word) = &document.encryption else {
        let is_tls = document.port == Some(Encryption::Tls.usual_port().into());
        return Some(if is_tls {
            Encryption::Tls
        } else {
            Encryption::StartTls
        });
    };
    let encryption = Encryption::from_word(word);
    if encryption.is_none() {
        let message = format!("`{word}` is not one of starttls, tls, none.");
        let place = "/config/encryption";
        problems.push(Problem::new(place, "unknown_encryption", message));
    }
    encryption
}

fn parse_mailbox(text: &str, place: &str, problems: &mut Vec<Problem>) -> Option<Mailbox> {
    let found = mailbox(text);
    if found.is_none() {
        let message = "This is not a mail address; write it like you@example.com, or with a name like Team <team@example.com>.";
        problems.push(Problem::new(place, "not_an_address", message));
    }
    found
}

impl MailServer {
    /// The server, for lists and logs.
    pub(super) fn host(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The server as the guard looks at it.
    pub fn dialled(&self) -> Option<url::Host> {
        host_of(&self.host)
    }

    /// The document's `config`.
    pub(super) fn document(&self, showing: Showing) -> Value {
        let to: Vec<String> = self.to.iter().map(Mailbox::to_string).collect();
        json!({
            "server": self.host,
            "port": self.port,
            "encryption": self.encryption.as_str(),
            "auth": self.auth.document(showing),
            "from": self.from.to_string(),
            "to": to,
        })
    }
}
