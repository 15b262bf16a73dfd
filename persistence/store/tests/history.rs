//! Orders, trades, ledger and aggregates as the API reads them, from a small day of trading whose every figure is known.
#![allow(clippy::unwrap_used)]

use cx_engine::command::{AmendOrder, CancelOrder, NewOrder, OrderKind, Side, TimeInForce};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, Seq, TradeId};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, Price, Quantity, Timestamp};
use cx_engine::{Command, Event, EventRecord};
use cx_store::history::{
    MarketFilter, OrderFilter, OrderRow, OrderStatus, PriceBucket, TradeRow, TradeTotals, Turnover,
};
use cx_store::ledger::PostingKind;
use cx_store::sink::Sink;
use cx_store::testing::TestDatabase;
use cx_store::testing::flow::Flow;
use cx_store::{Page, PageRequest, StoreError};

const SELLER: AccountId = AccountId::new(1);
const BUYER: AccountId = AccountId::new(2);
const LATE: AccountId = AccountId::new(3);
const USD: AssetId = AssetId::new(0);
const INSTRUMENT: InstrumentId = InstrumentId::new(0);

fn order(account: AccountId, side: Side, time_in_force: TimeInForce, ticks: i64, lots: u64, id: &str) -> Command {
    Command::Place(NewOrder {
        kind: if ticks == 0 { OrderKind::Market } else { OrderKind::Limit },
        time_in_force,
        client_order_id: ClientOrderId::new(id).ok(),
        ..NewOrder::limit(account, INSTRUMENT, side, Price::from_ticks(ticks), Quantity::from_lots(lots))
    })
}

/// The day. Answers the numbers of: the sell, the buy, the late market buy, the refused sell, the open buy, the cancelled buy.
async fn day(db: &TestDatabase) -> [Seq; 6] {
    let (events, named) = events_of_a_day();
    Sink::open(db.store.clone()).await.unwrap().apply(&events).await.unwrap();
    named
}

fn events_of_a_day() -> (Vec<EventRecord>, [Seq; 6]) {
    let (mut flow, mut events) = Flow::funded(0);
    let mut step = |command: &Command, events: &mut Vec<EventRecord>| {
        flow.apply(command, events);
        flow.exchange().seq()
    };
    let (gtc, ioc) = (TimeInForce::GoodTillCancelled, TimeInForce::ImmediateOrCancel);
    let sell = step(&order(SELLER, Side::Sell, gtc, 1_000, 10, "s-1"), &mut events);
    let buy = step(&order(BUYER, Side::Buy, ioc, 1_010, 4, "b-1"), &mut events);
    let handle = accepted(&events, sell);
    let smaller = AmendOrder {
        account: SELLER,
        order: handle,
        price: Price::from_ticks(1_000),
        quantity: Quantity::from_lots(6),
        stop_price: Price::NONE,
    };
    step(&Command::Amend(smaller), &mut events);
    let late = step(&order(LATE, Side::Buy, ioc, 0, 5, "l-1"), &mut events);
    let refused = step(&order(SELLER, Side::Sell, gtc, 1_000, 0, "s-1x"), &mut events);
    let open = step(&order(BUYER, Side::Buy, gtc, 900, 7, "b-2"), &mut events);
    let dearer = AmendOrder {
        account: BUYER,
        order: accepted(&events, open),
        price: Price::from_ticks(905),
        quantity: Quantity::from_lots(8),
        stop_price: Price::NONE,
    };
    step(&Command::Amend(dearer), &mut events);
    let cancelled = step(&order(BUYER, Side::Buy, gtc, 910, 7, "b-3"), &mut events);
    step(&Command::Cancel(CancelOrder { account: BUYER, order: accepted(&events, cancelled) }), &mut events);
    (events, [sell, buy, late, refused, open, cancelled])
}

fn cut<T>((items, total): (Vec<T>, u64), request: PageRequest) -> Page<T> {
    Page { items, total, request }
}

async fn orders_of(db: &TestDatabase, account: AccountId, filter: OrderFilter, page: PageRequest) -> Page<OrderRow> {
    let (first, count) = (u64::try_from(page.offset()).unwrap(), u64::from(page.per_page()));
    cut(db.store.snapshot().await.unwrap().orders(account, filter, first, count).await.unwrap(), page)
}

