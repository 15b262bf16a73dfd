//! The bytes of a batch: what is written is read, and nothing else is.
#![allow(clippy::unwrap_used)]

use super::{Batch, BatchError, HASH_LEN, HEADER_LEN, Link, encode};
use cx_engine::CommandRecord;
use cx_engine::command::{CancelAll, Command};
use cx_engine::ids::{AccountId, Seq};
use cx_engine::units::Timestamp;
use proptest::prelude::*;

fn records(count: u32) -> Vec<CommandRecord> {
    let record = |number| CommandRecord {
        stamp: Timestamp::from_nanos(u64::from(number)),
        command: Command::CancelAll(CancelAll { account: AccountId::new(number), instrument: None, side: None }),
    };
    (1..=count).map(record).collect()
}

fn batch(first: u64, count: u32, prev: [u8; 32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut bytes, 3, Seq::new(first), &prev, &records(count));
    bytes
}

/// Makes the hash fit contents that were changed.
fn rehash(bytes: &mut [u8]) {
    let content = bytes.len() - HASH_LEN;
    let hash = *blake3::hash(&bytes[..content]).as_bytes();
    bytes[content..].copy_from_slice(&hash);
}

#[test]
fn what_is_written_is_read() {
    let bytes = batch(17, 3, [9; 32]);
    assert_eq!(bytes.len(), HEADER_LEN + 3 * 112 + HASH_LEN);
    let read = Batch::decode(Seq::new(17), &bytes).unwrap();
    assert_eq!((read.first, read.last(), read.len()), (Seq::new(17), Seq::new(19), 3));
    assert_eq!((read.epoch, read.prev_hash), (3, [9; 32]));
    let commands: Vec<_> = read.commands().map(Result::unwrap).collect();
    let expected: Vec<_> = (17..).map(Seq::new).zip(records(3)).collect();
    assert_eq!(commands, expected);
}

/// The layout is what is on people's disks: this value may only change together with the format version.
#[test]
fn the_layout_is_fixed() {
    let hash = blake3::hash(&batch(1, 2, [0; 32]));
    assert_eq!(hash.to_hex().as_str(), "438d199155dd6dce639633136166fef68bec199400535f7678526f25502a7d11");
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = batch(1, 2, [0; 32]);
    for at in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut flipped = bytes.clone();
            flipped[at] ^= bit;
            assert!(Batch::decode(Seq::new(1), &flipped).is_err(), "byte {at}");
        }
    }
}

#[test]
fn each_damage_has_its_name() {
    let good = batch(5, 2, [0; 32]);
    let changed = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        rehash(&mut bytes);
        Batch::decode(Seq::new(5), &bytes).map(|_| ()).unwrap_err()
    };
    assert_eq!(changed(0, b'X'), BatchError::Magic);
    assert_eq!(changed(4, 2), BatchError::Version { format: 2, layout: 2 });
    assert_eq!(changed(5, 9), BatchError::Version { format: 1, layout: 9 });
    assert_eq!(changed(6, 1), BatchError::Reserved);
    assert_eq!(changed(30, 1), BatchError::Reserved);
    assert_eq!(changed(24, 3), BatchError::Length(good.len()));
    assert_eq!(changed(16, 6), BatchError::Key { key: 5, first: 6 });
    // A byte that was hit is damage, not another version.
    let mut hit = good.clone();
    hit[5] = 1;
    assert_eq!(Batch::decode(Seq::new(5), &hit).map(|_| ()).unwrap_err(), BatchError::Hash);
    let short = |len| Batch::decode(Seq::new(5), &good[..len]).map(|_| ()).unwrap_err();
    assert_eq!(short(0), BatchError::Length(0));
    assert_eq!(short(HEADER_LEN + HASH_LEN), BatchError::Length(HEADER_LEN + HASH_LEN));
    let mut hash = good.clone();
    *hash.last_mut().unwrap() ^= 1;
    assert_eq!(Batch::decode(Seq::new(5), &hash).map(|_| ()).unwrap_err(), BatchError::Hash);
}

#[test]
fn a_record_that_is_no_command_is_named_by_its_seq() {
    let mut bytes = batch(5, 2, [0; 32]);
    bytes[HEADER_LEN + 112 + 8] = 200;
    rehash(&mut bytes);
    let read = Batch::decode(Seq::new(5), &bytes).unwrap();
    let results: Vec<_> = read.commands().collect();
    assert!(results[0].is_ok());
    assert!(matches!(results[1], Err(BatchError::Record { seq: 6, .. })), "{results:?}");
}

#[test]
fn links_accept_only_what_follows() {
    let first = batch(1, 3, [0; 32]);
    let first = Batch::decode(Seq::new(1), &first).unwrap();
    let link = Link::GENESIS.follow(&first).unwrap();
    assert_eq!((link.tip, link.hash, link.epoch), (Seq::new(3), first.hash, 3));

    let follow = |bytes: &[u8], key| link.follow(&Batch::decode(Seq::new(key), bytes).unwrap());
    assert!(follow(&batch(4, 1, first.hash), 4).is_ok());
    assert_eq!(follow(&batch(5, 1, first.hash), 5), Err(BatchError::Gap { expected: 4 }));
    assert_eq!(follow(&batch(3, 1, first.hash), 3), Err(BatchError::Gap { expected: 4 }));
    assert_eq!(follow(&batch(4, 1, [1; 32]), 4), Err(BatchError::Chain));
    let mut old = Vec::new();
    encode(&mut old, 2, Seq::new(4), &first.hash, &records(1));
    assert_eq!(follow(&old, 4), Err(BatchError::Epoch { before: 3, found: 2 }));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), key in any::<u64>()) {
        prop_assert!(Batch::decode(Seq::new(key), &bytes).is_err());
    }

    #[test]
    fn a_damaged_batch_never_makes_it_panic(at in 0_usize..320, to in any::<u8>()) {
        let mut bytes = batch(1, 2, [0; 32]);
        bytes[at] = to;
        rehash(&mut bytes);
        if let Ok(batch) = Batch::decode(Seq::new(1), &bytes) {
            prop_assert!(batch.commands().count() > 0);
        }
    }
}
