//! Command and event records: each value comes back from its bytes, and each record has one form.
#![allow(clippy::unwrap_used)]

use cx_engine::codec::{
    COMMAND_RECORD_LEN, EVENT_RECORD_LEN, decode_command, decode_event, encode_command, encode_event,
};
use cx_engine::command::{
    AmendOrder, AssetClass, CancelAfter, CancelAll, CancelOrder, Command, CommandKind, CommandRecord, Movement,
    NewAsset, NewInstrument, NewOrder, OrderKind, Permissions, SelfTrade, SetPermissions, Side, TimeInForce,
};
use cx_engine::control::{
    BustTrade, ClearSchedule, FeeTier, HaltMarket, Kill, Phase, SchedulePhase, SetBands, SetFees, SetGroup, SetLimits,
    SetPhase, SetPositionLimit,
};
use cx_engine::event::{
    AssetAdded, AuctionState, CommandRejected, Event, EventRecord, HoldChanged, InstrumentListed, OrderAccepted,
    OrderAmended, OrderCancelled, OrderReduced, OrderRejected, OrderRepeated, OrderReplenished, OrderRested,
    OrderTriggered, PermissionsSet, PhaseChanged, StopArmed, StopMoved, Trade, TradeBusted,
};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq, Symbol, TradeId};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, DisplayQuantity, FeeRate, Price, Quantity, Timestamp, Trigger};
use proptest::collection::vec;
use proptest::prelude::*;

/// Raw numbers that a value is made of; zeros when they run out.
struct Raw<'a>(std::slice::Iter<'a, u64>);

impl Raw<'_> {
    fn next(&mut self) -> u64 {
        self.0.next().copied().unwrap_or(0)
    }

    fn make<T: Made>(&mut self) -> T {
        T::made(self)
    }
}

/// A value made of raw numbers.
trait Made: Sized {
    fn made(raw: &mut Raw<'_>) -> Self;
}

macro_rules! made_integers {
    ($($int:ty),+) => {$(
        impl Made for $int {
            fn made(raw: &mut Raw<'_>) -> Self {
                let bytes = raw.next().to_le_bytes();
                Self::from_le_bytes(*bytes.first_chunk().unwrap())
            }
        }
    )+};
}
made_integers!(u8, u16, u32, u64, i32, i64);

macro_rules! made_wrapped {
    ($($type:ident::$new:ident)+) => {$(
        impl Made for $type {
            fn made(raw: &mut Raw<'_>) -> Self {
                Self::$new(raw.make())
            }
        }
    )+};
}
made_wrapped! {
    Seq::new AccountId::new AssetId::new InstrumentId::new OrderId::new TradeId::new
    Price::from_ticks Quantity::from_lots Amount::from_minor Timestamp::from_nanos DisplayQuantity::from_lots
    Trigger::from_raw
}

macro_rules! made_codes {
    ($($type:ident)+) => {$(
        impl Made for $type {
            fn made(raw: &mut Raw<'_>) -> Self {
                let count = u64::try_from(Self::ALL.len()).unwrap();
                Self::ALL[usize::try_from(raw.next() % count).unwrap()]
            }
        }
    )+};
}
made_codes!(Side OrderKind TimeInForce SelfTrade AssetClass CommandKind Reject CancelReason Phase);

macro_rules! made_structs {
    ($($type:ident { $($field:ident),+ $(,)? })+) => {$(
        impl Made for $type {
            fn made(raw: &mut Raw<'_>) -> Self {
                Self { $($field: raw.make()),+ }
            }
        }
    )+};
}
made_structs! {
    Permissions { trade, withdraw }
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
    OrderRepeated { account, client_order_id, original }
}

impl Made for bool {
    fn made(raw: &mut Raw<'_>) -> Self {
        raw.next() % 2 == 1
    }
}

impl Made for FeeRate {
    fn made(raw: &mut Raw<'_>) -> Self {
        let most = FeeRate::MAX.ppm();
        Self::from_ppm(raw.make::<i32>().rem_euclid(2 * most + 1) - most).unwrap()
    }
}

fn text(raw: &mut Raw<'_>, longest: u64, alphabet: &[u8]) -> String {
    let len = 1 + raw.next() % longest;
    let count = u64::try_from(alphabet.len()).unwrap();
    let mut state = raw.next();
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(alphabet[usize::try_from((state >> 33) % count).unwrap()])
    };
    (0..len).map(next).collect()
}

