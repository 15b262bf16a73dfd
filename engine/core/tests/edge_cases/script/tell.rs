//! How events are told.

use cx_engine::Event;
use cx_engine::event::{AuctionState, OrderCancelled, PhaseChanged, Trade};
use cx_engine::reject::CancelReason;
use cx_engine::units::{Price, Timestamp};

use super::Desk;

impl Desk {
    pub(super) fn tell(&self, event: &Event) -> String {
        match event {
            Event::OrderRested(it) if it.displayed < it.leaves => {
                format!("rests {} @ {} showing {}", it.leaves.lots(), it.price.ticks(), it.displayed.lots())
            }
            Event::OrderRested(it) => format!("rests {} @ {}", it.leaves.lots(), it.price.ticks()),
            Event::Trade(it) => self.tell_trade(it),
            Event::OrderCancelled(it) => self.tell_end(it),
            Event::OrderAmended(it) => format!(
                "amended {} @ {} to {} @ {} {}",
                it.old_displayed.lots(),
                it.old_price.ticks(),
                it.leaves.lots(),
                it.price.ticks(),
                if it.kept_priority { "in place" } else { "at the back" }
            ),
            Event::OrderRejected(it) => format!("refused {}", it.reason.code()),
            Event::CommandRejected(it) => format!("refused {}", it.reason.code()),
            Event::OrderRepeated(it) => format!("repeated {}", it.original.get()),
            Event::AllCancelled { count, .. } => format!("all {count} cancelled"),
            Event::StopArmed(it) => format!("armed {} at {}", it.leaves.lots(), it.stop_price.ticks()),
            Event::StopMoved(it) => format!("{} moves to {}", self.name(it.order), it.stop_price.ticks()),
            Event::OrderTriggered(it) => format!("{} goes off at {}", self.name(it.order), it.stop_price.ticks()),
            Event::OrderReplenished(it) => {
                format!("{} shows {} of {}", self.name(it.order), it.displayed.lots(), it.leaves.lots())
            }
            Event::OrderReduced(it) if it.resting => {
                format!("{} reduced by {} to {}", self.name(it.order), it.by.lots(), it.leaves.lots())
            }
            Event::OrderReduced(it) => format!("reduced by {} to {}", it.by.lots(), it.leaves.lots()),
            Event::HoldChanged(it) => format!("{} holds {}", self.name(it.order), it.held.minor()),
            Event::TradeBusted(it) => format!("busted {} @ {}", it.quantity.lots(), it.price.ticks()),
            Event::PermissionsSet(_) => "permitted".into(),
            Event::FeeTierChanged { tier, .. } => format!("tier {tier}"),
            Event::AccountKilled { killed: true, count, .. } => format!("stopped, {count} cancelled"),
            Event::AccountKilled { .. } => "goes on".into(),
            _ => tell_venue(event),
        }
    }

    fn tell_trade(&self, it: &Trade) -> String {
        let (maker, taker) = (self.name(it.maker_order), self.name(it.taker_order));
        let with = if it.auction { format!("{maker} and {taker}") } else { maker.to_owned() };
        format!(
            "trade {} @ {} with {with} ({} left, {} to go)",
            it.quantity.lots(),
            it.price.ticks(),
            it.maker_leaves.lots(),
            it.taker_leaves.lots()
        )
    }

    /// An order in the book is cancelled, a stop disarmed; an aggressor ends.
    fn tell_end(&self, it: &OrderCancelled) -> String {
        use CancelReason::{
            CashSpent, FillOrKill, ImmediateOrCancel, InsufficientFunds, NoLiquidity, OutsideBands, SelfTrade,
        };
        let by_itself =
            matches!(it.reason, ImmediateOrCancel | FillOrKill | NoLiquidity | SelfTrade | OutsideBands | CashSpent)
                || it.reason == InsufficientFunds;
        let (name, lots, reason) = (self.name(it.order), it.leaves.lots(), it.reason.code());
        match (it.resting, by_itself) {
            (true, _) => format!("cancelled {name} {lots} ({reason})"),
            (false, true) => format!("ends {lots} ({reason})"),
            (false, false) => format!("disarmed {name} {lots} ({reason})"),
        }
    }
}

fn tell_venue(event: &Event) -> String {
    match event {
        Event::PhaseChanged(it) => tell_phase("", it),
        Event::AuctionExtended(it) => tell_phase("extended ", it),
        Event::AuctionIndicated(it) => format!("indicates {}", tell_auction(it)),
        Event::AuctionUncrossed(it) => format!("uncrossed {}", tell_auction(it)),
        Event::MarketHalted { halted } => if *halted { "halted" } else { "resumed" }.into(),
        Event::Ticked => "ticked".into(),
        Event::BandsSet(it) if it.reference == Price::NONE => "bands".into(),
        Event::BandsSet(it) => format!("bands around {}", it.reference.ticks()),
        Event::Deposited(_)
        | Event::Withdrawn(_)
        | Event::Issued(_)
        | Event::Retired(_)
        | Event::PhaseScheduled(_)
        | Event::ScheduleCleared(_)
        | Event::FeesSet(_)
        | Event::FeeTierSet(_)
        | Event::LimitsSet(_)
        | Event::PositionLimitSet(_)
        | Event::GroupSet(_)
        | Event::CancelAfterSet(_) => "done".into(),
        other => format!("{other:?}"),
    }
}

fn tell_phase(how: &str, it: &PhaseChanged) -> String {
    let phase = it.phase.code();
    if it.ends == Timestamp::default() {
        format!("{how}{phase}")
    } else {
        format!("{how}{phase} to {}", it.ends.nanos())
    }
}

fn tell_auction(it: &AuctionState) -> String {
    if it.price == Price::NONE {
        return "nothing".into();
    }
    format!("{} @ {} ({:+})", it.volume.lots(), it.price.ticks(), it.surplus)
}
