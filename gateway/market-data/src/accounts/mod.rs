//! What each account owns and has open, and what happened to its orders: a fold of events that equals the core's balances
//! exactly after every command.
//!
//! # How balances follow from events
//!
//! - `Deposited`, `Issued`: available grows; `Withdrawn`, `Retired`: available falls.
//! - Events say what an order holds from there on (`held`): `OrderRested`, `StopArmed`, `StopMoved`, `HoldChanged`, `Trade`
//!   (the maker), `OrderReduced`, `OrderAmended`. The difference moves between available and held. An order that has ended,
//!   or that matches as an aggressor (`OrderTriggered`, an amendment that lost its place), holds nothing.
//! - `Trade`, for each side, with `n = ticks x lots x tick_value`: the buyer pays `n + fee` and gets the lots, the seller gives
//!   the lots and gets `n - fee`; the venue's account gets both fees. A negative fee is a rebate. `TradeBusted` takes all of it back.
//!
//! # Numbering
//!
//! Each account's execution reports are numbered from 1 without gaps, and so are its balance updates. The numbers are
//! counts over the events, so a restart that folds the same events gives the same numbers.

mod balances;
mod busts;
mod closed;
mod order;
mod report;
mod standing;
#[cfg(test)]
mod tests;

pub use balances::BalanceUpdate;
pub use order::{OrderState, OrderStatus};
pub use report::{ExecType, ExecutionReport, Fill, Liquidity};

use crate::listings::index;
use balances::Ledger;
use busts::SettledTrades;
use closed::Closed;
use cx_engine::command::Permissions;
use cx_engine::event::{
    InstrumentListed, OrderAccepted, OrderAmended, OrderCancelled, OrderReduced, OrderRejected, OrderTriggered,
    StopArmed, StopMoved, Trade,
};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, Timestamp};
use cx_engine::{Balance, Event, EventRecord};
use report::ReportLog;
use standing::Standings;
use std::collections::BTreeMap;

use crate::map::HashMap;

/// How many closed orders of the whole venue are kept.
pub const CLOSED_MAX: usize = 10_000;
/// How many execution reports of the whole venue are kept for resumption.
pub const REPORTS_MAX: usize = 65_536;

/// What one command did to accounts: what private streams carry.
#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct AccountUpdates {
    /// Execution reports in the order of events.
    pub reports: Vec<ExecutionReport>,
    /// Balances that the command changed, by account and asset.
    pub balances: Vec<BalanceUpdate>,
}

impl AccountUpdates {
    /// Empties both lists and keeps their room.
    pub fn clear(&mut self) {
        self.reports.clear();
        self.balances.clear();
    }
}

#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
struct Account {
    permissions: Option<Permissions>,
    open: BTreeMap<Seq, OrderId>,
    reports: u64,
}

/// Orders, balances and permissions of all accounts.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct Accounts {
    instruments: Vec<InstrumentListed>,
    holders: HashMap<AccountId, Account>,
    /// Open orders by slot.
    open: Vec<Option<OrderState>>,
    open_count: usize,
    by_client_id: HashMap<(AccountId, ClientOrderId), Seq>,
    closed: Closed,
    settled: SettledTrades,
    standings: Standings,
    ledger: Ledger,
    log: ReportLog,
    seq: Seq,
    time: Timestamp,
}

impl Default for Accounts {
    fn default() -> Self {
        Self::new(CLOSED_MAX, REPORTS_MAX)
    }
}

impl Accounts {
    /// Keeps so many closed orders and execution reports of the whole venue.
    pub fn new(closed_max: usize, reports_max: usize) -> Self {
        Self {
            instruments: Vec::new(),
            holders: HashMap::default(),
            open: Vec::new(),
            open_count: 0,
            by_client_id: HashMap::default(),
            closed: Closed::new(closed_max),
            settled: SettledTrades::default(),
            standings: Standings::default(),
            ledger: Ledger::default(),
            log: ReportLog::new(reports_max),
            seq: Seq::ZERO,
            time: Timestamp::default(),
        }
    }

    /// Takes the next event, without telling what it changed: for replay. What it gives is whole after the last event of a
    /// command.
    pub fn apply(&mut self, record: &EventRecord) {
        if record.seq != self.seq {
            self.seal(|_| {});
        }
        self.step(record, &mut Vec::new());
    }

