//! Where to go after signing in: only ever a path of ours.

/// Longest path that is kept, in bytes.
const NEXT_LIMIT_BYTES: usize = 1_024;

/// The path, when it cannot lead anywhere else; otherwise the overview.
pub fn own_path(text: &str) -> &str {
    let own = text.starts_with('/')
        && text.len() <= NEXT_LIMIT_BYTES
        && !text[1..].starts_with('/')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { text } else { "/" }
}

/// The address of the sign-in page that leads back to `path`.
pub fn sign_in(path: &str) -> String {
    leading_back("/login", path)
}

/// The same of the page that asks for a code.
pub fn code_page_for(path: &str) -> String {
    leading_back("/login/code", path)
}

fn leading_back(page: &str, path: &str) -> String {
    match own_path(path) {
        "/" => page.into(),
        own => {
            let next: String = url::form_urlencoded::byte_serialize(own.as_bytes()).collect();
            format!("{page}?next={next}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_followed() {
        for own in [
            "/",
            "/deliveries?state=failed",
            "/settings/people#x",
            "/a//b",
        ] {
            assert_eq!(own_path(own), own);
        }
        for elsewhere in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "deliveries",
            "/\t/evil.example",
            "/\n//evil",
            " /deliveries",
            "/%\u{2215}é",
            "/a\\b",
        ] {
            assert_eq!(own_path(elsewhere), "/", "{elsewhere:?}");
        }
        assert_eq!(own_path(&format!("/{}", "a".repeat(2_000))), "/");
        assert_eq!(
            sign_in("/deliveries?state=failed"),
            "/login?next=%2Fdeliveries%3Fstate%3Dfailed"
        );
        assert_eq!(sign_in("//evil"), "/login");
        assert_eq!(code_page_for("/?a=b&c"), "/login/code?next=%2F%3Fa%3Db%26c");
        assert_eq!(code_page_for("/"), "/login/code");
    }
}
