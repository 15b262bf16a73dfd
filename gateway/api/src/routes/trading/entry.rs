//! From what a client asks to a command of the core: names to numbers, decimals to ticks and lots. Nothing is rounded;
//! what does not fit is refused with the field's name. Shared by REST and WebSocket.

use chrono::DateTime;
use cx_engine::command::{NewOrder, OrderKind, SelfTrade, Side, TimeInForce};
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId, OrderId};
use cx_engine::reject::Reject;
use cx_engine::units::{Amount, DisplayQuantity, Price, Quantity, Timestamp, Trigger};
use cx_market_data::{Decimals, Scaled};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use super::instrument::Named;
use crate::json::Input;
use crate::number::{Number, NumberError};
use crate::problem::{Code, Problem};

/// A new order. What is traded is named by `symbol`, or by `project_id` and `vintage_year`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderEntry {
    /// `market`, `limit`, `stop`, `stop_limit` or `trailing_stop`.
    #[schema(example = "limit")]
    pub order_type: String,
    /// `buy` or `sell`.
    #[schema(example = "buy")]
    pub side: String,
    /// Whole lots. Needed unless a market buy names `quote_quantity`.
    #[schema(example = 10)]
    pub quantity: Option<Number>,
    /// For market buys instead of `quantity`: the cash that may be spent, fees included.
    #[schema(example = 250.00)]
    pub quote_quantity: Option<Number>,
    /// The limit, on a tick; for limit and stop-limit orders. Of a stop order without `stop_price` it is the trigger, of a
    /// stop-limit order without one the trigger as well as the limit.
    #[schema(example = 7.25)]
    pub price: Option<Number>,
    /// Where a stop or stop-limit order goes off: a buy when the last price is at or above it, a sell at or below.
    #[schema(example = 6.90)]
    pub stop_price: Option<Number>,
    /// How far a trailing stop stays behind the best last price, in currency, whole ticks.
    #[schema(example = 0.25)]
    pub trailing_amount: Option<Number>,
    /// How far a trailing stop stays behind the best last price, in percent: 0.01 to 99.99 in steps of 0.01.
    #[schema(example = 2.5)]
    pub trailing_percent: Option<Number>,
    /// Pairs the order with an own open order of the same instrument and side (one cancels the other), named by its
    /// `order_id` or `client_order_id`: as soon as one of the two executes or ends, the other is cancelled.
    pub oco_order_id: Option<String>,
    /// `GTC` (limit orders' default), `DAY`, `GTD` (with `expires_at`), `IOC` (market orders' default) or `FOK`, in any case.
    #[schema(example = "GTC")]
    pub time_in_force: Option<String>,
    /// The client's own name for the order: 1 to 36 letters, digits, `_` and `-`. The same order under the same name is
    /// placed once.
    pub client_order_id: Option<String>,
    /// When a `GTD` order ends: RFC 3339 with a zone, later than now.
    #[schema(example = "2026-12-31T16:30:00Z")]
    pub expires_at: Option<String>,
    /// Refuse the order rather than match at once.
    pub post_only: Option<bool>,
    /// Whole lots that the book shows at a time; the rest is a hidden reserve behind them. For orders that rest.
    #[schema(example = 5)]
    pub display_quantity: Option<Number>,
    /// What happens when the order meets one of its own owner: `cancel_newest` (the default), `cancel_oldest`, `cancel_both`,
    /// `decrement`.
    pub self_trade_prevention: Option<String>,
    /// The instrument.
    #[schema(example = "VCS-191-2016-USD")]
    pub symbol: Option<String>,
    /// The project: its integer id, uuid or the registry's id.
    #[schema(value_type = Option<String>)]
    pub project_id: Option<serde_json::Value>,
    /// The vintage.
    #[schema(example = 2016)]
    pub vintage_year: Option<i32>,
    /// A standard contract; not listed yet.
    pub credit_type: Option<String>,
}

impl Input for OrderEntry {
    const REQUIRED: &'static [&'static str] = &["order_type", "side"];
}

