//! `bluebridge rotate-key`: seals every secret anew under a new master key, while the server is stopped.
//!
//! The order makes it safe to be cut off anywhere: the new key is on disk before anything is sealed with it (`bluebridge.key.new`), everything is
//! sealed anew in one transaction, then the old key is put aside and the new one takes its place. Run again, it goes on where it stopped; until
//! then a server refuses to start and says so. It cannot make old copies of the database safe: those are opened by the old key for ever.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::app::lock;
use crate::config::{KeyPlace, Settings, make_key, pending_key, read_key, sync_folder};
use crate::domain::seal::{MasterKey, SealError};
use crate::store::Store;
use crate::store::error::StoreError;

/// How the key is replaced.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  bluebridge rotate-key\n  BLUEBRIDGE_MASTER_KEY=... bluebridge rotate-key --new-key-file /run/secrets/next.key\nStop the server first (with PostgreSQL: every server). Keep the old key as long as you keep backups that were made with it."
)]
pub struct RotateKeyArgs {
    /// Where the new key is written, or read when the file exists. Needed when the present key comes from BLUEBRIDGE_MASTER_KEY.
    #[arg(long)]
    new_key_file: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// Replaces the master key.
pub async fn rotate_key(args: RotateKeyArgs) -> anyhow::Result<()> {
    let settings = &args.settings;
    let _alone = lock(&settings.database_url)?;
    match settings.key_place()? {
        KeyPlace::File(path) => in_file(settings, &path, args.new_key_file.as_deref()).await,
        KeyPlace::Given(old) => {
            let file = args.new_key_file.context(
                "The present key comes from BLUEBRIDGE_MASTER_KEY; say with --new-key-file where the new one shall be written.",
            )?;
            let new = read_or_make(&file)?;
            let count = reseal(&settings.database_url, &old, &new).await?;
            println!(
                "{count} secrets are sealed under the new key. Put the text of {} into BLUEBRIDGE_MASTER_KEY before you start the server. Keep the old key for old backups.",
                file.display()
            );
            Ok(())
        }
    }
}

async fn in_file(settings: &Settings, path: &Path, given: Option<&Path>) -> anyhow::Result<()> {
    let old = read_key(path)?;
    let pending = pending_key(path);
    if let Some(given) = given.filter(|_| !pending.exists()) {
        // Through the same steps as a key that is made here.
        let new = read_or_make(given)?;
        write_aside(given, &pending, &new)?;
    }
    let new = read_or_make(&pending)?;
    on_disk(&pending)?;
    let count = reseal(&settings.database_url, &old, &new).await?;
    if old.id() != new.id() {
        let aside = with_suffix(path, &format!(".old-{}", hex::encode(old.id())));
        write_aside(path, &aside, &old)?;
        println!("The old key is kept in {}.", aside.display());
    }
    std::fs::rename(&pending, path)
        .with_context(|| format!("{} cannot take its place", pending.display()))?;
    on_disk(path)?;
    println!(
        "{count} secrets are sealed under the new key in {}. Back it up, apart from the database. Backups that were made before need the old key.",
        path.display()
    );
    Ok(())
}

fn read_or_make(path: &Path) -> anyhow::Result<MasterKey> {
    Ok(if path.exists() {
        read_key(path)?
    } else {
        make_key(path)?
    })
}

/// Copies a key file with its permissions. A copy that is there already must hold the same key.
fn write_aside(from: &Path, to: &Path, key: &MasterKey) -> anyhow::Result<()> {
    if to.exists() && read_key(to).is_ok_and(|found| found.id() == key.id()) {
        return Ok(());
    }
    anyhow::ensure!(
        !to.exists(),
        "{} exists and holds another key; move it away first.",
        to.display()
    );
    std::fs::copy(from, to)
        .and_then(|_| std::fs::File::open(to)?.sync_all())
        .with_context(|| format!("{} cannot be written", to.display()))
}

/// Seals everything anew; 0 when a run before came that far already.
async fn reseal(database_url: &str, old: &MasterKey, new: &MasterKey) -> anyhow::Result<usize> {
    let store = match Store::open(database_url, old.clone()) {
        Err(StoreError::Seal(SealError::OtherKey)) => {
            // It fits the new one, or neither, which is said.
            Store::open(database_url, new.clone())?.close().await;
            return Ok(0);
        }
        opened => opened?,
    };
    let count = store.reseal(new.clone()).await?;
    store.close().await;
    Ok(count)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn on_disk(path: &Path) -> anyhow::Result<()> {
    sync_folder(path).with_context(|| format!("the folder of {} cannot be synced", path.display()))
}
