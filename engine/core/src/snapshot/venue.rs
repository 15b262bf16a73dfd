//! Accounts, trading hours and past trades in a snapshot.

use super::list::List;
use super::settings::{Record, command_of, record};
use crate::accounts::Account as Opened;
use crate::book::NONE;
use crate::command::{Command, OrderKind, Permissions, Side};
use crate::control::Phase;
use crate::exchange::{Exchange, Instrument};
use crate::ids::{AccountId, InstrumentId, TradeId};
use crate::money;
use crate::risk::{PastTrade, REMEMBERED, TIERS, Tokens, WINDOW_DAYS, day_of};
use crate::units::{Amount, Price, Quantity, Timestamp};

/// An account, without what commands have set and what it owns.
#[derive(bincode::Encode, bincode::Decode)]
pub(super) struct Account {
    pub(super) id: AccountId,
    pub(super) permissions: Permissions,
    pub(super) tier: u8,
    /// Whether the tier was determined for the current day.
    pub(super) tier_settled: bool,
    /// Days and lots that count for its tiers, ascending.
    pub(super) volumes: List<(u32, u64)>,
    /// Billionths of tokens now, where there is a throttle.
    pub(super) tokens: u64,
    /// Slots of its open orders, in the order in which they were accepted.
    pub(super) open: List<u32>,
}

impl Account {
    pub(super) fn of(exchange: &Exchange, id: AccountId, account: &Opened) -> Self {
        let today = day_of(exchange.now);
        let profile = &account.risk;
        let limits = exchange.risks.limits.get(profile.limits as usize);
        let throttle = limits.filter(|limits| limits.set.rate_per_second > 0);
        let tokens = throttle.map_or(0, |limits| {
            limits.tokens.refilled(limits.set.rate_per_second, limits.set.burst, exchange.now).billionths
        });
        let mut open = Vec::with_capacity(account.open_orders as usize);
        let mut slot = account.oldest;
        while slot != NONE {
            open.push(slot);
            slot = exchange.orders.detail(slot).newer;
        }
        Self {
            id,
            permissions: account.permissions,
            tier: profile.tier,
            tier_settled: profile.tier_day == today,
            volumes: exchange.risks.volumes(profile, today).collect(),
            tokens,
            open: List(open),
        }
    }

    pub(super) fn restore(&self, exchange: &mut Exchange) -> Result<(), String> {
        let (now, today) = (exchange.now, day_of(exchange.now));
        if usize::from(self.tier) >= TIERS {
            return Err("a fee tier is out of range".into());
        }
        let ascending = self.volumes.0.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let counts = |&(day, lots): &(u32, u64)| day <= today && day + WINDOW_DAYS >= today && lots > 0;
        if !ascending || !self.volumes.0.iter().all(counts) {
            return Err("an account's volumes are wrong".into());
        }
        let profile = &mut exchange.accounts.opened_mut(self.id).risk;
        profile.tier = self.tier;
        profile.tier_day = if self.tier_settled { today } else { u32::MAX };
        for &(day, lots) in &self.volumes.0 {
            exchange.risks.count_volume(profile, day, lots);
        }
        let limits = exchange.risks.limits.get_mut(profile.limits as usize);
        match limits.filter(|limits| limits.set.rate_per_second > 0) {
            Some(limits) => {
                if self.tokens > limits.tokens.billionths {
                    return Err("an account has more tokens than it may".into());
                }
                limits.tokens = Tokens { billionths: self.tokens, at: now };
            }
            None if self.tokens > 0 => return Err("an account has tokens without a throttle".into()),
            None => {}
        }
        self.link_orders(exchange)
    }

