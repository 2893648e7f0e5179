//! Who changed what: one note for each change, written by `store` in the change's own transaction.
//!
//! A sentence names things by their names and never holds a secret, an address of a destination, or a body.

use jiff::Timestamp;

use crate::domain::id::AuditId;

/// How somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    Person,
    /// A program with an API token.
    Token,
    /// Whoever may run commands on the server.
    CommandLine,
    /// Somebody who has not signed in.
    Nobody,
}

impl ActorKind {
    /// The word used in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            ActorKind::Person => "person",
            ActorKind::Token => "token",
            ActorKind::CommandLine => "command_line",
            ActorKind::Nobody => "nobody",
        }
    }

    /// Reads the word.
    pub fn from_word(text: &str) -> Option<ActorKind> {
        match text {
            "person" => Some(ActorKind::Person),
            "token" => Some(ActorKind::Token),
            "command_line" => Some(ActorKind::CommandLine),
            "nobody" => Some(ActorKind::Nobody),
            _ => None,
        }
    }
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub kind: ActorKind,
    /// The id of the person or token; it may be gone since.
    pub id: Option<String>,
    /// What they were called then.
    pub name: String,
    /// The network address they came from, where there is one.
    pub address: Option<String>,
}

impl Actor {
    /// The actor within a sentence: a person by name, a program as `the token NAME`.
    pub fn in_words(&self) -> String {
        match self.kind {
            ActorKind::Token => format!("the token {}", self.name),
            _ => self.name.clone(),
        }
    }

    /// Whoever runs a command on the server.
    pub fn command_line() -> Actor {
        Actor {
            kind: ActorKind::CommandLine,
            id: None,
            name: "command line".into(),
            address: None,
        }
    }
}

/// The kinds of things that a note is about, for filters.
pub const OBJECT_KINDS: [&str; 8] = [
    "source",
    "destination",
    "connection",
    "delivery",
    "replay",
    "person",
    "token",
    "invite",
];

/// A change, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub id: AuditId,
    pub at: Timestamp,
    pub actor: Actor,
    /// Object and verb, like `source.created`; stable.
    pub action: String,
    /// One of [`OBJECT_KINDS`]: the action's part before the dot.
    pub object_kind: String,
    pub object_id: String,
    /// A sentence without the actor.
    pub sentence: String,
}

impl Note {
    /// A note about the object `object_id` of the action's kind.
    pub fn new(
        id: AuditId,
        at: Timestamp,
        actor: Actor,
        action: &str,
        object_id: impl std::fmt::Display,
        sentence: impl Into<String>,
    ) -> Note {
        Note {
            id,
            at,
            actor,
            object_kind: action.split('.').next().unwrap_or(action).to_string(),
            action: action.to_string(),
            object_id: object_id.to_string(),
            sentence: sentence.into(),
        }
    }
}
