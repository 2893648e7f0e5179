//! A replay: deliveries that are made again, as many as a filter selects.
//!
//! Here is what is true of one whatever the database: the selection, the choice of version, why a delivery is left out, how fast it goes, and the
//! sentence that tells a person what would happen. `flow::replay` acts, `store::replays` remembers. It looks at no clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::delivery::State;
use crate::domain::id::{ConnectionId, DeliveryId, DestinationId, EventId, VersionId};
use crate::domain::problem::Problem;

/// Deliveries a second that a replay makes unless it is told otherwise.
pub const DEFAULT_PER_SECOND: u32 = 10;

/// Most deliveries a second that a replay may be told to make.
pub const PER_SECOND_LIMIT: u32 = 1_000;

/// Unused pace that may be made up for at once, in milliseconds.
const BURST_MS: i64 = 1_000;

/// Which deliveries, in the words of the log's filter; what is `None` or empty does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    pub states: Vec<State>,
    pub connection_id: Option<ConnectionId>,
    pub destination_id: Option<DestinationId>,
    pub event_id: Option<EventId>,
    /// By either of its names.
    pub event_type: Option<String>,
    /// When the delivery was made, from here on.
    pub from: Option<Timestamp>,
    /// When the delivery was made, before here.
    pub to: Option<Timestamp>,
    /// Part of the record's title, or of the event's body byte for byte.
    pub text: Option<String>,
    /// Leave out what has arrived or is on its way, by this delivery or by another of the same event and connection.
    pub only_missing: bool,
}

/// By which rules the deliveries are made again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum VersionChoice {
    /// Those of the version that each delivery named. As with a resend, the filter is not asked again.
    #[default]
    Then,
    /// Those of its connection today, the filter with them.
    Now,
}

impl VersionChoice {
    /// The word used in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            VersionChoice::Then => "then",
            VersionChoice::Now => "now",
        }
    }

    /// Reads the word back; `None` for any other text.
    pub fn from_word(text: &str) -> Option<VersionChoice> {
        [VersionChoice::Then, VersionChoice::Now]
            .into_iter()
            .find(|choice| choice.as_str() == text)
    }
}

/// Where a replay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayState {
    /// It makes deliveries.
    Running,
    /// Every delivery of its selection was looked at.
    Finished,
    /// A person stopped it.
    Cancelled,
}

impl ReplayState {
    /// Every state.
    pub const ALL: [ReplayState; 3] = [
        ReplayState::Running,
        ReplayState::Finished,
        ReplayState::Cancelled,
    ];

    /// The word used in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReplayState::Running => "running",
            ReplayState::Finished => "finished",
            ReplayState::Cancelled => "cancelled",
        }
    }

    /// Reads the word back; `None` for any other text.
    pub fn from_word(text: &str) -> Option<ReplayState> {
        let mut all = ReplayState::ALL.into_iter();
        all.find(|state| state.as_str() == text)
    }
}

/// What a person asks for.
#[derive(Debug, Clone)]
pub struct Wish {
    pub selection: Selection,
    pub version: VersionChoice,
    /// Deliveries made a second.
    pub per_second: u32,
}

impl Wish {
    /// What cannot be done about it.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(1..=PER_SECOND_LIMIT).contains(&self.per_second) {
            let message = format!("From 1 to {PER_SECOND_LIMIT} deliveries a second.");
            problems.push(Problem::new("/per_second", "out_of_range", message));
        }
        if let (Some(from), Some(to)) = (self.selection.from, self.selection.to)
            && from >= to
        {
            let message =
                "The time until which is not after the time from which: nothing could match.";
            problems.push(Problem::new("/filter/to", "out_of_range", message));
        }
        problems
    }
}

/// A delivery that matches a selection.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub id: DeliveryId,
    pub event_id: EventId,
    pub connection_id: ConnectionId,
    pub version_id: VersionId,
    pub destination_id: DestinationId,
    pub state: State,
    /// It arrived, or another delivery of its event and connection did.
    pub arrived: bool,
    /// It is on its way, or another delivery of its event and connection is.
    pub on_its_way: bool,
}

