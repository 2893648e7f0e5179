//! How involved a template is, told before minijinja reads it.
//!
//! Its reader goes one step deeper on the stack for each operator of an expression and for each `elif`, without a limit: a few kilobytes of `-` would
//! end the process. Blocks and brackets it limits itself. So operators are counted here, tag by tag, and branches over the whole template; both limits
//! are far beyond what a person writes. Called by `template` only.

/// Operators, accesses, filters and brackets within one tag.
pub const OPERATORS_LIMIT: usize = 300;
/// `elif` within one template.
pub const BRANCHES_LIMIT: usize = 100;

/// Words that make an expression deeper.
const WORDS: [&str; 7] = ["not", "and", "or", "in", "is", "if", "else"];
const SIGNS: &[u8] = b".|+-*/%~([{<>=!";

/// What a template has too much of, and where, in bytes from 0.
pub fn too_involved(text: &str) -> Option<(usize, String)> {
    let mut branches = 0;
    let mut at = 0;
    while let Some((start, opening)) = next_opening(text, at) {
        let rest = text.get(start..).unwrap_or_default();
        if opening == "{#" {
            at = start + rest.find("#}").map_or(rest.len(), |end| end + 2);
            continue;
        }
        let tag = Tag::read(rest);
        if tag.operators > OPERATORS_LIMIT {
            let reason = format!(
                "An expression may have at most {OPERATORS_LIMIT} operators, filters and brackets."
            );
            return Some((start, reason));
        }
        branches += usize::from(tag.first_word == "elif");
        if branches > BRANCHES_LIMIT {
            let reason = format!(
                "A template may have at most {BRANCHES_LIMIT} `elif`; use the function `lookup` for long lists."
            );
            return Some((start, reason));
        }
        at = start + tag.length;
        if opening == "{%" && tag.first_word == "raw" {
            at = end_of_raw(text, at);
        }
    }
    None
}

/// Where the tag begins that ends what is printed as it stands.
fn end_of_raw(text: &str, from: usize) -> usize {
    let raw = text.get(from..).unwrap_or_default();
    let ends = |at: &usize| {
        let tag = raw.get(at + 2..).unwrap_or_default();
        let tag = tag.strip_prefix(['-', '+']).unwrap_or(tag);
        tag.trim_start().starts_with("endraw")
    };
    let mut tags = raw.match_indices("{%").map(|(at, _)| at);
    from + tags.find(ends).unwrap_or(raw.len())
}

/// Where the next tag or comment begins, behind its opening signs.
fn next_opening(text: &str, from: usize) -> Option<(usize, &str)> {
    let rest = text.get(from..)?;
    let found = rest
        .match_indices('{')
        .map(|(at, _)| from + at)
        .find(|at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))?;
    Some((found + 2, text.get(found..found + 2)?))
}

/// What stands between `{{` or `{%` and its end.
struct Tag<'t> {
    length: usize,
    operators: usize,
    first_word: &'t str,
}

impl Tag<'_> {
    fn read(text: &str) -> Tag<'_> {
        let bytes = text.as_bytes();
        let mut tag = Tag {
            length: bytes.len(),
            operators: 0,
            first_word: "",
        };
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' | b'\'' => at = end_of_string(bytes, at),
                b'}' | b'%' if bytes.get(at + 1) == Some(&b'}') => {
                    tag.length = at + 2;
                    return tag;
                }
                byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let word = rest
                        .iter()
                        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
                    let end = at + word.count();
                    let word = text.get(at..end).unwrap_or_default();
                    tag.operators += usize::from(WORDS.contains(&word));
                    if tag.first_word.is_empty() {
                        tag.first_word = word;
                    }
                    at = end;
                }
                byte => {
                    tag.operators += usize::from(SIGNS.contains(byte));
                    at += 1;
                }
            }
        }
        tag
    }
}

/// Behind the closing quote of the string that begins at `at`.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let quote = bytes.get(at);
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 2,
            byte if Some(byte) == quote => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_expressions_are_found_wherever_they_hide() {
        let many = OPERATORS_LIMIT + 1;
        for text in [
            format!("{{{{ {}1 }}}}", "-".repeat(many)),
            format!("{{{{ {}1 }}}}", "not ".repeat(many)),
            format!("{{{{ a{} }}}}", ".b".repeat(many)),
            format!("x {{% if a{} %}}{{% endif %}}", "|upper".repeat(many)),
            format!("{{{{ \"}}}}\" ~ a{} }}}}", "[0]".repeat(many)),
            format!("{{{{ '\\'}}}}' ~ a{} }}}}", "()".repeat(many)),
            format!("{{{{ 1{} }}}}", " if a else 1".repeat(many)),
            format!("{{{{ 1{}", "+1".repeat(many)),
            format!("{{# {{{{ \" #}}{{{{ {}1 }}}}", "-".repeat(many)),
            format!(
                "{{% raw %}}{{{{ \" {{% endraw %}}{{{{ {}1 }}}}",
                "-".repeat(many)
            ),
            format!(
                "{{% raw %}}endraw {{{{ \" {{%- endraw %}}{{{{ {}1 }}}}",
                "-".repeat(many)
            ),
            format!("{{ {{{{ {}1 }}}}", "-".repeat(many)),
            format!("{{{{{{ {}1 }}}}", "-".repeat(many)),
            format!(
                "{{% if a %}}{}{{% endif %}}",
                "{% elif a %}".repeat(BRANCHES_LIMIT + 1)
            ),
        ] {
            assert!(too_involved(&text).is_some(), "{}", &text[..60]);
        }
    }

    #[test]
    fn what_people_write_is_not() {
        for text in [
            "-".repeat(5_000),
            "{{ currentValue.title | trim | truncate(80) }}".repeat(500),
            format!("{{{{ \"{}\" }}}}", "-".repeat(5_000)),
            format!(
                "{{% if a %}}{}{{% endif %}}",
                "{% elif a %}".repeat(BRANCHES_LIMIT)
            ),
            "{{".into(),
            "{{ \"".into(),
            "{{ 'a\\".into(),
            "größe {{ größe }} {%".into(),
        ] {
            assert_eq!(too_involved(&text), None);
        }
    }
}
