//! A dry run over the past: what two versions of the rules would have made of the events that are stored. Nothing leaves, nothing is stored.
//!
//! The comparison of one event ([`weigh`]) is pure and asks [`Rules::decide`] alone, for both sides, so that an older delivery that was resent or
//! skipped for another reason plays no part. [`over_the_past`] reads the events in pages, so memory stays bounded however many are asked for.
//! Called by the builder and by `POST /connections/{id}/dry-run`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::connection::{Decision, Rules, Subject};
use crate::domain::event::{Reading, read};
use crate::domain::filter::explanation::Explanation;
use crate::domain::id::{EventId, SourceId};
use crate::domain::mapping::Output;
use crate::domain::value::cut;
use crate::flow::Bridge;
use crate::flow::turn::{PAST, RULES, TurnError, in_turn};
use crate::store::error::StoreError;
use crate::store::events::StoredEvent;

/// Most events of one dry run.
pub const EVENTS_LIMIT: u32 = 5_000;
/// Events that a dry run looks at unless asked for more or fewer.
pub const DRY_RUN_EVENTS: u32 = 200;
/// How long a dry run may take, in milliseconds; it tells how many events it has looked at until then.
const TIME_LIMIT_MS: i64 = 10_000;
/// After how long it gives its turn to others who wait, in milliseconds.
const TURN_MS: i64 = 500;
/// Events in memory at once.
const PAGE_EVENTS: i64 = 50;
/// Events that are shown one by one for each kind of difference.
pub const EXAMPLES_LIMIT: usize = 20;
/// Differences shown of one body.
const DIFFERENCES_LIMIT: usize = 20;
/// Longest value shown in a difference, in characters.
const VALUE_LIMIT_CHARS: usize = 200;

/// What became of an event under both rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The same request, or not sent as before.
    Same,
    NewlySent,
    NoLongerSent,
    DifferentBody,
    /// The mapping fails now and did not before.
    NewlyFailing,
    /// The mapping failed before; now the filter or trigger keeps the event out.
    NoLongerFailing,
}

impl Turn {
    /// Every turn that differs, in the order in which pages tell them.
    pub const DIFFERENT: [Turn; 5] = [
        Turn::NewlySent,
        Turn::NoLongerSent,
        Turn::DifferentBody,
        Turn::NewlyFailing,
        Turn::NoLongerFailing,
    ];
}

/// How many events took each turn, and the newest few of those that differ.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Comparison {
    pub looked_at: u64,
    pub sent_before: u64,
    pub sent_now: u64,
    pub newly_sent: u64,
    pub no_longer_sent: u64,
    pub different_body: u64,
    pub failing_before: u64,
    pub failing_now: u64,
    /// How many of each kind there are, of which some are examples.
    #[serde(skip)]
    pub turned: HashMap<Turn, u64>,
    /// At most [`EXAMPLES_LIMIT`] of each kind, the newest first.
    pub examples: Vec<Example>,
}

/// What is said of bodies with the same values.
pub const SAME_VALUES: &str = "the same values, written otherwise";
pub const OTHER_ORDER: &str = "order or spacing differs";

/// One event that is treated differently.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    pub event_id: EventId,
    pub event_type: String,
    pub record_title: Option<String>,
    pub received_at: String,
    pub turn: Turn,
    /// Why it is not sent now, or why the mapping fails.
    pub reason: Option<String>,
    /// What the filter said, for pages that say it themselves.
    #[serde(skip)]
    pub explanation: Option<Explanation>,
    pub differences: Vec<Difference>,
}

/// A place in the body, or a part of the request, whose value became another; nothing stands where there was no such place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Like `task.name`; empty for a body that is no JSON. A part of the request is called like `request.query.name`.
    pub place: String,
    pub before: Option<String>,
    pub now: Option<String>,
}

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Turn(#[from] TurnError),
}

/// Compares over the newest `count` events of a source, at most [`EVENTS_LIMIT`] and as many as there is time for. Without `before`, nothing was sent
/// before. Works in the turns of the rules, and gives its turn to others every now and then.
pub async fn over_the_past(
    bridge: &Bridge,
    source_id: SourceId,
    before: Option<Arc<Rules>>,
    now: Arc<Rules>,
    count: u32,
) -> Result<Comparison, PastError> {
    let _run = PAST.hold().await?;
    let until_ms = bridge.clock.steady_ms().saturating_add(TIME_LIMIT_MS);
    let mut comparison = Comparison::default();
    let mut left = i64::from(count.min(EVENTS_LIMIT));
    let mut oldest = None;
    while left > 0 {
        let wanted = left.min(PAGE_EVENTS);
        let page = bridge.store.event_bodies(source_id, oldest, wanted).await?;
        let read = i64::try_from(page.len()).unwrap_or(wanted);
        oldest = page.last().map(|event| event.summary.id);
        let mut events = VecDeque::from(page);
        while !events.is_empty() {
            let (before, now, clock) = (before.clone(), now.clone(), bridge.clock.clone());
            (comparison, events) = in_turn(&RULES, move || {
                let turn_ends_ms = until_ms.min(clock.steady_ms().saturating_add(TURN_MS));
                let is_over = || clock.steady_ms() >= turn_ends_ms;
                comparison.take_some(&mut events, before.as_deref(), &now, is_over);
                (comparison, events)
            })
            .await?;
            if bridge.clock.steady_ms() >= until_ms {
                return Ok(comparison);
            }
        }
        left -= read;
        if read < wanted {
            break;
        }
    }
    Ok(comparison)
}

