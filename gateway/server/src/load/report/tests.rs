#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::table::time;
use super::*;
use crate::load::flow::{Contract, Seat};
use crate::load::measure::Kind;
use clap::{CommandFactory as _, FromArgMatches as _};

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    load: LoadArgs,
}

fn args() -> LoadArgs {
    let matches = Command::command().get_matches_from(["load", "--duration", "10", "--warm-up", "0"]);
    Command::from_arg_matches(&matches).unwrap().load
}

fn settings() -> FlowSettings {
    FlowSettings {
        seed: 1,
        rate: 100.0,
        duration: Duration::from_secs(10),
        read_share: 0.02,
        ioc_share: 0.15,
        amend_share: 0.2,
        cancel_share: 0.95,
        stale_share: 0.02,
        lifetime: Duration::from_millis(500),
        cold_share: 0.1,
        burst: 0.5,
        swing: 0.02,
        lots: 5.0,
        live_max: 10,
        contracts: vec![Contract { mid_ticks: 1_000, ticks_max: 2_000 }],
        seats: vec![Seat { buys: true, sells: vec![true] }],
    }
}

fn report(fill: impl Fn(&mut Figured)) -> Report {
    report_after(Duration::from_secs(10), Duration::ZERO, fill)
}

fn report_after(elapsed: Duration, warm_up: Duration, fill: impl Fn(&mut Figured)) -> Report {
    let (args, settings) = (LoadArgs { warm_up, ..args() }, settings());
    let mut figured = Figured::new(args.duration, args.warm_up);
    fill(&mut figured);
    let symbols = ["A&B<C".to_owned()];
    let started_at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let about = About { name: "r1", started_at, args: &args, settings: &settings, symbols: &symbols };
    Report::new(&about, &figured, 1_000, elapsed, Some(3))
}

/// A thousand places over ten seconds, one millisecond each but for the last ten, and a few cancels.
fn busy(figured: &mut Figured) {
    for n in 0..1_000_u32 {
        let due = Duration::from_millis(10) * n;
        let latency = if n < 990 { Duration::from_millis(1) } else { Duration::from_millis(n.into()) };
        figured.sent(due, Duration::from_micros(50));
        figured.answered(Kind::Place, due, latency, "ok");
    }
    figured.answered(Kind::Cancel, Duration::ZERO, Duration::from_micros(300), "order_not_open");
    figured.lost(Kind::Cancel, "no_answer");
}

#[test]
fn percentiles_come_from_the_recorded_latencies() {
    let report = report(busy);
    let place = report.operations.iter().find(|operation| operation.name == "place").unwrap();
    let latency = place.latency_us.unwrap();
    for (value, expected) in [(latency.p50, 1e3), (latency.p99, 1e3), (latency.p99_9, 998e3), (latency.max, 999e3)] {
        assert!((value / expected - 1.0).abs() < 0.002, "{value} is not {expected}");
    }
    assert_eq!((place.answered, place.ok, place.errors), (1_000, 1_000, 0));
    assert!(place.curve.is_sorted() && place.curve.last().unwrap().0 >= 0.998);
    assert!((report.throughput_per_s.answered - 100.1).abs() < 0.01);
}

#[test]
fn an_interrupted_run_has_its_own_length() {
    let two = Duration::from_secs(2);
    let fill = |figured: &mut Figured| (0..300).for_each(|_| figured.answered(Kind::Place, two, two, "ok"));
    let rates = report_after(Duration::from_secs(5), two, fill).throughput_per_s;
    assert!((rates.due - 200.0).abs() < 1e-9 && (rates.answered - 100.0).abs() < 1e-9, "{rates:?}");
    let rates = report_after(Duration::from_secs(1), two, |_| ()).throughput_per_s;
    assert!(rates.answered == 0.0 && rates.due == 1_000.0, "{rates:?}");
}

#[test]
fn the_table_has_every_figure_of_the_contract() {
    let table = report(busy).table();
    for wanted in
        ["p50", "p90", "p99", "p99.9", "p99.99", "max", "1000 due", "1 refused by rule", "1 failed", "no_answer 1"]
    {
        assert!(table.contains(wanted), "{wanted} is missing in\n{table}");
    }
    let place = table.lines().find(|line| line.starts_with("place")).unwrap();
    assert!(place.contains("1.00 ms") && place.contains("999 ms"), "{place}");
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
}

#[test]
fn the_json_file_reads_back() {
    let value: serde_json::Value = serde_json::from_str(&report(busy).json().unwrap()).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["totals"]["acknowledged_orders"], 3);
    assert_eq!(value["operations"][0]["name"], "place");
    assert_eq!(value["operations"][2]["codes"]["order_not_open"], 1);
    assert_eq!(value["intervals"].as_array().unwrap().len(), 10);
}

#[test]
fn the_plot_is_well_formed_also_without_any_answer() {
    for svg in [report(busy).svg(), report(|_| ()).svg()] {
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        for tag in ["text", "svg"] {
            let (open, close) = (svg.matches(&format!("<{tag} ")).count(), svg.matches(&format!("</{tag}>")).count());
            assert_eq!(open, close, "{tag}");
        }
    }
}

#[test]
fn times_have_units_and_few_digits() {
    let shown = [0.4, 73.2, 999.4, 999.6, 1_234.0, 12_345.0, 123_456.0, 1_234_567.0].map(time);
    assert_eq!(shown, ["0 us", "73 us", "999 us", "1.00 ms", "1.23 ms", "12.3 ms", "123 ms", "1.23 s"]);
}
