//! The phrase book (`locales/*/said.ftl`) and the code say the same: every phrase is a text of the code, and every sentence that the code makes for
//! people is in the book, or is named here with who else tells it. Then real sentences are gathered from the parsers, the functions and the guard,
//! and told in Indonesian until no English is left in them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::LazyLock;

use bluebridge::domain::connection::{Rules, RulesDocument};
use bluebridge::domain::destination::{Kind, Settings, SettingsDocument};
use bluebridge::domain::filter::{About, Filter};
use bluebridge::domain::mail::Mail;
use bluebridge::domain::mapping::functions::{Call, functions};
use bluebridge::domain::mapping::{JSON, Mapping, MappingInput};
use bluebridge::domain::outcome::{MailStep, Outcome};
use bluebridge::domain::password::password_problem;
use bluebridge::domain::path;
use bluebridge::domain::person::{Language, parse_email};
use bluebridge::domain::problem::Problem;
use bluebridge::outbound::guard::Guard;
use bluebridge::web::phrases::retold;
use bluebridge::web::reader::Reader;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, PatternElement};
use fluent_syntax::parser;
use regex::{Captures, Regex};
use serde_json::{Value, json};

use crate::house::sources;

/// Stands for an argument in a text whose arguments' names do not matter.
const GAP: char = '\u{0}';

/// Sentences that are not in the book: a file, or within it those that begin so, and who tells them.
const TOLD_OTHERWISE: &[(&str, &str, &str)] = &[
    ("domain/filter/explanation.rs", "", "told from its parts"),
    ("domain/recipes.rs", "", "told by the recipe's id"),
    ("domain/services.rs", "", "told by the service's id"),
    (
        "domain/replay.rs",
        "",
        "pages tell the forecast from its numbers",
    ),
    ("domain/notice.rs", "", "is sent"),
    ("flow/vet.rs", "A test ", "is sent"),
    (
        "store/copy.rs",
        "Data is moved",
        "for who gives the command",
    ),
    (
        "store/mod.rs",
        "A PostgreSQL database",
        "for who gives the command",
    ),
    ("store/nodes.rs", "The server", "for who gives the command"),
    (
        "store/schema_version.rs",
        "This database",
        "for who starts a server",
    ),
    ("web/admission.rs", "This needs the role", "for programs"),
    ("web/api/answers.rs", "", "for programs"),
    ("web/api/audit.rs", "", "for programs"),
    ("web/api/idempotency.rs", "", "for programs"),
    ("web/api/mod.rs", "`limit`", "for programs"),
    ("web/api/mod.rs", "`cursor`", "for programs"),
    ("web/api/mod.rs", "The body is not JSON", "for programs"),
    ("web/api/openapi.rs", "", "for programs"),
    ("web/api/query.rs", "", "for programs"),
    ("web/api/replays.rs", "", "for programs"),
    ("web/api/schemas.rs", "", "for programs"),
    ("web/operations.rs", "The bridge is", "for programs"),
    ("web/auth.rs", "Send an API token", "for programs"),
    ("web/auth.rs", "This API token", "for programs"),
    ("web/hooks.rs", "", "for Blue"),
    ("web/problem.rs", "This address takes", "for programs"),
    ("web/routes.rs", "There is no such address", "for programs"),
    ("web/ui/sources.rs", "", "told by the code of the problem"),
];

/// Phrases of libraries and systems, which stand in no text of ours.
const THEIRS: &str = "said-theirs-";

/// Macros whose texts are for the log, or are keys.
const NOT_FOR_PEOPLE: [&str; 11] = [
    "trace", "debug", "info", "warn", "error", "t", "key", "markup", "told", "println", "eprintln",
];

/// A text of the code, without what it is given.
struct Said {
    place: String,
    /// As it stands.
    plain: String,
    /// As a format, its arguments as gaps.
    formatted: Option<String>,
}

impl Said {
    fn forms(&self) -> impl Iterator<Item = &str> {
        [Some(self.plain.as_str()), self.formatted.as_deref()]
            .into_iter()
            .flatten()
    }

