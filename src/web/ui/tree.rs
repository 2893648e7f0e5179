//! An explanation as nested lists, for eyes and screen readers: a mark, the word, what was compared, and why.

use askama::Template;
use serde_json::Value;

use crate::domain::filter::condition::Truth;
use crate::domain::filter::explanation::{Denied, Explanation, Found, Reason, Slip, Test};
use crate::web::phrases::retold;
use crate::web::ui::labels::operator_called;

#[derive(Template)]
#[template(path = "parts/node.html")]
struct Node<'a> {
    group: bool,
    result: &'static str,
    mark: &'static str,
    word: String,
    title: String,
    path: &'a str,
    expected: Option<String>,
    reason: String,
    /// Rendered and escaped already.
    children: Vec<String>,
}

/// The tree as HTML; every text in it is escaped by its template.
pub fn html(explanation: &Explanation) -> String {
    let node = match explanation {
        Explanation::Group {
            mode,
            result,
            children,
        } => Node {
            group: true,
            title: match *mode {
                "all" => t!("deliveries-tree-all"),
                "any" => t!("deliveries-tree-any"),
                _ => t!("deliveries-tree-none"),
            },
            path: "",
            expected: None,
            reason: if children.is_empty() {
                t!("builder-group-empty")
            } else {
                String::new()
            },
            children: children.iter().map(html).collect(),
            ..words(*result)
        },
        Explanation::Condition {
            path,
            op,
            value,
            result,
            reason,
            ..
        } => Node {
            group: false,
            title: operator_called(op),
            path,
            expected: (*value != Value::Null).then(|| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_string)
            }),
            reason: self::reason(reason),
            children: Vec::new(),
            // Its reason begins with that word.
            word: match result {
                Truth::Unknown => String::new(),
                result => words(*result).word,
            },
            ..words(*result)
        },
    };
    node.render().unwrap_or_default()
}

fn words<'a>(result: Truth) -> Node<'a> {
    let (class, mark, word) = match result {
        Truth::True => ("true", "✓", t!("deliveries-tree-true")),
        Truth::False => ("false", "✗", t!("deliveries-tree-false")),
        Truth::Unknown => ("unknown", "?", t!("deliveries-tree-unknown")),
    };
    Node {
        group: false,
        result: class,
        mark,
        word,
        title: String::new(),
        path: "",
        expected: None,
        reason: String::new(),
        children: Vec::new(),
    }
}

/// The conditions that decided, in one line.
pub fn sentence(explanation: &Explanation) -> String {
    match explanation.reasons().as_slice() {
        [] => told!("reason-", "no_condition", explanation.sentence()),
        reasons => said_once(reasons.iter().map(|one| reason(one)), " "),
    }
}

/// The sentences in their order, each once; of what many conditions say, with their number.
pub fn said_once(sentences: impl Iterator<Item = String>, joint: &str) -> String {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for sentence in sentences {
        match counted.iter_mut().find(|(said, _)| *said == sentence) {
            Some((_, count)) => *count += 1,
            None => counted.push((sentence, 1)),
        }
    }
    let told = counted.into_iter().map(|(said, count)| match count {
        1 => said,
        count => t!("deliveries-reason-times", reason = said, count = count),
    });
    told.collect::<Vec<_>>().join(joint)
}

/// Why a condition held or not, in the reader's language.
pub fn reason(reason: &Reason) -> String {
    let english = reason.to_string();
    match reason {
        Reason::Missing { path } => told!("reason-", "missing", english, path = path),
        Reason::NoBefore => told!("reason-", "no_before", english),
        Reason::NoSide { path, before: true } => {
            told!("reason-", "nothing_before", english, path = path)
        }
        Reason::NoSide { path, .. } => told!("reason-", "nothing_after", english, path = path),
        Reason::Limit(limit) => told!("reason-", "limit", english, reason = retold(limit)),
        Reason::NotA {
            path,
            found,
            kind,
            wanted,
            strict,
        } => told!(
            "reason-",
            if *strict { "not_a_strict" } else { "not_a" },
            english,
            path = path,
            found = value(found),
            kind = kind_word(kind),
            wanted = kind_word(wanted)
        ),
        Reason::Change {
            path,
            before,
            found,
            test,
            holds,
        } => told!(
            "reason-",
            if *holds {
                "change_holds"
            } else {
                "change_fails"
            },
            english,
            path = path,
            before = value(before),
            found = value(found),
            test = tested(test)
        ),
        Reason::Holds {
            path,
            found: Found(None),
            test,
        } => told!(
            "reason-",
            "nothing_holds",
            english,
            path = path,
            test = tested(test)
        ),
        Reason::Fails {
            path,
            found: Found(None),
            test,
            ..
        } => told!(
            "reason-",
            "nothing_fails",
            english,
            path = path,
            test = tested(test)
        ),
        Reason::Holds { path, found, test } => told!(
            "reason-",
            "holds",
            english,
            path = path,
            found = value(found),
            test = tested(test)
        ),
        Reason::Fails {
            path,
            found,
            test,
            slip,
        } => told!(
            "reason-",
            match (test.denied(), slip) {
                (Some((Denied::Contains, _)), _) => "contains",
                (Some((Denied::Equals, _)), _) => "equals",
                (Some((Denied::IsOneOf, _)), _) => "is_one_of",
                (Some((Denied::StartsWith, _)), _) => "starts_with",
                (Some((Denied::EndsWith, _)), _) => "ends_with",
                (Some((Denied::Matches, _)), _) => "matches",
                (None, None) => "fails",
                (None, Some(Slip::BlankAtEdge)) => "fails_by_blank",
                (None, Some(Slip::Case)) => "fails_by_case",
                (None, Some(Slip::AmongOthers)) => "fails_among_others",
                (None, Some(Slip::PartOfAnItem)) => "fails_by_part",
            },
            english,
            path = path,
            found = value(found),
            value = test.value.as_deref().unwrap_or_default(),
            test = tested(test)
        ),
    }
}

