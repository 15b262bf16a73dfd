//! Generated command streams: small venues in which everything collides and every refusal is met.
//!
//! A [`Generator`] makes each command from [`Choices`] and from what the exchange answered before (which orders are open,
//! which handles are stale, which client order ids are taken), so the same choices give the same stream.
#![allow(dead_code)] // each test crate uses its own part

mod choices;
mod coverage;
mod orders;
mod setup;

use cx_engine::command::{CommandRecord, Movement, NewOrder, Permissions, SetPermissions};
use cx_engine::event::{AssetAdded, InstrumentListed, OrderAccepted};
use cx_engine::ids::{AccountId, AssetId, InstrumentId, OrderId};
use cx_engine::reject::Reject;
use cx_engine::units::{Amount, Price, Quantity, Timestamp};
use cx_engine::{Command, Event};

#[allow(unused_imports)] // likewise
pub use self::choices::{Choices, Listed, Seeded};
#[allow(unused_imports)] // likewise
pub use self::coverage::Coverage;
pub use self::setup::Shape;

/// An order that is or was open, as far as a client knows it.
#[derive(Clone, Copy, Debug)]
struct Known {
    order: OrderId,
    account: AccountId,
    price: Price,
    quantity: Quantity,
    filled: u64,
}

/// Makes one venue's stream of commands.
pub struct Generator {
    shape: Shape,
    opening: std::vec::IntoIter<Command>,
    assets: Vec<AssetAdded>,
    instruments: Vec<InstrumentListed>,
    open: Vec<Known>,
    ended: Vec<Known>,
    /// Orders whose names the venue recorded, in that order.
    named: Vec<NewOrder>,
    movements: Vec<Command>,
    stamp: u64,
    names: u64,
}

/// Refusals that leave no record of the order's name.
const UNRECORDED: [Reject; 3] = [Reject::ReservedAccount, Reject::UnknownAccount, Reject::DuplicateClientOrderId];

/// How many past orders and names a generator can come back to.
const MEMORY: usize = 600_000;

impl Generator {
    /// A stream for a venue of this shape, which starts by listing, permitting and funding.
    pub fn new(shape: Shape) -> Self {
        let opening = shape.opening().into_iter();
        Self {
            shape,
            opening,
            assets: Vec::new(),
            instruments: Vec::new(),
            open: Vec::new(),
            ended: Vec::new(),
            named: Vec::new(),
            movements: Vec::new(),
            stamp: 1_750_000_000_000_000_000,
            names: 0,
        }
    }

    /// Whether the commands that open the venue are still coming.
    pub fn is_opening(&self) -> bool {
        self.opening.len() > 0
    }

    /// How many client order ids the venue recorded so far.
    pub fn names_recorded(&self) -> usize {
        self.named.len()
    }

    /// The next command.
    pub fn next(&mut self, choices: &mut impl Choices) -> CommandRecord {
        if let Some(command) = self.opening.next() {
            return CommandRecord { stamp: Timestamp::from_nanos(self.stamp), command };
        }
        self.stamp += choices.below(5_000);
        // A gateway's clock may run behind; the core makes time monotone.
        let stamp = Timestamp::from_nanos(self.stamp - if choices.one_in(8) { choices.below(20_000) } else { 0 });
        let command = self.command(choices);
        if let Command::Deposit(_) | Command::Withdraw(_) | Command::Issue(_) | Command::Retire(_) = command {
            self.movements.push(command);
        }
        CommandRecord { stamp, command }
    }

    fn command(&mut self, choices: &mut impl Choices) -> Command {
        // A crowded book is thinned out by more cancels.
        let crowded = self.open.len() > self.shape.crowd;
        match choices.below(if crowded { 180 } else { 100 }) {
            0..58 => self.place(choices),
            58..72 => self.amend(choices),
            72..74 => self.cancel_all(choices),
            74..76 => self.permissions(choices),
            76..89 => self.movement(choices),
            89 => self.definition(choices),
            _ => self.cancel(choices),
        }
    }

