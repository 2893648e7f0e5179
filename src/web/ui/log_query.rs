//! What the address of the log asks for: its fields, and the deliveries that they mean.
//!
//! [`LogQuery`] is the one reading of the address; the page (`log`), `tail`, `export`, one delivery's way back, and the replay planner use it. What
//! cannot be understood is refused in words; nothing is fetched or shown here.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::delivery::State;
use crate::domain::id::DeliveryId;
use crate::store::deliveries::DeliveryFilter;
use crate::store::window::Window;
use crate::web::i18n::Key;
use crate::web::problem::ApiError;
use crate::web::reader::Reader;
use crate::web::ui::chart::RANGES;
use crate::web::ui::form::comma_separated;
use crate::web::ui::labels::event_type_called;
use crate::web::ui::next::own_path;
use crate::web::ui::query::filled;

/// States that belong together for people: the word in the address, its name, the states.
pub const GROUPS: [(&str, Key, &[State]); 4] = [
    (
        "delivered",
        key!("shared-state-delivered"),
        &[State::Delivered],
    ),
    (
        "waiting",
        key!("deliveries-waiting"),
        &[State::Queued, State::Held, State::Sending, State::Retrying],
    ),
    (
        "problem",
        key!("deliveries-problem"),
        &[
            State::Failed,
            State::MappingFailed,
            State::Retrying,
            State::Held,
        ],
    ),
    ("skipped", key!("shared-state-skipped"), &[State::Skipped]),
];

/// Days of the reader's that the log can be narrowed to: the word in the address, and its name.
pub const DAYS: [(&str, Key); 2] = [
    ("today", key!("deliveries-today")),
    ("yesterday", key!("deliveries-yesterday")),
];

/// The fields of the address that narrow the log, as they were written.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    pub state: String,
    pub connection_id: String,
    pub destination_id: String,
    pub event_type: String,
    pub text: String,
    pub period: String,
    pub from: String,
    pub to: String,
}

impl LogQuery {
    /// Reads the address.
    pub fn read(request: &HttpRequest) -> LogQuery {
        LogQuery::parse(request.query_string())
    }

    /// Reads the query of an address of the log; what the log does not know falls away.
    pub fn parse(query_string: &str) -> LogQuery {
        let mut query = LogQuery::default();
        for (name, value) in url::form_urlencoded::parse(query_string.as_bytes()) {
            if let Some(field) = query.field(&name) {
                *field = value.trim().to_string();
            }
        }
        query.event_type = event_type_called(&query.event_type);
        query
    }

    /// The field of this name, when the log has one.
    pub fn field(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "state" => &mut self.state,
            "connection_id" => &mut self.connection_id,
            "destination_id" => &mut self.destination_id,
            "event_type" => &mut self.event_type,
            "text" => &mut self.text,
            "period" => &mut self.period,
            "from" => &mut self.from,
            "to" => &mut self.to,
            _ => return None,
        })
    }

    /// What is filled, in a fixed order.
    pub fn filled(&self) -> Vec<(&'static str, &str)> {
        [
            ("state", &self.state),
            ("connection_id", &self.connection_id),
            ("destination_id", &self.destination_id),
            ("event_type", &self.event_type),
            ("text", &self.text),
            ("period", &self.period),
            ("from", &self.from),
            ("to", &self.to),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.as_str()))
        .collect()
    }

    /// The query of an address that narrows the same way.
    pub fn to_query_string(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.filled())
            .finish()
    }

    /// The address of the log with one field changed.
    pub fn href_with(&self, name: &str, value: &str) -> String {
        let mut other = self.clone();
        if let Some(field) = other.field(name) {
            *field = value.to_string();
        }
        other.href()
    }

    /// The address of the log that is narrowed this way.
    pub fn href(&self) -> String {
        match self.to_query_string() {
            query if query.is_empty() => "/deliveries".into(),
            query => format!("/deliveries?{query}"),
        }
    }

    /// Which deliveries are meant. What cannot be understood is refused: a filter that silently fell away would show, or send, too much.
    pub fn filter(
        &self,
        now: Timestamp,
        page: Window<DeliveryId>,
    ) -> Result<DeliveryFilter, ApiError> {
        let (from, to) = self.times(now)?;
        Ok(DeliveryFilter {
            states: self.states()?,
            connection_id: id_in(&self.connection_id)
                .map_err(|text| not_understood(t!("deliveries-connection-unread", text = text)))?,
            destination_id: id_in(&self.destination_id)
                .map_err(|text| not_understood(t!("deliveries-destination-unread", text = text)))?,
            event_id: None,
            replay_id: None,
            event_type: filled(&self.event_type),
            from,
            to,
            text: filled(&self.text),
            page,
        })
    }

    fn states(&self) -> Result<Vec<State>, ApiError> {
        states_of(&self.state)
            .map_err(|word| not_understood(t!("deliveries-state-unread", text = shortened(word))))
    }

    /// From when until when.
    pub fn times(
        &self,
        now: Timestamp,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
        let written = |text: &str| match text {
            "" => Ok(None),
            text => Reader::present().instant(text).map(Some).ok_or_else(|| {
                not_understood(t!("deliveries-time-unread", text = shortened(text)))
            }),
        };
        let (from, to) = (written(&self.from)?, written(&self.to)?);
        if let Some((begins, ends)) = day_of(&self.period, now) {
            let ends = ends.into_iter().chain(to).min();
            return Ok((from.max(Some(begins)), ends));
        }
        match RANGES.iter().find(|range| range.word == self.period) {
            // Both narrow, so the later of them is where it begins.
            Some(range) => Ok((from.max(Some(now - range.length())), to)),
            None if self.period.is_empty() => Ok((from, to)),
            None => Err(not_understood(t!(
                "deliveries-time-unread",
                text = shortened(&self.period)
            ))),
        }
    }

    /// The query for the replay planner, whose times do not move with the clock.
    pub fn for_replay(&self, now: Timestamp) -> Result<String, ApiError> {
        let (from, to) = self.times(now)?;
        let fixed = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        let query = LogQuery {
            period: String::new(),
            from: fixed(from),
            to: fixed(to),
            ..self.clone()
        };
        Ok(query.to_query_string())
    }
}

