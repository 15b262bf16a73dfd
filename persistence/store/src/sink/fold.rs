//! From events to rows: a pure fold. It knows the open orders and the instruments, and turns a run of events into one
//! [`Batch`] in which every order appears once, however often it changed.

use std::collections::HashMap;

use cx_engine::command::{CommandKind, NewOrder};
use cx_engine::event::{
    AssetAdded, InstrumentListed, OrderAccepted, OrderAmended, OrderCancelled, OrderReduced, OrderRejected,
    PermissionsSet, Trade,
};
use cx_engine::ids::{InstrumentId, OrderId, Seq, TradeId};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, Price, Quantity, Timestamp, TriggerTerms};
use cx_engine::{Event, EventRecord, money};

use super::control::{ControlRow, control_row};
use crate::StoreError;
use crate::ledger::{Posting, postings};

/// How far the sink has come, and how much it has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The last command whose events are in the tables.
    pub seq: Seq,
    /// Its engine time.
    pub time: Timestamp,
    /// Events applied since the beginning.
    pub events: u64,
    /// Orders written since the beginning, refused ones included.
    pub orders: u64,
    /// Trades written since the beginning.
    pub trades: u64,
}

/// What changes of an order while it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    pub seq: i64,
    pub price: Option<i64>,
    /// Where a stop goes off, or went off.
    pub stop_price: Option<i64>,
    /// Whether it was a stop and went off.
    pub triggered: bool,
    /// What it is for in all; of an order by cash what it has bought.
    pub quantity: i64,
    /// A market buy by cash: it ends by a cancellation.
    pub by_cash: bool,
    pub filled: i64,
    pub notional: i64,
    pub fees: i64,
    pub cancelled: Option<CancelReason>,
    pub updated: Timestamp,
}

impl Progress {
    pub(super) const fn is_closed(&self) -> bool {
        self.cancelled.is_some() || (self.filled == self.quantity && !self.by_cash)
    }

    pub(super) const fn status(&self) -> &'static str {
        match (self.cancelled, self.filled) {
            (Some(CancelReason::Expired), _) => "expired",
            (Some(CancelReason::CashSpent), 1..) => "filled",
            (Some(_), _) => "cancelled",
            (None, filled) if filled == self.quantity && !self.by_cash => "filled",
            (None, 0) => "open",
            (None, _) => "partially_filled",
        }
    }
}

/// What stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    pub handle: Option<OrderId>,
    pub order: NewOrder,
    pub rejected: Option<Reject>,
    pub created: Timestamp,
}

/// A trade with what its row needs beyond the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TradeRow {
    pub seq: Seq,
    pub index: u32,
    pub time: Timestamp,
    pub trade: Trade,
    pub tick_value: i64,
    pub notional: i64,
    pub maker_seq: i64,
    pub taker_seq: i64,
}

/// A trade that was reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BustRow {
    pub trade: TradeId,
    pub seq: Seq,
    pub index: u32,
    pub time: Timestamp,
}

/// A ledger line with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PostingRow {
    pub seq: Seq,
    pub index: u32,
    pub line: u32,
    pub time: Timestamp,
    pub posting: Posting,
}

/// What the core answered to a wallet request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settlement {
    pub transaction: i64,
    pub kind: &'static str,
    pub seq: Seq,
    pub time: Timestamp,
    pub refused: Option<Reject>,
}

/// The rows of a run of events.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub assets: Vec<(Seq, Timestamp, AssetAdded)>,
    pub instruments: Vec<(Seq, Timestamp, InstrumentListed)>,
    pub permissions: Vec<(Seq, Timestamp, PermissionsSet)>,
    pub new_orders: Vec<(Terms, Progress)>,
    pub changed_orders: Vec<Progress>,
    pub trades: Vec<TradeRow>,
    pub busts: Vec<BustRow>,
    pub controls: Vec<ControlRow>,
    pub postings: Vec<PostingRow>,
    pub settlements: Vec<Settlement>,
}

/// Which row of a batch an order has.
#[derive(Debug, Clone, Copy)]
enum Place {
    New(usize),
    Changed(usize),
}

/// An open order.
#[derive(Debug, Clone, Copy)]
struct Live {
    progress: Progress,
    /// The batch that it was last written in, and where; `None` since the fold resumed.
    written: Option<(u64, Place)>,
}

