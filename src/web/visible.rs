//! How every page shows a text that somebody else wrote: escaped for HTML, with what would be invisible made visible.
//!
//! A response, a title or a header may hold control characters: an ESC that a terminal would obey, a bell, or a sign that turns the direction of
//! the text around it so that it reads otherwise than it is. A page shows them as what they are: `␛`, `␇`, `\u{202e}`. Named in `askama.toml` as
//! the escaper of all pages, so no template can forget it; messages that hold HTML themselves escape what they are given with [`shown`]. What
//! goes back with a form as it was typed is written with [`as_typed`]: it must not be changed by being shown. Texts, JSON and exports are not
//! touched; they escape in their own way.

use std::fmt::{self, Write};

use askama::filters::{Escaper, Html, Safe};

use crate::domain::name::turns_direction;

/// The escaper of the pages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, sign)) = rest.char_indices().find(|(_, sign)| is_unseen(*sign)) {
            Html.write_escaped_str(&mut dest, &rest[..at])?;
            write_visible(&mut dest, sign)?;
            rest = &rest[at + sign.len_utf8()..];
        }
        Html.write_escaped_str(dest, rest)
    }
}

/// Whether a sign is not seen itself but changes what is seen. Blanks, tabs and line breaks are ordinary.
pub fn is_unseen(sign: char) -> bool {
    let is_control = sign.is_control() && !matches!(sign, '\t' | '\n' | '\r');
    // These two turn nothing around but may move what stands next to them.
    let has_direction = matches!(sign, '\u{200e}' | '\u{200f}');
    is_control || has_direction || turns_direction(sign)
}

fn write_visible(dest: &mut impl Write, sign: char) -> fmt::Result {
    let picture = match sign {
        // Unicode has a picture of each of these, in the same order.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(sign)),
        '\u{7f}' => Some('\u{2421}'),
        _ => None,
    };
    match picture {
        Some(picture) => dest.write_char(picture),
        None => write!(dest, "\\u{{{:x}}}", u32::from(sign)),
    }
}

/// A text that becomes part of HTML outside of a template.
pub fn shown(text: &str) -> String {
    let mut escaped = String::new();
    // Writing to a string cannot fail.
    let _ = Visible.write_escaped_str(&mut escaped, text);
    escaped
}

/// A text in a field of a form, which comes back as it is.
pub fn as_typed(text: &str) -> Safe<String> {
    let mut escaped = String::new();
    // Writing to a string cannot fail.
    let _ = Html.write_escaped_str(&mut escaped, text);
    Safe(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown_and_the_rest_is_html() {
        for (text, shown) in [
            ("plain ✓ é", "plain ✓ é"),
            ("<b>&\"'", "&#60;b&#62;&#38;&#34;&#39;"),
            ("\u{1b}[31mred\u{1b}[0m\u{7}", "␛[31mred␛[0m␇"),
            ("a\tb\r\nc", "a\tb\r\nc"),
            ("\0\u{7f}\u{9b}", "␀␡\\u{9b}"),
            ("invoice\u{202e}gpj.exe", "invoice\\u{202e}gpj.exe"),
            ("a\u{200e}b\u{2066}", "a\\u{200e}b\\u{2066}"),
        ] {
            assert_eq!(super::shown(text), shown);
        }
        assert_eq!(as_typed("<\u{1b}>").0, "&#60;\u{1b}&#62;");
    }
}
