//! A seeded stream of commands through a real exchange: orders of every kind, amendments, cancellations, movements and
//! refusals, so that every kind of event occurs. The same seed gives the same events.

use cx_engine::command::{
    AmendOrder, AssetClass, CancelAll, CancelOrder, Movement, NewAsset, NewInstrument, NewOrder, OrderKind,
    Permissions, SelfTrade, SetPermissions, Side, TimeInForce,
};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Symbol};
use cx_engine::units::{Amount, DisplayQuantity, FeeRate, Price, Quantity, Timestamp};
use cx_engine::{Command, Event, EventRecord, Exchange};

const ACCOUNTS: u32 = 8;
const INSTRUMENTS: u32 = 3;
/// 2026-03-01T00:00:00Z
const START_NS: u64 = 1_772_323_200_000_000_000;

/// The stream; see the module.
#[allow(missing_debug_implementations)] // a whole exchange shows nothing that helps
pub struct Flow {
    exchange: Exchange,
    random: u64,
    open: Vec<(AccountId, OrderId)>,
    events: Vec<Event>,
    reference: u64,
    client: u64,
}

impl Flow {
    /// A stream that has not begun.
    pub fn new(seed: u64) -> Self {
        let exchange = Exchange::new();
        Self { exchange, random: seed, open: Vec::new(), events: Vec::new(), reference: 0, client: 0 }
    }

    /// A stream whose venue is listed and funded; answers the events of that too.
    pub fn funded(seed: u64) -> (Self, Vec<EventRecord>) {
        let mut flow = Self::new(seed);
        let mut records = Vec::new();
        for command in opening() {
            flow.apply(&command, &mut records);
        }
        (flow, records)
    }

    /// The exchange behind the stream.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The events of the next `count` commands.
    pub fn next(&mut self, count: usize) -> Vec<EventRecord> {
        let mut records = Vec::with_capacity(count * 2);
        for _ in 0..count {
            let command = self.command();
            self.apply(&command, &mut records);
        }
        records
    }

    /// Applies one command and appends its events to `records`.
    pub fn apply(&mut self, command: &Command, records: &mut Vec<EventRecord>) {
        let seq = self.exchange.seq().next();
        let stamp = Timestamp::from_nanos(START_NS + seq.get() * 1_000_003);
        self.events.clear();
        let time = self.exchange.apply(seq, stamp, command, &mut self.events);
        for (index, event) in (0..).zip(&self.events) {
            match event {
                Event::OrderRested(rested) => self.open.push((rested.account, rested.order)),
                Event::OrderAmended(amended) if !amended.kept_priority => {
                    self.open.retain(|(_, order)| *order != amended.order);
                }
                _ => {}
            }
            records.push(EventRecord { seq, index, time, event: *event });
        }
    }

    /// A number below `below`.
    fn below(&mut self, below: u64) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    fn small(&mut self, below: u32) -> u32 {
        u32::try_from(self.below(below.into())).expect("it is below a u32")
    }

    fn command(&mut self) -> Command {
        let account = AccountId::new(1 + self.small(ACCOUNTS));
        match self.below(100) {
            0..72 => Command::Place(self.order(account)),
            72..84 => match self.some_order() {
                Some((account, order)) => Command::Cancel(CancelOrder { account, order }),
                None => Command::Place(self.order(account)),
            },
            84..92 => match self.some_order() {
                Some((account, order)) => {
                    let (price, quantity) = (self.price(), Quantity::from_lots(1 + self.below(60)));
                    Command::Amend(AmendOrder { account, order, price, quantity, stop_price: Price::NONE })
                }
                None => Command::Place(self.order(account)),
            },
            92 => {
                let instrument = Some(InstrumentId::new(self.small(INSTRUMENTS)));
                Command::CancelAll(CancelAll { account, instrument, side: None })
            }
            93 => {
                let permissions = Permissions { trade: self.below(6) > 0, withdraw: self.below(2) > 0 };
                Command::SetPermissions(SetPermissions { account, permissions })
            }
            94..96 => Command::Deposit(self.cash(account)),
            96..98 => Command::Withdraw(self.cash(account)),
            98 => Command::Issue(self.credits(account)),
            _ => Command::Retire(self.credits(account)),
        }
    }

    /// One of the orders that rested; it may be closed by now, which the core refuses.
    fn some_order(&mut self) -> Option<(AccountId, OrderId)> {
        if self.open.is_empty() {
            return None;
        }
        let at = usize::try_from(self.below(self.open.len() as u64)).expect("a position in memory");
        Some(self.open.swap_remove(at))
    }

