//! Which headers may be added to a request, by a destination or by a connection's rules, and how long they may be.
//!
//! Called where such documents are read. What is already in the request by then, like the signature, is looked at by whoever puts it together.

/// Most headers that a destination, or a connection, may add.
pub const HEADERS_LIMIT: usize = 30;
/// Longest header value, in bytes.
pub const HEADER_VALUE_LIMIT_BYTES: usize = 4_096;

/// Headers that belong to the transport or to our signature and cannot be set.
const RESERVED: [&str; 9] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "upgrade",
    "te",
    "trailer",
    "user-agent",
    "expect",
];
const RESERVED_PREFIXES: [&str; 3] = ["webhook-", "proxy-", "bluebridge-"];

/// Why a header of this name cannot be added, as a code and a sentence; `None` when it can.
pub fn name_problem(name: &str) -> Option<(&'static str, String)> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || !name.chars().all(token) {
        return Some(("header_name", format!("`{name}` is not a header name.")));
    }
    let is_reserved = RESERVED.contains(&lower.as_str());
    if is_reserved || RESERVED_PREFIXES.iter().any(|one| lower.starts_with(one)) {
        return Some((
            "reserved_header",
            format!("`{name}` belongs to the transport or to the signature and cannot be set."),
        ));
    }
    None
}

/// That a value is too long for a header; `None` when it is not.
pub fn value_too_long(value: &str) -> Option<(&'static str, String)> {
    (value.len() > HEADER_VALUE_LIMIT_BYTES).then(|| {
        let message =
            format!("A header's value may have at most {HEADER_VALUE_LIMIT_BYTES} bytes.");
        ("header_too_long", message)
    })
}
