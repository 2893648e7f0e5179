//! `/connections` and their versions. PUT makes a new version when the rules or the destination change.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::audit::Actor;
use crate::domain::connection::{
    Connection, DeliverySettings, Rules, RulesDocument, Trigger, Version,
};
use crate::domain::id::{ConnectionId, DestinationId, SourceId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::source::Source;
use crate::domain::warnings;
use crate::flow::Bridge;
use crate::flow::past::{DRY_RUN_EVENTS, EVENTS_LIMIT, over_the_past};
use crate::flow::snapshot::Snapshot;
use crate::new_id;
use crate::store::connections::{ConnectionDraft, Seen};
use crate::store::error::{StoreError, if_found};
use crate::web::admission::{actor, caller};
use crate::web::api::idempotency::create_once;
use crate::web::api::query::Query;
use crate::web::api::{Paging, id, name, parse, parse_replacing, time};
use crate::web::problem::ApiError;

/// A connection as a client writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct ConnectionDocument {
    pub name: String,
    pub source_id: String,
    pub destination_id: String,
    #[serde(default)]
    pub trigger: Trigger,
    #[serde(default)]
    pub filter: Value,
    pub mapping: Option<Value>,
    #[serde(default)]
    pub delivery: DeliverySettings,
    pub enabled: Option<bool>,
}

/// What a document that replaces a connection says of what was read before.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
struct Replaced {
    version: Option<i32>,
}

/// What a connection tells of itself and nobody writes.
const READ_ONLY: [&str; 6] = [
    "/id",
    "/version",
    "/version_id",
    "/warnings",
    "/created_at",
    "/updated_at",
];

pub async fn index(
    paging: Query<Paging>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let connections = bridge.store.connections().await?;
    let sources = bridge.store.sources().await?;
    let snapshot = bridge.snapshot();
    let shown = |one: &Connection| {
        let source = sources.iter().find(|source| source.id == one.source_id);
        view(one, &warned(one, source, &snapshot))
    };
    paging.0.part_of(&connections, |one| one.id, shown)
}

pub async fn create(
    request: HttpRequest,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let caller = caller(&request)?;
    create_once(&request, &body, &caller, &bridge, async || {
        let document = parse(&body)?;
        let connection = save_seen(&bridge, &actor(&request), None, document, None).await?;
        shown(&bridge, &connection).await
    })
    .await
}

pub async fn show(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let connection = bridge.store.connection(id(&path, "connection")?).await?;
    Ok(HttpResponse::Ok().json(shown(&bridge, &connection).await?))
}

pub async fn replace(
    request: HttpRequest,
    path: web::Path<String>,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let existing = Some(id(&path, "connection")?);
    let seen = parse::<Replaced>(&body)?.version.map(Seen::Number);
    let document = parse_replacing(&body, &READ_ONLY)?;
    let connection = save_seen(&bridge, &actor(&request), existing, document, seen).await?;
    Ok(HttpResponse::Ok().json(shown(&bridge, &connection).await?))
}

