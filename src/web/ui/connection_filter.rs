//! Between a filter's document and the rows of its form: groups within groups, one row each, told apart by their depth.
//!
//! A filter that rows cannot carry back unchanged (a value of an unusual type, an unknown key) is shown as JSON instead, so that nothing is lost
//! by editing. Called by `connection_form`; what a row means is decided by the parser in `domain`.

use serde_json::{Value, json};

use crate::domain::filter::operator::{self, OPERATORS, Takes};
use crate::domain::filter::written::{listed, written_list};
use crate::domain::filter::{CONDITION_KEYS, CONDITIONS_LIMIT, DEPTH_LIMIT, group};
use crate::domain::path::Path;
use crate::domain::value::{Number, Types, time_of};
use crate::web::i18n::Key;
use crate::web::ui::form::Form;
use crate::web::ui::labels::{group_name, operator_label};
use crate::web::ui::rule_places::{condition_called, group_called};
use crate::web::ui::sample_tree::usual_operator;

/// How a path to every entry of a list ends.
const EVERY: &str = "[*]";

/// Rows that a form may have.
const ROWS_LIMIT: usize = 400;

pub const MODES: [(&str, Key); 3] = [
    ("all", key!("builder-mode-all")),
    ("any", key!("builder-mode-any")),
    ("none", key!("builder-mode-none")),
];

/// A condition, or the head of a group whose members follow one level deeper.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct FilterRow {
    /// 0 stands in the outermost group.
    pub depth: usize,
    /// An operator, or the mode of a group.
    pub op: String,
    pub path: String,
    pub value: String,
    pub case_sensitive: bool,
    pub strict: bool,
    pub zone: String,
    /// The keyboard goes here after the page was made again.
    pub focus: bool,
}

/// Operators under one heading.
pub struct OperatorGroup {
    pub name: String,
    pub operators: Vec<OperatorChoice>,
}

/// One operator as a form offers it.
pub struct OperatorChoice {
    pub id: &'static str,
    pub label: String,
    /// What is typed as its value; `None` when it takes none.
    pub hint: Option<String>,
}

/// The document of the rows, and the pointer of each row that is in it.
pub fn document(mode: &str, rows: &[FilterRow]) -> (Value, Vec<(usize, String)>) {
    let mode = MODES
        .iter()
        .find(|(word, _)| *word == mode)
        .map_or("all", |(word, _)| word);
    let mut pointers = Vec::new();
    let mut next = 0;
    let children = children(
        rows,
        &mut next,
        0,
        &format!("/filter/{mode}"),
        &mut pointers,
    );
    if children.is_empty() {
        (Value::Null, pointers)
    } else {
        (json!({mode: children}), pointers)
    }
}

fn children(
    rows: &[FilterRow],
    next: &mut usize,
    depth: usize,
    pointer: &str,
    pointers: &mut Vec<(usize, String)>,
) -> Vec<Value> {
    let mut made = Vec::new();
    while let Some(row) = rows.get(*next).filter(|row| row.depth >= depth) {
        let index = *next;
        *next += 1;
        if row.is_blank() {
            continue;
        }
        let place = format!("{pointer}/{}", made.len());
        pointers.push((index, place.clone()));
        if row.is_group() {
            let mode = row.op.as_str();
            let inner = children(
                rows,
                next,
                row.depth + 1,
                &format!("{place}/{mode}"),
                pointers,
            );
            made.push(json!({mode: inner}));
        } else {
            made.push(row.document());
        }
    }
    made
}

/// The rows of a filter that fits into rows, with the mode of its outermost group.
pub fn rows_of(filter: &Value) -> Option<(&'static str, Vec<FilterRow>)> {
    let mut rows = Vec::new();
    if filter.is_null() {
        return Some(("all", rows));
    }
    if filter.get("op").is_some() {
        rows.push(FilterRow::of(filter, 0)?);
        return Some(("all", rows));
    }
    let (mode, members) = group(filter).filter(|_| is_only_group(filter))?;
    flatten(members, 0, &mut rows)?;
    (rows.len() <= ROWS_LIMIT).then_some((mode, rows))
}

fn is_only_group(document: &Value) -> bool {
    document
        .as_object()
        .is_some_and(|members| members.len() == 1)
}

