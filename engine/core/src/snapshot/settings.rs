//! What the venue's staff has set, in a snapshot: as the commands that would set it, in one order.

use crate::codec::{COMMAND_RECORD_LEN, decode_command, encode_command};
use crate::command::{CancelAfter, Command, CommandRecord};
use crate::control::{FeeTier, HaltMarket, Kill, SetGroup, SetLimits, SetPositionLimit};
use crate::event::Event;
use crate::exchange::Exchange;
use crate::ids::AccountId;
use crate::risk::{Limits, NONE};
use crate::units::{Amount, Quantity, Timestamp};

pub(super) type Record = [u8; COMMAND_RECORD_LEN];

pub(super) fn record(command: Command) -> Record {
    encode_command(&CommandRecord { stamp: Timestamp::default(), command })
}

pub(super) fn command_of(bytes: &Record) -> Result<Command, String> {
    let CommandRecord { stamp, command } = decode_command(bytes).map_err(|error| error.to_string())?;
    if stamp == Timestamp::default() { Ok(command) } else { Err("a setting has a time".into()) }
}

/// Everything that one command sets and that is not about phases.
pub(super) fn of(exchange: &Exchange) -> Vec<Record> {
    exchange.settings().into_iter().map(record).collect()
}

impl Exchange {
    /// What is set, as the commands that would set it: fees, tiers, bands, groups, kill switches, limits, times of `CancelAfter`,
    /// the market's halt. For checks, tools and tests.
    pub fn settings(&self) -> Vec<Command> {
        commands_of(self)
    }
}

fn commands_of(exchange: &Exchange) -> Vec<Command> {
    let mut out: Vec<Command> = exchange.risks.fees.iter().map(Command::SetFees).collect();
    let tiers = (0..).zip(exchange.risks.tier_volumes).filter(|&(_, volume)| volume > 0);
    out.extend(tiers.map(|(tier, volume)| Command::SetFeeTier(FeeTier { tier, volume: Quantity::from_lots(volume) })));
    for instrument in &exchange.instruments {
        out.push(Command::SetBands(instrument.session.bands));
    }
    for (account, it) in exchange.accounts.iter() {
        if it.group > 0 {
            out.push(Command::SetGroup(SetGroup { account, group: it.group }));
        }
        if it.killed {
            out.push(Command::Kill(Kill { account, killed: true }));
        }
        if it.risk.limits != NONE {
            of_limits(account, &exchange.risks.limits[it.risk.limits as usize], &mut out);
        }
    }
    out.extend(exchange.timers.cancel_afters().map(|(account, at)| Command::CancelAfter(CancelAfter { account, at })));
    if exchange.market_halted {
        out.push(Command::HaltMarket(HaltMarket { halted: true }));
    }
    out
}

fn of_limits(account: AccountId, limits: &Limits, out: &mut Vec<Command>) {
    if is_any(&limits.set) {
        out.push(Command::SetLimits(limits.set));
    }
    for position in &limits.positions {
        if !position.max.is_zero() {
            let (instrument, position_max) = (position.instrument, position.max);
            out.push(Command::SetPositionLimit(SetPositionLimit { account, instrument, position_max }));
        }
    }
}

fn is_any(set: &SetLimits) -> bool {
    !set.order_quantity_max.is_zero()
        || set.order_notional_max > Amount::ZERO
        || set.exposure_max > Amount::ZERO
        || set.open_orders_max > 0
        || set.rate_per_second > 0
        || set.burst > 0
}

/// Carries a setting out again; refuses what the exchange would refuse.
pub(super) fn restore(exchange: &mut Exchange, bytes: &Record) -> Result<(), String> {
    let mut events = Vec::new();
    match command_of(bytes)? {
        Command::SetFees(set) => exchange.set_fees(set, &mut events),
        Command::SetFeeTier(set) => exchange.set_fee_tier(set, &mut events),
        Command::SetBands(set) => exchange.set_bands(set, &mut events),
        Command::SetGroup(set) => exchange.set_group(set, &mut events),
        Command::Kill(set) => exchange.kill(set, &mut events),
        Command::SetLimits(set) => exchange.set_limits(set, &mut events),
        Command::SetPositionLimit(set) => exchange.set_position_limit(set, &mut events),
        Command::CancelAfter(set) => exchange.set_cancel_after(set, &mut events),
        Command::HaltMarket(set) => exchange.halt_market(set, &mut events),
        _ => return Err("a setting is none".into()),
    }
    match events.iter().find(|event| matches!(event, Event::CommandRejected(_))) {
        Some(refusal) => Err(format!("a setting is refused: {refusal:?}")),
        None => Ok(()),
    }
}
