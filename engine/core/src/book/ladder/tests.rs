//! The ladder against an ordered map, over windows, moves and the ends of the domain.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn keys() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => -200_i64..200,
        4 => -300_000_i64..300_000,
        2 => (1_i64 << 40)..(1 << 40) + 4_000_000,
        1 => Just(1_i64 << 62),
        1 => Just(-(1_i64 << 62)),
        1 => any::<i64>().prop_map(|key| key >> 1),
    ]
}

fn agree(ladder: &Ladder, model: &BTreeMap<i64, u64>) {
    assert_eq!(ladder.len(), model.len());
    let mut key = ladder.best();
    for (&expected, &quantity) in model {
        assert_eq!(key, expected);
        assert_eq!(ladder.level(key).unwrap().quantity, quantity);
        key = ladder.next_after(key);
    }
    assert_eq!(key, Ladder::NO_KEY);
}

proptest! {
    #[test]
    fn equals_an_ordered_map(steps in prop::collection::vec((any::<bool>(), keys()), 1..400)) {
        let mut ladder = Ladder::new();
        let mut model = BTreeMap::new();
        for (at, (add, key)) in steps.into_iter().enumerate() {
            if add || model.is_empty() {
                ladder.occupy(key).quantity = at as u64;
                model.insert(key, at as u64);
            } else {
                let victim = *model.range(key..).next().or_else(|| model.iter().next()).unwrap().0;
                ladder.vacate(victim);
                model.remove(&victim);
            }
            prop_assert_eq!(ladder.level(key).map(|level| level.quantity), model.get(&key).copied());
            prop_assert_eq!(ladder.best(), model.keys().next().copied().unwrap_or(Ladder::NO_KEY));
            prop_assert_eq!(
                ladder.next_after(key),
                model.range(key + 1..).next().map_or(Ladder::NO_KEY, |(&next, _)| next)
            );
        }
        agree(&ladder, &model);
    }
}

#[test]
fn the_window_follows_the_market() {
    let (mut ladder, mut model) = (Ladder::new(), BTreeMap::new());
    ladder.occupy(5).quantity = 1;
    model.insert(5, 1);
    for step in 0..500_i64 {
        let key = 10_000_000 + step * 3;
        ladder.occupy(key).quantity = 7;
        model.insert(key, 7);
    }
    assert!(ladder.near() > 400, "the window stayed where nobody trades: {} near", ladder.near());
    agree(&ladder, &model);
}

/// Levels spread far wider than any window: each may cost a look into the ordered map, but not a move of the window.
#[test]
fn a_wide_book_does_not_keep_moving_its_window() {
    let (mut ladder, mut moves, mut base) = (Ladder::new(), 0, 0);
    for step in 0..20_000_i64 {
        ladder.occupy(step * 7_919 % 20_000 * 1_000);
        if ladder.base != base {
            (moves, base) = (moves + 1, ladder.base);
        }
    }
    assert_eq!(ladder.len(), 20_000);
    assert!(moves < 20, "{moves} moves");
    assert_eq!(ladder.best(), 0);
}

#[test]
fn the_window_moves_again_after_a_wide_book_has_gone() {
    let mut ladder = Ladder::new();
    for step in 0..20_000_i64 {
        ladder.occupy(step * 1_000);
    }
    for step in 1..20_000_i64 {
        ladder.vacate(step * 1_000);
    }
    for step in 0..500_i64 {
        ladder.occupy(900_000_000 + step);
    }
    assert!(ladder.near() > 400, "the window stayed where nobody trades: {} near", ladder.near());
}
