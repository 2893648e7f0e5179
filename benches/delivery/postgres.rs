//! A PostgreSQL for the benchmark: that of `tests/postgres`, in a folder of its own, ended when dropped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::bridge::Home;

/// What starts and stops it, as an ordinary user.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres");

pub struct Postgres {
    folder: PathBuf,
    /// Held as long as the server is wanted.
    users: File,
    address: String,
    databases: u32,
}

impl Postgres {
    pub fn start() -> anyhow::Result<Postgres> {
        let folder = tempfile::tempdir()?.keep();
        let users = File::create(folder.join("users"))?;
        users.lock_shared()?;
        let server = Postgres {
            address: call(&folder, None)?,
            folder,
            users,
            databases: 0,
        };
        // The tests' server is kept small; this is PostgreSQL's own default.
        server.execute("ALTER SYSTEM SET max_wal_size = '1GB'")?;
        server.execute("SELECT pg_reload_conf()")?;
        Ok(server)
    }

    /// A new database.
    pub fn database(&mut self) -> anyhow::Result<Home> {
        let name = format!("bench_{}", self.databases);
        self.databases += 1;
        self.execute(&format!("CREATE DATABASE {name}"))?;
        Ok(Home::postgres(format!("{}/{name}", self.address)))
    }

    fn execute(&self, statement: &str) -> anyhow::Result<()> {
        let address = format!("{}/postgres", self.address);
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(async {
                let (client, connection) =
                    tokio_postgres::connect(&address, tokio_postgres::NoTls).await?;
                let connection = tokio::spawn(connection);
                client.batch_execute(statement).await?;
                drop(client);
                Ok(connection.await??)
            })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.users.unlock();
        if let Err(error) = call(&self.folder, Some("stop")) {
            eprintln!(
                "PostgreSQL in {} did not stop: {error}",
                self.folder.display()
            );
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn call(folder: &Path, verb: Option<&str>) -> anyhow::Result<String> {
    let output = Command::new(SCRIPT)
        .arg(folder)
        .args(verb)
        .output()
        .context(SCRIPT)?;
    anyhow::ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_string())
}
