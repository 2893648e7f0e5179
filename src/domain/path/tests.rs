use super::*;
use proptest::prelude::*;
use serde_json::json;

fn found(path: &str, document: &Value) -> Vec<Value> {
    Path::parse(path)
        .unwrap()
        .find(document)
        .unwrap()
        .into_iter()
        .cloned()
        .collect()
}

fn event() -> Value {
    json!({
        "event": "TODO_CREATED",
        "currentValue": {
            "title": "Call Ada", "two words": 1, "a.b": 2, "it's": 3, "q\"": 4,
            "todoTags": [{"tag": {"title": "urgent", "n": 3}}, {"tag": {"title": "home", "n": 1}}],
            "list": [10, 20, 30], "none": null
        }
    })
}

#[test]
fn names_and_indexes_in_every_spelling_give_the_one_value() {
    for (path, expected) in [
        ("$.currentValue.title", json!("Call Ada")),
        ("currentValue.title", json!("Call Ada")),
        ("$['currentValue'][\"title\"]", json!("Call Ada")),
        ("['currentValue'].title", json!("Call Ada")),
        ("$.currentValue['two words']", json!(1)),
        ("$.currentValue['a.b']", json!(2)),
        ("$.currentValue[\"it's\"]", json!(3)),
        ("$.currentValue['it\\'s']", json!(3)),
        ("$.currentValue['q\"']", json!(4)),
        ("$.currentValue.list[0]", json!(10)),
        ("$.currentValue.list[-1]", json!(30)),
        ("currentValue.todoTags[1].tag.title", json!("home")),
        ("$.currentValue.none", json!(null)),
    ] {
        let parsed = Path::parse(path).unwrap();
        assert!(parsed.is_singular(), "{path}");
        assert_eq!(found(path, &event()), [expected], "{path}");
    }
    assert_eq!(found("$", &json!(7)), [json!(7)]);
}

