//! What a mapping adds to the request: a path behind the destination's own, names in its query, and headers, each a template of one line.
//!
//! Made together with the body by [`super::Mapping::apply`], in every mode, and put into the request by `outbound`. Nothing that an event holds
//! leads a request elsewhere: a value in the path is written as one part of it, whatever signs it has, and scheme, host and port are not for here.
//! A value that is missing or null fails the mapping: an address with a hole in it is another address. A mail has neither path nor headers:
//! what was made of this is left out there.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::{self, byte_serialize};

use crate::domain::header::{HEADERS_LIMIT, name_problem, value_too_long};
use crate::domain::mapping::MappingError;
use crate::domain::mapping::tags::{Part, parts};
use crate::domain::mapping::template::{Apart, PartTemplate, Piece, TemplateProblem};
use crate::domain::problem::{Problem, pointer_part};

/// Most names that a mapping may add to the query.
pub const QUERY_LIMIT: usize = 30;
/// Longest path and query that a mapping may make, together and encoded, in bytes.
pub const TARGET_LIMIT_BYTES: usize = 8 * 1024;

/// Headers that carry credentials, which a destination keeps sealed.
const CREDENTIALS: [&str; 2] = ["authorization", "cookie"];
/// What may stand in a path beside letters and digits. A `%` begins what is encoded already.
const PATH_SIGNS: &str = "-._~!$&'()*+,;=:@%/";

/// What is added to a request, as a person wrote it.
#[derive(Debug, Clone)]
pub struct RequestTemplate {
    path: Option<PathTemplate>,
    query: Vec<(String, PartTemplate)>,
    headers: Vec<(String, PartTemplate)>,
}

#[derive(Debug, Clone)]
struct PathTemplate {
    template: PartTemplate,
    /// It is meant to end with a slash.
    ends_open: bool,
}

/// What is added to the request of one event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RequestParts {
    /// Encoded, and without the slash before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(serialize_with = "as_object")]
    pub query: Vec<(String, String)>,
    #[serde(serialize_with = "as_object")]
    pub headers: Vec<(String, String)>,
}

impl RequestTemplate {
    /// Reads the document; `None` when it adds nothing, or when there are problems.
    pub(super) fn parse(document: &Value, problems: &mut Vec<Problem>) -> Option<RequestTemplate> {
        let Some(members) = document.as_object() else {
            if !document.is_null() {
                problems.push(wrong_shape("/request"));
            }
            return None;
        };
        let known = ["path", "query", "headers"];
        let unknown = members.keys().filter(|key| !known.contains(&key.as_str()));
        problems.extend(unknown.map(|key| {
            let message =
                format!("A request has `path`, `query` and `headers`; `{key}` is not one of them.");
            Problem::new(
                format!("/request/{}", pointer_part(key)),
                "unknown_key",
                message,
            )
        }));
        let path = members.get("path").filter(|path| !path.is_null());
        let query = named(members.get("query"), "/request/query", problems);
        let headers = named(members.get("headers"), "/request/headers", problems);
        let mut request = RequestTemplate {
            path: path.and_then(|path| parse_path(path, problems)),
            query: parse_query(query, problems),
            headers: parse_headers(headers, problems),
        };
        request.share_fuel();
        let adds =
            request.path.is_some() || !request.query.is_empty() || !request.headers.is_empty();
        adds.then_some(request)
    }

    /// Gives each template its share of what those of the request may take together, which is as much as those of the body.
    fn share_fuel(&mut self) {
        let count = self.templates().count();
        let path = self.path.as_mut().map(|path| &mut path.template);
        let named = self.query.iter_mut().chain(&mut self.headers);
        for template in path.into_iter().chain(named.map(|(_, template)| template)) {
            template.share_fuel(count);
        }
    }

    /// Each with its place in the document.
    fn templates(&self) -> impl Iterator<Item = (String, &PartTemplate)> {
        let place = |kind: &str, name: &str| format!("/request/{kind}/{}", pointer_part(name));
        let path = self.path.iter();
        let path = path.map(|path| ("/request/path".to_string(), &path.template));
        let query = self.query.iter();
        let query = query.map(move |(name, template)| (place("query", name), template));
        let headers = self.headers.iter();
        let headers = headers.map(move |(name, template)| (place("headers", name), template));
        path.chain(query).chain(headers)
    }

