//! The API `/api/v1`: JSON in and out, bearer tokens, problem details. One file per resource; shapes are made here and nowhere else.

pub mod audit;
pub mod connections;
pub mod decide;
pub mod deliveries;
pub mod destinations;
pub mod events;
pub mod idempotency;
pub mod openapi;
pub mod replays;
pub mod sources;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::problem::Problem;
use crate::domain::source::NAME_LIMIT_CHARS;
use crate::store::events::{PAGE_LIMIT, Page};
use crate::web::problem::ApiError;

/// Largest body of an API request, in bytes.
pub const BODY_LIMIT_BYTES: usize = 2 << 20;

/// The part of a list's query that walks through it.
#[derive(Debug, Default, Deserialize)]
pub struct Paging {
    pub limit: Option<i64>,
    pub cursor: Option<String>,
}

impl Paging {
    /// The page asked for.
    pub fn page<Id: std::str::FromStr>(&self) -> Result<Page<Id>, ApiError> {
        let limit = self.limit.unwrap_or(50);
        if !(1..=PAGE_LIMIT).contains(&limit) {
            let detail = format!("`limit` is from 1 to {PAGE_LIMIT}.");
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_limit", detail));
        }
        let before = match &self.cursor {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "bad_cursor",
                    "`cursor` is the `next_cursor` of the page before.",
                )
            })?),
        };
        Ok(Page {
            before,
            after: None,
            limit,
        })
    }
}

/// A list with the cursor of its next page.
pub fn list(data: Vec<Value>, next_cursor: Option<String>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"data": data, "next_cursor": next_cursor}))
}

/// Reads a request's document: not JSON is 400, the wrong shape is 422.
pub fn parse<T: DeserializeOwned>(body: &web::Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            ApiError::invalid(vec![Problem::wrong_shape("", &error)])
        }
        _ => ApiError::new(
            StatusCode::BAD_REQUEST,
            "not_json",
            format!("The body is not JSON: {error}."),
        ),
    })
}

/// Reads an id out of an address.
pub fn id<Id: std::str::FromStr>(text: &str, what: &str) -> Result<Id, ApiError> {
    text.parse().map_err(|_| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("There is no such {what}."),
        )
    })
}

/// A name that can be shown in a list, or what is wrong with it.
pub fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    let fine = !name.is_empty()
        && name.chars().count() <= NAME_LIMIT_CHARS
        && !name.chars().any(char::is_control);
    match fine {
        true => Ok(name.to_string()),
        false => Err(Problem::new(
            "/name",
            "bad_name",
            format!("A name has 1 to {NAME_LIMIT_CHARS} printable characters."),
        )),
    }
}

/// A time as the API writes it.
pub fn time(at: Timestamp) -> Value {
    Value::from(at.to_string())
}

/// A time that may be missing.
pub fn maybe_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}
