//! Counts for the overview: what came in during each minute and hour, and what became of it, by destination.
//!
//! Called by `flow::counts` (which minutes) and the pages (the sums). A minute is counted by walking its stretch of the log and replaces what was
//! counted of it before; the hour takes the difference, so nothing is counted twice, whoever counts. Pages read only the sums: they never
//! count the log.

use std::collections::HashMap;

use diesel::dsl::{exists, not};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _, Selectable, SelectableHelper as _,
};

use crate::domain::delivery::State;
use crate::domain::id::DestinationId;
use crate::domain::latency::Latencies;
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{count_progress, deliveries, delivery_counts, event_counts, events};

pub const MINUTE_MS: i64 = 60_000;
pub const HOUR_MS: i64 = 3_600_000;

/// Deliveries in memory at once while a minute is counted, which may hold hundreds of thousands.
const ROWS_AT_ONCE: i64 = 2_000;

/// A stretch of time that is counted as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Minute,
    Hour,
}

/// What became of deliveries that came in during a stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub delivered: i64,
    pub failed: i64,
    pub mapping_failed: i64,
    pub skipped: i64,
    pub discarded: i64,
    pub waiting: i64,
    /// From receipt to delivered.
    pub latencies: Latencies,
}

/// The counts of one destination for one stretch.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// In milliseconds since 1970.
    pub starts_ms: i64,
    pub destination_id: DestinationId,
    pub counts: Counts,
}

/// A minute as it was counted.
#[derive(Debug, Clone, Default)]
pub struct Minute {
    pub starts_ms: i64,
    pub received: i64,
    pub deliveries: HashMap<DestinationId, Counts>,
    /// Rows that were looked at.
    pub rows: usize,
}

impl Minute {
    fn add(&mut self, row: CountedRow) -> Result<(), StoreError> {
        let counts = self
            .deliveries
            .entry(row::id(&row.destination_id, DestinationId::from_slice)?)
            .or_default();
        let took_ms = row.finished_at.map(|finished| finished - row.created_at);
        counts.count(row::word(&row.state, State::from_word)?, took_ms);
        self.rows += 1;
        Ok(())
    }
}

/// The sums of a time, for a page.
#[derive(Debug, Clone, Default)]
pub struct Series {
    pub buckets: Vec<Bucket>,
    /// Events received, by the start of their stretch.
    pub received: Vec<(i64, i64)>,
}

impl Series {
    /// The sums of the whole time for each destination.
    pub fn by_destination(&self) -> HashMap<DestinationId, Counts> {
        let mut sums: HashMap<DestinationId, Counts> = HashMap::new();
        for bucket in &self.buckets {
            let sum = sums.entry(bucket.destination_id).or_default();
            sum.add(&bucket.counts, 1);
        }
        sums
    }

    /// What went to one destination.
    pub fn of(&self, id: DestinationId) -> Series {
        let buckets = self.buckets.iter();
        Series {
            buckets: buckets
                .filter(|bucket| bucket.destination_id == id)
                .cloned()
                .collect(),
            received: Vec::new(),
        }
    }
}

impl Counts {
    /// Adds `other` as often as `times`; -1 takes it away.
    pub fn add(&mut self, other: &Counts, times: i64) {
        self.delivered += other.delivered * times;
        self.failed += other.failed * times;
        self.mapping_failed += other.mapping_failed * times;
        self.skipped += other.skipped * times;
        self.discarded += other.discarded * times;
        self.waiting += other.waiting * times;
        self.latencies.add(&other.latencies, times);
    }

    /// All deliveries, whatever became of them.
    pub fn all(&self) -> i64 {
        self.delivered
            + self.failed
            + self.mapping_failed
            + self.skipped
            + self.discarded
            + self.waiting
    }

    fn count(&mut self, state: State, took_ms: Option<i64>) {
        match state {
            State::Delivered => {
                self.delivered += 1;
                self.latencies.count(took_ms.unwrap_or_default());
            }
            State::Failed => self.failed += 1,
            State::MappingFailed => self.mapping_failed += 1,
            State::Skipped => self.skipped += 1,
            State::Discarded => self.discarded += 1,
            State::Queued | State::Held | State::Sending | State::Retrying => self.waiting += 1,
        }
    }
}

