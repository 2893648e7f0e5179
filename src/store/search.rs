//! Looking for a text in events: in the record's title, in letters of any size, and in the body, as it stands there.
//!
//! Used by the pages of events and of the log, and by replays. There is no index for it; whoever asks bounds the stretch that is looked through.

use diesel::sql_types::{Binary, Nullable, Text};

use crate::store::error::StoreError;
use crate::store::row;

/// Longest text that is looked for, in characters: databases give up on much longer patterns.
pub const TEXT_LIMIT_CHARS: usize = 500;

/// Whether an event has the text.
macro_rules! has_text {
    ($text:expr) => {{
        use diesel::{
            BoolExpressionMethods as _, EscapeExpressionMethods as _, ExpressionMethods as _,
            NullableExpressionMethods as _, TextExpressionMethods as _,
        };
        use $crate::store::schema::events;
        use $crate::store::search::{like_pattern, lower, position_in};
        lower(events::record_title)
            .like(lower(Some(like_pattern(&$text)?)))
            .escape('\\')
            .assume_not_null()
            .or(position_in(events::body, $text.as_bytes().to_vec()).gt(0))
    }};
}
pub(super) use has_text;

/// A LIKE pattern that finds `text` anywhere, whatever signs it holds.
pub(super) fn like_pattern(text: &str) -> Result<String, StoreError> {
    like_in_order(&[text])
}

/// The same for texts that stand one behind the other, with anything between them.
pub(super) fn like_in_order(texts: &[&str]) -> Result<String, StoreError> {
    let characters: usize = texts.iter().map(|text| text.chars().count()).sum();
    if characters > TEXT_LIMIT_CHARS {
        return Err(StoreError::TextTooLong);
    }
    let escaped = texts.iter().map(|text| {
        row::text(text)
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_")
    });
    Ok(format!("%{}%", escaped.collect::<Vec<_>>().join("%")))
}

diesel::define_sql_function! {
    /// In small letters, as far as the database knows them: PostgreSQL's LIKE tells them apart, SQLite's does not.
    fn lower(text: Nullable<Text>) -> Nullable<Text>;
}

diesel::define_sql_function! {
    /// Position of `needle` in `haystack`, from 1; 0 when it is not there.
    #[sql_name = "instr"]
    fn position_in(haystack: Binary, needle: Binary) -> BigInt;
}
