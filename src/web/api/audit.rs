//! `/audit`: who changed what.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::audit::{ActorKind, Note};
use crate::flow::Bridge;
use crate::store::audit::AuditFilter;
use crate::web::api::query::{Query, filled, time_from, time_to};
use crate::web::api::{Paging, page_of, time};
use crate::web::problem::ApiError;

/// How notes are narrowed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Wanted {
    object_kind: Option<String>,
    object_id: Option<String>,
    actor_kind: Option<String>,
    actor_id: Option<String>,
    text: Option<String>,
    #[serde(default, deserialize_with = "time_from")]
    from: Option<Timestamp>,
    #[serde(default, deserialize_with = "time_to")]
    to: Option<Timestamp>,
    limit: Option<i64>,
    cursor: Option<String>,
}

pub async fn index(
    query: Query<Wanted>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let page = Paging {
        limit: query.limit,
        cursor: query.cursor,
    }
    .page()?;
    let filter = AuditFilter {
        object_kind: filled(query.object_kind),
        object_id: filled(query.object_id),
        actor_id: filled(query.actor_id),
        actor_kind: filled(query.actor_kind)
            .map(|word| actor_kind(&word))
            .transpose()?,
        text: filled(query.text),
        from_ms: query.from.map(Timestamp::as_millisecond),
        to_ms: query.to.map(Timestamp::as_millisecond),
        page,
        ..AuditFilter::default()
    };
    let found = bridge.store.audit_log(filter).await?;
    Ok(page_of(&found, |row| row.id, view))
}

fn actor_kind(word: &str) -> Result<ActorKind, ApiError> {
    ActorKind::from_word(word).ok_or_else(|| {
        let detail = "`actor_kind` is person, token, command_line or nobody.";
        ApiError::new(StatusCode::BAD_REQUEST, "unknown_actor_kind", detail)
    })
}

fn view(note: &Note) -> Value {
    json!({
        "id": note.id,
        "at": time(note.at),
        "actor": {"kind": note.actor.kind.as_str(), "id": note.actor.id, "name": note.actor.name, "address": note.actor.address},
        "action": note.action,
        "object": {"kind": note.object_kind, "id": note.object_id},
        "sentence": note.sentence,
    })
}
