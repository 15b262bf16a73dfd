//! Every form by example, what is refused, and the round trip of generated serials.

#![allow(clippy::unwrap_used)]

use chrono::NaiveDate;
use proptest::prelude::*;

use super::{Form, Serial, SerialRange};
use crate::words::Registry;

fn range(first: u64, last: u64) -> SerialRange {
    SerialRange::new(first, last).unwrap()
}

struct Expected {
    text: &'static str,
    form: Form,
    range: Option<(u64, u64)>,
    project: Option<&'static str>,
    country: Option<&'static str>,
    year: Option<i32>,
    batch: &'static str,
    scope: &'static str,
}

const FORMS: &[Expected] = &[
    Expected {
        text: "100-5001-5025-VCS-VCU-1507-VER-KE-14-42-01012020-31122020-1",
        form: Form::Verra,
        range: Some((5001, 5025)),
        project: Some("42"),
        country: Some("KE"),
        year: Some(2020),
        batch: "100",
        scope: "VCU",
    },
    Expected {
        text: "80-4494-4494-VCU-042-MER-PE-14-1360-01072013-30062014-1",
        form: Form::VerraOld,
        range: Some((4494, 4494)),
        project: Some("1360"),
        country: Some("PE"),
        year: Some(2014),
        batch: "80",
        scope: "VCU",
    },
    Expected {
        text: "GS1-1-KE-GS77-16-2025-300-110-5463",
        form: Form::GoldStandard,
        range: Some((110, 5463)),
        project: Some("77"),
        country: Some("KE"),
        year: Some(2025),
        batch: "300",
        scope: "GS1-1-KE-GS77-16-2025-300",
    },
    Expected {
        text: "RW-5-1001-2-2-0-7014 - RW-5-1010-2-2-0-7014",
        form: Form::Cdm,
        range: Some((1001, 1010)),
        project: None,
        country: Some("RW"),
        year: None,
        batch: "7014",
        scope: "RW-5-*-2-2-0-7014",
    },
    Expected {
        text: "ACR-FR-55-2025-29-30932 to 35143",
        form: Form::Acr,
        range: Some((30932, 35143)),
        project: Some("55"),
        country: Some("FR"),
        year: Some(2025),
        batch: "29",
        scope: "ACR-FR-55-2025-29",
    },
    Expected {
        text: "CAR-1-US-55-31-983-KS-2025-920-1 to 5000",
        form: Form::Car,
        range: Some((1, 5000)),
        project: Some("55"),
        country: Some("US"),
        year: Some(2025),
        batch: "920",
        scope: "CAR-1-US-55-31-983-KS-2025-920",
    },
    Expected {
        text: "CAR-ROC-US-98-125-102-CA-2024-85-1 to 1",
        form: Form::Car,
        range: Some((1, 1)),
        project: Some("98"),
        country: Some("US"),
        year: Some(2024),
        batch: "85",
        scope: "CAR-ROC-US-98-125-102-CA-2024-85",
    },
    Expected {
        text: "FCPF-GH-2-2021-11-2759 to 2760",
        form: Form::Art,
        range: Some((2759, 2760)),
        project: Some("2"),
        country: Some("GH"),
        year: Some(2021),
        batch: "11",
        scope: "FCPF-GH-2-2021-11",
    },
    Expected {
        text: "PURO_PR_CORC100+_FI_577_2020_055a3fbe_1-100",
        form: Form::Puro,
        range: Some((1, 100)),
        project: Some("577"),
        country: Some("FI"),
        year: Some(2020),
        batch: "055a3fbe",
        scope: "PURO_PR_CORC100+_FI_577_2020_055a3fbe",
    },
    Expected {
        text: "iss_1KP6EDZ8K1S036PY",
        form: Form::Opaque,
        range: None,
        project: None,
        country: None,
        year: None,
        batch: "iss_1KP6EDZ8K1S036PY",
        scope: "iss_1KP6EDZ8K1S036PY",
    },
];

