//! Texts out of HTML: what stands between the tags, parted where a page would part it; and a plain text as HTML.
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

/// Lists, whose items have marks.
const LISTS: [&str; 2] = ["ul", "ol"];
/// Levels of lists that are told by how far their items are moved in.
const LEVELS_LIMIT: usize = 10;
/// How the address of a link begins that says something outside its page.
const TOLD_SCHEMES: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];

static ATTRIBUTE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::text::pattern(r#"([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?"#)
});

/// What stands between two texts.
struct Tag<'h> {
    closes: bool,
    /// Empty for comments.
    name: Cow<'h, str>,
    /// What it says behind its name.
    attributes: &'h str,
}

impl<'h> Tag<'h> {
    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_ref())
    }

    /// The value of an attribute, with its entities.
    fn attribute(&self, name: &str) -> Option<&'h str> {
        let mut all = ATTRIBUTE
            .iter()
            .flat_map(|regex| regex.captures_iter(self.attributes));
        let found = all.find(|one| {
            one.get(1)
                .is_some_and(|own| own.as_str().eq_ignore_ascii_case(name))
        })?;
        (2..=4)
            .find_map(|group| found.get(group))
            .map(|value| value.as_str())
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

/// With line breaks where lines end, tabs between the cells of a row, marks before the items of lists, and the address behind a link that does not say it.
pub(in crate::domain) fn as_lines(html: &str) -> String {
    let mut lines = Lines {
        keeps_blanks: !html.contains('<'),
        ..Lines::default()
    };
    walk(html, |before, tag| {
        lines.push(before);
        lines.has_mark_only &= before.trim().is_empty();
        match tag {
            Some(tag) => lines.pass(&tag),
            None => lines.end_link(),
        }
    });
    decoded(&lines.text).trim().to_string()
}

/// A text that is being made of HTML, its entities still in it.
#[derive(Default)]
struct Lines<'h> {
    text: String,
    /// The lists that are open, of those with numbers the next.
    lists: Vec<Option<u32>>,
    /// Whether its last line is a mark and nothing else yet.
    has_mark_only: bool,
    /// The link that is open: where its text begins, and its address.
    link: Option<(usize, &'h str)>,
    /// Blanks and line breaks are meant: within `pre`, and in a text that is no HTML.
    keeps_blanks: bool,
}