/// The fold's memory between batches.
#[derive(Debug, Default)]
pub(super) struct Fold {
    pub cursor: Cursor,
    instruments: HashMap<InstrumentId, InstrumentListed>,
    open: HashMap<OrderId, Live>,
    batch: u64,
    lines: Vec<Posting>,
}

impl Fold {
    /// A fold that goes on from stored rows.
    pub(super) fn resume(
        cursor: Cursor,
        instruments: impl IntoIterator<Item = InstrumentListed>,
        open: impl IntoIterator<Item = (OrderId, Progress)>,
    ) -> Self {
        let open = open.into_iter();
        Self {
            cursor,
            instruments: instruments.into_iter().map(|listed| (listed.instrument, listed)).collect(),
            open: open.map(|(order, progress)| (order, Live { progress, written: None })).collect(),
            ..Self::default()
        }
    }

    /// Folds `events`; those at or below the cursor are passed over. After an error the fold is spent: resume a new one
    /// from the stored rows.
    pub(super) fn fold(&mut self, events: &[EventRecord]) -> Result<Batch, StoreError> {
        self.batch += 1;
        let mut batch = Batch::default();
        let start = self.cursor.seq;
        let mut expected_index = 0;
        for record in events.iter().filter(|record| record.seq > start) {
            if record.seq == self.cursor.seq.next() {
                expected_index = 0;
                self.cursor.seq = record.seq;
            }
            if record.seq != self.cursor.seq || record.index != expected_index {
                return Err(StoreError::Gap { cursor: self.cursor.seq.get(), first: record.seq.get() });
            }
            expected_index += 1;
            self.cursor.time = record.time;
            self.cursor.events += 1;
            self.event(record, &mut batch)?;
        }
        self.cursor.orders += batch.new_orders.len() as u64;
        self.cursor.trades += batch.trades.len() as u64;
        Ok(batch)
    }

    fn event(&mut self, record: &EventRecord, batch: &mut Batch) -> Result<(), StoreError> {
        let (seq, time) = (record.seq, record.time);
        match &record.event {
            Event::AssetAdded(added) => batch.assets.push((seq, time, *added)),
            Event::InstrumentListed(listed) => {
                self.instruments.insert(listed.instrument, *listed);
                batch.instruments.push((seq, time, *listed));
            }
            Event::PermissionsSet(set) => batch.permissions.push((seq, time, *set)),
            Event::Deposited(_) | Event::Withdrawn(_) | Event::Issued(_) | Event::Retired(_) => {
                self.post(record, batch)?;
                batch.settlements.extend(settled(record));
            }
            Event::OrderAccepted(accepted) => self.accepted(record, accepted, batch)?,
            Event::OrderRejected(rejected) => batch.new_orders.push(refused_order(record, rejected)?),
            Event::Trade(trade) => self.trade(record, trade, batch)?,
            Event::OrderCancelled(cancelled) => self.cancelled(record, cancelled, batch)?,
            Event::OrderAmended(amended) => self.amended(record, amended, batch)?,
            Event::CommandRejected(_) => batch.settlements.extend(settled(record)),
            Event::OrderReduced(reduced) => self.reduced(record, reduced, batch)?,
            Event::StopArmed(armed) => self.stop_at(record, armed.order, armed.stop_price, false, batch)?,
            Event::StopMoved(moved) => self.stop_at(record, moved.order, moved.stop_price, false, batch)?,
            Event::OrderTriggered(gone) => self.stop_at(record, gone.order, gone.stop_price, true, batch)?,
            Event::TradeBusted(busted) => {
                let (seq, index) = (record.seq, record.index);
                batch.busts.push(BustRow { trade: busted.trade, seq, index, time });
                self.post(record, batch)?;
            }
            // What an order holds and shows is no column.
            _ => {}
        }
        batch.controls.extend(control_row(record));
        Ok(())
    }

