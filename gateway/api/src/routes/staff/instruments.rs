//! Instruments: what is in force for them, listing new ones, bands.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use cx_engine::Command;
use cx_engine::command::NewInstrument;
use cx_engine::control::SetBands;
use cx_engine::event::AssetAdded;
use cx_engine::ids::Symbol;
use cx_engine::reject::Reject;
use cx_engine::units::Price;
use cx_identity::Permission;
use cx_registry::listing::ListingTerms;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shapes::{InstrumentAnswer, StaffInstrument, after, named};
use super::{Decision, fields};
use crate::auth::CurrentUser;
use crate::json::{Body, Input, Segment};
use crate::number::{Number, NumberError};
use crate::problem::{Problem, ProblemBody};
use crate::routes::trading::entry::price_on;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_instruments, list_instrument))
        .routes(routes!(show_instrument))
        .routes(routes!(set_bands))
}

#[derive(Debug, Serialize, ToSchema)]
struct InstrumentList {
    /// Whether all trading is stopped.
    halted: bool,
    instruments: Vec<StaffInstrument>,
}

/// Lists all instruments, delisted ones too, with everything that is in force for them.
#[utoipa::path(
    get,
    path = "/instruments",
    tag = "admin",
    operation_id = "admin_list_instruments",
    responses(
        (status = 200, description = "The instruments, in the order of their listing.", body = InstrumentList),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `venue.read`.", body = ProblemBody),
    ),
)]
async fn list_instruments(State(state): State<AppState>, user: CurrentUser) -> Result<Answer<InstrumentList>, Problem> {
    user.require(Permission::ReadVenue)?;
    let folds = state.venue.read();
    let all = folds.market.listings().instruments().iter();
    let instruments = all.filter_map(|listed| StaffInstrument::of(&folds, listed)).collect();
    Ok(Answer(InstrumentList { halted: folds.market.halted(), instruments }))
}

/// Shows an instrument with everything that is in force for it.
#[utoipa::path(
    get,
    path = "/instruments/{symbol}",
    tag = "admin",
    params(("symbol" = String, Path, description = "Its symbol.")),
    responses(
        (status = 200, description = "The instrument.", body = StaffInstrument),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `venue.read`.", body = ProblemBody),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
)]
async fn show_instrument(
    State(state): State<AppState>,
    user: CurrentUser,
    symbol: Segment,
) -> Result<Answer<StaffInstrument>, Problem> {
    user.require(Permission::ReadVenue)?;
    let listed = named(&state, &symbol)?;
    let folds = state.venue.read();
    StaffInstrument::of(&folds, &listed).map(Answer).ok_or_else(|| Problem::not_found("instrument"))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ListingBody {
    /// The code of the credits, which must be there already.
    #[schema(example = "VCS-191-2016")]
    asset: String,
    /// The code of the currency.
    #[schema(example = "EUR")]
    currency: String,
    /// `<asset>-<currency>` when left out.
    symbol: Option<String>,
    /// Currency units per credit; 0.01 when left out.
    #[schema(example = 0.01)]
    tick_size: Option<Number>,
    /// The highest limit price, on a tick; 100,000 when left out.
    price_max: Option<Number>,
    /// What the maker pays of the worth in the lowest tier, negative for a rebate; 0.0005 when left out.
    #[schema(example = 0.0005)]
    maker_fee: Option<Number>,
    /// What the taker pays of the worth in the lowest tier; 0.001 when left out.
    #[schema(example = 0.001)]
    taker_fee: Option<Number>,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for ListingBody {
    const REQUIRED: &'static [&'static str] = &["asset", "currency"];
}

/// Lists an instrument. It is continuous at once, without bands. The instruments of issued credits are listed by
/// themselves in US dollars; this is for other currencies and terms.
#[utoipa::path(
    post,
    path = "/instruments",
    tag = "admin",
    request_body = ListingBody,
    responses(
        (status = 201, description = "Listed.", body = InstrumentAnswer),
        (status = 400, description = "A field is missing or not valid, or the assets do not go together.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `instruments.manage`.", body = ProblemBody),
        (status = 409, description = "There is an instrument of that symbol.", body = ProblemBody),
    ),
)]
async fn list_instrument(
    State(state): State<AppState>,
    user: CurrentUser,
    body: Body,
) -> Result<(StatusCode, Answer<InstrumentAnswer>), Problem> {
    user.require(Permission::ManageInstruments)?;
    let body: ListingBody = body.read()?;
    let (base, quote) = (asset(&state, "asset", &body.asset)?, asset(&state, "currency", &body.currency)?);
    let new = body.instrument(&base, &quote)?;
    let detail = format!(
        "{}: {} for {}, {} minor units a tick, at most {} ticks, fees {} and {} ppm",
        new.symbol,
        base.code,
        quote.code,
        new.tick_value,
        new.price_max.ticks(),
        new.maker_fee.ppm(),
        new.taker_fee.ppm(),
    );
    let decision = Decision::new(&user, "venue.listing", detail).because(body.reason.as_deref());
    decision.carry_out(&state, Command::ListInstrument(new)).await?;
    let listed = named(&state, &Segment(new.symbol.to_string()))?;
    Ok((StatusCode::CREATED, after(&state, &listed, "Instrument listed")?))
}

