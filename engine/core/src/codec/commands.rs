//! Command records: stamp, kind, body, zeros to 112 bytes.

use super::CodecError;
use super::fields::{Field, Reader, Writer, struct_fields};
use crate::command::{
    AmendOrder, CancelAfter, CancelAll, CancelOrder, Command, CommandKind, CommandRecord, Movement, NewAsset,
    NewInstrument, NewOrder, SetPermissions,
};
use crate::control::{
    BustTrade, ClearSchedule, FeeTier, HaltMarket, Kill, SchedulePhase, SetBands, SetFees, SetGroup, SetLimits,
    SetPhase, SetPositionLimit,
};

/// Bytes of one command record.
pub const COMMAND_RECORD_LEN: usize = 112;

struct_fields! {
    NewAsset { class, scale, code }
    NewInstrument { base, quote, tick_value, price_max, maker_fee, taker_fee, symbol }
    SetPermissions { account, permissions }
    Movement { account, asset, amount, reference }
    NewOrder {
        account, instrument, side, kind, time_in_force, post_only, self_trade, price, quantity, quote_quantity, display,
        trigger, expires, oco, client_order_id,
    }
    CancelOrder { account, order }
    AmendOrder { account, order, price, quantity, stop_price }
    CancelAll { account, instrument, side }
    CancelAfter { account, at }
    SetPhase { instrument, phase }
    SchedulePhase { instrument, phase, at, every_ns }
    ClearSchedule { instrument }
    SetBands {
        instrument, collar_bps, static_bps, dynamic_bps, extensions_max, halt_ns, extension_ns, reference,
    }
    SetFees { instrument, tier, maker, taker }
    FeeTier { tier, volume }
    SetLimits {
        account, order_quantity_max, order_notional_max, exposure_max, open_orders_max, rate_per_second, burst,
    }
    SetPositionLimit { account, instrument, position_max }
    SetGroup { account, group }
    HaltMarket { halted }
    Kill { account, killed }
    BustTrade { trade }
}

/// Encodes one command.
pub fn encode_command(record: &CommandRecord) -> [u8; COMMAND_RECORD_LEN] {
    let mut to = Writer::new();
    to.put(record.stamp).put(record.command.kind());
    match record.command {
        Command::AddAsset(body) => to.put(body),
        Command::ListInstrument(body) => to.put(body),
        Command::SetPermissions(body) => to.put(body),
        Command::Deposit(body) | Command::Withdraw(body) | Command::Issue(body) | Command::Retire(body) => to.put(body),
        Command::Place(body) => to.put(body),
        Command::Cancel(body) => to.put(body),
        Command::Amend(body) => to.put(body),
        Command::CancelAll(body) => to.put(body),
        Command::CancelAfter(body) => to.put(body),
        Command::SetPhase(body) => to.put(body),
        Command::SchedulePhase(body) => to.put(body),
        Command::ClearSchedule(body) => to.put(body),
        Command::SetBands(body) => to.put(body),
        Command::SetFees(body) => to.put(body),
        Command::SetFeeTier(body) => to.put(body),
        Command::SetLimits(body) => to.put(body),
        Command::SetPositionLimit(body) => to.put(body),
        Command::SetGroup(body) => to.put(body),
        Command::HaltMarket(body) => to.put(body),
        Command::Kill(body) => to.put(body),
        Command::BustTrade(body) => to.put(body),
        Command::Tick => &mut to,
    };
    to.finish()
}

/// Decodes one command.
pub fn decode_command(bytes: &[u8; COMMAND_RECORD_LEN]) -> Result<CommandRecord, CodecError> {
    let mut from = Reader::new(bytes);
    let stamp = from.get()?;
    let tag: u8 = from.get()?;
    let command = match CommandKind::from_number(tag).ok_or(CodecError::UnknownKind(tag))? {
        CommandKind::AddAsset => Command::AddAsset(from.get()?),
        CommandKind::ListInstrument => Command::ListInstrument(from.get()?),
        CommandKind::SetPermissions => Command::SetPermissions(from.get()?),
        CommandKind::Deposit => Command::Deposit(from.get()?),
        CommandKind::Withdraw => Command::Withdraw(from.get()?),
        CommandKind::Issue => Command::Issue(from.get()?),
        CommandKind::Retire => Command::Retire(from.get()?),
        CommandKind::Place => Command::Place(from.get()?),
        CommandKind::Cancel => Command::Cancel(from.get()?),
        CommandKind::Amend => Command::Amend(from.get()?),
        CommandKind::CancelAll => Command::CancelAll(from.get()?),
        CommandKind::CancelAfter => Command::CancelAfter(from.get()?),
        CommandKind::SetPhase => Command::SetPhase(from.get()?),
        CommandKind::SchedulePhase => Command::SchedulePhase(from.get()?),
        CommandKind::ClearSchedule => Command::ClearSchedule(from.get()?),
        CommandKind::SetBands => Command::SetBands(from.get()?),
        CommandKind::SetFees => Command::SetFees(from.get()?),
        CommandKind::SetFeeTier => Command::SetFeeTier(from.get()?),
        CommandKind::SetLimits => Command::SetLimits(from.get()?),
        CommandKind::SetPositionLimit => Command::SetPositionLimit(from.get()?),
        CommandKind::SetGroup => Command::SetGroup(from.get()?),
        CommandKind::HaltMarket => Command::HaltMarket(from.get()?),
        CommandKind::Kill => Command::Kill(from.get()?),
        CommandKind::BustTrade => Command::BustTrade(from.get()?),
        CommandKind::Tick => Command::Tick,
    };
    from.finish()?;
    Ok(CommandRecord { stamp, command })
}