    /// Learns from the answer.
    pub fn observe(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::AssetAdded(asset) => self.assets.push(*asset),
                Event::InstrumentListed(instrument) => self.instruments.push(*instrument),
                Event::OrderAccepted(it) => {
                    self.open.push(Known {
                        order: it.order,
                        account: it.account,
                        price: it.price,
                        quantity: it.quantity,
                        filled: 0,
                    });
                    self.record(&placed(it));
                }
                Event::OrderRejected(it) if !UNRECORDED.contains(&it.reason) => self.record(&it.order),
                Event::OrderAmended(it) => {
                    let known = self.known(it.order);
                    known.price = it.price;
                    known.quantity = it.quantity;
                }
                Event::Trade(trade) => {
                    for (order, leaves) in
                        [(trade.maker_order, trade.maker_leaves), (trade.taker_order, trade.taker_leaves)]
                    {
                        self.known(order).filled += trade.quantity.lots();
                        if leaves.is_zero() {
                            self.close(order);
                        }
                    }
                }
                Event::OrderCancelled(it) => self.close(it.order),
                _ => {}
            }
        }
    }

    /// Remembers an order whose name the venue remembers now.
    fn record(&mut self, order: &NewOrder) {
        if order.client_order_id.is_some() && self.named.len() < MEMORY {
            self.named.push(*order);
        }
    }

    fn known(&mut self, order: OrderId) -> &mut Known {
        self.open.iter_mut().find(|known| known.order == order).expect("events name open orders")
    }

    fn close(&mut self, order: OrderId) {
        let place = self.open.iter().position(|known| known.order == order).expect("events name open orders");
        let ended = self.open.swap_remove(place);
        if self.ended.len() < MEMORY {
            self.ended.push(ended);
        }
    }

    /// One of the traders; rarely the venue's account or one that does not exist.
    fn account(&self, choices: &mut impl Choices) -> AccountId {
        let traders = u64::from(self.shape.accounts);
        let unusual = self.shape.accounts + 1 + 7;
        let id = match choices.below(60) {
            0..56 => 1 + u32::try_from(choices.below(traders)).expect("there are few traders"),
            56 => 0,
            _ => choices.pick(&[unusual, 1 << 24, 5_000, u32::MAX]),
        };
        AccountId::new(id)
    }

    fn asset(&self, choices: &mut impl Choices) -> AssetId {
        let known = u64::try_from(self.assets.len().max(1)).expect("there are few assets");
        let id = if choices.one_in(40) { known + choices.below(3) } else { choices.below(known) };
        AssetId::new(u32::try_from(id).expect("there are few assets"))
    }

    fn instrument(&self, choices: &mut impl Choices) -> InstrumentId {
        let known = u64::try_from(self.instruments.len().max(1)).expect("there are few instruments");
        let id = if choices.one_in(60) { known + choices.below(3) } else { choices.below(known) };
        InstrumentId::new(u32::try_from(id).expect("there are few instruments"))
    }

    fn permissions(&self, choices: &mut impl Choices) -> Command {
        let account = self.account(choices);
        let permissions = Permissions { trade: choices.below(3) < 2, withdraw: !choices.one_in(3) };
        Command::SetPermissions(SetPermissions { account, permissions })
    }

    fn movement(&self, choices: &mut impl Choices) -> Command {
        if choices.one_in(8) && !self.movements.is_empty() {
            // The same business record once more.
            return choices.pick(&self.movements);
        }
        let account = self.account(choices);
        let asset = self.asset(choices);
        let amount = match choices.below(24) {
            0..20 => 1 + i64::try_from(choices.below(self.shape.purse)).expect("purses fit a balance"),
            20 => choices.pick(&[0, -1, i64::MIN]),
            21 => choices.pick(&[i64::MAX, 1 << 62, (1 << 62) + 1]),
            22 => 1 << choices.below(62),
            _ => (1 << 61) + i64::try_from(choices.below(1 << 61)).expect("it is below 2^61"),
        };
        let reference = if choices.one_in(2) { choices.below(1 << 20) } else { 0 };
        let movement = Movement { account, asset, amount: Amount::from_minor(amount), reference };
        match choices.below(9) {
            0..3 => Command::Deposit(movement),
            3..5 => Command::Issue(movement),
            5..8 => Command::Withdraw(movement),
            _ => Command::Retire(movement),
        }
    }
}

/// The order as it was asked for.
fn placed(accepted: &OrderAccepted) -> NewOrder {
    NewOrder {
        account: accepted.account,
        instrument: accepted.instrument,
        side: accepted.side,
        kind: accepted.kind,
        time_in_force: accepted.time_in_force,
        post_only: accepted.post_only,
        price: accepted.price,
        quantity: accepted.quantity,
        client_order_id: accepted.client_order_id,
    }
}
