//! `bluebridge export` and `bluebridge import`: connections with their sources and destinations as JSON, secrets left out.
//!
//! Import makes everything anew under new ids and addresses; the server picks it up when it starts again.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::people::open;
use crate::config::Settings;
use crate::domain::connection::{Rules, RulesDocument};
use crate::domain::destination::{Kind, Settings as DestinationSettings, SettingsDocument};
use crate::domain::id::{ConnectionId, DestinationId, SourceId, VersionId};
use crate::domain::problem::Problem;
use crate::flow::clock::{Clock, Ids};
use crate::store::Store;
use crate::store::connections::ConnectionDraft;
use crate::store::destinations::DestinationDraft;
use crate::store::sources::NewSource;
use crate::web::auth::new_token;

/// Where to write.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  bluebridge export > connections.json")]
pub struct ExportArgs {
    #[command(flatten)]
    settings: Settings,
}

/// What to read.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  bluebridge import connections.json\nSecrets are not in the file: enter them again afterwards. Imported connections are switched off until then."
)]
pub struct ImportArgs {
    /// A file that `export` wrote.
    path: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Serialize, Deserialize)]
struct Bundle {
    /// Shape of this file.
    bluebridge_export: u32,
    sources: Vec<SourceEntry>,
    destinations: Vec<DestinationEntry>,
    connections: Vec<ConnectionEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SourceEntry {
    id: String,
    name: String,
    require_signature: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct DestinationEntry {
    id: String,
    name: String,
    kind: String,
    config: Value,
    signing: Value,
    limits: Value,
}

#[derive(Debug, Serialize, Deserialize)]
struct ConnectionEntry {
    name: String,
    source_id: String,
    destination_id: String,
    #[serde(flatten)]
    rules: RulesDocument,
}

/// Prints the bundle.
pub async fn export(args: ExportArgs) -> anyhow::Result<()> {
    let store = open(&args.settings)?;
    let sources = store
        .sources()
        .await?
        .into_iter()
        .map(|source| SourceEntry {
            id: source.id.to_string(),
            name: source.name,
            require_signature: source.require_signature,
        });
    let destinations = store.destinations().await?.into_iter().map(|destination| {
        let mut view = destination.settings.public_view();
        DestinationEntry {
            id: destination.id.to_string(),
            name: destination.name,
            kind: destination.kind.as_str().to_string(),
            config: without_secret(view["config"].take()),
            signing: without_mark(view["signing"].take()),
            limits: view["limits"].take(),
        }
    });
    let connections = store
        .connections()
        .await?
        .into_iter()
        .map(|connection| ConnectionEntry {
            name: connection.name,
            source_id: connection.source_id.to_string(),
            destination_id: connection.version.destination_id.to_string(),
            rules: connection.version.rules,
        });
    let bundle = Bundle {
        bluebridge_export: 1,
        sources: sources.collect(),
        destinations: destinations.collect(),
        connections: connections.collect(),
    };
    println!("{}", serde_json::to_string_pretty(&bundle)?);
    store.close().await;
    Ok(())
}

/// Auth needs its secret again, so the export leaves it out whole; headers may hold secrets and are left out too.
fn without_secret(mut config: Value) -> Value {
    if let Some(members) = config.as_object_mut() {
        members.remove("auth");
        members.remove("headers");
    }
    config
}

fn without_mark(mut signing: Value) -> Value {
    if let Some(members) = signing.as_object_mut() {
        members.remove("secret_set");
    }
    signing
}

/// Reads the bundle and makes everything anew.
pub async fn import(args: ImportArgs) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&args.path)
        .with_context(|| format!("{} cannot be read", args.path.display()))?;
    let bundle: Bundle = serde_json::from_str(&text)
        .with_context(|| format!("{} is not an export", args.path.display()))?;
    anyhow::ensure!(
        bundle.bluebridge_export == 1,
        "This export is of a newer shape than this version reads."
    );
    let store = open(&args.settings)?;
    let mut importer = Importer {
        store,
        ids: Ids::default(),
        sources: HashMap::new(),
        destinations: HashMap::new(),
    };
    // Everything is checked before anything is made.
    for connection in &bundle.connections {
        Rules::compile(&connection.rules)
            .map_err(|problems| refused("connection", &connection.name, &problems))?;
    }
    for source in &bundle.sources {
        importer.source(source).await?;
    }
    for destination in &bundle.destinations {
        importer.destination(destination).await?;
    }
    for connection in &bundle.connections {
        importer.connection(connection).await?;
    }
    println!(
        "Imported {} sources, {} destinations and {} connections, switched off. Enter the secrets, then switch them on. A running server sees them after a restart.",
        bundle.sources.len(),
        bundle.destinations.len(),
        bundle.connections.len()
    );
    importer.store.close().await;
    Ok(())
}