/// Why a delivery that matches is not made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    ConnectionDeleted,
    DestinationDeleted,
    OnItsWay,
    FilteredThen,
    Arrived,
    Forgotten,
}

impl Reason {
    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::ConnectionDeleted => "connection_deleted",
            Reason::DestinationDeleted => "destination_deleted",
            Reason::OnItsWay => "on_its_way",
            Reason::FilteredThen => "filtered_then",
            Reason::Arrived => "arrived",
            Reason::Forgotten => "forgotten",
        }
    }

    /// What becomes of them, before their number.
    pub const fn label(self) -> &'static str {
        match self {
            Reason::ConnectionDeleted => "Left out: connection deleted",
            Reason::DestinationDeleted => "Left out: destination deleted",
            Reason::OnItsWay => "Left out: still waiting or on the way",
            Reason::FilteredThen => "Left out: kept back by the filter of that time",
            Reason::Arrived => "Left out: arrived already",
            Reason::Forgotten => "Left out: event forgotten meanwhile",
        }
    }

    /// What comes after "because".
    pub const fn because(self) -> &'static str {
        match self {
            Reason::ConnectionDeleted => "their connection was deleted",
            Reason::DestinationDeleted => "their destination was deleted",
            Reason::OnItsWay => "they are still waiting or on their way",
            Reason::FilteredThen => "the filter of that time did not let them through",
            Reason::Arrived => "they arrived already",
            Reason::Forgotten => "their event was forgotten meanwhile",
        }
    }
}

/// How many were left out, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeftOut(BTreeMap<Reason, i64>);

impl LeftOut {
    /// Counts one more.
    pub fn note(&mut self, reason: Reason) {
        *self.0.entry(reason).or_default() += 1;
    }

    /// All of them.
    pub fn count(&self) -> i64 {
        self.0.values().sum()
    }

    /// Those of this reason.
    pub fn of(&self, reason: Reason) -> i64 {
        self.0.get(&reason).copied().unwrap_or_default()
    }

    /// Each reason with its count.
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, i64)> {
        self.0.iter().map(|(reason, count)| (*reason, *count))
    }
}

/// Why the candidate is left out, when nothing else than its own state says so.
pub fn own_reason(
    candidate: &Candidate,
    selection: &Selection,
    version: VersionChoice,
) -> Option<Reason> {
    // Whoever names a state means it, but for what would arrive twice. Among states that are over, those that are not stand for "what has a problem", and go out by themselves.
    let named = selection.states.contains(&candidate.state);
    let is_over = |state: &State| state.is_final();
    let is_meant = named && !selection.states.iter().any(is_over);
    match candidate.state {
        _ if selection.only_missing && candidate.arrived => Some(Reason::Arrived),
        _ if selection.only_missing && candidate.on_its_way => Some(Reason::OnItsWay),
        state if !state.is_final() && !is_meant => Some(Reason::OnItsWay),
        State::Skipped if version == VersionChoice::Then && !named => Some(Reason::FilteredThen),
        _ => None,
    }
}

/// What a replay would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Deliveries that match.
    pub matching: i64,
    /// The log goes on behind what was counted: every number is "at least".
    pub at_least: bool,
    /// By which rules: those of today are asked only when it comes to it.
    pub version: VersionChoice,
    /// Those among them that arrived.
    pub arrived: i64,
    /// Different events among them.
    pub events: i64,
    /// Deliveries that would be made: one for each event and connection.
    pub to_make: i64,
    pub left_out: LeftOut,
    /// Those that would be made again and whose rules are no longer in force.
    pub outdated: i64,
}

impl Forecast {
    /// How many repeat others that match: the same event through the same connection goes out once.
    pub fn repeated(&self) -> i64 {
        self.matching - self.left_out.count() - self.to_make
    }

