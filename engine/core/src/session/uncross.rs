//! Auctions: the price at which most trades, the uncross at it, and what is shown before.

use crate::book::{Ladder, price_of};
use crate::command::Side;
use crate::event::{AuctionState, Event};
use crate::exchange::Exchange;
use crate::ids::InstrumentId;
use crate::units::{Price, Quantity};

/// The prices that are left with most volume and least surplus: one run of neighbours, because the surplus only falls with the
/// price, and so does the volume where sells are in surplus, and rises where buys are.
struct Best {
    volume: u64,
    low: (i64, i128),
    high: (i64, i128),
    /// The last price of the run at which the surplus is that of `low`.
    turn: i64,
}

/// The auction's price over two ladders with volume and surplus at it; `None` when nothing matches. Linear in the levels that
/// cross. `levels` is room to work in; its content does not matter.
pub(super) fn clear(
    bids: &Ladder,
    asks: &Ladder,
    reference: Price,
    levels: &mut Vec<(i64, u64)>,
) -> Option<(Price, u64, i128)> {
    if bids.best() == Ladder::NO_KEY || asks.best() == Ladder::NO_KEY {
        return None;
    }
    let (lowest, highest) = (price_of(Side::Sell, asks.best()).ticks(), price_of(Side::Buy, bids.best()).ticks());
    if lowest > highest {
        return None;
    }
    // Bids come best first, highest price first: kept so that the lowest is taken from the end.
    levels.clear();
    let mut bid: i128 = 0;
    let mut key = bids.best();
    while key != Ladder::NO_KEY && price_of(Side::Buy, key).ticks() >= lowest {
        let quantity = bids.level(key).expect("every key on the way is occupied").quantity;
        levels.push((price_of(Side::Buy, key).ticks(), quantity));
        bid += i128::from(quantity);
        key = bids.next_after(key);
    }
    let (mut offered, mut ask, mut from): (i128, i64, i64) = (0, asks.best(), lowest);
    let mut best: Option<Best> = None;
    while from <= highest {
        if ask == from {
            offered += i128::from(asks.level(ask).expect("every key on the way is occupied").quantity);
            ask = asks.next_after(ask);
        }
        // Up to here nothing changes: the next offer begins behind, or the lowest bid ends.
        let end = levels.last().map_or(highest, |level| level.0).min(ask.saturating_sub(1)).min(highest);
        let volume = u64::try_from(bid.min(offered)).expect("2^24 orders of 2^40 lots fit");
        add(&mut best, volume, bid - offered, from, end);
        if levels.last().is_some_and(|level| level.0 == end) {
            bid -= levels.pop().map_or(0, |level| i128::from(level.1));
        }
        from = end + 1;
    }
    best.map(|best| choose(&best, reference))
}

/// Adds a run of prices with one volume and surplus to the best.
fn add(best: &mut Option<Best>, volume: u64, surplus: i128, from: i64, to: i64) {
    let rank = |volume: u64, surplus: i128| (volume, std::cmp::Reverse(surplus.abs()));
    match best {
        Some(it) if rank(it.volume, it.low.1) > rank(volume, surplus) => {}
        Some(it) if rank(it.volume, it.low.1) == rank(volume, surplus) => {
            if surplus == it.low.1 {
                it.turn = to;
            }
            it.high = (to, surplus);
        }
        _ => *best = Some(Best { volume, low: (from, surplus), high: (to, surplus), turn: to }),
    }
}

fn choose(best: &Best, reference: Price) -> (Price, u64, i128) {
    let (low, high) = (best.low, best.high);
    let price = if low.1 > 0 && high.1 > 0 {
        high.0
    } else if low.1 < 0 && high.1 < 0 {
        low.0
    } else if reference == Price::NONE {
        low.0 + (high.0 - low.0) / 2
    } else {
        reference.ticks().clamp(low.0, high.0)
    };
    (Price::from_ticks(price), best.volume, if price <= best.turn { low.1 } else { high.1 })
}

impl Exchange {
    /// What an auction of an instrument gives now; `None` when nothing matches.
    pub(super) fn find_price(&mut self, instrument: InstrumentId) -> Option<AuctionState> {
        let mut levels = std::mem::take(&mut self.timers.levels);
        let found = self.seek_price(instrument, &mut levels);
        self.timers.levels = levels;
        found
    }

