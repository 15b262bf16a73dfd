//! Exact numbers between JSON and the integers of the core. Nothing here rounds: what does not fit is refused.

use std::fmt;
use std::str::FromStr;

use cx_engine::units::{Amount, Price, Quantity};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{OneOfBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{Code, Problem};

/// The longest text that is read as a number; a [`Decimal`] has at most 29 digits.
const TEXT_MAX: usize = 48;

/// Decimal places that cash always shows: 25.50, not 25.5.
const CASH_PLACES_MIN: u32 = 2;

/// A decimal that is written as a JSON number, digit for digit, and read from a JSON number or a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Number(Decimal);

/// Why a number was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not a decimal number.
    #[error("must be a decimal number")]
    NotANumber,
    /// More decimal places than the unit has.
    #[error("must have at most {places} decimal places")]
    TooPrecise {
        /// How many it has.
        places: u32,
    },
    /// Not a whole number of ticks.
    #[error("must be a multiple of the tick {tick}")]
    NotOnTick {
        /// The tick.
        tick: Decimal,
    },
    /// Too large or too small for the exchange to count.
    #[error("is out of range")]
    OutOfRange,
    /// Zero or below where more is needed.
    #[error("must be above zero")]
    NotPositive,
}

impl NumberError {
    /// As a problem of one field.
    pub fn on(self, field: &str) -> Problem {
        let code = match self {
            Self::TooPrecise { .. } | Self::NotOnTick { .. } => Code::TooPrecise,
            Self::NotANumber | Self::OutOfRange | Self::NotPositive => Code::InvalidValue,
        };
        Problem::new(code).field(field, format!("{field} {self}"))
    }
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Wraps a decimal as it is, trailing zeros included.
    pub const fn new(decimal: Decimal) -> Self {
        Self(decimal)
    }

    /// The decimal.
    pub const fn get(self) -> Decimal {
        self.0
    }

    /// A whole number.
    pub fn whole(value: impl Into<Decimal>) -> Self {
        Self(value.into())
    }

    /// Minor units of an asset with `scale` decimal places, without trailing zeros.
    pub fn from_minor(amount: Amount, scale: u8) -> Self {
        Self(decimal(amount.minor(), scale).normalize())
    }

    /// Minor units of a currency with `scale` decimal places, with at least two of them shown (as far as it has them).
    pub fn cash(amount: Amount, scale: u8) -> Self {
        Self(cash_places(decimal(amount.minor(), scale), scale))
    }

    /// A price of so many ticks, each worth `tick_value` minor units of a currency with `scale` decimal places.
    /// Prices fit: ticks x tick value is bounded by what a balance holds.
    pub fn price(price: Price, tick_value: i64, scale: u8) -> Self {
        let minor = i128::from(price.ticks()) * i128::from(tick_value);
        let exact = Decimal::try_from_i128_with_scale(minor, u32::from(scale)).unwrap_or(Decimal::MAX);
        Self(cash_places(exact, scale))
    }

    /// Whole lots (one tonne each).
    pub fn quantity(quantity: Quantity) -> Self {
        Self(Decimal::from(quantity.lots()))
    }

    /// The minor units of an asset with `scale` decimal places.
    pub fn to_minor(self, scale: u8) -> Result<Amount, NumberError> {
        let normal = self.0.normalize();
        let places = u32::from(scale);
        if normal.scale() > places {
            return Err(NumberError::TooPrecise { places });
        }
        let factor = 10_i128.pow(places - normal.scale());
        let minor = normal.mantissa().checked_mul(factor).ok_or(NumberError::OutOfRange)?;
        let minor = i64::try_from(minor).map_err(|_| NumberError::OutOfRange)?;
        if minor.unsigned_abs() > Amount::BALANCE_MAX.minor().unsigned_abs() {
            return Err(NumberError::OutOfRange);
        }
        Ok(Amount::from_minor(minor))
    }

    /// The minor units, above zero.
    pub fn to_positive_minor(self, scale: u8) -> Result<Amount, NumberError> {
        let amount = self.to_minor(scale)?;
        if amount > Amount::ZERO { Ok(amount) } else { Err(NumberError::NotPositive) }
    }

    /// The ticks of an instrument; must be above zero and on a tick.
    pub fn to_price(self, tick_value: i64, scale: u8) -> Result<Price, NumberError> {
        if self.0 <= Decimal::ZERO {
            return Err(NumberError::NotPositive);
        }
        let tick = || Number::price(Price::from_ticks(1), tick_value, scale).0;
        let minor = match self.to_minor(scale) {
            Ok(amount) => amount.minor(),
            Err(NumberError::TooPrecise { .. }) => return Err(NumberError::NotOnTick { tick: tick() }),
            Err(other) => return Err(other),
        };
        if tick_value < 1 || minor % tick_value != 0 {
            return Err(NumberError::NotOnTick { tick: tick() });
        }
        Ok(Price::from_ticks(minor / tick_value))
    }

    /// The lots; must be whole and above zero.
    pub fn to_quantity(self) -> Result<Quantity, NumberError> {
        let lots = self.to_positive_minor(0)?.minor();
        u64::try_from(lots).map(Quantity::from_lots).map_err(|_| NumberError::OutOfRange)
    }
}

fn decimal(minor: i64, scale: u8) -> Decimal {
    Decimal::new(minor, u32::from(scale))
}

fn cash_places(exact: Decimal, scale: u8) -> Decimal {
    let mut shown = exact.normalize();
    let least = CASH_PLACES_MIN.min(u32::from(scale));
    if shown.scale() < least {
        shown.rescale(least);
    }
    shown
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Number {
    type Err = NumberError;

    /// Reads `12`, `-0.50` or `1.5e3`; no spaces, no separators, no plus sign, no `NaN`.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let plain = text.strip_prefix('-').unwrap_or(text);
        let shape = plain.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
        if plain.is_empty() || text.len() > TEXT_MAX || !shape || !plain.as_bytes()[0].is_ascii_digit() {
            return Err(if text.len() > TEXT_MAX && shape { NumberError::OutOfRange } else { NumberError::NotANumber });
        }
        let read = if plain.contains(['e', 'E']) {
            Decimal::from_scientific(text)
        } else if plain.contains(['+', '-']) {
            return Err(NumberError::NotANumber);
        } else {
            Decimal::from_str_exact(text)
        };
        read.map(Self).map_err(|error| match error {
            rust_decimal::Error::Underflow | rust_decimal::Error::ScaleExceedsMaximumPrecision(_) => {
                NumberError::TooPrecise { places: Decimal::MAX_SCALE }
            }
            rust_decimal::Error::ExceedsMaximumPossibleValue | rust_decimal::Error::LessThanMinimumPossibleValue => {
                NumberError::OutOfRange
            }
            _ => NumberError::NotANumber,
        })
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        rust_decimal::serde::arbitrary_precision::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A number keeps its digits because serde_json is built with `arbitrary_precision`.
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::String(text) => text,
            _ => return Err(D::Error::custom("must be a number or a string with a decimal number")),
        };
        text.parse().map_err(D::Error::custom)
    }
}

impl PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number);
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^-?\d+(\.\d+)?$"));
        OneOfBuilder::new()
            .item(number)
            .item(text)
            .description(Some("An exact decimal: always written as a number, read from a number or a string."))
            .into()
    }
}

impl ToSchema for Number {
    fn name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }
}

#[cfg(test)]
mod tests;
