//! Connections with their sources and destinations as one JSON document, out and in; secrets are left out.
//!
//! Called by the command line and by the pages. An import is planned first ([`plan`], which only looks) and then carried out ([`carry_out`]); what the
//! plan says is what is done, and no address gets in that a save would refuse. A source or destination that is here already is used as it is and never
//! changed; where the document differs, the plan says so. A connection that is here is given a new version when its rules differ; what is made is switched
//! off until its secrets are entered. What is made keeps its id, so that the same document finds it again (`twins`); what no id finds is found by its name.
//!
//! Secrets are not in the document: where one belongs it has a mask, as everybody is shown it. A destination is made with the mask, and nothing is sent
//! to it until somebody enters what that stands for ([`Settings::cannot_send`]). Documents of the first version lack these parts altogether.
//!
//! Rules that can be read but could never do what is meant were saved by an earlier version: they are taken, so that nothing is lost on the way from one
//! house to another, and switched off with the reason. What is here already and brings no other rules is asked nothing.

mod differences;
mod twins;

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::connection::{Connection, Rules, RulesDocument};
use crate::domain::destination::{Kind, Settings, SettingsDocument};
use crate::domain::id::{ConnectionId, DestinationId, SourceId, VersionId};
use crate::domain::name;
use crate::domain::problem::Problem;
use crate::domain::source::Source;
use crate::flow::clock::{Clock, Ids};
use crate::flow::transfer::differences::{destination_differs, source_differs};
use crate::flow::transfer::twins::{Twin, twins};
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
const ENTRIES_LIMIT: usize = 10_000;

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
    /// Missing in documents of earlier versions.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    success: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    notices: Value,
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
    /// The places at which the document says something else of a source or destination that is here and stays as it is.
    pub differs: Vec<String>,
    /// The places of what a source or destination lacks, since no document has it: nothing comes in or is sent until it is entered.
    pub to_enter: Vec<String>,
}

impl<Draft> Step<Draft> {
    fn new(name: String, deed: Deed<Draft>) -> Step<Draft> {
        Step {
            name,
            deed,
            unfit: Vec::new(),
            differs: Vec::new(),
            to_enter: Vec::new(),
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
                let mut view = destination.settings.export_view();
                DestinationEntry {
                    id: destination.id.to_string(),
                    name: destination.name,
                    kind: destination.settings.kind().as_str().to_string(),
                    config: view["config"].take(),
                    signing: view["signing"].take(),
                    limits: view["limits"].take(),
                    success: view["success"].take(),
                    notices: view["notices"].take(),
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
        let why = Problem::wrong_shape("", &error).message;
        ImportError::refusal(format!("This is not an export of Bluebridge: {why}"))
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
    let making = Making {
        clock,
        ids,
        deleted: store.ids_of_deleted().await?,
    };
    let sources = plan_sources(store, &making, &bundle.sources, new_token).await?;
    let destinations = plan_destinations(store, &making, &bundle.destinations).await?;
    check_addresses(guard, &destinations.steps).await?;
    let connections = plan_connections(
        store,
        &making,
        &bundle.connections,
        &sources.ids,
        &destinations,
    )
    .await?;
    Ok(Plan {
        sources: sources.steps,
        destinations: destinations.steps,
        connections,
    })
}

/// What makes something needs.
struct Making<'a> {
    clock: &'a Clock,
    ids: &'a Ids,
    /// Ids that nothing can have any more.
    deleted: HashSet<String>,
}

impl Making<'_> {
    /// The id in the document, so that the same document finds it the next time; a new one when that is none, or was deleted here.
    fn id<Id>(&self, kept: Option<&str>, new: impl Fn(u64, [u8; 10]) -> Id) -> Id
    where
        Id: FromStr + ToString,
    {
        let kept = kept.and_then(|text| text.parse::<Id>().ok());
        let kept = kept.filter(|id| !self.deleted.contains(&id.to_string()));
        kept.unwrap_or_else(|| {
            let (unix_ms, bits) = self.ids.parts(self.clock.now());
            new(unix_ms, bits)
        })
    }
}

/// The steps for one kind of thing, and which id here each id of the document means.
struct Planned<'a, Id, Draft> {
    ids: HashMap<&'a str, Id>,
    steps: Vec<Step<Draft>>,
}

