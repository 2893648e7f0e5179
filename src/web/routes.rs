//! The one route table: Blue's door, probes, the API, the pages. Each line names the role it needs.
//!
//! What is registered is what the tables say and nothing else; `tests/it/sweep.rs` walks the same tables.

use actix_web::HttpRequest;
use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig};

use crate::domain::person::Role::{Editor, Owner, Viewer};
use crate::web::admission::Access::Anybody;
use crate::web::api::{
    self, audit, connections, decide, deliveries, destinations, events, openapi, replays, sources,
};
use crate::web::headers::{api_headers, page_headers};
use crate::web::problem::ApiError;
use crate::web::route::{Entry, ask, delete, get, of_method, post, put};
use crate::web::ui::form::FORM_LIMIT_BYTES;
use crate::web::{body, hooks, operations, reader, ui};

/// Where the API begins.
pub const API_PREFIX: &str = "/api/v1";

/// Registers every route.
pub fn routes(config: &mut ServiceConfig) {
    config
        // A plain prefix: the hot path needs no pattern matching.
        .service(web::scope("/hooks").default_service(web::to(hooks::receive)))
        .service(web::resource("/healthz").route(of_method(Method::GET).to(operations::alive)))
        .service(web::resource("/readyz").route(of_method(Method::GET).to(operations::ready)))
        .service(web::resource("/metrics").route(of_method(Method::GET).to(operations::metrics)))
        .service(
            web::scope(API_PREFIX)
                .wrap(from_fn(body::bounded))
                .wrap(from_fn(api_headers))
                .configure(register_api),
        )
        .service(
            web::scope("")
                .wrap(from_fn(body::bounded_form))
                .wrap(from_fn(page_headers))
                .wrap(from_fn(reader::of_browser))
                .wrap(Compress::default())
                .configure(register_pages),
        );
}

fn register_api(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(api::BODY_LIMIT_BYTES))
        .default_service(web::to(no_such_route));
    for entry in api() {
        entry.api(config);
    }
}

fn register_pages(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(FORM_LIMIT_BYTES))
        .default_service(web::to(ui::error::not_found));
    for entry in pages() {
        entry.page(config);
    }
}

/// The API, below [`API_PREFIX`].
pub fn api() -> Vec<Entry> {
    vec![
        get("/openapi.json", Anybody, openapi::show),
        get("/sources", Viewer, sources::index),
        post("/sources", Editor, sources::create),
        get("/sources/{id}", Viewer, sources::show),
        put("/sources/{id}", Editor, sources::replace),
        delete("/sources/{id}", Editor, sources::delete),
        get("/destinations", Viewer, destinations::index),
        post("/destinations", Editor, destinations::create),
        get("/destinations/{id}", Viewer, destinations::show),
        put("/destinations/{id}", Editor, destinations::replace),
        delete("/destinations/{id}", Editor, destinations::delete),
        post("/destinations/{id}/pause", Editor, destinations::pause),
        post("/destinations/{id}/resume", Editor, destinations::resume),
        post("/destinations/{id}/try-now", Editor, destinations::try_now),
        post("/destinations/{id}/test", Editor, destinations::test),
        post(
            "/destinations/{id}/rotate-secret",
            Editor,
            destinations::rotate_secret,
        ),
        get("/connections", Viewer, connections::index),
        post("/connections", Editor, connections::create),
        get("/connections/{id}", Viewer, connections::show),
        put("/connections/{id}", Editor, connections::replace),
        delete("/connections/{id}", Editor, connections::delete),
        get("/connections/{id}/versions", Viewer, connections::versions),
        ask("/connections/{id}/dry-run", Viewer, connections::dry_run),
        get("/events", Viewer, events::index),
        get("/events/{id}", Viewer, events::show),
        post("/events/{id}/send", Editor, events::send),
        get("/deliveries", Viewer, deliveries::index),
        get("/deliveries/{id}", Viewer, deliveries::show),
        post("/deliveries/{id}/resend", Editor, deliveries::resend),
        post("/deliveries/{id}/try-now", Editor, deliveries::try_now),
        post("/deliveries/{id}/discard", Editor, deliveries::discard),
        get("/replays", Viewer, replays::index),
        post("/replays", Editor, replays::create),
        get("/replays/{id}", Viewer, replays::show),
        post("/replays/{id}/cancel", Editor, replays::cancel),
        ask("/decide", Viewer, decide::decide),
        get("/audit", Owner, audit::index),
    ]
}

