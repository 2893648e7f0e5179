//! A secret that a person gave or we made: it never prints and is wiped when dropped.

use zeroize::Zeroizing;

/// Shown instead of a secret.
pub const MASK: &str = "***";

/// Bytes that must not be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Secret {
        Secret(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for signing, sealing and sending only.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The text, when it is one.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}
