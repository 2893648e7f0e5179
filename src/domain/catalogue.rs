//! The 37 events that Blue is known to send, with plain labels, and an illustrative sample of each (`sample`).
//!
//! Pages offer them by group, `bluebridge send` sends them. Event types stay open texts: one that is not here is as good as any. Blue calls a record a
//! record today, and its events still `TODO_...`; both names of an event are the same one, whichever of them arrives.

use std::borrow::Cow;

use crate::domain::event::shared_name;

pub mod sample;

/// One known event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueEvent {
    pub id: &'static str,
    pub group: &'static str,
    pub label: &'static str,
}

const fn event(group: &'static str, id: &'static str, label: &'static str) -> CatalogueEvent {
    CatalogueEvent { id, group, label }
}

/// Every known event, in the order in which pages offer them.
pub const EVENTS: &[CatalogueEvent] = &[
    event("Records", "TODO_CREATED", "Record created"),
    event("Records", "TODO_DELETED", "Record deleted"),
    event("Records", "TODO_MOVED", "Record moved to another list"),
    event("Records", "TODO_NAME_CHANGED", "Record renamed"),
    event(
        "Records",
        "TODO_DONE_STATUS_UPDATED",
        "Record marked done or not done",
    ),
    event("Records", "TODO_DUE_DATE_ADDED", "Due date added"),
    event("Records", "TODO_DUE_DATE_UPDATED", "Due date changed"),
    event("Records", "TODO_DUE_DATE_REMOVED", "Due date removed"),
    event("Records", "TODO_ASSIGNEE_ADDED", "Assignee added"),
    event("Records", "TODO_ASSIGNEE_REMOVED", "Assignee removed"),
    event("Records", "TODO_TAG_ADDED", "Tag added to a record"),
    event("Records", "TODO_TAG_REMOVED", "Tag removed from a record"),
    event(
        "Records",
        "TODO_CUSTOM_FIELD_UPDATED",
        "Custom field of a record changed",
    ),
    event("Checklists", "TODO_CHECKLIST_CREATED", "Checklist created"),
    event(
        "Checklists",
        "TODO_CHECKLIST_NAME_CHANGED",
        "Checklist renamed",
    ),
    event("Checklists", "TODO_CHECKLIST_DELETED", "Checklist deleted"),
    event(
        "Checklists",
        "TODO_CHECKLIST_ITEM_CREATED",
        "Checklist item created",
    ),
    event(
        "Checklists",
        "TODO_CHECKLIST_ITEM_NAME_CHANGED",
        "Checklist item renamed",
    ),
    event(
        "Checklists",
        "TODO_CHECKLIST_ITEM_DELETED",
        "Checklist item deleted",
    ),
    event(
        "Checklists",
        "TODO_CHECKLIST_ITEM_DUE_DATE_ADDED",
        "Due date added to a checklist item",
    ),
    event(
        "Checklists",
        "TODO_CHECKLIST_ITEM_DUE_DATE_UPDATED",
        "Due date of a checklist item changed",
    ),
    event(
        "Checklists",
        "TODO_CHECKLIST_ITEM_DUE_DATE_REMOVED",
        "Due date removed from a checklist item",
    ),
    event(
        "Checklists",
        "TODO_CHECKLIST_ITEM_ASSIGNEE_ADDED",
        "Assignee added to a checklist item",
    ),
    event(
        "Checklists",
        "TODO_CHECKLIST_ITEM_ASSIGNEE_REMOVED",
        "Assignee removed from a checklist item",
    ),
    event(
        "Checklists",
        "TODO_CHECKLIST_ITEM_DONE_STATUS_UPDATED",
        "Checklist item marked done or not done",
    ),
    event("Comments", "COMMENT_CREATED", "Comment created"),
    event("Comments", "COMMENT_UPDATED", "Comment edited"),
    event("Comments", "COMMENT_DELETED", "Comment deleted"),
    event("Lists", "TODO_LIST_CREATED", "List created"),
    event("Lists", "TODO_LIST_NAME_CHANGED", "List renamed"),
    event("Lists", "TODO_LIST_DELETED", "List deleted"),
    event("Tags", "TAG_CREATED", "Tag created"),
    event("Tags", "TAG_UPDATED", "Tag changed"),
    event("Tags", "TAG_DELETED", "Tag deleted"),
    event(
        "Custom fields",
        "CUSTOM_FIELD_CREATED",
        "Custom field created",
    ),
    event(
        "Custom fields",
        "CUSTOM_FIELD_UPDATED",
        "Custom field changed",
    ),
    event(
        "Custom fields",
        "CUSTOM_FIELD_DELETED",
        "Custom field deleted",
    ),
];

