//! A template cut into its tags and the text between them, in the way minijinja's reader cuts it.
//!
//! minijinja keeps its own reader to itself. `template` asks here what a template begins with, `unknown` and `captured` what its tags say. A tag ends
//! where no bracket is open; comments are left out, and what stands between `raw` and `endraw` is text.

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Text(&'t str),
    Tag(Tag<'t>),
}

/// What stands between `{{` or `{%` and its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'t> {
    /// In bytes from 0.
    pub start: usize,
    /// Behind its last sign.
    pub end: usize,
    /// Between `{{` and `}}`.
    pub prints: bool,
    pub tokens: Vec<Token<'t>>,
}

/// One word, number, text or sign, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'t> {
    /// In bytes from 0.
    pub start: usize,
    pub kind: Kind,
    pub text: &'t str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    Text,
    Sign,
}

/// Signs of two characters.
const PAIRS: [&str; 6] = ["==", "!=", "<=", ">=", "//", "**"];

impl<'t> Tag<'t> {
    /// The token at a place, empty beyond the ends.
    pub(super) fn at(&self, index: usize) -> &'t str {
        self.tokens.get(index).map_or("", |token| token.text)
    }

    /// The token before a place.
    pub(super) fn before(&self, index: usize) -> &'t str {
        index.checked_sub(1).map_or("", |index| self.at(index))
    }

    /// The statement's word; empty for what prints.
    pub(super) fn statement(&self) -> &'t str {
        if self.prints { "" } else { self.at(0) }
    }

    /// Where the `in` of a loop is, behind which stands what it goes over.
    pub(super) fn loops_over(&self) -> Option<usize> {
        let is_loop = self.statement() == "for";
        let mut places = self.words().filter(|(_, word)| *word == "in");
        places.next().filter(|_| is_loop).map(|(index, _)| index)
    }

    /// Words, with their places.
    pub(super) fn words(&self) -> impl Iterator<Item = (usize, &'t str)> {
        let tokens = self.tokens.iter().enumerate();
        tokens
            .filter(|(_, token)| token.kind == Kind::Word)
            .map(|(index, token)| (index, token.text))
    }

    /// Filters, with the places of their names.
    pub(super) fn filters(&self) -> impl Iterator<Item = (usize, &'t str)> {
        let is_filter = |index: usize| match index {
            1 if self.statement() == "filter" => true,
            index => self.before(index) == "|",
        };
        self.words().filter(move |(index, _)| is_filter(*index))
    }

    /// Tests behind `is` and `is not`, with the places of their names.
    pub(super) fn tests(&self) -> impl Iterator<Item = (usize, &'t str)> {
        let is_test = |index: usize, word: &str| match self.before(index) {
            "is" => word != "not",
            "not" => self.before(index - 1) == "is",
            _ => false,
        };
        self.words()
            .filter(move |(index, word)| is_test(*index, word))
    }

    /// A `set` whose value follows, up to `endset`.
    pub(super) fn opens_set(&self) -> bool {
        let mut signs = self.tokens.iter().map(|token| token.text);
        let assigns = signs.find(|sign| matches!(*sign, "=" | "|")) == Some("=");
        self.statement() == "set" && !assigns
    }

    /// A statement that goes on up to its `end...`.
    pub(super) fn opens_block(&self) -> bool {
        let blocks = ["autoescape", "filter", "for", "if", "raw", "with"];
        blocks.contains(&self.statement()) || self.opens_set()
    }

    /// The variables that such a `set` gives what follows as it is; of a filter they get something else.
    pub(super) fn captures(&self) -> Vec<&'t str> {
        if self.opens_set() && self.filters().next().is_none() {
            self.words().skip(1).map(|(_, name)| name).collect()
        } else {
            Vec::new()
        }
    }
}

/// All pieces, in their order.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(start) = next_opening(text, at) {
        parts.push(Part::Text(text.get(at..start).unwrap_or_default()));
        let inside = text.get(start + 2..).unwrap_or_default();
        if text.as_bytes().get(start + 1) == Some(&b'#') {
            at = start + 2 + inside.find("#}").map_or(inside.len(), |end| end + 2);
            continue;
        }
        let prints = text.as_bytes().get(start + 1) == Some(&b'{');
        let end = if prints { "}}" } else { "%}" };
        let (tokens, length) = tokens(inside, end, start + 2);
        at = start + 2 + length;
        let tag = Tag {
            start,
            end: at,
            prints,
            tokens,
        };
        let is_raw = tag.statement() == "raw";
        parts.push(Part::Tag(tag));
        if is_raw {
            let end = end_of_raw(text, at);
            parts.push(Part::Text(text.get(at..end).unwrap_or_default()));
            at = end;
        }
    }
    parts.push(Part::Text(text.get(at..).unwrap_or_default()));
    parts
}

/// Where the next tag or comment begins.
fn next_opening(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.match_indices('{')
        .map(|(at, _)| from + at)
        .find(|at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))
}

/// Where the tag begins that ends what is printed as it stands.
pub(super) fn end_of_raw(text: &str, from: usize) -> usize {
    let raw = text.get(from..).unwrap_or_default();
    let ends = |at: &usize| {
        let tag = raw.get(at + 2..).unwrap_or_default();
        let tag = tag.strip_prefix(['-', '+']).unwrap_or(tag);
        tag.trim_start().starts_with("endraw")
    };
    let mut tags = raw.match_indices("{%").map(|(at, _)| at);
    from + tags.find(ends).unwrap_or(raw.len())
}

