//! How the cost of an operation grows with the size of the book and of the exchange: measured and drawn, one SVG a question.
//!
//!     growth book FOLDER       orders.svg, levels.svg, memory.svg
//!     growth exchange FOLDER   instruments.svg, accounts.svg
//!
//! Others may use the machine meanwhile. Of many short measurements of the same thing the least disturbed count: of batches of
//! operations on a book the lower quartile, of commands to the exchange the shortest time of each thousand in any turn.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use cx_benches::book_flow::{Action, Message};
use cx_benches::desk::Desk;
use cx_benches::{Flow, Profile, drive};
use cx_engine::command::Side;
use plotters::prelude::*;

/// Operations that are timed together.
const BATCH: usize = 10_000;
/// Batches, of which the lower quartile counts.
const BATCHES: usize = 21;
/// Commands that are timed together.
const CHUNK: usize = 1_000;
/// How often the same commands are applied.
const TURNS: usize = 7;
/// The best bid; above half of all levels.
const BID: i64 = 2_000_000;
/// Lots of each order.
const LOTS: u64 = 10;

/// Lines of a plot: name, and cost by size.
type Lines = Vec<(&'static str, Vec<(f64, f64)>)>;

/// A small generator of random numbers: the same on every machine, and cheap beside what is measured.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("the limit fits")
    }
}

/// A book with so many orders on so many levels a side, and the ids of its orders.
struct Subject {
    desk: Desk,
    ids: Vec<u64>,
    levels: usize,
    random: Random,
}

impl Subject {
    fn new(orders: usize, levels: usize) -> Self {
        let mut subject =
            Self { desk: Desk::default(), ids: Vec::with_capacity(orders), levels, random: Random(2_026) };
        // Each level once, in no order, then as it comes.
        for side in [Side::Buy, Side::Sell] {
            for away in 0..levels.min(orders / 2) {
                subject.add(side, away * 7_919 % levels);
            }
        }
        while subject.ids.len() < orders {
            let message = subject.random_add();
            subject.ids.push(subject.desk.next_id());
            subject.desk.apply(&message, &mut |_| {});
        }
        subject
    }

    fn add(&mut self, side: Side, away: usize) {
        self.ids.push(self.desk.next_id());
        self.desk.apply(&at(Action::Add, side, away), &mut |_| {});
    }

    fn random_add(&mut self) -> Message {
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        at(Action::Add, side, self.random.below(self.levels))
    }

    fn timed(&mut self, messages: &[Message]) -> f64 {
        let start = Instant::now();
        let mut sum = 0_u64;
        for message in messages {
            self.desk.apply(message, &mut |report| sum = sum.wrapping_add(report.order));
        }
        black_box(sum);
        start.elapsed().as_secs_f64() * 1e9 / as_f64(messages.len())
    }

    /// Nanoseconds of adding somewhere, of cancelling any order, and of filling the first order of the book.
    fn costs(&mut self) -> [f64; 3] {
        let batch = BATCH.min(self.ids.len() / 4);
        let mut costs = [(); 3].map(|()| Vec::new());
        for _ in 0..BATCHES {
            let adds: Vec<Message> = (0..batch).map(|_| self.random_add()).collect();
            let mut added = Vec::with_capacity(batch);
            costs[0].push(self.timed_adds(&adds, &mut added));
            self.ids.append(&mut added);
            let cancels: Vec<Message> = (0..batch)
                .map(|_| {
                    let chosen = self.random.below(self.ids.len());
                    Message { id: self.ids.swap_remove(chosen), ..at(Action::Cancel, Side::Buy, 0) }
                })
                .collect();
            costs[1].push(self.timed(&cancels));
            // As many orders in front of the book as are then filled, so that the book stays what it is.
            for _ in 0..batch {
                self.desk.apply(&Message { price: BID + 1, ..at(Action::Add, Side::Sell, 0) }, &mut |_| {});
            }
            let fills = vec![Message { price: BID + 1, ..at(Action::AddImmediate, Side::Buy, 0) }; batch];
            costs[2].push(self.timed(&fills));
        }
        costs.map(|mut costs| {
            costs.sort_by(f64::total_cmp);
            costs[costs.len() / 4]
        })
    }

    /// Adds, and reads the ids off the reports.
    fn timed_adds(&mut self, messages: &[Message], ids: &mut Vec<u64>) -> f64 {
        let start = Instant::now();
        for message in messages {
            self.desk.apply(message, &mut |report| ids.push(report.order));
        }
        start.elapsed().as_secs_f64() * 1e9 / as_f64(messages.len())
    }
}

/// A message about an order so many ticks behind the touch of its side; the asks' touch is two ticks above the bids'.
fn at(action: Action, side: Side, away: usize) -> Message {
    let away = i64::try_from(away).expect("books are small");
    let price = if side == Side::Buy { BID - away } else { BID + 2 + away };
    Message { id: 0, price, quantity: LOTS, action, side, open: true, filled: 0 }
}

#[allow(clippy::cast_precision_loss)] // counts are far below 2^53
fn as_f64(count: usize) -> f64 {
    count as f64
}

