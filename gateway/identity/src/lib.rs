//! People: who they are, how they prove it, and what they may do.

pub mod principal;
pub mod role;

use cx_store::{Store, StoreError};

pub use principal::{Principal, permitted};
pub use role::{KycStatus, Permission, RiskLevel, Role, UserStatus};

/// Why a token was refused.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a token of this venue, or not of this kind.
    #[error("not a valid token")]
    Invalid,
    /// It was valid once.
    #[error("the token has expired")]
    Expired,
    /// Logged out, password changed, suspended, role changed, or spent.
    #[error("the token has been revoked")]
    Revoked,
    /// The store could not say.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The service: users, tokens, identity checks.
#[derive(Debug)]
pub struct Identity {
    store: Store,
}

impl Identity {
    /// Whose token this is. Nobody's yet: logins come with the next step.
    pub async fn authenticate(&self, _token: &str) -> Result<Principal, TokenError> {
        self.store.ping().await?;
        Err(TokenError::Invalid)
    }
}
