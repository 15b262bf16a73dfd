//! Orders, amends and cancels of a generated stream.

use cx_engine::Command;
use cx_engine::command::{
    AmendOrder, CancelAfter, CancelAll, CancelOrder, NewOrder, OrderKind, SelfTrade, Side, TimeInForce,
};
use cx_engine::ids::{ClientOrderId, InstrumentId};
use cx_engine::units::{Amount, DisplayQuantity, Price, Quantity, Timestamp, Trigger};

use super::{Choices, Generator};

impl Generator {
    pub(super) fn place(&mut self, choices: &mut impl Choices) -> Command {
        if choices.one_in(12) && !self.named.is_empty() {
            return Command::Place(self.repeat(choices));
        }
        let account = self.account(choices);
        let instrument = self.instrument(choices);
        let side = choices.pick(&[Side::Buy, Side::Sell]);
        let price = self.price(instrument, choices);
        let quantity = self.quantity(choices);
        let mut order = NewOrder::limit(account, instrument, side, price, quantity);
        order.self_trade = choices.pick(SelfTrade::ALL);
        order.client_order_id = (choices.below(self.shape.named_one_in) == 0).then(|| self.new_name(choices));
        self.shape_order(&mut order, choices);
        if order.time_in_force.rests() && choices.one_in(10) {
            order.oco = self.partner(account, instrument, order.side, choices);
        }
        Command::Place(order)
    }

    /// One of the kinds that the rules allow, or rarely any mixture.
    fn shape_order(&self, order: &mut NewOrder, choices: &mut impl Choices) {
        use TimeInForce::{Day, FillOrKill, GoodTillDate, ImmediateOrCancel};
        match choices.below(100) {
            0..38 => {}
            38..41 => order.time_in_force = Day,
            41..46 => {
                order.time_in_force = GoodTillDate;
                order.expires = self.expiry(choices);
            }
            46..53 => order.time_in_force = ImmediateOrCancel,
            53..59 => order.time_in_force = FillOrKill,
            59..65 => order.post_only = true,
            65..73 => order.display = self.display(order.quantity, choices),
            73..81 => {
                order.kind = OrderKind::Market;
                order.price = Price::NONE;
                order.time_in_force = choices.pick(&[ImmediateOrCancel, ImmediateOrCancel, FillOrKill]);
            }
            81..85 => self.make_by_cash(order, choices),
            85..88 => {
                order.kind = OrderKind::Stop;
                order.trigger = Trigger::at(order.price);
                order.price = Price::NONE;
            }
            88..92 => {
                order.kind = OrderKind::StopLimit;
                order.trigger = Trigger::at(self.price(order.instrument, choices));
                order.display = choices.pick(&[DisplayQuantity::ALL, DisplayQuantity::from_lots(1)]);
            }
            92..96 => {
                order.kind = OrderKind::TrailingStop;
                order.price = Price::NONE;
                order.trigger = self.distance(choices);
            }
            _ => self.mix(order, choices),
        }
    }

    /// Fields that seldom go together.
    fn mix(&self, order: &mut NewOrder, choices: &mut impl Choices) {
        order.kind = choices.pick(OrderKind::ALL);
        order.time_in_force = choices.pick(TimeInForce::ALL);
        order.post_only = choices.one_in(3);
        if choices.one_in(2) {
            order.price = Price::NONE;
        }
        if choices.one_in(3) {
            order.display = self.display(order.quantity, choices);
        }
        order.trigger = match choices.below(5) {
            0..2 => Trigger::NONE,
            2 => Trigger::at(self.price(order.instrument, choices)),
            3 => self.distance(choices),
            _ => Trigger::from_raw(choices.pick(&[i64::MIN, -(1 << 40), -(1 << 32), i64::MAX])),
        };
        if choices.one_in(4) {
            order.quote_quantity = Amount::from_minor(choices.pick(&[1, -1, i64::MIN, i64::MAX, 1_000]));
        }
        if choices.one_in(2) {
            order.quantity = Quantity::ZERO;
        }
        if order.time_in_force == TimeInForce::GoodTillDate || choices.one_in(6) {
            order.expires = self.expiry(choices);
        }
    }