fn flatten(members: &[Value], depth: usize, rows: &mut Vec<FilterRow>) -> Option<()> {
    for member in members {
        match group(member) {
            Some((mode, inner)) if is_only_group(member) => {
                rows.push(FilterRow {
                    depth,
                    op: mode.into(),
                    ..FilterRow::default()
                });
                flatten(inner, depth + 1, rows)?;
            }
            _ => rows.push(FilterRow::of(member, depth)?),
        }
    }
    Some(())
}

/// The rows as they were typed; a depth that no group opened is taken back to the nearest that one did.
pub fn typed(form: &Form) -> Vec<FilterRow> {
    let columns = [
        "c_depth", "c_op", "c_path", "c_value", "c_case", "c_types", "c_zone",
    ]
    .map(|name| form.all(name));
    let at = |column: usize, index: usize| columns[column].get(index).copied().unwrap_or_default();
    let mut rows: Vec<FilterRow> = Vec::new();
    for index in 0..columns[2].len().min(ROWS_LIMIT) {
        let deepest = rows
            .last()
            .map_or(0, |row| row.depth + usize::from(row.is_group()));
        rows.push(FilterRow {
            depth: at(0, index).parse::<usize>().unwrap_or(0).min(deepest),
            op: at(1, index).into(),
            path: at(2, index).trim().into(),
            value: at(3, index).into(),
            case_sensitive: at(4, index) == "yes",
            strict: at(5, index) == "strict",
            zone: at(6, index).trim().into(),
            focus: false,
        });
    }
    rows
}

/// Whether there may be one more condition, with a group around it.
pub fn may_have_another(rows: &[FilterRow]) -> bool {
    let conditions = rows.iter().filter(|row| !row.is_group()).count();
    conditions < CONDITIONS_LIMIT && rows.len() + 2 <= ROWS_LIMIT
}

/// Adds an empty condition, or a group with one, at the end of the group at `head`; the outermost one without it.
pub fn add(rows: &mut Vec<FilterRow>, head: Option<usize>, group: bool) {
    let head = head.filter(|index| rows.get(*index).is_some_and(FilterRow::is_group));
    let depth = head.map_or(0, |index| rows[index].depth + 1);
    let at = head.map_or(rows.len(), |index| end_of(rows, index));
    let condition = |depth| FilterRow {
        depth,
        op: "contains".into(),
        focus: true,
        ..FilterRow::default()
    };
    if !may_have_another(rows) || depth + usize::from(group) > DEPTH_LIMIT {
        return;
    }
    if group {
        rows.insert(at, condition(depth + 1));
        rows.insert(
            at,
            FilterRow {
                depth,
                op: "any".into(),
                ..FilterRow::default()
            },
        );
    } else {
        rows.insert(at, condition(depth));
    }
}

/// Adds a condition about the value at `path` to the outermost group, which begins as what is found there is asked.
pub fn pick(rows: &mut Vec<FilterRow>, path: &str, sample: &Value) {
    let before = rows.len();
    add(rows, None, false);
    if let Some(row) = rows.get_mut(before) {
        // A list is asked for its entries as it is.
        row.path = path.strip_suffix(EVERY).unwrap_or(path).to_string();
        row.op = usual_operator(path, found_at(path, sample)).into();
    }
}

/// Takes a row out; a group goes with everything in it.
pub fn remove(rows: &mut Vec<FilterRow>, index: usize) {
    if index < rows.len() {
        let end = end_of(rows, index);
        rows.drain(index..end);
        let near = index.min(rows.len().saturating_sub(1));
        if let Some(row) = rows.get_mut(near) {
            row.focus = true;
        }
    }
}

/// What a row is called: `Condition 2 of group 1`.
pub fn called(rows: &[FilterRow], index: usize) -> String {
    let (before, rest) = rows.split_at(index.min(rows.len()));
    let groups = |rows: &[FilterRow]| rows.iter().filter(|row| row.is_group()).count();
    let Some(row) = rest.first().filter(|row| !row.is_group()) else {
        return group_called(groups(before) + 1);
    };
    let head = before.iter().rposition(|other| other.depth < row.depth);
    let beside = before.iter().skip(head.map_or(0, |head| head + 1));
    let alike = beside.filter(|other| other.depth == row.depth && !other.is_group());
    let group = head.map(|head| groups(&before[..head]) + 1);
    condition_called(alike.count() + 1, group)
}

