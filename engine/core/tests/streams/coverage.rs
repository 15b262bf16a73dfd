//! Which answers a run has met: a stream that cannot reach a path proves nothing about it.

use std::collections::BTreeMap;

use cx_engine::command::{CommandKind, OrderKind, SelfTrade};
use cx_engine::control::Phase;
use cx_engine::event::{PhaseChanged, Trade};
use cx_engine::ids::AccountId;
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, Price, Timestamp, TriggerTerms};
use cx_engine::{Command, Event};

use super::met::{ENDS, OTHERS, REFUSALS};

/// Counts of what came out, by the command it came from.
#[derive(Default)]
pub struct Coverage {
    met: BTreeMap<Answer, u64>,
    commands: u64,
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

impl Coverage {
    /// Counts one answer.
    pub fn count(&mut self, command: &Command, events: &[Event]) {
        self.commands += 1;
        let kind = command.kind();
        for event in events {
            *self.met.entry(Answer::of(kind, event)).or_default() += 1;
            for more in [Answer::also(kind, event), Answer::asked(command, event)].into_iter().flatten() {
                *self.met.entry(Answer::Other(more)).or_default() += 1;
            }
        }
    }

    /// How many commands were answered.
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// How many kinds of answers were met.
    pub fn kinds(&self) -> usize {
        self.met.len()
    }

    /// Adds another run's counts.
    pub fn merge(&mut self, other: &Self) {
        self.commands += other.commands;
        for (&answer, count) in &other.met {
            *self.met.entry(answer).or_default() += count;
        }
    }

    /// Answers that the rules allow and that never came.
    pub fn missing(&self) -> Vec<String> {
        Answer::foreseen().filter(|answer| !self.met.contains_key(answer)).map(Answer::name).collect()
    }

    /// Answers that came and that the rules do not allow. (Orders end by what is due before any command.)
    pub fn unforeseen(&self) -> Vec<String> {
        let foreseen: Vec<Answer> = Answer::foreseen().collect();
        let allowed = |answer: &&Answer| matches!(answer, Answer::Ended(..)) || foreseen.contains(answer);
        self.met.keys().filter(|answer| !allowed(answer)).map(|answer| answer.name()).collect()
    }

    /// The foreseen answers that came least often.
    pub fn rarest(&self, count: usize) -> Vec<(u64, String)> {
        let times = |answer: &Answer| self.met.get(answer).copied().unwrap_or(0);
        let mut counts: Vec<(u64, String)> = Answer::foreseen().map(|answer| (times(&answer), answer.name())).collect();
        counts.sort();
        counts.truncate(count);
        counts
    }

    /// Every reject code and reason is in the tables above.
    pub fn assert_tables_complete() {
        // What the gateway refuses by itself never comes from the core.
        for &reason in Reject::ALL.iter().filter(|reason| **reason != Reject::NotSupported) {
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
            Event::OrderAccepted(it) => match it.kind {
                OrderKind::Limit => "accepted: limit",
                OrderKind::Market if it.quote_quantity != Amount::ZERO => "accepted: market by cash",
                OrderKind::Market => "accepted: market",
                OrderKind::Stop => "accepted: stop",
                OrderKind::StopLimit => "accepted: stop_limit",
                OrderKind::TrailingStop => "accepted: trailing_stop",
            },
            Event::OrderRested(_) => match kind {
                CommandKind::Place => "rested when placed",
                CommandKind::Amend => "rested when amended",
                _ => "rested by a stop or a timer",
            },
            Event::Trade(trade) => Self::traded(kind, trade),
            Event::OrderAmended(it) if it.kept_priority => "amended in place",
            Event::OrderAmended(_) => "amended to the back",
            Event::OrderRepeated(_) => "repeated",
            Event::AllCancelled { .. } => "all cancelled",
            Event::StopArmed(_) if kind == CommandKind::Amend => "stop armed again",
            Event::StopArmed(_) => "stop armed",
            Event::StopMoved(_) => "stop moved",
            Event::OrderTriggered(_) => "stop went off",
            Event::OrderReplenished(_) => "next part shown",
            Event::OrderReduced(it) if it.resting => "reduced in the book",
            Event::OrderReduced(_) => "reduced as aggressor",
            Event::HoldChanged(_) => "hold changed",
            Event::TradeBusted(_) => "trade reversed",
            Event::PhaseChanged(it) => Self::phase(it),
            Event::AuctionIndicated(it) if it.price == Price::NONE => "indicated: nothing any more",
            Event::AuctionIndicated(_) => "indicated",
            Event::AuctionUncrossed(it) if it.price == Price::NONE => "uncrossed without a price",
            Event::AuctionUncrossed(_) => "uncrossed",
            Event::AuctionExtended(_) => "auction extended",
            Event::PhaseScheduled(_) => "phase planned",
            Event::ScheduleCleared(_) => "plans cleared",
            Event::BandsSet(_) => "bands set",
            Event::FeesSet(_) => "fees set",
            Event::FeeTierSet(_) => "fee tier set",
            Event::FeeTierChanged { .. } => "fee tier changed",
            Event::LimitsSet(_) => "limits set",
            Event::PositionLimitSet(_) => "position limit set",
            Event::GroupSet(_) => "group set",
            Event::MarketHalted { halted: true } => "market halted",
            Event::MarketHalted { .. } => "market resumed",
            Event::AccountKilled { killed: true, .. } => "account stopped",
            Event::AccountKilled { .. } => "account let go on",
            Event::CancelAfterSet(it) if it.at == Timestamp::from_nanos(0) => "cancel-after cleared",
            Event::CancelAfterSet(_) => "cancel-after set",
            Event::Ticked => "ticked",
        })
    }

