//! The trades of the recent past, which can be reversed.

use super::day_of;
use crate::command::{CommandKind, Side};
use crate::control::BustTrade;
use crate::event::{Event, Trade, TradeBusted};
use crate::exchange::{Exchange, refused};
use crate::ids::{AccountId, InstrumentId, OrderId, TradeId};
use crate::reject::Reject;
use crate::units::{Amount, Price, Quantity};

/// How many trades are remembered.
pub(crate) const REMEMBERED: usize = 1 << 16;

/// What is remembered of a trade.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PastTrade {
    pub(crate) price: Price,
    pub(crate) quantity: Quantity,
    pub(crate) buyer_fee: i64,
    pub(crate) seller_fee: i64,
    pub(crate) instrument: InstrumentId,
    pub(crate) buyer: AccountId,
    pub(crate) seller: AccountId,
    pub(crate) busted: bool,
}

/// The last trades, in a ring by number.
#[derive(Clone)]
pub(crate) struct RecentTrades {
    ring: Vec<PastTrade>,
}

impl Default for RecentTrades {
    fn default() -> Self {
        Self { ring: Vec::with_capacity(REMEMBERED) }
    }
}

impl RecentTrades {
    fn place(trade: TradeId) -> usize {
        // Trades are numbered from 1; the remainder fits.
        usize::try_from((trade.get() - 1) % REMEMBERED as u64).unwrap_or_default()
    }

    /// Remembers the next trade, and forgets the oldest one when there are too many.
    #[inline]
    pub(crate) fn push(&mut self, trade: TradeId, past: PastTrade) {
        let place = Self::place(trade);
        match self.ring.get_mut(place) {
            Some(oldest) => *oldest = past,
            None => self.ring.push(past),
        }
    }

    /// Puts a trade back to its place in the ring.
    pub(crate) fn restore(&mut self, trade: TradeId, past: PastTrade) {
        let place = Self::place(trade);
        if self.ring.len() <= place {
            self.ring.resize(place + 1, past);
        }
        self.ring[place] = past;
    }

    /// A remembered trade, `last` being the last one made.
    fn find(&mut self, trade: TradeId, last: TradeId) -> Option<&mut PastTrade> {
        let age = last.get().checked_sub(trade.get())?;
        if trade.get() == 0 || age >= REMEMBERED as u64 {
            return None;
        }
        self.ring.get_mut(Self::place(trade))
    }

    /// All that are remembered, oldest first, `last` being the last one made.
    pub(crate) fn iter(&self, last: TradeId) -> impl Iterator<Item = &PastTrade> {
        let next = if self.ring.len() < REMEMBERED { 0 } else { Self::place(TradeId::new(last.get() + 1)) };
        self.ring[next..].iter().chain(&self.ring[..next])
    }
}

impl Exchange {
    pub(crate) fn bust_trade(&mut self, bust: BustTrade, events: &mut Vec<Event>) {
        match self.try_bust(bust.trade) {
            Ok(event) => events.push(event),
            Err(reason) => {
                events.push(refused(CommandKind::BustTrade, AccountId::VENUE, OrderId::NONE, 0, reason));
            }
        }
    }

    fn try_bust(&mut self, trade: TradeId) -> Result<Event, Reject> {
        let past = *self.risks.recent.find(trade, self.last_trade).ok_or(Reject::UnknownTrade)?;
        if past.busted {
            return Err(Reject::AlreadyBusted);
        }
        let instrument = &self.instruments[past.instrument.get() as usize];
        let (listing, venue) = (instrument.listing, instrument.venue_quote);
        let notional = instrument.notional(past.price, past.quantity);
        let lots = Amount::from_minor(past.quantity.lots().cast_signed());
        let cost = notional.plus(Amount::from_minor(past.buyer_fee));
        let proceeds = notional.minus(Amount::from_minor(past.seller_fee));
        let fees = Amount::from_minor(past.buyer_fee + past.seller_fee);

        let credits = self.balances.slot(past.buyer, listing.base);
        let cash = self.balances.slot(past.seller, listing.quote);
        if self.balances.at(credits).available < lots {
            return Err(Reject::InsufficientCredits);
        }
        if self.balances.at(cash).available < proceeds || self.balances.at(venue).available < fees {
            return Err(Reject::InsufficientFunds);
        }
        self.balances.debit(credits, lots);
        self.balances.debit(cash, proceeds);
        self.balances.debit(venue, fees);
        let back = self.balances.slot(past.buyer, listing.quote);
        self.balances.credit(back, cost);
        let back = self.balances.slot(past.seller, listing.base);
        self.balances.credit(back, lots);
        if let Some(past) = self.risks.recent.find(trade, self.last_trade) {
            past.busted = true;
        }
        Ok(Event::TradeBusted(TradeBusted {
            trade,
            instrument: past.instrument,
            price: past.price,
            quantity: past.quantity,
            buyer: past.buyer,
            seller: past.seller,
            buyer_fee: past.buyer_fee,
            seller_fee: past.seller_fee,
        }))
    }

    /// Remembers a trade, counts it for the volumes of both accounts, and gives each a token back. Called once per trade,
    /// after `last_trade` was set to it.
    #[inline]
    pub(crate) fn count_trade(&mut self, trade: &Trade) {
        let (maker, taker) = ((trade.maker_account, trade.maker_fee), (trade.taker_account, trade.taker_fee));
        let (buyer, seller) = if trade.taker_side == Side::Buy { (taker, maker) } else { (maker, taker) };
        let past = PastTrade {
            price: trade.price,
            quantity: trade.quantity,
            buyer_fee: buyer.1,
            seller_fee: seller.1,
            instrument: trade.instrument,
            buyer: buyer.0,
            seller: seller.0,
            busted: false,
        };
        self.risks.recent.push(trade.trade, past);
        let today = day_of(self.now);
        for account in [trade.maker_account, trade.taker_account] {
            let profile = &mut self.accounts.opened_mut(account).risk;
            self.risks.count_volume(profile, today, trade.quantity.lots());
            if profile.limits != super::NONE {
                self.risks.return_token(profile.limits);
            }
        }
    }
}
