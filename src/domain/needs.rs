//! Which parts of an event's document a connection looks at, and reading only those.
//!
//! Building a whole document as values was the dearest single step of the hot path, and most rules read a handful of members. Rules tell their
//! [`Needs`] once, when they are compiled; `event::read_for` then builds only those members. What is left out is still read and checked,
//! so a body is refused or taken whatever anybody needs; it is merely not kept. A path that is not made of names alone, and a template,
//! need everything.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// What is looked at below one place of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    Everything,
    /// Where an object stands, these members of it; any other kind of value as a whole.
    Members(Vec<(String, Needs)>),
}

impl Default for Needs {
    /// Nothing yet.
    fn default() -> Needs {
        Needs::Members(Vec::new())
    }
}

impl Needs {
    /// Adds the place that these names lead to, with all that is below it.
    pub fn add<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        let mut place = self;
        for name in names {
            let Needs::Members(members) = place else {
                return;
            };
            let index = match members.iter().position(|(known, _)| known == name) {
                Some(index) => index,
                None => {
                    members.push((name.to_string(), Needs::default()));
                    members.len() - 1
                }
            };
            place = &mut members[index].1;
        }
        *place = Needs::Everything;
    }

    /// Adds all that the other needs.
    pub fn add_all(&mut self, other: &Needs) {
        match (self, other) {
            (Needs::Everything, _) => {}
            (place, Needs::Everything) => *place = Needs::Everything,
            (Needs::Members(members), Needs::Members(others)) => {
                for (name, needs) in others {
                    match members.iter_mut().find(|(known, _)| known == name) {
                        Some((_, known)) => known.add_all(needs),
                        None => members.push((name.clone(), needs.clone())),
                    }
                }
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for &Needs {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Needs::Everything => Value::deserialize(deserializer),
            Needs::Members(members) => deserializer.deserialize_any(Chosen(members)),
        }
    }
}

/// Builds the chosen members of an object, and any other value as a whole.
struct Chosen<'n>(&'n [(String, Needs)]);

impl<'de> Visitor<'de> for Chosen<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::with_capacity(self.0.len());
        while let Some(choice) = entries.next_key_seed(Choice(self.0))? {
            match choice.and_then(|index| self.0.get(index)) {
                // Of a key that stands twice, the last value counts, as where everything is built.
                Some((name, needs)) => {
                    let value = entries.next_value_seed(needs)?;
                    object.insert(name.clone(), value);
                }
                None => {
                    entries.next_value::<Checked>()?;
                }
            }
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// Tells which of the members a key names, without keeping the key.
struct Choice<'n>(&'n [(String, Needs)]);

impl<'de> DeserializeSeed<'de> for Choice<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Choice<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|(name, _)| name == key))
    }
}

/// A value that is read with the same strictness as one that is kept: depth, numbers and texts are checked. (serde's `IgnoredAny` would let
/// through what a later reading of the whole body refuses.)
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Checked, D::Error> {
        deserializer.deserialize_any(Checked)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Checked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Checked, A::Error> {
        while entries.next_entry::<Checked, Checked>()?.is_some() {}
        Ok(Checked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Checked, A::Error> {
        while items.next_element::<Checked>()?.is_some() {}
        Ok(Checked)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_unit<E>(self) -> Result<Checked, E> {
        Ok(Checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn build(needs: &Needs, text: &[u8]) -> Result<Value, String> {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let value = needs
            .deserialize(&mut deserializer)
            .map_err(|error| error.to_string())?;
        deserializer.end().map_err(|error| error.to_string())?;
        Ok(value)
    }

    fn needs(paths: &[&str]) -> Needs {
        let mut needs = Needs::default();
        for path in paths {
            needs.add(path.split('.'));
        }
        needs
    }

    #[test]
    fn only_what_is_needed_is_kept() {
        let document = json!({"a": {"b": {"c": 1}, "d": 2}, "e": [1, {"f": 2}], "g": "text"});
        let built = build(&needs(&["a.b", "e.f"]), document.to_string().as_bytes()).unwrap();
        assert_eq!(built, json!({"a": {"b": {"c": 1}}, "e": [1, {"f": 2}]}));
    }

    #[test]
    fn a_longer_need_within_a_shorter_one_changes_nothing() {
        let mut both = needs(&["a", "a.b"]);
        assert_eq!(both, needs(&["a"]));
        both.add_all(&needs(&["a.c", "d.e"]));
        assert_eq!(both, needs(&["a", "d.e"]));
        assert_eq!(needs(&["a.b", "a"]), needs(&["a"]));
        both.add_all(&Needs::Everything);
        assert_eq!(both, Needs::Everything);
    }

    #[test]
    fn what_is_left_out_is_refused_for_the_same_faults() {
        let deep = format!("{{\"x\": {}1{}}}", "[".repeat(200), "]".repeat(200));
        let faulty: [&[u8]; 6] = [
            deep.as_bytes(),
            br#"{"x": 1e999}"#,
            br#"{"x": "\ud800"}"#,
            b"{\"x\": \"\xff\"}",
            br#"{"x": 01}"#,
            br#"{"x": 1} y"#,
        ];
        for text in faulty {
            let whole = serde_json::from_slice::<Value>(text).map_err(|error| error.to_string());
            assert_eq!(build(&Needs::default(), text), whole);
            assert!(whole.is_err());
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-c\\\\\"é\u{1f600}]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-c]", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_needed_place_holds_what_the_whole_document_holds(
            document in any_json(),
            paths in prop::collection::vec("[a-c](\\.[a-c]){0,3}", 0..5),
        ) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let built = build(&needs(&paths), document.to_string().as_bytes()).unwrap();
            let at = |root: &Value, path: &str| {
                path.split('.').try_fold(root, |place, name| place.get(name)).cloned()
            };
            let whole: Value = serde_json::from_str(&document.to_string()).unwrap();
            for path in paths {
                prop_assert_eq!(at(&built, path), at(&whole, path));
            }
        }

        #[test]
        fn a_text_is_taken_or_refused_whatever_is_needed(
            document in any_json(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut text = document.to_string().into_bytes();
            let place = at.index(text.len());
            text[place] = byte;
            let whole = serde_json::from_slice::<Value>(&text).map_err(|error| error.to_string());
            let none = build(&Needs::default(), &text);
            prop_assert_eq!(none.err(), whole.err());
        }
    }
}
