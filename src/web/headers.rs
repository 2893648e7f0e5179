//! Headers that every page and every answer of the API carries, errors included.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::web::Site;

/// Nothing from another host, no inline script or style, no frame, no base.
const PAGE_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; \
                        form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// An answer of the API is never a page.
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 6] = [
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Behind https, browsers come back by https only: for a year.
const HSTS: &str = "max-age=31536000";

/// Puts the headers on a page.
pub async fn page_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    with_headers(PAGE_CSP, request, next).await
}

/// Puts the headers on an answer of the API.
pub async fn api_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    with_headers(API_CSP, request, next).await
}

async fn with_headers<B: MessageBody>(
    csp: &'static str,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let is_secure = request
        .app_data::<web::Data<Site>>()
        .is_some_and(|site| site.is_secure());
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    put(headers, "content-security-policy", csp);
    for (name, value) in HEADERS {
        put(headers, name, value);
    }
    if is_secure {
        put(headers, "strict-transport-security", HSTS);
    }
    // Not kept by caches, unless they say so themselves.
    if !headers.contains_key("cache-control") {
        put(headers, "cache-control", "no-store");
    }
    Ok(response)
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &'static str) {
    headers.insert(
        HeaderName::from_static(name),
        HeaderValue::from_static(value),
    );
}