    /// What nobody can mean although it can be read.
    pub(super) fn unfit(&self) -> Vec<Problem> {
        let templates = self.templates();
        templates
            .filter_map(|(place, template)| template.unfit(&place))
            .collect()
    }

    /// What is added to the request of this event.
    pub(super) fn render(&self, document: &Value) -> Result<RequestParts, MappingError> {
        let event = Apart::new(document);
        let path = self.path.as_ref().map(|path| {
            let rendered = path.render(&event);
            rendered.map_err(|error| with_paths(error, &path.template, document))
        });
        let plain = |template: &PartTemplate| {
            plain(template, &event).map_err(|error| with_paths(error, template, document))
        };
        let parts = RequestParts {
            path: path.transpose()?,
            query: each(&self.query, "query", plain)?,
            headers: each(&self.headers, "headers", |template| {
                header_value(plain(template)?)
            })?,
        };
        if parts.target_bytes() <= TARGET_LIMIT_BYTES {
            return Ok(parts);
        }
        let message = format!(
            "Path and query may have at most {TARGET_LIMIT_BYTES} bytes together, their letters encoded."
        );
        Err(MappingError::new("url_too_long", "request", message))
    }
}

impl PathTemplate {
    fn render(&self, event: &Apart) -> Result<String, MappingError> {
        let fail = |error: MappingError| MappingError {
            path: "request.path".into(),
            ..error
        };
        let path = self.template.render(event, in_path).map_err(fail)?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        match self.wrong_in(path) {
            Some((code, message)) => Err(fail(MappingError::new(code, "", message))),
            None => Ok(path.to_string()),
        }
    }

    /// Why a path would not lead to where its template says.
    fn wrong_in(&self, path: &str) -> Option<(&'static str, &'static str)> {
        let mut segments = path.split('/').peekable();
        while let Some(segment) = segments.next() {
            let is_end = segments.peek().is_none();
            if segment.is_empty() && !(is_end && self.ends_open && !path.is_empty()) {
                return Some(("path_empty", EMPTY));
            }
            let dots = segment.to_ascii_lowercase().replace("%2e", ".");
            if [".", ".."].contains(&dots.as_str()) {
                let message = "A part of the path is `.` or `..`, which leads elsewhere.";
                return Some(("path_leaves", message));
            }
        }
        None
    }
}

/// The code for a value that is missing or null.
const NO_VALUE: &str = "value_missing";

/// What is said of a path with nothing where a value was meant.
const EMPTY: &str = "A part of the path is empty, so that it would lead elsewhere.";

impl RequestParts {
    /// The address with path and query added: the destination's own come first.
    pub fn added_to(&self, url: &Url) -> Url {
        let mut url = url.clone();
        if let Some(path) = &self.path {
            let whole = format!("{}/{path}", url.path().trim_end_matches('/'));
            url.set_path(&whole);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    /// What it takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let named = self.query.iter().chain(&self.headers);
        let named: usize = named.map(|(name, value)| name.len() + value.len()).sum();
        self.path.as_ref().map_or(0, String::len) + named
    }

    fn target_bytes(&self) -> usize {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        self.path.as_ref().map_or(0, String::len) + query.finish().len()
    }
}

/// The members of `query` or `headers`.
fn named<'d>(
    document: Option<&'d Value>,
    place: &str,
    problems: &mut Vec<Problem>,
) -> Option<&'d Map<String, Value>> {
    let document = document.filter(|document| !document.is_null())?;
    if !document.is_object() {
        problems.push(wrong_shape(place));
    }
    document.as_object()
}

fn wrong_shape(place: &str) -> Problem {
    let message =
        "A request is an object with `path`, a text, and `query` and `headers`, objects of texts.";
    Problem::new(place, "wrong_shape", message)
}

