//! The builder's dry run over the past: how many events are looked at, what becomes of them, and the differences one by one.
//!
//! `connection_builder` asks for it and shows it. What is compared is `flow::past`'s; here it gets the reader's words. Problems come back as sentences for
//! the form; nothing is stored.

use std::sync::Arc;

use crate::domain::connection::{Connection, Rules};
use crate::flow::Bridge;
use crate::flow::past::{
    Comparison, DRY_RUN_EVENTS, Difference, EVENTS_LIMIT, EXAMPLES_LIMIT, Example, OTHER_ORDER,
    SAME_VALUES, Turn, over_the_past,
};
use crate::web::phrases::retold;
use crate::web::ui::connection_form::ConnectionForm;
use crate::web::ui::error::PageError;
use crate::web::ui::form_problem::FormProblem;
use crate::web::ui::labels::event_label;
use crate::web::ui::row::Moment;
use crate::web::ui::rule_places;
use crate::web::ui::tree;

/// Characters of a mistyped number that are told again.
const TYPED_LIMIT_CHARS: usize = 20;

/// A dry run over the past as the page shows it.
pub struct Past {
    pub comparison: Comparison,
    /// There are saved rules to compare with.
    pub edits: bool,
    pub examples: Vec<PastExample>,
    /// Of which kinds there are more than the examples, each as a sentence.
    pub more: Vec<String>,
    /// That another number of events was asked for than was typed.
    pub counted: Option<String>,
}

pub struct PastExample {
    pub event_id: String,
    pub turn: String,
    pub label: String,
    pub record: String,
    pub at: Option<Moment>,
    pub reason: Option<String>,
    pub differences: Vec<Difference>,
}

/// The dry run over the past, or what it lacks; what must be mended of the rules themselves, the page says anyway.
pub async fn past(
    bridge: &Bridge,
    saved: Option<&Connection>,
    form: &mut ConnectionForm,
) -> Result<Result<Past, FormProblem>, PageError> {
    let typed = std::mem::take(&mut form.dry_run_events);
    let wanted = typed.trim().parse::<i64>();
    let count = match wanted {
        Ok(wanted) => wanted.clamp(1, EVENTS_LIMIT.into()) as u32,
        Err(_) => DRY_RUN_EVENTS,
    };
    form.dry_run_events = count.to_string();
    let is_taken = typed.is_empty() || wanted == Ok(count.into());
    let Ok(source_id) = form.source_id.parse() else {
        let needed = t!("builder-needs-source-choice");
        return Ok(Err(FormProblem::at("source_id", needed)));
    };
    let (rules, _, problems) = form.rules();
    let (Ok(now), true) = (Rules::compile(&rules), problems.is_empty()) else {
        return Ok(Err(FormProblem::plain(t!("builder-mend-first"))));
    };
    let before = match saved {
        Some(saved) => Some(bridge.rules(saved.version.id).await?),
        None => None,
    };
    let edits = before.is_some();
    let comparison = over_the_past(bridge, source_id, before, Arc::new(now), count).await?;
    let past = Past::new(comparison, edits, bridge.clock.now());
    let typed: String = typed.chars().take(TYPED_LIMIT_CHARS).collect();
    Ok(Ok(Past {
        counted: (!is_taken).then(|| {
            t!(
                "builder-past-counted",
                typed = typed,
                limit = EVENTS_LIMIT,
                count = count
            )
        }),
        ..past
    }))
}

/// A difference; values are shown as they are.
fn in_words(difference: Difference) -> Difference {
    match difference.before.as_deref() {
        Some(SAME_VALUES) => Difference {
            before: Some(retold(SAME_VALUES)),
            now: Some(retold(OTHER_ORDER)),
            ..difference
        },
        _ => difference,
    }
}

/// What became of an event; a new connection has no saved rules to compare with.
fn turn_word(turn: Turn, edits: bool) -> String {
    match turn {
        Turn::NewlySent if edits => t!("builder-turn-newly-sent"),
        Turn::NewlySent => t!("builder-turn-would-be-sent"),
        Turn::NoLongerSent => t!("builder-turn-no-longer-sent"),
        Turn::DifferentBody => t!("builder-turn-different-body"),
        Turn::NewlyFailing => t!("builder-turn-newly-failing"),
        Turn::NoLongerFailing => t!("builder-turn-no-longer-failing"),
        Turn::Same => t!("builder-turn-same"),
    }
}

impl Past {
    fn new(mut comparison: Comparison, edits: bool, now: jiff::Timestamp) -> Past {
        let examples = std::mem::take(&mut comparison.examples);
        let more = Turn::DIFFERENT.into_iter().filter_map(|turn| {
            let count = *comparison.turned.get(&turn)?;
            (count > EXAMPLES_LIMIT as u64).then(|| {
                t!(
                    "builder-past-shown",
                    turn = turn_word(turn, edits),
                    shown = EXAMPLES_LIMIT,
                    count = count
                )
            })
        });
        let more = more.collect();
        let example = |one: Example| PastExample {
            event_id: one.event_id.to_string(),
            turn: turn_word(one.turn, edits),
            label: event_label(&one.event_type),
            record: one.record_title.unwrap_or_default(),
            at: one.received_at.parse().ok().map(|at| Moment::new(at, now)),
            reason: match &one.explanation {
                Some(explanation) => Some(tree::sentence(explanation)),
                None => one.reason.as_deref().map(rule_places::mapping_sentence),
            },
            differences: one.differences.into_iter().map(in_words).collect(),
        };
        Past {
            examples: examples.into_iter().map(example).collect(),
            more,
            comparison,
            edits,
            counted: None,
        }
    }

    /// Whether there is a difference to be counted; a new connection has nothing to differ from.
    pub fn has_turns(&self) -> bool {
        let found = &self.comparison;
        let turned = found.newly_sent + found.no_longer_sent + found.different_body;
        self.edits && turned + found.failing_now + found.failing_before > 0
    }
}
