//! A PostgreSQL database: connecting, the settings of each connection and why, and what only PostgreSQL does.
//!
//! The driver is tokio-postgres behind diesel's blocking `Connection`; its sockets are served by one small runtime of this file's own, so that
//! the store works alike under any runtime of its callers. Events and results go through the two writing threads, which own a connection each;
//! everything else runs on a pool. A lost connection is found by the next one who uses it and made anew.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{ManageConnection, NopErrorHandler, Pool, R2D2Connection as _};
use diesel_async::AsyncPgConnection;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::StreamExt as _;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_postgres::AsyncMessage;
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::domain::seal::MasterKey;
use crate::store::backend::{Backend, PgConn as Conn, Size};
use crate::store::error::StoreError;
use crate::store::row::check_key;
use crate::store::schema_version::{self, Upkeep};
use crate::store::writer::{Writer, Writes};

/// Connections of the pool; each writing thread and listening have one more.
const POOL_SIZE: u32 = 8;

/// How long a connection may take to be made, and how long is waited for one of the pool.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Pause before listening again after the listening connection was lost.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How long sent data may stay unacknowledged before the connection counts as lost.
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(10);

/// Settings of each connection. A commit means "on disk", whatever the server's default is; a node that stands still in the middle of a
/// transaction does not hold up the others for longer than its limits.
const SETTINGS: &str = "SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '10s'; SET client_min_messages = 'warning'; \
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';";

/// Settings of the writing threads' connections beside these. Their statements find rows by their keys and are planned once for a connection, maybe while
/// the tables are empty and to read them whole looks cheapest: a bridge on a new database grew slower with each event until its tables were analysed.
const WRITER_SETTINGS: &str =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;";

/// Advisory locks of ours, all in one class.
const LOCK_CLASS: i32 = 0x626c_7565;
/// One node migrates at a time.
const MIGRATION_LOCK: i32 = 1;
/// One plain save at a time over all nodes, so that what a save has looked at is still true when it writes.
const SAVE_LOCK: i32 = 2;

pub(super) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Whether this names a PostgreSQL database.
pub fn is_address(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// A PostgreSQL database that is open. Cheap to clone.
#[derive(Clone)]
pub struct Postgres {
    pool: Pool<Manager>,
    writer: Writer<Conn>,
    recorder: Writer<Conn>,
    /// Woken when another node changed something.
    news: Arc<Notify>,
    /// Ends with the last clone.
    _listening: Arc<JoinSet<()>>,
}

impl Postgres {
    /// Connects, brings the schema up to date and checks the key.
    pub fn open(url: &str, key: &MasterKey, upkeep: Upkeep) -> Result<Postgres, StoreError> {
        // Connecting blocks, which an async thread may not; whoever opens a store waits for it anyway.
        std::thread::scope(|scope| {
            scope
                .spawn(|| Postgres::open_blocking(url, key, upkeep))
                .join()
                .unwrap_or_else(|_| Err(StoreError::Unavailable("connecting broke off".into())))
        })
    }

    fn open_blocking(url: &str, key: &MasterKey, upkeep: Upkeep) -> Result<Postgres, StoreError> {
        let manager = Manager {
            config: Arc::new(config(url)?),
            tls: tls()?,
            sockets: sockets()?,
        };
        let mut conn = manager.open()?;
        migrate(&mut conn, key, upkeep)?;
        drop(conn);
        let pool = Pool::builder()
            .max_size(POOL_SIZE)
            .min_idle(Some(1))
            .connection_timeout(CONNECT_LIMIT)
            .error_handler(Box::new(NopErrorHandler))
            .build(manager.clone())
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let news = Arc::new(Notify::new());
        let mut listening = JoinSet::new();
        listening.spawn_on(listen(manager.clone(), news.clone()), &manager.sockets);
        let writing = |name| {
            let manager = manager.clone();
            let conn = manager.open_writer()?;
            Writer::start(
                name,
                conn,
                Box::new(move || manager.open_writer()),
                Box::new(|_| {}),
            )
        };
        Ok(Postgres {
            pool,
            writer: writing("writer")?,
            recorder: writing("recorder")?,
            news,
            _listening: Arc::new(listening),
        })
    }

    /// The queue before the thread that writes events.
    pub fn writer(&self) -> &Writer<Conn> {
        &self.writer
    }

    /// The queue before the thread that writes results.
    pub fn recorder(&self) -> &Writer<Conn> {
        &self.recorder
    }

    /// Runs a question on a connection of the pool, off the async threads.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = self.pool.clone();
        tokio::task::spawn_blocking(move || {
            let mut conn = pool
                .get()
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
            question(&mut conn)
        })
        .await
        .map_err(|error| StoreError::Unavailable(format!("the question was cut off: {error}")))?
    }

    /// Runs long work, without the limit on how long a statement may take.
    pub async fn read_at_leisure<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read(|conn| {
            conn.batch_execute("SET statement_timeout = 0")?;
            let done = work(conn);
            // The next one who gets the connection has it as usual.
            conn.batch_execute(SETTINGS)?;
            done
        })
        .await
    }

    /// Runs a change in its own transaction, one at a time over all nodes: what it has read is still true when it writes, as on SQLite.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_freely(|conn| {
            conn.batch_execute(&format!(
                "SELECT pg_advisory_xact_lock({LOCK_CLASS}, {SAVE_LOCK})"
            ))?;
            change(conn)
        })
        .await
    }

    /// Runs a change in its own transaction beside others; for guarded updates, which are right whatever happens meanwhile.
    pub async fn write_freely<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read(|conn| conn.transaction(change)).await
    }

    /// Repeats a bounded change, each time in a transaction of its own, until it finds nothing more to do. Returns the sum.
    pub async fn in_small_steps(
        &self,
        step: impl Fn(&mut Conn) -> Result<usize, StoreError> + Clone + Send + 'static,
    ) -> Result<usize, StoreError> {
        let mut moved = 0;
        loop {
            match self.write_freely(step.clone()).await? {
                0 => return Ok(moved),
                count => moved += count,
            }
        }
    }

    /// Waits until something changed that other nodes may have changed.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Proves that events can be committed now.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.writer
            .run(|conn| {
                conn.in_transaction(|conn| {
                    // A server that was demoted to a standby answers questions and takes no writes.
                    Ok(conn.batch_execute("SELECT txid_current()")?)
                })
            })
            .await
    }

    /// Waits until everything queued is written.
    pub async fn close(self) {
        self.writer.close().await;
        self.recorder.close().await;
    }
}