fn parse_path(path: &Value, problems: &mut Vec<Problem>) -> Option<PathTemplate> {
    let place = "/request/path";
    let text = line(path, place, problems)?.trim();
    if text.trim_matches('/').is_empty() {
        let message = "Write what is added to the address, like /items/5, or leave `path` out.";
        problems.push(Problem::new(place, "empty", message));
        return None;
    }
    if text.contains("://") {
        let message = "Scheme and host stand in the destination; here stands what is added behind its address, like /items/5.";
        problems.push(Problem::new(place, "not_a_path", message));
        return None;
    }
    let ends_early =
        |part: &Part<'_>| matches!(part, Part::Text(text) if text.contains(['?', '#', '\\']));
    if parts(text).iter().any(ends_early) {
        let message = "`?`, `#` and `\\` have no place in a path; names and values of the query stand under `query`.";
        problems.push(Problem::new(place, "not_a_path", message));
        return None;
    }
    let path = PathTemplate {
        template: template(text, place, problems)?,
        ends_open: text.ends_with('/'),
    };
    // The same whatever the event holds, it is known now.
    let is_fixed = |part: &Part<'_>| matches!(part, Part::Text(_));
    if parts(text).iter().all(is_fixed)
        && let Err(error) = path.render(&Apart::new(&Value::Null))
    {
        problems.push(Problem::new(place, error.code, error.message));
        return None;
    }
    Some(path)
}

fn parse_query(
    names: Option<&Map<String, Value>>,
    problems: &mut Vec<Problem>,
) -> Vec<(String, PartTemplate)> {
    let Some(names) = names else {
        return Vec::new();
    };
    if names.len() > QUERY_LIMIT {
        let message = format!("At most {QUERY_LIMIT} names may be added to the query.");
        problems.push(Problem::new("/request/query", "too_many_names", message));
    }
    let mut parsed = Vec::new();
    for (name, value) in names.iter().take(QUERY_LIMIT) {
        let place = format!("/request/query/{}", pointer_part(name));
        if name.trim() != name
            || name.is_empty()
            || name.contains('=')
            || name.contains("{{")
            || has_control(name)
        {
            let message = format!(
                "`{name}` cannot be a name in a query: it has neither `=` nor `{{{{` nor line breaks, and no blanks around it."
            );
            problems.push(Problem::new(place, "query_name", message));
            continue;
        }
        let template =
            line(value, &place, problems).and_then(|text| template(text, &place, problems));
        parsed.extend(template.map(|template| (name.clone(), template)));
    }
    parsed
}

fn parse_headers(
    headers: Option<&Map<String, Value>>,
    problems: &mut Vec<Problem>,
) -> Vec<(String, PartTemplate)> {
    let Some(headers) = headers else {
        return Vec::new();
    };
    if headers.len() > HEADERS_LIMIT {
        let message = format!("At most {HEADERS_LIMIT} headers may be added.");
        problems.push(Problem::new(
            "/request/headers",
            "too_many_headers",
            message,
        ));
    }
    let mut parsed: Vec<(String, PartTemplate)> = Vec::new();
    for (name, value) in headers.iter().take(HEADERS_LIMIT) {
        let place = format!("/request/headers/{}", pointer_part(name));
        let lower = name.to_ascii_lowercase();
        let is_twice = parsed.iter().any(|(other, _)| *other == lower);
        if let Some((code, message)) = unsendable(name, is_twice) {
            problems.push(Problem::new(place, code, message));
            continue;
        }
        let template =
            line(value, &place, problems).and_then(|text| template(text, &place, problems));
        parsed.extend(template.map(|template| (lower, template)));
    }
    parsed
}

fn unsendable(name: &str, is_twice: bool) -> Option<(&'static str, String)> {
    if CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()) {
        let message = format!(
            "`{name}` carries credentials: they belong to the destination, which keeps them sealed, while everybody sees what stands here."
        );
        return Some(("credentials_here", message));
    }
    let twice = || {
        let message =
            format!("`{name}` is given twice; large and small letters make no difference.");
        is_twice.then_some(("header_twice", message))
    };
    name_problem(name).or_else(twice)
}

