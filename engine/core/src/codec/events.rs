//! Event records: seq, index, time, kind, body, zeros to 128 bytes.

use super::CodecError;
use super::fields::{Field, Reader, Writer, struct_fields};
use crate::event::{
    AssetAdded, CommandRejected, Event, EventRecord, InstrumentListed, OrderAccepted, OrderAmended, OrderCancelled,
    OrderRejected, OrderRepeated, OrderRested, PermissionsSet, Trade,
};

/// Bytes of one event record.
pub const EVENT_RECORD_LEN: usize = 128;

struct_fields! {
    AssetAdded { asset, class, scale, code }
    InstrumentListed { instrument, base, quote, tick_value, price_max, maker_fee, taker_fee, symbol }
    PermissionsSet { account, permissions }
    OrderAccepted { order, account, instrument, side, kind, time_in_force, post_only, price, quantity, client_order_id }
    OrderRejected { order, reason }
    OrderRested { order, account, instrument, side, price, leaves }
    Trade {
        trade, instrument, taker_side, price, quantity, maker_order, taker_order, maker_account, taker_account,
        maker_fee, taker_fee, maker_leaves, taker_leaves,
    }
    OrderCancelled { order, account, instrument, side, price, leaves, resting, reason }
    OrderAmended { order, account, instrument, side, old_price, old_leaves, price, quantity, leaves, kept_priority }
    CommandRejected { kind, account, order, reference, reason }
}

impl Field for OrderRepeated {
    fn write<const N: usize>(self, to: &mut Writer<N>) {
        to.put(self.account).put(Some(self.client_order_id)).put(self.original);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        let account = from.get()?;
        let id: Option<_> = from.get()?;
        let client_order_id = id.ok_or(CodecError::BadField("ClientOrderId"))?;
        Ok(Self { account, client_order_id, original: from.get()? })
    }
}

/// Encodes one event.
pub fn encode_event(record: &EventRecord) -> [u8; EVENT_RECORD_LEN] {
    let mut to = Writer::new();
    to.put(record.seq).put(record.index).put(record.time);
    match record.event {
        Event::AssetAdded(body) => to.put(1_u8).put(body),
        Event::InstrumentListed(body) => to.put(2_u8).put(body),
        Event::PermissionsSet(body) => to.put(3_u8).put(body),
        Event::Deposited(body) => to.put(4_u8).put(body),
        Event::Withdrawn(body) => to.put(5_u8).put(body),
        Event::Issued(body) => to.put(6_u8).put(body),
        Event::Retired(body) => to.put(7_u8).put(body),
        Event::OrderAccepted(body) => to.put(8_u8).put(body),
        Event::OrderRejected(body) => to.put(9_u8).put(body),
        Event::OrderRested(body) => to.put(10_u8).put(body),
        Event::Trade(body) => to.put(11_u8).put(body),
        Event::OrderCancelled(body) => to.put(12_u8).put(body),
        Event::OrderAmended(body) => to.put(13_u8).put(body),
        Event::OrderRepeated(body) => to.put(14_u8).put(body),
        Event::AllCancelled { account, count } => to.put(15_u8).put(account).put(count),
        Event::CommandRejected(body) => to.put(16_u8).put(body),
    };
    to.finish()
}

/// Decodes one event.
pub fn decode_event(bytes: &[u8; EVENT_RECORD_LEN]) -> Result<EventRecord, CodecError> {
    let mut from = Reader::new(bytes);
    let (seq, index, time) = (from.get()?, from.get()?, from.get()?);
    let event = match from.get::<u8>()? {
        1 => Event::AssetAdded(from.get()?),
        2 => Event::InstrumentListed(from.get()?),
        3 => Event::PermissionsSet(from.get()?),
        4 => Event::Deposited(from.get()?),
        5 => Event::Withdrawn(from.get()?),
        6 => Event::Issued(from.get()?),
        7 => Event::Retired(from.get()?),
        8 => Event::OrderAccepted(from.get()?),
        9 => Event::OrderRejected(from.get()?),
        10 => Event::OrderRested(from.get()?),
        11 => Event::Trade(from.get()?),
        12 => Event::OrderCancelled(from.get()?),
        13 => Event::OrderAmended(from.get()?),
        14 => Event::OrderRepeated(from.get()?),
        15 => Event::AllCancelled { account: from.get()?, count: from.get()? },
        16 => Event::CommandRejected(from.get()?),
        tag => return Err(CodecError::UnknownKind(tag)),
    };
    from.finish()?;
    Ok(EventRecord { seq, index, time, event })
}
