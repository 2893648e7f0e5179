use super::*;
use crate::domain::filter::asking::Asking;
use crate::domain::filter::operator::OPERATORS;
use crate::domain::filter::written::{listed, written_list};
use crate::domain::value::{Number, Types, text_of, type_of};
use proptest::prelude::*;
use serde_json::json;

fn event() -> Value {
    json!({
        "event": "TODO_MOVED",
        "previousValue": {"title": "Draft", "done": false, "position": "10", "duedAt": "2026-01-01T00:00:00Z", "todoTags": [{"id": 1, "tag": {"title": "old"}}], "n": 5},
        "currentValue": {
            "title": "Call Ada ", "done": true, "position": "32767.5", "n": 7, "big": 9_007_199_254_740_993_u64, "none": null, "empty": "", "list": [1, "two", 3], "one": ["only"],
            "duedAt": "2026-11-20T10:00:00Z", "day": "2026-11-25", "todoTags": [{"id": 1, "tag": {"title": "old"}}, {"id": 2, "tag": {"title": "Urgent"}}], "flag": "True"
        }
    })
}

fn judge(condition: Value) -> Truth {
    let filter =
        Filter::parse(&condition).unwrap_or_else(|problems| panic!("{condition}: {problems:?}"));
    let document = event();
    let input = Input {
        document: &document,
        reference_time: "2026-11-24T08:00:00Z".parse().unwrap(),
    };
    match filter.evaluate(&input) {
        Explanation::Condition { result, reason, .. } => {
            assert!(reason.to_string().len() > 10);
            assert_eq!(filter.matches(&input), result == Truth::True);
            result
        }
        Explanation::Group { result, .. } => result,
    }
}

#[test]
fn every_operator_tells_true_false_and_cannot_tell() {
    use Truth::{False, True, Unknown};
    let cases: Value = serde_json::from_str(r#"[
        ["title", "exists", null, "T"], ["none", "exists", null, "T"], ["nowhere", "exists", null, "F"], ["nowhere", "missing", null, "T"], ["none", "missing", null, "F"],
        ["none", "is_null", null, "T"], ["title", "is_null", null, "F"], ["nowhere", "is_null", null, "U"],
        ["empty", "is_empty", null, "T"], ["none", "is_empty", null, "T"], ["list", "is_empty", null, "F"], ["nowhere", "is_empty", null, "U"],
        ["list", "is_not_empty", null, "T"], ["empty", "is_not_empty", null, "F"], ["list", "is_type", "list", "T"], ["list", "is_type", "text", "F"],
        ["title", "equals", "call ada ", "T"], ["title", "equals", "call ada", "F"], ["done", "equals", true, "T"], ["n", "equals", "7", "T"], ["none", "equals", "x", "U"], ["nowhere", "equals", "x", "U"],
        ["title", "not_equals", "x", "T"], ["title", "not_equals", "Call Ada ", "F"], ["nowhere", "not_equals", "x", "U"],
        ["title", "contains", "ADA", "T"], ["title", "contains", "bob", "F"], ["list", "contains", "1", "T"], ["list", "contains", "TWO", "T"], ["list", "contains", "tw", "F"], ["list", "not_contains", "four", "T"], ["list", "not_contains", "two", "F"], ["todoTags", "contains", "urgent", "T"],
        ["list", "equals", "[3, \"TWO\", 1]", "T"], ["list", "equals", [1, "two", 3], "T"], ["list", "equals", [1, "two"], "F"], ["list", "equals", ["two", "two", 1], "F"], ["list", "equals", "two", "F"], ["list", "not_equals", "two", "T"], ["list", "not_equals", [1, 3, "two"], "F"],
        ["one", "equals", "ONLY", "T"], ["one", "equals", "other", "F"], ["todoTags", "equals", ["Old", "Urgent"], "T"], ["todoTags", "equals", ["Urgent", "Urgent"], "F"], ["list", "equals", "[1, two", "F"], ["none", "equals", ["a"], "U"], ["none", "not_equals", ["a"], "U"], ["todoTags[0]", "not_equals", ["a"], "U"], ["title", "equals", ["Call Ada "], "F"], ["title", "equals", ["Call Ada ", "b"], "F"],
        ["list", "in", "one, two", "T"], ["list", "in", "one", "F"], ["list", "not_in", "one", "T"], ["list", "not_in", "two", "F"], ["todoTags", "in", "urgent", "T"],
        ["list", "length_eq", 3, "T"], ["list", "length_gt", 2, "T"], ["list", "length_lt", 3, "F"], ["todoTags", "length_eq", 2, "T"], ["todoTags[*].tag.title", "length_eq", 6, "T"], ["list", "starts_with", "1", "U"],
        ["title", "not_starts_with", "ada", "T"], ["title", "not_starts_with", "CALL", "F"], ["title", "not_ends_with", "ada", "T"], ["title", "not_ends_with", "Ada ", "F"], ["title", "not_matches", "^ada", "T"], ["title", "not_matches", "^call", "F"],
        ["none", "not_starts_with", "x", "U"], ["nowhere", "not_ends_with", "x", "U"], ["none", "not_matches", "x", "U"], ["list", "not_starts_with", "x", "U"],
        ["todoTags[*].tag.title", "not_starts_with", "urg", "F"], ["todoTags[*].tag.title", "not_matches", "x", "T"],
        ["title", "not_contains", "bob", "T"], ["title", "not_contains", "ada", "F"],
        ["title", "starts_with", "call", "T"], ["title", "ends_with", "ada ", "T"], ["title", "ends_with", "ada", "F"],
        ["n", "in", [6, 7], "T"], ["n", "in", "6, 8", "F"], ["n", "not_in", [6, 8], "T"], ["n", "not_in", [7], "F"],
        ["title", "matches", "^call\\s", "T"], ["title", "matches", "^ada", "F"], ["title", "length_eq", 9, "T"], ["title", "length_gt", 9, "F"], ["title", "length_lt", 10, "T"],
        ["n", "eq", 7, "T"], ["position", "eq", "32767.50", "T"], ["n", "ne", 7, "F"], ["n", "gt", 6, "T"], ["n", "gte", 7, "T"], ["n", "lt", 7, "F"], ["n", "lte", 7, "T"],
        ["n", "between", [7, 8], "T"], ["n", "between", [8, 9], "F"], ["title", "gt", 1, "U"], ["big", "eq", 9007199254740992, "F"], ["big", "gt", 9007199254740992, "T"],
        ["duedAt", "before", "2026-11-21", "T"], ["duedAt", "after", "2026-11-21", "F"], ["duedAt", "on", "2026-11-20", "T"], ["duedAt", "between_dates", ["2026-11-19", "2026-11-20"], "T"], ["duedAt", "between_dates", ["2026-11-19T00:00:00Z", "2026-11-20T00:01:00Z"], "F"],
        ["duedAt", "in_last", "5 days", "T"], ["duedAt", "in_last", "PT2H", "F"], ["day", "in_next", {"amount": 1, "unit": "days"}, "T"], ["duedAt", "is_past", null, "T"], ["day", "is_future", null, "T"], ["title", "is_past", null, "U"],
        ["done", "is_true", null, "T"], ["done", "is_false", null, "F"], ["flag", "is_true", null, "T"], ["title", "is_true", null, "U"],
        ["list", "has", "TWO", "T"], ["list", "has", 4, "F"], ["nowhere", "has", 4, "U"], ["list", "has_any", [4, 3], "T"], ["list", "has_all", [1, 3], "T"], ["list", "has_all", [1, 4], "F"], ["list", "has_none", [4], "T"],
        ["todoTags", "has", "urgent", "T"], ["todoTags", "has_none", ["urgent"], "F"], ["todoTags", "has_none", ["nowhere"], "T"], ["todoTags[*].tag.title", "has", "urgent", "T"], ["nowhere[*]", "has_none", ["x"], "T"], ["todoTags[*].tag.title", "equals", "urgent", "T"], ["todoTags[*].tag.title", "not_equals", "urgent", "F"],
        ["todoTags", "any_item", {"path": "$.tag.title", "op": "equals", "value": "urgent"}, "T"], ["todoTags", "all_items", {"path": "$.tag.title", "op": "equals", "value": "urgent"}, "F"], ["list", "any_item", {"op": "eq", "value": 3}, "T"]
    ]"#).unwrap();
    for case in cases.as_array().unwrap() {
        let path = format!("$.currentValue.{}", case[0].as_str().unwrap());
        let expected = match case[3].as_str().unwrap() {
            "T" => True,
            "F" => False,
            _ => Unknown,
        };
        let condition = json!({"path": path, "op": case[1], "value": case[2]});
        assert_eq!(judge(condition.clone()), expected, "{condition}");
    }
}