    fn make_by_cash(&self, order: &mut NewOrder, choices: &mut impl Choices) {
        order.kind = OrderKind::Market;
        order.time_in_force = TimeInForce::ImmediateOrCancel;
        order.side = Side::Buy;
        order.price = Price::NONE;
        order.quantity = Quantity::ZERO;
        let cash = match choices.below(10) {
            0..6 => 1 + choices.below(self.shape.purse.div_ceil(20)),
            6..9 => 1 + choices.below(self.shape.purse),
            _ => choices.pick(&[1, 1 << 62, (1 << 62) + 1, u64::MAX / 2 + 1]),
        };
        order.quote_quantity = Amount::from_minor(cash.cast_signed());
        if !choices.one_in(12) && order.self_trade == SelfTrade::Decrement {
            order.self_trade = SelfTrade::CancelOldest;
        }
    }

    fn display(&self, quantity: Quantity, choices: &mut impl Choices) -> DisplayQuantity {
        let most = quantity.lots().clamp(1, self.shape.lots);
        let shown = if choices.one_in(30) { quantity.lots().saturating_add(1) } else { 1 + choices.below(most) };
        DisplayQuantity::from_lots(u32::try_from(shown).unwrap_or(u32::MAX))
    }

    fn distance(&self, choices: &mut impl Choices) -> Trigger {
        let near = u32::try_from(1 + choices.below(self.shape.width.min(1_000))).expect("it is small");
        match choices.below(20) {
            0..10 => Trigger::ticks(near),
            10 => Trigger::ticks(u32::MAX),
            11 => Trigger::basis_points(choices.pick(&[0, 9_999, 10_000])),
            _ => Trigger::basis_points(choices.pick(&[1, 50, 500, 2_000, 5_000])),
        }
    }

    /// A time that comes soon, mostly.
    pub(super) fn expiry(&self, choices: &mut impl Choices) -> Timestamp {
        let at = match choices.below(40) {
            0..32 => self.stamp + 1 + choices.below(400_000),
            32..36 => self.stamp + choices.below(5_000_000_000),
            36 => self.stamp - choices.below(1_000),
            37 => choices.pick(&[1 << 63, u64::MAX]),
            38 => (1 << 63) - 1,
            _ => 0,
        };
        Timestamp::from_nanos(at)
    }

    /// A price that others use too, mostly; rarely one outside the domain.
    pub(super) fn price(&self, instrument: InstrumentId, choices: &mut impl Choices) -> Price {
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
            11 => order.self_trade = choices.pick(SelfTrade::ALL),
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
        let side = choices.pick(&[None, None, Some(Side::Buy), Some(Side::Sell)]);
        Command::CancelAll(CancelAll { account, instrument, side })
    }

    pub(super) fn cancel_after(&mut self, choices: &mut impl Choices) -> Command {
        Command::CancelAfter(CancelAfter { account: self.account(choices), at: self.expiry(choices) })
    }

    pub(super) fn amend(&mut self, choices: &mut impl Choices) -> Command {
        let target = self.target(choices);
        let account = if choices.one_in(16) { self.account(choices) } else { target.account };
        let lots = target.quantity.lots();
        let filled = target.filled;
        let quantity = match choices.below(16) {
            0..5 => lots,
            5..8 => lots.saturating_sub(1 + choices.below(3)),
            8..11 => lots.saturating_add(1 + choices.below(self.shape.lots)),
            11 => filled,
            12 => filled + 1,
            13 => filled.saturating_sub(1),
            _ => self.quantity(choices).lots(),
        };
        let price = match choices.below(8) {
            0..3 => target.price,
            3 => Price::from_ticks(target.price.ticks().saturating_add(1)),
            4 => Price::from_ticks(target.price.ticks().saturating_sub(1)),
            _ => self.price(target.instrument, choices),
        };
        let priced = target.kind.is_limited() != choices.one_in(40);
        let with_stop = target.armed && target.kind != OrderKind::TrailingStop && choices.one_in(2);
        let stop_price =
            if with_stop || choices.one_in(40) { self.price(target.instrument, choices) } else { Price::NONE };
        Command::Amend(AmendOrder {
            account,
            order: target.order,
            price: if priced { price } else { Price::NONE },
            quantity: Quantity::from_lots(quantity),
            stop_price,
        })
    }
}
