//! The ends of every range: prices, notionals, balances, counts, time.

use cx_engine::command::{AssetClass, Movement, NewAsset, NewInstrument, Permissions, SetPermissions};
use cx_engine::ids::{AccountId, AssetId, InstrumentId, Seq, Symbol};
use cx_engine::reject::Reject;
use cx_engine::units::{Amount, FeeRate, Price, Timestamp};
use cx_engine::{Command, Event, Exchange};

use crate::model::Model;
use crate::script::{ALICE, CO2, Terms, USD, check, on_both};
use crate::venue::Venue;

/// 2^62, the most that a balance may reach.
const MOST: i64 = 1 << 62;

#[test]
fn prices_at_both_ends_of_the_domain() {
    check(
        Terms { price_max: MOST, cash: 1 << 60, ..Terms::PLAIN },
        &[
            (
                "one tick and the highest notional, far outside any window",
                "alice sells 1 @ 4611686018427387904 as s1  > rests 1 @ 4611686018427387904
                 alice sells 1 @ 4611686018427387905        > refused invalid_price
                 alice sells 1 @ 9223372036854775807        > refused invalid_price
                 alice sells 2 @ 2305843009213693953        > refused notional_too_large
                 alice sells 1 @ 1 as s2                    > rests 1 @ 1
                 asks                                       > 1: 1 (1), 4611686018427387904: 1 (1)
                 bob buys 2 @ 1152921504606846976           > refused insufficient_funds
                 bob buys 1 @ 1152921504606846976           > trade 1 @ 1 with s2 (0 left, 0 to go)
                 bob buys 1 @ 1152921504606846975 as b1     > rests 1 @ 1152921504606846975
                 bob has USD                                > 0 + 1152921504606846975
                 carol buys 1 @ 1 as b2                     > rests 1 @ 1
                 bids                                       > 1152921504606846975: 1 (1), 1: 1 (1)
                 alice sells 2 market                       > trade 1 @ 1152921504606846975 with b1 (0 left, 1 to go); trade 1 @ 1 with b2 (0 left, 0 to go)
                 bids                                       > none
                 alice cancels s1                           > cancelled s1 1 (requested)
                 asks                                       > none",
            ),
            (
                "the market jumps from one end to the other and back",
                "alice sells 1 @ 2 as s1
                 alice sells 1 @ 1152921504606846970 as s2
                 alice sells 1 @ 600000000000 as s3
                 alice sells 1 @ 599999999999 as s4
                 bob buys 1 market                          > trade 1 @ 2 with s1 (0 left, 0 to go)
                 bob buys 1 market                          > trade 1 @ 599999999999 with s4 (0 left, 0 to go)
                 alice sells 1 @ 3 as s5
                 bob buys 2 market                          > trade 1 @ 3 with s5 (0 left, 1 to go); trade 1 @ 600000000000 with s3 (0 left, 0 to go)
                 carol buys 1 @ 1152921504606846969 as b1   > rests 1 @ 1152921504606846969
                 carol amends b1 to 1 @ 1152921504606846970 > amended 1 @ 1152921504606846969 to 1 @ 1152921504606846970 at the back; trade 1 @ 1152921504606846970 with s2 (0 left, 0 to go)
                 asks                                       > none
                 bids                                       > none",
            ),
        ],
    );
    check(
        Terms { price_max: 1, ..Terms::PLAIN },
        &[(
            "a domain of one price",
            "alice sells 5 @ 1 as s1
             alice sells 5 @ 2                              > refused invalid_price
             bob buys 7 @ 1                                 > trade 5 @ 1 with s1 (0 left, 2 to go); rests 2 @ 1",
        )],
    );
    check(
        Terms::PLAIN,
        &[(
            "both ends of an ordinary domain",
            "alice sells 1 @ 1000 as s1
             alice sells 1 @ 1 as s2
             bob buys 1 @ 1000                              > trade 1 @ 1 with s2 (0 left, 0 to go)
             bob buys 1 @ 1 as b1
             bids                                           > 1: 1 (1)
             asks                                           > 1000: 1 (1)
             carol buys 1 @ 1000                            > trade 1 @ 1000 with s1 (0 left, 0 to go)
             carol sells 1 @ 1                              > trade 1 @ 1 with b1 (0 left, 0 to go)",
        )],
    );
}

