//! What a page reads of its address.

use actix_web::HttpRequest;

/// One value of the query, the first of its name.
pub fn query_value(request: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Every value of this name in the query.
pub fn query_values(request: &HttpRequest, name: &str) -> Vec<String> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// One value without blanks around it; empty when it is not there.
pub fn query_text(request: &HttpRequest, name: &str) -> String {
    let value = query_value(request, name).unwrap_or_default();
    value.trim().to_string()
}

/// A text that narrows a list; an empty one does not.
pub fn filled(text: &str) -> Option<String> {
    Some(text.to_string()).filter(|text| !text.is_empty())
}
