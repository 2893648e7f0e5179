//! What the fuzzing targets stand on: the product's `domain`, compiled by itself, and the targets.
#![allow(dead_code, unexpected_cfgs)]

// The targets say `bluebridge::domain`, here and in the product's own tests.
extern crate self as bluebridge;

#[path = "../../src/domain/mod.rs"]
pub mod domain;
pub mod targets;
