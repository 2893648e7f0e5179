//! The list of destinations, with how each fares.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::id::DestinationId;
use crate::flow::Bridge;
use crate::store::counts::{Counts, Span};
use crate::web::admission::signed_in;
use crate::web::ui::asking::told_of_deletion;
use crate::web::ui::destinations::{chip_of, health_chip, is_idle};
use crate::web::ui::error::PageError;
use crate::web::ui::page::{Page, render};
use crate::web::ui::row::Chip;

const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "destinations/list.html")]
struct ListPage {
    page: Page,
    destinations: Vec<DestinationRow>,
}

struct DestinationRow {
    id: String,
    name: String,
    chip: Chip,
    host: String,
    delivered: i64,
    failed: i64,
    waiting: i64,
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let day = bridge
        .store
        .series(Span::Hour, bridge.clock.now_ms() - DAY_MS)
        .await?
        .by_destination();
    let waiting = bridge.store.waiting().await?;
    let none = Counts::default();
    let saved = bridge.store.destinations().await?;
    let counts_of = |id: DestinationId| day.get(&id).unwrap_or(&none);
    let ended = |id| counts_of(id).delivered + counts_of(id).failed;
    let idle = saved.iter();
    let idle = idle.filter(|one| is_idle(&health_chip(one), ended(one.id)));
    let tried = bridge.store.tried(idle.map(|one| one.id).collect()).await?;
    let mut destinations = Vec::new();
    for destination in saved {
        let counts = counts_of(destination.id);
        destinations.push(DestinationRow {
            id: destination.id.to_string(),
            chip: chip_of(&destination, ended(destination.id), &tried),
            host: destination.settings.host(),
            delivered: counts.delivered,
            failed: counts.failed,
            waiting: waiting.get(&destination.id).copied().unwrap_or(0),
            name: destination.name,
        });
    }
    let title = t!("shared-section-destinations");
    let mut page = Page::new(&request, &user, "/destinations", title);
    page.note = told_of_deletion(&request, &bridge).await?;
    render(&ListPage { page, destinations })
}
