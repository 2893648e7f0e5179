#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
//! Bluebridge.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod flow;
pub mod outbound;
pub mod store;
pub mod web;
pub mod worker;
