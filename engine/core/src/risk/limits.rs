//! Limits of an account: how fast it sends, how large one order may be, and what all of them may come to.

use super::{NONE, Risks};
use crate::command::{CommandKind, Side};
use crate::control::{SetLimits, SetPositionLimit};
use crate::event::Event;
use crate::exchange::{Exchange, refused};
use crate::ids::{AccountId, AssetId, InstrumentId, OrderId};
use crate::reject::Reject;
use crate::units::{Amount, Quantity, Timestamp};

/// What one token counts: tokens come back in billionths.
const TOKEN: u64 = 1_000_000_000;
/// Tokens a second, and at once, at most.
const RATE_MAX: u32 = 1_000_000;

/// What an account has left of its throttle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tokens {
    /// Billionths of tokens at `at`.
    pub(crate) billionths: u64,
    /// When that was counted.
    pub(crate) at: Timestamp,
}

impl Tokens {
    fn full(burst: u32, now: Timestamp) -> Self {
        Self { billionths: u64::from(burst) * TOKEN, at: now }
    }

    /// What is there at `now`. Counting in several steps gives the same as in one.
    pub(crate) fn refilled(self, rate: u32, burst: u32, now: Timestamp) -> Self {
        let passed = now.nanos().saturating_sub(self.at.nanos());
        let more = passed.saturating_mul(u64::from(rate));
        let cap = u64::from(burst) * TOKEN;
        Self { billionths: self.billionths.saturating_add(more).min(cap), at: now }
    }
}

/// Position limit and bids of an account on one instrument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    pub(crate) instrument: InstrumentId,
    /// Lots owned and bid for, at most; zero for no limit.
    pub(crate) max: Quantity,
    /// Lots of its open buys.
    pub(crate) bids: i64,
}

/// Limits of one account, and the running figures that they are compared with.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) set: SetLimits,
    pub(crate) tokens: Tokens,
    /// By instrument, of those that it bids on or has a limit for.
    pub(crate) positions: Vec<Position>,
    /// Notional of its open orders by currency.
    pub(crate) exposures: Vec<(AssetId, i128)>,
}

impl Limits {
    fn none(account: AccountId, now: Timestamp) -> Self {
        let set = SetLimits {
            account,
            order_quantity_max: Quantity::ZERO,
            order_notional_max: Amount::ZERO,
            exposure_max: Amount::ZERO,
            open_orders_max: 0,
            rate_per_second: 0,
            burst: 0,
        };
        Self { set, tokens: Tokens::full(0, now), positions: Vec::new(), exposures: Vec::new() }
    }

    pub(crate) fn position_mut(&mut self, instrument: InstrumentId) -> &mut Position {
        let at = match self.positions.binary_search_by_key(&instrument, |position| position.instrument) {
            Ok(at) => at,
            Err(at) => {
                self.positions.insert(at, Position { instrument, max: Quantity::ZERO, bids: 0 });
                at
            }
        };
        &mut self.positions[at]
    }

    fn exposure_mut(&mut self, asset: AssetId) -> &mut i128 {
        let at = match self.exposures.binary_search_by_key(&asset, |&(asset, _)| asset) {
            Ok(at) => at,
            Err(at) => {
                self.exposures.insert(at, (asset, 0));
                at
            }
        };
        &mut self.exposures[at].1
    }

    fn exposure(&self, asset: AssetId) -> i128 {
        let found = self.exposures.binary_search_by_key(&asset, |&(asset, _)| asset);
        found.map_or(0, |at| self.exposures[at].1)
    }
}

const fn is_valid(set: &SetLimits) -> bool {
    let amounts_fit = set.order_notional_max.minor() >= 0
        && set.order_notional_max.minor() <= Amount::BALANCE_MAX.minor()
        && set.exposure_max.minor() >= 0
        && set.exposure_max.minor() <= Amount::BALANCE_MAX.minor();
    let throttle_fits = set.rate_per_second == 0 || (set.burst >= 1 && set.burst <= RATE_MAX);
    amounts_fit && set.rate_per_second <= RATE_MAX && throttle_fits
}

