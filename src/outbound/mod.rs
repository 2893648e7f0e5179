//! How we speak to the world: one client, one address guard, one signed request or mail in, one outcome out.
//!
//! Called by `flow`. Nothing here knows the database or the pages. Every way out of the server goes through [`guard`],
//! at every connection, whether it is a delivery, a test or a notice.

mod access_token;
pub mod client;
pub mod exchange;
mod failure;
pub mod guard;
pub mod lookup;
mod mail;
mod mail_line;
mod ranges;
pub mod request;
mod token_cache;
