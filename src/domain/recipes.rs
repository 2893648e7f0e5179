//! Starting points for common connections: rules that are ready to be sent to Slack, Discord, Teams, Google Chat or any webhook.
//!
//! The gallery shows them, the builder opens filled with one. They are ordinary rules, written as the API takes them; a test decides each over the
//! catalogue's samples. Where Blue's payload is only known by its schema, a path that is missing leaves its place empty rather than failing.

use serde_json::Value;

use crate::domain::connection::RulesDocument;

/// One starting point.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    pub id: &'static str,
    /// Where it is meant to go.
    pub group: &'static str,
    pub title: &'static str,
    pub summary: &'static str,
    /// How an address of that place looks.
    pub url_hint: &'static str,
    /// Whether the receiver can check a signature of ours.
    pub checks_signature: bool,
    rules: &'static str,
}

const SLACK: (&str, &str) = ("Slack", "https://hooks.slack.com/services/...");
const DISCORD: (&str, &str) = (
    "Discord",
    "https://discord.com/api/webhooks/.../...?wait=true",
);
const TEAMS: (&str, &str) = ("Microsoft Teams", "https://....api.powerautomate.com/...");
const CHAT: (&str, &str) = (
    "Google Chat",
    "https://chat.googleapis.com/v1/spaces/.../messages?key=...&token=...",
);
const HOOK: (&str, &str) = (
    "Zapier, Pabbly, Make, n8n or your own webhook",
    "https://hooks.zapier.com/hooks/catch/...",
);

const fn recipe(
    place: (&'static str, &'static str),
    id: &'static str,
    title: &'static str,
    summary: &'static str,
    rules: &'static str,
) -> Recipe {
    Recipe {
        id,
        group: place.0,
        title,
        summary,
        url_hint: place.1,
        checks_signature: false,
        rules,
    }
}

const fn hook(
    id: &'static str,
    title: &'static str,
    summary: &'static str,
    rules: &'static str,
) -> Recipe {
    Recipe {
        checks_signature: true,
        ..recipe(HOOK, id, title, summary, rules)
    }
}

/// A text for Slack and Google Chat, whose three special signs are written as entities.
macro_rules! marked {
    ($path:literal) => {
        concat!(
            "{{ ",
            $path,
            " | replace('&', '&amp;') | replace('<', '&lt;') | replace('>', '&gt;') }}"
        )
    };
}

