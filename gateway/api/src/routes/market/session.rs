//! What an instrument is open for, as everybody may see it: phase, plans, bands, fees, auctions.

use cx_engine::control::{Phase, SchedulePhase};
use cx_engine::event::AuctionState;
use cx_engine::ids::InstrumentId;
use cx_engine::units::{FeeRate, Price, Quantity, Timestamp};
use cx_market_data::{Decimals, Scaled, Session, TIERS};
use serde::Serialize;
use utoipa::ToSchema;

use crate::number::Number;
use crate::routes::trading::shapes::{instant, number};
use crate::venue::Folds;
use crate::venue::decimal::trimmed;

/// Basis points of the whole.
const WHOLE_BPS: i128 = 10_000;

/// What trading costs, as fractions of the worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Fees {
    #[schema(example = 0.0005)]
    pub maker: Number,
    #[schema(example = 0.001)]
    pub taker: Number,
}

/// What trading costs those who trade much.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FeeTier {
    /// 0 to 7.
    pub tier: u8,
    /// Lots bought and sold in the 30 days before today from which it applies; null for tier 0, and for tiers that are off.
    pub volume: Option<u64>,
    pub maker: Number,
    pub taker: Number,
}

/// Prices between which something happens.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PriceRange {
    pub low: Number,
    pub high: Number,
}

/// Bands and collar. What is off is null.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PriceBands {
    /// A limit further than this beyond the last price is refused.
    pub collar_percent: Option<Number>,
    /// Trades stay this near the reference price, or a volatility halt begins.
    pub static_percent: Option<Number>,
    /// Trades stay this near the last price before the order, or a volatility halt begins.
    pub dynamic_percent: Option<Number>,
    /// The price of the last auction, or the one that staff set.
    pub reference_price: Option<Number>,
    /// The highest limit of a buy and the lowest of a sell now.
    pub collar: Option<PriceRange>,
    /// Where trades may happen now by the static band.
    #[serde(rename = "static")]
    pub fixed: Option<PriceRange>,
    /// Where trades may happen now by the dynamic band.
    pub dynamic: Option<PriceRange>,
    /// How long a volatility halt takes; 0: until staff end it.
    pub halt_seconds: Number,
    /// How often an auction is extended while its price is outside the static band.
    pub extensions_max: u8,
    /// How long an extension takes.
    pub extension_seconds: Number,
}

/// A planned phase.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Plan {
    #[schema(example = "opening_auction")]
    pub phase: &'static str,
    /// When it comes, or comes next.
    pub at: String,
    /// Again every so many seconds; null for once.
    pub every_seconds: Option<Number>,
}

/// What an auction would give if it ended now, or what it gave.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Auction {
    /// Null when nothing matches.
    pub price: Option<Number>,
    pub volume: Number,
    /// What is wanted beyond that at the price: positive for buys, negative for sells.
    pub surplus: Number,
}

/// A rate as a fraction.
pub(crate) fn rate(rate: FeeRate) -> Number {
    number(trimmed(Scaled { mantissa: i128::from(rate.ppm()), scale: 6 }, 0))
}

/// Nanoseconds as seconds.
pub(crate) fn seconds(nanos: u64) -> Number {
    number(trimmed(Scaled { mantissa: i128::from(nanos), scale: 9 }, 0))
}

/// Basis points as a percentage; nothing for 0.
fn percent(points: u16) -> Option<Number> {
    (points > 0).then(|| number(trimmed(Scaled { mantissa: i128::from(points), scale: 2 }, 0)))
}

fn price(decimals: &Decimals, price: Price) -> Option<Number> {
    (price != Price::NONE).then(|| number(decimals.price(price)))
}

/// The prices within so many basis points of a price, rounded inwards as the core does, and within what the instrument
/// takes. Nothing when there is no price, or no band.
fn around(decimals: &Decimals, middle: Price, points: u16, most: Price) -> Option<PriceRange> {
    if middle == Price::NONE || points == 0 {
        return None;
    }
    let (middle, points) = (i128::from(middle.ticks()), i128::from(points));
    let low = (middle * (WHOLE_BPS - points) + WHOLE_BPS - 1) / WHOLE_BPS;
    let high = middle * (WHOLE_BPS + points) / WHOLE_BPS;
    let shown = |ticks: i128| {
        let within = ticks.clamp(1, i128::from(most.ticks().max(1)));
        number(decimals.price(Price::from_ticks(i64::try_from(within).unwrap_or(i64::MAX))))
    };
    Some(PriceRange { low: shown(low), high: shown(high) })
}

impl PriceBands {
    /// The bands in force; `None` when there are none.
    pub(crate) fn of(folds: &Folds, session: &Session, decimals: &Decimals, most: Price) -> Option<Self> {
        let set = &session.bands;
        if set.collar_bps == 0 && set.static_bps == 0 && set.dynamic_bps == 0 {
            return None;
        }
        Some(Self::all(folds, session, decimals, most))
    }

