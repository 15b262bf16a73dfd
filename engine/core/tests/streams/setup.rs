//! Shapes of generated venues, and the commands that open them.

use cx_engine::Command;
use cx_engine::command::{AssetClass, Movement, NewAsset, NewInstrument, Permissions, SetPermissions};
use cx_engine::ids::{AccountId, AssetId, Symbol};
use cx_engine::units::{Amount, FeeRate, Price};

use super::{Choices, Generator};

/// What a generated venue looks like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How many accounts trade, from 1.
    pub accounts: u32,
    /// How many instruments there are at first: 1 to 4.
    pub instruments: usize,
    /// Minor units per tick and lot.
    pub tick_value: i64,
    /// The highest price.
    pub price_max: i64,
    /// The maker's and the taker's rate in parts per million.
    pub fees: (i32, i32),
    /// Prices lie in `width` ticks from one of these; a negative one counts down from the highest price.
    pub anchors: &'static [i64],
    /// How many ticks are in use around an anchor.
    pub width: u64,
    /// Usual quantities are 1 to this.
    pub lots: u64,
    /// Cash and credits that an account starts with and that movements are drawn from.
    pub purse: u64,
    /// One order in so many has a client order id.
    pub named_one_in: u64,
    /// When more orders than this are open, more are cancelled.
    pub crowd: usize,
    /// How many commands in a hundred are the staff's: phases, bands, fees, limits, halts, busts. None: the venue trades
    /// continuously, and days are long.
    pub staff: u64,
}

impl Shape {
    /// The smallest venue: three traders on eight prices, without fees.
    pub const SMALL: Self = Self {
        accounts: 3,
        instruments: 1,
        tick_value: 1,
        price_max: 1_000,
        fees: (0, 0),
        anchors: &[1],
        width: 8,
        lots: 8,
        purse: 10_000,
        named_one_in: 4,
        crowd: 40,
        staff: 9,
    };