    fn traded(kind: CommandKind, trade: &Trade) -> &'static str {
        let filled = (trade.maker_leaves.is_zero(), trade.taker_leaves.is_zero());
        match (kind, trade.auction, filled) {
            (_, true, (true, true)) => "traded in an auction, both filled",
            (_, true, (false, _)) => "traded in an auction, maker left open",
            (_, true, (true, false)) => "traded in an auction, taker left open",
            (CommandKind::Place, _, (false, _)) => "traded when placed, maker left open",
            (CommandKind::Place, ..) => "traded when placed, maker filled",
            (CommandKind::Amend, _, (false, _)) => "traded when amended, maker left open",
            (CommandKind::Amend, ..) => "traded when amended, maker filled",
            _ => "traded by a stop or a timer",
        }
    }

    fn phase(changed: &PhaseChanged) -> &'static str {
        match changed.phase {
            Phase::PreOpen => "phase: pre_open",
            Phase::OpeningAuction => "phase: opening_auction",
            Phase::Continuous => "phase: continuous",
            Phase::VolatilityHalt => "phase: volatility_halt",
            Phase::ClosingAuction => "phase: closing_auction",
            Phase::Closed => "phase: closed",
            Phase::CancelOnly => "phase: cancel_only",
            Phase::PostOnly => "phase: post_only",
            Phase::Suspended => "phase: suspended",
            Phase::Delisted => "phase: delisted",
        }
    }

    /// What else is to be met, beside the kind of the event.
    fn also(kind: CommandKind, event: &Event) -> Option<&'static str> {
        let orders = matches!(kind, CommandKind::Place | CommandKind::Amend);
        match event {
            Event::OrderRested(it) if it.displayed < it.leaves => Some("rested, a part of it shown"),
            Event::Trade(it) if it.maker_fee < 0 => Some("traded with a rebate"),
            Event::PhaseChanged(it) if orders && it.phase == Phase::VolatilityHalt => Some("a halt began by the bands"),
            _ => None,
        }
    }

    /// What came of something that the event alone does not tell: how a stop trails, whose choice ended an order.
    fn asked(command: &Command, event: &Event) -> Option<&'static str> {
        let Command::Place(order) = command else { return None };
        match (event, order.trigger.terms(), order.self_trade) {
            (Event::OrderAccepted(_), Some(TriggerTerms::Ticks(_)), _) => Some("accepted: trails by ticks"),
            (Event::OrderAccepted(_), Some(TriggerTerms::BasisPoints(_)), _) => {
                Some("accepted: trails by basis points")
            }
            (Event::OrderCancelled(it), _, mode) if it.reason == CancelReason::SelfTrade => Some(match mode {
                SelfTrade::CancelNewest => "self-trade: the newest went",
                SelfTrade::CancelOldest => "self-trade: the oldest went",
                SelfTrade::CancelBoth => "self-trade: both went",
                SelfTrade::Decrement => "self-trade: one was used up",
            }),
            _ => None,
        }
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
