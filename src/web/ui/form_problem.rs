//! What must be mended in a form, and at which of its fields; the form is shown again with it.

use actix_web::http::StatusCode;

use crate::domain::problem::{Problem, pointer_name};
use crate::web::phrases::retold;
use crate::web::problem::{ApiError, CHANGED_MEANWHILE};
use crate::web::ui::error::PageError;
use crate::web::ui::fields::Field;

/// A problem of a form: where, and what to do.
#[derive(Debug, Clone)]
pub struct FormProblem {
    /// Where in the document, as the API says it.
    pub place: String,
    /// Where in what stands there.
    pub position: String,
    /// The same place as the form shows it.
    pub field: Option<Field>,
    pub message: String,
    /// The page of what is saved, where that is to be looked at first.
    pub saved_at: Option<String>,
}

impl FormProblem {
    /// What it is called among those that stand at a place together.
    pub fn name_within(&self, place: &str) -> Option<String> {
        let name = self.place.strip_prefix(place)?.strip_prefix('/')?;
        Some(pointer_name(name))
    }

    /// A problem with one field.
    pub fn at(place: &str, message: impl AsRef<str>) -> FormProblem {
        FormProblem {
            place: place.into(),
            position: String::new(),
            field: Field::at(place),
            message: retold(message.as_ref()),
            saved_at: None,
        }
    }

    /// That somebody saved after this form was filled in.
    pub fn saved_meanwhile(page: &str) -> FormProblem {
        FormProblem {
            saved_at: Some(page.into()),
            ..FormProblem::plain(t!("shared-saved-meanwhile"))
        }
    }

    /// A problem with the form as a whole.
    pub fn plain(message: impl AsRef<str>) -> FormProblem {
        FormProblem::at("", message)
    }
}

impl From<&Problem> for FormProblem {
    fn from(problem: &Problem) -> FormProblem {
        let at = problem
            .position
            .map(|position| format!(" {}", t!("shared-at-character", position = position + 1)))
            .unwrap_or_default();
        FormProblem {
            position: at,
            ..FormProblem::at(problem.pointer.trim_start_matches('/'), &problem.message)
        }
    }
}

/// What a form must show of an error, or the error when it is not about the form.
pub fn mendable(error: ApiError) -> Result<Vec<FormProblem>, PageError> {
    match error.status {
        StatusCode::UNPROCESSABLE_ENTITY if !error.problems.is_empty() => {
            Ok(error.problems.iter().map(FormProblem::from).collect())
        }
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT | StatusCode::BAD_REQUEST => {
            Ok(vec![FormProblem::plain(error.detail)])
        }
        _ => Err(error.into()),
    }
}

/// The same of a form that edits what has a page.
pub fn mendable_of(error: ApiError, page: &str) -> Result<Vec<FormProblem>, PageError> {
    match error.code {
        CHANGED_MEANWHILE => Ok(vec![FormProblem::saved_meanwhile(page)]),
        _ => mendable(error),
    }
}