    /// Begins like a sentence, ends like one, and is more than a word.
    fn is_sentence(&self) -> bool {
        let text = self.formatted.as_deref().unwrap_or(&self.plain);
        let begins = text.starts_with(|sign: char| sign.is_ascii_uppercase() || sign == '`');
        begins && text.ends_with('.') && text.split_whitespace().count() >= 2
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text of the program, those of its tests left out.
fn said() -> Vec<Said> {
    let mut found = Vec::new();
    for (path, source) in sources() {
        let place = path.strip_prefix(root().join("src")).unwrap();
        let is_book = ["web/i18n.rs", "web/phrases.rs"].contains(&place.to_str().unwrap());
        if is_book || place.ends_with("tests.rs") {
            continue;
        }
        let (program, _) = source
            .split_once("#[cfg(test)]\nmod tests {")
            .unwrap_or((&source, ""));
        found.extend(texts(program).into_iter().map(|plain| Said {
            place: place.display().to_string(),
            formatted: with_gaps(&plain),
            plain,
        }));
    }
    assert!(found.len() > 1_000, "hardly any text was found");
    found
}

/// The texts of a program, without those that only the log sees.
fn texts(program: &str) -> Vec<String> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r##"(?sx)
              //[^\n]*
            | '(?:\\.[^']*|[^'\\])'
            | (?-u:\b)r\#"(?<raw>.*?)"\#
            | (?-u:\b)r"(?<bare>[^"]*)"
            | "(?<text>(?:[^"\\]|\\.)*)"
            | (?:(?-u:\b)(?<name>[a-z_]+)!\s*)?(?<open>[(\[{])
            | (?<close>[)\]}])
            "##,
        )
        .unwrap()
    });
    let (mut found, mut quiet) = (Vec::new(), Vec::new());
    for part in TOKEN.captures_iter(program) {
        let raw = part.name("raw").or(part.name("bare"));
        let text = raw.map(|text| text.as_str().to_string());
        let text = text.or(part.name("text").map(|text| unescaped(text.as_str())));
        if part.name("open").is_some() {
            let name = part.name("name").map_or("", |name| name.as_str());
            quiet.push(NOT_FOR_PEOPLE.contains(&name));
        } else if part.name("close").is_some() {
            quiet.pop().expect("as many brackets are closed as opened");
        } else if !quiet.contains(&true) {
            found.extend(text);
        }
    }
    assert!(quiet.is_empty(), "brackets stay open: {quiet:?}");
    found
}

/// What an ordinary literal stands for.
fn unescaped(literal: &str) -> String {
    static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?s)\\(?:\n\s*|u\{(?<code>[0-9a-fA-F]+)\}|(?<sign>.))").unwrap()
    });
    let text = ESCAPE.replace_all(literal, |escape: &Captures<'_>| {
        let code = escape.name("code").map(|code| code.as_str());
        let sign = escape.name("sign").map(|sign| sign.as_str());
        match (code, sign) {
            (Some(code), _) => {
                let code = u32::from_str_radix(code, 16).unwrap();
                char::from_u32(code).unwrap().to_string()
            }
            (_, Some("n")) => "\n".into(),
            (_, Some("t")) => "\t".into(),
            (_, Some("r")) => "\r".into(),
            (_, Some("0")) => "\0".into(),
            (_, Some(other)) => other.into(),
            _ => String::new(),
        }
    });
    text.into_owned()
}

/// A format with gaps for its arguments; `None` when it cannot be one.
fn with_gaps(format: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = format.chars().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            '{' | '}' if rest.peek() == Some(&sign) => {
                rest.next();
                text.push(sign);
            }
            '{' => {
                rest.find(|sign| *sign == '}')?;
                text.push(GAP);
            }
            '}' => return None,
            _ => text.push(sign),
        }
    }
    Some(text)
}

/// The phrases: key, and the text with gaps.
fn book() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("locales/en/said.ftl")).unwrap();
    let resource = parser::parse(text.as_str()).unwrap();
    let mut found = Vec::new();
    for entry in resource.body {
        let Entry::Message(message) = entry else {
            continue;
        };
        let key = message.id.name.to_string();
        let mut text = String::new();
        for element in message.value.unwrap().elements {
            match element {
                PatternElement::TextElement { value } => text.push_str(value),
                PatternElement::Placeable {
                    expression: Expression::Inline(InlineExpression::StringLiteral { value }),
                } => text.push_str(value),
                PatternElement::Placeable {
                    expression: Expression::Inline(InlineExpression::VariableReference { .. }),
                } => text.push(GAP),
                other => panic!("{key} is more than texts and arguments: {other:?}"),
            }
        }
        let touching = format!("{GAP}{GAP}");
        assert!(!text.contains(&touching), "arguments of {key} touch");
        assert!(
            text.chars().any(|sign| sign != GAP),
            "{key} fits everything"
        );
        found.push((key, text));
    }
    assert!(found.len() > 300, "the book is nearly empty");
    found
}

/// Without the sentences that may stand before and behind.
fn bare(text: &str) -> &str {
    text.trim_matches([GAP, ' '])
}