struct Importer {
    store: Store,
    ids: Ids,
    sources: HashMap<String, SourceId>,
    destinations: HashMap<String, DestinationId>,
}

impl Importer {
    fn parts(&self) -> (i64, (u64, [u8; 10])) {
        let now = Clock::System.now();
        (now.as_millisecond(), self.ids.parts(now))
    }

    async fn source(&mut self, entry: &SourceEntry) -> anyhow::Result<()> {
        let (now_ms, (unix_ms, bits)) = self.parts();
        let id = SourceId::new(unix_ms, bits);
        let new = NewSource {
            id,
            name: entry.name.clone(),
            token: new_token("").0,
            require_signature: entry.require_signature,
            secret: None,
            now_ms,
        };
        self.store.create_source(new).await?;
        self.sources.insert(entry.id.clone(), id);
        Ok(())
    }

    async fn destination(&mut self, entry: &DestinationEntry) -> anyhow::Result<()> {
        let kind = Kind::from_word(&entry.kind).with_context(|| {
            format!(
                "Destination {} is of the unknown kind {}",
                entry.name, entry.kind
            )
        })?;
        let document = SettingsDocument {
            config: Some(&entry.config),
            signing: Some(&entry.signing),
            limits: Some(&entry.limits),
        };
        let settings = DestinationSettings::parse(&document, None)
            .map_err(|problems| refused("destination", &entry.name, &problems))?;
        let (now_ms, (unix_ms, bits)) = self.parts();
        let id = DestinationId::new(unix_ms, bits);
        let draft = DestinationDraft {
            id,
            name: entry.name.clone(),
            kind,
            settings,
            now_ms,
        };
        self.store.create_destination(draft).await?;
        self.destinations.insert(entry.id.clone(), id);
        Ok(())
    }

    async fn connection(&mut self, entry: &ConnectionEntry) -> anyhow::Result<()> {
        let missing = |what: &str| {
            format!(
                "Connection {} names a {what} that is not in the file",
                entry.name
            )
        };
        let (now_ms, (unix_ms, bits)) = self.parts();
        let (_, (version_ms, version_bits)) = self.parts();
        let draft = ConnectionDraft {
            id: ConnectionId::new(unix_ms, bits),
            version_id: VersionId::new(version_ms, version_bits),
            name: entry.name.clone(),
            source_id: *self
                .sources
                .get(&entry.source_id)
                .with_context(|| missing("source"))?,
            destination_id: *self
                .destinations
                .get(&entry.destination_id)
                .with_context(|| missing("destination"))?,
            rules: entry.rules.clone(),
            enabled: false,
            now_ms,
        };
        Ok(self.store.create_connection(draft).await?)
    }
}

fn refused(what: &str, name: &str, problems: &[Problem]) -> anyhow::Error {
    let list: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} {}", problem.pointer, problem.message))
        .collect();
    anyhow::anyhow!("The {what} {name} cannot be accepted: {}", list.join("; "))
}
