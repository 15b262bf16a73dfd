//! Plans against an ordered map.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::Plans;
use crate::control::{Phase, SchedulePhase};
use crate::ids::InstrumentId;
use crate::units::Timestamp;

/// Instrument, time, phase, period, and whether the plan is taken out instead. Many are the same.
type Step = (u32, u64, u8, u64, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((0_u32..4, 0_u64..6, 1_u8..=10, 0_u64..3, prop::bool::weighted(0.4)), 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_are_an_ordered_map(steps in steps()) {
        let mut plans = Plans::default();
        let mut map: BTreeMap<(u64, u32, u8), SchedulePhase> = BTreeMap::new();
        for (number, at, phase, every_ns, takes) in steps {
            let instrument = InstrumentId::new(number);
            let key = (at, number, phase);
            let phase = Phase::from_number(phase).unwrap();
            let plan = SchedulePhase { instrument, phase, at: Timestamp::from_nanos(at), every_ns };
            if takes {
                prop_assert_eq!(plans.take(&plan), map.remove(&key));
            } else {
                plans.put(plan);
                map.insert(key, plan);
            }
            prop_assert_eq!(plans.first(), map.values().next().copied());
            prop_assert_eq!(plans.first_time(), map.keys().next().map(|key| key.0));
            for number in 0..5 {
                let instrument = InstrumentId::new(number);
                let listed: Vec<_> = plans.of(instrument).collect();
                let expected: Vec<_> = map.values().copied().filter(|plan| plan.instrument == instrument).collect();
                prop_assert_eq!(listed, expected);
            }
        }
    }
}
