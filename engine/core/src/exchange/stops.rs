//! Stops: armed at their price, trailing the market, going off one after the other until nothing moves any more.

use super::Exchange;
use crate::book::{Book, Ladder, NONE, Orders, key_of, price_of};
use crate::command::{OrderKind, Side};
use crate::control::Phase;
use crate::event::{Event, OrderTriggered, StopArmed, StopMoved};
use crate::ids::InstrumentId;
use crate::units::{Amount, Price, Quantity, Trigger, TriggerTerms};

/// The armed stops of an instrument.
#[derive(Clone)]
pub(crate) struct Stops {
    /// Queues by stop price, with the sides swapped: buy stops lie like offers, lowest price first, sell stops like bids.
    pub(crate) book: Book,
    /// Trailing buy stops and sell stops.
    trailing: [Trailing; 2],
}

/// The trailing stops of a side in the order in which they were accepted, linked through their terms.
#[derive(Clone, Copy)]
struct Trailing {
    first: u32,
    last: u32,
    count: usize,
    /// None of them follows a price that is not better than this: at most as good as the extreme of any.
    weakest: Price,
}

/// Trailing stops at most, on an instrument and side.
pub(super) const TRAILING_MAX: usize = 1_024;

impl Trailing {
    /// No stop follows: the best price of a side there is.
    const fn none(side: Side) -> Self {
        let weakest = Price::from_ticks(if matches!(side, Side::Buy) { i64::MIN } else { i64::MAX });
        Self { first: NONE, last: NONE, count: 0, weakest }
    }
}

/// The worse of two extremes: the one that fewer prices are better than.
fn weaker(side: Side, one: Price, other: Price) -> Price {
    match side {
        Side::Buy => one.max(other),
        Side::Sell => one.min(other),
    }
}

impl Stops {
    pub(crate) const fn new() -> Self {
        Self { book: Book::new(), trailing: [Trailing::none(Side::Buy), Trailing::none(Side::Sell)] }
    }

    /// How many trailing stops a side has.
    pub(crate) const fn trailing_count(&self, side: Side) -> usize {
        self.trailing[side as usize - 1].count
    }

    /// Trailing stops of a side in the order in which they were accepted.
    pub(crate) fn trailing(&self, orders: &Orders, side: Side) -> impl Iterator<Item = u32> {
        let first = self.trailing[side as usize - 1].first;
        std::iter::successors((first != NONE).then_some(first), |&slot| {
            let behind = orders.terms(slot).behind;
            (behind != NONE).then_some(behind)
        })
    }

    /// Whether a stop is among those that follow.
    pub(crate) fn trails(&self, orders: &Orders, side: Side, slot: u32) -> bool {
        self.trailing[side as usize - 1].first == slot || orders.terms(slot).before != NONE
    }

    /// A trailing stop follows from here on, after the others.
    pub(crate) fn join_trailing(&mut self, orders: &mut Orders, side: Side, slot: u32) {
        let list = &mut self.trailing[side as usize - 1];
        let last = std::mem::replace(&mut list.last, slot);
        if last == NONE {
            list.first = slot;
        } else {
            orders.terms_mut(last).behind = slot;
        }
        let terms = orders.terms_mut(slot);
        (terms.before, terms.behind) = (last, NONE);
        list.count += 1;
        list.weakest = weaker(side, list.weakest, terms.extreme);
    }

    /// A trailing stop follows no more.
    fn leave_trailing(&mut self, orders: &mut Orders, side: Side, slot: u32) {
        let terms = orders.terms_mut(slot);
        let (before, behind) = (terms.before, terms.behind);
        (terms.before, terms.behind) = (NONE, NONE);
        let list = &mut self.trailing[side as usize - 1];
        if before == NONE {
            list.first = behind;
        } else {
            orders.terms_mut(before).behind = behind;
        }
        if behind == NONE {
            list.last = before;
        } else {
            orders.terms_mut(behind).before = before;
        }
        list.count -= 1;
        if list.count == 0 {
            *list = Trailing::none(side);
        }
    }

    /// Whether a trailing stop may follow these prices.
    #[inline]
    fn may_follow(&self, low: Price, high: Price) -> bool {
        let [buys, sells] = &self.trailing;
        low < buys.weakest || high > sells.weakest
    }

    fn is_empty(&self) -> bool {
        self.book.side(Side::Buy).best() == Ladder::NO_KEY && self.book.side(Side::Sell).best() == Ladder::NO_KEY
    }
}

