//! What comes in with a request: JSON bodies read strictly, query strings and path segments read late.
//!
//! The order of checks is token, role, resource, validation (API.md section 1). So a handler extracts [`crate::auth::CurrentUser`]
//! first, then asks for the role, looks the resource up, and only then calls [`Body::read`] or [`Params::read`].
//! Routes without a resource may take [`Json`] directly.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};

mod scan;

pub use scan::DEPTH_MAX;

/// A request body: which fields it must have. Missing ones are all named in one answer.
pub trait Input: DeserializeOwned {
    /// The fields that must be there and not null.
    const REQUIRED: &'static [&'static str];
}

/// The raw body, read when the handler is ready for it.
#[derive(Debug, Clone)]
pub struct Body(Bytes);

impl Body {
    /// Reads it: well-formed, no key twice, not too deep, nothing missing, each field of its type.
    pub fn read<T: Input>(&self) -> Result<T, Problem> {
        read_slice(&self.0)
    }

    /// The bytes as they came, for hashing under an idempotency key.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        if !json && !bytes.is_empty() {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        Ok(Self(bytes))
    }
}

/// A body that is read at once, for routes on which nothing is looked up before.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: Input, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Body::from_request(request, state).await?.read().map(Self)
    }
}

/// Reads JSON that came by any way (REST body, WebSocket message).
pub fn read_slice<T: Input>(bytes: &[u8]) -> Result<T, Problem> {
    scan::check(bytes).map_err(Problem::from)?;
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    read_value(value)
}

/// Reads JSON that has been checked for depth and duplicate keys before.
pub fn read_value<T: Input>(value: serde_json::Value) -> Result<T, Problem> {
    let Some(fields) = value.as_object() else {
        return Err(Problem::invalid("", "the body must be a JSON object"));
    };
    let missing: Vec<&str> =
        T::REQUIRED.iter().copied().filter(|name| fields.get(*name).is_none_or(serde_json::Value::is_null)).collect();
    if !missing.is_empty() {
        let list = missing.join(", ");
        let problem = Problem::new(Code::MissingFields)
            .error(format!("Missing fields: {list}"))
            .detail(format!("Missing fields: {list}"));
        return Err(missing.iter().fold(problem, |problem, name| problem.field(name, format!("{name} is required"))));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        bad_field(if path == "." { "" } else { &path }, &error.into_inner().to_string())
    })
}

/// Turns serde's words about one field into a problem.
fn bad_field(path: &str, message: &str) -> Problem {
    let message = message.split(" at line ").next().unwrap_or(message);
    if let Some(name) = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
        return Problem::new(Code::UnknownField).field(name, format!("{name} is not known here"));
    }
    let code = if message.starts_with("must have at most") { Code::TooPrecise } else { Code::InvalidValue };
    let text = if path.is_empty() { message.to_owned() } else { format!("{path}: {message}") };
    Problem::new(code).field(path, text)
}

fn malformed(error: &serde_json::Error) -> Problem {
    let place = format!("The body is not valid JSON (line {}, column {}).", error.line(), error.column());
    Problem::new(Code::MalformedJson).detail(place)
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::PayloadTooLarge),
        _ => Problem::new(Code::BadRequest).detail("The body could not be read."),
    }
}

/// Whether the body is JSON by its own words. One that says nothing is taken for JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return true };
    let Ok(text) = value.to_str() else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The query string, read when the handler is ready for it.
#[derive(Debug, Clone, Default)]
pub struct Params(String);

impl Params {
    /// Reads it into a struct of `Option`s; a parameter given twice or of the wrong type is refused, an unknown one is not.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        // `?status=` means the same as no status: web forms send it.
        let given = form_urlencoded::parse(self.0.as_bytes()).filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
        let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let path = error.path().to_string();
            bad_field(if path == "." { "" } else { &path }, &error.into_inner().to_string())
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(parts.uri.query().unwrap_or_default().to_owned()))
    }
}

/// One path segment as text. What cannot be decoded names nothing: 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(_) => Err(Problem::new(Code::NotFound)),
        }
    }
}

#[cfg(test)]
mod tests;