#[test]
fn change_operators_compare_both_sides() {
    use Truth::{False, True, Unknown};
    for (path, op, value, expected) in [
        ("$.title", "changed", json!(null), True),
        ("$.currentValue.title", "changed", json!(null), True),
        ("$.title", "not_changed", json!(null), False),
        ("$.nowhere", "changed", json!(null), Unknown),
        ("$.done", "changed_to", json!(true), True),
        ("$.done", "changed_from", json!(true), False),
        (
            "$.done",
            "changed_from_to",
            json!({"from": false, "to": true}),
            True,
        ),
        ("$.position", "increased", json!(null), True),
        ("$.duedAt", "increased", json!(null), True),
        ("$.n", "decreased", json!(null), False),
        ("$.title", "increased", json!(null), Unknown),
        ("$.todoTags", "item_added", json!(null), True),
        ("$.todoTags", "item_added", json!("urgent"), True),
        ("$.todoTags", "item_added", json!("old"), False),
        ("$.todoTags", "item_removed", json!(null), False),
        (
            "$.todoTags[*].tag.title",
            "item_added",
            json!("Urgent"),
            True,
        ),
        (
            "$.currentValue.todoTags[*].tag.title",
            "item_added",
            json!("Urgent"),
            True,
        ),
        (
            "$['previousValue'].todoTags[*].tag.title",
            "item_added",
            json!("old"),
            False,
        ),
        ("$.currentValue.todoTags[*]", "changed", json!(null), True),
        ("$.currentValue.nowhere[*]", "changed", json!(null), Unknown),
        ("$.todoTags", "item_added", json!("none such"), False),
    ] {
        assert_eq!(
            judge(json!({"path": path, "op": op, "value": value})),
            expected,
            "{path} {op}"
        );
    }
    let created = json!({"currentValue": {"title": "new"}});
    let input = Input {
        document: &created,
        reference_time: Timestamp::UNIX_EPOCH,
    };
    let filter = Filter::parse(&json!({"path": "$.title", "op": "changed"})).unwrap();
    assert!(
        filter
            .evaluate(&input)
            .sentence()
            .contains("no previous value")
    );
}

/// Whether the value at `$.{name}` has changed from one to another.
fn has_changed(path: &str, before: Value, after: Value) -> bool {
    let document = json!({"previousValue": before, "currentValue": after});
    let asks = |op: &str| {
        let filter = Filter::parse(&json!({"path": path, "op": op})).unwrap();
        filter.matches(&Input {
            document: &document,
            reference_time: Timestamp::UNIX_EPOCH,
        })
    };
    assert_ne!(asks("changed"), asks("not_changed"), "{path} {document}");
    asks("changed")
}

#[test]
fn another_order_is_a_change_only_of_a_list_that_has_one() {
    let (ada, grace) = (
        json!({"id": 1, "user": "Ada"}),
        json!({"id": 2, "user": "Grace"}),
    );
    for (path, before, after, expected) in [
        // What Blue keeps without an order, by its name.
        (
            "$.countryCodes",
            json!({"countryCodes": ["ID", "DE"]}),
            json!({"countryCodes": ["DE", "ID"]}),
            false,
        ),
        (
            "$.countryCodes",
            json!({"countryCodes": ["ID", "DE"]}),
            json!({"countryCodes": ["DE", "FR"]}),
            true,
        ),
        (
            "$.tags",
            json!({"tags": ["a", "a", "b"]}),
            json!({"tags": ["a", "b", "b"]}),
            true,
        ),
        (
            "$.todoTags",
            json!({"todoTags": [{"tagId": 1}, {"tagId": 2}]}),
            json!({"todoTags": [{"tagId": 2}, {"tagId": 1}]}),
            false,
        ),
        (
            "$.todoTags[*].tagId",
            json!({"todoTags": [{"tagId": 1}, {"tagId": 2}]}),
            json!({"todoTags": [{"tagId": 2}, {"tagId": 1}]}),
            false,
        ),
        (
            "$.todoTags[*].tagId",
            json!({"todoTags": [{"tagId": 1}, {"tagId": 2}]}),
            json!({"todoTags": [{"tagId": 2}, {"tagId": 3}]}),
            true,
        ),
        (
            "$['todoUsers'][*]",
            json!({"todoUsers": [ada, grace]}),
            json!({"todoUsers": [grace, ada]}),
            false,
        ),
        // Rows that have ids: what order they have, they tell by their `position`.
        (
            "$.rows",
            json!({"rows": [ada, grace]}),
            json!({"rows": [grace, ada]}),
            false,
        ),
        (
            "$.rows",
            json!({"rows": [ada, grace]}),
            json!({"rows": [ada, ada]}),
            true,
        ),
        (
            "$.rows",
            json!({"rows": [ada]}),
            json!({"rows": [{"id": 1, "user": "Eve"}]}),
            true,
        ),
        // Also within the value that is asked about.
        (
            "$",
            json!({"id": 1, "field": {"countryCodes": ["ID", "DE"]}}),
            json!({"id": 1, "field": {"countryCodes": ["DE", "ID"]}}),
            false,
        ),
        (
            "$.rows",
            json!({"rows": [{"id": 3, "tags": ["a", "b"]}, ada]}),
            json!({"rows": [ada, {"id": 3, "tags": ["b", "a"]}]}),
            false,
        ),
        // A value of each row, though the rows have no order.
        (
            "$.todoCustomFields[*].number",
            json!({"todoCustomFields": [{"number": 1}, {"number": 2}]}),
            json!({"todoCustomFields": [{"number": 2}, {"number": 1}]}),
            true,
        ),
        (
            "$.todoCustomFields[?@.name=='F'].countryCodes",
            json!({"todoCustomFields": [{"name": "F", "countryCodes": ["ID", "DE"]}]}),
            json!({"todoCustomFields": [{"name": "F", "countryCodes": ["DE", "ID"]}]}),
            false,
        ),
        // Any other list is told in its order.
        (
            "$.rows[?@.name=='tags'].steps",
            json!({"rows": [{"name": "tags", "steps": ["a", "b"]}]}),
            json!({"rows": [{"name": "tags", "steps": ["b", "a"]}]}),
            true,
        ),
        (
            "$.steps",
            json!({"steps": ["a", "b"]}),
            json!({"steps": ["b", "a"]}),
            true,
        ),
        (
            "$.steps[*]",
            json!({"steps": ["a", "b"]}),
            json!({"steps": ["b", "a"]}),
            true,
        ),
        (
            "$.grid",
            json!({"grid": [[1, 2], [3]]}),
            json!({"grid": [[3], [1, 2]]}),
            true,
        ),
        ("$.text", json!({"text": "a"}), json!({"text": null}), true),
        (
            "$.todoTags",
            json!({"todoTags": []}),
            json!({"todoTags": null}),
            true,
        ),
    ] {
        assert_eq!(
            has_changed(path, before.clone(), after.clone()),
            expected,
            "{path}: {before} {after}"
        );
    }
}