#[test]
fn every_phrase_is_a_text_of_the_code() {
    let said = said();
    let texts: BTreeSet<&str> = said.iter().flat_map(Said::forms).collect();
    let bare_texts: BTreeSet<&str> = texts.iter().map(|text| bare(text)).collect();
    let book = book();
    let alone: Vec<&str> = book
        .iter()
        .filter(|(key, _)| !key.starts_with(THEIRS))
        .filter(|(_, text)| !texts.contains(text.as_str()) && !bare_texts.contains(bare(text)))
        .map(|(key, _)| key.as_str())
        .collect();
    assert!(
        alone.is_empty(),
        "the code does not say these (any more), so they are never found: {alone:#?}"
    );
    let distinct: BTreeSet<&str> = book.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(distinct.len(), book.len(), "two phrases are the same");
}

#[test]
fn every_sentence_for_people_is_in_the_book() {
    let book = book();
    let known: BTreeSet<&str> = book.iter().map(|(_, text)| bare(text)).collect();
    let rooms = ["domain/", "store/", "outbound/", "flow/", "web/"];
    let mut unused: BTreeSet<usize> = (0..TOLD_OTHERWISE.len()).collect();
    let mut missing = Vec::new();
    for said in said() {
        let is_here = rooms.iter().any(|room| said.place.starts_with(room));
        if !is_here || !said.is_sentence() || said.forms().any(|form| known.contains(bare(form))) {
            continue;
        }
        let told = TOLD_OTHERWISE.iter().position(|(place, begins, _)| {
            said.place.starts_with(place) && said.plain.starts_with(begins)
        });
        match told {
            Some(at) => {
                unused.remove(&at);
            }
            None => missing.push(format!("{}: {}", said.place, said.plain)),
        }
    }
    assert!(
        missing.is_empty(),
        "these stay English on every page; add them to locales/*/said.ftl: {missing:#?}"
    );
    let unused: Vec<_> = unused.iter().map(|at| TOLD_OTHERWISE[*at]).collect();
    assert!(
        unused.is_empty(),
        "nothing there needs these exceptions: {unused:?}"
    );
}

/// Small words that English sentences have and Indonesian ones do not.
const ENGLISH: [&str; 19] = [
    "the", "and", "not", "must", "cannot", "with", "which", "needs", "there", "this", "may",
    "what", "write", "of", "is", "are", "has", "was", "than",
];

/// Words outside of quotes and code, which are not translated.
fn words(text: &str) -> Vec<String> {
    let unquoted = |mark: char, text: &str| -> String {
        text.split(mark).step_by(2).collect::<Vec<_>>().join(" ")
    };
    let text = unquoted('`', &unquoted('"', text));
    text.split(|sign: char| !sign.is_alphanumeric())
        .map(str::to_lowercase)
        .collect()
}

/// What the book makes of it in Indonesian; fails when that is nothing.
pub fn in_indonesian(english: &str) -> String {
    let reader = Reader {
        language: Language::Indonesian,
        ..Reader::default()
    };
    let told = reader.reads(|| retold(english));
    assert_ne!(told, english, "nobody tells this in Indonesian");
    told
}

/// Tells it in Indonesian and sees that all of it is.
fn told(english: &str) {
    let told = in_indonesian(english);
    let left: Vec<String> = words(&told)
        .into_iter()
        .filter(|word| ENGLISH.contains(&word.as_str()))
        .collect();
    assert!(
        left.is_empty(),
        "English is left: {left:?} in {told:?} of {english:?}"
    );
}

/// The words of those who read regular expressions and templates stay within the frame that is told.
const BY_LIBRARIES: [&str; 2] = ["bad_regex", "bad_template"];

fn all_told(problems: &[Problem]) {
    assert!(!problems.is_empty());
    for problem in problems {
        if BY_LIBRARIES.contains(&problem.code) {
            drop(in_indonesian(&problem.message))
        } else {
            told(&problem.message)
        }
    }
}

/// What a client hears from somebody who takes a request and hangs up.
fn hung_up() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let there = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = std::io::Read::read(&mut stream, &mut [0; 4096]).unwrap();
    });
    let failed = reqwest::blocking::get(url).unwrap_err();
    there.join().unwrap();
    let mut cause: &dyn std::error::Error = &failed;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[test]
