#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use super::*;
use std::collections::HashMap;

fn settings() -> FlowSettings {
    FlowSettings {
        seed: 7,
        rate: 2_000.0,
        duration: Duration::from_mins(1),
        read_share: 0.02,
        ioc_share: 0.15,
        amend_share: 0.20,
        cancel_share: 0.95,
        stale_share: 0.02,
        lifetime: Duration::from_millis(500),
        cold_share: 0.10,
        burst: 0.5,
        swing: 0.02,
        lots: 5.0,
        live_max: 100_000,
        contracts: vec![Contract { mid_ticks: 1_000, ticks_max: 10_000_000 }; 3],
        seats: vec![Seat { buys: true, sells: vec![true; 3] }; 4],
    }
}

fn flow(settings: FlowSettings) -> Vec<Planned> {
    Flow::new(settings).unwrap().collect()
}

fn near(what: &str, value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{what}: {value} is not within {tolerance} of {expected}");
}

/// Counts of places (resting, immediate), amends, cancels and reads.
fn counts(flow: &[Planned]) -> [f64; 5] {
    let mut counts = [0.0; 5];
    for planned in flow {
        let kind = match planned.action {
            Action::Place(order) => usize::from(order.ioc),
            Action::Amend { .. } => 2,
            Action::Cancel { .. } => 3,
            Action::Read(_) => 4,
        };
        counts[kind] += 1.0;
    }
    counts
}

#[test]
fn the_same_seed_gives_the_same_flow_and_another_one_another() {
    let short = |seed| FlowSettings { seed, duration: Duration::from_secs(5), ..settings() };
    assert_eq!(flow(short(7)), flow(short(7)));
    assert_ne!(flow(short(7)), flow(short(8)));
}

#[test]
fn a_longer_run_begins_as_the_shorter_one() {
    let short = flow(FlowSettings { duration: Duration::from_secs(2), ..settings() });
    let long = flow(FlowSettings { duration: Duration::from_secs(4), ..settings() });
    assert_eq!(short[..], long[..short.len()]);
    assert!(long[short.len()].due >= Duration::from_secs(2));
}

#[test]
fn times_go_forward_and_stay_within_the_run() {
    let flow = flow(settings());
    assert!(flow.is_sorted_by_key(|planned| planned.due));
    assert!(flow.last().unwrap().due < Duration::from_mins(1));
}

#[test]
fn rate_and_shares_are_as_asked() {
    let flow = flow(FlowSettings { duration: Duration::from_mins(5), ..settings() });
    // Cancels of the last orders come after the end, so a little is missing.
    near("messages a second", flow.len() as f64 / 300.0, 2_000.0, 60.0);
    let [resting, immediate, amends, cancels, reads] = counts(&flow);
    near("immediate share", immediate / (resting + immediate), 0.15, 0.01);
    near("amends for each resting order", amends / resting, 0.20 * 1.02, 0.015);
    near("cancels for each resting order", cancels / resting, 0.95 * 1.02, 0.02);
    near("share of reads", reads / flow.len() as f64, 0.02, 0.003);
    let buys = flow.iter().filter(|p| matches!(p.action, Action::Place(order) if order.side == Side::Buy)).count();
    near("share of buys", buys as f64 / (resting + immediate), 0.5, 0.01);
}

#[test]
fn the_rate_counts_every_message_that_an_order_brings() {
    let run = FlowSettings { stale_share: 0.5, cold_share: 0.0, duration: Duration::from_mins(5), ..settings() };
    near("messages a second", flow(run).len() as f64 / 300.0, 2_000.0, 60.0);
}