const PLAIN: &[u8] = b"aZ09_-bcdXYZ1";

impl Made for Symbol {
    fn made(raw: &mut Raw<'_>) -> Self {
        Self::new(&text(raw, 32, b"aZ09_-.+VCSGUD")).unwrap()
    }
}

impl Made for ClientOrderId {
    fn made(raw: &mut Raw<'_>) -> Self {
        Self::new(&text(raw, 36, PLAIN)).unwrap()
    }
}

impl<T: Made> Made for Option<T> {
    fn made(raw: &mut Raw<'_>) -> Self {
        raw.make::<bool>().then(|| raw.make())
    }
}

fn command(kind: CommandKind, raw: &mut Raw<'_>) -> CommandRecord {
    let stamp = raw.make();
    let command = match kind {
        CommandKind::AddAsset => Command::AddAsset(raw.make()),
        CommandKind::ListInstrument => Command::ListInstrument(raw.make()),
        CommandKind::SetPermissions => Command::SetPermissions(raw.make()),
        CommandKind::Deposit => Command::Deposit(raw.make()),
        CommandKind::Withdraw => Command::Withdraw(raw.make()),
        CommandKind::Issue => Command::Issue(raw.make()),
        CommandKind::Retire => Command::Retire(raw.make()),
        CommandKind::Place => Command::Place(raw.make()),
        CommandKind::Cancel => Command::Cancel(raw.make()),
        CommandKind::Amend => Command::Amend(raw.make()),
        CommandKind::CancelAll => Command::CancelAll(raw.make()),
        CommandKind::CancelAfter => Command::CancelAfter(raw.make()),
        CommandKind::SetPhase => Command::SetPhase(raw.make()),
        CommandKind::SchedulePhase => Command::SchedulePhase(raw.make()),
        CommandKind::ClearSchedule => Command::ClearSchedule(raw.make()),
        CommandKind::SetBands => Command::SetBands(raw.make()),
        CommandKind::SetFees => Command::SetFees(raw.make()),
        CommandKind::SetFeeTier => Command::SetFeeTier(raw.make()),
        CommandKind::SetLimits => Command::SetLimits(raw.make()),
        CommandKind::SetPositionLimit => Command::SetPositionLimit(raw.make()),
        CommandKind::SetGroup => Command::SetGroup(raw.make()),
        CommandKind::HaltMarket => Command::HaltMarket(raw.make()),
        CommandKind::Kill => Command::Kill(raw.make()),
        CommandKind::BustTrade => Command::BustTrade(raw.make()),
        CommandKind::Tick => Command::Tick,
    };
    CommandRecord { stamp, command }
}

/// The number of event variants.
const EVENTS: u64 = 40;

fn event(variant: u64, raw: &mut Raw<'_>) -> EventRecord {
    let (seq, index, time) = (raw.make(), raw.make(), raw.make());
    let event = match variant {
        0 => Event::AssetAdded(raw.make()),
        1 => Event::InstrumentListed(raw.make()),
        2 => Event::PermissionsSet(raw.make()),
        3 => Event::Deposited(raw.make()),
        4 => Event::Withdrawn(raw.make()),
        5 => Event::Issued(raw.make()),
        6 => Event::Retired(raw.make()),
        7 => Event::OrderAccepted(raw.make()),
        8 => Event::OrderRejected(raw.make()),
        9 => Event::OrderRested(raw.make()),
        10 => Event::Trade(raw.make()),
        11 => Event::OrderCancelled(raw.make()),
        12 => Event::OrderAmended(raw.make()),
        13 => Event::OrderRepeated(raw.make()),
        14 => Event::AllCancelled { account: raw.make(), count: raw.make() },
        15 => Event::CommandRejected(raw.make()),
        16 => Event::StopArmed(raw.make()),
        17 => Event::StopMoved(raw.make()),
        18 => Event::OrderTriggered(raw.make()),
        19 => Event::OrderReplenished(raw.make()),
        20 => Event::OrderReduced(raw.make()),
        21 => Event::HoldChanged(raw.make()),
        22 => Event::TradeBusted(raw.make()),
        23 => Event::PhaseChanged(raw.make()),
        24 => Event::AuctionIndicated(raw.make()),
        25 => Event::AuctionUncrossed(raw.make()),
        26 => Event::AuctionExtended(raw.make()),
        27 => Event::PhaseScheduled(raw.make()),
        28 => Event::ScheduleCleared(raw.make()),
        29 => Event::BandsSet(raw.make()),
        30 => Event::FeesSet(raw.make()),
        31 => Event::FeeTierSet(raw.make()),
        32 => Event::FeeTierChanged { account: raw.make(), tier: raw.make() },
        33 => Event::LimitsSet(raw.make()),
        34 => Event::PositionLimitSet(raw.make()),
        35 => Event::GroupSet(raw.make()),
        36 => Event::MarketHalted { halted: raw.make() },
        37 => Event::AccountKilled { account: raw.make(), killed: raw.make(), count: raw.make() },
        38 => Event::CancelAfterSet(raw.make()),
        _ => Event::Ticked,
    };
    EventRecord { seq, index, time, event }
}

