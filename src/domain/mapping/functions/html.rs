//! Texts out of HTML: what stands between the tags, parted where a page would part it.
//!
//! Called by the text functions, and for the plain part of a mail. It is no browser: tags are found by their shape, and nothing is refused.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A comparison like `a < 5 and b > 2` is no tag, and a `>` in a quoted value ends none.
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::text::pattern(r#"(?is)<!--|<(/?)([a-z][^\s/>]*)(?:=\s*"[^"]*"|=\s*'[^']*'|[^>])*>"#)
});

/// What is no text although it stands between tags: how it begins, and how it ends. Without an end, a comment is text and the others are tags. They are
/// looked for apart from the tags: a pattern of both would go to the end of the text at each beginning that has no end.
static SILENT: LazyLock<[(&str, Option<Regex>); 3]> = LazyLock::new(|| {
    ["", "script", "style"].map(|name| {
        let end = match name {
            "" => "-->".into(),
            name => format!("(?i)</{name}"),
        };
        (name, super::text::pattern(&end))
    })
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
    /// Empty for comments.
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
pub(in crate::domain) fn as_lines(html: &str) -> String {
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
    let (mut taken, mut from) = (0, 0);
    // Kinds that have no end any more; it is looked for once.
    let mut endless: Vec<&str> = Vec::new();
    let tags = TAG.as_ref();
    while let Some(found) = tags.and_then(|tags| tags.captures_at(html, from)) {
        let whole = found.get_match();
        let tag = tag(&found);
        from = whole.end();
        let silent = SILENT
            .iter()
            .find(|(name, _)| !tag.closes && tag.name == *name && !endless.contains(name));
        let end = silent.and_then(|(_, end)| end.as_ref()?.find_at(html, from));
        if let Some(end) = end {
            // The tag that closes a script is one of its own.
            from = if tag.name.is_empty() {
                end.end()
            } else {
                end.start()
            };
        } else {
            endless.extend(silent.map(|(name, _)| *name));
            if tag.name.is_empty() {
                continue;
            }
        }
        tell(
            html.get(taken..whole.start()).unwrap_or_default(),
            Some(tag),
        );
        taken = from;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Each beginning would be looked for the end of until the end of the text otherwise: hours for this one.
    #[test]
    fn an_end_that_never_comes_is_looked_for_once() {
        let times = 30_000;
        for (piece, left) in [
            ("<!--<b>", "<!--"),
            ("<script <b>", ""),
            ("<STYLE><i>x", "x"),
            ("<a =\"<b>", ""),
        ] {
            let text = stripped(&piece.repeat(times));
            assert_eq!(text, left.repeat(times), "{piece}");
        }
    }

    #[test]
    fn comments_scripts_and_styles_are_no_text() {
        for (html, text) in [
            ("a<!-- <b> -->b", "ab"),
            ("a<!--b", "a<!--b"),
            ("a<SCRIPT src=x>if (1 < 2) {}</Script >b", "ab"),
            ("a<style>p > i {}</style>b<style>c", "abc"),
            ("a<script>b", "ab"),
        ] {
            assert_eq!(stripped(html), text, "{html}");
        }
    }
}
