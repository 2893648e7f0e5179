use super::*;
use proptest::prelude::*;
use serde_json::json;

fn event() -> Value {
    json!({
        "event": "TODO_CREATED",
        "currentValue": {
            "title": "Say \"hi\"\nnow", "none": null, "big": 9_007_199_254_740_993_u64, "position": "32767.5", "done": false,
            "todoTags": [{"tag": {"title": "urgent"}}, {"tag": {"title": "home"}}], "createdAt": "2026-11-24T08:00:00.000Z"
        }
    })
}

fn apply_to(mapping: Value, document: &Value) -> Result<Output, MappingError> {
    let body = document.to_string();
    let mapping =
        Mapping::parse(&mapping).unwrap_or_else(|problems| panic!("{mapping}: {problems:?}"));
    mapping.apply(&MappingInput {
        document,
        body: body.as_bytes(),
    })
}

fn text_of(mapping: Value) -> String {
    String::from_utf8(apply_to(mapping, &event()).unwrap().body).unwrap()
}

fn fields(fields: Value) -> Value {
    json!({"mode": "fields", "fields": fields})
}

fn problems(mapping: Value) -> Vec<(String, &'static str)> {
    Mapping::parse(&mapping)
        .unwrap_err()
        .into_iter()
        .map(|p| (p.pointer, p.code))
        .collect()
}

#[test]
fn what_all_fields_together_may_cost_is_bounded() {
    let many = |from: Value, count: usize| {
        let field = |number: usize| json!({"to": format!("f{number}"), "from": from});
        fields((0..count).map(field).collect())
    };
    let code = |mapping: Value, document: &Value| apply_to(mapping, document).map_err(|e| e.code);
    let loops = json!({"template": "{% for n in range(3000) %}{{ n }}{% endfor %}"});
    assert!(code(many(loops.clone(), 10), &event()).is_ok());
    assert_eq!(code(many(loops, 200), &event()), Err("template_too_long"));
    let title = json!({"template": "{{ currentValue.title | upper }} {{ currentValue.position }}"});
    assert!(code(many(title, 200), &event()).is_ok());
    let query = json!({"path": "$..x"});
    let large = json!({"list": vec![json!({"n": 1}); 20_000]});
    assert!(code(many(query.clone(), 10), &large).is_ok());
    assert_eq!(code(many(query.clone(), 200), &large), Err("path_failed"));
    assert!(code(many(query, 200), &event()).is_ok());
}

#[test]
fn passthrough_sends_the_received_bytes() {
    let body = b" {\"event\" :\"E\", \"a\":1.10} ";
    let document = serde_json::from_slice(body).unwrap();
    let mapping = Mapping::parse(&json!({"mode": "passthrough"})).unwrap();
    assert_eq!(
        mapping
            .apply(&MappingInput {
                document: &document,
                body
            })
            .unwrap()
            .body,
        body
    );
}

#[test]
fn fields_are_built_in_their_order_with_integers_intact() {
    let mapping = fields(json!([
        {"to": "z.name", "from": {"path": "$.currentValue.title"}},
        {"to": "a", "from": {"path": "currentValue.big"}},
        {"to": "z.tags[1]", "from": {"value": {"k": [1]}}},
        {"to": "['x.y']", "from": {"template": "{{ event }}: {{ currentValue.title }}{{ nowhere.at.all }}"}},
        {"to": "number", "from": {"path": "$.currentValue.position"}, "pipe": [{"fn": "to_number"}, {"fn": "round", "args": [0]}]},
    ]));
    assert_eq!(
        text_of(mapping),
        r#"{"z":{"name":"Say \"hi\"\nnow","tags":[null,{"k":[1]}]},"a":9007199254740993,"x.y":"TODO_CREATED: Say \"hi\"\nnow","number":32768}"#
    );
}