/// Where a trailing stop goes off when the best last price is `extreme`; `None` for a trigger that does not trail.
pub(crate) fn trailing_price(trigger: Trigger, side: Side, extreme: Price) -> Option<Price> {
    let best = i128::from(extreme.ticks());
    let distance = match trigger.terms()? {
        TriggerTerms::Ticks(ticks) => i128::from(ticks),
        TriggerTerms::BasisPoints(points) => (best * i128::from(points) + 9_999) / 10_000,
        TriggerTerms::None | TriggerTerms::At(_) => return None,
    };
    let price = match side {
        Side::Buy => best + distance,
        Side::Sell => best - distance,
    };
    i64::try_from(price).ok().map(Price::from_ticks)
}

impl Exchange {
    /// Puts a stop with `leaves` open lots behind the others of its stop price, and holds what it needs.
    pub(super) fn arm(&mut self, slot: u32, stop_price: Price, leaves: Quantity, events: &mut Vec<Event>) {
        self.await_price(slot, stop_price, leaves);
        let detail = self.orders.detail(slot);
        let (instrument, side) = (detail.instrument, detail.side);
        let held = self.held_of(slot);
        self.balances.hold(self.orders.detail(slot).holder(), held);
        events.push(Event::StopArmed(StopArmed {
            order: self.orders.id(slot),
            account: self.orders.node(slot).account,
            instrument,
            side,
            stop_price,
            leaves,
            held,
        }));
    }

    /// An armed trailing stop follows the market from here on.
    pub(super) fn trail(&mut self, slot: u32) {
        let detail = self.orders.detail(slot);
        let side = detail.side;
        let stops = self.instruments[detail.instrument.get() as usize].stops.as_mut().expect("made when it was armed");
        stops.join_trailing(&mut self.orders, side, slot);
    }

    fn await_price(&mut self, slot: u32, stop_price: Price, leaves: Quantity) {
        let detail = self.orders.detail_mut(slot);
        detail.armed = true;
        detail.hidden = 0;
        let (side, instrument) = (detail.side, detail.instrument);
        let place = side.opposite();
        let node = self.orders.node_mut(slot);
        (node.leaves, node.key) = (leaves.lots(), key_of(place, stop_price));
        let stops = self.instruments[instrument.get() as usize].stops.get_or_insert_with(|| Box::new(Stops::new()));
        stops.book.rest(&mut self.orders, place, slot, leaves.lots());
        let price = self.valued_at(slot);
        self.count_open(slot, price, leaves, 1);
    }

    /// Takes an armed stop out of its queue, to move or amend it: it is not counted any more, but follows in its turn.
    pub(super) fn stop_waiting(&mut self, slot: u32) {
        let leaves = self.leaves_of(slot);
        let price = self.valued_at(slot);
        self.count_open(slot, price, leaves, -1);
        let detail = self.orders.detail(slot);
        let (side, instrument) = (detail.side, detail.instrument);
        let stops = self.instruments[instrument.get() as usize].stops.as_mut().expect("an armed stop is among them");
        stops.book.unrest(&mut self.orders, side.opposite(), slot, leaves.lots());
    }

    /// Takes an armed stop out: it waits no more.
    pub(super) fn disarm(&mut self, slot: u32) {
        self.stop_waiting(slot);
        let detail = self.orders.detail_mut(slot);
        detail.armed = false;
        if detail.kind == OrderKind::TrailingStop {
            let (side, instrument) = (detail.side, detail.instrument);
            let stops = self.instruments[instrument.get() as usize].stops.as_mut().expect("it was among them");
            stops.leave_trailing(&mut self.orders, side, slot);
        }
    }

    /// Puts an armed stop of a snapshot at the back of its queue. Its key and leaves are those of its node; whether it follows,
    /// and when, is said by [`Stops::join_trailing`].
    pub(crate) fn restore_stop(&mut self, slot: u32) {
        let (leaves, detail) = (self.orders.node(slot).leaves, *self.orders.detail(slot));
        let kept = &mut self.instruments[detail.instrument.get() as usize];
        let stops = kept.stops.get_or_insert_with(|| Box::new(Stops::new()));
        stops.book.rest(&mut self.orders, detail.side.opposite(), slot, leaves);
    }

