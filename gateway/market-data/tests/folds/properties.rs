//! Random commands: after each one the folds equal the exchange; at the end replays and resumptions equal the live run.

use crate::venue::{CASH, Venue, limit, named};
use cx_engine::command::{
    AmendOrder, CancelAll, CancelOrder, Movement, NewOrder, OrderKind, Permissions, SelfTrade, SetPermissions, Side,
    TimeInForce,
};
use cx_engine::ids::{AccountId, AssetId, InstrumentId, OrderId, Seq};
use cx_engine::units::{Amount, DisplayQuantity, Price, Quantity};
use cx_engine::{Command, Event};
use cx_market_data::{
    Accounts, BookL2, BookLevel, BookUpdate, Candle, DepthView, ExecType, OrderState, OrderStatus, PublicTrade,
    Retention, Timeframe, commands,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const INSTRUMENTS: u32 = 2;
const HOLDERS: u32 = 4;
const VIEW_LEVELS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Place(NewOrder),
    Cancel { owner: u32, pick: usize },
    Amend { owner: u32, pick: usize, price: i64, quantity: u64 },
    CancelAll { owner: u32, instrument: Option<u32> },
    Permit { account: u32, trade: bool },
    Move { kind: u8, account: u32, asset: u32, amount: i64 },
    Wait { nanos: u64 },
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn order() -> impl Strategy<Value = NewOrder> {
    let kinds = prop_oneof![
        12 => Just((OrderKind::Limit, TimeInForce::GoodTillCancelled, false)),
        2 => Just((OrderKind::Limit, TimeInForce::GoodTillCancelled, true)),
        2 => Just((OrderKind::Limit, TimeInForce::Day, false)),
        2 => Just((OrderKind::Limit, TimeInForce::ImmediateOrCancel, false)),
        1 => Just((OrderKind::Limit, TimeInForce::FillOrKill, false)),
        2 => Just((OrderKind::Market, TimeInForce::ImmediateOrCancel, false)),
        1 => Just((OrderKind::Market, TimeInForce::FillOrKill, false)),
    ];
    // Account 9 does not exist, instrument 7 neither; quantity 0 is invalid.
    let who = prop_oneof![20 => 1..=HOLDERS, 1 => Just(9_u32)];
    let what = prop_oneof![20 => 0..INSTRUMENTS, 1 => Just(7_u32)];
    let name = prop::option::weighted(0.3, 0_u32..60);
    let prevention = prop::sample::select(SelfTrade::ALL);
    let display = prop_oneof![2 => Just(0_u32), 1 => 1_u32..9];
    (who, what, side(), kinds, 90_i64..110, 0_u64..60, name, prevention, display).prop_map(
        |(account, instrument, side, (kind, time_in_force, post_only), price, quantity, name, self_trade, display)| {
            let plain = limit(account, side, price, quantity);
            let order = match kind {
                OrderKind::Market => NewOrder { kind, price: Price::NONE, ..plain },
                _ => plain,
            };
            let display = DisplayQuantity::from_lots(if time_in_force.rests() { display } else { 0 });
            let instrument = InstrumentId::new(instrument);
            let order = NewOrder { instrument, time_in_force, post_only, self_trade, display, ..order };
            name.map_or(order, |name| named(order, &format!("order-{name}")))
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let amend = (1..=HOLDERS, any::<usize>(), 90_i64..110, 1_u64..80);
    prop_oneof![
        12 => order().prop_map(Step::Place),
        3 => (1..=HOLDERS, any::<usize>()).prop_map(|(owner, pick)| Step::Cancel { owner, pick }),
        4 => amend.prop_map(|(owner, pick, price, quantity)| Step::Amend { owner, pick, price, quantity }),
        1 => (1..=HOLDERS, prop::option::of(0..INSTRUMENTS))
            .prop_map(|(owner, instrument)| Step::CancelAll { owner, instrument }),
        1 => (1..=HOLDERS, prop::bool::weighted(0.7)).prop_map(|(account, trade)| Step::Permit { account, trade }),
        2 => (0_u8..4, 0..=HOLDERS, 0..=INSTRUMENTS, 1_i64..200_000)
            .prop_map(|(kind, account, asset, amount)| Step::Move { kind, account, asset, amount }),
        3 => (0_u64..40 * 60_000_000_000).prop_map(|nanos| Step::Wait { nanos }),
    ]
}

/// A command, or none when the step only lets time pass.
fn command(venue: &mut Venue, step: &Step) -> Option<Command> {
    // An open order of the account most of the time, else one that is not there.
    let pick = |venue: &Venue, owner: u32, pick: usize| {
        let own: Vec<OrderId> = venue.accounts.open_orders(AccountId::new(owner)).map(|order| order.order).collect();
        own.get(pick % (own.len() + 1)).copied().unwrap_or(OrderId::from_parts(0, 1))
    };
    Some(match *step {
        Step::Place(order) => Command::Place(order),
        Step::Cancel { owner, pick: place } => {
            Command::Cancel(CancelOrder { account: AccountId::new(owner), order: pick(venue, owner, place) })
        }
        Step::Amend { owner, pick: place, price, quantity } => Command::Amend(AmendOrder {
            account: AccountId::new(owner),
            order: pick(venue, owner, place),
            price: Price::from_ticks(price),
            quantity: Quantity::from_lots(quantity),
            stop_price: Price::NONE,
        }),
        Step::CancelAll { owner, instrument } => Command::CancelAll(CancelAll {
            account: AccountId::new(owner),
            instrument: instrument.map(InstrumentId::new),
            side: None,
        }),
        Step::Permit { account, trade } => Command::SetPermissions(SetPermissions {
            account: AccountId::new(account),
            permissions: Permissions { trade, withdraw: true },
        }),
        Step::Move { kind, account, asset, amount } => {
            let amount = if asset == 0 { amount } else { amount % 100 + 1 };
            let (account, asset) = (AccountId::new(account), AssetId::new(asset));
            let movement = Movement { account, asset, amount: Amount::from_minor(amount), reference: 0 };
            match kind {
                0 => Command::Deposit(movement),
                1 => Command::Withdraw(movement),
                2 => Command::Issue(movement),
                _ => Command::Retire(movement),
            }
        }
        Step::Wait { nanos } => {
            venue.now += nanos;
            return None;
        }
    })
}

type Ladder = BTreeMap<(u8, i64), (u64, u32)>;

fn ladder(book: &BookL2) -> Ladder {
    let both = [Side::Buy, Side::Sell].into_iter().flat_map(|side| book.levels(side).map(move |level| (side, level)));
    both.map(|(side, level)| ((side.number(), level.price.ticks()), (level.quantity.lots(), level.orders))).collect()
}

fn follow(ladder: &mut Ladder, update: &BookUpdate) {
    for change in &update.changes {
        let key = (change.side.number(), change.price.ticks());
        if change.orders == 0 {
            assert!(change.quantity.is_zero());
            assert!(ladder.remove(&key).is_some(), "a removal removes something");
        } else {
            ladder.insert(key, (change.quantity.lots(), change.orders));
        }
    }
}

/// What clients hold: a copy of each book kept by updates, and a window of its top.
struct Followers {
    copies: Vec<(Seq, Ladder)>,
    windows: Vec<(DepthView, Ladder)>,
}

impl Followers {
    fn new(venue: &Venue) -> Self {
        let books = || venue.exchange.instruments().map(|listed| venue.market.book(listed.instrument).unwrap());
        Self {
            copies: books().map(|book| (book.seq(), ladder(book))).collect(),
            windows: books().map(|book| (DepthView::new(book, VIEW_LEVELS), Ladder::new())).collect(),
        }
    }

    fn check(&mut self, venue: &Venue) {
        for id in 0..INSTRUMENTS {
            let book = venue.market.book(InstrumentId::new(id)).unwrap();
            let (seq, copy) = &mut self.copies[id as usize];
            if book.seq() == venue.exchange.seq() {
                let update = book.last_update().unwrap();
                assert_eq!((update.prev_seq, update.seq), (*seq, book.seq()));
                follow(copy, update);
                *seq = update.seq;
            }
            assert_eq!((*seq, &*copy), (book.seq(), &ladder(book)));

            let (view, window) = &mut self.windows[id as usize];
            let before = view.seq();
            if let Some(update) = view.advance(book) {
                assert_eq!((update.prev_seq, update.seq), (before, book.seq()));
                follow(window, &update);
            }
            let mut top = Ladder::new();
            for side in [Side::Buy, Side::Sell] {
                assert_eq!(view.levels(side), book.depth(side, VIEW_LEVELS));
                let levels = book.depth(side, VIEW_LEVELS).into_iter();
                top.extend(levels.map(|l| ((side.number(), l.price.ticks()), (l.quantity.lots(), l.orders))));
            }
            assert_eq!(*window, top);
        }
    }
}

fn check_books(venue: &Venue) {
    for id in (0..INSTRUMENTS).map(InstrumentId::new) {
        let book = venue.market.book(id).unwrap();
        assert!(!book.is_crossed());
        for side in [Side::Buy, Side::Sell] {
            let core = venue.exchange.depth(id, side, usize::MAX).into_iter();
            let core: Vec<_> =
                core.map(|l| BookLevel { price: l.price, quantity: l.quantity, orders: l.orders }).collect();
            assert_eq!(book.depth(side, usize::MAX), core, "L2 against the core");
            let l3 = &venue.l3[id.get() as usize];
            assert_eq!(l3.levels(side).collect::<Vec<_>>(), core, "L3 against the core");
            for queued in l3.queue(side) {
                let open = venue.exchange.open_order(queued.order).unwrap();
                assert_eq!((open.account, open.price), (queued.account, queued.price));
                assert!(!queued.shown.is_zero() && queued.shown <= open.leaves, "{queued:?} of {open:?}");
            }
        }
    }
}

fn check_accounts(venue: &Venue) {
    assert_eq!(venue.accounts.balances(), venue.exchange.balances());
    let fold: Vec<&OrderState> = venue.accounts.all_open_orders().collect();
    let core = venue.exchange.open_orders();
    assert_eq!((fold.len(), venue.accounts.open_count()), (core.len(), core.len()));
    for (fold, core) in fold.into_iter().zip(&core) {
        assert_eq!(
            (fold.order, fold.account, fold.instrument, fold.side, fold.time_in_force, fold.post_only),
            (core.order, core.account, core.instrument, core.side, core.time_in_force, core.post_only)
        );
        assert_eq!(
            (fold.price, fold.quantity, fold.leaves, fold.client_order_id),
            (core.price, core.quantity, core.leaves, core.client_order_id)
        );
        assert!(fold.resting && fold.status.is_open());
        assert_eq!(fold.quantity, fold.filled.plus(fold.leaves));
        assert_eq!(venue.accounts.order(fold.account, fold.accepted), Some(fold));
    }
    for account in (0..=HOLDERS).map(AccountId::new) {
        assert_eq!(
            venue.accounts.permissions(account).is_some(),
            venue.exchange.permissions(account).is_some() && account.get() > 0
        );
    }
}

/// Reports and balance updates of the last command are numbered on and say what is.
fn check_updates(venue: &Venue, numbers: &mut BTreeMap<AccountId, (u64, u64)>) {
    for report in &venue.updates.reports {
        let (reports, _) = numbers.entry(report.order.account).or_default();
        *reports += 1;
        assert_eq!(report.number, *reports);
        assert_eq!(report.seq, venue.exchange.seq());
        assert_eq!(report.fill.is_some(), report.exec_type == ExecType::Trade);
    }
    for update in &venue.updates.balances {
        let (_, balances) = numbers.entry(update.account).or_default();
        *balances += 1;
        assert_eq!(update.number, *balances);
        assert_eq!(update.balance, venue.exchange.balance(update.account, update.asset));
    }
    for (&account, &(reports, balances)) in &*numbers {
        assert_eq!(
            (venue.accounts.report_number(account), venue.accounts.balance_number(account)),
            (reports, balances)
        );
    }
}

fn check_trades_and_bars(venue: &Venue) {
    let all: Vec<PublicTrade> = venue.log.iter().filter_map(PublicTrade::from_record).collect();
    assert_eq!(venue.market.trades().count(), all.len() as u64);
    assert!(venue.market.trades().recent_all().eq(all.iter().rev()));
    for id in (0..INSTRUMENTS).map(InstrumentId::new) {
        let own: Vec<&PublicTrade> = all.iter().filter(|trade| trade.instrument == id).collect();
        assert!(venue.market.trades().recent(id).eq(own.iter().rev().copied()));
        for timeframe in Timeframe::ALL {
            let mut expected: Vec<Candle> = Vec::new();
            for trade in &own {
                let (start, end) = timeframe.period(trade.time);
                let (price, lots) = (trade.price, trade.quantity.lots());
                if expected.last().is_none_or(|bar| bar.start != start) {
                    let (volume, value, count) = (0, 0, 0);
                    expected.push(Candle {
                        start,
                        end,
                        open: price,
                        high: price,
                        low: price,
                        close: price,
                        volume,
                        value,
                        count,
                    });
                }
                let bar = expected.last_mut().unwrap();
                (bar.high, bar.low, bar.close) = (bar.high.max(price), bar.low.min(price), price);
                bar.volume += u128::from(lots);
                bar.value += i128::from(price.ticks()) * i128::from(lots);
                bar.count += 1;
            }
            assert!(venue.market.candles().bars(id, timeframe).eq(&expected), "bars of {}", timeframe.code());
        }
        check_ticker(venue, id, &own);
    }
}

fn check_ticker(venue: &Venue, id: InstrumentId, own: &[&PublicTrade]) {
    let now = venue.exchange.now();
    let minute = |nanos: u64| nanos / 60_000_000_000;
    let window = || own.iter().filter(|trade| minute(trade.time.nanos()) + 1_440 > minute(now.nanos()));
    let view = venue.market.ticker(id, now).unwrap();
    assert_eq!(view.last.as_ref(), own.last().copied());
    assert_eq!(view.open, window().next().map(|trade| trade.price));
    assert_eq!(view.high, window().map(|trade| trade.price).max());
    assert_eq!(view.low, window().map(|trade| trade.price).min());
    assert_eq!(view.count, window().count() as u64);
    assert_eq!(view.volume, window().map(|trade| u128::from(trade.quantity.lots())).sum::<u128>());
    let value = window().map(|trade| i128::from(trade.price.ticks()) * i128::from(trade.quantity.lots()));
    assert_eq!(view.value, value.sum::<i128>());
    let best = |side| venue.exchange.depth(id, side, 1).first().map(|level| (level.price, level.quantity));
    assert_eq!(view.bid.map(|level| (level.price, level.quantity)), best(Side::Buy));
    assert_eq!(view.ask.map(|level| (level.price, level.quantity)), best(Side::Sell));
}

/// Cumulative figures of every order against its own trades.
fn check_orders(venue: &Venue) {
    let mut totals: BTreeMap<OrderId, (u64, i128, i128)> = BTreeMap::new();
    for record in &venue.log {
        if let Event::Trade(trade) = &record.event {
            let notional = i128::from(trade.price.ticks()) * i128::from(trade.quantity.lots()) * 100;
            for (order, fee) in [(trade.maker_order, trade.maker_fee), (trade.taker_order, trade.taker_fee)] {
                let total = totals.entry(order).or_default();
                *total = (total.0 + trade.quantity.lots(), total.1 + notional, total.2 + i128::from(fee));
            }
        }
    }
    let closed = (1..=HOLDERS).flat_map(|account| venue.accounts.closed_orders(AccountId::new(account)));
    for order in closed.chain(venue.accounts.all_open_orders()) {
        let total = totals.get(&order.order).copied().unwrap_or_default();
        assert_eq!((order.filled.lots(), order.cumulative_notional, order.fees), total);
        assert_eq!(matches!(order.status, OrderStatus::Rejected(_)), order.order == OrderId::NONE);
        if order.status == OrderStatus::Filled {
            assert_eq!(order.filled, order.quantity);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn folds_equal_the_exchange_after_every_command(steps in prop::collection::vec(step(), 1..160)) {
        let mut venue = Venue::new(Retention::default(), Accounts::default(), INSTRUMENTS, HOLDERS);
        let mut numbers = BTreeMap::new();
        for records in commands(&venue.log) {
            for record in records {
                if let Event::Deposited(m) | Event::Issued(m) = &record.event {
                    numbers.entry(m.account).or_insert((0, 0)).1 += 1;
                }
            }
        }
        let mut followers = Followers::new(&venue);
        let mut snapshots: Vec<Vec<(Seq, Ladder)>> = Vec::new();
        for step in &steps {
            let Some(command) = command(&mut venue, step) else { continue };
            venue.apply(command);
            check_books(&venue);
            check_accounts(&venue);
            check_updates(&venue, &mut numbers);
            followers.check(&venue);
            snapshots.push(followers.copies.clone());
        }
        check_trades_and_bars(&venue);
        check_orders(&venue);
        prop_assert!(venue.accounts.balance(AccountId::VENUE, CASH).held == Amount::ZERO);

        // From any moment on, the kept updates lead to the present.
        for snapshot in snapshots {
            for ((seq, mut copy), id) in snapshot.into_iter().zip(0..) {
                let book = venue.market.book(InstrumentId::new(id)).unwrap();
                book.updates_since(seq).unwrap().for_each(|update| follow(&mut copy, update));
                prop_assert_eq!(copy, ladder(book));
            }
        }
    }

    #[test]
    fn a_replay_gives_the_same_numbers_and_reports(steps in prop::collection::vec(step(), 1..120)) {
        let mut venue = Venue::new(Retention::default(), Accounts::default(), INSTRUMENTS, HOLDERS);
        for step in &steps {
            if let Some(command) = command(&mut venue, step) {
                venue.apply(command);
            }
        }
        let mut replayed = Accounts::default();
        for record in &venue.log {
            replayed.apply(record);
        }
        // A next command closes the last one; this one touches no balance.
        let flush = venue.apply(Command::CancelAll(CancelAll { account: AccountId::new(1), instrument: Some(InstrumentId::new(99)), side: None }));
        for record in &flush {
            replayed.apply(record);
        }
        for account in (0..=HOLDERS).map(AccountId::new) {
            prop_assert_eq!(replayed.report_number(account), venue.accounts.report_number(account));
            prop_assert_eq!(replayed.balance_number(account), venue.accounts.balance_number(account));
            prop_assert_eq!(replayed.reports_since(account, 0), venue.accounts.reports_since(account, 0));
            prop_assert!(replayed.closed_orders(account).eq(venue.accounts.closed_orders(account)));
        }
        prop_assert_eq!(replayed.balances(), venue.exchange.balances());
    }

    #[test]
    fn small_rings_forget_whole_and_never_lie(steps in prop::collection::vec(step(), 1..120)) {
        let retention = Retention { book_updates: 4, trades: 3, venue_trades: 5, bars: 2 };
        let mut venue = Venue::new(retention, Accounts::new(6, 9), INSTRUMENTS, HOLDERS);
        let mut wide = Venue::new(Retention::default(), Accounts::default(), INSTRUMENTS, HOLDERS);
        for step in &steps {
            if let Some(command) = command(&mut venue, step) {
                venue.apply(command);
                wide.now = venue.now;
                wide.apply(command);
            }
        }
        let accounts: Vec<AccountId> = (0..=HOLDERS).map(AccountId::new).collect();
        prop_assert!(accounts.iter().map(|&account| venue.accounts.closed_orders(account).count()).sum::<usize>() <= 6);
        for account in accounts {
            let all = wide.accounts.reports_since(account, 0).unwrap();
            for after in 0..=venue.accounts.report_number(account) {
                if let Some(kept) = venue.accounts.reports_since(account, after) {
                    let skip = usize::try_from(after).unwrap();
                    prop_assert_eq!(&kept[..], &all[skip..]);
                }
            }
            let all = wide.accounts.closed_orders(account);
            let count = venue.accounts.closed_orders(account).count();
            prop_assert!(venue.accounts.closed_orders(account).eq(all.take(count)));
        }
        for id in (0..INSTRUMENTS).map(InstrumentId::new) {
            for seq in (0..=venue.exchange.seq().get()).map(Seq::new) {
                if let Some(kept) = venue.market.trades().since(id, seq) {
                    prop_assert!(kept.eq(wide.market.trades().since(id, seq).unwrap()));
                }
                let wide_book = wide.market.book(id).unwrap();
                if let Some(kept) = venue.market.book(id).unwrap().updates_since(seq) {
                    prop_assert!(kept.eq(wide_book.updates_since(seq).unwrap()));
                }
            }
            for timeframe in Timeframe::ALL {
                prop_assert!(venue.market.candles().bars(id, timeframe).count() <= 2);
                prop_assert_eq!(venue.market.candles().last(id, timeframe), wide.market.candles().last(id, timeframe));
            }
        }
    }
}
