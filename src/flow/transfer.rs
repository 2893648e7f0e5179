//! Connections with their sources and destinations as one JSON document, out and in; secrets are left out.
//!
//! Called by the command line and by the pages. An import is planned first ([`plan`], which only looks) and then carried out ([`carry_out`]); what the
//! plan says is what is done, and no address gets in that a save would refuse. A source or destination that is here already, by its id or else by its name, is used as it is and never
//! changed. A connection that is here is given a new version when its rules differ; what is made is switched off until its secrets are entered.
//! Rules that can be read but could never do what is meant were saved by an earlier version: they are taken, so that nothing is lost on the way from one
//! house to another, and switched off with the reason. What is here already and brings no other rules is asked nothing.

use std::collections::HashMap;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::connection::{Connection, Rules, RulesDocument};
use crate::domain::destination::{Kind, Settings, SettingsDocument};
use crate::domain::id::{ConnectionId, DestinationId, SourceId, VersionId};
use crate::domain::name;
use crate::domain::problem::Problem;
use crate::flow::clock::{Clock, Ids};
use crate::flow::vet::address_problem;
use crate::outbound::guard::Guard;
use crate::store::Store;
use crate::store::connections::ConnectionDraft;
use crate::store::destinations::DestinationDraft;
use crate::store::error::StoreError;
use crate::store::sources::NewSource;

/// The shape that this version writes and reads.
const SHAPE: u32 = 1;
/// Entries of one kind in a document.
const ENTRIES_LIMIT: usize = 1_000;

