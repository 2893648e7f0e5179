//! A posted form: read once by `admission`, its mark checked before anything else is looked at.

use actix_web::{HttpMessage as _, HttpRequest};

use crate::web::auth::check_mark;
use crate::web::problem::ApiError;

/// Largest form, in bytes.
pub const FORM_LIMIT_BYTES: usize = 2 << 20;

/// The fields of a form in their order; a name may come several times.
#[derive(Debug, Clone)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the form and refuses one that was not made for this visitor.
    pub fn read(request: &HttpRequest, body: &[u8]) -> Result<Form, ApiError> {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let form = Form(fields);
        check_mark(request, form.value("csrf"))?;
        Ok(form)
    }

    /// The form that was read and checked before the handler was called.
    pub fn of(request: &HttpRequest) -> Result<Form, ApiError> {
        let form = request.extensions().get::<Form>().cloned();
        form.ok_or_else(|| ApiError::internal(&"a form was asked for where none is posted"))
    }

    /// All fields with their values.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// The first value of a field.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a field without blanks around it; empty when it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.value(name).unwrap_or_default().trim()
    }

    /// Every value of a field.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Whether a box is ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A list written with commas.
    pub fn comma_list(&self, name: &str) -> Vec<String> {
        comma_separated(self.text(name))
            .map(str::to_string)
            .collect()
    }
}

/// The entries of a list that is written with commas.
pub fn comma_separated(text: &str) -> impl Iterator<Item = &str> {
    let entries = text.split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty())
}
