//! Routes of market.

use utoipa_axum::router::OpenApiRouter;

use crate::state::AppState;

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
}
