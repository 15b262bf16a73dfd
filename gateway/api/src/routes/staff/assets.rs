//! Assets: currencies and credits. Credits come with the blocks that are issued; currencies, and credits that are to be
//! listed before their first block, are added here.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use cx_engine::Command;
use cx_engine::command::{AssetClass, NewAsset};
use cx_engine::event::AssetAdded;
use cx_engine::ids::Symbol;
use cx_identity::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Decision;
use crate::auth::CurrentUser;
use crate::json::{Body, Input};
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_assets, add_asset))
}

/// An asset.
#[derive(Debug, Serialize, ToSchema)]
struct Asset {
    #[schema(example = "EUR")]
    code: String,
    /// `cash` or `credit`.
    class: &'static str,
    /// Decimal places of the smallest unit.
    scale: u8,
}

impl Asset {
    fn of(asset: &AssetAdded) -> Self {
        Self { code: asset.code.to_string(), class: asset.class.code(), scale: asset.scale }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct AssetList {
    assets: Vec<Asset>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AssetAnswer {
    message: &'static str,
    asset: Asset,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssetBody {
    /// 1 to 32 letters, digits and `_ - . +`.
    #[schema(example = "EUR")]
    code: String,
    /// `cash` or `credit`.
    #[schema(example = "cash")]
    class: String,
    /// Decimal places of the smallest unit: 4 for currencies, as for the first one; 0 for credits that are whole tonnes.
    #[schema(example = 4)]
    scale: u8,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for AssetBody {
    const REQUIRED: &'static [&'static str] = &["code", "class", "scale"];
}

/// Lists currencies and credits, in the order in which they were added.
#[utoipa::path(
    get,
    path = "/assets",
    tag = "admin",
    responses(
        (status = 200, description = "The assets.", body = AssetList),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `venue.read`.", body = ProblemBody),
    ),
)]
async fn list_assets(State(state): State<AppState>, user: CurrentUser) -> Result<Answer<AssetList>, Problem> {
    user.require(Permission::ReadVenue)?;
    let assets = state.venue.read().market.listings().assets().iter().map(Asset::of).collect();
    Ok(Answer(AssetList { assets }))
}

/// Adds a currency or a credit asset. It cannot be taken away again.
#[utoipa::path(
    post,
    path = "/assets",
    tag = "admin",
    request_body = AssetBody,
    responses(
        (status = 201, description = "Added.", body = AssetAnswer),
        (status = 400, description = "A field is missing or not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `instruments.manage`.", body = ProblemBody),
        (status = 409, description = "There is an asset of that code.", body = ProblemBody),
    ),
)]
async fn add_asset(
    State(state): State<AppState>,
    user: CurrentUser,
    body: Body,
) -> Result<(StatusCode, Answer<AssetAnswer>), Problem> {
    user.require(Permission::ManageInstruments)?;
    let body: AssetBody = body.read()?;
    let code = Symbol::new(&body.code).map_err(|error| Problem::invalid("code", format!("code {error}")))?;
    let class =
        AssetClass::from_code(&body.class).ok_or_else(|| Problem::invalid("class", "class must be cash or credit"))?;
    let first = super::accounts::cash_scale(&state);
    if class == AssetClass::Cash && first.is_some_and(|scale| scale != body.scale) {
        // An account's limits are one number for all currencies, so all count in the same unit.
        let scale = first.unwrap_or_default();
        return Err(Problem::invalid(
            "scale",
            format!("scale must be {scale}, as that of the venue's other currencies"),
        ));
    }
    let detail = format!("{code}, {}, {} decimal places", class.code(), body.scale);
    let decision = Decision::new(&user, "venue.asset", detail).because(body.reason.as_deref());
    decision.carry_out(&state, Command::AddAsset(NewAsset { code, class, scale: body.scale })).await?;
    let asset = Asset { code: code.to_string(), class: class.code(), scale: body.scale };
    Ok((StatusCode::CREATED, Answer(AssetAnswer { message: "Asset added", asset })))
}