fn what_libraries_and_systems_say_is_told_as_they_say_it() {
    let of_json = [
        "[1",
        "{",
        "\"a",
        "",
        "{\"a\" 1}",
        "[1 2]",
        "{\"a\":1 2}",
        "nope",
        "nul",
        "[x]",
        "-x",
        "\"\\q\"",
        "-",
        "\"\n\"",
        "{1:2}",
        "[1,]",
        "{} x",
    ];
    let deep = "[".repeat(200);
    let mut said: Vec<String> = of_json
        .into_iter()
        .chain([deep.as_str()])
        .map(|text| serde_json::from_str::<Value>(text).unwrap_err().to_string())
        .collect();
    let of_templates = [
        "{{",
        "{{ a",
        "{{ a b }}",
        "{% if a",
        "{{ 'a",
        "{# a",
        "{{ ` }}",
        "{{ a }} {{ [ }}",
        "{% for 1 in a %}",
        "{{ a.'b' }}",
        "{{ a 1 }}",
        "{{ a | }}",
        "{% nope %}",
        "{{ ) }}",
    ];
    let body = |text: &str| json!({"mode": "template", "body": text, "format": "text"});
    said.extend(of_templates.into_iter().map(|text| {
        let problems = Mapping::parse(&body(text)).unwrap_err();
        let detail = problems[0].message.split_once(": ").unwrap().1;
        detail.trim_end_matches('.').to_string()
    }));
    // ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EPIPE of Linux.
    said.extend(
        [111, 104, 110, 113, 101, 32]
            .map(|code| std::io::Error::from_raw_os_error(code).to_string()),
    );
    said.push(hung_up());
    let expired = rustls::CertificateError::Expired;
    said.push(rustls::Error::InvalidCertificate(expired).to_string());
    let alert = rustls::AlertDescription::HandshakeFailure;
    said.push(rustls::Error::AlertReceived(alert).to_string());

    let mut unheard: BTreeSet<String> = book()
        .into_iter()
        .filter_map(|(key, text)| key.starts_with(THEIRS).then_some(text))
        .collect();
    for one in said {
        // What is said of systems ends as a sentence, what is said of JSON and templates stands within one.
        let of_systems = format!("{one}.");
        let is_of_systems = unheard
            .iter()
            .any(|text| text.ends_with('.') && fits(text, &of_systems));
        let one = if is_of_systems { of_systems } else { one };
        in_indonesian(&one);
        unheard.retain(|text| !fits(text, &one) && !fits_within(text, &one));
    }
    assert!(unheard.is_empty(), "nobody says {unheard:?}");
}

/// Whether a phrase is the whole text.
fn fits(phrase: &str, text: &str) -> bool {
    let parts: Vec<String> = phrase.split(GAP).map(regex::escape).collect();
    Regex::new(&format!("(?s)^{}$", parts.join(".*")))
        .unwrap()
        .is_match(text)
}

/// Whether it is what stands before the place in JSON, or one of the two things that a template has and wants.
fn fits_within(phrase: &str, text: &str) -> bool {
    let before = text
        .split_once(" at line ")
        .map_or(text, |(before, _)| before);
    let named = before.strip_prefix("unexpected ").unwrap_or(before);
    let mut parts = named.split(", expected ").chain([before]);
    parts.any(|part| fits(phrase, part))
}

/// A document with more members, or others in their place.
fn with(mut document: Value, more: Value) -> Value {
    let members = more.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(members);
    document
}

#[test]
fn what_is_wrong_with_a_filter_is_told() {
    let deep = (0..40).fold(json!({"all": []}), |inner, _| json!({"all": [inner]}));
    let condition = |more: Value| {
        let condition = with(json!({"path": "$.a", "op": "equals", "value": "x"}), more);
        json!({"all": [condition]})
    };
    let operator = |op: &str, value: Value| condition(json!({"op": op, "value": value}));
    let many: Vec<Value> = (0..500)
        .map(|_| json!({"path": "$.a", "op": "exists"}))
        .collect();
    for document in [
        json!("x"),
        deep,
        json!({"all": many}),
        json!({"all": [], "any": []}),
        json!({"all": "x"}),
        json!({"all": [{}]}),
        condition(json!({"colour": 1})),
        condition(json!({"path": ""})),
        condition(json!({"path": "$.a b"})),
        condition(json!({"path": "$.x".repeat(5_000)})),
        condition(json!({"path": "$["})),
        condition(json!({"op": "equal"})),
        condition(json!({"op": "zzz"})),
        condition(json!({"types": "loose"})),
        condition(json!({"case_sensitive": "yes"})),
        condition(json!({"zone": "Moon/Base"})),
        operator("any_item", json!("nonsense")),
        operator("equals", json!([])),
        operator("gt", json!("x")),
        operator("between", json!([1])),
        operator("between", json!([9, 5])),
        operator("between_dates", json!(["2026-01-31", "2026-01-01"])),
        operator("in_next", json!("-3 days")),
        operator("between_dates", json!(["a", "b"])),
        operator("before", json!("soon")),
        operator("in_last", json!("a while")),
        operator("is_type", json!("thing")),
        operator("in", json!({})),
        operator("matches", json!(7)),
        operator("changed_from_to", json!(1)),
        operator("any_item", json!("x")),
    ] {
        all_told(&Filter::parse(&document).expect_err("a filter that is refused"));
    }
}

