//! The description of the REST API, made from the handlers' own types: `/api/openapi.json` and a page to read at `/docs`.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::{FieldError, ProblemBody};

/// What no handler says: title, how to authenticate, what errors look like. Routes are added by their handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "CarbonXchange",
        description = "An exchange for carbon credits. Errors are RFC 9457 problems (schema Problem) on every route. \
            Money and quantities are JSON numbers written exactly; input takes numbers or strings.",
    ),
    components(schemas(ProblemBody, FieldError)),
    modifiers(&BearerToken),
    security(("bearer" = [])),
)]
pub(crate) struct Base;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        openapi.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The routes that serve the description and the page.
pub(crate) fn pages(openapi: utoipa::openapi::OpenApi) -> SwaggerUi {
    let config = Config::default().validator_url("none").try_it_out_enabled(true);
    SwaggerUi::new("/docs").url("/api/openapi.json", openapi).config(config)
}

/// The description, for the command line (`carbonxchange openapi`) and for checks.
pub fn description() -> utoipa::openapi::OpenApi {
    crate::routes::all().into_openapi()
}
