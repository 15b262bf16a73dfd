//! Where bands and collars end, to the tick.

use proptest::prelude::*;

use super::around;
use crate::ids::{InstrumentId, Seq};
use crate::session::Session;
use crate::units::Price;

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Both ends are inside, and one tick further is outside.
    #[test]
    fn ends_are_the_last_ticks_inside(price in prop_oneof![1_i64..=1 << 62, 1_i64..=50_000], bps in 1_u16..=10_000) {
        let (low, high) = around(Price::from_ticks(price), bps);
        let (least, most) = (i128::from(price) * i128::from(10_000 - bps), i128::from(price) * i128::from(10_000 + bps));
        prop_assert!(i128::from(low) * 10_000 >= least);
        prop_assert!((i128::from(low) - 1) * 10_000 < least);
        prop_assert!(i128::from(high) * 10_000 <= most);
        // 2^63 is no price: the highest number there is stands for it.
        prop_assert!(high == i64::MAX || (i128::from(high) + 1) * 10_000 > most);
        prop_assert!(high < i64::MAX || (price == 1 << 62 && bps == 10_000));
    }
}

#[test]
fn bands_are_rounded_inwards() {
    assert_eq!(around(Price::from_ticks(101), 100), (100, 102));
    assert_eq!(around(Price::from_ticks(10_000), 100), (9_900, 10_100));
    assert_eq!(around(Price::from_ticks(3), 1), (3, 3));
    assert_eq!(around(Price::from_ticks(7), 10_000), (0, 14));
    assert_eq!(around(Price::from_ticks(1 << 62), 10_000), (0, i64::MAX));
}

#[test]
fn a_band_without_a_price_or_width_is_everything() {
    assert_eq!(around(Price::NONE, 100), (i64::MIN, i64::MAX));
    assert_eq!(around(Price::from_ticks(100), 0), (i64::MIN, i64::MAX));
}

/// The dynamic band stands still within a command, however far its own trades move the last price.
#[test]
fn the_last_price_before_a_command_stays_for_all_of_it() {
    let mut session = Session::new(InstrumentId::new(0));
    let price = Price::from_ticks;
    assert_eq!(session.before(Seq::new(1)), Price::NONE);
    session.traded(Seq::new(1), price(10));
    assert_eq!(session.before(Seq::new(1)), Price::NONE);
    assert_eq!(session.before(Seq::new(2)), price(10));
    session.traded(Seq::new(2), price(12));
    session.traded(Seq::new(2), price(9));
    assert_eq!(session.before(Seq::new(2)), price(10));
    assert_eq!(session.before(Seq::new(3)), price(9));
    assert_eq!(session.touched, Some((price(9), price(12))));
}