/// The pages and their forms.
pub fn pages() -> Vec<Entry> {
    vec![
        get("/static/{hash}/{name}", Anybody, ui::assets::show),
        get("/setup", Anybody, ui::session::setup_page),
        post("/setup", Anybody, ui::session::setup),
        get("/login", Anybody, ui::session::login_page),
        post("/login", Anybody, ui::session::login),
        post("/logout", Anybody, ui::session::logout),
        post("/language", Anybody, ui::language::choose),
        get("/", Viewer, ui::overview::show),
        get("/sources", Viewer, ui::sources::index),
        post("/sources", Editor, ui::sources::create),
        get("/sources/new", Editor, ui::sources::new),
        get("/sources/{id}", Viewer, ui::sources::show),
        post("/sources/{id}", Editor, ui::sources::save),
        post("/sources/{id}/delete", Editor, ui::sources::delete),
        get("/destinations", Viewer, ui::destination_list::index),
        post("/destinations", Editor, ui::destinations::create),
        get("/destinations/new", Editor, ui::destinations::new),
        get("/destinations/{id}", Viewer, ui::destinations::show),
        post("/destinations/{id}", Editor, ui::destinations::save),
        get("/destinations/{id}/edit", Editor, ui::destinations::edit),
        post("/destinations/{id}/pause", Editor, ui::destinations::pause),
        post(
            "/destinations/{id}/resume",
            Editor,
            ui::destinations::resume,
        ),
        post(
            "/destinations/{id}/try-now",
            Editor,
            ui::destinations::try_now,
        ),
        post("/destinations/{id}/test", Editor, ui::destinations::test),
        post(
            "/destinations/{id}/rotate-secret",
            Editor,
            ui::destinations::rotate_secret,
        ),
        post(
            "/destinations/{id}/delete",
            Editor,
            ui::destinations::delete,
        ),
        get("/connections", Viewer, ui::connections::index),
        post("/connections", Editor, ui::connection_builder::create),
        get("/connections/new", Editor, ui::connection_builder::new),
        ask(
            "/connections/live",
            Editor,
            ui::connection_builder::live_parts,
        ),
        get(
            "/connections/newest",
            Viewer,
            ui::connection_builder::newest,
        ),
        get("/connections/gallery", Editor, ui::gallery::show),
        get(
            "/connections/export",
            Editor,
            ui::connection_transfer::export_all,
        ),
        get(
            "/connections/import",
            Editor,
            ui::connection_transfer::import_page,
        ),
        post(
            "/connections/import",
            Editor,
            ui::connection_transfer::import,
        ),
        get("/connections/{id}", Viewer, ui::connections::show),
        post("/connections/{id}", Editor, ui::connection_builder::save),
        get(
            "/connections/{id}/edit",
            Editor,
            ui::connection_builder::edit,
        ),
        get(
            "/connections/{id}/export",
            Editor,
            ui::connection_transfer::export_one,
        ),
        get(
            "/connections/{id}/versions/{number}",
            Viewer,
            ui::connection_versions::show,
        ),
        post(
            "/connections/{id}/versions/{number}/restore",
            Editor,
            ui::connection_versions::restore,
        ),
        post("/connections/{id}/enable", Editor, ui::connections::enable),
        post(
            "/connections/{id}/disable",
            Editor,
            ui::connections::disable,
        ),
        post(
            "/connections/{id}/duplicate",
            Editor,
            ui::connections::duplicate,
        ),
        post("/connections/{id}/test", Editor, ui::connections::test),
        post("/connections/{id}/delete", Editor, ui::connections::delete),
        get("/events", Viewer, ui::events::index),
        get("/events/{id}", Viewer, ui::events::show),
        post("/events/{id}/send", Editor, ui::events::send),
        get("/deliveries", Viewer, ui::log::index),
        get("/deliveries/tail", Viewer, ui::tail::show),
        get("/deliveries/export", Viewer, ui::export::show),
        post(
            "/deliveries/resend",
            Editor,
            ui::deliveries::resend_selected,
        ),
        get("/deliveries/{id}", Viewer, ui::deliveries::show),
        post("/deliveries/{id}/resend", Editor, ui::deliveries::resend),
        post("/deliveries/{id}/try-now", Editor, ui::deliveries::try_now),
        post("/deliveries/{id}/discard", Editor, ui::deliveries::discard),
        get("/replays", Viewer, ui::replays::index),
        post("/replays", Editor, ui::replays::create),
        get("/replays/new", Editor, ui::replays::new),
        get("/replays/{id}", Viewer, ui::replays::show),
        post("/replays/{id}/cancel", Editor, ui::replays::cancel),
        get("/login/code", Anybody, ui::session::code_page),
        post("/login/code", Anybody, ui::session::code),
        get("/invite/{token}", Anybody, ui::session::invite_page),
        post("/invite/{token}", Anybody, ui::session::accept_invite),
        get("/settings", Viewer, ui::account::show),
        post("/settings/reading", Viewer, ui::language::save),
        post("/settings/name", Viewer, ui::account::rename),
        post("/settings/password", Viewer, ui::account::change_password),
        post(
            "/settings/sessions/end-others",
            Viewer,
            ui::account::end_other_sessions,
        ),
        post(
            "/settings/sessions/{id}/end",
            Viewer,
            ui::account::end_session,
        ),
        get(
            "/settings/second-factor",
            Viewer,
            ui::account::second_factor,
        ),
        post(
            "/settings/second-factor/begin",
            Viewer,
            ui::account::begin_second_factor,
        ),
        post(
            "/settings/second-factor/confirm",
            Viewer,
            ui::account::confirm_second_factor,
        ),
        get(
            "/settings/second-factor/codes",
            Viewer,
            ui::account::recovery_codes,
        ),
        post(
            "/settings/second-factor/codes",
            Viewer,
            ui::account::new_recovery_codes,
        ),
        post(
            "/settings/second-factor/off",
            Viewer,
            ui::account::remove_second_factor,
        ),
        get("/settings/people", Owner, ui::people::index),
        post("/settings/people/invite", Owner, ui::people::invite),
        post(
            "/settings/people/invites/{id}/withdraw",
            Owner,
            ui::people::withdraw_invite,
        ),
        post("/settings/people/{id}/role", Owner, ui::people::change_role),
        post(
            "/settings/people/{id}/deactivate",
            Owner,
            ui::people::deactivate,
        ),
        post(
            "/settings/people/{id}/activate",
            Owner,
            ui::people::activate,
        ),
        post("/settings/people/{id}/remove", Owner, ui::people::remove),
        post(
            "/settings/people/{id}/reset-second-factor",
            Owner,
            ui::people::reset_second_factor,
        ),
        get("/settings/tokens", Owner, ui::tokens::index),
        post("/settings/tokens", Owner, ui::tokens::create),
        post("/settings/tokens/{id}/revoke", Owner, ui::tokens::revoke),
        get("/settings/audit", Owner, ui::audit::index),
        get("/settings/nodes", Viewer, ui::nodes::index),
    ]
}

async fn no_such_route(request: HttpRequest) -> Result<actix_web::HttpResponse, ApiError> {
    let path = request.path().strip_prefix(API_PREFIX).unwrap_or_default();
    let there = |entry: &Entry| ResourceDef::new(entry.path).is_match(path);
    let methods: Vec<Method> = api()
        .into_iter()
        .filter(there)
        .map(|entry| entry.method)
        .collect();
    if !methods.is_empty() {
        return Err(ApiError::method_not_allowed(&methods));
    }
    let detail = "There is no such address; /api/v1/openapi.json lists them.";
    Err(ApiError::new(
        actix_web::http::StatusCode::NOT_FOUND,
        "no_such_route",
        detail,
    ))
}
