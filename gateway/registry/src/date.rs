//! Dates as the registries write them, in four forms. Which form a cell has is decided by its shape alone, never by what
//! would make a valid date: month and day are not guessed.
//!
//! | Form | Example | Where |
//! |---|---|---|
//! | year-month-day | `2026-03-17` | Verra, Gold Standard |
//! | year-month-day, `T`, time | `2026-03-23T13:56:33.148920` | Gold Standard |
//! | month/day/year | `1/19/2022`, `03/19/2026` | ACR, Climate Action Reserve |
//! | month/day/year, 12-hour time | `3/24/2026 9:08:01 PM` | ACR |
//!
//! Serial numbers carry a fifth form, `ddmmyyyy`, which [`parse_ddmmyyyy`] reads. A time of day is checked and dropped:
//! issuance, retirement and vintages are dated by day.

use chrono::{Datelike, NaiveDate, NaiveTime};

/// Carbon crediting began with the Kyoto Protocol; a date before is damage.
const YEAR_MIN: i32 = 1990;
/// Crediting periods of forests run for up to a century.
const YEAR_MAX: i32 = 2200;

/// A cell that is none of the four forms, or no day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Not one of the four forms.
    #[error("is not a date (yyyy-mm-dd, with or without a time, or m/d/yyyy, with or without a time)")]
    Form,
    /// The form of a date, but no day of the calendar (or no time of day).
    #[error("is no day of the calendar")]
    NoSuchDay,
    /// Before 1990 or after 2200.
    #[error("lies outside 1990 to 2200")]
    OutOfRange,
}

/// Reads one of the four forms.
pub fn parse_date(text: &str) -> Result<NaiveDate, DateError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DateError::Empty);
    }
    if text.as_bytes().get(4) == Some(&b'-') {
        let (day, time) = text.split_once('T').map_or((text, None), |(day, time)| (day, Some(time)));
        if let Some(time) = time {
            NaiveTime::parse_from_str(time, "%H:%M:%S%.f").map_err(|_| DateError::Form)?;
        }
        let [year, month, day] = parts(day, '-', [4..=4, 2..=2, 2..=2])?;
        return calendar_day(year, month, day);
    }
    let (day, time) = text.split_once(' ').map_or((text, None), |(day, time)| (day, Some(time)));
    if let Some(time) = time {
        NaiveTime::parse_from_str(time, "%I:%M:%S %p").map_err(|_| DateError::Form)?;
    }
    let [month, day, year] = parts(day, '/', [1..=2, 1..=2, 4..=4])?;
    calendar_day(year, month, day)
}

/// Reads the `ddmmyyyy` of Verra's serial numbers.
pub fn parse_ddmmyyyy(text: &str) -> Result<NaiveDate, DateError> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DateError::Form);
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<u32>().map_err(|_| DateError::Form);
    calendar_day(number(4..8)?, number(2..4)?, number(0..2)?)
}

/// Three runs of digits between separators, each as long as its range says.
fn parts(text: &str, separator: char, lengths: [std::ops::RangeInclusive<usize>; 3]) -> Result<[u32; 3], DateError> {
    let mut pieces = text.split(separator);
    let mut out = [0; 3];
    for (slot, length) in out.iter_mut().zip(lengths) {
        let piece = pieces.next().ok_or(DateError::Form)?;
        if !length.contains(&piece.len()) || !piece.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DateError::Form);
        }
        *slot = piece.parse().map_err(|_| DateError::Form)?;
    }
    if pieces.next().is_some() { Err(DateError::Form) } else { Ok(out) }
}

fn calendar_day(year: u32, month: u32, day: u32) -> Result<NaiveDate, DateError> {
    let year = i32::try_from(year).map_err(|_| DateError::OutOfRange)?;
    let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(DateError::NoSuchDay)?;
    if (YEAR_MIN..=YEAR_MAX).contains(&date.year()) { Ok(date) } else { Err(DateError::OutOfRange) }
}

#[cfg(test)]
mod tests {
    use super::{DateError, parse_date, parse_ddmmyyyy};
    use chrono::NaiveDate;

    #[allow(clippy::unnecessary_wraps)] // what the cases compare with
    fn day(year: i32, month: u32, day: u32) -> Result<NaiveDate, DateError> {
        Ok(NaiveDate::from_ymd_opt(year, month, day).unwrap())
    }

    #[test]
    fn reads_the_four_forms_and_nothing_else() {
        let cases = [
            ("2026-03-17", day(2026, 3, 17)),
            ("2026-03-23T13:56:33.148920", day(2026, 3, 23)),
            ("2026-03-23T13:56:33", day(2026, 3, 23)),
            ("1/19/2022", day(2022, 1, 19)),
            ("03/09/2026", day(2026, 3, 9)),
            ("3/24/2026 9:08:01 PM", day(2026, 3, 24)),
            ("10/1/2025 12:08:20 AM", day(2025, 10, 1)),
            ("2/29/2024", day(2024, 2, 29)),
            ("", Err(DateError::Empty)),
            ("2/29/2025", Err(DateError::NoSuchDay)),
            ("13/1/2025", Err(DateError::NoSuchDay)),
            ("2025-13-01", Err(DateError::NoSuchDay)),
            ("2025-1-01", Err(DateError::Form)),
            ("2025/01/01", Err(DateError::Form)),
            ("1/1/25", Err(DateError::Form)),
            ("2025-01-01 10:00", Err(DateError::Form)),
            ("3/24/2026 25:08:01 PM", Err(DateError::Form)),
            ("2026-03-23Tnoon", Err(DateError::Form)),
            ("20250101", Err(DateError::Form)),
            ("yesterday", Err(DateError::Form)),
            ("0001-01-01", Err(DateError::OutOfRange)),
            ("1/1/9999", Err(DateError::OutOfRange)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_date(text), expected, "{text:?}");
        }
    }

    #[test]
    fn reads_the_dates_of_serial_numbers() {
        let cases = [
            ("01012020", day(2020, 1, 1)),
            ("31122020", day(2020, 12, 31)),
            ("31042020", Err(DateError::NoSuchDay)),
            ("2020", Err(DateError::Form)),
            ("0101202x", Err(DateError::Form)),
            ("\u{e9}101202", Err(DateError::Form)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_ddmmyyyy(text), expected, "{text:?}");
        }
    }
}
