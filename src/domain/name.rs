//! What sources, destinations, connections, tokens and people may be called.

/// Longest name, in characters.
pub const NAME_LIMIT_CHARS: usize = 120;

/// The name without blanks around it; `None` when it is empty, too long or not printable.
pub fn parse(text: &str) -> Option<String> {
    let name = text.trim();
    let fine = (1..=NAME_LIMIT_CHARS).contains(&name.chars().count());
    (fine && !name.chars().any(char::is_control)).then(|| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_printable_and_neither_empty_nor_endless() {
        assert_eq!(
            parse(" Sheet \u{1f600} ").as_deref(),
            Some("Sheet \u{1f600}")
        );
        assert!(parse(&"ä".repeat(NAME_LIMIT_CHARS)).is_some());
        for refused in [
            "",
            " \t ",
            "a\nb",
            "a\u{0}",
            &"a".repeat(NAME_LIMIT_CHARS + 1),
        ] {
            assert_eq!(parse(refused), None, "{refused:?}");
        }
    }
}
