//! What a page says first, after something was done: a sentence for the word that the address brings.
//!
//! Nothing of the address itself is shown, so a link from elsewhere can make a page say only what it says anyway.

use actix_web::HttpRequest;

use crate::web::i18n::Key;
use crate::web::ui::query::query_value;

/// The word in `?done=` for a form that came after its session had ended.
pub const UNSAVED: &str = "unsaved";

/// What was done, by the word in `?done=`; nothing of the address itself is shown.
const NOTES: [(&str, Key); 24] = [
    ("saved", key!("shared-note-saved")),
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
        return Some(resent_many(
            number("count")?,
            number("held").unwrap_or(0),
            number("refused").unwrap_or(0),
            number("unsent").unwrap_or(0),
        ));
    }
    if done == UNSAVED {
        return Some(Note::warn(t!("shared-note-unsaved")));
    }
    let found = NOTES.iter().find(|(word, _)| *word == done);
    found.map(|(_, sentence)| Note::good(sentence.to_string()))
}

fn resent_many(count: u32, held: u32, refused: u32, unsent: u32) -> Note {
    if count + refused + unsent == 0 {
        return Note::warn(t!("shared-note-none-ticked"));
    }
    let mut told = vec![t!("shared-note-resent-many", count = count)];
    if held > 0 {
        told.push(t!("shared-note-resent-held", count = held));
    }
    if refused > 0 {
        told.push(t!("shared-note-refused", count = refused));
    }
    if unsent > 0 {
        told.push(t!("shared-note-unsent", count = unsent));
    }
    let told = told.join(" ");
    match (unsent, held + refused) {
        (0, 0) => Note::good(told),
        (0, _) => Note::warn(told),
        _ => Note::bad(told),
    }
}
