//! Hashing and checking passwords with argon2id, off the async threads and only a few at once: each takes 19 MiB and a core for a while.
//! Strangers ask for it, so only so many may wait; the others are told to come again.

use std::sync::LazyLock;

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

use crate::flow::turn::{Turns, in_turn};
use crate::web::problem::ApiError;

/// Hashes that are computed at once, and that may wait their turn.
static HASHES: LazyLock<Turns> = LazyLock::new(|| Turns::new(4, 32));

/// Hashes a password.
pub async fn hash_password(password: String) -> Result<String, ApiError> {
    in_turn(&HASHES, move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
    })
    .await?
    .map_err(|error| ApiError::internal(&error))
}

/// Whether the password is the one behind the hash. Without a hash the same work is done, so that time does not tell which accounts exist.
pub async fn check_password(password: String, hash: Option<String>) -> Result<bool, ApiError> {
    let checked = in_turn(&HASHES, move || match hash {
        Some(hash) => argon2::password_hash::phc::PasswordHash::new(&hash).is_ok_and(|parsed| {
            Argon2::default()
                .verify_password(password.as_bytes(), &parsed)
                .is_ok()
        }),
        None => {
            let _ = Argon2::default().hash_password(password.as_bytes());
            false
        }
    });
    Ok(checked.await?)
}