#[test]
fn a_list_is_written_with_quotes_where_an_entry_has_a_comma() {
    for (written, entries) in [
        ("\"a, b\", c", json!(["a, b", "c"])),
        ("c,\"a, b\" ,d", json!(["c", "a, b", "d"])),
        ("\"say \\\"so\\\", Ada\"", json!(["say \"so\", Ada"])),
        ("\"\", a", json!(["", "a"])),
        // Not quoted as a whole, a quote is a sign as any other.
        ("5\" pipe, 6\" pipe", json!(["5\" pipe", "6\" pipe"])),
        ("\"a\" b, c", json!(["\"a\" b", "c"])),
        ("\"a, b", json!(["\"a", "b"])),
        ("\"", json!(["\""])),
        ("a,, b, ", json!(["a", "b"])),
    ] {
        assert_eq!(json!(written_list(written)), entries, "{written}");
        let again: Vec<&str> = entries
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(
            json!(written_list(&listed(again.iter().copied()))),
            entries,
            "{written}"
        );
    }
    assert!(written_list(" , ").is_empty());
    let filter = json!({"path": "$.v", "op": "has_any", "value": "\"a, b\", c"});
    let filter = Filter::parse(&filter).unwrap();
    assert_eq!(says(&filter, &json!(["a, b"])), Truth::True);
    assert_eq!(says(&filter, &json!(["a"])), Truth::False);
}

#[test]
fn every_operator_is_covered_by_a_case() {
    let text = include_str!("tests.rs");
    for operator in OPERATORS {
        assert!(
            text.contains(&format!("\"{}\"", operator.id)),
            "{}",
            operator.id
        );
    }
}

#[test]
fn strict_types_convert_nothing_and_case_can_count() {
    assert_eq!(
        judge(
            json!({"path": "currentValue.position", "op": "eq", "value": 32767.5, "types": "strict"})
        ),
        Truth::Unknown
    );
    assert_eq!(
        judge(json!({"path": "currentValue.n", "op": "equals", "value": "7", "types": "strict"})),
        Truth::Unknown
    );
    assert_eq!(
        judge(
            json!({"path": "currentValue.title", "op": "contains", "value": "ada", "case_sensitive": true})
        ),
        Truth::False
    );
    let late = json!({"path": "currentValue.duedAt", "op": "on", "value": "2026-11-21", "zone": "Pacific/Auckland"});
    assert_eq!(judge(late), Truth::False);
    let jakarta = json!({"path": "currentValue.duedAt", "op": "on", "value": "2026-11-20", "zone": "Asia/Jakarta"});
    assert_eq!(judge(jakarta), Truth::True);
}

#[test]
fn groups_join_and_what_cannot_be_told_is_not_true() {
    let yes = json!({"path": "event", "op": "exists"});
    let no = json!({"path": "event", "op": "missing"});
    let unknown = json!({"path": "nowhere", "op": "equals", "value": 1});
    let holds = |filter: Value| judge(filter) == Truth::True;
    assert!(holds(json!({"all": [yes, {"any": [no, yes]}]})));
    assert!(!holds(json!({"all": [yes, unknown]})));
    assert!(holds(json!({"any": [unknown, yes]})));
    assert!(!holds(json!({"any": [unknown, no]})));
    assert!(holds(json!({"none": [no, unknown]})));
    assert!(!holds(json!({"none": [yes]})));
    for empty in [json!({"all": []}), json!({"any": []}), json!({"none": []})] {
        assert!(holds(empty));
    }
}

#[test]
fn wrong_documents_are_refused_with_every_problem_and_its_place() {
    let codes = |document: Value| -> Vec<(String, &'static str)> {
        Filter::parse(&document)
            .unwrap_err()
            .into_iter()
            .map(|p| (p.pointer, p.code))
            .collect()
    };
    let at = |pointer: &str, code| (pointer.to_string(), code);
    assert_eq!(codes(json!(5)), [at("", "wrong_shape")]);
    assert_eq!(codes(json!({"all": 5})), [at("/all", "wrong_shape")]);
    assert_eq!(
        codes(
            json!({"all": [{"path": "$.a b", "op": "contians", "value": 1}, {"op": "gt", "value": "x", "extra": 1}]})
        ),
        [
            at("/all/0/path", "bad_path"),
            at("/all/0/op", "unknown_operator"),
            at("/all/1/extra", "unknown_key"),
            at("/all/1/path", "missing"),
            at("/all/1/value", "not_a_number")
        ]
    );
    let problems = Filter::parse(&json!({"path": "a b", "op": "contians"})).unwrap_err();
    assert_eq!(problems[0].position, Some(1));
    assert!(problems[1].message.contains("contains"));
    for (op, value, code) in [
        ("matches", json!("("), "bad_regex"),
        ("between", json!([1]), "wrong_value"),
        ("before", json!("soon"), "not_a_date"),
        ("in_last", json!("a while"), "not_a_span"),
        ("in", json!([]), "wrong_value"),
        ("is_type", json!("blob"), "wrong_value"),
        ("contains", json!(null), "wrong_value"),
        ("changed_from_to", json!(1), "wrong_value"),
        ("between_dates", json!(["x", "y"]), "not_a_date"),
        (
            "between_dates",
            json!(["2026-01-31", "2026-01-01"]),
            "reversed_range",
        ),
        ("between", json!([9, 5]), "reversed_range"),
        ("in_last", json!("-3 days"), "reversed_range"),
        ("in_next", json!("3 days ago"), "reversed_range"),
        (
            "in_next",
            json!({"amount": -1, "unit": "hours"}),
            "reversed_range",
        ),
    ] {
        assert_eq!(
            codes(json!({"path": "a", "op": op, "value": value})),
            [at("/value", code)],
            "{op}"
        );
    }
    assert_eq!(codes(json!({"path": "a", "op": "exists", "types": "loose", "case_sensitive": 1, "zone": "Mars"})).len(), 3);
    let deep = (0..20).fold(
        json!({"path": "a", "op": "exists"}),
        |inner, _| json!({"all": [inner]}),
    );
    assert_eq!(codes(deep)[0].1, "too_deep");
    let items = |depth| {
        (0..depth).fold(
            json!({"path": "$", "op": "exists"}),
            |inner, _| json!({"path": "$..*", "op": "any_item", "value": inner}),
        )
    };
    Filter::parse(&items(ITEMS_DEPTH_LIMIT)).unwrap();
    assert_eq!(codes(items(ITEMS_DEPTH_LIMIT + 1))[0].1, "too_deep");
    let many: Vec<Value> = (0..300)
        .map(|_| json!({"path": "a", "op": "exists"}))
        .collect();
    assert_eq!(codes(json!({"all": many}))[0].1, "too_many");
}

