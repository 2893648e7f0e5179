//! Errors as RFC 9457 problem details: one place that turns what went wrong into a status, a stable code and a sentence.
//!
//! What only the operator may see is logged here and replaced by a plain sentence.

use actix_web::http::header::{ALLOW, ContentType, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::domain::event::ReadError;
use crate::domain::problem::Problem;
use crate::flow::ingest::IngestError;
use crate::flow::past::PastError;
use crate::flow::turn::TurnError;
use crate::store::error::{StoreError, TEXT_LIMIT_CHARS};

/// How long a client should wait when the store cannot take more, in seconds.
const RETRY_AFTER_S: u32 = 2;

/// Longest sentence or place of an error, in characters. Sentences repeat what was sent, which may be a megabyte.
const WORDS_LIMIT_CHARS: usize = 600;

/// An error on its way to a client.
#[derive(Debug)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: &'static str,
    pub detail: String,
    /// What is wrong with a document, place by place.
    pub problems: Vec<Problem>,
    /// The methods that the address takes, when it does not take this one.
    allow: Option<String>,
}

impl ApiError {
    /// An error with a status, a stable code and a sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> ApiError {
        ApiError {
            status,
            code,
            detail: cut(detail.into()),
            problems: Vec::new(),
            allow: None,
        }
    }

    /// The address is there, but not for this method.
    pub fn method_not_allowed(allowed: &[Method]) -> ApiError {
        let allow: Vec<&str> = allowed.iter().map(Method::as_str).collect();
        let allow = allow.join(", ");
        let detail = format!("This address takes {allow} only.");
        ApiError {
            allow: Some(allow),
            ..ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        }
    }

    /// A document that cannot be accepted, with every problem found.
    pub fn invalid(mut problems: Vec<Problem>) -> ApiError {
        for problem in &mut problems {
            problem.pointer = cut(std::mem::take(&mut problem.pointer));
            problem.message = cut(std::mem::take(&mut problem.message));
        }
        let detail = match problems.first() {
            Some(first) if first.pointer.is_empty() => first.message.clone(),
            Some(first) => format!("{}: {}", first.pointer, first.message),
            None => "The document cannot be accepted.".into(),
        };
        ApiError {
            problems,
            ..ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
        }
    }

    /// In how many seconds a client should come again, when it should.
    pub fn retry_after_s(&self) -> Option<u32> {
        (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_S)
    }

    /// Something of ours failed: logged, and said without details.
    pub fn internal(error: &dyn std::fmt::Display) -> ApiError {
        tracing::error!(%error, "a request failed");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something failed on our side; the server's log says what.",
        )
    }
}

/// A text that may repeat what was sent, at a length that is read.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(WORDS_LIMIT_CHARS) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if !self.problems.is_empty() {
            body["problems"] = json!(self.problems);
        }
        let mut response = HttpResponse::build(self.status);
        if let Some(wait_s) = self.retry_after_s() {
            response.insert_header((RETRY_AFTER, wait_s.to_string()));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((ALLOW, allow.as_str()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header(("www-authenticate", "Bearer"));
        }
        response
            .insert_header(ContentType(
                "application/problem+json"
                    .parse()
                    .unwrap_or(actix_web::mime::APPLICATION_JSON),
            ))
            .body(body.to_string())
    }
}

/// The code of a change that was refused since another one came in between.
pub const CHANGED_MEANWHILE: &str = "changed_meanwhile";

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        match error {
            StoreError::NotFound(what) => ApiError::new(
                StatusCode::NOT_FOUND,
                "not_found",
                format!("There is no such {what}."),
            ),
            StoreError::Conflict(sentence) => {
                ApiError::new(StatusCode::CONFLICT, "conflict", sentence)
            }
            StoreError::TextTooLong => ApiError::new(
                StatusCode::BAD_REQUEST,
                "text_too_long",
                format!("A text of at most {TEXT_LIMIT_CHARS} characters can be looked for."),
            ),
            StoreError::Outdated => ApiError::new(
                StatusCode::CONFLICT,
                CHANGED_MEANWHILE,
                "This was changed by somebody else at the same time; look at it again and repeat your change.",
            ),
            StoreError::Busy | StoreError::Closed | StoreError::Unavailable(_) => {
                tracing::warn!(%error, "the store cannot take more now");
                ApiError::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "busy",
                    "This cannot be stored now; try again shortly.",
                )
            }
            // A disk that is full or a lock that is held passes; Blue and clients shall come again.
            StoreError::Database(_) if !error.is_constraint() => {
                tracing::error!(%error, "the database failed");
                ApiError::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "not_stored",
                    "This cannot be stored now; try again shortly.",
                )
            }
            other => ApiError::internal(&other),
        }
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> ApiError {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            error.code(),
            format!("Sent as an event, but {error}."),
        )
    }
}

impl From<TurnError> for ApiError {
    fn from(error: TurnError) -> ApiError {
        match error {
            TurnError::Busy => {
                ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", error.to_string())
            }
            TurnError::CutOff => ApiError::internal(&error),
        }
    }
}

impl From<PastError> for ApiError {
    fn from(error: PastError) -> ApiError {
        match error {
            PastError::Store(error) => error.into(),
            PastError::Turn(error) => error.into(),
        }
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> ApiError {
        match error {
            IngestError::Unreadable(error) => error.into(),
            IngestError::Store(error) => error.into(),
        }
    }
}
