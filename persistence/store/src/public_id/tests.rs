#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

/// 2026-03-07T23:59:59.999999Z
const LATE: i64 = 1_772_927_999_999_999;

#[test]
fn an_id_shows_kind_day_and_number() {
    let id = PublicId::from_micros(PublicIdKind::Order, LATE, 42);
    assert_eq!(id.to_string(), "ORD-20260307-0000001A");
    assert_eq!(PublicId::from_micros(PublicIdKind::Trade, LATE + 1, 1 << 40).to_string(), "TRD-20260308-100000000");
    assert_eq!(PublicId::from_nanos(PublicIdKind::Transaction, 0, u64::MAX).to_string(), "TXN-19700101-FZZZZZZZZZZZZ");
}

#[test]
fn the_uuid_is_fixed() {
    let id = PublicId::from_micros(PublicIdKind::Order, LATE, 42);
    assert_eq!(id.uuid(), PublicId::parse(PublicIdKind::Order, "ord-20260307-000000la").unwrap().uuid());
    assert_eq!(id.uuid().get_version_num(), 5);
    assert_eq!(id.uuid().to_string(), "87ba3ad5-3d0e-5b45-8316-3b47ce98eafb");
}

#[test]
fn what_is_no_id_is_refused() {
    for text in [
        "",
        "ORD",
        "ORD-20260307",
        "ORD-20260307-0000001",
        "TRD-20260307-0000001A",
        "ORD-20260230-0000001A",
        "ORD-2026037-0000001A",
        "ORD-20260307-0000001U",
        "ORD-20260307-0000001A-",
        "ORD-20260307-00000001A",
        "ORD-20260307-ZZZZZZZZZZZZZ",
        "ORD-20260307-0000001\u{e9}",
        "ORD-+2026030-0000001A",
    ] {
        assert_eq!(PublicId::parse(PublicIdKind::Order, text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn every_number_comes_back(number: u64, micros in 0_i64..4_102_444_800_000_000) {
        let id = PublicId::from_micros(PublicIdKind::Trade, micros, number);
        prop_assert_eq!(PublicId::parse(PublicIdKind::Trade, &id.to_string()), Some(id));
        prop_assert_eq!(PublicId::parse(PublicIdKind::Order, &id.to_string()), None);
    }
}
