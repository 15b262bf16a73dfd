#![allow(clippy::unwrap_used)]

use super::Timeframe;
use cx_engine::units::Timestamp;

const DAY: u64 = 86_400;

/// Start and end in seconds of the period that holds `seconds`.
fn period(code: &str, seconds: u64) -> (u64, u64) {
    let time = Timestamp::from_nanos(seconds * 1_000_000_000 + 999_999_999);
    let (start, end) = Timeframe::from_code(code).unwrap().period(time);
    assert!(start <= time && time < end);
    assert_eq!((start.nanos() % 1_000_000_000, end.nanos() % 1_000_000_000), (0, 0));
    (start.nanos() / 1_000_000_000, end.nanos() / 1_000_000_000)
}

#[test]
fn short_periods_start_at_even_marks() {
    let time = 1_709_214_899; // 2024-02-29 13:54:59 UTC
    let midnight = 1_709_164_800;
    assert_eq!(period("1m", time), (time - 59, time + 1));
    assert_eq!(period("5m", time), (1_709_214_600, 1_709_214_900));
    assert_eq!(period("15m", time), (1_709_214_300, 1_709_215_200));
    assert_eq!(period("30m", time), (1_709_213_400, 1_709_215_200));
    assert_eq!(period("1h", time), (1_709_211_600, 1_709_215_200));
    assert_eq!(period("4h", time), (midnight + 12 * 3_600, midnight + 16 * 3_600));
    assert_eq!(period("12h", time), (midnight + 12 * 3_600, midnight + DAY));
    assert_eq!(period("1d", time), (midnight, midnight + DAY));
    assert_eq!(period("1m", time + 1), (time + 1, time + 61));
}

#[test]
fn weeks_start_on_monday() {
    let monday = 1_708_905_600; // 2024-02-26
    assert_eq!(period("1w", monday), (monday, monday + 7 * DAY));
    assert_eq!(period("1w", monday + 7 * DAY - 1), (monday, monday + 7 * DAY));
    assert_eq!(period("1w", monday - 1), (monday - 7 * DAY, monday));
    assert_eq!(period("1w", 0), (0, 4 * DAY), "the epoch is a Thursday");
}

#[test]
fn months_follow_the_calendar() {
    let february = (1_706_745_600, 1_709_251_200); // leap year 2024
    assert_eq!(period("1M", 1_709_214_899), february);
    assert_eq!(period("1M", february.1), (1_709_251_200, 1_711_929_600));
    assert_eq!(period("1M", february.0 - 1), (1_704_067_200, 1_706_745_600));
    let december = (1_764_547_200, 1_767_225_600); // 2025
    assert_eq!(period("1M", december.1 - 1), december);
    assert_eq!(period("1M", 0), (0, 31 * DAY));
    // Every month from 1970 to 2400 begins where the one before ended, and has its length.
    let mut start = 0;
    for year in 1970..2400 {
        for month in 1..=12 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = [31, 28 + u64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
            for moment in [start, start + days * DAY - 1] {
                assert_eq!(period("1M", moment), (start, start + days * DAY), "{year}-{month}");
            }
            start += days * DAY;
        }
    }
}

#[test]
fn codes_tell_a_minute_from_a_month() {
    for timeframe in Timeframe::ALL {
        assert_eq!(Timeframe::from_code(timeframe.code()), Some(timeframe));
    }
    assert_ne!(Timeframe::from_code("1m"), Timeframe::from_code("1M"));
    assert_eq!(Timeframe::from_code("2h"), None);
}
