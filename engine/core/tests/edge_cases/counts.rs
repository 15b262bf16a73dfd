//! What is counted: planned phases, trailing stops, trades that can be reversed, and an exchange of thousands of instruments.

use cx_engine::command::{CancelAll, NewInstrument, NewOrder, Side};
use cx_engine::control::{BustTrade, Phase, SchedulePhase, SetPhase};
use cx_engine::ids::{InstrumentId, Symbol, TradeId};
use cx_engine::reject::Reject;
use cx_engine::units::{FeeRate, Price, Quantity, Timestamp, Trigger};
use cx_engine::{Command, Event};

use crate::script::{ALICE, BOB, BOOK, CO2, Desk, Terms, USD, limit, on_both};

fn refusal(events: &[Event]) -> Option<Reject> {
    events.iter().find_map(|event| match event {
        Event::OrderRejected(it) => Some(it.reason),
        Event::CommandRejected(it) => Some(it.reason),
        _ => None,
    })
}

#[test]
fn an_instrument_has_at_most_256_planned_phases() {
    on_both(Terms::PLAIN, |desk| {
        let plan = |nanos, every_ns| {
            let (phase, at) = (Phase::Closed, Timestamp::from_nanos(nanos));
            Command::SchedulePhase(SchedulePhase { instrument: BOOK, phase, at, every_ns })
        };
        for nanos in 1..=256 {
            assert_eq!(refusal(desk.apply(&plan(nanos, 0))), None, "the {nanos}th");
        }
        assert_eq!(refusal(desk.apply(&plan(257, 0))), Some(Reject::LimitReached));
        assert_eq!(refusal(desk.apply(&plan(256, 1))), Some(Reject::InvalidSetting), "its range comes first");
        // One of the same time and phase is replaced: it repeats from now on.
        assert_eq!(refusal(desk.apply(&plan(256, 1_000_000_000))), None);
        desk.run(
            "plans that are over make room",
            "at 255
             tick                            > closed; ticked
             phase continuous                > continuous
             at 256
             tick                            > closed; ticked
             phase continuous                > continuous
             at 1s+256
             tick                            > closed; ticked
             plan closed at 3s               > done",
        );
    });
}

#[test]
fn a_side_has_at_most_1024_trailing_stops() {
    let stop = |side, ticks| NewOrder {
        kind: cx_engine::command::OrderKind::TrailingStop,
        trigger: Trigger::ticks(ticks),
        price: Price::NONE,
        ..limit(BOB, side, 1, 0)
    };
    on_both(Terms::PLAIN, |desk| {
        desk.run("a last price", "alice sells 1 @ 500\nbob buys 1 @ 500");
        for side in [Side::Buy, Side::Sell] {
            for number in 0..1_024 {
                assert_eq!(refusal(desk.apply(&Command::Place(stop(side, 1 + number % 400)))), None, "the {number}th");
            }
            assert_eq!(refusal(desk.apply(&Command::Place(stop(side, 5)))), Some(Reject::LimitReached));
        }
        // A price two ticks up sets off what trails by one or two above, and moves all that trail below.
        desk.rest(ALICE, Side::Sell, 1, 502);
        let events = desk.apply(&Command::Place(limit(crate::script::CAROL, Side::Buy, 1, 502)));
        let of = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
        assert_eq!(of(|event| matches!(event, Event::OrderTriggered(it) if it.side == Side::Buy)), 6);
        assert_eq!(of(|event| matches!(event, Event::StopMoved(it) if it.side == Side::Sell)), 1_024);
        assert_eq!(refusal(desk.apply(&Command::Place(stop(Side::Buy, 5)))), None, "there is room again");
        assert_eq!(refusal(desk.apply(&Command::Place(stop(Side::Sell, 5)))), Some(Reject::LimitReached));
        let all = CancelAll { account: BOB, instrument: None, side: None };
        desk.apply(&Command::CancelAll(all));
        assert_eq!((desk.venue.holding(BOB, USD).1, desk.venue.holding(BOB, CO2).1), (0, 0));
        desk.venue.check();
    });
}

