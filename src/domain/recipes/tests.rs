use super::*;
use crate::domain::catalogue::find as known;
use crate::domain::catalogue::sample::sample;
use crate::domain::connection::{Decision, Rules, Subject};
use crate::domain::event::{Reading, read};
use crate::domain::mail::{Mail, mailbox};
use crate::domain::mapping::JSON;

fn sent(recipe: &Recipe, event: &str) -> Value {
    // The third sample's title has quotation marks.
    let mut body = sample(event, 3);
    if body["currentValue"]["todoTags"].is_array() {
        body["currentValue"]["todoTags"] = tags();
    }
    sent_of(recipe, event, &body)
}

/// Where it is sent.
fn place(recipe: &Recipe) -> &'static str {
    recipe.service.map_or(recipe.group, |service| service.name)
}

/// The tags that starting points ask for.
fn tags() -> Value {
    serde_json::json!([{"tag": {"title": "Urgent"}}, {"tag": {"title": "Bug"}}])
}

fn sent_of(recipe: &Recipe, event: &str, body: &Value) -> Value {
    match decided(recipe, body) {
        Decision::Deliver(output) => serde_json::from_slice(&output.body)
            .unwrap_or_else(|error| panic!("{}: {error}", recipe.id)),
        other => panic!("{} on {event}: {other:?}", recipe.id),
    }
}

fn decided(recipe: &Recipe, body: &Value) -> Decision {
    let rules: RulesDocument =
        serde_json::from_str(recipe.rules).unwrap_or_else(|error| panic!("{}: {error}", recipe.id));
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
    rules.decide(&subject)
}

#[test]
fn a_tag_is_told_when_it_is_added_and_not_when_another_one_is() {
    let rows = |titles: &[&str]| -> Value {
        let rows = titles.iter();
        rows.map(|title| serde_json::json!({"tag": {"title": title}}))
            .collect()
    };
    for (id, tag) in [("github-bug", "Bug"), ("slack-urgent", "Urgent")] {
        let recipe = find(id).unwrap();
        let is_told = |before: Value, now: Value| {
            let body = serde_json::json!({"event": "TODO_TAG_ADDED", "previousValue": before, "currentValue": {"id": "1", "todoTags": now}});
            matches!(decided(recipe, &body), Decision::Deliver(_))
        };
        let had = |titles: &[&str]| serde_json::json!({"id": "1", "todoTags": rows(titles)});
        assert!(!is_told(had(&[tag]), rows(&["Other", tag])), "{id}");
        assert!(!is_told(had(&[]), rows(&["Other"])), "{id}");
        assert!(is_told(had(&["Other"]), rows(&["Other", tag])), "{id}");
        assert!(is_told(had(&[]), rows(&[tag])), "{id}");
        // Where Blue does not say what was before, the tag that is there is the best there is.
        for before in [
            serde_json::json!({"id": "1"}),
            serde_json::json!({"id": "1", "todoTags": null}),
            Value::Null,
        ] {
            assert!(is_told(before.clone(), rows(&[tag])), "{id} {before}");
            assert!(!is_told(before.clone(), rows(&["Other"])), "{id} {before}");
        }
    }
}

