//! Generated command streams: small venues in which everything collides and every refusal is met.
//!
//! A [`Generator`] makes each command from [`Choices`] and from what the exchange answered before (which orders are open,
//! which handles are stale, which client order ids are taken), so the same choices give the same stream.
#![allow(dead_code)] // each test crate uses its own part

mod choices;
mod coverage;
mod met;
mod orders;
mod setup;
mod staff;
mod targets;

use std::collections::BTreeSet;

use cx_engine::Command;
use cx_engine::command::{CommandRecord, Movement, NewOrder, OrderKind, Permissions, SetPermissions, Side};
use cx_engine::control::Phase;
use cx_engine::event::{AssetAdded, InstrumentListed};
use cx_engine::ids::{AccountId, AssetId, InstrumentId, OrderId};
use cx_engine::units::{Amount, Price, Quantity, Timestamp};

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
    instrument: InstrumentId,
    side: Side,
    kind: OrderKind,
    price: Price,
    quantity: Quantity,
    filled: u64,
    /// Whether it is a stop that has not gone off.
    armed: bool,
    /// Whether it is a market buy by cash, which no trade fills.
    by_cash: bool,
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
    /// The order that was sent last, until it is answered.
    sent: Option<NewOrder>,
    /// What each instrument is open for.
    phases: Vec<Phase>,
    halted: bool,
    killed: BTreeSet<AccountId>,
    limited: BTreeSet<AccountId>,
    trades: u64,
    stamp: u64,
    names: u64,
}

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
            sent: None,
            phases: Vec::new(),
            halted: false,
            killed: BTreeSet::new(),
            limited: BTreeSet::new(),
            trades: 0,
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
        self.stamp += self.pause(choices);
        // A gateway's clock may run behind; the core makes time monotone.
        let stamp = Timestamp::from_nanos(self.stamp - if choices.one_in(8) { choices.below(20_000) } else { 0 });
        let command = self.command(choices);
        if let Command::Deposit(_) | Command::Withdraw(_) | Command::Issue(_) | Command::Retire(_) = command {
            self.movements.push(command);
        }
        self.sent = if let Command::Place(order) = command { Some(order) } else { None };
        CommandRecord { stamp, command }
    }

    /// Commands come close upon each other, but for a break now and then and a night, or a holiday, sometimes.
    fn pause(&self, choices: &mut impl Choices) -> u64 {
        const SECOND: u64 = 1_000_000_000;
        if self.shape.staff == 0 {
            return choices.below(5_000);
        }
        match choices.below(1_000) {
            0..970 => choices.below(5_000),
            970..990 => choices.below(500_000),
            990..998 => choices.below(3 * SECOND),
            998 => choices.below(4_000 * SECOND),
            _ => choices.below(5) * choices.below(10) * 86_400 * SECOND + choices.below(100_000 * SECOND),
        }
    }

    fn command(&mut self, choices: &mut impl Choices) -> Command {
        if choices.below(100) >= 100 - self.shape.staff {
            return self.staff(choices);
        }
        // A crowded book is thinned out by more cancels.
        let crowded = self.open.len() > self.shape.crowd;
        match choices.below(if crowded { 180 } else { 100 }) {
            0..62 => self.place(choices),
            62..76 => self.amend(choices),
            76..78 => self.cancel_all(choices),
            78 => self.permissions(choices),
            79..88 => self.movement(choices),
            88 => self.definition(choices),
            89 => self.cancel_after(choices),
            90 => Command::Tick,
            _ => self.cancel(choices),
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