fn asset(state: &AppState, field: &str, code: &str) -> Result<AssetAdded, Problem> {
    let folds = state.venue.read();
    let found = folds.market.listings().asset_by_code(code).copied();
    found
        .ok_or_else(|| Problem::new(Reject::UnknownAsset).field(field, format!("{field} is not an asset of the venue")))
}

impl ListingBody {
    /// The instrument in the core's words.
    fn instrument(&self, base: &AssetAdded, quote: &AssetAdded) -> Result<NewInstrument, Problem> {
        let usual = ListingTerms::default();
        let symbol = self.symbol.clone().unwrap_or_else(|| format!("{}-{}", base.code, quote.code));
        let symbol = Symbol::new(&symbol).map_err(|error| Problem::invalid("symbol", format!("symbol {error}")))?;
        let tick_size = self.tick_size.unwrap_or_else(|| Number::new(Decimal::new(1, 2)));
        let tick_value = tick_value(tick_size, base.scale, quote.scale)?;
        let price_max = match self.price_max {
            None => highest(Number::whole(100_000), tick_size)?,
            Some(price) => highest(price, tick_size)?,
        };
        Ok(NewInstrument {
            symbol,
            base: base.asset,
            quote: quote.asset,
            tick_value,
            price_max,
            maker_fee: self.maker_fee.map_or(Ok(usual.maker_fee), |rate| fields::rate("maker_fee", rate))?,
            taker_fee: self.taker_fee.map_or(Ok(usual.taker_fee), |rate| fields::rate("taker_fee", rate))?,
        })
    }
}

/// What one tick is worth per lot, in minor units: a whole number, or the tick cannot be settled.
fn tick_value(tick_size: Number, base_scale: u8, quote_scale: u8) -> Result<i64, Problem> {
    let places = quote_scale.saturating_sub(base_scale);
    let minor = tick_size.to_positive_minor(places).map_err(|error| error.on("tick_size"))?.minor();
    // Credits with more decimal places than the currency: the tick must make up for the rest.
    let per_lot = 10_i64.pow(u32::from(base_scale.saturating_sub(quote_scale)));
    if minor % per_lot == 0 {
        return Ok(minor / per_lot);
    }
    Err(Problem::invalid("tick_size", "tick_size is less than the currency can count for the smallest lot"))
}

