//! The state machine of a delivery.
//!
//! ```text
//!   decide ──────────────┬──────────────┬───────────────────┐
//!      │                 │              │                   │
//!   skipped       mapping_failed      queued ⇄ held      (handed over, leased)
//!   (final)          (final)            │                   │
//!                                       └────── claim ──► sending
//!                                                           │
//!             ┌──────────────┬───────────────┬──────────────┤
//!         delivered        failed         retrying        held (destination paused)
//!          (final)         (final)           │
//!                                            └── due, claimed ──► sending
//!
//!   given up by a person, with its destination or with its replay: queued, held, retrying, in a replay sending too ──► discarded (final)
//! ```
//!
//! A lease that runs out puts `sending` back to `queued`. Resend, test and replay are new deliveries with
//! another [`Cause`], never a reset of an old one. The functions here are pure; `flow` calls them and `store` guards the same
//! rules with CHECK constraints.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::outcome::{Outcome, Verdict};
use crate::domain::retry::next_attempt_at;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of a delivery's life.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word used in the database, the API and the log.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// Reads the word back; `None` for any other text.
            pub fn from_word(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// Where a delivery stands.
    State {
        /// The filter said no.
        Skipped = "skipped",
        /// The mapping could not make a body.
        MappingFailed = "mapping_failed",
        /// Due now, waiting for a slot.
        Queued = "queued",
        /// Waiting because its destination is paused or held.
        Held = "held",
        /// Leased to a node that is sending it, or is about to.
        Sending = "sending",
        /// An attempt failed; the next one has a time.
        Retrying = "retrying",
        /// Arrived.
        Delivered = "delivered",
        /// Attempts are spent, or another cannot help.
        Failed = "failed",
        /// Given up: by a person, or because its destination was deleted or its replay cancelled.
        Discarded = "discarded",
    }
}

words! {
    /// Why a delivery exists.
    Cause {
        /// An event came in.
        Event = "event",
        /// A person asked for one delivery again.
        Resend = "resend",
        /// A person sent a test event.
        Test = "test",
        /// A replay over many events.
        Replay = "replay",
    }
}

impl State {
    /// Those that wait for a time of their own.
    pub const TIMED: [State; 2] = [State::Queued, State::Retrying];

    /// Those that a person may still give up.
    pub const DISCARDABLE: [State; 3] = [State::Queued, State::Held, State::Retrying];

    /// Nothing will happen to it any more by itself.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            State::Skipped
                | State::MappingFailed
                | State::Delivered
                | State::Failed
                | State::Discarded
        )
    }

    /// It is about to go out, or going.
    pub fn is_moving(self) -> bool {
        matches!(self, State::Queued | State::Sending)
    }

    /// It ended, and nothing arrived by it that should have.
    pub fn is_missing(self) -> bool {
        matches!(
            self,
            State::Failed | State::MappingFailed | State::Discarded
        )
    }

    /// How an event fared with a connection, by this delivery and an earlier one of both: what arrived once has arrived, unless it is on its way again.
    pub fn after(self, earlier: State) -> State {
        match earlier {
            State::Delivered if self.is_final() => State::Delivered,
            _ => self,
        }
    }

    /// A person may still give it up.
    pub fn may_be_discarded(self) -> bool {
        State::DISCARDABLE.contains(&self)
    }
}

/// What happens to a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Done.
    Delivered,
    /// Another attempt at this time.
    Retry { due_at: Timestamp },
    /// No further attempt.
    Failed,
    /// Wait for the destination, which was paused meanwhile.
    Hold,
    /// The destination is gone: pause it, keep this delivery and everything behind it waiting.
    HoldForGone,
}

/// What the state machine looks at after an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Attempted<'a> {
    /// How many attempts count against the limit, with the one that just ended unless it spends none.
    pub number: u32,
    /// The one that just ended spends none: see [`is_deferral`].
    pub is_deferral: bool,
    /// Attempts that the connection allows.
    pub max_attempts: u32,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// What the destination asked for in `Retry-After`.
    pub retry_after: Option<SignedDuration>,
}

