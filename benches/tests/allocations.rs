//! Nothing on the exchange path allocates once it is warm: exact, unlike a time.
//!
//! Warm means that the tables have the size that the flow needs: as many slots as orders are open at once, the pages of the
//! ladders, the balances of the accounts, the memory of client order ids. The opening of a flow sees to that; a single
//! operation is done once before.

use allocation_counter::{AllocationInfo, measure};
use cx_benches::operations::{COUNT, Floor, OPERATIONS};
use cx_benches::{Flow, Profile, drive};
use cx_engine::Event;

const PROFILE: Profile = Profile { new_orders: 100_000, ..Profile::NORMAL_DAY };

fn allocations(profile: &Profile, seed: u64) -> AllocationInfo {
    let flow = Flow::generate(profile, seed);
    let mut exchange = flow.opened();
    let mut events = Vec::with_capacity(4_096);
    let counted = measure(|| {
        drive(&mut exchange, &flow.body, &mut events);
    });
    assert!(flow.shares.trades > 1_000 && flow.shares.amends > 1_000 && flow.shares.cancels > 1_000);
    counted
}

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!((counted.count_total, counted.bytes_total), (1, 100));
}

#[test]
fn a_normal_day_allocates_nothing() {
    for seed in 1..=3 {
        assert_eq!(allocations(&PROFILE, seed).count_total, 0, "seed {seed}");
    }
}

#[test]
fn many_instruments_allocate_nothing() {
    let profile = Profile { instruments: 20, resting: 100, accounts: 200, ..PROFILE };
    assert_eq!(allocations(&profile, 4).count_total, 0);
}

#[test]
fn client_order_ids_allocate_nothing() {
    let profile = Profile { named: true, ..PROFILE };
    assert_eq!(allocations(&profile, 5).count_total, 0);
}

/// What the commands of each operation must bring about, at least a thousand times in all.
fn is_met(name: &str, event: &Event) -> bool {
    match name {
        "place-refused" => matches!(event, Event::OrderRejected(_)),
        "cancel-stale" => matches!(event, Event::CommandRejected(_)),
        "cancel-after" => matches!(event, Event::CancelAfterSet(_)),
        "amend-reprice" | "amend-less" | "stop-amend" => matches!(event, Event::OrderAmended(_)),
        "stop-arm" | "trailing-arm" => matches!(event, Event::StopArmed(_)),
        "stop-trigger" => matches!(event, Event::OrderTriggered(_)),
        "trailing-follow" => matches!(event, Event::StopMoved(_)),
        "iceberg-refill" => matches!(event, Event::Trade(_)),
        "uncross" => matches!(event, Event::Trade(trade) if trade.auction),
        _ if name.starts_with("match") || name == "trailing-at-rest" || name == "pair-fill" => {
            matches!(event, Event::Trade(_))
        }
        _ if name.starts_with("cancel")
            || matches!(name, "gtd-expire" | "place-ioc-unmatched" | "self-trade-decrement") =>
        {
            matches!(event, Event::OrderCancelled(_))
        }
        _ => matches!(event, Event::OrderRested(_)),
    }
}

#[test]
fn no_operation_allocates() {
    let mut floor = Floor::default();
    for operation in OPERATIONS {
        let commands = operation.prepare(&mut floor);
        floor.drive(&commands);
        floor.audit();
    }
    for operation in OPERATIONS {
        let commands = operation.prepare(&mut floor);
        let mut met = 0;
        let mut events = Vec::with_capacity(16 * COUNT);
        let counted = measure(|| {
            for command in &commands {
                drive(floor.exchange_mut(), std::slice::from_ref(command), &mut events);
                met += events.iter().filter(|event| is_met(operation.name, event)).count();
            }
        });
        assert_eq!(counted.count_total, 0, "{}", operation.name);
        assert!(met >= COUNT, "{}: {met} of {COUNT}", operation.name);
        floor.audit();
    }
}
