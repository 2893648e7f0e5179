//! What the parts of a connection's rules are called where something is wrong with them: `Condition 2 of group 1`, `Field task.name`.
//!
//! Groups are counted through in the order in which they stand, conditions within their group. The builder names its rows so
//! (`connection_filter::called`); a filter that is written as JSON, a version and an import have no rows and are asked here by place.

use std::collections::HashMap;

use serde_json::Value;

use crate::domain::filter::group;
use crate::web::phrases::retold;
use crate::web::ui::fields::Field;

/// A condition, within the group of this number or outside of all.
pub fn condition_called(number: usize, group: Option<usize>) -> String {
    match group {
        Some(group) => t!("builder-condition-of-group", number = number, group = group),
        None => t!("builder-condition-number", number = number),
    }
}

/// A group.
pub fn group_called(number: usize) -> String {
    t!("builder-group-number", number = number)
}

/// A field of the mapping, by its number as long as it has no name.
pub fn field_called(name: &str, index: usize) -> String {
    match name {
        "" => t!("builder-field-number", number = index + 1),
        name => t!("builder-field-named", name = name),
    }
}

/// The names of conditions, groups and fields by their places in a document of rules.
#[derive(Default)]
pub struct Places(HashMap<String, String>);

impl Places {
    pub fn of(filter: &Value, mapping: &Value) -> Places {
        let mut places = Places::default();
        if filter.get("op").is_some() {
            places.0.insert("filter".into(), condition_called(1, None));
        }
        places.add_group(filter, "filter", None, &mut 0);
        let fields = mapping["fields"].as_array().into_iter().flatten();
        for (index, field) in fields.enumerate() {
            let name = field["to"].as_str().unwrap_or_default();
            let place = format!("mapping/fields/{index}");
            places.0.insert(place, field_called(name, index));
        }
        places
    }

    fn add_group(
        &mut self,
        document: &Value,
        place: &str,
        number: Option<usize>,
        groups: &mut usize,
    ) {
        let Some((mode, members)) = group(document) else {
            return;
        };
        let mut conditions = 0;
        for (index, member) in members.iter().enumerate() {
            let place = format!("{place}/{mode}/{index}");
            if group(member).is_some() {
                *groups += 1;
                self.0.insert(place.clone(), group_called(*groups));
                self.add_group(member, &place, Some(*groups), groups);
            } else {
                conditions += 1;
                self.0.insert(place, condition_called(conditions, number));
            }
        }
    }

    /// The innermost part around a place, or what a form calls it; `None` when neither has a name for it.
    pub fn called(&self, place: &str) -> Option<String> {
        let ends = place.match_indices('/').map(|(end, _)| end);
        let mut around = ends.chain([place.len()]).rev();
        let found = around.find_map(|end| self.0.get(place.get(..end)?));
        found
            .cloned()
            .or_else(|| Field::at(place).map(|field| field.label))
    }
}

/// A mapping's sentence in the reader's language. Rules that are not accepted any more are told by a place in their document, which pages have a name for.
pub fn mapping_sentence(sentence: &str) -> String {
    let called = |place: &str| Places::default().called(place.strip_prefix('/')?);
    let told = sentence.split_once(": ").and_then(|(place, rest)| {
        let place = called(place)?;
        Some(format!("{place}: {}", retold(rest)))
    });
    told.unwrap_or_else(|| retold(sentence))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_called_as_the_builder_shows_them() {
        let condition = || json!({"path": "a", "op": "exists"});
        let filter = json!({"all": [
            {"any": [condition(), {"none": [condition()]}, condition()]},
            condition(),
            {"any": [condition()]},
        ]});
        let mapping = json!({"mode": "fields", "fields": [{"to": "a.b"}, {}]});
        let places = Places::of(&filter, &mapping);
        for (place, name) in [
            ("filter/all/0/any/0/op", "Condition 1 of group 1"),
            ("filter/all/0/any/1/none/0", "Condition 1 of group 2"),
            ("filter/all/0/any/2/value/path", "Condition 2 of group 1"),
            ("filter/all/0/any", "Group 1"),
            ("filter/all/1/path", "Condition 1"),
            ("filter/all/2/any/0/path", "Condition 1 of group 3"),
            ("filter/all", "Only if"),
            ("mapping/fields/0/pipe/1", "Field “a.b”"),
            ("mapping/fields/1", "Field 2"),
            ("mapping/body", "Template"),
        ] {
            assert_eq!(places.called(place).as_deref(), Some(name), "{place}");
        }
        assert_eq!(places.called("delivery"), None);
        assert_eq!(mapping_sentence("/mapping/body: x"), "Template: x");
        assert_eq!(mapping_sentence("/nowhere: x"), "/nowhere: x");
        assert_eq!(mapping_sentence("name: x"), "name: x");
        let alone = Places::of(&condition(), &json!({}));
        assert_eq!(alone.called("filter/op").as_deref(), Some("Condition 1"));
    }
}
