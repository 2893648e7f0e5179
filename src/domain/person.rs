//! People and what they may do.

use jiff::Timestamp;

use crate::domain::id::UserId;

/// Longest e-mail address, in bytes.
pub const EMAIL_LIMIT_BYTES: usize = 254;

/// What somebody may do; each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Viewer,
    /// Change sources, destinations and connections; resend.
    Editor,
    /// Everything, people and tokens included.
    Owner,
}

impl Role {
    /// The word used in the database, the API and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Editor => "editor",
            Role::Owner => "owner",
        }
    }

    /// Reads the word.
    pub fn from_word(text: &str) -> Option<Role> {
        match text {
            "viewer" => Some(Role::Viewer),
            "editor" => Some(Role::Editor),
            "owner" => Some(Role::Owner),
            _ => None,
        }
    }
}

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    Indonesian,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::English, Language::Indonesian];

    /// Its code, as in `<html lang>` and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Indonesian => "id",
        }
    }

    /// What its speakers call it.
    pub fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Indonesian => "Bahasa Indonesia",
        }
    }

    /// The language of a tag like `en` or `id-ID`, when we speak it.
    pub fn from_tag(tag: &str) -> Option<Language> {
        let primary = tag.split('-').next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Language::English),
            // "in" is what Indonesian was called until 1989, and what some old devices still send.
            "id" | "in" => Some(Language::Indonesian),
            _ => None,
        }
    }
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Lower case.
    pub email: String,
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
    /// Since when they are locked out; `None` while they may sign in.
    pub deactivated_at: Option<Timestamp>,
    /// Signing in asks for a code as well.
    pub has_second_factor: bool,
    /// In which language pages come; `None` leaves it to the browser.
    pub language: Option<Language>,
    /// In which time zone times are shown, an IANA name; `None` leaves it to the browser.
    pub time_zone: Option<String>,
}

/// Brings an address to the form it is stored in; a sentence when it cannot be one.
pub fn parse_email(text: &str) -> Result<String, String> {
    let email = text.trim().to_lowercase();
    let plausible = email.len() <= EMAIL_LIMIT_BYTES
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
    if plausible {
        Ok(email)
    } else {
        Err("Write an e-mail address like ada@example.com.".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_grow() {
        assert!(Role::Viewer < Role::Editor && Role::Editor < Role::Owner);
        for role in [Role::Viewer, Role::Editor, Role::Owner] {
            assert_eq!(Role::from_word(role.as_str()), Some(role));
        }
    }

    #[test]
    fn addresses_are_lowered_and_nonsense_is_refused() {
        assert_eq!(parse_email(" Ada@Example.COM ").unwrap(), "ada@example.com");
        for wrong in ["", "ada", "@example.com", "ada@", "a b@c.d", "a@b@c"] {
            assert!(parse_email(wrong).is_err(), "{wrong}");
        }
    }
}
