//! Prices and bars as REST clients see them (API.md section 2).

use cx_engine::event::InstrumentListed;
use cx_engine::ids::{AssetId, InstrumentId};
use cx_engine::units::Timestamp;
use cx_market_data::{BookLevel, Candle as Bar, Scaled, TickerView, Timeframe};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::session::{self, Auction, FeeTier, Fees, Plan, PriceBands};
use crate::number::Number;
use crate::routes::trading::shapes::{instant, number, percentage};
use crate::venue::decimal::{average, cash, trimmed};
use crate::venue::facts::{Facts, FactsView};
use crate::venue::{Folds, Quoted};

/// Namespace of market data's and bars' uuids (version 5). Fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x3c61_7f0e_24d9_5b12_9a86_e0c5_4d7b_92f3);
/// All data comes from this venue's own book and trades.
const SOURCE: &str = "carbonxchange";
const NANOS_PER_MINUTE: u64 = 60_000_000_000;

/// What is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataType {
    SpotPrice,
    BidPrice,
    AskPrice,
    Volume,
}

impl DataType {
    pub(crate) const ALL: [Self; 4] = [Self::SpotPrice, Self::BidPrice, Self::AskPrice, Self::Volume];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::SpotPrice => "spot_price",
            Self::BidPrice => "bid_price",
            Self::AskPrice => "ask_price",
            Self::Volume => "volume",
        }
    }
}

/// One figure of an instrument with the market around it. Figures that there are none of are 0.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MarketData {
    pub id: u64,
    pub uuid: Uuid,
    pub symbol: String,
    pub project_id: Option<i64>,
    pub vintage_year: Option<i32>,
    pub credit_standard: String,
    pub data_type: &'static str,
    pub value: Number,
    pub currency: String,
    /// Of the last 24 hours.
    pub volume: Number,
    /// Turnover of the last 24 hours in the currency.
    pub volume_usd: Number,
    pub bid_price: Number,
    pub ask_price: Number,
    pub spread: Number,
    /// Of the middle.
    pub spread_percentage: Number,
    pub high_24h: Number,
    pub low_24h: Number,
    pub change_24h: Number,
    pub change_percentage_24h: Number,
    pub data_source: &'static str,
    pub data_quality: &'static str,
    pub confidence_score: Number,
    pub timestamp: String,
    pub age_minutes: u64,
    pub created_at: String,
    pub updated_at: String,
}

/// The market of one instrument now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Ticker {
    #[serde(flatten)]
    pub market: MarketData,
    pub last_price: Number,
    pub open_24h: Number,
    /// Volume-weighted average price of the last 24 hours.
    pub vwap_24h: Number,
    pub trades_24h: u64,
    pub bid_quantity: Number,
    pub ask_quantity: Number,
}

/// An instrument's market, read once.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub quoted: Quoted,
    facts: Facts,
    listed: InstrumentListed,
    view: TickerView,
    /// When trades or quotes last changed; 0 for never.
    pub changed: Timestamp,
    now: Timestamp,
}

impl Snapshot {
    pub(crate) fn of(folds: &Folds, facts: &FactsView, instrument: InstrumentId, now: Timestamp) -> Option<Self> {
        let (quoted, listed) = (folds.quoted(instrument)?, *folds.market.listings().instrument(instrument)?);
        let view = folds.market.ticker(instrument, now)?;
        let traded = view.last.map_or(Timestamp::default(), |trade| trade.time);
        let changed = traded.max(folds.market.book(instrument)?.time());
        Some(Self { facts: facts.of(&quoted), quoted, listed, view, changed, now })
    }

    /// Whether there is such a figure.
    pub(crate) fn has(&self, kind: DataType) -> bool {
        match kind {
            DataType::SpotPrice => self.view.last.is_some(),
            DataType::BidPrice => self.view.bid.is_some(),
            DataType::AskPrice => self.view.ask.is_some(),
            DataType::Volume => self.view.count > 0,
        }
    }

    fn price(&self, ticks: i64) -> Number {
        number(self.quoted.decimals.price(cx_engine::units::Price::from_ticks(ticks)))
    }

    fn best(&self, level: Option<BookLevel>) -> Number {
        level.map_or(Number::ZERO, |level| self.price(level.price.ticks()))
    }

