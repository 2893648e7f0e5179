//! The list of destinations, with how each fares.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::flow::Bridge;
use crate::store::counts::{Counts, Span};
use crate::web::admission::signed_in;
use crate::web::ui::asking::told_of_deletion;
use crate::web::ui::error::PageError;
use crate::web::ui::health_chip::chips;
use crate::web::ui::listing::Listing;
use crate::web::ui::page::{Page, render};
use crate::web::ui::row::Chip;

const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "destinations/list.html")]
struct ListPage {
    page: Page,
    listing: Listing,
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
    let (shown, listing) = Listing::of(
        &request,
        ("/destinations", t!("destinations-search")),
        bridge.store.destinations().await?,
        |one| one.id,
        |one| format!("{}\n{}", one.name, one.settings.host()),
    )?;
    let day = bridge
        .store
        .series(Span::Hour, bridge.clock.now_ms() - DAY_MS)
        .await?
        .by_destination();
    let waiting = bridge.store.waiting().await?;
    let none = Counts::default();
    let chips = chips(&bridge, &shown.iter().collect::<Vec<_>>(), &day).await?;
    let rows = shown.into_iter().zip(chips).map(|(destination, chip)| {
        let counts = day.get(&destination.id).unwrap_or(&none);
        DestinationRow {
            id: destination.id.to_string(),
            chip,
            host: destination.settings.host(),
            delivered: counts.delivered,
            failed: counts.failed,
            waiting: waiting.get(&destination.id).copied().unwrap_or(0),
            name: destination.name,
        }
    });
    let title = t!("shared-section-destinations");
    let mut page = Page::new(&request, &user, "/destinations", title);
    page.note = told_of_deletion(&request, &bridge, "destination").await?;
    render(&ListPage {
        page,
        listing,
        destinations: rows.collect(),
    })
}