    /// Takes all events of one command ([`crate::commands`]) and appends what they changed to `updates`.
    pub fn apply_command(&mut self, records: &[EventRecord], updates: &mut AccountUpdates) {
        debug_assert!(records.iter().all(|record| record.seq == records[0].seq), "one command at a time");
        self.seal(|_| {});
        for record in records {
            self.step(record, &mut updates.reports);
        }
        self.seal(|update| updates.balances.push(update));
    }

    /// The last command taken.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Whether the account exists in the core, and what it may do.
    pub fn permissions(&self, account: AccountId) -> Option<Permissions> {
        self.holders.get(&account)?.permissions
    }

    /// One balance; zero where there is none.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Balance {
        self.ledger.balance(account, asset)
    }

    /// The balances of an account that are not zero, by asset.
    pub fn balances_of(&self, account: AccountId) -> Vec<(AssetId, Balance)> {
        self.ledger.balances_of(account)
    }

    /// All balances that are not zero, by account and asset.
    pub fn balances(&self) -> Vec<(AccountId, AssetId, Balance)> {
        self.ledger.balances()
    }

    /// The number of the account's last balance update.
    pub fn balance_number(&self, account: AccountId) -> u64 {
        self.ledger.number(account)
    }

    /// An open order by its handle, whoever owns it.
    pub fn open_order(&self, order: OrderId) -> Option<&OrderState> {
        self.open.get(index(order.slot()))?.as_ref().filter(|open| open.order == order)
    }

    /// The open orders of an account, newest first.
    pub fn open_orders(&self, account: AccountId) -> impl DoubleEndedIterator<Item = &OrderState> {
        let orders = self.holders.get(&account).into_iter().flat_map(|found| found.open.values().rev());
        orders.map(|&order| self.open_order(order).expect("an account's open orders are open"))
    }

    /// All open orders of the venue, by slot.
    pub fn all_open_orders(&self) -> impl Iterator<Item = &OrderState> {
        self.open.iter().flatten()
    }

    /// How many orders are open.
    pub fn open_count(&self) -> usize {
        self.open_count
    }

    /// The recently closed orders of an account (filled, cancelled, rejected), last closed first. Bounded over the venue:
    /// older ones are in the store.
    pub fn closed_orders(&self, account: AccountId) -> impl Iterator<Item = &OrderState> {
        self.closed.of(account)
    }

    /// An order of the account, open or recently closed, by the command that accepted or refused it: the number in its
    /// public id.
    pub fn order(&self, account: AccountId, accepted: Seq) -> Option<&OrderState> {
        let open = self.holders.get(&account).and_then(|found| found.open.get(&accepted));
        match open {
            Some(&order) => self.open_order(order),
            None => self.closed.get(accepted).filter(|order| order.account == account),
        }
    }

    /// An order of the account, open or recently closed, by its client order id; refused ones too. Where an id was used
    /// more than once, the last order that the core recorded it for.
    pub fn order_by_client_id(&self, account: AccountId, id: &ClientOrderId) -> Option<&OrderState> {
        self.order(account, *self.by_client_id.get(&(account, *id))?)
    }

    /// The number of the account's last execution report.
    pub fn report_number(&self, account: AccountId) -> u64 {
        self.holders.get(&account).map_or(0, |found| found.reports)
    }

    /// The account's reports after number `after`, oldest first; `None` when not all of them are kept, or when `after` is
    /// ahead of the account's last.
    pub fn reports_since(&self, account: AccountId, after: u64) -> Option<Vec<ExecutionReport>> {
        self.log.since(account, after, self.report_number(account))
    }

    fn step(&mut self, record: &EventRecord, reports: &mut Vec<ExecutionReport>) {
        self.seq = record.seq;
        self.time = record.time;
        match &record.event {
            Event::InstrumentListed(listed) => self.instruments.push(*listed),
            Event::PermissionsSet(set) => {
                self.holders.entry(set.account).or_default().permissions = Some(set.permissions);
            }
            Event::Deposited(movement) | Event::Issued(movement) => self.ledger.credit(movement),
            Event::Withdrawn(movement) | Event::Retired(movement) => self.ledger.debit(movement),
            Event::OrderAccepted(accepted) => self.accepted(record, accepted, reports),
            Event::OrderRejected(rejected) => self.rejected(record, rejected, reports),
            Event::OrderRested(rested) => {
                self.open_mut(rested.order).resting = true;
                self.set_hold(rested.order, rested.held);
            }
            Event::OrderReduced(reduced) => self.reduced(record, reduced, reports),
            Event::Trade(trade) => self.traded(record, trade, reports),
            Event::OrderCancelled(cancelled) => self.cancelled(record, cancelled, reports),
            Event::OrderAmended(amended) => self.amended(record, amended, reports),
            Event::StopArmed(armed) => self.armed(record, armed, reports),
            Event::StopMoved(moved) => self.moved(record, moved, reports),
            Event::OrderTriggered(triggered) => self.triggered(record, triggered, reports),
            Event::HoldChanged(changed) => self.set_hold(changed.order, changed.held),
            Event::TradeBusted(busted) => self.busted(record, busted, reports),
            event => self.standings.apply(event),
        }
    }

    /// Ends the command: numbers the balances that it changed.
    fn seal(&mut self, changed: impl FnMut(BalanceUpdate)) {
        self.ledger.seal(self.seq, self.time, changed);
    }

    fn accepted(&mut self, record: &EventRecord, event: &OrderAccepted, reports: &mut Vec<ExecutionReport>) {
        let order = OrderState::accepted(record, event);
        let slot = index(event.order.slot());
        if self.open.len() <= slot {
            self.open.resize(slot + 1, None);
        }
        assert!(self.open[slot].replace(order).is_none(), "a slot holds one order at a time");
        self.open_count += 1;
        self.holders.entry(event.account).or_default().open.insert(record.seq, event.order);
        if let Some(id) = event.client_order_id {
            self.by_client_id.insert((event.account, id), record.seq);
        }
        if !order.is_armed() {
            self.report(record, ExecType::New, &order, None, reports); // a stop's comes when its stop price is known
        }
    }

    fn rejected(&mut self, record: &EventRecord, event: &OrderRejected, reports: &mut Vec<ExecutionReport>) {
        if matches!(event.reason, Reject::UnknownAccount | Reject::ReservedAccount) {
            return; // there is nobody to tell
        }
        let order = OrderState::rejected(record, event);
        // The core does not record the id of a duplicate: it stays with the order that had it first.
        if let Some(id) = order.client_order_id.filter(|_| event.reason != Reject::DuplicateClientOrderId) {
            self.by_client_id.insert((order.account, id), record.seq);
        }
        self.close(order);
        self.report(record, ExecType::Rejected, &order, None, reports);
    }

    fn traded(&mut self, record: &EventRecord, event: &Trade, reports: &mut Vec<ExecutionReport>) {
        let terms = self.terms(event.instrument);
        let accepted = [event.maker_order, event.taker_order].map(|order| self.open_mut(order).accepted);
        self.settled.push(*event, accepted);
        for liquidity in [Liquidity::Maker, Liquidity::Taker] {
            let fill = Fill::of(event, liquidity);
            let order = self.open_mut(fill.order);
            order.fill(record, &fill, terms.tick_value);
            assert_eq!(order.leaves, fill.leaves, "the fold agrees with the event on what is left");
            let (account, filled) = (order.account, order.status == OrderStatus::Filled);
            self.ledger.settle(account, &fill, &terms);
            if liquidity == Liquidity::Maker {
                self.set_hold(fill.order, event.maker_held);
            } else if filled {
                self.set_hold(fill.order, Amount::ZERO); // in an auction the taker rested; an aggressor holds nothing
            }
            let after = *self.open_mut(fill.order);
            if filled {
                self.end(after);
            }
            self.report(record, ExecType::Trade, &after, Some(fill), reports);
        }
    }

    fn cancelled(&mut self, record: &EventRecord, event: &OrderCancelled, reports: &mut Vec<ExecutionReport>) {
        let order = self.open_mut(event.order);
        assert_eq!(order.leaves, event.leaves, "the fold agrees with the event on what was open");
        order.cancel(record, event.reason);
        self.set_hold(event.order, Amount::ZERO);
        let after = *self.open_mut(event.order);
        self.end(after);
        let exec_type = match after.status {
            OrderStatus::Filled => ExecType::Restated,
            OrderStatus::Cancelled(CancelReason::Expired) => ExecType::Expired,
            _ => ExecType::Cancelled,
        };
        self.report(record, exec_type, &after, None, reports);
    }

    fn amended(&mut self, record: &EventRecord, event: &OrderAmended, reports: &mut Vec<ExecutionReport>) {
        let order = self.open_mut(event.order);
        assert_eq!(order.price, event.old_price, "the fold agrees with the event");
        order.amend(record, event);
        order.resting = event.kept_priority;
        self.set_hold(event.order, event.held);
        let after = *self.open_mut(event.order);
        if !after.is_armed() {
            self.report(record, ExecType::Replaced, &after, None, reports); // a stop's comes when it is armed again
        }
    }

    fn armed(&mut self, record: &EventRecord, event: &StopArmed, reports: &mut Vec<ExecutionReport>) {
        let order = self.open_mut(event.order);
        assert_eq!(order.leaves, event.leaves, "the fold agrees with the event on what is open");
        let exec_type = if order.accepted == record.seq { ExecType::New } else { ExecType::Replaced };
        order.arm(record, event.stop_price);
        self.set_hold(event.order, event.held);
        let after = *self.open_mut(event.order);
        self.report(record, exec_type, &after, None, reports);
    }

    fn moved(&mut self, record: &EventRecord, event: &StopMoved, reports: &mut Vec<ExecutionReport>) {
        self.open_mut(event.order).arm(record, event.stop_price);
        self.set_hold(event.order, event.held);
        let after = *self.open_mut(event.order);
        self.report(record, ExecType::Restated, &after, None, reports);
    }

    fn triggered(&mut self, record: &EventRecord, event: &OrderTriggered, reports: &mut Vec<ExecutionReport>) {
        self.open_mut(event.order).trigger(record, event.stop_price);
        self.set_hold(event.order, Amount::ZERO);
        let after = *self.open_mut(event.order);
        self.report(record, ExecType::Triggered, &after, None, reports);
    }

    fn reduced(&mut self, record: &EventRecord, event: &OrderReduced, reports: &mut Vec<ExecutionReport>) {
        let order = self.open_mut(event.order);
        order.reduce(record, event);
        assert_eq!(order.leaves, event.leaves, "the fold agrees with the event on what is left");
        self.set_hold(event.order, event.held);
        let after = *self.open_mut(event.order);
        self.report(record, ExecType::Restated, &after, None, reports);
    }

    /// An order holds so much from here on.
    fn set_hold(&mut self, order: OrderId, held: Amount) {
        let order = self.open_mut(order);
        let before = std::mem::replace(&mut order.held, held);
        let (account, side, instrument) = (order.account, order.side, order.instrument);
        let terms = self.terms(instrument);
        self.ledger.change_hold(account, side, before, held, &terms);
    }

    fn terms(&self, instrument: InstrumentId) -> InstrumentListed {
        let listed = self.instruments.get(index(instrument.get()));
        *listed.expect("orders are on listed instruments")
    }

    fn open_mut(&mut self, order: OrderId) -> &mut OrderState {
        let open = self.open.get_mut(index(order.slot())).and_then(Option::as_mut);
        open.filter(|open| open.order == order).expect("events name open orders")
    }

    /// Moves an order from the open ones to the closed.
    fn end(&mut self, order: OrderState) {
        self.open[index(order.order.slot())] = None;
        self.open_count -= 1;
        self.holders.entry(order.account).or_default().open.remove(&order.accepted);
        self.close(order);
    }

    fn close(&mut self, order: OrderState) {
        let Some(forgotten) = self.closed.push(order) else { return };
        if let Some(id) = forgotten.client_order_id {
            let key = (forgotten.account, id);
            if self.by_client_id.get(&key) == Some(&forgotten.accepted) {
                self.by_client_id.remove(&key);
            }
        }
    }

    fn report(
        &mut self,
        record: &EventRecord,
        exec_type: ExecType,
        order: &OrderState,
        fill: Option<Fill>,
        reports: &mut Vec<ExecutionReport>,
    ) {
        let account = self.holders.entry(order.account).or_default();
        account.reports += 1;
        let report = ExecutionReport {
            number: account.reports,
            seq: record.seq,
            index: record.index,
            time: record.time,
            exec_type,
            order: *order,
            fill,
        };
        self.log.push(report);
        reports.push(report);
    }
}
