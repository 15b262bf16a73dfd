//! Which answers a run has met: a stream that cannot reach a path proves nothing about it.

use std::collections::BTreeMap;

use cx_engine::command::CommandKind;
use cx_engine::ids::AccountId;
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::{Command, Event};

/// Counts of what came out, by the command it came from.
#[derive(Default)]
pub struct Coverage {
    met: BTreeMap<Answer, u64>,
}

/// A kind of answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    /// The numbers of the command's kind and of the refusal.
    Refused(u8, u8),
    /// The numbers of the command's kind and of the reason why an order ended.
    Ended(u8, u8),
    /// Any other event.
    Other(&'static str),
}

/// Each refusal that docs/rules.md names and that a short run can reach: all but the counted limits of assets,
/// instruments and open orders.
const REFUSALS: &[(CommandKind, &[Reject])] = {
    use Reject::*;
    &[
        (CommandKind::AddAsset, &[AlreadyExists, InvalidDefinition]),
        (CommandKind::ListInstrument, &[AlreadyExists, UnknownAsset, WrongAssetClass, InvalidDefinition]),
        (CommandKind::SetPermissions, &[ReservedAccount, LimitReached]),
        (CommandKind::Deposit, &[ReservedAccount, UnknownAccount, UnknownAsset, InvalidAmount, DuplicateReference]),
        (
            CommandKind::Withdraw,
            &[
                UnknownAccount,
                UnknownAsset,
                InvalidAmount,
                DuplicateReference,
                WithdrawalNotPermitted,
                InsufficientFunds,
                InsufficientCredits,
            ],
        ),
        (
            CommandKind::Issue,
            &[ReservedAccount, UnknownAccount, UnknownAsset, WrongAssetClass, InvalidAmount, DuplicateReference],
        ),
        (
            CommandKind::Retire,
            &[
                ReservedAccount,
                UnknownAccount,
                UnknownAsset,
                WrongAssetClass,
                InvalidAmount,
                DuplicateReference,
                InsufficientCredits,
            ],
        ),
        (
            CommandKind::Place,
            &[
                ReservedAccount,
                UnknownAccount,
                DuplicateClientOrderId,
                TradingNotPermitted,
                UnknownInstrument,
                InvalidCombination,
                InvalidQuantity,
                InvalidPrice,
                NotionalTooLarge,
                PostOnlyWouldMatch,
                InsufficientCredits,
                InsufficientFunds,
            ],
        ),
        (CommandKind::Cancel, &[UnknownAccount, UnknownOrder]),
        (
            CommandKind::Amend,
            &[
                UnknownAccount,
                TradingNotPermitted,
                UnknownOrder,
                InvalidQuantity,
                QuantityBelowFilled,
                InvalidPrice,
                NoChange,
                NotionalTooLarge,
                PostOnlyWouldMatch,
                InsufficientFunds,
                InsufficientCredits,
            ],
        ),
        (CommandKind::CancelAll, &[UnknownAccount, UnknownInstrument]),
    ]
};

/// Each end of an order, by the command that brings it about.
const ENDS: &[(CommandKind, CancelReason)] = &[
    (CommandKind::Place, CancelReason::ImmediateOrCancel),
    (CommandKind::Place, CancelReason::FillOrKill),
    (CommandKind::Place, CancelReason::NoLiquidity),
    (CommandKind::Place, CancelReason::SelfTrade),
    (CommandKind::Amend, CancelReason::SelfTrade),
    (CommandKind::Cancel, CancelReason::Requested),
    (CommandKind::CancelAll, CancelReason::MassCancel),
    (CommandKind::SetPermissions, CancelReason::PermissionRevoked),
];

/// Events other than refusals and cancellations.
const OTHERS: &[&str] = &[
    "asset added",
    "instrument listed",
    "permissions set",
    "deposited",
    "withdrawn",
    "withdrawn by the venue",
    "issued",
    "retired",
    "accepted",
    "rested when placed",
    "rested when amended",
    "traded when placed, maker left open",
    "traded when placed, maker filled",
    "traded when amended, maker left open",
    "traded when amended, maker filled",
    "amended in place",
    "amended to the back",
    "repeated",
    "all cancelled",
];

