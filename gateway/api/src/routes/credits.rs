//! Projects and credits: `/api/carbon-credits`.
//!
//! A credit is a block of serial numbers. Blocks that staff issue to an account are credited there by the exchange; the
//! others lie at their registry, as its exports say.

mod blocks;
mod chain;
mod fields;
mod issue;
mod projects;
pub(crate) mod shapes;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

pub use issue::resume;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(blocks::list, issue::issue))
        .routes(routes!(blocks::show, blocks::edit))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::show, projects::edit))
        .routes(routes!(projects::credits))
        .routes(routes!(chain::status))
}
