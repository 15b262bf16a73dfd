//! Phases, auctions, halts and times, as a venue lives through them.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::audit::tests::sound;
use crate::command::{
    CancelAfter, Command, CommandKind, NewOrder, OrderKind, Permissions, SetPermissions, Side, TimeInForce,
};
use crate::control::{ClearSchedule, HaltMarket, SchedulePhase, SetPhase};
use crate::event::{AuctionState, Event, PhaseChanged};
use crate::exchange::{Exchange, refused};
use crate::ids::{AccountId, OrderId};
use crate::reject::{CancelReason, Reject};
use crate::units::{Quantity, Trigger};

const ALICE: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);
const BOOK: InstrumentId = InstrumentId::new(0);
const SECOND: u64 = 1_000_000_000;
const OFF: SetBands = Session::new(BOOK).bands;

/// What happens when a command comes at a time.
fn at(nanos: u64, exchange: &mut Exchange, command: Command) -> Vec<Event> {
    let mut events = Vec::new();
    exchange.apply(exchange.seq().next(), Timestamp::from_nanos(nanos), &command, &mut events);
    exchange.audit().unwrap();
    events
}

fn limit(account: AccountId, side: Side, lots: u64, ticks: i64) -> NewOrder {
    NewOrder::limit(account, BOOK, side, Price::from_ticks(ticks), Quantity::from_lots(lots))
}

fn order(account: AccountId, side: Side, lots: u64, ticks: i64) -> Command {
    Command::Place(limit(account, side, lots, ticks))
}

fn plan(phase: Phase, nanos: u64, every_ns: u64) -> Command {
    Command::SchedulePhase(SchedulePhase { instrument: BOOK, phase, at: Timestamp::from_nanos(nanos), every_ns })
}

fn set(phase: Phase) -> Command {
    Command::SetPhase(SetPhase { instrument: BOOK, phase })
}

/// What the session says, in words; other events by their names.
fn told(events: &[Event]) -> Vec<String> {
    let word = |event: &Event| match event {
        Event::PhaseChanged(it) => format!("{} until {}", it.phase.code(), it.ends.nanos()),
        Event::AuctionExtended(PhaseChanged { phase, ends, .. }) => {
            format!("{} on until {}", phase.code(), ends.nanos())
        }
        Event::AuctionIndicated(it) => {
            format!("shows {} of {} {:+}", it.volume.lots(), it.price.ticks(), it.surplus)
        }
        Event::AuctionUncrossed(it) => format!("gives {} of {} {:+}", it.volume.lots(), it.price.ticks(), it.surplus),
        Event::Trade(it) => format!("trade {} @ {}", it.quantity.lots(), it.price.ticks()),
        Event::OrderCancelled(it) => format!("{} ends: {}", it.order.slot(), it.reason.code()),
        Event::OrderRejected(it) => it.reason.code().to_owned(),
        Event::CommandRejected(it) => it.reason.code().to_owned(),
        Event::AllCancelled { count, .. } => format!("{count} cancelled"),
        Event::MarketHalted { halted } => format!("halted: {halted}"),
        Event::Ticked => "ticked".to_owned(),
        other => format!("{other:?}").split('(').next().unwrap_or_default().to_owned(),
    };
    events.iter().map(word).collect()
}

fn due(exchange: &Exchange) -> Option<u64> {
    exchange.next_due().map(Timestamp::nanos)
}

