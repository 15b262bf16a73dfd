//! A batch's rows and the cursor, in one transaction.

use sqlx::AnyConnection;

use super::control::ControlRow;
use super::fold::{Batch, BustRow, Cursor, PostingRow, Progress, Settlement, Terms, TradeRow, key};
use super::insert::{Bulk, Statements};
use crate::StoreError;

const ASSETS: Bulk =
    Bulk { head: "INSERT INTO assets (id, code, class, scale, seq, time_ns) VALUES ", columns: 6, tail: "" };

const INSTRUMENTS: Bulk = Bulk {
    head: "INSERT INTO instruments (id, symbol, base_asset, quote_asset, tick_value, price_max, maker_fee_ppm, \
           taker_fee_ppm, seq, time_ns) VALUES ",
    columns: 10,
    tail: "",
};

const PERMISSIONS: Bulk =
    Bulk { head: "INSERT INTO permissions (seq, account, trade, withdraw, time_ns) VALUES ", columns: 5, tail: "" };

const ORDERS: Bulk = Bulk {
    head: "INSERT INTO orders (seq, handle, account, instrument, side, kind, time_in_force, post_only, self_trade, \
           display, expires_ns, price, stop_price, triggered, quantity, quote_quantity, filled, notional, fees, status, \
           client_order_id, reject_reason, cancel_reason, created_ns, updated_ns, closed_ns) VALUES ",
    columns: 26,
    tail: "",
};

/// Both databases name the columns of VALUES column1, column2 and so on.
const ORDER_CHANGES: Bulk = Bulk {
    head: "UPDATE orders SET price = v.column2, quantity = v.column3, filled = v.column4, notional = v.column5, \
           fees = v.column6, status = v.column7, cancel_reason = v.column8, updated_ns = v.column9, \
           closed_ns = v.column10, stop_price = v.column11, triggered = v.column12 FROM (VALUES ",
    columns: 12,
    tail: ") AS v WHERE orders.seq = v.column1",
};

const TRADES: Bulk = Bulk {
    head: "INSERT INTO trades (id, seq, idx, instrument, taker_side, auction, price, quantity, tick_value, notional, \
           maker_order, taker_order, maker_account, taker_account, maker_fee, taker_fee, time_ns) VALUES ",
    columns: 17,
    tail: "",
};

const BUSTS: Bulk = Bulk { head: "INSERT INTO busts (trade, seq, idx, time_ns) VALUES ", columns: 4, tail: "" };

const CONTROLS: Bulk = Bulk {
    head: "INSERT INTO control_events (seq, idx, kind, account, instrument, fields, time_ns) VALUES ",
    columns: 7,
    tail: "",
};

const POSTINGS: Bulk = Bulk {
    head: "INSERT INTO postings (seq, idx, line, account, asset, amount, kind, time_ns) VALUES ",
    columns: 8,
    tail: "",
};

/// An unsigned number as BIGINT keeps it; used where the value is known to fit or is an opaque pattern of bits.
#[allow(clippy::cast_possible_wrap)] // handles are opaque; times fit until the year 2262
const fn bits(value: u64) -> i64 {
    value as i64
}

