//! Illustrative payloads in Blue's envelope, built from rows like those a captured delivery shows.
//!
//! The envelope and a record's row are documented; the rows of other entities follow Blue's schema and may differ from what Blue really sends,
//! so pages call them illustrative. Ids and times come from a seed: the same seed gives the same bytes, another seed another record.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::domain::event::HEALTH_CHECK;

const TITLES: [&str; 6] = [
    "Draft the launch announcement",
    "Call Ada about the contract",
    "Order chairs for the new office",
    "Review the \"Q3\" budget",
    "Perbarui halaman harga",
    "Fix the broken export",
];
/// 2026-01-05T09:00:00Z.
const FIRST_MS: i64 = 1_767_603_600_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A payload for the event, as Blue would send it.
pub fn sample(event_type: &str, seed: u64) -> Value {
    let make = Make { seed };
    match event_type {
        HEALTH_CHECK => json!({"event": event_type, "webhook": make.webhook(event_type)}),
        "RECORD_CREATED" => json!({
            "event": event_type,
            "record": {"id": (1_000 + seed).to_string(), "title": make.title()},
            "company": {"id": "5678"}, "project": {"id": "91011"}, "user": {"id": "1213"},
        }),
        _ => {
            let (before, after) = make.sides(event_type);
            json!({"event": event_type, "webhook": make.webhook(event_type), "previousValue": before, "currentValue": after})
        }
    }
}

struct Make {
    seed: u64,
}

impl Make {
    /// What was before and what is now; null on creation and deletion.
    fn sides(&self, event_type: &str) -> (Value, Value) {
        let entity = match event_type {
            name if name.starts_with("TODO_CHECKLIST_ITEM_") => self.checklist_item(),
            name if name.starts_with("TODO_CHECKLIST_") => self.checklist(),
            name if name.starts_with("TODO_LIST_") => self.list(),
            name if name.starts_with("TAG_") => self.tag(),
            name if name.starts_with("CUSTOM_FIELD_") => self.custom_field(),
            name if name.starts_with("COMMENT_") => self.comment(),
            _ => self.record(),
        };
        if event_type.ends_with("_CREATED") {
            return (Value::Null, entity);
        }
        if event_type.ends_with("_DELETED") {
            return (entity, Value::Null);
        }
        let (mut before, mut after) = (entity.clone(), entity);
        self.differ(event_type, &mut before, &mut after);
        (before, after)
    }

    /// Makes the two sides differ in what the event is about.
    fn differ(&self, event_type: &str, before: &mut Value, after: &mut Value) {
        let due = |days: i64| Value::from(self.time(days * DAY_MS));
        after["updatedAt"] = Value::from(self.time(2 * HOUR_MS));
        match event_type {
            "TODO_MOVED" => {
                let todo_list = json!({"id": self.id("list-before"), "title": "Inbox"});
                before["todoListId"] = todo_list["id"].clone();
                before["todoList"]["id"] = todo_list["id"].clone();
                before["todoList"]["title"] = todo_list["title"].clone();
            }
            name if name.ends_with("_DONE_STATUS_UPDATED") => after["done"] = Value::from(true),
            name if name.ends_with("_DUE_DATE_ADDED") => after["duedAt"] = due(7),
            name if name.ends_with("_DUE_DATE_UPDATED") => {
                before["duedAt"] = due(7);
                after["duedAt"] = due(10);
            }
            name if name.ends_with("_DUE_DATE_REMOVED") => before["duedAt"] = due(7),
            "TODO_TAG_ADDED" => without_first(&mut before["todoTags"]),
            "TODO_TAG_REMOVED" => without_first(&mut after["todoTags"]),
            "TODO_CUSTOM_FIELD_UPDATED" => {
                before["todoCustomFields"][0]["number"] = Value::from(1_000)
            }
            name if name.ends_with("_ASSIGNEE_ADDED") => {
                without_first(&mut before[self.people_of(name)])
            }
            name if name.ends_with("_ASSIGNEE_REMOVED") => {
                without_first(&mut after[self.people_of(name)])
            }
            "COMMENT_UPDATED" => {
                before["text"] = Value::from("Looks good");
                before["html"] = Value::from("<p>Looks good</p>");
            }
            "CUSTOM_FIELD_UPDATED" => before["name"] = Value::from("Cost"),
            _ => before["title"] = Value::from("Untitled"),
        }
    }

