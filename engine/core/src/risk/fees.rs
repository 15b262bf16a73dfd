//! Fees by tier, the volumes that decide it, and each account's tier for the day.

use super::{NONE, Profile, Risks, day_of};
use crate::command::CommandKind;
use crate::control::{FeeTier, SetFees};
use crate::event::Event;
use crate::exchange::{Exchange, refused};
use crate::ids::{AccountId, InstrumentId, OrderId};
use crate::reject::Reject;
use crate::units::{Amount, FeeRate};

/// How many fee tiers there are, the one that applies from nothing included.
pub(crate) const TIERS: usize = 8;
/// Days before today whose volumes count for the tier.
pub(crate) const WINDOW_DAYS: u32 = 30;

/// Maker's and taker's rate.
pub(crate) type Rates = (FeeRate, FeeRate);

/// Fees by instrument and tier, as far as any were set.
#[derive(Clone, Default)]
pub(crate) struct FeeTable {
    /// What each tier pays, by instrument: those of tier 0 where a tier has none of its own.
    resolved: Vec<[Rates; TIERS]>,
    /// What was set, by instrument.
    set: Vec<[Option<Rates>; TIERS]>,
}

impl FeeTable {
    /// Sets a tier's fees on an instrument; `listed` gives those that an instrument was listed with.
    fn set(&mut self, listed: impl Fn(usize) -> Rates, instrument: InstrumentId, tier: usize, rates: Rates) {
        let at = instrument.get() as usize;
        for before in self.set.len()..=at {
            self.resolved.push([listed(before); TIERS]);
            self.set.push([None; TIERS]);
        }
        self.set[at][tier] = Some(rates);
        let lowest = self.set[at][0].unwrap_or(listed(at));
        for (resolved, set) in self.resolved[at].iter_mut().zip(self.set[at]) {
            *resolved = set.unwrap_or(lowest);
        }
    }

    /// Everything that was set, by instrument and tier.
    pub(crate) fn iter(&self) -> impl Iterator<Item = SetFees> {
        (0..).map(InstrumentId::new).zip(&self.set).flat_map(|(instrument, tiers)| {
            let numbered = (0..).zip(tiers);
            numbered
                .filter_map(move |(tier, rates)| rates.map(|(maker, taker)| SetFees { instrument, tier, maker, taker }))
        })
    }
}

/// What an account traded on each of the last days before the current one of its [`Profile`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    /// The last day that is counted here.
    newest: u32,
    /// Lots by day modulo the length; those of the days up to `newest`.
    lots: [u64; WINDOW_DAYS as usize],
}

impl History {
    const fn new(day: u32) -> Self {
        Self { newest: day, lots: [0; WINDOW_DAYS as usize] }
    }

    fn place(day: u32) -> usize {
        (day % WINDOW_DAYS) as usize
    }

    /// Puts in a day after all that are there.
    fn put(&mut self, day: u32, lots: u64) {
        let first_forgotten = (self.newest + 1).max(day.saturating_sub(WINDOW_DAYS - 1));
        for gone in first_forgotten..=day {
            self.lots[Self::place(gone)] = 0;
        }
        self.lots[Self::place(day)] = lots;
        self.newest = day;
    }

    /// Days with volume from `first` on, ascending.
    fn days(&self, first: u32) -> impl Iterator<Item = (u32, u64)> {
        let oldest = (self.newest + 1).saturating_sub(WINDOW_DAYS).max(first);
        (oldest..=self.newest).map(|day| (day, self.lots[Self::place(day)])).filter(|&(_, lots)| lots > 0)
    }
}

impl Risks {
    /// Counts lots for an account's volume of a day, which is not before any that was counted.
    #[inline]
    pub(crate) fn count_volume(&mut self, profile: &mut Profile, day: u32, lots: u64) {
        if profile.day != day {
            self.turn_page(profile);
            profile.day = day;
        }
        profile.traded = profile.traded.saturating_add(lots);
    }

    /// Makes room for the volumes of so many accounts.
    pub(crate) fn make_room(&mut self, accounts: usize) {
        if self.histories.capacity() < accounts {
            self.histories.reserve(accounts - self.histories.len());
        }
    }