    fn seek_price(&self, instrument: InstrumentId, levels: &mut Vec<(i64, u64)>) -> Option<AuctionState> {
        let it = &self.instruments[instrument.get() as usize];
        let reference = if it.session.last == Price::NONE { it.session.bands.reference } else { it.session.last };
        let (price, volume, surplus) = clear(it.book.side(Side::Buy), it.book.side(Side::Sell), reference, levels)?;
        let surplus =
            i64::try_from(surplus).expect("paid for with at most 2^62, pairs twice: below 2^63 against a lot offered");
        Some(AuctionState { instrument, price, volume: Quantity::from_lots(volume), surplus })
    }

    /// What an auction of an instrument would give now: no price when nothing matches, or for an unknown instrument.
    pub fn auction(&self, instrument: InstrumentId) -> AuctionState {
        let known = (instrument.get() as usize) < self.instruments.len();
        let found = if known { self.seek_price(instrument, &mut Vec::new()) } else { None };
        found.unwrap_or_else(|| nothing(instrument))
    }

    /// Trades what crosses at the auction's price, in rounds while the book stays crossed.
    pub(super) fn uncross(&mut self, instrument: InstrumentId, was_auction: bool, events: &mut Vec<Event>) {
        let mut rounds = 0;
        while let Some(auction) = self.find_price(instrument) {
            rounds += 1;
            let volume = self.uncross_at(instrument, auction.price, events);
            let session = &mut self.instruments[instrument.get() as usize].session;
            session.bands.reference = auction.price;
            session.before = (self.seq, auction.price);
            events.push(Event::AuctionUncrossed(AuctionState { volume, ..auction }));
        }
        if rounds == 0 && was_auction {
            events.push(Event::AuctionUncrossed(nothing(instrument)));
        }
    }

    fn uncross_at(&mut self, instrument: InstrumentId, price: Price, events: &mut Vec<Event>) -> Quantity {
        let mut traded = Quantity::ZERO;
        loop {
            let book = &self.instruments[instrument.get() as usize].book;
            let first = |side: Side| {
                let ladder = book.side(side);
                let key = ladder.best();
                (key != Ladder::NO_KEY)
                    .then(|| (price_of(side, key), ladder.level(key).expect("the best level is occupied").head))
            };
            let (Some((bid, buyer)), Some((ask, seller))) = (first(Side::Buy), first(Side::Sell)) else {
                return traded;
            };
            if bid < price || ask > price {
                return traded;
            }
            if self.have_one_owner(buyer, seller) {
                let arrival = |slot| self.orders.detail(slot).arrival;
                let later = if arrival(buyer) < arrival(seller) { seller } else { buyer };
                self.cancel_self_trade(later, events);
            } else {
                traded = traded.plus(self.auction_trade(instrument, buyer, seller, price, events));
            }
        }
    }

    /// An auction must be looked at before the command ends.
    #[inline]
    pub(crate) fn stir(&mut self, instrument: InstrumentId) {
        let session = &mut self.instruments[instrument.get() as usize].session;
        if !std::mem::replace(&mut session.stirred, true) {
            self.timers.stirred.push(instrument);
        }
    }

    /// Each auction whose book changed shows what it would give, if that is something new.
    #[inline]
    pub(crate) fn indicate(&mut self, events: &mut Vec<Event>) {
        if !self.timers.stirred.is_empty() {
            self.indicate_stirred(events);
        }
    }

    #[cold]
    fn indicate_stirred(&mut self, events: &mut Vec<Event>) {
        let mut stirred = std::mem::take(&mut self.timers.stirred);
        stirred.sort_unstable();
        for instrument in stirred.drain(..) {
            let session = &mut self.instruments[instrument.get() as usize].session;
            session.stirred = false;
            if !session.phase.is_auction() {
                continue;
            }
            let state = self.find_price(instrument).unwrap_or_else(|| nothing(instrument));
            let shown = (state.price, state.volume.lots(), state.surplus);
            let session = &mut self.instruments[instrument.get() as usize].session;
            if std::mem::replace(&mut session.indicated, shown) != shown {
                events.push(Event::AuctionIndicated(state));
            }
        }
        self.timers.stirred = stirred;
    }
}

const fn nothing(instrument: InstrumentId) -> AuctionState {
    AuctionState { instrument, price: Price::NONE, volume: Quantity::ZERO, surplus: 0 }
}

#[cfg(test)]
mod tests;