#[test]
fn a_person_is_named_by_what_blue_says_of_them() {
    let ada = serde_json::json!({"id": "1", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"});
    let first = serde_json::json!({"id": "1", "firstName": "Ada", "lastName": null, "email": "ada@example.com"});
    let mail = serde_json::json!({"id": "1", "email": "ada@example.com"});
    for (user, name) in [
        (&ada, "Ada Lovelace"),
        (&first, "Ada"),
        (&mail, "ada@example.com"),
    ] {
        let mut comment = sample("COMMENT_CREATED", 1);
        comment["currentValue"]["user"] = user.clone();
        for id in [
            "slack-comment",
            "email-comment",
            "resend-comment",
            "sendgrid-comment",
        ] {
            let sent = sent_of(find(id).unwrap(), "COMMENT_CREATED", &comment);
            let text = if id == "slack-comment" {
                &sent["text"]
            } else {
                &sent["subject"]
            };
            let named = text.as_str().unwrap().trim_start_matches('*');
            assert!(
                named.starts_with(&format!("{name}* on "))
                    || named.starts_with(&format!("{name} on ")),
                "{id}: {text}"
            );
        }
        let sent = sent_of(find("hook-comment").unwrap(), "COMMENT_CREATED", &comment);
        assert_eq!(sent["author"], name);
        let mut changed = sample("TODO_ASSIGNEE_ADDED", 1);
        changed["currentValue"]["todoUsers"] =
            serde_json::json!([{"user": user}, {"user": {"fullName": "Grace \"H\" Hopper"}}]);
        let sent = sent_of(
            find("hook-assignee").unwrap(),
            "TODO_ASSIGNEE_ADDED",
            &changed,
        );
        assert_eq!(
            sent["assignees"],
            serde_json::json!([name, "Grace \"H\" Hopper"])
        );
        assert_eq!(sent["emails"], serde_json::json!(["ada@example.com", null]));
        let told = on_card(&changed);
        assert!(
            told.ends_with(&format!(": {name}, Grace \"H\" Hopper")),
            "{told}"
        );
    }
}

/// What the card about assignees says.
fn on_card(body: &Value) -> String {
    let card = sent_of(
        find("teams-assignee").unwrap(),
        "TODO_ASSIGNEE_REMOVED",
        body,
    );
    let text = &card["attachments"][0]["content"]["body"][0]["inlines"][0]["text"];
    text.as_str().unwrap().to_string()
}

#[test]
fn a_due_date_is_told_in_the_zone_of_the_record() {
    let recipe = find("discord-due-date").unwrap();
    let mut body = sample("TODO_DUE_DATE_UPDATED", 1);
    body["previousValue"]["duedAt"] = "2026-01-05T17:00:00.000Z".into();
    body["currentValue"]["duedAt"] = "2026-01-06T17:00:00.000Z".into();
    for (zone, told) in [
        (
            serde_json::json!("Asia/Jakarta"),
            "is due 2026-01-07 (was 2026-01-06)",
        ),
        (Value::Null, "is due 2026-01-06 (was 2026-01-05)"),
    ] {
        body["currentValue"]["timezone"] = zone;
        let sent = sent_of(recipe, "TODO_DUE_DATE_UPDATED", &body);
        assert!(sent["content"].as_str().unwrap().ends_with(told), "{sent}");
    }
}

#[test]
fn what_google_chat_reads_as_markup_is_parted_and_the_rest_stays() {
    let mut body = sample("TODO_MOVED", 1);
    body["currentValue"]["title"] = "<users/all> R&D <https://a.example|b>".into();
    let sent = sent_of(find("chat-record-moved").unwrap(), "TODO_MOVED", &body);
    let text = sent["text"].as_str().unwrap();
    assert!(
        text.starts_with("*<\u{200b}users/all> R&D <\u{200b}https://a.example|b>* moved"),
        "{text}"
    );
}

#[test]
fn a_record_that_lost_its_last_assignee_has_nobody() {
    let mut body = sample("TODO_ASSIGNEE_REMOVED", 1);
    body["currentValue"]["todoUsers"] = serde_json::json!([]);
    let told = on_card(&body);
    assert!(told.ends_with(": nobody"), "{told}");
    // Somebody whose name Blue does not tell is somebody.
    body["currentValue"]["todoUsers"] = serde_json::json!([{"userId": "1"}]);
    let told = on_card(&body);
    assert!(told.ends_with(": somebody"), "{told}");
    body["currentValue"] = serde_json::json!({"title": "Call", "userId": "1"});
    assert_eq!(on_card(&body), "Call: somebody else than before");
}

/// The title in a mutation, as a text.
fn titled(query: &Value) -> Value {
    let query = query.as_str().unwrap();
    let title = query.strip_prefix("mutation { createTodo(input: {title: ");
    let (title, _) = title.unwrap().split_once(", todoListId: \"").unwrap();
    serde_json::from_str(title).unwrap()
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
            let text = match place(recipe) {
                "Slack" | "Google Chat" => &body["text"],
                "Discord" => {
                    assert_eq!(body["allowed_mentions"]["parse"], serde_json::json!([]));
                    &body["content"]
                }
                "Telegram" => &body["text"],
                "E-mail (SMTP)" => {
                    let to = [mailbox("you@example.com").unwrap()];
                    let mail = Mail::read(body.to_string().as_bytes(), JSON, &to).unwrap();
                    assert!(mail.text.is_some_and(|text| !text.is_empty()));
                    &body["subject"]
                }
                "E-mail (Resend)" => {
                    assert!(!body["subject"].as_str().unwrap().contains('\n'));
                    assert!(body["to"].is_array() && body["text"].is_string());
                    &body["subject"]
                }
                "E-mail (SendGrid)" => {
                    assert_eq!(body["content"][0]["type"], "text/plain");
                    &body["subject"]
                }
                "Notion" => &body["properties"]["Name"]["title"][0]["text"]["content"],
                "Google Sheets" => &body["values"][0][0],
                "Airtable" => &body["records"][0]["fields"]["Name"],
                "GitHub" => {
                    assert!(body["body"].as_str().unwrap().contains("\n\nFrom Blue: "));
                    &body["title"]
                }
                "Blue" => &titled(&body["query"]),
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
                        body.as_object()
                            .is_some_and(|members| members.values().any(|value| !value.is_null())),
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
        body["currentValue"]["todoTags"] = tags();
    }
    body
}

#[test]
fn the_longest_texts_stay_within_what_each_place_takes() {
    for recipe in RECIPES {
        for event in recipe.rules().trigger.events {
            for sign in ["x", "&", "*", "\n", "\\", "\u{1f600}"] {
                let body = filled(&event, &sign.repeat(5_000));
                let sent = sent_of(recipe, &event, &body);
                let utf_16 = |text: &Value| text.as_str().unwrap().encode_utf16().count();
                let is_taken = match place(recipe) {
                    "Discord" => utf_16(&sent["content"]) <= 2_000,
                    "Slack" => utf_16(&sent["text"]) <= 40_000,
                    "Google Chat" => sent.to_string().len() <= 32_000,
                    "Microsoft Teams" => sent.to_string().len() <= 28_000,
                    "Telegram" => utf_16(&sent["text"]) <= 4_096,
                    "Notion" => {
                        utf_16(&sent["properties"]["Name"]["title"][0]["text"]["content"]) <= 2_000
                    }
                    "GitHub" => sent["title"].as_str().unwrap().chars().count() <= 256,
                    "Blue" => titled(&sent["query"]).is_string(),
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
        match place(recipe) {
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
    let title = "<!channel> & \"more\"";
    let body = serde_json::json!({"event": "TODO_CREATED", "currentValue": {"title": title}});
    let sent = sent_of(recipe, "TODO_CREATED", &body);
    assert_eq!(
        sent["text"],
        "New record: *&lt;!channel&gt; &amp; \"more\"* in  ()"
    );
}

#[test]
fn what_a_person_must_put_in_place_is_found_in_the_starting_points() {
    for recipe in RECIPES {
        let mapping = recipe.rules().mapping;
        let text = mapping.to_string();
        let found: Vec<&str> = left_in(&mapping)
            .into_iter()
            .map(|(_, word)| word)
            .collect();
        let there = PLACEHOLDERS.into_iter().filter(|word| text.contains(word));
        assert_eq!(found, there.collect::<Vec<_>>(), "{}", recipe.id);
        // Whatever is in capitals and told of is one.
        let told = recipe
            .summary
            .split(|sign: char| !sign.is_ascii_uppercase() && sign != '_');
        for word in told.filter(|word| word.contains('_')) {
            assert!(found.contains(&word), "{}: {word}", recipe.id);
        }
    }
}

#[test]
fn a_word_that_only_looks_like_one_stays() {
    let body = |text: &str| serde_json::json!({"mode": "template", "body": text});
    let field = serde_json::json!({"mode": "fields", "fields": [
        {"to": "CHAT_ID", "from": {"path": "$.currentValue.id"}}, {"to": "a", "from": {"value": "CHAT_ID"}}]});
    assert_eq!(
        left_in(&field),
        [("mapping/fields/1/from".to_string(), "CHAT_ID")]
    );
    for text in [
        r#"{"CHAT_ID": 7}"#,
        "MY_CHAT_ID",
        "CHAT_IDS",
        r#"{"a": "b"}"#,
    ] {
        assert_eq!(left_in(&body(text)), [], "{text}");
    }
    assert_eq!(left_in(&body("To CHAT_ID: hello")).len(), 1);
}
