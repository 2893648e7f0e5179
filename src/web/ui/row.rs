//! What rows and heads of pages are made of: a point in time, a state as a word with a colour, one delivery of a list.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::delivery::State;
use crate::store::deliveries::DeliverySummary;
use crate::web::reader::Reader;
use crate::web::ui::labels::{cause_word, event_label, outcome_word, telling_status};

/// How an exact time is written: the zone stands with it.
pub const EXACT: &str = "%Y-%m-%d %H:%M:%S %Z";

/// One line of a list of deliveries.
pub struct DeliveryRow {
    pub id: String,
    /// What its link carries, so that the way back leads to the log as it was narrowed.
    pub way: String,
    pub chip: Chip,
    pub detail: Option<String>,
    /// Why it was skipped, or could not be mapped.
    pub why_not: Option<Told>,
    pub record: String,
    pub event: String,
    pub cause: Option<String>,
    pub connection_id: String,
    pub connection: String,
    pub connection_is_gone: bool,
    pub destination_id: String,
    pub destination: String,
    pub destination_is_gone: bool,
    pub attempts: u32,
    pub at: Moment,
    pub next: Option<Moment>,
}

/// Why it was skipped, or could not be mapped, in words.
pub struct Told {
    /// The conditions that were not met: what fits a row.
    pub short: String,
    /// What was found instead.
    pub whole: String,
}

impl Told {
    /// One that is short as it is.
    pub fn the_same(sentence: String) -> Told {
        Told {
            short: sentence.clone(),
            whole: sentence,
        }
    }
}

impl DeliveryRow {
    pub fn new(delivery: &DeliverySummary, now: Timestamp) -> DeliveryRow {
        DeliveryRow {
            id: delivery.id.to_string(),
            way: String::new(),
            chip: state_chip(delivery.state),
            detail: delivery.last_outcome.as_deref().map(|code| {
                telling_status(code, delivery.last_status).map_or_else(
                    || outcome_word(code),
                    |status| match code {
                        "status" | "refused_for_good" => {
                            t!("shared-refused-status", status = status.to_string())
                        }
                        _ => status.to_string(),
                    },
                )
            }),
            why_not: None,
            record: title_of(
                delivery.record_title.as_deref(),
                delivery.record_id.as_deref(),
            ),
            event: event_label(&delivery.event_type),
            cause: cause_word(delivery.cause),
            connection_id: delivery.connection_id.to_string(),
            connection: delivery.connection_name.clone(),
            connection_is_gone: delivery.connection_is_gone,
            destination_id: delivery.destination_id.to_string(),
            destination: delivery.destination_name.clone(),
            destination_is_gone: delivery.destination_is_gone,
            attempts: delivery.attempts,
            at: Moment::new(delivery.created_at, now),
            next: delivery
                .due_at
                .filter(|_| delivery.state == State::Retrying)
                .map(|due| Moment::due(due, now)),
        }
    }
}

/// What a record is called.
pub fn title_of(title: Option<&str>, id: Option<&str>) -> String {
    title
        .filter(|title| !title.trim().is_empty())
        .or(id)
        .unwrap_or("–")
        .to_string()
}

/// JSON with line breaks, or the text as it is.
pub fn pretty(body: &[u8]) -> String {
    serde_json::from_slice::<Value>(body)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned())
}

/// A point in time, ready to be shown.
#[derive(Debug, Clone)]
pub struct Moment {
    pub rfc3339: String,
    pub relative: String,
    pub exact: String,
}

impl Moment {
    /// `at`, as seen from `now`, by the reader's clock.
    pub fn new(at: Timestamp, now: Timestamp) -> Moment {
        Moment {
            rfc3339: at.to_string(),
            relative: relative(at.duration_since(now)),
            exact: Reader::present().clock(at, EXACT),
        }
    }

    /// The same of a time in milliseconds, as ids hold it; `None` where no time is meant.
    pub fn of_ms(unix_ms: i64, now: Timestamp) -> Option<Moment> {
        let at = Timestamp::from_millisecond(unix_ms).ok()?;
        Some(Moment::new(at, now))
    }

