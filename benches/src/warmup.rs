//! The commands before a flow: listing, permission, funds, and a warm-up that touches all memory the flow will use.

use cx_engine::Command;
use cx_engine::command::{
    AssetClass, CancelAll, CommandRecord, Movement, NewAsset, NewInstrument, NewOrder, Permissions, SetPermissions,
    Side,
};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, Symbol};
use cx_engine::units::{Amount, FeeRate, Price, Quantity, Timestamp};

use crate::profile::Profile;

/// USD at scale 4: a tick of 0.005 is worth 50.
const TICK_VALUE: i64 = 50;
/// Cash of an account: enough never to be refused, with room for many accounts below the limit of a balance.
const CASH: i64 = 1 << 45;
/// Credits of an account.
const CREDITS: i64 = 1 << 38;
/// How many orders are open at once while warming up: more than any flow reaches.
const OPEN: usize = 1 << 16;
/// How many names fill the venue's memory of client order ids, with turnover.
const NAMES: u32 = 1 << 20;

/// Lists one currency and the instruments, opens and funds the accounts, then warms up: orders on every 16th price on
/// both sides, and when the flow uses names, enough of them to turn the venue's memory over.
pub fn opening(profile: &Profile) -> Vec<CommandRecord> {
    let mut commands = listed(profile);
    warm(profile, &mut commands);
    records(commands)
}

/// Lists one currency and the instruments, opens and funds the accounts.
pub fn listing(profile: &Profile) -> Vec<CommandRecord> {
    records(listed(profile))
}

fn records(commands: Vec<Command>) -> Vec<CommandRecord> {
    commands.into_iter().map(|command| CommandRecord { stamp: Timestamp::default(), command }).collect()
}

fn listed(profile: &Profile) -> Vec<Command> {
    let mut commands = vec![asset("USD", AssetClass::Cash, 4)];
    for number in 0..profile.instruments {
        commands.push(asset(&credit(number), AssetClass::Credit, 0));
    }
    for number in 0..profile.instruments {
        commands.push(Command::ListInstrument(NewInstrument {
            symbol: symbol(&format!("{}-USD", credit(number))),
            base: AssetId::new(1 + number),
            quote: AssetId::new(0),
            tick_value: TICK_VALUE,
            price_max: Price::from_ticks(10_000_000),
            maker_fee: FeeRate::from_ppm(500).expect("it is below the highest"),
            taker_fee: FeeRate::from_ppm(1_000).expect("it is below the highest"),
        }));
    }
    for account in (1..=profile.accounts).map(AccountId::new) {
        let permissions = Permissions { trade: true, withdraw: true };
        commands.push(Command::SetPermissions(SetPermissions { account, permissions }));
        let fund = |asset, amount| Movement { account, asset, amount: Amount::from_minor(amount), reference: 0 };
        commands.push(Command::Deposit(fund(AssetId::new(0), CASH)));
        for number in 0..profile.instruments {
            commands.push(Command::Issue(fund(AssetId::new(1 + number), CREDITS)));
        }
    }
    commands
}

/// Account 1 puts orders on all pages of the ladders and takes them away again, one side after the other.
fn warm(profile: &Profile, commands: &mut Vec<Command>) {
    let account = AccountId::new(1);
    let (low, high) = profile.price_range();
    for side in [Side::Buy, Side::Sell] {
        let before = commands.len();
        for instrument in (0..profile.instruments).map(InstrumentId::new) {
            let prices = (low..=high).step_by(16).chain([high]);
            commands.extend(prices.map(|ticks| Command::Place(limit(account, instrument, side, ticks, 1))));
        }
        let instruments = (0..profile.instruments).map(InstrumentId::new).cycle();
        let missing = OPEN.saturating_sub(commands.len() - before);
        commands.extend(instruments.take(missing).map(|it| Command::Place(limit(account, it, side, low, 1))));
        commands.push(Command::CancelAll(CancelAll { account, instrument: None, side: None }));
    }
    let names = if profile.named { NAMES } else { 0 };
    for number in 0..names {
        let name = ClientOrderId::new(&format!("warm-{number}")).expect("it is short and plain");
        let unpriced =
            NewOrder { client_order_id: Some(name), ..limit(account, InstrumentId::new(0), Side::Buy, 0, 1) };
        commands.push(Command::Place(unpriced));
    }
}

/// A plain limit order that is good till cancelled.
pub fn limit(account: AccountId, instrument: InstrumentId, side: Side, ticks: i64, lots: u64) -> NewOrder {
    NewOrder::limit(account, instrument, side, Price::from_ticks(ticks), Quantity::from_lots(lots))
}

fn asset(code: &str, class: AssetClass, scale: u8) -> Command {
    Command::AddAsset(NewAsset { code: symbol(code), class, scale })
}

fn credit(number: u32) -> String {
    format!("VCS-{}-2016", 191 + number)
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).expect("it is short and plain")
}
