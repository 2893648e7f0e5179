//! One mail in, one [`Exchange`] out, by SMTP.
//!
//! Called by `request::send` under its total deadline, for destinations that are mail servers. Each mail has a line of its own (`mail_line`). A server
//! that has taken a mail has delivered it, whatever becomes of the farewell; where one recipient is refused, nobody gets it. Bounces come to the sender's
//! address and are not seen here.

use std::error::Error as _;
use std::io;
use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;

use crate::domain::destination::{Auth, MailServer};
use crate::domain::mail::Mail;
use crate::domain::outcome::{MailStep, Outcome};
use crate::outbound::client::Client;
use crate::outbound::exchange::{ATTEMPT_HEADER, Exchange, Message};
use crate::outbound::guard::Guard;
use crate::outbound::mail_line::{Failure, failed_io, is_unsaid, not_understood, open};

/// How logins are said.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// How long the farewell may take, in seconds; the mail is taken or refused by then.
const FAREWELL_LIMIT_S: u64 = 1;

/// A mail as it is handed in.
pub(super) struct Letter {
    mail: Mail,
    id: String,
    written: lettre::Message,
}

/// Writes the mail that a message is; the sentence says why it is none.
pub(super) fn write(server: &MailServer, message: &Message<'_>) -> Result<Letter, String> {
    let mail = Mail::read(&message.body, message.content_type, &server.to)?;
    // The same on every attempt, so that whoever gets it twice can tell.
    let id = format!("<{}@{}>", message.id, server.from.email.domain());
    let since_1970 = Duration::from_secs(u64::try_from(message.timestamp_s).unwrap_or(0));
    let mut builder = lettre::Message::builder()
        .from(server.from.clone())
        .subject(mail.subject.clone())
        .date(SystemTime::UNIX_EPOCH + since_1970)
        .message_id(Some(id.clone()))
        // No answering machine answers to it.
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header(ATTEMPT_HEADER, &message.attempt.to_string()));
    for to in &mail.to {
        builder = builder.to(to.clone());
    }
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    let written = match (&mail.text, &mail.html) {
        (Some(text), Some(html)) => builder.multipart(
            MultiPart::alternative()
                .boundary(message.id)
                .singlepart(SinglePart::plain(text.clone()))
                .singlepart(SinglePart::html(html.clone())),
        ),
        (None, Some(html)) => builder.singlepart(SinglePart::html(html.clone())),
        (text, None) => builder.singlepart(SinglePart::plain(text.clone().unwrap_or_default())),
    };
    let written = written.map_err(|error| format!("{error}."))?;
    Ok(Letter { mail, id, written })
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_string())
}

impl Letter {
    /// The head of the mail, for the log.
    pub(super) fn shown(&self, server: &MailServer) -> Vec<(String, String)> {
        let mail = &self.mail;
        let to: Vec<String> = mail.to.iter().map(ToString::to_string).collect();
        let mut shown = vec![
            ("from", server.from.to_string()),
            ("to", to.join(", ")),
            ("subject", mail.subject.clone()),
            ("message-id", self.id.clone()),
        ];
        if let Some(reply_to) = &mail.reply_to {
            shown.push(("reply-to", reply_to.to_string()));
        }
        let named = shown.into_iter();
        named.map(|(name, value)| (name.into(), value)).collect()
    }
}

/// Hands a mail in. What the server said last is kept with the exchange.
pub(super) async fn hand_in(
    client: &Client,
    guard: &Guard,
    server: &MailServer,
    letter: &Letter,
    exchange: &mut Exchange,
) -> Outcome {
    let mut smtp = None;
    let way = (client, guard, server);
    let (outcome, said) = match converse(way, letter, &mut smtp, &mut exchange.outcome).await {
        Ok((status, words)) => (Outcome::answered(status), Some(words)),
        Err(Failure { outcome, said }) => (outcome, said),
    };
    exchange.response_body = said.unwrap_or_default().into_bytes();
    // From here on no deadline takes back what came of it.
    exchange.outcome = outcome.clone();
    if let Some(mut smtp) = smtp {
        let limit = Duration::from_secs(FAREWELL_LIMIT_S);
        let _ = tokio::time::timeout(limit, smtp.abort()).await;
    }
    outcome
}

