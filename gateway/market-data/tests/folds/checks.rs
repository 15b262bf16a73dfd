//! The folds against the exchange and against the events themselves.

use crate::venue::Venue;
use cx_engine::Event;
use cx_engine::command::Side;
use cx_engine::control::Phase;
use cx_engine::ids::{AccountId, InstrumentId, OrderId, TradeId};
use cx_engine::units::{Amount, Price};
use cx_market_data::{BookLevel, Candle, ExecType, OrderState, OrderStatus, PublicTrade, Timeframe};
use std::collections::{BTreeMap, BTreeSet};

fn instruments(venue: &Venue) -> impl Iterator<Item = InstrumentId> {
    venue.exchange.instruments().map(|listed| listed.instrument)
}

/// L2 and L3 against the core's books: what is shown, and who queues where.
pub fn check_books(venue: &Venue) {
    for id in instruments(venue) {
        let book = venue.market.book(id).unwrap();
        if matches!(venue.exchange.trading(id).unwrap().phase, Phase::Continuous | Phase::PostOnly) {
            assert!(!book.is_crossed(), "{id:?} is crossed while it trades");
        }
        for side in [Side::Buy, Side::Sell] {
            let core = venue.exchange.depth(id, side, usize::MAX).into_iter();
            let core: Vec<_> =
                core.map(|l| BookLevel { price: l.price, quantity: l.quantity, orders: l.orders }).collect();
            assert_eq!(book.depth(side, usize::MAX), core, "L2 against the core");
            let l3 = &venue.l3[id.get() as usize];
            assert_eq!(l3.levels(side).collect::<Vec<_>>(), core, "L3 against the core");
            let queue: Vec<OrderId> = l3.queue(side).map(|queued| queued.order).collect();
            assert_eq!(queue, venue.exchange.priority(id, side), "who comes first");
            for queued in l3.queue(side) {
                let open = venue.exchange.open_order(queued.order).unwrap();
                assert_eq!(
                    (open.account, open.price, open.displayed),
                    (queued.account, queued.price, queued.shown),
                    "{queued:?} of {open:?}"
                );
            }
        }
    }
}

/// Balances and open orders against the core.
pub fn check_accounts(venue: &Venue) {
    assert_eq!(venue.accounts.balances(), venue.exchange.balances());
    let fold: Vec<&OrderState> = venue.accounts.all_open_orders().collect();
    let core = venue.exchange.open_orders();
    assert_eq!((fold.len(), venue.accounts.open_count()), (core.len(), core.len()));
    for (fold, core) in fold.into_iter().zip(&core) {
        let armed = core.stop_price != Price::NONE;
        assert_eq!(
            (fold.order, fold.account, fold.instrument, fold.side, fold.kind, fold.time_in_force, fold.post_only),
            (core.order, core.account, core.instrument, core.side, core.kind, core.time_in_force, core.post_only)
        );
        assert_eq!(
            (fold.price, fold.quantity, fold.leaves, fold.held, fold.client_order_id),
            (core.price, core.quantity, core.leaves, core.held, core.client_order_id)
        );
        assert_eq!((fold.is_armed(), fold.resting, fold.status.is_open()), (armed, !armed, true), "{fold:?}");
        if armed {
            assert_eq!(fold.stop_price, core.stop_price);
        }
        assert_eq!(fold.quantity, fold.filled.plus(fold.leaves));
        assert_eq!(venue.accounts.order(fold.account, fold.accepted), Some(fold));
    }
    for account in everybody(venue) {
        let permissions = venue.exchange.permissions(account).filter(|_| account != AccountId::VENUE);
        assert_eq!(venue.accounts.permissions(account), permissions);
    }
}

/// Every account that an event named, and the venue's.
fn everybody(venue: &Venue) -> BTreeSet<AccountId> {
    let named = venue.log.iter().filter_map(|record| match &record.event {
        Event::PermissionsSet(set) => Some(set.account),
        _ => None,
    });
    named.chain([AccountId::VENUE]).collect()
}

/// How many reports and balance updates each account has had.
pub type Numbers = BTreeMap<AccountId, (u64, u64)>;

