//! Quantities as the registries write them: whole tonnes, with or without thousands commas, sometimes with the `.0` that a
//! spreadsheet adds.

/// The most tonnes that one cell may state: 10^15, far above all credits ever issued, so that sums fit 64 bits.
pub const QUANTITY_MAX: u64 = 1_000_000_000_000_000;

/// Why a cell is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// A character that has no place in a quantity (a sign, a letter, a second dot).
    #[error("is not a whole number of tonnes")]
    NotANumber,
    /// A comma that does not stand between groups of three digits: the number is damaged, or the comma a decimal one.
    #[error("has a comma that does not separate thousands")]
    Grouping,
    /// A part of a tonne. These registries issue whole tonnes.
    #[error("has a fraction of a tonne")]
    Fraction,
    /// More than [`QUANTITY_MAX`].
    #[error("is more than 10^15 tonnes")]
    TooLarge,
}

/// Reads `262040`, `262,040` or `262040.0` as 262040 tonnes. Zero is a number; whether it is permitted is the caller's
/// question.
pub fn parse_quantity(text: &str) -> Result<u64, QuantityError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(QuantityError::Empty);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(QuantityError::NotANumber);
    }
    if !whole.bytes().all(|b| b.is_ascii_digit() || b == b',') {
        return Err(QuantityError::NotANumber);
    }
    if whole.contains(',') && !is_grouped(whole) {
        return Err(QuantityError::Grouping);
    }
    if fraction.bytes().any(|b| b != b'0') {
        return Err(QuantityError::Fraction);
    }
    let mut value: u64 = 0;
    for digit in whole.bytes().filter(u8::is_ascii_digit) {
        value = value * 10 + u64::from(digit - b'0');
        if value > QUANTITY_MAX {
            return Err(QuantityError::TooLarge);
        }
    }
    Ok(value)
}

/// Whether the commas split the digits into one group of one to three and then groups of three.
fn is_grouped(whole: &str) -> bool {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::{QuantityError, parse_quantity};

    #[test]
    fn reads_what_registries_write_and_refuses_the_rest() {
        let cases = [
            ("1", Ok(1)),
            ("0", Ok(0)),
            ("262040", Ok(262_040)),
            ("262,040", Ok(262_040)),
            ("1,209,664", Ok(1_209_664)),
            (" 84267.0 ", Ok(84_267)),
            ("1,000.00", Ok(1_000)),
            ("1,000,000,000,000,000", Ok(1_000_000_000_000_000)),
            ("", Err(QuantityError::Empty)),
            ("  ", Err(QuantityError::Empty)),
            ("1,00", Err(QuantityError::Grouping)),
            ("1,0000", Err(QuantityError::Grouping)),
            ("1000,000", Err(QuantityError::Grouping)),
            (",100", Err(QuantityError::Grouping)),
            ("100,", Err(QuantityError::Grouping)),
            ("12.5", Err(QuantityError::Fraction)),
            ("-5", Err(QuantityError::NotANumber)),
            ("+5", Err(QuantityError::NotANumber)),
            ("1e6", Err(QuantityError::NotANumber)),
            ("5.", Err(QuantityError::NotANumber)),
            (".5", Err(QuantityError::NotANumber)),
            ("1.0.0", Err(QuantityError::NotANumber)),
            ("12 000", Err(QuantityError::NotANumber)),
            ("\u{0661}", Err(QuantityError::NotANumber)),
            ("1,000,000,000,000,001", Err(QuantityError::TooLarge)),
            ("99999999999999999999999999999999", Err(QuantityError::TooLarge)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_quantity(text), expected, "{text:?}");
        }
    }
}
