//! What trades and orders cost in the model, in wide integers.

use cx_engine::event::InstrumentListed;
use cx_engine::units::{Price, Quantity};

use super::BALANCE_MAX;

/// Minor units of the currency that one lot costs at this price.
pub(super) fn per_lot(instrument: &InstrumentListed, price: Price) -> i128 {
    i128::from(price.ticks()) * i128::from(instrument.tick_value)
}

/// Cash value of so many lots; `None` when it does not fit a balance.
pub(super) fn notional(instrument: &InstrumentListed, price: Price, quantity: Quantity) -> Option<i128> {
    let value = per_lot(instrument, price).checked_mul(i128::from(quantity.lots()));
    value.filter(|&value| value <= BALANCE_MAX)
}

/// The fee on a notional, rounded towards zero.
pub(super) fn fee(notional: i128, ppm: i128) -> i128 {
    notional * ppm / 1_000_000
}

/// A notional with its fee; `None` when it does not fit a balance.
pub(super) fn with_fee(notional: i128, ppm: i128) -> Option<i128> {
    Some(notional + fee(notional, ppm)).filter(|&total| total <= BALANCE_MAX)
}

/// The most lots that `cash` buys at so much a lot with the fee on top, up to `most`.
pub(super) fn affordable(cash: i128, per_lot: i128, ppm: i128, most: i128) -> i128 {
    let cost = |lots: i128| per_lot * lots + fee(per_lot * lots, ppm);
    // Close from below, for the fee is rounded down; the rest is counted up.
    let mut lots = (cash * 1_000_000 / (per_lot * (1_000_000 + ppm))).min(most);
    while lots < most && cost(lots + 1) <= cash {
        lots += 1;
    }
    assert!(cost(lots) <= cash, "what is affordable is paid");
    lots
}