/// From when until when a day of the reader's goes; today has no end yet.
fn day_of(word: &str, now: Timestamp) -> Option<(Timestamp, Option<Timestamp>)> {
    let zone = Reader::present().zone;
    let today = now.to_zoned_datetime(zone.clone()).date();
    let begins = |date: Date| zone.to_timestamp(date.at(0, 0, 0, 0)).ok();
    match word {
        "today" => Some((begins(today)?, None)),
        "yesterday" => Some((begins(today.yesterday().ok()?)?, begins(today))),
        _ => None,
    }
}

/// What the link of a row carries, so that the way back leads to this part of the log.
pub fn way_of(query: &str) -> String {
    match query {
        "" => String::new(),
        query => {
            let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
            format!("?log={query}")
        }
    }
}

/// The part of the log that a row's link came from.
pub fn way_back(query: &str) -> String {
    let address = format!("/deliveries?{query}");
    match own_path(&address) {
        own if !query.is_empty() && own == address => address,
        _ => "/deliveries".into(),
    }
}

/// The states that the address's `state` names, of its own or as a group, or the word that is none.
pub fn states_of(text: &str) -> Result<Vec<State>, &str> {
    let mut states = Vec::new();
    for word in comma_separated(text) {
        match GROUPS.iter().find(|(group, ..)| *group == word) {
            Some((.., group)) => states.extend_from_slice(group),
            None => states.push(State::from_word(word).ok_or(word)?),
        }
    }
    Ok(states)
}

fn id_in<T: std::str::FromStr>(text: &str) -> Result<Option<T>, String> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| shortened(text)),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

fn not_understood(sentence: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_query", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::reader::zone_named;

    #[test]
    fn a_day_is_one_of_the_readers_calendar() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-03-29T22:30:00Z");
        let reader = Reader {
            zone: zone_named("Europe/Berlin").unwrap(),
            ..Reader::default()
        };
        let days = |reader: &Reader| {
            let days = DAYS.map(|(word, _)| word);
            reader.reads(|| days.map(|word| day_of(word, now)))
        };
        // There it is the next day already, and the one before had 23 hours.
        let begun = at("2026-03-29T22:00:00Z");
        assert_eq!(
            days(&reader),
            [
                Some((begun, None)),
                Some((at("2026-03-28T23:00:00Z"), Some(begun))),
            ]
        );
        let begun = at("2026-03-29T00:00:00Z");
        assert_eq!(
            days(&Reader::default()),
            [
                Some((begun, None)),
                Some((at("2026-03-28T00:00:00Z"), Some(begun))),
            ]
        );
        assert_eq!(day_of("24h", now), None);
        let query = LogQuery::parse("period=yesterday&to=2026-03-28T12:00:00Z");
        let noon = at("2026-03-28T12:00:00Z");
        assert_eq!(
            query.times(now).unwrap(),
            (Some(at("2026-03-28T00:00:00Z")), Some(noon))
        );
    }
}
