//! Aggregates over trades, exact: a table of prices with their counts and volumes, from which every statistic follows.

use cx_engine::ids::{AssetId, InstrumentId};
use cx_engine::units::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::columns::unsigned;
use crate::{Store, StoreError};

/// Which trades count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketFilter {
    /// Only those in this currency: prices of different currencies do not add up.
    pub currency: AssetId,
    /// Only of these instruments; `None` for all.
    pub instruments: Option<Vec<InstrumentId>>,
    /// Only from here on.
    pub since: Timestamp,
}

/// The trades at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceBucket {
    /// The price of a lot, in minor units of the currency.
    pub price: i64,
    /// Trades.
    pub count: u64,
    /// Lots.
    pub quantity: u64,
}

/// Reads aggregates.
#[derive(Debug, Clone, Copy)]
pub struct Market<'a>(&'a Store);

impl<'a> Market<'a> {
    pub(super) const fn new(store: &'a Store) -> Self {
        Self(store)
    }

    /// The trades by price, lowest first, without those that were reversed. Prices are few, trades are many: count, average, deviation, lowest and highest price,
    /// volume and worth of any number of trades follow from this short list without rounding.
    pub async fn prices(self, filter: &MarketFilter) -> Result<Vec<PriceBucket>, StoreError> {
        // One parameter carries any number of instruments: ",3,17,".
        let instruments = filter.instruments.as_ref().map(|wanted| {
            wanted.iter().fold(String::from(","), |list, instrument| format!("{list}{},", instrument.get()))
        });
        let since = i64::try_from(filter.since.nanos()).unwrap_or(i64::MAX);
        let rows = sqlx::query(
            "SELECT price * tick_value AS lot_price, COUNT(*) AS total, CAST(SUM(quantity) AS BIGINT) AS quantity \
             FROM trades WHERE instrument IN (SELECT id FROM instruments WHERE quote_asset = $1 \
             AND ($2 IS NULL OR $2 LIKE '%,' || CAST(id AS TEXT) || ',%')) AND time_ns >= $3 \
             AND NOT EXISTS (SELECT 1 FROM busts WHERE busts.trade = trades.id) \
             GROUP BY price * tick_value ORDER BY price * tick_value",
        )
        .bind(i64::from(filter.currency.get()))
        .bind(instruments)
        .bind(since)
        .fetch_all(self.0.pool())
        .await?;
        rows.iter().map(bucket).collect()
    }
}

fn bucket(row: &AnyRow) -> Result<PriceBucket, StoreError> {
    Ok(PriceBucket {
        price: row.try_get("lot_price")?,
        count: unsigned(row, "trades", "total")?,
        quantity: unsigned(row, "trades", "quantity")?,
    })
}
