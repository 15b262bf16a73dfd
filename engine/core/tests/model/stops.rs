//! Stops of the model: armed, followed, gone off.

use cx_engine::Event;
use cx_engine::command::Side;
use cx_engine::control::Phase;
use cx_engine::event::{OrderTriggered, StopArmed, StopMoved};
use cx_engine::ids::InstrumentId;
use cx_engine::units::{Price, Trigger, TriggerTerms};

use super::Model;
use super::matching::minor;
use super::order::{Order, State};

impl Model {
    /// A stop waits from here on, behind the others of its side and stop price.
    pub(super) fn arm(&mut self, slot: u32, out: &mut Vec<Event>) {
        self.await_price(slot);
        let order = self.orders[&slot];
        out.push(Event::StopArmed(StopArmed {
            order: order.order,
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            stop_price: order.stop_price,
            leaves: order.leaves,
            held: minor(self.hold_of(&order)),
        }));
    }

    fn await_price(&mut self, slot: u32) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        let order = self.order_mut(slot);
        order.state = State::Armed;
        order.arrival = arrival;
        let instrument = order.instrument;
        self.venue_mut(instrument).armed.push(slot);
    }

    /// Armed stops of a side in the order in which they would go off.
    pub(super) fn stops_in_order(&self, instrument: InstrumentId, side: Side) -> Vec<u32> {
        let armed = self.venue(instrument).armed.iter().map(|slot| &self.orders[slot]);
        let mut armed: Vec<&Order> = armed.filter(|order| order.side == side).collect();
        armed.sort_by_key(|order| {
            let price = order.stop_price.ticks();
            (if side == Side::Buy { price } else { -price }, order.arrival)
        });
        armed.into_iter().map(Order::slot).collect()
    }

    /// Stops go off and follow until nothing moves any more.
    pub(super) fn run_stops(&mut self, instrument: InstrumentId, out: &mut Vec<Event>) {
        while self.venue(instrument).phase == Phase::Continuous {
            let venue = self.venue_mut(instrument);
            if venue.armed.is_empty() {
                venue.touched = None;
                return;
            }
            let Some(last) = venue.last else { return };
            // A newly armed stop is compared with the last price as well; the others have seen it.
            let (low, high) = venue.touched.map_or((last, last), |(low, high)| (low.min(last), high.max(last)));
            venue.touched = Some((low, high));
            if let Some(slot) = self.next_stop(instrument, low, high) {
                self.go_off(slot, out);
                continue;
            }
            let followed = self.follow(instrument, low, high, out);
            self.venue_mut(instrument).touched = followed.then_some((last, last));
            if !followed {
                return;
            }
        }
    }

    /// Whether no stop is reached by the last price, as it must be between commands in the continuous phase.
    pub fn stops_at_rest(&self, instrument: InstrumentId) -> bool {
        let venue = self.venue(instrument);
        let last = venue.last.filter(|_| venue.phase == Phase::Continuous);
        last.is_none_or(|last| self.next_stop(instrument, last, last).is_none())
    }

    fn next_stop(&self, instrument: InstrumentId, low: i64, high: i64) -> Option<u32> {
        let first = |side| self.stops_in_order(instrument, side).first().copied();
        let stop_price = |slot: &u32| self.orders[slot].stop_price.ticks();
        let buy = first(Side::Buy).filter(|slot| stop_price(slot) <= high);
        buy.or_else(|| first(Side::Sell).filter(|slot| stop_price(slot) >= low))
    }

    fn go_off(&mut self, slot: u32, out: &mut Vec<Event>) {
        self.part_pair(slot, out);
        self.take_out(slot);
        let order = self.orders[&slot];
        out.push(Event::OrderTriggered(OrderTriggered {
            order: order.order,
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            stop_price: order.stop_price,
            leaves: order.leaves,
        }));
        self.aggress(slot, out);
    }

    /// Trailing stops follow the extremes. Whether any saw a new one.
    fn follow(&mut self, instrument: InstrumentId, low: i64, high: i64, out: &mut Vec<Event>) -> bool {
        let armed = self.venue(instrument).armed.iter().map(|slot| self.orders[slot]);
        let mut trailing: Vec<Order> = armed.filter(|order| is_trailing(order.trigger)).collect();
        trailing.sort_by_key(|order| (order.side == Side::Sell, order.accepted));
        let mut followed = false;
        for order in trailing {
            let extreme = match order.side {
                Side::Buy => order.extreme.ticks().min(low),
                Side::Sell => order.extreme.ticks().max(high),
            };
            if extreme == order.extreme.ticks() {
                continue;
            }
            followed = true;
            let stop_price = trailing_price(order.trigger, order.side, extreme);
            let changed = self.order_mut(order.slot());
            changed.extreme = Price::from_ticks(extreme);
            if stop_price != order.stop_price.ticks() {
                self.move_stop(&order, stop_price, out);
            }
        }
        followed
    }

    fn move_stop(&mut self, order: &Order, stop_price: i64, out: &mut Vec<Event>) {
        let slot = order.slot();
        let second = order.pair.filter(|link| !link.second).map(|link| link.other);
        let before = second.map(|other| self.hold_of(&self.orders[&other]));
        self.take_out(slot);
        self.order_mut(slot).stop_price = Price::from_ticks(stop_price);
        self.await_price(slot);
        let moved = self.orders[&slot];
        out.push(Event::StopMoved(StopMoved {
            order: moved.order,
            account: moved.account,
            instrument: moved.instrument,
            side: moved.side,
            stop_price: moved.stop_price,
            held: minor(self.hold_of(&moved)),
        }));
        if let Some(other) = second
            && before != Some(self.hold_of(&self.orders[&other]))
        {
            self.tell_hold(other, out);
        }
    }
}

/// Whether a trigger is a distance.
pub(super) fn is_trailing(trigger: Trigger) -> bool {
    matches!(trigger.terms(), Some(TriggerTerms::Ticks(_) | TriggerTerms::BasisPoints(_)))
}

/// Where a trailing stop goes off when the best last price is `extreme`.
pub(super) fn trailing_price(trigger: Trigger, side: Side, extreme: i64) -> i64 {
    let distance = match trigger.terms() {
        Some(TriggerTerms::Ticks(ticks)) => i128::from(ticks),
        Some(TriggerTerms::BasisPoints(points)) => {
            let product = i128::from(extreme) * i128::from(points);
            (product + 9_999) / 10_000
        }
        _ => unreachable!("only trailing stops follow"),
    };
    let price = match side {
        Side::Buy => i128::from(extreme) + distance,
        Side::Sell => i128::from(extreme) - distance,
    };
    i64::try_from(price).expect("prices are at most 2^62")
}
