#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use cx_engine::command::{
    AmendOrder, AssetClass, CancelAll, Movement, NewAsset, NewInstrument, NewOrder, Permissions, SetPermissions, Side,
};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, Symbol};
use cx_engine::units::{Amount, FeeRate, Price, Quantity};
use cx_engine::{Command, Exchange};

use super::*;
use crate::ws::outbox::{Outbox, OutboxLimits};

const START: u64 = 1_772_323_200_000_000_000;
const BOOK: InstrumentId = InstrumentId::new(0);

fn account(number: u32) -> AccountId {
    AccountId::new(number)
}

fn order(account_number: u32, side: Side, ticks: i64, lots: u64, name: &str) -> Command {
    Command::Place(NewOrder {
        client_order_id: Some(ClientOrderId::new(name).unwrap()),
        ..NewOrder::limit(account(account_number), BOOK, side, Price::from_ticks(ticks), Quantity::from_lots(lots))
    })
}

/// The events of a small day, command by command.
fn day() -> Vec<EventRecord> {
    let code = |text: &str| Symbol::new(text).unwrap();
    let movement = |account_number, asset, minor| Movement {
        account: account(account_number),
        asset: AssetId::new(asset),
        amount: Amount::from_minor(minor),
        reference: 0,
    };
    let permissions = Permissions { trade: true, withdraw: true };
    let permit = |number| Command::SetPermissions(SetPermissions { account: account(number), permissions });
    let mut commands = vec![
        Command::AddAsset(NewAsset { code: code("USD"), class: AssetClass::Cash, scale: 4 }),
        Command::AddAsset(NewAsset { code: code("VCS-191-2016"), class: AssetClass::Credit, scale: 0 }),
        Command::ListInstrument(NewInstrument {
            symbol: code("VCS-191-2016-USD"),
            base: AssetId::new(1),
            quote: AssetId::new(0),
            tick_value: 100,
            price_max: Price::from_ticks(10_000_000),
            maker_fee: FeeRate::from_ppm(500).unwrap(),
            taker_fee: FeeRate::from_ppm(1_000).unwrap(),
        }),
        permit(1),
        permit(2),
        Command::Deposit(movement(1, 0, 1_000_000_000)),
        Command::Issue(movement(2, 1, 1_000)),
    ];
    for step in 0..30 {
        commands.push(order(1, Side::Buy, 600 + step, 3, &format!("b-{step}")));
        commands.push(order(2, Side::Sell, 640 - step, 2, &format!("s-{step}")));
    }
    commands.push(order(2, Side::Sell, 700, 5_000, "too-many"));
    commands.push(order(1, Side::Buy, 600, 3, "b-0"));
    run(commands)
}

fn run(commands: Vec<Command>) -> Vec<EventRecord> {
    let (mut exchange, mut records, mut events) = (Exchange::new(), Vec::new(), Vec::new());
    let mut last = Vec::new();
    for (place, command) in commands.into_iter().enumerate() {
        apply(&mut exchange, place as u64 + 1, &command, &mut events, &mut records);
        last.push(command);
    }
    // What is open is amended and, in part, cancelled.
    let open = exchange.open_orders();
    let mut seq = last.len() as u64;
    for order in open.iter().take(3) {
        seq += 1;
        let (price, quantity) = (order.price, Quantity::from_lots(order.quantity.lots() + 1));
        let amend = Command::Amend(AmendOrder {
            account: order.account,
            order: order.order,
            price,
            quantity,
            stop_price: Price::NONE,
        });
        apply(&mut exchange, seq, &amend, &mut events, &mut records);
    }
    seq += 1;
    let all = Command::CancelAll(CancelAll { account: account(2), instrument: None, side: None });
    apply(&mut exchange, seq, &all, &mut events, &mut records);
    records
}

fn apply(
    exchange: &mut Exchange,
    seq: u64,
    command: &Command,
    events: &mut Vec<Event>,
    records: &mut Vec<EventRecord>,
) {
    events.clear();
    let time = exchange.apply(Seq::new(seq), Timestamp::from_nanos(START + seq * 1_000), command, events);
    let record = |(index, event): (usize, &Event)| EventRecord {
        seq: Seq::new(seq),
        index: u32::try_from(index).unwrap(),
        time,
        event: *event,
    };
    records.extend(events.iter().enumerate().map(record));
}

fn assert_same(left: &Folds, right: &Folds) {
    assert_eq!(left.epoch, right.epoch);
    assert_eq!(left.market.seq(), right.market.seq());
    assert_eq!(left.market.trades().count(), right.market.trades().count());
    assert_eq!(left.accounts.balances(), right.accounts.balances());
    let (a, b) = (left.market.book(BOOK).unwrap(), right.market.book(BOOK).unwrap());
    assert_eq!((a.checksum_text(), a.seq()), (b.checksum_text(), b.seq()));
    for number in 0..3 {
        let numbers = |folds: &Folds| {
            (folds.accounts.report_number(account(number)), folds.accounts.balance_number(account(number)))
        };
        assert_eq!(numbers(left), numbers(right));
        let position = |folds: &Folds| folds.positions.get(account(number), AssetId::new(1)).copied();
        assert_eq!(position(left), position(right));
    }
    for seq in 1..80 {
        assert_eq!(left.answers.get(Seq::new(seq)), right.answers.get(Seq::new(seq)));
    }
}

