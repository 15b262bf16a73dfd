//! What trades and orders cost, in integers. Pure functions, shared by the core and by folds of events.

use crate::command::Side;
use crate::units::{Amount, FeeRate, Price, Quantity};

/// Cash value of `quantity` lots at `price`, in minor units of the currency: ticks x lots x tick value.
/// `None` when it is more than a balance can hold ([`Amount::BALANCE_MAX`]).
#[inline]
pub fn notional(price: Price, quantity: Quantity, tick_value: i64) -> Option<Amount> {
    // Nearly every product fits the short way.
    let short = quantity.lots().checked_mul(tick_value.cast_unsigned()).and_then(|a_tick| {
        let ticks = u64::try_from(price.ticks()).ok()?;
        a_tick.checked_mul(ticks)
    });
    match short {
        Some(minor) if minor <= Amount::BALANCE_MAX.minor().cast_unsigned() => {
            Some(Amount::from_minor(minor.cast_signed()))
        }
        _ => notional_in_full(price, quantity, tick_value),
    }
}

/// The same for what the short way cannot tell: more than a balance, or a number below zero among them.
#[cold]
fn notional_in_full(price: Price, quantity: Quantity, tick_value: i64) -> Option<Amount> {
    // i128 holds any ticks times any lots; the checked form covers the tick value.
    let units = i128::from(price.ticks()) * i128::from(quantity.lots());
    let value = units.checked_mul(i128::from(tick_value))?;
    match i64::try_from(value) {
        Ok(minor) if minor <= Amount::BALANCE_MAX.minor() => Some(Amount::from_minor(minor)),
        _ => None,
    }
}

/// The fee on a notional, rounded towards zero to the minor unit; negative for a rebate. Rounding down makes fees
/// superadditive: the fees of an order's fills never sum to more than the fee on the whole, so what was held always
/// suffices.
#[inline]
pub fn fee(notional: Amount, rate: FeeRate) -> Amount {
    // 128-bit division is a library call of some 30 ns; nearly every notional fits the short way.
    if let Some(product) = notional.minor().checked_mul(i64::from(rate.ppm())) {
        return Amount::from_minor(product / 1_000_000);
    }
    let exact = i128::from(notional.minor()) * i128::from(rate.ppm()) / 1_000_000;
    Amount::from_minor(i64::try_from(exact).expect("a fee is at most a tenth of an i64 notional"))
}

/// What maker and taker pay on a trade. A rebate is at most what the taker pays, so that a trade never costs the venue.
#[inline]
pub fn fees(notional: Amount, maker: FeeRate, taker: FeeRate) -> (Amount, Amount) {
    let taker_fee = fee(notional, taker);
    let maker_fee = fee(notional, maker).minor().max(-taker_fee.minor());
    (Amount::from_minor(maker_fee), taker_fee)
}

/// What an open order holds: for a buy its notional at the limit (a stop without one: at its stop price) plus the fee on it
/// at `fee_rate` (the higher of the order's two rates, at least 0), for a sell its lots. `None` when it is more than a
/// balance can hold.
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

/// The most lots at `price` that `cash` pays for, the taker's fee of one trade included. Exact: one lot more would cost more.
/// With `unit = ticks x tick_value` and rate `r`, a cost is `q unit + floor(q unit r)`, so the answer is
/// `floor(cash / (unit (1 + r)))` or one more.
pub fn affordable(cash: Amount, price: Price, tick_value: i64, rate: FeeRate) -> Quantity {
    const WHOLE: i128 = 1_000_000;
    let unit = i128::from(price.ticks()) * i128::from(tick_value);
    let with_fee = unit.saturating_mul(WHOLE + i128::from(rate.ppm()));
    let lots = i128::from(cash.minor()) * WHOLE / with_fee;
    let more = lots + 1;
    let cost = unit.checked_mul(more).and_then(|value| Some(value + value.checked_mul(rate.ppm().into())? / WHOLE));
    let lots = if cost.is_some_and(|cost| cost <= i128::from(cash.minor())) { more } else { lots };
    Quantity::from_lots(u64::try_from(lots).expect("cash over a price of at least one is not negative and fits"))
}

#[cfg(test)]
mod tests;