    /// Shapes that differ in what they strain.
    pub const ALL: &'static [Self] = &[
        Self::SMALL,
        // Usual terms: fees that round, several instruments that share a currency.
        Self { accounts: 5, instruments: 3, tick_value: 100, fees: (500, 1_000), purse: 1_000_000, ..Self::SMALL },
        // The maker pays more than the taker, the highest rate there is; orders queue deep on two prices.
        Self { accounts: 8, fees: (100_000, 7), width: 2, purse: 100_000, crowd: 250, staff: 0, ..Self::SMALL },
        // Makers get more than takers pay, which is capped; quantities of icebergs.
        Self {
            accounts: 4,
            fees: (-2_000, 1_500),
            tick_value: 997,
            width: 12,
            lots: 40,
            purse: 20_000_000,
            ..Self::SMALL
        },
        // Clusters of prices far apart, so that the ladder's window is left and moved.
        Self {
            accounts: 6,
            instruments: 4,
            price_max: 1 << 62,
            anchors: &[1, 4_000, 70_000, 5_000_000, 1 << 40, 1 << 61],
            width: 40,
            fees: (1, 99_999),
            lots: 3,
            purse: 1 << 58,
            crowd: 200,
            staff: 3,
            ..Self::SMALL
        },
        // The largest tick value: a lot at one tick costs 10^12, and sums reach the limits of a balance.
        Self {
            accounts: 4,
            instruments: 2,
            tick_value: 1_000_000_000_000,
            price_max: 5_000_000,
            anchors: &[1, -1],
            width: 4,
            fees: (333, 777),
            purse: 1 << 60,
            lots: 4,
            ..Self::SMALL
        },
        // A wide, thin book: many levels with one order each.
        Self {
            accounts: 7,
            width: 20_000,
            price_max: 20_000,
            fees: (500, 1_000),
            purse: 100_000_000,
            crowd: 600,
            staff: 3,
            ..Self::SMALL
        },
        // The domain of one price.
        Self { price_max: 1, width: 1, anchors: &[1], fees: (1, 1), ..Self::SMALL },
    ];

    /// Small purses and high fees: the venue owns so much that it can withdraw. For long runs.
    pub const EARNING: Self = Self {
        accounts: 4,
        tick_value: 3,
        fees: (100_000, 100_000),
        purse: 200,
        named_one_in: 1_000,
        staff: 0,
        ..Self::SMALL
    };

    /// The shape of a seed, when many seeds are run: each in turn.
    pub fn of_seed(seed: u64) -> Self {
        let shapes: Vec<Self> = Self::ALL.iter().copied().chain([Self::EARNING]).collect();
        let count = u64::try_from(shapes.len()).expect("there are few");
        shapes[usize::try_from(seed % count).expect("it is below a usize")]
    }

    /// Lists, permits and funds. Assets 0 and 1 are currencies, the rest credits.
    pub(super) fn opening(&self) -> Vec<Command> {
        let mut commands = Vec::new();
        let cash = ["USD", "EUR"];
        for code in cash {
            commands.push(asset(code, AssetClass::Cash, 4));
        }
        for number in 0..self.instruments {
            commands.push(asset(&format!("VCS-{number}-2016"), AssetClass::Credit, 0));
        }
        for number in 0..self.instruments {
            let base = AssetId::new(u32::try_from(number + cash.len()).expect("there are few"));
            let quote = AssetId::new(u32::from(number % 3 == 2));
            commands.push(self.instrument(&format!("VCS-{number}-2016-CUR"), base, quote));
        }
        for account in (1..=self.accounts).map(AccountId::new) {
            let permissions = Permissions { trade: true, withdraw: true };
            commands.push(Command::SetPermissions(SetPermissions { account, permissions }));
            for number in 0..cash.len() + self.instruments {
                let asset = AssetId::new(u32::try_from(number).expect("there are few"));
                let amount = Amount::from_minor(i64::try_from(self.purse).expect("purses fit a balance"));
                let movement = Movement { account, asset, amount, reference: 0 };
                commands.push(if number < cash.len() { Command::Deposit(movement) } else { Command::Issue(movement) });
            }
        }
        commands
    }

    fn instrument(&self, symbol: &str, base: AssetId, quote: AssetId) -> Command {
        Command::ListInstrument(NewInstrument {
            symbol: Symbol::new(symbol).expect("it is short and plain"),
            base,
            quote,
            tick_value: self.tick_value,
            price_max: Price::from_ticks(self.price_max),
            maker_fee: FeeRate::from_ppm(self.fees.0).expect("it is a tenth at most"),
            taker_fee: FeeRate::from_ppm(self.fees.1).expect("it is a tenth at most"),
        })
    }
}

impl Generator {
    /// A new asset or instrument, often a bad one.
    pub(super) fn definition(&mut self, choices: &mut impl Choices) -> Command {
        if self.instruments.len() > 12 || choices.one_in(2) {
            let class = choices.pick(&[AssetClass::Credit, AssetClass::Cash]);
            let number = if choices.one_in(3) { choices.below(4) } else { 4 + choices.below(60) };
            return asset(&format!("VCS-{number}-2016"), class, u8::try_from(choices.below(12)).expect("it is small"));
        }
        let number = if choices.one_in(3) { choices.below(4) } else { 4 + choices.below(60) };
        let symbol = format!("VCS-{number}-2016-CUR");
        let (base, quote) = (self.asset(choices), self.asset(choices));
        let mut command = self.shape.instrument(&symbol, base, quote);
        if let Command::ListInstrument(new) = &mut command {
            match choices.below(8) {
                4 => new.tick_value = choices.pick(&[0, -1, 1_000_000_000_001, i64::MIN, i64::MAX]),
                5 => new.price_max = Price::from_ticks(choices.pick(&[0, -1, i64::MIN, (1 << 62) + 1, i64::MAX])),
                6 => new.taker_fee = FeeRate::from_ppm(choices.pick(&[-1, 100_000])).expect("it is a tenth at most"),
                7 => new.price_max = Price::from_ticks(choices.pick(&[1, 1 << 62])),
                _ => {}
            }
        }
        command
    }
}

fn asset(code: &str, class: AssetClass, scale: u8) -> Command {
    Command::AddAsset(NewAsset { code: Symbol::new(code).expect("it is short and plain"), class, scale })
}
