//! What a destination's settings show in place of secrets, and how the mark is read back when somebody saves what was shown.
//!
//! Queries of URLs, parts of their paths that may be tokens, and values of added headers often are secrets and never need to be seen again: they are
//! shown as [`MASK`]. Saved as it was shown, the mask keeps what it stands for; `destination` decides whether it may (never for another host).

use url::Url;

use crate::domain::secret::{MASK, Secret};

/// From this length on, a part of a path that has letters and digits may be a token.
const TOKEN_BYTES: usize = 16;

/// The URL as everybody may see it: every part of its path that may be a token masked, as chat services put them there, and every value of its query;
/// the names stay. A part without a name is masked whole.
pub fn conceal(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_fragment(None);
    shown.set_query(None);
    conceal_path(&mut shown);
    let query = url.query().filter(|query| !query.is_empty());
    let Some(query) = query else {
        return shown.into();
    };
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, _)) => format!("{name}={MASK}"),
            None => MASK.to_string(),
        })
        .collect();
    format!("{shown}?{}", parts.join("&"))
}

/// The URL for the log, which keeps what it is told in clear: the same, with nothing of its query.
pub fn conceal_tokens(url: &Url) -> Url {
    let mut shown = url.clone();
    shown.set_fragment(None);
    if shown.query().is_some() {
        shown.set_query(Some(MASK));
    }
    conceal_path(&mut shown);
    shown
}

/// Puts [`MASK`] in place of every part of the path that may be a token.
fn conceal_path(url: &mut Url) {
    // Every attempt asks; a path that is shown as it is is not put together again.
    if path_parts(url).any(may_be_token) {
        let masked: Vec<&str> = path_parts(url)
            .map(|part| if may_be_token(part) { MASK } else { part })
            .collect();
        // The slash in front stands before the first part, also when that is empty.
        url.set_path(&format!("/{}", masked.join("/")));
    }
}

fn path_parts(url: &Url) -> impl Iterator<Item = &str> {
    url.path_segments().into_iter().flatten()
}

