//! A line to a mail server: dialled where the guard lets it, encrypted as the settings ask, and read only so far.
//!
//! Called by `mail`. STARTTLS is asked for here and not by the SMTP client, because what a server, or somebody on the way, says in the clear after it was
//! agreed on must never be taken for an answer under TLS: a line with anything left to read is given up. Whoever speaks SMTP over the line finds it at the
//! beginning of a session, with a greeting.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::domain::destination::{Encryption, MailServer};
use crate::domain::outcome::{MailStep, Outcome};
use crate::outbound::exchange::tls_error;
use crate::outbound::guard::{Guard, Refusal, Vetoed};
use crate::outbound::lookup::Unresolved;

/// Most that is read of one server's answers to one mail, with what its TLS needs, in bytes.
const ANSWERS_LIMIT_BYTES: usize = 128 * 1024;

/// How long one of several addresses is dialled before the next one, in seconds.
const DIAL_LIMIT_S: u64 = 5;

/// What stands for the greeting that a server says no more after STARTTLS.
const GREETED: &[u8] = b"220 greeted before TLS\r\n";

/// Why a mail was not taken, with the server's own words if it said any.
pub(super) struct Failure {
    pub outcome: Outcome,
    pub said: Option<String>,
}

impl From<Outcome> for Failure {
    fn from(outcome: Outcome) -> Failure {
        Failure {
            outcome,
            said: None,
        }
    }
}

/// Opens a line; `name` is what we call ourselves.
pub(super) async fn open(
    tls: Arc<rustls::ClientConfig>,
    guard: &Guard,
    server: &MailServer,
    name: &str,
) -> Result<Box<dyn AsyncTokioStream>, Failure> {
    let mut stream = dial(guard, server).await?;
    Ok(match server.encryption {
        Encryption::None => {
            stream.is_outermost = true;
            Box::new(stream)
        }
        Encryption::Tls => Box::new(wrapped(tls, stream, server, &[]).await?),
        Encryption::StartTls => {
            ask_for_tls(&mut stream, name).await?;
            Box::new(wrapped(tls, stream, server, GREETED).await?)
        }
    })
}

/// A connection to the first of the server's addresses that takes one.
async fn dial(guard: &Guard, server: &MailServer) -> Result<Line<TcpStream>, Failure> {
    let found = guard.for_mail(server).addresses(server.dialled()).await;
    let addresses = found.map_err(|veto| match veto {
        Vetoed::Refused(Refusal { reason, .. }) => Outcome::RefusedAddress { reason },
        Vetoed::Unresolved(Unresolved(reason)) => Outcome::DnsFailed { reason },
    })?;
    let mut last = "it has no address.".to_string();
    for address in addresses {
        let dialling = TcpStream::connect((address, server.port));
        // An address that swallows everything must not cost the others their turn.
        let limit = Duration::from_secs(DIAL_LIMIT_S);
        match tokio::time::timeout(limit, dialling).await {
            Ok(Ok(stream)) => return Ok(Line::new(stream).map_err(|error| unreached(&error))?),
            Ok(Err(error)) => last = format!("{error}."),
            Err(_) => last = format!("no answer within {DIAL_LIMIT_S} s."),
        }
    }
    Err(Outcome::CouldNotConnect { reason: last }.into())
}

fn unreached(error: &io::Error) -> Outcome {
    Outcome::CouldNotConnect {
        reason: format!("{error}."),
    }
}

/// Comes as far as the server's word that TLS begins now, and not a byte further.
async fn ask_for_tls(stream: &mut Line<TcpStream>, name: &str) -> Result<(), Failure> {
    answered(stream, MailStep::Greeting).await?;
    tell(stream, &format!("EHLO {name}\r\n")).await?;
    let offers = answered(stream, MailStep::Greeting).await?;
    let mut words = offers.lines().filter_map(|line| line.get(4..));
    if !words.any(|word| word.trim().eq_ignore_ascii_case("STARTTLS")) {
        let _ = tell(stream, "QUIT\r\n").await;
        let reason = "the mail server offers no STARTTLS.".to_string();
        return Err(Outcome::TlsFailed { reason }.into());
    }
    tell(stream, "STARTTLS\r\n").await?;
    answered(stream, MailStep::Greeting).await?;
    Ok(())
}

async fn tell(stream: &mut Line<TcpStream>, command: &str) -> Result<(), Failure> {
    let told = stream.write_all(command.as_bytes()).await;
    told.map_err(|error| failed_io(&error))
}

/// One whole answer, which says yes.
async fn answered(stream: &mut Line<TcpStream>, step: MailStep) -> Result<String, Failure> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = end_of_answer(&read) {
            break end;
        }
        let count = stream.read_buf(&mut read).await;
        if count.map_err(|error| failed_io(&error))? == 0 {
            let reason = HungUp.to_string();
            return Err(Outcome::ConnectionBroke { reason }.into());
        }
    };
    if end < read.len() {
        let reason = "the mail server said more before TLS than it was asked.".to_string();
        return Err(Outcome::TlsFailed { reason }.into());
    }
    let text = String::from_utf8_lossy(&read).into_owned();
    match text.get(..3).and_then(|code| code.parse::<u16>().ok()) {
        Some(200..=299) => Ok(text),
        Some(status @ 400..=599) => Err(Failure {
            outcome: Outcome::MailRefused { status, step },
            said: text.get(3..).map(|words| words.trim().to_string()),
        }),
        _ => Err(not_understood()),
    }
}

