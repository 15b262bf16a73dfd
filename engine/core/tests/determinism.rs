//! The same commands give the same state and the same events, over again, across a snapshot, and on every machine; and
//! damaged snapshots are refused.
#![allow(clippy::unwrap_used)]

mod streams;

use std::{env, process};

use cx_engine::codec::{encode_command, encode_event};
use cx_engine::command::{CommandRecord, NewOrder, Permissions, SetPermissions, Side};
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId};
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Command, Event, EventRecord, Exchange};

use streams::{Generator, Seeded, Shape};

/// An exchange that remembers a hash of all it said.
struct Recorded {
    exchange: Exchange,
    said: blake3::Hasher,
    events: Vec<Event>,
}

impl Recorded {
    fn new(exchange: Exchange) -> Self {
        Self { exchange, said: blake3::Hasher::new(), events: Vec::new() }
    }

    fn apply(&mut self, record: &CommandRecord) -> &[Event] {
        let seq = self.exchange.seq().next();
        self.events.clear();
        let time = self.exchange.apply(seq, record.stamp, &record.command, &mut self.events);
        for (index, &event) in (0..).zip(&self.events) {
            self.said.update(&encode_event(&EventRecord { seq, index, time, event }));
        }
        &self.events
    }

    fn hashes(&self) -> (String, String) {
        let state = blake3::Hash::from_bytes(self.exchange.state_hash());
        (state.to_hex().to_string(), self.said.finalize().to_hex().to_string())
    }
}

/// The first commands of a seed, as the exchange's own answers steer them.
fn stream(shape: Shape, seed: u64, commands: usize) -> Vec<CommandRecord> {
    let (mut generator, mut choices) = (Generator::new(shape), Seeded::new(seed));
    let mut recorded = Recorded::new(Exchange::new());
    let next = |_| {
        let record = generator.next(&mut choices);
        generator.observe(recorded.apply(&record));
        record
    };
    (0..commands).map(next).collect()
}

#[test]
fn the_same_stream_gives_the_same_state_and_events() {
    for (seed, &shape) in (0..).zip(Shape::ALL) {
        let stream = stream(shape, seed, 10_000);
        let run = || {
            let mut recorded = Recorded::new(Exchange::new());
            for record in &stream {
                recorded.apply(record);
            }
            recorded.hashes()
        };
        assert_eq!(run(), run());
    }
}

/// Hashes of fixed streams: of their commands, of the states they leave and of all that was said. When the first differs the
/// generator changed, and the others follow it. When only the others differ the core changed its mind: then recorded
/// journals replay to something else, which needs a reason and a line in the changelog.
const GOLDEN: [&str; 3] = [
    "43c65c59cf8b29b3f56e742e1f4e446a3d1e9428a85012356c2b2512c80f1097",
    "28fd92a18a916a2516af11ebbdb3b186a310e5c18bf32bb5e5bcaaac1850f5ef",
    "6b7178ce15d0d11a4e799d71fd2b49ca25ab22b0748dc003b71036ff2f782802",
];

/// Hashes of the fixed streams as they come out here.
fn hashes_here() -> [String; 3] {
    let mut hashers = [(); 3].map(|()| blake3::Hasher::new());
    for (seed, &shape) in (2_026..).zip(Shape::ALL) {
        let mut recorded = Recorded::new(Exchange::new());
        for record in stream(shape, seed, 4_000) {
            hashers[0].update(&encode_command(&record));
            recorded.apply(&record);
        }
        let (state, said) = recorded.hashes();
        hashers[1].update(state.as_bytes());
        hashers[2].update(said.as_bytes());
    }
    hashers.map(|hasher| hasher.finalize().to_hex().to_string())
}

#[test]
fn fixed_streams_give_the_golden_hashes() {
    assert_eq!(hashes_here(), GOLDEN);
}

/// Set for the processes that the next test starts: they tell the hashes.
const TELL: &str = "CX_TELL_HASHES";

/// Memory elsewhere and filled with something else makes no difference.
#[test]
#[allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::disallowed_macros)] // it is about processes
fn other_processes_give_the_same_hashes() {
    let hashes = hashes_here().join(" ");
    if env::var_os(TELL).is_some() {
        return println!("hashes: {hashes}");
    }
    for (variable, value) in [("MALLOC_PERTURB_", "165".to_owned()), ("CX_PADDING", "x".repeat(20_000))] {
        let mut other = process::Command::new(env::current_exe().unwrap());
        other.args(["--exact", "other_processes_give_the_same_hashes", "--nocapture"]).env(TELL, "1");
        let said = other.env(variable, value).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains(&format!("hashes: {hashes}\n")), "another process said: {said}");
    }
}

