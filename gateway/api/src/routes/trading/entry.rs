//! From what a client asks to a command of the core: names to numbers, decimals to ticks and lots. Nothing is rounded;
//! what does not fit is refused with the field's name. Shared by REST and WebSocket.

use cx_engine::command::{NewOrder, OrderKind, Side, TimeInForce};
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId};
use cx_engine::reject::Reject;
use cx_engine::units::{Price, Quantity};
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
    /// `GTC` (limit orders' default), `IOC` (market orders' default) or `FOK`, in any case.
    #[schema(example = "GTC")]
    pub time_in_force: Option<String>,
    /// The client's own name for the order: 1 to 36 letters, digits, `_` and `-`. The same order under the same name is
    /// placed once.
    pub client_order_id: Option<String>,
    /// Not offered yet.
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<serde_json::Value>,
    /// Refuse the order rather than match at once.
    pub post_only: Option<bool>,
    /// Not offered yet.
    pub display_quantity: Option<Number>,
    /// `cancel_newest`, which is what happens; the others are not offered yet.
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
        let options = [
            ("stop_price", self.stop_price.is_some()),
            ("expires_at", self.expires_at.is_some()),
            ("display_quantity", self.display_quantity.is_some()),
        ];
        if let Some((field, _)) = options.iter().find(|(_, given)| *given) {
            return Err(not_supported(field, &format!("{field} is")));
        }
        let prevention = self.self_trade_prevention.as_deref().unwrap_or("cancel_newest");
        match prevention.to_ascii_lowercase().as_str() {
            "cancel_newest" => Ok(()),
            "cancel_oldest" | "cancel_both" | "decrement" => {
                Err(not_supported("self_trade_prevention", "only cancel_newest is offered; the others are"))
            }
            _ => Err(Problem::invalid("self_trade_prevention", "self_trade_prevention must be cancel_newest")),
        }
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
            (OrderKind::Market, None) => Price::NONE,
            (OrderKind::Market, Some(_)) => {
                let problem = Problem::new(Reject::InvalidCombination);
                return Err(problem.field("price", "a market order has no price"));
            }
        };
        Ok(NewOrder {
            account,
            instrument,
            side: side(&self.side)?,
            kind,
            time_in_force: self.time_in_force(kind)?,
            post_only: self.post_only.unwrap_or(false),
            price,
            quantity: quantity(self.quantity, decimals)?,
            client_order_id: self.client_order_id.as_deref().map(client_order_id).transpose()?,
        })
    }

    fn time_in_force(&self, kind: OrderKind) -> Result<TimeInForce, Problem> {
        let Some(given) = self.time_in_force.as_deref() else {
            return Ok(match kind {
                OrderKind::Limit => TimeInForce::GoodTillCancelled,
                OrderKind::Market => TimeInForce::ImmediateOrCancel,
            });
        };
        let word = given.to_ascii_lowercase();
        match (TimeInForce::from_code(&word), word.as_str()) {
            (Some(time_in_force), _) => Ok(time_in_force),
            (None, "gtd" | "day") => Err(not_supported("time_in_force", &format!("{given} is"))),
            (None, _) => Err(Problem::invalid("time_in_force", "time_in_force must be GTC, IOC or FOK")),
        }
    }
}

fn not_supported(field: &str, what: &str) -> Problem {
    Problem::new(Code::NotSupported).field(field, format!("{what} not offered yet"))
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
