//! Rows of deliveries as lists show them, each skipped one and each that could not be mapped with the reason, and what arrived later marked as such.
//!
//! Used by every list of deliveries and by the live tail. Nothing of this is stored: the rules of the delivery's version are asked again, as its own
//! page asks them. Bodies over [`BODY_LIMIT_BYTES`] are not read for that; their rows say only that they were skipped.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use crate::domain::connection::Rules;
use crate::domain::delivery::State;
use crate::domain::filter::explanation::Explanation;
use crate::domain::filter::nearest::{Miss, nearest_miss};
use crate::domain::id::DeliveryId;
use crate::domain::value::cut;
use crate::flow::Bridge;
use crate::flow::dry_run::{Ruling, dry_run};
use crate::flow::turn::{RULES, in_turn};
use crate::store::deliveries::DeliverySummary;
use crate::store::error::StoreError;
use crate::web::problem::ApiError;
use crate::web::ui::row::{Chip, DeliveryRow, Told};
use crate::web::ui::rule_places;
use crate::web::ui::rule_words;
use crate::web::ui::tree;

/// Largest body that is read again for a list, in bytes. Blue's are a few thousand; a page has fifty.
const BODY_LIMIT_BYTES: i64 = 64 * 1024;

/// Longest condition in a row, in characters.
const CONDITION_LIMIT_CHARS: usize = 120;

/// What stood in the way of an event.
pub enum WhyNot {
    /// The connection is not for such events; a test was sent nevertheless.
    NotTriggered,
    Filter(Box<Explanation>),
}

impl WhyNot {
    /// The whole reason, for where nothing stands beside it.
    pub fn sentence(&self) -> String {
        self.told().whole
    }

    /// In the reader's language.
    fn told(&self) -> Told {
        let explanation = match self {
            WhyNot::NotTriggered => return Told::the_same(t!("deliveries-is-not-for-it")),
            WhyNot::Filter(explanation) => explanation,
        };
        let misses = nearest_miss(explanation);
        if misses.is_empty() {
            return Told::the_same(tree::sentence(explanation));
        }
        Told {
            short: tree::said_once(misses.iter().map(short), "; "),
            whole: tree::said_once(misses.iter().map(|miss| tree::reason(miss.reason)), " "),
        }
    }
}

/// A condition that was not met, or that was met and should not be.
fn short(miss: &Miss<'_>) -> String {
    let document = json!({"path": miss.path, "op": miss.op, "value": miss.value});
    let condition = cut(&rule_words::condition(&document), CONDITION_LIMIT_CHARS);
    if miss.should_hold {
        t!("deliveries-not-met", condition = condition)
    } else {
        t!("deliveries-ruled-out", condition = condition)
    }
}

/// Rows of these deliveries.
pub async fn rows(
    bridge: &Bridge,
    deliveries: &[DeliverySummary],
    now: Timestamp,
) -> Result<Vec<DeliveryRow>, ApiError> {
    let known = known(bridge, deliveries).await?;
    Ok(deliveries
        .iter()
        .map(|delivery| row(delivery, &known, now))
        .collect())
}

/// What is known of a list of deliveries beside their rows.
pub struct Known {
    reasons: HashMap<DeliveryId, WhyNot>,
    /// Those that failed or were given up, and whose event arrived by a later delivery.
    arrived: HashMap<DeliveryId, DeliveryId>,
}

/// Looks up what the rows of a list say besides.
pub async fn known(bridge: &Bridge, deliveries: &[DeliverySummary]) -> Result<Known, ApiError> {
    Ok(Known {
        reasons: reasons(bridge, deliveries).await?,
        arrived: arrived(bridge, deliveries).await?,
    })
}

/// Which of those that ended without arriving have arrived by a later delivery, and by which.
pub async fn arrived(
    bridge: &Bridge,
    deliveries: &[DeliverySummary],
) -> Result<HashMap<DeliveryId, DeliveryId>, StoreError> {
    let of = deliveries.iter().filter(|one| one.state.is_missing());
    let of = of.map(|one| (one.id, one.event_id, one.connection_id));
    bridge.store.arrived_later(of.collect()).await
}

/// One row; `known` is of its list.
pub fn row(delivery: &DeliverySummary, known: &Known, now: Timestamp) -> DeliveryRow {
    let row = DeliveryRow::new(delivery, now);
    if known.arrived.contains_key(&delivery.id) {
        // It needs nobody any more.
        return DeliveryRow {
            chip: Chip::new(row.chip.word, ""),
            why_not: Some(Told::the_same(t!("deliveries-arrived-short"))),
            ..row
        };
    }
    DeliveryRow {
        why_not: match (delivery.state, &delivery.problem) {
            (State::MappingFailed, Some(problem)) => {
                Some(Told::the_same(rule_places::mapping_sentence(problem)))
            }
            _ => known.reasons.get(&delivery.id).map(WhyNot::told),
        },
        ..row
    }
}

/// Why those that were skipped were, as far as their events are still there.
pub async fn reasons(
    bridge: &Bridge,
    deliveries: &[DeliverySummary],
) -> Result<HashMap<DeliveryId, WhyNot>, ApiError> {
    let skipped: Vec<&DeliverySummary> = deliveries
        .iter()
        .filter(|delivery| delivery.state == State::Skipped)
        .collect();
    if skipped.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = skipped.iter().map(|delivery| delivery.event_id).collect();
    let events = bridge.store.events_by_id(ids, BODY_LIMIT_BYTES).await?;
    let mut asked = Vec::with_capacity(skipped.len());
    let mut known = HashMap::new();
    for delivery in skipped {
        let Some(event) = events.get(&delivery.event_id) else {
            continue;
        };
        let rules: Arc<Rules> = match known.entry(delivery.version_id) {
            Entry::Occupied(rules) => Arc::clone(rules.get()),
            Entry::Vacant(unknown) => unknown
                .insert(bridge.rules(delivery.version_id).await?)
                .clone(),
        };
        asked.push((delivery.id, rules, event.clone()));
    }
    let reasons = in_turn(&RULES, move || {
        asked
            .into_iter()
            .filter_map(|(id, rules, event)| {
                let run = dry_run(&rules, &event.body, event.summary.received_at).ok()?;
                match (run.decision, run.not_triggered) {
                    (Ruling::Skip, Some(_)) => Some((id, WhyNot::NotTriggered)),
                    (Ruling::Skip, None) => Some((id, WhyNot::Filter(Box::new(run.explanation)))),
                    (Ruling::Deliver | Ruling::Fail, _) => None,
                }
            })
            .collect()
    });
    Ok(reasons.await?)
}