/// Mostly whole-range numbers, often the ends of the range.
fn numbers() -> impl Strategy<Value = Vec<u64>> {
    vec(prop_oneof![4 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX), 1 => 0_u64..300], 40)
}

fn reread_command(bytes: &[u8; COMMAND_RECORD_LEN]) {
    if let Ok(record) = decode_command(bytes) {
        assert_eq!(&encode_command(&record), bytes, "{record:?} has two forms");
    }
}

fn reread_event(bytes: &[u8; EVENT_RECORD_LEN]) {
    if let Ok(record) = decode_event(bytes) {
        assert_eq!(&encode_event(&record), bytes, "{record:?} has two forms");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn commands_come_back(numbers in numbers()) {
        for &kind in CommandKind::ALL {
            let record = command(kind, &mut Raw(numbers.iter()));
            prop_assert_eq!(record.command.kind(), kind);
            prop_assert_eq!(decode_command(&encode_command(&record)), Ok(record));
        }
    }

    #[test]
    fn events_come_back(numbers in numbers()) {
        for variant in 0..EVENTS {
            let record = event(variant, &mut Raw(numbers.iter()));
            prop_assert_eq!(decode_event(&encode_event(&record)), Ok(record));
        }
    }

    /// Bytes changed here and there are refused or mean something that has exactly this form.
    #[test]
    fn damaged_commands_have_one_form(numbers in numbers(), damage in vec((0..COMMAND_RECORD_LEN, any::<u8>()), 1..4)) {
        for &kind in CommandKind::ALL {
            let mut bytes = encode_command(&command(kind, &mut Raw(numbers.iter())));
            for &(at, value) in &damage {
                bytes[at] = value;
            }
            reread_command(&bytes);
        }
    }

    #[test]
    fn damaged_events_have_one_form(numbers in numbers(), damage in vec((0..EVENT_RECORD_LEN, any::<u8>()), 1..4)) {
        for variant in 0..EVENTS {
            let mut bytes = encode_event(&event(variant, &mut Raw(numbers.iter())));
            for &(at, value) in &damage {
                bytes[at] = value;
            }
            reread_event(&bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_have_one_form(bytes in vec(any::<u8>(), EVENT_RECORD_LEN), filled in 0..=EVENT_RECORD_LEN, kind in 0_u8..45) {
        let mut bytes = bytes;
        bytes[filled..].fill(0);
        let mut head: [u8; COMMAND_RECORD_LEN] = *bytes.first_chunk().unwrap();
        reread_command(&head);
        head[8] = kind;
        reread_command(&head);
        let mut whole: [u8; EVENT_RECORD_LEN] = *bytes.first_chunk().unwrap();
        reread_event(&whole);
        whole[20] = kind;
        reread_event(&whole);
    }
}

/// Every single-byte change of a command record is refused or means something else: no byte is ignored.
#[test]
fn no_byte_of_a_record_is_ignored() {
    let numbers: Vec<u64> = (0..40).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    for &kind in CommandKind::ALL {
        let record = command(kind, &mut Raw(numbers.iter()));
        for at in 0..COMMAND_RECORD_LEN {
            let mut bytes = encode_command(&record);
            bytes[at] ^= 0x40;
            assert_ne!(decode_command(&bytes), Ok(record), "byte {at} of {kind:?}");
        }
    }
    for variant in 0..EVENTS {
        let record = event(variant, &mut Raw(numbers.iter()));
        for at in 0..EVENT_RECORD_LEN {
            let mut bytes = encode_event(&record);
            bytes[at] ^= 0x40;
            assert_ne!(decode_event(&bytes), Ok(record), "byte {at} of event {variant}");
        }
    }
}
