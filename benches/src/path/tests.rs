//! The mids go as far as the profile says, exactly.
#![allow(clippy::unwrap_used)]

use super::*;

/// Highest over lowest mid and last over first, of a path whose fall is taken out of the former.
fn walk(profile: &Profile) -> (f64, f64) {
    let mut path = Path::new(profile, 9);
    let first = path.mid(0);
    let (mut lowest, mut highest) = (f64::INFINITY, 0.0_f64);
    for _ in 0..profile.new_orders {
        path.step();
        let level = path.mid(0) / (path.log_drift * path.now).exp();
        (lowest, highest) = (lowest.min(level), highest.max(level));
    }
    // The start belongs to the way too.
    (highest.max(first) / lowest.min(first), path.mid(0) / first)
}

#[test]
fn the_range_of_a_million_orders_is_exact() {
    for (name, profile) in Profile::BOOK {
        let (range, end) = walk(&profile);
        assert!((range - 1.0 - profile.range).abs() < 1e-6, "{name}: {range}");
        let noise = 1.0 + profile.range;
        let kept = 1.0 - profile.fall;
        assert!(end > kept / noise && end < kept * noise, "{name}: {end}");
    }
}

#[test]
fn fewer_orders_go_less_far_by_the_root_of_their_number() {
    let profile = Profile { new_orders: 250_000, range: 0.21, ..Profile::NORMAL_DAY };
    let (range, _) = walk(&profile);
    assert!((range - 1.21_f64.sqrt()).abs() < 1e-6, "{range}");
}