    fn link_orders(&self, exchange: &mut Exchange) -> Result<(), String> {
        let mut older = NONE;
        for &slot in &self.open.0 {
            let orders = &mut exchange.orders;
            let live = slot < orders.slots() && orders.node(slot).leaves > 0 && orders.node(slot).account == self.id;
            let account = exchange.accounts.opened_mut(self.id);
            if !live || slot == account.newest || orders.detail(slot).older != NONE || slot == account.oldest {
                return Err("an account's list of open orders is wrong".into());
            }
            if older == NONE {
                account.oldest = slot;
            } else {
                orders.detail_mut(older).newer = slot;
            }
            orders.detail_mut(slot).older = older;
            account.newest = slot;
            account.open_orders += 1;
            older = slot;
        }
        Ok(())
    }
}

/// What an instrument is open for, and the prices that its bands, stops and auctions go by.
#[derive(bincode::Encode, bincode::Decode)]
pub(super) struct Hours {
    pub(super) phase: u8,
    /// When the phase ends by itself, and into which; zeros for never.
    pub(super) ends: Timestamp,
    pub(super) then: u8,
    /// How often the auction was extended, and what was indicated last in it; zeros without one.
    pub(super) extensions: u8,
    pub(super) indicated: (Price, u64, i64),
    pub(super) last: Price,
    pub(super) touched: Option<(Price, Price)>,
    /// Planned phases as command records, as they would come.
    pub(super) plans: List<Record>,
    /// Slots of armed trailing stops in the order in which they were accepted: buys, sells.
    pub(super) trailing: [List<u32>; 2],
}

impl Hours {
    pub(super) fn of(exchange: &Exchange, instrument: &Instrument) -> Self {
        let session = &instrument.session;
        let ends = session.ends > Timestamp::default();
        let auction = session.phase.is_auction();
        let plans = exchange.timers.plans(instrument.listing.instrument);
        Self {
            phase: session.phase.number(),
            ends: session.ends,
            then: if ends { session.then.number() } else { 0 },
            extensions: if auction { session.extensions } else { 0 },
            indicated: if auction { session.indicated } else { (Price::NONE, 0, 0) },
            last: session.last,
            touched: session.touched,
            plans: plans.map(|plan| record(Command::SchedulePhase(plan))).collect(),
            trailing: [Side::Buy, Side::Sell].map(|side| trailing(exchange, instrument, side)),
        }
    }

    fn restore(&self, exchange: &mut Exchange, instrument: InstrumentId) -> Result<(), String> {
        let phase = Phase::from_number(self.phase).ok_or("a phase is unknown")?;
        let at = instrument.get() as usize;
        let price_max = exchange.instruments[at].listing.price_max;
        let traded = |price: Price| price >= Price::from_ticks(1) && price <= price_max;
        let touched_fits = self.touched.is_none_or(|(low, high)| traded(low) && low <= high && traded(high));
        if (self.last != Price::NONE && !traded(self.last)) || !touched_fits {
            return Err("a last price is out of range".into());
        }
        let session = &mut exchange.instruments[at].session;
        session.phase = phase;
        session.extensions = self.extensions;
        session.indicated = self.indicated;
        (session.last, session.touched) = (self.last, self.touched);
        if self.ends > Timestamp::default() {
            let then = Phase::from_number(self.then).ok_or("a phase is unknown")?;
            if !phase.is_auction() {
                return Err("a phase has an end that has none".into());
            }
            exchange.restore_end(instrument, self.ends, then);
        }
        for plan in &self.plans.0 {
            match command_of(plan)? {
                Command::SchedulePhase(plan) if plan.instrument == instrument => {
                    exchange
                        .restore_plan(plan)
                        .map_err(|reason| format!("a planned phase is refused: {}", reason.code()))?;
                }
                _ => return Err("a planned phase is none".into()),
            }
        }
        Ok(())
    }
}

fn trailing(exchange: &Exchange, instrument: &Instrument, side: Side) -> List<u32> {
    List(instrument.stops.as_ref().map_or_else(Vec::new, |stops| stops.trailing(&exchange.orders, side).collect()))
}

