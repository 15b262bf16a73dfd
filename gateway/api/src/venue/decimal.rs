//! The core's integers as exact decimals, for people and clients: "25.50", never 25.499999.

use std::fmt;

use cx_engine::units::Amount;
use cx_market_data::{Decimals, OrderState, Scaled};
use serde::{Serialize, Serializer};

/// Digits after the point of an average, beyond those of a tick.
const AVERAGE_EXTRA_SCALE: u8 = 6;
/// Cash keeps at least so many digits after the point.
const CASH_SCALE_MIN: u8 = 2;

/// A decimal that prints all its digits, and is a JSON string: what WebSocket messages carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Digits(pub Scaled);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scaled { mantissa, scale } = self.0;
        if scale == 0 {
            return write!(f, "{mantissa}");
        }
        let sign = if mantissa < 0 { "-" } else { "" };
        let one = 10_u128.pow(u32::from(scale));
        let (whole, part) = (mantissa.unsigned_abs() / one, mantissa.unsigned_abs() % one);
        write!(f, "{sign}{whole}.{part:0width$}", width = usize::from(scale))
    }
}

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Drops trailing zeros, but keeps `scale_min` digits after the point where there are as many.
pub fn trimmed(mut value: Scaled, scale_min: u8) -> Scaled {
    while value.scale > scale_min && value.mantissa % 10 == 0 {
        value.mantissa /= 10;
        value.scale -= 1;
    }
    value
}

/// Cash in units of its currency, with at least two digits after the point.
pub fn cash(minor: i128, scale: u8) -> Scaled {
    trimmed(Scaled { mantissa: minor, scale }, CASH_SCALE_MIN)
}

/// An amount of an asset: credits plainly, cash with at least two digits after the point.
pub fn amount(amount: Amount, scale: u8) -> Scaled {
    cash(i128::from(amount.minor()), scale)
}

/// `numerator / denominator`, rounded half to even at `scale` digits after the point. `None` for a zero denominator or when
/// it does not fit.
pub fn ratio(numerator: i128, denominator: i128, scale: u8) -> Option<Scaled> {
    if denominator == 0 {
        return None;
    }
    let raised = numerator.checked_mul(10_i128.checked_pow(u32::from(scale))?)?;
    let (quotient, rest) = (raised.div_euclid(denominator), raised.rem_euclid(denominator));
    let twice = rest.checked_mul(2)?;
    let up = twice > denominator.abs() || (twice == denominator.abs() && quotient % 2 != 0);
    let away = if denominator < 0 { -1 } else { 1 };
    Some(Scaled { mantissa: if up { quotient + away } else { quotient }, scale })
}

/// The average price of an order's fills in currency units per whole credit, rounded half to even six digits beyond the
/// tick; `None` without fills.
pub fn average_price(order: &OrderState, decimals: &Decimals) -> Option<Scaled> {
    let (minor, lots) = order.average_price()?;
    average(minor, i128::from(lots), decimals)
}

/// `minor` units of the currency over `lots`, as currency units per whole credit, rounded as [`average_price`] says.
pub fn average(minor: i128, lots: i128, decimals: &Decimals) -> Option<Scaled> {
    // minor x 10^-minor.scale / (lots x 10^-lot.scale)
    let scale = decimals.tick.scale + AVERAGE_EXTRA_SCALE;
    let numerator = minor.checked_mul(10_i128.pow(u32::from(decimals.lot.scale)))?;
    let denominator = lots.checked_mul(10_i128.pow(u32::from(decimals.minor.scale)))?;
    Some(trimmed(ratio(numerator, denominator, scale)?, decimals.tick.scale))
}

#[cfg(test)]
mod tests;
