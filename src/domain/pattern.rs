//! Regular expressions as people write them: compiled once, inside limits of size and depth.
//!
//! Called where filters, functions and paths are read, and by templates at every turn of a loop; each thread therefore keeps those that it compiled
//! last. Matching takes time in proportion to the text and needs no limit; compiling does: the regex
//! crate goes one call deeper for each repetition of a repetition, and `a***...` of 200 signs takes all of a thread's stack.

use std::cell::RefCell;
use std::collections::VecDeque;

use regex::{Regex, RegexBuilder};

/// Largest compiled pattern, in bytes, unless the place says less.
pub const SIZE_LIMIT_BYTES: usize = 1 << 20;
/// Groups, classes and repetitions that may stand inside each other.
const DEPTH_LIMIT: u32 = 50;

/// Patterns that a thread keeps, and the longest of them, in bytes.
const KEPT: usize = 16;
const KEPT_LENGTH_LIMIT_BYTES: usize = 1_024;

/// A compiled pattern with what it was compiled of.
struct Compiled {
    pattern: String,
    case_sensitive: bool,
    size_limit_bytes: usize,
    regex: Regex,
}

thread_local! {
    /// The last ones, the newest first.
    static LATELY: RefCell<VecDeque<Compiled>> = const { RefCell::new(VecDeque::new()) };
}

/// The pattern as this thread compiled it lately.
pub fn at_hand(pattern: &str, case_sensitive: bool, size_limit_bytes: usize) -> Option<Regex> {
    LATELY.with_borrow(|kept| {
        let found = kept.iter().find(|one| {
            one.pattern == pattern
                && one.case_sensitive == case_sensitive
                && one.size_limit_bytes == size_limit_bytes
        });
        found.map(|one| one.regex.clone())
    })
}

/// Compiles a pattern, unless it is at hand. The error is a sentence.
pub fn compile(
    pattern: &str,
    case_sensitive: bool,
    size_limit_bytes: usize,
) -> Result<Regex, String> {
    if let Some(regex) = at_hand(pattern, case_sensitive, size_limit_bytes) {
        return Ok(regex);
    }
    let regex = build(pattern, case_sensitive, size_limit_bytes)?;
    if pattern.len() <= KEPT_LENGTH_LIMIT_BYTES {
        LATELY.with_borrow_mut(|kept| {
            kept.truncate(KEPT - 1);
            kept.push_front(Compiled {
                pattern: pattern.to_string(),
                case_sensitive,
                size_limit_bytes,
                regex: regex.clone(),
            });
        });
    }
    Ok(regex)
}

/// Whether a pattern is written as JavaScript writes one, `/urgent/i`, whose slashes and letters would have to stand in the text. A path like
/// `/img/svg` is none.
pub fn is_slashed(pattern: &str) -> bool {
    let flags = pattern
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
        .filter(|(inner, _)| !inner.is_empty() && !inner.replace("\\/", "").contains('/'));
    flags.is_some_and(|(_, flags)| {
        let is_flag = |flag: char| "gimsuy".contains(flag) && flags.matches(flag).count() == 1;
        flags.contains(['g', 'i']) && flags.chars().all(is_flag)
    })
}

/// What to write instead of a pattern in slashes.
pub const SLASHED: &str = "Write the pattern without the slashes and letters around it; what `i` means is written `(?i)` before it.";

fn build(pattern: &str, case_sensitive: bool, size_limit_bytes: usize) -> Result<Regex, String> {
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

    #[test]
    fn the_last_few_are_at_hand_each_with_its_own_settings() {
        let of = |number: usize| format!("^a{number}$");
        for number in 0..=KEPT {
            compile(&of(number), true, SIZE_LIMIT_BYTES).unwrap();
        }
        assert!(
            at_hand(&of(0), true, SIZE_LIMIT_BYTES).is_none(),
            "the oldest"
        );
        for number in 1..=KEPT {
            let found = at_hand(&of(number), true, SIZE_LIMIT_BYTES).unwrap();
            assert!(found.is_match(&format!("a{number}")) && !found.is_match("a"));
            assert!(at_hand(&of(number), false, SIZE_LIMIT_BYTES).is_none());
        }
        assert!(
            compile("^A1$", true, SIZE_LIMIT_BYTES)
                .unwrap()
                .is_match("A1")
        );
        assert!(
            compile("^A1$", false, SIZE_LIMIT_BYTES)
                .unwrap()
                .is_match("a1")
        );
    }
}
