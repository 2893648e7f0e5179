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

/// A text for Slack and Google Chat, of so many characters at most; their three special signs are written as entities.
macro_rules! marked {
    ($path:literal, $length:literal) => {
        concat!(
            "{{ ",
            $path,
            " | truncate(",
            $length,
            ") | replace('&', '&amp;') | replace('<', '&lt;') | replace('>', '&gt;') }}"
        )
    };
}

/// A text for Discord, of so many characters at most; twice as many when each is escaped.
macro_rules! plain {
    ($path:literal, $length:literal) => {
        concat!(
            "{{ ",
            $path,
            " | truncate(",
            $length,
            ") | escape_markdown }}"
        )
    };
}

/// A line of a Teams card; in a rich text block nothing is Markdown.
macro_rules! line {
    ($look:literal, $($text:expr),+) => {
        concat!(
            r#"{\"type\": \"RichTextBlock\", \"inlines\": [{\"type\": \"TextRun\", "#,
            $look,
            r#"\"text\": \""#,
            $($text),+,
            r#"\"}]}"#
        )
    };
}

/// A Teams card of such lines, as a Workflows webhook takes it.
macro_rules! card {
    ($($line:expr),+) => {
        concat!(
            r#"{\"type\": \"message\", \"attachments\": [{\"contentType\": \"application/vnd.microsoft.card.adaptive\", \"contentUrl\": null, \"content\": {\"$schema\": \"http://adaptivecards.io/schemas/adaptive-card.json\", \"type\": \"AdaptiveCard\", \"version\": \"1.4\", \"body\": ["#,
            $($line),+,
            "]}}]}"
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
            marked!("currentValue.title", "300"),
            "* in ",
            marked!("currentValue.todoList.title", "150"),
            " (",
            marked!("currentValue.todoList.project.name", "150"),
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
            marked!("currentValue.title", "300"),
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
            marked!("currentValue.user.fullName", "150"),
            "* on *",
            marked!("currentValue.todo.title", "300"),
            r"*:\\n> {{ currentValue.text | truncate(2000) | replace('&', '&amp;') | replace('<', '&lt;') | replace('>', '&gt;') | replace('\\n', '\\n> ') }}",
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
            marked!("currentValue.title", "300"),
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
            r#"{\"content\": \"New record: **"#,
            plain!("currentValue.title", "600"),
            "** in ",
            plain!("currentValue.todoList.title", "300"),
            r#"\", \"allowed_mentions\": {\"parse\": []}}"#
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
            r#"{\"content\": \"**"#,
            plain!("currentValue.title", "900"),
            r#"** is due {{ currentValue.duedAt | format_date('%Y-%m-%d') | default('no more') }} (was {{ previousValue.duedAt | format_date('%Y-%m-%d') | default('without a date') }})\", \"allowed_mentions\": {\"parse\": []}}"#
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
            card!(
                line!(
                    r#"\"weight\": \"Bolder\", "#,
                    "{{ currentValue.title | truncate(300) }}"
                ),
                ", ",
                line!(
                    r#"\"isSubtle\": true, "#,
                    "New in {{ currentValue.todoList.title | truncate(150) }}, ",
                    "{{ currentValue.todoList.project.name | truncate(150) }}"
                )
            )
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
            card!(line!(
                "",
                "{{ currentValue.title | truncate(300) }}: ",
                "{{ currentValue.todoUsers | pluck('user.fullName') | join(', ') | truncate(1000) | default('nobody', true) }}"
            ))
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
            marked!("currentValue.title", "300"),
            "* moved from ",
            marked!("previousValue.todoList.title", "150"),
            " to ",
            marked!("currentValue.todoList.title", "150"),
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
        "Name, type and value of every custom field, and each as Blue sent it.",
        template!(
            r#""TODO_CUSTOM_FIELD_UPDATED""#,
            "null",
            r#"{\"record_id\": {{ currentValue.id }}, \"title\": {{ currentValue.title }}, \"fields\": ["#,
            "{% for field in currentValue.todoCustomFields %}{% if not loop.first %}, {% endif %}",
            r#"{\"name\": {{ field.customField.name }}, \"type\": {{ field.customField.type }}, \"value\": "#,
            "{% if field.customField.type == 'CHECKBOX' %}{{ field.checked }}",
            "{% elif field.todoCustomFieldOptions %}{{ field.todoCustomFieldOptions | pluck('customFieldOption.title') }}",
            "{% elif field.customFieldOption %}{{ field.customFieldOption.title }}",
            r#"{% elif field.startDate or field.endDate %}{\"start\": {{ field.startDate }}, \"end\": {{ field.endDate }}}"#,
            r#"{% elif field.latitude is number %}{\"latitude\": {{ field.latitude }}, \"longitude\": {{ field.longitude }}}"#,
            "{% elif field.countryCodes %}{{ field.countryCodes }}",
            "{% elif field.number is number %}{{ field.number }}",
            "{% else %}{{ field.text }}{% endif %}",
            r#", \"row\": {{ field }}}"#,
            "{% endfor %}]}"
        ),
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
        let text = card["attachments"][0]["content"]["body"][0]["inlines"][0]["text"].clone();
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
                        &card["content"]["body"][0]["inlines"][0]["text"]
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

    /// The event with every text in it replaced, but what tells its kind.
    fn filled(event: &str, text: &str) -> Value {
        fn fill(value: &mut Value, text: &str) {
            match value {
                Value::String(old) => *old = text.to_string(),
                Value::Array(items) => items.iter_mut().for_each(|item| fill(item, text)),
                Value::Object(members) => {
                    let texts = members.iter_mut().filter(|(name, _)| !name.ends_with("At"));
                    texts.for_each(|(_, value)| fill(value, text));
                }
                _ => {}
            }
        }
        let mut body = sample(event, 1);
        for side in ["previousValue", "currentValue"] {
            fill(&mut body[side], text);
        }
        if body["currentValue"]["todoTags"].is_array() {
            body["currentValue"]["todoTags"] = serde_json::json!([{"tag": {"title": "Urgent"}}]);
        }
        body
    }

    #[test]
    fn the_longest_texts_stay_within_what_each_place_takes() {
        for recipe in RECIPES {
            for event in recipe.rules().trigger.events {
                for sign in ["x", "&", "*", "\n", "\\", "\u{1f600}"] {
                    let body = filled(&event, &sign.repeat(20_000));
                    let sent = sent_of(recipe, &event, &body);
                    let utf_16 = |text: &Value| text.as_str().unwrap().encode_utf16().count();
                    let is_taken = match recipe.group {
                        "Discord" => utf_16(&sent["content"]) <= 2_000,
                        "Slack" => utf_16(&sent["text"]) <= 40_000,
                        "Google Chat" => sent.to_string().len() <= 32_000,
                        "Microsoft Teams" => sent.to_string().len() <= 28_000,
                        _ => true,
                    };
                    assert!(is_taken, "{} with {sign:?}", recipe.id);
                }
            }
        }
    }

    #[test]
    fn a_quoted_comment_is_quoted_to_its_last_line() {
        let recipe = find("slack-comment").unwrap();
        let mut body = sample("COMMENT_CREATED", 1);
        body["currentValue"]["text"] = "a <b>\nc\n\nd".into();
        let text = sent_of(recipe, "COMMENT_CREATED", &body)["text"].clone();
        let text = text.as_str().unwrap();
        assert!(text.ends_with("*:\n> a &lt;b&gt;\n> c\n> \n> d"), "{text}");
    }

    #[test]
    fn a_link_in_a_title_is_a_text() {
        let title = "[x](http://evil) *b*";
        for (id, expected) in [
            ("discord-record-created", r"\[x\](http://evil) \*b\*"),
            ("discord-due-date", r"\[x\](http://evil) \*b\*"),
            ("teams-record-created", title),
            ("teams-assignee", title),
        ] {
            let recipe = find(id).unwrap();
            let event = recipe.rules().trigger.events[0].clone();
            let mut body = sample(&event, 1);
            body["currentValue"]["title"] = title.into();
            let sent = sent_of(recipe, &event, &body);
            match recipe.group {
                "Discord" => assert!(sent["content"].as_str().unwrap().contains(expected), "{id}"),
                _ => {
                    let block = &sent["attachments"][0]["content"]["body"][0];
                    assert_eq!(block["type"], "RichTextBlock", "{id}");
                    let text = block["inlines"][0]["text"].as_str().unwrap();
                    assert!(text.starts_with(expected), "{id}: {text}");
                }
            }
        }
    }

    #[test]
    fn each_custom_field_is_sent_with_its_own_value() {
        let recipe = find("hook-custom-field").unwrap();
        let row = |name: &str, kind: &str, value: Value| {
            let mut row = serde_json::json!({"customField": {"name": name, "type": kind}, "number": null, "text": null, "checked": null});
            let members = value.as_object().unwrap().clone();
            row.as_object_mut().unwrap().extend(members);
            row
        };
        let option = |title: &str| serde_json::json!({"customFieldOption": {"title": title}});
        let rows = serde_json::json!([
            row("N", "NUMBER", serde_json::json!({"number": 0})),
            row("C", "CHECKBOX", serde_json::json!({"checked": false})),
            row("S", "SELECT_SINGLE", option("one \"x\"")),
            row(
                "M",
                "SELECT_MULTI",
                serde_json::json!({"todoCustomFieldOptions": [option("a"), option("b")]})
            ),
            row(
                "D",
                "DATE",
                serde_json::json!({"startDate": "2026-01-05", "endDate": "2026-01-06"})
            ),
            row(
                "L",
                "LOCATION",
                serde_json::json!({"latitude": 1.5, "longitude": 2})
            ),
            row("W", "COUNTRY", serde_json::json!({"countryCodes": ["ID"]})),
            row("T", "TEXT", serde_json::json!({"text": "a"})),
            row("E", "TEXT", serde_json::json!({})),
        ]);
        let event = "TODO_CUSTOM_FIELD_UPDATED";
        let mut body = sample(event, 1);
        body["currentValue"]["todoCustomFields"] = rows.clone();
        let sent = sent_of(recipe, event, &body);
        let fields = sent["fields"].as_array().unwrap();
        let found: Vec<Value> = fields
            .iter()
            .map(|field| serde_json::json!([field["name"], field["value"]]))
            .collect();
        assert_eq!(
            Value::from(found),
            serde_json::json!([
                ["N", 0], ["C", false], ["S", "one \"x\""], ["M", ["a", "b"]], ["D", {"start": "2026-01-05", "end": "2026-01-06"}],
                ["L", {"latitude": 1.5, "longitude": 2}], ["W", ["ID"]], ["T", "a"], ["E", null]
            ])
        );
        assert_eq!(fields[1]["type"], "CHECKBOX");
        assert_eq!(fields[4]["row"], rows[4]);
        body["currentValue"]["todoCustomFields"] = serde_json::json!([]);
        assert_eq!(
            sent_of(recipe, event, &body)["fields"],
            serde_json::json!([])
        );
        // Where Blue sends the value's own row there is no such list.
        body["currentValue"] = serde_json::json!({"id": "v", "todoId": "r"});
        assert_eq!(
            sent_of(recipe, event, &body)["fields"],
            serde_json::json!([])
        );
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