/// A text without line breaks.
fn line<'d>(value: &'d Value, place: &str, problems: &mut Vec<Problem>) -> Option<&'d str> {
    let text = value.as_str().filter(|text| !has_control(text));
    if text.is_none() {
        let message =
            "This is a text of one line, with what it takes from the event in double braces.";
        problems.push(Problem::new(place, "not_a_line", message));
    }
    text
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

fn template(text: &str, place: &str, problems: &mut Vec<Problem>) -> Option<PartTemplate> {
    // Written as lines, they have no blanks around them.
    let text = text.trim();
    let refused = |problem: TemplateProblem| {
        problems.push(Problem::new(place, "bad_template", problem.reason).at(problem.position));
    };
    PartTemplate::parse(text).map_err(refused).ok()
}

/// Each rendered, under its name; an error tells which it is of.
fn each(
    named: &[(String, PartTemplate)],
    kind: &str,
    render: impl Fn(&PartTemplate) -> Result<String, MappingError>,
) -> Result<Vec<(String, String)>, MappingError> {
    let rendered = |(name, template): &(String, PartTemplate)| {
        let value = render(template).map_err(|error| MappingError {
            path: format!("request.{kind}.{name}"),
            ..error
        })?;
        Ok((name.clone(), value))
    };
    named.iter().map(rendered).collect()
}

fn plain(template: &PartTemplate, event: &Apart) -> Result<String, MappingError> {
    template.render(event, |piece| match piece {
        Piece::Text(text) => Ok(Cow::Borrowed(text)),
        Piece::Value(value) => Ok(Cow::Owned(value)),
        Piece::Nothing => Err(no_value()),
    })
}

/// A value in the path is one part of it, or a piece of one, whatever signs it has; what the template says stays what it is.
fn in_path(piece: Piece<'_>) -> Result<Cow<'_, str>, MappingError> {
    match piece {
        Piece::Text(text) => Ok(encoded(text, PATH_SIGNS)),
        Piece::Value(value) => Ok(Cow::Owned(encoded(&value, "-._~").into_owned())),
        Piece::Nothing => Err(no_value()),
    }
}

fn no_value() -> MappingError {
    let message = "A value that it takes from the event is missing or null; say what stands in for it, as by `| default(\"-\")`.";
    MappingError::new(NO_VALUE, "", message)
}

/// An error about a value that is not there, with the paths that find none. A null is not among them: it is there.
fn with_paths(error: MappingError, template: &PartTemplate, document: &Value) -> MappingError {
    let paths = template.missing(document);
    if error.code != NO_VALUE || paths.is_empty() {
        return error;
    }
    let message = format!(
        "Nothing is at {}; say what stands in for it, as by `| default(\"-\")`.",
        paths.join(", ")
    );
    MappingError { message, ..error }
}

/// The text with everything encoded but letters, digits and these signs.
fn encoded<'t>(text: &'t str, signs: &str) -> Cow<'t, str> {
    let stays = |sign: char| sign.is_ascii_alphanumeric() || signs.contains(sign);
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for sign in text.chars() {
        match sign {
            sign if stays(sign) => out.push(sign),
            // Forms write it as a plus.
            ' ' => out.push_str("%20"),
            sign => out.extend(byte_serialize(sign.encode_utf8(&mut [0; 4]).as_bytes())),
        }
    }
    out.into()
}

/// As it can be sent: line breaks in it would begin another header.
fn header_value(text: String) -> Result<String, MappingError> {
    let value = text.trim();
    if has_control(value) {
        let message = "A header's value has neither line breaks nor other control characters; take them out, as by `| replace(\"\\n\", \" \")`.";
        return Err(MappingError::new("header_control", "", message));
    }
    match value_too_long(value) {
        Some((code, message)) => Err(MappingError::new(code, "", message)),
        None => Ok(value.to_string()),
    }
}

