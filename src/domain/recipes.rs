//! Starting points for common connections: rules that are ready to be sent to chats, to services with a token, or to any webhook.
//!
//! The gallery shows them, the builder opens filled with one. They are ordinary rules, written as the API takes them; a test decides each over the
//! catalogue's samples. Where Blue's payload is only known by its schema, a path that is missing leaves its place empty rather than failing.

use serde_json::Value;

use crate::domain::connection::RulesDocument;
use crate::domain::services::{self, Service};

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
    /// What its destination needs beside an address.
    pub service: Option<&'static Service>,
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

/// Their titles name each.
const SERVICES: &str = "Services with a token";

/// Through one's own mail server, or through a service that sends mails.
const MAIL: &str = "E-mail";

/// Words and addresses in the starting points that stand for what is a person's own; a service has those of its address and headers.
const PLACEHOLDERS: [&str; 5] = [
    "CHAT_ID",
    "DATABASE_ID",
    "LIST_ID",
    "you@example.com",
    "blue@example.com",
];

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
        service: None,
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

const fn through(
    service: &'static Service,
    id: &'static str,
    title: &'static str,
    summary: &'static str,
    rules: &'static str,
) -> Recipe {
    Recipe {
        service: Some(service),
        ..recipe((SERVICES, service.url), id, title, summary, rules)
    }
}

const fn mail(
    service: &'static Service,
    id: &'static str,
    title: &'static str,
    summary: &'static str,
    rules: &'static str,
) -> Recipe {
    Recipe {
        group: MAIL,
        ..through(service, id, title, summary, rules)
    }
}

/// A text for Slack, of so many characters at most; its three special signs are written as entities.
macro_rules! marked {
    ($path:expr, $length:literal) => {
        concat!("{{ ", $path, " | truncate(", $length, ") | escape_slack }}")
    };
}

/// A text for Google Chat, of so many characters at most; entities would be shown there as they are.
macro_rules! parted {
    ($path:literal, $length:literal) => {
        concat!("{{ ", $path, " | truncate(", $length, ") | escape_chat }}")
    };
}

/// Who a person is, by what Blue says of them: a row that joins them to a record may leave the full name out.
macro_rules! named {
    ($user:literal) => {
        concat!(
            "(",
            $user,
            ".fullName or (",
            $user,
            ".firstName ~ ' ' ~ ",
            $user,
            ".lastName) | trim or ",
            $user,
            ".email)"
        )
    };
}

