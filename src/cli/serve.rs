//! `bluebridge serve`: runs until SIGTERM or SIGINT, then lets running attempts end.

use tracing_subscriber::EnvFilter;

use crate::app::Application;
use crate::config::Settings;
use crate::flow::clock::Clock;

/// Serves.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    log_to_stderr(&settings.log)?;
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

/// Log lines go to standard error, so that standard output stays for answers.
fn log_to_stderr(setting: &str) -> anyhow::Result<()> {
    let (json, directives) = match setting.strip_prefix("json:") {
        Some(rest) => (true, rest),
        None => (false, setting),
    };
    let filter = EnvFilter::try_new(directives).map_err(|error| {
        anyhow::anyhow!(
            "BLUEBRIDGE_LOG cannot be understood: {error}. Use error, warn, info or debug."
        )
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be written (the log is on the disk that is full) must not bring down whoever wrote it.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    // A second subscriber in one process (tests) is not an error.
    let _ = match json {
        true => lines.json().try_init(),
        false => lines
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .try_init(),
    };
    Ok(())
}