#[test]
fn a_plan_that_repeats_comes_again_at_its_first_time_after_now() {
    let mut it = sound();
    at(0, &mut it, plan(Phase::ClosingAuction, 10 * SECOND, 2 * SECOND));
    at(0, &mut it, plan(Phase::Continuous, 11 * SECOND, 2 * SECOND));
    assert_eq!(due(&it), Some(10 * SECOND));
    assert_eq!(told(&at(10 * SECOND - 1, &mut it, Command::Tick)), ["ticked"]);
    assert_eq!(told(&at(10 * SECOND, &mut it, Command::Tick)), ["closing_auction until 0", "ticked"]);
    assert_eq!(due(&it), Some(11 * SECOND));
    // Late: both happen once, in their order, and are planned again ahead.
    let late = ["gives 0 of 0 +0", "continuous until 0", "closing_auction until 0", "ticked"];
    assert_eq!(told(&at(15 * SECOND, &mut it, Command::Tick)), late);
    let planned = |it: &Exchange| it.timers.plans(BOOK).map(|plan| plan.at.nanos() / SECOND).collect::<Vec<_>>();
    assert_eq!(planned(&it), [16, 17]);
    assert_eq!(due(&it), Some(16 * SECOND));
    at(15 * SECOND, &mut it, Command::ClearSchedule(ClearSchedule { instrument: BOOK }));
    assert_eq!((planned(&it), due(&it)), (vec![], None));
}

#[test]
fn what_is_due_at_one_time_has_its_order() {
    let mut it = sound();
    let expires = Timestamp::from_nanos(50);
    let dated = NewOrder { time_in_force: TimeInForce::GoodTillDate, expires, ..limit(BOB, Side::Sell, 1, 20) };
    at(0, &mut it, plan(Phase::Closed, 50, 0));
    at(0, &mut it, Command::CancelAfter(CancelAfter { account: ALICE, at: expires }));
    at(0, &mut it, Command::Place(dated));
    at(0, &mut it, Command::Place(dated));
    let all = [
        "3 ends: expired",
        "4 ends: expired",
        "0 ends: cancel_after",
        "1 ends: cancel_after",
        "2 cancelled",
        "closed until 0",
        "ticked",
    ];
    assert_eq!(told(&at(60, &mut it, Command::Tick)), all);
    assert_eq!(due(&it), None);
}

#[test]
fn an_auction_outside_the_band_is_extended_as_often_as_set() {
    let mut it = sound();
    let bands = SetBands {
        static_bps: 1_000,
        extensions_max: 1,
        halt_ns: 1,
        extension_ns: 5,
        reference: Price::from_ticks(20),
        ..OFF
    };
    at(0, &mut it, Command::SetBands(bands));
    assert_eq!(told(&at(0, &mut it, set(Phase::OpeningAuction))), ["opening_auction until 0"]);
    let crossing = at(0, &mut it, order(BOB, Side::Sell, 2, 10));
    assert_eq!(told(&crossing), ["OrderAccepted", "OrderRested", "shows 2 of 10 +5"]);
    // Nothing new to show: what is offered at 12 does not trade.
    assert_eq!(told(&at(0, &mut it, order(BOB, Side::Sell, 2, 12))), ["OrderAccepted", "OrderRested"]);
    at(0, &mut it, plan(Phase::Continuous, 100, 0));
    assert_eq!(told(&at(100, &mut it, Command::Tick)), ["opening_auction on until 105", "ticked"]);
    assert_eq!(due(&it), Some(105));
    let opened = ["trade 2 @ 10", "gives 2 of 10 +5", "continuous until 0", "ticked"];
    assert_eq!(told(&at(105, &mut it, Command::Tick)), opened);
    assert_eq!(it.instruments[0].session.bands.reference, Price::from_ticks(10));
    assert_eq!(due(&it), None);
}

#[test]
fn a_price_outside_the_bands_begins_a_halt_that_waits_while_the_market_is_halted() {
    let mut it = sound();
    at(0, &mut it, Command::SetBands(SetBands { dynamic_bps: 500, halt_ns: 7, ..OFF }));
    at(0, &mut it, order(BOB, Side::Sell, 1, 10));
    let stopped = at(1, &mut it, order(ALICE, Side::Buy, 5, 11));
    let words = ["OrderAccepted", "OrderRested", "volatility_halt until 8", "shows 5 of 11 +0"];
    assert_eq!(told(&stopped), words);
    assert_eq!(due(&it), Some(8));
    at(2, &mut it, Command::HaltMarket(HaltMarket { halted: true }));
    assert_eq!(due(&it), None);
    assert_eq!(told(&at(20, &mut it, Command::Tick)), ["ticked"]);
    let resumed = at(21, &mut it, Command::HaltMarket(HaltMarket { halted: false }));
    assert_eq!(told(&resumed), ["halted: false"]);
    assert_eq!(due(&it), Some(8));
    let ended = ["trade 5 @ 11", "gives 5 of 11 +0", "continuous until 0", "ticked"];
    assert_eq!(told(&at(21, &mut it, Command::Tick)), ended);
}