impl Coverage {
    /// Counts one answer.
    pub fn count(&mut self, command: &Command, events: &[Event]) {
        let kind = command.kind();
        for event in events {
            *self.met.entry(Answer::of(kind, event)).or_default() += 1;
        }
    }

    /// Adds another run's counts.
    pub fn merge(&mut self, other: &Self) {
        for (&answer, count) in &other.met {
            *self.met.entry(answer).or_default() += count;
        }
    }

    /// Answers that the rules allow and that never came.
    pub fn missing(&self) -> Vec<String> {
        Answer::foreseen().filter(|answer| !self.met.contains_key(answer)).map(Answer::name).collect()
    }

    /// Answers that came and that the rules do not allow.
    pub fn unforeseen(&self) -> Vec<String> {
        let foreseen: Vec<Answer> = Answer::foreseen().collect();
        self.met.keys().filter(|answer| !foreseen.contains(answer)).map(|answer| answer.name()).collect()
    }

    /// The answers that came least often.
    pub fn rarest(&self, count: usize) -> Vec<(u64, String)> {
        let mut counts: Vec<(u64, String)> = self.met.iter().map(|(answer, &times)| (times, answer.name())).collect();
        counts.sort();
        counts.truncate(count);
        counts
    }

    /// Every reject code and reason is in the tables above.
    pub fn assert_tables_complete() {
        for &reason in Reject::ALL {
            assert!(REFUSALS.iter().any(|(_, reasons)| reasons.contains(&reason)), "{reason:?} is in no table");
        }
        for &reason in CancelReason::ALL {
            assert!(ENDS.iter().any(|&(_, end)| end == reason), "{reason:?} is in no table");
        }
    }
}

impl Answer {
    fn foreseen() -> impl Iterator<Item = Self> {
        let refusals = REFUSALS
            .iter()
            .flat_map(|(kind, reasons)| reasons.iter().map(|reason| Self::Refused(kind.number(), reason.number())));
        let ends = ENDS.iter().map(|(kind, reason)| Self::Ended(kind.number(), reason.number()));
        refusals.chain(ends).chain(OTHERS.iter().map(|&name| Self::Other(name)))
    }

    fn of(kind: CommandKind, event: &Event) -> Self {
        let placed = kind == CommandKind::Place;
        Self::Other(match event {
            Event::OrderRejected(it) => return Self::Refused(kind.number(), it.reason.number()),
            Event::CommandRejected(it) => return Self::Refused(it.kind.number(), it.reason.number()),
            Event::OrderCancelled(it) => return Self::Ended(kind.number(), it.reason.number()),
            Event::AssetAdded(_) => "asset added",
            Event::InstrumentListed(_) => "instrument listed",
            Event::PermissionsSet(_) => "permissions set",
            Event::Deposited(_) => "deposited",
            Event::Withdrawn(it) if it.account == AccountId::VENUE => "withdrawn by the venue",
            Event::Withdrawn(_) => "withdrawn",
            Event::Issued(_) => "issued",
            Event::Retired(_) => "retired",
            Event::OrderAccepted(_) => "accepted",
            Event::OrderRested(_) if placed => "rested when placed",
            Event::OrderRested(_) => "rested when amended",
            Event::Trade(trade) => match (placed, trade.maker_leaves.is_zero()) {
                (true, false) => "traded when placed, maker left open",
                (true, true) => "traded when placed, maker filled",
                (false, false) => "traded when amended, maker left open",
                (false, true) => "traded when amended, maker filled",
            },
            Event::OrderAmended(it) if it.kept_priority => "amended in place",
            Event::OrderAmended(_) => "amended to the back",
            Event::OrderRepeated(_) => "repeated",
            Event::AllCancelled { .. } => "all cancelled",
        })
    }

    fn name(self) -> String {
        let kind = |number| CommandKind::from_number(number).expect("it came from a kind");
        match self {
            Self::Refused(of, reason) => format!("{:?} refused: {:?}", kind(of), Reject::from_number(reason)),
            Self::Ended(of, reason) => format!("ended in {:?}: {:?}", kind(of), CancelReason::from_number(reason)),
            Self::Other(name) => name.to_owned(),
        }
    }
}