/// Writes the batch and moves the cursor from `from` to `to`; answers [`StoreError::Gap`] when it stands elsewhere.
pub(super) async fn write(
    connection: &mut AnyConnection,
    statements: &mut Statements,
    batch: &Batch,
    from: Cursor,
    to: Cursor,
) -> Result<(), StoreError> {
    definitions(connection, statements, batch).await?;
    statements
        .run(connection, &ORDERS, &batch.new_orders, |query, (terms, progress)| new_order(query, terms, progress))
        .await?;
    let changed = statements.run(connection, &ORDER_CHANGES, &batch.changed_orders, order_change).await?;
    if changed != batch.changed_orders.len() as u64 {
        let what = "an open order has no row";
        return Err(StoreError::Contradiction { seq: to.seq.get(), index: 0, what });
    }
    statements.run(connection, &TRADES, &batch.trades, trade).await?;
    statements.run(connection, &BUSTS, &batch.busts, bust).await?;
    statements.run(connection, &CONTROLS, &batch.controls, control).await?;
    statements.run(connection, &POSTINGS, &batch.postings, posting).await?;
    for settlement in &batch.settlements {
        settle(connection, settlement).await?;
    }
    let moved = sqlx::query(
        "UPDATE sink_cursor SET seq = $1, time_ns = $2, events = $3, orders = $4, trades = $5 WHERE id = 1 AND seq = $6",
    )
    .bind(key(to.seq)?)
    .bind(bits(to.time.nanos()))
    .bind(bits(to.events))
    .bind(bits(to.orders))
    .bind(bits(to.trades))
    .bind(key(from.seq)?)
    .execute(connection)
    .await?;
    if moved.rows_affected() != 1 {
        return Err(StoreError::Gap { cursor: from.seq.get(), first: from.seq.get() });
    }
    Ok(())
}

async fn definitions(
    connection: &mut AnyConnection,
    statements: &mut Statements,
    batch: &Batch,
) -> Result<(), StoreError> {
    statements
        .run(connection, &ASSETS, &batch.assets, |query, (seq, time, added)| {
            query
                .bind(i64::from(added.asset.get()))
                .bind(added.code.as_str().to_owned())
                .bind(added.class.code())
                .bind(i64::from(added.scale))
                .bind(bits(seq.get()))
                .bind(bits(time.nanos()))
        })
        .await?;
    statements
        .run(connection, &INSTRUMENTS, &batch.instruments, |query, (seq, time, listed)| {
            query
                .bind(i64::from(listed.instrument.get()))
                .bind(listed.symbol.as_str().to_owned())
                .bind(i64::from(listed.base.get()))
                .bind(i64::from(listed.quote.get()))
                .bind(listed.tick_value)
                .bind(listed.price_max.ticks())
                .bind(i64::from(listed.maker_fee.ppm()))
                .bind(i64::from(listed.taker_fee.ppm()))
                .bind(bits(seq.get()))
                .bind(bits(time.nanos()))
        })
        .await?;
    statements
        .run(connection, &PERMISSIONS, &batch.permissions, |query, (seq, time, set)| {
            query
                .bind(bits(seq.get()))
                .bind(i64::from(set.account.get()))
                .bind(i64::from(set.permissions.trade))
                .bind(i64::from(set.permissions.withdraw))
                .bind(bits(time.nanos()))
        })
        .await?;
    Ok(())
}

fn new_order(query: super::insert::Bound, terms: &Terms, progress: &Progress) -> super::insert::Bound {
    let order = &terms.order;
    let closed = terms.rejected.is_some() || progress.is_closed();
    query
        .bind(progress.seq)
        .bind(terms.handle.map(|handle| bits(handle.get())))
        .bind(i64::from(order.account.get()))
        .bind(i64::from(order.instrument.get()))
        .bind(order.side.code())
        .bind(order.kind.code())
        .bind(order.time_in_force.code())
        .bind(i64::from(order.post_only))
        .bind(order.self_trade.code())
        .bind(i64::from(order.display.lots()))
        .bind(bits(order.expires.nanos()))
        .bind(progress.price)
        .bind(progress.stop_price)
        .bind(i64::from(progress.triggered))
        .bind(progress.quantity)
        .bind(order.quote_quantity.minor())
        .bind(progress.filled)
        .bind(progress.notional)
        .bind(progress.fees)
        .bind(if terms.rejected.is_some() { "rejected" } else { progress.status() })
        .bind(order.client_order_id.map(|id| id.as_str().to_owned()))
        .bind(terms.rejected.map(cx_engine::reject::Reject::code))
        .bind(progress.cancelled.map(cx_engine::reject::CancelReason::code))
        .bind(bits(terms.created.nanos()))
        .bind(bits(progress.updated.nanos()))
        .bind(closed.then_some(bits(progress.updated.nanos())))
}

