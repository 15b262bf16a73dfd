//! Routes of trading.

use utoipa_axum::router::OpenApiRouter;

use crate::state::AppState;

pub(crate) mod desk;
pub(crate) mod entry;
pub(crate) mod history;
pub(crate) mod instrument;

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
}
