//! The plot: latency by percentile, latency over time, throughput over time. Plain SVG, readable without a script.

use std::fmt::{self, Write as _};

use super::{Interval, Report};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 880.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 36.0;
/// One colour for each kind of message, in the order of the report; told apart with any eyesight (Okabe and Ito).
const COLOURS: [&str; 4] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];
const DUE: &str = "#999999";
const INK: &str = "#222222";
/// Percentiles that the axis names, with their place: the power of ten of what lies above.
const PERCENTILES: [(&str, f64); 6] =
    [("0", 0.0), ("50", 0.5), ("90", 0.9), ("99", 0.99), ("99.9", 0.999), ("99.99", 0.9999)];
/// The axis of percentiles ends here: 99.999.
const NINES: f64 = 5.0;

/// One figure of an interval, where there is one.
type Pick = fn(&Interval) -> Option<f64>;

/// A frame on the page with its axes.
struct Panel {
    top: f64,
    height: f64,
    x_max: f64,
    y: Axis,
}

/// A vertical axis.
enum Axis {
    /// From 0 to the number.
    Linear(f64),
    /// Between two powers of ten.
    Log(i32, i32),
}

pub(super) fn svg(report: &Report) -> String {
    let mut text = String::new();
    draw(report, &mut text).expect("writing to a string cannot fail");
    text
}

fn draw(report: &Report, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12" fill="{INK}">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>"##
    )?;
    let asked = &report.parameters;
    label(out, LEFT, 26.0, "start", 17.0, "CarbonXchange under load")?;
    let about = format!(
        "{:.0} messages/s asked, {:.0}/s answered, {} connections, {} s, seed {}, {}, {} failed",
        asked.rate,
        report.throughput_per_s.answered,
        asked.connections,
        asked.duration_s,
        asked.seed,
        report.started_at,
        report.totals.errors
    );
    label(out, LEFT, 46.0, "start", 12.0, &about)?;
    percentile_panel(report, out)?;
    latency_panel(report, out)?;
    throughput_panel(report, out)?;
    writeln!(out, "</svg>")
}

fn percentile_panel(report: &Report, out: &mut String) -> fmt::Result {
    let curves = || report.operations.iter().map(|operation| &operation.curve);
    let values = curves().flatten().map(|&(_, micros)| micros);
    let panel = Panel { top: 90.0, height: 290.0, x_max: NINES, y: Axis::log(values) };
    panel.frame(out, "Latency by percentile, from the scheduled time")?;
    for (name, quantile) in PERCENTILES {
        panel.x_mark(out, nines(quantile), name)?;
    }
    panel.x_mark(out, NINES, "99.999")?;
    label(out, WIDTH / 2.0, panel.bottom() + 34.0, "middle", 12.0, "percentile")?;
    let mut at = LEFT + 12.0;
    for (operation, colour) in report.operations.iter().zip(COLOURS).filter(|(o, _)| !o.curve.is_empty()) {
        let points = operation.curve.iter().map(|&(quantile, micros)| (nines(quantile).min(NINES), micros));
        panel.line(out, points, colour, "")?;
        at = legend(out, at, panel.top + 16.0, colour, operation.name)?;
    }
    Ok(())
}

fn latency_panel(report: &Report, out: &mut String) -> fmt::Result {
    let of = |pick: Pick| {
        report
            .intervals
            .iter()
            .filter_map(move |interval| Some((interval.start_s + report.interval_s / 2.0, pick(interval)?)))
    };
    let all = report.intervals.iter().flat_map(|interval| [interval.p50_us, interval.max_us]).flatten();
    let panel = Panel { top: 462.0, height: 150.0, x_max: report.parameters.duration_s, y: Axis::log(all) };
    panel.frame(out, "Latency over time, all messages due in each interval")?;
    panel.seconds(out)?;
    let mut at = LEFT + 12.0;
    let lines: [(&str, &str, Pick); 3] = [
        ("median", COLOURS[0], |interval| interval.p50_us),
        ("p99", COLOURS[1], |interval| interval.p99_us),
        ("max", COLOURS[3], |interval| interval.max_us),
    ];
    for (name, colour, pick) in lines {
        panel.line(out, of(pick), colour, "")?;
        at = legend(out, at, panel.top + 16.0, colour, name)?;
    }
    panel.warm_up(out, report.parameters.warm_up_s)
}

