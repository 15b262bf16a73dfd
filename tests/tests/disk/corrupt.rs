//! Damage to any file of a data folder: a sound beginning at or above the watermark comes back, or the start is refused in
//! words that name the place; never a wrong state, a hang or a panic. A refusal changes nothing: with the damage undone, all is back.

use crate::flow::{self, Flow};
use crate::judge::{Known, copy};
use crate::{Random, rounds};
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use cx_engine::{CommandRecord, EventRecord};
use cx_journal::{Durability, JournalError, JournalStore, Recovered, Snapshotter, verify, watermark};
use cx_pipeline::{EventLog as _, Journal as _};
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// How long one start may take before it counts as one that never ends.
const PATIENCE: Duration = Duration::from_mins(2);
const COMMANDS: usize = 3_000;

/// A folder to be damaged.
struct Whole {
    dir: TempDir,
    known: Known,
    /// Where its watermark stands.
    mark: u64,
}

fn append(recovered: &mut Recovered, commands: &[CommandRecord]) {
    let mut events = Vec::new();
    for batch in commands.chunks(10) {
        recovered.journal.append(recovered.journal.tip().next(), batch).unwrap();
        for command in batch {
            events.clear();
            let seq = recovered.exchange.seq().next();
            let time = recovered.exchange.apply(seq, command.stamp, &command.command, &mut events);
            let named = (0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event });
            recovered.event_log.append(&named.collect::<Vec<_>>()).unwrap();
        }
    }
}

/// Part in table files, part in the log; snapshots in both; closed, or left as a crash leaves it.
fn whole(seed: u64, is_closed: bool) -> Whole {
    let dir = tempfile::tempdir().unwrap();
    let mut flow = Flow::new(seed, 4);
    let commands = flow::market(4).into_iter().chain(std::iter::repeat_with(move || flow.command()).take(COMMANDS));
    let stamped = (1..).zip(commands);
    let all: Vec<_> = stamped.map(|(nanos, command)| CommandRecord { stamp: Timestamp::from_nanos(nanos), command }).collect();
    for (part, is_last) in [(&all[..1_000], false), (&all[1_000..2_000], false), (&all[2_000..], true)] {
        let store = JournalStore::open(dir.path(), Durability::Os).unwrap();
        let mut recovered = store.recover(Seq::ZERO, |_| {}).unwrap();
        append(&mut recovered, &part[..part.len() / 2]);
        let mut snapshots: Snapshotter<()> = store.snapshotter(|_| Ok(())).unwrap();
        snapshots.advance(Seq::new(u64::MAX)).unwrap();
        snapshots.write(3).unwrap();
        append(&mut recovered, &part[part.len() / 2..]);
        if is_closed || !is_last {
            recovered.journal.close().unwrap();
            recovered.event_log.close().unwrap();
        }
    }
    let mark = watermark::read(&dir.path().join("watermark")).unwrap().unwrap().seq.get();
    Whole { dir, known: Known(all), mark }
}

fn files(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), &name, found);
        } else {
            found.push(name);
        }
    }
}

/// What kind of file it is.
fn kind(file: &Path) -> String {
    let folder = file.parent().and_then(Path::to_str).unwrap_or_default();
    let name = file.file_name().unwrap().to_str().unwrap();
    let stem = name.split('-').next().unwrap();
    let ending = file.extension().and_then(|ending| ending.to_str());
    format!("{folder}/{}", ending.unwrap_or(stem)).trim_start_matches('/').to_owned()
}

/// Damages a file, and says how.
fn damage(path: &Path, random: &mut Random) -> String {
    let mut bytes = fs::read(path).unwrap();
    let at = if bytes.is_empty() { 0 } else { random.index(bytes.len()) };
    let how = match random.below(8) {
        0 => {
            fs::remove_file(path).unwrap();
            return "removed".to_owned();
        }
        1 => {
            bytes.clear();
            "emptied".to_owned()
        }
        2 | 3 => {
            bytes.truncate(at);
            format!("cut at {at}")
        }
        4 => {
            let end = bytes.len().min(at + 1 + random.index(4_096));
            bytes[at..end].fill(0);
            format!("zeros at {at} to {end}")
        }
        _ if bytes.is_empty() => "left".to_owned(),
        _ => {
            let bit = random.below(8);
            bytes[at] ^= 1 << bit;
            format!("bit {bit} of byte {at} flipped")
        }
    };
    fs::write(path, bytes).unwrap();
    how
}

/// What a start made of it.
#[derive(Debug)]
enum Answer {
    /// Up to this command, all of it right; the words if the event log could not be read.
    Back(u64, Option<String>),
    Refused(String),
}

fn recover(dir: &Path) -> Result<(JournalStore, Recovered), JournalError> {
    let store = JournalStore::open(dir, Durability::Fsync)?;
    let recovered = store.recover(Seq::ZERO, |_| {})?;
    Ok((store, recovered))
}

