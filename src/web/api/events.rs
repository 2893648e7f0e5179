//! `/events`: what came in.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::lenient;
use crate::flow::Bridge;
use crate::store::events::{EventFilter, EventSummary};
use crate::web::api::query::{Query, filled, time_from, time_to};
use crate::web::api::{Paging, id, maybe_time, page_of, time};
use crate::web::problem::ApiError;

/// How events are narrowed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Wanted {
    source_id: Option<String>,
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
        source_id: query
            .source_id
            .as_deref()
            .map(|text| id(text, "source"))
            .transpose()?,
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