fn throughput_panel(report: &Report, out: &mut String) -> fmt::Result {
    let rate = |count: u64| super::real(count) / report.interval_s;
    let most = report.intervals.iter().map(|interval| rate(interval.due.max(interval.answered))).fold(4.0, f64::max);
    let panel = Panel { top: 690.0, height: 130.0, x_max: report.parameters.duration_s, y: Axis::linear(most) };
    panel.frame(out, "Throughput over time, messages a second")?;
    panel.seconds(out)?;
    label(out, WIDTH / 2.0, panel.bottom() + 34.0, "middle", 12.0, "seconds")?;
    let steps = |count: fn(&Interval) -> u64| {
        let step = move |i: &Interval| [i.start_s, i.start_s + report.interval_s].map(|at| (at, rate(count(i))));
        report.intervals.iter().flat_map(step)
    };
    panel.line(out, steps(|interval| interval.due), DUE, r#" stroke-dasharray="5 3""#)?;
    panel.line(out, steps(|interval| interval.answered), COLOURS[2], "")?;
    // Below the curves: they run near the top.
    let at = legend(out, LEFT + 12.0, panel.bottom() - 10.0, DUE, "due")?;
    legend(out, at, panel.bottom() - 10.0, COLOURS[2], "answered").map(drop)
}

/// The place of a quantile: 0 for the least, 1 for 90%, 2 for 99%.
fn nines(quantile: f64) -> f64 {
    if quantile >= 1.0 { NINES } else { -(1.0 - quantile).log10() }
}

impl Axis {
    fn log(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.filter(|v| *v > 0.0).fold((f64::MAX, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
        if high == 0.0 {
            return Self::Log(1, 4);
        }
        let (low, high) = (power(low.log10().floor()), power(high.log10().ceil()));
        Self::Log(low, high.max(low + 1))
    }

    /// To the next round number.
    fn linear(most: f64) -> Self {
        let unit = 10_f64.powf(most.log10().floor());
        let steps = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
        Self::Linear(steps.into_iter().map(|step| step * unit).find(|&top| top >= most * 1.02).unwrap_or(most))
    }

    /// Height of a value, 0 at the bottom and 1 at the top.
    fn place(&self, value: f64) -> f64 {
        match self {
            Self::Linear(top) => (value / top).clamp(0.0, 1.0),
            Self::Log(low, high) => {
                let (low, high) = (f64::from(*low), f64::from(*high));
                ((value.max(1e-9).log10() - low) / (high - low)).clamp(0.0, 1.0)
            }
        }
    }

    /// Values with a line and a name.
    fn marks(&self) -> Vec<(f64, String)> {
        match self {
            Self::Linear(top) => (0..=4).map(|n| top * f64::from(n) / 4.0).map(|v| (v, format!("{v:.0}"))).collect(),
            Self::Log(low, high) => {
                let name = |micros: f64| match micros {
                    m if m < 1_000.0 => format!("{m} us"),
                    m if m < 1_000_000.0 => format!("{} ms", m / 1e3),
                    m => format!("{} s", m / 1e6),
                };
                (*low..=*high).map(|n| 10_f64.powi(n)).map(|v| (v, name(v))).collect()
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a power of ten between microseconds and minutes")]
fn power(value: f64) -> i32 {
    value as i32
}

impl Panel {
    fn bottom(&self) -> f64 {
        self.top + self.height
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (value / self.x_max).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom() - self.height * self.y.place(value)
    }

    fn frame(&self, out: &mut String, title: &str) -> fmt::Result {
        label(out, LEFT, self.top - 10.0, "start", 13.0, title)?;
        for (value, name) in self.y.marks() {
            let y = self.y(value);
            writeln!(out, r##"<path d="M{LEFT} {y:.1}H{:.1}" stroke="#e3e3e3"/>"##, WIDTH - RIGHT)?;
            label(out, LEFT - 8.0, y + 4.0, "end", 12.0, &name)?;
        }
        let (width, height) = (WIDTH - LEFT - RIGHT, self.height);
        writeln!(
            out,
            r##"<rect x="{LEFT}" y="{}" width="{width}" height="{height}" fill="none" stroke="#888888"/>"##,
            self.top
        )
    }

    fn x_mark(&self, out: &mut String, value: f64, name: &str) -> fmt::Result {
        let x = self.x(value);
        writeln!(out, r##"<path d="M{x:.1} {:.1}V{:.1}" stroke="#e3e3e3"/>"##, self.top, self.bottom())?;
        label(out, x, self.bottom() + 17.0, "middle", 12.0, name)
    }

    fn seconds(&self, out: &mut String) -> fmt::Result {
        let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 21_600.0, 86_400.0];
        let step = steps.into_iter().find(|step| self.x_max / step <= 12.0).unwrap_or(self.x_max);
        let mut second = 0.0;
        while second <= self.x_max {
            self.x_mark(out, second, &second.to_string())?;
            second += step;
        }
        Ok(())
    }

    fn warm_up(&self, out: &mut String, seconds: f64) -> fmt::Result {
        if seconds <= 0.0 {
            return Ok(());
        }
        let width = self.x(seconds) - LEFT;
        writeln!(
            out,
            r##"<rect x="{LEFT}" y="{}" width="{width:.1}" height="{}" fill="#000000" fill-opacity="0.06"><title>warm-up, not measured</title></rect>"##,
            self.top, self.height
        )
    }

    fn line(
        &self,
        out: &mut String,
        points: impl Iterator<Item = (f64, f64)>,
        colour: &str,
        style: &str,
    ) -> fmt::Result {
        let mut path = String::new();
        for (x, y) in points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            write!(path, "{command}{:.1} {:.1}", self.x(x), self.y(y))?;
        }
        if path.is_empty() {
            return Ok(());
        }
        writeln!(out, r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{style}/>"#)
    }
}

/// A coloured stroke and a name; gives where the next one begins.
fn legend(out: &mut String, at: f64, y: f64, colour: &str, name: &str) -> Result<f64, fmt::Error> {
    writeln!(out, r#"<path d="M{at} {:.1}h22" stroke="{colour}" stroke-width="3"/>"#, y - 4.0)?;
    label(out, at + 28.0, y, "start", 12.0, name)?;
    let letters = u32::try_from(name.len()).unwrap_or(0);
    Ok(at + 50.0 + 7.0 * f64::from(letters))
}

fn label(out: &mut String, x: f64, y: f64, anchor: &str, size: f64, text: &str) -> fmt::Result {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" font-size="{size}">{text}</text>"#)
}
