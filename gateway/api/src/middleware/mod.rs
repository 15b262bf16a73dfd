//! What happens around every request, outermost first: request id and log line ([`request_id`]), security headers
//! ([`headers`]), CORS, panics to 500, trailing slashes, the bearer token ([`crate::auth::resolve`]), rate limits
//! ([`rate_limit`]), the body limit. Then the route, or 404 or 405 as a problem.

pub mod client;
pub mod headers;
pub mod rate_limit;
pub mod request_id;

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::auth;
use crate::problem::{Code, Problem};
use crate::state::{ApiSettings, AppState};

/// How long a browser may remember a CORS preflight.
const PREFLIGHT_AGE: Duration = Duration::from_mins(10);

/// Wraps the routes.
pub(crate) fn around(routes: Router<AppState>, state: AppState) -> Router {
    let settings = state.settings.clone();
    let inner = routes
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(settings.body_bytes_max))
        .layer(from_fn_with_state(state.clone(), rate_limit::limit))
        .layer(from_fn_with_state(state.clone(), auth::resolve))
        .with_state(state);
    // Slashes are trimmed before routing, so the routes live in a service behind a router that has none.
    let trimmed = ServiceBuilder::new().map_request(trim_slash).service(inner);
    Router::new()
        .fallback_service(trimmed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors(&settings))
        .layer(from_fn(headers::secure))
        .layer(from_fn(request_id::identify))
}

async fn unknown_route() -> Problem {
    Problem::new(Code::NotFound).detail("There is no such route.").error("Not found")
}

async fn wrong_method() -> Problem {
    Problem::new(Code::MethodNotAllowed).error("Method not allowed")
}

/// `panic = "unwind"` only: a process that aborts on panics answers nothing.
// The signature is tower-http's.
#[allow(clippy::needless_pass_by_value)]
fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let text = cause.downcast_ref::<&str>().copied().or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    Problem::internal(&format!("a handler panicked: {}", text.unwrap_or("no message"))).into_response()
}

/// `/api/users/` means `/api/users`.
fn trim_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    if !path.starts_with("/api/") || trimmed.len() == path.len() {
        return request;
    }
    let target = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    if let Ok(target) = target.parse() {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.path_and_query = Some(target);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

fn cors(settings: &ApiSettings) -> CorsLayer {
    let origins = settings.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let csrf = HeaderName::from_static("x-csrf-token");
    let requested_with = HeaderName::from_static("x-requested-with");
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            requested_with,
            csrf,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([
            HeaderName::from_static("x-ratelimit-limit"),
            HeaderName::from_static("x-ratelimit-remaining"),
            HeaderName::from_static("x-ratelimit-reset"),
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            header::RETRY_AFTER,
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(PREFLIGHT_AGE)
}

#[cfg(test)]
mod tests;
