//! Event records: seq, index, time, kind, body, zeros to 128 bytes.

use super::CodecError;
use super::fields::{Field, Reader, Writer, struct_fields};
use crate::event::{
    AssetAdded, AuctionState, CommandRejected, Event, EventRecord, HoldChanged, InstrumentListed, OrderAccepted,
    OrderAmended, OrderCancelled, OrderReduced, OrderRejected, OrderRepeated, OrderReplenished, OrderRested,
    OrderTriggered, PermissionsSet, PhaseChanged, StopArmed, StopMoved, Trade, TradeBusted,
};

/// Bytes of one event record.
pub const EVENT_RECORD_LEN: usize = 128;

struct_fields! {
    AssetAdded { asset, class, scale, code }
    InstrumentListed { instrument, base, quote, tick_value, price_max, maker_fee, taker_fee, symbol }
    PermissionsSet { account, permissions }
    OrderAccepted {
        order, account, instrument, side, kind, time_in_force, post_only, self_trade, price, quantity, quote_quantity,
        display, expires, client_order_id,
    }
    OrderRejected {
        account, instrument, side, kind, time_in_force, reason, price, quantity, quote_quantity, trigger, client_order_id,
    }
    OrderRested { order, account, instrument, side, price, leaves, displayed, held }
    StopArmed { order, account, instrument, side, stop_price, leaves, held }
    StopMoved { order, account, instrument, side, stop_price, held }
    OrderTriggered { order, account, instrument, side, stop_price, leaves }
    OrderReplenished { order, account, instrument, side, price, displayed, leaves }
    OrderReduced { order, account, instrument, side, price, by, leaves, resting, held }
    HoldChanged { order, account, instrument, side, held }
    Trade {
        trade, instrument, taker_side, auction, price, quantity, maker_order, taker_order, maker_account, taker_account,
        maker_fee, taker_fee, maker_leaves, taker_leaves, maker_held,
    }
    TradeBusted { trade, instrument, price, quantity, buyer, seller, buyer_fee, seller_fee }
    OrderCancelled { order, account, instrument, side, price, leaves, displayed, resting, reason }
    OrderAmended {
        order, account, instrument, side, old_price, old_displayed, price, quantity, leaves, displayed, kept_priority, held,
    }
    PhaseChanged { instrument, phase, ends }
    AuctionState { instrument, price, volume, surplus }
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
        Event::StopArmed(body) => to.put(17_u8).put(body),
        Event::StopMoved(body) => to.put(18_u8).put(body),
        Event::OrderTriggered(body) => to.put(19_u8).put(body),
        Event::OrderReplenished(body) => to.put(20_u8).put(body),
        Event::OrderReduced(body) => to.put(21_u8).put(body),
        Event::HoldChanged(body) => to.put(22_u8).put(body),
        Event::TradeBusted(body) => to.put(23_u8).put(body),
        Event::PhaseChanged(body) => to.put(24_u8).put(body),
        Event::AuctionIndicated(body) => to.put(25_u8).put(body),
        Event::AuctionUncrossed(body) => to.put(26_u8).put(body),
        Event::AuctionExtended(body) => to.put(27_u8).put(body),
        Event::PhaseScheduled(body) => to.put(28_u8).put(body),
        Event::ScheduleCleared(body) => to.put(29_u8).put(body),
        Event::BandsSet(body) => to.put(30_u8).put(body),
        Event::FeesSet(body) => to.put(31_u8).put(body),
        Event::FeeTierSet(body) => to.put(32_u8).put(body),
        Event::FeeTierChanged { account, tier } => to.put(33_u8).put(account).put(tier),
        Event::LimitsSet(body) => to.put(34_u8).put(body),
        Event::PositionLimitSet(body) => to.put(35_u8).put(body),
        Event::GroupSet(body) => to.put(36_u8).put(body),
        Event::MarketHalted { halted } => to.put(37_u8).put(halted),
        Event::AccountKilled { account, killed, count } => to.put(38_u8).put(account).put(killed).put(count),
        Event::CancelAfterSet(body) => to.put(39_u8).put(body),
        Event::Ticked => to.put(40_u8),
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
        17 => Event::StopArmed(from.get()?),
        18 => Event::StopMoved(from.get()?),
        19 => Event::OrderTriggered(from.get()?),
        20 => Event::OrderReplenished(from.get()?),
        21 => Event::OrderReduced(from.get()?),
        22 => Event::HoldChanged(from.get()?),
        23 => Event::TradeBusted(from.get()?),
        24 => Event::PhaseChanged(from.get()?),
        25 => Event::AuctionIndicated(from.get()?),
        26 => Event::AuctionUncrossed(from.get()?),
        27 => Event::AuctionExtended(from.get()?),
        28 => Event::PhaseScheduled(from.get()?),
        29 => Event::ScheduleCleared(from.get()?),
        30 => Event::BandsSet(from.get()?),
        31 => Event::FeesSet(from.get()?),
        32 => Event::FeeTierSet(from.get()?),
        33 => Event::FeeTierChanged { account: from.get()?, tier: from.get()? },
        34 => Event::LimitsSet(from.get()?),
        35 => Event::PositionLimitSet(from.get()?),
        36 => Event::GroupSet(from.get()?),
        37 => Event::MarketHalted { halted: from.get()? },
        38 => Event::AccountKilled { account: from.get()?, killed: from.get()?, count: from.get()? },
        39 => Event::CancelAfterSet(from.get()?),
        40 => Event::Ticked,
        tag => return Err(CodecError::UnknownKind(tag)),
    };
    from.finish()?;
    Ok(EventRecord { seq, index, time, event })
}