#[test]
fn what_could_never_work_is_told() {
    let pipe = |args: Value| json!({"mode": "fields", "fields": [{"to": "a", "from": {"path": "$.a"}, "pipe": [{"fn": "extract", "args": args}]}]});
    let changed = |path: &str| json!({"path": path, "op": "changed"});
    for filter in [
        changed("$.event"),
        json!({"path": "$.a", "op": "any_item", "value": changed("$.b")}),
        json!({"path": "$.a", "op": "matches", "value": "/a/i"}),
    ] {
        all_told(&Filter::parse(&filter).unwrap().unfit(About::Event));
    }
    for args in [json!(["/a/i"]), json!(["a", 1])] {
        all_told(&Mapping::parse(&pipe(args)).unwrap().unfit());
    }
}

#[test]
fn what_is_wrong_with_a_mapping_is_told() {
    let field = |more: Value| {
        let field = with(json!({"to": "a", "from": {"path": "$.a"}}), more);
        json!({"mode": "fields", "fields": [field]})
    };
    let pipe = |pipe: Value| field(json!({"pipe": pipe}));
    let template = |body: &str| json!({"mode": "template", "body": body});
    let request = |request: Value| json!({"mode": "passthrough", "request": request});
    let many_texts: serde_json::Map<String, Value> =
        (0..31).map(|n| (format!("n{n}"), json!("1"))).collect();
    let many: Vec<Value> = (0..5_000)
        .map(|n| json!({"to": format!("f{n}"), "from": {"value": 1}}))
        .collect();
    for document in [
        json!({"mode": "fields", "fields": "x"}),
        json!({"mode": "fields", "fields": many}),
        json!({"mode": "fields", "fields": [7]}),
        json!({"mode": "fields", "fields": [{"to": "a", "from": {"value": 1}}, {"to": "a", "from": {"value": 1}}]}),
        field(json!({"colour": 1})),
        field(json!({"to": ""})),
        field(json!({"to": "a..b"})),
        field(json!({"to": "a."})),
        field(json!({"to": "a[x"})),
        field(json!({"to": "a[0]b"})),
        field(json!({"to": "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t"})),
        field(json!({"from": 1})),
        field(json!({"take": "some"})),
        field(json!({"when_missing": "cry"})),
        pipe(json!("trim")),
        pipe(json!([7])),
        pipe(json!([{"fn": "uper"}])),
        pipe(json!([{"fn": "zzzzzz"}])),
        pipe(json!([{"fn": "trim", "args": [1]}])),
        pipe(json!([{"fn": "replace", "args": [1, 2]}])),
        pipe(json!([{"fn": "round", "args": ["x"]}])),
        pipe(json!([{"fn": "to_zone", "args": ["Moon/Base"]}])),
        pipe(json!([{"fn": "lookup", "args": ["x"]}])),
        pipe(json!([{"fn": "round", "args": [99]}])),
        pipe(json!([{"fn": "truncate", "args": [-1]}])),
        pipe(json!([{"fn": "at", "args": [1.5]}])),
        pipe(json!([{"fn": "sort", "args": ["DESC"]}])),
        pipe(json!([{"fn": "pluck", "args": ["$["]}])),
        pipe(json!([{"fn": "diff_time", "args": ["soon", "days"]}])),
        pipe(json!([{"fn": "add_time", "args": ["soon"]}])),
        pipe(json!([{"fn": "add_time", "args": [1]}])),
        json!({"mode": "template"}),
        json!({"mode": "template", "body": "x", "format": "xml"}),
        template(&"x".repeat(2 << 20)),
        template("\u{0}"),
        template("{{ a"),
        template(&format!("{{{{ a{} }}}}", " + a".repeat(1_000))),
        template("{% for a in b recursive %}{% endfor %}"),
        template("{{ a | uper }}"),
        template("{{ zzzzzz() }}"),
        template("{{ a | replace('b') }}"),
        template("{{ a is zzzzzz }}"),
        template("{{ a.upper() }}"),
        template("{% autoescape false %}{}{% endautoescape %}"),
        template("{% set a = b | raw ~ c %}{}"),
        template("{% set a %}{{ b }}{% endset %}{% if a %}{}{% endif %}"),
        template("{% filter int %}[1]{% endfilter %}"),
        request(json!("/a")),
        request(json!({"colour": 1})),
        request(json!({"path": "/"})),
        request(json!({"path": "/a?b=1"})),
        request(json!({"path": "https://example.com/a"})),
        request(json!({"path": "/a//b"})),
        template("{{ $.currentValue.title }}"),
        template("{{ trim(a) }}"),
        request(json!({"path": "/a\nb"})),
        request(json!({"path": "/{{ a"})),
        request(json!({"query": []})),
        request(json!({"query": {"a=b": "1"}})),
        request(json!({"query": many_texts})),
        request(json!({"headers": {"Authorization": "x"}})),
        request(json!({"headers": {"Host": "x"}})),
        request(json!({"headers": {"a b": "x"}})),
        request(json!({"headers": {"X-A": "1", "x-a": "2"}})),
        request(json!({"headers": many_texts})),
    ] {
        all_told(&Mapping::parse(&document).expect_err("a mapping that is refused"));
    }
}

