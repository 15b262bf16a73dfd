//! Trades that may still be reversed, and what a reversal does to the two orders and their owners.

use super::{Accounts, ExecType, ExecutionReport, Fill, Liquidity};
use crate::trades::BUST_WINDOW;
use cx_engine::EventRecord;
use cx_engine::event::{Trade, TradeBusted};
use cx_engine::ids::{Seq, TradeId};
use std::collections::VecDeque;

/// A trade and the commands that accepted its two orders: the maker's, the taker's.
#[derive(Clone, Copy, Debug, bincode::Encode, bincode::Decode)]
struct Settled {
    trade: Trade,
    orders: [Seq; 2],
}

/// The venue's last trades. They are numbered without gaps.
#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
pub(super) struct SettledTrades(VecDeque<Settled>);

impl SettledTrades {
    pub(super) fn push(&mut self, trade: Trade, orders: [Seq; 2]) {
        if self.0.len() == BUST_WINDOW {
            self.0.pop_front();
        }
        self.0.push_back(Settled { trade, orders });
    }

    fn get(&self, trade: TradeId) -> Option<Settled> {
        let first = self.0.front()?.trade.trade.get();
        self.0.get(usize::try_from(trade.get().checked_sub(first)?).ok()?).copied()
    }
}

impl Accounts {
    /// Gives back what a trade moved and tells both owners. An owner whose order is no longer kept gets no report; the
    /// balances move all the same.
    pub(super) fn busted(&mut self, record: &EventRecord, event: &TradeBusted, reports: &mut Vec<ExecutionReport>) {
        let terms = self.terms(event.instrument);
        self.ledger.reverse(event, &terms);
        let Some(settled) = self.settled.get(event.trade) else { return };
        for (liquidity, accepted) in [Liquidity::Maker, Liquidity::Taker].into_iter().zip(settled.orders) {
            let fill = Fill::of(&settled.trade, liquidity);
            let open = self.open_order(fill.order).is_some_and(|open| open.accepted == accepted);
            let order = if open { Some(self.open_mut(fill.order)) } else { self.closed.get_mut(accepted) };
            let Some(order) = order else { continue };
            order.bust(fill.quantity);
            let after = *order;
            self.report(record, ExecType::Bust, &after, Some(fill), reports);
        }
    }
}