impl Counts {
    /// Goes on counting what was finished before: that never becomes less.
    ///
    /// When the log has forgotten some of it, what has ended since stands beside what is left of it. How many those are is told by what waits no
    /// more; what became of them, by what the log holds more of than before, and else by what it holds at all, delivered ones first.
    fn keep(&mut self, before: &Counts) {
        let delivered = self.delivered;
        let mut ended = before.waiting - self.waiting;
        let mut known = Vec::new();
        for (now, before) in self.finished().into_iter().zip(before.clone().finished()) {
            let left_over = (*now).min(*before);
            ended -= *now - left_over;
            *now = (*now).max(*before);
            known.push((now, left_over));
        }
        for (now, left_over) in known {
            let new = ended.min(left_over).max(0);
            ended -= new;
            *now += new;
        }
        if self.delivered > delivered {
            // What came in during the same minute and ended later took longer.
            let mut latencies = before.latencies.clone();
            let new = self.latencies.slowest(self.delivered - before.delivered);
            latencies.add(&new, 1);
            self.latencies = latencies;
        }
    }

    /// What is finished, by its state.
    fn finished(&mut self) -> [&mut i64; 5] {
        [
            &mut self.delivered,
            &mut self.failed,
            &mut self.mapping_failed,
            &mut self.skipped,
            &mut self.discarded,
        ]
    }
}

impl Span {
    fn as_str(self) -> &'static str {
        match self {
            Span::Minute => "minute",
            Span::Hour => "hour",
        }
    }
}

diesel::alias!(delivery_counts as still_open: StillOpen);

impl Store {
    /// Up to which minute everything was counted; `None` before the first count.
    pub async fn counted_to(&self) -> Result<Option<i64>, StoreError> {
        either!(self.read(|conn| {
            Ok(count_progress::table
                .find(1)
                .select(count_progress::counted_to)
                .first(conn)
                .optional()?)
        }))
    }

    /// The first minute from `from_ms` on in which something came in.
    pub async fn next_minute_with_something(
        &self,
        from_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        either!(self.read(move |conn| {
            let event: Option<Vec<u8>> = events::table
                .filter(events::id.ge(row::first_id(from_ms)))
                .order(events::id)
                .select(events::id)
                .first(conn)
                .optional()?;
            let delivery: Option<Vec<u8>> = deliveries::table
                .filter(deliveries::id.ge(row::first_id(from_ms)))
                .order(deliveries::id)
                .select(deliveries::id)
                .first(conn)
                .optional()?;
            let found = [event, delivery].into_iter().flatten();
            let times: Vec<i64> = found.map(|id| row::id_ms(&id)).collect::<Result<_, _>>()?;
            let first_ms = times.into_iter().min();
            Ok(first_ms.map(|ms| ms - ms.rem_euclid(MINUTE_MS)))
        }))
    }

    /// Minutes whose deliveries were not all finished when they were counted, the longest not counted first.
    pub async fn open_minutes(&self, limit: i64) -> Result<Vec<i64>, StoreError> {
        either!(self.read(move |conn| {
            Ok(delivery_counts::table
                .filter(delivery_counts::waiting.gt(0))
                .filter(delivery_counts::span.eq(Span::Minute.as_str()))
                .order(delivery_counts::counted_at)
                .limit(limit)
                .select(delivery_counts::starts_at)
                .load(conn)?)
        }))
    }

    /// Counts one minute of the log.
    pub async fn count_minute(&self, starts_ms: i64) -> Result<Minute, StoreError> {
        either!(self.read(move |conn| {
            let (first, end) = (
                row::first_id(starts_ms),
                row::first_id(starts_ms + MINUTE_MS),
            );
            let received: i64 = events::table
                .filter(events::id.ge(first.clone()))
                .filter(events::id.lt(end.clone()))
                .count()
                .get_result(conn)?;
            let mut minute = Minute {
                starts_ms,
                received,
                ..Minute::default()
            };
            // The first id of a minute is shorter than every whole one, and so before it.
            let mut last = first;
            loop {
                let rows: Vec<CountedRow> = deliveries::table
                    .filter(deliveries::id.gt(last.clone()))
                    .filter(deliveries::id.lt(end.clone()))
                    .order(deliveries::id)
                    .select(CountedRow::as_select())
                    .limit(ROWS_AT_ONCE)
                    .load(conn)?;
                let is_last = (rows.len() as i64) < ROWS_AT_ONCE;
                if let Some(row) = rows.last() {
                    last.clone_from(&row.id);
                }
                for row in rows {
                    minute.add(row)?;
                }
                if is_last {
                    return Ok(minute);
                }
            }
        }))
    }

