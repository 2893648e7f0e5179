//! A new database for a test: a SQLite file, or a database of its own on the PostgreSQL that `tests/postgres` starts.
//!
//! A test that runs on both takes a [`Database`] and is listed in `on_both!`. Without PostgreSQL such tests fail; they are never left out.

use std::fs::File;
use std::process::Command;
use std::sync::{Arc, OnceLock, mpsc};

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

/// Every row of every table as text: of PostgreSQL as JSON with what is binary in hex, of a SQLite file all in hex.
pub fn dump(database_url: &str, sqlite_file: std::path::PathBuf) -> String {
    if database_url.starts_with("sqlite://") {
        return dump_sqlite(&sqlite_file);
    }
    on_postgres(database_url, async |client| {
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
        let mut text = String::new();
        for table in client.query(tables, &[]).await.unwrap() {
            let table: String = table.get(0);
            text.push_str(&format!("{table}:\n"));
            let rows = format!("SELECT row_to_json(t)::text FROM {table} t");
            for row in client.query(&rows, &[]).await.unwrap() {
                text.push_str(row.get(0));
                text.push('\n');
            }
        }
        text
    })
}

fn dump_sqlite(file: &std::path::Path) -> String {
    use diesel::sql_types::Text;
    use diesel::{Connection as _, QueryableByName, RunQueryDsl as _};
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let mut conn = diesel::SqliteConnection::establish(&file.display().to_string()).unwrap();
    let mut lines =
        |query: String| -> Vec<Line> { diesel::sql_query(query).load(&mut conn).unwrap() };
    let mut text = String::new();
    for Line { line: table } in
        lines("SELECT name AS line FROM sqlite_schema WHERE type = 'table'".into())
    {
        text.push_str(&format!("{table}:\n"));
        let columns = lines(format!(
            "SELECT name AS line FROM pragma_table_info('{table}')"
        ));
        let shown: Vec<String> = columns
            .iter()
            .map(|column| format!("lower(hex(\"{}\"))", column.line))
            .collect();
        for row in lines(format!(
            "SELECT {} AS line FROM \"{table}\"",
            shown.join(" || ' ' || ")
        )) {
            text.push_str(&row.line);
            text.push('\n');
        }
    }
    text
}

/// Somebody who keeps a table from being written until it is let go: on SQLite the whole file.
pub struct Held {
    let_go: mpsc::Sender<()>,
    holder: std::thread::JoinHandle<()>,
}

impl Held {
    pub fn lock(database_url: &str, table: &'static str) -> Held {
        let (locked, is_locked) = mpsc::channel();
        let (let_go, may_go) = mpsc::channel::<()>();
        let url = database_url.to_string();
        let holder = std::thread::spawn(move || {
            let wait = move || {
                locked.send(()).unwrap();
                may_go.recv().unwrap();
            };
            if let Some(path) = url.strip_prefix("sqlite://") {
                use diesel::Connection as _;
                use diesel::connection::SimpleConnection as _;
                let mut conn = diesel::SqliteConnection::establish(path).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 30000; BEGIN IMMEDIATE;")
                    .unwrap();
                wait();
                return conn.batch_execute("ROLLBACK").unwrap();
            }
            on_postgres(&url, async move |client| {
                let lock = format!("BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE");
                client.batch_execute(&lock).await.unwrap();
                wait();
                client.batch_execute("ROLLBACK").await.unwrap();
            });
        });
        is_locked.recv().unwrap();
        Held { let_go, holder }
    }

    pub fn let_go(self) {
        self.let_go.send(()).unwrap();
        self.holder.join().unwrap();
    }
}

/// Executes statements on a connection of their own, whatever runtime the caller is in.
pub fn execute(database_url: &str, statements: &str) {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    if let Some(path) = database_url.strip_prefix("sqlite://") {
        let mut conn = diesel::SqliteConnection::establish(path).unwrap();
        // The server under test writes as well.
        conn.batch_execute("PRAGMA busy_timeout = 30000;").unwrap();
        return conn.batch_execute(statements).unwrap();
    }
    on_postgres(database_url, async |client| {
        client.batch_execute(statements).await.unwrap();
    });
}

/// Asks one question, answered from one moment, whose rows are a word and a number.
pub fn ask(database_url: &str, query: &str) -> Vec<(String, i64)> {
    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, RunQueryDsl as _};
    #[derive(diesel::QueryableByName)]
    struct Answer {
        #[diesel(sql_type = diesel::sql_types::Text)]
        word: String,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
    if let Some(path) = database_url.strip_prefix("sqlite://") {
        let mut conn = diesel::SqliteConnection::establish(path).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 30000; PRAGMA query_only = ON;")
            .unwrap();
        let answers: Vec<Answer> = diesel::sql_query(query).load(&mut conn).unwrap();
        return answers
            .into_iter()
            .map(|answer| (answer.word, answer.number))
            .collect();
    }
    on_postgres(database_url, async |client| {
        let rows = client.query(query, &[]).await.unwrap();
        rows.iter()
            .map(|row| (row.get("word"), row.get("number")))
            .collect()
    })
}

/// On a connection of its own, in a runtime of its own.
fn on_postgres<T: Send>(
    database_url: &str,
    question: impl AsyncFnOnce(&tokio_postgres::Client) -> T + Send,
) -> T {
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
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
                let answer = question(&client).await;
                drop(client);
                served.await.unwrap().unwrap();
                answer
            })
        });
        asking.join().unwrap()
    })
}
