//! The levels outside a window against an ordered map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn keys() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => -1_500_i64..1_500,
        2 => -1_000_000_i64..1_000_000,
        1 => Just(1_i64 << 62),
        1 => Just(-(1_i64 << 62)),
    ]
}

fn agree(far: &Far, model: &BTreeMap<i64, u64>) {
    let mut there = Vec::new();
    let mut key = far.first();
    while let Some(at) = key {
        there.push((at, far.get(at).map_or(0, |level| level.quantity)));
        key = far.after(at);
    }
    assert!(there.iter().copied().eq(model.iter().map(|(&key, &quantity)| (key, quantity))));
    assert_eq!(far.len(), model.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Three of four steps add, so that runs are split; then everything goes again, so that they empty.
    #[test]
    fn equals_an_ordered_map(steps in prop::collection::vec((0..4, keys()), 1..3_000)) {
        let mut far = Far::new();
        let mut model = BTreeMap::new();
        for (number, (kind, key)) in (1_u64..).zip(steps) {
            if kind > 0 {
                far.entry(key).quantity += number;
                *model.entry(key).or_insert(0) += number;
            } else {
                prop_assert_eq!(far.remove(key).map(|level| level.quantity), model.remove(&key));
            }
            prop_assert_eq!(far.get(key).map(|level| level.quantity), model.get(&key).copied());
            prop_assert_eq!(far.get_mut(key).map(|level| level.quantity), model.get(&key).copied());
            prop_assert_eq!(far.first(), model.keys().next().copied());
            prop_assert_eq!(far.after(key), model.range(key + 1..).next().map(|(&next, _)| next));
        }
        agree(&far, &model);
        while let Some((key, quantity)) = model.pop_last() {
            prop_assert_eq!(far.remove(key).map(|level| level.quantity), Some(quantity));
            prop_assert_eq!(far.after(key - 1), None);
        }
        agree(&far, &model);
    }
}

/// A map that was as large before uses the runs that it had.
#[test]
fn runs_are_used_again() {
    let mut far = Far::new();
    let mut runs = 0;
    for round in 0..3 {
        for step in 0..10_000_i64 {
            far.entry(step * 7_919 % 10_000 * 1_000 + round).quantity = 1;
        }
        assert!(far.order.len() < 10_000 / (RUN_MIN / 4), "{} runs", far.order.len());
        for step in 0..10_000_i64 {
            assert!(far.remove(step * 1_000 + round).is_some());
        }
        assert_eq!((far.len(), far.first(), far.order.len()), (0, None, 0));
        runs = if round == 0 { far.runs.len() } else { runs };
        assert_eq!(far.runs.len(), runs);
    }
}