    fn price(&mut self) -> Price {
        let ticks = 1_000 + self.below(12) + self.below(12);
        Price::from_ticks(i64::try_from(ticks).expect("it is small"))
    }

    fn order(&mut self, account: AccountId) -> NewOrder {
        let side = if self.below(2) == 0 { Side::Buy } else { Side::Sell };
        let (kind, time_in_force, post_only) = match self.below(20) {
            0 => (OrderKind::Market, TimeInForce::ImmediateOrCancel, false),
            1 => (OrderKind::Market, TimeInForce::FillOrKill, false),
            2 | 3 => (OrderKind::Limit, TimeInForce::ImmediateOrCancel, false),
            4 => (OrderKind::Limit, TimeInForce::FillOrKill, false),
            5 | 6 => (OrderKind::Limit, TimeInForce::GoodTillCancelled, true),
            7 => (OrderKind::Market, TimeInForce::GoodTillCancelled, true),
            _ => (OrderKind::Limit, TimeInForce::GoodTillCancelled, false),
        };
        let client_order_id = match self.below(10) {
            0..5 => None,
            // Now and then an id that was used before.
            5 => ClientOrderId::new(&format!("order-{}", self.below(self.client + 1))).ok(),
            _ => {
                self.client += 1;
                ClientOrderId::new(&format!("order-{}", self.client)).ok()
            }
        };
        let instrument = InstrumentId::new(self.small(INSTRUMENTS));
        let price = if kind == OrderKind::Market { Price::NONE } else { self.price() };
        let quantity = Quantity::from_lots(self.below(50));
        let mut order = NewOrder {
            kind,
            time_in_force,
            post_only,
            client_order_id,
            self_trade: SelfTrade::ALL[self.small(4) as usize],
            ..NewOrder::limit(account, instrument, side, price, quantity)
        };
        if kind == OrderKind::Limit && time_in_force == TimeInForce::GoodTillCancelled {
            match self.below(8) {
                0 => order.display = DisplayQuantity::from_lots(1 + self.small(5)),
                1 => order.time_in_force = TimeInForce::Day,
                _ => {}
            }
        }
        order
    }

    fn cash(&mut self, account: AccountId) -> Movement {
        let amount = i64::try_from(self.below(50_000_000)).expect("it is small");
        self.movement(account, AssetId::new(0), amount)
    }

    fn credits(&mut self, account: AccountId) -> Movement {
        let asset = AssetId::new(1 + self.small(INSTRUMENTS));
        let amount = i64::try_from(self.below(500)).expect("it is small");
        self.movement(account, asset, amount)
    }

    fn movement(&mut self, account: AccountId, asset: AssetId, amount: i64) -> Movement {
        // Now and then a reference that was used before.
        let reference = if self.below(10) == 0 { self.below(self.reference + 1) } else { self.reference + 1 };
        self.reference = self.reference.max(reference);
        Movement { account, asset, amount: Amount::from_minor(amount), reference }
    }
}

/// USD, three vintages with their instruments, and accounts with cash and credits.
pub fn opening() -> Vec<Command> {
    let symbol = |text: &str| Symbol::new(text).expect("it is a symbol");
    let rate = |ppm| FeeRate::from_ppm(ppm).expect("it is below a tenth");
    let mut commands = vec![Command::AddAsset(NewAsset { code: symbol("USD"), class: AssetClass::Cash, scale: 4 })];
    for number in 0..INSTRUMENTS {
        let code = format!("VCS-191-{}", 2016 + number);
        commands.push(Command::AddAsset(NewAsset { code: symbol(&code), class: AssetClass::Credit, scale: 0 }));
        commands.push(Command::ListInstrument(NewInstrument {
            symbol: symbol(&format!("{code}-USD")),
            base: AssetId::new(1 + number),
            quote: AssetId::new(0),
            tick_value: 100,
            price_max: Price::from_ticks(10_000_000),
            maker_fee: rate(500),
            taker_fee: rate(1_000),
        }));
    }
    for account in (1..=ACCOUNTS).map(AccountId::new) {
        let permissions = Permissions { trade: true, withdraw: true };
        commands.push(Command::SetPermissions(SetPermissions { account, permissions }));
        let gift = |asset, amount| Movement { account, asset: AssetId::new(asset), amount, reference: 0 };
        commands.push(Command::Deposit(gift(0, Amount::from_minor(1_000_000_000_000))));
        commands.extend((1..=INSTRUMENTS).map(|asset| Command::Issue(gift(asset, Amount::from_minor(1_000_000)))));
    }
    commands
}
