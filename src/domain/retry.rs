//! When to try again: a pure function of the attempt's number, now, a random number and what the destination asked for.
//!
//! Called by `delivery` after a failed attempt. The jitter only ever adds, and `Retry-After` only ever lengthens,
//! so an attempt is never earlier than the schedule says.

use jiff::{SignedDuration, Timestamp};

/// Pause after each failed attempt, in seconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; the last one repeats.
pub const SCHEDULE_S: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// Attempts that a delivery gets unless its connection says otherwise: the first and one per scheduled pause.
pub const DEFAULT_MAX_ATTEMPTS: u32 = SCHEDULE_S.len() as u32 + 1;

/// Most attempts that a connection may ask for.
pub const MAX_ATTEMPTS_LIMIT: u32 = 50;

/// Part of the pause that jitter may add at most.
const JITTER_SHARE: f64 = 0.1;

/// Longest pause that a `Retry-After` is followed for, in seconds: one day.
pub const RETRY_AFTER_CAP_S: i64 = 86_400;

/// How long a destination's whole queue rests because one delivery was told to come again later, in milliseconds: some limits concern one address or
/// record only, so the next one tries anew after a minute at the latest.
pub const REST_CAP_MS: i64 = 60_000;

/// Longest pause there is, jitter included, in milliseconds.
pub const LONGEST_PAUSE_MS: i64 = RETRY_AFTER_CAP_S * 1_100;

/// When attempt `failed + 1` is due, after `failed` attempts (from 1) have failed.
///
/// `jitter` is a random number from 0 to 1; values outside are clamped. `retry_after` is what the destination asked for.
pub fn next_attempt_at(
    failed: u32,
    now: Timestamp,
    jitter: f64,
    retry_after: Option<SignedDuration>,
) -> Timestamp {
    let step = (failed.max(1) as usize - 1).min(SCHEDULE_S.len() - 1);
    let base_ms = SCHEDULE_S.get(step).copied().unwrap_or(RETRY_AFTER_CAP_S) * 1_000;
    let asked_ms = retry_after
        .map(|asked| {
            asked.as_secs().clamp(0, RETRY_AFTER_CAP_S) * 1_000
                // A part of a millisecond counts whole: never earlier than asked for.
                + (i64::from(asked.subsec_nanos()).max(0) + 999_999) / 1_000_000
        })
        .unwrap_or(0)
        .min(RETRY_AFTER_CAP_S * 1_000);
    let pause_ms = base_ms.max(asked_ms);
    let added_ms = (base_ms as f64 * JITTER_SHARE * jitter.clamp(0.0, 1.0)) as i64;
    now.checked_add(SignedDuration::from_millis(pause_ms + added_ms))
        .unwrap_or(Timestamp::MAX)
}

/// How long a destination rests that asked to come again after this time, in milliseconds.
pub fn rest_ms(asked: SignedDuration) -> i64 {
    i64::try_from(asked.as_millis())
        .unwrap_or(i64::MAX)
        .clamp(0, REST_CAP_MS)
}

/// Reads a `Retry-After` header: seconds (a fraction is accepted) or an HTTP date. Rubbish gives `None`; a date in the past gives zero.
pub fn parse_retry_after(header: &str, now: Timestamp) -> Option<SignedDuration> {
    let text = header.trim();
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let seconds: f64 = text.parse().ok()?;
        return SignedDuration::try_from_secs_f64(seconds.min(RETRY_AFTER_CAP_S as f64)).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let date = Timestamp::try_from(date).ok()?;
    let wait = date.duration_since(now);
    Some(wait.clamp(
        SignedDuration::ZERO,
        SignedDuration::from_secs(RETRY_AFTER_CAP_S),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn each_failure_waits_its_step_of_the_schedule() {
        for (index, seconds) in SCHEDULE_S.iter().enumerate() {
            let due = next_attempt_at(index as u32 + 1, now(), 0.0, None);
            assert_eq!(due.duration_since(now()).as_secs(), *seconds);
        }
        let beyond = next_attempt_at(40, now(), 0.0, None);
        assert_eq!(beyond.duration_since(now()).as_secs(), 86_400);
    }

    #[test]
    fn retry_after_reads_seconds_fractions_and_dates_and_ignores_rubbish() {
        let read = |text| parse_retry_after(text, now()).map(|d| d.as_millis());
        assert_eq!(read("120"), Some(120_000));
        assert_eq!(read(" 1.5 "), Some(1_500));
        assert_eq!(read("Tue, 24 Nov 2026 08:01:00 GMT"), Some(60_000));
        assert_eq!(read("Tue, 24 Nov 2026 07:00:00 GMT"), Some(0));
        assert_eq!(read("99999999999999999999"), Some(86_400_000));
        assert_eq!(read("Fri, 24 Nov 2226 08:01:00 GMT"), Some(86_400_000));
        for rubbish in ["", "soon", "-5", "1e", "12 apples", "NaN", "inf"] {
            assert_eq!(read(rubbish), None, "{rubbish}");
        }
    }

    proptest! {
        #[test]
        fn never_earlier_than_the_schedule_nor_than_asked_and_never_much_later(
            failed in 1_u32..60, jitter in -1.0_f64..2.0, asked_s in 0_i64..200_000,
        ) {
            let asked = SignedDuration::from_secs(asked_s);
            let pause = next_attempt_at(failed, now(), jitter, Some(asked)).duration_since(now()).as_millis() as i64;
            let base = SCHEDULE_S[(failed as usize - 1).min(8)] * 1_000;
            let wanted = base.max(asked_s.min(RETRY_AFTER_CAP_S) * 1_000);
            prop_assert!(pause >= wanted);
            prop_assert!(pause <= wanted + base / 10);
            prop_assert!(pause <= LONGEST_PAUSE_MS);
        }

        #[test]
        fn a_header_only_lengthens_whatever_it_says(
            failed in 1_u32..60, jitter in 0.0_f64..1.0, text in ".{0,40}|-?[0-9]{1,25}(\\.[0-9]{0,20})?|[a-zA-Z0-9:, ]{0,30}",
        ) {
            let asked = parse_retry_after(&text, now());
            let pause = |asked| next_attempt_at(failed, now(), jitter, asked).duration_since(now());
            prop_assert!(pause(asked) >= pause(None));
            prop_assert!(pause(asked) <= pause(None).max(SignedDuration::from_secs(RETRY_AFTER_CAP_S + 8_640)));
        }

        #[test]
        fn what_is_asked_for_is_never_undercut(seconds in 0_i64..80_000, nanos in 0_i32..1_000_000_000, jitter in 0.0_f64..1.0) {
            let exact = SignedDuration::new(seconds, nanos);
            let by = |header: &str| {
                let asked = parse_retry_after(header, now());
                next_attempt_at(1, now(), jitter, asked).duration_since(now())
            };
            // A fraction is read as a float, which is exact to far less than a microsecond here.
            let slack = SignedDuration::from_nanos(100);
            let fraction = format!("{seconds}.{nanos:09}");
            prop_assert!(by(&fraction) + slack >= exact);
            let whole = SignedDuration::from_secs(seconds);
            prop_assert!(by(&seconds.to_string()) >= whole);
            let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs((now() + whole).as_second() as u64);
            prop_assert!(by(&httpdate::fmt_http_date(date)) >= whole);
        }
    }
}
