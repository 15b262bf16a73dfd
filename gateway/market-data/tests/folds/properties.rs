//! Generated streams of all commands: after each one the folds equal the exchange; at the end replays and resumptions equal
//! the live run.

use crate::checks::{Numbers, check_accounts, check_books, check_orders, check_trades_and_bars, check_updates};
use crate::followers::{Followers, follow, ladder};
use crate::sessions::check_sessions;
use crate::streams::{Choices, Coverage, Generator, Listed, Seeded, Shape};
use crate::venue::Venue;
use cx_engine::command::CancelAll;
use cx_engine::ids::{AccountId, AssetId, InstrumentId, Seq};
use cx_engine::units::Amount;
use cx_engine::{Command, CommandRecord, Event};
use cx_market_data::{Accounts, Retention, Timeframe};
use proptest::prelude::*;

/// A venue that is driven by a generator.
struct Run {
    shape: Shape,
    generator: Generator,
    venue: Venue,
    coverage: Coverage,
    followers: Followers,
    numbers: Numbers,
}

impl Run {
    fn new(shape: Shape) -> Self {
        let mut run = Self {
            shape,
            generator: Generator::new(shape),
            venue: Venue::empty(Retention::default(), Accounts::default()),
            coverage: Coverage::default(),
            followers: Followers::default(),
            numbers: Numbers::new(),
        };
        while run.generator.is_opening() {
            run.step(&mut Listed(&[]));
            run.check();
        }
        run
    }

    fn step(&mut self, choices: &mut impl Choices) -> CommandRecord {
        let record = self.generator.next(choices);
        self.venue.now = record.stamp.nanos();
        let events: Vec<Event> = self.venue.apply(record.command).iter().map(|record| record.event).collect();
        self.coverage.count(&record.command, &events);
        self.generator.observe(&events);
        record
    }

    /// What must hold after each command.
    fn check(&mut self) {
        check_books(&self.venue);
        check_accounts(&self.venue);
        check_sessions(&self.venue);
        check_updates(&self.venue, &mut self.numbers);
        self.followers.check(&self.venue);
    }

    /// What must hold at any moment, and takes long to look at.
    fn check_history(&self) {
        check_trades_and_bars(&self.venue);
        check_orders(&self.venue);
        let cash = [0, 1].map(AssetId::new);
        assert!(cash.iter().all(|&asset| self.venue.accounts.balance(AccountId::VENUE, asset).held == Amount::ZERO));
    }

    fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..=self.shape.accounts).map(AccountId::new)
    }
}

/// Long enough that everything is met: each event, each refusal and each end that the rules know.
const COMMANDS: usize = 2_500;
const SEEDS: u64 = 32;

#[test]
fn folds_equal_the_exchange_whatever_the_rules_allow() {
    let mut coverage = Coverage::default();
    for seed in 0..SEEDS {
        let mut run = Run::new(Shape::ALL[usize::try_from(seed).unwrap() % Shape::ALL.len()]);
        let mut choices = Seeded::new(seed);
        for number in 0..COMMANDS {
            run.step(&mut choices);
            check_updates(&run.venue, &mut run.numbers);
            check_sessions(&run.venue);
            run.followers.check(&run.venue);
            if number % 4 == 0 {
                check_books(&run.venue);
                check_accounts(&run.venue);
            }
        }
        run.check_history();
        coverage.merge(&run.coverage);
    }
    // Refusals and the reasons for an end change no fold otherwise than others of their kind; what the venue withdraws comes
    // too seldom, and `rules` has it.
    let of_an_answer = |name: &String| {
        name.contains(" refused: ") || name.starts_with("ended in ") || name == "withdrawn by the venue"
    };
    let missing: Vec<String> = coverage.missing().into_iter().filter(|name| !of_an_answer(name)).collect();
    assert_eq!(missing, Vec::<String>::new(), "events that never came");
}

/// Each command of a shrinkable stream is made from this many choices at most.
const CHOICES: usize = 14;

type Streams = (usize, Vec<[u16; CHOICES]>);

