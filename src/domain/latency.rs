//! How long deliveries took, as a histogram that can be added up: steps that grow by 1.6, from a millisecond to more than half an hour.
//!
//! Filled by the counting of the log, read by the overview. A quantile is as exact as its step, which is enough for "how fast, usually".

use serde::{Deserialize, Serialize};

/// Steps of the histogram.
pub const STEPS: usize = 32;

/// How much longer each step is than the one before.
const GROWTH: f64 = 1.6;

/// Numbers of deliveries by how long they took. Shorter lists are filled with zeros.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latencies(Vec<i64>);

impl Latencies {
    /// Counts one that took `ms` milliseconds.
    pub fn count(&mut self, ms: i64) {
        let ms = ms.max(1) as f64;
        let step = (ms.ln() / GROWTH.ln()).floor() as usize;
        *self.at(step.min(STEPS - 1)) += 1;
    }

    /// Adds `other` as often as `times`; -1 takes it away.
    pub fn add(&mut self, other: &Latencies, times: i64) {
        for (step, count) in other.0.iter().enumerate().take(STEPS) {
            *self.at(step) += count * times;
        }
    }

    /// The `count` of them that took longest.
    pub fn slowest(&self, mut count: i64) -> Latencies {
        let mut slowest = self.clone();
        for step in slowest.0.iter_mut().rev() {
            *step = (*step).clamp(0, count.max(0));
            count -= *step;
        }
        slowest
    }

    /// How many milliseconds the given part of them (0.5 for half) took at most; `None` when there are none.
    pub fn quantile_ms(&self, part: f64) -> Option<f64> {
        let all: i64 = self.0.iter().sum();
        if all <= 0 {
            return None;
        }
        let wanted = (all as f64 * part).max(1.0);
        let mut seen = 0.0;
        for (step, count) in self.0.iter().enumerate() {
            let count = *count as f64;
            if count > 0.0 && seen + count >= wanted {
                // Inside the step, as if they lay evenly on its scale.
                return Some(GROWTH.powf(step as f64 + (wanted - seen) / count));
            }
            seen += count;
        }
        Some(GROWTH.powi(STEPS as i32))
    }

    fn at(&mut self, step: usize) -> &mut i64 {
        if self.0.len() <= step {
            self.0.resize(step + 1, 0);
        }
        &mut self.0[step]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_near_what_was_counted() {
        let mut latencies = Latencies::default();
        for ms in 1..=1_000 {
            latencies.count(ms);
        }
        let median = latencies.quantile_ms(0.5).unwrap();
        let slow = latencies.quantile_ms(0.95).unwrap();
        assert!((400.0..640.0).contains(&median), "{median}");
        assert!((800.0..1_100.0).contains(&slow), "{slow}");
        assert_eq!(Latencies::default().quantile_ms(0.5), None);
    }

    #[test]
    fn the_slowest_are_those_of_the_last_steps() {
        let mut latencies = Latencies::default();
        for ms in [10, 10, 900, 9_000] {
            latencies.count(ms);
        }
        let (mut two, mut three) = (Latencies::default(), Latencies::default());
        two.count(900);
        two.count(9_000);
        three.add(&two, 1);
        three.count(10);
        assert_eq!(latencies.slowest(2), two);
        assert_eq!(latencies.slowest(3), three);
        assert_eq!(latencies.slowest(9), latencies);
        assert_eq!(latencies.slowest(0).quantile_ms(0.5), None);
    }

    #[test]
    fn what_was_added_can_be_taken_away() {
        let (mut sum, mut one) = (Latencies::default(), Latencies::default());
        one.count(40);
        one.count(9_000_000);
        sum.add(&one, 1);
        assert_eq!(sum.quantile_ms(0.01), one.quantile_ms(0.01));
        sum.add(&one, -1);
        assert_eq!(sum.quantile_ms(0.5), None);
    }
}
