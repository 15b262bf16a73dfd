//! What the venue's staff does in a generated stream: phases, bands, fees, limits, groups, halts and busts. Most of the time
//! it sees to it that trading goes on.

use cx_engine::Command;
use cx_engine::control::{
    BustTrade, ClearSchedule, FeeTier, HaltMarket, Kill, Phase, SchedulePhase, SetBands, SetFees, SetGroup, SetLimits,
    SetPhase, SetPositionLimit,
};
use cx_engine::ids::{AccountId, InstrumentId, TradeId};
use cx_engine::units::{Amount, FeeRate, Price, Quantity, Timestamp};

use super::{Choices, Generator};

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

impl Generator {
    pub(super) fn staff(&mut self, choices: &mut impl Choices) -> Command {
        if choices.one_in(2)
            && let Some(command) = self.resume(choices)
        {
            return command;
        }
        let instrument = self.instrument(choices);
        match choices.below(100) {
            0..16 => Command::SetPhase(SetPhase { instrument, phase: self.phase(instrument, choices) }),
            16..26 => self.schedule(instrument, choices),
            26..28 => Command::ClearSchedule(ClearSchedule { instrument }),
            28..40 => self.bands(instrument, choices),
            40..46 => self.fees(instrument, choices),
            46..52 => self.tier(choices),
            52..66 => self.limits(choices),
            66..72 => {
                let position_max = Quantity::from_lots(choices.pick(&[0, self.shape.purse, 1, self.shape.purse * 2]));
                Command::SetPositionLimit(SetPositionLimit { account: self.account(choices), instrument, position_max })
            }
            72..78 => {
                let group = u32::try_from(choices.below(3)).expect("it is small");
                Command::SetGroup(SetGroup { account: self.account(choices), group })
            }
            78..80 => Command::HaltMarket(HaltMarket { halted: choices.one_in(2) }),
            80..84 => Command::Kill(Kill { account: self.account(choices), killed: !choices.one_in(3) }),
            _ => Command::BustTrade(BustTrade { trade: self.recent_trade(choices) }),
        }
    }

    /// Whatever stands still goes on: the market, an account, an instrument; limits are lifted.
    fn resume(&self, choices: &mut impl Choices) -> Option<Command> {
        if self.halted {
            return Some(Command::HaltMarket(HaltMarket { halted: false }));
        }
        if let Some(&account) = self.killed.first() {
            return Some(Command::Kill(Kill { account, killed: false }));
        }
        let still = self.phases.iter().position(|&phase| !matches!(phase, Phase::Continuous | Phase::Delisted));
        if let Some(at) = still {
            let instrument = InstrumentId::new(u32::try_from(at).expect("there are few"));
            return Some(Command::SetPhase(SetPhase { instrument, phase: Phase::Continuous }));
        }
        let limited: Vec<AccountId> = self.limited.iter().copied().collect();
        if limited.is_empty() || choices.one_in(3) {
            return None;
        }
        let account = choices.pick(&limited);
        Some(Command::SetLimits(no_limits(account)))
    }

    /// Some phase; the end of an instrument only of those that came later, so that a venue goes on.
    fn phase(&self, instrument: InstrumentId, choices: &mut impl Choices) -> Phase {
        let opened_later = usize::try_from(instrument.get()).is_ok_and(|at| at >= self.shape.instruments);
        match choices.below(16) {
            3..5 => Phase::OpeningAuction,
            5..7 => Phase::ClosingAuction,
            7..9 => Phase::VolatilityHalt,
            9 => Phase::PreOpen,
            10 => Phase::PostOnly,
            11 => Phase::Closed,
            12 => Phase::CancelOnly,
            13 => Phase::Suspended,
            14 if opened_later || choices.one_in(40) => Phase::Delisted,
            _ => Phase::Continuous,
        }
    }

