//! Words of a starting point or a service that stand for what is a person's own, and that were left as they are: such a form is not saved.
//!
//! Called by the builder and by the form of a destination. The API takes them: whoever writes to it was given none.

use serde_json::Value;

use crate::domain::recipes::{self, Recipe};
use crate::domain::services;
use crate::web::ui::fields::Field;
use crate::web::ui::form_problem::FormProblem;

/// Those of a starting point that a mapping still has.
pub fn of_recipe(recipe: &Recipe, mapping: &Value) -> Vec<FormProblem> {
    let given = recipes::left_in(&recipe.rules().mapping);
    let is_given = |word: &str| given.iter().any(|(_, other)| *other == word);
    recipes::left_in(mapping)
        .into_iter()
        .filter(|(_, word)| is_given(word))
        .map(|(place, word)| FormProblem::at(&place, said(word)))
        .collect()
}

/// Those that a mapping seems to have, each said once: elsewhere than in a starting point such a word may be meant.
pub fn in_mapping(mapping: &Value) -> Vec<String> {
    let mut words: Vec<&str> = recipes::left_in(mapping)
        .into_iter()
        .map(|(_, word)| word)
        .collect();
    words.sort_unstable();
    words.dedup();
    words.into_iter().map(said).collect()
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