fn streams(commands: usize) -> impl Strategy<Value = Streams> {
    (0..Shape::ALL.len(), prop::collection::vec(prop::array::uniform14(any::<u16>()), 1..commands))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folds_equal_the_exchange_after_every_command((shape, stream) in streams(160)) {
        let mut run = Run::new(Shape::ALL[shape]);
        let mut snapshots = Vec::new();
        for choices in &stream {
            run.step(&mut Listed(choices));
            run.check();
            snapshots.push(run.followers.copies());
        }
        run.check_history();

        // From any moment on, the kept updates lead to the present.
        for snapshot in snapshots {
            for ((seq, mut copy), id) in snapshot.into_iter().zip(0..) {
                let book = run.venue.market.book(InstrumentId::new(id)).unwrap();
                book.updates_since(seq).unwrap().for_each(|update| follow(&mut copy, update));
                prop_assert_eq!(copy, ladder(book));
            }
        }
    }

    #[test]
    fn a_replay_gives_the_same_numbers_and_reports((shape, stream) in streams(160)) {
        let mut run = Run::new(Shape::ALL[shape]);
        for choices in &stream {
            run.step(&mut Listed(choices));
        }
        let mut replayed = Accounts::default();
        for record in &run.venue.log {
            replayed.apply(record);
        }
        // A next command closes the last one; this one touches no balance.
        let nothing = CancelAll { account: AccountId::new(1), instrument: Some(InstrumentId::new(99)), side: None };
        let flush = run.venue.apply(Command::CancelAll(nothing));
        for record in &flush {
            replayed.apply(record);
        }
        let live = &run.venue.accounts;
        for account in run.accounts() {
            prop_assert_eq!(replayed.report_number(account), live.report_number(account));
            prop_assert_eq!(replayed.balance_number(account), live.balance_number(account));
            prop_assert_eq!(replayed.reports_since(account, 0), live.reports_since(account, 0));
            prop_assert!(replayed.closed_orders(account).eq(live.closed_orders(account)));
        }
        prop_assert_eq!(replayed.balances(), run.venue.exchange.balances());
    }

    /// Without the venue's staff: a reversed trade of an order that is not kept any more is not reported.
    #[test]
    fn small_rings_forget_whole_and_never_lie((shape, stream) in streams(160)) {
        let mut run = Run::new(Shape { staff: 0, ..Shape::ALL[shape] });
        let retention = Retention { book_updates: 4, trades: 3, venue_trades: 5, bars: 2 };
        let mut narrow = Venue::empty(retention, Accounts::new(6, 9));
        let opening = run.venue.log.clone();
        for choices in &stream {
            run.step(&mut Listed(choices));
        }
        prop_assert!(opening.len() < run.venue.log.len());
        for records in cx_market_data::commands(&run.venue.log) {
            narrow.follow(records);
        }
        prop_assert!(run.accounts().map(|account| narrow.accounts.closed_orders(account).count()).sum::<usize>() <= 6);
        compare_accounts(&run, &narrow)?;
        compare_market(&run.venue, &narrow)?;
    }
}

/// What narrow folds keep is the end of what wide ones do.
fn compare_accounts(run: &Run, narrow: &Venue) -> Result<(), TestCaseError> {
    for account in run.accounts() {
        let all = run.venue.accounts.reports_since(account, 0).unwrap();
        for after in 0..=narrow.accounts.report_number(account) {
            if let Some(kept) = narrow.accounts.reports_since(account, after) {
                prop_assert_eq!(&kept[..], &all[usize::try_from(after).unwrap()..]);
            }
        }
        let all = run.venue.accounts.closed_orders(account);
        let count = narrow.accounts.closed_orders(account).count();
        prop_assert!(narrow.accounts.closed_orders(account).eq(all.take(count)));
    }
    Ok(())
}

fn compare_market(wide: &Venue, narrow: &Venue) -> Result<(), TestCaseError> {
    for id in wide.exchange.instruments().map(|listed| listed.instrument) {
        let (wide_book, book) = (wide.market.book(id).unwrap(), narrow.market.book(id).unwrap());
        for seq in (0..=wide.exchange.seq().get()).map(Seq::new) {
            if let Some(kept) = narrow.market.trades().since(id, seq) {
                prop_assert!(kept.eq(wide.market.trades().since(id, seq).unwrap()));
            }
            if let Some(kept) = book.updates_since(seq) {
                prop_assert!(kept.eq(wide_book.updates_since(seq).unwrap()));
            }
        }
        for timeframe in Timeframe::ALL {
            prop_assert!(narrow.market.candles().bars(id, timeframe).count() <= 2);
            prop_assert_eq!(narrow.market.candles().last(id, timeframe), wide.market.candles().last(id, timeframe));
        }
    }
    Ok(())
}
