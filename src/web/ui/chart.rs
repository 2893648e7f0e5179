//! A bar chart of what came in and what became of it, as numbers for an SVG that the server writes; the same numbers stand in a table behind it.
//!
//! Pure arithmetic over the counted stretches of time. It fetches nothing and knows no colours: each part names what it is.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::store::counts::{Counts, HOUR_MS, MINUTE_MS, Series, Span};
use crate::web::i18n::Key;

/// Height of the drawing, in its own units; a bar is [`BAR_WIDTH`] wide.
pub const HEIGHT: f64 = 100.0;
pub const BAR_WIDTH: usize = 10;
/// The part of its place that a bar fills.
const BAR_FILLS: f64 = 7.6;

/// A stretch of time that can be looked at.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// In the address, here and in the log's.
    pub word: &'static str,
    pub short: Key,
    pub name: Key,
    pub span: Span,
    /// How long one bar stands for, in milliseconds.
    pub bar_ms: i64,
    pub bars: i64,
    /// How the time of a bar is written.
    format: &'static str,
}

pub const RANGES: [Range; 4] = [
    Range::new(
        "1h",
        key!("overview-short-1h"),
        key!("overview-range-1h"),
        Span::Minute,
        MINUTE_MS,
        60,
        "%H:%M",
    ),
    Range::new(
        "24h",
        key!("overview-short-24h"),
        key!("overview-range-24h"),
        Span::Hour,
        HOUR_MS,
        24,
        "%H:%M",
    ),
    Range::new(
        "7d",
        key!("overview-short-7d"),
        key!("overview-range-7d"),
        Span::Hour,
        6 * HOUR_MS,
        28,
        "%a %H:%M",
    ),
    Range::new(
        "30d",
        key!("overview-short-30d"),
        key!("overview-range-30d"),
        Span::Hour,
        24 * HOUR_MS,
        30,
        "%-d %b",
    ),
];

/// A whole chart.
pub struct Chart {
    pub bars: Vec<Bar>,
    /// What the top of the drawing stands for.
    pub top: String,
    pub width: usize,
    pub begin: String,
    pub middle: String,
    pub end: String,
    pub is_empty: bool,
}

/// One stretch of the chart.
pub struct Bar {
    pub x: String,
    pub width: String,
    pub parts: Vec<Part>,
    pub when: String,
    pub from: String,
    pub to: String,
    pub received: i64,
    pub counts: Counts,
}

/// A piece of a bar.
pub struct Part {
    pub kind: &'static str,
    pub y: String,
    pub height: String,
}

impl Range {
    const fn new(
        word: &'static str,
        short: Key,
        name: Key,
        span: Span,
        bar_ms: i64,
        bars: i64,
        format: &'static str,
    ) -> Range {
        Range {
            word,
            short,
            name,
            span,
            bar_ms,
            bars,
            format,
        }
    }

    /// How long all its bars stand for.
    pub fn length(&self) -> SignedDuration {
        SignedDuration::from_millis(self.bar_ms * self.bars)
    }

    /// When its first bar begins, so that the last one holds `now_ms` and days begin when the zone's do. Counts are kept by the hour, so
    /// where clocks are half an hour apart, bars begin at the hour before.
    pub fn begins_ms(&self, now_ms: i64, zone: &TimeZone) -> i64 {
        let now = Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let ahead_ms = i64::from(zone.to_offset(now).seconds()) * 1_000;
        let ahead_ms = ahead_ms - ahead_ms.rem_euclid(HOUR_MS);
        now_ms - (now_ms + ahead_ms).rem_euclid(self.bar_ms) - (self.bars - 1) * self.bar_ms
    }
}