    fn lots(&self, lots: u128) -> Number {
        let lot = self.quoted.decimals.lot;
        number(Scaled { mantissa: i128::try_from(lots).unwrap_or(i128::MAX), scale: lot.scale })
    }

    fn value(&self, kind: DataType) -> Number {
        match kind {
            DataType::SpotPrice => self.view.last.map_or(Number::ZERO, |trade| self.price(trade.price.ticks())),
            DataType::BidPrice => self.best(self.view.bid),
            DataType::AskPrice => self.best(self.view.ask),
            DataType::Volume => self.lots(self.view.volume),
        }
    }

    /// The figure and what stands around it.
    pub(crate) fn figure(&self, kind: DataType) -> MarketData {
        let view = &self.view;
        let (bid, ask) = (view.bid.map(|at| at.price.ticks()), view.ask.map(|at| at.price.ticks()));
        let spread = bid.zip(ask).map_or(0, |(bid, ask)| ask - bid);
        let doubled_middle = bid.zip(ask).map_or(0, |(bid, ask)| i128::from(bid) + i128::from(ask));
        let change = view.change().unwrap_or(0);
        let none = self.changed == Timestamp::default();
        let stamp = if none { self.now } else { self.changed };
        let age_minutes = if none { 0 } else { self.now.nanos().saturating_sub(stamp.nanos()) / NANOS_PER_MINUTE };
        let name = format!("{}/{}/{}", self.quoted.symbol, kind.code(), stamp.nanos());
        let ticks = |price: Option<cx_engine::units::Price>| price.map_or(Number::ZERO, |at| self.price(at.ticks()));
        MarketData {
            id: u64::from(self.listed.instrument.get()) * 4 + kind as u64 + 1,
            uuid: Uuid::new_v5(&NAMESPACE, name.as_bytes()),
            symbol: self.quoted.symbol.to_string(),
            project_id: self.facts.project_id,
            vintage_year: self.facts.vintage_year,
            credit_standard: self.facts.standard.clone(),
            data_type: kind.code(),
            value: self.value(kind),
            currency: self.quoted.currency.to_string(),
            volume: self.lots(view.volume),
            volume_usd: turnover(view.value, &self.listed, &self.quoted),
            bid_price: self.best(view.bid),
            ask_price: self.best(view.ask),
            spread: self.price(spread),
            spread_percentage: percentage(2 * i128::from(spread), doubled_middle),
            high_24h: ticks(view.high),
            low_24h: ticks(view.low),
            change_24h: self.price(change),
            change_percentage_24h: percentage(i128::from(change), view.open.map_or(0, |at| i128::from(at.ticks()))),
            data_source: SOURCE,
            data_quality: if none { "no_data" } else { "high" },
            confidence_score: Number::whole(u8::from(!none)),
            timestamp: instant(stamp),
            age_minutes,
            created_at: instant(stamp),
            updated_at: instant(stamp),
        }
    }

    /// Everything at a glance.
    pub(crate) fn ticker(&self) -> Ticker {
        let view = &self.view;
        let quantity = |level: Option<BookLevel>| self.lots(level.map_or(0, |at| u128::from(at.quantity.lots())));
        let vwap = vwap(view.value, view.volume, &self.listed, &self.quoted);
        Ticker {
            market: self.figure(DataType::SpotPrice),
            last_price: self.value(DataType::SpotPrice),
            open_24h: view.open.map_or(Number::ZERO, |at| self.price(at.ticks())),
            vwap_24h: vwap,
            trades_24h: view.count,
            bid_quantity: quantity(view.bid),
            ask_quantity: quantity(view.ask),
        }
    }
}

/// `sum(ticks x lots)` in currency units.
fn turnover(value: i128, listed: &InstrumentListed, quoted: &Quoted) -> Number {
    let minor = value.checked_mul(i128::from(listed.tick_value));
    minor.map_or(Number::ZERO, |minor| number(cash(minor, quoted.decimals.minor.scale)))
}

