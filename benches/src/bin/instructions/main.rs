//! One operation at a time, for counting its instructions: `.ci/instructions` runs this under callgrind, which counts only
//! inside [`book`] and [`exchange`] and writes what it counted at each [`say`]. Counts do not depend on the machine's speed or load, so
//! growth of a few in a hundred is seen.
//!
//!     instructions                 does every operation; says its name and how often it was done
//!     instructions NAME            only this one

use cx_benches::book_flow::{Action, Message};
use cx_benches::desk::Desk;
use cx_benches::operations::{self, Floor};
use cx_benches::{Flow, Profile};
use cx_engine::Exchange;
use cx_engine::command::{CommandRecord, Side};
use cx_engine::ids::OrderId;

/// Messages to a book that are counted together.
const COUNT: i64 = 1_000;
/// The best bid of the book; the best ask is one tick above.
const BID: i64 = 33_504;
/// Lots of each order.
const LOTS: u64 = 10;
/// New orders of the day that is counted.
const DAY: usize = 20_000;

/// Prepares an operation and does it a thousand times on a book; gives something that depends on all of it.
type OfBook = fn() -> u64;

const OF_BOOK: [(&str, OfBook); 7] = [
    ("book-add-touch", || book_operation(&[], &adds(Side::Buy, |_| BID))),
    ("book-add-new-level", || book_operation(&[], &adds(Side::Buy, |n| BID - 100 - n))),
    ("book-cancel", || book_operation(&adds(Side::Buy, |n| BID - n % 40), &changes(Action::Cancel, |_| 0, 0))),
    ("book-amend-reprice", || {
        book_operation(&adds(Side::Buy, |n| BID - 1 - n % 40), &changes(Action::Amend, |n| BID - n % 40, LOTS + 1))
    }),
    ("book-amend-size", || {
        book_operation(&adds(Side::Buy, |n| BID - n % 40), &changes(Action::Amend, |n| BID - n % 40, LOTS - 1))
    }),
    ("book-match-one", || book_operation(&adds(Side::Sell, |_| BID), &immediates(BID))),
    ("book-match-level", || book_operation(&adds(Side::Sell, |n| BID + 1_000 - n), &immediates(BID + 1_000))),
];

/// Flows of a day's mix of commands.
const DAYS: [(&str, Profile); 2] = [
    ("normal-day", Profile { new_orders: DAY, ..Profile::NORMAL_DAY }),
    ("many-instruments", Profile { new_orders: DAY, instruments: 20, resting: 100, ..Profile::NORMAL_DAY }),
];

fn main() {
    let only = std::env::args().nth(1);
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let mut done = 0_usize;
    for (name, run) in OF_BOOK.into_iter().filter(|(name, _)| wanted(name)) {
        say(name, COUNT as usize, run());
        done += 1;
    }
    let mut floor = Floor::default();
    for operation in operations::OPERATIONS.into_iter().filter(|operation| wanted(operation.name)) {
        // The first time warms up.
        let commands = operation.prepare(&mut floor);
        floor.drive(&commands);
        let commands = operation.prepare(&mut floor);
        say(operation.name, operations::COUNT, exchange(floor.exchange_mut(), &commands));
        done += 1;
    }
    for (name, profile) in DAYS.into_iter().filter(|(name, _)| wanted(name)) {
        let flow = Flow::generate(&profile, 1);
        say(name, flow.body.len(), exchange(&mut flow.opened(), &flow.body));
        done += 1;
    }
    if done == 0 {
        eprintln!("no such operation: {}", only.unwrap_or_default());
        std::process::exit(2)
    }
}

/// What is counted: messages to a book.
#[inline(never)]
fn book(desk: &mut Desk, messages: &[Message]) -> u64 {
    let mut sum = 0_u64;
    for message in messages {
        desk.apply(message, &mut |report| sum = sum.rotate_left(5) ^ report.order ^ report.other);
    }
    sum
}

/// What is counted: commands to an exchange.
#[inline(never)]
fn exchange(exchange: &mut Exchange, commands: &[CommandRecord]) -> u64 {
    let mut events = Vec::with_capacity(8 * operations::COUNT);
    cx_benches::drive(exchange, commands, &mut events) as u64
}

/// What was counted: callgrind writes its counts after this.
#[inline(never)]
fn say(name: &str, times: usize, outcome: u64) {
    println!("{name} {times} {outcome}");
}

/// Applies `before`, then counts `then`, on a book with a thousand orders behind each touch.
fn book_operation(before: &[Message], then: &[Message]) -> u64 {
    let mut desk = Desk::default();
    // More orders than will be open at once, on all pages that will be used, so that no table grows while it counts.
    let mut warm = Vec::new();
    for away in [0, COUNT] {
        warm.extend(adds(Side::Sell, |n| BID + 1_001 + away + n));
        warm.extend(adds(Side::Buy, |n| BID - 100 - away - n));
    }
    warm.extend(first_ids(4 * COUNT).into_iter().map(|id| message(Action::Cancel, id, Side::Buy, 0, 0)));
    for message in &warm {
        desk.apply(message, &mut |_| {});
    }
    let first = ids_of(&mut desk, before);
    for message in adds(Side::Sell, |n| BID + 1_001 + n % 40).iter().chain(&adds(Side::Buy, |n| BID - 41 - n % 40)) {
        desk.apply(message, &mut |_| {});
    }
    let mut then = then.to_vec();
    for (message, id) in then.iter_mut().zip(first) {
        message.id = id;
    }
    book(&mut desk, &then)
}

/// Applies new orders and gives their ids.
fn ids_of(desk: &mut Desk, orders: &[Message]) -> Vec<u64> {
    let mut ids = Vec::new();
    for message in orders {
        ids.push(desk.next_id());
        desk.apply(message, &mut |_| {});
    }
    ids
}

/// The ids that a new desk gives.
fn first_ids(count: i64) -> Vec<u64> {
    (0..u32::try_from(count).expect("it is small")).map(|slot| OrderId::from_parts(slot, 1).get()).collect()
}

fn message(action: Action, id: u64, side: Side, price: i64, quantity: u64) -> Message {
    Message { id, price, quantity, action, side, open: true, filled: 0 }
}

fn adds(side: Side, price: impl Fn(i64) -> i64) -> Vec<Message> {
    (0..COUNT).map(|number| message(Action::Add, 0, side, price(number), LOTS)).collect()
}

fn changes(action: Action, price: impl Fn(i64) -> i64, quantity: u64) -> Vec<Message> {
    (0..COUNT).map(|number| message(action, 0, Side::Buy, price(number), quantity)).collect()
}

fn immediates(price: i64) -> Vec<Message> {
    (0..COUNT).map(|_| message(Action::AddImmediate, 0, Side::Buy, price, LOTS)).collect()
}