#[test]
fn lifetimes_have_the_median_asked_for_and_grow_with_distance() {
    let run = FlowSettings { duration: Duration::from_mins(10), cold_share: 0.0, stale_share: 0.0, ..settings() };
    let mut placed = HashMap::new();
    let (mut near_touch, mut far) = (Vec::new(), Vec::new());
    for planned in Flow::new(FlowSettings { swing: 0.0, ..run }).unwrap() {
        match planned.action {
            Action::Place(order) if !order.ioc => {
                // The mid stands at 1,000: the best bid is 999, the best ask 1,001.
                let away = (order.ticks - 1_000).abs() - 1;
                placed.insert(order.number, (planned.due, away));
            }
            Action::Cancel { number } => {
                let (since, away) = placed[&number];
                match away {
                    0 => near_touch.push(planned.due.checked_sub(since).unwrap()),
                    8 => far.push(planned.due.checked_sub(since).unwrap()),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    for (name, lifetimes, expected) in [("at the touch", &mut near_touch, 0.5), ("at the hump", &mut far, 1.0)] {
        lifetimes.sort_unstable();
        near(name, lifetimes[lifetimes.len() / 2].as_secs_f64(), expected, 0.05);
    }
}

#[test]
fn distances_have_a_hump_and_a_power_law_tail() {
    let run = FlowSettings { duration: Duration::from_mins(10), swing: 0.0, ..settings() };
    let mut counts = [0.0_f64; 201];
    for planned in Flow::new(run).unwrap() {
        if let Action::Place(order) = planned.action
            && !order.ioc
        {
            counts[usize::try_from((order.ticks - 1_000).abs() - 1).unwrap()] += 1.0;
        }
    }
    let peak = counts.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
    assert!((7..=9).contains(&peak), "the hump is {peak} ticks out");
    near("density at the touch", counts[0] / counts[8], 0.3, 0.03);
    // Exponent of the tail by maximum likelihood over 16 to 128 ticks, on a grid.
    let tail = 16..=128;
    let likelihood = |exponent: f64| {
        let norm: f64 = tail.clone().map(|d| f64::from(d).powf(-exponent)).sum();
        let log = |d: u32| -exponent * f64::from(d).ln() - norm.ln();
        tail.clone().map(|d| counts[d as usize] * log(d)).sum::<f64>()
    };
    let grid = (150..300).map(|hundredths| f64::from(hundredths) / 100.0);
    let best = grid.max_by(|a, b| likelihood(*a).total_cmp(&likelihood(*b))).unwrap();
    near("exponent", best, 2.23, 0.08);
}

#[test]
fn bursts_cluster_and_poisson_does_not() {
    // Fano factor (variance over mean) of arrivals in half-second windows: 1 for Poisson, towards 1 / (1 - burst)^2 for
    // windows much longer than a burst.
    let fano = |burst: f64| {
        let run = FlowSettings { burst, duration: Duration::from_mins(15), ..settings() };
        let mut windows = vec![0.0_f64; 1_800];
        for planned in Flow::new(run).unwrap() {
            if matches!(planned.action, Action::Place(_)) {
                windows[usize::try_from(planned.due.as_millis() / 500).unwrap()] += 1.0;
            }
        }
        let mean = windows.iter().sum::<f64>() / windows.len() as f64;
        windows.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / windows.len() as f64 / mean
    };
    near("Poisson", fano(0.0), 1.0, 0.15);
    near("bursts", fano(0.5), 3.6, 0.6);
}

#[test]
fn prices_stay_in_range() {
    let run = FlowSettings {
        duration: Duration::from_mins(15),
        swing: 0.25,
        contracts: vec![Contract { mid_ticks: 1_000, ticks_max: 1_100 }],
        seats: vec![Seat { buys: true, sells: vec![true] }],
        ..settings()
    };
    let prices = Flow::new(run).unwrap().filter_map(|planned| match planned.action {
        Action::Place(order) => Some(order.ticks),
        Action::Amend { ticks, .. } => Some(ticks),
        _ => None,
    });
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for price in prices {
        (low, high) = (low.min(price), high.max(price));
    }
    assert!(low >= 1 && high <= 1_100, "{low} to {high}");
}

#[test]
fn the_mid_moves_as_far_as_asked() {
    // Orders that reach across stay within five ticks of the mid, so they show where it is.
    let mids = |swing: f64| -> Vec<f64> {
        let one = vec![Contract { mid_ticks: 10_000, ticks_max: 100_000 }];
        let run = FlowSettings { swing, contracts: one, duration: Duration::from_mins(15), ..settings() };
        let shown = Flow::new(run).unwrap().filter_map(|planned| match planned.action {
            Action::Place(order) if order.ioc => Some(order.ticks as f64),
            _ => None,
        });
        shown.collect()
    };
    assert!(mids(0.0).iter().all(|mid| (mid - 10_000.0).abs() <= 6.0));
    // Some 880,000 orders: over a hundredth of them the logarithm moves by swing / 10 x sqrt(0.88).
    let moving = mids(0.25);
    let step = moving.len() / 100;
    let moves: Vec<f64> =
        moving.iter().step_by(step).map(|mid| mid.ln()).collect::<Vec<_>>().windows(2).map(|w| w[1] - w[0]).collect();
    let deviation = (moves.iter().map(|moved| moved * moved).sum::<f64>() / moves.len() as f64).sqrt();
    near("deviation over a hundredth of the run", deviation, 0.025 * 0.88_f64.sqrt(), 0.006);
}

#[test]
fn followups_go_to_the_seat_and_contract_of_their_order_and_come_after_it() {
    let mut placed = HashMap::new();
    for planned in Flow::new(settings()).unwrap() {
        match planned.action {
            Action::Place(order) => assert!(placed.insert(order.number, (planned.seat, order)).is_none()),
            Action::Cancel { number } => assert_eq!(placed[&number].0, planned.seat),
            Action::Amend { number, contract, ticks, lots } => {
                let (seat, order) = placed[&number];
                assert_eq!((seat, order.contract, order.ioc), (planned.seat, contract, false));
                assert!((ticks - order.ticks).abs() <= 1 && lots > order.lots);
            }
            Action::Read(_) => {}
        }
    }
}

#[test]
fn seats_trade_only_what_they_can_pay_for() {
    let seats = vec![
        Seat { buys: true, sells: vec![false, false, false] },
        Seat { buys: false, sells: vec![true, false, true] },
    ];
    for planned in flow(FlowSettings { seats, ..settings() }) {
        if let Action::Place(order) = planned.action {
            assert_eq!(planned.seat, usize::from(order.side == Side::Sell));
            assert!(order.contract != 1 || order.side == Side::Buy);
        }
    }
    let seats = vec![Seat { buys: false, sells: vec![true; 3] }];
    let sells = |p: &Planned| !matches!(p.action, Action::Place(order) if order.side == Side::Buy);
    assert!(flow(FlowSettings { seats, ..settings() }).iter().all(sells));
}

#[test]
fn memory_is_bounded_by_not_resting_above_the_limit() {
    let run = FlowSettings { live_max: 50, cold_share: 1.0, lifetime: Duration::from_secs(5), ..settings() };
    let (mut open, mut most) = (0_usize, 0);
    let mut flow = Flow::new(FlowSettings { cancel_share: 1.0, ..run }).unwrap();
    while let Some(planned) = flow.next() {
        most = most.max(flow.live);
        open += usize::from(matches!(planned.action, Action::Place(order) if !order.ioc));
    }
    assert_eq!(most, 50);
    assert!(open < 200, "{open} orders rested");
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let refused = |settings| Flow::new(settings).unwrap_err();
    assert_eq!(refused(FlowSettings { burst: 1.0, ..settings() }), FlowError::OutOfRange("the burst"));
    assert_eq!(refused(FlowSettings { rate: 0.0, ..settings() }), FlowError::OutOfRange("the rate"));
    assert_eq!(refused(FlowSettings { rate: f64::NAN, ..settings() }), FlowError::OutOfRange("the rate"));
    assert_eq!(
        refused(FlowSettings { ioc_share: 1.1, ..settings() }),
        FlowError::OutOfRange("the share of immediate orders")
    );
    assert_eq!(refused(FlowSettings { seats: vec![], ..settings() }), FlowError::Empty);
    let poor = vec![Seat { buys: false, sells: vec![true, false, true] }];
    assert_eq!(refused(FlowSettings { seats: poor, ..settings() }), FlowError::NobodyCanTrade(1));
}
