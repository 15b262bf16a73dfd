//! What trades and orders cost, in integers. Pure functions, shared by the core and by folds of events.

use crate::command::Side;
use crate::units::{Amount, FeeRate, Price, Quantity};

/// Cash value of `quantity` lots at `price`, in minor units of the currency: ticks x lots x tick value.
/// `None` when it is more than a balance can hold ([`Amount::BALANCE_MAX`]).
#[inline]
pub fn notional(price: Price, quantity: Quantity, tick_value: i64) -> Option<Amount> {
    // i128 holds any ticks times any lots; the checked form covers the tick value.
    let units = i128::from(price.ticks()) * i128::from(quantity.lots());
    let value = units.checked_mul(i128::from(tick_value))?;
    match i64::try_from(value) {
        Ok(minor) if minor <= Amount::BALANCE_MAX.minor() => Some(Amount::from_minor(minor)),
        _ => None,
    }
}

/// The fee on a notional, rounded down to the minor unit. Rounding down makes fees superadditive: the fees of an
/// order's fills never sum to more than the fee on the whole, so what was held always suffices.
#[inline]
pub fn fee(notional: Amount, rate: FeeRate) -> Amount {
    // 128-bit division is a library call of some 30 ns; nearly every notional fits the short way.
    if let Some(product) = notional.minor().checked_mul(i64::from(rate.ppm())) {
        return Amount::from_minor(product / 1_000_000);
    }
    let exact = i128::from(notional.minor()) * i128::from(rate.ppm()) / 1_000_000;
    Amount::from_minor(i64::try_from(exact).expect("a fee is at most a tenth of an i64 notional"))
}

/// What an open limit order holds: for a buy its notional at the limit plus the fee on it at `fee_rate` (the higher of
/// the instrument's two rates), for a sell its lots. `None` when it is more than a balance can hold.
#[inline]
pub fn hold(side: Side, price: Price, leaves: Quantity, tick_value: i64, fee_rate: FeeRate) -> Option<Amount> {
    match side {
        Side::Buy => {
            let cost = notional(price, leaves, tick_value)?;
            let total = cost.plus(fee(cost, fee_rate));
            (total <= Amount::BALANCE_MAX).then_some(total)
        }
        Side::Sell => i64::try_from(leaves.lots()).ok().map(Amount::from_minor),
    }
}
