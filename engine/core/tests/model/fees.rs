//! Fees, tiers and traded volumes of the model.

use cx_engine::Event;
use cx_engine::control::{FeeTier, SetFees};
use cx_engine::ids::{AccountId, InstrumentId};
use cx_engine::reject::Reject;
use cx_engine::units::Quantity;

use super::{BALANCE_MAX, Model};

/// A UTC day.
pub(super) const DAY: u64 = 86_400_000_000_000;
/// How many days before the current one count.
const VOLUME_DAYS: u64 = 30;
const TOKEN: i128 = 1_000_000_000;

impl Model {
    /// The tier that an order of the account gets today: what was determined today, or what would be now.
    fn tier_today(&self, account: AccountId) -> u8 {
        let account = &self.accounts[&account];
        let today = self.now / DAY;
        if account.tier_day == Some(today) {
            return account.tier;
        }
        let days = account.volumes.range(today.saturating_sub(VOLUME_DAYS)..today);
        let volume: u128 = days.map(|(_, lots)| lots).sum();
        let reached = |&tier: &u8| {
            let from = self.tier_volumes[usize::from(tier)];
            from > 0 && u128::from(from) <= volume
        };
        (1..=7).rev().find(reached).unwrap_or(0)
    }

    /// Maker's and taker's rate of an order that the account places now.
    pub(super) fn rates(&self, account: AccountId, instrument: InstrumentId) -> (i128, i128) {
        let fees = &self.venue(instrument).fees;
        let of_tier = fees[usize::from(self.tier_today(account))];
        let (maker, taker) = of_tier.or(fees[0]).expect("tier 0 always has fees");
        (i128::from(maker.ppm()), i128::from(taker.ppm()))
    }

    /// An order was accepted: the account's tier is brought up to date.
    pub(super) fn settle_tier(&mut self, account: AccountId, out: &mut Vec<Event>) {
        let tier = self.tier_today(account);
        let today = self.now / DAY;
        let it = self.account_mut(account);
        it.tier_day = Some(today);
        if it.tier != tier {
            it.tier = tier;
            out.push(Event::FeeTierChanged { account, tier });
        }
    }

    /// A trade counts towards the account's volume and gives a token back.
    pub(super) fn count_trade(&mut self, account: AccountId, quantity: Quantity) {
        let today = self.now / DAY;
        let it = self.account_mut(account);
        *it.volumes.entry(today).or_default() += u128::from(quantity.lots());
        it.tokens = (it.tokens + TOKEN).min(i128::from(it.limits.burst) * TOKEN);
    }

    /// An order or amendment takes a token.
    pub(super) fn throttle(&mut self, account: AccountId) -> Result<(), Reject> {
        let now = self.now;
        let it = self.account_mut(account);
        if it.limits.rate_per_second == 0 {
            return Ok(());
        }
        let came_back = i128::from(it.limits.rate_per_second) * i128::from(now - it.refilled);
        it.tokens = (it.tokens + came_back).min(i128::from(it.limits.burst) * TOKEN);
        it.refilled = now;
        if it.tokens < TOKEN {
            return Err(Reject::Throttled);
        }
        it.tokens -= TOKEN;
        Ok(())
    }

    /// The tokens of an account are full.
    pub(super) fn fill_tokens(&mut self, account: AccountId) {
        let now = self.now;
        let it = self.account_mut(account);
        it.tokens = i128::from(it.limits.burst) * TOKEN;
        it.refilled = now;
    }

    pub(super) fn set_fees(&mut self, set: SetFees, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.instrument(set.instrument)?;
        if set.tier > 7 || set.taker.ppm() < 0 {
            return Err(Reject::InvalidSetting);
        }
        self.venue_mut(set.instrument).fees[usize::from(set.tier)] = Some((set.maker, set.taker));
        out.push(Event::FeesSet(set));
        Ok(())
    }

    pub(super) fn set_fee_tier(&mut self, set: FeeTier, out: &mut Vec<Event>) -> Result<(), Reject> {
        if !(1..=7).contains(&set.tier) || i128::from(set.volume.lots()) > BALANCE_MAX {
            return Err(Reject::InvalidSetting);
        }
        self.tier_volumes[usize::from(set.tier)] = set.volume.lots();
        out.push(Event::FeeTierSet(set));
        Ok(())
    }
}