async fn trades_of(db: &TestDatabase, account: AccountId, page: PageRequest) -> Page<TradeRow> {
    let (first, count) = (u64::try_from(page.offset()).unwrap(), u64::from(page.per_page()));
    cut(db.store.snapshot().await.unwrap().trades(account, first, count).await.unwrap(), page)
}

fn accepted(events: &[EventRecord], seq: Seq) -> cx_engine::ids::OrderId {
    let found = events.iter().find_map(|record| match record.event {
        Event::OrderAccepted(accepted) if record.seq == seq => Some(accepted.order),
        _ => None,
    });
    found.unwrap()
}

async fn orders_tell_their_story(db: &TestDatabase) {
    let [sell, buy, late, refused, open, cancelled] = day(db).await;
    let orders = db.store.orders();
    let told = |order: cx_store::history::OrderRow| {
        let lots = (order.quantity.lots(), order.filled.lots());
        (order.status, lots, order.notional.minor(), order.fees.minor(), order.closed.is_some())
    };
    // 4 lots at 10.00 USD are 400,000 of its minor units, 2 lots half of that; the maker pays 5 basis points, the taker 10.
    assert_eq!(told(orders.by_seq(sell).await.unwrap()), (OrderStatus::Filled, (6, 6), 600_000, 300, true));
    assert_eq!(told(orders.by_seq(buy).await.unwrap()), (OrderStatus::Filled, (4, 4), 400_000, 400, true));
    assert_eq!(told(orders.by_seq(late).await.unwrap()), (OrderStatus::Cancelled, (5, 2), 200_000, 200, true));
    assert_eq!(told(orders.by_seq(refused).await.unwrap()), (OrderStatus::Rejected, (0, 0), 0, 0, true));
    assert_eq!(told(orders.by_seq(open).await.unwrap()), (OrderStatus::Open, (8, 0), 0, 0, false));
    assert_eq!(orders.by_seq(open).await.unwrap().price, Some(Price::from_ticks(905)));
    assert_eq!(told(orders.by_seq(cancelled).await.unwrap()), (OrderStatus::Cancelled, (7, 0), 0, 0, true));

    let late = orders.by_seq(late).await.unwrap();
    assert_eq!((late.price, late.cancel_reason, late.kind), (None, Some(CancelReason::NoLiquidity), OrderKind::Market));
    let refused = orders.by_seq(refused).await.unwrap();
    assert_eq!((refused.handle, refused.reject_reason), (None, Some(Reject::InvalidQuantity)));
    assert_eq!(orders.by_seq(cancelled).await.unwrap().cancel_reason, Some(CancelReason::Requested));
}

async fn orders_are_found_by_every_name_and_only_by_their_owner(db: &TestDatabase) {
    let [sell, .., open, _] = day(db).await;
    let orders = db.store.orders();
    let row = orders.by_seq(open).await.unwrap();
    let public = row.public_id().to_string();
    assert!(public.starts_with("ORD-20260301-"), "{public}");
    for name in [public.clone(), public.to_lowercase(), open.get().to_string()] {
        assert_eq!(orders.by_id(BUYER, &name).await.unwrap(), row);
        assert!(matches!(orders.by_id(SELLER, &name).await, Err(StoreError::NotFound("order"))));
    }
    for name in [public.replace("20260301", "20260302").as_str(), "ORD-20260301-0000ZZZZ", "", "-1", "x"] {
        assert!(matches!(orders.by_id(BUYER, name).await, Err(StoreError::NotFound("order"))), "{name}");
    }
    let id = ClientOrderId::new("b-2").unwrap();
    assert_eq!(orders.by_client_id(BUYER, &id).await.unwrap(), row);
    assert!(orders.by_client_id(SELLER, &id).await.is_err());
    let refused = orders.by_client_id(SELLER, &ClientOrderId::new("s-1x").unwrap()).await.unwrap();
    assert_eq!(refused.status, OrderStatus::Rejected);
    assert!(orders.by_seq(Seq::new(u64::MAX)).await.is_err());
    assert_ne!(row.public_id().uuid(), orders.by_seq(sell).await.unwrap().public_id().uuid());
}

