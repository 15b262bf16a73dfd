//! The REST routes, one file a subject. Each file exposes `routes()`; its paths are relative to where it is nested here.

use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::openapi;
use crate::state::AppState;

pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod credits;
pub(crate) mod health;
pub(crate) mod market;
mod people;
pub(crate) mod staff;
pub(crate) mod trading;
pub(crate) mod users;
pub(crate) mod wallet;

/// Every route with its description.
pub(crate) fn all() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::Base::openapi())
        .nest("/api/auth", auth::routes())
        .nest("/api/users", users::routes())
        .nest("/api/admin", admin::routes().merge(staff::routes()))
        .nest("/api", wallet::routes())
        .nest("/api/carbon-credits", credits::routes())
        .nest("/api/trading", trading::routes())
        .nest("/api/market", market::routes())
        .merge(health::routes())
        .merge(crate::ws::routes())
}
