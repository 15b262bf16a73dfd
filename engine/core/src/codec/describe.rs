//! Commands and events field by field, in words: what exports and reports are made of.
//!
//! Names are those of the records' fields; integers are in the core's units (ticks, lots, minor units, nanoseconds, parts per
//! million), as `docs/journal-format.md` has them.

use crate::command::{AssetClass, Command, CommandKind, OrderKind, Permissions, SelfTrade, Side, TimeInForce};
use crate::control::Phase;
use crate::event::{Event, OrderRepeated};
use crate::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq, Symbol, TradeId};
use crate::reject::{CancelReason, Reject};
use crate::units::{Amount, DisplayQuantity, FeeRate, Price, Quantity, Timestamp, Trigger};

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word<'a> {
    /// There is none.
    None,
    /// Yes or no.
    Flag(bool),
    /// A number in the core's units.
    Number(i128),
    /// A code, a symbol or an id.
    Text(&'a str),
}

/// Takes fields one after another: name and value.
pub type Visit<'a> = dyn FnMut(&'static str, Word<'_>) + 'a;

/// A record that can tell its fields.
pub(super) trait Told {
    fn each(&self, to: &mut Visit<'_>);
}

/// A field that can tell its value.
pub(super) trait Said {
    fn say(&self, name: &'static str, to: &mut Visit<'_>);
}

macro_rules! said {
    ($($type:ty: |$value:ident| $word:expr;)+) => {$(
        impl Said for $type {
            fn say(&self, name: &'static str, to: &mut Visit<'_>) {
                let $value = self;
                to(name, $word);
            }
        }
    )+};
}
said! {
    bool: |it| Word::Flag(*it);
    u8: |it| Word::Number(i128::from(*it));
    u16: |it| Word::Number(i128::from(*it));
    u32: |it| Word::Number(i128::from(*it));
    u64: |it| Word::Number(i128::from(*it));
    i64: |it| Word::Number(i128::from(*it));
    Seq: |it| Word::Number(i128::from(it.get()));
    AccountId: |it| Word::Number(i128::from(it.get()));
    AssetId: |it| Word::Number(i128::from(it.get()));
    InstrumentId: |it| Word::Number(i128::from(it.get()));
    TradeId: |it| Word::Number(i128::from(it.get()));
    OrderId: |it| if *it == OrderId::NONE { Word::None } else { Word::Number(i128::from(it.get())) };
    Price: |it| if *it == Price::NONE { Word::None } else { Word::Number(i128::from(it.ticks())) };
    Quantity: |it| Word::Number(i128::from(it.lots()));
    DisplayQuantity: |it| Word::Number(i128::from(it.lots()));
    Amount: |it| Word::Number(i128::from(it.minor()));
    FeeRate: |it| Word::Number(i128::from(it.ppm()));
    Timestamp: |it| Word::Number(i128::from(it.nanos()));
    Trigger: |it| Word::Number(i128::from(it.raw()));
    Symbol: |it| Word::Text(it.as_str());
    Side: |it| Word::Text(it.code());
    OrderKind: |it| Word::Text(it.code());
    TimeInForce: |it| Word::Text(it.code());
    SelfTrade: |it| Word::Text(it.code());
    AssetClass: |it| Word::Text(it.code());
    CommandKind: |it| Word::Text(it.code());
    Phase: |it| Word::Text(it.code());
    Reject: |it| Word::Text(it.code());
    CancelReason: |it| Word::Text(it.code());
    ClientOrderId: |it| Word::Text(it.as_str());
}

impl<T: Said> Said for Option<T> {
    fn say(&self, name: &'static str, to: &mut Visit<'_>) {
        match self {
            Some(value) => value.say(name, to),
            None => to(name, Word::None),
        }
    }
}

impl Said for Permissions {
    fn say(&self, _name: &'static str, to: &mut Visit<'_>) {
        self.trade.say("trade", to);
        self.withdraw.say("withdraw", to);
    }
}

impl Told for OrderRepeated {
    fn each(&self, to: &mut Visit<'_>) {
        self.account.say("account", to);
        self.client_order_id.say("client_order_id", to);
        self.original.say("original", to);
    }
}

/// Tells the fields of a command. Its kind has the code that names it.
pub fn describe_command(command: &Command, to: &mut Visit<'_>) {
    match command {
        Command::AddAsset(body) => body.each(to),
        Command::ListInstrument(body) => body.each(to),
        Command::SetPermissions(body) => body.each(to),
        Command::Deposit(body) | Command::Withdraw(body) | Command::Issue(body) | Command::Retire(body) => {
            body.each(to)
        }
        Command::Place(body) => body.each(to),
        Command::Cancel(body) => body.each(to),
        Command::Amend(body) => body.each(to),
        Command::CancelAll(body) => body.each(to),
        Command::CancelAfter(body) => body.each(to),
        Command::SetPhase(body) => body.each(to),
        Command::SchedulePhase(body) => body.each(to),
        Command::ClearSchedule(body) => body.each(to),
        Command::SetBands(body) => body.each(to),
        Command::SetFees(body) => body.each(to),
        Command::SetFeeTier(body) => body.each(to),
        Command::SetLimits(body) => body.each(to),
        Command::SetPositionLimit(body) => body.each(to),
        Command::SetGroup(body) => body.each(to),
        Command::HaltMarket(body) => body.each(to),
        Command::Kill(body) => body.each(to),
        Command::BustTrade(body) => body.each(to),
        Command::Tick => {}
    }
}

/// Tells the fields of an event and gives its kind.
pub fn describe_event(event: &Event, to: &mut Visit<'_>) -> &'static str {
    match event {
        Event::AssetAdded(body) => named("asset_added", body, to),
        Event::InstrumentListed(body) => named("instrument_listed", body, to),
        Event::PermissionsSet(body) => named("permissions_set", body, to),
        Event::Deposited(body) => named("deposited", body, to),
        Event::Withdrawn(body) => named("withdrawn", body, to),
        Event::Issued(body) => named("issued", body, to),
        Event::Retired(body) => named("retired", body, to),
        Event::OrderAccepted(body) => named("order_accepted", body, to),
        Event::OrderRejected(body) => named("order_rejected", body, to),
        Event::OrderRested(body) => named("order_rested", body, to),
        Event::Trade(body) => named("trade", body, to),
        Event::OrderCancelled(body) => named("order_cancelled", body, to),
        Event::OrderAmended(body) => named("order_amended", body, to),
        Event::OrderRepeated(body) => named("order_repeated", body, to),
        Event::AllCancelled { account, count } => {
            account.say("account", to);
            count.say("count", to);
            "all_cancelled"
        }
        Event::CommandRejected(body) => named("command_rejected", body, to),
        Event::StopArmed(body) => named("stop_armed", body, to),
        Event::StopMoved(body) => named("stop_moved", body, to),
        Event::OrderTriggered(body) => named("order_triggered", body, to),
        Event::OrderReplenished(body) => named("order_replenished", body, to),
        Event::OrderReduced(body) => named("order_reduced", body, to),
        Event::HoldChanged(body) => named("hold_changed", body, to),
        Event::TradeBusted(body) => named("trade_busted", body, to),
        Event::PhaseChanged(body) => named("phase_changed", body, to),
        Event::AuctionIndicated(body) => named("auction_indicated", body, to),
        Event::AuctionUncrossed(body) => named("auction_uncrossed", body, to),
        Event::AuctionExtended(body) => named("auction_extended", body, to),
        Event::PhaseScheduled(body) => named("phase_scheduled", body, to),
        Event::ScheduleCleared(body) => named("schedule_cleared", body, to),
        Event::BandsSet(body) => named("bands_set", body, to),
        Event::FeesSet(body) => named("fees_set", body, to),
        Event::FeeTierSet(body) => named("fee_tier_set", body, to),
        Event::FeeTierChanged { account, tier } => {
            account.say("account", to);
            tier.say("tier", to);
            "fee_tier_changed"
        }
        Event::LimitsSet(body) => named("limits_set", body, to),
        Event::PositionLimitSet(body) => named("position_limit_set", body, to),
        Event::GroupSet(body) => named("group_set", body, to),
        Event::MarketHalted { halted } => {
            halted.say("halted", to);
            "market_halted"
        }
        Event::AccountKilled { account, killed, count } => {
            account.say("account", to);
            killed.say("killed", to);
            count.say("count", to);
            "account_killed"
        }
        Event::CancelAfterSet(body) => named("cancel_after_set", body, to),
        Event::Ticked => "ticked",
    }
}

fn named(kind: &'static str, body: &impl Told, to: &mut Visit<'_>) -> &'static str {
    body.each(to);
    kind
}
