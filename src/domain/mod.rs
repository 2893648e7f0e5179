//! What is true: the words of the product as types, and every decision as a pure function.
//!
//! Everything above imports from here; this room imports no other. No IO, no async, no clock, no randomness:
//! time and chance come in as arguments.

pub mod problem;
