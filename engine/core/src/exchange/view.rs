//! Reading the exchange: for checks, tools and tests. The gateway reads folds of events instead.

use super::{Asset, Exchange, Supply};
use crate::accounts::Balance;
use crate::book::{DepthLevel, Ladder};
use crate::command::{OrderKind, Permissions, Side, TimeInForce};
use crate::event::InstrumentListed;
use crate::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq, Symbol};
use crate::units::{Amount, Price, Quantity, Timestamp};

/// An open order as it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenOrder {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// How it is priced.
    pub kind: OrderKind,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// Whether it may only rest.
    pub post_only: bool,
    /// Its limit; [`Price::NONE`] of a stop without one.
    pub price: Price,
    /// Total quantity, what has been filled included.
    pub quantity: Quantity,
    /// What is open, hidden parts included.
    pub leaves: Quantity,
    /// What the book shows of it; zero of a stop that waits.
    pub displayed: Quantity,
    /// Where a stop that waits goes off; [`Price::NONE`] of orders in the book.
    pub stop_price: Price,
    /// What it holds: cash of a buy, credits of a sell.
    pub held: Amount,
    /// The client's own name for it.
    pub client_order_id: Option<ClientOrderId>,
}

impl Exchange {
    /// Journal position of the last command applied.
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// Engine time.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// All assets, by number.
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// The asset with a code.
    pub fn asset_by_code(&self, code: &Symbol) -> Option<&Asset> {
        self.asset_codes.get(code).map(|id| &self.assets[id.get() as usize])
    }

    /// All instruments, by number.
    pub fn instruments(&self) -> impl ExactSizeIterator<Item = &InstrumentListed> {
        self.instruments.iter().map(|instrument| &instrument.listing)
    }

    /// The instrument with a symbol.
    pub fn instrument_by_symbol(&self, symbol: &Symbol) -> Option<&InstrumentListed> {
        self.symbols.get(symbol).map(|id| &self.instruments[id.get() as usize].listing)
    }

    /// What an account may do; `None` when it was never opened.
    pub fn permissions(&self, account: AccountId) -> Option<Permissions> {
        self.accounts.get(account).map(|account| account.permissions)
    }

    /// What came in and went out of an asset; nothing for an unknown one.
    pub fn supply(&self, asset: AssetId) -> Supply {
        self.supplies.get(asset.get() as usize).copied().unwrap_or_default()
    }

    /// What an account has of an asset; nothing when it never had any.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Balance {
        self.balances.get(account, asset)
    }

    /// Every balance that is not nothing, by account and asset.
    pub fn balances(&self) -> Vec<(AccountId, AssetId, Balance)> {
        self.balances.sorted()
    }

    /// An open order; `None` for a stale handle.
    pub fn open_order(&self, order: OrderId) -> Option<OpenOrder> {
        self.orders.find(order).map(|slot| self.view(slot))
    }

    /// All open orders by slot.
    pub fn open_orders(&self) -> Vec<OpenOrder> {
        (0..self.orders.slots()).filter(|&slot| self.orders.node(slot).leaves > 0).map(|slot| self.view(slot)).collect()
    }

    /// The best levels of one side, best first; empty for an unknown instrument.
    pub fn depth(&self, instrument: InstrumentId, side: Side, levels: usize) -> Vec<DepthLevel> {
        let Some(instrument) = self.instruments.get(instrument.get() as usize) else { return Vec::new() };
        instrument.book.depth(&self.orders, side, levels)
    }

    /// The orders of one side of a book, in the order in which they would trade; empty for an unknown instrument.
    pub fn priority(&self, instrument: InstrumentId, side: Side) -> Vec<OrderId> {
        let Some(instrument) = self.instruments.get(instrument.get() as usize) else { return Vec::new() };
        let ladder = instrument.book.side(side);
        let levels = std::iter::successors(Some(ladder.best()), |&key| Some(ladder.next_after(key)))
            .take_while(|&key| key != Ladder::NO_KEY);
        let heads = levels.map(|key| ladder.level(key).expect("every key on the way is occupied").head);
        heads.flat_map(|head| self.queue_from(head)).map(|slot| self.orders.id(slot)).collect()
    }

    fn view(&self, slot: u32) -> OpenOrder {
        let (node, detail) = (self.orders.node(slot), self.orders.detail(slot));
        OpenOrder {
            order: self.orders.id(slot),
            account: node.account,
            instrument: detail.instrument,
            side: detail.side,
            kind: detail.kind,
            time_in_force: detail.time_in_force,
            post_only: detail.post_only,
            price: self.limit_of(slot),
            quantity: Quantity::from_lots(detail.quantity),
            leaves: self.leaves_of(slot),
            displayed: Quantity::from_lots(if detail.armed { 0 } else { node.leaves }),
            stop_price: self.stop_price_of(slot),
            held: self.held_of(slot),
            client_order_id: self.orders.name(slot),
        }
    }
}