/// `sum(ticks x lots) / sum(lots)` in currency units, rounded half to even six digits beyond the tick.
fn vwap(value: i128, volume: u128, listed: &InstrumentListed, quoted: &Quoted) -> Number {
    let minor = value.checked_mul(i128::from(listed.tick_value)).unwrap_or(0);
    let lots = i128::try_from(volume).unwrap_or(i128::MAX);
    average(minor, lots, &quoted.decimals).map_or(Number::ZERO, number)
}

/// A bar.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Candle {
    pub id: u64,
    pub uuid: Uuid,
    pub symbol: String,
    pub project_id: Option<i64>,
    pub vintage_year: Option<i32>,
    pub timeframe: &'static str,
    pub period_start: String,
    pub period_end: String,
    pub open_price: Number,
    pub high_price: Number,
    pub low_price: Number,
    pub close_price: Number,
    pub volume: Number,
    pub volume_usd: Number,
    pub vwap: Number,
    pub number_of_trades: u64,
    pub price_change: Number,
    pub price_change_percentage: Number,
    pub price_range: Number,
    pub is_bullish: bool,
    pub is_bearish: bool,
    pub currency: String,
    /// Bars are folds of every trade.
    pub data_completeness: Number,
    pub data_source: &'static str,
    pub created_at: String,
    pub updated_at: String,
}

impl Candle {
    /// A bar in the words of its instrument.
    pub(crate) fn of(
        quoted: &Quoted,
        facts: &Facts,
        listed: &InstrumentListed,
        timeframe: Timeframe,
        bar: &Bar,
    ) -> Self {
        let price = |ticks: i64| number(quoted.decimals.price(cx_engine::units::Price::from_ticks(ticks)));
        let (open, high, low, close) = (bar.open.ticks(), bar.high.ticks(), bar.low.ticks(), bar.close.ticks());
        let volume = i128::try_from(bar.volume).unwrap_or(i128::MAX);
        let start = instant(bar.start);
        let name = format!("{}/{}/{start}", quoted.symbol, timeframe.code());
        Self {
            // There are at most 2^20 instruments, and the seconds are good for centuries within 2^53.
            id: (bar.start.nanos() / 1_000_000_000) << 20 | u64::from(listed.instrument.get()),
            uuid: Uuid::new_v5(&NAMESPACE, name.as_bytes()),
            symbol: quoted.symbol.to_string(),
            project_id: facts.project_id,
            vintage_year: facts.vintage_year,
            timeframe: timeframe.code(),
            period_start: start.clone(),
            period_end: instant(bar.end),
            open_price: price(open),
            high_price: price(high),
            low_price: price(low),
            close_price: price(close),
            volume: number(Scaled { mantissa: volume, scale: quoted.decimals.lot.scale }),
            volume_usd: turnover(bar.value, listed, quoted),
            vwap: vwap(bar.value, bar.volume, listed, quoted),
            number_of_trades: bar.count,
            price_change: price(close - open),
            price_change_percentage: percentage(i128::from(close - open), i128::from(open)),
            price_range: price(high - low),
            is_bullish: close > open,
            is_bearish: close < open,
            currency: quoted.currency.to_string(),
            data_completeness: Number::whole(1),
            data_source: SOURCE,
            created_at: start,
            updated_at: instant(bar.end),
        }
    }
}

/// A level of the book.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DepthLevel {
    pub price: Number,
    pub quantity: Number,
}

impl DepthLevel {
    pub(crate) fn of(quoted: &Quoted, level: &BookLevel) -> Self {
        let decimals = &quoted.decimals;
        Self { price: number(decimals.price(level.price)), quantity: number(decimals.quantity(level.quantity)) }
    }
}

/// What can be traded.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Instrument {
    pub symbol: String,
    pub project_id: Option<i64>,
    pub vintage_year: Option<i32>,
    pub credit_type: String,
    pub currency: String,
    pub tick_size: Number,
    pub lot_size: Number,
    /// The highest limit price.
    pub price_max: Number,
    /// `active`, `suspended`, `delisted`, or `halted` when all trading is.
    pub status: &'static str,
    /// `continuous`, `pre_open`, `opening_auction`, `closing_auction`, `volatility_halt`, `closed`, `cancel_only`, `post_only`,
    /// `suspended` or `delisted`.
    pub phase: &'static str,
    pub phase_since: String,
    /// When the phase ends by itself; null when only a plan or the venue ends it.
    pub phase_ends_at: Option<String>,
    /// What is planned, the next first.
    pub schedule: Vec<Plan>,
    /// What the auction that runs would give now.
    pub auction: Option<Auction>,
    /// Null when none are in force.
    pub price_bands: Option<PriceBands>,
    /// Of the lowest tier.
    pub fees: Fees,
    pub fee_tiers: Vec<FeeTier>,
}