#[test]
fn the_collar_is_around_the_reference_then_the_last_price_and_a_stop_price() {
    let mut it = sound();
    let reference = Price::from_ticks(20);
    at(0, &mut it, Command::SetBands(SetBands { collar_bps: 1_000, reference, ..OFF }));
    let placed = |it: &mut Exchange, order: NewOrder| told(&at(0, it, Command::Place(order)))[0].clone();
    assert_eq!(placed(&mut it, limit(BOB, Side::Sell, 1, 17)), "price_outside_collar");
    assert_eq!(placed(&mut it, limit(BOB, Side::Sell, 1, 18)), "OrderAccepted");
    let post = |ticks| NewOrder { post_only: true, ..limit(ALICE, Side::Buy, 1, ticks) };
    assert_eq!(placed(&mut it, post(23)), "price_outside_collar");
    assert_eq!(placed(&mut it, post(22)), "post_only_would_match");
    let trigger = Trigger::at(Price::from_ticks(50));
    let stop = |ticks| NewOrder { kind: OrderKind::StopLimit, trigger, ..limit(ALICE, Side::Buy, 1, ticks) };
    assert_eq!(placed(&mut it, stop(56)), "price_outside_collar");
    assert_eq!(placed(&mut it, stop(55)), "OrderAccepted");
    // The first trade, at 11, becomes the middle.
    assert_eq!(placed(&mut it, limit(ALICE, Side::Buy, 1, 11)), "OrderAccepted");
    assert_eq!(placed(&mut it, limit(ALICE, Side::Buy, 1, 13)), "price_outside_collar");
}

#[test]
fn each_phase_takes_what_the_table_says() {
    let resting = limit(ALICE, Side::Buy, 1, 1);
    let post_only = NewOrder { post_only: true, ..resting };
    let immediate = NewOrder { time_in_force: TimeInForce::ImmediateOrCancel, ..resting };
    let market = NewOrder::market(ALICE, BOOK, Side::Buy, Quantity::from_lots(1));
    let trigger = Trigger::at(Price::from_ticks(50));
    let stop = NewOrder { kind: OrderKind::StopLimit, trigger, ..resting };
    let asked = [resting, post_only, immediate, market, stop];
    for &(phase, takes) in &[
        (Phase::Continuous, [true; 5]),
        (Phase::PreOpen, [true, true, false, false, true]),
        (Phase::OpeningAuction, [true, true, false, false, true]),
        (Phase::VolatilityHalt, [true, true, false, false, true]),
        (Phase::ClosingAuction, [true, true, false, false, true]),
        (Phase::PostOnly, [false, true, false, false, false]),
        (Phase::CancelOnly, [false; 5]),
        (Phase::Suspended, [false; 5]),
        (Phase::Closed, [false; 5]),
        (Phase::Delisted, [false; 5]),
    ] {
        let mut it = sound();
        it.instruments[0].session.phase = phase;
        for (order, taken) in asked.iter().zip(takes) {
            assert_eq!(it.check_phase(BOOK, order), if taken { Ok(()) } else { Err(Reject::WrongPhase) }, "{phase:?}");
        }
    }
}

