//! One mail in, one [`Exchange`] out, by SMTP.
//!
//! Called by `request::send` under its total deadline, for destinations that are mail servers. Each mail has a connection of its own, dialled to an address
//! that the guard has let pass; nothing of the mail and no password is said before the way is as secret as the settings ask. Of what the server says at
//! most [`ANSWERS_LIMIT_BYTES`] are read. A server that has taken a mail has delivered it, whatever becomes of the farewell. Bounces come to the sender's
//! address and are not seen here.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::commands;
use lettre::transport::smtp::extension::ClientId;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;

use crate::domain::destination::{Auth, Encryption, MailServer};
use crate::domain::mail::Mail;
use crate::domain::outcome::{MailStep, Outcome};
use crate::outbound::exchange::{ATTEMPT_HEADER, Exchange, Message, tls_error};
use crate::outbound::guard::{Guard, Refusal, Vetoed};
use crate::outbound::lookup::Unresolved;

/// Most that is read of one server's answers to one mail, with what its TLS needs, in bytes.
const ANSWERS_LIMIT_BYTES: usize = 128 * 1024;

/// How logins are said.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

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
    guard: &Guard,
    server: &MailServer,
    letter: &Letter,
    exchange: &mut Exchange,
) -> Outcome {
    let ended = async {
        let mut smtp = open(guard, server).await?;
        let ended = match log_in(&mut smtp, server).await {
            Ok(()) => say(&mut smtp, server, letter).await,
            Err(failure) => Err(failure),
        };
        Ok((smtp, ended))
    };
    let (mut smtp, ended) = match ended.await {
        Ok((smtp, ended)) => (Some(smtp), ended),
        Err(failure) => (None, Err(failure)),
    };
    let (outcome, said) = match ended {
        Ok(answer) => (Outcome::answered(TAKEN), Some(answer)),
        Err(Failure { outcome, said }) => (outcome, said),
    };
    exchange.response_body = said.unwrap_or_default().into_bytes();
    // From here on no deadline takes back what came of it.
    exchange.outcome = outcome.clone();
    if let Some(smtp) = &mut smtp {
        smtp.abort().await;
    }
    outcome
}

/// The status by which a server takes a mail (RFC 5321).
const TAKEN: u16 = 250;

/// Why a mail was not taken, with the server's own words if it said any.
struct Failure {
    outcome: Outcome,
    said: Option<String>,
}

impl From<Outcome> for Failure {
    fn from(outcome: Outcome) -> Failure {
        Failure {
            outcome,
            said: None,
        }
    }
}

/// Connects, as secretly as the settings ask.
async fn open(guard: &Guard, server: &MailServer) -> Result<AsyncSmtpConnection, Failure> {
    let stream = dial(guard, server).await?;
    let stream: Box<dyn AsyncTokioStream> = match server.encryption {
        Encryption::Tls => Box::new(wrapped(stream, server).await?),
        Encryption::StartTls | Encryption::None => Box::new(stream),
    };
    let hello = ClientId::Domain(server.from.email.domain().to_string());
    let mut smtp = AsyncSmtpConnection::connect_with_transport(stream, &hello)
        .await
        .map_err(|error| failed(&error, MailStep::Greeting))?;
    if server.encryption == Encryption::StartTls {
        if !smtp.can_starttls() {
            let reason = "the mail server offers no STARTTLS.".to_string();
            return Err(Outcome::TlsFailed { reason }.into());
        }
        let host = server.host.clone();
        let tls = blocking(move || TlsParameters::new(host)).await?;
        let tls = tls.map_err(|error| failed(&error, MailStep::Greeting))?;
        smtp.starttls(tls, &hello)
            .await
            .map_err(|error| failed(&error, MailStep::Greeting))?;
    }
    Ok(smtp)
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
    answer.map_err(|error| failed(&error, MailStep::Login))?;
    Ok(())
}

/// Hands the mail over and returns the server's last words.
async fn say(
    smtp: &mut AsyncSmtpConnection,
    server: &MailServer,
    letter: &Letter,
) -> Result<String, Failure> {
    let told = |step| move |error| failed(&error, step);
    let from = Some(server.from.email.clone());
    smtp.command(commands::Mail::new(from, Vec::new()))
        .await
        .map_err(told(MailStep::Sender))?;
    for to in &letter.mail.to {
        smtp.command(commands::Rcpt::new(to.email.clone(), Vec::new()))
            .await
            .map_err(told(MailStep::Recipient))?;
    }
    smtp.command(commands::Data)
        .await
        .map_err(told(MailStep::Content))?;
    let answer = smtp
        .message(&letter.written.formatted())
        .await
        .map_err(told(MailStep::Content))?;
    let lines: Vec<&str> = answer.message().collect();
    Ok(lines.join("\n"))
}

