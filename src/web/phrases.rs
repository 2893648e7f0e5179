//! What the code says in English, in the reader's language: a phrase book that knows a finished sentence again.
//!
//! Notes of the audit log, outcomes, problems and refusals are made in `domain`, `store`, `outbound` and `flow` as English sentences, and many are
//! stored. Pages show them through [`retold`]. Every message `said-...` of `locales/en/said.ftl` is a pattern: its texts must stand in the sentence
//! in their order, from its first character to its last, and what stands between them are the arguments for the message of the same key in the
//! reader's language. An argument whose name begins with `said` holds words of the book again; every other, like a name, is shown as it is. The one
//! called `place` may be the place in a template, like `line 1`, or the name of a field, which may be a word of the book and stays.
//!
//! A sentence that no pattern fits stays English, as do a library's words within one. `tests/it/phrases.rs` compares the book with the sentences in
//! the sources, both ways, so that neither changes alone. Nothing here decides where a sentence is shown.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::unicode::unescape_unicode_to_string;

use crate::domain::person::Language;
use crate::web::i18n::{message, texts};
use crate::web::reader::Reader;

/// The file that holds the book.
const BOOK_FILE: &str = "said.ftl";

/// What the names of arguments begin with that hold words of the book.
const NESTED: &str = "said";

/// The argument that holds a place: it is told when the book has a phrase with numbers for it.
const PLACE: &str = "place";

/// Arguments that are numbers.
const NUMBERS: [&str; 2] = ["line", "column"];

/// How deep sentences may stand within sentences.
const DEPTH_LIMIT: usize = 6;

/// Shortest word whose sentences are looked for.
const WORD_LEAST_CHARS: usize = 3;

/// Most sentences that a word is looked for in.
const SENTENCES_LIMIT: usize = 60;

/// Longest sentence that is looked up, in bytes.
const SENTENCE_LIMIT_BYTES: usize = 8 << 10;

static BOOK: LazyLock<Book> =
    LazyLock::new(|| Book::read(texts(Language::English, BOOK_FILE).unwrap_or_default()));

/// The book in the languages that are not stored.
static TOLD: LazyLock<Vec<(Language, Book)>> = LazyLock::new(|| {
    let others = Language::ALL
        .iter()
        .filter(|one| **one != Language::English);
    others
        .map(|one| (*one, Book::read(texts(*one, BOOK_FILE).unwrap_or_default())))
        .collect()
});

/// The sentence in the reader's language; as it is when the book does not know it.
pub fn retold(english: &str) -> String {
    match Reader::present().language {
        Language::English => english.to_string(),
        language => BOOK.retold(english, language, DEPTH_LIMIT),
    }
}

/// The book's sentences that hold `word` in the reader's language, as they are stored: each by its texts in their order. Empty for whoever reads
/// what is stored, and for a word that is too short to tell sentences apart.
pub fn sentences_with(word: &str) -> Vec<Vec<String>> {
    let language = Reader::present().language;
    let Some((_, told)) = TOLD.iter().find(|(one, _)| *one == language) else {
        return Vec::new();
    };
    let word = word.to_lowercase();
    if word.chars().count() < WORD_LEAST_CHARS {
        return Vec::new();
    }
    let is_told = |phrase: &&Phrase| {
        let told = told.0.iter().find(|told| told.key == phrase.key);
        told.is_some_and(|told| told.texts().any(|text| text.to_lowercase().contains(&word)))
    };
    let found = BOOK.0.iter().filter(is_told).take(SENTENCES_LIMIT);
    found
        .map(|phrase| phrase.texts().map(str::to_string).collect())
        .collect()
}

/// The patterns, the one with the most text first; of equals the one that stands first in the file.
struct Book(Vec<Phrase>);

/// A text, and then arguments with the texts that follow them.
#[derive(Debug, Default)]
struct Phrase {
    key: String,
    begins: String,
    arguments: Vec<(String, String)>,
}

