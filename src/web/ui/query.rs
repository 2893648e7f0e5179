//! What a page reads of its address.

use actix_web::HttpRequest;

/// One value of the query, the first of its name.
pub fn query_value(request: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
