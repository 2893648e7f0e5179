//! When a destination that keeps failing is held, when it is probed, and when it has recovered: pure rules over times that are handed in.
//!
//! Called by `flow::health`, which keeps one [`Streak`] per failing destination, and by `flow::probe`. The rule is deliberately slow to judge: one
//! bad delivery, or one bad second, holds nothing, and one arrival among failures is no recovery. It never drops anything; it only says "not now".

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

/// How a destination that began to fail does: its failures since its last arrival, and how long it has been quiet.
#[derive(Debug, Clone, Default)]
pub struct Streak {
    began: Option<Timestamp>,
    failures: u32,
    /// Different deliveries among them; no more than the rule asks for.
    deliveries: Vec<DeliveryId>,
    judged: bool,
    last_failed: Option<Timestamp>,
    /// The last attempt arrived.
    arrived: bool,
}

impl Streak {
    /// Of a failure that another node noted, or this one before it started again; nothing is known of what came afterwards.
    pub fn noted(since: Timestamp) -> Streak {
        Streak {
            last_failed: Some(since),
            ..Streak::default()
        }
    }

    /// What failed before counts no more for holding it.
    pub fn arrived(&mut self) {
        *self = Streak {
            last_failed: self.last_failed,
            arrived: true,
            ..Streak::default()
        };
    }

    /// Whether it has taken what it was sent for long enough. A clock that was set back ends the waiting.
    pub fn has_recovered(&self, now: Timestamp) -> bool {
        let is_quiet = |at| !(0..QUIET_S).contains(&now.duration_since(at).as_secs());
        self.arrived && self.last_failed.is_none_or(is_quiet)
    }

    /// Counts one failure. `true` once, when the destination is to be held from now on.
    pub fn failed(&mut self, delivery: DeliveryId, now: Timestamp) -> bool {
        (self.last_failed, self.arrived) = (Some(now), false);
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
    fn one_that_fails_by_halves_has_not_recovered_until_nothing_failed_for_two_minutes() {
        let mut streak = Streak::default();
        for minute in 0..60 {
            assert!(!streak.failed(delivery(minute as u8), at(minute * 60)));
            streak.arrived();
            assert!(!streak.has_recovered(at(minute * 60 + 59)));
        }
        let last = 59 * 60;
        assert!(!streak.has_recovered(at(last + QUIET_S - 1)));
        assert!(streak.has_recovered(at(last + QUIET_S)));
        assert!(
            streak.has_recovered(at(last - 3_600)),
            "the clock was set back"
        );
        streak.failed(delivery(1), at(last));
        assert!(!streak.has_recovered(at(last + QUIET_S)), "nothing arrived");
    }

    #[test]
    fn probes_come_ever_more_seldom_up_to_a_quarter_of_an_hour() {
        for (failed, pause_s) in [(0, 30), (1, 60), (2, 120), (5, 900), (1_000, 900)] {
            assert_eq!(next_probe_at(failed, at(0)), at(pause_s));
        }
    }
}
