//! The second factor: time-based codes (RFC 6238) from an app, and recovery codes for when the app is lost.
//!
//! Time and chance come in as arguments. A code is good for its thirty seconds and those beside them; that none is taken twice is kept by
//! `store`, which remembers the last step.

use sha2::{Digest as _, Sha256};
use totp_rs::{Algorithm, Builder, Secret as TotpSecret, Totp};

/// Bytes of a secret, as RFC 4226 recommends for SHA-1.
pub const SECRET_BYTES: usize = 20;
/// Recovery codes made at once.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of chance in a recovery code: enough that its hash needs no salt.
pub const RECOVERY_BYTES: usize = 10;
/// What an app shows beside the account.
const ISSUER: &str = "Bluebridge";

fn totp(secret: &[u8]) -> Totp {
    // The values that every app understands; `build_noncompliant` cannot fail, and the length of a stored secret is ours.
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(TotpSecret::new(secret.into()))
        .build_noncompliant()
}

/// The step of thirty seconds that a code belongs to; `None` when it is not right now.
pub fn step_of(secret: &[u8], code: &str, now_s: u64) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = totp(secret).check(&code, now_s)?;
    i64::try_from(step).ok()
}

/// The secret as people type it, in groups of four.
pub fn typed(secret: &[u8]) -> String {
    let text = TotpSecret::new(secret.into()).to_base32();
    let letters: Vec<char> = text.chars().filter(|c| *c != '=').collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

/// The address that a QR code holds for the app.
pub fn app_address(secret: &[u8], email: &str) -> String {
    let secret: String = typed(secret).split(' ').collect();
    let account: String = url::form_urlencoded::byte_serialize(email.as_bytes()).collect();
    format!(
        "otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30"
    )
}

/// A recovery code as it is shown once.
pub fn recovery_code(bytes: [u8; RECOVERY_BYTES]) -> String {
    typed(&bytes).replace(' ', "-").to_lowercase()
}

/// What is kept of a recovery code, however it was typed.
pub fn recovery_hash(code: &str) -> [u8; 32] {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    Sha256::digest(plain.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and two of the times of RFC 6238, appendix B, with the last six digits of its codes.
    const RFC: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard_and_hold_for_a_step_around() {
        assert_eq!(step_of(RFC, "287082", 59), Some(1));
        assert_eq!(step_of(RFC, "081 804", 1_111_111_109), Some(37_037_036));
        assert_eq!(step_of(RFC, "287082", 59 + 30), Some(1));
        assert_eq!(step_of(RFC, "287082", 59 + 61), None);
        for wrong in ["", "287083", "28708", "2870820", "abcdef", "28708²"] {
            assert_eq!(step_of(RFC, wrong, 59), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_typed_in_groups_and_put_in_an_address() {
        assert_eq!(typed(RFC), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let address = app_address(RFC, "ada+b@example.com");
        assert!(address.starts_with("otpauth://totp/Bluebridge:ada%2Bb%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&"));
    }

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        let code = recovery_code([7; RECOVERY_BYTES]);
        assert_eq!(code.len(), 19);
        let loosely = code.to_uppercase().replace('-', " ");
        assert_eq!(recovery_hash(&code), recovery_hash(&loosely));
        assert_ne!(recovery_hash(&code), recovery_hash("aaaa-aaaa-aaaa-aaaa"));
    }
}