impl Risks {
    /// Gives one token back for a trade, to an account with limits.
    #[inline]
    pub(super) fn return_token(&mut self, limits: u32) {
        let limits = &mut self.limits[limits as usize];
        // Counting the time that has passed later comes to the same: both only add, up to the same cap.
        let cap = u64::from(limits.set.burst) * TOKEN;
        limits.tokens.billionths = (limits.tokens.billionths + TOKEN).min(cap);
    }
}

impl Exchange {
    pub(crate) fn set_limits(&mut self, set: SetLimits, events: &mut Vec<Event>) {
        let refusal = self.refuse_account(set.account).or((!is_valid(&set)).then_some(Reject::InvalidSetting));
        if let Some(reason) = refusal {
            return events.push(refused(CommandKind::SetLimits, set.account, OrderId::NONE, 0, reason));
        }
        let now = self.now;
        let limits = self.limit(set.account);
        limits.set = set;
        limits.tokens = Tokens::full(set.burst, now);
        events.push(Event::LimitsSet(set));
    }

    pub(crate) fn set_position_limit(&mut self, set: SetPositionLimit, events: &mut Vec<Event>) {
        let unknown = set.instrument.get() as usize >= self.instruments.len();
        let refusal = self.refuse_account(set.account).or(unknown.then_some(Reject::UnknownInstrument));
        if let Some(reason) = refusal {
            return events.push(refused(CommandKind::SetPositionLimit, set.account, OrderId::NONE, 0, reason));
        }
        self.limit(set.account).position_mut(set.instrument).max = set.position_max;
        events.push(Event::PositionLimitSet(set));
    }

    /// The venue's account and accounts that were never opened have no settings.
    pub(super) fn refuse_account(&self, account: AccountId) -> Option<Reject> {
        if account == AccountId::VENUE {
            return Some(Reject::ReservedAccount);
        }
        self.accounts.get(account).is_none().then_some(Reject::UnknownAccount)
    }

    /// An account's limits, to change. The first time its open orders are counted; from then on they are tracked.
    pub(crate) fn limit(&mut self, account: AccountId) -> &mut Limits {
        let at = self.accounts.opened(account).risk.limits;
        if at != NONE {
            return &mut self.risks.limits[at as usize];
        }
        let at = u32::try_from(self.risks.limits.len()).expect("there are no more limits than accounts");
        self.risks.limits.push(Limits::none(account, self.now));
        self.accounts.opened_mut(account).risk.limits = at;
        self.for_each_order_of(account, |exchange, slot| {
            let detail = exchange.orders.detail_mut(slot);
            detail.tracked = true;
            let (instrument, side) = (detail.instrument, detail.side);
            let lots = exchange.leaves_of(slot).lots().cast_signed();
            let notional = exchange.notional_of(slot).minor();
            exchange.track(account, instrument, side, lots, notional);
        });
        &mut self.risks.limits[at as usize]
    }

    #[inline]
    fn limits_of(&self, account: AccountId) -> Option<&Limits> {
        match self.accounts.opened(account).risk.limits {
            NONE => None,
            at => Some(&self.risks.limits[at as usize]),
        }
    }

    /// Whether the account's open orders are tracked (`Detail.tracked`): it has limits.
    #[inline]
    pub(crate) fn is_tracked(&self, account: AccountId) -> bool {
        self.accounts.opened(account).risk.limits != NONE
    }

    /// Takes a token for an order or amendment; [`Reject::Throttled`] when there is none.
    #[inline]
    pub(crate) fn throttle(&mut self, account: AccountId) -> Result<(), Reject> {
        let at = self.accounts.opened(account).risk.limits;
        if at == NONE {
            return Ok(());
        }
        let now = self.now;
        let limits = &mut self.risks.limits[at as usize];
        let SetLimits { rate_per_second, burst, .. } = limits.set;
        if rate_per_second == 0 {
            return Ok(());
        }
        limits.tokens = limits.tokens.refilled(rate_per_second, burst, now);
        let left = limits.tokens.billionths.checked_sub(TOKEN).ok_or(Reject::Throttled)?;
        limits.tokens.billionths = left;
        Ok(())
    }