    /// Stops go off and follow until nothing moves any more, in the continuous phase.
    pub(crate) fn run_stops(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let at = instrument.get() as usize;
        loop {
            let kept = &mut self.instruments[at];
            if kept.session.phase != Phase::Continuous {
                return;
            }
            let Some(stops) = kept.stops.as_ref().filter(|stops| !stops.is_empty()) else {
                kept.session.touched = None;
                return;
            };
            let last = kept.session.last;
            if last == Price::NONE {
                return;
            }
            // A newly armed stop is compared with the last price as well; the others have seen it.
            let (low, high) = kept.session.touched.map_or((last, last), |(low, high)| (low.min(last), high.max(last)));
            kept.session.touched = Some((low, high));
            if let Some(slot) = next_stop(&stops.book, low, high) {
                self.go_off(slot, events);
                continue;
            }
            let may_follow = stops.may_follow(low, high);
            let followed = may_follow && self.follow(instrument, low, high, events);
            self.instruments[at].session.touched = followed.then_some((last, last));
            if !followed {
                return;
            }
        }
    }

    /// A stop went off: its pair is cancelled, and it is an aggressor.
    fn go_off(&mut self, slot: u32, events: &mut Vec<Event>) {
        self.leave_pair(slot, events);
        let held = self.need_of(slot);
        let (limit, stop_price, leaves) = (self.limit_of(slot), self.stop_price_of(slot), self.leaves_of(slot));
        self.disarm(slot);
        let detail = *self.orders.detail(slot);
        self.balances.release(detail.holder(), held, held);
        self.orders.node_mut(slot).key = key_of(detail.side, limit);
        events.push(Event::OrderTriggered(OrderTriggered {
            order: self.orders.id(slot),
            account: self.orders.node(slot).account,
            instrument: detail.instrument,
            side: detail.side,
            stop_price,
            leaves,
        }));
        let taker = self.taker(slot, limit, leaves, Amount::ZERO);
        self.execute(taker, events);
    }

    /// Trailing stops follow new extremes, buys first. Whether any saw one.
    fn follow(&mut self, instrument: InstrumentId, low: Price, high: Price, events: &mut Vec<Event>) -> bool {
        let at = instrument.get() as usize;
        let mut followed = false;
        for side in [Side::Buy, Side::Sell] {
            let Some(stops) = &self.instruments[at].stops else { continue };
            let mut next = stops.trailing[side as usize - 1].first;
            let mut weakest = Trailing::none(side).weakest;
            // Moving a stop does not change the list.
            while next != NONE {
                let slot = next;
                let terms = *self.orders.terms(slot);
                next = terms.behind;
                let extreme = match side {
                    Side::Buy => terms.extreme.min(low),
                    Side::Sell => terms.extreme.max(high),
                };
                weakest = weaker(side, weakest, extreme);
                if extreme == terms.extreme {
                    continue;
                }
                followed = true;
                self.orders.terms_mut(slot).extreme = extreme;
                let stop_price = trailing_price(terms.trigger, side, extreme).expect("nearer than the one before");
                if stop_price != self.stop_price_of(slot) {
                    self.move_stop(slot, stop_price, events);
                }
            }
            if let Some(stops) = &mut self.instruments[at].stops {
                stops.trailing[side as usize - 1].weakest = weakest;
            }
        }
        followed
    }

    fn move_stop(&mut self, slot: u32, stop_price: Price, events: &mut Vec<Event>) {
        let (leaves, before, need_before) = (self.leaves_of(slot), self.held_of(slot), self.need_of(slot));
        self.stop_waiting(slot);
        self.await_price(slot, stop_price, leaves);
        let held = self.held_of(slot);
        let detail = *self.orders.detail(slot);
        self.change_hold(detail.holder(), before, held);
        events.push(Event::StopMoved(StopMoved {
            order: self.orders.id(slot),
            account: self.orders.node(slot).account,
            instrument: detail.instrument,
            side: detail.side,
            stop_price,
            held,
        }));
        self.follow_first(slot, need_before, events);
    }
}

/// The stop that goes off next: buys first, lowest stop price first; then sells, highest first.
fn next_stop(book: &Book, low: Price, high: Price) -> Option<u32> {
    let first = |place: Side, reached: &dyn Fn(Price) -> bool| {
        let ladder = book.side(place);
        let key = ladder.best();
        (key != Ladder::NO_KEY && reached(price_of(place, key)))
            .then(|| ladder.level(key).expect("the best level is occupied").head)
    };
    first(Side::Sell, &|price| price <= high).or_else(|| first(Side::Buy, &|price| price >= low))
}