    /// Puts these minutes in the place of what was counted of them before, and notes how far counting has come.
    pub async fn put_counts(
        &self,
        minutes: Vec<Minute>,
        counted_to: i64,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            // First, so that of two nodes that count the second waits here and sees what the first put.
            diesel::insert_into(count_progress::table)
                .values((
                    count_progress::id.eq(1),
                    count_progress::counted_to.eq(counted_to),
                ))
                .on_conflict(count_progress::id)
                .do_update()
                .set(count_progress::counted_to.eq(counted_to))
                .execute(conn)?;
            let mut hours: HashMap<(i64, DestinationId), Counts> = HashMap::new();
            let mut received: HashMap<i64, i64> = HashMap::new();
            for minute in &minutes {
                put_minute(conn, minute, now_ms, &mut hours, &mut received)?;
            }
            for ((starts_ms, destination_id), difference) in hours {
                add_to_hour(conn, starts_ms, destination_id, &difference, now_ms)?;
            }
            for (starts_ms, difference) in received {
                put_received(conn, Span::Hour, starts_ms, |before| before + difference)?;
            }
            Ok(())
        }))
    }

    /// Forgets minutes before `minutes_before_ms` in which nothing waits any more, and hours before `hours_before_ms`. A minute in which something
    /// waits is counted again, so all of it is kept: what it changes about its hour is told from what it was before.
    pub async fn forget_counts(
        &self,
        minutes_before_ms: i64,
        hours_before_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let minute = || Span::Minute.as_str();
            let open = || {
                still_open
                    .filter(still_open.field(delivery_counts::waiting).gt(0))
                    .filter(still_open.field(delivery_counts::span).eq(minute()))
            };
            let starts_at = still_open.field(delivery_counts::starts_at);
            diesel::delete(
                delivery_counts::table
                    .filter(delivery_counts::span.eq(minute()))
                    .filter(delivery_counts::starts_at.lt(minutes_before_ms))
                    .filter(not(exists(
                        open().filter(starts_at.eq(delivery_counts::starts_at)),
                    ))),
            )
            .execute(conn)?;
            diesel::delete(
                event_counts::table
                    .filter(event_counts::span.eq(minute()))
                    .filter(event_counts::starts_at.lt(minutes_before_ms))
                    .filter(not(exists(
                        open().filter(starts_at.eq(event_counts::starts_at)),
                    ))),
            )
            .execute(conn)?;
            let hour = Span::Hour.as_str();
            diesel::delete(
                delivery_counts::table
                    .filter(delivery_counts::span.eq(hour))
                    .filter(delivery_counts::starts_at.lt(hours_before_ms)),
            )
            .execute(conn)?;
            diesel::delete(
                event_counts::table
                    .filter(event_counts::span.eq(hour))
                    .filter(event_counts::starts_at.lt(hours_before_ms)),
            )
            .execute(conn)?;
            Ok(())
        }))
    }

    /// What was counted from `from_ms` on.
    pub async fn series(&self, span: Span, from_ms: i64) -> Result<Series, StoreError> {
        either!(self.read(move |conn| {
            let rows: Vec<CountRow> = delivery_counts::table
                .filter(delivery_counts::span.eq(span.as_str()))
                .filter(delivery_counts::starts_at.ge(from_ms))
                .order(delivery_counts::starts_at)
                .select(CountRow::as_select())
                .load(conn)?;
            let received = event_counts::table
                .filter(event_counts::span.eq(span.as_str()))
                .filter(event_counts::starts_at.ge(from_ms))
                .order(event_counts::starts_at)
                .select((event_counts::starts_at, event_counts::received))
                .load(conn)?;
            let buckets = rows
                .into_iter()
                .map(CountRow::into_domain)
                .collect::<Result<_, _>>()?;
            Ok(Series { buckets, received })
        }))
    }

    /// How many deliveries wait for each destination, as last counted.
    pub async fn waiting(&self) -> Result<HashMap<DestinationId, i64>, StoreError> {
        either!(self.read(|conn| {
            let rows: Vec<(Vec<u8>, i64)> = delivery_counts::table
                .filter(delivery_counts::waiting.gt(0))
                .filter(delivery_counts::span.eq(Span::Minute.as_str()))
                .select((delivery_counts::destination_id, delivery_counts::waiting))
                .load(conn)?;
            let mut waiting = HashMap::new();
            for (destination, count) in rows {
                *waiting
                    .entry(row::id(&destination, DestinationId::from_slice)?)
                    .or_default() += count;
            }
            Ok(waiting)
        }))
    }
}

