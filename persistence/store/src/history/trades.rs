//! Trades as the sink keeps them.

use cx_engine::command::Side;
use cx_engine::ids::{AccountId, InstrumentId, Seq, TradeId};
use cx_engine::units::{Amount, Price, Quantity, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{bound, joined};
use crate::columns::{flag, unsigned, word};
use crate::{PublicId, PublicIdKind, Snapshot, Store, StoreError};

const TABLE: &str = "trades";

/// A trade, both sides of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeRow {
    /// Its number: its integer id, and the number in its public id.
    pub trade: TradeId,
    /// The command that made it.
    pub seq: Seq,
    /// Its place among that command's events.
    pub index: u32,
    /// Of what.
    pub instrument: InstrumentId,
    /// The aggressor's side.
    pub taker_side: Side,
    /// Whether an auction made it; `taker_side` is then that of the order that came later.
    pub auction: bool,
    /// Whether it was reversed later.
    pub busted: bool,
    /// The maker's price, or the auction's.
    pub price: Price,
    /// How much changed hands.
    pub quantity: Quantity,
    /// Minor units of the currency per tick and lot.
    pub tick_value: i64,
    /// Price times quantity, in minor units of the currency.
    pub notional: Amount,
    /// The resting order's number.
    pub maker_order: Seq,
    /// The aggressing order's number.
    pub taker_order: Seq,
    /// Whose order rested.
    pub maker_account: AccountId,
    /// Who aggressed.
    pub taker_account: AccountId,
    /// What the maker paid.
    pub maker_fee: Amount,
    /// What the taker paid.
    pub taker_fee: Amount,
    /// Engine time.
    pub time: Timestamp,
}

impl TradeRow {
    /// Its public id.
    pub fn public_id(&self) -> PublicId {
        PublicId::from_nanos(PublicIdKind::Trade, self.time.nanos(), self.trade.get())
    }

    /// The side, order number and fee of an account that took part, and whether it was the maker.
    pub fn part_of(&self, account: AccountId) -> Option<(Side, Seq, Amount, bool)> {
        if account == self.maker_account {
            Some((self.taker_side.opposite(), self.maker_order, self.maker_fee, true))
        } else if account == self.taker_account {
            Some((self.taker_side, self.taker_order, self.taker_fee, false))
        } else {
            None
        }
    }
}

/// All trades together, to compare with the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TradeTotals {
    /// Rows.
    pub count: u64,
    /// Lots.
    pub quantity: i128,
    /// Worth, in minor units.
    pub notional: i128,
    /// Fees of both sides.
    pub fees: i128,
    /// Of these, reversed later.
    pub busted: u64,
    /// Lots of those.
    pub busted_quantity: i128,
}

/// What an account bought and sold of an instrument, over all time: the ground for average cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turnover {
    /// Of what.
    pub instrument: InstrumentId,
    /// Lots bought.
    pub bought: i128,
    /// What they cost, without fees.
    pub bought_notional: i128,
    /// Lots sold.
    pub sold: i128,
    /// What they brought, without fees.
    pub sold_notional: i128,
    /// Fees of both.
    pub fees: i128,
    /// The first trade's time.
    pub first: Timestamp,
    /// The last trade's time.
    pub last: Timestamp,
}

/// Reads trades.
#[derive(Debug, Clone, Copy)]
pub struct Trades<'a>(&'a Store);

macro_rules! columns {
    () => {
        "id, seq, idx, instrument, taker_side, auction, \
         CASE WHEN EXISTS (SELECT 1 FROM busts WHERE busts.trade = id) THEN 1 ELSE 0 END AS busted, price, quantity, tick_value, notional, maker_order, taker_order, \
         maker_account, taker_account, maker_fee, taker_fee, time_ns"
    };
}

