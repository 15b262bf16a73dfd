//! Power cuts. One run of the victim is cut at several moments; the next run begins with what the last cut left.

use crate::judge::{Acked, Known, acked_before, judge};
use crate::log;
use crate::model::{Cut, Disk};
use crate::shim::Watched;
use crate::{Random, rounds};
use cx_journal::Durability;
use tempfile::TempDir;

/// Cuts of one run.
const CUTS: usize = 5;

/// What happened, for the table.
#[derive(Debug, Default)]
struct Counts {
    runs: usize,
    cuts: usize,
    /// By [`Cut::ALL`].
    by_kind: [usize; 4],
    /// Before the run's first acknowledgement: while a folder is made or recovered.
    early: usize,
    /// Acknowledged orders looked for.
    looked_for: usize,
    /// Acknowledged orders lost, which only the modes without syncs may.
    lost: usize,
}

struct Campaign {
    mode: &'static str,
    is_cutting: bool,
    random: Random,
    counts: Counts,
    /// Orders acknowledged by earlier runs that the folder holds.
    acked: Acked,
    root: TempDir,
}

impl Campaign {
    fn run(&mut self, round: usize) {
        let watched = Watched::new(self.root.path());
        let mut disk = Disk::of(self.root.path());
        let round = round.to_string();
        let mut arguments = vec![self.mode, &round];
        if self.is_cutting {
            arguments.push("cutting");
        }
        let orders = 1 + self.random.below(10_u64.pow(u32::try_from(self.counts.runs % 4 + 1).unwrap()));
        let ended = watched.victim(&arguments, "").kill_after(orders);
        assert!(ended.acked >= orders, "{ended:?}");
        self.counts.runs += 1;

        let records = log::read(&watched.log());
        let known = (!self.is_cutting).then(|| Known::of(&watched.data()).unwrap());
        let first_ack = log::acks(&records).first().unwrap().0;
        let mut moments: Vec<usize> = (0..CUTS - 1)
            .map(|number| 1 + self.random.index(if number % 2 == 0 { first_ack } else { records.len() }))
            .collect();
        moments.push(records.len());
        moments.sort_unstable();
        let mut played = 0;
        for moment in moments {
            records[played..moment].iter().for_each(|record| disk.play(record));
            played = moment;
            self.counts.early += usize::from(moment < first_ack);
            let acked = acked_before(&records, moment, &self.acked);
            self.cut(&disk, &acked, known.as_ref(), moment == records.len());
        }
    }

    fn cut(&mut self, disk: &Disk, acked: &Acked, known: Option<&Known>, goes_on: bool) {
        let kind = self.random.index(Cut::ALL.len());
        let (how, seed) = (Cut::ALL[kind], self.random.below(1 << 32));
        let left = tempfile::tempdir().unwrap();
        disk.cut(how, &mut Random::new(seed), left.path());
        self.counts.cuts += 1;
        self.counts.by_kind[kind] += 1;
        self.counts.looked_for += acked.len();
        let durability: Durability = self.mode.parse().unwrap();
        let place = || format!("{} {how:?} seed {seed} run {}", self.mode, self.counts.runs);
        let verdict = judge(&left.path().join("data"), durability, acked, known);
        let tip = verdict.unwrap_or_else(|refusal| panic!("{}: refused: {refusal}", place()));
        let lost = acked.values().filter(|seq| **seq > tip).count();
        if durability == Durability::Fsync || how == Cut::Everything {
            assert_eq!(lost, 0, "{}: acknowledged orders are lost", place());
        }
        self.counts.lost += lost;
        if goes_on {
            // The same cut once more: the victim recovers it by itself.
            self.root = tempfile::tempdir().unwrap();
            disk.cut(how, &mut Random::new(seed), self.root.path());
            self.acked = acked.iter().filter(|(_, seq)| **seq <= tip).map(|(id, seq)| (id.clone(), *seq)).collect();
        }
    }
}

fn campaign(mode: &'static str, is_cutting: bool, seed: u64, cuts: usize) -> Counts {
    let (random, root) = (Random::new(seed), tempfile::tempdir().unwrap());
    let mut campaign =
        Campaign { mode, is_cutting, random, counts: Counts::default(), acked: Acked::new(), root };
    for round in 0..cuts.div_ceil(CUTS) {
        campaign.run(round);
    }
    let Counts { runs, cuts, by_kind: [nothing, beginning, scattered, everything], early, looked_for, lost } =
        campaign.counts;
    let cutting = if is_cutting { "+snapshots" } else { "" };
    println!(
        "power cut  {:<22} runs {runs:>4}  cuts {cuts:>4}  (nothing {nothing}, beginning {beginning}, scattered {scattered}, \
         everything {everything}; before the first answer {early})  orders looked for {looked_for:>8}  lost {lost:>6}",
        format!("{mode}{cutting}")
    );
    campaign.counts
}

#[test]
fn with_fsync_a_power_cut_takes_nothing_that_was_acknowledged() {
    let counts = campaign("fsync", false, 1, rounds("CX_CRASH_ROUNDS", 1, 20));
    assert!(counts.looked_for > 100 && counts.early > 0, "{counts:?}");
}

#[test]
fn with_fsync_neither_while_snapshots_are_written_and_the_journal_is_cut() {
    campaign("fsync", true, 2, rounds("CX_CRASH_ROUNDS", 2, 20));
}

#[test]
fn in_the_other_modes_a_power_cut_takes_the_end_only() {
    let counts = [
        campaign("interval:20", false, 3, rounds("CX_CRASH_ROUNDS", 4, 10)),
        campaign("interval:20", true, 4, rounds("CX_CRASH_ROUNDS", 4, 10)),
        campaign("os", false, 5, rounds("CX_CRASH_ROUNDS", 4, 10)),
        campaign("os", true, 6, rounds("CX_CRASH_ROUNDS", 4, 10)),
    ];
    assert!(counts.iter().any(|counts| counts.lost > 0), "cuts take what is not synced: {counts:?}");
}