/// What people call "record updated": Blue has no such event, but these.
pub const RECORD_UPDATED: [&str; 11] = [
    "TODO_MOVED",
    "TODO_NAME_CHANGED",
    "TODO_DONE_STATUS_UPDATED",
    "TODO_DUE_DATE_ADDED",
    "TODO_DUE_DATE_UPDATED",
    "TODO_DUE_DATE_REMOVED",
    "TODO_ASSIGNEE_ADDED",
    "TODO_ASSIGNEE_REMOVED",
    "TODO_TAG_ADDED",
    "TODO_TAG_REMOVED",
    "TODO_CUSTOM_FIELD_UPDATED",
];

/// The known event of this name.
pub fn find(id: &str) -> Option<&'static CatalogueEvent> {
    EVENTS.iter().find(|event| event.id == id)
}

/// The known event that goes by this name or by its other one.
pub fn find_by_either_name(id: &str) -> Option<&'static CatalogueEvent> {
    let is_it = |event: &&CatalogueEvent| shared_name(event.id) == shared_name(id);
    EVENTS.iter().find(is_it)
}

/// The name as it is written when it is that of a known event in other letters or with blanks around it; else without the blanks alone.
pub fn tidied(id: &str) -> Cow<'_, str> {
    let id = id.trim();
    let large = id.to_ascii_uppercase();
    if large != id && find_by_either_name(&large).is_some() {
        large.into()
    } else {
        id.into()
    }
}

/// The plain label, or the name itself for an unknown event.
pub fn label(id: &str) -> &str {
    find_by_either_name(id).map_or(id, |event| event.label)
}

/// What happened, to stand after "when": "a record is created". The name itself for an unknown event.
pub fn clause(id: &str) -> String {
    const DONE: [&str; 8] = [
        "created", "deleted", "moved", "renamed", "marked", "added", "removed", "edited",
    ];
    let Some(event) = find_by_either_name(id) else {
        return id.to_string();
    };
    let label = event.label.to_lowercase();
    let article = if label.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    let words = label.split(' ').map(|word| match word {
        word if DONE.contains(&word) || word == "changed" => format!("is {word}"),
        word => word.to_string(),
    });
    format!("{article} {}", words.collect::<Vec<_>>().join(" "))
}

/// The groups in their order.
pub fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = EVENTS.iter().map(|event| event.group).collect();
    groups.dedup();
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::both_names;

    #[test]
    fn both_names_of_an_event_share_what_no_other_has() {
        assert_eq!(shared_name("TODO_CREATED"), shared_name("RECORD_CREATED"));
        let mut shared: Vec<&str> = EVENTS.iter().map(|event| shared_name(event.id)).collect();
        shared.sort_unstable();
        shared.dedup();
        assert_eq!(shared.len(), EVENTS.len());
        for own in ["TODOS_CREATED", "TODO", "COMMENT_CREATED", ""] {
            assert_eq!(shared_name(own), own);
            assert_eq!(both_names(own), [own]);
        }
        for either in ["TODO_CREATED", "RECORD_CREATED"] {
            assert_eq!(both_names(either), ["TODO_CREATED", "RECORD_CREATED"]);
            assert_eq!(label(either), "Record created");
        }
    }

    #[test]
    fn a_known_name_in_other_letters_is_that_name() {
        for (written, meant) in [
            (" TODO_CREATED\n", "TODO_CREATED"),
            ("todo_Created", "TODO_CREATED"),
            ("record_moved", "RECORD_MOVED"),
            ("something_new ", "something_new"),
            (" ", ""),
        ] {
            assert_eq!(tidied(written), meant);
        }
    }

    #[test]
    fn every_event_reads_after_when() {
        for event in EVENTS {
            let clause = clause(event.id);
            assert_eq!(clause.matches(" is ").count(), 1, "{clause}");
        }
        assert_eq!(clause("TODO_CREATED"), "a record is created");
        assert_eq!(clause("TODO_ASSIGNEE_ADDED"), "an assignee is added");
        assert_eq!(clause("TODO_DUE_DATE_UPDATED"), "a due date is changed");
        assert_eq!(clause("RECORD_CREATED"), "a record is created");
        assert_eq!(clause("SOMETHING_NEW"), "SOMETHING_NEW");
    }
}