/// The whole document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bundle {
    /// Shape of the document.
    bluebridge_export: u32,
    sources: Vec<SourceEntry>,
    destinations: Vec<DestinationEntry>,
    connections: Vec<ConnectionEntry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SourceEntry {
    id: String,
    name: String,
    require_signature: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct DestinationEntry {
    id: String,
    name: String,
    kind: String,
    config: Value,
    signing: Value,
    limits: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ConnectionEntry {
    /// Missing in documents of the first version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: String,
    source_id: String,
    destination_id: String,
    #[serde(flatten)]
    rules: RulesDocument,
}

/// Why a document cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What is wrong with the document.
    #[error("{}", joined(.0))]
    Refused(Vec<Refusal>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    fn refusal(sentence: impl Into<String>) -> ImportError {
        ImportError::Refused(vec![Refusal::Said(sentence.into())])
    }
}

/// One thing that is wrong with a document.
#[derive(Debug)]
pub enum Refusal {
    /// As a sentence.
    Said(String),
    /// What is wrong with an entry.
    Entry {
        what: &'static str,
        name: String,
        problems: Vec<Problem>,
        /// Of a connection, what its places belong to.
        rules: Option<Box<RulesDocument>>,
    },
}

impl Refusal {
    /// The sentence, in which `called` says where a problem is.
    pub fn sentence(&self, called: impl Fn(&Problem) -> String) -> String {
        match self {
            Refusal::Said(sentence) => sentence.clone(),
            Refusal::Entry {
                what,
                name,
                problems,
                ..
            } => {
                let list = listed(problems, called);
                format!("The {what} {name} cannot be accepted: {list}")
            }
        }
    }
}

/// Problems in one line, in which `called` says where each is.
pub fn listed(problems: &[Problem], called: impl Fn(&Problem) -> String) -> String {
    let told = |problem: &Problem| format!("{}: {}", called(problem), problem.message);
    let list: Vec<String> = problems.iter().map(told).collect();
    list.join("; ")
}

fn joined(refusals: &[Refusal]) -> String {
    let pointer = |problem: &Problem| problem.pointer.clone();
    let sentences = refusals.iter().map(|refusal| refusal.sentence(pointer));
    sentences.collect::<Vec<_>>().join(" ")
}

/// What an import would do.
#[derive(Debug)]
pub struct Plan {
    pub sources: Vec<Step<NewSource>>,
    pub destinations: Vec<Step<DestinationDraft>>,
    pub connections: Vec<Step<ConnectionDraft>>,
}

/// What becomes of one entry.
#[derive(Debug)]
pub struct Step<Draft> {
    pub name: String,
    pub deed: Deed<Draft>,
    /// What could never work in a connection's rules, for which it is switched off.
    pub unfit: Vec<Problem>,
}

impl<Draft> Step<Draft> {
    fn new(name: String, deed: Deed<Draft>) -> Step<Draft> {
        Step {
            name,
            deed,
            unfit: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub enum Deed<Draft> {
    Make(Draft),
    /// It is here and differs: a new version, and the rules that were.
    Change {
        draft: Draft,
        before: Box<Connection>,
    },
    /// It is here, and stays as it is.
    Keep,
}

/// Everything, or one connection with its ends.
pub async fn export(store: &Store, only: Option<ConnectionId>) -> Result<Bundle, StoreError> {
    let mut connections = store.connections().await?;
    if let Some(id) = only {
        connections.retain(|connection| connection.id == id);
        if connections.is_empty() {
            return Err(StoreError::NotFound("connection"));
        }
    }
    let is_needed = |by: &dyn Fn(&Connection) -> bool| only.is_none() || connections.iter().any(by);
    let sources = store.sources().await?;
    let destinations = store.destinations().await?;
    Ok(Bundle {
        bluebridge_export: SHAPE,
        sources: sources
            .into_iter()
            .filter(|source| is_needed(&|connection| connection.source_id == source.id))
            .map(|source| SourceEntry {
                id: source.id.to_string(),
                name: source.name,
                require_signature: source.require_signature,
            })
            .collect(),
        destinations: destinations
            .into_iter()
            .filter(|destination| {
                is_needed(&|connection| connection.version.destination_id == destination.id)
            })
            .map(|destination| {
                let mut view = destination.settings.public_view();
                DestinationEntry {
                    id: destination.id.to_string(),
                    name: destination.name,
                    kind: destination.kind.as_str().to_string(),
                    config: without_query(without(view["config"].take(), &["auth", "headers"])),
                    signing: without(view["signing"].take(), &["secret_set"]),
                    limits: view["limits"].take(),
                }
            })
            .collect(),
        connections: connections
            .iter()
            .map(|connection| ConnectionEntry {
                id: Some(connection.id.to_string()),
                name: connection.name.clone(),
                source_id: connection.source_id.to_string(),
                destination_id: connection.version.destination_id.to_string(),
                rules: connection.version.rules.clone(),
            })
            .collect(),
    })
}

/// Authentication needs its secret again, and headers may hold one: both are left out whole.
fn without(mut part: Value, keys: &[&str]) -> Value {
    if let Some(members) = part.as_object_mut() {
        for key in keys {
            members.remove(*key);
        }
    }
    part
}

/// The query of an address may be a secret, too.
fn without_query(mut config: Value) -> Value {
    let url = config["url"].as_str().unwrap_or_default();
    let bare = url.split_once('?').map_or(url, |(bare, _)| bare);
    config["url"] = Value::from(bare);
    config
}

/// Reads a document that [`export`] wrote.
pub fn read(text: &str) -> Result<Bundle, ImportError> {
    let document: Value = serde_json::from_str(text)
        .map_err(|error| ImportError::refusal(format!("This is not JSON: {error}.")))?;
    if document.get("bluebridge_export").is_none() {
        return Err(ImportError::refusal(
            "This is JSON, but not what Bluebridge exports.",
        ));
    }
    let bundle: Bundle = serde_json::from_value(document).map_err(|error| {
        ImportError::refusal(format!("This is not an export of Bluebridge: {error}."))
    })?;
    if bundle.bluebridge_export != SHAPE {
        return Err(ImportError::refusal(
            "This export is of a newer shape than this version reads.",
        ));
    }
    let most = bundle
        .sources
        .len()
        .max(bundle.destinations.len())
        .max(bundle.connections.len());
    if most > ENTRIES_LIMIT {
        return Err(ImportError::refusal(format!(
            "At most {ENTRIES_LIMIT} entries of a kind are read."
        )));
    }
    Ok(bundle)
}

/// Looks at what is here and says what an import would do; everything is checked, nothing is made.
pub async fn plan(
    store: &Store,
    guard: &Guard,
    clock: &Clock,
    ids: &Ids,
    bundle: &Bundle,
    new_token: impl Fn() -> String,
) -> Result<Plan, ImportError> {
    let parts = || ids.parts(clock.now());
    let now_ms = clock.now_ms();
    let mut plan = Plan {
        sources: Vec::new(),
        destinations: Vec::new(),
        connections: Vec::new(),
    };

    let here: Vec<(String, String, SourceId)> = store
        .sources()
        .await?
        .into_iter()
        .map(|source| (source.id.to_string(), source.name, source.id))
        .collect();
    let mut sources = HashMap::new();
    for entry in &bundle.sources {
        let name = checked_name("source", &entry.name)?;
        let (id, deed) = match same(&here, &entry.id, &name) {
            Some(id) => (id, Deed::Keep),
            None => {
                let (unix_ms, bits) = parts();
                let id = SourceId::new(unix_ms, bits);
                let new = NewSource {
                    id,
                    name: name.clone(),
                    token: new_token(),
                    require_signature: entry.require_signature,
                    secret: None,
                    now_ms,
                };
                (id, Deed::Make(new))
            }
        };
        sources.insert(entry.id.as_str(), id);
        plan.sources.push(Step::new(name, deed));
    }

    let here: Vec<(String, String, DestinationId)> = store
        .destinations()
        .await?
        .into_iter()
        .map(|destination| (destination.id.to_string(), destination.name, destination.id))
        .collect();
    let mut destinations = HashMap::new();
    for entry in &bundle.destinations {
        let name = checked_name("destination", &entry.name)?;
        let (id, deed) = match same(&here, &entry.id, &name) {
            Some(id) => (id, Deed::Keep),
            None => {
                let (unix_ms, bits) = parts();
                let draft = destination_draft(
                    entry,
                    name.clone(),
                    DestinationId::new(unix_ms, bits),
                    now_ms,
                )?;
                (draft.id, Deed::Make(draft))
            }
        };
        destinations.insert(entry.id.as_str(), id);
        plan.destinations.push(Step::new(name, deed));
    }
    check_addresses(guard, &plan.destinations).await?;

    let here = store.connections().await?;
    for entry in &bundle.connections {
        let name = checked_name("connection", &entry.name)?;
        let missing = |what: &str| {
            ImportError::refusal(format!(
                "The connection {name} names a {what} that is not in the document."
            ))
        };
        let source_id = *sources
            .get(entry.source_id.as_str())
            .ok_or_else(|| missing("source"))?;
        let destination_id = *destinations
            .get(entry.destination_id.as_str())
            .ok_or_else(|| missing("destination"))?;
        let twin = here
            .iter()
            .find(|one| entry.id.as_deref() == Some(one.id.to_string().as_str()))
            .or_else(|| {
                here.iter()
                    .find(|one| one.name == name && one.source_id == source_id)
            });
        let (rules, unfit) = match twin {
            Some(twin) if twin.version.rules == entry.rules => (entry.rules.clone(), Vec::new()),
            _ => (entry.rules.clone().tidied(), unfit(entry, &name)?),
        };
        let (version_ms, version_bits) = parts();
        let (unix_ms, bits) = parts();
        let draft = ConnectionDraft {
            id: twin.map_or_else(|| ConnectionId::new(unix_ms, bits), |twin| twin.id),
            version_id: VersionId::new(version_ms, version_bits),
            name: name.clone(),
            source_id,
            destination_id,
            rules,
            enabled: unfit.is_empty() && twin.is_some_and(|twin| twin.enabled),
            now_ms,
        };
        let deed = match twin {
            None => Deed::Make(draft),
            Some(twin)
                if twin.version.rules == draft.rules
                    && twin.version.destination_id == destination_id
                    && twin.source_id == source_id
                    && twin.name == name =>
            {
                Deed::Keep
            }
            Some(twin) => Deed::Change {
                draft,
                before: Box::new(twin.clone()),
            },
        };
        plan.connections.push(Step { name, deed, unfit });
    }
    Ok(plan)
}

/// Does what the plan says, sources and destinations first. `noting` gives the store that notes its next change.
pub async fn carry_out(
    noting: impl Fn(&str, String, String) -> Store,
    plan: Plan,
) -> Result<(), StoreError> {
    for step in plan.sources {
        if let Deed::Make(new) = step.deed {
            let said = format!("Imported the source {}.", new.name);
            noting("source.created", new.id.to_string(), said)
                .create_source(new)
                .await?;
        }
    }
    for step in plan.destinations {
        if let Deed::Make(draft) = step.deed {
            let said = format!("Imported the destination {}.", draft.name);
            noting("destination.created", draft.id.to_string(), said)
                .create_destination(draft)
                .await?;
        }
    }
    for step in plan.connections {
        match step.deed {
            Deed::Make(draft) => {
                let said = format!("Imported the connection {}.", draft.name);
                noting("connection.created", draft.id.to_string(), said)
                    .create_connection(draft)
                    .await?;
            }
            Deed::Change { draft, .. } => {
                let said = format!(
                    "Imported the connection {} over the one before.",
                    draft.name
                );
                noting("connection.changed", draft.id.to_string(), said)
                    .change_connection(draft)
                    .await?;
            }
            Deed::Keep => {}
        }
    }
    Ok(())
}

impl Plan {
    /// How many entries are made, changed and kept.
    pub fn tally(&self) -> (usize, usize, usize) {
        let mut tally = (0, 0, 0);
        count(&self.sources, &mut tally);
        count(&self.destinations, &mut tally);
        count(&self.connections, &mut tally);
        tally
    }
}

fn count<Draft>(steps: &[Step<Draft>], tally: &mut (usize, usize, usize)) {
    for step in steps {
        match step.deed {
            Deed::Make(_) => tally.0 += 1,
            Deed::Change { .. } => tally.1 += 1,
            Deed::Keep => tally.2 += 1,
        }
    }
}

/// The one with this id, else the only one with this name.
fn same<Id: Copy>(here: &[(String, String, Id)], id: &str, name: &str) -> Option<Id> {
    if let Some((.., found)) = here.iter().find(|(other, ..)| other == id) {
        return Some(*found);
    }
    let mut named = here.iter().filter(|(_, other, _)| other == name);
    match (named.next(), named.next()) {
        (Some((.., found)), None) => Some(*found),
        _ => None,
    }
}

fn checked_name(what: &str, name: &str) -> Result<String, ImportError> {
    name::parse(name).ok_or_else(|| {
        ImportError::refusal(format!(
            "A {what} has a name that is empty, too long or not printable."
        ))
    })
}

/// All at once, so that a file of names that nobody answers for takes no longer than one of them.
async fn check_addresses(
    guard: &Guard,
    steps: &[Step<DestinationDraft>],
) -> Result<(), ImportError> {
    let looks = steps.iter().filter_map(|step| match &step.deed {
        Deed::Make(draft) => Some(async {
            let problem = address_problem(guard, &draft.settings).await?;
            Some(entry_refused("destination", &step.name, vec![problem]))
        }),
        Deed::Change { .. } | Deed::Keep => None,
    });
    let refused: Vec<Refusal> = join_all(looks).await.into_iter().flatten().collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(ImportError::Refused(refused)),
    }
}

fn destination_draft(
    entry: &DestinationEntry,
    name: String,
    id: DestinationId,
    now_ms: i64,
) -> Result<DestinationDraft, ImportError> {
    let kind = Kind::from_word(&entry.kind).ok_or_else(|| {
        ImportError::refusal(format!(
            "The destination {name} is of the unknown kind {}.",
            entry.kind
        ))
    })?;
    let document = SettingsDocument {
        config: Some(&entry.config),
        signing: Some(&entry.signing),
        limits: Some(&entry.limits),
    };
    let settings = Settings::parse(&document, None).map_err(|problems| {
        ImportError::Refused(vec![entry_refused("destination", &name, problems)])
    })?;
    Ok(DestinationDraft {
        id,
        name,
        kind,
        settings,
        now_ms,
    })
}

/// What could never work in an entry's rules; a refusal when they cannot be read.
fn unfit(entry: &ConnectionEntry, name: &str) -> Result<Vec<Problem>, ImportError> {
    Rules::unfit_in(&entry.rules).map_err(|problems| {
        ImportError::Refused(vec![Refusal::Entry {
            what: "connection",
            name: name.to_string(),
            problems,
            rules: Some(Box::new(entry.rules.clone())),
        }])
    })
}

fn entry_refused(what: &'static str, name: &str, problems: Vec<Problem>) -> Refusal {
    Refusal::Entry {
        what,
        name: name.to_string(),
        problems,
        rules: None,
    }
}