/// Nothing is made beside tables of which none is our mark; diesel's own is that of many programs. Those of extensions belong to nobody.
fn refuse_foreign(conn: &mut Conn) -> Result<(), StoreError> {
    use diesel::RunQueryDsl as _;
    #[derive(diesel::QueryableByName)]
    struct Tables {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        others: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        marks: i64,
    }
    let found: Tables = diesel::sql_query(
        "SELECT count(*) FILTER (WHERE relname <> '__diesel_schema_migrations') AS others, \
            count(*) FILTER (WHERE relname = 'connection_versions') AS marks \
         FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
         WHERE nspname = current_schema() AND relkind IN ('r', 'p') AND NOT EXISTS ( \
            SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')",
    )
    .get_result(conn)?;
    match found {
        Tables {
            others: 1..,
            marks: 0,
        } => Err(StoreError::Conflict(
            "the PostgreSQL database holds the tables of another program; name one of its own in BLUEBRIDGE_DATABASE_URL, or a schema of its own with ?options=-csearch_path%3DSCHEMA".into(),
        )),
        _ => Ok(()),
    }
}

/// Nodes that start together migrate one after another; the second finds nothing to do.
fn migrate(conn: &mut Conn, key: &MasterKey, upkeep: Upkeep) -> Result<(), StoreError> {
    conn.batch_execute(&format!(
        "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK_CLASS}, {MIGRATION_LOCK})"
    ))?;
    refuse_foreign(conn)?;
    schema_version::bring_up_to_date(conn, MIGRATIONS, upkeep)?;
    // The lock ends with this connection.
    check_key(conn, key)
}

impl Backend for Conn {
    const SHARED: bool = true;
}

impl Writes for Conn {
    fn in_transaction<T>(
        &mut self,
        change: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.transaction(change)
    }

    fn has_ended(&mut self) -> bool {
        self.is_broken()
    }

    fn is_lost(&mut self) -> bool {
        self.is_broken() || self.ping().is_err()
    }
}

/// Pages of a table that are looked at to learn what its rows take.
const SAMPLE_PAGES: f64 = 200.0;

/// Tables that grow with the log, what of a row is measured, and what a row takes beside it (its other columns, its header and its entries in the
/// indexes, as measured over a million of them), in bytes.
const LOG_TABLES: [(&str, &str, i64); 3] = [
    ("events", "pg_column_size(body)", 500),
    ("deliveries", "0", 600),
    (
        "attempts",
        "pg_column_size(request_headers) + pg_column_size(response_headers) + pg_column_size(response_body)",
        300,
    ),
];

/// How large the database is on disk, and what its live rows take, by the server's count of them and a sample.
pub fn size(conn: &mut Conn) -> Result<Size, StoreError> {
    use diesel::RunQueryDsl as _;
    #[derive(diesel::QueryableByName)]
    struct Pair {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        one: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        other: i64,
    }
    let mut ask = |query: String| -> Result<Pair, StoreError> {
        Ok(diesel::sql_query(query).get_result(conn)?)
    };
    let mut used: i64 = 0;
    for (table, measured, beside) in LOG_TABLES {
        let Pair {
            one: rows,
            other: pages,
        } = ask(format!(
            "SELECT n_live_tup AS one, pg_relation_size(relid) / current_setting('block_size')::bigint AS other \
             FROM pg_stat_user_tables WHERE relid = '{table}'::regclass"
        ))?;
        let percent = (100.0 * SAMPLE_PAGES / pages.max(1) as f64).min(100.0);
        // The same pages each time, so that two measurements can be compared.
        let Pair { one: width, .. } = ask(format!(
            "SELECT coalesce(avg({measured}), 0)::bigint AS one, 0::bigint AS other \
             FROM {table} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1)"
        ))?;
        used = used.saturating_add(rows.saturating_mul(width + beside));
    }
    let file =
        ask("SELECT pg_database_size(current_database()) AS one, 0::bigint AS other".into())?;
    let bytes = |count: i64| u64::try_from(count).unwrap_or(0);
    Ok(Size {
        file_bytes: bytes(file.one),
        used_bytes: bytes(used.min(file.one)),
    })
}

/// Listens to what the database tells of changes, on a connection of its own. Whoever waits looks by itself as well, so that a lost one costs
/// a little time and nothing else.
async fn listen(manager: Manager, news: Arc<Notify>) {
    loop {
        if let Err(error) = hear(&manager, &news).await {
            tracing::debug!(error = sentence(&error), "the listening connection ended");
        }
        tokio::time::sleep(LISTEN_AGAIN_AFTER).await;
    }
}

async fn hear(manager: &Manager, news: &Notify) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = manager.config.connect(manager.tls.clone()).await?;
    let mut messages = futures_util::stream::poll_fn(move |cx| connection.poll_message(cx));
    let listening = client.batch_execute("LISTEN bluebridge");
    let hearing = async {
        while let Some(message) = messages.next().await {
            if let AsyncMessage::Notification(_) = message? {
                news.notify_one();
            }
        }
        Ok(())
    };
    // The connection is worked off by listening to it; the client must live as long.
    let (listening, heard) = tokio::join!(listening, hearing);
    listening.and(heard)
}