impl Comparison {
    /// Takes one event after the other, at least one, until there is none left or the time is over.
    fn take_some(
        &mut self,
        events: &mut VecDeque<StoredEvent>,
        before: Option<&Rules>,
        now: &Rules,
        is_over: impl Fn() -> bool,
    ) {
        while let Some(event) = events.pop_front() {
            self.take(&event, before, now);
            if is_over() {
                return;
            }
        }
    }

    fn take(&mut self, event: &StoredEvent, before: Option<&Rules>, now: &Rules) {
        // What is stored was read once; a body that this version reads no more counts as not sent on both sides.
        let Ok(Reading::Event { facts, document }) = read(&event.body) else {
            self.looked_at += 1;
            return;
        };
        let subject = Subject {
            facts: &facts,
            document: &document,
            body: &event.body,
            received_at: event.summary.received_at,
        };
        let weighed = weigh(before, now, &subject);
        self.looked_at += 1;
        self.sent_before += u64::from(weighed.sent_before);
        self.sent_now += u64::from(weighed.sent_now);
        self.failing_before += u64::from(weighed.failing_before);
        self.failing_now += u64::from(weighed.failing_now);
        match weighed.turn {
            Turn::NewlySent => self.newly_sent += 1,
            Turn::NoLongerSent => self.no_longer_sent += 1,
            Turn::DifferentBody => self.different_body += 1,
            Turn::NewlyFailing | Turn::NoLongerFailing => {}
            Turn::Same => return,
        }
        let alike = self.turned.entry(weighed.turn).or_default();
        *alike += 1;
        if *alike <= EXAMPLES_LIMIT as u64 {
            self.examples.push(Example {
                event_id: event.summary.id,
                event_type: event.summary.event_type.clone(),
                record_title: event.summary.record_title.clone(),
                received_at: event.summary.received_at.to_string(),
                turn: weighed.turn,
                reason: weighed.reason,
                explanation: weighed.explanation,
                differences: weighed.differences,
            });
        }
    }
}

/// What two rules make of one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    pub turn: Turn,
    pub sent_before: bool,
    pub sent_now: bool,
    pub failing_before: bool,
    pub failing_now: bool,
    pub reason: Option<String>,
    pub explanation: Option<Explanation>,
    pub differences: Vec<Difference>,
}

/// Decides by both rules and compares.
pub fn weigh(before: Option<&Rules>, now: &Rules, subject: &Subject<'_>) -> Weighed {
    let was = before.map(|rules| rules.decide(subject));
    let is = now.decide(subject);
    let sent_before = matches!(was, Some(Decision::Deliver(_)));
    let failing_before = matches!(was, Some(Decision::Fail(_)));
    let mut weighed = Weighed {
        turn: Turn::Same,
        sent_before,
        sent_now: matches!(is, Decision::Deliver(_)),
        failing_before,
        failing_now: matches!(is, Decision::Fail(_)),
        reason: None,
        explanation: None,
        differences: Vec::new(),
    };
    match (was, is) {
        (Some(Decision::Deliver(was)), Decision::Deliver(is)) if was != is => {
            weighed.turn = Turn::DifferentBody;
            weighed.differences = differences(&was, &is);
        }
        (Some(Decision::Deliver(_)), Decision::Deliver(_)) => {}
        (_, Decision::Deliver(_)) => weighed.turn = Turn::NewlySent,
        (_, Decision::Fail(error)) => {
            weighed.reason = Some(error.to_string());
            if !failing_before {
                weighed.turn = Turn::NewlyFailing;
            }
        }
        (_, Decision::NotTriggered(reason)) => weighed.reason = Some(reason.to_string()),
        (_, Decision::Skip) => {
            weighed.explanation = now.explain(subject);
            weighed.reason = weighed.explanation.as_ref().map(Explanation::sentence);
        }
    }
    if weighed.turn == Turn::Same && !weighed.sent_now && !weighed.failing_now {
        if sent_before {
            weighed.turn = Turn::NoLongerSent;
        } else if failing_before {
            weighed.turn = Turn::NoLongerFailing;
        }
    }
    weighed
}

