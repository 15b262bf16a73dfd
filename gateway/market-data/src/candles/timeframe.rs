//! Periods of bars. All are counted in UTC and half-open: a trade at the very end of one belongs to the next.

use cx_engine::units::Timestamp;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long a bar is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, bincode::Encode, bincode::Decode)]
pub enum Timeframe {
    /// `1m`.
    Minute1,
    /// `5m`.
    Minute5,
    /// `15m`.
    Minute15,
    /// `30m`.
    Minute30,
    /// `1h`.
    Hour1,
    /// `4h`, from midnight.
    Hour4,
    /// `12h`, from midnight.
    Hour12,
    /// `1d`, from midnight.
    Day1,
    /// `1w`, from Monday, as ISO 8601 weeks are.
    Week1,
    /// `1M`, a calendar month.
    Month1,
}

impl Timeframe {
    /// All of them, from the shortest.
    pub const ALL: [Self; 10] = [
        Self::Minute1,
        Self::Minute5,
        Self::Minute15,
        Self::Minute30,
        Self::Hour1,
        Self::Hour4,
        Self::Hour12,
        Self::Day1,
        Self::Week1,
        Self::Month1,
    ];

    /// The code that clients use: `1m` is a minute, `1M` a month.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Minute1 => "1m",
            Self::Minute5 => "5m",
            Self::Minute15 => "15m",
            Self::Minute30 => "30m",
            Self::Hour1 => "1h",
            Self::Hour4 => "4h",
            Self::Hour12 => "12h",
            Self::Day1 => "1d",
            Self::Week1 => "1w",
            Self::Month1 => "1M",
        }
    }

    /// Finds a timeframe by its code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|timeframe| timeframe.code() == code)
    }

    /// The period `[start, end)` that holds `time`.
    pub fn period(self, time: Timestamp) -> (Timestamp, Timestamp) {
        let nanos = time.nanos();
        let (start, end) = match self {
            Self::Minute1 => even(nanos, MINUTE),
            Self::Minute5 => even(nanos, 5 * MINUTE),
            Self::Minute15 => even(nanos, 15 * MINUTE),
            Self::Minute30 => even(nanos, 30 * MINUTE),
            Self::Hour1 => even(nanos, HOUR),
            Self::Hour4 => even(nanos, 4 * HOUR),
            Self::Hour12 => even(nanos, 12 * HOUR),
            Self::Day1 => even(nanos, DAY),
            Self::Week1 => week(nanos),
            Self::Month1 => month(nanos),
        };
        (Timestamp::from_nanos(start), Timestamp::from_nanos(end))
    }

    /// The longest timeframe whose bars make up this one's.
    pub(super) const fn part(self) -> Option<Self> {
        match self {
            Self::Minute1 => None,
            Self::Minute5 => Some(Self::Minute1),
            Self::Minute15 => Some(Self::Minute5),
            Self::Minute30 => Some(Self::Minute15),
            Self::Hour1 => Some(Self::Minute30),
            Self::Hour4 => Some(Self::Hour1),
            Self::Hour12 => Some(Self::Hour4),
            Self::Day1 => Some(Self::Hour12),
            Self::Week1 | Self::Month1 => Some(Self::Day1),
        }
    }

    pub(super) const fn place(self) -> usize {
        self as usize
    }
}

fn even(nanos: u64, length: u64) -> (u64, u64) {
    let start = nanos - nanos % length;
    (start, start.saturating_add(length))
}

/// 1 January 1970 was a Thursday, three days after a Monday. The week of the epoch itself is cut at the epoch.
fn week(nanos: u64) -> (u64, u64) {
    let monday = (nanos / DAY + 3) / 7 * 7;
    (monday.saturating_sub(3) * DAY, (monday + 4).saturating_mul(DAY))
}

fn month(nanos: u64) -> (u64, u64) {
    let (year, month) = year_and_month(nanos / DAY);
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    (days_before(year, month) * DAY, days_before(next_year, next_month).saturating_mul(DAY))
}

/// Days from the epoch to the first of a month, year 1970 and later. Proleptic Gregorian calendar with years that begin in
/// March, so that the leap day comes last: Howard Hinnant, "chrono-compatible low-level date algorithms"
/// (`days_from_civil`).
fn days_before(year: u64, month: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year and month of a day since the epoch (`civil_from_days` of the same source).
fn year_and_month(days: u64) -> (u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month)
}
