//! How involved a template is, told before minijinja reads it.
//!
//! It also bounds how far lists may grow: a list that holds another one twice, twelve times over, is small to build and endless to print, and minijinja
//! counts no fuel where a list becomes text. So each variable has a weight, the lists and sums that it was made of, with a limit; products of lists are kept
//! from becoming text at all; and lists cannot be built by recursion.
//!
//! Its reader goes one step deeper on the stack for each operator of an expression and for each `elif`, without a limit: a few kilobytes of `-` would
//! end the process. Blocks and brackets it limits itself. So operators are counted here, tag by tag, and branches over the whole template; both limits
//! are far beyond what a person writes. Called by `template` only.

use crate::domain::mapping::tags::{end_of_raw, end_of_string};

/// Operators, accesses, filters and brackets within one tag.
pub const OPERATORS_LIMIT: usize = 300;
/// `elif` within one template.
pub const BRANCHES_LIMIT: usize = 100;

/// How many values may come together in one variable, through all the variables that it is made of.
pub const WEIGHT_LIMIT: usize = 100;

/// Words that make an expression deeper.
const WORDS: [&str; 7] = ["not", "and", "or", "in", "is", "if", "else"];
const SIGNS: &[u8] = b".|+-*/%~([{<>=!";

/// What a template has too much of, and where, in bytes from 0.
pub fn too_involved(text: &str) -> Option<(usize, String)> {
    let mut branches = 0;
    let mut variables = Variables::default();
    let mut at = 0;
    while let Some((start, opening)) = next_opening(text, at) {
        let rest = text.get(start..).unwrap_or_default();
        if opening == "{#" {
            at = start + rest.find("#}").map_or(rest.len(), |end| end + 2);
            continue;
        }
        let tag = Tag::read(rest);
        if tag.operators > OPERATORS_LIMIT {
            let reason = format!(
                "An expression may have at most {OPERATORS_LIMIT} operators, filters and brackets."
            );
            return Some((start, reason));
        }
        branches += usize::from(tag.first_word == "elif");
        if branches > BRANCHES_LIMIT {
            let reason = format!(
                "A template may have at most {BRANCHES_LIMIT} `elif`; use the function `lookup` for long lists."
            );
            return Some((start, reason));
        }
        if let Some(reason) = variables.pass(&tag) {
            return Some((start, reason));
        }
        at = start + tag.length;
        if opening == "{%" && tag.first_word == "raw" {
            at = end_of_raw(text, at);
        }
    }
    None
}

/// Where the next tag or comment begins, behind its opening signs.
fn next_opening(text: &str, from: usize) -> Option<(usize, &str)> {
    let rest = text.get(from..)?;
    let found = rest
        .match_indices('{')
        .map(|(at, _)| from + at)
        .find(|at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))?;
    Some((found + 2, text.get(found..found + 2)?))
}

/// What stands between `{{` or `{%` and its end.
struct Tag<'t> {
    length: usize,
    operators: usize,
    first_word: &'t str,
    /// Names of variables, in their order: no attributes, filters, keywords of arguments.
    names: Vec<&'t str>,
    /// Where in `names` those end that are given a value.
    targets: usize,
    /// A list, an object or a tuple stands in it.
    builds: bool,
    adds: bool,
    multiplies: bool,
    joins: bool,
    recursive: bool,
}

/// What is known of variables that the template sets.
#[derive(Default)]
struct Variables<'t>(std::collections::HashMap<&'t str, Known>);

#[derive(Clone, Copy)]
struct Known {
    weight: usize,
    /// A product may be in it, of a list perhaps.
    product: bool,
}

impl<'t> Variables<'t> {
    /// Goes on behind a tag. What it does that is refused.
    fn pass(&mut self, tag: &Tag<'t>) -> Option<String> {
        if tag.recursive {
            return Some("A loop cannot be recursive.".into());
        }
        let (targets, mentions) = tag.names.split_at(tag.targets.min(tag.names.len()));
        let known = |name: &&str| {
            let unknown = Known {
                weight: 1,
                product: false,
            };
            self.0.get(name).copied().unwrap_or(unknown)
        };
        let product = tag.multiplies || mentions.iter().any(|name| known(name).product);
        if product && (tag.joins || tag.builds) {
            return Some(
                "A product can be neither joined with `~` nor put into a list; print it by itself."
                    .into(),
            );
        }
        let weights = mentions.iter().map(|name| known(name).weight);
        let weight = if tag.builds || tag.adds {
            weights.fold(1_usize, usize::saturating_add)
        } else {
            weights.max().unwrap_or(1)
        };
        // Of several in one tag, each may be made of those before it.
        let weight = weight.saturating_pow(u32::try_from(targets.len().max(1)).unwrap_or(u32::MAX));
        if weight > WEIGHT_LIMIT {
            return Some(format!(
                "More than {WEIGHT_LIMIT} values come together here, with those that its variables are made of."
            ));
        }
        for target in targets {
            self.0.insert(target, Known { weight, product });
        }
        None
    }
}

