//! Words of a starting point or a service that stand for what is a person's own, and that were left as they are: such a form is not saved.
//!
//! Called by the builder and by the form of a destination. The API takes them: whoever writes to it was given none.

use serde_json::Value;

use crate::domain::{recipes, services};
use crate::web::ui::fields::Field;
use crate::web::ui::form_problem::FormProblem;

/// Those that a mapping still has.
pub fn in_mapping(mapping: &Value) -> Vec<FormProblem> {
    recipes::left_in(mapping)
        .into_iter()
        .map(|(place, word)| FormProblem::at(&place, said(word)))
        .collect()
}

/// Those that a destination's address and headers still have.
pub fn in_destination(url: &str, headers: &[(String, String)]) -> Vec<FormProblem> {
    let of_url = services::left_in_url(url)
        .into_iter()
        .map(|word| FormProblem::at("config/url", said(word)));
    let of_headers = headers
        .iter()
        .enumerate()
        .filter_map(|(index, (name, value))| {
            let word = services::left_in_header(name, value)?;
            Some(FormProblem {
                field: Some(Field {
                    id: format!("header_value-{index}"),
                    label: name.clone(),
                }),
                ..FormProblem::plain(said(word))
            })
        });
    of_url.chain(of_headers).collect()
}

/// What is to be done about one.
pub fn said(word: &str) -> String {
    t!("shared-placeholder", word = word)
}