/// Reports and balance updates of the last command are numbered on and say what is.
pub fn check_updates(venue: &Venue, numbers: &mut Numbers) {
    for report in &venue.updates.reports {
        let (reports, _) = numbers.entry(report.order.account).or_default();
        *reports += 1;
        assert_eq!(report.number, *reports);
        assert_eq!(report.seq, venue.exchange.seq());
        assert_eq!(report.fill.is_some(), matches!(report.exec_type, ExecType::Trade | ExecType::Bust));
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

/// Trades, tickers and bars against the trades of the log that were not reversed.
pub fn check_trades_and_bars(venue: &Venue) {
    let made: Vec<PublicTrade> = venue.log.iter().filter_map(PublicTrade::from_record).collect();
    let busted: BTreeSet<TradeId> = venue.log.iter().filter_map(|record| bust(&record.event)).collect();
    let stands = |trade: &&PublicTrade| !busted.contains(&trade.trade);
    let all: Vec<PublicTrade> = made.iter().filter(stands).copied().collect();
    assert_eq!(venue.market.trades().count(), made.len() as u64);
    assert!(venue.market.trades().recent_all().eq(all.iter().rev().take(1_000)) || !busted.is_empty());
    for id in instruments(venue) {
        let own: Vec<&PublicTrade> = all.iter().filter(|trade| trade.instrument == id).collect();
        assert!(venue.market.trades().recent(id).eq(own.iter().rev().copied()));
        for trade in made.iter().filter(|trade| trade.instrument == id) {
            let kept = venue.market.trades().get(id, trade.trade).unwrap();
            assert_eq!(*kept, PublicTrade { busted: busted.contains(&trade.trade), ..*trade });
        }
        for timeframe in Timeframe::ALL {
            let expected = bars(timeframe, &own);
            assert!(venue.market.candles().bars(id, timeframe).eq(&expected), "bars of {}", timeframe.code());
        }
        check_ticker(venue, id, &own);
        // The core's last price counts reversed trades: stops, collars and bands go by it.
        let last = made.iter().rfind(|trade| trade.instrument == id).map_or(Price::NONE, |trade| trade.price);
        assert_eq!(venue.exchange.trading(id).unwrap().last, last);
    }
}

fn bust(event: &Event) -> Option<TradeId> {
    if let Event::TradeBusted(busted) = event { Some(busted.trade) } else { None }
}

fn bars(timeframe: Timeframe, trades: &[&PublicTrade]) -> Vec<Candle> {
    let mut expected: Vec<Candle> = Vec::new();
    for trade in trades {
        let (start, end) = timeframe.period(trade.time);
        let (price, lots) = (trade.price, trade.quantity.lots());
        if expected.last().is_none_or(|bar| bar.start != start) {
            let (open, high, low, close) = (price, price, price, price);
            expected.push(Candle { start, end, open, high, low, close, volume: 0, value: 0, count: 0 });
        }
        let bar = expected.last_mut().unwrap();
        (bar.high, bar.low, bar.close) = (bar.high.max(price), bar.low.min(price), price);
        bar.volume += u128::from(lots);
        bar.value += i128::from(price.ticks()) * i128::from(lots);
        bar.count += 1;
    }
    expected
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

/// What an order's trades come to: lots, worth, fees, lots reversed.
type Total = (u64, i128, i128, u64);

/// Cumulative figures of every order against its own trades. Handles are never given twice.
pub fn check_orders(venue: &Venue) {
    let mut totals: BTreeMap<OrderId, Total> = BTreeMap::new();
    let mut made = BTreeMap::new();
    for record in &venue.log {
        if let Event::Trade(trade) = &record.event {
            made.insert(trade.trade, *trade);
            let tick_value = venue.market.listings().instrument(trade.instrument).unwrap().tick_value;
            let notional = i128::from(trade.price.ticks()) * i128::from(trade.quantity.lots()) * i128::from(tick_value);
            for (order, fee) in [(trade.maker_order, trade.maker_fee), (trade.taker_order, trade.taker_fee)] {
                let total = totals.entry(order).or_default();
                (total.0, total.1, total.2) =
                    (total.0 + trade.quantity.lots(), total.1 + notional, total.2 + i128::from(fee));
            }
        }
        if let Some(trade) = bust(&record.event).map(|trade| made[&trade]) {
            for order in [trade.maker_order, trade.taker_order] {
                totals.get_mut(&order).unwrap().3 += trade.quantity.lots();
            }
        }
    }
    let closed = everybody(venue).into_iter().flat_map(|account| venue.accounts.closed_orders(account));
    for order in closed.chain(venue.accounts.all_open_orders()) {
        let total = totals.get(&order.order).copied().unwrap_or_default();
        let told = (order.filled.lots(), order.cumulative_notional, order.fees, order.busted.lots());
        assert_eq!(told, total, "{order:?}");
        assert_eq!(matches!(order.status, OrderStatus::Rejected(_)), order.order == OrderId::NONE);
        assert!(order.status.is_open() || order.held == Amount::ZERO, "what has ended holds nothing: {order:?}");
        if order.status == OrderStatus::Filled {
            assert_eq!(order.filled, order.quantity);
        }
    }
}
