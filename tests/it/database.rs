//! A new database for a test: a SQLite file, or a database of its own on the PostgreSQL that `tests/postgres` starts.
//!
//! A test that runs on both takes a [`Database`] and is listed in `on_both!`. Without PostgreSQL such tests fail; they are never left out.

use std::fs::File;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// Runs each `async fn name(database: Database)` on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            use crate::database::Database;

            #[actix_web::test]
            async fn sqlite() {
                super::$name(Database::Sqlite).await;
            }

            #[actix_web::test]
            async fn postgres() {
                super::$name(Database::Postgres).await;
            }
        })*
    };
}
pub(crate) use on_both;

/// Where a bridge keeps what it remembers.
pub struct Home {
    pub database_url: String,
    pub folder: TempDir,
}

impl Home {
    pub fn new(database: Database) -> Arc<Home> {
        let folder = tempfile::tempdir().unwrap();
        let database_url = match database {
            Database::Sqlite => format!("sqlite://{}", folder.path().join("test.db").display()),
            Database::Postgres => new_postgres_database(),
        };
        Arc::new(Home {
            database_url,
            folder,
        })
    }
}

/// The server's address. It runs as long as this process lives, which holds the lock of its users.
fn server() -> &'static str {
    static SERVER: OnceLock<(String, File)> = OnceLock::new();
    let (address, _) = SERVER.get_or_init(|| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let state = root.join("target/postgres");
        std::fs::create_dir_all(&state).unwrap();
        let users = File::create(state.join("users")).unwrap();
        users.lock_shared().unwrap();
        let started = Command::new(root.join("tests/postgres")).output().unwrap();
        assert!(
            started.status.success(),
            "PostgreSQL cannot be started: {}",
            String::from_utf8_lossy(&started.stderr)
        );
        (
            String::from_utf8(started.stdout).unwrap().trim().into(),
            users,
        )
    });
    address
}

fn new_postgres_database() -> String {
    let name = format!("test_{:016x}", rand::random::<u64>());
    execute(
        &format!("{}/postgres", server()),
        &format!("CREATE DATABASE {name}"),
    );
    format!("{}/{name}", server())
}

/// Executes statements on a connection of their own, whatever runtime the caller is in.
pub fn execute(database_url: &str, statements: &str) {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    if let Some(path) = database_url.strip_prefix("sqlite://") {
        let mut conn = diesel::SqliteConnection::establish(path).unwrap();
        return conn.batch_execute(statements).unwrap();
    }
    std::thread::scope(|scope| {
        let executing = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let (client, connection) =
                    tokio_postgres::connect(database_url, tokio_postgres::NoTls)
                        .await
                        .unwrap();
                let served = tokio::spawn(connection);
                client.batch_execute(statements).await.unwrap();
                drop(client);
                served.await.unwrap().unwrap();
            });
        });
        executing.join().unwrap();
    });
}