impl Book {
    fn read(text: String) -> Book {
        let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, errors)| {
            tracing::error!(?errors, "the phrase book has mistakes");
            resource
        });
        let mut phrases: Vec<Phrase> = resource
            .entries()
            .filter_map(|entry| match entry {
                Entry::Message(message) => Phrase::new(message.id.name, message.value.as_ref()?),
                _ => None,
            })
            .collect();
        phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.text_bytes()));
        Book(phrases)
    }

    fn retold(&self, english: &str, language: Language, depth_left: usize) -> String {
        let found = depth_left
            .checked_sub(1)
            .filter(|_| english.len() <= SENTENCE_LIMIT_BYTES)
            .and_then(|depth_left| {
                let (phrase, arguments) = self.find(english)?;
                let told = arguments.into_iter().map(|(name, text)| {
                    let text = if name.starts_with(NESTED) || self.is_place(name, text) {
                        self.retold(text, language, depth_left)
                    } else {
                        text.to_string()
                    };
                    (name, text)
                });
                let told: FluentArgs<'_> = told.collect();
                message(language, &phrase.key, &told)
            });
        found
            .or_else(|| self.begun(english, language, depth_left))
            .unwrap_or_else(|| english.to_string())
    }

    fn is_place(&self, name: &str, text: &str) -> bool {
        let found = || self.find(text);
        name == PLACE && found().is_some_and(|(_, arguments)| !arguments.is_empty())
    }

    /// Words of the book that begin a sentence, and so begin large; a single one may be a name.
    fn begun(&self, english: &str, language: Language, depth_left: usize) -> Option<String> {
        let first = english.chars().next().filter(char::is_ascii_uppercase)?;
        if !english.contains(' ') {
            return None;
        }
        let small = format!("{}{}", first.to_ascii_lowercase(), &english[1..]);
        self.find(&small)?;
        let told = self.retold(&small, language, depth_left);
        let mut signs = told.chars();
        let large = signs.next()?.to_uppercase();
        Some(large.chain(signs).collect())
    }

    fn find<'a>(&'a self, sentence: &'a str) -> Option<(&'a Phrase, Vec<(&'a str, &'a str)>)> {
        self.0
            .iter()
            .find_map(|phrase| Some((phrase, phrase.arguments_in(sentence)?)))
    }
}

