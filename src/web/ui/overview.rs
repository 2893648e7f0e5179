//! The first page: what needs attention and what to do about it, what came in over time and what became of it, and how each destination fares.
//!
//! All numbers come from the counts that `flow::counts` keeps up; the log itself is only asked for its newest rows.

use std::collections::{HashMap, HashSet};

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;

use crate::domain::connection::Connection;
use crate::domain::delivery::State;
use crate::domain::destination::Destination;
use crate::domain::id::{ConnectionId, DeliveryId, DestinationId};
use crate::domain::source::Source;
use crate::flow::Bridge;
use crate::store::counts::Counts;
use crate::store::deliveries::{DeliveryFilter, DeliverySummary};
use crate::store::error::StoreError;
use crate::store::window::{PAGE_LIMIT, Window};
use crate::web::admission::signed_in;
use crate::web::i18n::{Key, decimal, grouped};
use crate::web::phrases::retold;
use crate::web::reader::Reader;
use crate::web::ui::chart::{Chart, RANGES, Range};
use crate::web::ui::error::PageError;
use crate::web::ui::health_chip::chips;
use crate::web::ui::page::{Page, render};
use crate::web::ui::query::query_value;
use crate::web::ui::row::{Chip, DeliveryRow, EXACT};
use crate::web::ui::why_not;

/// Deliveries shown.
const LATEST: i64 = 8;

/// What needs attention and is shown at once; the rest is folded away.
const AT_ONCE: usize = 4;

/// Failed deliveries, and failed mappings, that are looked at, the newest first: which of them arrived later.
const ENDED_LIMIT: usize = 1_000;

/// Destinations shown; the list of destinations has them all.
const DESTINATIONS_LIMIT: usize = 20;

#[derive(Template)]
#[template(path = "overview/show.html")]
struct OverviewPage {
    page: Page,
    attention: Vec<Attention>,
    more_attention: Vec<Attention>,
    start: Option<Start>,
    ranges: Vec<RangeLink>,
    range: Range,
    numbers: Vec<Number>,
    chart: Chart,
    destinations: Vec<DestinationLine>,
    /// Deliveries among these whose mapping failed.
    unmapped: i64,
    deliveries: Vec<DeliveryRow>,
    /// When all this was so, in short and exactly.
    as_of: (String, String),
    /// Deliveries of this time are there, and the counts have not come to them.
    is_behind: bool,
}

/// How much something needs a person; what goes on by itself comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// Nothing comes in.
    Refused,
    /// Nothing goes out until somebody resumes it.
    Paused,
    Unmapped,
    Failed,
    /// It is probed, and resumes by itself.
    Held,
    /// It is tried again by the schedule.
    Failing,
}

/// Something to be done.
struct Attention {
    need: Need,
    tone: &'static str,
    text: String,
    href: String,
    action: String,
    /// A form that does it at once: where to, and its word.
    act: Option<(String, String)>,
}

/// What of the beginning is done.
struct Start {
    source: bool,
    /// A source that still needs its secret, when no other one is ready.
    needs_secret: Option<String>,
    destination: bool,
    connection: bool,
    /// Where a test event is sent from.
    test_from: Option<String>,
}

struct RangeLink {
    word: &'static str,
    short: Key,
    name: Key,
    current: bool,
}

struct Number {
    label: String,
    value: String,
    href: String,
    tone: &'static str,
}

/// How a destination fares.
struct DestinationLine {
    id: String,
    name: String,
    chip: Chip,
    success: String,
    delivered: i64,
    /// Also those that could not be mapped, as everywhere on this page.
    failed: i64,
    /// What of these never reached it.
    unmapped: i64,
    waiting: i64,
    usual: String,
    slow: String,
    spark: Chart,
}