/// A connection to the first of the server's addresses that takes one.
async fn dial(guard: &Guard, server: &MailServer) -> Result<Line<TcpStream>, Failure> {
    let refused = |Refusal { reason, .. }: Refusal| Outcome::RefusedAddress { reason };
    guard.vet_mail(server).map_err(refused)?;
    let guard = guard.for_mail(server);
    let addresses: Vec<IpAddr> = match server.dialled() {
        Some(Host::Ipv4(address)) => vec![address.into()],
        Some(Host::Ipv6(address)) => vec![address.into()],
        Some(Host::Domain(name)) => match guard.resolve(&name).await {
            Ok(found) => found.iter().map(SocketAddr::ip).collect(),
            Err(Vetoed::Refused(refusal)) => return Err(refused(refusal).into()),
            Err(Vetoed::Unresolved(Unresolved(reason))) => {
                return Err(Outcome::DnsFailed { reason }.into());
            }
        },
        None => Vec::new(),
    };
    let mut last = "it has no address.".to_string();
    for address in addresses {
        match TcpStream::connect((address, server.port)).await {
            Ok(stream) => return Line::new(stream).map_err(|error| unreached(&error).into()),
            Err(error) => last = format!("{error}."),
        }
    }
    Err(Outcome::CouldNotConnect { reason: last }.into())
}

fn unreached(error: &io::Error) -> Outcome {
    Outcome::CouldNotConnect {
        reason: format!("{error}."),
    }
}

type Encrypted = tokio_rustls::client::TlsStream<Line<TcpStream>>;

/// The same connection, encrypted from the first byte on.
async fn wrapped(stream: Line<TcpStream>, server: &MailServer) -> Result<Line<Encrypted>, Failure> {
    let failed = |reason: String| Failure::from(Outcome::TlsFailed { reason });
    let config = blocking(rustls::ClientConfig::with_platform_verifier).await?;
    let config = config.map_err(|error| failed(format!("{error}.")))?;
    let name = rustls::pki_types::ServerName::try_from(server.host.clone())
        .map_err(|error| failed(format!("{error}.")))?;
    let peer = stream.peer;
    let encrypted = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| failed_io(&error))?;
    Ok(Line {
        inner: encrypted,
        peer,
        left_bytes: ANSWERS_LIMIT_BYTES,
    })
}

/// Reading the machine's trusted certificates takes a while.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        let reason = "the certificates that this machine trusts cannot be read.".to_string();
        Outcome::TlsFailed { reason }.into()
    })
}

/// Finds the plain word for what went wrong at a step.
fn failed(error: &lettre::transport::smtp::Error, step: MailStep) -> Failure {
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    if let Some(code) = error.status() {
        let status = code.to_string().parse().unwrap_or_default();
        return Failure {
            outcome: Outcome::MailRefused { status, step },
            said: Some(words),
        };
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<io::Error>() {
            return failed_io(found);
        }
        cause = inner.source();
    }
    let reason = if error.is_response() {
        "the mail server said what cannot be understood.".to_string()
    } else {
        format!("{words}.")
    };
    Outcome::ConnectionBroke { reason }.into()
}

fn failed_io(error: &io::Error) -> Failure {
    if let Some(tls) = tls_error(error) {
        let reason = format!("{tls}.");
        return Outcome::TlsFailed { reason }.into();
    }
    let outcome = if error.get_ref().is_some_and(|inner| inner.is::<TooMuch>()) {
        Outcome::ResponseTooLarge {
            reason: TooMuch.to_string(),
        }
    } else {
        Outcome::ConnectionBroke {
            reason: format!("{error}."),
        }
    };
    outcome.into()
}

/// The server said more than is read.
#[derive(Debug, thiserror::Error)]
#[error("the mail server says more than is read.")]
struct TooMuch;

/// A connection of which only so much is read.
#[derive(Debug)]
struct Line<Stream> {
    inner: Stream,
    peer: SocketAddr,
    left_bytes: usize,
}

impl Line<TcpStream> {
    fn new(inner: TcpStream) -> io::Result<Line<TcpStream>> {
        Ok(Line {
            peer: inner.peer_addr()?,
            inner,
            left_bytes: ANSWERS_LIMIT_BYTES,
        })
    }
}

impl<Stream> AsyncTokioStream for Line<Stream>
where
    Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<Stream: AsyncRead + Unpin> AsyncRead for Line<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        match self.left_bytes.checked_sub(read) {
            Some(left) => self.left_bytes = left,
            None => return Poll::Ready(Err(io::Error::other(TooMuch))),
        }
        Poll::Ready(Ok(()))
    }
}

impl<Stream: AsyncWrite + Unpin> AsyncWrite for Line<Stream> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