#[test]
fn a_venue_rebuilt_from_the_log_equals_the_one_that_lived_it() {
    let records = day();
    for batch in [1, 7, 1_000] {
        let live = Venue::new(&VenueSettings::default());
        let mut outlet = live.outlet();
        let commands: Vec<_> = cx_market_data::commands(&records).collect();
        for some in commands.chunks(batch) {
            outlet.release(&some.concat());
        }
        let rebuilt = Venue::rebuild(&VenueSettings::default(), records.iter().copied());
        assert_same(&live.read(), &rebuilt.read());
        assert_eq!(live.read().epoch, (START + 1_000) / 1_000);
    }
}

/// What an outbox holds, as JSON; snapshots of books by their numbers only.
fn taken(outbox: &Outbox) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    while let Some(turn) = outbox.take() {
        all.extend(turn.messages.into_iter().map(|message| match message {
            Outgoing::Text(text) => serde_json::from_str(&text).unwrap(),
            Outgoing::Book(view) => serde_json::from_str(&crate::ws::messages::book_snapshot(&view)).unwrap(),
            Outgoing::Ping => serde_json::Value::Null,
        }));
        if turn.close.is_some() {
            break;
        }
    }
    all
}

fn join(venue: &Venue, outbox: &Arc<Outbox>, channel: Channel, resume: Option<Resume>) -> Joined {
    let mut told = None;
    venue.join(ConnectionId(1), outbox, channel, resume, |joined| {
        told = Some(joined);
        Outgoing::Ping
    });
    told.unwrap()
}

#[test]
fn streams_resume_across_a_restart() {
    let records = day();
    let half = records.iter().position(|record| record.seq == Seq::new(40)).unwrap();
    let before = Venue::rebuild(&VenueSettings::default(), records[..half].iter().copied());
    let after = Venue::rebuild(&VenueSettings::default(), records.iter().copied());
    let channels = [Channel::Book(BOOK, BookDepth::Full), Channel::Trades(BOOK), Channel::Orders(account(1))];
    for channel in channels {
        let outbox = Arc::new(Outbox::new(OutboxLimits::default()));
        let left = join(&before, &outbox, channel, None);
        assert!(left.snapshot, "{channel:?}");
        assert_eq!(taken(&outbox).len(), 2, "the announcement and a snapshot");
        let resume = Resume { seq: left.seq, epoch: Some(left.epoch) };
        let back = join(&after, &outbox, channel, Some(resume));
        assert!(!back.snapshot, "{channel:?}");
        let missed = taken(&outbox);
        assert!(missed.len() > 2, "{channel:?}: {}", missed.len());
        let mut seq = left.seq;
        for message in &missed[1..] {
            match message["prev_seq"].as_u64() {
                Some(prev) => assert_eq!(prev, seq, "{channel:?}"),
                None => assert_eq!(message["seq"], seq + 1, "{channel:?}"),
            }
            seq = message["seq"].as_u64().unwrap();
        }
        assert_eq!(seq, back.seq, "{channel:?}");
        // Who claims to know the future starts over.
        let ahead = Resume { seq: back.seq + 1, epoch: Some(back.epoch) };
        assert!(join(&after, &outbox, channel, Some(ahead)).snapshot, "{channel:?}");
    }
}

#[test]
fn who_left_hears_nothing_more() {
    let records = day();
    let half = records.iter().position(|record| record.seq == Seq::new(20)).unwrap();
    let venue = Venue::rebuild(&VenueSettings::default(), records[..half].iter().copied());
    let outbox = Arc::new(Outbox::new(OutboxLimits::default()));
    let channels = [
        Channel::Book(BOOK, BookDepth::Ten),
        Channel::Book(BOOK, BookDepth::Full),
        Channel::Trades(BOOK),
        Channel::Orders(account(1)),
        Channel::Balances(account(1)),
    ];
    for channel in channels {
        join(&venue, &outbox, channel, None);
    }
    assert!(venue.leave(ConnectionId(1), channels[0]));
    assert!(!venue.leave(ConnectionId(1), channels[0]));
    venue.leave_all(ConnectionId(1));
    taken(&outbox);
    venue.outlet().release(&records[half..]);
    assert!(taken(&outbox).is_empty());
}

#[test]
fn a_full_outbox_leaves_book_updates_out_until_a_snapshot() {
    let records = day();
    let half = records.iter().position(|record| record.seq == Seq::new(8)).unwrap();
    let venue = Venue::rebuild(&VenueSettings::default(), records[..half].iter().copied());
    let outbox = Arc::new(Outbox::new(OutboxLimits { conflate_from: 6, ..OutboxLimits::default() }));
    join(&venue, &outbox, Channel::Book(BOOK, BookDepth::Full), None);
    let mut outlet = venue.outlet();
    for command in cx_market_data::commands(&records[half..]) {
        outlet.release(command);
    }
    let early = taken(&outbox);
    assert_eq!(early.len(), 6, "what fitted");
    venue.catch_up(ConnectionId(1));
    let late = taken(&outbox);
    assert_eq!((late.len(), late[0]["type"].as_str()), (1, Some("snapshot")));
    assert_eq!(late[0]["seq"], venue.read().market.book(BOOK).unwrap().seq().get());
    venue.catch_up(ConnectionId(1));
    assert!(taken(&outbox).is_empty(), "it has caught up");
}
