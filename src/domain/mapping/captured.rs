//! What a JSON template does with the blocks that it captures, told before it runs.
//!
//! In a captured block (`{% set x %}...{% endset %}`, `{% filter f %}...{% endfilter %}`) stand the marks that `template` replaces at the end, when it
//! is known on which side of a quote each one ends up. A block may therefore be printed by itself, or given to one of our functions, which see the
//! values behind the marks. minijinja's own operators, tests and filters would see the marks: such a use is refused. Called by `template` only.

use std::collections::HashSet;

use crate::domain::mapping::functions::find;
use crate::domain::mapping::tags::{Part, Tag, parts};

/// Filters of `template` that see values, beside the functions.
const SEEING: [&str; 5] = ["d", "raw", "safe", "string", "tojson"];
/// Of these, what stays unescaped and so takes marks in where texts are joined.
const UNESCAPED: [&str; 3] = ["raw", "safe", "tojson"];

/// What a template does with a block that would show its marks, and where, in bytes from 0.
pub(super) fn misused(text: &str) -> Option<(usize, String)> {
    let parts = parts(text);
    let tags = || {
        parts.iter().filter_map(|part| match part {
            Part::Tag(tag) => Some(tag),
            Part::Text(_) => None,
        })
    };
    let captured: HashSet<&str> = tags().flat_map(Tag::captures).collect();
    tags().find_map(|tag| Some((tag.start, wrong_in(tag, &captured)?)))
}

fn wrong_in(tag: &Tag<'_>, captured: &HashSet<&str>) -> Option<String> {
    if tag.statement() == "autoescape" {
        return Some(
            "`autoescape` is of no use in JSON, where each value is escaped by its place.".into(),
        );
    }
    if tag.opens_set() || tag.statement() == "filter" {
        return blind_filter(tag);
    }
    let joins = tag.tokens.iter().any(|token| token.text == "~");
    if joins && !tag.prints && tag.filters().any(|(_, name)| UNESCAPED.contains(&name)) {
        return Some(
            "What `raw`, `safe` or `tojson` gave is joined with `~` only where it is printed."
                .into(),
        );
    }
    let loops_over = tag.loops_over();
    let is_target = |index: usize| loops_over.is_some_and(|place| index < place);
    let (_, name) = tag
        .words()
        .filter(|(_, word)| captured.contains(word))
        .find(|(index, _)| !is_target(*index) && !is_sound(tag, *index))?;
    Some(format!(
        "`{name}` is a captured block: print it by itself, or give it to a function first, like `{name} | string`."
    ))
}

/// The filter that a block goes through first, when it would see marks.
fn blind_filter(tag: &Tag<'_>) -> Option<String> {
    let (_, name) = tag.filters().next()?;
    (!sees(name))
        .then(|| format!("A block cannot go through `{name}`; let it go through `string` first."))
}

fn sees(filter: &str) -> bool {
    SEEING.contains(&filter) || find(filter).is_some()
}

/// Whether the word there is the whole of what is printed, goes into a function that sees values, or is another thing of the same name.
fn is_sound(tag: &Tag<'_>, index: usize) -> bool {
    let is_printed = tag.prints && tag.tokens.len() == 1;
    let is_given = tag.at(index + 1) == "|" && sees(tag.at(index + 2));
    let is_other = matches!(tag.before(index), "." | "|" | "is");
    let is_target = tag.at(index + 1) == "=";
    is_printed || is_given || is_other || is_target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_printed_or_given_to_a_function() {
        let block = "{% set x %}{{ t }}{% endset %}";
        for sound in [
            "{{ x }}",
            "{{- x -}}",
            "{{ x | truncate(2) }}",
            "{% if x | trim == 'a' %}{% endif %}",
            "{% set y = x | string %}",
            "{% set x = 1 %}",
            "{% for x in list %}{% endfor %}",
            "{{ a.x }}{{ f(x=1) }}",
            "{% filter upper %}{{ x }}{% endfilter %}",
        ] {
            assert_eq!(misused(&format!("{block}{sound}")), None, "{sound}");
        }
        for wrong in [
            "{{ [x, 'b'] | join('-') }}",
            "{% if x == 'a' %}{% endif %}",
            "{% if x %}{% endif %}",
            "{{ x[0] }}",
            "{{ x | int }}",
            "{{ x ~ 'a' }}",
            "{% set y = x %}",
            "{% for sign in x %}{% endfor %}",
            "{% for sign in x if sign in list %}{% endfor %}",
            "{% filter int %}{% endfilter %}",
            "{% set z | int %}{% endset %}",
            "{% autoescape false %}{% endautoescape %}",
            "{% set z = t | raw ~ t %}",
        ] {
            let (start, _) = misused(&format!("{block}{wrong}")).expect(wrong);
            assert_eq!(start, block.len(), "{wrong}");
        }
    }
}
