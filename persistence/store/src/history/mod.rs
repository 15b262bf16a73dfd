//! What was: orders, trades and ledger lines, read back in the exchange's own types.

mod ledger;
mod market;
mod orders;
mod trades;

pub use ledger::{Ledger, LedgerLine, LedgerSum, Unbalanced};
pub use market::{Market, MarketFilter, PriceBucket};
pub use orders::{OrderFilter, OrderRow, OrderStatus, OrderTotals, Orders};
pub use trades::{TradeRow, TradeTotals, Trades, Turnover};

use crate::Store;

impl Store {
    /// Orders, open and closed.
    pub const fn orders(&self) -> Orders<'_> {
        Orders::new(self)
    }

    /// Trades.
    pub const fn trades(&self) -> Trades<'_> {
        Trades::new(self)
    }

    /// The double-entry ledger.
    pub const fn ledger(&self) -> Ledger<'_> {
        Ledger::new(self)
    }

    /// Aggregates over trades.
    pub const fn market(&self) -> Market<'_> {
        Market::new(self)
    }
}

/// A position or number of rows, as SQL wants it.
fn bound(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Puts together a sum that could overflow a BIGINT. It is asked for as `SUM(x / 4294967296)` and `SUM(x % 4294967296)` (2^32):
/// both databases round towards zero, and neither half overflows within 2^31 rows. NULL stands for no rows.
pub(crate) fn joined(high: Option<i64>, low: Option<i64>) -> i128 {
    (i128::from(high.unwrap_or(0)) << 32) + i128::from(low.unwrap_or(0))
}
