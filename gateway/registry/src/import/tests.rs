//! The ledger against a naive one that keeps a state for every single number.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{BlockChange, Export, Known, KnownBlock, Plan, Policy, plan};
use crate::serial::{Serial, SerialRange};
use crate::words::BlockStatus;

/// Numbers run from 1 to this.
const NUMBERS: u64 = 60;

const HEADER: &str = "project,name,project_type,registry_type,country,methodology,developer,sdgs,vintage,vintage_start,\
    vintage_end,issued_on,quantity,buffer,cancelled,serial_number,status,ended_on,labels\n";

fn block_row(first: u64, last: u64, status: BlockStatus) -> String {
    let quantity = last - first + 1;
    format!(
        "ACR-9,A,methane_capture,,US,,,,2025,,,2025-06-30,{quantity},,,ACR-US-9-2025-3-{first} to {last},{status},,\n"
    )
}

fn export(rows: &[(u64, u64, BlockStatus)]) -> Export {
    let mut text = HEADER.to_owned();
    for &(first, last, status) in rows {
        text.push_str(&block_row(first, last, status));
    }
    Export::read("file", text.as_bytes()).unwrap()
}

/// A store in miniature.
#[derive(Default)]
struct Blocks(BTreeMap<i64, KnownBlock>);

impl Blocks {
    fn known(&self) -> Known {
        Known { blocks: self.0.values().cloned().collect(), ..Known::default() }
    }

    fn apply(&mut self, plan: &Plan) {
        for change in &plan.blocks {
            let next = self.0.keys().max().map_or(1, |id| id + 1);
            match change {
                BlockChange::New(fact) => {
                    let block = KnownBlock {
                        id: next,
                        project: fact.project.clone(),
                        year: fact.year,
                        scope: fact.serial.scope(),
                        range: fact.range(),
                        serial: fact.serial.clone(),
                        status: fact.status,
                        held: false,
                    };
                    assert_eq!(fact.quantity, block.range.quantity());
                    self.0.insert(next, block);
                }
                BlockChange::Split { id, parts } => {
                    let block = self.0[id].clone();
                    let covered: u64 = parts.iter().map(|part| part.range.quantity()).sum();
                    assert_eq!(covered, block.range.quantity(), "parts cover their block");
                    assert!(parts.len() > 1 || parts[0].used.is_some(), "a split changes something");
                    for (at, part) in parts.iter().enumerate() {
                        let id = if at == 0 { *id } else { next + i64::try_from(at).unwrap() };
                        let status = part.used.as_ref().map_or(block.status, |used| used.status);
                        let part =
                            KnownBlock { id, range: part.range, serial: part.serial.clone(), status, ..block.clone() };
                        self.0.insert(id, part);
                    }
                }
            }
        }
    }

    /// The state of each number; panics when a number is in two blocks or a serial does not say its range.
    fn by_number(&self) -> BTreeMap<u64, BlockStatus> {
        let mut states = BTreeMap::new();
        for block in self.0.values() {
            assert_eq!(block.serial.range(), Some(block.range));
            for number in block.range.first()..=block.range.last() {
                assert_eq!(states.insert(number, block.status), None, "number {number} is in two blocks");
            }
        }
        states
    }
}

/// What a file does, number by number. `None` when the whole file is refused.
fn naive(before: &BTreeMap<u64, BlockStatus>, rows: &[(u64, u64, BlockStatus)]) -> Option<BTreeMap<u64, BlockStatus>> {
    let mut after = before.clone();
    for &(first, last, status) in rows {
        for number in first..=last {
            match before.get(&number) {
                None => drop(after.insert(number, status)),
                Some(&known) if status.is_final() && known != status => {
                    if known.is_final() {
                        return None;
                    }
                    after.insert(number, status);
                }
                Some(_) => {}
            }
        }
    }
    Some(after)
}

/// Disjoint blocks in any order.
fn rows() -> impl Strategy<Value = Vec<(u64, u64, BlockStatus)>> {
    let status =
        prop_oneof![3 => Just(BlockStatus::Active), 2 => Just(BlockStatus::Retired), 1 => Just(BlockStatus::Cancelled)];
    let pieces = prop::collection::vec((0_u64..6, 1_u64..12, status), 1..8);
    pieces
        .prop_map(|pieces| {
            let mut next = 1;
            let mut rows = Vec::new();
            for (gap, length, status) in pieces {
                let first = next + gap;
                let last = first + length - 1;
                if last > NUMBERS {
                    break;
                }
                rows.push((first, last, status));
                next = last + 1;
            }
            rows
        })
        .prop_shuffle()
}

