//! What a mapping adds to the query and to the headers, as the builder has it: a line for each, its name first.
//!
//! Called by `connection_form`. It only reads and writes lines; what may stand in them is for the mapping to say.

use serde_json::{Map, Value};

/// What stands between a name and its value, as it is written. It is read without the blanks.
pub const QUERY: &str = "=";
pub const HEADER: &str = ": ";

/// The lines for an object of texts.
pub fn lines_of(document: &Value, between: &str) -> String {
    let members = document.as_object().into_iter().flatten();
    let lines = members.map(|(name, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_string);
        format!("{name}{between}{value}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The object that lines stand for, or what is wrong with one of them. Empty ones are passed over.
pub fn document_of(lines: &str, between: &str) -> Result<Map<String, Value>, String> {
    let sign = between.trim();
    let mut members = Map::new();
    let filled = lines.lines().enumerate();
    for (index, line) in filled.filter(|(_, line)| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once(sign) else {
            return Err(t!("builder-request-line", number = index + 1, sign = sign));
        };
        let name = name.trim();
        if members.contains_key(name) {
            return Err(t!("builder-request-twice", name = name));
        }
        members.insert(name.to_string(), Value::from(value.trim()));
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_come_back_as_they_were() {
        let members = json!({"Title": "{{ a }}: {{ b == \"x=y\" }}", "X-Empty": ""});
        for between in [QUERY, HEADER] {
            let lines = lines_of(&members, between);
            assert_eq!(Value::from(document_of(&lines, between).unwrap()), members);
        }
        assert_eq!(lines_of(&Value::Null, QUERY), "");
        let spaced = document_of("\r\n  a = 1 \n\nb=", QUERY).unwrap();
        assert_eq!(Value::from(spaced), json!({"a": "1", "b": ""}));
    }

    #[test]
    fn a_line_that_is_none_is_told_by_its_number() {
        assert!(document_of("a: 1\nb", HEADER).unwrap_err().contains('2'));
        assert!(document_of("a=1\na=2", QUERY).unwrap_err().contains('a'));
    }
}
