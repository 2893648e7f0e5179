//! Every migration with data present, on both databases: up from each earlier schema, down again, and nothing is lost that both schemas know.
//!
//! After each migration the rows of `tests/data/migrations/NNNN.sql` are added, and those of `NNNN.sqlite.sql` or `NNNN.postgres.sql` for what only
//! one of them has, so that every table has some when the next one runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bluebridge::domain::seal::MasterKey;
use bluebridge::store::Store;
use bluebridge::store::deliveries::DeliveryFilter;
use bluebridge::store::events::EventFilter;
use bluebridge::store::window::Window;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use serde_json::Value;

use crate::database::{Database, Home};

/// A table's rows: each a value for each of its columns.
type Rows = BTreeSet<BTreeMap<String, String>>;
type Everything = BTreeMap<String, Rows>;

/// Tables that a migration drops on purpose, their rows kept elsewhere or not needed any more.
const DROPPED: [&str; 1] = ["event_keys"];
/// Tables that a migration makes anew without their rows: whoever was signed in signs in once more.
const EMPTIED: [(&str, &str); 1] = [("0003", "sessions")];

/// Lets PostgreSQL read the rows as they are written for SQLite.
const DIALECT: &str = "
    CREATE DOMAIN blob AS bytea;
    CREATE FUNCTION unhex(text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT decode($1, 'hex') $$;";

// There is one of it.
#[allow(clippy::large_enum_variant)]
enum Conn {
    Sqlite(SqliteConnection),
    Postgres(AsyncConnectionWrapper<AsyncPgConnection>),
}

/// The same expression on whichever connection it is.
macro_rules! on {
    ($database:expr, $conn:ident => $what:expr) => {
        match &mut $database.conn {
            Conn::Sqlite($conn) => $what,
            Conn::Postgres($conn) => $what,
        }
    };
}

struct Schema {
    conn: Conn,
    migrations: FileBasedMigrations,
    folder: &'static str,
}

fn root(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(part)
}

/// The numbers of all migrations, the first first.
fn numbers() -> Vec<String> {
    let mut numbers: Vec<String> = std::fs::read_dir(root("migrations/sqlite"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap()[..4].to_string())
        .collect();
    numbers.sort();
    numbers
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

impl Schema {
    fn open(home: &Home) -> Schema {
        let (conn, folder) = match home.database_url.strip_prefix("sqlite://") {
            Some(path) => {
                let mut conn = SqliteConnection::establish(path).unwrap();
                conn.batch_execute("PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL;")
                    .unwrap();
                (Conn::Sqlite(conn), "sqlite")
            }
            None => {
                let mut conn =
                    AsyncConnectionWrapper::<AsyncPgConnection>::establish(&home.database_url)
                        .unwrap();
                conn.batch_execute(DIALECT).unwrap();
                (Conn::Postgres(conn), "postgres")
            }
        };
        let migrations = root("migrations").join(folder);
        Schema {
            conn,
            migrations: FileBasedMigrations::from_path(migrations).unwrap(),
            folder,
        }
    }

    fn up(&mut self, number: &str) {
        let migrations = self.migrations.clone();
        let ran = on!(self, conn => conn
            .run_next_migration(migrations)
            .map(|version| version.to_string()))
        .unwrap_or_else(|error| panic!("{number} up: {error}"));
        assert!(ran.starts_with(number), "{ran}");
    }

    fn down(&mut self, number: &str) {
        let migrations = self.migrations.clone();
        let reverted = on!(self, conn => conn
            .revert_last_migration(migrations)
            .map(|version| version.to_string()))
        .unwrap_or_else(|error| panic!("{number} down: {error}"));
        assert!(reverted.starts_with(number), "{reverted}");
    }

    fn execute(&mut self, statements: &str) {
        on!(self, conn => conn.batch_execute(statements))
            .unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    /// Adds the rows that were written for this schema; every table must have some afterwards.
    fn fill(&mut self, number: &str) {
        for name in [
            format!("{number}.sql"),
            format!("{number}.{}.sql", self.folder),
        ] {
            let rows = root("tests/data/migrations").join(name);
            if rows.exists() {
                let rows = std::fs::read_to_string(rows).unwrap();
                let rows = match self.folder {
                    "postgres" => rows.replace("x'", r"bytea '\x"),
                    _ => rows,
                };
                self.execute(&rows);
            }
        }
        for (table, rows) in self.everything() {
            assert!(
                !rows.is_empty(),
                "the table {table} is empty under schema {number}; add rows for it in tests/data/migrations/{number}.sql"
            );
        }
    }

    fn lines(&mut self, query: &str) -> Vec<String> {
        on!(self, conn => diesel::sql_query(query).load::<Line>(conn))
            .unwrap_or_else(|error| panic!("{query}: {error}"))
            .into_iter()
            .map(|line| line.text)
            .collect()
    }

    fn everything(&mut self) -> Everything {
        let tables = match self.folder {
            "sqlite" => {
                "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'"
            }
            _ => {
                "SELECT tablename::text AS text FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%'"
            }
        };
        self.lines(tables)
            .into_iter()
            .map(|table| {
                let rows = self.rows(&table);
                (table, rows)
            })
            .collect()
    }

    fn rows(&mut self, table: &str) -> Rows {
        let query = match self.folder {
            "sqlite" => {
                let columns = self.lines(&format!(
                    "SELECT name AS text FROM pragma_table_info('{table}')"
                ));
                let values: Vec<String> = columns
                    .iter()
                    .map(|column| format!("'{column}', quote({column})"))
                    .collect();
                format!(
                    "SELECT json_object({}) AS text FROM {table}",
                    values.join(", ")
                )
            }
            _ => format!("SELECT to_jsonb(t)::text AS text FROM {table} t"),
        };
        self.lines(&query)
            .iter()
            .map(|row| {
                let row: BTreeMap<String, Value> = serde_json::from_str(row).unwrap();
                row.into_iter()
                    .map(|(column, value)| (column, value.to_string()))
                    .collect()
            })
            .collect()
    }

    /// PostgreSQL itself never lets a reference break.
    fn is_sound(&mut self) {
        if self.folder == "sqlite" {
            assert_eq!(
                self.lines("SELECT integrity_check AS text FROM pragma_integrity_check"),
                ["ok"]
            );
            let broken = self.lines("SELECT \"table\" AS text FROM pragma_foreign_key_check");
            assert!(broken.is_empty(), "rows that refer to nothing: {broken:?}");
        }
    }
}

/// What both schemas know must be the same in both.
fn nothing_is_lost(
    before: &Everything,
    after: &Everything,
    number: &str,
    what: &str,
    may_go: impl Fn(&str) -> bool,
) {
    for (table, old) in before {
        if old.is_empty() || EMPTIED.contains(&(number, table)) {
            continue;
        }
        let Some(new) = after.get(table) else {
            assert!(may_go(table), "{number} {what}: {table} is gone");
            continue;
        };
        let columns = |rows: &Rows| -> BTreeSet<String> {
            rows.iter().flat_map(|row| row.keys().cloned()).collect()
        };
        let common: BTreeSet<String> = columns(old).intersection(&columns(new)).cloned().collect();
        let projected = |rows: &Rows| -> Vec<Vec<String>> {
            let mut rows: Vec<Vec<String>> = rows
                .iter()
                .map(|row| common.iter().map(|column| row[column].clone()).collect())
                .collect();
            rows.sort();
            rows
        };
        assert!(
            !common.is_empty(),
            "{number} {what}: {table} has no column of before"
        );
        assert_eq!(projected(old), projected(new), "{number} {what}: {table}");
    }
}

fn is_dropped(table: &str) -> bool {
    DROPPED.contains(&table)
}

/// From nothing to the newest schema, with rows at every step.
fn filled(schema: &mut Schema) -> Everything {
    let mut before = Everything::new();
    for number in numbers() {
        schema.up(&number);
        nothing_is_lost(&before, &schema.everything(), &number, "up", is_dropped);
        schema.fill(&number);
        schema.is_sound();
        before = schema.everything();
    }
    before
}

fn goes_down_with_data_and_up_again(database: Database) {
    let home = Home::new(database);
    let mut schema = Schema::open(&home);
    let mut before = filled(&mut schema);
    let numbers = numbers();
    for number in numbers.iter().skip(1).rev() {
        schema.down(number);
        let after = schema.everything();
        nothing_is_lost(&before, &after, number, "down", |_| true);
        schema.is_sound();
        before = after;
    }
    for number in numbers.iter().skip(1) {
        schema.up(number);
        let after = schema.everything();
        nothing_is_lost(&before, &after, number, "up", is_dropped);
        schema.is_sound();
        before = after;
    }
    for number in numbers.iter().rev() {
        schema.down(number);
    }
    assert!(
        schema.everything().is_empty(),
        "the first one leaves nothing behind"
    );
}

#[test]
fn every_migration_goes_down_with_data_and_up_again_on_sqlite() {
    goes_down_with_data_and_up_again(Database::Sqlite);
}

#[test]
fn every_migration_goes_down_with_data_and_up_again_on_postgres() {
    goes_down_with_data_and_up_again(Database::Postgres);
}

/// The store opens what came of the oldest schema, and reads it. Fills outside of the async runtime, which the connection has one of its own.
async fn the_store_reads_what_came_of_the_oldest_schema(database: Database) {
    let home = Home::new(database);
    std::thread::scope(|scope| {
        let filling = scope.spawn(|| {
            let mut schema = Schema::open(&home);
            filled(&mut schema);
            // It was sealed with a key that nobody has.
            schema.execute("DELETE FROM key_check;");
        });
        filling.join().unwrap();
    });
    let store = Store::open(&home.database_url, MasterKey::new([1; 32])).unwrap();
    let deliveries = store.deliveries(DeliveryFilter::default()).await.unwrap();
    assert_eq!(deliveries.len(), 10);
    assert_eq!(store.events(EventFilter::default()).await.unwrap().len(), 3);
    let replays = store.replays(Window::default()).await.unwrap();
    assert_eq!((replays.rows.len(), replays.has_more), (2, false));
    let delivered = deliveries
        .iter()
        .find(|one| one.last_status == Some(200))
        .unwrap();
    assert_eq!(store.attempts(delivered.id).await.unwrap().len(), 1);
    assert_eq!(
        store.versions(delivered.connection_id).await.unwrap().len(),
        2
    );
    store.close().await;
}
crate::database::on_both!(the_store_reads_what_came_of_the_oldest_schema);

/// Its server may be running on an older schema; the next version's commands look at it or say what to do, and change nothing.
#[actix_web::test]
async fn a_command_beside_a_server_migrates_nothing() {
    let home = Home::new(Database::Sqlite);
    let key = MasterKey::new([1; 32]);
    let store = Store::open(&home.database_url, key.clone()).unwrap();
    store.close().await;
    let last = numbers().pop().unwrap();
    Schema::open(&home).down(&last);
    let copy = home.folder.path().join("copy.db");
    let run = |verb: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_bluebridge"))
            .args(verb)
            .env_clear()
            .env("BLUEBRIDGE_DATABASE_URL", &home.database_url)
            .env("BLUEBRIDGE_MASTER_KEY", key.to_base64().as_str())
            .output()
            .unwrap()
    };
    let told = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        assert!(text.contains("1 migrations behind"), "{text}");
        assert!(text.contains("bluebridge migrate"), "{text}");
    };
    let checked = run(&["check"]);
    assert!(checked.status.success());
    told(&checked.stdout);
    for verb in [
        &["backup", copy.to_str().unwrap()][..],
        &["user", "list"],
        &["export"],
        &["token", "create", "--name", "t"],
    ] {
        let refused = run(verb);
        assert!(!refused.status.success(), "{verb:?}");
        told(&refused.stderr);
    }
    assert!(!copy.exists());
    let migrated = run(&["migrate"]);
    assert!(migrated.status.success(), "{migrated:?}");
    assert!(run(&["user", "list"]).status.success());
}
