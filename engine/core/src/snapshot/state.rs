//! The body of a snapshot, version 2.

use super::list::List;
use super::orders::{self, Order};
use super::settings::{self, Record, command_of, record};
use super::venue::{self, Account, Hours, Past};
use crate::accounts::{Accounts, Balance};
use crate::command::{AssetClass, Command, NewAsset, NewInstrument};
use crate::event::{AssetAdded, InstrumentListed};
use crate::exchange::{Exchange, Supply};
use crate::ids::{AccountId, AssetId, InstrumentId, Seq, TradeId};
use crate::units::{Amount, FeeRate, Price, Timestamp};

/// Everything that shapes outcomes.
#[derive(bincode::Encode, bincode::Decode)]
pub(super) struct State {
    pub(super) seq: Seq,
    pub(super) now: Timestamp,
    pub(super) last_trade: TradeId,
    pub(super) last_arrival: u64,
    /// Assets and instruments as the command records that would create them, in order.
    pub(super) listings: List<Record>,
    /// Inflow, outflow and retired of each asset.
    pub(super) supplies: List<[Amount; 3]>,
    pub(super) accounts: List<Account>,
    pub(super) balances: List<(AccountId, AssetId, Amount, Amount)>,
    /// What staff and clients have set, as command records.
    pub(super) settings: List<Record>,
    /// Phase, prices and plans of each instrument.
    pub(super) hours: List<Hours>,
    /// Generation of every slot.
    pub(super) generations: List<u32>,
    pub(super) free: List<u32>,
    pub(super) orders: List<Order>,
    /// The last trades, oldest first.
    pub(super) trades: List<Past>,
    /// `(seq, order)` as command records, oldest first.
    pub(super) client_ids: List<(Seq, Record)>,
    pub(super) references: List<(u8, u64)>,
}

impl State {
    pub(super) fn of(exchange: &Exchange) -> Self {
        let slots = &exchange.orders;
        let assets = exchange.assets.iter().map(|asset| {
            record(Command::AddAsset(NewAsset { code: asset.code, class: asset.class, scale: asset.scale }))
        });
        let instruments = exchange.instruments().map(|listed| {
            record(Command::ListInstrument(NewInstrument {
                symbol: listed.symbol,
                base: listed.base,
                quote: listed.quote,
                tick_value: listed.tick_value,
                price_max: listed.price_max,
                maker_fee: listed.maker_fee,
                taker_fee: listed.taker_fee,
            }))
        });
        let balance = |(account, asset, balance): (_, _, Balance)| (account, asset, balance.available, balance.held);
        Self {
            seq: exchange.seq,
            now: exchange.now,
            last_trade: exchange.last_trade,
            last_arrival: exchange.last_arrival,
            listings: assets.chain(instruments).collect(),
            supplies: exchange.supplies.iter().map(|supply| [supply.inflow, supply.outflow, supply.retired]).collect(),
            accounts: exchange.accounts.iter().map(|(id, account)| Account::of(exchange, id, account)).collect(),
            balances: exchange.balances.sorted().into_iter().map(balance).collect(),
            settings: List(settings::of(exchange)),
            hours: exchange.instruments.iter().map(|instrument| Hours::of(exchange, instrument)).collect(),
            generations: (0..slots.slots()).map(|slot| slots.node(slot).generation).collect(),
            free: List(slots.free_slots().to_vec()),
            orders: orders::queued(exchange),
            trades: exchange.risks.recent.iter(exchange.last_trade).map(Past::of).collect(),
            client_ids: exchange.client_ids.iter().map(|used| (used.seq, record(Command::Place(used.order)))).collect(),
            references: exchange.references.iter().copied().collect(),
        }
    }

