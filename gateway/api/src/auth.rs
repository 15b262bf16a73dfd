//! Who asks: the bearer token is resolved once per request by [`resolve`], before rate limits and handlers; handlers take
//! [`CurrentUser`] (401 without a valid token) and then call [`CurrentUser::require`] (403 without the permission).

use std::ops::Deref;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use cx_identity::{Permission, Principal, TokenError};

use crate::problem::{Code, Problem};
use crate::state::AppState;

/// The user behind a valid access token.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub Principal);

impl CurrentUser {
    /// Goes on only when the user's role has the permission.
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.0.role.may(permission) { Ok(()) } else { Err(Problem::new(Code::Forbidden)) }
    }
}

impl Deref for CurrentUser {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

/// What the token said, kept with the request. Absent when there was no `Authorization` header.
#[derive(Debug, Clone)]
pub(crate) struct Resolved(pub(crate) Result<Principal, Problem>);

/// Middleware: reads the bearer token, if there is one, and remembers whose it is.
pub(crate) async fn resolve(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if let Some(token) = bearer(request.headers()) {
        let resolved = match token {
            Some(token) => state.identity.authenticate(token).await.map_err(Problem::from),
            None => Err(Problem::new(Code::TokenInvalid)),
        };
        request.extensions_mut().insert(Resolved(resolved));
    }
    next.run(request).await
}

/// The token of `Authorization: Bearer`; `Some(None)` when the header is there but says something else.
#[allow(clippy::option_option)] // absent, unusable, usable
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Option<&str>> {
    let value = headers.get(header::AUTHORIZATION)?;
    let token = value.to_str().ok().and_then(|text| text.split_once(' ')).and_then(|(scheme, token)| {
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    });
    Some(token)
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Resolved>() {
            Some(Resolved(resolved)) => resolved.clone().map(Self),
            None => Err(Problem::new(Code::Unauthenticated)),
        }
    }
}

/// On public routes that tell more to those who are logged in: a bad token is still 401.
impl<S: Send + Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        parts.extensions.get::<Resolved>().map(|Resolved(resolved)| resolved.clone().map(Self)).transpose()
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::new(Code::TokenInvalid),
            TokenError::Expired => Self::new(Code::TokenExpired),
            TokenError::Revoked => Self::new(Code::TokenRevoked),
            TokenError::Store(error) => error.into(),
        }
    }
}