pub async fn delete(
    request: HttpRequest,
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    remove(&bridge, &actor(&request), id(&path, "connection")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub async fn versions(
    path: web::Path<String>,
    paging: Query<Paging>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let versions = bridge.store.versions(id(&path, "connection")?).await?;
    paging.0.part_of(&versions, |one| one.id, version_view)
}

/// What a dry run over the past tries; a part that is left out stays as it is saved.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Trial {
    trigger: Option<Trigger>,
    #[serde(default, deserialize_with = "given")]
    filter: Option<Value>,
    mapping: Option<Value>,
    /// Newest events to look at.
    events: Option<u32>,
}

/// Tells `null`, which takes the filter away, from a filter that is left out.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

pub async fn dry_run(
    path: web::Path<String>,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let connection = bridge.store.connection(id(&path, "connection")?).await?;
    let trial: Trial = parse(&body)?;
    let saved = connection.version.rules;
    let rules = RulesDocument {
        trigger: trial.trigger.unwrap_or(saved.trigger),
        filter: trial.filter.unwrap_or(saved.filter),
        mapping: trial.mapping.unwrap_or(saved.mapping),
        delivery: saved.delivery,
    };
    let events = trial.events.unwrap_or(DRY_RUN_EVENTS);
    if !(1..=EVENTS_LIMIT).contains(&events) {
        let message = format!("From 1 to {EVENTS_LIMIT} events.");
        let problem = Problem::new("/events", "out_of_range", message);
        return Err(ApiError::invalid(vec![problem]));
    }
    let now = Arc::new(Rules::compile(&rules).map_err(ApiError::invalid)?);
    let before = bridge.rules(connection.version.id).await?;
    let source_id = connection.source_id;
    let comparison = over_the_past(&bridge, source_id, Some(before), now, events).await?;
    Ok(HttpResponse::Ok().json(comparison))
}

/// Makes or changes a connection and puts it in force, unless it is no longer what was seen when the change was begun. Returns it as this change made it;
/// another may have come since. Called by the pages too.
pub async fn save_seen(
    bridge: &Bridge,
    actor: &Actor,
    existing: Option<ConnectionId>,
    document: ConnectionDocument,
    seen: Option<Seen>,
) -> Result<Connection, ApiError> {
    let before = match existing {
        Some(id) => Some(bridge.store.connection(id).await?),
        None => None,
    };
    let saved = before.as_ref().map(|before| before.version.rules.clone());
    put(bridge, actor, before, seen, saved.as_ref(), document, None).await
}

/// Puts an earlier version of it in force again, as a new one. Called by the pages.
pub async fn restore(
    bridge: &Bridge,
    actor: &Actor,
    connection: Connection,
    number: i32,
    document: ConnectionDocument,
) -> Result<Connection, ApiError> {
    let saved = connection.version.rules.clone();
    let before = Some(connection);
    put(
        bridge,
        actor,
        before,
        None,
        Some(&saved),
        document,
        Some(number),
    )
    .await
}

/// Makes another connection with the rules of one that there is. Called by the pages.
pub async fn copy(
    bridge: &Bridge,
    actor: &Actor,
    of: &Connection,
    document: ConnectionDocument,
) -> Result<Connection, ApiError> {
    let saved = Some(&of.version.rules);
    put(bridge, actor, None, None, saved, document, None).await
}

/// Puts the document in the place of `before`, if it is what was `seen`, or beside all others. `saved` are rules that are kept already; `restored` is the
/// version that it says again.
async fn put(
    bridge: &Bridge,
    actor: &Actor,
    before: Option<Connection>,
    seen: Option<Seen>,
    saved: Option<&RulesDocument>,
    document: ConnectionDocument,
    restored: Option<i32>,
) -> Result<Connection, ApiError> {
    let (name, source_id, destination_id, rules) = checked(&document, saved)?;
    let now = bridge.clock.now();
    let draft = ConnectionDraft {
        id: before
            .as_ref()
            .map_or_else(|| new_id!(ConnectionId, bridge, now), |before| before.id),
        version_id: new_id!(VersionId, bridge, now),
        name,
        source_id,
        destination_id,
        rules,
        enabled: document.enabled,
        now_ms: now.as_millisecond(),
    };
    let id = draft.id;
    let saved = match before {
        Some(_) => {
            let said = match restored {
                Some(number) => {
                    format!(
                        "Restored version {number} of the connection {}.",
                        draft.name
                    )
                }
                None => format!("Changed the connection {}.", draft.name),
            };
            bridge
                .noting(actor, "connection.changed", id, said)
                .change_connection(draft, seen)
                .await
        }
        None => {
            let said = format!("Made the connection {}.", draft.name);
            bridge
                .noting(actor, "connection.created", id, said)
                .create_connection(draft)
                .await
        }
    };
    let connection = saved.map_err(|error| match error {
        StoreError::NotFound(what @ ("source" | "destination")) => {
            ApiError::invalid(vec![Problem::new(
                format!("/{what}_id"),
                "not_found",
                format!("There is no such {what}."),
            )])
        }
        other => other.into(),
    })?;
    bridge.reload().await?;
    Ok(connection)
}

/// Deletes a connection. Called by the pages too.
pub async fn remove(bridge: &Bridge, actor: &Actor, id: ConnectionId) -> Result<(), ApiError> {
    let name = bridge.store.connection(id).await?.name;
    let said = format!("Deleted the connection {name}.");
    bridge
        .noting(actor, "connection.deleted", id, said)
        .delete_connection(id, bridge.clock.now_ms())
        .await?;
    bridge.reload().await?;
    Ok(())
}

type Checked = (String, SourceId, DestinationId, RulesDocument);

/// Everything that can be checked without the database, with all problems at once. Rules that stay as they are saved are not asked again: who renames a
/// connection need not mend what an earlier version took.
fn checked(
    document: &ConnectionDocument,
    saved: Option<&RulesDocument>,
) -> Result<Checked, ApiError> {
    let mut problems = Vec::new();
    let name = name(&document.name)
        .map_err(|problem| problems.push(problem))
        .ok();
    let missing = |what: &str| {
        Problem::new(
            format!("/{what}_id"),
            "not_found",
            format!("Choose a {what} that exists."),
        )
    };
    let source_id = document
        .source_id
        .parse::<SourceId>()
        .map_err(|_| problems.push(missing("source")))
        .ok();
    let destination_id = document
        .destination_id
        .parse::<DestinationId>()
        .map_err(|_| problems.push(missing("destination")))
        .ok();
    let rules = RulesDocument {
        trigger: document.trigger.clone(),
        filter: document.filter.clone(),
        mapping: document
            .mapping
            .clone()
            .unwrap_or_else(|| json!({"mode": "passthrough"})),
        delivery: document.delivery.clone(),
    };
    // What is saved already stays as it is.
    let rules = if saved == Some(&rules) {
        rules
    } else {
        rules.tidied()
    };
    if saved != Some(&rules)
        && let Err(found) = Rules::compile(&rules)
    {
        problems.extend(found);
    }
    match (name, source_id, destination_id) {
        (Some(name), Some(source_id), Some(destination_id)) if problems.is_empty() => {
            Ok((name, source_id, destination_id, rules))
        }
        _ => Err(ApiError::invalid(problems)),
    }
}

/// What is to be thought of at a connection as it is now. Called by the pages too.
pub async fn warnings_of(bridge: &Bridge, one: &Connection) -> Result<Vec<Problem>, StoreError> {
    let source = if_found(bridge.store.source(one.source_id).await)?;
    Ok(warned(one, source.as_ref(), &bridge.snapshot()))
}

fn warned(one: &Connection, source: Option<&Source>, snapshot: &Snapshot) -> Vec<Problem> {
    let version = &one.version;
    let destination = snapshot.destination(version.destination_id);
    let settings = destination.map(|destination| &destination.settings);
    let mut warned = warnings::of_ends(source, settings);
    warned.extend(warnings::of_rules(&version.rules, settings));
    warned
}

async fn shown(bridge: &Bridge, connection: &Connection) -> Result<Value, ApiError> {
    Ok(view(connection, &warnings_of(bridge, connection).await?))
}

/// A connection as the API shows it.
fn view(connection: &Connection, warnings: &[Problem]) -> Value {
    let version = &connection.version;
    json!({
        "id": connection.id,
        "name": connection.name,
        "source_id": connection.source_id,
        "destination_id": version.destination_id,
        "trigger": version.rules.trigger,
        "filter": version.rules.filter,
        "mapping": version.rules.mapping,
        "delivery": version.rules.delivery,
        "enabled": connection.enabled,
        "version": version.number,
        "version_id": version.id,
        "warnings": warnings,
        "created_at": time(connection.created_at),
        "updated_at": time(connection.updated_at),
    })
}

fn version_view(version: &Version) -> Value {
    json!({
        "id": version.id,
        "number": version.number,
        "destination_id": version.destination_id,
        "trigger": version.rules.trigger,
        "filter": version.rules.filter,
        "mapping": version.rules.mapping,
        "delivery": version.rules.delivery,
        "created_at": time(version.created_at),
        "saved_by": version.saved_by.as_ref().map(|by| json!({"kind": by.kind.as_str(), "name": by.name})),
    })
}