/// A change of an open order; what is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Amendment {
    /// The new limit.
    #[schema(example = 7.30)]
    pub price: Option<Number>,
    /// The new total quantity, what has been filled included.
    #[schema(example = 12)]
    pub quantity: Option<Number>,
    /// The new stop price of a stop or stop-limit order that has not gone off.
    #[schema(example = 6.80)]
    pub stop_price: Option<Number>,
}

impl Input for Amendment {
    const REQUIRED: &'static [&'static str] = &[];
}

impl OrderEntry {
    /// What the order is for, as the client named it.
    pub(crate) fn named(&self) -> Named<'_> {
        Named {
            symbol: self.symbol.as_deref(),
            project: self.project_id.as_ref(),
            vintage: self.vintage_year,
            credit_type: self.credit_type.as_deref(),
        }
    }

    /// The order in the core's words. `oco` is the handle of the order that [`OrderEntry::oco_order_id`] names.
    pub(crate) fn order(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        decimals: &Decimals,
        oco: OrderId,
    ) -> Result<NewOrder, Problem> {
        let kind = kind(&self.order_type)?;
        let (price, trigger) = self.prices(kind, decimals)?;
        let time_in_force = self.time_in_force(kind)?;
        let (quantity, quote_quantity) = self.size(kind, decimals)?;
        Ok(NewOrder {
            kind,
            time_in_force,
            post_only: self.post_only.unwrap_or(false),
            self_trade: self.self_trade()?,
            quote_quantity,
            display: self.display(decimals)?,
            trigger,
            expires: self.expires(time_in_force)?,
            oco,
            client_order_id: self.client_order_id.as_deref().map(client_order_id).transpose()?,
            ..NewOrder::limit(account, instrument, side(&self.side)?, price, quantity)
        })
    }

    /// The limit and what sets the order off.
    fn prices(&self, kind: OrderKind, decimals: &Decimals) -> Result<(Price, Trigger), Problem> {
        if !matches!(kind, OrderKind::Stop | OrderKind::StopLimit) && self.stop_price.is_some() {
            return Err(misfit("stop_price", "only stop and stop_limit orders have a stop_price"));
        }
        let trails = [("trailing_amount", self.trailing_amount), ("trailing_percent", self.trailing_percent)];
        if let Some((field, _)) = trails.iter().find(|(_, given)| kind != OrderKind::TrailingStop && given.is_some()) {
            return Err(misfit(field, "only trailing_stop orders trail"));
        }
        match kind {
            OrderKind::Limit => Ok((self.limit(kind, decimals)?, Trigger::NONE)),
            OrderKind::Market => self.no_limit(kind).map(|()| (Price::NONE, Trigger::NONE)),
            OrderKind::Stop => {
                let trigger = if let Some(stop) = self.stop_price {
                    self.no_limit(kind).and_then(|()| price_on("stop_price", stop, decimals))?
                } else {
                    let given = self.price.ok_or_else(|| missing("stop_price", "a stop order needs a stop_price"))?;
                    price(given, decimals)?
                };
                Ok((Price::NONE, Trigger::at(trigger)))
            }
            OrderKind::StopLimit => {
                let limit = self.limit(kind, decimals)?;
                let trigger = self.stop_price.map(|stop| price_on("stop_price", stop, decimals)).transpose()?;
                Ok((limit, Trigger::at(trigger.unwrap_or(limit))))
            }
            OrderKind::TrailingStop => {
                self.no_limit(kind)?;
                let trail = match (self.trailing_amount, self.trailing_percent) {
                    (Some(amount), None) => trailing_ticks(amount, decimals)?,
                    (None, Some(percent)) => trailing_points(percent)?,
                    (Some(_), Some(_)) => {
                        return Err(misfit("trailing_percent", "name trailing_amount or trailing_percent, not both"));
                    }
                    (None, None) => {
                        let message = "a trailing_stop order needs trailing_amount or trailing_percent";
                        return Err(missing("trailing_amount", message));
                    }
                };
                Ok((Price::NONE, trail))
            }
        }
    }

    fn limit(&self, kind: OrderKind, decimals: &Decimals) -> Result<Price, Problem> {
        let given = self.price.ok_or_else(|| missing("price", &format!("a {} order needs a price", kind.code())))?;
        price(given, decimals)
    }

    fn no_limit(&self, kind: OrderKind) -> Result<(), Problem> {
        match self.price {
            None => Ok(()),
            Some(_) => Err(misfit("price", &format!("a {} order has no limit", kind.code()))),
        }
    }

    /// How much: lots, or cash for a market buy.
    fn size(&self, kind: OrderKind, decimals: &Decimals) -> Result<(Quantity, Amount), Problem> {
        match (self.quantity, self.quote_quantity) {
            (Some(lots), None) => Ok((quantity(lots, decimals)?, Amount::ZERO)),
            (None, Some(cash)) if kind == OrderKind::Market => {
                let refused = |error: NumberError| match error {
                    NumberError::TooPrecise { .. } => error.on("quote_quantity"),
                    _ => Problem::new(Reject::InvalidAmount).field("quote_quantity", format!("quote_quantity {error}")),
                };
                Ok((Quantity::ZERO, cash.to_positive_minor(decimals.minor.scale).map_err(refused)?))
            }
            (None, Some(_)) => Err(misfit("quote_quantity", "only market buys are for an amount of cash")),
            (Some(_), Some(_)) => Err(misfit("quote_quantity", "name quantity or quote_quantity, not both")),
            (None, None) => Err(missing("quantity", "quantity is required")),
        }
    }

    fn self_trade(&self) -> Result<SelfTrade, Problem> {
        let given = self.self_trade_prevention.as_deref().unwrap_or("cancel_newest");
        SelfTrade::from_code(&given.to_ascii_lowercase()).ok_or_else(|| {
            let words = "must be cancel_newest, cancel_oldest, cancel_both or decrement";
            Problem::invalid("self_trade_prevention", format!("self_trade_prevention {words}"))
        })
    }

    fn display(&self, decimals: &Decimals) -> Result<DisplayQuantity, Problem> {
        let Some(number) = self.display_quantity else { return Ok(DisplayQuantity::ALL) };
        let refused = |message: &str| {
            Problem::new(Reject::InvalidQuantity).field("display_quantity", format!("display_quantity {message}"))
        };
        let scaled = exact(number, ("lot", decimals.lot), "display_quantity", &refused)?;
        let lots = decimals.quantity_from(scaled).and_then(|quantity| u32::try_from(quantity.lots()).ok());
        lots.map(DisplayQuantity::from_lots).ok_or_else(|| refused("is out of range"))
    }

    fn expires(&self, time_in_force: TimeInForce) -> Result<Timestamp, Problem> {
        let dated = time_in_force == TimeInForce::GoodTillDate;
        let text = match self.expires_at.as_deref() {
            Some(text) if dated => text,
            None if !dated => return Ok(Timestamp::default()),
            Some(_) => return Err(Problem::invalid("expires_at", "expires_at goes with the time in force GTD only")),
            None => {
                let problem = Problem::new(Code::MissingFields).error("Missing fields: expires_at");
                return Err(problem.field("expires_at", "a GTD order needs expires_at"));
            }
        };
        let at = DateTime::parse_from_rfc3339(text)
            .map_err(|_| Problem::invalid("expires_at", "expires_at must be a time in RFC 3339 with a zone"))?;
        let nanos = at.timestamp_nanos_opt().and_then(|nanos| u64::try_from(nanos).ok()).filter(|&nanos| nanos > 0);
        let late = || Problem::new(Reject::InvalidExpiry).field("expires_at", "expires_at is out of range");
        nanos.map(Timestamp::from_nanos).ok_or_else(late)
    }

    fn time_in_force(&self, kind: OrderKind) -> Result<TimeInForce, Problem> {
        let Some(given) = self.time_in_force.as_deref() else {
            return Ok(match kind {
                OrderKind::Market => TimeInForce::ImmediateOrCancel,
                _ => TimeInForce::GoodTillCancelled,
            });
        };
        TimeInForce::from_code(&given.to_ascii_lowercase())
            .ok_or_else(|| Problem::invalid("time_in_force", "time_in_force must be GTC, DAY, GTD, IOC or FOK"))
    }
}

