//! From what a client asks to a command of the core: names to numbers, decimals to ticks and lots. Nothing is rounded;
//! what does not fit is refused with the field's name. Shared by REST and WebSocket.

use chrono::DateTime;
use cx_engine::command::{NewOrder, OrderKind, SelfTrade, Side, TimeInForce};
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId};
use cx_engine::reject::Reject;
use cx_engine::units::{DisplayQuantity, Price, Quantity, Timestamp};
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
    /// `limit` or `market`. Not offered yet: `stop`, `stop_limit`, `trailing_stop`.
    #[schema(example = "limit")]
    pub order_type: String,
    /// `buy` or `sell`.
    #[schema(example = "buy")]
    pub side: String,
    /// Whole lots.
    #[schema(example = 10)]
    pub quantity: Number,
    /// The limit, on a tick; for limit orders.
    #[schema(example = 7.25)]
    pub price: Option<Number>,
    /// Not offered yet.
    pub stop_price: Option<Number>,
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
    const REQUIRED: &'static [&'static str] = &["order_type", "side", "quantity"];
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

    /// Refuses what the contract has but the venue does not offer yet, naming the field.
    pub(crate) fn check_offered(&self) -> Result<(), Problem> {
        let kind = self.order_type.to_ascii_lowercase();
        if matches!(kind.as_str(), "stop" | "stop_limit" | "trailing_stop") {
            return Err(not_supported("order_type", &format!("{kind} orders are")));
        }
        if self.stop_price.is_some() {
            return Err(not_supported("stop_price", "stop_price is"));
        }
        Ok(())
    }

    /// The order in the core's words.
    pub(crate) fn order(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        decimals: &Decimals,
    ) -> Result<NewOrder, Problem> {
        let kind = kind(&self.order_type)?;
        let price = match (kind, self.price) {
            (OrderKind::Limit, Some(price)) => self::price(price, decimals)?,
            (OrderKind::Limit, None) => {
                let problem = Problem::new(Code::MissingFields).error("Missing fields: price");
                return Err(problem.field("price", "a limit order needs a price"));
            }
            (_, None) => Price::NONE,
            (_, Some(_)) => {
                let problem = Problem::new(Reject::InvalidCombination);
                return Err(problem.field("price", "a market order has no price"));
            }
        };
        let time_in_force = self.time_in_force(kind)?;
        let quantity = quantity(self.quantity, decimals)?;
        Ok(NewOrder {
            kind,
            time_in_force,
            post_only: self.post_only.unwrap_or(false),
            self_trade: self.self_trade()?,
            display: self.display(decimals)?,
            expires: self.expires(time_in_force)?,
            client_order_id: self.client_order_id.as_deref().map(client_order_id).transpose()?,
            ..NewOrder::limit(account, instrument, side(&self.side)?, price, quantity)
        })
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

fn not_supported(field: &str, what: &str) -> Problem {
    Problem::new(Reject::NotSupported).field(field, format!("{what} not offered yet"))
}

fn kind(text: &str) -> Result<OrderKind, Problem> {
    let known = OrderKind::from_code(&text.to_ascii_lowercase());
    known.ok_or_else(|| Problem::invalid("order_type", "order_type must be limit or market"))
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
    let refused = |message: &str| Problem::new(Reject::InvalidPrice).field("price", format!("price {message}"));
    let scaled = exact(number, ("tick", decimals.tick), "price", &refused)?;
    decimals.price_from(scaled).ok_or_else(|| refused("is out of range"))
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
