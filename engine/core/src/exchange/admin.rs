//! Listings, permissions, and what comes in and goes out.

use super::{Exchange, Instrument, Supply, refused};
use crate::accounts::{Account, Accounts};
use crate::book::Book;
use crate::command::{AssetClass, CommandKind, Movement, NewAsset, NewInstrument, SetPermissions};
use crate::event::{AssetAdded, Event, InstrumentListed, PermissionsSet};
use crate::ids::{AccountId, AssetId, InstrumentId, OrderId};
use crate::reject::{CancelReason, Reject};
use crate::session::Session;
use crate::units::{Amount, FeeRate, Price};

/// Assets and instruments at most, each.
const LISTINGS_MAX: usize = 1 << 20;
/// Decimal places at most.
const SCALE_MAX: u8 = 9;
/// Minor units per tick and lot at most.
const TICK_VALUE_MAX: i64 = 1_000_000_000_000;
/// The highest price that an instrument may allow.
const PRICE_MAX: Price = Price::from_ticks(1 << 62);

impl Exchange {
    pub(super) fn add_asset(&mut self, new: &NewAsset, events: &mut Vec<Event>) {
        let asset = match self.check_asset(new) {
            Ok(asset) => asset,
            Err(reason) => {
                return events.push(refused(CommandKind::AddAsset, AccountId::VENUE, OrderId::NONE, 0, reason));
            }
        };
        let added = AssetAdded { asset, class: new.class, scale: new.scale, code: new.code };
        self.assets.push(added);
        self.asset_codes.insert(new.code, asset);
        self.supplies.push(Supply::default());
        events.push(Event::AssetAdded(added));
    }

    fn check_asset(&self, new: &NewAsset) -> Result<AssetId, Reject> {
        if self.asset_codes.contains_key(&new.code) {
            return Err(Reject::AlreadyExists);
        }
        if new.scale > SCALE_MAX {
            return Err(Reject::InvalidDefinition);
        }
        next_listing(self.assets.len()).map(AssetId::new)
    }

    pub(super) fn list_instrument(&mut self, new: &NewInstrument, events: &mut Vec<Event>) {
        let instrument = match self.check_instrument(new) {
            Ok(instrument) => instrument,
            Err(reason) => {
                return events.push(refused(CommandKind::ListInstrument, AccountId::VENUE, OrderId::NONE, 0, reason));
            }
        };
        let listing = InstrumentListed {
            instrument,
            base: new.base,
            quote: new.quote,
            tick_value: new.tick_value,
            price_max: new.price_max,
            maker_fee: new.maker_fee,
            taker_fee: new.taker_fee,
            symbol: new.symbol,
        };
        self.restore_instrument(listing);
        events.push(Event::InstrumentListed(listing));
    }

    /// Adds an instrument with an empty book.
    pub(crate) fn restore_instrument(&mut self, listing: InstrumentListed) {
        let venue_quote = self.balances.slot(AccountId::VENUE, listing.quote);
        self.symbols.insert(listing.symbol, listing.instrument);
        let session = Session::new(listing.instrument);
        self.instruments.push(Instrument { listing, venue_quote, book: Book::new(), session, stops: None });
        self.timers.instrument_listed(self.instruments.len());
    }

    fn check_instrument(&self, new: &NewInstrument) -> Result<InstrumentId, Reject> {
        if self.symbols.contains_key(&new.symbol) {
            return Err(Reject::AlreadyExists);
        }
        let base = self.assets.get(new.base.get() as usize).ok_or(Reject::UnknownAsset)?;
        let quote = self.assets.get(new.quote.get() as usize).ok_or(Reject::UnknownAsset)?;
        if base.class != AssetClass::Credit || quote.class != AssetClass::Cash {
            return Err(Reject::WrongAssetClass);
        }
        let prices = Price::from_ticks(1)..=PRICE_MAX;
        if !(1..=TICK_VALUE_MAX).contains(&new.tick_value)
            || !prices.contains(&new.price_max)
            || new.taker_fee < FeeRate::ZERO
        {
            return Err(Reject::InvalidDefinition);
        }
        next_listing(self.instruments.len()).map(InstrumentId::new)
    }

