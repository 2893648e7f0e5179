//! Signatures: Blue's on the way in, ours on the way out.
//!
//! Inbound, `web::hooks` can get at a body only through [`verify`], which works on the raw bytes, in constant time, and fails closed;
//! [`Verified`] has no other maker but [`accept_unsigned`], for sources whose owner chose so. Outbound, `outbound::request` asks [`sign`]
//! for the headers of an attempt. No clock: the time of an attempt comes in as an argument.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::secret::Secret;

type HmacSha256 = Hmac<Sha256>;

/// Header that Blue signs with.
pub const BLUE_HEADER: &str = "X-Signature";
/// Length of a hex signature, in characters.
const HEX_CHARS: usize = 64;
/// How Standard Webhooks writes a secret: this and base64.
pub const STANDARD_SECRET_PREFIX: &str = "whsec_";
/// How far a Standard Webhooks timestamp may be off, in seconds.
pub const TOLERANCE_S: u64 = 300;

/// A body whose signature was checked, or whose source asks for none. Only this file makes one.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'a>(&'a [u8]);

impl<'a> Verified<'a> {
    /// The very bytes that were verified.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }
}

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    #[error("the request has no X-Signature header")]
    Missing,
    #[error("the request has several X-Signature headers")]
    Several,
    #[error("the X-Signature header is not the hex text of an HMAC-SHA256")]
    Malformed,
    #[error("the signature does not match")]
    Mismatch,
    #[error("this source has no secret, so no signature can be checked")]
    NoSecret,
}

impl SignatureProblem {
    /// Stable code, for programs.
    pub fn code(self) -> &'static str {
        match self {
            SignatureProblem::Missing => "signature_missing",
            SignatureProblem::Several => "signature_several",
            SignatureProblem::Malformed => "signature_malformed",
            SignatureProblem::Mismatch => "signature_mismatch",
            SignatureProblem::NoSecret => "no_secret",
        }
    }
}

/// Checks Blue's signature: hex HMAC-SHA256 of the raw bytes, made with any of the accepted secrets.
pub fn verify<'a>(
    body: &'a [u8],
    headers: &[&str],
    secrets: &[&Secret],
) -> Result<Verified<'a>, SignatureProblem> {
    let usable = || secrets.iter().filter(|secret| !secret.expose().is_empty());
    if usable().next().is_none() {
        return Err(SignatureProblem::NoSecret);
    }
    let header = match headers {
        [] => return Err(SignatureProblem::Missing),
        [one] => one.trim(),
        _ => return Err(SignatureProblem::Several),
    };
    let given = decode_hex(header)?;
    // Every secret is tried, so that the time does not tell which one matched.
    let matched = usable().fold(false, |matched, secret| {
        mac_of(secret.expose(), &[body]).is_some_and(|mac| mac.verify_slice(&given).is_ok())
            | matched
    });
    if matched {
        Ok(Verified(body))
    } else {
        Err(SignatureProblem::Mismatch)
    }
}

/// Takes a body without a valid signature, for a source whose owner switched the check off.
pub fn accept_unsigned(body: &[u8]) -> Verified<'_> {
    Verified(body)
}

/// The likely reason for a mismatch, in words, for the source's owner.
pub fn likely_reason(
    body: &[u8],
    headers: &[&str],
    secrets: &[&Secret],
    problem: SignatureProblem,
) -> &'static str {
    match problem {
        SignatureProblem::Missing => {
            "Something other than Blue called this address, or a proxy removed the X-Signature header."
        }
        SignatureProblem::Several => "A proxy between Blue and the bridge doubles headers.",
        SignatureProblem::Malformed => {
            "Blue sends 64 hex digits. Something other than Blue may have called this address, or the header was cut."
        }
        SignatureProblem::NoSecret => {
            "Paste the secret that Blue showed when the webhook was created."
        }
        SignatureProblem::Mismatch => mismatch_reason(body, headers, secrets),
    }
}