fn misfit(field: &str, message: &str) -> Problem {
    Problem::new(Reject::InvalidCombination).field(field, message)
}

fn missing(field: &str, message: &str) -> Problem {
    Problem::new(Code::MissingFields).error(format!("Missing fields: {field}")).field(field, message)
}

fn kind(text: &str) -> Result<OrderKind, Problem> {
    let known = OrderKind::from_code(&text.to_ascii_lowercase());
    let words = "order_type must be market, limit, stop, stop_limit or trailing_stop";
    known.ok_or_else(|| Problem::invalid("order_type", words))
}

/// Reads a side, in any case.
pub(crate) fn side(text: &str) -> Result<Side, Problem> {
    let known = Side::from_code(&text.to_ascii_lowercase());
    known.ok_or_else(|| Problem::invalid("side", "side must be buy or sell"))
}

/// Reads a client order id.
pub(crate) fn client_order_id(text: &str) -> Result<ClientOrderId, Problem> {
    ClientOrderId::new(text).map_err(|error| Problem::invalid("client_order_id", format!("client_order_id {error}")))
}

/// The price in ticks.
pub(crate) fn price(number: Number, decimals: &Decimals) -> Result<Price, Problem> {
    price_on("price", number, decimals)
}

/// The price of a field in ticks.
pub(crate) fn price_on(field: &str, number: Number, decimals: &Decimals) -> Result<Price, Problem> {
    let refused = |message: &str| Problem::new(Reject::InvalidPrice).field(field, format!("{field} {message}"));
    let scaled = exact(number, ("tick", decimals.tick), field, &refused)?;
    decimals.price_from(scaled).ok_or_else(|| refused("is out of range"))
}

