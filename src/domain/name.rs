//! What sources, destinations, connections, tokens and people may be called.

/// Longest name, in characters.
pub const NAME_LIMIT_CHARS: usize = 120;

/// The name without blanks around it and without marks that would make it read as another; `None` when it is empty, too long or not printable.
pub fn parse(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|sign| !turns_direction(*sign))
        .collect();
    let name = plain.trim();
    let fine = (1..=NAME_LIMIT_CHARS).contains(&name.chars().count());
    let is_seen = name.chars().any(|sign| !is_invisible(sign));
    (fine && is_seen && !name.chars().any(char::is_control)).then(|| name.to_string())
}

/// The same, or what is wrong with it.
pub fn checked(text: &str) -> Result<String, String> {
    parse(text).ok_or_else(|| format!("A name has 1 to {NAME_LIMIT_CHARS} printable characters."))
}

/// Marks that reverse the direction of the text around them; in a list they would make one thing look like another.
pub fn turns_direction(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Signs of which nothing is seen, by Unicode's list of them (`Default_Ignorable_Code_Point`), and blanks. Among others they have their use, as in a
/// family of emoji.
fn is_invisible(sign: char) -> bool {
    sign.is_whitespace()
        || matches!(sign,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
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
        assert_eq!(
            parse("invoice\u{202e}gpj.exe").as_deref(),
            Some("invoicegpj.exe")
        );
        let family = "\u{1f468}\u{200d}\u{1f469}";
        assert_eq!(parse(family).as_deref(), Some(family));
        for refused in [
            "\u{202e}\u{202e}",
            "\u{200b} \u{feff}",
            "\u{3164}\u{2800}",
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
