//! Who reads a page: in which language, and in which time zone. The account says it; else the browser; else English and UTC.
//!
//! [`of_browser`] puts the reader around everything that answers a page's request, `admission` puts the account's choice around the page's handler;
//! texts ([`i18n`](crate::web::i18n)) and times ask for the
//! [`Reader::present`] one. What runs outside of the request (the live tail's stream) keeps that and enters it again with [`Reader::reads`]. Without any reader everything is in English and UTC: so it is for the API.
//!
//! A browser says its language in `Accept-Language`, and by the switch on the sign-in pages in a cookie; its zone in a cookie that `static/app.js` writes.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_LANGUAGE, AcceptLanguage, Header as _};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::domain::person::{Language, User};

/// Cookie of the language chosen before signing in.
pub const LANGUAGE_COOKIE: &str = "bluebridge_language";

/// Cookie of the browser's time zone, an IANA name.
const ZONE_COOKIE: &str = "bluebridge_zone";

tokio::task_local! {
    static READER: Reader;
}

/// How somebody reads.
#[derive(Debug, Clone)]
pub struct Reader {
    pub language: Language,
    pub zone: TimeZone,
    /// The account names the zone, so a browser's own does not matter.
    pub has_chosen_zone: bool,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader {
            language: Language::English,
            zone: TimeZone::UTC,
            has_chosen_zone: false,
        }
    }
}

impl Reader {
    /// Whoever reads now.
    pub fn present() -> Reader {
        READER.try_with(Reader::clone).unwrap_or_default()
    }

    /// Runs `call` for this reader.
    pub fn reads<T>(&self, call: impl FnOnce() -> T) -> T {
        READER.sync_scope(self.clone(), call)
    }

    /// Runs `future` for this reader.
    pub fn around<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        READER.scope(self, future)
    }

    /// What a browser says.
    pub fn of(request: &HttpRequest) -> Reader {
        let zone = request
            .cookie(ZONE_COOKIE)
            .and_then(|cookie| zone_named(cookie.value()));
        Reader {
            language: language_of(request),
            zone: zone.unwrap_or(TimeZone::UTC),
            has_chosen_zone: false,
        }
    }

    /// The same reader with what their account chooses.
    pub fn signed_in(self, user: &User) -> Reader {
        let chosen = user.time_zone.as_deref().and_then(zone_named);
        Reader {
            language: user.language.unwrap_or(self.language),
            has_chosen_zone: chosen.is_some(),
            zone: chosen.unwrap_or(self.zone),
        }
    }

    /// The zone by its name.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// A time as programs write it, or as a browser's field gives it, which is by this reader's clock.
    pub fn instant(&self, text: &str) -> Option<Timestamp> {
        text.parse().ok().or_else(|| {
            let civil: DateTime = text.parse().ok()?;
            self.zone.to_timestamp(civil).ok()
        })
    }

    /// A point in time as this reader's clock shows it.
    pub fn clock(&self, at: Timestamp, format: &str) -> String {
        at.to_zoned_datetime(self.zone.clone())
            .strftime(format)
            .to_string()
    }
}

/// The zone of an IANA name; `None` when there is no such zone.
pub fn zone_named(name: &str) -> Option<TimeZone> {
    // jiff also reads POSIX rules and offsets; a name from outside is only a name.
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte));
    is_name.then(|| TimeZone::get(name).ok()).flatten()
}

fn language_of(request: &HttpRequest) -> Language {
    let chosen = request
        .cookie(LANGUAGE_COOKIE)
        .and_then(|cookie| Language::from_tag(cookie.value()));
    chosen.or_else(|| accepted(request)).unwrap_or_default()
}

/// The first accepted language that we speak.
fn accepted(request: &HttpRequest) -> Option<Language> {
    request.headers().get(ACCEPT_LANGUAGE)?;
    let accepted = AcceptLanguage::parse(request).ok()?;
    accepted
        .ranked()
        .iter()
        .find_map(|tag| Language::from_tag(&tag.to_string()))
}

/// Puts the reader around whatever answers the request.
pub async fn of_browser(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let reader = Reader::of(request.request());
    READER.scope(reader, next.call(request)).await
}

/// Puts the reader of an account, once it is known, around what comes next.
pub async fn of_account<B>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error>
where
    B: MessageBody + 'static,
{
    let user = request.extensions().get::<User>().cloned();
    match user {
        None => next.call(request).await,
        Some(user) => {
            let reader = Reader::present().signed_in(&user);
            READER.scope(reader, next.call(request)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::cookie::Cookie;
    use actix_web::test::TestRequest;

    use super::*;

    fn language(accept: &str, cookie: Option<&'static str>) -> &'static str {
        let mut request =
            TestRequest::default().insert_header((ACCEPT_LANGUAGE, accept.to_string()));
        if let Some(cookie) = cookie {
            request = request.cookie(Cookie::new(LANGUAGE_COOKIE, cookie));
        }
        Reader::of(&request.to_http_request()).language.as_str()
    }

    #[test]
    fn the_browser_chooses_among_the_languages_there_are() {
        for (accept, language_chosen) in [
            ("", "en"),
            ("*", "en"),
            ("id", "id"),
            ("id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7", "id"),
            ("in", "id"),
            ("de, en;q=0.5, id;q=0.7", "id"),
            ("de;q=1", "en"),
            ("en-GB,id;q=0.9", "en"),
            ("idx", "en"),
            ("nonsense;;q=q", "en"),
        ] {
            assert_eq!(language(accept, None), language_chosen, "{accept:?}");
        }
        assert_eq!(language("en", Some("id")), "id");
        assert_eq!(language("id", Some("tlh")), "id");
    }

    #[test]
    fn only_names_of_zones_are_zones() {
        assert!(zone_named("Asia/Jakarta").is_some());
        assert!(zone_named("UTC").is_some());
        for wrong in [
            "",
            "Moon/Base",
            "../../etc/passwd",
            "EST5EDT,M3.2.0,M11.1.0",
            "<script>",
        ] {
            assert!(zone_named(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_clock_shows_the_readers_zone() {
        let at: Timestamp = "2026-11-25T02:40:06Z".parse().unwrap();
        let reader = Reader {
            zone: zone_named("Asia/Jakarta").unwrap(),
            ..Reader::default()
        };
        assert_eq!(
            reader.clock(at, "%Y-%m-%d %H:%M:%S %Z"),
            "2026-11-25 09:40:06 WIB"
        );
        assert_eq!(reader.instant("2026-11-25T09:40:06"), Some(at));
        assert_eq!(reader.instant("2026-11-25T02:40:06Z"), Some(at));
        assert_eq!(reader.instant("soon"), None);
        assert_eq!(Reader::default().clock(at, "%H:%M %Z"), "02:40 UTC");
    }
}
