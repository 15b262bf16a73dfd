//! The heap against an ordered map.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::Heap;

/// Low half of the key, its high half, time (equal ones are frequent), and whether the entry is taken out instead.
type Step = (u32, u64, u64, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((0_u32..40, 0_u64..3, 0_u64..25, prop::bool::weighted(0.4)), 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_heap_is_an_ordered_map(steps in steps()) {
        let mut heap = Heap::default();
        let mut map: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        for (index, high, time, removes) in steps {
            if removes {
                heap.remove(index);
                map.remove(&index);
            } else {
                let key = high << 32 | u64::from(index);
                heap.put(time, key);
                map.insert(index, (time, key));
            }
            prop_assert_eq!(heap.first(), map.values().min().copied());
            prop_assert_eq!(heap.len(), map.len());
            for index in 0..41 {
                prop_assert_eq!(heap.get(index), map.get(&index).copied());
            }
        }
        let mut sorted: Vec<_> = map.into_values().collect();
        sorted.sort_unstable();
        let mut listed: Vec<_> = heap.iter().collect();
        listed.sort_unstable();
        prop_assert_eq!(&listed, &sorted);
        for entry in sorted {
            prop_assert_eq!(heap.first(), Some(entry));
            heap.remove(u32::try_from(entry.1 & 0xffff_ffff).unwrap());
        }
        prop_assert_eq!(heap.first(), None);
    }
}