#[test]
fn plans_and_bands_are_refused_for_one_reason_each() {
    let mut it = sound();
    at(5, &mut it, Command::Tick);
    let no = |kind, reason| vec![refused(kind, AccountId::VENUE, OrderId::NONE, 0, reason)];
    for (command, reason) in [
        (plan(Phase::Closed, 5, 0), Reject::InvalidExpiry),
        (plan(Phase::Closed, TIME_END, 0), Reject::InvalidExpiry),
        (plan(Phase::VolatilityHalt, 6, 0), Reject::InvalidSetting),
        (plan(Phase::Closed, 6, SECOND - 1), Reject::InvalidSetting),
        (plan(Phase::Closed, 6, 366 * 86_400 * SECOND + 1), Reject::InvalidSetting),
    ] {
        assert_eq!(at(5, &mut it, command), no(CommandKind::SchedulePhase, reason), "{command:?}");
    }
    let days = 30 * 86_400 * SECOND;
    for bands in [
        SetBands { collar_bps: 10_001, ..OFF },
        SetBands { static_bps: 1, ..OFF },
        SetBands { dynamic_bps: 1, ..OFF },
        SetBands { extensions_max: 1, ..OFF },
        SetBands { halt_ns: days + 1, ..OFF },
        SetBands { extension_ns: days + 1, ..OFF },
        SetBands { reference: Price::from_ticks(101), ..OFF },
    ] {
        let answer = at(5, &mut it, Command::SetBands(bands));
        assert_eq!(answer, no(CommandKind::SetBands, Reject::InvalidSetting), "{bands:?}");
    }
    for nanos in 6..262 {
        assert_eq!(told(&at(5, &mut it, plan(Phase::Closed, nanos, 0))), ["PhaseScheduled"]);
    }
    assert_eq!(at(5, &mut it, plan(Phase::Closed, 262, 0)), no(CommandKind::SchedulePhase, Reject::LimitReached));
    assert_eq!(told(&at(5, &mut it, plan(Phase::Closed, 261, SECOND))), ["PhaseScheduled"]);
    // Delisting clears them all; then nothing can be planned or changed.
    let mut gone = told(&at(5, &mut it, set(Phase::Delisted)));
    assert_eq!(gone.remove(0), "delisted until 0");
    assert!(gone.iter().all(|word| word.ends_with(CancelReason::Delisted.code())) && gone.len() == 3, "{gone:?}");
    assert_eq!(due(&it), None);
    assert_eq!(at(5, &mut it, set(Phase::Continuous)), no(CommandKind::SetPhase, Reject::WrongPhase));
    assert_eq!(at(5, &mut it, plan(Phase::Closed, 6, 0)), no(CommandKind::SchedulePhase, Reject::WrongPhase));
}

#[test]
fn a_state_does_not_tell_in_which_order_its_times_were_set() {
    let permissions = Permissions { trade: true, withdraw: false };
    let silent = |order: [u32; 5]| {
        let mut it = sound();
        for account in (11..16).map(AccountId::new) {
            at(1, &mut it, Command::SetPermissions(SetPermissions { account, permissions }));
        }
        for number in order {
            let (account, nanos) = (AccountId::new(number), 100 + u64::from(number * 7 % 5));
            at(1, &mut it, Command::CancelAfter(CancelAfter { account, at: Timestamp::from_nanos(nanos) }));
        }
        it.state_hash()
    };
    let first = silent([11, 12, 13, 14, 15]);
    for order in [[15, 14, 13, 12, 11], [13, 11, 15, 12, 14], [12, 15, 11, 14, 13]] {
        assert_eq!(silent(order), first, "{order:?}");
    }
}

#[test]
fn anyone_can_ask_what_an_auction_would_give() {
    let mut it = sound();
    let nothing = |number| AuctionState {
        instrument: InstrumentId::new(number),
        price: Price::NONE,
        volume: Quantity::ZERO,
        surplus: 0,
    };
    assert_eq!(it.auction(BOOK), nothing(0), "the book is not crossed");
    at(1, &mut it, set(Phase::OpeningAuction));
    let shown = at(1, &mut it, order(BOB, Side::Sell, 1, 1));
    let Some(Event::AuctionIndicated(indicated)) = shown.last() else { panic!("{shown:?}") };
    assert_eq!(it.auction(BOOK), *indicated);
    assert_ne!(*indicated, nothing(0));
    for unknown in [1, 2, u32::MAX] {
        assert_eq!(it.auction(InstrumentId::new(unknown)), nothing(unknown));
    }
}
