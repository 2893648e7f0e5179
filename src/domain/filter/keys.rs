//! Values as keys: whether one of many values is the same as another, without comparing it with each of them.
//!
//! A list of a filter may have a thousand entries and a list of an event tens of thousands of items; held against each other pair by pair they
//! would take seconds. What is the same is what [`same`] says, and a test holds the keys to it.
//!
//! [`same`]: crate::domain::value::same

use std::collections::HashSet;
use std::iter;

use serde_json::Value;

use crate::domain::filter::condition::Scope;
use crate::domain::value::{Number, Types, folding, same, text_of, type_of};

/// The entries of a filter's list.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub entries: Vec<Value>,
    pub keys: Keys,
}

impl Listed {
    pub fn new(entries: Vec<Value>, scope: &Scope) -> Listed {
        let mut keys = Keys::new(scope);
        entries.iter().for_each(|entry| keys.add(entry));
        Listed { entries, keys }
    }
}

/// What a value is to be equal to.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub value: Value,
    /// The entries, when it is a list or the JSON text of one: a list is compared with them, a text with the text.
    list: Option<Listed>,
}

impl Wanted {
    pub fn new(value: Value, scope: &Scope) -> Wanted {
        let entries = match &value {
            Value::Array(entries) => Some(entries.clone()),
            Value::String(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).ok()
            }
            _ => None,
        };
        let list = entries.map(|entries| Listed::new(entries, scope));
        Wanted { value, list }
    }

    /// Whether a list has the same items, in whatever order; a single item is as good as the list of it.
    pub fn is_list_of(&self, items: &[Value], scope: &Scope) -> bool {
        let Some(list) = &self.list else {
            return match items {
                [item] => names_of(item).any(|name| {
                    same(name, &self.value, scope.types, scope.case_sensitive) == Some(true)
                }),
                _ => false,
            };
        };
        let mut names = Keys::new(scope);
        items
            .iter()
            .flat_map(names_of)
            .for_each(|name| names.add(name));
        let is_wanted = |item| names_of(item).any(|name| list.keys.has(name) == Some(true));
        items.len() == list.entries.len()
            && items.iter().all(is_wanted)
            && list
                .entries
                .iter()
                .all(|entry| names.has(entry) == Some(true))
    }
}

/// What a person may name an item by: itself, its id, title or name, also one level down (`todoTags` hold a `tag`).
pub(super) fn names_of(item: &Value) -> impl Iterator<Item = &Value> {
    fn direct(value: &Value) -> impl Iterator<Item = &Value> {
        NAMES.iter().filter_map(|name| value.get(name))
    }
    const NAMES: [&str; 6] = ["id", "title", "name", "email", "fullName", "text"];
    let members = item.as_object().into_iter().flatten();
    let inner =
        members.flat_map(|(key, inner)| direct(inner).chain(key.ends_with("Id").then_some(inner)));
    iter::once(item).chain(direct(item)).chain(inner)
}

/// Values that others are looked up among.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    types: Types,
    case_sensitive: bool,
    /// The types of the values.
    kinds: HashSet<&'static str>,
    texts: HashSet<String>,
    /// Of the longest text, in bytes.
    longest: usize,
    /// With strict types only, for else they are texts.
    booleans: HashSet<bool>,
    numbers: Numbers,
    /// Numbers that are written as texts. Two of them compare as texts: `"5.00"` is 5, but not `"5"`.
    written: Numbers,
}

impl Keys {
    pub fn new(scope: &Scope) -> Keys {
        Keys {
            types: scope.types,
            case_sensitive: scope.case_sensitive,
            kinds: HashSet::new(),
            texts: HashSet::new(),
            longest: 0,
            booleans: HashSet::new(),
            numbers: Numbers::default(),
            written: Numbers::default(),
        }
    }

    /// Adds a value. Lists and objects are the same as nothing.
    pub fn add(&mut self, value: &Value) {
        match value {
            Value::Array(_) | Value::Object(_) => return,
            Value::Null => {}
            Value::Bool(flag) if self.types == Types::Strict => {
                self.booleans.insert(*flag);
            }
            Value::Number(_) => self.numbers.add(Number::of(value, self.types)),
            Value::Bool(_) | Value::String(_) => {
                if let Some(key) = self.text_key(value, usize::MAX) {
                    self.longest = self.longest.max(key.len());
                    self.texts.insert(key);
                }
                self.written.add(Number::of(value, self.types));
            }
        }
        self.kinds.insert(type_of(value));
    }

    /// Whether any of the values is the same; nothing when it can be compared with none of them.
    pub fn has(&self, value: &Value) -> Option<bool> {
        if !self.compare_with(value) {
            return None;
        }
        let is_of = |numbers: &Numbers| {
            !numbers.is_empty()
                && Number::of(value, self.types).is_some_and(|number| numbers.has(number))
        };
        Some(match value {
            Value::Null => true,
            Value::Bool(flag) if self.types == Types::Strict => self.booleans.contains(flag),
            Value::Number(_) => is_of(&self.numbers) || is_of(&self.written),
            _ => {
                let key = self.text_key(value, self.longest);
                key.is_some_and(|key| self.texts.contains(&key)) || is_of(&self.numbers)
            }
        })
    }

    fn compare_with(&self, value: &Value) -> bool {
        match value {
            Value::Array(_) | Value::Object(_) => false,
            Value::Null => self.kinds.contains("null"),
            _ if self.types == Types::Strict => self.kinds.contains(type_of(value)),
            _ => self.kinds.iter().any(|kind| *kind != "null"),
        }
    }

    /// The text as it compares; nothing when it is longer than this.
    fn text_key(&self, value: &Value, longest: usize) -> Option<String> {
        let text = text_of(value, Types::Auto)?;
        if self.case_sensitive {
            return (text.len() <= longest).then(|| text.into_owned());
        }
        let mut key = String::with_capacity(text.len().min(longest));
        for sign in folding(&text) {
            key.push(sign);
            if key.len() > longest {
                return None;
            }
        }
        Some(key)
    }
}

/// Integers are the same when they are exactly so, and others with the precision of floating numbers.
#[derive(Debug, Clone, Default)]
struct Numbers {
    integers: HashSet<i128>,
    /// The integers as floating numbers.
    rounded: HashSet<u64>,
    floats: HashSet<u64>,
}

impl Numbers {
    fn add(&mut self, number: Option<Number>) {
        match number {
            Some(Number::Integer(integer)) => {
                self.integers.insert(integer);
                self.rounded.insert(bits(integer as f64));
            }
            Some(Number::Float(float)) => {
                self.floats.insert(bits(float));
            }
            None => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.integers.is_empty() && self.floats.is_empty()
    }

    fn has(&self, number: Number) -> bool {
        match number {
            Number::Integer(integer) => {
                self.integers.contains(&integer) || self.floats.contains(&bits(integer as f64))
            }
            Number::Float(float) => {
                let float = bits(float);
                self.floats.contains(&float) || self.rounded.contains(&float)
            }
        }
    }
}

/// A floating number as a key; both zeros are one.
fn bits(float: f64) -> u64 {
    (float + 0.0).to_bits()
}
