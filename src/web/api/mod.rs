//! The API `/api/v1`: JSON in and out, bearer tokens, problem details. One file per resource; shapes are made here and nowhere else.

mod answers;
pub mod audit;
pub mod connections;
pub mod decide;
pub mod deliveries;
pub mod destinations;
pub mod events;
pub mod idempotency;
pub mod openapi;
pub mod query;
pub mod replays;
mod schema_parts;
mod schemas;
pub mod sources;

use std::str::FromStr;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::domain::name;
use crate::domain::problem::{Problem, pointer_to};
use crate::store::window::{PAGE_LIMIT, Rows, Window};
use crate::web::problem::ApiError;

/// Largest body of an API request, in bytes.
pub const BODY_LIMIT_BYTES: usize = 2 << 20;

/// Entries that a list answers when it is asked for no number of them.
pub const USUAL_LIMIT: i64 = 50;

/// The part of a list's query that walks through it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Paging {
    pub limit: Option<i64>,
    pub cursor: Option<String>,
}

impl Paging {
    /// The page asked for.
    pub fn page<Id: FromStr>(&self) -> Result<Window<Id>, ApiError> {
        let limit = checked_limit(self.limit.unwrap_or(USUAL_LIMIT))?;
        let before = match &self.cursor {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| bad_cursor())?),
        };
        Ok(Window {
            before,
            after: None,
            limit,
        })
    }

    /// The same of a list that is read whole, because people made each of its entries.
    pub fn part_of<T, Id: FromStr + ToString + Ord>(
        &self,
        all: &[T],
        id_of: impl Fn(&T) -> Id,
        view: impl Fn(&T) -> Value,
    ) -> Result<HttpResponse, ApiError> {
        let page: Window<Id> = self.page()?;
        let rest = match page.before {
            None => all,
            Some(last) => {
                let behind = match all.iter().position(|one| id_of(one) == last) {
                    Some(at) => at + 1,
                    // What was deleted meanwhile ends no walk: lists that anything is deleted from are ordered by id.
                    None if all.is_sorted_by_key(&id_of) => {
                        all.partition_point(|one| id_of(one) <= last)
                    }
                    None => return Err(bad_cursor()),
                };
                &all[behind..]
            }
        };
        let part = &rest[..rest.len().min(page.limit as usize)];
        let next = part.last().filter(|_| part.len() < rest.len());
        let next = next.map(|last| id_of(last).to_string());
        Ok(list(part.iter().map(view).collect(), next))
    }
}

fn checked_limit(limit: i64) -> Result<i64, ApiError> {
    if (1..=PAGE_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        let detail = format!("`limit` is from 1 to {PAGE_LIMIT}.");
        Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_limit", detail))
    }
}

fn bad_cursor() -> ApiError {
    let detail = "`cursor` is the `next_cursor` of the page before.";
    ApiError::new(StatusCode::BAD_REQUEST, "bad_cursor", detail)
}

/// A list with the cursor of its next page.
pub fn list(data: Vec<Value>, next_cursor: Option<String>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"data": data, "next_cursor": next_cursor}))
}

/// A page of a list that is ordered by id. A look for something without an index ends early; the cursor goes on from there, so a page may be short and
/// not the last.
pub fn page_of<Row, Id: Copy + ToString>(
    found: &Rows<Row, Id>,
    id_of: impl Fn(&Row) -> Id,
    view: impl Fn(&Row) -> Value,
) -> HttpResponse {
    let next = found.next(id_of).map(|id| id.to_string());
    list(found.rows.iter().map(view).collect(), next)
}

/// Reads a request's document: not JSON is 400, the wrong shape is 422.
pub fn parse<T: DeserializeOwned>(body: &web::Bytes) -> Result<T, ApiError> {
    let mut read = serde_json::Deserializer::from_slice(body);
    let document = read_from(&mut read)?;
    read.end()
        .map_err(|error| unreadable(String::new(), &error))?;
    Ok(document)
}

/// Reads a document that replaces what is there. What only we write, at these places, may stand in it: so what was read can be changed and sent back.
pub fn parse_replacing<T: DeserializeOwned>(
    body: &web::Bytes,
    read_only: &[&str],
) -> Result<T, ApiError> {
    let mut document: Value = parse(body)?;
    for place in read_only {
        let (parent, name) = place.rsplit_once('/').unwrap_or(("", place));
        if let Some(Value::Object(parent)) = document.pointer_mut(parent) {
            parent.remove(name);
        }
    }
    read_from(document)
}

fn read_from<'d, T: Deserialize<'d>>(
    document: impl Deserializer<'d, Error = serde_json::Error>,
) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let pointer = pointer_to(error.path());
        unreadable(pointer, &error.into_inner())
    })
}

fn unreadable(pointer: String, error: &serde_json::Error) -> ApiError {
    match error.classify() {
        serde_json::error::Category::Data => {
            ApiError::invalid(vec![Problem::wrong_shape(pointer, error)])
        }
        _ => ApiError::new(
            StatusCode::BAD_REQUEST,
            "not_json",
            format!("The body is not JSON: {error}."),
        ),
    }
}

/// Reads an id out of an address.
pub fn id<Id: FromStr>(text: &str, what: &str) -> Result<Id, ApiError> {
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
    name::checked(text).map_err(|message| Problem::new("/name", "bad_name", message))
}

/// A time as the API writes it.
pub fn time(at: Timestamp) -> Value {
    Value::from(at.to_string())
}

/// A time that may be missing.
pub fn maybe_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}
