//! Tokens, volumes and the ring of trades, each against what it stands for.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::audit::tests::rich;
use crate::ids::{AccountId, InstrumentId, TradeId};
use crate::reject::Reject;
use crate::units::{Price, Quantity};

#[test]
fn tokens_come_back_in_billionths() {
    let empty = Tokens { billionths: 0, at: Timestamp::default() };
    let after = |nanos, rate| empty.refilled(rate, 2, Timestamp::from_nanos(nanos)).billionths;
    assert_eq!(after(1, 3), 3);
    assert_eq!(after(333_333_333, 3), 999_999_999);
    assert_eq!(after(333_333_334, 3), 1_000_000_002);
    assert_eq!(after(u64::MAX, 1_000_000), 2_000_000_000);
    let before = Tokens { billionths: 5, at: Timestamp::from_nanos(9) };
    assert_eq!(before.refilled(1, 1, Timestamp::from_nanos(7)).billionths, 5);
}

#[test]
fn a_throttle_takes_a_token_and_a_trade_gives_one_back() {
    let mut exchange = rich();
    let alice = AccountId::new(1);
    // Her two stops took two of 20 (the limits came after her bids), and the trade before them gave none beyond the full burst.
    for _ in 0..18 {
        assert_eq!(exchange.throttle(alice), Ok(()));
    }
    assert_eq!(exchange.throttle(alice), Err(Reject::Throttled));
    exchange.risks.return_token(0);
    assert_eq!(exchange.throttle(alice), Ok(()));
    exchange.now = Timestamp::from_nanos(333_333_333);
    assert_eq!(exchange.throttle(alice), Err(Reject::Throttled));
    exchange.now = Timestamp::from_nanos(333_333_334);
    assert_eq!(exchange.throttle(alice), Ok(()));
}

fn trade(number: u64) -> PastTrade {
    PastTrade {
        price: Price::from_ticks(1),
        quantity: Quantity::from_lots(number),
        buyer_fee: 0,
        seller_fee: 0,
        instrument: InstrumentId::default(),
        buyer: AccountId::new(1),
        seller: AccountId::new(2),
        busted: false,
    }
}

#[test]
fn the_last_trades_are_remembered_in_order() {
    let last = 2 * REMEMBERED as u64 + 3;
    let mut recent = RecentTrades::default();
    for number in 1..=last {
        recent.push(TradeId::new(number), trade(number));
    }
    let all: Vec<u64> = recent.iter(TradeId::new(last)).map(|trade| trade.quantity.lots()).collect();
    assert_eq!(all, (last - REMEMBERED as u64 + 1..=last).collect::<Vec<_>>());
    // The same when they come from a snapshot.
    let mut restored = RecentTrades::default();
    for number in last - REMEMBERED as u64 + 1..=last {
        restored.restore(TradeId::new(number), trade(number));
    }
    assert!(restored.iter(TradeId::new(last)).map(|trade| trade.quantity.lots()).eq(all));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// The days of the window are those that a list of all trades gives.
    #[test]
    fn volumes_are_those_of_the_window(trades in vec((0_u32..40, 1_u64..100), 0..60), ahead in 0_u32..40) {
        let (mut risks, mut profile) = (Risks::default(), Profile::default());
        let mut counted: std::collections::BTreeMap<u32, u64> = std::collections::BTreeMap::new();
        let mut day = 100;
        for (step, lots) in trades {
            // Most trades come on the same day, some after a pause of weeks.
            day += step.saturating_sub(20);
            risks.count_volume(&mut profile, day, lots);
            *counted.entry(day).or_default() += lots;
        }
        let today = day + ahead;
        let expected: Vec<_> = counted.range(today - WINDOW_DAYS..=today).map(|(&day, &lots)| (day, lots)).collect();
        prop_assert_eq!(risks.volumes(&profile, today).collect::<Vec<_>>(), expected);
    }
}