/// A price as a number of ticks.
fn highest(price: Number, tick_size: Number) -> Result<Price, Problem> {
    let (price, step) = (price.get(), tick_size.get());
    if price <= Decimal::ZERO {
        return Err(NumberError::NotPositive.on("price_max"));
    }
    if price.checked_rem(step).is_none_or(|rest| !rest.is_zero()) {
        return Err(NumberError::NotAMultiple { unit: "tick", step }.on("price_max"));
    }
    let ticks = price.checked_div(step).and_then(|ticks| i64::try_from(ticks).ok());
    ticks.map(Price::from_ticks).ok_or_else(|| NumberError::OutOfRange.on("price_max"))
}

/// All of an instrument's bands: what is left out or null is off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BandsBody {
    /// A limit further than this beyond the last price (or the reference price) is refused. Steps of 0.01.
    #[schema(example = 20)]
    collar_percent: Option<Number>,
    /// Trades stay this near the reference price, or a volatility halt begins. Needs `halt_seconds`.
    #[schema(example = 10)]
    static_percent: Option<Number>,
    /// Trades stay this near the last price before the order, or a volatility halt begins. Needs `halt_seconds`.
    #[schema(example = 5)]
    dynamic_percent: Option<Number>,
    /// How long a volatility halt takes, at most 30 days.
    #[schema(example = 300)]
    halt_seconds: Option<Number>,
    /// How often an auction is extended while its price is outside the static band. Needs `extension_seconds`.
    #[schema(example = 2)]
    extensions_max: Option<u8>,
    /// How long an extension takes, at most 30 days.
    #[schema(example = 60)]
    extension_seconds: Option<Number>,
    /// The reference price from here on, on a tick; left out, it stays.
    #[schema(example = 7.25)]
    reference_price: Option<Number>,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for BandsBody {
    const REQUIRED: &'static [&'static str] = &[];
}

/// Sets an instrument's collar, bands and volatility halts, all at once.
#[utoipa::path(
    put,
    path = "/instruments/{symbol}/bands",
    tag = "admin",
    params(("symbol" = String, Path, description = "Its symbol.")),
    request_body = BandsBody,
    responses(
        (status = 200, description = "Set.", body = InstrumentAnswer),
        (status = 400, description = "A field is not valid, or bands lack the length of their halt.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `instruments.manage`.", body = ProblemBody),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
)]
async fn set_bands(
    State(state): State<AppState>,
    user: CurrentUser,
    symbol: Segment,
    body: Body,
) -> Result<Answer<InstrumentAnswer>, Problem> {
    user.require(Permission::ManageInstruments)?;
    let listed = named(&state, &symbol)?;
    let body: BandsBody = body.read()?;
    let quoted = state.venue.read().quoted_or_bare(listed.instrument);
    let reference = body.reference_price.map(|price| price_on("reference_price", price, &quoted.decimals));
    let set = SetBands {
        instrument: listed.instrument,
        collar_bps: fields::basis_points("collar_percent", body.collar_percent)?,
        static_bps: fields::basis_points("static_percent", body.static_percent)?,
        dynamic_bps: fields::basis_points("dynamic_percent", body.dynamic_percent)?,
        extensions_max: body.extensions_max.unwrap_or(0),
        halt_ns: fields::nanos("halt_seconds", body.halt_seconds)?,
        extension_ns: fields::nanos("extension_seconds", body.extension_seconds)?,
        reference: reference.transpose()?.unwrap_or(Price::NONE),
    };
    let detail = format!(
        "{}: collar {} bp, static {} bp, dynamic {} bp, halt {} ns, {} extensions of {} ns, reference {} ticks",
        quoted.symbol,
        set.collar_bps,
        set.static_bps,
        set.dynamic_bps,
        set.halt_ns,
        set.extensions_max,
        set.extension_ns,
        set.reference.ticks(),
    );
    let decision = Decision::new(&user, "venue.bands", detail).because(body.reason.as_deref());
    decision.carry_out(&state, Command::SetBands(set)).await?;
    after(&state, &listed, "Bands set")
}