fn mismatch_reason(body: &[u8], headers: &[&str], secrets: &[&Secret]) -> &'static str {
    let given = headers
        .first()
        .and_then(|header| decode_hex(header.trim()).ok());
    let matches = |key: &[u8], message: &[u8]| {
        let mac = mac_of(key, &[message]);
        mac.zip(given.as_ref())
            .is_some_and(|(mac, given)| mac.verify_slice(given).is_ok())
    };
    if matches(b"", body) {
        return "It was signed with an empty secret. Create the webhook in Blue anew and paste the secret it shows.";
    }
    let compact = serde_json::from_slice::<serde_json::Value>(body).map(|value| value.to_string());
    if let Ok(compact) = compact
        && secrets
            .iter()
            .any(|secret| matches(secret.expose(), compact.as_bytes()))
    {
        return "The secret is right, but the body was re-serialised after signing. Something between the sender and the bridge changes the body.";
    }
    "The secret of this source is not the one the webhook in Blue has, or the body was changed on the way."
}

fn decode_hex(header: &str) -> Result<Vec<u8>, SignatureProblem> {
    let bare = header.strip_prefix("sha256=").unwrap_or(header);
    if bare.len() != HEX_CHARS {
        return Err(SignatureProblem::Malformed);
    }
    hex::decode(bare).map_err(|_| SignatureProblem::Malformed)
}

/// An HMAC over the parts; `None` never happens, since HMAC takes keys of every length.
fn mac_of(key: &[u8], parts: &[&[u8]]) -> Option<HmacSha256> {
    let mut mac = HmacSha256::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

/// How an outgoing body is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `webhook-signature: v1,<base64>` over id, timestamp and body.
    StandardWebhooks,
    /// Bare hex over the body, as Blue itself does.
    Hex,
    /// Not at all.
    None,
}

impl Scheme {
    /// The word used in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::StandardWebhooks => "standard_webhooks",
            Scheme::Hex => "hex",
            Scheme::None => "none",
        }
    }

    /// Reads the word.
    pub fn from_word(text: &str) -> Option<Scheme> {
        match text {
            "standard_webhooks" => Some(Scheme::StandardWebhooks),
            "hex" => Some(Scheme::Hex),
            "none" => Some(Scheme::None),
            _ => None,
        }
    }
}

/// The headers that identify and sign one attempt. Several secrets, the newest first, all sign during a rotation (the hex scheme has
/// room for one). `hex_header` names the hex scheme's header, `X-Signature` unless given.
pub fn sign(
    scheme: Scheme,
    secrets: &[&Secret],
    hex_header: Option<&str>,
    id: &str,
    timestamp_s: i64,
    body: &[u8],
) -> Vec<(String, String)> {
    let timestamp = timestamp_s.to_string();
    let mut headers = vec![
        ("webhook-id".to_string(), id.to_string()),
        ("webhook-timestamp".to_string(), timestamp.clone()),
    ];
    match scheme {
        Scheme::None => {}
        Scheme::Hex => {
            let mac = secrets
                .first()
                .and_then(|secret| mac_of(secret.expose(), &[body]));
            headers.extend(mac.map(|mac| {
                let name = hex_header.unwrap_or(BLUE_HEADER).to_string();
                (name, hex::encode(mac.finalize().into_bytes()))
            }));
        }
        Scheme::StandardWebhooks => {
            let signatures: Vec<String> = secrets
                .iter()
                .filter_map(|secret| standard_mac(secret, id, &timestamp, body))
                .map(|mac| format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
                .collect();
            if !signatures.is_empty() {
                headers.push(("webhook-signature".to_string(), signatures.join(" ")));
            }
        }
    }
    headers
}

/// Why a Standard Webhooks signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StandardProblem {
    #[error("webhook-timestamp is not a number of seconds")]
    Timestamp,
    #[error("webhook-timestamp is too far from now")]
    TooOld,
    #[error("no signature in webhook-signature matches")]
    Mismatch,
}

