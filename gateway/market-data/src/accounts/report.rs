//! Execution reports: one for each thing that happened to an order, for its owner.

use super::order::OrderState;
use cx_engine::command::Side;
use cx_engine::event::Trade;
use cx_engine::ids::{AccountId, OrderId, Seq, TradeId};
use cx_engine::units::{Price, Quantity, Timestamp};
use std::collections::VecDeque;

use crate::map::HashMap;

/// What happened to the order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub enum ExecType {
    /// It was accepted.
    New,
    /// It matched.
    Trade,
    /// It was amended.
    Replaced,
    /// It changed by a rule of the venue: it became smaller by self-trade prevention, its stop price followed the market,
    /// or a market buy by cash is complete because its cash is spent (its status tells).
    Restated,
    /// It was a stop and went off.
    Triggered,
    /// A trade that filled part of it was reversed; the report carries the fill.
    Bust,
    /// Its time was over.
    Expired,
    /// It ended unfilled.
    Cancelled,
    /// It was refused.
    Rejected,
}

impl ExecType {
    /// The code that clients see.
    pub const fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Trade => "trade",
            Self::Replaced => "replaced",
            Self::Restated => "restated",
            Self::Triggered => "triggered",
            Self::Bust => "bust",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }
}

/// Which part an order had in a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub enum Liquidity {
    /// It rested.
    Maker,
    /// It aggressed.
    Taker,
}

impl Liquidity {
    /// The code that clients see.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Taker => "taker",
        }
    }
}

/// One side of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct Fill {
    /// The trade's number.
    pub trade: TradeId,
    /// The order that filled.
    pub order: OrderId,
    /// Buy or sell.
    pub side: Side,
    /// At which price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// What the order has left after it.
    pub leaves: Quantity,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// The fee, in minor units of the instrument's currency.
    pub fee: i64,
}

impl Fill {
    /// A trade as one of its orders sees it.
    pub fn of(trade: &Trade, liquidity: Liquidity) -> Self {
        let (order, side, leaves, fee) = match liquidity {
            Liquidity::Maker => (trade.maker_order, trade.taker_side.opposite(), trade.maker_leaves, trade.maker_fee),
            Liquidity::Taker => (trade.taker_order, trade.taker_side, trade.taker_leaves, trade.taker_fee),
        };
        let (trade, price, quantity) = (trade.trade, trade.price, trade.quantity);
        Self { trade, order, side, price, quantity, leaves, liquidity, fee }
    }

    /// `ticks x lots x tick_value`, in minor units of the currency.
    pub fn notional(&self, tick_value: i64) -> i128 {
        i128::from(self.price.ticks()) * i128::from(self.quantity.lots()) * i128::from(tick_value)
    }
}

/// One report. `(seq, index)` names the event; a trade gives one report to each side.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct ExecutionReport {
    /// Number among the account's reports: from 1, without gaps.
    pub number: u64,
    /// The command.
    pub seq: Seq,
    /// The event's place in it.
    pub index: u32,
    /// Engine time of the command.
    pub time: Timestamp,
    /// What happened.
    pub exec_type: ExecType,
    /// The order right after it; `order.account` owns the report.
    pub order: OrderState,
    /// The fill, when it is one.
    pub fill: Option<Fill>,
}

/// The last reports of the venue, found by account.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub(super) struct ReportLog {
    max: usize,
    reports: VecDeque<ExecutionReport>,
    /// How many reports have been dropped at the front.
    dropped: u64,
    /// For each account the places of its reports, counted from the first that ever was.
    places: HashMap<AccountId, VecDeque<u64>>,
}

impl ReportLog {
    pub(super) fn new(max: usize) -> Self {
        Self { max: max.max(1), reports: VecDeque::new(), dropped: 0, places: HashMap::default() }
    }

    pub(super) fn push(&mut self, report: ExecutionReport) {
        if self.reports.len() == self.max
            && let Some(oldest) = self.reports.pop_front()
        {
            self.dropped += 1;
            let account = oldest.order.account;
            let places = self.places.get_mut(&account).expect("a kept report is indexed");
            places.pop_front();
            if places.is_empty() {
                self.places.remove(&account);
            }
        }
        let place = self.dropped + self.reports.len() as u64;
        self.places.entry(report.order.account).or_default().push_back(place);
        self.reports.push_back(report);
    }

    /// The reports of `account` numbered `after + 1 ..= last`, if all of them are kept.
    pub(super) fn since(&self, account: AccountId, after: u64, last: u64) -> Option<Vec<ExecutionReport>> {
        let wanted = usize::try_from(last.checked_sub(after)?).ok()?;
        if wanted == 0 {
            return Some(Vec::new());
        }
        let places = self.places.get(&account)?;
        let first = places.len().checked_sub(wanted)?;
        let at = |place: &u64| usize::try_from(place - self.dropped).expect("kept reports are in memory");
        Some(places.range(first..).map(|place| self.reports[at(place)]).collect())
    }
}