fn kind_word(kind: &str) -> String {
    told!("reason-", &kind.replace(' ', "_"), kind)
}

fn value(found: &Found) -> String {
    match &found.0 {
        Some(text) => text.clone(),
        None => told!("reason-", "not_there", found.to_string()),
    }
}

fn tested(test: &Test) -> String {
    let label = told!("operator-", test.op, test.label);
    match &test.value {
        None => label,
        Some(value) => format!("{label} {value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{reason, said_once};
    use crate::domain::filter::explanation::Explanation;
    use crate::domain::filter::{Filter, Input};
    use crate::domain::person::Language;
    use crate::web::reader::Reader;
    use serde_json::{Value, json};

    fn told(op: &str, value: Value, language: Language) -> String {
        let filter = Filter::parse(&json!({"path": "$.a", "op": op, "value": value})).unwrap();
        let document = json!({"a": 7, "done": true});
        let input = Input {
            document: &document,
            reference_time: "2026-11-24T08:00:00Z".parse().unwrap(),
        };
        let Explanation::Condition { reason: why, .. } = filter.evaluate(&input) else {
            panic!("one condition");
        };
        let reader = Reader {
            language,
            ..Reader::default()
        };
        let told = reader.reads(|| reason(&why));
        if language == Language::English {
            assert_eq!(told, why.to_string(), "for people and programs the same");
        }
        told
    }

    #[test]
    fn what_a_test_denies_and_is_so_is_told_as_a_fact() {
        use Language::{English, Indonesian};
        for (op, value, english, indonesian) in [
            (
                "not_contains",
                json!("7"),
                "$.a is 7, which contains \"7\".",
                "$.a bernilai 7, yang memuat \"7\".",
            ),
            (
                "not_equals",
                json!(7),
                "$.a is 7, which equals 7.",
                "$.a bernilai 7, yang sama dengan 7.",
            ),
            (
                "ne",
                json!(7),
                "$.a is 7, which equals 7.",
                "$.a bernilai 7, yang sama dengan 7.",
            ),
            (
                "not_in",
                json!([6, 7]),
                "$.a is 7, which is one of [6,7].",
                "$.a bernilai 7, yang termasuk salah satu dari [6,7].",
            ),
            (
                "not_starts_with",
                json!("7"),
                "$.a is 7, which starts with \"7\".",
                "$.a bernilai 7, yang diawali \"7\".",
            ),
            (
                "not_ends_with",
                json!("7"),
                "$.a is 7, which ends with \"7\".",
                "$.a bernilai 7, yang diakhiri \"7\".",
            ),
            (
                "not_matches",
                json!("^7"),
                "$.a is 7, which matches the pattern \"^7\".",
                "$.a bernilai 7, yang cocok dengan pola \"^7\".",
            ),
            (
                "equals",
                json!(8),
                "$.a is 7; “equals 8” does not hold.",
                "$.a bernilai 7; “sama dengan 8” tidak terpenuhi.",
            ),
        ] {
            assert_eq!(told(op, value.clone(), English), english);
            assert_eq!(told(op, value, Indonesian), indonesian);
        }
        let held = told("not_equals", json!(8), English);
        assert_eq!(held, "$.a is 7, which does not equal 8.");
    }

    #[test]
    fn what_many_conditions_say_is_said_once_with_their_number() {
        let said = |sentences: &[&str]| said_once(sentences.iter().map(ToString::to_string), " ");
        assert_eq!(said(&["a.", "b.", "a.", "a."]), "a. (3 conditions) b.");
        assert_eq!(said(&[]), "");
    }
}
