//! What pages say, in the reader's language. Sentences stand in `locales/{en,id}/*.ftl` (Fluent), code and templates name them by key.
//!
//! - `t!("deliveries-title")`, `t!("replays-made", count = n, by = name)`: a text. In templates `{{ t!("overview-empty", range = self.range.name) }}`:
//!   arguments are Rust, so a field of the page needs `self.`, a loop's variable does not. askama escapes the result like any text.
//! - `markup!("session-forgotten")`: a message that itself holds HTML (`<code>`, a link); its arguments are escaped as on every page (`visible`).
//! - `key!("shared-note-saved")`: a key for a `const` table; it is looked up when it is shown.
//! - `told!("operator-", op.id, op.label)`: words that `domain` has in English under a stable code. In English these; in other languages the
//!   message `operator-<code>`, or the English when there is none. Only other languages' files hold such messages.
//! - A finished English sentence, stored or made deeper in, is told by [`phrases`](crate::web::phrases), whose book is `said.ftl`.
//!
//! Every key begins with the name of its file (`deliveries-...` in `deliveries.ftl`), is written as a literal, exists in both languages with the
//! same arguments, and is used: `tests/it/languages.rs` reads sources, templates and locales and fails with a sentence. A count chooses its form
//! with `{ $count -> [one] ... *[other] ... }` in English; Indonesian has one form. Numbers are grouped by thousands.
//!
//! Whose language it is comes from [`Reader::present`]; nothing here decides it. The API, stored rows and logs are English.

use std::sync::LazyLock;

use askama::filters::Safe;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rust_embed::RustEmbed;
use unic_langid::LanguageIdentifier;

use crate::domain::person::Language;
use crate::web::reader::Reader;
use crate::web::visible::shown;

#[derive(RustEmbed)]
#[folder = "locales/"]
struct Files;

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::English));
static INDONESIAN: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::Indonesian));

/// A text in the reader's language.
macro_rules! t {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::web::i18n::say($key, [$((stringify!($name), $crate::web::i18n::Argument::argument(&$value))),*])
    };
}

/// A message that holds HTML, with escaped arguments.
macro_rules! markup {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::web::i18n::say_markup($key, [$((stringify!($name), $crate::web::i18n::Argument::argument(&$value))),*])
    };
}

/// A key for a table.
macro_rules! key {
    ($key:literal) => {
        $crate::web::i18n::Key($key)
    };
}

/// Words of the domain, by their code.
macro_rules! told {
    ($family:literal, $code:expr, $english:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::web::i18n::tell($family, $code, $english, [$((stringify!($name), $crate::web::i18n::Argument::argument(&$value))),*])
    };
}

/// The key of a message; shows as its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub &'static str);

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&say(self.0, []))
    }
}

/// What a message may be given.
pub trait Argument {
    fn argument(&self) -> FluentValue<'_>;
}

impl<T: Argument + ?Sized> Argument for &T {
    fn argument(&self) -> FluentValue<'_> {
        (**self).argument()
    }
}

impl Argument for str {
    fn argument(&self) -> FluentValue<'_> {
        FluentValue::from(self)
    }
}

impl Argument for String {
    fn argument(&self) -> FluentValue<'_> {
        FluentValue::from(self.as_str())
    }
}

impl Argument for Key {
    fn argument(&self) -> FluentValue<'_> {
        FluentValue::from(self.to_string())
    }
}

macro_rules! numbers {
    ($($number:ty)+) => {$(
        impl Argument for $number {
            fn argument(&self) -> FluentValue<'_> {
                FluentValue::from(*self)
            }
        }
    )+};
}
numbers! { u16 u32 u64 usize i32 i64 f64 }

/// The message of `key` in the reader's language; called by `t!`.
pub fn say<const N: usize>(key: &str, arguments: [(&'static str, FluentValue<'_>); N]) -> String {
    let language = Reader::present().language;
    message(language, key, &arguments.into_iter().collect()).unwrap_or_else(|| {
        tracing::error!(key, language = language.as_str(), "a text is missing");
        key.to_string()
    })
}

/// Like [`say`], for messages that hold HTML; called by `markup!`.
pub fn say_markup<const N: usize>(
    key: &str,
    arguments: [(&'static str, FluentValue<'_>); N],
) -> Safe<String> {
    let escaped = arguments.map(|(name, value)| match value {
        FluentValue::String(text) => (name, FluentValue::from(shown(&text))),
        other => (name, other),
    });
    Safe(say(key, escaped))
}

/// The domain's `english`, or what the reader's language says under its code; called by `told!`.
pub fn tell<const N: usize>(
    family: &str,
    code: &str,
    english: impl Into<String>,
    arguments: [(&'static str, FluentValue<'_>); N],
) -> String {
    let language = Reader::present().language;
    let found = match language {
        Language::English => None,
        other => {
            let key = format!("{family}{code}");
            message(other, &key, &arguments.into_iter().collect())
        }
    };
    found.unwrap_or_else(|| english.into())
}

