//! How a destination's requests are signed, and how its secret is replaced without a lost delivery.
//!
//! `destination` reads it out of a person's document and seals it; `outbound::request` asks for the secrets of an attempt. During a rotation
//! the old secrets sign beside the new one until they end, so that a receiver may change over whenever it likes. Bare hex has room for one
//! signature only: there the new secret counts at once.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::secret::Secret;
use crate::domain::signature::Scheme;

/// Old secrets that may sign beside the present one.
pub const PREVIOUS_LIMIT: usize = 3;

/// How the body is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    pub scheme: Scheme,
    pub secret: Option<Secret>,
    /// Secrets before the last rotations, the newest first.
    pub previous: Vec<Previous>,
    /// Header of the bare-hex scheme.
    pub header: Option<String>,
}

/// A secret before a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    pub secret: Secret,
    /// It signs until then, in seconds since 1970.
    pub until_s: i64,
}

/// Why a secret could not be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RotationProblem {
    #[error("This destination's requests are not signed, so there is no secret to replace.")]
    NotSigned,
    #[error(
        "A request carries one signature in this scheme, so the old secret cannot sign as well: use an overlap of 0."
    )]
    NoOverlap,
    #[error(
        "{PREVIOUS_LIMIT} old secrets are still in force; wait until one ends, or end them all with an overlap of 0."
    )]
    TooMany,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    secret: String,
    until_s: i64,
}

impl Signing {
    /// The secrets that sign an attempt at `now_s`, the newest first.
    pub fn secrets(&self, now_s: i64) -> Vec<&Secret> {
        let previous = self
            .previous
            .iter()
            .filter(|previous| now_s < previous.until_s)
            .map(|previous| &previous.secret);
        self.secret.iter().chain(previous).collect()
    }

    /// Until when an old secret signs as well, in seconds since 1970.
    pub fn previous_until_s(&self, now_s: i64) -> Option<i64> {
        let until = self.previous.iter().map(|previous| previous.until_s);
        until.filter(|until_s| now_s < *until_s).max()
    }

    /// Whether requests can be signed as they should be. Old secrets only stand beside a present one.
    pub fn can_sign(&self) -> bool {
        self.scheme == Scheme::None || self.secret.is_some()
    }

    /// Puts `secret` in force. The old ones go on signing for `overlap_s` seconds, where a request can carry several signatures; 0 ends them all now.
    pub fn rotate(
        &mut self,
        secret: Secret,
        overlap_s: i64,
        now_s: i64,
    ) -> Result<(), RotationProblem> {
        if self.scheme == Scheme::None {
            return Err(RotationProblem::NotSigned);
        }
        if overlap_s > 0 && self.scheme == Scheme::Hex {
            return Err(RotationProblem::NoOverlap);
        }
        self.previous.retain(|previous| now_s < previous.until_s);
        if overlap_s <= 0 {
            self.previous.clear();
        } else if let Some(old) = &self.secret {
            if self.previous.len() >= PREVIOUS_LIMIT {
                return Err(RotationProblem::TooMany);
            }
            let until_s = now_s.saturating_add(overlap_s);
            let secret = old.clone();
            self.previous.insert(0, Previous { secret, until_s });
        }
        self.secret = Some(secret);
        Ok(())
    }

    /// The old secrets, for sealing only.
    pub fn sealed_previous(&self) -> Value {
        let entries = self.previous.iter().map(|previous| Sealed {
            secret: previous.secret.expose_text().unwrap_or_default().into(),
            until_s: previous.until_s,
        });
        json!(entries.collect::<Vec<Sealed>>())
    }

    /// Reads what [`Signing::sealed_previous`] made; `None` when it is something else.
    pub fn open_previous(sealed: &Value) -> Option<Vec<Previous>> {
        let entries = Vec::<Sealed>::deserialize(sealed).ok()?;
        let opened = entries.into_iter().map(|entry| Previous {
            secret: Secret::new(entry.secret),
            until_s: entry.until_s,
        });
        Some(opened.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signing(scheme: Scheme) -> Signing {
        Signing {
            scheme,
            secret: Some(Secret::new("first")),
            previous: Vec::new(),
            header: None,
        }
    }

    fn at(signing: &Signing, now_s: i64) -> Vec<String> {
        let text = |secret: &&Secret| secret.expose_text().unwrap().to_string();
        signing.secrets(now_s).iter().map(text).collect()
    }

    #[test]
    fn old_secrets_sign_beside_the_new_one_until_they_end() {
        let mut signing = signing(Scheme::StandardWebhooks);
        signing.rotate(Secret::new("second"), 100, 1_000).unwrap();
        signing.rotate(Secret::new("third"), 100, 1_050).unwrap();
        assert_eq!(at(&signing, 1_050), ["third", "second", "first"]);
        assert_eq!(at(&signing, 1_100), ["third", "second"]);
        assert_eq!(signing.previous_until_s(1_100), Some(1_150));
        assert_eq!(at(&signing, 1_150), ["third"]);
        assert_eq!(signing.previous_until_s(1_150), None);

        let opened = Signing::open_previous(&signing.sealed_previous()).unwrap();
        signing.previous = opened;
        assert_eq!(at(&signing, 1_050), ["third", "second", "first"]);
    }

    #[test]
    fn without_an_overlap_every_old_secret_ends_now() {
        let mut signing = signing(Scheme::StandardWebhooks);
        signing.rotate(Secret::new("second"), 100, 1_000).unwrap();
        signing.rotate(Secret::new("third"), 0, 1_001).unwrap();
        assert_eq!(at(&signing, 1_001), ["third"]);
        assert!(!signing.sealed_previous().to_string().contains("first"));
    }

    #[test]
    fn old_secrets_are_few_and_hex_has_none() {
        let mut many = signing(Scheme::StandardWebhooks);
        for _ in 0..PREVIOUS_LIMIT {
            many.rotate(Secret::new("next"), 100, 1_000).unwrap();
        }
        let refused = many.rotate(Secret::new("one more"), 100, 1_000);
        assert_eq!(refused, Err(RotationProblem::TooMany));
        assert!(many.rotate(Secret::new("one more"), 100, 1_100).is_ok());

        let mut hex = signing(Scheme::Hex);
        let refused = hex.rotate(Secret::new("second"), 100, 1_000);
        assert_eq!(refused, Err(RotationProblem::NoOverlap));
        hex.rotate(Secret::new("second"), 0, 1_000).unwrap();
        assert_eq!(at(&hex, 1_000), ["second"]);
        let unsigned = signing(Scheme::None).rotate(Secret::new("x"), 100, 1_000);
        assert_eq!(unsigned, Err(RotationProblem::NotSigned));
    }
}