/// The tag came with this event. Where Blue does not say which were there before, the record has it.
macro_rules! added {
    ($tag:literal) => {
        concat!(
            r#"{"any": [{"path": "$.currentValue.todoTags[*].tag.title", "op": "item_added", "value": ""#,
            $tag,
            r#""}, {"all": [{"any": [{"path": "$.previousValue.todoTags", "op": "missing"}, {"path": "$.previousValue.todoTags", "op": "is_null"}]}, "#,
            r#"{"path": "$.currentValue.todoTags[*].tag.title", "op": "has", "value": ""#,
            $tag,
            r#""}]}]}"#
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
    ($trigger:literal, $filter:expr, $($body:expr),+) => {
        concat!(r#"{"trigger": {"events": ["#, $trigger, r#"]}, "filter": "#, $filter, r#", "mapping": {"mode": "template", "body": ""#, $($body),+, r#""}}"#)
    };
}

/// Slack and Google Chat take the same text for it, each with signs of its own.
macro_rules! moved {
    ($written:ident) => {
        template!(
            r#""TODO_MOVED""#,
            "null",
            r#"{\"text\": \"*"#,
            $written!("currentValue.title", "300"),
            "* moved from ",
            $written!("previousValue.todoList.title", "150"),
            " to ",
            $written!("currentValue.todoList.title", "150"),
            r#"\"}"#
        )
    };
}

/// What a row or a task elsewhere needs.
const FLAT: &str = r#"{"trigger": {"events": ["TODO_CREATED"]}, "mapping": {"mode": "fields", "fields": [
            {"to": "record_id", "from": {"path": "$.currentValue.id"}},
            {"to": "title", "from": {"path": "$.currentValue.title"}, "pipe": [{"fn": "trim"}]},
            {"to": "list", "from": {"path": "$.currentValue.todoList.title"}},
            {"to": "project", "from": {"path": "$.currentValue.todoList.project.name"}},
            {"to": "due", "from": {"path": "$.currentValue.duedAt"}, "when_missing": "omit"},
            {"to": "created_at", "from": {"path": "$.currentValue.createdAt"}}]}}"#;

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
        "slack-record-moved",
        "Record moved → Slack message",
        "From which list to which.",
        moved!(marked),
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
            marked!(named!("currentValue.user"), "150"),
            "* on *",
            marked!("currentValue.todo.title", "300"),
            r"*:\\n> {{ currentValue.text | truncate(2000) | escape_slack | replace('\\n', '\\n> ') }}",
            r#"\"}"#
        ),
    ),
    recipe(
        SLACK,
        "slack-urgent",
        "Tag “Urgent” added → Slack message",
        "Change the tag's name in the filter, where it stands twice.",
        template!(
            r#""TODO_TAG_ADDED""#,
            added!("Urgent"),
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
            r#"** is due {{ currentValue.duedAt | format_date('%Y-%m-%d', currentValue.timezone) | default('no more') }} (was {{ previousValue.duedAt | format_date('%Y-%m-%d', currentValue.timezone) | default('without a date') }})\", \"allowed_mentions\": {\"parse\": []}}"#
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
                "{% for entry in currentValue.todoUsers %}",
                "{% if loop.index <= 10 %}{% if not loop.first %}, {% endif %}{{ ",
                named!("entry.user"),
                " | truncate(100) | default('somebody', true) }}{% elif loop.index == 11 %}, …{% endif %}",
                "{% else %}{% if currentValue.todoUsers == [] %}nobody{% else %}somebody else than before{% endif %}{% endfor %}"
            ))
        ),
    ),
    recipe(
        CHAT,
        "chat-record-moved",
        "Record moved → Google Chat message",
        "From which list to which.",
        moved!(parted),
    ),
    mail(
        &services::EMAIL,
        "email-comment",
        "New comment → e-mail",
        "Who wrote what on which record, through your own mail server.",
        template!(
            r#""COMMENT_CREATED""#,
            "null",
            r#"{\"subject\": \"{{ "#,
            named!("currentValue.user"),
            r#" | truncate(100) }} on {{ currentValue.todo.title | truncate(120) }}\", "#,
            r#"\"text\": \"{{ currentValue.text | truncate(20000) | default('(no text)', true) }}\"}"#
        ),
    ),
    mail(
        &services::RESEND,
        "resend-comment",
        "New comment → e-mail through Resend",
        "Put the addresses in place of those in the template; the sender's domain must be verified there.",
        template!(
            r#""COMMENT_CREATED""#,
            "null",
            r#"{\"from\": \"Blue <blue@example.com>\", \"to\": [\"you@example.com\"], \"subject\": \"{{ "#,
            named!("currentValue.user"),
            r#" | truncate(100) | replace('\\r', ' ') | replace('\\n', ' ') }} on {{ currentValue.todo.title | truncate(200) | replace('\\r', ' ') | replace('\\n', ' ') }}\", "#,
            r#"\"text\": \"{{ currentValue.text | truncate(20000) | default('(no text)', true) }}\"}"#
        ),
    ),
    mail(
        &services::SENDGRID,
        "sendgrid-comment",
        "New comment → e-mail through SendGrid",
        "Put the addresses in place of those in the template; the sender must be verified there.",
        template!(
            r#""COMMENT_CREATED""#,
            "null",
            r#"{\"personalizations\": [{\"to\": [{\"email\": \"you@example.com\"}]}], \"from\": {\"email\": \"blue@example.com\"}, "#,
            r#"\"subject\": \"{{ "#,
            named!("currentValue.user"),
            r#" | truncate(100) | replace('\\r', ' ') | replace('\\n', ' ') }} on {{ currentValue.todo.title | truncate(200) | replace('\\r', ' ') | replace('\\n', ' ') }}\", "#,
            r#"\"content\": [{\"type\": \"text/plain\", \"value\": \"{{ currentValue.text | truncate(20000) | default('(no text)', true) }}\"}]}"#
        ),
    ),
    through(
        &services::TELEGRAM,
        "telegram-record-done",
        "Record done → Telegram message",
        "Put the chat's id in place of CHAT_ID.",
        template!(
            r#""TODO_DONE_STATUS_UPDATED""#,
            r#"{"all": [{"path": "$.currentValue.done", "op": "is_true"}]}"#,
            r#"{\"chat_id\": \"CHAT_ID\", \"text\": \"✅ {{ currentValue.title | truncate(900) }} ({{ currentValue.todoList.title | truncate(150) }})\"}"#
        ),
    ),
    through(
        &services::NOTION,
        "notion-record-created",
        "New record → Notion page",
        "Put the database's id in place of DATABASE_ID; its title column must be called Name.",
        template!(
            r#""TODO_CREATED""#,
            "null",
            r#"{\"parent\": {\"database_id\": \"DATABASE_ID\"}, \"properties\": {\"Name\": {\"title\": [{\"text\": {\"content\": \"{{ currentValue.title | truncate(900) }}\"}}]}}}"#
        ),
    ),
    through(
        &services::GOOGLE_SHEETS,
        "google-sheets-record-created",
        "New record → row in Google Sheets",
        "Title, list, project, due date, time and id, appended below what is there; change the columns in the template.",
        template!(
            r#""TODO_CREATED""#,
            "null",
            r#"{\"values\": [[{{ currentValue.title | truncate(900) }}, {{ currentValue.todoList.title }}, {{ currentValue.todoList.project.name }}, {{ currentValue.duedAt }}, {{ currentValue.createdAt }}, {{ currentValue.id }}]]}"#
        ),
    ),
    through(
        &services::AIRTABLE,
        "airtable-record-created",
        "New record → Airtable record",
        "The table needs the columns Name, List, Project and Due; change their names in the template.",
        template!(
            r#""TODO_CREATED""#,
            "null",
            r#"{\"records\": [{\"fields\": {\"Name\": {{ currentValue.title }}, \"List\": {{ currentValue.todoList.title }}, \"Project\": {{ currentValue.todoList.project.name }}, \"Due\": {{ currentValue.duedAt }}}}], \"typecast\": true}"#
        ),
    ),
    through(
        &services::GITHUB,
        "github-bug",
        "Tag “Bug” added → GitHub issue",
        "Change the tag's name in the filter, where it stands twice.",
        template!(
            r#""TODO_TAG_ADDED""#,
            added!("Bug"),
            r#"{\"title\": \"{{ currentValue.title | truncate(200) | replace('\\r', ' ') | replace('\\n', ' ') }}\", \"body\": \"{{ currentValue.text | truncate(20000) }}\\n\\nFrom Blue: {{ currentValue.todoList.project.name | truncate(150) }}, {{ currentValue.todoList.title | truncate(150) }}.\"}"#
        ),
    ),
    through(
        &services::BLUE,
        "blue-record-done",
        "Record done → new record elsewhere in Blue",
        "Put the id of the list in place of LIST_ID. Leave the other workspace out of this webhook, or it answers itself.",
        template!(
            r#""TODO_DONE_STATUS_UPDATED""#,
            r#"{"all": [{"path": "$.currentValue.done", "op": "is_true"}]}"#,
            r#"{\"query\": \"mutation { createTodo(input: {title: {{ currentValue.title | truncate(300) | default('(untitled)', true) | json_encode }}, todoListId: \\\"LIST_ID\\\"}) { id } }\"}"#
        ),
    ),
    hook(
        "hook-sheet-row",
        "New record → row in Google Sheets, by way of a hook",
        "Through Zapier, Make or n8n, which writes the row: a column for each field.",
        FLAT,
    ),
    hook(
        "hook-record-created",
        "New record → flat fields",
        "What a row in a sheet or a task elsewhere needs, by plain names.",
        FLAT,
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
        concat!(
            r#"{"trigger": {"events": ["COMMENT_CREATED"]}, "mapping": {"mode": "fields", "fields": [
            {"to": "comment", "from": {"path": "$.currentValue.text"}},
            {"to": "author", "from": {"template": "{{ "#,
            named!("currentValue.user"),
            r#" }}"}},
            {"to": "author_email", "from": {"path": "$.currentValue.user.email"}, "when_missing": "omit"},
            {"to": "record_id", "from": {"path": "$.currentValue.todo.id"}},
            {"to": "record", "from": {"path": "$.currentValue.todo.title"}}]}}"#
        ),
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
        template!(
            r#""TODO_ASSIGNEE_ADDED", "TODO_ASSIGNEE_REMOVED""#,
            "null",
            r#"{\"record_id\": {{ currentValue.id }}, \"title\": {{ currentValue.title }}, \"assignees\": ["#,
            "{% for entry in currentValue.todoUsers %}{% if not loop.first %}, {% endif %}{{ ",
            named!("entry.user"),
            r#" }}{% endfor %}], \"emails\": ["#,
            "{% for entry in currentValue.todoUsers %}{% if not loop.first %}, {% endif %}{{ entry.user.email }}{% endfor %}]}"
        ),
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