#[test]
fn several_values_are_taken_as_the_field_says() {
    let tags = |take: &str| {
        let path = "$.currentValue.todoTags[*].tag.title";
        apply_to(
            fields(json!([{"to": "t", "from": {"path": path}, "take": take, "separator": "+"}])),
            &event(),
        )
        .map(|output| String::from_utf8(output.body).unwrap())
        .map_err(|error| error.code)
    };
    assert_eq!(tags("first"), Ok(r#"{"t":"urgent"}"#.into()));
    assert_eq!(tags("all"), Ok(r#"{"t":["urgent","home"]}"#.into()));
    assert_eq!(tags("join"), Ok(r#"{"t":"urgent+home"}"#.into()));
    assert_eq!(tags("one"), Err("not_one"));
    assert_eq!(
        text_of(fields(
            json!([{"to": "t", "from": {"path": "$.nothing[*]"}, "take": "all"}])
        )),
        r#"{"t":[]}"#
    );
}

#[test]
fn lists_that_a_path_finds_are_taken_apart_when_all_of_it_is_taken() {
    let document = json!({"fields": [{"name": "Country", "codes": ["ID", "DE"]}, {"name": "Market", "codes": ["FR"]}, {"name": "Rows", "codes": [["a"], ["b"]]}, {"name": "None", "codes": []}, {"name": "Budget"}]});
    let take = |path: &str, take: &str| {
        let field = json!({"to": "t", "from": {"path": path}, "take": take, "separator": "+"});
        let output = apply_to(fields(json!([field])), &document).unwrap();
        let made: Value = serde_json::from_slice(&output.body).unwrap();
        made["t"].clone()
    };
    let named = |name: &str| format!("$.fields[?@.name=='{name}'].codes");
    for (path, all, joined) in [
        (named("Country"), json!(["ID", "DE"]), json!("ID+DE")),
        (named("None"), json!([]), json!("")),
        (named("Budget"), json!([]), Value::Null),
        (
            "$.fields[:2].codes".into(),
            json!(["ID", "DE", "FR"]),
            json!("ID+DE+FR"),
        ),
        (
            "$.fields[0].codes".into(),
            json!(["ID", "DE"]),
            json!("ID+DE"),
        ),
        (
            "$.fields[0].name".into(),
            json!(["Country"]),
            json!("Country"),
        ),
        // One level of lists.
        (
            named("Rows"),
            json!([["a"], ["b"]]),
            json!("[\"a\"]+[\"b\"]"),
        ),
    ] {
        assert_eq!(take(&path, "all"), all, "{path}");
        assert_eq!(take(&path, "join"), joined, "{path}");
    }
    assert_eq!(take(&named("Country"), "first"), json!(["ID", "DE"]));
    assert_eq!(take(&named("Country"), "one"), json!(["ID", "DE"]));
}

#[test]
fn missing_values_are_null_left_out_or_fail_and_a_default_rescues() {
    let missing = |path: &str, when: &str, pipe: Value| {
        apply_to(
            fields(
                json!([{"to": "a", "from": {"path": path}, "when_missing": when, "pipe": pipe}]),
            ),
            &event(),
        )
        .map(|output| String::from_utf8(output.body).unwrap())
        .map_err(|error| (error.code, error.path))
    };
    for path in ["$.nowhere", "$.currentValue.none"] {
        assert_eq!(missing(path, "null", json!([])), Ok(r#"{"a":null}"#.into()));
        assert_eq!(missing(path, "omit", json!([])), Ok("{}".into()));
        assert_eq!(
            missing(path, "fail", json!([])),
            Err(("value_missing", "a".into()))
        );
        assert_eq!(
            missing(
                path,
                "fail",
                json!([{"fn": "upper"}, {"fn": "default", "args": ["-"]}])
            ),
            Ok(r#"{"a":"-"}"#.into())
        );
    }
    assert_eq!(
        missing("$.currentValue", "null", json!([{"fn": "upper"}])),
        Err(("function_failed", "a".into()))
    );
}

#[test]
fn what_is_empty_can_be_left_out_like_what_is_missing() {
    let document = json!({"null": null, "text": "", "list": [], "object": {}, "blank": " ", "no": false, "zero": 0, "some": [null]});
    let sent = |path: &str, pipe: Value| {
        let field = json!({"to": "a", "from": {"path": path}, "when_missing": "omit_if_empty", "pipe": pipe});
        let output = apply_to(fields(json!([field])), &document).unwrap();
        serde_json::from_slice::<Value>(&output.body).unwrap()
    };
    for name in ["nowhere", "null", "text", "list", "object"] {
        assert_eq!(sent(&format!("$.{name}"), json!([])), json!({}), "{name}");
    }
    for name in ["blank", "no", "zero", "some"] {
        let value = &document[name];
        assert_eq!(sent(&format!("$.{name}"), json!([])), json!({"a": value}));
    }
    // What counts is what comes out of the pipe.
    assert_eq!(sent("$.blank", json!([{"fn": "trim"}])), json!({}));
    let stands_in = json!([{"fn": "default", "args": ["-"]}]);
    assert_eq!(sent("$.null", stands_in), json!({"a": "-"}));
}

#[test]
fn json_templates_escape_by_where_a_value_stands() {
    let template = json!({"mode": "template", "body": "{\"text\": \"T: {{ currentValue.title }}{{ nowhere }}\", \"title\": {{ currentValue.title }}, \"n\": {{ currentValue.big }}, \"none\": {{ currentValue.none }}, \"tags\": {{ currentValue.todoTags | pluck('tag.title') }}}"});
    assert_eq!(
        text_of(template),
        r#"{"text": "T: Say \"hi\"\nnow", "title": "Say \"hi\"\nnow", "n": 9007199254740993, "none": null, "tags": ["urgent","home"]}"#
    );
    let captured = json!({"mode": "template", "body": "{\"a\": {% set x %}{{ currentValue.title }}{% endset %}\"{{ x }}\", \"b\": [{% for t in currentValue.todoTags %}{{ t.tag.title }}{% if not loop.last %},{% endif %}{% endfor %}]}"});
    assert_eq!(
        text_of(captured),
        r#"{"a": "Say \"hi\"\nnow", "b": ["urgent","home"]}"#
    );
    let raw = json!({"mode": "template", "body": "{\"a\": \"{{ 'x' | raw }}\"}"});
    assert_eq!(text_of(raw), r#"{"a": "x"}"#);
}

fn template(body: &str) -> Value {
    json!({"mode": "template", "body": body})
}

#[test]
fn a_template_that_begins_with_statements_is_escaped_as_json_too() {
    let document = json!({"t": "x\",\"channel\":\"#boss\",\"y\":\""});
    let expected = json!({"text": document["t"], "channel": "#ok"});
    let object = "{\"text\": \"{{ t }}\", \"channel\": \"#ok\"}";
    for before in [
        "",
        "{% set p = t %}",
        " \n{%- set p = {'a': {'b': '%}'}} -%} ",
        "{# a comment, {{ t }} #}{#- another -#}",
        "{% set p %}{{ t }}, captured{% endset %}",
        "{% set p | upper %}{% set q %}x{% endset %}y{% endset %}",
        "{% if t %}",
    ] {
        let end = if before.contains("if") {
            "{% endif %}"
        } else {
            ""
        };
        let body = format!("{before}{object}{end}");
        let output = apply_to(template(&body), &document).unwrap();
        assert_eq!(output.content_type, JSON, "{before}");
        let sent: Value = serde_json::from_slice(&output.body).unwrap();
        assert_eq!(sent, expected, "{before}");
    }
    for plain in [
        "{% if t %}Hi {{ t }}{% endif %}",
        "{# {} #}{{ t }}",
        "{% if t %}[URGENT] {% endif %}{{ t }}",
        "{% set p = t %}",
    ] {
        let output = apply_to(template(plain), &document).unwrap();
        assert_eq!(output.content_type, template::PLAIN_TEXT, "{plain}");
    }
}

#[test]
fn captured_blocks_never_show_their_marks() {
    let document = json!({"t": "a\"\u{0}0\u{0}b", "u": "xyz"});
    let block = "{% set x %}{{ t }}{% endset %}{% set y %}{{ u }}{{ x }}{% endset %}";
    for (json_body, text_body, expected) in [
        (
            "{% filter upper %}{{ t }}{% endfilter %}",
            "",
            "A\"\u{0}0\u{0}B",
        ),
        ("{{ x }}", "", "a\"\u{0}0\u{0}b"),
        ("{{ x | truncate(2) }}", "", "a…"),
        ("{{ y | truncate(5, '') }}", "", "xyza\""),
        ("{{ x | length }}", "", "6"),
        ("{{ x | default('-') }}", "", "a\"\u{0}0\u{0}b"),
        ("{{ x | raw | length }}", "", "4"),
        ("{{ x | string ~ u }}", "{{ x ~ u }}", "a\"\u{0}0\u{0}bxyz"),
        (
            "{% if y | truncate(1, '') == 'x' %}yes{% endif %}",
            "{% if y[0] == 'x' %}yes{% endif %}",
            "yes",
        ),
        (
            "{{ [x | string, 'b'] | join('-') }}",
            "{{ [x, 'b'] | join('-') }}",
            "a\"\u{0}0\u{0}b-b",
        ),
    ] {
        let body = format!("{block}{{\"a\": \"{json_body}\"}}");
        let output = apply_to(template(&body), &document).unwrap();
        let sent: Value = serde_json::from_slice(&output.body).unwrap();
        assert_eq!(sent, json!({"a": expected}), "{json_body}");
        let body = if text_body.is_empty() {
            json_body
        } else {
            text_body
        };
        let field = fields(json!([{"to": "a", "from": {"template": format!("{block}{body}")}}]));
        let output = apply_to(field, &document).unwrap();
        let sent: Value = serde_json::from_slice(&output.body).unwrap();
        if !body.contains("raw") {
            assert_eq!(sent, json!({"a": expected}), "{body}");
        }
    }
    for refused in [
        "{{ x | int }}",
        "{% if x == 'a' %}{% endif %}",
        "{{ [x, 'b'] | join('-') }}",
    ] {
        let body = format!("{block}{{\"a\": \"{refused}\"}}");
        let problem = &Mapping::parse(&template(&body)).unwrap_err()[0];
        assert_eq!(
            (problem.pointer.as_str(), problem.code),
            ("/body", "bad_template")
        );
        assert_eq!(problem.position, Some(block.len() + 7));
    }
}

#[test]
fn length_and_default_in_a_template_are_those_of_jinja() {
    let document = json!({"none": [], "two": ["a", "b"], "objects": [{"a": 1}], "members": {"a": 1, "b": 2}, "text": "größe", "no": false, "null": null});
    for (body, expected) in [
        ("{{ none | length > 0 }}", "false"),
        ("{{ two | length == 2 }}", "true"),
        ("{{ objects | length }}", "1"),
        ("{{ members | length }}", "2"),
        ("{{ text | length }}", "5"),
        ("{{ nowhere | length }}", "0"),
        ("{{ two | map('length') | list }}", "[1,1]"),
        (
            "{{ no | default('-', true) }}{{ no | default('-') }}",
            "-false",
        ),
        ("{{ no | d('-', boolean=true) }}{{ null | d('-') }}", "--"),
        ("{{ nowhere.at.all | default }}", ""),
    ] {
        let body = json!({"mode": "template", "body": body, "format": "text"});
        let sent = apply_to(body, &document).unwrap().body;
        assert_eq!(String::from_utf8(sent).unwrap(), expected);
    }
}

#[test]
fn templates_that_cannot_work_are_refused() {
    for body in [
        "{{ x | nosuch }}",
        "{{ x | map('upper') | nosuch(1) }}",
        "{% filter nosuch %}{% endfilter %}",
        "{% set x | nosuch %}{% endset %}",
        "{{ nosuch() }}",
        "{{ now() }}",
        "{{ x.upper() }}",
        "{{ x is nosuch }}{{ x is not nosuch(1) }}",
        "{{ x | replace('a') }}",
        "{{ x | replace('a', 'b', 'c') }}",
        "{{ x | upper(1) }}",
        "{{ x | lookup(hi='high', lo='low') }}",
        "{{ x | truncate }}",
        "{{ x | escape }}",
        "{{ x | __text }}",
        "{% if x | __is('<', 2) %}{% endif %}",
        "{% filter __text %}{% endfilter %}",
    ] {
        let body = format!("größe {body}");
        let problem = &Mapping::parse(&template(&body)).expect_err(&body)[0];
        assert_eq!(problem.code, "bad_template", "{body}");
        assert_eq!(problem.position, Some(6), "{body}");
    }
    for body in [
        "{{ x | replace('a', 'b)') | coalesce(1, [2, 3], f) | upper() }}",
        "{% for i in range(3) %}{{ loop.cycle('a', 'b') }}{% endfor %}",
        "{% if (x) and not (y) or x is divisibleby(3) or x is not defined %}{% elif (x) %}{% endif %}",
        "{{ x | replace(*list) | default('-', boolean=true) | round(places) }}",
        "{% raw %}{{ x | nosuch }}{% endraw %}{# {{ nosuch() }} #}",
        "{{ x | selectattr('a') | list | first | abs }}",
        "{{ '{{ nosuch() }}' }}",
    ] {
        let refused = Mapping::parse(&template(body)).err();
        assert_eq!(refused, None, "{body}");
    }
}

#[test]
fn text_templates_are_not_escaped_and_say_what_they_are() {
    let plain = apply_to(json!({"mode": "template", "body": "New: {{ currentValue.title | upper }} ({{ currentValue.createdAt | format_date('%d.%m.%Y') }})"}), &event()).unwrap();
    assert_eq!(plain.content_type, template::PLAIN_TEXT);
    assert_eq!(
        String::from_utf8(plain.body).unwrap(),
        "New: SAY \"HI\"\nNOW (24.11.2026)"
    );
    let whole = apply_to(
        json!({"mode": "template", "body": "{{ currentValue.todoTags }}"}),
        &event(),
    )
    .unwrap();
    assert_eq!(whole.content_type, JSON);
}

#[test]
fn templates_are_bounded_and_failures_have_a_place() {
    let code = |body: &str| {
        apply_to(json!({"mode": "template", "body": body}), &event())
            .unwrap_err()
            .code
    };
    assert_eq!(
        code("{% for i in range(9000) %}{% for j in range(9000) %}x{% endfor %}{% endfor %}"),
        "template_too_long"
    );
    // A pattern that stays the same costs once, one that is another one at each turn costs each time.
    let turns = |pattern: &str| {
        format!(
            "{{% for i in range(5000) %}}{{{{ 'a1' | regex_replace({pattern}, 'b') }}}}{{% endfor %}}"
        )
    };
    let same = apply_to(template(&turns("'[0-9]+'")), &event()).unwrap();
    assert_eq!(same.body.len(), 2 * 5_000);
    assert_eq!(code(&turns("'[0-9]+' ~ i")), "template_too_long");
    assert_eq!(
        code("{{ 'x' | pad_left(1000000) }}{{ 'x' | pad_left(1000000) }}"),
        "too_large"
    );
    assert_eq!(code("{\"a\": 1,}"), "template_not_json");
    assert_eq!(code("{{ currentValue | upper }}"), "template_failed");
}

#[test]
fn wrong_mappings_are_refused_with_every_problem_and_its_place() {
    let at = |pointer: &str, code| (pointer.to_string(), code);
    assert_eq!(problems(json!([])), [at("", "wrong_shape")]);
    assert_eq!(
        problems(json!({"mode": "magic"})),
        [at("/mode", "unknown_mode")]
    );
    assert_eq!(
        problems(json!({"mode": "passthrough", "body": ""})),
        [at("/body", "unknown_key")]
    );
    assert_eq!(
        problems(json!({"mode": "template"})),
        [at("/body", "missing")]
    );
    assert_eq!(
        problems(json!({"mode": "template", "body": "{{ a"})),
        [at("/body", "bad_template")]
    );
    assert_eq!(
        problems(json!({"mode": "fields"})),
        [at("/fields", "missing")]
    );
    assert_eq!(
        problems(fields(
            json!([{"to": "$['a']", "from": {"value": 1}}, {"to": "a", "from": {"value": 1}}])
        )),
        [at("/fields/1/to", "target_taken")]
    );
    assert_eq!(
        problems(fields(json!([
            {"to": "a..b", "from": {"path": "$.a b"}, "take": "some", "when_missing": "shrug", "pipe": [{"fn": "uper"}], "x": 1},
            {"to": "a", "from": {"value": 1}}, {"to": "a.b", "from": {"value": 1}}, {"to": "c[0]", "from": {}}, {"to": "d", "from": {"value": 1}, "pipe": 7},
            {"to": "e", "from": {"template": "{% if %}"}}, 5
        ]))),
        [
            at("/fields/0/x", "unknown_key"),
            at("/fields/0/to", "bad_target"),
            at("/fields/0/from/path", "bad_path"),
            at("/fields/0/take", "wrong_value"),
            at("/fields/0/when_missing", "wrong_value"),
            at("/fields/0/pipe/0/fn", "unknown_function"),
            at("/fields/2/to", "target_taken"),
            at("/fields/3/from", "wrong_shape"),
            at("/fields/4/pipe", "wrong_shape"),
            at("/fields/5/from/template", "bad_template"),
            at("/fields/6", "wrong_shape"),
        ]
    );
    let problem =
        &Mapping::parse(&fields(json!([{"to": "a..b", "from": {"value": 1}}]))).unwrap_err()[0];
    assert_eq!(problem.position, Some(2));
}

#[test]
fn a_preview_shows_the_value_after_each_step() {
    let mapping = Mapping::parse(&fields(json!([{"to": "a", "from": {"path": "$.event"}, "pipe": [{"fn": "lower"}, {"fn": "round"}]}]))).unwrap();
    let preview = mapping.preview(&event());
    assert_eq!(
        preview[0].steps,
        [
            ("value".to_string(), json!("TODO_CREATED")),
            ("lower".to_string(), json!("todo_created"))
        ]
    );
    assert!(
        preview[0]
            .error
            .as_deref()
            .unwrap()
            .contains("not a number")
    );
}

proptest! {
    #[test]
    fn json_templates_always_give_json_with_the_text_intact(title in "\\PC{0,30}|[\"\\\\\u{0}\n{}%]{0,10}") {
        let document = json!({"t": title});
        let output = apply_to(json!({"mode": "template", "body": "{\"in\": \"<{{ t }}>\", \"out\": {{ t }}}"}), &document).unwrap();
        let read: Value = serde_json::from_slice(&output.body).unwrap();
        prop_assert_eq!(read["out"].as_str().unwrap(), &title);
        let expected = format!("<{title}>");
        prop_assert_eq!(read["in"].as_str().unwrap(), expected);
    }

    #[test]
    fn the_same_event_gives_the_same_bytes(title in "\\PC{0,30}", number in any::<i64>()) {
        let document = json!({"t": title, "n": number});
        let mapping = fields(json!([{"to": "a", "from": {"path": "$.t"}}, {"to": "b.c", "from": {"path": "$.n"}}]));
        let first = apply_to(mapping.clone(), &document).unwrap();
        prop_assert_eq!(&first, &apply_to(mapping, &document).unwrap());
        let read: Value = serde_json::from_slice(&first.body).unwrap();
        prop_assert_eq!(&read["b"]["c"], &json!(number));
    }
}

#[test]
fn a_tag_that_is_nested_too_deeply_leaves_the_others_alone() {
    let (open, close) = ("(".repeat(60), ")".repeat(60));
    let deep = format!("{}1{}", "(n ~ ".repeat(40), ")".repeat(40));
    let blocks = format!("{}{{{{ note ~ 'b' }}}}", "{% if true %}".repeat(20));
    let document = json!({"note": null, "n": 2});
    for (body, expected) in [
        ("{{ note ~ 'x' }} {{ n ~ 1e-5 }}".to_string(), "x 20.00001"),
        (
            format!("{{{{ note ~ 'x' }}}} {{{{ {open}n ~ 'y'{close} }}}}"),
            "x 2y",
        ),
        (
            format!(
                "{{{{ note ~ 'x' }}}}{{% if {deep} == '' %}}{{% elif n ~ '' == '2' %}}y{{% endif %}}"
            ),
            "xy",
        ),
        (
            format!(
                "{blocks}{{% set a = {deep} %}}{{% if n %}}{{{{ a | length }}}}{{% endif %}}{}",
                "{% endif %}".repeat(20)
            ),
            "b41",
        ),
        (
            "{% set import, as = n ~ note, note ~ n %}{{ note ~ as ~ import }}".to_string(),
            "22",
        ),
    ] {
        let mapping = json!({"mode": "template", "body": body, "format": "text"});
        let sent = apply_to(mapping, &document).unwrap();
        assert_eq!(String::from_utf8(sent.body).unwrap(), expected, "{body}");
    }
}

/// Each of these once took minutes; however long the tag, the answer is that of a short one.
#[test]
fn a_long_tag_is_read_in_one_go() {
    let is_read = |names: usize| {
        let many = "a,".repeat(names);
        [
            format!("{{% for {many}a in x %}}{{% endfor %}}"),
            format!(
                "{{\"a\": {{% set a %}}{{{{ t }}}}{{% endset %}}{{% for {many}a in x %}}{{% endfor %}}1}}"
            ),
        ]
        .map(|body| Mapping::parse(&template(&body)).is_ok())
    };
    assert_eq!(is_read(15_000), is_read(1));
}

/// Each of these once ended the process or took a gigabyte.
#[test]
fn no_template_takes_the_machine_down() {
    let document = json!({
        "event": "E",
        "currentValue": {"title": "a".repeat(30_000), "list": (0..300).collect::<Vec<u32>>(), "n": 50_000_000},
    });
    let nested = "{% set ns = namespace(x=[]) %}{% for i in range(9000) %}{% set ns.x = [ns.x] %}{% endfor %}";
    let bombs = [
        "{% for c in currentValue.title %}{{ currentValue.title }}{% endfor %}".to_string(),
        "{% for a in range(1000) %}{% for b in range(1000) %}{{ currentValue }}{% endfor %}{% endfor %}".into(),
        format!("{nested}ok"),
        format!("{nested}{{{{ ns.x }}}}"),
        "{{ currentValue.list | tojson(indent=1000000) }}".into(),
        "{{ ([1] * 50000000) | length }}".into(),
        "{{ currentValue.list * currentValue.n }}".into(),
        "{{ (currentValue.list * 300000) | string }}".into(),
        "{{ (currentValue.list * 300000) | join(',') }}".into(),
        "{{ (currentValue.list * 300000) | raw }}".into(),
        "{{ (currentValue.list * 300000) | unique | count }}".into(),
        format!("{}{{{{ x | string | length }}}}", "{% set x = [x, x] %}".repeat(26)),
        format!("{}{{{{ x ~ '' }}}}", "{% set x = [x, x] %}".repeat(26)),
        format!("{}{{{{ x }}}}", "{% set x = x | zip(x) | list %}".repeat(26)),
        format!("{}{{{{ x }}}}", "{% set x = dict(a=x, b=x) %}".repeat(26)),
        format!("{{% set x %}}x{{% endset %}}{}{{{{ x }}}}", "{% set x %}{{ x }}{{ x }}{% endset %}".repeat(26)),
    ];
    for body in bombs {
        let mapping = json!({"mode": "template", "body": body, "format": "text"});
        let failed = Mapping::parse(&mapping).is_err() || apply_to(mapping, &document).is_err();
        assert!(failed, "{body}");
    }
    let useful = json!({"mode": "template", "body": "{{ currentValue.n * 2 }} {{ currentValue.list | first | string }} {{ 'x' | tojson }} {{ currentValue.title | length }} {% for k, v in {'a': 1} | items %}{{ k ~ v }}{% endfor %}", "format": "text"});
    let output = apply_to(useful, &document).unwrap();
    assert_eq!(
        String::from_utf8(output.body).unwrap(),
        "100000000 0 \"x\" 30000 a1"
    );
}

/// What a function makes of a value.
fn made(function: &str, args: Value, value: Value) -> Value {
    let pipe = json!([{"fn": function, "args": args}]);
    let field = json!({"to": "o", "from": {"path": "$.v"}, "pipe": pipe});
    let mapping = json!({"mode": "fields", "fields": [field]});
    let output = apply_to(mapping, &json!({"event": "E", "v": value})).unwrap();
    let body: Value = serde_json::from_slice(&output.body).unwrap();
    body["o"].clone()
}

#[test]
fn functions_do_what_their_users_mean() {
    for (function, args, value, expected) in [
        (
            "regex_replace",
            json!([r"(\d+)-(\d+)-(\d+)", "$3_$2_$1"]),
            json!("2026-01-31"),
            json!("31_01_2026"),
        ),
        (
            "regex_replace",
            json!(["([0-9]+) kg", "$1kg"]),
            json!("5 kg"),
            json!("5kg"),
        ),
        (
            "regex_replace",
            json!(["(?<n>[0-9]+)", "${n}x$$1"]),
            json!("5"),
            json!("5x$1"),
        ),
        (
            "strip_html",
            json!([]),
            json!("a < 5 and <b>b</b> > 2"),
            json!("a < 5 and b > 2"),
        ),
        (
            "strip_html",
            json!([]),
            json!("<style>p{}</style>Hi<!-- > -->"),
            json!("Hi"),
        ),
        (
            "strip_html",
            json!([]),
            json!([
                "<p>One</p><p>Two</p>",
                "a<br>b",
                "<ul><LI>x</LI><li>y</li></ul>",
                "<p title=\"a>b\">q</p>",
                "<td>a</td>\n<td>b</td>",
                "<b>a</b>c <!-- <p> -->d<a href='>'>e</a>",
                "<p title=\"a>b",
            ]),
            json!(["One Two", "a b", "x y", "q", "a\nb", "ac de", "b"]),
        ),
        (
            "html_to_text",
            json!([]),
            json!([
                "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
                "a<hr>b",
                "a<div>b</div>c<ul><li>d</li></ul>",
                "<p title='a>b'>q</p>",
                "<p>a</p><p></p><p>b</p>",
                "a<br><br/>b",
            ]),
            json!(["a\tb\nc", "a\nb", "a\nb\nc\n- d", "q", "a\n\nb", "a\n\nb"]),
        ),
        (
            "html_to_text",
            json!([]),
            json!("<p>one<br class=\"x\">two</p>"),
            json!("one\ntwo"),
        ),
        ("default_if_empty", json!(["-"]), json!({}), json!("-")),
        (
            "default_if_empty",
            json!(["-"]),
            json!({"a": null}),
            json!({"a": null}),
        ),
        (
            "sort",
            json!([]),
            json!(["z", null, "a", "o"]),
            json!(["a", "o", "z", null]),
        ),
        (
            "sort",
            json!(["desc", "n"]),
            json!([{"n": 1, "i": 1}, {"n": 2}, {"n": 1, "i": 2}, {}]),
            json!([{"n": 2}, {"n": 1, "i": 1}, {"n": 1, "i": 2}, {}]),
        ),
    ] {
        let found = made(function, args.clone(), value.clone());
        assert_eq!(found, expected, "{function} {args} of {value}");
    }
}

#[test]
fn formats_and_separators_that_cannot_be_meant_are_refused() {
    let problem = |field: Value| {
        let mapping = json!({"mode": "fields", "fields": [field]});
        let problems = Mapping::parse(&mapping).err().unwrap_or_default();
        problems.first().map(|problem| problem.pointer.clone())
    };
    for (function, format, is_refused) in [
        ("format_date", "YYYY-MM-DD", true),
        ("format_date", "%J", true),
        ("parse_date", "DD/MM/YYYY", true),
        ("format_date", "%Y-%m-%d %H:%M %Q", false),
        ("parse_date", "%d/%m/%Y", false),
    ] {
        let pipe = json!([{"fn": function, "args": [format]}]);
        let found = problem(json!({"to": "o", "from": {"path": "$.v"}, "pipe": pipe}));
        let place = is_refused.then(|| "/fields/0/pipe/0/args/0".to_string());
        assert_eq!(found, place, "{function} {format}");
    }
    let joined = |separator: Value| {
        problem(
            json!({"to": "o", "from": {"path": "$.v[*]"}, "take": "join", "separator": separator}),
        )
    };
    assert_eq!(joined(json!(5)).as_deref(), Some("/fields/0/separator"));
    assert_eq!(joined(json!(null)), None);
}

#[test]
fn functions_take_what_their_users_have() {
    let cases: Value = serde_json::from_str(r##"[
        ["extract_number", [], "costs 1,234.50 EUR", 1234.5], ["extract_number", [], "Rp 1.234.567,50", 1234567.5], ["extract_number", [], "12,50 EUR", 12.5],
        ["extract_number", [], "1,234,567kg", 1234567], ["extract_number", [], "1.234.567", 1234567], ["extract_number", [], "0,125", 0.125],
        ["extract_number", [], "31.01.2026", 31.01], ["extract_number", [], "1,2,3", 1], ["extract_number", [], "v.2", 2],
        ["extract_number", [], "1\u202f234,5", 1234.5], ["extract_number", [], "A-5", 5], ["extract_number", [], "at -.5 m", -0.5], ["extract_number", [], "−3°", -3],
        ["extract_number", [], "2026-01-31", 2026], ["extract_number", [], 1e30, 1e30],
        ["extract_email", [], "(o'brien@example.com-)", "o'brien@example.com"], ["extract_email", [], "'ada@example.com'.", "ada@example.com"],
        ["extract_url", [], "(see https://en.wikipedia.org/wiki/A_(b)).", "https://en.wikipedia.org/wiki/A_(b)"],
        ["extract_url", [], "['https://a.b/c','https://d.e/f']", "https://a.b/c"], ["extract_url", [], "{'u':'https://a.b','v':1}", "https://a.b"],
        ["extract_url", [], "[https://a.b/c](https://a.b/c)", "https://a.b/c"], ["extract_url", [], "HTTPS://A.b/it's, ok", "HTTPS://A.b/it's"], ["extract_url", [], "https:// http://x.y!", "http://x.y"],
        ["slug", [], "Don’t re\u0301sume\u0301 it", "dont-re\u0301sume\u0301-it"],
        ["title", [], "(call ada) at NASA", "(Call Ada) At NASA"], ["title", [], "HELLO WORLD", "Hello World"], ["title", [], "ßa", "Ssa"],
        ["truncate", [3], "a👨‍👩‍👧b", "a…"], ["truncate", [3], "e\u0301e\u0301x", "e\u0301…"],
        ["length", [], ["aa", "b"], 2], ["length", [], {"a": 1}, 1], ["length", [], 12, 2],
        ["base64_decode", [], "aGk", "hi"], ["base64_decode", [], "Pz8_Pj4-", "???>>>"], ["base64_decode", [], "Pz8/\nPj4+", "???>>>"],
        ["sort", [], ["10", "9", 2, "b", "A"], [2, "9", "10", "A", "b"]],
        ["sort", [], ["b", "2026-05-02T00:30:00+07:00", 1, "2026-05-01T17:00:00Z", "2026-05-01"], [1, "2026-05-01", "2026-05-01T17:00:00Z", "2026-05-02T00:30:00+07:00", "b"]], ["unique", [], [1, 1.0, "1"], [1, "1"]],
        ["if_equals", [null, "none", "some"], null, "none"], ["if_equals", [true, "done", "open"], null, "open"], ["if_equals", [1, "one"], [1, null], ["one", null]],
        ["lookup", [{"HIGH": 1, "null": 0}, 9], "high", 1], ["lookup", [{"HIGH": 1, "null": 0}, 9], null, 0], ["lookup", [{"a": 1}, 9], null, 9],
        ["lookup", [{"Straße": 1, "STRASSE": 2, "strasse ": 3}], ["STRASSE", "strasse", "Strasse "], [2, 1, 3]],
        ["format_currency", ["jpy"], 1234.5, "JPY 1,235"], ["format_currency", ["KWD"], 1.5, "KWD 1.500"], ["format_currency", ["ISK"], 1.2, "ISK 1"],
        ["to_boolean", [], 0, false], ["to_boolean", [], "Y", true],
        ["from_epoch", [], "60", "1970-01-01T00:01:00Z"], ["from_epoch", [], 60.0, "1970-01-01T00:01:00Z"], ["from_epoch", ["ms"], "1500", "1970-01-01T00:00:01.5Z"],
        ["start_of", ["Week"], "2026-05-17T10:20:30Z", "2026-05-11T00:00:00Z"], ["start_of", ["Days"], "2026-05-17T10:20:30+07:00", "2026-05-17T00:00:00+07:00"],
        ["start_of", ["month", "Asia/Jakarta"], "2026-04-30T20:00:00Z", "2026-05-01T00:00:00+07:00"],
        ["format_date", ["%H:%M"], "2026-05-17T10:20[Asia/Jakarta]", "10:20"], ["format_date", ["%H:%M", "UTC"], "2026-05-17T10:20[Asia/Jakarta]", "03:20"],
        ["format_date", ["%F %H:%M", "America/New_York"], "2026-03-01", "2026-03-01 00:00"], ["format_date", ["%F", "Asia/Jakarta"], " 2026-03-01 ", "2026-03-01"],
        ["format_date", ["%F %H:%M", "America/New_York"], "2026-03-01T00:00", "2026-02-28 19:00"], ["format_date", ["%F %H:%M", "America/New_York"], "2026-03-01[Asia/Jakarta]", "2026-02-28 12:00"],
        ["start_of", ["month", "America/New_York"], "2026-03-01", "2026-03-01T00:00:00-05:00"], ["to_zone", ["America/New_York"], "2026-03-01", "2026-03-01T00:00:00-05:00"],
        ["format_date", ["%c"], "2026-03-01T09:05:00Z", "Sun Mar  1 09:05:00 2026"], ["format_date", ["%x, %X, %r"], "2026-03-01T19:05:00Z", "03/01/26, 19:05:00, 07:05:00 PM"],
        ["format_date", ["%%x %%%x"], "2026-03-01", "%x %03/01/26"], ["parse_date", ["%x %X"], "03/01/26 19:05:00", "2026-03-01T19:05:00Z"], ["parse_date", ["%c"], "Sun Mar  1 09:05:00 2026", "2026-03-01T09:05:00Z"],
        ["escape_markdown", [], "# a\n- b\n  + c\n1. d\n2) e", "\\# a\n\\- b\n  \\+ c\n1\\. d\n2\\) e"], ["escape_markdown", [], "a # b - c 1. d + e", "a # b - c 1. d + e"],
        ["escape_markdown", [], "#1 -5 +62 3.14 1.x", "#1 -5 +62 3.14 1.x"], ["escape_markdown", [], "> a\n---\n===\n#\n12.", "\\> a\n\\---\n\\===\n\\#\n12\\."],
        ["html_to_text", [], "<p>See <a href=\"https://a.b/?x=1&amp;y=2\">the <b>plan</b></a>.</p>", "See the plan (https://a.b/?x=1&y=2)."],
        ["html_to_text", [], "<a href='https://a.b/c'>https://a.b/c</a> <A HREF=https://a.b/>a.b</A> <a href=\"mailto:a@b.c\">a@b.c</a>", "https://a.b/c a.b a@b.c"],
        ["html_to_text", [], "<a href=\"mailto:a@b.c\">Ada</a> <a href=\"#top\">up</a> <a href=\"javascript:x()\">y</a> <a name=x>z</a> <a data-href=\"https://n.o\">w</a>", "Ada (a@b.c) up y z w"],
        ["html_to_text", [], "<a href=\"https://a.b\"><img src=x></a> <a href=\"https://c.d\">e", "https://a.b e (https://c.d)"],
        ["html_to_text", [], "<ul><li>a</li><li><p>b</p></li></ul><ol><li>c<ul><li>d</li></ul></li><li>e</li></ol>", "- a\n- b\n1. c\n  - d\n2. e"],
        ["html_to_text", [], "<ul>\n  <li>a</li>\n  <li>b\n c</li>\n</ul>\n<p>x </p>\n\n<p>y<br>\n z</p>", "- a\n- b c\nx\ny\nz"],
        ["html_to_text", [], "<p>a</p><pre>  b\n  c</pre>d", "a\n  b\n  c\nd"], ["html_to_text", [], "a\n  b", "a\n  b"],
        ["html_to_text", [], "a&nbsp;b\u00a0c", "a b c"], ["strip_html", [], "a&nbsp;b<ul><li>c</li></ul><a href=\"https://a.b\">d</a>", "a b c d"],
        ["flatten", [], [1, [2, [3]], [], null, "a"], [1, 2, [3], null, "a"]], ["floor", [], "-2.5", -3], ["ceil", [], "2.1", 3], ["ceil", [], 3, 3], ["floor", [], 1e300, 1e300],
        ["url_decode", [], "a%20b%26c+d", "a b&c d"], ["text_to_html", [], "<a> & b\r\nc\n\nd", "<p>&lt;a&gt; &amp; b<br>c</p><p>d</p>"], ["text_to_html", [], "\n", ""],
        ["to_zone", ["UTC"], "2026-05-17T10:20[Asia/Jakarta]", "2026-05-17T03:20:00+00:00"],
        ["add_time", [1, "Days"], "2026-05-17T10:20:00+07:00", "2026-05-18T10:20:00+07:00"],
        ["parse_date", ["%d/%m/%Y %H:%M %Q"], "31/01/2026 09:30 Asia/Jakarta", "2026-01-31T02:30:00Z"],
        ["parse_date", ["%d/%m/%Y %z", "America/New_York"], "31/01/2026 +0700", "2026-01-30T17:00:00Z"]]"##).unwrap();
    for case in cases.as_array().unwrap() {
        let found = made(case[0].as_str().unwrap(), case[1].clone(), case[2].clone());
        assert_eq!(found, case[3], "{case}");
    }
    let pipe = json!([{"fn": "to_zone", "args": ["Asia/Jakarta"]}, {"fn": "start_of", "args": ["day"]}, {"fn": "format_date", "args": ["%d %H:%M"]}]);
    let field = json!({"to": "o", "from": {"value": "2026-01-31T20:00:00Z"}, "pipe": pipe});
    assert_eq!(text_of(fields(json!([field]))), r#"{"o":"01 00:00"}"#);
    for (function, value) in [("to_number", "1_000"), ("to_zone", "9999-12-31")] {
        let args = if function == "to_zone" {
            json!(["UTC"])
        } else {
            json!([])
        };
        let pipe = json!([{"fn": function, "args": args}]);
        let field = json!({"to": "o", "from": {"value": value}, "pipe": pipe});
        assert!(
            apply_to(fields(json!([field])), &event()).is_err(),
            "{function}"
        );
    }
}

#[test]
fn templates_join_and_order_values_as_the_bridge_does() {
    let document = json!({"null": null, "yes": true, "two": "2", "ten": "10", "n": 3, "big": 1e30, "list": [1, null, true], "word": "abc", "due": "2026-01-31"});
    for (body, expected) in [
        ("{{ 'a' ~ null ~ yes ~ nowhere.at.all ~ n }}", "atrue3"),
        ("{{ list ~ '!' }}", "[1,null,true]!"),
        ("{% set x = null ~ yes %}{{ x | upper }}", "TRUE"),
        ("{{ (n + 1) ~ '' }}{{ (n ~ two) | length }}", "42"),
        (
            "{{ two > 3 }} {{ ten > two }} {{ ten > '9' }} {{ n <= '3.0' }}",
            "false true true true",
        ),
        (
            "{{ null < 3 }} {{ null > 3 }} {{ word > 3 }} {{ word < 3 }} {{ nowhere < 3 }}",
            "false false false false false",
        ),
        (
            "{{ due < '2026-02-01' }} {{ word < 'abd' }} {{ 1 < n < ten }} {{ not n > 5 }}",
            "true true true true",
        ),
        ("{% if ten > 9 and n ~ '' == '3' %}y{% endif %}", "y"),
        (
            "{% for i in list if i >= 1 %}{{ i }};{% endfor %}",
            "1;true;",
        ),
        (
            "{{ '2026-05-01T20:00:00Z' >= ('2026-05-01T20:00:00Z' | start_of('day', 'Asia/Jakarta')) }} {{ '2026-05-02T00:00:00+07:00' < '2026-05-01T18:00:00Z' }}",
            "true true",
        ),
        (
            "{{ two == 2 }} {{ 3.0 == n }} {{ '3' != n }} {{ n == ' 3.0 ' }} {{ two <= 2 and two >= 2 }}",
            "true true false true true",
        ),
        (
            "{{ two == '2.0' }} {{ word == 'ABC' }} {{ word == 'abc' }} {{ word != n }} {{ yes == true }} {{ yes == 'true' }}",
            "false false true true true false",
        ),
        (
            "{{ null == none }} {{ null == 0 }} {{ '' == 0 }} {{ nowhere == nothing }} {{ list == [1, none, true] }} {{ big == 1e30 }}",
            "true false false true true true",
        ),
        (
            "{% if two == 2 == n %}y{% elif not ten != 10 %}z{% endif %}",
            "z",
        ),
        (
            "{{ two is eq 2 }} {{ two is ne(2) }} {{ ['2', 3] | select('equalto', 2) | list }}",
            "true false [\"2\"]",
        ),
        (
            "{{ n is gt two }} {{ word is lt(3) }} {{ list | select('>=', 1) | list }}",
            "true false [1,true]",
        ),
        (
            "{{ null is none }} {{ n in list }} {{ n not in list }}",
            "true false true",
        ),
    ] {
        let sent = apply_to(
            json!({"mode": "template", "body": body, "format": "text"}),
            &document,
        );
        let sent = sent.unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(String::from_utf8(sent.body).unwrap(), expected, "{body}");
    }
    let whole = json!({"mode": "template", "body": "{\"a\": \"{{ 'x' ~ null ~ yes }}\", \"b\": {{ two < n }}}"});
    let sent = apply_to(whole, &document).unwrap();
    assert_eq!(
        String::from_utf8(sent.body).unwrap(),
        r#"{"a": "xtrue", "b": true}"#
    );
}

#[test]
fn what_goes_on_behind_a_bracket_or_a_quote_is_a_text() {
    let document = json!({"t": "Ada", "event": "E"});
    for (body, expected) in [
        ("[{{ event }}] {{ t }}", Some("[E] Ada")),
        ("[{{ event }}]: {{ t }}", Some("[E]: Ada")),
        ("\"{{ t }}\" was made", Some("\"Ada\" was made")),
        ("[{{ event }}]{{ t }}", Some("[E]Ada")),
        ("[{{ event }}, \"a]\"] ", Some("[\"E\", \"a]\"] ")),
        ("{% if t %}[1]{% else %}[2]{% endif %}", Some("[1]")),
        ("[{% for i in [1] %}{{ i }}{% endfor %}]", Some("[1]")),
        (
            "[{{ event }}] {% if t %}{{ t }}{% endif %}",
            Some("[E] Ada"),
        ),
        (
            "[{% for i in [1] %}{{ i }}{% endfor %}] {{ t }}",
            Some("[1] Ada"),
        ),
        (
            "[1]{% set x %}x{% endset %}{% if t %}{% endif %}",
            Some("[1]"),
        ),
        ("[{{ t }}]]", None),
        ("\"name\": \"{{ t }}\"", None),
        ("\"name\": {{ t }}", None),
        ("\"{{ t }}\" : {{ event }}", Some("\"Ada\" : E")),
        ("{\"a\": {{ t }}} b", None),
    ] {
        let sent =
            apply_to(template(body), &document).map(|sent| String::from_utf8(sent.body).unwrap());
        assert_eq!(sent.ok().as_deref(), expected, "{body}");
    }
    let error = apply_to(template("{\"ü\": \"öäü\",\n\"größe\": x}"), &document).unwrap_err();
    assert_eq!(error.path, "line 2, column 10");
    assert_eq!(
        error.message,
        "The template did not become JSON: expected value at line 2, column 10 of what it printed, near `\"größe\": x}`."
    );
    let body = "{\"aé\": [1,2,3], \"b\": é, \"longer tail of the line goes here\": 1}";
    let error = apply_to(template(body), &document).unwrap_err();
    assert_eq!(error.path, "line 1, column 22");
    assert!(error.message.contains("\"b\": é"), "{}", error.message);
}

#[test]
fn targets_are_read_as_paths_are_written() {
    let made = |targets: &[&str]| {
        let list: Vec<Value> = targets
            .iter()
            .map(|to| json!({"to": to, "from": {"value": 1}}))
            .collect();
        text_of(fields(json!(list)))
    };
    assert_eq!(made(&["$['a b'].c"]), r#"{"a b":{"c":1}}"#);
    assert_eq!(made(&["$[1]"]), "[null,1]");
    assert_eq!(made(&[r"a.b\.c", "$.d"]), r#"{"a":{"b.c":1},"d":1}"#);
    assert_eq!(made(&[r"a\b", "$"]), r#"{"a\\b":1,"$":1}"#);
}

#[test]
fn what_could_never_work_is_refused_where_it_is_saved_only() {
    let pipe = |function: &str, args: Value| {
        fields(
            json!([{"to": "o", "from": {"path": "$.v"}, "pipe": [{"fn": "trim"}, {"fn": function, "args": args}]}]),
        )
    };
    for (mapping, expected) in [
        (
            pipe("extract", json!(["a(b)", 2])),
            Some(("/fields/0/pipe/1/args/1", "wrong_arguments")),
        ),
        (pipe("extract", json!(["a(b)", 1])), None),
        (
            pipe("extract", json!(["/a/g"])),
            Some(("/fields/0/pipe/1/args/0", "bad_regex")),
        ),
        (pipe("regex_replace", json!(["/a/", ""])), None),
        (pipe("regex_replace", json!(["/img/svg", ""])), None),
        (
            template("{{ list | map('__text') }}"),
            Some(("/body", "bad_template")),
        ),
        (
            template("{% set x = list | map(\"__is\", '<', 2) | join %}{{ x }}"),
            Some(("/body", "bad_template")),
        ),
        (
            fields(json!([{"to": "o", "from": {"template": "{{ a ~ (b | map('__text')) }}"}}])),
            Some(("/fields/0/from/template", "bad_template")),
        ),
        (
            template(
                "{{ list | map(attribute='__typename') ~ list | map('replace', '__text', '') }}",
            ),
            None,
        ),
    ] {
        let problems = Mapping::parse(&mapping).unwrap().unfit();
        let found = problems.first().map(|one| (one.pointer.as_str(), one.code));
        assert_eq!(found, expected, "{mapping}");
    }
}

#[test]
fn a_hint_names_only_what_is_near() {
    let hint = |function: &str| {
        let mapping =
            fields(json!([{"to": "o", "from": {"value": 1}, "pipe": [{"fn": function}]}]));
        let message = Mapping::parse(&mapping).unwrap_err()[0].message.clone();
        message.split("mean `").nth(1).map(str::to_string)
    };
    assert_eq!(hint("uper").as_deref(), Some("upper`?"));
    assert_eq!(hint("abs").as_deref(), Some("absolute`?"));
    assert_eq!(hint("uppercase").as_deref(), Some("upper`?"));
    assert_eq!(hint("concat"), None);
    assert_eq!(hint("attach"), None);
}

/// The example of the README, with what it says about it.
#[test]
fn the_template_of_the_readme_does_what_is_said_there() {
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme.split_once("```jinja\n").unwrap();
    let (body, _) = rest.split_once("```").unwrap();
    let document = json!({"currentValue": {
        "title": "Say \"hi\"", "done": false, "duedAt": "2026-12-01T00:00:00Z", "todoList": {"title": "Inbox"},
        "todoTags": [{"tag": {"title": "urgent"}}, {"tag": {"title": "home"}}]
    }});
    let rendered = |document: &Value| -> Value {
        let output = apply_to(json!({"mode": "template", "body": body}), document).unwrap();
        serde_json::from_slice(&output.body).unwrap()
    };
    assert_eq!(
        rendered(&document),
        json!({"text": "Say \"hi\" in Inbox, due 1 Dec 2026", "tags": ["URGENT", "HOME"], "done": false})
    );
    assert_eq!(
        rendered(&json!({})),
        json!({"text": " in ", "tags": [], "done": null})
    );
}