impl Instrument {
    pub(crate) fn of(folds: &Folds, quoted: &Quoted, facts: &Facts, listed: &InstrumentListed) -> Self {
        let now = folds.market.session(listed.instrument);
        Self {
            symbol: quoted.symbol.to_string(),
            project_id: facts.project_id,
            vintage_year: facts.vintage_year,
            credit_type: facts.credit_type.clone(),
            currency: quoted.currency.to_string(),
            tick_size: number(quoted.decimals.tick),
            lot_size: number(quoted.decimals.lot),
            price_max: number(quoted.decimals.price(listed.price_max)),
            status: session::status(&now, folds.market.halted()),
            phase: now.phase.code(),
            phase_since: instant(now.since),
            phase_ends_at: session::ends(&now),
            schedule: session::plans(folds, listed.instrument),
            auction: Auction::running(&quoted.decimals, &now),
            price_bands: PriceBands::of(folds, &now, &quoted.decimals, listed.price_max),
            fees: session::fees(&now),
            fee_tiers: session::tiers(&now, folds.market.tier_volumes()),
        }
    }
}

/// Statistics over trades at several prices, from a table of prices with counts. Deviations are analytics, so floats are in
/// order; sums are exact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub count: u64,
    pub average: Scaled,
    pub min: Scaled,
    pub max: Scaled,
    /// Standard deviation of the trades' prices (population).
    pub deviation: f64,
    pub volume: i128,
    pub turnover: Scaled,
}

impl Spread {
    /// `None` without trades. `scale` is the currency's.
    pub(crate) fn of(buckets: &[cx_store::history::PriceBucket], scale: u8) -> Option<Self> {
        let (first, last) = (buckets.first()?, buckets.last()?);
        let count: u64 = buckets.iter().map(|bucket| bucket.count).sum();
        let sum: i128 = buckets.iter().map(|bucket| i128::from(bucket.price) * i128::from(bucket.count)).sum();
        let worth: i128 = buckets.iter().map(|bucket| i128::from(bucket.price) * i128::from(bucket.quantity)).sum();
        let volume = buckets.iter().map(|bucket| i128::from(bucket.quantity)).sum();
        let mean = float(sum) / float(i128::from(count));
        let squares: f64 = buckets
            .iter()
            .map(|bucket| float(i128::from(bucket.count)) * (float(i128::from(bucket.price)) - mean).powi(2))
            .sum();
        let average = crate::venue::decimal::ratio(sum, i128::from(count), 4)?;
        Some(Self {
            count,
            average: cash_of(average, scale),
            min: cash(i128::from(first.price), scale),
            max: cash(i128::from(last.price), scale),
            deviation: (squares / float(i128::from(count))).sqrt() / 10_f64.powi(i32::from(scale)),
            volume,
            turnover: cash(worth, scale),
        })
    }
}

/// An average in minor units as currency units.
fn cash_of(minor: Scaled, scale: u8) -> Scaled {
    trimmed(Scaled { mantissa: minor.mantissa, scale: minor.scale + scale }, 2)
}

#[allow(clippy::cast_precision_loss)] // analytics: 53 bits are enough
fn float(value: i128) -> f64 {
    value as f64
}

/// A float of analytics as a JSON number of at most six digits after the point.
pub(crate) fn rounded(value: f64) -> Number {
    let decimal = rust_decimal::Decimal::from_f64_retain(value).unwrap_or_default();
    Number::new(decimal.round_dp(6).normalize())
}

/// The currency in which statistics are kept: the only one, or the first that was listed.
pub(crate) fn currency(folds: &Folds) -> Option<(AssetId, u8)> {
    let listings = folds.market.listings();
    let cash = listings.assets().iter().find(|asset| listings.is_cash(asset.asset))?;
    Some((cash.asset, cash.scale))
}