/// The tokens up to the end of the tag, and how many bytes they take with it; the text begins at `start`.
fn tokens<'t>(text: &'t str, end: &str, start: usize) -> (Vec<Token<'t>>, usize) {
    let mut tokens = Vec::new();
    let (mut at, mut open) = (usize::from(text.starts_with(['-', '+'])), 0_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let shorn = rest.strip_prefix(['-', '+']).unwrap_or(rest);
        if let Some(sign) = [rest, shorn].iter().find(|rest| rest.starts_with(end))
            && open == 0
        {
            return (tokens, text.len() - sign.len() + end.len());
        }
        let (kind, length) = first_token(rest);
        let token = rest.get(..length).unwrap_or(rest);
        at += token.len();
        match token {
            "(" | "[" | "{" => open += 1,
            ")" | "]" | "}" => open = open.saturating_sub(1),
            _ => {}
        }
        if !token.trim_start().is_empty() {
            tokens.push(Token {
                start: start + at - token.len(),
                kind,
                text: token,
            });
        }
    }
    (tokens, text.len())
}

/// What a text begins with, and how many bytes it takes.
fn first_token(text: &str) -> (Kind, usize) {
    let is_name = |sign: &char| sign.is_alphanumeric() || *sign == '_';
    let named =
        |text: &str| -> usize { text.chars().take_while(is_name).map(char::len_utf8).sum() };
    let first = text.chars().next().unwrap_or(' ');
    match first {
        '"' | '\'' => (Kind::Text, end_of_string(text.as_bytes(), 0)),
        '0'..='9' => (Kind::Number, end_of_number(text.as_bytes())),
        first if is_name(&first) => (Kind::Word, named(text)),
        first => match text.get(..2).filter(|pair| PAIRS.contains(pair)) {
            Some(pair) => (Kind::Sign, pair.len()),
            None => (Kind::Sign, first.len_utf8()),
        },
    }
}

/// Behind the number that begins a text. A fraction belongs to it, and an exponent with its sign: `1e-5` takes nothing away.
fn end_of_number(bytes: &[u8]) -> usize {
    let is = |at: usize, signs: &[u8]| bytes.get(at).is_some_and(|sign| signs.contains(sign));
    let behind = |from: usize, belongs: fn(&u8) -> bool| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|sign| belongs(sign)).count()
    };
    let is_digit = |sign: &u8| sign.is_ascii_digit() || *sign == b'_';
    if is(0, b"0") && is(1, b"bBoOxX") {
        return behind(2, |sign| sign.is_ascii_hexdigit() || *sign == b'_');
    }
    let mut end = behind(0, is_digit);
    let is_attribute = |at: usize| {
        let begins_name = |sign: &u8| sign.is_ascii_alphabetic() || *sign == b'_';
        let is_exponent = is(at, b"eE") && is(at + 1, b"+-0123456789");
        bytes.get(at).is_some_and(begins_name) && !is_exponent
    };
    if is(end, b".") && !is_attribute(end + 1) {
        end = behind(end + 1, is_digit);
    }
    if is(end, b"eE") {
        end += 1 + usize::from(is(end + 1, b"+-"));
        end = behind(end, is_digit);
    }
    end
}

/// Behind the closing quote of the string that begins at `at`.
pub(super) fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let quote = bytes.get(at);
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 2,
            byte if Some(byte) == quote => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Vec<String> {
        let told = |part: Part<'_>| match part {
            Part::Text(text) => text.to_string(),
            Part::Tag(tag) => {
                let tokens: Vec<&str> = tag.tokens.iter().map(|token| token.text).collect();
                format!("<{}>", tokens.join(" "))
            }
        };
        let parts = parts(text).into_iter().map(told);
        parts.filter(|part| !part.is_empty()).collect()
    }

    #[test]
    fn tags_end_where_minijinja_ends_them() {
        for (text, expected) in [
            ("a{{ b.c }}d", vec!["a", "<b . c>", "d"]),
            (
                "{{ {'a': {'b': 1}} }}x",
                vec!["<{ 'a' : { 'b' : 1 } }>", "x"],
            ),
            ("{{ {'a': 1}}}x", vec!["<{ 'a' : 1 }>", "x"]),
            ("{%- set a = '%}' -%}x", vec!["<set a = '%}'>", "x"]),
            ("{# {{ \" #}x", vec!["x"]),
            (
                "{% raw %}{{ \" {% endraw %}x",
                vec!["<raw>", "{{ \" ", "<endraw>", "x"],
            ),
            (
                "{{ a[1:2] == 1.5|b(-1) }}",
                vec!["<a [ 1 : 2 ] == 1.5 | b ( - 1 )>"],
            ),
            (
                "{{ 1e-5 + 2.5E+3 - 1.e2 * 1_0.5 - a.1.b }}",
                vec!["<1e-5 + 2.5E+3 - 1.e2 * 1_0.5 - a . 1 . b>"],
            ),
            (
                "{{ 0x1e-5 ~ 1if 2. if x }}",
                vec!["<0x1e - 5 ~ 1 if 2. if x>"],
            ),
            ("{{ größe }} {%", vec!["<größe>", " ", "<>"]),
            ("{{ \"a\\", vec!["<\"a\\>"]),
            ("{{ (", vec!["<(>"]),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }
}
