//! When a destination that keeps failing is held, when it is probed, and how long one must be quiet that has recovered: pure rules over times that
//! are handed in.
//!
//! Called by `flow::health`, which keeps one [`Streak`] per failing destination and what it has noted of it ([`Sightings`]), and by `flow::probe`;
//! the store judges the recovery by what all nodes have noted. The rule is deliberately slow to judge: one bad delivery, or one bad second, holds
//! nothing, and one arrival among failures is no recovery. It never drops anything; it only says "not now".

use jiff::{SignedDuration, Timestamp};

use crate::domain::id::DeliveryId;

/// A destination is held after this many failures without an arrival in between...
pub const FAILURES: u32 = 10;

/// ...of at least this many different deliveries, so that one delivery that can never arrive holds no other...
pub const DELIVERIES: usize = 3;

/// ...over at least this long, so that a restart of the receiver passes unnoticed. In seconds.
pub const SPAN_S: i64 = 30;

/// A destination has recovered when something has arrived and nothing failed for this long: one that takes half of what it is sent goes on failing.
/// In seconds.
pub const QUIET_S: i64 = 120;

/// Pause before each probe, in seconds: 30 s, 1, 2, 5, 10 and 15 minutes; the last one repeats.
pub const PROBE_PAUSES_S: [i64; 6] = [30, 60, 120, 300, 600, 900];

/// What of one kind is seen more often than this is noted for all nodes no more often, in seconds.
pub const NOTE_EVERY_S: i64 = 30;

/// A destination's failures since its last arrival, as far as this node has seen.
#[derive(Debug, Clone, Default)]
pub struct Streak {
    began: Option<Timestamp>,
    failures: u32,
    /// Different deliveries among them; no more than the rule asks for.
    deliveries: Vec<DeliveryId>,
    judged: bool,
}

/// When this node saw an attempt end in one way, and which of these times it has noted for all nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sightings {
    seen: Option<Timestamp>,
    noted: Option<Timestamp>,
}

impl Sightings {
    /// Keeps in mind that it was seen.
    pub fn see(&mut self, at: Timestamp) {
        self.seen = Some(at);
    }

    /// What is to be noted, when the last note is old enough; it counts as noted.
    pub fn take_due(&mut self, now: Timestamp) -> Option<Timestamp> {
        let rests = |at| (0..NOTE_EVERY_S).contains(&now.duration_since(at).as_secs());
        if self.seen == self.noted || self.noted.is_some_and(rests) {
            return None;
        }
        self.noted = self.seen;
        self.noted
    }

    /// The same at once, when the other kind was noted since.
    pub fn take_due_after(&mut self, other: Sightings, now: Timestamp) -> Option<Timestamp> {
        if other.noted.is_some() && other.noted >= self.noted {
            self.noted = None;
        }
        self.take_due(now)
    }

    /// What could not be noted is due again.
    pub fn forget_notes(&mut self) {
        self.noted = None;
    }
}

impl Streak {
    /// Counts one failure. `true` once, when the destination is to be held from now on.
    pub fn failed(&mut self, delivery: DeliveryId, now: Timestamp) -> bool {
        let began = *self.began.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        if self.deliveries.len() < DELIVERIES && !self.deliveries.contains(&delivery) {
            self.deliveries.push(delivery);
        }
        let long_enough = now.duration_since(began) >= SignedDuration::from_secs(SPAN_S);
        let holds = !self.judged
            && long_enough
            && self.failures >= FAILURES
            && self.deliveries.len() >= DELIVERIES;
        self.judged |= holds;
        holds
    }
}

/// Whether a probe that was set for this time is due. One that is further ahead than any pause was set by a clock that ran fast.
pub fn probe_is_due(at: Timestamp, now: Timestamp) -> bool {
    let longest_s = PROBE_PAUSES_S.into_iter().max().unwrap_or(0);
    at <= now || at.duration_since(now) > SignedDuration::from_secs(longest_s)
}

