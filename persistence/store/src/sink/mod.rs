//! The sink: the exchange's events become rows, each exactly once.
//!
//! A batch's rows and the cursor move in one transaction, so whatever is killed, the cursor tells which events are in the
//! tables. The event log keeps events until the cursor has passed them; when the database is away, trading goes on and
//! the sink catches up later.

mod control;
mod fold;
mod insert;
mod run;
mod write;

pub use fold::Cursor;
pub use run::{EventFeed, SinkGauge, SinkStatus, run_sink};

use cx_engine::EventRecord;
use cx_engine::event::InstrumentListed;
use cx_engine::ids::{AssetId, InstrumentId, OrderId, Seq, Symbol};
use cx_engine::units::{FeeRate, Price, Timestamp};
use cx_failpoint::Point;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};

use crate::columns::{corrupt, unsigned};
use crate::{Store, StoreError};
use fold::{Fold, Progress};
use insert::Statements;

/// Writes events into the store. One at a time for each store; a second one is recognised by the cursor that it moved.
#[derive(Debug)]
pub struct Sink {
    store: Store,
    fold: Fold,
    statements: Statements,
    /// How far the tables are for certain. While a batch is under way the fold is ahead of it, and after a failure it stays
    /// ahead until it is resumed.
    applied: Cursor,
}

impl Sink {
    /// Resumes at the stored cursor: reads the instruments and the open orders.
    pub async fn open(store: Store) -> Result<Self, StoreError> {
        let fold = resume(&store).await?;
        let statements = Statements::new(store.backend());
        let applied = fold.cursor;
        Ok(Self { store, fold, statements, applied })
    }

    /// How far the tables are, as far as this sink knows.
    pub const fn cursor(&self) -> Cursor {
        self.applied
    }

    /// Applies events in their order, whole commands each. Those at or below the cursor are passed over; the first above
    /// must follow it ([`StoreError::Gap`] otherwise). After an error nothing has been applied and the call may be
    /// repeated with the events after [`Sink::cursor`].
    pub async fn apply(&mut self, events: &[EventRecord]) -> Result<Cursor, StoreError> {
        if self.fold.cursor != self.applied {
            // The call before did not come to its end: what it did is in the tables or is not.
            self.fold = resume(&self.store).await?;
            self.applied = self.fold.cursor;
        }
        if events.last().is_none_or(|last| last.seq <= self.applied.seq) {
            return Ok(self.applied);
        }
        let batch = self.fold.fold(events)?;
        let mut tx = self.store.begin().await?;
        write::write(&mut tx, &mut self.statements, &batch, self.applied, self.fold.cursor).await?;
        cx_failpoint::pass(Point::SqlUncommitted);
        tx.commit().await?;
        cx_failpoint::pass(Point::SqlCommitted);
        self.applied = self.fold.cursor;
        Ok(self.applied)
    }
}

impl Store {
    /// How far the sink has come.
    pub async fn sink_cursor(&self) -> Result<Cursor, StoreError> {
        read_cursor(self.pool()).await
    }
}

pub(crate) async fn read_cursor<'e>(from: impl Executor<'e, Database = Any>) -> Result<Cursor, StoreError> {
    let row = sqlx::query("SELECT seq, time_ns, events, orders, trades FROM sink_cursor WHERE id = 1")
        .fetch_one(from)
        .await?;
    let number = |column| unsigned(&row, "sink_cursor", column);
    Ok(Cursor {
        seq: Seq::new(number("seq")?),
        time: Timestamp::from_nanos(number("time_ns")?),
        events: number("events")?,
        orders: number("orders")?,
        trades: number("trades")?,
    })
}

async fn resume(store: &Store) -> Result<Fold, StoreError> {
    let cursor = store.sink_cursor().await?;
    let instruments = sqlx::query(
        "SELECT id, symbol, base_asset, quote_asset, tick_value, price_max, maker_fee_ppm, taker_fee_ppm FROM instruments",
    )
    .fetch_all(store.pool())
    .await?;
    let instruments = instruments.iter().map(instrument).collect::<Result<Vec<_>, _>>()?;
    let open = sqlx::query(
        "SELECT seq, handle, price, stop_price, quantity, quote_quantity, filled, notional, fees, updated_ns FROM orders \
         WHERE closed_ns IS NULL",
    )
    .fetch_all(store.pool())
    .await?;
    let open = open.iter().map(open_order).collect::<Result<Vec<_>, _>>()?;
    Ok(Fold::resume(cursor, instruments, open))
}

fn instrument(row: &AnyRow) -> Result<InstrumentListed, StoreError> {
    const TABLE: &str = "instruments";
    let number = |column| unsigned::<u32>(row, TABLE, column);
    let rate = |column| {
        let ppm = i32::try_from(row.try_get::<i64, _>(column)?).ok().and_then(FeeRate::from_ppm);
        ppm.ok_or_else(|| corrupt(TABLE, column, "beyond 10%"))
    };
    Ok(InstrumentListed {
        instrument: InstrumentId::new(number("id")?),
        base: AssetId::new(number("base_asset")?),
        quote: AssetId::new(number("quote_asset")?),
        tick_value: row.try_get("tick_value")?,
        price_max: Price::from_ticks(row.try_get("price_max")?),
        maker_fee: rate("maker_fee_ppm")?,
        taker_fee: rate("taker_fee_ppm")?,
        symbol: Symbol::new(row.try_get("symbol")?).map_err(|error| corrupt(TABLE, "symbol", error))?,
    })
}

#[allow(clippy::cast_sign_loss)] // the handle is a pattern of bits
fn open_order(row: &AnyRow) -> Result<(OrderId, Progress), StoreError> {
    let progress = Progress {
        seq: row.try_get("seq")?,
        price: row.try_get("price")?,
        stop_price: row.try_get("stop_price")?,
        quantity: row.try_get("quantity")?,
        by_cash: row.try_get::<i64, _>("quote_quantity")? != 0,
        filled: row.try_get("filled")?,
        notional: row.try_get("notional")?,
        fees: row.try_get("fees")?,
        cancelled: None,
        updated: Timestamp::from_nanos(unsigned(row, "orders", "updated_ns")?),
    };
    Ok((OrderId::new(row.try_get::<i64, _>("handle")? as u64), progress))
}