pub async fn show(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let now_ms = now.as_millisecond();
    let wanted = query_value(&request, "range").unwrap_or_default();
    let zone = Reader::present().zone;
    let range = *RANGES
        .iter()
        .find(|range| range.word == wanted)
        .unwrap_or(&RANGES[1]);
    let sources = bridge.store.sources().await?;
    let destinations = bridge.store.destinations().await?;
    let connections = bridge.store.connections().await?;
    let begins_ms = range.begins_ms(now_ms, &zone);
    let series = bridge.store.series(range.span, begins_ms).await?;
    let waiting = bridge.store.waiting().await?;
    let latest = DeliveryFilter {
        page: Window::first(LATEST),
        ..DeliveryFilter::default()
    };
    let deliveries = bridge.store.deliveries(latest).await?;
    let sums = series.by_destination();
    let chart = Chart::draw(&range, &series, now_ms, &zone);
    let page = Page::new(&request, &user, "/", t!("overview-title"));
    let may_change = page.may_change();
    let mut attention = of_sources(&sources);
    let failed = if sums.values().any(|counts| counts.failed > 0) {
        still_failed(&bridge, &sums, begins_ms).await?
    } else {
        HashMap::new()
    };
    attention.extend(of_destinations(
        &destinations,
        &failed,
        &waiting,
        &range,
        may_change,
    ));
    if sums.values().any(|counts| counts.mapping_failed > 0) {
        let (rows, arrived) = ended(&bridge, State::MappingFailed, begins_ms).await?;
        attention.extend(of_mappings(
            &rows,
            &arrived,
            &connections,
            &range,
            may_change,
        ));
    }
    attention.sort_by_key(|item| item.need);
    let more_attention = attention.split_off(attention.len().min(AT_ONCE));
    let shown = shown(&destinations, &sums, &waiting);
    let chips = chips(&bridge, &shown, &sums).await?;
    let line = |(destination, chip): (&Destination, Chip)| {
        let spark = Chart::draw(&range, &series.of(destination.id), now_ms, &zone);
        DestinationLine::new(destination, chip, &sums, &waiting, spark)
    };
    let lines: Vec<DestinationLine> = shown.into_iter().zip(chips).map(line).collect();
    let begins = may_change && deliveries.is_empty();
    let is_behind = deliveries
        .first()
        .is_some_and(|newest| newest.created_at.as_millisecond() >= begins_ms);
    render(&OverviewPage {
        page,
        attention,
        more_attention,
        start: begins.then(|| Start::new(&sources, &destinations, &connections)),
        ranges: RANGES
            .iter()
            .map(|one| RangeLink {
                word: one.word,
                short: one.short,
                name: one.name,
                current: one.word == range.word,
            })
            .collect(),
        numbers: numbers(&chart, waiting.values().sum(), &range),
        unmapped: lines.iter().map(|line| line.unmapped).sum(),
        destinations: lines,
        chart,
        range,
        deliveries: why_not::rows(&bridge, &deliveries, now).await?,
        as_of: (
            Reader::present().clock(now, "%H:%M"),
            Reader::present().clock(now, EXACT),
        ),
        is_behind,
    })
}

impl Start {
    fn new(sources: &[Source], destinations: &[Destination], connections: &[Connection]) -> Start {
        let lacks_secret = |one: &&Source| one.require_signature && one.secret.is_none();
        let ready = sources.iter().any(|one| !lacks_secret(&one));
        let lacking = sources.iter().find(lacks_secret).filter(|_| !ready);
        Start {
            source: ready,
            needs_secret: lacking.map(|source| format!("/sources/{}", source.id)),
            destination: !destinations.is_empty(),
            connection: !connections.is_empty(),
            test_from: connections
                .first()
                .map(|connection| format!("/connections/{}", connection.id)),
        }
    }
}

/// The newest deliveries that ended so, and which of them arrived later.
async fn ended(
    bridge: &Bridge,
    state: State,
    since_ms: i64,
) -> Result<(Vec<DeliverySummary>, HashSet<DeliveryId>), StoreError> {
    let mut rows: Vec<DeliverySummary> = Vec::new();
    let mut arrived = HashSet::new();
    while rows.len() < ENDED_LIMIT {
        let filter = DeliveryFilter {
            states: vec![state],
            from: Timestamp::from_millisecond(since_ms).ok(),
            page: Window {
                before: rows.last().map(|row| row.id),
                ..Window::first(PAGE_LIMIT)
            },
            ..DeliveryFilter::default()
        };
        let window = bridge.store.deliveries(filter).await?;
        let is_last = (window.len() as i64) < PAGE_LIMIT;
        arrived.extend(why_not::arrived(bridge, &window).await?.into_keys());
        rows.extend(window);
        if is_last {
            break;
        }
    }
    Ok((rows, arrived))
}

