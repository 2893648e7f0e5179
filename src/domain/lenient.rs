//! JSON as JavaScript writes it: half a character (`\ud83d` without its other half) is read as a replacement character.
//!
//! JavaScript cuts texts between the halves of a character and writes the half as an escape, which strict readers refuse. An event refused for
//! that would switch the whole webhook off after five tries. Bodies are kept and passed on as they came; only what is read of them is mended.

use serde_json::Value;

/// Reads a whole document.
pub fn document(body: &[u8]) -> Result<Value, serde_json::Error> {
    read(body, |body| serde_json::from_slice(body))
}

/// Reads a body; only when that fails are halves of characters looked for.
pub fn read<T>(
    body: &[u8],
    read: impl Fn(&[u8]) -> Result<T, serde_json::Error>,
) -> Result<T, serde_json::Error> {
    read(body).or_else(|error| match mended(body) {
        Some(mended) => read(&mended),
        None => Err(error),
    })
}

/// The body with every lone half replaced; `None` when there is none.
fn mended(body: &[u8]) -> Option<Vec<u8>> {
    let mut mended = body.to_vec();
    let mut found = false;
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        if *byte != b'\\' {
            at += 1;
            continue;
        }
        match (unit(body, at), unit(body, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.get_mut(at..at + 6)?.copy_from_slice(b"\\ufffd");
                found = true;
                at += 6;
            }
            (Some(_), _) => at += 6,
            (None, _) => at += 2,
        }
    }
    found.then_some(mended)
}

/// The code unit of an escape `\uXXXX` that begins here.
fn unit(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let text = std::str::from_utf8(digits).ok()?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    u16::from_str_radix(text, 16).ok().filter(|_| is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_of_characters_are_replaced_and_whole_ones_stay() {
        for (text, read) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""a\uDE00b""#, "a\u{fffd}b"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ud83d\ude00\ud83d""#, "\u{1f600}\u{fffd}"),
            (r#""\\ud83d""#, "\\ud83d"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
        ] {
            assert_eq!(document(text.as_bytes()).unwrap(), read, "{text}");
        }
        for text in [
            r#""\ud8""#,
            r#""\ud83d"#,
            r#""\u+123""#,
            "{",
            r#"{"a":"\ud83d",}"#,
        ] {
            assert!(document(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_strict_readers_take_is_read_the_same(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(document(written.as_bytes()).unwrap(), Value::from(text));
        }

        #[test]
        fn every_mixture_of_units_is_read(units in prop::collection::vec(any::<u16>(), 0..20)) {
            let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let expected = String::from_utf16_lossy(&units);
            prop_assert_eq!(document(format!("\"{escapes}\"").as_bytes()).unwrap(), Value::from(expected));
        }
    }
}
