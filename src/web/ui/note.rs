//! What a page says first, after something was done: a sentence for the word that the address brings.
//!
//! Nothing of the address itself is shown, so a link from elsewhere can make a page say only what it says anyway.

use actix_web::HttpRequest;

use crate::web::i18n::Key;
use crate::web::ui::query::query_value;

/// The word in `?done=` for a form that came after its session had ended.
pub const UNSAVED: &str = "unsaved";

/// What was done, by the word in `?done=`; nothing of the address itself is shown.
const NOTES: [(&str, Key); 26] = [
    ("saved", key!("shared-note-saved")),
    ("saved_resumed", key!("shared-note-saved-resumed")),
    ("added", key!("shared-note-added")),
    ("deleted", key!("shared-note-deleted")),
    ("restored", key!("shared-note-restored")),
    ("imported", key!("shared-note-imported")),
    ("changed_by_import", key!("shared-note-changed-by-import")),
    ("enabled", key!("shared-note-enabled")),
    ("disabled", key!("shared-note-disabled")),
    ("locked_out", key!("shared-note-locked-out")),
    ("let_in", key!("shared-note-let-in")),
    ("duplicated", key!("shared-note-duplicated")),
    ("discarded", key!("shared-note-discarded")),
    ("replay", key!("shared-note-replay")),
    ("cancelled", key!("shared-note-cancelled")),
    ("paused", key!("shared-note-paused")),
    ("resumed", key!("shared-note-resumed")),
    ("not_paused", key!("shared-note-not-paused")),
    ("hurried", key!("shared-note-hurried")),
    ("revoked", key!("shared-note-revoked")),
    ("password", key!("shared-note-password")),
    ("welcome", key!("shared-note-welcome")),
    ("withdrawn", key!("shared-note-withdrawn")),
    ("session_ended", key!("shared-note-session-ended")),
    ("secret_replaced", key!("sources-secret-replaced")),
    ("second_factor_off", key!("shared-note-second-factor-off")),
];

/// What a page says first, after something was done.
pub struct Note {
    pub text: String,
    /// good, warn or bad, as for a [`Chip`].
    pub tone: &'static str,
}

impl Note {
    pub fn good(text: String) -> Note {
        Note { text, tone: "good" }
    }

    pub fn warn(text: String) -> Note {
        Note { text, tone: "warn" }
    }

    pub fn bad(text: String) -> Note {
        Note { text, tone: "bad" }
    }
}

/// What is said for the word in `?done=`.
pub fn note(request: &HttpRequest) -> Option<Note> {
    let done = query_value(request, "done")?;
    if done == "resent_many" {
        let number = |name: &str| query_value(request, name).and_then(|text| text.parse().ok());
        return Some(resent_many(&Resent {
            count: number("count")?,
            held: number("held").unwrap_or(0),
            hurried: number("hurried").unwrap_or(0),
            left: number("left").unwrap_or(0),
            refused: number("refused").unwrap_or(0),
            unsent: number("unsent").unwrap_or(0),
        }));
    }
    if done == UNSAVED {
        return Some(Note::warn(t!("shared-note-unsaved")));
    }
    let found = NOTES.iter().find(|(word, _)| *word == done);
    found.map(|(_, sentence)| Note::good(sentence.to_string()))
}

/// What became of the deliveries that were selected to be sent again.
struct Resent {
    count: u32,
    /// Of the new ones, those whose destination is held or paused.
    held: u32,
    hurried: u32,
    left: u32,
    refused: u32,
    unsent: u32,
}

fn resent_many(one: &Resent) -> Note {
    let waited = one.hurried + one.left;
    if one.count + waited + one.refused + one.unsent == 0 {
        return Note::warn(t!("shared-note-none-ticked"));
    }
    let mut told = Vec::new();
    if one.count > 0 || waited == 0 {
        told.push(t!("shared-note-resent-many", count = one.count));
    }
    for (count, said) in [
        (one.held, t!("shared-note-resent-held", count = one.held)),
        (
            one.hurried,
            t!("shared-note-hurried-many", count = one.hurried),
        ),
        (one.left, t!("shared-note-left", count = one.left)),
        (one.refused, t!("shared-note-refused", count = one.refused)),
        (one.unsent, t!("shared-note-unsent", count = one.unsent)),
    ] {
        if count > 0 {
            told.push(said);
        }
    }
    let told = told.join(" ");
    match (one.unsent, one.held + one.left + one.refused) {
        (0, 0) => Note::good(told),
        (0, _) => Note::warn(told),
        _ => Note::bad(told),
    }
}
