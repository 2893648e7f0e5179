//! `bluebridge serve`: runs until SIGTERM or SIGINT, then lets running attempts end.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::app::Application;
use crate::cli::environment::unknown_variables;
use crate::config::Settings;
use crate::flow::clock::Clock;

/// Serves.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    log_to_stderr(&settings.log)?;
    for name in unknown_variables(std::env::vars_os()) {
        tracing::warn!("{name} is no setting, and does nothing");
    }
    let application = Application::start(&settings, Clock::System).await?;
    let open = match settings.public_url {
        Some(_) => settings.public_url(),
        None => format!("http://{}", application.address),
    };
    println!("Bluebridge is ready. Open {open}");
    application.run().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Whether lines are JSON, and which are written.
pub fn log_filter(setting: &str) -> anyhow::Result<(bool, EnvFilter)> {
    let (json, directives) = match setting.strip_prefix("json:") {
        Some(rest) => (true, rest),
        None => (false, setting),
    };
    let refused = |error: &dyn std::fmt::Display| {
        anyhow::anyhow!(
            "BLUEBRIDGE_LOG cannot be understood: {error}. Use error, warn, info or debug, or a filter like bluebridge=debug."
        )
    };
    // A word that is no level would be taken for a module's name, and everything else be silent.
    let words = directives.split(',').map(str::trim);
    let mut alone = words.filter(|word| !word.contains(['=', '[', ':']));
    if let Some(word) = alone.find(|word| word.parse::<LevelFilter>().is_err()) {
        return Err(refused(&format_args!("`{word}` is no level")));
    }
    let filter = EnvFilter::try_new(directives)
        .map_err(|error| refused(&error))?
        // Beyond this the driver writes down what it sends: bodies and hashes.
        .add_directive("tokio_postgres=info".parse()?);
    Ok((json, filter))
}

/// Log lines go to standard error, so that standard output stays for answers.
fn log_to_stderr(setting: &str) -> anyhow::Result<()> {
    let (json, filter) = log_filter(setting)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be written (the log is on the disk that is full) must not bring down whoever wrote it.
        .log_internal_errors(false)
        .with_writer(|| OneLine);
    // A second subscriber in one process (tests) is not an error.
    let _ = if json {
        lines.json().try_init()
    } else {
        lines
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .try_init()
    };
    Ok(())
}

/// Standard error, one line for each message: whatever a name or an error holds, it cannot begin a line of its own or move a terminal's
/// cursor. The colours of a terminal stay.
struct OneLine;

impl std::io::Write for OneLine {
    fn write(&mut self, message: &[u8]) -> std::io::Result<usize> {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        std::io::stderr()
            .lock()
            .write_all(&one_line(message, terminal))?;
        Ok(message.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// The message with blanks for control characters, except the line's own end.
fn one_line(message: &[u8], keep_colours: bool) -> Vec<u8> {
    const ESCAPE: u8 = 0x1b;
    let (text, end) = match message.strip_suffix(b"\n") {
        Some(text) => (text, &b"\n"[..]),
        None => (message, &b""[..]),
    };
    let kept = |byte: &u8| !byte.is_ascii_control() || (keep_colours && *byte == ESCAPE);
    let bytes = text
        .iter()
        .map(|byte| if kept(byte) { *byte } else { b' ' });
    bytes.chain(end.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_message_stays_one_line_without_control_characters() {
        let hostile = b"a\nINFO forged\r\x1b[2J\0\x07b\n";
        assert_eq!(one_line(hostile, false), b"a INFO forged  [2J  b\n");
        assert_eq!(
            one_line(b"\x1b[31mred\x1b[0m\n", true),
            b"\x1b[31mred\x1b[0m\n"
        );
        assert_eq!(one_line("Größe".as_bytes(), false), "Größe".as_bytes());
    }
}