/// Puts trailing stops into the order in which they were accepted, after all orders are in their queues. The audit looks for
/// any that are missing.
pub(super) fn restore_trailing(exchange: &mut Exchange, hours: &[Hours]) -> Result<(), String> {
    for (instrument, hours) in exchange.instruments.iter_mut().zip(hours) {
        for (side, slots) in [Side::Buy, Side::Sell].into_iter().zip(&hours.trailing) {
            for &slot in &slots.0 {
                let Some(stops) = instrument.stops.as_mut().filter(|_| slot < exchange.orders.slots()) else {
                    return Err("the list of trailing stops is wrong".into());
                };
                let detail = exchange.orders.detail(slot);
                let trails = exchange.orders.node(slot).leaves > 0
                    && detail.armed
                    && detail.kind == OrderKind::TrailingStop
                    && (detail.side, detail.instrument) == (side, instrument.listing.instrument);
                if !trails || stops.trails(&exchange.orders, side, slot) {
                    return Err("the list of trailing stops is wrong".into());
                }
                stops.join_trailing(&mut exchange.orders, side, slot);
            }
        }
    }
    Ok(())
}

pub(super) fn restore_hours(exchange: &mut Exchange, hours: &[Hours]) -> Result<(), String> {
    if hours.len() != exchange.instruments.len() {
        return Err("trading hours and instruments differ in number".into());
    }
    (0..).map(InstrumentId::new).zip(hours).try_for_each(|(instrument, hours)| hours.restore(exchange, instrument))
}

/// A trade that can still be reversed, or was.
#[derive(bincode::Encode, bincode::Decode)]
pub(super) struct Past {
    pub(super) instrument: InstrumentId,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) buyer: AccountId,
    pub(super) seller: AccountId,
    pub(super) buyer_fee: i64,
    pub(super) seller_fee: i64,
    pub(super) busted: bool,
}

impl Past {
    pub(super) const fn of(trade: &PastTrade) -> Self {
        Self {
            instrument: trade.instrument,
            price: trade.price,
            quantity: trade.quantity,
            buyer: trade.buyer,
            seller: trade.seller,
            buyer_fee: trade.buyer_fee,
            seller_fee: trade.seller_fee,
            busted: trade.busted,
        }
    }

    const fn remembered(&self) -> PastTrade {
        PastTrade {
            price: self.price,
            quantity: self.quantity,
            buyer_fee: self.buyer_fee,
            seller_fee: self.seller_fee,
            instrument: self.instrument,
            buyer: self.buyer,
            seller: self.seller,
            busted: self.busted,
        }
    }

    /// Whether the trade could have been made, so that it can be reversed.
    fn is_sound(&self, exchange: &Exchange) -> bool {
        let Some(instrument) = exchange.instruments.get(self.instrument.get() as usize) else { return false };
        let Some(notional) = money::notional(self.price, self.quantity, instrument.listing.tick_value) else {
            return false;
        };
        let trader = |account| account != AccountId::VENUE && exchange.accounts.get(account).is_some();
        let most = notional.minor() / 10;
        let fee = |fee: i64| (-most..=most).contains(&fee);
        let fees = fee(self.buyer_fee) && fee(self.seller_fee) && self.buyer_fee + self.seller_fee >= 0;
        let priced = self.price >= Price::from_ticks(1) && self.price <= instrument.listing.price_max;
        let sized = !self.quantity.is_zero() && self.quantity <= Quantity::ORDER_MAX;
        fees && priced && sized && notional > Amount::ZERO && trader(self.buyer) && trader(self.seller)
    }
}

pub(super) fn restore_trades(exchange: &mut Exchange, trades: &[Past]) -> Result<(), String> {
    let remembered = exchange.last_trade.get().min(REMEMBERED as u64);
    if trades.len() as u64 != remembered {
        return Err("other trades are remembered than were made".into());
    }
    let first = exchange.last_trade.get() - remembered + 1;
    for (number, past) in (first..).zip(trades) {
        if !past.is_sound(exchange) {
            return Err("a remembered trade could not have been made".into());
        }
        exchange.risks.recent.restore(TradeId::new(number), past.remembered());
    }
    Ok(())
}
