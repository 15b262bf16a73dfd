//! What the store must hold: a fold of the journal's events up to the sink's cursor, and of what lies beyond it.

use std::collections::HashMap;

use cx_engine::event::InstrumentListed;
use cx_engine::ids::{AssetId, InstrumentId, OrderId, Seq};
use cx_engine::{Event, EventRecord, money};
use cx_store::history::{OrderTotals, TradeTotals};
use cx_store::ledger::{LedgerAccount, Posting, postings};
use cx_store::sink::{Cursor, is_control};

/// The journal's side of a reconciliation. Show it every event from the first on, in order.
#[derive(Debug, Default)]
pub struct Expectation {
    cursor: Cursor,
    /// The first event seen.
    pub(crate) first: Option<Seq>,
    /// The last event seen.
    pub(crate) tip: Seq,
    /// Events up to the cursor.
    pub(crate) events: u64,
    pub(crate) orders: OrderTotals,
    pub(crate) trades: TradeTotals,
    /// Decisions of the venue's staff, and of its rules.
    pub(crate) controls: u64,
    /// Events that no exchange makes, such as a trade of an instrument that was never listed.
    pub(crate) impossible: u64,
    /// What moves after the cursor: the exchange's balances are the stored ones plus this.
    pub(crate) later: HashMap<(LedgerAccount, AssetId), i128>,
    instruments: HashMap<InstrumentId, InstrumentListed>,
    /// Lots of each order that is open at the cursor.
    open: HashMap<OrderId, i128>,
    lines: Vec<Posting>,
}

impl Expectation {
    /// An expectation of the tables as they are at `cursor` (`Store::sink_cursor`).
    pub fn at(cursor: Cursor) -> Self {
        Self { cursor, ..Self::default() }
    }

    /// The cursor that it was made for.
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Takes the next event in.
    pub fn observe(&mut self, record: &EventRecord) {
        self.first.get_or_insert(record.seq);
        self.tip = record.seq;
        if let Event::InstrumentListed(listed) = &record.event {
            self.instruments.insert(listed.instrument, *listed);
        }
        if record.seq > self.cursor.seq {
            self.observe_later(&record.event);
            return;
        }
        self.events += 1;
        self.controls += u64::from(is_control(record));
        match &record.event {
            Event::OrderAccepted(accepted) => {
                self.orders.count += 1;
                self.open.insert(accepted.order, accepted.quantity.lots().into());
            }
            Event::OrderRejected(_) => {
                self.orders.count += 1;
                self.orders.rejected += 1;
            }
            Event::OrderCancelled(cancelled) => {
                self.open.remove(&cancelled.order);
            }
            Event::OrderReduced(reduced) => {
                self.open.insert(reduced.order, reduced.leaves.lots().into());
            }
            Event::OrderAmended(amended) => {
                self.open.insert(amended.order, amended.leaves.lots().into());
            }
            Event::Trade(trade) => self.observe_trade(trade),
            // Trades and orders stay as they were made; the ledger takes back what had moved.
            Event::TradeBusted(busted) => {
                self.trades.busted += 1;
                self.trades.busted_quantity += i128::from(busted.quantity.lots());
            }
            _ => {}
        }
    }

    fn observe_trade(&mut self, trade: &cx_engine::event::Trade) {
        for (order, leaves) in [(trade.maker_order, trade.maker_leaves), (trade.taker_order, trade.taker_leaves)] {
            if leaves.is_zero() {
                self.open.remove(&order);
            } else {
                self.open.insert(order, leaves.lots().into());
            }
        }
        let tick_value = self.instruments.get(&trade.instrument).map(|listed| listed.tick_value);
        let worth = tick_value.and_then(|tick_value| money::notional(trade.price, trade.quantity, tick_value));
        let Some(worth) = worth else {
            self.impossible += 1;
            return;
        };
        let fees = i128::from(trade.maker_fee) + i128::from(trade.taker_fee);
        let lots = i128::from(trade.quantity.lots());
        self.trades.count += 1;
        self.trades.quantity += lots;
        self.trades.notional += i128::from(worth.minor());
        self.trades.fees += fees;
        // Orders count each trade on both sides.
        self.orders.filled += 2 * lots;
        self.orders.notional += 2 * i128::from(worth.minor());
        self.orders.fees += fees;
    }

    fn observe_later(&mut self, event: &Event) {
        self.lines.clear();
        if !postings(event, |instrument| self.instruments.get(&instrument), &mut self.lines) {
            self.impossible += 1;
        }
        for line in &self.lines {
            *self.later.entry((line.account, line.asset)).or_default() += i128::from(line.amount);
        }
    }

    /// The orders' totals with what is open.
    pub(crate) fn order_totals(&self) -> OrderTotals {
        OrderTotals { open: self.open.len() as u64, leaves: self.open.values().sum(), ..self.orders }
    }
}
