//! The fuzzing targets on every change: all seeds, mutations of them, and random inputs. `fuzz/README.md` tells how to run them for longer.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[path = "../../fuzz/src/targets.rs"]
mod targets;

/// Mutations of seeds and random inputs, for each target.
const CASES: u32 = 1_500;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).unwrap();
    let seeds: Vec<Vec<u8>> = entries
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert!(!seeds.is_empty(), "no seeds for {target}");
    seeds
}

/// One change to a seed.
#[derive(Debug, Clone)]
enum Mutation {
    Put(usize, u8),
    Insert(usize, u8),
    Repeat(usize, usize, usize),
    Cut(usize, usize),
    Splice(usize, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    // Half of the bytes are such as mean something to one of the readers.
    let byte = prop_oneof![
        any::<u8>(),
        proptest::sample::select(b"{}[]()\"'$.@*?!,:|&=<>%-+0919eE\\u\0\n".to_vec())
    ];
    let at = 0..4_096_usize;
    prop_oneof![
        (at.clone(), byte.clone()).prop_map(|(at, byte)| Mutation::Put(at, byte)),
        (at.clone(), byte).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        (at.clone(), 1..8_usize, 1..300_usize)
            .prop_map(|(at, length, times)| Mutation::Repeat(at, length, times)),
        (at.clone(), 1..64_usize).prop_map(|(at, length)| Mutation::Cut(at, length)),
        (at.clone(), at).prop_map(|(from, to)| Mutation::Splice(from, to)),
    ]
}

fn mutated(mut data: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        let size = data.len();
        let within = |at: usize| if size == 0 { 0 } else { at % size };
        match *mutation {
            Mutation::Put(at, byte) if size > 0 => data[within(at)] = byte,
            Mutation::Put(_, byte) => data.push(byte),
            Mutation::Insert(at, byte) => data.insert(within(at), byte),
            Mutation::Repeat(at, length, times) => {
                let from = within(at);
                let piece = data[from..size.min(from + length)].repeat(times);
                data.splice(from..from, piece);
            }
            Mutation::Cut(at, length) => {
                let from = within(at);
                data.drain(from..size.min(from + length));
            }
            Mutation::Splice(from, to) => {
                let piece = data[within(from)..size.min(within(from) + 16)].to_vec();
                let to = within(to);
                data.splice(to..to, piece);
            }
        }
        data.truncate(64 * 1024);
    }
    data
}

fn run(name: &str, target: fn(&[u8])) {
    let seeds = seeds(name);
    for seed in &seeds {
        target(seed);
    }
    let near = (
        proptest::sample::select(seeds),
        prop::collection::vec(mutation(), 1..6),
    )
        .prop_map(|(seed, mutations)| mutated(seed, &mutations));
    let far = prop::collection::vec(any::<u8>(), 0..200);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(CASES)
    };
    TestRunner::new(config)
        .run(&prop_oneof![4 => near, 1 => far], |data| {
            target(&data);
            Ok(())
        })
        .unwrap();
}

macro_rules! targets {
    ($($name:ident),*) => {$(
        #[test]
        fn $name() {
            run(stringify!($name), targets::$name);
        }
    )*};
}

targets!(
    event,
    signature,
    filter,
    mapping,
    path,
    retry_after,
    template
);

/// The whole ladder of nesting: refused with a word, at any depth, in every reader, on an ordinary thread's stack.
#[test]
fn nesting_of_any_depth_is_refused_and_overflows_nothing() {
    use bluebridge::domain::event::{ReadError, read};
    for depth in [127, 128, 129, 1_000, 100_000, 250_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for body in [
                format!(
                    "{{\"event\":\"E\",\"a\":{}1{}}}",
                    open.repeat(depth),
                    close.repeat(depth)
                ),
                format!("{{\"event\":\"E\",\"a\":{}", open.repeat(depth)),
                open.repeat(depth),
            ] {
                match read(body.as_bytes()) {
                    Ok(_) => assert!(depth < 128),
                    Err(error) => assert!(
                        matches!(error, ReadError::TooDeep | ReadError::NotJson(_)),
                        "{depth}"
                    ),
                }
                targets::filter(body.as_bytes());
                targets::mapping(body.as_bytes());
            }
        }
        for text in [
            format!("$[?{}@.a{}]", "(".repeat(depth), ")".repeat(depth)),
            format!("${}", "[?@".repeat(depth)),
            format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth)),
            "{% if a %}".repeat(depth),
            format!("{{{{ {}1 }}}}", "-".repeat(depth)),
            format!("{{{{ a{} }}}}", "|upper".repeat(depth)),
        ] {
            targets::path(text.as_bytes());
            targets::template(text.as_bytes());
        }
    }
}

/// Cases like those of the JSON test suites: accepted is what JSON says, nothing panics.
#[test]
fn what_json_is_and_is_not() {
    use bluebridge::domain::event::read;
    let inside = |value: &str| format!("{{\"event\":\"E\",\"a\":{value}}}");
    for value in [
        "1",
        "-0",
        "1e5",
        "1E-2",
        "123456789012345678901234567890",
        "0.1",
        "\"\\ud83d\\ude00\"",
        "\"\\u0000\"",
        "\"\\/\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\u{2028}\"",
        "[]",
        "[[],{}]",
        "{\"a\":1,\"a\":2}",
        "{\"\":0}",
        "null",
        " \t\r\n true ",
    ] {
        assert!(read(inside(value).as_bytes()).is_ok(), "{value}");
    }
    for value in [
        "",
        "01",
        "+1",
        "1.",
        ".1",
        "1e",
        "0x1",
        "NaN",
        "Infinity",
        "-",
        "'a'",
        "\"\\x\"",
        "\"a\nb\"",
        "\"\u{0}\"",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "[1 2]",
        "tru",
        "/* x */1",
        "1 // x",
        "\"",
        "\\u0031",
        "[1}",
    ] {
        assert!(read(inside(value).as_bytes()).is_err(), "{value}");
    }
    for body in [
        &b"\xef\xbb\xbf{\"event\":\"E\"}"[..],
        b"{\"event\":\"\xed\xa0\x80\"}",
        b"{\"event\":\"E\"}{}",
        b"\xff\xfe{\0}\0",
        b"\0",
    ] {
        assert!(read(body).is_err(), "{body:?}");
    }
}
