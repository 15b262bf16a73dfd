//! What each account's credits cost: average cost, as accountants keep it, from the trades and movements of the journal.
//!
//! Buying adds notional and fee to the cost. Selling, retiring and withdrawing take the cost of what leaves at the average,
//! rounded down to the minor unit, so that the rest carries the remainder and a position of zero has a cost of zero. Credits
//! that are issued or deposited come in at no cost, because nobody paid the venue for them.

use std::collections::{BTreeMap, HashMap};

use cx_engine::command::{Movement, Side};
use cx_engine::event::{Event, EventRecord, InstrumentListed, Trade};
use cx_engine::ids::{AccountId, AssetId, InstrumentId};
use cx_engine::money;
use cx_engine::units::Timestamp;

/// One account's position in one credit asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct Position {
    /// Lots owned, held ones included.
    pub lots: i128,
    /// What they cost, in minor units of the currency.
    pub cost: i128,
    /// Gains and losses of what was sold, fees included, in minor units of the currency.
    pub realised: i128,
    /// When the first of them came in.
    pub acquired_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was last traded.
    pub traded_at: Option<Timestamp>,
    /// The instrument that it was last traded on.
    pub instrument: Option<InstrumentId>,
}

impl Position {
    fn new(at: Timestamp) -> Self {
        Self { lots: 0, cost: 0, realised: 0, acquired_at: at, updated_at: at, traded_at: None, instrument: None }
    }

    fn add(&mut self, lots: i128, cost: i128) {
        self.lots += lots;
        self.cost += cost;
    }

    /// Takes lots out and gives back what they had cost.
    fn take(&mut self, lots: i128) -> i128 {
        let cost = if lots >= self.lots { self.cost } else { self.cost * lots / self.lots };
        self.lots -= lots;
        self.cost -= cost;
        cost
    }
}

/// The positions of all accounts.
#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Positions {
    instruments: HashMap<InstrumentId, InstrumentListed>,
    by_account: HashMap<AccountId, BTreeMap<AssetId, Position>>,
}

impl Positions {
    /// Takes the next event.
    pub fn apply(&mut self, record: &EventRecord) {
        match &record.event {
            Event::InstrumentListed(listed) => {
                self.instruments.insert(listed.instrument, *listed);
            }
            // Cash gets a line too when it is deposited; nobody asks for it by a credit asset.
            Event::Issued(movement) | Event::Deposited(movement) => {
                self.at(movement.account, movement.asset, record.time).add(i128::from(movement.amount.minor()), 0);
            }
            Event::Retired(movement) | Event::Withdrawn(movement) => self.out(movement, record.time),
            Event::Trade(trade) => self.traded(trade, record.time),
            _ => {}
        }
    }

    /// The account's position in an asset.
    pub fn get(&self, account: AccountId, asset: AssetId) -> Option<&Position> {
        self.by_account.get(&account)?.get(&asset)
    }

    fn out(&mut self, movement: &Movement, time: Timestamp) {
        self.at(movement.account, movement.asset, time).take(i128::from(movement.amount.minor()));
    }

    fn traded(&mut self, trade: &Trade, time: Timestamp) {
        let listed = *self.instruments.get(&trade.instrument).expect("trades are on listed instruments");
        let notional = money::notional(trade.price, trade.quantity, listed.tick_value).expect("the core settled it");
        let (notional, lots) = (i128::from(notional.minor()), i128::from(trade.quantity.lots()));
        let sides = [
            (trade.maker_account, trade.taker_side.opposite(), trade.maker_fee),
            (trade.taker_account, trade.taker_side, trade.taker_fee),
        ];
        for (account, side, fee) in sides {
            let position = self.at(account, listed.base, time);
            position.traded_at = Some(time);
            position.instrument = Some(trade.instrument);
            match side {
                Side::Buy => position.add(lots, notional + i128::from(fee)),
                Side::Sell => {
                    let cost = position.take(lots);
                    position.realised += notional - i128::from(fee) - cost;
                }
            }
        }
    }

    fn at(&mut self, account: AccountId, asset: AssetId, time: Timestamp) -> &mut Position {
        let of_account = self.by_account.entry(account).or_default();
        let position = of_account.entry(asset).or_insert_with(|| Position::new(time));
        if position.lots == 0 {
            position.acquired_at = time;
        }
        position.updated_at = time;
        position
    }
}

#[cfg(test)]
mod tests;
