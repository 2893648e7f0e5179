//! What is true: the words of the product as types, and every decision as a pure function.
//!
//! Everything above imports from here; this room imports no other. No IO, no async, no clock, no randomness:
//! time and chance come in as arguments.

pub mod audit;
pub mod breaker;
pub mod catalogue;
pub mod change;
pub mod concealed;
pub mod connection;
pub mod delivery;
pub mod destination;
pub mod event;
pub mod filter;
pub mod header;
pub mod id;
pub mod latency;
pub mod lenient;
pub mod mail;
pub mod mapping;
pub mod name;
pub mod needs;
pub mod node;
pub mod notice;
pub mod outcome;
pub mod password;
pub mod path;
pub mod pattern;
pub mod person;
pub mod problem;
pub mod recipes;
pub mod replay;
pub mod retry;
pub mod seal;
pub mod second_factor;
pub mod secret;
pub mod services;
pub mod signature;
pub mod signing;
pub mod source;
pub mod value;
pub mod warnings;
