//! Nothing on the exchange path allocates once it is warm: exact, unlike a time.
//!
//! Warm means that the tables have the size that the flow needs: as many slots as orders are open at once, the pages of the
//! ladders, the balances of the accounts, the memory of client order ids. The opening of a flow sees to that.

use allocation_counter::{AllocationInfo, measure};
use cx_benches::{Flow, Profile, drive};

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
