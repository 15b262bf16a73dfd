//! Command records: stamp, kind, body, zeros to 96 bytes.

use super::CodecError;
use super::fields::{Field, Reader, Writer, struct_fields};
use crate::command::{
    AmendOrder, CancelAll, CancelOrder, Command, CommandKind, CommandRecord, Movement, NewAsset, NewInstrument,
    NewOrder, SetPermissions,
};

/// Bytes of one command record.
pub const COMMAND_RECORD_LEN: usize = 96;

struct_fields! {
    NewAsset { class, scale, code }
    NewInstrument { base, quote, tick_value, price_max, maker_fee, taker_fee, symbol }
    SetPermissions { account, permissions }
    Movement { account, asset, amount, reference }
    NewOrder { account, instrument, side, kind, time_in_force, post_only, price, quantity, client_order_id }
    CancelOrder { account, order }
    AmendOrder { account, order, price, quantity }
    CancelAll { account, instrument }
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
    };
    from.finish()?;
    Ok(CommandRecord { stamp, command })
}
