//! The pages.

pub mod headers;

use actix_web::web::ServiceConfig;

/// Registers every page.
pub fn routes(_config: &mut ServiceConfig) {}