async fn orders_come_in_pages_newest_first(db: &TestDatabase) {
    let [_, buy, .., open, cancelled] = day(db).await;
    let all = OrderFilter::default();
    let page = orders_of(db, BUYER, all, PageRequest::default()).await;
    assert_eq!(page.items.iter().map(|order| order.seq).collect::<Vec<_>>(), [cancelled, open, buy]);
    assert_eq!((page.total, page.pages()), (3, 1));
    let second = orders_of(db, BUYER, all, PageRequest::new(2, 2)).await;
    assert_eq!(second.items.iter().map(|order| order.seq).collect::<Vec<_>>(), [buy]);
    assert_eq!((second.total, second.pages()), (3, 2));
    let beyond = orders_of(db, BUYER, all, PageRequest::new(9, 2)).await;
    assert_eq!((beyond.items.len(), beyond.total), (0, 3));

    for (status, wanted) in [
        (OrderStatus::Open, vec![open]),
        (OrderStatus::Cancelled, vec![cancelled]),
        (OrderStatus::Filled, vec![buy]),
        (OrderStatus::PartiallyFilled, vec![]),
    ] {
        let found = orders_of(db, BUYER, OrderFilter { status: Some(status), ..all }, PageRequest::default()).await;
        assert_eq!(found.total, wanted.len() as u64);
        assert_eq!(found.items.iter().map(|order| order.seq).collect::<Vec<_>>(), wanted);
    }
    let sells = OrderFilter { side: Some(Side::Sell), ..all };
    assert_eq!(orders_of(db, BUYER, sells, PageRequest::default()).await.pages(), 0);
    assert_eq!(orders_of(db, SELLER, sells, PageRequest::default()).await.total, 2);
    let elsewhere = OrderFilter { instrument: Some(InstrumentId::new(1)), ..all };
    assert_eq!(orders_of(db, BUYER, elsewhere, PageRequest::default()).await.total, 0);
}