/// How many groups end with a row, since the next one stands outside of them.
pub fn groups_ending(rows: &[FilterRow], index: usize) -> usize {
    let inside = |row: &FilterRow| row.depth + usize::from(row.is_group());
    let next = rows.get(index + 1).map_or(0, |row| row.depth);
    rows.get(index).map_or(0, inside).saturating_sub(next)
}

fn end_of(rows: &[FilterRow], index: usize) -> usize {
    let depth = rows[index].depth;
    let inside = rows[index + 1..].iter().take_while(|row| row.depth > depth);
    index + 1 + inside.count()
}

impl FilterRow {
    pub fn is_group(&self) -> bool {
        MODES.iter().any(|(mode, _)| *mode == self.op)
    }

    /// Nothing was typed into it.
    pub fn is_blank(&self) -> bool {
        !self.is_group() && self.path.is_empty() && self.value.trim().is_empty()
    }

    /// Whether its value is still to be typed.
    pub fn lacks_value(&self) -> bool {
        !self.is_group() && self.value.trim().is_empty() && self.hint().is_some()
    }

    /// What is typed as the value of its operator; `None` when it takes none.
    pub fn hint(&self) -> Option<String> {
        let takes = operator::find(&self.op).map_or(Takes::Scalar, |operator| operator.takes());
        hint(takes)
    }

    /// Whether anything beyond path, operator and value is set.
    pub fn has_options(&self) -> bool {
        self.case_sensitive || self.strict || !self.zone.is_empty()
    }

    fn of(document: &Value, depth: usize) -> Option<FilterRow> {
        let members = document.as_object()?;
        if members
            .keys()
            .any(|key| !CONDITION_KEYS.contains(&key.as_str()))
        {
            return None;
        }
        let row = FilterRow {
            depth,
            op: members.get("op")?.as_str()?.into(),
            path: members.get("path")?.as_str()?.into(),
            value: members.get("value").map(typed_text).unwrap_or_default(),
            case_sensitive: document["case_sensitive"].as_bool().unwrap_or(false),
            strict: document["types"] == "strict",
            zone: document["zone"].as_str().unwrap_or_default().into(),
            focus: false,
        };
        // Only what comes out of the row again as it went in may be shown as a row.
        let again = row.document();
        let usual = |key: &str| match key {
            "case_sensitive" => Value::from(false),
            "types" => Value::from("auto"),
            _ => Value::Null,
        };
        let said =
            |document: &Value, key: &str| document.get(key).cloned().unwrap_or_else(|| usual(key));
        CONDITION_KEYS
            .iter()
            .all(|key| said(document, key) == said(&again, key))
            .then_some(row)
    }

    /// The condition's document.
    pub fn document(&self) -> Value {
        let mut condition = json!({"path": self.path, "op": self.op});
        let takes = operator::find(&self.op).map_or(Takes::Scalar, |operator| operator.takes());
        if let Some(value) = value_of(takes, &self.value) {
            condition["value"] = value;
        }
        if self.case_sensitive {
            condition["case_sensitive"] = Value::from(true);
        }
        if self.strict {
            condition["types"] = Value::from("strict");
        }
        if !self.zone.is_empty() {
            condition["zone"] = Value::from(self.zone.as_str());
        }
        condition
    }
}

/// A typed value as the operator wants it; what does not fit is left as a text, for the parser to refuse in words.
fn value_of(takes: Takes, typed: &str) -> Option<Value> {
    let text = typed.trim();
    let json = || serde_json::from_str::<Value>(text).ok();
    let parts = || text.split(',').map(str::trim);
    let is_list = matches!(takes, Takes::NumberRange | Takes::List | Takes::DateRange);
    if is_list && let Some(list) = json().filter(Value::is_array) {
        return Some(list);
    }
    match takes {
        Takes::Nothing => None,
        Takes::OptionalScalar if text.is_empty() => None,
        Takes::Number => Some(
            json()
                .filter(Value::is_number)
                .unwrap_or_else(|| Value::from(text)),
        ),
        Takes::NumberRange => Some(
            parts()
                .map(|part| serde_json::from_str(part).unwrap_or_else(|_| Value::from(part)))
                .collect(),
        ),
        Takes::List => Some(match written_list(text) {
            entries if entries.is_empty() => Value::from(text),
            entries => Value::from(entries),
        }),
        Takes::DateRange => Some(parts().map(Value::from).collect()),
        Takes::FromTo => Some(match text.split_once("->") {
            Some((from, to)) => json!({"from": scalar(from), "to": scalar(to)}),
            None => json().unwrap_or_else(|| Value::from(text)),
        }),
        Takes::Item => Some(
            json()
                .or_else(|| item(text))
                .unwrap_or_else(|| Value::from(text)),
        ),
        _ => Some(Value::from(typed)),
    }
}