/// How long a node may hold a delivery, in seconds: the longest deadline of one attempt (30 s) must fit with room to spare.
pub const LEASE_RANGE_S: std::ops::RangeInclusive<i64> = 45..=3_600;

/// Answers "not now, come again then" that a delivery may get without spending its attempts: 429 with a `Retry-After`.
pub const DEFERRALS_LIMIT: u32 = 100;

/// Whether the destination only asked for patience, and said for how long: its rate limit spends no attempt, as ours spends none. A
/// destination that says so for ever is not believed for ever: `made` counts all attempts of the delivery, with this one.
pub fn is_deferral(made: u32, outcome: &Outcome, retry_after: Option<SignedDuration>) -> bool {
    outcome.status() == Some(429) && retry_after.is_some() && made <= DEFERRALS_LIMIT
}

/// The next state after an attempt. `jitter` is a random number from 0 to 1.
pub fn after_attempt(attempted: &Attempted<'_>, now: Timestamp, jitter: f64) -> Next {
    match attempted.outcome.verdict() {
        Verdict::Delivered => Next::Delivered,
        Verdict::Gone => Next::HoldForGone,
        Verdict::Final => Next::Failed,
        // It comes again when it was told to, whatever failed before.
        Verdict::Retry if attempted.is_deferral => Next::Retry {
            due_at: next_attempt_at(1, now, jitter, attempted.retry_after),
        },
        Verdict::Retry if attempted.number >= attempted.max_attempts => Next::Failed,
        Verdict::Retry => Next::Retry {
            due_at: next_attempt_at(attempted.number, now, jitter, attempted.retry_after),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    fn after(number: u32, outcome: Outcome) -> Next {
        let attempted = Attempted {
            number,
            is_deferral: false,
            max_attempts: 3,
            outcome: &outcome,
            retry_after: None,
        };
        after_attempt(&attempted, now(), 0.0)
    }

    #[test]
    fn success_ends_it_and_failure_waits_until_the_attempts_are_spent() {
        assert_eq!(after(1, Outcome::answered(204)), Next::Delivered);
        let due_at = now() + SignedDuration::from_secs(5);
        assert_eq!(after(1, Outcome::answered(500)), Next::Retry { due_at });
        let due_at = now() + SignedDuration::from_secs(300);
        assert_eq!(
            after(2, Outcome::TimedOut { after_ms: 1 }),
            Next::Retry { due_at }
        );
        assert_eq!(after(3, Outcome::answered(500)), Next::Failed);
    }

    #[test]
    fn a_429_that_says_when_spends_no_attempt_a_hundred_times() {
        let asked = Some(SignedDuration::from_secs(40));
        let busy = Outcome::answered(429);
        assert!(is_deferral(1, &busy, asked) && is_deferral(100, &busy, asked));
        assert!(!is_deferral(101, &busy, asked));
        assert!(!is_deferral(1, &busy, None), "it does not say when");
        assert!(!is_deferral(1, &Outcome::answered(503), asked));
        let attempted = Attempted {
            number: 9,
            is_deferral: true,
            max_attempts: 3,
            outcome: &busy,
            retry_after: asked,
        };
        let due_at = now() + SignedDuration::from_secs(40);
        assert_eq!(
            after_attempt(&attempted, now(), 0.0),
            Next::Retry { due_at }
        );
    }

    #[test]
    fn gone_holds_and_a_request_that_cannot_be_built_fails_at_once() {
        assert_eq!(after(1, Outcome::answered(410)), Next::HoldForGone);
        let reason = "bad header".to_string();
        assert_eq!(after(1, Outcome::InvalidRequest { reason }), Next::Failed);
    }

    #[test]
    fn words_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_word(state.as_str()), Some(*state));
        }
        assert_eq!(Cause::from_word("replay"), Some(Cause::Replay));
        assert_eq!(State::from_word("lost"), None);
    }
}