#[test]
fn the_last_65536_trades_can_be_reversed() {
    on_both(Terms::PLAIN, |desk| {
        let trade = |desk: &mut Desk| {
            desk.rest(ALICE, Side::Sell, 1, 1);
            desk.apply(&Command::Place(limit(BOB, Side::Buy, 1, 1)));
        };
        let bust =
            |desk: &mut Desk, trade| refusal(desk.apply(&Command::BustTrade(BustTrade { trade: TradeId::new(trade) })));
        for _ in 0..1 << 16 {
            trade(desk);
        }
        assert_eq!(bust(desk, 1), None);
        assert_eq!(bust(desk, 1), Some(Reject::AlreadyBusted));
        trade(desk);
        assert_eq!(bust(desk, 1), Some(Reject::UnknownTrade), "its place was given away");
        assert_eq!(bust(desk, 65_538), Some(Reject::UnknownTrade), "it has not been made");
        assert_eq!(bust(desk, 65_537), None);
        assert_eq!(bust(desk, 2), None, "the oldest that is remembered");
        trade(desk);
        assert_eq!(bust(desk, 2), Some(Reject::UnknownTrade));
        // A trade that was reversed is as if it had not been, and its number is not used again.
        assert_eq!(desk.venue.holding(BOB, CO2), (1_000_000 + 65_538 - 3, 0));
        desk.venue.check();
    });
}

/// How many instruments there are beside the desk's own.
const INSTRUMENTS: u32 = 3_000;

#[test]
fn three_thousand_instruments_do_not_mix() {
    on_both(Terms { fees: (500, 1_000), tick_value: 100, cash: 100_000_000, ..Terms::PLAIN }, |desk| {
        let list = |number: u32| {
            Command::ListInstrument(NewInstrument {
                symbol: Symbol::new(&format!("CO2-{number}")).unwrap(),
                base: CO2,
                quote: USD,
                tick_value: 1,
                price_max: Price::from_ticks(1_000),
                maker_fee: FeeRate::ZERO,
                taker_fee: FeeRate::ZERO,
            })
        };
        for number in 1..=INSTRUMENTS {
            let listed = desk.apply(&list(number));
            assert!(matches!(listed, [Event::InstrumentListed(it)] if it.instrument.get() == number));
        }
        // Each symbol is known from then on.
        for number in 1..=INSTRUMENTS {
            let again = desk.apply(&list(number));
            assert!(matches!(again, [Event::CommandRejected(it)] if it.reason == Reject::AlreadyExists), "{again:?}");
        }
        let on = |number: u32, account, side, ticks: i64| {
            Command::Place(NewOrder { instrument: InstrumentId::new(number), ..limit(account, side, 2, ticks) })
        };
        let price = |number: u32| 1 + i64::from(number % 900);
        // A bid on each at a price of its own; half of it is sold on every third, and every seventh is closed.
        for number in 0..=INSTRUMENTS {
            desk.apply(&on(number, ALICE, Side::Buy, price(number)));
        }
        for number in (0..=INSTRUMENTS).step_by(3) {
            let order = NewOrder { quantity: Quantity::from_lots(1), ..limit(BOB, Side::Sell, 1, price(number)) };
            let order = NewOrder { instrument: InstrumentId::new(number), ..order };
            let said = desk.apply(&Command::Place(order));
            assert!(matches!(said, [_, Event::Trade(it)] if it.price.ticks() == price(number)), "{said:?}");
        }
        for number in (0..=INSTRUMENTS).step_by(7) {
            desk.apply(&Command::SetPhase(SetPhase { instrument: InstrumentId::new(number), phase: Phase::Suspended }));
        }
        for number in 0..=INSTRUMENTS {
            let lots = if number % 3 == 0 { 1 } else { 2 };
            let level = (Price::from_ticks(price(number)), lots, 1);
            assert_eq!(desk.venue.levels(InstrumentId::new(number), Side::Buy, 9), [level]);
            let refused = refusal(desk.apply(&on(number, BOB, Side::Sell, 999))).is_some();
            assert_eq!(refused, number % 7 == 0, "{number}");
        }
        desk.venue.check();
        // All of one account's orders on one of them, then on all.
        let all = |account, instrument| Command::CancelAll(CancelAll { account, instrument, side: None });
        let count = |events: &[Event]| match events.last() {
            Some(Event::AllCancelled { count, .. }) => *count,
            other => panic!("{other:?}"),
        };
        assert_eq!(count(desk.apply(&all(ALICE, Some(InstrumentId::new(5))))), 1);
        assert_eq!(count(desk.apply(&all(ALICE, Some(InstrumentId::new(5))))), 0);
        assert_eq!(count(desk.apply(&all(ALICE, None))), INSTRUMENTS);
        assert_eq!(count(desk.apply(&all(BOB, None))), INSTRUMENTS - INSTRUMENTS / 7);
        assert_eq!(desk.venue.orders(), []);
        for account in [ALICE, BOB] {
            assert_eq!((desk.venue.holding(account, USD).1, desk.venue.holding(account, CO2).1), (0, 0));
        }
        desk.venue.check();
    });
}
