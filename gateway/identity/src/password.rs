//! Passwords: Argon2id, on threads of their own, so many at a time as there is room for.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::IdentityError;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl HashCost {
    /// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
    pub const OWASP: Self = Self { memory_kib: 19_456, passes: 2 };
    /// As little as Argon2 permits, for tests that are not about hashing.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1 };
}

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Hasher {
    params: Params,
    gate: Arc<Semaphore>,
    /// Checked when there is no such user, so that the answer takes as long.
    decoy: String,
}

impl Hasher {
    /// Makes the decoy, which takes one hash.
    pub(crate) fn new(cost: HashCost, at_once: usize) -> Result<Self, IdentityError> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(failed)?;
        let decoy = hash(&params, "nobody's password")?;
        Ok(Self { params, gate: Arc::new(Semaphore::new(at_once.max(1))), decoy })
    }

    /// The PHC text of a password.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, IdentityError> {
        let params = self.params.clone();
        self.work(move || hash(&params, password.expose_secret())).await
    }

    /// Whether the password is the one behind the PHC text. Without one the same work is done and the answer is no.
    pub(crate) async fn verify(&self, password: SecretString, stored: Option<&str>) -> Result<bool, IdentityError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.decoy).to_owned();
        let matches = self.work(move || verify(&stored, password.expose_secret())).await?;
        Ok(matches && known)
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        // Held by the job itself: when the request goes away, the work still counts until it is done.
        let turn = Arc::clone(&self.gate).acquire_owned().await.map_err(failed)?;
        tokio::task::spawn_blocking(move || {
            let done = job();
            drop(turn);
            done
        })
        .await
        .map_err(failed)?
    }
}

fn hash(params: &Params, password: &str) -> Result<String, IdentityError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let hash: PasswordHash = argon2.hash_password(password.as_bytes()).map_err(failed)?;
    Ok(hash.to_string())
}

/// The stored text says at what cost it was made.
fn verify(stored: &str, password: &str) -> Result<bool, IdentityError> {
    let stored = PasswordHash::new(stored).map_err(failed)?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
}

fn failed(error: impl std::fmt::Display) -> IdentityError {
    IdentityError::Hashing(error.to_string())
}
