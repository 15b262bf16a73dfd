//! What staff type, as the core's integers: exact, or refused with the field's name.

use chrono::DateTime;
use cx_engine::units::{Amount, FeeRate, Quantity, Timestamp};

use crate::number::{Number, NumberError};
use crate::problem::Problem;

/// A percentage of at most two decimal places, as basis points; nothing is 0.
pub(super) fn basis_points(field: &str, percent: Option<Number>) -> Result<u16, Problem> {
    let Some(percent) = percent else { return Ok(0) };
    let range = || Problem::invalid(field, format!("{field} must be 0 to 100"));
    let points = percent.to_minor(2).map_err(|error| too_precise(error, field, range))?;
    u16::try_from(points.minor()).ok().filter(|points| *points <= 10_000).ok_or_else(range)
}

/// Seconds, to the nanosecond; nothing is 0.
pub(super) fn nanos(field: &str, seconds: Option<Number>) -> Result<u64, Problem> {
    let Some(seconds) = seconds else { return Ok(0) };
    let range = || Problem::invalid(field, format!("{field} must be a length of time that is not below zero"));
    let nanos = seconds.to_minor(9).map_err(|error| too_precise(error, field, range))?;
    u64::try_from(nanos.minor()).map_err(|_| range())
}

/// A fraction of the worth of at most six decimal places, as a rate.
pub(super) fn rate(field: &str, fraction: Number) -> Result<FeeRate, Problem> {
    let range = || Problem::invalid(field, format!("{field} must be -0.1 to 0.1 of the worth"));
    let ppm = fraction.to_minor(6).map_err(|error| too_precise(error, field, range))?;
    i32::try_from(ppm.minor()).ok().and_then(FeeRate::from_ppm).ok_or_else(range)
}

/// A whole number of lots; nothing is 0, which means that there is no limit.
pub(super) fn lots(field: &str, lots: Option<Number>) -> Result<Quantity, Problem> {
    let Some(lots) = lots else { return Ok(Quantity::ZERO) };
    let range = || Problem::invalid(field, format!("{field} must be a number of lots that is not below zero"));
    let lots = lots.to_minor(0).map_err(|error| too_precise(error, field, range))?;
    u64::try_from(lots.minor()).map(Quantity::from_lots).map_err(|_| range())
}

/// An amount of money in minor units; nothing is 0, which means that there is no limit.
pub(super) fn money(field: &str, amount: Option<Number>, scale: u8) -> Result<Amount, Problem> {
    let Some(amount) = amount else { return Ok(Amount::ZERO) };
    let range = || Problem::invalid(field, format!("{field} must be an amount that is not below zero"));
    let minor = amount.to_minor(scale).map_err(|error| too_precise(error, field, range))?;
    if minor < Amount::ZERO { Err(range()) } else { Ok(minor) }
}

/// A moment in RFC 3339 with a zone.
pub(super) fn moment(field: &str, text: &str) -> Result<Timestamp, Problem> {
    let at = DateTime::parse_from_rfc3339(text)
        .map_err(|_| Problem::invalid(field, format!("{field} must be a time in RFC 3339 with a zone")))?;
    let nanos = at.timestamp_nanos_opt().and_then(|nanos| u64::try_from(nanos).ok());
    nanos.map(Timestamp::from_nanos).ok_or_else(|| Problem::invalid(field, format!("{field} is out of range")))
}

fn too_precise(error: NumberError, field: &str, range: impl FnOnce() -> Problem) -> Problem {
    match error {
        NumberError::TooPrecise { .. } => error.on(field),
        _ => range(),
    }
}