/// When the next probe is sent, after `sent` probes (from 0) that did not arrive.
pub fn next_probe_at(sent: u32, now: Timestamp) -> Timestamp {
    let step = (sent as usize).min(PROBE_PAUSES_S.len() - 1);
    let pause_s = PROBE_PAUSES_S.get(step).copied().unwrap_or(SPAN_S);
    now.checked_add(SignedDuration::from_secs(pause_s))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_764_000_000 + second).unwrap()
    }

    fn delivery(number: u8) -> DeliveryId {
        DeliveryId::new(1, [number; 10])
    }

    #[test]
    fn a_probe_that_a_fast_clock_set_far_ahead_is_due() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(10);
        let due = |seconds| probe_is_due(now + SignedDuration::from_secs(seconds), now);
        assert_eq!(
            [-1, 0, 1, 900, 901].map(due),
            [true, true, false, false, true]
        );
    }

    #[test]
    fn ten_failures_of_three_deliveries_over_half_a_minute_hold_once() {
        let mut streak = Streak::default();
        for number in 0..9 {
            assert!(!streak.failed(delivery(number % 3), at(i64::from(number) * 4)));
        }
        assert!(streak.failed(delivery(1), at(36)));
        assert!(!streak.failed(delivery(1), at(40)), "it was judged already");
    }

    #[test]
    fn each_part_of_the_rule_is_needed() {
        let few_deliveries = (0..100).map(|second| (delivery((second % 2) as u8), at(second)));
        let too_fast = (0..100).map(|number| (delivery(number as u8), at(number % 29)));
        let few_failures = (0..9).map(|number| (delivery(number as u8), at(number * 60)));
        for failures in [
            few_deliveries.collect::<Vec<_>>(),
            too_fast.collect(),
            few_failures.collect(),
        ] {
            let mut streak = Streak::default();
            assert!(!failures.into_iter().any(|(id, now)| streak.failed(id, now)));
        }
    }

    #[test]
    fn what_is_seen_all_the_time_is_noted_twice_a_minute_and_the_last_of_it_too() {
        let mut sightings = Sightings::default();
        let mut noted = Vec::new();
        for second in 0..=70 {
            sightings.see(at(second));
            noted.extend(sightings.take_due(at(second)));
        }
        assert_eq!(noted, [0, 30, 60].map(at));
        assert_eq!(sightings.take_due(at(89)), None);
        assert_eq!(sightings.take_due(at(90)), Some(at(70)));
        assert_eq!(sightings.take_due(at(900)), None, "nothing is new");
        sightings.forget_notes();
        assert_eq!(sightings.take_due(at(900)), Some(at(70)));
        sightings.see(at(-3_600));
        assert_eq!(
            sightings.take_due(at(-3_600)),
            Some(at(-3_600)),
            "the clock was set back"
        );
    }

    #[test]
    fn a_failure_is_noted_at_once_when_an_arrival_was_noted_since() {
        let (mut failures, mut arrivals) = (Sightings::default(), Sightings::default());
        let mut notes = 0;
        // By turns, ten times a second for a minute.
        for tenth in 0..600 {
            let now = at(0) + SignedDuration::from_millis(tenth * 100);
            let noted = if tenth % 2 == 0 {
                failures.see(now);
                failures.take_due_after(arrivals, now)
            } else {
                arrivals.see(now);
                arrivals.take_due(now)
            };
            notes += usize::from(noted.is_some());
            // Nobody may take it for recovered who sees only the notes.
            if tenth % 2 == 0 {
                assert!(failures.noted > arrivals.noted);
            }
        }
        assert!(notes <= 8, "{notes}");
    }

    #[test]
    fn probes_come_ever_more_seldom_up_to_a_quarter_of_an_hour() {
        for (failed, pause_s) in [(0, 30), (1, 60), (2, 120), (5, 900), (1_000, 900)] {
            assert_eq!(next_probe_at(failed, at(0)), at(pause_s));
        }
    }
}