    fn accepted(
        &mut self,
        record: &EventRecord,
        accepted: &OrderAccepted,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let order = NewOrder {
            kind: accepted.kind,
            time_in_force: accepted.time_in_force,
            post_only: accepted.post_only,
            client_order_id: accepted.client_order_id,
            self_trade: accepted.self_trade,
            display: accepted.display,
            expires: accepted.expires,
            quote_quantity: accepted.quote_quantity,
            ..NewOrder::limit(accepted.account, accepted.instrument, accepted.side, accepted.price, accepted.quantity)
        };
        let progress = first_progress(record, &order)?;
        let terms = Terms { handle: Some(accepted.order), order, rejected: None, created: record.time };
        let place = Place::New(batch.new_orders.len());
        batch.new_orders.push((terms, progress));
        let live = Live { progress, written: Some((self.batch, place)) };
        match self.open.insert(accepted.order, live) {
            None => Ok(()),
            Some(_) => Err(contradiction(record, "a handle is given twice")),
        }
    }

    fn trade(&mut self, record: &EventRecord, trade: &Trade, batch: &mut Batch) -> Result<(), StoreError> {
        let listed = self.instruments.get(&trade.instrument);
        let tick_value = listed.ok_or_else(|| contradiction(record, "a trade of an unknown instrument"))?.tick_value;
        let notional = money::notional(trade.price, trade.quantity, tick_value)
            .ok_or_else(|| contradiction(record, "a trade worth more than a balance"))?
            .minor();
        let lots = lots(record, trade.quantity)?;
        let mut fill = |order, leaves: Quantity, fee| {
            self.change(record, order, batch, |progress| {
                progress.filled += lots;
                if progress.by_cash {
                    progress.quantity = progress.filled;
                }
                // One order's fills can be worth more than a balance holds when the same cash comes round again and again: the
                // column then says the most that it can, and the ledger has every line.
                progress.notional = progress.notional.saturating_add(notional);
                progress.fees = progress.fees.saturating_add(fee);
                u64::try_from(progress.quantity - progress.filled) == Ok(leaves.lots())
            })
        };
        let maker_seq = fill(trade.maker_order, trade.maker_leaves, trade.maker_fee)?;
        let taker_seq = fill(trade.taker_order, trade.taker_leaves, trade.taker_fee)?;
        batch.trades.push(TradeRow {
            seq: record.seq,
            index: record.index,
            time: record.time,
            trade: *trade,
            tick_value,
            notional,
            maker_seq,
            taker_seq,
        });
        self.post(record, batch)
    }

    fn cancelled(
        &mut self,
        record: &EventRecord,
        cancelled: &OrderCancelled,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        self.change(record, cancelled.order, batch, |progress| {
            progress.cancelled = Some(cancelled.reason);
            u64::try_from(progress.quantity - progress.filled) == Ok(cancelled.leaves.lots())
        })?;
        Ok(())
    }

    fn amended(&mut self, record: &EventRecord, amended: &OrderAmended, batch: &mut Batch) -> Result<(), StoreError> {
        let quantity = lots(record, amended.quantity)?;
        self.change(record, amended.order, batch, |progress| {
            progress.price = progress.price.map(|_| amended.price.ticks());
            progress.quantity = quantity;
            u64::try_from(progress.quantity - progress.filled) == Ok(amended.leaves.lots())
        })?;
        Ok(())
    }

    fn reduced(&mut self, record: &EventRecord, reduced: &OrderReduced, batch: &mut Batch) -> Result<(), StoreError> {
        let by = lots(record, reduced.by)?;
        self.change(record, reduced.order, batch, |progress| {
            progress.quantity -= by;
            u64::try_from(progress.quantity - progress.filled) == Ok(reduced.leaves.lots())
        })?;
        Ok(())
    }

    /// A stop goes off at this price from here on, or did.
    fn stop_at(
        &mut self,
        record: &EventRecord,
        order: OrderId,
        price: Price,
        triggered: bool,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        self.change(record, order, batch, |progress| {
            progress.stop_price = Some(price.ticks());
            progress.triggered = triggered;
            true
        })?;
        Ok(())
    }

