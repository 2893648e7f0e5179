//! Whether a form was sent from a page of ours, as the browser itself says.
//!
//! A second lock beside the mark that every form carries: a browser's word cannot be forged by a page, while the mark also holds for
//! browsers and addresses (plain http in a local network) for which no word is sent.

use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use url::Url;

use crate::web::problem::ApiError;

/// Refuses an unsafe request that a browser says came from elsewhere. Without a word of the browser, the mark alone decides.
pub fn check_origin(headers: &HeaderMap, public_url: &str) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let ours = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        // With `Referrer-Policy: no-referrer` browsers send `null` for our own forms too.
        (None, None | Some("null")) => true,
        (None, Some(origin)) => {
            let sent_to = text(HOST.as_str()).unwrap_or_default();
            let authority = |address: &str| {
                let url = Url::parse(address).ok()?;
                let host = url.host_str()?.to_string();
                Some(
                    url.port()
                        .map_or(host.clone(), |port| format!("{host}:{port}")),
                )
            };
            let from = authority(origin);
            from.is_some() && (from.as_deref() == Some(sent_to) || from == authority(public_url))
        }
    };
    if ours {
        Ok(())
    } else {
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "foreign_form",
            "This form was sent from another site; open the page here and repeat it.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn accepts(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        check_origin(&headers, "https://bridge.example.com").is_ok()
    }

    #[test]
    fn the_browsers_word_comes_first_and_the_origin_second() {
        assert!(accepts(&[("sec-fetch-site", "same-origin")]));
        assert!(accepts(&[("sec-fetch-site", "none")]));
        for site in ["cross-site", "same-site", "", "Same-Origin"] {
            let pairs = [
                ("sec-fetch-site", site),
                ("origin", "https://bridge.example.com"),
            ];
            assert!(!accepts(&pairs), "{site}");
        }
        let host = ("host", "10.0.0.5:8080");
        assert!(accepts(&[host]));
        assert!(accepts(&[host, ("origin", "null")]));
        assert!(accepts(&[host, ("origin", "http://10.0.0.5:8080")]));
        assert!(accepts(&[host, ("origin", "https://bridge.example.com")]));
        for origin in [
            "http://10.0.0.5",
            "https://evil.example",
            "http://10.0.0.5:8080.evil.example",
            "nonsense",
        ] {
            assert!(!accepts(&[host, ("origin", origin)]), "{origin}");
        }
    }
}