/// Where two outputs differ, at most [`DIFFERENCES_LIMIT`] places of the request and as many of the body.
pub fn differences(before: &Output, now: &Output) -> Vec<Difference> {
    let mut found = request_differences(before, now);
    if before.body != now.body || before.content_type != now.content_type {
        found.extend(body_differences(before, now));
    }
    found
}

fn request_differences(before: &Output, now: &Output) -> Vec<Difference> {
    let document = |output: &Output| match &output.request {
        Some(request) => serde_json::to_value(request).unwrap_or_default(),
        None => json!({"query": {}, "headers": {}}),
    };
    let mut found = Vec::new();
    let (was, is) = (document(before), document(now));
    collect("request".into(), Some(&was), Some(&is), &mut found);
    found
}

fn body_differences(before: &Output, now: &Output) -> Vec<Difference> {
    let json = |output: &Output| serde_json::from_slice::<Value>(&output.body).ok();
    let mut found = Vec::new();
    match (json(before), json(now)) {
        (Some(was), Some(is)) => collect(String::new(), Some(&was), Some(&is), &mut found),
        _ => {
            let text = |output: &Output| {
                Some(cut(
                    &String::from_utf8_lossy(&output.body),
                    VALUE_LIMIT_CHARS,
                ))
            };
            found.push(Difference {
                place: String::new(),
                before: text(before),
                now: text(now),
            });
        }
    }
    if found.is_empty() && before.content_type == now.content_type {
        found.push(Difference {
            place: String::new(),
            before: Some(SAME_VALUES.into()),
            now: Some(OTHER_ORDER.into()),
        });
    }
    if before.content_type != now.content_type {
        found.push(Difference {
            place: "content-type".into(),
            before: Some(before.content_type.to_string()),
            now: Some(now.content_type.to_string()),
        });
    }
    found
}

