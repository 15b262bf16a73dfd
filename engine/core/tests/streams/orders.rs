//! Orders, amends and cancels of a generated stream.

use cx_engine::Command;
use cx_engine::command::{AmendOrder, CancelAll, CancelOrder, NewOrder, OrderKind, Side, TimeInForce};
use cx_engine::ids::{ClientOrderId, InstrumentId, OrderId};
use cx_engine::units::{Price, Quantity};

use super::{Choices, Generator, Known};

impl Generator {
    pub(super) fn place(&mut self, choices: &mut impl Choices) -> Command {
        if choices.one_in(12) && !self.named.is_empty() {
            return Command::Place(self.repeat(choices));
        }
        let account = self.account(choices);
        let instrument = self.instrument(choices);
        let side = choices.pick(&[Side::Buy, Side::Sell]);
        let (kind, time_in_force, post_only) = Self::terms(choices);
        let odd_price = choices.one_in(50);
        let price = match kind {
            OrderKind::Limit => self.price(instrument, choices),
            OrderKind::Market if odd_price => Price::from_ticks(1),
            OrderKind::Market => Price::NONE,
        };
        let quantity = self.quantity(choices);
        let client_order_id = (choices.below(self.shape.named_one_in) == 0).then(|| self.new_name(choices));
        Command::Place(NewOrder {
            account,
            instrument,
            side,
            kind,
            time_in_force,
            post_only,
            price,
            quantity,
            client_order_id,
        })
    }

    fn terms(choices: &mut impl Choices) -> (OrderKind, TimeInForce, bool) {
        use OrderKind::{Limit, Market};
        use TimeInForce::{FillOrKill, GoodTillCancelled, ImmediateOrCancel};
        match choices.below(100) {
            0..58 => (Limit, GoodTillCancelled, false),
            58..68 => (Limit, ImmediateOrCancel, false),
            68..76 => (Limit, FillOrKill, false),
            76..84 => (Limit, GoodTillCancelled, true),
            84..90 => (Market, ImmediateOrCancel, false),
            90..95 => (Market, FillOrKill, false),
            _ => {
                let kind = choices.pick(&[Limit, Market]);
                (kind, choices.pick(&[GoodTillCancelled, ImmediateOrCancel, FillOrKill]), choices.one_in(2))
            }
        }
    }

    /// A price that others use too, mostly; rarely one outside the domain.
    fn price(&self, instrument: InstrumentId, choices: &mut impl Choices) -> Price {
        let at = usize::try_from(instrument.get()).expect("usize holds a u32");
        let price_max = self.instruments.get(at).map_or(1_000, |listed| listed.price_max.ticks());
        let ticks = match choices.below(200) {
            0 => price_max,
            1 => 1,
            2 => choices.pick(&[0, -1, i64::MIN]),
            3 => price_max.saturating_add(1),
            4 => i64::MAX,
            _ => {
                let anchor = choices.pick(self.shape.anchors);
                let width = self.shape.width.min(u64::try_from(price_max).expect("it is at least 1"));
                let offset = i64::try_from(choices.below(width)).expect("widths are small");
                // Anchors below zero count down from the highest price.
                if anchor < 0 { price_max + anchor + 1 - offset } else { anchor + offset }
            }
        };
        Price::from_ticks(ticks)
    }

    fn quantity(&self, choices: &mut impl Choices) -> Quantity {
        let lots = match choices.below(100) {
            0..90 => 1 + choices.below(self.shape.lots),
            90..96 => 1 + choices.below(self.shape.lots * 20),
            96 => 0,
            97 => choices.pick(&[(1 << 40) + 1, u64::MAX]),
            98 => 1 << 40,
            _ => 1 << choices.below(41),
        };
        Quantity::from_lots(lots)
    }

    fn new_name(&mut self, choices: &mut impl Choices) -> ClientOrderId {
        self.names += 1;
        // Short names repeat by themselves, long ones never do.
        let text = if choices.one_in(8) { format!("c{}", choices.below(200)) } else { format!("{:036}", self.names) };
        ClientOrderId::new(&text).expect("it is short and plain")
    }

    /// An order that was sent before, as it was or with one thing changed.
    fn repeat(&self, choices: &mut impl Choices) -> NewOrder {
        let recent = self.named.len().min(1_000);
        let mut order = match choices.below(4) {
            0..2 => self.named[self.named.len() - 1 - choices.position(recent)],
            // Around the end of the venue's memory of names.
            2 => {
                let back = (1 << 18) - 10 + choices.position(20);
                self.named[self.named.len().saturating_sub(back).min(self.named.len() - 1)]
            }
            _ => choices.pick(&self.named),
        };
        match choices.below(12) {
            6 => order.account = self.account(choices),
            7 => order.quantity = Quantity::from_lots(order.quantity.lots() ^ 1),
            8 => order.price = Price::from_ticks(order.price.ticks() ^ 1),
            9 => order.side = order.side.opposite(),
            10 => order.post_only = !order.post_only,
            11 => order.time_in_force = TimeInForce::FillOrKill,
            _ => {}
        }
        order
    }

    pub(super) fn cancel(&mut self, choices: &mut impl Choices) -> Command {
        let target = self.target(choices);
        let account = if choices.one_in(12) { self.account(choices) } else { target.account };
        Command::Cancel(CancelOrder { account, order: target.order })
    }

    pub(super) fn cancel_all(&mut self, choices: &mut impl Choices) -> Command {
        let account = self.account(choices);
        let instrument = choices.one_in(2).then(|| self.instrument(choices));
        Command::CancelAll(CancelAll { account, instrument })
    }

    pub(super) fn amend(&mut self, choices: &mut impl Choices) -> Command {
        let target = self.target(choices);
        let account = if choices.one_in(16) { self.account(choices) } else { target.account };
        let lots = target.quantity.lots();
        let filled = target.filled;
        let quantity = match choices.below(16) {
            0..5 => lots,
            5..8 => lots.saturating_sub(1 + choices.below(3)),
            8..11 => lots + 1 + choices.below(self.shape.lots),
            11 => filled,
            12 => filled + 1,
            13 => filled.saturating_sub(1),
            _ => self.quantity(choices).lots(),
        };
        let price = match choices.below(8) {
            0..3 => target.price,
            3 => Price::from_ticks(target.price.ticks().saturating_add(1)),
            4 => Price::from_ticks(target.price.ticks().saturating_sub(1)),
            _ => {
                let instrument = self.instrument(choices);
                self.price(instrument, choices)
            }
        };
        Command::Amend(AmendOrder { account, order: target.order, price, quantity: Quantity::from_lots(quantity) })
    }

    /// An open order, mostly; else one that ended, one whose generation is wrong, or one that never was.
    fn target(&self, choices: &mut impl Choices) -> Known {
        let nobody = Known {
            order: OrderId::new(choices.pick(&[0, u64::MAX, 1 << 32, 7])),
            account: self.account(choices),
            price: Price::from_ticks(1),
            quantity: Quantity::from_lots(1),
            filled: 0,
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