fn answer(dir: &Path, whole: &Whole) -> Answer {
    let (store, recovered) = match recover(dir) {
        Err(error) => return Answer::Refused(error.to_string()),
        Ok(recovered) => recovered,
    };
    let tip = recovered.exchange.seq().get();
    assert!(tip >= whole.mark, "it came back at seq {tip}, the watermark was at {}", whole.mark);
    let (exchange, events) = whole.known.replay(tip);
    assert_eq!(recovered.exchange.state_hash(), exchange.state_hash(), "another state at seq {tip}");
    match store.event_reader().read_after(Seq::ZERO, usize::MAX) {
        Ok(stored) => {
            assert!(stored == events, "other events up to seq {tip}");
            Answer::Back(tip, None)
        }
        Err(error) => Answer::Back(tip, Some(error.to_string())),
    }
}

/// Runs something that must come to an end and not panic.
fn guarded<T: Send>(what: &str, run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let (done, wait) = mpsc::channel();
        scope.spawn(move || drop(done.send(catch_unwind(AssertUnwindSafe(run)))));
        match wait.recv_timeout(PATIENCE) {
            Ok(Ok(value)) => value,
            Ok(Err(panic)) => {
                let text = panic.downcast_ref::<String>().cloned();
                panic!("{what}: {}", text.unwrap_or_else(|| "a panic without words".to_owned()))
            }
            Err(_) => {
                // The thread cannot be ended, so the process is.
                eprintln!("{what}: no answer within {PATIENCE:?}");
                std::process::exit(1);
            }
        }
    })
}

/// Whether words name a place: a seq, or a file of the data folder.
fn names_the_place(words: &str, dir: &Path) -> bool {
    words.contains(dir.to_str().unwrap()) || words.contains("seq ")
}

/// One case. Gives what the start said, and what was wrong about it.
fn case(whole: &Whole, file: &Path, random: &mut Random) -> (Answer, String, Vec<String>) {
    let work = tempfile::tempdir().unwrap();
    let dir = work.path();
    copy(whole.dir.path(), dir);
    let how = damage(&dir.join(file), random);
    let place = format!("{} {how}", file.display());
    let is_sound = guarded(&place, || verify(dir, |_| {}).is_ok_and(|report| report.is_sound()));
    let answer = guarded(&place, || answer(dir, whole));
    let mut faults = Vec::new();
    match &answer {
        Answer::Back(..) => {}
        Answer::Refused(words) => {
            if !names_the_place(words, dir) {
                faults.push(format!("{place}: names no place: {words}"));
            }
            if is_sound {
                faults.push(format!("{place}: verification found nothing, but: {words}"));
            }
            fs::copy(whole.dir.path().join(file), dir.join(file)).unwrap();
            let healed = guarded(&place, || recover(dir).map(|(_, recovered)| recovered.exchange.seq().get()));
            match healed {
                Ok(tip) if tip == whole.known.0.len() as u64 => {}
                Ok(tip) => faults.push(format!("{place}: refused, but with the damage undone only seq {tip} is left")),
                Err(error) => faults.push(format!("{place}: refused, but with the damage undone still: {error}")),
            }
        }
    }
    (answer, place, faults)
}

#[test]
fn no_damage_to_any_file_leads_to_a_wrong_state() {
    let wholes = [whole(7, true), whole(8, false)];
    let count = rounds("CX_CORRUPT_ROUNDS", 1, 60);
    let mut random = Random::new(41);
    // Kind of file: all back, a beginning back, refused; event log refused to be read.
    let mut table: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let mut faults = Vec::new();
    // Every kind of file in turn, else the many table files would be most of it.
    let by_kind: Vec<BTreeMap<String, Vec<PathBuf>>> = wholes
        .iter()
        .map(|whole| {
            let (mut all, mut kinds) = (Vec::new(), BTreeMap::new());
            files(whole.dir.path(), Path::new(""), &mut all);
            all.into_iter().for_each(|file| kinds.entry(kind(&file)).or_insert_with(Vec::new).push(file));
            kinds
        })
        .collect();
    for number in 0..count {
        let which = number % wholes.len();
        let (whole, kinds) = (&wholes[which], &by_kind[which]);
        let (kind, files) = kinds.iter().nth(number / wholes.len() % kinds.len()).unwrap();
        let (answer, place, wrong) = case(whole, &files[random.index(files.len())], &mut random);
        let row = table.entry(kind.clone()).or_default();
        match &answer {
            Answer::Back(tip, events) => {
                row[usize::from(*tip < whole.known.0.len() as u64)] += 1;
                row[3] += usize::from(events.is_some());
            }
            Answer::Refused(_) => row[2] += 1,
        }
        if std::env::var_os("CX_CORRUPT_SAY").is_some() {
            println!("{place}: {answer:?}");
        }
        faults.extend(wrong);
    }
    println!("{:<22} {:>9} {:>9} {:>8} {:>17}", "damage to", "all back", "beginning", "refused", "events unreadable");
    for (kind, [all, beginning, refused, events]) in &table {
        println!("{kind:<22} {all:>9} {beginning:>9} {refused:>8} {events:>17}");
    }
    println!("{count} cases, {} faults", faults.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let sum = |column: usize| table.values().map(|row| row[column]).sum::<usize>();
    assert!(sum(0) > count / 10 && sum(2) > count / 10, "{table:?}");
}
