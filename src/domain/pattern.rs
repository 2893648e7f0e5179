//! Regular expressions as people write them: compiled once, inside limits of size and depth.
//!
//! Called where filters, functions and paths are read. Matching takes time in proportion to the text and needs no limit; compiling does: the regex
//! crate goes one call deeper for each repetition of a repetition, and `a***...` of 200 signs takes all of a thread's stack.

use regex::{Regex, RegexBuilder};

/// Largest compiled pattern, in bytes, unless the place says less.
pub const SIZE_LIMIT_BYTES: usize = 1 << 20;
/// Groups, classes and repetitions that may stand inside each other.
const DEPTH_LIMIT: u32 = 50;

/// Compiles a pattern. The error is a sentence.
pub fn compile(
    pattern: &str,
    case_sensitive: bool,
    size_limit_bytes: usize,
) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(!case_sensitive)
        .size_limit(size_limit_bytes)
        .nest_limit(DEPTH_LIMIT)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            format!("This is not a regular expression: {reason}.")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_or_too_large_is_refused_and_takes_no_stack() {
        for pattern in [
            format!("a{}", "*".repeat(200)),
            format!("{}a{}", "(".repeat(200), ")".repeat(200)),
            format!("a{}", "{1}".repeat(200)),
            "(a{500}){500}".into(),
            "(".into(),
        ] {
            let refused = compile(&pattern, true, SIZE_LIMIT_BYTES).unwrap_err();
            assert!(refused.starts_with("This is not a regular expression: "));
        }
        let fine = compile("^((a|b)+?c*){2,3}$", false, SIZE_LIMIT_BYTES).unwrap();
        assert!(fine.is_match("ABcac") && !fine.is_match("x"));
    }
}