#[test]
fn takes_every_form_apart_and_gives_the_same_text_back() {
    for expected in FORMS {
        let serial = Serial::parse(expected.text).unwrap();
        assert_eq!(serial.form(), expected.form, "{}", expected.text);
        assert_eq!(serial.range().map(|r| (r.first(), r.last())), expected.range, "{}", expected.text);
        assert_eq!(serial.project(), expected.project, "{}", expected.text);
        assert_eq!(serial.country(), expected.country, "{}", expected.text);
        assert_eq!(serial.vintage_year(), expected.year, "{}", expected.text);
        assert_eq!(serial.batch(), expected.batch, "{}", expected.text);
        assert_eq!(serial.scope(), expected.scope, "{}", expected.text);
        assert_eq!(serial.to_string(), expected.text);
    }
}

#[test]
fn verra_serials_carry_dates_and_the_certification_flag() {
    let serial = Serial::parse("1-5-6-VCS-VCU-1-VER-KE-14-42-01022020-31122020-0").unwrap();
    let day = |month, day| NaiveDate::from_ymd_opt(2020, month, day).unwrap();
    assert_eq!(serial.vintage_period(), Some((day(2, 1), day(12, 31))));
    assert_eq!(serial.certified(), Some(false));
    assert_eq!(serial.registry(), Some(Registry::Verra));
    assert_eq!(Serial::parse(FORMS[0].text).unwrap().certified(), Some(true));
    assert_eq!(Serial::parse(FORMS[2].text).unwrap().certified(), None);
}

#[test]
fn mixed_dashes_and_blanks_are_normalised() {
    let serial = Serial::parse("\u{a0} ACR\u{2013}FR-55\u{2212}2025-29-1  to\u{a0}20 ").unwrap();
    assert_eq!(serial.as_str(), "ACR-FR-55-2025-29-1 to 20");
}

