//! What orders of the model must satisfy whoever places them: the tables of the rules.

use cx_engine::command::{NewOrder, OrderKind, SelfTrade, Side, TimeInForce};
use cx_engine::control::Phase;
use cx_engine::ids::{InstrumentId, OrderId};
use cx_engine::reject::Reject;
use cx_engine::units::{Amount, DisplayQuantity, Price, Quantity, Timestamp, Trigger, TriggerTerms};

use super::Model;
use super::stops::{is_trailing, trailing_price};

impl Model {
    /// Which phases take which orders.
    pub(super) fn check_phase(&self, new: &NewOrder) -> Result<(), Reject> {
        let resting_limit = new.kind == OrderKind::Limit && new.time_in_force.rests();
        let taken = match self.venue(new.instrument).phase {
            Phase::Continuous => true,
            Phase::PreOpen | Phase::OpeningAuction | Phase::VolatilityHalt | Phase::ClosingAuction => {
                resting_limit || new.kind.is_stop()
            }
            Phase::PostOnly => resting_limit && new.post_only,
            Phase::CancelOnly | Phase::Suspended | Phase::Closed | Phase::Delisted => false,
        };
        if taken { Ok(()) } else { Err(Reject::WrongPhase) }
    }

    /// The stop price that an order starts with; none for orders that are not stops.
    pub(super) fn first_stop_price(&self, new: &NewOrder) -> Result<Price, Reject> {
        if is_trailing(new.trigger) {
            let last = self.venue(new.instrument).last.ok_or(Reject::NoReferencePrice)?;
            let first = Price::from_ticks(trailing_price(new.trigger, new.side, last));
            return self.check_price(new.instrument, first).map(|()| first);
        }
        match new.trigger.terms() {
            Some(TriggerTerms::At(price)) => Ok(price),
            _ => Ok(Price::NONE),
        }
    }

    pub(super) fn check_price(&self, instrument: InstrumentId, price: Price) -> Result<(), Reject> {
        let fits = price.ticks() >= 1 && price <= self.venue(instrument).listed.price_max;
        if fits { Ok(()) } else { Err(Reject::InvalidPrice) }
    }

    /// How far a limit may be beyond the last price; `around` stands for it when there is one.
    pub(super) fn check_collar(
        &self,
        instrument: InstrumentId,
        side: Side,
        price: Price,
        around: Option<Price>,
    ) -> Result<(), Reject> {
        let venue = self.venue(instrument);
        let collar = i128::from(venue.bands.collar_bps);
        let around = around.map(Price::ticks).or(venue.last).or(venue.reference);
        let Some(around) = around.filter(|_| collar > 0) else { return Ok(()) };
        let scaled = i128::from(price.ticks()) * 10_000;
        let outside = match side {
            Side::Buy => scaled > i128::from(around) * (10_000 + collar),
            Side::Sell => scaled < i128::from(around) * (10_000 - collar),
        };
        if outside { Err(Reject::PriceOutsideCollar) } else { Ok(()) }
    }

    /// The lowest and highest price at which an aggressor may trade now.
    pub(super) fn bands(&self, instrument: InstrumentId) -> (i64, i64) {
        let venue = self.venue(instrument);
        let fixed = around(venue.reference, venue.bands.static_bps);
        let moving = around(venue.before, venue.bands.dynamic_bps);
        (fixed.0.max(moving.0), fixed.1.min(moving.1))
    }
}

/// In how many parts an iceberg may show itself.
const PARTS_MAX: u64 = 1_024;

/// The band around a price, rounded inwards; everything when it is off.
pub(super) fn around(price: Option<i64>, basis_points: u16) -> (i64, i64) {
    let Some(price) = price.filter(|_| basis_points > 0) else { return (i64::MIN, i64::MAX) };
    let bps = i128::from(basis_points);
    let low = (i128::from(price) * (10_000 - bps) + 9_999) / 10_000;
    let high = i128::from(price) * (10_000 + bps) / 10_000;
    let narrow = |price: i128| i64::try_from(price).expect("at most twice 2^62, less a tick or so");
    (narrow(low), narrow(high.min(i128::from(i64::MAX))))
}

/// Which fields go together.
pub(super) fn check_combination(new: &NewOrder) -> Result<(), Reject> {
    let plain = new.display == DisplayQuantity::ALL && !new.post_only && new.oco == OrderId::NONE;
    let rests = new.time_in_force.rests();
    let immediate = !rests;
    let priced = new.price != Price::NONE;
    let fits = match new.kind {
        _ if new.quote_quantity != Amount::ZERO => {
            new.kind == OrderKind::Market
                && new.side == Side::Buy
                && new.time_in_force == TimeInForce::ImmediateOrCancel
                && new.quantity == Quantity::ZERO
                && new.self_trade != SelfTrade::Decrement
                && !priced
                && new.trigger == Trigger::NONE
                && plain
        }
        // A limit of zero is below one tick, which is checked later.
        OrderKind::Limit => new.trigger == Trigger::NONE && (rests || plain),
        OrderKind::Market => immediate && !priced && new.trigger == Trigger::NONE && plain,
        OrderKind::Stop => {
            let alone = new.display == DisplayQuantity::ALL && !new.post_only;
            rests && !priced && is_fixed(new.trigger) && alone
        }
        OrderKind::StopLimit => rests && is_fixed(new.trigger) && !new.post_only,
        OrderKind::TrailingStop => {
            let alone = new.display == DisplayQuantity::ALL && !new.post_only;
            rests && !priced && is_trailing(new.trigger) && alone
        }
    };
    let dated = new.expires != Timestamp::from_nanos(0);
    if fits && dated == (new.time_in_force == TimeInForce::GoodTillDate) {
        Ok(())
    } else {
        Err(Reject::InvalidCombination)
    }
}

fn is_fixed(trigger: Trigger) -> bool {
    matches!(trigger.terms(), Some(TriggerTerms::At(_)))
}

/// The quantity of an order that shows so much at a time.
pub(super) fn check_quantity(quantity: Quantity, display: DisplayQuantity) -> Result<(), Reject> {
    let in_range = quantity > Quantity::ZERO && quantity <= Quantity::ORDER_MAX;
    let parts_fit = display == DisplayQuantity::ALL || quantity.lots() <= u64::from(display.lots()) * PARTS_MAX;
    if in_range && parts_fit { Ok(()) } else { Err(Reject::InvalidQuantity) }
}