/// Checks a Standard Webhooks signature, as a receiver of ours does.
pub fn verify_standard(
    secret: &Secret,
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now_s: i64,
) -> Result<(), StandardProblem> {
    let sent_s: i64 = timestamp.parse().map_err(|_| StandardProblem::Timestamp)?;
    if now_s.abs_diff(sent_s) > TOLERANCE_S {
        return Err(StandardProblem::TooOld);
    }
    let matches = |signature: &str| {
        let given = signature
            .strip_prefix("v1,")
            .and_then(|text| STANDARD.decode(text).ok());
        given
            .zip(standard_mac(secret, id, timestamp, body))
            .is_some_and(|(given, mac)| mac.verify_slice(&given).is_ok())
    };
    signatures
        .split(' ')
        .any(matches)
        .then_some(())
        .ok_or(StandardProblem::Mismatch)
}

fn standard_mac(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> Option<HmacSha256> {
    let key = standard_key(secret);
    mac_of(
        key.expose(),
        &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body],
    )
}

/// `whsec_` and base64 stand for bytes; any other text is used as it is.
fn standard_key(secret: &Secret) -> Secret {
    secret
        .expose_text()
        .and_then(|text| text.strip_prefix(STANDARD_SECRET_PREFIX))
        .and_then(|text| STANDARD.decode(text).ok())
        .map_or_else(|| secret.clone(), Secret::new)
}

/// Whether a receiver reads the same key out of this secret as we do: what begins with `whsec_` must go on in base64.
pub fn is_readable(secret: &Secret) -> bool {
    secret
        .expose_text()
        .and_then(|text| text.strip_prefix(STANDARD_SECRET_PREFIX))
        .is_none_or(|text| STANDARD.decode(text).is_ok_and(|key| !key.is_empty()))
}

