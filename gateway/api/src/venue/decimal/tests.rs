#![allow(clippy::unwrap_used)]

use super::*;

fn text(mantissa: i128, scale: u8) -> String {
    Digits(Scaled { mantissa, scale }).to_string()
}

#[test]
fn decimals_print_every_digit() {
    assert_eq!(text(2_550, 2), "25.50");
    assert_eq!(text(5, 2), "0.05");
    assert_eq!(text(-5, 2), "-0.05");
    assert_eq!(text(-12_345, 4), "-1.2345");
    assert_eq!(text(0, 2), "0.00");
    assert_eq!(text(700, 0), "700");
    assert_eq!(serde_json::to_string(&Digits(Scaled { mantissa: 100, scale: 1 })).unwrap(), "\"10.0\"");
}

#[test]
fn cash_keeps_two_digits_and_drops_zeros_beyond() {
    assert_eq!(Digits(cash(2_550_000, 4)).to_string(), "255.00");
    assert_eq!(Digits(cash(2_550_010, 4)).to_string(), "255.001");
    assert_eq!(Digits(cash(7, 0)).to_string(), "7");
}

#[test]
fn ratios_round_half_to_even() {
    let at = |n, d| Digits(ratio(n, d, 1).unwrap()).to_string();
    assert_eq!(at(1, 4), "0.2"); // 0.25
    assert_eq!(at(3, 4), "0.8"); // 0.75
    assert_eq!(at(-1, 4), "-0.2"); // -0.25
    assert_eq!(at(-3, 4), "-0.8"); // -0.75
    assert_eq!(at(1, 3), "0.3");
    assert_eq!(at(2, 3), "0.7");
    assert_eq!(at(-2, 3), "-0.7");
    assert_eq!(at(1, -4), "-0.2");
    assert_eq!(at(-2, -3), "0.7");
    assert!(ratio(1, 0, 1).is_none());
}
