//! The body of a snapshot, version 1.

use super::list::List;
use crate::accounts::{Accounts, Balance};
use crate::book::{Detail, Ladder, NONE, Node, Orders, key_of, price_of};
use crate::codec::{COMMAND_RECORD_LEN, decode_command, encode_command};
use crate::command::{
    AssetClass, Command, CommandRecord, NewAsset, NewInstrument, NewOrder, Permissions, Side, TimeInForce,
};
use crate::event::{AssetAdded, InstrumentListed};
use crate::exchange::{Exchange, Supply};
use crate::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, Seq, TradeId};
use crate::money;
use crate::units::{Amount, Price, Quantity, Timestamp};

/// Everything that shapes outcomes.
#[derive(bincode::Encode, bincode::Decode)]
pub(super) struct State {
    seq: Seq,
    now: Timestamp,
    last_trade: TradeId,
    /// Assets and instruments as the command records that would create them, in order.
    listings: List<[u8; COMMAND_RECORD_LEN]>,
    /// Inflow, outflow and retired of each asset.
    supplies: List<[Amount; 3]>,
    accounts: List<(AccountId, Permissions)>,
    balances: List<(AccountId, AssetId, Amount, Amount)>,
    /// Generation of every slot.
    generations: List<u32>,
    free: List<u32>,
    /// Open orders in the order of their queues: by instrument, buys first, best level first, first come first.
    orders: List<Order>,
    /// `(seq, order)` as command records, oldest first.
    client_ids: List<(Seq, [u8; COMMAND_RECORD_LEN])>,
    references: List<(u8, u64)>,
}

#[derive(bincode::Encode, bincode::Decode)]
struct Order {
    slot: u32,
    account: AccountId,
    instrument: InstrumentId,
    side: u8,
    time_in_force: u8,
    post_only: bool,
    price: Price,
    quantity: Quantity,
    leaves: Quantity,
    client_order_id: Option<[u8; 36]>,
}

fn record(command: Command) -> [u8; COMMAND_RECORD_LEN] {
    encode_command(&CommandRecord { stamp: Timestamp::default(), command })
}

impl State {
    pub(super) fn of(exchange: &Exchange) -> Self {
        let orders = &exchange.orders;
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
        Self {
            seq: exchange.seq,
            now: exchange.now,
            last_trade: exchange.last_trade,
            listings: assets.chain(instruments).collect(),
            supplies: exchange.supplies.iter().map(|supply| [supply.inflow, supply.outflow, supply.retired]).collect(),
            accounts: exchange.accounts.iter().map(|(id, account)| (id, account.permissions)).collect(),
            balances: exchange
                .balances
                .sorted()
                .into_iter()
                .map(|(account, asset, balance)| (account, asset, balance.available, balance.held))
                .collect(),
            generations: (0..orders.slots()).map(|slot| orders.node(slot).generation).collect(),
            free: List(orders.free_slots().to_vec()),
            orders: List(queued_orders(exchange)),
            client_ids: exchange.client_ids.iter().map(|used| (used.seq, record(Command::Place(used.order)))).collect(),
            references: exchange.references.iter().copied().collect(),
        }
    }

    pub(super) fn into_exchange(self) -> Result<Exchange, String> {
        let mut exchange = Exchange::new();
        (exchange.seq, exchange.now, exchange.last_trade) = (self.seq, self.now, self.last_trade);
        for listing in &self.listings.0 {
            restore_listing(&mut exchange, listing)?;
        }
        if self.supplies.0.len() != exchange.assets.len() {
            return Err("supplies and assets differ in number".into());
        }
        for (supply, [inflow, outflow, retired]) in exchange.supplies.iter_mut().zip(self.supplies.0) {
            if inflow > Amount::BALANCE_MAX || outflow < Amount::ZERO || retired < Amount::ZERO {
                return Err("a supply is out of range".into());
            }
            let gone = outflow.minor().checked_add(retired.minor()).ok_or("a supply is out of range")?;
            if gone > inflow.minor() {
                return Err("more went out than came in".into());
            }
            *supply = Supply { inflow, outflow, retired };
        }
        for (id, permissions) in self.accounts.0 {
            if id.get() >= Accounts::END {
                return Err("an account number is out of range".into());
            }
            exchange.accounts.open(id).permissions = permissions;
        }
        for (account, asset, available, held) in self.balances.0 {
            if exchange.accounts.get(account).is_none() || asset.get() as usize >= exchange.assets.len() {
                return Err("a balance has no owner or no asset".into());
            }
            exchange.balances.restore(account, asset, Balance { available, held });
        }
        restore_orders(&mut exchange, &self.generations.0, self.free.0, &self.orders.0)?;
        for (seq, bytes) in self.client_ids.0 {
            let order = place_of(&bytes)?;
            let id = order.client_order_id.ok_or("a remembered order has no client order id")?;
            if exchange.client_ids.find(order.account, &id).is_some() {
                return Err("a client order id is remembered twice".into());
            }
            exchange.client_ids.record(seq, order);
        }
        exchange.references.extend(self.references.0);
        Ok(exchange)
    }
}

