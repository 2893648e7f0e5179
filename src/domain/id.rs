//! Names of things: one type per word, so that a delivery's id cannot be passed where an event's is meant.
//!
//! Every id is a UUID of version 7: any node makes them, and their order is the order of making, which the log pages rely on.
//! The milliseconds and the random bits come in as arguments.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not an id.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an id; an id looks like 0193a5b2-7c1e-7d3f-8a4b-5c6d7e8f9a0b")]
pub struct IdError(String);

/// Longest part of a wrong id that is repeated in its error, in characters.
const ECHO_LIMIT_CHARS: usize = 60;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes an id from a time in milliseconds since 1970 and ten bytes whose first twelve bits order ids of one millisecond.
            pub fn new(unix_ms: u64, bits: [u8; 10]) -> $name {
                $name(uuid::Builder::from_unix_timestamp_millis(unix_ms, &bits).into_uuid())
            }

            /// Reads the sixteen bytes that [`Self::as_bytes`] gave; `None` when there are not sixteen.
            pub fn from_slice(bytes: &[u8]) -> Option<$name> {
                Uuid::from_slice(bytes).ok().map($name)
            }

            /// The sixteen bytes, as the database keeps them.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// When it was made, in milliseconds since 1970.
            pub fn unix_ms(&self) -> i64 {
                let mut bytes = [0_u8; 8];
                bytes[2..].copy_from_slice(&self.0.as_bytes()[..6]);
                i64::from_be_bytes(bytes)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<$name, IdError> {
                Uuid::parse_str(text)
                    .map($name)
                    .map_err(|_| IdError(text.chars().take(ECHO_LIMIT_CHARS).collect()))
            }
        }
    )+};
}

ids! {
    /// One Blue webhook as we know it.
    SourceId
    /// One verified request body.
    EventId
    /// Source, rules and destination.
    ConnectionId
    /// An immutable snapshot of a connection's rules.
    VersionId
    /// Where we may send.
    DestinationId
    /// One event for one connection version.
    DeliveryId
    /// One holder's right to send a set of deliveries: the fencing token of a lease.
    ClaimId
    /// Many deliveries again, at a person's wish.
    ReplayId
    /// A person who signs in.
    UserId
    /// A program's key to the API.
    TokenId
    /// One running server.
    NodeId
    /// One browser that somebody is signed in with.
    SessionId
    /// A link that makes an account.
    InviteId
    /// A note of who changed what.
    AuditId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_then_by_counter() {
        let first = EventId::new(1_000, [0; 10]);
        let second = EventId::new(1_000, [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        let third = EventId::new(1_001, [0; 10]);
        assert!(first < second && second < third);
        assert_eq!(third.unix_ms(), 1_001);
    }

    #[test]
    fn text_and_bytes_read_back() {
        let id = DeliveryId::new(1_732_435_200_000, [7; 10]);
        assert_eq!(id.to_string().parse::<DeliveryId>().unwrap(), id);
        assert_eq!(DeliveryId::from_slice(id.as_bytes()), Some(id));
        assert!(DeliveryId::from_slice(&[1, 2]).is_none());
        assert!("nonsense".parse::<DeliveryId>().is_err());
    }
}