async fn plan_sources<'a>(
    store: &Store,
    making: &Making<'_>,
    entries: &'a [SourceEntry],
    new_token: impl Fn() -> String,
) -> Result<Planned<'a, SourceId, NewSource>, ImportError> {
    let here = store.sources().await?;
    let named = here.iter().map(|source| (source.id, source.name.clone()));
    let named: Vec<(SourceId, String)> = named.collect();
    let wanted = wanted("source", entries.iter().map(|one| (&*one.id, &*one.name)))?;
    let (mut ids, mut steps) = (HashMap::new(), Vec::new());
    for ((entry, (_, name)), twin) in entries.iter().zip(&wanted).zip(twins(&wanted, &named)) {
        let mut step = Step::new(name.clone(), Deed::Keep);
        let id = match twin {
            Twin::Here(id) => {
                let twin = here.iter().find(|source| source.id == id);
                step.differs = twin.map_or_else(Vec::new, |twin| source_differs(entry, name, twin));
                let lacks = twin.is_some_and(Source::needs_secret);
                step.to_enter = lacks.then(secret).into_iter().collect();
                id
            }
            Twin::Nowhere => {
                let id = making.id(Some(&entry.id), SourceId::new);
                let lacks = entry.require_signature;
                step.to_enter = lacks.then(secret).into_iter().collect();
                step.deed = Deed::Make(NewSource {
                    id,
                    name: name.clone(),
                    token: new_token(),
                    require_signature: entry.require_signature,
                    secret: None,
                    now_ms: making.clock.now_ms(),
                });
                id
            }
            Twin::Unclear => return Err(unclear("source", name)),
        };
        ids.insert(entry.id.as_str(), id);
        steps.push(step);
    }
    Ok(Planned { ids, steps })
}

/// Where the secret of a source stands.
fn secret() -> String {
    "/secret".into()
}

async fn plan_destinations<'a>(
    store: &Store,
    making: &Making<'_>,
    entries: &'a [DestinationEntry],
) -> Result<Planned<'a, DestinationId, DestinationDraft>, ImportError> {
    let here = store.destinations().await?;
    let named = here.iter().map(|one| (one.id, one.name.clone()));
    let named: Vec<(DestinationId, String)> = named.collect();
    let wanted = wanted(
        "destination",
        entries.iter().map(|one| (&*one.id, &*one.name)),
    )?;
    let (mut ids, mut steps) = (HashMap::new(), Vec::new());
    for ((entry, (_, name)), twin) in entries.iter().zip(&wanted).zip(twins(&wanted, &named)) {
        let mut step = Step::new(name.clone(), Deed::Keep);
        let id = match twin {
            Twin::Here(id) => {
                let twin = here.iter().find(|destination| destination.id == id);
                step.differs =
                    twin.map_or_else(Vec::new, |twin| destination_differs(entry, name, twin));
                step.to_enter = twin.map_or_else(Vec::new, |twin| twin.settings.missing());
                id
            }
            Twin::Nowhere => {
                let id = making.id(Some(&entry.id), DestinationId::new);
                let draft = destination_draft(entry, name.clone(), id, making.clock.now_ms())?;
                step.to_enter = draft.settings.missing();
                step.deed = Deed::Make(draft);
                id
            }
            Twin::Unclear => return Err(unclear("destination", name)),
        };
        ids.insert(entry.id.as_str(), id);
        steps.push(step);
    }
    Ok(Planned { ids, steps })
}

async fn plan_connections(
    store: &Store,
    making: &Making<'_>,
    entries: &[ConnectionEntry],
    sources: &HashMap<&str, SourceId>,
    destinations: &Planned<'_, DestinationId, DestinationDraft>,
) -> Result<Vec<Step<ConnectionDraft>>, ImportError> {
    let unfinished = destinations
        .steps
        .iter()
        .filter_map(|step| match &step.deed {
            Deed::Make(draft) if !step.to_enter.is_empty() => Some(draft.id),
            _ => None,
        });
    let unfinished: HashSet<DestinationId> = unfinished.collect();
    let here = store.connections().await?;
    let keyed = here
        .iter()
        .map(|one| (one.id, (one.name.clone(), one.source_id)));
    let keyed: Vec<(ConnectionId, (String, SourceId))> = keyed.collect();
    let named = entries
        .iter()
        .map(|one| (one.id.as_deref().unwrap_or_default(), &*one.name));
    let mut wanted_here = Vec::new();
    let mut ends = Vec::new();
    for (entry, (id, name)) in entries.iter().zip(wanted("connection", named)?) {
        let missing = |what: &str| {
            ImportError::refusal(format!(
                "The connection {name} names a {what} that is not in the document."
            ))
        };
        let source_id = *sources
            .get(entry.source_id.as_str())
            .ok_or_else(|| missing("source"))?;
        let destination_id = *destinations
            .ids
            .get(entry.destination_id.as_str())
            .ok_or_else(|| missing("destination"))?;
        wanted_here.push((id, (name, source_id)));
        ends.push(destination_id);
    }
    let found = twins(&wanted_here, &keyed).into_iter().zip(ends);
    let mut steps = Vec::new();
    for ((entry, (_, (name, source_id))), (twin, destination_id)) in
        entries.iter().zip(wanted_here).zip(found)
    {
        let twin = match twin {
            Twin::Here(id) => here.iter().find(|one| one.id == id),
            Twin::Nowhere => None,
            Twin::Unclear => return Err(unclear("connection", &name)),
        };
        let ends = Ends {
            source_id,
            destination_id,
            is_complete: !unfinished.contains(&destination_id),
        };
        steps.push(connection_step(making, entry, name, ends, twin)?);
    }
    Ok(steps)
}