#[test]
fn a_different_stream_gives_another_state() {
    let stream = stream(Shape::SMALL, 1, 1_000);
    let mut seen = std::collections::BTreeSet::new();
    let mut recorded = Recorded::new(Exchange::new());
    assert!(seen.insert(recorded.hashes().0));
    for record in &stream {
        recorded.apply(record);
        assert!(seen.insert(recorded.hashes().0), "{:?} left the state hash as it was", record.command);
    }
}

#[test]
fn a_snapshot_in_the_middle_changes_nothing() {
    for (seed, &shape) in (100..).zip(Shape::ALL) {
        let stream = stream(shape, seed, 6_000);
        for cut in [0, 1, 60, 3_001, 5_999, 6_000] {
            let (before, after) = stream.split_at(cut);
            let mut live = Recorded::new(Exchange::new());
            for record in before {
                live.apply(record);
            }
            let bytes = live.exchange.snapshot();
            let mut restored = Recorded::new(Exchange::restore(&bytes).unwrap());
            restored.said = live.said.clone();
            assert_eq!(restored.exchange.seq(), live.exchange.seq());
            assert_eq!(restored.exchange.now(), live.exchange.now());
            assert_eq!(restored.exchange.snapshot(), bytes, "a restored exchange makes the same snapshot");
            assert_eq!(restored.hashes(), live.hashes());
            for record in after {
                let said = live.apply(record).to_vec();
                assert_eq!(said, restored.apply(record), "{:?} after a restore at {cut}", record.command);
            }
            assert_eq!(live.hashes(), restored.hashes());
        }
    }
}

/// As many names as are remembered, and some more, before the snapshot; then those that were forgotten and those that were not.
#[test]
fn client_order_ids_are_remembered_across_a_snapshot() {
    const WINDOW: u64 = 1 << 18;
    const MORE: u64 = 5;
    let account = AccountId::new(1);
    let named = |number: u64| {
        let side = Side::Buy;
        let order = NewOrder::limit(account, InstrumentId::new(0), side, Price::from_ticks(1), Quantity::from_lots(1));
        Command::Place(NewOrder { client_order_id: ClientOrderId::new(&format!("n{number}")).ok(), ..order })
    };
    let ask = |exchange: &mut Exchange, command: &Command| {
        let mut events = Vec::new();
        exchange.apply(exchange.seq().next(), Timestamp::default(), command, &mut events);
        match events[..] {
            [Event::OrderRepeated(it)] => Some(it.original.get()),
            _ => None,
        }
    };
    let mut live = Exchange::new();
    let permissions = Permissions { trade: true, withdraw: false };
    ask(&mut live, &Command::SetPermissions(SetPermissions { account, permissions }));
    // There is no instrument: each order is refused, and its name on record.
    for number in 0..WINDOW + MORE {
        assert_eq!(ask(&mut live, &named(number)), None);
    }
    let mut restored = Exchange::restore(&live.snapshot()).unwrap();
    assert_eq!(restored.state_hash(), live.state_hash());
    for exchange in [&mut live, &mut restored] {
        assert_eq!(ask(exchange, &named(MORE)), Some(MORE + 2), "the oldest that is remembered");
        assert_eq!(ask(exchange, &named(WINDOW + MORE - 1)), Some(WINDOW + MORE + 1), "the newest");
        assert_eq!(ask(exchange, &named(MORE - 1)), None, "forgotten, and recorded again in place of the oldest");
        assert_eq!(ask(exchange, &named(MORE + 1)), Some(MORE + 3));
        assert_eq!(ask(exchange, &named(MORE)), None);
        assert_eq!(ask(exchange, &named(MORE + 2)), Some(MORE + 4));
    }
    assert_eq!(restored.state_hash(), live.state_hash());
}

#[test]
fn damaged_snapshots_are_refused() {
    let mut recorded = Recorded::new(Exchange::new());
    for record in stream(Shape::ALL[1], 5, 400) {
        recorded.apply(&record);
    }
    let bytes = recorded.exchange.snapshot();
    assert!(Exchange::restore(&bytes).is_ok());
    for len in 0..bytes.len() {
        assert!(Exchange::restore(&bytes[..len]).is_err(), "cut to {len} of {} bytes", bytes.len());
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(Exchange::restore(&damaged).is_err(), "bit {} of byte {at} flipped", at % 8);
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(Exchange::restore(&longer).is_err(), "a byte too many");
}
