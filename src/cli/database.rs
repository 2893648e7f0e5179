//! `bluebridge migrate` and `bluebridge backup`.

use std::path::PathBuf;

use crate::cli::people::open_existing;
use crate::config::Settings;
use crate::store::Store;

/// Where to copy to.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  bluebridge backup /backups/bluebridge-2026-01-31.db\nBack up the master key too, in another place: without it the secrets in a copy cannot be opened, and with it beside them anybody can who has the copy."
)]
pub struct BackupArgs {
    /// The new file; it must not exist.
    path: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

/// Brings the database up to date.
pub fn migrate(settings: &Settings) -> anyhow::Result<()> {
    Store::open(&settings.database_url, settings.master_key()?)?;
    println!("The database is up to date.");
    Ok(())
}

/// Copies the database while it is in use.
pub async fn backup(args: BackupArgs) -> anyhow::Result<()> {
    anyhow::ensure!(
        !args.path.exists(),
        "{} exists already; name a new file.",
        args.path.display()
    );
    let store = open_existing(&args.settings)?;
    store.backup(args.path.clone()).await?;
    store.close().await;
    println!("Copied to {}.", args.path.display());
    Ok(())
}
