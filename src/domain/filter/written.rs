//! Lists as people write them in one line: `urgent, home`, and `"Smith, Ada", Grace` where an entry has a comma.
//!
//! Called by `parse` for documents in which a list stands as a text, and by the builder for the rows of its form. What stands between two commas, or
//! behind the last one, is an entry only when something stands there. It refuses nothing: a quote that closes nothing is a sign as any other.

use std::borrow::Cow;

/// The entries of such a text.
pub fn written_list(text: &str) -> Vec<String> {
    let (mut entries, mut rest) = (Vec::new(), Some(text));
    while let Some(text) = rest {
        let text = text.trim_start();
        if let Some((entry, after)) = quoted(text) {
            entries.push(entry);
            rest = after;
            continue;
        }
        let (entry, after) = match text.split_once(',') {
            Some((entry, after)) => (entry, Some(after)),
            None => (text, None),
        };
        if !entry.trim().is_empty() {
            entries.push(entry.trim().to_string());
        }
        rest = after;
    }
    entries
}

/// The entries as such a text, which reads as they do.
pub fn listed<'e>(entries: impl Iterator<Item = &'e str>) -> String {
    let entries: Vec<Cow<'e, str>> = entries.map(as_entry).collect();
    entries.join(", ")
}

fn as_entry(entry: &str) -> Cow<'_, str> {
    let is_plain = !entry.is_empty()
        && entry.trim() == entry
        && !entry.contains(',')
        && !entry.starts_with('"');
    if is_plain {
        return entry.into();
    }
    let escaped = entry.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"").into()
}

/// An entry in quotes, and what follows its comma; nothing where the quotes are not around all of it.
fn quoted(text: &str) -> Option<(String, Option<&str>)> {
    let inside = text.strip_prefix('"')?;
    let mut entry = String::new();
    let mut signs = inside.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => {
                let after = inside[at + 1..].trim_start();
                let rest = match after.strip_prefix(',') {
                    Some(rest) => Some(rest),
                    None if after.is_empty() => None,
                    None => return None,
                };
                return Some((entry, rest));
            }
            '\\' => match signs.next_if(|(_, next)| ['"', '\\'].contains(next)) {
                Some((_, escaped)) => entry.push(escaped),
                None => entry.push(sign),
            },
            sign => entry.push(sign),
        }
    }
    None
}