async fn trades_show_both_sides(db: &TestDatabase) {
    let [sell, buy, late, ..] = day(db).await;
    let trades = db.store.trades();
    let recent = trades.recent(None, 10).await.unwrap();
    assert_eq!(recent, trades.recent(Some(INSTRUMENT), 10).await.unwrap());
    assert_eq!(trades.recent(Some(InstrumentId::new(1)), 10).await.unwrap(), []);
    assert_eq!(recent.iter().map(|trade| trade.trade.get()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(trades.recent(None, 1).await.unwrap(), recent[..1]);

    let first = trades.by_id(TradeId::new(1)).await.unwrap();
    assert_eq!(first, recent[1]);
    assert!(first.public_id().to_string().starts_with("TRD-20260301-00000001"));
    assert_eq!(
        (first.price.ticks(), first.quantity.lots(), first.notional.minor(), first.tick_value),
        (1_000, 4, 400_000, 100)
    );
    assert_eq!(first.part_of(SELLER), Some((Side::Sell, sell, Amount::from_minor(200), true)));
    assert_eq!(first.part_of(BUYER), Some((Side::Buy, buy, Amount::from_minor(400), false)));
    assert_eq!(first.part_of(LATE), None);
    assert_eq!(recent[0].taker_order, late);
    assert!(trades.by_id(TradeId::new(3)).await.is_err());

    let sold = trades_of(db, SELLER, PageRequest::new(1, 1)).await;
    assert_eq!((sold.items, sold.total), (recent[..1].to_vec(), 2));
    let sold = trades_of(db, SELLER, PageRequest::new(2, 1)).await;
    assert_eq!((sold.items, sold.total), (recent[1..].to_vec(), 2));
    assert_eq!(trades_of(db, BUYER, PageRequest::default()).await.items, recent[1..]);
    assert_eq!(
        trades.totals().await.unwrap(),
        TradeTotals { count: 2, quantity: 6, notional: 600_000, fees: 900, busted: 0, busted_quantity: 0 }
    );

    let turnover = trades.turnover(SELLER).await.unwrap();
    let (first, last) = (recent[1].time, recent[0].time);
    let wanted = Turnover {
        instrument: INSTRUMENT,
        bought: 0,
        bought_notional: 0,
        sold: 6,
        sold_notional: 600_000,
        fees: 300,
        first,
        last,
    };
    assert_eq!(turnover, [wanted]);
    assert_eq!(trades.turnover(AccountId::new(8)).await.unwrap(), []);
}

async fn a_statement_shows_each_line(db: &TestDatabase) {
    day(db).await;
    let page = db.store.ledger().statement(BUYER, USD, PageRequest::default()).await.unwrap();
    let lines: Vec<_> = page.items.iter().map(|line| (line.amount, line.kind)).collect();
    // Newest first: the fee after the payment, and the first deposit at the end.
    assert_eq!(
        lines,
        [(-400, PostingKind::Fee), (-400_000, PostingKind::Trade), (1_000_000_000_000, PostingKind::Deposit)]
    );
    assert_eq!(page.total, 3);
}

async fn prices_add_up_to_every_statistic(db: &TestDatabase) {
    day(db).await;
    let market = db.store.market();
    let mut filter = MarketFilter { currency: USD, instruments: None, since: Timestamp::from_nanos(0) };
    let wanted = [PriceBucket { price: 100_000, count: 2, quantity: 6 }];
    assert_eq!(market.prices(&filter).await.unwrap(), wanted);
    filter.instruments = Some(vec![InstrumentId::new(2), INSTRUMENT]);
    assert_eq!(market.prices(&filter).await.unwrap(), wanted);
    filter.since = db.store.trades().by_id(TradeId::new(2)).await.unwrap().time;
    assert_eq!(market.prices(&filter).await.unwrap(), [PriceBucket { price: 100_000, count: 1, quantity: 2 }]);
    filter.since = Timestamp::from_nanos(u64::MAX);
    assert_eq!(market.prices(&filter).await.unwrap(), []);
    filter = MarketFilter { currency: USD, instruments: Some(vec![]), since: Timestamp::from_nanos(0) };
    assert_eq!(market.prices(&filter).await.unwrap(), []);
    filter = MarketFilter { currency: AssetId::new(1), instruments: None, since: Timestamp::from_nanos(0) };
    assert_eq!(market.prices(&filter).await.unwrap(), []);
}

async fn sums_beyond_63_bits_stay_exact(db: &TestDatabase) {
    let large = 1_i64 << 62;
    for line in 0..6 {
        let (account, amount) = if line % 2 == 0 { (9, large - line) } else { (-1, line - 1 - large) };
        db.execute(&format!("INSERT INTO postings VALUES (1, 0, {line}, {account}, 0, {amount}, 'deposit', 0)"))
            .await
            .unwrap();
    }
    let sums = db.store.ledger().sums().await.unwrap();
    let expected = 3 * i128::from(large) - 6;
    assert_eq!(sums.iter().map(|sum| sum.amount).collect::<Vec<_>>(), [-expected, expected]);
    assert_eq!(db.store.ledger().unbalanced(5).await.unwrap(), []);
    db.execute("INSERT INTO postings VALUES (2, 3, 0, 9, 4, -7, 'fee', 0)").await.unwrap();
    let off = db.store.ledger().unbalanced(5).await.unwrap();
    assert_eq!((off.len(), off[0].seq, off[0].index, off[0].amount), (1, Seq::new(2), 3, -7));
}

/// The sink goes on between any two statements: cursor, rows and count must be of one moment all the same, or a list that
/// is merged with newer events counts some twice.
async fn a_snapshot_is_one_moment(db: &TestDatabase) {
    let (events, [_, buy, late, ..]) = events_of_a_day();
    let (early, rest) = events.split_at(events.partition_point(|record| record.seq < late));
    let mut sink = Sink::open(db.store.clone()).await.unwrap();
    sink.apply(early).await.unwrap();
    let mut before = db.store.snapshot().await.unwrap();
    sink.apply(rest).await.unwrap();

    assert_eq!(before.cursor().seq, early.last().unwrap().seq);
    let (rows, total) = before.trades(SELLER, 0, 10).await.unwrap();
    assert_eq!((rows.len(), total), (1, 1));
    let (rows, total) = before.orders(BUYER, OrderFilter::default(), 0, 10).await.unwrap();
    assert_eq!((rows.iter().map(|order| order.seq).collect::<Vec<_>>(), total), (vec![buy], 1));
    drop(before);

    let mut after = db.store.snapshot().await.unwrap();
    assert_eq!(after.cursor().seq, events.last().unwrap().seq);
    assert_eq!(after.trades(SELLER, 0, 10).await.unwrap().1, 2);
    assert_eq!(after.orders(BUYER, OrderFilter::default(), 0, 10).await.unwrap().1, 3);
}

cx_store::on_both_databases!(
    orders_tell_their_story,
    orders_are_found_by_every_name_and_only_by_their_owner,
    orders_come_in_pages_newest_first,
    trades_show_both_sides,
    a_snapshot_is_one_moment,
    a_statement_shows_each_line,
    prices_add_up_to_every_statistic,
    sums_beyond_63_bits_stay_exact,
);
