//! How lines are read: who does what, with which terms.

use cx_engine::command::{
    AmendOrder, CancelAfter, CancelAll, CancelOrder, Movement, OrderKind, Permissions, SelfTrade, SetPermissions, Side,
    TimeInForce,
};
use cx_engine::control::{
    BustTrade, ClearSchedule, FeeTier, HaltMarket, Kill, Phase, SchedulePhase, SetBands, SetFees, SetGroup, SetLimits,
    SetPhase, SetPositionLimit,
};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, TradeId};
use cx_engine::units::{Amount, DisplayQuantity, FeeRate, Price, Quantity, Timestamp, Trigger};
use cx_engine::{Command, Event};

use super::{ALICE, BOB, BOOK, CAROL, CO2, Desk, USD, limit};

const DAY: u64 = 86_400_000_000_000;

impl Desk {
    pub(super) fn line(&mut self, input: &str) -> String {
        let words: Vec<&str> = input.split_whitespace().collect();
        match words[..] {
            ["at", time] => {
                self.clock = when(time);
                String::new()
            }
            ["bids"] => self.levels(Side::Buy),
            ["asks"] => self.levels(Side::Sell),
            ["id", name] => format!("{:?}", self.names[name]),
            [who, "has", asset] => {
                let (available, held) = self.venue.holding(account(who), asset_of(asset));
                format!("{available} + {held}")
            }
            [who, "buys", ref terms @ ..] => self.place(who, Side::Buy, terms),
            [who, "sells", ref terms @ ..] => self.place(who, Side::Sell, terms),
            [who, "amends", order, "to", lots, ref terms @ ..] => self.amend(who, order, lots, terms),
            _ => {
                let command = self.trader(&words).or_else(|| staff(&words));
                self.say(&command.unwrap_or_else(|| panic!("cannot read {input:?}")))
            }
        }
    }

