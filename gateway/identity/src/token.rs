//! Tokens: signed, short-lived, of one algorithm. Access tokens open routes, refresh tokens give the next pair once.

use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{IdentityError, TokenError};
use crate::keys::SigningKeys;
use crate::role::Role;

/// Tokens are far shorter; nothing longer is even looked at.
const TOKEN_BYTES_MAX: usize = 2_048;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Opens routes.
    Access,
    /// Gives the next pair.
    Refresh,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user's public name.
    pub sub: Uuid,
    /// What it is good for.
    #[serde(rename = "type")]
    pub kind: TokenKind,
    /// Its own name.
    pub jti: Uuid,
    /// When it was made, in seconds since the epoch.
    pub iat: i64,
    /// When it ends, in seconds since the epoch.
    pub exp: i64,
    /// Who made it.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// The user's role when it was made, for clients to look at; what counts is the role of now.
    pub role: String,
    /// The login that it came from.
    pub sid: Uuid,
}

/// An access and a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// Opens routes for 15 minutes.
    pub access: String,
    /// Gives the next pair, once, within 7 days.
    pub refresh: String,
}

/// A pair that has been signed but not stored yet.
pub(crate) struct Minted {
    pub(crate) pair: TokenPair,
    pub(crate) refresh_jti: Uuid,
    /// In microseconds.
    pub(crate) refresh_expires_at: i64,
}

/// Makes and checks tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    keys: SigningKeys,
    validation: Validation,
    issuer: String,
    audience: String,
    access_ttl: Duration,
    refresh_ttl: Duration,
}

impl Tokens {
    pub(crate) fn new(
        keys: SigningKeys,
        issuer: &str,
        audience: &str,
        access_ttl: Duration,
        refresh_ttl: Duration,
    ) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = 0;
        // A token ends at `exp`, not after it (RFC 7519, 4.1.4).
        validation.reject_tokens_expiring_in_less_than = 1;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Self { keys, validation, issuer: issuer.to_owned(), audience: audience.to_owned(), access_ttl, refresh_ttl }
    }

    /// Signs a pair for a user's login. `now` in microseconds.
    pub(crate) fn mint(&self, user: Uuid, role: Role, session: Uuid, now: i64) -> Result<Minted, IdentityError> {
        let refresh_jti = Uuid::new_v4();
        let claims = |kind, jti, ttl: Duration| Claims {
            sub: user,
            kind,
            jti,
            iat: now / 1_000_000,
            exp: now / 1_000_000 + seconds(ttl),
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            role: role.as_str().to_owned(),
            sid: session,
        };
        let access = self.sign(&claims(TokenKind::Access, Uuid::new_v4(), self.access_ttl))?;
        let refresh = self.sign(&claims(TokenKind::Refresh, refresh_jti, self.refresh_ttl))?;
        let refresh_expires_at = now + seconds(self.refresh_ttl) * 1_000_000;
        Ok(Minted { pair: TokenPair { access, refresh }, refresh_jti, refresh_expires_at })
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, IdentityError> {
        let key = self.keys.newest();
        let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &key.signs).map_err(|error| IdentityError::Signing(error.to_string()))
    }

    /// For tests that forge tokens.
    #[cfg(test)]
    pub(crate) const fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// What the token says, when it is signed by us, of this kind and in time. The algorithm is ours to choose: whatever
    /// the header says, only `EdDSA` with a key of ours is tried.
    pub(crate) fn verify(&self, token: &str, kind: TokenKind) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        let name = header.kid.as_deref().ok_or(TokenError::Invalid)?;
        let key = self.keys.find(name).ok_or(TokenError::Invalid)?;
        let decoded = decode::<Claims>(token, &key.verifies, &self.validation);
        let claims = decoded.map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => TokenError::Expired,
            _ => TokenError::Invalid,
        })?;
        if claims.claims.kind == kind { Ok(claims.claims) } else { Err(TokenError::Invalid) }
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2_000_000)
}
