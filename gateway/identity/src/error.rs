//! What can go wrong with people, sorted by what the caller answers.

use cx_store::StoreError;

/// What is wrong with one field of what somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

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

/// What can go wrong with people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Fields have values that are not permitted.
    #[error("{} fields are not valid", .0.len())]
    Invalid(Vec<Fault>),
    /// The password misses these rules.
    #[error("the password is too weak")]
    WeakPassword(Vec<Fault>),
    /// The address is registered already.
    #[error("the e-mail address is registered already")]
    EmailTaken,
    /// No such user, or another password. Which of the two is not said.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The current password, asked for once more, is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Too many failed attempts, or locked by staff.
    #[error("the account is locked")]
    Locked {
        /// When the lock ends, in microseconds since the epoch; `None` when staff must lift it.
        until: Option<i64>,
    },
    /// Suspended by staff.
    #[error("the account is suspended")]
    Suspended,
    /// Ended for good.
    #[error("the account is closed")]
    Closed,
    /// Nobody decides about themselves.
    #[error("nobody decides about themselves")]
    FourEyes,
    /// The token from the mail is wrong, used or expired.
    #[error("the verification token is wrong or expired")]
    BadVerification,
    /// The password could not be hashed: a defect of ours.
    #[error("hashing failed: {0}")]
    Hashing(String),
    /// The token could not be made: a defect of ours.
    #[error("signing failed: {0}")]
    Signing(String),
    /// The store refused or is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}