fn collect(
    place: String,
    before: Option<&Value>,
    now: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    if before == now || found.len() >= DIFFERENCES_LIMIT {
        return;
    }
    match (before, now) {
        (Some(Value::Object(was)), Some(Value::Object(is))) => {
            let new = is.keys().filter(|key| !was.contains_key(*key));
            for key in was.keys().chain(new) {
                let inner = if place.is_empty() {
                    key.clone()
                } else {
                    format!("{place}.{key}")
                };
                collect(inner, was.get(key), is.get(key), found);
            }
        }
        (Some(Value::Array(was)), Some(Value::Array(is))) => {
            for index in 0..was.len().max(is.len()) {
                collect(
                    format!("{place}[{index}]"),
                    was.get(index),
                    is.get(index),
                    found,
                );
            }
        }
        _ => {
            let text = |value: Option<&Value>| {
                value.map(|value| cut(&value.to_string(), VALUE_LIMIT_CHARS))
            };
            found.push(Difference {
                place,
                before: text(before),
                now: text(now),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::sample::sample;
    use crate::store::events::EventSummary;

    fn rules(document: Value) -> Rules {
        Rules::compile(&serde_json::from_value(document).unwrap()).unwrap()
    }

    fn weighed(before: Option<Value>, now: Value) -> Weighed {
        let body = sample("TODO_CREATED", 1).to_string().into_bytes();
        let Reading::Event { facts, document } = read(&body).unwrap() else {
            panic!("a health check")
        };
        let subject = Subject {
            facts: &facts,
            document: &document,
            body: &body,
            received_at: "2026-01-06T00:00:00Z".parse().unwrap(),
        };
        weigh(before.map(rules).as_ref(), &rules(now), &subject)
    }

    fn fields(list: Value) -> Value {
        json!({"mapping": {"mode": "fields", "fields": list}})
    }

    #[test]
    fn events_are_left_for_another_turn_when_the_time_is_over() {
        let body = sample("TODO_CREATED", 1).to_string();
        let summary = EventSummary {
            id: EventId::new(1, [0; 10]),
            source_id: SourceId::new(1, [0; 10]),
            event_type: "TODO_CREATED".into(),
            record_id: None,
            record_title: None,
            list_id: None,
            list_title: None,
            project_id: None,
            project_name: None,
            company_id: None,
            occurred_at: None,
            received_at: "2026-01-06T00:00:00Z".parse().unwrap(),
            is_test: false,
        };
        let event = || StoredEvent {
            summary: summary.clone(),
            body: body.clone().into(),
        };
        let mut events: VecDeque<StoredEvent> = (0..5).map(|_| event()).collect();
        let (now, mut comparison) = (
            rules(json!({"mapping": {"mode": "passthrough"}})),
            Comparison::default(),
        );
        for (looked_at, left) in [(1, 4), (2, 3)] {
            comparison.take_some(&mut events, None, &now, || true);
            assert_eq!((comparison.looked_at, events.len()), (looked_at, left));
        }
        comparison.take_some(&mut events, None, &now, || false);
        assert_eq!((comparison.looked_at, events.len()), (5, 0));
        comparison.take_some(&mut events, None, &now, || true);
        assert_eq!(comparison.looked_at, 5);
    }

    #[test]
    fn every_turn_is_told_from_the_two_decisions() {
        let all = || json!({"mapping": {"mode": "passthrough"}});
        let none = || json!({"filter": {"all": [{"path": "$.currentValue.title", "op": "contains", "value": "xyz"}]}, "mapping": {"mode": "passthrough"}});
        let failing =
            || fields(json!([{"to": "a", "from": {"path": "$.nowhere"}, "when_missing": "fail"}]));
        let other =
            || json!({"trigger": {"events": ["TAG_CREATED"]}, "mapping": {"mode": "passthrough"}});
        for (before, now, turn) in [
            (None, all(), Turn::NewlySent),
            (None, none(), Turn::Same),
            (Some(all()), all(), Turn::Same),
            (Some(none()), all(), Turn::NewlySent),
            (Some(failing()), all(), Turn::NewlySent),
            (Some(all()), none(), Turn::NoLongerSent),
            (Some(all()), other(), Turn::NoLongerSent),
            (Some(none()), failing(), Turn::NewlyFailing),
            (Some(all()), failing(), Turn::NewlyFailing),
            (Some(failing()), failing(), Turn::Same),
            (Some(failing()), none(), Turn::NoLongerFailing),
        ] {
            assert_eq!(
                weighed(before.clone(), now.clone()).turn,
                turn,
                "{before:?} -> {now}"
            );
        }
        let skipped = weighed(Some(all()), none());
        assert!(skipped.sent_before && !skipped.sent_now);
        assert!(skipped.reason.unwrap().contains("xyz"));
        assert!(
            weighed(None, failing())
                .reason
                .unwrap()
                .contains("$.nowhere")
        );
    }

    #[test]
    fn different_bodies_are_told_place_by_place() {
        let list = |paths: Value| {
            fields(json!([
                {"to": "task.name", "from": {"path": "$.currentValue.title"}},
                {"to": "task.tags", "from": {"value": paths}},
            ]))
        };
        let weighed = weighed(
            Some(list(json!(["a", "b"]))),
            fields(
                json!([{"to": "task.name", "from": {"path": "$.currentValue.title"}, "pipe": [{"fn": "upper"}]}, {"to": "task.tags", "from": {"value": ["a", "c", 1]}}, {"to": "due", "from": {"value": null}}]),
            ),
        );
        assert_eq!(weighed.turn, Turn::DifferentBody);
        let told: Vec<(&str, Option<&str>, Option<&str>)> = weighed
            .differences
            .iter()
            .map(|one| {
                (
                    one.place.as_str(),
                    one.before.as_deref(),
                    one.now.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (
                    "task.name",
                    Some("\"Call Ada about the contract\""),
                    Some("\"CALL ADA ABOUT THE CONTRACT\"")
                ),
                ("task.tags[1]", Some("\"b\""), Some("\"c\"")),
                ("task.tags[2]", None, Some("1")),
                ("due", None, Some("null")),
            ]
        );
        let text = |body: &str| Output {
            body: body.into(),
            content_type: "text/plain".into(),
            request: None,
        };
        assert_eq!(differences(&text("a"), &text("b")).len(), 1);
        assert_eq!(
            differences(&text("{\"a\":1}"), &text("{\"a\": 1}"))[0].place,
            ""
        );
    }

    #[test]
    fn another_address_or_header_is_told_by_its_part() {
        let to = |request: Value| json!({"mapping": {"mode": "passthrough", "request": request}});
        let title = "{{ currentValue.title }}";
        let before = to(json!({"path": "/a", "query": {"name": title}, "headers": {"X-A": "1"}}));
        let now = to(json!({"path": "/b", "headers": {"X-A": "1", "X-B": title}}));
        let changed = weighed(Some(before.clone()), now);
        assert_eq!(changed.turn, Turn::DifferentBody);
        let told = changed.differences.iter();
        let told: Vec<_> = told
            .map(|one| (&*one.place, one.before.as_deref(), one.now.as_deref()))
            .collect();
        let title = Some("\"Call Ada about the contract\"");
        let expected = [
            ("request.path", Some("\"a\""), Some("\"b\"")),
            ("request.query.name", title, None),
            ("request.headers.x-b", None, title),
        ];
        assert_eq!(told, expected);
        assert_eq!(weighed(Some(before.clone()), before).turn, Turn::Same);
    }
}