#[test]
fn an_explanation_names_what_decided_and_stays_small() {
    let document = json!({"title": "Call Ada ", "long": "x".repeat(5_000)});
    let input = Input {
        document: &document,
        reference_time: Timestamp::UNIX_EPOCH,
    };
    let filter = Filter::parse(&json!({"all": [{"path": "title", "op": "equals", "value": "Call Ada"}, {"path": "long", "op": "exists"}, {"path": "gone", "op": "gt", "value": 1}]})).unwrap();
    let explanation = filter.evaluate(&input);
    assert!(!explanation.passed());
    assert_eq!(explanation.tally(), (3, 2));
    let sentence = explanation.sentence();
    assert!(
        sentence.contains("blank at the edge")
            && sentence.contains("nothing at gone")
            && !sentence.contains("xxx"),
        "{sentence}"
    );
    assert!(serde_json::to_string(&explanation).unwrap().len() < 1_500);
}

fn told(condition: &Value, document: &Value) -> (Truth, String) {
    let filter = Filter::parse(condition).unwrap();
    let input = Input {
        document,
        reference_time: "2026-11-24T08:00:00Z".parse().unwrap(),
    };
    match filter.evaluate(&input) {
        Explanation::Condition { result, reason, .. } => (result, reason.to_string()),
        group @ Explanation::Group { .. } => (Truth::from(group.passed()), group.sentence()),
    }
}

#[test]
fn values_compare_as_people_see_them() {
    use Truth::{False, True, Unknown};
    let cases = json!([
        ["5.00", "equals", 5, "T"], [5, "equals", "5.00", "T"], ["5.00", "in", [4, 5], "T"], ["5x", "equals", 5, "F"], ["5.00", "equals", "5", "F"],
        [[1, "2.0"], "has", 2, "T"],
        ["", "in", "urgent, ", "F"], ["", "not_in", ",urgent", "T"], ["urgent", "in", " ,urgent,", "T"], ["", "in", ["urgent", ""], "T"], ["", "in", ",", "T"],
        [["urgent"], "has_all", "urgent, ", "T"], [["", "home"], "has_any", "urgent,", "F"], [["", "home"], "has_none", "urgent,", "T"],
        ["ΟΔΟΣ", "equals", "οδος", "T"], ["ΟΔΟΣ ΑΒ", "starts_with", "οδος", "T"], ["İstanbul", "equals", "istanbul", "T"],
        ["ISPARTA", "equals", "ısparta", "T"], ["STRASSE", "contains", "straße", "T"], ["é", "equals", "E", "F"],
        ["2026-01-31T23:00:00Z", "after", "2026-01-31", "F"], ["2026-02-01", "after", "2026-01-31", "T"], ["2026-01-31T00:00:00Z", "before", "2026-01-31", "F"],
        ["2026-01-31T09:01:00Z", "after", "2026-01-31T09:00:00Z", "T"],
        ["9999-12-31", "after", "2026-01-31", "T"], ["9999-12-31T23:59:59Z", "is_future", null, "T"], ["2026-01-31", "before", "9999-12-31", "T"],
        ["2026-01-31T03:00[Asia/Jakarta]", "on", "2026-01-30", "T"],
        ["2026-01-31T10:00:00Z", "between_dates", ["2026-01-01[Asia/Jakarta]", "2026-01-31[Asia/Jakarta]"], "T"],
        ["2026-01-31T17:30:00Z", "between_dates", ["2026-01-01[Asia/Jakarta]", "2026-01-31[Asia/Jakarta]"], "F"],
        ["2026-01-31T23:30:00Z", "after", "2026-01-31[Europe/Rome]", "T"], ["2026-01-31T22:30:00Z", "after", "2026-01-31[Europe/Rome]", "F"],
        ["2026-01-31T09:30:00Z", "after", "2026-01-31T10:00[Europe/Rome]", "T"], ["2026-01-31T08:30:00Z", "after", "20260131T10[Europe/Rome]", "F"],
        [1, "is_true", null, "T"], [0, "is_false", null, "T"], ["Yes", "is_true", null, "T"], ["off", "is_false", null, "T"], ["", "is_false", null, "T"], ["maybe", "is_true", null, "U"],
        [["a", "b"], "any_item", {"all": [{"op": "starts_with", "value": "b"}, {"none": [{"op": "equals", "value": "bb"}]}]}, "T"],
    ]);
    for case in cases.as_array().unwrap() {
        let expected = match case[3].as_str().unwrap() {
            "T" => True,
            "F" => False,
            _ => Unknown,
        };
        let condition = json!({"path": "$.v", "op": case[1], "value": case[2]});
        let (found, reason) = told(&condition, &json!({"v": case[0]}));
        assert_eq!(found, expected, "{case}: {reason}");
    }
    let late = json!({"path": "$.v", "op": "after", "value": "2026-01-31", "zone": "Asia/Jakarta"});
    let (found, _) = told(&late, &json!({"v": "2026-01-31T17:30:00Z"}));
    assert_eq!(found, True);
}

