//! The pages: server-rendered, one file per resource, plain forms that work without scripts.
//!
//! The shape never varies: who is it, read the form, save through the same functions as the API, redirect; on a problem the same page
//! comes again with what was typed and what to mend.

pub mod assets;
pub mod connection_form;
pub mod connections;
pub mod deliveries;
pub mod destinations;
pub mod events;
pub mod form;
pub mod headers;
pub mod overview;
pub mod page;
pub mod session;
pub mod settings;
pub mod sources;
pub mod tree;

use actix_web::web::{self, ServiceConfig, get, post};

use crate::web::ui::form::FORM_LIMIT_BYTES;

/// Registers every page.
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(FORM_LIMIT_BYTES))
        .route("/static/{hash}/{name}", get().to(assets::show))
        .route("/setup", get().to(session::setup_page))
        .route("/setup", post().to(session::setup))
        .route("/login", get().to(session::login_page))
        .route("/login", post().to(session::login))
        .route("/logout", post().to(session::logout))
        .route("/", get().to(overview::show))
        .route("/sources", get().to(sources::index))
        .route("/sources", post().to(sources::create))
        .route("/sources/new", get().to(sources::new))
        .route("/sources/{id}", get().to(sources::show))
        .route("/sources/{id}", post().to(sources::save))
        .route("/sources/{id}/delete", post().to(sources::delete))
        .route("/destinations", get().to(destinations::index))
        .route("/destinations", post().to(destinations::create))
        .route("/destinations/new", get().to(destinations::new))
        .route("/destinations/{id}", get().to(destinations::show))
        .route("/destinations/{id}", post().to(destinations::save))
        .route("/destinations/{id}/edit", get().to(destinations::edit))
        .route("/destinations/{id}/pause", post().to(destinations::pause))
        .route("/destinations/{id}/resume", post().to(destinations::resume))
        .route("/destinations/{id}/test", post().to(destinations::test))
        .route("/destinations/{id}/delete", post().to(destinations::delete))
        .route("/connections", get().to(connections::index))
        .route("/connections", post().to(connections::create))
        .route("/connections/new", get().to(connections::new))
        .route("/connections/{id}", get().to(connections::show))
        .route("/connections/{id}", post().to(connections::save))
        .route("/connections/{id}/edit", get().to(connections::edit))
        .route("/connections/{id}/enable", post().to(connections::enable))
        .route("/connections/{id}/disable", post().to(connections::disable))
        .route(
            "/connections/{id}/duplicate",
            post().to(connections::duplicate),
        )
        .route("/connections/{id}/test", post().to(connections::test))
        .route("/connections/{id}/delete", post().to(connections::delete))
        .route("/events", get().to(events::index))
        .route("/events/{id}", get().to(events::show))
        .route("/deliveries", get().to(deliveries::index))
        .route("/deliveries/{id}", get().to(deliveries::show))
        .route("/deliveries/{id}/resend", post().to(deliveries::resend))
        .route("/deliveries/{id}/discard", post().to(deliveries::discard))
        .route("/settings", get().to(settings::show))
        .route("/settings/tokens", post().to(settings::create_token))
        .route(
            "/settings/tokens/{id}/revoke",
            post().to(settings::revoke_token),
        )
        .route("/settings/password", post().to(settings::change_password))
        .default_service(web::to(page::not_found));
}