impl Tag<'_> {
    fn read(text: &str) -> Tag<'_> {
        let bytes = text.as_bytes();
        let mut tag = Tag {
            length: bytes.len(),
            operators: 0,
            first_word: "",
            names: Vec::new(),
            targets: 0,
            builds: false,
            adds: false,
            multiplies: false,
            joins: false,
            recursive: false,
        };
        let mut at = 0;
        // The sign before, without blanks, and which brackets are open that hold a list or a tuple.
        let (mut before, mut open) = (b' ', Vec::new());
        while let Some(byte) = bytes.get(at) {
            // Where a bracket is open, minijinja takes two of them as the ends of two objects.
            if open.is_empty() && matches!(byte, b'}' | b'%') && bytes.get(at + 1) == Some(&b'}') {
                tag.length = at + 2;
                return tag;
            }
            tag.look_at(*byte, before, &mut open);
            if !byte.is_ascii_whitespace() {
                before = *byte;
            }
            match byte {
                b'"' | b'\'' => at = end_of_string(bytes, at),
                byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let word = rest
                        .iter()
                        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
                    let end = at + word.count();
                    let word = text.get(at..end).unwrap_or_default();
                    tag.operators += usize::from(WORDS.contains(&word));
                    let next = text.get(end..).unwrap_or_default().trim_start();
                    if tag.first_word.is_empty() {
                        tag.first_word = word;
                    }
                    tag.name(word, last_sign(text, at), next);
                    before = if KEYWORDS.contains(&word) { b' ' } else { b'a' };
                    at = end;
                }
                byte => {
                    tag.operators += usize::from(SIGNS.contains(byte));
                    at += 1;
                }
            }
        }
        tag
    }
}

/// The sign before this place, without blanks.
fn last_sign(text: &str, at: usize) -> u8 {
    let before = text.get(..at).unwrap_or_default().trim_end();
    before.bytes().next_back().unwrap_or(b' ')
}

/// Words that are no variables.
const KEYWORDS: [&str; 22] = [
    "set", "for", "with", "if", "elif", "else", "in", "not", "and", "or", "is", "filter", "true",
    "false", "none", "True", "False", "None", "loop", "block", "endset", "do",
];

impl<'t> Tag<'t> {
    /// Notes what a sign means for how values grow.
    fn look_at(&mut self, byte: u8, before: u8, open: &mut Vec<bool>) {
        let after_value =
            before.is_ascii_alphanumeric() || matches!(before, b'_' | b')' | b']' | b'"' | b'\'');
        match byte {
            b'[' | b'{' => {
                self.builds |= !after_value;
                open.push(!after_value);
            }
            // A call's arguments are no tuple.
            b'(' => open.push(!after_value),
            b')' | b']' | b'}' => {
                open.pop();
            }
            b',' => self.builds |= open.last().copied().unwrap_or(self.first_word == "set"),
            b'+' => self.adds = true,
            b'*' => self.multiplies = true,
            b'~' => self.joins = true,
            _ => {}
        }
    }

