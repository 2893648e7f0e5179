//! Texts out of HTML: what stands between the tags, parted where a page would part it.
//!
//! Called by the text functions. It is no browser: tags are found by their shape, and nothing is refused.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A comparison like `a < 5 and b > 2` is no tag, and a `>` in a quoted value ends none; what stands in scripts and styles is no text.
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::text::pattern(
        r#"(?is)<!--.*?-->|<script\b.*?</script>|<style\b.*?</style>|<(/?)([a-z][^\s/>]*)(?:=\s*"[^"]*"|=\s*'[^']*'|[^>])*>"#,
    )
});

/// Elements that begin and end on lines of their own.
const BLOCKS: [&str; 41] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "title",
    "tr",
    "ul",
    "br",
];
/// Of these, even an empty one is a line.
const LINES: [&str; 12] = [
    "p",
    "div",
    "li",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
];
/// Cells of one row.
const CELLS: [&str; 2] = ["td", "th"];

/// What stands between two texts.
struct Tag<'h> {
    closes: bool,
    /// Empty for comments, scripts and styles.
    name: Cow<'h, str>,
}

impl Tag<'_> {
    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_ref())
    }
}

/// Without tags; a blank where one block ends and another begins.
pub(super) fn stripped(html: &str) -> String {
    let (mut text, mut is_parted) = (String::with_capacity(html.len()), false);
    walk(html, |before, tag| {
        if !before.is_empty() {
            let has_blank = text.is_empty()
                || text.ends_with(char::is_whitespace)
                || before.starts_with(char::is_whitespace);
            if is_parted && !has_blank {
                text.push(' ');
            }
            is_parted = false;
            text.push_str(before);
        }
        is_parted |= tag.is_some_and(|tag| tag.is_one_of(&BLOCKS) || tag.is_one_of(&CELLS));
    });
    decoded(&text)
}

/// With line breaks where lines end, and tabs between the cells of a row.
pub(super) fn as_lines(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    walk(html, |before, tag| {
        text.push_str(before);
        let Some(tag) = tag else { return };
        let is_begun = |sign: fn(char) -> bool| !text.is_empty() && !text.ends_with(sign);
        let breaks = match tag.closes {
            true if tag.is_one_of(&LINES) => true,
            false if tag.name == "br" => true,
            _ => tag.is_one_of(&BLOCKS) && is_begun(|sign| sign == '\n'),
        };
        if breaks {
            text.push('\n');
        } else if !tag.closes && tag.is_one_of(&CELLS) && is_begun(char::is_whitespace) {
            text.push('\t');
        }
    });
    decoded(&text).trim().to_string()
}

fn decoded(text: &str) -> String {
    html_escape::decode_html_entities(text).into_owned()
}

/// Tells every text with the tag behind it, and the last one without.
fn walk<'h>(html: &'h str, mut tell: impl FnMut(&'h str, Option<Tag<'h>>)) {
    let mut taken = 0;
    for found in TAG.iter().flat_map(|tags| tags.captures_iter(html)) {
        let whole = found.get_match();
        let before = html.get(taken..whole.start()).unwrap_or_default();
        tell(before, Some(tag(&found)));
        taken = whole.end();
    }
    tell(html.get(taken..).unwrap_or_default(), None);
}

fn tag<'h>(found: &Captures<'h>) -> Tag<'h> {
    let part = |index| found.get(index).map_or("", |part| part.as_str());
    let name = part(2);
    Tag {
        closes: !part(1).is_empty(),
        name: if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            name.to_ascii_lowercase().into()
        } else {
            name.into()
        },
    }
}