impl<'h> Lines<'h> {
    /// Blanks and line breaks of the source are one blank, and none where a line begins.
    fn push(&mut self, text: &str) {
        if self.keeps_blanks {
            return self.text.push_str(text);
        }
        for sign in text.chars() {
            if !sign.is_ascii_whitespace() {
                self.text.push(sign);
            } else if !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
                self.text.push(' ');
            }
        }
    }

    /// Ends the line, without a blank that is left of the source.
    fn end_line(&mut self) {
        if !self.has_mark_only && !self.keeps_blanks {
            self.text.truncate(self.text.trim_end_matches(' ').len());
        }
        self.text.push('\n');
    }

    fn pass(&mut self, tag: &Tag<'h>) {
        match (tag.name.as_ref(), tag.closes) {
            ("a", closes) => {
                self.end_link();
                self.link = tag
                    .attribute("href")
                    .filter(|_| !closes)
                    .map(|href| (self.text.len(), href));
            }
            ("li", false) => self.begin_item(),
            ("pre", closes) => {
                self.part(tag);
                self.keeps_blanks = !closes;
            }
            _ => self.part(tag),
        }
        match (LISTS.iter().position(|list| *list == tag.name), tag.closes) {
            (Some(numbered), false) => {
                let first = tag.attribute("start").and_then(|start| start.parse().ok());
                self.lists
                    .push((numbered == 1).then_some(first.unwrap_or(1)));
            }
            (Some(_), true) => drop(self.lists.pop()),
            _ => {}
        }
    }

    /// Line breaks and tabs.
    fn part(&mut self, tag: &Tag<'h>) {
        let is_begun = |sign: fn(char) -> bool| !self.text.is_empty() && !self.text.ends_with(sign);
        let breaks = match tag.closes {
            // What its last line ended needs no further one.
            true if tag.name == "li" => is_begun(|sign| sign == '\n'),
            true if tag.is_one_of(&LINES) => true,
            false if tag.name == "br" => true,
            // An item's own first line begins behind its mark.
            false if self.has_mark_only && !tag.is_one_of(&LISTS) => false,
            _ => tag.is_one_of(&BLOCKS) && is_begun(|sign| sign == '\n'),
        };
        if breaks {
            self.end_line();
        } else if !tag.closes && tag.is_one_of(&CELLS) && is_begun(char::is_whitespace) {
            self.text.push('\t');
        }
    }

    fn begin_item(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.end_line();
        }
        let level = self.lists.len().saturating_sub(1).min(LEVELS_LIMIT);
        self.text.push_str(&"  ".repeat(level));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.text.push_str(&format!("{number}. "));
                *number = number.saturating_add(1);
            }
            _ => self.text.push_str("- "),
        }
        self.has_mark_only = true;
    }

    /// Puts the address behind the text of the link, unless that says it, or in its place where it has none.
    fn end_link(&mut self) {
        let Some((start, href)) = self.link.take() else {
            return;
        };
        let address: String = href.split_whitespace().collect();
        let label = self.text.get(start..).unwrap_or_default();
        let (plain, told) = (decoded(label), decoded(&address));
        let is_told = TOLD_SCHEMES.iter().any(|scheme| has_scheme(&told, scheme));
        if !is_told || bare(&plain) == bare(&told) {
            return;
        }
        let end = start + label.trim_end().len();
        let behind = self.text.split_off(end);
        match plain.trim() {
            "" => self.text.push_str(&address),
            _ => self
                .text
                .push_str(&format!(" ({})", without_scheme(&address, "mailto:"))),
        }
        self.text.push_str(&behind);
    }
}

fn has_scheme(address: &str, scheme: &str) -> bool {
    let start = address.get(..scheme.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

fn without_scheme<'a>(address: &'a str, scheme: &str) -> &'a str {
    if has_scheme(address, scheme) {
        address.get(scheme.len()..).unwrap_or_default()
    } else {
        address
    }
}

/// What two ways to write an address have in common.
fn bare(address: &str) -> String {
    let address = TOLD_SCHEMES
        .iter()
        .fold(address.trim(), |rest, scheme| without_scheme(rest, scheme));
    address.trim_end_matches('/').to_lowercase()
}

/// A plain text as HTML: a paragraph for each, with breaks where its lines end.
pub(super) fn of_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let paragraphs = lines.split(|line| line.trim().is_empty());
    let written = paragraphs.filter(|lines| !lines.is_empty()).map(|lines| {
        let lines = lines.join("\n");
        let text = html_escape::encode_text(&lines).replace('\n', "<br>");
        format!("<p>{text}</p>")
    });
    written.collect()
}

fn decoded(text: &str) -> String {
    html_escape::decode_html_entities(text).replace('\u{a0}', " ")
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
    let (whole, name) = (part(0), part(2));
    let attributes = whole
        .get(1 + part(1).len() + name.len()..)
        .unwrap_or_default();
    Tag {
        closes: !part(1).is_empty(),
        name: if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            name.to_ascii_lowercase().into()
        } else {
            name.into()
        },
        attributes,
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

    /// The text would be as long as the square of its levels otherwise: many gigabytes for this one.
    #[test]
    fn lists_within_lists_are_moved_in_no_further_than_some_levels() {
        let levels = 100_000;
        let text = as_lines(&"<ul><li>a".repeat(levels));
        assert!(text.ends_with(&format!("\n{}- a", "  ".repeat(LEVELS_LIMIT))));
        assert!(text.len() < levels * (2 * LEVELS_LIMIT + 5));
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
