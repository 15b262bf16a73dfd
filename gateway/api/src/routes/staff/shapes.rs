//! What staff see: an instrument with everything that is in force for it.

use cx_engine::event::InstrumentListed;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json::Segment;
use crate::number::Number;
use crate::problem::Problem;
use crate::routes::market::session::{self, Auction, FeeTier, Plan, PriceBands};
use crate::routes::trading::shapes::{instant, number};
use crate::state::AppState;
use crate::venue::Folds;

/// An instrument with everything that is in force for it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StaffInstrument {
    #[schema(example = "VCS-191-2016-USD")]
    pub symbol: String,
    /// The code of the credits.
    #[schema(example = "VCS-191-2016")]
    pub asset: String,
    pub currency: String,
    pub tick_size: Number,
    pub lot_size: Number,
    /// The highest limit price.
    pub price_max: Number,
    /// `active`, `suspended`, `delisted`, or `halted` when all trading is.
    pub status: &'static str,
    #[schema(example = "continuous")]
    pub phase: &'static str,
    pub phase_since: String,
    /// When the phase ends by itself; null when only a plan or staff end it.
    pub phase_ends_at: Option<String>,
    /// How often the auction that runs was extended.
    pub extensions: u32,
    pub last_price: Option<Number>,
    pub bands: PriceBands,
    pub fees: Vec<FeeTier>,
    pub schedule: Vec<Plan>,
    /// What the auction that runs would give now.
    pub auction: Option<Auction>,
}

/// An instrument after a decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InstrumentAnswer {
    pub message: String,
    pub instrument: StaffInstrument,
}

impl StaffInstrument {
    pub(super) fn of(folds: &Folds, listed: &InstrumentListed) -> Option<Self> {
        let quoted = folds.quoted(listed.instrument)?;
        let decimals = &quoted.decimals;
        let now = folds.market.session(listed.instrument);
        let last = folds.market.trades().last(listed.instrument);
        Some(Self {
            symbol: quoted.symbol.to_string(),
            asset: folds.market.listings().asset(listed.base)?.code.to_string(),
            currency: quoted.currency.to_string(),
            tick_size: number(decimals.tick),
            lot_size: number(decimals.lot),
            price_max: number(decimals.price(listed.price_max)),
            status: session::status(&now, folds.market.halted()),
            phase: now.phase.code(),
            phase_since: instant(now.since),
            phase_ends_at: session::ends(&now),
            extensions: now.extensions,
            last_price: last.map(|trade| number(decimals.price(trade.price))),
            bands: PriceBands::all(folds, &now, decimals, listed.price_max),
            fees: session::tiers(&now, folds.market.tier_volumes()),
            schedule: session::plans(folds, listed.instrument),
            auction: Auction::running(decimals, &now),
        })
    }
}

/// The instrument that a path names: 404 where there is none.
pub(super) fn named(state: &AppState, Segment(symbol): &Segment) -> Result<InstrumentListed, Problem> {
    let folds = state.venue.read();
    let listed = folds.market.listings().instrument_by_symbol(symbol).copied();
    listed.ok_or_else(|| Problem::not_found("instrument"))
}

/// How the instrument stands after a decision.
pub(super) fn after(
    state: &AppState,
    listed: &InstrumentListed,
    message: impl Into<String>,
) -> Result<axum::Json<InstrumentAnswer>, Problem> {
    let instrument = StaffInstrument::of(&state.venue.read(), listed);
    let instrument = instrument.ok_or_else(|| Problem::internal(&"a listed instrument has no name"))?;
    Ok(axum::Json(InstrumentAnswer { message: message.into(), instrument }))
}