#[test]
fn a_change_among_several_values_looks_at_all_of_them() {
    use Truth::{False, True, Unknown};
    let tags = |names: &[&str]| json!({"tags": names.iter().map(|name| json!({"n": name})).collect::<Vec<_>>()});
    for (before, after, op, value, expected) in [
        (&["a"][..], &["a", "b"][..], "changed_to", json!("b"), True),
        (&["b", "a"], &["a", "b"], "changed_to", json!("b"), False),
        (&["a", "b"], &["a"], "changed_from", json!("b"), True),
        (
            &["a", "b"],
            &["c", "a"],
            "changed_from_to",
            json!({"from": "b", "to": "c"}),
            True,
        ),
        (&["1"], &["2"], "increased", json!(null), True),
        (&["1", "5"], &["2"], "increased", json!(null), Unknown),
        (&["a"], &["b"], "changed_to", json!("b"), True),
    ] {
        let document = json!({"previousValue": tags(before), "currentValue": tags(after)});
        let condition = json!({"path": "$.tags[*].n", "op": op, "value": value});
        let (found, reason) = told(&condition, &document);
        assert_eq!(found, expected, "{op}: {reason}");
    }
}

#[test]
fn a_single_value_that_is_among_several_is_told_as_that() {
    let document = json!({"v": ["a", "b", "Longer"]});
    for (op, value, expected) in [
        (
            "equals",
            "a",
            "$.v is [\"a\",\"b\",\"Longer\"]; “equals \"a\"” does not hold (it is one of several items; ask with `has`).",
        ),
        (
            "equals",
            "c",
            "$.v is [\"a\",\"b\",\"Longer\"]; “equals \"c\"” does not hold.",
        ),
        (
            "not_contains",
            "b",
            "$.v is [\"a\",\"b\",\"Longer\"], which contains \"b\".",
        ),
        (
            "contains",
            "long",
            "$.v is [\"a\",\"b\",\"Longer\"]; “contains \"long\"” does not hold (an item has it as a part; a list is asked for whole items).",
        ),
    ] {
        let condition = json!({"path": "$.v", "op": op, "value": value});
        assert_eq!(told(&condition, &document).1, expected);
    }
}

#[test]
fn what_cannot_be_told_says_why() {
    let strict =
        |value: Value| json!({"path": "$.v", "op": "equals", "value": value, "types": "strict"});
    let document = json!({"v": "7", "previousValue": {"n": null}, "currentValue": {"n": 7}});
    for (condition, expected) in [
        (
            strict(json!(7)),
            "Cannot tell: $.v is \"7\" (text), which is not a number; with strict types nothing is converted.",
        ),
        (
            json!({"path": "$.n", "op": "increased"}),
            "Cannot tell: there was nothing at $.n before.",
        ),
    ] {
        assert_eq!(told(&condition, &document).1, expected);
    }
}

#[test]
fn conditions_that_could_never_hold_are_refused_where_they_are_saved_only() {
    let pattern = |text: &str| json!({"path": "$.a", "op": "matches", "value": text});
    for (document, expected) in [
        (pattern("/urgent/i"), Some(("/value", "bad_regex"))),
        (pattern("/todo/"), None),
        (pattern("[/]a/i"), None),
        (pattern("/img/svg"), None),
        (
            json!({"none": [{"path": "$.a", "op": "not_contains", "value": ""}]}),
            Some(("/none/0/value", "wrong_value")),
        ),
        (json!({"path": "$.a", "op": "equals", "value": ""}), None),
        (
            json!({"path": "$.a", "op": "in", "value": " , "}),
            Some(("/value", "wrong_value")),
        ),
        (
            json!({"path": "$.a", "op": "has_none", "value": ""}),
            Some(("/value", "wrong_value")),
        ),
        (json!({"path": "$.a", "op": "in", "value": "x,"}), None),
        (json!({"path": "$.a", "op": "in", "value": [""]}), None),
        (pattern("/users/my"), None),
        (pattern("/a/b/i"), None),
        (
            json!({"path": "$.currentValue.event", "op": "changed"}),
            None,
        ),
        (
            json!({"path": "$.event", "op": "changed"}),
            Some(("/path", "no_before")),
        ),
        (
            json!({"path": "$.currentValue.title", "op": "changed"}),
            None,
        ),
        (
            json!({"all": [{"path": "$.tags", "op": "any_item", "value": {"any": [{"path": "$.n", "op": "changed_to", "value": 1}]}}]}),
            Some(("/all/0/value/any/0/op", "no_before")),
        ),
    ] {
        let filter = Filter::parse(&document).unwrap();
        let problems = filter.unfit(About::Event);
        let found = problems.first().map(|one| (one.pointer.as_str(), one.code));
        assert_eq!(found, expected, "{document}");
    }
}

#[test]
fn a_hint_names_only_what_is_near() {
    let hint = |op: &str| {
        let problems = Filter::parse(&json!({"path": "a", "op": op})).unwrap_err();
        problems[0]
            .message
            .split("mean `")
            .nth(1)
            .map(str::to_string)
    };
    assert_eq!(hint("equal").as_deref(), Some("equals`?"));
    assert_eq!(hint("contians").as_deref(), Some("contains`?"));
    assert_eq!(hint("greater_than"), None);
}

#[test]
fn within_none_of_a_condition_that_holds_keeps_the_event_back() {
    let document = json!({"title": "Call Ada", "done": false});
    let input = Input {
        document: &document,
        reference_time: Timestamp::UNIX_EPOCH,
    };
    let contains = |word: &str| json!({"path": "title", "op": "contains", "value": word});
    for (filter, tally) in [
        (json!({"none": [contains("Ada"), contains("Bob")]}), (2, 1)),
        (json!({"none": [contains("Bob")]}), (1, 0)),
        (json!({"any": [contains("Bob"), contains("Eve")]}), (2, 2)),
        (
            json!({"all": [{"any": [contains("Ada"), contains("Bob")]}, contains("Eve")]}),
            (3, 1),
        ),
        (
            json!({"all": [{"none": [{"none": [contains("Bob")]}]}, contains("Ada")]}),
            (2, 1),
        ),
    ] {
        let explanation = Filter::parse(&filter).unwrap().evaluate(&input);
        assert_eq!(explanation.tally(), tally, "{filter}");
    }
}

proptest! {
    #[test]
    fn matching_and_explaining_agree_on_any_document(text in "\\PC{0,20}", number in any::<i64>(), pick in 0..OPERATORS.len(), value in prop_oneof![Just(json!("a")), Just(json!(3)), Just(json!([1, 2])), Just(json!("2 days")), Just(json!("text")), Just(json!("2026-01-01")), Just(json!(null))]) {
        let document = json!({"previousValue": {"x": number}, "currentValue": {"x": text}});
        let input = Input { document: &document, reference_time: Timestamp::UNIX_EPOCH };
        for path in ["$.currentValue.x", "$.previousValue.x", "$..x", "$.x"] {
            if let Ok(filter) = Filter::parse(&json!({"none": [{"path": path, "op": OPERATORS[pick].id, "value": value}]})) {
                prop_assert_eq!(filter.matches(&input), filter.evaluate(&input).passed());
            }
        }
    }
}