/// How many failed for good at each destination and have not arrived since, as far as is looked back.
async fn still_failed(
    bridge: &Bridge,
    sums: &HashMap<DestinationId, Counts>,
    since_ms: i64,
) -> Result<HashMap<DestinationId, i64>, StoreError> {
    let failed = sums.iter().map(|(id, counts)| (*id, counts.failed));
    let mut failed: HashMap<DestinationId, i64> = failed.collect();
    let (rows, arrived) = ended(bridge, State::Failed, since_ms).await?;
    for row in rows.iter().filter(|row| arrived.contains(&row.id)) {
        if let Some(count) = failed.get_mut(&row.destination_id) {
            *count -= 1;
        }
    }
    Ok(failed)
}

/// A mapping is the connection's matter, not its destination's. One that was changed since is only told of. An event counts once, however often it was
/// tried again.
fn of_mappings(
    rows: &[DeliverySummary],
    arrived: &HashSet<DeliveryId>,
    connections: &[Connection],
    range: &Range,
    may_change: bool,
) -> Vec<Attention> {
    let mut counted: Vec<(&DeliverySummary, usize)> = Vec::new();
    let mut places: HashMap<ConnectionId, usize> = HashMap::new();
    let mut seen = HashSet::new();
    for row in rows {
        if arrived.contains(&row.id) || !seen.insert((row.connection_id, row.event_id)) {
            continue;
        }
        let place = *places.entry(row.connection_id).or_insert(counted.len());
        match counted.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => counted.push((row, 1)),
        }
    }
    let is_present = |row: &DeliverySummary| {
        connections
            .iter()
            .any(|one| one.id == row.connection_id && one.version.id == row.version_id)
    };
    let told = |(row, count): (&DeliverySummary, usize)| {
        let (href, action) = if may_change && is_present(row) {
            (
                format!(
                    "/connections/{}/edit?sample={}",
                    row.connection_id, row.event_id
                ),
                t!("deliveries-mend"),
            )
        } else {
            (
                format!(
                    "/deliveries?state=mapping_failed&connection_id={}&period={}",
                    row.connection_id, range.word
                ),
                t!("overview-see-them"),
            )
        };
        Attention {
            need: Need::Unmapped,
            tone: "bad",
            text: t!(
                "overview-unmapped",
                count = count,
                connection = row.connection_name,
                range = range.name
            ),
            href,
            action,
            act: None,
        }
    };
    counted.into_iter().map(told).collect()
}

fn of_sources(sources: &[Source]) -> Vec<Attention> {
    sources
        .iter()
        .filter(|source| source.is_refusing())
        .map(|source| Attention {
            need: Need::Refused,
            tone: "bad",
            text: t!("overview-refused", source = source.name),
            href: format!("/sources/{}", source.id),
            action: t!("overview-see-why"),
            act: None,
        })
        .collect()
}

/// What is wrong with each destination, and what failed for good.
fn of_destinations(
    destinations: &[Destination],
    failed: &HashMap<DestinationId, i64>,
    waiting: &HashMap<DestinationId, i64>,
    range: &Range,
    may_change: bool,
) -> Vec<Attention> {
    let mut found = Vec::new();
    for destination in destinations {
        let waits = waiting.get(&destination.id).copied().unwrap_or(0);
        found.extend(of_health(destination, waits, may_change));
        let failed = failed.get(&destination.id).copied().unwrap_or(0);
        if failed > 0 {
            found.push(Attention {
                need: Need::Failed,
                tone: "bad",
                text: t!(
                    "overview-failed-for-good",
                    count = failed,
                    destination = destination.name,
                    range = range.name
                ),
                href: format!(
                    "/deliveries?state=failed&destination_id={}&period={}",
                    destination.id, range.word
                ),
                action: t!("overview-see-them"),
                act: None,
            });
        }
    }
    found
}

fn of_health(destination: &Destination, waits: i64, may_change: bool) -> Option<Attention> {
    let health = &destination.health;
    let name = &destination.name;
    let and_waiting = |text: String| match waits {
        0 => text,
        waits => format!("{text} {}", t!("overview-waits", count = waits)),
    };
    let href = format!("/destinations/{}", destination.id);
    match (&health.paused, &health.failing_since) {
        (Some(paused), _) => {
            let probing = health.probing().is_some();
            let reason = retold(&paused.reason);
            let text = if probing {
                t!("overview-is-held", destination = name, reason = reason)
            } else {
                t!("overview-is-paused", destination = name, reason = reason)
            };
            Some(Attention {
                need: if probing { Need::Held } else { Need::Paused },
                tone: if probing { "bad" } else { "warn" },
                text: and_waiting(text),
                act: may_change.then(|| {
                    let word = if probing {
                        t!("overview-send-held")
                    } else {
                        t!("overview-resume")
                    };
                    (format!("{href}/resume"), word)
                }),
                href,
                action: t!("overview-look", destination = name),
            })
        }
        // What it does now is not known yet.
        (None, Some(_)) if health.is_resumed() => None,
        // It passes by itself.
        (None, Some(_)) if health.is_recovering() => None,
        (None, Some(_)) => {
            let failure = health.last_failure.as_deref().unwrap_or_default();
            Some(Attention {
                need: Need::Failing,
                tone: "bad",
                text: and_waiting(t!(
                    "overview-is-failing",
                    destination = name,
                    failure = retold(failure)
                )),
                href,
                action: t!("overview-look", destination = name),
                act: None,
            })
        }
        (None, None) => None,
    }
}

