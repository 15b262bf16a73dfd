//! One operation at a time, for counting its instructions: `.ci/instructions` runs this under callgrind, which counts only
//! inside [`book`] and [`exchange`]. Counts do not depend on the machine's speed or load, so growth of a few in a hundred is seen.
//!
//!     instructions             lists the operations
//!     instructions OPERATION   does a thousand of them

use cx_benches::book_flow::{Action, Message};
use cx_benches::desk::Desk;
use cx_benches::{Flow, Profile, warmup};
use cx_engine::command::{AmendOrder, CancelOrder, NewOrder, Side, TimeInForce};
use cx_engine::ids::{AccountId, InstrumentId, OrderId};
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Command, Event, Exchange};

/// Operations that are counted together.
const COUNT: i64 = 1_000;
/// The best bid of the book; the best ask is one tick above.
const BID: i64 = 33_504;
/// Lots of each order.
const LOTS: u64 = 10;

/// Prepares an operation, does it a thousand times and gives something that depends on all of it.
type Operation = fn() -> u64;

const OPERATIONS: [(&str, Operation); 11] = [
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
    ("exchange-place-resting", || exchange_operation(false, |_| place(Side::Buy, BID - 10, false))),
    ("exchange-place-fill", || exchange_operation(true, |_| place(Side::Buy, BID, true))),
    ("exchange-cancel", || {
        exchange_operation(true, |order| Command::Cancel(CancelOrder { account: AccountId::new(2), order }))
    }),
    ("exchange-amend", || {
        exchange_operation(true, |order| {
            let (price, quantity) = (Price::from_ticks(BID + 1), Quantity::from_lots(LOTS + 1));
            Command::Amend(AmendOrder { account: AccountId::new(2), order, price, quantity, stop_price: Price::NONE })
        })
    }),
];

fn main() {
    let Some(wanted) = std::env::args().nth(1) else {
        for (name, _) in OPERATIONS {
            println!("{name}");
        }
        return;
    };
    match OPERATIONS.into_iter().find(|(name, _)| *name == wanted) {
        Some((_, run)) => println!("{wanted} {}", run()),
        None => {
            eprintln!("no such operation: {wanted}");
            std::process::exit(2)
        }
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
fn exchange(exchange: &mut Exchange, commands: &[Command], events: &mut Vec<Event>) -> u64 {
    let mut sum = 0;
    for command in commands {
        events.clear();
        exchange.apply(exchange.seq().next(), Timestamp::from_nanos(1), command, events);
        sum += events.len() as u64;
    }
    sum
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

/// Counts a thousand commands on an exchange that is warm. With `asks`, as many orders of account 2 rest at the best ask,
/// and each command is made from the handle of one of them.
fn exchange_operation(asks: bool, command: impl Fn(OrderId) -> Command) -> u64 {
    let profile = Profile { new_orders: 0, resting: 0, accounts: 10, ..Profile::NORMAL_DAY };
    let mut opened = Flow::generate(&profile, 1).opened();
    let mut events = Vec::with_capacity(64);
    let mut handles = vec![OrderId::NONE; 1_000];
    if asks {
        for handle in &mut handles {
            events.clear();
            let ask = Command::Place(warmup::limit(AccountId::new(2), InstrumentId::new(0), Side::Sell, BID, LOTS));
            opened.apply(opened.seq().next(), Timestamp::from_nanos(1), &ask, &mut events);
            if let Some(Event::OrderAccepted(accepted)) = events.first() {
                *handle = accepted.order;
            }
        }
    }
    let commands: Vec<Command> = handles.into_iter().map(command).collect();
    exchange(&mut opened, &commands, &mut events)
}

fn place(side: Side, ticks: i64, immediate: bool) -> Command {
    let order = warmup::limit(AccountId::new(1), InstrumentId::new(0), side, ticks, LOTS);
    let time_in_force = if immediate { TimeInForce::ImmediateOrCancel } else { order.time_in_force };
    Command::Place(NewOrder { time_in_force, ..order })
}