both! {
/// Replaces a minute and adds what it changes to the differences of its hour. What was finished stays counted when the log has forgotten it.
fn put_minute(
    conn: &mut Conn,
    minute: &Minute,
    now_ms: i64,
    hours: &mut HashMap<(i64, DestinationId), Counts>,
    received: &mut HashMap<i64, i64>,
) -> Result<(), StoreError> {
    let of_minute = || {
        delivery_counts::table
            .filter(delivery_counts::span.eq(Span::Minute.as_str()))
            .filter(delivery_counts::starts_at.eq(minute.starts_ms))
    };
    let hour = minute.starts_ms - minute.starts_ms.rem_euclid(HOUR_MS);
    let mut counted = minute.deliveries.clone();
    let before: Vec<CountRow> = of_minute().select(CountRow::as_select()).load(conn)?;
    for row in before {
        let before = row.into_domain()?;
        let difference = hours.entry((hour, before.destination_id)).or_default();
        difference.add(&before.counts, -1);
        counted.entry(before.destination_id).or_default().keep(&before.counts);
    }
    diesel::delete(of_minute()).execute(conn)?;
    for (destination_id, counts) in &counted {
        let difference = hours.entry((hour, *destination_id)).or_default();
        difference.add(counts, 1);
        let row = NewCountRow {
            span: Span::Minute.as_str(),
            starts_at: minute.starts_ms,
            destination_id: destination_id.as_bytes().to_vec(),
            tally: Tally::of(counts)?,
            counted_at: now_ms,
        };
        diesel::insert_into(delivery_counts::table)
            .values(row)
            .execute(conn)?;
    }
    let mut change = 0;
    put_received(conn, Span::Minute, minute.starts_ms, |before| {
        let received = minute.received.max(before);
        change = received - before;
        received
    })?;
    *received.entry(hour).or_default() += change;
    Ok(())
}
}

both! {
fn add_to_hour(
    conn: &mut Conn,
    starts_ms: i64,
    destination_id: DestinationId,
    difference: &Counts,
    now_ms: i64,
) -> Result<(), StoreError> {
    let of_hour = || {
        delivery_counts::table
            .filter(delivery_counts::span.eq(Span::Hour.as_str()))
            .filter(delivery_counts::starts_at.eq(starts_ms))
            .filter(delivery_counts::destination_id.eq(destination_id.as_bytes().to_vec()))
    };
    let before: Option<CountRow> = of_hour()
        .select(CountRow::as_select())
        .first(conn)
        .optional()?;
    let mut counts = match before {
        Some(row) => row.into_domain()?.counts,
        None => Counts::default(),
    };
    counts.add(difference, 1);
    diesel::delete(of_hour()).execute(conn)?;
    let row = NewCountRow {
        span: Span::Hour.as_str(),
        starts_at: starts_ms,
        destination_id: destination_id.as_bytes().to_vec(),
        tally: Tally::of(&counts)?,
        counted_at: now_ms,
    };
    diesel::insert_into(delivery_counts::table)
        .values(row)
        .execute(conn)?;
    Ok(())
}
}

