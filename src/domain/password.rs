//! Which passwords are accepted: long ones that are not among the first that anybody would try.

/// Shortest password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 12;
/// Longest password, in bytes; hashing time grows with it.
pub const PASSWORD_LIMIT_BYTES: usize = 1_024;
/// Fewest different characters.
const DIFFERENT_MIN: usize = 5;

/// Common passwords and the words they are made of. What is left after these are taken out must not be nearly nothing.
const COMMON: [&str; 40] = [
    "password",
    "passwort",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "qwertyuiop",
    "qwerty",
    "qwertz",
    "azerty",
    "asdfghjkl",
    "asdfgh",
    "zxcvbnm",
    "1q2w3e4r5t6y",
    "1q2w3e4r",
    "1qaz2wsx",
    "q1w2e3r4",
    "abcdefghijkl",
    "abcdef",
    "abc",
    "letmein",
    "welcome",
    "iloveyou",
    "administrator",
    "admin",
    "changeme",
    "trustno1",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "dragon",
    "monkey",
    "master",
    "secret",
    "bluebridge",
    "login",
    "hello",
    "default",
    "correcthorsebatterystaple",
];
/// Runs of digits that are not worth more than one of them.
const RUNS: [&str; 2] = ["01234567890123456789", "98765432109876543210"];
/// Shortest part before the @ that is looked for in a password, in bytes.
const LOCAL_MIN_BYTES: usize = 3;
/// Fewest characters that must be left when the common words are taken out.
const LEFT_MIN_CHARS: usize = 6;

/// Why a password is refused; `None` when it is fine.
pub fn password_problem(password: &str, email: &str) -> Option<String> {
    if password.chars().count() < PASSWORD_MIN_CHARS {
        return Some(format!("Use at least {PASSWORD_MIN_CHARS} characters."));
    }
    if password.len() > PASSWORD_LIMIT_BYTES {
        return Some(format!("Use at most {PASSWORD_LIMIT_BYTES} bytes."));
    }
    let lower = password.to_lowercase();
    let local = email.split('@').next().unwrap_or_default();
    if !email.is_empty()
        && (lower.trim() == email
            || (local.len() >= LOCAL_MIN_BYTES
                && lower.replace(local, "").chars().count() < LEFT_MIN_CHARS))
    {
        return Some("Use something else than your e-mail address.".into());
    }
    let different: std::collections::HashSet<char> = lower.chars().collect();
    if different.len() < DIFFERENT_MIN || is_common(&lower) {
        return Some("This is one of the first passwords that anybody would try; a few words that do not belong together are better.".into());
    }
    None
}

fn is_common(lower: &str) -> bool {
    let mut left = lower.to_string();
    for word in COMMON {
        left = left.replace(word, "");
    }
    let digits: String = left.chars().filter(char::is_ascii_digit).collect();
    if digits.len() > 3 && RUNS.iter().any(|run| run.contains(&digits)) {
        left.retain(|c| !c.is_ascii_digit());
    }
    let touched = left.len() < lower.len();
    touched && left.chars().filter(|c| c.is_alphanumeric()).count() < LEFT_MIN_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_have_a_range() {
        assert!(password_problem("short", "").is_some());
        assert!(password_problem(&"long enough ".repeat(200), "").is_some());
        assert_eq!(password_problem("twelve chars", ""), None);
        assert_eq!(
            password_problem("correct horse battery", "ada@example.com"),
            None
        );
        assert_eq!(
            password_problem("grün-leise-Ufer-7", "ada@example.com"),
            None
        );
        assert_eq!(password_problem("ein langes Passwort", ""), None);
    }

    #[test]
    fn what_anybody_would_try_is_refused() {
        for common in [
            "passwordpassword",
            "Password1234",
            "password123456",
            "123456789012",
            "0123456789012",
            "qwertyuiop12",
            "aaaaaaaaaaaa",
            "abababababab",
            "Administrator1!",
            "letmeinletmein",
            "1q2w3e4r5t6y",
            "iloveyou1234",
            "P@ssw0rd2024",
            "changeme1234",
            "Bluebridge2026",
            "welcomewelcome",
        ] {
            assert!(password_problem(common, "").is_some(), "{common}");
        }
    }

    #[test]
    fn the_address_is_no_password() {
        for own in [
            "ada.lovelace@example.com",
            "Ada.Lovelace@Example.com",
            "ada.lovelace1",
            "adaada.lovelace",
        ] {
            assert!(
                password_problem(own, "ada.lovelace@example.com").is_some(),
                "{own}"
            );
        }
    }
}
