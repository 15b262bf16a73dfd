//! Auctions of the model: the price, by trying all that can matter, the uncross at it, and what is indicated before.

use cx_engine::Event;
use cx_engine::command::Side;
use cx_engine::event::AuctionState;
use cx_engine::ids::InstrumentId;
use cx_engine::reject::CancelReason;
use cx_engine::units::{Price, Quantity};

use super::{Model, index};

/// What an auction gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Auction {
    pub(super) price: i64,
    pub(super) volume: i128,
    pub(super) surplus: i128,
}

impl Model {
    /// The auction's price with volume and surplus; `None` when nothing matches.
    pub(super) fn auction(&self, instrument: InstrumentId) -> Option<Auction> {
        let venue = self.venue(instrument);
        let best_bid = venue.book.best_price(Side::Buy)?.ticks();
        let best_ask = venue.book.best_price(Side::Sell)?.ticks();
        // Above the best bid nothing is bid and below the best offer nothing is offered: volume is only in between.
        let tried = best_ask..=best_bid;
        let levels = |side| -> Vec<(i64, i128)> {
            let lots = |slot: &u32| i128::from(self.orders[slot].leaves.lots());
            let all = venue.book.levels(side).map(|(price, queue)| (price.ticks(), queue.iter().map(lots).sum()));
            all.take_while(|(price, _)| tried.contains(price)).collect()
        };
        let (bids, asks) = (levels(Side::Buy), levels(Side::Sell));
        let at = |price: i64| {
            let bid: i128 = bids.iter().filter(|level| level.0 >= price).map(|level| level.1).sum();
            let offered: i128 = asks.iter().filter(|level| level.0 <= price).map(|level| level.1).sum();
            Auction { price, volume: bid.min(offered), surplus: bid - offered }
        };
        // What is bid and offered changes only at an order's price or next to it, so that every run of prices with the
        // same figures has its two ends among these.
        let around = bids.iter().chain(&asks).flat_map(|&(price, _)| [price - 1, price, price + 1]);
        let mut candidates: Vec<Auction> = around.filter(|price| tried.contains(price)).map(at).collect();
        let most = candidates.iter().map(|it| it.volume).max()?;
        candidates.retain(|it| it.volume == most);
        let least = candidates.iter().map(|it| it.surplus.abs()).min()?;
        candidates.retain(|it| it.surplus.abs() == least);
        let highest = *candidates.iter().max_by_key(|it| it.price)?;
        let lowest = *candidates.iter().min_by_key(|it| it.price)?;
        if candidates.iter().all(|it| it.surplus > 0) {
            return Some(highest);
        }
        if candidates.iter().all(|it| it.surplus < 0) {
            return Some(lowest);
        }
        let middle = i128::midpoint(i128::from(lowest.price), i128::from(highest.price));
        let middle = i64::try_from(middle).expect("it is between two prices");
        let reference = venue.last.or(venue.reference).unwrap_or(middle);
        // Within a run the price nearest the reference is one of its ends, or the reference itself.
        if tried.contains(&reference) {
            let there = at(reference);
            if there.volume == most && there.surplus.abs() == least {
                return Some(there);
            }
        }
        candidates.into_iter().min_by_key(|it| (it.price.abs_diff(reference), -it.price))
    }

    /// Trades what crosses at the auction's price, in rounds while self-trade prevention leaves the book crossed.
    pub(super) fn uncross(&mut self, instrument: InstrumentId, was_auction: bool, out: &mut Vec<Event>) {
        let mut rounds = 0;
        while let Some(auction) = self.auction(instrument) {
            rounds += 1;
            let volume = self.uncross_at(instrument, auction.price, out);
            let venue = self.venue_mut(instrument);
            venue.reference = Some(auction.price);
            venue.before = Some(auction.price);
            out.push(uncrossed(instrument, auction.price, volume, auction.surplus));
        }
        if rounds == 0 && was_auction {
            out.push(uncrossed(instrument, 0, 0, 0));
        }
    }

    fn uncross_at(&mut self, instrument: InstrumentId, price: i64, out: &mut Vec<Event>) -> i128 {
        let mut traded = 0;
        loop {
            let book = &self.venue(instrument).book;
            let (Some(bid), Some(ask)) = (book.first(Side::Buy), book.first(Side::Sell)) else { return traded };
            let (bid, ask) = (self.orders[&bid], self.orders[&ask]);
            if bid.price.ticks() < price || ask.price.ticks() > price {
                return traded;
            }
            let (maker, taker) = if bid.arrival < ask.arrival { (bid, ask) } else { (ask, bid) };
            if self.one_owner(bid.account, ask.account) {
                self.end(taker.slot(), CancelReason::SelfTrade, out);
                continue;
            }
            let quantity = bid.displayed.min(ask.displayed);
            traded += i128::from(quantity.lots());
            self.trade(maker.slot(), taker.slot(), quantity, Price::from_ticks(price), out);
        }
    }

    /// Each auction whose book changed shows what it would give, if that is something new.
    pub(super) fn indicate(&mut self, out: &mut Vec<Event>) {
        for place in 0..self.instruments.len() {
            if !std::mem::take(&mut self.instruments[place].stirred) {
                continue;
            }
            let instrument = self.instruments[place].listed.instrument;
            if !self.instruments[place].phase.is_auction() {
                continue;
            }
            let shown = self.auction(instrument).map_or((0, 0, 0), |it| (it.price, it.volume, it.surplus));
            if shown != self.instruments[place].indicated {
                self.instruments[place].indicated = shown;
                out.push(Event::AuctionIndicated(state(instrument, shown.0, shown.1, shown.2)));
            }
        }
    }

    /// What an auction of the instrument would give now.
    pub fn auction_state(&self, instrument: InstrumentId) -> AuctionState {
        let _ = index(instrument.get());
        let (price, volume, surplus) =
            self.auction(instrument).map_or((0, 0, 0), |it| (it.price, it.volume, it.surplus));
        state(instrument, price, volume, surplus)
    }
}

fn uncrossed(instrument: InstrumentId, price: i64, volume: i128, surplus: i128) -> Event {
    Event::AuctionUncrossed(state(instrument, price, volume, surplus))
}

fn state(instrument: InstrumentId, price: i64, volume: i128, surplus: i128) -> AuctionState {
    AuctionState {
        instrument,
        price: Price::from_ticks(price),
        volume: Quantity::from_lots(u64::try_from(volume).expect("2^24 orders of 2^40 lots")),
        surplus: i64::try_from(surplus).expect("books are not that full"),
    }
}