macro_rules! template {
    ($trigger:literal, $filter:literal, $($body:expr),+) => {
        concat!(r#"{"trigger": {"events": ["#, $trigger, r#"]}, "filter": "#, $filter, r#", "mapping": {"mode": "template", "body": ""#, $($body),+, r#""}}"#)
    };
}

/// Every starting point, in the order in which the gallery shows them.
pub const RECIPES: &[Recipe] = &[
    recipe(
        SLACK,
        "slack-record-created",
        "New record → Slack message",
        "The record's title with its list and project.",
        template!(
            r#""TODO_CREATED""#,
            "null",
            r#"{\"text\": \"New record: *"#,
            marked!("currentValue.title"),
            "* in ",
            marked!("currentValue.todoList.title"),
            " (",
            marked!("currentValue.todoList.project.name"),
            r#")\"}"#
        ),
    ),
    recipe(
        SLACK,
        "slack-record-done",
        "Record done → Slack message",
        "Only when it became done, not when it was reopened.",
        template!(
            r#""TODO_DONE_STATUS_UPDATED""#,
            r#"{"all": [{"path": "$.currentValue.done", "op": "is_true"}]}"#,
            r#"{\"text\": \":white_check_mark: Done: *"#,
            marked!("currentValue.title"),
            r#"*\"}"#
        ),
    ),
    recipe(
        SLACK,
        "slack-comment",
        "New comment → Slack message",
        "Who wrote what on which record.",
        template!(
            r#""COMMENT_CREATED""#,
            "null",
            r#"{\"text\": \"*"#,
            marked!("currentValue.user.fullName"),
            "* on *",
            marked!("currentValue.todo.title"),
            r"*:\\n> ",
            marked!("currentValue.text"),
            r#"\"}"#
        ),
    ),
    recipe(
        SLACK,
        "slack-urgent",
        "Tag “Urgent” added → Slack message",
        "Change the tag's name in the filter.",
        template!(
            r#""TODO_TAG_ADDED""#,
            r#"{"all": [{"path": "$.currentValue.todoTags[*].tag.title", "op": "has", "value": "Urgent"}]}"#,
            r#"{\"text\": \":rotating_light: Urgent: *"#,
            marked!("currentValue.title"),
            r#"*\"}"#
        ),
    ),
    recipe(
        DISCORD,
        "discord-record-created",
        "New record → Discord message",
        "Nobody is pinged, whatever the title says.",
        template!(
            r#""TODO_CREATED""#,
            "null",
            r#"{\"content\": \"New record: **{{ currentValue.title | truncate(1800) }}** in {{ currentValue.todoList.title }}\", \"allowed_mentions\": {\"parse\": []}}"#
        ),
    ),
    recipe(
        DISCORD,
        "discord-due-date",
        "Due date changed → Discord message",
        "The date before and the new one.",
        template!(
            r#""TODO_DUE_DATE_ADDED", "TODO_DUE_DATE_UPDATED", "TODO_DUE_DATE_REMOVED""#,
            "null",
            r#"{\"content\": \"**{{ currentValue.title | truncate(1800) }}** is due {{ currentValue.duedAt | format_date('%Y-%m-%d') | default('no more') }} (was {{ previousValue.duedAt | format_date('%Y-%m-%d') | default('without a date') }})\", \"allowed_mentions\": {\"parse\": []}}"#
        ),
    ),
    recipe(
        TEAMS,
        "teams-record-created",
        "New record → Teams card",
        "An adaptive card for a Workflows webhook.",
        template!(
            r#""TODO_CREATED""#,
            "null",
            r#"{\"type\": \"message\", \"attachments\": [{\"contentType\": \"application/vnd.microsoft.card.adaptive\", \"contentUrl\": null, \"content\": {\"$schema\": \"http://adaptivecards.io/schemas/adaptive-card.json\", \"type\": \"AdaptiveCard\", \"version\": \"1.4\", \"body\": [{\"type\": \"TextBlock\", \"weight\": \"Bolder\", \"wrap\": true, \"text\": \"{{ currentValue.title }}\"}, {\"type\": \"TextBlock\", \"wrap\": true, \"isSubtle\": true, \"text\": \"New in {{ currentValue.todoList.title }}, {{ currentValue.todoList.project.name }}\"}]}}]}"#
        ),
    ),
    recipe(
        TEAMS,
        "teams-assignee",
        "Assignee changed → Teams card",
        "Who is on the record now.",
        template!(
            r#""TODO_ASSIGNEE_ADDED", "TODO_ASSIGNEE_REMOVED""#,
            "null",
            r#"{\"type\": \"message\", \"attachments\": [{\"contentType\": \"application/vnd.microsoft.card.adaptive\", \"contentUrl\": null, \"content\": {\"$schema\": \"http://adaptivecards.io/schemas/adaptive-card.json\", \"type\": \"AdaptiveCard\", \"version\": \"1.4\", \"body\": [{\"type\": \"TextBlock\", \"wrap\": true, \"text\": \"{{ currentValue.title }}: {{ currentValue.todoUsers | pluck('user.fullName') | join(', ') | default('nobody', true) }}\"}]}}]}"#
        ),
    ),
    recipe(
        CHAT,
        "chat-record-moved",
        "Record moved → Google Chat message",
        "From which list to which.",
        template!(
            r#""TODO_MOVED""#,
            "null",
            r#"{\"text\": \"*"#,
            marked!("currentValue.title"),
            "* moved from ",
            marked!("previousValue.todoList.title"),
            " to ",
            marked!("currentValue.todoList.title"),
            r#"\"}"#
        ),
    ),
    hook(
        "hook-record-created",
        "New record → flat fields",
        "What a row in a sheet or a task elsewhere needs, by plain names.",
        r#"{"trigger": {"events": ["TODO_CREATED"]}, "mapping": {"mode": "fields", "fields": [
            {"to": "record_id", "from": {"path": "$.currentValue.id"}},
            {"to": "title", "from": {"path": "$.currentValue.title"}, "pipe": [{"fn": "trim"}]},
            {"to": "list", "from": {"path": "$.currentValue.todoList.title"}},
            {"to": "project", "from": {"path": "$.currentValue.todoList.project.name"}},
            {"to": "due", "from": {"path": "$.currentValue.duedAt"}, "when_missing": "omit"},
            {"to": "created_at", "from": {"path": "$.currentValue.createdAt"}}]}}"#,
    ),
    hook(
        "hook-record-done",
        "Record done → webhook",
        "Only when it became done.",
        r#"{"trigger": {"events": ["TODO_DONE_STATUS_UPDATED"]}, "filter": {"all": [{"path": "$.currentValue.done", "op": "is_true"}]}, "mapping": {"mode": "fields", "fields": [
            {"to": "record_id", "from": {"path": "$.currentValue.id"}},
            {"to": "title", "from": {"path": "$.currentValue.title"}},
            {"to": "done", "from": {"path": "$.currentValue.done"}},
            {"to": "done_at", "from": {"path": "$.currentValue.updatedAt"}}]}}"#,
    ),
    hook(
        "hook-comment",
        "New comment → webhook",
        "Text, author and record.",
        r#"{"trigger": {"events": ["COMMENT_CREATED"]}, "mapping": {"mode": "fields", "fields": [
            {"to": "comment", "from": {"path": "$.currentValue.text"}},
            {"to": "author", "from": {"path": "$.currentValue.user.fullName"}},
            {"to": "author_email", "from": {"path": "$.currentValue.user.email"}, "when_missing": "omit"},
            {"to": "record_id", "from": {"path": "$.currentValue.todo.id"}},
            {"to": "record", "from": {"path": "$.currentValue.todo.title"}}]}}"#,
    ),
    hook(
        "hook-tag-added",
        "Tag added → webhook",
        "All tags of the record, joined.",
        r#"{"trigger": {"events": ["TODO_TAG_ADDED"]}, "mapping": {"mode": "fields", "fields": [
            {"to": "record_id", "from": {"path": "$.currentValue.id"}},
            {"to": "title", "from": {"path": "$.currentValue.title"}},
            {"to": "tags", "from": {"path": "$.currentValue.todoTags[*].tag.title"}, "take": "join"}]}}"#,
    ),
    hook(
        "hook-due-date",
        "Due date changed → webhook",
        "Before and after, in order for each record.",
        r#"{"trigger": {"events": ["TODO_DUE_DATE_ADDED", "TODO_DUE_DATE_UPDATED", "TODO_DUE_DATE_REMOVED"]}, "mapping": {"mode": "fields", "fields": [
            {"to": "record_id", "from": {"path": "$.currentValue.id"}},
            {"to": "title", "from": {"path": "$.currentValue.title"}},
            {"to": "due", "from": {"path": "$.currentValue.duedAt"}},
            {"to": "due_before", "from": {"path": "$.previousValue.duedAt"}}]}, "delivery": {"order": "per_record"}}"#,
    ),
    hook(
        "hook-assignee",
        "Assignee changed → webhook",
        "Names and addresses as lists.",
        r#"{"trigger": {"events": ["TODO_ASSIGNEE_ADDED", "TODO_ASSIGNEE_REMOVED"]}, "mapping": {"mode": "fields", "fields": [
            {"to": "record_id", "from": {"path": "$.currentValue.id"}},
            {"to": "title", "from": {"path": "$.currentValue.title"}},
            {"to": "assignees", "from": {"path": "$.currentValue.todoUsers[*].user.fullName"}, "take": "all"},
            {"to": "emails", "from": {"path": "$.currentValue.todoUsers[*].user.email"}, "take": "all"}]}}"#,
    ),
    hook(
        "hook-custom-field",
        "Custom field changed → webhook",
        "Name and value of every custom field.",
        r#"{"trigger": {"events": ["TODO_CUSTOM_FIELD_UPDATED"]}, "mapping": {"mode": "fields", "fields": [
            {"to": "record_id", "from": {"path": "$.currentValue.id"}},
            {"to": "title", "from": {"path": "$.currentValue.title"}},
            {"to": "fields", "from": {"path": "$.currentValue.todoCustomFields[*].customField.name"}, "take": "all"},
            {"to": "numbers", "from": {"path": "$.currentValue.todoCustomFields[*].number"}, "take": "all"},
            {"to": "texts", "from": {"path": "$.currentValue.todoCustomFields[*].text"}, "take": "all"}]}}"#,
    ),
    hook(
        "hook-everything",
        "Everything, as it came",
        "Every event, byte for byte, signed anew.",
        r#"{"mapping": {"mode": "passthrough"}}"#,
    ),
];

