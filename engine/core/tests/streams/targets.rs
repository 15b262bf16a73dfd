//! What a generator knows of the venue from its answers, and which orders it aims at.

use cx_engine::Event;
use cx_engine::command::{OrderKind, Side};
use cx_engine::ids::{AccountId, InstrumentId, OrderId};
use cx_engine::reject::Reject;
use cx_engine::units::{Amount, Price, Quantity};

use super::{Choices, Generator, Known, MEMORY};

/// Refusals that leave no record of the order's name.
const UNRECORDED: [Reject; 4] =
    [Reject::ReservedAccount, Reject::UnknownAccount, Reject::DuplicateClientOrderId, Reject::Throttled];

impl Generator {
    /// Learns from the answer.
    pub fn observe(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::AssetAdded(asset) => self.assets.push(*asset),
                Event::InstrumentListed(instrument) => {
                    self.instruments.push(*instrument);
                    self.phases.push(cx_engine::control::Phase::Continuous);
                }
                Event::OrderAccepted(it) => {
                    self.open.push(Known {
                        order: it.order,
                        account: it.account,
                        instrument: it.instrument,
                        side: it.side,
                        kind: it.kind,
                        price: it.price,
                        quantity: it.quantity,
                        filled: 0,
                        armed: it.kind.is_stop(),
                        by_cash: it.quote_quantity != Amount::ZERO,
                    });
                    self.record();
                }
                Event::OrderRejected(it) if !UNRECORDED.contains(&it.reason) => self.record(),
                Event::OrderAmended(it) => {
                    let known = self.known(it.order);
                    known.price = it.price;
                    known.quantity = it.quantity;
                }
                Event::OrderReduced(it) => {
                    let known = self.known(it.order);
                    known.quantity = known.quantity.minus(it.by);
                }
                Event::OrderTriggered(it) => self.known(it.order).armed = false,
                Event::Trade(trade) => {
                    self.trades = trade.trade.get();
                    for (order, leaves) in
                        [(trade.maker_order, trade.maker_leaves), (trade.taker_order, trade.taker_leaves)]
                    {
                        let known = self.known(order);
                        known.filled += trade.quantity.lots();
                        if leaves.is_zero() && !known.by_cash {
                            self.close(order);
                        }
                    }
                }
                Event::OrderCancelled(it) => self.close(it.order),
                Event::PhaseChanged(it) => {
                    let at = usize::try_from(it.instrument.get()).expect("usize holds a u32");
                    self.phases[at] = it.phase;
                }
                Event::MarketHalted { halted } => self.halted = *halted,
                Event::AccountKilled { account, killed: true, .. } => _ = self.killed.insert(*account),
                Event::AccountKilled { account, .. } => _ = self.killed.remove(account),
                Event::LimitsSet(it) => _ = self.limited.insert(it.account),
                _ => {}
            }
        }
    }

    /// Remembers the order that was just answered, when the venue remembers its name now.
    fn record(&mut self) {
        if let Some(order) = self.sent.take()
            && order.client_order_id.is_some()
            && self.named.len() < MEMORY
        {
            self.named.push(order);
        }
    }

    fn known(&mut self, order: OrderId) -> &mut Known {
        self.open.iter_mut().rfind(|known| known.order == order).expect("events name open orders")
    }

    fn close(&mut self, order: OrderId) {
        let place = self.open.iter().rposition(|known| known.order == order).expect("events name open orders");
        let ended = self.open.swap_remove(place);
        if self.ended.len() < MEMORY {
            self.ended.push(ended);
        }
    }

    /// An order to pair with a new one: mostly one that fits, if there is any near by.
    pub(super) fn partner(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        choices: &mut impl Choices,
    ) -> OrderId {
        if self.open.is_empty() || choices.one_in(10) {
            return self.target(choices).order;
        }
        let start = choices.position(self.open.len());
        let fits = |known: &&Known| known.account == account && known.instrument == instrument && known.side == side;
        let around = self.open[start..].iter().chain(&self.open[..start]);
        around.take(64).find(fits).map_or(OrderId::NONE, |known| known.order)
    }

    /// An open order, mostly; else one that ended, one whose generation is wrong, or one that never was.
    pub(super) fn target(&self, choices: &mut impl Choices) -> Known {
        let nobody = Known {
            order: OrderId::new(choices.pick(&[0, u64::MAX, 1 << 32, 7])),
            account: self.account(choices),
            instrument: InstrumentId::new(0),
            side: Side::Buy,
            kind: OrderKind::Limit,
            price: Price::from_ticks(1),
            quantity: Quantity::from_lots(1),
            filled: 0,
            armed: false,
            by_cash: false,
        };
        match choices.below(32) {
            0..26 if !self.open.is_empty() => choices.pick(&self.open),
            26..29 if !self.ended.is_empty() => {
                let recent = self.ended.len().min(100);
                self.ended[self.ended.len() - 1 - choices.position(recent)]
            }
            29 if !self.open.is_empty() => {
                let known = choices.pick(&self.open);
                let generation = known.order.generation().wrapping_add(1);
                Known { order: OrderId::from_parts(known.order.slot(), generation), ..known }
            }
            30 if !self.open.is_empty() => {
                // Far beyond any slot that was ever used.
                let known = choices.pick(&self.open);
                Known { order: OrderId::from_parts(u32::MAX, known.order.generation()), ..known }
            }
            _ => nobody,
        }
    }
}
