use cx_engine::ids::{OrderId, Seq, Symbol, TradeId};
use cx_engine::units::{Amount, FeeRate};

use super::*;

const CREDITS: AssetId = AssetId::new(1);
const ALICE: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);

fn record(time: u64, event: Event) -> EventRecord {
    EventRecord { seq: Seq::new(time), index: 0, time: Timestamp::from_nanos(time), event }
}

fn listed() -> Positions {
    let mut positions = Positions::default();
    positions.apply(&record(
        1,
        Event::InstrumentListed(InstrumentListed {
            instrument: InstrumentId::new(0),
            base: CREDITS,
            quote: AssetId::new(0),
            tick_value: 100,
            price_max: Price::from_ticks(1_000_000),
            maker_fee: FeeRate::ZERO,
            taker_fee: FeeRate::ZERO,
            symbol: Symbol::new("VCS-191-2016-USD").expect("a symbol"),
        }),
    ));
    positions
}

/// Alice buys (or sells) from Bob; she pays a fee of `fee`.
fn trade(time: u64, side: Side, ticks: i64, lots: u64, fee: i64) -> EventRecord {
    let order = OrderId::from_parts(0, 1);
    record(
        time,
        Event::Trade(Trade {
            trade: TradeId::new(time),
            instrument: InstrumentId::new(0),
            taker_side: side,
            price: Price::from_ticks(ticks),
            quantity: Quantity::from_lots(lots),
            maker_order: order,
            taker_order: order,
            maker_account: BOB,
            taker_account: ALICE,
            maker_fee: 0,
            taker_fee: fee,
            maker_leaves: Quantity::ZERO,
            taker_leaves: Quantity::ZERO,
            auction: false,
            maker_held: Amount::ZERO,
        }),
    )
}

fn movement(lots: i64) -> Movement {
    Movement { account: ALICE, asset: CREDITS, amount: Amount::from_minor(lots), reference: 0 }
}

#[test]
fn buying_adds_cost_and_selling_takes_it_at_the_average() {
    let mut positions = listed();
    positions.apply(&trade(2, Side::Buy, 10, 3, 5)); // 3,000 + 5
    positions.apply(&trade(3, Side::Buy, 20, 1, 0)); // 2,000
    let held = *positions.get(ALICE, CREDITS).expect("a position");
    assert_eq!((held.lots, held.cost, held.realised), (4, 5_005, 0));
    positions.apply(&trade(4, Side::Sell, 30, 1, 10)); // takes floor(5,005 / 4) = 1,251
    let held = *positions.get(ALICE, CREDITS).expect("a position");
    assert_eq!((held.lots, held.cost, held.realised), (3, 3_754, 3_000 - 10 - 1_251));
    assert_eq!((held.acquired_at.nanos(), held.traded_at.map(Timestamp::nanos)), (2, Some(4)));
    positions.apply(&trade(5, Side::Sell, 10, 3, 0));
    let held = *positions.get(ALICE, CREDITS).expect("a position");
    assert_eq!((held.lots, held.cost), (0, 0), "nothing held costs nothing");
    // What was gained is what came in less what went out.
    assert_eq!(held.realised, (3_000 - 10 + 3_000) - (3_005 + 2_000));
}

#[test]
fn issued_credits_cost_nothing_and_retired_ones_take_their_cost_along() {
    let mut positions = listed();
    positions.apply(&record(2, Event::Issued(movement(10))));
    positions.apply(&trade(3, Side::Buy, 10, 10, 0));
    positions.apply(&record(4, Event::Retired(movement(5))));
    let held = *positions.get(ALICE, CREDITS).expect("a position");
    assert_eq!((held.lots, held.cost, held.realised), (15, 7_500, 0));
    positions.apply(&record(5, Event::Retired(movement(15))));
    positions.apply(&record(6, Event::Issued(movement(1))));
    let held = *positions.get(ALICE, CREDITS).expect("a position");
    assert_eq!((held.lots, held.cost, held.acquired_at.nanos()), (1, 0, 6), "a new position begins");
}

/// The trade of that number is reversed; Alice had bought (or sold) and paid a fee of `fee`.
fn bust(time: u64, trade: u64, side: Side, ticks: i64, lots: u64, fee: i64) -> EventRecord {
    let (buyer, seller, buyer_fee, seller_fee) = match side {
        Side::Buy => (ALICE, BOB, fee, 0),
        Side::Sell => (BOB, ALICE, 0, fee),
    };
    let (trade, instrument) = (TradeId::new(trade), InstrumentId::new(0));
    let (price, quantity) = (Price::from_ticks(ticks), Quantity::from_lots(lots));
    let busted = TradeBusted { trade, instrument, price, quantity, buyer, seller, buyer_fee, seller_fee };
    record(time, Event::TradeBusted(busted))
}

#[test]
fn a_reversed_trade_leaves_cost_and_gains_as_if_it_had_not_been_made() {
    let mut positions = listed();
    let seen = |positions: &Positions| {
        let held = *positions.get(ALICE, CREDITS).expect("a position");
        (held.lots, held.cost, held.realised)
    };
    positions.apply(&trade(2, Side::Buy, 10, 3, 5)); // 3,005
    positions.apply(&trade(3, Side::Buy, 20, 1, 7)); // 2,007
    positions.apply(&bust(4, 3, Side::Buy, 20, 1, 7));
    assert_eq!(seen(&positions), (3, 3_005, 0), "the second purchase is undone");
    positions.apply(&trade(5, Side::Sell, 30, 2, 10)); // takes floor(3,005 x 2 / 3) = 2,003
    assert_eq!(seen(&positions), (1, 1_002, 6_000 - 10 - 2_003));
    positions.apply(&bust(6, 5, Side::Sell, 30, 2, 10));
    assert_eq!(seen(&positions), (3, 3_005, 0), "so is the sale, at its own cost");
}

#[test]
fn what_a_reversal_gives_back_beyond_the_cost_that_is_left_is_a_gain() {
    let mut positions = listed();
    positions.apply(&trade(2, Side::Buy, 10, 2, 0)); // 2,000
    positions.apply(&trade(3, Side::Buy, 30, 2, 0)); // 6,000
    positions.apply(&trade(4, Side::Sell, 20, 2, 0)); // takes 4,000, as much as it brings
    positions.apply(&bust(5, 3, Side::Buy, 30, 2, 0)); // 6,000 come back for what cost 4,000 in the books
    let held = *positions.get(ALICE, CREDITS).expect("a position");
    assert_eq!((held.lots, held.cost, held.realised), (0, 0, 2_000));
    // Cash: 2,000 out, 4,000 in; the gain is that.
}
