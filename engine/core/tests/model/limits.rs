//! Limits of accounts in the model, each figure counted from the open orders when it is asked for.

use cx_engine::Event;
use cx_engine::command::{NewOrder, SelfTrade, Side};
use cx_engine::control::{SetGroup, SetLimits, SetPositionLimit};
use cx_engine::ids::{AccountId, AssetId, InstrumentId};
use cx_engine::reject::Reject;

use super::Model;
use super::money::{affordable, fee, per_lot};
use super::order::Order;

impl Model {
    fn orders_of(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        self.accounts[&account].orders.iter().map(|slot| &self.orders[slot])
    }

    pub(super) fn check_open_orders(&self, account: AccountId) -> Result<(), Reject> {
        let most = self.accounts[&account].limits.open_orders_max;
        let open = self.accounts[&account].orders.len();
        if most > 0 && open >= super::index(most) { Err(Reject::OpenOrdersLimit) } else { Ok(()) }
    }

    /// A buy of so many lots more; of an amended order the old leaves do not count.
    pub(super) fn check_position(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        lots: i128,
        amended: Option<&Order>,
    ) -> Result<(), Reject> {
        let most = self.accounts[&account].positions.get(&instrument).copied().unwrap_or(0);
        if most == 0 {
            return Ok(());
        }
        let base = self.venue(instrument).listed.base;
        let owned = self.totals.get(&(account, base)).copied().unwrap_or(0);
        let buys = self.orders_of(account).filter(|order| order.instrument == instrument && order.side == Side::Buy);
        let others = buys.filter(|order| amended.is_none_or(|it| it.order != order.order));
        let bid: i128 = others.map(|order| i128::from(order.leaves.lots())).sum();
        if owned + bid + lots > i128::from(most) { Err(Reject::PositionLimit) } else { Ok(()) }
    }

    /// An order worth so much more; of an amended order the old leaves do not count.
    pub(super) fn check_exposure(
        &self,
        account: AccountId,
        quote: AssetId,
        value: i128,
        amended: Option<&Order>,
    ) -> Result<(), Reject> {
        let most = i128::from(self.accounts[&account].limits.exposure_max.minor());
        if most == 0 {
            return Ok(());
        }
        let in_currency = self.orders_of(account).filter(|order| self.venue(order.instrument).listed.quote == quote);
        let others = in_currency.filter(|order| amended.is_none_or(|it| it.order != order.order));
        let open: i128 = others.map(|order| self.notional_of(order)).sum();
        if open + value > most { Err(Reject::ExposureLimit) } else { Ok(()) }
    }

    pub(super) fn check_order_quantity(&self, account: AccountId, lots: u64) -> Result<(), Reject> {
        let most = self.accounts[&account].limits.order_quantity_max.lots();
        if most > 0 && lots > most { Err(Reject::OrderQuantityLimit) } else { Ok(()) }
    }

    pub(super) fn check_order_notional(&self, account: AccountId, value: i128) -> Result<(), Reject> {
        let most = i128::from(self.accounts[&account].limits.order_notional_max.minor());
        if most > 0 && value > most { Err(Reject::OrderNotionalLimit) } else { Ok(()) }
    }

    /// What a market order costs that walks the other side for its quantity, or for what there is. Orders that it would
    /// cancel as its owner's own are passed over, all others are met.
    pub(super) fn walk(&self, new: &NewOrder) -> i128 {
        let venue = self.venue(new.instrument);
        let mut left = i128::from(new.quantity.lots());
        let mut sum = 0;
        for (price, queue) in venue.book.levels(new.side.opposite()) {
            for slot in queue {
                let maker = &self.orders[slot];
                if new.self_trade == SelfTrade::CancelOldest && self.one_owner(maker.account, new.account) {
                    continue;
                }
                let lots = left.min(i128::from(maker.leaves.lots()));
                sum += per_lot(&venue.listed, price) * lots;
                left -= lots;
            }
        }
        sum
    }

    /// How many lots walking the offers buys for so much cash, each level with its fee.
    pub(super) fn walk_cash(&self, instrument: InstrumentId, cash: i128, taker_rate: i128) -> i128 {
        let venue = self.venue(instrument);
        let mut left = cash;
        let mut bought = 0;
        for (price, queue) in venue.book.levels(Side::Sell) {
            let offered: i128 = queue.iter().map(|slot| i128::from(self.orders[slot].leaves.lots())).sum();
            let per_lot = per_lot(&venue.listed, price);
            let lots = affordable(left, per_lot, taker_rate, offered);
            left -= per_lot * lots + fee(per_lot * lots, taker_rate);
            bought += lots;
            if lots < offered {
                break;
            }
        }
        bought
    }

    pub(super) fn set_limits(&mut self, set: SetLimits, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.customer(set.account)?;
        let amount = |minor: i64| (0..=super::BALANCE_MAX).contains(&i128::from(minor));
        let rate_fits = set.rate_per_second <= 1_000_000;
        let burst_fits = set.rate_per_second == 0 || (1..=1_000_000).contains(&set.burst);
        if !amount(set.order_notional_max.minor()) || !amount(set.exposure_max.minor()) || !rate_fits || !burst_fits {
            return Err(Reject::InvalidSetting);
        }
        self.account_mut(set.account).limits = set;
        self.fill_tokens(set.account);
        out.push(Event::LimitsSet(set));
        Ok(())
    }

    pub(super) fn set_position_limit(&mut self, set: SetPositionLimit, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.customer(set.account)?;
        self.instrument(set.instrument)?;
        self.account_mut(set.account).positions.insert(set.instrument, set.position_max.lots());
        out.push(Event::PositionLimitSet(set));
        Ok(())
    }

    pub(super) fn set_group(&mut self, set: SetGroup, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.customer(set.account)?;
        self.account_mut(set.account).group = set.group;
        out.push(Event::GroupSet(set));
        Ok(())
    }
}