/// Makes and checks the pool's connections.
#[derive(Clone)]
struct Manager {
    config: Arc<tokio_postgres::Config>,
    tls: MakeRustlsConnect,
    sockets: Handle,
}

impl Manager {
    fn open(&self) -> Result<Conn, StoreError> {
        // Inside, so that the wrapper goes on with this runtime.
        let _inside = self.sockets.enter();
        let connecting = async {
            let (client, connection) = self.config.connect(self.tls.clone()).await?;
            Ok::<_, tokio_postgres::Error>((client, connection))
        };
        let (client, connection) = self
            .sockets
            .block_on(async { tokio::time::timeout(CONNECT_LIMIT, connecting).await })
            .map_err(|_| self.unreachable("it did not answer in time"))?
            .map_err(|error| self.unreachable(&sentence(&error)))?;
        let wrapping = AsyncPgConnection::try_from_client_and_connection(client, connection);
        let wrapped = self
            .sockets
            .block_on(wrapping)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut conn = Conn::from(wrapped);
        conn.batch_execute(SETTINGS)?;
        Ok(conn)
    }

    /// Where no connection was had, for whoever has to look there; never with the password.
    fn unreachable(&self, why: &str) -> StoreError {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        });
        let ports = self.config.get_ports().iter().map(u16::to_string);
        let (hosts, ports): (Vec<String>, Vec<String>) = (hosts.collect(), ports.collect());
        let port = if ports.is_empty() {
            String::new()
        } else {
            format!(" at port {}", ports.join(", "))
        };
        StoreError::Unavailable(format!(
            "PostgreSQL on {}{port}: {why}. Look whether it runs, and whether BLUEBRIDGE_DATABASE_URL names its host, port, user and database",
            hosts.join(", ")
        ))
    }

    fn open_writer(&self) -> Result<Conn, StoreError> {
        let mut conn = self.open()?;
        conn.batch_execute(WRITER_SETTINGS)?;
        Ok(conn)
    }
}

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = StoreError;

    fn connect(&self) -> Result<Conn, StoreError> {
        self.open()
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), StoreError> {
        Ok(conn.ping()?)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        conn.is_broken()
    }
}