/// The message of `key` in that language, when there is one.
pub(super) fn message(language: Language, key: &str, arguments: &FluentArgs<'_>) -> Option<String> {
    let bundle = match language {
        Language::English => &*ENGLISH,
        Language::Indonesian => &*INDONESIAN,
    };
    let pattern = bundle.get_message(key)?.value()?;
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(arguments), &mut errors);
    for error in errors {
        tracing::error!(key, %error, "a text could not be made");
    }
    Some(text.into_owned())
}

fn bundle(language: Language) -> Bundle {
    let tag: LanguageIdentifier = language.as_str().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Both languages run from left to right; marks around every argument would only be copied along.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) => Some(grouped(&number.as_string())),
        _ => None,
    }));
    let folder = format!("{}/", language.as_str());
    let names = Files::iter().filter_map(|name| Some(name.strip_prefix(&folder)?.to_string()));
    for name in names {
        let text = texts(language, &name).unwrap_or_default();
        let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, errors)| {
            tracing::error!(%name, ?errors, "a file of texts has mistakes");
            resource
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(%name, ?errors, "a text is given twice");
        }
    }
    bundle
}

/// One file of texts of a language.
pub(super) fn texts(language: Language, name: &str) -> Option<String> {
    let file = Files::get(&format!("{}/{name}", language.as_str()))?;
    Some(String::from_utf8_lossy(&file.data).into_owned())
}

/// A whole number with its thousands apart: by a narrow blank, and in Indonesian by a dot.
pub fn grouped(number: &str) -> String {
    let start = usize::from(number.starts_with('-'));
    let digits = number.len() - start;
    if digits < 4 || !number[start..].bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_string();
    }
    let gap = match Reader::present().language {
        Language::English => '\u{202f}',
        Language::Indonesian => '.',
    };
    let mut text = number[..start].to_string();
    for (place, digit) in number[start..].chars().enumerate() {
        if place > 0 && (digits - place).is_multiple_of(3) {
            text.push(gap);
        }
        text.push(digit);
    }
    text
}

/// A number as the reader's language writes it: `99.5`, and `99,5` in Indonesian.
pub fn decimal(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    match Reader::present().language {
        Language::English => text,
        Language::Indonesian => text.replace('.', ","),
    }
}

/// A number with no more digits than it has: `2`, `0.5`.
pub fn as_short(number: f64) -> String {
    let text = number.to_string();
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    decimal(number, digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_indonesian<T>(call: impl FnOnce() -> T) -> T {
        let reader = Reader {
            language: Language::Indonesian,
            ..Reader::default()
        };
        reader.reads(call)
    }

    #[test]
    fn the_reader_chooses_the_language_and_english_is_without_one() {
        assert_eq!(t!("shared-sign-out"), "Sign out");
        assert_eq!(in_indonesian(|| t!("shared-sign-out")), "Keluar");
        assert_eq!(
            in_indonesian(|| key!("shared-sign-out").to_string()),
            "Keluar"
        );
    }

    #[test]
    fn a_count_chooses_its_form() {
        assert_eq!(t!("shared-time-ago-minute", count = 1), "1 minute ago");
        assert_eq!(t!("shared-time-ago-minute", count = 2), "2 minutes ago");
        let said = in_indonesian(|| t!("shared-time-ago-minute", count = 2));
        assert_eq!(said, "2 menit yang lalu");
    }

    #[test]
    fn what_a_message_with_html_is_given_is_shown_as_on_every_page() {
        let said = markup!("replays-none", button = "<b>\"\u{202e}\u{1b}");
        assert!(said.0.contains("&#60;b&#62;&#34;\\u{202e}␛"), "{}", said.0);
    }

    #[test]
    fn words_of_the_domain_stay_english_without_a_translation() {
        assert_eq!(told!("state-", "queued", "Queued"), "Queued");
        assert_eq!(
            in_indonesian(|| told!("state-", "nonsense", "As it is")),
            "As it is"
        );
    }

    #[test]
    fn numbers_are_written_for_people() {
        for (number, text) in [
            ("7", "7"),
            ("-999", "-999"),
            ("1000", "1\u{202f}000"),
            ("-1234567", "-1\u{202f}234\u{202f}567"),
            ("1234.5", "1234.5"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(in_indonesian(|| grouped("1234567")), "1.234.567");
        assert_eq!(decimal(99.5, 1), "99.5");
        assert_eq!(in_indonesian(|| decimal(99.5, 1)), "99,5");
        assert_eq!((as_short(2.0), as_short(0.25)), ("2".into(), "0.25".into()));
    }
}
