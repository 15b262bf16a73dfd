//! What is set and planned: the folds against the core's settings, phases and plans.

use crate::venue::Venue;
use cx_engine::control::{SetBands, SetLimits};
use cx_engine::event::AuctionState;
use cx_engine::ids::{AccountId, InstrumentId};
use cx_engine::units::{FeeRate, Price, Quantity};
use cx_engine::{Command, Event};
use cx_market_data::TIERS;
use std::collections::BTreeMap;

type Rates = [Option<(FeeRate, FeeRate)>; TIERS];

/// What the core's settings say, by what they are about.
#[derive(Default)]
struct Settings {
    fees: BTreeMap<InstrumentId, Rates>,
    bands: BTreeMap<InstrumentId, SetBands>,
    tiers: [Quantity; TIERS],
    limits: BTreeMap<AccountId, SetLimits>,
    positions: BTreeMap<AccountId, Vec<(InstrumentId, Quantity)>>,
    groups: BTreeMap<AccountId, u32>,
    killed: Vec<AccountId>,
    halted: bool,
}

impl Settings {
    fn of(venue: &Venue) -> Self {
        let mut all = Self::default();
        for listed in venue.exchange.instruments() {
            all.fees.entry(listed.instrument).or_default()[0] = Some((listed.maker_fee, listed.taker_fee));
        }
        for command in venue.exchange.settings() {
            match command {
                Command::SetFees(set) => {
                    all.fees.get_mut(&set.instrument).unwrap()[usize::from(set.tier)] = Some((set.maker, set.taker));
                }
                Command::SetFeeTier(set) => all.tiers[usize::from(set.tier)] = set.volume,
                Command::SetBands(set) => _ = all.bands.insert(set.instrument, set),
                Command::SetGroup(set) => _ = all.groups.insert(set.account, set.group),
                Command::Kill(set) => all.killed.push(set.account),
                Command::SetLimits(set) => _ = all.limits.insert(set.account, set),
                Command::SetPositionLimit(set) => {
                    all.positions.entry(set.account).or_default().push((set.instrument, set.position_max));
                }
                Command::HaltMarket(set) => all.halted = set.halted,
                Command::CancelAfter(_) => {} // no fold tells it
                other => panic!("{other:?} is no setting"),
            }
        }
        all
    }
}

/// Phases, auctions, bands, fees, plans, limits, groups, kill switches and the halt against the core.
pub fn check_sessions(venue: &Venue) {
    let set = Settings::of(venue);
    assert_eq!(venue.market.halted(), set.halted);
    assert_eq!(venue.market.tier_volumes(), &set.tiers);
    for id in venue.exchange.instruments().map(|listed| listed.instrument) {
        let (fold, core) = (venue.market.session(id), venue.exchange.trading(id).unwrap());
        assert_eq!(
            (fold.phase, fold.ends, fold.extensions),
            (core.phase, core.ends, u32::from(core.extensions)),
            "{id:?}"
        );
        assert_eq!(fold.bands, set.bands[&id]);
        assert_eq!(fold.fees, set.fees[&id]);
        let nothing = AuctionState { instrument: id, price: Price::NONE, volume: Quantity::ZERO, surplus: 0 };
        assert_eq!(fold.indication.unwrap_or(nothing), core.indicated, "{id:?}");
        assert_eq!(venue.market.schedule(id), venue.exchange.planned(id), "{id:?}");
        let told = venue.log.iter().rev().find_map(|record| match &record.event {
            Event::PhaseChanged(change) if change.instrument == id => Some(record.time),
            Event::InstrumentListed(listed) if listed.instrument == id => Some(record.time),
            _ => None,
        });
        assert_eq!(Some(fold.since), told);
    }
    let accounts = venue.log.iter().filter_map(|record| match &record.event {
        Event::LimitsSet(it) => Some(it.account),
        Event::PositionLimitSet(it) => Some(it.account),
        Event::GroupSet(it) => Some(it.account),
        Event::AccountKilled { account, .. } => Some(*account),
        _ => None,
    });
    for account in accounts {
        let any = |limits: &SetLimits| *limits != no_limits(account);
        assert_eq!(venue.accounts.limits(account).filter(any), set.limits.get(&account).copied());
        let positions: Vec<_> = venue.accounts.position_limits(account).collect();
        assert_eq!(positions, set.positions.get(&account).cloned().unwrap_or_default());
        assert_eq!(venue.accounts.group(account), set.groups.get(&account).copied().unwrap_or(0));
        assert_eq!(venue.accounts.killed(account), set.killed.contains(&account));
    }
}

fn no_limits(account: AccountId) -> SetLimits {
    use cx_engine::units::Amount;
    SetLimits {
        account,
        order_quantity_max: Quantity::ZERO,
        order_notional_max: Amount::ZERO,
        exposure_max: Amount::ZERO,
        open_orders_max: 0,
        rate_per_second: 0,
        burst: 0,
    }
}