impl Phrase {
    /// The pattern of a message; `None`, and a line in the log, for one that uses more of Fluent than texts and arguments.
    fn new(key: &str, pattern: &Pattern<&str>) -> Option<Phrase> {
        let mut phrase = Phrase {
            key: key.to_string(),
            ..Phrase::default()
        };
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => phrase.end().push_str(value),
                PatternElement::Placeable {
                    expression: Expression::Inline(InlineExpression::StringLiteral { value }),
                } => {
                    let text = unescape_unicode_to_string(value);
                    phrase.end().push_str(&text);
                }
                PatternElement::Placeable {
                    expression: Expression::Inline(InlineExpression::VariableReference { id }),
                } => phrase.arguments.push((id.name.to_string(), String::new())),
                PatternElement::Placeable { .. } => {
                    tracing::error!(key, "a phrase is more than texts and arguments");
                    return None;
                }
            }
        }
        Some(phrase)
    }

    /// The text that is still growing.
    fn end(&mut self) -> &mut String {
        match self.arguments.last_mut() {
            Some((_, text)) => text,
            None => &mut self.begins,
        }
    }

    /// What stands in the sentence whatever the arguments are.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let after = self.arguments.iter().map(|(_, text)| text.as_str());
        std::iter::once(self.begins.as_str()).chain(after)
    }

    fn text_bytes(&self) -> usize {
        let after = self.arguments.iter().map(|(_, text)| text.len());
        self.begins.len() + after.sum::<usize>()
    }

    /// Whether an argument may be this: a place is told by numbers, and what has none is another sentence.
    fn takes(name: &str, argument: &str) -> bool {
        let is_number = !argument.is_empty() && argument.bytes().all(|byte| byte.is_ascii_digit());
        is_number || !NUMBERS.contains(&name)
    }

    /// What stands for the arguments, when the whole sentence is this phrase. Each reaches up to the first occurrence of the text behind it, the
    /// last one as far as the sentence allows.
    fn arguments_in<'a>(&'a self, sentence: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let mut rest = sentence.strip_prefix(self.begins.as_str())?;
        let mut found = Vec::with_capacity(self.arguments.len());
        let Some(((last, ending), others)) = self.arguments.split_last() else {
            return rest.is_empty().then_some(found);
        };
        for (name, text) in others {
            let (argument, after) = rest.split_once(text.as_str())?;
            found.push((name.as_str(), argument));
            rest = after;
        }
        found.push((last, rest.strip_suffix(ending.as_str())?));
        let fits = found
            .iter()
            .all(|(name, argument)| Phrase::takes(name, argument));
        fits.then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_indonesian(english: &str) -> String {
        let reader = Reader {
            language: Language::Indonesian,
            ..Reader::default()
        };
        reader.reads(|| retold(english))
    }

    fn found<'a>(book: &'a Book, sentence: &'a str) -> Option<(&'a str, Vec<(&'a str, &'a str)>)> {
        let (phrase, arguments) = book.find(sentence)?;
        Some((&phrase.key, arguments))
    }

    #[test]
    fn english_is_left_as_it_is() {
        for text in ["Made the source Blue.", "Anything at all", ""] {
            assert_eq!(retold(text), text);
        }
    }

    /// Numbers at the end are those of its place in what was printed, and no place of the template.
    #[test]
    fn what_a_template_did_is_told_with_both_of_its_places() {
        let why = "The template did not become JSON: EOF while parsing an object at line 1, column 14 of what it printed, near `x`.";
        let told = in_indonesian(&format!("line 1, column 14: {why}"));
        assert_eq!(told, format!("baris 1, kolom 14: {}", in_indonesian(why)));
        assert!(!told.contains("template did"), "{told}");
    }

    #[test]
    fn a_phrase_is_known_from_its_first_character_to_its_last() {
        let book = Book::read(
            "said-a = Made { $name }.\nsaid-b = Made { $name } and { $other }.\nsaid-c = Done.\nsaid-d = {\" \"}in { $line } {\"{\"}x{\"}\"}\n"
                .into(),
        );
        assert_eq!(
            found(&book, "Made x."),
            Some(("said-a", vec![("name", "x")]))
        );
        // More text wins.
        assert_eq!(
            found(&book, "Made x and y."),
            Some(("said-b", vec![("name", "x"), ("other", "y")]))
        );
        assert_eq!(found(&book, "Made ."), Some(("said-a", vec![("name", "")])));
        assert_eq!(found(&book, "Done."), Some(("said-c", vec![])));
        assert_eq!(
            found(&book, " in 3 {x}"),
            Some(("said-d", vec![("line", "3")]))
        );
        for other in [
            "",
            "Done",
            "Done. ",
            " Done.",
            "made x.",
            " in three {x}",
            "Made x",
            "We Made x.",
        ] {
            assert_eq!(found(&book, other), None, "{other:?}");
        }
    }

    #[test]
    fn names_are_kept_even_when_they_are_sentences_of_the_book() {
        for name in [
            "Signed in.",
            "a and gave it a new secret. b",
            "{ $name }",
            "Made the source x.",
            "$name",
            "<b>&amp;</b>",
            "\u{202e}txt. Deleted the source ",
            "ñ日本語",
            "",
        ] {
            assert_eq!(
                in_indonesian(&format!("Made the source {name}.")),
                format!("Membuat sumber {name}.")
            );
        }
        // It says what the English says: nobody can tell such a name from a sentence.
        assert_eq!(
            in_indonesian("Changed the source x and gave it a new secret."),
            "Mengubah sumber x dan memberinya secret baru."
        );
    }

    #[test]
    fn sentences_within_sentences_are_told_too_and_not_without_end() {
        assert_eq!(
            in_indonesian(
                "It kept failing. Last: Address refused: this is not a public address (private)."
            ),
            "Terus-menerus gagal. Terakhir: Alamat ditolak: ini bukan alamat publik (privat)."
        );
        assert_eq!(
            in_indonesian("Could not connect: the far side said so."),
            "Tidak dapat terhubung: the far side said so."
        );
        let deep = format!("{}Signed in.", "DNS failed: ".repeat(DEPTH_LIMIT));
        let told = in_indonesian(&deep);
        assert!(told.starts_with("DNS gagal: "), "{told}");
        assert!(told.ends_with("Signed in."), "{told}");
        let long = format!("Made the source {}.", "x".repeat(SENTENCE_LIMIT_BYTES));
        assert_eq!(in_indonesian(&long), long);
    }

    #[test]
    fn a_place_in_a_template_is_told_and_the_name_of_a_field_stays() {
        for (english, indonesian) in [
            ("line 1, column 7: the value", "baris 1, kolom 7: the value"),
            ("line 3: the value", "baris 3: the value"),
            ("text: the value", "text: the value"),
            ("task.name: the value", "task.name: the value"),
        ] {
            assert_eq!(in_indonesian(english), indonesian);
        }
    }

    #[test]
    fn words_of_the_book_may_begin_a_sentence() {
        assert_eq!(
            in_indonesian("The signature does not match. Signed in."),
            "Tanda tangan tidak cocok. Masuk."
        );
        assert_eq!(in_indonesian("Paused by Owner."), "Dijeda oleh Owner.");
    }

    #[test]
    fn a_word_of_the_readers_language_leads_to_the_stored_sentences() {
        let indonesian = Reader {
            language: Language::Indonesian,
            ..Reader::default()
        };
        let made_a_source = vec!["Made the source ".to_string(), ".".to_string()];
        indonesian.reads(|| {
            assert!(sentences_with("membuat").contains(&made_a_source));
            assert!(!sentences_with("menghapus").contains(&made_a_source));
            assert!(sentences_with("m").is_empty() && sentences_with("qqq").is_empty());
            assert!(sentences_with("yang").len() <= SENTENCES_LIMIT);
        });
        assert!(
            sentences_with("membuat").is_empty(),
            "English is what is stored"
        );
    }

    #[test]
    fn what_the_book_does_not_know_stays() {
        for text in ["Something else.", "what: ever; and. so on", "", "Masuk."] {
            assert_eq!(in_indonesian(text), text);
        }
    }
}
