//! Whether a value has changed, when lists that have no order are not compared by the order in which they happen to come.
//!
//! Called by `condition` for `changed` and its like. Blue keeps tags, assignees, dependencies, countries and chosen options as sets, and its database
//! gives rows in any order: of rows that have ids, the order is told by their `position`. Every other list is told in its order, so that another order of
//! it is a change. Rows are compared with the rows of their ids, all the way down; items of sets without ids as wholes.

use std::collections::HashMap;

use serde_json::Value;

/// Lists that Blue keeps without an order, by the names that they go by in its events and in its API.
const SETS: [&str; 24] = [
    "todoTags",
    "tags",
    "tagIds",
    "todoUsers",
    "users",
    "userIds",
    "assignees",
    "assigneeIds",
    "assigneeUserIds",
    "checklistItemUsers",
    "todoDependencies",
    "dependencies",
    "dependencyIds",
    "dependOn",
    "dependBy",
    "countryCodes",
    "countries",
    "todoCustomFieldOptions",
    "customFieldOptions",
    "customFieldOptionIds",
    "selectedOptions",
    "todoCustomFields",
    "customFields",
    "projectIds",
];

/// Of these, the rows whose parts belong to one field each: another order of these is another value.
const ROWS_WITH_VALUES: [&str; 2] = ["todoCustomFields", "customFields"];

/// Whether a path of these names leads to such a list, or to a part of what is in one.
pub(super) fn names_a_set(names: &[&str]) -> bool {
    let Some((last, above)) = names.split_last() else {
        return false;
    };
    let mut above = above.iter().filter(|name| !ROWS_WITH_VALUES.contains(name));
    is_set(last) || above.any(|name| is_set(name))
}

fn is_set(name: &str) -> bool {
    SETS.contains(&name)
}

/// Whether two values are the same; of a list that stands right here it is told whether it is a set.
pub(super) fn same_but_for_order(one: &Value, other: &Value, is_of_a_set: bool) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let mut members = one.iter();
            one.len() == other.len()
                && members.all(|(name, value)| {
                    let twin = other.get(name);
                    twin.is_some_and(|twin| same_but_for_order(value, twin, is_set(name)))
                })
        }
        (Value::Array(one), Value::Array(other)) => {
            let (one, other): (Vec<&Value>, Vec<&Value>) =
                (one.iter().collect(), other.iter().collect());
            same_lists(&one, &other, is_of_a_set)
        }
        _ => one == other,
    }
}

/// The same of two lists.
pub(super) fn same_lists(one: &[&Value], other: &[&Value], is_set: bool) -> bool {
    if one.len() != other.len() {
        return false;
    }
    if let (Some(one), Some(other)) = (by_id(one), by_id(other)) {
        return one.iter().all(|(id, row)| {
            let twin = other.get(id);
            twin.is_some_and(|twin| same_but_for_order(row, twin, false))
        });
    }
    let mut pairs = one.iter().zip(other);
    // Several lists of such a name, as a path to many finds them, stay as they are.
    if is_set && one.iter().all(|item| !item.is_array()) {
        return counted(one) == counted(other);
    }
    pairs.all(|(one, other)| same_but_for_order(one, other, is_set))
}

/// Rows by their ids, when each has one of its own.
fn by_id<'v>(list: &[&'v Value]) -> Option<HashMap<&'v Value, &'v Value>> {
    let id = |row: &'v Value| row.get("id").filter(|id| !id.is_null());
    let rows: Option<HashMap<_, _>> = list.iter().map(|row| Some((id(row)?, *row))).collect();
    rows.filter(|rows| rows.len() == list.len())
}

/// How often each item is there.
fn counted<'v>(list: &[&'v Value]) -> HashMap<&'v Value, usize> {
    let mut times = HashMap::new();
    for item in list {
        *times.entry(*item).or_default() += 1;
    }
    times
}
