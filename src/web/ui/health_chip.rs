//! How a destination fares, as a word with a colour.
//!
//! Called by the pages that show destinations. One that seems to fare well because nothing was ever sent to it is told apart from one that does.

use std::collections::HashMap;

use crate::domain::destination::Destination;
use crate::domain::id::DestinationId;
use crate::flow::Bridge;
use crate::store::counts::Counts;
use crate::store::error::StoreError;
use crate::web::ui::row::Chip;

/// How each of these fares by what became of its deliveries lately. Whether anything was ever sent to it is asked of those alone that may only seem
/// to fare well.
pub async fn chips(
    bridge: &Bridge,
    shown: &[&Destination],
    lately: &HashMap<DestinationId, Counts>,
) -> Result<Vec<Chip>, StoreError> {
    let has_ended = |counts: &Counts| counts.delivered + counts.failed > 0;
    let may_be_untried =
        |one: &Destination| one.health.is_ok() && !lately.get(&one.id).is_some_and(has_ended);
    let asked = shown.iter().filter(|one| may_be_untried(one));
    let tried = bridge
        .store
        .tried(asked.map(|one| one.id).collect())
        .await?;
    let is_untried = |one: &Destination| may_be_untried(one) && !tried.contains(&one.id);
    let chips = shown.iter().map(|one| {
        if is_untried(one) {
            untried_chip(one)
        } else {
            health_chip(one)
        }
    });
    Ok(chips.collect())
}

/// The same for one, of which nothing is known of late.
pub async fn chip(bridge: &Bridge, destination: &Destination) -> Result<Chip, StoreError> {
    let tried = bridge.store.tried(vec![destination.id]).await?;
    Ok(if destination.health.is_ok() && tried.is_empty() {
        untried_chip(destination)
    } else {
        health_chip(destination)
    })
}

/// How it fares by its health alone.
pub fn health_chip(destination: &Destination) -> Chip {
    match destination.health.word() {
        "held" => Chip::new(t!("shared-state-held"), "bad"),
        "paused" => Chip::new(t!("destinations-chip-paused"), "warn"),
        "failing" if destination.health.is_resumed() => {
            Chip::new(t!("destinations-chip-resumed"), "busy")
        }
        "failing" if destination.health.is_recovering() => {
            Chip::new(t!("destinations-chip-recovering"), "busy")
        }
        "failing" => Chip::new(t!("destinations-chip-failing"), "bad"),
        _ if destination.settings.cannot_send().is_some() => needs_secret_chip(),
        _ => Chip::new(t!("destinations-chip-fine"), "good"),
    }
}

/// Whether a test arrived with these settings is all that is known of it.
fn untried_chip(destination: &Destination) -> Chip {
    if destination.settings.cannot_send().is_some() {
        return needs_secret_chip();
    }
    match destination
        .last_test
        .as_ref()
        .filter(|last| destination.updated_at <= last.at)
        .map(|last| last.trial.arrived())
    {
        None => Chip::new(t!("destinations-chip-untried"), ""),
        Some(true) => Chip::new(t!("destinations-chip-test-arrived"), "good"),
        Some(false) => Chip::new(t!("destinations-chip-test-failed"), "bad"),
    }
}

/// Nothing comes from a source, or goes to a destination, until what it lacks is entered.
pub fn needs_secret_chip() -> Chip {
    Chip::new(t!("sources-chip-secret"), "warn")
}
