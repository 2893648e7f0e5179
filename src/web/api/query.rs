//! What stands behind the `?` of an address: what cannot be read is named, with what is wanted there.

use std::fmt::Display;
use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Visitor};
use serde::{Deserialize as _, Deserializer, forward_to_deserialize_any};

use crate::domain::delivery::State;
use crate::web::problem::ApiError;

/// Letters of a date without a time.
const DATE_CHARS: usize = 10;

/// A request's query.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Query<T>, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Query))
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let pairs = pairs.map(|(name, value)| (name.into_owned(), Word(value.into_owned())));
    let read: MapDeserializer<'_, _, Error> = MapDeserializer::new(pairs);
    serde_path_to_error::deserialize(read).map_err(|error| {
        let wrong = error.inner().to_string();
        // What is unknown or stands twice is named already.
        let detail = match error.path().iter().next() {
            Some(_) if !wrong.contains(" field `") => format!("`{}`: {wrong}.", error.path()),
            _ => format!("The query cannot be read: {wrong}."),
        };
        ApiError::new(StatusCode::BAD_REQUEST, "bad_query", detail)
    })
}

/// A value of a query, which becomes what its reader wants.
struct Word(String);

impl<'de> IntoDeserializer<'de, Error> for Word {
    type Deserializer = Word;

    fn into_deserializer(self) -> Word {
        self
    }
}

impl<'de> Deserializer<'de> for Word {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.parse() {
            Ok(number) => visitor.visit_i64(number),
            Err(_) => Err(Error::custom(format!(
                "a whole number is wanted, not `{}`",
                self.0
            ))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple tuple_struct
        map struct enum identifier ignored_any
    }
}

/// That a word is no state of a delivery, and which there are.
pub fn unknown_state(word: &str) -> String {
    let known: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    format!(
        "`{word}` is not a state; the states are {}.",
        known.join(", ")
    )
}

/// A text that narrows a list; an empty one does not.
pub fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// An id that narrows a list; an empty one does not.
pub fn an_id<'de, D: Deserializer<'de>, Id: FromStr<Err: Display>>(
    read: D,
) -> Result<Option<Id>, D::Error> {
    let text = filled(Option::<String>::deserialize(read)?);
    text.map(|text| text.parse().map_err(D::Error::custom))
        .transpose()
}

/// A time from which on; of a date, its beginning in UTC.
pub fn time_from<'de, D: Deserializer<'de>>(read: D) -> Result<Option<Timestamp>, D::Error> {
    time(read, Ok)
}

/// A time until which; of a date, its end in UTC.
pub fn time_to<'de, D: Deserializer<'de>>(read: D) -> Result<Option<Timestamp>, D::Error> {
    time(read, Date::tomorrow)
}

fn time<'de, D: Deserializer<'de>>(
    read: D,
    day: impl Fn(Date) -> Result<Date, jiff::Error>,
) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(read)? else {
        return Ok(None);
    };
    let of_date = || {
        let date = (text.len() == DATE_CHARS).then(|| text.parse().ok())??;
        let start = day(date).map(|day| day.to_datetime(Time::midnight()));
        let start = start.and_then(|start| TimeZone::UTC.to_timestamp(start));
        // The last days that have a name end after every time.
        Some(start.unwrap_or(Timestamp::MAX))
    };
    let found = text.parse().ok().or_else(of_date);
    found.map(Some).ok_or_else(|| {
        let meant = text.replace(' ', "+").parse::<Timestamp>();
        let hint = match meant {
            Ok(_) => "; in an address a `+` is written `%2B`",
            Err(_) => "",
        };
        D::Error::custom(format!(
            "a date like 2026-01-31 or a time like 2026-01-31T09:00:00Z is wanted, not `{text}`{hint}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::domain::id::EventId;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Asked {
        #[serde(deserialize_with = "time_from")]
        from: Option<Timestamp>,
        #[serde(alias = "until", deserialize_with = "time_to")]
        to: Option<Timestamp>,
        limit: Option<i64>,
        text: Option<String>,
        #[serde(deserialize_with = "an_id")]
        id: Option<EventId>,
    }

    #[test]
    fn an_empty_id_does_not_narrow() {
        assert_eq!(read::<Asked>("id=").unwrap().id, None);
        let id = EventId::new(1, [0; 10]);
        assert_eq!(read::<Asked>(&format!("id={id}")).unwrap().id, Some(id));
    }

    #[test]
    fn dates_are_whole_days_and_times_are_taken_as_they_are() {
        let query = "from=2026-01-31&until=2026-01-31&limit=5&text=a+b%20c";
        let asked: Asked = read(query).unwrap();
        let told = |at: Option<Timestamp>| at.unwrap().to_string();
        assert_eq!(told(asked.from), "2026-01-31T00:00:00Z");
        assert_eq!(told(asked.to), "2026-02-01T00:00:00Z");
        assert_eq!(
            (asked.limit, asked.text.as_deref()),
            (Some(5), Some("a b c"))
        );
        let asked: Asked = read("to=2026-01-31T09:00:00%2B01:00").unwrap();
        assert_eq!(told(asked.to), "2026-01-31T08:00:00Z");
        let asked: Asked = read("to=9999-12-31").unwrap();
        assert_eq!(asked.to, Some(Timestamp::MAX));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (query, says) in [
            ("limit=abc", "`limit`: a whole number is wanted, not `abc`."),
            ("from=soon", "`from`: a date like 2026-01-31 or a time like"),
            ("until=2026-13-01", "`until`: a date like"),
            ("from=2026-01-31T09:00:00+07:00", "a `+` is written `%2B`"),
            ("id=x", "`id`: "),
            ("surprise=1", "unknown field `surprise`"),
            ("limit=1&limit=2", "duplicate field `limit`"),
        ] {
            let refused = read::<Asked>(query).unwrap_err();
            assert_eq!(refused.code, "bad_query");
            assert!(refused.detail.contains(says), "{query}: {}", refused.detail);
        }
    }
}