/// A new Standard Webhooks secret of these random bytes.
pub fn standard_secret(random: [u8; 32]) -> Secret {
    Secret::new(format!(
        "{STANDARD_SECRET_PREFIX}{}",
        STANDARD.encode(random)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &[u8] = br#"{"event":"TODO_CREATED"}"#;
    const SIGNATURE: &str = "b29468c3b1d38d3ec56230c4a322724bd320a03c5aefe3c95d34c884395406b8";

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    fn check(body: &[u8], headers: &[&str], secrets: &[&str]) -> Result<(), SignatureProblem> {
        let secrets: Vec<Secret> = secrets.iter().map(|text| secret(text)).collect();
        verify(body, headers, &secrets.iter().collect::<Vec<_>>()).map(|_| ())
    }

    #[test]
    fn the_known_vectors_are_accepted_in_every_tolerated_form() {
        assert_eq!(check(BODY, &[SIGNATURE], &["secret"]), Ok(()));
        assert_eq!(
            check(BODY, &[&SIGNATURE.to_uppercase()], &["secret"]),
            Ok(())
        );
        assert_eq!(
            check(BODY, &[&format!(" sha256={SIGNATURE} ")], &["secret"]),
            Ok(())
        );
        assert_eq!(
            check(BODY, &[SIGNATURE], &["new one", "secret"]),
            Ok(()),
            "the secret before a rotation"
        );
        let github = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(
            check(b"Hello, World!", &[github], &["It's a Secret to Everybody"]),
            Ok(())
        );
    }

    #[test]
    fn everything_else_fails_closed() {
        use SignatureProblem::*;
        for (headers, secrets, problem) in [
            (&[][..], &["secret"][..], Missing),
            (&[SIGNATURE, SIGNATURE], &["secret"], Several),
            (&[""], &["secret"], Malformed),
            (&[&SIGNATURE[..62]], &["secret"], Malformed),
            (
                &["zz9468c3b1d38d3ec56230c4a322724bd320a03c5aefe3c95d34c884395406b8"],
                &["secret"],
                Malformed,
            ),
            (&[SIGNATURE], &["other"], Mismatch),
            (&[SIGNATURE], &[], NoSecret),
            (&[SIGNATURE], &[""], NoSecret),
        ] {
            assert_eq!(
                check(BODY, headers, secrets),
                Err(problem),
                "{headers:?} {secrets:?}"
            );
        }
        for cut in 0..SIGNATURE.len() {
            assert!(
                check(BODY, &[&SIGNATURE[..cut]], &["secret"]).is_err(),
                "{cut}"
            );
        }
        assert_eq!(
            check(br#"{"event": "TODO_CREATED"}"#, &[SIGNATURE], &["secret"]),
            Err(Mismatch)
        );
    }

    #[test]
    fn a_mismatch_is_explained() {
        let spaced = br#"{"event": "TODO_CREATED"}"#;
        let key = secret("secret");
        let reason = likely_reason(spaced, &[SIGNATURE], &[&key], SignatureProblem::Mismatch);
        assert!(reason.contains("re-serialised"), "{reason}");
        let empty = hex::encode(mac_of(b"", &[BODY]).unwrap().finalize().into_bytes());
        let reason = likely_reason(BODY, &[&empty], &[&key], SignatureProblem::Mismatch);
        assert!(reason.contains("empty secret"), "{reason}");
        let reason = likely_reason(
            BODY,
            &[&"0".repeat(64)],
            &[&key],
            SignatureProblem::Mismatch,
        );
        assert!(reason.contains("not the one"), "{reason}");
    }

    proptest! {
        #[test]
        fn each_flipped_bit_fails(byte in 0_usize..24, bit in 0_u8..8) {
            let mut bent = BODY.to_vec();
            bent[byte] ^= 1 << bit;
            prop_assert_eq!(check(&bent, &[SIGNATURE], &["secret"]), Err(SignatureProblem::Mismatch));
        }
    }

    #[test]
    fn standard_webhooks_vectors_are_met_byte_for_byte() {
        for (key, id, timestamp, body, expected) in [
            (
                "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ] {
            let headers = sign(
                Scheme::StandardWebhooks,
                &[&secret(key)],
                None,
                id,
                timestamp,
                body.as_bytes(),
            );
            assert_eq!(
                headers[2],
                ("webhook-signature".to_string(), expected.to_string())
            );
        }
    }

    #[test]
    fn during_a_rotation_receivers_with_either_secret_accept() {
        let (new, old) = (standard_secret([1; 32]), standard_secret([2; 32]));
        let headers = sign(
            Scheme::StandardWebhooks,
            &[&new, &old],
            None,
            "id",
            1_000,
            BODY,
        );
        let signatures = &headers[2].1;
        for key in [&new, &old] {
            assert_eq!(
                verify_standard(key, "id", "1000", signatures, BODY, 1_010),
                Ok(())
            );
        }
        let stranger = standard_secret([3; 32]);
        assert_eq!(
            verify_standard(&stranger, "id", "1000", signatures, BODY, 1_010),
            Err(StandardProblem::Mismatch)
        );
        assert_eq!(
            verify_standard(&new, "id", "1000", signatures, BODY, 9_999),
            Err(StandardProblem::TooOld)
        );
        let earliest = i64::MIN.to_string();
        assert_eq!(
            verify_standard(&new, "id", &earliest, signatures, BODY, 1_010),
            Err(StandardProblem::TooOld)
        );
        assert_eq!(
            verify_standard(&new, "id", "soon", signatures, BODY, 1_010),
            Err(StandardProblem::Timestamp)
        );
        assert_eq!(
            verify_standard(&new, "id", "1000", "v1,", BODY, 1_010),
            Err(StandardProblem::Mismatch)
        );
    }

    #[test]
    fn bare_hex_is_what_blue_would_send_and_none_signs_nothing() {
        let headers = sign(
            Scheme::Hex,
            &[&secret("secret")],
            Some("X-Mine"),
            "id",
            1,
            BODY,
        );
        assert_eq!(headers[2], ("X-Mine".to_string(), SIGNATURE.to_string()));
        assert_eq!(sign(Scheme::None, &[], None, "id", 1, BODY).len(), 2);
        assert_eq!(sign(Scheme::Hex, &[], None, "id", 1, BODY).len(), 2);
    }
}