    /// The bands in force, even when all of them are off.
    pub(crate) fn all(folds: &Folds, session: &Session, decimals: &Decimals, most: Price) -> Self {
        let set = &session.bands;
        let last = folds.market.trades().last(session.instrument).map_or(Price::NONE, |trade| trade.price);
        let middle = if last == Price::NONE { set.reference } else { last };
        Self {
            collar_percent: percent(set.collar_bps),
            static_percent: percent(set.static_bps),
            dynamic_percent: percent(set.dynamic_bps),
            reference_price: price(decimals, set.reference),
            collar: around(decimals, middle, set.collar_bps, most),
            fixed: around(decimals, set.reference, set.static_bps, most),
            dynamic: around(decimals, last, set.dynamic_bps, most),
            halt_seconds: seconds(set.halt_ns),
            extensions_max: set.extensions_max,
            extension_seconds: seconds(set.extension_ns),
        }
    }
}

/// Where an instrument stands, in one word.
pub(crate) fn status(session: &Session, halted: bool) -> &'static str {
    match session.phase {
        Phase::Delisted => "delisted",
        Phase::Suspended => "suspended",
        _ if halted => "halted",
        _ => "active",
    }
}

/// When the phase ends by itself.
pub(crate) fn ends(session: &Session) -> Option<String> {
    (session.ends > Timestamp::default()).then(|| instant(session.ends))
}

/// The fees of the lowest tier.
pub(crate) fn fees(session: &Session) -> Fees {
    let (maker, taker) = session.fees[0].unwrap_or_default();
    Fees { maker: rate(maker), taker: rate(taker) }
}

/// The fees of all tiers that apply or have fees of their own, the lowest first.
pub(crate) fn tiers(session: &Session, volumes: &[Quantity; TIERS]) -> Vec<FeeTier> {
    let lowest = session.fees[0].unwrap_or_default();
    let all = (0_u8..).zip(session.fees.iter().zip(volumes));
    let shown = all.filter(|(tier, (own, volume))| *tier == 0 || own.is_some() || !volume.is_zero());
    shown
        .map(|(tier, (own, volume))| {
            let (maker, taker) = own.unwrap_or(lowest);
            let volume = (!volume.is_zero()).then(|| volume.lots());
            FeeTier { tier, volume, maker: rate(maker), taker: rate(taker) }
        })
        .collect()
}

impl Auction {
    fn of(decimals: &Decimals, state: &AuctionState) -> Self {
        Self {
            price: price(decimals, state.price),
            volume: number(decimals.quantity(state.volume)),
            surplus: number(Scaled {
                mantissa: i128::from(state.surplus) * decimals.lot.mantissa,
                scale: decimals.lot.scale,
            }),
        }
    }

    /// What the auction that runs would give now; `None` outside auctions.
    pub(crate) fn running(decimals: &Decimals, session: &Session) -> Option<Self> {
        let nothing =
            AuctionState { instrument: session.instrument, price: Price::NONE, volume: Quantity::ZERO, surplus: 0 };
        session.phase.is_auction().then(|| Self::of(decimals, &session.indication.unwrap_or(nothing)))
    }
}

/// What is planned for an instrument, earliest first.
pub(crate) fn plans(folds: &Folds, instrument: InstrumentId) -> Vec<Plan> {
    let (now, halted) = (folds.market.time(), folds.market.halted());
    let mut next: Vec<SchedulePhase> =
        folds.market.schedule(instrument).iter().filter_map(|plan| coming(*plan, now, halted)).collect();
    next.sort_by_key(|plan| (plan.at, plan.phase.number()));
    let shown = next.iter().map(|plan| Plan {
        phase: plan.phase.code(),
        at: instant(plan.at),
        every_seconds: (plan.every_ns > 0).then(|| seconds(plan.every_ns)),
    });
    shown.collect()
}

/// A plan at its next time. One that passed without effect is gone, or comes again; while the market is halted it waits.
fn coming(plan: SchedulePhase, now: Timestamp, halted: bool) -> Option<SchedulePhase> {
    if plan.at > now || halted {
        return Some(plan);
    }
    let passed = (now.nanos() - plan.at.nanos()).checked_div(plan.every_ns)?;
    let at = plan.at.nanos().checked_add((passed + 1).checked_mul(plan.every_ns)?)?;
    Some(SchedulePhase { at: Timestamp::from_nanos(at), ..plan })
}

/// What an instrument is open for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InstrumentStatus {
    pub symbol: String,
    /// `active`, `suspended`, `delisted`, or `halted` when all trading is.
    pub status: &'static str,
    pub phase: &'static str,
    pub phase_since: String,
    /// When the phase ends by itself; null when only a plan or the venue ends it.
    pub phase_ends_at: Option<String>,
    /// What comes next by plan.
    pub next: Option<Plan>,
    /// What the auction that runs would give now.
    pub auction: Option<Auction>,
}

impl InstrumentStatus {
    /// As it is now.
    pub(crate) fn of(folds: &Folds, instrument: InstrumentId) -> Option<Self> {
        let (quoted, now) = (folds.quoted(instrument)?, folds.market.session(instrument));
        Some(Self {
            symbol: quoted.symbol.to_string(),
            status: status(&now, folds.market.halted()),
            phase: now.phase.code(),
            phase_since: instant(now.since),
            phase_ends_at: ends(&now),
            next: plans(folds, instrument).into_iter().next(),
            auction: Auction::running(&quoted.decimals, &now),
        })
    }
}