/// What still stands in a mapping for a person's own, each with its place in the rules.
pub fn left_in(mapping: &Value) -> Vec<(String, &'static str)> {
    let mut found = said_in(&mapping["body"], "mapping/body".into());
    let fields = mapping["fields"].as_array().into_iter().flatten();
    for (index, field) in fields.enumerate() {
        let place = format!("mapping/fields/{index}/from");
        for origin in ["template", "value"] {
            found.extend(said_in(&field["from"][origin], place.clone()));
        }
    }
    found
}

fn said_in(text: &Value, place: String) -> Vec<(String, &'static str)> {
    let text = text.as_str().unwrap_or_default();
    let words = PLACEHOLDERS.into_iter().filter(|word| says(text, word));
    words.map(|word| (place.clone(), word)).collect()
}

/// Whether it says the word by itself, and not as the name of a member.
fn says(text: &str, word: &str) -> bool {
    let is_part = |sign: char| sign.is_alphanumeric() || sign == '_';
    text.match_indices(word).any(|(at, _)| {
        let after = &text[at + word.len()..];
        let is_name = after.starts_with(['"', '\\'])
            && after
                .trim_start_matches(['"', '\\'])
                .trim_start()
                .starts_with(':');
        !text[..at].ends_with(is_part) && !after.starts_with(is_part) && !is_name
    })
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
mod tests;
