//! Fees by instrument and tier, and the volumes from which tiers apply.

use axum::Json as Answer;
use axum::extract::State;
use cx_engine::Command;
use cx_engine::control::{FeeTier as SetFeeTier, SetFees};
use cx_identity::Permission;
use cx_market_data::TIERS;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shapes::named;
use super::{Decision, fields};
use crate::auth::CurrentUser;
use crate::json::{Body, Input, Segment};
use crate::number::Number;
use crate::problem::{Problem, ProblemBody};
use crate::routes::market::session::{self, FeeTier};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_fees)).routes(routes!(set_fees)).routes(routes!(set_fee_tier))
}

/// From which volume a tier applies.
#[derive(Debug, Serialize, ToSchema)]
struct Tier {
    /// 1 to 7; tier 0 applies to everybody else.
    tier: u8,
    /// Lots bought and sold in the 30 days before today.
    volume: u64,
}

/// The fees of an instrument.
#[derive(Debug, Serialize, ToSchema)]
struct InstrumentFees {
    symbol: String,
    fees: Vec<FeeTier>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FeeTable {
    tiers: Vec<Tier>,
    instruments: Vec<InstrumentFees>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FeesAnswer {
    message: &'static str,
    symbol: String,
    fees: Vec<FeeTier>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TiersAnswer {
    message: &'static str,
    tiers: Vec<Tier>,
}

fn tiers(state: &AppState) -> Vec<Tier> {
    let folds = state.venue.read();
    let volumes: &[_; TIERS] = folds.market.tier_volumes();
    let on = (0_u8..).zip(volumes).filter(|(_, volume)| !volume.is_zero());
    on.map(|(tier, volume)| Tier { tier, volume: volume.lots() }).collect()
}

/// Shows the fees in force: of every instrument and tier.
#[utoipa::path(
    get,
    path = "/fees",
    tag = "admin",
    responses(
        (status = 200, description = "The fees.", body = FeeTable),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `venue.read`.", body = ProblemBody),
    ),
)]
async fn list_fees(State(state): State<AppState>, user: CurrentUser) -> Result<Answer<FeeTable>, Problem> {
    user.require(Permission::ReadVenue)?;
    let tiers = tiers(&state);
    let folds = state.venue.read();
    let instruments = folds.market.listings().instruments().iter().map(|listed| InstrumentFees {
        symbol: listed.symbol.to_string(),
        fees: session::tiers(&folds.market.session(listed.instrument), folds.market.tier_volumes()),
    });
    Ok(Answer(FeeTable { tiers, instruments: instruments.collect() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FeesBody {
    /// 0 (for everybody who is in no other tier) to 7.
    #[schema(example = 0)]
    tier: u8,
    /// What the maker pays of the worth, to six decimal places; negative for a rebate. At most 0.1 either way.
    #[schema(example = -0.0001)]
    maker: Number,
    /// What the taker pays of the worth, 0 to 0.1.
    #[schema(example = 0.001)]
    taker: Number,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for FeesBody {
    const REQUIRED: &'static [&'static str] = &["tier", "maker", "taker"];
}

/// Sets an instrument's fees for a tier. Orders that are open keep theirs.
#[utoipa::path(
    put,
    path = "/fees/{symbol}",
    tag = "admin",
    params(("symbol" = String, Path, description = "The instrument.")),
    request_body = FeesBody,
    responses(
        (status = 200, description = "Set.", body = FeesAnswer),
        (status = 400, description = "A field is missing or not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `fees.manage`.", body = ProblemBody),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
)]
async fn set_fees(
    State(state): State<AppState>,
    user: CurrentUser,
    symbol: Segment,
    body: Body,
) -> Result<Answer<FeesAnswer>, Problem> {
    user.require(Permission::ManageFees)?;
    let listed = named(&state, &symbol)?;
    let body: FeesBody = body.read()?;
    let (maker, taker) = (fields::rate("maker", body.maker)?, fields::rate("taker", body.taker)?);
    let set = SetFees { instrument: listed.instrument, tier: body.tier, maker, taker };
    let detail = format!("{}: tier {}, maker {} ppm, taker {} ppm", listed.symbol, set.tier, maker.ppm(), taker.ppm());
    let decision = Decision::new(&user, "venue.fees", detail).because(body.reason.as_deref());
    decision.carry_out(&state, Command::SetFees(set)).await?;
    let folds = state.venue.read();
    let fees = session::tiers(&folds.market.session(listed.instrument), folds.market.tier_volumes());
    Ok(Answer(FeesAnswer { message: "Fees set", symbol: listed.symbol.to_string(), fees }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TierBody {
    /// 1 to 7.
    #[schema(example = 1)]
    tier: u8,
    /// Lots bought and sold in the 30 days before today; 0 or null switches the tier off.
    #[schema(example = 100_000)]
    volume: Option<Number>,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for TierBody {
    const REQUIRED: &'static [&'static str] = &["tier"];
}

/// Sets the volume from which a tier of fees applies, on all instruments. It counts from an account's first order of the
/// next day.
#[utoipa::path(
    put,
    path = "/fee-tiers",
    tag = "admin",
    request_body = TierBody,
    responses(
        (status = 200, description = "Set.", body = TiersAnswer),
        (status = 400, description = "A field is missing or not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `fees.manage`.", body = ProblemBody),
    ),
)]
async fn set_fee_tier(
    State(state): State<AppState>,
    user: CurrentUser,
    body: Body,
) -> Result<Answer<TiersAnswer>, Problem> {
    user.require(Permission::ManageFees)?;
    let body: TierBody = body.read()?;
    let set = SetFeeTier { tier: body.tier, volume: fields::lots("volume", body.volume)? };
    let detail = format!("tier {} from {} lots", set.tier, set.volume.lots());
    let decision = Decision::new(&user, "venue.fee_tier", detail).because(body.reason.as_deref());
    decision.carry_out(&state, Command::SetFeeTier(set)).await?;
    Ok(Answer(TiersAnswer { message: "Fee tier set", tiers: tiers(&state) }))
}
