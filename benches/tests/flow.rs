//! The generated flow has the shape that its profile states.
#![allow(clippy::unwrap_used)]

use cx_benches::{Flow, Profile, drive};
use cx_engine::Exchange;

fn share(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
}

fn assert_near(what: &str, got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{what} is {got:.4}, expected {expected} within {tolerance}");
}

#[test]
fn shares_are_those_of_the_profile() {
    let profile = Profile { new_orders: 100_000, ..Profile::NORMAL_DAY };
    let flow = Flow::generate(&profile, 1);
    let shares = flow.shares;
    let passive = shares.new_orders - shares.immediate;
    assert_eq!(shares.new_orders, profile.new_orders);
    assert_eq!(shares.refusals, 0, "every order is affordable and valid");
    assert_near("immediate", share(shares.immediate, shares.new_orders), profile.immediate, 0.01);
    assert_near("stale", share(shares.stale, shares.new_orders), profile.stale, 0.005);
    // Orders that fill before their time are neither amended nor cancelled, so these stay below the profile's shares.
    let (amended, cancelled) = (share(shares.amends, passive), share(shares.cancels, passive));
    assert!(amended > 0.12 && amended < profile.amended, "{amended} {shares:?}");
    assert!(cancelled > 0.80 && cancelled < profile.cancelled, "{cancelled} {shares:?}");
    assert!(share(shares.cold_cancels, shares.cancels) > 0.03, "{shares:?}");
    assert!(shares.trades > shares.immediate / 2, "{shares:?}");
    assert_eq!(flow.body.len(), shares.new_orders + shares.amends + shares.cancels + shares.stale);
}

#[test]
fn a_seed_repeats_and_another_differs() {
    let profile = Profile { new_orders: 2_000, instruments: 3, named: true, ..Profile::NORMAL_DAY };
    let flow = Flow::generate(&profile, 7);
    assert!(flow.body == Flow::generate(&profile, 7).body);
    assert!(flow.body != Flow::generate(&profile, 8).body);
}

#[test]
fn the_recorded_handles_hold_on_replay() {
    let profile = Profile { new_orders: 20_000, ..Profile::NORMAL_DAY };
    let flow = Flow::generate(&profile, 3);
    let run = || {
        let mut exchange = flow.opened();
        drive(&mut exchange, &flow.body, &mut Vec::new());
        exchange.audit().unwrap();
        exchange
    };
    let exchange = run();
    assert_eq!(exchange.state_hash(), run().state_hash());
    assert!(!exchange.open_orders().is_empty());
    assert!(Exchange::restore(&exchange.snapshot()).is_ok());
}
