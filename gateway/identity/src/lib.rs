//! People: who they are, how they prove it, and what they may do.
//!
//! - [`role`]: roles, permissions, states: the house's one table. [`principal`]: who stands behind a token, as of now.
//! - [`login`]: register, log in, refresh, log out, change the password, confirm the address.
//! - [`staff`]: identity checks, states, roles, the first admin. [`user`]: what a user is.
//! - [`policy`] (what may be typed), `password` (Argon2id), [`keys`] and [`token`] (Ed25519), `cache` (sessions).
//!
//! Invariants:
//! - A revocation that has been answered is in force: no request that begins later passes with an old token.
//! - What a user may do in the core is a function of role, state and identity check ([`permitted`]); the caller submits it
//!   whenever one of these changes, and once more at start ([`Identity::after`] walks through everybody).
//! - Nobody decides about themselves.

mod cache;
pub mod error;
pub mod keys;
pub mod login;
mod password;
pub mod policy;
pub mod principal;
pub mod role;
pub mod staff;
pub mod token;
pub mod user;

use std::time::Duration;

use cx_store::Store;
use cx_store::identity::{Decisions, Kyc, Mail, Sessions, Users};
use tokio::sync::broadcast;
use uuid::Uuid;

pub use cx_store::identity::{DecisionRecord, KycRecord, NewDecision, Profile, ProfileChange};
pub use error::{Fault, IdentityError, TokenError};
pub use keys::{KeyError, SigningKeys};
pub use login::{LoggedIn, Origin, Registration};
pub use password::HashCost;
pub use principal::{Principal, permitted};
pub use role::{KycStatus, Permission, RiskLevel, Role, UserStatus};
pub use secrecy::SecretString;
pub use staff::Verdict;
pub use token::TokenPair;
pub use user::User;

/// Listeners may fall this far behind before they must look for themselves.
const REVOCATIONS_KEPT: usize = 1_024;

/// What the operator has set.
#[derive(Debug, Clone)]
pub struct IdentitySettings {
    /// `iss` of tokens.
    pub issuer: String,
    /// `aud` of tokens.
    pub audience: String,
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// How long a refresh token lives.
    pub refresh_ttl: Duration,
    /// What a password hash costs.
    pub hash_cost: HashCost,
    /// How many passwords are hashed at once.
    pub hashes_at_once: usize,
    /// After so many failed logins the account is locked.
    pub failures_max: u32,
    /// For so long.
    pub lock: Duration,
    /// How long an approved identity check counts.
    pub kyc_valid: Duration,
    /// Whether a user becomes active only with a verified address. Needs a mail server.
    pub needs_verified_email: bool,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            issuer: "carbonxchange".to_owned(),
            audience: "carbonxchange".to_owned(),
            access_ttl: Duration::from_mins(15),
            refresh_ttl: Duration::from_hours(7 * 24),
            hash_cost: HashCost::OWASP,
            hashes_at_once: std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get),
            failures_max: 5,
            lock: Duration::from_mins(30),
            kyc_valid: Duration::from_hours(365 * 24),
            needs_verified_email: false,
        }
    }
}

/// A login has ended: sockets that belong to it must close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Whose.
    pub user_id: i64,
    /// Which login; `None` for all of the user's.
    pub session: Option<Uuid>,
}

/// The service: users, logins, identity checks.
#[derive(Debug)]
pub struct Identity {
    settings: IdentitySettings,
    users: Users,
    sessions: Sessions,
    kyc: Kyc,
    mail: Mail,
    decisions: Decisions,
    tokens: token::Tokens,
    hasher: password::Hasher,
    cache: cache::SessionCache,
    revoked: broadcast::Sender<Revoked>,
}

impl Identity {
    /// On this store, signing with these keys. Takes as long as one password hash.
    pub fn new(store: &Store, keys: SigningKeys, settings: IdentitySettings) -> Result<Self, IdentityError> {
        let IdentitySettings { issuer, audience, access_ttl, refresh_ttl, .. } = &settings;
        Ok(Self {
            tokens: token::Tokens::new(keys, issuer, audience, *access_ttl, *refresh_ttl),
            hasher: password::Hasher::new(settings.hash_cost, settings.hashes_at_once)?,
            users: Users::new(store.clone()),
            sessions: Sessions::new(store.clone()),
            kyc: Kyc::new(store.clone()),
            mail: Mail::new(store.clone()),
            decisions: Decisions::new(store.clone()),
            cache: cache::SessionCache::default(),
            revoked: broadcast::Sender::new(REVOCATIONS_KEPT),
            settings,
        })
    }

    /// Logins that end from here on, for open sockets.
    pub fn revocations(&self) -> broadcast::Receiver<Revoked> {
        self.revoked.subscribe()
    }

    /// What the operator has set.
    pub const fn settings(&self) -> &IdentitySettings {
        &self.settings
    }
}

#[cfg(test)]
mod tests;
