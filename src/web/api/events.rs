//! `/events`: what came in, and sending it through a connection that it did not go through.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::id::SourceId;
use crate::domain::lenient;
use crate::domain::problem::Problem;
use crate::flow::Bridge;
use crate::flow::resend::send_event;
use crate::store::error::StoreError;
use crate::store::events::{EventFilter, EventSummary};
use crate::web::admission::{actor, caller};
use crate::web::api::deliveries::detail;
use crate::web::api::idempotency::create_once;
use crate::web::api::query::{Query, an_id, filled, time_from, time_to};
use crate::web::api::{Paging, id, maybe_time, page_of, parse, time};
use crate::web::problem::ApiError;

/// How events are narrowed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Wanted {
    #[serde(default, deserialize_with = "an_id")]
    source_id: Option<SourceId>,
    #[serde(alias = "event_type")]
    r#type: Option<String>,
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
    let filter = EventFilter {
        source_id: query.source_id,
        event_type: filled(query.r#type),
        text: filled(query.text),
        from: query.from,
        to: query.to,
        page,
    };
    let found = bridge.store.events_page(filter).await?;
    Ok(page_of(&found, |row| row.id, summary))
}

pub async fn show(
    path: web::Path<String>,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let event = bridge.store.event(id(&path, "event")?).await?;
    let mut shown = summary(&event.summary);
    shown["body"] = lenient::document(&event.body).unwrap_or(Value::Null);
    shown["body_text"] = Value::from(String::from_utf8_lossy(&event.body));
    Ok(HttpResponse::Ok().json(shown))
}

/// Through what an event is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Way {
    connection_id: String,
}

pub async fn send(
    request: HttpRequest,
    path: web::Path<String>,
    body: web::Bytes,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, ApiError> {
    let caller = caller(&request)?;
    create_once(&request, &body, &caller, &bridge, async || {
        let event_id = id(&path, "event")?;
        let Way { connection_id } = parse(&body)?;
        let connection_id = connection_id.parse();
        let connection_id = connection_id.map_err(|_| no_such("connection"))?;
        let sent = send_event(&bridge, &actor(&request), event_id, connection_id).await;
        let new = sent.map_err(|error| match error {
            StoreError::NotFound(what @ "connection") => no_such(what),
            other => other.into(),
        })?;
        detail(&bridge, new).await
    })
    .await
}

/// What the document names is not there.
fn no_such(what: &str) -> ApiError {
    ApiError::invalid(vec![Problem::new(
        format!("/{what}_id"),
        "not_found",
        format!("There is no such {what}."),
    )])
}

fn summary(event: &EventSummary) -> Value {
    json!({
        "id": event.id,
        "source_id": event.source_id,
        "type": event.event_type,
        "record_id": event.record_id,
        "record_title": event.record_title,
        "list_id": event.list_id,
        "list_title": event.list_title,
        "project_id": event.project_id,
        "project_name": event.project_name,
        "company_id": event.company_id,
        "occurred_at": maybe_time(event.occurred_at),
        "received_at": time(event.received_at),
        "test": event.is_test,
    })
}