#[test]
fn notionals_fit_a_balance_to_the_last_unit() {
    check(
        Terms { price_max: MOST, fees: (0, 100_000), cash: 1 << 60, ..Terms::PLAIN },
        &[
            (
                // n + floor(n / 10) is 2^62 for n = 4192441834933989004, the highest notional whose hold fits.
                "a buy with its fee, a sell without",
                "alice buys 1 @ 4192441834933989005         > refused notional_too_large
                 alice buys 1 @ 4192441834933989004         > refused insufficient_funds
                 alice sells 1 @ 4611686018427387904 as s1  > rests 1 @ 4611686018427387904
                 alice sells 2 @ 5 as s2
                 alice amends s2 to 2 @ 2305843009213693953 > refused notional_too_large
                 alice amends s2 to 2 @ 2305843009213693952 > amended 2 @ 5 to 2 @ 2305843009213693952 at the back; rests 2 @ 2305843009213693952
                 bob buys 1 market                          > refused insufficient_funds
                 bob buys 2 market                          > refused notional_too_large
                 bob buys 3 market                          > refused notional_too_large
                 bob buys 9 market                          > refused notional_too_large",
            ),
            (
                "an amend past the limit is refused before its funds are looked at",
                "alice buys 1 @ 5 as b1
                 alice amends b1 to 1 @ 4192441834933989005 > refused notional_too_large
                 alice amends b1 to 1 @ 4192441834933989004 > refused insufficient_funds
                 alice amends b1 to 1099511627776 @ 9223372036854775807 > refused invalid_price
                 alice amends b1 to 1099511627776 @ 4611686018427387904 > refused notional_too_large",
            ),
        ],
    );
    check(
        Terms { tick_value: 1_000_000_000_000, price_max: MOST, cash: MOST / 3, ..Terms::PLAIN },
        &[(
            "products beyond 128 bits",
            "alice buys 1099511627776 @ 4611686018427387904 > refused notional_too_large
             alice sells 1099511627776 @ 4611686018427387904 > refused notional_too_large
             alice sells 1 @ 4611687 > refused notional_too_large
             alice sells 1 @ 4611686 > rests 1 @ 4611686
             bob buys 1 @ 1 > rests 1 @ 1
             bob has USD > 1537227672809129301 + 1000000000000",
        )],
    );
}

fn movement(asset: AssetId, minor: i64) -> Movement {
    Movement { account: ALICE, asset, amount: Amount::from_minor(minor), reference: 0 }
}

