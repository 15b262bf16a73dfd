//! What the venue's staff decided, and what the venue did by its own rules: halts, phases, auctions, bands, limits, fees,
//! groups, kill switches, busts. For regulators, as rows of their own.

use std::fmt::Write as _;

use cx_engine::event::{AuctionState, PhaseChanged};
use cx_engine::ids::{AccountId, InstrumentId, Seq};
use cx_engine::units::Timestamp;
use cx_engine::{Event, EventRecord};

use crate::columns::unsigned;
use crate::{Store, StoreError};

/// A row of `control_events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ControlRow {
    pub seq: Seq,
    pub index: u32,
    pub kind: &'static str,
    pub account: Option<AccountId>,
    pub instrument: Option<InstrumentId>,
    pub fields: String,
    pub time: Timestamp,
}

/// A flat JSON object. Names and words are the core's own, so nothing needs escaping.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn put(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        let comma = if self.0.is_empty() { "" } else { "," };
        write!(self.0, "{comma}\"{name}\":{value}").expect("a string takes all");
        self
    }

    fn word(self, name: &str, word: &str) -> Self {
        self.put(name, format_args!("\"{word}\""))
    }

    fn end(self) -> String {
        format!("{{{}}}", self.0)
    }
}

/// Whether an event is one of those: each has a row in `control_events`.
pub fn is_control(record: &EventRecord) -> bool {
    control_row(record).is_some()
}

impl Store {
    /// How many of them there are.
    pub async fn control_events(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS total FROM control_events").fetch_one(self.pool()).await?;
        unsigned(&row, "control_events", "total")
    }
}

/// The row of an event; `None` for those of orders, trades and balances.
pub(super) fn control_row(record: &EventRecord) -> Option<ControlRow> {
    let new = Fields::default;
    let (kind, account, instrument, fields) = match &record.event {
        Event::PhaseChanged(change) => ("phase_changed", None, Some(change.instrument), phase(change)),
        Event::AuctionExtended(change) => ("auction_extended", None, Some(change.instrument), phase(change)),
        Event::AuctionUncrossed(state) => ("auction_uncrossed", None, Some(state.instrument), auction(state)),
        Event::PhaseScheduled(plan) => {
            let fields = new().word("phase", plan.phase.code()).put("at_ns", plan.at.nanos());
            ("phase_scheduled", None, Some(plan.instrument), fields.put("every_ns", plan.every_ns))
        }
        Event::ScheduleCleared(cleared) => ("schedule_cleared", None, Some(cleared.instrument), new()),
        Event::BandsSet(bands) => {
            let fields = new()
                .put("collar_bps", bands.collar_bps)
                .put("static_bps", bands.static_bps)
                .put("dynamic_bps", bands.dynamic_bps)
                .put("extensions_max", bands.extensions_max)
                .put("halt_ns", bands.halt_ns)
                .put("extension_ns", bands.extension_ns)
                .put("reference", bands.reference.ticks());
            ("bands_set", None, Some(bands.instrument), fields)
        }
        Event::FeesSet(fees) => {
            let fields = new().put("tier", fees.tier).put("maker_ppm", fees.maker.ppm());
            ("fees_set", None, Some(fees.instrument), fields.put("taker_ppm", fees.taker.ppm()))
        }
        Event::FeeTierSet(tier) => {
            ("fee_tier_set", None, None, new().put("tier", tier.tier).put("volume", tier.volume.lots()))
        }
        Event::FeeTierChanged { account, tier } => ("fee_tier_changed", Some(*account), None, new().put("tier", tier)),
        Event::LimitsSet(limits) => {
            let fields = new()
                .put("order_quantity_max", limits.order_quantity_max.lots())
                .put("order_notional_max", limits.order_notional_max.minor())
                .put("exposure_max", limits.exposure_max.minor())
                .put("open_orders_max", limits.open_orders_max)
                .put("rate_per_second", limits.rate_per_second)
                .put("burst", limits.burst);
            ("limits_set", Some(limits.account), None, fields)
        }
        Event::PositionLimitSet(limit) => {
            let fields = new().put("position_max", limit.position_max.lots());
            ("position_limit_set", Some(limit.account), Some(limit.instrument), fields)
        }
        Event::GroupSet(set) => ("group_set", Some(set.account), None, new().put("group", set.group)),
        Event::MarketHalted { halted } => ("market_halted", None, None, new().put("halted", halted)),
        Event::AccountKilled { account, killed, count } => {
            ("account_killed", Some(*account), None, new().put("killed", killed).put("cancelled", count))
        }
        Event::TradeBusted(bust) => {
            let fields = new()
                .put("trade", bust.trade.get())
                .put("price", bust.price.ticks())
                .put("quantity", bust.quantity.lots())
                .put("buyer", bust.buyer.get())
                .put("seller", bust.seller.get())
                .put("buyer_fee", bust.buyer_fee)
                .put("seller_fee", bust.seller_fee);
            ("trade_busted", None, Some(bust.instrument), fields)
        }
        _ => return None,
    };
    let (seq, index, time) = (record.seq, record.index, record.time);
    Some(ControlRow { seq, index, kind, account, instrument, fields: fields.end(), time })
}

fn phase(change: &PhaseChanged) -> Fields {
    Fields::default().word("phase", change.phase.code()).put("ends_ns", change.ends.nanos())
}

fn auction(state: &AuctionState) -> Fields {
    let fields = Fields::default().put("price", state.price.ticks()).put("volume", state.volume.lots());
    fields.put("surplus", state.surplus)
}
