//! The delivery benchmark: Bluebridge end to end over loopback, beside a floor that forwards in memory and stores nothing.
//!
//! `cargo bench --bench delivery` runs `pairs`; `-- SCENARIO...` names others (see [`SCENARIOS`]). Generator, receiver, floor and bridge are
//! processes of their own: this program starts itself in those roles, and the real binary. Absolute numbers differ from machine
//! to machine and from minute to minute; what counts are the ratios, which come from runs that take turns. Traffic goes only to
//! loopback, and every process that is started here ends here. Reads `/proc`, so it runs on Linux only.

mod bridge;
mod floor;
mod generator;
mod postgres;
mod process;
mod receiver;
mod scenarios;

/// What can be measured, and in which words.
const SCENARIOS: [(&str, &str); 6] = [
    (
        "pairs",
        "bridge and floor in turns: throughput, latency at 200/s, CPU, memory",
    ),
    (
        "backlog",
        "memory with 500,000 deliveries waiting for a destination that does not answer",
    ),
    (
        "old",
        "throughput with 2,000,000 old deliveries in the database, beside an empty one",
    ),
    (
        "isolation",
        "a healthy destination's latency while another hangs with 5,000 queued",
    ),
    (
        "postgres",
        "one node on SQLite, one and two on a PostgreSQL that it starts (Debian's package)",
    ),
    (
        "smoke",
        "all of them, small: whether the benchmark itself works",
    ),
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        // Cargo adds it for every benchmark.
        .filter(|argument| argument != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["role", "generator", plan] => generator::run(plan),
        ["role", "receiver", port] => receiver::run(port.parse()?),
        ["role", "floor", port, target] => floor::run(port.parse()?, target),
        [] => scenarios::run("pairs"),
        names => names.iter().try_for_each(|name| scenarios::run(name)),
    }
}
