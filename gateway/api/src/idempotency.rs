//! `Idempotency-Key`: one effect and one answer for any number of the same request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cx_engine::ids::AccountId;
use cx_engine::reject::Reject;
use cx_store::idempotency::{Answer, IdempotencyKey};
use cx_store::wallet::{Created, Transaction};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::json::Body;
use crate::problem::{Code, Problem};
use crate::state::AppState;

const KEY_CHARS_MAX: usize = 128;

/// The header, as it came.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyHeader(Option<HeaderValue>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyHeader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(parts.headers.get("idempotency-key").cloned()))
    }
}

impl IdempotencyHeader {
    /// The key of this request; it must have one.
    pub(crate) fn required(&self, account: AccountId, route: &str, body: &Body) -> Result<IdempotencyKey, Problem> {
        self.optional(account, route, body)?.ok_or_else(|| Problem::new(Code::IdempotencyKeyNeeded))
    }

    /// The key of this request, if it has one: 1 to 128 visible ASCII characters.
    pub(crate) fn optional(
        &self,
        account: AccountId,
        route: &str,
        body: &Body,
    ) -> Result<Option<IdempotencyKey>, Problem> {
        let Some(value) = &self.0 else { return Ok(None) };
        let bytes = value.as_bytes();
        let good = (1..=KEY_CHARS_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        let key = value.to_str().ok().filter(|_| good).map(str::to_owned);
        let bad = || Problem::invalid("Idempotency-Key", "Idempotency-Key must be 1 to 128 visible ASCII characters");
        Ok(Some(IdempotencyKey {
            account,
            route: route.to_owned(),
            key: key.ok_or_else(bad)?,
            body_hash: Sha256::digest(body.bytes()).into(),
        }))
    }
}

/// Goes on with a transaction that was just stored or found under its key, and keeps the answer; a request that was answered
/// before gets that answer.
///
/// What the core refused is an answer too. Problems that pass by themselves are not kept: the client asks again.
pub(crate) async fn once<T: Serialize>(
    state: &AppState,
    key: Option<&IdempotencyKey>,
    created: Created,
    work: impl AsyncFnOnce(Transaction) -> Result<(StatusCode, T), Problem>,
) -> Result<Response, Problem> {
    let transaction = match created {
        Created::New(transaction) | Created::Again(transaction) => transaction,
        Created::Answered(answer) => return Ok(written(answer)),
        Created::OtherBody => return Err(Problem::new(Code::IdempotencyMismatch)),
    };
    let answer = match work(transaction).await {
        Ok((status, body)) => {
            let body = serde_json::to_string(&body).map_err(|error| Problem::internal(&error))?;
            Answer { status: status.as_u16(), body }
        }
        Err(problem) => {
            let Code::Rejected(reject) = problem.code() else { return Err(problem) };
            let kept = Answer { status: problem.http_status().as_u16(), body: reject.code().to_owned() };
            if let Some(key) = key {
                state.store.idempotency().answer(key, &kept).await?;
            }
            return Err(problem);
        }
    };
    if let Some(key) = key {
        state.store.idempotency().answer(key, &answer).await?;
    }
    Ok(written(answer))
}

/// An answer as it was; of a refusal only its code was kept.
pub(crate) fn written(answer: Answer) -> Response {
    if let Some(reject) = Reject::from_code(&answer.body) {
        return Problem::new(reject).into_response();
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    (status, [(header::CONTENT_TYPE, "application/json")], answer.body).into_response()
}
