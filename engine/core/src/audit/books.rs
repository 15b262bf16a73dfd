//! The books: queues, levels, and what the phase and the last price demand of them.

use super::AuditError;
use crate::book::{Book, Ladder, NONE, price_of};
use crate::command::{OrderKind, Side, TimeInForce};
use crate::control::Phase;
use crate::exchange::{Exchange, Instrument};
use crate::ids::InstrumentId;
use crate::units::{Price, TriggerTerms};

impl Exchange {
    /// Checks an instrument's book and its armed stops; gives how many orders are queued in them.
    pub(super) fn audit_books(&self, instrument: &Instrument) -> Result<usize, AuditError> {
        let id = instrument.listing.instrument;
        let phase = instrument.session.phase;
        let (bid, ask) = (instrument.book.side(Side::Buy).best(), instrument.book.side(Side::Sell).best());
        let uncrossed = matches!(phase, Phase::Continuous | Phase::PostOnly);
        if uncrossed && bid != Ladder::NO_KEY && ask != Ladder::NO_KEY && -bid >= ask {
            return Err(AuditError::Crossed(id));
        }
        let mut queued = 0;
        for side in [Side::Buy, Side::Sell] {
            queued += self.audit_side(id, &instrument.book, side, false)?;
            if let Some(stops) = &instrument.stops {
                queued += self.audit_side(id, &stops.book, side, true)?;
            }
        }
        self.audit_trailing(instrument)?;
        Ok(queued)
    }

    /// The lists of trailing stops have all of them, and nothing else.
    fn audit_trailing(&self, instrument: &Instrument) -> Result<(), AuditError> {
        let id = instrument.listing.instrument;
        let Some(stops) = &instrument.stops else { return Ok(()) };
        for side in [Side::Buy, Side::Sell] {
            let ladder = stops.book.side(side.opposite());
            let (mut there, mut key) = (Vec::new(), ladder.best());
            while key != Ladder::NO_KEY {
                let mut slot = ladder.level(key).map_or(NONE, |level| level.head);
                while slot != NONE {
                    if self.orders.detail(slot).kind == OrderKind::TrailingStop {
                        there.push(slot);
                    }
                    slot = self.orders.node(slot).next;
                }
                key = ladder.next_after(key);
            }
            let mut listed: Vec<u32> = stops.trailing(&self.orders, side).take(there.len() + 1).collect();
            there.sort_unstable();
            listed.sort_unstable();
            if there != listed {
                return Err(AuditError::Stop(id, "the list of trailing stops is wrong"));
            }
        }
        Ok(())
    }

    /// Walks one side of a book, or of the armed stops; gives how many orders are queued on it.
    fn audit_side(&self, id: InstrumentId, book: &Book, side: Side, armed: bool) -> Result<usize, AuditError> {
        let ladder = book.side(side);
        let (mut levels, mut queued, mut key) = (0, 0, ladder.best());
        while key != Ladder::NO_KEY {
            let level = ladder.level(key).ok_or(AuditError::Level(id, "an occupied level is missing"))?;
            let (mut sum, mut last, mut slot, mut arrival) = (0, NONE, level.head, 0);
            while slot != NONE {
                let (node, detail) = (self.orders.node(slot), self.orders.detail(slot));
                if node.leaves == 0 || node.key != key || node.prev != last {
                    return Err(AuditError::Level(id, "a queue is broken"));
                }
                let at_side = if armed { detail.side.opposite() } else { detail.side };
                if detail.instrument != id || at_side != side || detail.armed != armed {
                    return Err(AuditError::Level(id, "an order is in the wrong queue"));
                }
                if !armed && (detail.arrival <= arrival || detail.arrival > self.last_arrival) {
                    return Err(AuditError::Level(id, "orders are not in the order of their arrival"));
                }
                self.audit_queued(id, slot)?;
                sum += self.orders.leaves(slot);
                queued += 1;
                arrival = detail.arrival;
                (last, slot) = (slot, node.next);
            }
            if level.tail != last || sum == 0 || sum != level.quantity {
                return Err(AuditError::Level(id, "its total or tail is wrong"));
            }
            levels += 1;
            let next = ladder.next_after(key);
            if next <= key || price_of(side, key).ticks() < 1 {
                return Err(AuditError::Level(id, "levels are out of order"));
            }
            key = next;
        }
        if levels == ladder.len() { Ok(queued) } else { Err(AuditError::Level(id, "a level cannot be reached")) }
    }

    /// One order of a queue: its quantities, what it shows, its phase, and its stop price.
    fn audit_queued(&self, id: InstrumentId, slot: u32) -> Result<(), AuditError> {
        let (node, detail, terms) = (self.orders.node(slot), self.orders.detail(slot), self.orders.terms(slot));
        let leaves = self.leaves_of(slot);
        if leaves.lots() > detail.quantity {
            return Err(AuditError::Level(id, "more of an order is open than there was"));
        }
        let most = if detail.armed { leaves } else { terms.display.of(leaves) };
        let whole = detail.armed || terms.display.lots() == 0;
        if node.leaves > most.lots() || (whole && detail.hidden > 0) {
            return Err(AuditError::Level(id, "an order shows more or less than it should"));
        }
        let session = &self.instruments[id.get() as usize].session;
        let day = detail.time_in_force == TimeInForce::Day;
        if session.phase == Phase::Delisted || (session.phase == Phase::Closed && day) {
            return Err(AuditError::Phase(id));
        }
        if detail.armed { self.audit_stop(id, slot) } else { Ok(()) }
    }

    fn audit_stop(&self, id: InstrumentId, slot: u32) -> Result<(), AuditError> {
        let (detail, terms) = (self.orders.detail(slot), self.orders.terms(slot));
        let (stop_price, session) = (self.stop_price_of(slot), &self.instruments[id.get() as usize].session);
        if session.phase == Phase::Continuous && session.last != Price::NONE {
            let reached = match detail.side {
                Side::Buy => session.last >= stop_price,
                Side::Sell => session.last <= stop_price,
            };
            if reached {
                return Err(AuditError::Stop(id, "the last price has reached it"));
            }
            let behind = match detail.side {
                Side::Buy => session.last < terms.extreme,
                Side::Sell => session.last > terms.extreme,
            };
            if detail.kind == OrderKind::TrailingStop && behind {
                return Err(AuditError::Stop(id, "it has not followed the last price"));
            }
        }
        if detail.kind != OrderKind::TrailingStop {
            return Ok(());
        }
        let extreme = terms.extreme.ticks();
        let distance = match terms.trigger.terms() {
            Some(TriggerTerms::Ticks(ticks)) => i128::from(ticks),
            Some(TriggerTerms::BasisPoints(points)) => (i128::from(extreme) * i128::from(points) + 9_999) / 10_000,
            _ => return Err(AuditError::Stop(id, "it trails at no distance")),
        };
        let expected = i128::from(extreme) + if detail.side == Side::Buy { distance } else { -distance };
        if expected == i128::from(stop_price.ticks()) {
            Ok(())
        } else {
            Err(AuditError::Stop(id, "its stop price is not at its distance"))
        }
    }
}
