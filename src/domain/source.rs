//! A source: one Blue webhook as we know it.
//!
//! `web::hooks` finds one by the token in the address and asks it which secrets are accepted now. What its signature
//! evidence means is told by `signature`; this file only keeps the facts.

use jiff::Timestamp;

use crate::domain::id::SourceId;
use crate::domain::secret::Secret;

/// How long the previous secret stays accepted after a rotation, in seconds: one day.
pub const ROTATION_OVERLAP_S: i64 = 86_400;

/// Longest overlap of two secrets that may be asked for, in seconds: a week.
pub const OVERLAP_LIMIT_S: i64 = 7 * 86_400;

/// Longest secret, in bytes.
pub const SECRET_LIMIT_BYTES: usize = 1_024;

/// One Blue webhook as we know it.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: SourceId,
    pub name: String,
    /// The last part of the inbound address `/hooks/{token}`.
    pub token: String,
    /// When false, a request without a valid signature is accepted as well. Dangerous, and said so where it is set.
    pub require_signature: bool,
    pub secret: Option<Secret>,
    pub previous_secret: Option<PreviousSecret>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When the last verified request came.
    pub last_heard_at: Option<Timestamp>,
    /// When a request was signed with the present secret last.
    pub secret_used_at: Option<Timestamp>,
    pub signature_problem: Option<SignatureEvidence>,
}

/// The secret before the last rotation.
#[derive(Debug, Clone)]
pub struct PreviousSecret {
    pub secret: Secret,
    pub accepted_until: Timestamp,
    /// When a request was signed with it last.
    pub used_at: Option<Timestamp>,
}

/// Which secret a request was signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUsed {
    Present,
    Previous,
}

/// What is known of requests that failed verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureEvidence {
    /// Code of the last problem.
    pub code: String,
    /// The last problem in words, with its likely reason. Never holds a secret or a signature.
    pub message: String,
    pub last_at: Timestamp,
    /// Failures in a row, up to `last_at`.
    pub count: i64,
}

impl Source {
    /// Whether it refuses everything until its secret is entered.
    pub fn needs_secret(&self) -> bool {
        self.require_signature && self.secret.is_none()
    }

    /// Whether the latest request failed verification: something must be mended.
    pub fn is_refusing(&self) -> bool {
        self.signature_problem.as_ref().is_some_and(|problem| {
            self.last_heard_at
                .is_none_or(|heard| problem.last_at > heard)
        })
    }

    /// The secrets that a signature may have been made with at `now`, the newest first.
    pub fn accepted_secrets(&self, now: Timestamp) -> Vec<&Secret> {
        let previous = self
            .previous_secret
            .as_ref()
            .filter(|previous| now < previous.accepted_until)
            .map(|previous| &previous.secret);
        self.secret.iter().chain(previous).collect()
    }
}
