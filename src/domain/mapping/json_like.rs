//! Whether a template is meant to become JSON, told by the texts between its tags, and where in JSON text a string begins and ends.
//!
//! Called by `template` only. A guess, which the person who writes the mapping overrules by `format`; whether JSON comes of it is seen when it is rendered.

use crate::domain::mapping::tags::{Part, parts};

/// A template is meant to become JSON when the first thing it prints is a text of its own that begins like a JSON value. Statements, comments and
/// captured blocks may stand before that. A list or a text behind which something else follows, like `[{{ event }}] {{ title }}`, is none.
pub(super) fn looks_like_json(text: &str) -> bool {
    let mut captured = 0_usize;
    let parts = parts(text);
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Text(text) if captured == 0 && !text.trim_start().is_empty() => {
                let rest = parts.get(index..).unwrap_or_default();
                let text = text.trim_start();
                return text.starts_with('{') || (begins_like_json(text) && !goes_on(rest));
            }
            Part::Tag(tag) if tag.opens_set() => captured += 1,
            Part::Tag(tag) if tag.statement() == "endset" => captured = captured.saturating_sub(1),
            Part::Tag(tag) if tag.prints && captured == 0 => return false,
            _ => {}
        }
    }
    false
}

/// Whether something that is no JSON follows what begins with a bracket or a quote. Not where another branch may stand in its place.
fn goes_on(parts: &[Part<'_>]) -> bool {
    let (mut quoted, mut depth, mut is_over) = (Quoted::default(), 0_usize, false);
    let mut before = b' ';
    for part in parts {
        let text = match part {
            Part::Text(text) => text,
            Part::Tag(tag) if tag.prints && is_over => return true,
            Part::Tag(tag) if tag.prints => continue,
            Part::Tag(tag) if is_over && (tag.opens_set() || ends_a_branch(tag.statement())) => {
                return false;
            }
            Part::Tag(_) => continue,
        };
        for sign in text.trim_start().bytes() {
            match sign {
                sign if is_over && sign.is_ascii_whitespace() => {}
                // A sign too many is a slip in JSON, and so is a brace forgotten before a name.
                b':' if is_over && before == b'"' => return false,
                sign if is_over => return !b",]}".contains(&sign),
                sign => {
                    let was_inside = quoted.inside;
                    quoted.sign(sign);
                    match sign {
                        b'[' | b'{' if !quoted.inside => depth += 1,
                        b']' | b'}' if !quoted.inside => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    let closes = b"]}".contains(&sign) || (sign == b'"' && was_inside);
                    is_over = closes && depth == 0 && !quoted.inside;
                }
            }
            before = sign;
        }
    }
    false
}

fn ends_a_branch(statement: &str) -> bool {
    statement.starts_with("end") || ["elif", "else"].contains(&statement)
}

/// A bracket around a word, like `[URGENT]`, begins no list.
fn begins_like_json(text: &str) -> bool {
    let Some(list) = text.strip_prefix('[') else {
        return text.starts_with(['{', '"']);
    };
    let first = list.trim_start();
    let is_literal = ["true", "false", "null"]
        .iter()
        .any(|word| first.starts_with(word));
    is_literal || !first.starts_with(char::is_alphabetic)
}

/// Whether a position in JSON text is inside a string.
#[derive(Default)]
pub(super) struct Quoted {
    pub(super) inside: bool,
    escaped: bool,
}

impl Quoted {
    pub(super) fn pass(&mut self, piece: &str) {
        piece.bytes().for_each(|sign| self.sign(sign));
    }

    pub(super) fn sign(&mut self, sign: u8) {
        match sign {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.inside => self.escaped = true,
            b'"' => self.inside = !self.inside,
            _ => {}
        }
    }
}