/// A distance in ticks.
fn trailing_ticks(amount: Number, decimals: &Decimals) -> Result<Trigger, Problem> {
    let ticks = price_on("trailing_amount", amount, decimals)?.ticks();
    let refused = || Problem::new(Reject::InvalidPrice).field("trailing_amount", "trailing_amount is out of range");
    u32::try_from(ticks).map(Trigger::ticks).map_err(|_| refused())
}

/// A distance in basis points.
fn trailing_points(percent: Number) -> Result<Trigger, Problem> {
    let range = || Problem::invalid("trailing_percent", "trailing_percent must be 0.01 to 99.99");
    let points = percent.to_minor(2).map_err(|error| match error {
        NumberError::TooPrecise { .. } => error.on("trailing_percent"),
        _ => range(),
    })?;
    let points = u16::try_from(points.minor()).ok().filter(|points| (1..10_000).contains(points));
    points.map(Trigger::basis_points).ok_or_else(range)
}

/// The quantity in lots.
pub(crate) fn quantity(number: Number, decimals: &Decimals) -> Result<Quantity, Problem> {
    let refused =
        |message: &str| Problem::new(Reject::InvalidQuantity).field("quantity", format!("quantity {message}"));
    let scaled = exact(number, ("lot", decimals.lot), "quantity", &refused)?;
    decimals.quantity_from(scaled).ok_or_else(|| refused("is out of range"))
}

/// A number above zero that is a multiple of the step, which is named by its unit.
fn exact(
    number: Number,
    (unit, step): (&'static str, Scaled),
    field: &str,
    refused: &dyn Fn(&str) -> Problem,
) -> Result<Scaled, Problem> {
    let decimal = number.get();
    if decimal <= Decimal::ZERO {
        return Err(refused("must be above zero"));
    }
    let step = Decimal::try_from_i128_with_scale(step.mantissa, u32::from(step.scale)).unwrap_or(Decimal::ONE);
    if decimal.checked_rem(step).is_none_or(|rest| !rest.is_zero()) {
        return Err(NumberError::NotAMultiple { unit, step }.on(field));
    }
    let scale = u8::try_from(decimal.scale()).expect("a decimal has at most 28 places");
    Ok(Scaled { mantissa: decimal.mantissa(), scale })
}

#[cfg(test)]
mod tests;