both! {
/// Changes how many events a stretch received.
fn put_received(
    conn: &mut Conn,
    span: Span,
    starts_ms: i64,
    change: impl FnOnce(i64) -> i64,
) -> Result<(), StoreError> {
    let before: Option<i64> = event_counts::table
        .filter(event_counts::span.eq(span.as_str()))
        .filter(event_counts::starts_at.eq(starts_ms))
        .select(event_counts::received)
        .first(conn)
        .optional()?;
    let received = change(before.unwrap_or(0));
    diesel::insert_into(event_counts::table)
        .values((
            event_counts::span.eq(span.as_str()),
            event_counts::starts_at.eq(starts_ms),
            event_counts::received.eq(received),
        ))
        .on_conflict((event_counts::span, event_counts::starts_at))
        .do_update()
        .set(event_counts::received.eq(received))
        .execute(conn)?;
    Ok(())
}
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct CountedRow {
    id: Vec<u8>,
    destination_id: Vec<u8>,
    state: String,
    created_at: i64,
    finished_at: Option<i64>,
}

/// What became of deliveries, as it stands in a row.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = delivery_counts)]
struct Tally {
    delivered: i64,
    failed: i64,
    mapping_failed: i64,
    skipped: i64,
    discarded: i64,
    waiting: i64,
    latencies: String,
}

impl Tally {
    fn of(counts: &Counts) -> Result<Tally, StoreError> {
        Ok(Tally {
            delivered: counts.delivered,
            failed: counts.failed,
            mapping_failed: counts.mapping_failed,
            skipped: counts.skipped,
            discarded: counts.discarded,
            waiting: counts.waiting,
            latencies: serde_json::to_string(&counts.latencies)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
        })
    }

    fn into_domain(self) -> Result<Counts, StoreError> {
        Ok(Counts {
            delivered: self.delivered,
            failed: self.failed,
            mapping_failed: self.mapping_failed,
            skipped: self.skipped,
            discarded: self.discarded,
            waiting: self.waiting,
            latencies: serde_json::from_str(&self.latencies)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = delivery_counts)]
struct CountRow {
    starts_at: i64,
    destination_id: Vec<u8>,
    #[diesel(embed)]
    tally: Tally,
}

impl CountRow {
    fn into_domain(self) -> Result<Bucket, StoreError> {
        Ok(Bucket {
            starts_ms: self.starts_at,
            destination_id: row::id(&self.destination_id, DestinationId::from_slice)?,
            counts: self.tally.into_domain()?,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = delivery_counts)]
struct NewCountRow {
    span: &'static str,
    starts_at: i64,
    destination_id: Vec<u8>,
    #[diesel(embed)]
    tally: Tally,
    counted_at: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(delivered: &[i64], failed: i64, waiting: i64) -> Counts {
        let mut counts = Counts {
            failed,
            waiting,
            ..Counts::default()
        };
        for ms in delivered {
            counts.count(State::Delivered, Some(*ms));
        }
        counts
    }

    #[test]
    fn what_was_forgotten_stays_counted_beside_what_ended_since() {
        let before = counts(&[10; 5], 1, 3);
        for (log, expected) in [
            // All is still there.
            (counts(&[10, 10, 10, 10, 10, 900], 1, 2), (6, 1, 2)),
            // What was finished is forgotten, and what waited still waits, or has ended.
            (counts(&[], 0, 3), (5, 1, 3)),
            (counts(&[900; 3], 0, 0), (8, 1, 0)),
            (counts(&[900; 2], 1, 0), (7, 2, 0)),
            (counts(&[], 3, 0), (5, 4, 0)),
            // A part is forgotten: two that are left are of before.
            (counts(&[10, 10, 900, 900], 1, 1), (7, 1, 1)),
            // What ended and was forgotten since is known no more.
            (counts(&[], 0, 0), (5, 1, 0)),
            // One came in late.
            (counts(&[10; 5], 1, 4), (5, 1, 4)),
        ] {
            let mut now = log.clone();
            now.keep(&before);
            assert_eq!(
                (now.delivered, now.failed, now.waiting),
                expected,
                "{log:?}"
            );
            let mut latencies = before.latencies.clone();
            let new = usize::try_from(now.delivered - before.delivered).unwrap();
            latencies.add(&counts(&vec![900; new], 0, 0).latencies, 1);
            for part in [0.5, 0.9] {
                let expected = latencies.quantile_ms(part);
                assert_eq!(now.latencies.quantile_ms(part), expected, "{log:?}");
            }
        }
    }
}