    /// The forecast for a person.
    pub fn sentence(&self) -> String {
        if self.matching == 0 {
            return if self.at_least {
                "Nothing matches in the part of the log that was counted; the log goes on.".into()
            } else {
                "No delivery matches.".into()
            };
        }
        let mut text = match self.matching {
            1 => "1 delivery matches".to_string(),
            count => format!("{} deliveries match", grouped(count)),
        };
        if self.arrived > 0 {
            text += &format!(", {} of which arrived already", grouped(self.arrived));
        }
        for (place, (reason, count)) in self.left_out.reasons().enumerate() {
            let (joint, verb) = match (place, count) {
                (0, 1) => (";", " is left out"),
                (0, _) => (";", " are left out"),
                _ => (",", ""),
            };
            text += &format!(
                "{joint} {}{verb} because {}",
                grouped(count),
                reason.because()
            );
        }
        if self.repeated() > 0 {
            let count = grouped(self.repeated());
            text += &format!("; {count} of the same event and connection as another one");
        }
        text += &match (self.version, self.to_make) {
            (VersionChoice::Then, 1) => ". 1 is sent again.".to_string(),
            (VersionChoice::Then, count) => format!(". {} are sent again.", grouped(count)),
            (VersionChoice::Now, count) => format!(
                ". Today's rules decide on {}; what they let through is sent.",
                grouped(count)
            ),
        };
        if self.at_least {
            format!("At least {text} The log goes on behind what was counted.")
        } else {
            text
        }
    }
}

/// How many deliveries may be made now, when the pace is used up until `paced_until_ms`.
pub fn allowance(paced_until_ms: i64, now_ms: i64, per_second: u32) -> u32 {
    let unused_ms = now_ms - begin_of_pace(paced_until_ms, now_ms);
    u32::try_from(unused_ms.max(0) * i64::from(per_second) / 1_000).unwrap_or(0)
}

/// Until when the pace is used up after `made` deliveries were made now.
pub fn paced_until(paced_until_ms: i64, now_ms: i64, per_second: u32, made: usize) -> i64 {
    let made = i64::try_from(made).unwrap_or(i64::MAX / 1_000);
    let used_ms = (made * 1_000 + i64::from(per_second) - 1) / i64::from(per_second.max(1));
    begin_of_pace(paced_until_ms, now_ms) + used_ms
}

/// Nothing is made up for beyond the burst, neither after a standstill nor after a clock that stepped back.
fn begin_of_pace(paced_until_ms: i64, now_ms: i64) -> i64 {
    paced_until_ms.clamp(now_ms - BURST_MS, now_ms + BURST_MS)
}

