//! What the model keeps of an instrument and of an account.

use std::collections::BTreeMap;

use cx_engine::command::Permissions;
use cx_engine::control::{Phase, SetBands, SetLimits};
use cx_engine::event::InstrumentListed;
use cx_engine::ids::{AccountId, InstrumentId};
use cx_engine::units::{Amount, FeeRate, Price, Quantity};

use super::book::Book;

/// One instrument with its book and its session.
#[derive(Clone)]
pub(super) struct Instrument {
    pub(super) listed: InstrumentListed,
    pub(super) book: Book,
    /// Stops that wait, in no order.
    pub(super) armed: Vec<u32>,
    pub(super) phase: Phase,
    /// When the phase ends by itself, and into which.
    pub(super) ends: Option<(u64, Phase)>,
    /// How often the phase has been extended.
    pub(super) extended: u8,
    /// Planned phases by time and number, with the period (0 for once).
    pub(super) plans: BTreeMap<(u64, u8), (Phase, u64)>,
    pub(super) bands: SetBands,
    pub(super) reference: Option<i64>,
    /// The price of the last trade.
    pub(super) last: Option<i64>,
    /// The last price before the command, or the uncross's since.
    pub(super) before: Option<i64>,
    /// The lowest and highest price that traded since stops were last at rest.
    pub(super) touched: Option<(i64, i64)>,
    /// Price, volume and surplus that were indicated last.
    pub(super) indicated: (i64, i128, i128),
    /// Whether the command changed the book, or entered the phase.
    pub(super) stirred: bool,
    /// Maker's and taker's rate of each tier.
    pub(super) fees: [Option<(FeeRate, FeeRate)>; 8],
}

impl Instrument {
    pub(super) fn new(listed: InstrumentListed) -> Self {
        let mut fees = [None; 8];
        fees[0] = Some((listed.maker_fee, listed.taker_fee));
        Self {
            listed,
            book: Book::default(),
            armed: Vec::new(),
            phase: Phase::Continuous,
            ends: None,
            extended: 0,
            plans: BTreeMap::new(),
            bands: no_bands(listed.instrument),
            reference: None,
            last: None,
            before: None,
            touched: None,
            indicated: (0, 0, 0),
            stirred: false,
            fees,
        }
    }
}

fn no_bands(instrument: InstrumentId) -> SetBands {
    SetBands {
        instrument,
        collar_bps: 0,
        static_bps: 0,
        dynamic_bps: 0,
        extensions_max: 0,
        halt_ns: 0,
        extension_ns: 0,
        reference: Price::NONE,
    }
}

/// One account without its balances.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) permissions: Permissions,
    pub(super) killed: bool,
    pub(super) group: u32,
    pub(super) limits: SetLimits,
    /// Tokens of the throttle in billionths, as of `refilled`.
    pub(super) tokens: i128,
    pub(super) refilled: u64,
    pub(super) positions: BTreeMap<InstrumentId, u64>,
    pub(super) tier: u8,
    /// The day that the tier was determined on.
    pub(super) tier_day: Option<u64>,
    /// Lots traded by day.
    pub(super) volumes: BTreeMap<u64, u128>,
    pub(super) cancel_after: Option<u64>,
    /// Slots of its open orders as they were accepted.
    pub(super) orders: Vec<u32>,
}

impl Account {
    pub(super) fn new(account: AccountId) -> Self {
        let limits = SetLimits {
            account,
            order_quantity_max: Quantity::ZERO,
            order_notional_max: Amount::ZERO,
            exposure_max: Amount::ZERO,
            open_orders_max: 0,
            rate_per_second: 0,
            burst: 0,
        };
        Self {
            permissions: Permissions::default(),
            killed: false,
            group: 0,
            limits,
            tokens: 0,
            refilled: 0,
            positions: BTreeMap::new(),
            tier: 0,
            tier_day: None,
            volumes: BTreeMap::new(),
            cancel_after: None,
            orders: Vec::new(),
        }
    }
}
