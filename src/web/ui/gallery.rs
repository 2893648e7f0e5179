//! The gallery: starting points for common connections, from which the builder opens filled in.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::recipes::{RECIPES, Recipe, find};
use crate::web::admission::signed_in;
use crate::web::ui::connection_form::{ConnectionForm, NewDestination};
use crate::web::ui::error::PageError;
use crate::web::ui::labels::group_name;
use crate::web::ui::page::{Page, render};

#[derive(Template)]
#[template(path = "connections/gallery.html")]
struct GalleryPage {
    page: Page,
    groups: Vec<(String, Vec<Entry>)>,
}

/// A starting point as the gallery shows it.
struct Entry {
    id: &'static str,
    title: String,
    summary: String,
}

impl Entry {
    fn new(recipe: &'static Recipe) -> Entry {
        Entry {
            id: recipe.id,
            title: told!("recipe-title-", recipe.id, recipe.title),
            summary: told!("recipe-summary-", recipe.id, recipe.summary),
        }
    }
}

pub async fn show(request: HttpRequest) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let mut groups: Vec<(&'static str, Vec<Entry>)> = Vec::new();
    for recipe in RECIPES {
        match groups
            .last_mut()
            .filter(|(group, _)| *group == recipe.group)
        {
            Some((_, entries)) => entries.push(Entry::new(recipe)),
            None => groups.push((recipe.group, vec![Entry::new(recipe)])),
        }
    }
    render(&GalleryPage {
        page: Page::new(
            &request,
            &user,
            "/connections",
            t!("connections-gallery-title"),
        ),
        groups: groups
            .into_iter()
            .map(|(group, entries)| (group_name(group), entries))
            .collect(),
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
        recipe: Some(recipe),
        new_destination: NewDestination {
            scheme: scheme.into(),
            ..NewDestination::of(recipe)
        },
        ..ConnectionForm::with_rules(&recipe.rules())
    })
}