/// A count with commas between thousands.
pub fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if count < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(state: State, arrived: bool) -> Candidate {
        Candidate {
            on_its_way: !state.is_final(),
            id: DeliveryId::new(1, [1; 10]),
            event_id: EventId::new(1, [1; 10]),
            connection_id: ConnectionId::new(1, [1; 10]),
            version_id: VersionId::new(1, [1; 10]),
            destination_id: DestinationId::new(1, [1; 10]),
            state,
            arrived,
        }
    }

    #[test]
    fn what_goes_out_by_itself_or_was_filtered_is_left_out_unless_its_state_is_named() {
        let any = Selection::default();
        let reason = |state, version| own_reason(&candidate(state, false), &any, version);
        for state in [State::Queued, State::Held, State::Sending, State::Retrying] {
            assert_eq!(reason(state, VersionChoice::Now), Some(Reason::OnItsWay));
            let named = Selection {
                states: vec![state],
                ..Selection::default()
            };
            assert_eq!(
                own_reason(&candidate(state, false), &named, VersionChoice::Then),
                None
            );
            let with_a_problem = Selection {
                states: vec![State::Failed, state],
                ..Selection::default()
            };
            assert_eq!(
                own_reason(
                    &candidate(state, false),
                    &with_a_problem,
                    VersionChoice::Then
                ),
                Some(Reason::OnItsWay)
            );
        }
        assert_eq!(
            reason(State::Skipped, VersionChoice::Then),
            Some(Reason::FilteredThen)
        );
        assert_eq!(
            reason(State::Skipped, VersionChoice::Now),
            None,
            "the filter of today is asked"
        );
        for state in [State::Delivered, State::Failed, State::MappingFailed] {
            assert_eq!(reason(state, VersionChoice::Then), None);
        }
    }

    #[test]
    fn only_what_is_missing_leaves_out_what_arrived() {
        let missing = Selection {
            only_missing: true,
            ..Selection::default()
        };
        let reason = |arrived| {
            own_reason(
                &candidate(State::Failed, arrived),
                &missing,
                VersionChoice::Then,
            )
        };
        assert_eq!(reason(true), Some(Reason::Arrived));
        assert_eq!(reason(false), None);
        // By another delivery, or by itself although its state is named.
        let other = Candidate {
            on_its_way: true,
            ..candidate(State::Failed, false)
        };
        let held = candidate(State::Held, false);
        let held_missing = Selection {
            states: vec![State::Held],
            ..missing.clone()
        };
        for (candidate, selection) in [(other, missing), (held, held_missing)] {
            let reason = own_reason(&candidate, &selection, VersionChoice::Then);
            assert_eq!(reason, Some(Reason::OnItsWay));
        }
    }

    #[test]
    fn the_forecast_is_told_in_a_sentence() {
        let mut forecast = Forecast {
            matching: 1_242,
            arrived: 1_100,
            events: 900,
            to_make: 1_236,
            ..Forecast::default()
        };
        for _ in 0..3 {
            forecast.left_out.note(Reason::ConnectionDeleted);
        }
        forecast.left_out.note(Reason::OnItsWay);
        assert_eq!(
            forecast.sentence(),
            "1,242 deliveries match, 1,100 of which arrived already; 3 are left out because their connection was deleted, \
             1 because they are still waiting or on their way; 2 of the same event and connection as another one. 1,236 are sent again."
        );
        forecast.version = VersionChoice::Now;
        let said = "Today's rules decide on 1,236; what they let through is sent.";
        assert!(forecast.sentence().ends_with(said));
        forecast = Forecast {
            matching: 1,
            to_make: 1,
            at_least: true,
            ..Forecast::default()
        };
        assert_eq!(
            forecast.sentence(),
            "At least 1 delivery matches. 1 is sent again. The log goes on behind what was counted."
        );
        assert_eq!(Forecast::default().sentence(), "No delivery matches.");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(-999), "-999");
    }

    #[test]
    fn the_pace_is_kept_over_any_second_and_nothing_is_made_up_for() {
        let (per_second, mut now_ms, mut until_ms) = (7, 1_000_000, 1_000_000);
        let mut made = 0;
        for _ in 0..1_000 {
            let allowed = allowance(until_ms, now_ms, per_second);
            until_ms = paced_until(until_ms, now_ms, per_second, allowed as usize);
            made += allowed;
            now_ms += 10;
        }
        assert!((68..=70).contains(&made), "{made} in ten seconds");
        let after_an_hour = now_ms + 3_600_000;
        assert_eq!(allowance(until_ms, after_an_hour, per_second), 7);
        let stepped_back = now_ms - 3_600_000;
        assert_eq!(allowance(until_ms, stepped_back, per_second), 0);
        let until_ms = paced_until(until_ms, stepped_back, per_second, 0);
        assert_eq!(
            allowance(until_ms, stepped_back + 2_000, per_second),
            7,
            "and it goes on after at most two seconds"
        );
    }

    #[test]
    fn words_read_back() {
        for choice in [VersionChoice::Then, VersionChoice::Now] {
            assert_eq!(VersionChoice::from_word(choice.as_str()), Some(choice));
        }
        for state in [
            ReplayState::Running,
            ReplayState::Finished,
            ReplayState::Cancelled,
        ] {
            assert_eq!(ReplayState::from_word(state.as_str()), Some(state));
        }
        let mut left_out = LeftOut::default();
        left_out.note(Reason::Forgotten);
        let text = serde_json::to_string(&left_out).unwrap();
        assert_eq!(text, format!("{{\"{}\":1}}", Reason::Forgotten.as_str()));
        assert_eq!(serde_json::from_str::<LeftOut>(&text).unwrap(), left_out);
    }
}
