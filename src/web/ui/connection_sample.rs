//! Which event the builder tries everything on: the last one received, one from the log, the catalogue's, or one that was pasted; and waiting for the next.
//!
//! Called by `connection_builder`. A stored event that is gone meanwhile, or a text that is no event, is said and does not stop the builder.

use serde_json::Value;

use crate::domain::catalogue::sample::sample;
use crate::domain::event::shared_name;
use crate::domain::id::{EventId, SourceId};
use crate::flow::Bridge;
use crate::store::error::{StoreError, if_found};
use crate::store::events::{EventFilter, EventSummary};
use crate::store::window::Window;
use crate::web::ui::connection_form::{ConnectionForm, EventGroup, event_groups};
use crate::web::ui::error::PageError;
use crate::web::ui::labels::event_label;
use crate::web::ui::query::filled;
use crate::web::ui::row::{Moment, title_of};

/// Stored events that are offered.
const OFFERED: i64 = 15;
/// Newest events among which one that the trigger listens to is looked for.
const LOOK_BACK: i64 = 50;
/// Event whose sample is offered when none is chosen.
pub const USUAL_EVENT: &str = "TODO_CREATED";

/// An event to try things on.
pub struct Sample {
    pub body: String,
    /// What it is, for people.
    pub label: String,
    /// The document, when it is JSON.
    pub document: Option<Value>,
    /// The last event received was asked for, and there is none; this one is the catalogue's.
    pub stands_in: bool,
}

/// What may be chosen.
#[derive(Default)]
pub struct Offers {
    pub stored: Vec<StoredOffer>,
    pub catalogue: Vec<EventGroup>,
    /// The event that was waited for has not come.
    pub waiting: bool,
    /// A stored event is chosen that is not among those offered.
    pub chosen_is_not_listed: bool,
}

/// A stored event in the list.
pub struct StoredOffer {
    pub id: String,
    pub label: String,
    pub record: String,
    pub at: Moment,
    pub chosen: bool,
}

impl Sample {
    fn new(body: String, label: impl Into<String>) -> Sample {
        Sample {
            document: serde_json::from_str(&body).ok(),
            label: label.into(),
            body,
            stands_in: false,
        }
    }

    fn of_catalogue(event_type: &str) -> Sample {
        let body = sample(event_type, 1).to_string();
        Sample::new(
            body,
            t!("builder-illustrative", name = event_label(event_type)),
        )
    }
}

/// The chosen event. "The last one received" is the newest that the trigger listens to, else the catalogue's.
pub async fn choose(bridge: &Bridge, form: &ConnectionForm) -> Result<Sample, PageError> {
    let choice = &form.sample;
    if choice.from == "paste" {
        return Ok(Sample::new(
            choice.pasted.clone(),
            t!("builder-pasted-event"),
        ));
    }
    if let Some(event_type) = choice.from.strip_prefix("catalogue:") {
        return Ok(Sample::of_catalogue(event_type));
    }
    if let Some(id) = choice
        .from
        .strip_prefix("event:")
        .and_then(|id| id.parse().ok())
        && let Some(sample) = stored(bridge, id).await?
    {
        return Ok(sample);
    }
    match newest(bridge, form).await? {
        Some(sample) => Ok(sample),
        None => Ok(Sample {
            stands_in: true,
            ..Sample::of_catalogue(form.events().first().map_or(USUAL_EVENT, String::as_str))
        }),
    }
}

async fn stored(bridge: &Bridge, id: EventId) -> Result<Option<Sample>, PageError> {
    // Retention may have taken it since it was offered.
    let Some(event) = if_found(bridge.store.event(id).await)? else {
        return Ok(None);
    };
    let at = Moment::new(event.summary.received_at, bridge.clock.now());
    let body = String::from_utf8_lossy(&event.body).into_owned();
    let label = t!(
        "builder-received",
        name = event_label(&event.summary.event_type),
        when = at.relative
    );
    Ok(Some(Sample::new(body, label)))
}

async fn newest(bridge: &Bridge, form: &ConnectionForm) -> Result<Option<Sample>, PageError> {
    let Ok(source_id) = form.source_id.parse::<SourceId>() else {
        return Ok(None);
    };
    let latest = bridge.store.events(of_source(source_id, LOOK_BACK)).await?;
    let events = form.events();
    let fits = |event: &&EventSummary| {
        let is = |id: &String| shared_name(id) == shared_name(&event.event_type);
        events.is_empty() || events.iter().any(is)
    };
    // One that was only sent to see whether it arrives stands in for those of Blue, not before them.
    let of_blue = latest.iter().filter(|event| !event.is_test).find(fits);
    match of_blue.or_else(|| latest.iter().find(fits)) {
        Some(event) => stored(bridge, event.id).await,
        None => Ok(None),
    }
}

fn of_source(source_id: SourceId, limit: i64) -> EventFilter {
    EventFilter {
        source_id: Some(source_id),
        page: Window::first(limit),
        ..EventFilter::default()
    }
}

/// What the form offers to choose from.
pub async fn offers(bridge: &Bridge, form: &ConnectionForm) -> Result<Offers, PageError> {
    let now = bridge.clock.now();
    let from = form.sample.from.as_str();
    let catalogued = from.strip_prefix("catalogue:").unwrap_or_default();
    let chosen = from.strip_prefix("event:").unwrap_or_default();
    let mut offers = Offers {
        catalogue: event_groups(&[catalogued.to_string()]),
        waiting: form.sample.listening,
        ..Offers::default()
    };
    let Ok(source_id) = form.source_id.parse::<SourceId>() else {
        return Ok(offers);
    };
    let mut filter = of_source(source_id, OFFERED);
    filter.text = filled(&form.sample.search);
    let stored = bridge.store.events(filter).await?;
    offers.stored = stored
        .iter()
        .map(|event| StoredOffer {
            id: event.id.to_string(),
            label: event_label(&event.event_type),
            record: title_of(event.record_title.as_deref(), event.record_id.as_deref()),
            at: Moment::new(event.received_at, now),
            chosen: event.id.to_string() == chosen,
        })
        .collect();
    offers.chosen_is_not_listed =
        !chosen.is_empty() && !offers.stored.iter().any(|event| event.chosen);
    Ok(offers)
}

/// Begins to wait for the next event of the form's source, or looks whether it has come; then it is the sample.
pub async fn listen(bridge: &Bridge, form: &mut ConnectionForm) -> Result<(), PageError> {
    let Ok(source_id) = form.source_id.parse::<SourceId>() else {
        return Ok(());
    };
    if !form.sample.listening {
        form.sample.listening = true;
        let newest = bridge.store.events(of_source(source_id, 1)).await?;
        form.sample.listen_after = newest
            .first()
            .map(|event| event.id.to_string())
            .unwrap_or_default();
        return Ok(());
    }
    if let Some(id) = next(bridge, source_id, &form.sample.listen_after).await? {
        form.sample.from = format!("event:{id}");
        form.sample.listening = false;
    }
    Ok(())
}

/// The first event of a source after this one; without one, the first that there is.
pub async fn next(
    bridge: &Bridge,
    source_id: SourceId,
    after: &str,
) -> Result<Option<EventId>, StoreError> {
    let mut filter = of_source(source_id, 1);
    filter.page.after = after.parse().ok();
    Ok(bridge
        .store
        .events(filter)
        .await?
        .first()
        .map(|event| event.id))
}
