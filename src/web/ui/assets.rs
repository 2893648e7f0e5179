//! Static files, embedded in the binary and served under their content's hash, so that browsers keep them for ever.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// Hex digits of the hash in an address.
const HASH_CHARS: usize = 16;

/// The address of a file.
pub fn href(name: &str) -> String {
    let hash = Files::get(name).map(|file| hex::encode(file.metadata.sha256_hash()));
    let hash = hash
        .as_deref()
        .and_then(|hash| hash.get(..HASH_CHARS))
        .unwrap_or("0");
    format!("/static/{hash}/{name}")
}

pub async fn show(path: web::Path<(String, String)>) -> HttpResponse {
    let Some(file) = Files::get(&path.1) else {
        return HttpResponse::NotFound().finish();
    };
    let kind = match path.1.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(file.data.into_owned())
}