/// The starting point of this id.
pub fn find(id: &str) -> Option<&'static Recipe> {
    RECIPES.iter().find(|recipe| recipe.id == id)
}

impl Recipe {
    /// Its rules. They are constants that a test reads; one that could not be read would be an empty passthrough.
    pub fn rules(&self) -> RulesDocument {
        serde_json::from_str(self.rules).unwrap_or_else(|_| RulesDocument {
            trigger: Default::default(),
            filter: Value::Null,
            mapping: serde_json::json!({"mode": "passthrough"}),
            delivery: Default::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::find as known;
    use crate::domain::catalogue::sample::sample;
    use crate::domain::connection::{Decision, Rules, Subject};
    use crate::domain::event::{Reading, read};

    fn sent(recipe: &Recipe, event: &str) -> Value {
        // The third sample's title has quotation marks.
        sent_of(recipe, event, &sample(event, 3))
    }

    fn sent_of(recipe: &Recipe, event: &str, body: &Value) -> Value {
        let rules: RulesDocument = serde_json::from_str(recipe.rules)
            .unwrap_or_else(|error| panic!("{}: {error}", recipe.id));
        let rules =
            Rules::compile(&rules).unwrap_or_else(|problems| panic!("{}: {problems:?}", recipe.id));
        let body = body.to_string();
        let Reading::Event { facts, document } = read(body.as_bytes()).unwrap() else {
            panic!("a health check")
        };
        let subject = Subject {
            facts: &facts,
            document: &document,
            body: body.as_bytes(),
            received_at: "2026-01-06T00:00:00Z".parse().unwrap(),
        };
        match rules.decide(&subject) {
            Decision::Deliver(output) => serde_json::from_slice(&output.body)
                .unwrap_or_else(|error| panic!("{}: {error}", recipe.id)),
            other => panic!("{} on {event}: {other:?}", recipe.id),
        }
    }

    #[test]
    fn a_record_that_lost_its_last_assignee_has_nobody() {
        let recipe = RECIPES
            .iter()
            .find(|one| one.id == "teams-assignee")
            .unwrap();
        let event = "TODO_ASSIGNEE_REMOVED";
        let mut body = sample(event, 1);
        body["currentValue"]["todoUsers"] = serde_json::json!([]);
        let card = sent_of(recipe, event, &body);
        let text = card["attachments"][0]["content"]["body"][0]["text"].clone();
        assert!(text.as_str().unwrap().ends_with(": nobody"), "{text}");
    }

    #[test]
    fn every_recipe_is_sent_in_the_shape_its_place_takes() {
        let mut ids: Vec<&str> = RECIPES.iter().map(|recipe| recipe.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RECIPES.len());
        for recipe in RECIPES {
            let events = recipe.rules().trigger.events;
            let events = if events.is_empty() {
                vec!["TODO_CREATED".to_string()]
            } else {
                events
            };
            for event in events {
                assert!(known(&event).is_some(), "{event}");
                let body = sent(recipe, &event);
                let text = match recipe.group {
                    "Slack" | "Google Chat" => &body["text"],
                    "Discord" => {
                        assert_eq!(body["allowed_mentions"]["parse"], serde_json::json!([]));
                        &body["content"]
                    }
                    "Microsoft Teams" => {
                        let card = &body["attachments"][0];
                        assert_eq!(
                            card["contentType"],
                            "application/vnd.microsoft.card.adaptive"
                        );
                        &card["content"]["body"][0]["text"]
                    }
                    _ => {
                        assert!(
                            body.as_object().is_some_and(|members| members
                                .values()
                                .any(|value| !value.is_null())),
                            "{}",
                            recipe.id
                        );
                        continue;
                    }
                };
                let text = text
                    .as_str()
                    .unwrap_or_else(|| panic!("{}: {body}", recipe.id));
                assert!(
                    text.contains("Review the \"Q3\" budget"),
                    "{}: {text}",
                    recipe.id
                );
            }
        }
    }

    #[test]
    fn what_slack_reads_as_markup_is_escaped() {
        let recipe = find("slack-record-created").unwrap();
        let rules = Rules::compile(&recipe.rules()).unwrap();
        let body =
            r#"{"event": "TODO_CREATED", "currentValue": {"title": "<!channel> & \"more\""}}"#;
        let Reading::Event { facts, document } = read(body.as_bytes()).unwrap() else {
            panic!("a health check")
        };
        let subject = Subject {
            facts: &facts,
            document: &document,
            body: body.as_bytes(),
            received_at: "2026-01-06T00:00:00Z".parse().unwrap(),
        };
        let Decision::Deliver(output) = rules.decide(&subject) else {
            panic!("not sent")
        };
        let sent: Value = serde_json::from_slice(&output.body).unwrap();
        assert_eq!(
            sent["text"],
            "New record: *&lt;!channel&gt; &amp; \"more\"* in  ()"
        );
    }
}
