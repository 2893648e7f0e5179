//! `bluebridge check`: looks at configuration and database, one line each, and fails when something is wrong. It makes nothing.

use crate::cli::environment::unknown_variables;
use crate::cli::serve::log_filter;
use crate::config::{BYTES_PER_MB, Settings};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::schema_version::Upkeep;

/// Checks everything that can be checked without serving.
pub async fn check(settings: &Settings) -> anyhow::Result<()> {
    println!(
        "ok    listen on {}, told as {}",
        settings.listen,
        settings.public_url()
    );
    if !settings.public_url().starts_with("https://") && !settings.listen.ip().is_loopback() {
        println!(
            "warn  the public address is not https: Blue needs https, and cookies travel in the clear"
        );
    }
    match settings.allow_networks.as_slice() {
        [] => println!("ok    destinations may reach public addresses only"),
        networks => {
            let listed: Vec<String> = networks.iter().map(ToString::to_string).collect();
            println!("warn  destinations may also reach {}", listed.join(", "));
        }
    }
    log_filter(&settings.log).inspect_err(|error| println!("FAIL  {error}"))?;
    for name in unknown_variables(std::env::vars_os()) {
        println!("warn  {name} is no setting, and does nothing");
    }
    if let Some(file) = settings.database_file().filter(|file| !file.exists()) {
        settings
            .check_first_start()
            .inspect_err(|error| println!("FAIL  {error}"))?;
        println!(
            "warn  the database {} is not there yet; the first start makes it",
            file.display()
        );
        return Ok(());
    }
    let key = settings.master_key();
    let key = key.inspect_err(|error| println!("FAIL  {error:#}"))?;
    let store = match Store::open_with(&settings.database_url, key, Upkeep::LeaveAlone) {
        Ok(store) => store,
        Err(error @ (StoreError::Unmigrated { .. } | StoreError::Empty)) => {
            println!("warn  {error}");
            return Ok(());
        }
        Err(error @ StoreError::Seal(_)) => {
            println!("FAIL  {}: {error}", settings.key_in_words());
            return Err(error.into());
        }
        Err(error) => {
            println!("FAIL  {error}");
            return Err(error.into());
        }
    };
    println!("ok    the database opens and the master key fits");
    store
        .probe()
        .await
        .inspect_err(|error| println!("FAIL  the database cannot be written: {error}"))?;
    println!("ok    the database can be written");
    let file_mb = store.size().await?.file_bytes / BYTES_PER_MB;
    match settings.retention_max_mb {
        0 => println!("ok    the database has {file_mb} MB, and no limit"),
        limit if file_mb <= limit => println!("ok    the database has {file_mb} MB of {limit} MB"),
        limit => println!(
            "warn  the database has {file_mb} MB, more than the {limit} MB of BLUEBRIDGE_RETENTION_MAX_MB: the oldest finished events are forgotten"
        ),
    }
    let (sources, destinations, connections) = (
        store.sources().await?,
        store.destinations().await?,
        store.connections().await?,
    );
    println!(
        "ok    {}, {}, {}",
        counted(sources.len(), "source"),
        counted(destinations.len(), "destination"),
        counted(connections.len(), "connection")
    );
    for source in sources
        .iter()
        .filter(|source| source.require_signature && source.secret.is_none())
    {
        println!(
            "warn  source {} has no secret: every request to it is refused",
            source.name
        );
    }
    store.close().await;
    Ok(())
}

/// `1 source`, `2 sources`.
fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}
