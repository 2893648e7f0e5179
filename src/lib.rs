#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
//! Bluebridge carries Blue's webhooks to anywhere: verified, filtered, mapped, signed, delivered, and shown in a log.
//!
//! # Words
//!
//! The same in code, pages, API and database: **source** (one Blue webhook as we know it), **event** (one verified body, kept byte for
//! byte), **connection** (source, trigger, filter, mapping, destination), **version** (an immutable snapshot of a connection's rules),
//! **destination** (where we may send), **delivery** (one event for one version: a state machine, drawn in [`domain::delivery`]),
//! **attempt** (one try; append-only).
//!
//! # The one way data flows
//!
//! 1. [`web::hooks`] takes a bounded body and verifies it; [`flow::ingest`] reads it, decides for every enabled connection and stores event
//!    and deliveries in one transaction, which shares its commit with whoever came meanwhile ([`store`]'s writer). Then, and only then, 2xx.
//! 2. [`flow::outbox`] takes what was committed over in memory, already leased; what finds no room waits in the database.
//! 3. [`flow::deliver`] makes one attempt through [`outbound`], with no transaction open.
//! 4. [`flow::record`] writes attempt and next state together, guarded by the claim.
//! 5. [`flow::recover`] brings back due retries, overflow, and what a dead process left.
//!
//! Beside it, [`flow::replay`] makes many deliveries again at a person's wish: a row that remembers how far it came, moved with what it made.
//!
//! Behind it, [`flow::counts`] counts the log minute by minute behind its end, so that the overview never counts the log and the hot path
//! counts nothing; [`flow::tail`] tells those who watch the log what is new, with one question a second for all of them.
//!
//! An event is never lost silently: it is delivered, waiting, held, failed or skipped, and the log says why. The decision is a pure
//! function ([`domain::connection::Rules::decide`]), so ingest, preview and the log's "why" cannot disagree, and a body is never stored twice.
//!
//! # The builder
//!
//! One page makes a connection in the order of the data. Everything it shows (the value at each condition, a field after each function, the
//! request with its signature, the dry run over the past in [`flow::past`]) is computed on the server by the functions that decide over real
//! events; its script only fetches and puts in place, and every button works without it. What versions differ in is told by
//! [`domain::change`], what is to be thought of by [`domain::warnings`]; starting points are [`domain::recipes`], export and import are
//! [`flow::transfer`], for pages and command line alike.
//!
//! # The reader
//!
//! Pages are read in a language and a time zone ([`web::reader`]). Their texts stand in `locales/` and are reached by key ([`web::i18n`]); what `domain`
//! says in English under a stable code is told again in other languages at the edge, and its finished sentences (notes, outcomes, problems, refusals)
//! are known again by a phrase book ([`web::phrases`]). What is stored and what programs get is English and UTC.
//!
//! # The rooms
//!
//! ```text
//!              main (cli)
//!              |
//!             app ----------------------+
//!            /   \                      |
//!         web     worker             config
//!            \   /
//!             flow
//!           /      \
//!      store        outbound
//!           \      /
//!            domain
//! ```
//!
//! Arrows point down only; `tests/it/house.rs` fails with a sentence when a room imports what it may not. `domain` is pure: no IO, no clock,
//! no chance. Only `store` speaks SQL, only `outbound` speaks to the world for the server, `flow` knows neither actix nor diesel nor askama.
//!
//! # Who is trusted with what
//!
//! [`web::routes`] is one table in which every route names the role it needs; [`web::admission`] checks it before the handler, together with
//! the mark of every form. A person comes in by password and, if they like, a second factor; a program by a token with a role. What either
//! changes is written to the audit log in the change's own transaction ([`store::audit`]).
//!
//! The table of roles is in SECURITY.md. Where each line is drawn:
//!
//! - **Blue** proves every request ([`domain::signature`], fail closed, on the raw bytes); [`web::body`] bounds what a sender may take, and
//!   [`flow::admission`] how often. Whoever knows only an address is refused before anything is stored or counted against the source.
//! - **People who write destinations** choose where events go; [`outbound::guard`] decides which addresses may be reached, on what is dialled, at
//!   every connection. [`domain::destination`] lets no saved secret follow an address to another host.
//! - **People who look** see masks ([`domain::concealed`]); texts of events are texts in every page (askama escapes, the policy of [`web::headers`]
//!   allows no inline script) and keep to their line in the log.
//! - **A destination** is told nothing but what its connections map to it, and has one deadline and a bounded answer ([`outbound::request`],
//!   `outbound::mail`). One that asks for notices is told the names of others that fail and why ([`flow::notices`]).
//! - **Whoever has the file** opens no secret without the master key ([`domain::seal`]); [`store::rotation`] replaces it. Passwords, sessions and
//!   tokens are hashes.
//! - **Documents** (filters, mappings, paths, templates) are data, never programs: parsed once, inside limits of size, depth and work
//!   (jsonpath-rust has none of its own: `domain::path` tells from a path's text what it may cost); `fuzz/` and `tests/it/fuzz.rs` try to break that.
//!
//! # Known gaps of this version
//!
//! Integers beyond 64 bits pass through unchanged in passthrough mode only. Order per record is the order in which events were
//! stored, which is that of their deliveries in the log; of two requests that are under way at the same time either may be first.

#[macro_use]
mod failpoint;

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod flow;
pub mod outbound;
pub mod store;
pub mod web;
pub mod worker;
