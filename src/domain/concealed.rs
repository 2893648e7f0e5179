//! What a destination's settings show in place of secrets, and how the mark is read back when somebody saves what was shown.
//!
//! Queries of URLs and values of added headers often are secrets and never need to be seen again: they are shown as [`MASK`]. Saved as it was
//! shown, the mask keeps what it stands for; `destination` decides whether it may (never for another host).

use url::Url;

use crate::domain::secret::{MASK, Secret};

/// From this length on, a part of a path that has letters and digits may be a token.
const TOKEN_BYTES: usize = 16;

/// The URL with every value of its query masked; the names stay. A part without a name is masked whole.
pub fn conceal_query(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_fragment(None);
    shown.set_query(None);
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

/// The URL for the log, which keeps what it is told in clear: without its query, and with [`MASK`] in place of every part of the path that may be a
/// token, as chat services put them there. Long names of letters and digits are taken for one rather than the other way round.
pub fn conceal_tokens(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_fragment(None);
    if shown.query().is_some() {
        shown.set_query(Some(MASK));
    }
    let parts = || url.path_segments().into_iter().flatten();
    // Every attempt asks; a path that is shown as it is is not put together again.
    if parts().any(may_be_token) {
        let masked: Vec<&str> = parts()
            .map(|part| if may_be_token(part) { MASK } else { part })
            .collect();
        shown.set_path(&masked.join("/"));
    }
    shown.into()
}

fn may_be_token(part: &str) -> bool {
    part.len() >= TOKEN_BYTES
        && part.bytes().any(|byte| byte.is_ascii_digit())
        && part.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a secret that somebody saves is only what was shown in its place.
pub fn is_mask(secret: &Secret) -> bool {
    secret.expose() == MASK.as_bytes()
}

/// Puts back the values that masks in `url` stand for; a mask inside of a longer value is part of that value. `None` when a mask stands for nothing
/// that `saved` has.
pub fn restore_query(mut url: Url, saved: Option<&Url>) -> Option<Url> {
    let Some(query) = url.query().filter(|query| query.contains(MASK)) else {
        return Some(url);
    };
    let saved = saved.and_then(Url::query);
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
            assert_eq!(conceal_tokens(&Url::parse(url).unwrap()), shown);
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
        ] {
            assert_eq!(conceal_query(&url(text)), shown);
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
            let restored = restore_query(url(typed), Some(&saved));
            assert_eq!(restored.as_ref().map(Url::as_str), becomes, "{typed}");
        }
        assert_eq!(restore_query(url("https://e.com/?key=***"), None), None);
        let inside = url("https://e.com/?key=a***b");
        assert_eq!(restore_query(inside.clone(), None), Some(inside));
    }

    proptest! {
        #[test]
        fn what_is_shown_saves_as_it_was(query in "[a-c=&%0-9]{0,40}") {
            let saved = url(&format!("https://e.com/a?{query}"));
            let restored = restore_query(url(&conceal_query(&saved)), Some(&saved)).unwrap();
            prop_assert_eq!(restored.query().unwrap_or_default(), saved.query().unwrap_or_default());
        }
    }
}
