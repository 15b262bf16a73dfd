//! Exactness in both directions.
#![allow(clippy::unwrap_used)]

use super::*;
use serde_json::json;

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

fn read(json: &str) -> Result<Number, serde_json::Error> {
    serde_json::from_str(json)
}

#[test]
fn numbers_are_read_from_numbers_and_strings_digit_for_digit() {
    for (json, expected) in [
        ("25.50", "25.50"),
        ("\"25.50\"", "25.50"),
        ("0.1", "0.1"),
        ("-3", "-3"),
        ("1e3", "1000"),
        ("0", "0"),
        ("0e999", "0"),
        ("\"00012.5\"", "12.5"),
        ("1.00000000000000000000000000000000000000", "1.0000000000000000000000000000"),
        ("12e-28", "0.0000000000000000000000000012"),
        ("1.5E-2", "0.015"),
        ("0.30000000000000000000000004", "0.30000000000000000000000004"),
        ("79228162514264337593543950335", "79228162514264337593543950335"),
        ("9007199254740993.01", "9007199254740993.01"),
    ] {
        assert_eq!(read(json).unwrap().to_string(), expected, "{json}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for json in [
        "\"\"",
        "\" 1\"",
        "\"1 \"",
        "\"+1\"",
        "\"1,5\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"0x10\"",
        "\"1e\"",
        "\"--1\"",
        "\"1-2\"",
        "\".5\"",
        "\"1_000\"",
        "\"\u{0661}\"",
        "true",
        "null",
        "[]",
        "{}",
        "\"1.2.3\"",
    ] {
        assert!(read(json).is_err(), "{json}: {:?}", read(json));
    }
}

#[test]
fn what_a_decimal_cannot_hold_is_refused_and_not_rounded() {
    for (text, expected) in [
        ("79228162514264337593543950336", NumberError::OutOfRange),
        ("0.00000000000000000000000000001", NumberError::TooPrecise { places: 28 }),
        ("1.23456789012345678901234567890123", NumberError::TooPrecise { places: 28 }),
    ] {
        assert_eq!(text.parse::<Number>(), Err(expected), "{text}");
    }
    assert!("9".repeat(1_000).parse::<Number>().is_err());
    assert!("1e400".parse::<Number>().is_err());
    assert!("1e-400".parse::<Number>().is_err());
}

#[test]
fn numbers_are_written_as_json_numbers_digit_for_digit() {
    let written = |number: Number| serde_json::to_string(&number).unwrap();
    assert_eq!(written(Number::cash(Amount::from_minor(255_000), 4)), "25.50");
    assert_eq!(written(Number::cash(Amount::from_minor(255_001), 4)), "25.5001");
    assert_eq!(written(Number::cash(Amount::from_minor(-1), 4)), "-0.0001");
    assert_eq!(written(Number::cash(Amount::ZERO, 4)), "0.00");
    assert_eq!(written(Number::from_minor(Amount::from_minor(10), 0)), "10");
    assert_eq!(written(Number::from_minor(Amount::from_minor(4_611_686_018_427_387_904), 4)), "461168601842738.7904");
    assert_eq!(written(Number::price(Price::from_ticks(2_550), 100, 4)), "25.50");
    assert_eq!(json!({"price": Number::cash(Amount::from_minor(255_000), 4)}).to_string(), r#"{"price":25.50}"#);
}

#[test]
fn amounts_keep_to_the_scale() {
    for (text, scale, expected) in [
        ("25.5", 4, Ok(255_000)),
        ("25.5000000", 4, Ok(255_000)),
        ("0.0001", 4, Ok(1)),
        ("0.00001", 4, Err(NumberError::TooPrecise { places: 4 })),
        ("1.5", 0, Err(NumberError::TooPrecise { places: 0 })),
        ("461168601842738.7904", 4, Ok(1_i64 << 62)),
        ("461168601842738.7905", 4, Err(NumberError::OutOfRange)),
        ("79228162514264337593543950335", 9, Err(NumberError::OutOfRange)),
        ("-1", 4, Ok(-10_000)),
    ] {
        assert_eq!(number(text).to_minor(scale).map(Amount::minor), expected, "{text} at {scale}");
    }
    assert_eq!(number("0").to_positive_minor(4), Err(NumberError::NotPositive));
    assert_eq!(number("-0.0001").to_positive_minor(4), Err(NumberError::NotPositive));
}

#[test]
fn quantities_are_whole() {
    for (text, expected) in [
        ("10", Ok(10)),
        ("10.0", Ok(10)),
        ("0.5", Err(NumberError::TooPrecise { places: 0 })),
        ("0", Err(NumberError::NotPositive)),
        ("-5", Err(NumberError::NotPositive)),
        ("1e30", Err(NumberError::OutOfRange)),
    ] {
        let read = text.parse::<Number>().and_then(Number::to_quantity);
        assert_eq!(read.map(Quantity::lots), expected, "{text}");
    }
}