    fn people_of(&self, event_type: &str) -> &'static str {
        if event_type.starts_with("TODO_CHECKLIST_ITEM_") {
            "checklistItemUsers"
        } else {
            "todoUsers"
        }
    }

    fn record(&self) -> Value {
        let id = self.id("record");
        json!({
            "id": id, "uid": self.uid("record"), "title": self.title(), "html": null, "text": null,
            "position": format!("{}.5", 32_767 + self.seed % 1_000), "archived": false, "done": false, "startedAt": null, "duedAt": null, "timezone": null,
            "createdAt": self.time(0), "updatedAt": self.time(HOUR_MS), "createdById": self.id("ada"), "todoListId": self.id("list"),
            "todoCustomFields": [{"id": self.id("value"), "uid": self.uid("value"), "todoId": id, "customFieldId": self.id("field"), "number": 2_500, "text": null,
                "customField": {"id": self.id("field"), "name": "Budget", "type": "CURRENCY"}}],
            // Two of each: what takes only the first of several is seen at once.
            "todoUsers": [self.assignment("assignment", self.ada()), self.assignment("assignment-2", self.grace())],
            "todoTags": [self.tagging("tagging", "tag", "Urgent", "#e5484d"), self.tagging("tagging-2", "tag-2", "Marketing", "#0090ff")],
            "todoList": self.list(),
        })
    }

    /// That a person is on the record.
    fn assignment(&self, what: &str, user: Value) -> Value {
        json!({"id": self.id(what), "uid": self.uid(what), "todoId": self.id("record"), "userId": user["id"], "createdAt": self.time(0), "updatedAt": self.time(0), "user": user})
    }

    /// That a tag is on the record.
    fn tagging(&self, what: &str, tag: &str, title: &str, color: &str) -> Value {
        json!({"id": self.id(what), "uid": self.uid(what), "todoId": self.id("record"), "tagId": self.id(tag), "tag": {"id": self.id(tag), "title": title, "color": color}})
    }

    fn list(&self) -> Value {
        json!({
            "id": self.id("list"), "uid": self.uid("list"), "createdAt": self.time(-DAY_MS), "updatedAt": self.time(-DAY_MS), "title": "In progress", "position": 131_070,
            "createdById": self.id("ada"), "projectId": self.id("project"), "project": self.project(),
        })
    }

    fn project(&self) -> Value {
        json!({
            "id": self.id("project"), "uid": self.uid("project"), "slug": "website", "name": "Website", "description": "", "archived": false,
            "createdAt": self.time(-30 * DAY_MS), "updatedAt": self.time(-30 * DAY_MS), "isTemplate": false, "isOfficialTemplate": false, "category": "GENERAL",
            "companyId": self.id("company"), "imageId": null, "hideEmailFromRoles": null,
            "company": {
                "id": self.id("company"), "uid": self.uid("company"), "slug": "example", "name": "Example Ltd", "description": null, "createdAt": self.time(-60 * DAY_MS), "updatedAt": self.time(-60 * DAY_MS),
                "freeTrialExpiredAt": self.time(-46 * DAY_MS), "freeTrialStartedAt": self.time(-60 * DAY_MS), "subscribedAt": null, "imageId": null,
                "subscriptionPlanId": self.id("plan"), "freeTrialExtendedById": null, "freeTrialExtendedAt": null,
            },
        })
    }

    fn comment(&self) -> Value {
        json!({
            "id": self.id("comment"), "uid": self.uid("comment"), "html": "<p>Looks good, <b>ship it</b></p>", "text": "Looks good, ship it", "category": "TODO",
            "createdAt": self.time(0), "updatedAt": self.time(0), "deletedAt": null, "userId": self.id("ada"), "todoId": self.id("record"), "user": self.ada(), "todo": self.parent(),
        })
    }

    fn checklist(&self) -> Value {
        json!({
            "id": self.id("checklist"), "uid": self.uid("checklist"), "title": "Before launch", "position": 65_535, "createdAt": self.time(0), "updatedAt": self.time(0),
            "createdById": self.id("ada"), "todoId": self.id("record"), "todo": self.parent(),
        })
    }

    fn checklist_item(&self) -> Value {
        json!({
            "id": self.id("item"), "uid": self.uid("item"), "title": "Ask legal", "position": 65_535, "done": false, "startedAt": null, "duedAt": null,
            "createdAt": self.time(0), "updatedAt": self.time(0), "createdById": self.id("ada"), "checklistId": self.id("checklist"),
            "checklistItemUsers": [{"id": self.id("item-assignment"), "userId": self.id("ada"), "user": self.ada()}], "checklist": self.checklist(),
        })
    }

    fn tag(&self) -> Value {
        json!({"id": self.id("tag"), "uid": self.uid("tag"), "title": "Urgent", "color": "#e5484d", "createdAt": self.time(0), "updatedAt": self.time(0), "projectId": self.id("project"), "project": self.project()})
    }

    fn custom_field(&self) -> Value {
        json!({"id": self.id("field"), "uid": self.uid("field"), "name": "Budget", "type": "CURRENCY", "position": 65_535, "description": null, "createdAt": self.time(0), "updatedAt": self.time(0), "projectId": self.id("project"), "project": self.project()})
    }

    /// A record as its children carry it.
    fn parent(&self) -> Value {
        json!({"id": self.id("record"), "uid": self.uid("record"), "title": self.title(), "done": false, "todoListId": self.id("list"), "todoList": self.list()})
    }

    fn ada(&self) -> Value {
        json!({"id": self.id("ada"), "uid": self.uid("ada"), "firstName": "Ada", "lastName": "Lovelace", "fullName": "Ada Lovelace", "email": "ada@example.com"})
    }

    fn grace(&self) -> Value {
        json!({"id": self.id("grace"), "uid": self.uid("grace"), "firstName": "Grace", "lastName": "Hopper", "fullName": "Grace Hopper", "email": "grace@example.com"})
    }

    fn webhook(&self, event_type: &str) -> Value {
        json!({
            "id": self.id("webhook"), "uid": self.uid("webhook"), "name": "Bluebridge", "url": "https://bridge.example.com/hooks/example", "secret": "", "status": "HEALTHY", "enabled": true,
            "metadata": {"events": [event_type], "projectIds": [self.id("project")]}, "createdById": self.id("ada"), "createdAt": self.time(-10 * DAY_MS), "updatedAt": self.time(-10 * DAY_MS),
        })
    }

    fn title(&self) -> &'static str {
        TITLES[(self.seed % TITLES.len() as u64) as usize]
    }

    /// People, project and so on stay the same for all seeds; a record and what hangs on it do not.
    fn digest(&self, what: &str) -> String {
        let shared = [
            "ada",
            "grace",
            "list",
            "list-before",
            "project",
            "company",
            "plan",
            "tag",
            "tag-2",
            "field",
            "webhook",
        ]
        .contains(&what);
        let seed = if shared { 0 } else { self.seed };
        hex::encode(Sha256::digest(format!("{what}/{seed}")))
    }

    fn id(&self, what: &str) -> String {
        format!("cl{}", &self.digest(what)[..23])
    }

    fn uid(&self, what: &str) -> String {
        self.digest(what)[32..].to_string()
    }

    fn time(&self, after_ms: i64) -> String {
        let minutes = i64::try_from(self.seed % 100_000).unwrap_or(0);
        let unix_ms = FIRST_MS + minutes * 60_000 + after_ms;
        jiff::Timestamp::from_millisecond(unix_ms)
            .map_or_else(|_| String::new(), |time| format!("{time:.3}"))
    }
}

