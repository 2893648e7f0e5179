//! The one route table: Blue's door, probes, the API, the pages.

use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig, delete, get, post, put};

use crate::web::api::{
    self, connections, decide, deliveries, destinations, events, openapi, sources,
};
use crate::web::problem::ApiError;
use crate::web::{hooks, operations, ui};

/// Registers every route.
pub fn routes(config: &mut ServiceConfig) {
    config
        // A plain prefix: the hot path needs no pattern matching.
        .service(web::scope("/hooks").default_service(post().to(hooks::receive)))
        .route("/healthz", get().to(operations::alive))
        .route("/readyz", get().to(operations::ready))
        .route("/metrics", get().to(operations::metrics))
        .service(web::scope("/api/v1").configure(api_routes))
        .service(
            web::scope("")
                .wrap(from_fn(ui::headers::page_headers))
                .wrap(Compress::default())
                .configure(ui::routes),
        );
}

fn api_routes(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(api::BODY_LIMIT_BYTES))
        .app_data(web::QueryConfig::default().error_handler(|error, _| {
            ApiError::new(
                actix_web::http::StatusCode::BAD_REQUEST,
                "bad_query",
                format!("The query cannot be read: {error}."),
            )
            .into()
        }))
        .route("/openapi.json", get().to(openapi::show))
        .route("/sources", get().to(sources::index))
        .route("/sources", post().to(sources::create))
        .route("/sources/{id}", get().to(sources::show))
        .route("/sources/{id}", put().to(sources::replace))
        .route("/sources/{id}", delete().to(sources::delete))
        .route("/destinations", get().to(destinations::index))
        .route("/destinations", post().to(destinations::create))
        .route("/destinations/{id}", get().to(destinations::show))
        .route("/destinations/{id}", put().to(destinations::replace))
        .route("/destinations/{id}", delete().to(destinations::delete))
        .route("/destinations/{id}/pause", post().to(destinations::pause))
        .route("/destinations/{id}/resume", post().to(destinations::resume))
        .route("/connections", get().to(connections::index))
        .route("/connections", post().to(connections::create))
        .route("/connections/{id}", get().to(connections::show))
        .route("/connections/{id}", put().to(connections::replace))
        .route("/connections/{id}", delete().to(connections::delete))
        .route(
            "/connections/{id}/versions",
            get().to(connections::versions),
        )
        .route("/connections/{id}/dry-run", post().to(connections::dry_run))
        .route("/events", get().to(events::index))
        .route("/events/{id}", get().to(events::show))
        .route("/deliveries", get().to(deliveries::index))
        .route("/deliveries/{id}", get().to(deliveries::show))
        .route("/deliveries/{id}/resend", post().to(deliveries::resend))
        .route("/deliveries/{id}/discard", post().to(deliveries::discard))
        .route("/decide", post().to(decide::decide))
        .default_service(web::to(no_such_route));
}

async fn no_such_route() -> Result<actix_web::HttpResponse, ApiError> {
    let detail = "There is no such address or method; /api/v1/openapi.json lists them.";
    Err(ApiError::new(
        actix_web::http::StatusCode::NOT_FOUND,
        "no_such_route",
        detail,
    ))
}