    pub(super) fn into_exchange(self) -> Result<Exchange, String> {
        let mut exchange = Exchange::new();
        (exchange.seq, exchange.now) = (self.seq, self.now);
        (exchange.last_trade, exchange.last_arrival) = (self.last_trade, self.last_arrival);
        for listing in &self.listings.0 {
            restore_listing(&mut exchange, listing)?;
        }
        restore_supplies(&mut exchange, &self.supplies.0)?;
        for account in &self.accounts.0 {
            if account.id.get() >= Accounts::END {
                return Err("an account number is out of range".into());
            }
            exchange.open_account(account.id).permissions = account.permissions;
        }
        for (account, asset, available, held) in self.balances.0 {
            if exchange.accounts.get(account).is_none() || asset.get() as usize >= exchange.assets.len() {
                return Err("a balance has no owner or no asset".into());
            }
            exchange.balances.restore(account, asset, Balance { available, held });
        }
        for setting in &self.settings.0 {
            settings::restore(&mut exchange, setting)?;
        }
        venue::restore_hours(&mut exchange, &self.hours.0)?;
        orders::restore(&mut exchange, &self.generations.0, self.free.0, &self.orders.0)?;
        venue::restore_trailing(&mut exchange, &self.hours.0)?;
        for account in &self.accounts.0 {
            account.restore(&mut exchange)?;
        }
        venue::restore_trades(&mut exchange, &self.trades.0)?;
        restore_client_ids(&mut exchange, &self.client_ids.0)?;
        exchange.references.extend(self.references.0);
        Ok(exchange)
    }
}

fn restore_supplies(exchange: &mut Exchange, supplies: &[[Amount; 3]]) -> Result<(), String> {
    if supplies.len() != exchange.assets.len() {
        return Err("supplies and assets differ in number".into());
    }
    for (supply, &[inflow, outflow, retired]) in exchange.supplies.iter_mut().zip(supplies) {
        if inflow > Amount::BALANCE_MAX || outflow < Amount::ZERO || retired < Amount::ZERO {
            return Err("a supply is out of range".into());
        }
        let gone = outflow.minor().checked_add(retired.minor()).ok_or("a supply is out of range")?;
        if gone > inflow.minor() {
            return Err("more went out than came in".into());
        }
        *supply = Supply { inflow, outflow, retired };
    }
    Ok(())
}

fn restore_client_ids(exchange: &mut Exchange, used: &[(Seq, Record)]) -> Result<(), String> {
    for &(seq, ref bytes) in used {
        let Command::Place(order) = command_of(bytes)? else {
            return Err("a remembered client order id is not an order".into());
        };
        let id = order.client_order_id.ok_or("a remembered order has no client order id")?;
        if exchange.client_ids.find(order.account, &id).is_some() {
            return Err("a client order id is remembered twice".into());
        }
        exchange.client_ids.record(seq, order);
    }
    Ok(())
}

fn restore_listing(exchange: &mut Exchange, bytes: &Record) -> Result<(), String> {
    match command_of(bytes)? {
        Command::AddAsset(new) => {
            let asset = AssetId::new(u32::try_from(exchange.assets.len()).map_err(|error| error.to_string())?);
            if exchange.asset_codes.insert(new.code, asset).is_some() {
                return Err("an asset code occurs twice".into());
            }
            exchange.assets.push(AssetAdded { asset, class: new.class, scale: new.scale, code: new.code });
            exchange.supplies.push(Supply::default());
        }
        Command::ListInstrument(new) => {
            let class = |id: AssetId| exchange.assets.get(id.get() as usize).map(|asset| asset.class);
            if class(new.base) != Some(AssetClass::Credit) || class(new.quote) != Some(AssetClass::Cash) {
                return Err("an instrument's assets are missing or of the wrong class".into());
            }
            let priced = new.price_max >= Price::from_ticks(1) && new.taker_fee >= FeeRate::ZERO;
            if new.tick_value < 1 || !priced || exchange.symbols.contains_key(&new.symbol) {
                return Err("an instrument is defined wrongly or twice".into());
            }
            let count = exchange.instruments.len();
            let instrument = InstrumentId::new(u32::try_from(count).map_err(|error| error.to_string())?);
            exchange.restore_instrument(InstrumentListed {
                instrument,
                base: new.base,
                quote: new.quote,
                tick_value: new.tick_value,
                price_max: new.price_max,
                maker_fee: new.maker_fee,
                taker_fee: new.taker_fee,
                symbol: new.symbol,
            });
        }
        _ => return Err("a listing is neither asset nor instrument".into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
