//! Market data and account views: pure folds of the venue's events.
//!
//! Each fold has one way in, `apply(&EventRecord)`, does no I/O and reads no clock: the same events give the same view on
//! every machine, live or after a restart. Folds start empty and want every record from sequence 1, in order. Everything is
//! counted in the core's integers (ticks, lots, minor units); decimals are made at the edge.
//!
//! - [`Listings`]: assets and instruments with their scales.
//! - [`BookL2`] and [`BookL3`]: the book by level and by order, with resumable updates and a checksum.
//! - [`Trades`], [`Tickers`], [`Candles`]: what was traded.
//! - [`Sessions`]: phases, auctions, bands, fees, plans and halts.
//! - [`Accounts`]: open and recently closed orders, balances, execution reports.
//! - [`MarketData`]: all public folds together.

pub mod accounts;
pub mod book;
pub mod candles;
pub mod listings;
mod map;
pub mod market;
pub mod session;
pub mod ticker;
pub mod trades;

pub use accounts::{
    AccountUpdates, Accounts, BalanceUpdate, ExecType, ExecutionReport, Fill, Liquidity, OrderState, OrderStatus,
};
pub use book::{BookL2, BookL3, BookLevel, BookUpdate, DepthView, LevelChange};
pub use candles::{Candle, Candles, Timeframe};
pub use listings::{Decimals, Listings, Scaled};
pub use market::{MarketData, Retention};
pub use session::{Session, Sessions, TIERS};
pub use ticker::{TickerView, Tickers};
pub use trades::{PublicTrade, Trades};

pub use cx_engine::Balance;

use cx_engine::EventRecord;

/// Splits records into the runs that belong to one command each, in order. A run is whole when `records` is.
pub fn commands(records: &[EventRecord]) -> impl Iterator<Item = &[EventRecord]> {
    records.chunk_by(|a, b| a.seq == b.seq)
}