    /// When something is due: what should have begun already is about to.
    pub fn due(at: Timestamp, now: Timestamp) -> Moment {
        let moment = Moment::new(at, now);
        let relative = if at <= now {
            t!("shared-due-now")
        } else {
            moment.relative
        };
        Moment { relative, ..moment }
    }
}

/// Worded as `Intl.RelativeTimeFormat` does it in `static/app.js`, which goes on with it.
fn relative(from_now: SignedDuration) -> String {
    let seconds = from_now.as_secs();
    let (is_past, distance_s) = (seconds < 0, seconds.unsigned_abs());
    match (distance_s, is_past) {
        (0..=4, _) => t!("shared-time-now"),
        (s @ 5..=59, true) => t!("shared-time-ago-second", count = s),
        (s @ 60..=3_599, true) => t!("shared-time-ago-minute", count = s / 60),
        (s @ 3_600..=86_399, true) => t!("shared-time-ago-hour", count = s / 3_600),
        (s, true) => t!("shared-time-ago-day", count = s / 86_400),
        (s @ 5..=59, false) => t!("shared-time-in-second", count = s),
        (s @ 60..=3_599, false) => t!("shared-time-in-minute", count = s / 60),
        (s @ 3_600..=86_399, false) => t!("shared-time-in-hour", count = s / 3_600),
        (s, false) => t!("shared-time-in-day", count = s / 86_400),
    }
}

/// A state: a word with a colour.
#[derive(Debug, Clone)]
pub struct Chip {
    pub word: String,
    pub tone: &'static str,
}

impl Chip {
    /// A word in a tone: good, bad, warn, busy, or none.
    pub fn new(word: impl Into<String>, tone: &'static str) -> Chip {
        Chip {
            word: word.into(),
            tone,
        }
    }
}

/// What became of an event for all connections that it came to, in short: the state that needs a person most, and how many share it.
pub struct Fate {
    pub chip: Chip,
    /// `1 of 3`, when connections fared differently.
    pub share: Option<String>,
}

/// The states, the one that needs a person most first.
const BY_NEED: [State; 9] = [
    State::Failed,
    State::MappingFailed,
    State::Held,
    State::Retrying,
    State::Sending,
    State::Queued,
    State::Discarded,
    State::Delivered,
    State::Skipped,
];

impl Fate {
    /// By the state for each connection; without any, no connection took the event.
    pub fn new(states: &[State]) -> Fate {
        let Some(worst) = BY_NEED.into_iter().find(|one| states.contains(one)) else {
            let chip = Chip::new(t!("events-no-connection-took"), "");
            return Fate { chip, share: None };
        };
        let (count, all) = (
            states.iter().filter(|one| **one == worst).count(),
            states.len(),
        );
        Fate {
            chip: state_chip(worst),
            share: (count < all).then(|| t!("events-of-connections", count = count, all = all)),
        }
    }
}

/// The word and tone of a delivery's state.
pub fn state_chip(state: State) -> Chip {
    let (word, tone) = match state {
        State::Skipped => (t!("shared-state-skipped"), ""),
        State::MappingFailed => (t!("shared-state-mapping-failed"), "bad"),
        State::Queued => (t!("shared-state-queued"), "busy"),
        State::Held => (t!("shared-state-held"), "warn"),
        State::Sending => (t!("shared-state-sending"), "busy"),
        State::Retrying => (t!("shared-state-retrying"), "warn"),
        State::Delivered => (t!("shared-state-delivered"), "good"),
        State::Failed => (t!("shared-state-failed"), "bad"),
        State::Discarded => (t!("shared-state-discarded"), ""),
    };
    Chip::new(word, tone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_events_fate_is_what_needs_a_person_most() {
        let told = |states: &[State]| {
            let fate = Fate::new(states);
            (fate.chip.word, fate.share)
        };
        let word = |state: State| state_chip(state).word;
        assert_eq!(told(&[]), ("No connection".into(), None));
        assert_eq!(
            told(&[State::Skipped, State::Delivered, State::Failed]),
            (word(State::Failed), Some("1 of 3".into()))
        );
        assert_eq!(
            told(&[State::Delivered, State::Delivered]),
            (word(State::Delivered), None)
        );
    }
}
