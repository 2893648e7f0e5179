//! How an attempt ended, in one or two words of the reader's language. Its sentences are told by [`phrases`](crate::web::phrases).

/// One or two words for an outcome's code.
pub fn word(code: &str) -> String {
    told!("outcome-word-", code, code.replace('_', " "))
}