/// Between what a connection carries.
struct Ends {
    source_id: SourceId,
    destination_id: DestinationId,
    /// Nothing must be entered before the destination can be sent to.
    is_complete: bool,
}

/// What becomes of a connection whose twin here is known.
fn connection_step(
    making: &Making<'_>,
    entry: &ConnectionEntry,
    name: String,
    ends: Ends,
    twin: Option<&Connection>,
) -> Result<Step<ConnectionDraft>, ImportError> {
    let (rules, unfit) = match twin {
        Some(twin) if twin.version.rules == entry.rules => (entry.rules.clone(), Vec::new()),
        _ => (entry.rules.clone().tidied(), unfit(entry, &name)?),
    };
    let draft = ConnectionDraft {
        id: twin.map_or_else(
            || making.id(entry.id.as_deref(), ConnectionId::new),
            |twin| twin.id,
        ),
        version_id: making.id(None, VersionId::new),
        name: name.clone(),
        source_id: ends.source_id,
        destination_id: ends.destination_id,
        rules,
        // One that is whole stays as it is switched here.
        enabled: (!unfit.is_empty() || !ends.is_complete || twin.is_none()).then_some(false),
        now_ms: making.clock.now_ms(),
    };
    let deed = match twin {
        None => Deed::Make(draft),
        Some(twin)
            if twin.version.rules == draft.rules
                && twin.version.destination_id == ends.destination_id
                && twin.source_id == ends.source_id
                && twin.name == name =>
        {
            Deed::Keep
        }
        Some(twin) => Deed::Change {
            draft,
            before: Box::new(twin.clone()),
        },
    };
    Ok(Step {
        unfit,
        ..Step::new(name, deed)
    })
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
                    .change_connection(draft, None)
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

/// The entries' ids, which must differ, and their names.
fn wanted<'a, Id: FromStr + ToString>(
    what: &str,
    entries: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<(Option<Id>, String)>, ImportError> {
    let mut seen = HashSet::new();
    entries
        .map(|(id, name)| {
            let name = checked_name(what, name)?;
            // The same id can be written in several ways.
            let parsed: Option<Id> = id.parse().ok();
            let written = parsed
                .as_ref()
                .map_or_else(|| id.to_lowercase(), Id::to_string);
            if !seen.insert(written) && (what != "connection" || !id.is_empty()) {
                return Err(ImportError::refusal(format!(
                    "The document has two of the same id: {what} {name} and another one."
                )));
            }
            Ok((parsed, name))
        })
        .collect()
}

fn unclear(what: &str, name: &str) -> ImportError {
    ImportError::refusal(format!(
        "More than one {what} is called {name}, here or in the document, and nothing says which is which. Give each a name of its own."
    ))
}

fn checked_name(what: &str, name: &str) -> Result<String, ImportError> {
    name::parse(name).ok_or_else(|| {
        ImportError::refusal(format!(
            "A {what} has a name that is empty, too long or not printable."
        ))
    })
}

/// Names of destinations that an import looks up.
const LOOKED_UP_LIMIT: usize = 50;

/// All at once, so that a file of names that nobody answers for takes no longer than one of them. A few names only: they keep a thread each, and the guard
/// looks again when they are dialled.
async fn check_addresses(
    guard: &Guard,
    steps: &[Step<DestinationDraft>],
) -> Result<(), ImportError> {
    let guard = &guard.sparing(LOOKED_UP_LIMIT);
    let looks = steps.iter().filter_map(|step| match &step.deed {
        Deed::Make(draft) => Some(async {
            let problem = address_problem(guard, &draft.settings).await?;
            Some(entry_refused("destination", &step.name, vec![problem]))
        }),
        Deed::Change { .. } | Deed::Keep => None,
    });
    let refused: Vec<Refusal> = join_all(looks).await.into_iter().flatten().collect();
    if refused.is_empty() {
        Ok(())
    } else {
        Err(ImportError::Refused(refused))
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
        kind,
        config: Some(&entry.config),
        signing: Some(&entry.signing),
        limits: Some(&entry.limits),
        success: Some(&entry.success),
        notices: Some(&entry.notices),
    };
    let settings = Settings::parse(&document, None).map_err(|problems| {
        ImportError::Refused(vec![entry_refused("destination", &name, problems)])
    })?;
    // A mask is what an export has in place of a secret; everything else is asked as when somebody saves it.
    let mut unfit = settings.unfit();
    unfit.retain(|problem| problem.code != "masked_value");
    if !unfit.is_empty() {
        return Err(ImportError::Refused(vec![entry_refused(
            "destination",
            &name,
            unfit,
        )]));
    }
    Ok(DestinationDraft {
        id,
        name,
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