fn as_object<S: Serializer>(named: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(named.iter().map(|(name, value)| (name, value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(document: Value) -> RequestTemplate {
        let mut problems = Vec::new();
        let request = RequestTemplate::parse(&document, &mut problems);
        assert_eq!(problems, []);
        request.unwrap()
    }

    fn refused(document: Value) -> Vec<(String, &'static str)> {
        let mut problems = Vec::new();
        RequestTemplate::parse(&document, &mut problems);
        problems
            .into_iter()
            .map(|one| (one.pointer, one.code))
            .collect()
    }

    /// The address with a value in it, or why there is none.
    fn address(path: &str, value: Value) -> Result<String, (&'static str, String)> {
        let to = Url::parse("https://user@example.com:8443/v1/?key=1").unwrap();
        request(json!({"path": path}))
            .render(&json!({"v": value}))
            .map(|parts| parts.added_to(&to).to_string())
            .map_err(|error| (error.code, error.path))
    }

    #[test]
    fn a_value_that_is_not_there_is_named() {
        let document = json!({"a": {"b": 1}, "nil": null});
        let render = |parts: Value| request(parts).render(&document).unwrap_err();
        for (parts, at, paths) in [
            (
                json!({"path": "/{{ a.b }}/{{ a.c }}"}),
                "request.path",
                "a.c",
            ),
            (
                json!({"query": {"q": "{{ nil }} {{ x.y }}"}}),
                "request.query.q",
                "x.y",
            ),
        ] {
            let error = render(parts);
            assert_eq!((error.code, &*error.path), (NO_VALUE, at));
            let said = format!("Nothing is at {paths}; ");
            assert!(error.message.starts_with(&said), "{}", error.message);
        }
        let null = render(json!({"path": "/{{ nil }}"}));
        assert!(null.message.contains("missing or null"), "{}", null.message);
    }

    #[test]
    fn a_path_that_never_works_is_refused_when_it_is_read() {
        for (path, code) in [
            ("https://example.com/{{ v }}", "not_a_path"),
            ("//x", "path_empty"),
            ("/a//b", "path_empty"),
            ("/a/../b", "path_leaves"),
            ("/a/%2e%2E", "path_leaves"),
        ] {
            let place = "/request/path".to_string();
            assert_eq!(refused(json!({"path": path})), [(place, code)], "{path}");
        }
        assert_eq!(
            address("/a//{{ v }}", json!("b")).unwrap_err().0,
            "path_empty"
        );
        request(json!({"path": "/a/b/"}));
    }

    #[test]
    fn a_value_in_the_path_is_one_part_of_it() {
        for (value, part) in [
            (json!("a/b"), "a%2Fb"),
            (json!("../x"), "..%2Fx"),
            (json!("a?b#c"), "a%3Fb%23c"),
            (json!("50% \\ @evil:1"), "50%25%20%5C%20%40evil%3A1"),
            (json!("%2e%2e"), "%252e%252e"),
            (json!("é\n"), "%C3%A9%0A"),
            (json!(7), "7"),
            (json!("//evil.com"), "%2F%2Fevil.com"),
        ] {
            let expected = format!("https://user@example.com:8443/v1/pages/{part}?key=1");
            for path in ["/pages/{{ v }}", "pages/{{ v }}"] {
                assert_eq!(
                    address(path, value.clone()),
                    Ok(expected.clone()),
                    "{value}"
                );
            }
        }
        assert_eq!(
            address("/a b/{{ v }}/c%20d/", json!("x")).unwrap(),
            "https://user@example.com:8443/v1/a%20b/x/c%20d/?key=1"
        );
    }

    #[test]
    fn a_path_that_would_lead_elsewhere_fails() {
        let failed = |code| Err((code, "request.path".to_string()));
        for (path, value, code) in [
            ("/pages/{{ v }}", json!("."), "path_leaves"),
            ("/pages/{{ v }}/x", json!(".."), "path_leaves"),
            ("/pages/.{{ v }}", json!("."), "path_leaves"),
            ("/pages/{{ v | raw }}", json!("a/%2E."), "path_leaves"),
            ("/pages/{{ v | raw }}", json!("a//b"), "path_empty"),
            ("/pages/{{ v }}", json!(""), "path_empty"),
            ("/pages/{{ v }}/", json!(""), "path_empty"),
            ("/pages/{% if v == 1 %}x{% endif %}", json!(2), "path_empty"),
            ("/pages/{{ v }}", Value::Null, "value_missing"),
            ("/pages/{{ w }}", json!(1), "value_missing"),
        ] {
            assert_eq!(address(path, value), failed(code), "{path}");
        }
    }

    #[test]
    fn query_and_headers_are_written_as_they_can_be_sent() {
        let request = request(json!({
            "query": {"na me": "{{ v }}&x=1", "to": "{{ w | default(\"-\") }}"},
            "headers": {"Title": " {{ v }} é "},
        }));
        let parts = request.render(&json!({"v": "a&b=c d+é"})).unwrap();
        let to = Url::parse("https://example.com/in?key=1").unwrap();
        assert_eq!(
            parts.added_to(&to).as_str(),
            "https://example.com/in?key=1&na+me=a%26b%3Dc+d%2B%C3%A9%26x%3D1&to=-"
        );
        assert_eq!(
            parts.headers,
            [("title".to_string(), "a&b=c d+é é".to_string())]
        );
        for (value, code) in [
            (json!("a\r\nX-Evil: 1"), "header_control"),
            (json!("a\u{7f}b"), "header_control"),
            (json!("x".repeat(5_000)), "header_too_long"),
            (Value::Null, "value_missing"),
        ] {
            let error = request.render(&json!({"v": value})).unwrap_err();
            let place = if value.is_null() {
                "request.query.na me"
            } else {
                "request.headers.title"
            };
            assert_eq!((error.code, error.path.as_str()), (code, place));
        }
        let error = request
            .render(&json!({"v": "é".repeat(2_000)}))
            .unwrap_err();
        assert_eq!(
            (error.code, error.path.as_str()),
            ("url_too_long", "request")
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused_at_its_place() {
        let many =
            |count: usize| -> Value { (0..count).map(|n| (format!("n{n}"), json!("1"))).collect() };
        for (document, place, code) in [
            (json!([]), "/request", "wrong_shape"),
            (json!({"host": "x"}), "/request/host", "unknown_key"),
            (json!({"path": 1}), "/request/path", "not_a_line"),
            (json!({"path": "a\nb"}), "/request/path", "not_a_line"),
            (json!({"path": "/"}), "/request/path", "empty"),
            (
                json!({"path": "/a?b={{ v }}"}),
                "/request/path",
                "not_a_path",
            ),
            (json!({"path": "/{{ v"}), "/request/path", "bad_template"),
            (json!({"query": "a=b"}), "/request/query", "wrong_shape"),
            (
                json!({"query": {"a=b": "1"}}),
                "/request/query/a=b",
                "query_name",
            ),
            (
                json!({"query": many(31)}),
                "/request/query",
                "too_many_names",
            ),
            (
                json!({"headers": many(31)}),
                "/request/headers",
                "too_many_headers",
            ),
            (
                json!({"headers": {"a b": "1"}}),
                "/request/headers/a b",
                "header_name",
            ),
            (
                json!({"headers": {"Host": "1"}}),
                "/request/headers/Host",
                "reserved_header",
            ),
            (
                json!({"headers": {"Webhook-Id": "1"}}),
                "/request/headers/Webhook-Id",
                "reserved_header",
            ),
            (
                json!({"headers": {"Authorization": "1"}}),
                "/request/headers/Authorization",
                "credentials_here",
            ),
            (
                json!({"headers": {"X-A": "1", "x-a": "2"}}),
                "/request/headers/x-a",
                "header_twice",
            ),
            (
                json!({"headers": {"X": "a\r\nb"}}),
                "/request/headers/X",
                "not_a_line",
            ),
        ] {
            assert_eq!(refused(document), [(place.to_string(), code)]);
        }
        for nothing in [
            Value::Null,
            json!({}),
            json!({"path": null, "query": {}, "headers": {}}),
        ] {
            assert!(RequestTemplate::parse(&nothing, &mut Vec::new()).is_none());
        }
    }
}
