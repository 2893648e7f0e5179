//! Looking for a text in events: in the record's title, in letters of any size, and in the body, as it stands there.
//!
//! SQLite knows only the letters of English by itself, so it is given our own `lower`; PostgreSQL knows those of its database's locale.
//!
//! Used by the pages of events and of the log, and by replays. There is no index for it; whoever asks bounds the stretch that is looked through.

use diesel::SqliteConnection;
use diesel::sql_types::{Binary, Nullable, Text};

use crate::store::error::{StoreError, TEXT_LIMIT_CHARS};
use crate::store::row;

/// Whether an event has the text.
macro_rules! has_text {
    ($text:expr) => {{
        use diesel::{
            BoolExpressionMethods as _, EscapeExpressionMethods as _, ExpressionMethods as _,
            NullableExpressionMethods as _, TextExpressionMethods as _,
        };
        use $crate::store::schema::events;
        use $crate::store::search::{in_one_case, like_pattern, position_in};
        in_one_case!(events::record_title)
            .like(in_one_case!(Some(like_pattern(&$text)?)))
            .escape('\\')
            .assume_not_null()
            .or(position_in(events::body, $text.as_bytes().to_vec()).gt(0))
    }};
}
pub(super) use has_text;

/// A text in which large and small letters are the same: also ß and the sigma that ends a word, which filters take so too.
macro_rules! in_one_case {
    ($text:expr) => {{
        use $crate::store::search::{lower, replaced};
        replaced(replaced(lower($text), "ß", "ss"), "ς", "σ")
    }};
}
pub(super) use in_one_case;

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
    /// In small letters.
    fn lower(text: Nullable<Text>) -> Nullable<Text>;
}

diesel::define_sql_function! {
    /// With one text in the place of another.
    #[sql_name = "replace"]
    fn replaced(text: Nullable<Text>, find: Text, with: Text) -> Nullable<Text>;
}

/// Gives a SQLite connection a `lower` that knows the letters of every language.
pub(super) fn teach(conn: &mut SqliteConnection) -> Result<(), diesel::result::Error> {
    lower_utils::register_impl(conn, |text: Option<String>| {
        text.map(|text| text.to_lowercase())
    })
}

diesel::define_sql_function! {
    /// Position of `needle` in `haystack`, from 1; 0 when it is not there.
    #[sql_name = "instr"]
    fn position_in(haystack: Binary, needle: Binary) -> BigInt;
}
