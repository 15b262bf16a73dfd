//! Double entry: what each event moves, as lines that sum to zero per asset.
//!
//! Users' balances are the sums of their lines. What comes in or goes out has its other side on accounts of the outside,
//! so that the whole ledger always sums to zero, and the outside's sums tell how much of an asset is in the venue.

use cx_engine::event::{InstrumentListed, Trade, TradeBusted};
use cx_engine::ids::{AccountId, AssetId, InstrumentId};
use cx_engine::units::Amount;
use cx_engine::{Event, command::Movement, command::Side, money};

/// Whose line it is: a user's account (its number), the venue (0), or a part of the outside (below 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerAccount(i64);

impl LedgerAccount {
    /// Banks and other registries: deposits come from here, withdrawals go here.
    pub const OUTSIDE: Self = Self(-1);
    /// The registry that issues credits.
    pub const ISSUER: Self = Self(-2);
    /// Where retired credits end.
    pub const RETIREMENT: Self = Self(-3);

    /// Wraps a stored number.
    pub const fn new(raw: i64) -> Self {
        Self(raw)
    }

    /// The stored number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The account of the exchange that it is, unless it is a part of the outside.
    pub fn account(self) -> Option<AccountId> {
        u32::try_from(self.0).ok().map(AccountId::new)
    }
}

impl From<AccountId> for LedgerAccount {
    fn from(account: AccountId) -> Self {
        Self(i64::from(account.get()))
    }
}

/// Why an amount moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostingKind {
    /// Came in.
    Deposit,
    /// Went out.
    Withdrawal,
    /// Credits were issued.
    Issuance,
    /// Credits were retired.
    Retirement,
    /// Delivery or payment of a trade.
    Trade,
    /// Fee of a trade, or its rebate.
    Fee,
    /// Delivery, payment or fee of a trade that was reversed.
    Bust,
}

impl PostingKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Deposit, Self::Withdrawal, Self::Issuance, Self::Retirement, Self::Trade, Self::Fee, Self::Bust];

    /// Finds a kind by its stored word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The stored word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
            Self::Issuance => "issuance",
            Self::Retirement => "retirement",
            Self::Trade => "trade",
            Self::Fee => "fee",
            Self::Bust => "bust",
        }
    }
}

/// One line of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Whose.
    pub account: LedgerAccount,
    /// Of which asset.
    pub asset: AssetId,
    /// What is added (above zero) or taken (below zero), in minor units.
    pub amount: i64,
    /// Why.
    pub kind: PostingKind,
}

/// The lines of an event, appended to `lines`. `listed` finds an instrument; when it finds none, or a trade's
/// worth does not fit a balance, the answer is `false`: the core never makes such an event.
pub fn postings<'a>(
    event: &Event,
    listed: impl FnOnce(InstrumentId) -> Option<&'a InstrumentListed>,
    lines: &mut Vec<Posting>,
) -> bool {
    let mut movement = |moved: &Movement, other: LedgerAccount, sign: i64, kind| {
        let line = |account, amount| Posting { account, asset: moved.asset, amount, kind };
        let amount = moved.amount.minor() * sign;
        lines.extend([line(moved.account.into(), amount), line(other, -amount)]);
    };
    match event {
        Event::Deposited(moved) => movement(moved, LedgerAccount::OUTSIDE, 1, PostingKind::Deposit),
        Event::Withdrawn(moved) => movement(moved, LedgerAccount::OUTSIDE, -1, PostingKind::Withdrawal),
        Event::Issued(moved) => movement(moved, LedgerAccount::ISSUER, 1, PostingKind::Issuance),
        Event::Retired(moved) => movement(moved, LedgerAccount::RETIREMENT, -1, PostingKind::Retirement),
        Event::Trade(trade) => {
            let Some(instrument) = listed(trade.instrument) else { return false };
            let Some(value) = money::notional(trade.price, trade.quantity, instrument.tick_value) else { return false };
            return settlement(trade, instrument, value, lines);
        }
        Event::TradeBusted(busted) => {
            let Some(instrument) = listed(busted.instrument) else { return false };
            return reversal(busted, instrument, lines);
        }
        _ => {}
    }
    true
}

/// Moves an amount between two accounts; below zero, the other way.
fn transfer(from: LedgerAccount, to: LedgerAccount, asset: AssetId, amount: i64, kind: PostingKind) -> [Posting; 2] {
    [Posting { account: from, asset, amount: -amount, kind }, Posting { account: to, asset, amount, kind }]
}

/// Everything that a trade had moved, back again.
fn reversal(busted: &TradeBusted, instrument: &InstrumentListed, lines: &mut Vec<Posting>) -> bool {
    let Some(value) = money::notional(busted.price, busted.quantity, instrument.tick_value) else { return false };
    let Ok(lots) = i64::try_from(busted.quantity.lots()) else { return false };
    let (buyer, seller) = (busted.buyer.into(), busted.seller.into());
    let venue = AccountId::VENUE.into();
    let moves = [
        transfer(seller, buyer, instrument.quote, value.minor(), PostingKind::Bust),
        transfer(buyer, seller, instrument.base, lots, PostingKind::Bust),
        transfer(venue, buyer, instrument.quote, busted.buyer_fee, PostingKind::Bust),
        transfer(venue, seller, instrument.quote, busted.seller_fee, PostingKind::Bust),
    ];
    lines.extend(moves.into_iter().flatten().filter(|line| line.amount != 0));
    true
}

/// Delivery, payment and both fees of a trade.
fn settlement(trade: &Trade, instrument: &InstrumentListed, value: Amount, lines: &mut Vec<Posting>) -> bool {
    let Ok(lots) = i64::try_from(trade.quantity.lots()) else { return false };
    let (maker, taker) = (trade.maker_account.into(), trade.taker_account.into());
    let (buyer, seller) = if trade.taker_side == Side::Buy { (taker, maker) } else { (maker, taker) };
    let venue = AccountId::VENUE.into();
    // A negative fee is a rebate, which goes the other way.
    let moves = [
        transfer(buyer, seller, instrument.quote, value.minor(), PostingKind::Trade),
        transfer(seller, buyer, instrument.base, lots, PostingKind::Trade),
        transfer(maker, venue, instrument.quote, trade.maker_fee, PostingKind::Fee),
        transfer(taker, venue, instrument.quote, trade.taker_fee, PostingKind::Fee),
    ];
    lines.extend(moves.into_iter().flatten().filter(|line| line.amount != 0));
    true
}
