//! Writes the seed corpora anew: one record of each kind of command and event, the choices that make a stream on each shape
//! of venue, and snapshots from empty to full. To be run in this folder whenever a layout or the generator has changed:
//! `cargo run --release --bin seeds`.

#[path = "../engine/core/tests/streams/mod.rs"]
mod streams;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cx_engine::codec::{encode_command, encode_event};
use cx_engine::{EventRecord, Exchange};
use streams::{Choices, Generator, Seeded, Shape};

/// Commands of each stream that records are taken from: enough to meet every kind.
const SEARCHED: usize = 20_000;
/// Commands of a seed of `command_stream`.
const STREAM: usize = 400;
/// Snapshots are taken after so many commands.
const SNAPSHOTS: [usize; 4] = [0, 40, 150, 600];

/// Choices of a seed, written down as the target `command_stream` reads them.
struct Noted {
    seeded: Seeded,
    bytes: Vec<u8>,
}

impl Choices for Noted {
    fn below(&mut self, bound: u64) -> u64 {
        let choice = self.seeded.below(bound);
        let len = if bound <= 256 { 1 } else { 8 };
        self.bytes.extend_from_slice(&choice.to_le_bytes()[..len]);
        choice
    }
}

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (number, &shape) in (0_u8..).zip(Shape::ALL) {
        let mut choices = Noted { seeded: Seeded::new(u64::from(number)), bytes: vec![number] };
        let (mut generator, mut exchange, mut events) = (Generator::new(shape), Exchange::new(), Vec::new());
        for done in 0..SEARCHED {
            if SNAPSHOTS.contains(&done) {
                files.insert(format!("snapshot/shape-{number}-after-{done}"), exchange.snapshot());
            }
            if done == STREAM {
                files.insert(format!("command_stream/shape-{number}"), choices.bytes.clone());
            }
            let record = generator.next(&mut choices);
            events.clear();
            let seq = exchange.seq().next();
            let time = exchange.apply(seq, record.stamp, &record.command, &mut events);
            generator.observe(&events);
            files.entry(format!("command_codec/{}", named(&record.command))).or_insert(encode_command(&record).into());
            for (index, &event) in (0..).zip(&events) {
                let record = EventRecord { seq, index, time, event };
                files.entry(format!("event_codec/{}", named(&event))).or_insert(encode_event(&record).into());
            }
        }
    }
    files.insert("snapshot/huge-length".into(), huge_length());
    write(&corpus, &files);
}

/// The name of a variant, without what it holds.
fn named(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// A snapshot whose list of listings claims 2^64 - 1 entries.
fn huge_length() -> Vec<u8> {
    let mut bytes = Exchange::new().snapshot();
    // Magic and version, then four numbers of an empty venue, a byte each, then the length.
    bytes.truncate(9 + 4);
    bytes.push(253);
    bytes.extend([0xFF; 8]);
    // What the target takes for the hash and replaces.
    bytes.extend([0; 32]);
    bytes
}

/// Replaces the corpora by these files.
fn write(corpus: &Path, files: &BTreeMap<String, Vec<u8>>) {
    let folders: BTreeSet<&str> = files.keys().filter_map(|name| name.split_once('/')).map(|split| split.0).collect();
    for folder in folders {
        let folder = corpus.join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("a corpus can be removed");
        }
        fs::create_dir_all(&folder).expect("a corpus can be made");
    }
    for (name, bytes) in files {
        fs::write(corpus.join(name), bytes).expect("a seed can be written");
    }
    println!("{} seeds, {} bytes", files.len(), files.values().map(Vec::len).sum::<usize>());
}