/// The whole session but its farewell; returns the status and the words by which the mail was taken. `so_far` is what came of it when the deadline
/// cuts it off.
async fn converse(
    (client, guard, server): (&Client, &Guard, &MailServer),
    letter: &Letter,
    session: &mut Option<AsyncSmtpConnection>,
    so_far: &mut Outcome,
) -> Result<(u16, String), Failure> {
    let name = server.from.email.domain();
    let line = open(client.tls(), guard, server, name).await?;
    let hello = ClientId::Domain(name.to_string());
    let smtp = AsyncSmtpConnection::connect_with_transport(line, &hello)
        .await
        .map_err(|error| failed(&error, MailStep::Greeting))?;
    let smtp = session.insert(smtp);
    log_in(smtp, server).await?;
    say(smtp, server, letter, so_far).await
}

/// Says user name and password, where the settings have them.
async fn log_in(smtp: &mut AsyncSmtpConnection, server: &MailServer) -> Result<(), Failure> {
    let Auth::Basic { username, password } = &server.auth else {
        return Ok(());
    };
    let info = smtp.server_info();
    if info.get_auth_mechanism(&MECHANISMS).is_none() {
        let reason = "the mail server takes no user name and password there.".to_string();
        return Err(Outcome::CouldNotConnect { reason }.into());
    }
    let password = password.expose_text().unwrap_or_default().to_string();
    let login = Credentials::new(username.clone(), password);
    let answer = smtp.auth(&MECHANISMS, &login).await;
    taken(answer, MailStep::Login)?;
    Ok(())
}

/// Hands the mail over, and returns by which status and words it was taken.
async fn say(
    smtp: &mut AsyncSmtpConnection,
    server: &MailServer,
    letter: &Letter,
    so_far: &mut Outcome,
) -> Result<(u16, String), Failure> {
    let from = Some(server.from.email.clone());
    let answer = smtp.command(commands::Mail::new(from, Vec::new())).await;
    taken(answer, MailStep::Sender)?;
    for to in &letter.mail.to {
        let command = commands::Rcpt::new(to.email.clone(), Vec::new());
        taken(smtp.command(command).await, MailStep::Recipient)?;
    }
    let answer = smtp.command(commands::Data).await;
    let answer = answer.map_err(|error| failed(&error, MailStep::Content))?;
    if !answer.has_code(ASKED_FOR) {
        return Err(not_understood());
    }
    if let Outcome::TimedOut { after_ms } = *so_far {
        *so_far = Outcome::MailUnanswered {
            after_ms,
            reason: None,
        };
    }
    let answer = smtp.message(&letter.written.formatted()).await;
    let broke = answer.as_ref().err().and_then(io_error);
    let is_said = !broke.is_some_and(is_unsaid);
    let answer = taken(answer, MailStep::Content);
    let answer = answer.map_err(|failure| {
        if is_said {
            undecided(failure, so_far)
        } else {
            failure
        }
    })?;
    let words: Vec<&str> = answer.message().collect();
    Ok((status(&answer.code().to_string()), words.join("\n")))
}

/// A server that has the whole mail and says neither yes nor no may have delivered it.
fn undecided(failure: Failure, so_far: &Outcome) -> Failure {
    match (failure.outcome, so_far) {
        (
            Outcome::ConnectionBroke { reason }
            | Outcome::TlsFailed { reason }
            | Outcome::ResponseTooLarge { reason },
            &Outcome::MailUnanswered { after_ms, .. },
        ) => Outcome::MailUnanswered {
            after_ms,
            reason: Some(reason),
        }
        .into(),
        (outcome, _) => Failure { outcome, ..failure },
    }
}

/// The status by which a server asks for the mail itself (RFC 5321).
const ASKED_FOR: u16 = 354;

/// An answer that says yes, and nothing else.
fn taken(
    answer: Result<Response, lettre::transport::smtp::Error>,
    step: MailStep,
) -> Result<Response, Failure> {
    let answer = answer.map_err(|error| failed(&error, step))?;
    match status(&answer.code().to_string()) {
        200..=299 => Ok(answer),
        _ => Err(not_understood()),
    }
}

fn status(code: &str) -> u16 {
    code.parse().unwrap_or_default()
}

/// Finds the plain word for what went wrong at a step.
fn failed(error: &lettre::transport::smtp::Error, step: MailStep) -> Failure {
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    if let Some(code) = error.status() {
        let status = status(&code.to_string());
        return Failure {
            outcome: Outcome::MailRefused { status, step },
            said: Some(words),
        };
    }
    if let Some(found) = io_error(error) {
        return failed_io(found);
    }
    if error.is_response() {
        return not_understood();
    }
    Outcome::ConnectionBroke {
        reason: format!("{words}."),
    }
    .into()
}

/// What broke the line, if it broke.
fn io_error(error: &lettre::transport::smtp::Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}
