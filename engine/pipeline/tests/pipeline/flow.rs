//! Commands for tests: a small market, and a seeded stream of orders on it.

use cx_engine::Command;
use cx_engine::command::{
    AmendOrder, AssetClass, CancelAll, CancelOrder, Movement, NewAsset, NewInstrument, NewOrder, OrderKind,
    Permissions, SetPermissions, Side, TimeInForce,
};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Symbol};
use cx_engine::units::{Amount, FeeRate, Price, Quantity};

/// The currency of the test market.
pub const USD: AssetId = AssetId::new(0);
/// The credits of the test market.
pub const CREDITS: AssetId = AssetId::new(1);
/// Its one instrument.
pub const INSTRUMENT: InstrumentId = InstrumentId::new(0);
/// What each account is given of the currency, in minor units.
pub const CASH_EACH: i64 = 1_000_000_000_000;
/// What each account is given of the credits.
pub const CREDITS_EACH: i64 = 10_000_000;

/// Lists the market and funds the accounts 1 to `accounts`: 3 + 3 x `accounts` commands.
pub fn market(accounts: u32) -> Vec<Command> {
    let rate = |ppm| FeeRate::from_ppm(ppm).unwrap();
    let asset = |code, class, scale| Command::AddAsset(NewAsset { code: Symbol::new(code).unwrap(), class, scale });
    let mut commands = vec![
        asset("USD", AssetClass::Cash, 4),
        asset("VCS-191-2016", AssetClass::Credit, 0),
        Command::ListInstrument(NewInstrument {
            symbol: Symbol::new("VCS-191-2016-USD").unwrap(),
            base: CREDITS,
            quote: USD,
            tick_value: 100,
            price_max: Price::from_ticks(1_000_000),
            maker_fee: rate(500),
            taker_fee: rate(1_000),
        }),
    ];
    for account in (1..=accounts).map(AccountId::new) {
        let permissions = Permissions { trade: true, withdraw: true };
        let movement = |asset, minor| Movement { account, asset, amount: Amount::from_minor(minor), reference: 0 };
        commands.push(Command::SetPermissions(SetPermissions { account, permissions }));
        commands.push(Command::Deposit(movement(USD, CASH_EACH)));
        commands.push(Command::Issue(movement(CREDITS, CREDITS_EACH)));
    }
    commands
}

/// A deposit that can be told from all others.
pub fn deposit(account: u32, reference: u64) -> Command {
    let (account, amount) = (AccountId::new(account), Amount::from_minor(1));
    Command::Deposit(Movement { account, asset: USD, amount, reference })
}

/// A limit order that rests far from the market.
pub fn resting_buy(account: u32, client_order_id: &str) -> Command {
    Command::Place(NewOrder {
        client_order_id: Some(ClientOrderId::new(client_order_id).unwrap()),
        ..NewOrder::limit(AccountId::new(account), INSTRUMENT, Side::Buy, Price::from_ticks(1), Quantity::from_lots(1))
    })
}

/// Cancels everything that an account has open.
pub fn cancel_all(account: u32) -> Command {
    Command::CancelAll(CancelAll { account: AccountId::new(account), instrument: None, side: None })
}

/// A seeded stream of orders, cancels and amends around a price of 1,000 ticks.
pub struct Flow {
    state: u64,
    accounts: u32,
}

impl Flow {
    pub fn new(seed: u64, accounts: u32) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, accounts }
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % bound
    }

    fn account(&mut self) -> AccountId {
        let account = self.below(u64::from(self.accounts)) + 1;
        AccountId::new(u32::try_from(account).unwrap())
    }

    fn handle(&mut self) -> OrderId {
        let (slot, generation) = (self.below(200), self.below(20) + 1);
        OrderId::from_parts(u32::try_from(slot).unwrap(), u32::try_from(generation).unwrap())
    }

    fn price(&mut self) -> Price {
        Price::from_ticks(i64::try_from(980 + self.below(41)).unwrap())
    }

    fn quantity(&mut self) -> Quantity {
        Quantity::from_lots(1 + self.below(50))
    }

    fn order(&mut self) -> NewOrder {
        let market = self.below(10) == 0;
        let kind = if market { OrderKind::Market } else { OrderKind::Limit };
        let time_in_force = match (market, self.below(8)) {
            (true, _) | (false, 0) => TimeInForce::ImmediateOrCancel,
            (false, 1) => TimeInForce::FillOrKill,
            (false, _) => TimeInForce::GoodTillCancelled,
        };
        NewOrder {
            kind,
            time_in_force,
            ..NewOrder::limit(
                self.account(),
                INSTRUMENT,
                if self.below(2) == 0 { Side::Buy } else { Side::Sell },
                if market { Price::NONE } else { self.price() },
                self.quantity(),
            )
        }
    }

    /// The next command.
    pub fn command(&mut self) -> Command {
        match self.below(10) {
            0..7 => Command::Place(self.order()),
            7 | 8 => Command::Cancel(CancelOrder { account: self.account(), order: self.handle() }),
            _ => {
                let (account, order) = (self.account(), self.handle());
                Command::Amend(AmendOrder {
                    account,
                    order,
                    price: self.price(),
                    quantity: self.quantity(),
                    stop_price: Price::NONE,
                })
            }
        }
    }
}