fn numbers(chart: &Chart, waiting: i64, range: &Range) -> Vec<Number> {
    let (received, sum) = chart.sum();
    let number = |label, count: i64, href: String, tone| Number {
        label,
        value: grouped(&count.to_string()),
        href,
        tone: if count > 0 { tone } else { "" },
    };
    let log = |state: &str| format!("/deliveries?state={state}&period={}", range.word);
    vec![
        number(t!("overview-received"), received, "/events".into(), ""),
        number(
            t!("shared-state-delivered"),
            sum.delivered,
            log("delivered"),
            "good",
        ),
        number(
            t!("shared-state-failed"),
            sum.failed + sum.mapping_failed,
            log("failed,mapping_failed"),
            "bad",
        ),
        number(t!("shared-state-skipped"), sum.skipped, log("skipped"), ""),
        number(
            t!("overview-waiting-now"),
            waiting,
            "/deliveries?state=waiting".into(),
            "warn",
        ),
    ]
}

/// The destinations with something to show: first those that fare ill, then those that fail most.
fn shown<'d>(
    destinations: &'d [Destination],
    sums: &HashMap<DestinationId, Counts>,
    waiting: &HashMap<DestinationId, i64>,
) -> Vec<&'d Destination> {
    let none = Counts::default();
    let mut shown: Vec<&Destination> = destinations.iter().collect();
    shown.sort_by_key(|destination| {
        let fares_well = destination.health.is_ok();
        let counts = sums.get(&destination.id).unwrap_or(&none);
        let waiting = waiting.get(&destination.id).copied().unwrap_or(0);
        (fares_well, -counts.failed, -waiting, -counts.delivered)
    });
    shown.truncate(DESTINATIONS_LIMIT);
    shown
}

impl DestinationLine {
    fn new(
        destination: &Destination,
        chip: Chip,
        sums: &HashMap<DestinationId, Counts>,
        waiting: &HashMap<DestinationId, i64>,
        spark: Chart,
    ) -> DestinationLine {
        let none = Counts::default();
        let counts = sums.get(&destination.id).unwrap_or(&none);
        DestinationLine {
            id: destination.id.to_string(),
            name: destination.name.clone(),
            chip,
            success: success(counts),
            delivered: counts.delivered,
            failed: counts.failed + counts.mapping_failed,
            unmapped: counts.mapping_failed,
            waiting: waiting.get(&destination.id).copied().unwrap_or(0),
            usual: time_taken(counts.latencies.quantile_ms(0.5)),
            slow: time_taken(counts.latencies.quantile_ms(0.95)),
            spark,
        }
    }
}

/// The part of what was decided that arrived, rounded down, so that 100 % means all.
fn success(counts: &Counts) -> String {
    match counts.delivered + counts.failed {
        0 => "–".into(),
        all => match counts.delivered * 1_000 / all {
            thousandths if thousandths % 10 == 0 => format!("{} %", thousandths / 10),
            thousandths => format!("{} %", decimal(thousandths as f64 / 10.0, 1)),
        },
    }
}

fn time_taken(ms: Option<f64>) -> String {
    match ms {
        None => "–".into(),
        Some(ms) if ms < 1_000.0 => t!("overview-ms", number = decimal(ms, 0)),
        Some(ms) if ms < 60_000.0 => t!("overview-s", number = decimal(ms / 1_000.0, 1)),
        Some(ms) if ms < 3_600_000.0 => t!("overview-min", number = decimal(ms / 60_000.0, 0)),
        Some(ms) => t!("overview-h", number = decimal(ms / 3_600_000.0, 0)),
    }
}
