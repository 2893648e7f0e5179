//! Secrets at rest: XChaCha20-Poly1305 under the master key, with the row's own name as associated data.
//!
//! `store` seals on saving and opens on loading; `config` reads or makes the key. A sealed text carries the id of its key, so that a
//! wrong key is told apart from damage. The nonce comes in as an argument; it must be random.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Length of the master key in bytes.
pub const KEY_BYTES: usize = 32;

const NONCE_BYTES: usize = 24;
const KEY_ID_BYTES: usize = 4;
const FORMAT: u8 = 1;

/// Why a sealed text could not be opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error(
        "this secret was sealed with another master key; start with the key that was in use when it was saved"
    )]
    OtherKey,
    #[error(
        "this sealed secret is damaged; restore the database from a backup or enter the secret again"
    )]
    Damaged,
    #[error("the secret could not be sealed")]
    Refused,
}

/// The master key is not usable.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the master key must be the base64 text of exactly 32 bytes; make one with `openssl rand -base64 32`"
)]
pub struct KeyError;

/// The key that all secrets at rest are sealed with. It never prints.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

impl MasterKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> MasterKey {
        MasterKey(Zeroizing::new(bytes))
    }

    /// Reads the base64 text of a settings value or a key file.
    pub fn from_base64(text: &str) -> Result<MasterKey, KeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| KeyError)?);
        let bytes: [u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| KeyError)?;
        Ok(MasterKey::new(bytes))
    }

    /// The text that [`MasterKey::from_base64`] reads, for the key file.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Names the key without telling anything of it.
    pub fn id(&self) -> [u8; KEY_ID_BYTES] {
        let mut id = [0; KEY_ID_BYTES];
        let digest = Sha256::new()
            .chain_update(b"bluebridge master key id")
            .chain_update(self.0.as_slice())
            .finalize();
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        id
    }

    /// Seals `plain` for the row named by `row`. `nonce` must be random and never used twice.
    pub fn seal(
        &self,
        row: &[u8],
        plain: &[u8],
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Vec<u8>, SealError> {
        let cipher = XChaCha20Poly1305::new((&*self.0).into());
        let payload = Payload {
            msg: plain,
            aad: row,
        };
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::Refused)?;
        let mut out = Vec::with_capacity(1 + KEY_ID_BYTES + NONCE_BYTES + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&self.id());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`MasterKey::seal`] made for the same row.
    pub fn open(&self, row: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (format, rest) = sealed.split_first().ok_or(SealError::Damaged)?;
        let (key_id, rest) = rest
            .split_at_checked(KEY_ID_BYTES)
            .ok_or(SealError::Damaged)?;
        let (nonce, msg) = rest
            .split_at_checked(NONCE_BYTES)
            .ok_or(SealError::Damaged)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SealError::Damaged)?;
        if *format != FORMAT {
            return Err(SealError::Damaged);
        }
        if key_id != self.id() {
            return Err(SealError::OtherKey);
        }
        let cipher = XChaCha20Poly1305::new((&*self.0).into());
        let plain = cipher
            .decrypt(&XNonce::from(nonce), Payload { msg, aad: row })
            .map_err(|_| SealError::Damaged)?;
        Ok(Zeroizing::new(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::new([3; KEY_BYTES])
    }

    #[test]
    fn opens_only_with_the_same_key_for_the_same_row_undamaged() {
        let sealed = key().seal(b"sources/1", b"hush", [9; NONCE_BYTES]).unwrap();
        assert_eq!(
            key().open(b"sources/1", &sealed).unwrap().as_slice(),
            b"hush"
        );
        assert_eq!(key().open(b"sources/2", &sealed), Err(SealError::Damaged));
        let other = MasterKey::new([4; KEY_BYTES]);
        assert_eq!(other.open(b"sources/1", &sealed), Err(SealError::OtherKey));
        for index in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[index] ^= 1;
            assert!(key().open(b"sources/1", &bent).is_err(), "byte {index}");
        }
        for cut in 0..sealed.len() {
            assert!(key().open(b"sources/1", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn the_key_file_reads_back_and_the_key_never_prints() {
        let text = key().to_base64();
        assert_eq!(
            MasterKey::from_base64(&format!("{}\n", *text))
                .unwrap()
                .id(),
            key().id()
        );
        assert_eq!(MasterKey::from_base64("c2hvcnQ=").unwrap_err(), KeyError);
        assert_eq!(format!("{:?}", key()), "MasterKey(***)");
    }
}