impl Snapshot {
    /// An account's trades, newest first: `count` of them from number `first` (0 is the newest), and how many there are.
    pub async fn trades(
        &mut self,
        account: AccountId,
        first: u64,
        count: u64,
    ) -> Result<(Vec<TradeRow>, u64), StoreError> {
        // Each side is read along its own index as far as is asked; nobody trades with himself, so no trade comes twice.
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM (SELECT * FROM (SELECT ",
            columns!(),
            " FROM trades WHERE maker_account = $1 ORDER BY id DESC LIMIT $2) AS made UNION ALL SELECT * FROM (SELECT ",
            columns!(),
            " FROM trades WHERE taker_account = $1 ORDER BY id DESC LIMIT $2) AS taken) AS both_sides \
             ORDER BY id DESC LIMIT $3 OFFSET $4"
        ))
        .bind(i64::from(account.get()))
        .bind(bound(first.saturating_add(count)))
        .bind(bound(count))
        .bind(bound(first))
        .fetch_all(self.connection())
        .await?;
        let total = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM trades WHERE maker_account = $1) + \
             (SELECT COUNT(*) FROM trades WHERE taker_account = $1) AS total",
        )
        .bind(i64::from(account.get()))
        .fetch_one(self.connection())
        .await?;
        Ok((rows.iter().map(trade).collect::<Result<_, _>>()?, unsigned(&total, TABLE, "total")?))
    }
}

impl<'a> Trades<'a> {
    pub(super) const fn new(store: &'a Store) -> Self {
        Self(store)
    }

    /// The trade of this number.
    pub async fn by_id(self, id: TradeId) -> Result<TradeRow, StoreError> {
        let key = i64::try_from(id.get()).map_err(|_| StoreError::NotFound("trade"))?;
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM trades WHERE id = $1"))
            .bind(key)
            .fetch_optional(self.0.pool())
            .await?;
        trade(&row.ok_or(StoreError::NotFound("trade"))?)
    }

    /// The newest trades of the venue, or of one instrument.
    pub async fn recent(self, instrument: Option<InstrumentId>, limit: u32) -> Result<Vec<TradeRow>, StoreError> {
        let rows = if let Some(instrument) = instrument {
            sqlx::query(concat!(
                "SELECT ",
                columns!(),
                " FROM trades WHERE instrument = $1 ORDER BY time_ns DESC, id DESC LIMIT $2"
            ))
            .bind(i64::from(instrument.get()))
            .bind(i64::from(limit))
            .fetch_all(self.0.pool())
            .await?
        } else {
            sqlx::query(concat!("SELECT ", columns!(), " FROM trades ORDER BY id DESC LIMIT $1"))
                .bind(i64::from(limit))
                .fetch_all(self.0.pool())
                .await?
        };
        rows.iter().map(trade).collect()
    }

    /// What an account bought and sold, by instrument, without trades that were reversed.
    pub async fn turnover(self, account: AccountId) -> Result<Vec<Turnover>, StoreError> {
        let rows = sqlx::query(
            "SELECT instrument, side, CAST(SUM(quantity) AS BIGINT) AS quantity, \
             CAST(SUM(notional / 4294967296) AS BIGINT) AS notional_high, \
             CAST(SUM(notional % 4294967296) AS BIGINT) AS notional_low, \
             CAST(SUM(fee / 4294967296) AS BIGINT) AS fee_high, CAST(SUM(fee % 4294967296) AS BIGINT) AS fee_low, \
             MIN(time_ns) AS first_ns, MAX(time_ns) AS last_ns FROM (\
             SELECT instrument, CASE taker_side WHEN 'buy' THEN 'sell' ELSE 'buy' END AS side, quantity, notional, \
             maker_fee AS fee, time_ns FROM trades WHERE maker_account = $1 \
             AND NOT EXISTS (SELECT 1 FROM busts WHERE busts.trade = trades.id) UNION ALL \
             SELECT instrument, taker_side AS side, quantity, notional, taker_fee AS fee, time_ns \
             FROM trades WHERE taker_account = $1 \
             AND NOT EXISTS (SELECT 1 FROM busts WHERE busts.trade = trades.id)) AS parts GROUP BY instrument, side ORDER BY instrument, side",
        )
        .bind(i64::from(account.get()))
        .fetch_all(self.0.pool())
        .await?;
        let mut all: Vec<Turnover> = Vec::new();
        for row in &rows {
            add_side(row, &mut all)?;
        }
        Ok(all)
    }