    fn schedule(&self, instrument: InstrumentId, choices: &mut impl Choices) -> Command {
        let every_ns = match choices.below(12) {
            0..8 => 0,
            8..10 => SECOND + choices.below(SECOND),
            10 => choices.pick(&[1, SECOND - 1, 366 * DAY + 1]),
            _ => choices.pick(&[DAY, 366 * DAY]),
        };
        let at = match choices.below(12) {
            // Just after a time that others use, so that plans meet.
            0..2 => Timestamp::from_nanos((self.stamp / 100_000 + 2) * 100_000),
            _ => self.expiry(choices),
        };
        let phase = match self.phase(instrument, choices) {
            Phase::VolatilityHalt if !choices.one_in(4) => Phase::OpeningAuction,
            phase => phase,
        };
        Command::SchedulePhase(SchedulePhase { instrument, phase, at, every_ns })
    }

    fn bands(&self, instrument: InstrumentId, choices: &mut impl Choices) -> Command {
        let odd = choices.one_in(12);
        let halt_ns = if odd { choices.pick(&[0, 30 * DAY + 1, u64::MAX]) } else { 1 + choices.below(100_000) };
        let odd = choices.one_in(12);
        let extension_ns = if odd { choices.pick(&[0, 30 * DAY + 1]) } else { 1 + choices.below(100_000) };
        let reference = if choices.one_in(3) { self.price(instrument, choices) } else { Price::NONE };
        Command::SetBands(SetBands {
            instrument,
            collar_bps: choices.pick(&[0, 0, 0, 5_000, 10_000, 1_000, 10_001]),
            static_bps: choices.pick(&[0, 0, 0, 2_000, 5_000, 10_000, 100, 10_001]),
            dynamic_bps: choices.pick(&[0, 0, 0, 2_000, 1_000, 10_000, 100, 10_001]),
            extensions_max: choices.pick(&[0, 0, 1, 3]),
            halt_ns,
            extension_ns,
            reference,
        })
    }

    fn fees(&self, instrument: InstrumentId, choices: &mut impl Choices) -> Command {
        let rate = |ppm| FeeRate::from_ppm(ppm).expect("it is a tenth at most");
        Command::SetFees(SetFees {
            instrument,
            tier: u8::try_from(choices.below(9)).expect("it is small"),
            maker: rate(choices.pick(&[self.shape.fees.0, 0, -500, 250, -100_000, 100_000])),
            taker: rate(choices.pick(&[self.shape.fees.1, 0, 700, 100_000, -1])),
        })
    }

    fn tier(&self, choices: &mut impl Choices) -> Command {
        let tier = u8::try_from(choices.below(9)).expect("it is small");
        let lots = choices.below(self.shape.lots * 2_000);
        let volume = choices.pick(&[0, 1, lots, lots, (1 << 62) + 1]);
        Command::SetFeeTier(FeeTier { tier, volume: Quantity::from_lots(volume) })
    }

    fn limits(&self, choices: &mut impl Choices) -> Command {
        let account = self.account(choices);
        let purse = i64::try_from(self.shape.purse).expect("purses fit a balance");
        let rate = choices.pick(&[0, 0, 100_000, 1_000_000, 1, 1_000_001]);
        Command::SetLimits(SetLimits {
            order_quantity_max: Quantity::from_lots(choices.pick(&[0, 0, self.shape.lots, self.shape.lots * 2])),
            order_notional_max: Amount::from_minor(choices.pick(&[0, 0, purse / 8, purse / 20, -1])),
            exposure_max: Amount::from_minor(choices.pick(&[0, 0, purse / 4, purse / 10, i64::MAX])),
            open_orders_max: choices.pick(&[0, 0, 5, 2]),
            rate_per_second: rate,
            burst: choices.pick(&[3, 1, 20, 0, 1_000_001]),
            ..no_limits(account)
        })
    }

    /// One of the last trades, mostly.
    fn recent_trade(&self, choices: &mut impl Choices) -> TradeId {
        let back = match choices.below(20) {
            0..14 => choices.below(12),
            14..18 => choices.below(2_000),
            _ => 65_530 + choices.below(12),
        };
        TradeId::new(if choices.one_in(30) { choices.pick(&[0, u64::MAX]) } else { self.trades.saturating_sub(back) })
    }
}

fn no_limits(account: AccountId) -> SetLimits {
    SetLimits {
        account,
        order_quantity_max: Quantity::ZERO,
        order_notional_max: Amount::ZERO,
        exposure_max: Amount::ZERO,
        open_orders_max: 0,
        rate_per_second: 0,
        burst: 0,
    }
}