/// Long names of letters and digits are taken for a token rather than the other way round.
fn may_be_token(part: &str) -> bool {
    part.len() >= TOKEN_BYTES
        && part.bytes().any(|byte| byte.is_ascii_digit())
        && part.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a secret that somebody saves is only what was shown in its place.
pub fn is_mask(secret: &Secret) -> bool {
    secret.expose() == MASK.as_bytes()
}

/// Whether a part of the URL is only what is shown in its place.
pub fn is_masked(url: &Url) -> bool {
    let mut values = url
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .map(|part| part.split_once('=').map_or(part, |(_, value)| value));
    path_parts(url).any(|part| part == MASK) || values.any(|value| value == MASK)
}

/// Puts back what masks in `url` stand for; a mask inside of a longer value is part of that value. `None` when a mask stands for nothing that
/// `saved` has.
pub fn restore(mut url: Url, saved: &Url) -> Option<Url> {
    if path_parts(&url).any(|part| part == MASK) {
        let path = restored_path(&url, saved)?;
        url.set_path(&path);
    }
    restore_query(url, saved)
}

/// A mask in the path stands for the part at the same place; of several, none is known again when parts were added or taken away.
fn restored_path(url: &Url, saved: &Url) -> Option<String> {
    let tokens = path_parts(saved).filter(|part| may_be_token(part)).count();
    if tokens > 1 && path_parts(url).count() != path_parts(saved).count() {
        return None;
    }
    let mut kept = path_parts(saved);
    let mut parts = Vec::new();
    for part in path_parts(url) {
        let kept = kept.next();
        parts.push(match part {
            MASK => kept.filter(|kept| *kept == MASK || may_be_token(kept))?,
            part => part,
        });
    }
    Some(format!("/{}", parts.join("/")))
}

fn restore_query(mut url: Url, saved: &Url) -> Option<Url> {
    let Some(query) = url.query().filter(|query| query.contains(MASK)) else {
        return Some(url);
    };
    let saved = saved.query();
    let mut saved: Vec<&str> = saved.map_or_else(Vec::new, |query| query.split('&').collect());
    let mut parts = Vec::new();
    for part in query.split('&') {
        let name = match part.split_once('=') {
            Some((name, value)) if value == MASK => Some(name),
            None if part == MASK => None,
            _ => {
                parts.push(part.to_string());
                continue;
            }
        };
        // The same name several times: in their order.
        let index = saved
            .iter()
            .position(|kept| kept.split_once('=').map(|(name, _)| name) == name)?;
        parts.push(saved.remove(index).to_string());
    }
    let query = parts.join("&");
    url.set_query(Some(&query));
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_log_keeps_no_part_of_a_path_that_may_be_a_token() {
        for (url, shown) in [
            (
                "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX1234XXXXXXXX",
                "https://hooks.slack.com/services/T00000000/B00000000/***",
            ),
            (
                "https://discord.com/api/webhooks/123456789012345678/aB3_dE-fGh1jKlMnOp",
                "https://discord.com/api/webhooks/123456789012345678/***",
            ),
            (
                "https://api.telegram.org/bot123456:AAbbCCddEEff/sendMessage",
                "https://api.telegram.org/***/sendMessage",
            ),
            (
                "https://example.com/v2/incoming-webhooks/blue?key=1#x",
                "https://example.com/v2/incoming-webhooks/blue?***",
            ),
            ("https://example.com/", "https://example.com/"),
        ] {
            assert_eq!(conceal_tokens(&Url::parse(url).unwrap()).as_str(), shown);
        }
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn names_are_shown_and_values_are_not() {
        for (text, shown) in [
            ("https://e.com/a", "https://e.com/a"),
            ("https://e.com/a?", "https://e.com/a"),
            ("https://e.com/a?key=s&b=t", "https://e.com/a?key=***&b=***"),
            ("https://e.com/a?s", "https://e.com/a?***"),
            ("https://e.com/a?key=s=t#u", "https://e.com/a?key=***"),
            (
                "https://e.com/hooks/a1b2c3d4e5f6g7h8/in?key=s",
                "https://e.com/hooks/***/in?key=***",
            ),
        ] {
            assert_eq!(conceal(&url(text)), shown);
            assert_eq!(is_masked(&url(shown)), shown.contains(MASK), "{shown}");
        }
    }

    #[test]
    fn a_mask_brings_back_its_own_value_and_new_values_stay() {
        let saved = url("https://e.com/a?key=s&x=1&x=2");
        for (typed, becomes) in [
            (
                "https://e.com/b?x=***&key=***",
                Some("https://e.com/b?x=1&key=s"),
            ),
            (
                "https://e.com/b?x=***&x=***",
                Some("https://e.com/b?x=1&x=2"),
            ),
            ("https://e.com/b?key=new", Some("https://e.com/b?key=new")),
            ("https://e.com/b?other=***", None),
            ("https://e.com/b?***", None),
        ] {
            let restored = restore(url(typed), &saved);
            assert_eq!(restored.as_ref().map(Url::as_str), becomes, "{typed}");
        }
        let inside = url("https://e.com/a***b?key=a***b");
        assert!(!is_masked(&inside));
        assert_eq!(restore(inside.clone(), &saved), Some(inside));
    }

    #[test]
    fn a_mask_in_the_path_brings_back_the_part_at_its_place() {
        let saved = url("https://e.com/bot123456:AAbbCCddEEff/send");
        for (typed, becomes) in [
            (
                "https://e.com/***/edit",
                Some("https://e.com/bot123456:AAbbCCddEEff/edit"),
            ),
            ("https://e.com/bot/***", None),
            ("https://e.com/a/b/***", None),
        ] {
            let restored = restore(url(typed), &saved);
            assert_eq!(restored.as_ref().map(Url::as_str), becomes, "{typed}");
        }
        let two = url("https://e.com/T0123456789abcdef/B0123456789abcdef/send");
        assert_eq!(restore(url("https://e.com/***/send"), &two), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_saves_as_it_was(path in "[a-c0-9/%]{0,60}", query in "[a-c=&%0-9]{0,40}") {
            let saved = url(&format!("https://e.com/{path}?{query}"));
            let restored = restore(url(&conceal(&saved)), &saved).unwrap();
            prop_assert_eq!(restored.path(), saved.path());
            prop_assert_eq!(restored.query().unwrap_or_default(), saved.query().unwrap_or_default());
        }
    }
}