/// The list as it is without the one that the event is about.
fn without_first(list: &mut Value) {
    if let Some(entries) = list.as_array_mut().filter(|entries| !entries.is_empty()) {
        entries.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::{EVENTS, RECORD_UPDATED, find, groups};
    use crate::domain::event::{EventFacts, Reading, read};

    const CAPTURED: &str = include_str!("../../../tests/data/blue/TODO_CREATED.json");

    fn facts(event_type: &str, seed: u64) -> EventFacts {
        facts_of(&sample(event_type, seed))
    }

    fn facts_of(document: &Value) -> EventFacts {
        match read(document.to_string().as_bytes()).unwrap() {
            Reading::Event { facts, .. } => facts,
            Reading::HealthCheck => panic!("a health check"),
        }
    }

    #[test]
    fn all_37_events_are_known() {
        let documented = "TODO_CREATED TODO_DELETED TODO_MOVED TODO_NAME_CHANGED TODO_DONE_STATUS_UPDATED TODO_DUE_DATE_ADDED TODO_DUE_DATE_UPDATED \
            TODO_DUE_DATE_REMOVED TODO_ASSIGNEE_ADDED TODO_ASSIGNEE_REMOVED TODO_TAG_ADDED TODO_TAG_REMOVED TODO_CUSTOM_FIELD_UPDATED \
            TODO_CHECKLIST_CREATED TODO_CHECKLIST_NAME_CHANGED TODO_CHECKLIST_DELETED TODO_CHECKLIST_ITEM_CREATED TODO_CHECKLIST_ITEM_NAME_CHANGED \
            TODO_CHECKLIST_ITEM_DELETED TODO_CHECKLIST_ITEM_DUE_DATE_ADDED TODO_CHECKLIST_ITEM_DUE_DATE_UPDATED TODO_CHECKLIST_ITEM_DUE_DATE_REMOVED \
            TODO_CHECKLIST_ITEM_ASSIGNEE_ADDED TODO_CHECKLIST_ITEM_ASSIGNEE_REMOVED TODO_CHECKLIST_ITEM_DONE_STATUS_UPDATED TODO_LIST_CREATED \
            TODO_LIST_DELETED TODO_LIST_NAME_CHANGED CUSTOM_FIELD_CREATED CUSTOM_FIELD_DELETED CUSTOM_FIELD_UPDATED TAG_CREATED TAG_DELETED TAG_UPDATED \
            COMMENT_CREATED COMMENT_DELETED COMMENT_UPDATED";
        let mut documented: Vec<&str> = documented.split_whitespace().collect();
        let mut known: Vec<&str> = EVENTS.iter().map(|event| event.id).collect();
        documented.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, documented);
        assert_eq!(groups().len(), 6);
        assert!(RECORD_UPDATED.iter().all(|id| find(id).is_some()));
    }

    #[test]
    fn every_sample_reads_back_and_seeds_tell_them_apart() {
        for event in EVENTS {
            let facts_1 = facts(event.id, 1);
            assert_eq!(facts_1.event_type, event.id);
            assert!(facts_1.project_id.is_some(), "{}", event.id);
            assert!(facts_1.occurred_at.is_some(), "{}", event.id);
            let has_record = matches!(event.group, "Records" | "Checklists" | "Comments");
            assert_eq!(facts_1.record_id.is_some(), has_record, "{}", event.id);
            assert_ne!(
                facts_1.dedupe_key,
                facts(event.id, 2).dedupe_key,
                "{}",
                event.id
            );
            assert_eq!(sample(event.id, 1), sample(event.id, 1));
            let document = sample(event.id, 1);
            assert_ne!(
                document["previousValue"], document["currentValue"],
                "{}",
                event.id
            );
        }
        assert_eq!(
            facts("RECORD_CREATED", 3).record_id.as_deref(),
            Some("1003")
        );
        assert!(matches!(
            read(sample(HEALTH_CHECK, 0).to_string().as_bytes()),
            Ok(Reading::HealthCheck)
        ));
    }

    #[test]
    fn a_record_has_two_assignees_and_two_tags_and_an_event_is_about_one() {
        for (event, before, after) in [
            ("TODO_NAME_CHANGED", [2, 2], [2, 2]),
            ("TODO_TAG_ADDED", [2, 1], [2, 2]),
            ("TODO_TAG_REMOVED", [2, 2], [2, 1]),
            ("TODO_ASSIGNEE_ADDED", [1, 2], [2, 2]),
            ("TODO_ASSIGNEE_REMOVED", [2, 2], [1, 2]),
        ] {
            let document = sample(event, 1);
            for (side, counts) in [("previousValue", before), ("currentValue", after)] {
                let count = |list: &str| document[side][list].as_array().unwrap().len();
                assert_eq!([count("todoUsers"), count("todoTags")], counts, "{event}");
            }
        }
        let item = sample("TODO_CHECKLIST_ITEM_ASSIGNEE_ADDED", 1);
        assert_eq!(item["previousValue"]["checklistItemUsers"], json!([]));
    }

    #[test]
    fn the_newer_names_tell_the_same_as_the_older() {
        fn renamed(document: &Value) -> Value {
            let mut text = document.to_string();
            for (old, new) in [
                ("todo", "record"),
                ("TODO_", "RECORD_"),
                ("project", "workspace"),
                ("company", "organization"),
            ] {
                text = text.replace(old, new);
            }
            serde_json::from_str(&text).unwrap()
        }
        let mut events: Vec<Value> = EVENTS.iter().map(|event| sample(event.id, 1)).collect();
        events.push(serde_json::from_str(CAPTURED).unwrap());
        events.push(json!({"event": "TODO_TAG_ADDED", "currentValue": {"id": "j", "todoId": "r"}}));
        events.push(json!({"event": "TAG_CREATED", "currentValue": {"id": "t"}, "webhook": {"metadata": {"projectIds": ["p"]}}}));
        events.push(json!({"event": "TODO_CREATED", "company": {"id": "c"}, "currentValue": {"id": "r", "todoListId": "l", "projectId": "p"}}));
        for old in events {
            let (mut old_facts, new) = (facts_of(&old), renamed(&old));
            let new_facts = facts_of(&new);
            old_facts.event_type = new_facts.event_type.clone();
            old_facts.dedupe_key = new_facts.dedupe_key;
            assert_eq!(new_facts, old_facts, "{new}");
        }
        let listed = json!({"event": "RECORD_CREATED", "currentValue": {"id": "1", "list": {"id": "L"}, "workspaceId": "W"}});
        let listed = facts_of(&listed);
        assert_eq!(listed.list_id.as_deref(), Some("L"));
        assert_eq!(listed.project_id.as_deref(), Some("W"));
    }

    #[test]
    fn a_created_record_has_the_keys_and_types_of_the_captured_one() {
        fn assert_covers(ours: &Value, captured: &Value, at: &str) {
            match (ours, captured) {
                (Value::Object(ours), Value::Object(captured)) => {
                    for (key, value) in captured {
                        assert_covers(
                            ours.get(key)
                                .unwrap_or_else(|| panic!("{at}/{key} is missing")),
                            value,
                            &format!("{at}/{key}"),
                        );
                    }
                }
                (_, Value::Null) => {}
                _ => assert_eq!(
                    std::mem::discriminant(ours),
                    std::mem::discriminant(captured),
                    "{at}"
                ),
            }
        }
        let captured: Value = serde_json::from_str(CAPTURED).unwrap();
        assert_covers(&sample("TODO_CREATED", 1), &captured, "");
    }
}
