//! A venue for tests: the real exchange, and the folds fed with its events.

use cx_engine::command::{
    AmendOrder, AssetClass, CancelOrder, Movement, NewAsset, NewInstrument, NewOrder, Permissions, SetPermissions, Side,
};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq, Symbol};
use cx_engine::units::{Amount, FeeRate, Price, Quantity, Timestamp};
use cx_engine::{Command, Event, EventRecord, Exchange};
use cx_market_data::{AccountUpdates, Accounts, BookL3, MarketData, Retention};

pub const CASH: AssetId = AssetId::new(0);
/// Ten o'clock on a Saturday at the end of a leap year's February.
pub const START: u64 = 1_709_200_800_000_000_000;

pub struct Venue {
    pub exchange: Exchange,
    pub market: MarketData,
    pub accounts: Accounts,
    pub l3: Vec<BookL3>,
    pub log: Vec<EventRecord>,
    /// What the last command did to accounts.
    pub updates: AccountUpdates,
    pub now: u64,
}

/// A limit order, good till cancelled.
pub fn limit(account: u32, side: Side, price: i64, quantity: u64) -> NewOrder {
    NewOrder::limit(
        AccountId::new(account),
        InstrumentId::new(0),
        side,
        Price::from_ticks(price),
        Quantity::from_lots(quantity),
    )
}

pub fn named(order: NewOrder, id: &str) -> NewOrder {
    NewOrder { client_order_id: Some(ClientOrderId::new(id).unwrap()), ..order }
}

impl Venue {
    /// Nothing is listed.
    pub fn empty(retention: Retention, accounts: Accounts) -> Self {
        Self {
            exchange: Exchange::new(),
            market: MarketData::new(retention),
            accounts,
            l3: Vec::new(),
            log: Vec::new(),
            updates: AccountUpdates::default(),
            now: START,
        }
    }

    /// `instruments` listed on credits of their own, `accounts` numbered from 1 with cash and credits.
    pub fn new(retention: Retention, accounts: Accounts, instruments: u32, holders: u32) -> Self {
        let mut venue = Self::empty(retention, accounts);
        let asset =
            |code: &str, class, scale| Command::AddAsset(NewAsset { code: Symbol::new(code).unwrap(), class, scale });
        venue.apply(asset("USD", AssetClass::Cash, 4));
        for number in 0..instruments {
            venue.apply(asset(&format!("VCS-{number}-2020"), AssetClass::Credit, 0));
            venue.apply(Command::ListInstrument(NewInstrument {
                symbol: Symbol::new(&format!("VCS-{number}-2020-USD")).unwrap(),
                base: AssetId::new(number + 1),
                quote: CASH,
                tick_value: 100,
                price_max: Price::from_ticks(1_000_000),
                maker_fee: FeeRate::from_ppm(if number == 1 { -500 } else { 500 }).unwrap(),
                taker_fee: FeeRate::from_ppm(1_000 + i32::try_from(number * 7).unwrap()).unwrap(),
            }));
        }
        for account in (1..=holders).map(AccountId::new) {
            let permissions = Permissions { trade: true, withdraw: true };
            venue.apply(Command::SetPermissions(SetPermissions { account, permissions }));
            let funds = |asset, amount| Movement { account, asset, amount: Amount::from_minor(amount), reference: 0 };
            venue.apply(Command::Deposit(funds(CASH, 2_000_000)));
            for number in 0..instruments {
                venue.apply(Command::Issue(funds(AssetId::new(number + 1), 500)));
            }
        }
        venue
    }

    /// A venue with one instrument, three accounts and the default retention.
    pub fn small() -> Self {
        Self::new(Retention::default(), Accounts::default(), 1, 3)
    }

    /// Applies a command to the exchange and its events to the folds; gives the events.
    pub fn apply(&mut self, command: Command) -> Vec<EventRecord> {
        let seq = self.exchange.seq().next();
        let mut events = Vec::new();
        let time = self.exchange.apply(seq, Timestamp::from_nanos(self.now), &command, &mut events);
        let records: Vec<EventRecord> =
            (0..).zip(events).map(|(index, event)| EventRecord { seq, index, time, event }).collect();
        self.follow(&records);
        records
    }

    /// Feeds the folds with the events of a command.
    pub fn follow(&mut self, records: &[EventRecord]) {
        for record in records {
            self.market.apply(record);
            if let Event::InstrumentListed(listed) = &record.event {
                self.l3.push(BookL3::new(listed.instrument));
            }
            for book in &mut self.l3 {
                book.apply(record);
            }
        }
        self.updates.clear();
        self.accounts.apply_command(records, &mut self.updates);
        self.log.extend(records);
    }

    /// Places an order and gives its handle ([`OrderId::NONE`] when it was refused) and the command's number.
    pub fn place(&mut self, order: NewOrder) -> (OrderId, Seq) {
        let records = self.apply(Command::Place(order));
        match records[0].event {
            Event::OrderAccepted(accepted) => (accepted.order, records[0].seq),
            _ => (OrderId::NONE, records[0].seq),
        }
    }

    pub fn cancel(&mut self, account: u32, order: OrderId) -> Vec<EventRecord> {
        self.apply(Command::Cancel(CancelOrder { account: AccountId::new(account), order }))
    }

    pub fn amend(&mut self, account: u32, order: OrderId, price: i64, quantity: u64) -> Vec<EventRecord> {
        self.apply(Command::Amend(AmendOrder {
            account: AccountId::new(account),
            order,
            price: Price::from_ticks(price),
            quantity: Quantity::from_lots(quantity),
            stop_price: Price::NONE,
        }))
    }
}