proptest! {
    #[test]
    fn files_change_the_ledger_as_they_would_number_by_number(files in prop::collection::vec(rows(), 1..6)) {
        let mut blocks = Blocks::default();
        for rows in &files {
            let before = blocks.by_number();
            let mut exports = [export(rows)];
            let plan = plan(&mut exports, blocks.known(), Policy::AllOrNothing);
            blocks.apply(&plan);
            let expected = naive(&before, rows);
            prop_assert_eq!(expected.is_none(), exports[0].refused > 0);
            prop_assert_eq!(blocks.by_number(), expected.unwrap_or(before));
        }
        // Whatever was imported last, importing it again changes nothing.
        if let Some(rows) = files.last() {
            let again = plan(&mut [export(rows)], blocks.known(), Policy::AllOrNothing);
            prop_assert_eq!(again.blocks, []);
        }
    }

    #[test]
    fn one_import_of_all_files_is_as_good_as_one_by_one(files in prop::collection::vec(rows(), 1..5)) {
        let mut one_by_one = Blocks::default();
        for rows in &files {
            let plan = plan(&mut [export(rows)], one_by_one.known(), Policy::AllOrNothing);
            one_by_one.apply(&plan);
        }
        let mut exports: Vec<Export> = files.iter().map(|rows| export(rows)).collect();
        let plan = plan(&mut exports, Known::default(), Policy::AllOrNothing);
        let mut together = Blocks::default();
        together.apply(&plan);
        prop_assert_eq!(together.by_number(), one_by_one.by_number());
    }
}

fn known(first: u64, last: u64, status: BlockStatus, held: bool) -> Known {
    let serial = Serial::parse(&format!("ACR-US-9-2025-3-{first} to {last}")).unwrap();
    let block = KnownBlock {
        id: 7,
        project: crate::facts::ProjectKey::parse("ACR-9").unwrap(),
        year: 2025,
        scope: serial.scope(),
        range: SerialRange::new(first, last).unwrap(),
        serial,
        status,
        held,
    };
    Known { blocks: vec![block], ..Known::default() }
}

#[test]
fn conflicts_with_the_ledger_are_refused_with_line_and_reason() {
    use BlockStatus::{Active, Cancelled, Retired};
    let cases = [
        (
            known(1, 9, Retired, false),
            (5, 6, Cancelled),
            "serial numbers 5 to 6 are retired already and cannot be cancelled",
        ),
        (known(1, 9, Active, true), (9, 12, Retired), "serial numbers 9 to 9 are held in block 7 of this venue"),
    ];
    for (known, row, expected) in cases {
        let mut exports = [export(&[(20, 29, Active), row])];
        let plan = plan(&mut exports, known, Policy::AllOrNothing);
        assert!(plan.is_empty(), "nothing of the file is imported: {plan:?}");
        let [refusal] = exports[0].refusals.as_slice() else { panic!("{:?}", exports[0].refusals) };
        assert!(refusal.to_string().starts_with(&format!("file:3: {expected}")), "{refusal}");
        assert_eq!((exports[0].accepted, exports[0].refused), (1, 1));
    }
    // The same numbers for another vintage: possible double issuance.
    let mut other = known(1, 9, Active, false);
    other.blocks[0].year = 2024;
    let mut exports = [export(&[(1, 9, Active)])];
    plan(&mut exports, other, Policy::AllOrNothing);
    assert_eq!(exports[0].refusals[0].to_string(), "file:2: serial numbers 1 to 9 belong to ACR-9-2024");
}

#[test]
fn good_rows_of_a_bad_file_are_imported_only_when_asked_for() {
    use BlockStatus::{Active, Cancelled, Retired};
    let rows = [(20, 29, Active), (5, 6, Cancelled)];
    let plan = plan(&mut [export(&rows)], known(1, 9, Retired, false), Policy::SkipBadRows);
    let [BlockChange::New(fact)] = plan.blocks.as_slice() else { panic!("{:?}", plan.blocks) };
    assert_eq!(fact.serial.as_str(), "ACR-US-9-2025-3-20 to 29");
}

#[test]
fn issuances_without_serials_count_once_each() {
    let row = |buffer: u64| format!("ACR-9,A,methane_capture,,US,,,,2025,,,2025-06-30,100,{buffer},,,,,\n");
    let read = |rows: &[u64]| {
        let text = rows.iter().fold(HEADER.to_owned(), |text, &buffer| text + &row(buffer));
        Export::read("file", text.as_bytes()).unwrap()
    };
    // Two of the same day and size are two; the same file again is the same two.
    let first = plan(&mut [read(&[0, 10])], Known::default(), Policy::AllOrNothing);
    assert_eq!(first.issuances.iter().map(|(key, _)| key.ordinal).collect::<Vec<_>>(), [0, 1]);
    let issuances = || first.issuances.iter().map(|(key, fact)| (key.clone(), (fact.buffer, fact.cancelled))).collect();
    let again = plan(&mut [read(&[0, 10])], Known { issuances: issuances(), ..Known::default() }, Policy::AllOrNothing);
    assert_eq!(again.issuances, []);
    // A newer file knows more of the second.
    let newer = plan(&mut [read(&[0, 20])], Known { issuances: issuances(), ..Known::default() }, Policy::AllOrNothing);
    let [(key, fact)] = newer.issuances.as_slice() else { panic!("{:?}", newer.issuances) };
    assert_eq!((key.ordinal, fact.buffer), (1, 20));
}