    /// Notes a name, unless it is one of something else than a variable.
    fn name(&mut self, word: &'t str, before: u8, next: &str) {
        self.recursive |= self.first_word == "for" && word == "recursive";
        let assigned = next.starts_with('=') && !next.starts_with("==");
        let ends_targets = match self.first_word {
            "set" | "with" => assigned && before != b'(',
            "for" => word == "in",
            _ => false,
        };
        if !(KEYWORDS.contains(&word) || matches!(before, b'.' | b'|')) {
            if ends_targets && self.targets < self.names.len() {
                // Further ones of a `with`: what was seen so far counts for them too.
                self.names.insert(self.targets, word);
            } else {
                self.names.push(word);
            }
        }
        if ends_targets {
            self.targets = match self.first_word {
                "for" => self.names.len(),
                _ => self.targets + 1,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_cannot_grow_beyond_what_fuel_counts() {
        let doubled = "{% set x = [x, x] %}".repeat(7);
        let refused = [
            doubled.clone(),
            "{% set x = (x, x) %}".repeat(7),
            "{% set x = x, x %}".repeat(7),
            "{% set x = {'a': x, 'b': x} %}".repeat(7),
            "{% set x = x + x %}".repeat(7),
            "{% set x = [x] %}".repeat(101),
            "{% set x = y if z else [x, x] %}".repeat(7),
            "{% with a = [x, x], b = [a, a], c = [b, b], d = [c, c] %}{% endwith %}".into(),
            "{% with x = [x, x] %}".repeat(7),
            "{% for y in [x, x] %}{% set x = [y, y] %}".repeat(4),
            "{% for i in x recursive %}{{ loop([i, i]) }}{% endfor %}".into(),
            "{{ ([1] * 50000000) ~ '' }}".into(),
            "{% set x = list * 1000 %}{{ x ~ '' }}".into(),
            "{% set x = list * 1000 %}{% set y = x %}{{ {y: 1} }}".into(),
            "{{ [1] * 1000 }}".into(),
        ];
        for text in refused {
            assert!(too_involved(&text).is_some(), "{text}");
        }
        let taken = [
            "{% set total = a.x * 1.2 + b %}{{ total }} EUR, {{ (total * 2) | round(2) }}",
            "{% set parts = [a, b.c, d[0]] %}{{ parts | join(', ') }}{% set all = parts | unique %}{{ all }}",
            "{% for key, value in list | items %}{{ key ~ ': ' ~ value }}{% endfor %}",
            "{% set x %}{{ a * b }}{% endset %}{{ x ~ x }}",
            "{{ a if a in ('x', 'y') else f(a, b, 'c', d=1) }}",
        ];
        for text in taken
            .into_iter()
            .map(String::from)
            .chain([doubled[..doubled.len() - 40].into()])
        {
            assert_eq!(too_involved(&text), None, "{text}");
        }
    }

    #[test]
    fn deep_expressions_are_found_wherever_they_hide() {
        let many = OPERATORS_LIMIT + 1;
        for text in [
            format!("{{{{ {}1 }}}}", "-".repeat(many)),
            format!("{{{{ {}1 }}}}", "not ".repeat(many)),
            format!("{{{{ a{} }}}}", ".b".repeat(many)),
            format!("x {{% if a{} %}}{{% endif %}}", "|upper".repeat(many)),
            format!("{{{{ \"}}}}\" ~ a{} }}}}", "[0]".repeat(many)),
            format!("{{{{ '\\'}}}}' ~ a{} }}}}", "()".repeat(many)),
            format!("{{{{ 1{} }}}}", " if a else 1".repeat(many)),
            format!("{{{{ 1{}", "+1".repeat(many)),
            format!("{{# {{{{ \" #}}{{{{ {}1 }}}}", "-".repeat(many)),
            format!(
                "{{% raw %}}{{{{ \" {{% endraw %}}{{{{ {}1 }}}}",
                "-".repeat(many)
            ),
            format!(
                "{{% raw %}}endraw {{{{ \" {{%- endraw %}}{{{{ {}1 }}}}",
                "-".repeat(many)
            ),
            format!("{{ {{{{ {}1 }}}}", "-".repeat(many)),
            format!("{{{{{{ {}1 }}}}", "-".repeat(many)),
            format!("{{{{ [{{'a': {{'b': 1}}}}, {}1] }}}}", "-".repeat(many)),
            format!(
                "{{% if a %}}{}{{% endif %}}",
                "{% elif a %}".repeat(BRANCHES_LIMIT + 1)
            ),
        ] {
            assert!(too_involved(&text).is_some(), "{}", &text[..60]);
        }
    }

    #[test]
    fn what_people_write_is_not() {
        for text in [
            "-".repeat(5_000),
            "{{ currentValue.title | trim | truncate(80) }}".repeat(500),
            format!("{{{{ \"{}\" }}}}", "-".repeat(5_000)),
            format!(
                "{{% if a %}}{}{{% endif %}}",
                "{% elif a %}".repeat(BRANCHES_LIMIT)
            ),
            "{{".into(),
            "{{ \"".into(),
            "{{ 'a\\".into(),
            "größe {{ größe }} {%".into(),
        ] {
            assert_eq!(too_involved(&text), None);
        }
    }
}
