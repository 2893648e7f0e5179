//! `bluebridge migrate-data`: moves everything from a SQLite file into PostgreSQL, and checks that it is all there.

use crate::app::lock;
use crate::config::Settings;
use crate::store::Store;
use crate::store::copy::copy;

/// From where to where.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  bluebridge migrate-data --from sqlite://./bluebridge.db --to postgres://bluebridge:...@db/bluebridge --master-key-file bluebridge.key\nStop the server first. The same master key is used afterwards. A copy that broke off goes on where it stopped when it is called again."
)]
pub struct MigrateDataArgs {
    /// The file: `sqlite://PATH`. It is brought up to date and otherwise left as it is.
    #[arg(long)]
    from: String,
    /// A database for Bluebridge alone: `postgres://...`. New, or begun by this command.
    #[arg(long)]
    to: String,
    #[command(flatten)]
    settings: Settings,
}

/// Copies and compares.
pub async fn migrate_data(args: MigrateDataArgs) -> anyhow::Result<()> {
    let path = args
        .from
        .strip_prefix("sqlite://")
        .ok_or_else(|| anyhow::anyhow!("--from must be sqlite://PATH."))?;
    anyhow::ensure!(
        std::path::Path::new(path).exists(),
        "{path} does not exist."
    );
    // Asked before it is opened, which would make a file.
    let is_postgres = args.to.starts_with("postgres://") || args.to.starts_with("postgresql://");
    anyhow::ensure!(
        is_postgres,
        "Data is moved to PostgreSQL only; name it with --to postgres://..."
    );
    // Beside the file lies its key, unless another one is named.
    let settings = Settings {
        database_url: args.from.clone(),
        ..args.settings
    };
    let key = settings.master_key()?;
    let _alone = lock(&args.from)?;
    let to = Store::open(&args.to, key.clone())?;
    anyhow::ensure!(
        to.nodes().await?.is_empty(),
        "Servers work on the target database, or did within the last hour; use a new one, which no server has worked on."
    );
    let compared = copy(std::path::Path::new(path), &key, &to, |table, rows| {
        println!("{table}: {rows} rows copied");
    })
    .await?;
    to.close().await;
    let different: Vec<&str> = compared
        .iter()
        .filter(|one| !one.is_same())
        .map(|one| one.table.as_str())
        .collect();
    for one in &compared {
        println!(
            "{}  {}: {} rows, checksum {:032x}",
            if one.is_same() { "ok  " } else { "FAIL" },
            one.table,
            one.copied.count,
            one.copied.checksum
        );
    }
    anyhow::ensure!(
        different.is_empty(),
        "These tables differ: {}. Begin again with an empty database.",
        different.join(", ")
    );
    println!(
        "Everything is there. Start the server with BLUEBRIDGE_DATABASE_URL set to the new database and the same master key."
    );
    Ok(())
}
