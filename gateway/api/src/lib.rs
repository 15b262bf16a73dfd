//! REST and WebSocket: the only home of HTTP and of the shapes that clients see.
//!
//! - [`router`] puts everything together; [`state`] is what handlers can reach.
//! - The common ground of all routes: [`problem`] (errors), [`number`] (exact decimals), [`page`] (lists), [`json`]
//!   (bodies, queries, path segments), [`auth`] (who asks), [`middleware`] (what happens around every request).
//! - [`standing`]: what accounts may do in the core follows what the store says; `idempotency`: one effect, one answer.
//! - `routes`: one file a subject. [`openapi`] describes them from their own types.
//! - [`ws`]: the WebSocket for trading clients; [`venue`]: books, balances and open orders as folds of durable events.

pub mod auth;
mod idempotency;
pub mod json;
pub mod listing;
pub mod middleware;
pub mod number;
pub mod openapi;
pub mod page;
pub mod problem;
mod routes;
pub mod standing;
pub mod state;
pub mod venue;
pub mod ws;

use axum::Router;

pub use routes::credits::resume as resume_issues;
pub use routes::health::metrics;
pub use routes::wallet::resume as resume_transactions;
pub use state::{ApiSettings, AppState};

/// The whole face of the exchange as one service.
///
/// Serve it with connect info (`into_make_service_with_connect_info::<SocketAddr>()`), or rate limits see one address.
pub fn router(state: AppState) -> Router {
    let (routes, description) = routes::all().split_for_parts();
    let routes = routes.merge(openapi::pages(description));
    middleware::around(routes, state)
}