/// Where the first answer ends: with the first line whose code no `-` follows.
fn end_of_answer(read: &[u8]) -> Option<usize> {
    let mut end = 0;
    for line in read.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        if line.ends_with(b"\n") && line.get(3) != Some(&b'-') {
            return Some(end);
        }
    }
    None
}

pub(super) fn not_understood() -> Failure {
    let reason = "the mail server said what cannot be understood.".to_string();
    Outcome::ConnectionBroke { reason }.into()
}

/// The same connection, encrypted, with something to be read first.
async fn wrapped(
    tls: Arc<rustls::ClientConfig>,
    stream: Line<TcpStream>,
    server: &MailServer,
    ahead: &'static [u8],
) -> Result<Line<TlsStream<Line<TcpStream>>>, Failure> {
    let name = rustls::pki_types::ServerName::try_from(server.host.clone());
    let name = name.map_err(|error| Outcome::TlsFailed {
        reason: format!("{error}."),
    })?;
    let peer = stream.peer;
    let encrypted = TlsConnector::from(tls).connect(name, stream).await;
    Ok(Line {
        inner: encrypted.map_err(|error| failed_io(&error))?,
        ahead,
        peer,
        left_bytes: ANSWERS_LIMIT_BYTES,
        is_outermost: true,
    })
}

/// The plain word for what broke a line.
pub(super) fn failed_io(error: &io::Error) -> Failure {
    let inner = error.get_ref();
    if let Some(Unsaid(error)) = inner.and_then(|inner| inner.downcast_ref()) {
        return failed_io(error);
    }
    if let Some(tls) = tls_error(error) {
        let reason = format!("{tls}.");
        return Outcome::TlsFailed { reason }.into();
    }
    if inner.is_some_and(|inner| inner.is::<TooMuch>()) {
        let reason = TooMuch.to_string();
        return Outcome::ResponseTooLarge { reason }.into();
    }
    if inner.is_some_and(|inner| inner.is::<HungUp>()) {
        let reason = HungUp.to_string();
        return Outcome::ConnectionBroke { reason }.into();
    }
    Outcome::ConnectionBroke {
        reason: format!("{error}."),
    }
    .into()
}

/// The server ended the connection.
#[derive(Debug, thiserror::Error)]
#[error("the mail server hung up.")]
struct HungUp;

/// A line that broke before everything was said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unsaid(io::Error);

fn unsaid(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Unsaid(error))
}

/// Whether the line broke while something was said, so that the server has not heard all of it.
pub(super) fn is_unsaid(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Unsaid>())
}

/// The server said more than is read.
#[derive(Debug, thiserror::Error)]
#[error("the mail server says more than is read.")]
struct TooMuch;

/// A connection of which only so much is read.
#[derive(Debug)]
struct Line<Stream> {
    inner: Stream,
    /// Read before anything that comes.
    ahead: &'static [u8],
    peer: SocketAddr,
    left_bytes: usize,
    /// The SMTP client speaks over it; under TLS, the line inside carries what is encrypted.
    is_outermost: bool,
}

impl Line<TcpStream> {
    fn new(inner: TcpStream) -> io::Result<Line<TcpStream>> {
        Ok(Line {
            peer: inner.peer_addr()?,
            inner,
            ahead: &[],
            left_bytes: ANSWERS_LIMIT_BYTES,
            is_outermost: false,
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
        if !self.ahead.is_empty() {
            let (now, later) = self
                .ahead
                .split_at(self.ahead.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.ahead = later;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let read = buffer.filled_mut().get_mut(before..).unwrap_or_default();
        match self.left_bytes.checked_sub(read.len()) {
            Some(left) => self.left_bytes = left,
            None => return Poll::Ready(Err(io::Error::other(TooMuch))),
        }
        if self.is_outermost {
            if read.is_empty() {
                return Poll::Ready(Err(io::Error::other(HungUp)));
            }
            // The SMTP client gives up on what is not UTF-8, and a mail that was taken would be sent again for a word of thanks in Latin-1.
            read.iter_mut()
                .filter(|byte| !byte.is_ascii())
                .for_each(|byte| *byte = b'?');
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
        let written = Pin::new(&mut self.inner).poll_write(context, buffer);
        written.map_err(unsaid)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        flushed.map_err(unsaid)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_the_line_that_says_so() {
        for (read, end) in [
            (&b""[..], None),
            (b"220 rea", None),
            (b"220 ready\r\n", Some(11)),
            (b"250-local\r\n", None),
            (b"250-local\r\n250 STARTTLS\r\n", Some(25)),
            (b"220 go\r\n250 injected\r\n", Some(8)),
            (b"no\r\n", Some(4)),
        ] {
            assert_eq!(
                end_of_answer(read),
                end,
                "{}",
                String::from_utf8_lossy(read)
            );
        }
    }
}