fn order_change(query: super::insert::Bound, progress: &Progress) -> super::insert::Bound {
    query
        .bind(progress.seq)
        .bind(progress.price)
        .bind(progress.quantity)
        .bind(progress.filled)
        .bind(progress.notional)
        .bind(progress.fees)
        .bind(progress.status())
        .bind(progress.cancelled.map(cx_engine::reject::CancelReason::code))
        .bind(bits(progress.updated.nanos()))
        .bind(progress.is_closed().then_some(bits(progress.updated.nanos())))
        .bind(progress.stop_price)
        .bind(i64::from(progress.triggered))
}

fn trade(query: super::insert::Bound, row: &TradeRow) -> super::insert::Bound {
    let trade = &row.trade;
    query
        .bind(bits(trade.trade.get()))
        .bind(bits(row.seq.get()))
        .bind(i64::from(row.index))
        .bind(i64::from(trade.instrument.get()))
        .bind(trade.taker_side.code())
        .bind(i64::from(trade.auction))
        .bind(trade.price.ticks())
        .bind(bits(trade.quantity.lots()))
        .bind(row.tick_value)
        .bind(row.notional)
        .bind(row.maker_seq)
        .bind(row.taker_seq)
        .bind(i64::from(trade.maker_account.get()))
        .bind(i64::from(trade.taker_account.get()))
        .bind(trade.maker_fee)
        .bind(trade.taker_fee)
        .bind(bits(row.time.nanos()))
}

fn bust(query: super::insert::Bound, row: &BustRow) -> super::insert::Bound {
    query.bind(bits(row.trade.get())).bind(bits(row.seq.get())).bind(i64::from(row.index)).bind(bits(row.time.nanos()))
}

fn control(query: super::insert::Bound, row: &ControlRow) -> super::insert::Bound {
    query
        .bind(bits(row.seq.get()))
        .bind(i64::from(row.index))
        .bind(row.kind)
        .bind(row.account.map(|account| i64::from(account.get())))
        .bind(row.instrument.map(|instrument| i64::from(instrument.get())))
        .bind(row.fields.clone())
        .bind(bits(row.time.nanos()))
}

fn posting(query: super::insert::Bound, row: &PostingRow) -> super::insert::Bound {
    query
        .bind(bits(row.seq.get()))
        .bind(i64::from(row.index))
        .bind(i64::from(row.line))
        .bind(row.posting.account.get())
        .bind(i64::from(row.posting.asset.get()))
        .bind(row.posting.amount)
        .bind(row.posting.kind.code())
        .bind(bits(row.time.nanos()))
}

/// Ends a wallet request. A movement that took effect wins over a refusal of an earlier attempt.
async fn settle(connection: &mut AnyConnection, settlement: &Settlement) -> Result<(), StoreError> {
    let micros = bits(settlement.time.nanos() / 1_000);
    let done = if let Some(reason) = settlement.refused {
        sqlx::query(
            "UPDATE transactions SET status = 'failed', reason = $1, seq = $2, updated_at = $3 \
             WHERE id = $4 AND type = $5 AND status IN ('pending', 'processing')",
        )
        .bind(reason.code())
        .bind(bits(settlement.seq.get()))
        .bind(micros)
        .bind(settlement.transaction)
        .bind(settlement.kind)
        .execute(connection)
        .await?
    } else {
        sqlx::query(
            "UPDATE transactions SET status = 'completed', reason = NULL, seq = $1, updated_at = $2 \
             WHERE id = $3 AND type = $4 AND status <> 'completed'",
        )
        .bind(bits(settlement.seq.get()))
        .bind(micros)
        .bind(settlement.transaction)
        .bind(settlement.kind)
        .execute(connection)
        .await?
    };
    if done.rows_affected() == 0 {
        tracing::warn!(
            transaction = settlement.transaction,
            kind = settlement.kind,
            "a movement names no open wallet request"
        );
    }
    Ok(())
}