/// The runtime that serves the sockets of every store in the process. It lives as long: a pool that is closed may still be opening a connection, and
/// what is closed last says goodbye to the server.
static SOCKETS: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("postgres")
        .enable_all()
        .build()
});

fn sockets() -> Result<Handle, StoreError> {
    match &*SOCKETS {
        Ok(runtime) => Ok(runtime.handle().clone()),
        Err(error) => Err(StoreError::Unavailable(format!(
            "no thread for sockets: {error}"
        ))),
    }
}

/// Reads the address. Certificates are always verified in full, so `verify-ca` and `verify-full` ask for no more than `require`.
fn config(url: &str) -> Result<tokio_postgres::Config, StoreError> {
    let url = url
        .replace("sslmode=verify-full", "sslmode=require")
        .replace("sslmode=verify-ca", "sslmode=require");
    let mut config: tokio_postgres::Config = url.parse().map_err(|error| {
        StoreError::Unavailable(format!(
            "BLUEBRIDGE_DATABASE_URL cannot be understood: {}",
            sentence(&error)
        ))
    })?;
    config
        .connect_timeout(CONNECT_LIMIT)
        .tcp_user_timeout(UNACKNOWLEDGED_LIMIT)
        .keepalives_idle(UNACKNOWLEDGED_LIMIT);
    if config.get_application_name().is_none() {
        config.application_name("bluebridge");
    }
    Ok(config)
}

/// Trusts what the system trusts.
fn tls() -> Result<MakeRustlsConnect, StoreError> {
    // The provider may be installed already, by `app` or by another store; it is the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = rustls::ClientConfig::with_platform_verifier()
        .map_err(|error| StoreError::Unavailable(format!("TLS cannot be set up: {error}")))?;
    Ok(MakeRustlsConnect::new(config))
}

/// The driver's errors keep what matters in their source.
fn sentence(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// A connection of its own, as one of the pool or as a writing thread's, for the tests of queries.
#[cfg(test)]
pub(super) fn with_connection(url: &str, writes: bool, test: impl FnOnce(&mut Conn)) {
    let manager = Manager {
        config: Arc::new(config(url).unwrap()),
        tls: tls().unwrap(),
        sockets: sockets().unwrap(),
    };
    let conn = if writes {
        manager.open_writer()
    } else {
        manager.open()
    };
    test(&mut conn.unwrap());
}

/// How PostgreSQL would go about a query whose values are not known, as those of a prepared statement are, in its own words; for tests of which
/// index is taken. `types` are the values' in brackets, or nothing where the query tells them.
#[cfg(test)]
pub(super) fn plan(conn: &mut Conn, query: &dyn std::fmt::Display, types: &str) -> String {
    use diesel::RunQueryDsl as _;
    #[derive(diesel::QueryableByName)]
    struct Step {
        #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
        line: String,
    }
    let query = query.to_string();
    let (text, _binds) = query.split_once(" -- binds").unwrap();
    let values = vec!["NULL"; text.matches('$').count()].join(", ");
    conn.batch_execute(&format!(
        "SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE asked {types} AS {text}"
    ))
    .unwrap();
    diesel::sql_query(format!("EXPLAIN (COSTS OFF) EXECUTE asked({values})"))
        .load::<Step>(conn)
        .unwrap()
        .into_iter()
        .map(|step| step.line + "\n")
        .collect()
}
