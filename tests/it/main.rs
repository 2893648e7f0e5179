//! One integration binary: the real application on port 0 with its own database, a pretend Blue and a scripted receiver.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bad_input;
mod breaker;
mod browser;
mod builder;
mod cluster;
mod crash;
mod database;
mod failpoints;
mod flow;
mod harness;
mod house;
mod log;
mod migrate_data;
mod nodes;
mod outbound_guard;
mod pages;
mod past;
mod process;
mod signatures;
mod store;
mod sweep;