    /// All trades together, reversed ones included; reads the whole table.
    pub async fn totals(self) -> Result<TradeTotals, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM busts) AS busted, \
             (SELECT CAST(SUM(b.quantity) AS BIGINT) FROM trades b WHERE b.id IN (SELECT trade FROM busts)) AS busted_quantity, \
             COUNT(*) AS total, CAST(SUM(quantity) AS BIGINT) AS quantity, \
             CAST(SUM(notional / 4294967296) AS BIGINT) AS notional_high, \
             CAST(SUM(notional % 4294967296) AS BIGINT) AS notional_low, \
             CAST(SUM((maker_fee + taker_fee) / 4294967296) AS BIGINT) AS fees_high, \
             CAST(SUM((maker_fee + taker_fee) % 4294967296) AS BIGINT) AS fees_low FROM trades",
        )
        .fetch_one(self.0.pool())
        .await?;
        Ok(TradeTotals {
            count: unsigned(&row, TABLE, "total")?,
            quantity: joined(None, row.try_get("quantity")?),
            notional: joined(row.try_get("notional_high")?, row.try_get("notional_low")?),
            fees: joined(row.try_get("fees_high")?, row.try_get("fees_low")?),
            busted: unsigned(&row, TABLE, "busted")?,
            busted_quantity: joined(None, row.try_get("busted_quantity")?),
        })
    }

    /// Trades in which a side was not permitted to trade at that point of the journal: there must be none. Answers the
    /// first `limit` numbers.
    pub async fn unpermitted(self, limit: u32) -> Result<Vec<TradeId>, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM trades WHERE \
             COALESCE((SELECT trade FROM permissions p WHERE p.account = trades.maker_account AND p.seq < trades.seq \
             ORDER BY p.seq DESC LIMIT 1), 0) = 0 OR \
             COALESCE((SELECT trade FROM permissions p WHERE p.account = trades.taker_account AND p.seq < trades.seq \
             ORDER BY p.seq DESC LIMIT 1), 0) = 0 ORDER BY id LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.0.pool())
        .await?;
        rows.iter().map(|row| Ok(TradeId::new(unsigned(row, TABLE, "id")?))).collect()
    }
}

/// Adds one side's sums to the instrument's turnover, which is the last of `all` or new.
fn add_side(row: &AnyRow, all: &mut Vec<Turnover>) -> Result<(), StoreError> {
    let instrument = InstrumentId::new(unsigned(row, TABLE, "instrument")?);
    let first = Timestamp::from_nanos(unsigned(row, TABLE, "first_ns")?);
    let last = Timestamp::from_nanos(unsigned(row, TABLE, "last_ns")?);
    if all.last().is_none_or(|turnover| turnover.instrument != instrument) {
        all.push(Turnover {
            instrument,
            bought: 0,
            bought_notional: 0,
            sold: 0,
            sold_notional: 0,
            fees: 0,
            first,
            last,
        });
    }
    let turnover = all.last_mut().expect("it was pushed when there was none");
    let quantity = joined(None, row.try_get("quantity")?);
    let notional = joined(row.try_get("notional_high")?, row.try_get("notional_low")?);
    match word(row, TABLE, "side", Side::from_code)? {
        Side::Buy => (turnover.bought, turnover.bought_notional) = (quantity, notional),
        Side::Sell => (turnover.sold, turnover.sold_notional) = (quantity, notional),
    }
    turnover.fees += joined(row.try_get("fee_high")?, row.try_get("fee_low")?);
    turnover.first = turnover.first.min(first);
    turnover.last = turnover.last.max(last);
    Ok(())
}

fn trade(row: &AnyRow) -> Result<TradeRow, StoreError> {
    let number = |column| unsigned::<u64>(row, TABLE, column);
    let account = |column| Ok::<_, StoreError>(AccountId::new(unsigned(row, TABLE, column)?));
    let amount = |column| Ok::<_, StoreError>(Amount::from_minor(row.try_get(column)?));
    Ok(TradeRow {
        trade: TradeId::new(number("id")?),
        seq: Seq::new(number("seq")?),
        index: unsigned(row, TABLE, "idx")?,
        instrument: InstrumentId::new(unsigned(row, TABLE, "instrument")?),
        taker_side: word(row, TABLE, "taker_side", Side::from_code)?,
        auction: flag(row, "auction")?,
        busted: flag(row, "busted")?,
        price: Price::from_ticks(row.try_get("price")?),
        quantity: Quantity::from_lots(number("quantity")?),
        tick_value: row.try_get("tick_value")?,
        notional: amount("notional")?,
        maker_order: Seq::new(number("maker_order")?),
        taker_order: Seq::new(number("taker_order")?),
        maker_account: account("maker_account")?,
        taker_account: account("taker_account")?,
        maker_fee: amount("maker_fee")?,
        taker_fee: amount("taker_fee")?,
        time: Timestamp::from_nanos(number("time_ns")?),
    })
}