    #[cold]
    fn turn_page(&mut self, profile: &mut Profile) {
        let traded = std::mem::take(&mut profile.traded);
        if traded == 0 {
            return;
        }
        if profile.history == NONE {
            profile.history = u32::try_from(self.histories.len()).expect("there are no more histories than accounts");
            self.histories.push(History::new(profile.day));
        }
        self.histories[profile.history as usize].put(profile.day, traded);
    }

    /// What an account traded on the days of the window before `today`, and today: days with volume, ascending.
    pub(crate) fn volumes(&self, profile: &Profile, today: u32) -> impl Iterator<Item = (u32, u64)> {
        let first = today.saturating_sub(WINDOW_DAYS);
        let history = self.histories.get(profile.history as usize);
        let last = (profile.traded > 0 && profile.day >= first).then_some((profile.day, profile.traded));
        history.into_iter().flat_map(move |history| history.days(first)).chain(last)
    }

    /// The tier that an account's volume gives it on a day.
    fn tier_by_volume(&self, profile: &Profile, today: u32) -> u8 {
        if self.tier_volumes == [0; TIERS] {
            return 0;
        }
        let past = self.volumes(profile, today).filter(|&(day, _)| day < today);
        let volume = past.fold(0_u64, |sum, (_, lots)| sum.saturating_add(lots));
        let reached = |&tier: &u8| (1..=volume).contains(&self.tier_volumes[usize::from(tier)]);
        (1..8).rev().find(reached).unwrap_or(0)
    }

    #[inline]
    fn tier(&self, profile: &Profile, today: u32) -> u8 {
        if profile.tier_day == today { profile.tier } else { self.tier_by_volume(profile, today) }
    }
}

impl Exchange {
    pub(crate) fn set_fees(&mut self, set: SetFees, events: &mut Vec<Event>) {
        let refusal = if set.instrument.get() as usize >= self.instruments.len() {
            Some(Reject::UnknownInstrument)
        } else {
            (usize::from(set.tier) >= TIERS || set.taker < FeeRate::ZERO).then_some(Reject::InvalidSetting)
        };
        if let Some(reason) = refusal {
            return events.push(refused(CommandKind::SetFees, AccountId::VENUE, OrderId::NONE, 0, reason));
        }
        self.restore_fees(set);
        events.push(Event::FeesSet(set));
    }

    /// Puts fees in force that were checked.
    pub(crate) fn restore_fees(&mut self, set: SetFees) {
        let listed = |at: usize| {
            let listing = &self.instruments[at].listing;
            (listing.maker_fee, listing.taker_fee)
        };
        self.risks.fees.set(listed, set.instrument, usize::from(set.tier), (set.maker, set.taker));
    }

    pub(crate) fn set_fee_tier(&mut self, set: FeeTier, events: &mut Vec<Event>) {
        let fits = set.volume.lots() <= Amount::BALANCE_MAX.minor().cast_unsigned();
        if !(1..TIERS).contains(&usize::from(set.tier)) || !fits {
            let (venue, reason) = (AccountId::VENUE, Reject::InvalidSetting);
            return events.push(refused(CommandKind::SetFeeTier, venue, OrderId::NONE, 0, reason));
        }
        self.risks.tier_volumes[usize::from(set.tier)] = set.volume.lots();
        events.push(Event::FeeTierSet(set));
    }

    /// The maker's and taker's rates that an order of the account would get now: those of its tier today.
    #[inline]
    pub(crate) fn rates(&self, account: AccountId, instrument: InstrumentId) -> (FeeRate, FeeRate) {
        let at = instrument.get() as usize;
        let Some(tiers) = self.risks.fees.resolved.get(at) else {
            let listing = &self.instruments[at].listing;
            return (listing.maker_fee, listing.taker_fee);
        };
        let profile = &self.accounts.opened(account).risk;
        tiers[usize::from(self.risks.tier(profile, day_of(self.now)))]
    }

    /// Determines the account's tier for the day if that has not happened yet; says so when it changes. Called right
    /// before `OrderAccepted`.
    #[inline]
    pub(crate) fn settle_tier(&mut self, account: AccountId, events: &mut Vec<Event>) {
        let today = day_of(self.now);
        let profile = &mut self.accounts.opened_mut(account).risk;
        if profile.tier_day == today {
            return;
        }
        let tier = self.risks.tier_by_volume(profile, today);
        profile.tier_day = today;
        if tier != profile.tier {
            profile.tier = tier;
            events.push(Event::FeeTierChanged { account, tier });
        }
    }
}
