//! The index against a plain list, through several turns of the window.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::{ClientIds, PLACES, WINDOW};
use crate::command::{NewOrder, Side};
use crate::ids::{AccountId, ClientOrderId, InstrumentId, Seq};
use crate::units::{Price, Quantity};

fn order(name: &str) -> NewOrder {
    let (account, instrument) = (AccountId::new(7), InstrumentId::new(0));
    let plain = NewOrder::limit(account, instrument, Side::Buy, Price::from_ticks(1), Quantity::from_lots(1));
    NewOrder { client_order_id: Some(ClientOrderId::new(name).unwrap()), ..plain }
}

#[test]
fn the_last_ids_are_found_and_older_ones_are_not() {
    let mut ids = ClientIds::default();
    let count = WINDOW * 2 + 1_000;
    for number in 0..count {
        ids.record(Seq::new(number as u64), order(&format!("id-{number}")));
    }
    for number in 0..count {
        let name = ClientOrderId::new(&format!("id-{number}")).unwrap();
        let found = ids.find(AccountId::new(7), &name).map(|used| used.seq.get());
        assert_eq!(found, (number >= count - WINDOW).then_some(number as u64), "id {number}");
        assert!(ids.find(AccountId::new(8), &name).is_none(), "another account's");
    }
    let kept = ids.index.iter().filter(|place| place.entry != 0).count();
    assert_eq!((kept, ids.index.len(), ids.ring.capacity()), (WINDOW, PLACES, WINDOW), "nothing grew");
    assert_eq!(ids.iter().next().unwrap().seq.get(), (count - WINDOW) as u64);
}

#[test]
fn closing_a_gap_loses_nobody() {
    // Few homes, so that runs are long and wrap around the end of the index.
    let mut ids = ClientIds::default();
    let mut homes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for number in 0..400_000 {
        let name = format!("n{number}");
        homes.entry(super::home(super::mark_of(&order(&name)))).or_default().push(name);
    }
    let names: Vec<String> = homes
        .iter()
        .filter(|(home, _)| **home < 24 || **home >= PLACES - 24)
        .flat_map(|(_, names)| names.clone())
        .collect();
    assert!(names.len() > 20, "{} names share the homes around the end", names.len());
    for (number, name) in names.iter().enumerate() {
        ids.record(Seq::new(number as u64), order(name));
    }
    for gone in 0..names.len() {
        ids.forget(gone);
        for (number, name) in names.iter().enumerate() {
            let found = ids.find(AccountId::new(7), &ClientOrderId::new(name).unwrap());
            assert_eq!(found.map(|used| used.seq.get()), (number > gone).then_some(number as u64));
        }
    }
}