    pub(super) fn set_permissions(&mut self, set: SetPermissions, events: &mut Vec<Event>) {
        let refusal = match set.account {
            AccountId::VENUE => Some(Reject::ReservedAccount),
            account if account.get() >= Accounts::END => Some(Reject::LimitReached),
            _ => None,
        };
        if let Some(reason) = refusal {
            return events.push(refused(CommandKind::SetPermissions, set.account, OrderId::NONE, 0, reason));
        }
        self.open_account(set.account).permissions = set.permissions;
        if !set.permissions.trade {
            self.cancel_orders_of(set.account, None, None, CancelReason::PermissionRevoked, events);
        }
        events.push(Event::PermissionsSet(PermissionsSet { account: set.account, permissions: set.permissions }));
    }

    /// Opens an account, or finds it open. There is room then for all that is kept by account, so that nothing grows when it trades
    /// or must be heard of.
    pub(crate) fn open_account(&mut self, id: AccountId) -> &mut Account {
        self.accounts.open(id);
        self.timers.account_opened(id, self.accounts.count());
        self.risks.make_room(self.accounts.count());
        self.accounts.opened_mut(id)
    }

    /// Deposit, withdrawal, issuance and retirement: one balance and the asset's supply change together.
    pub(super) fn move_asset(&mut self, kind: CommandKind, movement: &Movement, events: &mut Vec<Event>) {
        if let Err(reason) = self.check_movement(kind, movement) {
            return events.push(refused(kind, movement.account, OrderId::NONE, movement.reference, reason));
        }
        let Movement { account, asset, amount, reference } = *movement;
        let slot = self.balances.slot(account, asset);
        let supply = &mut self.supplies[asset.get() as usize];
        if reference > 0 {
            self.references.insert((kind.number(), reference));
        }
        events.push(match kind {
            CommandKind::Withdraw | CommandKind::Retire => {
                self.balances.debit(slot, amount);
                if kind == CommandKind::Withdraw {
                    supply.outflow = supply.outflow.plus(amount);
                    Event::Withdrawn(*movement)
                } else {
                    supply.retired = supply.retired.plus(amount);
                    Event::Retired(*movement)
                }
            }
            _ => {
                self.balances.credit(slot, amount);
                supply.inflow = supply.inflow.plus(amount);
                if kind == CommandKind::Issue { Event::Issued(*movement) } else { Event::Deposited(*movement) }
            }
        });
    }

    fn check_movement(&self, kind: CommandKind, movement: &Movement) -> Result<(), Reject> {
        let Movement { account, asset, amount, reference } = *movement;
        let venue = account == AccountId::VENUE;
        if venue && kind != CommandKind::Withdraw {
            return Err(Reject::ReservedAccount);
        }
        let permissions = self.accounts.get(account).ok_or(Reject::UnknownAccount)?.permissions;
        let class = self.assets.get(asset.get() as usize).ok_or(Reject::UnknownAsset)?.class;
        let incoming = matches!(kind, CommandKind::Deposit | CommandKind::Issue);
        if matches!(kind, CommandKind::Issue | CommandKind::Retire) && class != AssetClass::Credit {
            return Err(Reject::WrongAssetClass);
        }
        let supply = &self.supplies[asset.get() as usize];
        let room = Amount::BALANCE_MAX.minus(supply.inflow);
        if amount <= Amount::ZERO || (incoming && amount > room) {
            return Err(Reject::InvalidAmount);
        }
        if reference > 0 && self.references.contains(&(kind.number(), reference)) {
            return Err(Reject::DuplicateReference);
        }
        if kind == CommandKind::Withdraw && !venue && !permissions.withdraw {
            return Err(Reject::WithdrawalNotPermitted);
        }
        if !incoming && amount > self.balances.get(account, asset).available {
            return Err(short_of(class));
        }
        Ok(())
    }
}

/// The refusal for too little of an asset.
pub(super) const fn short_of(class: AssetClass) -> Reject {
    match class {
        AssetClass::Cash => Reject::InsufficientFunds,
        AssetClass::Credit => Reject::InsufficientCredits,
    }
}

fn next_listing(count: usize) -> Result<u32, Reject> {
    if count >= LISTINGS_MAX {
        return Err(Reject::LimitReached);
    }
    u32::try_from(count).map_err(|_| Reject::LimitReached)
}