/// Values that are easily taken for the same, or for others.
fn awkward() -> Vec<Value> {
    let mut values: Vec<Value> = serde_json::from_str(
        r#"[null, true, false, 0, -0.0, 0.0, 1, 1.0, 5, 5.5, -3, 1e5, 100000, 1e300, 9007199254740992, 9007199254740993, 9007199254740992.0, 18446744073709551615, -9223372036854775808,
        "null", "true", "TRUE", "false", "True ", "", " ", "0", "-0", "0.0", "1", "1.0", " 1 ", "+1", "5", "5.00", "5.50", "05", "5x", "1e5", "1E5", "1E+5", "100000", "inf", "NaN", "-", "1e400",
        "9007199254740992", "9007199254740993", "9007199254740993.0", "170141183460469231731687303715884105727", "170141183460469231731687303715884105728", "170141183460469231731687303715884105729",
        "a", "A", "ä", "Ä", "a\u0308", "ß", "SS", "ss", "ẞ", "ΟΔΟΣ", "οδος", "οδοσ", "İ", "i", "I", "ı", "i\u0307", "i\u0307\u0307", "\u0307", "K", "k", "ſ", "s", "ﬁ", "fi", "２", "2026-01-31", "2026-01-31T00:00:00Z",
        [], [1], ["a"], {}, {"id": 1}, {"id": "a"}, {"title": "A"}, {"name": "ß", "id": 5.5}, {"tag": {"title": "5.00"}}, {"tag": {"id": null}}, {"tagId": true}, {"tagId": "İ"}, {"Id": [1]}, {"id": {"id": 1}}]"#,
    )
    .unwrap();
    values.extend(
        [
            "a".repeat(40),
            "Ä".repeat(40),
            format!("i{}", "\u{307}".repeat(40)),
        ]
        .map(Value::from),
    );
    values
}

/// Whether an item is called so, pair by pair as it was before there were keys.
fn is_called(item: &Value, expected: &Value, types: Types, case_sensitive: bool) -> bool {
    let is = |value: &Value| same_slowly(value, expected, types, case_sensitive) == Some(true);
    let direct = |value: &Value| {
        let names = ["id", "title", "name", "email", "fullName", "text"];
        names.iter().filter_map(|name| value.get(name)).any(is)
    };
    is(item)
        || direct(item)
        || item.as_object().is_some_and(|members| {
            members.iter().any(|(key, inner)| {
                (inner.is_object() && direct(inner)) || (key.ends_with("Id") && is(inner))
            })
        })
}

/// As [`crate::domain::value::same`] is said, with every text folded as a whole.
fn same_slowly(
    found: &Value,
    expected: &Value,
    types: Types,
    case_sensitive: bool,
) -> Option<bool> {
    if types == Types::Strict && type_of(found) != type_of(expected) {
        return None;
    }
    if (found.is_number() || expected.is_number())
        && let (Some(found), Some(expected)) =
            (Number::of(found, types), Number::of(expected, types))
    {
        return Some(found.compare(expected)?.is_eq());
    }
    if found.is_null() && expected.is_null() {
        return Some(true);
    }
    let folded = |text: &str| {
        let large = text.chars().flat_map(char::to_uppercase);
        let small = large.flat_map(char::to_lowercase);
        small.fold(String::new(), |mut folded, sign| {
            if sign != '\u{307}' || !folded.ends_with('i') {
                folded.push(sign);
            }
            folded
        })
    };
    let (found, expected) = (
        text_of(found, Types::Auto)?,
        text_of(expected, Types::Auto)?,
    );
    Some(found == expected || (!case_sensitive && folded(&found) == folded(&expected)))
}

/// Whether a value is one of these; of a list, whether one of its items is.
fn is_in_slowly(value: &Value, entries: &[Value], (types, case_sensitive): (Types, bool)) -> Truth {
    if let Value::Array(items) = value {
        let has = |entry: &Value| {
            items
                .iter()
                .any(|item| is_called(item, entry, types, case_sensitive))
        };
        return Truth::from(entries.iter().any(has));
    }
    let told = entries
        .iter()
        .filter_map(|entry| same_slowly(value, entry, types, case_sensitive));
    let told: Vec<bool> = told.collect();
    if told.is_empty() {
        Truth::Unknown
    } else {
        Truth::from(told.contains(&true))
    }
}

/// The four ways in which values are read.
fn scopes() -> impl Iterator<Item = (Types, bool)> {
    [Types::Auto, Types::Strict]
        .into_iter()
        .flat_map(|types| [(types, false), (types, true)])
}

fn over(path: &str, op: &str, value: &Value, (types, case_sensitive): (Types, bool)) -> Filter {
    let types = match types {
        Types::Auto => "auto",
        Types::Strict => "strict",
    };
    Filter::parse(&json!({"path": path, "op": op, "value": value, "types": types, "case_sensitive": case_sensitive})).unwrap()
}

/// What a filter says of a value at `$.v`: true, false, or whether it cannot tell.
fn says(filter: &Filter, v: &Value) -> Truth {
    let document = json!({"v": v});
    let input = Input {
        document: &document,
        reference_time: Timestamp::UNIX_EPOCH,
    };
    match &filter.root {
        Node::Condition(condition) => {
            condition
                .judge(&input, Asking::new(&Folds::default()))
                .truth
        }
        Node::Group { .. } => panic!("a group"),
    }
}

