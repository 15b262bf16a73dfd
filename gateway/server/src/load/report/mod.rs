//! What a run found: one structure, shown as a table, a JSON file and a plot.

mod plot;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use hdrhistogram::Histogram;
use serde::Serialize;

use super::args::LoadArgs;
use super::flow::FlowSettings;
use super::measure::{Figured, Outcome};

/// What was run.
#[derive(Debug)]
pub struct About<'a> {
    /// Prefix of the client order ids.
    pub name: &'a str,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// As it was asked for.
    pub args: &'a LoadArgs,
    /// As it was made.
    pub settings: &'a FlowSettings,
    /// What was traded.
    pub symbols: &'a [String],
}

/// A run's figures. Latencies are in microseconds from the scheduled time, of answered messages after the warm-up.
#[derive(Debug, Serialize)]
pub struct Report {
    version: u32,
    run: String,
    started_at: String,
    url: String,
    parameters: Parameters,
    totals: Totals,
    throughput_per_s: Throughput,
    operations: Vec<Operation>,
    /// How late messages were handed to the socket.
    send_delay_us: Option<Latency>,
    interval_s: f64,
    intervals: Vec<Interval>,
}

#[derive(Debug, Serialize)]
struct Parameters {
    seed: u64,
    rate: f64,
    duration_s: f64,
    warm_up_s: f64,
    connections: u16,
    symbols: Vec<String>,
    mids_ticks: Vec<u32>,
    reads: f64,
    ioc: f64,
    amends: f64,
    cancels: f64,
    stale: f64,
    cold: f64,
    lifetime_s: f64,
    burst: f64,
    swing: f64,
    lots: f64,
}

#[derive(Debug, Serialize)]
struct Totals {
    /// Messages that were due, those of the warm-up included.
    due: u64,
    /// Messages handed over.
    sent: u64,
    /// Answers after the warm-up.
    ok: u64,
    refused: u64,
    /// Of the whole run.
    errors: u64,
    acknowledged_orders: Option<u64>,
    elapsed_s: f64,
}

/// Messages a second.
#[derive(Debug, Serialize)]
struct Throughput {
    /// Asked for.
    asked: f64,
    /// Due, over the whole run.
    due: f64,
    /// Answered after the warm-up.
    answered: f64,
}

#[derive(Debug, Serialize)]
struct Operation {
    name: &'static str,
    answered: u64,
    ok: u64,
    refused: u64,
    errors: u64,
    latency_us: Option<Latency>,
    codes: BTreeMap<String, u64>,
    /// Quantile and latency.
    curve: Vec<(f64, f64)>,
}

/// Percentiles in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Latency {
    mean: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    p99_9: f64,
    p99_99: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct Interval {
    start_s: f64,
    due: u64,
    answered: u64,
    p50_us: Option<f64>,
    p99_us: Option<f64>,
    max_us: Option<f64>,
}

#[expect(clippy::cast_precision_loss, reason = "shown with far fewer digits than a double has")]
fn real(count: u64) -> f64 {
    count as f64
}

fn micros(nanos: u64) -> f64 {
    real(nanos) / 1e3
}

/// Nothing in no time.
fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { real(count) / time.as_secs_f64() }
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| micros(histogram.value_at_quantile(quantile));
        (!histogram.is_empty()).then(|| Self {
            mean: histogram.mean() / 1e3,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: micros(histogram.max()),
        })
    }
}

impl Report {
    /// Puts a run's figures together.
    pub fn new(about: &About<'_>, figured: &Figured, due: u64, elapsed: Duration, acked: Option<u64>) -> Self {
        let (args, settings) = (about.args, about.settings);
        // An interrupted run is shorter than it was asked to be.
        let ran = args.duration.min(elapsed);
        let measured = ran.saturating_sub(args.warm_up);
        let (ok, refused) = (figured.total(Outcome::Ok), figured.total(Outcome::Refused));
        let operations = figured.kinds.iter().map(|(kind, figures)| Operation {
            name: kind.name(),
            answered: figures.latency.len(),
            ok: figures.outcomes[Outcome::Ok as usize],
            refused: figures.outcomes[Outcome::Refused as usize],
            errors: figures.outcomes[Outcome::Error as usize],
            latency_us: Latency::of(&figures.latency),
            codes: figures.codes.clone(),
            curve: curve(&figures.latency),
        });
        let interval_s = figured.interval.as_secs_f64();
        let over_time = (0_u32..).zip(&figured.intervals).map(|(place, interval)| {
            let quantile = |q| (!interval.latency.is_empty()).then(|| micros(interval.latency.value_at_quantile(q)));
            Interval {
                start_s: f64::from(place) * interval_s,
                due: interval.due,
                answered: interval.answered,
                p50_us: quantile(0.5),
                p99_us: quantile(0.99),
                max_us: quantile(1.0),
            }
        });
        Self {
            version: 1,
            run: about.name.to_owned(),
            started_at: about.started_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            url: args.url.clone(),
            parameters: Parameters::new(about),
            totals: Totals {
                due,
                sent: figured.sent,
                ok,
                refused,
                errors: figured.total(Outcome::Error),
                acknowledged_orders: acked,
                elapsed_s: elapsed.as_secs_f64(),
            },
            throughput_per_s: Throughput {
                asked: settings.rate,
                due: per_second(due, ran),
                answered: per_second(ok + refused, measured),
            },
            operations: operations.collect(),
            send_delay_us: Latency::of(&figured.delay),
            interval_s,
            intervals: over_time.collect(),
        }
    }

    /// The table for a terminal.
    pub fn table(&self) -> String {
        table::table(self)
    }

    /// All figures.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// The plot.
    pub fn svg(&self) -> String {
        plot::svg(self)
    }
}

impl Parameters {
    fn new(about: &About<'_>) -> Self {
        let (args, settings) = (about.args, about.settings);
        Self {
            seed: settings.seed,
            rate: settings.rate,
            duration_s: settings.duration.as_secs_f64(),
            warm_up_s: args.warm_up.as_secs_f64(),
            connections: args.connections,
            symbols: about.symbols.to_vec(),
            mids_ticks: settings.contracts.iter().map(|contract| contract.mid_ticks).collect(),
            reads: settings.read_share,
            ioc: settings.ioc_share,
            amends: settings.amend_share,
            cancels: settings.cancel_share,
            stale: settings.stale_share,
            cold: settings.cold_share,
            lifetime_s: settings.lifetime.as_secs_f64(),
            burst: settings.burst,
            swing: settings.swing,
            lots: settings.lots,
        }
    }
}

/// Quantiles by halves of what is left, four to each halving, up to the last that the number of values resolves.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let last = 1.0 - 1.0 / real(histogram.len().max(1));
    let steps = histogram.iter_quantiles(4);
    steps.map(|step| (step.quantile_iterated_to().min(last), micros(step.value_iterated_to()))).collect()
}
