//! What cash pays for, against counting up lot by lot, and over the whole range against what its lots cost.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// What so many lots cost a taker, exactly.
fn cost(lots: u64, price: i64, tick_value: i64, rate: i32) -> Option<i128> {
    let value = i128::from(price).checked_mul(i128::from(tick_value))?.checked_mul(i128::from(lots))?;
    Some(value + value.checked_mul(i128::from(rate))? / 1_000_000)
}

fn bought(cash: i64, price: i64, tick_value: i64, rate: i32) -> u64 {
    let rate = FeeRate::from_ppm(rate).unwrap();
    affordable(Amount::from_minor(cash), Price::from_ticks(price), tick_value, rate).lots()
}

#[test]
fn cash_buys_what_counting_up_says() {
    for rate in [0, 1, 7, 999, 2_500, 50_000, 99_999, 100_000] {
        for (price, tick_value) in [(1, 1), (1, 2), (3, 1), (7, 13), (10, 100), (999, 1_000)] {
            for cash in (0..300).chain([999, 1_000, 1_001, 109_999, 110_000, 110_001, 999_000, 2_000_003]) {
                let fits = |&lots: &u64| cost(lots, price, tick_value, rate).unwrap() <= i128::from(cash);
                let counted = (1..=2_000_003).take_while(fits).last().unwrap_or(0);
                assert_eq!(
                    bought(cash, price, tick_value, rate),
                    counted,
                    "{cash} at {price} x {tick_value}, {rate} ppm"
                );
            }
        }
    }
}

#[test]
fn a_fee_that_rounds_to_nothing_buys_one_lot_more() {
    // 11 lots at 1 with 10% cost 12; 10 cost 11; the quotient alone says 9 for cash of 10, which pays for 9 with fee 0.
    assert_eq!(bought(9, 1, 1, 100_000), 9);
    assert_eq!(bought(10, 1, 1, 100_000), 9);
    assert_eq!(bought(11, 1, 1, 100_000), 10);
    assert_eq!(bought(19, 1, 1, 100_000), 18);
    assert_eq!(bought(20, 1, 1, 100_000), 19);
}

#[test]
fn a_hold_may_be_all_that_a_balance_can_be() {
    let hold = |ticks, lots, ppm| {
        let (price, rate) = (Price::from_ticks(ticks), FeeRate::from_ppm(ppm).unwrap());
        super::hold(Side::Buy, price, Quantity::from_lots(lots), 1, rate).map(Amount::minor)
    };
    assert_eq!(hold(1 << 62, 1, 0), Some(1 << 62));
    assert_eq!(hold(1 << 22, 1 << 40, 0), Some(1 << 62));
    assert_eq!(hold((1 << 62) + 1, 1, 0), None);
    // n + floor(n / 10) is 2^62 for n = 4192441834933989004.
    assert_eq!(hold(4_192_441_834_933_989_004, 1, 100_000), Some(1 << 62));
    assert_eq!(hold(4_192_441_834_933_989_005, 1, 100_000), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_notional_is_exact_or_too_large(
        (price_bits, lots_bits, tick_bits) in (0_u32..63, 0_u32..64, 0_u32..63),
        (price, lots, tick_value) in any::<(i64, u64, i64)>(),
    ) {
        let (price, lots) = (price >> (63 - price_bits), lots & ((1 << lots_bits) - 1));
        let tick_value = tick_value >> (63 - tick_bits);
        let exact = i128::from(price).checked_mul(i128::from(tick_value)).and_then(|unit| unit.checked_mul(i128::from(lots)));
        let fits = |&value: &i128| value <= 1 << 62 && value >= i128::from(i64::MIN);
        let expected = exact.filter(fits).map(|value| i64::try_from(value).unwrap());
        let got = notional(Price::from_ticks(price), Quantity::from_lots(lots), tick_value);
        prop_assert_eq!(got.map(Amount::minor), expected);
    }

    #[test]
    fn cash_buys_the_most_that_it_pays_for(
        (cash_bits, price_bits, tick_bits) in (0_u32..63, 0_u32..63, 0_u32..40),
        (cash, price, tick_value) in any::<(u64, u64, u64)>(),
        rate in 0..=100_000_i32,
    ) {
        let within = |raw: u64, bits: u32, most: u64| i64::try_from((raw & ((1 << bits) - 1)).min(most)).unwrap();
        let cash = within(cash, cash_bits, 1 << 62);
        let price = within(price, price_bits, (1 << 62) - 1) + 1;
        let tick_value = within(tick_value, tick_bits, 999_999_999_999) + 1;
        let lots = bought(cash, price, tick_value, rate);
        prop_assert!(cost(lots, price, tick_value, rate).unwrap() <= i128::from(cash));
        prop_assert!(cost(lots + 1, price, tick_value, rate).unwrap() > i128::from(cash));
    }
}
