//! The table at the end of a run.

use std::fmt::Write as _;

use super::{Latency, Report};

/// The whole text, with a line's end.
pub(super) fn table(report: &Report) -> String {
    let mut text = String::new();
    write_into(report, &mut text).expect("writing to a string cannot fail");
    text
}

fn write_into(report: &Report, text: &mut String) -> std::fmt::Result {
    let (totals, throughput, asked) = (&report.totals, &report.throughput_per_s, &report.parameters);
    writeln!(
        text,
        "run {}: seed {}, {} connections, {} instruments, {} s of which {} s warm-up",
        report.run,
        asked.seed,
        asked.connections,
        asked.symbols.len(),
        asked.duration_s,
        asked.warm_up_s
    )?;
    writeln!(
        text,
        "throughput: {:.0}/s asked, {:.0}/s due, {:.0}/s answered; {} due, {} sent, {} done, {} refused by rule, {} failed",
        throughput.asked,
        throughput.due,
        throughput.answered,
        totals.due,
        totals.sent,
        totals.ok,
        totals.refused,
        totals.errors
    )?;
    if let Some(orders) = totals.acknowledged_orders {
        writeln!(text, "acknowledged orders written: {orders}")?;
    }
    writeln!(text)?;
    writeln!(
        text,
        "{:<11}{:>10}{:>9}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "latency", "answered", "refused", "failed", "p50", "p90", "p99", "p99.9", "p99.99", "max"
    )?;
    for operation in &report.operations {
        write!(
            text,
            "{:<11}{:>10}{:>9}{:>8}",
            operation.name, operation.answered, operation.refused, operation.errors
        )?;
        percentiles(text, operation.latency_us.as_ref())?;
    }
    write!(text, "{:<38}", "send delay")?;
    percentiles(text, report.send_delay_us.as_ref())?;
    writeln!(text)?;
    writeln!(text, "answers by code:")?;
    for operation in report.operations.iter().filter(|operation| !operation.codes.is_empty()) {
        let codes: Vec<String> = operation.codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
        writeln!(text, "  {:<9}{}", operation.name, codes.join(", "))?;
    }
    Ok(())
}

fn percentiles(text: &mut String, latency: Option<&Latency>) -> std::fmt::Result {
    if let Some(l) = latency {
        for value in [l.p50, l.p90, l.p99, l.p99_9, l.p99_99, l.max] {
            write!(text, "{:>10}", time(value))?;
        }
    }
    writeln!(text)
}

/// Microseconds with a unit and three digits or so.
pub(super) fn time(micros: f64) -> String {
    match micros {
        m if m < 999.5 => format!("{m:.0} us"),
        m if m < 9_995.0 => format!("{:.2} ms", m / 1e3),
        m if m < 99_950.0 => format!("{:.1} ms", m / 1e3),
        m if m < 999_500.0 => format!("{:.0} ms", m / 1e3),
        m => format!("{:.2} s", m / 1e6),
    }
}