/// Bytes of memory that this process has in use.
fn resident() -> Result<f64, Box<dyn Error>> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = pages.split_whitespace().nth(1).ok_or("no resident size")?.parse()?;
    Ok(as_f64(pages * 4_096))
}

fn book(folder: &Path) -> Result<(), Box<dyn Error>> {
    let names = ["add at any level", "cancel any order", "fill the first order"];
    let lines = |points: &[(usize, [f64; 3])]| -> Lines {
        let line = |at: usize| points.iter().map(|(size, costs)| (as_f64(*size), costs[at])).collect();
        (0..3).map(|at| (names[at], line(at))).collect()
    };
    let mut memory: Lines = vec![("resident memory by order, levels included", Vec::new())];
    let mut points = Vec::new();
    for orders in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let before = resident()?;
        let mut subject = Subject::new(orders, 1_000.min(orders / 2));
        let bytes = (resident()? - before - as_f64(orders * 8)) / as_f64(orders);
        if orders >= 100_000 {
            memory[0].1.push((as_f64(orders), bytes));
        }
        points.push((orders, subject.costs()));
        println!("{orders} orders: {:.1?} ns, {bytes:.0} bytes an order", points[points.len() - 1].1);
    }
    draw(
        &folder.join("orders.svg"),
        "Cost of an operation by resting orders, 1,000 levels a side",
        ("resting orders", "ns"),
        &lines(&points),
    )?;
    let mut points = Vec::new();
    for levels in [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] {
        points.push((levels, Subject::new(2_000_000, levels).costs()));
        println!("{levels} levels a side: {:.1?} ns", points[points.len() - 1].1);
    }
    draw(
        &folder.join("levels.svg"),
        "Cost of an operation by levels a side, 2,000,000 resting orders",
        ("levels a side", "ns"),
        &lines(&points),
    )?;
    draw(
        &folder.join("memory.svg"),
        "Memory of a book, 1,000 levels a side",
        ("resting orders", "bytes an order"),
        &memory,
    )
}

fn exchange(folder: &Path) -> Result<(), Box<dyn Error>> {
    let cost = |profile: &Profile| {
        let flow = Flow::generate(profile, 2_026);
        let opened = flow.opened();
        let mut events = Vec::with_capacity(4_096);
        let mut shortest = vec![f64::INFINITY; flow.body.len().div_ceil(CHUNK)];
        for _ in 0..TURNS {
            let mut exchange = opened.clone();
            for (commands, shortest) in flow.body.chunks(CHUNK).zip(&mut shortest) {
                let start = Instant::now();
                drive(&mut exchange, commands, &mut events);
                *shortest = shortest.min(start.elapsed().as_secs_f64());
            }
        }
        shortest.iter().sum::<f64>() * 1e9 / as_f64(flow.body.len())
    };
    let base = Profile { new_orders: 200_000, resting: 100, accounts: 10, ..Profile::NORMAL_DAY };
    let mut line = Vec::new();
    for instruments in [1, 10, 100, 1_000, 10_000] {
        let cost = cost(&Profile { instruments, ..base });
        println!("{instruments} instruments: {cost:.0} ns a command");
        line.push((f64::from(instruments), cost));
    }
    let lines: Lines = vec![("any command of a normal day, 10 accounts", line)];
    draw(
        &folder.join("instruments.svg"),
        "Cost of a command to the whole exchange by instruments",
        ("instruments", "ns"),
        &lines,
    )?;
    let mut line = Vec::new();
    for accounts in [10, 100, 1_000, 10_000, 100_000, 1_000_000] {
        let cost = cost(&Profile { accounts, ..base });
        println!("{accounts} accounts: {cost:.0} ns a command");
        line.push((f64::from(accounts), cost));
    }
    let lines: Lines = vec![("any command of a normal day, 1 instrument", line)];
    draw(
        &folder.join("accounts.svg"),
        "Cost of a command to the whole exchange by accounts",
        ("accounts", "ns"),
        &lines,
    )
}

/// Draws lines over a logarithmic axis of sizes.
fn draw(file: &Path, title: &str, (x_name, y_name): (&str, &str), lines: &Lines) -> Result<(), Box<dyn Error>> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let (low, high) = points().fold((f64::INFINITY, 0.0_f64), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    let top = points().fold(0.0_f64, |top, (_, y)| top.max(*y)) * 1.25;
    let root = SVGBackend::new(file, (900, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d((low / 1.3..high * 1.3).log_scale(), 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc(x_name)
        .y_desc(y_name)
        .label_style(("sans-serif", 14))
        .light_line_style(TRANSPARENT)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()?;
    for (number, (name, points)) in lines.iter().enumerate() {
        let color = [RGBColor(0, 96, 160), RGBColor(200, 80, 0), RGBColor(0, 130, 80)][number % 3];
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 24, y)], color.stroke_width(2)));
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 4, color.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 14))
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    root.present()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["book", folder] => book(Path::new(folder)),
        ["exchange", folder] => exchange(Path::new(folder)),
        _ => Err("usage: growth book|exchange FOLDER".into()),
    }
}
