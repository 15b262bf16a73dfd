//! The parameters of each method, read as strictly as REST bodies: no unknown field, no key twice, not too deep.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{self, Input};
use crate::number::Number;
use crate::problem::{Code, Problem};
use crate::routes::trading::desk::OrderRef;
use crate::routes::trading::entry;
use crate::venue::{BookDepth, Resume};

/// Reads a method's parameters; none at all count as `{}`.
pub(super) fn read<T: Input>(params: Option<&RawValue>) -> Result<T, Problem> {
    json::read_slice(params.map_or("{}", RawValue::get).as_bytes())
}

/// Nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl Input for Nothing {
    const REQUIRED: &'static [&'static str] = &[];
}

/// `auth`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub token: String,
}

impl Input for Auth {
    const REQUIRED: &'static [&'static str] = &["token"];
}

/// `subscribe` and `unsubscribe`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscription {
    pub channel: String,
    pub symbol: Option<String>,
    pub depth: Option<serde_json::Value>,
    pub from_seq: Option<u64>,
    pub epoch: Option<u64>,
}

impl Input for Subscription {
    const REQUIRED: &'static [&'static str] = &["channel"];
}

impl Subscription {
    /// How deep a book is wanted; 10 when not said.
    pub(super) fn depth(&self) -> Result<BookDepth, Problem> {
        let Some(value) = &self.depth else { return Ok(BookDepth::Ten) };
        match (value.as_u64(), value.as_str()) {
            (Some(10), _) | (_, Some("10")) => Ok(BookDepth::Ten),
            (Some(50), _) | (_, Some("50")) => Ok(BookDepth::Fifty),
            (_, Some("full")) => Ok(BookDepth::Full),
            _ => Err(Problem::invalid("depth", "depth must be 10, 50 or \"full\"")),
        }
    }

    /// Where the client left off.
    pub(super) fn resume(&self) -> Option<Resume> {
        self.from_seq.map(|seq| Resume { seq, epoch: self.epoch })
    }
}

/// `order.cancel` and `order.get`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichOrder {
    pub order_id: Option<String>,
    pub client_order_id: Option<String>,
}

impl Input for WhichOrder {
    const REQUIRED: &'static [&'static str] = &[];
}

impl WhichOrder {
    pub(super) fn order(&self) -> Result<OrderRef, Problem> {
        named(self.order_id.as_deref(), self.client_order_id.as_deref())
    }
}

/// `order.amend`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Amend {
    pub order_id: Option<String>,
    pub client_order_id: Option<String>,
    pub price: Option<Number>,
    pub quantity: Option<Number>,
    pub stop_price: Option<Number>,
}

impl Input for Amend {
    const REQUIRED: &'static [&'static str] = &[];
}

impl Amend {
    pub(super) fn order(&self) -> Result<OrderRef, Problem> {
        named(self.order_id.as_deref(), self.client_order_id.as_deref())
    }

    pub(super) fn change(&self) -> entry::Amendment {
        entry::Amendment { price: self.price, quantity: self.quantity, stop_price: self.stop_price }
    }
}

/// `order.cancel_all`: all orders, or those of an instrument, of a side.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichOrders {
    pub symbol: Option<String>,
    pub side: Option<String>,
}

impl Input for WhichOrders {
    const REQUIRED: &'static [&'static str] = &[];
}

/// `order.batch`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    /// Each as for `order.place`; read one by one, so that a bad one does not spoil the others.
    pub orders: Vec<serde_json::Value>,
}

impl Input for Batch {
    const REQUIRED: &'static [&'static str] = &["orders"];
}

/// `cancel_after`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Silence {
    /// After so many seconds without renewal all orders are cancelled; 0 switches it off.
    pub seconds: u32,
}

impl Input for Silence {
    const REQUIRED: &'static [&'static str] = &["seconds"];
}

/// `orders.open`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnSymbol {
    pub symbol: Option<String>,
}

impl Input for OnSymbol {
    const REQUIRED: &'static [&'static str] = &[];
}

fn named(order_id: Option<&str>, client_order_id: Option<&str>) -> Result<OrderRef, Problem> {
    match (order_id, client_order_id) {
        (Some(_), Some(_)) => {
            Err(Problem::invalid("order_id", "name the order by order_id or client_order_id, not both"))
        }
        // A name that is no id at all names nothing, like one of an order that does not exist.
        (Some(id), None) => OrderRef::parse(id).ok_or_else(|| Problem::not_found("order")),
        (None, Some(id)) => entry::client_order_id(id).map(OrderRef::Client),
        (None, None) => {
            let problem = Problem::new(Code::MissingFields).error("Missing fields: order_id");
            Err(problem.field("order_id", "order_id or client_order_id is required"))
        }
    }
}