/// `true`, `12` and `null` are what they look like; everything else is a text.
fn scalar(text: &str) -> Value {
    let text = text.trim();
    serde_json::from_str(text)
        .ok()
        .filter(|value: &Value| !value.is_object() && !value.is_array())
        .unwrap_or_else(|| Value::from(text))
}

/// `tag.title equals Urgent`: a condition about one item in one line.
fn item(text: &str) -> Option<Value> {
    let mut words = text.splitn(3, ' ');
    let (path, op) = (words.next()?, words.next()?);
    let operator = operator::find(op)?;
    let row = FilterRow {
        path: path.into(),
        op: operator.id.into(),
        value: words.next().unwrap_or_default().trim().into(),
        ..FilterRow::default()
    };
    Some(row.document())
}

/// A value as it is typed into a row.
fn typed_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(entries)
            if entries
                .iter()
                .all(|entry| !entry.is_object() && !entry.is_array()) =>
        {
            let entries: Vec<String> = entries.iter().map(typed_text).collect();
            listed(entries.iter().map(String::as_str))
        }
        Value::Object(members)
            if members.len() == 2 && members.contains_key("from") && members.contains_key("to") =>
        {
            let side = |value: &Value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            format!("{} -> {}", side(&members["from"]), side(&members["to"]))
        }
        other => other.to_string(),
    }
}

fn hint(takes: Takes) -> Option<String> {
    Some(match takes {
        Takes::Nothing => return None,
        Takes::Scalar | Takes::ScalarOrList => t!("builder-hint-value"),
        Takes::Number => t!("builder-hint-number"),
        Takes::NumberRange => t!("builder-hint-range"),
        Takes::List => t!("builder-hint-list"),
        Takes::Regex => t!("builder-hint-pattern"),
        Takes::Date => "2026-01-31".into(),
        Takes::DateRange => "2026-01-01, 2026-01-31".into(),
        Takes::Span => "3 days".into(),
        Takes::Type => "text, number, list, ...".into(),
        Takes::Item => "tag.title equals Urgent".into(),
        Takes::FromTo => "Inbox -> Done".into(),
        Takes::OptionalScalar => t!("builder-hint-optional"),
    })
}

/// Every operator by heading; those that fit what the path finds in the sample come first.
pub fn operator_groups(found: Option<&Value>) -> Vec<OperatorGroup> {
    let mut names: Vec<&str> = OPERATORS.iter().map(|operator| operator.group).collect();
    names.dedup();
    let fitting = found.map_or_else(Vec::new, fitting_groups);
    let fits = |name: &&str| fitting.is_empty() || fitting.contains(name);
    let first = fitting.iter().copied().filter(|name| names.contains(name));
    let rest: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| fitting.is_empty() || !fits(name))
        .collect();
    let of_group = |name: &str| {
        let operators = OPERATORS.iter().filter(|operator| operator.group == name);
        OperatorGroup {
            name: if fits(&name) {
                group_name(name)
            } else {
                t!("builder-other-type", name = group_name(name))
            },
            operators: operators
                .map(|operator| OperatorChoice {
                    id: operator.id,
                    label: operator_label(operator),
                    hint: hint(operator.takes()),
                })
                .collect(),
        }
    };
    first.chain(rest).map(of_group).collect()
}

fn fitting_groups(found: &Value) -> Vec<&'static str> {
    let mut groups = match found {
        Value::String(_) => vec!["Text"],
        Value::Number(_) => vec!["Number"],
        Value::Bool(_) => vec!["Yes or no"],
        Value::Array(_) => vec!["List"],
        Value::Null => return Vec::new(),
        Value::Object(_) => Vec::new(),
    };
    if found.is_string() && time_of(found, &jiff::tz::TimeZone::UTC).is_some() {
        groups.insert(0, "Date");
    }
    if found.is_string() && Number::of(found, Types::Auto).is_some() {
        groups.push("Number");
    }
    groups.extend(["Any type", "Change"]);
    groups
}