impl Chart {
    /// Draws the counts of `range` that ends at `now_ms`, for people in `zone`.
    pub fn draw(range: &Range, series: &Series, now_ms: i64, zone: &TimeZone) -> Chart {
        let begins_ms = range.begins_ms(now_ms, zone);
        let mut sums: Vec<(i64, Counts)> = vec![Default::default(); range.bars as usize];
        let place = |starts_ms: i64| usize::try_from((starts_ms - begins_ms) / range.bar_ms).ok();
        for (starts_ms, received) in &series.received {
            if let Some(sum) = place(*starts_ms).and_then(|place| sums.get_mut(place)) {
                sum.0 += received;
            }
        }
        for bucket in &series.buckets {
            if let Some(sum) = place(bucket.starts_ms).and_then(|place| sums.get_mut(place)) {
                sum.1.add(&bucket.counts, 1);
            }
        }
        let highest = sums
            .iter()
            .map(|(_, counts)| counts.all())
            .max()
            .unwrap_or(0);
        let top = round_up(highest);
        let bars: Vec<Bar> = sums
            .into_iter()
            .enumerate()
            .map(|(number, (received, counts))| {
                let from_ms = begins_ms + number as i64 * range.bar_ms;
                Bar {
                    x: format!("{:.1}", number as f64 * BAR_WIDTH as f64 + 1.2),
                    width: BAR_FILLS.to_string(),
                    parts: parts(&counts, top),
                    when: moment(from_ms, range.format, zone),
                    from: instant(from_ms),
                    to: instant(from_ms + range.bar_ms),
                    received,
                    counts,
                }
            })
            .collect();
        let when = |number: usize| {
            bars.get(number)
                .map(|bar| bar.when.clone())
                .unwrap_or_default()
        };
        Chart {
            begin: when(0),
            middle: when(bars.len() / 2),
            end: when(bars.len() - 1),
            is_empty: bars
                .iter()
                .all(|bar| bar.received == 0 && bar.parts.is_empty()),
            width: bars.len() * BAR_WIDTH,
            top: top.to_string(),
            bars,
        }
    }

    /// The sum of the whole chart.
    pub fn sum(&self) -> (i64, Counts) {
        let mut sum = (0, Counts::default());
        for bar in &self.bars {
            sum.0 += bar.received;
            sum.1.add(&bar.counts, 1);
        }
        sum
    }
}

/// What a bar is made of, from its foot upwards.
fn parts(counts: &Counts, top: i64) -> Vec<Part> {
    let kinds = [
        ("delivered", counts.delivered),
        ("waiting", counts.waiting),
        ("failed", counts.failed + counts.mapping_failed),
        ("skipped", counts.skipped + counts.discarded),
    ];
    let mut foot = HEIGHT;
    kinds
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| {
            // A single failure among thousands must still be seen.
            let height = (count as f64 / top.max(1) as f64 * HEIGHT).max(1.5);
            foot = (foot - height).max(0.0);
            Part {
                kind,
                y: format!("{foot:.2}"),
                height: format!("{height:.2}"),
            }
        })
        .collect()
}

/// The next number that is easy to read.
fn round_up(number: i64) -> i64 {
    let mut step = 1;
    loop {
        for factor in [1, 2, 5] {
            if number <= step * factor {
                return step * factor;
            }
        }
        step *= 10;
    }
}

/// `%a` and `%b` are the reader's names of day and month.
fn moment(unix_ms: i64, format: &str, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(unix_ms) else {
        return String::new();
    };
    let at = at.to_zoned_datetime(zone.clone());
    let named = |names: String, place: i8| {
        let name = names.split(' ').nth(usize::try_from(place).unwrap_or(0));
        name.unwrap_or_default().to_string()
    };
    let day = named(t!("overview-days"), at.weekday().to_monday_zero_offset());
    let month = named(t!("overview-months"), at.month() - 1);
    let format = format.replace("%a", &day).replace("%b", &month);
    at.strftime(&format).to_string()
}

fn instant(unix_ms: i64) -> String {
    Timestamp::from_millisecond(unix_ms)
        .map(|at| at.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::DestinationId;
    use crate::store::counts::Bucket;

    #[test]
    fn what_came_in_stands_in_the_bar_of_its_time() {
        let now_ms = 1_795_507_200_000 + 17 * MINUTE_MS;
        let counts = Counts {
            delivered: 3,
            failed: 1,
            ..Counts::default()
        };
        let series = Series {
            buckets: vec![Bucket {
                starts_ms: now_ms - now_ms.rem_euclid(HOUR_MS) - HOUR_MS,
                destination_id: DestinationId::new(1, [0; 10]),
                counts,
            }],
            received: vec![(now_ms - now_ms.rem_euclid(HOUR_MS), 7)],
        };
        let chart = Chart::draw(&RANGES[1], &series, now_ms, &TimeZone::UTC);
        assert_eq!(chart.bars.len(), 24);
        assert_eq!(chart.bars[23].received, 7);
        assert_eq!(chart.bars[22].counts.delivered, 3);
        assert_eq!(chart.top, "5");
        let kinds: Vec<&str> = chart.bars[22].parts.iter().map(|part| part.kind).collect();
        assert_eq!(kinds, ["delivered", "failed"]);
        assert_eq!(chart.sum().1.failed, 1);
    }

    #[test]
    fn the_top_is_a_round_number_not_below_the_highest_bar() {
        for (number, top) in [
            (0, 1),
            (1, 1),
            (3, 5),
            (11, 20),
            (999, 1_000),
            (2_001, 5_000),
        ] {
            assert_eq!(round_up(number), top);
        }
    }
}