#[test]
fn what_begins_like_a_form_must_follow_it() {
    let cases = [
        ("", "is empty"),
        ("1-5-6-VCS-VCU-1-VER-KE-14-42-01022020-31122020", "has 12 fields"),
        ("1-5-6-VCS-VCU-1-VER-KE-14-42-01022020-31122020-2", "\"2\" where the certification flag"),
        ("1-5-6-VCS-VCU-1-VER-Kenya-14-42-01022020-31122020-0", "\"Kenya\" where the country"),
        ("1-5-6-VCS-VCU-1-MER-KE-14-42-01022020-31122020-0", "\"MER\" where the registry"),
        ("1-5-6-VCS-VCU-1-VER-KE-14-42-30022020-31122020-0", "vintage date \"30022020\""),
        ("1-5-6-VCS-VCU-1-VER-KE-14-42-01022021-31122020-0", "\"31122020\" where the end of the vintage"),
        ("1-6-5-VCS-VCU-1-VER-KE-14-42-01022020-31122020-0", "ends at 5, before it begins at 6"),
        ("1-05-6-VCS-VCU-1-VER-KE-14-42-01022020-31122020-0", "\"05\" where the serial number"),
        ("GS1-1-KE-77-16-2025-300-110-5463", "\"77\" where the project"),
        ("GS1-1-KE-GS77-16-25-300-110-5463", "\"25\" where the vintage"),
        ("GS1-1-KE-GS77-16-2025-300-5463", "has 8 fields"),
        ("ACR-FR-55-2025-29-30932-35143", "has 7 fields"),
        ("ACR-FR-55-2025-29-30932", "\"30932\" where the range"),
        ("ACR-FR-55-2025-29-1 to 99999999999999999999", "where the serial number"),
        ("CAR-1-US-55-31-983-KS-2025-920-1 to x", "\"x\" where the serial number"),
        ("PURO_PR_CORC100+_FI_577_2020_055a3fbe", "has 7 fields"),
        ("RW-5-1001-2-2-0-7014 - RW-5-1010-2-2-0-7015", "two ends"),
        ("RW-5-1001-2-2-0-7014 - KE-5-1010-2-2-0-7014", "two ends"),
        ("bell\u{7}", "character"),
        ("caf\u{e9}", "character"),
    ];
    for (text, expected) in cases {
        let error = Serial::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(Serial::parse(&"x".repeat(161)).is_err());
}

#[test]
fn an_opaque_serial_cannot_be_split() {
    assert_eq!(Serial::parse("iss_1").unwrap().with_range(range(1, 2)), None);
}

/// A serial of any form with a range, and that range.
fn serials() -> impl Strategy<Value = (String, SerialRange)> {
    let numbers = (1_u64..1 << 40, 0_u64..1 << 30).prop_map(|(first, more)| range(first, first + more));
    let day = (1990_i32..2100, 1_u32..=12, 1_u32..=28).prop_map(|(y, m, d)| NaiveDate::from_ymd_opt(y, m, d).unwrap());
    (0_u8..8, numbers, "[A-Z]{2}", 1_u32..99_999, 1_u32..99_999, 1990_i32..2200, (day.clone(), day)).prop_map(
        |(form, range, country, project, batch, year, (day, other))| {
            let (first, last) = (range.first(), range.last());
            let (from, to) = (day.min(other).format("%d%m%Y"), day.max(other).format("%d%m%Y"));
            let text = match form {
                0 => format!(
                    "{batch}-{first}-{last}-VCS-VCU-{batch}-VER-{country}-14-{project}-{from}-{to}-{}",
                    project % 2
                ),
                1 => format!("{batch}-{first}-{last}-VCU-042-APX-{country}-1-{project}-{from}-{to}-0"),
                2 => format!("GS1-1-{country}-GS{project}-16-{year}-{batch}-{first}-{last}"),
                3 => format!("{country}-5-{first}-2-2-0-{batch} - {country}-5-{last}-2-2-0-{batch}"),
                4 => format!("ACR-{country}-{project}-{year}-{batch}-{first} to {last}"),
                5 => format!("CAR-ROC-{country}-{project}-4-983-KS-{year}-{batch}-{first} to {last}"),
                6 => format!("ART-{country}-{project}-{year}-{batch}-{first} to {last}"),
                _ => format!("PURO_PR_CORC100+_{country}_{project}_{year}_{batch:x}_{first}-{last}"),
            };
            (text, range)
        },
    )
}

proptest! {
    #[test]
    fn round_trip(((text, numbers), (a, b)) in (serials(), (0_u64..1 << 40, 0_u64..1 << 40))) {
        let serial = Serial::parse(&text).unwrap();
        prop_assert_ne!(serial.form(), Form::Opaque);
        prop_assert_eq!(serial.to_string(), text);
        prop_assert_eq!(serial.range(), Some(numbers));
        // Another part of the same batch, and back.
        let part = range(a.min(b), a.max(b));
        let other = serial.with_range(part).unwrap();
        prop_assert_eq!(other.range(), Some(part));
        prop_assert_eq!(other.scope(), serial.scope());
        prop_assert_eq!(other.batch(), serial.batch());
        prop_assert_eq!(other.project(), serial.project());
        prop_assert_eq!(other.vintage_year(), serial.vintage_year());
        prop_assert_eq!(other.with_range(numbers), Some(serial));
    }

    #[test]
    fn any_text_is_read_or_refused_without_harm(text in "\\PC{0,60}|[0-9A-Z_ -]{0,80}|(ACR|CAR|GS1|PURO|1-2-3-VCU)[-_0-9A-Z to]{0,60}") {
        if let Ok(serial) = Serial::parse(&text) {
            prop_assert_eq!(Serial::parse(serial.as_str()), Ok(serial.clone()));
        }
    }
}