#[test]
fn what_keys_find_is_what_comparing_each_pair_finds() {
    let all = awkward();
    let scalars = || all.iter().filter(|one| !one.is_array() && !one.is_object());
    for scope @ (types, case_sensitive) in scopes() {
        for entry in scalars() {
            let is_in = over("$.v", "in", &json!([entry]), scope);
            let has_any = over("$.v", "has_any", &json!([entry]), scope);
            let has_all = over("$.v", "has_all", &json!([entry]), scope);
            for value in &all {
                let expected = is_in_slowly(value, std::slice::from_ref(entry), scope);
                assert_eq!(
                    says(&is_in, value),
                    expected,
                    "{value} in {entry}, {scope:?}"
                );
                let expected = Truth::from(is_called(value, entry, types, case_sensitive));
                let items = json!([value]);
                assert_eq!(
                    says(&has_any, &items),
                    expected,
                    "{value} any {entry}, {scope:?}"
                );
                assert_eq!(
                    says(&has_all, &items),
                    expected,
                    "{value} all {entry}, {scope:?}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn lists_compare_as_each_pair_of_them_does(
        entries in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        items in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        words in prop::collection::vec("[iIİı\u{307}sSßςσ1.eE+ -]{0,3}", 0..3),
    ) {
        let all = awkward();
        let (scalars, words): (Vec<Value>, Vec<Value>) = (
            all.iter().filter(|one| !one.is_array() && !one.is_object()).cloned().collect(),
            words.into_iter().map(Value::from).collect(),
        );
        let entries: Vec<Value> = entries.iter().map(|at| at.get(&scalars).clone()).chain(words.clone()).collect();
        let items: Vec<Value> = items.iter().map(|at| at.get(&all).clone()).chain(words).collect();
        let (list, found) = (json!(entries), json!(items));
        for scope @ (types, case_sensitive) in scopes() {
            let has = |entry: &Value| items.iter().any(|item| is_called(item, entry, types, case_sensitive));
            let any = entries.iter().any(has);
            prop_assert_eq!(says(&over("$.v", "has_any", &list, scope), &found), Truth::from(any));
            prop_assert_eq!(says(&over("$.v", "has_none", &list, scope), &found), Truth::from(!any));
            prop_assert_eq!(says(&over("$.v", "has_all", &list, scope), &found), Truth::from(entries.iter().all(has)));
            for item in &items {
                let expected = is_in_slowly(item, &entries, scope);
                prop_assert_eq!(says(&over("$.v", "in", &list, scope), item), expected);
            }
        }
    }

    #[test]
    fn items_come_and_go_as_each_pair_of_them_compares(
        before in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        after in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        name in any::<prop::sample::Index>(),
    ) {
        let all = awkward();
        let pick = |ats: &[prop::sample::Index]| ats.iter().map(|at| at.get(&all).clone()).collect::<Vec<Value>>();
        let (before, after, name) = (pick(&before), pick(&after), name.get(&all));
        let document = json!({"previousValue": {"v": before}, "currentValue": {"v": after}});
        let input = Input { document: &document, reference_time: Timestamp::UNIX_EPOCH };
        let key = |item: &Value| item.get("id").filter(|id| !id.is_null()).unwrap_or(item).clone();
        let gained = |from: &[Value], to: &[Value], is: &dyn Fn(&Value) -> bool| {
            to.iter().filter(|item| !from.iter().any(|old| key(old) == key(item))).any(is)
        };
        for scope @ (types, case_sensitive) in scopes() {
            for (op, from, to) in [("item_added", &before, &after), ("item_removed", &after, &before)] {
                let any = over("$.v", op, &Value::Null, scope);
                prop_assert_eq!(any.matches(&input), gained(from, to, &|_| true));
                if name.is_string() || name.is_number() || name.is_boolean() {
                    let named = over("$.v", op, name, scope);
                    let expected = gained(from, to, &|item| is_called(item, name, types, case_sensitive));
                    prop_assert_eq!(named.matches(&input), expected);
                }
            }
        }
    }
}

/// What a filter makes of a document, asked in both ways.
fn told_both_ways(filter: &Value, document: &Value) -> (bool, String) {
    let input = Input {
        document,
        reference_time: Timestamp::UNIX_EPOCH,
    };
    let filter = Filter::parse(filter).unwrap();
    let explanation = filter.evaluate(&input);
    let passes = filter.matches(&input);
    assert_eq!(passes, explanation.passed());
    (passes, explanation.sentence())
}

#[test]
fn what_all_conditions_together_may_cost_is_bounded_whichever_is_asked() {
    const TOO_MUCH: &str =
        "Cannot tell: This asks too much of the items of so long a list; ask for less of each.";
    // Whatever the items are, all of them are asked all of it.
    let asking = |op: &str, inner: Value, conditions: usize| {
        let mode = if op == "any_item" { "any" } else { "none" };
        json!({"path": "$.list", "op": op, "value": {mode: vec![inner; conditions]}})
    };
    let plain =
        |op: &str, conditions| asking(op, json!({"path": "$.n", "op": "is_null"}), conditions);
    let list = |n: Value, items: usize| json!({"list": vec![json!({"n": n}); items]});
    let is_too_much = |filter: &Value, document: &Value| {
        let (passes, told) = told_both_ways(filter, document);
        assert!(!passes || !told.contains(TOO_MUCH), "{told}");
        told.contains(TOO_MUCH)
    };
    for op in ["any_item", "all_items"] {
        assert!(is_too_much(&plain(op, 50), &list(json!(1), 20_001)), "{op}");
        assert!(!is_too_much(&plain(op, 5), &list(json!(1), 1_000)), "{op}");
    }

    // Long texts count by their length. Each of several lists has its share, also those that nobody comes to.
    let text = json!("x".repeat(25_600));
    let some = |conditions| plain("any_item", conditions);
    assert!(is_too_much(&some(50), &list(text.clone(), 200)));
    assert!(!is_too_much(&some(50), &list(text.clone(), 100)));
    let two = json!({"any": [some(50), some(50)]});
    assert!(is_too_much(&two, &list(text.clone(), 100)));
    // Within `none`, what cannot be told lets the event pass as ever.
    let none = json!({"none": [some(50)]});
    let mut last_holds = list(text.clone(), 200);
    last_holds["list"]
        .as_array_mut()
        .unwrap()
        .push(json!({"n": null}));
    let (passes, told) = told_both_ways(&none, &last_holds);
    assert!(passes && told.contains(TOO_MUCH), "{told}");

    // Lists in lists and queries about items count as well.
    let nested = json!({"path": "$.lists", "op": "any_item", "value": some(50)});
    let lists = json!({"lists": vec![list(text, 20); 10]});
    assert!(is_too_much(&nested, &lists));
    let query = asking("any_item", json!({"path": "$..x", "op": "exists"}), 100);
    assert!(is_too_much(&query, &list(json!(vec![1; 100]), 100)));
    assert!(!is_too_much(&query, &list(json!(vec![1; 10]), 100)));
}

#[test]
fn many_queries_share_what_one_may_cost() {
    let told = |path: &str, count: usize, items: usize| {
        let one = json!({"path": path, "op": "exists"});
        let document = json!({"list": vec![json!({"n": 1}); items]});
        told_both_ways(&json!({"any": vec![one; count]}), &document).1
    };
    let too_much = "Cannot tell: This path would search too much";
    assert!(!told("$..x", 10, 50_000).contains(too_much));
    assert!(told("$..x", 200, 50_000).contains(too_much));
    // Names and indexes cost nothing, and ordinary events are searched as ever.
    assert!(!told("$.list[0].x", 200, 50_000).contains(too_much));
    assert!(!told("$..x", 200, 500).contains(too_much));
    let matched = told("$.list[?match(@.n, 'x')]", 200, 50);
    assert!(
        matched.contains("match() and search() are limited to 10 values"),
        "{matched}"
    );
}

#[test]
fn long_texts_that_are_folded_once_are_told_apart() {
    let long = |word: &str| format!("{} {word}", "Größe ".repeat(300));
    let document = json!({"a": long("ÄPFEL"), "b": long("Birnen"), "c": "kurz", "list": [long("ÄPFEL"), long("ÖL")]});
    let input = Input {
        document: &document,
        reference_time: Timestamp::UNIX_EPOCH,
    };
    let folds = Folds::default();
    for (path, op, value, case_sensitive, expected) in [
        ("$.a", "contains", "äpfel", false, true),
        ("$.b", "contains", "äpfel", false, false),
        ("$.b", "ends_with", "BIRNEN", false, true),
        ("$.b", "ends_with", "BIRNEN", true, false),
        ("$.a", "ends_with", "äpfel", false, true),
        ("$.a", "starts_with", "GRÖSSE", false, true),
        ("$.c", "contains", "KURZ", false, true),
        ("$.list[*]", "ends_with", "öl", false, true),
        ("$.list[*]", "ends_with", "birnen", false, false),
    ] {
        let filter = over(path, op, &json!(value), (Types::Auto, case_sensitive));
        let told = filter.matches_with(&input, &folds);
        assert_eq!(told, expected, "{path} {op} {value}");
        assert_eq!(told, filter.matches(&input), "{path} {op} {value}");
    }
}

/// Values of two custom fields with a list each, one that is empty, and one that is not filled in.
fn with_countries(before: Value, now: Value) -> Value {
    let side = |countries: Value| {
        json!({"fields": [
            {"name": "Budget", "codes": null}, {"name": "Country", "codes": countries},
            {"name": "Market", "codes": ["FR"]}, {"name": "Nowhere", "codes": []}
        ]})
    };
    json!({"previousValue": side(before), "currentValue": side(now)})
}

#[test]
fn lists_below_a_path_to_many_are_the_list_that_is_asked() {
    use Truth::{False, True};
    let document = with_countries(json!(["ID", "US"]), json!(["ID", "DE"]));
    let country = "fields[?@.name=='Country'].codes";
    let nowhere = "fields[?@.name=='Nowhere'].codes";
    let absent = "fields[?@.name=='Absent'].codes";
    let every = "fields[*].codes";
    let is_germany = json!({"op": "equals", "value": "DE"});
    let is_short = json!({"op": "length_eq", "value": 2});
    for (path, op, value, expected) in [
        (country, "has", json!("id"), True),
        (country, "has", json!("FR"), False),
        (country, "has_any", json!(["DE", "US"]), True),
        (country, "has_any", json!(["US"]), False),
        (country, "has_all", json!(["DE", "ID"]), True),
        (country, "has_all", json!(["DE", "US"]), False),
        (country, "has_none", json!(["DE"]), False),
        (country, "has_none", json!(["US"]), True),
        (country, "any_item", is_germany.clone(), True),
        (country, "all_items", is_germany.clone(), False),
        (country, "all_items", is_short, True),
        (country, "item_added", json!(null), True),
        (country, "item_added", json!("DE"), True),
        (country, "item_added", json!("ID"), False),
        (country, "item_removed", json!("US"), True),
        (country, "item_removed", json!("DE"), False),
        (country, "changed", json!(null), True),
        (nowhere, "has_none", json!(["DE"]), True),
        (nowhere, "any_item", is_germany.clone(), False),
        (nowhere, "item_added", json!(null), False),
        (absent, "has_any", json!(["DE"]), False),
        (absent, "has_none", json!(["DE"]), True),
        // Of several lists it is all that stands in them.
        (every, "has_all", json!(["DE", "FR"]), True),
        (every, "has_none", json!(["US"]), True),
        (every, "item_added", json!("DE"), True),
        (every, "item_added", json!("FR"), False),
        (every, "item_removed", json!("US"), True),
    ] {
        let path = format!("$.currentValue.{path}");
        let filter = Filter::parse(&json!({"path": path, "op": op, "value": value})).unwrap();
        let input = Input {
            document: &document,
            reference_time: Timestamp::UNIX_EPOCH,
        };
        let judged = match filter.evaluate(&input) {
            Explanation::Condition { result, .. } => result,
            Explanation::Group { result, .. } => result,
        };
        assert_eq!(judged, expected, "{path} {op} {value}");
    }
    // A list that is not filled in any more has lost its items and got none.
    let emptied = with_countries(json!(["ID"]), Value::Null);
    for (op, expected) in [("item_added", false), ("item_removed", true)] {
        let filter = Filter::parse(&json!({"path": format!("$.{every}"), "op": op})).unwrap();
        let input = Input {
            document: &emptied,
            reference_time: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(filter.matches(&input), expected, "{op}");
    }
}

#[test]
fn lists_of_a_path_to_many_are_not_more_than_such_a_path_may_select() {
    let items = vec!["a"; crate::domain::path::RESULT_LIMIT_NODES];
    let document = json!({"currentValue": {"one": [items], "two": [items, items]}});
    let sentence = |path: &str| {
        let filter = Filter::parse(&json!({"path": path, "op": "has", "value": "b"})).unwrap();
        let input = Input {
            document: &document,
            reference_time: Timestamp::UNIX_EPOCH,
        };
        filter.evaluate(&input).sentence()
    };
    let one = sentence("$.currentValue.one[*]");
    assert!(one.ends_with("does not hold."), "{one}");
    let two = sentence("$.currentValue.two[*]");
    assert!(two.starts_with("Cannot tell: "), "{two}");
}

#[test]
fn an_explanation_tells_what_was_compared() {
    let document = with_countries(json!(["ID"]), json!(["ID", "DE"]));
    let country = "$.currentValue.fields[?@.name=='Country'].codes";
    let every = "$.currentValue.fields[*].codes";
    let names = "$.currentValue.fields[*].name";
    for (path, op, value, sentence) in [
        (
            "$.nowhere",
            "missing",
            json!(null),
            "There is nothing at $.nowhere: “is not there” holds.",
        ),
        (
            "$.nowhere",
            "exists",
            json!(null),
            "There is nothing at $.nowhere: “is there” does not hold.",
        ),
        (
            "$.nowhere[*]",
            "has_none",
            json!(["x"]),
            "There is nothing at $.nowhere[*]: “has none of [\"x\"]” holds.",
        ),
        (
            country,
            "has_any",
            json!(["US"]),
            r#"$.currentValue.fields[?@.name=='Country'].codes is ["ID","DE"]; “has any of ["US"]” does not hold."#,
        ),
        (
            every,
            "has",
            json!("US"),
            r#"$.currentValue.fields[*].codes is [null,"ID","DE","FR"]; “has "US"” does not hold."#,
        ),
        (
            every,
            "item_added",
            json!("DE"),
            r#"$.currentValue.fields[*].codes was [null,"ID","FR"] and is [null,"ID","DE","FR"]: “got the item "DE"” holds."#,
        ),
        (
            names,
            "changed",
            json!(null),
            r#"$.currentValue.fields[*].name was ["Budget","Country","Market","Nowhere"] and is ["Budget","Country","Market","Nowhere"]: “has changed” does not hold."#,
        ),
        (
            "$.currentValue.fields[0].codes",
            "changed_from",
            json!(null),
            "$.currentValue.fields[0].codes was null and is null: “has changed from null” does not hold.",
        ),
        (
            "$.currentValue.fields[0].codes",
            "changed_to",
            json!(null),
            "$.currentValue.fields[0].codes was null and is null: “has changed to null” does not hold.",
        ),
    ] {
        let filter = Filter::parse(&json!({"path": path, "op": op, "value": value})).unwrap();
        let input = Input {
            document: &document,
            reference_time: Timestamp::UNIX_EPOCH,
        };
        let Explanation::Condition { reason, .. } = filter.evaluate(&input) else {
            panic!("{path}");
        };
        assert_eq!(reason.to_string(), sentence);
    }
}
