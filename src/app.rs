//! Puts the parts together: opens the database, starts the loops and the web server, and stops them in the right order.
//!
//! `cli::serve` runs it; tests run it on port 0 with a clock set by hand.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer, web};
use anyhow::Context as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::sync::mpsc;

use crate::config::{Settings, folder_of};
use crate::flow::clock::Clock;
use crate::flow::outbox::Outbox;
use crate::flow::retention::Retention;
use crate::flow::tail::Tail;
use crate::flow::{Bridge, Policy, RESULTS_LIMIT, clock_step, nodes, recover, replay};
use crate::outbound::client::Client;
use crate::outbound::guard::Guard;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::web::Site;
use crate::web::routes::routes;
use crate::worker::{self, Workers};

/// Connections that one web worker accepts at once; more wait in the system's queue.
const CONNECTIONS_LIMIT: usize = 10_000;
/// How long a client may take to send its request head, in seconds.
const HEAD_LIMIT_S: u64 = 10;
/// How long requests may take to end when the process stops, in seconds.
const SHUTDOWN_LIMIT_S: u64 = 7;

/// A running bridge.
pub struct Application {
    pub address: SocketAddr,
    pub bridge: Arc<Bridge>,
    server: Server,
    workers: Workers,
    _alone: Option<File>,
}

impl Application {
    /// Opens and starts everything; requests are answered as soon as [`Application::run`] is awaited.
    pub async fn start(settings: &Settings, clock: Clock) -> anyhow::Result<Application> {
        // A second call finds the first one's provider installed, which is the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        settings.check_first_start()?;
        let alone = lock(&settings.database_url)?;
        let store = Store::open(&settings.database_url, settings.master_key()?)
            .map_err(|error| match error {
                StoreError::Seal(_) => anyhow::Error::new(error).context(settings.key_in_words()),
                error => error.into(),
            })
            .context("The database cannot be opened")?;
        let guard = Guard::new(settings.allow_networks.clone());
        let (outbox, wishes) = Outbox::new();
        let (results_in, results) = mpsc::channel(RESULTS_LIMIT);
        let http = Client::build(&guard)?;
        let bridge = Bridge::new(
            store,
            outbox,
            http,
            guard,
            clock,
            results_in,
            Policy {
                retention: Retention {
                    days: settings.retention(),
                    max_bytes: settings.retention_max_bytes(),
                },
                lease_ms: i64::from(settings.lease_s) * 1_000,
                node_name: settings.node_name(),
                source_per_second: settings.source_per_second,
                public_url: settings.public_url(),
            },
        )
        .await
        .context("Sources, destinations and connections cannot be read")?;
        let bridge = Arc::new(bridge);
        // Before it sends anything, so that the others make room for it in their limits; and before it judges any lease by its own clock.
        nodes::join(&bridge)
            .await
            .context("The other nodes cannot be told that this one starts")?;
        take_up(&bridge)
            .await
            .context("The last run's deliveries cannot be taken up")?;
        let metrics = metrics_handle();
        let workers = worker::start(bridge.clone(), wishes, results, metrics.clone());
        let site = Site::new(
            settings.public_url(),
            metrics,
            settings.trusted_proxies.clone(),
        );
        let (server, address) = serve(settings.listen, bridge.clone(), site)
            .with_context(|| {
                format!(
                    "{} cannot be listened on; does another program? Set BLUEBRIDGE_LISTEN to another address and port",
                    settings.listen
                )
            })?;
        Ok(Application {
            address,
            bridge,
            server,
            workers,
            _alone: alone,
        })
    }

    /// A handle that stops the web server, for tests and signals.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until the handle or a signal stops it, then lets running attempts end and writes what is left.
    pub async fn run(self) -> anyhow::Result<()> {
        // Whoever watches the log would otherwise hold the server up until its time is over.
        let signals = tokio::spawn(send_viewers_away(self.bridge.tail.clone()));
        let served = self.server.await;
        signals.abort();
        self.workers.stop().await;
        if let Ok(bridge) = Arc::try_unwrap(self.bridge) {
            bridge.store.close().await;
        }
        served.context("The web server ended with an error")
    }
}

/// Takes up what the last run left. On a shared database a lease may be another node's; those of nodes that died run out.
async fn take_up(bridge: &Bridge) -> Result<(), StoreError> {
    if bridge.store.is_shared() {
        recover::release_expired(bridge).await?
    } else {
        recover::release_all(bridge).await?
    };
    replay::give_up_at_start(bridge).await?;
    clock_step::at_start(bridge).await
}

/// Ends the log's live tails when a signal asks the process to stop.
async fn send_viewers_away(tail: Arc<Tail>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tail.close();
}

fn serve(
    listen: SocketAddr,
    bridge: Arc<Bridge>,
    site: Site,
) -> std::io::Result<(Server, SocketAddr)> {
    let bridge = web::Data::from(bridge);
    let site = web::Data::new(site);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(bridge.clone())
            .app_data(site.clone())
            .configure(routes)
    })
    .workers(std::thread::available_parallelism().map_or(2, |count| count.get().min(4)))
    .tcp_nodelay(true)
    .max_connections(CONNECTIONS_LIMIT)
    .client_request_timeout(Duration::from_secs(HEAD_LIMIT_S))
    .shutdown_timeout(SHUTDOWN_LIMIT_S)
    .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok((server.run(), address))
}

/// SQLite's recovery at start takes every lease for left over, so a second server on the same file must not start.
pub fn lock(database_url: &str) -> anyhow::Result<Option<File>> {
    let Some(path) = database_url.strip_prefix("sqlite://") else {
        return Ok(None);
    };
    let mut path = real_path(Path::new(path))?.into_os_string();
    path.push(".lock");
    let path = PathBuf::from(path);
    let file = File::create(&path)
        .with_context(|| format!("The lock file {} cannot be made", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(_) => anyhow::bail!(
            "Another bluebridge is serving this database already ({} is locked). Stop it first, or set BLUEBRIDGE_DATABASE_URL to another file.",
            path.display()
        ),
    }
}

/// The database's one name, by whichever way it was called.
fn real_path(path: &Path) -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::MetadataExt as _;
    let folder = folder_of(path);
    let Ok(found) = path.metadata() else {
        let folder = folder.canonicalize().with_context(|| {
            format!(
                "The folder {} of the database cannot be used",
                folder.display()
            )
        })?;
        return Ok(folder.join(path.file_name().unwrap_or_default()));
    };
    anyhow::ensure!(
        found.nlink() <= 1,
        "{} has several names in the file system (hard links), and by another one a second server could write into it. Copy it, or remove the others.",
        path.display()
    );
    Ok(path.canonicalize()?)
}

/// The recorder of metrics. In tests several applications share one process and one recorder.
fn metrics_handle() -> Option<PrometheusHandle> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)
        .is_ok()
        .then_some(handle)
}