fn refusal(events: &[Event]) -> Option<Reject> {
    match events {
        [Event::CommandRejected(it)] => Some(it.reason),
        [_] => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_that_ever_came_in_is_bounded_whatever_left_again() {
    on_both(Terms { cash: 0, credits: 0, ..Terms::PLAIN }, |desk| {
        let most = i128::from(MOST);
        for amount in [MOST + 1, i64::MAX, i64::MIN] {
            assert_eq!(refusal(desk.apply(&Command::Deposit(movement(USD, amount)))), Some(Reject::InvalidAmount));
        }
        assert_eq!(refusal(desk.apply(&Command::Deposit(movement(USD, MOST)))), None);
        assert_eq!(desk.venue.holding(ALICE, USD), (most, 0));
        assert_eq!(refusal(desk.apply(&Command::Deposit(movement(USD, 1)))), Some(Reject::InvalidAmount));
        for amount in [MOST + 1, i64::MAX] {
            assert_eq!(refusal(desk.apply(&Command::Withdraw(movement(USD, amount)))), Some(Reject::InsufficientFunds));
        }
        assert_eq!(refusal(desk.apply(&Command::Withdraw(movement(USD, MOST)))), None);
        assert_eq!(refusal(desk.apply(&Command::Deposit(movement(USD, 1)))), Some(Reject::InvalidAmount));
        assert_eq!(desk.venue.flow(USD), [most, most, 0]);

        // Deposits and issues of credits count together, and what was retired does not make room.
        assert_eq!(refusal(desk.apply(&Command::Issue(movement(CO2, MOST - 2)))), None);
        assert_eq!(refusal(desk.apply(&Command::Deposit(movement(CO2, 3)))), Some(Reject::InvalidAmount));
        assert_eq!(refusal(desk.apply(&Command::Deposit(movement(CO2, 1)))), None);
        assert_eq!(refusal(desk.apply(&Command::Retire(movement(CO2, MOST - 1)))), None);
        assert_eq!(refusal(desk.apply(&Command::Issue(movement(CO2, 2)))), Some(Reject::InvalidAmount));
        assert_eq!(refusal(desk.apply(&Command::Issue(movement(CO2, 1)))), None);
        assert_eq!(desk.venue.flow(CO2), [most, 0, most - 1]);
        desk.venue.check();
    });
}

#[test]
fn account_numbers_end_at_two_to_the_24() {
    on_both(Terms::PLAIN, |desk| {
        let open = |id| {
            let permissions = Permissions { trade: true, withdraw: true };
            Command::SetPermissions(SetPermissions { account: AccountId::new(id), permissions })
        };
        assert_eq!(refusal(desk.apply(&open((1 << 24) - 1))), None);
        assert_eq!(refusal(desk.apply(&open(1 << 24))), Some(Reject::LimitReached));
        assert_eq!(refusal(desk.apply(&open(u32::MAX))), Some(Reject::LimitReached));
        let last = Movement { account: AccountId::new((1 << 24) - 1), ..movement(USD, 5) };
        assert_eq!(refusal(desk.apply(&Command::Deposit(last))), None);
        assert_eq!(desk.venue.may(AccountId::new((1 << 24) - 2)), None);
        desk.venue.check();
    });
}

#[test]
fn definitions_are_bounded() {
    on_both(Terms::PLAIN, |desk| {
        let mut asset = NewAsset { code: Symbol::new("EUR").unwrap(), class: AssetClass::Cash, scale: 10 };
        assert_eq!(refusal(desk.apply(&Command::AddAsset(asset))), Some(Reject::InvalidDefinition));
        asset.scale = 9;
        assert_eq!(refusal(desk.apply(&Command::AddAsset(asset))), None);
        asset.scale = 10;
        assert_eq!(refusal(desk.apply(&Command::AddAsset(asset))), Some(Reject::AlreadyExists));
        let good = NewInstrument {
            symbol: Symbol::new("CO2-EUR").unwrap(),
            base: CO2,
            quote: AssetId::new(2),
            tick_value: 1_000_000_000_000,
            price_max: Price::from_ticks(MOST),
            maker_fee: FeeRate::MAX,
            taker_fee: FeeRate::ZERO,
        };
        let unknown = AssetId::new(3);
        let bad = [
            (NewInstrument { symbol: Symbol::new("CO2-USD").unwrap(), base: unknown, ..good }, Reject::AlreadyExists),
            (NewInstrument { base: unknown, ..good }, Reject::UnknownAsset),
            (NewInstrument { quote: unknown, ..good }, Reject::UnknownAsset),
            (NewInstrument { base: USD, tick_value: 0, ..good }, Reject::WrongAssetClass),
            (NewInstrument { quote: CO2, ..good }, Reject::WrongAssetClass),
            (NewInstrument { tick_value: 0, ..good }, Reject::InvalidDefinition),
            (NewInstrument { tick_value: 1_000_000_000_001, ..good }, Reject::InvalidDefinition),
            (NewInstrument { price_max: Price::NONE, ..good }, Reject::InvalidDefinition),
            (NewInstrument { price_max: Price::from_ticks(MOST + 1), ..good }, Reject::InvalidDefinition),
            (NewInstrument { taker_fee: FeeRate::from_ppm(-1).unwrap(), ..good }, Reject::InvalidDefinition),
        ];
        for (new, reason) in bad {
            assert_eq!(refusal(desk.apply(&Command::ListInstrument(new))), Some(reason), "{new:?}");
        }
        assert_eq!(refusal(desk.apply(&Command::ListInstrument(good))), None);
        assert_eq!(desk.venue.instrument_list().last().unwrap().instrument, InstrumentId::new(1));
    });
}

#[test]
fn there_are_at_most_two_to_the_20_assets() {
    fn fill(venue: &mut dyn Venue) {
        let mut events = Vec::new();
        let mut seq = Seq::ZERO;
        for number in 0..=1_u32 << 20 {
            seq = seq.next();
            let code = Symbol::new(&format!("A{number}")).unwrap();
            let asset = NewAsset { code, class: AssetClass::Credit, scale: 0 };
            events.clear();
            venue.apply(seq, Timestamp::default(), &Command::AddAsset(asset), &mut events);
            let refused = number == 1 << 20;
            assert_eq!(refusal(&events), refused.then_some(Reject::LimitReached), "asset {number}");
        }
    }
    // The model looks through all assets for the code, so it would take hours: its limit is read, not run.
    fill(&mut Exchange::new());
}

#[test]
fn time_never_runs_back() {
    fn run(venue: &mut dyn Venue) {
        let mut events = Vec::new();
        let mut seq = Seq::ZERO;
        for (stamp, now) in [(5, 5), (3, 5), (5, 5), (9, 9), (0, 9), (u64::MAX, u64::MAX), (1, u64::MAX)] {
            seq = seq.next();
            let bad = Command::Withdraw(movement(USD, 1));
            let time = venue.apply(seq, Timestamp::from_nanos(stamp), &bad, &mut events);
            assert_eq!(time, Timestamp::from_nanos(now), "also when the command is refused");
        }
    }
    run(&mut Exchange::new());
    run(&mut Model::new());
}
