//! Functions about texts.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use regex::Regex;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::mapping::functions::{
    Arg, Args, COUNT, Function, Kind, Only, Rule, WHOLE, arg, html, opt, text_in, text_out,
};

macro_rules! function {
    ($id:literal, $summary:literal, $args:expr, $example:expr, $run:expr) => {
        Function {
            id: $id,
            group: "Text",
            summary: $summary,
            args: $args,
            example: $example,
            rule: Rule::Each,
            variadic: false,
            check: None,
            run: $run,
        }
    };
}

const NO_ARGS: &[Arg] = &[];

/// What the groups of one match may be put into a text as, in bytes.
const EXPANDED_LIMIT_BYTES: usize = 16 * super::TEXT_LIMIT_BYTES;

pub(super) const FUNCTIONS: &[Function] = &[
    function!(
        "lower",
        "lower case",
        NO_ARGS,
        (r#""Ab""#, "[]", r#""ab""#),
        |v, _| text_out(text_in(v)?.to_lowercase())
    ),
    function!(
        "upper",
        "UPPER CASE",
        NO_ARGS,
        (r#""Ab""#, "[]", r#""AB""#),
        |v, _| text_out(text_in(v)?.to_uppercase())
    ),
    function!(
        "title",
        "Every Word Capitalised",
        NO_ARGS,
        (r#""call ada now""#, "[]", r#""Call Ada Now""#),
        title
    ),
    function!(
        "capitalize",
        "First letter large",
        NO_ARGS,
        (r#""call ADA""#, "[]", r#""Call ADA""#),
        |v, _| text_out(capitalised(&text_in(v)?))
    ),
    function!(
        "trim",
        "without blanks at both ends",
        NO_ARGS,
        (r#""  a ""#, "[]", r#""a""#),
        |v, _| text_out(text_in(v)?.trim().to_string())
    ),
    function!(
        "replace",
        "every occurrence of a text by another",
        &[arg("find", Kind::Text), arg("with", Kind::Text)],
        (r#""a-b-c""#, r#"["-", "+"]"#, r#""a+b+c""#),
        replace
    ),
    function!(
        "regex_replace",
        "every match of a pattern by another text ($1 for a group)",
        &[arg("pattern", Kind::Regex), arg("with", Kind::Text)],
        (r#""a1b22""#, r##"["[0-9]+", "#"]"##, r##""a#b#""##),
        regex_replace
    ),
    function!(
        "extract",
        "the first match of a pattern, or of one of its groups",
        &[
            arg("pattern", Kind::Regex),
            opt("group", Kind::Number).only(Only::Group)
        ],
        (
            r#""Order 4711 of May""#,
            r#"["Order ([0-9]+)", 1]"#,
            r#""4711""#
        ),
        extract
    ),
    function!(
        "extract_email",
        "the first e-mail address",
        NO_ARGS,
        (
            r#""mail ada@example.com, please""#,
            "[]",
            r#""ada@example.com""#
        ),
        |v, _| {
            let text = text_in(v)?;
            let found = EMAIL.as_ref().and_then(|regex| regex.find(&text));
            Ok(found.map_or(Value::Null, |found| Value::from(found.as_str())))
        }
    ),
    function!(
        "extract_url",
        "the first web address",
        NO_ARGS,
        (
            r#""see https://example.com/a?b=1.""#,
            "[]",
            r#""https://example.com/a?b=1""#
        ),
        |v, _| {
            let text = text_in(v)?;
            let mut found = URL.iter().flat_map(|regex| regex.find_iter(&text));
            Ok(found
                .find_map(|found| address(found.as_str()))
                .map_or(Value::Null, Value::from))
        }
    ),
    function!(
        "extract_number",
        "the first number, its thousands grouped or not; null when it has more digits than a number holds",
        NO_ARGS,
        (r#""costs -12.50 EUR""#, "[]", "-12.5"),
        |v, _| {
            let text = text_in(v)?;
            if v.is_number() {
                return Ok(v.clone());
            }
            let found = NUMBER.as_ref().and_then(|regex| regex.find(&text));
            // Digits that make no number that could be told are those of something else, like a parcel.
            let number = found.and_then(|found| {
                let before = text.get(..found.start()).unwrap_or_default();
                super::number::parse(&plain_number(before, found.as_str()))
            });
            Ok(number.unwrap_or(Value::Null))
        }
    ),
    function!(
        "split",
        "into a list, or one part of it (from 0, negative from the end)",
        &[
            arg("separator", Kind::Text),
            opt("part", Kind::Number).only(WHOLE)
        ],
        (r#""a, b""#, r#"[", "]"#, r#"["a", "b"]"#),
        split
    ),
    function!(
        "truncate",
        "cut to a length, with an ellipsis that counts",
        &[
            arg("length", Kind::Number).only(COUNT),
            opt("ellipsis", Kind::Text)
        ],
        (r#""abcdef""#, "[4]", r#""abc…""#),
        truncate
    ),
    function!(
        "substring",
        "from a position (from 0, negative from the end), of a length",
        &[
            arg("start", Kind::Number).only(WHOLE),
            opt("length", Kind::Number).only(COUNT)
        ],
        (r#""abcdef""#, "[1, 3]", r#""bcd""#),
        substring
    ),
    function!(
        "prefix",
        "with a text before it",
        &[arg("text", Kind::Text)],
        (r#""7""#, r##"["#"]"##, r##""#7""##),
        |v, args| text_out(format!(
            "{}{}",
            args.text(0).unwrap_or_default(),
            text_in(v)?
        ))
    ),
    function!(
        "suffix",
        "with a text after it",
        &[arg("text", Kind::Text)],
        (r#""7""#, r#"[" kg"]"#, r#""7 kg""#),
        |v, args| text_out(format!(
            "{}{}",
            text_in(v)?,
            args.text(0).unwrap_or_default()
        ))
    ),
    function!(
        "strip_html",
        "without HTML tags",
        NO_ARGS,
        (r#""<p>a &amp; <b>b</b></p>""#, "[]", r#""a & b""#),
        |v, _| text_out(html::stripped(&text_in(v)?))
    ),
    function!(
        "html_to_text",
        "HTML as plain text with line breaks, marks of lists and the addresses of links",
        NO_ARGS,
        (
            r#""<p>a</p><ul><li>b<br>c</li></ul>""#,
            "[]",
            r#""a\n- b\nc""#
        ),
        |v, _| text_out(html::as_lines(&text_in(v)?))
    ),
    function!(
        "text_to_html",
        "plain text as HTML, its lines and paragraphs kept",
        NO_ARGS,
        (
            r#""a < b\nc\n\nd""#,
            "[]",
            r#""<p>a &lt; b<br>c</p><p>d</p>""#
        ),
        |v, _| text_out(html::of_lines(&text_in(v)?))
    ),
    function!(
        "escape_html",
        "safe inside HTML",
        NO_ARGS,
        (r#""<b>""#, "[]", r#""&lt;b&gt;""#),
        |v, _| text_out(html_escape::encode_safe(&text_in(v)?).into_owned())
    ),
    function!(
        "escape_slack",
        "as it is written, in Slack",
        NO_ARGS,
        (r#""<b> & c""#, "[]", r#""&lt;b&gt; &amp; c""#),
        |v, _| text_out(escaped_slack(&text_in(v)?))
    ),
    function!(
        "escape_chat",
        "as it is written, in Google Chat",
        NO_ARGS,
        (r#""<users/all> & c""#, "[]", r#""<\u200busers/all> & c""#),
        // Chat shows entities as they are; what nobody sees behind the sign keeps it from being a mention or a link.
        |v, _| text_out(text_in(v)?.replace('<', "<\u{200b}"))
    ),
    function!(
        "escape_markdown",
        "as it is written, inside Markdown",
        NO_ARGS,
        (r#""*a* [b](c)""#, "[]", r#""\\*a\\* \\[b\\](c)""#),
        |v, _| text_out(escaped_markdown(&text_in(v)?))
    ),
    function!(
        "slug",
        "fit-for-an-address",
        NO_ARGS,
        (r#""Call Ada, now!""#, "[]", r#""call-ada-now""#),
        |v, _| {
            let text = text_in(v)?.to_lowercase().replace(['\'', '’', 'ʼ'], "");
            let words: Vec<&str> = WORD
                .iter()
                .flat_map(|regex| regex.find_iter(&text))
                .map(|word| word.as_str())
                .collect();
            text_out(words.join("-"))
        }
    ),
    function!(
        "pad_left",
        "filled up at the left to a length",
        &[
            arg("length", Kind::Number).only(COUNT),
            opt("with", Kind::Text)
        ],
        (r#""7""#, r#"[3, "0"]"#, r#""007""#),
        |v, args| pad(v, args, true)
    ),
    function!(
        "pad_right",
        "filled up at the right to a length",
        &[
            arg("length", Kind::Number).only(COUNT),
            opt("with", Kind::Text)
        ],
        (r#""7""#, r#"[3, "."]"#, r#""7..""#),
        |v, args| pad(v, args, false)
    ),
    Function {
        rule: Rule::Whole,
        ..function!(
            "length",
            "how many characters, or items of a list",
            NO_ARGS,
            (r#""abc""#, "[]", "3"),
            |v, _| {
                Ok(Value::from(match v {
                    Value::Array(items) => items.len(),
                    Value::Object(members) => members.len(),
                    other => text_in(other)?.chars().count(),
                }))
            }
        )
    },
    function!(
        "url_encode",
        "safe inside an address",
        NO_ARGS,
        (r#""a b&c""#, "[]", r#""a%20b%26c""#),
        |v, _| {
            let encoded: String =
                url::form_urlencoded::byte_serialize(text_in(v)?.as_bytes()).collect();
            text_out(encoded.replace('+', "%20"))
        }
    ),
    function!(
        "url_decode",
        "from an address: %20 and + are blanks",
        NO_ARGS,
        (r#""a%20b%26c+d""#, "[]", r#""a b&c d""#),
        |v, _| {
            let text = text_in(v)?.replace('&', "%26").replace('=', "%3D");
            let decoded = url::form_urlencoded::parse(text.as_bytes()).next();
            text_out(decoded.map_or_else(String::new, |(text, _)| text.into_owned()))
        }
    ),
    function!(
        "base64",
        "as base64",
        NO_ARGS,
        (r#""hi""#, "[]", r#""aGk=""#),
        |v, _| text_out(STANDARD.encode(text_in(v)?.as_bytes()))
    ),
    function!(
        "base64_decode",
        "from base64, also as addresses have it (- and _) and without padding",
        NO_ARGS,
        (r#""aGk=""#, "[]", r#""hi""#),
        |v, _| {
            let text: String = text_in(v)?
                .chars()
                .filter(|sign| !sign.is_whitespace())
                .map(|sign| match sign {
                    '-' => '+',
                    '_' => '/',
                    sign => sign,
                })
                .collect();
            let bytes = STANDARD_NO_PAD
                .decode(text.trim_end_matches('='))
                .map_err(|_| "the value is not base64".to_string())?;
            String::from_utf8(bytes)
                .map(Value::from)
                .map_err(|_| "the decoded bytes are not a text".into())
        }
    ),
    Function {
        rule: Rule::Anything,
        ..function!(
            "json_encode",
            "as JSON text",
            NO_ARGS,
            (r#"{"a": [1]}"#, "[]", r#""{\"a\":[1]}""#),
            |v, _| text_out(v.to_string())
        )
    },
    function!(
        "json_decode",
        "from JSON text",
        NO_ARGS,
        (r#""{\"a\":1}""#, "[]", r#"{"a": 1}"#),
        |v, _| {
            serde_json::from_str(&text_in(v)?)
                .map_err(|error| format!("the value is not JSON ({error})"))
        }
    ),
    function!(
        "sha256",
        "SHA-256 in hex",
        NO_ARGS,
        (
            r#""abc""#,
            "[]",
            r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#
        ),
        |v, _| {
            Ok(Value::from(hex::encode(Sha256::digest(
                text_in(v)?.as_bytes(),
            ))))
        }
    ),
];

/// Patterns of our own are literals that a test has compiled; `None` would only make their function find nothing.
pub(super) fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"[\w+%](?:[\w.+%'’-]*[\w+%-])?@[\p{L}\p{N}](?:[\w-]*[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\w-]*[\p{L}\p{N}])?)+",
    )
});
static URL: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r#"(?i)https?://[^\s<>"“”«»]+"#));
/// Digits, with single signs between them that may part thousands and decimals.
static NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"[0-9]+(?:[.,'’\u{a0}\u{202f}][0-9]+)*"));
/// A letter may have its accent as a sign of its own.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"[\p{Alphabetic}\p{N}\p{M}]+"));
/// What makes a line a heading, an item or a rule in Markdown: the group is the sign to escape.
static BLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r"^[ \t]*(?:[0-9]{1,9}([.)])(?:\s|$)|(#{1,6}|[-+])(?:\s|$)|(-+|=+)\s*$)")
});
static GROUPS: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"\$\$|\$([0-9]+)"));
/// The three signs that mean something to Slack, as entities, and no other.
fn escaped_slack(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A backslash before each sign that means something: anywhere, or where a line begins, as of headings and lists. Round brackets are left: without the
/// square ones they make no link, and they may end an address.
fn escaped_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for line in text.split_inclusive(['\n', '\r']) {
        let begins = BLOCK.as_ref().and_then(|regex| regex.captures(line));
        let begins = begins.and_then(|found| found.iter().skip(1).flatten().next());
        let begins = begins.map(|sign| sign.start());
        for (at, sign) in line.char_indices() {
            if begins == Some(at) || r"\`*_~|[]<>".contains(sign) {
                escaped.push('\\');
            }
            escaped.push(sign);
        }
    }
    escaped
}

/// A web address without what belongs to the sentence around it: closing brackets that it does not open, and punctuation at its end.
fn address(found: &str) -> Option<&str> {
    let mut open = Vec::new();
    let end = found.char_indices().find(|(at, sign)| match sign {
        // The quote that ends a text in a list or an object.
        '\'' => found[at + 1..].starts_with([',', ')', ']', '}', ';', ':']),
        '(' | '[' | '{' => {
            open.push(*sign);
            false
        }
        ')' => open.pop() != Some('('),
        ']' => open.pop() != Some('['),
        '}' => open.pop() != Some('{'),
        _ => false,
    });
    let address = found.get(..end.map_or(found.len(), |(end, _)| end))?;
    let is_of_the_sentence = |sign: char| ".,;:!?'’…*([{".contains(sign);
    let address = address.trim_end_matches(is_of_the_sentence);
    // Of a scheme alone the slashes are left.
    (!address.ends_with("//")).then_some(address)
}

/// A number as it stands behind a text, in the form that a computer reads.
fn plain_number(before: &str, found: &str) -> String {
    let mut before = before;
    let mut number = ungrouped(found);
    // A point may begin a number, and a minus stand before it, unless they belong to a word: `A-5`, `v.2`.
    let ends_with = |text: &str, sign: char| {
        let before = text.strip_suffix(sign)?;
        let of_a_word =
            before.ends_with(|last: char| last.is_alphanumeric() || ".)]".contains(last));
        (!of_a_word).then_some(before.len())
    };
    if let Some(length) = ends_with(before, '.').filter(|_| !number.contains('.')) {
        number = format!("0.{number}");
        before = before.get(..length).unwrap_or_default();
    }
    match ends_with(before, '-').or_else(|| ends_with(before, '−')) {
        Some(_) => format!("-{number}"),
        None => number,
    }
}

/// Digits with what parts them: `1,234.5` and `1.234,5` are the same number, `12,50` has a decimal comma, and `1.5` a point. Of what cannot be one number,
/// like a date or a list, it is the first.
fn ungrouped(found: &str) -> String {
    let groups: Vec<&str> = found.split(|sign: char| !sign.is_ascii_digit()).collect();
    let signs: Vec<char> = found
        .chars()
        .filter(|sign| !sign.is_ascii_digit())
        .collect();
    let (first, last) = (groups[0], groups[groups.len() - 1]);
    let are_thousands = |signs: &[char]| {
        let alike = signs.iter().all(|sign| Some(sign) == signs.first());
        let rest = groups.get(1..=signs.len()).unwrap_or_default();
        alike
            && !first.starts_with('0')
            && first.len() <= 3
            && rest.iter().all(|group| group.len() == 3)
    };
    match signs.as_slice() {
        [] => first.to_string(),
        ['.'] => format!("{first}.{last}"),
        signs if are_thousands(signs) => groups.concat(),
        [','] => format!("{first}.{last}"),
        [thousands @ .., point @ ('.' | ',')]
            if !thousands.contains(point) && are_thousands(thousands) =>
        {
            format!("{}.{last}", groups[..groups.len() - 1].concat())
        }
        ['.', ..] => format!("{first}.{}", groups[1]),
        _ => first.to_string(),
    }
}

fn title(value: &Value, _: &Args<'_>) -> Result<Value, String> {
    let text = text_in(value)?;
    // Words in capitals stay so among others, as names do; a text that is nothing else shouts.
    let shouts = text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase);
    let text = if shouts {
        text.to_lowercase()
    } else {
        text.into_owned()
    };
    let word = |word: &str| {
        let start = word.find(char::is_alphanumeric).unwrap_or_default();
        let (before, word) = word.split_at(start);
        format!("{before}{}", capitalised(word))
    };
    text_out(
        text.split_inclusive(char::is_whitespace)
            .map(word)
            .collect(),
    )
}

/// The first letter large; of one that becomes two, like ß, only the first of them.
fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let mut large = first.to_uppercase();
    let head: String = large.next().into_iter().collect();
    head + &large.collect::<String>().to_lowercase() + letters.as_str()
}

fn replace(value: &Value, args: &Args<'_>) -> Result<Value, String> {
    let (find, with) = (
        args.text(0).unwrap_or_default(),
        args.text(1).unwrap_or_default(),
    );
    let text = text_in(value)?;
    let grown = text
        .len()
        .saturating_add(text.matches(find).count().saturating_mul(with.len()));
    if grown <= super::TEXT_LIMIT_BYTES {
        text_out(text.replace(find, with))
    } else {
        Err(super::too_long())
    }
}

fn regex_replace(value: &Value, args: &Args<'_>) -> Result<Value, String> {
    let regex = args.regex()?;
    let with = &numbered(args.text(1).unwrap_or_default());
    let text = text_in(value)?;
    let groups = with.matches('$').count();
    let (mut replaced, mut taken) = (String::new(), 0);
    for captures in regex.captures_iter(&text) {
        let found = captures.get_match();
        // What one replacement may become at most, before it is made.
        if groups.saturating_mul(found.len()) > EXPANDED_LIMIT_BYTES {
            return Err(super::too_long());
        }
        replaced.push_str(&text[taken..found.start()]);
        captures.expand(with, &mut replaced);
        taken = found.end();
        // Before it grows on: what is put in many times may be the text itself.
        if replaced.len() > super::TEXT_LIMIT_BYTES {
            return Err(super::too_long());
        }
    }
    text_out(replaced + &text[taken..])
}

/// `$1kg` names the first group and goes on with a text; the regex crate would look for a group of the name `1kg`.
fn numbered(with: &str) -> String {
    let Some(groups) = &*GROUPS else {
        return with.to_string();
    };
    let braced = groups.replace_all(with, |found: &regex::Captures<'_>| match found.get(1) {
        Some(number) => format!("${{{}}}", number.as_str()),
        None => "$$".to_string(),
    });
    braced.into_owned()
}

fn extract(value: &Value, args: &Args<'_>) -> Result<Value, String> {
    let group = usize::try_from(args.integer(1).unwrap_or(0))
        .map_err(|_| "a group is counted from 0".to_string())?;
    let text = text_in(value)?;
    let found = args
        .regex()?
        .captures(&text)
        .and_then(|captures| captures.get(group));
    Ok(found.map_or(Value::Null, |found| Value::from(found.as_str())))
}

fn split(value: &Value, args: &Args<'_>) -> Result<Value, String> {
    let text = text_in(value)?;
    let parts: Vec<Value> = match args.text(0).unwrap_or_default() {
        "" => text
            .chars()
            .map(|sign| Value::from(sign.to_string()))
            .collect(),
        separator => text.split(separator).map(Value::from).collect(),
    };
    match args.integer(1) {
        Some(part) => Ok(super::list::nth(&parts, part)
            .cloned()
            .unwrap_or(Value::Null)),
        None => Ok(Value::from(parts)),
    }
}

fn truncate(value: &Value, args: &Args<'_>) -> Result<Value, String> {
    let text = text_in(value)?;
    let length = count(args, 0)?;
    if text.chars().count() <= length {
        return Ok(Value::from(text.into_owned()));
    }
    let ellipsis = args.text(1).unwrap_or("…");
    let room = length.saturating_sub(ellipsis.chars().count());
    // What looks like one sign, as a flag or a letter with its accent, stays one or goes.
    let (mut kept, mut taken) = (String::new(), 0);
    for sign in text.graphemes(true) {
        taken += sign.chars().count();
        if taken > room {
            break;
        }
        kept.push_str(sign);
    }
    text_out(kept.chars().chain(ellipsis.chars()).take(length).collect())
}

fn substring(value: &Value, args: &Args<'_>) -> Result<Value, String> {
    let text = text_in(value)?;
    let start = args.integer(0).ok_or("the start is a whole number")?;
    let skipped = match usize::try_from(start) {
        Ok(skipped) => skipped,
        Err(_) => text
            .chars()
            .count()
            .saturating_sub(usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let length = match args.value(1) {
        Some(_) => count(args, 1)?,
        None => usize::MAX,
    };
    text_out(text.chars().skip(skipped).take(length).collect())
}

fn pad(value: &Value, args: &Args<'_>, left: bool) -> Result<Value, String> {
    let text = text_in(value)?;
    let fill = args.text(1).filter(|fill| !fill.is_empty()).unwrap_or(" ");
    let missing = count(args, 0)?
        .min(super::TEXT_LIMIT_BYTES)
        .saturating_sub(text.chars().count());
    let chars = fill.chars().count();
    let mut filling = fill.repeat(missing / chars);
    filling.extend(fill.chars().take(missing % chars));
    text_out(if left {
        filling + &text
    } else {
        format!("{text}{filling}")
    })
}

fn count(args: &Args<'_>, index: usize) -> Result<usize, String> {
    args.integer(index)
        .and_then(|length| usize::try_from(length).ok())
        .ok_or_else(|| "a length is a whole number from 0".into())
}