    /// The limit on one order's quantity. `from` is nothing for a new order, and what it was for an amendment, which is
    /// checked only when the figure grows; likewise in the other checks.
    #[inline]
    pub(crate) fn check_quantity(&self, account: AccountId, from: Quantity, to: Quantity) -> Result<(), Reject> {
        let Some(limits) = self.limits_of(account) else { return Ok(()) };
        let max = limits.set.order_quantity_max;
        if !max.is_zero() && to > from && to > max { Err(Reject::OrderQuantityLimit) } else { Ok(()) }
    }

    /// The limit on one order's notional (without fee; the cash of a market buy by cash).
    #[inline]
    pub(crate) fn check_order_notional(&self, account: AccountId, from: Amount, to: Amount) -> Result<(), Reject> {
        let Some(limits) = self.limits_of(account) else { return Ok(()) };
        let max = limits.set.order_notional_max;
        if max > Amount::ZERO && to > from && to > max { Err(Reject::OrderNotionalLimit) } else { Ok(()) }
    }

    /// Whether the account may have one more open order.
    #[inline]
    pub(crate) fn check_open_orders(&self, account: AccountId) -> Result<(), Reject> {
        let Some(limits) = self.limits_of(account) else { return Ok(()) };
        let max = limits.set.open_orders_max;
        let open = self.accounts.opened(account).open_orders;
        if max > 0 && open >= max { Err(Reject::OpenOrdersLimit) } else { Ok(()) }
    }

    /// The position limit, for buys: `from` is the old leaves of an amended order.
    #[inline]
    pub(crate) fn check_position(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        from: Quantity,
        to: Quantity,
    ) -> Result<(), Reject> {
        let Some(limits) = self.limits_of(account) else { return Ok(()) };
        let Ok(at) = limits.positions.binary_search_by_key(&instrument, |position| position.instrument) else {
            return Ok(());
        };
        let position = limits.positions[at];
        // A new order is checked even when its cash buys nothing; an amendment only when it grows.
        if position.max.is_zero() || (!from.is_zero() && to <= from) {
            return Ok(());
        }
        let base = self.instruments[instrument.get() as usize].listing.base;
        let owned = self.balances.get(account, base).total().minor();
        let more = i128::from(to.lots()) - i128::from(from.lots());
        let then = i128::from(owned) + i128::from(position.bids) + more;
        if then > i128::from(position.max.lots()) { Err(Reject::PositionLimit) } else { Ok(()) }
    }

    /// The limit on the notional of all open orders of the instrument's currency.
    #[inline]
    pub(crate) fn check_exposure(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        from: Amount,
        to: Amount,
    ) -> Result<(), Reject> {
        let Some(limits) = self.limits_of(account) else { return Ok(()) };
        let max = limits.set.exposure_max;
        if max == Amount::ZERO || to <= from {
            return Ok(());
        }
        let quote = self.instruments[instrument.get() as usize].listing.quote;
        let then = limits.exposure(quote) + i128::from(to.minor()) - i128::from(from.minor());
        if then > i128::from(max.minor()) { Err(Reject::ExposureLimit) } else { Ok(()) }
    }

    /// An open order of an account that [is tracked](Exchange::is_tracked) has so many lots and so much notional (at its limit,
    /// or stop price without one) more or less open than before.
    #[inline]
    pub(crate) fn track(&mut self, account: AccountId, instrument: InstrumentId, side: Side, lots: i64, notional: i64) {
        let at = self.accounts.opened(account).risk.limits;
        let quote = self.instruments[instrument.get() as usize].listing.quote;
        let limits = &mut self.risks.limits[at as usize];
        *limits.exposure_mut(quote) += i128::from(notional);
        if side == Side::Buy {
            limits.position_mut(instrument).bids += lots;
        }
    }
}
