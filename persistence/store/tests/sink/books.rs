//! What the tables must hold, kept by hand from the events alone: one entry for each order.

use std::collections::BTreeMap;

use cx_engine::event::{OrderAccepted, OrderRejected};
use cx_engine::ids::{OrderId, TradeId};
use cx_engine::reject::CancelReason;
use cx_engine::units::{Amount, Price, TriggerTerms};
use cx_engine::{Event, EventRecord};

/// An order's row, cell by cell, as `SELECT` of [`COLUMNS`] gives it.
#[derive(Clone, Debug)]
pub struct Row {
    handle: Option<i64>,
    account: u32,
    instrument: u32,
    kind: &'static str,
    time_in_force: &'static str,
    display: u32,
    expires: u64,
    price: Option<i64>,
    stop_price: Option<i64>,
    triggered: bool,
    quantity: i128,
    quote_quantity: i64,
    filled: i128,
    notional: i128,
    fees: i128,
    status: &'static str,
    reason: &'static str,
    updated: u64,
}

pub const COLUMNS: &str = "seq, handle, account, instrument, kind, time_in_force, display, expires_ns, price, stop_price, \
    triggered, quantity, quote_quantity, filled, notional, fees, status, COALESCE(reject_reason, cancel_reason), updated_ns";

impl Row {
    fn accepted(record: &EventRecord, it: &OrderAccepted) -> Self {
        Self {
            handle: Some(it.order.get().cast_signed()),
            account: it.account.get(),
            instrument: it.instrument.get(),
            kind: it.kind.code(),
            time_in_force: it.time_in_force.code(),
            display: it.display.lots(),
            expires: it.expires.nanos(),
            price: it.kind.is_limited().then_some(it.price.ticks()),
            stop_price: None,
            triggered: false,
            quantity: it.quantity.lots().into(),
            quote_quantity: it.quote_quantity.minor(),
            filled: 0,
            notional: 0,
            fees: 0,
            status: "open",
            reason: "-",
            updated: record.time.nanos(),
        }
    }

    fn rejected(record: &EventRecord, it: &OrderRejected) -> Self {
        Self {
            handle: None,
            account: it.account.get(),
            instrument: it.instrument.get(),
            kind: it.kind.code(),
            time_in_force: it.time_in_force.code(),
            display: 0,
            expires: 0,
            price: it.kind.is_limited().then_some(it.price.ticks()),
            stop_price: match it.trigger.terms() {
                Some(TriggerTerms::At(price)) => Some(price.ticks()),
                _ => None,
            },
            triggered: false,
            quantity: i128::from(it.quantity.lots()).min(i128::from(i64::MAX)),
            quote_quantity: it.quote_quantity.minor(),
            filled: 0,
            notional: 0,
            fees: 0,
            status: "rejected",
            reason: it.reason.code(),
            updated: record.time.nanos(),
        }
    }

    fn text(&self, seq: u64) -> String {
        let cell = |value: Option<i64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let status = match self.status {
            "open" if self.filled == self.quantity && self.quote_quantity == 0 => "filled",
            "open" if self.filled > 0 => "partially_filled",
            status => status,
        };
        [
            seq.to_string(),
            cell(self.handle),
            self.account.to_string(),
            self.instrument.to_string(),
            self.kind.to_owned(),
            self.time_in_force.to_owned(),
            self.display.to_string(),
            self.expires.cast_signed().to_string(),
            cell(self.price),
            cell(self.stop_price),
            i64::from(self.triggered).to_string(),
            self.quantity.to_string(),
            self.quote_quantity.to_string(),
            self.filled.to_string(),
            self.notional.min(i128::from(i64::MAX)).to_string(),
            self.fees.to_string(),
            status.to_owned(),
            self.reason.to_owned(),
            self.updated.to_string(),
        ]
        .join("|")
    }
}