    /// What an account does other than placing and amending.
    fn trader(&self, words: &[&str]) -> Option<Command> {
        let all = |who, side| Command::CancelAll(CancelAll { account: account(who), instrument: None, side });
        Some(match *words {
            [who, "cancels", "all"] => all(who, None),
            [who, "cancels", "all", "buys"] => all(who, Some(Side::Buy)),
            [who, "cancels", "all", "sells"] => all(who, Some(Side::Sell)),
            [who, "cancels", "after", at] => Command::CancelAfter(CancelAfter { account: account(who), at: when(at) }),
            [who, "cancels", order] => Command::Cancel(CancelOrder { account: account(who), order: self.names[order] }),
            [who, "may", what] => {
                let permissions = Permissions { trade: what == "trade", withdraw: what == "withdraw" };
                Command::SetPermissions(SetPermissions { account: account(who), permissions })
            }
            [who, verb, amount, asset, ref rest @ ..] => {
                let reference = if let ["ref", reference] = rest { number(reference) } else { 0 };
                let movement = || Movement {
                    account: account(who),
                    asset: asset_of(asset),
                    amount: Amount::from_minor(number(amount)),
                    reference,
                };
                match verb {
                    "deposits" => Command::Deposit(movement()),
                    "withdraws" => Command::Withdraw(movement()),
                    "issues" => Command::Issue(movement()),
                    "retires" => Command::Retire(movement()),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    fn amend(&mut self, who: &str, order: &str, lots: &str, terms: &[&str]) -> String {
        let terms = Terms(terms);
        self.say(&Command::Amend(AmendOrder {
            account: account(who),
            order: self.names[order],
            price: Price::from_ticks(terms.number("@")),
            quantity: Quantity::from_lots(number(lots)),
            stop_price: Price::from_ticks(terms.number("stop")),
        }))
    }

    /// `5 @ 10 day as b1`, `cash 100`, `5 stop 12`, `5 @ 13 stop 12`, `5 trail 3`, `5 points 500`.
    fn place(&mut self, who: &str, side: Side, terms: &[&str]) -> String {
        let cash = terms[0] == "cash";
        let mut order = limit(account(who), side, if cash { 0 } else { number(terms[0]) }, 0);
        if cash {
            order.kind = OrderKind::Market;
            order.time_in_force = TimeInForce::ImmediateOrCancel;
            order.quote_quantity = Amount::from_minor(number(terms[1]));
        }
        let mut name = None;
        let mut words = terms[if cash { 2 } else { 1 }..].iter();
        while let Some(&word) = words.next() {
            let mut next = || *words.next().expect("the term has a value");
            match word {
                "@" => {
                    order.price = Price::from_ticks(number(next()));
                    if order.kind == OrderKind::Stop {
                        order.kind = OrderKind::StopLimit;
                    }
                }
                "market" => {
                    order.kind = OrderKind::Market;
                    order.time_in_force = TimeInForce::ImmediateOrCancel;
                }
                "stop" => {
                    order.kind = if order.price == Price::NONE { OrderKind::Stop } else { OrderKind::StopLimit };
                    order.trigger = Trigger::at(Price::from_ticks(number(next())));
                }
                "trail" => {
                    order.kind = OrderKind::TrailingStop;
                    order.trigger = Trigger::ticks(number(next()));
                }
                "points" => {
                    order.kind = OrderKind::TrailingStop;
                    order.trigger = Trigger::basis_points(number(next()));
                }
                "until" => {
                    order.time_in_force = TimeInForce::GoodTillDate;
                    order.expires = when(next());
                }
                "show" => order.display = DisplayQuantity::from_lots(number(next())),
                "oco" => order.oco = self.names[next()],
                "post" => order.post_only = true,
                "named" => order.client_order_id = Some(ClientOrderId::new(next()).unwrap()),
                "as" => name = Some(next()),
                other => match (TimeInForce::from_code(other), SelfTrade::from_code(other)) {
                    (Some(time_in_force), _) => order.time_in_force = time_in_force,
                    (_, Some(self_trade)) => order.self_trade = self_trade,
                    _ => panic!("{other:?} is no term of an order"),
                },
            }
        }
        self.apply(&Command::Place(order));
        let accepted = self.last.iter().find_map(|event| match event {
            Event::OrderAccepted(it) => Some(it.order),
            _ => None,
        });
        if let (Some(name), Some(order)) = (name, accepted) {
            self.names.insert(name.to_owned(), order);
        }
        self.told()
    }
}

/// What the venue's staff decides.
fn staff(words: &[&str]) -> Option<Command> {
    let (&first, rest) = words.split_first()?;
    let terms = Terms(rest);
    let instrument = BOOK;
    Some(match (first, rest) {
        ("tick", _) => Command::Tick,
        ("halt", _) => Command::HaltMarket(HaltMarket { halted: true }),
        ("resume", _) => Command::HaltMarket(HaltMarket { halted: false }),
        ("phase", [phase]) => Command::SetPhase(SetPhase { instrument, phase: phase_of(phase) }),
        ("plan", [phase, "at", at, every @ ..]) => Command::SchedulePhase(SchedulePhase {
            instrument,
            phase: phase_of(phase),
            at: when(at),
            every_ns: if let ["every", every] = every { when(every).nanos() } else { 0 },
        }),
        ("clear", ["plans"]) => Command::ClearSchedule(ClearSchedule { instrument }),
        ("bands", _) => Command::SetBands(SetBands {
            instrument,
            collar_bps: terms.number("collar"),
            static_bps: terms.number("static"),
            dynamic_bps: terms.number("dynamic"),
            extensions_max: terms.number("extensions"),
            halt_ns: terms.number("halt"),
            extension_ns: terms.number("extension"),
            reference: Price::from_ticks(terms.number("around")),
        }),
        ("fees", [tier, maker, taker]) => Command::SetFees(SetFees {
            instrument,
            tier: number(tier),
            maker: FeeRate::from_ppm(number(maker)).unwrap(),
            taker: FeeRate::from_ppm(number(taker)).unwrap(),
        }),
        ("tier", [tier, "from", lots]) => {
            Command::SetFeeTier(FeeTier { tier: number(tier), volume: Quantity::from_lots(number(lots)) })
        }
        ("limits", [who, ..]) => Command::SetLimits(SetLimits {
            account: account(who),
            order_quantity_max: Quantity::from_lots(terms.number("quantity")),
            order_notional_max: Amount::from_minor(terms.number("notional")),
            exposure_max: Amount::from_minor(terms.number("exposure")),
            open_orders_max: terms.number("orders"),
            rate_per_second: terms.number("rate"),
            burst: terms.number("burst"),
        }),
        ("position", [who, lots]) => Command::SetPositionLimit(SetPositionLimit {
            account: account(who),
            instrument,
            position_max: Quantity::from_lots(number(lots)),
        }),
        ("group", [who, group]) => Command::SetGroup(SetGroup { account: account(who), group: number(group) }),
        ("kill", [who]) => Command::Kill(Kill { account: account(who), killed: true }),
        ("revive", [who]) => Command::Kill(Kill { account: account(who), killed: false }),
        ("bust", [trade]) => Command::BustTrade(BustTrade { trade: TradeId::new(number(trade)) }),
        _ => return None,
    })
}

/// Terms by name: `halt 100 static 500`; what is not named is zero.
struct Terms<'a>(&'a [&'a str]);

impl Terms<'_> {
    fn number<T: std::str::FromStr<Err: std::fmt::Debug> + Default>(&self, name: &str) -> T {
        let at = self.0.iter().position(|&word| word == name);
        at.map_or_else(T::default, |at| number(self.0[at + 1]))
    }
}

fn phase_of(code: &str) -> Phase {
    Phase::from_code(code).unwrap_or_else(|| panic!("{code:?} is no phase"))
}

/// `5`, `2s`, `1d`, `1d-1`, `2d+5`: nanoseconds, seconds or days, and some nanoseconds more or less.
fn when(text: &str) -> Timestamp {
    let split = text.find(['-', '+']).unwrap_or(text.len());
    let (base, offset) = text.split_at(split);
    let base: u64 = match (base.strip_suffix('d'), base.strip_suffix('s')) {
        (Some(days), _) => number::<u64>(days) * DAY,
        (_, Some(seconds)) => number::<u64>(seconds) * 1_000_000_000,
        _ => number(base),
    };
    let offset: i64 = if offset.is_empty() { 0 } else { number(offset) };
    Timestamp::from_nanos(base.checked_add_signed(offset).expect("times are not negative"))
}

fn account(name: &str) -> AccountId {
    match name {
        "venue" => AccountId::VENUE,
        "alice" => ALICE,
        "bob" => BOB,
        "carol" => CAROL,
        "dave" => AccountId::new(4),
        other => panic!("who is {other}?"),
    }
}

fn asset_of(code: &str) -> AssetId {
    match code {
        "USD" => USD,
        "CO2" => CO2,
        "GBP" => AssetId::new(9),
        other => panic!("what is {other}?"),
    }
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text:?} is no number: {error:?}"))
}
