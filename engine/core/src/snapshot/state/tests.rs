//! Bodies with a right hash that no exchange would write are refused: each test changes one thing of a sound one.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::audit::tests::{rich, sound};
use crate::codec::COMMAND_RECORD_LEN;
use crate::command::{CancelOrder, NewOrder, Side};
use crate::control::{Phase, SchedulePhase};
use crate::event::Event;
use crate::ids::OrderId;
use crate::snapshot::{MAGIC, SnapshotError, VERSION};
use crate::units::{Quantity, Trigger};

fn sealed(state: State) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    bytes.extend(bincode::encode_to_vec(state, bincode::config::standard()).unwrap());
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    bytes
}

/// What a restore says to a sound state with one change.
fn refused(change: impl FnOnce(&mut State)) -> String {
    refused_in(State::of(&sound()), change)
}

/// Likewise to one with stops, an iceberg, a pair, limits and a trade.
fn refused_rich(change: impl FnOnce(&mut State)) -> String {
    refused_in(State::of(&rich()), change)
}

fn refused_in(mut state: State, change: impl FnOnce(&mut State)) -> String {
    change(&mut state);
    match Exchange::restore(&sealed(state)) {
        Err(SnapshotError::Invalid(why)) => why,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn an_unchanged_state_is_accepted() {
    let bytes = sealed(State::of(&sound()));
    assert_eq!(bytes, sound().snapshot());
    assert_eq!(Exchange::restore(&bytes).unwrap().state_hash(), sound().state_hash());
    let bytes = rich().snapshot();
    assert_eq!(Exchange::restore(&bytes).unwrap().snapshot(), bytes);
}

#[test]
fn versions_and_lengths_are_checked() {
    let mut bytes = sound().snapshot();
    bytes.truncate(bytes.len() - 32);
    let seal = |content: &[u8]| [content, blake3::hash(content).as_bytes()].concat();
    let mut newer = bytes.clone();
    newer[MAGIC.len()] = VERSION + 1;
    assert_eq!(Exchange::restore(&seal(&newer)).err(), Some(SnapshotError::Version(VERSION + 1)));
    bytes.push(0);
    assert_eq!(Exchange::restore(&seal(&bytes)).err(), Some(SnapshotError::Invalid("bytes behind the end".into())));
}

#[test]
fn money_and_holds_must_be_right() {
    assert!(refused(|it| it.supplies.0[0][0] = Amount::from_minor(2_001)).contains("sum to"));
    assert!(refused(|it| it.supplies.0[0][0] = Amount::from_minor(i64::MAX)).contains("out of range"));
    assert!(refused(|it| it.supplies.0[0][1] = Amount::from_minor(2_001)).contains("more went out"));
    assert!(refused(|it| it.supplies.0.truncate(1)).contains("differ in number"));
    assert!(
        refused(|it| {
            let (_, _, available, held) = &mut it.balances.0[0];
            (*available, *held) = (available.plus(Amount::from_minor(1)), held.minus(Amount::from_minor(1)));
        })
        .contains("holds")
    );
    assert!(refused(|it| it.balances.0[0].0 = AccountId::new(77)).contains("no owner"));
}

#[test]
fn orders_must_be_right() {
    assert!(refused(|it| it.orders.0[0].slot = 9).contains("slot does not exist"));
    assert!(refused(|it| it.orders.0[0].slot = it.orders.0[1].slot).contains("share a slot"));
    assert!(refused(|it| it.orders.0[0].instrument = InstrumentId::new(1)).contains("instrument is unknown"));
    assert!(refused(|it| it.orders.0[0].account = AccountId::new(77)).contains("account is unknown"));
    assert!(refused(|it| it.orders.0[0].side = 3).contains("side is unknown"));
    assert!(refused(|it| it.orders.0[0].time_in_force = 0).contains("time in force is unknown"));
    for ticks in [0, -1, 101, i64::MAX] {
        assert!(refused(|it| it.orders.0[0].price = Price::from_ticks(ticks)).contains("out of range"));
    }
    for lots in [0, 7, u64::MAX] {
        assert!(refused(|it| it.orders.0[0].leaves = Quantity::from_lots(lots)).contains("out of range"));
    }
    // A bid of 5 @ 12 holds what 6 @ 10 did, and crosses the offer at 11.
    let crossed = refused(|it| {
        it.orders.0[0].leaves = Quantity::from_lots(5);
        it.orders.0[0].displayed = Quantity::from_lots(5);
        it.orders.0[0].price = Price::from_ticks(12);
    });
    assert!(crossed.contains("crossed"), "{crossed}");
    assert!(refused(|it| it.accounts.0[1].permissions.trade = false).contains("without permission"));
}

#[test]
fn slots_must_be_right() {
    assert!(refused(|it| it.generations.0[0] = 0).contains("neither free nor used"));
    assert!(refused(|it| it.generations.0.push(1)).contains("neither free nor used"));
    assert!(refused(|it| it.free.0.push(0)).contains("free slots"));
    assert!(refused(|it| it.free.0.push(9)).contains("free slots"));
    assert!(
        refused(|it| {
            it.generations.0.push(1);
            it.free.0.extend([3, 3]);
        })
        .contains("free slots")
    );
}

/// The last generation of a slot is 2^32 - 1: then it is never used again, across a snapshot too, and no handle comes back.
#[test]
fn a_slot_whose_generations_are_spent_is_left_alone() {
    let bob = AccountId::new(2);
    let next = |exchange: &mut Exchange, last: OrderId| {
        let (seq, mut events) = (exchange.seq().next(), Vec::new());
        let cancel = Command::Cancel(CancelOrder { account: bob, order: last });
        exchange.apply(seq, Timestamp::default(), &cancel, &mut events);
        let (price, lots) = (Price::from_ticks(11), Quantity::from_lots(5));
        let order = NewOrder::limit(bob, InstrumentId::new(0), Side::Sell, price, lots);
        exchange.apply(seq.next(), Timestamp::default(), &Command::Place(order), &mut events);
        exchange.audit().unwrap();
        match events[..] {
            [Event::OrderCancelled(_), Event::OrderAccepted(it), Event::OrderRested(_)] => it.order,
            _ => panic!("{events:?}"),
        }
    };
    let mut state = State::of(&sound());
    state.generations.0[2] = u32::MAX - 1;
    let mut live = Exchange::restore(&sealed(state)).unwrap();
    let last = next(&mut live, OrderId::from_parts(2, u32::MAX - 1));
    assert_eq!(last, OrderId::from_parts(2, u32::MAX));
    assert_eq!(next(&mut live, last), OrderId::from_parts(3, 1));
    let mut restored = Exchange::restore(&live.snapshot()).unwrap();
    for exchange in [&mut live, &mut restored] {
        assert_eq!(next(exchange, OrderId::from_parts(3, 1)), OrderId::from_parts(3, 2));
    }
    assert_eq!(live.snapshot(), restored.snapshot());
}

#[test]
fn listings_and_accounts_must_be_right() {
    assert!(refused(|it| it.listings.0[1] = it.listings.0[0]).contains("twice"));
    assert!(refused(|it| it.listings.0.swap(1, 2)).contains("wrong class"));
    assert!(refused(|it| it.listings.0[0] = [0xFF; COMMAND_RECORD_LEN]).contains("unknown"));
    assert!(refused(|it| it.accounts.0[1].id = AccountId::new(1 << 24)).contains("out of range"));
}

/// The place of the order in a slot.
fn at(state: &State, slot: u32) -> usize {
    state.orders.0.iter().position(|order| order.slot == slot).unwrap()
}

fn refused_order(slot: u32, change: impl FnOnce(&mut Order)) -> String {
    refused_rich(|it| {
        let place = at(it, slot);
        change(&mut it.orders.0[place]);
    })
}

#[test]
fn terms_must_go_together() {
    let ticks = Price::from_ticks;
    assert!(refused_order(0, |it| it.kind = 9).contains("kind is unknown"));
    assert!(refused_order(0, |it| it.kind = 2).contains("go together"));
    assert!(refused_order(0, |it| it.self_trade = 0).contains("self-trade choice"));
    assert!(refused_order(0, |it| it.time_in_force = 2).contains("go together"));
    assert!(refused_order(0, |it| it.stop_price = ticks(11)).contains("go together"));
    assert!(refused_order(3, |it| it.post_only = true).contains("go together"));
    assert!(refused_order(3, |it| it.price = ticks(11)).contains("go together"));
    assert!(refused_order(3, |it| it.stop_price = ticks(101)).contains("out of range"));
    assert!(refused_order(3, |it| it.trails = Trigger::ticks(2)).contains("distance"));
    assert!(refused_order(4, |it| it.trails = Trigger::NONE).contains("distance"));
    assert!(refused_order(4, |it| it.extreme = ticks(11)).contains("not at its distance"));
    assert!(refused_order(5, |it| it.expires = Timestamp::default()).contains("not in the future"));
    assert!(refused_order(0, |it| it.expires = Timestamp::from_nanos(9)).contains("not in the future"));
    assert!(refused_order(5, |it| it.displayed = Quantity::from_lots(5)).contains("out of range"));
    assert!(refused_order(5, |it| it.displayed = Quantity::ZERO).contains("out of range"));
    assert!(refused_order(0, |it| it.maker = 100_001).contains("fee rate"));
    assert!(refused_order(1, |it| it.arrival = 1).contains("order of their arrival"));
}

#[test]
fn lists_and_pairs_must_be_right() {
    assert!(refused_order(6, |it| it.first = Some(99)).contains("pair"));
    assert!(refused_order(6, |it| it.first = Some(6)).contains("pair"));
    assert!(refused_order(6, |it| it.first = Some(0)).contains("disagree"));
    let lists = "list of open orders";
    assert!(refused_rich(|it| it.accounts.0[1].open.0.push(0)).contains(lists));
    assert!(refused_rich(|it| it.accounts.0[1].open.0.push(2)).contains(lists));
    assert!(refused_rich(|it| it.accounts.0[1].open.0.push(99)).contains(lists));
    assert!(refused_rich(|it| it.accounts.0[1].open.0.truncate(1)).contains("in no list"));
    let trailing = "list of trailing stops";
    assert!(refused_rich(|it| it.hours.0[0].trailing[1].0.clear()).contains(trailing));
    assert!(refused_rich(|it| it.hours.0[0].trailing[1].0.push(4)).contains(trailing));
    assert!(refused_rich(|it| it.hours.0[0].trailing[0].0.push(4)).contains(trailing));
    assert!(refused_rich(|it| it.hours.0[0].trailing[1].0.push(99)).contains(trailing));
}

#[test]
fn accounts_hours_and_trades_must_be_right() {
    assert!(refused_rich(|it| it.accounts.0[1].tier = 8).contains("tier"));
    assert!(refused_rich(|it| it.accounts.0[1].volumes.0[0].1 = 0).contains("volumes"));
    assert!(refused_rich(|it| it.accounts.0[1].volumes.0[0].0 = 1).contains("volumes"));
    assert!(refused_rich(|it| it.accounts.0[1].tokens = u64::MAX).contains("more tokens"));
    assert!(refused_rich(|it| it.accounts.0[2].tokens = 1).contains("without a throttle"));
    assert!(refused_rich(|it| it.hours.0.clear()).contains("differ in number"));
    assert!(refused_rich(|it| it.hours.0[0].phase = 11).contains("phase is unknown"));
    assert!(refused_rich(|it| it.hours.0[0].last = Price::from_ticks(101)).contains("last price"));
    assert!(refused_rich(|it| it.hours.0[0].ends = Timestamp::from_nanos(9)).contains("phase"));
    assert!(refused_rich(|it| it.hours.0[0].phase = Phase::Delisted.number()).contains("its phase has ended"));
    let plan = SchedulePhase {
        instrument: InstrumentId::new(0),
        phase: Phase::VolatilityHalt,
        at: Timestamp::default(),
        every_ns: 0,
    };
    assert!(refused_rich(|it| it.hours.0[0].plans.0.push(record(Command::SchedulePhase(plan)))).contains("planned"));
    assert!(refused_rich(|it| it.hours.0[0].plans.0.push(record(Command::Tick))).contains("planned phase"));
    let late = |at| record(Command::SchedulePhase(SchedulePhase { phase: Phase::Closed, at, ..plan }));
    assert!(
        refused_rich(|it| it.hours.0[0].plans.0.push(late(Timestamp::from_nanos(1 << 63)))).contains("planned phase")
    );
    let gone = |it: &mut State| {
        it.hours.0[0].phase = Phase::Delisted.number();
        it.hours.0[0].plans.0.push(late(Timestamp::from_nanos(99)));
    };
    assert!(refused_rich(gone).contains("planned phase"));
    assert!(refused_rich(|it| it.trades.0.clear()).contains("other trades"));
    let made = "could not have been made";
    assert!(refused_rich(|it| it.trades.0[0].buyer = AccountId::VENUE).contains(made));
    assert!(refused_rich(|it| it.trades.0[0].quantity = Quantity::ZERO).contains(made));
    assert!(refused_rich(|it| it.trades.0[0].buyer_fee = -1).contains(made));
    assert!(refused_rich(|it| it.settings.0.push(record(Command::Tick))).contains("a setting is none"));
    assert!(refused_rich(|it| it.settings.0.swap(0, 1)).contains("not in canonical form"));
}

/// What would restore to a sound exchange but is not how one is written.
#[test]
fn there_is_one_form() {
    let form = "not in canonical form";
    assert_eq!(refused(|it| it.accounts.0.swap(0, 1)), form);
    assert_eq!(refused(|it| it.balances.0.swap(0, 1)), form);
    assert_eq!(refused(|it| it.orders.0.swap(1, 2)), form);
    assert_eq!(refused(|it| it.references.0.extend([(4, 9), (4, 9)])), form);
    assert_eq!(refused(|it| it.balances.0.push((AccountId::VENUE, AssetId::new(0), Amount::ZERO, Amount::ZERO))), form);
}
