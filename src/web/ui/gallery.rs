//! The gallery: starting points for common connections, from which the builder opens filled in.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::recipes::{RECIPES, Recipe, find};
use crate::web::admission::signed_in;
use crate::web::ui::connection_form::{ConnectionForm, NewDestination};
use crate::web::ui::page::{Page, PageError, render};

#[derive(Template)]
#[template(path = "connections/gallery.html")]
struct GalleryPage {
    page: Page,
    groups: Vec<(&'static str, Vec<&'static Recipe>)>,
}

pub async fn show(request: HttpRequest) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let mut groups: Vec<(&'static str, Vec<&'static Recipe>)> = Vec::new();
    for recipe in RECIPES {
        match groups
            .last_mut()
            .filter(|(group, _)| *group == recipe.group)
        {
            Some((_, recipes)) => recipes.push(recipe),
            None => groups.push((recipe.group, vec![recipe])),
        }
    }
    render(&GalleryPage {
        page: Page::new(&request, &user, "/connections", "Start from a template"),
        groups,
    })
}

/// The builder's form of a starting point.
pub fn form_of(id: &str) -> Option<ConnectionForm> {
    let recipe = find(id)?;
    let scheme = if recipe.checks_signature {
        "standard_webhooks"
    } else {
        "none"
    };
    Some(ConnectionForm {
        new_destination: NewDestination {
            scheme: scheme.into(),
            url_hint: recipe.url_hint,
            ..NewDestination::default()
        },
        ..ConnectionForm::with_rules(&recipe.rules())
    })
}