/// What a row's path finds in the sample, when it finds one thing.
pub fn found_at<'v>(path: &str, document: &'v Value) -> Option<&'v Value> {
    Path::parse(path).ok()?.find_one(document).ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_fit_come_back_from_rows_as_they_were() {
        for filter in [
            json!({"all": [{"path": "$.a", "op": "contains", "value": "x"}, {"path": "b", "op": "exists"}]}),
            json!({"any": [{"path": "a", "op": "gt", "value": 5}, {"path": "a", "op": "in", "value": ["x", "y"]}, {"path": "a", "op": "between", "value": [1, 2.5]}]}),
            json!({"none": [{"path": "a", "op": "equals", "value": "12", "case_sensitive": true}, {"path": "t", "op": "any_item", "value": {"path": "$.x", "op": "is_true"}}]}),
            json!({"all": [{"any": [{"path": "a", "op": "exists"}, {"none": [{"path": "b", "op": "exists"}]}]}, {"path": "c", "op": "exists"}, {"all": []}]}),
            json!({"all": [{"path": "a", "op": "on", "value": "2026-01-01", "zone": "Asia/Jakarta", "types": "strict"}]}),
            json!({"all": [{"path": "a", "op": "changed_from_to", "value": {"from": "Inbox", "to": true}}]}),
            json!({"all": [{"path": "a", "op": "has_any", "value": ["Smith, Ada", "say \"so\"", "\"so\"", "", " x", "C:\\x, y"]}, {"path": "b", "op": "item_added", "value": "x, y"}]}),
        ] {
            let (mode, rows) = rows_of(&filter).unwrap_or_else(|| panic!("{filter}"));
            assert_eq!(document(mode, &rows).0, filter);
        }
        for other in [
            json!({"all": [{"path": "a", "op": "equals", "value": 12}]}),
            json!({"all": [{"path": "a", "op": "in", "value": ["x", null]}]}),
            json!({"all": [{"path": "a", "op": "equals", "value": ["x", "y"]}]}),
            json!({"all": [{"path": "a", "op": "exists", "unknown": 1}]}),
            json!({"all": [], "any": []}),
            json!({"path": "a", "op": "changed_from_to", "value": {"from": "a -> b", "to": "c"}}),
        ] {
            assert!(rows_of(&other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_comma_too_many_names_no_empty_text() {
        for (typed, value) in [
            ("urgent, ", json!(["urgent"])),
            (",urgent,, home", json!(["urgent", "home"])),
            (" , ", json!(",")),
            ("\"Smith, Ada\", Grace", json!(["Smith, Ada", "Grace"])),
            ("", json!("")),
            ("[\"urgent\", \"\"]", json!(["urgent", ""])),
        ] {
            assert_eq!(value_of(Takes::List, typed), Some(value), "{typed}");
        }
    }

    #[test]
    fn rows_are_added_and_taken_out_with_what_is_inside() {
        let mut rows = Vec::new();
        add(&mut rows, None, false);
        add(&mut rows, None, true);
        add(&mut rows, Some(1), true);
        add(&mut rows, Some(1), false);
        let depths: Vec<(usize, bool)> =
            rows.iter().map(|row| (row.depth, row.is_group())).collect();
        assert_eq!(
            depths,
            [
                (0, false),
                (0, true),
                (1, false),
                (1, true),
                (2, false),
                (1, false)
            ]
        );
        remove(&mut rows, 3);
        assert_eq!(rows.len(), 4);
        remove(&mut rows, 1);
        assert_eq!(rows.len(), 1);
        remove(&mut rows, 7);
        assert_eq!(rows.len(), 1);
    }

    #[test]
    fn a_picked_condition_begins_with_an_operator_that_fits_the_value() {
        let field = json!({"number": 5, "countryCodes": ["ID"], "customField": {"name": "F"}});
        let sample = json!({"n": 1, "t": "x", "yes": true, "list": [], "none": null, "rows": [{"a": "x"}], "fields": [field], "at": "2026-11-20T10:00:00.000Z", "day": "2026-11-20"});
        for (path, op) in [
            ("$.n", "eq"),
            ("$.t", "contains"),
            ("$.yes", "is_true"),
            ("$.list", "has_any"),
            ("$.none", "contains"),
            ("$.nowhere", "contains"),
            ("$.rows", "has_any"),
            ("$.rows[*].a", "has_any"),
            ("$.at", "after"),
            ("$.day", "after"),
            ("$.fields[?@.customField.name=='F'].number", "eq"),
            ("$.fields[?@.customField.name=='F'].countryCodes", "has_any"),
        ] {
            let mut rows = Vec::new();
            pick(&mut rows, path, &sample);
            assert_eq!((&*rows[0].path, &*rows[0].op), (path, op));
            let mut of_every = Vec::new();
            pick(&mut of_every, &format!("{path}[*]"), &sample);
            assert_eq!((&*of_every[0].path, &*of_every[0].op), (path, "has_any"));
        }
    }

    #[test]
    fn rows_are_called_by_their_groups_and_groups_end_where_they_do() {
        let row = |depth, op: &str| FilterRow {
            depth,
            op: op.into(),
            ..FilterRow::default()
        };
        let rows = [
            row(0, "any"),
            row(1, "exists"),
            row(1, "none"),
            row(2, "exists"),
            row(1, "exists"),
            row(0, "exists"),
            row(0, "all"),
        ];
        let told: Vec<(String, usize)> = (0..rows.len())
            .map(|index| (called(&rows, index), groups_ending(&rows, index)))
            .collect();
        let told: Vec<(&str, usize)> = told.iter().map(|(name, end)| (&**name, *end)).collect();
        assert_eq!(
            told,
            [
                ("Group 1", 0),
                ("Condition 1 of group 1", 0),
                ("Group 2", 0),
                ("Condition 1 of group 2", 1),
                ("Condition 2 of group 1", 1),
                ("Condition 1", 0),
                ("Group 3", 1),
            ]
        );
    }

    #[test]
    fn pointers_name_rows_and_blank_rows_are_left_out() {
        let row = |depth, op: &str, path: &str| FilterRow {
            depth,
            op: op.into(),
            path: path.into(),
            ..FilterRow::default()
        };
        let rows = [
            row(0, "exists", "a"),
            row(0, "contains", ""),
            row(0, "any", ""),
            row(1, "exists", "b"),
            row(0, "exists", "c"),
        ];
        let (made, pointers) = document("all", &rows);
        assert_eq!(
            made,
            json!({"all": [{"path": "a", "op": "exists"}, {"any": [{"path": "b", "op": "exists"}]}, {"path": "c", "op": "exists"}]})
        );
        let pointers: Vec<(usize, &str)> = pointers
            .iter()
            .map(|(row, pointer)| (*row, pointer.as_str()))
            .collect();
        assert_eq!(
            pointers,
            [
                (0, "/filter/all/0"),
                (2, "/filter/all/1"),
                (3, "/filter/all/1/any/0"),
                (4, "/filter/all/2")
            ]
        );
        assert_eq!(document("all", &rows[1..2]).0, Value::Null);
    }

    #[test]
    fn items_and_changes_can_be_typed_in_one_line() {
        let row = |op: &str, value: &str| {
            FilterRow {
                op: op.into(),
                path: "a".into(),
                value: value.into(),
                ..FilterRow::default()
            }
            .document()["value"]
                .clone()
        };
        assert_eq!(
            row("any_item", "tag.title equals Very urgent"),
            json!({"path": "tag.title", "op": "equals", "value": "Very urgent"})
        );
        assert_eq!(
            row("any_item", "{\"op\": \"is_true\"}"),
            json!({"op": "is_true"})
        );
        assert_eq!(row("any_item", "nonsense"), json!("nonsense"));
        assert_eq!(
            row("changed_from_to", "Inbox -> 12"),
            json!({"from": "Inbox", "to": 12})
        );
    }

    #[test]
    fn operators_that_fit_come_first_and_none_is_lost() {
        let first = |value: Value| operator_groups(Some(&value))[0].name.clone();
        assert_eq!(first(json!("x")), "Text");
        assert_eq!(first(json!("2026-01-01T00:00:00Z")), "Date");
        assert_eq!(first(json!([])), "List");
        assert_eq!(first(json!(true)), "Yes or no");
        for found in [None, Some(json!("x")), Some(json!({})), Some(json!(null))] {
            let count: usize = operator_groups(found.as_ref())
                .iter()
                .map(|group| group.operators.len())
                .sum();
            assert_eq!(count, OPERATORS.len());
        }
    }
}