fn queued_orders(exchange: &Exchange) -> Vec<Order> {
    let mut out = Vec::with_capacity(exchange.orders.open());
    for instrument in &exchange.instruments {
        for side in [Side::Buy, Side::Sell] {
            let ladder = instrument.book.side(side);
            let mut key = ladder.best();
            while key != Ladder::NO_KEY {
                let mut slot = ladder.level(key).expect("every key on the way is occupied").head;
                while slot != NONE {
                    let (node, detail) = (exchange.orders.node(slot), exchange.orders.detail(slot));
                    out.push(Order {
                        slot,
                        account: node.account,
                        instrument: detail.instrument,
                        side: side.number(),
                        time_in_force: detail.time_in_force.number(),
                        post_only: detail.post_only,
                        price: price_of(side, key),
                        quantity: Quantity::from_lots(detail.quantity),
                        leaves: Quantity::from_lots(node.leaves),
                        client_order_id: detail.client_order_id.map(|id| *id.as_bytes()),
                    });
                    slot = node.next;
                }
                key = ladder.next_after(key);
            }
        }
    }
    out
}

fn place_of(bytes: &[u8; COMMAND_RECORD_LEN]) -> Result<NewOrder, String> {
    match decode_command(bytes).map_err(|error| error.to_string())?.command {
        Command::Place(order) => Ok(order),
        _ => Err("a remembered client order id is not an order".into()),
    }
}

fn restore_listing(exchange: &mut Exchange, bytes: &[u8; COMMAND_RECORD_LEN]) -> Result<(), String> {
    match decode_command(bytes).map_err(|error| error.to_string())?.command {
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
            if new.tick_value < 1 || exchange.symbols.contains_key(&new.symbol) {
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

fn restore_orders(
    exchange: &mut Exchange,
    generations: &[u32],
    free: Vec<u32>,
    queued: &[Order],
) -> Result<(), String> {
    let vacant = Detail {
        quantity: 0,
        base: 0,
        quote: 0,
        instrument: InstrumentId::default(),
        side: Side::Buy,
        time_in_force: TimeInForce::GoodTillCancelled,
        post_only: false,
        client_order_id: None,
    };
    let blank = |&generation: &u32| {
        let account = AccountId::VENUE;
        (Node { leaves: 0, key: 0, next: NONE, prev: NONE, account, generation }, None)
    };
    let mut slots: Vec<(Node, Option<Detail>)> = generations.iter().map(blank).collect();
    for order in queued {
        let (node, detail) = restore_order(exchange, order)?;
        let (place, stored) = slots.get_mut(order.slot as usize).ok_or("an order's slot does not exist")?;
        if stored.is_some() {
            return Err("two orders share a slot".into());
        }
        *place = Node { generation: place.generation, ..node };
        *stored = Some(detail);
        exchange.accounts.opened_mut(order.account).open_orders += 1;
    }
    let mut seen = vec![false; slots.len()];
    for &slot in &free {
        let taken = slots.get(slot as usize).is_none_or(|(node, _)| node.leaves > 0 || node.generation == u32::MAX);
        if taken || std::mem::replace(&mut seen[slot as usize], true) {
            return Err("the list of free slots is wrong".into());
        }
    }
    let idle = slots.iter().filter(|(node, _)| node.leaves == 0 && node.generation < u32::MAX).count();
    if idle != free.len() || generations.contains(&0) {
        return Err("a slot is neither free nor used".into());
    }
    exchange.orders = Orders::restore(slots, free, vacant);
    for order in queued {
        let side = exchange.orders.detail(order.slot).side;
        let instrument = &mut exchange.instruments[order.instrument.get() as usize];
        instrument.book.rest(&mut exchange.orders, side, order.slot);
    }
    Ok(())
}

fn restore_order(exchange: &mut Exchange, order: &Order) -> Result<(Node, Detail), String> {
    let side = Side::from_number(order.side).ok_or("an order's side is unknown")?;
    let time_in_force = TimeInForce::from_number(order.time_in_force).ok_or("an order's time in force is unknown")?;
    let instrument =
        exchange.instruments.get(order.instrument.get() as usize).ok_or("an order's instrument is unknown")?;
    let listing = instrument.listing;
    if exchange.accounts.get(order.account).is_none() {
        return Err("an order's account is unknown".into());
    }
    let priced = order.price >= Price::from_ticks(1) && order.price <= listing.price_max;
    let sized = !order.leaves.is_zero() && order.leaves <= order.quantity && order.quantity <= Quantity::ORDER_MAX;
    // The rules for a new order: a buy's hold and a sell's notional fit a balance.
    let settles = match side {
        Side::Buy => instrument.hold(side, order.price, order.leaves).is_some(),
        Side::Sell => money::notional(order.price, order.leaves, listing.tick_value).is_some(),
    };
    if !priced || !sized || !settles {
        return Err("an order's price or quantity is out of range".into());
    }
    let client_order_id = match order.client_order_id {
        None => None,
        Some(bytes) => ClientOrderId::from_bytes(bytes).map_err(|error| error.to_string())?,
    };
    let detail = Detail {
        quantity: order.quantity.lots(),
        base: exchange.balances.slot(order.account, listing.base),
        quote: exchange.balances.slot(order.account, listing.quote),
        instrument: order.instrument,
        side,
        time_in_force,
        post_only: order.post_only,
        client_order_id,
    };
    let key = key_of(side, order.price);
    let node = Node { leaves: order.leaves.lots(), key, next: NONE, prev: NONE, account: order.account, generation: 0 };
    Ok((node, detail))
}

#[cfg(test)]
mod tests;