    /// Changes an open order and its row of this batch, and forgets it when that closed it. Answers the order's key.
    /// `step` says whether the event agrees with what was known.
    fn change(
        &mut self,
        record: &EventRecord,
        order: OrderId,
        batch: &mut Batch,
        step: impl FnOnce(&mut Progress) -> bool,
    ) -> Result<i64, StoreError> {
        let live = self.open.get_mut(&order).ok_or_else(|| contradiction(record, "the order is not open"))?;
        let agrees = step(&mut live.progress);
        live.progress.updated = record.time;
        if !agrees {
            return Err(contradiction(record, "the order's open quantity differs"));
        }
        match live.written {
            Some((number, Place::New(at))) if number == self.batch => batch.new_orders[at].1 = live.progress,
            Some((number, Place::Changed(at))) if number == self.batch => batch.changed_orders[at] = live.progress,
            _ => {
                live.written = Some((self.batch, Place::Changed(batch.changed_orders.len())));
                batch.changed_orders.push(live.progress);
            }
        }
        let progress = live.progress;
        if progress.is_closed() {
            self.open.remove(&order);
        }
        Ok(progress.seq)
    }

    fn post(&mut self, record: &EventRecord, batch: &mut Batch) -> Result<(), StoreError> {
        self.lines.clear();
        let instruments = &self.instruments;
        if !postings(&record.event, |instrument| instruments.get(&instrument), &mut self.lines) {
            return Err(contradiction(record, "a settlement that cannot be"));
        }
        batch.postings.extend((0..).zip(&self.lines).map(|(line, posting)| PostingRow {
            seq: record.seq,
            index: record.index,
            line,
            time: record.time,
            posting: *posting,
        }));
        Ok(())
    }
}

fn contradiction(record: &EventRecord, what: &'static str) -> StoreError {
    StoreError::Contradiction { seq: record.seq.get(), index: record.index, what }
}

fn lots(record: &EventRecord, quantity: Quantity) -> Result<i64, StoreError> {
    i64::try_from(quantity.lots()).map_err(|_| contradiction(record, "a quantity beyond 2^63"))
}

/// The journal position as a key.
pub(super) fn key(seq: Seq) -> Result<i64, StoreError> {
    i64::try_from(seq.get()).map_err(|_| StoreError::Gap { cursor: seq.get(), first: seq.get() })
}

fn first_progress(record: &EventRecord, order: &NewOrder) -> Result<Progress, StoreError> {
    Ok(Progress {
        seq: key(record.seq)?,
        price: order.kind.is_limited().then_some(order.price.ticks()),
        stop_price: match order.trigger.terms() {
            Some(TriggerTerms::At(price)) => Some(price.ticks()),
            _ => None,
        },
        triggered: false,
        quantity: lots(record, order.quantity)?,
        by_cash: order.quote_quantity != Amount::ZERO,
        filled: 0,
        notional: 0,
        fees: 0,
        cancelled: None,
        updated: record.time,
    })
}

fn refused_order(record: &EventRecord, rejected: &OrderRejected) -> Result<(Terms, Progress), StoreError> {
    // A quantity may be the very reason of the refusal; what does not fit the column is stored as the most that does.
    let fits = u64::try_from(i64::MAX).expect("it is positive");
    let quantity = Quantity::from_lots(rejected.quantity.lots().min(fits));
    let order = NewOrder {
        kind: rejected.kind,
        time_in_force: rejected.time_in_force,
        client_order_id: rejected.client_order_id,
        quote_quantity: rejected.quote_quantity,
        trigger: rejected.trigger,
        ..NewOrder::limit(rejected.account, rejected.instrument, rejected.side, rejected.price, quantity)
    };
    let terms = Terms { handle: None, order, rejected: Some(rejected.reason), created: record.time };
    Ok((terms, first_progress(record, &order)?))
}

/// The answer to a wallet request, when the event is one. A reference that was used before is no answer: the first
/// answer stands.
fn settled(record: &EventRecord) -> Option<Settlement> {
    let (kind, reference, refused) = match &record.event {
        Event::Deposited(moved) => ("deposit", moved.reference, None),
        Event::Withdrawn(moved) => ("withdrawal", moved.reference, None),
        Event::CommandRejected(refusal) if refusal.reason != Reject::DuplicateReference => {
            let kind = match refusal.kind {
                CommandKind::Deposit => "deposit",
                CommandKind::Withdraw => "withdrawal",
                _ => return None,
            };
            (kind, refusal.reference, Some(refusal.reason))
        }
        _ => return None,
    };
    let transaction = i64::try_from(reference).ok().filter(|&reference| reference > 0)?;
    Some(Settlement { transaction, kind, seq: record.seq, time: record.time, refused })
}
