//! The request's id: on the answer, in its log lines, and in every problem. It is also where problems get their last form,
//! because only here both the id and the path are known.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;
use uuid::Uuid;

use crate::problem::{Code, Problem};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LENGTH_MAX: usize = 64;

/// The id of the request, in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Middleware: takes the client's id when it is harmless, makes one otherwise, and renders problems.
pub(crate) async fn identify(mut request: Request, next: Next) -> Response {
    let id = request.headers().get(HEADER).and_then(acceptable).unwrap_or_else(|| Uuid::now_v7().to_string());
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id = %id, method = %method, path = %path);
    let begun = Instant::now();
    let answer = next.run(request).instrument(span.clone()).await;
    let mut answer = rendered(answer, &id, &path);
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(HEADER, value);
    }
    span.in_scope(|| {
        let status = answer.status().as_u16();
        tracing::debug!(status, elapsed_us = begun.elapsed().as_micros(), "answered");
    });
    answer
}

fn acceptable(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (!text.is_empty() && text.len() <= LENGTH_MAX && text.bytes().all(plain)).then(|| text.to_owned())
}

/// Problems get id and path; bare errors that a library answered become problems.
fn rendered(mut answer: Response, id: &str, path: &str) -> Response {
    let problem = match answer.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if answer.status().as_u16() >= 400 && path.starts_with("/api") && !is_problem(&answer) => {
            bare(answer.status())
        }
        None => return answer,
    };
    let (mut parts, _) = answer.into_parts();
    let (written, body) = problem.render(id, path).into_response().into_parts();
    // What other layers have set stays: CORS, limits, Allow.
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    parts.headers.extend(written.headers);
    Response::from_parts(parts, body)
}

fn is_problem(answer: &Response) -> bool {
    let kind = answer.headers().get(axum::http::header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/problem+json"))
}

fn bare(status: StatusCode) -> Problem {
    let code = match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        _ if status.is_server_error() => Code::Internal,
        _ => Code::BadRequest,
    };
    Problem::new(code).status(status)
}