#[test]
fn what_is_wrong_with_a_connection_is_told() {
    let document: RulesDocument = serde_json::from_value(json!({
        "trigger": {"events": vec!["X"; 5_000]},
        "mapping": {"mode": "passthrough"},
        "delivery": {"max_attempts": 0},
    }))
    .unwrap();
    let problems = Rules::compile(&document).expect_err("rules that are refused");
    assert_eq!(problems.len(), 2, "{problems:?}");
    all_told(&problems);
    let document: RulesDocument = serde_json::from_value(json!({
        "trigger": {"events": [" "]},
        "mapping": {"mode": "passthrough"},
    }))
    .unwrap();
    all_told(&Rules::compile(&document).expect_err("an empty entry"));
}

#[test]
fn what_is_wrong_with_a_destination_is_told() {
    let config = |more: Value| with(json!({"url": "https://example.com/hook"}), more);
    let headers: Value = (0..200)
        .map(|n| (format!("x-{n}"), json!("1")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for config in [
        json!({}),
        config(json!({"url": "nonsense"})),
        config(json!({"url": "ftp://example.com/"})),
        config(json!({"url": "https://ada:pw@example.com/"})),
        config(json!({"url": format!("https://example.com/{}", "x".repeat(9_000))})),
        config(json!({"method": "TRACE"})),
        config(json!({"headers": headers})),
        config(json!({"headers": {"x y": "1"}})),
        config(json!({"headers": {"host": "1"}})),
        config(json!({"headers": {"x-a": 1}})),
        config(json!({"headers": {"x-a": "é"}})),
        config(json!({"headers": {"x-a": "x".repeat(20_000)}})),
        config(json!({"headers": {"x-a": "***"}})),
        config(json!({"auth": {"type": "magic"}})),
        config(json!({"auth": {"type": "basic"}})),
        config(json!({"auth": {"type": "bearer", "token": "é"}})),
        config(json!({"auth": {"type": "oauth2_client_credentials"}})),
        config(
            json!({"auth": {"type": "oauth2_client_credentials", "token_url": "https://e.com/?a", "client_id": "i", "client_secret": "s", "scope": "s".repeat(2_000)}}),
        ),
        config(json!({"auth": {"type": "google_service_account", "key": "{}"}})),
        config(json!({"auth": {"type": "google_service_account", "key": "x".repeat(20_000)}})),
    ] {
        refused(Some(&config), None, None);
    }
    let no_key = json!({"client_email": "a@b.example", "token_uri": "https://e.com/", "private_key": "no key"});
    for unfit in [
        config(json!({"headers": {"X-A": "1", "x-a": "2"}})),
        config(json!({"auth": {"type": "google_service_account", "key": no_key}})),
    ] {
        let document = SettingsDocument {
            config: Some(&unfit),
            ..SettingsDocument::default()
        };
        all_told(&Settings::parse(&document, None).unwrap().unfit());
    }
    for change in [
        json!({"server": "a b"}),
        json!({"port": 0}),
        json!({"encryption": "ssl"}),
        json!({"from": "bridge"}),
        json!({"to": vec!["a@b.example"; 21]}),
        json!({"auth": {"type": "bearer", "token": "t"}}),
    ] {
        all_told(&mail_server(change, None).unwrap_err());
    }
    let login = json!({"auth": {"type": "basic", "username": "u", "password": "p"}});
    let saved = mail_server(login, None).unwrap();
    all_told(&mail_server(json!({"server": "other.example.com"}), Some(&saved)).unwrap_err());
    let config_without = json!({"server": "smtp.example.com", "from": "a@b.example"});
    let document = SettingsDocument {
        kind: Kind::Email,
        config: Some(&config_without),
        notices: Some(&json!(true)),
        ..SettingsDocument::default()
    };
    all_told(&Settings::parse(&document, None).unwrap().unfit());
    let document = SettingsDocument {
        notices: Some(&json!("yes")),
        ..document
    };
    all_told(&Settings::parse(&document, None).unwrap_err());
    let fine = config(json!({}));
    refused(Some(&fine), Some(&json!({"scheme": "rot13"})), None);
    for limits in [
        json!({"concurrency": 0}),
        json!({"per_second": 0.0}),
        json!({"timeout_ms": 1}),
    ] {
        refused(Some(&fine), None, Some(&limits));
    }
}

/// Settings of a mail server, signed and with a rule when they are wrong anyway.
fn mail_server(change: Value, previous: Option<&Settings>) -> Result<Settings, Vec<Problem>> {
    let mut config = json!({"server": "smtp.example.com", "from": "a@b.example"});
    let changes = change.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(changes);
    let parts = (
        json!({"scheme": "hex"}),
        json!({"path": "$.ok", "op": "is_true"}),
    );
    let is_saved = previous.is_none()
        && change
            .get("auth")
            .is_some_and(|auth| auth["type"] == "basic");
    let document = SettingsDocument {
        kind: Kind::Email,
        config: Some(&config),
        signing: (!is_saved).then_some(&parts.0),
        success: (!is_saved).then_some(&parts.1),
        ..SettingsDocument::default()
    };
    Settings::parse(&document, previous)
}

fn refused(config: Option<&Value>, signing: Option<&Value>, limits: Option<&Value>) {
    let document = SettingsDocument {
        config,
        signing,
        limits,
        ..SettingsDocument::default()
    };
    match Settings::parse(&document, None) {
        Ok(settings) => all_told(&settings.unfit()),
        Err(refused) => all_told(&refused),
    }
}

#[test]
fn what_a_function_cannot_do_is_told() {
    let values = [
        json!({"a": 1}),
        json!("no such thing"),
        json!(1.5),
        json!(true),
        json!(9.0e300),
        json!([{"a": 1}]),
    ];
    let mut failed = 0;
    for function in functions() {
        let args: Vec<Value> = serde_json::from_str(function.example.1).unwrap();
        let call = Call::parse(function.id, &args, "").unwrap();
        for value in &values {
            if let Err(reason) = call.apply(value) {
                failed += 1;
                let is_of_a_library = reason.contains('(');
                if !is_of_a_library {
                    told(&reason);
                }
            }
        }
    }
    assert!(failed > 50, "hardly any function refuses anything");
}

#[test]
fn where_a_template_made_no_json_is_told() {
    let mapping = Mapping::parse(&json!({"mode": "template", "body": "{\"a\": x}"})).unwrap();
    let input = MappingInput {
        document: &json!({}),
        body: b"{}",
    };
    let told = in_indonesian(&mapping.apply(&input).unwrap_err().message);
    assert!(told.contains("(baris 1, kolom 7 dari hasilnya)"), "{told}");
}

#[test]
fn what_cannot_be_added_to_a_request_is_told() {
    let document = json!({"long": "x".repeat(9_000), "lines": "a\nb", "none": null, "empty": ""});
    for (request, code) in [
        (json!({"path": "/{{ none }}"}), "value_missing"),
        (json!({"path": "/{{ nowhere.at }}"}), "value_missing"),
        (
            json!({"headers": {"a": "{{ none ~ 1 }}{{ lines[9] }}"}}),
            "value_missing",
        ),
        (json!({"path": "/{{ empty }}"}), "path_empty"),
        (json!({"path": "/{{ '..' | raw }}/a"}), "path_leaves"),
        (json!({"query": {"a": "{{ long }}"}}), "url_too_long"),
        (json!({"headers": {"a": "{{ lines }}"}}), "header_control"),
        (json!({"headers": {"a": "{{ long }}"}}), "header_too_long"),
    ] {
        let mapping = json!({"mode": "passthrough", "request": request});
        let input = MappingInput {
            document: &document,
            body: b"{}",
        };
        let error = Mapping::parse(&mapping).unwrap().apply(&input).unwrap_err();
        assert_eq!(error.code, code);
        told(&error.message);
    }
}

#[test]
fn what_the_guard_refuses_is_told() {
    let guard = Guard::new(Vec::new());
    let mut said = BTreeSet::new();
    let v4 = (0..=255_u8).flat_map(|a| {
        [[a, 0, 0, 1], [a, 168, 1, 1], [a, 254, 1, 1], [a, 64, 0, 1]].map(IpAddr::from)
    });
    let others = [
        "168.63.129.16",
        "192.0.2.1",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "172.16.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "::1",
        "64:ff9b:1::1",
        "100::1",
        "2001:2::1",
        "2001:db8::1",
        "2002::1",
        "2620:4f:8000::1",
        "3ffe::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
    ];
    let others = others.iter().map(|text| text.parse().unwrap());
    for address in v4.chain(others) {
        if let Err(refusal) = guard.check(address) {
            said.insert(refusal.reason);
        }
    }
    assert!(said.len() > 15, "{said:?}");
    for url in [
        "ftp://example.com/",
        "https://example.com:25/",
        "data:text/plain,x",
    ] {
        let refusal = guard.vet(&url.parse().unwrap(), false).unwrap_err();
        said.insert(refusal.reason);
    }
    said.insert(
        guard
            .listed_only()
            .check([1, 1, 1, 1].into())
            .unwrap_err()
            .reason,
    );
    for reason in said {
        told(&reason);
        let outcome = Outcome::RefusedAddress { reason };
        told(&outcome.sentence());
        told(&format!("It kept failing. Last: {}", outcome.sentence()));
        told(outcome.advice());
    }
}

#[test]
fn how_attempts_end_is_told() {
    for status in [
        200, 302, 400, 401, 403, 404, 408, 410, 418, 422, 429, 500, 503,
    ] {
        let outcome = Outcome::answered(status);
        told(&outcome.sentence());
        if !outcome.advice().is_empty() {
            told(outcome.advice());
        }
    }
    let reason = || "the name nowhere.example was not found.".to_string();
    for outcome in [
        Outcome::Answered {
            status: 403,
            asks_to_wait: true,
        },
        Outcome::RefusedForGood { status: 422 },
        Outcome::NotAccepted {
            status: 200,
            reason: reason(),
        },
        Outcome::NoAccessToken {
            reason: "asked for one, example.com answered 400 (invalid_grant).".into(),
        },
        Outcome::DnsFailed { reason: reason() },
        Outcome::CouldNotConnect { reason: reason() },
        Outcome::TlsFailed { reason: reason() },
        Outcome::TimedOut { after_ms: 10_000 },
        Outcome::ConnectionBroke { reason: reason() },
        Outcome::ResponseTooLarge { reason: reason() },
        Outcome::InvalidRequest { reason: reason() },
    ] {
        told(&outcome.sentence());
        told(outcome.advice());
    }
    for step in [
        MailStep::Greeting,
        MailStep::Login,
        MailStep::Sender,
        MailStep::Recipient,
        MailStep::Content,
    ] {
        let refused = Outcome::MailRefused { status: 550, step };
        told(&refused.sentence());
        told(refused.advice());
    }
    for reason in [None, Some("the mail server hung up.".to_string())] {
        let after_ms = 30_000;
        let unanswered = Outcome::MailUnanswered { after_ms, reason };
        told(&unanswered.sentence());
        told(unanswered.advice());
    }
}

#[test]
fn why_a_body_is_no_mail_is_told() {
    for body in [
        json!({"text": "t", "to": "x"}),
        json!({"text": "t", "to": vec!["a@b.example"; 21]}),
        json!({"text": "t", "body": "b"}),
        json!({"text": []}),
        json!({"text": "t"}),
    ] {
        let reason = Mail::read(body.to_string().as_bytes(), JSON, &[]).unwrap_err();
        let refused = Outcome::InvalidMail { reason };
        told(&refused.sentence());
        told(refused.advice());
    }
}

#[test]
fn why_an_answer_is_no_success_is_told() {
    let objection = |rule: Value, answer: &str, is_whole: bool| {
        let config = json!({"url": "https://example.com/hook"});
        let document = SettingsDocument {
            config: Some(&config),
            success: Some(&rule),
            ..SettingsDocument::default()
        };
        let rule = Settings::parse(&document, None).unwrap().success.unwrap();
        rule.objection(answer.as_bytes(), is_whole, jiff::Timestamp::UNIX_EPOCH)
            .unwrap()
    };
    let ok = || json!({"path": "$.ok", "op": "is_true"});
    for reason in [
        objection(ok(), r#"{"ok": false}"#, true),
        objection(ok(), "{}", true),
        objection(ok(), "no", true),
        objection(ok(), "{}", false),
        objection(json!({"all": [{"none": [{"all": []}]}, ok()]}), "{}", true),
    ] {
        told(&reason);
        let status = 200;
        told(&Outcome::NotAccepted { status, reason }.sentence());
    }
    let config = json!({"url": "https://example.com/hook"});
    let many = json!({"all": vec![ok(); 21]});
    let document = SettingsDocument {
        config: Some(&config),
        success: Some(&many),
        ..SettingsDocument::default()
    };
    all_told(&Settings::parse(&document, None).unwrap_err());
    let document = json!({"path": "$.ok", "op": "changed"});
    all_told(&Filter::parse(&document).unwrap().unfit(About::Answer));
}

#[test]
fn what_is_wrong_with_people_and_paths_is_told() {
    told(&parse_email("ada").unwrap_err());
    for password in [
        "short",
        &"x".repeat(5_000),
        "ada@example.com",
        "passwordpassword",
    ] {
        let problem = password_problem(password, "ada@example.com");
        told(&problem.unwrap_or_else(|| panic!("{password} is refused")));
    }
    for text in ["", "$.a b", "$.a[", "a b"] {
        if let Err(error) = path::Path::parse(text) {
            told(&error.reason);
        }
    }
}
