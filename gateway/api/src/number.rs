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

/// The longest text that is read as a number.
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
    /// Not a whole number of the instrument's steps.
    #[error("must be a multiple of the {unit} {step}")]
    NotAMultiple {
        /// What the step is called: `tick` or `lot`.
        unit: &'static str,
        /// The step.
        step: Decimal,
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
            Self::TooPrecise { .. } | Self::NotAMultiple { .. } => Code::TooPrecise,
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

    /// Reads `12`, `-0.50` or `1.5e3`; no spaces, no separators, no plus sign, no `NaN`. Never rounds.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let plain = text.strip_prefix('-').unwrap_or(text);
        let (number, exponent) = match plain.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, read_exponent(exponent)?),
            None => (plain, 0),
        };
        let (whole, fraction) = match number.split_once('.') {
            Some((_, "")) => return Err(NumberError::NotANumber),
            Some(parts) => parts,
            None => (number, ""),
        };
        let digits = format!("{whole}{fraction}");
        if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::NotANumber);
        }
        if text.len() > TEXT_MAX {
            return Err(NumberError::OutOfRange);
        }
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX) - exponent;
        let magnitude = exact(digits.trim_start_matches('0'), places)?;
        Ok(Self(if text.starts_with('-') { -magnitude } else { magnitude }))
    }
}

fn read_exponent(text: &str) -> Result<i64, NumberError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::NotANumber);
    }
    text.parse::<i16>().map(i64::from).map_err(|_| NumberError::OutOfRange)
}

/// `digits` (no leading zeros) x 10^-`places`, when a [`Decimal`] holds it exactly.
fn exact(digits: &str, places: i64) -> Result<Decimal, NumberError> {
    let mut digits = digits.to_owned();
    let mut places = places;
    if digits.is_empty() {
        return Ok(Decimal::new(0, u32::try_from(places.clamp(0, 28)).unwrap_or(0)));
    }
    if places < 0 {
        let zeros = usize::try_from(-places).unwrap_or(usize::MAX);
        if zeros > TEXT_MAX {
            return Err(NumberError::OutOfRange);
        }
        digits.extend(std::iter::repeat_n('0', zeros));
        places = 0;
    }
    loop {
        if let Some(exact) = u32::try_from(places).ok().and_then(|scale| held(&digits, scale)) {
            return Ok(exact);
        }
        // Zeros at the end of a fraction stay while there is room for them: 25.50 stays 25.50.
        if places == 0 || !digits.ends_with('0') {
            break;
        }
        digits.pop();
        places -= 1;
    }
    let whole = digits.len().saturating_sub(usize::try_from(places).unwrap_or(usize::MAX));
    let fits = whole == 0 || held(&digits[..whole], 0).is_some();
    Err(if fits { NumberError::TooPrecise { places: Decimal::MAX_SCALE } } else { NumberError::OutOfRange })
}

/// 96 bits and at most 28 places, or nothing.
fn held(digits: &str, scale: u32) -> Option<Decimal> {
    let mantissa = digits.parse::<i128>().ok()?;
    Decimal::try_from_i128_with_scale(mantissa, scale).ok()
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