/// All orders and what became of trades.
#[derive(Default)]
pub struct Books {
    /// By the command that placed them.
    orders: BTreeMap<u64, Row>,
    open: BTreeMap<OrderId, u64>,
    tick_values: Vec<i64>,
    trades: BTreeMap<TradeId, String>,
    busts: Vec<String>,
}

impl Books {
    pub fn of(events: &[EventRecord]) -> Self {
        let mut books = Self::default();
        for record in events {
            books.take(record);
        }
        books
    }

    /// Every order's row.
    pub fn rows(&self) -> Vec<String> {
        self.orders.iter().map(|(&seq, row)| row.text(seq)).collect()
    }

    /// Every trade with its two orders and fees, and whether an auction made it.
    pub fn trades(&self) -> Vec<String> {
        self.trades.values().cloned().collect()
    }

    /// Every reversal, by trade.
    pub fn busts(&self) -> Vec<String> {
        let mut busts = self.busts.clone();
        busts.sort_by_key(|bust| bust.split('|').next().unwrap().parse::<u64>().unwrap());
        busts
    }

    fn take(&mut self, record: &EventRecord) {
        let (seq, index, now) = (record.seq.get(), record.index, record.time.nanos());
        match &record.event {
            Event::InstrumentListed(it) => self.tick_values.push(it.tick_value),
            Event::OrderAccepted(it) => {
                self.orders.insert(seq, Row::accepted(record, it));
                self.open.insert(it.order, seq);
            }
            Event::OrderRejected(it) => _ = self.orders.insert(seq, Row::rejected(record, it)),
            Event::StopArmed(it) => self.row(it.order, now).stop_price = Some(it.stop_price.ticks()),
            Event::StopMoved(it) => self.row(it.order, now).stop_price = Some(it.stop_price.ticks()),
            Event::OrderTriggered(it) => {
                let row = self.row(it.order, now);
                (row.stop_price, row.triggered) = (Some(it.stop_price.ticks()), true);
            }
            Event::OrderReduced(it) => self.row(it.order, now).quantity -= i128::from(it.by.lots()),
            Event::OrderAmended(it) => {
                let row = self.row(it.order, now);
                row.quantity = it.quantity.lots().into();
                if it.price != Price::NONE {
                    row.price = Some(it.price.ticks());
                }
            }
            Event::OrderCancelled(it) => {
                let row = self.row(it.order, now);
                row.reason = it.reason.code();
                row.status = match it.reason {
                    CancelReason::Expired => "expired",
                    CancelReason::CashSpent if row.filled > 0 => "filled",
                    _ => "cancelled",
                };
            }
            Event::Trade(it) => {
                let worth = i128::from(it.price.ticks())
                    * i128::from(it.quantity.lots())
                    * i128::from(self.tick_values[it.instrument.get() as usize]);
                for (order, fee) in [(it.maker_order, it.maker_fee), (it.taker_order, it.taker_fee)] {
                    let row = self.row(order, now);
                    row.filled += i128::from(it.quantity.lots());
                    row.notional += worth;
                    row.fees += i128::from(fee);
                    if row.quote_quantity != Amount::ZERO.minor() {
                        row.quantity = row.filled;
                    }
                }
                let orders = [it.maker_order, it.taker_order].map(|order| self.open[&order]);
                let cells = [
                    it.trade.get().to_string(),
                    i64::from(it.auction).to_string(),
                    it.quantity.lots().to_string(),
                    worth.to_string(),
                    orders[0].to_string(),
                    orders[1].to_string(),
                    it.maker_fee.to_string(),
                    it.taker_fee.to_string(),
                ];
                self.trades.insert(it.trade, cells.join("|"));
            }
            Event::TradeBusted(it) => self.busts.push(format!("{}|{seq}|{index}|{now}", it.trade.get())),
            _ => {}
        }
    }

    fn row(&mut self, order: OrderId, now: u64) -> &mut Row {
        let row = self.orders.get_mut(&self.open[&order]).unwrap();
        row.updated = now;
        row
    }
}