#[test]
fn quotes_within_a_name_belong_to_it() {
    let document = json!({"'a'": 1, "a": 2, "\"a\"": 3, "it's] .a b": 4});
    for (path, expected) in [
        (r#"$["'a'"]"#, 1),
        (r"$['\'a\'']", 1),
        (r#"$['"a"']"#, 3),
        (r#"$["a"]"#, 2),
        (r"$['it\'s] .a b']", 4),
    ] {
        assert_eq!(found(path, &document), [json!(expected)], "{path}");
    }
}

#[test]
fn what_is_not_there_gives_nothing() {
    for path in [
        "$.nowhere",
        "$.currentValue.list[3]",
        "$.currentValue.list[-4]",
        "$.currentValue.title.deeper",
        "$.currentValue.list.name",
    ] {
        assert!(found(path, &event()).is_empty(), "{path}");
    }
}

#[test]
fn queries_give_several_values() {
    assert_eq!(
        found("$.currentValue.todoTags[*].tag.title", &event()),
        [json!("urgent"), json!("home")]
    );
    assert_eq!(
        found("$.currentValue.list[0:2]", &event()),
        [json!(10), json!(20)]
    );
    assert_eq!(
        found("$.currentValue.todoTags[?@.tag.n > 2].tag.title", &event()),
        [json!("urgent")]
    );
    assert_eq!(found("$..title", &event()).len(), 3);
    assert!(!Path::parse("$.a[*]").unwrap().is_singular());
}

#[test]
fn what_is_not_a_path_is_refused_with_its_place() {
    for (path, position) in [
        ("", Some(0)),
        ("$.a b", Some(3)),
        ("a b", Some(1)),
        ("$.a[", None),
        ("$[?", None),
        ("$.a..", None),
        ("$.'a'", None),
    ] {
        let error = Path::parse(path).unwrap_err();
        if position.is_some() {
            assert_eq!(error.position, position, "{path}");
        }
        assert!(error.reason.len() > 10, "{path}: {error}");
    }
    assert!(Path::parse(&format!("$.{}", "a".repeat(600))).is_err());
    assert_eq!(Path::parse("$.a[!]").unwrap_err().position, Some(4));
}

#[test]
fn work_is_bounded() {
    let wide: Value = (0..3_000).map(|n| json!({"n": n, "m": [n]})).collect();
    let deep = (0..100).fold(json!(0), |inner, n| json!([inner, n]));
    let long: Value = json!({"n".repeat(400_000): vec![0; 1_000]});
    let union = |all: &str, times: usize| format!("${}", format!("[{all}]").repeat(times));
    for (path, document) in [
        ("$..[?$..n]".into(), &wide),
        ("$[?$..[?$..[?$..n]]]".into(), &wide),
        ("$[?count($..n) > 1]".into(), &wide),
        ("$[?length($[0].n) > 1]".into(), &wide),
        ("$[?$ == $]".into(), &wide),
        ("$[?any_of(@.m, $)]".into(), &wide),
        ("$[?match(@.n, 'x.*')]".into(), &wide),
        ("$..[?search(@.n, 'x')].n".into(), &wide),
        ("$..*..*..*".into(), &deep),
        ("$[?@..[?@..[?@..[?@..n]]]]".into(), &deep),
        (union("*,*,*,*", 8), &event()),
        (union("0:,*", 20), &json!([[0]])),
        (union("'a','a'", 20), &json!({"a": 1})),
        (format!("$..{}", &union("0,-1,0", 12)[1..]), &deep),
        ("$..*".into(), &long),
        ("$.*.*".into(), &long),
    ] {
        let path = Path::parse(&path).unwrap();
        assert!(path.find(document).is_err(), "{path}");
    }
    for (path, document) in [
        ("$..n", &wide),
        ("$..[?@..n]", &wide),
        ("$[?@.n > 1].m[0]", &wide),
        ("$..['n','m']", &wide),
        ("$[?@.n == $[0].n]", &wide),
        ("$[?match(@.n, 'x.*')]", &json!([{"n": "xy"}])),
        ("$..[?search(@.title, 'urg')].title", &event()),
        ("$..*..*", &event()),
    ] {
        let found = Path::parse(path).unwrap().find(document);
        assert!(found.is_ok_and(|found| !found.is_empty()), "{path}");
    }
}

#[test]
fn functions_inside_each_other_are_read_in_time() {
    for text in [
        format!("$[?{}", "match(".repeat(70)),
        format!("$[?{}", "count (@[?".repeat(40)),
        format!("$[?match(@, ')\\')') {}", "&&match(')',match(".repeat(20)),
        format!("$[?{}@{}]", "value(".repeat(5), ")".repeat(5)),
    ] {
        let refused = Path::parse(&text).unwrap_err();
        assert!(refused.position.is_some(), "{text}: {refused}");
    }
    let brackets = format!("$[?{}@.a{}]", "(".repeat(100), ")".repeat(100));
    for text in ["$[?length(value(@.a)) > 1]", &brackets] {
        assert!(Path::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn a_pattern_is_written_in_the_path_and_small() {
    let deep = format!("$[?match(@.x,'a.{}')]", "*".repeat(200));
    for path in [
        &*deep,
        "$[?search(@.a, @.b)]",
        "$[?match(@.a, $.b)]",
        "$[?search(@.a, '(')]",
        "$[?search(@.a, '(a{500}){500}')]",
        "$[?@.a == 1 && !($..[?search(@.a, '.{60000}')])]",
    ] {
        assert!(Path::parse(path).is_err(), "{path}");
    }
    let found = found(
        "$[?search(@.a, '^[^@ ]+@x.y$')].a",
        &json!([{"a": "b@x.y"}]),
    );
    assert_eq!(found, [json!("b@x.y")]);
}

/// The crate groups the nodes of a segment with several selectors by selector; RFC 9535 groups them by node.
#[test]
fn known_gap_order_of_several_selectors() {
    let document = json!([{"a": 1, "b": 2}, {"a": 3, "b": 4}]);
    assert_eq!(
        found("$[*]['a','b']", &document),
        [json!(1), json!(3), json!(2), json!(4)]
    );
}

#[test]
fn integers_beyond_2_to_the_53_survive_a_walk_and_are_refused_in_a_query_as_the_rfc_says() {
    let document = json!([{"n": 9_007_199_254_740_993_u64}]);
    assert_eq!(
        found("$[0].n", &document),
        [json!(9_007_199_254_740_993_u64)]
    );
    assert!(Path::parse("$[?@.n == 9007199254740992]").is_err());
}

/// A descendant segment with several selectors groups by selector too, and so mixes the levels.
#[test]
fn known_gap_order_of_several_selectors_below() {
    let document = json!([[1, 2], [3]]);
    let ours = found("$..[0,1]", &document);
    assert_eq!(
        ours,
        [json!([1, 2]), json!(1), json!(3), json!([3]), json!(2)]
    );
    let oracle = serde_json_path::JsonPath::parse("$..[0,1]").unwrap();
    let theirs: Vec<String> = oracle
        .query(&document)
        .all()
        .iter()
        .map(|v| v.to_string())
        .collect();
    assert_eq!(theirs, ["[1,2]", "[3]", "1", "2", "3"]);
}

/// `count()` of nothing is not taken for 0: the condition is false instead.
#[test]
fn known_gap_count_of_nothing() {
    let document = json!([{"a": 1}]);
    assert!(found("$[?count(@.none) == 0]", &document).is_empty());
    let oracle = serde_json_path::JsonPath::parse("$[?count(@.none) == 0]").unwrap();
    assert_eq!(oracle.query(&document).all().len(), 1);
}

/// An operator that RFC 9535 does not know, and a function used as a test, are accepted and select nothing.
#[test]
fn known_gap_queries_that_should_be_refused() {
    for query in ["$[?@.a in [1]]", "$[?length(@.a)]"] {
        assert!(found(query, &json!([{"a": 1}])).is_empty(), "{query}");
        assert!(serde_json_path::JsonPath::parse(query).is_err(), "{query}");
    }
}

fn small_documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-c]", inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_an_independent_implementation(
        document in small_documents(),
        segments in proptest::collection::vec(prop_oneof![
            "\\.[a-c]", Just("[0]".to_string()), Just("[-1]".to_string()), Just("[*]".to_string()), Just("..a".to_string()), Just("[1:]".to_string()), Just("['b']".to_string()),
        ], 0..4),
    ) {
        let text = format!("${}", segments.concat());
        let ours = Path::parse(&text).unwrap();
        let oracle = serde_json_path::JsonPath::parse(&text).unwrap();
        let sorted = |mut list: Vec<String>| { list.sort(); list };
        let mine = sorted(ours.find(&document).unwrap().iter().map(|v| v.to_string()).collect());
        let theirs = sorted(oracle.query(&document).all().iter().map(|v| v.to_string()).collect());
        prop_assert_eq!(mine, theirs, "{}", text);
    }

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        if let Ok(path) = Path::parse(&text) {
            let _ = path.find(&event());
        }
    }
}
